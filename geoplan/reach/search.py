"""Searches over a topology with costs: quanta in, quanta out, memory kept from one search to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoplan.reach import kernel
from geoplan.reach.quanta import choose_quantum
from geoplan.reach.topology import Rows, Topology

__all__ = ["NEVER", "Labels", "Reached", "ReachedEach", "Searcher", "Starts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = np.int64(2**62)
"""Quanta spent at a start that is left out."""

_KEY_BITS = 62
_MAX_SLOTS = 2**20
_WIDTH_BELOW_TYPICAL = 2


class Reached(NamedTuple):
    """What one search reached: positions in ``node_ids``, ascending, and their costs.

    ``labels`` are -1 in a search without labels; ``expanded`` counts the nodes that the search worked on.
    """

    positions: Ints
    costs: Floats
    labels: Ints
    expanded: int


class ReachedEach(NamedTuple):
    """What many searches reached, one row a pair: number of the search, position in ``node_ids``, cost.

    Rows are ordered by search, cost, position; ``expanded`` counts the nodes that all the searches worked on.
    """

    search: Ints
    positions: Ints
    costs: Floats
    expanded: int


class Starts(NamedTuple):
    """Where a search starts: positions, and quanta already spent there."""

    positions: Ints
    spent: Ints


class Labels(NamedTuple):
    """Labels of the starts: ``ranks`` in ``values``, the distinct labels in order."""

    values: Ints
    ranks: Ints

    @property
    def bits(self) -> int:
        """Bits that hold any rank."""
        return max(0, len(self.values) - 1).bit_length()


class _Workspace:
    """Memory of one search, clean between searches."""

    def __init__(self, node_count: int, slot_count: int, entries: int) -> None:
        self.keys = np.full(node_count, kernel.NO_KEY)
        self.touched = np.empty(node_count, np.int32)
        self.slots = np.full(slot_count, -1, np.int32)
        # Only what a search uses of them ever becomes memory.
        self.entries = (np.empty(entries, np.int64), np.empty(entries, np.int32), np.empty(entries, np.int32))


class _Found(NamedTuple):
    """Ranks reached; for every rank its key, and its label where the key has no room for it."""

    ranks: NDArray[np.int32]
    keys: Ints
    label_bits: int
    labels: Ints | None
    expanded: int

    def at(self, ranks: NDArray[Any]) -> tuple[Ints, Ints]:
        """Distance in quanta and label of ranks that were reached."""
        keys = self.keys[ranks]
        labels = self.labels[ranks] if self.labels is not None else keys & ((1 << self.label_bits) - 1)
        return keys >> self.label_bits, labels


class Searcher:
    """Searches over one topology with one set of costs.

    Immutable but for its spare workspaces: a search takes one and gives it back, so threads share none.
    """

    def __init__(self, topology: Topology, cost: Floats) -> None:
        self.topology = topology
        self.quantum = choose_quantum(cost, max_arc=2 ** (63 - topology.head_bits) - 1)
        self._cost = cost
        self._spare: list[_Workspace] = []
        self._entries = topology.arc_count + topology.node_count + 1024
        positive = cost[cost > 0.0]
        typical = int(self.quantum.count(np.median(positive))) if len(positive) else 1
        longest = int(self.quantum.count(positive.max())) if len(positive) else 1
        self._width_bits = max(0, typical.bit_length() - _WIDTH_BELOW_TYPICAL)
        self._slot_count = min(_MAX_SLOTS, 1 << ((longest >> self._width_bits) + 1).bit_length())

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_spare": []}

    @cached_property
    def _forward(self) -> tuple[Ints, Ints, int]:
        return self._pack(self.topology.forward)

    @cached_property
    def _backward(self) -> tuple[Ints, Ints, int]:
        return self._pack(self.topology.backward)

    def _pack(self, rows: Rows) -> tuple[Ints, Ints, int]:
        bits = self.topology.head_bits
        return rows.indptr, (self.quantum.count(self._cost)[rows.arc] << bits) | rows.heads, bits

    def dense(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> tuple[Floats, Ints]:
        """Cost and label of every node: ``inf`` and -1 where not reached."""
        node_count = self.topology.node_count
        costs, nearest = np.full(node_count, np.inf), np.full(node_count, -1)
        with self._searched(starts, labels, limit, backward) as found:
            if len(found.ranks) * 4 < node_count:
                ranks, where = found.ranks, self.topology.order[found.ranks]
            else:  # writing in the order of the result is faster than reading in the order of the search
                where = np.flatnonzero((found.keys != kernel.NO_KEY)[self.topology.rank])
                ranks = self.topology.rank[where]
            costs[where], nearest[where] = self._read(found, ranks, labels)
        return costs, nearest

    def sparse(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> Reached:
        """Cost and label of the nodes reached, by position."""
        with self._searched(starts, labels, limit, backward) as found:
            positions = self.topology.order[found.ranks]
            order = np.argsort(positions)
            costs, nearest = self._read(found, found.ranks[order], labels)
            return Reached(positions[order], costs, nearest, found.expanded)

    def each(self, starts: Starts, numbers: Ints, limit: float, backward: bool) -> ReachedEach:
        """One search for each number, by number, cost and position."""
        by_number = np.argsort(numbers, kind="stable")
        group_ptr = np.searchsorted(numbers[by_number], np.arange(int(numbers.max(initial=-1)) + 2))
        ranks = self.topology.rank[starts.positions[by_number]]
        arcs = self._backward if backward else self._forward
        most = self.quantum.limit(limit)
        while True:
            workspace = self._take(len(ranks))
            code, row_ptr, nodes, distances, expanded = kernel.search_each(
                *arcs, group_ptr, ranks, np.minimum(starts.spent[by_number], most + 1), self._width_bits, most,
                workspace.keys, workspace.touched, workspace.slots, *workspace.entries,
            )  # fmt: skip
            if code == kernel.DONE:
                self._spare.append(workspace)
                break
            self._entries *= 2
        search = np.repeat(np.arange(len(group_ptr) - 1), np.diff(row_ptr))
        positions = self.topology.order[nodes]
        costs = self.quantum.shown(distances)
        order = np.lexsort((positions, costs, search))
        return ReachedEach(search, positions[order], costs[order], expanded)

    def _read(self, found: _Found, ranks: NDArray[Any], labels: Labels | None) -> tuple[Floats, Ints]:
        """Cost and label of ranks that were reached."""
        distances, label = found.at(ranks)
        nearest = np.full(len(ranks), -1) if labels is None else labels.values[label]
        return self.quantum.shown(distances), nearest

    def _take(self, starts: int) -> _Workspace:
        try:
            workspace = self._spare.pop()
        except IndexError:
            workspace = None
        if workspace is None or len(workspace.entries[0]) < self._entries + starts:
            workspace = _Workspace(self.topology.node_count, self._slot_count, self._entries + 2 * starts)
        return workspace

    @contextmanager
    def _searched(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> Iterator[_Found]:
        """Search; the result lives in a workspace that is cleaned afterwards."""
        bits = 0 if labels is None else labels.bits
        wanted = self.quantum.limit(limit)
        most = min(wanted, 2 ** (_KEY_BITS - bits) - 1)
        ranks = self.topology.rank[starts.positions]
        started = np.minimum(starts.spent, most + 1) << bits
        if labels is not None:
            started |= labels.ranks
        arcs = self._backward if backward else self._forward
        workspace, n, expanded, cut = self._run(arcs, ranks, started, bits, most)
        touched = workspace.touched[:n]
        nearest = None
        if cut and most < wanted and labels is not None:
            kernel.reset_keys(workspace.keys, touched, n)
            self._spare.append(workspace)
            bits = 0
            workspace, n, expanded, cut = self._run(arcs, ranks, starts.spent, bits, wanted)
            touched = workspace.touched[:n]
            nearest = self._spread_labels(arcs, workspace.keys, touched, ranks, starts.spent, labels)
        yield _Found(touched, workspace.keys, bits, nearest, expanded)
        kernel.reset_keys(workspace.keys, touched, n)
        self._spare.append(workspace)

    def _run(
        self, arcs: tuple[Ints, Ints, int], ranks: NDArray[np.int32], keys: Ints, bits: int, most: int
    ) -> tuple[_Workspace, int, int, bool]:
        while True:
            workspace = self._take(len(ranks))
            code, n, expanded, cut = kernel.search(
                *arcs, ranks, keys, bits, self._width_bits, most,
                workspace.keys, workspace.touched, workspace.slots, *workspace.entries,
            )  # fmt: skip
            if code == kernel.DONE:
                return workspace, n, expanded, cut
            self._entries *= 2

    def _spread_labels(
        self,
        arcs: tuple[Ints, Ints, int],
        distances: Ints,
        touched: NDArray[np.int32],
        ranks: NDArray[np.int32],
        spent: Ints,
        labels: Labels,
    ) -> Ints:
        """Labels by rank where they do not fit into the keys."""
        nearest = np.full(self.topology.node_count, kernel.NO_KEY)
        first = spent == distances[ranks]
        np.minimum.at(nearest, ranks[first], labels.ranks[first])
        order = touched[np.argsort(distances[touched], kind="stable")]
        kernel.nearest_labels(*arcs, distances, order, nearest)
        return nearest
