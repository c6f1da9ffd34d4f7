"""Which wishes of a planner cannot hold together, by how much, and the smallest change with which they could."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoplan.errors import Message, msg
from geoplan.partition.field import Field
from geoplan.partition.infeasible import (
    Conflict,
    Infeasible,
    count_of_communities,
    count_of_parts,
    count_of_units,
    explain_infeasible,
    range_words,
    workable_messages,
)
from geoplan.partition.kernel import components_of_parts
from geoplan.partition.workable import Ground, Workable, workable_range

__all__ = ["Names", "conflicts_of", "nearest_range", "numbers_to_try"]

Ints = NDArray[np.int64]

_FEWEST_TRIED, _MOST_TRIED = 3, 12
_MOVES_PER_NUMBER = 8
"""Millions of moves that a number of parts needs at least."""
_OPEN_NUMBERS = 5
"""Numbers tried where neither a number nor a target is wanted."""
_MOST_CHECKED = 400


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called in reasons.

    Attributes
    ----------
    bases
        Name of each of today's communities.
    areas
        Name of the unit of the level above that each unit lies in, "" without one.
    units
        Name of each unit.
    """

    bases: Sequence[str]
    areas: Sequence[str]
    units: Sequence[str]


def conflicts_of(land: Field, names: Names, *, thorough: bool = False) -> tuple[list[Message], float]:
    """Why no partition with this number of parts can exist, and the smallest change with which one can.

    Parameters
    ----------
    land
        What is divided, with the rules and the number of parts.
    names
        What things are called.
    thorough
        Whether a range that really works is looked for, and not only what the counts allow.

    Returns
    -------
    tuple
        Messages, empty where nothing is proven against the wishes; and how far the range would have to be widened
        (``inf`` where that is not enough).
    """
    upper = land.said_upper
    locked = np.full(len(land.weight), -1)
    for base in land.closed:
        locked[land.base == base] = base
    found = explain_infeasible(
        land.indptr,
        land.indices,
        land.weight,
        parts=land.parts,
        lower=land.lower,
        upper=upper,
        locked=locked,
        names=names.bases,
        areas=names.areas,
    )
    pinned = _fixed_conflicts(land, names)
    firm = [*_all_locked(land), *_site_conflicts(land, names)]
    if not (found or pinned or firm):
        return [], 0.0
    heavy = _too_heavy(land, names) if any(w > upper + 1e-9 for w in land.weight[locked < 0]) else []
    said = [*(c.message for c in found.conflicts), *heavy, *(c.message for c in pinned)]
    out = _closed_out(land)
    work = _workable(land, locked, found) if thorough and not firm else None
    changes = [c.message for c in firm]
    if work is not None:
        # with locks the counts speak of the other communities only
        counted = None if land.closed else found.relaxation
        told = _unlocking(land, names, out, work) if out else workable_messages(work, counted, land.parts)
        changes = list(told)
    else:
        changes += [*_closed_relaxations(land, names, out), *_by_counts(land, found, out)]
        if len(changes) + len(pinned) > 1:
            changes.append(msg("all of these changes are needed together"))
    widened = math.inf
    if found.relaxation is not None and not (pinned or firm or out):
        widened = max(land.lower - found.relaxation.lower, 0.0) + max(found.relaxation.upper - upper, 0.0)
    return [*said, *changes], widened


def _closed_out(land: Field) -> list[int]:
    """Locked communities out of range."""
    held = {base: float(land.weight[land.base == base].sum()) for base in land.closed}
    return [base for base, households in held.items() if not land.lower <= households <= land.said_upper]


def _workable(land: Field, locked: Ints, found: Infeasible) -> Workable | None:
    """The nearest range that works with the locks as they are."""
    free = np.flatnonzero(locked < 0)
    parts = land.parts - len(land.closed)
    held = [float(land.weight[land.base == base].sum()) for base in land.closed]
    lower, upper = min([land.lower, *held]), max([land.said_upper, *held])
    if any(_pieces_of(land, base) > 1 for base in land.closed):
        return None
    if not len(free):
        return None if parts else Workable(lower, upper, True, np.zeros(0, np.int64))
    row = np.full(len(land.weight), -1)
    row[free] = np.arange(len(free))
    tail = np.repeat(np.arange(len(land.weight)), np.diff(land.indptr))
    keep = (row[tail] >= 0) & (row[land.indices] >= 0)
    counts = np.bincount(row[tail[keep]], minlength=len(free))
    ground = Ground(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row[land.indices[keep]].astype(np.int64),
        land.weight[free],
        parts,
        np.where(land.fixed[free], land.base[free], -1) if land.fixed[free].any() else None,
        np.isin(free, land.site_units) if land.site_each else None,
    )
    relaxed = found.relaxation
    return workable_range(ground, lower, upper, hints=[] if relaxed is None else [(relaxed.lower, relaxed.upper)])


def nearest_range(land: Field) -> Workable | None:
    """Find the range nearest to the wanted one that an arrangement of all units keeps with the locks as they are.

    Parameters
    ----------
    land
        What is divided, with the rules and the number of parts; counts and locks speak against nothing.

    Returns
    -------
    Workable or None
        None where no arrangement was found, whatever the range.
    """
    locked = np.where(np.isin(land.base, land.closed), land.base, -1)
    work = _workable(land, locked, Infeasible())
    if work is None:
        return None
    part_of = np.zeros(len(land.weight), np.int64)
    for number, base in enumerate(land.closed):
        part_of[locked == base] = number
    part_of[locked < 0] = work.part_of + len(land.closed)
    return replace(work, part_of=part_of)


def _pieces_of(land: Field, base: int) -> int:
    label = np.where(land.base == base, -1, np.arange(len(land.weight)))
    return len(np.unique(components_of_parts(land.indptr, land.indices, label)[land.base == base]))


def _unlocking(land: Field, names: Names, out: Sequence[int], work: Workable) -> list[Message]:
    """Locked communities out of range: unlocking them, where that alone is known to do, or the range."""
    others = tuple(base for base in land.closed if base not in out)
    opened = replace(land, closed=others, fixed=land.fixed & ~np.isin(land.base, out))
    locked = np.where(np.isin(land.base, others), land.base, -1)
    alone = _workable(opened, locked, Infeasible())
    facts = {
        "name": ", ".join(names.bases[base] for base in out),
        "range": range_words(work.lower, work.upper),
        "parts": count_of_parts(land.parts),
    }
    if alone is not None and (alone.lower, alone.upper) == (land.lower, land.said_upper):
        if not work.proven:
            return [msg("unlock {name}, or allow a range of {range}: both hold arrangements that were found", **facts)]
        return [msg("the smallest change: unlock {name}, or a range of {range}", **facts)]
    if work.proven:
        return [msg("the smallest change with {name} locked: a range of {range} for {parts}", **facts)]
    return [msg("with {name} locked, a range of {range} holds an arrangement of {parts} that was found", **facts)]


def _by_counts(land: Field, found: Infeasible, out: Sequence[int]) -> list[Message]:
    """What the counts allow, which left the locked communities out."""
    if found.relaxation is None or out:
        return []
    if not land.closed:
        return [found.relaxation.message]
    return [msg("beside the locked communities: {change}", change=found.relaxation.message)]


def _too_heavy(land: Field, names: Names) -> list[Message]:
    """Units above the upper limit by name, the heaviest first."""
    free = ~np.isin(land.base, land.closed)
    heavy = np.flatnonzero((land.weight > land.said_upper + 1e-9) & free)
    heavy = heavy[np.lexsort((heavy, -land.weight[heavy]))]
    listed = ", ".join(f"{names.units[u]} ({land.weight[u]:,.10g})" for u in heavy[:5])
    text = msg(
        "too large to be in any community: {units}; declare them divisible, or allow at least {heaviest:,.10g} "
        "households",
        units=listed,
        heaviest=float(land.weight[heavy].max()),
    )
    return [text]


def _closed_relaxations(land: Field, names: Names, out: Sequence[int]) -> list[Message]:
    """What would do by counts alone where locked communities are out of range; those in pieces must be unlocked."""
    said = []
    torn = [base for base in land.closed if _pieces_of(land, base) > 1]
    if torn:
        name = ", ".join(names.bases[base] for base in torn)
        said.append(msg("unlock {name}: locked in pieces it cannot become whole", name=name))
    whole = [base for base in out if base not in torn]
    # where all are locked and another number is wanted, no range helps
    if whole and not _all_locked(land):
        held = [float(land.weight[land.base == base].sum()) for base in whole]
        words = range_words(min([*held, land.lower]), max([*held, land.said_upper]))
        name = ", ".join(names.bases[base] for base in whole)
        said.append(msg("unlock {name}, or allow by counts alone a range of {range}", name=name, range=words))
    return said


def _all_locked(land: Field) -> list[Conflict]:
    if len(land.closed) < len(land.base_ids) or land.parts == len(land.closed):
        return []
    text = msg(
        "all {count} communities are locked, but {parts} are wanted: unlock some, or ask for {count}",
        count=len(land.closed),
        parts=land.parts,
    )
    return [Conflict(text, abs(land.parts - len(land.closed)))]


def _fixed_conflicts(land: Field, names: Names) -> list[Conflict]:
    """Locks that ask for too many communities, too many households in one, or for two areas in one."""
    found = []
    bound = land.bound_bases
    if len(bound) > land.parts:
        text = msg(
            "{count} are locked or hold locked units and must stay, more than the {parts} wanted: "
            "unlock {more}, or ask for {count}",
            count=count_of_communities(len(bound)),
            parts=land.parts,
            more=len(bound) - land.parts,
        )
        found.append(Conflict(text, float(len(bound) - land.parts)))
    component = components_of_parts(land.indptr, land.indices, np.zeros(len(land.weight), np.int64))
    for base in sorted(set(bound) - set(land.closed)):
        mine = land.fixed & (land.base == base)
        held = float(land.weight[mine].sum())
        if held > land.said_upper + 1e-9:
            text = msg(
                "the locked units of {name} have {held:,.10g} households, {amount:,.10g} more than {upper:,.10g}: "
                "unlock some, or allow at least {held:,.10g}",
                name=names.bases[base],
                held=held,
                amount=held - land.said_upper,
                upper=land.said_upper,
            )
            found.append(Conflict(text, held - land.said_upper))
        areas = len(np.unique(component[mine]))
        if areas > 1:
            text = msg(
                "the locked units of {name} lie in {areas} areas that do not touch and cannot be one community: "
                "unlock those of {more}",
                name=names.bases[base],
                areas=areas,
                more=areas - 1,
            )
            found.append(Conflict(text, float(areas - 1)))
    return found


def _site_conflicts(land: Field, names: Names) -> list[Conflict]:
    """Where not every part can have a centre or candidate site in it."""
    if not land.site_each:
        return []
    found: list[Conflict] = []
    sites = land.site_units
    for base in land.closed:
        if not (land.base[sites] == base).any():
            text = msg(
                "locked {name} holds neither centre nor candidate site: unlock it, or add one", name=names.bases[base]
            )
            found.append(Conflict(text, 1.0))
    free = sites[~np.isin(land.base[sites], land.closed)]
    # all the sites on locked units of one community can only serve that one
    pinned = free[land.fixed[free]]
    loose = free[~land.fixed[free]]
    usable = len(loose) + len(np.unique(land.base[pinned]))
    wanted = land.parts - len(land.closed)
    if usable < wanted:
        found.append(Conflict(_too_few_sites(land, usable, wanted), float(wanted - usable)))
    found += _area_conflicts(land, names, free)
    return found


def _too_few_sites(land: Field, usable: int, wanted: int) -> Message:
    best = usable + len(land.closed)
    facts = {
        "wanted": count_of_communities(wanted),
        "usable": count_of_units(usable),
        "missing": wanted - usable,
        "best": count_of_communities(best),
    }
    each = float(land.weight.sum()) / max(best, 1)
    if not best:
        return msg("a centre or candidate site each is wanted for {wanted}, and there is none: add {missing}", **facts)
    if len(land.closed):
        text = msg(
            "a centre or candidate site each is wanted for {wanted} beside the locked ones; "
            "sites stand in {usable} outside those: {missing} too few",
            **facts,
        )
    else:
        text = msg(
            "a centre or candidate site each is wanted for {wanted}; sites stand in {usable}: {missing} too few",
            **facts,
        )
    if land.lower <= each <= land.upper:
        mend = msg("by counts alone the smallest change: units with sites, {missing} more, or {best}", **facts)
    else:
        mend = msg(
            "by counts alone the smallest change: units with sites, {missing} more, or {best} of about {each:,.0f} "
            "households",
            each=each,
            **facts,
        )
    return msg("{conflict}; {change}", conflict=text, change=mend)


def _area_conflicts(land: Field, names: Names, free: Ints) -> list[Conflict]:
    """Areas that do not touch the others and have fewer sites than the communities that they need."""
    open_units = ~np.isin(land.base, land.closed)
    label = np.where(open_units, -1, np.arange(len(land.weight)))
    component = components_of_parts(land.indptr, land.indices, label)
    areas = np.unique(component[open_units])
    found = []
    for area in areas if len(areas) > 1 else []:
        mine = (component == area) & open_units
        held = float(land.weight[mine].sum())
        needs = max(math.ceil(held / land.upper - 1e-9), 1) if land.upper > 0 else 1
        has = int(np.isin(free, np.flatnonzero(mine)).sum())
        if has < needs:
            first = int(np.flatnonzero(mine)[0])
            text = msg(
                "{area} ({units}, {held:,.0f} households) needs at least {needs} but has {has} with a centre or "
                "candidate site: add {missing}",
                area=names.areas[first] or names.bases[int(land.base[first])],
                units=count_of_units(int(mine.sum())),
                held=held,
                needs=count_of_communities(needs),
                has=count_of_units(has),
                missing=needs - has,
            )
            found.append(Conflict(text, float(needs - has)))
    return found


def numbers_to_try(
    land: Field,
    names: Names,
    parts: int | tuple[int, int] | None,
    *,
    target: float | None,
    effort: int,
) -> tuple[list[int], list[Message], list[int]]:
    """Numbers of parts that range and locks allow, out of those wanted.

    Parameters
    ----------
    land
        What is divided; its number of parts does not matter.
    names
        What things are called.
    parts
        One number, a range of them, or None: the one nearest to what the target asks for; without a target a few
        from the nearest to today's number to the one in the middle of the range, or to the fewest where the range has
        no upper end.
    target
        Wanted households of a part, or None.
    effort
        Work in millions of moves, to be shared out.

    Returns
    -------
    tuple
        Numbers to try; if there are none, why; and the numbers that were possible but not tried.
    """
    units, total = len(land.weight), float(land.weight.sum())
    if parts is not None and not isinstance(parts, tuple):
        messages, _ = conflicts_of(replace(land, parts=parts), names, thorough=True)
        return ([parts], [], []) if not messages else ([], messages, [])
    low, high = parts if parts is not None else (1, units)
    least, most = _count_limits(land, total)
    numbers = list(range(max(low, least), min(high, most, units) + 1))
    if parts is None and target is not None:
        numbers.sort(key=lambda k: (abs(k - total / target), abs(k - len(land.base_ids)), k))
    elif parts is None:
        numbers.sort(key=lambda k: (abs(k - len(land.base_ids)), k))
    possible: list[int] = []
    for k in numbers[:_MOST_CHECKED]:
        if not conflicts_of(replace(land, parts=k), names)[0]:
            possible.append(k)
        if possible and parts is None and target is not None:
            return possible, [], []
    if not possible:
        return [], _nearest_conflict(land, names, low, min(high, units), least, most), []
    if parts is None:
        goal = min(possible)
        if math.isfinite(land.said_upper):
            middle = 2 * total / (land.lower + land.said_upper)
            goal = min(possible, key=lambda k: (abs(k - middle), k))
        span = np.linspace(possible[0], goal, _OPEN_NUMBERS).round().astype(int).tolist()
        return sorted(set(span) & set(possible)), [], []
    room = int(np.clip(effort // _MOVES_PER_NUMBER, _FEWEST_TRIED, _MOST_TRIED))
    at = np.unique(np.linspace(0, len(possible) - 1, min(room, len(possible))).round().astype(int))
    tried = [possible[i] for i in at]
    return tried, [], [k for k in possible if k not in tried]


def _count_limits(land: Field, total: float) -> tuple[int, int]:
    """Fewest and most parts by the households outside locked communities, with the locked ones."""
    locked = np.isin(land.base, land.closed)
    rest, closed = total - float(land.weight[locked].sum()), len(land.closed)
    least = max(math.ceil(rest / land.upper - 1e-9), int((~locked).any()))
    most = math.floor(rest / land.lower + 1e-9) if land.lower > 0 else int((~locked).sum())
    return least + closed, most + closed


def _nearest_conflict(land: Field, names: Names, low: int, high: int, least: int, most: int) -> list[Message]:
    """The reasons for the wanted number of parts that would need the smallest change."""
    span = sorted({min(max(k, low, 1), max(high, 1)) for k in (low, high, least - 1, least, most, most + 1)})
    found = [(conflicts_of(replace(land, parts=k), names)[1], k) for k in span if k <= len(land.weight)]
    text = msg(
        "{total:,.10g} households make {made} of {range}; wanted are {wanted}",
        total=float(land.weight.sum()),
        made=count_of_communities(least, most),
        range=range_words(land.lower, land.said_upper),
        wanted=_span(low, high),
    )
    if least > most:
        text = msg(
            "no number of communities fits: {total:,.10g} households are too many for {most} of {upper:,.10g} and "
            "too few for {least} of {lower:,.10g}",
            total=float(land.weight.sum()),
            most=most,
            least=least,
            lower=land.lower,
            upper=land.said_upper,
        )
    if low > len(land.weight):
        return [
            msg(
                "{parts} are more than {units}, all that can be moved",
                parts=count_of_communities(low),
                units=count_of_units(len(land.weight)),
            )
        ]
    nearest = conflicts_of(replace(land, parts=min(found)[1]), names, thorough=True)[0] if found else []
    counts = not (least <= high and most >= low and least <= most)
    if least > most and not (land.lower > 0 and most > 0 and math.isfinite(land.said_upper)):
        counts = False  # the reasons of the nearest number say it all
    return [*([text] if counts else []), *nearest]


def _span(first: int, last: int) -> Message | str:
    return str(first) if first == last else msg("{first} to {last}", first=first, last=last)
