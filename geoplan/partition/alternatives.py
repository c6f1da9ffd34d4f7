"""Several partitions of the same units, each the best that was found in one respect.

The search is run with different prices for households moved, uneven parts, walks and boundaries, in turn for each
number of parts that is allowed. What it finds is freed of notches, and the alternatives are chosen from all that was
found: each is the best in what it favours, the others deciding among equals, so that none is worse than another in
everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.anchors import choose_anchors, legal_start, site_hops
from geoplan.partition.field import OBJECTIVES, Field, keeps_rules, may_be, notches, score, stands_for
from geoplan.partition.moved import start_from_base
from geoplan.partition.problem import Problem
from geoplan.partition.search import Budget, search
from geoplan.partition.starts import recut_pair

__all__ = [
    "FAVOURS",
    "PRICES",
    "Candidate",
    "Found",
    "Prices",
    "choose",
    "explore",
    "polish",
    "price_of",
    "priced_problem",
    "unit_cost_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAVOURS = ("moved", "even", "walk", "compact")
"""What is favoured where nobody asks for anything else."""

_MOVES_PER_UNIT, _FEWEST_MOVES, _MOST_MOVES = 3_000, 20_000, 1_000_000
"""Of one run."""
_MEND_ROUNDS = 16
_MEND_RUNS = 10
"""Short runs that mend, with the moves of one that searches."""
_HEAT = (4.0, 0.002)
_AFRESH_BOUNDARY = 0.1
"""Price of a metre there at least: what is found has few notches to mend."""
_AFRESH_SHARE, _MOST_AFRESH = 0.08, 12
"""Share of the work that goes to runs from today's communities, and their largest number."""
_KICK_SHARE, _MOST_KICKS = 0.32, 48
_KICK_HEAT, _KICK_BOUNDARY = (2.0, 0.002), 0.05
"""The same for runs from the best so far with two neighbours cut anew along a tree: where the new parts come to lie is
settled in them, and a run by itself hardly ever changes it."""
_PATIENCE, _SMALL = 30, 100
"""The search has converged when so many turns for each number of parts found nothing new; where nothing was found,
only in towns of so few units that another way can tell whether there is anything."""
_NOTCH = 100.0
"""What a notch counts, in households moved, when the best of them is chosen."""
_WARM = (0.3, 0.005)
_COLD = (0.02, 0.002)


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
    edges
        For a joint between two parts.
    barriers
        For a joint across a barrier that lies inside a part.
    """

    moved: float = 1.0
    even: float = 0.0
    walk: float = 0.0
    boundary: float = 0.03
    edges: float = 0.0
    barriers: float = 0.0


PRICES: dict[str, Prices] = {
    "moved": Prices(moved=1.0, even=0.0, walk=0.0, boundary=0.03),
    "even": Prices(moved=0.3, even=2.0, walk=0.0, boundary=0.03),
    "walk": Prices(moved=0.15, even=0.0, walk=0.3, boundary=0.03),
    "compact": Prices(moved=0.15, even=0.0, walk=0.0, boundary=0.6),
    "cut_edges": Prices(moved=0.15, boundary=0.03, edges=60.0),
    "barriers": Prices(moved=0.15, boundary=0.03, barriers=150.0),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A partition that keeps every rule, the land with its number of parts, and its measures by what is favoured."""

    land: Field
    part_of: Ints
    worth: Mapping[str, float]
    notches: int


@dataclass(slots=True)
class Found:
    """All partitions met that keep every rule, and how the work ended."""

    kept: list[Candidate] = field(default_factory=list)
    stopped_by: str = "work"
    moves: int = 0

    def keep(self, land: Field, part_of: Ints) -> None:
        """Take a partition in, if it keeps every rule and is not yet there.

        Parameters
        ----------
        land
            What is divided, with the rules.
        part_of
            Part of each unit.
        """
        same = any(c.land.parts == land.parts and np.array_equal(c.part_of, part_of) for c in self.kept)
        if not same and keeps_rules(land, part_of):
            values = {name: round(value, 6) for name, value in score(land, part_of).items()}
            self.kept.append(Candidate(land, part_of, values, len(notches(land, part_of))))


def explore(
    lands: Sequence[Field],
    prices: Mapping[str, Prices],
    *,
    effort: int,
    time_limit_s: float | None,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> Found:
    """Search once for each number of parts and each set of prices, in turn, and mend what interleaves.

    Parameters
    ----------
    lands
        What is divided, once for each number of parts; the work is shared out among them.
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
        ``kept`` is empty where nothing was met that keeps every rule.
    """
    until = np.inf if time_limit_s is None else time.monotonic() + time_limit_s
    found = Found()
    most, turn = effort * 1_000_000, 0
    explorers = [_Explorer(land, prices, [seed, land.parts], found, until, most // len(lands)) for land in lands]
    least = sum(explorer.settled + len(explorer.order) for explorer in explorers)
    fresh, known = 0, 0
    patience = _PATIENCE * len(explorers)
    try:
        while found.moves < most or turn < least:
            if time.monotonic() >= until:
                found.stopped_by = "time"
                break
            if len(found.kept) > known:
                known, fresh = len(found.kept), turn
            small = len(lands[0].weight) <= _SMALL
            if turn >= least + patience and turn - fresh >= patience and (known or small):
                found.stopped_by = "converged"
                break
            explorer = explorers[turn % len(explorers)]
            if progress is not None:
                progress(explorer.favours, min(found.moves / most, 1.0))
            explorer.turn()
            turn += 1
    except KeyboardInterrupt:
        found.stopped_by = "interrupted"
    return found


class _Explorer:
    """Searches for one number of parts: what each set of prices has found so far, and whose turn it is."""

    def __init__(
        self, land: Field, prices: Mapping[str, Prices], seed: list[int], found: Found, until: float, work: int
    ) -> None:
        self.land, self.prices, self.seed, self.found, self.until = land, prices, seed, found, until
        # in turn, so that a time limit leaves something of each
        self.order = list(prices)
        self.first = self.order[0]
        self.best: dict[str, tuple[float, Ints]] = {}
        self.hops = site_hops(land) if land.site_each else np.zeros((0, len(land.weight)))
        self.turns = 0
        self.moves = int(np.clip(len(land.weight) * _MOVES_PER_UNIT, _FEWEST_MOVES, _MOST_MOVES))
        self.afresh = int(np.clip(_AFRESH_SHARE * work / self.moves, 1, _MOST_AFRESH))
        self.settled = self.afresh + int(np.clip(_KICK_SHARE * work / self.moves, 0, _MOST_KICKS))

    @property
    def favours(self) -> str:
        """What the next turn favours."""
        later = self.turns - self.settled
        return self.first if later < 0 else self.order[later % len(self.order)]

    def turn(self) -> None:
        """Search with the prices whose turn it is: first from today's communities, then from the best so far."""
        name, turn, land, before = self.favours, self.turns, self.land, self.found.moves
        self.turns += 1
        rng = np.random.default_rng([*self.seed, turn])
        price, kept = self.prices[name], self.best.get(name) or self.best.get(self.first)
        if kept is None or turn < self.afresh:
            eager = replace(price, boundary=max(price.boundary, _AFRESH_BOUNDARY))
            part_of = self._run(eager, *_afresh(land, rng, noise=0.3 * (turn > 0)), heat=_HEAT, turn=turn, rng=rng)
        elif turn < self.settled:
            eager = replace(price, boundary=max(price.boundary, _KICK_BOUNDARY))
            start = _kicked(land, kept[1], rng)
            part_of = self._run(eager, start, stands_for(land, start), heat=_KICK_HEAT, turn=turn, rng=rng)
        else:
            part_of = self._run(price, kept[1], stands_for(land, kept[1]), heat=_WARM, turn=turn, rng=rng)
        if part_of is None:
            # a try without a legal start or a result counts as a run, so that the work ends where nothing can be found
            self.found.moves += max(self.moves - (self.found.moves - before), 0)
            return
        if turn >= self.settled:
            part_of = self._mend(price, part_of, rng)
        self.found.keep(land, part_of)
        cost = price_of(land, price, part_of) + _NOTCH * len(notches(land, part_of))
        if name not in self.best or cost < self.best[name][0]:
            self.best[name] = cost, part_of

    def _prepare(self, part_of: Ints, stands: Ints, rng: np.random.Generator) -> tuple[Ints, NDArray[np.bool_]] | None:
        """A start in which locks hold and each part has a site of its own, where asked; and what is allowed."""
        allowed = may_be(self.land, stands)
        if self.land.site_each:
            anchors = choose_anchors(self.land, part_of, stands, self.hops, rng)
            if anchors is None:
                return None
            allowed[anchors] = np.eye(self.land.parts, dtype=bool)
        start = legal_start(self.land, part_of, allowed)
        return None if start is None else (start, allowed)

    def _run(
        self,
        price: Prices,
        first: Ints,
        stands: Ints,
        *,
        heat: tuple[float, float],
        turn: int,
        rng: np.random.Generator,
    ) -> Ints | None:
        ready = self._prepare(first, stands, rng)
        if ready is None:
            return None
        start, allowed = ready
        problem = priced_problem(self.land, price, unit_cost_of(self.land, price, stands, start, allowed))
        # a hard one where there is but one try from today, so that little work finds something
        penalty = (1.5, 3.0, 6.0)[turn % 3] if turn >= self.settled else 3.0 if self.afresh > 1 else 6.0
        return self._search(problem, start, rng, heat=heat, penalty=penalty, moves=self.moves)

    def _left(self) -> float | None:
        return None if np.isinf(self.until) else max(self.until - time.monotonic(), 0.01)

    def _search(
        self,
        problem: Problem,
        start: Ints,
        rng: np.random.Generator,
        *,
        heat: tuple[float, float],
        penalty: float,
        moves: int,
        runs: int = 1,
    ) -> Ints | None:
        result = search(
            problem,
            # effort counts millions of moves, and small towns need but a fraction of one
            budget=Budget(effort=moves / 1_000_000, time_limit_s=self._left()),
            seed=int(rng.integers(2**31)),
            start=lambda _rng, _run: start.copy(),
            heat=heat,
            penalties=(penalty,),
            swaps=0.5,
            run_moves=moves // runs,
        )
        self.found.moves += result.moves
        if result.stopped_by == "interrupted":
            raise KeyboardInterrupt
        return result.part_of

    def _mend(self, price: Prices, part_of: Ints, rng: np.random.Generator) -> Ints:
        """Search again with a surcharge on units where they stick out; the result with the fewest notches."""
        land = self.land
        best, now = part_of, part_of
        if not notches(land, part_of):
            return best
        stands = stands_for(land, part_of)
        ready = self._prepare(part_of, stands, rng)
        if ready is None:
            return best
        cost = unit_cost_of(land, price, stands, part_of, ready[1])
        extra = np.zeros_like(cost)
        best_rank = (len(notches(land, part_of)), price_of(land, price, part_of))
        for round_ in range(_MEND_ROUNDS):
            sticking = notches(land, now)
            if not sticking or time.monotonic() > self.until:
                break
            for unit, _ in sticking:
                extra[unit, now[unit]] += max(land.weight[unit], 20.0) * (1.0 + 0.5 * round_)
            problem = priced_problem(land, price, cost + extra)
            heat = _WARM if round_ % 5 else (1.0, 0.005)
            result = self._search(problem, now, rng, heat=heat, penalty=6.0, moves=self.moves, runs=_MEND_RUNS)
            if result is None:
                continue
            now = result
            rank = (len(notches(land, now)), price_of(land, price, now))
            if rank < best_rank:
                best, best_rank = now, rank
        return best

    def polish(self, first: str, then: Sequence[str], part_of: Ints) -> None:
        """Go on from the best in one respect at prices by which the next ones decide among equals."""
        rng = np.random.default_rng([*self.seed, 10**6])
        price = _ordered_prices([first, *then])
        stands = stands_for(self.land, part_of)
        result = self._run(price, part_of, stands, heat=_COLD, turn=2, rng=rng)
        if result is not None:
            self.found.keep(self.land, self._mend(price, result, rng))


def polish(
    candidate: Candidate, order: Sequence[str], found: Found, *, seed: int, time_limit_s: float | None = None
) -> None:
    """Look beside the best in the first respect for one that is as good in it and better in those that follow.

    Parameters
    ----------
    candidate
        The best in the first respect.
    order
        What is favoured, the most important first.
    found
        Where the result goes.
    seed
        Source of chance.
    time_limit_s
        Guard, seconds.
    """
    until = np.inf if time_limit_s is None else time.monotonic() + time_limit_s
    explorer = _Explorer(candidate.land, {order[0]: PRICES[order[0]]}, [seed, candidate.land.parts], found, until, 0)
    try:
        explorer.polish(order[0], order[1:], candidate.part_of)
    except KeyboardInterrupt:
        found.stopped_by = "interrupted"


def _ordered_prices(order: Sequence[str]) -> Prices:
    """Prices of several objectives, each a twentieth of the one before."""
    total = {"moved": 0.0, "even": 0.0, "walk": 0.0, "boundary": 0.0, "edges": 0.0, "barriers": 0.0}
    key = {"compact": "boundary", "cut_edges": "edges"}
    for rank, name in enumerate(order):
        at = key.get(name, name)
        total[at] = getattr(PRICES[name], at) * 0.05**rank
    return Prices(**total)


def _kicked(land: Field, part_of: Ints, rng: np.random.Generator) -> Ints:
    """A partition with two neighbours cut anew along a tree; itself where no two parts meet."""
    problem = priced_problem(land, Prices(), np.zeros((len(land.weight), land.parts)))
    drawn = recut_pair(problem, part_of, rng=rng)
    return part_of if drawn is None else drawn


def _afresh(land: Field, rng: np.random.Generator, *, noise: float) -> tuple[Ints, Ints]:
    """A start from today's communities, and the community that each part stands for; bound ones are not given up."""
    problem = priced_problem(land, Prices(), np.zeros((len(land.weight), land.parts)))
    part_of, stands = start_from_base(problem, land.base, rng=rng, noise=noise)
    part_of, stands = np.asarray(part_of, np.int64), np.asarray(stands, np.int64).copy()
    bound, held = land.bound_bases, np.bincount(land.base, weights=land.weight)
    for base in bound:
        if base not in stands:
            loose = [p for p in range(land.parts) if stands[p] not in bound]
            if loose:
                stands[min(loose, key=lambda p: (held[stands[p]] if stands[p] >= 0 else -1.0, p))] = base
    return part_of, stands


def priced_problem(land: Field, price: Prices, unit_cost: Floats) -> Problem:
    """What the search divides, at some prices.

    Parameters
    ----------
    land
        What is divided.
    price
        What boundaries, joints and uneven parts cost.
    unit_cost
        Cost of each unit in each part.

    Returns
    -------
    Problem
    """
    lower, upper = np.full(land.parts, land.lower), np.full(land.parts, land.upper)
    problem = Problem(
        land.indptr,
        land.indices,
        land.shared_m * price.boundary + price.edges - price.barriers * land.across,
        land.weight,
        unit_cost,
        lower,
        upper,
        target=land.target,
        even=price.even * float(land.weight.sum()),
    )
    return replace(problem, scale=problem.weight_step)


def unit_cost_of(land: Field, price: Prices, stands: Ints, part_of: Ints, allowed: NDArray[np.bool_]) -> Floats:
    """Cost of each unit in each part, its centres being those that stand in it now.

    Parameters
    ----------
    land
        What is divided.
    price
        What households moved and walks cost.
    stands
        Today's community that each part stands for, -1 for new ones.
    part_of
        Part of each unit.
    allowed
        Whether each unit may be in each part.

    Returns
    -------
    ndarray of float
        Shape (units, parts); ``inf`` where it may not be.
    """
    cost = price.moved * land.weight[:, None] * (land.base[:, None] != stands[None, :])
    if price.walk:
        cost = cost + price.walk * land.weight[:, None] * land.walks.to_parts(part_of, land.parts)
    cost[~allowed] = np.inf
    return np.asarray(cost, float)


def price_of(land: Field, price: Prices, part_of: Ints) -> float:
    """What a partition costs at some prices.

    Parameters
    ----------
    land
        What is divided.
    price
        The prices.
    part_of
        Part of each unit.

    Returns
    -------
    float
    """
    values = score(land, part_of)
    uneven = float(((land.held(part_of) / land.target - 1) ** 2).sum())
    total = float(land.weight.sum())
    tail = np.repeat(np.arange(len(part_of)), np.diff(land.indptr))
    inside = float((land.across & (part_of[tail] == part_of[land.indices])).sum() / 2)
    return (
        price.moved * values["moved"]
        + price.even * total * uneven
        + price.walk * total * values["walk"]
        + price.boundary * values["compact"]
        + price.edges * values["cut_edges"]
        + price.barriers * inside
    )


def choose(
    kept: Sequence[Candidate], favours: Sequence[str], *, least: int = 3, weights: Prices | None = None
) -> list[tuple[str, str, Candidate]]:
    """Pick the best in each respect, then what makes other numbers of parts worth a look, and fill up.

    Parameters
    ----------
    kept
        Partitions that keep every rule, of one or several numbers of parts.
    favours
        Respects in the order wanted, out of :data:`OBJECTIVES` and ``"weights"``; among equals the earlier decide.
    least
        How many are wanted; fewer come where no more non-dominated ones were found.
    weights
        Prices that ``"weights"`` means.

    Returns
    -------
    list of (name, favoured, candidate)
        Mutually non-dominated in all of ``favours`` and :data:`FAVOURS`. Names are unique: what is favoured,
        ``"moved-20"`` for the fewest moved with another number of parts, ``"balance"`` for those in between.
    """
    calm = [c for c in kept if c.notches == 0]
    pool = list(calm or kept)
    compared = tuple(dict.fromkeys([*(f for f in favours if f in OBJECTIVES), *FAVOURS]))
    rows = {id(c): tuple(c.worth[f] for f in compared) for c in pool}
    good = [c for c in pool if not any(_dominates(rows[id(o)], rows[id(c)]) for o in pool)]
    picked: list[tuple[str, str, Candidate]] = []

    def pick(name: str, favour: str, among: list[Candidate], rank: Callable[[Candidate], float]) -> None:
        taken = [rows[id(c)] for _, _, c in picked]
        ordered = sorted(among, key=lambda c: (rank(c), rows[id(c)], c.part_of.tobytes()))
        if ordered and rows[id(ordered[0])] not in taken:
            picked.append((name, favour, ordered[0]))

    price = weights or Prices()
    for favour in favours:
        if favour == "weights":
            pick(favour, favour, good, lambda c: price_of(c.land, price, c.part_of))
        else:
            pick(favour, favour, good, lambda c, favour=favour: c.worth[favour])  # type: ignore[misc]
    leading = next((f for f in favours if f in OBJECTIVES), FAVOURS[0])
    for number in sorted({c.land.parts for c in good} - {c.land.parts for _, _, c in picked}):
        mine = [c for c in good if c.land.parts == number]
        pick(f"{leading}-{number}", leading, mine, lambda c: c.worth[leading])
    scale = np.maximum(np.ptp(np.array(list(rows.values())), axis=0), 1e-9) if rows else np.ones(len(compared))
    while len(picked) < least:
        taken = [rows[id(c)] for _, _, c in picked]
        left = [c for c in good if rows[id(c)] not in taken]
        if not left:
            break
        number = 1 + sum(favour == "balance" for _, favour, _ in picked)
        name = "balance" if number == 1 else f"balance-{number}"
        pick(name, "balance", left, lambda c: float((np.array(rows[id(c)]) / scale).sum()))
    chosen = [rows[id(c)] for _, _, c in picked]
    return [p for p in picked if not any(_dominates(row, rows[id(p[2])]) for row in chosen)]


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
