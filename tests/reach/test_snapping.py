"""How doors meet streets: offsets, connectors, barriers, islands, reasons."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import LineString, box
from worlds import METRES, TIME, costs, draw, facilities, houses, reach, reasons

from geoplan.errors import InputError
from geoplan.reach import ReachOptions


def test_snap_is_the_nearest_point_of_the_edge_not_a_node():
    made = reach(draw("a-b", ab={"length_m": 200.0}), {"h": (30, 40)}, {"f": (100, -5)})
    assert made.door_snaps.loc["h"].to_dict() == {
        "edge": "ab", "offset_m": 60.0, "connector_m": 40.0, "component": 0, "reason": "", "doors": 1,
    }  # fmt: skip
    assert made.facility_snaps.loc["f"].to_dict() == {
        "edge": "ab", "offset_m": 200.0, "connector_m": 5.0, "component": 0, "reason": "", "doors": 1,
    }  # fmt: skip
    assert costs(made) == {"h": 40 + 140 + 5}


def test_same_edge_pairs_walk_along_the_edge():
    streets = draw("a-b", ab={"climb_m": 10.0})
    made = reach(streets, {"low": (20, 3), "high": (90, 3), "there": (50, 3)}, {"f": (50, -2)})
    assert costs(made) == {"low": 3 + 30 + 2, "high": 3 + 40 + 2, "there": 5}
    uphill = 30 * np.exp(0.35) + 5
    assert costs(made, TIME) == {
        "low": pytest.approx(uphill, abs=1e-5), "high": pytest.approx(45, abs=1e-5), "there": 5,
    }  # fmt: skip
    table = made.walk_table(METRES, limit=35)
    assert table.values.tolist() == [["low", "f", 35.0], ["there", "f", 5.0]]
    assert made.point_times([(20, 3), (90, 3)], METRES, limit=35).tolist() == [35.0, np.inf]


def test_around_the_block_if_that_is_shorter():
    # a long detour street and a short one between the same two nodes
    loop = draw("c-d\n| |\na-b", ab={"length_m": 1000.0})
    made = reach(loop, {"h": (0, -1)}, {"f": (100, -1)})
    assert costs(made) == {"h": 302}


def test_river_stops_the_connector_and_the_bridge_carries_the_walk():
    # the house stands north of the river, 30 m from the south street and 70 m from the north one
    streets = draw("c-d\n|\na-b", ac={"level": 1})
    river = {"r": {"geometry": box(-50, 10, 200, 20), "kind": "river"}}
    homes = {"h": (80, 30)}
    assert costs(reach(streets, homes, {"f": (100, 0)})) == {"h": 30 + 20}
    made = reach(streets, homes, {"f": (100, 0)}, barriers=river)
    assert made.door_snaps.loc["h", "edge"] == "cd"
    assert costs(made) == {"h": 70 + 80 + 100 + 100}
    assert costs(made) == made.walk_table(METRES, limit=1000).set_index("building")["cost"].to_dict()


def test_railway_line_and_no_other_street():
    rail = {"r": {"geometry": LineString([(-500, 10), (500, 10)]), "kind": "railway"}}
    made = reach(draw("a-b"), {"h": (50, 20)}, {"f": (0, 0)}, barriers=rail)
    assert reasons(made) == {"h": "no_street"}
    assert made.door_snaps.loc["h", "edge"] is None
    assert np.isnan(made.door_snaps.loc["h", "connector_m"])


def test_facilities_too_are_behind_barriers():
    rail = {"r": {"geometry": LineString([(-500, 10), (500, 10)]), "kind": "railway"}}
    made = reach(draw("a-b"), {"h": (50, 0)}, {"f": (0, 20)}, barriers=rail)
    assert reasons(made) == {"h": "no_facility"}
    assert made.facility_snaps.loc["f", "reason"] == "no_street"


def test_street_that_runs_along_the_barrier_can_be_reached():
    kerb = {"r": {"geometry": LineString([(0, 0), (100, 0)]), "kind": "expressway"}}
    made = reach(draw("a-b"), {"h": (50, 20)}, {"f": (0, 0)}, barriers=kerb)
    assert costs(made) == {"h": 70}


def test_a_door_inside_a_barrier_is_let_out_and_told():
    lake = {"r": {"geometry": box(20, 10, 80, 60), "kind": "river"}}
    made = reach(draw("a-b"), {"boat": (50, 30), "h": (90, 30)}, {"f": (0, 0)}, barriers=lake)
    assert costs(made) == {"boat": 80, "h": 120}
    assert {n.code: n.message.params["doors"] for n in made.notices} == {"door-in-barrier": 1}
    rail = {**lake, "rail": {"geometry": LineString([(0, 5), (100, 5)]), "kind": "railway"}}
    assert reasons(reach(draw("a-b"), {"boat": (50, 30)}, {"f": (0, 0)}, barriers=rail)) == {"boat": "no_street"}


def test_too_far_from_any_street():
    made = reach(draw("a-b"), {"in": (100, 200), "out": (100, 200.001)}, {"f": (0, 0)})
    assert reasons(made) == {"in": "", "out": "no_street"}
    near = reach(draw("a-b"), {"in": (100, 200)}, {"f": (0, 0)}, options=ReachOptions(max_connector_m=199))
    assert reasons(near) == {"in": "no_street"}


def test_doors_do_not_open_onto_bridges_and_tunnels():
    streets = draw("c-d\n|\na-b", cd={"level": 1})
    made = reach(streets, {"h": (100, 90)}, {"f": (100, 0)})
    assert made.door_snaps.loc["h", "edge"] == "ab"
    assert costs(made) == {"h": 90}


# ---- islands

TWO = "x-y\n\na-b-c"  # the island xy lies 100 m north of the main street


def test_main_street_preferred_within_the_tolerance():
    # at y = 70 the island is 30 m away, the main street 70: 40 more
    homes, goals = {"h": (50, 70)}, {"f": (0, 0)}
    made = reach(draw(TWO), homes, goals)
    assert made.door_snaps.loc["h", ["edge", "component"]].tolist() == ["ab", 0]
    assert costs(made) == {"h": 70 + 50}
    strict = reach(draw(TWO), homes, goals, options=ReachOptions(island_tolerance_m=39.9))
    assert strict.door_snaps.loc["h", ["edge", "component", "reason"]].tolist() == ["xy", 1, "island"]
    assert reasons(strict) == {"h": "island"}


def test_an_island_with_its_own_facility_is_served():
    made = reach(draw(TWO), {"h": (50, 95)}, {"f": (0, 105), "g": (0, 0)})
    assert made.facility_snaps["reason"].tolist() == ["island", ""]
    assert costs(made) == {"h": 5 + 50 + 5}


def test_main_street_preferred_behind_a_barrier_only_if_in_sight():
    rail = {"r": {"geometry": LineString([(-500, 50), (500, 50)]), "kind": "railway"}}
    made = reach(draw(TWO), {"h": (50, 70)}, {"f": (0, 0)}, barriers=rail)
    assert reasons(made) == {"h": "island"}


def test_all_facilities_on_an_island():
    made = reach(draw(TWO), {"h": (50, 0)}, {"f": (0, 160)})
    assert reasons(made) == {"h": "no_facility"}


# ---- doors


def test_the_best_of_several_doors_counts():
    streets = draw("a-b-c-d")
    entrances = {"1": {"at": (300, 50), "building": "h"}, "2": {"at": (120, 5), "building": "h"}}
    made = reach(streets, {"h": (200, 0), "other": (200, 0)}, {"f": (0, 0)}, entrances=entrances)
    assert costs(made) == {"h": 125, "other": 200}
    assert made.door_snaps["doors"].tolist() == [2, 1]
    assert made.door_snaps.loc["h", ["edge", "connector_m"]].tolist() == ["bc", 5.0]


def test_one_door_cut_off_is_no_harm():
    entrances = {"1": {"at": (0, 900), "building": "h"}, "2": {"at": (100, 5), "building": "h"}}
    made = reach(draw("a-b"), {"h": (0, 0)}, {"f": (0, 0)}, entrances=entrances)
    assert costs(made) == {"h": 105}


def test_a_facility_with_several_doors_counts_once():
    streets = draw("a-b-c-d")
    made = reach(streets, {"w": (0, 0), "e": (300, 0)}, {"f": [(100, 0), (250, 0)]})
    assert costs(made) == {"w": 100, "e": 50}
    table = made.walk_table(METRES, limit=1000)
    assert table.values.tolist() == [["w", "f", 100.0], ["e", "f", 50.0]]
    assert made.facility_snaps["doors"].tolist() == [2]


# ---- which facility, within which limit


def test_ties_go_to_the_smallest_id():
    streets = draw("a-b-c")
    for order in (["m", "k"], ["k", "m"]):
        goals = {name: (0 if name == "m" else 200, 0) for name in order}
        made = reach(streets, {"node": (100, 0), "beside": (100, 7)}, goals)
        assert made.walk_times(METRES, limit=500).table["facility"].tolist() == ["k", "k"]


def test_ties_on_one_edge_go_to_the_smallest_id():
    made = reach(draw("a-b"), {"h": (50, 0)}, {"z": (40, 0), "b": (60, 0)})
    assert made.walk_times(METRES, limit=500).table["facility"].tolist() == ["b"]


def test_the_limit_is_inclusive():
    made = reach(draw("a-b-c"), {"h": (0, 10)}, {"f": (200, 0)})
    assert costs(made, limit=210) == {"h": 210}
    assert reasons(made, limit=209.999) == {"h": "beyond_limit"}
    thirds = draw("a-b-c-d", **{name: {"length_m": 100 / 3} for name in ("ab", "bc", "cd")})
    assert costs(reach(thirds, {"h": (0, 0)}, {"f": (300, 0)}), limit=100) == {"h": 100}


def test_unreachable_is_inf_without_facility():
    table = reach(draw("a-b-c"), {"h": (0, 0)}, {"f": (200, 0)}).walk_times(METRES, limit=10).table
    assert table.index.name == "id"
    assert table.loc["h"].tolist() == [np.inf, None, "beyond_limit"]
    assert table["cost"].dtype == np.float64


def test_candidates_serve_only_when_named():
    made = reach(draw("a-b-c"), {"h": (0, 0)}, {"old": (200, 0), "new": {"at": (100, 0), "candidate": True}})
    assert costs(made) == {"h": 200}
    assert costs(made, facilities=["new"]) == {"h": 100}
    assert costs(made, facilities=["old", "new", "old"]) == {"h": 100}
    assert reasons(made, facilities=[]) == {"h": "no_facility"}
    assert made.walk_table(METRES, facilities=[], limit=10).empty


def test_unknown_facilities_and_bad_limits_are_refused():
    made = reach(draw("a-b"), {"h": (0, 0)}, {"f": (100, 0)})
    with pytest.raises(InputError) as error:
        made.walk_times(METRES, facilities=["f", "g"], limit=10)
    assert error.value.faults[0].where.rows == ("g",)
    for call in (made.walk_times, made.walk_table):
        for limit in (-1.0, float("nan")):
            with pytest.raises(InputError):
                call(METRES, limit=limit)


def test_work_is_counted_by_the_search():
    made = reach(draw("a-b"), {"h": (0, 0)}, {"f": (100, 0), "g": (50, 0)})
    assert made.sweeps == 0
    made.walk_times(METRES, limit=10)
    assert made.sweeps == 1
    made.walk_table(METRES, limit=10)
    assert made.sweeps == 3


def test_empty_tables():
    streets = draw("a-b")
    assert reach(streets, {}, {"f": (0, 0)}).walk_times(METRES, limit=9).table.empty
    made = reach(streets, {"h": (0, 0)}, {})
    assert reasons(made) == {"h": "no_facility"}
    assert made.walk_table(METRES, limit=9).empty
    assert made.isochrones(METRES, limits=[9]).geometry.is_empty.tolist() == [True]
    assert reach(streets, {}, {}).door_snaps.empty


def test_nothing_but_a_bridge():
    rail = {"r": {"geometry": LineString([(-500, 10), (500, 10)]), "kind": "railway"}}
    made = reach(draw("a-b", ab={"level": 1}), {"h": (0, 0)}, {"f": (100, 0)}, barriers=rail)
    assert reasons(made) == {"h": "no_street"}
    assert made.isochrones(METRES, limits=[100]).geometry.is_empty.all()


def test_any_points_are_snapped_like_doors():
    places = {"h": (30, 40), "lost": (0, 500)}
    made = reach(draw("a-b"), places, {"f": (100, 0)})
    snaps = made.snap_points(list(places.values()))
    assert snaps.astype(object).values.tolist()[0] == made.door_snaps.astype(object).values.tolist()[0]
    assert snaps["reason"].tolist() == ["", "no_street"]


def test_streets_of_no_length_join_but_take_no_doors():
    streets = draw("a-b-c")
    point = streets.loc["bc"].copy()
    point["geometry"], point["length_m"], point["v"] = LineString([(100, 0), (100, 0)]), 0.0, 999
    streets.loc["bc", "u"] = 999
    streets.loc["zero"] = point
    made = reach(streets, {"h": (0, 0)}, {"f": (200, 0)})
    assert costs(made) == {"h": 200}


# ---- without streets


def test_without_streets_lines_times_detour():
    made = reach(None, {"h": (0, 0), "far": (900, 0)}, {"f": [(30, 40), (800, 0)], "g": (0, 500)})
    assert made.estimated
    assert made.walk_times(METRES, limit=125).table.values.tolist() == [[62.5, "f", ""], [125.0, "f", ""]]
    assert reasons(made, limit=124) == {"h": "", "far": "beyond_limit"}
    assert costs(made, TIME) == {"h": 62.5, "far": 125.0}
    assert made.walk_table(METRES, limit=700).values.tolist() == [
        ["h", "f", 62.5], ["h", "g", 625.0], ["far", "f", 125.0],
    ]  # fmt: skip
    assert made.point_times([(0, 0), (0, 900)], METRES, limit=400).tolist() == [62.5, np.inf]
    assert made.door_snaps["edge"].isna().all()
    assert [n.everywhere for n in made.notices] == [True]
    rings = made.isochrones(METRES, limits=[125, 62.5])
    assert rings["limit"].tolist() == [62.5, 125]
    assert rings.geometry.iloc[1].covers(rings.geometry.iloc[0])
    assert rings.geometry.iloc[1].area == pytest.approx(2 * np.pi * 100**2 + np.pi * 100**2, rel=0.01)


def test_without_streets_ties_and_no_facility():
    made = reach(None, {"h": (0, 0)}, {"z": (10, 0), "b": (-10, 0)})
    assert made.walk_times(METRES, limit=125).table["facility"].tolist() == ["b"]
    assert reasons(made, facilities=[]) == {"h": "no_facility"}
    assert made.walk_table(METRES, facilities=[], limit=9).empty


def test_shares_of_helpers():
    assert houses({"h": (1, 2)}).geometry.iloc[0].x == 1
    assert facilities({"f": [(0, 0), (1, 1)]}).geometry.iloc[0].geom_type == "MultiPoint"
