"""``geoplan propose``: alternatives for new boundaries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.session import Session
from geoplan.errors import Fault, InputError, msg

if TYPE_CHECKING:
    from geoplan.model import Town
    from geoplan.partition.propose import Proposal, ProposeOptions
    from geoplan.project.settings import Project

MAP = "map.html"


def propose(
    context: typer.Context,
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help=str(msg("A project file, or a folder with geoplan.toml in it.")))
    ],
    target: Annotated[
        float | None, typer.Option("--target", metavar="N", help=str(msg("Households wanted in a community, +-15 %.")))
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option("--parts", metavar="K|LOW-HIGH", help=str(msg("Number of communities, or a range of numbers."))),
    ] = None,
    lower: Annotated[
        float | None, typer.Option("--lower", metavar="N", help=str(msg("Fewest households of a community.")))
    ] = None,
    upper: Annotated[
        float | None, typer.Option("--upper", metavar="N", help=str(msg("Most households of a community.")))
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            "--objective",
            metavar="moved|even|walk|compact|cut_edges|barriers",
            help=str(
                msg("What comes first; several with commas, in order of priority, or with weights: moved=1,walk=0.5.")
            ),
        ),
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option("--lock", metavar="ID", help=str(msg("A community or unit that stays as it is; repeatable."))),
    ] = None,
    centre_each: Annotated[
        bool | None,
        typer.Option(
            "--centre-each/--no-centre-each",
            help=str(msg("Every community must hold a centre or a candidate site.")),
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        str | None, typer.Option("--level", metavar="NAME", help=str(msg("Level to re-draw; default: the main one.")))
    ] = None,
    effort: Annotated[
        int | None, typer.Option("--effort", metavar="N", help=str(msg("Work of the search, in millions of moves.")))
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="S", help=str(msg("Longest search, in seconds.")))
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help=str(msg("Source of chance.")))] = 0,
    anonymise: Annotated[
        bool,
        typer.Option(
            "--anonymise", help=str(msg("Leave out names and addresses of homes, and round counts of fewer than five."))
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=str(msg("Print one JSON object and nothing else.")))] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help=str(msg("Folder for the results; default: out beside the project."))),
    ] = None,
) -> None:
    """Propose boundaries; exit 1 if nothing is feasible."""
    import json as json_module

    from geoplan import __version__
    from geoplan.partition.propose import propose_communities
    from geoplan.project import load_project, load_town
    from geoplan.project.editplans import PLANS_FILE
    from geoplan.project.running import default_folder
    from geoplan.report.anonymise import anonymise_town
    from geoplan.report.proposals import FILES, proposals_record, write_proposals
    from geoplan.report.staging import check_outputs
    from geoplan.report.summary import fingerprint_files

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    own = settings.propose
    if (target, lower, upper) == (None, None, None):
        # what the command line says of the range goes before all that the project says of it
        target, lower, upper = own.target, own.lower, own.upper
    asked: dict[str, Any] = {
        "target": target,
        "lower": lower,
        "upper": upper,
        "parts": _parts(parts),
        "objective": _objective(objective),
        "effort": effort,
        "time_limit_s": time_limit,
        "seed": seed,
        "locked": tuple(sorted({*own.lock, *(lock or ())})),
    }
    options = _options(settings, level, own.centre_each if centre_each is None else centre_each)
    folder = (default_folder(settings) if out is None else out) / "propose"
    check_outputs(folder, (*FILES, MAP, PLANS_FILE))
    record = {
        **asked,
        "parts": parts,
        "objective": objective,
        "level": options.level,
        "centre_each": options.centre_each,
        "divide": own.divide,
    }
    with session.progress() as progress:
        town = load_town(settings, progress=progress)
        town = anonymise_town(town) if anonymise else town
        proposals = propose_communities(town, **asked, options=options, progress=progress)
        page, plans = _editable(settings, town, proposals, language, anonymise=anonymise)
        files = write_proposals(
            proposals,
            folder,
            town=settings.title,
            version=__version__,
            inputs=fingerprint_files((settings.path, *settings.files()), base=settings.folder),
            options=record,
            language=language,
            also={MAP: page, PLANS_FILE: plans},
        )
    if json:
        printed = proposals_record(proposals, language=language)
        session.print(json_module.dumps(printed, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for line in _lines(session, proposals):
            session.print(line)
        session.print(session.say(msg("Written to {folder}:", folder=folder)))
        for path in files:
            session.print(f"  {path.name}")
    if not proposals[0].feasible:
        raise typer.Exit(1)


def _editable(
    settings: Project, town: Town, proposals: list[Proposal], language: str, *, anonymise: bool
) -> tuple[str, str]:
    """The page with its editor, and the record by which its edits find back."""
    from geoplan.maps import proposal_map, render_map
    from geoplan.maps.editdata import EditStart
    from geoplan.maps.proposals import edit_start
    from geoplan.project.editplans import plans_text
    from geoplan.project.meeting import project_walks

    first = proposals[0]
    walks = project_walks(settings, town, first.partition)
    starts = [EditStart("today", first.partition.base(), first.limits)]
    starts += [edit_start(proposal) for proposal in proposals if proposal.feasible]
    upper = first.limits.upper
    plans = plans_text(
        starts,
        divide_above=upper if upper < float("inf") else None,
        divide=settings.propose.divide,
        anonymise=anonymise,
    )
    page = proposal_map(proposals, town=town, title=settings.title, language=language, walks=walks)
    return render_map(page), plans


def _options(settings: Project, level: str | None, centre_each: bool) -> ProposeOptions:
    """What the project says of standards and walks; units declared divisible."""
    from geoplan.partition.propose import ProposeOptions
    from geoplan.places.units import UnitOptions
    from geoplan.project.running import coverage_options, project_file

    measured = coverage_options(settings)
    return ProposeOptions(
        level=level or settings.propose.level or None,
        units=UnitOptions(divide=settings.propose.divide) if settings.propose.divide else None,
        standards=tuple(project_file(settings, name) for name in settings.standards.active),
        profile=project_file(settings, settings.walk.profiles[0]),
        walking=measured.reach,
        centre_each=centre_each,
    )


def _objective(text: str | None) -> tuple[str, ...] | dict[str, float] | None:
    """Objectives with commas, or weights as name=number."""
    if text is None:
        return None
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not any("=" in word for word in words):
        return words or (text,)
    weights: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name.strip() in weights:
            raise InputError(
                Fault(
                    code="bad-objective",
                    needed=msg("one weight for each objective"),
                    given=msg("two for {name}: {text}", name=name.strip(), text=text),
                    mend=msg("leave one of them away"),
                )
            )
        try:
            weights[name.strip()] = float(value)
        except ValueError:
            raise InputError(
                Fault(
                    code="bad-objective",
                    needed=msg("a weight for each objective, such as moved=1,walk=0.5"),
                    given=msg("{text}", text=word),
                    mend=msg("give every objective a number, or none of them"),
                )
            ) from None
    return weights


def _parts(text: str | None) -> int | tuple[int, int] | None:
    if text is None:
        return None
    low, dash, high = text.replace("–", "-").partition("-")
    try:
        return (int(low), int(high)) if dash else int(low)
    except ValueError:
        raise InputError(
            Fault(
                code="bad-parts",
                needed=msg("a number of communities of at least 1, or a range such as 18-22"),
                given=msg("--parts {text}", text=text),
                mend=msg("use for example --parts 21 or --parts 18-22"),
            )
        ) from None


def _lines(session: Session, proposals: list[Proposal]) -> list[str]:
    """What a planner reads first: how many move, how near to the best possible, whether every rule holds."""
    from geoplan.report.proposaltexts import headline, notice_lines, one_line

    say = session.say
    if not proposals[0].feasible:
        head = say(msg("No proposal keeps every rule:"))
        lines = [head, *(f"- {say(reason)}" for reason in proposals[0].reasons)]
    else:
        lines = [say(text) for text in headline(proposals)]
        lines += [f"- {say(one_line(p, session.language))}" for p in proposals]
    return lines + [say(text) for text in notice_lines(proposals)]
