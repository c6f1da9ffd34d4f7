"""The town's tables and the coverage's results as packed layers, geometry in WGS84."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame, GeoSeries

from geoplan.keep import Keep, KeepNothing
from geoplan.maps.packed import clean_text, pack_geometry, pack_integers, pack_numbers, pack_words
from geoplan.model import Level, Town
from geoplan.text.labels import known_name, title_name

if TYPE_CHECKING:
    from geoplan.coverage import Case, Coverage

__all__ = ["Packer", "label_anchors", "pack_barriers", "pack_green", "pack_streets"]

Packed = dict[str, Any]

_ISOCHRONE_TOLERANCE_M = 0.5
_WALK = frozenset({"cost", "walk_min", "facility", "reason", "connector_m", "straight_m", "edge_affected"})
"""What a case says of a building, with the circles that serve it."""
_ARTERIALS = frozenset({"motorway", "trunk", "primary", "主干路", "快速路"})
_COLLECTORS = frozenset({"secondary", "tertiary", "次干路", "支路"})


class Packer:
    """Packs the layers of one case of a coverage.

    Parameters
    ----------
    coverage, case
        What is shown.
    language
        ``"zh"`` or ``"en"``, for the names of tiers and kinds.
    origin
        Micro-degrees from which packed coordinates count.
    keep
        Keeps what is packed of tables that seldom change.
    """

    def __init__(
        self, coverage: Coverage, case: Case, *, language: str, origin: tuple[int, int], keep: Keep | None = None
    ) -> None:
        self.keep = keep or KeepNothing()
        self.coverage = coverage
        self.case = case
        self.town = _in_order(coverage.town)
        self.language = language
        self.origin = origin
        self.unit = "min" if case.mode == "time" else "m"
        self.minutes = tuple(coverage.minutes)
        self.measured: GeoDataFrame = coverage.buildings(case).sort_index()

    def of_case(self, case: Case) -> Packer:
        """The same for another case."""
        return Packer(self.coverage, case, language=self.language, origin=self.origin, keep=self.keep)

    def layers(self) -> Packed:
        """All layers by name; one without a table is left out."""
        town = self.town
        layers: Packed = {
            "buildings": self.buildings(),
            "facilities": self.facilities(),
            "levels": [self.level(level, main=number == 0) for number, level in enumerate(town.levels)],
            "isochrones": self.isochrones(),
            "clusters": [self.clusters(minutes) for minutes in self.minutes],
        }
        for name, table in (("streets", town.streets), ("estates", town.estates), ("gates", town.gates)):
            if table is not None and len(table):
                layers[name] = getattr(self, name)(table)
        if town.barriers is not None and len(town.barriers):
            layers["barriers"] = self.barriers(town.barriers)
        if town.green is not None and len(town.green):
            layers["green"] = self.green(town.green)
        return layers

    def changing(self) -> Packed:
        """What another case of the coverage changes, in the layers that :meth:`layers` gives."""
        town = self.town
        layers: Packed = {
            "buildings": self.walks(),
            "facilities": self.chosen(),
            "levels": [self.answers(level) for level in town.levels],
            "isochrones": self.isochrones(),
            "clusters": [self.clusters(minutes) for minutes in self.minutes],
        }
        if town.estates is not None and len(town.estates):
            layers["estates"] = self.counts(self.coverage.summary("estates", self.case).reindex(town.estates.index))
        return layers

    def geometry(self, series: GeoSeries) -> Packed:
        """Geometry in WGS84, packed."""
        return pack_geometry(series.to_crs(4326).array, origin=self.origin)

    def places(self, ids: pd.Series, index: pd.Index) -> str:
        """For each id its row of a table plus one; 0 where it is none."""
        return pack_integers(index.get_indexer(ids) + 1)

    def buildings(self) -> Packed:
        """Buildings with their walks."""
        table = self.measured
        town = self.town
        packed: Packed = {
            **self.keep.value("map buildings", (town.buildings, self.origin), self._still),
            "households": pack_numbers(table["households"]),
            "people": pack_numbers(table["people_resident"]),
            "estimated": pack_integers(table["estimated"].to_numpy(dtype=np.int64)),
            **self.walks(),
            "units": [self.places(table[level.name], level.table.index) for level in town.levels],
        }
        if town.estates is not None:
            packed["estate"] = self.places(table["estate"], town.estates.index)
        if "address" in town.buildings:
            packed["address"] = pack_words(town.buildings["address"].reindex(table.index))
        return packed

    def _still(self) -> Packed:
        """What of the buildings no walk and no boundary changes."""
        table = self.measured
        return {
            "geometry": self.geometry(table.geometry),
            "id": pack_words(table.index),
            "name": pack_words(table["name"]),
        }

    def walks(self) -> Packed:
        """What a case says of each building; ``step``: how many limits it is beyond, one more where there is no way."""
        table = self.measured
        told = table[[column for column in table.columns if column in _WALK or column.startswith("served_")]]
        of = (told, self.town.facilities, self.minutes, self.language)
        packed: Packed = self.keep.value("map walks", of, lambda: self._packed_walks(table))
        return packed

    def _packed_walks(self, table: GeoDataFrame) -> Packed:
        return {
            "step": pack_integers(self.steps()),
            "cost": pack_numbers(table["cost"]),
            "walk": pack_numbers(table["walk_min"]),
            "facility": self.places(table["facility"], self.town.facilities.index),
            "reason": pack_words(table["reason"].map(self._reasons())),
            "connector": pack_numbers(np.round(table["connector_m"])),
            "straight": pack_numbers(np.round(table["straight_m"])),
            "edge": pack_integers(table["edge_affected"].to_numpy(dtype=np.int64)),
        }

    def _reasons(self) -> dict[object, str]:
        """What each reason is called."""
        return {reason: known_name("reason", reason, self.language) for reason in self.measured["reason"].unique()}

    def steps(self) -> np.ndarray:
        """How many limits each building's walk is beyond; one more where there is no way at all."""
        table = self.measured
        beyond = sum((~table[f"served_{m:g}"].to_numpy(dtype=bool)).astype(np.int64) for m in self.minutes)
        no_way = np.isinf(table["cost"]) & (table["reason"] != "beyond_limit")
        return np.asarray(np.where(no_way, len(self.minutes) + 1, beyond), dtype=np.int64)

    def facilities(self) -> Packed:
        """Facilities: whether they count in this case, and the households that they are the nearest for."""
        table = self.town.facilities
        tiers = sorted({str(t) for t in table["tier"] if t})
        order = {tier: number for number, tier in enumerate(tiers)}
        return {
            "geometry": self.geometry(table.geometry),
            "id": pack_words(table.index),
            "name": pack_words(table["name"]),
            "kind": pack_words(known_name("facility", kind, self.language) for kind in table["kind"]),
            "tier": pack_integers(np.array([order.get(t, -1) + 1 for t in table["tier"]])),
            "tiers": [clean_text(known_name("tier", tier, self.language)) for tier in tiers],
            "address": pack_words(table["address"]),
            "area": pack_numbers(table["floor_area_m2"]),
            "candidate": pack_integers(table["candidate"].to_numpy(dtype=np.int64)),
            **self.chosen(),
        }

    def chosen(self) -> Packed:
        """Which facilities count in this case, and the households that each is the nearest for."""
        counted = self.town.facilities.index.isin(self.coverage.facilities(self.case))
        return {
            "counted": pack_integers(counted.astype(np.int64)),
            "nearest": [pack_numbers(self.nearest_households(m)) for m in self.minutes],
        }

    def nearest_households(self, minutes: float) -> pd.Series:
        """Households within the limit, by the facility that is their nearest."""
        served = self.measured[self.measured[f"served_{minutes:g}"].astype(bool)]
        counts = served.groupby("facility")["households"].sum()
        return counts.reindex(self.town.facilities.index, fill_value=0.0)

    def level(self, level: Level, *, main: bool) -> Packed:
        """One level's units with their counts."""
        table = level.table
        return {
            "label": clean_text(title_name("level", level.name, self.language)),
            "one": clean_text(known_name("unit", level.name, self.language)),
            "main": main,
            "geometry": self.geometry(table.geometry),
            "anchors": self.geometry(self.anchors(table.geometry)),
            "id": pack_words(table.index),
            "name": pack_words(table["name"]),
            "code": pack_words(table["code"]),
            "office": pack_words(table["office"]),
            **self.answers(level),
        }

    def answers(self, level: Level) -> Packed:
        """What a case says of one level's units; ``rest`` are the buildings in no unit."""
        summary = self.coverage.summary(level.name, self.case)
        units = summary.reindex(level.table.index)
        rest = summary[summary.index.isna()]
        return {
            "median": pack_numbers(units[f"p50_{self.unit}"]),
            "slowest": pack_numbers(units[f"p90_{self.unit}"]),
            "floor": pack_numbers(units["floor_area_m2"]),
            "required": pack_numbers(units["required_m2"]),
            **self.counts(units),
            "rest": self.counts(rest) if len(rest) and float(rest["households"].iloc[0]) > 0 else None,
        }

    def counts(self, rows: pd.DataFrame) -> Packed:
        """Households, people and, a limit, the households and people served."""
        return {
            "households": pack_numbers(rows["households"]),
            "people": pack_numbers(rows["people"]),
            "served": [pack_numbers(rows[f"served_households_{m:g}"]) for m in self.minutes],
            "served_people": [pack_numbers(rows[f"served_people_{m:g}"]) for m in self.minutes],
        }

    def anchors(self, series: GeoSeries) -> GeoSeries:
        """Where a label stands well: the middle of the widest place of the largest part."""
        return label_anchors(series)

    def isochrones(self) -> Packed:
        """Bands, the widest first."""
        table = self.coverage.isochrones(self.case).sort_values("limit", ascending=False)

        def drawn() -> Packed:
            rounded = shapely.simplify(table.geometry.array, _ISOCHRONE_TOLERANCE_M)
            return self.geometry(GeoSeries(rounded, crs=table.crs))

        return {
            "geometry": self.keep.value("map isochrones", (table, self.origin), drawn),
            "step": [self.minutes.index(minutes) for minutes in table["minutes"]],
        }

    def clusters(self, minutes: float) -> Packed:
        """Groups of buildings beyond a limit."""
        served = self.measured[f"served_{minutes:g}"].to_numpy(dtype=bool)

        def drawn() -> Packed:
            table = self.coverage.unserved_clusters(self.case, minutes, keep=self.keep)
            table = table[table["households"] > 0]
            return {
                "geometry": self.geometry(table.geometry),
                "anchors": self.geometry(table.geometry.representative_point()),
                "households": pack_numbers(table["households"]),
                "people": pack_numbers(table["people"]),
                "buildings": pack_numbers(table["buildings"]),
            }

        drawn_once: Packed = self.keep.value("map clusters", (self.town.buildings, served, self.origin), drawn)
        return drawn_once

    def estates(self, table: GeoDataFrame) -> Packed:
        """Estates with the counts of their buildings."""
        return {
            "geometry": self.geometry(table.geometry),
            "id": pack_words(table.index),
            "name": pack_words(table["name"]),
            "kind": pack_words(known_name("estate", kind, self.language) for kind in table["kind"]),
            "walled": pack_integers(table["walled"].to_numpy(dtype=np.int64)),
            "address": pack_words(table["address"]),
            **self.counts(self.coverage.summary("estates", self.case).reindex(table.index)),
        }

    def gates(self, table: GeoDataFrame) -> Packed:
        """Gates, open or closed."""
        return {
            "geometry": self.geometry(table.geometry),
            "name": pack_words(table["name"]),
            "open": pack_integers(table["open"].to_numpy(dtype=np.int64)),
        }

    def streets(self, table: GeoDataFrame) -> Packed:
        """Streets, drawn by their weight."""
        return self.keep.value("map streets", (table, self.origin), lambda: pack_streets(table, origin=self.origin))

    def barriers(self, table: GeoDataFrame) -> Packed:
        """Barriers by kind."""
        return pack_barriers(table, origin=self.origin, language=self.language)

    def green(self, table: GeoDataFrame) -> Packed:
        """Green land."""
        return self.keep.value("map green", (table, self.origin), lambda: pack_green(table, origin=self.origin))


def label_anchors(series: GeoSeries) -> GeoSeries:
    """Where a label stands well: the middle of the widest place of the largest part.

    Parameters
    ----------
    series
        Polygons in metres.

    Returns
    -------
    GeoSeries
        Points on the same index.
    """
    parts = series.explode(index_parts=False)
    largest = parts[~parts.index.duplicated()] if len(parts) == len(series) else _largest(parts)
    circles = shapely.maximum_inscribed_circle(largest.reindex(series.index).array, tolerance=10.0)
    return GeoSeries(shapely.get_point(circles, 0), index=series.index, crs=series.crs)


def pack_streets(table: GeoDataFrame, *, origin: tuple[int, int]) -> Packed:
    """Streets with their weight on the page: 0 thin, 1 collector, 2 arterial.

    Parameters
    ----------
    table
        The town's streets.
    origin
        Micro-degrees from which packed coordinates count.

    Returns
    -------
    dict
        Packed columns.
    """
    weight = [2 if kind in _ARTERIALS else int(kind in _COLLECTORS) for kind in table["kind"]]
    return {
        "geometry": pack_geometry(table.geometry.to_crs(4326).array, origin=origin),
        "name": pack_words(table["name"]),
        "weight": pack_integers(np.array(weight)),
    }


def pack_barriers(table: GeoDataFrame, *, origin: tuple[int, int], language: str) -> Packed:
    """Barriers; ``kind`` is what the script draws, ``label`` what people call it.

    Parameters
    ----------
    table
        The town's barriers.
    origin
        Micro-degrees from which packed coordinates count.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict
        Packed columns.
    """
    return {
        "geometry": pack_geometry(table.geometry.to_crs(4326).array, origin=origin),
        "name": pack_words(table["name"]),
        "kind": pack_words(table["kind"]),
        "label": pack_words(known_name("barrier", kind, language) for kind in table["kind"]),
    }


def pack_green(table: GeoDataFrame, *, origin: tuple[int, int]) -> Packed:
    """Green land, which the page fills with one colour.

    Parameters
    ----------
    table
        The town's green land.
    origin
        Micro-degrees from which packed coordinates count.

    Returns
    -------
    dict
        Packed columns.
    """
    return {"geometry": pack_geometry(table.geometry.to_crs(4326).array, origin=origin)}


def _in_order(town: Town) -> Town:
    """The town with its tables in the order of their ids: the page is the same whatever the order of the rows."""
    names = ("buildings", "facilities", "streets", "estates", "gates", "barriers", "green")
    tables = {name: getattr(town, name) for name in names}
    levels = tuple(replace(level, table=level.table.sort_index()) for level in town.levels)
    ordered = {name: _sorted(table) for name, table in tables.items() if table is not None}
    return replace(town, levels=levels, **ordered)


def _sorted(table: GeoDataFrame) -> GeoDataFrame:
    """The table itself where it is in order already: it is known by its identity."""
    return table if table.index.is_monotonic_increasing else table.sort_index()


def _largest(parts: GeoSeries) -> GeoSeries:
    ordered = parts.iloc[np.argsort(-parts.area.to_numpy(), kind="stable")]
    return ordered[~ordered.index.duplicated()]
