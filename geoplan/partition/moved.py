"""Fewest households moved: from today's parts to another number of parts, and a proof of how many must move."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.movedbound import Bound, counts_alone, moved_bound
from geoplan.partition.outcome import Outcome, match_parts, weight_moved
from geoplan.partition.problem import Problem, graph_components, is_feasible
from geoplan.partition.recut import split_by_tree
from geoplan.partition.search import Budget, Found, search
from geoplan.partition.starts import grow_parts, mend_pieces

__all__ = ["Bound", "moved_bound", "rename_by_base", "solve_moved", "start_from_base"]

HEAT = (1.0, 0.002)
PENALTIES = (3.0, 6.0)
"""Above 1: a household that stays must not pay for one that is missing in a part."""

SWAPS = 0.6
"""Exchanges find the last few households; without them the excess of the new parts is ten times as large."""

MOVES_PER_UNIT, MOST_RUN_MOVES = 17_500, 8_000_000
"""Of one run."""

SEARCH_SHARE = 0.6
"""Part of the budget that goes to the search; the rest to the bound."""

SURVIVOR_TRIES = 4
"""Where parts are given up: choices of those that stay."""


def start_from_base(
    problem: Problem, base: np.ndarray, *, rng: np.random.Generator, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Connected start near the base: detached pieces given away, heavy parts split by trees, light ones merged.

    Parameters
    ----------
    problem
        Graph, weights, ranges; its number of parts may differ from the base's.
    base
        Base part of each unit, 0 to m - 1, each with a unit.
    rng
        Source of chance.
    noise
        0 to split and merge by weight alone; up to 1 to vary.

    Returns
    -------
    tuple of ndarray
        Part of each unit, and the base part that each part stands for (-1: a new one).
    """
    count = int(base.max()) + 1
    part_of = mend_pieces(_unlimited(problem, max(count, problem.parts)), base)
    part_of = _name_islands(problem, part_of, count)
    part_of = _merge_light(problem, part_of, rng, noise)
    names = np.unique(part_of)
    part_of = _split_heavy(problem, np.searchsorted(names, part_of), len(names), rng, noise)
    stands_for = np.full(problem.parts, -1)
    stands_for[: len(names)] = np.where(names < count, names, -1)[: problem.parts]
    return part_of, stands_for


def _name_islands(problem: Problem, part_of: np.ndarray, count: int) -> np.ndarray:
    """Names of their own for pieces that touch no other part: the heaviest piece keeps the name."""
    part_of = part_of.copy()
    piece = components_of_parts(problem.indptr, problem.indices, part_of)
    held = np.bincount(piece, weights=problem.weight)
    for part in np.unique(part_of):
        pieces = np.unique(piece[part_of == part])
        for extra in pieces[np.argsort(-held[pieces], kind="stable")][1:]:
            part_of[piece == extra] = count
            count += 1
    return part_of


def _unlimited(problem: Problem, parts: int) -> Problem:
    """The same graph with another number of parts, without ranges and costs of units."""
    return replace(
        problem, unit_cost=np.zeros((problem.units, parts)), lower=np.zeros(parts), upper=np.full(parts, np.inf)
    )


def _merge_light(problem: Problem, part_of: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Join the lightest part with its lightest neighbour until few enough are left; the heavier gives the name."""
    part_of = part_of.copy()
    tail = np.repeat(np.arange(problem.units), np.diff(problem.indptr))
    while True:
        alive = np.unique(part_of)
        if len(alive) <= problem.parts:
            return part_of
        held = np.bincount(part_of, weights=problem.weight)
        rank = held * (1 + noise * rng.random(len(held)))
        merged = False
        for light in alive[np.lexsort((alive, rank[alive]))]:
            beside = np.unique(part_of[problem.indices[part_of[tail] == light]])
            beside = beside[beside != light]
            if len(beside):
                other = beside[np.argmin(rank[beside])]
                keep, lose = (light, other) if held[light] > held[other] else (other, light)
                part_of[part_of == lose] = keep
                merged = True
                break
        if not merged:
            return part_of


def _split_heavy(
    problem: Problem, part_of: np.ndarray, count: int, rng: np.random.Generator, noise: float
) -> np.ndarray:
    """Give the free numbers to the heaviest parts, each time where most weight would be on a part."""
    part_of = part_of.copy()
    held = np.bincount(part_of, weights=problem.weight, minlength=count)
    members = np.bincount(part_of, minlength=count)
    share = np.ones(count, np.int64)
    handicap = 0.5 + noise * (rng.random(count) - 0.5)
    for _ in range(problem.parts - count):
        rank = np.where(share < members, held / (share + handicap), -1.0)
        share[int(np.argmax(rank))] += 1
    free = count
    want = float(problem.lower.mean()) or float(problem.weight.sum()) / problem.parts
    for part in range(count):
        for left in range(int(share[part]), 1, -1):
            inside = np.flatnonzero(part_of == part)
            rest = problem.weight[inside].sum()
            side = split_by_tree(
                problem.indptr, problem.indices, problem.weight, inside, want=min(want, rest / left), rng=rng
            )
            if len(inside) - len(side) < left - 1:
                ones = np.ones(problem.units)
                side = split_by_tree(problem.indptr, problem.indices, ones, inside, want=1.0, rng=rng, tries=1)
            part_of[side] = free
            free += 1
    return part_of


def solve_moved(problem: Problem, base: np.ndarray, *, budget: Budget, seed: int = 0) -> Outcome:
    """Search from the base, then prove a bound.

    Parameters
    ----------
    problem
        Graph, weights and ranges; costs are set here.
    base
        Base part of each unit, 0 to m - 1, each with a unit.
    budget
        For the search and the bound together.
    seed
        Source of chance.

    Returns
    -------
    Outcome
        Kept parts come first, in the order of their base parts.
    """
    started = time.monotonic()
    count = int(base.max()) + 1
    forced = counts_alone(problem.weight, base, problem.parts, float(problem.lower[0]), float(problem.upper[0]))
    tries = SURVIVOR_TRIES if count > problem.parts else 1
    found: list[Found] = []
    for attempt in range(tries):
        share = _share(budget, SEARCH_SHARE / tries, forced)
        found.append(_search_once(problem, base, share, seed + attempt * 7919, attempt))
        if found[-1].energy <= forced or found[-1].stopped_by == "interrupted":
            break
    best = min(found, key=lambda f: f.energy)
    moves, runs = sum(f.moves for f in found), sum(f.runs for f in found)
    part_of = rename_by_base(problem.weight, base, best.closest)
    objective = weight_moved(problem.weight, base, part_of)
    if best.stopped_by == "interrupted":
        return Outcome(part_of, objective, forced, "interrupted", moves, runs, forced)
    left = None if budget.time_limit_s is None else max(budget.time_limit_s - (time.monotonic() - started), 0.0)
    try:
        proof = moved_bound(
            problem.indptr,
            problem.indices,
            problem.weight,
            base,
            problem.parts,
            float(problem.lower[0]),
            float(problem.upper[0]),
            budget=Budget(effort=budget.effort, time_limit_s=left),
            warm_start=best.part_of,
        )
    except KeyboardInterrupt:
        return Outcome(part_of, objective, forced, "interrupted", moves, runs, forced)
    if proof.part_of is not None and is_feasible(problem, proof.part_of):
        exact = weight_moved(problem.weight, base, proof.part_of)
        if best.part_of is None or exact < objective:
            part_of, objective = proof.part_of, exact
    bound = min(proof.value, objective) if is_feasible(problem, part_of) else proof.value
    return Outcome(part_of, objective, bound, proof.stopped_by, moves, runs, forced)


def _share(budget: Budget, share: float, stop_at: float) -> Budget:
    effort = None if budget.effort is None else max(int(budget.effort * share), 1)
    limit = None if budget.time_limit_s is None else budget.time_limit_s * share
    return Budget(effort=effort, time_limit_s=limit, stop_at=stop_at)


def _search_once(problem: Problem, base: np.ndarray, budget: Budget, seed: int, attempt: int) -> Found:
    rng = np.random.default_rng([seed, attempt])
    stands_for = start_from_base(problem, base, rng=rng, noise=float(attempt > 0))[1]
    cost = np.repeat(problem.weight[:, None], problem.parts, axis=1)
    for part in np.flatnonzero(stands_for >= 0):
        cost[base == stands_for[part], part] = 0.0

    # some starts do without the base; more of them where areas apart must share the parts out
    every = 4 if graph_components(problem.indptr, problem.indices).max() == 0 else 2

    def start(rng: np.random.Generator, run: int) -> np.ndarray:
        if run % every == every - 1:
            part_of = grow_parts(problem, rng=rng)
            old_of = match_parts(problem.weight, base, part_of)
            stands = np.array([old_of.get(p, -1) for p in range(problem.parts)])
        else:
            part_of, stands = start_from_base(problem, base, rng=rng, noise=float(run > 0))
        return _put_in_columns(part_of, stands, stands_for)

    moves = int(np.clip(problem.units * MOVES_PER_UNIT, 10_000, MOST_RUN_MOVES))
    priced = replace(problem, unit_cost=cost, edge_cost=np.zeros(len(problem.indices)), scale=problem.weight_step)
    return search(
        priced, budget=budget, seed=seed, start=start, heat=HEAT, penalties=PENALTIES, swaps=SWAPS, run_moves=moves
    )


def _put_in_columns(part_of: np.ndarray, stands: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Renumber parts so that each stands for the base part that its column is priced for, as far as possible."""
    column = np.full(len(stands), -1)
    at = {int(b): i for i, b in enumerate(wanted) if b >= 0}
    for part, old in enumerate(stands):
        column[part] = at.pop(int(old), -1)
    free = np.setdiff1d(np.arange(len(stands)), column)
    column[column < 0] = free
    return column[part_of]


def rename_by_base(weight: np.ndarray, base: np.ndarray, part_of: np.ndarray) -> np.ndarray:
    """Number the parts anew: kept ones first in the order of their base parts, then new ones by their first unit.

    Parameters
    ----------
    weight
        Weight of each unit.
    base, part_of
        Old and new part of each unit.

    Returns
    -------
    ndarray of int64
        Where no base part is given up, kept parts have their base part's number.
    """
    old_of = match_parts(weight, base, part_of)
    first = {int(p): int(i) for p, i in zip(*np.unique(part_of, return_index=True), strict=True)}
    order = sorted(first, key=lambda p: (old_of.get(p, len(weight)), first[p]))
    number = np.zeros(int(part_of.max()) + 1, np.int64)
    number[order] = np.arange(len(order))
    return number[part_of]
