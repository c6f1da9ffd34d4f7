"""Random towns against brute force and networkx."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import Oracle, random_town
from shapely import Point
from worlds import METRES, TIME

from geoplan.reach import ReachOptions, build_reach


@pytest.mark.parametrize("walls", [False, True])
@pytest.mark.parametrize("metric", [METRES, TIME], ids=["distance", "time"])
@pytest.mark.parametrize("seed", range(4))
def test_walks_equal_the_oracles(seed, walls, metric):
    town = random_town(seed, walls=walls)
    made = build_reach(town, options=ReachOptions(wall_tolerance_m=0.0))
    oracle = Oracle(town, metric)
    expected = {
        (home, goal): min(oracle.cost(at, Point(door)) for door in _doors(shape))
        for home, at in town.buildings.geometry.items()
        for goal, shape in town.facilities.geometry.items()
    }
    table = made.walk_table(metric, limit=np.inf)
    found = dict(zip(zip(table["building"], table["facility"], strict=True), table["cost"], strict=True))
    assert set(found) == {pair for pair, cost in expected.items() if np.isfinite(cost)}
    for pair, cost in found.items():
        assert cost == pytest.approx(expected[pair], abs=1e-3), pair
    for limit in (150.0, 400.0, np.inf):
        times = made.walk_times(metric, limit=limit).table
        for home, row in times.iterrows():
            near = min(expected[home, goal] for goal in town.facilities.index)
            assert row["cost"] == pytest.approx(near if near <= limit else np.inf, abs=1e-3)
            assert (row["reason"] == "") == np.isfinite(row["cost"])
            assert (row["reason"] == "beyond_limit") == (limit < near < np.inf)
    points = np.array([[at.x, at.y] for at in town.buildings.geometry])
    assert made.point_times(points, metric, limit=400.0).tolist() == (
        made.walk_times(metric, limit=400.0).table["cost"].tolist()
    )


def test_the_worlds_are_worth_it():
    """The random towns must have what they are to try: ways barred, reached and cut off."""
    reasons = set()
    for seed in range(6):
        made = build_reach(random_town(seed, walls=True), options=ReachOptions(wall_tolerance_m=0.0))
        reasons |= set(made.walk_times(METRES, facilities=["f0"], limit=200.0).table["reason"])
    assert {"", "beyond_limit", "walled"} <= reasons


def _doors(shape):
    return [(point.x, point.y) for point in getattr(shape, "geoms", [shape])]
