"""Units that a boundary change moves as a whole: estates, blocks, buildings, grids, communities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Level, Notice, Town
from geoplan.places.assignment import assign_buildings, match_points, unit_parents, valid_polygons
from geoplan.places.contiguity import SharedEdges, contiguity_table
from geoplan.places.filling import Pieces, fill_regions, find_stands
from geoplan.places.seeds import Seeds, UnitKind, UnitOptions, barrier_land, collect_seeds
from geoplan.places.tiling import Faces, match_edges, polygonal

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["UnitGraph", "UnitKind", "UnitOptions", "Units", "build_units", "unit_graph"]


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

    @property
    def graph(self) -> Graph:
        """The units that join as a :class:`libpysal.graph.Graph`, weighted by metres of shared boundary.

        Rook contiguity but for boundaries that an uncrossed barrier closes; units without neighbours are its isolates.
        """
        from libpysal.graph import Graph

        at = self.table.index
        rows = self.contiguity[self.contiguity["joins"].to_numpy(dtype=bool)]
        one, two = at.get_indexer(rows["unit"]), at.get_indexer(rows["neighbor"])
        alone = np.setdiff1d(np.arange(len(at)), np.concatenate([one, two]))
        metre = np.concatenate([np.tile(rows["shared_m"].to_numpy(float), 2), np.zeros(len(alone))])
        focal, neighbor = np.concatenate([one, two, alone]), np.concatenate([two, one, alone])
        # libpysal keeps the order in which units appear.
        order = np.lexsort((neighbor, focal))
        ids = at.to_numpy(dtype=object)
        return Graph.from_arrays(ids[focal[order]], ids[neighbor[order]], metre[order])


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
        If the town has no such level or nothing of that kind, or households of buildings are missing or below 0.
    """
    options = options or UnitOptions()
    _check_households(town)
    chosen = _level(town, level)
    today = chosen.table.sort_index()
    regions = polygonal(valid_polygons(today))
    home = assign_buildings(town, chosen.name)
    seeds = collect_seeds(town, chosen, kind, regions, options)
    stands = find_stands(town, seeds, regions, today.index, home, options)
    barrier = barrier_land(town)
    pieces, rest = fill_regions(town, seeds, regions, stands, barrier, kind, options)
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


def _check_households(town: Town) -> None:
    held = town.buildings["households"].to_numpy(float)
    bad = town.buildings.index[~(np.isfinite(held) & (held >= 0))].sort_values()
    if len(bad):
        raise InputError(
            Fault(
                code="households-missing",
                needed=msg("households of every building, 0 or more"),
                given=msg("{count} buildings with none, or with a number below 0", count=len(bad)),
                mend=msg("estimate them (geoplan does when it loads a project) or enter 0"),
                where=Where(layer="buildings", rows=tuple(bad)),
            )
        )


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


def _dry(pieces: Pieces, rank: NDArray[np.int64], count: int) -> NDArray[np.object_]:
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
