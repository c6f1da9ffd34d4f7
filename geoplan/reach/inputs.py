"""What a walk network is given: checked, and turned into arrays."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.reach.quanta import Quantum
from geoplan.reach.search import NEVER, Labels, Starts

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "NodeIds",
    "check_costs",
    "check_ends",
    "check_limit",
    "check_numbers",
    "check_positions",
    "check_sizes",
    "edge_costs",
    "id_array",
    "make_labels",
    "make_starts",
    "node_xy",
    "whole_numbers",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


_SPARSEST = 4  # range of integer ids per id, up to which a table of the range finds them fastest


def id_array(ids: Iterable[Hashable]) -> NDArray[Any]:
    """Ids in one array.

    Parameters
    ----------
    ids
        Node ids of any kind.

    Returns
    -------
    ndarray
        int64 where all are integers, else objects; tuples stay tuples.
    """
    if isinstance(ids, range):
        return np.arange(ids.start, ids.stop, ids.step)
    if isinstance(ids, np.ndarray) and ids.dtype.kind in "iu" and ids.ndim == 1:
        return ids.astype(np.int64)
    if isinstance(ids, np.ndarray):
        ids = ids.tolist()
    listed = list(ids)
    if all(kind is int or issubclass(kind, np.integer) for kind in set(map(type, listed))):
        with suppress(OverflowError):
            return np.array(listed, dtype=np.int64)
    return np.fromiter(listed, dtype=object, count=len(listed))


def whole_numbers(name: str, values: ArrayLike) -> Ints:
    """Whole numbers in a fresh array; other numbers are refused, not cut.

    Parameters
    ----------
    name
        Name of the argument, for the error.
    values
        Integers.

    Returns
    -------
    ndarray of int64
    """
    given = np.asarray(values).reshape(-1)
    if len(given) and given.dtype.kind not in "iu":
        raise InputError(
            Fault(
                code="not-whole",
                needed=msg("whole numbers in {name}", name=name),
                given=msg("{value}", value=str(given.dtype)),
                mend=msg("give integers"),
            )
        )
    return given.astype(np.int64)


class NodeIds:
    """Finds the position of a node id."""

    def __init__(self, ids: NDArray[Any]) -> None:
        self._ids = ids

    def check(self) -> None:
        """Ids must be unique."""
        if self._distinct < len(self._ids):
            raise InputError(
                Fault(
                    code="duplicate-id",
                    needed=msg("one id a node"),
                    given=msg("{count} ids for {nodes} nodes", count=self._distinct, nodes=len(self._ids)),
                    mend=msg("give each node an id of its own"),
                )
            )

    @cached_property
    def _counted(self) -> bool:
        return self._ids.dtype != object and bool((self._ids == np.arange(len(self._ids))).all())

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints]:
        order = np.argsort(self._ids, kind="stable")
        return self._ids[order], order

    @cached_property
    def _places(self) -> Ints | None:
        """Position of each id from the smallest to the largest, where they lie close together."""
        if len(self._ids) == 0 or int(self._ids.max()) - int(self._ids.min()) > _SPARSEST * len(self._ids):
            return None
        places = np.full(int(self._ids.max()) - int(self._ids.min()) + 1, -1)
        places[self._ids - self._ids.min()] = np.arange(len(self._ids))
        return places

    @cached_property
    def _table(self) -> dict[Hashable, int]:
        return {node: i for i, node in enumerate(self._ids.tolist())}

    @property
    def _distinct(self) -> int:
        if self._counted:
            return len(self._ids)
        if self._ids.dtype == object:
            return len(self._table)
        if self._places is not None:
            return int((self._places >= 0).sum())
        return int((np.diff(self._sorted[0]) != 0).sum()) + min(1, len(self._ids))

    def find(self, ids: Iterable[Hashable]) -> Ints:
        """Positions of ids; :class:`InputError` naming those that are unknown."""
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise InputError(
                Fault(
                    code="not-a-collection",
                    needed=msg("a collection of node ids"),
                    given=msg("{value}", value=repr(ids)),
                    mend=msg("put the id into a list"),
                )
            )
        wanted = ids if isinstance(ids, np.ndarray) else list(ids)
        if len(wanted) == 0:
            return np.zeros(0, np.int64)
        found = self._lookup(wanted)
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            raise InputError(
                Fault(
                    code="unknown-node",
                    needed=msg("nodes of the network"),
                    given=msg("{count} ids that it does not have", count=len(unknown)),
                    mend=msg("take the ids from its node_ids"),
                    where=Where(rows=tuple(str(wanted[i]) for i in unknown)),
                )
            )
        return found

    def _lookup(self, wanted: Any) -> Ints:
        if self._ids.dtype != object:
            numbers_only = isinstance(wanted, np.ndarray) or all(isinstance(i, (int, np.integer)) for i in wanted)
            asked = np.asarray(wanted) if numbers_only else None
            if asked is not None and asked.ndim == 1 and np.can_cast(asked.dtype, np.int64):
                return self._lookup_integers(asked)
        table = self._table
        listed = wanted.tolist() if isinstance(wanted, np.ndarray) else wanted
        return np.fromiter((table.get(node, -1) for node in listed), np.int64, len(listed))

    def _lookup_integers(self, asked: NDArray[Any]) -> Ints:
        if self._counted:
            return np.where((asked >= 0) & (asked < len(self._ids)), asked, -1).astype(np.int64)
        if self._places is not None:
            low = self._ids.min()
            inside = (asked >= low) & (asked < low + len(self._places))
            return np.where(inside, self._places[np.where(inside, asked - low, 0)], -1)
        ids, order = self._sorted
        if len(ids) == 0:
            return np.full(len(asked), -1)
        place = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
        return np.where(ids[place] == asked, order[place], -1)


def _size_fault(name: str, needed: int, given: int) -> Fault:
    return Fault(
        code="wrong-size",
        needed=msg("{needed} values in {name}", needed=needed, name=name),
        given=msg("{given} values", given=given),
        mend=msg("give one value each"),
    )


def check_sizes(node_count: int, **arrays: NDArray[Any] | None) -> None:
    """Arrays must be of one length.

    Parameters
    ----------
    node_count
        Length that ``node_ids`` and ``xy`` must have.
    **arrays
        ``tail``, which gives the length of ``head`` and ``cost``, and others by name.
    """
    tail = arrays["tail"]
    arcs = 0 if tail is None else len(tail)
    wanted = {"head": arcs, "cost": arcs, "node_ids": node_count, "xy": node_count}
    faults = [
        _size_fault(name, wanted[name], len(array))
        for name, array in arrays.items()
        if array is not None and name in wanted and len(array) != wanted[name]
    ]
    if faults:
        raise InputError(faults)


def check_ends(tail: Ints, head: Ints, node_count: int) -> None:
    """Arcs must lead from node to node.

    Parameters
    ----------
    tail, head
        Positions of each arc's ends.
    node_count
        Number of nodes.
    """
    wrong = np.flatnonzero((tail < 0) | (tail >= node_count) | (head < 0) | (head >= node_count))
    if len(wrong):
        raise InputError(
            Fault(
                code="unknown-node",
                needed=msg("arcs between the nodes 0 to {last}", last=node_count - 1),
                given=msg("{count} arcs that lead elsewhere", count=len(wrong)),
                mend=msg("count the nodes of both ends"),
                where=Where(rows=tuple(map(str, wrong.tolist()))),
            )
        )


def check_positions(positions: Ints, node_count: int) -> None:
    """Positions must be those of nodes.

    Parameters
    ----------
    positions
        Positions.
    node_count
        Number of nodes.
    """
    wrong = positions[(positions < 0) | (positions >= node_count)]
    if len(wrong):
        raise InputError(
            Fault(
                code="unknown-node",
                needed=msg("positions from 0 to {last}", last=node_count - 1),
                given=msg("{count} others", count=len(wrong)),
                mend=msg("take them from WalkNetwork.positions"),
                where=Where(rows=tuple(map(str, wrong.tolist()))),
            )
        )


def check_numbers(name: str, values: Ints, count: int) -> None:
    """Labels and numbers of searches: one each, none negative.

    Parameters
    ----------
    name
        Name of the argument, for the error.
    values
        The numbers.
    count
        How many there must be.
    """
    if len(values) != count:
        raise InputError(_size_fault(name, count, len(values)))
    if (values < 0).any():
        raise InputError(
            Fault(
                code="negative-number",
                needed=msg("whole numbers from 0 up in {name}", name=name),
                given=msg("{value}", value=int(values.min())),
                mend=msg("number from 0"),
            )
        )


def check_limit(limit: float) -> None:
    """A limit must be a number.

    Parameters
    ----------
    limit
        Largest cost, or ``inf``.
    """
    if math.isnan(limit):
        raise InputError(
            Fault(
                code="nan-limit",
                needed=msg("a limit"),
                given=msg("NaN, which is no number"),
                mend=msg("give a cost, or inf for no limit"),
            )
        )


def _edge_names(tail: Ints, head: Ints, ids: NDArray[Any], which: Ints) -> tuple[str, ...]:
    return tuple(f"{ids[tail[i]]} -> {ids[head[i]]}" for i in which)


def check_costs(cost: Floats, tail: Ints, head: Ints, ids: NDArray[Any]) -> None:
    """Costs must be finite and not negative.

    Parameters
    ----------
    cost
        Cost of each arc.
    tail, head
        Positions of its ends.
    ids
        Id of each node, for the error.
    """
    kinds: tuple[tuple[str, NDArray[np.bool_], Message], ...] = (
        ("nan-cost", np.isnan(cost), msg("no number (NaN)")),
        ("infinite-cost", np.isinf(cost), msg("infinite costs")),
        ("negative-cost", np.isfinite(cost) & (cost < 0.0), msg("negative costs")),
    )
    faults = [
        Fault(
            code=code,
            needed=msg("finite costs of at least 0 on every edge"),
            given=given,
            mend=msg("mend the edges, or take out those that nobody can walk"),
            where=Where(rows=_edge_names(tail, head, ids, np.flatnonzero(wrong))),
        )
        for code, wrong, given in kinds
        if wrong.any()
    ]
    if faults:
        raise InputError(faults)


def edge_costs(data: list[dict[str, Any]], weight: str, tail: Ints, head: Ints, ids: NDArray[Any]) -> Floats:
    """The weight of each edge; an error names the edges where it is missing or no number.

    Parameters
    ----------
    data
        Attributes of each edge.
    weight
        Name of the attribute.
    tail, head
        Positions of each edge's ends.
    ids
        Id of each node, for the error.

    Returns
    -------
    ndarray of float64
    """
    missing = object()
    try:
        values = list(map(itemgetter(weight), data))
    except KeyError:
        values = [edge.get(weight, missing) for edge in data]
    plain = _plain_numbers(values)
    if plain is not None:
        return plain

    def fault(code: str, given: Message, wrong: Callable[[Any], bool]) -> Fault | None:
        rows = np.array([i for i, value in enumerate(values) if wrong(value)], dtype=np.int64)
        if not len(rows):
            return None
        return Fault(
            code=code,
            needed=msg("a number in {weight} on every edge", weight=weight),
            given=given,
            mend=msg("name the attribute that holds the cost, or fill it in"),
            where=Where(column=weight, rows=_edge_names(tail, head, ids, rows)),
        )

    faults = (
        fault("missing-weight", msg("edges without it"), lambda v: v is missing or v is None),
        fault(
            "not-a-number",
            msg("edges where it is no number"),
            lambda v: v is not missing and v is not None and not _is_number(v),
        ),
    )
    found = [f for f in faults if f is not None]
    if found:
        raise InputError(found)
    return np.array([float(value) for value in values])


def _plain_numbers(values: list[Any]) -> Floats | None:
    """Values as an array if all are plain numbers, without looking at them one by one."""
    try:
        array = np.array(values)
    except (TypeError, ValueError):
        return None
    return array.astype(np.float64) if array.ndim == 1 and (array.dtype.kind in "iuf" or not values) else None


def _is_number(value: object) -> bool:
    # numpy's own scalars and Decimal too, but not the text "12"
    return isinstance(value, numbers.Number) and not isinstance(value, complex)


def node_xy(graph: nx.Graph[Any]) -> Floats | None:
    """Coordinates of the nodes of a graph.

    Parameters
    ----------
    graph
        Any networkx graph.

    Returns
    -------
    ndarray or None
        None unless all nodes have numbers in ``x`` and ``y``.
    """
    columns = []
    for axis in ("x", "y"):
        values = [data.get(axis) for _, data in graph.nodes(data=True)]
        column = _plain_numbers(values)
        if column is None and all(map(_is_number, values)):
            column = np.array([float(value) for value in values])
        if column is None or not values:
            return None
        columns.append(column)
    return np.stack(columns, axis=1)


def make_starts(positions: Ints, offsets: ArrayLike | None, quantum: Quantum) -> Starts:
    """Where a search starts.

    Parameters
    ----------
    positions
        Positions of the sources.
    offsets
        Cost already spent at each, or None.
    quantum
        What costs are counted in.

    Returns
    -------
    Starts
    """
    if offsets is None:
        return Starts(positions, np.zeros(len(positions), np.int64))
    spent = np.asarray(offsets, dtype=np.float64).reshape(-1)
    if len(spent) != len(positions):
        raise InputError(_size_fault("offsets", len(positions), len(spent)))
    usable = spent < np.inf
    wrong = ~(spent >= 0.0) | (usable & ~quantum.fits(spent))
    if wrong.any():
        raise InputError(
            Fault(
                code="bad-offset",
                needed=msg("offsets of at least 0, of the size of walking costs"),
                given=msg("{count} that are negative, no number or far too large", count=int(wrong.sum())),
                mend=msg("give the cost already spent at each source, or inf to leave it out"),
            )
        )
    return Starts(positions, np.where(usable, quantum.count(np.where(usable, spent, 0.0)), NEVER))


def make_labels(labels: ArrayLike | None, count: int) -> Labels:
    """Labels of the sources.

    Parameters
    ----------
    labels
        Label of each; None stands for their places.
    count
        Number of sources.

    Returns
    -------
    Labels
    """
    given = np.arange(count) if labels is None else whole_numbers("labels", labels)
    check_numbers("labels", given, count)
    values, ranks = np.unique(given, return_inverse=True)
    return Labels(values, ranks.astype(np.int64))
