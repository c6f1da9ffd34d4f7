"""Streets drawn in ASCII on a grid of 100 m, and what stands along them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import handmade as hm
import numpy as np
import shapely
from shapely import LineString, Point, box

from geoplan.model import FACILITIES, Town
from geoplan.reach import Metric, Reach, ReachOptions, build_reach
from geoplan.standards import Profile, load_profile

STEP = 100.0
PLANNER = load_profile("planner")
TIME = Metric("time", PLANNER)
METRES = Metric("distance", PLANNER)


def draw(picture: str, **changes: dict[str, Any]) -> gpd.GeoDataFrame:
    """Streets of a picture: letters are nodes, ``-`` and ``|`` streets between neighbours 100 m apart.

    Columns 0, 2, 4 ... and rows 0, 2, 4 ... hold nodes (``.`` is none); the last row is y = 0. A street is named by its
    ends, west or south first: ``ab``. ``changes`` gives columns of single streets, such as ``ab={"level": 1}``.
    """
    rows = [line.ljust(80) for line in picture.strip("\n").split("\n")]
    top = len(rows) - 1
    node: dict[str, tuple[float, float]] = {}
    streets: dict[str, dict[str, Any]] = {}
    for r in range(0, len(rows), 2):
        for c in range(0, 80, 2):
            here = rows[r][c]
            if not here.isalpha():
                continue
            node[here] = (c / 2 * STEP, (top - r) / 2 * STEP)
            if rows[r][c + 1] == "-":
                streets[here + rows[r][c + 2]] = {}
            if r + 2 <= top and rows[r + 1][c] == "|":
                streets[rows[r + 2][c] + here] = {}
    for name, row in streets.items():
        a, b = (node[letter] for letter in name)
        row |= {"geometry": LineString([a, b]), "u": ord(name[0]), "v": ord(name[1]), "climb_m": np.nan}
        row |= changes.get(name, {})
    assert set(changes) <= set(streets)
    return hm.streets(dict(sorted(streets.items())))


def points(places: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows of a table: a place, or a row with ``at``."""
    return {name: place if isinstance(place, dict) else {"at": place} for name, place in places.items()}


def houses(places: dict[str, Any]) -> gpd.GeoDataFrame:
    """Buildings that are points, so that their door is where one reads it."""
    rows = points(places)
    return hm.buildings({k: {"geometry": Point(v["at"]), **v} for k, v in rows.items()})


def facilities(places: dict[str, Any]) -> gpd.GeoDataFrame:
    """Facilities at places; a list of places is one with several doors."""
    rows = {}
    for name, row in points(places).items():
        at = row["at"]
        rows[name] = {**row, "geometry": shapely.MultiPoint(at) if isinstance(at, list) else Point(at)}
        del rows[name]["at"]
    return hm.table(FACILITIES, rows)


def estate(west: float, south: float, east: float, north: float, **columns: Any) -> dict[str, Any]:
    """A walled estate."""
    return {"geometry": box(west, south, east, north), "walled": True, "through": False, **columns}


def world(streets: gpd.GeoDataFrame | None, homes: dict[str, Any], goals: dict[str, Any], **parts: Any) -> Town:
    """A town; ``estates``, ``gates``, ``entrances`` and ``barriers`` are given as rows."""
    tables = {
        name: getattr(hm, name)(points(rows) if name in ("gates", "entrances") else rows)
        for name, rows in parts.items()
    }
    return hm.town(streets=streets, buildings=houses(homes), facilities=facilities(goals), **tables)


def reach(*args: Any, options: ReachOptions | None = None, **parts: Any) -> Reach:
    """The reach of :func:`world`."""
    return build_reach(world(*args, **parts), options=options)


def costs(made: Reach, metric: Metric = METRES, limit: float = 10_000.0, **how: Any) -> dict[str, float]:
    """Cost per building."""
    return made.walk_times(metric, limit=limit, **how).table["cost"].to_dict()


def reasons(made: Reach, metric: Metric = METRES, limit: float = 10_000.0, **how: Any) -> dict[str, str]:
    """Reason per building."""
    return made.walk_times(metric, limit=limit, **how).table["reason"].to_dict()


def walker(**changes: Any) -> Profile:
    """A profile of one's own."""
    from dataclasses import replace

    return replace(PLANNER, **changes)
