"""The nearest street, exactly: a compiled tree of boxes over line segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.reach.ordering import hilbert_order

__all__ = ["Candidates", "SegmentIndex"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FANOUT = 4
_LONGEST_PIECE = 4.0  # of the mean segment: longer ones get several boxes, so at most a quarter more boxes
_STACK = 256
_ANY_GROUP = np.int64(-(2**63))


class Candidates(NamedTuple):
    """Lines near points, one row a pair: row of the point, line, offset along it and distance, both in metres.

    Ordered by point, distance, line.
    """

    point: Ints
    line: Ints
    offset_m: Floats
    distance_m: Floats


@njit(cache=True, nogil=True)
def _cut_lines(coords: Any, of: Any) -> Any:
    """Segments of the lines, the line of each, where along it each begins and how long it is."""
    n = 0
    for i in range(1, len(of)):
        n += of[i] == of[i - 1]
    segments = np.empty((n, 4), np.float64)
    line = np.empty(n, np.int64)
    starts, lengths = np.empty(n, np.float64), np.empty(n, np.float64)
    s = 0
    along = 0.0
    for i in range(1, len(of)):
        if of[i] != of[i - 1]:
            along = 0.0
            continue
        x1, y1, x2, y2 = coords[i - 1, 0], coords[i - 1, 1], coords[i, 0], coords[i, 1]
        segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3] = x1, y1, x2, y2
        line[s], starts[s], lengths[s] = of[i], along, np.hypot(x2 - x1, y2 - y1)
        along += lengths[s]
        s += 1
    return segments, line, starts, lengths


@njit(cache=True, nogil=True)
def _cut_pieces(segments: Any, lengths: Any, longest: Any) -> Any:
    """Pieces no longer than ``longest``: their boxes, the middle of each and the segment it is of."""
    total: Any = 0
    for s in range(len(segments)):
        total += 1 if lengths[s] <= longest else np.int64(np.ceil(lengths[s] / longest))
    boxes, middles = np.empty((total, 4), np.float64), np.empty((total, 2), np.float64)
    of = np.empty(total, np.int64)
    p = 0
    for s in range(len(segments)):
        x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        count = 1 if lengths[s] <= longest else np.int64(np.ceil(lengths[s] / longest))
        ax, ay = x1, y1
        for k in range(1, count + 1):
            bx, by = x2, y2
            if k < count:
                bx, by = x1 + (x2 - x1) * (k / count), y1 + (y2 - y1) * (k / count)
            boxes[p, 0], boxes[p, 1] = min(ax, bx), min(ay, by)
            boxes[p, 2], boxes[p, 3] = max(ax, bx), max(ay, by)
            middles[p, 0], middles[p, 1] = (ax + bx) / 2.0, (ay + by) / 2.0
            of[p] = s
            p += 1
            ax, ay = bx, by
    return boxes, middles, of


@njit(cache=True, nogil=True)
def _join_boxes(boxes: Any, first: Any, n_leaves: Any) -> None:
    """Write the boxes of the parents, which lie behind their children."""
    for i in range(n_leaves, len(boxes)):
        boxes[i] = boxes[first[i]]
        for j in range(first[i] + 1, first[i + 1]):
            boxes[i, 0] = min(boxes[i, 0], boxes[j, 0])
            boxes[i, 1] = min(boxes[i, 1], boxes[j, 1])
            boxes[i, 2] = max(boxes[i, 2], boxes[j, 2])
            boxes[i, 3] = max(boxes[i, 3], boxes[j, 3])


@njit(cache=True, nogil=True)
def _join_ranges(ranges: Any, first: Any, n_leaves: Any) -> None:
    """Write the range of groups below each parent."""
    for i in range(n_leaves, len(ranges)):
        ranges[i] = ranges[first[i]]
        for j in range(first[i] + 1, first[i + 1]):
            ranges[i, 0] = min(ranges[i, 0], ranges[j, 0])
            ranges[i, 1] = max(ranges[i, 1], ranges[j, 1])


@njit(cache=True, nogil=True)
def _spread_allowed(allowed: Any, first: Any, n_leaves: Any) -> None:
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
def _nearest(
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
            if allowed[s] and (group == _ANY_GROUP or ranges[s, 0] == group):
                gap, along = _project(segments, s, x, y)
                if gap <= best:
                    best, best_line, best_segment, best_along = gap, lines[s], s, along
        root = len(boxes) - 1
        if allowed[root]:
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
                if group != _ANY_GROUP and (group < ranges[child, 0] or group > ranges[child, 1]):
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
def _within(xy: Any, radius: Any, boxes: Any, first: Any, segments: Any, lines: Any, starts: Any, lengths: Any) -> Any:
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


@dataclass(frozen=True, eq=False, repr=False)
class SegmentIndex:
    """Lines, ready to be asked which is nearest.

    A tree of boxes, four to a parent, over the segments in the order of a Hilbert curve. Make one by
    :meth:`from_lines`.

    Examples
    --------
    >>> import shapely
    >>> lines = shapely.linestrings([[(0, 0), (100, 0)], [(0, 50), (0, 90)]])
    >>> index = SegmentIndex.from_lines(lines)
    >>> line, offset_m, distance_m = index.nearest([(30.0, 4.0), (5.0, 60.0)])
    >>> line.tolist(), offset_m.tolist(), distance_m.tolist()
    ([0, 1], [30.0, 10.0], [4.0, 5.0])
    """

    line_count: int
    _boxes: Floats
    _first: Ints
    _ranges: Ints
    _segments: Floats
    _lines: Ints
    _starts: Floats
    _lengths: Floats

    @classmethod
    def from_lines(cls, lines: ArrayLike, *, group: ArrayLike | None = None) -> SegmentIndex:
        """Build the index.

        Parameters
        ----------
        lines
            shapely LineStrings, in metres; heights are ignored, empty ones are nowhere near anything.
        group
            Whole number of each line, such as the estate inside whose wall it lies; see :meth:`nearest`.

        Returns
        -------
        SegmentIndex

        Raises
        ------
        InputError
            Naming the lines that are none, or that have coordinates that are not finite.
        """
        given = np.asarray(lines, dtype=object).reshape(-1)
        coords, of = shapely.get_coordinates(given, return_index=True)
        _check_lines(given, coords, of)
        segments, line, starts, lengths = _cut_lines(coords, of)
        longest = _LONGEST_PIECE * float(lengths.mean()) if len(lengths) else 0.0
        boxes, middles, of = _cut_pieces(segments, lengths, max(longest, np.finfo(float).tiny))
        order = hilbert_order(middles)
        groups = None
        if group is not None:
            groups = np.asarray(group, dtype=np.int64).reshape(-1)
            _check_size("group", groups, len(given))
            order = order[np.argsort(groups[line[of[order]]], kind="stable")]
        of = of[order]
        first = _tree(len(of))
        all_boxes = np.empty((len(first) - 1, 4))
        all_boxes[: len(of)] = boxes[order]
        _join_boxes(all_boxes, first, len(of))
        ranges = np.empty((0, 2), np.int64)
        if groups is not None:
            ranges = np.empty((len(all_boxes), 2), np.int64)
            ranges[: len(of)] = groups[line[of]][:, None]
            _join_ranges(ranges, first, len(of))
        return cls(len(given), all_boxes, first, ranges, segments[of], line[of], starts[of], lengths[of])

    def __repr__(self) -> str:
        return f"<SegmentIndex: {self.line_count:,} lines>"

    def nearest(
        self,
        xy: ArrayLike,
        *,
        max_distance_m: float = np.inf,
        group: ArrayLike | None = None,
        mask: ArrayLike | None = None,
    ) -> tuple[Ints, Floats, Floats]:
        """Nearest line of each point.

        Parameters
        ----------
        xy
            Coordinates, one row a point, in metres.
        max_distance_m
            Lines farther away than this do not count; inclusive.
        group
            Whole number of each point: only lines of the same group count. All lines count if not given.
        mask
            True for each line that counts. All count if not given.

        Returns
        -------
        line : ndarray of int64
            Place of the nearest line, the smallest of those equally near; -1 where none is near enough.
        offset_m : ndarray of float64
            Distance along the line of the place nearest to the point; NaN where there is none.
        distance_m : ndarray of float64
            Distance from the point to the line; ``inf`` where there is none.

        Raises
        ------
        InputError
            If the largest distance is negative or NaN, ``group`` or ``mask`` have the wrong length, or the lines were
            given no groups.
        """
        _check_distance("max_distance_m", max_distance_m)
        points = np.array(xy, dtype=np.float64).reshape(-1, 2)
        groups = self._groups(group, len(points))
        if len(self._segments) == 0:
            return np.full(len(points), -1), np.full(len(points), np.nan), np.full(len(points), np.inf)
        usable = np.isfinite(points).all(axis=1)
        order = np.flatnonzero(usable)
        order = order[hilbert_order(points[order])]
        return _nearest(
            points, order, groups, float(max_distance_m), self._allowed(mask), self._boxes, self._ranges,
            self._first, self._segments, self._lines, self._starts, self._lengths,
        )  # fmt: skip

    def candidates(self, xy: ArrayLike, *, radius_m: float) -> Candidates:
        """All lines within a radius of each point.

        Parameters
        ----------
        xy
            Coordinates, one row a point, in metres.
        radius_m
            Largest distance, inclusive.

        Returns
        -------
        Candidates
            Each line once a point, at its place nearest to the point.

        Raises
        ------
        InputError
            If the radius is negative or NaN.
        """
        _check_distance("radius_m", radius_m)
        points = np.array(xy, dtype=np.float64).reshape(-1, 2)
        if len(self._segments) == 0:
            nothing = np.zeros(0, np.int64)
            return Candidates(nothing, nothing, np.zeros(0), np.zeros(0))
        point, line, offset_m, distance_m = _within(
            points, float(radius_m), self._boxes, self._first, self._segments, self._lines, self._starts, self._lengths
        )
        order = np.lexsort((offset_m, distance_m, line, point))
        point, line = point[order], line[order]
        once = np.ones(len(order), bool)
        once[1:] = (point[1:] != point[:-1]) | (line[1:] != line[:-1])
        order = order[once]
        point, line, offset_m, distance_m = point[once], line[once], offset_m[order], distance_m[order]
        order = np.lexsort((line, distance_m, point))
        return Candidates(point[order], line[order], offset_m[order], distance_m[order])

    def _groups(self, group: ArrayLike | None, count: int) -> Ints:
        if group is None:
            return np.full(count, _ANY_GROUP)
        if len(self._ranges) < len(self._boxes):
            raise InputError(
                Fault(
                    code="no-group",
                    needed=msg("lines with a group each"),
                    given=msg("groups of the points only"),
                    mend=msg("give the groups of the lines when the index is built"),
                )
            )
        groups = np.asarray(group, dtype=np.int64).reshape(-1)
        _check_size("group", groups, count)
        return groups

    def _allowed(self, mask: ArrayLike | None) -> NDArray[np.bool_]:
        """Whether a box holds any line that counts."""
        if mask is None:
            return np.ones(len(self._boxes), bool)
        lines = np.asarray(mask, dtype=bool).reshape(-1)
        _check_size("mask", lines, self.line_count)
        allowed = np.zeros(len(self._boxes), bool)
        allowed[: len(self._lines)] = lines[self._lines]
        _spread_allowed(allowed, self._first, len(self._lines))
        return allowed


def _tree(n_leaves: int) -> Ints:
    """First child of each box, leaves first and the root last, and the end of the root's children."""
    first = [np.zeros(n_leaves, np.int64)]
    level, below = n_leaves, 0
    while level > 1:
        first.append(np.arange(below, below + level, _FANOUT))
        below += level
        level = len(first[-1])
    return np.concatenate([*first, [below]])


def _check_distance(name: str, distance: float) -> None:
    if not distance >= 0.0:
        raise InputError(
            Fault(
                code="bad-distance",
                needed=msg("a distance of at least 0 in {name}", name=name),
                given=msg("{value}", value=distance),
                mend=msg("give metres, or inf for any distance"),
            )
        )


def _check_size(name: str, values: NDArray[Any], count: int) -> None:
    if len(values) != count:
        raise InputError(
            Fault(
                code="wrong-size",
                needed=msg("{needed} values in {name}", needed=count, name=name),
                given=msg("{given} values", given=len(values)),
                mend=msg("give one value each"),
            )
        )


def _check_lines(lines: NDArray[Any], coords: Floats, of: Ints) -> None:
    kinds = shapely.get_type_id(lines)
    faults = []
    wrong = np.flatnonzero(kinds != shapely.GeometryType.LINESTRING)
    if len(wrong):
        faults.append(
            Fault(
                code="not-a-line",
                needed=msg("lines of one part"),
                given=msg("{count} that are missing or of another kind", count=len(wrong)),
                mend=msg("split lines of several parts and take out what is no line"),
                where=Where(rows=tuple(map(str, wrong.tolist()))),
            )
        )
    if not np.isfinite(coords).all():
        wrong = np.unique(of[~np.isfinite(coords).all(axis=1)])
        faults.append(
            Fault(
                code="bad-coordinates",
                needed=msg("lines with finite coordinates"),
                given=msg("{count} lines without", count=len(wrong)),
                mend=msg("mend or take out these lines"),
                where=Where(rows=tuple(map(str, wrong.tolist()))),
            )
        )
    if faults:
        raise InputError(faults)
