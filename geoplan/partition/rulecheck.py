"""The household range that binds, and what every other rule of the active standards says of the communities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.model import Notice
from geoplan.partition.measures import Measures
from geoplan.standards import Rule, Standard, find_rule, load_standard, rules_for

__all__ = ["NATIONAL", "RuleCheck", "Wanted", "check_rules", "limits_text", "rule_notices", "wanted_range"]

NATIONAL = "national-2026"
"""The law that holds where no active standard speaks of a community's households."""

_SUBJECTS = {"communities": "community", "grids": "grid", "subdistricts": "subdistrict"}
_COLUMNS = {
    "community.households": "households",
    "community.households_usual": "households",
    "community.households_split": "households",
    "community.households_merge": "households",
    "community.people_usual": "people",
    "community.parts": "pieces",
    "grid.households": "households",
    "grid.people": "people",
    "subdistrict.people": "people",
    "subdistrict.people_core": "people",
    "subdistrict.area_km2": "area_km2",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Range and target of a part's households, and where the range comes from.

    Attributes
    ----------
    lower, upper
        Range, ends included.
    target
        Wanted households; None where nothing says so: then the mean.
    rule
        The rule that gave the range; None where it was asked for.
    standards
        The standards whose rules are reported.
    """

    lower: float
    upper: float
    target: float | None
    rule: Rule | None
    standards: tuple[Standard, ...]


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """One rule, whether the proposals keep it by force, and who breaks it today and in the proposal.

    Attributes
    ----------
    rule
        The rule.
    enforced
        Whether it is the household range that every part must keep.
    broken_before, broken_after
        Ids of the communities outside its limits.
    """

    rule: Rule
    enforced: bool
    broken_before: tuple[str, ...]
    broken_after: tuple[str, ...]


def wanted_range(
    level: str,
    target: float | None,
    lower: float | None,
    upper: float | None,
    *,
    tolerance: float,
    standards: Sequence[str],
) -> Wanted:
    """The range and the target: as given, else about the target, else that of the binding rule.

    Parameters
    ----------
    level
        Name of the level.
    target, lower, upper
        As asked for, households.
    tolerance
        Share by which the target may be missed.
    standards
        Ids or files of the active standards.

    Returns
    -------
    Wanted

    Raises
    ------
    InputError
        If nothing gives a range, or the numbers make none.
    """
    subject = _SUBJECTS.get(level, "community")
    active = [load_standard(name) for name in standards]
    if subject == "community" and find_rule(active, "community.households") is None:
        active.append(load_standard(NATIONAL))
    rule = None
    if target is None and lower is None and upper is None:
        rule = find_rule(active, f"{subject}.households")
        if rule is None:
            raise InputError(
                Fault(
                    "no-range",
                    msg("how many households a unit of {level} may have", level=level),
                    msg("neither range nor target, and no standard with a rule for it"),
                    msg("give --target, or --lower and --upper"),
                )
            )
        lower, upper, target = rule.low, rule.high, rule.value
    if target is not None and lower is None:
        lower = target * (1 - tolerance)
    if target is not None and upper is None:
        upper = target * (1 + tolerance)
    low, high = float(lower or 0.0), float(math.inf if upper is None else upper)
    _check_range(low, high, target)
    return Wanted(low, high, None if target is None else float(target), rule, tuple(active))


def _check_range(low: float, high: float, target: float | None) -> None:
    faults = []
    if not (0 <= low <= high and math.isfinite(low) and high > 0):
        faults.append(
            Fault(
                "bad-range",
                msg("a range of households from 0 up, its lower end first"),
                msg("{lower:g} to {upper:g}", lower=low, upper=high),
                msg("use for example --lower 2550 --upper 3450"),
            )
        )
    elif target is not None and not (target > 0 and low <= target <= high):
        faults.append(
            Fault(
                "bad-target",
                msg("a target within the range, above 0"),
                msg("{target:g}; the range is {lower:g} to {upper:g}", target=target, lower=low, upper=high),
                msg("leave --target away, or widen --lower and --upper"),
            )
        )
    if faults:
        raise InputError(faults)


def check_rules(level: str, wanted: Wanted, before: Measures, after: Measures) -> tuple[RuleCheck, ...]:
    """Who breaks which rule, the binding one of each quantity first.

    Parameters
    ----------
    level
        Name of the level.
    wanted
        The range in force and the standards.
    before, after
        Measures of today's communities and of the proposal.

    Returns
    -------
    tuple of RuleCheck
    """
    subject = _SUBJECTS.get(level, "community")
    checks = []
    for quantity, column in _COLUMNS.items():
        if quantity.split(".")[0] != subject:
            continue
        for rule in rules_for(wanted.standards, quantity):
            enforced = wanted.rule is not None and rule.id == wanted.rule.id
            checks.append(RuleCheck(rule, enforced, _broken(rule, column, before), _broken(rule, column, after)))
    return tuple(checks)


def _broken(rule: Rule, column: str, measures: Measures) -> tuple[str, ...]:
    table = measures.parts
    values: pd.Series = table["area_m2"] / 1e6 if column == "area_km2" else table[column]
    return tuple(str(i) for i, value in values.items() if pd.notna(value) and not rule.allows(float(value)))


def rule_notices(wanted: Wanted, checks: Sequence[RuleCheck]) -> tuple[Notice, ...]:
    """What a reader must know: where the range comes from, and which rules are not verified.

    Parameters
    ----------
    wanted
        The range in force.
    checks
        From :func:`check_rules`.

    Returns
    -------
    tuple of Notice
    """
    notices = []
    if wanted.rule is not None:
        text = msg(
            "the household range {lower:,.0f} to {upper:,.0f} is that of {rule} ({source})",
            lower=wanted.lower,
            upper=wanted.upper,
            rule=wanted.rule.id,
            source=wanted.rule.citation,
        )
        notices.append(Notice("range-of-rule", text))
    unsure = sorted({check.rule.id for check in checks if check.rule.status == "unverified"})
    if unsure:
        text = msg("not verified in the source: {rules}", rules=", ".join(unsure))
        notices.append(Notice("unverified-rules", text, everywhere=True))
    return tuple(notices)


def limits_text(rule: Rule) -> Message:
    """The limits of a rule in words.

    Parameters
    ----------
    rule
        The rule.

    Returns
    -------
    Message
    """
    if rule.low is not None and rule.high is not None:
        return msg("{low:,g} to {high:,g}", low=rule.low, high=rule.high)
    if rule.high is not None:
        return msg("at most {high:,g}", high=rule.high)
    if rule.low is not None:
        return msg("at least {low:,g}", low=rule.low)
    return msg("usually {value:,g}", value=rule.value)
