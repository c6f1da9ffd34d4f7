"""Restarts, temperatures and budgets around the compiled search.

The work of a search is counted in moves, so that the same seed and effort give the same partition on every machine; a
time limit is only a guard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from geoplan.partition.kernel import anneal, components_of_parts, start_state
from geoplan.partition.problem import Problem
from geoplan.partition.starts import grow_parts, metis_parts, recut_pair

__all__ = [
    "Budget",
    "Found",
    "StoppedBy",
    "search",
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

HEAT = (2.0, 0.25)
"""First and last temperature of a run, in units of a typical cost."""

MOVES_PER_UNIT, FEW_MOVES_PER_UNIT, MANY_MOVES = 5_000, 700, 350_000
"""Of one run: small graphs get the first for each unit up to the last number, large ones the second for each unit. Many
short runs from different starts meet good valleys more often than few long ones."""

STARTS = ("grown", "grown", "recut", "grown", "grown", "metis")
"""What the runs of a search start from, in turn."""

SAME = 1e-9
"""Energies that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work a search may do: moves in millions, and seconds as a guard; ``None`` is no limit."""

    effort: float | None = None
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


def search(
    problem: Problem,
    *,
    budget: Budget,
    seed: int = 0,
    start: Callable[[np.random.Generator, int], np.ndarray] | None = None,
    heat: tuple[float, float] = HEAT,
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
        Given a generator and the number of the run, a connected starting partition; by default parts grown from random
        units, in turn with the best so far, two of its parts cut anew, and with METIS where that is installed.
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
    run_moves = run_moves or _run_moves(problem.units)
    record = _Record(problem)
    run, stopped = 0, clock.reason
    try:
        while not clock.stopped:
            rng = np.random.default_rng([seed, run])
            part_of = _start(problem, record, rng, run) if start is None else start(rng, run)
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


def _start(problem: Problem, record: _Record, rng: np.random.Generator, run: int) -> np.ndarray:
    kind = STARTS[run % len(STARTS)]
    drawn = metis_parts(problem, rng=rng) if kind == "metis" else None
    if kind == "recut" and np.isfinite(record.energy):
        drawn = recut_pair(problem, record.best, rng=rng)
    return grow_parts(problem, rng=rng) if drawn is None else drawn


def _run_moves(units: int) -> int:
    return max(min(units * MOVES_PER_UNIT, MANY_MOVES), units * FEW_MOVES_PER_UNIT, 10_000)


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
