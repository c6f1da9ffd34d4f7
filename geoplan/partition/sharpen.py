"""The last step of a search: neighbours of a good partition are divided anew between each other, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.alternatives import Candidate, Found, Prices, price_of, priced_problem, unit_cost_of
from geoplan.partition.field import Field, keeps_rules, may_be, notches, stands_for
from geoplan.partition.milp import NODES_PER_EFFORT, Guard
from geoplan.partition.recut import recut_exactly

__all__ = ["sharpen"]

PAIRS, NODES, HOPS = 12, 5, 2
"""How many pairs of neighbours, branch-and-bound nodes for each, and how far from their limit units may change."""


def sharpen(candidate: Candidate, price: Prices, found: Found) -> None:
    """Divide pairs of neighbouring parts anew, those first whose limit has most households moved beside it.

    Parameters
    ----------
    candidate
        A good partition.
    price
        What it is improved for; what uneven parts cost is left out.
    found
        Where a better partition goes, and where the work is counted.
    """
    land, part_of = candidate.land, candidate.part_of
    stands = stands_for(land, part_of)
    allowed = may_be(land, stands)
    if land.site_each:
        # every part keeps the sites that stand in it
        allowed[land.site_units] &= np.eye(land.parts, dtype=bool)[part_of[land.site_units]]
    problem = priced_problem(land, price, unit_cost_of(land, price, stands, part_of, allowed))
    try:
        for pair in _pairs(land, part_of, stands):
            guard = Guard(nodes=NODES)
            new = recut_exactly(problem, part_of, np.array(pair), guard, hops=HOPS)
            found.moves += (NODES - guard.nodes) * 1_000_000 // NODES_PER_EFFORT
            if new is not None and _is_better(land, price, part_of, new):
                part_of = new
    except KeyboardInterrupt:
        found.stopped_by = "interrupted"
    found.keep(land, part_of)


def _is_better(land: Field, price: Prices, old: NDArray[np.int64], new: NDArray[np.int64]) -> bool:
    cheaper = price_of(land, price, new) < price_of(land, price, old) - 1e-6
    return cheaper and len(notches(land, new)) <= len(notches(land, old)) and keeps_rules(land, new)


def _pairs(land: Field, part_of: NDArray[np.int64], stands: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Parts that meet, by the households moved in the units on both sides of where they do."""
    tail = np.repeat(np.arange(len(part_of)), np.diff(land.indptr))
    moved = land.weight * (stands[part_of] != land.base)
    meet = part_of[tail] < part_of[land.indices]
    one, two = part_of[tail[meet]], part_of[land.indices[meet]]
    worth = np.zeros((land.parts, land.parts))
    np.add.at(worth, (one, two), moved[tail[meet]] + moved[land.indices[meet]])
    first, second = np.nonzero(worth)
    order = np.lexsort((second, first, -worth[first, second]))[:PAIRS]
    return [(int(first[i]), int(second[i])) for i in order]
