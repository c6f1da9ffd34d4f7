"""``geoplan run --scenarios``: every scenario beside the project as it is."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING

from geoplan.cli.session import Session
from geoplan.errors import msg

if TYPE_CHECKING:
    from geoplan.project import Project

__all__ = ["run_all"]


def run_all(
    session: Session, settings: Project, out: Path | None, language: str, *, anonymise: bool = False, json: bool = False
) -> None:
    """Measure the scenarios and print the comparison.

    Parameters
    ----------
    session
        How to talk.
    settings, out, language, anonymise
        As of :func:`geoplan.batch.run_scenarios`.
    json
        Whether to print one JSON object instead.
    """
    from geoplan.batch import run_scenarios
    from geoplan.cli.difference import change_table, pair_json
    from geoplan.cli.show import _render, _table

    with session.progress() as progress:
        result = run_scenarios(settings, out, language=language, anonymise=anonymise, progress=progress)
    if json:
        scenarios = [
            {
                "key": one.key,
                "name": one.name,
                "shares": dict(one.shares),
                "total": one.totals,
                "communities": pair_json(one.change),
                "findings": [session.say(finding) for finding in one.findings],
                "sweeps": one.sweeps,
                "updates": one.updates,
            }
            for one in result.scenarios
        ]
        value = {"today": dict(result.today), "scenarios": scenarios}
        session.print(json_module.dumps(value, ensure_ascii=False, indent=1))
        return
    minutes = sorted(result.today, key=float)
    heads = [(session.say(msg("Scenario")), False)]
    heads += [(session.say(msg("within {minutes} min", minutes=m)), True) for m in minutes]
    heads += [(session.say(msg("Households won")), True), (session.say(msg("Households lost")), True)]
    rows = [[session.say(msg("As it is")), *(_share(result.today[m]) for m in minutes), "", ""]]
    for one in result.scenarios:
        sums = one.totals
        counts = [f"{sums[f'{what}_households']:,.0f}" for what in ("won", "lost")]
        rows.append([one.name, *(_share(one.shares.get(m)) for m in minutes), *counts])
    session.print(_render(_table(heads, rows)))
    for one in result.scenarios:
        session.print(f"\n{one.name}")
        session.print(change_table(one.change, session))
        for finding in one.findings:
            session.print(f"! {session.say(finding)}")
    session.print()
    session.print(session.say(msg("Written to {folder}:", folder=result.folder)))
    for path in result.files:
        session.print(f"  {path.name}")


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
