"""A large made-up town straight into memory, for benchmarks."""

from __future__ import annotations

from math import ceil, sqrt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from geoplan.errors import Fault, InputError, msg
from geoplan.model import BUILDINGS, FACILITIES, STREETS, UNITS, Level, Notice, TableSchema, Town

__all__ = ["generate_large_town"]

_EPSG = 4548
_ORIGIN = np.array([520_000.0, 3_820_000.0])
_BLOCK_M = 80.0
_SLOTS = np.array([(0.32, 0.32), (0.68, 0.32), (0.32, 0.68), (0.68, 0.68)])
"""Places of four houses within a block, as shares of its side; clear of the streets however these are shaken."""


def generate_large_town(buildings: int = 100_000, street_nodes: int = 250_000, *, seed: int) -> Town:
    """Make a town of any size: an irregular street lattice, houses in its blocks, a centre for every 250 houses.

    Parameters
    ----------
    buildings
        Number of buildings; at most four to a block.
    street_nodes
        Number of street nodes, at least 4; their ids are in random order and the streets connected.
    seed
        Seed of the town; the same seed gives the same town.

    Returns
    -------
    Town
        With buildings, facilities, streets and one level, ``communities``; no estates or barriers.

    Raises
    ------
    InputError
        If the streets have too few blocks for the buildings.

    Examples
    --------
    >>> town = generate_large_town(100, 400, seed=1)
    >>> len(town.buildings), len(np.unique(town.streets[["u", "v"]]))
    (100, 400)
    """
    rng = np.random.default_rng(seed)
    side = ceil(sqrt(max(street_nodes, 4)))
    rows = ceil(street_nodes / side)
    slots = 4 * (side - 1) * max(0, street_nodes // side - 1)
    if street_nodes < 4 or not 0 < buildings <= slots:
        raise InputError(
            Fault(
                "town-too-small",
                msg("streets with room for the buildings, at most four to a block"),
                msg("{buildings} buildings and {nodes} street nodes", buildings=buildings, nodes=street_nodes),
                msg("take more street nodes or fewer buildings"),
            )
        )
    houses = _houses(buildings, side - 1, slots, rng)
    return Town(
        name="大型示例城镇（合成数据）",
        buildings=houses,
        facilities=_centres(houses, max(1, buildings // 250), rng),
        streets=_streets(street_nodes, side, rng),
        levels=(Level("communities", _communities(side, rows, max(1, buildings // 2500))),),
        datum="cgcs2000",
        notices=(Notice("synthetic", msg("Synthetic data: no real place, no real people."), everywhere=True),),
    )


def _table(schema: TableSchema, ids: list[str], geometry: np.ndarray, **columns: object) -> gpd.GeoDataFrame:
    """A table by the schema; columns that are not given hold what stands for missing."""
    index = pd.Index(ids, name="id", dtype="str")
    kinds = {"text": "str", "reference": "object", "number": "float64", "integer": "int64", "boolean": "bool"}
    filled = {}
    for column in schema:
        values = columns.get(column.name, [column.missing] * len(ids))  # a bare None would become NaN
        filled[column.name] = pd.Series(values, index=index, dtype=kinds[column.kind])
    return gpd.GeoDataFrame(filled, geometry=geometry, crs=_EPSG)


def _numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{n:07d}" for n in range(1, count + 1)]


def _streets(count: int, side: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Three in four lattice edges, among them a random spanning tree, so that every node can be reached."""
    node = np.arange(count)
    xy = np.column_stack([node % side, node // side]) * _BLOCK_M + rng.uniform(-9.0, 9.0, (count, 2))
    across = node[(node % side < side - 1) & (node + 1 < count)]
    up = node[node + side < count]
    tail, head = np.r_[across, up], np.r_[across + 1, up + side]
    tree = minimum_spanning_tree(coo_array((rng.uniform(1, 2, len(tail)), (tail, head)), shape=(count, count))).tocoo()
    kept = rng.random(len(tail)) < 0.5
    kept |= np.isin(tail * count + head, tree.row.astype(np.int64) * count + tree.col)
    tail, head = tail[kept], head[kept]
    ids = rng.permutation(count)
    ends = np.stack([xy[tail], xy[head]], axis=1) + _ORIGIN
    return _table(
        STREETS,
        _numbered("S", len(tail)),
        shapely.linestrings(ends),
        u=ids[tail],
        v=ids[head],
        length_m=np.hypot(*(ends[:, 1] - ends[:, 0]).T),
        kind="residential",
    )


def _houses(count: int, blocks: int, slots: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    slot = rng.choice(slots, count, replace=False)
    block = slot // 4
    middle = (np.column_stack([block % blocks, block // blocks]) + _SLOTS[slot % 4]) * _BLOCK_M + _ORIGIN
    half = rng.uniform(5.0, 9.0, (count, 2))
    floors = rng.integers(1, 19, count)
    households = np.maximum(1, np.round(floors * rng.uniform(1.0, 4.0, count)))
    low, high = middle - half, middle + half
    return _table(
        BUILDINGS,
        _numbered("B", count),
        shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]),
        households=households,
        people_resident=np.round(households * 2.62),
        floors=floors,
        floor_area_m2=4 * half.prod(axis=1) * floors,
        residential_share=1.0,
    )


def _centres(houses: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Centres beside random houses."""
    beside = shapely.get_coordinates(shapely.centroid(houses.geometry.to_numpy()))
    at = beside[rng.choice(len(beside), count, replace=False)] + 12.0
    return _table(
        FACILITIES,
        _numbered("F", count),
        shapely.points(at),
        kind="service_centre",
        floor_area_m2=rng.integers(150, 1800, count),
    )


def _communities(side: int, rows: int, count: int) -> gpd.GeoDataFrame:
    """A tiling of about ``count`` rectangles over all streets."""
    n = max(1, round(sqrt(count)))
    x = np.linspace(-0.5, side - 0.5, n + 1) * _BLOCK_M + _ORIGIN[0]
    y = np.linspace(-0.5, rows - 0.5, n + 1) * _BLOCK_M + _ORIGIN[1]
    left, low = (a.ravel() for a in np.meshgrid(x[:-1], y[:-1]))
    right, high = (a.ravel() for a in np.meshgrid(x[1:], y[1:]))
    names = [f"第{k}社区" for k in range(1, n * n + 1)]
    return _table(UNITS, _numbered("C", n * n), shapely.box(left, low, right, high), name=names)
