"""Walks from units to the centres of parts, as the search needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoplan.partition.measures import CentreWalks
from geoplan.places.units import Units

__all__ = ["Sites", "sites_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sites:
    """Centres and candidate sites: how far from each unit, and in which unit each stands.

    Attributes
    ----------
    minutes
        Mean walk of each unit's households, shape (units, sites).
    unit
        Row of the unit that each site stands in, -1 for none.
    """

    minutes: Floats
    unit: Ints

    def to_parts(self, part_of: Ints, parts: int) -> Floats:
        """Walk of each unit to the centre of each part: the nearest that stands in it, of all where none does.

        Parameters
        ----------
        part_of
            Part of each unit.
        parts
            Number of parts.

        Returns
        -------
        ndarray of float
            Minutes, shape (units, parts); zeros where there are no sites.
        """
        count = len(part_of)
        if not self.minutes.shape[1]:
            return np.zeros((count, parts))
        of = np.where(self.unit >= 0, part_of[self.unit], -1)
        every = self.minutes.min(axis=1)
        columns = [self.minutes[:, of == p].min(axis=1) if (of == p).any() else every for p in range(parts)]
        return np.stack(columns, axis=1)


def sites_of(walks: CentreWalks, units: Units) -> Sites:
    """The walks to all centres as arrays.

    Parameters
    ----------
    walks
        Walks of the units.
    units
        The units.

    Returns
    -------
    Sites
    """
    minutes = walks.minutes.reindex(units.table.index).to_numpy(float)
    unit = units.table.index.get_indexer(walks.stands_in.to_numpy(dtype=object))
    return Sites(minutes, unit.astype(np.int64))
