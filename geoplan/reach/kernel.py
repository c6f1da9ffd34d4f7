"""The time sweep: shortest walks by a compiled bucket queue over integer costs.

A network is one array of uint64 *cells*. Each node has a *record* in it: the cell of its key, then a cell an arc. A
node is named by the place of its record, so that looking at its key brings its arcs into the cache as well.

- An *arc* is its cost in quanta above ``head_bits`` bits of the record that it leads to; the top bit marks the last of
  its record. A record without arcs has one to itself that costs nothing.
- The *key* of a node is its distance in quanta above ``label_bits`` bits of the label of the source it was reached
  from: one comparison prefers the nearer source and, between equally near ones, the smaller label.

Buckets are ``2**width_bits`` quanta wide. A key put right within its bucket is expanded again, round by round, so the
result is exact whatever the width, arcs that cost nothing included. Entries past the last bucket wait in a far list.
A search logs the nodes it expands, and only those are read and cleaned afterwards: a bounded search costs what it
reaches, not what there is.

All arithmetic is unsigned: signed indices would be tested for being negative in every loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = [
    "DONE",
    "FULL",
    "LAST_ARC",
    "NO_KEY",
    "build_cells",
    "drain",
    "drain_all",
    "nearest_labels",
    "number_rows",
    "search",
    "search_each",
    "take_rows",
]

NO_KEY = np.uint64(2**64 - 1)
"""Key of a node that was not reached."""

LAST_ARC = np.uint64(2**63)
"""Mark of the last arc of a record."""

DONE, FULL = 0, 1
"""How a search ended: done, or its workspace was too small and is to be thrown away."""

_COST = np.uint64(2**63 - 1)  # an arc without its mark
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_LOW = np.uint64(2**32 - 1)  # lower half of a queue link, and the end of a list
_HALF = np.uint64(32)
_EMPTY = np.uint32(2**32 - 1)  # a bucket without entries

_SHIFTS_PER_ROW = 16  # beyond this an insertion sort is slower than another


@njit(cache=True, nogil=True)
def build_cells(indptr: Any, heads: Any, arc: Any, cost: Any, records: Any, head_bits: Any, out: Any) -> None:
    """Write the records of a network without any node reached.

    Parameters
    ----------
    indptr, heads, arc
        Arcs in compressed rows by rank: where each row begins, ranks of the heads, number of each arc.
    cost
        Quanta of each arc by its number.
    records
        Place of the record of each rank.
    head_bits
        Bits that hold any place.
    out
        The cells, to be written.
    """
    for u in range(len(records)):
        place = records[u]
        out[place] = NO_KEY
        first, last = indptr[u], indptr[u + 1]
        for a in range(first, last):
            out[place + 1 + a - first] = (np.uint64(cost[arc[a]]) << head_bits) | np.uint64(records[heads[a]])
        if first == last:
            out[place + 1] = np.uint64(place)
            last += 1
        out[place + last - first] |= LAST_ARC


@njit(cache=True, nogil=True)
def _scatter_far(far: Any, cursor: Any, key_shift: Any, slots: Any, queue: Any) -> Any:
    """Move the entries of the far list that lie within reach of the cursor to their buckets."""
    n_slots = np.uint64(len(slots))
    kept, kept_first, moved = _LOW, NO_KEY, _ZERO
    while far != _LOW:
        key, link = queue[far], queue[far + _ONE]
        bucket = key >> key_shift
        node = (link >> _HALF) << _HALF
        if bucket - cursor < n_slots:
            slot = bucket & (n_slots - _ONE)
            queue[far + _ONE] = node | np.uint64(slots[slot])
            slots[slot] = np.uint32(far)
            moved += _ONE
        else:
            queue[far + _ONE] = node | kept
            kept = far
            kept_first = min(kept_first, bucket)
        far = link & _LOW
    return kept, kept_first, moved


@njit(cache=True, nogil=True)
def search(
    cells: Any,
    head_bits: Any,
    starts: Any,
    start_keys: Any,
    label_bits: Any,
    width_bits: Any,
    limit: Any,
    slots: Any,
    queue: Any,
    log: Any,
) -> Any:
    """Search from all the starts at once; numbers are uint64.

    Parameters
    ----------
    cells, head_bits
        The network, no node reached; holds the keys when the search is done.
    starts, start_keys
        Records to start from and their keys (cost already spent, label).
    label_bits
        Bits of a key that hold the label.
    width_bits
        Buckets are ``2**width_bits`` quanta wide.
    limit
        Largest distance in quanta that is still reached.
    slots
        First entry of each bucket (uint32, a power of two of them); none before and after the search.
    queue
        Room for entries, two cells each: key; record above the next entry.
    log
        Room (uint32) for the records expanded, bucket by bucket. One may come more than once in its bucket.

    Returns
    -------
    tuple
        How it ended, how many records were logged, whether the limit held anything back.
    """
    key_shift = label_bits + width_bits
    label_mask = (_ONE << label_bits) - _ONE
    head_mask = (_ONE << head_bits) - _ONE
    n_slots = np.uint64(len(slots))
    slot_mask = n_slots - _ONE
    capacity, log_capacity = np.uint64(len(queue)), np.uint64(len(log))
    top = _ZERO  # cells of the queue ever used
    free = _LOW  # entries that can be used again
    far, far_first = _LOW, NO_KEY  # entries past the buckets, and the first bucket that they need
    near = _ZERO  # number of entries in the buckets
    n_log = _ZERO
    cut = False
    for i in range(len(starts)):
        u, key = np.uint64(starts[i]), start_keys[i]
        if key >> label_bits > limit:
            cut = True
        elif key < cells[u]:
            if top == capacity:
                return FULL, n_log, cut
            cells[u] = key
            queue[top] = key
            queue[top + _ONE] = (u << _HALF) | far
            far = top
            far_first = min(far_first, key >> key_shift)
            top += _TWO
    cursor = _ZERO
    while True:
        if near == _ZERO:
            if far == _LOW:
                return DONE, n_log, cut
            cursor = far_first
        while cursor < far_first and slots[cursor & slot_mask] == _EMPTY:
            cursor += _ONE
        if cursor == far_first:
            far, far_first, moved = _scatter_far(far, cursor, key_shift, slots, queue)
            near += moved
        slot = cursor & slot_mask
        while slots[slot] != _EMPTY:  # a round: what it adds to this bucket is for the next
            entry = np.uint64(slots[slot])
            slots[slot] = _EMPTY
            while entry != _LOW:
                key, link = queue[entry], queue[entry + _ONE]
                queue[entry + _ONE] = free
                free = entry
                entry = link & _LOW
                near -= _ONE
                u = link >> _HALF
                if cells[u] != key:  # a nearer way was found since
                    continue
                if n_log == log_capacity:
                    return FULL, n_log, cut
                log[n_log] = np.uint32(u)
                n_log += _ONE
                distance, label = key >> label_bits, key & label_mask
                place, arc = u, _ZERO
                while arc < LAST_ARC:
                    place += _ONE
                    arc = cells[place]
                    through = distance + ((arc & _COST) >> head_bits)
                    if through > limit:
                        cut = True
                        continue
                    v = arc & head_mask
                    new_key = (through << label_bits) | label
                    if new_key >= cells[v]:
                        continue
                    cells[v] = new_key
                    if free != _LOW:
                        new = free
                        free = queue[new + _ONE] & _LOW
                    elif top < capacity:
                        new = top
                        top += _TWO
                    else:
                        return FULL, n_log, cut
                    queue[new] = new_key
                    bucket = through >> width_bits
                    if bucket - cursor < n_slots:
                        queue[new + _ONE] = (v << _HALF) | np.uint64(slots[bucket & slot_mask])
                        slots[bucket & slot_mask] = np.uint32(new)
                        near += _ONE
                    else:
                        queue[new + _ONE] = (v << _HALF) | far
                        far = new
                        far_first = min(far_first, bucket)
        cursor += _ONE


@njit(cache=True, nogil=True)
def drain(cells: Any, log: Any, node_at: Any, nodes: Any, keys: Any) -> Any:
    """Take the result of a bounded search out of the cells, which are clean afterwards.

    Parameters
    ----------
    cells
        The network.
    log
        Records that the search expanded.
    node_at
        Node of each record, by its place.
    nodes, keys
        Room for what was reached, each node once, in the order of the log.

    Returns
    -------
    int
        How many were reached.
    """
    n = 0
    for i in range(len(log)):
        record = np.uint64(log[i])
        key = cells[record]
        if key != NO_KEY:
            nodes[n] = node_at[record]
            keys[n] = key
            n += 1
            cells[record] = NO_KEY
    return n


@njit(cache=True, nogil=True)
def number_rows(nodes: Any) -> Any:
    """Node and row in one number each, to be sorted by node: sorting numbers is faster than sorting rows by number.

    Parameters
    ----------
    nodes
        Node of each row.

    Returns
    -------
    ndarray of int64
    """
    out = np.empty(len(nodes), np.int64)
    for i in range(len(nodes)):
        out[i] = (np.int64(nodes[i]) << 32) | i
    return out


@njit(cache=True, nogil=True)
def take_rows(rows: Any, keys: Any) -> Any:
    """Nodes and keys in the order of the sorted rows.

    Parameters
    ----------
    rows
        Of :func:`number_rows`, sorted; they become the nodes.
    keys
        Key of each row as it was numbered.

    Returns
    -------
    ndarray of uint64
        Keys in order.
    """
    out = np.empty_like(keys)
    for i in range(len(rows)):
        out[i] = keys[rows[i] & 0xFFFFFFFF]
        rows[i] >>= 32
    return out


@njit(cache=True, nogil=True)
def drain_all(cells: Any, records: Any, keys: Any) -> None:
    """Take the result of a wide search out of the cells, which are clean afterwards.

    Parameters
    ----------
    cells
        The network.
    records
        Place of the record of each rank.
    keys
        Key of each rank, to be written.
    """
    for rank in range(len(records)):
        record = np.uint64(records[rank])
        keys[rank] = cells[record]
        cells[record] = NO_KEY


@njit(cache=True, nogil=True)
def _sort_rows(distances: Any, nodes: Any) -> Any:
    """Sort rows that nearly are by distance, then node; gives up and says False where they are far from it."""
    budget = _SHIFTS_PER_ROW * len(nodes)
    for i in range(1, len(nodes)):
        distance, node = distances[i], nodes[i]
        j = i - 1
        while j >= 0 and (distances[j] > distance or (distances[j] == distance and nodes[j] > node)):
            distances[j + 1] = distances[j]
            nodes[j + 1] = nodes[j]
            j -= 1
        distances[j + 1] = distance
        nodes[j + 1] = node
        budget -= i - 1 - j
        if budget < 0:
            return False
    return True


@njit(cache=True, nogil=True)
def search_each(
    cells: Any,
    head_bits: Any,
    group_ptr: Any,
    starts: Any,
    start_keys: Any,
    width_bits: Any,
    limit: Any,
    slots: Any,
    queue: Any,
    log: Any,
    node_at: Any,
) -> Any:
    """One unlabelled search for each group of starts.

    Parameters
    ----------
    group_ptr
        Group ``g`` starts from ``starts[group_ptr[g]:group_ptr[g + 1]]``.
    cells, head_bits, starts, start_keys, width_bits, limit, slots, queue, log
        As of :func:`search`.
    node_at
        As of :func:`drain`.

    Returns
    -------
    tuple
        How it ended, where each group's rows begin, node and distance in quanta of each row, whether the rows of each
        group are sorted by distance, then node, how many nodes were expanded.
    """
    n_groups = len(group_ptr) - 1
    row_ptr = np.zeros(n_groups + 1, np.int64)
    nodes = np.empty(4096, np.int32)
    distances = np.empty(4096, np.uint64)
    total: Any = 0
    expanded: Any = 0
    in_order = True
    for g in range(n_groups):
        first, last = group_ptr[g], group_ptr[g + 1]
        code, n_log, _ = search(
            cells, head_bits, starts[first:last], start_keys[first:last], _ZERO, width_bits, limit, slots, queue, log
        )
        if code != DONE:
            return code, row_ptr, nodes, distances, in_order, expanded
        expanded += np.int64(n_log)
        if total + np.int64(n_log) > len(nodes):
            room = max(total + np.int64(n_log), 2 * len(nodes))
            grown_nodes, grown_distances = np.empty(room, np.int32), np.empty(room, np.uint64)
            grown_nodes[:total] = nodes[:total]
            grown_distances[:total] = distances[:total]
            nodes, distances = grown_nodes, grown_distances
        n = drain(cells, log[:n_log], node_at, nodes[total:], distances[total:])
        in_order &= _sort_rows(distances[total : total + n], nodes[total : total + n])
        total += n
        row_ptr[g + 1] = total
    return DONE, row_ptr, nodes[:total], distances[:total], in_order, expanded


@njit(cache=True, nogil=True)
def nearest_labels(cells: Any, head_bits: Any, log: Any, labels: Any) -> None:
    """Spread the smallest label over the shortest walks of an unlabelled search.

    For when distance and label do not fit into one key.

    Parameters
    ----------
    cells, head_bits
        The network after the search.
    log
        Records that it expanded, each once, by distance.
    labels
        By record: the smallest label of the sources whose spent cost is the distance of the node, else the largest
        int64. Changed to the smallest label of the nearest sources.
    """
    head_mask = (_ONE << head_bits) - _ONE
    changed = True
    while changed:  # a second round only where arcs cost nothing
        changed = False
        for i in range(len(log)):
            u = np.uint64(log[i])
            place, arc = u, _ZERO
            while arc < LAST_ARC:
                place += _ONE
                arc = cells[place]
                v = arc & head_mask
                if cells[u] + ((arc & _COST) >> head_bits) == cells[v] and labels[u] < labels[v]:
                    labels[v] = labels[u]
                    changed = True
