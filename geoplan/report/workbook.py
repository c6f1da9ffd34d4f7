"""``coverage.xlsx``: the answer first, then every table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook

from geoplan.coverage.page import case_label
from geoplan.errors import msg
from geoplan.report.cells import Field, SheetWriter, save_bytes
from geoplan.report.labels import header
from geoplan.report.records import notice_texts, units_table
from geoplan.report.staging import staged
from geoplan.text import translate
from geoplan.text.labels import known_name, title_name

if TYPE_CHECKING:
    from geoplan.check import Finding
    from geoplan.coverage import Coverage

__all__ = ["write_coverage_xlsx"]

_ROWS_NAMED = 50
_KINDS = {
    "households": "count",
    "people": "count",
    "people_resident": "count",
    "people_registered": "count",
    "buildings": "count",
    "unreachable_buildings": "count",
    "facilities": "count",
    "unserved_households": "count",
    "unserved_people": "count",
    "walk_min": "minutes",
    "p50_min": "minutes",
    "p90_min": "minutes",
    "straight_m": "metres",
    "connector_m": "metres",
    "m2_per_100_households": "number",
    "mean_min": "minutes",
    "unknown_floor_areas": "count",
    "sites_below_min": "count",
    "floor_area_ok": "answer",
    "estimated": "mark",
    "edge_affected": "mark",
    "candidate": "mark",
}
_STARTS = {"served_": "count", "share_": "share", "straight_share_": "share", "people_share_": "share"}


def write_coverage_xlsx(
    coverage: Coverage, path: str | Path, *, language: str = "zh", findings: Sequence[Finding] = ()
) -> Path:
    """Write a coverage as a workbook.

    Sheets: the answer, the units of every level, estates, unserved buildings, facilities, rules, notes.

    Parameters
    ----------
    coverage
        The coverage.
    path
        File to write; an old one is replaced when the new one is whole.
    language
        ``"zh"`` or ``"en"``.
    findings
        What a check of the town found, for a sheet of its own.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written, or is open in another program.
    """
    path = Path(path)
    content = save_bytes(_build(coverage, language, findings))
    with staged(path.parent) as stage:
        (stage / path.name).write_bytes(content)
    return path


def _build(coverage: Coverage, language: str, findings: Sequence[Finding]) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "geoplan"
    book.properties.title = coverage.town.name
    _answer_sheet(book, coverage, language)
    for level in coverage.town.levels:
        _units_sheet(book, coverage, level.name, language)
    if coverage.town.estates is not None and len(coverage.town.estates):
        _units_sheet(book, coverage, "estates", language)
    _unserved_sheet(book, coverage, language)
    _facilities_sheet(book, coverage, language)
    _rules_sheet(book, coverage, language)
    if findings:
        _findings_sheet(book, coverage, findings, language)
    _notes_sheet(book, coverage, language)
    return book


def _say(language: str, text: Any) -> str:
    return translate(text, language)


def _sheet(book: Workbook, coverage: Coverage, title: str, language: str, *, basis: bool = True) -> SheetWriter:
    """A sheet that says, above its table, how it was measured and what every output must say."""
    writer = SheetWriter(book, title, town=coverage.town.name, language=language)
    if basis:
        writer.line(f"{title}  {case_label(coverage, coverage.case, language)}", bold=True)
        for text in notice_texts(coverage, language, everywhere=True):
            writer.line(text, colour="C00000", size=9)
    return writer


def _answer_sheet(book: Workbook, coverage: Coverage, language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Summary")), language, basis=False)
    writer.line(
        _say(language, msg("{town}: service circles and coverage", town=coverage.town.name)), size=18, bold=True
    )
    total = coverage.total(coverage.case)
    for m in sorted(coverage.minutes, reverse=True):
        writer.line(_answer(total, m, language), size=13 if m == max(coverage.minutes) else 11, bold=True)
    writer.line(case_label(coverage, coverage.case, language), colour="404040")
    for text in notice_texts(coverage, language, everywhere=True):
        writer.line(text, colour="C00000", bold=True)
    writer.gap()
    fields = _case_fields(language)
    writer.table(fields, _case_rows(coverage, language), main=False)
    writer.gap()
    if coverage.town.levels:
        level = coverage.town.levels[0].name
        writer.line(title_name("level", level, language), size=12, bold=True)
        units = units_table(coverage, coverage.case, level)
        columns = ["name", "households", *(f"share_{m:g}" for m in coverage.minutes)]
        fields = [Field(c, header(c, language), _kind(c)) for c in columns]
        writer.table(fields, _rows(units, language), main=False)
    writer.close()


def _answer(total: dict[str, Any], minutes: float, language: str) -> str:
    key = f"{minutes:g}"
    households = float(total["households"])
    share = float(total[f"served_households_{key}"]) / households if households > 0 else 0.0
    return _say(
        language,
        msg(
            "{minutes} minutes: {share} of households served ({served} of {households}), {people} people",
            minutes=key,
            share=f"{share:.1%}",
            served=f"{total[f'served_households_{key}']:,.0f}",
            households=f"{households:,.0f}",
            people=f"{total[f'served_people_{key}']:,.0f}",
        ),
    )


def _case_fields(language: str) -> list[Field]:
    columns = [
        "case",
        "minutes",
        "limit",
        "served_households",
        "share",
        "served_people",
        "straight_share",
        "rule",
        "status",
    ]
    heads = {
        "case": msg("Measured"),
        "limit": msg("Limit"),
        "served_households": msg("Households served"),
        "share": msg("Share of households"),
        "served_people": msg("People served"),
        "straight_share": msg("Share in a straight line"),
        "rule": msg("Binding rule"),
    }
    kinds = {"minutes": "number", "served_households": "count", "share": "share", "served_people": "count"}
    kinds["straight_share"] = "share"
    return [
        Field(c, _say(language, heads[c]) if c in heads else header(c, language), kinds.get(c, "text")) for c in columns
    ]


def _case_rows(coverage: Coverage, language: str) -> list[dict[str, Any]]:
    rows = []
    for case in coverage.cases:
        total = coverage.total(case)
        households = float(total["households"])
        for m in coverage.minutes:
            rule = coverage.binding_rule(case, m)
            served = float(total[f"served_households_{m:g}"])
            rows.append(
                {
                    "case": case_label(coverage, case, language),
                    "minutes": m,
                    "limit": _limit(coverage.limit(case, m), case.mode, language),
                    "served_households": served,
                    "share": served / households if households > 0 else None,
                    "served_people": total[f"served_people_{m:g}"],
                    "straight_share": total.get(f"straight_share_{m:g}"),
                    "rule": rule.citation or rule.name.get(language, rule.id),
                    "status": known_name("status", rule.status, language),
                }
            )
    return rows


def _limit(limit: float, mode: str, language: str) -> str:
    if mode == "distance":
        return _say(language, msg("{metres} m along the streets", metres=f"{limit:,.0f}"))
    return _say(language, msg("{minutes} min on foot", minutes=f"{limit / 60:g}"))


def _kind(column: str) -> str:
    if column in _KINDS:
        return _KINDS[column]
    for start, kind in _STARTS.items():
        if column.startswith(start):
            return kind
    return "metres" if column.endswith(("_m2", "_m")) else "text"


def _rows(table: pd.DataFrame, language: str) -> list[dict[str, Any]]:
    rows = table.to_dict("records")
    for row in rows:
        if row["id"] is None:
            row["name"] = _say(language, msg("in no unit"))
    return rows


def _unit_columns(units: pd.DataFrame, minutes: tuple[float, ...], *, floor_areas: bool) -> list[str]:
    """Columns of a sheet of units in reading order, less those that hold nothing."""
    columns = ["id", "name", "buildings", "households", "people", "people_registered"]
    for m in minutes:
        columns += [f"served_households_{m:g}", f"share_{m:g}"]
    top = f"{max(minutes):g}"
    columns += [f"served_people_{top}", f"straight_share_{top}", "unreachable_buildings"]
    columns += [f"{what}_{unit}" for unit in ("min", "m") for what in ("p50", "p90")]
    if floor_areas:
        columns += ["facilities", "floor_area_m2", "unknown_floor_areas", "m2_per_100_households", "required_m2"]
        columns += ["shortfall_m2", "sites_below_min", "floor_area_ok"]
    columns += ["edge_affected", "estimated"]
    seldom = {"unknown_floor_areas", "sites_below_min", "edge_affected", "estimated", "people_registered"}
    return [c for c in columns if c in units and units[c].notna().any() and (c not in seldom or units[c].any())]


def _units_sheet(book: Workbook, coverage: Coverage, level: str, language: str) -> None:
    writer = _sheet(book, coverage, title_name("level", level, language), language)
    units = units_table(coverage, coverage.case, level)
    fields = []
    for column in _unit_columns(units, coverage.minutes, floor_areas=level != "estates"):
        # of a unit it is a number of buildings, of a building a mark
        named = "edge_buildings" if column == "edge_affected" else column
        fields.append(Field(column, header(named, language), "count" if named == "edge_buildings" else _kind(column)))
    total = {**coverage.total(coverage.case), "id": "", "name": _say(language, msg("Total"))}
    writer.table(fields, [*_rows(units, language), total], last_is_total=True)
    writer.close()


def _unserved_sheet(book: Workbook, coverage: Coverage, language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Unserved buildings")), language)
    table = coverage.buildings(coverage.case)
    top = max(coverage.minutes)
    lived_in = table["households"].fillna(0) > 0
    table = table[~table[f"served_{top:g}"].astype(bool) & lived_in]
    levels = [level.name for level in coverage.town.levels]
    columns = ["name", "estate", *levels, "households", "people_resident", "walk_min", "facility", "straight_m"]
    columns += ["connector_m", "reason", "edge_affected", "estimated"]
    columns = ["id", *(c for c in columns if c in table.columns)]
    fields = [
        Field(c, header(c, language) if c not in levels else known_name("unit", c, language), _kind(c)) for c in columns
    ]
    shown = pd.DataFrame(table.drop(columns="geometry").assign(id=table.index))
    named = {level.name: level.table["name"].to_dict() for level in coverage.town.levels}
    named["facility"] = coverage.town.facilities["name"].to_dict()
    if coverage.town.estates is not None:
        named["estate"] = coverage.town.estates["name"].to_dict()
    named["reason"] = {reason: known_name("reason", reason, language) for reason in shown["reason"].unique()}
    for column, names in named.items():
        if column in shown:
            shown[column] = pd.Series(
                [value if pd.isna(value) else names.get(value) or value for value in shown[column]],
                index=shown.index,
                dtype=object,
            )
    writer.table(fields, shown)
    writer.close()


def _facilities_sheet(book: Workbook, coverage: Coverage, language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Centres")), language)
    table = coverage.town.facilities
    buildings = coverage.buildings(coverage.case)
    top = max(coverage.minutes)
    served = buildings[buildings[f"served_{top:g}"].astype(bool)]
    nearest = served.groupby("facility")[["households", "people_resident"]].sum()
    table = table.drop(columns="geometry").join(nearest.rename(columns={"households": "nearest_households"}))
    columns = ["id", "name", "kind", "tier", "serves", "floor_area_m2", "address", "candidate", "nearest_households"]
    fields = [Field(c, header(c, language), _kind(c)) for c in columns[:-1]]
    fields.append(
        Field(
            "nearest_households",
            _say(language, msg("Nearest for households within {minutes} min", minutes=f"{top:g}")),
            "count",
        )
    )
    named = table.assign(
        id=table.index,
        kind=[known_name("facility", kind, language) for kind in table["kind"]],
        tier=[known_name("tier", tier, language) for tier in table["tier"]],
    )
    writer.table(fields, named.to_dict("records"))
    writer.close()


def _rules_sheet(book: Workbook, coverage: Coverage, language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Rules and sources")), language)
    columns = ["standard", "quantity", "low", "value", "high", "unit", "source", "status"]
    heads = {
        "standard": msg("Standard"),
        "low": msg("At least"),
        "value": msg("Figure"),
        "high": msg("At most"),
    }
    fields = [
        Field(
            c,
            _say(language, heads[c]) if c in heads else header(c, language),
            "number" if c in ("low", "value", "high") else "text",
        )
        for c in columns
    ]
    rows = [
        {
            "standard": standard.name.get(language, standard.id),
            "quantity": rule.name.get(language, rule.quantity),
            "low": rule.low,
            "value": rule.value,
            "high": rule.high,
            "unit": rule.unit,
            "source": rule.citation,
            "status": known_name("status", rule.status, language),
        }
        for standard in coverage.standards
        for rule in standard.rules
    ]
    writer.table(fields, rows)
    writer.close()


def _findings_sheet(book: Workbook, coverage: Coverage, findings: Sequence[Finding], language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Data check")), language)
    heads = {
        "severity": msg("Severity"),
        "table": msg("Table"),
        "message": msg("Finding"),
        "rows": msg("Rows concerned"),
    }
    fields = [Field(column, _say(language, head)) for column, head in heads.items()]
    rows = [
        {
            "severity": known_name("severity", finding.severity, language),
            "table": title_name("table", finding.table, language),
            "message": translate(finding.message, language),
            "rows": ", ".join(finding.rows[:_ROWS_NAMED]) + ("..." if len(finding.rows) > _ROWS_NAMED else ""),
        }
        for finding in findings
    ]
    writer.table(fields, rows)
    writer.close()


def _notes_sheet(book: Workbook, coverage: Coverage, language: str) -> None:
    writer = _sheet(book, coverage, _say(language, msg("Notes")), language, basis=False)
    for text in notice_texts(coverage, language, everywhere=True):
        writer.line(text, bold=True, colour="C00000")
    for text in notice_texts(coverage, language, everywhere=False):
        writer.line(text)
    writer.line(
        _say(language, msg("A share counts households; a walk of exactly the limit counts as served.")), colour="404040"
    )
    writer.close()
