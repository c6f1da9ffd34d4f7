"""Which end of a line lies at which of its two given nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["orient_lines"]

Lines = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def orient_lines(lines: Lines, u: Ints, v: Ints) -> tuple[Lines, float]:
    """Turn lines so that each runs from its node ``u`` to its node ``v``.

    Undirected graphs keep lines that run either way and say not which. A node lies where more ends of its edges lie
    than anywhere else; a line turns where that fits its nodes better.

    Parameters
    ----------
    lines
        LineString of each edge.
    u, v
        Its nodes.

    Returns
    -------
    ndarray of LineString, float
        The lines, and how far apart the ends at one node still lie at most, in their unit: 0 where all agree.

    Examples
    --------
    >>> path = shapely.from_wkt(["LINESTRING (0 0, 1 0)", "LINESTRING (5 0, 1 0)"])
    >>> turned, apart = orient_lines(path, np.array([10, 20]), np.array([20, 30]))
    >>> turned[1].wkt, apart
    ('LINESTRING (1 0, 5 0)', 0.0)
    """
    count = len(lines)
    first, last = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    _, node = np.unique(np.r_[u, v], return_inverse=True)
    xy = _node_places(first, last, node[:count], node[count:])

    def off(begin: Floats, end: Floats) -> Floats:
        away = np.hypot(*(begin - xy[node[:count]]).T), np.hypot(*(end - xy[node[count:]]).T)
        return np.nan_to_num(away[0]) + np.nan_to_num(away[1])

    turn = off(last, first) < off(first, last)
    lines = np.where(turn, shapely.reverse(lines), lines)
    begin, end = np.where(turn[:, None], last, first), np.where(turn[:, None], first, last)
    return lines, _spread(np.r_[begin, end], node)


def _node_places(first: Floats, last: Floats, u: Ints, v: Ints) -> Floats:
    """Where most ends of a node's edges lie; NaN where two places are as likely."""
    places, place = np.unique(np.round(np.r_[first, last], 3), axis=0, return_inverse=True)
    begin, end = np.split(place.ravel(), 2)
    ring = begin == end
    # each end of an edge may be at either of its nodes; the one place of a ring counts once
    nodes = np.r_[u, u[~ring], v, v[~ring]]
    votes, counts = np.unique(
        np.column_stack([nodes, np.r_[begin, end[~ring], begin, end[~ring]]]), axis=0, return_counts=True
    )
    order = np.lexsort((-counts, votes[:, 0]))
    votes, counts = votes[order], counts[order]
    top = np.flatnonzero(np.r_[True, votes[1:, 0] != votes[:-1, 0]])
    second = np.minimum(top + 1, len(votes) - 1)
    tied = (second > top) & (votes[second, 0] == votes[top, 0]) & (counts[second] == counts[top])
    xy: Floats = places[votes[top, 1]].astype(np.float64)
    xy[tied] = np.nan
    return xy


def _spread(ends: Floats, node: Ints) -> float:
    count = int(node.max(initial=-1)) + 1
    most, least = np.full((count, 2), -np.inf), np.full((count, 2), np.inf)
    np.maximum.at(most, node, ends)
    np.minimum.at(least, node, ends)
    return float((most - least).max(initial=0.0))
