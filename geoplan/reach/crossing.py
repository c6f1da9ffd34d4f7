"""Which straight lines cross a segment of an index, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoplan.reach.segments import SegmentIndex

__all__ = ["crosses_any"]

Floats = NDArray[np.float64]

_STACK = 256


@njit(cache=True, nogil=True, inline="always")
def _side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """Above 0 left of the line from a to b, below 0 right of it."""
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)


@njit(cache=True, nogil=True)
def _crosses(start: Any, end: Any, boxes: Any, first: Any, segments: Any) -> Any:
    out = np.zeros(len(start), np.bool_)
    stack = np.empty(_STACK, np.int64)
    leaves = len(segments)
    for q in range(len(start)):
        ax, ay, bx, by = start[q, 0], start[q, 1], end[q, 0], end[q, 1]
        west, east = min(ax, bx), max(ax, bx)
        south, north = min(ay, by), max(ay, by)
        stack[0] = len(boxes) - 1
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if boxes[node, 0] > east or boxes[node, 2] < west or boxes[node, 1] > north or boxes[node, 3] < south:
                continue
            if node >= leaves:
                for child in range(first[node], first[node + 1]):
                    stack[top] = child
                    top += 1
                continue
            cx, cy, dx, dy = segments[node, 0], segments[node, 1], segments[node, 2], segments[node, 3]
            if (
                _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) <= 0.0
                and _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) <= 0.0
            ):
                out[q] = True
                break
    return out


def crosses_any(index: SegmentIndex, start: Floats, end: Floats) -> NDArray[np.bool_]:
    """Whether each straight line meets any segment of an index.

    Parameters
    ----------
    index
        The segments.
    start, end
        Ends of the lines, n x 2 each, metres.

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> import shapely
    >>> index = SegmentIndex.from_lines([shapely.LineString([(0, 0), (10, 0)])])
    >>> crosses_any(index, np.array([[5.0, -1.0], [11.0, -1.0]]), np.array([[5.0, 1.0], [11.0, 1.0]])).tolist()
    [True, False]
    """
    if not len(start):
        return np.zeros(0, dtype=bool)
    # the tree of boxes is the index's own; its leaves are pieces of its segments
    start, end = np.ascontiguousarray(start), np.ascontiguousarray(end)
    return np.asarray(_crosses(start, end, index._boxes, index._first, index._segments))
