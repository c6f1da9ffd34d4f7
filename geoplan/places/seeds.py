"""The land that each unit holds for certain, before what lies between is shared out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Level, Town
from geoplan.places.assignment import assign_buildings, assign_estates, valid_polygons
from geoplan.places.tiling import polygonal, share_out, street_blocks

__all__ = ["Seeds", "UnitKind", "UnitOptions", "barrier_land", "bounding_lines", "collect_seeds"]

UnitKind = Literal["estate", "block", "building", "grid", "community"]

_BLOCK_STREETS = frozenset({"footway", "path", "steps", "service", "track", "cycleway", "pedestrian"})
"""Ways that run inside blocks and do not bound them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOptions:
    """How units are cut and joined.

    Attributes
    ----------
    cross_within_m
        Units on two sides of a barrier join where a street crosses it within this distance of their boundary, metres.
    least_shared_m
        Units that share less boundary than this do not join, metres.
    rest_width_m, rest_area_m2
        Land in no estate that is wider (m) and larger (m²) than this is a unit of its own; the other land, such as
        streets, is shared out between the estates beside it.
    sliver_m
        Overlaps nowhere wider than this are drawing errors, metres.
    astride_share
        An estate lies astride a boundary from this share of its area on the other side, or with any household there.
    divide_above
        Divisible estates with more households than this are cut into their buildings; None: none is cut.
    divide
        Ids of further estates declared divisible.
    step_m
        Distance between the points of outlines by which land is shared out, metres.
    """

    cross_within_m: float = 300.0
    least_shared_m: float = 1.0
    rest_width_m: float = 60.0
    rest_area_m2: float = 5_000.0
    sliver_m: float = 1.0
    astride_share: float = 0.02
    divide_above: float | None = None
    divide: tuple[str, ...] = ()
    step_m: float = 5.0


@dataclass(slots=True)
class Seeds:
    """Land that units hold for certain, with what is known of each unit; rows sorted by id.

    ``estates`` names the estate of the units that are one or part of one.
    """

    ids: list[str]
    names: list[str]
    kinds: list[str]
    shapes: NDArray[np.object_]
    divisible: NDArray[np.bool_]
    of_building: pd.Series
    estates: dict[str, str]


def _below(town: Town, level: Level, kind: UnitKind) -> Level:
    """The level whose units are moved."""
    if kind == "community":
        main = town.levels[0]
        return main if _is_under(town, main, level) else level
    under = [low for low in town.levels if low.name != level.name and not low.parallel and _is_under(town, low, level)]
    if not under:
        raise InputError(
            Fault(
                code="no-grids",
                needed=msg("a level below {level} to move as a whole", level=level.name),
                given=msg("none"),
                mend=msg("add the grids as a layer, or move estates or buildings"),
                where=Where(layer=level.name),
            )
        )
    return under[-1]


def _is_under(town: Town, low: Level, high: Level) -> bool:
    seen: set[str] = set()
    while low.parent is not None and low.name not in seen:
        if low.parent == high.name:
            return True
        seen.add(low.name)
        low = town.level(low.parent)
    return False


def collect_seeds(
    town: Town, level: Level, kind: UnitKind, regions: NDArray[np.object_], options: UnitOptions
) -> Seeds:
    """Seeds of the units of a kind; see :func:`geoplan.places.units.build_units`.

    Parameters
    ----------
    town, level
        The town, and the level that is re-drawn.
    kind
        What is moved.
    regions
        Polygons of the level's units, sorted by id.
    options
        Which estates are divided, least area of a block.

    Returns
    -------
    Seeds

    Raises
    ------
    InputError
        If there is no level below to take units from.
    """
    if kind in ("grid", "community"):
        return _level_seeds(town, _below(town, level, kind), kind)
    if kind == "building":
        return _building_seeds(town)
    if kind == "estate" and town.estates is not None and len(town.estates):
        return _estate_seeds(town, options)
    return _block_seeds(town, level, regions, options)


def _level_seeds(town: Town, low: Level, kind: UnitKind) -> Seeds:
    table = low.table.sort_index()
    of = assign_buildings(town, low.name)
    no = np.zeros(len(table), bool)
    return Seeds(
        list(table.index),
        list(table["name"]),
        [kind] * len(table),
        _apart(polygonal(valid_polygons(table))),
        no,
        of,
        {},
    )


def _building_seeds(town: Town) -> Seeds:
    table = town.buildings.sort_index()
    shapes = _apart(_footprints(table))
    names = [name or address for name, address in zip(table["name"], table["address"], strict=True)]
    of = pd.Series(town.buildings.index, index=town.buildings.index, dtype=object)
    estates = assign_estates(town).dropna().to_dict()
    return Seeds(list(table.index), names, ["building"] * len(table), shapes, np.zeros(len(table), bool), of, estates)


def _footprints(table: GeoDataFrame) -> NDArray[np.object_]:
    """Footprints as polygons; a building given as a point takes a square metre or so."""
    shapes = valid_polygons(table)
    points = shapely.get_dimensions(shapes) == 0
    shapes[points] = shapely.buffer(shapes[points], 0.5, quad_segs=1)
    return polygonal(shapes)


def _estate_kind(text: str) -> str:
    """Kind of a unit by what the data calls the estate."""
    text = text.lower()
    if "village" in text or "村" in text:
        return "village"
    return "block" if "block" in text or "街坊" in text else "estate"


def _estate_seeds(town: Town, options: UnitOptions) -> Seeds:
    assert town.estates is not None  # noqa: S101
    estates = town.estates.sort_index()
    of = assign_estates(town)
    divisible = estates["divisible"].to_numpy(dtype=bool) | np.isin(estates.index, options.divide)
    shapes = _apart(polygonal(valid_polygons(estates)))
    ids, names = list(estates.index), list(estates["name"])
    kinds = [_estate_kind(str(kind)) for kind in estates["kind"]]
    if options.divide_above is None:
        return Seeds(ids, names, kinds, shapes, divisible, of, {str(i): str(i) for i in ids})
    held = town.buildings["households"].groupby(of.to_numpy(dtype=object)).sum().reindex(ids, fill_value=0.0)
    cut = divisible & (held.to_numpy(float) > options.divide_above)
    rows = [(i, n, k, s, bool(d)) for i, n, k, s, d in zip(ids, names, kinds, shapes, divisible, strict=True)]
    kept = [row for row, gone in zip(rows, cut, strict=True) if not gone]
    of = of.copy()
    estates_of = {str(row[0]): str(row[0]) for row in kept}
    for at in np.flatnonzero(cut):
        parts = _divide(town, str(ids[at]), str(names[at]), shapes[at], of, options.step_m)
        kept += parts or [rows[at]]
        estates_of |= {row[0]: str(ids[at]) for row in parts or [rows[at]]}
        for part in parts:
            of[part[0]] = part[0]
    kept.sort(key=lambda row: row[0])
    return Seeds(
        [r[0] for r in kept],
        [r[1] for r in kept],
        [r[2] for r in kept],
        np.array([r[3] for r in kept], dtype=object),
        np.array([r[4] for r in kept], bool),
        of,
        estates_of,
    )


def _divide(
    town: Town, estate: str, name: str, land: shapely.Geometry, of: pd.Series, step_m: float
) -> list[tuple[str, str, str, shapely.Geometry, bool]]:
    """An estate's land by its buildings; nothing if it has fewer than two."""
    mine = town.buildings[(of == estate).to_numpy()].sort_index()
    shapes = _apart(polygonal(shapely.intersection(_footprints(mine), land)))
    real = shapely.area(shapes) > 0
    if real.sum() < 2:
        return []
    tiles = share_out(land, shapes[real], step_m=step_m)
    said = mine["name"].to_numpy(dtype=object)[real]
    return [
        (str(i), f"{name}{text}", "building", tile, False)
        for i, text, tile in zip(mine.index[real], said, tiles, strict=True)
    ]


def _block_seeds(town: Town, level: Level, regions: NDArray[np.object_], options: UnitOptions) -> Seeds:
    lines, water = bounding_lines(town), barrier_land(town)
    ids: list[str] = []
    shapes: list[shapely.Geometry] = []
    for region, name in zip(regions, level.table.sort_index().index, strict=True):
        blocks = street_blocks(region, lines, area_m2=options.rest_area_m2)
        if water is not None:
            blocks = blocks[~shapely.intersects(water, shapely.point_on_surface(blocks))]
        ids += [f"{name}-block-{n:03d}" for n in range(1, len(blocks) + 1)]
        shapes += list(blocks)
    order = np.argsort(np.array(ids, dtype=object), kind="stable")
    none = pd.Series([None] * len(town.buildings), index=town.buildings.index, dtype=object)
    land = np.array(shapes, dtype=object)[order]
    return Seeds(
        [ids[i] for i in order], [""] * len(ids), ["block"] * len(ids), land, np.zeros(len(ids), bool), none, {}
    )


def barrier_land(town: Town) -> shapely.Geometry | None:
    """Land that rivers and railways take; lines are a metre wide.

    Parameters
    ----------
    town
        The town.

    Returns
    -------
    geometry or None
        None without barriers.
    """
    if town.barriers is None or not len(town.barriers):
        return None
    shapes = np.asarray(town.barriers.sort_index().geometry.array, dtype=object).copy()
    lines = shapely.get_dimensions(shapes) == 1
    shapes[lines] = shapely.buffer(shapes[lines], 0.5, cap_style="flat")
    return shapely.union_all(shapely.make_valid(shapes))


def bounding_lines(town: Town) -> list[shapely.Geometry]:
    """Streets and barriers that bound blocks; bridges, tunnels and ways inside blocks do not.

    Parameters
    ----------
    town
        The town.

    Returns
    -------
    list of geometry
        Lines.
    """
    lines: list[shapely.Geometry] = []
    if town.streets is not None:
        ground = (town.streets["level"] == 0) & ~town.streets["kind"].isin(_BLOCK_STREETS)
        lines += list(town.streets.geometry[ground.to_numpy()])
    if town.barriers is not None:
        flat = town.barriers.geometry
        lines += [shapely.boundary(g) if shapely.get_dimensions(g) == 2 else g for g in flat]
    return lines


def _apart(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes without overlaps: what two share is the smaller one's."""
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    area = shapely.area(shapes)
    larger = (area[one] > area[two]) | ((area[one] == area[two]) & (one > two))
    one, two = one[larger], two[larger]
    over = shapely.area(shapely.intersection(shapes[one], shapes[two])) > 0
    order = np.lexsort((two[over], one[over]))
    one, two = one[over][order], two[over][order]
    result = shapes.copy()
    rows, first = np.unique(one, return_index=True)
    # Without any, the one empty group meets no row.
    for row, others in zip(rows, np.split(two, first[1:]), strict=False):
        result[row] = polygonal(shapely.difference(shapes[row], shapely.union_all(shapes[others])))[0]
    return result
