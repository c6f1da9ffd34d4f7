"""The walk network: one frozen graph, searched by the compiled sweep."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoplan.reach.inputs import (
    NodeIds,
    check_costs,
    check_ends,
    check_limit,
    check_numbers,
    check_positions,
    check_sizes,
    edge_costs,
    id_array,
    make_labels,
    make_starts,
    node_xy,
    whole_numbers,
)
from geoplan.reach.kernel import NO_KEY
from geoplan.reach.labels import NodeLabels, compare_networks
from geoplan.reach.quanta import GUARD
from geoplan.reach.search import Reached, ReachedEach, Searcher, Starts
from geoplan.reach.topology import Topology

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["Reached", "ReachedEach", "WalkNetwork"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class WalkNetwork:
    """A directed graph with walking costs, ready to be searched.

    Make one by :meth:`from_networkx` or :meth:`from_arcs`. Costs are counted in whole quanta, a power of ten of the
    weight's unit far below what can be measured, and shown rounded to a hundred quanta: distances are exact sums, and
    a limit is inclusive.

    Attributes
    ----------
    node_ids
        Id of each node; results are aligned with it. Integers as int64, else objects.
    tail, head
        Positions in ``node_ids`` of each arc's ends.
    cost
        Cost of each arc, as given.
    xy
        Coordinates of the nodes, if known.

    Examples
    --------
    >>> network = WalkNetwork.from_arcs([0, 1], [1, 2], [30.0, 40.5], node_count=4)
    >>> network.sweep([0]).tolist()
    [0.0, 30.0, 70.5, inf]
    >>> network.sweep([2], limit=40.5, backward=True).tolist()
    [inf, 40.5, 0.0, inf]
    """

    node_ids: NDArray[Any]
    tail: Ints
    head: Ints
    cost: Floats
    xy: Floats | None
    _searcher: Searcher

    @classmethod
    def from_arcs(
        cls,
        tail: ArrayLike,
        head: ArrayLike,
        cost: ArrayLike,
        *,
        node_count: int,
        node_ids: Iterable[Hashable] | None = None,
        xy: ArrayLike | None = None,
    ) -> WalkNetwork:
        """Build a network from directed arcs.

        Parameters
        ----------
        tail, head
            Node positions (0 to ``node_count - 1``) where each arc begins and ends; a street that can be walked both
            ways is two arcs. Parallel arcs and loops are fine.
        cost
            Cost of each arc, any unit; finite, not negative, zero is allowed.
        node_count
            Number of nodes, those without arcs included.
        node_ids
            Id of each node, unique; the positions if not given.
        xy
            Coordinates of each node; used to lay near nodes out near each other in memory.

        Returns
        -------
        WalkNetwork

        Raises
        ------
        InputError
            Naming the arcs that are wrong: ends that are no node, costs that are negative or not finite.
        """
        return cls._build(tail, head, cost, node_count, node_ids, xy)

    @classmethod
    def _build(
        cls,
        tail: ArrayLike,
        head: ArrayLike,
        cost: ArrayLike,
        node_count: int,
        node_ids: Iterable[Hashable] | None,
        xy: ArrayLike | None,
        symmetric: bool = False,
    ) -> WalkNetwork:
        tails, heads = whole_numbers("tail", tail), whole_numbers("head", head)
        costs = np.array(cost, dtype=np.float64).reshape(-1)
        ids = id_array(range(node_count) if node_ids is None else node_ids)
        places = None if xy is None else np.array(xy, dtype=np.float64).reshape(-1, 2)
        check_sizes(node_count, tail=tails, head=heads, cost=costs, node_ids=ids, xy=places)
        check_ends(tails, heads, node_count)
        check_costs(costs, tails, heads, ids)
        if places is not None and not np.isfinite(places).all():
            places = None  # they only help to lay out memory
        topology = Topology.build(tails, heads, node_count, places)
        network = cls(ids, tails, heads, costs, places, Searcher(topology, costs, symmetric=symmetric))
        network._ids.check()
        return network

    @classmethod
    def from_networkx(cls, graph: nx.Graph[Any], *, weight: str = "length") -> WalkNetwork:
        """Build a network from any networkx graph.

        Parameters
        ----------
        graph
            Directed or not, multigraph or not; edges of an undirected one are walked both ways. Node attributes ``x``
            and ``y``, if all have them, lay out memory.
        weight
            Edge attribute that holds the cost; every edge must have it.

        Returns
        -------
        WalkNetwork
            With ``node_ids`` in the order of ``graph.nodes``.

        Raises
        ------
        InputError
            Naming the edges whose weight is missing, not a number, negative or not finite.
        """
        values = methodcaller("values")  # views of a graph are no plain dicts
        ids = id_array(graph)
        neighbors = [near for _, near in graph.adjacency()]
        tail = np.repeat(np.arange(len(ids)), np.fromiter(map(len, neighbors), np.int64, len(ids)))
        head = NodeIds(ids).find(id_array(chain.from_iterable(neighbors)))
        data: Iterable[Any] = chain.from_iterable(map(values, neighbors))
        if graph.is_multigraph():
            parallel = list(data)
            counts = np.fromiter(map(len, parallel), np.int64, len(parallel))
            tail, head = np.repeat(tail, counts), np.repeat(head, counts)
            data = chain.from_iterable(map(values, parallel))
        cost = edge_costs(list(data), weight, tail, head, ids)
        return cls._build(tail, head, cost, len(ids), ids, node_xy(graph), symmetric=not graph.is_directed())

    def with_costs(self, cost: ArrayLike) -> WalkNetwork:
        """The same arcs with other costs, such as those of another walker.

        Parameters
        ----------
        cost
            Cost of each arc, in the order of ``tail`` and ``head``.

        Returns
        -------
        WalkNetwork
            Sharing everything but the costs.

        Raises
        ------
        InputError
            If a cost is negative or not finite, or their number is wrong.
        """
        costs = np.array(cost, dtype=np.float64).reshape(-1)
        check_sizes(self.node_count, tail=self.tail, cost=costs)
        check_costs(costs, self.tail, self.head, self.node_ids)
        searcher = Searcher(self._searcher.topology, costs)
        return WalkNetwork(self.node_ids, self.tail, self.head, costs, self.xy, searcher)

    def to_networkx(self, *, weight: str = "length") -> nx.MultiDiGraph[Any]:
        """The network as a networkx graph.

        Parameters
        ----------
        weight
            Edge attribute that takes the cost.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes in the order of ``node_ids`` (``x`` and ``y`` where known), one edge an arc.
        """
        import networkx as nx

        graph = nx.MultiDiGraph()
        ids = self.node_ids.tolist()
        if self.xy is None:
            graph.add_nodes_from(ids)
        else:
            graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in zip(ids, self.xy.tolist(), strict=True))
        arcs = zip(self.tail.tolist(), self.head.tolist(), self.cost.tolist(), strict=True)
        graph.add_edges_from((ids[u], ids[v], {weight: cost}) for u, v, cost in arcs)
        return graph

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_ids)

    @property
    def arc_count(self) -> int:
        """Number of directed arcs."""
        return len(self.tail)

    @property
    def resolution(self) -> float:
        """Costs are shown as multiples of this, in the weight's unit."""
        return self._searcher.quantum.shown(GUARD)

    def __repr__(self) -> str:
        return f"<WalkNetwork: {self.node_count:,} nodes, {self.arc_count:,} arcs>"

    def positions(self, ids: Iterable[Hashable]) -> Ints:
        """Positions of nodes in ``node_ids``.

        Parameters
        ----------
        ids
            Node ids; the same id may come more than once.

        Returns
        -------
        ndarray of int64

        Raises
        ------
        InputError
            Naming the ids that the network does not have.
        """
        return self._ids.find(ids)

    def components(self) -> Ints:
        """Number of the piece of the network that each node lies in, arcs taken both ways.

        Returns
        -------
        ndarray of int64
            Aligned with ``node_ids``; pieces are numbered by their first node.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ones = np.ones(self.arc_count, np.int8)
        matrix = coo_array((ones, (self.tail, self.head)), shape=(self.node_count, self.node_count))
        _, piece = connected_components(matrix, directed=True, connection="weak")
        _, first, inverse = np.unique(piece, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[inverse].astype(np.int64)

    def sweep(
        self,
        sources: Iterable[Hashable],
        *,
        limit: float = np.inf,
        offsets: ArrayLike | None = None,
        backward: bool = False,
    ) -> Floats:
        """Cost from the nearest source to every node.

        Parameters
        ----------
        sources
            Node ids; none reaches nothing.
        limit
            Largest cost that is still reached, inclusive, in the weight's unit.
        offsets
            Cost already spent at each source, at least 0; ``inf`` leaves a source out.
        backward
            Walk the arcs against their direction: the cost from every node to its nearest source.

        Returns
        -------
        ndarray of float64
            Aligned with ``node_ids``, in the weight's unit; ``inf`` where not reached.

        Raises
        ------
        InputError
            If a source is unknown, the limit is NaN, or an offset is NaN or negative.
        """
        check_limit(limit)
        return self._searcher.dense(self._starts(sources, offsets), None, limit, backward)[0]

    def nearest(
        self,
        sources: Iterable[Hashable],
        *,
        offsets: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        limit: float = np.inf,
        backward: bool = False,
    ) -> tuple[Floats, Ints]:
        """Cost from the nearest source to every node, and which source that is.

        Parameters
        ----------
        sources, offsets, limit, backward
            As of :meth:`sweep`.
        labels
            Label of each source, at least 0; sources may share one. Their places in ``sources`` if not given.

        Returns
        -------
        costs : ndarray of float64
            Aligned with ``node_ids``; ``inf`` where not reached.
        labels : ndarray of int64
            Label of the nearest source, the smallest of those equally near; -1 where not reached.

        Raises
        ------
        InputError
            As of :meth:`sweep`, and if a label is negative.
        """
        check_limit(limit)
        starts = self._starts(sources, offsets)
        return self._searcher.dense(starts, make_labels(labels, len(starts.positions)), limit, backward)

    def labelled(
        self, sinks: Ints, names: NDArray[np.uint64], facilities: Sequence[str], known: NodeLabels | None
    ) -> tuple[Floats, Ints, NodeLabels, int] | None:
        """Walks of every node to the nearest of some sinks, by an earlier search where that still holds.

        Parameters
        ----------
        sinks
            Positions of the sinks, one for each of ``facilities``; walks go to them.
        names
            Name of each node that it keeps from one network to the next.
        facilities
            Ids of the sinks, sorted: ties go to the first.
        known
            What an earlier search found in a network like this one; None searches everywhere.

        Returns
        -------
        tuple or None
            Costs (``inf`` where there is no way), rows in ``facilities`` (-1 there), what to hand to the next search,
            and how many nodes this one worked on; the costs are those of :meth:`nearest`. None if ``known`` is counted
            in other quanta, or if walks are too long for their keys to hold the labels.
        """
        quantum = self._searcher.quantum
        if known is not None and known.decimals != quantum.decimals:
            return None
        count = np.zeros(0, dtype=np.int64)
        ends = (self.tail.astype(np.int32), self.head.astype(np.int32))
        bare = NodeLabels(quantum.decimals, names, count, count, tuple(facilities), *ends, quantum.count(self.cost))
        bits = max(0, len(sinks) - 1).bit_length()
        held = None
        starts, ranks = Starts(sinks, np.zeros(len(sinks), dtype=np.int64)), np.arange(len(sinks))
        if known is not None:
            change = compare_networks(known, bare, sinks)
            held = change.known, ((change.known_cost << bits) | change.known_label).astype(np.uint64)
            starts, ranks = Starts(change.starts, change.spent), change.start_label
        found = self._searcher.keys(starts, ranks, bits, held, backward=True)
        if found is None:
            return None
        keys, expanded = found
        reached = keys != NO_KEY
        cost = np.where(reached, keys >> np.uint64(bits), 0).astype(np.int64)
        label = np.where(reached, (keys & np.uint64((1 << bits) - 1)).astype(np.int64), -1)
        cost[~reached] = -1
        labels = replace(bare, cost=cost, label=label)
        return quantum.shown_keys(keys, bits), label, labels, expanded

    def reached(
        self,
        sources: Iterable[Hashable],
        *,
        limit: float = np.inf,
        offsets: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        backward: bool = False,
    ) -> Reached:
        """What lies within a limit of the nearest source: :meth:`nearest` without the rest of the network.

        Parameters
        ----------
        sources, offsets, limit, backward
            As of :meth:`sweep`.
        labels
            As of :meth:`nearest`; without them no label is kept.

        Returns
        -------
        Reached
            Its cost in time and memory grows with what is reached, not with the network.

        Raises
        ------
        InputError
            As of :meth:`nearest`.
        """
        check_limit(limit)
        starts = self._starts(sources, offsets)
        ranks = None if labels is None else make_labels(labels, len(starts.positions))
        return self._searcher.sparse(starts, ranks, limit, backward)

    def within(self, sources: Iterable[Hashable], *, limit: float, backward: bool = False) -> pd.DataFrame:
        """All nodes within a limit of each source: one search a source.

        Parameters
        ----------
        sources
            Node ids; one given twice is searched once.
        limit
            Largest cost that is still reached, inclusive, in the weight's unit.
        backward
            Walk the arcs against their direction: from the nodes to the source.

        Returns
        -------
        pandas.DataFrame
            Columns ``origin`` (the source), ``node`` and ``cost`` (in the weight's unit); a row for each pair within
            the limit, the source itself included. Ordered by source as given, then cost, then position of the node.

        Raises
        ------
        InputError
            If a source is unknown or the limit is NaN.
        """
        import pandas as pd

        positions = pd.unique(self.positions(sources))
        found = self.within_positions(positions, limit=limit, backward=backward)
        origin = self.node_ids[positions[found.search]]
        return pd.DataFrame({"origin": origin, "node": self.node_ids[found.positions], "cost": found.costs})

    def within_positions(
        self,
        positions: ArrayLike,
        *,
        limit: float,
        offsets: ArrayLike | None = None,
        search: ArrayLike | None = None,
        backward: bool = False,
    ) -> ReachedEach:
        """One search a source, in arrays; a search may start from several nodes.

        Parameters
        ----------
        positions
            Positions in ``node_ids`` to start from.
        limit
            Largest cost that is still reached, inclusive, in the weight's unit.
        offsets
            Cost already spent at each start, at least 0.
        search
            Number of the search that each start belongs to, at least 0, such as that of a door for the two ends of its
            street; each start is a search of its own if not given.
        backward
            Walk the arcs against their direction.

        Returns
        -------
        ReachedEach

        Raises
        ------
        InputError
            If a position is none, an offset is NaN or negative or the limit is NaN.
        """
        check_limit(limit)
        starts = self._starts_at(positions, offsets)
        numbers = np.arange(len(starts.positions)) if search is None else whole_numbers("search", search)
        check_numbers("search", numbers, len(starts.positions))
        return self._searcher.each(starts, numbers, limit, backward)

    @cached_property
    def _ids(self) -> NodeIds:
        return NodeIds(self.node_ids)

    def _starts(self, sources: Iterable[Hashable], offsets: ArrayLike | None) -> Starts:
        return make_starts(self.positions(sources), offsets, self._searcher.quantum)

    def _starts_at(self, positions: ArrayLike, offsets: ArrayLike | None) -> Starts:
        places = whole_numbers("positions", positions)
        check_positions(places, self.node_count)
        return make_starts(places, offsets, self._searcher.quantum)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_ids"}
