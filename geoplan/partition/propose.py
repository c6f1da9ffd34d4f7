"""Proposals for new community boundaries, each with its changes, their reasons and a proof."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from geoplan.errors import Message, msg
from geoplan.model import Level, Notice, Progress, Town
from geoplan.partition.alternatives import PRICES, Candidate, Found, choose, explore, polish
from geoplan.partition.conflicts import numbers_to_try
from geoplan.partition.field import Field, stands_for
from geoplan.partition.fieldbuild import build_field, names_of
from geoplan.partition.measures import CentreWalks, Limits, Measures, centre_walks, measure_partition
from geoplan.partition.movedbound import Bound
from geoplan.partition.plan import Partition, from_codes, rebased, today
from geoplan.partition.proof import last_resort, prove
from geoplan.partition.reasons import CHANGES, explain_changes
from geoplan.partition.rulecheck import NATIONAL, RuleCheck, Wanted, check_rules, rule_notices, wanted_range
from geoplan.partition.search import warm_up
from geoplan.partition.sharpen import sharpen
from geoplan.partition.walks import sites_of
from geoplan.partition.wishes import Wish, check_numbers, fault, wish_of
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import UnitKind, UnitOptions, Units, build_units
from geoplan.reach import Metric, Reach, ReachOptions, build_reach
from geoplan.standards import load_profile

__all__ = ["DEFAULT_EFFORT", "Proposal", "ProposeOptions", "propose_communities"]

DEFAULT_EFFORT = 150
"""Millions of moves where neither effort nor time limit is given."""

_TOLERANCE = 0.15
_BOUND_SECONDS_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeOptions:
    """What is divided and how walks are measured.

    Attributes
    ----------
    level
        Name of the level to re-draw; the main one if None.
    kind
        What is moved as a whole.
    units
        How units are cut; estates declared divisible are cut where they exceed the upper limit.
    standards
        Standards, by id or file: the household range of the binding rule holds where neither range nor target is given;
        all their other limits are reported. Where none speaks of a community's households, the national law does.
    profile
        Who walks.
    walking
        How doors are brought onto the streets.
    centre
        Kind of facility that is a community's centre.
    centre_each
        Whether every part must hold a centre or a candidate site.
    tolerance
        Share by which a part may miss the target, where no range is given.
    alternatives
        How many proposals are wanted at least.
    reach
        The town's streets if they are already prepared.
    prepared
        Units if they are already built; ``kind`` and ``units`` are then not used.
    """

    level: str | None = None
    kind: UnitKind = "estate"
    units: UnitOptions | None = None
    standards: tuple[str, ...] = (NATIONAL,)
    profile: str = "planner"
    walking: ReachOptions | None = None
    centre: str = "service_centre"
    centre_each: bool = False
    tolerance: float = _TOLERANCE
    alternatives: int = 3
    reach: Reach | None = None
    prepared: Units | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal.

    Attributes
    ----------
    name
        Short name, unique among the proposals.
    favours
        ``"moved"``, ``"even"``, ``"walk"``, ``"compact"``, ``"cut_edges"``, ``"barriers"``, ``"weights"`` or
        ``"balance"``.
    partition
        Units in parts: an old community's id and name where the part stands for it, provisional names for new parts.
        Today's where not feasible.
    changes
        Units that change their community: unit, name, households, from, to, rule, reason (Message), shared_m (metres of
        boundary with the new community), walk_before_min, walk_after_min, undoing_breaks (tuple of Message).
    before, after
        Measures of today's communities and of the proposal; candidate sites count as centres in ``after`` alone.
    standing
        Measures of the proposal with the centres that stand today and no others, as ``before`` has them; None where
        there are no candidate sites.
    enclaves_before, enclaves_after
        Tables of :func:`geoplan.places.enclaves.find_enclaves`.
    bound
        Proven least number of households that must move with this number of communities; None without a proof.
    split_estates
        Estates that lie in several parts.
    limits
        Range and target, households.
    feasible
        Whether all hard constraints hold.
    reasons
        If not: the constraints in conflict and the smallest relaxation that works.
    stopped_by
        ``"work"``, ``"converged"``, ``"time"`` or ``"interrupted"``.
    seed, effort
        What the same proposals are found with again.
    rules
        The rules of the active standards, and who breaks them today and in the proposal; only the household range is
        enforced.
    notices
        What a reader of the proposal must know.
    """

    name: str
    favours: str
    partition: Partition
    changes: pd.DataFrame
    before: Measures
    after: Measures
    enclaves_before: pd.DataFrame
    enclaves_after: pd.DataFrame
    bound: Bound | None
    split_estates: tuple[str, ...]
    limits: Limits
    feasible: bool
    reasons: tuple[Message, ...]
    stopped_by: str
    seed: int
    effort: int | None
    rules: tuple[RuleCheck, ...] = field(default=())
    notices: tuple[Notice, ...] = field(default=())
    standing: Measures | None = None

    @property
    def walked(self) -> Measures:
        """The measures whose walks compare with today's: those to the centres that stand today."""
        return self.after if self.standing is None else self.standing

    @property
    def planned_walk_min(self) -> float | None:
        """Mean walk if every candidate site were a centre, minutes; None where there are no candidate sites."""
        return None if self.standing is None else self.after.mean_walk_min

    @property
    def moved_households(self) -> float:
        """Households whose community changes."""
        return self.after.moved_households

    @property
    def gap(self) -> float | None:
        """How far from the fewest possible moves it can be at most: (moved - bound) / moved; None without a bound."""
        if self.bound is None or not self.feasible:
            return None
        moved = self.moved_households
        return max(moved - self.bound.value, 0.0) / moved if moved > 0 else 0.0

    def _repr_html_(self) -> str:
        """The table of the new communities, for notebooks."""
        from html import escape

        columns = ["name", "households", "people", "pieces", "mean_walk_min"]
        table = self.walked.parts[columns].round({"mean_walk_min": 1})
        return f"<b>{escape(self.name)}</b>{table.to_html()}"


def propose_communities(
    town: Town,
    *,
    target: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
    parts: int | tuple[int, int] | None = None,
    objective: str | Sequence[str] | Mapping[str, float] | None = None,
    effort: int | None = None,
    time_limit_s: float | None = None,
    seed: int = 0,
    locked: Sequence[str] | str = (),
    start: Partition | None = None,
    options: ProposeOptions | None = None,
    progress: Progress | None = None,
) -> list[Proposal]:
    """Propose new boundaries: every community in range, in one piece, estates whole, with few households moved.

    Parameters
    ----------
    town
        The town with today's communities.
    target
        Households wanted in a community; without a range it may be missed by 15 %.
    lower, upper
        Range of households in a community, inclusive.
    parts
        Number of communities, or a range (first, last) of numbers that are all tried; by default the number nearest to
        what the target asks for, and without a target some from the nearest to today's to the middle of the range.
    objective
        What the first proposals favour: one or several of ``"moved"`` (households), ``"even"`` (largest deviation from
        the target), ``"walk"`` (minutes), ``"compact"`` (metres of boundary), ``"cut_edges"`` (joints between
        communities) and ``"barriers"`` (straddled) in order of priority, the later deciding among equals; or weights by
        these names for a proposal of its own (in households moved: for a household, for the squared relative
        deviations as a share of all households, for a household's minute, for a metre, for a joint, for a joint across
        a barrier inside a community).
    effort
        Millions of moves of the search.
    time_limit_s
        Guard in seconds for search and proof; reading and measuring do not count.
    seed
        Source of all chance.
    locked
        Ids of communities or units that stay as they are; a single id may be given as it is.
    start
        Communities to start from in place of today's, such as an earlier proposal's: its parts are then the old
        communities that households are moved out of.
    options
        What is divided and how walks are measured.
    progress
        Told what is being done.

    Returns
    -------
    list of Proposal
        At least three, mutually non-dominated, where so many were found; a single one with ``feasible`` False and
        ``reasons`` where constraints conflict or nothing was found.

    Raises
    ------
    InputError
        If the numbers, objectives or ids given make no sense; with every fault.
    """
    options = options or ProposeOptions()
    locked = (locked,) if isinstance(locked, str) else locked
    households = {"--target": target, "--lower": lower, "--upper": upper}
    check_numbers(parts, effort, time_limit_s, seed, options.tolerance, households=households)
    say = progress or (lambda _message, _share: None)
    if start is not None:
        options = replace(options, prepared=rebased(start))
    level = _level(town, options)
    wanted = wanted_range(level.name, target, lower, upper, tolerance=options.tolerance, standards=options.standards)
    wish = wish_of(objective)
    say(msg("cutting the land into units"), 0.0)
    units = options.prepared or build_units(
        town, level=level.name, kind=options.kind, options=_unit_options(options, wanted.upper)
    )
    say(msg("measuring walks to centres"), 0.2)
    reach = options.reach or build_reach(town, options=options.walking or ReachOptions())
    metric = Metric("time", load_profile(options.profile))
    walks = centre_walks(town, units, reach, metric, kind=options.centre, candidates=True)
    land = build_field(units, sites_of(walks, units), wanted, locked, site_each=options.centre_each)
    job = _Job(
        town, units, walks.standing(), walks, wanted, _limits(wanted, land, locked, options), seed, effort, reach
    )
    work = effort if effort is not None else (DEFAULT_EFFORT if time_limit_s is None else 1_000_000)
    names = names_of(town, units, land)
    share = min(work, DEFAULT_EFFORT)
    numbers, reasons, untried = numbers_to_try(land, names, parts, target=wanted.target, effort=share)
    if not numbers:
        return [job.no_proposal(tuple(reasons), "converged")]
    lands = [replace(land, parts=number) for number in numbers]
    warm_up()
    started = time.monotonic()
    found = explore(
        lands,
        wish.prices,
        effort=work,
        time_limit_s=None if time_limit_s is None else time_limit_s * (1 - _BOUND_SECONDS_SHARE),
        seed=seed,
        progress=lambda _name, share: say(msg("looking for proposals"), 0.3 + 0.5 * share),
    )
    if not found.kept and (why := last_resort(lands, found)):
        return [job.no_proposal(tuple(why), found.stopped_by)]
    chosen = _choose(found, wish, options, seed)
    say(msg("proving how many households must move"), 0.8)
    left = math.inf if time_limit_s is None else max(time_limit_s - (time.monotonic() - started), 1.0)
    bounds = prove([candidate for _, _, candidate in chosen], work, left)
    say(msg("writing down the reasons"), 0.9)
    notice = _tried(numbers, untried)
    return [job.proposal(*row, bounds[row[2].land.parts], found.stopped_by, notice) for row in chosen]


def _choose(found: Found, wish: Wish, options: ProposeOptions, seed: int) -> list[tuple[str, str, Candidate]]:
    """The alternatives, the fewest moved sharpened; the best in a first objective is improved in those after it."""
    if found.stopped_by in ("work", "converged"):
        fewest = min(found.kept, key=lambda c: (c.notches, c.worth["moved"], c.part_of.tobytes()))
        sharpen(fewest, PRICES["moved"], found)
    chosen = choose(found.kept, wish.favours, least=options.alternatives, weights=wish.weights)
    if len(wish.asked) > 1 and found.stopped_by in ("work", "converged"):
        polish(chosen[0][2], wish.asked, found, seed=seed)
        chosen = choose(found.kept, wish.favours, least=options.alternatives, weights=wish.weights)
    return chosen


def _tried(numbers: Sequence[int], untried: Sequence[int]) -> tuple[Notice, ...]:
    if len(numbers) + len(untried) < 2:
        return ()
    facts = {"tried": ", ".join(map(str, numbers)), "untried": ", ".join(map(str, untried))}
    text = msg("numbers of communities tried: {tried}; the bound of each proposal is for its own number", **facts)
    if untried:
        text = msg(
            "numbers of communities tried: {tried}; possible but not tried, for want of effort: {untried}; "
            "the bound of each proposal is for its own number",
            **facts,
        )
    return (Notice("numbers-tried", text),)


def _limits(wanted: Wanted, land: Field, locked: Sequence[str], options: ProposeOptions) -> Limits:
    bases = tuple(land.base_ids[b] for b in land.closed)
    return Limits(
        lower=wanted.lower,
        upper=wanted.upper,
        target=land.target,
        locked=bases,
        locked_units=tuple(sorted(set(locked) - set(bases))),
        centre=options.centre_each,
    )


def _level(town: Town, options: ProposeOptions) -> Level:
    if options.prepared is not None:
        return town.level(options.prepared.level)
    names = [level.name for level in town.levels]
    if not names or (options.level is not None and options.level not in names):
        raise fault(
            "unknown-level",
            msg("a level with today's boundaries"),
            msg("{level}; levels: {levels}", level=options.level or "-", levels=", ".join(names) or "-"),
            msg("add the boundaries to the project as a layer with role units"),
        )
    return town.level(options.level or names[0])


def _unit_options(options: ProposeOptions, upper: float) -> UnitOptions:
    units = options.units or UnitOptions()
    if units.divide_above is None and math.isfinite(upper):
        return replace(units, divide_above=upper)
    return units


@dataclass(frozen=True, slots=True)
class _Job:
    """What all proposals of one call share; candidate sites count only in proposals."""

    town: Town
    units: Units
    walks_today: CentreWalks
    walks: CentreWalks
    wanted: Wanted
    limits: Limits
    seed: int
    effort: int | None
    reach: Reach

    def today(self) -> tuple[Partition, Measures, pd.DataFrame]:
        """Today's communities, their measures and their enclaves."""
        base = today(self.units)
        measured = measure_partition(base, limits=self.limits, walk=self.walks_today)
        return base, measured, find_enclaves(self.units, base.part_of)

    def notices(self, rules: tuple[RuleCheck, ...]) -> tuple[Notice, ...]:
        """What a reader must know of town, units, walks and rules; each once."""
        reach = tuple(getattr(self.reach, "notices", ()))
        every = (*self.town.notices, *self.units.notices, *reach, *rule_notices(self.wanted, rules))
        return tuple({(n.code, str(n.message)): n for n in every}.values())

    def proposal(
        self,
        name: str,
        favours: str,
        candidate: Candidate,
        bound: Bound,
        stopped_by: str,
        notices: tuple[Notice, ...],
    ) -> Proposal:
        """One proposal with names, changes and measures."""
        land, codes, units = candidate.land, candidate.part_of, self.units
        base, before, enclaves = self.today()
        stands = stands_for(land, codes)
        partition = from_codes(units, codes, stands_for=[land.base_ids[b] if b >= 0 else None for b in stands])
        first = np.unique(codes, return_index=True)[1]
        part_ids = tuple(str(partition.part_of.iloc[i]) for i in first)
        rows = np.arange(len(codes))
        walked = sites_of(self.walks_today, units).to_parts(land.base, len(land.base_ids))[rows, land.base]
        walks = land.walks.to_parts(codes, land.parts)[rows, codes]
        names = {**base.names, **partition.names}
        after = measure_partition(partition, limits=self.limits, walk=self.walks)
        # with locks a community keeps its name where its locked units are, whatever the best matching
        after = replace(after, moved_households=float(land.weight[stands[codes] != land.base].sum()))
        planned = bool(self.walks.candidate.any())
        standing = measure_partition(partition, limits=self.limits, walk=self.walks_today) if planned else None
        rules = check_rules(units.level, self.wanted, before, after)
        return Proposal(
            name=name,
            favours=favours,
            partition=partition,
            changes=explain_changes(units, land, codes, stands, part_ids, names, enclaves, walked, walks),
            before=before,
            after=after,
            enclaves_before=enclaves,
            enclaves_after=_without_flaws(find_enclaves(units, partition.part_of)),
            bound=bound,
            split_estates=after.split_estates,
            limits=self.limits,
            feasible=True,
            reasons=(),
            stopped_by=stopped_by,
            seed=self.seed,
            effort=self.effort,
            rules=rules,
            notices=self.notices(rules) + notices,
            standing=standing,
        )

    def no_proposal(self, reasons: tuple[Message, ...], stopped_by: str) -> Proposal:
        """The answer where there is none: today's communities and why nothing can be proposed."""
        base, before, enclaves = self.today()
        rules = check_rules(self.units.level, self.wanted, before, before)
        return Proposal(
            name="none",
            favours="",
            partition=base,
            changes=pd.DataFrame(columns=list(CHANGES)),
            before=before,
            after=before,
            enclaves_before=enclaves,
            enclaves_after=enclaves,
            bound=None,
            split_estates=before.split_estates,
            limits=self.limits,
            feasible=False,
            reasons=reasons,
            stopped_by=stopped_by,
            seed=self.seed,
            effort=self.effort,
            rules=rules,
            notices=self.notices(rules),
        )


def _without_flaws(enclaves: pd.DataFrame) -> pd.DataFrame:
    """Only what lies in the proposal: units tile the land, so overlaps and gaps of today's drawing are gone."""
    return enclaves[~enclaves["kind"].isin(["overlap", "gap"])].reset_index(drop=True)
