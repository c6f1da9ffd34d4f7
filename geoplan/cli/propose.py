"""``geoplan propose``: alternatives for new boundaries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from geoplan.cli.session import Session
from geoplan.errors import msg


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
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help=str(msg("Source of chance.")))] = None,
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

    from geoplan.project import load_project, load_town
    from geoplan.project.proposing import PROPOSAL_FILES, asked_of, propose_project, write_project
    from geoplan.project.running import default_folder
    from geoplan.report.anonymise import anonymise_town
    from geoplan.report.proposals import proposals_record
    from geoplan.report.proposaltexts import answer_lines
    from geoplan.report.staging import check_outputs
    from geoplan.report.summary import fingerprint_files

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    own = asked_of(settings)
    if (target, lower, upper) == (None, None, None):
        # what the command line says of the range goes before all that the project says of it
        target, lower, upper = own.target, own.lower, own.upper
    asked = replace(
        own,
        target=target,
        lower=lower,
        upper=upper,
        parts=parts or own.parts,
        objective=objective or own.objective,
        effort=own.effort if effort is None and time_limit is None else effort,
        time_limit_s=time_limit,
        seed=own.seed if seed is None else seed,
        locked=tuple(sorted({*own.locked, *(lock or ())})),
        level=level or own.level,
        centre_each=own.centre_each if centre_each is None else centre_each,
    )
    folder = (default_folder(settings) if out is None else out) / "propose"
    check_outputs(folder, PROPOSAL_FILES)
    with session.progress() as progress:
        town = load_town(settings, progress=progress)
        town = anonymise_town(town) if anonymise else town
        proposals = propose_project(settings, town, asked, progress=progress)
        files = write_project(
            settings,
            town,
            proposals,
            folder,
            asked=asked,
            inputs=fingerprint_files((settings.path, *settings.files()), base=settings.folder),
            language=language,
            anonymise=anonymise,
        )
    if json:
        printed = proposals_record(proposals, language=language)
        session.print(json_module.dumps(printed, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for line in answer_lines(proposals, session.language):
            session.print(line)
        session.print(session.say(msg("Written to {folder}:", folder=folder)))
        for path in files:
            session.print(f"  {path.name}")
    if not proposals[0].feasible:
        raise typer.Exit(1)
