"""Connectivity as rows of a binary model: what an answer in pieces breaks, and no whole answer does.

References
----------
Validi, H., Buchanan, A., Lykhovyd, E. (2022). Imposing contiguity constraints in political districting models.
Operations Research 70(2) (separators as rows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.kernel import components_of_parts
from geoplan.partition.milp import Cut

__all__ = ["joining", "ring_of", "separators", "ways_out"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def ring_of(indptr: Ints, indices: Ints, members: Mask) -> Ints:
    """Units next to a set.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    members
        Mask of the set.

    Returns
    -------
    ndarray of int64
        Units outside the set with a neighbour in it, ascending.
    """
    ring = np.zeros(len(members), bool)
    for unit in np.flatnonzero(members):
        ring[indices[indptr[unit] : indptr[unit + 1]]] = True
    return np.flatnonzero(ring & ~members)


def ways_out(indptr: Ints, indices: Ints, members: Mask, units: Ints, columns: Ints) -> list[Cut]:
    """A set too light to be a part holds units of a part only if the part goes on outside.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    members
        Mask of the set.
    units
        Units of the set, a row for each.
    columns
        Column of the model that says whether a unit is in the part; -1 where it cannot be.

    Returns
    -------
    list of Cut
    """
    ring = columns[ring_of(indptr, indices, members)]
    ring = ring[ring >= 0]
    values = np.concatenate([[1.0], -np.ones(len(ring))])
    return [Cut(np.concatenate([[columns[unit]], ring]), values, -np.inf, 0.0) for unit in units]


def joining(indptr: Ints, indices: Ints, root: Mask, anchor: int | None, units: Ints, columns: Ints) -> list[Cut]:
    """Units of a part that lie apart from a piece of it belong to it only through a separator between the two.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    root
        Mask of the piece.
    anchor
        A unit of the piece: the rows hold where it is in the part. None where the piece is in the part for certain.
    units
        Units outside the piece and not next to it, a row for each.
    columns
        As for :func:`ways_out`.

    Returns
    -------
    list of Cut
    """
    ends = [] if anchor is None else [int(columns[anchor])]
    found = []
    for unit, between in zip(units, separators(indptr, indices, root, units), strict=True):
        through = columns[between]
        through = through[through >= 0]
        values = np.concatenate([np.ones(len(ends) + 1), -np.ones(len(through))])
        found.append(Cut(np.concatenate([ends, [columns[unit]], through]).astype(int), values, -np.inf, len(ends)))
    return found


def separators(indptr: Ints, indices: Ints, root: Mask, units: Ints) -> list[Ints]:
    """Smallest neighbours of a connected set that part it from units outside.

    Parameters
    ----------
    indptr, indices
        Neighbours in CSR form.
    root
        Mask of the connected set.
    units
        Units outside the set and not next to it.

    Returns
    -------
    list of ndarray
        For each unit the units next to the set from which it is reached without passing the others: every path between
        the two goes through one of them. Empty where no path exists.
    """
    ring = np.zeros(len(root), bool)
    ring[ring_of(indptr, indices, root)] = True
    beyond = components_of_parts(indptr, indices, np.where(ring | root, 1, 0))
    found = {
        int(side): np.array(
            [v for v in np.flatnonzero(ring) if (beyond[indices[indptr[v] : indptr[v + 1]]] == side).any()], np.int64
        )
        for side in np.unique(beyond[units])
    }
    return [found[int(beyond[unit])] for unit in units]
