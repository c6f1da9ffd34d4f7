"""One pass over an OpenStreetMap file: everything a town needs, as plain lists that other modules turn into tables."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.read.osm_tags import (
    FOOT_KINDS,
    GATE_KINDS,
    MOTOR_KINDS,
    TagQuery,
    Tags,
    barrier_kind,
    crossing_kind,
    green_kind,
    number_of,
    walk_verdict,
)

__all__ = ["OSM_SUFFIXES", "OsmScan", "ScannedAreas", "ScannedNodes", "ScannedWays", "scan_osm"]

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
NO_PLACE = 2**31 - 1
"""Coordinate of a node that a way names and the file lacks."""

_KEYS = {
    "streets": ("highway", "ele"),
    "buildings": ("building",),
    "facilities": ("entrance", "barrier"),
    "units": ("boundary",),
    "gates": ("barrier",),
    "entrances": ("building", "entrance"),
    "barriers": ("highway", "railway", "waterway", "natural"),
    "green": ("leisure", "landuse", "natural"),
    "estates": ("landuse", "barrier"),
}
"""Keys by which the objects of a role are picked out of the file, beside those of the queries."""
_OUT_OF_ORDER = ("out of order", "Found a way after", "Found a node after")
"""What osmium says of files that are not sorted by type and id."""


@dataclass(slots=True)
class ScannedNodes:
    """Nodes of one kind: id, tags, longitude and latitude in degrees."""

    ids: list[int] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)

    def add(self, node: Any, tags: dict[str, str]) -> None:
        """Take a node in, if the file says where it is."""
        if node.location.valid():
            self.ids.append(node.id)
            self.tags.append(tags)
            self.lon.append(node.location.lon)
            self.lat.append(node.location.lat)


@dataclass(slots=True)
class ScannedWays:
    """Ways as one run of node ids and coordinates (1e-7 degrees); way ``i`` is ``start[i]:start[i + 1]``."""

    ids: list[int] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    start: array[int] = field(default_factory=lambda: array("q", [0]))
    refs: array[int] = field(default_factory=lambda: array("q"))
    x: array[int] = field(default_factory=lambda: array("i"))
    y: array[int] = field(default_factory=lambda: array("i"))

    def add(self, way: Any, tags: dict[str, str]) -> None:
        """Take a way in with all its nodes."""
        self.ids.append(way.id)
        self.tags.append(tags)
        for node in way.nodes:
            self.refs.append(node.ref)
            self.x.append(node.x)
            self.y.append(node.y)
        self.start.append(len(self.refs))


@dataclass(slots=True)
class ScannedAreas:
    """Areas of one kind: id (``w12`` or ``r34``), tags, and WKB in degrees."""

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)

    def add(self, area_id: str, tags: dict[str, str], wkb: str) -> None:
        """Take an area in."""
        self.ids.append(area_id)
        self.tags.append(tags)
        self.wkb.append(wkb)


@dataclass(slots=True)
class OsmScan:
    """What one pass found.

    Attributes
    ----------
    ways
        Ways that are walked, and roads that are not (``verdicts`` says which and why).
    skipped
        How many ways are not walked, by verdict.
    crossings, heights
        What one waits at, and how high it is, by node id.
    broken
        Ids of wanted areas whose outline is incomplete or does not close.
    outer_ways
        For each multipolygon relation the ways of its outline, which may repeat its tags.
    border_ways
        Ways that are borders of administrative relations of the level wanted, whole or not.
    """

    ways: ScannedWays = field(default_factory=ScannedWays)
    verdicts: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    crossings: dict[int, str] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    gates: ScannedNodes = field(default_factory=ScannedNodes)
    entrances: ScannedNodes = field(default_factory=ScannedNodes)
    facility_nodes: ScannedNodes = field(default_factory=ScannedNodes)
    facility_areas: ScannedAreas = field(default_factory=ScannedAreas)
    buildings: ScannedAreas = field(default_factory=ScannedAreas)
    units: ScannedAreas = field(default_factory=ScannedAreas)
    estates: ScannedAreas = field(default_factory=ScannedAreas)
    waters: ScannedAreas = field(default_factory=ScannedAreas)
    green: ScannedAreas = field(default_factory=ScannedAreas)
    lines: ScannedWays = field(default_factory=ScannedWays)
    admin_levels: dict[str, int] = field(default_factory=dict)
    broken: dict[str, Tags] = field(default_factory=dict)
    outer_ways: dict[str, frozenset[str]] = field(default_factory=dict)
    border_ways: set[str] = field(default_factory=set)
    objects: int = 0
    sorted_first: bool = False


def scan_osm(
    path: Path,
    *,
    queries: Sequence[TagQuery] = (),
    admin_level: int | None = None,
    take: frozenset[str],
    private: bool = False,
    trunk: bool = False,
) -> OsmScan:
    """Read a file once and collect what is wanted of it.

    Parameters
    ----------
    path
        File of one of :data:`OSM_SUFFIXES`.
    queries
        Facilities to look for.
    admin_level
        Administrative level of the units.
    take
        Roles wanted.
    private, trunk
        Whether private ways and trunk roads are walked.

    Returns
    -------
    OsmScan

    Raises
    ------
    InputError
        If the file is missing, is not OpenStreetMap data, or is corrupt or cut off.
    """
    _check_file(path)

    def scan(file: Path) -> OsmScan:
        return _Scanner(queries, admin_level, take, private, trunk).run(file)

    try:
        try:
            found = scan(path)
            if not _has_gaps(found) or _nodes_come_first(path):
                return found
        except RuntimeError as error:
            if not any(sign in str(error) for sign in _OUT_OF_ORDER):
                raise
        with tempfile.TemporaryDirectory() as folder:
            ordered = Path(folder) / "sorted.osm.pbf"
            _sort(path, ordered)
            found = scan(ordered)
            found.sorted_first = True
            return found
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(_unreadable(path, error)) from error


def _check_file(path: Path) -> None:
    where = Where(file=str(path))
    formats = ", ".join(OSM_SUFFIXES)
    if not path.is_file():
        raise InputError(
            Fault(
                code="missing-file",
                needed=msg("an OpenStreetMap file"),
                given=msg("no such file"),
                mend=msg("check the path and the file name"),
                where=where,
            )
        )
    if not path.name.lower().endswith(OSM_SUFFIXES):
        raise InputError(
            Fault(
                code="not-osm",
                needed=msg("an OpenStreetMap file ({formats})", formats=formats),
                given=msg("a file named {name}", name=path.name),
                mend=msg("name the OpenStreetMap extract, or read this file as a layer"),
                where=where,
            )
        )


def _unreadable(path: Path, error: Exception) -> Fault:
    return Fault(
        code="corrupt-osm",
        needed=msg("a whole OpenStreetMap file"),
        given=msg("a file that is corrupt, cut off or no OpenStreetMap data ({error})", error=str(error)),
        mend=msg("download or export the file again and compare its size"),
        where=Where(file=str(path)),
    )


def _has_gaps(scan: OsmScan) -> bool:
    return bool(scan.broken) or any(NO_PLACE in ways.x for ways in (scan.ways, scan.lines))


def _nodes_come_first(path: Path) -> bool:
    """Whether all nodes stand before the ways, which some exports turn round: ways are then left without places."""
    reader = osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY)
    if reader.header.get("sorting") == "Type_then_ID":
        return True
    seen_way = False
    thing: Any
    for thing in reader:
        if seen_way and thing.is_node():
            return False
        seen_way = seen_way or thing.is_way()
    return True


def _sort(path: Path, target: Path) -> None:
    merge = osmium.MergeInputReader()
    merge.add_file(str(path))
    with osmium.SimpleWriter(str(target)) as writer:
        merge.apply(writer, simplify=False)


class _Scanner:
    """Sorts the objects of one file into an :class:`OsmScan`."""

    def __init__(
        self, queries: Sequence[TagQuery], admin_level: int | None, take: frozenset[str], private: bool, trunk: bool
    ) -> None:
        self.scan = OsmScan()
        self.queries = tuple(queries)
        self.admin_level = "" if admin_level is None else str(admin_level)
        self.take = take
        self.private = private
        self.trunk = trunk
        self.wanted_relations: dict[str, Tags] = {}
        self.areas: set[str] = set()
        self.wkb: Callable[[Any], str] = osmium.geom.WKBFactory().create_multipolygon

    def run(self, path: Path) -> OsmScan:
        for thing in self._things(path):
            self.scan.objects += 1
            if thing.is_node():
                self._node(thing)
            elif thing.is_way():
                self._way(thing)
            elif thing.is_relation():
                self._relation(thing)
            else:
                self._area(thing)
        for relation, tags in self.wanted_relations.items():
            if relation not in self.areas:
                self.scan.broken[relation] = tags
        return self.scan

    def _things(self, path: Path) -> Iterator[Any]:
        keys = {key for role in self.take for key in _KEYS.get(role, ())}
        keys |= {query.conditions[0][0] for query in self.queries}
        wanted = osmium.filter.KeyFilter(*sorted(keys))
        return iter(osmium.FileProcessor(path).with_locations().with_areas(wanted).with_filter(wanted))

    def _is_facility(self, tags: Tags) -> bool:
        return any(query.matches(tags) for query in self.queries)

    def _node(self, node: Any) -> None:
        tags = dict(node.tags)
        scan = self.scan
        if tags.get("highway") in ("crossing", "traffic_signals") and (kind := crossing_kind(tags)):
            scan.crossings[node.id] = kind
        if tags.get("barrier") in GATE_KINDS:
            scan.gates.add(node, tags)
        if tags.get("entrance", "no") != "no":
            scan.entrances.add(node, tags)
        if "ele" in tags and (height := number_of(tags["ele"])) == height:
            scan.heights[node.id] = height
        if self._is_facility(tags):
            scan.facility_nodes.add(node, tags)

    def _way(self, way: Any) -> None:
        tags = dict(way.tags)
        scan = self.scan
        if "highway" in tags and "streets" in self.take:
            verdict = walk_verdict(tags, private=self.private, trunk=self.trunk)
            if not verdict or tags["highway"] in MOTOR_KINDS:
                scan.ways.add(way, tags)
                scan.verdicts.append(verdict)
            if verdict and (verdict != "kind" or tags["highway"] in FOOT_KINDS | MOTOR_KINDS):
                scan.skipped[verdict] = scan.skipped.get(verdict, 0) + 1
        if (
            "barriers" in self.take
            and barrier_kind(tags, trunk=self.trunk)
            and "natural" not in tags
            and tags.get("waterway") != "riverbank"
        ):
            scan.lines.add(way, tags)
        if not way.is_closed() and self._is_facility(tags):
            scan.broken[f"w{way.id}"] = tags

    def _relation(self, relation: Any) -> None:
        tags = dict(relation.tags)
        if tags.get("type") not in ("multipolygon", "boundary"):
            if self._is_facility(tags):
                self.scan.broken[f"r{relation.id}"] = tags
            return
        if tags.get("boundary") == "administrative":
            level = tags.get("admin_level", "")
            self.scan.admin_levels[level] = self.scan.admin_levels.get(level, 0) + 1
        if self._wanted(tags):
            name = f"r{relation.id}"
            self.wanted_relations[name] = tags
            ways = [(f"w{member.ref}", member.role) for member in relation.members if member.type == "w"]
            self.scan.outer_ways[name] = frozenset(way for way, role in ways if role != "inner")
            if self._is_unit(tags):
                self.scan.border_ways.update(way for way, _ in ways)

    def _is_unit(self, tags: Tags) -> bool:
        return (
            bool(self.admin_level)
            and tags.get("boundary") == "administrative"
            and tags.get("admin_level") == self.admin_level
        )

    def _is_estate(self, tags: Tags) -> bool:
        return "estates" in self.take and tags.get("landuse") == "residential" and bool(tags.get("name"))

    def _is_water(self, tags: Tags) -> bool:
        water = "natural" in tags or tags.get("waterway") == "riverbank"
        return water and "barriers" in self.take and bool(barrier_kind(tags))

    def _is_green(self, tags: Tags) -> bool:
        return "green" in self.take and bool(green_kind(tags))

    def _wanted(self, tags: Tags) -> bool:
        return (
            "building" in tags
            or self._is_unit(tags)
            or self._is_estate(tags)
            or self._is_water(tags)
            or self._is_green(tags)
            or self._is_facility(tags)
        )

    def _area(self, area: Any) -> None:
        tags = dict(area.tags)
        if not self._wanted(tags):
            return
        name = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        try:
            shape = self.wkb(area)
        except (RuntimeError, osmium.InvalidLocationError):
            self.scan.broken[name] = tags
            return
        self.areas.add(name)
        scan = self.scan
        for wanted, areas in (
            ("building" in tags, scan.buildings),
            (self._is_unit(tags), scan.units),
            (self._is_estate(tags), scan.estates),
            (self._is_water(tags), scan.waters),
            (self._is_green(tags), scan.green),
            (self._is_facility(tags), scan.facility_areas),
        ):
            if wanted:
                areas.add(name, tags, shape)
