"""Edits of boundaries done to a plan, each unit and centre checked where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.partition.plan import Partition
from geoplan.project.editfile import CENTRE_EDITS, MOVING_EDITS, Edit, EditsFile

__all__ = ["AppliedEdits", "apply_edits"]


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
    warned
        What was done although an earlier edit had locked the community; pages warn of it, too.
    """

    partition: Partition
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    locked: tuple[str, ...]
    notes: Mapping[str, str]
    taken: int
    left: tuple[Message, ...]
    warned: tuple[Message, ...] = ()


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
        self.warned: list[Message] = []
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
        if edit.kind in MOVING_EDITS:
            faults += _move(file, edit, state)
        elif edit.kind in CENTRE_EDITS:
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
        warned=tuple(state.warned),
    )


def _as_reason(fault: Fault) -> Message:
    return msg("needed {needed}; given {given}", needed=fault.needed, given=fault.given)


def _refused(file: EditsFile, code: str, needed: Message, given: Message, rows: tuple[str, ...] = ()) -> Fault:
    mend = msg("open the page that these edits were made on, or use --rebase to take what still fits")
    return Fault(code, needed, given, mend, Where(file=str(file.path), rows=rows))


def _move(file: EditsFile, edit: Edit, state: _State) -> list[Fault]:
    faults = []
    fresh = {part for part in edit.names if not state.there(part)} if edit.kind in ("new", "assign") else set()
    if edit.kind == "new":
        for part in sorted({part for part in edit.after if state.there(part)}):
            given = msg("{place}: {part}", place=edit.place(), part=part)
            faults.append(_refused(file, "part-exists", msg("a new community that is not there yet"), given))
        if faults:
            return faults
    crossed: set[str] = set()
    for part in sorted(set(edit.after)):
        if not state.there(part) and part not in fresh:
            given = msg("{place}: {part}", place=edit.place(), part=part)
            faults.append(_refused(file, "unknown-part", msg("a community that there is"), given))
    seen: set[str] = set()
    lost = {part for part in edit.after if not state.there(part) and part not in fresh}
    for row, (unit, before, after) in enumerate(zip(edit.units, edit.before, edit.after, strict=True)):
        place = edit.place(row)
        if unit not in state.part_of:
            given = msg("{place}: {unit}", place=place, unit=unit)
            faults.append(_refused(file, "unknown-unit", msg("a unit of the plan"), given, (unit,)))
            continue
        if unit in seen:
            given = msg("{place}: {unit} a second time", place=place, unit=unit)
            faults.append(_refused(file, "unit-twice", msg("each unit once in an edit"), given, (unit,)))
            continue
        seen.add(unit)
        now = state.part_of[unit]
        if now != before:
            needed = msg("unit {unit} in {part}, where it is now", unit=unit, part=now)
            given = msg("{place}: from {part}", place=place, part=before)
            faults.append(_refused(file, "from-differs", needed, given, (unit,)))
            continue
        if after in lost:
            continue
        crossed |= {part for part in (before, after) if part in state.locked}
        state.put(unit, after)
        state.taken += 1
        if edit.note:
            state.notes[unit] = edit.note
    for part in sorted(fresh):
        state.names[part] = edit.names[part]
    state.warned += [
        msg("{place}: {part} is locked by an earlier edit", place=edit.place(), part=state.names.get(part, part))
        for part in sorted(crossed)
    ]
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
