"""Walks brought up to date: what the last search knew, and a new one only where the streets or facilities differ.

A search from all facilities leaves at each node the cost of the nearest one and which it is. If a street is closed, a
gate opened or a facility added, most of that still holds. The networks of then and now are compared arc by arc:

- what rested on an arc or a facility that is gone is forgotten, with all that rested on it;
- a search starts from the rim of what was forgotten, from the new arcs and from the new facilities, and goes only
  where it improves on what is known.

Costs are whole quanta and ties go to the smallest facility, so there is one answer, and it is that of a full search.
Which node of then is which node of now is told by place; a mistake there would only make more arcs differ.

References
----------
Ramalingam and Reps (1996), An incremental algorithm for a generalization of the shortest-path problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "NodeLabels", "as_record", "compare_networks", "name_nodes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Names = NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class NodeLabels:
    """What a search from some facilities found at every node, with the network that it went through.

    Attributes
    ----------
    decimals
        Of the quantum that costs are counted in: ``10**-decimals`` of the metric's unit.
    names
        Name of each node, by place; see :func:`name_nodes`.
    cost
        Quanta to the nearest facility, -1 where there is no way.
    label
        Row in ``facilities`` of the nearest one, -1 where there is no way.
    facilities
        Ids of the facilities that were searched for, sorted.
    tail, head, quanta
        The arcs.
    """

    decimals: int
    names: Names
    cost: Ints
    label: Ints
    facilities: tuple[str, ...]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    quanta: Ints


class Change(NamedTuple):
    """What of an earlier search still holds, and where a new one starts; labels are rows of the new facilities.

    ``known``, ``known_cost``, ``known_label``: nodes and what holds there. ``starts``, ``spent``, ``start_label``:
    nodes to start from, the quanta already spent there and the facility that they lead to.
    """

    known: Ints
    known_cost: Ints
    known_label: Ints
    starts: Ints
    spent: Ints
    start_label: Ints


def name_nodes(xy: Floats, zone: Names) -> Names:
    """Names that nodes keep from one network to the next: by place and zone, numbered where several share these.

    Parameters
    ----------
    xy
        Coordinates, n x 2.
    zone
        A number for what else tells nodes apart.

    Returns
    -------
    ndarray of uint64

    Examples
    --------
    >>> names = name_nodes(np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 1.0]]), np.zeros(3, dtype=np.uint64))
    >>> len(set(names.tolist()))
    3
    """
    bits = np.ascontiguousarray(xy, dtype=np.float64).view(np.uint64).reshape(-1, 2)
    base = _mix(_mix(zone, bits[:, 0]), bits[:, 1])
    order = np.argsort(base, kind="stable")
    first = np.flatnonzero(np.diff(base[order], prepend=base[order][:1] ^ np.uint64(1)) != 0)
    count = np.diff(np.append(first, len(order)))
    number = np.empty(len(order), dtype=np.uint64)
    number[order] = np.arange(len(order)) - np.repeat(first, count)
    return _mix(base, number)


def _mix(state: Names, value: Names) -> Names:
    mixed = (state ^ value) * _ODD
    return np.asarray((mixed ^ (mixed >> _SHIFT)) * _ODD, dtype=np.uint64)


def compare_networks(old: NodeLabels, new: NodeLabels, sinks: Ints) -> Change:
    """Compare two networks and say what of the earlier search still holds.

    Parameters
    ----------
    old
        The earlier search.
    new
        The network now; its costs and labels are not looked at.
    sinks
        Node of each of ``new.facilities``.

    Returns
    -------
    Change
    """
    count = len(new.names)
    old_of = _match(old.names, new.names)
    new_of = np.full(len(old.names), -1, dtype=np.int64)
    new_of[old_of[old_of >= 0]] = np.flatnonzero(old_of >= 0)
    rank = {facility: row for row, facility in enumerate(new.facilities)}
    relabel = np.array([*(rank.get(facility, -1) for facility in old.facilities), -1], dtype=np.int64)
    there = np.flatnonzero(old_of >= 0)
    cost, label = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    cost[there], label[there] = old.cost[old_of[there]], relabel[old.label[old_of[there]]]
    kept_arcs, gone, added = _arc_changes(old, new, new_of)
    # a node rests on an arc if its way to the facility may begin with it
    lost = np.zeros(count, dtype=bool)
    tight = (old.cost[old.tail[gone]] == old.cost[old.head[gone]] + old.quanta[gone]) & (old.cost[old.head[gone]] >= 0)
    lost[_there(new_of[old.tail[gone[tight]]])] = True
    lost |= (cost >= 0) & (label < 0)
    lost = _spread(lost, new, kept_arcs, cost)
    cost[lost], label[lost] = -1, -1
    known = np.flatnonzero(cost >= 0)
    rim = (lost | (old_of < 0))[new.tail]
    rim[added] = True
    rim &= cost[new.head] >= 0
    arc = np.flatnonzero(rim)
    starts = np.concatenate([new.tail[arc].astype(np.int64), sinks])
    spent = np.concatenate([cost[new.head[arc]] + new.quanta[arc], np.zeros(len(sinks), dtype=np.int64)])
    to = np.concatenate([label[new.head[arc]], np.arange(len(sinks))])
    better = (cost[starts] < 0) | (spent < cost[starts]) | ((spent == cost[starts]) & (to < label[starts]))
    return Change(known, cost[known], label[known], starts[better], spent[better], to[better])


def _match(old: Names, new: Names) -> Ints:
    """For each new name its place among the old ones, -1 where it is none of them."""
    if not len(old):
        return np.full(len(new), -1, dtype=np.int64)
    order = np.argsort(old, kind="stable")
    at = np.minimum(np.searchsorted(old[order], new), len(old) - 1)
    return np.where(old[order][at] == new, order[at], -1)


def _there(nodes: Ints) -> Ints:
    return nodes[nodes >= 0]


def _arc_changes(old: NodeLabels, new: NodeLabels, new_of: Ints) -> tuple[Ints, Ints, Ints]:
    """New arcs that are among the old ones, old arcs that are gone, and new arcs that are added."""
    count = np.int64(len(new.names) + 1)
    tail, head = new_of[old.tail], new_of[old.head]
    pair = np.concatenate([tail * count + head, new.tail.astype(np.int64) * count + new.head])
    quanta = np.concatenate([old.quanta, new.quanta])
    order = np.lexsort((quanta, pair))
    same = np.zeros(len(order), dtype=bool)
    same[1:] = (np.diff(pair[order]) == 0) & (np.diff(quanta[order]) == 0)
    group = np.cumsum(~same) - 1
    is_new = order >= len(old.tail)
    groups = int(group[-1]) + 1 if len(group) else 0
    has_new = np.bincount(group, is_new, groups) > 0
    has_old = np.bincount(group, ~is_new, groups) > 0
    of = np.empty(len(order), dtype=np.int64)
    of[order] = group
    of_old, of_new = of[: len(old.tail)], of[len(old.tail) :]
    gone = np.flatnonzero(~has_new[of_old] | (tail < 0) | (head < 0))
    return np.flatnonzero(has_old[of_new]), gone, np.flatnonzero(~has_old[of_new])


def _spread(lost: NDArray[np.bool_], new: NodeLabels, arcs: Ints, cost: Ints) -> NDArray[np.bool_]:
    """All that rests on what is lost, arc by arc; a node with another way as good is looked at again too."""
    tail, head = new.tail[arcs], new.head[arcs]
    tight = (cost[head] >= 0) & (cost[tail] == cost[head] + new.quanta[arcs])
    tail, head = tail[tight], head[tight]
    order = np.argsort(head, kind="stable")
    tail, head = tail[order], head[order]
    begin, end = (np.searchsorted(head, np.arange(len(cost)), side=side) for side in ("left", "right"))
    lost = lost.copy()
    front = np.flatnonzero(lost)
    while len(front):
        size = end[front] - begin[front]
        member = np.repeat(begin[front] - np.concatenate([[0], np.cumsum(size)[:-1]]), size) + np.arange(
            int(size.sum())
        )
        reached = np.unique(tail[member])
        front = reached[~lost[reached]]
        lost[front] = True
    return lost


def as_record(labels: NodeLabels) -> dict[str, Any]:
    """Plain arrays, to be kept.

    Parameters
    ----------
    labels
        What a search found.

    Returns
    -------
    dict
        To be read back by ``NodeLabels(**record)``.
    """
    return {name: getattr(labels, name) for name in NodeLabels.__dataclass_fields__}
