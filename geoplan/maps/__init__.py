"""Maps: one offline folium page of a coverage."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import folium

from geoplan.errors import Fault, OutputError, msg
from geoplan.maps.content import page_content
from geoplan.maps.page import OfflineFigure, PageLayer

if TYPE_CHECKING:
    from geoplan.coverage import Case, Coverage

__all__ = ["coverage_map", "render_map", "save_map"]


def coverage_map(coverage: Coverage, *, language: str = "zh", case: Case | str | None = None) -> folium.Map:
    """Draw a coverage as a map that needs no network: communities, buildings by walking time, centres, streets.

    Other folium layers can be added to it; geoplan's own layers, legend, search and popups are part of the page.
    There is no basemap, and nothing is shifted: the map shows the datum of the data.

    Parameters
    ----------
    coverage
        What :func:`geoplan.measure_coverage` found.
    language
        ``"zh"`` or ``"en"``.
    case
        Which case of the coverage is shown, or its key; the main one if None.

    Returns
    -------
    folium.Map
        Shows itself in Jupyter; :func:`save_map` writes it as one file.

    Raises
    ------
    InputError
        If the language is unknown or the case was not measured.
    """
    content = page_content(coverage, coverage.find_case(case), language=language)
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


def render_map(page: folium.Map) -> str:
    """Write a map out as one HTML page.

    Parameters
    ----------
    page
        What :func:`coverage_map` made.

    Returns
    -------
    str
        HTML; the same for the same input.
    """
    return str(page.get_root().render())


def save_map(page: folium.Map, path: str | Path) -> Path:
    """Write a map to one HTML file that opens without a network.

    Parameters
    ----------
    page
        What :func:`coverage_map` made.
    path
        File to write; an older one of that name is replaced in one step.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is left as it is.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(render_map(page), encoding="utf-8", newline="\n")
        draft.replace(target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise OutputError(
            Fault(
                code="unwritable-output",
                needed=msg("a place where the map can be written"),
                given=msg("{path}: {reason}", path=str(target), reason=error.strerror or str(error)),
                mend=msg("close the file where it is open, or name a folder that exists and may be written to"),
            )
        ) from error
    return target
