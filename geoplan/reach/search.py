"""Searches over a topology with costs: quanta in, quanta out, memory kept from one search to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoplan.reach import kernel
from geoplan.reach.quanta import choose_quantum
from geoplan.reach.topology import Layout, Topology

__all__ = ["NEVER", "Labels", "Reached", "ReachedEach", "Searcher", "Starts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cells = NDArray[np.uint64]

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


_NOWHERE = Starts(np.zeros(0, np.int64), np.zeros(0, np.int64))


class Labels(NamedTuple):
    """Labels of the starts: ``ranks`` in ``values``, the distinct labels in order."""

    values: Ints
    ranks: Ints

    @property
    def bits(self) -> int:
        """Bits that hold any rank."""
        return max(0, len(self.values) - 1).bit_length()


class _Workspace(NamedTuple):
    """Memory of one search over one layout, clean between searches.

    Only what searches use of the queue and the log ever becomes memory.
    """

    cells: Cells
    slots: NDArray[np.uint32]
    queue: Cells
    log: NDArray[np.uint32]


class _Found(NamedTuple):
    """What a search left in a workspace; ``labels`` by record, where the keys have no room for them."""

    workspace: _Workspace
    layout: Layout
    log: NDArray[np.uint32]
    label_bits: int
    labels: Ints | None

    def drain(self) -> tuple[Any, Cells]:
        """Nodes reached and their keys; the workspace is clean afterwards."""
        nodes, keys = np.empty(len(self.log), np.int32), np.empty(len(self.log), np.uint64)
        n = kernel.drain(self.workspace.cells, self.log, self.layout.node_at, nodes, keys)
        return nodes[:n], keys[:n]

    def drain_all(self) -> tuple[Any, Cells]:
        """All nodes, reached or not, and their keys; the workspace is clean afterwards."""
        layout = self.layout
        by_rank = np.empty(len(layout.records), np.uint64)
        kernel.drain_all(self.workspace.cells, layout.records, by_rank)
        # Reading the cells themselves in the order of the nodes takes twice as long.
        return slice(None), by_rank[layout.rank]

    def nearest(self, nodes: Any, keys: Cells, labels: Labels | None) -> Ints:
        """Label of nodes, by their keys; -1 where not reached or without labels."""
        if labels is None:
            return np.broadcast_to(np.int64(-1), len(keys))
        if self.labels is not None:
            ranks = self.labels[self.layout.records[self.layout.rank[nodes]]]
        else:
            ranks = (keys & np.uint64((1 << self.label_bits) - 1)).astype(np.int64)
        ranks[keys == kernel.NO_KEY] = -1
        return np.append(labels.values, -1)[ranks]


class Searcher:
    """Searches over one topology with one set of costs.

    Immutable but for its spare workspaces: a search takes one and gives it back, so threads share none.
    """

    def __init__(self, topology: Topology, cost: Floats, *, symmetric: bool = False) -> None:
        self.topology = topology
        self.quantum = choose_quantum(cost, max_arc=topology.max_arc)
        self._cost = cost
        self._symmetric = symmetric  # every arc has its like the other way, so backward is forward
        self._room = topology.node_count + topology.node_count // 4 + 1024
        self._spare: dict[bool, list[_Workspace]] = {False: [], True: []}
        positive = cost[cost > 0.0]
        typical, longest = self.quantum.count(
            np.array([np.median(positive), positive.max()] if len(positive) else [1, 1])
        )
        self._width_bits = max(0, int(typical).bit_length() - _WIDTH_BELOW_TYPICAL)
        self._slot_count = min(_MAX_SLOTS, 1 << ((int(longest) >> self._width_bits) + 1).bit_length())

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_spare": {False: [], True: []}}

    def dense(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> tuple[Floats, Ints]:
        """Cost and label of every node: ``inf`` and -1 where not reached."""
        count = self.topology.node_count
        costs, nearest = np.full(count, np.inf), np.full(count, -1)
        with self._searched(starts, labels, limit, backward) as found:
            nodes, keys = found.drain_all() if len(found.log) * 4 > count else found.drain()
        costs[nodes] = self.quantum.shown_keys(keys, found.label_bits, limit)
        if labels is not None:
            nearest[nodes] = found.nearest(nodes, keys, labels)
        return costs, nearest

    def sparse(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> Reached:
        """Cost and label of the nodes reached, by position."""
        with self._searched(starts, labels, limit, backward) as found:
            nodes, keys = found.drain()
        rows = kernel.number_rows(nodes)
        rows.sort()
        keys = kernel.take_rows(rows, keys)
        costs = self.quantum.shown_keys(keys, found.label_bits, limit)
        return Reached(rows, costs, found.nearest(rows, keys, labels), len(found.log))

    def each(self, starts: Starts, numbers: Ints, limit: float, backward: bool) -> ReachedEach:
        """One search for each number, by number, cost and position."""
        most = self.quantum.limit(limit)
        if most < 0:
            starts, numbers, most = _NOWHERE, _NOWHERE.positions, 0
        by_number = np.argsort(numbers, kind="stable")
        distinct, first = np.unique(numbers[by_number], return_index=True)
        group_ptr = np.append(first, len(numbers))
        backward = backward and not self._symmetric
        layout = self.topology.layout(backward)
        records = layout.records[layout.rank[starts.positions[by_number]]]
        keys = np.minimum(starts.spent[by_number], most + 1).astype(np.uint64)
        while True:
            workspace = self._take(backward)
            code, row_ptr, nodes, distances, in_order, expanded = kernel.search_each(
                workspace.cells, np.uint64(layout.head_bits), group_ptr, records, keys, np.uint64(self._width_bits),
                np.uint64(most), workspace.slots, workspace.queue, workspace.log, layout.node_at,
            )  # fmt: skip
            if code == kernel.DONE:
                self._spare[backward].append(workspace)
                break
            self._room *= 2
        search = np.repeat(distinct, np.diff(row_ptr))
        if not in_order:
            order = np.lexsort((nodes, distances, search))
            nodes, distances = nodes[order], distances[order]
        return ReachedEach(search, nodes.astype(np.int64), self.quantum.shown_keys(distances, 0, limit), expanded)

    def keys(
        self, starts: Starts, ranks: Ints, label_bits: int, known: tuple[Ints, Cells] | None, backward: bool
    ) -> tuple[Cells, int] | None:
        """Key of every node after a search without a limit, and how many nodes it worked on.

        Parameters
        ----------
        starts, ranks
            Where it starts, and the label of each start.
        label_bits
            Bits of a key that hold the label.
        known
            Nodes and keys that an earlier search has settled: the search goes only where it improves on them.
        backward
            Walk the arcs against their direction.

        Returns
        -------
        tuple or None
            None if the keys have no room for such long walks.
        """
        backward = backward and not self._symmetric
        most = 2 ** (_KEY_BITS - label_bits) - 1
        if known is not None and len(known[1]) and int(known[1].max()) >> label_bits > most:
            return None
        keys = ((np.minimum(starts.spent, most + 1) << label_bits) | ranks).astype(np.uint64)
        found, cut = self._run(starts, keys, label_bits, most, backward, known)
        expanded = len(found.log)
        out = found.drain_all()[1]
        self._spare[backward].append(found.workspace)
        return None if cut else (out, expanded)

    def _take(self, backward: bool) -> _Workspace:
        """A clean workspace, as large as one has ever needed to be."""
        try:
            workspace = self._spare[backward].pop()
        except IndexError:
            workspace = None
        if workspace is None or len(workspace.log) < self._room:
            layout = self.topology.layout(backward)
            workspace = _Workspace(
                layout.cells(self.quantum.count(self._cost)),
                np.full(self._slot_count, 2**32 - 1, np.uint32),
                np.empty(2 * self._room, np.uint64),
                np.empty(self._room, np.uint32),
            )
        return workspace

    @contextmanager
    def _searched(self, starts: Starts, labels: Labels | None, limit: float, backward: bool) -> Iterator[_Found]:
        """Search; the result is to be drained from the workspace before it goes back to the spare ones."""
        backward = backward and not self._symmetric
        bits = 0 if labels is None else labels.bits
        wanted = self.quantum.limit(limit)
        if wanted < 0:
            starts, labels, wanted = _NOWHERE, None, 0
        most = min(wanted, 2 ** (_KEY_BITS - bits) - 1)
        keys = np.minimum(starts.spent, most + 1) << bits
        if labels is not None:
            keys |= labels.ranks
        found, cut = self._run(starts, keys, bits, most, backward)
        if cut and most < wanted and labels is not None:
            found.drain()
            self._spare[backward].append(found.workspace)
            found, _ = self._run(starts, np.minimum(starts.spent, wanted + 1), 0, wanted, backward)
            found = _spread_labels(found, starts, labels)
        yield found
        self._spare[backward].append(found.workspace)

    def _run(
        self,
        starts: Starts,
        keys: Any,
        bits: int,
        most: int,
        backward: bool,
        known: tuple[Ints, Cells] | None = None,
    ) -> tuple[_Found, bool]:
        layout = self.topology.layout(backward)
        records = layout.records[layout.rank[starts.positions]]
        while True:
            workspace = self._take(backward)
            if known is not None:
                workspace.cells[layout.records[layout.rank[known[0]]]] = known[1]
            code, n_log, cut = kernel.search(
                workspace.cells, np.uint64(layout.head_bits), records, keys.astype(np.uint64), np.uint64(bits),
                np.uint64(self._width_bits), np.uint64(most), workspace.slots, workspace.queue, workspace.log,
            )  # fmt: skip
            if code == kernel.DONE:
                return _Found(workspace, layout, workspace.log[:n_log], bits, None), cut
            self._room *= 2


def _spread_labels(found: _Found, starts: Starts, labels: Labels) -> _Found:
    """Labels by record, for when they do not fit into the keys."""
    cells, layout = found.workspace.cells, found.layout
    nearest = np.full(len(cells), np.iinfo(np.int64).max)
    records = layout.records[layout.rank[starts.positions]]
    first = starts.spent.astype(np.uint64) == cells[records]
    np.minimum.at(nearest, records[first], labels.ranks[first])
    by_distance = np.unique(found.log)
    by_distance = by_distance[np.argsort(cells[by_distance], kind="stable")]
    kernel.nearest_labels(cells, np.uint64(layout.head_bits), by_distance, nearest)
    return found._replace(labels=nearest)
