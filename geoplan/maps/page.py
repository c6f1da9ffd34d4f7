"""The page around a folium map: one file, no network, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement

from geoplan.maps.assets import leaflet_script, leaflet_style, page_script, page_style

__all__ = ["OfflineFigure", "PageLayer", "offline_page", "to_json"]

_RUNS = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# What branca calls its elements; what stands in the data or the title is left alone.
_RANDOM_ID = re.compile(
    r'(?P<kept>type="application/json">.*?</script>|<title>.*?</title>)|(?<=_)(?P<id>[0-9a-f]{32})(?![0-9a-f])',
    re.DOTALL,
)
_CHARSET = '<meta charset="utf-8">\n'
_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

# folium builds its popups with jQuery; this stands in for that one call where a reader adds such layers.
_FOLIUM_POPUPS = """
window.$ = window.$ || function (markup) {
  if (typeof markup !== "string") { return {ready: function (run) { run(); }}; }
  return [new DOMParser().parseFromString(markup, "text/html").body.firstElementChild];
};
"""


def to_json(data: Any) -> str:
    r"""Write data as JSON that can stand inside a ``<script>`` element.

    Parameters
    ----------
    data
        Anything that JSON can hold.

    Returns
    -------
    str
        JSON without ``<``, ``>``, ``&`` and line separators outside ASCII.

    Examples
    --------
    >>> to_json(["</script>"])
    '["\\u003c/script\\u003e"]'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda match: _ESCAPES[match[0]], text)


class _Raw(Element):
    """Text that goes into the page as it is; branca would read it as a Jinja template, names and all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: Any) -> str:  # noqa: ARG002
        return self._text


class PageLayer(MacroElement):
    """What geoplan draws on a folium map: the packed data, the scripts and the styles.

    Parameters
    ----------
    data
        What the page's script expects, made by :mod:`geoplan.maps.content` or :mod:`geoplan.maps.proposals`;
        ``page`` names the module in ``js/`` that the page starts with; ``page="coverage"`` calls its ``showCoverage``.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "GeoplanLayer"
        self.data = data

    def render(self, **kwargs: Any) -> str:  # noqa: ARG002
        """Put the page's parts into the figure, which writes them out.

        Parameters
        ----------
        **kwargs
            Not used.

        Returns
        -------
        str
            Nothing.
        """
        figure, parent = self.get_root(), self._parent
        if not isinstance(figure, Figure) or parent is None:
            raise TypeError("a geoplan layer is drawn on a folium map")
        entry = str(self.data.get("page", "coverage"))
        head = [("leaflet_style", f"<style>{leaflet_style()}</style>"), ("style", f"<style>{page_style()}</style>")]
        head.append(("leaflet", f"<script>{leaflet_script()}</script>"))
        head.append((f"{entry}.js", f"<script>\n{page_script(entry)}</script>"))
        for name, text in head:
            figure.header.add_child(_Raw(text + "\n"), name=f"geoplan_{name}")
        name = self.get_name()
        data = f'<script id="{name}" type="application/json">{to_json(self.data)}</script>\n'
        figure.html.add_child(_Raw(data), name=name)
        start = f'geoplan.show{entry.capitalize()}({parent.get_name()}, document.getElementById("{name}"));\n'
        figure.script.add_child(_Raw(start), name=name)
        return ""


class OfflineFigure(Figure):
    """A branca figure that is written without chance: ids are counted, and rendering leaves no trace in it.

    While only geoplan draws on the map, the page forbids itself every request and every script but its own.
    """

    def __init__(self, *, title: str, language: str) -> None:
        super().__init__(height="640px", title=title)
        self.language = language

    def render(self, **kwargs: Any) -> str:
        """The whole page.

        Parameters
        ----------
        **kwargs
            Passed on to the elements.

        Returns
        -------
        str
            HTML.
        """
        places = (self.header, self.html, self.script)
        before = [place._children.copy() for place in places]
        try:
            for child in self._children.values():
                child.render(**kwargs)
            head, body, script = (place.render(**kwargs) for place in places)
        finally:
            for place, children in zip(places, before, strict=True):
                place._children = children
        alone = all(isinstance(e, PageLayer) for m in self._children.values() for e in m._children.values())
        if not alone:
            head += f"<script>{_FOLIUM_POPUPS}</script>\n"
        return self._count_ids(self._write(head, body, script), alone=alone)

    def _write(self, head: str, body: str, script: str) -> str:
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.language)}">\n<head>\n{_CHARSET}{head}'
            f"<title>{escape(self.title or '')}</title>\n</head>\n<body>\n{body}"
            f"<script>\n{script}</script>\n</body>\n</html>\n"
        )

    def _count_ids(self, page: str, *, alone: bool) -> str:
        """Replace branca's random ids by their order on the page, then write the policy of what may run."""
        numbers: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            return match["kept"] or numbers.setdefault(match["id"], f"{len(numbers):08d}")

        page = _RANDOM_ID.sub(number, page)
        return page.replace(_CHARSET, f"{_CHARSET}{_policy(page)}\n", 1) if alone else page


def _policy(page: str) -> str:
    """Meta element of a Content-Security-Policy: nothing is fetched, only the scripts written here run."""
    scripts = " ".join(_hash(code) for code in _RUNS.findall(page))
    styles = " ".join(_hash(code) for code in _STYLES.findall(page))
    rules = f"default-src 'none'; img-src data:; script-src {scripts}; style-src {styles}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode('utf-8')).digest()).decode('ascii')}'"


def offline_page(content: Mapping[str, Any]) -> folium.Map:
    """A folium map without tiles that shows a page's content.

    Parameters
    ----------
    content
        Title, language and bounds, and what the page's script needs.

    Returns
    -------
    folium.Map
    """
    (south, west), (north, east) = content["bounds"]
    page = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=14,
        tiles=None,
        zoom_control=False,
        zoom_snap=0.25,
        wheel_px_per_zoom_level=90,
        min_zoom=4,
        max_zoom=20,
        attribution_control=False,
        fade_animation=False,
        font_size="14px",
    )
    # These lists name files on the internet; the page brings its own Leaflet and needs nothing else.
    page.default_js = []
    page.default_css = []
    OfflineFigure(title=content["title"], language=content["language"]).add_child(page)
    page.add_child(PageLayer(content))
    return page
