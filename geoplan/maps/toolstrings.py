"""Sentences of the tools that every page has: measuring, table, print, picture."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = ["tool_strings"]

_TOOLS: dict[str, Message] = {
    "tools": msg("Tools"),
    "hide_panel": msg("Hide the panel"),
    "show_panel": msg("Show the panel"),
    "tool_measure": msg("Measure lengths and areas"),
    "tool_table": msg("Table"),
    "tool_full": msg("Full screen"),
    "tool_print": msg("Print"),
    "tool_picture": msg("Save as picture (PNG)"),
    "measure_hint": msg("Touch places on the map; by keyboard: arrows move the map, Enter sets a point, Escape ends"),
    "metres_long": msg("{metres} m", metres="{metres}"),
    "kilometres": msg("{count} km", count="{count}"),
    "square_metres_large": msg("{area} m²", area="{area}"),
    "hectares_large": msg("{area} ha", area="{area}"),
    "table_what": msg("What the table shows"),
    "table_follow": msg("Only what the map shows"),
    "table_more": msg("More rows"),
    "table_rows": msg("{count} of {all}", count="{count}", all="{all}"),
    "print_paper": msg("Paper"),
    "print_a4": msg("A4"),
    "print_a3": msg("A3"),
    "print_direction": msg("Direction"),
    "print_landscape": msg("Landscape"),
    "print_portrait": msg("Portrait"),
    "print_extent": msg("Extent"),
    "print_whole": msg("The whole town"),
    "print_screen": msg("What is on the screen"),
    "print_go": msg("Print"),
    "legend": msg("Legend"),
    "north": msg("N"),
    "as_of": msg("As of {date}", date="{date}"),
    "printed_on": msg("Printed on {date}", date="{date}"),
    "basemap_needs": msg("Basemap {name}: needs a network", name="{name}"),
}


def tool_strings(language: str) -> dict[str, str]:
    """Sentences of the tools by their short names; ``{names}`` in them are filled by the page's script.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict of str to str
    """
    return {key: translate(message, language) for key, message in _TOOLS.items()}
