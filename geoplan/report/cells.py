"""Sheets of a workbook: headers, widths, formats, and text that stays text."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.rule import DataBarRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import column_index_from_string, get_column_letter
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
_EVERYDAY = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff ._#-]{0,20}")
"""Texts that need no second look: short, no formula, nothing to escape."""
_ROW = re.compile(r'<row r="(\d+)"')
_CORNER = re.compile(r'<dimension ref="[A-Z]+\d+(?::([A-Z]+)\d+)?"')


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a sheet: where its values are, its header and its kind.

    Kinds: ``text``, ``count``, ``share``, ``minutes``, ``metres``, ``number``, ``mark`` (a tick or nothing), ``answer``
    (yes or no).
    """

    column: str
    header: str
    kind: str = "text"


Rows: TypeAlias = pd.DataFrame | Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a sheet as they stand in its file: the first one's number, how many rows and columns, and their text."""

    first: int
    rows: int
    columns: int
    text: str


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
    if str(text).isascii() and "\n" not in str(text):
        return float(len(str(text)))
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
        self.styles: dict[tuple[str, bool, bool, bool, bool], int] = {}
        self.blocks: list[Block] = []
        self.sheet.geoplan_blocks = self.blocks
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
        self,
        fields: Sequence[Field],
        rows: Rows | Iterable[dict[str, Any]],
        *,
        last_is_total: bool = False,
        main: bool = True,
    ) -> None:
        """Write a table with its header.

        Parameters
        ----------
        fields
            Its columns.
        rows
            Its rows, by column; a table of many is quicker than a dictionary for each.
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
        body = rows if isinstance(rows, pd.DataFrame) else list(rows)
        total = len(body) - 1 if last_is_total else -1
        self._add_rows(fields, body, total)
        last = self.row - 1
        if last > top:
            self._bars(fields, top + 1, last)
        if main:
            self._finish(fields, top, last - int(last_is_total))

    def _add_rows(self, fields: Sequence[Field], rows: Rows, total: int) -> None:
        """Add the body of a table, column by column, as text that goes into the sheet's file when it is saved.

        openpyxl takes a hundred microseconds a cell, which is a minute for the unserved buildings of a large town.
        """
        if not len(rows):
            return
        columns, lines = [], np.ones(len(rows), dtype=np.int64)
        for number, field in enumerate(fields, start=1):
            values = _column(rows, field.column)
            if isinstance(values, np.ndarray) and field.kind not in ("text", "mark", "answer"):
                cells, width = self._numbers(values, field.kind)
            elif total < 0 and all(type(value) is str for value in values):
                cells, width, tall = self._texts(np.array(values, dtype=object), field.kind)
                lines = np.maximum(lines, tall)
            else:
                cells, width, tall = self._values(list(values), field.kind, total)
                lines = np.maximum(lines, tall)
            columns.append(cells)
            self._widen(number, width)
        parts = [
            f"<row{_height(count)}>{''.join(cells)}</row>"
            for count, *cells in zip(lines.tolist(), *columns, strict=True)
        ]
        self.blocks.append(Block(self.row, len(rows), len(fields), "".join(parts)))
        self.row += len(rows)

    def _numbers(self, values: np.ndarray, kind: str) -> tuple[list[str], float]:
        """Cells of a column of numbers, and its width."""
        style = self._body_style(kind, text=False, wide=False, quoted=False, total=False)
        finite = np.isfinite(values)
        known = values[finite]
        if not len(known):
            return [f'<c s="{style}"/>'] * len(values), 0.0
        head, none = f'<c s="{style}"><v>', f'<c s="{style}"/>'
        cells = [
            none if not there else f"{head}{int(value) if value == whole else value!r}</v></c>"
            for value, whole, there in zip(values.tolist(), np.floor(values).tolist(), finite.tolist(), strict=True)
        ]
        return cells, max(_shown_width(float(end), kind) for end in (known.min(), known.max()))

    def _texts(self, values: np.ndarray, kind: str) -> tuple[list[str], float, np.ndarray]:
        """The same for a column of texts alone."""
        codes, words = pd.factorize(values)
        found = [self._cell(word, kind) for word in words]
        cells = np.array([text for text, _, _ in found], dtype=object)[codes]
        lines = np.array([lines for _, _, lines in found], dtype=np.int64)[codes]
        return cells.tolist(), max(width for _, width, _ in found), lines

    def _values(self, values: Sequence[Any], kind: str, total: int) -> tuple[list[str], float, np.ndarray]:
        """Cells of a column of anything, its width, and the lines that each cell takes; equal values are put once."""
        known: dict[tuple[type, Any], tuple[str, float, int]] = {}
        cells, lines, widest = [], np.ones(len(values), dtype=np.int64), 0.0
        for place, value in enumerate(values):
            found = known.get((type(value), value)) if place != total else None
            if found is None:
                found = self._cell(value, kind, total=place == total)
                if place != total:
                    known[type(value), value] = found
                widest = max(widest, found[1])
            cells.append(found[0])
            lines[place] = found[2]
        return cells, widest, lines

    def _cell(self, value: Any, kind: str, *, total: bool = False) -> tuple[str, float, int]:
        """A cell of the body as it stands in the file, its width and its lines."""
        value = _cell_value(value, kind)
        if not isinstance(value, str):
            style = self._body_style(kind, text=False, wide=False, quoted=False, total=total)
            shown = f'<c s="{style}"/>' if value is None else f'<c s="{style}"><v>{value!r}</v></c>'
            return shown, _shown_width(value, kind), 1
        if _EVERYDAY.fullmatch(value):
            style = self._body_style(kind, text=True, wide=False, quoted=False, total=total)
            shown = f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'
            return shown, text_width(value), 1
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
        width = text_width(value)
        wide, quoted = width > _WIDEST, value.startswith(_FORMULA_STARTS)
        style = self._body_style(kind, text=True, wide=wide, quoted=quoted, total=total)
        lines = int(np.ceil(width / _WIDEST)) if wide else 1
        if not value:
            return f'<c s="{style}"/>', width, lines
        shown = f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        return shown, width, lines

    def _body_style(self, kind: str, *, text: bool, wide: bool, quoted: bool, total: bool) -> int:
        """Number of the style of cells of one kind, made once."""
        key = (kind, text, wide, quoted, total)
        if key not in self.styles:
            model = self.sheet.cell(1, 1)
            kept, model._style = model._style, StyleArray()
            model.font = Font(name=self.font, size=10, bold=total)
            if total:
                model.fill = _TOTAL
            model.border = _LINE
            side = {"text": "left", "mark": "center", "answer": "center"}.get(kind, "right")
            indent = int(side == "left")
            model.alignment = Alignment(vertical="center", wrap_text=wide, horizontal=side, indent=indent)
            model.number_format = "@" if text else _FORMATS.get(kind, "General")
            # a name that starts like a formula must stay a name, also when somebody edits the cell
            model.quotePrefix = quoted
            self.styles[key] = int(model.style_id)
            model._style = kept
        return self.styles[key]

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


def _column(rows: Rows, column: str) -> np.ndarray | list[Any]:
    """Values of a column; an array where all are numbers."""
    if not isinstance(rows, pd.DataFrame):
        return [row.get(column) for row in rows]
    values = rows[column]
    return values.to_numpy() if isinstance(values.dtype, np.dtype) and values.dtype.kind in "if" else values.tolist()


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


def _height(lines: int) -> str:
    return f' ht="{14.0 * lines + 2.0:g}" customHeight="1"' if lines > 1 else ""


def _with_blocks(content: bytes, blocks: Sequence[Block]) -> bytes:
    """A sheet's file with the rows that openpyxl does not know."""
    text = content.decode("utf-8")
    starts = [(int(found[1]), found.start()) for found in _ROW.finditer(text)]
    end = text.index("</sheetData>")
    for block in reversed(blocks):
        at = next((start for number, start in starts if number >= block.first), end)
        text = text[:at] + block.text + text[at:]
    corner = _CORNER.search(text)
    last = max([block.first + block.rows - 1 for block in blocks] + [number for number, _ in starts])
    widest = max(block.columns for block in blocks)
    if corner is not None:
        column = max(widest, column_index_from_string(corner[1] or "A"))
        text = _CORNER.sub(f'<dimension ref="A1:{get_column_letter(column)}{last}"', text, count=1)
    return text.encode("utf-8")


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
    rows = {
        f"xl/worksheets/sheet{number}.xml": getattr(sheet, "geoplan_blocks", [])
        for number, sheet in enumerate(book.worksheets, start=1)
    }
    fixed = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            blocks = rows.get(item.filename)
            if blocks:
                content = _with_blocks(content, blocks)
            if item.filename == "docProps/core.xml":
                # openpyxl writes the moment of saving there
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            stamped = zipfile.ZipInfo(item.filename, date_time=(2000, 1, 1, 0, 0, 0))
            stamped.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(stamped, content)
    return fixed.getvalue()
