"""Columns of the street table, out of whatever a source calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoplan.model import STREETS
from geoplan.read.osm_tags import layer_of

__all__ = ["LEVEL_TAGS", "levels_of", "numbers_of", "street_table", "text_of"]

LEVEL_TAGS = ("layer", "bridge", "tunnel")
"""Columns of OpenStreetMap tags that tell the level where no column ``level`` does."""


def text_of(values: Any) -> pd.Series:
    """Text of a column; of a list (as OSMnx gives where it merged streets) the first.

    Parameters
    ----------
    values
        Values of any kind.

    Returns
    -------
    Series of str
        ``""`` where missing, numbered from 0.

    Examples
    --------
    >>> text_of(["yes", ["primary", "secondary"], None]).tolist()
    ['yes', 'primary', '']
    """
    firsts = [value[0] if isinstance(value, (list, tuple, np.ndarray)) and len(value) else value for value in values]
    series = pd.Series(firsts, dtype=object)
    return series.where(series.notna(), "").astype(str).astype("str")


_NOT = frozenset({"f", "false", "0", "0.0", "n", "no", "none", "nan", "否"})


def levels_of(lines: pd.DataFrame) -> NDArray[np.int64]:
    """Level of each row: column ``level``, else from ``layer``, ``bridge`` and ``tunnel``, else 0.

    Parameters
    ----------
    lines
        Table of streets.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> levels_of(pd.DataFrame({"bridge": ["T", "F", None], "tunnel": ["F", "F", "yes"]})).tolist()
    [1, 0, -1]
    """
    if "level" in lines.columns:
        return numbers_of(lines, "level", 0.0).astype(np.int64)
    tags: dict[str, Any] = {}
    for name in LEVEL_TAGS:
        if name in lines.columns:
            texts = text_of(lines[name])
            tags[name] = texts.where(~texts.str.lower().isin(_NOT), "")
    if "layer" in tags:
        tags["layer"] = tags["layer"].str.removesuffix(".0")
    if not tags:
        return np.zeros(len(lines), np.int64)
    rows = pd.DataFrame(tags).to_dict("records")
    return np.array([layer_of({name: value for name, value in row.items() if value}) for row in rows], np.int64)


def numbers_of(lines: pd.DataFrame, column: str, missing: float) -> NDArray[np.float64]:
    """Numbers of a column.

    Parameters
    ----------
    lines
        Table of streets.
    column
        Name of the column, which may be absent.
    missing
        What stands where there is no finite number.

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> numbers_of(pd.DataFrame({"climb_m": ["2.5", None]}), "climb_m", 0.0).tolist()
    [2.5, 0.0]
    """
    if column not in lines.columns:
        return np.full(len(lines), missing)
    values = pd.to_numeric(lines[column], errors="coerce").to_numpy(np.float64)
    return np.where(np.isfinite(values), values, missing)


def street_table(ids: Sequence[str], geometry: NDArray[Any], crs: Any, **columns: Any) -> geopandas.GeoDataFrame:
    """A table by :data:`geoplan.model.STREETS` out of its columns.

    Parameters
    ----------
    ids
        Id of each edge.
    geometry
        Line of each edge.
    crs
        CRS of the lines.
    **columns
        Columns of the schema; ``length_m`` is the length of the line where not given, others what is missing.

    Returns
    -------
    GeoDataFrame
    """
    dtypes = {"text": "str", "number": "float64", "integer": "int64"}
    columns.setdefault("length_m", shapely.length(geometry))
    data = {
        column.name: pd.Series(columns.get(column.name, [column.missing] * len(ids)), dtype=dtypes[column.kind])
        for column in STREETS
    }
    table = geopandas.GeoDataFrame(data, geometry=np.asarray(geometry, dtype=object), crs=crs)
    table.index = pd.Index(list(ids), dtype="str", name="id")
    return table
