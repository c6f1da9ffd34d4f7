"""Dividing units into parts: the engine (search and bounds), single steps, proposals."""

from __future__ import annotations

from geoplan.partition.graph import GraphPartition, partition_graph
from geoplan.partition.infeasible import Conflict, Infeasible, Relaxation, explain_infeasible
from geoplan.partition.measures import Limits, Measures, measure_partition
from geoplan.partition.movedbound import Bound, moved_bound
from geoplan.partition.plan import Partition, rebased, today
from geoplan.partition.problem import Problem
from geoplan.partition.propose import Proposal, ProposeOptions, propose_communities
from geoplan.partition.rulecheck import RuleCheck
from geoplan.partition.search import Budget, Found
from geoplan.partition.steps import (
    PartFinding,
    StepResult,
    absorb_enclaves,
    check_partition,
    merge_communities,
    move_units,
    split_community,
)

__all__ = [
    "Bound",
    "Budget",
    "Conflict",
    "Found",
    "GraphPartition",
    "Infeasible",
    "Limits",
    "Measures",
    "PartFinding",
    "Partition",
    "Problem",
    "Proposal",
    "ProposeOptions",
    "Relaxation",
    "RuleCheck",
    "StepResult",
    "absorb_enclaves",
    "check_partition",
    "explain_infeasible",
    "measure_partition",
    "merge_communities",
    "move_units",
    "moved_bound",
    "partition_graph",
    "propose_communities",
    "rebased",
    "split_community",
    "today",
]
