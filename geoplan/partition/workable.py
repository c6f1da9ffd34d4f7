"""The range nearest to the wanted one that an arrangement really keeps: proven for few units, else the best found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.problem import Problem, graph_components
from geoplan.partition.search import Budget, search

__all__ = ["Ground", "Workable", "workable_range"]

MOST_UNITS = 60
"""Units of which arrangements are enumerated at most."""

STEPS = 200_000
"""Sets of units that an enumeration may look at: about a second."""

SEARCH_EFFORT = 1
"""Millions of moves of each search for an arrangement."""

SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Ground:
    """What is to be arranged, without whole parts that are locked.

    Attributes
    ----------
    indptr, indices
        Neighbours of each unit in CSR form.
    weight
        Weight of each unit.
    parts
        Number of parts.
    group
        Units of the same number must be in one part, those of different ones in different parts; -1 for free units.
    site
        Mask of the units of which each part needs one; None where none is needed.
    """

    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    parts: int
    group: np.ndarray | None = None
    site: np.ndarray | None = None

    def keeps(self, part_of: np.ndarray) -> bool:
        """Whether every part is there, in one piece, with its groups and a site."""
        pieces = len(np.unique(components_of_parts(self.indptr, self.indices, part_of)))
        if not pieces == len(np.unique(part_of)) == self.parts:
            return False
        if self.group is not None:
            tied = self.group >= 0
            pairs = set(zip(self.group[tied].tolist(), part_of[tied].tolist(), strict=True))
            if not len(pairs) == len({g for g, _ in pairs}) == len({p for _, p in pairs}):
                return False
        return self.site is None or len(np.unique(part_of[self.site])) == self.parts


@dataclass(frozen=True, slots=True)
class Workable:
    """A range and an arrangement that keeps it.

    Attributes
    ----------
    lower, upper
        The wanted range, widened as far as the arrangement needs, to two digits after the point.
    proven
        Whether no arrangement needs less, both ends' widening added.
    part_of
        The arrangement: part of each unit.
    """

    lower: float
    upper: float
    proven: bool
    part_of: NDArray[np.int64]


def workable_range(
    ground: Ground,
    lower: float,
    upper: float,
    *,
    hints: Sequence[tuple[float, float]] = (),
    seed: int = 0,
    steps: int = STEPS,
) -> Workable | None:
    """Find the range nearest to the wanted one that some arrangement keeps.

    Short searches, in the hinted ranges and for the most even parts, give an arrangement; where there are few units all
    that need less are then enumerated.

    Parameters
    ----------
    ground
        What is arranged.
    lower, upper
        The wanted range, ``upper`` may be infinite.
    hints
        Ranges that may do, such as what the counts alone allow.
    seed
        Source of chance.
    steps
        Work of the enumeration.

    Returns
    -------
    Workable or None
        None where no arrangement was found, whatever the range.

    Examples
    --------
    A path of units of 15, 15 and 125: two parts between 59.5 and 80.5 cannot be, 30 and 125 is the nearest.

    >>> path = Ground(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]), np.array([15.0, 15.0, 125.0]), 2)
    >>> found = workable_range(path, 59.5, 80.5)
    >>> found.lower, found.upper, found.proven, found.part_of.tolist()
    (30.0, 125.0, True, [0, 0, 1])
    """
    areas = int(graph_components(ground.indptr, ground.indices).max(initial=-1)) + 1
    if not max(areas, 1) <= ground.parts <= len(ground.weight):
        return None
    best: NDArray[np.int64] | None = None
    cost = np.inf
    for part_of in _searched(ground, lower, upper, hints, seed):
        need = _widening(ground, part_of, lower, upper)
        if need < cost - SAME and ground.keeps(part_of):
            best, cost = part_of, need
    proven = cost <= SAME
    if not proven and len(ground.weight) <= MOST_UNITS:
        every = _Enumeration(ground, lower, upper, cost, steps)
        proven = every.run()
        best = best if every.best is None else every.best
    if best is None:
        return None
    held = np.bincount(best, weights=ground.weight, minlength=ground.parts)
    low, high = float(held.min()), float(held.max())
    return Workable(
        float(lower) if low >= lower else _outward(low, -1),
        float(upper) if high <= upper else _outward(high, 1),
        bool(proven),
        _by_first(best),
    )


def _outward(end: float, way: int) -> float:
    """An end of a range with two digits after the point, so that what lay within still does when it is told."""
    short = round(end, 2)
    return short if (short - end) * way >= 0 else round(short + way * 0.01, 2)


def _by_first(part_of: np.ndarray) -> NDArray[np.int64]:
    """Parts in the order of their first units."""
    first = np.unique(part_of, return_index=True)[1]
    number = np.argsort(np.argsort(first))
    return number[np.unique(part_of, return_inverse=True)[1]].astype(np.int64)


def _widening(ground: Ground, part_of: np.ndarray, lower: float, upper: float) -> float:
    held = np.bincount(part_of, weights=ground.weight, minlength=ground.parts)
    return max(lower - float(held.min()), 0.0) + max(float(held.max()) - upper, 0.0)


def _searched(
    ground: Ground, lower: float, upper: float, hints: Sequence[tuple[float, float]], seed: int
) -> Iterator[np.ndarray]:
    """Arrangements that short searches end with, feasible or not."""
    total = float(ground.weight.sum())
    cost = np.zeros((len(ground.weight), ground.parts))
    if ground.group is not None:
        tied = np.unique(ground.group[ground.group >= 0], return_inverse=True)[1]
        if tied.max(initial=-1) >= ground.parts:
            return
        # dear, not forbidden: the searches start from parts that know nothing of groups
        cost[ground.group >= 0] = 1e6
        cost[np.flatnonzero(ground.group >= 0), tied] = 0.0
    problem = Problem(
        ground.indptr,
        ground.indices,
        np.zeros(len(ground.indices)),
        ground.weight,
        cost,
        np.zeros(ground.parts),
        np.full(ground.parts, max(total, 1.0)),
    )
    for low, high in dict.fromkeys((*hints, (lower, upper))):
        least, most = np.full(ground.parts, low), np.full(ground.parts, min(high, max(total, 1.0)))
        ranged = replace(problem, lower=least, upper=most)
        yield search(ranged, budget=Budget(effort=SEARCH_EFFORT, stop_at=0.0), seed=seed).closest
    mean = total / ground.parts
    if mean > 0:
        # a typical unit too many or too few costs about as much as a typical move
        step = float(np.median(ground.weight[ground.weight > 0])) / mean
        even = replace(problem, target=mean, even=1.0 / step**2)
        yield search(even, budget=Budget(effort=SEARCH_EFFORT), seed=seed).closest


class _Enumeration:
    """All arrangements that need less widening than the best so far: parts are cut off one after the other."""

    def __init__(self, ground: Ground, lower: float, upper: float, cost: float, steps: int) -> None:
        count = len(ground.weight)
        self.lower, self.upper, self.cost, self.steps = lower, upper, cost, steps
        self.weight: list[float] = ground.weight.tolist()
        self.beside = [
            sum(1 << int(v) for v in ground.indices[ground.indptr[u] : ground.indptr[u + 1]]) for u in range(count)
        ]
        group = np.full(count, -1) if ground.group is None else ground.group
        self.members = {
            int(g): sum(1 << int(u) for u in np.flatnonzero(group == g)) for g in np.unique(group) if g >= 0
        }
        self.site = None if ground.site is None else sum(1 << int(u) for u in np.flatnonzero(ground.site))
        self.parts = ground.parts
        self.taken: list[int] = []
        self.best: NDArray[np.int64] | None = None

    def run(self) -> bool:
        """Enumerate; whether all were looked at."""
        everything = (1 << len(self.weight)) - 1
        try:
            self._cut(everything, sum(self.weight), self.parts, self.lower, max(self.upper, max(self.weight)))
        except _OutOfStepsError:
            return False
        return True

    def _need(self, low: float, high: float) -> float:
        return self.lower - low + (high - self.upper if high > self.upper else 0.0)

    def _cut(self, rest: int, held: float, left: int, low: float, high: float) -> None:
        """Cut a part with the first unit off the rest; the parts before lie between low and high."""
        mean = held / left
        if self._need(min(low, mean), max(high, mean)) >= self.cost - SAME or rest.bit_count() < left:
            return
        if self.site is not None and (rest & self.site).bit_count() < left:
            return
        if left == 1:
            if self._whole(rest) and self._complete(rest):
                self._take(rest, self._need(min(low, held), max(high, held)))
            return
        if self._pieces(rest) > left:
            return
        first = (rest & -rest).bit_length() - 1
        for part, weight in self._sets(rest, first, low, high):
            lower = min(low, weight)
            if self._need(lower, max(high, weight)) < self.cost - SAME and self._complete(part):
                self.taken.append(part)
                self._cut(rest & ~part, held - weight, left - 1, lower, max(high, weight))
                self.taken.pop()

    def _sets(self, rest: int, first: int, low: float, high: float) -> Iterator[tuple[int, float]]:
        """Connected sets of the rest with a unit, none too heavy to be of use."""
        stack: list[tuple[int, float, int, int]] = [
            (1 << first, self.weight[first], self.beside[first] & rest & ~(1 << first), 0)
        ]
        while stack:
            part, weight, edge, barred = stack.pop()
            self.steps -= 1
            if self.steps < 0:
                raise _OutOfStepsError
            if self._need(low, max(high, weight)) >= self.cost - SAME:
                continue
            yield part, weight
            while edge:
                bit = edge & -edge
                edge &= ~bit
                unit = bit.bit_length() - 1
                grown = part | bit
                # units passed over stay out of all that grows from here, so that each set comes once
                stack.append(
                    (grown, weight + self.weight[unit], (edge | self.beside[unit] & rest) & ~grown & ~barred, barred)
                )
                barred |= bit

    def _take(self, last: int, need: float) -> None:
        if need < self.cost - SAME:
            self.cost = need
            self.best = np.zeros(len(self.weight), np.int64)
            for number, part in enumerate([*self.taken, last]):
                for unit in range(len(self.weight)):
                    if part >> unit & 1:
                        self.best[unit] = number

    def _complete(self, part: int) -> bool:
        """Whether a part holds one group at most, all of it, and a site where one is needed."""
        if self.site is not None and not part & self.site:
            return False
        touched = [members for members in self.members.values() if members & part]
        return len(touched) <= 1 and all(members & ~part == 0 for members in touched)

    def _whole(self, part: int) -> bool:
        return self._pieces(part) == 1

    def _pieces(self, units: int) -> int:
        count = 0
        while units:
            seen = edge = units & -units
            while edge:
                unit = (edge & -edge).bit_length() - 1
                edge &= edge - 1
                new = self.beside[unit] & units & ~seen
                seen |= new
                edge |= new
            units &= ~seen
            count += 1
        return count


class _OutOfStepsError(Exception):
    """The enumeration has used up its steps."""
