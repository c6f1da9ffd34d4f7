"""How a town's tables relate: estates of buildings, walls with gates, references, what lies far outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.errors import Fault, Where, msg
from geoplan.model import BUILDINGS, Level, Notice
from geoplan.read.sources import ROLE_NAMES
from geoplan.read.validate import validate_references

__all__ = ["decide_walled", "far_faults", "place_in_estates", "reference_faults"]


def place_in_estates(buildings: gpd.GeoDataFrame, estates: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Find the estate of every building that names none: the one that a point inside the building lies in.

    Parameters
    ----------
    buildings, estates
        Tables in one CRS.

    Returns
    -------
    buildings : GeoDataFrame
        The same rows with ``estate`` filled in where there is one; of overlapping estates that of the smallest id.
    notices : list of Notice
    """
    lacking = buildings["estate"].isna().to_numpy()
    if not lacking.any() or not len(estates):
        return buildings, []
    points = shapely.point_on_surface(buildings.geometry.to_numpy()[lacking])
    order = estates.sort_index()
    row, estate = shapely.STRtree(order.geometry.to_numpy()).query(points, predicate="intersects")
    first = pd.Series(estate).groupby(row).min()
    names = buildings["estate"].to_numpy(dtype=object, copy=True)
    names[np.flatnonzero(lacking)[first.index]] = order.index.to_numpy(dtype=object)[first.to_numpy()]
    if not len(first):
        return buildings, []
    text = msg("{count} buildings were given the estate that they stand in", count=len(first))
    return buildings.assign(estate=pd.Series(names, index=buildings.index, dtype=object)), [
        Notice("estates-by-place", text)
    ]


def decide_walled(
    estates: gpd.GeoDataFrame, gates: gpd.GeoDataFrame | None, *, tolerance_m: float
) -> tuple[pd.Series, list[Notice]]:
    """Whether each estate is walled: as given, else if it has gates.

    Parameters
    ----------
    estates
        ``walled`` may be missing (``pd.NA``), or the whole column.
    gates
        Gates, by ``estate`` or, where that is None, by lying within the tolerance of a boundary.
    tolerance_m
        Metres.

    Returns
    -------
    walled : pandas.Series of bool
    notices : list of Notice
    """
    given = estates["walled"] if "walled" in estates.columns else pd.Series(pd.NA, index=estates.index)
    given = given.astype("boolean")
    missing = given.isna()
    if not missing.any():
        return given.astype(bool), []
    has_gates = np.zeros(len(estates), bool)
    if gates is not None and len(gates):
        named = gates["estate"].notna()
        has_gates |= estates.index.isin(gates["estate"][named])
        walls = shapely.STRtree(shapely.boundary(estates.geometry.to_numpy()))
        free = gates.geometry.to_numpy()[~named.to_numpy()]
        _, wall = walls.query(free, predicate="dwithin", distance=tolerance_m)
        has_gates[wall] = True
    walled = given.fillna(pd.Series(has_gates, index=estates.index)).astype(bool)
    count = int((walled & missing).sum())
    text = msg(
        "{missing} estates do not say whether they are walled: the {count} that have gates are",
        missing=int(missing.sum()),
        count=count,
    )
    return walled, [Notice("walled-by-gates", text)] if count else []


def reference_faults(
    tables: Mapping[str, gpd.GeoDataFrame],
    levels: Sequence[Level],
    wheres: Mapping[str, Where],
    *,
    later_levels: Iterable[str] = (),
) -> list[Fault]:
    """References to rows, levels and columns that do not exist.

    Parameters
    ----------
    tables
        Tables by role.
    levels
        Levels.
    wheres
        Files of each role and level.
    later_levels
        Levels that are not there yet; references to them are not looked at.

    Returns
    -------
    list of Fault
    """
    units = {level.name: level.table for level in levels}
    faults = []
    for role, column, target in (
        ("buildings", "estate", "estates"),
        ("gates", "estate", "estates"),
        ("entrances", "building", "buildings"),
    ):
        if role in tables:
            faults += validate_references(tables[role], column, tables.get(target), target, wheres[role])
    if units:
        faults += validate_references(tables["facilities"], "serves", units, "units", wheres["facilities"])
    for level in levels:
        faults += _parent_faults(level, units, wheres[level.name])
        faults += validate_references(tables["buildings"], level.name, level.table, level.name, wheres["buildings"])
    known = {column.name for column in BUILDINGS} | set(units) | {*later_levels, "geometry"}
    for name in tables["buildings"].columns.difference(sorted(known)):
        faults.append(
            Fault(
                "unknown-column",
                msg("columns of {table}: {names}", table="buildings", names=", ".join(sorted(known - {"geometry"}))),
                msg("'{name}'", name=name),
                msg("correct the name, or add a layer of units with this level"),
                Where(wheres["buildings"].file, wheres["buildings"].layer, str(name)),
            )
        )
    return faults


def _parent_faults(level: Level, units: Mapping[str, gpd.GeoDataFrame], where: Where) -> list[Fault]:
    if level.parent is None:
        return []
    if level.parent in units:
        return validate_references(level.table, "parent", units[level.parent], level.parent, where)
    return [
        Fault(
            "missing-level",
            msg("the level {parent} that {level} nests in", parent=level.parent, level=level.name),
            msg("levels: {names}", names=", ".join(units)),
            msg("add a layer of that level, or correct parent"),
            Where(where.file, where.layer, "parent"),
        )
    ]


def far_faults(
    tables: Mapping[str, gpd.GeoDataFrame], levels: Sequence[Level], wheres: Mapping[str, Where], *, far_m: float
) -> list[Fault]:
    """Buildings, facilities, gates and entrances far outside the streets, or without streets outside the units.

    Parameters
    ----------
    tables, levels, wheres
        As :func:`reference_faults`.
    far_m
        How far from the hull of the streets is too far, metres.

    Returns
    -------
    list of Fault
    """
    base = tables.get("streets")
    name = "streets"
    if base is None or not len(base):
        if not levels:
            return []
        base, name = levels[0].table, levels[0].name
    hull = shapely.convex_hull(shapely.multipoints(shapely.get_coordinates(base.geometry.to_numpy())))
    shapely.prepare(hull)
    faults = []
    for role in ("buildings", "facilities", "gates", "entrances"):
        if role not in tables:
            continue
        table = tables[role]
        distance_m = shapely.distance(hull, table.geometry.to_numpy())
        far = distance_m > far_m
        if not far.any():
            continue
        mend = msg("check their coordinates, or delete these rows; or read streets of the whole area")
        if far.all():
            mend = msg("check the CRS and the datum of both layers: one of them lies elsewhere")
        where = wheres[role]
        faults.append(
            Fault(
                "outside-streets" if name == "streets" else "outside-units",
                msg(
                    "{role} within {limit:g} m of the area of {base}",
                    role=ROLE_NAMES[role],
                    limit=far_m,
                    base=ROLE_NAMES.get(name, name),
                ),
                msg(
                    "{count} of {all} rows outside, up to {km:.1f} km away",
                    count=int(far.sum()),
                    all=len(table),
                    km=distance_m.max() / 1000.0,
                ),
                mend,
                Where(where.file, where.layer, "geometry", tuple(str(i) for i in table.index[far])),
            )
        )
    return faults
