"""``geoplan run``: the main job, in the whole or as far as something has changed."""

from __future__ import annotations

import json as json_module
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.session import Session
from geoplan.errors import Fault, InputError, msg

if TYPE_CHECKING:
    from geoplan.batch import RunResult
    from geoplan.batch.stages import Graph
    from geoplan.batch.towns import TownsOptions
    from geoplan.project import Project


_NAMED_BEFORE = msg(
    "Do not pass on the folder .geoplan in it: earlier runs that were not anonymised left names there. Delete it, or "
    "take another folder with --out."
)


def run(
    context: typer.Context,
    projects: Annotated[
        list[Path],
        typer.Argument(
            metavar="PROJECT",
            help=str(
                msg("A project file, or a folder with geoplan.toml in it; several, or a pattern, for many towns.")
            ),
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help=str(msg("Folder for the results; default: out beside the project."))),
    ] = None,
    anonymise: Annotated[
        bool,
        typer.Option(
            "--anonymise", help=str(msg("Leave out names and addresses of homes, and round counts of fewer than five."))
        ),
    ] = False,
    name: Annotated[
        str,
        typer.Option("--name", metavar="TEXT", help=str(msg("Name of the run, and of boundaries that are new in it."))),
    ] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help=str(msg("Say what would be computed and why, and compute nothing.")))
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help=str(msg("With --explain or --scenarios: print one JSON object.")))
    ] = False,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help=str(msg("Measure the scenarios of the project and compare them.")))
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help=str(msg("Run again whenever a file changes, and refresh the page.")))
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help=str(msg("Many towns: so many processes of this machine."))),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help=str(msg("Many towns: on a Dask cluster (tcp://HOST:8786), or local to start one here.")),
        ),
    ] = "",
    ship: Annotated[
        bool, typer.Option("--ship", help=str(msg("Many towns: send the files along; workers need no shared disk.")))
    ] = False,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help=str(msg("Many towns: run only those that failed or were not reached."))),
    ] = False,
    memory: Annotated[
        str,
        typer.Option("--memory", metavar="2G", help=str(msg("Many towns: the most that one worker may hold (Linux)."))),
    ] = "",
) -> None:
    """Run the main job."""
    from geoplan.batch import explain_run
    from geoplan.project import load_project

    session: Session = context.obj
    found = _found(projects)
    one_only = {"--explain": explain, "--scenarios": scenarios, "--watch": watch}
    if len(found) > 1 or workers or scheduler or ship or retry_failed or memory:
        _refuse(one_only, len(found))
        given = _towns_options(session, workers or 1, scheduler, ship, retry_failed, memory)
        _run_towns(session, found, out, replace(given, name=name, anonymise=anonymise))
        return
    (project,) = found
    settings = load_project(project)
    language = session.follow(settings.language)
    if explain:
        with session.progress() as progress:
            graph = explain_run(settings, out, language=language, anonymise=anonymise, progress=progress)
        session.print(_graph_json(graph, session) if json else _graph_text(graph, session))
    elif scenarios:
        from geoplan.cli.scenarios import run_all

        run_all(session, settings, out, language, anonymise=anonymise, json=json)
    elif watch:
        from geoplan.cli.watch import watch_project

        watch_project(session, project, out, name, anonymise=anonymise)
    else:
        run_once(session, settings, out, language, name, project, anonymise=anonymise)


def _found(projects: list[Path]) -> list[Path]:
    """What the words mean; one plain word is left as it is, for it may be a folder."""
    if len(projects) == 1 and (projects[0].exists() or "*" not in str(projects[0])):
        return projects
    from geoplan.batch.towns import find_towns

    return find_towns(projects)


def _refuse(options: dict[str, bool], count: int) -> None:
    """Options that are about one project."""
    given = [name for name, wanted in options.items() if wanted]
    if given:
        raise InputError(
            Fault(
                code="one-project",
                needed=msg("one project for {options}", options=", ".join(given)),
                given=msg("{count} projects, or an option for many towns", count=count),
                mend=msg("name one project, and leave --workers, --scheduler, --ship and --retry-failed away"),
            )
        )


def _towns_options(
    session: Session, workers: int, scheduler: str, ship: bool, retry_failed: bool, memory: str
) -> TownsOptions:
    from geoplan.batch.memory import parse_memory
    from geoplan.batch.towns import TownsOptions

    return TownsOptions(
        workers=workers,
        scheduler=scheduler,
        ship=ship,
        retry_failed=retry_failed,
        memory_bytes=parse_memory(memory) if memory else 0,
        language=session.language if session.asked else "",
        fallback=session.language,
    )


def _run_towns(session: Session, projects: list[Path], out: Path | None, options: TownsOptions) -> None:
    from geoplan.batch.towns import find_towns
    from geoplan.cli.towns import run_many

    run_many(session, find_towns(projects), out, options)


def run_once(
    session: Session,
    settings: Project,
    out: Path | None,
    language: str,
    name: str,
    project: Path,
    *,
    anonymise: bool = False,
) -> RunResult:
    """Run, and say what came of it: the difference to the last run first.

    Parameters
    ----------
    session
        How to talk.
    settings, project
        The project, and how it was named.
    out, language, name, anonymise
        As of :func:`geoplan.batch.run_project`.

    Returns
    -------
    RunResult
    """
    from geoplan.batch import run_project
    from geoplan.cli.difference import difference_text
    from geoplan.cli.show import coverage_text

    with session.progress() as progress:
        result = run_project(
            settings,
            out,
            language=language,
            name=name,
            anonymise=anonymise,
            progress=progress,
            describe=lambda coverage, spoken: coverage_text(coverage, language=spoken),
        )
    for line in difference_text(result, session):
        session.print(line)
    session.print(result.answer)
    session.print()
    for line in result.proposals:
        session.print(line)
    if result.problems:
        sentence = msg(
            "{count} findings in the data; see: geoplan check {project}", count=result.problems, project=project
        )
        session.print(session.say(sentence))
    session.print(session.say(msg("Written to {folder}:", folder=result.folder)))
    for path in result.files:
        session.print(f"  {path.relative_to(result.folder).as_posix()}")
    if result.named_before:
        session.print(session.say(_NAMED_BEFORE))
    return result


def _graph_json(graph: Graph, session: Session) -> str:
    stages = [
        {"name": stage.name, "runs": stage.runs, "reason": session.say(stage.reason)} for stage in graph.stages.values()
    ]
    return json_module.dumps({"stages": stages, "sweeps": graph.sweeps}, ensure_ascii=False, indent=1)


def _graph_text(graph: Graph, session: Session) -> str:
    lines = []
    for stage in graph.stages.values():
        mark = session.say(msg("runs")) if stage.runs else session.say(msg("stays"))
        lines.append(f"{stage.name:<11} {mark}  {session.say(stage.reason)}")
    lines.append(session.say(msg("{count} searches over the whole network", count=graph.sweeps)))
    return "\n".join(lines)
