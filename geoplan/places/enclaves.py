"""Parts that interleave: detached pieces, holes, single cells, clusters and notches, each with its mend.

The rules, by boundaries that join (an uncrossed barrier does not):

- a *piece* is a connected lot of units of a part that is not the part's main piece (the one with most households);
- a piece with a single other part all around it is a ``hole``; else one unit alone is a ``cell``, several are a
  ``cluster``; a piece that is cut off by a barrier only, or joins no other part, is ``detached``;
- a ``notch`` is a unit with households, joined to its part, with less than a quarter of its outline along its own part
  and more than three fifths along one other, with less than half of its part's households, and without which its part
  holds together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geoplan.places.units import Units

__all__ = ["ENCLAVES", "NOTCH_OTHER", "NOTCH_OWN", "find_enclaves", "part_pieces"]

ENCLAVES = ("kind", "part", "units", "households", "surrounded_by", "mend")
"""Columns of the table of enclaves."""

NOTCH_OWN = 0.25
NOTCH_OTHER = 0.6
"""A notch has less than the first share of its outline along its own part and more than the second along one other."""

_ORDER = {"hole": 0, "cell": 1, "cluster": 2, "detached": 3, "notch": 4, "overlap": 5, "gap": 6}
_EDGE_M = 0.5
"""So much boundary with no unit puts a piece at the edge of the town."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Units, parts and boundaries as arrays; pairs both ways round."""

    ids: NDArray[np.object_]
    names: NDArray[np.object_]
    part: NDArray[np.int64]
    households: NDArray[np.float64]
    outer_m: NDArray[np.float64]
    one: NDArray[np.int64]
    two: NDArray[np.int64]
    shared_m: NDArray[np.float64]
    joins: NDArray[np.bool_]
    parent: NDArray[np.int64]

    def pieces(self) -> NDArray[np.int64]:
        """Number of the connected piece of its part that each unit lies in."""
        keep = self.joins & (self.part[self.one] == self.part[self.two])
        n = len(self.ids)
        graph = coo_matrix((np.ones(keep.sum()), (self.one[keep], self.two[keep])), shape=(n, n))
        return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _plan(units: Units, part_of: pd.Series) -> _Plan:
    ids = units.table.index.to_numpy(dtype=object)
    names, part = np.unique(part_of.reindex(units.table.index).to_numpy(dtype=object), return_inverse=True)
    at = pd.Index(ids)
    rows = units.contiguity
    one, two = at.get_indexer(rows["unit"]), at.get_indexer(rows["neighbor"])
    metre, joins = rows["shared_m"].to_numpy(float), rows["joins"].to_numpy(bool)
    one, two = np.concatenate([one, two]), np.concatenate([two, one])
    metre, joins = np.concatenate([metre, metre]), np.concatenate([joins, joins])
    around = units.table.geometry.length.to_numpy(float)
    outer = around - np.bincount(one, weights=metre, minlength=len(ids))
    parent = np.zeros(len(ids), np.int64)
    if units.parent is not None:
        parent = pd.factorize(units.parent.reindex(units.table.index).to_numpy(dtype=object))[0]
    held = units.table["households"].to_numpy(float)
    return _Plan(ids, names, part.astype(np.int64), held, outer, one, two, metre, joins, parent)


def part_pieces(units: Units, part_of: pd.Series) -> pd.Series:
    """Which connected piece of its part each unit lies in.

    Parameters
    ----------
    units
        Units with their contiguity.
    part_of
        Part id of each unit.

    Returns
    -------
    Series of int
        Indexed like ``units.table``: 0 for the main piece of each part (the one with most households, then most units,
        then the smallest unit id), 1, 2, ... for the others.
    """
    plan = _plan(units, part_of)
    return pd.Series(_ranked(plan, plan.pieces()), index=units.table.index, name="piece")


def _ranked(plan: _Plan, piece: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of each unit's piece within its part."""
    held = np.bincount(piece, weights=plan.households)
    size = np.bincount(piece)
    first = np.unique(piece, return_index=True)[1]
    owner = plan.part[first]
    order = np.lexsort((first, -size, -held, owner))
    rank = np.zeros(len(first), np.int64)
    start = np.searchsorted(owner[order], owner[order])
    rank[order] = np.arange(len(order)) - start
    return rank[piece]


def find_enclaves(units: Units, part_of: pd.Series) -> pd.DataFrame:
    """Find where parts interleave, and what would mend it.

    Parameters
    ----------
    units
        Units with their contiguity.
    part_of
        Part id of each unit, such as ``units.table["base"]`` for today's.

    Returns
    -------
    DataFrame
        kind, part, units (tuple of ids), households, surrounded_by (tuple of the parts beside it, the longest shared
        boundary first), mend (id of the part that it should join, or None where no neighbour may take it). Overlaps and
        gaps of today's polygons come last; their ``units`` are the ids of today's units concerned. Sorted by kind, part
        and units.
    """
    plan = _plan(units, part_of)
    piece = plan.pieces()
    rank = _ranked(plan, piece)
    rows = [_piece_row(plan, np.flatnonzero(piece == p)) for p in np.unique(piece[rank > 0])]
    rows += _notches(plan, piece, rank)
    if units.flaws is not None:
        for kind, beside in zip(units.flaws["kind"], units.flaws["units"], strict=True):
            mend = beside[0] if len(beside) else None
            rows.append((str(kind), str(mend or ""), tuple(beside), 0.0, tuple(beside), mend))
    rows.sort(key=lambda row: (_ORDER[row[0]], row[1], row[2]))
    table = pd.DataFrame(rows, columns=list(ENCLAVES)).astype({"kind": "str", "part": "str", "households": float})
    # Set for itself: a column of ids and None that pandas infers would hold NaN.
    return table.assign(mend=pd.Series([row[-1] for row in rows], index=table.index, dtype=object))


_Row = tuple[str, str, tuple[str, ...], float, tuple[str, ...], str | None]


def _beside(plan: _Plan, members: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boundary of some units with every part, outside of the units: in all, and where it joins."""
    inside = np.zeros(len(plan.ids), bool)
    inside[members] = True
    use = inside[plan.one] & ~inside[plan.two]
    there, metre = plan.part[plan.two[use]], plan.shared_m[use]
    count = len(plan.names)
    every = np.bincount(there, weights=metre, minlength=count)
    joined = np.bincount(there, weights=metre * plan.joins[use], minlength=count)
    return every.astype(float), joined.astype(float)


def _takers(plan: _Plan, members: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Parts in the same unit of the level above."""
    same = np.zeros(len(plan.names), bool)
    same[np.unique(plan.part[plan.parent == plan.parent[members[0]]])] = True
    return same


def _longest(metres: NDArray[np.float64]) -> NDArray[np.int64]:
    """Parts with any boundary, the longest first, the smallest id first among equals."""
    parts = np.flatnonzero(metres > 0)
    return parts[np.lexsort((parts, -np.round(metres[parts], 3)))]


def _row(plan: _Plan, kind: str, members: NDArray[np.int64], every: NDArray[np.float64], mend: int | None) -> _Row:
    own = plan.part[members[0]]
    around = every.copy()
    around[own] = 0.0
    return (
        kind,
        str(plan.names[own]),
        tuple(str(i) for i in plan.ids[members]),
        float(plan.households[members].sum()),
        tuple(str(plan.names[p]) for p in _longest(around)),
        None if mend is None else str(plan.names[mend]),
    )


def _piece_row(plan: _Plan, members: NDArray[np.int64]) -> _Row:
    own = plan.part[members[0]]
    every, joined = _beside(plan, members)
    cut_off = every[own] > 0
    joined[own] = 0.0
    around = np.flatnonzero((every > 0) & (np.arange(len(every)) != own))
    at_edge = plan.outer_m[members].sum() > _EDGE_M
    takers = _longest(np.where(_takers(plan, members), joined, 0.0))
    if cut_off or not joined.any():
        kind = "detached"
    elif len(around) == 1 and not at_edge:
        kind = "hole"
    else:
        kind = "cell" if len(members) == 1 else "cluster"
    return _row(plan, kind, members, every, int(takers[0]) if len(takers) else None)


def _notches(plan: _Plan, piece: NDArray[np.int64], rank: NDArray[np.int64]) -> list[_Row]:
    n, k = len(plan.ids), len(plan.names)
    there = plan.part[plan.two]
    shared = coo_matrix((plan.shared_m * plan.joins, (plan.one, there)), shape=(n, k)).toarray()
    all_m = plan.outer_m + np.bincount(plan.one, weights=plan.shared_m, minlength=n)
    own = shared[np.arange(n), plan.part]
    other = shared.copy()
    other[np.arange(n), plan.part] = 0.0
    most = np.round(other, 3).argmax(axis=1)
    little = (own < NOTCH_OWN * all_m) & (own > 0)
    much = other[np.arange(n), most] > NOTCH_OTHER * all_m
    fringe = 2 * plan.households < np.bincount(plan.part, weights=plan.households, minlength=k)[plan.part]
    rows: list[_Row] = []
    for unit in np.flatnonzero(little & much & fringe & (rank == 0) & (plan.households > 0)):
        members = np.array([unit])
        if _holds_without(plan, piece, int(unit)) and _takers(plan, members)[most[unit]]:
            rows.append(_row(plan, "notch", members, _beside(plan, members)[0], int(most[unit])))
    return rows


def _holds_without(plan: _Plan, piece: NDArray[np.int64], unit: int) -> bool:
    """Whether the piece without the unit is not empty and still in one piece."""
    members = np.flatnonzero(piece == piece[unit])
    members = members[members != unit]
    if not len(members):
        return False
    at = np.full(len(plan.ids), -1)
    at[members] = np.arange(len(members))
    use = plan.joins & (at[plan.one] >= 0) & (at[plan.two] >= 0)
    pairs = (at[plan.one[use]], at[plan.two[use]])
    graph = coo_matrix((np.ones(use.sum()), pairs), shape=(len(members), len(members)))
    return int(connected_components(graph, directed=False)[0]) == 1
