"""What OpenStreetMap tags mean for a walker and a planner: rules on tags alone, no geometry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from geoplan.errors import Fault, InputError, msg
from geoplan.model import Notice

__all__ = [
    "ATTRIBUTION",
    "FOOT_KINDS",
    "GATE_KINDS",
    "GONE_BUILDINGS",
    "MOTOR_KINDS",
    "RESIDENTIAL_SHARES",
    "TagQuery",
    "barrier_kind",
    "crossing_kind",
    "floors_of",
    "gate_is_open",
    "green_kind",
    "layer_of",
    "number_of",
    "parse_tags",
    "residential_share_of",
    "tag_list",
    "walk_verdict",
]

Tags = Mapping[str, str]

ATTRIBUTION = Notice("attribution", msg("{text}", text="© OpenStreetMap contributors"), everywhere=True)
"""What the licence of OpenStreetMap asks every output to say."""

FOOT_KINDS = frozenset({"footway", "path", "steps", "pedestrian", "cycleway", "bridleway", "platform"})
"""Ways made for people, not for cars: a crossing's arms lie on these."""

_EXPRESSWAYS = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})
_ROADS = frozenset(
    {"primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified"}
    | {"residential", "living_street", "road"}
)
MOTOR_KINDS = _EXPRESSWAYS | _ROADS | {"service", "track", "busway"}
"""Ways that cars use: what a crossing crosses."""

_WALKABLE = FOOT_KINDS | _ROADS | {"service", "track"}
_ALLOWED = frozenset({"yes", "designated", "official", "permissive", "destination", "customers"})
_PRIVATE = frozenset({"private", "permit"})
_FORBIDDEN = _PRIVATE | {"no", "military", "use_sidepath"}
_SIDEWALK = frozenset({"yes", "both", "left", "right", "separate"})
_SIDEWALK_KEYS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")


def tag_list(value: str) -> list[str]:
    """The values of a tag, which OSM joins by semicolons.

    Parameters
    ----------
    value
        Value of the tag.

    Returns
    -------
    list of str

    Examples
    --------
    >>> tag_list("retail; apartments")
    ['retail', 'apartments']
    """
    return [part.strip() for part in value.split(";") if part.strip()]


def _all_in(value: str, allowed: frozenset[str]) -> bool:
    parts = tag_list(value)
    return bool(parts) and all(part in allowed for part in parts)


def _access(tags: Tags) -> str:
    """What decides for walkers: ``foot`` where it says anything known, else ``access``."""
    foot = tags.get("foot", "")
    return foot if _all_in(foot, _ALLOWED | _FORBIDDEN) else tags.get("access", "")


def _tunnelled(tags: Tags) -> bool:
    return tags.get("tunnel", "no") not in ("no", "building_passage") or tags.get("location") == "underground"


def layer_of(tags: Tags) -> int:
    """Level of a way: 0 on the ground, above it on bridges, below it in tunnels.

    ``layer`` is taken where it says anything; else a bridge is 1, a tunnel -1, and a passage through a building 0.

    Parameters
    ----------
    tags
        Tags of the way.

    Returns
    -------
    int

    Examples
    --------
    >>> layer_of({"bridge": "yes"}), layer_of({"tunnel": "yes", "layer": "-2"})
    (1, -2)
    >>> layer_of({"tunnel": "building_passage"})
    0
    """
    try:
        layer = int(tags.get("layer", "0"))
    except ValueError:
        layer = 0
    if layer:
        return layer
    if tags.get("bridge", "no") != "no":
        return 1
    return -1 if _tunnelled(tags) else 0


def walk_verdict(tags: Tags, *, private: bool = False, trunk: bool = False) -> str:
    """Say whether people walk on a way with these tags, and if not, why.

    Parameters
    ----------
    tags
        Tags of a way with ``highway``.
    private
        Whether ways marked private are walked too.
    trunk
        Whether trunk roads are walked without a ``sidewalk`` or ``foot`` tag that says so.

    Returns
    -------
    str
        ``""`` if it is walked, else ``"kind"`` (no way for walkers, or not built), ``"forbidden"``, ``"private"`` or
        ``"expressway"``.

    Examples
    --------
    >>> walk_verdict({"highway": "residential"})
    ''
    >>> walk_verdict({"highway": "trunk"}), walk_verdict({"highway": "trunk", "sidewalk": "both"})
    ('expressway', '')
    >>> walk_verdict({"highway": "service", "access": "private"})
    'private'
    """
    kind = tags["highway"]
    allowed = _all_in(tags.get("foot", ""), _ALLOWED)
    if tags.get("indoor", "no") != "no" or (tags.get("area") == "yes" and kind not in FOOT_KINDS):
        return "kind"
    if kind in _EXPRESSWAYS or tags.get("motorroad") == "yes":
        beside = any(tags.get(key) in _SIDEWALK for key in _SIDEWALK_KEYS)
        bare = tags.get("motorroad") == "yes" or tags.get("sidewalk") in ("no", "none")
        lenient = trunk and kind.startswith("trunk") and not bare
        if not (allowed or beside or lenient):
            return "expressway"
    elif kind not in _WALKABLE and not (kind == "busway" and allowed):
        return "kind"
    access = _access(tags)
    if not _all_in(access, _FORBIDDEN):
        return ""
    if _all_in(access, _PRIVATE):
        return "" if private else "private"
    return "forbidden"


def crossing_kind(tags: Tags) -> str:
    """What a walker waits at on a crossing: ``"signal"``, ``"minor"``, or ``""`` where nobody crosses.

    Parameters
    ----------
    tags
        Tags of a ``highway=crossing`` or ``highway=traffic_signals`` node, or of a crossing way.

    Returns
    -------
    str

    Examples
    --------
    >>> crossing_kind({"highway": "crossing", "crossing": "zebra"})
    'minor'
    >>> crossing_kind({"highway": "traffic_signals"}), crossing_kind({"highway": "crossing", "crossing": "no"})
    ('', '')
    """
    kind = tags.get("crossing", "")
    at_lights = tags.get("highway") == "traffic_signals"
    if kind == "no" or (at_lights and not kind):
        return ""
    signal = at_lights or "traffic_signals" in tag_list(kind) or tags.get("crossing:signals") == "yes"
    return "signal" if signal else "minor"


GATE_KINDS = frozenset(
    {"gate", "lift_gate", "swing_gate", "sliding_gate", "sliding_beam", "kissing_gate", "wicket_gate", "entrance"}
    | {"turnstile", "full-height_turnstile", "sally_port", "hampshire_gate", "bump_gate", "security_gate"}
)


def gate_is_open(tags: Tags) -> bool:
    """Whether people can walk through a gate: it is neither locked nor closed or private to walkers.

    Parameters
    ----------
    tags
        Tags of the gate.

    Returns
    -------
    bool

    Examples
    --------
    >>> gate_is_open({"barrier": "gate"}), gate_is_open({"barrier": "gate", "locked": "yes"})
    (True, False)
    >>> gate_is_open({"barrier": "lift_gate", "access": "private", "foot": "yes"})
    True
    """
    if _all_in(tags.get("foot", ""), _ALLOWED):
        return True
    return tags.get("locked") != "yes" and not _all_in(_access(tags), _FORBIDDEN)


_RAILWAYS = frozenset({"rail", "light_rail", "subway", "narrow_gauge", "monorail"})
_STREAMS = {"river": "river", "riverbank": "river", "canal": "canal"}
_WATERS = {"river": "river", "canal": "canal", "lake": "lake", "reservoir": "lake", "oxbow": "lake", "lagoon": "lake"}


def barrier_kind(tags: Tags, *, trunk: bool = False) -> str:
    """What a connector from a door must not cross: river, canal, lake, railway, expressway, or ``""``.

    Only what lies on the ground: railways and expressways on bridges or in tunnels hold nobody up.

    Parameters
    ----------
    tags
        Tags of a way or an area.
    trunk
        Whether trunk roads are walked (:func:`walk_verdict`).

    Returns
    -------
    str

    Examples
    --------
    >>> barrier_kind({"railway": "rail"}), barrier_kind({"railway": "rail", "bridge": "viaduct"})
    ('railway', '')
    >>> barrier_kind({"waterway": "river"}), barrier_kind({"waterway": "stream"})
    ('river', '')
    """
    if tags.get("waterway") in _STREAMS and not _tunnelled(tags):
        return _STREAMS[tags["waterway"]]
    if tags.get("natural") == "water" and not _tunnelled(tags):
        return _WATERS.get(tags.get("water", ""), "")
    if layer_of(tags) or _tunnelled(tags):
        return ""
    if tags.get("railway") in _RAILWAYS:
        return "railway"
    if "highway" in tags and walk_verdict(tags, trunk=trunk) == "expressway":
        return "expressway"
    return ""


_GREEN: Mapping[str, Mapping[str, str]] = {
    "leisure": {"park": "park", "garden": "park", "pitch": "pitch", "golf_course": "grass", "common": "grass"},
    "landuse": {
        "recreation_ground": "park",
        **dict.fromkeys(("grass", "meadow", "village_green"), "grass"),
        "forest": "wood",
        **dict.fromkeys(("farmland", "orchard", "vineyard", "allotments", "plant_nursery"), "farmland"),
        "cemetery": "cemetery",
    },
    "natural": {"wood": "wood", "scrub": "scrub", "heath": "scrub", "grassland": "grass"},
}


def green_kind(tags: Tags) -> str:
    """What green land an area is: park, pitch, grass, wood, scrub, farmland, cemetery, or ``""``.

    What people use it for comes before what grows there; a pitch or garden on a roof is a building.

    Parameters
    ----------
    tags
        Tags of the area.

    Returns
    -------
    str

    Examples
    --------
    >>> green_kind({"leisure": "park", "natural": "wood"}), green_kind({"landuse": "orchard"})
    ('park', 'farmland')
    >>> green_kind({"landuse": "residential"}), green_kind({"leisure": "pitch", "building": "yes"})
    ('', '')
    """
    if "building" in tags:
        return ""
    return next((kinds[tags[key]] for key, kinds in _GREEN.items() if tags.get(key) in kinds), "")


GONE_BUILDINGS = frozenset(
    {"no", "roof", "ruins", "ruin", "collapsed", "demolished", "razed", "destroyed", "proposed", "construction"}
)
"""Values of ``building`` that are no building to count people in: open roofs, ruins, plans and building sites."""

RESIDENTIAL_SHARES: Mapping[str, float] = {
    **dict.fromkeys(
        ("apartments", "bungalow", "cabin", "detached", "dormitory", "farm", "ger", "house", "houseboat"), 1.0
    ),
    **dict.fromkeys(
        ("residential", "semidetached_house", "semi", "static_caravan", "terrace", "trullo", "villa", "yes"), 1.0
    ),
    **dict.fromkeys(("mixed", "mixed_use"), 0.5),
}
"""Guess of the share lived in by value of ``building``; whatever is not named (school, garage, industrial...) is 0."""

_USE_KEYS = ("amenity", "shop", "office", "leisure", "tourism", "industrial", "craft", "man_made", "healthcare")


def residential_share_of(tags: Tags) -> float:
    """Guess the share of a building's floor area that is lived in, from its tags.

    By ``building`` (:data:`RESIDENTIAL_SHARES`, the mean of several values); a plain ``building=yes`` that is itself a
    school, shop or the like (``amenity``, ``shop``, ``office``...) counts 0.

    Parameters
    ----------
    tags
        Tags of the building.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> residential_share_of({"building": "house"}), residential_share_of({"building": "garage"})
    (1.0, 0.0)
    >>> residential_share_of({"building": "yes", "amenity": "school"})
    0.0
    >>> residential_share_of({"building": "apartments;retail"})
    0.5
    """
    kinds = tag_list(tags.get("building", "")) or ["yes"]
    if kinds == ["yes"] and any(key in tags for key in _USE_KEYS):
        return 0.0
    return sum(RESIDENTIAL_SHARES.get(kind, 0.0) for kind in kinds) / len(kinds)


_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def number_of(text: str) -> float:
    """The number that a tag holds, a trailing ``m`` allowed; NaN if it is none.

    Parameters
    ----------
    text
        Value of the tag.

    Returns
    -------
    float

    Examples
    --------
    >>> number_of("453.5 m"), number_of("about 3")
    (453.5, nan)
    """
    text = text.strip().removesuffix("m").strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else float("nan")


def floors_of(tags: Tags) -> float:
    """Storeys above ground from ``building:levels``; the highest of several (``3;4``, ``3-4``), NaN if unreadable.

    Parameters
    ----------
    tags
        Tags of the building.

    Returns
    -------
    float

    Examples
    --------
    >>> floors_of({"building:levels": "3;5"}), floors_of({"building:levels": "2-3"}), floors_of({})
    (5.0, 3.0, nan)
    """
    text = tags.get("building:levels", "")
    ranged = re.fullmatch(r"\s*\d+\s*[-–~]\s*(\d+)\s*", text)
    numbers = [number_of(ranged[1])] if ranged else [number_of(part) for part in tag_list(text)]
    known = [number for number in numbers if number >= 0]
    return max(known, default=float("nan"))


@dataclass(frozen=True, slots=True)
class TagQuery:
    """A kind of facility and the tags that it is found by.

    ``conditions`` must all hold: the key with one of the values, any value but ``no`` if there are none.
    """

    kind: str
    text: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    tier: str = ""

    def matches(self, tags: Tags) -> bool:
        """Whether an object with these tags is meant."""
        for key, values in self.conditions:
            given = tags.get(key)
            if given is None:
                return False
            if values and not any(part in values for part in tag_list(given)):
                return False
            if not values and given == "no":
                return False
        return True


_CONDITION = re.compile(r"\s*([^=&|*!\s]+)\s*=\s*([^=&]+?)\s*")


def parse_tags(text: str, *, kind: str = "", tier: str = "") -> TagQuery:
    """Read a tag query: ``key=value``, ``key=a|b``, ``key=*``, several joined by ``&``.

    Parameters
    ----------
    text
        The query.
    kind, tier
        What the objects found are, and the tier that they work at.

    Returns
    -------
    TagQuery

    Raises
    ------
    InputError
        If the query cannot be read.

    Examples
    --------
    >>> query = parse_tags("amenity=school|kindergarten & operator:type=*")
    >>> query.conditions
    (('amenity', ('school', 'kindergarten')), ('operator:type', ()))
    >>> query.matches({"amenity": "school", "operator:type": "public"})
    True
    """
    conditions = []
    for part in text.split("&"):
        found = _CONDITION.fullmatch(part)
        values = tuple(value.strip() for value in found[2].split("|")) if found else ("",)
        if found is None or not all(values) or ("*" in values and len(values) > 1):
            raise InputError(_bad_query(text))
        conditions.append((found[1], () if values == ("*",) else values))
    return TagQuery(kind=kind, text=text, conditions=tuple(conditions), tier=tier)


def _bad_query(text: str) -> Fault:
    return Fault(
        code="bad-tag-query",
        needed=msg("a tag query such as amenity=school, amenity=school|kindergarten or shop=* & name=*"),
        given=msg("“{text}”", text=text),
        mend=msg("write key=value; several values with |, any value with *, several conditions with &"),
    )
