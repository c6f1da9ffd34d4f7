"""What a reader of a coverage has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geoplan.coverage.options import Plan, taken_facilities
from geoplan.errors import msg
from geoplan.model import Notice, Town
from geoplan.reach import Reach
from geoplan.standards import Rule, circle_rule, find_rule
from geoplan.text.labels import known_message

__all__ = ["FLOOR_RULES", "coverage_notices"]

FLOOR_RULES = ("service_site.area_min", "service_site.area_per_100_households")
"""Quantities of the rules about floor area."""


def coverage_notices(
    town: Town, plan: Plan, shared: Mapping[str, Sequence[str]], *, reach: Reach
) -> tuple[Notice, ...]:
    """Notices of the town and of its coverage, each code once.

    Parameters
    ----------
    town
        The town.
    plan
        What was measured.
    shared
        Buildings that several units of a level claim, by level.
    reach
        The town's walks.

    Returns
    -------
    tuple of Notice
        The town's first.
    """
    found = list(town.notices)
    codes = {notice.code for notice in found}
    new = [*reach.notices, *_data_notices(town), *_rule_notices(plan)]
    found += [notice for notice in new if notice.code not in codes]
    found += [
        Notice(
            f"shared-places-{level}",
            msg(
                "{count} buildings lie in several units of the level {level}; they count to the smallest id",
                count=len(rows),
                level=known_message("level", level),
            ),
        )
        for level, rows in shared.items()
    ]
    if not len(taken_facilities(town, plan.kinds)):
        found.append(Notice("no-facilities", msg("there is no facility that counts: nobody is served"), True))
    return tuple(found)


def _data_notices(town: Town) -> list[Notice]:
    found = []
    if town.estimated:
        count = int(town.buildings["estimated"].sum())
        found.append(
            Notice(
                "households-estimated",
                msg("households of {count} of {all} buildings are estimates", count=count, all=len(town.buildings)),
                True,
            )
        )
    if town.datum == "unknown":
        found.append(Notice("datum-unknown", msg("the datum of the data is unknown; places may be off by 500 m"), True))
    return found


def _rule_notices(plan: Plan) -> list[Notice]:
    rules: dict[str, Rule] = {}
    for mode in sorted({case.mode for case in plan.cases}):
        for m in plan.minutes:
            rule = circle_rule(plan.standards, m, mode)
            rules[rule.id] = rule
    for quantity in FLOOR_RULES:
        floor_rule = find_rule(plan.standards, quantity)
        if floor_rule is not None:
            rules[floor_rule.id] = floor_rule
    found = []
    unverified = sorted(rule.id for rule in rules.values() if rule.status == "unverified")
    if unverified:
        found.append(
            Notice(
                "unverified-rules", msg("rules that nobody has verified: {rules}", rules=", ".join(unverified)), True
            )
        )
    overridden = sorted(rule.id for rule in rules.values() if rule.overridden)
    if overridden:
        found.append(
            Notice("overridden-rules", msg("rules set by the planner: {rules}", rules=", ".join(overridden)), True)
        )
    walkers = sorted(profile.id for profile in plan.profiles.values() if profile.status == "unverified")
    if walkers:
        found.append(
            Notice(
                "unverified-profiles",
                msg("walking speeds that nobody has verified: {profiles}", profiles=", ".join(walkers)),
                True,
            )
        )
    return found
