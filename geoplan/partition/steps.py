"""Single steps: split, merge, move, absorb; each gives a new partition with what was and what is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.partition.measures import CentreWalks, Limits, Measures, measure_partition
from geoplan.partition.plan import Partition, new_part_ids, today
from geoplan.partition.problem import Problem
from geoplan.partition.recut import split_by_tree
from geoplan.partition.search import Budget, search
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import unit_graph

__all__ = [
    "PartFinding",
    "StepResult",
    "absorb_enclaves",
    "check_partition",
    "merge_communities",
    "move_units",
    "split_community",
]


@dataclass(frozen=True, slots=True)
class PartFinding:
    """One rule that a partition breaks.

    Attributes
    ----------
    code
        "out-of-range", "in-pieces", "estate-split", "outside-parent", "locked-changed", "no-centre".
    message
        In words.
    parts, units
        Ids concerned.
    amount
        By how much: households, pieces, units.
    """

    code: str
    message: Message
    parts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step made: the new partition, the measures before and after, and the rules that it breaks."""

    partition: Partition
    before: Measures
    after: Measures
    findings: tuple[PartFinding, ...] = ()


def _result(before: Partition, after: Partition, limits: Limits | None, walk: CentreWalks | None) -> StepResult:
    limits = limits or Limits()
    return StepResult(
        after,
        measure_partition(before, limits=limits, walk=walk),
        measure_partition(after, limits=limits, walk=walk),
        tuple(check_partition(after, limits, walk=walk)),
    )


def _fault(code: str, needed: Message, given: Message, mend: Message, rows: Iterable[str] = ()) -> InputError:
    return InputError(Fault(code=code, needed=needed, given=given, mend=mend, where=Where(rows=tuple(rows))))


def _known_parts(partition: Partition, ids: Sequence[str]) -> None:
    strange = sorted(set(ids) - set(partition.parts))
    if strange:
        raise _fault(
            "unknown-part",
            msg("ids of communities of this partition"),
            msg("{ids}", ids=", ".join(strange)),
            msg("use one of {ids}", ids=", ".join(partition.parts[:20])),
            strange,
        )


def move_units(
    partition: Partition,
    units: Iterable[str],
    to: str,
    *,
    limits: Limits | None = None,
    walk: CentreWalks | None = None,
) -> StepResult:
    """Move units to another community.

    Parameters
    ----------
    partition
        Before; it stays as it is.
    units
        Ids of units.
    to
        Id of a community.
    limits, walk
        Rules to check and walks to measure by.

    Returns
    -------
    StepResult
        A community that loses all its units is gone.

    Raises
    ------
    InputError
        If there is no such unit or community.
    """
    chosen = sorted(set(units))
    _known_parts(partition, [to])
    strange = [unit for unit in chosen if unit not in partition.part_of.index]
    if strange:
        raise _fault(
            "unknown-unit",
            msg("ids of units"),
            msg("{ids}", ids=", ".join(strange[:5])),
            msg("correct the ids of the units"),
            strange,
        )
    return _result(partition, partition.moved(chosen, to), limits, walk)


def merge_communities(
    partition: Partition, ids: Iterable[str], *, limits: Limits | None = None, walk: CentreWalks | None = None
) -> StepResult:
    """Merge communities; the one with most households gives id and name.

    Parameters
    ----------
    partition
        Before; it stays as it is.
    ids
        Ids of two or more communities.
    limits, walk
        Rules to check and walks to measure by.

    Returns
    -------
    StepResult
        Communities that do not touch come out in pieces, which ``findings`` names.

    Raises
    ------
    InputError
        If there are fewer than two, one is unknown, or they lie in different units of the level above.
    """
    chosen = sorted(set(ids))
    _known_parts(partition, chosen)
    if len(chosen) < 2:
        raise _fault(
            "too-few-parts",
            msg("two or more communities to merge"),
            msg("{ids}", ids=", ".join(chosen) or "-"),
            msg("name at least two"),
        )
    members = partition.part_of.isin(chosen).to_numpy()
    parent = partition.units.parent
    if parent is not None and len(parent[members].unique()) > 1:
        raise _fault(
            "outside-parent",
            msg("communities of one unit of the level above"),
            msg("{ids}", ids=", ".join(sorted(map(str, parent[members].unique())))),
            msg("merge within one of them"),
            chosen,
        )
    held = partition.units.table["households"].groupby(partition.part_of).sum()
    keeps = min(chosen, key=lambda part: (-held[part], part))
    return _result(partition, partition.moved(partition.part_of.index[members], keeps), limits, walk)


def split_community(
    partition: Partition,
    part: str,
    *,
    parts: int = 2,
    limits: Limits | None = None,
    walk: CentreWalks | None = None,
    seed: int = 0,
) -> StepResult:
    """Split a community into connected ones of about equal households, with short boundaries between them.

    The one with most households keeps id and name; the others get provisional names. Detached pieces stay with the
    old id (see :func:`absorb_enclaves`).

    Parameters
    ----------
    partition
        Before; it stays as it is.
    part
        Id of the community.
    parts
        Into how many.
    limits, walk
        Range that the parts should keep, rules to check, walks to measure by.
    seed
        Source of chance.

    Returns
    -------
    StepResult

    Raises
    ------
    InputError
        If there is no such community, or it has fewer connected units than parts.
    """
    _known_parts(partition, [part])
    graph = unit_graph(partition.units)
    members = np.flatnonzero((partition.part_of == part).to_numpy())
    held = partition.units.table["households"].to_numpy(float)
    core = _main_piece(graph.indptr, graph.indices, members, held)
    if parts < 2 or len(core) < parts:
        raise _fault(
            "cannot-split",
            msg("at least 2 parts and as many connected units"),
            msg("{parts} parts, {units} units", parts=parts, units=len(core)),
            msg("choose fewer parts, or cut large estates into buildings"),
            [part],
        )
    side = _cut(_sub_problem(graph.indptr, graph.indices, graph.shared_m, held, core, parts, limits), seed)
    total = np.bincount(side, weights=held[core], minlength=parts)
    first = np.array([core[side == s][0] for s in range(parts)])
    order = np.lexsort((first, -total))
    ids = [part, *new_part_ids({*partition.parts, *partition.units.today.index}, parts - 1)]
    name_of = {int(s): ids[rank] for rank, s in enumerate(order)}
    part_of = partition.part_of.copy()
    part_of.iloc[core] = [name_of[int(s)] for s in side]
    return _result(partition, partition.with_parts(part_of), limits, walk)


def _main_piece(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], members: NDArray[np.int64], held: NDArray[np.float64]
) -> NDArray[np.int64]:
    graph = csr_array((np.ones(len(indices)), indices, indptr), (len(held), len(held)))[members][:, members]
    piece = connected_components(graph, directed=False)[1]
    weight = np.bincount(piece, weights=held[members])
    size = np.bincount(piece)
    return members[piece == np.lexsort((-size, -weight))[0]]


def _sub_problem(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    shared_m: NDArray[np.float64],
    held: NDArray[np.float64],
    core: NDArray[np.int64],
    parts: int,
    limits: Limits | None,
) -> Problem:
    """The units of one community as a problem of their own, boundaries in units of their mean length."""
    n = len(held)
    graph = csr_array((shared_m, indices, indptr), (n, n))[core][:, core].tocsr()
    graph.sort_indices()
    weight = held[core]
    mean = weight.sum() / parts
    lower, upper = 0.9 * mean, 1.1 * mean
    if limits is not None and limits.lower <= mean <= limits.upper:
        lower, upper = max(lower, limits.lower), min(upper, limits.upper)
    cost = graph.data / max(float(graph.data.mean()), 1e-9)
    return Problem(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int64),
        cost,
        weight,
        np.zeros((len(core), parts)),
        np.full(parts, lower),
        np.full(parts, upper),
        target=max(mean, 1.0),
    )


def _cut(problem: Problem, seed: int) -> NDArray[np.int64]:
    """Side of each unit: cut along trees, then improved; the trees alone where the range cannot be met."""

    def start(rng: np.random.Generator, _run: int) -> np.ndarray:
        side = np.zeros(problem.units, np.int64)
        weight = problem.weight if problem.weight.sum() > 0 else np.ones(problem.units)
        for number in range(1, problem.parts):
            rest = np.flatnonzero(side == 0)
            left = problem.parts - number + 1
            side[_branch(problem, weight, rest, left, rng)] = number
        return side

    found = search(problem, budget=Budget(effort=1), seed=seed, start=start, run_moves=200_000)
    if found.part_of is not None:
        return np.asarray(found.part_of, np.int64)
    tries = [start(np.random.default_rng([seed, run]), run) for run in range(20)]
    spread = [float(np.ptp(np.bincount(side, weights=problem.weight, minlength=problem.parts))) for side in tries]
    return tries[int(np.argmin(spread))]


def _branch(
    problem: Problem, weight: NDArray[np.float64], rest: NDArray[np.int64], left: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A connected branch of the rest with its share of the weight, that leaves a unit for each part still to come."""
    branch = split_by_tree(
        problem.indptr, problem.indices, weight, rest, want=float(weight[rest].sum()) / left, rng=rng
    )
    if len(rest) - len(branch) < left - 1:
        ones = np.ones(problem.units)
        branch = split_by_tree(problem.indptr, problem.indices, ones, rest, want=1.0, rng=rng, tries=1)
    return np.asarray(branch, np.int64)


def absorb_enclaves(
    partition: Partition,
    *,
    notches: bool = True,
    limits: Limits | None = None,
    walk: CentreWalks | None = None,
) -> StepResult:
    """Give every enclave to the community beside it, until none is left that can be mended.

    Parameters
    ----------
    partition
        Before; it stays as it is.
    notches
        Whether notches are mended, too, and not only detached pieces.
    limits, walk
        Locked communities and units stay; rules to check and walks to measure by.

    Returns
    -------
    StepResult
    """
    limits = limits or Limits()
    after, left = partition, _enclaves_left(partition)
    while True:
        tried = _absorb_once(after, limits, notches=notches)
        now = _enclaves_left(tried)
        if now >= left:
            return _result(partition, after, limits, walk)
        after, left = tried, now


def _absorb_once(partition: Partition, limits: Limits, *, notches: bool) -> Partition:
    """Give enclaves away; a unit moves once at most, so that two enclaves cannot hand each other on for ever."""
    after, done = partition, set(limits.locked_units)
    while True:
        table = find_enclaves(after.units, after.part_of)
        step = next((row for row in table.itertuples(index=False) if _may_mend(row, done, limits, notches)), None)
        if step is None:
            return after
        done |= set(step.units)
        after = after.moved(step.units, step.mend)


def _enclaves_left(partition: Partition) -> tuple[int, int]:
    """Detached pieces and notches of a partition; what today's drawing overlaps or leaves out does not count."""
    kinds = find_enclaves(partition.units, partition.part_of)["kind"]
    return int((~kinds.isin(["notch", "overlap", "gap"])).sum()), int((kinds == "notch").sum())


def _may_mend(row: object, done: set[str], limits: Limits, notches: bool) -> bool:
    kind, units, part, mend = (getattr(row, name) for name in ("kind", "units", "part", "mend"))
    wanted = kind in ("hole", "cell", "cluster", "detached") or (kind == "notch" and notches)
    free = mend is not None and part not in limits.locked and mend not in limits.locked
    return bool(wanted and free and not done & set(units))


def check_partition(
    partition: Partition, limits: Limits | None = None, *, walk: CentreWalks | None = None
) -> list[PartFinding]:
    """Name every rule that a partition breaks.

    Parameters
    ----------
    partition
        Units in parts.
    limits
        Ranges and locks.
    walk
        Where centres stand; needed to find communities without one.

    Returns
    -------
    list of PartFinding
        By code, then part; empty if all rules hold.
    """
    limits = limits or Limits()
    measures = measure_partition(partition, limits=limits, walk=walk)
    found = [*_range_findings(measures, limits), *_lock_findings(partition, limits)]
    for part, row in measures.parts[measures.parts["pieces"] > 1].iterrows():
        text = msg("{name} is in {pieces} pieces", name=row["name"], pieces=int(row["pieces"]))
        found.append(PartFinding("in-pieces", text, (str(part),), (), float(row["pieces"] - 1)))
    for estate in measures.split_estates:
        units = partition.units.table.index[(partition.units.table["estate"] == estate).to_numpy()]
        parts = tuple(sorted(partition.part_of[units].unique()))
        text = msg("estate {estate} is split between {parts}", estate=estate, parts=", ".join(parts))
        found.append(PartFinding("estate-split", text, parts, tuple(units), float(len(parts) - 1)))
    found += _parent_findings(partition)
    if limits.centre and walk is not None:
        for part, row in measures.parts[measures.parts["centres"] == 0].iterrows():
            text = msg("{name} has neither centre nor candidate site", name=row["name"])
            found.append(PartFinding("no-centre", text, (str(part),), (), 1.0))
    return sorted(found, key=lambda finding: (finding.code, finding.parts, finding.units))


def _range_findings(measures: Measures, limits: Limits) -> list[PartFinding]:
    found = []
    for part, row in measures.parts.iterrows():
        over = max(row["households"] - limits.upper, limits.lower - row["households"], 0.0)
        if over > 1e-9:
            text = msg(
                "{name} has {households} households, outside {lower} to {upper} by {amount}",
                name=row["name"],
                households=f"{row['households']:g}",
                lower=f"{limits.lower:g}",
                upper=f"{limits.upper:g}",
                amount=f"{over:g}",
            )
            found.append(PartFinding("out-of-range", text, (str(part),), (), float(over)))
    return found


def _lock_findings(partition: Partition, limits: Limits) -> list[PartFinding]:
    base, now = today(partition.units).part_of, partition.part_of
    changed = (base != now).to_numpy()
    found = []
    for part in sorted(limits.locked):
        units = tuple(now.index[changed & ((base == part) | (now == part)).to_numpy()])
        if units:
            text = msg("{part} is locked, but {count} units changed", part=part, count=len(units))
            found.append(PartFinding("locked-changed", text, (part,), units, float(len(units))))
    moved = tuple(unit for unit in sorted(limits.locked_units) if unit in now.index and now[unit] != base[unit])
    if moved:
        text = msg("{count} locked units were moved", count=len(moved))
        found.append(PartFinding("locked-changed", text, (), moved, float(len(moved))))
    return found


def _parent_findings(partition: Partition) -> list[PartFinding]:
    parent = partition.units.parent
    if parent is None:
        return []
    number: pd.Series = parent.groupby(partition.part_of).nunique(dropna=False)
    found = []
    for part in sorted(number.index[number.to_numpy() > 1]):
        above = ", ".join(sorted(map(str, parent[partition.members(part)].unique())))
        text = msg("{part} lies in several units of the level above: {above}", part=part, above=above)
        found.append(PartFinding("outside-parent", text, (str(part),), (), float(number[part] - 1)))
    return found
