"""The synthetic sample towns: made by one seeded generator, shipped as files, copied by ``geoplan sample``."""

from __future__ import annotations

from geoplan.samples.copying import SAMPLES, write_sample
from geoplan.samples.large import generate_large_town
from geoplan.samples.making import SEEDS, generate_sample

__all__ = ["SAMPLES", "SEEDS", "generate_large_town", "generate_sample", "write_sample"]
