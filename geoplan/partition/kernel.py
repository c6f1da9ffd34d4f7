"""The compiled search: simulated annealing over connected partitions.

One move gives one unit to the part of a neighbour, exchanges two near each other, or gives one on to a third part in a
chain (which counts where units are coarse against the range). The energy is a sum that each move changes locally:
weights of cut edges, a cost for each unit in each part (households moved, walk to the part's centre, inertia), an
evenness term and a penalty for parts outside their range. Every move is checked to leave the giving part in one piece,
so that each state of the search is a connected partition; ranges may be broken on the way (else tight bands cannot be
crossed) but never in what is returned as feasible.

The state lives in arrays that Python holds between slices of work, so that a run can be interrupted without losing
anything.

References
----------
Kirkpatrick, S., Gelatt, C. D., Vecchi, M. P. (1983). Optimization by simulated annealing. Science 220.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["anneal", "components_of_parts", "start_state"]


CHAINS = 0.3
"""Share of the moves with a unit in return in which a third part gets it."""


@njit(cache=True)
def _random(state: np.ndarray) -> float:
    """Next number in [0, 1): xorshift64*, so that a seed gives the same run on every machine."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def _stays_whole(
    unit: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    part_of: np.ndarray,
    seen: np.ndarray,
    wanted: np.ndarray,
    stack: np.ndarray,
    stamp: np.ndarray,
) -> bool:
    """Whether the unit's part is still in one piece without the unit.

    Walks through the part from one neighbour until all the unit's neighbours in the part are met; mostly they are met
    at once, around the unit.
    """
    part = part_of[unit]
    stamp[0] += 1
    now = stamp[0]
    missing = 0
    start = -1
    for e in range(indptr[unit], indptr[unit + 1]):
        w = indices[e]
        if part_of[w] == part and wanted[w] != now:
            wanted[w] = now
            missing += 1
            start = w
    if missing == 0:
        return False
    seen[unit] = now
    seen[start] = now
    missing -= 1
    stack[0] = start
    top = 1
    while top > 0 and missing > 0:
        top -= 1
        x = stack[top]
        for e in range(indptr[x], indptr[x + 1]):
            w = indices[e]
            if part_of[w] == part and seen[w] != now:
                seen[w] = now
                if wanted[w] == now:
                    missing -= 1
                stack[top] = w
                top += 1
    return missing == 0


@njit(cache=True)
def _excess(weight: float, lower: float, upper: float) -> float:
    if weight < lower:
        return lower - weight
    if weight > upper:
        return weight - upper
    return 0.0


@njit(cache=True)
def _uneven(weight: float, target: float) -> float:
    return (weight - target) * (weight - target) / (target * target)


@njit(cache=True)
def _enter_border(unit: int, border: np.ndarray, place: np.ndarray, size: np.ndarray) -> None:
    border[size[0]] = unit
    place[unit] = size[0]
    size[0] += 1


@njit(cache=True)
def _leave_border(unit: int, border: np.ndarray, place: np.ndarray, size: np.ndarray) -> None:
    size[0] -= 1
    last = border[size[0]]
    border[place[unit]] = last
    place[last] = place[unit]
    place[unit] = -1


@njit(cache=True)
def _change(
    v: int,
    p: int,
    q: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    edge_cost: np.ndarray,
    unit_cost: np.ndarray,
    part_of: np.ndarray,
) -> float:
    """What giving a unit from p to q adds to the energy: its own cost and its edges."""
    change = unit_cost[v, q] - unit_cost[v, p]
    for e in range(indptr[v], indptr[v + 1]):
        other = part_of[indices[e]]
        if other == p:
            change += edge_cost[e]
        elif other == q:
            change -= edge_cost[e]
    return change


@njit(cache=True)
def _shared(v: int, w: int, indptr: np.ndarray, indices: np.ndarray, edge_cost: np.ndarray) -> float:
    for e in range(indptr[v], indptr[v + 1]):
        if indices[e] == w:
            return float(edge_cost[e])
    return 0.0


@njit(cache=True)
def _give(
    v: int,
    p: int,
    q: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    part_of: np.ndarray,
    foreign: np.ndarray,
    border: np.ndarray,
    place: np.ndarray,
    size: np.ndarray,
) -> None:
    """Give a border unit from p to q and keep the border lists up to date."""
    part_of[v] = q
    for e in range(indptr[v], indptr[v + 1]):
        w = indices[e]
        other = part_of[w]
        if other == p:
            foreign[w] += 1
            foreign[v] += 1
            if foreign[w] == 1:
                _enter_border(w, border, place, size)
        elif other == q:
            foreign[w] -= 1
            foreign[v] -= 1
            if foreign[w] == 0:
                _leave_border(w, border, place, size)
    if foreign[v] == 0:
        _leave_border(v, border, place, size)


@njit(cache=True)
def _walk_to(
    v: int,
    p: int,
    q: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    part_of: np.ndarray,
    random_state: np.ndarray,
) -> int:
    """A unit of q met on a short random walk through p and q from a unit of p, to be given in return; -1 for none."""
    at = v
    for _ in range(1 + int(_random(random_state) * 6.0)):
        w = indices[indptr[at] + int(_random(random_state) * (indptr[at + 1] - indptr[at]))]
        if part_of[w] == p or part_of[w] == q:
            at = w
    return at if part_of[at] == q else -1


@njit(cache=True)
def components_of_parts(indptr: np.ndarray, indices: np.ndarray, part_of: np.ndarray) -> np.ndarray:
    """Label the pieces: units with the same label are joined inside one part.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    part_of
        Part of each unit.

    Returns
    -------
    ndarray of int64
        Piece of each unit, numbered from 0 in the order of the smallest unit.
    """
    n = len(part_of)
    piece = np.full(n, -1, np.int64)
    stack = np.empty(n, np.int64)
    count = 0
    for first in range(n):
        if piece[first] >= 0:
            continue
        piece[first] = count
        stack[0] = first
        top = 1
        while top > 0:
            top -= 1
            x = stack[top]
            for e in range(indptr[x], indptr[x + 1]):
                w = indices[e]
                if piece[w] < 0 and part_of[w] == part_of[first]:
                    piece[w] = count
                    stack[top] = w
                    top += 1
        count += 1
    return piece


@njit(cache=True)
def start_state(
    indptr: np.ndarray, indices: np.ndarray, part_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Border lists that :func:`anneal` keeps up to date between slices of work.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    part_of
        Part of each unit.

    Returns
    -------
    tuple of ndarray
        Count of foreign neighbours, border units, place of each unit among them, and how many there are.
    """
    n = len(part_of)
    foreign = np.zeros(n, np.int64)
    border = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    size = np.zeros(1, np.int64)
    for v in range(n):
        for e in range(indptr[v], indptr[v + 1]):
            if part_of[indices[e]] != part_of[v]:
                foreign[v] += 1
        if foreign[v] > 0:
            _enter_border(v, border, place, size)
    return foreign, border, place, size


@njit(cache=True)
def anneal(  # one loop that must compile to one function: its pieces above are inlined by the compiler
    indptr: np.ndarray,
    indices: np.ndarray,
    edge_cost: np.ndarray,
    unit_cost: np.ndarray,
    weight: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    target: float,
    even: float,
    penalty: float,
    swaps: float,
    temperatures: tuple[float, float],
    steps: tuple[int, int, int],
    part_of: np.ndarray,
    best: np.ndarray,
    best_energy: float,
    border_state: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    random_state: np.ndarray,
) -> float:
    """Run moves ``steps[0]`` to ``steps[1]`` out of ``steps[2]`` of a cooling schedule.

    Parameters
    ----------
    indptr, indices, edge_cost
        Symmetric neighbours in CSR form, and what cutting each costs.
    unit_cost
        Cost of each unit (row) in each part (column); ``inf`` forbids it.
    weight
        Households of each unit.
    lower, upper
        Range of each part.
    target, even
        Target weight and what the relative squared deviations from it cost.
    penalty
        Cost of one weight unit outside a range.
    swaps
        Share of the moves that give a unit while its new part gives another, back or on to a third part.
    temperatures
        At the start and the end of the schedule.
    steps
        First move, end of this slice, moves of the whole schedule.
    part_of
        Partition, every part connected; changed in place.
    best, best_energy
        Best feasible partition so far, changed in place, and its energy (``inf`` for none).
    border_state
        From :func:`start_state`; changed in place.
    random_state
        One uint64, not 0; changed in place.

    Returns
    -------
    float
        Energy of the best feasible partition.
    """
    n = len(part_of)
    parts = len(lower)
    foreign, border, place, size = border_state
    seen = np.zeros(n, np.int64)
    wanted = np.zeros(n, np.int64)
    stack = np.empty(n, np.int64)
    stamp = np.zeros(1, np.int64)

    held = np.zeros(parts)
    members = np.zeros(parts, np.int64)
    energy = 0.0
    for v in range(n):
        held[part_of[v]] += weight[v]
        members[part_of[v]] += 1
        energy += unit_cost[v, part_of[v]]
        for e in range(indptr[v], indptr[v + 1]):
            if indices[e] > v and part_of[indices[e]] != part_of[v]:
                energy += edge_cost[e]
    outside = 0
    for p in range(parts):
        energy += even * _uneven(held[p], target)
        if _excess(held[p], lower[p], upper[p]) > 0.0:
            outside += 1
    if outside == 0 and energy < best_energy - 1e-9:
        best_energy = energy
        best[:] = part_of

    cooling = (temperatures[1] / temperatures[0]) ** (1.0 / steps[2])
    heat = temperatures[0] * cooling ** steps[0]
    for _ in range(steps[0], steps[1]):
        heat *= cooling
        if size[0] == 0:
            break
        v = border[int(_random(random_state) * size[0])]
        p = part_of[v]
        q = part_of[indices[indptr[v] + int(_random(random_state) * (indptr[v + 1] - indptr[v]))]]
        if q == p or members[p] == 1 or unit_cost[v, q] == np.inf:
            continue
        back = -1
        r = p  # who gets what q gives in return: p in an exchange, a third part in a chain
        if swaps > 0.0 and _random(random_state) < swaps:
            back = _walk_to(v, p, q, indptr, indices, part_of, random_state)
            if back < 0:
                continue
            if _random(random_state) < CHAINS:
                third = part_of[indices[indptr[back] + int(_random(random_state) * (indptr[back + 1] - indptr[back]))]]
                r = third if third != q else p
            if unit_cost[back, r] == np.inf:
                continue
        change = _change(v, p, q, indptr, indices, edge_cost, unit_cost, part_of)
        new_p, new_q, new_r = held[p] - weight[v], held[q] + weight[v], held[r]
        if back >= 0:
            change += _change(back, q, r, indptr, indices, edge_cost, unit_cost, part_of)
            change += (2.0 if r == p else 1.0) * _shared(v, back, indptr, indices, edge_cost)
            new_q -= weight[back]
            new_r += weight[back]
            if r == p:
                new_p += weight[back]
        if even != 0.0:
            change += even * (
                _uneven(new_p, target) + _uneven(new_q, target) - _uneven(held[p], target) - _uneven(held[q], target)
            )
            if r != p:
                change += even * (_uneven(new_r, target) - _uneven(held[r], target))
        was_out = _excess(held[p], lower[p], upper[p]), _excess(held[q], lower[q], upper[q])
        is_out = _excess(new_p, lower[p], upper[p]), _excess(new_q, lower[q], upper[q])
        rise = change + penalty * (is_out[0] + is_out[1] - was_out[0] - was_out[1])
        was_out_r, is_out_r = 0.0, 0.0
        if r != p:
            was_out_r, is_out_r = _excess(held[r], lower[r], upper[r]), _excess(new_r, lower[r], upper[r])
            rise += penalty * (is_out_r - was_out_r)
        if rise > 0.0 and _random(random_state) >= np.exp(-rise / heat):
            continue
        if not _stays_whole(v, indptr, indices, part_of, seen, wanted, stack, stamp):
            continue
        _give(v, p, q, indptr, indices, part_of, foreign, border, place, size)
        if back >= 0:
            touches = False
            for e in range(indptr[back], indptr[back + 1]):
                touches = touches or part_of[indices[e]] == r
            if not touches or not _stays_whole(back, indptr, indices, part_of, seen, wanted, stack, stamp):
                _give(v, q, p, indptr, indices, part_of, foreign, border, place, size)
                continue
            _give(back, q, r, indptr, indices, part_of, foreign, border, place, size)
            members[q] -= 1
            members[r] += 1
        members[p] -= 1
        members[q] += 1

        energy += change
        held[p], held[q] = new_p, new_q
        if r != p:
            held[r] = new_r
            outside += int(is_out_r > 0.0) - int(was_out_r > 0.0)
        outside += int(is_out[0] > 0.0) + int(is_out[1] > 0.0) - int(was_out[0] > 0.0) - int(was_out[1] > 0.0)
        if outside == 0 and energy < best_energy - 1e-9:
            best_energy = energy
            best[:] = part_of
    return best_energy
