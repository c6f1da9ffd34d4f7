"""Directed arcs over the walkways, and how facilities hang on them.

Who does not live or have business in a walled estate may not walk through it. Such a zone therefore has two copies: a
walk that starts in it runs through the *out* copy, whose gates lead outwards only; a walk that ends in it through the
*in* copy, whose gates lead inwards only. A walk starts in the out copy and ends in either (in the out copy if it never
left). Land that anybody may walk through has one copy, and out and in are the same node.

Each facility is a node of its own that arcs only lead to, so that it counts once whatever its doors, and so that a
search backward from it is a search of one source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.reach.metric import Metric
from geoplan.reach.snap import Snaps
from geoplan.reach.walkways import Walkways

__all__ = ["Arcs", "PieceCosts", "build_arcs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PieceCosts:
    """Cost of walking each piece: from tail to head, then from head to tail, then nothing at all (0)."""

    ways: Floats

    @classmethod
    def of(cls, walkways: Walkways, streets: pd.DataFrame, metric: Metric) -> PieceCosts:
        """Each piece's share of its street's costs."""
        pieces = walkways.pieces
        share = pieces.end - pieces.start
        forward, backward = (cost[pieces.street] * share for cost in metric.street_costs(streets))
        return cls(np.concatenate([forward, backward, [0.0]]))

    @property
    def forward(self) -> Floats:
        """From tail to head."""
        return self.ways[: len(self.ways) // 2]

    @property
    def backward(self) -> Floats:
        """From head to tail."""
        return self.ways[len(self.ways) // 2 : -1]


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs of the network; arc ``i`` costs ``share[i]`` of a piece in one direction plus a connector.

    Attributes
    ----------
    out, into
        Network node of each walkway node for walks that have not left its zone, and for walks that end there.
    sink
        Network node of each facility.
    tail, head
        Network nodes of each arc.
    way
        Piece of each arc: ``p`` forward, ``p + number of pieces`` backward.
    share
        Share of the piece that is walked, 0 for links.
    length_m
        Connector walked, metres.
    """

    out: Ints
    into: Ints
    sink: Ints
    tail: Ints
    head: Ints
    way: Ints
    share: Floats
    length_m: Floats

    @property
    def node_count(self) -> int:
        """Number of network nodes."""
        return int(self.into.max(initial=-1)) + 1 + len(self.sink)

    def costs(self, pieces: PieceCosts, metric: Metric) -> Floats:
        """Cost of each arc."""
        return pieces.ways[self.way] * self.share + metric.connector_costs(self.length_m)


def build_arcs(walkways: Walkways, doors: Snaps, facility: Ints, facility_count: int) -> Arcs:
    """Turn pieces and links into arcs, and hang the facilities on them.

    Parameters
    ----------
    walkways
        What can be walked.
    doors
        Snaps of the facilities' doors.
    facility, facility_count
        Facility of each door, and how many there are.

    Returns
    -------
    Arcs
    """
    count = len(walkways.node_zone)
    pieces = len(walkways.pieces)
    out = np.arange(count)
    doubled = np.flatnonzero(~walkways.walls.single[walkways.node_zone])
    into = out.copy()
    into[doubled] = count + np.arange(len(doubled))
    sink = count + len(doubled) + np.arange(facility_count)

    links = walkways.links
    number = np.arange(pieces)
    none = np.full(len(links.a), 2 * pieces)
    a = np.concatenate([walkways.tail, walkways.head, links.a, links.b])
    b = np.concatenate([walkways.head, walkways.tail, links.b, links.a])
    way = np.concatenate([number, number + pieces, none, none])
    share = np.concatenate([np.ones(2 * pieces), np.zeros(2 * len(links.a))])
    length = np.concatenate([np.zeros(2 * pieces), links.length_m, links.length_m])
    tail, head, which = _directed(walkways, out, into, a, b)

    node, door, door_way, door_share, door_length = _door_arcs(walkways, doors)
    sinks = sink[facility[door]]
    again = np.flatnonzero(out[node] != into[node])
    return Arcs(
        out,
        into,
        sink,
        np.concatenate([tail, out[node], into[node[again]]]),
        np.concatenate([head, sinks, sinks[again]]),
        np.concatenate([way[which], door_way, door_way[again]]),
        np.concatenate([share[which], door_share, door_share[again]]),
        np.concatenate([length[which], door_length, door_length[again]]),
    )


def _directed(walkways: Walkways, out: Ints, into: Ints, a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    """Arcs from a to b on the copies: tail, head, and which pair each comes from.

    From out of a's zone one stays out while going to it or a zone around it, and is in another estate otherwise; from
    in a zone one only gets on in it or into a zone within it.
    """
    walls = walkways.walls
    zone_a, zone_b = walkways.node_zone[a], walkways.node_zone[b]
    if not walls.any:
        return out[a], out[b], np.arange(len(a))
    outward = walls.is_within(zone_a, zone_b)
    again = np.flatnonzero(~walls.single[zone_a] & walls.is_within(zone_b, zone_a))
    return (
        np.concatenate([out[a], into[a[again]]]),
        np.concatenate([np.where(outward, out[b], into[b]), into[b[again]]]),
        np.concatenate([np.arange(len(a)), again]),
    )


def _door_arcs(walkways: Walkways, doors: Snaps) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """From nodes to doors: node, door, way, share of it, connector."""
    pieces = len(walkways.pieces)
    on = np.flatnonzero(doors.piece >= 0)
    piece, share, connector = doors.piece[on], doors.share[on], doors.connector_m[on]
    gates = len(doors.gate)
    return (
        np.concatenate([walkways.tail[piece], walkways.head[piece], walkways.gate_node[doors.gate]]),
        np.concatenate([on, on, doors.gate_point]),
        np.concatenate([piece, piece + pieces, np.full(gates, 2 * pieces)]),
        np.concatenate([share, 1.0 - share, np.zeros(gates)]),
        np.concatenate([connector, connector, doors.gate_length_m]),
    )
