"""Maps: offline folium pages of a coverage and of proposals, and a packed layer for any folium map."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import folium

from geoplan.errors import Fault, InputError, OutputError, msg
from geoplan.maps.basemaps import BASEMAPS, basemap_content
from geoplan.maps.content import page_content
from geoplan.maps.packedlayer import PackedLayer
from geoplan.maps.page import offline_map, offline_page
from geoplan.maps.style import Bands, Classes, LayerStyle

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.coverage import Case, Coverage
    from geoplan.keep import Keep
    from geoplan.maps.proposals import proposal_map
    from geoplan.maps.widget import PlanWidget
    from geoplan.model import Town
    from geoplan.partition.editing import EditWalks
    from geoplan.partition.propose import Proposal

__all__ = [
    "BASEMAPS",
    "Bands",
    "Classes",
    "LayerStyle",
    "PackedLayer",
    "coverage_map",
    "edit",
    "offline_map",
    "proposal_map",
    "render_map",
    "save_map",
]


def __getattr__(name: str) -> object:
    # proposals bring the whole search with them, which a map of a coverage does not need
    if name == "proposal_map":
        from geoplan.maps.proposals import proposal_map

        return proposal_map
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def coverage_map(
    coverage: Coverage,
    *,
    language: str = "zh",
    case: Case | str | None = None,
    points: Mapping[str, GeoDataFrame] | None = None,
    date: str = "",
    basemap: str | None = None,
    keep: Keep | None = None,
) -> folium.Map:
    """Draw a coverage as a map that needs no network: communities, buildings by walking time, centres, streets.

    Other folium layers can be added to it; geoplan's own layers, legend, search and popups are part of the page.
    The reader may switch between all cases measured, measure lengths, sort tables, print and save a picture.
    Without a basemap nothing is shifted: the map shows the datum of the data.

    Parameters
    ----------
    coverage
        What :func:`geoplan.measure_coverage` found.
    language
        ``"zh"`` or ``"en"``.
    case
        Which case of the coverage is shown first, or its key; the main one if None.
    points
        Layers of points, by name (complaints, calls), shown as density; their attributes stay out of the page.
    date
        What a printed page is dated; the machine's clock is never written into the file.
    basemap
        One of :data:`geoplan.maps.BASEMAPS`, or None for none. A page with one needs a network for it, and says so.
    keep
        Keeps what is packed of tables that seldom change, for the next map.

    Returns
    -------
    folium.Map
        Shows itself in Jupyter; :func:`save_map` writes it as one file.

    Raises
    ------
    InputError
        If the language is unknown, the case was not measured, points are none, or the basemap is unknown.
    """
    content = page_content(coverage, coverage.find_case(case), language=language, points=points, date=date, keep=keep)
    shown = basemap_content(basemap, datum=coverage.town.datum, bounds=content["bounds"], language=language)
    return offline_page(content | shown, keep=keep)


def edit(
    proposal: Proposal,
    *,
    town: Town,
    walks: EditWalks | None = None,
    language: str = "zh",
    height: str = "640px",
) -> PlanWidget:
    """Edit a plan on a map in a notebook; the edits are in Python as they happen, and nothing is fetched.

    Parameters
    ----------
    proposal
        One of what :func:`geoplan.propose_communities` returned.
    town
        Its town.
    walks
        Walks to all centres and candidate sites (:func:`geoplan.partition.editing.edit_walks`); measured here if None.
    language
        ``"zh"`` or ``"en"``.
    height
        Height of the map as CSS has it.

    Returns
    -------
    PlanWidget
        ``.partition`` is what is on the map: read it, observe it, or set it.

    Raises
    ------
    InputError
        If anywidget is not installed.
    """
    try:
        from geoplan.maps.widget import PlanWidget
    except ModuleNotFoundError as error:
        raise InputError(
            Fault(
                code="no-anywidget",
                needed=msg("the package anywidget, which shows the editor in a notebook"),
                given=msg("{reason}", reason=str(error)),
                mend=msg('install it: pip install "geoplan[notebook]"'),
            )
        ) from error
    from geoplan.partition.editing import edit_walks

    if walks is None:
        walks = edit_walks(town, proposal.partition.units)
    return PlanWidget(proposal, town=town, walks=walks, language=language, height=height)


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
