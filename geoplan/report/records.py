"""Plain values out of a coverage: what programs read and what all outputs share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.text import translate

if TYPE_CHECKING:
    from geoplan.coverage import Case, Coverage

__all__ = ["coverage_record", "json_value", "notice_texts", "units_table", "walk_classes"]


def json_value(value: Any) -> Any:
    """A value as JSON may hold it: whole numbers as int, nothing that is no number.

    Parameters
    ----------
    value
        A scalar, a list, tuple or dict of such.

    Returns
    -------
    object
        ``None`` for what is missing or infinite.

    Examples
    --------
    >>> json_value([3.0, 2.5, float("inf"), {"a": None}])
    [3, 2.5, None, {'a': None}]
    """
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() else round(number, 6)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return str(value)


def notice_texts(coverage: Coverage, language: str, *, everywhere: bool) -> list[str]:
    """Sentences of the notices, each once.

    Parameters
    ----------
    coverage
        The coverage.
    language
        ``"zh"`` or ``"en"``.
    everywhere
        Those that every output must print, or the others.

    Returns
    -------
    list of str
    """
    texts = (translate(n.message, language) for n in coverage.notices if n.everywhere == everywhere)
    return list(dict.fromkeys(texts))


def walk_classes(buildings: pd.DataFrame, minutes: tuple[float, ...]) -> pd.Series:
    """Class of each building's walk.

    Parameters
    ----------
    buildings
        Table of a case, with ``served_M``, ``cost`` and ``reason``.
    minutes
        The circles, minutes.

    Returns
    -------
    pandas.Series
        On the same index: the minutes of the smallest circle (``"15"``), ``"beyond"`` or ``"unreachable"``.
    """
    no_way = np.isinf(buildings["cost"]) & (buildings["reason"] != "beyond_limit")
    classes = pd.Series(np.where(no_way, "unreachable", "beyond"), index=buildings.index, dtype=object)
    for m in sorted(minutes, reverse=True):
        classes[buildings[f"served_{m:g}"].astype(bool)] = f"{m:g}"
    return classes


def units_table(coverage: Coverage, case: Case, level: str = "") -> pd.DataFrame:
    """One row a unit, the buildings in no unit last.

    Parameters
    ----------
    coverage, case
        The coverage and one of its cases.
    level
        Name of a level, ``"estates"``, or ``""`` for the main level.

    Returns
    -------
    pandas.DataFrame
        As ``coverage.summary``, with a column ``id`` in front (None for the buildings in no unit) and rows numbered.
    """
    table = coverage.summary(level or None, case)
    ids = [None if missing else str(i) for i, missing in zip(table.index, table.index.isna(), strict=True)]
    plain = table.reset_index(drop=True)
    plain.insert(0, "id", pd.Series(ids, dtype=object, index=plain.index))
    order = np.argsort([i is None for i in ids], kind="stable")
    return plain.iloc[order].reset_index(drop=True)


def coverage_record(coverage: Coverage, *, minutes: float, case: Case | None = None) -> dict[str, Any]:
    """What one circle of one case came to, as plain values.

    Parameters
    ----------
    coverage
        The coverage.
    minutes
        One of its circles, minutes.
    case
        One of its cases; the first by default.

    Returns
    -------
    dict
        ``mode, profile, centre, tier, minutes, limit`` (seconds or metres)``, households, served_households, people,
        served_people, share, estimated, binding_rule, buildings, unreachable_buildings, communities``. A share of
        nobody is None.
    """
    case = case or coverage.case
    total = coverage.total(case)
    units = units_table(coverage, case)
    key = f"{minutes:g}"
    return json_value(
        {
            "mode": case.mode,
            "profile": coverage.profile(case).id,
            "centre": case.centre,
            "tier": case.tier or None,
            "minutes": minutes,
            "limit": coverage.limit(case, minutes),
            **_counts(total, key),
            "estimated": bool(coverage.town.estimated),
            "binding_rule": coverage.binding_rule(case, minutes).id,
            "buildings": total["buildings"],
            "unreachable_buildings": total["unreachable_buildings"],
            "communities": [
                {"id": row["id"], "name": row.get("name") or "", **_counts(row, key)}
                for row in units.to_dict("records")
            ],
        }
    )


def _counts(row: dict[str, Any], key: str) -> dict[str, Any]:
    households = float(row["households"])
    served = float(row[f"served_households_{key}"])
    return {
        "households": households,
        "served_households": served,
        "people": row["people"],
        "served_people": row[f"served_people_{key}"],
        "share": served / households if households > 0 else None,
    }
