"""Many towns on one sheet: a row each, with what is served, what is odd, and whether it could be measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from openpyxl import Workbook
from shapely.geometry.base import BaseGeometry

from geoplan.errors import Message, msg
from geoplan.report.cells import Field, SheetWriter, save_bytes
from geoplan.report.geopackage import write_layers
from geoplan.report.styles import graduated_fill
from geoplan.text import translate

__all__ = [
    "TownRow",
    "circles_of",
    "notices_of",
    "towns_total",
    "write_towns_gpkg",
    "write_towns_json",
    "write_towns_xlsx",
]

_CRS = "EPSG:4490"
_STATUS = {"done": msg("done"), "failed": msg("failed"), "waiting": msg("not reached")}
_COUNTS = ("households", "people", "buildings", "unreachable_buildings", "unserved_households")


@dataclass(frozen=True, slots=True)
class TownRow:
    """One town.

    Attributes
    ----------
    key
        Its name among the towns, by its folder.
    status, error
        ``"done"``, ``"failed"`` or ``"waiting"``, and why it failed.
    page
        Address of its own page, relative to the files about all towns; ``""`` where there is none.
    record
        Its figures; empty unless it is done.
    outline
        Its area in CGCS2000 degrees (EPSG:4490).
    """

    key: str
    status: str
    error: str = ""
    page: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    outline: BaseGeometry | None = None

    @property
    def name(self) -> str:
        """What people call it; its folder where it was never measured."""
        return str(self.record.get("name") or self.key)

    @property
    def shares(self) -> dict[str, float | None]:
        """Share of households served by circle in minutes."""
        return {f"{float(one['minutes']):g}": one["share"] for one in self.record.get("circles", ())}

    @property
    def findings(self) -> int | None:
        """How many things are odd about its data."""
        counts = self.record.get("findings")
        return None if counts is None else int(counts["all"])

    @property
    def rule(self) -> str:
        """What its widest circle is bound by."""
        circles = self.record.get("circles", ())
        return str(max(circles, key=lambda one: float(one["minutes"]))["rule"]) if circles else ""


def circles_of(rows: Sequence[TownRow]) -> list[str]:
    """Circles that any of the towns has.

    Parameters
    ----------
    rows
        The towns.

    Returns
    -------
    list of str
        Minutes, ascending.
    """
    return sorted({minutes for row in rows for minutes in row.shares}, key=float)


def towns_total(rows: Sequence[TownRow]) -> dict[str, Any]:
    """All towns that have been measured, together.

    Parameters
    ----------
    rows
        The towns.

    Returns
    -------
    dict
        How many towns of each status, the sum of each count, and of each circle the share of households served in
        the towns that have it.
    """
    total: dict[str, Any] = {"towns": len(rows)}
    total |= {status: sum(row.status == status for row in rows) for status in _STATUS}
    records = [row.record for row in rows if row.record]
    total |= {name: sum(record[name] or 0 for record in records) for name in _COUNTS}
    circles = []
    for minutes in circles_of(rows):
        inside = [
            (one["served_households"], record["households"])
            for record in records
            for one in record["circles"]
            if f"{float(one['minutes']):g}" == minutes
        ]
        served, households = (sum(each) for each in zip(*inside, strict=True))
        share = round(served / households, 6) if households else None
        circles.append({"minutes": float(minutes), "served_households": served, "share": share})
    return {**total, "findings": sum(row.findings or 0 for row in rows), "circles": circles}


def notices_of(rows: Sequence[TownRow]) -> list[tuple[str, int]]:
    """What every output has to say, and of how many towns.

    Parameters
    ----------
    rows
        The towns.

    Returns
    -------
    list of tuple
        Sentence and number of towns, by sentence.
    """
    counts: dict[str, int] = {}
    for row in rows:
        for text in dict.fromkeys(row.record.get("notices", ())):
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items())


def write_towns_json(rows: Sequence[TownRow], path: Path, *, version: str) -> None:
    """Write all towns for programs.

    Parameters
    ----------
    rows
        The towns by name.
    path
        File to write.
    version
        Version of geoplan.
    """
    towns = [
        {"town": row.key, "status": row.status, "error": row.error or None, "page": row.page or None, **row.record}
        for row in rows
    ]
    value = {"geoplan": version, "total": towns_total(rows), "towns": towns}
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_towns_gpkg(rows: Sequence[TownRow], path: Path, *, language: str) -> None:
    """Write all towns as a GeoPackage with one polygon each, coloured by the share of the widest circle.

    Parameters
    ----------
    rows
        The towns by name.
    path
        File to write.
    language
        Language of the notices.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    circles = circles_of(rows)
    table = pd.DataFrame([_flat(row, circles, language) for row in rows])
    numbers = [*_COUNTS, "findings", *(f"share_{minutes}" for minutes in circles)]
    table[numbers] = table[numbers].astype("float64")
    layer = gpd.GeoDataFrame(table, geometry=[row.outline for row in rows], crs=_CRS)
    style = graduated_fill(f"share_{circles[-1]}", label="name") if circles else ""
    notices = pd.DataFrame(notices_of(rows), columns=["notice", "towns"])

    def add_notices(target: Path) -> None:
        if len(notices):
            pyogrio.write_dataframe(notices, target, layer="notices", driver="GPKG", append=True)

    write_layers({"towns": (layer, style)}, path, tables=add_notices)


def _flat(row: TownRow, circles: Sequence[str], language: str) -> dict[str, Any]:
    """A row as tables show it."""
    flat: dict[str, Any] = {
        "town": row.key,
        "name": row.name,
        "status": row.status,
        "status_text": translate(_STATUS[row.status], language),
        **{name: row.record.get(name, np.nan) for name in _COUNTS},
        "findings": np.nan if row.findings is None else row.findings,
        "rule": row.rule,
        "estimated": bool(row.record.get("estimated", False)),
        "page": row.page,
        "error": row.error,
    }
    shares = row.shares
    return flat | {f"share_{minutes}": shares.get(minutes) for minutes in circles}


def write_towns_xlsx(rows: Sequence[TownRow], path: Path, *, language: str) -> None:
    """Write all towns as a workbook: a row each, those that failed with the reason, and what must be known.

    Parameters
    ----------
    rows
        The towns by name.
    path
        File to write.
    language
        ``"zh"`` or ``"en"``.
    """

    def say(message: Message) -> str:
        return translate(message, language)

    book = Workbook()
    book.remove(book.active)
    title = say(msg("Towns"))
    book.properties.creator, book.properties.title = "geoplan", title
    circles, total = circles_of(rows), towns_total(rows)
    writer = SheetWriter(book, title, town="geoplan", language=language)
    writer.line(say(msg("{count} towns", count=total["towns"])), size=14, bold=True)
    text = msg("{done} measured, {failed} failed", done=total["done"], failed=total["towns"] - total["done"])
    writer.line(say(text), colour="404040")
    for sentence, count in notices_of(rows):
        writer.line(say(msg("{sentence} ({count} towns)", sentence=sentence, count=count)), bold=True, colour="C00000")
    writer.gap()
    shown = [_flat(row, circles, language) for row in rows]
    last = {"name": say(msg("All together")), **{name: total[name] for name in (*_COUNTS, "findings")}}
    last |= {f"share_{float(one['minutes']):g}": one["share"] for one in total["circles"]}
    writer.table(_fields(circles, language), [*shown, last], last_is_total=True)
    writer.close()
    failed = [row for row in shown if row["status"] != "done"]
    if failed:
        writer = SheetWriter(book, say(msg("Not measured")), town="geoplan", language=language)
        heads = {"town": msg("Folder"), "status_text": msg("Status"), "error": msg("Reason")}
        writer.table([Field(name, say(head)) for name, head in heads.items()], failed)
        writer.close()
    path.write_bytes(save_bytes(book))


def _fields(circles: Sequence[str], language: str) -> list[Field]:
    heads: dict[str, tuple[Message, str]] = {
        "name": (msg("Town"), "text"),
        "town": (msg("Folder"), "text"),
        "status_text": (msg("Status"), "text"),
        "households": (msg("Households"), "count"),
        "people": (msg("People"), "count"),
        **{f"share_{m}": (msg("within {minutes} min", minutes=m), "share") for m in circles},
        "unserved_households": (msg("Households beyond the widest circle"), "count"),
        "unreachable_buildings": (msg("Buildings without a way"), "count"),
        "findings": (msg("Findings in the data"), "count"),
        "rule": (msg("Binding rule"), "text"),
        "estimated": (msg("Estimated"), "mark"),
    }
    return [Field(name, translate(head, language), kind) for name, (head, kind) in heads.items()]
