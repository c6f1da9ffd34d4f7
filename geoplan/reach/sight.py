"""Whether a straight connector is free of barriers and walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.crossing import crosses_any
from geoplan.reach.segments import SegmentIndex
from geoplan.reach.walls import Walls

__all__ = ["Obstacles", "build_obstacles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_END_M = 0.01
"""A connector may touch an obstacle this near its ends: streets end on walls, doors open onto rivers' edges."""


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Segments of everything that stops a connector.

    Attributes
    ----------
    index
        Index of the segments, None where there are none.
    owner
        Barrier of each segment, -1 for walls.
    areas
        Polygon of each barrier, None for lines. A connector that starts in a barrier's area (a houseboat, a platform)
        may leave it.
    tree
        Tree of the segments in the order of their owners.
    raster
        Where obstacles are roughly.
    """

    index: SegmentIndex | None
    owner: Ints
    areas: NDArray[Any]
    tree: Any
    raster: _Raster | None

    @property
    def any(self) -> bool:
        """Whether there is anything in the way anywhere."""
        return self.index is not None

    def barred(self, start: Floats, end: Floats) -> NDArray[np.bool_]:
        """Whether each straight connector (n x 2 from, n x 2 to, metres) crosses an obstacle."""
        out = np.zeros(len(start), dtype=bool)
        if self.index is None:
            return out
        way = end - start
        length = np.hypot(way[:, 0], way[:, 1])
        long = np.flatnonzero(length > 2.0 * _END_M)
        inset = way[long] * (_END_M / length[long])[:, None]
        first, last = start[long] + inset, end[long] - inset
        crossed = np.flatnonzero(crosses_any(self.index, first, last))
        inner = crossed[self.inside(start[long[crossed]])]
        out[long[crossed]] = True
        out[long[inner]] = self._barred_outside(start[long[inner]], first[inner], last[inner])
        return out

    def _barred_outside(self, start: Floats, first: Floats, last: Floats) -> NDArray[np.bool_]:
        """The same for connectors that start in an area: by anything but that area's own edge."""
        out = np.zeros(len(start), dtype=bool)
        sight, segment = self.tree.query(shapely.linestrings(np.stack([first, last], axis=1)), predicate="intersects")
        owner = self.owner[segment]
        excused = np.zeros(len(sight), dtype=bool)
        area = np.flatnonzero(owner >= 0)
        area = area[self.areas[owner[area]] != None]  # noqa: E711 - elementwise
        x, y = start[sight[area]].T
        excused[area] = shapely.contains_xy(self.areas[owner[area]], x, y)
        out[sight[~excused]] = True
        return out

    def near(self, xy: Floats, within_m: Floats) -> NDArray[np.bool_]:
        """Whether there may be an obstacle within a distance of each point; certainly none where not."""
        if self.raster is None:
            return np.zeros(len(xy), dtype=bool)
        return self.raster.least_distance(xy) <= within_m

    def inside(self, xy: Floats) -> NDArray[np.bool_]:
        """Whether each point (n x 2, metres) lies in a barrier's area."""
        out = np.zeros(len(xy), dtype=bool)
        areas = self.areas[self.areas != None]  # noqa: E711 - elementwise
        if len(areas) and len(xy):
            for area in areas:
                shapely.prepare(area)
            out[shapely.STRtree(shapely.points(xy)).query(areas, predicate="contains")[1]] = True
        return out


@dataclass(frozen=True, slots=True)
class _Raster:
    """Lower bounds of the distance to the nearest obstacle, cell by cell."""

    x0: float
    y0: float
    cell_m: float
    least_m: NDArray[np.float32]

    @classmethod
    def of(cls, segments: Any) -> _Raster:
        from scipy.ndimage import distance_transform_edt

        west, south, east, north = shapely.total_bounds(segments)
        cell = max(25.0, float(np.sqrt((east - west) * (north - south) / 2e6)))
        xy = shapely.get_coordinates(shapely.segmentize(segments, cell))
        column, row = ((xy - [west, south]) / cell).astype(int).T
        empty = np.ones((row.max() + 1, column.max() + 1), dtype=bool)
        empty[row, column] = False
        # a cell's points and those of an obstacle's are each within a diagonal of what the transform measures
        least = (distance_transform_edt(empty) - 2.5) * cell
        return cls(west, south, cell, least.astype(np.float32))

    def least_distance(self, xy: Floats) -> Floats:
        column, row = ((xy - [self.x0, self.y0]) / self.cell_m).T
        rows, columns = self.least_m.shape
        held_row, held_column = np.clip(row, 0, rows - 1).astype(int), np.clip(column, 0, columns - 1).astype(int)
        # points outside the box are at least as far from it as from its nearest cell
        beyond = np.hypot(row - np.clip(row, 0, rows), column - np.clip(column, 0, columns)) * self.cell_m
        return np.maximum(self.least_m[held_row, held_column] - beyond, beyond)


def build_obstacles(barriers: gpd.GeoDataFrame | None, walls: Walls | None = None) -> Obstacles:
    """Take the barriers, and the walls if given, apart into segments.

    Parameters
    ----------
    barriers
        Table by :data:`geoplan.model.BARRIERS`, or None.
    walls
        The zones, where their walls are obstacles too.

    Returns
    -------
    Obstacles
    """
    shapes = np.array([] if barriers is None else barriers.geometry.to_numpy(), dtype=object)
    is_area = shapely.get_dimensions(shapes) == 2
    areas, outlines = shapes.copy(), shapes.copy()
    areas[~is_area] = None
    outlines[is_area] = shapely.boundary(shapes[is_area])
    owners = np.arange(len(shapes))
    if walls is not None and walls.any:
        rings = shapely.boundary(walls.regions[1:])
        outlines, owners = np.concatenate([outlines, rings]), np.concatenate([owners, np.full(len(rings), -1)])
    parts, of_outline = shapely.get_parts(outlines, return_index=True)
    xy, of_part = shapely.get_coordinates(parts, return_index=True)
    # a vertex drawn twice makes a segment without length, which GEOS cannot cut
    joined = np.flatnonzero((np.diff(of_part) == 0) & (np.diff(xy, axis=0) != 0).any(axis=1))
    if not len(joined):
        return Obstacles(None, np.zeros(0, dtype=np.int64), areas, None, None)
    segments = shapely.linestrings(np.stack([xy[joined], xy[joined + 1]], axis=1))
    index, tree = SegmentIndex.from_lines(segments), shapely.STRtree(segments)
    return Obstacles(index, owners[of_outline[of_part[joined]]], areas, tree, _Raster.of(segments))
