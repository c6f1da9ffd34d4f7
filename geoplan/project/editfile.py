"""Edits of boundaries as a page wrote them: a JSON or CSV file read, its shape checked line by line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geoplan.errors import Fault, InputError, Message, Where, msg

__all__ = ["CENTRE_EDITS", "FORMAT", "MOVING_EDITS", "VERSION", "Edit", "EditsFile", "read_edits"]

FORMAT, VERSION = "geoplan-edits", 1

MOVING_EDITS = ("give", "new", "merge", "assign")
CENTRE_EDITS = ("open", "close", "move")
_PARTS = ("lock", "unlock", "rename")
_COLUMNS = ("edit", "kind", "unit", "from", "to", "plan")
_PLAN_NAME = "plan_name"  # a column that older files have not
_LISTS = ("served_any", "served_own")
_TEXTS = ("id", "name", "locked")  # of a part's totals, beside the numbers
_OLDER_LACK = ("name", "range")  # totals that tables without the plan's name had not
_LARGEST = 1e300  # of a total
_MOST_LINES = 5  # that name another plan than the first
_SHOWN = 40  # characters of what is wrong
_ZIP = b"PK\x03\x04"
_LONGEST = 2**31 - 1  # of a cell; the csv module's own limit would be an error of its own kind


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit.

    Attributes
    ----------
    number
        Its place in the file, from 1.
    kind
        ``"give"``, ``"new"``, ``"merge"``, ``"assign"`` (units), ``"open"``, ``"close"``, ``"move"`` (centres),
        ``"lock"``, ``"unlock"``, ``"rename"`` (communities).
    units, before, after
        Unit ids with their community before and after.
    names
        Names of communities that it brings or changes.
    part
        Community that it locks, unlocks or renames.
    site, other
        Centre that it opens, closes or moves, and where it moves to.
    note
        What was remarked.
    lines
        Where in the file: a line for each unit (CSV), or empty.
    """

    number: int
    kind: str
    units: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    site: str = ""
    other: str = ""
    note: str = ""
    lines: tuple[int, ...] = ()

    def place(self, row: int = 0) -> Message:
        """Where it stands, for a reader."""
        if self.lines:
            return msg("line {line}", line=self.lines[min(row, len(self.lines) - 1)])
        return msg("edit {number}", number=self.number)


@dataclass(frozen=True, slots=True)
class EditsFile:
    """A file of edits.

    Attributes
    ----------
    path
        The file.
    fingerprint, plan
        What the edits start from: its fingerprint, and its name where the file says it.
    edits
        The edits in order.
    total, parts
        The page's totals, in all and by community id; empty where the file holds none.
    preliminary
        Totals that the page could not know exactly.
    lacking
        Totals that files of this kind never held.
    """

    path: Path
    fingerprint: str
    plan: str
    edits: tuple[Edit, ...]
    total: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    preliminary: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def read_edits(path: str | Path) -> EditsFile:
    """Read a file of edits.

    Parameters
    ----------
    path
        JSON as the page wrote it, or CSV (also as a spreadsheet saved it: UTF-8 or GB18030; comma, semicolon or tab).

    Returns
    -------
    EditsFile

    Raises
    ------
    InputError
        If it cannot be read or is no such file; with every fault.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unusable(path, msg("a file of edits"), msg("{reason}", reason=error.strerror or str(error))) from error
    if not data.strip():
        raise _unusable(path, msg("a file of edits"), msg("an empty file"))
    if data.startswith(_ZIP):
        raise _unusable(path, msg("a file of edits: JSON or CSV"), msg("a workbook or another packed file"))
    text = _decode(data)
    return _read_json(path, text) if text.lstrip()[:1] in ("{", "[") else _read_csv(path, text)


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def _unusable(path: Path, needed: Message, given: Message) -> InputError:
    mend = msg("download the edits from the page again: JSON or CSV")
    return InputError(Fault("not-edits", needed, given, mend, Where(file=str(path))))


def _read_json(path: Path, text: str) -> EditsFile:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise _unusable(path, msg("JSON"), msg("{reason}", reason=str(error))) from error
    plan = data.get("plan") if isinstance(data, dict) else None
    if (
        not isinstance(data, dict)
        or data.get("format") != FORMAT
        or not isinstance(plan, dict)
        or not isinstance(data.get("edits"), list)
    ):
        raise _unusable(path, msg("edits of format {name}", name=FORMAT), msg("another JSON file"))
    if data.get("version") != VERSION:
        raise _unusable(
            path, msg("version {number}", number=VERSION), msg("version {number}", number=data.get("version"))
        )
    faults: list[Fault] = []
    edits = [_json_edit(path, number, raw, faults) for number, raw in enumerate(data["edits"], start=1)]
    total, parts, preliminary = _json_totals(path, data.get("totals"), faults)
    if faults:
        raise InputError(faults)
    return EditsFile(
        path=path,
        fingerprint=str(plan.get("fingerprint", "")),
        plan=str(plan.get("name", "")),
        edits=tuple(edit for edit in edits if edit is not None),
        total=total,
        parts=parts,
        preliminary=preliminary,
    )


def _json_totals(
    path: Path, raw: Any, faults: list[Fault]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], tuple[str, ...]]:
    """The page's totals; numbers and lists of numbers, or a fault."""
    totals = {} if raw is None else raw
    wrong = _edit_fault(path, msg("totals"), msg("the totals as the page wrote them"), "-")
    if not isinstance(totals, dict):
        faults.append(wrong)
        return {}, {}, ()
    total, parts, preliminary = totals.get("total", {}), totals.get("parts", []), totals.get("preliminary", [])
    shaped = isinstance(total, dict) and isinstance(parts, list) and isinstance(preliminary, list)
    if not shaped or not all(isinstance(row, dict) for row in parts):
        faults.append(wrong)
        return {}, {}, ()
    for row in (total, *parts):
        for name, value in row.items():
            numbers = value if isinstance(value, list) else [value]
            if name not in _TEXTS and not all(isinstance(n, int | float) and not abs(n) > _LARGEST for n in numbers):
                place = msg("totals, {name}", name=name)
                faults.append(_edit_fault(path, place, msg("a number"), str(value)[:_SHOWN]))
    return total, {str(row.get("id")): row for row in parts}, tuple(str(name) for name in preliminary)


def _json_edit(path: Path, number: int, raw: Any, faults: list[Fault]) -> Edit | None:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if kind not in (*MOVING_EDITS, *CENTRE_EDITS, *_PARTS):
        faults.append(_edit_fault(path, msg("edit {number}", number=number), msg("a known kind of edit"), str(kind)))
        return None
    wrong = _no_text(raw, kind)
    if wrong:
        given = msg("{name}: {value}", name=wrong, value=str(raw.get(wrong, "-"))[:_SHOWN])
        faults.append(_edit_fault(path, msg("edit {number}", number=number), msg("text for names and ids"), given))
        return None
    units, before, to = raw.get("units", []), raw.get("from", []), raw.get("to", "")
    if not (isinstance(units, list) and isinstance(before, list)):
        units, before = [None], []
    after = to if isinstance(to, list) else [to] * len(units)
    if len(before) != len(units) or len(after) != len(units) or (kind in MOVING_EDITS and not units):
        needed = msg("as many communities before and after as units")
        faults.append(_edit_fault(path, msg("edit {number}", number=number), needed, str(len(units))))
        return None
    if not isinstance(raw.get("names", {}), dict):
        needed = msg("names of communities by their ids")
        faults.append(_edit_fault(path, msg("edit {number}", number=number), needed, str(raw["names"])[:_SHOWN]))
        return None
    names = {str(k): str(v) for k, v in raw.get("names", {}).items()}
    if kind == "new":
        names[str(to)] = str(raw.get("name", to))
    if kind == "rename":
        names[str(raw.get("part"))] = str(raw.get("name", ""))
    return Edit(
        number=number,
        kind=kind,
        units=tuple(map(str, units)),
        before=tuple(map(str, before)),
        after=tuple(map(str, after)),
        names=names,
        part=str(raw.get("part", "")),
        site=str(raw.get("site", "")),
        other=str(raw.get("other", "")),
        note=str(raw.get("note", "")),
    )


def _no_text(raw: Mapping[str, Any], kind: str) -> str:
    """The first field of an edit that must be text and is not, or a name that is empty; ``""`` where all are."""
    single = ("name", "part", "site", "other", "note", "old")
    wrong = [name for name in single if name in raw and not isinstance(raw[name], str)]
    for name in ("units", "from", "to"):
        values = raw.get(name, "")
        wrong += [name for value in values if not isinstance(value, str)] if isinstance(values, list) else []
    if not isinstance(raw.get("to", ""), str | list):
        wrong.append("to")
    if isinstance(raw.get("names"), dict) and not all(isinstance(name, str) for name in raw["names"].values()):
        wrong.append("names")
    if kind == "rename" and not str(raw.get("name", "")).strip():
        wrong.append("name")
    return wrong[0] if wrong else ""


def _edit_fault(path: Path, place: Message, needed: Message, given: str | Message) -> Fault:
    return Fault(
        code="bad-edit",
        needed=needed,
        given=msg("{place}: {given}", place=place, given=given),
        mend=msg("download the edits from the page again: JSON or CSV"),
        where=Where(file=str(path)),
    )


def _unguard(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from reading text as a formula, a number or a date."""
    return text[1:] if text.startswith("'") else text


def _read_csv(path: Path, text: str) -> EditsFile:
    with _long_cells():
        lines = _csv_lines(path, text)
    faults: list[Fault] = []
    groups: dict[int, list[tuple[int, dict[str, str]]]] = {}
    total: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    preliminary: tuple[str, ...] = ()
    for line, row in lines:
        if row["kind"] == "total":
            target = total if not row["unit"] else parts.setdefault(_unguard(row["unit"]), {})
            _csv_total(path, line, row, target, faults)
        elif row["kind"] == "preliminary":
            preliminary = tuple(_unguard(row.get("name", "")).split())
        elif row["edit"].isascii() and row["edit"].isdigit():
            groups.setdefault(int(row["edit"]), []).append((line, row))
        else:
            faults.append(_edit_fault(path, msg("line {line}", line=line), msg("the number of an edit"), row["edit"]))
    named = next((_unguard(row[_PLAN_NAME]) for _, row in lines if row.get(_PLAN_NAME)), None)
    plans = list(dict.fromkeys(row["plan"] for _, row in lines))
    for line in [line for line, row in lines if row["plan"] != plans[0] or not row["plan"]][:_MOST_LINES]:
        given = next(row["plan"] for at, row in lines if at == line)[:12] or "-"
        needed = msg("the fingerprint of one plan in every line, column plan")
        faults.append(_edit_fault(path, msg("line {line}", line=line), needed, given))
    edits = [_csv_edit(path, number, groups[number], faults) for number in sorted(groups)]
    if faults:
        raise InputError(faults)
    kept = tuple(edit for edit in edits if edit is not None)
    lacking = _OLDER_LACK if named is None else ()
    return EditsFile(path, plans[0] if plans else "", named or "", kept, total, parts, preliminary, lacking)


def _csv_lines(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Rows that are not empty, each with the line that it ends in."""
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        needed = msg("columns {names}", names=", ".join(_COLUMNS))
        raise _unusable(path, needed, msg("a file without {names}", names=", ".join(missing)))
    lines = []
    for raw in reader:
        row = {name: value.strip() for name, value in raw.items() if name and isinstance(value, str)}
        row = {**dict.fromkeys(_COLUMNS, ""), **row}
        if any(row.values()):
            lines.append((reader.line_num, row))
    return lines


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be long; the limit is one for the whole process, and other readers count on it."""
    before = csv.field_size_limit(_LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_total(path: Path, line: int, row: Mapping[str, str], target: dict[str, Any], faults: list[Fault]) -> None:
    name = _unguard(row.get("name", ""))
    if name == "name":
        target[name] = _unguard(row["to"])
        return
    try:
        numbers = [float(word) for word in _unguard(row["to"]).split()]
    except ValueError:
        faults.append(_edit_fault(path, msg("line {line}", line=line), msg("a number"), row["to"]))
        return
    target[name] = numbers if name in _LISTS else (numbers or [float("nan")])[0]


def _csv_edit(
    path: Path, number: int, rows: Sequence[tuple[int, Mapping[str, str]]], faults: list[Fault]
) -> Edit | None:
    kinds = {row["kind"] for _, row in rows} - {"name"}
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    if kind not in (*MOVING_EDITS, *CENTRE_EDITS, *_PARTS):
        place = msg("line {line}", line=rows[0][0])
        faults.append(_edit_fault(path, place, msg("a known kind of edit"), ", ".join(sorted(kinds))))
        return None
    names = {_unguard(row["to"]): _unguard(row.get("name", "")) for _, row in rows if row["kind"] == "name"}
    real = [(line, row) for line, row in rows if row["kind"] != "name"]
    first = real[0][1]
    moves = kind in MOVING_EDITS
    if kind == "rename":
        names[_unguard(first["from"])] = _unguard(first.get("name", ""))
    return Edit(
        number=number,
        kind=kind,
        units=tuple(_unguard(row["unit"]) for _, row in real) if moves else (),
        before=tuple(_unguard(row["from"]) for _, row in real) if moves else (),
        after=tuple(_unguard(row["to"]) for _, row in real) if moves else (),
        names=names,
        part=_unguard(first["from"]) if kind in _PARTS else "",
        site=_unguard(first["from"]) if kind in CENTRE_EDITS else "",
        other=_unguard(first["to"]) if kind in CENTRE_EDITS else "",
        note=_unguard(first.get("note", "")),
        lines=tuple(line for line, _ in real),
    )
