"""What was measured, and the tables that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from geoplan.coverage.clusters import cluster_table
from geoplan.coverage.counting import Groups
from geoplan.coverage.options import Case, taken_facilities
from geoplan.coverage.page import coverage_table
from geoplan.coverage.summary import count_units, distribution, floor_areas, unit_names
from geoplan.coverage.walks import own_level
from geoplan.errors import Fault, InputError, msg
from geoplan.keep import Keep
from geoplan.model import Notice, Town
from geoplan.places import match_points, own_facilities
from geoplan.reach import Metric, Reach
from geoplan.standards import Profile, Rule, Standard, circle_limit, circle_rule

__all__ = ["Coverage"]

_CLUSTER_M = 100.0
_MARGIN_M = 1e-3


@dataclass(frozen=True, eq=False)
class Coverage:
    """Who is served; made by :func:`geoplan.measure_coverage`.

    Wherever a method takes a ``case``, None is the main case and a case's key is as good as the case.

    Attributes
    ----------
    town
        The town.
    cases
        What was measured, the main case first: the first mode and profile, all facilities together, the first centre.
    minutes
        Circles in minutes, smallest first.
    standards
        The active standards.
    profiles
        The walking profiles.
    kinds
        Kinds of facilities that counted; empty: all.
    reach
        The town's walks.
    notices
        What a reader has to know: those of the town, estimates, an unknown datum, unverified rules.
    """

    town: Town
    cases: tuple[Case, ...]
    minutes: tuple[float, ...]
    standards: tuple[Standard, ...]
    profiles: tuple[Profile, ...]
    kinds: tuple[str, ...]
    reach: Reach
    notices: tuple[Notice, ...]
    _walks: dict[str, pd.DataFrame] = field(repr=False)
    _units: pd.DataFrame = field(repr=False)
    _estates: pd.Series = field(repr=False)
    _connector_m: pd.Series = field(repr=False)

    @property
    def case(self) -> Case:
        """The main case."""
        return self.cases[0]

    def find_case(self, case: Case | str | None = None) -> Case:
        """The case of that key; the main one for None.

        Parameters
        ----------
        case
            A case, its key, or None.

        Returns
        -------
        Case

        Raises
        ------
        InputError
            If it was not measured; names those that were.
        """
        if case is None:
            return self.case
        for measured in self.cases:
            if case in (measured, measured.key):
                return measured
        raise InputError(
            Fault(
                code="unknown-case",
                needed=msg("a case that was measured: {cases}", cases=", ".join(c.key for c in self.cases)),
                given=msg("{case}", case=str(case)),
                mend=msg("measure it too, or use one of these"),
            )
        )

    def profile(self, case: Case | str | None = None) -> Profile:
        """Who walks in a case.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        Profile
        """
        wanted = self.find_case(case).profile
        return next(profile for profile in self.profiles if profile.id == wanted)

    def metric(self, case: Case | str | None = None) -> Metric:
        """How a case's walks are measured.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        Metric
        """
        return Metric(self.find_case(case).mode, self.profile(case))

    def facilities(self, case: Case | str | None = None) -> pd.Index:
        """Ids of the facilities that count in a case, sorted.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        Index
        """
        return taken_facilities(self.town, self.kinds, self.find_case(case).tier)

    def limit(self, case: Case | str | None, minutes: float) -> float:
        """Longest walk that counts as served; the limit itself counts.

        Parameters
        ----------
        case
            The case.
        minutes
            Circle in minutes.

        Returns
        -------
        float
            Seconds in time mode, metres in distance mode.
        """
        return circle_limit(self.standards, minutes, self.find_case(case).mode, self.profile(case))

    def binding_rule(self, case: Case | str | None, minutes: float) -> Rule:
        """The rule that sets the limit of a circle.

        Parameters
        ----------
        case
            The case.
        minutes
            Circle in minutes.

        Returns
        -------
        Rule
            In minutes or metres; id ``"requested"`` where no active standard has such a circle.
        """
        return circle_rule(self.standards, minutes, self.find_case(case).mode)

    def buildings(self, case: Case | str | None = None) -> GeoDataFrame:
        """Every building with its walk.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        GeoDataFrame
            Indexed like the town's buildings: name, households, people_resident, people_registered, estimated, estate,
            a column per level (unit id or None), cost (s or m; inf if there is no way), walk_min (minutes; NaN in
            distance mode), facility (id or None), reason, ``served_M`` per circle, connector_m (door to street),
            straight_m (straight line to the nearest facility), edge_affected (may be served by what lies outside the
            data: not within the largest limit, and the data's edge is) and geometry.
        """
        wanted = self.find_case(case)
        return self._remember(("buildings", wanted.key), lambda: self._buildings(wanted)).copy()

    def _buildings(self, wanted: Case) -> GeoDataFrame:
        town, walks = self.town, self._walks[wanted.key]
        columns = ["name", "households", "people_resident", "people_registered", "estimated"]
        table = pd.DataFrame({column: town.buildings[column] for column in columns})
        table["estate"] = self._estates
        for name in self._units:
            table[name] = self._units[name]
        table["cost"] = walks["cost"]
        table["walk_min"] = walks["cost"] / 60.0 if wanted.mode == "time" else np.nan
        for column in ("facility", "reason", *(f"served_{m:g}" for m in self.minutes)):
            table[column] = walks[column]
        table["connector_m"] = self._connector_m
        for column in ("straight_m", "edge_affected"):
            table[column] = walks[column]
        return GeoDataFrame(table, geometry=town.buildings.geometry.array, crs=town.crs)

    def unserved(self, case: Case | str | None = None, minutes: float | None = None) -> GeoDataFrame:
        """The buildings beyond a circle, in the order of their ids.

        Parameters
        ----------
        case
            The case.
        minutes
            Circle in minutes, one that was measured; None: the largest.

        Returns
        -------
        GeoDataFrame
            Rows of :meth:`buildings`.

        Raises
        ------
        InputError
            If the circle was not measured.
        """
        circle = self._circle(minutes)
        table = self.buildings(case)
        return table[~table[f"served_{circle:g}"]].sort_index()

    def summary(self, level: str | None = None, case: Case | str | None = None) -> pd.DataFrame:
        """Counts, shares and walks by unit.

        Parameters
        ----------
        level
            Name of a level, or ``"estates"``; None: the main level.
        case
            The case.

        Returns
        -------
        DataFrame
            Indexed by unit id, sorted; a last row with id None holds the buildings in no unit, if there are any, so
            that every level's rows add up to the total. Columns: name, buildings, households, people (residents),
            people_registered, estimated, and per circle ``served_households_M``, ``served_people_M``, ``share_M`` (of
            households), ``people_share_M``, ``straight_share_M`` (straight lines of the same length);
            unreachable_buildings (no way at all: island, walled, no street, no facility), p50, p90 and mean of the walk
            weighted by households in ``_min`` (time) or ``_m`` (distance; the mean is over those with a way),
            edge_affected (buildings), then those of :meth:`floor_area`.

        Raises
        ------
        InputError
            If there is no such level.
        """
        wanted = self.find_case(case)
        return self._remember(("summary", level, wanted.key), lambda: self._summary(level, wanted)).copy()

    def _summary(self, level: str | None, wanted: Case) -> pd.DataFrame:
        keys, table = self._partition(level)
        groups = Groups(keys, list(table.index))
        counts = count_units(self.town.buildings, self._walks[wanted.key], groups, self.minutes, mode=wanted.mode)
        counts.insert(0, "name", unit_names(groups.ids, table))
        whole = pd.concat([counts, self._floor_area(level, wanted, counts["households"])], axis=1)
        nobody = whole["buildings"].iloc[-1] == 0 and whole["facilities"].iloc[-1] == 0
        return whole.iloc[:-1] if nobody else whole

    def floor_area(self, level: str | None = None, case: Case | str | None = None) -> pd.DataFrame:
        """Floor area of the units' own facilities against the active standards.

        Parameters
        ----------
        level
            Name of a level; None: the main level. What a unit needs is known for the main level only.
        case
            The case: its facilities count.

        Returns
        -------
        DataFrame
            Indexed by unit id: name, households, facilities, floor_area_m2 (those known together), unknown_floor_areas,
            m2_per_100_households, required_m2 (the larger of the absolute minimum and the m² per 100 households),
            shortfall_m2, rule (id of the binding one), sites_below_min, floor_area_ok (missing where no rule or only an
            unknown area decides).

        Raises
        ------
        InputError
            If there is no such level.
        """
        wanted = self.find_case(case)
        keys, table = self._partition(level)
        groups = Groups(keys, list(table.index))
        households = pd.Series(groups.sum(self.town.buildings["households"]), index=groups.index)
        floor = self._floor_area(level, wanted, households)
        floor.insert(0, "name", unit_names(groups.ids, table))
        floor.insert(1, "households", households)
        nobody = groups.size[-1] == 0 and floor["facilities"].iloc[-1] == 0
        return floor.iloc[:-1] if nobody else floor

    def total(self, case: Case | str | None = None) -> dict[str, Any]:
        """The counts of the whole town.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        dict
            Columns of :meth:`summary` by name, without ``name``; required_m2 and shortfall_m2 are sums over the main
            level, floor_area_ok tells whether every unit of it has enough.
        """
        wanted = self.find_case(case)
        return dict(self._remember(("total", wanted.key), lambda: self._total(wanted)))

    def _total(self, wanted: Case) -> dict[str, Any]:
        nowhere = pd.Series(None, index=self.town.buildings.index, dtype=object)
        groups = Groups(nowhere, [])
        row = count_units(self.town.buildings, self._walks[wanted.key], groups, self.minutes, mode=wanted.mode)
        facilities = self.town.facilities.loc[self.facilities(wanted)]
        everywhere = pd.Series(None, index=facilities.index, dtype=object)
        floor = floor_areas(facilities, everywhere, row["households"], self.standards, required=False)
        result = {name: _plain(row[name].iloc[0]) for name in row}
        result |= {name: _plain(floor[name].iloc[0]) for name in floor}
        if self.town.levels and len(self.town.levels[0].table):
            units = self.floor_area(None, wanted)
            units = units[units.index.notna()]
            result["required_m2"] = float(units["required_m2"].sum(min_count=1))
            result["shortfall_m2"] = float(units["shortfall_m2"].sum(min_count=1))
            ok = units["floor_area_ok"]
            result["floor_area_ok"] = False if (~ok).fillna(False).any() else (None if ok.isna().any() else True)
            result["rule"] = ", ".join(sorted({str(rule) for rule in units["rule"] if rule}))
        return result

    def distribution(self, case: Case | str | None = None) -> pd.DataFrame:
        """Households by length of the walk.

        Parameters
        ----------
        case
            The case.

        Returns
        -------
        DataFrame
            Classes of one minute (time) or 100 m (distance), upper end included: low, high, buildings, households,
            people; the last one, from inf to inf, those without a way.
        """
        wanted = self.find_case(case)
        return distribution(self.town.buildings, self._walks[wanted.key], mode=wanted.mode)

    def isochrones(self, case: Case | str | None = None) -> GeoDataFrame:
        """The land within each circle, walked on real streets.

        Parameters
        ----------
        case
            The case. For own centres every unit's land is cut out of what its own centres reach.

        Returns
        -------
        GeoDataFrame
            One row a circle, smallest first: minutes, limit (s or m), geometry; nested, holes kept.
        """
        wanted = self.find_case(case)
        return self._remember(("isochrones", wanted.key), lambda: self._land(wanted)).copy()

    def _remember(self, key: tuple[str | None, ...], make: Callable[[], Any]) -> Any:
        """What several outputs ask for, computed once; not to be changed."""
        kept: dict[tuple[str | None, ...], Any] = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def _land(self, wanted: Case) -> GeoDataFrame:
        """The land within each circle of a case, measured anew."""
        metric = self.metric(wanted)
        limits = {m: self.limit(wanted, m) for m in self.minutes}
        facilities = self.facilities(wanted)
        if wanted.centre == "any" or not len(facilities):
            shapes = self._reached(metric, list(facilities), list(limits.values()))
        else:
            level, own = own_level(self.town, facilities)
            cut: dict[float, list[Any]] = {limit: [] for limit in limits.values()}
            for unit in sorted(own.dropna().unique()):
                reached = self._reached(metric, list(own.index[own == unit]), list(limits.values()))
                land = shapely.make_valid(level.table.geometry.loc[unit])
                for limit, shape in reached.items():
                    cut[limit].append(shapely.intersection(shape, land))
            shapes = _nested({limit: _union(parts) for limit, parts in cut.items()})
        table = pd.DataFrame({"minutes": list(limits), "limit": list(limits.values())}, dtype=np.float64)
        return GeoDataFrame(table, geometry=[shapes[limit] for limit in limits.values()], crs=self.town.crs)

    def unserved_clusters(
        self, case: Case | str | None = None, minutes: float | None = None, *, keep: Keep | None = None
    ) -> GeoDataFrame:
        """Groups of unserved buildings, each within 100 m of another of its group.

        Parameters
        ----------
        case
            The case.
        minutes
            Circle in minutes, one that was measured; None: the largest.
        keep
            Keeps them for the next time that the same buildings are unserved; what it gives is not to be changed.

        Returns
        -------
        GeoDataFrame
            Most households first (ties: smallest building id), indexed ``"1"``, ``"2"`` …: buildings, households,
            people, first (smallest building id), geometry (convex hull, grown by 10 m).

        Raises
        ------
        InputError
            If the circle was not measured.
        """
        circle = self._circle(minutes)
        buildings, walks = self.town.buildings, self._walks[self.find_case(case).key]
        served = walks[f"served_{circle:g}"].to_numpy(dtype=bool)

        def make() -> GeoDataFrame:
            chosen = buildings.loc[~served, ["households", "people_resident", "geometry"]]
            return cluster_table(chosen, distance_m=_CLUSTER_M)

        # a kept table is told by its identity
        return make() if keep is None else keep.value("clusters", (buildings, served, _CLUSTER_M), make)

    def _repr_html_(self) -> str:
        """A small table of shares, for notebooks."""
        return coverage_table(self)

    def _circle(self, minutes: float | None) -> float:
        circle = self.minutes[-1] if minutes is None else minutes
        if circle not in self.minutes:
            raise InputError(
                Fault(
                    code="unknown-circle",
                    needed=msg(
                        "a circle that was measured: {minutes}", minutes=", ".join(f"{m:g}" for m in self.minutes)
                    ),
                    given=msg("{minutes} minutes", minutes=f"{circle:g}"),
                    mend=msg("measure it too, or use one of these"),
                )
            )
        return circle

    def _partition(self, level: str | None) -> tuple[pd.Series, GeoDataFrame]:
        """Unit of each building, and the table of the units; no units for a town without levels."""
        town = self.town
        if level == "estates" and "estates" not in self._units:
            table = town.estates if town.estates is not None else town.buildings.iloc[:0]
            return self._estates, table
        if level is None and not town.levels:
            return pd.Series(None, index=town.buildings.index, dtype=object), town.buildings.iloc[:0]
        name = town.levels[0].name if level is None else level
        if name not in self._units:
            raise InputError(
                Fault(
                    code="unknown-level",
                    needed=msg("a level out of {levels}", levels=", ".join([*self._units, "estates"])),
                    given=msg("{level}", level=name),
                    mend=msg("correct it"),
                )
            )
        return self._units[name], town.level(name).table

    def _floor_area(self, level: str | None, case: Case, households: pd.Series) -> pd.DataFrame:
        town = self.town
        ids = self.facilities(case)
        facilities = town.facilities.loc[ids]
        name = town.levels[0].name if level is None and town.levels else level
        if name in self._units:
            units = own_facilities(town, str(name)).reindex(ids)
        elif len(households) > 1 and town.estates is not None:
            units = match_points(town.estates, facilities.geometry.representative_point()).units
        else:
            units = pd.Series(None, index=ids, dtype=object)
        main = bool(town.levels) and name == town.levels[0].name
        return floor_areas(facilities, units, households, self.standards, required=main)

    def _reached(self, metric: Metric, facilities: list[str], limits: list[float]) -> dict[float, Any]:
        table = self.reach.isochrones(metric, facilities=facilities, limits=limits)
        found = dict(zip(table["limit"].astype(float), table.geometry, strict=True))
        return {limit: found.get(limit, shapely.MultiPolygon()) for limit in limits}


def _union(shapes: list[Any]) -> Any:
    """The land of several shapes, without the lines along which some only touch."""
    parts = shapely.get_parts(np.array(shapes, dtype=object))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _nested(shapes: dict[float, Any]) -> dict[float, Any]:
    """Land within each limit, ascending, made to cover that of smaller ones where cutting has rounded their edges."""
    inner = shapely.MultiPolygon()
    nested = {}
    for limit, shape in shapes.items():
        outer = shape if shapely.covers(shape, inner) else shapely.union(shape, shapely.buffer(inner, _MARGIN_M))
        nested[limit] = inner = outer
    return nested


def _plain(value: Any) -> Any:
    """A number of Python in place of one of numpy; None for a missing truth."""
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value
