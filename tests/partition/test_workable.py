"""The nearest range that an arrangement really keeps, against every arrangement there is."""

from __future__ import annotations

from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest
import unit_worlds as worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.partition import partition_graph, propose_communities
from geoplan.partition.workable import Ground, workable_range

THREE = {"00": 15.0, "01": 15.0, "02": 125.0}


def ground_of(graph: nx.Graph, weight: list[float], parts: int, **more: Any) -> Ground:
    rows = [sorted(graph[u]) for u in range(len(graph))]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Ground(indptr, np.array([v for row in rows for v in row], np.int64), np.array(weight), parts, **more)


def least_widening(
    graph: nx.Graph, weight: list[float], parts: int, ends: tuple[float, float], group: list[int], site: list[bool]
) -> float | None:
    """By trying every arrangement, with networkx."""
    found = []
    for part_of in product(range(parts), repeat=len(graph)):
        members = [[u for u in graph if part_of[u] == p] for p in range(parts)]
        tied = [(u, v) for u in graph for v in range(u) if group[u] >= 0 and group[v] >= 0]
        if part_of[0] or not all(members) or not all(any(site[u] for u in part) for part in members):
            continue
        if any((group[u] == group[v]) != (part_of[u] == part_of[v]) for u, v in tied):
            continue
        if all(nx.is_connected(graph.subgraph(part)) for part in members):
            held = [sum(weight[u] for u in part) for part in members]
            found.append(max(ends[0] - min(held), 0) + max(max(held) - ends[1], 0))
    return min(found, default=None)


@settings(max_examples=12)
@given(st.data())
def test_no_arrangement_needs_less(data: st.DataObject) -> None:
    rows, columns = data.draw(st.sampled_from([(2, 3), (1, 6), (2, 4)]))
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, columns), ordering="sorted")
    count = len(graph)
    weight = data.draw(st.lists(st.sampled_from([0.0, 5.0, 10.0, 30.0, 125.0]), min_size=count, max_size=count))
    parts = data.draw(st.integers(1, 3))
    group = data.draw(st.lists(st.sampled_from([-1, -1, -1, 0, 1]), min_size=count, max_size=count))
    site = data.draw(st.one_of(st.just([True] * count), st.lists(st.booleans(), min_size=count, max_size=count)))
    lower, upper = data.draw(st.sampled_from([(10.0, 20.0), (20.5, 20.5), (40.0, 60.0)]))
    want = least_widening(graph, weight, parts, (lower, upper), group, site)
    ground = ground_of(graph, weight, parts, group=np.array(group), site=np.array(site))
    found = workable_range(ground, lower, upper)
    assert (found is None) == (want is None)
    if found is not None and want is not None:
        assert found.proven
        assert max(lower - found.lower, 0) + max(found.upper - upper, 0) == pytest.approx(want)
        held = np.bincount(found.part_of, weights=ground.weight)
        assert ground.keeps(found.part_of)
        assert found.lower <= held.min()
        assert held.max() <= found.upper


def test_without_steps_the_best_found_is_not_called_the_nearest() -> None:
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(6, 6), ordering="sorted")
    found = workable_range(ground_of(graph, [float(10 + u % 7) for u in graph], 4), 118, 119, steps=5)
    assert found is not None
    assert not found.proven


def said(**asked: Any) -> str:
    (only,) = propose_communities(worlds.town("AAB", households=THREE), effort=1, **asked)
    assert not only.feasible
    return "\n".join(map(str, only.reasons))


def test_the_smallest_change_of_a_proposal_works() -> None:
    """15, 15 and 125 in a row: by counts 59.5 to 125 could do, but the small ones together have 30."""
    assert "the smallest change: a range of 30 to 125 for 2 parts" in said(lower=59.5, upper=80.5, parts=2)
    (found, *_) = propose_communities(worlds.town("AAB", households=THREE), lower=30, upper=125, parts=2, effort=1)
    assert found.feasible


def test_the_smallest_change_of_the_graph_door_works() -> None:
    path = nx.path_graph(3)
    nx.set_node_attributes(path, {0: 15, 1: 15, 2: 125}, "h")
    found = partition_graph(path, weight="h", parts=2, lower=59.5, upper=80.5, effort=1)
    assert "the smallest change: a range of 30 to 125 for 2 parts" in [str(reason) for reason in found.reasons]
    assert partition_graph(path, weight="h", parts=2, lower=30, upper=125, effort=1).feasible


def test_ends_that_are_not_whole_are_told_so_that_they_hold() -> None:
    """Three units of 10 1/3 in two parts of 12 to 13: 10.333... and 20.666..."""
    path = ground_of(nx.path_graph(3), [31 / 3] * 3, 2)
    found = workable_range(path, 12, 13)
    assert found is not None
    assert (found.lower, found.upper) == (10.33, 20.67)


def test_changes_that_are_needed_together_are_called_so() -> None:
    """No site anywhere, and a unit above the limit: neither change does alone."""
    from geoplan.partition.propose import ProposeOptions

    text = said(lower=20, upper=80, parts=2, options=ProposeOptions(centre_each=True))
    assert "there is none: add 2" in text
    assert "by counts alone a range of 20 to 125 could do for 2 parts" in text
    assert "all of these changes are needed together" in text


def test_more_areas_than_parts_have_no_range() -> None:
    assert workable_range(ground_of(nx.empty_graph(3), [1.0] * 3, 2), 0, 9) is None
    (only,) = propose_communities(worlds.town("AA.BB"), lower=0, upper=40, parts=1, effort=1)
    assert [str(reason) for reason in only.reasons] == ["the units form 2 areas that do not touch, more than 1 part"]


def test_locked_communities_out_of_range_that_unlocking_does_not_help() -> None:
    """Three of 40 in 30 to 36 hold 108 of 120: whatever is unlocked, 40 must be allowed."""
    asked: dict[str, Any] = {"lower": 30, "upper": 36, "parts": 3, "locked": ["A", "B"], "effort": 1}
    (only,) = propose_communities(worlds.town("AABBCC\nAABBCC"), **asked)
    text = [str(reason) for reason in only.reasons]
    assert text[-1] == "the smallest change with A, B locked: a range of 30 to 40 for 3 parts"


def test_what_was_asked_is_named_not_what_there_is() -> None:
    (only,) = propose_communities(worlds.town("AABBCC\nAABBCC"), lower=50, upper=138, parts=3, effort=1, locked=["A"])
    text = "\n".join(str(reason) for reason in only.reasons)
    assert "locked part A has 40, outside the range 50 to 138" in text
    (only,) = propose_communities(worlds.town("AABB"), lower=60, effort=1, locked=["A"])
    text = "\n".join(str(reason) for reason in only.reasons)
    assert "outside the range 60 or more" in text
    assert "0 parts" not in text
    assert "inf" not in text


def test_a_community_locked_in_pieces_must_be_unlocked() -> None:
    """A lies left and right of B; no range makes it whole."""
    (only,) = propose_communities(worlds.town("ABA"), lower=5, upper=15, parts=2, effort=1, locked=["A"])
    text = "\n".join(str(reason) for reason in only.reasons)
    assert "locked part A lies in 2 pieces" in text
    assert "unlock A: locked in pieces it cannot become whole" in text
    assert "a range of" not in text


def test_what_the_search_misses_is_found_by_enumeration() -> None:
    """Four parts of a row of seven with two units locked together, which the shortest search does not meet."""
    held = {f"0{at}": value for at, value in enumerate([30.0, 1.0, 1.0, 2.0, 40.0, 5.0, 17.0])}
    asked: dict[str, Any] = {"lower": 4, "upper": 45, "parts": 4, "locked": ["e03", "e04"], "effort": 1}
    (found, *_) = propose_communities(worlds.town("AAAAAAA", households=held), **asked)
    assert found.feasible


def test_where_nothing_is_found_a_range_that_works_is_told() -> None:
    """A star of 70: one of two parts is a single ray of 10 or 20, though by counts 30 and 40 could be."""
    star = nx.star_graph(4)
    nx.set_node_attributes(star, {0: 20.0, 1: 10.0, 2: 10.0, 3: 10.0, 4: 20.0}, "h")
    found = partition_graph(star, weight="h", parts=2, lower=30, upper=40, effort=1)
    text = [str(reason) for reason in found.reasons]
    assert not found.feasible
    assert text[0] == "the smallest change: a range of 20 to 50 for 2 parts"
    again = partition_graph(star, weight="h", parts=2, lower=20, upper=50, effort=1)
    assert again.feasible
