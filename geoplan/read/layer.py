"""One source to one table: fields found, cells read, geometries conformed, every fault of the file at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Column, Notice, TableSchema
from geoplan.read.crs import check_coordinates, parse_crs
from geoplan.read.fields import resolve_fields
from geoplan.read.geometry import conform_geometry
from geoplan.read.sources import LayerRead, LayerSource
from geoplan.read.tables import LEDGER_SUFFIXES, join_table, merge_cells, open_ledger
from geoplan.read.validate import empty_layer, validate_ids, validate_values
from geoplan.read.values import clean_ids, coerce_column, is_missing
from geoplan.read.vector import RawLayer, open_vector

__all__ = ["complete_columns", "read_layer", "read_layers"]

Origins = dict[str, NDArray[np.int64]]
"""For each column that tables hold: number of the table that a row's cell is from, or :data:`_FROM_LAYER`."""

_FROM_LAYER = -1
_COORDINATES = ("x", "y")
# Fields that the noding of streets understands under their own names.
_STREET_FIELDS = ("highway", "fclass", "class", "layer", "bridge", "tunnel", "length")


def read_layers(sources: Iterable[LayerSource]) -> list[LayerRead]:
    """Read several layers, gathering the faults of all.

    Parameters
    ----------
    sources
        What to read.

    Returns
    -------
    list of LayerRead
        In the same order.

    Raises
    ------
    InputError
        With the faults of all files.
    """
    reads: list[LayerRead] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            reads.append(read_layer(source))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return reads


def read_layer(source: LayerSource) -> LayerRead:
    """Read one layer to a table by the schema of its role.

    Parameters
    ----------
    source
        File, layer, fields and what they become.

    Returns
    -------
    LayerRead
        Table in the file's own CRS, indexed by ``id``.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    raw = _open(source)
    notices = list(raw.notices)
    frame, faults, notes = _choose_rows(raw, source)
    notices += notes
    if not len(frame):
        raise InputError([*faults, empty_layer(raw.where)])
    frame, more = _declare_crs(frame, raw, source)
    faults += more
    found, more, notes = _find_columns(frame, raw, source)
    faults += more
    notices += notes
    frame = frame.set_index(_ids(frame, found.pop("id", None)))
    if "id" not in source.columns and not source.id:
        notices.append(Notice("row-numbers", msg("{file}: rows have no ids and were numbered", file=raw.where.file)))
    faults += _id_faults(frame, source, raw.where)
    cells, origins, more, notes = _join_cells(frame, found, raw, source)
    faults += more
    notices += notes
    columns, more, notes = _coerce(cells, origins, frame, source, raw.where)
    faults += more
    notices += notes
    table = gpd.GeoDataFrame(columns, geometry=frame.geometry, crs=frame.crs)
    table, more, notes = conform_geometry(table, source.role, source.schema.geometry, raw.where)
    faults += more
    notices += notes
    if not any(fault.code in {"empty-geometry", "endless-geometry"} for fault in more):
        faults += check_coordinates(table, raw.where)
    faults += _value_faults(table, origins, source, raw.where)
    if faults:
        raise InputError(faults)
    if source.doors and source.role == "facilities":
        table, notes = _join_doors(table, raw.where)
        notices += notes
    return LayerRead(table, source, tuple(notices), raw_streets=source.role == "streets")


def _open(source: LayerSource) -> RawLayer:
    if source.path.suffix.lower() in LEDGER_SUFFIXES:
        return open_ledger(source)
    return open_vector(source.path, layer=source.layer, encoding=source.encoding)


def _choose_rows(raw: RawLayer, source: LayerSource) -> tuple[gpd.GeoDataFrame, list[Fault], list[Notice]]:
    """Rows that ``where`` asks for."""
    frame = raw.frame
    if not source.where:
        return frame, [], []
    found, faults, notices = resolve_fields(
        {k: k for k in source.where}, frame.columns, raw.where, encoding=raw.encoding
    )
    keep = pd.Series(data=True, index=frame.index)
    for name, field in found.items():
        wanted = source.where[name]
        values = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
        keep &= clean_ids(frame[field]).isin([str(value) for value in values])
    notice = Notice(
        "rows-chosen",
        msg("{file}: {count} of {all} rows taken", file=raw.where.file, count=int(keep.sum()), all=len(frame)),
    )
    return frame[keep], faults, [*notices, notice]


def _declare_crs(frame: gpd.GeoDataFrame, raw: RawLayer, source: LayerSource) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    if not source.crs:
        return frame, []
    try:
        crs = parse_crs(source.crs, Where(raw.where.file, raw.where.layer, "crs"))
    except InputError as error:
        return frame, list(error.faults)
    if frame.crs is None or raw.assumed_crs:
        return frame.set_crs(crs, allow_override=True), []
    if frame.crs.equals(crs) or frame.crs.to_epsg() == crs.to_epsg():
        return frame, []
    return frame, [
        Fault(
            "two-crs",
            msg("one CRS"),
            msg("{file_crs} in the file and {crs} in the project file", file_crs=frame.crs.name, crs=crs.name),
            msg("take crs out of the layer; if the file's own is wrong, correct it there (.prj)"),
            Where(raw.where.file, raw.where.layer, "crs"),
        )
    ]


def _find_columns(
    frame: gpd.GeoDataFrame, raw: RawLayer, source: LayerSource
) -> tuple[dict[str, str], list[Fault], list[Notice]]:
    """Geoplan column = field: those named, and those that already have the name."""
    wanted = {k: v for k, v in source.columns.items() if k not in _COORDINATES}
    if source.id:
        wanted["id"] = source.id
    found, faults, notices = resolve_fields(wanted, frame.columns, raw.where, encoding=raw.encoding)
    for column in source.schema:
        if column.name in frame.columns and column.name not in wanted and column.name not in source.constants:
            found[column.name] = column.name
    faults += [
        _unknown_column(name, source.schema, raw.where)
        for name in [*source.columns, *source.constants, *(c for t in source.tables for c in t.columns)]
        if name != "id" and name not in _COORDINATES and _misspelt(name, source.schema)
    ]
    return found, faults, notices


def _misspelt(name: str, schema: TableSchema) -> bool:
    names = [column.name for column in schema]
    return name not in names and bool(difflib.get_close_matches(name, names, 1, 0.8))


def _unknown_column(name: str, schema: TableSchema, where: Where) -> Fault:
    names = [column.name for column in schema]
    return Fault(
        "unknown-column",
        msg("columns of {table}: {names}", table=schema.name, names=", ".join(names)),
        msg("'{name}'", name=name),
        msg("write '{near}'", near=difflib.get_close_matches(name, names, 1, 0.8)[0]),
        Where(where.file, where.layer, name),
    )


def _ids(frame: pd.DataFrame, field: str | None) -> pd.Index:
    values = [str(n) for n in range(1, len(frame) + 1)] if field is None else clean_ids(frame[field]).tolist()
    return pd.Index(values, name="id", dtype="str")


def _id_faults(frame: pd.DataFrame, source: LayerSource, where: Where) -> list[Fault]:
    faults = validate_ids(frame, Where(where.file, where.layer, source.id))
    if source.doors and source.role == "facilities":
        return [fault for fault in faults if fault.code != "duplicate-id"]
    return faults


def _join_cells(
    frame: gpd.GeoDataFrame, found: dict[str, str], raw: RawLayer, source: LayerSource
) -> tuple[dict[str, pd.Series], Origins, list[Fault], list[Notice]]:
    """Cells of the layer with those of the tables over them, and which of the tables each cell is from."""
    cells = {column: frame[field] for column, field in found.items()}
    origins: Origins = {}
    faults: list[Fault] = []
    notices: list[Notice] = []
    for number, table in enumerate(source.tables):
        joined, more, notes = join_table(frame, table, raw.where, encoding=raw.encoding)
        faults += more
        notices += notes
        for column, values in joined.items():
            under = origins.get(column, _FROM_LAYER) if column in cells else number
            origins[column] = np.where(values.map(is_missing), under, number)
        cells = merge_cells(cells, joined)
    return cells, origins, faults, notices


def _coerce(
    cells: dict[str, Any], origins: Origins, frame: pd.DataFrame, source: LayerSource, where: Where
) -> tuple[dict[str, pd.Series], list[Fault], list[Notice]]:
    """Every column of the schema, then those of other levels."""
    faults: list[Fault] = []
    notices: list[Notice] = []
    schema = source.schema
    extra = [name for name in (*cells, *source.constants) if name not in {column.name for column in schema}]
    columns: dict[str, pd.Series] = {}
    for column in (*schema, *(Column(name, "reference", "ids of a level") for name in dict.fromkeys(extra))):
        if column.name in cells:
            values = cells[column.name]
        elif column.name in source.constants:
            values = pd.Series([source.constants[column.name]] * len(frame), index=frame.index, dtype=object)
        elif source.role == "streets":
            continue
        else:
            columns[column.name] = _missing_column(column, frame.index)
            continue
        # rows by position: ids may be faulty still
        places = _places(column.name, origins, source, where)
        columns[column.name], more, notes = coerce_column(values, column, places[-1][0])
        if more and len(places) > 1:
            more = [fault for place, rows in places for fault in coerce_column(values[rows], column, place)[1]]
        faults += more
        notices += notes
    if source.role == "streets":
        columns |= {name: frame[name] for name in _STREET_FIELDS if name in frame.columns and name not in columns}
    return columns, faults, notices


def _places(
    column: str, origins: Origins, source: LayerSource, where: Where
) -> list[tuple[Where, slice | NDArray[np.bool_]]]:
    """Files and fields that a column's cells are from, the layer itself first, each with its rows."""
    own = Where(where.file, where.layer, source.columns.get(column, column))
    if column not in origins:
        return [(own, slice(None))]
    places: list[tuple[Where, slice | NDArray[np.bool_]]] = []
    for number in np.unique(origins[column]):
        table = source.tables[number]
        place = own if number == _FROM_LAYER else Where(table.path.name, table.sheet, table.columns[column])
        places.append((place, origins[column] == number))
    return places


def _value_faults(table: gpd.GeoDataFrame, origins: Origins, source: LayerSource, where: Where) -> list[Fault]:
    """Values that the schema does not allow, each at the file that it is from."""
    schema = _checkable(source)
    faults: list[Fault] = []
    for column in schema:
        if column.name not in table.columns:
            continue
        single = TableSchema(schema.name, schema.geometry, (column,))
        for place, rows in _places(column.name, origins, source, where):
            found = validate_values(table.loc[rows, [column.name]], single, place)
            faults += [replace(fault, where=replace(fault.where, column=place.column)) for fault in found]
    return faults


def _missing_column(column: Column, index: pd.Index) -> pd.Series:
    dtype = {"text": "str", "reference": object, "number": "float64", "integer": "int64", "boolean": "boolean"}[
        column.kind
    ]
    missing = column.missing
    if column.kind == "boolean" and column.default is None:
        missing = pd.NA
    return pd.Series([missing] * len(index), index=index, dtype=dtype)


def complete_columns(frame: gpd.GeoDataFrame, schema: TableSchema) -> gpd.GeoDataFrame:
    """Add the columns of a schema that a table lacks and settle what is missing in the others.

    Parameters
    ----------
    frame
        Table indexed by id.
    schema
        Its schema.

    Returns
    -------
    GeoDataFrame
        Columns of the schema first, in its order, then the others; booleans that are missing become false.
    """
    columns = {}
    for column in schema:
        values = frame[column.name] if column.name in frame.columns else _missing_column(column, frame.index)
        if column.kind == "boolean":
            values = values.astype("boolean").fillna(bool(column.missing)).astype(bool)
        columns[column.name] = values
    others = {n: frame[n] for n in frame.columns if n not in columns and n != frame.geometry.name}
    return gpd.GeoDataFrame({**columns, **others}, geometry=frame.geometry, crs=frame.crs)


def _checkable(source: LayerSource) -> TableSchema:
    """The schema as far as it holds before streets are noded and households estimated."""
    unsettled = {"households", "people_resident", "u", "v", "length_m", "level"}
    columns = tuple(
        Column(c.name, c.kind, c.meaning, c.unit, True, c.minimum, c.default) if c.name in unsettled else c
        for c in source.schema
    )
    return TableSchema(source.schema.name, source.schema.geometry, columns)


def _join_doors(frame: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Rows of one id to one facility: its first row's columns, all rows' points."""
    points = frame.geometry.explode(index_parts=False)
    doors = points.groupby(level=0, sort=False).agg(lambda g: g.iloc[0] if len(g) == 1 else g.union_all())
    first = frame[~frame.index.duplicated()]
    joined = first.set_geometry(gpd.GeoSeries(doors, crs=frame.crs).reindex(first.index))
    columns = frame.drop(columns="geometry")
    kinds = columns.groupby(level=0, sort=False).nunique(dropna=False)
    differing = kinds.index[(kinds > 1).any(axis=1)]
    if not len(differing):
        return joined, []
    ids = ", ".join(differing[:5])
    text = msg("{file}: doors of one facility differ, the first row counts: {ids}", file=where.file, ids=ids)
    return joined, [Notice("doors-differ", text)]
