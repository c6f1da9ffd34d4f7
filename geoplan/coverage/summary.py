"""The tables of a coverage: counts by unit, floor areas, the distribution of walks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.coverage.counting import Groups, divide
from geoplan.coverage.notices import FLOOR_RULES
from geoplan.standards import Rule, Standard, find_rule

__all__ = ["count_units", "distribution", "floor_areas", "unit_names"]

Floats = NDArray[np.float64]


def count_units(
    buildings: GeoDataFrame, walks: pd.DataFrame, groups: Groups, minutes: Sequence[float], *, mode: str
) -> pd.DataFrame:
    """Counts, shares and walks by unit.

    Parameters
    ----------
    buildings
        The town's buildings.
    walks
        Their walks in one case.
    groups
        The unit of each building.
    minutes
        Circles.
    mode
        Of the case: in which unit the quantiles are.

    Returns
    -------
    DataFrame
        One row a unit, a last one for buildings in none.
    """
    households = buildings["households"].to_numpy(dtype=np.float64)
    people = buildings["people_resident"].to_numpy(dtype=np.float64)
    cost = walks["cost"].to_numpy(dtype=np.float64)
    total, total_people = groups.sum(households), groups.sum(people)
    columns: dict[str, object] = {
        "buildings": groups.size.astype(np.int64),
        "households": total,
        "people": total_people,
        "people_registered": groups.sum(buildings["people_registered"]),
        "estimated": groups.sum(buildings["estimated"].astype(np.float64)) > 0,
    }
    kept = {m: walks[f"served_{m:g}"].to_numpy(dtype=bool) for m in minutes}
    served = {m: groups.sum(households * kept[m]) for m in minutes}
    served_people = {m: groups.sum(people * kept[m]) for m in minutes}
    straight = {m: groups.sum(households * walks[f"straight_{m:g}"].to_numpy(dtype=bool)) for m in minutes}
    columns |= {f"served_households_{m:g}": served[m] for m in minutes}
    columns |= {f"served_people_{m:g}": served_people[m] for m in minutes}
    columns |= {f"share_{m:g}": divide(served[m], total) for m in minutes}
    columns |= {f"people_share_{m:g}": divide(served_people[m], total_people) for m in minutes}
    columns |= {f"straight_share_{m:g}": divide(straight[m], total) for m in minutes}
    columns["unreachable_buildings"] = groups.sum(np.isinf(cost).astype(np.float64)).astype(np.int64)
    half, most = groups.quantiles(cost, households, (0.5, 0.9))
    for unit, scale in (("min", 60.0 if mode == "time" else np.nan), ("m", 1.0 if mode == "distance" else np.nan)):
        columns |= {f"p50_{unit}": half / scale, f"p90_{unit}": most / scale}
        columns[f"mean_{unit}"] = groups.mean(cost, households) / scale
    columns["edge_affected"] = groups.sum(walks["edge_affected"].to_numpy(dtype=np.float64)).astype(np.int64)
    return pd.DataFrame(columns, index=groups.index)


def floor_areas(
    facilities: GeoDataFrame, units: pd.Series, households: pd.Series, standards: Sequence[Standard], *, required: bool
) -> pd.DataFrame:
    """Floor area of each unit's own facilities against the binding rules.

    Parameters
    ----------
    facilities
        Those that count.
    units
        Unit or None of each.
    households
        Households of each unit, the last row those in none.
    standards
        The active standards.
    required
        Whether the rules are about units of this level.

    Returns
    -------
    DataFrame
        Indexed like ``households``: facilities, floor_area_m2 (known areas together; NaN where none of those there are
        is known), unknown_floor_areas, m2_per_100_households, required_m2, shortfall_m2, rule (id of the binding one,
        ``""`` for none), sites_below_min, and floor_area_ok (True, False, or missing where no rule speaks of it or the
        unknown areas decide).
    """
    groups = Groups(units, [str(unit) for unit in households.index[:-1]])
    area = facilities["floor_area_m2"].to_numpy(dtype=np.float64)
    count, known, unknown = groups.size, groups.sum(area), groups.sum(np.isnan(area).astype(np.float64))
    least, rate = (find_rule(standards, quantity) for quantity in FLOOR_RULES)
    homes = households.to_numpy(dtype=np.float64)
    needed, rule = _needed(homes, least, rate if required else None, required=required)
    needed[-1], rule[-1] = np.nan, ""
    below = area < least.limit if least is not None else np.zeros(len(area), dtype=bool)
    there = np.nan_to_num(known)
    enough = pd.array(there >= needed, dtype="boolean")
    enough[np.isnan(needed) | ((there < needed) & (unknown > 0))] = pd.NA
    return pd.DataFrame(
        {
            "facilities": count.astype(np.int64),
            "floor_area_m2": known,
            "unknown_floor_areas": unknown.astype(np.int64),
            "m2_per_100_households": 100.0 * divide(known, homes),
            "required_m2": needed,
            "shortfall_m2": np.where(enough.isna(), np.nan, np.maximum(needed - there, 0.0)),
            "rule": pd.Series(rule, index=households.index, dtype=object),
            "sites_below_min": groups.sum(below.astype(np.float64)).astype(np.int64),
            "floor_area_ok": enough,
        },
        index=households.index,
    )


def _needed(
    homes: Floats, least: Rule | None, rate: Rule | None, *, required: bool
) -> tuple[Floats, NDArray[np.object_]]:
    """Floor area needed by unit, and the id of the rule that asks for the most; NaN and ``""`` without rule."""
    needed = np.full(len(homes), np.nan)
    rule = np.full(len(homes), "", dtype=object)
    if required and least is not None:
        needed[:], rule[:] = least.limit, least.id
    if rate is not None:
        by_rate = rate.limit * homes / 100.0
        more = ~(by_rate <= needed)
        needed[more], rule[more] = by_rate[more], rate.id
    return needed, rule


def distribution(buildings: GeoDataFrame, walks: pd.DataFrame, *, mode: str) -> pd.DataFrame:
    """Households by length of the walk.

    Parameters
    ----------
    buildings
        The town's buildings.
    walks
        Their walks in one case.
    mode
        ``"time"``: classes of one minute; ``"distance"``: of 100 m.

    Returns
    -------
    DataFrame
        One row a class, upper end included (a walk of exactly 5 min is in 4-5): low, high (min or m), buildings,
        households, people; the last one, from inf to inf, those without a way.
    """
    cost = walks["cost"].to_numpy(dtype=np.float64)
    step = 60.0 if mode == "time" else 100.0
    finite = np.isfinite(cost)
    number = np.full(len(cost), -1, dtype=np.int64)
    # The same rounding as for the limits: sums of floats may end a hair above what they meet exactly.
    number[finite] = np.maximum(np.ceil((cost[finite] - 1e-6) / step).astype(np.int64) - 1, 0)
    classes = int(number.max(initial=-1)) + 1
    number[~finite] = classes
    ends = np.append(np.arange(classes, dtype=np.float64), np.inf) * (1.0 if mode == "time" else step)
    width = 1.0 if mode == "time" else step
    return pd.DataFrame(
        {
            "low": ends,
            "high": ends + width,
            "buildings": np.bincount(number, minlength=classes + 1),
            "households": np.bincount(number, buildings["households"], classes + 1),
            "people": np.bincount(number, buildings["people_resident"], classes + 1),
        }
    )


def unit_names(ids: Sequence[str], table: GeoDataFrame) -> list[str]:
    """Names of units in the order of their ids, then ``""`` for the row without unit.

    Parameters
    ----------
    ids
        Unit ids.
    table
        The level's table.

    Returns
    -------
    list of str
    """
    return [*table["name"].reindex(list(ids)).fillna(""), ""]
