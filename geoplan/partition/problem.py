"""What is divided: the graph, what a partition of it costs, and when a partition keeps every rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geoplan.partition.kernel import components_of_parts

__all__ = ["Problem", "graph_components", "is_feasible"]


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
