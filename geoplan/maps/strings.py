"""Every sentence of the map page, handed to its script in the reader's language."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.maps.packed import clean_text
from geoplan.text import translate

__all__ = ["known_name", "page_strings"]

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
        "communities": msg("Communities"),
        "subdistricts": msg("Subdistricts"),
        "districts": msg("Districts"),
        "grids": msg("Grids"),
        "groups": msg("Resident groups"),
        "municipalities": msg("Municipalities"),
        "villages": msg("Villages"),
    },
    "unit": {
        "communities": msg("Community"),
        "subdistricts": msg("Subdistrict"),
        "districts": msg("District"),
        "grids": msg("Grid"),
        "groups": msg("Resident group"),
        "municipalities": msg("Municipality"),
        "villages": msg("Village"),
    },
    "tier": {
        "district": msg("District centre"),
        "subdistrict": msg("Subdistrict centre"),
        "community": msg("Community centre"),
        "business": msg("Business-district centre"),
        "county": msg("County centre"),
        "township": msg("Township centre"),
        "grid": msg("Grid post"),
    },
    "facility": {
        "service_centre": msg("Service centre"),
        "kindergarten": msg("Kindergarten"),
        "school": msg("School"),
    },
    "estate": {"estate": msg("Estate"), "village": msg("Urban village"), "block": msg("Block")},
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
        ``"mode"``, ``"centre"``, ``"reason"``, ``"level"`` (all its units), ``"unit"`` (one of them), ``"tier"``,
        ``"facility"`` (its kind), ``"estate"`` or ``"barrier"``.
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
    >>> known_name("unit", "communities", "en"), known_name("unit", "片区", "en")
    ('Community', '片区')
    """
    text = clean_text(value)
    message = _KNOWN[group].get(text)
    return text if message is None else translate(message, language)
