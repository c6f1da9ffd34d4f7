"""Orders of nodes and lines that keep neighbours near each other in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["hilbert_keys", "hilbert_order", "topological_order"]

_MOST_BITS = 24
_CELL = 64


@njit(cache=True, nogil=True)
def _hilbert(xy: Any, low_x: Any, low_y: Any, scale: Any, bits: Any, out: Any) -> None:
    one = np.int64(1)
    for i in range(len(out)):
        x, y = np.int64((xy[i, 0] - low_x) * scale), np.int64((xy[i, 1] - low_y) * scale)
        key = turned = flipped = np.int64(0)
        for bit in range(bits - 1, -1, -1):  # without branches: they would be mispredicted half the time
            right, upper = ((x >> bit) & one) ^ flipped, ((y >> bit) & one) ^ flipped
            crossed = (right ^ upper) & turned
            right, upper = right ^ crossed, upper ^ crossed
            key = (key << 2) | ((3 * right) ^ upper)
            flipped ^= right & (one - upper)
            turned ^= one - upper
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
    low_x, low_y = float(xy[:, 0].min()), float(xy[:, 1].min())
    side = max(float(xy[:, 0].max()) - low_x, float(xy[:, 1].max()) - low_y)
    if side > 0.0:
        _hilbert(xy, low_x, low_y, (2**bits - 1) / side, bits, out)
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


@njit(cache=True, nogil=True)
def _grow_cells(indptr: Any, heads: Any, cell: Any, order: Any) -> None:
    """Fill ``order`` with cells of near nodes, each grown breadth first from the oldest node left beside the others."""
    n = len(order)
    new, waiting, taken = 0, 1, 2
    state = np.zeros(n, np.int8)
    fringe, fringe_first, fringe_last = np.empty(n, np.int64), 0, 0
    done = 0
    for seed in range(n):
        if state[seed] == new:
            state[seed] = waiting
            fringe[fringe_last] = seed
            fringe_last += 1
        while fringe_first < fringe_last:
            root = fringe[fringe_first]
            fringe_first += 1
            if state[root] == taken:
                continue
            state[root] = taken
            order[done] = root
            at, last, full = done, done + 1, done + cell
            while at < last:
                u = order[at]
                at += 1
                for a in range(indptr[u], indptr[u + 1]):
                    v = heads[a]
                    if state[v] != taken and last < full:
                        state[v] = taken
                        order[last] = v
                        last += 1
                    elif state[v] == new:
                        state[v] = waiting
                        fringe[fringe_last] = v
                        fringe_last += 1
            done = last


def topological_order(indptr: NDArray[np.int64], heads: NDArray[np.int32]) -> NDArray[np.int64]:
    """Order of nodes without coordinates: neighbours near each other.

    Parameters
    ----------
    indptr, heads
        Arcs in compressed rows: those of node ``u`` lead to ``heads[indptr[u]:indptr[u + 1]]``.

    Returns
    -------
    ndarray of int64
        Node numbers, cell by cell of neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> path_0_2_1 = np.array([0, 1, 2, 4]), np.array([2, 2, 0, 1], dtype=np.int32)
    >>> topological_order(*path_0_2_1).tolist()
    [0, 2, 1]
    """
    order = np.empty(len(indptr) - 1, np.int64)
    _grow_cells(indptr, heads, _CELL, order)
    return order
