"""What a walk network refuses, and what it says."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from geoplan.errors import InputError
from geoplan.reach import WalkNetwork


def graph(*edges: tuple[object, object, dict[str, object]], kind: type = nx.Graph) -> nx.Graph:
    made = kind()
    made.add_edges_from(edges)
    return made


def small() -> WalkNetwork:
    return WalkNetwork.from_arcs([0, 1], [1, 2], [1.0, 2.0], node_count=3, node_ids=["a", "b", "c"])


def lonely() -> WalkNetwork:
    return WalkNetwork.from_arcs([], [], [], node_count=2)


def two_costs(there: float, back: float) -> WalkNetwork:
    return WalkNetwork.from_arcs([0, 1], [1, 0], [there, back], node_count=2)


NAN, INF = float("nan"), float("inf")
CASES: dict[str, tuple[Callable[[], object], str, tuple[str, ...]]] = {
    "missing weight": (
        lambda: WalkNetwork.from_networkx(graph(("a", "b", {"length": 1}), ("b", "c", {}))),
        "missing-weight",
        ("b -> c", "c -> b"),
    ),
    "weight of None": (
        lambda: WalkNetwork.from_networkx(graph(("a", "b", {"length": None}), kind=nx.DiGraph)),
        "missing-weight",
        ("a -> b",),
    ),
    "text": (
        lambda: WalkNetwork.from_networkx(graph(("a", "b", {"length": "12"}), kind=nx.MultiDiGraph)),
        "not-a-number",
        ("a -> b",),
    ),
    "list": (
        lambda: WalkNetwork.from_networkx(graph(("a", "b", {"length": [1.0, 2.0]}), kind=nx.DiGraph)),
        "not-a-number",
        ("a -> b",),
    ),
    "complex": (
        lambda: WalkNetwork.from_networkx(graph(("a", "b", {"length": 1j}), kind=nx.DiGraph)),
        "not-a-number",
        ("a -> b",),
    ),
    "negative weight": (
        lambda: WalkNetwork.from_networkx(graph(((1, 1), (2, 2), {"length": -1.0}), kind=nx.DiGraph)),
        "negative-cost",
        ("(1, 1) -> (2, 2)",),
    ),
    "NaN cost": (lambda: WalkNetwork.from_arcs([0], [1], [NAN], node_count=2), "nan-cost", ("0 -> 1",)),
    "infinite cost": (lambda: WalkNetwork.from_arcs([0], [1], [INF], node_count=2), "infinite-cost", ("0 -> 1",)),
    "minus infinity": (lambda: WalkNetwork.from_arcs([0], [1], [-INF], node_count=2), "infinite-cost", ("0 -> 1",)),
    "other costs": (lambda: small().with_costs([1.0, -2.0]), "negative-cost", ("b -> c",)),
    "too few other costs": (lambda: small().with_costs([1.0]), "wrong-size", ()),
    "head beyond the nodes": (lambda: WalkNetwork.from_arcs([0], [2], [1.0], node_count=2), "unknown-node", ("0",)),
    "tail below the nodes": (lambda: WalkNetwork.from_arcs([-1], [0], [1.0], node_count=2), "unknown-node", ("0",)),
    "ends that are not whole": (lambda: WalkNetwork.from_arcs([0.5], [0], [1.0], node_count=2), "not-whole", ()),
    "too few costs": (lambda: WalkNetwork.from_arcs([0, 1], [1, 0], [1.0], node_count=2), "wrong-size", ()),
    "too few ids": (lambda: WalkNetwork.from_arcs([], [], [], node_count=2, node_ids=[1]), "wrong-size", ()),
    "id twice": (lambda: WalkNetwork.from_arcs([], [], [], node_count=2, node_ids=["a", "a"]), "duplicate-id", ()),
    "number twice": (lambda: WalkNetwork.from_arcs([], [], [], node_count=3, node_ids=[5, 7, 5]), "duplicate-id", ()),
    "unknown source": (lambda: small().sweep(["a", "z", "y"]), "unknown-node", ("z", "y")),
    "unknown number": (
        lambda: lonely().sweep([2, -1]),
        "unknown-node",
        ("2", "-1"),
    ),
    "number for text": (lambda: small().sweep([0]), "unknown-node", ("0",)),
    "unknown origin": (lambda: small().within(["q"], limit=1.0), "unknown-node", ("q",)),
    "one id, no list": (lambda: small().sweep("a"), "not-a-collection", ()),
    "one number, no list": (lambda: lonely().sweep(1), "not-a-collection", ()),
    "position beyond": (lambda: small().within_positions([3], limit=1.0), "unknown-node", ("3",)),
    "NaN limit": (lambda: small().sweep(["a"], limit=NAN), "nan-limit", ()),
    "NaN limit of within": (lambda: small().within(["a"], limit=NAN), "nan-limit", ()),
    "NaN limit of nearest": (lambda: small().nearest(["a"], limit=NAN), "nan-limit", ()),
    "NaN limit of reached": (lambda: small().reached(["a"], limit=NAN), "nan-limit", ()),
    "negative offset": (lambda: small().sweep(["a"], offsets=[-1.0]), "bad-offset", ()),
    "NaN offset": (lambda: small().sweep(["a"], offsets=[NAN]), "bad-offset", ()),
    "absurd offset": (lambda: small().sweep(["a"], offsets=[1e300]), "bad-offset", ()),
    "too few offsets": (lambda: small().sweep(["a", "b"], offsets=[1.0]), "wrong-size", ()),
    "negative label": (lambda: small().nearest(["a"], labels=[-1]), "negative-number", ()),
    "too few labels": (lambda: small().nearest(["a", "b"], labels=[1]), "wrong-size", ()),
    "broken label": (lambda: small().nearest(["a"], labels=[0.5]), "not-whole", ()),
    "negative search": (lambda: small().within_positions([0], limit=1.0, search=[-1]), "negative-number", ()),
    "costs of two worlds": (
        lambda: WalkNetwork.from_arcs([0, 1], [1, 0], [50.0, 1e300], node_count=2),
        "cost-range",
        (),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    build, code, rows = CASES[case]
    with pytest.raises(InputError) as caught:
        build()
    (fault,) = caught.value.faults
    assert fault.code == code
    assert fault.where.rows == rows
    assert all(str(text) for text in (fault.needed, fault.given, fault.mend))


def test_all_faults_of_the_costs_at_once() -> None:
    with pytest.raises(InputError) as caught:
        WalkNetwork.from_arcs([0, 0, 0, 0], [1, 1, 0, 1], [NAN, -1.0, INF, -2.0], node_count=2)
    assert [(fault.code, len(fault.where.rows)) for fault in caught.value.faults] == [
        ("nan-cost", 1),
        ("infinite-cost", 1),
        ("negative-cost", 2),
    ]


def test_coordinates_that_are_not_finite_do_no_harm() -> None:
    network = WalkNetwork.from_arcs([0], [1], [1.0], node_count=2, xy=[(0.0, NAN), (1.0, 1.0)])
    assert network.sweep([0]).tolist() == [0.0, 1.0]
    world = graph(("a", "b", {"length": np.float32(2.5)}))
    world.add_node("c", x=1.0, y=2.0)
    assert WalkNetwork.from_networkx(world).sweep(["a"]).tolist() == [0.0, 2.5, INF]
