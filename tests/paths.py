"""Where things lie: the checkout and the real extracts beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
