"""The stages of a run: what each depends on, whether it has to run, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geopandas import GeoDataFrame

from geoplan.batch.codec import digest_json
from geoplan.batch.inputs import Inputs, file_parts
from geoplan.batch.store import Store
from geoplan.batch.versions import code_version
from geoplan.batch.walks import isochrones_key, labels_keys, network_parts, snap_parts, table_key, times_key
from geoplan.coverage import Case, CoverageOptions
from geoplan.coverage.options import Plan, make_plan
from geoplan.coverage.walks import facility_groups
from geoplan.errors import Message, msg
from geoplan.project import Project, coverage_options
from geoplan.project.running import project_file
from geoplan.reach import Metric
from geoplan.standards import circle_limit, load_profile

__all__ = [
    "MAP_FILES",
    "OUTPUTS",
    "PROPOSAL_FILES",
    "REPORT_FILES",
    "STAGES",
    "Graph",
    "StagePlan",
    "build_graph",
    "file_digest",
]

STAGES = ("read", "check", "network", "snap", "times", "isochrones", "coverage", "proposal", "map", "report")
"""In the order in which they run; proposals only where the project wants them with every run."""

MAP_FILES = ("map.html",)
PROPOSAL_FILES = tuple(f"propose/{name}" for name in ("proposals.gpkg", "proposals.xlsx", "summary.json"))
PROPOSAL_FILES += ("propose/map.html", "propose/plans.json")
REPORT_FILES = ("coverage.gpkg", "coverage.xlsx", "summary.json")
OUTPUTS = {"proposal": PROPOSAL_FILES, "map": MAP_FILES, "report": REPORT_FILES}
"""The files that stages write into the folder of the results."""

_NAMED = 4
_CHECK = ("errors", "model", "standards", "read", "reach", "places", "coverage", "check")
_PROPOSAL = (
    "errors",
    "model",
    "standards",
    "read",
    "reach",
    "places",
    "partition",
    "project",
    "maps",
    "report",
    "text",
)
_COVERAGE = ("errors", "model", "standards", "places", "coverage")
_REPORT = ("text", "keep", "coverage", "report")


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage of a run.

    Attributes
    ----------
    name
        One of :data:`STAGES`.
    runs
        Whether it has to be computed.
    reason
        Why, or why not.
    parts
        Digest of everything that it depends on, by name.
    key
        Digest of the parts.
    """

    name: str
    runs: bool
    reason: Message
    parts: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Graph:
    """The stages of one run, and what they were planned from.

    Attributes
    ----------
    stages
        By name, in order.
    options, plan
        What is measured.
    sweeps
        Searches over the whole network that the run will make.
    """

    stages: Mapping[str, StagePlan]
    options: CoverageOptions
    plan: Plan
    sweeps: int

    def runs(self, name: str) -> bool:
        """Whether a stage is part of the run and has to be computed.

        Parameters
        ----------
        name
            Its name.

        Returns
        -------
        bool
        """
        return name in self.stages and self.stages[name].runs

    def key(self, name: str) -> str:
        """Key of a stage's result.

        Parameters
        ----------
        name
            Its name.

        Returns
        -------
        str
        """
        return self.stages[name].key


@dataclass
class _Builder:
    store: Store
    last: Mapping[str, Any]
    stages: dict[str, StagePlan]

    def add(
        self,
        name: str,
        parts: Mapping[str, str],
        *,
        missing: bool,
        why: Message | None = None,
        note: Message | None = None,
    ) -> None:
        """Add a stage; ``why`` if it runs though its parts are as they were, ``note`` says more where it runs."""
        if not missing:
            reason = msg("nothing that it depends on has changed")
        else:
            reason = self._reason(name, parts, why)
            if note is not None:
                reason = msg("{reason}; {note}", reason=reason, note=note)
        self.stages[name] = StagePlan(name, missing, reason, dict(parts), digest_json(parts))

    def _reason(self, name: str, parts: Mapping[str, str], why: Message | None) -> Message:
        before = self.last.get("stages", {}).get(name)
        if before is None:
            return msg("it has never been computed")
        changed = [part for part in sorted({*parts, *before}) if parts.get(part) != before.get(part)]
        if not changed:
            return why or msg("its result is no longer in the store")
        named = ", ".join(part.removeprefix("level ") for part in changed[:_NAMED])
        if len(changed) > _NAMED:
            return msg("changed: {what} and {count} more", what=named, count=len(changed) - _NAMED)
        return msg("changed: {what}", what=named)


def build_graph(
    project: Project,
    inputs: Inputs,
    store: Store,
    *,
    language: str,
    out: Path,
    last: Mapping[str, Any],
    read_again: bool,
    line: str = "",
) -> Graph:
    """Plan a run.

    Parameters
    ----------
    project
        The project.
    inputs
        Its town, as far as it has been read.
    store
        What has been computed.
    language
        Language of the results.
    out
        Folder of the results; their files are looked at.
    last
        Record of the last run.
    read_again
        Whether a file had to be read.
    line
        Line of runs whose walking times are brought up to date.

    Returns
    -------
    Graph

    Raises
    ------
    InputError
        If the project asks for what its town does not have.
    """
    options = coverage_options(project)
    plan = make_plan(inputs.sites, options)
    build = _Builder(store, last, {})
    parts = file_parts(project, anonymise=inputs.anonymise, known=inputs.files)
    # explaining has read what changed, and for the next run it is new all the same
    other = "stages" in last and dict(last["stages"].get("read", {})) != parts
    build.add("read", parts, missing=read_again or other)
    asked = {"standards": digest_json(repr(plan.standards))}
    checked = {**inputs.digests, **asked, "code": code_version(_CHECK)}
    build.add("check", checked, missing=not store.has("check", digest_json(checked)))
    walks = _walks(inputs, store, plan, options, line)
    network, snap = network_parts(inputs, options.reach), snap_parts(inputs, options.reach)
    times = {**snap, "questions": digest_json(walks.times)}
    land = {**network, "questions": digest_json(walks.land)}
    green = {name: one for name, one in inputs.digests.items() if name.startswith("green.")}
    measured = {
        # green land is shown and nothing is measured by it
        **{name: one for name, one in inputs.digests.items() if name not in green},
        **asked,
        "measure": digest_json([repr(plan.cases), repr(plan.minutes), repr(plan.kinds)]),
    }
    measured |= {"profiles": digest_json(repr(sorted(plan.profiles.items()))), "tolerances": snap["tolerances"]}
    measured |= {"walks": digest_json([digest_json(snap), digest_json(times)]), "code": code_version(_COVERAGE)}
    shown = {"coverage": digest_json(measured), "isochrones": digest_json(land), "language": language}
    dump = digest_json(project.model_dump(mode="json", exclude={"path", "scenarios"}))
    outputs = {
        "map": {**shown, **green, "code": code_version(("text", "keep", "project", "maps"))},
        "report": {**shown, "check": digest_json(checked), "settings": dump, "code": code_version(_REPORT)},
    }
    if project.propose.with_run:
        outputs["proposal"] = _proposal_parts(project, inputs, asked, snap, language)
    states = {name: _output_state(store, name, parts, out) for name, parts in outputs.items()}
    # walks are measured only for what needs them: results that stand ask for none, though the store may have lost them
    no_coverage = not store.has("coverage", digest_json(measured))
    drawn = states["map"].missing or states["report"].missing
    proposed = "proposal" in states and states["proposal"].missing
    no_times = no_coverage and bool(walks.missing_times)
    no_land = drawn and bool(walks.missing_land)
    # asked for in any case: what is asked for counts as used, and is not pruned
    snaps_lost = not store.has("snap", digest_json(snap))
    tables_lost = _table_sweeps(project, inputs, store, digest_json(snap)) if project.propose.with_run else 0
    tables = tables_lost if proposed else 0
    no_snaps = (no_coverage or drawn or proposed) and snaps_lost
    needed = no_snaps or no_times or no_land or tables > 0
    build.add("network", network, missing=needed, why=msg("walks that are not in the store need it"))
    build.add("snap", snap, missing=no_snaps)
    updated = msg("brought up to date from the last run, searching only where walks change")
    build.add("times", times, missing=no_times, note=updated if no_times and not walks.full else None)
    build.add("isochrones", land, missing=no_land)
    build.add("coverage", measured, missing=no_coverage)
    for name in ("proposal", "map", "report"):
        if name in states:
            build.add(name, outputs[name], missing=states[name].missing, why=states[name].why)
    sweeps = (walks.full if no_times else 0) + (len(walks.missing_land) if no_land else 0) + tables
    return Graph(build.stages, options, plan, sweeps)


def _proposal_parts(
    project: Project, inputs: Inputs, asked: Mapping[str, str], snap: Mapping[str, str], language: str
) -> dict[str, str]:
    """What proposals depend on: the town, what is asked for, how people walk."""
    settings = {
        "propose": digest_json(project.propose.model_dump(mode="json")),
        "walk": digest_json([project.walk.model_dump(mode="json"), snap["tolerances"]]),
        "language": language,
        "anonymise": str(inputs.anonymise),
    }
    return {**inputs.digests, **asked, **settings, "code": code_version(_PROPOSAL)}


@dataclass(frozen=True, slots=True)
class _OutputState:
    """Whether the files of a stage have to be written, and why if what it depends on has not changed."""

    missing: bool
    why: Message | None = None


def _output_state(store: Store, name: str, parts: Mapping[str, str], out: Path) -> _OutputState:
    """A stage whose results are files in the folder of the results: they count only if they are as it wrote them."""
    files = OUTPUTS[name]
    key = digest_json(parts)
    rows = store.database.execute("SELECT file, key, digest FROM outputs")
    known = {file: (written, one) for file, written, one in rows}
    if any(known.get(file, ("", ""))[0] != key for file in files):
        # files that are written anew in any case are not looked at: they are large
        return _OutputState(missing=True)
    changed = [file for file in files if known[file][1] != file_digest(out / file)]
    why = msg("{files}: missing, or not as it was written", files=", ".join(changed)) if changed else None
    return _OutputState(bool(changed), why)


def _table_sweeps(project: Project, inputs: Inputs, store: Store, snap: str) -> int:
    """Searches that proposals need: one from each centre and candidate site, for each way of measuring."""
    if inputs.about["tables"].get("streets") is None:
        return 0
    facilities = inputs.sites.facilities
    ids = list(facilities.index[(facilities["kind"] == "service_centre").to_numpy()])
    profile = load_profile(project_file(project, project.walk.profiles[0]))
    metrics = [Metric("time", profile), *([Metric("distance", profile)] if project.walk.mode == "distance" else [])]
    missing = [metric for metric in metrics if not store.has("table", table_key(snap, metric, ids))]
    return len(missing) * len(ids)


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str or None
        None if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class _Walks:
    """Keys of the walks that a run needs, those that are missing, and how many searches go over all the network."""

    times: list[str]
    missing_times: list[str]
    land: list[str]
    missing_land: list[str]
    full: int


def _walks(inputs: Inputs, store: Store, plan: Plan, options: CoverageOptions, line: str) -> _Walks:
    snap = digest_json(snap_parts(inputs, options.reach))
    network = digest_json(network_parts(inputs, options.reach))
    times: dict[str, tuple[Metric, list[str]]] = {}
    for case in plan.cases:
        metric = Metric(case.mode, plan.profiles[case.profile])
        for _, _, ids in facility_groups(inputs.sites, plan, case):
            times[times_key(snap, metric, ids)] = metric, list(ids)
    missing = [key for key in times if not store.has("times", key)]
    streets = inputs.about["tables"].get("streets") is not None
    sites = inputs.sites.facilities
    questions = [(times[key][0], sites.loc[times[key][1]]) for key in missing]
    full = _full_searches(store, questions, line) if streets else len(missing)
    # the page shows the land of whatever case its reader chooses
    land = sorted({key for case in plan.cases for key in _land_keys(inputs, network, plan, case)})
    return _Walks(sorted(times), missing, land, [key for key in land if not store.has("isochrones", key)], full)


def _full_searches(store: Store, questions: list[tuple[Metric, GeoDataFrame]], line: str) -> int:
    """Searches over all the network: where neither an earlier run nor an earlier question of this one left labels."""
    full = 0
    left: set[str] = set()
    for metric, sites in questions:
        known = {key for one in (line, "") for key in labels_keys(metric, sites, one)}
        full += not (len(sites) and any(key in left or store.has("labels", key) for key in known))
        left.update(labels_keys(metric, sites, line) if len(sites) else ())
    return full


def _land_keys(inputs: Inputs, network: str, plan: Plan, case: Case) -> list[str]:
    profile = plan.profiles[case.profile]
    limits = [circle_limit(plan.standards, minutes, case.mode, profile) for minutes in plan.minutes]
    metric = Metric(case.mode, profile)
    return [isochrones_key(network, metric, ids, limits) for _, _, ids in facility_groups(inputs.sites, plan, case)]
