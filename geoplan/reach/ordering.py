"""Orders of nodes and lines that keep neighbours near each other in memory."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["hilbert_keys", "hilbert_order", "topological_order"]

_BITS = 24


@njit(cache=True, nogil=True)
def _hilbert(columns, rows, bits, out):
    for i in range(len(out)):
        x, y = columns[i], rows[i]
        key = np.int64(0)
        side = np.int64(1) << (bits - 1)
        while side > 0:
            right = np.int64((x & side) > 0)
            upper = np.int64((y & side) > 0)
            key += side * side * ((3 * right) ^ upper)
            if upper == 0:
                if right == 1:
                    x = side - 1 - (x & (side - 1))
                    y = side - 1 - (y & (side - 1))
                x, y = y, x
            x &= side - 1
            y &= side - 1
            side >>= 1
        out[i] = key


def hilbert_keys(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each point along a Hilbert curve through their common box.

    Parameters
    ----------
    xy
        Finite coordinates, one row a point, any unit.

    Returns
    -------
    ndarray of int64
        One key a point; near keys are near in space.

    Examples
    --------
    >>> import numpy as np
    >>> hilbert_keys(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])).argsort().tolist()
    [0, 1, 2, 3]
    """
    out = np.zeros(len(xy), np.int64)
    if len(xy) == 0:
        return out
    low = xy.min(axis=0)
    side = float((xy.max(axis=0) - low).max())
    if side > 0.0:
        cells = ((xy - low) * ((2**_BITS - 1) / side)).astype(np.int64)
        _hilbert(np.ascontiguousarray(cells[:, 0]), np.ascontiguousarray(cells[:, 1]), _BITS, out)
    return out


def hilbert_order(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows in the order of a Hilbert curve.

    Parameters
    ----------
    xy
        Finite coordinates, one row a point.

    Returns
    -------
    ndarray of int64
        Row numbers, first along the curve first; equal places keep their order.
    """
    return np.argsort(hilbert_keys(xy), kind="stable")


def topological_order(tail: NDArray[np.int64], head: NDArray[np.int64], node_count: int) -> NDArray[np.int64]:
    """Order of nodes without coordinates: neighbours near each other.

    Parameters
    ----------
    tail, head
        Ends of the arcs, direction ignored.
    node_count
        Number of nodes.

    Returns
    -------
    ndarray of int64
        Node numbers.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    ones = np.ones(2 * len(tail), np.int8)
    ends = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    graph = csr_array(coo_array((ones, ends), shape=(node_count, node_count)))
    return np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=True), dtype=np.int64)
