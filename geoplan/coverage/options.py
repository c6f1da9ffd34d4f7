"""What is asked for: circles, modes, walkers, centres, tiers; and the cases that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.model import Town
from geoplan.reach import ReachOptions
from geoplan.standards import Mode, Profile, Standard, circle_rule, load_profile, load_standards

__all__ = ["Case", "Centre", "CoverageOptions", "Plan", "make_plan", "taken_facilities"]

Centre = Literal["any", "own"]


@dataclass(frozen=True, slots=True)
class Case:
    """One question: who walks, how it is measured, to which facilities.

    Attributes
    ----------
    mode
        ``"time"`` or ``"distance"``.
    profile
        Id of the walking profile.
    tier
        Only facilities of this tier count; ``""``: facilities of every tier.
    centre
        ``"any"``: the nearest facility; ``"own"``: the nearest of the building's own unit.
    """

    mode: Mode
    profile: str
    tier: str
    centre: Centre

    @property
    def key(self) -> str:
        """Stable short name, such as ``time-planner-all-any``."""
        return f"{self.mode}-{self.profile}-{self.tier or 'all'}-{self.centre}"

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageOptions:
    """All options of :func:`geoplan.measure_coverage`.

    Attributes
    ----------
    minutes
        Circles in minutes.
    mode
        ``"time"`` (also None), ``"distance"``, ``"both"``, or several.
    centre
        ``"any"``, ``"own"``, ``"both"``, or several.
    profiles
        Walking profiles: ids, files or profiles. Distances do not depend on who walks: distance mode takes the first.
    tiers
        Tiers to measure, each by itself: an upper tier does not satisfy a lower one. ``""`` stands for all facilities
        together. None: all together and, where facilities differ in tier, each tier.
    standards
        Active standards: ids, files or standards.
    kinds
        Only facilities of these kinds count; empty: all.
    reach
        Tolerances of snapping and walls; used where no reach is handed in.
    """

    minutes: float | Sequence[float] = (5, 10, 15)
    mode: str | Sequence[str] | None = None
    centre: str | Sequence[str] = "any"
    profiles: str | Path | Profile | Sequence[str | Path | Profile] = ("planner",)
    tiers: str | Sequence[str] | None = None
    standards: str | Path | Standard | Sequence[str | Path | Standard] = ("gb50180-2018",)
    kinds: str | Sequence[str] = ()
    reach: ReachOptions = field(default_factory=ReachOptions)


@dataclass(frozen=True, slots=True)
class Plan:
    """Options checked and resolved against a town."""

    minutes: tuple[float, ...]
    cases: tuple[Case, ...]
    profiles: dict[str, Profile]
    standards: tuple[Standard, ...]
    kinds: tuple[str, ...]


def taken_facilities(town: Town, kinds: Sequence[str], tier: str = "") -> pd.Index:
    """Ids of the facilities that count: standing (not only proposed), of these kinds, of this tier.

    Parameters
    ----------
    town
        The town.
    kinds
        Kinds that count; empty: all.
    tier
        Tier that counts; ``""``: all.

    Returns
    -------
    Index
        Sorted ids.
    """
    table = town.facilities
    keep = ~table["candidate"].astype(bool)
    if len(kinds):
        keep &= table["kind"].isin(list(kinds))
    if tier:
        keep &= table["tier"] == tier
    return table.index[keep.to_numpy()].sort_values()


def make_plan(town: Town, options: CoverageOptions) -> Plan:
    """Check the options against a town and list the cases to measure.

    Parameters
    ----------
    town
        The town.
    options
        What is asked for.

    Returns
    -------
    Plan
        Cases in the order mode, profile, tier, centre, each as asked for; all facilities together come first.

    Raises
    ------
    InputError
        For everything wrong with the options at once.
    """
    faults: list[Fault] = []
    standards: tuple[Standard, ...] = ()
    profiles: dict[str, Profile] = {}
    try:
        standards = load_standards(_several(options.standards))
    except InputError as error:
        faults += error.faults
    for given in _several(options.profiles):
        try:
            profile = given if isinstance(given, Profile) else load_profile(given)
            profiles.setdefault(profile.id, profile)
        except InputError as error:
            faults += error.faults
    modes = _choices(options.mode or "time", ("time", "distance"), "mode", faults)
    centres = _choices(options.centre, ("any", "own"), "centre", faults)
    minutes = _minutes(options.minutes, faults)
    kinds = _known(options.kinds, town.facilities["kind"], "kind", faults)
    tiers = _tiers(town, kinds, options.tiers, faults)
    if "own" in centres and not town.levels:
        faults.append(
            _fault("no-level", msg("units whose own centres there are"), msg("no level"), msg("add a layer of units"))
        )
    if not profiles and not faults:
        faults.append(_nothing("profiles"))
    if standards:
        faults += _circle_faults(standards, minutes, modes)
    if faults:
        raise InputError(faults)
    walkers = {"time": list(profiles), "distance": list(profiles)[:1]}
    cases = tuple(
        Case(mode, profile, tier, centre)  # type: ignore[arg-type]
        for mode in modes
        for profile in walkers[mode]
        for tier in tiers
        for centre in centres
    )
    return Plan(minutes, cases, profiles, standards, kinds)


def _circle_faults(standards: Sequence[Standard], minutes: Sequence[float], modes: Sequence[str]) -> list[Fault]:
    faults: list[Fault] = []
    for mode in modes:
        for m in minutes:
            try:
                circle_rule(standards, m, mode)  # type: ignore[arg-type]
            except InputError as error:
                faults += error.faults
    return faults


def _several(given: Any) -> list[Any]:
    if isinstance(given, str | Path | Profile | Standard | int | float) or not isinstance(given, Iterable):
        return [given]
    return list(dict.fromkeys(given))


def _minutes(given: float | Sequence[float], faults: list[Fault]) -> tuple[float, ...]:
    minutes = [m.item() if isinstance(m, np.number) else m for m in _several(given)]
    bad = [m for m in minutes if isinstance(m, bool) or not isinstance(m, int | float) or not (isfinite(m) and m > 0)]
    if bad or not minutes:
        faults.append(
            _fault(
                "bad-minutes",
                msg("minutes above 0"),
                msg("{minutes}", minutes=", ".join(map(str, bad)) or "-"),
                msg("use for example 5, 10 or 15"),
            )
        )
        return ()
    return tuple(sorted(set(minutes)))


def _choices(given: object, known: tuple[str, ...], option: str, faults: list[Fault]) -> list[str]:
    if given == "both":
        return list(known)
    chosen = [str(choice) for choice in _several(given)]
    unknown = [choice for choice in chosen if choice not in known]
    if unknown or not chosen:
        faults.append(
            _fault(
                f"unknown-{option}",
                msg("{option} out of {known}", option=option, known=", ".join((*known, "both"))),
                msg("{given}", given=", ".join(unknown) or "-"),
                msg("correct it"),
            )
        )
    return chosen


def _known(given: str | Sequence[str], there: pd.Series, option: str, faults: list[Fault]) -> tuple[str, ...]:
    wanted = tuple(str(one) for one in _several(given) if one != "")
    known = sorted({str(one) for one in there if one})
    unknown = [one for one in wanted if one not in known]
    if unknown:
        faults.append(
            _fault(
                f"unknown-{option}",
                msg("{option} out of those of the facilities: {known}", option=option, known=", ".join(known) or "-"),
                msg("{given}", given=", ".join(unknown)),
                msg("correct it"),
            )
        )
    return wanted


def _tiers(town: Town, kinds: tuple[str, ...], given: str | Sequence[str] | None, faults: list[Fault]) -> list[str]:
    there = town.facilities["tier"].reindex(taken_facilities(town, kinds))
    if given is None:
        named = sorted({str(tier) for tier in there if tier})
        # where every facility is of the one tier, that tier is the same question as all together
        return [""] if len(named) == 1 and (there == named[0]).all() else ["", *named]
    chosen = [str(tier) for tier in _several(given)]
    _known(chosen, there, "tier", faults)
    if not chosen:
        faults.append(_nothing("tiers"))
    return chosen


def _nothing(option: str) -> Fault:
    return _fault("empty-option", msg("at least one of {option}", option=option), msg("none"), msg("name one"))


def _fault(code: str, needed: Message, given: Message, mend: Message) -> Fault:
    return Fault(code=code, needed=needed, given=given, mend=mend)
