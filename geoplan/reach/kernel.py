"""The time sweep: shortest walks by a compiled bucket queue over integer costs.

An *arc* is one int64: its cost in quanta above ``head_bits`` bits of the node it leads to. The *key* of a node is one
int64 too: its distance in quanta above ``label_bits`` bits of the label of the source it was reached from, so that one
comparison prefers the nearer source and, between equally near ones, the smaller label.

Buckets are ``2**width_bits`` quanta wide. Keys put right within a bucket are expanded again, round by round, so the
result is exact whatever the width, arcs of cost zero included. Entries beyond the last bucket wait in a far list.
What a search touches it notes, and only that is reset: a bounded search costs what it reaches, not what there is.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = [
    "DONE",
    "NO_KEY",
    "QUEUE_FULL",
    "nearest_labels",
    "reset_keys",
    "search",
    "search_each",
]

NO_KEY = np.int64(2**63 - 1)
"""Key of a node that was not reached."""

DONE, QUEUE_FULL = 0, 1
"""How a search ended; after ``QUEUE_FULL`` its workspace is to be thrown away."""


@njit(cache=True, nogil=True)
def _scatter_far(far, cursor, key_shift, slots, entry_key, entry_next):
    """Move the entries of the far list that lie within reach of the cursor to their buckets."""
    n_slots = np.int64(len(slots))
    kept = np.int32(-1)
    kept_first = NO_KEY
    moved = 0
    while far >= 0:
        following = entry_next[far]
        bucket = entry_key[far] >> key_shift
        if bucket - cursor < n_slots:
            slot = bucket & (n_slots - 1)
            entry_next[far] = slots[slot]
            slots[slot] = far
            moved += 1
        else:
            entry_next[far] = kept
            kept = far
            kept_first = min(kept_first, bucket)
        far = following
    return kept, kept_first, moved


@njit(cache=True, nogil=True)
def search(
    indptr,
    arcs,
    head_bits,
    starts,
    start_keys,
    label_bits,
    width_bits,
    limit,
    keys,
    touched,
    slots,
    entry_key,
    entry_node,
    entry_next,
):
    """Search from all the starts at once.

    Parameters
    ----------
    indptr, arcs, head_bits
        The arcs of node ``u`` are ``arcs[indptr[u]:indptr[u + 1]]``.
    starts, start_keys
        Nodes to start from and their keys (start offset and label).
    label_bits
        Bits of a key that hold the label.
    width_bits
        Buckets are ``2**width_bits`` quanta wide.
    limit
        Largest distance in quanta that is still reached.
    keys
        Per node, :data:`NO_KEY` everywhere; the result when the search is done.
    touched
        Room for one int32 per node; its first ``n_touched`` are the nodes reached.
    slots
        Per bucket (a power of two of them), -1 everywhere, and again after the search.
    entry_key, entry_node, entry_next
        Room for the entries of the queue.

    Returns
    -------
    tuple
        How it ended, ``n_touched``, how many nodes were expanded, whether the limit held anything back.
    """
    key_shift = label_bits + width_bits
    label_mask = (np.int64(1) << label_bits) - 1
    head_mask = (np.int64(1) << head_bits) - 1
    n_slots = np.int64(len(slots))
    slot_mask = n_slots - 1
    capacity = len(entry_key)
    top = 0  # entries ever used
    free = np.int32(-1)  # entries that can be used again
    far = np.int32(-1)  # entries beyond the buckets, and the first bucket that they need
    far_first = NO_KEY
    near = 0  # entries in the buckets
    n_touched = 0
    expanded = 0
    cut = False
    for i in range(len(starts)):
        u = starts[i]
        key = start_keys[i]
        if key >> label_bits > limit:
            cut = True
        elif key < keys[u]:
            if top == capacity:
                return QUEUE_FULL, n_touched, expanded, cut
            if keys[u] == NO_KEY:
                touched[n_touched] = u
                n_touched += 1
            keys[u] = key
            entry_key[top] = key
            entry_node[top] = u
            entry_next[top] = far
            far = np.int32(top)
            far_first = min(far_first, key >> key_shift)
            top += 1
    cursor = np.int64(0)
    while True:
        if near == 0:
            if far < 0:
                return DONE, n_touched, expanded, cut
            cursor = far_first
        while cursor < far_first and slots[cursor & slot_mask] < 0:
            cursor += 1
        if cursor == far_first:
            far, far_first, moved = _scatter_far(far, cursor, key_shift, slots, entry_key, entry_next)
            near += moved
        slot = cursor & slot_mask
        while slots[slot] >= 0:
            entry = slots[slot]
            slots[slot] = -1
            while entry >= 0:
                key = entry_key[entry]
                u = entry_node[entry]
                following = entry_next[entry]
                entry_next[entry] = free
                free = entry
                entry = following
                near -= 1
                if keys[u] != key:
                    continue
                expanded += 1
                distance = key >> label_bits
                label = key & label_mask
                for a in range(indptr[u], indptr[u + 1]):
                    arc = arcs[a]
                    through = distance + (arc >> head_bits)
                    if through > limit:
                        cut = True
                        continue
                    v = arc & head_mask
                    new_key = (through << label_bits) | label
                    old_key = keys[v]
                    if new_key < old_key:
                        if old_key == NO_KEY:
                            touched[n_touched] = v
                            n_touched += 1
                        keys[v] = new_key
                        if free >= 0:
                            new = free
                            free = entry_next[new]
                        elif top < capacity:
                            new = np.int32(top)
                            top += 1
                        else:
                            return QUEUE_FULL, n_touched, expanded, cut
                        entry_key[new] = new_key
                        entry_node[new] = v
                        bucket = through >> width_bits
                        if bucket - cursor < n_slots:
                            slot_v = bucket & slot_mask
                            entry_next[new] = slots[slot_v]
                            slots[slot_v] = new
                            near += 1
                        else:
                            entry_next[new] = far
                            far = new
                            far_first = min(far_first, bucket)
        cursor += 1


@njit(cache=True, nogil=True)
def reset_keys(keys, touched, n_touched):
    """Make the keys as they were before a search."""
    if n_touched * 4 > len(keys):
        keys[:] = NO_KEY
    else:
        for i in range(n_touched):
            keys[touched[i]] = NO_KEY


@njit(cache=True, nogil=True)
def search_each(
    indptr,
    arcs,
    head_bits,
    group_ptr,
    starts,
    start_keys,
    width_bits,
    limit,
    keys,
    touched,
    slots,
    entry_key,
    entry_node,
    entry_next,
):
    """One search for each group of starts, unlabelled.

    Parameters
    ----------
    group_ptr
        Group ``g`` starts from ``starts[group_ptr[g]:group_ptr[g + 1]]``.
    indptr, arcs, head_bits, starts, start_keys, width_bits, limit, keys, touched, slots
        As of :func:`search`.
    entry_key, entry_node, entry_next
        As of :func:`search`.

    Returns
    -------
    tuple
        How it ended, where each group's rows begin, the node and the distance in quanta of each row, how many
        nodes were expanded.
    """
    n_groups = len(group_ptr) - 1
    row_ptr = np.zeros(n_groups + 1, np.int64)
    nodes = np.empty(1024, np.int32)
    distances = np.empty(1024, np.int64)
    total = 0
    expanded = 0
    for g in range(n_groups):
        first, last = group_ptr[g], group_ptr[g + 1]
        code, n, work, _ = search(
            indptr, arcs, head_bits, starts[first:last], start_keys[first:last], 0, width_bits, limit,
            keys, touched, slots, entry_key, entry_node, entry_next,
        )  # fmt: skip
        expanded += work
        if code != DONE:
            return code, row_ptr, nodes[:0], distances[:0], expanded
        if total + n > len(nodes):
            room = max(total + n, 2 * len(nodes))
            grown_nodes = np.empty(room, np.int32)
            grown_distances = np.empty(room, np.int64)
            grown_nodes[:total] = nodes[:total]
            grown_distances[:total] = distances[:total]
            nodes, distances = grown_nodes, grown_distances
        for i in range(n):
            nodes[total + i] = touched[i]
            distances[total + i] = keys[touched[i]]
        total += n
        row_ptr[g + 1] = total
        reset_keys(keys, touched, n)
    return DONE, row_ptr, nodes[:total], distances[:total], expanded


@njit(cache=True, nogil=True)
def nearest_labels(indptr, arcs, head_bits, distances, order, labels):
    """Spread the smallest label over the shortest walks of an unlabelled search.

    For when distance and label do not fit into one key.

    Parameters
    ----------
    indptr, arcs, head_bits
        As of :func:`search`.
    distances
        Per node, in quanta; :data:`NO_KEY` where not reached.
    order
        The nodes reached, by distance.
    labels
        Per node, the smallest label of the sources whose offset is the node's distance, else the largest int64;
        changed to the smallest label of the nearest sources.
    """
    head_mask = (np.int64(1) << head_bits) - 1
    changed = True
    while changed:  # a second round only where arcs cost nothing
        changed = False
        for u in order:
            for a in range(indptr[u], indptr[u + 1]):
                v = arcs[a] & head_mask
                if distances[u] + (arcs[a] >> head_bits) == distances[v] and labels[u] < labels[v]:
                    labels[v] = labels[u]
                    changed = True
