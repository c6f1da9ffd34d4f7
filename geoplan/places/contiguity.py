"""Which units lie side by side, along what length, and whether a barrier lies between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

__all__ = ["CONTIGUITY", "SharedEdges", "barrier_crossings", "contiguity_table"]

CONTIGUITY = ("unit", "neighbor", "shared_m", "barrier", "barrier_id", "crossed", "joins")
"""Columns of the table of contiguity."""

_POINT_M = 1e-6
"""Units that share no more boundary than this meet in a point."""
_SAMPLE_M = 10.0
_REACH_M = 250.0
"""A barrier farther from a limit than this does not part the units there."""
_NEAR_M = 15.0
"""A limit between units runs along a barrier that is drawn this near to it."""


class SharedEdges(NamedTuple):
    """Straight edges between two units: row of the one and of the other, and x, y, x, y."""

    one: NDArray[np.int64]
    two: NDArray[np.int64]
    xy: NDArray[np.float64]

    @property
    def length(self) -> NDArray[np.float64]:
        """Length of each, metres."""
        return np.hypot(self.xy[:, 2] - self.xy[:, 0], self.xy[:, 3] - self.xy[:, 1])


def contiguity_table(
    ids: NDArray[np.object_],
    edges: SharedEdges,
    seeds: NDArray[np.object_],
    barriers: GeoDataFrame | None,
    streets: GeoDataFrame | None,
    *,
    cross_within_m: float,
    least_shared_m: float,
) -> pd.DataFrame:
    """Rook contiguity: each pair of units that share a boundary, once.

    Parameters
    ----------
    ids
        Unit ids, sorted.
    edges
        Edges between units.
    seeds
        Land that each unit holds for certain (its estate), by which the side of a barrier is told.
    barriers, streets
        Tables of the town, or None.
    cross_within_m
        A barrier is crossed where a street crosses it within this distance of the shared boundary, metres.
    least_shared_m
        Units that share less boundary than this do not join, metres.

    Returns
    -------
    DataFrame
        unit, neighbor (ids, unit < neighbor), shared_m, barrier (kind of the barrier along which the larger part of
        the shared boundary runs, or ""), barrier_id, crossed (a street crosses it near by), joins (the two may be in
        one part by this boundary); sorted by unit and neighbor.
    """
    low, high = np.minimum(edges.one, edges.two), np.maximum(edges.one, edges.two)
    pair, at = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    at = at.ravel()
    shared = np.bincount(at, weights=edges.length, minlength=pair.shape[1]).astype(float)
    kind = np.full(pair.shape[1], "", dtype=object)
    which = np.full(pair.shape[1], "", dtype=object)
    crossed = np.zeros(pair.shape[1], bool)
    if barriers is not None and len(barriers):
        _mark_barriers(edges, at, shared, seeds, barriers, streets, cross_within_m, kind, which, crossed)
    table = pd.DataFrame(
        {
            "unit": ids[pair[0]],
            "neighbor": ids[pair[1]],
            "shared_m": shared,
            "barrier": kind,
            "barrier_id": which,
            "crossed": crossed,
            "joins": ((kind == "") | crossed) & (shared >= least_shared_m),
        },
        columns=list(CONTIGUITY),
    )
    return table[shared > _POINT_M].sort_values(["unit", "neighbor"], ignore_index=True)


def _mark_barriers(
    edges: SharedEdges,
    at: NDArray[np.int64],
    shared: NDArray[np.float64],
    seeds: NDArray[np.object_],
    barriers: GeoDataFrame,
    streets: GeoDataFrame | None,
    cross_within_m: float,
    kind: NDArray[np.object_],
    which: NDArray[np.object_],
    crossed: NDArray[np.bool_],
) -> None:
    """Fill in kind and id of the barrier and whether it is crossed, of the pairs that lie across a barrier."""
    lines = shapely.linestrings(edges.xy.reshape(-1, 2, 2))
    tree = shapely.STRtree(lines)
    order = np.argsort(barriers.index.to_numpy(dtype=object), kind="stable")
    shapes = barriers.geometry.to_numpy()[order]
    blocked, most, worst = np.zeros(len(shared)), np.zeros(len(shared)), np.zeros(len(shared), np.int64)
    for row, shape in enumerate(shapes):
        near = np.sort(tree.query(shape, predicate="dwithin", distance=_REACH_M))
        if len(near):
            mine = _blocked_length(edges, near, seeds, shape)
            pairs, of = np.unique(at[near], return_inverse=True)
            here = np.bincount(of, weights=mine)
            blocked[pairs] += here
            worst[pairs[here > most[pairs]]] = row
            most[pairs] = np.maximum(most[pairs], here)
    across = np.flatnonzero(blocked > shared / 2)
    worst = worst[across]
    kind[across] = barriers["kind"].to_numpy(dtype=object)[order][worst]
    which[across] = barriers.index.to_numpy(dtype=object)[order][worst]
    kind[across] = np.where(kind[across] == "", "barrier", kind[across])
    if streets is None or not len(streets):
        return
    for row in np.unique(worst):
        doors = barrier_crossings(shapes[row], np.asarray(streets.geometry.array, dtype=object))
        if not len(doors):
            continue
        mine = across[worst == row]
        edge = np.flatnonzero(np.isin(at, mine))
        near = shapely.dwithin(lines[edge], shapely.union_all(doors), cross_within_m)
        crossed[np.unique(at[edge[near]])] = True


def _blocked_length(
    edges: SharedEdges, rows: NDArray[np.int64], seeds: NDArray[np.object_], barrier: shapely.Geometry
) -> NDArray[np.float64]:
    """Length of each edge along which the barrier is met on the way from one unit to the other."""
    xy, length = edges.xy[rows], edges.length[rows]
    count = np.maximum(1, np.ceil(length / _SAMPLE_M)).astype(int)
    of = np.repeat(np.arange(len(rows)), count)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[of]
    start, run = xy[of, :2], xy[of, 2:] - xy[of, :2]
    middle = start + run * share[:, None]
    normal = run[:, ::-1] * [-1, 1] / np.maximum(length[of], 1e-9)[:, None] * _NEAR_M
    across = shapely.linestrings(np.stack([middle - normal, middle + normal], axis=1))
    shapely.prepare(barrier)
    met = shapely.intersects(barrier, across)
    point = shapely.points(middle)
    for side in (edges.one, edges.two):
        left = np.flatnonzero(~met)
        met[left] = shapely.intersects(barrier, shapely.shortest_line(point[left], seeds[side[rows[of[left]]]]))
    return np.bincount(of, weights=met * (length / count)[of], minlength=len(rows)).astype(float)


def barrier_crossings(barrier: shapely.Geometry, streets: NDArray[np.object_]) -> NDArray[np.object_]:
    """Places where streets get across a barrier.

    Parameters
    ----------
    barrier
        Line or polygon.
    streets
        Street lines.

    Returns
    -------
    ndarray
        Points where streets cross a line; for a polygon the stretches of street, joined, that cut it into two parts.
    """
    tree = shapely.STRtree(streets)
    hit = np.sort(tree.query(barrier, predicate="intersects"))
    if not len(hit):
        return np.zeros(0, dtype=object)
    if shapely.get_dimensions(barrier) < 2:
        return np.asarray(shapely.get_parts(shapely.point_on_surface(shapely.intersection(streets[hit], barrier))))
    within = shapely.union_all(shapely.intersection(streets[hit], barrier))
    runs = shapely.get_parts(shapely.line_merge(within)) if not shapely.is_empty(within) else np.zeros(0, dtype=object)
    runs = shapely.get_parts(shapely.union_all(shapely.buffer(runs, 0.05, cap_style="square")))
    return np.array([run for run in runs if _cuts(barrier, run)], dtype=object)


def _cuts(barrier: shapely.Geometry, run: shapely.Geometry) -> bool:
    """Whether a stretch of street parts the barrier into two real parts, and is no path along its bank."""
    before = [part.area for part in shapely.get_parts(barrier)]
    after = sorted((part.area for part in shapely.get_parts(shapely.difference(barrier, run))), reverse=True)
    return len(after) > len(before) and after[len(before)] > 0.001 * sum(before)
