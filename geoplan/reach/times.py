"""What every way of measuring walks gives: the results and the common interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Notice, Town
from geoplan.reach.metric import Metric
from geoplan.reach.options import ReachOptions

__all__ = ["ROUNDING", "Reach", "WalkTimes", "check_limit", "settle"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DIGITS = 5
ROUNDING = 10.0**-_DIGITS
"""Costs are rounded to this part of their unit, as the sweep's are: sums of parts meet limits that they equal."""


@dataclass(frozen=True, slots=True)
class WalkTimes:
    """Walks from each building to its nearest facility.

    Attributes
    ----------
    table
        Indexed by building, in the buildings' order. ``cost`` in the metric's unit, ``inf`` where there is no walk
        within the limit; ``facility`` the nearest one's id, the smallest of those equally near, or None; ``reason``
        why there is no walk: ``"no_facility"`` (none was asked for, or none that the streets lead to), ``"no_street"``,
        ``"island"``, ``"walled"``, ``"beyond_limit"``, else ``""``.
    metric
        How walks were measured.
    limit
        Longest walk looked for, inclusive, in the metric's unit.
    """

    table: pd.DataFrame
    metric: Metric
    limit: float


class Reach(ABC):
    """Walks from a town's buildings to its facilities; made by :func:`~geoplan.reach.town.build_reach`.

    Attributes
    ----------
    options
        The stated tolerances.
    estimated
        Whether walks are straight lines times a detour, for want of streets.
    notices
        What readers of results must know.
    sweeps
        How many searches have been run: one for each :meth:`walk_times`, one for each facility of a
        :meth:`walk_table`.
    """

    options: ReachOptions
    estimated: bool
    notices: tuple[Notice, ...]
    sweeps: int

    def __init__(self, town: Town, options: ReachOptions) -> None:
        self.options = options
        self.sweeps = 0
        self.notices = ()
        self._buildings = town.buildings.index
        self._facilities = town.facilities.index
        self._serving = ~town.facilities["candidate"].to_numpy(bool)
        self._crs = town.crs
        # facilities by id, so that ties go to the smallest
        self._by_id = np.argsort(self._facilities.to_numpy(), kind="stable")
        self._rank = np.empty(len(self._by_id), dtype=np.int64)
        self._rank[self._by_id] = np.arange(len(self._by_id))

    @property
    @abstractmethod
    def door_snaps(self) -> pd.DataFrame:
        """How buildings meet streets, indexed by building in the buildings' order.

        ``edge`` (street id or None), ``offset_m`` (along the street from u, by its ``length_m``), ``connector_m``
        (straight, to the street or to the nearest gate), ``component`` (0 the main one, -1 none), ``reason`` (``""``,
        ``"no_street"``, ``"island"``, ``"walled"``) of the door with the shortest connector; ``doors`` counts them.
        """

    @property
    @abstractmethod
    def facility_snaps(self) -> pd.DataFrame:
        """How facilities meet streets; as :attr:`door_snaps`."""

    @abstractmethod
    def walk_times(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> WalkTimes:
        """Walks from each building to the nearest of some facilities.

        Parameters
        ----------
        metric
            How walks are measured.
        facilities
            Ids; all that are not mere candidates if not given.
        limit
            Longest walk to look for, inclusive, in the metric's unit.

        Returns
        -------
        WalkTimes

        Raises
        ------
        InputError
            If a facility is unknown or the limit is no number of at least 0.
        """

    @abstractmethod
    def walk_table(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> pd.DataFrame:
        """All walks within a limit from any building to any of some facilities.

        Parameters
        ----------
        metric, facilities, limit
            As of :meth:`walk_times`.

        Returns
        -------
        pandas.DataFrame
            Columns ``building``, ``facility`` (ids) and ``cost`` in the metric's unit; ordered by building as in the
            buildings' table, then cost, then facility id.

        Raises
        ------
        InputError
            As :meth:`walk_times`.
        """

    @abstractmethod
    def point_times(
        self, xy: ArrayLike, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float
    ) -> Floats:
        """Walks from any points to the nearest of some facilities.

        Parameters
        ----------
        xy
            Points, n x 2, in the town's CRS.
        metric, facilities, limit
            As of :meth:`walk_times`.

        Returns
        -------
        ndarray of float64
            In the metric's unit, ``inf`` where there is no walk within the limit.

        Raises
        ------
        InputError
            As :meth:`walk_times`.
        """

    @abstractmethod
    def isochrones(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, limits: Sequence[float]
    ) -> gpd.GeoDataFrame:
        """The land from which one walks to one of some facilities within each limit.

        Parameters
        ----------
        metric, facilities
            As of :meth:`walk_times`.
        limits
            In the metric's unit.

        Returns
        -------
        geopandas.GeoDataFrame
            Columns ``limit`` (ascending, each once) and ``geometry`` (valid Polygon or MultiPolygon, empty where
            nothing is within the limit); each covers those of smaller limits.

        Raises
        ------
        InputError
            As :meth:`walk_times`.
        """

    def _select(self, facilities: Iterable[str] | None) -> Ints:
        """Rows of the facilities asked for, by id."""
        if facilities is None:
            chosen = self._serving
        else:
            wanted = [facilities] if isinstance(facilities, str) else list(dict.fromkeys(facilities))
            rows = self._facilities.get_indexer(pd.Index(wanted, dtype=object))
            if (rows < 0).any():
                unknown = tuple(str(wanted[i]) for i in np.flatnonzero(rows < 0))
                raise InputError(
                    Fault(
                        code="unknown-facility",
                        needed=msg("ids of facilities of the town"),
                        given=msg("{count} ids that it does not have", count=len(unknown)),
                        mend=msg("take the ids from the table of facilities"),
                        where=Where(layer="facilities", rows=unknown),
                    )
                )
            chosen = np.zeros(len(self._facilities), dtype=bool)
            chosen[rows] = True
        return self._by_id[chosen[self._by_id]]

    def _walk_times(
        self, metric: Metric, limit: float, building: Ints, cost: Floats, rank: Ints, reason: NDArray[np.object_]
    ) -> WalkTimes:
        """Put results together from rows of buildings with a walk, the others' reasons given."""
        costs = np.full(len(self._buildings), np.inf)
        facility = np.full(len(self._buildings), None, dtype=object)
        costs[building] = cost
        facility[building] = self._facilities.to_numpy(dtype=object)[self._by_id[rank]]
        reason = reason.copy()
        reason[building] = ""
        table = pd.DataFrame(
            {"cost": costs, "facility": pd.Series(facility, dtype=object), "reason": pd.Series(reason, dtype="str")}
        )
        return WalkTimes(table.set_axis(self._buildings, axis=0), metric, float(limit))

    def _walk_table(self, building: Ints, rank: Ints, cost: Floats) -> pd.DataFrame:
        """Rows in their order, with ids."""
        order = np.lexsort((rank, cost, building))
        return pd.DataFrame(
            {
                "building": self._buildings.to_numpy()[building[order]],
                "facility": self._facilities.to_numpy()[self._by_id[rank[order]]],
                "cost": cost[order],
            }
        )


def check_limit(limit: float) -> None:
    """Refuse a limit that is no number of at least 0.

    Parameters
    ----------
    limit
        Any unit; ``inf`` is fine.

    Raises
    ------
    InputError
    """
    if not limit >= 0.0:
        raise InputError(
            Fault(
                code="bad-limit",
                needed=msg("a limit of at least 0"),
                given=msg("{value}", value=limit),
                mend=msg("correct it"),
            )
        )


def settle(owner: Ints, cost: Floats, rank: Ints, limit: float) -> tuple[Ints, Floats, Ints]:
    """Keep the best row of each owner within the limit.

    Parameters
    ----------
    owner, cost, rank
        A row for each way to walk: whose, its cost, where to.
    limit
        Inclusive.

    Returns
    -------
    tuple of ndarray
        Owners, each once and ascending, costs (rounded by :data:`ROUNDING`) and ranks, the smallest of equal costs.
    """
    cost = np.round(cost, _DIGITS)
    kept = np.flatnonzero(np.isfinite(cost) & (cost <= round(limit, _DIGITS)))
    order = kept[np.lexsort((rank[kept], cost[kept], owner[kept]))]
    best = order[np.diff(owner[order], prepend=-1) != 0]
    return owner[best], cost[best], rank[best]
