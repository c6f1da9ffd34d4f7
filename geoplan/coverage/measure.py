"""The measurement: a town and the options in, a coverage out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from geoplan.coverage.notices import coverage_notices
from geoplan.coverage.options import CoverageOptions, make_plan
from geoplan.coverage.result import Coverage
from geoplan.coverage.walks import Walker, served
from geoplan.errors import Fault, InputError, Message, msg
from geoplan.keep import Keep, KeepNothing
from geoplan.model import Progress, Town
from geoplan.places import assign_all, assign_estates
from geoplan.reach import Reach, build_reach
from geoplan.standards import Profile, Standard, circle_limit

__all__ = ["coverage_state", "measure_coverage", "restore_coverage"]


def measure_coverage(
    town: Town,
    *,
    minutes: float | Sequence[float] = (5, 10, 15),
    mode: str | Sequence[str] | None = None,
    centre: str | Sequence[str] = "any",
    profiles: str | Path | Profile | Sequence[str | Path | Profile] = ("planner",),
    tiers: str | Sequence[str] | None = None,
    standards: str | Path | Standard | Sequence[str | Path | Standard] = ("gb50180-2018",),
    kinds: str | Sequence[str] = (),
    options: CoverageOptions | None = None,
    reach: Reach | None = None,
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> Coverage:
    """Measure who is served: the walk from every building to its nearest facility, against the circles.

    Parameters
    ----------
    town
        The town.
    minutes
        Circles in minutes.
    mode
        ``"time"`` (the default, seconds at the profile's speed), ``"distance"`` (the standard's metres along the
        streets), ``"both"``, or several.
    centre
        ``"any"``: the nearest facility; ``"own"``: the nearest of the building's own unit; ``"both"``, or several.
    profiles
        Who walks: ids such as ``"planner"`` or ``"older"``, files or profiles. Distance mode takes the first only.
    tiers
        Tiers of facilities, each measured by itself; ``""`` stands for all together. None: all together and, where
        facilities differ in tier, each tier.
    standards
        Active standards: ids, files or standards; the strictest binds.
    kinds
        Only facilities of these kinds count; empty: all.
    options
        The same as one object, in place of the single options.
    reach
        The town's walks, if they are built already; else they are built here.
    progress
        Told what is being done.
    keep
        Keeps what boundaries do not change, for the next time.

    Returns
    -------
    Coverage
        One result for each :class:`~geoplan.coverage.Case`: mode x profile x tier x centre. Proposed facilities
        (``candidate``) serve nobody; limits are inclusive.

    Raises
    ------
    InputError
        For everything wrong with the options at once, such as minutes that no active standard gives metres for.
    """
    single = CoverageOptions(
        minutes=minutes,
        mode=mode,
        centre=centre,
        profiles=profiles,
        tiers=tiers,
        standards=standards,
        kinds=kinds,
    )
    if options is not None and single != CoverageOptions():
        raise InputError(
            Fault(
                code="options-twice",
                needed=msg("either single options or one options object"),
                given=msg("both"),
                mend=msg("put all of them into the object"),
            )
        )
    return _measure(town, options or single, reach, progress or _silent, keep or KeepNothing())


def _silent(message: Message, share: float) -> None:
    del message, share


def _measure(town: Town, options: CoverageOptions, reach: Reach | None, progress: Progress, keep: Keep) -> Coverage:
    plan = make_plan(town, options)
    if reach is None:
        progress(msg("connecting doors to streets"), 0.0)
        reach = build_reach(town, options=options.reach)
    assignments = {level.name: assign_all(town, level.name, keep=keep) for level in town.levels}
    units = pd.DataFrame({name: found.units for name, found in assignments.items()}, index=town.buildings.index)
    units = units.astype(object)
    walker = Walker(town, plan, reach, units, keep)
    results: dict[str, pd.DataFrame] = {}
    for number, case in enumerate(plan.cases):
        progress(msg("walking: {case}", case=case.key), (number + 1) / (len(plan.cases) + 1))
        walks = walker.walk(case)
        profile = plan.profiles[case.profile]
        limits = {m: circle_limit(plan.standards, m, case.mode, profile) for m in plan.minutes}
        for m, limit in limits.items():
            walks[f"served_{m:g}"] = served(walks["cost"], limit)
            straight_limit = limit * profile.speed_m_s if case.mode == "time" else limit
            walks[f"straight_{m:g}"] = served(walks["straight_m"], straight_limit)
        walks["edge_affected"] = walker.edge_affected(case, walks, max(limits.values()))
        results[case.key] = walks
    shared = {name: found.shared for name, found in assignments.items() if found.shared}
    state = {
        "walks": results,
        "units": units,
        "estates": assign_estates(town),
        "connector_m": reach.door_snaps["connector_m"].reindex(town.buildings.index),
        "notices": coverage_notices(town, plan, shared, reach=reach),
    }
    return restore_coverage(town, options, reach, state)


def coverage_state(coverage: Coverage) -> dict[str, Any]:
    """What a coverage holds beside its town and options, to be kept and taken up again.

    Parameters
    ----------
    coverage
        The coverage.

    Returns
    -------
    dict
        Tables by name, for :func:`restore_coverage`.
    """
    return {
        "walks": dict(coverage._walks),
        "units": coverage._units,
        "estates": coverage._estates,
        "connector_m": coverage._connector_m,
        "notices": coverage.notices,
    }


def restore_coverage(town: Town, options: CoverageOptions, reach: Reach, state: Mapping[str, Any]) -> Coverage:
    """The coverage that was measured before in the same town with the same options.

    Parameters
    ----------
    town, options, reach
        What it was measured from.
    state
        What :func:`coverage_state` gave.

    Returns
    -------
    Coverage
    """
    plan = make_plan(town, options)
    return Coverage(
        town=town,
        cases=plan.cases,
        minutes=plan.minutes,
        standards=plan.standards,
        profiles=tuple(plan.profiles.values()),
        kinds=plan.kinds,
        reach=reach,
        notices=state["notices"],
        _walks=state["walks"],
        _units=state["units"],
        _estates=state["estates"],
        _connector_m=state["connector_m"],
    )
