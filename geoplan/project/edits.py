"""Edits of boundaries as they come from a page: a JSON or CSV file read, checked line by line, and done to a plan."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.partition.plan import Partition

__all__ = ["FORMAT", "VERSION", "AppliedEdits", "Edit", "EditsFile", "apply_edits", "read_edits"]

FORMAT, VERSION = "geoplan-edits", 1

_MOVES = ("give", "new", "merge", "assign")
_SITES = ("open", "close", "move")
_PARTS = ("lock", "unlock", "rename")
_COLUMNS = ("edit", "kind", "unit", "from", "to", "plan")
_LISTS = ("served_any", "served_own")


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
    """

    path: Path
    fingerprint: str
    plan: str
    edits: tuple[Edit, ...]
    total: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    preliminary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppliedEdits:
    """What edits made of a plan.

    Attributes
    ----------
    partition
        The units in their new communities.
    opened, closed
        Candidate sites that are centres now, and centres that are none any more.
    locked
        Communities locked at the end.
    notes
        Unit id to the last remark on it.
    taken
        Steps done: a unit that moves, a centre, a name or a lock is one.
    left
        Steps left out (only where that was asked for), each with its reason.
    """

    partition: Partition
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    locked: tuple[str, ...]
    notes: Mapping[str, str]
    taken: int
    left: tuple[Message, ...]


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
    text = _decode(data)
    return _read_json(path, text) if text.lstrip().startswith("{") else _read_csv(path, text)


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
    plan = data.get("plan")
    if data.get("format") != FORMAT or not isinstance(plan, dict) or not isinstance(data.get("edits"), list):
        raise _unusable(path, msg("edits of format {name}", name=FORMAT), msg("another JSON file"))
    if data.get("version") != VERSION:
        raise _unusable(
            path, msg("version {number}", number=VERSION), msg("version {number}", number=data.get("version"))
        )
    faults: list[Fault] = []
    edits = [_json_edit(path, number, raw, faults) for number, raw in enumerate(data["edits"], start=1)]
    if faults:
        raise InputError(faults)
    totals = data.get("totals") if isinstance(data.get("totals"), dict) else {}
    return EditsFile(
        path=path,
        fingerprint=str(plan.get("fingerprint", "")),
        plan=str(plan.get("name", "")),
        edits=tuple(edit for edit in edits if edit is not None),
        total=dict(totals.get("total", {})),
        parts={str(row.get("id")): row for row in totals.get("parts", [])},
        preliminary=tuple(str(name) for name in totals.get("preliminary", [])),
    )


def _json_edit(path: Path, number: int, raw: Any, faults: list[Fault]) -> Edit | None:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if kind not in (*_MOVES, *_SITES, *_PARTS):
        faults.append(_edit_fault(path, msg("edit {number}", number=number), msg("a known kind of edit"), str(kind)))
        return None
    units, before, to = raw.get("units", []), raw.get("from", []), raw.get("to", "")
    if not (isinstance(units, list) and isinstance(before, list)):
        units, before = [None], []
    after = to if isinstance(to, list) else [to] * len(units)
    if len(before) != len(units) or len(after) != len(units) or (kind in _MOVES and not units):
        needed = msg("as many communities before and after as units")
        faults.append(_edit_fault(path, msg("edit {number}", number=number), needed, str(len(units))))
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


def _edit_fault(path: Path, place: Message, needed: Message, given: str) -> Fault:
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
        elif row["edit"].isdigit():
            groups.setdefault(int(row["edit"]), []).append((line, row))
        else:
            faults.append(_edit_fault(path, msg("line {line}", line=line), msg("the number of an edit"), row["edit"]))
    plans = sorted({row["plan"] for _, row in lines})
    if len(plans) > 1:
        given = ", ".join(plan[:12] for plan in plans)
        faults.append(_edit_fault(path, msg("column plan"), msg("one plan in the whole file"), given))
    edits = [_csv_edit(path, number, groups[number], faults) for number in sorted(groups)]
    if faults:
        raise InputError(faults)
    kept = tuple(edit for edit in edits if edit is not None)
    return EditsFile(path, plans[0] if plans else "", "", kept, total, parts, preliminary)


def _csv_lines(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Rows that are not empty, each with the line that it ends in."""
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
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


def _csv_total(path: Path, line: int, row: Mapping[str, str], target: dict[str, Any], faults: list[Fault]) -> None:
    name = _unguard(row.get("name", ""))
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
    if kind not in (*_MOVES, *_SITES, *_PARTS):
        place = msg("line {line}", line=rows[0][0])
        faults.append(_edit_fault(path, place, msg("a known kind of edit"), ", ".join(sorted(kinds))))
        return None
    names = {_unguard(row["to"]): _unguard(row.get("name", "")) for _, row in rows if row["kind"] == "name"}
    real = [(line, row) for line, row in rows if row["kind"] != "name"]
    first = real[0][1]
    moves = kind in _MOVES
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
        site=_unguard(first["from"]) if kind in _SITES else "",
        other=_unguard(first["to"]) if kind in _SITES else "",
        note=_unguard(first.get("note", "")),
        lines=tuple(line for line, _ in real),
    )


class _State:
    """A plan while edits are done to it."""

    def __init__(self, start: Partition, sites: Mapping[str, bool]) -> None:
        self.part_of = dict(zip(start.part_of.index, start.part_of, strict=True))
        self.names = dict(start.names)
        self.open = dict(sites)
        self.held: dict[str, int] = {}
        for part in self.part_of.values():
            self.held[part] = self.held.get(part, 0) + 1
        self.locked: set[str] = set()
        self.notes: dict[str, str] = {}
        self.taken = 0

    def put(self, unit: str, part: str) -> None:
        self.held[self.part_of[unit]] -= 1
        self.held[part] = self.held.get(part, 0) + 1
        self.part_of[unit] = part

    def there(self, part: str) -> bool:
        return self.held.get(part, 0) > 0


def apply_edits(
    file: EditsFile,
    start: Partition,
    *,
    open_sites: Iterable[str] = (),
    sites: Iterable[str] = (),
    rebase: bool = False,
) -> AppliedEdits:
    """Do the edits of a file to a plan.

    Parameters
    ----------
    file
        The edits.
    start
        The plan that they start from.
    open_sites, sites
        Ids of the centres there are at the start, and of all centres and candidate sites.
    rebase
        Leave out what does not fit, and say so, in place of refusing the file.

    Returns
    -------
    AppliedEdits

    Raises
    ------
    InputError
        Unless ``rebase``: every unit or site that is unknown, and every unit that is not where the file says.
    """
    opened = set(open_sites)
    state = _State(start, {site: site in opened for site in sites})
    faults: list[Fault] = []
    for edit in file.edits:
        if edit.kind in _MOVES:
            faults += _move(file, edit, state)
        elif edit.kind in _SITES:
            faults += _centre(file, edit, state)
        else:
            faults += _part(file, edit, state)
    if faults and not rebase:
        raise InputError(faults)
    part_of = pd.Series(state.part_of, dtype=object).reindex(start.units.table.index)
    named = Partition(start.units, part_of, state.names).with_parts(part_of)
    now = {site for site, is_open in state.open.items() if is_open}
    return AppliedEdits(
        partition=named,
        opened=tuple(sorted(now - opened)),
        closed=tuple(sorted(opened - now)),
        locked=tuple(sorted(part for part in state.locked if state.there(part))),
        notes=state.notes,
        taken=state.taken,
        left=tuple(_as_reason(fault) for fault in faults),
    )


def _as_reason(fault: Fault) -> Message:
    return msg("needed {needed}; given {given}", needed=fault.needed, given=fault.given)


def _refused(file: EditsFile, code: str, needed: Message, given: Message, rows: tuple[str, ...] = ()) -> Fault:
    mend = msg("open the page that these edits were made on, or use --rebase to take what still fits")
    return Fault(code, needed, given, mend, Where(file=str(file.path), rows=rows))


def _move(file: EditsFile, edit: Edit, state: _State) -> list[Fault]:
    faults = []
    fresh = set(edit.names) if edit.kind in ("new", "assign") else set()
    for part in sorted(set(edit.after)):
        if not state.there(part) and part not in fresh:
            given = msg("{place}: {part}", place=edit.place(), part=part)
            faults.append(_refused(file, "unknown-part", msg("a community that there is"), given))
    lost = {part for part in edit.after if not state.there(part) and part not in fresh}
    for row, (unit, before, after) in enumerate(zip(edit.units, edit.before, edit.after, strict=True)):
        place = edit.place(row)
        if unit not in state.part_of:
            given = msg("{place}: {unit}", place=place, unit=unit)
            faults.append(_refused(file, "unknown-unit", msg("a unit of the plan"), given, (unit,)))
            continue
        now = state.part_of[unit]
        if now != before:
            needed = msg("unit {unit} in {part}, where it is now", unit=unit, part=now)
            given = msg("{place}: from {part}", place=place, part=before)
            faults.append(_refused(file, "from-differs", needed, given, (unit,)))
            continue
        if after in lost:
            continue
        state.put(unit, after)
        state.taken += 1
        if edit.note:
            state.notes[unit] = edit.note
    for part in sorted(fresh):
        state.names[part] = edit.names[part]
    return faults


def _centre(file: EditsFile, edit: Edit, state: _State) -> list[Fault]:
    wanted = [(edit.site, edit.kind == "open")] + ([(edit.other, True)] if edit.kind == "move" else [])
    unknown = [site for site, _ in wanted if site not in state.open]
    if unknown:
        given = msg("{place}: {site}", place=edit.place(), site=", ".join(unknown))
        return [_refused(file, "unknown-site", msg("a centre or a candidate site of the town"), given)]
    same = [site for site, is_open in wanted if state.open[site] == is_open]
    if same:
        given = msg("{place}: {site} is so already", place=edit.place(), site=", ".join(same))
        return [_refused(file, "site-differs", msg("a centre that the edit changes"), given)]
    state.open.update(wanted)
    state.taken += 1
    return []


def _part(file: EditsFile, edit: Edit, state: _State) -> list[Fault]:
    if not state.there(edit.part):
        given = msg("{place}: {part}", place=edit.place(), part=edit.part)
        return [_refused(file, "unknown-part", msg("a community that there is"), given)]
    if edit.kind == "rename":
        state.names[edit.part] = edit.names[edit.part]
    elif edit.kind == "lock":
        state.locked.add(edit.part)
    else:
        state.locked.discard(edit.part)
    state.taken += 1
    return []
