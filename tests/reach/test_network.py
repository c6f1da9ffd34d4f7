"""The walk network against worlds worked by hand and networkx."""

from __future__ import annotations

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.reach import WalkNetwork

GRAPHS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)
IDS = {
    "integer": lambda i: i,
    "sparse integer": lambda i: 7_000_000_000 - 3 * i,
    "text": lambda i: f"node {i}",
    "tuple": lambda i: (i // 3, i % 3),
    "mixed": lambda i: i if i % 2 else f"{i}",
}


@st.composite
def graphs(draw: st.DrawFn) -> Any:
    """Any kind of graph with parallel edges, loops, isolated nodes, edges that cost nothing."""
    graph = draw(st.sampled_from(GRAPHS))()
    name = IDS[draw(st.sampled_from(sorted(IDS)))]
    count = draw(st.integers(1, 12))
    ids = draw(st.permutations([name(i) for i in range(count)]))
    graph.add_nodes_from(ids)
    costs = st.one_of(st.just(0.0), st.integers(1, 6).map(float), st.floats(0.001, 2000.0))
    edges = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids), costs), max_size=30))
    for tail, head, cost in edges:
        graph.add_edge(tail, head, length=cost)
    return graph


def oracle(graph: Any, sources: list[Any], *, offsets: Any = None, backward: bool = False) -> np.ndarray:
    """Cost from the nearest source by networkx."""
    graph = graph.reverse() if backward and graph.is_directed() else graph
    best = np.full(len(graph), np.inf)
    for i, source in enumerate(sources):
        found = nx.single_source_dijkstra_path_length(graph, source, weight="length")
        start = 0.0 if offsets is None else offsets[i]
        best = np.minimum(best, [found.get(node, np.inf) + start for node in graph])
    return best


def same(network: WalkNetwork, found: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal to what the network resolves, which is far below a centimetre."""
    finite = np.isfinite(wanted)
    close = np.abs(found[finite] - wanted[finite]) <= 0.6 * network.resolution
    return network.resolution <= 1e-3 and bool((np.isfinite(found) == finite).all()) and bool(close.all())


@settings(deadline=None, max_examples=150)
@given(graph=graphs(), data=st.data())
def test_sweep_equals_networkx(graph: Any, data: st.DataObject) -> None:
    sources = data.draw(st.lists(st.sampled_from(list(graph)), max_size=4))
    offsets = data.draw(st.lists(st.integers(0, 50).map(float), min_size=len(sources), max_size=len(sources)))
    backward = data.draw(st.booleans())
    network = WalkNetwork.from_networkx(graph)
    assert network.node_ids.tolist() == list(graph)
    wanted = oracle(graph, sources, offsets=offsets, backward=backward)
    assert same(network, network.sweep(sources, offsets=offsets, backward=backward), wanted)
    # A limit between two costs: where it lies on one, rounding in the last digit of the oracle would decide.
    reached = np.unique(wanted[np.isfinite(wanted)])
    for low, high in itertools.pairwise(reached):
        if high - low > 1e-3:
            limit = (low + high) / 2
            limited = network.sweep(sources, offsets=offsets, backward=backward, limit=limit)
            assert same(network, limited, np.where(wanted <= limit, wanted, np.inf))


@settings(deadline=None, max_examples=150)
@given(graph=graphs(), data=st.data())
def test_nearest_names_the_smallest_label_of_the_nearest_sources(graph: Any, data: st.DataObject) -> None:
    sources = data.draw(st.lists(st.sampled_from(list(graph)), min_size=1, max_size=5))
    labels = data.draw(st.lists(st.integers(0, 9), min_size=len(sources), max_size=len(sources)))
    backward = data.draw(st.booleans())
    network = WalkNetwork.from_networkx(graph)
    costs, nearest = network.nearest(sources, labels=labels, backward=backward)
    assert (costs == network.sweep(sources, backward=backward)).all()
    alone = np.array([network.sweep([source], backward=backward) for source in sources])
    for node in range(len(graph)):
        if np.isinf(costs[node]):
            assert nearest[node] == -1
        else:
            # costs of one source and of all are sums of the same quanta, so they are equal and not only close
            near = [label for label, cost in zip(labels, alone[:, node], strict=True) if cost == costs[node]]
            assert nearest[node] in near
            if all(float(data["length"]).is_integer() for *_, data in graph.edges(data=True)):
                assert nearest[node] == min(near)


@settings(deadline=None, max_examples=100)
@given(graph=graphs(), data=st.data())
def test_within_is_one_search_a_source(graph: Any, data: st.DataObject) -> None:
    ids = list(graph)
    sources = data.draw(st.lists(st.sampled_from(ids), max_size=5))
    limit = data.draw(st.floats(0.0, 3000.0))
    backward = data.draw(st.booleans())
    network = WalkNetwork.from_networkx(graph)
    table = network.within(sources, limit=limit, backward=backward)
    wanted = []
    for source in dict.fromkeys(sources):
        costs = network.sweep([source], limit=limit, backward=backward)
        pairs = sorted((cost, place) for place, cost in enumerate(costs.tolist()) if cost < np.inf)
        wanted += [(source, ids[place], cost) for cost, place in pairs]
    assert list(table.columns) == ["origin", "node", "cost"]
    given_rows = list(zip(table["origin"], table["node"], table["cost"], strict=True))
    assert sorted(map(repr, given_rows)) == sorted(map(repr, wanted))
    assert [(origin, cost) for origin, _, cost in given_rows] == [(origin, cost) for origin, _, cost in wanted]
    if all(float(data["length"]).is_integer() for *_, data in graph.edges(data=True)):
        assert given_rows == wanted  # costs that are shown alike are alike: then the place decides


def test_worked_example() -> None:
    #  a --100-- b --50-- c      d (alone)
    #            b ->30-> e ->0-> f
    graph = nx.DiGraph()
    graph.add_nodes_from("abcdef")
    for tail, head, length in (("a", "b", 100), ("b", "a", 100), ("b", "c", 50), ("c", "b", 50), ("b", "e", 30)):
        graph.add_edge(tail, head, length=length)
    graph.add_edge("e", "f", length=0)
    network = WalkNetwork.from_networkx(graph)
    inf = np.inf
    assert network.sweep(["a"]).tolist() == [0.0, 100.0, 150.0, inf, 130.0, 130.0]
    assert network.sweep(["a"], limit=130).tolist() == [0.0, 100.0, inf, inf, 130.0, 130.0]
    assert network.sweep(["a"], limit=129.9999).tolist() == [0.0, 100.0, inf, inf, inf, inf]
    assert network.sweep(["f"], backward=True).tolist() == [130.0, 30.0, 80.0, inf, 0.0, 0.0]
    assert network.sweep(["a", "c"], offsets=[10.0, 60.0]).tolist() == [10.0, 110.0, 60.0, inf, 140.0, 140.0]
    assert network.sweep(["a", "c"], offsets=[10.0, inf]).tolist() == [10.0, 110.0, 160.0, inf, 140.0, 140.0]
    assert network.sweep([]).tolist() == [inf] * 6
    assert network.sweep(["d"]).tolist() == [inf, inf, inf, 0.0, inf, inf]
    costs, labels = network.nearest(["c", "a", "d"])
    assert costs.tolist() == [0.0, 50.0, 0.0, 0.0, 80.0, 80.0]
    assert labels.tolist() == [1, 0, 0, 2, 0, 0]
    found = network.reached(["c", "a"], limit=60.0, labels=[7, 3])
    assert found.positions.tolist() == [0, 1, 2]
    assert (found.costs.tolist(), found.labels.tolist()) == ([0.0, 50.0, 0.0], [3, 7, 7])
    assert network.reached(["c"], limit=0.0).labels.tolist() == [-1]
    assert network.components().tolist() == [0, 0, 0, 1, 0, 0]
    table = network.within(["b", "d", "b"], limit=50)
    assert table.values.tolist() == [
        ["b", "b", 0.0],
        ["b", "e", 30.0],
        ["b", "f", 30.0],
        ["b", "c", 50.0],
        ["d", "d", 0.0],
    ]


def test_halfway_between_two_the_smaller_label_wins_whatever_the_order() -> None:
    network = WalkNetwork.from_arcs([0, 2], [1, 1], [40.0, 40.0], node_count=3)
    for sources, labels in (([0, 2], [5, 8]), ([2, 0], [8, 5]), ([0, 2, 0], [9, 8, 5])):
        assert network.nearest(sources, labels=labels)[1].tolist() == [5, 5, 8]
    big = 2**62
    assert network.nearest([0, 2], labels=[big, big - 1])[1].tolist() == [big, big - 1, big - 1]


@pytest.mark.parametrize(("pieces", "length"), [(3, 500.0), (7, 500.0), (6, 250.0), (11, 1000.0), (90, 1200.0)])
def test_a_limit_is_inclusive_where_the_pieces_of_a_street_do_not_come_out_even(pieces: int, length: float) -> None:
    arcs = np.arange(pieces)
    network = WalkNetwork.from_arcs(arcs, arcs + 1, np.full(pieces, length / pieces), node_count=pieces + 1)
    assert network.sweep([0])[-1] == length
    assert network.sweep([0], limit=length)[-1] == length
    assert network.sweep([0], limit=length - network.resolution)[-1] == np.inf
    assert len(network.within([0], limit=length)) == pieces + 1


def test_tenths_add_up() -> None:
    arcs = np.arange(5000)
    network = WalkNetwork.from_arcs(arcs, arcs + 1, np.full(5000, 0.1), node_count=5001)
    assert (network.sweep([0]) == np.arange(5001) / 10).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_limit_that_is_a_cost_of_networkx_is_inclusive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.grid_2d_graph(12, 12)
    nx.set_edge_attributes(
        graph, {edge: float(rng.choice([100 / 1.2, rng.uniform(1, 90)])) for edge in graph.edges}, "length"
    )
    network = WalkNetwork.from_networkx(graph)
    exact = nx.single_source_dijkstra_path_length(graph, (0, 0), weight="length")
    for limit in exact.values():
        wanted = {node for node, cost in exact.items() if cost <= limit * (1 + 1e-12)}
        table = network.within([(0, 0)], limit=limit)
        assert set(table["node"]) == wanted
        assert (table["cost"] <= limit).all()
        swept = network.sweep([(0, 0)], limit=limit)
        assert np.isfinite(swept).sum() == len(wanted)
        assert swept[np.isfinite(swept)].max() <= limit
    assert np.isfinite(network.sweep([(0, 0)], limit=limit - 2 * network.resolution)).sum() < len(wanted)


def test_limits_below_zero_reach_nothing() -> None:
    network = WalkNetwork.from_arcs([0], [1], [1.0], node_count=2)
    assert network.sweep([0], limit=-1.0).tolist() == [np.inf, np.inf]
    assert network.sweep([0], limit=0.0).tolist() == [0.0, np.inf]
    assert network.nearest([0], limit=-1.0)[1].tolist() == [-1, -1]
    assert len(network.within([0], limit=-np.inf)) == 0
    assert len(network.reached([0], limit=-0.5).positions) == 0


def grid(side: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Streets of a square town, 80 m apart or more, both ways: tail, head, cost, xy."""
    rng = np.random.default_rng(seed)
    place = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [
            np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()], axis=1),
            np.stack([place[:-1].ravel(), place[1:].ravel()], axis=1),
        ]
    )
    length = 80.0 + 30.0 * rng.random(len(edges))
    xy = np.stack([place.ravel() % side, place.ravel() // side], axis=1) * 80.0
    tail, head = np.concatenate([edges, edges[:, ::-1]]).T
    return tail, head, np.concatenate([length, length]), xy


def test_row_order_and_layout_change_nothing() -> None:
    tail, head, cost, xy = grid(12)
    cost = np.round(cost, -1)  # many ties
    rng = np.random.default_rng(1)
    shuffled = rng.permutation(len(tail))
    networks = [
        WalkNetwork.from_arcs(tail, head, cost, node_count=144, xy=xy),
        WalkNetwork.from_arcs(tail, head, cost, node_count=144),
        WalkNetwork.from_arcs(tail[shuffled], head[shuffled], cost[shuffled], node_count=144),
        WalkNetwork.from_arcs(tail, head, cost, node_count=144, xy=rng.random((144, 2))),
    ]
    sources = [3, 77, 140, 12]
    first = networks[0]
    for network in networks[1:]:
        for ours, theirs in zip(first.nearest(sources), network.nearest(sources), strict=True):
            assert (ours == theirs).all()
        assert network.within(sources, limit=500.0).equals(first.within(sources, limit=500.0))
        ours, theirs = first.reached(sources, limit=300.0), network.reached(sources, limit=300.0)
        assert (ours.positions == theirs.positions).all()
        assert (ours.costs == theirs.costs).all()


def test_random_ids_of_a_larger_town_equal_networkx() -> None:
    tail, head, cost, _ = grid(40)
    rng = np.random.default_rng(2)
    ids = rng.permutation(10**9 + np.arange(1600))
    graph = nx.DiGraph()
    graph.add_nodes_from(ids.tolist())
    graph.add_weighted_edges_from(zip(ids[tail].tolist(), ids[head].tolist(), cost.tolist(), strict=True), "length")
    network = WalkNetwork.from_networkx(graph)
    sources = ids[rng.integers(0, 1600, 5)].tolist()
    found = nx.multi_source_dijkstra_path_length(graph, set(sources), weight="length")
    wanted = np.array([found[node] for node in graph])
    assert np.abs(network.sweep(sources) - wanted).max() < 1e-5
    assert np.abs(network.sweep(np.array(sources), backward=True) - wanted).max() < 1e-5


def test_searches_leave_nothing_behind() -> None:
    tail, head, cost, xy = grid(15)
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=225, xy=xy)

    def fresh() -> WalkNetwork:
        return WalkNetwork.from_arcs(tail, head, cost, node_count=225, xy=xy)

    for source, limit in ((0, np.inf), (224, 300.0), (100, 90.0), (7, np.inf), (224, 300.0)):
        assert (network.sweep([source], limit=limit) == fresh().sweep([source], limit=limit)).all()
        network.nearest([source, 50, 60, 70], limit=limit)
        network.within([source, 3], limit=200.0)
        network.reached([source, 9], limit=limit, backward=True)


def test_threads_share_a_network() -> None:
    tail, head, cost, xy = grid(30)
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=900, xy=xy)
    wanted = [network.sweep([i], limit=2000.0) for i in range(0, 900, 30)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: network.sweep([i], limit=2000.0), range(0, 900, 30)))
    assert all((a == b).all() for a, b in zip(found, wanted, strict=True))


def test_a_bounded_search_works_on_what_it_reaches_only() -> None:
    work = []
    for side in (30, 90):
        tail, head, cost, xy = grid(side)
        network = WalkNetwork.from_arcs(tail, head, cost, node_count=side * side, xy=xy)
        middle = side // 2 * side + side // 2
        found = network.reached([middle], limit=600.0)
        assert len(found.positions) <= found.expanded <= 1.1 * len(found.positions)
        work.append(found.expanded)
        each = network.within_positions([middle, middle], limit=600.0)
        assert each.expanded == 2 * found.expanded
    assert work[0] == pytest.approx(work[1], rel=0.2)
    assert work[1] < 200


def test_one_search_from_several_nodes() -> None:
    tail, head, cost, xy = grid(10)
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=100, xy=xy)
    found = network.within_positions(
        [0, 55, 1, 56], limit=350.0, offsets=[20.0, 5.5, 40.0, 100.0], search=[2, 0, 2, 10**15]
    )
    for number, starts, spent in ((0, [55], [5.5]), (1, [], []), (2, [0, 1], [20.0, 40.0]), (10**15, [56], [100.0])):
        wanted = network.sweep(starts, offsets=spent, limit=350.0)
        rows = found.search == number
        alone = np.full(100, np.inf)
        alone[found.positions[rows]] = found.costs[rows]
        assert (alone == wanted).all()
        assert rows.sum() == np.isfinite(wanted).sum()


def test_other_costs_on_the_same_arcs() -> None:
    tail, head, cost, xy = grid(10)
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=100, xy=xy)
    network.sweep([0], backward=True)
    uphill = cost / np.where(head > tail, 0.8, 1.2)
    other = network.with_costs(uphill)
    built = WalkNetwork.from_arcs(tail, head, uphill, node_count=100, xy=xy)
    for backward in (False, True):
        assert (other.sweep([42], backward=backward) == built.sweep([42], backward=backward)).all()
    assert (network.sweep([42]) == network.sweep([42], backward=True)).all()
    assert (other.sweep([42]) != other.sweep([42], backward=True)).any()


def test_undirected_costs_replaced_by_directed_ones() -> None:
    network = WalkNetwork.from_networkx(nx.Graph([("a", "b", {"length": 10.0})]))
    slope = network.with_costs(np.where(network.tail < network.head, 20.0, 5.0))
    assert slope.sweep(["a"]).tolist() == [0.0, 20.0]
    assert slope.sweep(["a"], backward=True).tolist() == [0.0, 5.0]


@pytest.mark.parametrize("kind", GRAPHS)
def test_to_networkx_and_back(kind: Any) -> None:
    graph = kind()
    graph.add_node("p", x=1.0, y=2.0)
    graph.add_node("q", x=3.0, y=4.0)
    graph.add_edge("p", "q", walk=5.0)
    graph.add_edge("q", "q", walk=1.0)
    network = WalkNetwork.from_networkx(graph, weight="walk")
    back = network.to_networkx(weight="walk")
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    directed = nx.MultiDiGraph(graph)
    assert sorted(back.edges(data="walk")) == sorted(directed.edges(data="walk"))
    again = WalkNetwork.from_networkx(back, weight="walk")
    assert (again.sweep(["p"]) == network.sweep(["p"])).all()
    assert WalkNetwork.from_arcs([0], [1], [1.0], node_count=2).to_networkx().nodes(data=True)[0] == {}


def test_views_of_a_graph() -> None:
    graph = nx.MultiDiGraph()
    for tail, head, length in ((0, 1, 1.0), (1, 2, 1.0), (0, 2, 5.0), (0, 2, 3.0), (2, 3, 1.0)):
        graph.add_edge(tail, head, length=length)
    view = graph.subgraph([0, 2, 3])
    assert WalkNetwork.from_networkx(view).sweep([0]).tolist() == [0.0, 3.0, 4.0]
    assert WalkNetwork.from_networkx(graph.reverse(copy=False)).sweep([3]).tolist() == [3.0, 2.0, 1.0, 0.0]


def test_no_nodes_and_no_arcs() -> None:
    nothing = WalkNetwork.from_networkx(nx.Graph())
    assert nothing.sweep([]).tolist() == []
    assert nothing.nearest([])[1].tolist() == []
    assert len(nothing.within([], limit=5.0)) == 0
    lonely = WalkNetwork.from_arcs([], [], [], node_count=2)
    assert lonely.sweep([1]).tolist() == [np.inf, 0.0]
    assert lonely.components().tolist() == [0, 1]


def test_pickled_network_and_its_inputs() -> None:
    tail, head, cost, xy = grid(5)
    given_arrays = [array.copy() for array in (tail, head, cost, xy)]
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=25, xy=xy)
    costs = network.sweep([3])
    again = pickle.loads(pickle.dumps(network))  # noqa: S301
    assert (again.sweep([3]) == costs).all()
    assert all((a == b).all() for a, b in zip(given_arrays, (tail, head, cost, xy), strict=True))
    cost[:] = 0.0
    assert (network.sweep([3]) == costs).all()
    assert repr(network) == "<WalkNetwork: 25 nodes, 80 arcs>"


def test_components_are_numbered_by_their_first_node() -> None:
    network = WalkNetwork.from_arcs([4, 1, 3], [0, 3, 1], [1.0, 1.0, 1.0], node_count=6)
    assert network.components().tolist() == [0, 1, 2, 1, 0, 3]
