"""A commented ``geoplan.toml`` out of what was guessed."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = ["GuessedFacility", "GuessedLayer", "GuessedTable", "project_text"]

_COMMENTS_FROM = 28


@dataclass
class GuessedTable:
    """A ledger that fits a layer: its key, the layer's field, and columns with the reasons."""

    file: str
    sheet: str
    key: str
    on: str
    columns: dict[str, str]
    reason: Message


@dataclass
class GuessedLayer:
    """A layer and what it was taken for; ``reasons`` by column, and ``""`` for the role."""

    file: str
    layer: str
    role: str
    level: str = ""
    parent: str = ""
    parallel: bool = False
    id: str = ""
    needs_crs: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, Message] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    tables: list[GuessedTable] = field(default_factory=list)

    @property
    def label(self) -> str:
        """File and layer."""
        return f"{self.file} / {self.layer}" if self.layer else self.file


@dataclass(frozen=True)
class GuessedFacility:
    """A kind of facility in an OSM extract and how many there are."""

    kind: str
    tags: str
    count: int


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


class _Page:
    """Lines of the file, comments in the planner's language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.lines: list[str] = []

    def comment(self, message: Message) -> None:
        """Write a line of comment."""
        self.lines += [f"# {line}" for line in translate(message, self.language).splitlines()]

    def put(self, line: str, message: Message | None = None) -> None:
        """Write a line, with a comment behind it."""
        note = f"  # {translate(message, self.language)}" if message is not None else ""
        wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
        self.lines.append(line.ljust(_COMMENTS_FROM - wide) + note if note else line)

    def gap(self) -> None:
        """Leave a line empty."""
        self.lines.append("")


def project_text(
    name: str,
    *,
    language: str,
    crs: str,
    layers: Sequence[GuessedLayer],
    osm: Mapping[str, object] | None,
    graph: str,
    unused: Sequence[Message],
    kinds: Sequence[str] = (),
) -> str:
    """Write what was guessed as a project file.

    Parameters
    ----------
    name
        Name of the town.
    language
        Language of the comments and of the results.
    crs
        CRS of the town, or ``"auto"``.
    layers
        The layers.
    osm
        ``file``, ``admin_level`` and ``facilities`` of an OSM extract, or None.
    graph
        GraphML file, or ``""``.
    unused
        What was left out, and why.
    kinds
        Kinds of facility that count; empty for all.

    Returns
    -------
    str
        TOML.
    """
    page = _Page(language)
    page.comment(msg("Written by geoplan new. Every line is a guess from names and values: please read it through."))
    page.comment(msg("Paths start from this file's folder. A # starts a comment."))
    page.gap()
    page.put(f"name = {_text(name)}", msg("name of the town, on every result"))
    page.put(f'language = "{language}"', msg("zh or en"))
    page.put(f"crs = {_text(crs)}", msg("projected CRS in metres, or auto"))
    page.put("synthetic = false", msg("true for made-up data: every result then says so"))
    for layer in layers:
        _layer(page, layer)
    if osm is not None:
        _osm(page, osm)
    if graph:
        page.gap()
        page.put("[graph]")
        page.put(f"file = {_text(graph)}", msg("streets as OSMnx writes them"))
    if unused:
        page.gap()
        for message in unused:
            page.comment(msg("Not used: {what}", what=message))
    _options(page, kinds)
    return "\n".join(page.lines) + "\n"


def _layer(page: _Page, layer: GuessedLayer) -> None:
    page.gap()
    page.put("[[layers]]")
    page.put(f'role = "{layer.role}"', layer.reasons.get(""))
    if layer.level:
        page.put(f"level = {_text(layer.level)}", msg("name of the level; the first one is the main one"))
    if layer.parent:
        page.put(f"parent = {_text(layer.parent)}", msg("the level that it nests in"))
    if layer.parallel:
        page.put("parallel = true", msg("divides the same land without nesting"))
    page.put(f"file = {_text(layer.file)}")
    if layer.layer:
        page.put(f"layer = {_text(layer.layer)}")
    page.put(
        f"id = {_text(layer.id)}", layer.reasons.get("id") or msg("no field with ids was found: rows are numbered")
    )
    page.put('datum = "unknown"', msg("wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu); please find out"))
    if layer.needs_crs:
        page.put('crs = ""', msg("the file names none: write one, such as EPSG:4548"))
    if layer.constants:
        values = ", ".join(f"{_key(k)} = {_text(v)}" for k, v in layer.constants.items())
        page.put(f"values = {{ {values} }}", msg("the same for all rows"))
    if layer.columns:
        page.put("[layers.columns]", msg("geoplan column = field of the file"))
        for column, name in layer.columns.items():
            page.put(f"{_key(column)} = {_text(name)}", layer.reasons.get(column))
    for table in layer.tables:
        page.put("[[layers.tables]]", table.reason)
        page.put(f"file = {_text(table.file)}")
        if table.sheet:
            page.put(f"sheet = {_text(table.sheet)}")
        page.put(f"key = {_text(table.key)}", msg("field of the table with the ids"))
        if table.on:
            page.put(f"on = {_text(table.on)}", msg("field of the layer that holds the same ids"))
        columns = ", ".join(f"{_key(k)} = {_text(v)}" for k, v in table.columns.items())
        page.put(f"columns = {{ {columns} }}")


def _osm(page: _Page, osm: Mapping[str, object]) -> None:
    page.gap()
    page.put("[osm]", msg("gives whatever no layer above gives"))
    page.put(f"file = {_text(str(osm['file']))}")
    if osm.get("admin_level"):
        page.put('level = "communities"')
        page.put(f"admin_level = {osm['admin_level']}", msg("boundaries of this level become the communities"))
    if osm.get("take"):
        page.put("take = [" + ", ".join(_text(str(role)) for role in osm["take"]) + "]")  # type: ignore[attr-defined]
    found: Sequence[GuessedFacility] = osm.get("facilities") or ()  # type: ignore[assignment]
    if found:
        page.put("facilities = [")
        for each in found:
            entry = f"    {{ kind = {_text(each.kind)}, tags = {_text(each.tags)} }},"
            page.put(entry, msg("{count} in the file", count=each.count))
        page.put("]")


def _options(page: _Page, kinds: Sequence[str]) -> None:
    page.gap()
    page.put("[households]", msg("only for counts that the files do not give; results are marked as estimates"))
    page.put("# total = 16000", msg("households of the whole town, if you know them"))
    page.put("people_per_household = 2.62")
    page.put("floor_area_per_household_m2 = 92.17")
    page.put("default_floors = 2.0")
    page.gap()
    page.put("[walk]")
    page.put('mode = "time"', msg("time: by walking speed; distance: by the standard's metres; or both"))
    page.put('profiles = ["planner"]', msg("planner, adult, older, frail, child"))
    page.put("minutes = [5, 10, 15]")
    page.put('centre = "any"', msg("any: the nearest centre; own: that of one's own unit; or both"))
    counted = _text(kinds[0] if kinds else "") if len(kinds) < 2 else f"[{', '.join(map(_text, kinds))}]"
    page.put(f"facilities = {counted}", msg("only this kind of facility counts; empty: all"))
    page.gap()
    page.put("[standards]")
    page.put('active = ["gb50180-2018"]', msg("geoplan standards lists those there are"))
