"""Scenarios on one page: a small map of each with the buildings that it wins and loses, no script and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoSeries

from geoplan.errors import Message, msg
from geoplan.maps.packed import clean_text
from geoplan.text import translate

__all__ = ["Panel", "scenarios_page"]

_SIDE = 420.0
_STYLE = """
body { font: 15px/1.5 "Microsoft YaHei", "PingFang SC", system-ui, sans-serif; margin: 24px; color: #1b2733; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin: 0 0 4px; }
table { border-collapse: collapse; } .wide { overflow-x: auto; }
th, td { padding: 4px 12px; border-bottom: 1px solid #d5dbe1; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 24px; margin-top: 24px; }
figure { margin: 0; } svg { width: 100%; height: auto; background: #f6f7f9; border: 1px solid #d5dbe1; }
.unit { fill: #fff; stroke: #8a97a5; } .won { fill: #1a7f37; } .lost { fill: #c62828; }
.key span { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin: 0 4px 0 12px; }
.remark { color: #8a5300; white-space: normal; } a { color: #1f4e79; }
"""


class Panel(Protocol):
    """What the page shows of one scenario; see :class:`geoplan.report.scenarios.ScenarioColumn`."""

    @property
    def name(self) -> str:
        """As people call it."""

    @property
    def change(self) -> pd.DataFrame:
        """Won and lost by unit."""

    @property
    def shares(self) -> Mapping[str, float | None]:
        """Share of households served by circle."""

    @property
    def findings(self) -> tuple[Message, ...]:
        """What is odd about it."""

    @property
    def page(self) -> str:
        """File of its map."""

    @property
    def points(self) -> tuple[tuple[float, float, bool], ...]:
        """Buildings won and lost."""


def scenarios_page(
    panels: Sequence[Panel],
    today: Mapping[str, float | None],
    outline: GeoSeries | None,
    *,
    title: str,
    language: str = "zh",
    notes: Sequence[str] = (),
) -> str:
    """Write the page that compares scenarios.

    Parameters
    ----------
    panels
        The scenarios.
    today
        Share by circle of the project as it is.
    outline
        Units of the main level, metres; None where there are none.
    title
        Name of the town.
    language
        ``"zh"`` or ``"en"``.
    notes
        What every output must say, such as that the data are synthetic.

    Returns
    -------
    str
        HTML that loads nothing and runs nothing.
    """

    def say(message: Message) -> str:
        return escape(clean_text(translate(message, language)))

    minutes = sorted(today, key=float)
    heads = [say(msg("Scenario")), *(say(msg("within {minutes} min", minutes=m)) for m in minutes)]
    heads += [say(each) for each in (msg("Households won"), msg("Households lost"))]
    rows = [_row([say(msg("As it is")), *(_share(today[m]) for m in minutes), "", ""])]
    for one in panels:
        link = f'<a href="{escape(one.page)}">{escape(clean_text(one.name))}</a>'
        sums = (f"{one.change[f'{what}_households'].sum():,.0f}" for what in ("won", "lost"))
        rows.append(_row([link, *(_share(one.shares.get(m)) for m in minutes), *sums]))
    frame = _Frame(outline, [point for one in panels for point in one.points])
    key = f'<p class="key"><span class="won" style="background:#1a7f37"></span>{say(msg("won"))}'
    key += f'<span class="lost" style="background:#c62828"></span>{say(msg("lost"))}</p>'
    figures = "".join(_figure(one, frame, language) for one in panels)
    heading = say(msg("{town}: scenarios compared", town=title))
    head = "".join(f"<th>{each}</th>" for each in heads)
    table = f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
    told = "".join(f'<p class="remark">{escape(clean_text(note))}</p>\n' for note in notes)
    tongue = {"zh": "zh-CN"}.get(language, language)
    return (
        f'<!DOCTYPE html>\n<html lang="{tongue}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{heading}</h1>\n{told}{table}\n{key}\n"
        f'<div class="maps">{figures}</div>\n</body>\n</html>\n'
    )


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


class _Frame:
    """One frame for all maps, so that they can be compared."""

    def __init__(self, outline: GeoSeries | None, points: Sequence[tuple[float, float, bool]]) -> None:
        shapes: Any = np.zeros(0, dtype=object) if outline is None else np.asarray(outline.array, dtype=object)
        places = [shapely.Point(x, y) for x, y, _ in points]
        bounds = shapely.total_bounds(np.array([*shapes, *places], dtype=object))
        west, south, east, north = bounds if len(shapes) or places else (0.0, 0.0, 1.0, 1.0)
        self.scale = _SIDE / max(east - west, north - south, 1.0)
        self.west, self.north = west, north
        self.width, self.height = (east - west) * self.scale, (north - south) * self.scale
        self.units = "".join(self._unit(shape) for shape in shapely.simplify(shapes, 1.0 / self.scale))

    def place(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.west) * self.scale, (self.north - y) * self.scale

    def _unit(self, shape: Any) -> str:
        rings = []
        for ring in shapely.get_rings(shapely.get_parts(shape)):
            steps = (self.place(x, y) for x, y in shapely.get_coordinates(ring).tolist())
            rings.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in steps) + "Z")
        return f'<path class="unit" fill-rule="evenodd" d="{"".join(rings)}"/>'


def _figure(panel: Panel, frame: _Frame, language: str) -> str:
    dots = []
    for x, y, won in panel.points:
        left, top = frame.place(x, y)
        dots.append(f'<circle class="{"won" if won else "lost"}" cx="{left:.1f}" cy="{top:.1f}" r="2.5"/>')
    remarks = "".join(
        f'<p class="remark">{escape(clean_text(translate(finding, language)))}</p>' for finding in panel.findings
    )
    box = f"-4 -4 {frame.width + 8:.0f} {frame.height + 8:.0f}"
    return (
        f'<figure><h2>{escape(clean_text(panel.name))}</h2><svg viewBox="{box}" role="img">{frame.units}'
        f"{''.join(dots)}</svg>{remarks}</figure>"
    )
