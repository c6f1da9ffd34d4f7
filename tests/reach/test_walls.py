"""Walls, gates and who may walk through, drawn on a grid of 100 m and worked by hand."""

from __future__ import annotations

import pytest
from shapely import Polygon, box
from worlds import METRES, costs, draw, estate, reach, reasons

from geoplan.reach import ReachOptions

# y = 200  d-e-f
#          | |
# y = 100  g m
#          | |
# y = 0    a-b-c
TOWN = """
d-e-f
| |
g m
| |
a-b-c
"""
# the estate's walls are crossed by the middle street at (100, 20) and (100, 180)
WALLS = {"w": estate(50, 20, 150, 180)}
NORTH, SOUTH, EAST = (100, 180), (100, 20), (150, 100)
INSIDE = {"h": (110, 60)}
CORNER = {"f": (200, 0)}


def inside_to_corner(gates, **wall):
    made = reach(draw(TOWN), INSIDE, CORNER, estates={"w": estate(50, 20, 150, 180, **wall)}, gates=gates)
    return costs(made)["h"], reasons(made)["h"]


def test_without_a_wall():
    assert inside_to_corner({}, walled=False) == (10 + 60 + 100, "")


def test_gate_on_the_far_side():
    assert inside_to_corner({"n": NORTH}) == (10 + 140 + 100 + 200 + 200, "")


def test_gate_on_the_near_side():
    assert inside_to_corner({"n": NORTH, "s": SOUTH}) == (170, "")


def test_a_closed_gate_does_nothing():
    assert inside_to_corner({"n": NORTH, "s": {"at": SOUTH, "open": False}}) == (650, "")
    assert inside_to_corner({"n": {"at": NORTH, "open": False}}) == (float("inf"), "walled")


def test_no_gate():
    assert inside_to_corner({}) == (float("inf"), "walled")


def test_gate_away_from_the_streets():
    # to the gate: 10 + 40 + 50; on to the nearest street outside, along the wall: 100; to the corner: 50
    assert inside_to_corner({"e": EAST}) == (250, "")


@pytest.mark.parametrize(("off", "cost"), [(14.0, 170), (40.0, 10 + 60 + 2 * (40**2 + 20**2) ** 0.5)])
def test_gate_beside_the_street(off, cost):
    # within 15 m the street passes; beyond, one walks along the wall: to (100 +- off, 20) and back
    found, _ = inside_to_corner({"s": {"at": (100 + off, 20)}})
    if off <= 15:
        assert found == cost
    else:
        # inside street to gate: nearest point (100, 21); outside: nearest of bc at (140, 0)
        straight = 10 + 39 + (40**2 + 1) ** 0.5 + 20 + 60
        assert found == pytest.approx(straight, abs=1e-5)


def test_gate_of_another_estate_does_not_open_this_one():
    made = reach(
        draw(TOWN),
        INSIDE,
        CORNER,
        estates={**WALLS, "x": estate(160, 120, 190, 150)},
        gates={"s": {"at": SOUTH, "estate": "x"}},
    )
    assert reasons(made) == {"h": "walled"}


def test_gate_without_estate_far_from_any_wall_is_told():
    made = reach(draw(TOWN), INSIDE, CORNER, estates=WALLS, gates={"n": NORTH, "lost": (0, 100)})
    assert costs(made) == {"h": 650}
    notice = next(n for n in made.notices if n.code == "idle-gates")
    assert notice.message.params["ids"] == "lost"


def test_visitors_come_in_by_the_gate_too():
    made = reach(draw(TOWN), {"h": (200, 0)}, {"f": (110, 60)}, estates=WALLS, gates={"n": NORTH})
    assert costs(made) == {"h": 650}
    shut = reach(draw(TOWN), {"h": (200, 0)}, {"f": (110, 60)}, estates=WALLS)
    assert reasons(shut) == {"h": "walled"}
    assert shut.facility_snaps.loc["f", "reason"] == "walled"


@pytest.mark.parametrize(("through", "cost"), [(True, 200), (False, 400)])
def test_walking_through(through, cost):
    wall = {"w": estate(50, 20, 150, 180, through=through)}
    made = reach(draw(TOWN), {"h": (100, 0)}, {"f": (100, 200)}, estates=wall, gates={"n": NORTH, "s": SOUTH})
    assert costs(made) == {"h": cost}
    assert made.walk_table(METRES, limit=1000)["cost"].tolist() == [cost]
    assert made.point_times([(100, 0)], METRES, limit=1000).tolist() == [cost]


def test_only_the_way_through_is_unreachable_not_beyond_the_limit():
    split = draw("e\n|\nm\n|\nb")
    made = reach(split, {"h": (0, 0)}, {"f": (0, 200)}, estates={"w": estate(-50, 20, 50, 180)},
                 gates={"n": (0, 180), "s": (0, 20)})  # fmt: skip
    assert reasons(made) == {"h": "walled"}
    assert reasons(made, limit=10) == {"h": "walled"}


def test_residents_walk_within_without_any_gate():
    made = reach(draw(TOWN), {"h": (110, 60)}, {"f": (90, 150)}, estates=WALLS)
    assert costs(made) == {"h": 10 + 90 + 10}


def test_one_may_leave_and_come_back():
    # two alleys of one estate, each with its own gate onto the street below
    streets = draw("d   e\n|   |\na-b-c")
    made = reach(
        streets, {"h": (0, 90)}, {"f": (200, 90)}, estates={"w": estate(-50, 20, 250, 180)},
        gates={"1": (0, 20), "2": (200, 20)},
    )  # fmt: skip
    assert costs(made) == {"h": 90 + 200 + 90}


def test_streets_above_ground_pass_over_walls():
    over = draw(TOWN, bm={"level": 1}, me={"level": 1})
    made = reach(over, {"h": (100, -10)}, {"f": (100, 210)}, estates=WALLS)
    assert costs(made) == {"h": 220}
    assert made.door_snaps.loc["h", "edge"] in {"ab", "bc"}


def test_a_tunnel_into_an_estate_needs_no_gate():
    under = draw(TOWN, bm={"level": -1})
    made = reach(under, {"h": (110, 150)}, CORNER, estates=WALLS)
    assert costs(made) == {"h": 10 + 50 + 100 + 100}


def test_street_along_the_wall_is_not_cut():
    # drawn 0.5 m inside the wall along its south side, with a bend
    wall = {"w": {"geometry": Polygon([(-50, -0.5), (250, -0.8), (250, 150), (-50, 150)]), "walled": True}}
    made = reach(draw("a-b-c"), {"h": (0, -10)}, {"f": (200, -10)}, estates=wall)
    assert costs(made) == {"h": 220}
    strict = ReachOptions(wall_tolerance_m=0.1)
    cut = reach(draw("a-b-c"), {"h": (0, -10)}, {"f": (200, -10)}, estates=wall, options=strict)
    assert reasons(cut) == {"h": "no_street"}


def test_cutting_keeps_the_trusted_length():
    winding = draw(TOWN, bm={"length_m": 300.0})
    made = reach(winding, INSIDE, CORNER, estates=WALLS, gates={"s": {"at": SOUTH}})
    # 60 of 100 m up a street of 300 m
    assert costs(made)["h"] == pytest.approx(10 + 180 + 100, abs=4)
    free = reach(winding, INSIDE, CORNER, estates=WALLS, gates={"s": SOUTH}, options=ReachOptions(wall_tolerance_m=0))
    assert costs(free) == {"h": pytest.approx(290, abs=1e-5)}
    assert free.door_snaps.loc["h", "offset_m"] == pytest.approx(180)


# ---- estates without streets of their own


PLAIN = "d-e-f\n|   |\ng   h\n|   |\na-b-c"
COURT = {"w": estate(50, 50, 150, 150)}


def test_without_streets_doors_link_straight_to_all_gates():
    gates = {"n": (100, 150), "s": (100, 50)}
    made = reach(draw(PLAIN), {"h": (100, 60)}, {"near": (100, 0), "far": (100, 200)}, estates=COURT, gates=gates)
    table = made.walk_table(METRES, limit=1000).set_index("facility")["cost"].to_dict()
    assert table == {"near": 10 + 50, "far": 90 + 50}
    snap = made.door_snaps.loc["h"]
    assert (snap["edge"], snap["connector_m"], snap["component"], snap["reason"]) == (None, 10.0, 0, "")


@pytest.mark.parametrize(("through", "cost"), [(True, 50 + 100 + 50), (False, 400)])
def test_gate_to_gate_without_streets(through, cost):
    court = {"w": estate(50, 50, 150, 150, through=through)}
    gates = {"n": (100, 150), "s": (100, 50)}
    made = reach(draw(PLAIN), {"h": (100, 0)}, {"f": (100, 200)}, estates=court, gates=gates)
    assert costs(made) == {"h": cost}


def test_neighbours_in_a_court_walk_straight():
    made = reach(draw(PLAIN), {"h": (60, 60)}, {"f": (60, 100)}, estates=COURT)
    assert costs(made) == {"h": 40}
    assert made.door_snaps.loc["h", "reason"] == "walled"


def test_visitor_to_a_court():
    made = reach(draw(PLAIN), {"h": (0, 0)}, {"f": (100, 60)}, estates=COURT, gates={"s": (100, 50)})
    assert costs(made) == {"h": 100 + 50 + 10}


def test_court_without_an_open_gate():
    made = reach(draw(PLAIN), {"h": (60, 60), "out": (0, 0)}, {"f": (100, 0)}, estates=COURT)
    assert reasons(made) == {"h": "walled", "out": ""}


def test_a_barrier_across_the_court():
    gates = {"n": (100, 150), "s": (100, 50)}
    river = {"r": {"geometry": box(0, 80, 200, 90)}}
    made = reach(draw(PLAIN), {"h": (100, 100)}, {"f": (100, 0)}, estates=COURT, gates=gates, barriers=river)
    # only the north gate: 50, to the street 50, around 400
    assert costs(made) == {"h": 50 + 50 + 400}


# ---- walls beside and within walls


ROW = "a-b-c-d-e"


def pair(gates, *, through=False, **parts):
    """Two estates sharing the wall x = 200; the street runs through both, from 0 to 400."""
    estates = {"A": estate(50, -50, 200, 50), "B": estate(200, -50, 350, 50, through=through)}
    return reach(draw(ROW), estates=estates, gates=gates, **parts)


@pytest.mark.parametrize("owner", ["A", "B", None])
def test_a_gate_in_a_shared_wall_leads_from_one_to_the_other(owner):
    made = pair({"g": {"at": (200, 0), "estate": owner}}, homes={"h": (100, 0)}, goals={"f": (300, 0)})
    assert costs(made) == {"h": 200}


def test_through_a_neighbour_only_if_he_lets_one_through():
    gates = {"g": (200, 0), "e": (350, 0)}
    shut = pair(gates, homes={"h": (100, 0)}, goals={"f": (400, 0)})
    assert reasons(shut) == {"h": "walled"}
    free = pair(gates, homes={"h": (100, 0)}, goals={"f": (400, 0)}, through=True)
    assert costs(free) == {"h": 300}


def test_gate_in_a_shared_wall_does_not_lead_out_along_the_seam():
    streets = draw("f-g-h-i-j\n\n\n\na-b-c-d-e", gh={"name": "out"})
    estates = {"A": estate(50, -50, 200, 150), "B": estate(200, -50, 350, 150)}
    made = reach(streets, {"h": (100, 0)}, {"out": (200, 200)}, estates=estates, gates={"g": (200, 100)})
    assert reasons(made) == {"h": "walled"}


def test_facing_walls_across_a_lane_are_not_shared():
    streets = draw("a-b-c-d-e")
    estates = {"A": estate(50, -50, 197, 50), "B": estate(203, -50, 350, 50)}
    gates = {"g": {"at": (197, 0), "estate": "A"}}
    made = reach(streets, {"h": (100, 0)}, {"f": (300, 0)}, estates=estates, gates=gates)
    assert reasons(made) == {"h": "walled"}


def nested(gates, homes, goals, **outer):
    """An estate within an estate: x from 150 to 250 in x from 50 to 350."""
    estates = {"outer": estate(50, -50, 350, 50, **outer), "inner": estate(150, -25, 250, 25, through=True)}
    return reach(draw(ROW), homes, goals, estates=estates, gates=gates)


ALL = {"1": (50, 0), "2": (150, 0), "3": (250, 0), "4": (350, 0)}


def test_out_of_an_estate_within_an_estate():
    made = nested(ALL, {"h": (200, 0)}, {"f": (400, 0)})
    assert costs(made) == {"h": 200}
    back = nested(ALL, {"h": (400, 0)}, {"f": (200, 0)})
    assert costs(back) == {"h": 200}


def test_within_the_outer_estate_around_the_inner_one():
    made = nested(ALL, {"h": (100, 0)}, {"f": (300, 0)})
    # the inner estate lets people through, but the outer one none that are not its own: these are
    assert costs(made)["h"] == pytest.approx(float("inf"))
    assert costs(nested(ALL, {"h": (100, 0)}, {"f": (300, 0)}, through=True)) == {"h": 200}


def test_inner_gate_shut():
    made = nested({"1": (50, 0), "4": (350, 0)}, {"h": (200, 0)}, {"f": (400, 0)})
    assert reasons(made) == {"h": "walled"}


def test_overlapping_estates_the_land_is_the_smaller_ones():
    estates = {"big": estate(50, -50, 260, 50), "small": estate(240, -25, 350, 25)}
    made = reach(draw(ROW), {"h": (250, 10)}, {"f": (300, 0)}, estates=estates)
    assert costs(made) == {"h": 10 + 50}


# ---- doors on the wall


def test_a_door_on_the_wall_is_its_estates_if_the_building_says_so():
    parts = {"estates": WALLS, "gates": {"s": SOUTH}}
    streets = draw(TOWN)
    at = (50.5, 100)
    lost = reach(streets, {"h": {"at": at}}, CORNER, **parts)
    named = reach(streets, {"h": {"at": at, "estate": "w"}}, CORNER, **parts)
    assert lost.door_snaps.loc["h", "edge"] in {"gd", "ag"}
    assert named.door_snaps.loc["h", "edge"] in {"bm", "me"}
    assert costs(named)["h"] == pytest.approx(49.5 + 100 + 100, abs=1e-5)


def test_a_shop_with_its_door_outside_the_wall():
    made = reach(
        draw(TOWN), {"h": {"at": (100, 60), "estate": "w"}}, CORNER, estates=WALLS,
        entrances={"front": {"at": (120, 19), "building": "h"}},
    )  # fmt: skip
    assert costs(made) == {"h": 19 + 80}


def test_an_estate_thinner_than_its_wall_has_none():
    made = reach(draw(ROW), {"h": (0, 0)}, {"f": (400, 0)}, estates={"w": estate(199.5, -50, 200.5, 50)})
    assert costs(made) == {"h": 400}
