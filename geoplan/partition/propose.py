"""Proposals for new community boundaries, each with its changes, their reasons and a proof."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.model import Level, Notice, Progress, Town
from geoplan.partition.alternatives import FAVOURS, PRICES, Field, Found, Prices, choose, explore, score, stands_for
from geoplan.partition.infeasible import explain_infeasible
from geoplan.partition.measures import CentreWalks, Limits, Measures, centre_walks, measure_partition
from geoplan.partition.movedbound import Bound, moved_bound
from geoplan.partition.plan import Partition, from_codes, today
from geoplan.partition.reasons import CHANGES, explain_changes
from geoplan.partition.search import Budget, warm_up
from geoplan.partition.walks import Sites, sites_of
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import UnitKind, UnitOptions, Units, build_units, unit_graph
from geoplan.reach import Metric, Reach, build_reach
from geoplan.standards import binding_rule, load_profile, load_standard

__all__ = ["DEFAULT_EFFORT", "Proposal", "ProposeOptions", "propose_communities"]

DEFAULT_EFFORT = 100
"""Millions of moves where neither effort nor time limit is given."""

_TOLERANCE = 0.15
_QUANTITIES = {"communities": "community.households", "grids": "grid.households"}
_BOUND_SECONDS_SHARE = 0.3
_PROOF_EFFORT = 1
_PROOF_SECONDS = 15.0
"""Guard of the proof where no time limit is given."""


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
        Standards whose household range holds where neither range nor target is given.
    profile
        Who walks.
    centre
        Kind of facility that is a community's centre.
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
    standards: tuple[str, ...] = ("national-2026",)
    profile: str = "planner"
    centre: str = "service_centre"
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
        ``"moved"``, ``"even"``, ``"walk"``, ``"compact"``, ``"weights"`` or ``"balance"``.
    partition
        Units in parts: an old community's id and name where the part stands for it, provisional names for new parts.
        Today's where not feasible.
    changes
        Units that change their community: unit, name, households, from, to, rule, reason (Message), shared_m (metres of
        boundary with the new community), walk_before_min, walk_after_min, undoing_breaks (tuple of Message).
    before, after
        Measures of today's communities and of the proposal.
    enclaves_before, enclaves_after
        Tables of :func:`geoplan.places.enclaves.find_enclaves`.
    bound
        Proven least number of households that must move; None without a proof.
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
    notices: tuple[Notice, ...] = field(default=())

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
        table = self.after.parts[columns].round({"mean_walk_min": 1})
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
    locked: Sequence[str] = (),
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
        Number of communities, or a range of numbers; by default what range and target ask for.
    objective
        What the first proposals favour: one or several of ``"moved"``, ``"even"``, ``"walk"``, ``"compact"`` in order
        of priority, or weights by these names for a proposal of its own (in households moved: for a household, for
        the squared relative deviations as a share of all households, for a household's minute, for a metre).
    effort
        Millions of moves of the search.
    time_limit_s
        Guard in seconds for search and proof; reading and measuring do not count.
    seed
        Source of all chance.
    locked
        Ids of communities or units that stay as they are.
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
    say = progress or (lambda _message, _share: None)
    level = _level(town, options)
    limits, target = _limits(level, target, lower, upper, options)
    prices, favours = _prices(objective)
    _check_numbers(limits, parts, effort, time_limit_s)
    say(msg("cutting the land into units"), 0.0)
    units = options.prepared or build_units(
        town, level=level.name, kind=options.kind, options=_unit_options(options, limits[1])
    )
    say(msg("measuring walks to centres"), 0.2)
    reach = options.reach or build_reach(town)
    metric = Metric("time", load_profile(options.profile))
    walks = [centre_walks(town, units, reach, metric, kind=options.centre, candidates=c) for c in (False, True)]
    land, count_reasons = _field(units, sites_of(walks[1], units), limits, target, parts, locked)
    job = _Job(
        town, units, land, walks[0], walks[1], Limits(lower=limits[0], upper=limits[1], target=target), seed, effort
    )
    conflicts = count_reasons or _conflicts(land)
    if conflicts:
        return [job.no_proposal(tuple(conflicts), "converged")]
    warm_up()
    started = time.monotonic()
    search_s = None if time_limit_s is None else time_limit_s * (1 - _BOUND_SECONDS_SHARE)
    work = effort if effort is not None else (DEFAULT_EFFORT if time_limit_s is None else 1_000_000)
    found = explore(
        land,
        prices,
        effort=work,
        time_limit_s=search_s,
        seed=seed,
        progress=lambda _name, share: say(msg("looking for proposals"), 0.3 + 0.5 * share),
    )
    if not found.kept:
        return [job.no_proposal((_not_found(found),), found.stopped_by)]
    chosen = choose(land, found.kept, favours, least=options.alternatives)
    say(msg("proving how many households must move"), 0.8)
    left = _PROOF_SECONDS if time_limit_s is None else max(time_limit_s - (time.monotonic() - started), 1.0)
    bound = _bound(land, chosen, Budget(effort=min(work, _PROOF_EFFORT), time_limit_s=left))
    say(msg("writing down the reasons"), 0.9)
    return [job.proposal(favour, part_of, bound, found) for favour, part_of in chosen]


def _level(town: Town, options: ProposeOptions) -> Level:
    if options.prepared is not None:
        return town.level(options.prepared.level)
    names = [level.name for level in town.levels]
    if not names or (options.level is not None and options.level not in names):
        raise _fault(
            "unknown-level",
            msg("a level with today's boundaries"),
            msg("{level}; levels: {levels}", level=options.level or "-", levels=", ".join(names) or "-"),
            msg("add the boundaries to the project as a layer with role units"),
        )
    return town.level(options.level or names[0])


def _fault(code: str, needed: Message, given: Message, mend: Message) -> InputError:
    return InputError(Fault(code=code, needed=needed, given=given, mend=mend))


def _limits(
    level: Level, target: float | None, lower: float | None, upper: float | None, options: ProposeOptions
) -> tuple[tuple[float, float], float]:
    """The range and the target: as given, else 15 % about the target, else the standard's."""
    if lower is None and upper is None and target is None:
        quantity = _QUANTITIES.get(level.name, "")
        standards = [load_standard(name) for name in options.standards]
        rules = [rule for standard in standards for rule in standard.rules if rule.quantity == quantity]
        if not rules:
            raise _fault(
                "no-range",
                msg("how many households a unit of {level} may have", level=level.name),
                msg("neither range nor target, and no standard with a rule for it"),
                msg("give --target, or --lower and --upper"),
            )
        rule = binding_rule(standards, quantity)
        lower, upper, target = rule.low or 0.0, rule.high if rule.high is not None else math.inf, rule.value
    if target is not None and lower is None:
        lower = target * (1 - options.tolerance)
    if target is not None and upper is None:
        upper = target * (1 + options.tolerance)
    low, high = float(lower or 0.0), float(math.inf if upper is None else upper)
    if target is None:
        target = (low + high) / 2 if math.isfinite(high) else max(low, 1.0)
    return (low, high), float(target)


def _check_numbers(
    limits: tuple[float, float], parts: int | tuple[int, int] | None, effort: int | None, time_limit_s: float | None
) -> None:
    faults = []
    low, high = limits
    if not (0 <= low <= high and high > 0 and not math.isnan(high)):
        faults.append(
            Fault(
                "bad-range",
                msg("a range of households from 0 up, its lower end first"),
                msg("{lower:g} to {upper:g}", lower=low, upper=high),
                msg("use for example --lower 2550 --upper 3450"),
            )
        )
    first, last = (parts if isinstance(parts, tuple) else (parts, parts)) if parts is not None else (1, 1)
    if not 1 <= first <= last:
        faults.append(
            Fault(
                "bad-parts",
                msg("a number of communities of at least 1, or a range such as 18-22"),
                msg("{first} to {last}", first=first, last=last),
                msg("use for example --parts 21 or --parts 18-22"),
            )
        )
    for name, value in (("--effort", effort), ("--time-limit", time_limit_s)):
        if value is not None and not value > 0:
            faults.append(
                Fault(
                    "bad-budget",
                    msg("a number above 0"),
                    msg("{name} {value}", name=name, value=value),
                    msg("leave it away, or use for example 60"),
                )
            )
    if faults:
        raise InputError(faults)


def _prices(objective: str | Sequence[str] | Mapping[str, float] | None) -> tuple[dict[str, Prices], tuple[str, ...]]:
    """Prices of each search and the order of what is favoured."""
    named = [] if objective is None else [objective] if isinstance(objective, str) else list(objective)
    unknown = [name for name in named if name not in FAVOURS]
    values = list(objective.values()) if isinstance(objective, Mapping) else []
    if unknown or any(not (isinstance(v, int | float) and math.isfinite(v) and v >= 0) for v in values):
        raise _fault(
            "bad-objective",
            msg("objectives out of {names}, weights from 0 up", names=", ".join(FAVOURS)),
            msg("{given}", given=str(objective)),
            msg("use for example moved, or walk,moved"),
        )
    if isinstance(objective, Mapping):
        given = {("boundary" if name == "compact" else name): float(value) for name, value in objective.items()}
        weights = Prices(**{"moved": 0.0, "boundary": 0.0, **given})
        return {**PRICES, "weights": weights}, ("weights", *FAVOURS)
    order = (*dict.fromkeys(named), *(f for f in FAVOURS if f not in named))
    return dict(PRICES), order


def _unit_options(options: ProposeOptions, upper: float) -> UnitOptions:
    units = options.units or UnitOptions()
    if units.divide_above is None and math.isfinite(upper):
        return replace(units, divide_above=upper)
    return units


def _field(
    units: Units,
    walks: Sites,
    limits: tuple[float, float],
    target: float,
    parts: int | tuple[int, int] | None,
    locked: Sequence[str],
) -> tuple[Field, list[Message]]:
    """The units as arrays; messages where no number of parts fits the range."""
    graph, table = unit_graph(units), units.table
    ids = table.index
    base, base_ids = pd.factorize(table["base"].to_numpy(dtype=object), sort=True)
    unknown = sorted(set(locked) - set(ids) - set(base_ids))
    if unknown:
        raise _fault(
            "unknown-locked",
            msg("ids of communities or units to lock"),
            msg("{ids}", ids=", ".join(unknown[:5])),
            msg("look up the ids in the units layer"),
        )
    rows = units.contiguity
    around = np.zeros(len(ids))
    for column in ("unit", "neighbor"):
        np.add.at(around, ids.get_indexer(rows[column]), rows["shared_m"].to_numpy(float))
    indptr, indices, shared = _inside_parents(units, graph.indptr, graph.indices, graph.shared_m)
    weight = np.nan_to_num(table["households"].to_numpy(float))
    closed = tuple(int(b) for b in np.flatnonzero(np.isin(base_ids.astype(object), list(locked))))
    count, reasons = _count(parts, limits, target, float(weight.sum()), len(base_ids), len(ids))
    land = Field(
        indptr=indptr,
        indices=indices,
        shared_m=shared,
        around_m=around,
        weight=weight,
        base=base.astype(np.int64),
        base_ids=tuple(str(b) for b in base_ids),
        lower=limits[0],
        upper=min(limits[1], float(weight.sum()) + 1.0),
        target=target,
        parts=count,
        walks=walks,
        fixed=np.isin(ids.to_numpy(dtype=object), list(locked)) | np.isin(base, closed),
        closed=closed,
    )
    return land, reasons


def _inside_parents(
    units: Units, indptr: NDArray[np.int64], indices: NDArray[np.int64], shared: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The graph without joints between units of two units of the level above."""
    if units.parent is None:
        return indptr, indices, shared
    parent = pd.factorize(units.parent.reindex(units.table.index).to_numpy(dtype=object))[0]
    tail = np.repeat(np.arange(len(parent)), np.diff(indptr))
    keep = parent[tail] == parent[indices]
    counts = np.bincount(tail[keep], minlength=len(parent))
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), indices[keep], shared[keep]


def _count(
    parts: int | tuple[int, int] | None,
    limits: tuple[float, float],
    target: float,
    total: float,
    today: int,
    units: int,
) -> tuple[int, list[Message]]:
    """Number of parts: the one nearest to what the target asks for, among those that range and wish allow."""
    if isinstance(parts, int):
        return parts, _too_many(parts, units)
    least = max(math.ceil(total / limits[1] - 1e-9), 1)
    most = math.floor(total / limits[0] + 1e-9) if limits[0] > 0 else units
    low, high = parts if parts is not None else (1, units)
    numbers = list(range(max(least, low), min(most, high, units) + 1))
    if numbers:
        wanted = total / target
        return min(numbers, key=lambda k: (abs(k - wanted), abs(k - today), k)), []
    text = msg(
        "{total:,.0f} households make {least} to {most} communities of {lower:,.0f} to {upper:,.0f}; "
        "wanted are {low} to {high}",
        total=total,
        least=least,
        most=most,
        lower=limits[0],
        upper=limits[1],
        low=low,
        high=min(high, units),
    )
    return min(max(low, 1), units), [text, *_too_many(low, units)]


def _too_many(parts: int, units: int) -> list[Message]:
    if parts <= units:
        return []
    return [msg("{parts} communities are more than the {units} units that can be moved", parts=parts, units=units)]


def _conflicts(land: Field) -> list[Message]:
    """Why no partition can exist."""
    locked = np.full(len(land.weight), -1)
    for base in land.closed:
        locked[land.base == base] = base
    found = explain_infeasible(
        land.indptr, land.indices, land.weight, parts=land.parts, lower=land.lower, upper=land.upper, locked=locked
    )
    return list(found.messages) if found else []


def _not_found(found: Found) -> Message:
    return msg(
        "no arrangement that keeps every rule was found in {moves:,} moves; that none exists is not proven: "
        "widen the range, change the number of communities, or raise --effort",
        moves=found.moves,
    )


def _bound(land: Field, chosen: list[tuple[str, NDArray[np.int64]]], budget: Budget) -> Bound:
    fewest = min((part_of for _, part_of in chosen), key=lambda p: score(land, p)["moved"])
    free = np.ones((len(land.weight), len(land.base_ids) + 1), bool)
    for base in land.closed:
        free[land.base != base, base] = False
    return moved_bound(
        land.indptr,
        land.indices,
        land.weight,
        land.base,
        land.parts,
        land.lower,
        land.upper,
        allowed=free if land.closed else None,
        locked=land.fixed if land.fixed.any() else None,
        budget=budget,
        warm_start=fewest,
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """What all proposals of one call share; candidate sites count only in proposals."""

    town: Town
    units: Units
    land: Field
    walks_today: CentreWalks
    walks: CentreWalks
    limits: Limits
    seed: int
    effort: int | None

    def proposal(self, favour: str, codes: NDArray[np.int64], bound: Bound, found: Found) -> Proposal:
        """One proposal with names, changes and measures."""
        land, units = self.land, self.units
        base = today(units)
        stands = stands_for(land, codes)
        ids = [land.base_ids[b] if b >= 0 else None for b in stands]
        partition = from_codes(units, codes, stands_for=ids)
        first = np.unique(codes, return_index=True)[1]
        part_ids = tuple(str(partition.part_of.iloc[i]) for i in first)
        rows = np.arange(len(codes))
        before = sites_of(self.walks_today, units).to_parts(land.base, len(land.base_ids))[rows, land.base]
        after = land.walks.to_parts(codes, land.parts)[rows, codes]
        enclaves = find_enclaves(units, base.part_of)
        names = {**base.names, **partition.names}
        measured = measure_partition(partition, limits=self.limits, walk=self.walks)
        return Proposal(
            name=favour,
            favours=favour,
            partition=partition,
            changes=explain_changes(units, land, codes, stands, part_ids, names, enclaves, before, after),
            before=measure_partition(base, limits=self.limits, walk=self.walks_today),
            after=measured,
            enclaves_before=enclaves,
            enclaves_after=_without_flaws(find_enclaves(units, partition.part_of)),
            bound=bound,
            split_estates=measured.split_estates,
            limits=self.limits,
            feasible=True,
            reasons=(),
            stopped_by=found.stopped_by,
            seed=self.seed,
            effort=self.effort,
            notices=self.town.notices + units.notices,
        )

    def no_proposal(self, reasons: tuple[Message, ...], stopped_by: str) -> Proposal:
        """The answer where there is none: today's communities and why nothing can be proposed."""
        base = today(self.units)
        before = measure_partition(base, limits=self.limits, walk=self.walks_today)
        enclaves = find_enclaves(self.units, base.part_of)
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
            notices=self.town.notices + self.units.notices,
        )


def _without_flaws(enclaves: pd.DataFrame) -> pd.DataFrame:
    """Only what lies in the proposal: units tile the land, so overlaps and gaps of today's drawing are gone."""
    return enclaves[~enclaves["kind"].isin(["overlap", "gap"])].reset_index(drop=True)
