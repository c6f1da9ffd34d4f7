"""One town out of many, measured wherever a worker stands: what goes there and what comes back, both plain values."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from geoplan.batch.codec import digest_json
from geoplan.batch.inputs import Inputs, read_inputs
from geoplan.batch.memory import memory_limit, peak_bytes, reset_peak
from geoplan.batch.running import RunResult, reading_again, run_files, run_project
from geoplan.batch.shipping import Parcel, pack_files, unpacked_project
from geoplan.batch.store import open_store
from geoplan.batch.versions import code_version
from geoplan.errors import Fault, GeoplanError, InputError, Message, msg
from geoplan.project import Project, load_project
from geoplan.standards import load_standard
from geoplan.text import render_error, translate

__all__ = [
    "TownOutcome",
    "TownTask",
    "failed_outcome",
    "outcome_of_death",
    "program_version",
    "run_town",
    "version_fault",
]

OUTLINE_CRS = "EPSG:4490"
"""What outlines of towns are in: towns lie in different zones, and one map shows them all."""

_OUTLINE_TOLERANCE_M = 1.0
_OUTLINE_GRID_DEG = 1e-7
_BUSY_WAITS_S = (1.0, 2.0, 4.0, 8.0)
_ROOMS = ("batch", "check", "coverage", "maps", "model", "places", "project", "reach", "read", "report", "standards")
# one town at a time in a process, however many threads its worker has: then peak and limit are that of the town
_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class TownTask:
    """What a worker is told.

    Attributes
    ----------
    key
        Name among the towns.
    project, out
        Project file and folder of the results, absolute paths.
    language
        Language of the results; ``""``: the project's own, else ``fallback``.
    fallback
        Language of what the project says nothing about.
    name
        Name of the run.
    anonymise
        Whether the town is made safe before it is measured.
    memory_bytes
        The most that it may hold; 0 sets no limit.
    version
        Version of the program that wants the results.
    parcel
        Its files, where the worker cannot read the project.
    """

    key: str
    project: str
    out: str
    language: str = ""
    fallback: str = "zh"
    name: str = ""
    anonymise: bool = False
    memory_bytes: int = 0
    version: str = ""
    parcel: Parcel | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TownOutcome:
    """What comes back.

    Attributes
    ----------
    key
        Name among the towns.
    status
        ``"done"`` or ``"failed"``.
    error
        Why it failed, for the planner.
    record
        Figures of its row in the summary.
    outline
        Its area, WKB in :data:`OUTLINE_CRS`; empty where there is none.
    files
        Archive of the results, where they were not written in their place.
    seconds, peak_bytes, worker
        How long it took, how much memory, and which process it was.
    computed
        How many stages were computed and not taken out of the store.
    """

    key: str
    status: str
    error: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    outline: bytes = b""
    files: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    peak_bytes: int | None = None
    worker: str = ""
    computed: int = 0


def program_version() -> str:
    """Digest of the code and libraries that results depend on: workers must have the same.

    Returns
    -------
    str
    """
    return code_version(_ROOMS)


def version_fault(given: Message) -> Fault:
    """Workers that would give other results.

    Parameters
    ----------
    given
        What they have.

    Returns
    -------
    Fault
    """
    return Fault(
        "other-version",
        msg("the same geoplan and the same libraries on every worker, so that results are the same"),
        given,
        msg("install the same versions there (pip install -c constraints.txt .) and restart the workers"),
    )


def failed_outcome(task: TownTask, error: GeoplanError, *, language: str = "") -> TownOutcome:
    """A town that could not be measured.

    Parameters
    ----------
    task
        The town.
    error
        Why.
    language
        Language of the reason; that of the task by default.

    Returns
    -------
    TownOutcome
    """
    return TownOutcome(
        key=task.key,
        status="failed",
        error=_plain(render_error(error, language or task.language or task.fallback), task, None),
    )


def outcome_of_death(task: TownTask) -> TownOutcome:
    """A town that every worker died of.

    Parameters
    ----------
    task
        The town.

    Returns
    -------
    TownOutcome
    """
    fault = Fault(
        "worker-died",
        msg("a worker that lives until the town is done"),
        msg("several workers died while they measured it: out of memory most likely"),
        msg("give the workers more memory or take a smaller area; the rest is done, go on with --retry-failed"),
    )
    return failed_outcome(task, InputError(fault))


def run_town(task: TownTask) -> TownOutcome:
    """Measure one town; whatever goes wrong is part of what comes back.

    Parameters
    ----------
    task
        The town.

    Returns
    -------
    TownOutcome
    """
    with _ALONE:
        reset_peak()
        began = time.monotonic()
        answer = _guarded(task)
        return _timed(answer, time.monotonic() - began)


def _timed(answer: TownOutcome, seconds: float) -> TownOutcome:
    return replace(answer, seconds=round(seconds, 3), peak_bytes=peak_bytes(), worker=f"{os.getpid()}")


def _guarded(task: TownTask) -> TownOutcome:
    try:
        with memory_limit(task.memory_bytes):
            _check_version(task)
            return _run_here(task) if task.parcel is None else _run_shipped(task, task.parcel)
    except GeoplanError as error:
        return failed_outcome(task, error)
    except Exception as error:
        if _out_of_memory(error):
            return failed_outcome(task, InputError(_memory_fault(task)))
        fault = msg("geoplan has a fault of its own: {kind}: {reason}", kind=type(error).__name__, reason=error)
        text = translate(fault, task.language or task.fallback)
        return TownOutcome(key=task.key, status="failed", error=_plain(text, task, None))


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or "bad_alloc" in str(error):
        return True
    return isinstance(error, OSError) and error.errno == errno.ENOMEM


def _memory_fault(task: TownTask) -> Fault:
    given = msg("the memory of the worker is used up")
    if task.memory_bytes:
        given = msg("{mb} MB are not enough", mb=f"{task.memory_bytes / 1024**2:,.0f}")
    return Fault(
        "out-of-memory",
        msg("memory for the town"),
        given,
        msg("give the workers more with --memory, or take a smaller area"),
    )


def _check_version(task: TownTask) -> None:
    if task.version and task.version != program_version():
        raise InputError(version_fault(msg("another version on the worker")))


def _run_here(task: TownTask) -> TownOutcome:
    project = load_project(task.project)
    return _run(task, project, Path(task.out))


def _run_shipped(task: TownTask, parcel: Parcel) -> TownOutcome:
    with unpacked_project(parcel) as file:
        try:
            project = load_project(file)
            out = file.parents[len(Path(parcel.project).parts) - 1] / ".out"
            return _run(task, project, out, ship=True)
        except GeoplanError as error:
            text = render_error(error, task.language or task.fallback)
            return TownOutcome(key=task.key, status="failed", error=_plain(text, task, file.parent))


def _run(task: TownTask, project: Project, out: Path, *, ship: bool = False) -> TownOutcome:
    language = task.language or project.language or task.fallback
    result = _run_when_free(task, project, out, language)
    return TownOutcome(
        key=task.key,
        status="done",
        record=_record(result, language),
        outline=_outline(result),
        files=pack_files({name: out / name for name in run_files(project)}) if ship else b"",
        computed=sum(stage.runs for stage in result.graph.stages.values()),
    )


def _run_when_free(task: TownTask, project: Project, out: Path, language: str) -> RunResult:
    """Run; a worker that was lost from sight may still be at it and lets go soon."""
    for wait_s in _BUSY_WAITS_S:
        try:
            return run_project(project, out, language=language, name=task.name, anonymise=task.anonymise)
        except GeoplanError as error:
            if any(fault.code != "locked" for fault in error.faults):
                raise
            time.sleep(wait_s)
    return run_project(project, out, language=language, name=task.name, anonymise=task.anonymise)


def _plain(text: str, task: TownTask, sandbox: Path | None) -> str:
    """Paths from the town's folder on: the same sentence wherever the town was measured."""
    folders = [Path(task.project).parent, *([] if sandbox is None else [sandbox, sandbox.resolve()])]
    for folder in folders:
        text = text.replace(f"{folder}{os.sep}", "").replace(f"{folder.as_posix()}/", "")
        text = text.replace(str(folder), task.key)
    return text


def _record(result: RunResult, language: str) -> dict[str, Any]:
    """The row of a town: its first case, circle by circle."""
    rules = {
        rule.id: rule.citation or rule.name.get(language, rule.id)
        for name in result.project.standards.active
        for rule in load_standard(result.project.locate(name) if name.endswith(".toml") else name).rules
    }
    summary = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))
    first = summary["results"][0]
    case = {name: first[name] for name in ("mode", "profile", "centre", "tier")}
    circles = [one for one in summary["results"] if all(one[name] == value for name, value in case.items())]
    kept = ("minutes", "share", "served_households", "served_people", "binding_rule")
    widest = max(circles, key=lambda one: float(one["minutes"]))
    counts = {kind: sum(one.severity == kind for one in result.findings) for kind in ("error", "warning", "info")}
    return {
        "name": summary["town"],
        "crs": summary["crs"],
        "anonymised": result.anonymise,
        **case,
        "estimated": summary["estimated"],
        **{name: first[name] for name in ("households", "people", "buildings", "unreachable_buildings")},
        "unserved_households": widest["households"] - widest["served_households"],
        "circles": [
            {**{name: one[name] for name in kept}, "rule": rules.get(one["binding_rule"], one["binding_rule"])}
            for one in circles
        ],
        "findings": {**counts, "all": len(result.findings)},
        "notices": [one["text"] for one in summary["notices"] if one["everywhere"]],
    }


def _outline(result: RunResult) -> bytes:
    """Area of the main level; the hull of the buildings where there are no units."""
    with open_store(result.folder) as store:
        store.run = result.number

        def outline() -> bytes:
            inputs, _ = read_inputs(result.project, store, _silent, anonymise=result.anonymise)
            tables = [f"level {level.name}.geometry" for level in inputs.levels[:1]] or ["buildings.geometry"]
            key = digest_json([inputs.digests["crs"], *(inputs.digests[name] for name in tables)])
            return bytes.fromhex(store.keep("outline", key, lambda: _draw(inputs).hex()))

        drawn = reading_again(outline)
        store.mark_used()
        return drawn


def _draw(inputs: Inputs) -> bytes:
    if inputs.levels:
        table = inputs.levels[0].table
        shape = shapely.union_all(table.geometry.to_numpy())
    else:
        buildings = inputs.table("buildings")
        if buildings is None or buildings.empty:
            return b""
        table = buildings
        shape = shapely.convex_hull(shapely.union_all(shapely.centroid(table.geometry.to_numpy())))
        shape = shapely.buffer(shape, 50.0, quad_segs=2)
    shape = shapely.simplify(shape, _OUTLINE_TOLERANCE_M)
    move = Transformer.from_crs(table.crs, OUTLINE_CRS, always_xy=True)
    moved = shapely.transform(shape, lambda xy: _moved(move, xy))
    moved = shapely.set_precision(moved, _OUTLINE_GRID_DEG)
    parts = [part for part in shapely.get_parts(moved) if part.geom_type == "Polygon"]
    return bytes(shapely.to_wkb(shapely.normalize(shapely.multipolygons(parts)), byte_order=1)) if parts else b""


def _moved(move: Transformer, xy: Any) -> Any:
    return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))


def _silent(message: Message, share: float) -> None:
    del message, share
