"""Many towns: each measured on its own, one's failure no other's, and all of them on one sheet."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import shapely

from geoplan import __version__
from geoplan.batch.cluster import on_cluster
from geoplan.batch.processes import in_processes, in_this_process
from geoplan.batch.running import FILES, recorded, run_files
from geoplan.batch.shipping import pack_project, unpack_files
from geoplan.batch.store import STORE, Store, open_store
from geoplan.batch.task import TownOutcome, TownTask, failed_outcome, program_version
from geoplan.errors import Fault, GeoplanError, InputError, Where, msg
from geoplan.maps.towns import towns_page
from geoplan.project import PROJECT_FILE, load_project, protect_inputs
from geoplan.report import check_outputs, staged
from geoplan.report.towns import TownRow, notices_of, towns_total, write_towns_gpkg, write_towns_json, write_towns_xlsx

__all__ = [
    "SUMMARY_FILES",
    "Place",
    "TownState",
    "TownsOptions",
    "TownsResult",
    "find_towns",
    "place_towns",
    "run_towns",
]

SUMMARY_FILES = ("index.html", "summary.json", "towns.gpkg", "towns.xlsx")
"""The files about all towns."""

PAGE = "map.html"

_RECORDED = ("workers", "scheduler", "ship", "retry_failed", "memory_bytes", "anonymise")

_TOWNS = """
CREATE TABLE IF NOT EXISTS towns (
    run INTEGER, town TEXT, status TEXT, error TEXT, record TEXT, outline BLOB, seconds REAL, peak INTEGER,
    worker TEXT, computed INTEGER, PRIMARY KEY (run, town));
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One town: its name among the others, its project file, and the folder of its results."""

    key: str
    project: Path
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TownsOptions:
    """How many towns are run.

    Attributes
    ----------
    workers
        Processes of this machine; 1 runs them one after the other.
    scheduler
        Address of a Dask scheduler; ``"local"`` starts a cluster of ``workers`` here; ``""`` needs no Dask.
    ship
        Whether files travel with the towns: workers then need not see this disk.
    retry_failed
        Whether only towns that failed or were not reached the last time are run.
    memory_bytes
        The most that a worker may hold, 0 for no limit.
    language
        Language of all results; ``""``: each project's own.
    fallback
        Language of projects that name none, and of the summary.
    name
        What the run is called.
    anonymise
        Whether names and addresses of homes are dropped and small counts rounded, see
        :func:`geoplan.report.anonymise_town`; only then are towns done that were measured so.
    """

    workers: int = 1
    scheduler: str = ""
    ship: bool = False
    retry_failed: bool = False
    memory_bytes: int = 0
    language: str = ""
    fallback: str = "zh"
    name: str = ""
    anonymise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TownState:
    """How far a run of many towns is.

    Attributes
    ----------
    total, done, failed
        Towns to run, and how many of them are through.
    running
        Towns that are being measured.
    last
        The town that has just come back.
    """

    total: int
    done: int = 0
    failed: int = 0
    running: tuple[str, ...] = ()
    last: TownOutcome | None = None


TownsProgress = Callable[[TownState], None]


@dataclass(frozen=True, slots=True)
class TownsResult:
    """What a run of many towns gave.

    Attributes
    ----------
    folder, files
        Where the files about all towns are.
    rows
        All towns by name.
    ran
        What came back from those that were run now.
    """

    folder: Path
    files: tuple[Path, ...]
    rows: tuple[TownRow, ...]
    ran: tuple[TownOutcome, ...] = field(repr=False)

    @property
    def failed(self) -> tuple[TownRow, ...]:
        """Towns without a result."""
        return tuple(row for row in self.rows if row.status != "done")


def find_towns(words: Iterable[str | Path]) -> list[Path]:
    """Project files that the words of a command line mean.

    Parameters
    ----------
    words
        Project files, folders that hold ``geoplan.toml``, and patterns such as ``province/*/geoplan.toml``, which
        the shells of Windows hand over as they are.

    Returns
    -------
    list of Path
        Each once, sorted.

    Raises
    ------
    InputError
        If a pattern fits nothing.
    """
    found: dict[str, Path] = {}
    for word in words:
        paths = [Path(word)]
        if not paths[0].exists() and glob.has_magic(str(word)):
            paths = [Path(path) for path in glob.glob(str(word), recursive=True)]
            if not paths:
                raise InputError(
                    Fault(
                        "no-towns",
                        msg("a pattern that fits project files"),
                        msg("{pattern}, which fits nothing", pattern=word),
                        msg("look at the folder's name, or write for example: geoplan run FOLDER/*/geoplan.toml"),
                        Where(file=str(word)),
                    )
                )
        for path in paths:
            file = path / PROJECT_FILE if path.is_dir() else path
            found.setdefault(os.path.abspath(file), file)
    return [found[path] for path in sorted(found)]


def place_towns(projects: Sequence[Path], out: str | Path | None = None) -> tuple[list[Place], Path]:
    """Name the towns and say where their results go.

    Parameters
    ----------
    projects
        Project files.
    out
        Folder for everything: a folder for each town in it. By default each town's results go to ``out`` beside its
        project file and the files about all of them to ``out`` in the folder that the towns share.

    Returns
    -------
    tuple
        The towns by name, and the folder of the files about all of them.
    """
    files = [Path(os.path.abspath(project)) for project in projects]
    common = Path(os.path.commonpath([file.parent.parent for file in files]))
    folder = common / "out" if out is None else Path(os.path.abspath(out))
    places = []
    for file in files:
        own = file.name == PROJECT_FILE
        home = file.parent.relative_to(common) / ("" if own else file.stem)
        inside = file.parent / "out" / ("" if own else file.stem)
        places.append(Place(home.as_posix(), file, inside if out is None else folder / home))
    return sorted(places, key=lambda place: place.key), folder


def run_towns(
    projects: Sequence[Path],
    out: str | Path | None = None,
    *,
    options: TownsOptions | None = None,
    progress: TownsProgress | None = None,
) -> TownsResult:
    """Measure many towns and put them on one sheet.

    What is finished is entered at once: after an interruption, ``retry_failed`` goes on there.

    Parameters
    ----------
    projects
        Project files, as :func:`find_towns` gives them.
    out
        As of :func:`place_towns`.
    options
        How they are run.
    progress
        Told of every town that begins or comes back.

    Returns
    -------
    TownsResult
        With every town; one that failed says why.

    Raises
    ------
    InputError
        If the cluster cannot be used. What is finished stays.
    OutputError
        If the files about all towns cannot be written, or another run is going on in their folder.
    """
    options = options or TownsOptions()
    places, folder = place_towns(projects, out)
    check_outputs(folder, SUMMARY_FILES)
    with open_store(folder) as store, recorded(store, options.name) as record:
        with store.change() as database:
            database.executescript(_TOWNS)
        todo = _todo(store, places, anonymise=options.anonymise) if options.retry_failed else places
        _enter_waiting(store, todo)
        record |= {"towns": len(places), "ran": {}, "options": _plain_options(options)}
        ran = []
        for outcome in _Run(todo, options, progress or _silent).outcomes():
            _enter(store, outcome)
            ran.append(outcome)
        record |= {"run": len(ran), "failed": sum(one.status != "done" for one in ran)}
        language = options.language or _first_language(places) or options.fallback
        rows = _rows(store, places, folder)
        with staged(folder, within=folder / STORE) as stage:
            _write(rows, stage, language)
    return TownsResult(folder, tuple(folder / name for name in SUMMARY_FILES), tuple(rows), tuple(ran))


def _plain_options(options: TownsOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in _RECORDED}


def _first_language(places: Sequence[Place]) -> str:
    """Language of the first project that can be read and names one."""
    for place in places:
        try:
            language = load_project(place.project).language
        except GeoplanError:
            continue
        if language:
            return language
    return ""


class _Run:
    """Towns on their way out and back."""

    def __init__(self, todo: Sequence[Place], options: TownsOptions, progress: TownsProgress) -> None:
        self.todo, self.options, self.progress = todo, options, progress
        self.places = {place.key: place for place in todo}
        self.refused: list[TownOutcome] = []
        self.running: list[str] = []
        self.done = self.failed = 0

    def outcomes(self) -> Iterator[TownOutcome]:
        """All towns as they come back, their files in place."""
        self._tell(None)
        for outcome in self._workers():
            yield from self._refused()
            yield self._landed(outcome)
        yield from self._refused()

    def _workers(self) -> Iterator[TownOutcome]:
        options, tasks = self.options, self._tasks()
        if options.scheduler:
            return on_cluster(
                tasks,
                address=options.scheduler,
                workers=options.workers,
                memory_bytes=options.memory_bytes,
                started=self._started,
            )
        if options.workers > 1 or options.memory_bytes:
            # a town that runs out of memory may take its process along
            return in_processes(tasks, workers=options.workers, started=self._started)
        return in_this_process(tasks, started=self._started)

    def _tasks(self) -> Iterator[TownTask]:
        """What goes out, made when a worker is free: files of many towns would not fit into memory together."""
        options = self.options
        version = program_version() if options.scheduler else ""
        for place in self.todo:
            task = TownTask(
                key=place.key,
                project=str(place.project),
                out=str(place.out),
                language=options.language,
                fallback=options.fallback,
                name=options.name,
                anonymise=options.anonymise,
                memory_bytes=options.memory_bytes,
                version=version,
            )
            if options.ship:
                try:
                    task = _shipped(task)
                except GeoplanError as error:
                    self.refused.append(failed_outcome(task, error))
                    continue
            yield task

    def _refused(self) -> Iterator[TownOutcome]:
        while self.refused:
            yield self._counted(self.refused.pop(0))

    def _started(self, key: str) -> None:
        if key not in self.running:  # else its worker died and another one takes it up
            self.running.append(key)
        self._tell(None)

    def _landed(self, outcome: TownOutcome) -> TownOutcome:
        if outcome.key in self.running:
            self.running.remove(outcome.key)
        if outcome.files:
            outcome = _unload(outcome, self.places[outcome.key], self.options)
        return self._counted(outcome)

    def _counted(self, outcome: TownOutcome) -> TownOutcome:
        if outcome.status == "done":
            self.done += 1
        else:
            self.failed += 1
        self._tell(outcome)
        return outcome

    def _tell(self, last: TownOutcome | None) -> None:
        running = tuple(self.running)
        self.progress(TownState(total=len(self.todo), done=self.done, failed=self.failed, running=running, last=last))


def _shipped(task: TownTask) -> TownTask:

    project = load_project(task.project)
    protect_inputs(project, Path(task.out), run_files(project))
    check_outputs(task.out, run_files(project))
    return replace(task, parcel=pack_project(project))


def _unload(outcome: TownOutcome, place: Place, options: TownsOptions) -> TownOutcome:
    """Put files that came back into their place."""
    try:
        with open_store(place.out), staged(place.out, within=place.out / STORE) as stage:
            unpack_files(outcome.files, stage)
    except GeoplanError as error:
        task = TownTask(key=place.key, project=str(place.project), out=str(place.out))
        failed = failed_outcome(task, error, language=options.language or options.fallback)
        return replace(failed, seconds=outcome.seconds, peak_bytes=outcome.peak_bytes, worker=outcome.worker)
    return replace(outcome, files=b"")


def _latest(store: Store, places: Iterable[Place]) -> dict[str, tuple[Any, ...]]:
    """The last entry of each town: status, error, record, outline."""
    rows = store.database.execute("SELECT town, status, error, record, outline FROM towns ORDER BY run")
    known = {row[0]: row[1:] for row in rows}
    return {place.key: known[place.key] for place in places if place.key in known}


def _todo(store: Store, places: Sequence[Place], *, anonymise: bool) -> list[Place]:
    """Towns without a whole result, or with one that names homes where none should, or the other way round."""
    latest = _latest(store, places)

    def finished(place: Place) -> bool:
        status, _, record, _ = latest.get(place.key, ("", "", "", b""))
        if status != "done" or bool(json.loads(record).get("anonymised")) != anonymise:
            return False
        return all((place.out / name).is_file() for name in FILES)

    return [place for place in places if not finished(place)]


def _enter_waiting(store: Store, todo: Iterable[Place]) -> None:
    with store.change() as database:
        rows = [(store.run, place.key) for place in todo]
        database.executemany("INSERT INTO towns (run, town, status) VALUES (?, ?, 'waiting')", rows)


def _enter(store: Store, outcome: TownOutcome) -> None:
    """Enter a town at once, so that it is not lost."""
    record = json.dumps(outcome.record, ensure_ascii=False)
    values = (outcome.status, outcome.error, record, outcome.outline, outcome.seconds, outcome.peak_bytes)
    with store.change() as database:
        database.execute(
            "UPDATE towns SET status = ?, error = ?, record = ?, outline = ?, seconds = ?, peak = ?, worker = ?, "
            "computed = ? WHERE run = ? AND town = ?",
            (*values, outcome.worker, outcome.computed, store.run, outcome.key),
        )


def _rows(store: Store, places: Sequence[Place], folder: Path) -> list[TownRow]:
    latest = _latest(store, places)
    rows = []
    for place in places:
        status, error, record, outline = latest[place.key]
        done = status == "done"
        rows.append(
            TownRow(
                key=place.key,
                status=status,
                error=error or "",
                page=_link(place.out / PAGE, folder) if done else "",
                record=json.loads(record) if done else {},
                outline=shapely.from_wkb(outline) if outline else None,
            )
        )
    return rows


def _link(page: Path, folder: Path) -> str:
    """Relative address of a page; none from one drive of Windows to another."""
    try:
        return Path(os.path.relpath(page, folder)).as_posix()
    except ValueError:
        return page.as_uri()


def _write(rows: Sequence[TownRow], stage: Path, language: str) -> None:
    page, summary, layers, book = SUMMARY_FILES
    write_towns_json(rows, stage / summary, version=__version__)
    write_towns_gpkg(rows, stage / layers, language=language)
    write_towns_xlsx(rows, stage / book, language=language)
    text = towns_page(rows, towns_total(rows), notices_of(rows), language=language)
    (stage / page).write_text(text, encoding="utf-8", newline="\n")


def _silent(state: TownState) -> None:
    del state
