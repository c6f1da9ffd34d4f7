"""Excel and CSV tables: joined to a layer by id, or a layer of points themselves where they hold coordinates."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Column, Notice
from geoplan.read.fields import find_field, resolve_fields
from geoplan.read.sheets import TABLE_SUFFIXES, read_sheet
from geoplan.read.sources import LayerSource, TableJoin
from geoplan.read.validate import validate_ids
from geoplan.read.values import clean_ids, coerce_column, is_missing
from geoplan.read.vector import RawLayer

__all__ = ["LEDGER_SUFFIXES", "guess_coordinates", "join_table", "merge_cells", "open_ledger"]

LEDGER_SUFFIXES = TABLE_SUFFIXES
_LON = ("经度", "lon", "lng", "longitude", "long", "jd")
_LAT = ("纬度", "lat", "latitude", "wd")
_X = ("x", "x坐标", "东坐标", "横坐标", "东", "easting")
_Y = ("y", "y坐标", "北坐标", "纵坐标", "北", "northing")
_COUNTS = frozenset({"households", "people_resident", "people_registered", "floor_area_m2"})


def guess_coordinates(fields: list[str]) -> tuple[str, str, bool] | None:
    """Fields that look like coordinates.

    Parameters
    ----------
    fields
        Fields of a table.

    Returns
    -------
    tuple of (str, str, bool) or None
        Fields of x and y and whether they are named as longitude and latitude.

    Examples
    --------
    >>> guess_coordinates(["名称", "经度", "纬度"])
    ('经度', '纬度', True)
    """
    for east, north, degrees in ((_LON, _LAT, True), (_X, _Y, False)):
        x = next((f for name in east if (f := find_field(name, fields))), None)
        y = next((f for name in north if (f := find_field(name, fields))), None)
        if x and y:
            return x, y, degrees
    return None


def open_ledger(source: LayerSource) -> RawLayer:
    """Read an Excel or CSV table with coordinates as a layer of points.

    Parameters
    ----------
    source
        ``columns`` name ``x`` and ``y``; without them columns called 经度/纬度, lon/lat or x/y are taken.

    Returns
    -------
    RawLayer
        Rows without coordinates have no geometry.

    Raises
    ------
    InputError
        If the table cannot be read, has no coordinates, or some are no numbers.
    """
    wanted = [*source.columns.values(), *([source.id] if source.id else []), *source.where]
    sheet = read_sheet(source.path, sheet=source.layer, wanted=wanted, key=source.id, encoding=source.encoding)
    fields = list(sheet.frame.columns)
    notices = list(sheet.notices)
    named = {axis: source.columns[axis] for axis in ("x", "y") if axis in source.columns}
    found, faults, _ = resolve_fields(named, fields, sheet.where)
    guess = guess_coordinates(fields)
    if not named and guess:
        found = {"x": guess[0], "y": guess[1]}
        notices.append(
            Notice(
                "coordinates-guessed",
                msg("{file}: coordinates taken from {x} and {y}", file=sheet.where.file, x=guess[0], y=guess[1]),
            )
        )
    if not faults and len(found) < 2:
        faults.append(_no_coordinates(fields, sheet.where))
    if faults:
        raise InputError(faults)
    frame = sheet.frame.set_axis([f"#{n}" for n in sheet.frame.index])
    xy = {}
    for axis in ("x", "y"):
        place = Where(sheet.where.file, sheet.where.layer, found[axis])
        xy[axis], more, _ = coerce_column(frame[found[axis]], Column(axis, "number", "coordinate"), place)
        faults += more
    if faults:
        raise InputError(faults)
    points = gpd.GeoSeries(gpd.points_from_xy(xy["x"], xy["y"]), index=frame.index)
    points[xy["x"].isna() | xy["y"].isna()] = None
    crs = None
    if guess is not None and (found["x"], found["y"], True) == guess and not source.crs:
        crs = "EPSG:4490" if source.datum == "cgcs2000" else "EPSG:4326"
        notices.append(
            Notice(
                "crs-from-names",
                msg("{file}: {x} and {y} were taken as degrees", file=sheet.where.file, x=found["x"], y=found["y"]),
            )
        )
    return RawLayer(gpd.GeoDataFrame(frame, geometry=points, crs=crs), sheet.where, tuple(notices))


def _no_coordinates(fields: list[str], where: Where) -> Fault:
    return Fault(
        "no-coordinates",
        msg("two columns with coordinates"),
        msg("the columns: {names}", names=", ".join(fields[:30])),
        msg('name them: columns = {{ x = "...", y = "..." }}; a table without coordinates is joined to a layer by id'),
        where,
    )


def join_table(
    frame: pd.DataFrame, table: TableJoin, where: Where, *, encoding: str = ""
) -> tuple[dict[str, pd.Series], list[Fault], list[Notice]]:
    """Look a table's columns up for every row of a layer.

    Parameters
    ----------
    frame
        Layer with the fields of its file, indexed by id.
    table
        The table and its key.
    where
        File and layer that it is joined to.
    encoding
        Codec of the layer's ``.dbf``, ``""`` for other files.

    Returns
    -------
    columns : dict
        geoplan column = cells on the layer's index, ``None`` where the table has no row.
    faults : list of Fault
        Missing fields, missing or duplicate keys, keys that match nothing, counts that would be counted twice.
    notices : list of Notice
    """
    try:
        sheet = read_sheet(
            table.path,
            sheet=table.sheet,
            wanted=[table.key, *table.columns.values()],
            key=table.key,
            encoding=table.encoding,
        )
    except InputError as error:
        return {}, list(error.faults), []
    notices = list(sheet.notices)
    found, faults, notes = resolve_fields({"id": table.key, **table.columns}, sheet.frame.columns, sheet.where)
    notices += notes
    left = pd.Series(frame.index, index=frame.index)
    if table.on:
        on, more, notes = resolve_fields({"on": table.on}, frame.columns, where, encoding=encoding)
        faults += more
        notices += notes
        left = clean_ids(frame[on["on"]]) if on else left
    if faults:
        return {}, faults, notices
    rows = sheet.frame.set_axis(pd.Index(clean_ids(sheet.frame[found["id"]]), name="id", dtype="str"))
    faults = _key_faults(rows, sheet.frame, Where(sheet.where.file, sheet.where.layer, table.key))
    if faults:
        return {}, faults, notices
    right = pd.Series(rows.index, dtype=object)
    left, right, notes = _loosen(left.reset_index(drop=True), right, sheet.where)
    notices += notes
    place = pd.Series(range(len(right)), index=right)
    match = left.map(place)
    faults += _match_faults(left, match, frame, table, sheet.where)
    if faults:
        return {}, faults, notices
    notices += _match_notices(match, place, sheet.where)
    return (
        {column: _pick(rows[field], match, frame.index) for column, field in found.items() if column != "id"},
        [],
        notices,
    )


def _pick(values: pd.Series, match: pd.Series, index: pd.Index) -> pd.Series:
    cells = values.to_numpy(dtype=object)
    hit = match.notna().to_numpy()
    picked = np.full(len(match), None, dtype=object)
    picked[hit] = cells[match[hit].astype(int)]
    return pd.Series(picked, index=index)


def _key_faults(rows: pd.DataFrame, sheet: pd.DataFrame, where: Where) -> list[Fault]:
    """Faults of the table's keys; missing ones are named by their row in the file."""
    faults = validate_ids(rows, where)
    empty = tuple(f"#{n}" for n in sheet.index[rows.index == ""])
    return [
        Fault(f.code, f.needed, f.given, f.mend, Where(where.file, where.layer, where.column, empty))
        if f.code == "missing-id"
        else Fault(
            "duplicate-key",
            f.needed,
            f.given,
            msg("leave one row for each, or name another field as key"),
            f.where,
        )
        for f in faults
    ]


def _plain(value: str) -> str:
    text = "".join(unicodedata.normalize("NFKC", value).split()).casefold()
    return text.lstrip("0") or text


def _loosen(left: pd.Series, right: pd.Series, where: Where) -> tuple[pd.Series, pd.Series, list[Notice]]:
    """Compare without leading zeros, blanks and case where that finds more and stays clear."""
    loose_left, loose_right = left.map(_plain), right.map(_plain)
    exact, loose = int(left.isin(right).sum()), int(loose_left.isin(loose_right).sum())
    clear = loose_left.nunique() == left.nunique() and loose_right.is_unique
    if loose <= exact or not clear:
        return left, right, []
    notice = Notice(
        "ids-loosened",
        msg(
            "{file}: {count} ids agree only without leading zeros, blanks and case",
            file=where.file,
            count=loose - exact,
        ),
    )
    return loose_left, loose_right, [notice]


def _match_faults(
    left: pd.Series, match: pd.Series, frame: pd.DataFrame, table: TableJoin, where: Where
) -> list[Fault]:
    if not match.notna().any():
        return [
            Fault(
                "no-match",
                msg("keys that are ids of the layer ({ids}, ...)", ids=", ".join(left.astype(str).unique()[:3])),
                msg("not one in common"),
                msg("check key and on: both must hold the same ids"),
                Where(where.file, where.layer, table.key),
            )
        ]
    counts = sorted(_COUNTS & set(table.columns))
    again = (match.notna() & match.duplicated(keep=False)).to_numpy()
    if counts and again.any():
        return [
            Fault(
                "counted-twice",
                msg(
                    "one row of the layer for each row of the table, as it holds counts ({columns})",
                    columns=", ".join(counts),
                ),
                msg("rows of the layer that share a row of the table"),
                msg("join counts of an estate to the estates layer, not to its buildings"),
                Where(where.file, where.layer, table.key, tuple(str(i) for i in frame.index[again])),
            )
        ]
    return []


def _match_notices(match: pd.Series, place: pd.Series, where: Where) -> list[Notice]:
    notices = []
    lost = int(match.isna().sum())
    if lost:
        text = msg("{file}: no row for {count} of {all} rows of the layer", file=where.file, count=lost, all=len(match))
        notices.append(Notice("rows-unmatched", text))
    unused = len(place) - match.dropna().nunique()
    if unused:
        text = msg(
            "{file}: {count} of {all} rows match no row of the layer", file=where.file, count=unused, all=len(place)
        )
        notices.append(Notice("rows-unused", text))
    return notices


def merge_cells(first: Mapping[str, pd.Series], second: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Columns of a layer with those of a table over them, cell by cell where the table holds something.

    Parameters
    ----------
    first, second
        Columns on one index.

    Returns
    -------
    dict
    """
    merged = dict(first)
    for name, cells in second.items():
        if name in merged:
            keep = cells.map(is_missing).to_numpy(bool)
            under = merged[name].astype(object).to_numpy()
            merged[name] = pd.Series(np.where(keep, under, cells.to_numpy()), index=cells.index)
        else:
            merged[name] = cells
    return merged
