"""What codes in the data are called: modes, reasons, levels, tiers, kinds, tables; one wording in every output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = ["TABLES", "Group", "case_name", "known_message", "known_name", "title_name", "walk_class"]

Group = Literal[
    "mode",
    "centre",
    "reason",
    "level",
    "unit",
    "tier",
    "facility",
    "estate",
    "barrier",
    "table",
    "severity",
    "status",
    "proposal",
    "mends",
]

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
TABLES: Mapping[str, Message] = {
    "buildings": msg("buildings"),
    "facilities": msg("facilities"),
    "streets": msg("streets"),
    "estates": msg("estates"),
    "gates": msg("gates"),
    "entrances": msg("entrances"),
    "barriers": msg("barriers"),
    "green": msg("green land"),
    "units": msg("units"),
}
"""Tables of a town, and roles of layers, as people say them."""

_KNOWN: Mapping[Group, Mapping[str, Message]] = {
    "mode": {"time": msg("by walking time"), "distance": msg("by walking distance")},
    "centre": {"any": msg("nearest centre anywhere"), "own": msg("own unit's centre only")},
    "reason": {
        "no_facility": msg("there is no centre to walk to"),
        "no_street": msg("no street near enough"),
        "island": msg("its streets do not connect to the others"),
        "walled": msg("walled in without an open gate"),
        "beyond_limit": msg("further than was searched"),
    },
    "level": _LEVELS,
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
    "table": {**_LEVELS, **TABLES},
    "severity": {"error": msg("error"), "warning": msg("warning"), "info": msg("note")},
    "status": {
        "verified": msg("verified in the source"),
        "secondary": msg("from a secondary source"),
        "unverified": msg("unverified"),
        "derived": msg("derived"),
    },
    "proposal": {
        "moved": msg("Fewest households moved"),
        "even": msg("Most even communities"),
        "walk": msg("Shortest walks"),
        "compact": msg("Most compact communities"),
        "cut_edges": msg("Fewest joints cut"),
        "barriers": msg("Fewest barriers straddled"),
        "weights": msg("By the weights given"),
        "balance": msg("Between the others"),
        "none": msg("No proposal"),
        "today": msg("Today"),
        "edited": msg("Edited in the meeting"),
    },
    "mends": {
        "too_large": msg("too large"),
        "too_small": msg("too small"),
        "given_up": msg("given up"),
        "enclave": msg("enclave"),
        "detached": msg("detached"),
        "walk": msg("shorter walk"),
        "balance": msg("balance"),
        "edited": msg("edited"),
    },
}


def known_message(group: Group, value: object) -> Message | str:
    """Name of a code, to be put into a sentence.

    Parameters
    ----------
    group
        What the code says: ``"level"`` is all units of a level, ``"unit"`` one of them, ``"facility"``, ``"estate"``
        and ``"barrier"`` are kinds; ``"proposal"`` is what a proposal favours, ``"mends"`` what a change mends.
    value
        What stands in the data.

    Returns
    -------
    Message or str
        The value itself where it is the planner's own, ``""`` where it is missing.
    """
    text = "" if value is None or value != value else str(value)
    return _KNOWN[group].get(text, text)


def known_name(group: Group, value: object, language: str) -> str:
    """Name of a code in a language.

    Parameters
    ----------
    group, value
        As for :func:`known_message`.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> known_name("unit", "communities", "en"), known_name("unit", "片区", "en")
    ('Community', '片区')
    """
    found = known_message(group, value)
    return translate(found, language) if isinstance(found, Message) else found


def title_name(group: Group, value: object, language: str) -> str:
    """Name of a code as it stands at the head of a table, sheet or line: a known one begins with a capital.

    Parameters
    ----------
    group, value
        As for :func:`known_message`.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> title_name("level", "communities", "en"), title_name("level", "blocks", "en")
    ('Communities', 'blocks')
    """
    name = known_name(group, value, language)
    return name[:1].upper() + name[1:] if isinstance(known_message(group, value), Message) else name


def walk_class(name: str, largest: object) -> Message:
    """Name of a class of walks.

    Parameters
    ----------
    name
        ``"15"``: up to 15 minutes; ``"beyond"``: more than the largest circle; ``"unreachable"``.
    largest
        The largest circle, minutes.

    Returns
    -------
    Message
    """
    if name == "unreachable":
        return msg("no way there")
    if name == "beyond":
        return msg("over {minutes} min", minutes=largest)
    return msg("up to {minutes} min", minutes=name)


def case_name(mode: str, walker: str, tier: str, centre: str, language: str) -> str:
    """One line that says how a case was measured.

    Parameters
    ----------
    mode, tier, centre
        As in the case.
    walker
        Name of the profile in this language.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> case_name("time", "Older people", "county", "any", "en")
    'by walking time · Older people · nearest centre anywhere · County centre'
    """
    parts = [known_name("mode", mode, language), walker, known_name("centre", centre, language)]
    return translate(msg(" · "), language).join(part for part in [*parts, known_name("tier", tier, language)] if part)
