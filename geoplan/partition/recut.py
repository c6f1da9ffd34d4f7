"""Cut parts anew: one along a random spanning tree, two or three neighbours exactly, as a small model.

References
----------
DeFord, D., Duchin, M., Solomon, J. (2021). Recombination: a family of Markov chains for redistricting. HDSR 3(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.milp import Cut, Guard, Model, solve_in_rounds
from geoplan.partition.problem import Problem
from geoplan.partition.rows import joining, ways_out

__all__ = ["recut_exactly", "split_by_tree"]


def split_by_tree(
    indptr: np.ndarray,
    indices: np.ndarray,
    weight: np.ndarray,
    members: np.ndarray,
    *,
    want: float,
    rng: np.random.Generator,
    tries: int = 8,
) -> np.ndarray:
    """Cut connected units in two connected sides, one of about a wanted weight.

    Draws random spanning trees and removes the edge whose one side comes nearest.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    weight
        Weight of each unit.
    members
        At least two units that are connected among themselves.
    want
        Weight of the side that is returned.
    rng
        Source of chance.
    tries
        Trees to draw.

    Returns
    -------
    ndarray of int64
        Units of that side, neither none nor all.
    """
    members = np.sort(members)
    graph = csr_array((np.ones(len(indices)), indices, indptr), (len(weight), len(weight)))[members][:, members].tocoo()
    once = graph.row < graph.col
    row, col = graph.row[once], graph.col[once]
    best: tuple[float, np.ndarray] = (np.inf, members[:1])
    for _ in range(tries):
        drawn = csr_array((rng.random(len(row)) + 1e-3, (row, col)), graph.shape)
        off, side = _nearest_branch(minimum_spanning_tree(drawn), weight[members], want)
        if off < best[0]:
            best = off, members[side]
    return best[1]


def _nearest_branch(tree: csr_array, weight: np.ndarray, want: float) -> tuple[float, np.ndarray]:
    order, parent = breadth_first_order(tree, 0, directed=False)
    below = weight.astype(float).copy()
    for x in order[:0:-1]:
        below[parent[x]] += below[x]
    off = np.minimum(np.abs(below - want), np.abs(weight.sum() - below - want))
    off[order[0]] = np.inf
    cut = int(np.argmin(off))
    inside = np.zeros(len(weight), bool)
    inside[cut] = True
    for x in order[1:]:
        inside[x] |= inside[parent[x]]
    if abs(below[cut] - want) > abs(weight.sum() - below[cut] - want):
        inside = ~inside
    return float(off[cut]), np.flatnonzero(inside)


def recut_exactly(
    problem: Problem, part_of: np.ndarray, parts: np.ndarray, guard: Guard, *, hops: int | None = None
) -> np.ndarray | None:
    """Divide the land of a few parts among them anew, as well as can be, the others staying as they are.

    Parameters
    ----------
    problem
        Graph, costs and ranges. What uneven parts cost (``problem.even``) is no part of the model.
    part_of
        A partition that keeps every rule.
    parts
        The parts, two or three that meet.
    guard
        What the model may use; what it used is taken off.
    hops
        Only units so many steps from where the parts meet may change; None lets all. The model is then much smaller.

    Returns
    -------
    ndarray of int64 or None
        A partition that keeps every rule and costs less; None where the model found none.
    """
    view = _Land(problem, part_of, np.sort(parts), hops)
    model, start = view.model(), view.x_of(part_of)
    rounds = solve_in_rounds(model, view.cuts, guard, start=start)
    if rounds.x is None or rounds.value >= float(model.cost @ start) - 1e-6:
        return None
    new = part_of.copy()
    new[view.units] = view.parts[view.columns_of(rounds.x)]
    return new


@dataclass(frozen=True, slots=True)
class _Land:
    """The land of a few parts: column ``row of the unit * parts + part``, then one for each edge that may be cut."""

    problem: Problem
    part_of: np.ndarray
    parts: np.ndarray
    hops: int | None

    @property
    def units(self) -> np.ndarray:
        return np.flatnonzero(np.isin(self.part_of, self.parts))

    def graph(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Neighbours within the land in CSR form, the row that each edge starts from, and what cutting it costs."""
        whole, units = self.problem, self.units
        row = np.full(whole.units, -1)
        row[units] = np.arange(len(units))
        tail = np.repeat(np.arange(whole.units), np.diff(whole.indptr))
        inside = (row[tail] >= 0) & (row[whole.indices] >= 0)
        tail, head = row[tail[inside]], row[whole.indices[inside]]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=len(units)))])
        return indptr.astype(np.int64), head.astype(np.int64), tail, whole.edge_cost[inside]

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Both ends and cost of every edge that costs something, once."""
        _, head, tail, cost = self.graph()
        once = (tail < head) & (cost > 0)
        return tail[once], head[once], cost[once]

    def model(self) -> Model:
        problem, units, k = self.problem, self.units, len(self.parts)
        one, two, cost = self.edges()
        n, m = len(units), len(one)
        size, upper = n * k + m, float(problem.upper[self.parts].max()) or 1.0
        unit_cost = problem.unit_cost[np.ix_(units, self.parts)].ravel()
        every = np.arange(n * k)
        one_each = csr_array((np.ones(n * k), (np.repeat(np.arange(n), k), every)), (n, size))
        share = np.repeat(problem.weight[units], k) / upper
        place = (np.tile(np.arange(k), n), every)
        held, number = csr_array((share, place), (k, size)), csr_array((np.ones(n * k), place), (k, size))
        # an edge is cut where some part holds its one end and not its other
        row = np.tile(np.arange(m * 2 * k), 3)
        part = np.tile(np.repeat(np.arange(k), m), 2)
        first = np.concatenate([np.tile(one, k), np.tile(two, k)]) * k + part
        second = np.concatenate([np.tile(two, k), np.tile(one, k)]) * k + part
        cut = n * k + np.tile(np.arange(m), 2 * k)
        values = np.repeat([1.0, -1.0, -1.0], m * 2 * k)
        cutting = csr_array((values, (row, np.concatenate([first, second, cut]))), (m * 2 * k, size))
        return Model(
            cost=np.concatenate([np.where(np.isfinite(unit_cost), unit_cost, 0.0), cost]),
            rows=csr_array(vstack([one_each, number, held, cutting])),
            low=np.concatenate([np.ones(n + k), problem.lower[self.parts] / upper, np.full(m * 2 * k, -np.inf)]),
            high=np.concatenate(
                [np.ones(n), np.full(k, np.inf), problem.upper[self.parts] / upper, np.zeros(m * 2 * k)]
            ),
            top=np.concatenate([(np.isfinite(unit_cost) & self.free()).astype(float), np.ones(m)]),
            whole=np.arange(size) < n * k,
        )

    def free(self) -> np.ndarray:
        """Whether each unit may be in each part, by how far it lies from where the parts meet."""
        now = np.searchsorted(self.parts, self.part_of[self.units])
        own = (now[:, None] == np.arange(len(self.parts))).ravel()
        if self.hops is None:
            return np.ones_like(own)
        _, head, tail, _ = self.graph()
        near = np.zeros(len(now), bool)
        near[tail[now[tail] != now[head]]] = True
        for _ in range(self.hops - 1):
            near[head[near[tail]]] = True
        return own | np.repeat(near, len(self.parts))

    def x_of(self, part_of: np.ndarray) -> np.ndarray:
        """A partition as a point of the model."""
        one, two, _ = self.edges()
        now = np.searchsorted(self.parts, part_of[self.units])
        x = np.zeros(len(now) * len(self.parts) + len(one))
        x[np.arange(len(now)) * len(self.parts) + now] = 1.0
        x[len(now) * len(self.parts) :] = now[one] != now[two]
        return x

    def columns_of(self, x: np.ndarray) -> np.ndarray:
        """Place among the parts of each unit of the land."""
        n, k = len(self.units), len(self.parts)
        return np.argmax(x[: n * k].reshape(n, k), axis=1)

    def cuts(self, x: np.ndarray) -> list[Cut]:
        """Rows that an answer with parts in pieces breaks."""
        problem, k = self.problem, len(self.parts)
        indptr, indices, _, _ = self.graph()
        weight, now = problem.weight[self.units], self.columns_of(x)
        piece = components_of_parts(indptr, indices, now)
        held = np.bincount(piece, weights=weight)
        found: list[Cut] = []
        for place, part in enumerate(self.parts):
            columns = np.arange(len(now)) * k + place
            pieces = np.unique(piece[now == place])
            light = pieces[held[pieces] < problem.lower[part] - 1e-9]
            for i in light:
                found += ways_out(indptr, indices, piece == i, np.flatnonzero(piece == i), columns)
            if len(pieces) > 1 and not len(light):
                root = piece == pieces[np.argmax(held[pieces])]
                anchor = int(np.flatnonzero(root)[np.argmax(weight[root])])
                found += joining(indptr, indices, root, anchor, np.flatnonzero((now == place) & ~root), columns)
        return found
