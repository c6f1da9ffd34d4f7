"""The graph door: divide any networkx graph, so that the engine can be measured on public instances."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import numpy as np

from geoplan.errors import InputError, Message, msg
from geoplan.partition.graphinput import Objective, graph_faults
from geoplan.partition.infeasible import Infeasible, explain_infeasible, workable_messages
from geoplan.partition.kernel import components_of_parts
from geoplan.partition.moment import solve_moment
from geoplan.partition.moved import rename_by_base, solve_moved
from geoplan.partition.outcome import Outcome, count_cut_edges, moment_of_inertia, weight_moved
from geoplan.partition.problem import Problem, graph_components, is_feasible
from geoplan.partition.search import Budget, StoppedBy, search
from geoplan.partition.workable import Ground, Workable, workable_range

__all__ = ["GraphPartition", "partition_graph"]


DIGITS = 1e-11
"""Share of the whole weight by which a sum of weights may differ for its rounding."""

SWAPS = 0.2
"""Share of exchanges in the search for the fewest cut edges: it helps where coarse units meet a tight range."""


@dataclass(frozen=True, slots=True)
class GraphPartition:
    """A partition of a graph and what is known of it.

    Attributes
    ----------
    assignment
        Part of every node, 0 to parts - 1.
    objective
        Cut edges; weight x distance² to the parts' centres; or weight moved against the best matching with ``base``.
    bound
        No feasible partition has a lower objective; None where nothing is proven.
    optimal
        Whether the partition is feasible and proven to be the best.
    stopped_by
        ``"work"``, ``"converged"``, ``"time"`` or ``"interrupted"``.
    feasible
        Whether every part is in one piece and in its range. If not, the partition is the closest found.
    reasons
        Where it is not feasible: what conflicts or is out of range, and the smallest relaxation.
    moves, runs
        Work done by the search.
    seed
        As given.
    counts_alone
        For ``"moved"``: what the weights of the base parts force, whatever the geography; else None.
    """

    assignment: dict[Hashable, int]
    objective: float
    bound: float | None
    optimal: bool
    stopped_by: StoppedBy
    feasible: bool
    reasons: tuple[Message, ...]
    moves: int
    runs: int
    seed: int
    counts_alone: float | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """The graph in arrays; nodes sorted, so that their order in the graph does not matter."""

    nodes: list[Hashable]
    rank: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    edge_cost: np.ndarray


def partition_graph(
    graph: nx.Graph,
    *,
    weight: str,
    parts: int,
    lower: float,
    upper: float,
    objective: Objective = "cut_edges",
    base: Mapping[Hashable, Hashable] | None = None,
    distances: Any = None,
    effort: int | None = None,
    time_limit_s: float | None = None,
    seed: int = 0,
) -> GraphPartition:
    """Divide a graph into connected parts of bounded weight.

    Parameters
    ----------
    graph
        Any networkx graph. Loops are ignored; both directions of a directed graph are one edge; parallel edges count
        each (in a directed graph those of the direction that has more).
    weight
        Node attribute, a number of 0 or more.
    parts
        Number of parts, none of them empty.
    lower, upper
        Range of a part's weight, inclusive; sums of weights may miss it by 1e-9 of all weight.
    objective
        ``"cut_edges"``, ``"moment"`` (needs ``distances``) or ``"moved"`` (needs ``base``).
    base
        Today's part of each node, for ``"moved"``. Parts that are kept have their numbers in the order of the base
        parts' names.
    distances
        Square array in ``list(graph)`` order, for ``"moment"``; a part's centre is one of its nodes.
    effort
        Work in millions of moves, or what amounts to it in the bound; the same effort gives the same result.
    time_limit_s
        A guard in seconds; compilation does not count.
    seed
        Source of all chance.

    Returns
    -------
    GraphPartition

    Raises
    ------
    InputError
        With everything that is wrong with what was given. A range that cannot be met is not an error but an
        infeasible result with its reasons.

    Examples
    --------
    >>> ladder = nx.ladder_graph(4)
    >>> nx.set_node_attributes(ladder, 1, "households")
    >>> found = partition_graph(ladder, weight="households", parts=2, lower=4, upper=4, effort=1)
    >>> found.objective, found.assignment
    (2.0, {0: 0, 1: 0, 2: 1, 3: 1, 4: 0, 5: 0, 6: 1, 7: 1})
    """
    faults = graph_faults(
        graph, weight, parts, (lower, upper), (effort, time_limit_s, seed), objective, base, distances
    )
    if faults:
        raise InputError(faults)
    order = _arrays(graph)
    weights = np.array([float(graph.nodes[v][weight]) for v in order.nodes])
    problem = Problem(
        order.indptr,
        order.indices,
        order.edge_cost,
        weights,
        np.zeros((len(weights), parts)),
        # weights that are sums of fractions must not miss a limit by their last digits
        np.full(parts, float(lower) - DIGITS * float(weights.sum())),
        np.full(parts, float(upper) + DIGITS * float(weights.sum())),
    )
    budget = Budget(effort=effort, time_limit_s=time_limit_s)
    conflicts = explain_infeasible(order.indptr, order.indices, weights, parts=parts, lower=lower, upper=upper)
    work = _workable(problem, conflicts, lower, upper, seed)
    base_code = _codes([base[v] for v in order.nodes]) if objective == "moved" and base is not None else None
    if conflicts:
        outcome = _closest(problem, work, budget, seed)
    elif objective == "cut_edges":
        outcome = _fewest_cuts(problem, budget, seed)
    elif base_code is not None:
        outcome = solve_moved(problem, base_code, budget=budget, seed=seed)
    else:
        square = np.asarray(distances, float)[np.ix_(order.rank, order.rank)]
        outcome = solve_moment(problem, square, budget=budget, seed=seed)
    if not conflicts and outcome.stopped_by in ("work", "converged") and not is_feasible(problem, outcome.part_of):
        # the search met nothing: few units can be enumerated, and a reader wants to know what would do
        work = workable_range(_ground(problem), lower, upper, seed=seed)
        if work is not None:
            outcome = replace(outcome, part_of=work.part_of)
    return _result(order, problem, outcome, conflicts, work, objective, base_code, distances, seed)


def _fewest_cuts(problem: Problem, budget: Budget, seed: int) -> Outcome:
    # with one part, or as many as units, there is nothing to choose
    forced = 0.0 if problem.parts == 1 else None
    if problem.parts == problem.units:
        forced = float(problem.edge_cost.sum() / 2)
    stop_at = -np.inf if forced is None else forced
    found = search(problem, budget=replace(budget, stop_at=stop_at), seed=seed, swaps=SWAPS)
    return Outcome(
        found.closest, count_cut_edges(problem, found.closest), forced, found.stopped_by, found.moves, found.runs
    )


def _workable(problem: Problem, conflicts: Infeasible, lower: float, upper: float, seed: int) -> Workable | None:
    """The nearest range that works, where a wider one would do."""
    relaxed = conflicts.relaxation
    if relaxed is None:
        return None
    return workable_range(_ground(problem), lower, upper, hints=[(relaxed.lower, relaxed.upper)], seed=seed)


def _ground(problem: Problem) -> Ground:
    return Ground(problem.indptr, problem.indices, problem.weight, problem.parts)


def _closest(problem: Problem, work: Workable | None, budget: Budget, seed: int) -> Outcome:
    """The arrangement in the nearest range that works; where areas outnumber parts, whole areas put together."""
    component = graph_components(problem.indptr, problem.indices)
    if component.max() >= problem.parts:
        return Outcome(_pack(problem, component), 0.0, None, "converged")
    if work is not None:
        return Outcome(work.part_of, 0.0, None, "converged" if work.proven else "work")
    found = search(problem, budget=budget, seed=seed)
    return Outcome(found.closest, 0.0, None, found.stopped_by, found.moves, found.runs)


def _pack(problem: Problem, component: np.ndarray) -> np.ndarray:
    """Whole components into parts, the heaviest first into the lightest part."""
    weight = np.bincount(component, weights=problem.weight)
    held, members = np.zeros(problem.parts), np.zeros(problem.parts, np.int64)
    part = np.zeros(len(weight), np.int64)
    for c in np.argsort(-weight, kind="stable"):
        part[c] = np.lexsort((held, members > 0))[0]
        held[part[c]] += weight[c]
        members[part[c]] += 1
    return part[component]


def _result(
    order: _Order,
    problem: Problem,
    outcome: Outcome,
    conflicts: Infeasible,
    work: Workable | None,
    objective: Objective,
    base: np.ndarray | None,
    distances: Any,
    seed: int,
) -> GraphPartition:
    part_of = outcome.part_of
    if objective == "moved" and base is not None:
        part_of = rename_by_base(problem.weight, base, part_of)
        value = weight_moved(problem.weight, base, part_of)
    else:
        part_of = _by_first_unit(part_of)
        value = count_cut_edges(problem, part_of)
        if objective == "moment":
            square = np.asarray(distances, float)[np.ix_(order.rank, order.rank)]
            value = moment_of_inertia(problem.weight, square**2, part_of)[0]
    feasible = is_feasible(problem, part_of)
    said = conflicts.messages
    if work is not None:
        found = workable_messages(work, conflicts.relaxation, problem.parts)
        said = (*(c.message for c in conflicts.conflicts), *found)
    reasons = () if feasible else (*said, *_shortfall(problem, part_of))
    bound = outcome.bound if feasible or not conflicts else None
    part = dict(zip(order.nodes, part_of.tolist(), strict=True))
    return GraphPartition(
        assignment={node: part[node] for node in _in_graph_order(order)},
        objective=value,
        bound=bound,
        optimal=feasible and bound is not None and value <= bound + 1e-9 * max(abs(value), 1.0),
        stopped_by=outcome.stopped_by,
        feasible=feasible,
        reasons=reasons,
        moves=outcome.moves,
        runs=outcome.runs,
        seed=seed,
        counts_alone=outcome.counts_alone,
    )


def _in_graph_order(order: _Order) -> list[Hashable]:
    given: list[Hashable] = [None] * len(order.nodes)
    for i, at in enumerate(order.rank):
        given[at] = order.nodes[i]
    return given


def _by_first_unit(part_of: np.ndarray) -> np.ndarray:
    first = np.unique(part_of, return_index=True)[1]
    number = np.argsort(np.argsort(first))
    return number[np.unique(part_of, return_inverse=True)[1]].astype(np.int64)


def _shortfall(problem: Problem, part_of: np.ndarray) -> tuple[Message, ...]:
    """How far the closest partition is from the constraints: the range that it does meet."""
    held = np.bincount(part_of, weights=problem.weight, minlength=problem.parts)
    pieces = components_of_parts(problem.indptr, problem.indices, part_of).max() + 1
    off = int(((held < problem.lower) | (held > problem.upper)).sum())
    said = [
        msg(
            "the closest partition found has {off} of {parts} parts out of range; "
            "a range of {least:,.10g} to {most:,.10g} holds it",
            off=off,
            parts=problem.parts,
            least=float(held.min()),
            most=float(held.max()),
        )
    ]
    if pieces > problem.parts:
        said.append(msg("its {parts} parts lie in {pieces} pieces", parts=problem.parts, pieces=int(pieces)))
    return tuple(said)


def _codes(labels: list[Hashable]) -> np.ndarray:
    rank = {label: i for i, label in enumerate(_sorted(dict.fromkeys(labels)))}
    return np.array([rank[label] for label in labels], np.int64)


def _sorted(things: Iterable[Hashable]) -> list[Hashable]:
    things = list(things)
    try:
        return sorted(things)  # type: ignore[type-var]
    except TypeError:
        return sorted(things, key=lambda t: (type(t).__name__, repr(t)))


def _arrays(graph: nx.Graph) -> _Order:
    given = {node: i for i, node in enumerate(graph)}
    nodes = _sorted(graph)
    place = {node: i for i, node in enumerate(nodes)}
    number: dict[tuple[int, int], float] = {}
    for u, v in graph.edges():
        i, j = (place[u], place[v]) if graph.is_directed() else sorted((place[u], place[v]))
        if i != j:
            number[i, j] = number.get((i, j), 0.0) + 1.0
    # both directions of a directed graph are one edge; parallel edges of a multigraph are several
    cost = {(min(i, j), max(i, j)): max(count, number.get((j, i), 0.0)) for (i, j), count in number.items()}
    pairs = sorted([(i, j, c) for (i, j), c in cost.items()] + [(j, i, c) for (i, j), c in cost.items()])
    table = np.array(pairs, float).reshape(-1, 3)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(table[:, 0].astype(int), minlength=len(nodes)))])
    return _Order(
        nodes,
        np.array([given[node] for node in nodes], np.int64),
        indptr.astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2].copy(),
    )
