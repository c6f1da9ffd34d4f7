"""What changed since the last run, in words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan.cli.session import Session
from geoplan.cli.show import _render, _table
from geoplan.errors import msg

if TYPE_CHECKING:
    import pandas as pd

    from geoplan.batch import RunResult

__all__ = ["change_table", "difference_text", "pair_json"]

_COLUMNS = ("served_before", "served_after", "won", "lost", "moved")


def difference_text(result: RunResult, session: Session) -> list[str]:
    """The difference of a run to the one before: what went in that is new, and who was won and lost.

    Parameters
    ----------
    result
        The run.
    session
        For the language.

    Returns
    -------
    list of str
        Lines; none for a first run.
    """
    lines = []
    if result.damaged:
        text = msg("damaged in the store and computed again: {what}", what=", ".join(result.damaged))
        lines += [session.say(text), ""]
    if result.before is None:
        return lines
    number = result.before.id
    ran = [stage.name for stage in result.graph.stages.values() if stage.runs]
    if not ran:
        return [
            *lines,
            session.say(msg("Nothing has changed since run {number}; the results stand.", number=number)),
            "",
        ]
    lines.append(session.say(msg("Since run {number} ({date}):", number=number, date=result.before.started[:16])))
    for name in ("read", "times", "coverage", "report"):
        stage = result.graph.stages[name]
        if stage.runs:
            lines.append(session.say(msg("{stage}: {reason}", stage=name, reason=stage.reason)))
            break
    if result.change is None:
        lines.append(session.say(msg("the buildings of that run are no longer in the store: not compared")))
    else:
        lines.append(change_table(result.change, session))
    return [*lines, ""]


def change_table(change: pd.DataFrame, session: Session) -> str:
    """Households and people won and lost by unit, and in all.

    Parameters
    ----------
    change
        What :func:`geoplan.batch.difference.difference` gave.
    session
        For the language.

    Returns
    -------
    str
        One line if nobody was won, lost or moved.
    """
    counts = [f"{what}_households" for what in _COLUMNS] + ["won_people", "lost_people"]
    touched = change[(change[[name for name in counts if not name.startswith("served")]] != 0).any(axis=1)]
    if not len(touched):
        return session.say(msg("nobody was won or lost within the largest circle"))
    heads = [(session.say(msg("Community")), False)]
    named = {
        "served_before": msg("served before"),
        "served_after": msg("served now"),
        "won": msg("won"),
        "lost": msg("lost"),
        "moved": msg("with the boundary"),
    }
    heads += [(session.say(named[what]), True) for what in _COLUMNS]
    heads += [(session.say(msg("people won")), True), (session.say(msg("people lost")), True)]
    rows = [[str(name) or session.say(msg("in no unit"))] for name in touched["name"]]
    for row, values in zip(rows, touched[counts].to_numpy().tolist(), strict=True):
        row += [f"{value:,.0f}" for value in values]
    rows.append([session.say(msg("Total")), *(f"{change[name].sum():,.0f}" for name in counts)])
    return _render(_table(heads, rows))


def pair_json(change: pd.DataFrame) -> list[dict[str, Any]]:
    """A difference as plain values.

    Parameters
    ----------
    change
        What :func:`geoplan.batch.difference.difference` gave.

    Returns
    -------
    list of dict
    """
    from geoplan.report.records import json_value

    rows = change.rename_axis("id").reset_index().to_dict("records")
    return [{**json_value(row), "id": row["id"] if isinstance(row["id"], str) else None} for row in rows]
