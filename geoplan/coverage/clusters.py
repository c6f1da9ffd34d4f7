"""Groups of unserved buildings that lie together: where a new centre would help."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["cluster_points", "cluster_table"]

_OUTLINE_M = 10.0


def cluster_points(xy: NDArray[np.float64], distance_m: float) -> NDArray[np.int64]:
    """Group points so that from each one gets to every other of its group in steps of at most this length.

    Parameters
    ----------
    xy
        n x 2, metres.
    distance_m
        Longest step, itself included, metres.

    Returns
    -------
    ndarray
        Number of each point's group.

    Notes
    -----
    Every shortest link between two groups is an edge of the Delaunay triangulation, so that its few edges stand for
    all pairs of points.

    Examples
    --------
    >>> cluster_points(np.array([[0.0, 0], [100, 0], [201, 0]]), 100).tolist()
    [0, 0, 1]
    """
    places, place = np.unique(np.asarray(xy, dtype=np.float64), axis=0, return_inverse=True)
    a, b = _near_pairs(places, distance_m)
    links = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(places), len(places)))
    groups = connected_components(links, directed=False)[1]
    return np.asarray(groups[place.reshape(-1)], dtype=np.int64)


def _near_pairs(places: NDArray[np.float64], distance_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from scipy.spatial import Delaunay, QhullError, cKDTree

    try:
        corners = Delaunay(places - places.mean(axis=0)).simplices if len(places) > 3 else None
    except QhullError:  # all on one line
        corners = None
    if corners is None:
        near = cKDTree(places).query_pairs(distance_m, output_type="ndarray") if len(places) else np.empty((0, 2), int)
        return near[:, 0], near[:, 1]
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    length = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    pairs = pairs[length <= distance_m]
    return pairs[:, 0], pairs[:, 1]


def cluster_table(buildings: GeoDataFrame, *, distance_m: float) -> GeoDataFrame:
    """Group buildings that lie near each other.

    Parameters
    ----------
    buildings
        Buildings with ``households``, ``people_resident`` and geometry.
    distance_m
        Longest step between the buildings' representative points, metres.

    Returns
    -------
    GeoDataFrame
        Groups, most households first (ties: smallest building id), indexed ``"1"``, ``"2"`` …: buildings, households,
        people, ``first`` (smallest building id) and geometry, the convex hull of the buildings grown by 10 m.
    """
    columns = ["buildings", "households", "people", "first"]
    table = buildings.sort_index()
    point = table.geometry.representative_point()
    group = cluster_points(np.column_stack([point.x, point.y]), distance_m)
    frame = pd.DataFrame(
        {
            "group": group,
            "buildings": 1,
            "households": table["households"].to_numpy(dtype=np.float64),
            "people": table["people_resident"].to_numpy(dtype=np.float64),
            "first": table.index.to_numpy(dtype=object),
        }
    )
    summed = frame.groupby("group").agg({"buildings": "sum", "households": "sum", "people": "sum", "first": "first"})
    order = np.argsort(group, kind="stable")
    # Collections cannot hold collections of their own kind, so each house goes in as its single parts.
    parts, house = shapely.get_parts(np.asarray(table.geometry.array, dtype=object)[order], return_index=True)
    bundles = shapely.geometrycollections(parts, indices=group[order][house])
    summed["geometry"] = shapely.buffer(shapely.convex_hull(bundles), _OUTLINE_M, quad_segs=2)
    summed = summed.sort_values(["households", "first"], ascending=[False, True])
    index = pd.Index([str(number) for number in range(1, len(summed) + 1)], dtype=object, name="id")
    return GeoDataFrame(summed[[*columns, "geometry"]].set_index(index), geometry="geometry", crs=buildings.crs)
