"""``geoplan edit`` and ``geoplan apply-edits``: a page for the meeting, and what was edited on it taken back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.session import Session
from geoplan.errors import msg

if TYPE_CHECKING:
    from geoplan.project.meeting import MeetingResult

_LEFT_SHOWN = 20

_Project = Annotated[
    Path, typer.Argument(metavar="PROJECT", help=str(msg("A project file, or a folder with geoplan.toml in it.")))
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help=str(msg("Folder for the results; default: out beside the project."))),
]


def edit(
    context: typer.Context,
    project: _Project,
    out: _Out = None,
    anonymise: Annotated[
        bool,
        typer.Option(
            "--anonymise", help=str(msg("Leave out names and addresses of homes, and round counts of fewer than five."))
        ),
    ] = False,
) -> None:
    """Write a page on which today's communities can be edited."""
    from geoplan.project import load_project
    from geoplan.project.meeting import edit_project

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    with session.progress() as progress:
        files = edit_project(settings, out, language=language, anonymise=anonymise, progress=progress)
    session.print(session.say(msg("Written to {folder}:", folder=files[0].parent)))
    for path in files:
        session.print(f"  {path.name}")


def apply_edits(
    context: typer.Context,
    project: _Project,
    edits: Annotated[
        Path, typer.Argument(metavar="EDITS", help=str(msg("The edits as the page gave them: JSON or CSV.")))
    ],
    out: _Out = None,
    rebase: Annotated[
        bool, typer.Option("--rebase", help=str(msg("Take what still fits where the plan has changed; say what.")))
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=str(msg("Print one JSON object and nothing else.")))] = False,
) -> None:
    """Do the edits of a page; exit 1 if totals differ from the page's or are missing, or edits were left out."""
    import json as json_module

    from geoplan.project import load_project
    from geoplan.project.meeting import apply_project_edits

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    with session.progress() as progress:
        result = apply_project_edits(settings, edits, out, rebase=rebase, language=language, progress=progress)
    if json:
        session.print(json_module.dumps(_record(result), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for line in _lines(session, result):
            session.print(line)
    if not result.whole:
        raise typer.Exit(1)


def _record(result: MeetingResult) -> dict[str, object]:
    from geoplan.report.proposals import proposals_record
    from geoplan.report.records import json_value

    record = proposals_record([result.proposal])["alternatives"][0]
    return {**dict(json_value(dict(result.record))), "communities": record["parts"], "measures": record}


def _lines(session: Session, result: MeetingResult) -> list[str]:
    after = result.proposal.after
    lines = [
        msg(
            "{taken} steps of {edits} edits done: {parts} communities, {moved:,.0f} households moved, boundaries "
            "{km:.1f} km, {detached} detached pieces",
            taken=result.applied.taken,
            edits=len(result.file.edits),
            parts=len(after.parts),
            moved=after.moved_households,
            km=after.boundary_m / 1000,
            detached=after.detached_pieces,
        )
    ]
    if result.rebased:
        lines.append(msg("the plan is another one than was edited: the page's totals were not compared"))
    elif result.compared:
        lines.append(msg("{count} totals compared with the page", count=result.compared))
    elif result.applied.left:
        lines.append(msg("edits were left out: the page's totals were not compared"))
    else:
        lines.append(msg("the file holds no totals of the page: nothing could be compared"))
    lines += [msg("warning: {text}", text=warning) for warning in result.applied.warned[:_LEFT_SHOWN]]
    if result.applied.left:
        lines.append(msg("left out: {count}", count=len(result.applied.left)))
    lines += [msg("- {text}", text=reason) for reason in result.applied.left[:_LEFT_SHOWN]]
    if result.differences:
        lines.append(msg("totals that differ or are missing: {count}", count=len(result.differences)))
    lines += [msg("- {text}", text=d.message) for d in result.differences[:_LEFT_SHOWN]]
    lines.append(msg("Written to {folder}:", folder=result.folder))
    return [*(session.say(line) for line in lines), *(f"  {path.name}" for path in result.files)]
