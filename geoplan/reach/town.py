"""Walks over a town's streets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, msg
from geoplan.model import Notice, Town
from geoplan.reach.doors import Doors
from geoplan.reach.field import Field
from geoplan.reach.ground import Ground, nearest_doors
from geoplan.reach.isochrones import Grid, contour_field, cut_lines
from geoplan.reach.labels import NodeLabels
from geoplan.reach.metric import Metric
from geoplan.reach.network import WalkNetwork
from geoplan.reach.options import ReachOptions
from geoplan.reach.snap import REASONS, Snaps
from geoplan.reach.straight import StraightReach
from geoplan.reach.times import ROUNDING, Reach, WalkTimes, check_limit, settle
from geoplan.reach.ways import Ways, expand

__all__ = ["StreetReach", "build_reach"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
        self.updates = self.expanded = 0
        self.ground = Ground(town, self._rank, options)
        self.notices = _notices(self.ground)

    @cached_property
    def door_snaps(self) -> pd.DataFrame:
        """How buildings meet streets; see :class:`Reach`."""
        return self.ground.snap_table(self.ground.door, self.ground.doors, self._buildings)

    @cached_property
    def facility_snaps(self) -> pd.DataFrame:
        """How facilities meet streets; see :class:`Reach`."""
        return self.ground.snap_table(self.ground.goal, self.ground.goals, self._facilities)

    def snap_points(self, xy: ArrayLike) -> pd.DataFrame:
        """How any points meet streets.

        Parameters
        ----------
        xy
            Points, n x 2, in the town's CRS.

        Returns
        -------
        pandas.DataFrame
            As :attr:`door_snaps`, a row a point.
        """
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        doors = Doors(points, np.arange(len(points)), len(points))
        return self.ground.snap_table(self.ground.snapper.snap(points), doors, pd.RangeIndex(len(points)))

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
        return self.ground.network(metric)[0]

    def walk_times(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> WalkTimes:
        """Walks from each building to the nearest facility; see :meth:`Reach.walk_times`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        ground = self.ground
        building, cost, rank = self._best(ground.door, ground.door_ways, ground.doors.owner, metric, ranks, limit)
        return self._walk_times(metric, limit, building, cost, rank, self._reasons(ranks))

    def updated_times(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, known: NodeLabels | None = None
    ) -> tuple[WalkTimes, NodeLabels | None]:
        """Walks without a limit, brought up to date from an earlier search; see :mod:`geoplan.reach.labels`.

        Parameters
        ----------
        metric, facilities
            As of :meth:`walk_times`.
        known
            What an earlier search by the same metric found, in a town that differs in streets, gates or facilities;
            None searches everywhere.

        Returns
        -------
        tuple
            What :meth:`walk_times` gives with ``limit=inf``, and what to hand in next time (None if there is nothing
            to hand in). ``updates`` counts the searches that went only where something had changed, ``sweeps`` the
            others, ``expanded`` the nodes that either worked on.

        Raises
        ------
        InputError
            As :meth:`walk_times`.
        """
        ranks = self._rank[self._select(facilities)]
        ground = self.ground
        if not len(ranks):
            return self.walk_times(metric, facilities=facilities, limit=np.inf), None
        network, _ = ground.network(metric)
        by_rank = self._facilities[self._by_id]
        names, ids = ground.node_names(by_rank), [str(one) for one in by_rank[ranks]]
        found = None if known is None else network.labelled(ground.arcs.sink[ranks], names, ids, known)
        self.updates += found is not None
        if found is None:
            found = network.labelled(ground.arcs.sink[ranks], names, ids, None)
            if found is None:
                return self.walk_times(metric, facilities=facilities, limit=np.inf), None
            self.sweeps += 1
        costs, rows, labels, expanded = found
        self.expanded += expanded
        searched = costs, np.where(rows < 0, -1, ranks[rows])
        door = ground.door, ground.door_ways, ground.doors.owner
        building, cost, rank = self._best(*door, metric, ranks, np.inf, searched)
        return self._walk_times(metric, np.inf, building, cost, rank, self._reasons(ranks)), labels

    def point_times(
        self, xy: ArrayLike, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float
    ) -> Floats:
        """Walks from any points; see :meth:`Reach.point_times`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        out = np.full(len(points), np.inf)
        snaps = self.ground.snapper.snap(points)
        point, cost, _ = self._best(snaps, self.ground.ways(snaps), np.arange(len(points)), metric, ranks, limit)
        out[point] = cost
        return out

    def walk_table(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> pd.DataFrame:
        """All walks within a limit; see :meth:`Reach.walk_table`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        many = max(len(self._facilities), 1)
        found = list(self._pairs_by_network(metric, ranks, limit))
        direct = self.ground.direct(self.ground.door, ranks)
        pair = self.ground.doors.owner[direct.point] * many + self.ground.goal_rank[direct.target]
        found.append((pair, direct.costs(self.ground.network(metric)[1], metric)))
        pair, cost = (np.concatenate(column) for column in zip(*found, strict=True))
        pair, cost, _ = settle(pair, cost, np.zeros(len(pair), dtype=np.int64), limit)
        return self._walk_table(pair // many, pair % many, cost)

    def _pairs_by_network(self, metric: Metric, ranks: Ints, limit: float) -> Iterator[tuple[Ints, Floats]]:
        """Pairs of building and facility (numbered as one) and their costs, some facilities at a time."""
        ground, many = self.ground, max(len(self._facilities), 1)
        network, pieces = ground.network(metric)
        order = np.argsort(ground.door_ways.target, kind="stable")
        target, extra = ground.door_ways.target[order], ground.door_ways.costs(pieces, metric)[order]
        owner = ground.doors.owner[ground.door_ways.point[order]]
        start, size = 0, 1
        while start < len(ranks):
            part = ranks[start : start + size]
            rows = network.within_positions(ground.arcs.sink[part], limit=limit + ROUNDING, backward=True)
            self.sweeps += len(part)
            low, high = (np.searchsorted(target, rows.positions, side=side) for side in ("left", "right"))
            which, member = expand(low, high)
            pair, cost = owner[member] * many + part[rows.search[which]], rows.costs[which] + extra[member]
            pair, cost, _ = settle(pair, cost, np.zeros(len(pair), dtype=np.int64), limit)
            yield pair, cost
            start += len(part)
            size = int(np.clip(_TABLE_ROWS * len(part) // max(len(which), len(rows.costs), 1), 1, 4096))

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
            near = field.around(wanted[-1], every_m=_SAMPLE_M)
            if len(near):
                within = self.options.max_connector_m + _SAMPLE_M
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
        pieces, ids = self.ground.walkways.pieces, self.ground.streets.index.to_numpy(dtype=object)
        parts = []
        if wanted and len(ranks):
            field = self._field(metric, ranks, wanted[-1])
            for limit in wanted:
                piece, low, high = field.spans(limit)
                lines = cut_lines(pieces.line[piece], low, high)
                parts.append(pd.DataFrame({"street": ids[pieces.street[piece]], "limit": limit, "geometry": lines}))
        table = pd.concat(parts, ignore_index=True) if parts else {"street": [], "limit": [], "geometry": []}
        return gpd.GeoDataFrame(table, geometry="geometry", crs=self._crs)

    def _field(self, metric: Metric, ranks: Ints, limit: float) -> Field:
        network, pieces = self.ground.network(metric)
        self.sweeps += 1
        costs = network.sweep(self.ground.arcs.sink[ranks], limit=limit + ROUNDING, backward=True)
        return Field(self.ground, metric, ranks, limit, costs, pieces)

    def _best(
        self,
        points: Snaps,
        ways: Ways,
        owner: Ints,
        metric: Metric,
        ranks: Ints,
        limit: float,
        searched: tuple[Floats, Ints] | None = None,
    ) -> tuple[Ints, Floats, Ints]:
        """Owner, cost and facility rank of the best walk of each owner that has one within the limit.

        ``searched``: cost and facility rank of each node, if a search has been made already.
        """
        if not len(ranks):
            return settle(ranks, np.zeros(0), ranks, limit)
        ground = self.ground
        network, pieces = ground.network(metric)
        if searched is None:
            self.sweeps += 1
            sinks = ground.arcs.sink[ranks]
            searched = network.nearest(sinks, labels=ranks, limit=limit + ROUNDING, backward=True)
        costs, labels = searched
        direct = ground.direct(points, ranks)
        reached = np.flatnonzero(labels[ways.target] >= 0)
        through = costs[ways.target[reached]] + ways.costs(pieces, metric)[reached]
        return settle(
            owner[np.concatenate([ways.point[reached], direct.point])],
            np.concatenate([through, direct.costs(pieces, metric)]),
            np.concatenate([labels[ways.target[reached]], ground.goal_rank[direct.target]]),
            limit,
        )

    def _reasons(self, ranks: Ints) -> NDArray[np.object_]:
        """Why each building has no walk, if it has none."""
        ground = self.ground
        goals = ground.goals_of(ranks)
        if not len(goals):
            return np.full(len(self._buildings), "no_facility", dtype=object)
        first = nearest_doors(ground.door, ground.doors)
        component = ground.door.component[first]
        out = np.array(REASONS, dtype=object)[ground.door.reason[first]]
        shut_away = bool((ground.goal.reason[goals] == REASONS.index("walled")).all())
        out[(component >= 0) & (out == "")] = "walled" if shut_away else "no_facility"
        # joined by streets but for an estate that one may not walk through
        out[(component >= 0) & np.isin(component, ground.goal.component[goals])] = "walled"
        leads = ground.leads_to(ranks)[ground.door_ways.target]
        direct = ground.direct(ground.door, ranks).point
        out[ground.doors.owner[np.concatenate([ground.door_ways.point[leads], direct])]] = "beyond_limit"
        return out


def _ascending(limits: Sequence[float]) -> list[float]:
    """The limits, each once; they must be finite."""
    for limit in limits:
        check_limit(limit)
        if limit == float("inf"):
            raise InputError(
                Fault(
                    code="bad-limit",
                    needed=msg("a limit that is finite"),
                    given=msg("{value}", value=limit),
                    mend=msg("give the largest walk to draw"),
                )
            )
    return sorted({float(limit) for limit in limits})


def _notices(ground: Ground) -> tuple[Notice, ...]:
    """What gates and barriers showed."""
    found = []
    if ground.idle_gates:
        named = ", ".join(ground.idle_gates[:5]) + (", …" if len(ground.idle_gates) > 5 else "")
        count = len(ground.idle_gates)
        message = msg("{count} open gates stand in no wall and were not used: {ids}", count=count, ids=named)
        found.append(Notice("idle-gates", message))
    doors, goals = ground.in_barriers
    if doors or goals:
        message = msg(
            "{doors} doors of buildings and {goals} of facilities lie inside a barrier; they were let out of it",
            doors=doors,
            goals=goals,
        )
        found.append(Notice("door-in-barrier", message))
    return tuple(found)
