"""Every sentence of the map page, handed to its script in the reader's language."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.maps.toolstrings import tool_strings
from geoplan.text import translate
from geoplan.text.labels import walk_class

__all__ = ["page_strings"]

_PAGE: dict[str, Message] = {
    "panel": msg("Service circles"),
    "rule": msg("Limit: {limit}. {rule}", limit="{limit}", rule="{rule}"),
    "search": msg("Search estates, communities, facilities, buildings, streets"),
    "search_short": msg("Search by name"),
    "search_none": msg("Nothing of that name"),
    "search_more": msg("{count} more; type more of the name", count="{count}"),
    "clear": msg("Clear"),
    "minutes": msg("{minutes} min", minutes="{minutes}"),
    "minutes_switch": msg("Walking limit"),
    "served_share": msg("of households are within {minutes} min", minutes="{minutes}"),
    "served_of": msg("{served} of {total} households served", served="{served}", total="{total}"),
    "unserved": msg(
        "Not served: {households} households, {people} people", households="{households}", people="{people}"
    ),
    "nobody": msg("no households in the data"),
    "layers": msg("Legend and layers"),
    "by_unit": msg("Results by {unit}", unit="{unit}"),
    "unit": msg("Name"),
    "unit_share": msg("Served"),
    "unit_unserved": msg("Not served"),
    "basis": msg("How this was measured"),
    "notices": msg("About the data ({count})", count="{count}"),
    "expand": msg("Show legend, layers and details"),
    "collapse": msg("Show less"),
    "zoom_in": msg("Zoom in"),
    "zoom_out": msg("Zoom out"),
    "close": msg("Close"),
    "map": msg("Map"),
    "households": msg("Households"),
    "people": msg("Residents"),
    "buildings": msg("Buildings"),
    "estimated": msg("estimate"),
    "served": msg("served"),
    "not_served": msg("not served"),
    "walk": msg("Walk"),
    "walk_minutes": msg("{minutes} min", minutes="{minutes}"),
    "walk_metres": msg("{metres} m", metres="{metres}"),
    "beyond": msg("more than {minutes} min", minutes="{minutes}"),
    "nearest": msg("Nearest centre"),
    "straight": msg("Straight line"),
    "connector": msg("Door to street"),
    "estate": msg("Estate"),
    "address": msg("Address"),
    "reason": msg("Why not"),
    "edge": msg("The answer may depend on what lies outside the data"),
    "no_name": msg("unnamed"),
    "building": msg("Building"),
    "facility": msg("Service centre"),
    "candidate": msg("Proposed site"),
    "not_counted": msg("not counted here"),
    "tier": msg("Tier"),
    "no_tier": msg("of no tier"),
    "kind": msg("Kind"),
    "id": msg("Id"),
    "line": msg("Barrier"),
    "floor_area": msg("Floor area"),
    "square_metres": msg("{area} m²", area="{area}"),
    "nearest_to": msg("Nearest for, within {minutes} min", minutes="{minutes}"),
    "count_households": msg("{count} households", count="{count}"),
    "median": msg("Half of the households walk at most"),
    "slowest": msg("Nine tenths walk at most"),
    "floor": msg("Floor area of its centres"),
    "floor_short": msg("{area} m² of {required} m² needed", area="{area}", required="{required}"),
    "office": msg("Office"),
    "code": msg("Code"),
    "no_unit": msg("in no unit"),
    "cluster": msg("Not served within {minutes} min", minutes="{minutes}"),
    "gate": msg("Gate"),
    "gate_open": msg("Gate, open"),
    "gate_closed": msg("Gate, closed"),
    "street": msg("Street"),
    "layer_buildings": msg("Buildings by walking time"),
    "layer_buildings_distance": msg("Buildings by walking distance"),
    "layer_flagged": msg("Buildings near the edge of the data"),
    "layer_facilities": msg("Service centres"),
    "layer_candidates": msg("Proposed sites"),
    "layer_clusters": msg("Groups not served, with households"),
    "layer_isochrones": msg("Service circles {limit}", limit="{limit}"),
    "layer_isochrones_own": msg("Service circles {limit}, of own centres within their unit", limit="{limit}"),
    "layer_isochrones_none": msg("Service circles {limit}: none, no unit has a centre of its own", limit="{limit}"),
    "layer_tint": msg("Share served as colour"),
    "layer_estates": msg("Estates and villages"),
    "layer_gates": msg("Gates (when near)"),
    "layer_barriers": msg("Barriers"),
    "layer_streets": msg("Streets"),
    "layer_green": msg("Green land"),
    "layer_labels": msg("Names"),
    "class_within": msg("up to {limit}", limit="{limit}"),
    "class_beyond": msg("over {limit}", limit="{limit}"),
    "class_unreachable": walk_class("unreachable", ""),
    "class_empty": msg("nobody lives there"),
    "case": msg("Shown"),
    "nearest_short": msg("Nearest for (households)"),
    "walk_min": msg("Walk (min)"),
    "walk_m": msg("Walk (m)"),
    "layer_hatching": msg("Hatching, for print without colour"),
}


def page_strings(language: str) -> dict[str, str]:
    """Sentences of the page by their short names; ``{names}`` in them are filled by the page's script.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict of str to str
    """
    return {key: translate(message, language) for key, message in _PAGE.items()} | tool_strings(language)
