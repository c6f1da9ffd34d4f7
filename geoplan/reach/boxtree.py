"""A compiled tree of boxes over line segments: leaves first, parents behind their children, the root last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = [
    "ANY_GROUP",
    "cut_pieces",
    "join_boxes",
    "join_ranges",
    "lay_out",
    "nearest_segments",
    "segments_within",
    "spread_allowed",
]

ANY_GROUP = np.int64(-(2**63))
"""Group of a point that all lines count for."""

_STACK = 256


@njit(cache=True, nogil=True, inline="always")
def _piece_count(length: Any, longest: Any) -> Any:
    return np.int64(1) if length <= longest else np.int64(np.ceil(length / longest))


@njit(cache=True, nogil=True)
def cut_pieces(coords: Any, of: Any, longest_of_mean: Any) -> Any:
    """Pieces of the segments of lines: one for each, several for those far longer than the others.

    Parameters
    ----------
    coords, of
        Corners of the lines, and the line of each.
    longest_of_mean
        Longest piece, of the mean segment: it bounds how many pieces there are.

    Returns
    -------
    tuple
        A row a piece: x and y of the ends of its segment, where along the line the segment begins, its length, the
        line, the piece's share of the segment (its number, the number of pieces); the middle of each piece.
    """
    total, n = 0.0, 0
    for i in range(1, len(of)):
        if of[i] == of[i - 1]:
            total += np.hypot(coords[i, 0] - coords[i - 1, 0], coords[i, 1] - coords[i - 1, 1])
            n += 1
    longest = max(longest_of_mean * total / max(n, 1), np.finfo(np.float64).tiny)
    n = 0
    for i in range(1, len(of)):
        if of[i] == of[i - 1]:
            n += _piece_count(np.hypot(coords[i, 0] - coords[i - 1, 0], coords[i, 1] - coords[i - 1, 1]), longest)
    pieces, middles = np.empty((n, 9), np.float64), np.empty((n, 2), np.float64)
    p = 0
    along = 0.0
    for i in range(1, len(of)):
        if of[i] != of[i - 1]:
            along = 0.0
            continue
        x1, y1, x2, y2 = coords[i - 1, 0], coords[i - 1, 1], coords[i, 0], coords[i, 1]
        length = np.hypot(x2 - x1, y2 - y1)
        count = _piece_count(length, longest)
        for k in range(count):
            pieces[p, 0], pieces[p, 1], pieces[p, 2], pieces[p, 3] = x1, y1, x2, y2
            pieces[p, 4], pieces[p, 5], pieces[p, 6] = along, length, of[i]
            pieces[p, 7], pieces[p, 8] = k, count
            middles[p, 0] = x1 + (x2 - x1) * ((k + 0.5) / count)
            middles[p, 1] = y1 + (y2 - y1) * ((k + 0.5) / count)
            p += 1
        along += length
    return pieces, middles


@njit(cache=True, nogil=True)
def lay_out(pieces: Any, order: Any, boxes: Any) -> Any:
    """Leaves of the tree in order: their boxes, segments, lines, where the segments begin and how long they are."""
    n = len(order)
    segments, lines = np.empty((n, 4), np.float64), np.empty(n, np.int64)
    starts, lengths = np.empty(n, np.float64), np.empty(n, np.float64)
    for i in range(n):
        p = order[i]
        x1, y1, x2, y2 = pieces[p, 0], pieces[p, 1], pieces[p, 2], pieces[p, 3]
        segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3] = x1, y1, x2, y2
        starts[i], lengths[i], lines[i] = pieces[p, 4], pieces[p, 5], np.int64(pieces[p, 6])
        k, count = pieces[p, 7], pieces[p, 8]
        ax, ay, bx, by = x1, y1, x2, y2
        if k > 0:
            ax, ay = x1 + (x2 - x1) * (k / count), y1 + (y2 - y1) * (k / count)
        if k + 1 < count:
            bx, by = x1 + (x2 - x1) * ((k + 1) / count), y1 + (y2 - y1) * ((k + 1) / count)
        boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3] = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
    return segments, lines, starts, lengths


@njit(cache=True, nogil=True)
def join_boxes(boxes: Any, first: Any, n_leaves: Any) -> None:
    """Write the boxes of the parents, which lie behind their children."""
    for i in range(n_leaves, len(boxes)):
        boxes[i] = boxes[first[i]]
        for j in range(first[i] + 1, first[i + 1]):
            boxes[i, 0] = min(boxes[i, 0], boxes[j, 0])
            boxes[i, 1] = min(boxes[i, 1], boxes[j, 1])
            boxes[i, 2] = max(boxes[i, 2], boxes[j, 2])
            boxes[i, 3] = max(boxes[i, 3], boxes[j, 3])


@njit(cache=True, nogil=True)
def join_ranges(ranges: Any, first: Any, n_leaves: Any) -> None:
    """Write the range of groups below each parent."""
    for i in range(n_leaves, len(ranges)):
        ranges[i] = ranges[first[i]]
        for j in range(first[i] + 1, first[i + 1]):
            ranges[i, 0] = min(ranges[i, 0], ranges[j, 0])
            ranges[i, 1] = max(ranges[i, 1], ranges[j, 1])


@njit(cache=True, nogil=True)
def spread_allowed(allowed: Any, first: Any, n_leaves: Any) -> None:
    """A parent is allowed if any of its children is."""
    for node in range(n_leaves, len(allowed)):
        for child in range(first[node], first[node + 1]):
            if allowed[child]:
                allowed[node] = True


@njit(cache=True, nogil=True, inline="always")
def _box_gap2(boxes: Any, i: Any, x: Any, y: Any) -> Any:
    """Squared distance from a point to a box, a trifle less for rounding."""
    dx = max(boxes[i, 0] - x, 0.0, x - boxes[i, 2])
    dy = max(boxes[i, 1] - y, 0.0, y - boxes[i, 3])
    return (dx * dx + dy * dy) * (1.0 - 1e-12)


@njit(cache=True, nogil=True, inline="always")
def _project(segments: Any, s: Any, x: Any, y: Any) -> Any:
    """Squared distance from a point to a segment, and how far along it, 0 to 1."""
    ax, ay = segments[s, 0] - x, segments[s, 1] - y
    bx, by = segments[s, 2] - x, segments[s, 3] - y
    dx, dy = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
    length2 = dx * dx + dy * dy
    along = -(ax * dx + ay * dy)
    if length2 == 0.0 or along <= 0.0:
        return ax * ax + ay * ay, 0.0
    if along >= length2:
        return bx * bx + by * by, 1.0
    across = ax * dy - ay * dx
    return across * across / length2, along / length2


@njit(cache=True, nogil=True)
def nearest_segments(
    xy: Any,
    order: Any,
    groups: Any,
    reach: Any,
    allowed: Any,
    boxes: Any,
    ranges: Any,
    first: Any,
    segments: Any,
    lines: Any,
    starts: Any,
    lengths: Any,
) -> Any:
    """Nearest segment of each point; points near each other in ``order`` start from each other's answer."""
    n = len(xy)
    line = np.full(n, -1, np.int64)
    offset = np.full(n, np.nan)
    distance = np.full(n, np.inf)
    stack_node = np.empty(_STACK, np.int64)
    stack_gap = np.empty(_STACK, np.float64)
    n_leaves = len(segments)
    last = np.int64(-1)
    for q in order:
        x, y = xy[q, 0], xy[q, 1]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        group = groups[q]
        best = reach * reach * (1.0 + 1e-12)  # inclusive whatever the rounding
        best_line = np.int64(-1)
        best_segment, best_along = np.int64(-1), 0.0
        top = 0
        if last >= 0:
            s = last
            if allowed[s] and (group == ANY_GROUP or ranges[s, 0] == group):
                gap, along = _project(segments, s, x, y)
                if gap <= best:
                    best, best_line, best_segment, best_along = gap, lines[s], s, along
        root = len(boxes) - 1
        if allowed[root] and (group == ANY_GROUP or ranges[root, 0] <= group <= ranges[root, 1]):
            stack_node[0] = root
            stack_gap[0] = _box_gap2(boxes, root, x, y)
            top = 1
        while top > 0:
            top -= 1
            node = stack_node[top]
            if stack_gap[top] > best:
                continue
            if node < n_leaves:
                gap, along = _project(segments, node, x, y)
                if gap < best or (gap == best and (best_line < 0 or lines[node] < best_line)):
                    best, best_line, best_segment, best_along = gap, lines[node], node, along
                elif gap == best and lines[node] == best_line:
                    here = starts[node] + along * lengths[node]
                    if here < starts[best_segment] + best_along * lengths[best_segment]:
                        best_segment, best_along = node, along
                continue
            bottom = top
            for child in range(first[node], first[node + 1]):
                if not allowed[child]:
                    continue
                if group != ANY_GROUP and (group < ranges[child, 0] or group > ranges[child, 1]):
                    continue
                gap = _box_gap2(boxes, child, x, y)
                if gap > best:
                    continue
                place = top
                while place > bottom and stack_gap[place - 1] < gap:
                    stack_gap[place] = stack_gap[place - 1]
                    stack_node[place] = stack_node[place - 1]
                    place -= 1
                stack_gap[place] = gap
                stack_node[place] = child
                top += 1
        if best_line >= 0:
            line[q] = best_line
            offset[q] = starts[best_segment] + best_along * lengths[best_segment]
            distance[q] = min(np.sqrt(best), reach)
            last = best_segment
    return line, offset, distance


@njit(cache=True, nogil=True)
def segments_within(
    xy: Any, radius: Any, boxes: Any, first: Any, segments: Any, lines: Any, starts: Any, lengths: Any
) -> Any:
    """All segments within a radius of each point."""
    n_leaves = len(segments)
    room = 1024
    point = np.empty(room, np.int64)
    leaf = np.empty(room, np.int64)
    offset = np.empty(room, np.float64)
    distance = np.empty(room, np.float64)
    stack = np.empty(_STACK, np.int64)
    most = radius * radius * (1.0 + 1e-12)  # inclusive whatever the rounding
    total = 0
    for q in range(len(xy)):
        x, y = xy[q, 0], xy[q, 1]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        stack[0] = len(boxes) - 1
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if _box_gap2(boxes, node, x, y) > most:
                continue
            if node >= n_leaves:
                for child in range(first[node], first[node + 1]):
                    stack[top] = child
                    top += 1
                continue
            gap, along = _project(segments, node, x, y)
            if gap > most:
                continue
            if total == room:
                room *= 2
                point = np.concatenate((point, np.empty_like(point)))
                leaf = np.concatenate((leaf, np.empty_like(leaf)))
                offset = np.concatenate((offset, np.empty_like(offset)))
                distance = np.concatenate((distance, np.empty_like(distance)))
            point[total] = q
            leaf[total] = lines[node]
            offset[total] = starts[node] + along * lengths[node]
            distance[total] = min(np.sqrt(gap), radius)
            total += 1
    return point[:total], leaf[:total], offset[:total], distance[:total]
