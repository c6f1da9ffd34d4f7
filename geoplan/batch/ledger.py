"""The ledger: every run with what went in and what came out, and the versions of the boundaries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geoplan.batch.codec import decode, digest_json, encode
from geoplan.batch.inputs import Inputs
from geoplan.batch.store import Store
from geoplan.errors import Fault, InputError, Message, msg
from geoplan.model import Level

if TYPE_CHECKING:
    from geoplan.batch.stages import Graph

__all__ = [
    "Boundary",
    "Run",
    "begin_run",
    "boundaries",
    "end_run",
    "find_run",
    "last_done",
    "load_boundary",
    "note_boundaries",
    "reason_record",
    "recorded_reason",
    "rely_on",
    "runs",
]

# what stages rest on beside their results: it spares work when they run again, and nobody asks for it while they stay
_BESIDE = {
    "read": ("read",),
    "check": ("piece",),
    "times": ("labels",),
    "coverage": ("piece", "outline"),
    "map": ("piece",),
    "report": ("piece",),
}
_OUTCOMES = ("done", "failed", "interrupted", "running", "killed")


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes
    ----------
    id
        Its number.
    started, seconds
        When it began (local time) and how long it took.
    outcome
        ``"done"``, ``"failed"``, ``"interrupted"``, ``"running"``, or ``"killed"`` for one that never came to an end.
    name, scenario
        What the planner called it, and the scenario that it measured.
    record
        Inputs, options, seed, versions, stages and results.
    """

    id: int
    started: str
    seconds: float | None
    outcome: str
    name: str
    scenario: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Boundary:
    """One version of a level's boundaries: its content's digest, name, date, and the run that first used it."""

    level: str
    digest: str
    name: str
    made: str
    run: int
    blob: str


def begin_run(store: Store, *, name: str = "", scenario: str = "") -> int:
    """Enter a run; one that is still entered as running died, for the lock is ours.

    Parameters
    ----------
    store
        The store, locked.
    name, scenario
        What it is called.

    Returns
    -------
    int
        Its number.
    """
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    with store.change() as database:
        database.execute("UPDATE runs SET outcome = 'killed' WHERE outcome = 'running'")
        row = database.execute(
            "INSERT INTO runs (started, outcome, name, scenario, record) VALUES (?, 'running', ?, ?, '{}')",
            (started, name, scenario),
        )
    store.run = int(row.lastrowid or 0)
    return store.run


def end_run(store: Store, number: int, outcome: str, seconds: float, record: Mapping[str, Any]) -> None:
    """Enter how a run ended.

    Parameters
    ----------
    store
        The store.
    number
        The run.
    outcome, seconds, record
        As of :class:`Run`.
    """
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, default=str)
    with store.change() as database:
        database.execute(
            "UPDATE runs SET outcome = ?, seconds = ?, record = ? WHERE id = ?", (outcome, seconds, text, number)
        )
    store.mark_used()


def runs(store: Store) -> list[Run]:
    """All runs, the oldest first.

    Parameters
    ----------
    store
        The store.

    Returns
    -------
    list of Run
    """
    query = "SELECT id, started, seconds, outcome, name, scenario, record FROM runs ORDER BY id"
    return [_run(row) for row in store.database.execute(query)]


def _run(row: Any) -> Run:
    number, started, seconds, outcome, name, scenario, text = row
    try:
        record = json.loads(text)
    except ValueError as error:
        raise sqlite3.DatabaseError(f"the record of run {number} is garbled") from error
    if outcome not in _OUTCOMES or not isinstance(record, dict):
        raise sqlite3.DatabaseError(f"the entry of run {number} is garbled")
    return Run(number, started, seconds, outcome, name, scenario, record)


def last_done(store: Store, *, scenario: str = "") -> Run | None:
    """The last run that came to an end.

    Parameters
    ----------
    store
        The store.
    scenario
        The scenario; ``""``: the project as it is.

    Returns
    -------
    Run or None
    """
    query = (
        "SELECT id, started, seconds, outcome, name, scenario, record FROM runs "
        "WHERE outcome = 'done' AND scenario = ? ORDER BY id DESC LIMIT 1"
    )
    row = store.database.execute(query, (scenario,)).fetchone()
    return None if row is None else _run(row)


def find_run(store: Store, wanted: str) -> Run:
    """A run by its number, its name, or ``last`` and ``last-1``.

    Parameters
    ----------
    store
        The store.
    wanted
        What it is called; of several runs of a name the last one.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If there is none.
    """
    found = runs(store)
    done = [run for run in found if run.outcome == "done" and not run.scenario]
    by_name = {run.name: run for run in found if run.name} | {str(run.id): run for run in found}
    by_name |= {"last" if i == 0 else f"last-{i}": run for i, run in enumerate(reversed(done))}
    if wanted in by_name:
        return by_name[wanted]
    raise InputError(
        Fault(
            code="unknown-run",
            needed=msg("the number or name of a run, or last, last-1, ..."),
            given=msg("{name}", name=wanted),
            mend=msg("see which there are with: geoplan runs PROJECT"),
        )
    )


def rely_on(store: Store, graph: Graph, before: Run | None) -> None:
    """Count as used what the last run used for stages that stay, so that pruning leaves it there.

    Parameters
    ----------
    store
        The store, in a run.
    graph
        The plan of the run.
    before
        The last run.
    """
    if before is None:
        return
    kept = {one for name, stages in _BESIDE.items() if not graph.runs(name) for one in stages}
    store.use_on(sorted(kept), since=before.id)


def reason_record(reason: Message) -> dict[str, Any]:
    """A sentence as plain values for the record of a run, so that every reader has it in their language.

    Parameters
    ----------
    reason
        The sentence.

    Returns
    -------
    dict

    Examples
    --------
    >>> recorded_reason(reason_record(msg("changed: {what}", what="streets"))) == msg("changed: {what}", what="streets")
    True
    """
    params = {
        name: reason_record(value) if isinstance(value, Message) else value for name, value in reason.params.items()
    }
    return {"template": reason.template, "params": params}


def recorded_reason(value: Any) -> Message:
    """A sentence out of the record of a run.

    Parameters
    ----------
    value
        What :func:`reason_record` gave; records of earlier versions hold the English sentence.

    Returns
    -------
    Message
    """
    if not isinstance(value, dict):
        return msg("{reason}", reason=value)
    params = {
        name: recorded_reason(one) if isinstance(one, dict) else one for name, one in value.get("params", {}).items()
    }
    return Message(str(value.get("template", "")), params)


def note_boundaries(store: Store, inputs: Inputs, name: str) -> dict[str, str]:
    """Keep the boundaries of a run: a version that is new gets the run's name and date, a damaged one is written anew.

    Parameters
    ----------
    store
        The store, in a run.
    inputs
        The town.
    name
        Name for new versions; ``""`` numbers them.

    Returns
    -------
    dict
        Level to the version's digest.
    """
    versions = {}
    today = datetime.now().astimezone().date().isoformat()
    for level in inputs.levels:
        start = f"level {level.name}."
        shape = {part: one for part, one in inputs.digests.items() if part.startswith(start)}
        key = digest_json(shape)
        versions[level.name] = key
        rows = store.database.execute("SELECT digest, blob FROM boundaries WHERE level = ?", (level.name,))
        known = dict(rows.fetchall())
        if key in known and store.read(known[key]) is not None:
            store.blob_of("boundary", key)  # counts as used, as all that a run stands on
            continue
        blob = store.put("boundary", key, encode(level))
        if key in known:
            store.damaged.append("boundary")
            with store.change() as database:
                database.execute(
                    "UPDATE boundaries SET blob = ? WHERE level = ? AND digest = ?", (blob, level.name, key)
                )
            continue
        given = name or f"{level.name} {len(known) + 1}"
        with store.change() as database:
            row = (level.name, key, given, today, store.run, blob)
            database.execute("INSERT INTO boundaries VALUES (?, ?, ?, ?, ?, ?)", row)
    return versions


def boundaries(store: Store) -> list[Boundary]:
    """All versions of boundaries, by level, the oldest first.

    Parameters
    ----------
    store
        The store.

    Returns
    -------
    list of Boundary
    """
    rows = store.database.execute("SELECT level, digest, name, made, run, blob FROM boundaries ORDER BY level, run")
    return [Boundary(*row) for row in rows]


def load_boundary(store: Store, boundary: Boundary) -> Level | None:
    """The units of a version; None if its file is damaged.

    Parameters
    ----------
    store
        The store.
    boundary
        The version.

    Returns
    -------
    Level or None
    """
    content = store.read(boundary.blob)
    level: Level | None = None if content is None else decode(content)
    return level
