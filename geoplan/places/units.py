"""Units that a boundary change moves as a whole: estates, blocks, buildings, grids, communities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Level, Notice, Town
from geoplan.places.assignment import assign_buildings, match_points, unit_parents, valid_polygons
from geoplan.places.contiguity import SharedEdges, contiguity_table
from geoplan.places.seeds import Seeds, UnitKind, UnitOptions, barrier_land, bounding_lines, collect_seeds
from geoplan.places.tiling import (
    Faces,
    enclosed_tiles,
    match_edges,
    polygonal,
    share_out,
    street_blocks,
    wide_parts,
)

__all__ = ["UnitGraph", "UnitKind", "UnitOptions", "Units", "build_units", "unit_graph"]


_TIP = 0.02
"""An estate that reaches over a barrier with less than this share of its area does not take land there."""


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a boundary change, tiling the land of today's communities.

    Attributes
    ----------
    table
        Indexed by unit id, sorted: name, kind ("estate", "village", "block", "building", "grid", "community", "rest"),
        households, people_resident, people_registered, base (id of today's community), estate (id of
        the estate that the unit is or is part of, or None), astride, divisible, estimated, geometry. The units of a
        base dissolve to today's polygon where none is astride.
    contiguity
        Pairs that share a boundary, once each: unit, neighbor, shared_m, barrier, barrier_id, crossed,
        joins; see :func:`geoplan.places.contiguity.contiguity_table`.
    level
        Name of the level that is re-drawn.
    today
        That level's table, sorted by id: today's polygons, untouched.
    parent
        Unit id to the id of the unit of the level above that its base lies in; None without such a level.
    of_building
        Building id to unit id.
    flaws
        Faults of today's polygons: kind ("overlap", "gap"), ids of today's units concerned, area_m2, geometry.
    notices
        What was shared out, moved or closed.
    """

    table: GeoDataFrame
    contiguity: pd.DataFrame
    level: str
    today: GeoDataFrame
    parent: pd.Series | None = None
    of_building: pd.Series | None = None
    flaws: GeoDataFrame | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def astride(self) -> tuple[str, ...]:
        """Ids of the units that lie in several of today's communities."""
        return tuple(self.table.index[self.table["astride"].to_numpy(dtype=bool)])


@dataclass(frozen=True, slots=True)
class UnitGraph:
    """Units that join, as a symmetric graph in CSR form; rows in the order of ``ids``.

    Attributes
    ----------
    ids
        Unit ids, sorted.
    indptr, indices, shared_m
        Neighbours of each unit and the length of the shared boundary, metres.
    component
        Number of the connected town that each unit lies in; more than one where the land is not connected.
    """

    ids: NDArray[np.object_]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    shared_m: NDArray[np.float64]
    component: NDArray[np.int64]

    @property
    def isolates(self) -> tuple[str, ...]:
        """Ids of the units without neighbours."""
        return tuple(self.ids[np.diff(self.indptr) == 0])


def unit_graph(units: Units) -> UnitGraph:
    """Which units join, by boundaries that no uncrossed barrier closes.

    Parameters
    ----------
    units
        Units with their contiguity.

    Returns
    -------
    UnitGraph
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ids = units.table.index.to_numpy(dtype=object)
    rows = units.contiguity[units.contiguity["joins"].to_numpy(dtype=bool)]
    at = pd.Index(ids)
    one, two = at.get_indexer(rows["unit"]), at.get_indexer(rows["neighbor"])
    metre = rows["shared_m"].to_numpy(float)
    n = len(ids)
    both = (np.concatenate([metre, metre]), (np.concatenate([one, two]), np.concatenate([two, one])))
    matrix = coo_matrix(both, shape=(n, n)).tocsr()
    matrix.sort_indices()
    component = connected_components(matrix, directed=False)[1]
    return UnitGraph(
        ids, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data, component.astype(np.int64)
    )


@dataclass(slots=True)
class _Pieces:
    """Tiles before their edges are matched: unit (row of ids), region (row), tile, the dry land in it, and the seed."""

    unit: list[int]
    region: list[int]
    tile: list[shapely.Geometry]
    dry: list[shapely.Geometry]
    core: list[shapely.Geometry]

    def add(
        self, unit: int, region: int, tile: shapely.Geometry, dry: shapely.Geometry, core: shapely.Geometry
    ) -> None:
        self.unit.append(unit)
        self.region.append(region)
        self.tile.append(tile)
        self.dry.append(dry)
        self.core.append(core)


def build_units(
    town: Town, *, level: str | None = None, kind: UnitKind = "estate", options: UnitOptions | None = None
) -> Units:
    """Cut the land of a level into the units that a boundary change moves.

    Land between estates is shared out by nearness within each of today's communities, so that the units of a community
    dissolve to its polygon. An estate in several communities is one unit, based where most of its households are.
    Without estates the blocks between streets, rivers, railways and today's boundaries are the units.

    Parameters
    ----------
    town
        The town.
    level
        Name of the level to re-draw; default the main one.
    kind
        What is moved. ``"grid"`` the units of the finest level below, ``"community"`` those of the main level where
        ``level`` lies above it, else the level's own units.
    options
        Widths, distances, and which estates may be divided.

    Returns
    -------
    Units

    Raises
    ------
    InputError
        If the town has no such level or nothing of that kind.
    """
    options = options or UnitOptions()
    chosen = _level(town, level)
    today = chosen.table.sort_index()
    regions = polygonal(valid_polygons(today))
    home = assign_buildings(town, chosen.name)
    seeds = collect_seeds(town, chosen, kind, regions, options)
    stands = _bases(town, seeds, regions, today.index, home, options)
    barrier = barrier_land(town)
    pieces, rest = _fill(town, seeds, regions, stands, barrier, kind, options)
    ids = [*seeds.ids, *(f"{today.index[r]}-rest-{n}" for r, n in rest)]
    tiles, cores = np.array(pieces.tile, dtype=object), np.array(pieces.core, dtype=object)
    faces = match_edges(regions, tiles, np.array(pieces.region, dtype=np.int64), cores=cores)
    of_piece = np.append(np.array(pieces.unit, dtype=np.int64), -1)
    unit = of_piece[faces.piece]
    _close_slivers(faces, unit, options.sliver_m)
    base = np.append(stands.base, np.array([r for r, _ in rest], dtype=np.int64))
    table = _table(seeds, ids, base, np.append(stands.astride, np.zeros(len(rest), bool)), faces, unit, today)
    table, of_building, lost = _count(town, table, seeds.of_building)
    rank = table.index.get_indexer(np.array(ids, dtype=object))
    one, two, xy = faces.edges()
    a, b = np.append(rank, -1)[unit[one]], np.append(rank, -1)[unit[two]]
    differ = (a != b) & (a >= 0) & (b >= 0)
    contiguity = contiguity_table(
        table.index.to_numpy(dtype=object),
        SharedEdges(a[differ], b[differ], xy[differ]),
        _dry(pieces, rank, len(table)),
        town.barriers,
        town.streets,
        cross_within_m=options.cross_within_m,
        least_shared_m=options.least_shared_m,
    )
    flaws = _flaws(today, regions, faces, unit, options.sliver_m)
    parent = _parents(town, chosen, table)
    notices = _notices(table, flaws, lost)
    return Units(table, contiguity, chosen.name, today, parent, of_building, flaws, notices)


def _level(town: Town, name: str | None) -> Level:
    names = [level.name for level in town.levels]
    if not names or (name is not None and name not in names) or not len(town.level(name or names[0]).table):
        raise InputError(
            Fault(
                code="unknown-level",
                needed=msg("a level with today's boundaries"),
                given=msg("{level}; levels: {levels}", level=name or "-", levels=", ".join(names) or "-"),
                mend=msg("add the boundaries to the project as a layer with role units"),
                where=Where(layer=name or ""),
            )
        )
    return town.level(name or names[0])


@dataclass(frozen=True, slots=True)
class _Stands:
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


def _bases(
    town: Town, seeds: Seeds, regions: NDArray[np.object_], ids: pd.Index, home: pd.Series, options: UnitOptions
) -> _Stands:
    """Find where seeds take land, and the base of each: where most households live, else where most of its area is."""
    n, k = len(seeds.shapes), len(regions)
    seed, region = shapely.STRtree(regions).query(seeds.shapes, predicate="intersects")
    order = np.lexsort((region, seed))
    seed, region = seed[order], region[order]
    area = shapely.area(shapely.intersection(seeds.shapes[seed], regions[region]))
    if seeds.ids == list(ids):
        # The level's own units: each is its own base, wherever their drawings overlap.
        own = (seed == region) & (area > 0)
        return _Stands(seed[own], region[own], np.arange(k), np.zeros(n, bool))
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
    return _Stands(seed[keep][order], region[keep][order], base, astride)


def _fill(
    town: Town,
    seeds: Seeds,
    regions: NDArray[np.object_],
    stands: _Stands,
    barrier: shapely.Geometry | None,
    kind: UnitKind,
    options: UnitOptions,
) -> tuple[_Pieces, list[tuple[int, int]]]:
    """Fill every region with the tiles of its seeds; land far from any becomes units of its own (region, number)."""
    pieces = _Pieces([], [], [], [], [])
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
    blocks = street_blocks(dry, lines, area_m2=0.0)
    tree = shapely.STRtree(seeds)
    sides = [_on_side(tree, seeds, block) for block in blocks]
    rows = np.concatenate([np.zeros(0, np.int64), *(near for near, _ in sides)])
    cut = np.concatenate([np.zeros(0, dtype=object), *(shapes for _, shapes in sides)])
    of = np.repeat(np.arange(len(blocks)), [len(near) for near, _ in sides])
    found: list[list[shapely.Geometry]] = [[] for _ in seeds]
    for i, tile in zip(rows, enclosed_tiles(blocks, cut, of, step_m=options.step_m), strict=True):
        found[i].append(tile)
    empty = [block for block, (near, _) in zip(blocks, sides, strict=True) if not len(near)]
    wide = [wide_parts(block, width_m=options.rest_width_m, area_m2=options.rest_area_m2) for block in empty]
    tiles = [share_out(b, parts, step_m=options.step_m) for b, parts in zip(empty, wide, strict=True) if len(parts)]
    return _joined(found), [tile for some in tiles for tile in some], [part for parts in wide for part in parts]


def _close_slivers(faces: Faces, unit: NDArray[np.int64], sliver_m: float) -> None:
    """Give slivers between today's polygons to the unit beside them (in place)."""
    out = np.flatnonzero(unit < 0)
    thin = out[shapely.is_empty(shapely.buffer(faces.shapes[out], -sliver_m / 2))]
    if not len(thin):
        return
    one, two, xy = faces.edges()
    length = np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1])
    a, b, metre = np.concatenate([one, two]), np.concatenate([two, one]), np.concatenate([length, length])
    use = np.isin(a, thin) & (unit[b] >= 0)
    order = np.lexsort((unit[b[use]], -np.round(metre[use], 6), a[use]))
    face, first = np.unique(a[use][order], return_index=True)
    unit[face] = unit[b[use]][order][first]


def _table(
    seeds: Seeds,
    ids: list[str],
    base: NDArray[np.int64],
    astride: NDArray[np.bool_],
    faces: Faces,
    unit: NDArray[np.int64],
    today: GeoDataFrame,
) -> GeoDataFrame:
    """Units with land, without counts yet."""
    more = len(ids) - len(seeds.ids)
    order = np.argsort(unit, kind="stable")
    shapes = np.full(len(ids), shapely.Polygon(), dtype=object)
    for group in np.split(order, np.flatnonzero(np.diff(unit[order])) + 1):
        if unit[group[0]] >= 0:
            shapes[unit[group[0]]] = shapely.coverage_union_all(faces.shapes[group])
    table = GeoDataFrame(
        {
            "name": pd.Series([*seeds.names, *[""] * more], dtype="str"),
            "kind": pd.Series([*seeds.kinds, *["rest"] * more], dtype="str"),
            "base": np.array([*today.index, None], dtype=object)[base],
            "estate": pd.Series([*(seeds.estates.get(i) for i in seeds.ids), *[None] * more], dtype=object),
            "astride": astride,
            "divisible": np.append(seeds.divisible, np.zeros(more, bool)),
        },
        geometry=polygonal(shapes),
        crs=today.crs,
    )
    table.index = pd.Index(np.array(ids, dtype=object), name="id").astype("str")
    return table[~table.geometry.is_empty.to_numpy()].sort_index()


def _count(town: Town, table: GeoDataFrame, of: pd.Series) -> tuple[GeoDataFrame, pd.Series, pd.Index]:
    """Counts of each unit, the unit of each building, and the buildings that stand on no unit's land."""
    buildings = town.buildings
    of = of.astype(object).copy()
    silent = ~of.isin(table.index).to_numpy()
    points = buildings.geometry[silent].representative_point()
    match = match_points(table, points).units if silent.any() else pd.Series(dtype=object)
    of[silent] = match
    lost = of.index[of.isna().to_numpy()]
    if len(lost):
        tree = shapely.STRtree(np.asarray(table.geometry.array, dtype=object))
        near = tree.nearest(np.asarray(points[lost].array, dtype=object))
        of[lost] = table.index.to_numpy(dtype=object)[near]
    groups = buildings.groupby(of.to_numpy(dtype=object))
    counts = groups[["households", "people_resident"]].sum().reindex(table.index, fill_value=0.0)
    registered = groups["people_registered"].sum(min_count=1).reindex(table.index)
    estimated = groups["estimated"].any().reindex(table.index, fill_value=False)
    result = table.assign(
        households=counts["households"].to_numpy(float),
        people_resident=counts["people_resident"].to_numpy(float),
        people_registered=registered.to_numpy(float),
        estimated=estimated.to_numpy(bool),
    )
    columns = ["name", "kind", "households", "people_resident", "people_registered"]
    return (
        result[[*columns, "base", "estate", "astride", "divisible", "estimated", "geometry"]],
        of.rename("unit"),
        lost,
    )


def _dry(pieces: _Pieces, rank: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """Dry land of each unit, by which the side of a barrier is told."""
    mine: list[list[shapely.Geometry]] = [[] for _ in range(count)]
    for unit, shape in zip(pieces.unit, pieces.dry, strict=True):
        if rank[unit] >= 0:
            mine[rank[unit]].append(shape)
    return np.array([parts[0] if len(parts) == 1 else shapely.union_all(parts) for parts in mine], dtype=object)


def _flaws(
    today: GeoDataFrame, regions: NDArray[np.object_], faces: Faces, unit: NDArray[np.int64], sliver_m: float
) -> GeoDataFrame:
    """Overlaps and gaps of today's polygons that are wider than slivers."""
    rows: list[tuple[str, tuple[str, ...], shapely.Geometry]] = []
    one, two = shapely.STRtree(regions).query(regions, predicate="intersects")
    one, two = one[one < two], two[one < two]
    shared = polygonal(shapely.intersection(regions[one], regions[two]))
    wide = ~shapely.is_empty(shapely.buffer(shared, -sliver_m / 2))
    names = today.index.to_numpy(dtype=object)
    for a, b, land in sorted(zip(one[wide], two[wide], shared[wide], strict=True), key=lambda row: row[:2]):
        rows.append(("overlap", (names[a], names[b]), land))
    gaps = shapely.get_parts(shapely.union_all(faces.shapes[unit < 0])) if (unit < 0).any() else []
    for gap in sorted(gaps, key=lambda g: (g.bounds[0], g.bounds[1])):
        shared_m = shapely.length(shapely.intersection(shapely.boundary(gap), regions))
        beside = np.flatnonzero(shared_m > 0)
        beside = beside[np.lexsort((beside, -np.round(shared_m[beside], 3)))]
        rows.append(("gap", tuple(names[beside]), gap))
    return GeoDataFrame(
        {
            "kind": pd.Series([row[0] for row in rows], dtype="str"),
            "units": pd.Series([row[1] for row in rows], dtype=object),
            "area_m2": np.array([row[2].area for row in rows], float),
        },
        geometry=np.array([row[2] for row in rows], dtype=object),
        crs=today.crs,
    )


def _parents(town: Town, level: Level, table: GeoDataFrame) -> pd.Series | None:
    if level.parent is None:
        return None
    return table["base"].map(unit_parents(town, level.name)).astype(object).rename("parent")


def _notices(table: GeoDataFrame, flaws: GeoDataFrame, lost: pd.Index) -> tuple[Notice, ...]:
    overlaps, gaps = (int((flaws["kind"] == kind).sum()) for kind in ("overlap", "gap"))
    every = (
        (
            "units-astride",
            int(table["astride"].sum()),
            msg("{count} estates lie in several communities; each counts where most of it lives", count="{count}"),
        ),
        (
            "buildings-outside",
            len(lost),
            msg("{count} buildings stand outside today's boundaries; they count to the nearest unit", count="{count}"),
        ),
        (
            "boundary-overlap",
            overlaps,
            msg("today's boundaries overlap at {count} places; the smallest id holds the land", count="{count}"),
        ),
        ("boundary-gap", gaps, msg("today's boundaries leave {count} gaps", count="{count}")),
    )
    return tuple(Notice(code, Message(text.template, {"count": count})) for code, count, text in every if count)
