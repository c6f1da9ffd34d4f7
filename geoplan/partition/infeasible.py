"""Why no partition can exist: which constraints conflict, by how much, and what the counts would allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geoplan.errors import Message, msg
from geoplan.partition.kernel import components_of_parts
from geoplan.partition.workable import Workable

__all__ = [
    "Conflict",
    "Infeasible",
    "Relaxation",
    "count_of_communities",
    "count_of_parts",
    "count_of_units",
    "explain_infeasible",
    "range_words",
    "workable_messages",
]

TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Conflict:
    """Constraints that cannot hold together, and by how much they miss (weight, or a count of parts)."""

    message: Message
    amount: float


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The range nearest to the wanted one that counts and components allow, and the numbers of parts that they allow.

    Units are coarse, and parts must be in one piece: whether the range really does, :func:`workable_range` says.

    Attributes
    ----------
    lower, upper
        Range for the wanted number of parts.
    parts
        Fewest and most parts for the wanted range; None where no number would do.
    message
        Both in words.
    """

    lower: float
    upper: float
    parts: tuple[int, int] | None
    message: Message


@dataclass(frozen=True, slots=True)
class Infeasible:
    """What :func:`explain_infeasible` found; without conflicts nothing is proven against the constraints."""

    conflicts: tuple[Conflict, ...] = ()
    relaxation: Relaxation | None = None

    def __bool__(self) -> bool:
        """Whether no partition can exist."""
        return bool(self.conflicts)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conflicts and the relaxation in words."""
        return (*(c.message for c in self.conflicts), *([self.relaxation.message] if self.relaxation else []))


def explain_infeasible(
    indptr: np.ndarray,
    indices: np.ndarray,
    weight: np.ndarray,
    *,
    parts: int,
    lower: float,
    upper: float,
    locked: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    areas: Sequence[str] | None = None,
) -> Infeasible:
    """Say which constraints conflict: the counts, single units, components of the graph, locked parts.

    Locked parts are taken out with their units; the other parts must share what is left. Only what is proven is said:
    an empty answer does not promise that a partition exists.

    Parameters
    ----------
    indptr, indices
        Neighbours of each unit in CSR form.
    weight
        Weight of each unit, 0 or more.
    parts
        Number of parts, locked ones included.
    lower, upper
        Range of each part, inclusive.
    locked
        Number of the locked part that a unit makes up, -1 for free units.
    names
        What each locked part is called; by default its number.
    areas
        What the area is called that each unit may not leave, "" for none.

    Returns
    -------
    Infeasible
    """
    locked = np.full(len(weight), -1) if locked is None else np.asarray(locked)
    known = [str(number) for number in range(int(locked.max(initial=-1)) + 1)] if names is None else names
    conflicts = _locked_conflicts(indptr, indices, weight, locked, lower, upper, known)
    free = locked < 0
    rest = parts - len(np.unique(locked[~free]))
    # a free unit's component does not pass through locked units: give each of those a label of its own
    label = np.where(free, -1, np.arange(len(weight)))
    piece = components_of_parts(indptr, indices, label)[free]
    if not len(piece):
        return Infeasible(tuple(conflicts))
    component = np.unique(piece, return_inverse=True)[1]
    labels = [""] * len(weight) if areas is None else areas
    label_of = dict(zip(component.tolist(), [labels[int(i)] for i in np.flatnonzero(free)], strict=True))
    share = _Shares(np.bincount(component, weights=weight[free]), np.bincount(component), rest, label_of)
    heaviest = float(weight[free].max())
    conflicts += _unit_conflicts(weight[free], upper)
    conflicts += _count_conflicts(share, lower, upper)
    if not conflicts:
        return Infeasible()
    return Infeasible(tuple(conflicts), share.relax(lower, upper, heaviest) if share.enough else None)


def _locked_conflicts(
    indptr: np.ndarray,
    indices: np.ndarray,
    weight: np.ndarray,
    locked: np.ndarray,
    lower: float,
    upper: float,
    names: Sequence[str],
) -> list[Conflict]:
    conflicts = []
    piece = components_of_parts(indptr, indices, locked)
    for part in np.unique(locked[locked >= 0]):
        members = locked == part
        held = float(weight[members].sum())
        out = max(lower - held, held - upper)
        if out > TINY:
            message = msg(
                "locked part {part} has {held:,.10g}, outside the range {range}",
                part=names[int(part)],
                held=held,
                range=range_words(lower, upper),
            )
            conflicts.append(Conflict(message, out))
        pieces = len(np.unique(piece[members]))
        if pieces > 1:
            message = msg("locked part {part} lies in {pieces} pieces", part=names[int(part)], pieces=pieces)
            conflicts.append(Conflict(message, float(pieces - 1)))
    return conflicts


def _unit_conflicts(weight: np.ndarray, upper: float) -> list[Conflict]:
    above = weight[weight > upper + TINY]
    if not len(above):
        return []
    facts = {"count": len(above), "upper": upper, "heaviest": float(above.max())}
    message = msg(
        "{count} units are heavier than the upper limit {upper:,.10g}; the heaviest has {heaviest:,.10g}", **facts
    )
    if len(above) == 1:
        message = msg("1 unit is heavier than the upper limit {upper:,.10g}: it has {heaviest:,.10g}", **facts)
    return [Conflict(message, float(above.max() - upper))]


def _count_conflicts(share: _Shares, lower: float, upper: float) -> list[Conflict]:
    total, parts, components = float(share.weight.sum()), share.parts, len(share.weight)
    numbers = {"parts": count_of_parts(parts), "lower": lower, "upper": upper, "total": total}
    if parts < 1:
        message = msg(
            "no part is left for {units} outside the locked ones", units=count_of_units(int(share.units.sum()))
        )
        return [Conflict(message, float(components - parts))]
    if parts < components:
        message = msg(
            "the units form {components} areas that do not touch, more than {parts}",
            components=components,
            **numbers,
        )
        return [Conflict(message, float(components - parts))]
    if parts > share.units.sum():
        message = msg("{parts} are more than {units}", units=count_of_units(int(share.units.sum())), **numbers)
        return [Conflict(message, float(parts - share.units.sum()))]
    conflicts = []
    if parts * lower > total + TINY:
        message = msg(
            "{parts} of at least {lower:,.10g} need {needed:,.10g}; there are {total:,.10g}",
            needed=parts * lower,
            **numbers,
        )
        conflicts.append(Conflict(message, parts * lower - total))
    if parts * upper < total - TINY:
        message = msg(
            "{parts} of at most {upper:,.10g} hold {needed:,.10g}; there are {total:,.10g}",
            needed=parts * upper,
            **numbers,
        )
        conflicts.append(Conflict(message, total - parts * upper))
    if not conflicts and components > 1:
        conflicts += _component_conflicts(share, lower, upper)
    return conflicts


def _component_conflicts(share: _Shares, lower: float, upper: float) -> list[Conflict]:
    least, most = share.limits(lower, upper)
    conflicts = []
    for c in np.flatnonzero(least > most):
        facts = {
            "weight": float(share.weight[c]),
            "range": range_words(lower, upper),
            "units": count_of_units(int(share.units[c])),
        }
        message = msg(
            "an area of {units} that touches no other has {weight:,.10g}: no number of parts of {range} fits",
            **facts,
        )
        if share.area.get(int(c)):
            message = msg(
                "{area} ({units}) has {weight:,.10g}: no number of parts of {range} fits",
                area=share.area[int(c)],
                **facts,
            )
        each = share.weight[c] / np.arange(1, max(int(share.units[c]), 1) + 1)
        conflicts.append(Conflict(message, float(np.maximum(lower - each, each - upper).min())))
    if not conflicts and not least.sum() <= share.parts <= most.sum():
        message = msg(
            "the areas that do not touch need {parts} together, not {wanted}",
            parts=count_of_parts(int(least.sum()), int(most.sum())),
            wanted=share.parts,
        )
        off = least.sum() - share.parts if share.parts < least.sum() else share.parts - most.sum()
        conflicts.append(Conflict(message, float(off)))
    return conflicts


class _Shares:
    """Weights and sizes of the components, to be shared out among a number of parts."""

    def __init__(self, weight: np.ndarray, units: np.ndarray, parts: int, area: Mapping[int, str]) -> None:
        self.weight, self.units, self.parts, self.area = weight, units, parts, area

    @property
    def enough(self) -> bool:
        """Whether each component can have a part, and each part a unit."""
        return len(self.weight) <= self.parts <= int(self.units.sum())

    def limits(self, lower: float, upper: float) -> tuple[np.ndarray, np.ndarray]:
        """Fewest and most parts of each component for a range; fewest above most where none fits."""
        least = np.ones(len(self.weight), np.int64)
        most = self.units.astype(np.int64).copy()
        if upper > 0:
            least = np.maximum(least, np.ceil(self.weight / upper - TINY).astype(np.int64))
        if lower > 0:
            most = np.minimum(most, np.floor(self.weight / lower + TINY).astype(np.int64))
        if upper <= 0:
            least = np.where(self.weight > 0, most + 1, least)
        return least, most

    def fits(self, lower: float, upper: float) -> bool:
        least, most = self.limits(lower, upper)
        return bool((least <= most).all() and least.sum() <= self.parts <= most.sum())

    def relax(self, lower: float, upper: float, heaviest: float) -> Relaxation:
        """Widen both ends of the range by the same smallest amount, then take back what is not needed."""
        upper_wide = max(upper, heaviest)
        numbers = np.arange(1, self.parts + 1)
        each = self.weight[:, None] / numbers
        amounts = np.unique(np.concatenate([[0.0], (each - upper_wide).ravel(), (lower - each).ravel()]))
        amounts = amounts[amounts >= 0]
        low, high = 0, len(amounts) - 1
        while low < high:
            middle = (low + high) // 2
            if self.fits(max(lower - amounts[middle], 0.0), upper_wide + amounts[middle]):
                high = middle
            else:
                low = middle + 1
        widened = amounts[low]
        new_lower, new_upper = max(lower - widened, 0.0), upper_wide + widened
        if self.fits(lower, new_upper):
            new_lower = lower
        elif self.fits(new_lower, upper_wide):
            new_upper = upper_wide
        least, most = self.limits(lower, upper)
        enough = heaviest <= upper + TINY and (least <= most).all()
        parts = (int(least.sum()), int(most.sum())) if enough else None
        return Relaxation(new_lower, new_upper, parts, _relaxation_message(new_lower, new_upper, parts, self.parts))


def _relaxation_message(lower: float, upper: float, parts: tuple[int, int] | None, wanted: int) -> Message:
    text = msg(
        "by counts alone a range of {range} could do for {parts}",
        range=range_words(lower, upper),
        parts=count_of_parts(wanted),
    )
    return text if parts is None else msg("{one}; {other}", one=text, other=_other_numbers(parts))


def range_words(lower: float, upper: float) -> Message:
    """A range in words, with or without an upper end.

    Parameters
    ----------
    lower, upper
        Its ends; ``upper`` may be infinite.

    Returns
    -------
    Message
    """
    if np.isinf(upper):
        return msg("{lower:,.10g} or more", lower=lower)
    return msg("{lower:,.10g} to {upper:,.10g}", lower=lower, upper=upper)


def count_of_units(units: int) -> Message:
    """A number of units in words.

    Parameters
    ----------
    units
        The number.

    Returns
    -------
    Message
    """
    return msg("1 unit") if units == 1 else msg("{units} units", units=units)


def count_of_communities(least: int, most: int | None = None) -> Message:
    """A number of communities, or a range of numbers, in words.

    Parameters
    ----------
    least, most
        The number, or the ends of the range.

    Returns
    -------
    Message
    """
    if most is not None and most != least:
        return msg("{least} to {most} communities", least=least, most=most)
    return msg("1 community") if least == 1 else msg("{count} communities", count=least)


def count_of_parts(least: int, most: int | None = None) -> Message:
    """A number of parts, or a range of numbers, in words.

    Parameters
    ----------
    least, most
        The number, or the ends of the range.

    Returns
    -------
    Message
    """
    if most is not None and most != least:
        return msg("{least} to {most} parts", least=least, most=most)
    return msg("1 part") if least == 1 else msg("{parts} parts", parts=least)


def _other_numbers(parts: tuple[int, int]) -> Message:
    """The numbers of parts that the wanted range allows, in words."""
    return msg("by counts alone {parts} could do in the wanted range", parts=count_of_parts(*parts))


def workable_messages(work: Workable, relaxation: Relaxation | None, wanted: int) -> tuple[Message, ...]:
    """A range that an arrangement really keeps, in words; where it may not be the nearest, what the counts allow, too.

    Parameters
    ----------
    work
        The range.
    relaxation
        What counts and components allow.
    wanted
        Number of parts.

    Returns
    -------
    tuple of Message
    """
    facts = {"range": range_words(work.lower, work.upper), "parts": count_of_parts(wanted)}
    if not work.proven:
        found = msg("a range of {range} holds an arrangement of {parts} that was found", **facts)
        return (found, *([relaxation.message] if relaxation is not None else []))
    nearest = msg("the smallest change: a range of {range} for {parts}", **facts)
    numbers = None if relaxation is None else relaxation.parts
    return (nearest, *([] if numbers is None else [_other_numbers(numbers)]))
