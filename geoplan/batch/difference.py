"""What changed from one run to another: who is newly served, and who no longer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from geoplan.coverage import Coverage

__all__ = ["circles_compared", "difference", "served_table", "totals"]

_COUNTS = ("households", "people")


def served_table(coverage: Coverage) -> pd.DataFrame:
    """Who is served in the main case, building by building.

    Parameters
    ----------
    coverage
        The coverage.

    Returns
    -------
    pandas.DataFrame
        Indexed by building: unit, unit_name, households, people, cost, and for each circle ``served_M`` with its
        minutes M, the smallest first.
    """
    table = coverage.buildings()
    level = coverage.town.levels[0] if coverage.town.levels else None
    unit = table[level.name] if level is not None else pd.Series(None, index=table.index, dtype=object)
    names = {} if level is None else level.table["name"].to_dict()
    return pd.DataFrame(
        {
            "unit": unit,
            "unit_name": [names.get(one) or one for one in unit],
            "households": table["households"].astype(float),
            "people": table["people_resident"].astype(float),
            "cost": table["cost"],
            **{f"served_{m:g}": table[f"served_{m:g}"].astype(bool) for m in sorted(coverage.minutes)},
        },
        index=table.index,
    )


def circles_compared(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, str]:
    """Columns of the circles that are compared: the largest that both know; the largest of each if they share none.

    Parameters
    ----------
    before, after
        What :func:`served_table` gave of two runs.

    Returns
    -------
    tuple of str
    """
    then, now = ([name for name in table if str(name).startswith("served_")] for table in (before, after))
    shared = [name for name in then if name in now]
    return (shared[-1], shared[-1]) if shared else (then[-1], now[-1])


def difference(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Households and people won and lost, by unit, within the largest circle that both runs measured.

    Parameters
    ----------
    before, after
        What :func:`served_table` gave of two runs.

    Returns
    -------
    pandas.DataFrame
        Indexed by unit id (None for buildings in none), sorted: name and, for households and people, ``served_before``,
        ``served_after``, ``won`` (served only after, new buildings among them; in the unit of after), ``lost`` (served
        only before; in the unit of before) and ``moved`` (served both times, into the unit less out of it):
        after - before = won - lost + moved.
    """
    ids = after.index.union(before.index)
    then, now = before.reindex(ids), after.reindex(ids)
    then_in, now_in = circles_compared(before, after)
    was, is_ = then[then_in].eq(True), now[now_in].eq(True)
    keys = pd.Index(sorted({*before["unit"].dropna(), *after["unit"].dropna()}), dtype=object)
    names = {**_names(before), **_names(after)}
    out = pd.DataFrame({"name": [names.get(key, key) for key in keys]}, index=keys)
    nowhere = pd.DataFrame({"name": [""]}, index=pd.Index([None], dtype=object))
    out = pd.concat([out, nowhere])
    for count in _COUNTS:
        sums = {
            "served_before": _by_unit(then, was, count, out.index),
            "served_after": _by_unit(now, is_, count, out.index),
            "won": _by_unit(now, is_ & ~was, count, out.index),
            "lost": _by_unit(then, was & ~is_, count, out.index),
        }
        for name, values in sums.items():
            out[f"{name}_{count}"] = values
        change = out[f"served_after_{count}"] - out[f"served_before_{count}"]
        out[f"moved_{count}"] = change - out[f"won_{count}"] + out[f"lost_{count}"]
    empty = not out.iloc[-1][[name for name in out if name != "name"]].astype(float).any()
    return out.iloc[:-1] if empty else out


def _names(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["unit"], table["unit_name"], strict=True))


def _by_unit(table: pd.DataFrame, kept: pd.Series, count: str, units: pd.Index) -> list[float]:
    chosen = table.loc[kept.to_numpy()]
    known = chosen["unit"].notna()
    sums = chosen.loc[known].groupby("unit")[count].sum()
    return [*(float(sums.get(unit, 0.0)) for unit in units[:-1]), float(chosen.loc[~known, count].sum())]


def totals(table: pd.DataFrame) -> dict[str, Any]:
    """The sums of a difference.

    Parameters
    ----------
    table
        What :func:`difference` gave.

    Returns
    -------
    dict
        Columns to sums, without the names.
    """
    return {str(name): float(table[name].sum()) for name in table if name != "name"}
