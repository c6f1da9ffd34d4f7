"""Cells of Excel and CSV files: which row is the header, what stands above it, which rows are totals."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Notice
from geoplan.read.encoding import EncodingError, decide_csv
from geoplan.read.fields import find_field
from geoplan.read.vector import check_there, encoding_fault

__all__ = ["TABLE_SUFFIXES", "Sheet", "list_sheets", "read_sheet"]

_EXCEL = frozenset({".xlsx", ".xlsm"})
TABLE_SUFFIXES = _EXCEL | {".csv", ".tsv", ".txt"}
_HEADER_ROWS = 30
_TOTAL = re.compile(r"^(合计|总计|小计|共计|总数|全部|累计|本页合计|total|sum|subtotal)[::]?$", re.IGNORECASE)
_DELIMITERS = (",", "\t", ";", "|")

Cells = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table out of a sheet: text headers, one row an entry; the index holds the row numbers of the file."""

    frame: pd.DataFrame
    where: Where
    notices: tuple[Notice, ...] = ()


def list_sheets(path: Path) -> list[str]:
    """Sheets of a workbook.

    Parameters
    ----------
    path
        ``.xlsx`` file, or a text file, which has one sheet without a name.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    """
    path = Path(path)
    check_there(path)
    if path.suffix.lower() not in _EXCEL:
        return [""]
    book = _load(path)
    names = list(book.sheetnames)
    book.close()
    return names


def read_sheet(path: Path, *, sheet: str = "", wanted: Sequence[str] = (), key: str = "", encoding: str = "") -> Sheet:
    """Read a table whose header may stand below a title and whose end may hold totals.

    Parameters
    ----------
    path
        ``.xlsx``, ``.xlsm``, ``.csv``, ``.tsv`` or ``.txt`` file.
    sheet
        Sheet of the workbook; may be left out where there is only one.
    wanted
        Fields that are needed: they tell which row is the header.
    key
        Field with the ids: rows without one at the end are remarks, rows with 合计 are totals.
    encoding
        Encoding of a text file, only to override detection.

    Returns
    -------
    Sheet

    Raises
    ------
    InputError
        If the file, the sheet or the header is missing or cannot be read.
    """
    path = Path(path)
    check_there(path)
    if path.suffix.lower() in _EXCEL:
        cells, merged, title, notices = _excel_cells(path, sheet)
    elif path.suffix.lower() in TABLE_SUFFIXES:
        cells, notices = _text_cells(path, encoding)
        merged, title = set(), ""
    else:
        raise InputError(_unreadable(path, msg("a file of the kind {suffix}", suffix=path.suffix or "?")))
    where = Where(path.name, sheet)
    head = _find_header(cells, [*wanted, *([key] if key else [])])
    if head is None:
        raise InputError(
            Fault(
                "empty-layer",
                msg("a table with a row of headers"),
                msg("nothing like it"),
                msg("check that the right sheet is named and that it holds the table"),
                where,
            )
        )
    headers, body = _headers(cells, head, merged)
    _check_widths(cells[body:], len(headers), body + 1, where)
    if head:
        notices.append(
            Notice("title-rows", msg("{file}: the header was found in row {row}", file=path.name, row=head + 1))
        )
    frame = pd.DataFrame(
        [row[: len(headers)] + [None] * (len(headers) - len(row)) for row in cells[body:]],
        columns=headers,
        index=range(body + 1, len(cells) + 1),
        dtype=object,
    )
    frame = frame.loc[:, [bool(name) for name in headers]]
    frame = frame[~frame.map(_blank).all(axis=1)] if len(frame) else frame
    frame, notes = _without_totals(frame, key, wanted, path.name)
    if title:
        _check_formulas(path, title, headers, frame, wanted)
    return Sheet(frame, where, (*notices, *notes))


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and cell != cell)


def _check_widths(rows: Cells, width: int, first: int, where: Where) -> None:
    """Refuse rows with more cells than the header: a comma in a text moves all that is behind it by a column."""
    wide = [number for number, row in enumerate(rows, first) if not all(_blank(cell) for cell in row[width:])]
    if wide:
        raise InputError(
            Fault(
                "ragged-rows",
                msg("at most {count} cells in a row, as in the header", count=width),
                msg("{count} rows with more", count=len(wide)),
                msg("put texts with a comma in them between double quotes, or save the table as .xlsx"),
                Where(where.file, where.layer, "", tuple(f"#{number}" for number in wide)),
            )
        )


def _load(path: Path, *, values: bool = True) -> Any:
    try:
        return openpyxl.load_workbook(path, data_only=values)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, SyntaxError) as error:
        raise InputError(_unreadable(path, msg("{reason}", reason=str(error).split("\n")[0][:120]))) from None


def _unreadable(path: Path, given: Any) -> Fault:
    mend = msg("open the file in Excel or WPS and save it as .xlsx; it may be damaged, or have a password")
    return Fault("unreadable-file", msg("a workbook (.xlsx) or a text table (.csv)"), given, mend, Where(path.name))


def _excel_cells(path: Path, sheet: str) -> tuple[Cells, set[tuple[int, int]], str, list[Notice]]:
    """Cells with merged ones filled, and which cells were filled from a cell to their left or above."""
    book = _load(path)
    names = book.sheetnames
    if sheet and sheet not in names:
        raise InputError(
            Fault(
                "missing-sheet",
                msg("the sheet '{sheet}'", sheet=sheet),
                msg("the workbook has: {names}", names=", ".join(names)),
                msg("name one of these sheets"),
                Where(path.name, sheet),
            )
        )
    filled = [n for n in names if any(not _blank(c) for row in book[n].iter_rows(values_only=True) for c in row)]
    if not sheet and len(filled) > 1:
        raise InputError(
            Fault(
                "sheet-not-named",
                msg("the name of one sheet"),
                msg("the workbook has: {names}", names=", ".join(filled)),
                msg('add sheet = "..." (layer = "..." for a layer) with one of these names'),
                Where(path.name),
            )
        )
    page = book[sheet or (filled or names)[0]]
    cells: Cells = [list(row) for row in page.iter_rows(values_only=True)]
    merged: set[tuple[int, int]] = set()
    for area in page.merged_cells.ranges:
        value = cells[area.min_row - 1][area.min_col - 1]
        for row in range(area.min_row - 1, min(area.max_row, len(cells))):
            for column in range(area.min_col - 1, min(area.max_col, len(cells[row]))):
                cells[row][column] = value
                merged.add((row, column))
    book.close()
    return cells, merged, page.title, []


def _text_cells(path: Path, encoding: str) -> tuple[Cells, list[Notice]]:
    raw = path.read_bytes()
    try:
        decision = decide_csv(raw, declared=encoding)
    except EncodingError as error:
        raise InputError(encoding_fault(error, path.name)) from None
    text = raw.decode(decision.encoding)
    if "\0" in text:
        raise InputError(_unreadable(path, msg("bytes that are no text")))
    lines = text.splitlines()[:_HEADER_ROWS]
    delimiter = max(_DELIMITERS, key=lambda d: (sum(line.count(d) for line in lines), d == ","))
    notices = []
    if decision.by == "gb18030":
        notices.append(
            Notice("encoding-detected", msg("{file}: texts read as {encoding}", file=path.name, encoding="GB18030"))
        )
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), notices
    except csv.Error as error:
        raise InputError(_unreadable(path, msg("{reason}", reason=error))) from None


def _find_header(cells: Cells, wanted: Sequence[str]) -> int | None:
    """The row that names most of the wanted fields; without any, the first full row of different texts."""
    best, most = None, 0
    for number, row in enumerate(cells[:_HEADER_ROWS]):
        names = [_text(cell) for cell in row]
        # a header over two rows names some fields only in the second
        below = [_text(cell) for cell in cells[number + 1]] if number + 1 < len(cells) else []
        here = sum(find_field(name, names) is not None for name in wanted)
        found = 1000 * here + sum(find_field(name, below) is not None for name in wanted) * bool(here)
        if found > most:
            best, most = number, found
    if best is not None:
        return best
    width = max((sum(not _blank(c) for c in row) for row in cells[:_HEADER_ROWS]), default=0)
    for number, row in enumerate(cells[:_HEADER_ROWS]):
        texts = [c for c in row if not _blank(c)]
        if (
            len(texts) >= max(1, 0.6 * width)
            and all(isinstance(c, str) for c in texts)
            and len(set(texts)) > len(texts) / 2
        ):
            return number
    return None


def _text(cell: object) -> str:
    return "" if cell is None else "".join(str(cell).split())


def _headers(cells: Cells, head: int, merged: set[tuple[int, int]]) -> tuple[list[str], int]:
    """Names of the columns and the row where the body begins: a header may be two rows deep where cells are merged."""
    top = [_text(cell) for cell in cells[head]]
    body = head + 1
    wide = any(
        a and a == b and {(head, i), (head, i + 1)} <= merged for i, (a, b) in enumerate(itertools.pairwise(top))
    )
    names = top
    if wide and head + 1 < len(cells):
        below = [_text(cell) for cell in cells[head + 1]]
        names = [low if low and low != up else up for up, low in zip(top, below, strict=True)]
        names = [n if names.count(n) == 1 else f"{up}/{n}" if up != n else n for up, n in zip(top, names, strict=True)]
        body += 1
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if not name or seen[name] == 1 else f"{name}_{seen[name]}")
    return unique, body


def _without_totals(
    frame: pd.DataFrame, key: str, wanted: Sequence[str], file: str
) -> tuple[pd.DataFrame, list[Notice]]:
    """Leave out rows of totals, and remarks below the table."""
    notices = []
    columns = list(frame.columns)
    field = find_field(key, columns) if key else None

    def is_total(row: Sequence[object]) -> bool:
        first = next((c for c in row if not _blank(c)), None)
        keys = [first] if field is None else [first, row[columns.index(field)]]
        return any(isinstance(c, str) and bool(_TOTAL.match(_text(c))) for c in keys)

    rows = frame.to_numpy(dtype=object)
    total = pd.Series([is_total(row) for row in rows], index=frame.index, dtype=bool)
    if total.any():
        shown = ", ".join(str(n) for n in frame.index[total][:5])
        notices.append(
            Notice("total-rows", msg("{file}: rows of totals were left out ({rows})", file=file, rows=shown))
        )
        frame = frame[~total]
    if field is None:
        return frame, notices
    keyless = frame[field].map(_blank)
    needed = [f for f in (find_field(name, columns) for name in wanted) if f and f != field]
    keyed = frame.index[~keyless]
    end = keyed[-1] if len(keyed) else 0
    # below the table: remarks, signatures
    remark = (
        keyless & (frame.index > end) & frame[needed].map(_blank).all(axis=1)
        if needed
        else keyless & (frame.index > end)
    )
    if remark.any():
        shown = ", ".join(str(n) for n in frame.index[remark][:5])
        notices.append(
            Notice("remarks", msg("{file}: remarks below the table were left out (rows {rows})", file=file, rows=shown))
        )
        frame = frame[~remark]
    return frame, notices


def _check_formulas(path: Path, title: str, headers: list[str], frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Formulas that were never calculated look like empty cells: refuse them."""
    fields = [f for f in (find_field(name, list(frame.columns)) for name in wanted) if f]
    if not any(frame[field].isna().any() for field in fields):
        return
    book = _load(path, values=False)
    cells = list(book[title].iter_rows(values_only=True))
    book.close()
    faults = []
    for field in dict.fromkeys(fields):
        place = headers.index(field)
        rows = [n for n in frame.index[frame[field].isna()] if str(cells[n - 1][place] or "").startswith("=")]
        if rows:
            faults.append(
                Fault(
                    "formula-without-value",
                    msg("values"),
                    msg("formulas that were never calculated"),
                    msg("open the file in Excel or WPS, save it, and try again"),
                    Where(path.name, title, field, tuple(f"#{n}" for n in rows)),
                )
            )
    if faults:
        raise InputError(faults)
