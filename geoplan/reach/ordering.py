"""Orders of nodes and lines that keep neighbours near each other in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["hilbert_keys", "hilbert_order", "topological_order"]

_MOST_BITS = 24


@njit(cache=True, nogil=True)
def _hilbert(columns: Any, rows: Any, bits: Any, out: Any) -> None:
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


def hilbert_keys(xy: NDArray[np.float64], *, bits: int = _MOST_BITS) -> NDArray[np.int64]:
    """Place of each point along a Hilbert curve through their common box.

    Parameters
    ----------
    xy
        Finite coordinates, one row a point, any unit.
    bits
        The curve passes through ``2**bits`` columns and rows.

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
        cells = ((xy - low) * ((2**bits - 1) / side)).astype(np.int64)
        _hilbert(np.ascontiguousarray(cells[:, 0]), np.ascontiguousarray(cells[:, 1]), bits, out)
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
    # Key and row in one number: sorting numbers is several times faster than sorting rows by number.
    row_bits = len(xy).bit_length()
    keys = hilbert_keys(xy, bits=min(_MOST_BITS, (63 - row_bits) // 2))
    return np.sort((keys << row_bits) | np.arange(len(xy))) & ((1 << row_bits) - 1)


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
