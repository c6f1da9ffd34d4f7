"""Cells to values: numbers kept as text, yes and no, ids that a spreadsheet turned into numbers."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from geoplan.errors import Fault, Where, msg
from geoplan.model import Column, Notice

__all__ = ["clean_ids", "coerce_column", "is_missing", "parse_number", "read_share", "read_year", "read_yes_no"]

_NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "暂无",
        "不详",
        "未知",
        "空",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "#n/a",
    }
)
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_UNIT = re.compile(r"(户|戶|人|口|栋|幢|座|层|層|间|套|年|个|m2|m\^2|㎡|平方米|平米|米|m|层楼|f)$")
_QUOTED = re.compile(r'="(.*)"')
_YEAR = re.compile(r"(\d{4})(年|[-/.年]\d{1,2}(月|[-/.月]\d{1,2}日?)?)?")
_YES = frozenset({"1", "true", "t", "yes", "y", "是", "有", "对", "√", "✓", "可", "可以", "能"})
_NO = frozenset({"0", "false", "f", "no", "n", "否", "无", "没有", "×", "✗", "x", "不", "不可", "不可以", "不能"})
_WORDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "walled": (frozenset({"封闭", "封闭式", "围合", "有围墙"}), frozenset({"开放", "开放式", "敞开", "无围墙"})),
    "open": (
        frozenset({"开", "开放", "开启", "通行", "启用"}),
        frozenset({"关", "关闭", "封闭", "封堵", "停用", "常闭"}),
    ),
}
_SHARES: tuple[tuple[str, float], ...] = (
    ("非住宅", 0.0),
    ("非居住", 0.0),
    ("商住", 0.5),
    ("综合", 0.5),
    ("住宅", 1.0),
    ("居住", 1.0),
    ("民房", 1.0),
    ("自建房", 1.0),
    ("宿舍", 1.0),
    ("公寓", 1.0),
    ("商业", 0.0),
    ("办公", 0.0),
    ("工业", 0.0),
    ("厂房", 0.0),
    ("仓", 0.0),
    ("公建", 0.0),
    ("公共", 0.0),
    ("学校", 0.0),
    ("医院", 0.0),
    ("车库", 0.0),
    ("配套", 0.0),
)


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: empty, NaN, a dash, 无.

    Parameters
    ----------
    value
        A cell.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_missing(" — "), is_missing(0)
    (True, False)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, str) and value.strip().lower() in _NOTHING


def parse_number(value: object) -> tuple[float, str]:
    """Read a number out of a cell.

    Parameters
    ----------
    value
        A number or text such as ``"1,234"``, ``"１２３"`` or ``"86户"``.

    Returns
    -------
    number : float
        ``NaN`` for a cell that holds nothing.
    unit : str
        Unit that stood behind the number and was cut off.

    Raises
    ------
    ValueError
        If the text is no number, or could be read as two different ones (``"1,23"``).

    Examples
    --------
    >>> parse_number("１,234户")
    (1234.0, '户')
    """
    if is_missing(value):
        return math.nan, ""
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.number):
        raise ValueError(value)
    if not isinstance(value, str):
        return float(value), ""
    text = unicodedata.normalize("NFKC", value).replace("\u00a0", "").replace(" ", "").replace("，", ",").lower()
    unit = _UNIT.search(text)
    digits = text[: unit.start()] if unit else text
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    if not _PLAIN.fullmatch(digits):
        raise ValueError(value)
    return float(digits), unit.group() if unit else ""


def _id_text(value: object) -> str:
    """An id as text: a spreadsheet's 1.0 is 1, outer blanks go, leading zeros stay."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return ""
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    text = str(value).replace("\u00a0", " ").strip()
    # how spreadsheets keep leading zeros in a CSV file
    quoted = _QUOTED.fullmatch(text)
    return quoted.group(1).strip() if quoted else text


def clean_ids(values: pd.Series) -> pd.Series:
    """Ids as text, ``""`` where there is none.

    Parameters
    ----------
    values
        Cells.

    Returns
    -------
    pandas.Series
        Text on the same index: ``1.0`` is ``"1"``, outer blanks are gone, leading zeros stay.
    """
    return _by_distinct(values, _id_text)


def _by_distinct(values: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """Apply a function once for every distinct value."""
    cells = values.astype(object)
    try:
        codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    except TypeError:  # lists, as GeoJSON may hold
        codes, distinct = pd.factorize(cells.map(str), use_na_sentinel=False)
    answers = np.empty(len(distinct), dtype=object)
    answers[:] = [function(value) for value in distinct]
    return pd.Series(answers[codes] if len(distinct) else np.empty(0, object), index=values.index, dtype=object)


def read_share(value: object) -> float:
    """Read a residential share out of a number or a use.

    Parameters
    ----------
    value
        A cell such as ``0.8`` or ``"住宅"``.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is neither a number nor a use that is known.

    Examples
    --------
    >>> read_share("商业"), read_share("普通住宅")
    (0.0, 1.0)
    """
    try:
        return parse_number(value)[0]
    except ValueError:
        text = str(value).strip()
        for word, share in _SHARES:
            if word in text:
                return share
        raise


def read_year(value: object) -> float:
    """Read a year out of a number, a date or its text.

    Parameters
    ----------
    value
        A cell such as ``1998``, ``"1998年5月"`` or a date.

    Returns
    -------
    float
        ``NaN`` for a cell that holds nothing.

    Raises
    ------
    ValueError
        If no single year is named, as by 90年代.

    Examples
    --------
    >>> read_year("1998-05-01"), read_year("2003年")
    (1998.0, 2003.0)
    """
    if isinstance(value, datetime.date):
        return float(value.year) if not is_missing(value) else math.nan
    if isinstance(value, str):
        found = _YEAR.fullmatch("".join(unicodedata.normalize("NFKC", value).split()).removesuffix("00:00:00"))
        if found:
            return float(found.group(1))
    return parse_number(value)[0]


_READERS: dict[str, Callable[[object], float]] = {"residential_share": read_share, "year": read_year}
"""Columns whose cells may be more than numbers."""


def coerce_column(values: pd.Series, column: Column, where: Where) -> tuple[pd.Series, list[Fault], list[Notice]]:
    """Bring a column's cells to the kind that its schema asks for.

    Parameters
    ----------
    values
        Cells; the index holds the row ids.
    column
        Column of a schema.
    where
        File, layer and field, for faults.

    Returns
    -------
    values : pandas.Series
        On the same index; a boolean column without a default keeps ``pd.NA`` for what is missing.
    faults : list of Fault
    notices : list of Notice
    """
    match column.kind:
        case "text":
            return _by_distinct(values, _id_text).astype("str"), [], []
        case "reference":
            return _references(values), [], []
        case "boolean":
            return _booleans(values, column, where)
        case _:
            return _numbers(values, column, where)


def _references(values: pd.Series) -> pd.Series:
    ids = clean_ids(values)
    return ids.where(ids != "", None)


def _numbers(values: pd.Series, column: Column, where: Where) -> tuple[pd.Series, list[Fault], list[Notice]]:
    notices: list[Notice] = []
    faults: list[Fault] = []
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.astype("float64")
    else:
        numbers, wrong, cut, words = _parse_all(values, column.name)
        if wrong.any():
            rows = tuple(str(i) for i in values.index[wrong])
            example = str(values[wrong].iloc[0])
            faults.append(
                Fault(
                    "not-a-number",
                    msg("a number in every row"),
                    msg("'{value}'", value=example),
                    msg("write plain digits there, or leave the cell empty where nothing is known"),
                    _at(where, rows),
                )
            )
        if cut:
            notices.append(_cut_units(where, cut))
        if words:
            notices.append(_use_words(where, words))
    infinite = np.isinf(numbers.to_numpy())
    if infinite.any():
        faults.append(
            Fault(
                "not-a-number",
                msg("a finite number in every row"),
                msg("infinity"),
                msg("write plain digits there, or leave the cell empty where nothing is known"),
                _at(where, tuple(str(i) for i in values.index[infinite])),
            )
        )
    if column.default is not None:
        numbers = numbers.fillna(float(column.default))  # type: ignore[arg-type]
    if column.kind == "integer":
        rounded = numbers.fillna(float(column.missing))  # type: ignore[arg-type]
        return rounded.where(np.isfinite(rounded), 0).round().astype("int64"), faults, notices
    return numbers, faults, notices


def _parse_all(values: pd.Series, column: str) -> tuple[pd.Series, np.ndarray, str, str]:
    """Numbers, which cells are none, the units cut off, and the words read as shares."""
    wrong_cells: set[object] = set()
    units: set[str] = set()
    words: set[str] = set()

    def parse(value: object) -> float:
        try:
            number, unit = parse_number(value)
        except ValueError:
            pass
        else:
            units.update({unit} - {""})
            return number
        try:
            number = _READERS[column](value)
        except (KeyError, ValueError):
            wrong_cells.add(value)
            return math.nan
        if column == "residential_share":
            words.add(f"{str(value).strip()} = {number:g}")
        return number

    numbers = _by_distinct(values, parse).astype("float64")
    wrong = values.isin(wrong_cells).to_numpy() if wrong_cells else np.zeros(len(values), bool)
    return numbers, wrong, ", ".join(sorted(units)), ", ".join(sorted(words))


def read_yes_no(value: object, column: str = "") -> bool:
    """Read yes or no out of a cell.

    Parameters
    ----------
    value
        A cell such as ``1``, ``"是"`` or ``True``.
    column
        Column, some of which have words of their own: 封闭 is yes for ``walled`` and no for ``open``.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> read_yes_no("封闭", "walled"), read_yes_no("封闭", "open")
    (True, False)
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    yes, no = _WORDS.get(column, (frozenset(), frozenset()))
    text = _id_text(value).lower()
    if text in yes or text in _YES:
        return True
    if text in no or text in _NO:
        return False
    raise ValueError(value)


def _booleans(values: pd.Series, column: Column, where: Where) -> tuple[pd.Series, list[Fault], list[Notice]]:
    wrong_cells: set[object] = set()

    def parse(value: object) -> object:
        # what means no in every table goes before what means nothing: 无
        try:
            return read_yes_no(value, column.name)
        except ValueError:
            if not is_missing(value):
                wrong_cells.add(value)
            return pd.NA

    answers = _by_distinct(values, parse).astype("boolean")
    if column.default is not None:
        answers = answers.fillna(bool(column.default))
    if not wrong_cells:
        return answers, [], []
    wrong = values.isin(wrong_cells)
    fault = Fault(
        "not-yes-or-no",
        msg("yes or no (1/0, true/false, 是/否)"),
        msg("'{value}'", value=str(values[wrong].iloc[0])),
        msg("write 1 or 0 there, or leave the cell empty where nothing is known"),
        _at(where, tuple(str(i) for i in values.index[wrong])),
    )
    return answers, [fault], []


def _cut_units(where: Where, units: str) -> Notice:
    return Notice(
        "units-cut",
        msg(
            "{file}, {column}: units behind the numbers were left out ({units})",
            file=where.file,
            column=where.column,
            units=units,
        ),
    )


def _use_words(where: Where, words: str) -> Notice:
    return Notice(
        "use-as-share",
        msg(
            "{file}, {column}: uses were read as residential shares ({words})",
            file=where.file,
            column=where.column,
            words=words,
        ),
    )


def _at(where: Where, rows: tuple[str, ...]) -> Where:
    return Where(where.file, where.layer, where.column, rows)
