"""Walled estates as zones, and the gates in their walls.

Zone 0 is open land; each walled estate is a zone of its own. Where walled polygons overlap, the land belongs to the
smaller one; an estate that lies in another is its child, and one leaves it into its parent. A zone may be crossed by
others only if it and all the zones around it have ``through``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["OPEN_LAND", "Gate", "Walls", "build_walls", "place_gates"]

Ints = NDArray[np.int64]

OPEN_LAND = 0
_COVERED = 0.99
"""Share of an estate's area that makes another its parent: outlines are never drawn twice alike."""


@dataclass(frozen=True, slots=True)
class Walls:
    """The zones; arrays are indexed by zone, entry 0 being open land.

    Attributes
    ----------
    ids
        Estate of each zone, ``""`` for open land.
    outlines
        Polygon as given.
    regions
        Land of the zone: the outline shrunk by the wall tolerance, without smaller zones in it; disjoint.
    parent
        Zone around the zone, -1 for open land.
    single
        Whether anybody may walk through: open land, and zones with ``through`` all the way out.
    """

    ids: tuple[str, ...]
    outlines: NDArray[Any]
    regions: NDArray[Any]
    parent: Ints
    single: NDArray[np.bool_]
    region_tree: Any
    ring_tree: Any

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def any(self) -> bool:
        """Whether there is any wall."""
        return len(self.ids) > 1

    def locate(self, xy: NDArray[np.float64]) -> Ints:
        """Zone of each point (n x 2, metres); a point on a wall is on the land outside it."""
        zone = np.zeros(len(xy), dtype=np.int64)
        if not self.any or not len(xy):
            return zone
        order = np.argsort(xy[:, 0], kind="stable")
        x, y = xy[order].T
        near = self.region_tree.query(shapely.box(x[0], y.min(), x[-1], y.max()))
        for region in np.sort(near).tolist():
            shape = self.regions[region + 1]
            west, south, east, north = shapely.bounds(shape)
            low, high = np.searchsorted(x, (west, east))
            some = low + np.flatnonzero((y[low:high] >= south) & (y[low:high] <= north))
            inside = some[shapely.contains_xy(shape, x[some], y[some])]
            zone[order[inside]] = region + 1
        return zone

    def ancestors(self, zone: int) -> list[int]:
        """The zone and those around it, innermost first, without open land."""
        line = []
        while zone > OPEN_LAND:
            line.append(zone)
            zone = int(self.parent[zone])
        return line

    def is_within(self, inner: Ints, outer: Ints) -> NDArray[np.bool_]:
        """Whether each inner zone is the outer one or lies in it."""
        found = inner == outer
        at = inner
        while (at > OPEN_LAND).any():
            at = np.where(at > OPEN_LAND, self.parent[at], at)
            found |= at == outer
        return found

    def between(self, a: int, b: int) -> set[int]:
        """The zones whose walls stand between two zones."""
        return set(self.ancestors(a)) ^ set(self.ancestors(b))

    def common(self, zones: list[int]) -> int:
        """The innermost zone around all of these zones."""
        lines = [[*self.ancestors(zone), OPEN_LAND] for zone in zones]
        return next(zone for zone in lines[0] if all(zone in line for line in lines))


def build_walls(estates: gpd.GeoDataFrame | None, *, wall_tolerance_m: float) -> Walls:
    """Make a zone of each walled estate.

    Parameters
    ----------
    estates
        Table by :data:`geoplan.model.ESTATES`, or None.
    wall_tolerance_m
        How much the polygons shrink, metres; an estate that vanishes has no wall.

    Returns
    -------
    Walls
    """
    ids: list[str] = []
    outlines = through = np.zeros(0, dtype=object)
    if estates is not None and len(estates):
        walled = estates[estates["walled"].to_numpy(bool)].sort_index()
        shrunk = shapely.buffer(walled.geometry.to_numpy(), -wall_tolerance_m, join_style="mitre")
        kept = ~shapely.is_empty(shrunk)
        walled, shapes = walled[kept], shrunk[kept]
        ids, outlines = list(walled.index), np.asarray(walled.geometry.to_numpy(), dtype=object)
        through = walled["through"].to_numpy(bool)
    if not ids:
        nothing = np.array([None], dtype=object)
        return Walls(("",), nothing, nothing, np.array([-1]), np.array([True]), None, None)
    regions, parent = _nest(shapes)
    shapely.prepare(regions)
    single = np.concatenate([[True], through])
    for zone in np.argsort(shapely.area(shapes), kind="stable")[::-1] + 1:
        single[zone] &= single[parent[zone]]
    return Walls(
        ("", *ids),
        np.concatenate([[None], outlines]),
        np.concatenate([[None], regions]),
        parent,
        single,
        shapely.STRtree(regions),
        shapely.STRtree(shapely.boundary(regions)),
    )


def _nest(shapes: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Regions without their smaller overlaps, and each zone's parent."""
    area = shapely.area(shapes)
    rank = np.empty(len(shapes), dtype=np.int64)
    rank[np.argsort(area, kind="stable")] = np.arange(len(shapes))
    regions = shapes.copy()
    parent = np.zeros(len(shapes) + 1, dtype=np.int64)
    parent[0] = -1
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    smaller = rank[a] < rank[b]
    a, b = a[smaller], b[smaller]
    shared = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    for inner, outer, common in sorted(zip(a.tolist(), b.tolist(), shared.tolist(), strict=True)):
        if common <= 0.0:
            continue
        regions[outer] = shapely.difference(regions[outer], shapes[inner])
        held = parent[inner + 1]
        if common >= _COVERED * area[inner] and (held == 0 or rank[outer] < rank[held - 1]):
            parent[inner + 1] = outer + 1
    return regions, parent


@dataclass(frozen=True, slots=True)
class Gate:
    """An open gate: its place on the wall, the zones that it opens, and the zone outside them."""

    id: str
    xy: tuple[float, float]
    zones: tuple[int, ...]
    outer: int


def place_gates(
    gates: gpd.GeoDataFrame | None, walls: Walls, *, gate_tolerance_m: float, wall_tolerance_m: float
) -> tuple[list[Gate], list[str]]:
    """Put the open gates on the walls that they open.

    A gate belongs to the estate that it names (a gate of an estate without a wall does nothing), else to the nearest
    wall within the gate tolerance. Where another wall runs along that one (within twice the wall tolerance), the gate
    leads through both.

    Parameters
    ----------
    gates
        Table by :data:`geoplan.model.GATES`, or None.
    walls
        The zones.
    gate_tolerance_m, wall_tolerance_m
        As in :class:`~geoplan.reach.options.ReachOptions`, metres.

    Returns
    -------
    tuple
        The gates in the order of their ids, and the ids of open gates that stand in no wall.
    """
    if gates is None or not walls.any or not len(gates):
        return [], []
    zone_of = {estate: zone for zone, estate in enumerate(walls.ids) if zone}
    rings = shapely.boundary(walls.outlines[1:])
    tree = shapely.STRtree(rings)
    shared_m = max(2.0 * wall_tolerance_m, 1e-3)
    placed, idle = [], []
    usable = gates[gates["open"].to_numpy(bool)].sort_index()
    for gate_id, point, estate in zip(usable.index, usable.geometry, usable["estate"], strict=True):
        if isinstance(estate, str) and estate:
            zone = zone_of.get(estate)
        else:
            near = np.sort(tree.query_nearest(point, max_distance=max(gate_tolerance_m, 1e-9), all_matches=True))
            zone = int(near[0]) + 1 if len(near) else None
        if zone is None:
            idle.append(str(gate_id))
            continue
        ring = rings[zone - 1]
        spot = shapely.get_point(shapely.shortest_line(ring, point), 0)
        beside = tree.query(spot, predicate="dwithin", distance=shared_m) + 1
        zones = tuple(sorted({zone, *beside.tolist()}))
        outer = walls.common([int(walls.parent[z]) for z in zones])
        placed.append(Gate(str(gate_id), (spot.x, spot.y), zones, outer))
    return placed, idle
