"""Which wishes of a planner cannot hold together, by how much, and the smallest change with which they could."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoplan.errors import Message, msg
from geoplan.partition.field import Field
from geoplan.partition.infeasible import Conflict, explain_infeasible
from geoplan.partition.kernel import components_of_parts

__all__ = ["Names", "conflicts_of", "numbers_to_try"]

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


def conflicts_of(land: Field, names: Names) -> tuple[list[Message], float]:
    """Why no partition with this number of parts can exist.

    Parameters
    ----------
    land
        What is divided, with the rules and the number of parts.
    names
        What things are called.

    Returns
    -------
    tuple
        Messages, empty where nothing is proven against the wishes; and how far the range would have to be widened
        (``inf`` where that is not enough).
    """
    locked = np.full(len(land.weight), -1)
    for base in land.closed:
        locked[land.base == base] = base
    found = explain_infeasible(
        land.indptr,
        land.indices,
        land.weight,
        parts=land.parts,
        lower=land.lower,
        upper=land.upper,
        locked=locked,
        names=names.bases,
        areas=names.areas,
    )
    more = [*_closed_relaxations(land, names), *_fixed_conflicts(land, names), *_site_conflicts(land, names)]
    widened = math.inf
    if found.relaxation is not None and not more:
        widened = max(land.lower - found.relaxation.lower, 0.0) + max(found.relaxation.upper - land.upper, 0.0)
    said = list(found.messages)
    if found.relaxation is not None and land.closed:
        # the counts left the locked communities out
        out = any(not land.lower <= float(land.weight[land.base == b].sum()) <= land.upper for b in land.closed)
        said.pop()
        if not out:
            said.append(msg("beside the locked communities: {change}", change=found.relaxation.message))
    heavy = _too_heavy(land, names) if any(w > land.upper + 1e-9 for w in land.weight[locked < 0]) else []
    return [*said, *heavy, *(c.message for c in more)], widened if found else (math.inf if more else 0.0)


def _too_heavy(land: Field, names: Names) -> list[Message]:
    """Units above the upper limit by name, the heaviest first."""
    free = ~np.isin(land.base, land.closed)
    heavy = np.flatnonzero((land.weight > land.upper + 1e-9) & free)
    heavy = heavy[np.lexsort((heavy, -land.weight[heavy]))]
    listed = ", ".join(f"{names.units[u]} ({land.weight[u]:,.0f})" for u in heavy[:5])
    text = msg(
        "too large to be in any community: {units}; declare them divisible, or allow {heaviest:,.0f} households",
        units=listed,
        heaviest=float(land.weight[heavy].max()),
    )
    return [text]


def _closed_relaxations(land: Field, names: Names) -> list[Conflict]:
    """What would do where a locked community is out of range; the conflict itself is told by the counts."""
    found = []
    for base in land.closed:
        held = float(land.weight[land.base == base].sum())
        if not land.lower <= held <= land.upper:
            text = msg(
                "the smallest change: unlock {name}, or a range of {lower:,.0f} to {upper:,.0f}",
                name=names.bases[base],
                lower=min(held, land.lower),
                upper=max(held, land.upper),
            )
            found.append(Conflict(text, max(land.lower - held, held - land.upper)))
    if len(land.closed) == len(land.base_ids) and land.parts != len(land.closed):
        text = msg(
            "all {count} communities are locked, but {parts} are wanted: unlock some, or ask for {count}",
            count=len(land.closed),
            parts=land.parts,
        )
        found.append(Conflict(text, abs(land.parts - len(land.closed))))
    return found


def _fixed_conflicts(land: Field, names: Names) -> list[Conflict]:
    """Locks that ask for too many communities, too many households in one, or for two areas in one."""
    found = []
    bound = land.bound_bases
    if len(bound) > land.parts:
        text = msg(
            "{count} communities are locked or hold locked units and must stay; only {parts} are wanted: "
            "unlock {more}, or ask for {count} communities",
            count=len(bound),
            parts=land.parts,
            more=len(bound) - land.parts,
        )
        found.append(Conflict(text, float(len(bound) - land.parts)))
    component = components_of_parts(land.indptr, land.indices, np.zeros(len(land.weight), np.int64))
    for base in sorted(set(bound) - set(land.closed)):
        mine = land.fixed & (land.base == base)
        held = float(land.weight[mine].sum())
        if held > land.upper + 1e-9:
            text = msg(
                "the locked units of {name} have {held:,.0f} households, {amount:,.0f} more than {upper:,.0f}: "
                "unlock some, or allow {held:,.0f}",
                name=names.bases[base],
                held=held,
                amount=held - land.upper,
                upper=land.upper,
            )
            found.append(Conflict(text, held - land.upper))
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
    facts = {"wanted": wanted, "usable": usable, "missing": wanted - usable, "best": best}
    each = float(land.weight.sum()) / max(best, 1)
    if not best:
        return msg(
            "{wanted} communities need a centre or candidate site each, and there is none: add {wanted}", **facts
        )
    if len(land.closed):
        text = msg(
            "{wanted} communities beside the locked ones need a centre or candidate site each; "
            "sites stand in {usable} units outside those: {missing} too few",
            **facts,
        )
    else:
        text = msg(
            "{wanted} communities need a centre or candidate site each; sites stand in {usable} units: "
            "{missing} too few",
            **facts,
        )
    if land.lower <= each <= land.upper:
        mend = msg("the smallest change: {missing} more sites, or {best} communities", **facts)
    else:
        mend = msg(
            "the smallest change: {missing} more sites, or {best} communities of about {each:,.0f} households",
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
                "{area} ({units} units, {held:,.0f} households) needs at least {needs} communities but has {has} "
                "units with a centre or candidate site: add {missing}",
                area=names.areas[first] or names.bases[int(land.base[first])],
                units=int(mine.sum()),
                held=held,
                needs=needs,
                has=has,
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
        from the nearest to today's number to the one in the middle of the range.
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
    if isinstance(parts, int):
        messages, _ = conflicts_of(replace(land, parts=parts), names)
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
        middle = 2 * total / (land.lower + land.upper) if math.isfinite(land.upper) else possible[0]
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
    found: list[tuple[float, int, list[Message]]] = []
    for k in (number for number in span if number <= len(land.weight)):
        messages, widened = conflicts_of(replace(land, parts=k), names)
        found.append((widened, k, messages))
    text = msg(
        "{total:,.0f} households make {least} to {most} communities of {lower:,.0f} to {upper:,.0f}; "
        "wanted are {low} to {high}",
        total=float(land.weight.sum()),
        least=least,
        most=most,
        lower=land.lower,
        upper=land.upper,
        low=low,
        high=high,
    )
    if least > most:
        text = msg(
            "no number of communities fits: {total:,.0f} households are too many for {most} of {upper:,.0f} and too "
            "few for {least} of {lower:,.0f}",
            total=float(land.weight.sum()),
            most=most,
            least=least,
            lower=land.lower,
            upper=land.upper,
        )
    if low > len(land.weight):
        return [
            msg(
                "{parts} communities are more than the {units} units that can be moved",
                parts=low,
                units=len(land.weight),
            )
        ]
    nearest = min(found, key=lambda row: row[:2])[2] if found else []
    counts = not (least <= high and most >= low and least <= most)
    if least > most and not (land.lower > 0 and most > 0):
        counts = False  # the reasons of the nearest number say it all
    return [*([text] if counts else []), *nearest]
