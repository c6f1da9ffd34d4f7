"""Many towns on one page: a map of all with a link to each one's own page, no script and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import cos, radians
from typing import Any, Protocol

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoplan.errors import Message, msg
from geoplan.maps.packed import clean_text
from geoplan.text import translate

__all__ = ["TownLine", "towns_page"]

_WIDE = 900.0
_SMALL = 9.0
_COLOURS = ("#d7191c", "#fdae61", "#ffffbf", "#a6d96a", "#1a9641")
_NO_FIGURE = "#9aa5b1"
_STYLE = """
body { font: 15px/1.5 "Microsoft YaHei", "PingFang SC", system-ui, sans-serif; margin: 24px; color: #1b2733; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 24px 0 4px; } .lead { margin: 0 0 16px; }
.notice { color: #8a1c1c; margin: 0; } .wide { overflow-x: auto; } a { color: #1f4e79; }
table { border-collapse: collapse; margin-top: 16px; } pre { white-space: pre-wrap; margin: 0; font: inherit; }
th, td { padding: 4px 12px; border-bottom: 1px solid #d5dbe1; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; } tr.total td { font-weight: 600; background: #eef3f8; }
td.reason { white-space: normal; text-align: left; color: #8a1c1c; min-width: 16em; }
svg { width: 100%; max-height: 70vh; background: #f6f7f9; border: 1px solid #d5dbe1; }
svg path, svg circle { stroke: #3c4a58; stroke-width: 1; vector-effect: non-scaling-stroke; }
svg a:hover path, svg a:hover circle, svg a:focus path, svg a:focus circle { stroke: #000; stroke-width: 3; }
.key { margin: 8px 0; } .key b { font-weight: normal; white-space: nowrap; }
.key span { display: inline-block; width: 14px; height: 14px; margin: 0 4px -2px 12px;
 border: 1px solid #3c4a58; }
"""


class TownLine(Protocol):
    """What the page shows of a town; see :class:`geoplan.report.towns.TownRow`."""

    @property
    def key(self) -> str:
        """Name by its folder."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def status(self) -> str:
        """Whether it was measured."""

    @property
    def error(self) -> str:
        """Why not."""

    @property
    def page(self) -> str:
        """Address of its own page."""

    @property
    def shares(self) -> Mapping[str, float | None]:
        """Share of households served by circle."""

    @property
    def record(self) -> Mapping[str, Any]:
        """Its figures."""

    @property
    def findings(self) -> int | None:
        """Findings in its data."""

    @property
    def rule(self) -> str:
        """Binding rule."""

    @property
    def outline(self) -> BaseGeometry | None:
        """Its area in degrees."""


def towns_page(
    rows: Sequence[TownLine],
    total: Mapping[str, Any],
    notices: Sequence[tuple[str, int]],
    *,
    language: str = "zh",
) -> str:
    """Write the page about all towns.

    Parameters
    ----------
    rows
        The towns by name.
    total
        All together, as :func:`geoplan.report.towns.towns_total` gives it.
    notices
        What has to be said, and of how many towns.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        HTML that loads nothing and runs nothing.
    """
    say = _Speaker(language)
    circles = [f"{float(one['minutes']):g}" for one in total["circles"]]
    title = say(msg("{count} towns", count=total["towns"]))
    lead = msg("{done} measured, {failed} failed", done=total["done"], failed=total["towns"] - total["done"])
    warnings = "".join(
        f'<p class="notice">{say(msg("{sentence} ({count} towns)", sentence=text, count=count))}</p>\n'
        for text, count in notices
    )
    tongue = {"zh": "zh-CN"}.get(language, language)
    return (
        f'<!DOCTYPE html>\n<html lang="{tongue}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="lead">{say(lead)}</p>\n{warnings}{_map(rows, circles, say)}'
        f"{_table(rows, circles, total, say)}{_failures(rows, say)}</body>\n</html>\n"
    )


class _Speaker:
    """Messages and data as text of the page."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, message: Message | str) -> str:
        return escape(clean_text(message if isinstance(message, str) else translate(message, self.language)))


def _map(rows: Sequence[TownLine], circles: Sequence[str], say: _Speaker) -> str:
    """Every town in the colour of its widest circle; small ones as a dot that can be hit."""
    placed = [row for row in rows if row.outline is not None and not row.outline.is_empty]
    if not placed:
        return ""
    frame = _Frame(np.array([row.outline for row in placed], dtype=object))
    # large ones first, so that a town inside another one can still be hit
    order = sorted(range(len(placed)), key=lambda i: (-frame.areas[i], placed[i].key))
    shapes = "".join(_shape(placed[i], frame.draw(i), circles, say) for i in order)
    box = f"-6 -6 {frame.width + 12:.1f} {frame.height + 12:.1f}"
    heading = say(msg("Households served within {minutes} min", minutes=circles[-1] if circles else "-"))
    steps = "".join(
        f'<b><span style="background:{colour}"></span>{20 * i}–{20 * i + 20}%</b> ' for i, colour in enumerate(_COLOURS)
    )
    return (
        f'<svg viewBox="{box}" role="img" aria-label="{heading}">{shapes}</svg>\n<p class="key">{heading}:{steps}</p>\n'
    )


def _shape(row: TownLine, drawn: str, circles: Sequence[str], say: _Speaker) -> str:
    share = row.shares.get(circles[-1]) if circles else None
    colour = _NO_FIGURE if share is None else _COLOURS[min(int(share * 5), 4)]
    label = f"{row.name}: {_share(share)}"
    return f'<a href="{escape(row.page)}"><g fill="{colour}"><title>{say(label)}</title>{drawn}</g></a>'


class _Frame:
    """Degrees on the page: one scale both ways at the middle latitude."""

    def __init__(self, shapes: np.ndarray) -> None:
        west, south, east, north = shapely.total_bounds(shapes)
        self.narrow = max(cos(radians((south + north) / 2)), 0.01)
        side = max((east - west) * self.narrow, north - south, 1e-6)
        self.scale = _WIDE / side
        self.west, self.north = west, north
        self.width, self.height = (east - west) * self.narrow * self.scale, (north - south) * self.scale
        self.shapes = shapely.simplify(shapes, 0.3 / self.scale)
        self.areas = shapely.area(shapes)

    def draw(self, number: int) -> str:
        """A town as a path, or as a dot where that would hardly be seen."""
        shape = self.shapes[number]
        x0, y0, x1, y1 = shapely.bounds(shape).tolist()
        if max((x1 - x0) * self.narrow, y1 - y0) * self.scale < _SMALL:
            x, y = self._place((x0 + x1) / 2, (y0 + y1) / 2)
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_SMALL / 2:g}"/>'
        rings = []
        for ring in shapely.get_rings(shapely.get_parts(shape)):
            steps = (self._place(x, y) for x, y in shapely.get_coordinates(ring).tolist())
            rings.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in steps) + "Z")
        return f'<path fill-rule="evenodd" d="{"".join(rings)}"/>'

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.west) * self.narrow * self.scale, (self.north - y) * self.scale


def _table(rows: Sequence[TownLine], circles: Sequence[str], total: Mapping[str, Any], say: _Speaker) -> str:
    heads: list[Message] = [msg("Town"), msg("Households"), msg("People")]
    heads += [msg("within {minutes} min", minutes=m) for m in circles]
    heads += [msg("Households beyond the widest circle"), msg("Findings in the data")]
    head = "".join(f"<th>{say(each)}</th>" for each in heads) + f'<th class="text">{say(msg("Binding rule"))}</th>'
    shares = {f"{float(one['minutes']):g}": one["share"] for one in total["circles"]}
    last = [say(msg("All together")), *_figures(total, shares, circles), _count(total["findings"]), ""]
    body = f'<tr class="total">{"".join(f"<td>{cell}</td>" for cell in last)}</tr>\n'
    for row in rows:
        name = f'<a href="{escape(row.page)}">{say(row.name)}</a>' if row.page else say(row.name)
        if row.status != "done":
            failed = say(_one_line(row.error)) or say(msg("not reached"))
            body += f'<tr><td>{name}</td><td class="reason" colspan="{len(heads)}">{failed}</td></tr>\n'
            continue
        cells = [name, *_figures(row.record, row.shares, circles), _count(row.findings)]
        rule = f'<td class="text">{say(row.rule)}</td>'
        body += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}{rule}</tr>\n"
    return f'<div class="wide"><table>\n<tr>{head}</tr>\n{body}</table></div>\n'


def _figures(record: Mapping[str, Any], shares: Mapping[str, float | None], circles: Sequence[str]) -> list[str]:
    counts = [_count(record.get(name)) for name in ("households", "people")]
    return [*counts, *(_share(shares.get(m)) for m in circles), _count(record.get("unserved_households"))]


def _failures(rows: Sequence[TownLine], say: _Speaker) -> str:
    failed = [row for row in rows if row.error]
    if not failed:
        return ""
    parts = "".join(f"<h3>{say(row.name)}</h3>\n<pre>{say(row.error)}</pre>\n" for row in failed)
    return f"<h2>{say(msg('Not measured'))}</h2>\n{parts}"


def _one_line(text: str) -> str:
    return "; ".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def _count(value: Any) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
