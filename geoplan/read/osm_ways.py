"""Ways to street edges: split where they share a node, with levels, crossings and climbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoplan.errors import msg
from geoplan.model import Notice
from geoplan.read.osm_scan import NO_PLACE, OsmScan, ScannedWays
from geoplan.read.osm_tags import FOOT_KINDS, MOTOR_KINDS, Tags, crossing_kind, layer_of
from geoplan.read.street_columns import street_table
from geoplan.read.street_noding import component_numbers
from geoplan.read.streets import connection_notices, drop_repeated

__all__ = ["build_way_streets", "to_metres", "way_lines"]

_SAME_LINE_M = 0.01
_SCALE = 1e-7  # OSM keeps coordinates as whole 1e-7 degrees
_UNDER_BRIDGES = MOTOR_KINDS - {"service", "track"}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Nodes of ways in order; ``run`` numbers unbroken stretches, ``way`` the ways."""

    ref: Ints
    xy: Floats
    run: Ints
    way: Ints

    def where(self, keep: Bools) -> _Runs:
        return _Runs(self.ref[keep], self.xy[keep], self.run[keep], self.way[keep])


def build_way_streets(scan: OsmScan, crs: CRS) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Make the street edges of a scanned file.

    Parameters
    ----------
    scan
        What the file holds.
    crs
        Projected CRS in metres of the result.

    Returns
    -------
    GeoDataFrame, list of Notice
        Edges by :data:`geoplan.model.STREETS`, indexed by ``w<way>-<n>``; ``u`` and ``v`` are OSM node ids.
    """
    runs, missing = _runs(scan.ways, crs)
    walked = np.array([not verdict for verdict in scan.verdicts], dtype=bool)
    roads = runs.where(_of_kind(scan.ways.tags, MOTOR_KINDS)[runs.way])
    on_foot = runs.where(walked[runs.way])
    at_crossing = np.intersect1d(np.fromiter(scan.crossings, np.int64, len(scan.crossings)), roads.ref)
    edges, shapes = _split(on_foot, at_crossing)
    table, said = drop_repeated(_table(scan, edges, shapes, crs), tolerance_m=_SAME_LINE_M)
    table = table.copy()
    if len(table):
        _add_crossings(table, scan, roads)
    return table, [*_notices(scan, missing), *said, *connection_notices(table)]


def to_metres(lonlat: Floats, crs: CRS) -> Floats:
    """Project places.

    Parameters
    ----------
    lonlat
        Longitude and latitude, degrees (WGS 84), a row each.
    crs
        Projected CRS.

    Returns
    -------
    ndarray
        Easting and northing, a row each.
    """
    return np.column_stack(_transformer(crs).transform(lonlat[:, 0], lonlat[:, 1])).reshape(-1, 2)


@lru_cache(maxsize=4)
def _transformer(crs: CRS) -> Transformer:
    """Finding the way between two datums takes longer than projecting a village."""
    return Transformer.from_crs(4326, crs, always_xy=True)


def way_lines(ways: ScannedWays, crs: CRS) -> tuple[NDArray[Any], Ints]:
    """Lines of scanned ways, one for each stretch whose nodes the file has.

    Parameters
    ----------
    ways
        The ways.
    crs
        Projected CRS of the lines.

    Returns
    -------
    ndarray of LineString, ndarray of int
        The lines, and for each its way's position.
    """
    runs, _ = _runs(ways, crs)
    return _lines(runs)


def _lines(runs: _Runs) -> tuple[NDArray[Any], Ints]:
    first = np.flatnonzero(np.r_[True, runs.run[1:] != runs.run[:-1]]) if len(runs.run) else np.empty(0, np.int64)
    _, numbers = np.unique(runs.run, return_inverse=True)
    return shapely.linestrings(runs.xy, indices=numbers) if len(numbers) else np.empty(0, object), runs.way[first]


def _of_kind(tags: Sequence[Tags], kinds: frozenset[str]) -> Bools:
    return np.array([tag["highway"] in kinds for tag in tags], dtype=bool)


def _runs(ways: ScannedWays, crs: CRS) -> tuple[_Runs, list[str]]:
    """Project the ways' nodes, ordered by way id; a node without a place ends one run and begins the next."""
    ids = np.array(ways.ids, np.int64)
    start = np.array(ways.start, np.int64)
    order = np.argsort(ids, kind="stable")
    counts = np.diff(start)[order]
    way = np.repeat(order, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at = start[way] + offset
    ref, x, y = (np.array(values)[at] for values in (ways.refs, ways.x, ways.y))
    placed = (x != NO_PLACE) & (y != NO_PLACE)
    begins = np.r_[True, way[1:] != way[:-1]] if len(way) else np.empty(0, bool)
    run = np.cumsum(begins | ~placed)
    repeated = np.r_[False, (ref[1:] == ref[:-1]) & (run[1:] == run[:-1])] if len(ref) else np.empty(0, bool)
    keep = placed & ~repeated
    _, inverse, lengths = np.unique(run[keep], return_inverse=True, return_counts=True)
    keep[np.flatnonzero(keep)[lengths[inverse] < 2]] = False
    xy = to_metres(np.column_stack([x[keep], y[keep]]) * _SCALE, crs)
    missing = [f"w{number}" for number in np.unique(ids[way[~placed]])]
    return _Runs(ref[keep].astype(np.int64), xy, run[keep], way[keep]), missing


@dataclass(frozen=True, slots=True)
class _Edges:
    u: Ints
    v: Ints
    way: Ints


def _split(runs: _Runs, also_at: Ints) -> tuple[_Edges, NDArray[Any]]:
    """Cut the runs at their ends, where more than two streets leave a node, and where a way turns back on itself."""
    if not len(runs.ref):
        none = np.empty(0, np.int64)
        return _Edges(none, none, none), np.empty(0, object)
    begins = np.r_[True, runs.run[1:] != runs.run[:-1]]
    ends = np.r_[begins[1:], True]
    turns = ~(begins | ends)
    turns[1:-1] &= runs.ref[:-2] == runs.ref[2:]
    nodes, node = np.unique(runs.ref, return_inverse=True)
    step = np.column_stack([node[:-1], node[1:]])[~ends[:-1]]
    beside = np.unique(np.r_[step, step[:, ::-1]], axis=0)
    junction = (np.bincount(beside[:, 0], minlength=len(nodes)) > 2) | np.isin(nodes, also_at)
    junction[node[begins | ends | turns]] = True
    cuts = np.flatnonzero(junction[node])
    whole = ~ends[cuts[:-1]]
    first, last = cuts[:-1][whole], cuts[1:][whole]
    counts = last - first + 1
    number = np.repeat(np.arange(len(first)), counts)
    at = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    return _Edges(runs.ref[first], runs.ref[last], runs.way[first]), shapely.linestrings(runs.xy[at], indices=number)


def _table(scan: OsmScan, edges: _Edges, shapes: NDArray[Any], crs: CRS) -> geopandas.GeoDataFrame:
    length_m = shapely.length(shapes)
    u, v = _merge_same_place(edges, length_m)
    keep = ~((u == v) & (length_m == 0.0))
    way = edges.way[keep]
    tags = [scan.ways.tags[number] for number in way]
    begins = np.r_[True, way[1:] != way[:-1]] if len(way) else np.empty(0, bool)
    nth = np.arange(len(way)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]
    climbs = zip(edges.u[keep], edges.v[keep], strict=True)
    climb_m = [scan.heights.get(v, np.nan) - scan.heights.get(u, np.nan) for u, v in climbs]
    return street_table(
        [f"w{scan.ways.ids[number]}-{k}" for number, k in zip(way, nth, strict=True)],
        shapes[keep],
        crs,
        u=u[keep],
        v=v[keep],
        length_m=length_m[keep],
        level=[layer_of(tag) for tag in tags],
        kind=[tag["highway"] for tag in tags],
        name=[tag.get("name", "") for tag in tags],
        climb_m=climb_m,
    )


def _merge_same_place(edges: _Edges, length_m: Floats) -> tuple[Ints, Ints]:
    """Nodes joined by an edge of no length become one, the smallest id."""
    flat = (length_m == 0.0) & (edges.u != edges.v)
    if not flat.any():
        return edges.u, edges.v
    nodes, ends = np.unique(np.r_[edges.u, edges.v], return_inverse=True)
    u, v = ends[: len(edges.u)], ends[len(edges.u) :]
    group = component_numbers(u[flat], v[flat], len(nodes))
    least = np.full(group.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, group, nodes)
    return least[group[u]], least[group[v]]


def _add_crossings(table: geopandas.GeoDataFrame, scan: OsmScan, roads: _Runs) -> None:
    """Fill ``crossing`` and ``wait_share`` of the edges, in place.

    One crossing costs one wait: a crossing way shares it by length over its edges, a crossing node without such a way
    gives half to each path that meets the road there, a footbridge or underpass shares it by length.
    """
    foot = table["kind"].isin(FOOT_KINDS).to_numpy()
    way_tags = {f"w{number}": tags for number, tags in zip(scan.ways.ids, scan.ways.tags, strict=True)}
    way_name = table.index.str.rpartition("-").get_level_values(0)
    tags = [way_tags[name] for name in way_name]
    ways = np.unique(way_name, return_inverse=True)[1].astype(np.int64)
    bridged = _crosses_roads(table, foot, tags, scan, roads)
    painted = foot & ~bridged & np.array([_is_crossing_way(tag) for tag in tags], dtype=bool)
    ends = table[["u", "v"]].to_numpy()

    kinds = np.array([crossing_kind(tag) for tag in tags], dtype=object)
    at_node = np.array([[scan.crossings.get(node, "") for node in pair] for pair in ends], dtype=object).reshape(-1, 2)
    signal = painted & ((kinds == "signal") | (at_node == "signal").any(axis=1))
    group = _chains(ends, ways, painted, np.unique(roads.ref))
    _share(table, painted, group, np.isin(group, group[signal]))

    covered = np.unique(ends[painted])
    for side in (0, 1):
        arms = foot & ~painted & ~bridged & (at_node[:, side] != "") & ~np.isin(ends[:, side], covered)
        arms &= np.isin(ends[:, side], roads.ref)
        both = np.where(table["crossing"] == "signal", "signal", at_node[:, side])
        table.loc[arms, "crossing"] = both[arms]
        table.loc[arms, "wait_share"] += 0.5

    joints, degree = np.unique(ends, return_counts=True)
    group = _chains(ends, ways, bridged, joints[degree == 2])
    table.loc[bridged, "wait_share"] = _shares(table, bridged, group)
    table.loc[bridged, "crossing"] = "bridge"


def _is_crossing_way(tags: Tags) -> bool:
    crossed = "crossing" in (tags.get("footway"), tags.get("path"), tags.get("cycleway"), tags.get("pedestrian"))
    return crossed and tags.get("crossing") != "no"


def _chains(ends: Ints, ways: Ints, chosen: Bools, joints: Ints) -> Ints:
    """Number the chosen edges by the crossing they belong to: one way, or ways that meet at one of ``joints``."""
    group = np.full(len(ends), -1, np.int64)
    at = np.flatnonzero(chosen)
    if not len(at):
        return group
    # edges, ways and joints are the nodes of one graph; its components are the crossings
    way_number = np.unique(ways[at], return_inverse=True)[1] + len(at)
    inside = np.isin(ends[at], joints)
    joint_number = np.unique(ends[at][inside], return_inverse=True)[1] + len(at) + way_number.max() + 1
    edge = np.arange(len(at))
    a = np.r_[edge, np.repeat(edge[:, None], 2, axis=1)[inside]]
    b = np.r_[way_number, joint_number]
    group[at] = component_numbers(a, b, int(b.max()) + 1)[: len(at)]
    return group


def _shares(table: geopandas.GeoDataFrame, chosen: Bools, group: Ints) -> Floats:
    length_m = table["length_m"].to_numpy()[chosen]
    total = np.bincount(group[chosen], weights=length_m) if chosen.any() else np.empty(0)
    return length_m / total[group[chosen]] if chosen.any() else np.empty(0)


def _share(table: geopandas.GeoDataFrame, chosen: Bools, group: Ints, signal: Bools) -> None:
    table.loc[chosen, "wait_share"] = _shares(table, chosen, group)
    table.loc[chosen, "crossing"] = np.where(signal[chosen], "signal", "minor")


def _crosses_roads(
    table: geopandas.GeoDataFrame, foot: Bools, tags: Sequence[Tags], scan: OsmScan, roads: _Runs
) -> Bools:
    """Footbridges and underpasses: paths off the ground that cross a road of another level; no sidewalks of a road."""
    lifted = foot & (table["level"] != 0).to_numpy()
    lifted &= np.array([tag.get("footway") != "sidewalk" for tag in tags], dtype=bool)
    found = np.zeros(len(table), dtype=bool)
    if not lifted.any():
        return found
    crossed = roads.where(_of_kind(scan.ways.tags, _UNDER_BRIDGES)[roads.way])
    lines, line_way = _lines(crossed)
    line_level = np.array([layer_of(scan.ways.tags[number]) for number in line_way], np.int64)
    at = np.flatnonzero(lifted)
    edge, line = shapely.STRtree(lines).query(table.geometry.to_numpy()[at], predicate="crosses")
    found[at[edge[line_level[line] != table["level"].to_numpy()[at[edge]]]]] = True
    return found


def _notices(scan: OsmScan, missing: Sequence[str]) -> list[Notice]:
    notices = []
    reasons: Mapping[str, Any] = {
        "private": msg(
            "{count} private ways were left out of the streets (private_ways = true takes them in)",
            count=scan.skipped.get("private", 0),
        ),
        "forbidden": msg("{count} ways closed to walkers were left out", count=scan.skipped.get("forbidden", 0)),
        "expressway": msg(
            "{count} motorways and other roads for motors only were left out of the streets",
            count=scan.skipped.get("expressway", 0),
        ),
        "kind": msg(
            "{count} ways without a walking surface of their own (indoor, areas of traffic) were left out",
            count=scan.skipped.get("kind", 0),
        ),
    }
    for verdict, sentence in reasons.items():
        if scan.skipped.get(verdict):
            notices.append(Notice(code=f"osm-streets-{verdict}", message=sentence))
    if missing:
        notices.append(
            Notice(
                code="osm-ways-cut",
                message=msg(
                    "{count} ways reach past the file; their parts without coordinates were left out ({ids})",
                    count=len(missing),
                    ids=", ".join(missing[:5]),
                ),
            )
        )
    return notices
