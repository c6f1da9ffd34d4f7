"""What holds for every town: sums roll up, row order means nothing, more never serves fewer; and the oracles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from handmade import CrowReach, buildings, estates, facilities, level, town
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pandas.testing import assert_frame_equal
from shapely import box

from geoplan.coverage import Coverage, measure_coverage
from geoplan.coverage.clusters import cluster_points, cluster_table
from geoplan.coverage.counting import Groups
from geoplan.model import Level, Town

GRID = {f"c{x}{y}": box(600 * x, 600 * y, 600 * x + 600, 600 * y + 600) for x in range(3) for y in range(3)}
place = st.tuples(st.integers(-100, 1900), st.integers(-100, 1900))


@st.composite
def towns(draw: st.DrawFn) -> Town:
    homes = draw(st.lists(st.tuples(place, st.integers(0, 40)), min_size=1, max_size=15))
    doors = draw(st.lists(st.tuples(place, st.sampled_from(["", "low", "high"])), max_size=5))
    return town(
        buildings=buildings({f"b{i}": {"at": at, "households": float(n)} for i, (at, n) in enumerate(homes)}),
        facilities=facilities({f"f{i}": {"at": at, "tier": tier} for i, (at, tier) in enumerate(doors)}),
        estates=estates({"e1": {"geometry": box(0, 0, 700, 700)}, "e2": {"geometry": box(500, 500, 1500, 1500)}}),
        levels=(
            level("communities", GRID, parent="halves"),
            level("halves", {"h1": box(0, 0, 600, 1800), "h2": box(600, 0, 1800, 1800)}),
        ),
    )


def measure(t: Town, **options: Any) -> Coverage:
    return measure_coverage(t, reach=CrowReach(t), **options)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None)
@given(towns(), st.sampled_from(["any", "own"]))
def test_every_level_adds_up_to_the_total(t: Town, centre: str) -> None:
    coverage = measure(t, centre=centre, tiers="")
    sums = ["buildings", "households", "people", "unreachable_buildings", "edge_affected", "facilities"]
    sums += [f"served_{what}_{m}" for what in ("households", "people") for m in (5, 10, 15)]
    for case in coverage.cases:
        total = coverage.total(case)
        for name in ("communities", "halves", "estates"):
            added = coverage.summary(name, case)[sums].sum()
            assert added.to_dict() == pytest.approx({column: total[column] for column in sums})
        spread = coverage.distribution(case)
        assert spread["households"].sum() == pytest.approx(total["households"])
        assert spread.loc[spread["high"] <= 15, "households"].sum() == pytest.approx(total["served_households_15"])
        clusters = coverage.unserved_clusters(case, 10)
        assert clusters["households"].sum() == pytest.approx(total["households"] - total["served_households_10"])


def shuffled(t: Town, seed: int) -> Town:
    rng = np.random.default_rng(seed)

    def mix(table: Any) -> Any:
        return table.iloc[rng.permutation(len(table))]

    levels = tuple(Level(one.name, mix(one.table), one.parent) for one in t.levels)
    tables = {name: mix(getattr(t, name)) for name in ("buildings", "facilities", "estates")}
    return replace(t, levels=levels, **tables)


@settings(max_examples=8, deadline=None)
@given(towns(), st.integers(0, 99))
def test_row_order_changes_nothing(t: Town, seed: int) -> None:
    one, other = (measure(each, centre="own", minutes=10) for each in (t, shuffled(t, seed)))
    assert one.cases == other.cases
    assert one.notices == other.notices
    for case in one.cases:
        assert one.total(case) == pytest.approx(other.total(case), nan_ok=True)
        assert_frame_equal(one.buildings(case).sort_index(), other.buildings(case).sort_index())
        for name in ("communities", "estates"):
            assert_frame_equal(one.summary(name, case), other.summary(name, case))
        assert_frame_equal(one.unserved_clusters(case, 10), other.unserved_clusters(case, 10))


@settings(max_examples=12, deadline=None)
@given(towns(), place)
def test_another_facility_never_serves_fewer(t: Town, at: tuple[int, int]) -> None:
    more = pd.concat([t.facilities, facilities({"new": {"at": at}})])
    few, many = measure(t, tiers=""), measure(replace(t, facilities=more), tiers="")
    assert (many.buildings()["cost"] <= few.buildings()["cost"]).all()
    assert many.total()["served_households_15"] >= few.total()["served_households_15"]
    # The straight line is never longer than the walk.
    assert (many.buildings()["straight_m"] <= many.buildings()["cost"] + 1e-6).all()
    # Own centres are among any centres.
    own = measure(t, tiers="", centre="own").buildings()
    assert (own["cost"] >= few.buildings()["cost"]).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=30
    ),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_weighted_quantiles_equal_those_of_repeated_values(rows: list[tuple[Any, int, int]], share: float) -> None:
    keys = pd.Series([key for key, _, _ in rows], dtype=object)
    values = np.array([float(value) if value < 9 else np.inf for _, value, _ in rows])
    weights = np.array([float(weight) for _, _, weight in rows])
    found = Groups(keys, ["a", "b", "c"]).quantiles(values, weights, [share])[0]
    for number, name in enumerate(["a", "b", "c", None]):
        mine = [key is name or key == name for key, _, _ in rows]
        repeated = np.sort(np.repeat(values[mine], weights[mine].astype(int)))
        if len(repeated):
            assert found[number] == repeated[max(int(np.ceil(share * len(repeated) - 1e-9)) - 1, 0)]
        else:
            assert np.isnan(found[number])


@settings(max_examples=80, deadline=None)
@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 25), st.just(2)), elements=st.integers(0, 400)))
def test_clusters_equal_those_of_all_pairs(xy: np.ndarray) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(xy)))
    near = [(i, j) for i in range(len(xy)) for j in range(i) if np.hypot(*(xy[i] - xy[j])) <= 100]
    graph.add_edges_from(near)
    expected = {frozenset(group) for group in nx.connected_components(graph)}
    group = cluster_points(xy.astype(float), 100.0)
    assert {frozenset(np.flatnonzero(group == one).tolist()) for one in set(group)} == expected


def test_clusters_by_hand() -> None:
    # Two groups: b1-b2-b3 in a chain of 100 m steps, and b4 alone with more households.
    homes = buildings(
        {
            "b3": {"at": (200, 0), "households": 1.0},
            "b1": {"at": (0, 0), "households": 1.0},
            "b2": {"at": (100, 0), "households": 1.0},
            "b4": {"at": (301, 0), "households": 9.0},
        }
    )
    found = cluster_table(homes, distance_m=100.0)
    assert found.index.tolist() == ["1", "2"]
    assert found[["buildings", "households", "people", "first"]].to_numpy().tolist() == [
        [1, 9, 27, "b4"],
        [3, 3, 9, "b1"],
    ]
    assert found.geometry.iloc[1].covers(box(-5, -5, 205, 5))
    assert found.geometry.iloc[1].within(box(-16, -16, 216, 16))
    assert len(cluster_table(homes.iloc[:0], distance_m=100.0)) == 0
