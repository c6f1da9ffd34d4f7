"""Headers of columns in the reader's language."""

from __future__ import annotations

import re

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = ["header"]

_HEADERS: dict[str, Message] = {
    "id": msg("Id"),
    "name": msg("Name"),
    "buildings": msg("Buildings"),
    "households": msg("Households"),
    "people": msg("Residents"),
    "people_resident": msg("Residents"),
    "people_registered": msg("Registered people"),
    "unreachable_buildings": msg("Buildings without a way"),
    "p50_min": msg("Median walk (min)"),
    "p90_min": msg("90 % walk at most (min)"),
    "mean_min": msg("Mean walk (min)"),
    "p50_m": msg("Median walk (m)"),
    "p90_m": msg("90 % walk at most (m)"),
    "mean_m": msg("Mean walk (m)"),
    "walk_min": msg("Walk (min)"),
    "cost": msg("Cost of the walk"),
    "facility": msg("Nearest centre"),
    "facility_name": msg("Name of the centre"),
    "reason": msg("Why not"),
    "estate": msg("Estate"),
    "address": msg("Address"),
    "kind": msg("Kind"),
    "tier": msg("Tier"),
    "serves": msg("Own centre of"),
    "candidate": msg("Only proposed"),
    "connector_m": msg("Door to street (m)"),
    "straight_m": msg("Straight line (m)"),
    "edge_affected": msg("May depend on what lies outside the data"),
    "edge_buildings": msg("Buildings that may depend on what lies outside the data"),
    "estimated": msg("Estimated count"),
    "floor_area_m2": msg("Floor area (m²)"),
    "unknown_floor_areas": msg("Centres of unknown floor area"),
    "required_m2": msg("Floor area needed (m²)"),
    "shortfall_m2": msg("Floor area missing (m²)"),
    "sites_below_min": msg("Centres below the minimum area"),
    "floor_area_ok": msg("Floor area enough"),
    "m2_per_100_households": msg("m² per 100 households"),
    "facilities": msg("Centres"),
    "unserved_households": msg("Households not served"),
    "unserved_people": msg("People not served"),
    "minutes": msg("Minutes"),
    "limit": msg("Limit"),
    "unit": msg("Unit"),
    "mode": msg("Measured"),
    "profile": msg("Who walks"),
    "centre": msg("Which centre"),
    "quantity": msg("Quantity"),
    "rule": msg("Rule"),
    "source": msg("Source"),
    "status": msg("Status"),
    "level": msg("Level"),
}
_BY_MINUTES: dict[str, Message] = {
    "served_households": msg("Households within {minutes} min"),
    "served_people": msg("People within {minutes} min"),
    "unserved_households": msg("Households beyond {minutes} min"),
    "unserved_people": msg("People beyond {minutes} min"),
    "share": msg("Share within {minutes} min"),
    "people_share": msg("Share of people within {minutes} min"),
    "straight_share": msg("Share within {minutes} min in a straight line"),
    "served": msg("Within {minutes} min"),
}


def header(column: str, language: str) -> str:
    """Header of a column.

    Parameters
    ----------
    column
        Name of the column, such as ``share_15``.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        The name itself where the column is unknown.

    Examples
    --------
    >>> header("share_15", "en")
    'Share within 15 min'
    """
    if column in _HEADERS:
        return translate(_HEADERS[column], language)
    found = re.fullmatch(r"(\w+?)_(\d+(?:\.\d+)?)", column)
    if found and found.group(1) in _BY_MINUTES:
        message = Message(_BY_MINUTES[found.group(1)].template, {"minutes": found.group(2)})
        return translate(message, language)
    return column
