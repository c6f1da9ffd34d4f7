"""The page around a folium map: one file, no network, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.map import FitBounds, FitOverlays, LayerControl

from geoplan.keep import Keep
from geoplan.maps.assets import leaflet_script, leaflet_style, page_script, page_style
from geoplan.maps.basemaps import basemap_hosts
from geoplan.maps.container import write_container

__all__ = ["OfflineFigure", "PageLayer", "add_data", "add_scripts", "offline_map", "offline_page"]

_RUNS = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# What branca calls its elements; what stands in the data or the title is left alone.
_RANDOM_ID = re.compile(
    r'(?P<kept>type="text/plain">.*?</script>|<title>.*?</title>)|(?<=_)(?P<id>[0-9a-f]{32})(?![0-9a-f])',
    re.DOTALL,
)
_CHARSET = '<meta charset="utf-8">\n'
_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)

# folium builds its popups with jQuery; this stands in for that one call where a reader adds such layers.
_FOLIUM_POPUPS = """
window.$ = window.$ || function (markup) {
  if (typeof markup !== "string") { return {ready: function (run) { run(); }}; }
  return [new DOMParser().parseFromString(markup, "text/html").body.firstElementChild];
};
"""


class Raw(Element):
    """Text that goes into the page as it is; branca would read it as a Jinja template, names and all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: Any) -> str:  # noqa: ARG002
        return self._text


def add_scripts(figure: Figure, entry: str) -> None:
    """Put what an entry needs into a figure, once however many layers ask for it.

    Parameters
    ----------
    figure
        The page.
    entry
        A module in ``js/``.
    """
    head = [("style", f"<style>{page_style()}</style>"), (f"{entry}.js", f"<script>\n{page_script(entry)}</script>")]
    for name, text in head:
        figure.header.add_child(Raw(text + "\n"), name=f"geoplan_{name}")


def add_data(figure: Figure, name: str, data: Any, *, keep: Keep | None = None) -> None:
    """Put data into a figure, as an element that scripts find by its name and nothing runs.

    Parameters
    ----------
    figure
        The page.
    name
        Id of the element.
    data
        Plain values and packed columns.
    keep
        Keeps what has been compressed.
    """
    text = write_container(data, keep=keep)
    figure.html.add_child(Raw(f'<script id="{name}" type="text/plain">{text}</script>\n'), name=name)


class PageLayer(MacroElement):
    """What geoplan draws on a folium map: the packed data, the scripts and the styles.

    Parameters
    ----------
    data
        What the page's script expects, made by :mod:`geoplan.maps.content` or :mod:`geoplan.maps.proposals`;
        ``page`` names the module in ``js/`` that the page starts with; ``page="coverage"`` calls its ``showCoverage``.
    keep
        Keeps what has been compressed.
    """

    def __init__(self, data: Mapping[str, Any], *, keep: Keep | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "GeoplanLayer"
        self.data = data
        self.keep = keep

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
        name = self.get_name()
        add_scripts(figure, entry)
        add_data(figure, name, self.data, keep=self.keep)
        start = f'geoplan.show{entry.capitalize()}({parent.get_name()}, document.getElementById("{name}"));\n'
        figure.script.add_child(Raw(start), name=name)
        return ""


class OfflineFigure(Figure):
    """A branca figure that is written without chance: ids are counted, and rendering leaves no trace in it.

    While only geoplan draws on the map, the page forbids itself every script but its own and every request, those to
    the ``hosts`` of a basemap left out.
    """

    def __init__(self, *, title: str, language: str, hosts: Sequence[str] = ()) -> None:
        super().__init__(height="640px", title=title)
        self.language = language
        self.hosts = tuple(hosts)

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
        alone = all(_is_safe(element) for page in self._children.values() for element in page._children.values())
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
        return page.replace(_CHARSET, f"{_CHARSET}{_policy(page, self.hosts)}\n", 1) if alone else page


def _is_safe(element: Element) -> bool:
    """Whether an element works under the page's own policy; others of folium may bring styles and addresses."""
    return isinstance(element, PageLayer | LayerControl | FitBounds | FitOverlays) or getattr(
        element, "geoplan_offline", False
    )


def _policy(page: str, hosts: Sequence[str]) -> str:
    """Meta element of a Content-Security-Policy: only a basemap's pictures are fetched, only own scripts run."""
    scripts = " ".join(_hash(code) for code in _RUNS.findall(page))
    styles = " ".join(_hash(code) for code in _STYLES.findall(page))
    images = " ".join(["data:", *hosts])
    rules = f"default-src 'none'; img-src {images}; script-src {scripts}; style-src {styles}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode('utf-8')).digest()).decode('ascii')}'"


def offline_map(
    *,
    title: str = "",
    language: str = "zh",
    bounds: Sequence[Sequence[float]] = ((0, 0), (0, 0)),
    zoom_control: bool = True,
) -> folium.Map:
    """A folium map without tiles whose page asks the network for nothing: Leaflet is written into it.

    Parameters
    ----------
    title
        Title of the page.
    language
        ``"zh"`` or ``"en"``.
    bounds
        South-west and north-east corner, latitude first, in WGS84 degrees.
    zoom_control
        Whether the map has Leaflet's two buttons.

    Returns
    -------
    folium.Map
        Add layers to it; while these are geoplan's own, the page forbids itself every request.

    Examples
    --------
    >>> page = offline_map(title="Buildings", language="en")
    >>> "https://cdn" in page.get_root().render()
    False
    """
    (south, west), (north, east) = bounds
    page = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=14,
        tiles=None,
        zoom_control=zoom_control,
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
    figure = OfflineFigure(title=title, language=language)
    figure.add_child(page)
    for name, text in (
        ("leaflet_style", f"<style>{leaflet_style()}</style>\n"),
        ("leaflet", f"<script>{leaflet_script()}</script>\n"),
    ):
        figure.header.add_child(Raw(text), name=f"geoplan_{name}")
    return page


def offline_page(content: Mapping[str, Any], *, keep: Keep | None = None) -> folium.Map:
    """A folium map without tiles that shows a page's content.

    Parameters
    ----------
    content
        Title, language and bounds, and what the page's script needs.
    keep
        Keeps what has been compressed, for the next page.

    Returns
    -------
    folium.Map
    """
    basemap = content.get("basemap")
    page = offline_map(
        title=content["title"], language=content["language"], bounds=content["bounds"], zoom_control=False
    )
    figure = page.get_root()
    if basemap and isinstance(figure, OfflineFigure):
        figure.hosts = basemap_hosts(basemap["id"])
    page.add_child(PageLayer(content, keep=keep))
    return page
