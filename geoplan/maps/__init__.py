"""Maps: one offline folium page of a coverage, or of proposals for new boundaries."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import folium

from geoplan.errors import Fault, OutputError, msg
from geoplan.maps.content import page_content
from geoplan.maps.page import offline_page
from geoplan.maps.proposals import proposal_map

if TYPE_CHECKING:
    from geoplan.coverage import Case, Coverage
    from geoplan.keep import Keep

__all__ = ["coverage_map", "proposal_map", "render_map", "save_map"]


def coverage_map(
    coverage: Coverage, *, language: str = "zh", case: Case | str | None = None, keep: Keep | None = None
) -> folium.Map:
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
    keep
        Keeps what is packed of tables that seldom change, for the next map.

    Returns
    -------
    folium.Map
        Shows itself in Jupyter; :func:`save_map` writes it as one file.

    Raises
    ------
    InputError
        If the language is unknown or the case was not measured.
    """
    return offline_page(page_content(coverage, coverage.find_case(case), language=language, keep=keep))


def render_map(page: folium.Map) -> str:
    """Write a map out as one HTML page.

    Parameters
    ----------
    page
        What :func:`coverage_map` or :func:`proposal_map` made.

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
        What :func:`coverage_map` or :func:`proposal_map` made.
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
