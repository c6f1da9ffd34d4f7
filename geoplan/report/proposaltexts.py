"""What a planner reads of proposals first: how many move, how near to the best possible, whether every rule holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from geoplan.errors import Message, msg
from geoplan.partition.rulecheck import limits_text
from geoplan.text import translate
from geoplan.text.labels import known_name

if TYPE_CHECKING:
    from geoplan.partition.propose import Proposal
    from geoplan.partition.rulecheck import RuleCheck

__all__ = ["answer_lines", "headline", "notice_lines", "one_line", "proposal_name", "proven", "rule_rows", "rules_hold"]

_IDS_NAMED = 5


def proposal_name(proposal: Proposal, language: str) -> str:
    """What a proposal is called.

    Parameters
    ----------
    proposal
        The proposal.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    base, dash, number = proposal.name.rpartition("-")
    if not dash or not number.isdigit():
        return known_name("proposal", proposal.name, language)
    title = known_name("proposal", base, language)
    if proposal.favours == "balance":
        return translate(msg("{name} ({number})", name=title, number=number), language)
    return translate(msg("{name}, {number} communities", name=title, number=number), language)


def proven(proposal: Proposal) -> Message:
    """How near a proposal is to the fewest households that can be moved.

    Parameters
    ----------
    proposal
        A feasible proposal.

    Returns
    -------
    Message
    """
    if proposal.bound is None or proposal.gap is None:
        return msg("how many households must move is not proven")
    facts = {"bound": proposal.bound.value, "gap": proposal.gap, "parts": len(proposal.after.parts)}
    if proposal.moved_households <= 0:
        return msg("nobody has to move")
    if proposal.gap <= 0:
        return msg("proven: with {parts} communities no fewer can be moved", **facts)
    return msg(
        "proven: with {parts} communities at least {bound:,.0f} must move; within {gap:.1%} of the best possible",
        **facts,
    )


def rules_hold(proposals: Sequence[Proposal]) -> Message:
    """That every rule holds, with the range; which rules these are.

    Parameters
    ----------
    proposals
        Feasible proposals of one call.

    Returns
    -------
    Message
    """
    first = proposals[0]
    limits = first.limits
    facts = {"lower": limits.lower, "upper": limits.upper}
    text = msg("{lower:,.0f} to {upper:,.0f} households each, one piece each, no estate split", **facts)
    if limits.upper == float("inf"):
        text = msg("at least {lower:,.0f} households each, one piece each, no estate split", **facts)
    more: list[Message] = [text]
    if first.partition.units.parent is not None:
        more.append(msg("inside the level above"))
    if limits.locked or limits.locked_units:
        count = len(limits.locked) + len(limits.locked_units)
        more.append(msg("{count} locked communities or units unchanged", count=count))
    if limits.centre:
        more.append(msg("a centre or candidate site in each"))
    joined = more[0]
    for one in more[1:]:
        joined = msg("{one}, {other}", one=joined, other=one)
    if len(proposals) == 1:
        return msg("Every rule holds: {rules}.", rules=joined)
    return msg("Every rule holds in all {count} proposals: {rules}.", count=len(proposals), rules=joined)


def answer_lines(proposals: Sequence[Proposal], language: str) -> list[str]:
    """What a planner reads first: how many move, how near to the best possible, whether every rule holds.

    Parameters
    ----------
    proposals
        The proposals of one call.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    if proposals[0].feasible:
        said = [translate(text, language) for text in headline(proposals)]
        said += [f"- {translate(one_line(p, language), language)}" for p in proposals]
    else:
        said = [translate(msg("No proposal keeps every rule:"), language)]
        said += [f"- {translate(reason, language)}" for reason in proposals[0].reasons]
    return said + [translate(text, language) for text in notice_lines(proposals)]


def headline(proposals: Sequence[Proposal]) -> list[Message]:
    """The sentences that come before everything else.

    Parameters
    ----------
    proposals
        What one call returned, feasible.

    Returns
    -------
    list of Message
    """
    fewest = min(proposals, key=lambda p: p.moved_households)
    total = float(fewest.after.parts["households"].sum())
    moved = msg(
        "At the fewest {moved:,.0f} of {total:,.0f} households ({share:.1%}) change their community; {proof}.",
        moved=fewest.moved_households,
        total=total,
        share=fewest.moved_households / max(total, 1e-9),
        proof=proven(fewest),
    )
    enclaves = max(len(p.enclaves_after) for p in proposals)
    before = len(proposals[0].enclaves_before)
    left = msg("Enclaves: {before} today, {after} at most in the proposals.", before=before, after=enclaves)
    if not enclaves:
        left = msg("Enclaves: {before} today, none in the proposals.", before=before)
    return [moved, rules_hold(proposals), left]


def one_line(proposal: Proposal, language: str) -> Message:
    """One proposal in a line.

    Parameters
    ----------
    proposal
        A feasible proposal.
    language
        Language of its name.

    Returns
    -------
    Message
    """
    after = proposal.after
    facts: dict[str, Any] = {
        "name": proposal_name(proposal, language),
        "parts": len(after.parts),
        "moved": proposal.moved_households,
        "deviation": after.max_deviation,
        "walk": proposal.walked.mean_walk_min,
        "planned": proposal.planned_walk_min,
        "km": after.boundary_m / 1000,
    }
    text = msg(
        "{name}: {parts} communities, {moved:,.0f} households moved; deviation at most {deviation:.1%}, "
        "mean walk {walk:.1f} min, boundaries {km:.1f} km",
        **facts,
    )
    if proposal.planned_walk_min is not None:
        text = msg(
            "{name}: {parts} communities, {moved:,.0f} households moved; deviation at most {deviation:.1%}, "
            "mean walk to today's centres {walk:.1f} min ({planned:.1f} min with the candidate sites), "
            "boundaries {km:.1f} km",
            **facts,
        )
    if after.mean_walk_min != after.mean_walk_min:
        text = msg(
            "{name}: {parts} communities, {moved:,.0f} households moved; deviation at most {deviation:.1%}, "
            "boundaries {km:.1f} km",
            **facts,
        )
    return text


def notice_lines(proposals: Sequence[Proposal]) -> list[Message]:
    """What other rules say, and what every output must print.

    Parameters
    ----------
    proposals
        What one call returned.

    Returns
    -------
    list of Message
    """
    first = proposals[0]
    lines = [
        msg(
            "Reported, not enforced: {rule} ({limits}, {status}): {before} communities outside it today, {after} in "
            "the first proposal",
            rule=check.rule.id,
            limits=limits_text(check.rule),
            status=_status(check),
            before=len(check.broken_before),
            after=len(check.broken_after),
        )
        for check in first.rules
        if not check.enforced and first.feasible and (check.broken_after or check.broken_before)
    ]
    codes = ("range-of-rule", "numbers-tried", "no-own-rule")
    return lines + [n.message for n in first.notices if n.everywhere or n.code in codes]


def _status(check: RuleCheck) -> Message:
    from geoplan.text.labels import known_message

    found = known_message("status", check.rule.status)
    return found if isinstance(found, Message) else msg("{text}", text=found)


def rule_rows(proposal: Proposal, language: str) -> list[dict[str, Any]]:
    """Every rule with who breaks it, for a table.

    Parameters
    ----------
    proposal
        The proposal.
    language
        Language of the texts.

    Returns
    -------
    list of dict
        quantity, rule, limits, source, status, enforced, before, after (counts), which (names).
    """
    names = dict(zip(proposal.after.parts.index, proposal.after.parts["name"], strict=True))
    rows = []
    for check in proposal.rules:
        listed = [str(names.get(i, i)) for i in check.broken_after]
        more = len(listed) - _IDS_NAMED
        which = ", ".join(listed[:_IDS_NAMED])
        if more > 0:
            which = translate(msg("{names} and {more} more", names=which, more=more), language)
        rows.append(
            {
                "quantity": translate(_quantity(check.rule.quantity), language),
                "rule": check.rule.id,
                "limits": translate(limits_text(check.rule), language),
                "source": check.rule.citation,
                "status": translate(_status(check), language),
                "enforced": translate(msg("enforced") if check.enforced else msg("reported"), language),
                "before": len(check.broken_before),
                "after": len(check.broken_after),
                "which": which,
            }
        )
    return rows


def _quantity(quantity: str) -> Message:
    known = {
        "households": msg("households"),
        "households_usual": msg("households, usual size"),
        "households_split": msg("households: split above"),
        "households_merge": msg("households: merge below"),
        "people_usual": msg("residents, usual size"),
        "people": msg("residents"),
        "people_core": msg("residents, in the core"),
        "parts": msg("pieces"),
        "area_km2": msg("area (km²)"),
    }
    return known.get(quantity.partition(".")[2], msg("{text}", text=quantity))
