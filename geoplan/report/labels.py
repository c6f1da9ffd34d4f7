"""Headers and names in the reader's language."""

from __future__ import annotations

import re

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = [
    "case_name",
    "header",
    "level_name",
    "reason_name",
    "severity_name",
    "status_name",
    "table_name",
    "walk_class_name",
]

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
_MODES = {"time": msg("by walking time"), "distance": msg("by walking distance")}
_CENTRES = {"any": msg("nearest centre anywhere"), "own": msg("own unit's centre only")}
_REASONS = {
    "no_facility": msg("there is no centre to walk to"),
    "no_street": msg("no street near enough"),
    "island": msg("its streets do not connect to the others"),
    "walled": msg("walled in without an open gate"),
    "beyond_limit": msg("further than was searched"),
}
_LEVELS = {
    "communities": msg("communities"),
    "subdistricts": msg("subdistricts"),
    "districts": msg("districts"),
    "grids": msg("grids"),
    "groups": msg("resident groups"),
    "municipalities": msg("municipalities"),
    "villages": msg("villages"),
    "estates": msg("estates"),
}
_TABLES = {
    "buildings": msg("buildings"),
    "facilities": msg("centres"),
    "streets": msg("streets"),
    "gates": msg("gates"),
    "entrances": msg("entrances"),
    "barriers": msg("barriers"),
}
_SEVERITIES = {"error": msg("error"), "warning": msg("warning"), "info": msg("note")}
_STATUSES = {
    "verified": msg("verified in the source"),
    "secondary": msg("from secondary accounts"),
    "unverified": msg("unverified"),
    "derived": msg("derived"),
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


def _known(names: dict[str, Message], value: str, language: str) -> str:
    return translate(names[value], language) if value in names else value


def reason_name(reason: str, language: str) -> str:
    """Why a building reaches nothing.

    Parameters
    ----------
    reason
        Reason code.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    return _known(_REASONS, reason, language)


def level_name(level: str, language: str) -> str:
    """Name of a level; the planner's own names stay.

    Parameters
    ----------
    level
        Level of the town.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    return _known(_LEVELS, level, language)


def status_name(status: str, language: str) -> str:
    """How sure a rule is.

    Parameters
    ----------
    status
        Status of a rule.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    return _known(_STATUSES, status, language)


def table_name(table: str, language: str) -> str:
    """Name of a table of the town, or of a level.

    Parameters
    ----------
    table
        Table or level.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    return _known(_LEVELS | _TABLES, table, language)


def severity_name(severity: str, language: str) -> str:
    """How bad a finding is.

    Parameters
    ----------
    severity
        ``"error"``, ``"warning"`` or ``"info"``.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    return _known(_SEVERITIES, severity, language)


def walk_class_name(walk_class: str, minutes: tuple[float, ...], language: str) -> str:
    """Name of a class of walks.

    Parameters
    ----------
    walk_class
        ``"15"``: up to 15 minutes; ``"beyond"``: more than the largest; ``"unreachable"``.
    minutes
        The circles.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    if walk_class == "unreachable":
        return translate(msg("no way there"), language)
    if walk_class == "beyond":
        return translate(msg("over {minutes} min", minutes=f"{max(minutes):g}"), language)
    return translate(msg("up to {minutes} min", minutes=walk_class), language)


def case_name(mode: str, profile: dict[str, str] | str, tier: str, centre: str, language: str) -> str:
    """One line that says how a case was measured.

    Parameters
    ----------
    mode, tier, centre
        As in the case.
    profile
        Name of the profile, by language or as it is.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    who = profile if isinstance(profile, str) else profile.get(language, "")
    parts = [_known(_MODES, mode, language), who, _known(_CENTRES, centre, language), tier]
    return translate(msg(" · "), language).join(part for part in parts if part)
