"""Service circles, coverage and community boundaries for community planners.

The names below are loaded when they are first used, so that ``import geoplan`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geoplan.check import check_town
    from geoplan.coverage import Coverage, measure_coverage
    from geoplan.errors import GeoplanError, InputError, OutputError
    from geoplan.maps import coverage_map
    from geoplan.model import Town
    from geoplan.partition.propose import propose_communities
    from geoplan.project import load

__all__ = [
    "Coverage",
    "GeoplanError",
    "InputError",
    "OutputError",
    "Town",
    "__version__",
    "check_town",
    "coverage_map",
    "load",
    "measure_coverage",
    "propose_communities",
]

__version__ = "0.1.0"

_ROOMS = {
    "Coverage": "coverage",
    "GeoplanError": "errors",
    "InputError": "errors",
    "OutputError": "errors",
    "Town": "model",
    "check_town": "check",
    "coverage_map": "maps",
    "load": "project",
    "measure_coverage": "coverage",
    "propose_communities": "partition.propose",
}


def __getattr__(name: str) -> object:
    """Fetch a public name from its room on first use (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted(__all__)
