"""What a partition must be, told by networkx alone; and all partitions of small graphs."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import networkx as nx


def faults_of(
    graph: nx.Graph, assignment: Mapping[Hashable, int], weight: str, parts: int, lower: float, upper: float
) -> list[str]:
    """Every constraint that an assignment breaks."""
    if set(assignment) != set(graph):
        return ["not every node has a part"]
    if set(assignment.values()) != set(range(parts)):
        return [f"parts {sorted(set(assignment.values()))} instead of 0..{parts - 1}"]
    faults = []
    joined = nx.Graph(graph.to_undirected())
    for part in range(parts):
        nodes = [v for v in graph if assignment[v] == part]
        held = sum(graph.nodes[v][weight] for v in nodes)
        if not lower <= held <= upper:
            faults.append(f"part {part} has {held}")
        if not nx.is_connected(joined.subgraph(nodes)):
            faults.append(f"part {part} is in pieces")
    return faults


def cut_edges(graph: nx.Graph, assignment: Mapping[Hashable, int]) -> int:
    return sum(assignment[u] != assignment[v] for u, v in graph.to_undirected().edges() if u != v)


def moment(graph: nx.Graph, assignment: Mapping[Hashable, int], weight: str, distances: Any) -> float:
    place = {v: i for i, v in enumerate(graph)}
    total = 0.0
    for part in set(assignment.values()):
        nodes = [v for v in graph if assignment[v] == part]
        total += min(sum(graph.nodes[v][weight] * distances[place[v]][place[c]] ** 2 for v in nodes) for c in nodes)
    return total


def moved(graph: nx.Graph, assignment: Mapping[Hashable, int], weight: str, base: Mapping[Hashable, Hashable]) -> float:
    """By a matching of networkx, not of scipy."""
    pairs = nx.Graph()
    for v in graph:
        new, old = ("new", assignment[v]), ("old", base[v])
        kept = pairs.edges[new, old]["kept"] if pairs.has_edge(new, old) else 0
        pairs.add_edge(new, old, kept=kept + graph.nodes[v][weight])
    stays = sum(pairs.edges[pair]["kept"] for pair in nx.max_weight_matching(pairs, weight="kept"))
    return sum(graph.nodes[v][weight] for v in graph) - stays


def all_partitions(
    graph: nx.Graph, weight: str, parts: int, lower: float, upper: float
) -> Iterator[dict[Hashable, int]]:
    """Every feasible partition of a small graph, once for each numbering by first node."""
    nodes = list(graph)

    def grow(i: int, label: list[int]) -> Iterator[list[int]]:
        if i == len(nodes):
            if max(label) == parts - 1:
                yield label
            return
        for part in range(min(max(label, default=-1) + 2, parts)):
            yield from grow(i + 1, [*label, part])

    for label in grow(0, []):
        assignment = dict(zip(nodes, label, strict=True))
        if not faults_of(graph, assignment, weight, parts, lower, upper):
            yield assignment


def grid(rows: int, columns: int, weights: list[int]) -> nx.Graph:
    """A grid of cells numbered by row, with an attribute ``h``."""
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, columns), ordering="sorted")
    cycle = itertools.cycle(weights)
    nx.set_node_attributes(graph, {v: next(cycle) for v in sorted(graph)}, "h")
    return graph
