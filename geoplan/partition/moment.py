"""Least moment of inertia: weight x squared distance to the part's own centre, with a proof.

A heuristic finds a partition; a Lagrangian bound then rules out most pairs of unit and centre; what is left goes to
HiGHS with connectivity rows in rounds.

References
----------
Hess, S. W., et al. (1965). Nonpartisan political redistricting by computer. Operations Research 13(6).
Validi, H., Buchanan, A., Lykhovyd, E. (2022). Imposing contiguity constraints in political districting models.
Operations Research 70(2).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, vstack

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.milp import NODES_PER_EFFORT, Cut, Guard, Model, solve_in_rounds
from geoplan.partition.outcome import Outcome, moment_of_inertia
from geoplan.partition.problem import Problem, is_feasible
from geoplan.partition.rows import joining
from geoplan.partition.search import DEFAULT_EFFORT, Budget, Found, StoppedBy, search, warm_up
from geoplan.partition.starts import grow_parts

__all__ = ["Fixed", "lagrangian_fixing", "solve_moment"]

SEARCH_SHARE = 0.25
MOST_COLUMNS = 60_000
"""Pairs of unit and centre that are left to the solver at most; with more, the Lagrangian bound stands alone."""

SLACK = 0.002
"""Share of the value to which rounds with loose pieces are solved."""

RESTART_MOVES = 1_000_000
LAGRANGIAN_STEPS = 1_500
LEAST_RESTARTS = 6


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the Lagrangian bound leaves: a bound, and the pairs that a better partition may use."""

    bound: float
    possible: np.ndarray


def solve_moment(problem: Problem, distance: np.ndarray, *, budget: Budget, seed: int = 0) -> Outcome:
    """Search, then prove.

    Parameters
    ----------
    problem
        Graph, weights and ranges (the same for each part); costs are set here.
    distance
        From unit to centre, shape (units, units).
    budget
        For the search and the proof together.
    seed
        Source of chance.

    Returns
    -------
    Outcome
    """
    warm_up()
    started = time.monotonic()
    cost = distance**2
    part_of, moves, runs, interrupted = _search(problem, cost, budget, seed)
    value = moment_of_inertia(problem.weight, cost, part_of)[0]
    feasible = is_feasible(problem, part_of)
    if interrupted:
        return Outcome(part_of, value, None, "interrupted", moves, runs)
    until = np.inf if budget.time_limit_s is None else started + budget.time_limit_s
    guard = Guard(float(until), int((budget.effort or DEFAULT_EFFORT) * NODES_PER_EFFORT))
    try:
        return _prove(problem, cost, part_of, value if feasible else float("inf"), guard, moves, runs)
    except KeyboardInterrupt:
        return Outcome(part_of, value, None, "interrupted", moves, runs)


def _search(problem: Problem, cost: np.ndarray, budget: Budget, seed: int) -> tuple[np.ndarray, int, int, bool]:
    """Alternate between dividing with given centres and moving the centres, from many starts."""
    until = np.inf if budget.time_limit_s is None else time.monotonic() + budget.time_limit_s * SEARCH_SHARE
    most = max(int((budget.effort or DEFAULT_EFFORT) * SEARCH_SHARE), 1) * 1_000_000
    best, best_value, moves, runs = np.full(problem.units, -1), np.inf, 0, 0
    closest = best
    while moves < most and (time.monotonic() < until or runs == 0):
        rng = np.random.default_rng([seed, runs])
        part_of, value, before = grow_parts(problem, rng=rng), np.inf, np.inf
        while moves < most:
            left = None if not np.isfinite(until) else max(until - time.monotonic(), 0.05)
            found = _divide(problem, cost, part_of, Budget(effort=1, time_limit_s=left), int(rng.integers(2**31)))
            moves, part_of = moves + found.moves, found.closest.copy()
            closest = part_of if runs == 0 else closest
            if found.part_of is not None:
                value = moment_of_inertia(problem.weight, cost, part_of)[0]
                if value < best_value:
                    best, best_value = part_of.copy(), value
            if found.stopped_by == "interrupted":
                return (best if np.isfinite(best_value) else part_of), moves, runs, True
            if value >= before * (1 - 1e-12) or time.monotonic() >= until:
                break
            before = value
        runs += 1
        if runs >= LEAST_RESTARTS and moves >= LEAST_RESTARTS * RESTART_MOVES * 2:
            break
    return (best if np.isfinite(best_value) else closest), moves, runs, False


def _divide(problem: Problem, cost: np.ndarray, part_of: np.ndarray, budget: Budget, seed: int) -> Found:
    centres = moment_of_inertia(problem.weight, cost, part_of)[1]
    unit_cost = problem.weight[:, None] * cost[:, [centres[p] for p in range(problem.parts)]]
    # a typical move: giving a unit to the second nearest centre
    near = np.sort(unit_cost, axis=1)
    scale = float(np.median(near[:, min(1, problem.parts - 1)] - near[:, 0])) or float(near.mean()) or 1.0
    priced = replace(problem, unit_cost=unit_cost, edge_cost=np.zeros(len(problem.indices)), scale=scale)
    return search(
        priced,
        budget=budget,
        seed=seed,
        start=lambda _rng, _run: part_of.copy(),
        heat=(2.0, 0.01),
        penalties=(3.0,),
        run_moves=RESTART_MOVES // 2,
    )


def _prove(
    problem: Problem, cost: np.ndarray, part_of: np.ndarray, value: float, guard: Guard, moves: int, runs: int
) -> Outcome:
    fixed = lagrangian_fixing(problem, cost, upper_bound=value, guard=guard)
    shown = value if np.isfinite(value) else moment_of_inertia(problem.weight, cost, part_of)[0]
    if fixed.possible.sum() > MOST_COLUMNS or guard.spent:
        stopped: StoppedBy = "time" if guard.seconds <= 0 else "work"
        return Outcome(part_of, shown, min(fixed.bound, shown), stopped, moves, runs)
    hess = _Hess(problem, cost, fixed.possible)
    start = hess.x_of(part_of) if np.isfinite(value) else None
    rounds = solve_in_rounds(hess.model(), hess.cuts, guard, start=start, slack=SLACK * shown)
    if rounds.x is not None:
        answer = hess.parts_of(rounds.x)
        answer_value = moment_of_inertia(problem.weight, cost, answer)[0]
        if is_feasible(problem, answer) and answer_value < value:
            part_of, shown = answer, answer_value
    bound = max(rounds.bound, fixed.bound)
    if rounds.optimal:
        bound = shown
    stopped = "converged" if rounds.optimal or rounds.infeasible else ("time" if guard.seconds <= 0 else "work")
    return Outcome(part_of, shown, min(bound, shown), stopped, moves, runs)


def lagrangian_fixing(problem: Problem, cost: np.ndarray, *, upper_bound: float, guard: Guard) -> Fixed:
    """Bound by relaxing "each unit once" and the ranges, and the pairs that the bound cannot rule out.

    Parameters
    ----------
    problem
        Weights, number of parts and ranges.
    cost
        Per weight, from unit (row) to centre (column).
    upper_bound
        Value of a known partition, ``inf`` for none.
    guard
        Only its time is looked at.

    Returns
    -------
    Fixed
    """
    n, k = problem.units, problem.parts
    scale = float((problem.weight[:, None] * cost).max()) or 1.0
    priced = problem.weight[:, None] * cost / scale
    limit = upper_bound / scale
    size = float(problem.upper[0]) or 1.0
    share, low, high = problem.weight / size, float(problem.lower[0]) / size, 1.0
    once, least, most = (
        priced.min(axis=1) * 0 + np.sort(priced, axis=1)[:, : max(n // k, 1)].mean(axis=1),
        np.zeros(n),
        np.zeros(n),
    )
    best, possible, theta, stale = -np.inf, np.ones((n, n), bool), 1.0, 0
    for _ in range(LAGRANGIAN_STEPS):
        reduced = priced - once[:, None] + share[:, None] * (most - least)
        taken = reduced < 0
        np.fill_diagonal(taken, True)
        each = np.where(taken, reduced, 0.0).sum(axis=0) + least * low - most * high
        order = np.argsort(each, kind="stable")
        chosen = order[:k]
        value = float(once.sum() + each[chosen].sum())
        if np.isfinite(limit):
            possible &= ~_ruled_out(reduced, each, order, k, value, limit)
        if value > best + 1e-9:
            best, stale = value, 0
        else:
            stale += 1
            if stale >= 20:
                theta, stale = theta / 2, 0
        x = taken[:, chosen]
        slope_once = 1.0 - x.sum(axis=1)
        held = share @ x
        slope_least, slope_most = np.zeros(n), np.zeros(n)
        slope_least[chosen], slope_most[chosen] = low - held, held - high
        length = float((slope_once**2).sum() + (slope_least**2).sum() + (slope_most**2).sum())
        goal = limit if np.isfinite(limit) else best + abs(best) * 0.05 + 1e-6
        if length < 1e-18 or theta < 1e-4 or guard.seconds <= 0 or goal <= value:
            break
        step = theta * (goal - value) / length
        once = once + step * slope_once
        least = np.maximum(least + step * slope_least, 0.0)
        most = np.maximum(most + step * slope_most, 0.0)
    return Fixed(best * scale, possible)


def _ruled_out(
    reduced: np.ndarray, each: np.ndarray, order: np.ndarray, k: int, value: float, limit: float
) -> np.ndarray:
    """Pairs whose use alone lifts the bound above the limit."""
    opened = np.full(len(each), value)
    rest = order[k:]
    opened[rest] = value - each[order[k - 1]] + each[rest]
    return opened[None, :] + np.maximum(reduced, 0.0) * ~np.eye(len(each), dtype=bool) > limit * (1 + 1e-9) + 1e-12


class _Hess:
    """Hess's model over the possible pairs of unit and centre."""

    def __init__(self, problem: Problem, cost: np.ndarray, possible: np.ndarray) -> None:
        centres = np.diag(possible)
        self.problem, self.cost = problem, cost
        self.unit, self.centre = np.nonzero(possible & centres[None, :])
        self.column = np.full(possible.shape, -1)
        self.column[self.unit, self.centre] = np.arange(len(self.unit))

    def model(self) -> Model:
        n, size = self.problem.units, len(self.unit)
        every = np.arange(size)
        weight = self.problem.weight
        upper = float(self.problem.upper[0]) or 1.0
        own = self.column[self.centre, self.centre]
        one_each = csr_array((np.ones(size), (self.unit, every)), (n, size))
        centres = np.flatnonzero(self.unit == self.centre)
        number = csr_array((np.ones(len(centres)), (np.zeros(len(centres), int), centres)), (1, size))
        held = csr_array((weight[self.unit] / upper, (self.centre, every)), (n, size))[self.centre[centres]]
        at = (np.arange(len(centres)), centres)
        at_least = csr_array((np.full(len(centres), float(self.problem.lower[0]) / upper), at), held.shape)
        at_most = csr_array((np.ones(len(centres)), at), held.shape)
        away = np.flatnonzero(self.unit != self.centre)
        values = np.concatenate([np.ones(len(away)), -np.ones(len(away))])
        place = (np.tile(np.arange(len(away)), 2), np.concatenate([away, own[away]]))
        only_open = csr_array((values, place), (len(away), size))
        inf = np.inf
        return Model(
            cost=weight[self.unit] * self.cost[self.unit, self.centre],
            rows=csr_array(vstack([one_each, number, held - at_least, held - at_most, only_open])),
            low=np.concatenate(
                [np.ones(n), [self.problem.parts], np.zeros(len(centres)), np.full(len(centres) + len(away), -inf)]
            ),
            high=np.concatenate(
                [np.ones(n), [self.problem.parts], np.full(len(centres), inf), np.zeros(len(centres) + len(away))]
            ),
            top=np.ones(size),
            whole=np.ones(size, bool),
        )

    def x_of(self, part_of: np.ndarray) -> np.ndarray | None:
        """A partition as a point of the model; None if it uses a pair that is ruled out."""
        centres = moment_of_inertia(self.problem.weight, self.cost, part_of)[1]
        centre = np.array([centres[p] for p in range(self.problem.parts)])[part_of]
        columns = self.column[np.arange(len(part_of)), centre]
        if (columns < 0).any():
            return None
        x = np.zeros(len(self.unit))
        x[columns] = 1.0
        return x

    def parts_of(self, x: np.ndarray) -> np.ndarray:
        """Part of each unit, numbered by the centres' order."""
        centre = np.zeros(self.problem.units, np.int64)
        used = x > 0.5
        centre[self.unit[used]] = self.centre[used]
        return np.unique(centre, return_inverse=True)[1].astype(np.int64)

    def cuts(self, x: np.ndarray) -> list[Cut]:
        """A unit belongs to a centre only through a separator between the two."""
        part_of = self.parts_of(x)
        used = x > 0.5
        centres = np.unique(self.centre[used])
        indptr, indices = self.problem.indptr, self.problem.indices
        piece = components_of_parts(indptr, indices, part_of)
        found: list[Cut] = []
        for part, centre in enumerate(centres):
            root = piece == piece[centre]
            for i in np.unique(piece[(part_of == part) & ~root]):
                found += joining(indptr, indices, root, None, np.flatnonzero(piece == i), self.column[:, centre])
        return found
