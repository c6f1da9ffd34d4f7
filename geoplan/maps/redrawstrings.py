"""Every sentence of the page of proposals, handed to its script in the reader's language."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.maps.toolstrings import tool_strings
from geoplan.text import translate

__all__ = ["redraw_strings"]

_PAGE: dict[str, Message] = {
    "panel": msg("Proposals for new boundaries"),
    "map": msg("Map"),
    "search": msg("Search communities and estates"),
    "search_short": msg("Search by name"),
    "search_none": msg("Nothing of that name"),
    "search_more": msg("{count} more; type more of the name", count="{count}"),
    "clear": msg("Clear"),
    "zoom_in": msg("Zoom in"),
    "zoom_out": msg("Zoom out"),
    "close": msg("Close"),
    "expand": msg("Show legend, layers and details"),
    "collapse": msg("Show less"),
    "notices": msg("About the data ({count})", count="{count}"),
    "no_name": msg("unnamed"),
    "line": msg("Barrier"),
    "id": msg("Id"),
    "switch": msg("Which boundaries are shown"),
    "layers": msg("Legend and layers"),
    "count_households": msg("{count} households", count="{count}"),
    "face_today": msg("{count} communities", count="{count}"),
    "moved_households": msg("households change their community"),
    "moved_share": msg("{share} of {total}", share="{share}", total="{total}"),
    "at_least": msg("at least {bound} must move: within {gap}", bound="{bound}", gap="{gap}"),
    "optimal": msg("at least {bound} must move: proven that none moves fewer", bound="{bound}"),
    "no_bound": msg("how many must move at least is not proven"),
    "assumes": msg("proven under: {text}", text="{text}"),
    "today_parts": msg("communities today"),
    "today_outside": msg("{count} are too large or too small", count="{count}"),
    "today_fine": msg("all are of the size wanted"),
    "today_enclaves": msg("enclaves: {count}", count="{count}"),
    "compared": msg("Alternatives side by side"),
    "measure": msg("Measure"),
    "row_parts": msg("Communities"),
    "row_moved": msg("Households moved"),
    "row_bound": msg("At least to be moved"),
    "row_gap": msg("Gap at most"),
    "row_deviation": msg("Largest deviation from the target"),
    "row_outside": msg("Too large or too small"),
    "row_walk": msg("Mean walk (min)"),
    "row_boundary": msg("Boundaries (km)"),
    "row_enclaves": msg("Enclaves"),
    "communities": msg("Communities: households"),
    "name": msg("Name"),
    "today": msg("Today"),
    "then": msg("Proposed"),
    "dissolved": msg("no longer there"),
    "changes": msg("Units that move ({count})", count="{count}"),
    "no_changes": msg("nothing moves"),
    "from_to": msg("{old} → {new}", old="{old}", new="{new}"),
    "layer_fill": msg("Communities in colours"),
    "layer_moved": msg("Units that move"),
    "layer_before": msg("Today's boundaries given up"),
    "layer_enclaves": msg("Enclaves"),
    "layer_units": msg("Units moved as a whole (when near)"),
    "layer_barriers": msg("Barriers"),
    "layer_streets": msg("Streets"),
    "layer_green": msg("Green land"),
    "layer_labels": msg("Names and households"),
    "boundary": msg("Boundaries shown"),
    "moves": msg("moves"),
    "stays": msg("stays"),
    "enclave": msg("lies in an enclave"),
    "astride": msg("It lies in several of today's communities; the one with most of its households counts"),
    "households": msg("Households"),
    "people": msg("Residents"),
    "community_today": msg("Community today"),
    "community_then": msg("Community proposed"),
    "mends": msg("Mends"),
    "reason": msg("Reason"),
    "breaks": msg("Undoing it would break"),
    "shared": msg("Boundary shared with it"),
    "walk_before": msg("Walk before"),
    "walk_after": msg("Walk after"),
    "minutes": msg("{minutes} min", minutes="{minutes}"),
    "metres": msg("{metres} m", metres="{metres}"),
    "pieces": msg("Pieces"),
    "new": msg("new community"),
    "outside": msg("too large or too small"),
    "households_today": msg("Households today"),
    "mean_walk": msg("Mean walk to the own centre"),
    "swipe": msg("Today and the alternative side by side, with a line to move"),
    "swipe_at": msg("Where the line stands"),
}


_PLANNED: dict[str, Message] = {
    "row_walk": msg("Mean walk to today's centres (min)"),
    "row_planned": msg("Mean walk with the candidate sites (min)"),
    "walk_after": msg("Walk after, with the candidate sites"),
    "mean_walk": msg("Mean walk to the own centre, of today's centres"),
}


def redraw_strings(language: str, *, planned: bool = False) -> dict[str, str]:
    """Sentences of the page by their short names; ``{names}`` in them are filled by the page's script.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``.
    planned
        Whether candidate sites count in the proposals, so that labels of walks must say which centres are meant.

    Returns
    -------
    dict of str to str
    """
    sentences = _PAGE | (_PLANNED if planned else {})
    return {key: translate(message, language) for key, message in sentences.items()} | tool_strings(language)
