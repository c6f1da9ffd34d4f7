"""Coverage over real streets: a river with one bridge, an oracle, and inputs that stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import networkx as nx
import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from handmade import barriers, buildings, entrances, estates, facilities, gates, level, streets, town
from shapely import LineString, Point, box

from geoplan.check import check_town, repair_geometry, repair_overlaps
from geoplan.coverage import measure_coverage
from geoplan.model import Town
from geoplan.places import assign_buildings, data_edge_distance, own_facilities, unit_parents
from geoplan.reach import build_reach


def river_town(**changes: Any) -> Town:
    """Houses on a bank, the centre on the other one 100 m away; the only bridge is 400 m to the east."""
    parts: dict[str, Any] = {
        "buildings": buildings(
            {
                "south": {"at": (0, 0), "households": 2.0},
                "north": {"at": (0, 100), "households": 3.0},
                "bridge": {"at": (400, 0), "households": 5.0},
                "alone": {"at": (-900, 0), "households": 7.0},
                "inside": {"at": (250, 150), "households": 11.0, "estate": "e"},
            }
        ),
        "streets": streets(
            {
                "s": {"geometry": LineString([(0, 0), (400, 0)]), "u": 0, "v": 1},
                "b": {"geometry": LineString([(400, 0), (400, 100)]), "u": 1, "v": 2},
                "n": {"geometry": LineString([(400, 100), (0, 100)]), "u": 2, "v": 3},
            }
        ),
        "facilities": facilities({"f": {"at": (0, 100)}}),
        "levels": (
            level("communities", {"a": box(-1000, -50, 500, 50), "b": box(-1000, 50, 500, 250)}, parent="subdistricts"),
            level("subdistricts", {"s": box(-1000, -50, 500, 250)}),
        ),
        "estates": estates({"e": {"geometry": box(200, 120, 300, 200), "walled": True}}),
        "gates": gates({"g": {"at": (250, 120), "open": False}}),
        "entrances": entrances({"d": {"at": (400, -5), "building": "bridge"}}),
        "barriers": barriers({"r": {"geometry": LineString([(-1000, 50), (350, 50)]), "kind": "river"}}),
    }
    return town(**{**parts, **changes})


def test_walks_go_over_the_bridge_and_the_straight_line_does_not() -> None:
    coverage = measure_coverage(river_town(), minutes=(5, 15))
    table = coverage.buildings()
    assert table.loc[["south", "north", "bridge"], "cost"].tolist() == pytest.approx([900, 0, 505], abs=0.01)
    assert table["reason"].to_dict() == {
        "south": "",
        "north": "",
        "bridge": "",
        "alone": "no_street",
        "inside": "walled",
    }
    assert table["served_15"].to_dict() == {
        "south": True,
        "north": True,
        "bridge": True,
        "alone": False,
        "inside": False,
    }
    assert table.loc["south", "straight_m"] == pytest.approx(95.0)
    assert table.loc["bridge", "connector_m"] == pytest.approx(5.0)
    total = coverage.total()
    assert total["served_households_5"] == 3.0
    assert total["straight_share_5"] == pytest.approx((2 + 3 + 11) / 28)
    assert total["unreachable_buildings"] == 2
    by_estate = coverage.summary("estates")
    assert by_estate.index.tolist() == ["e", None]
    assert by_estate["households"].tolist() == [11.0, 17.0]


def test_opening_the_gate_serves_the_estate() -> None:
    shut, opened = river_town(), river_town(gates=gates({"g": {"at": (250, 120), "open": True}}))
    assert np.isinf(measure_coverage(shut).buildings().loc["inside", "cost"])
    # 30 m to the gate, 20 m to the street, 250 m along it.
    assert measure_coverage(opened).buildings().loc["inside", "cost"] == pytest.approx(300.0, abs=0.01)


def test_the_community_across_the_river_has_no_own_centre() -> None:
    coverage = measure_coverage(river_town(), centre="own")
    assert coverage.buildings()["reason"].to_dict() == {
        "south": "no_facility",
        "north": "",
        "bridge": "no_facility",
        "alone": "no_facility",
        "inside": "walled",
    }
    rings = coverage.isochrones()
    assert rings.geometry.iloc[-1].difference(box(-1000, 50, 500, 250)).area < 1e-6


def test_without_streets_everything_is_called_an_estimate() -> None:
    coverage = measure_coverage(river_town(streets=None, barriers=None, estates=None, gates=None, entrances=None))
    assert coverage.reach.estimated
    assert [notice.code for notice in coverage.notices if notice.everywhere] == ["straight-lines"]
    assert coverage.buildings().loc["south", "cost"] == pytest.approx(125.0)


def test_a_given_reach_is_used_and_the_number_of_searches_is_that_of_the_questions() -> None:
    t = river_town()
    reach = build_reach(t)
    coverage = measure_coverage(t, reach=reach, centre="both", profiles=("planner", "older"), minutes=(1, 2, 5, 10, 15))
    assert coverage.reach is reach
    # Two profiles; the only facility is everybody's and community b's own: one search answers both.
    assert reach.sweeps == 2


def test_costs_equal_networkx_on_a_random_grid() -> None:
    rng = np.random.default_rng(7)
    graph = nx.grid_2d_graph(7, 7)
    lines, edges = {}, []
    for number, (a, b) in enumerate(sorted(graph.edges)):
        if rng.random() < 0.25:
            continue
        shape = LineString([(100 * a[0], 100 * a[1]), (100 * b[0], 100 * b[1])])
        lines[f"s{number}"] = {"geometry": shape, "u": 7 * a[0] + a[1], "v": 7 * b[0] + b[1]}
        edges.append((a, b))
    kept = nx.Graph(edges)
    main = max(nx.connected_components(kept), key=len)
    nodes = sorted(main)
    homes = {f"h{x}-{y}": {"geometry": Point(100 * x, 100 * y), "households": 1.0} for x, y in nodes}
    doors = {f"f{x}-{y}": {"at": (100 * x, 100 * y)} for x, y in nodes[:: len(nodes) // 3]}
    t = town(buildings=buildings(homes), facilities=facilities(doors), streets=streets(lines))
    table = measure_coverage(t, mode="distance").buildings()
    lengths = nx.multi_source_dijkstra_path_length(kept, set(nodes[:: len(nodes) // 3]), weight=lambda *_: 100)
    assert table["cost"].to_dict() == pytest.approx({f"h{x}-{y}": lengths[x, y] for x, y in nodes})
    assert table["served_10"].sum() == sum(lengths[node] <= 500 for node in nodes)


def _tables(t: Town) -> dict[str, Any]:
    named = ("buildings", "facilities", "streets", "estates", "gates", "entrances", "barriers")
    return {**{name: getattr(t, name) for name in named}, **{one.name: one.table for one in t.levels}}


FUNCTIONS: dict[str, Callable[[Town], object]] = {
    "measure_coverage": lambda t: measure_coverage(t, mode="both", centre="both"),
    "buildings": lambda t: measure_coverage(t).buildings().__setitem__("cost", 0.0),
    "summary": lambda t: measure_coverage(t).summary("estates"),
    "floor_area": lambda t: measure_coverage(t, standards=("gb50180-2018", "baoting")).floor_area(),
    "total": lambda t: measure_coverage(t).total(),
    "isochrones": lambda t: measure_coverage(t, centre="own").isochrones(),
    "unserved_clusters": lambda t: measure_coverage(t).unserved_clusters(),
    "distribution": lambda t: measure_coverage(t).distribution(),
    "html": lambda t: measure_coverage(t)._repr_html_(),
    "check_town": lambda t: check_town(t, standards=("baoting",)),
    "repair_geometry": repair_geometry,
    "repair_overlaps": lambda t: repair_overlaps(t, "communities"),
    "assign_buildings": lambda t: assign_buildings(t, "communities"),
    "own_facilities": lambda t: own_facilities(t, "subdistricts"),
    "unit_parents": lambda t: unit_parents(t, "communities"),
    "data_edge_distance": lambda t: data_edge_distance(t, t.facilities.geometry),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_stay_as_they_are(name: str) -> None:
    t = river_town()
    before = {table: deepcopy(rows) for table, rows in _tables(t).items()}
    FUNCTIONS[name](t)
    for table, rows in _tables(t).items():
        assert_geodataframe_equal(rows, before[table])


def test_results_are_not_changed_through_what_they_give() -> None:
    coverage = measure_coverage(river_town())
    before = coverage.buildings()
    given, counted = coverage.buildings(), coverage.summary()
    given.loc[:, "cost"] = -1.0
    counted.loc[:, "households"] = -1.0
    assert_geodataframe_equal(coverage.buildings(), before)
    assert coverage.total()["households"] == 28.0
