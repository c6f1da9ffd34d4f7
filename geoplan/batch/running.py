"""One run: only what changed is computed, and results appear whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from geoplan import __version__
from geoplan.batch.codec import decode, encode
from geoplan.batch.difference import difference, served_table
from geoplan.batch.inputs import Inputs, LostTableError, read_inputs
from geoplan.batch.ledger import Run, begin_run, end_run, last_done, note_boundaries, reason_record, rely_on, runs
from geoplan.batch.stages import MAP_FILES, OUTPUTS, PROPOSAL_FILES, REPORT_FILES, Graph, build_graph, file_digest
from geoplan.batch.store import STORE, DamagedLedgerError, Store, open_store
from geoplan.batch.versions import library_versions
from geoplan.batch.work import Describe, Work, content_digests
from geoplan.check import Finding
from geoplan.coverage import Coverage
from geoplan.errors import GeoplanError, InputError, Message, OutputError, msg
from geoplan.model import Progress
from geoplan.project import Project, default_folder, protect_inputs
from geoplan.report import (
    check_outputs,
    staged,
)

__all__ = [
    "FILES",
    "RunResult",
    "explain_run",
    "reading_again",
    "recorded",
    "run_files",
    "run_project",
    "run_record",
]

T = TypeVar("T")

FILES = (*REPORT_FILES[:2], *MAP_FILES, *REPORT_FILES[2:])
"""The files that a run writes."""


def run_files(project: Project) -> tuple[str, ...]:
    """The files that a run of a project writes.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    tuple of str
        Below the folder of the results.
    """
    return (*FILES, *PROPOSAL_FILES) if project.propose.with_run else FILES


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gave.

    Attributes
    ----------
    folder, files
        Where the results are.
    findings
        What is wrong with the data.
    answer
        The results in words, if somebody was there to put them so.
    graph
        Which stages ran, and why.
    number
        The run's number in the ledger.
    before, change
        The last run, and who was won and lost since; None where there is none to compare with.
    sweeps, updates
        Searches over the whole network, and searches only where something had changed.
    damaged
        Stages whose results in the store were damaged and have been computed again.
    proposals
        The proposals in words, line by line, where the project wants them with every run.
    read_files
        Digests of the files that were read, by name.
    """

    folder: Path
    files: tuple[Path, ...]
    findings: tuple[Finding, ...]
    answer: str
    graph: Graph
    number: int
    before: Run | None
    change: pd.DataFrame | None
    sweeps: int
    updates: int
    damaged: tuple[str, ...]
    project: Project = field(repr=False)
    anonymise: bool = field(default=False, repr=False)
    proposals: tuple[str, ...] = ()
    read_files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def problems(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def named_before(self) -> bool:
        """Whether the store beside anonymised results holds what earlier runs read that were not anonymised."""
        if not self.anonymise:
            return False
        with open_store(self.folder) as store:
            return any(not run.record.get("anonymised") for run in runs(store) if run.id != self.number)

    @property
    def coverage(self) -> Coverage:
        """The measurement, taken up from the store."""
        with open_store(self.folder) as store:
            return reading_again(lambda: self._measured(store))

    def _measured(self, store: Store) -> Coverage:
        inputs, _ = read_inputs(self.project, store, _silent, anonymise=self.anonymise)
        return Work(self.project, inputs, store, self.graph).coverage


def explain_run(
    project: Project,
    out: str | Path | None = None,
    *,
    language: str = "zh",
    anonymise: bool = False,
    progress: Progress | None = None,
) -> Graph:
    """Say which stages a run would compute, and why, without running it.

    Files that have changed are read, so that their contents can be compared; nothing is measured and no result written.

    Parameters
    ----------
    project, out, language, anonymise, progress
        As of :func:`run_project`.

    Returns
    -------
    Graph

    Raises
    ------
    InputError
        If the files cannot be used.
    OutputError
        If the store cannot be written to, or another run is going on.
    """
    folder = default_folder(project) if out is None else Path(out)
    with open_store(folder) as store:

        def plan() -> Graph:
            inputs, read_again = read_inputs(project, store, progress or _silent, anonymise=anonymise)
            return _graph(project, inputs, store, folder, language, read_again)

        return reading_again(plan)


def _graph(project: Project, inputs: Inputs, store: Store, folder: Path, language: str, read_again: bool) -> Graph:
    before = last_done(store)
    last = {} if before is None else before.record
    return build_graph(project, inputs, store, language=language, out=folder, last=last, read_again=read_again)


def run_project(
    project: Project,
    out: str | Path | None = None,
    *,
    language: str = "zh",
    name: str = "",
    anonymise: bool = False,
    progress: Progress | None = None,
    describe: Describe | None = None,
) -> RunResult:
    """Read a project's files, measure its coverage and write map, tables and summary: as far as something has changed.

    Parameters
    ----------
    project
        The project.
    out
        Folder for the results; ``out`` beside the project file by default.
    language
        Language of the results.
    name
        What to call the run, and versions of boundaries that are new in it.
    anonymise
        Whether names and addresses of homes are dropped and small counts rounded before anything is measured, see
        :func:`geoplan.report.anonymise_town`; nothing of them is kept in the store, either.
    progress
        Told what is being done.
    describe
        Puts the coverage into words.

    Returns
    -------
    RunResult

    Raises
    ------
    InputError
        If the files cannot be used; nothing is written then.
    OutputError
        If the results cannot be written, or another run is going on; older results stay whole.
    """
    folder = default_folder(project) if out is None else Path(out)
    tell = progress or _silent
    files = run_files(project)
    check_outputs(folder, files)
    protect_inputs(project, folder, files)

    def attempt(damaged: tuple[str, ...] = ()) -> RunResult:
        with _no_debris(folder), open_store(folder) as store, recorded(store, name) as record:
            store.damaged += damaged
            return reading_again(
                lambda: _run(project, folder, store, record, language, name, anonymise, tell, describe)
            )

    try:
        return attempt()
    except DamagedLedgerError:
        # it has been put aside by now: a new one is begun
        return attempt(("ledger",))


def reading_again(work: Callable[[], T]) -> T:
    """Do something with a town; if the store turns out to have lost one of its tables, its file is read again.

    Parameters
    ----------
    work
        Reads the town's files as far as they are not in the store, and does something with the town.

    Returns
    -------
    object
        What it gave.
    """
    try:
        return work()
    except LostTableError:
        # its entry is forgotten by now
        return work()


@contextmanager
def _no_debris(folder: Path) -> Iterator[None]:
    """Leave no folder behind if the first run ever there cannot use its files."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    fresh = not (folder / STORE).exists()
    try:
        yield
    except InputError:
        if fresh:
            shutil.rmtree(folder / STORE, ignore_errors=True)
        with suppress(OSError):
            for path in new:
                path.rmdir()
        raise


def _run(
    project: Project,
    folder: Path,
    store: Store,
    record: dict[str, Any],
    language: str,
    name: str,
    anonymise: bool,
    tell: Progress,
    describe: Describe | None,
) -> RunResult:
    reading: Progress = lambda message, share: tell(message, 0.3 * share)  # noqa: E731
    inputs, read_again = read_inputs(project, store, reading, anonymise=anonymise)
    before = last_done(store)
    graph = _graph(project, inputs, store, folder, language, read_again)
    rely_on(store, graph, before)
    record |= run_record(project, inputs, graph, language)
    work = Work(project, inputs, store, graph, progress=tell)
    findings, answer = work.findings, work.answer(describe, language)
    record |= {"results": work.results(), "findings": len(findings)}
    if any(graph.runs(stage) for stage in OUTPUTS):
        _publish(work, folder, store, language)
    record["served"] = _served_blob(work)
    change = None if before is None else _change_since(store, before, record["served"])
    record["change"] = None if change is None else change.reset_index().to_dict("records")
    record["boundaries"] = note_boundaries(store, inputs, name)
    reach = work.made.get("reach")
    sweeps, updates = (0, 0) if reach is None else (reach.sweeps, reach.updates)
    record |= {"sweeps": sweeps, "updates": updates, "damaged": store.damaged}
    tell(msg("done"), 1.0)
    files = tuple(folder / file for file in run_files(project))
    damaged = tuple(dict.fromkeys(store.damaged))
    return RunResult(
        folder,
        files,
        findings,
        answer,
        graph,
        store.run,
        before,
        change,
        sweeps,
        updates,
        damaged,
        project,
        anonymise,
        _proposals_told(work, store),
        inputs.files,
    )


def _proposals_told(work: Work, store: Store) -> tuple[str, ...]:
    """The proposals in words; none where the project does not want them."""
    if "proposal" not in work.graph.stages:
        return ()
    content = store.find("proposal", work.graph.key("proposal"))
    return () if content is None else tuple(decode(content))


def _publish(work: Work, folder: Path, store: Store, language: str) -> None:
    """Write to the side, rename together, and only then enter what is there."""
    with staged(folder, within=folder / STORE) as stage:
        written = work.write(stage, language)
        digests = {file: file_digest(stage / file) for file in written}
    keys = {file: work.graph.key(stage) for stage, files in OUTPUTS.items() for file in files if file in written}
    with store.change() as database:
        rows = [(file, keys[file], digests[file]) for file in written]
        database.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?)", rows)


def _served_blob(work: Work) -> str:
    """Who is served, as it lies in the store."""
    key = work.graph.key("coverage")
    # looked at, and not only asked for: it is compared with now and by later runs
    if work.store.find("served", key) is None:
        work.store.put("served", key, encode(served_table(work.coverage)))
    return str(work.store.blob_of("served", key))


def _change_since(store: Store, before: Run, blob: str) -> pd.DataFrame | None:
    """Who was won and lost since a run; None where its buildings are no longer in the store."""
    earlier = str(before.record.get("served", ""))
    tables = [store.read(one) for one in (earlier, blob)]
    if any(content is None for content in tables):
        return None
    if earlier == blob:
        return difference(*(decode(content)[:0] for content in tables if content is not None))
    return difference(*(decode(content) for content in tables if content is not None))


def run_record(project: Project, inputs: Inputs, graph: Graph, language: str) -> dict[str, Any]:
    """What went into a run.

    Parameters
    ----------
    project, inputs, graph, language
        The run.

    Returns
    -------
    dict
        For the ledger.
    """
    return {
        "version": __version__,
        "libraries": library_versions(),
        "language": language,
        # the search for proposals is the only stage that draws anything
        "seed": project.propose.seed if "proposal" in graph.stages else None,
        "files": dict(inputs.files),
        "tables": content_digests(inputs.digests),
        "options": project.model_dump(mode="json", exclude={"path", "scenarios"}),
        "anonymised": inputs.anonymise,
        "stages": {name: dict(stage.parts) for name, stage in graph.stages.items()},
        "ran": {name: reason_record(stage.reason) for name, stage in graph.stages.items() if stage.runs},
    }


@contextmanager
def recorded(store: Store, name: str, scenario: str = "") -> Iterator[dict[str, Any]]:
    """Enter a run into the ledger, however it ends.

    Parameters
    ----------
    store
        The store, locked.
    name, scenario
        What the run is called.

    Yields
    ------
    dict
        The record, to be filled in.
    """
    number = begin_run(store, name=name, scenario=scenario)
    began = time.monotonic()
    record: dict[str, Any] = {}
    outcome = "failed"
    try:
        yield record
        outcome = "done"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except GeoplanError as error:
        record["error"] = str(error)
        raise
    except BaseException as error:
        record["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        _try_end(store, number, outcome, time.monotonic() - began, record)


def _try_end(store: Store, number: int, outcome: str, seconds: float, record: dict[str, Any]) -> None:
    """Enter the end of a run; where even that fails (a full disk), the error that is on its way counts."""
    try:
        end_run(store, number, outcome, seconds, record)
    except (sqlite3.Error, OutputError):
        if outcome == "done":
            raise


def _silent(message: Message, share: float) -> None:
    del message, share
