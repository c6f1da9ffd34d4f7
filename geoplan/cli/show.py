"""Results as text for a terminal: the answer first."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from geoplan.coverage.page import case_label
from geoplan.errors import msg
from geoplan.report import coverage_record
from geoplan.report.labels import header
from geoplan.report.records import notice_texts, units_table
from geoplan.text import translate
from geoplan.text.labels import known_name, title_name

if TYPE_CHECKING:
    from geoplan.check import Finding
    from geoplan.coverage import Coverage
    from geoplan.model import Town
    from geoplan.standards import Standard

__all__ = ["coverage_text", "findings_text", "json_text", "rules_text", "standards_text"]

_MOST_ROWS = 60
_ROWS_NAMED = 5


def _render(*parts: Any) -> str:
    """Text as wide as the terminal; 100 columns where the output is a file or pipe."""
    out = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
    console = Console(file=out, width=max(width, 60), no_color=True, highlight=False, soft_wrap=False)
    for part in parts:
        # Text keeps square brackets in names from being read as markup
        console.print(Text(part) if isinstance(part, str) else part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], title: str = "") -> Table:
    """A plain table; heads are (text, is a number)."""
    table = Table(
        title=Text(title) if title else None, box=None, pad_edge=False, title_justify="left", padding=(0, 2, 0, 0)
    )
    for head, number in heads:
        # a number that is cut is another number: where room is short, words go on in the next line
        table.add_column(Text(head), justify="right" if number else "left", no_wrap=number)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def json_text(coverage: Coverage, *, minutes: float) -> str:
    """The one JSON object of ``coverage --json``.

    Parameters
    ----------
    coverage
        The coverage; its first case is told.
    minutes
        Circle in minutes.

    Returns
    -------
    str
    """
    return json.dumps(coverage_record(coverage, minutes=minutes), ensure_ascii=False, indent=1, allow_nan=False)


def _percent(share: float | None) -> str:
    return "-" if share is None or share != share else f"{share:.1%}"


def coverage_text(coverage: Coverage, *, language: str) -> str:
    """The answer, the table of the main level, the other cases, and what must be known about the data.

    Parameters
    ----------
    coverage
        The coverage.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    parts: list[Any] = [coverage.town.name, *_answers(coverage, language)]
    parts += ["", _units(coverage, language)]
    if len(coverage.cases) > 1:
        parts += ["", _cases(coverage, language)]
    notices = notice_texts(coverage, language, everywhere=True)
    parts += ["", *(f"! {text}" for text in notices)] if notices else []
    return _render(*parts)


def _answers(coverage: Coverage, language: str) -> list[str]:
    lines = []
    case = coverage.case
    for m in sorted(coverage.minutes, reverse=True):
        record = coverage_record(coverage, minutes=m)
        text = msg(
            "within {minutes} min: {share} of households ({served} of {households})",
            minutes=f"{m:g}",
            share=_percent(record["share"]),
            served=f"{record['served_households']:,.0f}",
            households=f"{record['households']:,.0f}",
        )
        lines.append(translate(text, language))
    lines.append(case_label(coverage, case, language))
    rule = coverage.binding_rule(case, max(coverage.minutes))
    source = rule.citation or rule.name.get(language) or rule.id
    binding = msg("Binding rule: {rule} ({status})", rule=source, status=known_name("status", rule.status, language))
    lines.append(translate(binding, language))
    total = coverage.total(case)
    if total["unreachable_buildings"]:
        text = msg("{count} buildings have no way to a centre", count=total["unreachable_buildings"])
        lines.append(translate(text, language))
    return lines


def _minutes(minutes: float, language: str) -> str:
    return translate(msg("{minutes} min", minutes=f"{minutes:g}"), language)


def _units(coverage: Coverage, language: str) -> Table:
    units = units_table(coverage, coverage.case)
    title = title_name("level", coverage.town.levels[0].name, language) if coverage.town.levels else ""
    shares = [f"share_{m:g}" for m in coverage.minutes]
    heads = [(header("name", language), False), (header("households", language), True)]
    heads += [(_minutes(m, language), True) for m in coverage.minutes]
    rows = []
    for row in units.head(_MOST_ROWS).to_dict("records"):
        name = translate(msg("in no unit"), language) if row["id"] is None else row.get("name") or row["id"]
        rows.append([name, f"{row['households']:,.0f}", *(_percent(row[column]) for column in shares)])
    if len(units) > _MOST_ROWS:
        rest = msg("... {count} more, see coverage.xlsx", count=len(units) - _MOST_ROWS)
        rows.append([translate(rest, language), "", *("" for _ in shares)])
    return _table(heads, rows, title)


def _cases(coverage: Coverage, language: str) -> Table:
    heads = [(header("mode", language), False)]
    heads += [(_minutes(m, language), True) for m in coverage.minutes]
    rows = []
    for case in coverage.cases:
        shares = [coverage_record(coverage, minutes=m, case=case)["share"] for m in coverage.minutes]
        rows.append([case_label(coverage, case, language), *map(_percent, shares)])
    return _table(heads, rows)


def findings_text(findings: Sequence[Finding], town: Town, *, language: str) -> str:
    """What is wrong with the data, errors first, then all that was noticed, changed or guessed in reading it.

    Parameters
    ----------
    findings
        The findings.
    town
        The town.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    count = {severity: sum(f.severity == severity for f in findings) for severity in ("error", "warning", "info")}
    head = msg(
        "{town}: {errors} errors, {warnings} warnings, {infos} notes",
        town=town.name,
        errors=count["error"],
        warnings=count["warning"],
        infos=count["info"],
    )
    lines = [translate(head, language), *(_finding(finding, language) for finding in findings)]
    lines += [f"! {translate(notice.message, language)}" for notice in town.notices if notice.everywhere]
    lines += [f"- {translate(notice.message, language)}" for notice in town.notices if not notice.everywhere]
    return _render(*lines)


def _finding(finding: Finding, language: str) -> str:
    place = title_name("table", finding.table, language)
    rows = ""
    if finding.rows:
        more = "..." if len(finding.rows) > _ROWS_NAMED else ""
        rows = f" ({', '.join(finding.rows[:_ROWS_NAMED])}{more})"
    severity = known_name("severity", finding.severity, language)
    return f"[{severity}] {place}: {translate(finding.message, language)}{rows}"


def standards_text(standards: Sequence[Standard], *, language: str) -> str:
    """Standards by id, name and number of rules.

    Parameters
    ----------
    standards
        The standards.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    heads = [
        (header("id", language), False),
        (header("name", language), False),
        (translate(msg("Rules"), language), True),
    ]
    rows = [[s.id, s.name.get(language, s.id), str(len(s.rules))] for s in standards]
    return _render(_table(heads, rows))


def rules_text(standard: Standard, *, language: str) -> str:
    """The rules of one standard.

    Parameters
    ----------
    standard
        The standard.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    heads = [(header("quantity", language), False), (translate(msg("Figure"), language), True)]
    heads += [(header(column, language), False) for column in ("unit", "source", "status")]
    rows = []
    for rule in standard.rules:
        low, high, value = (None if x is None else f"{x:,g}" for x in (rule.low, rule.high, rule.value))
        figure = f"{low} - {high}" if low and high else f">= {low}" if low else f"<= {high}" if high else value or ""
        name = rule.name.get(language, rule.quantity)
        rows.append([name, figure, rule.unit, rule.citation, known_name("status", rule.status, language)])
    return _render(standard.name.get(language, standard.id), _table(heads, rows))
