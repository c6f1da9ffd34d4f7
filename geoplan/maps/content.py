"""What the map page says and shows: headline, basis, notices and layers of one case of a coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from geoplan.errors import Message, msg
from geoplan.keep import Keep, KeepNothing
from geoplan.maps.packed import DEGREE, clean_text
from geoplan.maps.points import pack_points
from geoplan.maps.strings import page_strings
from geoplan.maps.tables import Packer
from geoplan.standards import Rule
from geoplan.text import translate
from geoplan.text.labels import known_message, known_name

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.coverage import Case, Coverage

__all__ = ["page_bounds", "page_content"]

_ATTRIBUTION = "attribution"


def page_bounds(coverage: Coverage, *, keep: Keep | None = None) -> tuple[float, float, float, float]:
    """West, south, east and north of what is shown, in WGS84 degrees.

    Parameters
    ----------
    coverage
        The coverage.
    keep
        Keeps the bounds of tables that seldom change.

    Returns
    -------
    tuple of float
        The bounds of the buildings, facilities and units; a point's worth where there is nothing.
    """
    town = coverage.town
    tables = [town.buildings, town.facilities, *(level.table for level in town.levels)]
    kept = keep or KeepNothing()
    boxes = [kept.value("map bounds", (table,), partial(_degrees, table)) for table in tables if len(table)]
    boxes = [box for box in boxes if all(math.isfinite(side) for side in box)]
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    west, south, east, north = zip(*boxes, strict=True)
    return float(min(west)), float(min(south)), float(max(east)), float(max(north))


def _degrees(table: GeoDataFrame) -> list[float]:
    return [float(side) for side in table.geometry.to_crs(4326).total_bounds]


def page_content(
    coverage: Coverage,
    case: Case,
    *,
    language: str,
    points: Mapping[str, GeoDataFrame] | None = None,
    date: str = "",
    keep: Keep | None = None,
) -> dict[str, Any]:
    """Everything that the page's script needs.

    Parameters
    ----------
    coverage
        What was measured.
    case
        Which case of it is shown first; the reader may switch to the others.
    language
        ``"zh"`` or ``"en"``.
    points
        Layers of points shown as density, by name.
    date
        What the printed page is dated.
    keep
        Keeps what is packed of tables that seldom change.

    Returns
    -------
    dict
        Plain values that JSON can hold; the same for the same input.
    """
    west, south, east, north = page_bounds(coverage, keep=keep)
    origin = (round(west * DEGREE), round(south * DEGREE))
    packer = Packer(coverage, case, language=language, origin=origin, keep=keep)
    layers = packer.layers()
    if points:
        layers["points"] = pack_points(points, origin=origin)
    return {
        "language": {"zh": "zh-CN"}.get(language, language),
        "strings": page_strings(language),
        "title": clean_text(coverage.town.name),
        "minutes": [float(m) for m in coverage.minutes],
        "date": clean_text(date),
        "origin": list(origin),
        "bounds": [[south, west], [north, east]],
        **_answer(coverage, case, language),
        "notices": _notices(coverage, language),
        "layers": layers,
        "cases": _cases(coverage, case, packer, language),
    }


def _answer(coverage: Coverage, case: Case, language: str) -> dict[str, Any]:
    """What the panel says of one case."""
    return {
        "mode": case.mode,
        "centre": case.centre,
        "headline": _headline(coverage, case, language),
        "basis": _basis(coverage, case, language),
    }


def _cases(coverage: Coverage, first: Case, packer: Packer, language: str) -> list[dict[str, Any]]:
    """Every case measured, the first one first, with what tells it from the others; none if it is alone."""
    cases = [first, *(case for case in coverage.cases if case != first)]
    if len(cases) == 1:
        return []
    answers = [_answer(coverage, case, language) for case in cases]
    rows = [dict(answer["basis"]) for answer in answers]
    telling = [label for label in rows[0] if len({row.get(label) for row in rows}) > 1]
    return [
        {
            **answer,
            "label": " · ".join(row[label] for label in telling if label in row),
            "layers": packer.of_case(case).changing(),
        }
        for case, answer, row in zip(cases, answers, rows, strict=True)
    ]


def _headline(coverage: Coverage, case: Case, language: str) -> list[dict[str, Any]]:
    """The counts of each limit, and the rule that sets it."""
    total = coverage.total(case)
    return [
        {
            "households": float(total["households"]),
            "people": float(total["people"]),
            "served": float(total[f"served_households_{m:g}"]),
            "served_people": float(total[f"served_people_{m:g}"]),
            "limit": _limit(coverage, case, m, language),
            "short": _short(coverage, case, m, language),
            "rule": _rule(coverage.binding_rule(case, m), language),
        }
        for m in coverage.minutes
    ]


def _limit(coverage: Coverage, case: Case, minutes: float, language: str) -> str:
    limit = coverage.limit(case, minutes)
    if case.mode == "distance":
        return translate(msg("{metres} m along the streets", metres=f"{limit:,.0f}"), language)
    return translate(msg("{minutes} min on foot", minutes=f"{limit / 60:g}"), language)


def _short(coverage: Coverage, case: Case, minutes: float, language: str) -> str:
    """A limit in the unit of its mode, for labels."""
    limit = coverage.limit(case, minutes)
    if case.mode == "distance":
        return translate(msg("{metres} m", metres=f"{limit:,.0f}"), language)
    return translate(msg("{minutes} min", minutes=f"{limit / 60:g}"), language)


def _rule(rule: Rule, language: str) -> str:
    """Where a limit is written, and how sure that is."""
    name = clean_text(rule.name.get(language) or rule.citation or rule.id)
    if rule.citation and rule.citation != name:
        name = translate(msg("{name} ({source})", name=name, source=rule.citation), language)
    return translate(msg("{rule}: {status}", rule=name, status=known_message("status", rule.status)), language)


def _basis(coverage: Coverage, case: Case, language: str) -> list[list[str]]:
    """Mode, profile, speed, tier and centre as label and value."""
    profile = coverage.profile(case)
    tier: Message | str = msg("all tiers")
    rows: list[tuple[Message, str]] = [(msg("Measured"), known_name("mode", case.mode, language))]
    rows.append((msg("Who walks"), clean_text(profile.name.get(language, profile.id))))
    if case.mode == "time":
        speed = translate(msg("{speed} m/s", speed=f"{profile.speed_m_s:g}"), language)
        rows.append((msg("Speed"), speed))
    shown_tier = clean_text(known_name("tier", case.tier, language)) if case.tier else translate(tier, language)
    rows.append((msg("Tier"), shown_tier))
    rows.append((msg("Which centre"), known_name("centre", case.centre, language)))
    return [[translate(label, language), value] for label, value in rows]


def _notices(coverage: Coverage, language: str) -> list[dict[str, Any]]:
    """Each sentence once, those that must stand everywhere first."""
    seen: dict[str, dict[str, Any]] = {}
    for notice in sorted(coverage.notices, key=lambda n: not n.everywhere):
        text = clean_text(translate(notice.message, language))
        credit = _ATTRIBUTION in notice.code
        seen.setdefault(text, {"text": text, "everywhere": notice.everywhere, "credit": credit})
    return list(seen.values())
