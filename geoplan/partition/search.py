"""Restarts, temperatures and budgets around the compiled search.

The work of a search is counted in moves, so that the same seed and effort give the same partition on every machine; a
time limit is only a guard.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geoplan.partition.kernel import anneal, components_of_parts, start_state

__all__ = [
    "Budget",
    "Found",
    "Problem",
    "StoppedBy",
    "graph_components",
    "grow_parts",
    "is_feasible",
    "mend_pieces",
    "search",
    "share_parts",
    "warm_up",
]

StoppedBy = Literal["work", "converged", "time", "interrupted"]

SLICE_MOVES = 200_000
"""Moves between two looks at the clock and the keyboard."""

PENALTIES = (0.3, 1.0, 3.0)
"""Price of a step of weight out of range, in units of a typical move: soft ones cross tight bands, hard ones finish."""

DEFAULT_EFFORT = 60
"""Millions of moves where neither effort nor time limit is given."""

CONVERGED_HITS, CONVERGED_RUNS = 40, 100
"""The best value was met by so many runs, out of at least so many."""

SAME = 1e-9
"""Energies that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A graph to divide, and what a partition of it costs.

    Attributes
    ----------
    indptr, indices, edge_cost
        Symmetric neighbours in CSR form without loops, and the cost of cutting each.
    weight
        Weight (households) of each unit, shape (units,).
    unit_cost
        Cost of each unit in each part, shape (units, parts); ``inf`` forbids it.
    lower, upper
        Range of each part, shape (parts,).
    target, even
        Target weight of a part and the cost of the sum of squared relative deviations.
    scale
        Cost of a typical move: temperatures and penalties are multiples of it.

    A locked unit has ``inf`` everywhere but in its own part; a locked part has ``inf`` for all units but its own.
    """

    indptr: np.ndarray
    indices: np.ndarray
    edge_cost: np.ndarray
    weight: np.ndarray
    unit_cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    target: float = 1.0
    even: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together: the compiled loop would read past their ends."""
        units, parts = len(self.weight), len(self.lower)
        fits = (
            len(self.indptr) == units + 1
            and len(self.indices) == len(self.edge_cost) == self.indptr[-1]
            and self.unit_cost.shape == (units, parts)
            and len(self.upper) == parts
        )
        if not fits or not 1 <= parts <= units:
            raise ValueError("the arrays of the problem do not fit together, or there are more parts than units")

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.weight)

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.lower)

    @property
    def weight_step(self) -> float:
        """Weight that counts as one step outside a range: half the band, but of the order of one unit."""
        typical = float(np.median(self.weight[self.weight > 0])) if (self.weight > 0).any() else 1.0
        half_band = float(np.min(self.upper - self.lower)) / 2
        return float(np.clip(half_band, typical / 4, typical)) or 1.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work a search may do: moves in millions, and seconds as a guard; ``None`` is no limit."""

    effort: int | None = None
    time_limit_s: float | None = None
    stop_at: float = -np.inf


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; ``part_of`` is None where no feasible partition was met."""

    part_of: np.ndarray | None
    energy: float
    closest: np.ndarray
    moves: int
    runs: int
    stopped_by: StoppedBy


def _neighbours(problem: Problem, unit: int) -> np.ndarray:
    return problem.indices[problem.indptr[unit] : problem.indptr[unit + 1]]


def grow_parts(problem: Problem, *, rng: np.random.Generator) -> np.ndarray:
    """Connected parts grown from random units, the lightest first.

    Where the graph has several components, each gets the number of parts that its weight asks for; which of the
    possible numbers is drawn anew each time.

    Parameters
    ----------
    problem
        Graph, weights and number of parts, at least as many as components.
    rng
        Source of chance.

    Returns
    -------
    ndarray of int64
        Part of each unit.
    """
    part_of = np.full(problem.units, -1, np.int64)
    seeds = _seeds(problem, rng)
    part_of[seeds] = np.arange(problem.parts)
    held = problem.weight[seeds].astype(float)
    fringe = [list(_neighbours(problem, s)) for s in seeds]
    queue = [(held[p], p) for p in range(problem.parts)]
    heapq.heapify(queue)
    while queue:
        _, part = heapq.heappop(queue)
        free = fringe[part]
        while free:
            at = int(rng.integers(len(free)))
            free[at], free[-1] = free[-1], free[at]
            unit = free.pop()
            if part_of[unit] < 0:
                part_of[unit] = part
                held[part] += problem.weight[unit]
                free.extend(w for w in _neighbours(problem, unit) if part_of[w] < 0)
                heapq.heappush(queue, (held[part], part))
                break
    return part_of


def _seeds(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    component = graph_components(problem.indptr, problem.indices)
    count = int(component.max()) + 1
    if count == 1:
        return rng.choice(problem.units, problem.parts, replace=False)
    share = share_parts(problem, component, rng=rng)
    return np.concatenate([rng.choice(np.flatnonzero(component == c), share[c], replace=False) for c in range(count)])


def graph_components(indptr: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Connected component of each unit of a graph.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.

    Returns
    -------
    ndarray of int
        Numbered from 0.
    """
    n = len(indptr) - 1
    graph = csr_array((np.ones(len(indices), np.int8), indices, indptr), (n, n))
    return connected_components(graph, directed=False)[1]


def share_parts(problem: Problem, component: np.ndarray, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """How many parts each component of the graph gets.

    Each gets at least one and no more than it has units; then the parts go, one by one, to the component whose parts
    would be the heaviest (with a random handicap, so that starts differ), those above the upper limit first.

    Parameters
    ----------
    problem
        Weights, number of parts, ranges; at least as many parts as components.
    component
        Component of each unit.
    rng
        Source of the handicaps; without it the shares are proportional.

    Returns
    -------
    ndarray of int64
        Parts of each component.
    """
    count = int(component.max()) + 1
    weight = np.bincount(component, weights=problem.weight, minlength=count)
    room = np.bincount(component, minlength=count)
    share = np.ones(count, np.int64)
    handicap = np.full(count, 0.5) if rng is None else rng.random(count)
    lower, upper = float(problem.lower.mean()), float(problem.upper.mean())
    while share.sum() < problem.parts:
        too_heavy = weight > upper * share
        too_light = weight < lower * (share + 1)
        rank = weight / (share + handicap)
        full = share >= room
        order = np.lexsort((np.arange(count), -rank, too_light, ~too_heavy, full))
        share[order[0]] += 1
    return share


def mend_pieces(problem: Problem, part_of: np.ndarray) -> np.ndarray:
    """Give every detached piece of a part to a neighbour, so that each part is in one piece.

    The heaviest piece of a part keeps its number; the others go to the neighbouring part with the longest shared
    boundary (the largest cut cost), smallest pieces first.

    Parameters
    ----------
    problem
        The graph.
    part_of
        Part of each unit, perhaps in several pieces.

    Returns
    -------
    ndarray of int64
        A new array; a piece without neighbours (an island of the graph) stays as it is.
    """
    part_of = part_of.astype(np.int64).copy()
    for _ in range(problem.units):
        piece = components_of_parts(problem.indptr, problem.indices, part_of)
        held = np.bincount(piece, weights=problem.weight)
        first = np.unique(piece, return_index=True)[1]
        owner = part_of[first]
        main = np.full(problem.parts, -1)
        for i in np.lexsort((first, -held)):
            if main[owner[i]] < 0:
                main[owner[i]] = i
        loose = [i for i in np.lexsort((first, held)) if main[owner[i]] != i]
        if not _give_away_first(problem, part_of, piece, loose):
            return part_of
    return part_of


def _give_away_first(problem: Problem, part_of: np.ndarray, piece: np.ndarray, loose: list[int]) -> bool:
    for i in loose:
        shared = np.zeros(problem.parts)
        for unit in np.flatnonzero(piece == i):
            edges = slice(problem.indptr[unit], problem.indptr[unit + 1])
            others = part_of[problem.indices[edges]]
            np.add.at(shared, others, np.maximum(problem.edge_cost[edges], 1e-12) * (others != part_of[unit]))
            shared[np.isinf(problem.unit_cost[unit])] = 0.0
        if shared.any():
            part_of[piece == i] = int(np.argmax(shared))
            return True
    return False


def is_feasible(problem: Problem, part_of: np.ndarray) -> bool:
    """Whether every part is there, in one piece, in its range and allowed.

    Parameters
    ----------
    problem
        The graph with its ranges.
    part_of
        Part of each unit.

    Returns
    -------
    bool
    """
    if (part_of < 0).any():
        return False
    held = np.bincount(part_of, weights=problem.weight, minlength=problem.parts)
    pieces = len(np.unique(components_of_parts(problem.indptr, problem.indices, part_of)))
    return bool(
        pieces == problem.parts == len(np.unique(part_of))
        and (held >= problem.lower).all()
        and (held <= problem.upper).all()
        and np.isfinite(problem.unit_cost[np.arange(problem.units), part_of]).all()
    )


def search(
    problem: Problem,
    *,
    budget: Budget,
    seed: int = 0,
    start: Callable[[np.random.Generator, int], np.ndarray] | None = None,
    heat: tuple[float, float] = (4.0, 0.15),
    penalties: tuple[float, ...] = PENALTIES,
    swaps: float = 0.0,
    run_moves: int | None = None,
    progress: Callable[[float, int], None] | None = None,
) -> Found:
    """Anneal from many starts and keep the best feasible partition.

    An interruption (Ctrl-C) gives the best so far. The search has converged when :data:`CONVERGED_HITS` runs ended at
    the best value that any of at least :data:`CONVERGED_RUNS` runs has met.

    Parameters
    ----------
    problem
        What to divide.
    budget
        Moves, and seconds as a guard; compilation does not count.
    seed
        Source of all chance.
    start
        Given a generator and the number of the run, a connected starting partition; default :func:`grow_parts`.
    heat
        First and last temperature in units of ``problem.scale``.
    penalties
        Price of a step of weight out of range in units of ``problem.scale``, one a run in turn.
    swaps
        Share of the moves that exchange two units.
    run_moves
        Moves of one run; default by the number of units.
    progress
        Told the best energy and the moves done after each slice.

    Returns
    -------
    Found
    """
    warm_up()
    clock = _Clock(budget)
    run_moves = run_moves or int(np.clip(problem.units * 5_000, 10_000, 5_000_000))
    record = _Record(problem)
    run, stopped = 0, clock.reason
    try:
        while not clock.stopped:
            rng = np.random.default_rng([seed, run])
            part_of = grow_parts(problem, rng=rng) if start is None else start(rng, run)
            penalty = penalties[run % len(penalties)] * problem.scale / problem.weight_step
            record.visit(part_of)
            _one_run(_Run(problem, penalty, swaps, heat, run_moves, rng), part_of, record, clock, progress)
            run += 1
            stopped = clock.reason
            if record.energy <= budget.stop_at or (record.hits >= CONVERGED_HITS and run >= CONVERGED_RUNS):
                stopped = "converged"
                break
    except KeyboardInterrupt:
        stopped = "interrupted"
    if record.closest[0] < 0:
        record.visit(grow_parts(problem, rng=np.random.default_rng([seed, 0])))
    feasible = bool(np.isfinite(record.energy))
    return Found(
        part_of=record.best if feasible else None,
        energy=record.energy,
        closest=record.best if feasible else record.closest,
        moves=clock.moves,
        runs=run,
        stopped_by=stopped,
    )


class _Record:
    """The best feasible partition so far, how often it was met, and the closest where none is feasible."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.best = np.full(problem.units, -1, np.int64)
        self.energy = float("inf")
        self.hits = 0
        self.closest = np.full(problem.units, -1, np.int64)
        self.violation = float("inf")

    def visit(self, part_of: np.ndarray) -> None:
        """Keep a partition, feasible or not, if none was closer to the ranges."""
        held = np.bincount(part_of, weights=self.problem.weight, minlength=self.problem.parts)
        out = np.maximum(self.problem.lower - held, 0).sum() + np.maximum(held - self.problem.upper, 0).sum()
        if out < self.violation:
            self.violation = float(out)
            self.closest[:] = part_of

    def take(self, part_of: np.ndarray, energy: float) -> None:
        if energy < self.energy - SAME:
            self.energy, self.hits = energy, 0
            self.best[:] = part_of


class _Clock:
    """Counts moves and watches the time limit."""

    def __init__(self, budget: Budget) -> None:
        self.most = np.inf if budget.effort is None else budget.effort * 1_000_000
        if budget.effort is None and budget.time_limit_s is None:
            self.most = DEFAULT_EFFORT * 1_000_000
        self.until = np.inf if budget.time_limit_s is None else time.monotonic() + budget.time_limit_s
        self.stop_at = budget.stop_at
        self.moves = 0

    @property
    def stopped(self) -> bool:
        return self.moves >= self.most or time.monotonic() >= self.until

    @property
    def reason(self) -> StoppedBy:
        return "work" if self.moves >= self.most else "time"


@dataclass(frozen=True, slots=True)
class _Run:
    problem: Problem
    penalty: float
    swaps: float
    heat: tuple[float, float]
    moves: int
    rng: np.random.Generator


def _one_run(
    run: _Run,
    part_of: np.ndarray,
    record: _Record,
    clock: _Clock,
    progress: Callable[[float, int], None] | None,
) -> None:
    problem = run.problem
    state = np.array([run.rng.integers(1, 2**63)], np.uint64)
    border = start_state(problem.indptr, problem.indices, part_of)
    best, energy = part_of.copy(), np.inf
    for first in range(0, run.moves, SLICE_MOVES):
        last = min(first + SLICE_MOVES, run.moves)
        energy = anneal(
            problem.indptr,
            problem.indices,
            problem.edge_cost,
            problem.unit_cost,
            problem.weight,
            problem.lower,
            problem.upper,
            problem.target,
            problem.even,
            run.penalty,
            run.swaps,
            (run.heat[0] * problem.scale, run.heat[1] * problem.scale),
            (first, last, run.moves),
            part_of,
            best,
            energy,
            border,
            state,
        )
        clock.moves += last - first
        record.take(best, energy)
        if progress is not None:
            progress(record.energy, clock.moves)
        if clock.stopped or energy <= clock.stop_at:
            break
    record.visit(part_of)
    if np.isfinite(energy) and abs(energy - record.energy) <= SAME:
        record.hits += 1


@cache
def warm_up() -> None:
    """Compile the kernel on a graph of two units, so that no time limit pays for it."""
    indptr, indices = np.array([0, 1, 2]), np.array([1, 0])
    problem = Problem(indptr, indices, np.ones(2), np.ones(2), np.zeros((2, 2)), np.zeros(2), np.full(2, 2.0))
    run = _Run(problem, 1.0, 0.5, (1.0, 0.1), 10, np.random.default_rng(0))
    _one_run(run, np.array([0, 1]), _Record(problem), _Clock(Budget()), None)
    components_of_parts(indptr, indices, np.array([0, 1]))
