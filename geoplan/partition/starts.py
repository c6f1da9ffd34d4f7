"""Where a search starts from: parts grown from seeds, pieces put together, a good partition cut anew, METIS."""

from __future__ import annotations

import heapq

import numpy as np

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.problem import Problem, graph_components
from geoplan.partition.recut import split_by_tree

__all__ = ["grow_parts", "mend_pieces", "metis_parts", "recut_pair", "share_parts"]


def _neighbours(problem: Problem, unit: int) -> np.ndarray:
    return problem.indices[problem.indptr[unit] : problem.indptr[unit + 1]]


def grow_parts(problem: Problem, *, rng: np.random.Generator) -> np.ndarray:
    """Connected parts grown from random units, the lightest first.

    Where the graph has several components, each gets the number of parts that its weight asks for; which of the
    possible numbers is drawn anew each time.

    Parameters
    ----------
    problem
        Graph, weights and number of parts, at least as many as components.
    rng
        Source of chance.

    Returns
    -------
    ndarray of int64
        Part of each unit.
    """
    part_of = np.full(problem.units, -1, np.int64)
    seeds = _seeds(problem, rng)
    part_of[seeds] = np.arange(problem.parts)
    held = problem.weight[seeds].astype(float)
    fringe = [list(_neighbours(problem, s)) for s in seeds]
    queue = [(held[p], p) for p in range(problem.parts)]
    heapq.heapify(queue)
    while queue:
        _, part = heapq.heappop(queue)
        free = fringe[part]
        while free:
            at = int(rng.integers(len(free)))
            free[at], free[-1] = free[-1], free[at]
            unit = free.pop()
            if part_of[unit] < 0:
                part_of[unit] = part
                held[part] += problem.weight[unit]
                free.extend(w for w in _neighbours(problem, unit) if part_of[w] < 0)
                heapq.heappush(queue, (held[part], part))
                break
    return part_of


def _seeds(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    component = graph_components(problem.indptr, problem.indices)
    count = int(component.max()) + 1
    if count == 1:
        return rng.choice(problem.units, problem.parts, replace=False)
    share = share_parts(problem, component, rng=rng)
    return np.concatenate([rng.choice(np.flatnonzero(component == c), share[c], replace=False) for c in range(count)])


def share_parts(problem: Problem, component: np.ndarray, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """How many parts each component of the graph gets.

    Each gets at least one and no more than it has units; then the parts go, one by one, to the component whose parts
    would be the heaviest (with a random handicap, so that starts differ), those above the upper limit first.

    Parameters
    ----------
    problem
        Weights, number of parts, ranges; at least as many parts as components.
    component
        Component of each unit.
    rng
        Source of the handicaps; without it the shares are proportional.

    Returns
    -------
    ndarray of int64
        Parts of each component.
    """
    count = int(component.max()) + 1
    weight = np.bincount(component, weights=problem.weight, minlength=count)
    room = np.bincount(component, minlength=count)
    share = np.ones(count, np.int64)
    handicap = np.full(count, 0.5) if rng is None else rng.random(count)
    lower, upper = float(problem.lower.mean()), float(problem.upper.mean())
    while share.sum() < problem.parts:
        too_heavy = weight > upper * share
        too_light = weight < lower * (share + 1)
        rank = weight / (share + handicap)
        full = share >= room
        order = np.lexsort((np.arange(count), -rank, too_light, ~too_heavy, full))
        share[order[0]] += 1
    return share


def mend_pieces(problem: Problem, part_of: np.ndarray) -> np.ndarray:
    """Give every detached piece of a part to a neighbour, so that each part is in one piece.

    The heaviest piece of a part keeps its number; the others go to the neighbouring part with the longest shared
    boundary (the largest cut cost), smallest pieces first.

    Parameters
    ----------
    problem
        The graph.
    part_of
        Part of each unit, perhaps in several pieces.

    Returns
    -------
    ndarray of int64
        A new array; a piece without neighbours (an island of the graph) stays as it is.
    """
    part_of = part_of.astype(np.int64).copy()
    for _ in range(problem.units):
        piece = components_of_parts(problem.indptr, problem.indices, part_of)
        held = np.bincount(piece, weights=problem.weight)
        first = np.unique(piece, return_index=True)[1]
        owner = part_of[first]
        main = np.full(problem.parts, -1)
        for i in np.lexsort((first, -held)):
            if main[owner[i]] < 0:
                main[owner[i]] = i
        loose = [i for i in np.lexsort((first, held)) if main[owner[i]] != i]
        if not _give_away_first(problem, part_of, piece, loose):
            return part_of
    return part_of


def _give_away_first(problem: Problem, part_of: np.ndarray, piece: np.ndarray, loose: list[int]) -> bool:
    for i in loose:
        shared = np.zeros(problem.parts)
        for unit in np.flatnonzero(piece == i):
            edges = slice(problem.indptr[unit], problem.indptr[unit + 1])
            others = part_of[problem.indices[edges]]
            np.add.at(shared, others, np.maximum(problem.edge_cost[edges], 1e-12) * (others != part_of[unit]))
            shared[np.isinf(problem.unit_cost[unit])] = 0.0
        if shared.any():
            part_of[piece == i] = int(np.argmax(shared))
            return True
    return False


def recut_pair(problem: Problem, part_of: np.ndarray, *, rng: np.random.Generator) -> np.ndarray | None:
    """Two neighbouring parts of a partition, joined and cut anew along a random spanning tree.

    Parameters
    ----------
    problem
        Graph and weights.
    part_of
        Connected parts.
    rng
        Source of chance.

    Returns
    -------
    ndarray of int64 or None
        A new partition, its parts connected; None where no two parts meet.
    """
    tail = np.repeat(np.arange(problem.units), np.diff(problem.indptr))
    limits = np.flatnonzero(part_of[tail] != part_of[problem.indices])
    if not len(limits):
        return None
    drawn = limits[rng.integers(len(limits))]
    one, two = part_of[tail[drawn]], part_of[problem.indices[drawn]]
    both = np.flatnonzero((part_of == one) | (part_of == two))
    want = float(problem.weight[part_of == one].sum())
    side = split_by_tree(problem.indptr, problem.indices, problem.weight, both, want=want, rng=rng, tries=2)
    new = part_of.copy()
    new[both] = two
    new[side] = one
    return new


def metis_parts(problem: Problem, *, rng: np.random.Generator) -> np.ndarray | None:
    """Parts by METIS, which looks for few cut edges and nearly even weights.

    Parameters
    ----------
    problem
        Graph and weights.
    rng
        Source of chance.

    Returns
    -------
    ndarray of int64 or None
        Connected parts, not always in range; None where pymetis (the extra ``metis``) is not installed, the graph is
        not connected, nothing weighs anything, or METIS leaves a part empty.

    References
    ----------
    Karypis, G., Kumar, V. (1998). A fast and high quality multilevel scheme for partitioning irregular graphs.
    SIAM Journal on Scientific Computing 20(1).
    """
    try:
        import pymetis
    except ImportError:
        return None
    if problem.parts < 2 or not problem.weight.any() or graph_components(problem.indptr, problem.indices).max() > 0:
        return None
    # METIS counts in whole numbers
    weights = np.round(problem.weight * (1e6 / max(float(problem.weight.sum()), 1.0))).astype(int)
    settings = pymetis.Options(contig=1, seed=int(rng.integers(2**31)), ufactor=5, niter=50)
    _, drawn = pymetis.part_graph(
        problem.parts,
        pymetis.CSRAdjacency(problem.indptr, problem.indices),
        vweights=weights.tolist(),
        options=settings,
        recursive=False,
    )
    part_of = mend_pieces(problem, np.asarray(drawn, np.int64))
    return part_of if len(np.unique(part_of)) == problem.parts else None
