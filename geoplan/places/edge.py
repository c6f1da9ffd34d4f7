"""The edge of the data: beyond it nobody knows what there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from geopandas import GeoSeries
from numpy.typing import NDArray

from geoplan.model import Town

__all__ = ["data_area", "data_edge_distance"]

_SLIVER_M = 1.0
"""Gaps between units up to twice this width are drawing errors, not edges of the data."""


def data_area(town: Town) -> Any:
    """The land that the data describes.

    Parameters
    ----------
    town
        The town.

    Returns
    -------
    shapely Polygon or MultiPolygon
        The units of the main level together, holes filled; without levels the convex hull of buildings and streets.
    """
    if town.levels and len(town.levels[0].table):
        # Closing by buffers also heals invalid outlines, on which a plain union would fail.
        grown = shapely.union_all(shapely.buffer(town.levels[0].table.geometry.array, _SLIVER_M, join_style="mitre"))
        whole = shapely.buffer(grown, -_SLIVER_M, join_style="mitre")
        return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(_parts(whole))))
    tables = [table for table in (town.buildings, town.streets) if table is not None]
    shapes = np.concatenate([np.asarray(table.geometry.array, dtype=object) for table in tables])
    return shapely.convex_hull(shapely.geometrycollections(shapes))


def data_edge_distance(town: Town, points: GeoSeries) -> NDArray[np.float64]:
    """How near each point is to the edge of the data.

    Parameters
    ----------
    town
        The town.
    points
        Points in the town's CRS.

    Returns
    -------
    ndarray
        Metres in a straight line to the outer edge of :func:`data_area`; 0 for a point outside it. Holes count as
        inside: streets and facilities of a hole are in the data.
    """
    if not len(points):
        return np.zeros(0)
    area = data_area(town)
    given = np.asarray(points.array, dtype=object)
    lines = shapely.get_exterior_ring(_parts(area)) if shapely.get_dimensions(area) == 2 else np.array([area])
    segments = _segments(lines)
    if not len(segments):
        return np.zeros(len(points))
    tree = shapely.STRtree(segments)
    index, distance = tree.query_nearest(given, return_distance=True, all_matches=False)
    result = np.zeros(len(points))
    result[index[0]] = distance
    shapely.prepare(area)
    result[~shapely.intersects(area, given)] = 0.0
    return result


def _parts(area: Any) -> NDArray[np.object_]:
    parts = shapely.get_parts(area)
    return parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]


def _segments(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Single segments of the lines, so that an index finds the nearest of many quickly."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    pairs = np.stack([xy[:-1][same], xy[1:][same]], axis=1)
    return shapely.linestrings(pairs)
