"""Nodes and areas of a scanned OpenStreetMap file as tables: buildings, facilities, units, doors, barriers, green."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoplan.errors import Fault, Where, msg
from geoplan.model import BARRIERS, BUILDINGS, ENTRANCES, ESTATES, FACILITIES, GATES, GREEN, UNITS, Notice, TableSchema
from geoplan.read.osm_scan import OsmScan, ScannedAreas, ScannedNodes
from geoplan.read.osm_tags import (
    GONE_BUILDINGS,
    TagQuery,
    Tags,
    barrier_kind,
    floors_of,
    gate_is_open,
    green_kind,
    residential_share_of,
    tag_list,
)
from geoplan.read.osm_ways import to_metres, way_lines

__all__ = [
    "build_barriers",
    "build_buildings",
    "build_entrances",
    "build_estates",
    "build_facilities",
    "build_gates",
    "build_green",
    "build_units",
]

Shapes = NDArray[Any]
_NO_DOORS = frozenset({"no", "emergency", "exit", "garage", "parking", "fire_exit"})
_WALLS = frozenset({"wall", "fence", "city_wall", "hedge", "retaining_wall", "guard_rail"})


def _table(
    schema: TableSchema, ids: Sequence[str], shapes: Shapes, crs: CRS, values: Mapping[str, Sequence[Any]]
) -> geopandas.GeoDataFrame:
    """A table by its schema, sorted by kind of object and number; columns not given hold what is missing."""
    columns: dict[str, Any] = {}
    dtypes = {"text": "str", "reference": "object", "number": "float64", "integer": "int64", "boolean": "bool"}
    for column in schema:
        given = values.get(column.name, [column.missing] * len(ids))
        columns[column.name] = np.array(list(given), dtype=object)
    table = geopandas.GeoDataFrame(columns, geometry=np.asarray(shapes, dtype=object), crs=crs)
    for column in schema:
        table[column.name] = table[column.name].astype(dtypes[column.kind])
    table.index = np.array(list(ids), dtype="str").astype(object) if len(ids) else np.empty(0, dtype=object)
    table.index = table.index.astype("str")
    table.index.name = "id"
    order = sorted(range(len(ids)), key=lambda i: _id_key(ids[i]))
    return table.iloc[order]


def _id_key(name: str) -> tuple[str, int, str]:
    number, _, rest = name[1:].partition("/")
    return name[0], int(number), rest


def _name(tags: Tags, name_keys: Sequence[str]) -> str:
    return next((tags[key] for key in name_keys if tags.get(key)), "")


def _address(tags: Tags) -> str:
    """The address as it is written: run together in Chinese, street first elsewhere."""
    if tags.get("addr:full"):
        return tags["addr:full"]
    number = tags.get("addr:housenumber", "")
    street = tags.get("addr:street") or tags.get("addr:place") or ""
    if any("一" <= sign <= "鿿" for sign in street):
        number = f"{number}号" if number.isdigit() else number
        return "".join(tags.get(f"addr:{part}", "") for part in ("city", "district", "subdistrict")) + street + number
    town = " ".join(part for part in (tags.get("addr:postcode", ""), tags.get("addr:city", "")) if part)
    return ", ".join(part for part in (f"{street} {number}".strip(), town) if part)


def _area_shapes(areas: ScannedAreas, crs: CRS) -> Shapes:
    """Outlines in the CRS; one-part multipolygons as polygons."""
    shapes = shapely.from_wkb(areas.wkb) if areas.wkb else np.empty(0, object)
    single = shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return _project(shapes, crs)


def _project(shapes: Shapes, crs: CRS) -> Shapes:
    return shapely.transform(shapes, lambda lonlat: to_metres(lonlat, crs))


def _node_shapes(nodes: ScannedNodes, crs: CRS) -> Shapes:
    return _project(shapely.points(np.column_stack([nodes.lon, nodes.lat]).reshape(-1, 2)), crs)


def _doors_on(areas: ScannedAreas, *doors: ScannedNodes) -> list[list[int]]:
    """Ids of the doors that are corners of each area's outline, in order."""
    found: list[list[int]] = [[] for _ in areas.ids]
    ids = np.concatenate([np.array(nodes.ids, np.int64) for nodes in doors])
    place = _whole_degrees(np.concatenate([np.column_stack([nodes.lon, nodes.lat]).reshape(-1, 2) for nodes in doors]))
    if not len(ids) or not areas.wkb:
        return found
    corners, owner = shapely.get_coordinates(shapely.from_wkb(areas.wkb), return_index=True)
    corner = _whole_degrees(corners)
    order = np.argsort(place, kind="stable")
    begin, end = (np.searchsorted(place[order], corner, side=side) for side in ("left", "right"))
    for at in np.flatnonzero(end > begin):
        found[owner[at]] += ids[order[begin[at] : end[at]]].tolist()
    return [sorted(set(numbers)) for numbers in found]


def _whole_degrees(lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
    """One whole number for each place, at OSM's own precision of 1e-7 degrees."""
    whole = np.round(lonlat * 1e7).astype(np.int64)
    return whole[:, 0] * 2**32 + whole[:, 1]


def _repeats(scan: OsmScan, areas: ScannedAreas) -> set[str]:
    """Ways that only repeat what a relation of the same kind, whose outline they are, says already."""
    ways: set[str] = set()
    for name in areas.ids:
        ways |= scan.outer_ways.get(name, frozenset())
    return ways


def build_buildings(
    scan: OsmScan, crs: CRS, *, name_keys: Sequence[str]
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Buildings with storeys and a guess of what share is lived in.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    name_keys
        Tags that hold the name, the first one found taken.

    Returns
    -------
    GeoDataFrame, list of Notice
        By :data:`geoplan.model.BUILDINGS`; households and people are NaN, to be estimated.
    """
    areas = scan.buildings
    repeats = _repeats(scan, areas)
    gone = [set(tag_list(tags["building"])) <= GONE_BUILDINGS for tags in areas.tags]
    at = [i for i, name in enumerate(areas.ids) if not gone[i] and name not in repeats]
    tags = [areas.tags[i] for i in at]
    values: dict[str, list[Any]] = {
        "name": [_name(tag, name_keys) for tag in tags],
        "floors": [floors_of(tag) for tag in tags],
        "residential_share": [residential_share_of(tag) for tag in tags],
        "address": [_address(tag) for tag in tags],
    }
    table = _table(BUILDINGS, [areas.ids[i] for i in at], _area_shapes(areas, crs)[at], crs, values)
    notices = []
    if len(table):
        notices.append(
            Notice(
                code="osm-residential-guess",
                message=msg(
                    "{lived} of {count} buildings are taken as lived in, a guess from their OpenStreetMap type "
                    "(houses, apartments and buildings of no stated type: yes; schools, shops, garages, industry: no)",
                    lived=int((table["residential_share"] > 0).sum()),
                    count=len(table),
                ),
            )
        )
    if sum(gone):
        notices.append(
            Notice(
                code="osm-buildings-gone",
                message=msg("{count} open roofs, ruins and building sites were left out", count=sum(gone)),
            )
        )
    return table, notices


def build_facilities(
    scan: OsmScan, crs: CRS, queries: Sequence[TagQuery], *, name_keys: Sequence[str], file: str
) -> tuple[geopandas.GeoDataFrame, list[Notice], list[Fault]]:
    """Facilities that tag queries find, areas at their doors.

    An area stands at the entrances on its outline, without any at its open gates, without those at a point inside it. A
    node inside an area of the same kind and name is that same facility.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    queries
        What to look for; an object found by queries of several kinds is one row for each kind.
    name_keys
        Tags that hold the name, the first one found taken.
    file
        File named in faults.

    Returns
    -------
    GeoDataFrame, list of Notice, list of Fault
        By :data:`geoplan.model.FACILITIES`; a fault for each query that found nothing.
    """
    nodes, areas = scan.facility_nodes, scan.facility_areas
    areas_xy, nodes_xy = _area_shapes(areas, crs), _node_shapes(nodes, crs)
    doors = _doors(scan, crs)
    places = [(f"n{number}", tags, shape) for number, tags, shape in zip(nodes.ids, nodes.tags, nodes_xy, strict=True)]
    repeats = _repeats(scan, areas)
    outer = _doors_on(areas, scan.entrances, scan.gates)
    for name, tags, shape, refs in zip(areas.ids, areas.tags, areas_xy, outer, strict=True):
        if name not in repeats:
            places.append((name, tags, _door_points(shape, refs, doors)))
    outlines = dict(zip(areas.ids, areas_xy, strict=True))
    rows: dict[str, tuple[TagQuery, Tags, Any]] = {}
    faults = []
    taken: set[tuple[str, str, str]] = set()
    for query in queries:
        found = [place for place in places if query.matches(place[1])]
        if not found:
            faults.append(_nothing_found(query, file))
        for name, tags, shape in found:
            if (name, query.kind, query.tier) not in taken:
                taken.add((name, query.kind, query.tier))
                rows[name if name not in rows else f"{name}/{query.kind}/{query.tier}".rstrip("/")] = query, tags, shape
    inside = _nodes_in_areas(rows, outlines, name_keys)
    kept = {name: row for name, row in rows.items() if name not in inside}
    values: dict[str, list[Any]] = {
        "name": [_name(tags, name_keys) for _, tags, _ in kept.values()],
        "kind": [query.kind for query, _, _ in kept.values()],
        "tier": [query.tier for query, _, _ in kept.values()],
        "address": [_address(tags) for _, tags, _ in kept.values()],
    }
    shapes = np.array([shape for _, _, shape in kept.values()], dtype=object)
    notices = []
    if inside:
        notices.append(
            Notice(
                code="osm-facility-twice",
                message=msg(
                    "{count} facilities are mapped as a point and as the area around it: they count once ({ids})",
                    count=len(inside),
                    ids=", ".join(sorted(inside, key=_id_key)[:5]),
                ),
            )
        )
    return _table(FACILITIES, list(kept), shapes, crs, values), notices, faults


def _nothing_found(query: TagQuery, file: str) -> Fault:
    return Fault(
        code="nothing-found",
        needed=msg("at least one object with {query} for facilities “{kind}”", query=query.text, kind=query.kind),
        given=msg("none in this file"),
        mend=msg("check the spelling of the tags, take a larger extract, or remove this query"),
        where=Where(file=file),
    )


def _doors(scan: OsmScan, crs: CRS) -> dict[int, tuple[bool, Any]]:
    """Open doors by node id: whether an entrance (else a gate), and where."""
    found: dict[int, tuple[bool, Any]] = {}
    gates, entrances = scan.gates, scan.entrances
    for number, tags, shape in zip(gates.ids, gates.tags, _node_shapes(gates, crs), strict=True):
        if gate_is_open(tags):
            found[number] = False, shape
    for number, tags, shape in zip(entrances.ids, entrances.tags, _node_shapes(entrances, crs), strict=True):
        if tags["entrance"] not in _NO_DOORS and gate_is_open(tags):
            found[number] = True, shape
    return found


def _door_points(outline: Any, refs: Sequence[int], doors: Mapping[int, tuple[bool, Any]]) -> Any:
    known = [doors[ref] for ref in refs if ref in doors]
    points = [point for entrance, point in known if entrance] or [point for _, point in known]
    if not points:
        return shapely.point_on_surface(outline)
    return points[0] if len(points) == 1 else shapely.multipoints(points)


def _nodes_in_areas(
    rows: Mapping[str, tuple[TagQuery, Tags, Any]], outlines: Mapping[str, Any], name_keys: Sequence[str]
) -> set[str]:
    nodes = [name for name in rows if name[0] == "n"]
    areas = [name for name in rows if name[0] != "n"]
    if not nodes or not areas:
        return set()
    tree = shapely.STRtree([outlines[name.partition("/")[0]] for name in areas])
    found = set()
    for i, j in zip(*tree.query([rows[name][2] for name in nodes], predicate="intersects"), strict=True):
        (query, tags, _), (around, outer, _) = rows[nodes[i]], rows[areas[j]]
        named, outer_named = _name(tags, name_keys), _name(outer, name_keys)
        if (query.kind, query.tier) == (around.kind, around.tier) and (named == outer_named or not named):
            found.add(nodes[i])
    return found


_CODE_KEYS = ("ref", "code", "ref:CN", "adcode", "de:amtlicher_gemeindeschluessel", "ref:INSEE", "ISO3166-2")


def build_units(
    scan: OsmScan, crs: CRS, *, admin_level: int, name_keys: Sequence[str], file: str
) -> tuple[geopandas.GeoDataFrame, list[Fault]]:
    """Administrative areas of one level.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    admin_level
        The level scanned for.
    name_keys
        Tags that hold the name, the first one found taken.
    file
        File named in faults.

    Returns
    -------
    GeoDataFrame, list of Fault
        By :data:`geoplan.model.UNITS`; a fault that names the levels there are if this one has no whole area.
    """
    areas = scan.units
    # borders carry the tags of what they bound; a ring of them is no unit of its own
    at = [i for i, name in enumerate(areas.ids) if name not in scan.border_ways]
    tags = [areas.tags[i] for i in at]
    values: dict[str, list[Any]] = {
        "name": [_name(tag, name_keys) for tag in tags],
        "code": [_name(tag, _CODE_KEYS) for tag in tags],
    }
    table = _table(UNITS, [areas.ids[i] for i in at], _area_shapes(areas, crs)[at], crs, values)
    faults = [] if at else [_no_level(scan, admin_level, file)]
    return table, faults


def _no_level(scan: OsmScan, admin_level: int, file: str) -> Fault:
    levels = sorted(scan.admin_levels.items(), key=lambda item: (len(item[0]), item[0]))
    listed = ", ".join(f"{level} ({count})" for level, count in levels if level) or "-"
    return Fault(
        code="unknown-admin-level",
        needed=msg("whole administrative areas of admin_level {level}", level=admin_level),
        given=msg("levels in this file, with the number of areas, also cut ones: {levels}", levels=listed),
        mend=msg("choose a level of the file, or take an extract that holds the areas whole"),
        where=Where(file=file),
    )


def build_gates(scan: OsmScan, crs: CRS, *, name_keys: Sequence[str]) -> geopandas.GeoDataFrame:
    """Gates by :data:`geoplan.model.GATES`: open unless locked, closed or private.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    name_keys
        Tags that hold the name, the first one found taken.

    Returns
    -------
    GeoDataFrame
    """
    gates = scan.gates
    values: dict[str, list[Any]] = {
        "name": [_name(tags, name_keys) for tags in gates.tags],
        "open": [gate_is_open(tags) for tags in gates.tags],
    }
    return _table(GATES, [f"n{number}" for number in gates.ids], _node_shapes(gates, crs), crs, values)


def build_entrances(scan: OsmScan, crs: CRS, buildings: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Entrances on the outlines of buildings, by :data:`geoplan.model.ENTRANCES`.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    buildings
        The buildings read from the same scan.

    Returns
    -------
    GeoDataFrame
        Doors that nobody leaves home by (emergency, garage) are left out; a door in a wall between two buildings is a
        row for each.
    """
    nodes = scan.entrances
    usable = {
        number: shape
        for number, tags, shape in zip(nodes.ids, nodes.tags, _node_shapes(nodes, crs), strict=True)
        if tags["entrance"] not in _NO_DOORS
    }
    kept = set(buildings.index)
    pairs = sorted(
        (ref, _id_key(name), name)
        for name, refs in zip(scan.buildings.ids, _doors_on(scan.buildings, nodes), strict=True)
        if name in kept
        for ref in refs
        if ref in usable
    )
    ids: list[str] = []
    for ref, _, name in pairs:
        ids.append(f"n{ref}" if f"n{ref}" not in ids[-1:] and f"n{ref}" not in ids else f"n{ref}/{name}")
    shapes = np.array([usable[ref] for ref, _, _ in pairs], dtype=object)
    return _table(ENTRANCES, ids, shapes, crs, {"building": [name for _, _, name in pairs]})


def build_barriers(scan: OsmScan, crs: CRS, *, name_keys: Sequence[str], trunk: bool) -> geopandas.GeoDataFrame:
    """Rivers, canals, lakes, railways and expressways on the ground, by :data:`geoplan.model.BARRIERS`.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    name_keys
        Tags that hold the name, the first one found taken.
    trunk
        Whether trunk roads are walked, and so no barrier.

    Returns
    -------
    GeoDataFrame
        Lines and areas.
    """
    lines, way = way_lines(scan.lines, crs)
    waters = scan.waters
    repeats = _repeats(scan, waters)
    ids = [f"w{scan.lines.ids[number]}" for number in way]
    ids = [name if ids.index(name) == i else f"{name}/{i - ids.index(name)}" for i, name in enumerate(ids)]
    tags = [scan.lines.tags[number] for number in way]
    at = [i for i, name in enumerate(waters.ids) if name not in repeats and name not in set(ids)]
    ids += [waters.ids[i] for i in at]
    tags += [waters.tags[i] for i in at]
    shapes = np.concatenate([lines, _area_shapes(waters, crs)[at]])
    values: dict[str, list[Any]] = {
        "name": [_name(tag, name_keys) for tag in tags],
        "kind": [barrier_kind(tag, trunk=trunk) for tag in tags],
    }
    return _table(BARRIERS, ids, shapes, crs, values)


def build_green(scan: OsmScan, crs: CRS, *, name_keys: Sequence[str]) -> geopandas.GeoDataFrame:
    """Parks, woods, lawns and fields, by :data:`geoplan.model.GREEN`.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    name_keys
        Tags that hold the name, the first one found taken.

    Returns
    -------
    GeoDataFrame
        Areas, which may overlap: a lawn in a park is a row of its own.
    """
    areas = scan.green
    repeats = _repeats(scan, areas)
    at = [i for i, name in enumerate(areas.ids) if name not in repeats]
    tags = [areas.tags[i] for i in at]
    values: dict[str, list[Any]] = {
        "name": [_name(tag, name_keys) for tag in tags],
        "kind": [green_kind(tag) for tag in tags],
    }
    return _table(GREEN, [areas.ids[i] for i in at], _area_shapes(areas, crs)[at], crs, values)


def build_estates(scan: OsmScan, crs: CRS, *, name_keys: Sequence[str]) -> geopandas.GeoDataFrame:
    """Named residential land as estates, by :data:`geoplan.model.ESTATES`.

    Walled where the outline itself is a wall or fence, or carries gates.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres.
    name_keys
        Tags that hold the name, the first one found taken.

    Returns
    -------
    GeoDataFrame
    """
    areas = scan.estates
    repeats = _repeats(scan, areas)
    gates = _doors_on(areas, scan.gates)
    at = [i for i, name in enumerate(areas.ids) if name not in repeats]
    tags = [areas.tags[i] for i in at]
    values: dict[str, list[Any]] = {
        "name": [_name(tag, name_keys) for tag in tags],
        "kind": ["estate"] * len(at),
        "walled": [areas.tags[i].get("barrier") in _WALLS or bool(gates[i]) for i in at],
        "address": [_address(tag) for tag in tags],
    }
    return _table(ESTATES, [areas.ids[i] for i in at], _area_shapes(areas, crs)[at], crs, values)
