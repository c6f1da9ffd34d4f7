"""Who is next to whom: the arcs of a network in compressed rows, nodes renumbered along a curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoplan.reach.ordering import hilbert_order, topological_order

__all__ = ["Rows", "Topology"]


@njit(cache=True, nogil=True)
def _compress(tail, head, rank, node_count):
    """Arcs by rank of their tail: row pointers, ranks of the heads, which arc each was."""
    indptr = np.zeros(node_count + 1, np.int64)
    for a in range(len(tail)):
        indptr[rank[tail[a]] + 1] += 1
    for u in range(node_count):
        indptr[u + 1] += indptr[u]
    place = indptr[:-1].copy()
    heads = np.empty(len(tail), np.int32)
    arc = np.empty(len(tail), np.int64)
    for a in range(len(tail)):
        u = rank[tail[a]]
        heads[place[u]] = rank[head[a]]
        arc[place[u]] = a
        place[u] += 1
    return indptr, heads, arc


@dataclass(frozen=True, slots=True)
class Rows:
    """Arcs in compressed rows: those of rank ``u`` lead to ``heads[indptr[u]:indptr[u + 1]]``; ``arc``: as given."""

    indptr: NDArray[np.int64]
    heads: NDArray[np.int32]
    arc: NDArray[np.int64]


@dataclass(frozen=True)
class Topology:
    """Arcs between nodes 0..node_count-1; ``rank`` is a node's place in memory, ``order`` the node at each place."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    node_count: int
    order: NDArray[np.int64]
    rank: NDArray[np.int32]

    @classmethod
    def build(
        cls, tail: NDArray[np.int64], head: NDArray[np.int64], node_count: int, xy: NDArray[np.float64] | None
    ) -> Topology:
        """Order the nodes by place where it is known, else by who is next to whom."""
        order = topological_order(tail, head, node_count) if xy is None else hilbert_order(xy)
        rank = np.empty(node_count, np.int32)
        rank[order] = np.arange(node_count, dtype=np.int32)
        return cls(tail, head, node_count, order, rank)

    @cached_property
    def forward(self) -> Rows:
        """Arcs by their tail."""
        return Rows(*_compress(self.tail, self.head, self.rank, self.node_count))

    @cached_property
    def backward(self) -> Rows:
        """Arcs by their head, turned round."""
        return Rows(*_compress(self.head, self.tail, self.rank, self.node_count))

    @property
    def arc_count(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    @property
    def head_bits(self) -> int:
        """Bits that hold any rank."""
        return max(1, (self.node_count - 1).bit_length())
