"""Household and people counts that nobody gave: estimated, scaled to what is known, and marked as estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Notice

__all__ = ["HouseholdOptions", "apportion", "estimate_households"]

_COUNT_NAMES: dict[str, Message] = {"households": msg("households"), "people_resident": msg("people")}


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdOptions:
    """How missing counts are estimated.

    Attributes
    ----------
    total
        Households of the whole town; estimates are scaled so that all counts add up to it. None: not scaled.
    people_per_household
        People in a household.
    floor_area_per_household_m2
        Floor area of a dwelling.
    default_floors
        Storeys of a building that names none.

    References
    ----------
    7th national census 2020: 2.62 people and, in towns, 92.17 m2 of floor area per household (secondary sources).
    """

    total: float | None = None
    people_per_household: float = 2.62
    floor_area_per_household_m2: float = 92.17
    default_floors: float = 2.0


def apportion(weights: ArrayLike, total: int, keys: Sequence[str] | None = None) -> NDArray[np.int64]:
    """Share out a whole number in proportion to weights, by largest remainders.

    Parameters
    ----------
    weights
        At least 0 each.
    total
        What is shared out, at least 0.
    keys
        Ids; equal remainders go to the smallest.

    Returns
    -------
    ndarray of int
        As long as ``weights``; adds up to ``total``, or to 0 where all weights are 0.

    Examples
    --------
    >>> apportion([1.0, 1.0, 2.0], 6, ["b", "a", "c"]).tolist()
    [1, 2, 3]
    """
    weights = np.asarray(weights, float)
    whole = weights.sum()
    if not len(weights) or whole <= 0.0:
        return np.zeros(len(weights), np.int64)
    quota = weights / whole * total
    # quotas that are whole but for rounding must not lose one
    shares = np.floor(quota + 1e-9).astype(np.int64)
    left = int(total - shares.sum())
    names = np.asarray(keys if keys is not None else np.arange(len(weights)))
    # remainders that differ by rounding alone are equal
    order = np.lexsort((names, -np.round(quota - shares, 9), weights <= 0.0))
    shares[order[:left]] += 1
    return shares


def estimate_households(
    buildings: gpd.GeoDataFrame,
    *,
    options: HouseholdOptions | None = None,
    estates: gpd.GeoDataFrame | None = None,
    where: Where | None = None,
) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Fill in missing household and people counts of buildings.

    Counts that are given stay. An estate whose households are known shares what its buildings lack out by residential
    floor area; elsewhere a building holds its residential floor area (footprint x storeys x share where none is given)
    by that of a household, scaled to the town's total where one is given. Sums of whole numbers hold: largest
    remainders, ties to the smallest id. A building without residential floor area holds nobody.

    Parameters
    ----------
    buildings
        Table by :data:`geoplan.model.BUILDINGS` in metres; counts may be ``NaN``.
    options
        Figures of the estimate.
    estates
        Table of estates; their known counts go before the estimate.
    where
        File and layer of the buildings, for faults.

    Returns
    -------
    buildings : GeoDataFrame
        The same rows; ``households`` and ``people_resident`` are never missing, ``estimated`` marks the guesses.
    notices : list of Notice

    Raises
    ------
    InputError
        If the total is less than the counts that are given, or a building has neither a count nor an area.
    """
    options = options or HouseholdOptions()
    where = where or Where()
    table = buildings.copy()
    missing = table["households"].isna().to_numpy()
    if missing.any():
        area = _residential_area(table, options)
        weights = _weights(table, area, options)
        _check_areas(table, missing & np.isnan(weights), where)
        weights = np.nan_to_num(weights)
        table["households"], notices = _fill_households(table, weights, missing, estates, options, where)
        table["estimated"] = table["estimated"].to_numpy(bool) | (missing & (weights > 0.0))
        count = int((missing & (weights > 0.0)).sum())
        if count:
            notices.append(_estimated(count, table, options))
    else:
        notices = []
    notices += _other_total(table, options)
    people, notes = _fill_people(table, estates, options)
    table["people_resident"] = people
    return table, notices + notes


def _residential_area(table: gpd.GeoDataFrame, options: HouseholdOptions) -> NDArray[np.float64]:
    """Floor area that is lived in, m2; NaN for points that name none."""
    footprint = table.geometry.area.to_numpy()
    footprint = np.where(footprint > 0.0, footprint, np.nan)
    floors = table["floors"].fillna(options.default_floors).to_numpy()
    area = table["floor_area_m2"].to_numpy()
    area = np.where(np.isnan(area), footprint * floors, area)
    share = table["residential_share"].fillna(1.0).to_numpy()
    return np.where(share == 0.0, 0.0, area * share)


def _weights(table: gpd.GeoDataFrame, area: NDArray[np.float64], options: HouseholdOptions) -> NDArray[np.float64]:
    """Expected households; known people say more than areas."""
    by_people = table["people_resident"].to_numpy() / options.people_per_household
    return np.where(np.isnan(by_people), area / options.floor_area_per_household_m2, by_people)


def _check_areas(table: gpd.GeoDataFrame, lacking: NDArray[np.bool_], where: Where) -> None:
    if not lacking.any():
        return
    rows = tuple(str(i) for i in table.index[lacking])
    raise InputError(
        Fault(
            "no-households",
            msg("households, people or a floor area for buildings drawn as points"),
            msg("none of them"),
            msg("fill in households (or floor_area_m2), or draw the outlines"),
            Where(where.file, where.layer, "households", rows),
        )
    )


def _fill_households(
    table: gpd.GeoDataFrame,
    weights: NDArray[np.float64],
    missing: NDArray[np.bool_],
    estates: gpd.GeoDataFrame | None,
    options: HouseholdOptions,
    where: Where,
) -> tuple[NDArray[np.float64], list[Notice]]:
    ids = table.index.to_numpy()
    households = table["households"].to_numpy(copy=True)
    rest = missing.copy()
    notices: list[Notice] = []
    if estates is not None:
        done, notices = _share_out(table, households, weights, missing, estates, "households")
        rest &= ~done
    expected = np.where(rest, weights, 0.0)
    goal = round(expected.sum())
    if options.total is not None:
        goal = round(options.total - np.nansum(np.where(rest, 0.0, households)))
        if goal < 0:
            raise InputError(_wrong_total(options.total, options.total - goal, where))
    households[rest] = apportion(weights[rest], goal, ids[rest])
    return households, notices


def _share_out(
    table: gpd.GeoDataFrame,
    counts: NDArray[np.float64],
    weights: NDArray[np.float64],
    missing: NDArray[np.bool_],
    estates: gpd.GeoDataFrame,
    column: str,
) -> tuple[NDArray[np.bool_], list[Notice]]:
    """Give buildings what their estate's known count leaves; writes ``counts``, tells which are done."""
    known = estates[column].dropna()
    ids = table.index.to_numpy()
    members = pd.Series(np.arange(len(table)), index=table["estate"].to_numpy()).groupby(level=0).apply(list)
    done = np.zeros(len(table), bool)
    empty, over = [], []
    for estate, count in known.sort_index().items():
        rows = np.array(members.get(estate, []), dtype=int)
        open_rows = rows[missing[rows]] if len(rows) else rows
        given = np.nansum(counts[rows[~missing[rows]]]) if len(rows) else 0.0
        if not len(open_rows):
            if count > 0 and not given:
                empty.append(str(estate))
            continue
        left = count - given
        if left < 0:
            over.append(str(estate))
        if left > 0 and weights[open_rows].sum() <= 0.0:
            empty.append(str(estate))
        counts[open_rows] = apportion(weights[open_rows], max(round(left), 0), ids[open_rows])
        done[open_rows] = True
    return done, _share_notices(empty, over, column)


def _share_notices(empty: list[str], over: list[str], column: str) -> list[Notice]:
    notices = []
    if empty:
        text = msg(
            "{count} estates have {column} but no dwelling to hold them: {ids}",
            count=len(empty),
            column=_COUNT_NAMES[column],
            ids=", ".join(empty[:5]),
        )
        notices.append(Notice("estates-without-buildings", text, everywhere=True))
    if over:
        text = msg(
            "{count} estates have less {column} than their buildings: {ids}; the buildings count",
            count=len(over),
            column=_COUNT_NAMES[column],
            ids=", ".join(over[:5]),
        )
        notices.append(Notice("estates-below-buildings", text))
    return notices


def _other_total(table: gpd.GeoDataFrame, options: HouseholdOptions) -> list[Notice]:
    given = float(table["households"].sum())
    if options.total is None or round(given) == round(options.total):
        return []
    text = msg(
        "households add up to {given:g}, not to the total of {total:g}: nothing is left to estimate",
        total=options.total,
        given=given,
    )
    return [Notice("total-differs", text, everywhere=True)]


def _wrong_total(total: float, given: float, where: Where) -> Fault:
    return Fault(
        "wrong-total",
        msg("a total of households that the counts leave room for"),
        msg("total {total:g}, but {given:g} are given by the tables", total=total, given=given),
        msg("correct households.total, or leave it out"),
        Where(where.file, where.layer, "households"),
    )


def _estimated(count: int, table: gpd.GeoDataFrame, options: HouseholdOptions) -> Notice:
    text = msg(
        "households of {count} of {all} buildings are estimates ({area:g} m2 each, {floors:g} storeys if unknown)",
        count=count,
        all=len(table),
        floors=options.default_floors,
        area=options.floor_area_per_household_m2,
    )
    if options.total is not None:
        text = msg("{estimate}; scaled to {total:g} households in all", estimate=text, total=options.total)
    return Notice("households-estimated", text, everywhere=True)


def _fill_people(
    table: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None, options: HouseholdOptions
) -> tuple[NDArray[np.float64], list[Notice]]:
    people = table["people_resident"].to_numpy(copy=True)
    missing = np.isnan(people)
    if not missing.any():
        return people, []
    households = table["households"].to_numpy()
    rest = missing.copy()
    notices: list[Notice] = []
    if estates is not None:
        done, notices = _share_out(table, people, households, missing, estates, "people_resident")
        rest &= ~done
    expected = households[rest] * options.people_per_household
    people[rest] = apportion(expected, round(expected.sum()), table.index.to_numpy()[rest])
    count = int((rest & (households > 0)).sum())
    if count:
        text = msg(
            "people of {count} of {all} buildings are estimates ({size:g} a household)",
            count=count,
            all=len(table),
            size=options.people_per_household,
        )
        notices.append(Notice("people-estimated", text, everywhere=True))
    return people, notices
