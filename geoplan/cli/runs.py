"""``geoplan runs``, ``show``, ``compare`` and ``cache``: what the ledger and the store know."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.session import Session
from geoplan.errors import Fault, InputError, Where, msg

if TYPE_CHECKING:
    from geoplan.batch.ledger import Run
    from geoplan.batch.store import Store

_Project = Annotated[
    Path, typer.Argument(metavar="PROJECT", help=str(msg("A project file, or a folder with geoplan.toml in it.")))
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help=str(msg("Folder for the results; default: out beside the project."))),
]
_Json = Annotated[bool, typer.Option("--json", help=str(msg("Print one JSON object and nothing else.")))]


@contextmanager
def _opened(session: Session, project: Path, out: Path | None, *, lock: bool = False) -> Iterator[Store]:
    """The store of a project that has been run."""
    from geoplan.batch.store import STORE, damaged_ledger, open_store
    from geoplan.project import default_folder, load_project

    settings = load_project(project)
    session.follow(settings.language)
    folder = default_folder(settings) if out is None else out
    if not (folder / STORE / "ledger.sqlite").is_file():
        raise InputError(
            Fault(
                code="no-runs",
                needed=msg("a folder of results with a ledger"),
                given=msg("none: the project has not been run there"),
                mend=msg("run it first: geoplan run {project}", project=project),
                where=Where(file=str(folder)),
            )
        )
    with open_store(folder, lock=lock) as store:
        if store.damaged:
            # nothing is known of its files any more: better told than pruned
            raise damaged_ledger(folder / STORE / "ledger.sqlite", aside=True)
        yield store


def _print_json(session: Session, value: object) -> None:
    session.print(json_module.dumps(value, ensure_ascii=False, indent=1, default=str))


def runs(context: typer.Context, project: _Project, out: _Out = None, json: _Json = False) -> None:
    """List runs and boundary versions."""
    from geoplan.batch.ledger import boundaries
    from geoplan.batch.ledger import runs as all_runs

    session: Session = context.obj
    with _opened(session, project, out) as store:
        found, versions = all_runs(store), boundaries(store)
    if json:
        entries = [
            {
                **{name: getattr(run, name) for name in ("id", "started", "seconds", "outcome", "name", "scenario")},
                "ran": sorted(run.record.get("ran", {})),
                "error": run.record.get("error"),
            }
            for run in found
        ]
        named = [{name: getattr(one, name) for name in ("level", "name", "made", "run", "digest")} for one in versions]
        _print_json(session, {"runs": entries, "boundaries": named})
        return
    from geoplan.cli.show import _render, _table

    heads = [("#", True), (session.say(msg("started")), False), (session.say(msg("seconds")), True)]
    heads += [(session.say(word), False) for word in (msg("outcome"), msg("name"), msg("computed"))]
    rows = [
        [
            str(run.id),
            run.started[:16],
            "" if run.seconds is None else f"{run.seconds:.1f}",
            session.say(_OUTCOMES[run.outcome]),
            run.name or run.scenario,
            ", ".join(run.record.get("ran", {})) or "-",
        ]
        for run in found
    ]
    session.print(_render(_table(heads, rows, session.say(msg("Runs")))))
    heads = [(session.say(word), False) for word in (msg("level"), msg("name"), msg("date"), msg("first run"))]
    rows = [[one.level, one.name, one.made, str(one.run)] for one in versions]
    session.print()
    session.print(_render(_table(heads, rows, session.say(msg("Versions of the boundaries")))))


_OUTCOMES = {
    "done": msg("done"),
    "failed": msg("failed"),
    "interrupted": msg("interrupted"),
    "running": msg("running"),
    "killed": msg("killed"),
}


def show(
    context: typer.Context,
    project: _Project,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help=str(msg("Number or name of a run, last, last-1, ...")))
    ] = "last",
    out: _Out = None,
    json: _Json = False,
    boundaries: Annotated[
        Path | None,
        typer.Option(
            "--boundaries", metavar="FILE", help=str(msg("Write the boundaries of that run to a GeoPackage."))
        ),
    ] = None,
) -> None:
    """Show one run."""
    from geoplan.batch.ledger import find_run, recorded_reason

    session: Session = context.obj
    with _opened(session, project, out) as store:
        found = find_run(store, run)
        if boundaries is not None:
            _write_boundaries(store, found, boundaries)
    record = found.record
    reasons = {stage: session.say(recorded_reason(reason)) for stage, reason in record.get("ran", {}).items()}
    if json:
        entry = {name: getattr(found, name) for name in ("id", "started", "seconds", "outcome", "name", "scenario")}
        _print_json(session, entry | dict(record) | ({"ran": reasons} if "ran" in record else {}))
        return
    head = msg(
        "Run {number}, {date}: {outcome}", number=found.id, date=found.started[:16], outcome=_OUTCOMES[found.outcome]
    )
    session.print(session.say(head))
    if record.get("error"):
        session.print(record["error"])
    for file, digest in record.get("files", {}).items():
        session.print(f"  {digest[:12]}  {file}")
    for stage, reason in reasons.items():
        session.print(f"  {stage}: {reason}")
    for result in record.get("results", []):
        share = "-" if result["share"] is None else f"{result['share']:.1%}"
        case = "-".join(str(result[name]) for name in ("mode", "profile", "centre"))
        session.print(f"  {case} {result['minutes']:g} min: {result['served_households']:,.0f} ({share})")
    if boundaries is not None:
        session.print(session.say(msg("Written: {path}", path=boundaries)))


def _write_boundaries(store: Store, run: Run, path: Path) -> None:
    """Write the boundaries of a run; all of them, or none."""
    from geoplan.batch.ledger import boundaries as versions
    from geoplan.batch.ledger import load_boundary
    from geoplan.report.geopackage import write_layers
    from geoplan.report.staging import staged

    wanted = run.record.get("boundaries") or {}
    if not wanted:
        raise InputError(
            Fault(
                code="run-without-boundaries",
                needed=msg("a run that measured boundaries"),
                given=msg("run {number}, which kept none", number=run.id),
                mend=msg("name another run; see: geoplan runs PROJECT"),
            )
        )
    known = {(one.level, one.digest): one for one in versions(store)}
    levels, faults = [], []
    for name, digest in wanted.items():
        version = known.get((name, digest))
        level = None if version is None else load_boundary(store, version)
        if level is None:
            faults.append(_damaged_version(name, name if version is None else version.name))
        else:
            levels.append(level)
    if faults:
        raise InputError(faults)
    with staged(path.parent) as stage:
        write_layers({level.name: (level.table, "") for level in levels}, stage / path.name)


def _damaged_version(level: str, version: str) -> Fault:
    return Fault(
        code="damaged-boundaries",
        needed=msg("the boundaries of level {level} as they were kept", level=level),
        given=msg("version {name} is damaged in the store", name=version),
        mend=msg("run the project once more with these boundaries, and the version is kept anew"),
    )


def compare(
    context: typer.Context,
    project: _Project,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=str(msg("The earlier run.")))] = "last-1",
    after: Annotated[str, typer.Argument(metavar="AFTER", help=str(msg("The later run.")))] = "last",
    out: _Out = None,
    json: _Json = False,
) -> None:
    """Compare two runs."""
    from geoplan.batch.codec import decode
    from geoplan.batch.difference import difference, totals
    from geoplan.batch.ledger import find_run
    from geoplan.cli.difference import change_table, pair_json

    session: Session = context.obj
    with _opened(session, project, out) as store:
        pair = [find_run(store, before), find_run(store, after)]
        contents = [store.read(str(run.record.get("served", ""))) for run in pair]
    for run, content in zip(pair, contents, strict=True):
        if content is None:
            raise InputError(
                Fault(
                    code="run-without-buildings",
                    needed=msg("a run whose buildings are in the store"),
                    given=msg("run {number}, which failed or was pruned", number=run.id),
                    mend=msg("compare others; see: geoplan runs PROJECT"),
                )
            )
    tables = [decode(content) for content in contents if content is not None]
    change = difference(tables[0], tables[1])
    changed = {
        name: [pair[0].record["tables"].get(name), one]
        for name, one in pair[1].record["tables"].items()
        if pair[0].record["tables"].get(name) != one
    }
    if json:
        value: dict[str, Any] = {"before": pair[0].id, "after": pair[1].id, "changed": sorted(changed)}
        _print_json(session, {**value, "total": totals(change), "communities": pair_json(change)})
        return
    head = msg("Run {before} and run {after}", before=pair[0].id, after=pair[1].id)
    session.print(session.say(head))
    text = msg("changed: {what}", what=", ".join(sorted(changed)) or "-")
    session.print(session.say(text))
    session.print(change_table(change, session))


def cache(
    context: typer.Context,
    project: _Project,
    out: _Out = None,
    json: _Json = False,
    prune: Annotated[
        int | None,
        typer.Option("--prune", metavar="N", help=str(msg("Keep only what the last N runs used; 0 keeps no results."))),
    ] = None,
) -> None:
    """Show the store, and prune it."""
    session: Session = context.obj
    removed = None
    with _opened(session, project, out, lock=prune is not None) as store:
        if prune is not None:
            removed = store.prune(keep_runs=max(prune, 0))
        entries = store.entries()
        damaged = sorted({entry.stage for entry in entries if store.read(entry.blob) is None})
        folder = store.folder
    stages: dict[str, list[int]] = {}
    for entry in entries:
        stages.setdefault(entry.stage, []).append(entry.size)
    size = sum({entry.blob: entry.size for entry in entries}.values())
    if json:
        table = [{"stage": name, "results": len(sizes), "bytes": sum(sizes)} for name, sizes in sorted(stages.items())]
        gone = None if removed is None else {"files": removed[0], "bytes": removed[1]}
        _print_json(
            session, {"folder": str(folder), "bytes": size, "stages": table, "damaged": damaged, "removed": gone}
        )
        return
    if removed is not None:
        text = msg("{files} files removed, {mb} MB", files=removed[0], mb=f"{removed[1] / 1e6:,.1f}")
        session.print(session.say(text))
    session.print(session.say(msg("{folder}: {mb} MB", folder=folder, mb=f"{size / 1e6:,.1f}")))
    for name, sizes in sorted(stages.items()):
        session.print(f"  {name:<11} {len(sizes):>5}  {sum(sizes) / 1e6:>10,.1f} MB")
    if damaged:
        text = msg("damaged, to be computed again when needed: {what}", what=", ".join(damaged))
        session.print(session.say(text))
