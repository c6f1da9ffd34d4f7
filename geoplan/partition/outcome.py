"""What a partition costs by each objective, and what one solution of the graph door is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from geoplan.partition.problem import Problem
from geoplan.partition.search import StoppedBy

__all__ = ["Outcome", "count_cut_edges", "match_parts", "moment_of_inertia", "weight_moved"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A partition with its objective, its bound and how it came about; ``bound`` is None where nothing is proven."""

    part_of: np.ndarray
    objective: float
    bound: float | None
    stopped_by: StoppedBy
    moves: int = 0
    runs: int = 0
    counts_alone: float | None = None


def count_cut_edges(problem: Problem, part_of: np.ndarray) -> float:
    """Cost of all edges between two parts.

    Parameters
    ----------
    problem
        The graph.
    part_of
        Part of each unit.

    Returns
    -------
    float
    """
    tail = np.repeat(np.arange(problem.units), np.diff(problem.indptr))
    return float(problem.edge_cost[part_of[tail] != part_of[problem.indices]].sum() / 2)


def moment_of_inertia(weight: np.ndarray, cost: np.ndarray, part_of: np.ndarray) -> tuple[float, dict[int, int]]:
    """Sum of weight x cost to the best centre of each part.

    Parameters
    ----------
    weight
        Weight of each unit.
    cost
        Cost (squared distance) from unit to centre, shape (units, units).
    part_of
        Part of each unit.

    Returns
    -------
    tuple
        The sum, and the centre of each part: one of its units, the first of equals.
    """
    total, centres = 0.0, {}
    for part in np.unique(part_of):
        units = np.flatnonzero(part_of == part)
        each = weight[units] @ cost[np.ix_(units, units)]
        centres[int(part)] = int(units[np.argmin(each)])
        total += float(each.min())
    return total, centres


def match_parts(weight: np.ndarray, base: np.ndarray, part_of: np.ndarray) -> dict[int, int]:
    """Pair new with old parts so that the most weight stays.

    Parameters
    ----------
    weight
        Weight of each unit.
    base, part_of
        Old and new part of each unit.

    Returns
    -------
    dict
        Old part of the new parts that have one.
    """
    kept = np.zeros((int(part_of.max()) + 1, int(base.max()) + 1))
    np.add.at(kept, (part_of, base), weight)
    new, old = linear_sum_assignment(kept, maximize=True)
    return dict(zip(new.tolist(), old.tolist(), strict=True))


def weight_moved(weight: np.ndarray, base: np.ndarray, part_of: np.ndarray) -> float:
    """Weight that changes part, against the best matching of old and new parts.

    Parameters
    ----------
    weight
        Weight of each unit.
    base, part_of
        Old and new part of each unit.

    Returns
    -------
    float
    """
    old_of = match_parts(weight, base, part_of)
    old = np.array([old_of.get(p, -1) for p in range(int(part_of.max()) + 1)])
    return float(weight[old[part_of] != base].sum())
