"""Proposals as files: GeoPackage layers, a workbook for the meeting, and a record for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
from openpyxl import Workbook

from geoplan.errors import Message, msg
from geoplan.report.cells import Field, SheetWriter, save_bytes
from geoplan.report.geopackage import write_layers
from geoplan.report.proposaltexts import headline, proposal_name, proven, rule_rows
from geoplan.report.records import json_value
from geoplan.report.staging import staged
from geoplan.report.styles import plain_fill
from geoplan.text import translate
from geoplan.text.labels import known_name

if TYPE_CHECKING:
    from geoplan.partition.measures import Measures
    from geoplan.partition.propose import Proposal

__all__ = ["FILES", "proposals_record", "write_proposals"]

FILES = ("proposals.gpkg", "proposals.xlsx", "summary.json")


def proposals_record(proposals: Sequence[Proposal], *, language: str = "zh") -> dict[str, Any]:
    """The one JSON object of ``propose --json``.

    Parameters
    ----------
    proposals
        The proposals of one call.
    language
        Language of reasons and assumptions.

    Returns
    -------
    dict
        ``feasible``, ``stopped_by``, ``enclaves_before``, ``alternatives``; where nothing is feasible no alternatives
        and ``reasons``.
    """
    first = proposals[0]
    record: dict[str, Any] = {
        "feasible": first.feasible,
        "stopped_by": first.stopped_by,
        "enclaves_before": len(first.enclaves_before),
        "alternatives": [_alternative(p, language) for p in proposals if p.feasible],
    }
    if not first.feasible:
        record["reasons"] = [translate(reason, language) for reason in first.reasons]
    return dict(json_value(record))


def _alternative(proposal: Proposal, language: str) -> dict[str, Any]:
    after, bound = proposal.after, proposal.bound
    columns = ["name", "households", "people", "pieces", "polsby_popper"]
    return {
        "name": proposal.name,
        "parts": [{"id": i, **row} for i, row in after.parts[columns].to_dict("index").items()],
        "moved_households": after.moved_households,
        "moved_bound": None if bound is None else bound.value,
        "moved_bound_assumes": [] if bound is None else [translate(text, language) for text in bound.assumes],
        "gap": proposal.gap,
        "split_estates": len(proposal.split_estates),
        "enclaves_after": len(proposal.enclaves_after),
        "max_deviation": after.max_deviation,
        "boundary_m": after.boundary_m,
        "mean_walk_min": proposal.walked.mean_walk_min,
    }


def write_proposals(
    proposals: Sequence[Proposal],
    folder: str | Path,
    *,
    town: str,
    version: str = "",
    inputs: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    language: str = "zh",
    also: Mapping[str, str | bytes] | None = None,
    stem: str = "proposals",
    more: Mapping[str, Any] | None = None,
) -> tuple[Path, ...]:
    """Write all proposals of one call: ``proposals.gpkg``, ``proposals.xlsx`` and ``summary.json``.

    Parameters
    ----------
    proposals
        The proposals.
    folder
        Where the files go.
    town
        Name of the town.
    version, inputs, options
        For the record: version of geoplan, input files to SHA-256, options of the call.
    language
        Language of names and reasons.
    also
        Further files by name with their text or bytes, such as the map; written together with the others.
    stem
        Name of the GeoPackage and the workbook without its ending.
    more
        Further entries of the record.

    Returns
    -------
    tuple of Path
        The files, whole or none of them.

    Raises
    ------
    OutputError
        If they cannot be written, or one is open in another program.
    """
    folder = Path(folder)
    first = proposals[0]
    record = {
        "geoplan": version,
        "town": town,
        "inputs": dict(inputs or {}),
        "options": json_value(dict(options or {})),
        "lower": json_value(first.limits.lower),
        "upper": json_value(first.limits.upper),
        "target": json_value(first.limits.target),
        "seed": first.seed,
        "effort": first.effort,
        "rules": [
            {
                "id": check.rule.id,
                "quantity": check.rule.quantity,
                "low": check.rule.low,
                "high": check.rule.high,
                "source": check.rule.citation,
                "status": check.rule.status,
                "enforced": check.enforced,
                "broken_before": list(check.broken_before),
                "broken_after": {p.name: list(p.rules[number].broken_after) for p in proposals if p.feasible},
            }
            for number, check in enumerate(first.rules)
        ],
        "notices": [
            {"code": n.code, "everywhere": n.everywhere, "text": translate(n.message, language)} for n in first.notices
        ],
        **proposals_record(proposals, language=language),
        **json_value(dict(more or {})),
    }
    gpkg, xlsx = f"{stem}.gpkg", f"{stem}.xlsx"
    with staged(folder) as stage:
        _write_gpkg(proposals, stage / gpkg, language)
        (stage / xlsx).write_bytes(save_bytes(_book(proposals, town, language)))
        text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
        (stage / FILES[2]).write_text(text + "\n", encoding="utf-8", newline="\n")
        for name, content in (also or {}).items():
            (stage / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return tuple(folder / name for name in (gpkg, xlsx, FILES[2], *(also or {})))


def _write_gpkg(proposals: Sequence[Proposal], target: Path, language: str) -> None:
    style = plain_fill("#a6cee3", outline="#1f4e79", alpha=0.35, label="name")
    layers = {"today": (_polygons(proposals[0], today=True), style)}
    for proposal in proposals:
        if not proposal.feasible:
            continue
        layers[proposal.name] = (_polygons(proposal, today=False), style)
        moved = _moved_units(proposal, language)
        if len(moved):
            layers[f"{proposal.name}_moved"] = (moved, plain_fill("#fdae61", outline="#7f3b08", alpha=0.5))
    write_layers(layers, target)


def _polygons(proposal: Proposal, *, today: bool) -> gpd.GeoDataFrame:
    partition = proposal.partition.base() if today else proposal.partition
    measures = proposal.before if today else proposal.walked
    table = partition.polygons()
    extra = measures.parts[["pieces", "polsby_popper", "deviation", "mean_walk_min"]].reindex(table.index)
    return gpd.GeoDataFrame(table.join(extra), geometry="geometry", crs=table.crs)


def _moved_units(proposal: Proposal, language: str) -> gpd.GeoDataFrame:
    rows = pd.DataFrame(_change_rows(proposal, language))
    units = proposal.partition.units.table
    if not len(rows):
        return gpd.GeoDataFrame(rows, geometry=[], crs=units.crs)
    return gpd.GeoDataFrame(rows, geometry=units.geometry.reindex(rows["unit"]).to_numpy(), crs=units.crs)


def _change_rows(proposal: Proposal, language: str) -> list[dict[str, Any]]:
    """Changes with their messages put into words, old and new communities by name."""
    names = {**proposal.partition.base().names, **proposal.partition.names}
    rows = []
    for row in proposal.changes.to_dict("records"):
        row["from_name"], row["to_name"] = names.get(row["from"], row["from"]), names.get(row["to"], row["to"])
        row["name"] = row["name"] or translate(msg("Other land"), language)
        row["rule"] = known_name("mends", row["rule"], language)
        row["reason"] = translate(row["reason"], language)
        row["undoing_breaks"] = "; ".join(translate(text, language) for text in row["undoing_breaks"])
        rows.append(row)
    return rows


def _book(proposals: Sequence[Proposal], town: str, language: str) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "geoplan"
    book.properties.title = town
    _overview(book, proposals, town, language)
    for proposal in proposals:
        if proposal.feasible:
            _proposal_sheets(book, proposal, town, language)
    _rules(book, proposals[0], town, language)
    return book


def _fields(language: str, *columns: tuple[str, Message, str]) -> list[Field]:
    return [Field(column, translate(head, language), kind) for column, head, kind in columns]


def _overview(book: Workbook, proposals: Sequence[Proposal], town: str, language: str) -> None:
    writer = SheetWriter(book, translate(msg("Proposals"), language), town=town, language=language)
    writer.line(translate(msg("{town}: proposals for new boundaries", town=town), language), size=18, bold=True)
    for notice in proposals[0].notices:
        if notice.everywhere:
            writer.line(translate(notice.message, language), colour="C00000", bold=True)
    feasible = [p for p in proposals if p.feasible]
    for text in headline(feasible) if feasible else [msg("No proposal keeps every rule:"), *proposals[0].reasons]:
        writer.line(translate(text, language), colour="000000" if feasible else "C00000")
    writer.gap()
    rows = [
        {
            "name": proposal_name(p, language),
            "moved": p.moved_households,
            "bound": None if p.bound is None else p.bound.value,
            "gap": p.gap,
            **_measures(p.walked, len(p.enclaves_after)),
            "planned": p.planned_walk_min,
        }
        for p in feasible
    ]
    planned = [("planned", msg("Mean walk with the candidate sites (min)"), "minutes")]
    if all(p.standing is None for p in feasible):
        planned = []
    today = translate(msg("Today"), language)
    rows.append({"name": today, **_measures(proposals[0].before, len(proposals[0].enclaves_before))})
    fields = _fields(
        language,
        ("name", msg("Proposal"), "text"),
        ("parts", msg("Communities"), "count"),
        ("moved", msg("Households moved"), "count"),
        ("bound", msg("At least to be moved"), "count"),
        ("gap", msg("Gap at most"), "share"),
        ("deviation", msg("Largest deviation from the target"), "share"),
        ("walk", msg("Mean walk to the own centre (min)"), "minutes"),
        *planned,
        ("boundary", msg("Boundaries (m)"), "metres"),
        ("cut_edges", msg("Joints between communities"), "count"),
        ("barriers", msg("Barriers straddled"), "count"),
        ("pieces", msg("Detached pieces"), "count"),
        ("enclaves", msg("Enclaves"), "count"),
    )
    writer.table(fields, rows)
    writer.close()


def _measures(measures: Measures, enclaves: int) -> dict[str, Any]:
    return {
        "parts": len(measures.parts),
        "deviation": measures.max_deviation,
        "walk": measures.mean_walk_min,
        "boundary": measures.boundary_m,
        "cut_edges": measures.cut_edges,
        "barriers": measures.barriers_straddled,
        "pieces": measures.detached_pieces,
        "enclaves": enclaves,
    }


def _rules(book: Workbook, proposal: Proposal, town: str, language: str) -> None:
    """What the rules of the active standards say of today and of the first proposal."""
    rows = rule_rows(proposal, language)
    if not rows:
        return
    writer = SheetWriter(book, translate(msg("Rules"), language), town=town, language=language)
    writer.line(translate(msg("Rules of the active standards, today and in the first proposal"), language), bold=True)
    fields = _fields(
        language,
        ("quantity", msg("Of a community"), "text"),
        ("rule", msg("Rule"), "text"),
        ("limits", msg("Limits"), "text"),
        ("enforced", msg("Enforced"), "text"),
        ("before", msg("Outside today"), "count"),
        ("after", msg("Outside in the proposal"), "count"),
        ("which", msg("Which in the proposal"), "text"),
        ("source", msg("Source"), "text"),
        ("status", msg("How sure"), "text"),
    )
    writer.table(fields, rows)
    writer.close()


def _proposal_sheets(book: Workbook, proposal: Proposal, town: str, language: str) -> None:
    title = proposal_name(proposal, language)
    writer = SheetWriter(book, title, town=town, language=language)
    writer.line(title, bold=True)
    moved = msg(
        "{moved:,.0f} households change their community; {proof}.",
        moved=proposal.moved_households,
        proof=proven(proposal),
    )
    writer.line(translate(moved, language))
    writer.gap()
    fields = _fields(
        language,
        ("id", msg("Id"), "text"),
        ("name", msg("Name"), "text"),
        ("households", msg("Households"), "count"),
        ("people", msg("Residents"), "count"),
        ("units", msg("Units moved as a whole"), "count"),
        ("deviation", msg("Deviation from the target"), "share"),
        ("pieces", msg("Pieces"), "count"),
        ("polsby_popper", msg("Compactness (1: a disc)"), "number"),
        ("mean_walk_min", msg("Mean walk to the own centre (min)"), "minutes"),
        *([] if proposal.standing is None else [("planned_min", msg("With the candidate sites (min)"), "minutes")]),
    )
    parts = proposal.walked.parts.assign(planned_min=proposal.after.parts["mean_walk_min"])
    writer.table(fields, parts.reset_index().to_dict("records"))
    writer.close()
    name = translate(msg("{proposal}: changes", proposal=title), language)
    writer = SheetWriter(book, name, town=town, language=language)
    fields = _fields(
        language,
        ("unit", msg("Id"), "text"),
        ("name", msg("Estate"), "text"),
        ("households", msg("Households"), "count"),
        ("from_name", msg("From"), "text"),
        ("to_name", msg("To"), "text"),
        ("rule", msg("Mends"), "text"),
        ("reason", msg("Reason"), "text"),
        ("shared_m", msg("Boundary shared with the new community (m)"), "metres"),
        ("walk_before_min", msg("Walk before (min)"), "minutes"),
        (
            "walk_after_min",
            msg("Walk after (min)") if proposal.standing is None else msg("Walk after, with the candidate sites (min)"),
            "minutes",
        ),
        ("undoing_breaks", msg("Undoing it would break"), "text"),
    )
    writer.table(fields, _change_rows(proposal, language))
    writer.close()
