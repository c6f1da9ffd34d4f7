"""Towns drawn by hand, and walks as the crow flies for tests that are not about streets."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point, box

from geoplan.model import (
    BARRIERS,
    BUILDINGS,
    ENTRANCES,
    ESTATES,
    FACILITIES,
    GATES,
    GREEN,
    STREETS,
    UNITS,
    Level,
    TableSchema,
    Town,
)

CRS = "EPSG:4548"
_DTYPES = {"text": object, "reference": object, "number": np.float64, "integer": np.int64, "boolean": bool}


def table(schema: TableSchema, rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """A table of that schema: id -> its values; what is not given is missing."""
    data = {
        column.name: pd.Series(
            [row.get(column.name, column.missing) for row in rows.values()], dtype=_DTYPES[column.kind]
        ).to_numpy()
        for column in schema
    }
    extra = sorted({name for row in rows.values() for name in row} - set(data) - {"geometry"})
    data |= {name: np.array([row.get(name) for row in rows.values()], dtype=object) for name in extra}
    index = pd.Index(list(rows), dtype=object, name="id")
    return gpd.GeoDataFrame(data, index=index, geometry=[row["geometry"] for row in rows.values()], crs=CRS)


def buildings(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Buildings; ``at`` stands for a house of 10 x 10 m around that point, residents are 3 a household."""
    full = {}
    for name, row in rows.items():
        given = dict(row)
        x, y = given.pop("at", (0, 0))
        given.setdefault("geometry", box(x - 5, y - 5, x + 5, y + 5))
        given.setdefault("households", 1.0)
        given.setdefault("people_resident", 3.0 * given["households"])
        full[name] = given
    return table(BUILDINGS, full)


def facilities(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Facilities; ``at`` stands for a point."""
    return table(FACILITIES, {k: {"geometry": Point(v.get("at", (0, 0))), **_without_at(v)} for k, v in rows.items()})


def units(rows: dict[str, Any], **columns: dict[str, Any]) -> gpd.GeoDataFrame:
    """Units by id -> polygon; further columns by id."""
    full = {
        name: {"name": name.upper(), "geometry": shape, **{c: values.get(name) for c, values in columns.items()}}
        for name, shape in rows.items()
    }
    return table(UNITS, full)


def streets(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Street edges; length by the line unless given."""
    full = {k: {"length_m": v["geometry"].length, "level": 0, "kind": "residential", **v} for k, v in rows.items()}
    return table(STREETS, full)


def estates(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Estates."""
    return table(ESTATES, rows)


def gates(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Gates; ``at`` stands for a point."""
    return table(GATES, {k: {"geometry": Point(v["at"]), **_without_at(v)} for k, v in rows.items()})


def entrances(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Entrances; ``at`` stands for a point."""
    return table(ENTRANCES, {k: {"geometry": Point(v["at"]), **_without_at(v)} for k, v in rows.items()})


def barriers(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Barriers."""
    return table(BARRIERS, rows)


def green(rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """Green land."""
    return table(GREEN, rows)


def town(**parts: Any) -> Town:
    """A town whose datum is known."""
    parts.setdefault("facilities", facilities({}))
    return Town(**{"name": "T", "datum": "cgcs2000", **parts})


def level(name: str, rows: dict[str, Any], *, parent: str | None = None, **columns: dict[str, Any]) -> Level:
    """A level."""
    return Level(name, units(rows, **columns), parent)


def _without_at(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "at"}


@dataclass
class CrowReach:
    """Walks in straight lines between representative points; counts what it is asked."""

    town: Town
    cut_off: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    estimated: bool = False
    notices: tuple[Any, ...] = ()

    @property
    def door_snaps(self) -> pd.DataFrame:
        ids = self.town.buildings.index
        return pd.DataFrame({"edge": "e", "offset_m": 0.0, "connector_m": 7.0, "component": 0, "reason": ""}, index=ids)

    def walk_times(self, metric: Any, *, facilities: Any = None, limit: float) -> SimpleNamespace:
        ids = sorted(facilities)
        self.asked.append(tuple(ids))
        rows = self.town.buildings
        result = pd.DataFrame({"cost": np.inf, "facility": None, "reason": "no_facility"}, index=rows.index)
        result["facility"] = result["facility"].astype(object)
        if ids:
            points = np.asarray(rows.geometry.representative_point().array)
            doors = np.asarray(self.town.facilities.geometry.loc[ids].array)
            distance = shapely.distance(points[:, None], doors[None, :])
            nearest = distance.argmin(axis=1)
            cost = distance[np.arange(len(rows)), nearest]
            result["cost"] = cost / metric.profile.speed_m_s if metric.mode == "time" else cost
            result["facility"] = np.array(ids, dtype=object)[nearest]
            result["reason"] = ""
        for building, reason in self.cut_off.items():
            result.loc[building, ["cost", "facility", "reason"]] = [np.inf, None, reason]
        return SimpleNamespace(table=result)

    def isochrones(self, metric: Any, *, facilities: Any = None, limits: Any) -> gpd.GeoDataFrame:
        doors = shapely.union_all(self.town.facilities.geometry.loc[list(facilities)].array)
        speed = metric.profile.speed_m_s if metric.mode == "time" else 1.0
        shapes = [doors.buffer(limit * speed) for limit in limits]
        return gpd.GeoDataFrame({"limit": [float(x) for x in limits]}, geometry=shapes, crs=CRS)
