"""Doors, centres, gates, estates and counts: what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.check.findings import CheckOptions, Finding, finding
from geoplan.check.tiling import overlaps
from geoplan.errors import msg
from geoplan.model import Town
from geoplan.places import assign_estates, valid_polygons
from geoplan.reach import SegmentIndex
from geoplan.read.datum_check import detect_datum
from geoplan.standards import Standard, find_rule

__all__ = [
    "check_counts",
    "check_datum",
    "check_doors",
    "check_estates",
    "check_facilities",
    "check_geometry",
    "check_outlines",
]

_SAME_SHARE = 0.01


def check_outlines(table: GeoDataFrame, name: str) -> Iterator[Finding]:
    """Invalid outlines of one table.

    Parameters
    ----------
    table
        The table.
    name
        What it is called.

    Yields
    ------
    Finding
    """
    bad = ~shapely.is_valid(np.asarray(table.geometry.array, dtype=object))
    if bad.any():
        first = table.index[bad].sort_values()[0]
        message = msg(
            "{count} outlines are invalid; the first: {reason}",
            count=int(bad.sum()),
            reason=shapely.is_valid_reason(table.geometry.loc[first]),
        )
        yield finding("invalid-geometry", "error", message, name, table.index[bad])


def check_geometry(town: Town) -> Iterator[Finding]:
    """Invalid outlines outside the levels, and buildings that are there twice.

    Parameters
    ----------
    town
        The town.

    Yields
    ------
    Finding
    """
    tables = {
        "buildings": town.buildings,
        "estates": town.estates,
        "barriers": town.barriers,
        "green": town.green,
    }
    for name, table in tables.items():
        if table is not None:
            yield from check_outlines(table, name)
    shapes = shapely.normalize(np.asarray(town.buildings.geometry.array, dtype=object))
    twins = pd.Series(shapely.to_wkb(shapes), index=town.buildings.index, dtype=object).duplicated(keep=False)
    if twins.any():
        message = msg("{count} buildings have the outline of another one", count=int(twins.sum()))
        yield finding("building-twice", "warning", message, "buildings", twins.index[twins])


def check_datum(town: Town) -> Iterator[Finding]:
    """Layers that fit the streets much better once shifted, as those from web maps do in China.

    Parameters
    ----------
    town
        The town.

    Yields
    ------
    Finding
    """
    if town.datum == "unknown":
        yield finding("unknown-datum", "warning", msg("the datum of the data is unknown"), "buildings")
    if town.streets is None or not len(town.streets):
        return
    guess = detect_datum(town.buildings, town.streets)
    if guess.clear:
        message = msg(
            "buildings and streets seem to have different datums: they fit much better shifted {shift}",
            shift=guess.shift,
        )
        yield finding("datum-shift", "error", message, "buildings")


def check_doors(town: Town, options: CheckOptions) -> Iterator[Finding]:
    """Buildings and facilities far from any street, entrances far from their building.

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
    if town.streets is not None and len(town.streets):
        streets = SegmentIndex.from_lines(town.streets.geometry.array)
        homes = town.buildings[town.buildings["households"] > 0]
        for name, table in (("buildings", homes), ("facilities", town.facilities)):
            distance = _street_distance(streets, table.geometry.representative_point(), options)
            far = distance > options.far_m
            if far.any():
                message = msg(
                    "{count} rows lie more than {metres} m from any street",
                    count=int(far.sum()),
                    metres=f"{options.far_m:g}",
                )
                yield finding("far-from-street", "warning", message, name, table.index[far])
    if town.entrances is not None and len(town.entrances):
        houses = town.buildings.geometry.reindex(town.entrances["building"])
        away = shapely.distance(np.asarray(houses.array), np.asarray(town.entrances.geometry.array))
        far = ~(away <= options.entrance_m)
        if far.any():
            message = msg(
                "{count} entrances lie more than {metres} m from their building",
                count=int(far.sum()),
                metres=f"{options.entrance_m:g}",
            )
            yield finding("entrance-far", "warning", message, "entrances", town.entrances.index[far])


def _street_distance(streets: SegmentIndex, points: pd.Series, options: CheckOptions) -> NDArray[np.float64]:
    if not len(points):
        return np.zeros(0)
    return np.asarray(streets.nearest(shapely.get_coordinates(points.array), max_distance_m=2 * options.far_m)[2])


def check_facilities(town: Town, standards: Sequence[Standard]) -> Iterator[Finding]:
    """Facilities without floor area or below the least one, two in one place, or none at all.

    Parameters
    ----------
    town
        The town.
    standards
        The active standards.

    Yields
    ------
    Finding
    """
    standing = town.facilities[~town.facilities["candidate"].to_numpy(dtype=bool)]
    if not len(standing):
        yield finding("no-facilities", "error", msg("there is no facility: nobody can be served"), "facilities")
        return
    area = standing["floor_area_m2"]
    if area.isna().any():
        message = msg("{count} facilities have no floor area", count=int(area.isna().sum()))
        yield finding("facility-without-area", "info", message, "facilities", area.index[area.isna()])
    rule = find_rule(standards, "service_site.area_min")
    if rule is not None and (area < rule.limit).any():
        small = area.index[area < rule.limit]
        message = msg(
            "{count} facilities have less than {area} m² ({rule})",
            count=len(small),
            area=f"{rule.limit:g}",
            rule=rule.id,
        )
        yield finding("facility-too-small", "warning", message, "facilities", small)
    place = pd.DataFrame({"kind": standing["kind"], "at": shapely.to_wkb(shapely.normalize(standing.geometry.array))})
    twins = place.duplicated(keep=False)
    if twins.any():
        message = msg("{count} facilities of one kind stand in the same place", count=int(twins.sum()))
        yield finding("facility-twice", "warning", message, "facilities", twins.index[twins])


def check_estates(town: Town, options: CheckOptions) -> Iterator[Finding]:
    """Estates that overlap, walls without an open gate, gates without a wall, counts that differ.

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
    estates = town.estates
    if estates is None or not len(estates):
        return
    first, second, shared = overlaps(valid_polygons(estates))
    wide = ~shapely.is_empty(shapely.buffer(shared, -options.sliver_m / 2))
    if wide.any():
        message = msg("{count} pairs of estates overlap", count=int(wide.sum()))
        rows = estates.index.to_numpy()[np.r_[first[wide], second[wide]]]
        yield finding("estate-overlap", "warning", message, "estates", rows, shared[wide])
    members = assign_estates(town).to_numpy(dtype=object)
    homes = town.buildings["households"].groupby(members).sum().reindex(estates.index).fillna(0.0)
    yield from _check_gates(town, homes, options)
    for column in ("households", "people_resident"):
        summed = town.buildings[column].groupby(members).sum().reindex(estates.index).fillna(0.0)
        said = estates[column]
        off = said.notna() & ((said - summed).abs() > np.maximum(_SAME_SHARE * said, 1.0))
        if off.any():
            message = msg(
                "{column} of {count} estates differ from those of their buildings: {said} against {summed}",
                column=column,
                count=int(off.sum()),
                said=f"{said[off].sum():g}",
                summed=f"{summed[off].sum():g}",
            )
            yield finding(f"estate-{column.replace('_', '-')}", "warning", message, "estates", off.index[off])


def _check_gates(town: Town, homes: pd.Series, options: CheckOptions) -> Iterator[Finding]:
    """Gates by the wall that they are in: the estate given, else the nearest wall within the tolerance."""
    assert town.estates is not None  # noqa: S101 - the caller looked
    walled = town.estates[town.estates["walled"].to_numpy(dtype=bool)].sort_index()
    opened = pd.Series(False, index=walled.index)
    gates = town.gates
    if gates is not None and len(gates):
        points = np.asarray(gates.geometry.array, dtype=object)
        wall = gates["estate"].astype(object).where(gates["estate"].notna(), None).to_numpy(dtype=object).copy()
        away = np.full(len(gates), np.inf)
        if len(walled):
            rings = shapely.boundary(valid_polygons(walled))
            (gate, near), distance = shapely.STRtree(rings).query_nearest(points, return_distance=True)
            order = np.argsort(-near, kind="stable")  # of walls equally near the smallest id is written last
            gate, near, distance = gate[order], near[order], distance[order]
            away[gate] = distance
            free = pd.isna(wall[gate]) & (distance <= options.gate_m)
            wall[gate[free]] = walled.index.to_numpy(dtype=object)[near[free]]
        named = town.estates.geometry.reindex(wall).boundary
        own = shapely.distance(np.asarray(named.array), points)
        away = np.where(np.isnan(own), away, own)
        far = away > options.gate_m
        if far.any():
            message = msg(
                "{count} gates lie more than {metres} m from their wall",
                count=int(far.sum()),
                metres=f"{options.gate_m:g}",
            )
            yield finding("gate-far-from-wall", "warning", message, "gates", gates.index[far])
        opened |= walled.index.isin(wall[gates["open"].to_numpy(dtype=bool)])
    shut = walled.index[~opened & (homes.reindex(walled.index) > 0)]
    if len(shut):
        message = msg(
            "{count} walled estates with {households} households have no open gate",
            count=len(shut),
            households=f"{homes[shut].sum():g}",
        )
        yield finding("walled-without-gate", "error", message, "estates", shut)


def check_counts(town: Town, options: CheckOptions) -> Iterator[Finding]:
    """Households and people that cannot be, and those that are estimates.

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
    table = town.buildings
    homes, people = table["households"], table["people_resident"]
    if not homes.sum() > 0:
        yield finding("no-households", "error", msg("no building has a household"), "buildings")
        return
    none = (homes == 0) & (people == 0)
    if none.any():
        message = msg("{count} buildings have no household", count=int(none.sum()))
        yield finding("building-empty", "info", message, "buildings", none.index[none])
    huge = homes > options.max_households
    if huge.any():
        message = msg(
            "{count} buildings have more than {most} households",
            count=int(huge.sum()),
            most=f"{options.max_households:g}",
        )
        yield finding("households-huge", "warning", message, "buildings", huge.index[huge])
    low, high = options.people_per_household
    odd = (people > 0) & ((people < low * homes) | (people > high * homes)) | (people == 0) & (homes > 0)
    if odd.any():
        message = msg(
            "residents of {count} buildings are not {low} to {high} per household",
            count=int(odd.sum()),
            low=f"{low:g}",
            high=f"{high:g}",
        )
        yield finding("people-per-household", "warning", message, "buildings", odd.index[odd])
    guessed = table["estimated"].to_numpy(dtype=bool)
    if guessed.any():
        message = msg("households of {count} buildings are estimates", count=int(guessed.sum()))
        yield finding("households-estimated", "info", message, "buildings", table.index[guessed])
