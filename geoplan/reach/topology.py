"""Who is next to whom: the arcs of a network in compressed rows, nodes renumbered along a curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoplan.reach.kernel import build_cells
from geoplan.reach.ordering import hilbert_order, topological_order

__all__ = ["Layout", "Topology"]


@njit(cache=True, nogil=True)
def _compress(tail: Any, head: Any, rank: Any) -> Any:
    """Arcs by rank of their tail: where each row begins, ranks of the heads, number of each arc."""
    node_count = len(rank)
    indptr = np.zeros(node_count + 1, np.int64)
    for a in range(len(tail)):
        indptr[rank[tail[a]] + 1] += 1
    for u in range(node_count):
        indptr[u + 1] += indptr[u]
    place = indptr[:-1].copy()
    heads = np.empty(len(tail), np.int32)
    arc = np.empty(len(tail), np.int32)
    for a in range(len(tail)):
        u = rank[tail[a]]
        heads[place[u]] = rank[head[a]]
        arc[place[u]] = a
        place[u] += 1
    return indptr, heads, arc


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the records of a network lie in its cells, arcs forward or backward.

    Attributes
    ----------
    rank, order
        A node's place along the curve, and the node at each place.
    indptr, heads, arc
        Arcs in compressed rows by rank: where each row begins, ranks of the heads, number of each arc.
    records
        By rank: first cell of its record.
    node_at
        By cell: the node whose record begins there.
    """

    rank: NDArray[np.int32]
    order: NDArray[np.int32]
    indptr: NDArray[np.int64]
    heads: NDArray[np.int32]
    arc: NDArray[np.int32]
    records: NDArray[np.uint32]
    node_at: NDArray[np.int32]

    @classmethod
    def build(
        cls, tail: NDArray[np.int64], head: NDArray[np.int64], order: NDArray[np.int32], rank: NDArray[np.int32]
    ) -> Layout:
        """Lay the arcs out by rank of their tail."""
        indptr, heads, arc = _compress(tail, head, rank)
        sizes = 1 + np.maximum(1, np.diff(indptr))
        ends = np.cumsum(sizes)
        records = (ends - sizes).astype(np.uint32)
        node_at = np.full(int(sizes.sum()), -1, np.int32)
        node_at[records] = order
        return cls(rank, order, indptr, heads, arc, records, node_at)

    @property
    def head_bits(self) -> int:
        """Bits that hold the place of any record."""
        return max(1, (len(self.node_at) - 1).bit_length())

    def cells(self, cost: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The network's cells, with the quanta of each arc."""
        out = np.empty(len(self.node_at), np.uint64)
        build_cells(self.indptr, self.heads, self.arc, cost, self.records, np.uint64(self.head_bits), out)
        return out


@dataclass(frozen=True)
class Topology:
    """Arcs between the nodes 0 to ``node_count - 1``, and the order in which the nodes lie in memory."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    node_count: int
    order: NDArray[np.int32]
    rank: NDArray[np.int32]

    @classmethod
    def build(
        cls, tail: NDArray[np.int64], head: NDArray[np.int64], node_count: int, xy: NDArray[np.float64] | None
    ) -> Topology:
        """Order the nodes by place where it is known, else by who is next to whom."""
        if xy is None:
            indptr, heads, _ = _compress(tail, head, np.arange(node_count, dtype=np.int32))
            order = topological_order(indptr, heads)
        else:
            order = hilbert_order(xy)
        rank = np.empty(node_count, np.int32)
        rank[order] = np.arange(node_count, dtype=np.int32)
        return cls(tail, head, node_count, order.astype(np.int32), rank)

    @property
    def arc_count(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    @property
    def max_arc(self) -> int:
        """Most quanta that an arc has room for."""
        most_cells = self.arc_count + 2 * self.node_count
        return int(2 ** (63 - max(1, most_cells.bit_length())) - 1)

    def layout(self, backward: bool) -> Layout:
        """The layout for searches along or against the arcs, made when it is first needed."""
        return self._backward if backward else self._forward

    @cached_property
    def _forward(self) -> Layout:
        return Layout.build(self.tail, self.head, self.order, self.rank)

    @cached_property
    def _backward(self) -> Layout:
        return Layout.build(self.head, self.tail, self.order, self.rank)
