"""What can be walked, whatever it costs: streets cut at walls and joined at gates.

A *piece* is a street or the part of one between two cuts. A *node* is a place within one zone: a street that passes a
wall has two nodes there, one on either side, which a *link* joins where a gate is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.cutting import Pieces, cut_streets, split_pieces
from geoplan.reach.options import ReachOptions
from geoplan.reach.sight import Obstacles
from geoplan.reach.walls import OPEN_LAND, Gate, Walls

__all__ = ["Links", "Walkways", "build_walkways"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Foot = tuple[int, int, float, float]

_SEAM_M = 5.0
_SLACK_M = 0.05
"""A connector may leave its zone by this much: coordinates are rounded."""


@dataclass(frozen=True, slots=True)
class Links:
    """Straight connections between nodes: through a gate (no length), or from a gate to a street or another gate."""

    a: Ints
    b: Ints
    length_m: Floats


@dataclass(frozen=True, slots=True)
class Walkways:
    """What can be walked.

    Attributes
    ----------
    walls, gates
        The zones and the open gates.
    pieces
        Streets cut at walls and at the feet of gates.
    tail, head
        Node at either end of each piece.
    node_xy, node_zone
        Place and zone of each node.
    links
        Connections at gates.
    gate_node
        Node of each gate; its zone is the one outside the gate.
    component
        Connected component of each node, numbered by street length, the main one 0; one-way rules of zones aside.
    walled_in
        Per component, whether walls shut it in.
    """

    walls: Walls
    gates: tuple[Gate, ...]
    pieces: Pieces
    tail: Ints
    head: Ints
    node_xy: Floats
    node_zone: Ints
    links: Links
    gate_node: Ints
    component: Ints
    walled_in: NDArray[np.bool_]

    def gates_of(self, zone: int) -> list[int]:
        """Numbers of the gates that a walk within the zone can go to: its own, and those of estates in it."""
        return [n for n, gate in enumerate(self.gates) if zone in gate.zones or gate.outer == zone]


def build_walkways(
    streets: gpd.GeoDataFrame, rank: Ints, walls: Walls, gates: list[Gate], barriers: Obstacles, options: ReachOptions
) -> Walkways:
    """Cut the streets at the walls and join them at the gates.

    Parameters
    ----------
    streets
        Table by :data:`geoplan.model.STREETS`.
    rank
        Rank of each street by its id: decides ties.
    walls, gates
        The zones and the open gates.
    barriers
        What the connectors of gates may not cross, besides walls.
    options
        Tolerances.

    Returns
    -------
    Walkways
    """
    pieces = cut_streets(streets, walls)
    gate, foot, share, length = _gate_feet(pieces, rank, walls, gates, barriers, options)
    foot_zone = pieces.zone[foot]
    pieces, foot_place = split_pieces(pieces, foot, share)

    zones, count = len(walls), len(pieces)
    codes = np.concatenate(
        [
            pieces.tail_place * zones + pieces.tail_zone,
            pieces.head_place * zones + pieces.head_zone,
            (pieces.place_count + np.arange(len(gates))) * zones + np.array([g.outer for g in gates], dtype=np.int64),
        ]
    )
    nodes, number = np.unique(codes, return_inverse=True)
    tail, head, gate_node = np.split(number, [count, 2 * count])
    xy = np.empty((len(nodes), 2))
    xy[tail] = shapely.get_coordinates(shapely.get_point(pieces.line, 0))
    xy[head] = shapely.get_coordinates(shapely.get_point(pieces.line, -1))
    if gates:
        xy[gate_node] = [g.xy for g in gates]
    place, zone = nodes // zones, nodes % zones
    joins = _joins(place, zone, xy, walls, gates, options)
    spans = _spans(pieces, walls, gates, gate_node)
    links = Links(
        np.concatenate([joins[0], gate_node[gate], spans.a]),
        np.concatenate([joins[1], np.searchsorted(nodes, foot_place * zones + foot_zone), spans.b]),
        np.concatenate([np.zeros(len(joins[0])), length, spans.length_m]),
    )
    ways_out = gate_node[[n for n, gate in enumerate(gates) if len(gate.zones) == 1]]
    component, walled_in = _components(streets, rank, pieces, tail, head, links, zone, ways_out)
    return Walkways(walls, tuple(gates), pieces, tail, head, xy, zone, links, gate_node, component, walled_in)


def _gate_feet(
    pieces: Pieces, rank: Ints, walls: Walls, gates: list[Gate], barriers: Obstacles, options: ReachOptions
) -> tuple[Ints, Ints, Floats, Floats]:
    """Where each gate's connectors meet the nearest piece in sight, in each of its zones and outside them.

    Gate, piece, share along the piece, length.
    """
    rows: list[Foot] = []
    if gates and len(pieces):
        spots = shapely.points([gate.xy for gate in gates])
        tree = shapely.STRtree(pieces.line)
        which, piece = tree.query(spots, predicate="dwithin", distance=options.max_connector_m)
        which, piece = which[pieces.snappable[piece]], piece[pieces.snappable[piece]]
        length = np.round(shapely.distance(spots[which], pieces.line[piece]), 6)
        order = np.lexsort((pieces.start[piece], rank[pieces.street[piece]], length, which))
        which, piece = which[order], piece[order]
        ends = np.searchsorted(which, np.arange(len(gates) + 1))
        rooms = _Rooms.of(walls, options.wall_tolerance_m)
        for number, gate in enumerate(gates):
            near = piece[ends[number] : ends[number + 1]]
            for zone in (*gate.zones, gate.outer):
                for candidate in near[pieces.zone[near] == zone].tolist():
                    connector = shapely.shortest_line(spots[number], pieces.line[candidate])
                    if rooms.hold(connector, zone, gate) and not _is_barred(connector, barriers):
                        foot = shapely.get_point(connector, -1)
                        share = shapely.line_locate_point(pieces.line[candidate], foot, normalized=True)
                        rows.append((number, candidate, float(share), float(shapely.length(connector))))
                        break
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3]


def _is_barred(connector: Any, barriers: Obstacles) -> bool:
    ends = shapely.get_coordinates(connector)
    return bool(barriers.barred(ends[:1], ends[1:])[0])


@dataclass(frozen=True, slots=True)
class _Rooms:
    """The zones' land, a little larger and a little smaller: coordinates are rounded, and feet lie on the very edge."""

    walls: Walls
    wall_tolerance_m: float
    larger: NDArray[Any]
    smaller: NDArray[Any]

    @classmethod
    def of(cls, walls: Walls, wall_tolerance_m: float) -> _Rooms:
        larger, smaller = (shapely.buffer(walls.regions, by, join_style="mitre") for by in (_SLACK_M, -_SLACK_M))
        shapely.prepare(larger)
        shapely.prepare(smaller)
        return cls(walls, wall_tolerance_m, larger, smaller)

    def hold(self, connector: Any, zone: int, gate: Gate) -> bool:
        """Whether a gate's connector keeps to a zone, but for the wall's own thickness."""
        if zone != OPEN_LAND:
            ends = shapely.get_coordinates(connector)
            inner = shapely.shortest_line(self.walls.regions[zone], shapely.points(ends[0]))
            inside = shapely.linestrings([shapely.get_coordinates(inner)[0], ends[1]])
            return bool(shapely.covers(self.larger[zone], inside))
        touched = self.walls.region_tree.query(connector) + 1
        if shapely.intersects(self.smaller[touched], connector).any():
            return False
        if len(gate.zones) == 1:
            return True
        # a gate from one estate into another does not lead out along the seam between them
        seam = shapely.buffer(shapely.union_all(self.walls.outlines[list(gate.zones)]), self.wall_tolerance_m)
        within = shapely.length(shapely.intersection(connector, seam))
        return bool(within <= 2.0 * self.wall_tolerance_m + 1.0)


def _joins(
    place: Ints, zone: Ints, xy: Floats, walls: Walls, gates: list[Gate], options: ReachOptions
) -> tuple[Ints, Ints]:
    """Pairs of nodes at one place whose zones an open gate nearby connects."""
    pairs: list[tuple[int, int]] = []
    if gates:
        order = np.lexsort((zone, place))
        first = np.flatnonzero(np.diff(place[order], prepend=-1))
        size = np.diff([*first, len(order)])
        first, size = first[size > 1], size[size > 1]
        tree = shapely.STRtree(shapely.points([gate.xy for gate in gates]))
        spots = shapely.points(xy[order[first]])
        crossing, gate = tree.query(spots, predicate="dwithin", distance=options.gate_tolerance_m)
        opened: dict[int, set[int]] = {}
        for number, near in zip(crossing.tolist(), gate.tolist(), strict=True):
            opened.setdefault(number, set()).update(gates[near].zones)
        for number, zones in sorted(opened.items()):
            here = order[first[number] : first[number] + size[number]].tolist()
            pairs += [
                (a, b)
                for i, a in enumerate(here)
                for b in here[i + 1 :]
                if walls.between(int(zone[a]), int(zone[b])) <= zones
            ]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _spans(pieces: Pieces, walls: Walls, gates: list[Gate], gate_node: Ints) -> Links:
    """Straight links from gate to gate through estates without streets of their own.

    Gates of an estate that may be walked through, and gates of estates within it to its own gates.
    """
    rows: list[tuple[int, int, float]] = []
    with_streets = set(np.unique(pieces.zone[pieces.snappable]).tolist())
    for zone in range(1, len(walls)):
        if zone in with_streets:
            continue
        own = [n for n, gate in enumerate(gates) if zone in gate.zones]
        inner = [n for n, gate in enumerate(gates) if gate.outer == zone]
        pairs = [(a, b) for a in inner for b in own]
        pairs += [(a, b) for i, a in enumerate(inner) for b in inner[i + 1 :]]
        if walls.single[zone]:
            pairs += [(a, b) for i, a in enumerate(own) for b in own[i + 1 :]]
        for a, b in pairs:
            apart = float(np.hypot(*np.subtract(gates[a].xy, gates[b].xy)))
            rows.append((int(gate_node[a]), int(gate_node[b]), apart))
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Links(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])


def _components(
    streets: gpd.GeoDataFrame,
    rank: Ints,
    pieces: Pieces,
    tail: Ints,
    head: Ints,
    links: Links,
    zone: Ints,
    ways_out: Ints,
) -> tuple[Ints, NDArray[np.bool_]]:
    """Component of each node, largest first; and per component whether walls shut it in."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = np.concatenate([tail, links.a]), np.concatenate([head, links.b])
    matrix = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(zone), len(zone)))
    count, label = connected_components(matrix, directed=False)
    share = pieces.end - pieces.start
    walked = streets["length_m"].to_numpy(np.float64)[pieces.street] * share
    length = np.bincount(label[tail], weights=walked, minlength=count)
    # equal lengths: the component with the smallest street id; gates alone keep their order
    smallest = np.full(count, len(streets), dtype=np.int64)
    np.minimum.at(smallest, label[tail], rank[pieces.street])
    order = np.lexsort((smallest, -np.round(length, 3)))
    number = np.empty(count, dtype=np.int64)
    number[order] = np.arange(count)
    component = number[label]
    # shut in: nothing of open land but the seam between two walls, and no gate that leads out
    in_open = np.bincount(component[tail], weights=walked * (pieces.zone == OPEN_LAND), minlength=count)
    walled_in = (in_open <= _SEAM_M) & (np.bincount(component[zone != OPEN_LAND], minlength=count) > 0)
    walled_in[component[ways_out]] = False
    walled_in[:1] = False
    return component, walled_in
