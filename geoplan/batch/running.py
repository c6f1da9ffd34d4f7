"""One run: only what changed is computed, and results appear whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pandas as pd

from geoplan import __version__
from geoplan.batch.codec import decode, digest_json, encode
from geoplan.batch.difference import difference, served_table
from geoplan.batch.inputs import Inputs, LostTableError, read_inputs
from geoplan.batch.ledger import Run, begin_run, end_run, last_done, note_boundaries, runs
from geoplan.batch.pieces import Pieces
from geoplan.batch.stages import MAP_FILES, REPORT_FILES, Graph, build_graph, file_digest
from geoplan.batch.store import STORE, Store, open_store
from geoplan.batch.versions import library_versions
from geoplan.batch.walks import StoredReach
from geoplan.check import Finding
from geoplan.coverage import Coverage, measure_coverage
from geoplan.coverage.measure import coverage_state, restore_coverage
from geoplan.errors import GeoplanError, InputError, Message, msg
from geoplan.model import Progress
from geoplan.project import Project, check_project, default_folder, protect_inputs, write_map
from geoplan.report import (
    check_outputs,
    coverage_record,
    staged,
    write_coverage_gpkg,
    write_coverage_xlsx,
    write_summary,
)

__all__ = ["FILES", "RunResult", "Work", "explain_run", "recorded", "run_project", "run_record"]

FILES = (*REPORT_FILES[:2], *MAP_FILES, *REPORT_FILES[2:])
"""The files that a run writes."""

Describe = Callable[[Coverage, str], str]


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
            inputs, _ = read_inputs(self.project, store, _silent, anonymise=self.anonymise)
            work = Work(self.project, inputs, store, self.graph)
            return work.coverage


class Work:
    """The stages of one run, each computed when another one needs it and at most once.

    Parameters
    ----------
    project
        The project.
    inputs
        Its town.
    store
        What has been computed.
    graph
        The plan of the run.
    line
        Line of runs whose walking times are brought up to date.
    progress
        Told what is being done.

    Attributes
    ----------
    made
        What has been computed or taken out of the store, by stage.
    """

    def __init__(
        self,
        project: Project,
        inputs: Inputs,
        store: Store,
        graph: Graph,
        *,
        line: str = "",
        progress: Progress | None = None,
    ) -> None:
        self.project, self.inputs, self.store, self.graph, self.line = project, inputs, store, graph, line
        self.tell = progress or _silent
        self.made: dict[str, Any] = {}
        self.keep = Pieces(inputs, store)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the data."""

        def check() -> tuple[Finding, ...]:
            self.tell(msg("checking the data"), 0.3)
            return tuple(check_project(self.project, self.inputs.town, keep=self.keep))

        key = self.graph.key("check")
        return cast("tuple[Finding, ...]", self._once("check", lambda: self.store.keep("check", key, check)))

    @property
    def reach(self) -> StoredReach:
        """The walks."""
        options = self.graph.options.reach
        return cast("StoredReach", self._once("reach", lambda: StoredReach(self.inputs, options, line=self.line)))

    @property
    def coverage(self) -> Coverage:
        """The measurement."""
        return cast("Coverage", self._once("coverage", self._coverage))

    def _coverage(self) -> Coverage:
        town, options = self.inputs.town, self.graph.options

        def measure() -> dict[str, Any]:
            tell: Progress = lambda message, share: self.tell(message, 0.35 + 0.35 * share)  # noqa: E731
            measured = measure_coverage(town, options=options, reach=self.reach, progress=tell, keep=self.keep)
            return coverage_state(measured)

        state = self.store.keep("coverage", self.graph.key("coverage"), measure)
        return restore_coverage(town, options, self.reach, state)

    @property
    def served(self) -> pd.DataFrame:
        """Who is served, building by building."""
        key = self.graph.key("coverage")
        make = lambda: self.store.keep("served", key, lambda: served_table(self.coverage))  # noqa: E731
        return cast("pd.DataFrame", self._once("served", make))

    def results(self) -> list[dict[str, Any]]:
        """What every circle of every case came to, as plain values.

        Returns
        -------
        list of dict
        """

        def make() -> list[dict[str, Any]]:
            coverage = self.coverage
            return [
                coverage_record(coverage, minutes=m, case=case) for case in coverage.cases for m in coverage.minutes
            ]

        return cast("list[dict[str, Any]]", self.store.keep("results", self.graph.key("coverage"), make))

    def answer(self, describe: Describe | None, language: str) -> str:
        """The results in words.

        Parameters
        ----------
        describe
            Puts a coverage into words; None says nothing.
        language
            In which language.

        Returns
        -------
        str
        """
        if describe is None:
            return ""
        key = digest_json([self.graph.key("map"), self.graph.key("coverage"), language])
        return cast("str", self.store.keep("answer", key, lambda: describe(self.coverage, language)))

    def write(self, stage: Path, language: str) -> list[str]:
        """Write the results that are not in their place already.

        Parameters
        ----------
        stage
            Folder to write to.
        language
            Their language.

        Returns
        -------
        list of str
            Names of the files.
        """
        written: list[str] = []
        if self.graph.runs("report"):
            gpkg, xlsx, summary = REPORT_FILES
            self.tell(msg("writing {file}", file=gpkg), 0.7)
            write_coverage_gpkg(self.coverage, stage / gpkg, language=language, keep=self.keep)
            self.tell(msg("writing {file}", file=xlsx), 0.8)
            write_coverage_xlsx(self.coverage, stage / xlsx, language=language, findings=self.findings)
            options = self.project.model_dump(mode="json", exclude={"path", "scenarios"})
            write_summary(
                self.coverage,
                stage / summary,
                version=__version__,
                inputs=content_digests(self.inputs.digests),
                options=options,
                language=language,
            )
            written += REPORT_FILES
        if self.graph.runs("map"):
            (name,) = MAP_FILES
            self.tell(msg("writing {file}", file=name), 0.9)
            write_map(self.coverage, stage / name, language, keep=self.keep)
            written.append(name)
        return written


def content_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """One digest a table: the same for the same content, whatever the file, its time or the order of its rows.

    Parameters
    ----------
    digests
        Digest of each ``table.column``.

    Returns
    -------
    dict
        Table to digest, sorted by name.
    """
    tables: dict[str, dict[str, str]] = {}
    for name, one in digests.items():
        table, dot, column = name.removeprefix("level ").partition(".")
        if dot:
            tables.setdefault(table, {})[column] = one
    return {table: digest_json(tables[table]) for table in sorted(tables)}


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
        inputs, read_again = read_inputs(project, store, progress or _silent, anonymise=anonymise)
        return _graph(project, inputs, store, folder, language, read_again)


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
    check_outputs(folder, FILES)
    protect_inputs(project, folder, FILES)
    with _no_debris(folder), open_store(folder) as store, recorded(store, name) as record:
        try:
            return _run(project, folder, store, record, language, name, anonymise, tell, describe)
        except LostTableError:
            # its entry is forgotten by now: the file is read again
            return _run(project, folder, store, record, language, name, anonymise, tell, describe)


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
    record |= run_record(project, inputs, graph, language)
    work = Work(project, inputs, store, graph, progress=tell)
    findings, answer = work.findings, work.answer(describe, language)
    record |= {"results": work.results(), "findings": len(findings)}
    if graph.runs("map") or graph.runs("report"):
        _publish(work, folder, store, language)
    record["served"] = _served_blob(work)
    change = None if before is None else _change(store, before, record["served"])
    record["change"] = None if change is None else change.reset_index().to_dict("records")
    record["boundaries"] = note_boundaries(store, inputs, name)
    reach = work.made.get("reach")
    sweeps, updates = (0, 0) if reach is None else (reach.sweeps, reach.updates)
    record |= {"sweeps": sweeps, "updates": updates, "damaged": store.damaged}
    tell(msg("done"), 1.0)
    files = tuple(folder / file for file in FILES)
    damaged = tuple(dict.fromkeys(store.damaged))
    return RunResult(
        folder, files, findings, answer, graph, store.run, before, change, sweeps, updates, damaged, project, anonymise
    )


def _publish(work: Work, folder: Path, store: Store, language: str) -> None:
    """Write to the side, rename together, and only then enter what is there."""
    with staged(folder, within=folder / STORE) as stage:
        written = work.write(stage, language)
        digests = {file: file_digest(stage / file) for file in written}
    keys = {file: work.graph.key("map" if file in MAP_FILES else "report") for file in written}
    with store.database as database:
        rows = [(file, keys[file], digests[file]) for file in written]
        database.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?)", rows)


def _served_blob(work: Work) -> str:
    key = work.graph.key("coverage")
    if not work.store.has("served", key):
        work.store.put("served", key, encode(served_table(work.coverage)))
    return str(work.store.blob_of("served", key))


def _change(store: Store, before: Run, blob: str) -> pd.DataFrame | None:
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
        "seed": None,  # no stage of a run draws anything
        "files": dict(inputs.files),
        "tables": content_digests(inputs.digests),
        "options": project.model_dump(mode="json", exclude={"path", "scenarios"}),
        "anonymised": inputs.anonymise,
        "stages": {name: dict(stage.parts) for name, stage in graph.stages.items()},
        "ran": {name: str(stage.reason) for name, stage in graph.stages.items() if stage.runs},
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
    except sqlite3.Error:
        if outcome == "done":
            raise


def _silent(message: Message, share: float) -> None:
    del message, share
