"""Streets: islands, missing links, lengths that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoplan.check.findings import CheckOptions, Finding, finding
from geoplan.errors import msg
from geoplan.model import Town

__all__ = ["check_streets"]

_SHORTER = 0.95
_LONGER = 3.0


def check_streets(town: Town, options: CheckOptions) -> Iterator[Finding]:
    """What is wrong with the streets.

    Parameters
    ----------
    town
        The town.
    options
        Tolerances.

    Yields
    ------
    Finding
    """
    streets = town.streets
    if streets is None or not len(streets):
        message = msg("there are no streets: walks are estimated from straight lines")
        yield finding("no-streets", "warning", message, "streets")
        return
    ends = _ends(streets)
    yield from _check_lengths(streets)
    yield from _check_islands(streets, ends)
    yield from _check_near_misses(streets, ends, options)


def _ends(streets: GeoDataFrame) -> NDArray[np.int64]:
    """First and last node of each edge, numbered from 0."""
    nodes = np.unique(streets[["u", "v"]].to_numpy(), return_inverse=True)[1]
    return np.asarray(nodes.reshape(-1, 2), dtype=np.int64)


def _check_lengths(streets: GeoDataFrame) -> Iterator[Finding]:
    length = streets["length_m"].to_numpy(dtype=np.float64)
    drawn = shapely.length(streets.geometry.array)
    nothing = length <= 0
    if nothing.any():
        message = msg("{count} streets have no length", count=int(nothing.sum()))
        yield finding("street-zero-length", "error", message, "streets", streets.index[nothing])
    odd = ~nothing & ((length < _SHORTER * drawn) | ((length > _LONGER * drawn) & (length > drawn + 1)))
    if odd.any():
        message = msg("the length of {count} streets does not fit their line", count=int(odd.sum()))
        yield finding("street-length", "warning", message, "streets", streets.index[odd])


def _check_islands(streets: GeoDataFrame, ends: NDArray[np.int64]) -> Iterator[Finding]:
    count = int(ends.max()) + 1
    links = coo_array((np.ones(len(ends), dtype=np.int8), ends.T), shape=(count, count))
    islands, component = connected_components(links, directed=False)
    if islands < 2:
        return
    length = streets["length_m"].to_numpy(dtype=np.float64)
    total = np.bincount(component[ends[:, 0]], length, islands)
    off = component[ends[:, 0]] != total.argmax()
    message = msg(
        "{count} groups of streets do not connect to the others, {km} km in all",
        count=islands - 1,
        km=f"{length[off].sum() / 1000:.1f}",
    )
    yield finding("street-islands", "warning", message, "streets", streets.index[off])


def _check_near_misses(streets: GeoDataFrame, ends: NDArray[np.int64], options: CheckOptions) -> Iterator[Finding]:
    """Dead ends close to a street of the same level that they do not meet, nor do they a street next to them."""
    degree = np.bincount(ends.ravel())
    edge, side = np.nonzero(degree[ends] == 1)
    if not len(edge):
        return
    lines = np.asarray(streets.geometry.array, dtype=object)
    tips = np.where(side == 0, shapely.get_point(lines[edge], 0), shapely.get_point(lines[edge], -1))
    tip, other = shapely.STRtree(lines).query(tips, predicate="dwithin", distance=options.near_miss_m)
    mine = edge[tip]
    level = streets["level"].to_numpy()
    keep = (level[mine] == level[other]) & (mine != other)
    # A stub that leaves a street ends near that street, and near those that meet it at the stub's foot.
    foot = ends[mine, 1 - side[tip]]
    keep &= (ends[other] != foot[:, None]).all(axis=1)
    near = np.unique(mine[keep])
    if len(near):
        message = msg(
            "{count} dead ends stop within {metres} m of a street that they do not meet",
            count=len(np.unique(tip[keep])),
            metres=f"{options.near_miss_m:g}",
        )
        yield finding(
            "street-near-miss", "warning", message, "streets", streets.index[near], tips[np.unique(tip[keep])]
        )
