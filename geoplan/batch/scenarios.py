"""Scenarios: what if other boundaries, another site, a closed street? Each is measured beside the project as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from geoplan.batch.difference import circles_compared, difference, totals
from geoplan.batch.inputs import LostTableError, read_inputs, with_town
from geoplan.batch.ledger import last_done, rely_on
from geoplan.batch.running import recorded, run_record
from geoplan.batch.stages import build_graph
from geoplan.batch.store import STORE, Store, open_store
from geoplan.batch.work import Work
from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Progress, Town
from geoplan.project import Project, default_folder, protect_inputs, write_map
from geoplan.project.settings import ScenarioSettings
from geoplan.report import check_outputs, staged
from geoplan.report.records import notice_texts
from geoplan.report.scenarios import ScenarioColumn, write_scenarios_xlsx

__all__ = ["Scenario", "ScenariosResult", "edit_town", "run_scenarios", "scenario_project"]

TABLE, PAGE, FOLDER = "scenarios.xlsx", "index.html", "scenarios"
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one scenario came to.

    Attributes
    ----------
    key, name
        As in the project file, and as people call it.
    change
        Who is won and lost against the project as it is, by unit.
    shares
        Share of households served by circle, minutes to share.
    findings
        What is odd about it, such as a new street that lengthens walks.
    sweeps, updates
        Searches over the whole network, and only where something changed.
    page
        File of its map.
    points
        Places of the buildings that it wins (True) and loses (False), in the town's CRS.
    """

    key: str
    name: str
    change: pd.DataFrame
    shares: Mapping[str, float | None]
    findings: tuple[Message, ...]
    sweeps: int
    updates: int
    page: str
    points: tuple[tuple[float, float, bool], ...] = field(repr=False)

    @property
    def totals(self) -> dict[str, Any]:
        """The sums of the change."""
        return totals(self.change)


@dataclass(frozen=True, slots=True)
class ScenariosResult:
    """All scenarios of a project.

    Attributes
    ----------
    folder, files
        Where the results are.
    today
        Share of households served by circle in the project as it is.
    scenarios
        In the order of the project file.
    """

    folder: Path
    files: tuple[Path, ...]
    today: Mapping[str, float | None]
    scenarios: tuple[Scenario, ...]


def scenario_project(project: Project, scenario: ScenarioSettings) -> Project:
    """The project that a scenario measures, as far as its settings go.

    Parameters
    ----------
    project, scenario
        The project and one of its scenarios.

    Returns
    -------
    Project
        Boundaries replace those of the same level; further layers of streets, gates and facilities are added.
    """
    levels = {layer.level for layer in scenario.boundaries}
    kept = [layer for layer in project.layers if layer.role != "units" or layer.level not in levels]
    more = [layer for layer in scenario.layers if layer.role != "units"]
    order = {name: place for place, name in enumerate(project.level_names)}
    layers = sorted(
        [*kept, *scenario.boundaries, *more],
        key=lambda layer: (layer.role == "units", order.get(layer.level, len(order))),
    )
    changes: dict[str, Any] = {"layers": tuple(layers), "scenarios": {}, "name": project.title}
    if scenario.standards is not None:
        changes["standards"] = scenario.standards
    if scenario.walk is not None:
        changes["walk"] = scenario.walk
    return project.model_copy(update=changes)


def edit_town(town: Town, scenario: ScenarioSettings, *, key: str = "") -> Town:
    """Make the changes of a scenario that name rows: sites built and closed, streets closed, gates opened and closed.

    Parameters
    ----------
    town
        The town; it is not changed.
    scenario
        The scenario.
    key
        Its name, for faults.

    Returns
    -------
    Town

    Raises
    ------
    InputError
        If it names rows that the town does not have.
    """
    faults: list[Fault] = []

    def rows(table: GeoDataFrame | None, ids: Sequence[str], name: str, *, parts: bool = False) -> pd.Index:
        index = pd.Index([], dtype=object) if table is None else table.index
        line = index.str.replace(r"-\d+$", "", regex=True) if parts and len(index) else index
        unknown = [one for one in ids if one not in index and not (parts and one in line)]
        if unknown:
            faults.append(_unknown(key, name, unknown))
        return index[index.isin(ids) | (line.isin(ids) if parts else False)]

    built = rows(town.facilities, scenario.build, "facilities")
    gone = rows(town.facilities, scenario.remove_facilities, "facilities")
    closed = rows(town.streets, scenario.close_streets, "streets", parts=True)
    opened = rows(town.gates, scenario.open_gates, "gates")
    shut = rows(town.gates, scenario.close_gates, "gates")
    if faults:
        raise InputError(faults)
    changes: dict[str, Any] = {}
    facilities = town.facilities
    if len(built):
        facilities = facilities.assign(candidate=facilities["candidate"] & ~facilities.index.isin(built))
    if len(gone):
        facilities = facilities.drop(gone)
    if len(built) or len(gone):
        changes["facilities"] = facilities
    if town.streets is not None and len(closed):
        changes["streets"] = town.streets.drop(closed)
    if town.gates is not None and (len(opened) or len(shut)):
        is_open = (town.gates["open"] | town.gates.index.isin(opened)) & ~town.gates.index.isin(shut)
        changes["gates"] = town.gates.assign(open=is_open)
    return replace(town, **changes)


def _unknown(key: str, table: str, ids: Sequence[str]) -> Fault:
    return Fault(
        code="unknown-row",
        needed=msg("ids of {table} that the town has", table=table),
        given=msg("{ids}", ids=", ".join(ids[:5])),
        mend=msg("correct the ids in [scenarios.{name}]", name=key),
        where=Where(layer=table, rows=tuple(ids)),
    )


def run_scenarios(
    project: Project,
    out: str | Path | None = None,
    *,
    language: str = "zh",
    anonymise: bool = False,
    progress: Progress | None = None,
) -> ScenariosResult:
    """Measure every scenario of a project and compare it with the project as it is.

    Parameters
    ----------
    project
        The project.
    out
        Folder of the project's results; those of the scenarios go to ``scenarios`` in it.
    language
        Language of the results.
    anonymise
        As of :func:`geoplan.batch.run_project`.
    progress
        Told what is being done.

    Returns
    -------
    ScenariosResult

    Raises
    ------
    InputError
        If there are no scenarios, or if one names what there is not.
    OutputError
        If the results cannot be written, or another run is going on.
    """
    folder = default_folder(project) if out is None else Path(out)
    if not project.scenarios:
        raise InputError(_none(project))
    pages = {key: f"{number}.html" for number, key in enumerate(project.scenarios, start=1)}
    target = folder / FOLDER
    check_outputs(target, (TABLE, PAGE, *pages.values()))
    protect_inputs(project, target, (TABLE, PAGE, *pages.values()))
    tell = progress or (lambda _message, _share: None)
    with open_store(folder) as store:
        tell(msg("measuring the project as it is"), 0.0)
        today = _measure(project, store, folder, language, anonymise=anonymise)
        done: list[Scenario] = []
        with staged(target, within=folder / STORE) as stage:
            for number, (key, scenario) in enumerate(project.scenarios.items(), start=1):
                tell(msg("scenario {name}", name=scenario.name or key), number / (len(pages) + 1))
                changed = scenario_project(project, scenario)
                work = _measure(changed, store, folder, language, scenario, key, anonymise=anonymise)
                done.append(_compare(key, scenario, today, work, pages[key]))
                (stage / pages[key]).write_bytes(_map(work, language))
            _write(project, done, today, stage, language)
        store.mark_used()
        shares = _shares(today)
    files = tuple(target / name for name in (TABLE, PAGE, *pages.values()))
    return ScenariosResult(target, files, shares, tuple(done))


def _none(project: Project) -> Fault:
    return Fault(
        code="no-scenarios",
        needed=msg("scenarios in the project file"),
        given=msg("none"),
        mend=msg("add for example a table [scenarios.bridge] with close_streets; see the README"),
        where=Where(file=str(project.path)),
    )


def _write(project: Project, done: Sequence[Scenario], today: Work, stage: Path, language: str) -> None:
    from geoplan.maps.scenarios import scenarios_page

    shares = _shares(today)
    columns = [ScenarioColumn(one.name, one.change, one.shares, one.findings, one.page, one.points) for one in done]
    notes = notice_texts(today.coverage, language, everywhere=True)
    write_scenarios_xlsx(columns, shares, stage / TABLE, town=project.title, language=language, notes=notes)
    levels = today.inputs.levels
    outline = levels[0].table.geometry if levels else None
    page = scenarios_page(columns, shares, outline, title=project.title, language=language, notes=notes)
    (stage / PAGE).write_text(page, encoding="utf-8", newline="\n")


def _measure(
    project: Project,
    store: Store,
    folder: Path,
    language: str,
    scenario: ScenarioSettings | None = None,
    key: str = "",
    *,
    anonymise: bool,
) -> Work:
    """Measure the project as it is, or one scenario; both are entered into the ledger as scenarios are."""
    with recorded(store, "", key or "-") as record:
        try:
            work = _work(project, store, folder, language, scenario, key, anonymise=anonymise)
            _ = work.served
        except LostTableError:
            work = _work(project, store, folder, language, scenario, key, anonymise=anonymise)
            _ = work.served
        record |= run_record(project, work.inputs, work.graph, language)
        record |= {"results": work.results(), "served": store.blob_of("served", work.graph.key("coverage"))}
    return work


def _work(
    project: Project,
    store: Store,
    folder: Path,
    language: str,
    scenario: ScenarioSettings | None,
    key: str,
    *,
    anonymise: bool,
) -> Work:
    inputs, read_again = read_inputs(project, store, lambda _message, _share: None, anonymise=anonymise)
    if scenario is not None:
        inputs = with_town(inputs, edit_town(inputs.town, scenario, key=key))
    before = last_done(store, scenario=key or "-")
    last = {} if before is None else before.record
    graph = build_graph(
        project, inputs, store, language=language, out=folder, last=last, read_again=read_again, line=key
    )
    rely_on(store, graph, before)
    return Work(project, inputs, store, graph, line=key)


def _map(work: Work, language: str) -> bytes:
    key = work.graph.key("map")

    def make(path: Path) -> None:
        write_map(work.coverage, path, language, keep=work.keep)

    return work.store.keep_file("scenario map", key, make)


def _shares(work: Work) -> dict[str, float | None]:
    """Share of households served by circle, in the main case."""
    minutes = len(work.graph.plan.minutes)
    return {f"{record['minutes']:g}": record["share"] for record in work.results()[:minutes]}


def _compare(key: str, scenario: ScenarioSettings, today: Work, work: Work, page: str) -> Scenario:
    before, after = today.served, work.served
    findings = _check_invariants(scenario, today, work)
    sweeps, updates = (work.reach.sweeps, work.reach.updates) if "reach" in work.made else (0, 0)
    change = difference(before, after)
    return Scenario(
        key, scenario.name or key, change, _shares(work), findings, sweeps, updates, page, _points(today, work)
    )


def _points(today: Work, work: Work) -> tuple[tuple[float, float, bool], ...]:
    """Places of the buildings that are won (True) and lost (False)."""
    was_in, now_in = circles_compared(today.served, work.served)
    before, after = today.served[was_in], work.served[now_in]
    ids = after.index.union(before.index)
    was, now = before.reindex(ids).eq(True).to_numpy(), after.reindex(ids).eq(True).to_numpy()
    points = []
    for source, chosen in ((work, now & ~was), (today, was & ~now)):
        shapes = source.inputs.town.buildings.geometry.loc[ids[chosen]].representative_point()
        points += [(x, y, source is work) for x, y in zip(shapes.x.tolist(), shapes.y.tolist(), strict=True)]
    return tuple(points)


def _check_invariants(scenario: ScenarioSettings, today: Work, work: Work) -> tuple[Message, ...]:
    """Access must not fall where something is only added; where a door moved to a new street, it may, and is told.

    Raises
    ------
    AssertionError
        If a walk got longer that cannot: then geoplan itself is wrong.
    """
    taken_away = scenario.remove_facilities or scenario.close_streets or scenario.close_gates
    other_rules = scenario.standards is not None or scenario.walk is not None
    own = work.graph.plan.cases[0].centre == "own"
    if taken_away or other_rules or own:
        return ()
    before, after = today.served["cost"], work.served["cost"].reindex(today.served.index)
    worse = before.index[(after > before + _TOLERANCE).to_numpy()]
    if not len(worse):
        return ()
    streets_added = scenario.add_streets is not None or scenario.add_gates is not None or scenario.open_gates
    if not streets_added:
        raise AssertionError(f"a facility more lengthens the walks of {list(worse[:5])}")
    moved = _moved(today.reach.door_snaps, work.reach.door_snaps)
    if not moved.intersection(worse).size and not len(_moved(today.reach.facility_snaps, work.reach.facility_snaps)):
        raise AssertionError(f"a street more lengthens the walks of {list(worse[:5])}, whose doors stayed")
    named = ", ".join(worse[:5]) + (", ..." if len(worse) > 5 else "")
    text = msg(
        "{count} buildings walk farther though a way was added: a door opens onto the nearest street, which is now "
        "another one ({ids})",
        count=len(worse),
        ids=named,
    )
    return (text,)


def _moved(before: pd.DataFrame, after: pd.DataFrame) -> pd.Index:
    """Rows whose doors open onto another street."""
    ids = before.index.intersection(after.index)
    same = before.loc[ids, "edge"].fillna("").to_numpy() == after.loc[ids, "edge"].fillna("").to_numpy()
    near = np.isclose(before.loc[ids, "connector_m"], after.loc[ids, "connector_m"], equal_nan=True)
    return ids[~(same & near)]
