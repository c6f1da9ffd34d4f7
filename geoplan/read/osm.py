"""OpenStreetMap extracts as the tables of a town."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import geopandas
import numpy as np
import shapely
from pyproj import CRS

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Datum, Notice
from geoplan.read.crs import parse_crs, town_crs
from geoplan.read.osm_areas import (
    build_barriers,
    build_buildings,
    build_entrances,
    build_estates,
    build_facilities,
    build_gates,
    build_green,
    build_units,
)
from geoplan.read.osm_scan import NO_PLACE, OsmScan, scan_osm
from geoplan.read.osm_tags import ATTRIBUTION, TagQuery, parse_tags
from geoplan.read.osm_ways import build_way_streets

__all__ = ["OSM_ROLES", "OsmOptions", "OsmRead", "read_osm"]

_IDS_NAMED = 20
OSM_ROLES = ("streets", "buildings", "facilities", "units", "gates", "entrances", "barriers", "green", "estates")


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmOptions:
    """What to take from an OpenStreetMap file.

    Attributes
    ----------
    take
        Roles to read, of :data:`OSM_ROLES`; estates (named residential land) only where asked for.
    facilities
        Queries, each ``{"kind": "school", "tags": "amenity=school", "tier": ""}``; see
        :func:`geoplan.read.osm_tags.parse_tags`.
    admin_level
        Level of the administrative areas to read as units; None reads none.
    private_ways
        Whether ways marked private are walked, as inside a gated estate by those who live there.
    trunk_roads
        Whether trunk roads are walked without a tag that says so: in Chinese towns they are main roads with pavements.
        Roads tagged ``motorroad=yes``, ``sidewalk=no`` or ``foot=no`` never are.
    name_keys
        Tags that hold the name, the first one found taken.
    """

    take: tuple[str, ...] = OSM_ROLES[:-1]
    facilities: tuple[Mapping[str, str], ...] = ()
    admin_level: int | None = None
    private_ways: bool = False
    trunk_roads: bool = True
    name_keys: tuple[str, ...] = ("name", "official_name", "name:zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmRead:
    """The tables of one file, in one projected CRS; None where a role was not asked for."""

    crs: CRS
    streets: geopandas.GeoDataFrame | None = None
    buildings: geopandas.GeoDataFrame | None = None
    facilities: geopandas.GeoDataFrame | None = None
    units: geopandas.GeoDataFrame | None = None
    gates: geopandas.GeoDataFrame | None = None
    entrances: geopandas.GeoDataFrame | None = None
    barriers: geopandas.GeoDataFrame | None = None
    green: geopandas.GeoDataFrame | None = None
    estates: geopandas.GeoDataFrame | None = None
    datum: Datum = "wgs84"
    notices: tuple[Notice, ...] = field(default=())


def read_osm(path: str | PathLike[str], *, crs: str | CRS = "auto", options: OsmOptions | None = None) -> OsmRead:
    """Read streets, buildings, facilities and boundaries from an OpenStreetMap file.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    crs
        Projected CRS in metres, or ``"auto"``: the one that suits the place.
    options
        What to take; by default everything but facilities and units, which need to be named.

    Returns
    -------
    OsmRead
        Tables by the schemas of :mod:`geoplan.model`; streets are split where ways share a node.

    Raises
    ------
    InputError
        If the file is missing, corrupt, cut off or not OpenStreetMap data; if it holds nothing that was asked for; if a
        query cannot be read or finds nothing; if it has no whole area of the administrative level.
    """
    options = options or OsmOptions()
    path = Path(path)
    queries = _queries(options)
    scan = scan_osm(
        path,
        queries=queries,
        admin_level=options.admin_level if "units" in options.take else None,
        take=frozenset(options.take),
        private=options.private_ways,
        trunk=options.trunk_roads,
    )
    _check_places(scan, str(path))
    projected = _choose(scan, crs)
    return _tables(scan, projected, options, queries, str(path))


def _queries(options: OsmOptions) -> tuple[TagQuery, ...]:
    faults: list[Fault] = []
    queries = []
    unknown = sorted(set(options.take) - set(OSM_ROLES))
    if unknown:
        faults.append(
            Fault(
                code="unknown-role",
                needed=msg("roles out of {roles}", roles=", ".join(OSM_ROLES)),
                given=msg("{roles}", roles=", ".join(unknown)),
                mend=msg("correct the list of what to take"),
            )
        )
    for query in options.facilities if "facilities" in options.take else ():
        try:
            queries.append(parse_tags(query.get("tags", ""), kind=query.get("kind", ""), tier=query.get("tier", "")))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return tuple(queries)


def _check_places(scan: OsmScan, file: str) -> None:
    if scan.ways.ids and all(x == NO_PLACE for x in scan.ways.x):
        raise InputError(
            Fault(
                code="no-locations",
                needed=msg("nodes with coordinates"),
                given=msg("ways whose nodes are not in the file"),
                mend=msg("export the file with all nodes of its ways"),
                where=Where(file=file),
            )
        )


def _no_ways(scan: OsmScan, file: str) -> Fault:
    return Fault(
        code="no-ways",
        needed=msg("ways with a highway tag that people walk on"),
        given=msg("none among the {count} tagged objects that were looked at", count=scan.objects),
        mend=msg("take an extract that holds streets, or do not take streets from it"),
        where=Where(file=file),
    )


def _choose(scan: OsmScan, crs: str | CRS) -> CRS:
    """The CRS asked for, or the one for the middle of what the file holds."""
    x, y = np.array(scan.ways.x), np.array(scan.ways.y)
    placed = x != NO_PLACE
    lon, lat = x[placed] * 1e-7, y[placed] * 1e-7
    if not len(lon):
        areas = [wkb for found in (scan.buildings, scan.units, scan.facility_areas) for wkb in found.wkb]
        corners = shapely.bounds(shapely.from_wkb(areas)) if areas else np.empty((0, 4))
        nodes = scan.facility_nodes
        lon, lat = np.r_[corners[:, 0], nodes.lon], np.r_[corners[:, 1], nodes.lat]
    text = crs if isinstance(crs, str) else crs.to_wkt()
    if not len(lon) and text.strip().lower() not in {"", "auto"}:
        return parse_crs(text, Where(column="crs"))  # nothing with a place in the file contradicts it
    middle = (float(np.median(lon)), float(np.median(lat))) if len(lon) else (0.0, 0.0)
    return town_crs(text, *middle)


def _tables(scan: OsmScan, crs: CRS, options: OsmOptions, queries: tuple[TagQuery, ...], file: str) -> OsmRead:
    take, names = frozenset(options.take), options.name_keys
    notices = [
        ATTRIBUTION,
        Notice("osm-projected", msg("OpenStreetMap data (WGS 84) was projected to {crs}", crs=crs.name)),
    ]
    faults: list[Fault] = []
    tables: dict[str, geopandas.GeoDataFrame] = {}
    if "streets" in take:
        tables["streets"], said = build_way_streets(scan, crs)
        notices += said
        if not len(tables["streets"]):
            faults.append(_no_ways(scan, file))
    if take & {"buildings", "entrances"}:
        tables["buildings"], said = build_buildings(scan, crs, name_keys=names)
        notices += said
    if "entrances" in take:
        tables["entrances"] = build_entrances(scan, crs, tables["buildings"])
    if queries:
        tables["facilities"], said, found = build_facilities(scan, crs, queries, name_keys=names, file=file)
        notices += said
        faults += found
    if "units" in take and options.admin_level is not None:
        tables["units"], found = build_units(scan, crs, admin_level=options.admin_level, name_keys=names, file=file)
        faults += found
    if "gates" in take:
        tables["gates"] = build_gates(scan, crs, name_keys=names)
    if "barriers" in take:
        tables["barriers"] = build_barriers(scan, crs, name_keys=names, trunk=options.trunk_roads)
    if "green" in take:
        tables["green"] = build_green(scan, crs, name_keys=names)
    if "estates" in take:
        tables["estates"] = build_estates(scan, crs, name_keys=names)
    if faults:
        raise InputError(faults)
    notices += _broken(scan)
    if scan.sorted_first:
        notices.append(
            Notice(
                "osm-sorted", msg("the file is not sorted by kind and number of its objects: it was sorted to be read")
            )
        )
    return OsmRead(crs=crs, notices=tuple(notices), **{role: tables[role] for role in tables if role in take})


def _broken(scan: OsmScan) -> list[Notice]:
    if not scan.broken:
        return []
    ids = sorted(scan.broken, key=lambda name: (name[0], int(name[1:])))
    return [
        Notice(
            "osm-incomplete",
            msg(
                "{count} areas were left out: their outline is incomplete or does not close in this file ({ids})",
                count=len(ids),
                ids=", ".join(ids[:_IDS_NAMED]) + ("…" if len(ids) > _IDS_NAMED else ""),
            ),
        )
    ]
