"""What is proven of proposals: how many households must move; and what is said where the search met nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoplan.errors import Message, msg
from geoplan.partition.alternatives import Candidate, Found
from geoplan.partition.conflicts import nearest_range
from geoplan.partition.field import Field
from geoplan.partition.infeasible import workable_messages
from geoplan.partition.movedbound import Bound, counts_alone, moved_bound
from geoplan.partition.search import Budget

__all__ = ["last_resort", "prove"]

_PROOF_EFFORT = 1
_EXACT_COLUMNS, _EXACT_EFFORT = 2_000, 50
"""Where nothing was found, a model of at most so many columns is asked whether there is anything to be found."""


def prove(chosen: Sequence[Candidate], work: int, seconds: float) -> dict[int, Bound]:
    """Prove for each number of parts among the chosen how many households must move.

    Parameters
    ----------
    chosen
        The proposals; the number of parts with the fewest moved is proven first.
    work
        Effort of each proof at most.
    seconds
        Guard for all of them; ``inf`` is none.

    Returns
    -------
    dict
        Number of parts to its bound.
    """
    fewest: dict[int, Candidate] = {}
    for candidate in chosen:
        best = fewest.get(candidate.land.parts)
        if best is None or candidate.worth["moved"] < best.worth["moved"]:
            fewest[candidate.land.parts] = candidate
    order = sorted(fewest, key=lambda k: (fewest[k].worth["moved"], k))
    until = time.monotonic() + seconds
    bounds: dict[int, Bound] = {}
    for done, number in enumerate(order):
        left = max((until - time.monotonic()) / (len(order) - done), 0.1)
        try:
            limit = None if math.isinf(left) else left
            bounds[number] = _model_bound(
                fewest[number].land, Budget(effort=min(work, _PROOF_EFFORT), time_limit_s=limit), fewest[number].part_of
            )
        except KeyboardInterrupt:
            until = 0.0
            land = fewest[number].land
            forced = counts_alone(land.weight, land.base, land.parts, land.lower, land.upper)
            bounds[number] = Bound(forced, (), False, forced, 0, "interrupted")
    return bounds


def last_resort(lands: Sequence[Field], found: Found) -> list[Message]:
    """Look for an arrangement in other ways where the search met none; what is found is kept.

    Small towns are asked exactly. Then the range nearest to the wanted one that some arrangement keeps is looked for:
    it may be the wanted one.

    Parameters
    ----------
    lands
        What is divided, once for each number of parts.
    found
        What the search found; taken into.

    Returns
    -------
    list of Message
        Why there is nothing, and what would do; empty where something was found after all.
    """
    none_exists = _exactly(lands, found)
    if found.kept:
        return []
    said = [none_exists or _not_found(found, lands)]
    for land in lands:
        work = nearest_range(land)
        if work is not None and (work.lower, work.upper) == (land.lower, land.said_upper):
            found.keep(land, work.part_of)
        elif work is not None:
            said += [text for text in workable_messages(work, None, land.parts) if text not in said]
    return [] if found.kept else said


def _exactly(lands: Sequence[Field], found: Found) -> Message | None:
    """Where the towns are small: an arrangement by the exact model is kept; if all have none, that is said."""
    proven = 0
    for land in lands:
        if len(land.weight) * (len(land.base_ids) + 1) > _EXACT_COLUMNS:
            return None
        proof = _model_bound(land, Budget(effort=_EXACT_EFFORT), None)
        proven += proof.value == math.inf
        if proof.part_of is not None:
            found.keep(land, proof.part_of)
    if proven < len(lands):
        return None
    return msg(
        "proven: no arrangement of {numbers} communities keeps range, one piece each and locks together, though the "
        "counts alone would allow it: widen the range or change the number of communities",
        numbers=", ".join(str(land.parts) for land in lands),
    )


def _not_found(found: Found, lands: Sequence[Field]) -> Message:
    return msg(
        "no arrangement of {numbers} communities that keeps every rule was found in {moves:,} moves; that none exists "
        "is not proven: widen the range, change the number of communities, or raise --effort",
        moves=found.moves,
        numbers=", ".join(str(land.parts) for land in lands),
    )


def _model_bound(land: Field, budget: Budget, warm_start: NDArray[np.int64] | None) -> Bound:
    free = np.ones((len(land.weight), len(land.base_ids) + 1), bool)
    for base in land.closed:
        free[land.base != base, base] = False
    return moved_bound(
        land.indptr,
        land.indices,
        land.weight,
        land.base,
        land.parts,
        land.lower,
        land.upper,
        allowed=free if land.closed else None,
        locked=land.fixed if land.fixed.any() else None,
        budget=budget,
        warm_start=warm_start,
    )
