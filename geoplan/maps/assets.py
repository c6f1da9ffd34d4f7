"""Leaflet from the XStatic-Leaflet package and geoplan's own page script, as text to be written into the page."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path

__all__ = ["leaflet_script", "leaflet_style", "page_scripts", "page_style"]

_HERE = Path(__file__).parent
_COMMON = ("packed", "style", "model", "canvas", "painters", "labels", "popup", "search", "panel")
_SCRIPTS = {
    "coverage": (*_COMMON, "main"),
    "proposals": (*_COMMON, "redraw", "redrawmap", "redrawpopup", "redrawpanel", "main"),
}


def _leaflet(name: str) -> Path:
    from xstatic.pkg import leaflet

    return Path(leaflet.BASE_DIR) / name


def _data_uri(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode(_leaflet(f"images/{name}").read_bytes()).decode("ascii")


@cache
def leaflet_script() -> str:
    """Leaflet, its default marker's images set to data URIs.

    Returns
    -------
    str
        JavaScript.
    """
    code = _leaflet("leaflet.js").read_text(encoding="utf-8")
    # A browser's developer tools would fetch the source map.
    code = re.sub(r"//# sourceMappingURL=.*", "", code).rstrip()
    icons = (
        'L.Icon.Default.imagePath = "";\n'
        f'L.Icon.Default.mergeOptions({{iconUrl: "{_data_uri("marker-icon.png")}", '
        f'iconRetinaUrl: "{_data_uri("marker-icon-2x.png")}", shadowUrl: "{_data_uri("marker-shadow.png")}"}});'
    )
    return f"{code}\n{icons}"


@cache
def leaflet_style() -> str:
    """Leaflet's style sheet with its images as data URIs.

    Returns
    -------
    str
        CSS.
    """
    css = _leaflet("leaflet.css").read_text(encoding="utf-8")
    css = re.sub(r"\s*behavior: url\(#default#VML\);", "", css)
    return re.sub(r"url\(images/([\w.-]+)\)", lambda match: f"url({_data_uri(match[1])})", css)


@cache
def page_scripts(page: str = "coverage") -> tuple[tuple[str, str], ...]:
    """The project's own scripts in the order in which they build on each other.

    Parameters
    ----------
    page
        Which page: ``"coverage"`` or ``"proposals"``.

    Returns
    -------
    tuple of (str, str)
        Name and JavaScript.
    """
    return tuple((name, (_HERE / "js" / f"{name}.js").read_text(encoding="utf-8")) for name in _SCRIPTS[page])


@cache
def page_style() -> str:
    """The project's own style sheet.

    Returns
    -------
    str
        CSS.
    """
    return (_HERE / "css" / "map.css").read_text(encoding="utf-8")
