"""Places: who belongs where, the edge of the data, the units of a boundary change, and enclaves."""

from __future__ import annotations

from geoplan.places.assignment import (
    Assignment,
    assign_all,
    assign_buildings,
    assign_estates,
    match_points,
    own_facilities,
    unit_parents,
    valid_polygons,
)
from geoplan.places.edge import data_area, data_edge_distance
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import UnitGraph, UnitOptions, Units, build_units, unit_graph

__all__ = [
    "Assignment",
    "UnitGraph",
    "UnitOptions",
    "Units",
    "assign_all",
    "assign_buildings",
    "assign_estates",
    "build_units",
    "data_area",
    "data_edge_distance",
    "find_enclaves",
    "match_points",
    "own_facilities",
    "unit_graph",
    "unit_parents",
    "valid_polygons",
]
