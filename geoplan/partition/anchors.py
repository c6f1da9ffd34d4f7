"""Starts of a search in which units that may not be elsewhere are where they must be, and every part has a site."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geoplan.partition.field import Field, may_be
from geoplan.partition.kernel import components_of_parts

__all__ = ["choose_anchors", "legal_start", "site_hops"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAR = 1e6
_ROUNDS = 12


def site_hops(land: Field) -> Floats:
    """Units to step over from each site's unit to each unit.

    Parameters
    ----------
    land
        What is divided.

    Returns
    -------
    ndarray of float
        Shape (units with a site, units); ``inf`` where no way leads.
    """
    count = len(land.weight)
    graph = csr_array((np.ones(len(land.indices)), land.indices, land.indptr), (count, count))
    if not len(land.site_units):
        return np.zeros((0, count))
    return np.asarray(dijkstra(graph, directed=False, unweighted=True, indices=land.site_units), float)


def choose_anchors(land: Field, part_of: Ints, stands: Ints, hops: Floats, rng: np.random.Generator) -> Ints | None:
    """Give each part a site of its own, as near to the part as possible: in it, where there is one.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit.
    stands
        Today's community of each part.
    hops
        From :func:`site_hops`.
    rng
        Decides among equals.

    Returns
    -------
    ndarray of int64 or None
        Row of the unit that must be in each part; None where there are not enough sites.
    """
    sites = land.site_units
    if len(sites) < land.parts:
        return None
    far = np.where(np.isfinite(hops), hops, _FAR)
    cost = np.stack([far[:, part_of == p].min(axis=1, initial=_FAR) for p in range(land.parts)])
    cost = np.where(may_be(land, stands)[sites].T, cost, _FAR) + 0.5 * rng.random(cost.shape)
    part, site = linear_sum_assignment(cost)
    if (cost[part, site] >= _FAR).any():
        return None
    return np.asarray(sites[site], np.int64)


def legal_start(land: Field, part_of: Ints, allowed: NDArray[np.bool_]) -> Ints | None:
    """The partition with every unit where it is allowed, and each part in one piece.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit.
    allowed
        Whether a unit may be in a part, shape (units, parts).

    Returns
    -------
    ndarray of int64 or None
        None where it could not be made by moving pieces to their neighbours and joining pinned ones by the shortest
        way.
    """
    rows = np.arange(len(part_of))
    if allowed[rows, part_of].all() and _whole(land, part_of):
        return part_of
    part_of = part_of.copy()
    bad = ~allowed[rows, part_of]
    part_of[bad] = np.argmax(allowed[bad], axis=1)
    pinned = allowed.sum(axis=1) == 1
    for _ in range(_ROUNDS):
        if _whole(land, part_of):
            return part_of
        _join_pinned(land, part_of, allowed, pinned)
        _give_loose(land, part_of, allowed, pinned)
    return part_of if _whole(land, part_of) else None


def _whole(land: Field, part_of: Ints) -> bool:
    pieces = len(np.unique(components_of_parts(land.indptr, land.indices, part_of)))
    return pieces == land.parts == len(np.unique(part_of))


def _main(land: Field, piece: Ints, mine: NDArray[np.bool_], pinned: NDArray[np.bool_]) -> int:
    """The piece of a part that stays: with pinned units first, then the heaviest."""
    pieces = np.unique(piece[mine])
    rank = [
        (-int((pinned & (piece == p)).any()), -float(land.weight[piece == p].sum()), int(p)) for p in pieces.tolist()
    ]
    return min(rank)[2]


def _join_pinned(land: Field, part_of: Ints, allowed: NDArray[np.bool_], pinned: NDArray[np.bool_]) -> None:
    """Lead the shortest way from the main piece of a part to its other pieces with pinned units (in place)."""
    for part in range(land.parts):
        while True:
            piece = components_of_parts(land.indptr, land.indices, part_of)
            mine = part_of == part
            if not mine.any():
                break
            home = piece == _main(land, piece, mine, pinned)
            goal = mine & ~home & np.isin(piece, np.unique(piece[mine & pinned & ~home]))
            way = _way(land, home & mine, goal, allowed[:, part] & ~(pinned & ~mine)) if goal.any() else []
            if not way:
                break
            part_of[way] = part


def _way(land: Field, home: NDArray[np.bool_], goal: NDArray[np.bool_], free: NDArray[np.bool_]) -> list[int]:
    """Units between two sets along a shortest way; empty where there is none."""
    before = {int(u): -1 for u in np.flatnonzero(home)}
    queue = deque(before)
    while queue:
        unit = queue.popleft()
        if goal[unit]:
            way = []
            while before[unit] >= 0:
                way.append(unit)
                unit = before[unit]
            return way
        for other in land.beside(unit):
            if free[other] and int(other) not in before:
                before[int(other)] = unit
                queue.append(int(other))
    return []


def _give_loose(land: Field, part_of: Ints, allowed: NDArray[np.bool_], pinned: NDArray[np.bool_]) -> None:
    """Give pieces without pinned units to the part beside them with the longest boundary (in place)."""
    for part in range(land.parts):
        mine = part_of == part
        if not mine.any():
            continue
        piece = components_of_parts(land.indptr, land.indices, part_of)
        home = _main(land, piece, mine, pinned)
        for loose in np.unique(piece[mine & (piece != home)]).tolist():
            members = np.flatnonzero(piece == loose)
            shared = np.zeros(land.parts)
            for unit in members:
                edges = slice(land.indptr[unit], land.indptr[unit + 1])
                np.add.at(shared, part_of[land.indices[edges]], land.shared_m[edges])
            shared[part] = 0.0
            shared[~allowed[members].all(axis=0)] = 0.0
            if shared.any():
                part_of[members] = int(np.argmax(shared))
