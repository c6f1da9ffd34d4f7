"""What the graph door refuses, and what it calls impossible."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from partition_checker import faults_of, grid

from geoplan.errors import InputError
from geoplan.partition import explain_infeasible, partition_graph

GOOD: dict = {"weight": "h", "parts": 2, "lower": 2, "upper": 6, "effort": 1}


def town() -> nx.Graph:
    return grid(2, 4, [1])


def faults(graph: object, **changes: object) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        partition_graph(graph, **{**GOOD, **changes})  # type: ignore[arg-type]
    return {f.where.column: f"{f.given}" for f in caught.value.faults}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"parts": 0}, "parts"),
        ({"parts": 9}, "parts"),
        ({"parts": 2.5}, "parts"),
        ({"parts": True}, "parts"),
        ({"lower": 7}, "lower"),
        ({"lower": -1}, "lower"),
        ({"lower": float("nan")}, "lower"),
        ({"upper": float("inf")}, "upper"),
        ({"upper": "many"}, "upper"),
        ({"objective": "beauty"}, "objective"),
        ({"objective": "moved"}, "base"),
        ({"objective": "moved", "base": {0: "a"}}, "base"),
        ({"objective": "moment"}, "distances"),
        ({"objective": "moment", "distances": np.zeros((8, 7))}, "distances"),
        ({"objective": "moment", "distances": np.full((8, 8), np.nan)}, "distances"),
        ({"objective": "moment", "distances": -np.ones((8, 8))}, "distances"),
        ({"objective": "moment", "distances": [["a"]]}, "distances"),
        ({"weight": "people"}, "weight"),
        ({"effort": 0}, "effort"),
        ({"time_limit_s": -1}, "time_limit_s"),
        ({"time_limit_s": float("nan")}, "time_limit_s"),
        ({"seed": -1}, "seed"),
    ],
)
def test_one_fault_at_a_time(changes: dict, where: str) -> None:
    assert set(faults(town(), **changes)) == {where}


@pytest.mark.parametrize("weight", [None, float("nan"), -1, "two", float("inf"), True])
def test_bad_weights_name_their_nodes(weight: object) -> None:
    graph = town()
    graph.nodes[3]["h"] = weight
    graph.nodes[5]["h"] = weight
    with pytest.raises(InputError) as caught:
        partition_graph(graph, **GOOD)
    assert [f.where.rows for f in caught.value.faults] == [("3", "5")]


def test_all_faults_are_gathered() -> None:
    assert set(faults(town(), parts=0, lower=-1, seed=-2, objective="x")) == {"parts", "lower", "seed", "objective"}


def test_no_graph_and_no_nodes() -> None:
    assert set(faults([1, 2])) == {"graph"}
    assert set(faults(nx.Graph())) == {"graph"}
    graph = town()
    nx.set_node_attributes(graph, 0, "h")
    assert set(faults(graph)) == {"weight"}


def reasons(graph: nx.Graph, **changes: object) -> str:
    options = {**GOOD, **changes}
    found = partition_graph(graph, **options)  # type: ignore[arg-type]
    assert not found.feasible
    assert not found.optimal
    assert found.bound is None
    assert faults_of(graph, found.assignment, "h", options["parts"], options["lower"], options["upper"])
    assert set(found.assignment) == set(graph)
    assert set(found.assignment.values()) == set(range(options["parts"]))
    return "\n".join(map(str, found.reasons))


def test_impossible_counts_come_with_the_smallest_relaxation() -> None:
    said = reasons(town(), lower=5, upper=6)
    assert "2 parts of at least 5 need 10; there are 8" in said
    assert "parts could do in the wanted range" not in said
    assert "a range of 4 to 6 for 2 parts" in said
    said = reasons(town(), lower=1, upper=3)
    assert "2 parts of at most 3 hold 6; there are 8" in said
    assert "the smallest change: a range of 1 to 4 for 2 parts" in said
    assert "by counts alone 3 to 8 parts could do in the wanted range" in said


def test_a_unit_above_the_limit() -> None:
    graph = town()
    graph.nodes[2]["h"] = 9
    said = reasons(graph, lower=2, upper=8)
    assert "1 unit is heavier than the upper limit 8: it has 9" in said
    assert "a range of 2 to 9 for 2 parts" in said


def test_more_areas_than_parts() -> None:
    graph = nx.disjoint_union_all([town(), town(), town()])
    said = reasons(graph, lower=0, upper=99)
    assert "3 areas that do not touch, more than 2 parts" in said
    assert "its 2 parts lie in 3 pieces" in said


def test_an_area_that_fits_no_number_of_parts() -> None:
    graph = nx.disjoint_union(town(), grid(1, 2, [1]))
    said = reasons(graph, parts=3, lower=3, upper=5)
    assert "an area of 2 units that touches no other has 2" in said
    assert "a range of 2 to 5 for 3 parts" in said


def test_areas_that_need_another_number_of_parts() -> None:
    graph = nx.disjoint_union(grid(1, 5, [1]), grid(1, 5, [1]))
    said = reasons(graph, parts=3, lower=3, upper=5)
    assert "need 2 parts together, not 3" in said


def test_not_found_is_not_called_impossible() -> None:
    """Coarse units: 5, 5 and 5 never make two parts of 7 to 8, but no count says so."""
    said = reasons(grid(1, 3, [5]), lower=7, upper=8)
    assert "the closest partition found has 2 of 2 parts out of range; a range of 5 to 10 holds it" in said


def test_locked_parts_out_of_range_or_in_pieces() -> None:
    indptr, indices = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    weight, locked = np.array([4.0, 1.0, 4.0, 3.0]), np.array([0, -1, 0, -1])
    conflicts = explain_infeasible(indptr, indices, weight, parts=3, lower=1, upper=5, locked=locked).conflicts
    assert [(str(c.message), c.amount) for c in conflicts] == [
        ("locked part 0 has 8, outside the range 1 to 5", 3.0),
        ("locked part 0 lies in 2 pieces", 1.0),
    ]
    # the two free units do not touch: both fit, but not as one part
    conflicts = explain_infeasible(indptr, indices, weight, parts=2, lower=1, upper=8, locked=locked).conflicts
    assert [c.amount for c in conflicts] == [1.0, 1.0]


def test_the_given_things_stay_as_they_are() -> None:
    graph, base, distances = town(), {v: v % 2 for v in range(8)}, np.ones((8, 8))
    before = nx.Graph(graph), dict(base), distances.copy()
    for objective in ("cut_edges", "moment", "moved"):
        partition_graph(graph, **{**GOOD, "objective": objective, "base": base, "distances": distances})
    assert nx.utils.graphs_equal(graph, before[0])
    assert base == before[1]
    assert np.array_equal(distances, before[2])


def test_both_directions_are_one_edge_and_the_larger_number_counts() -> None:
    """Three edges there and one back are three to cut."""
    pair = nx.MultiDiGraph([(0, 1), (0, 1), (0, 1), (1, 0)])
    nx.set_node_attributes(pair, 1, "h")
    assert partition_graph(pair, weight="h", parts=2, lower=1, upper=1, effort=1).objective == 3


@pytest.mark.parametrize("objective", ["moved", "moment"])
def test_sums_of_floats_meet_limits(objective: Any) -> None:
    """Six units of 0.1 in two parts of exactly 0.3, which three times 0.1 is not."""
    path = nx.path_graph(6)
    nx.set_node_attributes(path, 0.1, "h")
    found = partition_graph(
        path,
        weight="h",
        parts=2,
        lower=0.3,
        upper=0.3,
        effort=1,
        objective=objective,
        base={v: v // 2 for v in path},
        distances=[[abs(i - j) for i in range(6)] for j in range(6)],
    )
    assert found.feasible
    assert list(found.assignment.values()) == [0, 0, 0, 1, 1, 1]
