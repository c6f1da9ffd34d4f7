"""Units of buildings, facilities and units; the edge of the data."""

from __future__ import annotations

import numpy as np
import pytest
from geopandas import GeoSeries
from handmade import CRS, buildings, estates, facilities, level, streets, town
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from geoplan.errors import InputError
from geoplan.places import (
    assign_all,
    assign_buildings,
    assign_estates,
    data_area,
    data_edge_distance,
    own_facilities,
    unit_parents,
)

# Two communities side by side, b first by place, and a house on their border.
TWO = {"b": box(0, 0, 100, 100), "a": box(100, 0, 200, 100)}


def test_buildings_go_to_the_unit_they_stand_in() -> None:
    homes = buildings(
        {"in b": {"at": (50, 50)}, "in a": {"at": (150, 50)}, "between": {"at": (100, 50)}, "out": {"at": (500, 50)}}
    )
    t = town(buildings=homes, levels=(level("communities", TWO),))
    assert assign_buildings(t, "communities").to_dict() == {"in b": "b", "in a": "a", "between": "a", "out": None}
    assert assign_all(t, "communities").shared == ("between",)
    assert assign_buildings(t, "communities")["out"] is None


def test_what_the_data_says_wins() -> None:
    homes = buildings(
        {"x": {"at": (50, 50), "communities": "a"}, "y": {"at": (50, 60), "communities": ""}, "z": {"at": (50, 70)}}
    )
    t = town(buildings=homes, levels=(level("communities", TWO),))
    assert assign_buildings(t, "communities").tolist() == ["a", "b", "b"]


def test_unknown_units_are_refused_with_their_rows() -> None:
    homes = buildings({"x": {"at": (50, 50), "communities": "q"}, "y": {"at": (50, 60), "communities": "a"}})
    with pytest.raises(InputError) as error:
        assign_buildings(town(buildings=homes, levels=(level("communities", TWO),)), "communities")
    assert error.value.faults[0].where.rows == ("x",)
    assert error.value.faults[0].where.column == "communities"


def test_overlapping_units_go_to_the_smallest_id_whatever_the_order() -> None:
    homes = buildings({"x": {"at": (50, 50)}})
    for rows in (
        {"b": box(0, 0, 100, 100), "a": box(0, 0, 60, 60)},
        {"a": box(0, 0, 60, 60), "b": box(0, 0, 100, 100)},
    ):
        found = assign_all(town(buildings=homes, levels=(level("communities", rows),)), "communities")
        assert (found.units["x"], found.shared) == ("a", ("x",))


def test_a_bent_house_counts_by_a_point_inside_it() -> None:
    # The centroid of this hook lies outside it, in the other unit.
    hook = Polygon([(90, 0), (98, 0), (98, 40), (130, 40), (130, 44), (90, 44)])
    homes = buildings({"x": {"geometry": hook}})
    t = town(buildings=homes, levels=(level("communities", TWO),))
    inside = homes.geometry.representative_point().iloc[0]
    assert assign_buildings(t, "communities")["x"] == ("b" if inside.x < 100 else "a")


def test_estates_as_given_or_by_place() -> None:
    homes = buildings({"x": {"at": (5, 5)}, "y": {"at": (5, 5), "estate": "e2"}, "z": {"at": (50, 50)}})
    named = estates({"e1": {"geometry": box(0, 0, 20, 20)}, "e2": {"geometry": box(90, 90, 99, 99)}})
    assert assign_estates(town(buildings=homes, estates=named)).tolist() == ["e1", "e2", None]
    assert assign_estates(town(buildings=homes)).tolist() == [None, "e2", None]


def nested() -> dict[str, object]:
    return {
        "levels": (
            level("communities", TWO, parent="subdistricts"),
            level("subdistricts", {"s": box(-10, -10, 120, 110), "r": box(120, -10, 300, 110)}),
        )
    }


def test_parents_by_most_area_unless_given() -> None:
    t = town(buildings=buildings({"x": {}}), **nested())
    assert unit_parents(t, "communities").to_dict() == {"b": "s", "a": "r"}
    assert unit_parents(t, "subdistricts").to_dict() == {"s": None, "r": None}
    said = (level("communities", TWO, parent="subdistricts"), t.levels[1])
    said[0].table.loc["b", "parent"] = "r"
    assert unit_parents(town(buildings=t.buildings, levels=said), "communities").to_dict() == {"b": "r", "a": "r"}


def test_whose_own_centre() -> None:
    doors = facilities(
        {
            "stands in b": {"at": (50, 50)},
            "serves a": {"at": (50, 50), "serves": "a"},
            "serves s": {"at": (50, 50), "serves": "s"},
            "out": {"at": (999, 0)},
            "two doors": {"geometry": MultiPoint([(150, 10), (150, 20), (150, 30)])},
        }
    )
    t = town(buildings=buildings({"x": {}}), facilities=doors, **nested())
    assert own_facilities(t, "communities").tolist() == ["b", "a", None, None, "a"]
    # What serves a community serves its subdistrict; what serves the subdistrict is its own.
    assert own_facilities(t, "subdistricts").tolist() == ["s", "r", "s", None, "r"]


def test_serving_a_unit_that_there_is_not() -> None:
    t = town(buildings=buildings({"x": {}}), facilities=facilities({"f": {"serves": "q"}}), **nested())
    with pytest.raises(InputError) as error:
        own_facilities(t, "communities")
    assert error.value.faults[0].where.rows == ("f",)


def points(*xy: tuple[float, float]) -> GeoSeries:
    return GeoSeries([Point(p) for p in xy], crs=CRS)


def test_the_edge_is_the_outline_of_all_units_not_their_borders() -> None:
    t = town(buildings=buildings({"x": {}}), levels=(level("communities", TWO),))
    found = data_edge_distance(t, points((100, 50), (10, 50), (200, 50), (250, 50)))
    assert found == pytest.approx([50, 10, 0, 0])


def test_slivers_and_holes_are_no_edge() -> None:
    ring = box(0, 0, 300, 300).difference(box(140, 140, 160, 160))
    rows = {"a": ring, "b": box(300.5, 0, 600, 300)}
    t = town(buildings=buildings({"x": {}}), levels=(level("communities", rows),))
    assert data_edge_distance(t, points((150, 150), (300.2, 150))) == pytest.approx([150, 150])


def test_without_units_the_edge_is_around_buildings_and_streets() -> None:
    lines = streets({"s": {"geometry": LineString([(0, 0), (0, 100)]), "u": 0, "v": 1}})
    t = town(buildings=buildings({"x": {"geometry": box(90, 0, 100, 100)}}), streets=lines)
    assert data_area(t).equals(box(0, 0, 100, 100))
    assert data_edge_distance(t, points((50, 40))) == pytest.approx([40])


def test_edge_of_hardly_anything() -> None:
    lone = town(buildings=buildings({"x": {"geometry": Point(3, 3)}}))
    assert data_edge_distance(lone, points((3, 3))).tolist() == [0]
    assert data_edge_distance(lone, points()).tolist() == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 220), st.integers(-20, 120)), min_size=1, max_size=20, unique=True))
def test_everybody_is_in_the_smallest_unit_that_covers_them(places: list[tuple[int, int]]) -> None:
    homes = buildings({f"h{i}": {"geometry": Point(p)} for i, p in enumerate(places)})
    found = assign_buildings(town(buildings=homes, levels=(level("communities", TWO),)), "communities")
    for home, place in zip(found, places, strict=True):
        assert home == min((unit for unit, shape in TWO.items() if shape.covers(Point(place))), default=None)


def test_distances_equal_those_to_the_outline() -> None:
    rng = np.random.default_rng(3)
    t = town(buildings=buildings({"x": {}}), levels=(level("communities", TWO),))
    xy = rng.uniform((0, 0), (200, 100), (50, 2))
    outline = box(0, 0, 200, 100).exterior
    assert data_edge_distance(t, points(*xy)) == pytest.approx([outline.distance(Point(p)) for p in xy], abs=1e-6)
