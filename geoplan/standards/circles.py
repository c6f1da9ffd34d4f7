"""Limits of the 5-, 10- and 15-minute circles, in seconds or in metres."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Literal

from geoplan.errors import Fault, InputError, msg
from geoplan.standards.profiles import Profile
from geoplan.standards.rules import Rule, Standard, find_rule

__all__ = ["Mode", "circle_limit", "circle_rule"]

Mode = Literal["time", "distance"]


def circle_rule(standards: Sequence[Standard], minutes: float, mode: Mode) -> Rule:
    """The rule that sets the limit of a circle.

    Parameters
    ----------
    standards
        The active standards.
    minutes
        Circle in minutes.
    mode
        ``"time"`` or ``"distance"``.

    Returns
    -------
    Rule
        In minutes or metres. In time mode any circle may be asked for: where no standard has it, the rule has the id
        ``requested`` and says so.

    Raises
    ------
    InputError
        If the mode is unknown, the minutes are no positive number, or in distance mode no active standard gives a
        distance for them; names the circles that have one.
    """
    if mode not in ("time", "distance"):
        raise InputError(
            Fault(
                code="unknown-mode",
                needed=msg("time or distance"),
                given=msg("{mode}", mode=mode),
                mend=msg("use time (speed, stairs, crossings) or distance (the standard's metres along streets)"),
            )
        )
    if not (isfinite(minutes) and minutes > 0):
        raise InputError(
            Fault(
                code="bad-minutes",
                needed=msg("minutes above 0"),
                given=msg("{minutes}", minutes=minutes),
                mend=msg("use for example 5, 10 or 15"),
            )
        )
    rule = find_rule(standards, f"circle.{minutes:g}.{mode}")
    if rule is not None:
        return rule
    if mode == "distance":
        raise _no_distance(standards, minutes)
    return Rule(
        id="requested",
        quantity=f"circle.{minutes:g}.time",
        value=None,
        low=None,
        high=float(minutes),
        unit="min",
        source="",
        edition="",
        clause="",
        status="derived",
        name={"zh": "规划人员指定", "en": "as asked for"},
    )


def circle_limit(standards: Sequence[Standard], minutes: float, mode: Mode, profile: Profile) -> float:
    """Largest walk that still counts as within the circle; the limit itself counts.

    Parameters
    ----------
    standards
        The active standards.
    minutes
        Circle in minutes.
    mode
        ``"time"``: the walk is measured in seconds; ``"distance"``: in metres along the network.
    profile
        Who walks. Speeds are part of the walk in time mode, so the limit is the same for all profiles.

    Returns
    -------
    float
        Seconds (time) or metres (distance).

    Raises
    ------
    InputError
        As :func:`circle_rule`.

    Examples
    --------
    >>> from geoplan.standards import load_profile, load_standard
    >>> active, planner = [load_standard("gb50180-2018")], load_profile("planner")
    >>> circle_limit(active, 15, "time", planner), circle_limit(active, 15, "distance", planner)
    (900.0, 1000.0)
    """
    del profile  # the same for all: who walks slowly gets less far within the limit
    rule = circle_rule(standards, minutes, mode)
    return rule.limit * 60.0 if mode == "time" else rule.limit


def _no_distance(standards: Sequence[Standard], minutes: float) -> InputError:
    pattern = re.compile(r"circle\.(\d+(?:\.\d+)?)\.distance")
    matches = (pattern.fullmatch(rule.quantity) for standard in standards for rule in standard.rules)
    known = sorted({float(match[1]) for match in matches if match})
    return InputError(
        Fault(
            code="no-circle-distance",
            needed=msg(
                "minutes for which the standards give a walking distance: {minutes}",
                minutes=", ".join(f"{m:g}" for m in known) or "-",
            ),
            given=msg("{minutes} minutes", minutes=f"{minutes:g}"),
            mend=msg("use those minutes, the time mode, or a standard with such a distance"),
        )
    )
