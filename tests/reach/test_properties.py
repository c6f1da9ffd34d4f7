"""What must hold in every town."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import random_town
from pandas.testing import assert_frame_equal
from shapely import LineString
from worlds import METRES, TIME

from geoplan.model import Town
from geoplan.reach import ReachOptions, build_reach

seeds = st.integers(0, 10_000)
few = settings(max_examples=15, deadline=None)
TABLES = ("buildings", "streets", "facilities", "estates", "gates", "barriers")


@few
@given(seeds, st.booleans(), st.floats(0, 400), st.floats(0, 400))
def test_reach_grows_with_the_cut_off(seed, walls, one, other):
    made = build_reach(random_town(seed, walls=walls))
    near, far = (made.walk_times(TIME, limit=limit).table["cost"] for limit in sorted((one, other)))
    assert (far <= near).all()
    within = near < np.inf
    assert (near[within] == far[within]).all()
    assert (near[within] <= min(one, other)).all()


@few
@given(seeds, st.booleans())
def test_a_facility_more_never_lowers_access(seed, walls):
    made = build_reach(random_town(seed, walls=walls))
    names = ["f0", "f1", "f2", "f3", "many"]
    before = None
    for count in range(1, 6):
        now = made.walk_times(TIME, facilities=names[:count], limit=np.inf).table["cost"]
        assert before is None or (now <= before).all()
        before = now


@few
@given(seeds, st.integers(0, 200), st.integers(0, 200))
def test_a_footbridge_more_never_lowers_access(seed, one, other):
    """Doors do not open onto bridges: they stay where they were, and only walks get shorter.

    That holds for any street that takes no door from another and joins no island (where the island would no longer
    be shunned); a street right at the door may lead a longer way round than the one behind.
    """
    town = random_town(seed, walls=True)
    before = build_reach(town)
    nodes = sorted({*town.streets["u"], *town.streets["v"]})
    ways = before.ground.walkways
    places = {}
    for row in town.streets.itertuples():
        places[row.u], places[row.v] = row.geometry.coords[0], row.geometry.coords[-1]
    u, v = nodes[one % len(nodes)], nodes[other % len(nodes)]
    line = LineString([places[u], places[v]])
    streets = town.streets.copy()
    changes = {"geometry": line, "length_m": line.length, "u": u, "v": v, "level": 1, "climb_m": 0.0}
    streets.loc["footbridge"] = {**streets.iloc[0], **changes, "crossing": "", "kind": "footway"}
    after = build_reach(replace(town, streets=streets))
    if u == v or len(set(after.ground.walkways.component)) != len(set(ways.component)):
        return
    costs = [made.walk_times(METRES, limit=np.inf).table["cost"] for made in (before, after)]
    assert (costs[1] <= costs[0] + 1e-4).all()


@few
@given(seeds, st.randoms(use_true_random=False))
def test_row_order_changes_nothing(seed, random):
    town = random_town(seed, walls=True)
    changes = {}
    for name in TABLES:
        order = list(range(len(getattr(town, name))))
        random.shuffle(order)
        changes[name] = getattr(town, name).iloc[order]
    one, other = build_reach(town), build_reach(replace(town, **changes))
    index, goals = town.buildings.index, town.facilities.index
    assert_frame_equal(one.door_snaps, other.door_snaps.loc[index])
    assert_frame_equal(one.facility_snaps, other.facility_snaps.loc[goals])
    for limit in (200.0, np.inf):
        tables = [made.walk_times(TIME, limit=limit).table for made in (one, other)]
        assert_frame_equal(tables[0], tables[1].loc[index])
    tables = [made.walk_table(TIME, limit=300).sort_values(["building", "facility"]) for made in (one, other)]
    assert_frame_equal(*(table.reset_index(drop=True) for table in tables))


@few
@given(seeds)
def test_table_and_times_agree(seed):
    made = build_reach(random_town(seed, walls=True))
    table = made.walk_table(METRES, limit=350.0)
    times = made.walk_times(METRES, limit=350.0).table
    best = table.sort_values(["cost", "facility"]).groupby("building").first().reindex(times.index)
    assert best["cost"].fillna(np.inf).tolist() == times["cost"].tolist()
    assert best["facility"].astype(object).where(best["cost"].notna(), None).tolist() == times["facility"].tolist()


@few
@given(seeds)
def test_walls_only_ever_lengthen_walks(seed):
    town = random_town(seed, walls=True)
    options = ReachOptions(wall_tolerance_m=0.0)
    walled = build_reach(town, options=options)
    free = build_reach(replace(town, estates=None, gates=None), options=options)
    where = ["edge", "offset_m"]
    same = [
        getattr(free, name).index[(getattr(free, name)[where] == getattr(walled, name)[where]).all(axis=1)]
        for name in ("door_snaps", "facility_snaps")
    ]
    goals = [goal for goal in same[1] if goal != "many"]
    for metric in (METRES, TIME):
        costs = [
            made.walk_times(metric, facilities=goals, limit=np.inf).table.loc[same[0], "cost"]
            for made in (walled, free)
        ]
        assert (costs[0] >= costs[1] - 1e-4).all()


@pytest.mark.parametrize("walls", [False, True])
def test_inputs_are_not_changed(walls):
    town = random_town(5, walls=walls)
    before = {name: None if (t := getattr(town, name)) is None else t.copy(deep=True) for name in TABLES}
    made = build_reach(town)
    made.walk_times(TIME, limit=300)
    made.walk_table(TIME, limit=300)
    made.isochrones(TIME, limits=[100])
    for name in TABLES:
        if before[name] is not None:
            assert_frame_equal(pd.DataFrame(before[name]), pd.DataFrame(getattr(town, name)))


def test_nobody_walks_faster_than_a_straight_line():
    town: Town = random_town(9, walls=True)
    streets = town.streets.copy()
    streets["length_m"] = streets.geometry.length
    made = build_reach(replace(town, streets=streets))
    table = made.walk_table(METRES, limit=np.inf)
    homes, goals = town.buildings.geometry, town.facilities.geometry
    straight = [homes[h].distance(goals[f]) for h, f in zip(table["building"], table["facility"], strict=True)]
    assert len(table) > 20
    assert (table["cost"] >= np.array(straight) - 1e-3).all()
