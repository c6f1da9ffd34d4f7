"""Places: which unit a building, a facility or a unit belongs to, and how near the edge of the data is."""

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

__all__ = [
    "Assignment",
    "assign_all",
    "assign_buildings",
    "assign_estates",
    "data_area",
    "data_edge_distance",
    "match_points",
    "own_facilities",
    "unit_parents",
    "valid_polygons",
]
