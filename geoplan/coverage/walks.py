"""The walks of one case: to the nearest facility that counts, or to the nearest of one's own unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoplan.coverage.options import Case, Plan, taken_facilities
from geoplan.keep import Keep
from geoplan.model import Level, Town
from geoplan.places import data_edge_distance, own_facilities
from geoplan.reach import Metric, Reach

__all__ = ["Walker", "facility_groups", "own_level", "served"]

_ROUNDING = 1e-6
"""Sums of floats may end this far (s or m) above a limit that they meet exactly."""


def served(cost: pd.Series | NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Whether a walk is within a limit, the limit included.

    Parameters
    ----------
    cost
        Seconds or metres.
    limit
        In the same unit.

    Returns
    -------
    ndarray of bool
    """
    return np.asarray(cost, dtype=np.float64) <= limit + _ROUNDING


def own_level(town: Town, facilities: pd.Index) -> tuple[Level, pd.Series]:
    """The level whose units these facilities are the own centres of.

    That is the main level; a tier that serves only units above it, such as a subdistrict's centres, is measured
    against the first level above the main one that they serve.

    Parameters
    ----------
    town
        The town; it has a level.
    facilities
        Ids of the facilities.

    Returns
    -------
    tuple
        The level, and its unit or None for each of the facilities.
    """
    main = level = town.levels[0]
    own = first = own_facilities(town, main.name).reindex(facilities)
    seen = {main.name}
    while not own.notna().any() and level.parent is not None and level.parent not in seen:
        level = town.level(level.parent)
        seen.add(level.name)
        own = own_facilities(town, level.name).reindex(facilities)
    return (level, own) if own.notna().any() else (main, first)


def facility_groups(town: Town, plan: Plan, case: Case) -> list[tuple[str, str | None, pd.Index]]:
    """The sets of facilities that a case walks to: all that count, or those of each unit by themselves.

    Parameters
    ----------
    town
        The town.
    plan
        The cases.
    case
        One of them.

    Returns
    -------
    list of tuple
        Level, unit and ids, by unit; level and unit are ``""`` and None where everybody may go anywhere.
    """
    facilities = taken_facilities(town, plan.kinds, case.tier)
    if case.centre == "any" or not len(facilities):
        return [("", None, facilities)]
    level, own = own_level(town, facilities)
    return [(level.name, str(unit), own.index[own == unit]) for unit in sorted(own.dropna().unique())]


@dataclass(frozen=True)
class _Groups:
    """Facilities and the buildings that may use them; one group for any centre, one a unit for own centres."""

    facilities: list[pd.Index]
    buildings: list[NDArray[np.bool_]]


class Walker:
    """Measures the cases of one plan; what several cases share is done once.

    Parameters
    ----------
    town
        The town.
    plan
        The cases.
    reach
        Its walks.
    units
        Unit id or None per building, a column per level.
    keep
        Keeps what boundaries do not change.
    """

    def __init__(self, town: Town, plan: Plan, reach: Reach, units: pd.DataFrame, keep: Keep) -> None:
        self.town = town
        self.keep = keep
        self.plan = plan
        self.reach = reach
        self.units = units
        self.shapes = np.asarray(town.buildings.geometry.array, dtype=object)
        self.points = town.buildings.geometry.representative_point()
        self._tables: dict[Any, pd.DataFrame] = {}
        tiers = {case.tier for case in plan.cases if case.centre == "any"}
        self._for_all = {tuple(taken_facilities(town, plan.kinds, tier)) for tier in tiers}
        self._straight: dict[Any, NDArray[np.float64]] = {}
        self._edge = np.full(len(self.shapes), np.nan)

    def walk(self, case: Case) -> pd.DataFrame:
        """Walks of one case.

        Returns
        -------
        DataFrame
            Indexed like the buildings: cost (s or m, inf), facility (id or None), reason, straight_m (straight line to
            the nearest facility that the building may use, inf if none) and edge_m (to the data's edge, NaN where
            nothing depends on it).
        """
        groups = self._groups(case)
        table = pd.DataFrame(
            {"cost": np.inf, "facility": pd.Series(None, dtype=object), "reason": "no_facility", "straight_m": np.inf},
            index=self.town.buildings.index,
        )
        cost, straight = table["cost"].to_numpy(copy=True), table["straight_m"].to_numpy(copy=True)
        facility = np.full(len(table), None, dtype=object)
        reason = np.full(len(table), "no_facility", dtype=object)
        for ids, mine in zip(groups.facilities, groups.buildings, strict=True):
            if not mine.any():
                continue
            walks = self._walk_times(case, ids, mine)
            cost[mine] = walks["cost"].to_numpy(dtype=np.float64)
            facility[mine] = walks["facility"].to_numpy(dtype=object)
            reason[mine] = walks["reason"].to_numpy(dtype=object)
            straight[mine] = self._straight_lines(ids, mine)
        facility[pd.isna(facility)] = None
        result = {"cost": cost, "facility": pd.Series(facility, index=table.index, dtype=object), "reason": reason}
        return pd.DataFrame({**result, "straight_m": straight}, index=table.index)

    def edge_affected(self, case: Case, walks: pd.DataFrame, limit: float) -> NDArray[np.bool_]:
        """Whether a building's answer at the largest limit may depend on what lies outside the data.

        A served building stays served whatever is added outside. An unserved one may be served by a centre outside if
        the data's edge is no farther than the limit reaches in a straight line; where only its own centre counts, if a
        way out of the data, and back in to that centre, is no longer than that. Whoever is walled in stays so.

        Parameters
        ----------
        case
            The case.
        walks
            Its walks: cost (s or m) and reason.
        limit
            Largest limit, in the unit of the walks.

        Returns
        -------
        ndarray of bool
        """
        profile = self.plan.profiles[case.profile]
        reach_m = limit * profile.speed_m_s if case.mode == "time" else limit
        unserved = ~served(walks["cost"], limit) & (walks["reason"] != "walled").to_numpy(dtype=bool)
        self._measure_edge(unserved)
        if case.centre == "any":
            return unserved & (self._edge <= reach_m)
        back_m = np.full(len(unserved), np.inf)
        groups = self._groups(case)
        for ids, mine in zip(groups.facilities, groups.buildings, strict=True):
            doors = self.town.facilities.geometry.loc[ids].explode(index_parts=False)
            back_m[mine] = data_edge_distance(self.town, doors).min(initial=np.inf)
        return unserved & (self._edge + back_m <= reach_m)

    def _measure_edge(self, wanted: NDArray[np.bool_]) -> None:
        new = wanted & np.isnan(self._edge)
        if new.any():
            self._edge[new] = data_edge_distance(self.town, self.points[new])

    def _groups(self, case: Case) -> _Groups:
        facilities, mine = [], []
        for level, unit, ids in facility_groups(self.town, self.plan, case):
            everybody = np.ones(len(self.shapes), dtype=bool)
            mine.append(everybody if unit is None else self.units[level].to_numpy(dtype=object) == unit)
            facilities.append(ids)
        return _Groups(facilities, mine)

    def _walk_times(self, case: Case, ids: pd.Index, mine: NDArray[np.bool_]) -> pd.DataFrame:
        """Walks of some buildings to the nearest of these, without a limit: how far is far matters to a planner."""
        metric = Metric(case.mode, self.plan.profiles[case.profile])
        # one centre a unit: keeping the walks of all the town to each would take memory by the square of its size
        whole = tuple(ids) in self._for_all
        key = (metric.key, tuple(ids), b"" if whole else mine.tobytes())
        if key not in self._tables:
            times = self.reach.walk_times(metric, facilities=list(ids), limit=np.inf)
            table = times.table.reindex(self.town.buildings.index)
            self._tables[key] = table if whole else table[mine]
        table = self._tables[key]
        return table[mine] if len(table) > mine.sum() else table

    def _straight_lines(self, ids: pd.Index, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
        key = (tuple(ids), mine.tobytes())
        if key not in self._straight:

            def measured() -> NDArray[np.float64]:
                doors = shapely.get_parts(self.town.facilities.geometry.loc[ids].array)
                distance = np.full(int(mine.sum()), np.inf)
                if len(doors) and len(distance):
                    tree = shapely.STRtree(doors)
                    index, found = tree.query_nearest(self.shapes[mine], return_distance=True, all_matches=False)
                    distance[index[0]] = found
                return distance

            of = (self.town.buildings, self.town.facilities, ids, mine)
            self._straight[key] = self.keep.value("straight lines", of, measured)
        return self._straight[key]
