"""How much weight must move at least: a proven bound without assumptions.

The best matching pairs each new part with at most one base part. A part that stands for base part p is one column of
the model; all new parts together are one more column, the pool, whose weight must suffice for them. Weights must lie in
their ranges; connectivity is added as rows while it is broken. Every partition is a point of the model, so its least
cost is a bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from geoplan.errors import Message
from geoplan.partition.kernel import components_of_parts
from geoplan.partition.milp import (
    NODES_PER_EFFORT,
    PATIENCE,
    Cut,
    Guard,
    Model,
    Rounds,
    solve,
    solve_in_rounds,
    tighten,
)
from geoplan.partition.outcome import match_parts, weight_moved
from geoplan.partition.rows import joining, ring_of, ways_out
from geoplan.partition.search import DEFAULT_EFFORT, Budget, StoppedBy

__all__ = ["Bound", "counts_alone", "moved_bound"]

MOST_COLUMNS = 40_000
"""Above, only the counts are used: the model with every unit and part would not be solved in reasonable time."""

SMALL, CLOSE = 2_000, 0.0005
"""A model with more columns is solved to this share of what moves: the last households would take hours."""

RELAXED_ROUNDS, RELAXED_COLUMNS = 24, 300_000
"""Linear programs with rows of connectivity before a large model is solved in whole units: at most so many, with no
more columns in all."""

WHOLE_NODES = 100
"""A large model is solved in whole units only where at least so many branch-and-bound nodes may be used: its root alone
takes longer than all relaxations, and adds little to their bound."""

LARGE_PATIENCE = 8
"""Rounds of a large whole model in a row that may leave its bound as it is; each takes seconds."""

LEVELS = (1e-6, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of a unit above which it counts as in a part, where rows are sought that a fractional answer breaks."""

SAFETY = 0.25
"""Taken off the solver's bound before it is rounded up to a whole weight, for its tolerances."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At least so much weight must move.

    Attributes
    ----------
    value
        The bound; ``inf`` where no partition exists.
    assumes
        Assumptions that it rests on; empty: none.
    optimal
        Whether ``warm_start`` was given and reaches the bound.
    counts_alone
        What the weights of the base parts force, whatever the geography.
    rounds
        Models solved.
    stopped_by
        Why it is not higher.
    part_of
        A partition at the bound where the proof met one, new parts last; else None.
    """

    value: float
    assumes: tuple[Message, ...]
    optimal: bool
    counts_alone: float
    rounds: int
    stopped_by: StoppedBy
    part_of: np.ndarray | None = None


def counts_alone(weight: np.ndarray, base: np.ndarray, parts: int, lower: float, upper: float) -> float:
    """Weight that must move because of the weights of the base parts alone: units as if they were grains of sand.

    Parameters
    ----------
    weight
        Weight of each unit.
    base
        Base part of each unit, 0 to m - 1.
    parts
        Number of parts wanted.
    lower, upper
        Range of each part.

    Returns
    -------
    float
        ``inf`` if the counts cannot be met.

    Examples
    --------
    Two parts of 10 become three of 6 to 7: the new part takes at least 6.

    >>> counts_alone(np.full(20, 1.0), np.repeat([0, 1], 10), 3, 6, 7)
    6.0
    """
    held = np.bincount(base, weights=weight)
    m, one = len(held), np.eye(len(held))
    # columns: weight kept and received by each part, whether it is kept, weight of the new parts
    none, ones, zero = np.zeros((m, m)), np.ones((1, m)), np.zeros((m, 1))
    new = max(parts - m, 0)
    rows = np.block(
        [
            [one, none, -np.diag(held), zero],
            [one, one, -lower * one, zero],
            [one, one, -upper * one, zero],
            [np.zeros((1, 2 * m)), ones, np.zeros((1, 1))],
            [ones, ones, np.zeros((1, m)), np.ones((1, 1))],
        ]
    )
    total, inf = held.sum(), np.inf
    low = np.concatenate([np.full(m, -inf), np.zeros(m), np.full(m, -inf), [min(parts, m), total]])
    high = np.concatenate([np.zeros(m), np.full(m, inf), np.zeros(m), [min(parts, m), total]])
    # the pool's lower limit is a row of its own
    rows = np.vstack([rows, np.concatenate([np.zeros(3 * m), [1.0]])])
    low, high = np.append(low, new * lower), np.append(high, new * upper)
    model = Model(
        cost=np.concatenate([-np.ones(m), np.zeros(2 * m + 1)]),
        rows=csr_array(rows),
        low=low,
        high=high,
        top=np.concatenate([np.full(2 * m, inf), np.ones(m), [inf]]),
        whole=np.concatenate([np.zeros(2 * m, bool), np.full(m, m > parts), [False]]),
    )
    solved = solve(model, Guard())
    if solved.infeasible:
        return float("inf")
    return _round_up(float(total + solved.bound), weight, floor=0.0) + 0.0


def _round_up(bound: float, weight: np.ndarray, *, floor: float) -> float:
    if np.array_equal(weight, np.round(weight)):
        return max(float(np.ceil(bound - SAFETY)), floor) + 0.0
    return max(bound - 1e-6 * float(weight.sum()), floor)


def moved_bound(
    indptr: np.ndarray,
    indices: np.ndarray,
    weight: np.ndarray,
    base: np.ndarray,
    parts: int,
    lower: float,
    upper: float,
    *,
    allowed: np.ndarray | None = None,
    locked: np.ndarray | None = None,
    budget: Budget | None = None,
    warm_start: np.ndarray | None = None,
) -> Bound:
    """Prove how much weight must move at least, new parts being free to lie anywhere.

    Parameters
    ----------
    indptr, indices
        Neighbours of each unit in CSR form.
    weight
        Weight of each unit.
    base
        Base part of each unit, 0 to m - 1, each with a unit.
    parts
        Number of parts wanted.
    lower, upper
        Range of each part, inclusive.
    allowed
        Mask, shape (units, m + 1): whether a unit may be in the part that stands for a base part; last column: in a
        new part. Default everywhere.
    locked
        Mask of units that stay in their base part.
    budget
        ``effort`` counts branch-and-bound nodes; the time limit is a guard.
    warm_start
        A feasible partition: the proof stops when it is reached.

    Returns
    -------
    Bound
    """
    started = time.monotonic()
    budget = budget or Budget()
    m = int(base.max()) + 1
    forced = counts_alone(weight, base, parts, lower, upper)
    goal = float("inf") if warm_start is None else weight_moved(weight, base, warm_start)
    if forced >= goal or not np.isfinite(forced) or len(weight) * (m + 1) > MOST_COLUMNS:
        return Bound(forced, (), forced >= goal and warm_start is not None, forced, 0, "converged")
    view = _View(indptr, indices, weight, base, m, parts, float(lower), float(upper))
    until = np.inf if budget.time_limit_s is None else started + budget.time_limit_s
    guard = Guard(float(until), int((budget.effort or DEFAULT_EFFORT) * NODES_PER_EFFORT))
    model = view.model(allowed, locked)
    start = None if warm_start is None else view.x_of(warm_start)
    total = float(weight.sum())
    large = len(model.cost) > SMALL
    close = CLOSE * goal if large and np.isfinite(goal) else SAFETY
    slack = CLOSE * (goal if np.isfinite(goal) else forced) if large else 0.0
    enough = goal - total - close
    relaxed = -np.inf
    if large:
        lots = int(np.clip(RELAXED_COLUMNS // len(model.cost), 6, RELAXED_ROUNDS))
        relaxed = tighten(model, view.fractional_cuts, guard, rounds=lots, enough=enough)
    if large and (relaxed >= enough or guard.nodes < WHOLE_NODES):
        rounds = Rounds(start, goal - total, relaxed, relaxed >= goal - total, relaxed == np.inf, 1)
    else:
        patience = LARGE_PATIENCE if large else PATIENCE
        rounds = solve_in_rounds(model, view.cuts, guard, start=start, enough=enough, slack=slack, patience=patience)
    value = float("inf")
    if not rounds.infeasible:
        proven = max(rounds.bound, relaxed)
        value = max(_round_up(total + proven, weight, floor=0.0), forced) if np.isfinite(proven) else forced
    value = min(value, goal)
    done = rounds.optimal or rounds.infeasible or value >= goal - close
    stopped: StoppedBy = "converged" if done else ("time" if guard.seconds <= 0 else "work")
    whole = view.partition_of(rounds.x) if rounds.x is not None and rounds.optimal else None
    return Bound(value, (), value >= goal, forced, rounds.rounds, stopped, whole)


@dataclass(frozen=True, slots=True)
class _View:
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    base: np.ndarray
    m: int
    parts: int
    lower: float
    upper: float

    @property
    def columns(self) -> int:
        """Parts that stand for a base part, and the pool if there are new ones."""
        return self.m + (self.parts > self.m)

    def model(self, allowed: np.ndarray | None, locked: np.ndarray | None) -> Model:
        """Column ``unit * columns + part``, then, where parts are given up, whether each part is kept."""
        n, c, m = len(self.weight), self.columns, self.m
        flags = m if self.parts < m else 0
        size = n * c + flags
        cost = np.zeros(size)
        cost[np.arange(n) * c + self.base] = -self.weight
        top = np.ones(size)
        if allowed is not None:
            top[: n * c] = np.asarray(allowed, bool)[:, :c].ravel()
        if locked is not None:
            for unit in np.flatnonzero(locked):
                top[unit * c : (unit + 1) * c] = np.arange(c) == self.base[unit]
        one_each = csr_array((np.ones(n * c), (np.repeat(np.arange(n), c), np.arange(n * c))), (n, size))
        # weights in units of the range keep the solver's tolerances meaningful
        share = np.repeat(self.weight, c) / self.upper
        held = csr_array((share, (np.tile(np.arange(c), n), np.arange(n * c))), (c, size))
        low, high = np.full(c, self.lower / self.upper), np.ones(c)
        if c > m:
            low[m], high[m] = (self.parts - m) * low[m], (self.parts - m) * high[m]
        # no part is empty, even where the lower limit is 0
        number = csr_array((np.ones(n * c), held.tocoo().coords), (c, size))
        fewest = np.append(np.ones(m), np.full(c - m, self.parts - m))
        blocks = [one_each, held, number]
        lows, highs = [np.ones(n), low, fewest], [np.ones(n), high, np.full(c, np.inf)]
        if flags:
            blocks[1:], lows[1:], highs[1:] = self._flag_rows(held, number, size)
        return Model(
            cost=cost,
            rows=csr_array(vstack(blocks)),
            low=np.concatenate(lows),
            high=np.concatenate(highs),
            top=top,
            whole=np.ones(size, bool),
            step=1.0 if np.array_equal(self.weight, np.round(self.weight)) else 0.0,
        )

    def x_of(self, part_of: np.ndarray) -> np.ndarray:
        """A partition as a point of the model."""
        n, c = len(self.weight), self.columns
        old_of = match_parts(self.weight, self.base, part_of)
        column = np.array([old_of.get(p, self.m) for p in range(self.parts)])
        x = np.zeros(n * c + (self.m if self.parts < self.m else 0))
        x[np.arange(n) * c + column[part_of]] = 1.0
        if self.parts < self.m:
            x[n * c + column] = 1.0
        return x

    def partition_of(self, x: np.ndarray) -> np.ndarray | None:
        """Parts of an answer; None where the pool does not fall into new parts by itself."""
        n, c = len(self.weight), self.columns
        column = np.argmax(x[: n * c].reshape(n, c), axis=1)
        piece = components_of_parts(self.indptr, self.indices, column)
        part_of = np.unique(piece, return_inverse=True)[1]
        return part_of.astype(np.int64) if len(np.unique(piece)) == self.parts else None

    def _flag_rows(
        self, held: csr_array, number: csr_array, size: int
    ) -> tuple[list[csr_array], list[np.ndarray], list[np.ndarray]]:
        """A part that is given up holds nothing; one that is kept is in its range and not empty."""
        n, m = len(self.weight), self.m
        flag = n * m + np.arange(m)
        at_least = csr_array((np.full(m, self.lower / self.upper), (np.arange(m), flag)), (m, size))
        at_most = csr_array((np.ones(m), (np.arange(m), flag)), (m, size))
        kept = csr_array((np.ones(m), (np.zeros(m, int), flag)), (1, size))
        # said again unit by unit, so that a part that is half given up does not keep all of its own
        ends = np.concatenate([np.arange(n) * m + self.base, n * m + self.base])
        values, rows = np.repeat([1.0, -1.0], n), np.tile(np.arange(n), 2)
        stays = csr_array((values, (rows, ends)), (n, size))
        inf = np.full(m, np.inf)
        wanted = np.array([float(self.parts)])
        return (
            [held - at_least, held - at_most, number - at_most, number - at_most * n, kept, stays],
            [np.zeros(m), -inf, np.zeros(m), -inf, wanted, np.full(n, -np.inf)],
            [inf, np.zeros(m), inf, np.zeros(m), wanted, np.zeros(n)],
        )

    def cuts(self, x: np.ndarray) -> list[Cut]:
        """Rows that an answer breaks: pieces too light to be a part, pieces apart, a pool that cannot be divided."""
        n, c, graph = len(self.weight), self.columns, (self.indptr, self.indices)
        part_of = np.argmax(x[: n * c].reshape(n, c), axis=1)
        piece = components_of_parts(self.indptr, self.indices, part_of)
        held = np.bincount(piece, weights=self.weight)
        found: list[Cut] = []
        for part in range(c):
            pieces = np.unique(piece[part_of == part])
            light = pieces[held[pieces] < self.lower - 1e-9]
            for i in light:
                found += ways_out(*graph, piece == i, np.flatnonzero(piece == i), self._of_part(part))
            if part == self.m:
                found += [cut for i in pieces if (cut := self._undividable(piece == i, part)) is not None]
            elif len(pieces) > 1 and not len(light):
                root = piece == pieces[np.argmax(held[pieces])]
                anchor = int(np.flatnonzero(root)[np.argmax(self.weight[root])])
                apart = np.flatnonzero((part_of == part) & ~root)
                found += joining(*graph, root, anchor, apart, self._of_part(part))
        return found

    def fractional_cuts(self, x: np.ndarray) -> list[Cut]:
        """Rows that a fractional answer breaks: a lot of units too light for a part, held by it without a way out."""
        n, c, graph = len(self.weight), self.columns, (self.indptr, self.indices)
        share = x[: n * c].reshape(n, c)
        tail = np.repeat(np.arange(n), np.diff(self.indptr))
        seen: set[tuple[int, bytes]] = set()
        found: list[Cut] = []
        for part in range(c):
            for level in LEVELS:
                inside = share[:, part] > level
                joined = inside[tail] & inside[self.indices]
                links = csr_array((np.ones(joined.sum(), np.int8), (tail[joined], self.indices[joined])), (n, n))
                lot = connected_components(links, directed=False)[1]
                held = np.bincount(lot, weights=self.weight)
                for i in np.unique(lot[inside]):
                    members = lot == i
                    key = (part, members.tobytes())
                    if held[i] < self.lower - 1e-9 and key not in seen:
                        seen.add(key)
                        out = float(share[ring_of(*graph, members), part].sum())
                        held_fast = members & (share[:, part] > out + 1e-6) & (self.weight > 0)
                        found += ways_out(*graph, members, np.flatnonzero(held_fast), self._of_part(part))
        return found

    def _undividable(self, members: np.ndarray, part: int) -> Cut | None:
        weight = float(self.weight[members].sum())
        most = np.floor(weight / self.lower + 1e-9) if self.lower > 0 else members.sum()
        if weight < self.lower - 1e-9 or weight <= most * self.upper + 1e-9:
            return None
        columns = self._of_part(part)
        inside, ring = columns[members], columns[ring_of(self.indptr, self.indices, members)]
        values = np.concatenate([np.ones(len(inside)), -np.ones(len(ring))])
        return Cut(np.concatenate([inside, ring]), values, -np.inf, len(inside) - 1.0)

    def _of_part(self, part: int) -> np.ndarray:
        """Column of each unit for a part."""
        return np.arange(len(self.weight)) * self.columns + part
