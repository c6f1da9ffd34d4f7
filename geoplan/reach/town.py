"""Walks over a town's streets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import msg
from geoplan.model import Notice, Town
from geoplan.reach.arcs import Arcs, PieceCosts, build_arcs
from geoplan.reach.doors import Doors, building_doors, facility_doors, zones_of_doors
from geoplan.reach.isochrones import Grid, contour_field, cut_lines, merge_spans
from geoplan.reach.metric import Metric
from geoplan.reach.network import WalkNetwork
from geoplan.reach.options import ReachOptions
from geoplan.reach.sight import build_obstacles
from geoplan.reach.snap import REASONS, Snapper, Snaps
from geoplan.reach.straight import StraightReach
from geoplan.reach.times import Reach, WalkTimes, check_limit, settle
from geoplan.reach.walkways import Walkways, build_walkways
from geoplan.reach.walls import build_walls, place_gates
from geoplan.reach.ways import Ways, direct_ways, expand, ways_to_nodes

__all__ = ["StreetReach", "build_reach"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIELD_CHUNK = 250_000
_SAMPLE_M = 40.0
_TABLE_ROWS = 4_000_000
"""Rows that a walk table may hold in between; more facilities are searched at a time where they reach little."""


def build_reach(town: Town, *, options: ReachOptions | None = None) -> Reach:
    """Get a town ready to be walked.

    Parameters
    ----------
    town
        The town; where it has no streets, walks are estimated from straight lines.
    options
        Tolerances of snapping and walls.

    Returns
    -------
    Reach

    Notes
    -----
    A door opens onto the nearest street, not onto all streets around. Access therefore never falls when a facility is
    added; when a street is added it never falls for those whose door stays where it was.
    """
    options = options or ReachOptions()
    if town.streets is None or not len(town.streets):
        return StraightReach(town, options)
    return StreetReach(town, options)


class StreetReach(Reach):
    """Walks over streets, through gates, by the compiled sweep.

    Parameters
    ----------
    town
        A town with streets.
    options
        Tolerances.
    """

    estimated = False

    def __init__(self, town: Town, options: ReachOptions) -> None:
        super().__init__(town, options)
        streets = town.streets
        assert streets is not None  # noqa: S101 - build_reach looked
        self._streets = streets
        walls = build_walls(town.estates, wall_tolerance_m=options.wall_tolerance_m)
        gates, idle = place_gates(
            town.gates, walls, gate_tolerance_m=options.gate_tolerance_m, wall_tolerance_m=options.wall_tolerance_m
        )
        barriers = build_obstacles(town.barriers)
        obstacles = build_obstacles(town.barriers, walls)
        self.walkways: Walkways = build_walkways(streets, walls, gates, barriers, options)
        order = np.empty(len(streets), dtype=np.int64)
        order[np.argsort(streets.index.to_numpy(), kind="stable")] = np.arange(len(streets))
        self.snapper = Snapper(self.walkways, order, barriers, obstacles, options)
        self._doors = building_doors(town)
        tolerance = options.wall_tolerance_m
        zones = zones_of_doors(self._doors, walls, town.buildings["estate"], wall_tolerance_m=tolerance)
        self._door = self.snapper.snap(self._doors.xy, zones)
        self._goals = facility_doors(town.facilities)
        self._goal = self.snapper.snap(self._goals.xy)
        self._arcs = build_arcs(self.walkways, self._goal, self._rank[self._goals.owner], len(town.facilities))
        self._barriers = barriers
        self._to_nodes = ways_to_nodes(self._door, self.walkways, self._arcs)
        self._networks: dict[object, tuple[WalkNetwork, PieceCosts]] = {}
        self._reachable = _Reachable(self._arcs)
        self.notices = _notices(
            idle, int(barriers.inside(self._doors.xy).sum()), int(barriers.inside(self._goals.xy).sum())
        )

    @cached_property
    def door_snaps(self) -> pd.DataFrame:
        """How buildings meet streets; see :class:`Reach`."""
        return self._snap_table(self._door, self._doors, self._buildings)

    @cached_property
    def facility_snaps(self) -> pd.DataFrame:
        """How facilities meet streets; see :class:`Reach`."""
        return self._snap_table(self._goal, self._goals, self._facilities)

    def network(self, metric: Metric) -> WalkNetwork:
        """The directed network with one metric's costs, made once.

        Parameters
        ----------
        metric
            How walks are measured.

        Returns
        -------
        WalkNetwork
            Nodes are numbered; the last ones are the facilities in the order of their ids.
        """
        return self._network(metric)[0]

    def walk_times(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> WalkTimes:
        """Walks from each building to the nearest facility; see :meth:`Reach.walk_times`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        point, cost, rank = self._best(self._door, self._to_nodes, self._doors.owner, metric, ranks, limit)
        reached = np.zeros(len(self._buildings), dtype=bool)
        reached[point] = True
        return self._walk_times(metric, limit, point, cost, rank, self._reasons(reached, ranks))

    def point_times(
        self, xy: ArrayLike, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float
    ) -> Floats:
        """Walks from any points; see :meth:`Reach.point_times`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        out = np.full(len(points), np.inf)
        snaps = self.snapper.snap(points)
        ways = ways_to_nodes(snaps, self.walkways, self._arcs)
        point, cost, _ = self._best(snaps, ways, np.arange(len(points)), metric, ranks, limit)
        out[point] = cost
        return out

    def walk_table(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> pd.DataFrame:
        """All walks within a limit; see :meth:`Reach.walk_table`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        network, pieces = self._network(metric)
        ways = self._to_nodes
        order = np.argsort(ways.target, kind="stable")
        target, point, extra = ways.target[order], ways.point[order], ways.costs(pieces, metric)[order]
        owner = self._doors.owner[point]
        found: list[tuple[Ints, Ints, Floats]] = []
        start, size = 0, 1
        while start < len(ranks):
            part = ranks[start : start + size]
            rows = network.within_positions(self._arcs.sink[part], limit=limit, backward=True)
            self.sweeps += len(part)
            low, high = (np.searchsorted(target, rows.positions, side=side) for side in ("left", "right"))
            which, member = expand(low, high)
            cost = rows.costs[which] + extra[member]
            key = owner[member] * len(self._by_id) + part[rows.search[which]]
            found.append(_pairs(key, cost, len(self._by_id), limit))
            start += len(part)
            size = int(np.clip(_TABLE_ROWS // max(len(which) // len(part), len(rows.costs) // len(part), 1), 1, 4096))
        direct = self._direct(self._door, ranks)
        key = self._doors.owner[direct.point] * len(self._by_id) + self._rank[self._goals.owner[direct.target]]
        found.append(_pairs(key, direct.costs(pieces, metric), len(self._by_id), limit))
        key = np.concatenate([b * len(self._by_id) + r for b, r, _ in found])
        building, rank, cost = _pairs(key, np.concatenate([c for *_, c in found]), len(self._by_id), limit)
        return self._walk_table(building, rank, cost)

    def isochrones(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, limits: Sequence[float]
    ) -> gpd.GeoDataFrame:
        """The land within each limit; see :meth:`Reach.isochrones`.

        Contours of the exact walk from the points of a grid, 2.5 m wide where contours pass (more in towns beyond
        1,200 km2). A building may be on the wrong side of a contour by half of that; the tables have the exact answer.
        """
        wanted, ranks = _ascending(limits), self._rank[self._select(facilities)]
        if not wanted:
            return gpd.GeoDataFrame({"limit": []}, geometry=[], crs=self._crs)
        shapes = [shapely.Polygon()] * len(wanted)
        if len(ranks):
            field = self._field(metric, ranks, wanted[-1])
            near, within = self._surroundings(field, wanted[-1])
            if len(near):
                grid = Grid.over([*(near.min(axis=0) - within), *(near.max(axis=0) + within)])
                cost_per_m = float(metric.connector_costs(1.0))
                shapes = contour_field(field, grid, grid.mark(near, within), wanted, cost_per_m=cost_per_m)
        return gpd.GeoDataFrame({"limit": wanted}, geometry=shapes, crs=self._crs)

    def reached_streets(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, limits: Sequence[float]
    ) -> gpd.GeoDataFrame:
        """The parts of streets from which one walks to one of some facilities within each limit, cut exactly.

        Parameters
        ----------
        metric, facilities, limits
            As of :meth:`isochrones`.

        Returns
        -------
        geopandas.GeoDataFrame
            Columns ``street`` (id), ``limit``, ``geometry`` (LineString); a limit has all the parts of smaller ones.

        Raises
        ------
        InputError
            As :meth:`walk_times`.
        """
        wanted, ranks = _ascending(limits), self._rank[self._select(facilities)]
        pieces, ids = self.walkways.pieces, self._streets.index.to_numpy(dtype=object)
        parts = []
        if wanted and len(ranks):
            field = self._field(metric, ranks, wanted[-1])
            for limit in wanted:
                piece, low, high = field.spans(limit)
                lines = cut_lines(pieces.line[piece], low, high)
                parts.append(pd.DataFrame({"street": ids[pieces.street[piece]], "limit": limit, "geometry": lines}))
        table = pd.concat(parts, ignore_index=True) if parts else {"street": [], "limit": [], "geometry": []}
        return gpd.GeoDataFrame(table, geometry="geometry", crs=self._crs)

    def _field(self, metric: Metric, ranks: Ints, limit: float) -> _Field:
        network, pieces = self._network(metric)
        self.sweeps += 1
        costs = network.sweep(self._arcs.sink[ranks], limit=limit, backward=True)
        return _Field(self, metric, ranks, limit, costs, pieces)

    def _surroundings(self, field: _Field, limit: float) -> tuple[Floats, float]:
        """Points near which all places within the limit lie, and how near."""
        piece, low, high = field.spans(limit)
        lines = shapely.segmentize(cut_lines(self.walkways.pieces.line[piece], low, high), _SAMPLE_M)
        near = [shapely.get_coordinates(lines), *(self._lattice(zone) for zone in field.zones())]
        return np.concatenate(near), self.options.max_connector_m + _SAMPLE_M

    def _lattice(self, zone: int) -> Floats:
        """Points all over an estate: its doors may be far from any street, linked to its gates."""
        west, south, east, north = shapely.bounds(self.walkways.walls.regions[zone])
        x, y = np.meshgrid(np.arange(west, east + _SAMPLE_M, _SAMPLE_M), np.arange(south, north + _SAMPLE_M, _SAMPLE_M))
        return np.column_stack([x.ravel(), y.ravel()])

    def _network(self, metric: Metric) -> tuple[WalkNetwork, PieceCosts]:
        made = self._networks.get(metric.key)
        if made is None:
            pieces = PieceCosts.of(self.walkways, self._streets, metric)
            costs = self._arcs.costs(pieces, metric)
            if self._networks:
                network = next(iter(self._networks.values()))[0].with_costs(costs)
            else:
                xy = np.zeros((self._arcs.node_count, 2))
                xy[self._arcs.out] = xy[self._arcs.into] = self.walkways.node_xy
                xy[self._arcs.sink[self._rank[self._goals.owner]]] = self._goals.xy
                network = WalkNetwork.from_arcs(self._arcs.tail, self._arcs.head, costs, node_count=len(xy), xy=xy)
            made = self._networks[metric.key] = (network, pieces)
        return made

    def _direct(self, points: Snaps, ranks: Ints) -> Ways:
        """Ways that need no network, to doors of these facilities."""
        chosen = np.flatnonzero(np.isin(self._rank[self._goals.owner], ranks))
        return direct_ways(points, self._goal, chosen, len(self.walkways.pieces), self._barriers)

    def _best(
        self, points: Snaps, ways: Ways, owner: Ints, metric: Metric, ranks: Ints, limit: float
    ) -> tuple[Ints, Floats, Ints]:
        """Owner, cost and facility rank of the best walk of each owner that has one within the limit."""
        if not len(ranks):
            return settle(ranks, np.zeros(0), ranks, limit)
        network, pieces = self._network(metric)
        self.sweeps += 1
        costs, labels = network.nearest(self._arcs.sink[ranks], labels=ranks, limit=limit, backward=True)
        direct = self._direct(points, ranks)
        reached = np.flatnonzero(labels[ways.target] >= 0)
        through = costs[ways.target[reached]] + ways.costs(pieces, metric)[reached]
        return settle(
            owner[np.concatenate([ways.point[reached], direct.point])],
            np.concatenate([through, direct.costs(pieces, metric)]),
            np.concatenate([labels[ways.target[reached]], self._rank[self._goals.owner[direct.target]]]),
            limit,
        )

    def _reasons(self, reached: NDArray[np.bool_], ranks: Ints) -> NDArray[np.object_]:
        """Why each building that was not reached was not."""
        out = np.full(len(reached), "no_facility", dtype=object)
        goals = np.flatnonzero(np.isin(self._rank[self._goals.owner], ranks))
        if not len(goals):
            return out
        snaps = self._door
        first = self._first_doors(snaps, self._doors)
        own = np.array(REASONS, dtype=object)[snaps.reason[first]]
        attached = snaps.component[first] >= 0
        out[:] = own
        shut_away = bool((self._goal.reason[goals] == REASONS.index("walled")).all())
        barred = np.isin(snaps.component[first], self._goal.component[goals])
        out[attached & (own == "")] = "walled" if shut_away else "no_facility"
        out[attached & barred] = "walled"
        leads = self._reachable.to(self._arcs.sink[ranks])[self._to_nodes.target]
        direct = self._direct(snaps, ranks).point
        out[self._doors.owner[np.concatenate([self._to_nodes.point[leads], direct])]] = "beyond_limit"
        return out

    @staticmethod
    def _first_doors(snaps: Snaps, doors: Doors) -> Ints:
        """The door of each owner with the shortest connector."""
        order = np.lexsort((snaps.connector_m, doors.owner))
        return order[np.diff(doors.owner[order], prepend=-1) != 0]

    def _snap_table(self, snaps: Snaps, doors: Doors, ids: pd.Index) -> pd.DataFrame:
        first = self._first_doors(snaps, doors)
        piece, pieces = snaps.piece[first], self.walkways.pieces
        on = np.flatnonzero(piece >= 0)
        edge = np.full(len(first), None, dtype=object)
        offset = np.full(len(first), np.nan)
        street = pieces.street[piece[on]]
        edge[on] = self._streets.index.to_numpy(dtype=object)[street]
        share = pieces.start[piece[on]] + snaps.share[first[on]] * (pieces.end[piece[on]] - pieces.start[piece[on]])
        offset[on] = share * self._streets["length_m"].to_numpy(np.float64)[street]
        return pd.DataFrame(
            {
                "edge": pd.Series(edge, dtype=object),
                "offset_m": offset,
                "connector_m": snaps.connector_m[first],
                "component": snaps.component[first],
                "reason": np.array(REASONS)[snaps.reason[first]],
                "doors": np.bincount(doors.owner, minlength=doors.count),
            }
        ).set_axis(ids, axis=0)


class _Field:
    """The exact walk to the nearest facility as a function of place, from one sweep."""

    def __init__(
        self, reach: StreetReach, metric: Metric, ranks: Ints, limit: float, costs: Floats, pieces: PieceCosts
    ) -> None:
        self._reach, self._metric, self._ranks = reach, metric, ranks
        self._limit, self._costs, self._pieces = limit, costs, pieces

    def __call__(self, xy: Floats) -> Floats:
        """Cost at points, ``inf`` beyond the limit."""
        out = np.full(len(xy), np.inf)
        for low in range(0, len(xy), _FIELD_CHUNK):
            self._fill(xy[low : low + _FIELD_CHUNK], out[low : low + _FIELD_CHUNK])
        return out

    def _fill(self, xy: Floats, out: Floats) -> None:
        reach = self._reach
        snaps = reach.snapper.snap(xy)
        ways = ways_to_nodes(snaps, reach.walkways, reach._arcs)
        np.minimum.at(out, ways.point, self._costs[ways.target] + ways.costs(self._pieces, self._metric))
        direct = reach._direct(snaps, self._ranks)
        np.minimum.at(out, direct.point, direct.costs(self._pieces, self._metric))
        out[np.round(out, 6) > self._limit] = np.inf

    def zones(self) -> list[int]:
        """Walled estates whose gates were reached, or in which a facility stands."""
        reach = self._reach
        ways, at_gates = reach.walkways, np.isfinite(self._costs[reach._arcs.out[reach.walkways.gate_node]])
        goals = reach._goal.zone[np.isin(reach._rank[reach._goals.owner], self._ranks)]
        gated = {zone for gate, open_ in zip(ways.gates, at_gates, strict=True) if open_ for zone in gate.zones}
        return sorted(gated | set(goals[goals > 0].tolist()))

    def spans(self, limit: float) -> tuple[Ints, Floats, Floats]:
        """Parts of pieces within the limit, as shares of them."""
        reach, pieces = self._reach, self._pieces
        ways = reach.walkways
        number = np.arange(len(ways.pieces))
        from_tail = limit - self._costs[reach._arcs.out[ways.tail]]
        from_head = limit - self._costs[reach._arcs.out[ways.head]]
        goals = np.flatnonzero(np.isin(reach._rank[reach._goals.owner], self._ranks) & (reach._goal.piece >= 0))
        piece, share = reach._goal.piece[goals], reach._goal.share[goals]
        left = limit - np.asarray(self._metric.connector_costs(reach._goal.connector_m[goals]))
        walked = [
            (number, np.zeros(len(number)), np.minimum(_shares(from_tail, pieces.backward), 1.0)),
            (number, np.maximum(1.0 - _shares(from_head, pieces.forward), 0.0), np.ones(len(number))),
            (
                piece,
                np.maximum(share - _shares(left, pieces.forward[piece]), 0.0),
                np.minimum(share + _shares(left, pieces.backward[piece]), 1.0),
            ),
        ]
        line, low, high = (np.concatenate(column) for column in zip(*walked, strict=True))
        return merge_spans(line, low, high)


def _shares(left: Floats, cost: Floats) -> Floats:
    """What share of a piece can be walked at what is left, negative where nothing is."""
    return np.where(left < 0.0, -1.0, np.divide(left, cost, out=np.full(len(cost), 2.0), where=cost > 0.0))


def _ascending(limits: Sequence[float]) -> list[float]:
    for limit in limits:
        check_limit(limit)
    return sorted({float(limit) for limit in limits})


class _Reachable:
    """From which network nodes there is any walk to some sinks, however long."""

    def __init__(self, arcs: Arcs) -> None:
        self._arcs = arcs

    @cached_property
    def _strong(self) -> tuple[Ints, Ints, Ints]:
        """Strong component of each node, and the arcs between components."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        arcs, count = self._arcs, self._arcs.node_count
        ones = np.ones(len(arcs.tail), dtype=np.int8)
        matrix = coo_array((ones, (arcs.tail, arcs.head)), shape=(count, count))
        _, label = connected_components(matrix, directed=True, connection="strong")
        a, b = label[arcs.tail], label[arcs.head]
        return label, a[a != b], b[a != b]

    def to(self, sinks: Ints) -> NDArray[np.bool_]:
        """Per network node, whether one of the sinks can be walked to from it."""
        label, a, b = self._strong
        seen = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
        seen[label[sinks]] = True
        while len(new := a[seen[b] & ~seen[a]]):
            seen[new] = True
        return seen[label]


def _pairs(key: Ints, cost: Floats, facilities: int, limit: float) -> tuple[Ints, Ints, Floats]:
    """Best row of each pair of building and facility: building, facility rank, cost."""
    pair, cost, _ = settle(key, cost, np.zeros(len(key), dtype=np.int64), limit)
    return pair // max(facilities, 1), pair % max(facilities, 1), cost


def _notices(idle: list[str], doors: int, goals: int) -> tuple[Notice, ...]:
    """What reading the walls and barriers showed."""
    found = []
    if idle:
        message = msg("{count} open gates stand in no wall and were not used: {ids}", count=len(idle), ids=_some(idle))
        found.append(Notice("idle-gates", message))
    if doors or goals:
        message = msg(
            "{doors} doors of buildings and {goals} of facilities lie inside a barrier; they were let out of it",
            doors=doors,
            goals=goals,
        )
        found.append(Notice("door-in-barrier", message))
    return tuple(found)


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
