"""The nearest street, exactly: a compiled tree of boxes over line segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.reach.boxtree import (
    ANY_GROUP,
    cut_pieces,
    join_boxes,
    join_ranges,
    lay_out,
    nearest_segments,
    segments_within,
    spread_allowed,
)
from geoplan.reach.ordering import hilbert_order

__all__ = ["Candidates", "SegmentIndex"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FANOUT = 4
_LONGEST_PIECE = 4.0  # of the mean segment: longer ones get several boxes, so at most a quarter more boxes


class Candidates(NamedTuple):
    """Lines near points, one row a pair: row of the point, line, offset along it and distance, both in metres.

    Ordered by point, distance, line.
    """

    point: Ints
    line: Ints
    offset_m: Floats
    distance_m: Floats


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
        pieces, middles = cut_pieces(coords, of, _LONGEST_PIECE)
        order = hilbert_order(middles)
        if group is not None:
            groups = np.asarray(group, dtype=np.int64).reshape(-1)
            _check_size("group", groups, len(given))
            order = order[np.argsort(groups[pieces[order, 6].astype(np.int64)], kind="stable")]
        first = _tree(len(order))
        boxes = np.empty((len(first) - 1, 4))
        segments, line, starts, lengths = lay_out(pieces, order, boxes)
        join_boxes(boxes, first, len(order))
        ranges = np.empty((0, 2), np.int64)
        if group is not None:
            ranges = np.empty(boxes[:, :2].shape, np.int64)
            ranges[: len(line)] = groups[line][:, None]
            join_ranges(ranges, first, len(line))
        return cls(len(given), boxes, first, ranges, segments, line, starts, lengths)

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
        return nearest_segments(
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
        point, line, offset_m, distance_m = segments_within(
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
            return np.full(count, ANY_GROUP)
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
        spread_allowed(allowed, self._first, len(self._lines))
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
