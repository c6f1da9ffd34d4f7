"""The engine on public instances whose best values are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from partition_checker import cut_edges, faults_of, moment, moved
from public_instances import HESS, cut_instances, hess_instance, taipei

from geoplan.partition import partition_graph

pytestmark = pytest.mark.real


def check_cuts(shared_data: Path, name: str, effort: int) -> None:
    case = cut_instances(shared_data)[name]
    limits = {"weight": "TOTPOP", "parts": case.parts, "lower": case.lower, "upper": case.upper}
    found = partition_graph(case.graph, **limits, effort=effort)
    assert faults_of(case.graph, found.assignment, **limits) == []
    assert found.objective == cut_edges(case.graph, found.assignment) == case.best


@pytest.mark.parametrize("name", ["ME_county", "NM_county", "ID_county", "AR_county", "NE_county", "KS_county"])
def test_small_counties_reach_the_proven_optimum(shared_data: Path, name: str) -> None:
    check_cuts(shared_data, name, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["AL_county", "OK_county", "NH_tract", "NM_tract", "NE_tract", "NV_tract"])
def test_the_best_known_is_reached(shared_data: Path, name: str) -> None:
    check_cuts(shared_data, name, 240)


def check_moment(shared_data: Path, state: str) -> None:
    graph, distances, limits = hess_instance(shared_data, state)
    found = partition_graph(graph, **limits, objective="moment", distances=distances)
    assert faults_of(graph, found.assignment, **limits) == []
    assert found.objective == pytest.approx(moment(graph, found.assignment, "people", distances))
    assert found.objective == pytest.approx(HESS[state][1], rel=1e-9)
    assert found.optimal
    assert found.bound == pytest.approx(found.objective)


def test_least_moment_of_inertia_proven(shared_data: Path) -> None:
    check_moment(shared_data, "ID")


@pytest.mark.slow
@pytest.mark.parametrize("state", ["IA", "KS", "MS"])
def test_least_moment_of_inertia_proven_on_the_larger(shared_data: Path, state: str) -> None:
    check_moment(shared_data, state)


@pytest.mark.slow
def test_taipei_from_12_to_21(shared_data: Path) -> None:
    graph, district = taipei(shared_data)
    assert (len(graph), graph.number_of_edges()) == (456, 1180)
    total = sum(h for _, h in graph.nodes(data="households"))
    limits = {
        "weight": "households",
        "parts": 21,
        "lower": int(np.ceil(0.9 * total / 21)),
        "upper": int(np.floor(1.1 * total / 21)),
    }
    found = partition_graph(graph, **limits, objective="moved", base=district, effort=60)
    assert faults_of(graph, found.assignment, **limits) == []
    assert found.objective == moved(graph, found.assignment, "households", district)
    assert found.bound is not None
    assert found.counts_alone is not None
    assert found.counts_alone <= found.bound <= found.objective
    # nine new parts of at least the lower limit
    assert found.counts_alone == 9 * limits["lower"] == 408_780
    assert found.objective - found.bound <= 0.002 * found.objective
