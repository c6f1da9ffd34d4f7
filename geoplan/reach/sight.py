"""Whether a straight connector is free of barriers and walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.walls import Walls

__all__ = ["Obstacles", "build_obstacles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_END_M = 0.01
"""A connector may touch an obstacle this near its ends: streets end on walls, doors open onto rivers' edges."""
_CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Segments of everything that stops a connector.

    Attributes
    ----------
    tree
        Tree of the segments, None where there are none.
    owner
        Barrier of each segment, -1 for walls.
    areas
        Polygon of each barrier, None for lines. A connector that starts in a barrier's area (a houseboat, a platform)
        may leave it.
    """

    tree: Any
    owner: Ints
    areas: NDArray[Any]

    @property
    def any(self) -> bool:
        """Whether there is anything in the way anywhere."""
        return self.tree is not None

    def barred(self, start: Floats, end: Floats) -> NDArray[np.bool_]:
        """Whether each straight connector (n x 2 from, n x 2 to, metres) crosses an obstacle."""
        out = np.zeros(len(start), dtype=bool)
        if self.tree is None:
            return out
        for low in range(0, len(start), _CHUNK):
            chunk = slice(low, low + _CHUNK)
            out[chunk] = self._barred(start[chunk], end[chunk])
        return out

    def _barred(self, start: Floats, end: Floats) -> NDArray[np.bool_]:
        out = np.zeros(len(start), dtype=bool)
        way = end - start
        length = np.hypot(way[:, 0], way[:, 1])
        long = np.flatnonzero(length > 2.0 * _END_M)
        inset = way[long] * (_END_M / length[long])[:, None]
        sights = shapely.linestrings(np.stack([start[long] + inset, end[long] - inset], axis=1))
        sight, segment = self.tree.query(sights, predicate="intersects")
        owner = self.owner[segment]
        excused = np.zeros(len(sight), dtype=bool)
        area = np.flatnonzero(owner >= 0)
        area = area[self.areas[owner[area]] != None]  # noqa: E711 - elementwise
        if len(area):
            x, y = start[long[sight[area]]].T
            excused[area] = shapely.contains_xy(self.areas[owner[area]], x, y)
        out[long[sight[~excused]]] = True
        return out

    def inside(self, xy: Floats) -> NDArray[np.bool_]:
        """Whether each point (n x 2, metres) lies in a barrier's area."""
        out = np.zeros(len(xy), dtype=bool)
        areas = self.areas[self.areas != None]  # noqa: E711 - elementwise
        if len(areas):
            out[shapely.STRtree(areas).query(shapely.points(xy), predicate="within")[0]] = True
        return out


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
    inside = np.flatnonzero(np.diff(of_part) == 0) if len(of_part) else np.zeros(0, dtype=np.int64)
    if not len(inside):
        return Obstacles(None, np.zeros(0, dtype=np.int64), areas)
    segments = shapely.linestrings(np.stack([xy[inside], xy[inside + 1]], axis=1))
    return Obstacles(shapely.STRtree(segments), owners[of_outline[of_part[inside]]], areas)
