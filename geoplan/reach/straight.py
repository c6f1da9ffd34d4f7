"""Walks estimated from straight lines, for towns without streets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import msg
from geoplan.model import Notice, Town
from geoplan.reach.doors import building_doors, facility_doors
from geoplan.reach.metric import Metric
from geoplan.reach.options import ReachOptions
from geoplan.reach.times import Reach, WalkTimes, check_limit, settle

if TYPE_CHECKING:
    from scipy.spatial import KDTree

__all__ = ["StraightReach"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 50_000
_ARC_SEGMENTS = 32


class StraightReach(Reach):
    """Straight line times a stated detour, at the profile's speed; walls and barriers are not heeded.

    Parameters
    ----------
    town
        The town.
    options
        ``detour`` is what counts.
    """

    estimated = True

    def __init__(self, town: Town, options: ReachOptions) -> None:
        super().__init__(town, options)
        self._doors = building_doors(town)
        self._goals = facility_doors(town.facilities)
        estimate = msg(
            "There are no streets: walks are estimated as straight lines times {detour}", detour=f"{options.detour:g}"
        )
        self.notices = (Notice("straight-lines", estimate, everywhere=True),)

    @cached_property
    def door_snaps(self) -> pd.DataFrame:
        """No street to meet; see :class:`Reach`."""
        return self._no_snaps(self._buildings, np.bincount(self._doors.owner, minlength=len(self._buildings)))

    @cached_property
    def facility_snaps(self) -> pd.DataFrame:
        """No street to meet; see :class:`Reach`."""
        return self._no_snaps(self._facilities, np.bincount(self._goals.owner, minlength=len(self._facilities)))

    def walk_times(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> WalkTimes:
        """Walks from each building to the nearest facility; see :meth:`Reach.walk_times`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        point, cost, rank = self._nearest(self._doors.xy, metric, ranks, limit)
        building, cost, rank = settle(self._doors.owner[point], cost, rank, limit)
        why = "beyond_limit" if len(ranks) else "no_facility"
        reason = np.full(len(self._buildings), why, dtype=object)
        return self._walk_times(metric, limit, building, cost, rank, reason)

    def walk_table(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> pd.DataFrame:
        """All walks within a limit; see :meth:`Reach.walk_table`."""
        check_limit(limit)
        ranks = self._rank[self._select(facilities)]
        goals, rank_of, tree = self._goal_tree(ranks)
        many = max(len(self._by_id), 1)
        parts: list[tuple[Ints, Floats]] = [(np.zeros(0, dtype=np.int64), np.zeros(0))]
        self.sweeps += len(ranks)
        for low in range(0, len(self._doors.xy), _CHUNK):
            xy = self._doors.xy[low : low + _CHUNK]
            near = tree.query_ball_point(xy, self._radius(metric, limit) * (1 + 1e-9)) if len(goals) else []
            point = np.repeat(np.arange(len(near)), [len(row) for row in near])
            goal = np.concatenate([np.asarray(row, dtype=np.int64) for row in near]) if len(point) else point
            apart = np.hypot(*(xy[point] - goals[goal]).T)
            key = self._doors.owner[low + point] * many + rank_of[goal]
            pair, cost, _ = settle(key, self._cost(apart, metric), np.zeros(len(key), dtype=np.int64), limit)
            parts.append((pair, cost))
        key, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
        key, cost, _ = settle(key, cost, np.zeros(len(key), dtype=np.int64), limit)
        return self._walk_table(key // many, key % many, cost)

    def point_times(
        self, xy: ArrayLike, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float
    ) -> Floats:
        """Walks from any points; see :meth:`Reach.point_times`."""
        check_limit(limit)
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        point, cost, rank = self._nearest(points, metric, self._rank[self._select(facilities)], limit)
        out = np.full(len(points), np.inf)
        point, cost, _ = settle(point, cost, rank, limit)
        out[point] = cost
        return out

    def isochrones(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, limits: Sequence[float]
    ) -> gpd.GeoDataFrame:
        """Circles around the facilities; see :meth:`Reach.isochrones`."""
        goals, _, _ = self._goal_tree(self._rank[self._select(facilities)])
        shapes, inner = [], shapely.Polygon()
        kept = sorted(set(map(float, limits)))
        for limit in kept:
            check_limit(limit)
            circles = shapely.buffer(shapely.points(goals), self._radius(metric, limit), quad_segs=_ARC_SEGMENTS)
            inner = shapely.union_all([inner, *circles])
            shapes.append(inner)
        return gpd.GeoDataFrame({"limit": kept}, geometry=shapes, crs=self._crs)

    def _no_snaps(self, ids: pd.Index, doors: Ints) -> pd.DataFrame:
        nothing = np.full(len(ids), np.nan)
        columns = {
            "edge": pd.Series(np.full(len(ids), None, dtype=object), dtype=object),
            "offset_m": nothing,
            "connector_m": nothing,
            "component": np.full(len(ids), -1),
            "reason": pd.Series(np.full(len(ids), ""), dtype="str"),
            "doors": doors,
        }
        return pd.DataFrame(columns).set_axis(ids, axis=0)

    def _cost(self, apart_m: Floats, metric: Metric) -> Floats:
        return np.asarray(metric.connector_costs(apart_m * self.options.detour))

    def _radius(self, metric: Metric, limit: float) -> float:
        """Straight distance that a limit means, metres."""
        return limit / float(metric.connector_costs(self.options.detour))

    def _goal_tree(self, ranks: Ints) -> tuple[Floats, Ints, KDTree]:
        """Doors of these facilities in the order of their ids, the rank of each, and a tree of them."""
        from scipy.spatial import KDTree

        rank = self._rank[self._goals.owner]
        chosen = np.flatnonzero(np.isin(rank, ranks))
        chosen = chosen[np.argsort(rank[chosen], kind="stable")]
        return self._goals.xy[chosen], rank[chosen], KDTree(self._goals.xy[chosen])

    def _nearest(self, xy: Floats, metric: Metric, ranks: Ints, limit: float) -> tuple[Ints, Floats, Ints]:
        """Nearest door of each point, and others as near: point, cost, rank."""
        goals, rank_of, tree = self._goal_tree(ranks)
        if not len(goals):
            return ranks[:0], np.zeros(0), ranks[:0]
        self.sweeps += 1
        near = min(len(goals), 4)  # more than one, so that ties can go to the smallest id
        apart, goal = tree.query(xy, k=np.arange(1, near + 1))
        cost = self._cost(apart.ravel(), metric)
        point = np.repeat(np.arange(len(xy)), near)
        kept = np.flatnonzero(cost <= limit + 1e-6)
        return point[kept], cost[kept], rank_of[goal.ravel()[kept]]
