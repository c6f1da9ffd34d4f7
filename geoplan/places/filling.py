"""Today's polygons filled with the tiles of the units that stand in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoplan.model import Town
from geoplan.places.seeds import Seeds, UnitKind, UnitOptions, bounding_lines
from geoplan.places.tiling import polygonal, share_out, street_blocks, wide_parts

__all__ = ["Pieces", "Stands", "fill_regions", "find_stands"]


_TIP = 0.02
"""An estate that reaches over a barrier with less than this share of its area does not take land there."""


@dataclass(slots=True)
class Pieces:
    """Tiles before their edges are matched: unit (row of ids), region (row), tile, the dry land in it, and the seed."""

    unit: list[int]
    region: list[int]
    tile: list[shapely.Geometry]
    dry: list[shapely.Geometry]
    core: list[shapely.Geometry]

    def add(
        self, unit: int, region: int, tile: shapely.Geometry, dry: shapely.Geometry, core: shapely.Geometry
    ) -> None:
        """Add the tile of a unit in a region."""
        self.unit.append(unit)
        self.region.append(region)
        self.tile.append(tile)
        self.dry.append(dry)
        self.core.append(core)


@dataclass(frozen=True, slots=True)
class Stands:
    """Where seeds take land: seed and region (rows) of every place, sorted by region and seed; the base of each seed.

    ``base`` is -1 for a seed in no region.
    """

    seed: NDArray[np.int64]
    region: NDArray[np.int64]
    base: NDArray[np.int64]
    astride: NDArray[np.bool_]

    def within(self, region: int) -> NDArray[np.int64]:
        """Seeds that take land in a region, sorted."""
        low, high = np.searchsorted(self.region, [region, region + 1])
        return self.seed[low:high]


def find_stands(
    town: Town, seeds: Seeds, regions: NDArray[np.object_], ids: pd.Index, home: pd.Series, options: UnitOptions
) -> Stands:
    """Find where seeds take land, and the base of each: where most households live, else where most of its area is.

    Parameters
    ----------
    town, seeds
        The town and the land that its units hold for certain.
    regions, ids
        Today's polygons and their ids.
    home
        Id of today's unit that each building belongs to.
    options
        When an estate lies astride.

    Returns
    -------
    Stands
    """
    n, k = len(seeds.shapes), len(regions)
    seed, region = shapely.STRtree(regions).query(seeds.shapes, predicate="intersects")
    order = np.lexsort((region, seed))
    seed, region = seed[order], region[order]
    area = shapely.area(shapely.intersection(seeds.shapes[seed], regions[region]))
    if seeds.ids == list(ids):
        # The level's own units: each is its own base, wherever their drawings overlap.
        own = (seed == region) & (area > 0)
        return Stands(seed[own], region[own], np.arange(k), np.zeros(n, bool))
    seed, region, area = seed[area > 0], region[area > 0], area[area > 0]
    at = pd.Index(np.array(seeds.ids, dtype=object)).get_indexer(seeds.of_building.to_numpy(dtype=object))
    place = ids.get_indexer(home.to_numpy(dtype=object))
    row = pd.Index(seed * k + region).get_indexer(np.where((at >= 0) & (place >= 0), at * k + place, -1))
    held = town.buildings["households"].to_numpy(float)
    living = np.bincount(row[row >= 0], weights=held[row >= 0], minlength=len(seed))
    base = np.full(n, -1, np.int64)
    order = np.lexsort((region, -area, -living, seed))
    there, first = np.unique(seed[order], return_index=True)
    base[there] = region[order][first]
    share = area / np.bincount(seed, weights=area, minlength=n)[seed]
    foreign = ((living > 0) | (share >= options.astride_share)) & (region != base[seed])
    rows = np.flatnonzero(foreign)
    shared = shapely.intersection(seeds.shapes[seed[rows]], regions[region[rows]])
    foreign[rows[shapely.is_empty(shapely.buffer(shared, -options.sliver_m / 2))]] = False
    astride = np.bincount(seed[foreign], minlength=n) > 0
    keep = foreign | (region == base[seed])
    order = np.lexsort((seed[keep], region[keep]))
    return Stands(seed[keep][order], region[keep][order], base, astride)


def fill_regions(
    town: Town,
    seeds: Seeds,
    regions: NDArray[np.object_],
    stands: Stands,
    barrier: shapely.Geometry | None,
    kind: UnitKind,
    options: UnitOptions,
) -> tuple[Pieces, list[tuple[int, int]]]:
    """Fill every region with the tiles of its seeds; land far from any becomes units of its own.

    Parameters
    ----------
    town, seeds, regions, stands
        The town, the land held for certain, today's polygons, and what stands where.
    barrier
        Land of rivers and railways, or None.
    kind, options
        What is moved, and the widths and distances.

    Returns
    -------
    tuple
        The tiles, and region (row) and number of every unit added for land of nobody; these follow the seeds' rows.
    """
    pieces = Pieces([], [], [], [], [])
    rest: list[tuple[int, int]] = []
    lines = bounding_lines(town) if kind == "building" else None
    for r, region in enumerate(regions):
        here = stands.within(r)
        own, guests = here[stands.base[here] == r], here[stands.base[here] != r]
        land = region
        if len(guests):
            shapes = polygonal(shapely.intersection(seeds.shapes[guests], region))
            for unit, shape in zip(guests, shapes, strict=True):
                pieces.add(int(unit), r, shape, shape, shape)
            land = shapely.difference(region, shapely.union_all(shapes))
        shapes = polygonal(shapely.intersection(seeds.shapes[own], land))
        dry, rest_tiles, rest_cores = _dry_tiles(land, shapes, barrier, lines, options)
        # An estate keeps its land on the barrier, too; only its sides of it are told by dry land.
        tiles = polygonal(shapely.union(dry, shapes))
        units = [*own.tolist(), *range(len(seeds.ids) + len(rest), len(seeds.ids) + len(rest) + len(rest_tiles))]
        rest += [(r, n) for n in range(1, len(rest_tiles) + 1)]
        rows = zip(units, [*tiles, *rest_tiles], [*dry, *rest_tiles], [*shapes, *rest_cores], strict=True)
        real = [(u, t, t if shapely.is_empty(d) else d, c) for u, t, d, c in rows if not shapely.is_empty(t)]
        if not real:
            real = [(len(seeds.ids) + len(rest), land, land, land)]
            rest.append((r, 1))
        held = np.array([row[1] for row in real], dtype=object)
        for (unit, _, side, core), tile in zip(real, share_out(land, held, step_m=options.step_m), strict=True):
            pieces.add(unit, r, tile, side, core)
    return pieces, rest


def _dry_tiles(
    land: shapely.Geometry,
    seeds: NDArray[np.object_],
    barrier: shapely.Geometry | None,
    lines: list[shapely.Geometry] | None,
    options: UnitOptions,
) -> tuple[NDArray[np.object_], list[shapely.Geometry], list[shapely.Geometry]]:
    """Tiles of the seeds on their side of every barrier (empty where none); wide land of nobody, its cores."""
    dry = land if barrier is None else shapely.difference(land, barrier)
    if lines is not None:
        return _building_tiles(dry, seeds, lines, options)
    found: list[list[shapely.Geometry]] = [[] for _ in seeds]
    rest: list[shapely.Geometry] = []
    cores: list[shapely.Geometry] = []
    tree = shapely.STRtree(seeds)
    for side in shapely.get_parts(polygonal(dry)[0]):
        near, cut = _on_side(tree, seeds, side)
        left = shapely.difference(side, shapely.union_all(cut))
        wide = wide_parts(left, width_m=options.rest_width_m, area_m2=options.rest_area_m2)
        if not len(near) and not len(wide):
            alone = shapely.get_num_geometries(land) > 1 and any(part.equals(side) for part in shapely.get_parts(land))
            if alone:
                rest.append(side)
                cores.append(side)
            continue
        tiles = share_out(side, np.concatenate([cut, wide]), step_m=options.step_m)
        for i, tile in zip(near, tiles, strict=False):
            found[i].append(tile)
        rest += list(tiles[len(near) :])
        cores += list(wide)
    return _joined(found), rest, cores


def _on_side(
    tree: shapely.STRtree, seeds: NDArray[np.object_], side: shapely.Geometry
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Rows of the seeds that stand on one side of the barriers by more than a tip, and their land there."""
    near = np.sort(tree.query(side, predicate="intersects"))
    cut = polygonal(shapely.intersection(seeds[near], side)) if len(near) else np.zeros(0, dtype=object)
    real = shapely.area(cut) > _TIP * shapely.area(seeds[near])
    return near[real], cut[real]


def _joined(found: list[list[shapely.Geometry]]) -> NDArray[np.object_]:
    """The tiles of each seed as one geometry, empty where there is none."""
    shapes = [parts[0] if len(parts) == 1 else shapely.union_all(parts) for parts in found]
    return np.array([shapely.Polygon() if shape.is_empty else shape for shape in shapes], dtype=object)


def _building_tiles(
    dry: shapely.Geometry, seeds: NDArray[np.object_], lines: list[shapely.Geometry], options: UnitOptions
) -> tuple[NDArray[np.object_], list[shapely.Geometry], list[shapely.Geometry]]:
    """Tiles of buildings in the blocks that streets, barriers and today's boundaries bound; wide blocks without any."""
    tree = shapely.STRtree(seeds)
    found: list[list[shapely.Geometry]] = [[] for _ in seeds]
    rest: list[shapely.Geometry] = []
    cores: list[shapely.Geometry] = []
    for block in street_blocks(dry, lines, area_m2=0.0):
        near, cut = _on_side(tree, seeds, block)
        if not len(near):
            cut = wide_parts(block, width_m=options.rest_width_m, area_m2=options.rest_area_m2)
            rest += list(share_out(block, cut, step_m=options.step_m)) if len(cut) else []
            cores += list(cut)
            continue
        for i, tile in zip(near, share_out(block, cut, step_m=options.step_m), strict=True):
            found[i].append(tile)
    return _joined(found), rest, cores
