"""What comes out of a meeting: edits are done to their plan, measured again, compared with the page, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from geoplan import __version__
from geoplan.coverage import Coverage, CoverageOptions, measure_coverage
from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Progress, Town
from geoplan.partition.editing import CENTRE_KIND, EditWalks, edit_walks, plan_fingerprint
from geoplan.partition.measures import Limits, measure_partition
from geoplan.partition.plan import Partition
from geoplan.partition.propose import Proposal
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import build_units
from geoplan.project.comparing import Difference, compare_totals
from geoplan.project.editfile import EditsFile, read_edits
from geoplan.project.editplans import PLANS_FILE, StoredPlan, build_start, find_plans, plans_text
from geoplan.project.editrecord import changes_of, edits_record, edits_table
from geoplan.project.edits import AppliedEdits, apply_edits
from geoplan.project.loading import load_town
from geoplan.project.redrawing import redrawn_town
from geoplan.project.running import coverage_options, default_folder
from geoplan.project.settings import Project
from geoplan.reach import Metric, Reach, build_reach
from geoplan.standards import binding_rule, load_profile, load_standard

if TYPE_CHECKING:
    from geoplan.maps.editdata import EditStart

__all__ = [
    "MeetingResult",
    "apply_project_edits",
    "edit_project",
    "project_walks",
    "today_proposal",
]

FOLDER, EDIT_FOLDER = "edits", "edit"
MAP_FILE = "map.html"
_STEM, _COVERAGE = "edited", "coverage.xlsx"
_QUANTITIES = {"communities": "community.households", "grids": "grid.households"}


@dataclass(frozen=True, slots=True)
class MeetingResult:
    """What edits made of a project.

    Attributes
    ----------
    file, applied
        The edits, and what they made.
    proposal
        The new communities with their measures and changes.
    coverage
        Who is served in them: by any centre, and by the own one.
    differences
        Totals that the page had otherwise; empty where all agree.
    compared
        How many totals were compared.
    rebased
        Whether the edits were done to another plan than they were made on.
    folder, files
        Where the results are.
    """

    file: EditsFile
    applied: AppliedEdits
    proposal: Proposal
    coverage: Coverage
    differences: tuple[Difference, ...]
    compared: int
    rebased: bool
    folder: Path
    files: tuple[Path, ...]
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every edit was done and every total agrees; a file without totals proves nothing."""
        return not self.differences and not self.applied.left and (self.rebased or self.compared > 0)


def _case_options(project: Project) -> tuple[CoverageOptions, Metric]:
    """The project's main case with the communities' centres, any and own, and its metric."""
    options = coverage_options(project)
    mode: Literal["time", "distance"] = "distance" if options.mode == "distance" else "time"
    profile = tuple(options.profiles)[:1] if isinstance(options.profiles, tuple) else (options.profiles,)
    metric = Metric(mode, load_profile(profile[0]))
    chosen = replace(options, mode=mode, centre="both", profiles=profile, tiers=("",), kinds=(CENTRE_KIND,))
    return chosen, metric


def project_walks(project: Project, town: Town, partition: Partition, *, reach: Reach | None = None) -> EditWalks:
    """Walks from a partition's units to all centres and candidate sites, as the project measures them.

    Parameters
    ----------
    project, town
        The project and its town.
    partition
        Whose units are meant.
    reach
        The town's walks, if they are built already.

    Returns
    -------
    EditWalks
    """
    options, metric = _case_options(project)
    minutes = options.minutes if isinstance(options.minutes, Sequence) else (options.minutes,)
    standards = [load_standard(name) for name in options.standards]  # type: ignore[arg-type,union-attr]
    made = reach or build_reach(town, options=options.reach)
    return edit_walks(town, partition.units, reach=made, metric=metric, minutes=minutes, standards=standards)


def _today_limits(level: str) -> Limits:
    """The range that the law gives for a level; none where it says nothing."""
    quantity = _QUANTITIES.get(level, "")
    standards = [load_standard("national-2026")]
    if not any(rule.quantity == quantity for standard in standards for rule in standard.rules):
        return Limits()
    rule = binding_rule(standards, quantity)
    high = float("inf") if rule.high is None else float(rule.high)
    return Limits(lower=float(rule.low or 0.0), upper=high, target=rule.value)


def edit_project(
    project: Project,
    out: str | Path | None = None,
    *,
    language: str = "zh",
    anonymise: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write a page on which today's communities can be edited.

    Parameters
    ----------
    project
        The project.
    out
        Folder for the results; ``out`` beside the project file by default. The page goes to ``edit`` in it.
    language
        Language of the page.
    anonymise
        Leave out names and addresses of homes and round small counts.
    progress
        Told what is being done.

    Returns
    -------
    tuple of Path
        The page, and the record that finds its edits back.

    Raises
    ------
    InputError, OutputError
        If the project cannot be read or the page not be written.
    """
    from geoplan.maps import proposal_map, render_map
    from geoplan.maps.editdata import EditStart
    from geoplan.report import anonymise_town, check_outputs, staged

    folder = (default_folder(project) if out is None else Path(out)) / EDIT_FOLDER
    tell = progress or _silent
    check_outputs(folder, (MAP_FILE, PLANS_FILE))
    town = load_town(project, progress=tell)
    town = anonymise_town(town) if anonymise else town
    proposal, walks = today_proposal(project, town, progress=tell)
    start = EditStart("today", proposal.partition, proposal.limits)
    page = proposal_map([proposal], town=town, title=project.title, language=language, walks=walks)
    with staged(folder) as stage:
        (stage / MAP_FILE).write_text(render_map(page), encoding="utf-8", newline="\n")
        (stage / PLANS_FILE).write_text(plans_text([start], anonymise=anonymise), encoding="utf-8", newline="\n")
    return folder / MAP_FILE, folder / PLANS_FILE


def today_proposal(project: Project, town: Town, *, progress: Progress | None = None) -> tuple[Proposal, EditWalks]:
    """Today's communities in the shape of a proposal that changes nothing, to be edited; and the walks to all sites.

    Parameters
    ----------
    project, town
        The project and its town.
    progress
        Told what is being done.

    Returns
    -------
    tuple
        The proposal (not ``feasible``, since nothing is proposed) and the walks.
    """
    tell = progress or _silent
    tell(msg("cutting the land into units"), 0.3)
    partition = _today(build_units(town, level=_main_level(town)))
    tell(msg("measuring walks to centres"), 0.5)
    walks = project_walks(project, town, partition)
    limits = _today_limits(partition.units.level)
    return _as_proposal(town, partition, limits, walks, walks.open_today, {}, feasible=False), walks


def _main_level(town: Town) -> str | None:
    return town.levels[0].name if town.levels else None


def _today(units: Any) -> Partition:
    from geoplan.partition.plan import today

    return today(units)


def apply_project_edits(
    project: Project,
    path: str | Path,
    out: str | Path | None = None,
    *,
    rebase: bool = False,
    language: str = "zh",
    progress: Progress | None = None,
) -> MeetingResult:
    """Take edits of a page back: do them, measure everything again, compare with the page, write the results.

    Parameters
    ----------
    project
        The project.
    path
        The edits, JSON or CSV.
    out
        Folder for the results; ``out`` beside the project file by default. They go to ``edits`` in it.
    rebase
        Do what fits where the plan is no longer the one that was edited.
    language
        Language of the results.
    progress
        Told what is being done.

    Returns
    -------
    MeetingResult

    Raises
    ------
    InputError
        If the file is none of edits, its plan is unknown, or edits do not fit; with every fault. Nothing is written.
    OutputError
        If the results cannot be written; older ones stay whole.
    """
    from geoplan.report import check_outputs

    main = default_folder(project) if out is None else Path(out)
    folder = main / FOLDER
    tell = progress or _silent
    file = read_edits(path)
    names = (f"{_STEM}.gpkg", f"{_STEM}.xlsx", "summary.json", _COVERAGE, MAP_FILE, PLANS_FILE, "edit_list.csv")
    check_outputs(folder, names)
    stored = find_plans([Path(path).resolve().parent, main, default_folder(project)])
    town = load_town(project, progress=tell)
    tell(msg("cutting the land into units"), 0.3)
    town, start, plan, rebased = _find_start(town, file, stored, rebase=rebase)
    tell(msg("measuring walks to centres"), 0.4)
    walks = project_walks(project, town, start.partition)
    before = tuple(sorted({*walks.open_today, *start.opened} - set(start.closed)))
    applied = apply_edits(file, start.partition, open_sites=before, sites=walks.sites.index, rebase=rebase)
    now = tuple(sorted({*before, *applied.opened} - set(applied.closed)))
    proposal = _as_proposal(town, applied.partition, start.limits, walks, now, applied.notes)
    tell(msg("measuring the new communities"), 0.6)
    options, _ = _case_options(project)
    coverage = measure_coverage(redrawn_town(town, applied.partition, walks, now), options=options)
    differences: tuple[Difference, ...] = ()
    compared = 0
    if not rebased and not applied.left:
        differences, compared = compare_totals(file, proposal.after, applied.partition, walks, coverage, start.limits)
    end = _end_start(start, applied, walks, now)
    record = edits_record(file, applied, end, rebased=rebased, differences=differences, compared=compared)
    result = MeetingResult(
        file,
        applied,
        proposal,
        coverage,
        differences,
        compared,
        rebased,
        folder,
        tuple(folder / n for n in names),
        record,
    )
    tell(msg("writing {file}", file=f"{_STEM}.gpkg"), 0.8)
    _write(project, town, result, (start, end), plan, walks, language)
    return result


def _end_start(start: EditStart, applied: AppliedEdits, walks: EditWalks, now: Sequence[str]) -> EditStart:
    """What a next edit starts from."""
    standing = set(walks.open_today)
    opened, closed = tuple(sorted(set(now) - standing)), tuple(sorted(standing - set(now)))
    return replace(start, name="edited", partition=applied.partition, opened=opened, closed=closed)


def _find_start(
    town: Town, file: EditsFile, stored: Sequence[StoredPlan], *, rebase: bool
) -> tuple[Town, EditStart, StoredPlan, bool]:
    """The town and plan that the edits were made on; with ``rebase`` else the one of the same name, else today's."""
    for plan in stored:
        if plan.fingerprint == file.fingerprint:
            meant = _as_planned(town, plan)
            start = build_start(meant, plan)
            same = _print_of(start) == file.fingerprint
            if not same and not rebase:
                raise _wrong_plan(file, msg("that plan, but the project's data have changed since"))
            return meant, start, plan, not same
    fresh = StoredPlan("today", "", _main_level(town) or "", "estate", None, {}, {}, 0.0, float("inf"), None)
    limits = _today_limits(fresh.level)
    fresh = replace(fresh, lower=limits.lower, upper=limits.upper, target=limits.target)
    start = build_start(town, fresh)
    if _print_of(start) == file.fingerprint:
        return town, start, fresh, False
    if not rebase:
        known = ", ".join(sorted({plan.name for plan in stored})) or "-"
        raise _wrong_plan(file, msg("none of the plans there are ({known}) and not today's", known=known))
    like = next((plan for plan in stored if file.plan and plan.name == file.plan), None)
    if like is None:
        return town, start, fresh, True
    meant = _as_planned(town, like)
    return meant, build_start(meant, like), like, True


def _as_planned(town: Town, plan: StoredPlan) -> Town:
    """The town without names and small counts where the plan's page was made of it so."""
    from geoplan.report import anonymise_town

    return anonymise_town(town) if plan.anonymise else town


def _print_of(start: EditStart) -> str:
    return plan_fingerprint(start.partition, opened=start.opened, closed=start.closed)


def _wrong_plan(file: EditsFile, given: Message) -> InputError:
    return InputError(
        Fault(
            code="wrong-fingerprint",
            needed=msg("the plan that was edited, fingerprint {print}", print=file.fingerprint[:12] or "-"),
            given=given,
            mend=msg("edit the page of this project's last run, or use --rebase to take what still fits"),
            where=Where(file=str(file.path)),
        )
    )


def _as_proposal(
    town: Town,
    partition: Partition,
    limits: Limits,
    walks: EditWalks,
    open_sites: Sequence[str],
    notes: Mapping[str, str],
    *,
    feasible: bool = True,
) -> Proposal:
    """An edited plan in the shape that pages and tables take."""
    base = partition.base()
    before = measure_partition(base, limits=limits, walk=walks.centres(walks.open_today))
    after = measure_partition(partition, limits=limits, walk=walks.centres(open_sites))
    return Proposal(
        name="edited" if feasible else "none",
        favours="",
        partition=partition,
        changes=changes_of(partition, walks, open_sites, notes),
        before=before,
        after=after,
        enclaves_before=find_enclaves(base.units, base.part_of),
        enclaves_after=find_enclaves(partition.units, partition.part_of),
        bound=None,
        split_estates=after.split_estates,
        limits=limits,
        feasible=feasible,
        reasons=(),
        stopped_by="converged",
        seed=0,
        effort=None,
        notices=town.notices + partition.units.notices,
    )


def _write(
    project: Project,
    town: Town,
    result: MeetingResult,
    starts: tuple[EditStart, EditStart],
    plan: StoredPlan,
    walks: EditWalks,
    language: str,
) -> None:
    from geoplan.maps import proposal_map, render_map
    from geoplan.report import fingerprint_files, staged, write_coverage_xlsx
    from geoplan.report.proposals import write_proposals

    end = starts[1]
    page = proposal_map([result.proposal], town=town, title=project.title, language=language, walks=walks, starts=[end])
    with staged(result.folder) as stage:
        write_proposals(
            [result.proposal],
            stage,
            town=project.title,
            version=__version__,
            inputs=fingerprint_files((project.path, *project.files()), base=project.folder),
            language=language,
            also={
                MAP_FILE: render_map(page),
                PLANS_FILE: plans_text(
                    starts,
                    kind=plan.kind,
                    divide_above=plan.divide_above,
                    divide=plan.divide,
                    anonymise=plan.anonymise,
                ),
                "edit_list.csv": edits_table(result.file, result.applied, language),
            },
            stem=_STEM,
            more={"edits": result.record},
        )
        write_coverage_xlsx(result.coverage, stage / _COVERAGE, language=language)


def _silent(message: Message, share: float) -> None:
    del message, share
