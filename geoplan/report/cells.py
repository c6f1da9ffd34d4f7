"""Sheets of a workbook: headers, widths, formats, and text that stays text."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.rule import DataBarRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Field", "SheetWriter", "save_bytes", "text_width"]

_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
_FORMATS = {"text": "@", "count": "#,##0", "share": "0.0%", "minutes": "0.0", "metres": "#,##0", "number": "#,##0.##"}
_HEAD = PatternFill("solid", fgColor="1F4E79")
_TOTAL = PatternFill("solid", fgColor="DDEBF7")
_LINE = Border(bottom=Side(style="thin", color="BFBFBF"))
_FORMULA_STARTS = ("=", "+", "-", "@")
_MOMENT = datetime(2000, 1, 1)
_WIDEST = 42.0
_HEAD_WIDTH = 10.0
_A4_WIDTH = 150.0


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a sheet: where its values are, its header and its kind.

    Kinds: ``text``, ``count``, ``share``, ``minutes``, ``metres``, ``number``, ``mark`` (a tick or nothing), ``answer``
    (yes or no).
    """

    column: str
    header: str
    kind: str = "text"


def text_width(text: str) -> float:
    """Width of a text in characters; a Chinese character counts two.

    Parameters
    ----------
    text
        Any text; the widest of its lines counts.

    Returns
    -------
    float

    Examples
    --------
    >>> text_width("户数 10")
    7.0
    """
    lines = str(text).split("\n")
    return max(float(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)) for line in lines)


class SheetWriter:
    """Writes one sheet from the top down.

    Parameters
    ----------
    book
        The workbook.
    title
        Name of the sheet.
    town
        Name of the town, for the head of printed pages.
    language
        For the font.
    """

    def __init__(self, book: Workbook, title: str, *, town: str, language: str) -> None:
        name = re.sub(r"[\[\]:*?/\\]", " ", title)[:31]
        self.sheet: Worksheet = book.create_sheet(name)
        self.row = 1
        self.font = _FONTS[language]
        self.widths: dict[int, float] = {}
        self.styles: dict[tuple[str, bool, bool, bool], Any] = {}
        self.sheet.sheet_view.showGridLines = False
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.paperSize = self.sheet.PAPERSIZE_A4
        self.sheet.page_setup.fitToWidth = 1
        self.sheet.page_setup.fitToHeight = 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.print_options.horizontalCentered = True
        # & starts a code there
        self.sheet.oddHeader.right.text = f"{town.replace('&', '&&')}  &A"
        self.sheet.oddFooter.center.text = "&P / &N"

    def line(self, text: str, *, size: float = 10, bold: bool = False, colour: str = "000000", span: int = 10) -> None:
        """Write a sentence across the sheet.

        Parameters
        ----------
        text
            The sentence.
        size
            Font size in points.
        bold
            Whether it is bold.
        colour
            ``rrggbb``.
        span
            Columns that it may cover.
        """
        cell = self._put(1, text, "text")
        cell.font = Font(name=self.font, size=size, bold=bold, color=colour)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        self.sheet.merge_cells(start_row=self.row, end_row=self.row, start_column=1, end_column=span)
        lines = max(1.0, float(np.ceil(text_width(text) * size / 10 / (span * 10))))
        self.sheet.row_dimensions[self.row].height = size * 1.7 * lines
        self.row += 1

    def gap(self) -> None:
        """Leave a row empty."""
        self.row += 1

    def table(
        self, fields: Sequence[Field], rows: Iterable[dict[str, Any]], *, last_is_total: bool = False, main: bool = True
    ) -> None:
        """Write a table with its header.

        Parameters
        ----------
        fields
            Its columns.
        rows
            Its rows, by column.
        last_is_total
            Whether the last row stands out.
        main
            Whether it is the sheet's table: its header stays in sight and on every printed page, and can be filtered.
        """
        top = self.row
        for number, field in enumerate(fields, start=1):
            head = field.header
            if text_width(head) > _HEAD_WIDTH:  # Chinese breaks anywhere: best before the unit
                head = head.replace("（", "\n（").replace(" (", "\n(")
            cell = self._put(number, head, "text")
            cell.font = Font(name=self.font, size=10, bold=True, color="FFFFFF")
            cell.fill = _HEAD
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            self._widen(number, min(text_width(head), _HEAD_WIDTH))
        lines = max(np.ceil(text_width(f.header) / max(self.widths.get(i, 9), 9)) for i, f in enumerate(fields, 1))
        self.sheet.row_dimensions[top].height = 15 * float(lines) + 6
        self.row += 1
        for row in rows:
            self._row(fields, row)
        last = self.row - 1
        if last_is_total and last > top:
            for number in range(1, len(fields) + 1):
                cell = self.sheet.cell(last, number)
                cell.fill = _TOTAL
                cell.font = Font(name=self.font, size=10, bold=True)
        if last > top:
            self._bars(fields, top + 1, last)
        if main:
            self._finish(fields, top, last - int(last_is_total))

    def _row(self, fields: Sequence[Field], row: dict[str, Any]) -> None:
        lines = 1
        for number, field in enumerate(fields, start=1):
            cell = self._put(number, row.get(field.column), field.kind)
            text = isinstance(cell.value, str)
            wide = text and text_width(cell.value) > _WIDEST
            quoted = text and cell.value.startswith(_FORMULA_STARTS)
            cell._style = self._body_style(field.kind, text=text, wide=wide, quoted=quoted)
            self._widen(number, _shown_width(cell.value, field.kind))
            if wide:
                lines = max(lines, int(np.ceil(text_width(cell.value) / _WIDEST)))
        if lines > 1:
            self.sheet.row_dimensions[self.row].height = 14.0 * lines + 2.0
        self.row += 1

    def _body_style(self, kind: str, *, text: bool, wide: bool, quoted: bool) -> Any:
        """The style of cells of one kind, made once: openpyxl is slow at finding styles that it has already."""
        key = (kind, text, wide, quoted)
        if key not in self.styles:
            model = self.sheet.cell(1, 1)
            kept, model._style = model._style, StyleArray()
            model.font = Font(name=self.font, size=10)
            model.border = _LINE
            side = {"text": "left", "mark": "center", "answer": "center"}.get(kind, "right")
            indent = int(side == "left")
            model.alignment = Alignment(vertical="center", wrap_text=wide, horizontal=side, indent=indent)
            model.number_format = "@" if text else _FORMATS.get(kind, "General")
            # a name that starts like a formula must stay a name, also when somebody edits the cell
            model.quotePrefix = quoted
            self.styles[key] = model._style
            model._style = kept
        return copy(self.styles[key])

    def _bars(self, fields: Sequence[Field], first: int, last: int) -> None:
        for number, field in enumerate(fields, start=1):
            if field.kind == "share":
                letter = get_column_letter(number)
                bar = DataBarRule(start_type="num", start_value=0, end_type="num", end_value=1, color="9DC3E6")
                self.sheet.conditional_formatting.add(f"{letter}{first}:{letter}{last}", bar)

    def _finish(self, fields: Sequence[Field], top: int, last: int) -> None:
        named = next((i for i, f in enumerate(fields, start=1) if f.column == "name"), 1)
        self.sheet.freeze_panes = self.sheet.cell(top + 1, min(named, 2) + 1)
        self.sheet.print_title_rows = f"{top}:{top}"
        self.sheet.auto_filter.ref = f"A{top}:{get_column_letter(len(fields))}{max(last, top)}"

    def _put(self, column: int, value: Any, kind: str) -> Cell:
        cell = self.sheet.cell(self.row, column)
        value = _cell_value(value, kind)
        if isinstance(value, str):
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
            cell.data_type = "s"
        elif value is not None:
            cell.value = value
        return cell

    def _widen(self, column: int, width: float) -> None:
        self.widths[column] = max(self.widths.get(column, 8.0), min(width + 2.5, _WIDEST))

    def close(self) -> None:
        """Set the widths of the columns and the paper; to be called last."""
        if sum(self.widths.values()) > _A4_WIDTH:
            self.sheet.page_setup.paperSize = self.sheet.PAPERSIZE_A3
        for number, width in self.widths.items():
            self.sheet.column_dimensions[get_column_letter(number)].width = width


def _cell_value(value: Any, kind: str) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return "✓" if value else ("✗" if kind == "answer" else "")
    if kind == "text":
        return str(value)
    return int(value) if float(value).is_integer() else float(value)


def _shown_width(value: Any, kind: str) -> float:
    if value is None:
        return 0.0
    if isinstance(value, str):
        return text_width(value)
    return 6.0 if kind == "share" else len(f"{value:,.0f}") + 1.0


def save_bytes(book: Workbook) -> bytes:
    """A workbook's bytes, with fixed time stamps: the same content gives the same bytes.

    Parameters
    ----------
    book
        The workbook.

    Returns
    -------
    bytes
    """
    book.properties.created = _MOMENT
    raw = io.BytesIO()
    book.save(raw)
    fixed = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                # openpyxl writes the moment of saving there
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            stamped = zipfile.ZipInfo(item.filename, date_time=(2000, 1, 1, 0, 0, 0))
            stamped.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(stamped, content)
    return fixed.getvalue()
