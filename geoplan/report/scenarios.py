"""``scenarios.xlsx``: every scenario beside the project as it is, and who is won and lost by community."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook

from geoplan.errors import Message, msg
from geoplan.report.cells import Field, SheetWriter, save_bytes
from geoplan.text import translate

__all__ = ["ScenarioColumn", "scenario_fields", "scenario_rows", "write_scenarios_xlsx"]


@dataclass(frozen=True, slots=True)
class ScenarioColumn:
    """One scenario as it is shown.

    Attributes
    ----------
    name
        As people call it.
    change
        Served before and after, won, lost and moved with the boundary, of households and people by unit.
    shares
        Share of households served by circle.
    findings
        What is odd about it.
    page
        File of its map.
    points
        Places of buildings won (True) and lost (False).
    """

    name: str
    change: pd.DataFrame
    shares: Mapping[str, float | None]
    findings: tuple[Message, ...]
    page: str
    points: tuple[tuple[float, float, bool], ...]


def scenario_fields(shares: Mapping[str, float | None], language: str) -> list[Field]:
    """Columns of the table of scenarios.

    Parameters
    ----------
    shares
        Share by circle of the project as it is.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    list of Field
    """
    heads: dict[str, tuple[Message, str]] = {"name": (msg("Scenario"), "text")}
    heads |= {f"share_{m}": (msg("within {minutes} min", minutes=m), "share") for m in sorted(shares, key=float)}
    heads |= {
        "served_after_households": (msg("Households served"), "count"),
        "won_households": (msg("Households won"), "count"),
        "lost_households": (msg("Households lost"), "count"),
        "won_people": (msg("People won"), "count"),
        "lost_people": (msg("People lost"), "count"),
        "remark": (msg("Remarks"), "text"),
    }
    return [Field(name, translate(head, language), kind) for name, (head, kind) in heads.items()]


def scenario_rows(
    columns: Sequence[ScenarioColumn], today: Mapping[str, float | None], language: str
) -> list[dict[str, Any]]:
    """Rows of the table of scenarios, the project as it is first.

    Parameters
    ----------
    columns
        The scenarios.
    today
        Share by circle of the project as it is.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    list of dict
    """
    before = columns[0].change["served_before_households"].sum() if columns else None
    first = {"name": translate(msg("As it is"), language), "served_after_households": before}
    rows = [{**first, **{f"share_{m}": share for m, share in today.items()}}]
    for one in columns:
        sums = {str(name): float(one.change[name].sum()) for name in one.change if name != "name"}
        remark = "; ".join(translate(finding, language) for finding in one.findings)
        shares = {f"share_{m}": share for m, share in one.shares.items()}
        rows.append({**sums, **shares, "name": one.name, "remark": remark})
    return rows


def write_scenarios_xlsx(
    columns: Sequence[ScenarioColumn],
    today: Mapping[str, float | None],
    path: str | Path,
    *,
    town: str,
    language: str = "zh",
    notes: Sequence[str] = (),
) -> Path:
    """Write the comparison of scenarios as a workbook.

    Parameters
    ----------
    columns
        The scenarios.
    today
        Share by circle of the project as it is.
    path
        File to write.
    town
        Name of the town.
    language
        ``"zh"`` or ``"en"``.
    notes
        What every output must say, such as that the data are synthetic.

    Returns
    -------
    Path
        The file.
    """
    book = Workbook()
    book.remove(book.active)
    book.properties.creator, book.properties.title = "geoplan", town
    writer = SheetWriter(book, translate(msg("Scenarios"), language), town=town, language=language)
    writer.line(translate(msg("{town}: scenarios compared", town=town), language), size=14, bold=True)
    for text in notes:
        writer.line(text, colour="C00000", bold=True)
    note = msg("Won and lost: households within the largest circle only then, or only now.")
    writer.line(translate(note, language), colour="404040")
    writer.table(scenario_fields(today, language), scenario_rows(columns, today, language))
    writer.close()
    writer = SheetWriter(book, translate(msg("By community"), language), town=town, language=language)
    writer.table(_unit_fields(language), _unit_rows(columns))
    writer.close()
    path = Path(path)
    path.write_bytes(save_bytes(book))
    return path


def _unit_fields(language: str) -> list[Field]:
    heads = {
        "scenario": (msg("Scenario"), "text"),
        "name": (msg("Community"), "text"),
        "served_before_households": (msg("served before"), "count"),
        "served_after_households": (msg("served now"), "count"),
        "won_households": (msg("Households won"), "count"),
        "lost_households": (msg("Households lost"), "count"),
        "moved_households": (msg("with the boundary"), "count"),
        "won_people": (msg("People won"), "count"),
        "lost_people": (msg("People lost"), "count"),
    }
    return [Field(name, translate(head, language), kind) for name, (head, kind) in heads.items()]


def _unit_rows(columns: Sequence[ScenarioColumn]) -> list[dict[str, Any]]:
    return [
        {**{str(name): value for name, value in row.items()}, "scenario": one.name}
        for one in columns
        for row in one.change.to_dict("records")
    ]
