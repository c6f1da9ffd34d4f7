"""Cut a part anew: along a random spanning tree, or two or three neighbours exactly.

References
----------
DeFord, D., Duchin, M., Solomon, J. (2021). Recombination: a family of Markov chains for redistricting. HDSR 3(1).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

__all__ = ["split_by_tree"]


def split_by_tree(
    indptr: np.ndarray,
    indices: np.ndarray,
    weight: np.ndarray,
    members: np.ndarray,
    *,
    want: float,
    rng: np.random.Generator,
    tries: int = 8,
) -> np.ndarray:
    """Cut connected units in two connected sides, one of about a wanted weight.

    Draws random spanning trees and removes the edge whose one side comes nearest.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    weight
        Weight of each unit.
    members
        At least two units that are connected among themselves.
    want
        Weight of the side that is returned.
    rng
        Source of chance.
    tries
        Trees to draw.

    Returns
    -------
    ndarray of int64
        Units of that side, neither none nor all.
    """
    members = np.sort(members)
    graph = csr_array((np.ones(len(indices)), indices, indptr), (len(weight), len(weight)))[members][:, members].tocoo()
    once = graph.row < graph.col
    row, col = graph.row[once], graph.col[once]
    best: tuple[float, np.ndarray] = (np.inf, members[:1])
    for _ in range(tries):
        drawn = csr_array((rng.random(len(row)) + 1e-3, (row, col)), graph.shape)
        off, side = _nearest_branch(minimum_spanning_tree(drawn), weight[members], want)
        if off < best[0]:
            best = off, members[side]
    return best[1]


def _nearest_branch(tree: csr_array, weight: np.ndarray, want: float) -> tuple[float, np.ndarray]:
    order, parent = breadth_first_order(tree, 0, directed=False)
    below = weight.astype(float).copy()
    for x in order[:0:-1]:
        below[parent[x]] += below[x]
    off = np.minimum(np.abs(below - want), np.abs(weight.sum() - below - want))
    off[order[0]] = np.inf
    cut = int(np.argmin(off))
    inside = np.zeros(len(weight), bool)
    inside[cut] = True
    for x in order[1:]:
        inside[x] |= inside[parent[x]]
    if abs(below[cut] - want) > abs(weight.sum() - below[cut] - want):
        inside = ~inside
    return float(off[cut]), np.flatnonzero(inside)
