"""Who belongs where: buildings to units, units to the units above them, centres to the units they serve.

What the data says wins; where it is silent, place decides. A place that several units share (a common border, an
overlap) goes to the smallest id and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame, GeoSeries
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.keep import Keep, KeepNothing
from geoplan.model import Level, Town

__all__ = [
    "Assignment",
    "assign_all",
    "assign_buildings",
    "assign_estates",
    "match_points",
    "own_facilities",
    "unit_parents",
    "valid_polygons",
]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which unit each row belongs to, and where the place alone left a choice.

    Attributes
    ----------
    units
        Unit id or None, indexed like the rows (dtype object).
    shared
        Ids of the rows that stand in or on the border of several units; they got the smallest id.
    """

    units: pd.Series
    shared: tuple[str, ...] = ()


def valid_polygons(table: GeoDataFrame) -> NDArray[np.object_]:
    """Geometries of a table, healed where they are invalid, so that areas can be computed.

    Parameters
    ----------
    table
        Polygons.

    Returns
    -------
    ndarray
        In the table's order.
    """
    shapes = np.array(table.geometry.array, dtype=object)
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad])
    return shapes


def match_points(units: GeoDataFrame, points: GeoSeries) -> Assignment:
    """Find the unit that each point lies in, borders included.

    Parameters
    ----------
    units
        Polygons, indexed by id.
    points
        Points, indexed by id, in the same CRS.

    Returns
    -------
    Assignment
        None where a point lies in no unit.

    Examples
    --------
    >>> from geopandas import GeoDataFrame, GeoSeries
    >>> from shapely import Point, box
    >>> units = GeoDataFrame(geometry=[box(0, 0, 2, 2), box(2, 0, 4, 2)], index=["b", "a"])
    >>> match = match_points(units, GeoSeries([Point(1, 1), Point(2, 1), Point(9, 9)], index=["x", "y", "z"]))
    >>> match.units.tolist(), match.shared
    (['b', 'a', None], ('y',))
    """
    order = np.argsort(units.index.to_numpy(dtype=object), kind="stable")
    tree = shapely.STRtree(points.array)
    unit, point = tree.query(units.geometry.array[order], predicate="intersects")
    # Units come in the order of their ids, so the first pair of each point is the smallest id.
    pairs = np.lexsort((unit, point))
    hit, first, count = np.unique(point[pairs], return_index=True, return_counts=True)
    found = np.full(len(points), None, dtype=object)
    found[hit] = units.index.to_numpy(dtype=object)[order][unit[pairs][first]]
    shared = tuple(sorted(points.index[hit[count > 1]]))
    return Assignment(pd.Series(found, index=points.index, dtype=object), shared)


def assign_all(town: Town, level: str, *, keep: Keep | None = None) -> Assignment:
    """Which unit each building belongs to, with the buildings that several units claim.

    Parameters
    ----------
    town
        The town.
    level
        Name of a level.
    keep
        Keeps it for whoever asks next.

    Returns
    -------
    Assignment
        Indexed like ``town.buildings``.

    Raises
    ------
    InputError
        If the buildings' column of the level's name holds ids that the level does not have.
    """
    table = town.level(level).table
    given = town.buildings.get(level)

    def assigned() -> tuple[pd.Series, tuple[str, ...]]:
        found = _given_or_place(table, given, town.buildings, level)
        return found.units, found.shared

    return Assignment(*(keep or KeepNothing()).value("assigned", (town.buildings, table, level), assigned))


def assign_buildings(town: Town, level: str) -> pd.Series:
    """Which unit of a level each building belongs to.

    A unit given in the buildings' column of the level's name wins; else it is the unit in which the building's
    representative point lies.

    Parameters
    ----------
    town
        The town.
    level
        Name of a level.

    Returns
    -------
    Series
        Unit id, or None for a building in no unit; indexed like ``town.buildings``, named after the level. On a shared
        border or in an overlap the smallest id (:func:`assign_all` counts those).

    Raises
    ------
    InputError
        If the column holds ids that the level does not have.
    """
    return assign_all(town, level).units.rename(level)


def assign_estates(town: Town) -> pd.Series:
    """Which estate each building belongs to: as given, else by place.

    Parameters
    ----------
    town
        The town.

    Returns
    -------
    Series
        Estate id or None, indexed like ``town.buildings``, named ``estate``.

    Raises
    ------
    InputError
        If buildings name estates that there are not.
    """
    if town.estates is None:
        return _as_ids(town.buildings["estate"])
    return _given_or_place(town.estates, town.buildings["estate"], town.buildings, "estate").units.rename("estate")


def unit_parents(town: Town, level: str) -> pd.Series:
    """The unit above each unit of a level.

    Parameters
    ----------
    town
        The town.
    level
        Name of a level.

    Returns
    -------
    Series
        Id in the parent level, indexed like the level's table and named ``parent``: as given, else the unit that holds
        most of its area (ties to the smallest id). None where there is none, and for a level without parent.

    Raises
    ------
    InputError
        If a unit names a parent that there is not.
    """
    below = town.level(level)
    if below.parent is None:
        return pd.Series([None] * len(below.table), index=below.table.index, dtype=object, name="parent")
    above = town.level(below.parent).table
    given = _as_ids(below.table["parent"])
    _check_known(given, above, below.name, "parent")
    by_place = _largest_overlap(below.table, above)
    return given.where(given.notna(), by_place).astype(object).where(lambda ids: ids.notna(), None).rename("parent")


def own_facilities(town: Town, level: str) -> pd.Series:
    """Which unit each facility is the own centre of.

    Parameters
    ----------
    town
        The town.
    level
        Name of a level.

    Returns
    -------
    Series
        Unit id or None, indexed like ``town.facilities`` and named after the level. The unit that the facility
        ``serves``; the unit above it where it serves one of a level below; None where it serves one of another level,
        such as a district's centre that stands in a community; the unit it stands in where nothing is given.

    Raises
    ------
    InputError
        If facilities serve units that no level has.
    """
    facilities = town.facilities
    target = town.level(level)
    serves = _as_ids(facilities["serves"])
    own = match_points(target.table, _points(facilities)).units.where(serves.isna(), None)
    known = pd.Series(False, index=facilities.index)
    for below in town.levels:
        mine = serves.isin(below.table.index) & ~known
        known |= mine
        if mine.any():
            up = _up_to(town, below, target)
            if up is not None:
                own[mine] = serves[mine].map(up).astype(object)
    unknown = facilities.index[serves.notna() & ~known]
    if len(unknown):
        raise _unknown_unit(tuple(serves[unknown].unique()), tuple(sorted(unknown)), "facilities", "serves")
    return own.where(own.notna(), None).rename(level)


def _up_to(town: Town, below: Level, target: Level) -> pd.Series | None:
    """For each unit of ``below`` its unit of ``target``; None if ``target`` is not above it."""
    ids = pd.Series(below.table.index, index=below.table.index, dtype=object)
    seen = {below.name}
    while below.name != target.name:
        if below.parent is None or below.parent in seen:
            return None
        parents = unit_parents(town, below.name)
        ids = ids.map(parents).astype(object)
        below = town.level(below.parent)
        seen.add(below.name)
    return ids


def _given_or_place(units: GeoDataFrame, given: pd.Series | None, rows: GeoDataFrame, column: str) -> Assignment:
    """Units of buildings."""
    if given is None:
        return match_points(units, _points(rows))
    known = _as_ids(given)
    _check_known(known, units, "buildings", column)
    silent = known.isna().to_numpy()
    if not silent.any():
        return Assignment(known)
    match = match_points(units, _points(rows[silent]))
    units_of = known.to_numpy(dtype=object).copy()
    units_of[silent] = match.units.to_numpy(dtype=object)
    return Assignment(pd.Series(units_of, index=rows.index, dtype=object), match.shared)


def _points(rows: GeoDataFrame) -> GeoSeries:
    """A point inside each row's geometry; of several points the same one whatever their order."""
    geometry = rows.geometry
    if (geometry.geom_type == "MultiPoint").any():
        geometry = geometry.normalize()
    return geometry.representative_point()


def _as_ids(values: pd.Series) -> pd.Series:
    """References as ids or None."""
    ids = values.astype(object)
    return ids.where(ids.notna() & (ids != ""), None)


def _check_known(given: pd.Series, units: GeoDataFrame, layer: str, column: str) -> None:
    bad = given.index[given.notna() & ~given.isin(units.index)]
    if len(bad):
        raise _unknown_unit(tuple(given[bad].unique()), tuple(sorted(bad)), layer, column)


def _unknown_unit(values: tuple[str, ...], rows: tuple[str, ...], layer: str, column: str) -> InputError:
    return InputError(
        Fault(
            code="unknown-reference",
            needed=msg("ids that the other table has"),
            given=msg("{values}", values=", ".join(sorted(map(str, values))[:5])),
            mend=msg("correct the ids, or leave them empty to go by place"),
            where=Where(layer=layer, column=column, rows=rows),
        )
    )


def _largest_overlap(below: GeoDataFrame, above: GeoDataFrame) -> pd.Series:
    """For each unit the one above with which it shares the most area."""
    order = np.argsort(above.index.to_numpy(dtype=object), kind="stable")
    lower, parts = valid_polygons(below), valid_polygons(above)[order]
    tree = shapely.STRtree(parts)
    unit, parent = tree.query(lower, predicate="intersects")
    area = shapely.area(shapely.intersection(lower[unit], parts[parent]))
    keep = area > 0
    unit, parent, area = unit[keep], parent[keep], area[keep]
    rank = np.lexsort((parent, -area, unit))
    hit, first = np.unique(unit[rank], return_index=True)
    found = np.full(len(below), None, dtype=object)
    found[hit] = above.index.to_numpy(dtype=object)[order][parent[rank][first]]
    return pd.Series(found, index=below.index, dtype=object)
