"""``geoplan run`` for many towns: progress, what failed and why, and where the sheet of all is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from geoplan.cli.session import Session
from geoplan.errors import msg

if TYPE_CHECKING:
    from geoplan.batch.task import TownOutcome
    from geoplan.batch.towns import TownsOptions, TownsResult, TownState
    from geoplan.report.towns import TownRow

__all__ = ["run_many"]

_ROWS_SHOWN = 40
_RUNNING_SHOWN = 3


def run_many(session: Session, projects: Sequence[Path], out: Path | None, options: TownsOptions) -> None:
    """Run many towns and print one row each.

    Parameters
    ----------
    session
        How to talk.
    projects
        Project files.
    out, options
        As of :func:`geoplan.batch.towns.run_towns`.

    Raises
    ------
    typer.Exit
        With 1 if a town failed.
    """
    from geoplan.batch.towns import run_towns

    try:
        with _progress(session) as progress:
            result = run_towns(projects, out, options=options, progress=progress)
    except KeyboardInterrupt:
        session.tell(msg("stopped; what is finished is kept, go on with the same command and --retry-failed"))
        raise
    _print(session, result)
    if result.failed:
        raise typer.Exit(1)


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[TownState], None]]:
    """On stderr: a bar of all towns and who is being measured on a terminal, a line a town elsewhere."""
    if session.quiet:
        yield lambda _state: None
    elif sys.stderr.isatty():
        with _bar(session) as tell:
            yield tell
    else:

        def line(state: TownState) -> None:
            if state.last is not None:
                sys.stderr.write(f"{state.done + state.failed}/{state.total} {_told(session, state.last)}\n")
                sys.stderr.flush()

        yield line


@contextmanager
def _bar(session: Session) -> Iterator[Callable[[TownState], None]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(state: TownState) -> None:
            names = ", ".join(state.running[:_RUNNING_SHOWN])
            more = len(state.running) - _RUNNING_SHOWN
            text = f"{names} +{more}" if more > 0 else names
            bar.update(task, total=state.total, completed=state.done + state.failed, description=escape(text))
            if state.last is not None and state.last.status != "done":
                bar.console.print(escape(_told(session, state.last)), highlight=False)

        yield tell


def _told(session: Session, outcome: TownOutcome) -> str:
    """A town that has come back, in a line."""
    facts = [f"{outcome.seconds:.1f} s"]
    if outcome.peak_bytes is not None:
        facts.append(f"{outcome.peak_bytes / 1024**2:,.0f} MB")
    if outcome.status == "done":
        return f"{outcome.key}: {session.say(msg('done'))} ({', '.join(facts)})"
    reason = " / ".join(line.strip() for line in outcome.error.splitlines() if line.strip())
    return f"{outcome.key}: {session.say(msg('failed'))} ({', '.join(facts)}): {reason}"


def _print(session: Session, result: TownsResult) -> None:
    from geoplan.cli.show import _render, _table
    from geoplan.report.towns import circles_of, towns_total

    circles, total = circles_of(result.rows), towns_total(result.rows)
    heads = [(session.say(msg("Town")), False), (session.say(msg("Households")), True)]
    heads += [(session.say(msg("within {minutes} min", minutes=m)), True) for m in circles]
    heads += [(session.say(msg("Findings in the data")), True), (session.say(msg("MB")), True)]
    peaks = {one.key: one.peak_bytes for one in result.ran}
    done = [row for row in result.rows if row.status == "done"]
    shown = [_row(row, circles, peaks.get(row.key)) for row in done[:_ROWS_SHOWN]]
    shares = {f"{float(one['minutes']):g}": one["share"] for one in total["circles"]}
    last = [session.say(msg("All together")), f"{total['households']:,.0f}", *(_share(shares[m]) for m in circles)]
    shown.append([*last, f"{total['findings']:,}", _mb(max((p for p in peaks.values() if p), default=None))])
    session.print(_render(_table(heads, shown)))
    if len(done) > _ROWS_SHOWN:
        session.print(session.say(msg("... and {count} more towns", count=len(done) - _ROWS_SHOWN)))
    for row in result.failed:
        session.print(f"\n{row.key}: {session.say(msg('failed'))}\n{row.error}")
    text = msg("{done} measured, {failed} failed", done=total["done"], failed=len(result.failed))
    session.print(f"\n{session.say(text)}")
    if result.failed:
        session.print(session.say(msg("mend what is named above and run the same command with --retry-failed")))
    session.print(session.say(msg("Written to {folder}:", folder=result.folder)))
    for path in result.files:
        session.print(f"  {path.name}")


def _row(row: TownRow, circles: Sequence[str], peak: int | None) -> list[str]:
    shares = (_share(row.shares.get(m)) for m in circles)
    return [row.name, f"{row.record['households']:,.0f}", *shares, f"{row.findings:,}", _mb(peak)]


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _mb(size: int | None) -> str:
    return "-" if size is None else f"{size / 1024**2:,.0f}"
