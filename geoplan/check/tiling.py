"""Units of a level as a tiling: overlaps, gaps, detached parts, enclaves, nesting, and the buildings in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.check.findings import CheckOptions, Finding, Severity, finding
from geoplan.errors import Message, msg
from geoplan.keep import Keep
from geoplan.model import Level, Town
from geoplan.places import assign_all, match_points, own_facilities, unit_parents, valid_polygons

__all__ = ["check_assignment", "check_level", "overlaps"]

_TOUCH_M = 0.5
"""Parts that come this near each other count as joined."""


def overlaps(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]]:
    """Pairs of shapes that share area, and what they share.

    Parameters
    ----------
    shapes
        Valid polygons.

    Returns
    -------
    tuple of ndarray
        Row of the first, row of the second (larger), shared land.
    """
    tree = shapely.STRtree(shapes)
    first, second = tree.query(shapes, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(shapes[first], shapes[second])
    keep = shapely.area(shared) > 0
    return first[keep], second[keep], shared[keep]


def check_level(town: Town, level: Level, options: CheckOptions) -> Iterator[Finding]:
    """What is wrong with the units of one level by themselves and against the level above.

    Parameters
    ----------
    town
        The town.
    level
        One of its levels.
    options
        Tolerances.

    Yields
    ------
    Finding
    """
    shapes = valid_polygons(level.table)
    ids = level.table.index.to_numpy(dtype=object)
    yield from _check_overlaps(level.name, ids, shapes, options)
    yield from _check_gaps(level.name, shapes, options)
    yield from _check_detached(level.name, ids, shapes)
    yield from _check_enclaves(level.name, ids, shapes, options)
    names = level.table["name"]
    twins = names[(names != "") & names.duplicated(keep=False)]
    if len(twins):
        yield finding(
            "unit-names",
            "info",
            msg("{count} units share their name with another", count=len(twins)),
            level.name,
            twins.index,
        )
    if level.parent is not None:
        yield from _check_nesting(town, level, shapes, options)


def _wide(shapes: NDArray[np.object_], options: CheckOptions) -> NDArray[np.bool_]:
    """Whether a shape is somewhere wider than a sliver."""
    return ~shapely.is_empty(shapely.buffer(shapes, -options.sliver_m / 2))


def _counted(text: Message, shapes: NDArray[np.object_]) -> Message:
    """The text with the number and the area of the shapes."""
    return Message(text.template, {"count": len(shapes), "area": f"{shapely.area(shapes).sum():.0f}"})


def _check_overlaps(
    level: str, ids: NDArray[np.object_], shapes: NDArray[np.object_], options: CheckOptions
) -> Iterator[Finding]:
    first, second, shared = overlaps(shapes)
    wide = _wide(shared, options)
    kinds: tuple[tuple[str, Severity, NDArray[np.bool_], Message], ...] = (
        ("unit-overlap", "error", wide, msg("units overlap: {count} pairs, {area} m² in all")),
        ("unit-overlap-sliver", "info", ~wide, msg("units overlap by slivers: {count} pairs, {area} m² in all")),
    )
    for code, severity, which, text in kinds:
        if which.any():
            rows = ids[np.r_[first[which], second[which]]]
            yield finding(code, severity, _counted(text, shared[which]), level, rows, shared[which])


def _check_gaps(level: str, shapes: NDArray[np.object_], options: CheckOptions) -> Iterator[Finding]:
    whole = shapely.get_parts(shapely.union_all(shapes))
    rings = [ring for part in whole for ring in getattr(part, "interiors", ())]
    if not rings:
        return
    holes = shapely.polygons(np.array(rings, dtype=object))
    wide = _wide(holes, options)
    kinds: tuple[tuple[str, Severity, NDArray[np.bool_], Message], ...] = (
        ("unit-gap", "warning", wide, msg("land between the units belongs to none: {count} gaps, {area} m² in all")),
        ("unit-gap-sliver", "info", ~wide, msg("slivers between the units: {count}, {area} m² in all")),
    )
    for code, severity, which, text in kinds:
        if which.any():
            yield finding(code, severity, _counted(text, holes[which]), level, (), holes[which])


def _check_detached(level: str, ids: NDArray[np.object_], shapes: NDArray[np.object_]) -> Iterator[Finding]:
    several = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    joined = shapely.buffer(shapes[several], _TOUCH_M / 2)
    apart = several[shapely.get_num_geometries(joined) > 1]
    if len(apart):
        parts = [sorted(shapely.get_parts(shapes[row]), key=shapely.area)[:-1] for row in apart]
        message = msg("{count} units have detached parts", count=len(apart))
        yield finding("unit-detached", "warning", message, level, ids[apart], [p for some in parts for p in some])


def _check_enclaves(
    level: str, ids: NDArray[np.object_], shapes: NDArray[np.object_], options: CheckOptions
) -> Iterator[Finding]:
    """Parts that lie in a hole of one other unit."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
    if not len(holed):
        return
    rings = [(ring, host) for host in holed for ring in parts[host].interiors]
    holes = shapely.buffer(shapely.polygons(np.array([ring for ring, _ in rings], dtype=object)), options.sliver_m)
    hosts = owner[[host for _, host in rings]]
    hole, part = shapely.STRtree(parts).query(holes, predicate="contains")
    foreign = owner[part] != hosts[hole]
    hole, part = hole[foreign], part[foreign]
    if len(part):
        rows = ids[np.unique(np.r_[owner[part], hosts[hole]])]
        message = msg("{count} parts of units are enclosed by one other unit", count=len(np.unique(part)))
        yield finding("unit-enclave", "warning", message, level, rows, parts[np.unique(part)])


def _check_nesting(town: Town, level: Level, shapes: NDArray[np.object_], options: CheckOptions) -> Iterator[Finding]:
    above = town.level(str(level.parent)).table
    parents = unit_parents(town, level.name)
    ids = level.table.index.to_numpy(dtype=object)
    lost = parents.isna().to_numpy()
    if lost.any():
        message = msg("{count} units lie in no unit of the level {parent}", count=int(lost.sum()), parent=level.parent)
        yield finding("unit-without-parent", "error", message, level.name, ids[lost])
    rows = np.flatnonzero(~lost)
    healed = valid_polygons(above)
    outside = shapely.difference(shapes[rows], healed[above.index.get_indexer(parents.to_numpy(dtype=object)[rows])])
    wide = _wide(outside, options)
    if wide.any():
        message = msg(
            "{count} units reach out of their unit of the level {parent}, by {area} m² in all",
            count=int(wide.sum()),
            parent=level.parent,
            area=f"{shapely.area(outside[wide]).sum():.0f}",
        )
        yield finding("unit-not-nested", "error", message, level.name, ids[rows[wide]], outside[wide])


def check_assignment(town: Town, level: Level, *, main: bool, keep: Keep | None = None) -> Iterator[Finding]:
    """Which buildings are in no unit or in several, which units have nobody or no centre.

    Parameters
    ----------
    town
        The town.
    level
        One of its levels.
    main
        Whether it is the main level, whose units are to have centres.
    keep
        Keeps which building belongs where.

    Yields
    ------
    Finding
    """
    found = assign_all(town, level.name, keep=keep)
    buildings = town.buildings
    missing = found.units.isna().to_numpy()
    if missing.any():
        lost = buildings[missing]
        message = msg(
            "{count} buildings with {households} households lie in no unit",
            count=len(lost),
            households=f"{lost['households'].sum():g}",
        )
        yield finding("building-in-no-unit", "warning", message, level.name, lost.index)
    if found.shared:
        message = msg("{count} buildings lie in several units; they count to the smallest id", count=len(found.shared))
        yield finding("building-in-several-units", "warning", message, level.name, found.shared)
    yield from _check_given(buildings, level)
    homes = buildings["households"].groupby(found.units.to_numpy(dtype=object)).sum()
    empty = level.table.index[~level.table.index.isin(homes.index[homes > 0])]
    if len(empty):
        yield finding("unit-empty", "info", msg("{count} units have no household", count=len(empty)), level.name, empty)
    standing = own_facilities(town, level.name)[~town.facilities["candidate"].to_numpy(dtype=bool)]
    without = level.table.index[~level.table.index.isin(standing.dropna())]
    if main and len(without):
        yield finding(
            "unit-without-centre",
            "warning",
            msg("{count} units have no centre of their own", count=len(without)),
            level.name,
            without,
        )


def _check_given(buildings: GeoDataFrame, level: Level) -> Iterator[Finding]:
    """Buildings that stand outside the unit that the data gives them."""
    if level.name not in buildings:
        return
    given: Any = buildings[level.name].astype(object)
    said = (given.notna() & (given != "")).to_numpy()
    places = level.table.geometry.reindex(given[said])
    points = buildings.geometry[said].representative_point()
    off = ~shapely.intersects(np.asarray(places.array), np.asarray(points.array))
    if off.any():
        elsewhere = match_points(level.table, points[off]).units.notna().sum()
        message = msg(
            "{count} buildings stand outside the unit that the data gives them, {elsewhere} of them in another one",
            count=int(off.sum()),
            elsewhere=int(elsewhere),
        )
        yield finding("building-outside-its-unit", "warning", message, level.name, points.index[off])
