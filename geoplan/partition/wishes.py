"""What a planner asks for: numbers in their bounds, objectives in order or with weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeGuard

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.partition.alternatives import FAVOURS, PRICES, Prices
from geoplan.partition.field import OBJECTIVES

__all__ = ["Wish", "check_numbers", "fault", "wish_of"]


def fault(code: str, needed: Message, given: Message, mend: Message) -> InputError:
    """Make an error of one fault.

    Parameters
    ----------
    code, needed, given, mend
        As in :class:`geoplan.errors.Fault`.

    Returns
    -------
    InputError
    """
    return InputError(Fault(code=code, needed=needed, given=given, mend=mend))


def check_numbers(
    parts: int | tuple[int, int] | None,
    effort: int | None,
    time_limit_s: float | None,
    seed: int,
    tolerance: float,
    *,
    households: Mapping[str, float | None] | None = None,
) -> None:
    """Refuse what is no number or makes no sense, all at once.

    Parameters
    ----------
    parts, effort, time_limit_s, seed
        As in :func:`geoplan.propose_communities`.
    tolerance
        Share of the target.
    households
        Target and ends of the range by their options: ``--target``, ``--lower``, ``--upper``.

    Raises
    ------
    InputError
        With every fault.
    """
    faults = _household_faults(households or {})
    ends: tuple[Any, ...] = parts if isinstance(parts, tuple) else (parts, parts)
    if parts is not None and not (len(ends) == 2 and all(map(_is_whole, ends)) and 1 <= ends[0] <= ends[1]):
        faults.append(
            Fault(
                "bad-parts",
                msg("a number of communities of at least 1, or a range such as 18-22"),
                msg("{value}", value=_shown(parts)),
                msg("use for example --parts 21 or --parts 18-22; in Python 21 or (18, 22)"),
            )
        )
    for name, value in (("--effort", effort), ("--time-limit", time_limit_s)):
        if value is not None and not (_is_number(value) and value > 0):
            faults.append(
                Fault(
                    "bad-budget",
                    msg("a number above 0"),
                    msg("{name} {value}", name=name, value=value),
                    msg("leave it away, or use for example 60"),
                )
            )
    if not (_is_whole(seed) and seed >= 0):
        faults.append(
            Fault(
                "bad-seed", msg("a whole number from 0 up"), msg("--seed {seed}", seed=seed), msg("use for example 0")
            )
        )
    if not (_is_number(tolerance) and 0 <= tolerance < 1):
        faults.append(
            Fault(
                "bad-tolerance",
                msg("a share of the target from 0 to below 1"),
                msg("{tolerance}", tolerance=tolerance),
                msg("use for example 0.15"),
            )
        )
    if faults:
        raise InputError(faults)


def _household_faults(households: Mapping[str, float | None]) -> list[Fault]:
    faults = []
    for name, value in households.items():
        if value is None:
            continue
        target = name == "--target"
        if not _is_number(value) or not value >= 0 or (target and (value == 0 or math.isinf(value))):
            faults.append(
                Fault(
                    "bad-target" if target else "bad-range",
                    msg("a number of households above 0") if target else msg("a number of households from 0 up"),
                    msg("{name} {value}", name=name, value=_shown(value)),
                    msg("use for example {name} 3000", name=name),
                )
            )
    return faults


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " to ".join(map(str, value))
    return repr(value) if isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is favoured.

    Attributes
    ----------
    prices
        Prices of the searches by name, the first first.
    favours
        What the proposals favour, in order.
    asked
        What was named, in order of priority.
    weights
        Prices that were given.
    """

    prices: dict[str, Prices]
    favours: tuple[str, ...]
    asked: tuple[str, ...]
    weights: Prices | None = None


def wish_of(objective: str | Sequence[str] | Mapping[str, float] | None) -> Wish:
    """Prices of the searches and the order of what is favoured.

    Parameters
    ----------
    objective
        As in :func:`geoplan.propose_communities`.

    Returns
    -------
    Wish

    Raises
    ------
    InputError
        If an objective is unknown or a weight is not a number from 0 up.
    """
    named = [] if objective is None else [objective] if isinstance(objective, str) else list(objective)
    unknown = [name for name in named if name not in OBJECTIVES]
    values = list(objective.values()) if isinstance(objective, Mapping) else []
    numbers = all(_is_number(v) and math.isfinite(v) and v >= 0 for v in values)
    if unknown or not numbers or (values and not any(values)):
        raise fault(
            "bad-objective",
            msg("objectives out of {names}, weights from 0 up", names=", ".join(OBJECTIVES)),
            msg("{given}", given=_words(objective)),
            msg("use for example moved, or walk,moved, or moved=1,walk=0.5"),
        )
    if isinstance(objective, Mapping):
        keys = {"compact": "boundary", "cut_edges": "edges"}
        given = {keys.get(name, name): float(value) for name, value in objective.items()}
        weights = Prices(**{"moved": 0.0, "boundary": 0.0, **given})
        return Wish({"weights": weights, **{f: PRICES[f] for f in FAVOURS}}, ("weights", *FAVOURS), (), weights)
    asked = tuple(dict.fromkeys(named))
    order = (*asked, *(f for f in FAVOURS if f not in asked))
    # the searches after the first come in one order, so that the first finds the same whatever follows it
    first = order[0]
    later = [f for f in OBJECTIVES if f in order and f != first]
    return Wish({f: PRICES[f] for f in (first, *later)}, order, asked)


def _words(objective: object) -> str:
    if isinstance(objective, Mapping):
        return ", ".join(f"{name}={value}" for name, value in objective.items())
    return objective if isinstance(objective, str) else ", ".join(map(str, objective))  # type: ignore[call-overload]
