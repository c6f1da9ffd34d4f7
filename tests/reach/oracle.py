"""Walks worked out another way: brute-force snapping with shapely, a networkx graph of phases for each pair of zones.

A walk is in phase 0 while it has not left the estate it starts in, 1 on land that anybody may cross, 2 once it is in
the estate where it ends. Gates stand exactly where streets cross walls: no tolerance matters. Estates are apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely import LineString, Point
from shapely.ops import split, substring

from geoplan.model import Town
from geoplan.reach import Metric


@dataclass
class Part:
    """A street, or what a wall leaves of it."""

    street: str
    line: Any
    zone: str
    ends: tuple[Any, Any]
    costs: tuple[float, float]


class Oracle:
    """Costs between any two points of a town, one pair at a time."""

    def __init__(self, town: Town, metric: Metric, *, max_connector_m: float = 200.0) -> None:
        self.metric, self.max_connector_m = metric, max_connector_m
        estates = town.estates if town.estates is not None else town.buildings.iloc[:0]
        walled = {} if town.estates is None else {e: estates.geometry[e] for e in estates.index[estates["walled"]]}
        self.walled = walled
        self.through = {e for e in walled if estates.loc[e, "through"]}
        gates = [] if town.gates is None else list(town.gates.geometry[town.gates["open"]])
        self.gates = gates
        self.obstacles = [shape.boundary for shape in walled.values()]
        if town.barriers is not None:
            self.obstacles += [s.boundary if s.area else s for s in town.barriers.geometry]
        self.parts = list(self._cut(town, metric))
        main = max(nx.connected_components(self._undirected()), key=self._length_of)
        self.main = main

    def _cut(self, town: Town, metric: Metric):
        forward, backward = metric.street_costs(town.streets)
        for row, street in enumerate(town.streets.itertuples()):
            pieces = [street.geometry]
            for shape in self.walled.values():
                pieces = [part for piece in pieces for part in split(piece, shape.boundary).geoms]
            pieces.sort(key=lambda piece, line=street.geometry: line.project(Point(piece.coords[0])))
            for number, piece in enumerate(pieces):
                share = piece.length / street.geometry.length
                tail = ("node", street.u) if number == 0 else ("cut", street.Index, number)
                head = ("node", street.v) if number == len(pieces) - 1 else ("cut", street.Index, number + 1)
                costs = (forward[row] * share, backward[row] * share)
                yield Part(street.Index, piece, self.zone(piece.interpolate(0.5, normalized=True)), (tail, head), costs)

    def zone(self, point: Point) -> str:
        """Walled estate of a point, "" for open land."""
        return next((name for name, shape in self.walled.items() if shape.contains(point)), "")

    def _undirected(self) -> nx.Graph:
        graph = nx.Graph()
        for part in self.parts:
            graph.add_edge(*[(end, part.zone) for end in part.ends])
        for place, zones in self._crossings().items():
            graph.add_edges_from(((place, zones[0]), (place, zone)) for zone in zones[1:])
        return graph

    def _length_of(self, nodes: set[Any]) -> float:
        return sum(part.line.length for part in self.parts if (part.ends[0], part.zone) in nodes)

    def _crossings(self) -> dict[Any, list[str]]:
        """Places on walls with an open gate: the zones that meet there."""
        zones: dict[Any, set[str]] = {}
        where = {}
        for part in self.parts:
            for end, xy in zip(part.ends, (part.line.coords[0], part.line.coords[-1]), strict=True):
                zones.setdefault(end, set()).add(part.zone)
                where[end] = Point(xy)
        return {
            place: sorted(met)
            for place, met in zones.items()
            if len(met) > 1 and any(gate.distance(where[place]) <= 15.0 for gate in self.gates)
        }

    def snap(self, point: Point) -> tuple[Part, float, float] | None:
        """Part, share along it, connector: by trying them all."""
        zone = self.zone(point)
        best = None
        for part in sorted(self.parts, key=lambda p: p.street):
            distance = part.line.distance(point)
            if part.zone != zone or distance > self.max_connector_m:
                continue
            foot = part.line.interpolate(part.line.project(point))
            sight = LineString([point, foot])
            if sight.length > 0.02:
                sight = substring(sight, 0.01, sight.length - 0.01)
                if any(sight.intersects(obstacle) for obstacle in self.obstacles):
                    continue
            rank = distance + (0.0 if (part.ends[0], part.zone) in self.main else 50.0)
            if best is None or rank < best[0]:
                best = (rank, part, part.line.project(point) / part.line.length, distance)
        return best[1:] if best else None

    def cost(self, start: Point, end: Point) -> float:
        """Cost of the walk, inf where there is none."""
        a, b = self.snap(start), self.snap(end)
        if a is None or b is None:
            return np.inf
        graph = self._phases(a[0].zone, b[0].zone)
        (part, share, connector), (goal, goal_share, goal_connector) = a, b
        straight = self.metric.connector_costs(connector + goal_connector)
        first = 0 if self._shut(part.zone) else 1
        self._hang(graph, "start", part, share, first, outwards=True)
        for phase in (1,) if not self._shut(goal.zone) else ((0, 2) if part.zone == goal.zone else (2,)):
            self._hang(graph, "end", goal, goal_share, phase, outwards=False)
        direct = np.inf
        if part is goal:
            ahead = goal_share - share
            direct = ahead * part.costs[0] if ahead >= 0 else -ahead * part.costs[1]
        through = np.inf
        if graph.has_node("start") and graph.has_node("end") and nx.has_path(graph, "start", "end"):
            through = nx.shortest_path_length(graph, "start", "end", weight="cost")
        return float(straight + min(direct, through))

    def _shut(self, zone: str) -> bool:
        return zone != "" and zone not in self.through

    def _phases(self, home: str, goal: str) -> nx.DiGraph:
        graph = nx.DiGraph()
        for part in self.parts:
            phases = [1]
            if self._shut(part.zone):
                phases = [phase for phase, zone in ((0, home), (2, goal)) if part.zone == zone]
            for phase in phases:
                tail, head = ((phase, end, part.zone) for end in part.ends)
                self._arc(graph, tail, head, part.costs[0])
                self._arc(graph, head, tail, part.costs[1])
        for place, zones in self._crossings().items():
            for one in zones:
                for other in zones:
                    leaves = 0 if self._shut(one) else 1
                    arrives = 2 if self._shut(other) else 1
                    if one != other and not (self._shut(one) and one != home):
                        self._arc(graph, (leaves, place, one), (arrives, place, other), 0.0)
        return graph

    def _hang(self, graph: nx.DiGraph, name: str, part: Part, share: float, phase: int, *, outwards: bool) -> None:
        for end, walked in zip(part.ends, (share, 1.0 - share), strict=True):
            at_tail = end == part.ends[0] and walked == share
            node = (phase, end, part.zone)
            if outwards:
                self._arc(graph, name, node, walked * part.costs[1 if at_tail else 0])
            else:
                self._arc(graph, node, name, walked * part.costs[0 if at_tail else 1])

    @staticmethod
    def _arc(graph: nx.DiGraph, a: Any, b: Any, cost: float) -> None:
        if not graph.has_edge(a, b) or graph.edges[a, b]["cost"] > cost:
            graph.add_edge(a, b, cost=cost)


def random_town(seed: int, *, walls: bool) -> Town:
    """A bent grid of streets with gaps, trusted lengths of their own, slopes, stairs; estates and a railway."""
    import handmade as hm
    from worlds import estate, world

    rng = np.random.default_rng(seed)
    columns, rows = int(rng.integers(3, 7)), int(rng.integers(3, 6))
    xy = {
        (c, r): (100.0 * c + rng.uniform(-15, 15), 100.0 * r + rng.uniform(-15, 15))
        for c in range(columns)
        for r in range(rows)
    }
    streets = {}
    for (c, r), place in xy.items():
        for other in ((c + 1, r), (c, r + 1)):
            if other not in xy or rng.random() < 0.12:
                continue
            middle = (np.add(place, xy[other]) / 2 + rng.uniform(-8, 8, 2)).tolist()
            line = LineString([place, middle, xy[other]])
            streets[f"{c}{r}-{other[0]}{other[1]}"] = {
                "geometry": line,
                "u": c * 100 + r,
                "v": other[0] * 100 + other[1],
                "length_m": line.length * rng.uniform(1.0, 1.6),
                "climb_m": rng.choice([np.nan, rng.uniform(-9, 9)]),
                "kind": rng.choice(["residential", "residential", "steps"]),
                "crossing": rng.choice(["", "signal"]),
                "wait_share": 0.5,
            }
    table = hm.streets(streets)
    parts: dict[str, Any] = {}
    if walls:
        estates = {
            "one": estate(-50, -50, 152, 151, through=bool(rng.random() < 0.5)),
            "two": estate(249, 48, 353, 255, through=bool(rng.random() < 0.3)),
        }
        gates = {}
        for name, row in estates.items():
            met = shapely.intersection(table.geometry.array, row["geometry"].boundary)
            for number, (x, y) in enumerate(shapely.get_coordinates(met).tolist()):
                gates[f"{name}{number}"] = {"at": (x, y), "estate": name, "open": bool(rng.random() < 0.6)}
        parts = {"estates": estates, "gates": gates}
    rail = LineString([(-50, 175), (rng.uniform(150, 450), rng.uniform(150, 200))])
    parts["barriers"] = {"rail": {"geometry": rail, "kind": "railway"}}

    def places(count: int) -> np.ndarray:
        return rng.uniform((-40, -40), (100 * columns - 60, 100 * rows - 60), (count, 2))

    homes = {f"h{i}": tuple(at) for i, at in enumerate(places(20))}
    goals = {f"f{i}": tuple(at) for i, at in enumerate(places(4))}
    goals["many"] = [tuple(at) for at in places(3)]
    return world(table, homes, goals, **parts)
