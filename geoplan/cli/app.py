"""The commands; whatever is heavy is imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoplan.cli.edits import apply_edits, edit
from geoplan.cli.propose import propose
from geoplan.cli.run import run
from geoplan.cli.runs import cache, compare, runs, show
from geoplan.cli.session import Session
from geoplan.errors import Fault, InputError, msg

__all__ = ["app"]

app = typer.Typer(
    name="geoplan",
    help=str(msg("Service circles, coverage and community boundaries for community planners.")),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_Project = Annotated[
    Path, typer.Argument(metavar="PROJECT", help=str(msg("A project file, or a folder with geoplan.toml in it.")))
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help=str(msg("Folder for the results; default: out beside the project."))),
]
_Anonymise = Annotated[
    bool,
    typer.Option(
        "--anonymise", help=str(msg("Leave out names and addresses of homes, and round counts of fewer than five."))
    ),
]
_Minutes = Annotated[
    str | None,
    typer.Option("--minutes", metavar="15", help=str(msg("Circle in minutes; the project's largest by default."))),
]
_Mode = Annotated[
    str | None,
    typer.Option("--mode", metavar="time|distance", help=str(msg("Walking time, or the standard's metres of street."))),
]
_Centre = Annotated[
    str | None,
    typer.Option(
        "--centre", metavar="any|own", help=str(msg("The nearest centre anywhere, or only that of one's own unit."))
    ),
]
_Tier = Annotated[
    str | None, typer.Option("--tier", metavar="T", help=str(msg("Only centres of this tier; all by default.")))
]
_Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="P",
        help=str(msg("Who walks: planner, adult, older, frail, child, or your own file.")),
    ),
]


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        from geoplan import __version__

        context.obj.print(f"geoplan {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    language: Annotated[
        str | None, typer.Option("--language", metavar="zh|en", help=str(msg("Language of what is said and written.")))
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=str(msg("No progress, only results.")))] = False,
    debug: Annotated[bool, typer.Option("--debug", help=str(msg("Show where geoplan itself failed.")))] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=str(msg("Show the version and exit.")))
    ] = False,
) -> None:
    """What every command shares."""
    del debug, version  # read from the words before anything is parsed; done by its callback
    session: Session = context.obj
    session.quiet = quiet
    if language is not None:
        from geoplan.text import translate

        translate(msg("Language"), language)  # refuses an unknown language
        session.language, session.asked = language, True


@app.command(help=str(msg("Look for what is wrong in the data of a project and how its tables relate.")))
def check(context: typer.Context, project: _Project) -> None:
    """Check the data; exit 1 if there are errors."""
    from geoplan.cli.show import findings_text
    from geoplan.project import check_project, load_project, load_town

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    with session.progress() as progress:
        town = load_town(settings, progress=progress)
        progress(msg("checking the data"), 1.0)
        findings = check_project(settings, town)
    session.print(findings_text(findings, town, language=language))
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@app.command(help=str(msg("Say who is served within a circle, in all and by community.")))
def coverage(
    context: typer.Context,
    project: _Project,
    minutes: _Minutes = None,
    mode: _Mode = None,
    centre: _Centre = None,
    tier: _Tier = None,
    profile: _Profile = None,
    json: Annotated[bool, typer.Option("--json", help=str(msg("Print one JSON object and nothing else.")))] = False,
) -> None:
    """Print the coverage of one case."""
    from geoplan.cli.show import coverage_text, json_text
    from geoplan.coverage import measure_coverage
    from geoplan.project import Ask, coverage_options, load_project, load_town

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    ask = Ask(minutes=_number(minutes), mode=mode, centre=centre, tier=tier, profile=profile)
    options = coverage_options(settings, ask)
    with session.progress() as progress:
        town = load_town(settings, progress=progress)
        result = measure_coverage(town, options=options, progress=progress)
    if json:
        session.print(json_text(result, minutes=max(result.minutes)))
    else:
        session.print(coverage_text(result, language=language))


@app.command("map", help=str(msg("Draw the map of a project: one file that opens without a network.")))
def draw_map(
    context: typer.Context,
    project: _Project,
    out: _Out = None,
    anonymise: _Anonymise = False,
    points: Annotated[
        list[Path] | None,
        typer.Option(
            "--points",
            metavar="FILE",
            help=str(msg("A file of points, such as complaints, shown as density; in the town's datum. Repeatable.")),
        ),
    ] = None,
) -> None:
    """Write map.html only."""
    from geoplan.project import load_project, map_project

    session: Session = context.obj
    settings = load_project(project)
    language = session.follow(settings.language)
    with session.progress() as progress:
        path = map_project(
            settings, out, language=language, anonymise=anonymise, points=points or (), progress=progress
        )
    session.print(str(path))


@app.command(help=str(msg("Look at a folder of files and write a geoplan.toml with a best guess of what they are.")))
def new(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=str(msg("Folder with the files of a town.")))],
) -> None:
    """Write a project file; exit 1 if something is still missing in it."""
    from geoplan.project import guess_project

    session: Session = context.obj
    with session.progress() as progress:
        guess = guess_project(folder, language=session.language, progress=progress)
        path = guess.write()
    for remark in guess.remarks:
        session.print(f"- {session.say(remark)}")
    session.print()
    session.print(session.say(msg("Written: {path}", path=path)))
    for gap in guess.gaps:
        session.print(session.say(msg("Still missing: {what}", what=gap)))
    if guess.gaps:
        raise typer.Exit(1)
    session.print(session.say(msg("Next: geoplan check {folder}, then geoplan run {folder}", folder=folder)))


@app.command(help=str(msg("Write a synthetic sample town: county, subdistrict or township.")))
def sample(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=str(msg("county, subdistrict or township")))],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=str(msg("Folder to write it to.")))],
) -> None:
    """Write a sample town."""
    from geoplan.samples import write_sample

    session: Session = context.obj
    path = write_sample(name, folder)
    session.print(session.say(msg("Written: {path}", path=path)))
    session.print(session.say(msg("Next: geoplan run {folder}", folder=folder)))


@app.command(help=str(msg("List the standards that come with geoplan, or the rules of one.")))
def standards(
    context: typer.Context,
    standard: Annotated[
        str | None, typer.Argument(metavar="ID", help=str(msg("A standard's id, or a file of your own.")))
    ] = None,
) -> None:
    """List standards or rules."""
    from geoplan.cli.show import rules_text, standards_text
    from geoplan.standards import list_standards, load_standard

    session: Session = context.obj
    if standard is None:
        session.print(standards_text([load_standard(each) for each in list_standards()], language=session.language))
    else:
        session.print(rules_text(load_standard(standard), language=session.language))


app.command("propose", help=str(msg("Propose new boundaries: several alternatives, with reasons and a proof.")))(
    propose
)
app.command("edit", help=str(msg("Write a page on which today's communities can be edited, without a network.")))(edit)
app.command("apply-edits", help=str(msg("Take edits of a page back: do them, measure again, compare with the page.")))(
    apply_edits
)


app.command("run", help=str(msg("Measure the service circles of a project; write map, tables and GeoPackage.")))(run)
app.command("runs", help=str(msg("List the runs of a project and the versions of its boundaries.")))(runs)
app.command("show", help=str(msg("Show one run: what went in, what was computed and why, what came out.")))(show)
app.command("compare", help=str(msg("Compare two runs: households won and lost by community.")))(compare)
app.command("cache", help=str(msg("Show what the store of a project holds, and prune it.")))(cache)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(
            Fault(
                code="bad-minutes",
                needed=msg("minutes above 0"),
                given=msg("--minutes {text}", text=text),
                mend=msg("use for example 5, 10 or 15"),
            )
        ) from None
