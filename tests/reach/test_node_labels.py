"""Walks brought up to date from an earlier search are those of a full one, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import random_town
from pandas.testing import assert_frame_equal
from worlds import METRES, TIME

from geoplan.model import Town
from geoplan.reach import build_reach
from geoplan.samples.large import generate_large_town

INF = float("inf")


def change(town: Town, kind: str, seed: int) -> Town:
    """One change of a town by its number."""
    streets, facilities = town.streets, town.facilities
    assert streets is not None
    pick = seed % len(streets)
    if kind == "street closed":
        return replace(town, streets=streets.drop(streets.index[pick]))
    if kind == "street slower":
        longer = streets["length_m"].where(np.arange(len(streets)) != pick, streets["length_m"] * 3.0)
        return replace(town, streets=streets.assign(length_m=longer))
    if kind == "street added":
        ends = {
            int(node): place
            for row in streets.itertuples()
            for node, place in zip((row.u, row.v), shapely.get_coordinates(row.geometry)[[0, -1]], strict=True)
        }
        nodes = sorted(ends)
        u, v = nodes[seed % len(nodes)], nodes[(seed // 7) % len(nodes)]
        line = shapely.LineString([ends[u], ends[v] + (1e-3 if u == v else 0.0)])
        row = streets.iloc[[pick]].assign(u=u, v=v, length_m=line.length, level=1).set_axis(["new"])
        row = row.set_geometry([line], crs=streets.crs)
        return replace(town, streets=gpd.GeoDataFrame(pd.concat([streets, row]), crs=streets.crs))
    if kind == "facility removed":
        return replace(town, facilities=facilities.drop(facilities.index[seed % len(facilities)]))
    if kind == "facility added":
        more = facilities.iloc[[seed % len(facilities)]].set_axis(["a new one"])
        more = more.set_geometry(more.translate(float(seed % 90) - 40.0, 15.0))
        return replace(town, facilities=gpd.GeoDataFrame(pd.concat([facilities, more]), crs=facilities.crs))
    assert town.gates is not None
    turned = town.gates["open"] ^ (np.arange(len(town.gates)) == seed % len(town.gates))
    return replace(town, gates=town.gates.assign(open=turned))


KINDS = ("street closed", "street slower", "street added", "facility removed", "facility added", "gate turned")


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000), st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10_000)), min_size=1, max_size=2)
)
def test_updated_times_are_those_of_a_full_search(seed, changes):
    town = random_town(seed, walls=True)
    metric = (TIME, METRES)[seed % 2]
    _, known = build_reach(town).updated_times(metric)
    after = town
    for kind, number in changes:
        if kind == "gate turned" and (after.gates is None or not len(after.gates)):
            continue
        after = change(after, kind, number)
        made = build_reach(after)
        times, known = made.updated_times(metric, known=known)
        assert_frame_equal(times.table, build_reach(after).walk_times(metric, limit=INF).table)


@pytest.fixture(scope="module")
def large() -> Town:
    return generate_large_town(1500, 2500, seed=3)


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_an_update_works_where_something_changed_and_nowhere_else(large, kind):
    first = build_reach(large)
    _, known = first.updated_times(TIME)
    assert (first.sweeps, first.updates) == (1, 0)
    after = change(large, kind, 1234)
    made = build_reach(after)
    times, _ = made.updated_times(TIME, known=known)
    assert_frame_equal(times.table, build_reach(after).walk_times(TIME, limit=INF).table)
    assert (made.sweeps, made.updates) == (0, 1)
    most = 0.7 if kind.startswith("facility") else 0.5  # of six facilities one may serve much
    assert made.expanded < most * first.expanded, (made.expanded, first.expanded)


def test_nothing_changed_works_on_nothing(large):
    _, known = build_reach(large).updated_times(TIME)
    made = build_reach(large)
    made.updated_times(TIME, known=known)
    assert (made.sweeps, made.updates, made.expanded) == (0, 1, 0)


def test_costs_counted_in_other_quanta_are_searched_anew(large):
    _, known = build_reach(large).updated_times(TIME)
    made = build_reach(large)
    times, _ = made.updated_times(TIME, known=replace(known, decimals=known.decimals + 1))
    assert (made.sweeps, made.updates) == (1, 0)
    assert_frame_equal(times.table, build_reach(large).walk_times(TIME, limit=INF).table)
