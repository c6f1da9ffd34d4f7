"""Every sentence of the map page, handed to its script in the reader's language."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.maps.packed import clean_text
from geoplan.text import translate

__all__ = ["known_name", "page_strings"]

_PAGE: dict[str, Message] = {
    "panel": msg("Service circles"),
    "subtitle": msg("Walking coverage of service centres"),
    "search": msg("Search estates, communities, facilities, buildings, streets"),
    "search_short": msg("Search by name"),
    "search_none": msg("Nothing of that name"),
    "search_more": msg("{count} more; type more of the name", count="{count}"),
    "clear": msg("Clear"),
    "within": msg("Within {minutes} min", minutes="{minutes}"),
    "minutes": msg("{minutes} min", minutes="{minutes}"),
    "minutes_switch": msg("Walking limit"),
    "served_share": msg("of households served within {minutes} minutes", minutes="{minutes}"),
    "served_of": msg("{served} of {total} households served", served="{served}", total="{total}"),
    "unserved": msg(
        "{households} households, {people} people not served", households="{households}", people="{people}"
    ),
    "nobody": msg("no households in the data"),
    "layers": msg("Legend and layers"),
    "by_unit": msg("By unit: {level}", level="{level}"),
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
    "layer_flagged": msg("Buildings near the edge of the data"),
    "layer_facilities": msg("Service centres"),
    "layer_candidates": msg("Proposed sites"),
    "layer_clusters": msg("Groups not served, with households"),
    "layer_isochrones": msg("Service circles {minutes} min", minutes="{minutes}"),
    "layer_tint": msg("Share served as colour"),
    "layer_estates": msg("Estates and villages"),
    "layer_gates": msg("Gates (when near)"),
    "layer_barriers": msg("Barriers"),
    "layer_streets": msg("Streets"),
    "layer_labels": msg("Names"),
    "class_within": msg("up to {minutes} min", minutes="{minutes}"),
    "class_beyond": msg("over {minutes} min", minutes="{minutes}"),
    "class_unreachable": msg("no way there"),
    "class_empty": msg("nobody lives there"),
    "share_low": msg("0 %"),
    "share_high": msg("100 %"),
    "units_households": msg("households"),
}

_KNOWN: dict[str, dict[str, Message]] = {
    "mode": {"time": msg("by walking time"), "distance": msg("by walking distance")},
    "centre": {"any": msg("nearest centre anywhere"), "own": msg("own unit's centre only")},
    "reason": {
        "no_facility": msg("there is no centre to walk to"),
        "no_street": msg("no street near enough"),
        "island": msg("its streets do not connect to the others"),
        "walled": msg("walled in without an open gate"),
        "beyond_limit": msg("further than was searched"),
    },
    "level": {
        "communities": msg("communities"),
        "subdistricts": msg("subdistricts"),
        "districts": msg("districts"),
        "grids": msg("grids"),
        "groups": msg("resident groups"),
        "municipalities": msg("municipalities"),
        "villages": msg("villages"),
    },
    "tier": {
        "district": msg("district centre"),
        "subdistrict": msg("subdistrict centre"),
        "community": msg("community centre"),
        "business": msg("business-district centre"),
        "county": msg("county centre"),
        "township": msg("township centre"),
        "grid": msg("grid post"),
    },
    "estate": {"estate": msg("estate"), "village": msg("urban village"), "block": msg("block")},
    "barrier": {
        "river": msg("River"),
        "railway": msg("Railway"),
        "expressway": msg("Expressway"),
        "wall": msg("Wall"),
    },
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
    return {key: translate(message, language) for key, message in _PAGE.items()}


def known_name(group: str, value: object, language: str) -> str:
    """Name of a mode, reason, level, tier or kind as a planner says it.

    Parameters
    ----------
    group
        ``"mode"``, ``"centre"``, ``"reason"``, ``"level"``, ``"tier"``, ``"estate"`` or ``"barrier"``.
    value
        What stands in the data.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        The value itself where it is the planner's own.

    Examples
    --------
    >>> known_name("level", "communities", "en"), known_name("level", "片区", "en")
    ('communities', '片区')
    """
    text = clean_text(value)
    message = _KNOWN[group].get(text)
    return text if message is None else translate(message, language)
