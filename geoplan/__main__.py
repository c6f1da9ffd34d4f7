"""``python -m geoplan`` is the same as ``geoplan``."""

from __future__ import annotations

from geoplan.cli import main

main()
