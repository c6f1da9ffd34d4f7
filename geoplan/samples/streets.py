"""The street lines of a town: one line from junction to junction, with class, name, level and crossing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, pi

import networkx as nx

from geoplan.samples.planar import XY, Planar
from geoplan.samples.sites import Cell

__all__ = ["Street", "street_lines"]

_RANK = {"primary": 0, "secondary": 1, "tertiary": 2, "residential": 3, "service": 4, "footway": 5}


@dataclass(slots=True)
class Street:
    """A street between two junctions."""

    points: list[XY]
    kind: str
    name: str
    level: int = 0
    crossing: str = ""
    wait_share: float = 0.0


def street_lines(
    plan: Planar, cells: Sequence[Cell], strips: dict[int, str], pool: dict[str, Iterator[str]], bridges: Iterator[str]
) -> list[Street]:
    """Trace the streets, name them, and mark bridges, underpasses and signals.

    Parameters
    ----------
    plan, cells
        The subdivision and its parcels with their lanes.
    strips
        Use (river, railway, expressway) of the faces that streets cross only by a bridge or an underpass.
    pool
        Names to give by class of street.
    bridges
        Names of the bridges.

    Returns
    -------
    list of Street
        The connected streets; dead fragments that nothing leads to are left out.
    """
    edges = _edges(plan, cells, strips)
    streets = _chains(edges)
    _name_strokes(streets, pool)
    for street in streets:
        if street.level > 0:
            street.name = next(bridges)
    _mark_crossings(streets)
    return streets


def _edges(plan: Planar, cells: Sequence[Cell], strips: dict[int, str]) -> nx.Graph:
    graph = nx.Graph()
    for (a, b), kind in sorted(plan.kind.items()):
        sides = [strips.get(plan.left.get(e, -1), "") for e in ((a, b), (b, a))]
        inside = sides[0] if sides[0] and sides[0] == sides[1] else ""
        if kind and plan.xy[a] != plan.xy[b] and not (inside and kind == "residential"):
            level = {"river": 1, "railway": -1, "expressway": -1}.get(inside, 0)
            graph.add_edge(plan.xy[a], plan.xy[b], kind=kind, name=plan.edge_name(a, b), level=level)
    for cell in cells:
        for lane in cell.lanes:
            kind = "footway" if cell.use == "village" else "service"
            for p, q in pairwise(lane):
                graph.add_edge(p, q, kind=kind, name="", level=0)
    main = max(nx.connected_components(graph), key=len)
    return graph.subgraph(main).copy()


def _chains(graph: nx.Graph) -> list[Street]:
    """Lines between the points where streets meet, change or end."""

    def same(p: XY) -> bool:
        around = [graph.edges[p, q] for q in graph[p]]
        return len(around) == 2 and around[0] == around[1]

    ends = sorted(p for p in graph if not same(p))
    seen: set[frozenset[XY]] = set()
    streets = []
    for end in ends:
        for step in sorted(graph[end]):
            if frozenset((end, step)) in seen:
                continue
            points = [end, step]
            seen.add(frozenset(points))
            while same(points[-1]):
                onward = next(q for q in graph[points[-1]] if q != points[-2])
                seen.add(frozenset((points[-1], onward)))
                points.append(onward)
            first = graph.edges[end, step]
            streets.append(Street(points, first["kind"], first["name"], first["level"]))
    return streets


def _name_strokes(streets: list[Street], pool: dict[str, Iterator[str]]) -> None:
    """Streets that run straight on through a junction share a name."""
    strokes = nx.Graph()
    strokes.add_nodes_from(range(len(streets)))
    at: dict[XY, list[tuple[int, XY]]] = defaultdict(list)
    for i, street in enumerate(streets):
        if not street.name and street.kind in pool:
            at[street.points[0]].append((i, street.points[1]))
            at[street.points[-1]].append((i, street.points[-2]))
    for here, arms in sorted(at.items()):
        for n, (i, p) in enumerate(arms):
            for j, q in arms[n + 1 :]:
                if i != j and streets[i].kind == streets[j].kind and _deflection(p, here, q) < 0.45:
                    strokes.add_edge(i, j)
    for stroke in sorted(nx.connected_components(strokes), key=min):
        first = streets[min(stroke)]
        if first.name or first.kind not in pool:
            continue
        name = next(pool[first.kind])
        for i in stroke:
            streets[i].name = name


def _deflection(p: XY, centre: XY, q: XY) -> float:
    turn = atan2(centre[1] - p[1], centre[0] - p[0]) - atan2(q[1] - centre[1], q[0] - centre[0])
    return abs((turn + pi) % (2 * pi) - pi)


def _mark_crossings(streets: list[Street]) -> None:
    """Say what one waits at, half the wait on each arm.

    A signal where main roads cross, traffic where a small street meets a main road; who walks along the main road does
    not wait for the small one.
    """
    ranks: dict[XY, list[int]] = defaultdict(list)
    for street in streets:
        for end in (street.points[0], street.points[-1]):
            ranks[end].append(_RANK[street.kind])
    for street in streets:
        waits = []
        for end in (street.points[0], street.points[-1]):
            main = sum(rank <= 1 for rank in ranks[end])
            if main >= 3:
                waits.append("signal")
            elif main == 2 and len(ranks[end]) > 2 and _RANK[street.kind] > 1:
                waits.append("minor")
        if street.level < 0:
            street.crossing, street.wait_share = "bridge", 1.0
        elif waits:
            street.crossing = "signal" if "signal" in waits else "minor"
            street.wait_share = 0.5 * waits.count(street.crossing)
