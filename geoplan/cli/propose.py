"""``geoplan propose``: alternatives for new boundaries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.session import Session
from geoplan.errors import Fault, InputError, msg

if TYPE_CHECKING:
    from geoplan.partition.propose import Proposal

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
            metavar="moved|even|walk|compact",
            help=str(msg("What comes first; several with commas, in order of priority.")),
        ),
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
    from geoplan.maps import proposal_map, render_map
    from geoplan.maps.editdata import EditStart
    from geoplan.maps.proposals import edit_start
    from geoplan.partition.propose import propose_communities
    from geoplan.project import load_project, load_town
    from geoplan.project.editplans import PLANS_FILE, plans_text
    from geoplan.project.meeting import project_walks
    from geoplan.project.running import default_folder
    from geoplan.report.anonymise import anonymise_town
    from geoplan.report.proposals import FILES, proposals_record, write_proposals
    from geoplan.report.staging import check_outputs
    from geoplan.report.summary import fingerprint_files

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    number = _parts(parts)
    wanted = None if objective is None else tuple(word.strip() for word in objective.split(",") if word.strip())
    folder = (default_folder(settings) if out is None else out) / "propose"
    check_outputs(folder, (*FILES, MAP, PLANS_FILE))
    asked = {"target": target, "lower": lower, "upper": upper, "parts": parts, "objective": objective}
    with session.progress() as progress:
        town = load_town(settings, progress=progress)
        town = anonymise_town(town) if anonymise else town
        proposals = propose_communities(
            town,
            target=target,
            lower=lower,
            upper=upper,
            parts=number,
            objective=wanted,
            effort=effort,
            time_limit_s=time_limit,
            seed=seed,
            progress=progress,
        )
        first = proposals[0]
        walks = project_walks(settings, town, first.partition)
        starts = [EditStart("today", first.partition.base(), first.limits)]
        starts += [edit_start(proposal) for proposal in proposals if proposal.feasible]
        page = proposal_map(proposals, town=town, title=settings.title, language=language, walks=walks)
        divide_above = first.limits.upper if first.limits.upper < float("inf") else None
        files = write_proposals(
            proposals,
            folder,
            town=settings.title,
            version=__version__,
            inputs=fingerprint_files((settings.path, *settings.files()), base=settings.folder),
            options={**asked, "effort": effort, "time_limit_s": time_limit, "seed": seed},
            language=language,
            also={
                MAP: render_map(page),
                PLANS_FILE: plans_text(starts, divide_above=divide_above, anonymise=anonymise),
            },
        )
    if json:
        record = proposals_record(proposals, language=language)
        session.print(json_module.dumps(record, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for line in _lines(session, proposals):
            session.print(line)
        session.print(session.say(msg("Written to {folder}:", folder=folder)))
        for path in files:
            session.print(f"  {path.name}")
    if not proposals[0].feasible:
        raise typer.Exit(1)


def _parts(text: str | None) -> int | tuple[int, int] | None:
    if text is None:
        return None
    low, dash, high = text.partition("-")
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
    from geoplan.report.proposals import proposal_name

    if not proposals[0].feasible:
        head = session.say(msg("No proposal keeps every rule:"))
        return [head, *(f"- {session.say(reason)}" for reason in proposals[0].reasons)]
    lines = []
    for p in proposals:
        name = proposal_name(p, session.language)
        lines.append(
            session.say(
                msg(
                    "{name}: {parts} communities, {moved:,.0f} households moved; deviation at most {deviation:.1%}, "
                    "mean walk {walk:.1f} min, boundaries {km:.1f} km, {enclaves} enclaves left",
                    name=name,
                    parts=len(p.after.parts),
                    moved=p.moved_households,
                    deviation=p.after.max_deviation,
                    walk=p.after.mean_walk_min,
                    km=p.after.boundary_m / 1000,
                    enclaves=len(p.enclaves_after),
                )
            )
        )
    bound = proposals[0].bound
    fewest = min(proposals, key=lambda p: p.moved_households)
    if bound is not None and fewest.gap is not None:
        lines.append(
            session.say(
                msg(
                    "at least {bound:,.0f} households must move: the fewest proposed is within {gap:.1%}",
                    bound=bound.value,
                    gap=fewest.gap,
                )
            )
        )
    return lines
