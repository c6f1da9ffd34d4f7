"""The land within a limit: exact parts of streets, and contours of the exact walk from every point of a fine grid.

All limits are contours of one surface, so that each ring lies within the next. The surface is computed on a coarse
grid first and on a fine one where a ring passes; elsewhere it is filled in, which moves no contour. Walks jump where
the nearest street changes and at walls: there a contour runs midway between grid points, else where the walk is as long
as the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Grid", "contour_field", "cut_lines", "merge_spans"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_FINE = 8
"""Fine cells along the side of a coarse one."""
_CELL_M = 2.5
_MOST_CELLS = 3_000_000
"""Coarse cells of the box around everything; larger towns get larger cells."""
_MOST_POINTS = 6_000_000
"""Fine points to work out at most; more contour gets larger cells."""
_FEW_POINTS = 300_000
"""Fine points that take no time to speak of; less contour gets smaller cells."""
_TILE = 96
"""Coarse cells along the side of a tile, which is contoured at a time."""
_MARGIN_M = 1e-3
_SIMPLER = 0.08
"""Contours are simplified by this share of a fine cell."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A coarse grid over a box, with a margin of a cell."""

    x0: float
    y0: float
    cell_m: float
    columns: int
    rows: int

    @classmethod
    def over(cls, bounds: Sequence[float], *, fine_m: float = _CELL_M) -> Grid:
        """The grid over a box (west, south, east, north); its lines lie at whole multiples of the coarse cell."""
        west, south, east, north = bounds
        area = max(east - west, 1.0) * max(north - south, 1.0)
        cell = max(fine_m * _FINE, float(np.ceil(np.sqrt(area / _MOST_CELLS))))
        x0, y0 = (np.floor(west / cell) - 1) * cell, (np.floor(south / cell) - 1) * cell
        columns, rows = int(np.ceil((east - x0) / cell)) + 2, int(np.ceil((north - y0) / cell)) + 2
        return cls(float(x0), float(y0), cell, columns, rows)

    def mark(self, xy: Floats, within_m: float) -> Bools:
        """Grid points (rows x columns) within a distance of some points, and perhaps a cell more."""
        from scipy.ndimage import distance_transform_edt

        marked = np.ones((self.rows, self.columns), dtype=bool)
        column = np.clip(np.rint((xy[:, 0] - self.x0) / self.cell_m).astype(int), 0, self.columns - 1)
        row = np.clip(np.rint((xy[:, 1] - self.y0) / self.cell_m).astype(int), 0, self.rows - 1)
        marked[row, column] = False
        return np.asarray(distance_transform_edt(marked) <= within_m / self.cell_m + 1.5)

    def places(self, row: Ints, column: Ints, per_cell: int = 1) -> Floats:
        """Coordinates of grid points, counted in parts of a cell."""
        step = self.cell_m / per_cell
        return np.column_stack([self.x0 + column * step, self.y0 + row * step])


def contour_field(
    field: Callable[[Floats], Floats], grid: Grid, marked: Bools, limits: Sequence[float], *, cost_per_m: float
) -> list[Any]:
    """Polygons where a field is at most each limit.

    Parameters
    ----------
    field
        Cost at points (n x 2), ``inf`` where there is none.
    grid, marked
        The coarse grid and its points where the field may be finite.
    limits
        Ascending.
    cost_per_m
        How fast the field grows where it does not jump.

    Returns
    -------
    list of Polygon or MultiPolygon
        One for each limit, each covering the one before.
    """
    coarse = np.full(marked.shape, np.inf)
    row, column = np.nonzero(marked)
    coarse[row, column] = field(grid.places(row, column))
    mixed, fine = _mixed(np.searchsorted(np.asarray(limits), coarse))
    rise = cost_per_m * grid.cell_m / fine
    top = limits[-1] + 2.0 * rise
    coarse = np.minimum(coarse, top)
    parts: list[list[Any]] = [[] for _ in limits]
    for row0 in range(0, grid.rows - 1, _TILE):
        for column0 in range(0, grid.columns - 1, _TILE):
            z = coarse[row0 : row0 + _TILE + 1, column0 : column0 + _TILE + 1]
            if z.min() <= limits[-1]:
                per_cell, surface = _tile(field, grid, mixed, fine, z, (row0, column0), top)
                contours = _contours(grid, surface, row0, column0, per_cell, limits, rise)
                for part, polygons in zip(parts, contours, strict=True):
                    part.extend(polygons)
    shapes: list[Any] = []
    for part in parts:
        shape = _joined(part, grid.cell_m / fine * _SIMPLER)
        if shapes and not shapely.covers(shape, shapes[-1]):
            shape = _areas(shapely.union(shape, shapely.buffer(shapes[-1], _MARGIN_M)))
        shapes.append(shape)
    return shapes


def _mixed(band: Ints) -> tuple[Bools, int]:
    """Cells to look at closely, with a margin of a cell around the grid, and how many parts to cut their sides into.

    Those that a contour passes and, if that is not too much work, those around them: the coarse grid may have missed
    something narrow there.
    """
    from scipy.ndimage import binary_dilation

    first = band[:-1, :-1]
    passed = (first != band[1:, :-1]) | (first != band[:-1, 1:]) | (first != band[1:, 1:])
    around = np.asarray(binary_dilation(passed))
    cells = max(int(around.sum()), 1)
    if cells * _FINE**2 <= _MOST_POINTS:  # finer still where that costs nothing to speak of
        return np.pad(around, 1), int(np.clip(np.sqrt(_FEW_POINTS / cells), _FINE, 2 * _FINE))
    fine = int(np.sqrt(_MOST_POINTS / max(int(passed.sum()), 1)))
    return np.pad(passed, 1), min(max(fine, 2), _FINE)


def _tile(
    field: Callable[[Floats], Floats],
    grid: Grid,
    mixed: Bools,
    fine: int,
    coarse: Floats,
    corner: tuple[int, int],
    top: float,
) -> tuple[int, Floats]:
    """The field on a tile, in fine steps and exact wherever a contour passes, else as it is; and steps a cell."""
    (rows, columns), (row0, column0) = coarse.shape, corner
    around = mixed[row0 : row0 + rows + 1, column0 : column0 + columns + 1]
    if not around.any():
        return 1, coarse
    surface = _stretch(coarse, fine)
    # every point of a mixed cell, those of neighbouring tiles on the common border included
    blocks = np.kron(around, np.ones((fine, fine), dtype=bool))
    blocks = blocks[fine - 1 : fine + surface.shape[0], fine - 1 : fine + surface.shape[1]]
    wanted = blocks[:-1, :-1] | blocks[1:, :-1] | blocks[:-1, 1:] | blocks[1:, 1:]
    wanted[::fine, ::fine] = False
    row, column = np.nonzero(wanted)
    exact = field(grid.places(row0 * fine + row, column0 * fine + column, fine))
    surface[row, column] = np.minimum(exact, top)
    return fine, surface


def _contours(
    grid: Grid, surface: Floats, row0: int, column0: int, per_cell: int, limits: Sequence[float], rise: float
) -> list[list[Any]]:
    """Polygons of a tile within each limit."""
    from contourpy import FillType, contour_generator

    rows, columns = surface.shape
    x = grid.places(np.zeros(columns, dtype=int), column0 * per_cell + np.arange(columns), per_cell)[:, 0]
    y = grid.places(row0 * per_cell + np.arange(rows), np.zeros(rows, dtype=int), per_cell)[:, 1]
    contours = contour_generator(x, y, _warped(surface, limits, rise), fill_type=FillType.OuterOffset)
    return [_polygons(contours.filled(-1.0, 2.0 * i + 1.0)) for i in range(len(limits))]


def _warped(surface: Floats, limits: Sequence[float], rise: float) -> Floats:
    """The field, straight around limit ``i``, which becomes ``2 i + 1``, and flat in between.

    A jump over a limit has its contour midway, one over several limits at even distances: contours never meet.
    """
    near = np.minimum(rise, np.diff(limits, prepend=-np.inf) / 3.0)
    far = np.minimum(rise, np.diff(limits, append=np.inf) / 3.0)
    at = np.asarray(limits)
    stops = np.column_stack([at - near, at, at + far]).ravel()
    values = 2.0 * np.repeat(np.arange(len(at)), 3) + np.tile([0.0, 1.0, 2.0], len(at))
    return np.asarray(np.interp(surface, stops, values))


def _stretch(coarse: Floats, parts: int) -> Floats:
    """Fill a coarse grid in between its points, straight along rows, then along columns."""
    out = coarse
    for _ in range(2):
        share = np.arange(parts)[:, None] / parts
        filled = out[:-1, None, :] * (1.0 - share) + out[1:, None, :] * share
        out = np.vstack([filled.reshape(-1, out.shape[1]), out[-1:]]).T
    return np.ascontiguousarray(out)


def _polygons(filled: Any) -> list[Any]:
    """Valid polygons out of contourpy's outer rings and holes."""
    polygons = []
    for points, offsets in zip(*filled, strict=True):
        rings = [points[a:b] for a, b in pairwise(offsets)]
        if len(rings[0]) > 3:
            polygons.append(shapely.Polygon(rings[0], [ring for ring in rings[1:] if len(ring) > 3]))
    return list(shapely.make_valid(np.array(polygons, dtype=object)))


def _joined(parts: list[Any], tolerance_m: float) -> Any:
    """The tiles' polygons as one geometry, with fewer points."""
    whole = shapely.disjoint_subset_union_all(np.array(parts, dtype=object))
    # contours keep their distance from themselves and each other: the plain simplification rarely makes them touch
    return _areas(shapely.make_valid(shapely.simplify(whole, tolerance_m, preserve_topology=False)))


def _areas(shape: Any) -> Any:
    """The polygons of a geometry, without stray lines and points."""
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_dimensions(parts) == 2]
    parts = shapely.get_parts(parts)
    if len(parts) == 1:
        return parts[0]
    return shapely.multipolygons(parts) if len(parts) else shapely.Polygon()


def merge_spans(line: Ints, low: Floats, high: Floats) -> tuple[Ints, Floats, Floats]:
    """Join overlapping spans of the same line.

    Parameters
    ----------
    line, low, high
        Spans as shares of lines; empty ones are dropped.

    Returns
    -------
    tuple of ndarray
        Disjoint spans ordered by line and place.

    Examples
    --------
    >>> import numpy as np
    >>> spans = merge_spans(np.array([7, 7, 7]), np.array([0.5, 0.0, 0.2]), np.array([0.6, 0.3, 0.4]))
    >>> [a.tolist() for a in spans]
    [[7, 7], [0.0, 0.5], [0.4, 0.6]]
    """
    kept = np.flatnonzero(high > low)
    order = kept[np.lexsort((low[kept], line[kept]))]
    line, low, high = line[order], low[order], high[order]
    if not len(line):
        return line, low, high
    # lines are put one after the other, two apart, so that one running maximum serves them all
    place = np.cumsum(np.diff(line, prepend=line[0]) != 0) * 2.0
    farthest = np.maximum.accumulate(place + high)
    starts = np.ones(len(line), dtype=bool)
    starts[1:] = place[1:] + low[1:] > farthest[:-1] + 1e-12
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(line)) - 1
    return line[first], low[first], np.minimum(farthest[last] - place[last], 1.0)


def cut_lines(lines: NDArray[Any], low: Floats, high: Floats) -> NDArray[Any]:
    """Parts of lines between two shares of their length.

    Parameters
    ----------
    lines
        LineStrings.
    low, high
        Shares, 0 to 1.

    Returns
    -------
    ndarray of LineString
    """
    from shapely.ops import substring

    out = lines.copy()
    for i in np.flatnonzero((low > 0.0) | (high < 1.0)).tolist():
        out[i] = substring(lines[i], low[i], high[i], normalized=True)
    return out
