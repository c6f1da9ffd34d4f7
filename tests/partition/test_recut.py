"""Parts cut anew: the exact model against brute force, trees by what they must give."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from partition_checker import all_partitions, faults_of, grid

from geoplan.partition.milp import Guard
from geoplan.partition.problem import Problem, is_feasible
from geoplan.partition.recut import recut_exactly
from geoplan.partition.starts import grow_parts, metis_parts, recut_pair


def problem_of(graph: nx.Graph, parts: int, lower: float, upper: float, unit_cost: np.ndarray) -> Problem:
    matrix = nx.to_scipy_sparse_array(graph, nodelist=sorted(graph), weight="cost", format="csr")
    matrix.sort_indices()
    return Problem(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        matrix.data.astype(float),
        np.array([float(graph.nodes[v]["h"]) for v in sorted(graph)]),
        unit_cost,
        np.full(parts, float(lower)),
        np.full(parts, float(upper)),
    )


def cost_of(graph: nx.Graph, unit_cost: np.ndarray, part_of: dict[int, int]) -> float:
    cut = sum(data["cost"] for u, v, data in graph.edges(data=True) if part_of[u] != part_of[v])
    return cut + sum(float(unit_cost[v, part_of[v]]) for v in graph)


@st.composite
def divided(draw: st.DrawFn) -> tuple[nx.Graph, np.ndarray, int]:
    """A grid of eight cells in two or three parts, priced edges and units, one unit perhaps forbidden somewhere."""
    graph = grid(2, 4, draw(st.lists(st.integers(0, 5), min_size=8, max_size=8)))
    for edge in graph.edges:
        graph.edges[edge]["cost"] = float(draw(st.integers(0, 4)))
    parts = draw(st.integers(2, 3))
    prices = draw(st.lists(st.integers(0, 9), min_size=8 * parts, max_size=8 * parts))
    return graph, np.array(prices, float).reshape(8, parts), parts


@settings(max_examples=20)
@given(divided(), st.integers(0, 2**16))
def test_parts_cut_anew_are_the_best_there_are(world: tuple[nx.Graph, np.ndarray, int], seed: int) -> None:
    graph, unit_cost, parts = world
    free = problem_of(graph, parts, 0, 100, np.zeros_like(unit_cost))
    start = grow_parts(free, rng=np.random.default_rng(seed))
    held = np.bincount(start, weights=free.weight, minlength=parts)
    lower, upper = float(held.min()), float(held.max())
    problem = problem_of(graph, parts, lower, upper, unit_cost)
    guard = Guard(nodes=10_000)
    new = recut_exactly(problem, start, np.arange(parts), guard)
    best = min(
        cost_of(graph, unit_cost, {v: names[part] for v, part in labels.items()})
        for labels in all_partitions(graph, "h", parts, lower, upper)
        for names in itertools.permutations(range(parts))
    )
    found = start if new is None else new
    assignment = {v: int(found[v]) for v in graph}
    assert faults_of(graph, assignment, "h", parts, lower, upper) == []
    assert cost_of(graph, unit_cost, assignment) == pytest.approx(best)
    assert guard.nodes < 10_000


def test_other_parts_and_forbidden_places_are_left_alone() -> None:
    """Six cells in a row, 1 household each: 0 0 | 1 1 | 2 2; cell 1 would be cheaper in part 1, cell 2 in part 0."""
    graph = grid(1, 6, [1])
    nx.set_edge_attributes(graph, 0.0, "cost")
    cost = np.ones((6, 3))
    cost[1, 1] = cost[2, 1] = cost[3, 1] = 0.0
    problem = problem_of(graph, 3, 1, 3, cost)
    start = np.array([0, 0, 1, 1, 2, 2])
    assert recut_exactly(problem, start, np.array([0, 1]), Guard()).tolist() == [0, 1, 1, 1, 2, 2]
    cost[1, 1] = np.inf
    assert recut_exactly(problem_of(graph, 3, 1, 3, cost), start, np.array([0, 1]), Guard()) is None
    assert start.tolist() == [0, 0, 1, 1, 2, 2]


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.integers(2, 5))
def test_a_pair_cut_along_a_tree_stays_whole(seed: int, parts: int) -> None:
    graph = grid(6, 6, [3, 1, 4, 1, 5])
    nx.set_edge_attributes(graph, 1.0, "cost")
    problem = problem_of(graph, parts, 0, 1000, np.zeros((36, parts)))
    rng = np.random.default_rng(seed)
    first = grow_parts(problem, rng=rng)
    new = recut_pair(problem, first, rng=rng)
    assert new is not None
    assert is_feasible(problem, new)
    assert len({int(first[v]) for v in range(36) if first[v] != new[v]}) <= 2


def test_one_part_has_no_pair() -> None:
    graph = grid(2, 2, [1])
    nx.set_edge_attributes(graph, 1.0, "cost")
    problem = problem_of(graph, 1, 0, 9, np.zeros((4, 1)))
    assert recut_pair(problem, np.zeros(4, np.int64), rng=np.random.default_rng(0)) is None


def test_metis_gives_connected_parts_or_nothing() -> None:
    pytest.importorskip("pymetis", reason="the extra metis is not installed")
    graph = grid(8, 8, [2, 3, 7])
    nx.set_edge_attributes(graph, 1.0, "cost")
    problem = problem_of(graph, 4, 0, 1000, np.zeros((64, 4)))
    drawn = metis_parts(problem, rng=np.random.default_rng(3))
    assert drawn is not None
    assert is_feasible(problem, drawn)
    graph.remove_edges_from([edge for edge in graph.edges if edge[0] // 32 != edge[1] // 32])
    apart = problem_of(graph, 4, 0, 1000, np.zeros((64, 4)))
    assert metis_parts(apart, rng=np.random.default_rng(3)) is None
