"""The sweep's machinery: any width of the buckets, workspaces too small, labels too large for the keys, quanta."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.reach import WalkNetwork, search
from geoplan.reach.ordering import hilbert_order, topological_order
from geoplan.reach.quanta import GUARD, Quantum, choose_quantum


@st.composite
def arcs(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Arcs of very different and of equal costs, zero included."""
    count = draw(st.integers(1, 15))
    node = st.integers(0, count - 1)
    cost = st.one_of(st.just(0), st.integers(1, 3), st.integers(1, 100_000))
    rows = draw(st.lists(st.tuples(node, node, cost), max_size=50))
    tail, head, costs = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return count, tail, head, costs.astype(float)


def floyd(count: int, tail: np.ndarray, head: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Cost from every node to every node."""
    table = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
    np.minimum.at(table, (tail, head), cost)
    for via in range(count):
        table = np.minimum(table, table[:, via, None] + table[None, via])
    return table


@settings(deadline=None, max_examples=150)
@given(world=arcs(), below=st.integers(-6, 12), slots=st.sampled_from([1, 2, 4, 64]), data=st.data())
def test_any_width_and_number_of_buckets_is_exact(world: tuple, below: int, slots: int, data: st.DataObject) -> None:
    count, tail, head, cost = world
    table = floyd(count, tail, head, cost)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_WIDTH_BELOW_TYPICAL", below)
        patch.setattr(search, "_MAX_SLOTS", slots)
        network = WalkNetwork.from_arcs(tail, head, cost, node_count=count)
    sources = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=4))
    labels = data.draw(st.lists(st.integers(0, 5), min_size=len(sources), max_size=len(sources)))
    limit = data.draw(st.one_of(st.just(np.inf), st.integers(0, 5000).map(float)))
    for backward in (False, True):
        alone = (table.T if backward else table)[sources]
        wanted = alone.min(axis=0)
        reached = np.isfinite(wanted) & (wanted <= limit)
        costs, nearest = network.nearest(sources, labels=labels, limit=limit, backward=backward)
        assert (costs == np.where(reached, wanted, np.inf)).all()
        smallest = np.where(alone == wanted, np.array(labels)[:, None], 99).min(axis=0)
        assert (nearest == np.where(reached, smallest, -1)).all()
        found = network.within_positions(sources, limit=limit, backward=backward)
        pairs = np.argwhere(np.isfinite(alone) & (alone <= limit))
        pairs = pairs[np.lexsort((pairs[:, 1], alone[tuple(pairs.T)], pairs[:, 0]))]
        assert (np.stack([found.search, found.positions], axis=1) == pairs).all()
        assert (found.costs == alone[tuple(pairs.T)]).all()


@settings(deadline=None, max_examples=60)
@given(world=arcs(), data=st.data())
def test_labels_that_do_not_fit_into_the_keys(world: tuple, data: st.DataObject) -> None:
    count, tail, head, cost = world
    network = WalkNetwork.from_arcs(tail, head, cost, node_count=count)
    sources = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=6))
    labels = data.draw(st.permutations(range(len(sources))))
    offsets = data.draw(st.lists(st.integers(0, 30).map(float), min_size=len(sources), max_size=len(sources)))
    wanted = network.nearest(sources, labels=labels, offsets=offsets)
    sparse = network.reached(sources, labels=labels, offsets=offsets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_KEY_BITS", 20)  # of a resolution with 30 bits for a single arc
        for found, fitting in zip(network.nearest(sources, labels=labels, offsets=offsets), wanted, strict=True):
            assert (found == fitting).all()
        found = network.reached(sources, labels=labels, offsets=offsets)
        assert (found.positions == sparse.positions).all()
        assert (found.costs == sparse.costs).all()
        assert (found.labels == sparse.labels).all()
    assert (network.nearest(sources, labels=labels, offsets=offsets)[1] == wanted[1]).all()


def test_the_wide_keys_are_really_used(monkeypatch: pytest.MonkeyPatch) -> None:
    network = WalkNetwork.from_arcs([0, 1, 2, 3], [1, 0, 1, 1], [5.0, 5.0, 5.0, 0.0], node_count=4)
    spread = []
    original = search._spread_labels
    monkeypatch.setattr(search, "_spread_labels", lambda *rest: spread.append(1) or original(*rest))
    network.nearest([0, 2, 3])
    assert spread == []
    monkeypatch.setattr(search, "_KEY_BITS", 20)
    assert network.nearest([0, 2, 3])[1].tolist() == [0, 2, 1, 2]
    assert spread == [1]


def test_a_workspace_too_small_is_replaced() -> None:
    rng = np.random.default_rng(0)
    tail, head = rng.integers(0, 200, (2, 2000))
    cost = rng.integers(1, 1000, 2000).astype(float)
    roomy = WalkNetwork.from_arcs(tail, head, cost, node_count=200)
    tight = WalkNetwork.from_arcs(tail, head, cost, node_count=200)
    tight._searcher._room = 2
    sources = list(range(0, 200, 7)) * 3
    assert (tight.sweep(sources) == roomy.sweep(sources)).all()
    assert 2 < tight._searcher._room < roomy._searcher._room
    tight._searcher._room = 2
    tight._searcher._spare[False].clear()
    assert tight.within(sources, limit=300.0).equals(roomy.within(sources, limit=300.0))
    assert tight.within([5], limit=300.0).equals(roomy.within([5], limit=300.0))


def test_workspaces_are_used_again() -> None:
    network = WalkNetwork.from_arcs([0, 1], [1, 2], [1.0, 1.0], node_count=3)
    for _ in range(3):
        network.sweep([0])
        network.within([0, 1], limit=1.0)
        network.reached([2], backward=True)
    assert [len(spare) for spare in network._searcher._spare.values()] == [1, 1]


def test_everything_free_with_many_labels() -> None:
    count = 300
    place = np.arange(count - 1)
    tail, head = np.concatenate([place, place + 1]), np.concatenate([place + 1, place])
    network = WalkNetwork.from_arcs(tail, head, np.zeros(2 * count - 2), node_count=count)
    costs, nearest = network.nearest(np.arange(count), labels=np.arange(count)[::-1])
    assert (costs == 0.0).all()
    assert (nearest == 0).all()
    assert network.within([7], limit=0.0)["node"].tolist() == list(range(count))


def test_one_street_far_longer_than_the_others() -> None:
    count = 1000
    place = np.arange(count - 1)
    cost = np.full(count - 1, 10.0)
    cost[500] = 4e6
    network = WalkNetwork.from_arcs(place, place + 1, cost, node_count=count)
    assert (network.sweep([0]) == np.concatenate([[0.0], np.cumsum(cost)])).all()
    found = network.reached([0], limit=1e5)
    assert len(found.positions) == found.expanded == 501


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1.0, 3600.0, 1e9])
def test_any_unit_keeps_seven_digits(unit: float) -> None:
    rng = np.random.default_rng(3)
    count = 500
    place = np.arange(count - 1)
    cost = rng.uniform(20.0, 200.0, count - 1) * unit
    network = WalkNetwork.from_arcs(place, place + 1, cost, node_count=count)
    assert network.sweep([0]) == pytest.approx(np.concatenate([[0.0], np.cumsum(cost)]), rel=1e-7, abs=0)
    assert network.resolution <= 1e-7 * 110.0 * unit or network.resolution <= 1e-3


@settings(deadline=None)
@given(decimals=st.integers(-6, 12), cost=st.floats(0.0, 1e6))
def test_a_limit_is_half_a_shown_digit_wide(decimals: int, cost: float) -> None:
    quantum = Quantum(decimals)
    most = quantum.limit(cost)
    if quantum.fits(np.array(cost)):
        counted = int(quantum.count(np.array(cost)))
        assert counted + GUARD // 2 - 1 <= most
        assert cost < quantum.shown(most + GUARD)
        assert quantum.shown_keys(np.array([most], dtype=np.uint64), 0, cost)[0] <= cost
        shown = quantum.shown(int(quantum.count(np.array(cost))))
        asked = np.array([quantum.limit(shown)], dtype=np.uint64)
        assert quantum.shown_keys(asked, 0, shown)[0] == shown  # what was shown can be asked for


def test_quantum_of_streets() -> None:
    quantum = choose_quantum(np.array([0.0, 35.0, 80.0, 4000.0]), max_arc=2**40)
    assert quantum.shown(GUARD) == 1e-6
    assert choose_quantum(np.zeros(3), max_arc=2**40).shown(GUARD) == 1e-6
    long_street = choose_quantum(np.array([35.0, 80.0, 4e6]), max_arc=2**40)
    assert long_street.shown(GUARD) == 1e-3
    assert long_street.count(np.array([4e6]))[0] < 2**40


@settings(deadline=None, max_examples=40)
@given(world=arcs(), seed=st.integers(0, 99))
def test_orders_hold_every_node_once(world: tuple, seed: int) -> None:
    count, tail, head, _ = world
    rows = np.argsort(tail, kind="stable")
    indptr = np.searchsorted(tail[rows], np.arange(count + 1))
    assert sorted(topological_order(indptr, head[rows].astype(np.int32))) == list(range(count))
    xy = np.random.default_rng(seed).integers(0, 4, (count, 2)).astype(float)
    assert sorted(hilbert_order(xy)) == list(range(count))


def test_orders_keep_neighbours_together() -> None:
    side = 64
    rng = np.random.default_rng(0)
    name = rng.permutation(side * side)
    grid = name.reshape(side, side)
    ends = np.concatenate(
        [
            np.stack([grid[:, :-1].ravel(), grid[:, 1:].ravel()]),
            np.stack([grid[:-1].ravel(), grid[1:].ravel()]),
        ],
        axis=1,
    )
    tail, head = np.concatenate([ends, ends[::-1]], axis=1)
    rows = np.argsort(tail, kind="stable")
    indptr = np.searchsorted(tail[rows], np.arange(side * side + 1))
    xy = np.empty((side * side, 2))
    xy[grid.ravel()] = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)

    def near_share(order: np.ndarray) -> float:
        """Share of the arcs whose ends lie within 64 places."""
        rank = np.argsort(order)
        return float((np.abs(rank[tail] - rank[head]) < 64).mean())

    assert near_share(np.arange(side * side)) < 0.1
    assert near_share(hilbert_order(xy)) > 0.7
    assert near_share(topological_order(indptr, head[rows].astype(np.int32))) > 0.5
