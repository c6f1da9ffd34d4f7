"""A town as it may leave the office: without names and addresses of homes, and without counts of a few."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geoplan.errors import Fault, InputError, msg
from geoplan.model import BUILDINGS, ENTRANCES, ESTATES, FACILITIES, GATES, GREEN, STREETS, UNITS, Notice

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.model import TableSchema, Town

__all__ = ["THRESHOLD", "anonymise_town"]

THRESHOLD = 5
"""Counts below it are rounded."""

_COUNTS = ("households", "people_resident", "people_registered")


def anonymise_town(town: Town, *, threshold: int = THRESHOLD) -> Town:
    """Drop names and addresses of homes, and round counts under a threshold, before anything is measured.

    Every output of such a town is safe in the same way, since none has seen more: map, workbook, GeoPackage, summary.
    A building's count under the threshold becomes 0 or the threshold. What is taken from one building is given to the
    next ones (by estate, then id), so that sums stay within one threshold of the truth for any run of buildings in that
    order. Sums of buildings are then 0 or at least the threshold, too.

    Names of estates, facilities, streets and communities stay; so do ids, by which edits find their way back.

    Parameters
    ----------
    town
        The town; it is not changed.
    threshold
        Smallest count that is shown; at least 2.

    Returns
    -------
    Town
        With a notice that must stand on every output.

    Raises
    ------
    InputError
        If the threshold is below 2.

    References
    ----------
    Random rounding to a base, made controlled: Cox (1987), A constructive procedure for unbiased controlled rounding,
    JASA 82(398).
    """
    if threshold < 2:
        raise InputError(
            Fault(
                code="bad-threshold",
                needed=msg("a threshold of at least 2"),
                given=msg("{threshold}", threshold=threshold),
                mend=msg("give another value"),
            )
        )
    levels = tuple(replace(level, table=_only(level.table, UNITS)) for level in town.levels)
    notice = Notice(
        "anonymised",
        msg(
            "Anonymised: no names or addresses of buildings; counts below {threshold} are rounded to 0 or {threshold}",
            threshold=threshold,
        ),
        everywhere=True,
    )
    return replace(
        town,
        buildings=_buildings(town, threshold),
        facilities=_only(town.facilities, FACILITIES),
        streets=_maybe(town.streets, STREETS),
        levels=levels,
        estates=None if town.estates is None else _round(_only(town.estates, ESTATES), threshold, order=None),
        gates=_maybe(town.gates, GATES),
        entrances=_maybe(town.entrances, ENTRANCES),
        green=_maybe(town.green, GREEN),
        notices=(*town.notices, notice),
    )


def _buildings(town: Town, threshold: int) -> GeoDataFrame:
    units = [level.name for level in town.levels]
    table = _only(town.buildings, BUILDINGS, also=units).assign(name="")
    if "address" in table:
        table["address"] = ""
    estates = table["estate"].fillna("").astype(str).to_numpy()
    return _round(table, threshold, order=np.lexsort((table.index.astype(str).to_numpy(), estates)))


def _round(table: GeoDataFrame, threshold: int, *, order: NDArray[np.intp] | None) -> GeoDataFrame:
    """Counts below the threshold as 0 or the threshold; in an order sums are kept, else each is rounded alone."""
    table = table.copy()
    for column in [name for name in _COUNTS if name in table]:
        counts = table[column].to_numpy(dtype=np.float64).copy()
        small = (counts > 0) & (counts < threshold)
        if order is None:
            counts[small] = np.where(counts[small] * 2 < threshold, 0.0, threshold)
        else:
            rows = order[small[order]]
            steps = np.floor(np.cumsum(counts[rows]) / threshold + 0.5)
            counts[rows] = threshold * np.diff(steps, prepend=0.0)
        table[column] = counts
    return table


def _only(table: GeoDataFrame, schema: TableSchema, *, also: list[str] | None = None) -> GeoDataFrame:
    """The columns that geoplan knows: what else a file held may be about persons."""
    known = {column.name for column in schema} | set(also or ()) | {table.geometry.name}
    return table[[column for column in table.columns if column in known]].copy()


def _maybe(table: GeoDataFrame | None, schema: TableSchema) -> GeoDataFrame | None:
    return None if table is None else _only(table, schema)
