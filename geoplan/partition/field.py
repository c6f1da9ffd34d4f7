"""What is divided, as arrays; what a partition of it is worth, and whether it keeps every rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.outcome import match_parts
from geoplan.partition.walks import Sites
from geoplan.places.enclaves import NOTCH_OTHER, NOTCH_OWN

__all__ = ["OBJECTIVES", "Field", "Pairs", "keeps_rules", "may_be", "notches", "score", "stands_for", "whole_without"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OBJECTIVES = ("moved", "even", "walk", "compact", "cut_edges", "barriers")
"""What can be favoured."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Units side by side, each pair once, whether they join or not.

    Attributes
    ----------
    one, two
        Rows of the units.
    shared_m
        Their common boundary, metres.
    joins
        Whether they may be joined across it.
    barrier
        Number of the barrier along it, -1 for none.
    """

    one: Ints
    two: Ints
    shared_m: Floats
    joins: NDArray[np.bool_]
    barrier: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What is divided: units as arrays, today's communities, limits, walks.

    Attributes
    ----------
    indptr, indices, shared_m
        Units that may be joined, and the boundary that they share.
    across
        For each entry of ``indices``, whether a barrier that a street crosses lies between.
    pairs
        All units side by side, for measuring.
    around_m
        Length of each unit's outline, metres.
    weight
        Households of each unit.
    base
        Today's community of each unit, 0 to m - 1.
    base_ids
        Ids of today's communities.
    lower, upper, target
        Range and target of a part.
    parts
        Number of parts.
    walks
        Walks to the sites.
    fixed
        Mask of units that stay in today's community.
    closed
        Today's communities that take no other unit.
    site_each
        Whether every part needs a site in it.
    asked_upper
        Upper end of the range as asked for, which may be infinite or above all there is; ``upper`` if None.
    """

    indptr: Ints
    indices: Ints
    shared_m: Floats
    across: NDArray[np.bool_]
    pairs: Pairs
    around_m: Floats
    weight: Floats
    base: Ints
    base_ids: tuple[str, ...]
    lower: float
    upper: float
    target: float
    parts: int
    walks: Sites
    fixed: NDArray[np.bool_]
    closed: tuple[int, ...] = ()
    site_each: bool = False
    asked_upper: float | None = None

    @property
    def said_upper(self) -> float:
        """Upper end of the range as a reader knows it."""
        return self.upper if self.asked_upper is None else self.asked_upper

    @property
    def bound_bases(self) -> list[int]:
        """Today's communities that cannot be given up: those locked, and those of locked units."""
        return sorted({*self.closed, *np.unique(self.base[self.fixed]).tolist()})

    @property
    def site_units(self) -> Ints:
        """Rows of the units in which a centre or candidate site stands, each once."""
        return np.unique(self.walks.unit[self.walks.unit >= 0])

    def beside(self, unit: int) -> Ints:
        """Rows of the units that join a unit."""
        return self.indices[self.indptr[unit] : self.indptr[unit + 1]]

    def held(self, part_of: Ints) -> Floats:
        """Households of each part."""
        return np.bincount(part_of, weights=self.weight, minlength=self.parts).astype(float)


def may_be(land: Field, stands: Ints) -> NDArray[np.bool_]:
    """Whether the locks allow each unit in each part.

    Parameters
    ----------
    land
        What is divided.
    stands
        Today's community that each part stands for, -1 for new ones.

    Returns
    -------
    ndarray of bool
        Shape (units, parts).
    """
    stays = land.base[:, None] == stands[None, :]
    closed = np.isin(stands, land.closed)
    return np.asarray(stays | ~(closed[None, :] | land.fixed[:, None]), bool)


def keeps_rules(land: Field, part_of: Ints) -> bool:
    """Whether a partition keeps every rule: number, range, one piece each, locks, and a site each where asked.

    Parameters
    ----------
    land
        What is divided, with its rules.
    part_of
        Part of each unit.

    Returns
    -------
    bool
    """
    if (part_of < 0).any() or len(np.unique(part_of)) != land.parts or int(part_of.max()) >= land.parts:
        return False
    held = land.held(part_of)
    pieces = len(np.unique(components_of_parts(land.indptr, land.indices, part_of)))
    allowed = may_be(land, stands_for(land, part_of))[np.arange(len(part_of)), part_of]
    sited = not land.site_each or len(np.unique(part_of[land.site_units])) == land.parts
    in_range = (held >= land.lower).all() and (held <= land.upper).all()
    return bool(pieces == land.parts and in_range and allowed.all() and sited)


def stands_for(land: Field, part_of: Ints) -> Ints:
    """Today's community that each part stands for: where most households stay, and where locked units are.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit.

    Returns
    -------
    ndarray of int64
        Community of each part, -1 for new parts.
    """
    # locks go before households, and households before the mere number of units
    weight = land.weight + float(land.weight.sum() + 1.0) * land.fixed + 1e-6
    old_of = match_parts(weight, land.base, part_of)
    stays = np.zeros((land.parts, len(land.base_ids)), bool)
    stays[part_of, land.base] = True
    found = [old_of.get(p, -1) for p in range(land.parts)]
    return np.array([b if b >= 0 and stays[p, b] else -1 for p, b in enumerate(found)], np.int64)


def score(land: Field, part_of: Ints) -> dict[str, float]:
    """What is measured of a partition, by what is favoured.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit.

    Returns
    -------
    dict
        ``moved`` households, ``even`` the largest relative deviation from the target, ``walk`` mean minutes to the
        part's own site (0 without sites), ``compact`` metres of boundary between parts, ``cut_edges`` joints between
        parts, ``barriers`` the sum over the parts of the barriers that each lies on both sides of.
    """
    pairs, stands = land.pairs, stands_for(land, part_of)
    minutes = land.walks.to_parts(part_of, land.parts)[np.arange(len(part_of)), part_of]
    cut = part_of[pairs.one] != part_of[pairs.two]
    astride = ~cut & (pairs.barrier >= 0)
    straddled = np.unique(
        part_of[pairs.one[astride]] * (int(pairs.barrier.max(initial=0)) + 1) + pairs.barrier[astride]
    )
    return {
        "moved": float(land.weight[stands[part_of] != land.base].sum()),
        "even": float(np.abs(land.held(part_of) / land.target - 1).max()),
        "walk": float(minutes @ land.weight) / max(float(land.weight.sum()), 1e-9),
        "compact": float(pairs.shared_m[cut].sum()),
        "cut_edges": float((cut & pairs.joins).sum()),
        "barriers": float(len(straddled)),
    }


def notches(land: Field, part_of: Ints) -> list[tuple[int, int]]:
    """Units that stick out into another part, with that part; by the rule of :func:`find_enclaves`.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit, every part in one piece.

    Returns
    -------
    list of (unit, part)
    """
    tail = np.repeat(np.arange(len(part_of)), np.diff(land.indptr))
    with_part = np.bincount(
        tail * land.parts + part_of[land.indices], weights=land.shared_m, minlength=len(part_of) * land.parts
    ).reshape(len(part_of), land.parts)
    rows = np.arange(len(part_of))
    own = with_part[rows, part_of]
    with_part[rows, part_of] = 0.0
    most = np.round(with_part, 3).argmax(axis=1)
    sticks = (own < NOTCH_OWN * land.around_m) & (own > 0) & (land.weight > 0)
    sticks &= 2 * land.weight < land.held(part_of)[part_of]
    sticks &= with_part[rows, most] > NOTCH_OTHER * land.around_m
    return [(int(u), int(most[u])) for u in np.flatnonzero(sticks) if whole_without(land, part_of, int(u))]


def whole_without(land: Field, part_of: Ints, unit: int) -> bool:
    """Whether the unit's part, without the unit, is not empty and still in one piece.

    Parameters
    ----------
    land
        What is divided.
    part_of
        Part of each unit.
    unit
        The unit.

    Returns
    -------
    bool
    """
    part = part_of[unit]
    left = int((part_of == part).sum()) - 1
    beside = [int(w) for w in land.beside(unit) if part_of[w] == part]
    if left < 1 or not beside:
        return False
    seen, stack = {unit, beside[0]}, [beside[0]]
    while stack:
        for w in land.beside(stack.pop()):
            if part_of[w] == part and int(w) not in seen:
                seen.add(int(w))
                stack.append(int(w))
    return len(seen) - 1 == left
