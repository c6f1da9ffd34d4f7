"""Coverage: who is served within the circles, against the standards, at every level."""

from __future__ import annotations

from geoplan.coverage.measure import measure_coverage
from geoplan.coverage.options import Case, CoverageOptions
from geoplan.coverage.result import Coverage

__all__ = ["Case", "Coverage", "CoverageOptions", "measure_coverage"]
