"""Dividing units into parts: the engine (search and bounds), single steps, proposals."""

from __future__ import annotations

from geoplan.partition.graph import GraphPartition, partition_graph
from geoplan.partition.infeasible import Conflict, Infeasible, Relaxation, explain_infeasible
from geoplan.partition.movedbound import Bound, moved_bound
from geoplan.partition.problem import Problem
from geoplan.partition.search import Budget, Found

__all__ = [
    "Bound",
    "Budget",
    "Conflict",
    "Found",
    "GraphPartition",
    "Infeasible",
    "Problem",
    "Relaxation",
    "explain_infeasible",
    "moved_bound",
    "partition_graph",
]
