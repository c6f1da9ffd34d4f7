"""What may be wrong with what the graph door is given: every fault, each with its nodes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, get_args

import networkx as nx
import numpy as np

from geoplan.errors import Fault, Message, Where, msg

__all__ = ["Objective", "graph_faults"]

Objective = Literal["cut_edges", "moment", "moved"]


def graph_faults(
    graph: nx.Graph,
    weight: str,
    parts: int,
    limits: tuple[float, float],
    work: tuple[int | None, float | None, int],
    objective: str,
    base: Mapping[Hashable, Hashable] | None,
    distances: Any,
) -> list[Fault]:
    """Check all arguments of :func:`geoplan.partition.partition_graph`.

    Parameters
    ----------
    graph, weight, parts, objective, base, distances
        As given there.
    limits
        Lower and upper limit.
    work
        Effort, time limit and seed.

    Returns
    -------
    list of Fault
        Empty if all is well.
    """
    if not isinstance(graph, nx.Graph):
        return [_fault("graph", msg("a networkx graph"), _shown(type(graph).__name__), msg("build one with networkx"))]
    if not len(graph):
        return [_fault("graph", msg("a graph with nodes"), msg("none"), msg("add the units as nodes"))]
    return [
        *_weight_faults(graph, weight),
        *_parts_faults(graph, parts),
        *_limit_faults(*limits),
        *_work_faults(*work),
        *_objective_faults(graph, objective, base, distances),
    ]


def _fault(code: str, needed: Message, given: Message, mend: Message, nodes: list[Hashable] | None = None) -> Fault:
    return Fault(f"partition-{code}", needed, given, mend, Where(column=code, rows=tuple(map(str, nodes or ()))))


def _shown(value: object) -> Message:
    return msg("{value}", value=repr(value) if isinstance(value, str) else value)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _weight_faults(graph: nx.Graph, weight: str) -> list[Fault]:
    given = {node: data.get(weight) for node, data in graph.nodes(data=True)}
    missing = [n for n, w in given.items() if w is None or (_is_number(w) and np.isnan(float(w)))]
    wrong = [n for n, w in given.items() if w is not None and not _is_number(w)]
    numbers = {n: float(w) for n, w in given.items() if _is_number(w) and not np.isnan(float(w))}
    negative = [n for n, w in numbers.items() if w < 0 or np.isinf(w)]
    faults = []
    mend = msg("give each node an attribute {name} with a number of 0 or more", name=weight)
    needed = msg("a weight at every node")
    if missing:
        faults.append(_fault("weight", needed, msg("{count} nodes without", count=len(missing)), mend, missing))
    if wrong:
        faults.append(
            _fault("weight", needed, msg("{count} weights that are no numbers", count=len(wrong)), mend, wrong)
        )
    if negative:
        given_message = msg("{count} weights that are negative or infinite", count=len(negative))
        faults.append(_fault("weight", msg("weights of 0 or more"), given_message, mend, negative))
    if not faults and sum(numbers.values()) <= 0:
        faults.append(_fault("weight", msg("some weight above 0"), msg("0 at every node"), mend))
    return faults


def _parts_faults(graph: nx.Graph, parts: Any) -> list[Fault]:
    if _is_whole(parts) and 1 <= parts <= len(graph):
        return []
    needed = msg("a whole number of parts from 1 to the number of nodes, {nodes}", nodes=len(graph))
    return [_fault("parts", needed, _shown(parts), msg("choose another number of parts"))]


def _limit_faults(lower: Any, upper: Any) -> list[Fault]:
    mend = msg("give a lower limit of 0 or more and an upper limit not below it")
    faults = []
    for name, value in (("lower", lower), ("upper", upper)):
        if not _is_number(value) or not np.isfinite(float(value)) or value < 0:
            faults.append(_fault(name, msg("a finite number of 0 or more"), _shown(value), mend))
    if not faults and lower > upper:
        given = msg("{lower} to {upper}", lower=lower, upper=upper)
        faults.append(_fault("lower", msg("a lower limit not above the upper"), given, mend))
    return faults


def _work_faults(effort: Any, time_limit_s: Any, seed: Any) -> list[Fault]:
    faults = []
    if effort is not None and not (_is_whole(effort) and effort >= 1):
        mend = msg("leave effort out for the usual work")
        faults.append(_fault("effort", msg("a whole number of 1 or more"), _shown(effort), mend))
    if time_limit_s is not None and not (_is_number(time_limit_s) and time_limit_s > 0):
        mend = msg("leave the time limit out for none")
        faults.append(_fault("time_limit_s", msg("seconds above 0"), _shown(time_limit_s), mend))
    if not (_is_whole(seed) and seed >= 0):
        faults.append(_fault("seed", msg("a whole number of 0 or more"), _shown(seed), msg("use 0")))
    return faults


def _objective_faults(
    graph: nx.Graph, objective: str, base: Mapping[Hashable, Hashable] | None, distances: Any
) -> list[Fault]:
    known = get_args(Objective)
    if objective not in known:
        needed = msg("an objective out of {known}", known=", ".join(known))
        return [_fault("objective", needed, _shown(objective), msg("use one of them"))]
    if objective == "moved":
        return _base_faults(graph, base)
    return _distance_faults(graph, distances) if objective == "moment" else []


def _base_faults(graph: nx.Graph, base: Mapping[Hashable, Hashable] | None) -> list[Fault]:
    needed = msg("today's part of every node")
    mend = msg("give base, a dict from node to part")
    if not isinstance(base, Mapping):
        return [_fault("base", needed, _shown(type(base).__name__), mend)]
    missing = [node for node in graph if node not in base or base[node] is None or base[node] != base[node]]
    if not missing:
        return []
    return [_fault("base", needed, msg("{count} nodes without", count=len(missing)), mend, missing)]


def _distance_faults(graph: nx.Graph, distances: Any) -> list[Fault]:
    n = len(graph)
    needed = msg("distances as a square array of {count} x {count} numbers of 0 or more", count=n)
    mend = msg("give the distances in the order of list(graph)")
    if distances is None:
        return [_fault("distances", needed, msg("none"), mend)]
    try:
        table = np.asarray(distances, float)
    except (TypeError, ValueError):
        return [_fault("distances", needed, msg("something that is no table of numbers"), mend)]
    if table.shape != (n, n):
        return [_fault("distances", needed, msg("shape {shape}", shape=" x ".join(map(str, table.shape))), mend)]
    wrong = ~np.isfinite(table) | (table < 0)
    if not wrong.any():
        return []
    nodes = [node for node, bad in zip(graph, wrong.any(axis=1), strict=True) if bad]
    given = msg("{count} distances that are missing, negative or infinite", count=int(wrong.sum()))
    return [_fault("distances", needed, given, mend, nodes)]
