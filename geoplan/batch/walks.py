"""The stages ``network``, ``snap``, ``times``, ``isochrones``: walks out of the store, measured where there are none.

Whoever measures a coverage gets a :class:`StoredReach` in place of the town's own walks. The network is built only if
something is asked that the store does not know. Boundaries and households are no part of any key here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geoplan.batch.codec import decode, digest_json, encode
from geoplan.batch.inputs import Inputs
from geoplan.batch.versions import code_version
from geoplan.model import Notice
from geoplan.reach import Metric, NodeLabels, Reach, ReachOptions, WalkTimes, build_reach
from geoplan.reach.labels import as_record
from geoplan.reach.town import StreetReach

__all__ = ["StoredReach", "isochrones_key", "labels_keys", "network_parts", "snap_parts", "times_key"]

_CODE = ("errors", "model", "reach")
_GROUND = {
    "streets": None,
    "estates": ("index", "geometry", "walled", "through"),
    "gates": ("index", "geometry", "estate", "open"),
    "barriers": ("index", "geometry", "kind"),
    "facilities": ("index", "geometry"),
}
_DOORS = {"buildings": ("index", "geometry", "estate"), "entrances": None}


def _columns(digests: Mapping[str, str], wanted: Mapping[str, tuple[str, ...] | None]) -> dict[str, str]:
    found = {}
    for name, one in digests.items():
        table, _, column = name.partition(".")
        columns = wanted.get(table, ())
        if columns is None or column in columns:
            found[name] = one
    return found


def network_parts(inputs: Inputs, options: ReachOptions) -> dict[str, str]:
    """What the network depends on.

    Parameters
    ----------
    inputs, options
        The town and the tolerances.

    Returns
    -------
    dict
        Part to digest.
    """
    # where facilities stand is part of it: they are nodes of the network
    found = _columns(inputs.digests, _GROUND)
    tolerances = digest_json({name: getattr(options, name) for name in options.__dataclass_fields__})
    return {**found, "crs": inputs.digests["crs"], "tolerances": tolerances, "code": code_version(_CODE)}


def snap_parts(inputs: Inputs, options: ReachOptions) -> dict[str, str]:
    """What the snapping of doors depends on, and with them the walking times.

    Parameters
    ----------
    inputs, options
        The town and the tolerances.

    Returns
    -------
    dict
        Part to digest.
    """
    return {**network_parts(inputs, options), **_columns(inputs.digests, _DOORS)}


class StoredReach(Reach):
    """Walks that are measured only if the store does not have them.

    Parameters
    ----------
    inputs
        The town.
    options
        Tolerances.
    line
        Name of the line of runs that times are brought up to date along, such as that of a scenario.

    Attributes
    ----------
    updates
        Searches that went only where something had changed since the last run.
    """

    estimated = False

    def __init__(self, inputs: Inputs, options: ReachOptions, *, line: str = "") -> None:
        super().__init__(inputs.town, options)
        self._inputs, self._store, self._line = inputs, inputs.store, line
        self._network_key = digest_json(network_parts(inputs, options))
        self._snap_key = digest_json(snap_parts(inputs, options))
        self.updates = 0
        snaps = self._snaps
        self.notices = cast("tuple[Notice, ...]", snaps["notices"])
        self.estimated = bool(snaps["estimated"])

    def times_key(self, metric: Metric, facilities: Iterable[str]) -> str:
        """Key of the walks to some facilities.

        Parameters
        ----------
        metric, facilities
            How they are measured and where they go.

        Returns
        -------
        str
        """
        return times_key(self._snap_key, metric, facilities)

    @cached_property
    def _reach(self) -> Reach:
        """The town's own walks, built when the first one is missing."""
        self._store.computed.append("network")
        return build_reach(self._inputs.town, options=self.options)

    @cached_property
    def _snaps(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._store.keep("snap", self._snap_key, self._snap))

    def _snap(self) -> dict[str, Any]:
        made = self._reach
        return {
            "doors": made.door_snaps.reset_index(drop=True),
            "facilities": made.facility_snaps.reset_index(drop=True),
            "notices": made.notices,
            "estimated": made.estimated,
        }

    @property
    def door_snaps(self) -> pd.DataFrame:
        """How buildings meet streets; see :class:`geoplan.reach.Reach`."""
        return cast("pd.DataFrame", self._snaps["doors"]).set_axis(self._buildings, axis=0)

    @property
    def facility_snaps(self) -> pd.DataFrame:
        """How facilities meet streets; see :class:`geoplan.reach.Reach`."""
        return cast("pd.DataFrame", self._snaps["facilities"]).set_axis(self._facilities, axis=0)

    def walk_times(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> WalkTimes:
        """Walks from each building to the nearest facility; see :meth:`geoplan.reach.Reach.walk_times`."""
        ids = self._facilities[self._select(facilities)]
        if limit != np.inf:
            return self._counted(lambda made: made.walk_times(metric, facilities=ids, limit=limit))
        key = self.times_key(metric, ids)
        table = self._store.keep("times", key, lambda: self._times(metric, list(ids)).reset_index(drop=True))
        return WalkTimes(table.set_axis(self._buildings, axis=0), metric, limit)

    def _times(self, metric: Metric, ids: list[str]) -> pd.DataFrame:
        """Walks without a limit; by what the last run along this line knew, where the streets allow it."""
        made = self._reach
        if not isinstance(made, StreetReach):
            return self._counted(lambda one: one.walk_times(metric, facilities=ids, limit=np.inf)).table
        known = self._known(metric, ids)
        before = made.updates
        times, labels = self._counted(lambda _: made.updated_times(metric, facilities=ids, known=known))
        self.updates += made.updates - before
        if labels is not None:
            content = encode(as_record(labels))
            for key in labels_keys(metric, self._sites(ids), self._line):
                self._store.put("labels", key, content)
        return times.table

    def _sites(self, ids: Sequence[str]) -> gpd.GeoDataFrame:
        return self._inputs.town.facilities.loc[list(ids)]

    def _known(self, metric: Metric, ids: Sequence[str]) -> NodeLabels | None:
        for line in dict.fromkeys((self._line, "")):
            for key in labels_keys(metric, self._sites(ids), line):
                content = self._store.find("labels", key)
                if content is not None:
                    return NodeLabels(**decode(content))
        return None

    def isochrones(
        self, metric: Metric, *, facilities: Iterable[str] | None = None, limits: Sequence[float]
    ) -> gpd.GeoDataFrame:
        """The land within each limit; see :meth:`geoplan.reach.Reach.isochrones`."""
        ids = self._facilities[self._select(facilities)]
        key = isochrones_key(self._network_key, metric, ids, limits)

        def make() -> gpd.GeoDataFrame:
            return self._counted(lambda made: made.isochrones(metric, facilities=ids, limits=limits))

        return cast("gpd.GeoDataFrame", self._store.keep("isochrones", key, make))

    def walk_table(self, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float) -> pd.DataFrame:
        """All walks within a limit; see :meth:`geoplan.reach.Reach.walk_table`. Those of a longer limit hold them."""
        ids = self._facilities[self._select(facilities)]
        key = table_key(self._snap_key, metric, ids)
        content = self._store.find("table", key)
        kept = None if content is None else decode(content)
        if kept is None or kept["limit"] < limit:
            kept = {
                "limit": limit,
                "walks": self._counted(lambda made: made.walk_table(metric, facilities=ids, limit=limit)),
            }
            self._store.put("table", key, encode(kept))
        walks = cast("pd.DataFrame", kept["walks"])
        return walks[walks["cost"] <= limit].reset_index(drop=True)

    def point_times(
        self, xy: ArrayLike, metric: Metric, *, facilities: Iterable[str] | None = None, limit: float
    ) -> NDArray[np.float64]:
        """Walks from any points; see :meth:`geoplan.reach.Reach.point_times`."""
        return self._counted(lambda made: made.point_times(xy, metric, facilities=facilities, limit=limit))

    def _counted(self, ask: Any) -> Any:
        """Ask the town's own walks, and count the sweeps that it takes."""
        made = self._reach
        before = made.sweeps
        answer = ask(made)
        self.sweeps += made.sweeps - before
        return answer


def times_key(snap_key: str, metric: Metric, facilities: Iterable[str]) -> str:
    """Key of the walks to some facilities.

    Parameters
    ----------
    snap_key
        Digest of :func:`snap_parts`.
    metric, facilities
        How they are measured and where they go.

    Returns
    -------
    str
    """
    return digest_json([snap_key, metric.key, sorted(facilities)])


def table_key(snap_key: str, metric: Metric, facilities: Iterable[str]) -> str:
    """Key of the walks to each of some facilities.

    Parameters
    ----------
    snap_key, metric, facilities
        As of :func:`times_key`.

    Returns
    -------
    str
    """
    return digest_json(["each", times_key(snap_key, metric, facilities)])


def isochrones_key(network_key: str, metric: Metric, facilities: Iterable[str], limits: Sequence[float]) -> str:
    """Key of the land within some limits of some facilities.

    Parameters
    ----------
    network_key
        Digest of :func:`network_parts`.
    metric, facilities, limits
        How it is measured, to where, how far.

    Returns
    -------
    str
    """
    return digest_json([network_key, metric.key, sorted(facilities), sorted(map(float, limits))])


def labels_keys(metric: Metric, facilities: gpd.GeoDataFrame, line: str) -> list[str]:
    """Where labels of such a question are: those of the same facilities first, then of the same kinds and tiers.

    Parameters
    ----------
    metric, facilities
        How walks are measured, and the facilities that they go to.
    line
        Line of runs that is brought up to date.

    Returns
    -------
    list of str
        Of each place the newest labels are kept.
    """
    sorts = sorted({*zip(facilities["kind"], facilities["tier"], strict=True)})
    groups = [list(facilities.index), sorts]
    return [f"{line} {digest_json([metric.key, group, code_version(_CODE)])}" for group in groups]
