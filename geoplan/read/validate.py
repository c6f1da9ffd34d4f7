"""Whether a table is what its schema says: every fault at once, each with its rows."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.errors import Fault, Where, msg
from geoplan.model import Column, TableSchema
from geoplan.read.geometry import conform_geometry
from geoplan.read.sources import ROLE_NAMES

__all__ = ["validate_ids", "validate_references", "validate_table", "validate_values"]


def validate_ids(frame: pd.DataFrame, where: Where) -> list[Fault]:
    """Missing and duplicate ids.

    Parameters
    ----------
    frame
        Table whose index holds the ids, ``""`` where one is missing.
    where
        File, layer and the field of the ids.

    Returns
    -------
    list of Fault
    """
    faults = []
    ids = pd.Series(frame.index.astype(object), index=range(1, len(frame) + 1)).fillna("").astype(str)
    missing = ids == ""
    if missing.any():
        rows = tuple(f"#{n}" for n in ids.index[missing])
        faults.append(
            Fault(
                "missing-id",
                msg("an id in every row"),
                msg("{count} rows without one (row numbers marked #)", count=len(rows)),
                msg("fill in the ids; any text that no other row has will do"),
                Where(where.file, where.layer, where.column, rows),
            )
        )
    twice = ids[~missing & ids.duplicated(keep=False)]
    if len(twice):
        rows = tuple(dict.fromkeys(twice))
        faults.append(
            Fault(
                "duplicate-id",
                msg("ids that are all different"),
                msg("{count} ids that several rows share", count=len(rows)),
                msg("give every row its own id, or name another field as id; doors of one facility: doors = true"),
                Where(where.file, where.layer, where.column, rows),
            )
        )
    return faults


def validate_values(frame: pd.DataFrame, schema: TableSchema, where: Where) -> list[Fault]:
    """Values below the least that a column may hold, and missing values of required columns.

    Parameters
    ----------
    frame
        Table by the schema.
    schema
        Its schema.
    where
        File and layer.

    Returns
    -------
    list of Fault
    """
    faults: list[Fault] = []
    for column in schema:
        if column.name in frame.columns:
            faults += _values(frame[column.name], column, where)
    return faults


def _values(values: pd.Series, column: Column, where: Where) -> list[Fault]:
    faults = []
    if column.minimum is not None:
        low = (values < column.minimum).fillna(value=False).to_numpy(bool)
        if low.any():
            faults.append(
                Fault(
                    "below-minimum",
                    msg("{column} of at least {minimum:g}", column=column.name, minimum=column.minimum),
                    msg("{value:g}", value=float(values[low].iloc[0])),
                    msg("correct these cells, or leave them empty where nothing is known"),
                    _rows(values, low, column, where),
                )
            )
    if column.name == "residential_share":
        high = (values > 1.0).to_numpy(bool)
        if high.any():
            faults.append(
                Fault(
                    "above-maximum",
                    msg("a share between 0 and 1"),
                    msg("{value:g}", value=float(values[high].iloc[0])),
                    msg("write 0.8 for 80 %"),
                    _rows(values, high, column, where),
                )
            )
    if not column.optional:
        empty = values.isna().to_numpy(bool)
        if empty.any():
            faults.append(
                Fault(
                    "missing-value",
                    msg("{column} in every row", column=column.name),
                    msg("{count} empty cells", count=int(empty.sum())),
                    msg("fill in these cells"),
                    _rows(values, empty, column, where),
                )
            )
    return faults


def _rows(values: pd.Series, mask: np.ndarray, column: Column, where: Where) -> Where:
    return Where(where.file, where.layer, column.name, tuple(str(i) for i in values.index[mask]))


def validate_table(frame: gpd.GeoDataFrame, schema: TableSchema, where: Where) -> list[Fault]:
    """Everything that a table has to hold by its schema.

    Parameters
    ----------
    frame
        Table indexed by id.
    schema
        Its schema.
    where
        File and layer, for faults.

    Returns
    -------
    list of Fault
        Empty layer, missing columns, ids, geometry and values; all at once.
    """
    if not len(frame):
        return [empty_layer(where)]
    missing = [column.name for column in schema if column.name not in frame.columns]
    faults = [
        Fault(
            "missing-column",
            msg("the column {column}: {meaning}", column=name, meaning=schema.column(name).meaning),
            msg("none"),
            msg("add it to the table"),
            Where(where.file, where.layer, name),
        )
        for name in missing
    ]
    faults += validate_ids(frame, where)
    faults += conform_geometry(frame, schema.name, schema.geometry, where)[1]
    return faults + validate_values(frame, schema, where)


def empty_layer(where: Where) -> Fault:
    """The fault of a layer without rows.

    Parameters
    ----------
    where
        File and layer.

    Returns
    -------
    Fault
    """
    return Fault(
        "empty-layer",
        msg("at least one row"),
        msg("none"),
        msg("check that the right layer was exported and that its filter was off"),
        where,
    )


def validate_references(
    frame: pd.DataFrame,
    column: str,
    targets: Mapping[str, pd.DataFrame] | pd.DataFrame | None,
    target: str,
    where: Where,
) -> list[Fault]:
    """References to rows that do not exist.

    Parameters
    ----------
    frame
        Table with the references.
    column
        Column that holds them, ``None`` where there is none.
    targets
        Table (or tables by name) whose index they name; None where there is no such table.
    target
        What the table is called, for the fault.
    where
        File and layer.

    Returns
    -------
    list of Fault
    """
    if column not in frame.columns:
        return []
    tables = list(targets.values()) if isinstance(targets, Mapping) else [] if targets is None else [targets]
    known = set().union(*(set(table.index) for table in tables))
    values = frame[column]
    lost = values.notna() & ~values.isin(known)
    if not lost.any():
        return []
    rows = tuple(str(i) for i in frame.index[lost])
    names = ", ".join(list(dict.fromkeys(str(v) for v in values[lost]))[:5])
    return [
        Fault(
            "missing-reference",
            msg("ids of rows in {table}", table=ROLE_NAMES.get(target, target)),
            msg("ids that are not there: {names}", names=names),
            msg("correct these ids, or leave the cells empty"),
            Where(where.file, where.layer, column, rows),
        )
    ]
