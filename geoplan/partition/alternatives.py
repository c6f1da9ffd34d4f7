"""Several partitions of the same units, each the best that was found in one respect.

The search is run with different prices for households moved, uneven parts, walks and boundaries. What it finds is freed
of notches, and the alternatives are chosen from all that was found: each is the best in what it favours, the others
deciding among equals, so that none is worse than another in everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.moved import start_from_base
from geoplan.partition.outcome import match_parts
from geoplan.partition.problem import Problem, is_feasible
from geoplan.partition.search import Budget, search
from geoplan.partition.walks import Sites
from geoplan.places.enclaves import NOTCH_OTHER, NOTCH_OWN

__all__ = ["FAVOURS", "PRICES", "Field", "Found", "Prices", "choose", "explore", "score", "stands_for"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAVOURS = ("moved", "even", "walk", "compact")

_RUN_MOVES = 1_000_000
_MEND_ROUNDS = 16
_MEND_MOVES = 100_000
_HEAT = (2.0, 0.005)
_WARM = (0.3, 0.005)


@dataclass(frozen=True, slots=True)
class Prices:
    """What the search pays, in households moved.

    Attributes
    ----------
    moved
        For a household that changes its community.
    even
        For the sum of squared relative deviations from the target, as a share of all households.
    walk
        For a household's minute of walk.
    boundary
        For a metre of boundary between two parts.
    """

    moved: float = 1.0
    even: float = 0.0
    walk: float = 0.0
    boundary: float = 0.03


PRICES: dict[str, Prices] = {
    "moved": Prices(moved=1.0, even=0.0, walk=0.0, boundary=0.03),
    "even": Prices(moved=0.3, even=2.0, walk=0.0, boundary=0.03),
    "walk": Prices(moved=0.15, even=0.0, walk=0.3, boundary=0.03),
    "compact": Prices(moved=0.15, even=0.0, walk=0.0, boundary=0.6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What is divided: units as arrays, today's communities, limits, walks.

    Attributes
    ----------
    indptr, indices, shared_m
        Units that may be joined, and the boundary that they share.
    around_m
        Boundary of each unit with all others, whether they join or not.
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
    """

    indptr: Ints
    indices: Ints
    shared_m: Floats
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


@dataclass(slots=True)
class Found:
    """All partitions met that keep every rule, and how the work ended."""

    kept: list[Ints] = field(default_factory=list)
    closest: Ints | None = None
    stopped_by: str = "work"
    moves: int = 0


def explore(
    land: Field,
    prices: dict[str, Prices],
    *,
    effort: int,
    time_limit_s: float | None,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> Found:
    """Search once for each set of prices, several runs each, and mend what interleaves.

    Parameters
    ----------
    land
        What is divided.
    prices
        Name to prices; the first is searched first, from today's communities, the others go on from what it found.
    effort
        Millions of moves in all.
    time_limit_s
        Guard, seconds; None is none.
    seed
        Source of all chance.
    progress
        Told what is favoured and the share done.

    Returns
    -------
    Found
        Partitions without notches first in ``kept``; empty where no feasible one was met.
    """
    until = np.inf if time_limit_s is None else time.monotonic() + time_limit_s
    found = Found()
    stands = _stands_for(land, seed)
    # in turn, so that a time limit leaves something of each; every other search is for the first prices
    first, *others = prices
    order = [name for other in others for name in (first, other)] or [first]
    most = effort * 1_000_000
    best: dict[str, tuple[float, Ints]] = {}
    turn = -1
    try:
        while found.moves < most or turn + 1 < len(order):
            turn += 1
            left = until - time.monotonic()
            if left <= 0:
                found.stopped_by = "time"
                break
            name = order[turn % len(order)]
            if progress is not None:
                progress(name, min(found.moves / most, 1.0))
            start = _start(best, name, first, afresh=name == first and turn % 4 == 0)
            part_of = _run(land, prices[name], stands, start, [seed, turn], left, found)
            if part_of is not None:
                mended = mend_notches(land, prices[name], stands, part_of, found, seed=[seed, turn, 1], until=until)
                _keep(found, mended)
                cost = _cost(land, prices[name], mended) + 1e6 * len(notches(land, mended))
                if name not in best or cost < best[name][0]:
                    best[name] = cost, mended
    except KeyboardInterrupt:
        found.stopped_by = "interrupted"
    return found


def _start(best: dict[str, tuple[float, Ints]], name: str, first: str, *, afresh: bool) -> Ints | None:
    """Where a search goes on: from its own best, else from that of the first prices; None: from today."""
    if afresh or not best:
        return None
    kept = best.get(name) or best.get(first)
    return None if kept is None else kept[1]


def _keep(found: Found, part_of: Ints) -> None:
    if not any(np.array_equal(part_of, other) for other in found.kept):
        found.kept.append(part_of)


def _stands_for(land: Field, seed: int) -> Ints:
    """Today's community that each part stands for, -1 for new ones; those closed are never given up."""
    count = len(land.base_ids)
    if count <= land.parts:
        return np.concatenate([np.arange(count), np.full(land.parts - count, -1)]).astype(np.int64)
    rng = np.random.default_rng([seed, 0])
    stands = start_from_base(_problem(land, None), land.base, rng=rng, noise=0.0)[1]
    bound = sorted({*land.closed, *np.unique(land.base[land.fixed]).tolist()})
    for base in bound:
        if base not in stands:
            held = np.bincount(land.base, weights=land.weight)
            loose = [p for p in range(land.parts) if stands[p] not in bound]
            stands[min(loose, key=lambda p: (held[stands[p]] if stands[p] >= 0 else -1.0, p))] = base
    return stands


def _problem(land: Field, unit_cost: Floats | None, price: Prices | None = None) -> Problem:
    price = price or Prices()
    lower, upper = np.full(land.parts, land.lower), np.full(land.parts, land.upper)
    cost = np.zeros((len(land.weight), land.parts)) if unit_cost is None else unit_cost
    problem = Problem(
        land.indptr,
        land.indices,
        land.shared_m * price.boundary,
        land.weight,
        cost,
        lower,
        upper,
        target=land.target,
        even=price.even * float(land.weight.sum()),
    )
    return replace(problem, scale=problem.weight_step)


def _unit_cost(land: Field, price: Prices, stands: Ints, part_of: Ints) -> Floats:
    """Cost of each unit in each part, its centres being those that stand in it now."""
    stays = land.base[:, None] == stands[None, :]
    cost = price.moved * land.weight[:, None] * ~stays
    if price.walk:
        cost = cost + price.walk * land.weight[:, None] * land.walks.to_parts(part_of, land.parts)
    closed = np.isin(stands, land.closed)
    cost[~stays & (closed[None, :] | land.fixed[:, None])] = np.inf
    return cost


def _run(
    land: Field, price: Prices, stands: Ints, start: Ints | None, seed: list[int], left: float, found: Found
) -> Ints | None:
    rng = np.random.default_rng(seed)
    if start is None:
        first, own = start_from_base(_problem(land, None), land.base, rng=rng, noise=float(seed[1] > 0))
        first = _in_columns(first, own, stands)
    else:
        first = start
    cost = _unit_cost(land, price, stands, first)
    first = _obey(first, cost)
    problem = _problem(land, cost, price)
    result = search(
        problem,
        budget=Budget(effort=_RUN_MOVES // 1_000_000, time_limit_s=None if np.isinf(left) else left),
        seed=int(rng.integers(2**31)),
        start=lambda _rng, _run: first.copy(),
        heat=_HEAT if start is None else _WARM,
        penalties=(1.5, 3.0, 6.0)[seed[1] % 3 :][:1],
        swaps=0.5,
        run_moves=_RUN_MOVES,
    )
    found.moves += result.moves
    if result.stopped_by == "interrupted":
        raise KeyboardInterrupt
    if found.closest is None:
        found.closest = result.closest
    return result.part_of


def _obey(part_of: Ints, cost: Floats) -> Ints:
    """A start in which no unit is where it may not be, as far as moving single units goes."""
    rows = np.arange(len(part_of))
    bad = np.isinf(cost[rows, part_of])
    if not bad.any():
        return part_of
    part_of = part_of.copy()
    part_of[bad] = np.argmin(cost[bad], axis=1)
    return part_of


def _in_columns(part_of: Ints, stands: Ints, wanted: Ints) -> Ints:
    """Renumber parts so that each stands for the community that its column is priced for."""
    place = {int(b): i for i, b in enumerate(wanted) if b >= 0}
    column = np.array([place.pop(int(old), -1) for old in stands])
    column[column < 0] = np.setdiff1d(np.arange(len(stands)), column)
    return column[part_of]


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
    with_part = np.zeros((len(part_of), land.parts))
    np.add.at(with_part, (tail, part_of[land.indices]), land.shared_m)
    rows = np.arange(len(part_of))
    own = with_part[rows, part_of]
    with_part[rows, part_of] = 0.0
    most = np.round(with_part, 3).argmax(axis=1)
    sticks = (own < NOTCH_OWN * land.around_m) & (own > 0) & (land.weight > 0)
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
    beside = [int(w) for w in _beside(land, unit) if part_of[w] == part]
    if left < 1 or not beside:
        return False
    seen, stack = {unit, beside[0]}, [beside[0]]
    while stack:
        for w in _beside(land, stack.pop()):
            if part_of[w] == part and int(w) not in seen:
                seen.add(int(w))
                stack.append(int(w))
    return len(seen) - 1 == left


def _beside(land: Field, unit: int) -> Ints:
    return land.indices[land.indptr[unit] : land.indptr[unit + 1]]


def mend_notches(
    land: Field,
    price: Prices,
    stands: Ints,
    part_of: Ints,
    found: Found,
    *,
    seed: list[int],
    until: float = np.inf,
) -> Ints:
    """Search again with a surcharge on units where they stick out, until none does.

    Parameters
    ----------
    land
        What is divided.
    price
        What the search pays.
    stands
        Today's community of each part.
    part_of
        A feasible partition.
    found
        Where the moves are counted.
    seed
        Source of chance.
    until
        Moment on the monotonic clock to stop at.

    Returns
    -------
    ndarray of int64
        The feasible partition with the fewest notches, the cheapest of those.
    """
    rng = np.random.default_rng(seed)
    cost = _unit_cost(land, price, stands, part_of)
    extra = np.zeros_like(cost)
    best, now = part_of, part_of
    best_rank = (len(notches(land, part_of)), _cost(land, price, part_of))
    for round_ in range(_MEND_ROUNDS):
        sticking = notches(land, now)
        if not sticking or time.monotonic() > until:
            break
        for unit, _ in sticking:
            extra[unit, now[unit]] += max(land.weight[unit], 20.0) * (1.0 + 0.5 * round_)
        first = now
        result = search(
            _problem(land, cost + extra, price),
            budget=Budget(effort=1, time_limit_s=None),
            seed=int(rng.integers(2**31)),
            start=lambda _rng, _run, first=first: first.copy(),  # type: ignore[misc]
            heat=_WARM if round_ % 5 else (1.0, 0.005),
            penalties=(6.0,),
            swaps=0.5,
            run_moves=_MEND_MOVES,
        )
        found.moves += result.moves
        if result.stopped_by == "interrupted":
            raise KeyboardInterrupt
        if result.part_of is None:
            continue
        now = result.part_of
        rank = (len(notches(land, now)), _cost(land, price, now))
        if rank < best_rank:
            best, best_rank = now, rank
    return best


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
    held_fast = float(land.weight.sum() + 1.0) * land.fixed
    old_of = match_parts(land.weight + held_fast, land.base, part_of)
    return np.array([old_of.get(p, -1) for p in range(land.parts)], np.int64)


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
        part's own site (0 without sites), ``compact`` metres of boundary between parts.
    """
    stands = stands_for(land, part_of)
    held = np.bincount(part_of, weights=land.weight, minlength=land.parts)
    tail = np.repeat(np.arange(len(part_of)), np.diff(land.indptr))
    minutes = land.walks.to_parts(part_of, land.parts)[np.arange(len(part_of)), part_of]
    walk = float(minutes @ land.weight) / max(float(land.weight.sum()), 1e-9)
    return {
        "moved": float(land.weight[stands[part_of] != land.base].sum()),
        "even": float(np.abs(held / land.target - 1).max()),
        "walk": walk,
        "compact": float(land.shared_m[part_of[tail] != part_of[land.indices]].sum() / 2),
    }


def _cost(land: Field, price: Prices, part_of: Ints) -> float:
    values = score(land, part_of)
    held = np.bincount(part_of, weights=land.weight, minlength=land.parts)
    uneven = float(((held / land.target - 1) ** 2).sum())
    total = float(land.weight.sum())
    return (
        price.moved * values["moved"]
        + price.even * total * uneven
        + price.walk * total * values["walk"]
        + price.boundary * values["compact"]
    )


def choose(land: Field, kept: list[Ints], favours: tuple[str, ...], *, least: int = 3) -> list[tuple[str, Ints]]:
    """Pick the best in each respect, and more until there are at least so many.

    Parameters
    ----------
    land
        What is divided.
    kept
        Feasible partitions.
    favours
        Respects in the order wanted, out of :data:`FAVOURS`.
    least
        How many are wanted; fewer come where no more non-dominated ones were found.

    Returns
    -------
    list of (favoured, partition)
        Mutually non-dominated; those beyond one a respect favour ``"balance"``.
    """
    clean = [p for p in kept if is_feasible(_problem(land, None), p)]
    calm = [p for p in clean if not notches(land, p)]
    pool = calm or clean
    table = [tuple(round(score(land, p)[f], 6) for f in FAVOURS) for p in pool]
    good = [i for i in range(len(pool)) if not any(_dominates(table[j], table[i]) for j in range(len(pool)))]
    chosen: list[tuple[str, int]] = []
    for favour in favours:
        at = FAVOURS.index(favour)
        left = [i for i in good if i not in [c for _, c in chosen] and table[i] not in [table[c] for _, c in chosen]]
        ranked = sorted(good, key=lambda i: (table[i][at], table[i], i))
        if ranked and ranked[0] in left:
            chosen.append((favour, ranked[0]))
    spread = np.ptp(np.array(table), axis=0) if table else np.zeros(len(FAVOURS))
    scale = np.where(spread > 0, spread, 1.0)
    while len(chosen) < least:
        left = [i for i in good if table[i] not in [table[c] for _, c in chosen]]
        if not left:
            break
        chosen.append(("balance", min(left, key=lambda i: (float((np.array(table[i]) / scale).sum()), i))))
    return [(favour, pool[i]) for favour, i in chosen]


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
