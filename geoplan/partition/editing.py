"""What an edit of boundaries starts from and is checked against: walks to every site, and the plan's fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.model import Town
from geoplan.partition.measures import CentreWalks, centre_walks
from geoplan.partition.plan import Partition
from geoplan.places.assignment import own_facilities
from geoplan.places.units import Units
from geoplan.reach import Metric, Reach, build_reach
from geoplan.standards import Standard, load_profile

__all__ = ["CENTRE_KIND", "EditWalks", "edit_walks", "plan_fingerprint"]

CENTRE_KIND = "service_centre"
"""Kind of facility that is a community's centre."""

_HUNDREDTHS = 100
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class EditWalks:
    """Walks from units to all centres and candidate sites, as exact as totals need them.

    Attributes
    ----------
    minutes
        Circles in minutes.
    limits
        What each circle means in the metric's unit.
    sites
        Indexed by facility id, sorted: name, unit (id of the unit that it stands in, None where it stands in none or
        serves another level), candidate.
    mean_min
        Rows units, columns sites: household-weighted mean walk, minutes, to hundredths.
    walkers
        Households that live in the same unit and have the same sites within the same circles: unit, households, reach
        (tuple of (site, step); step is the index of the smallest circle). Those with no site in reach are left out.
    """

    minutes: tuple[float, ...]
    limits: tuple[float, ...]
    sites: pd.DataFrame
    mean_min: pd.DataFrame
    walkers: pd.DataFrame

    def centres(self, open_sites: Sequence[str]) -> CentreWalks:
        """The walks to some of the sites, as :func:`measure_partition` takes them.

        Parameters
        ----------
        open_sites
            Ids of the sites that are centres.

        Returns
        -------
        CentreWalks
        """
        chosen = self.sites.index[self.sites.index.isin(list(open_sites))]
        rows = self.sites.loc[chosen]
        return CentreWalks(self.mean_min[list(chosen)], rows["unit"], rows["candidate"])

    @property
    def open_today(self) -> tuple[str, ...]:
        """Ids of the centres that stand today."""
        return tuple(self.sites.index[~self.sites["candidate"].to_numpy(dtype=bool)])


def edit_walks(
    town: Town,
    units: Units,
    *,
    reach: Reach | None = None,
    metric: Metric | None = None,
    minutes: Sequence[float] = (5.0, 10.0, 15.0),
    standards: Sequence[Standard] = (),
    kind: str = CENTRE_KIND,
) -> EditWalks:
    """Walk from every unit to every centre and candidate site.

    Parameters
    ----------
    town, units
        The town and its units.
    reach
        Its walking network; built here if None.
    metric
        Mode and profile; time at the planner's speed if None.
    minutes
        Circles in minutes.
    standards
        Standards that say what a circle is.
    kind
        Kind of facility that is a centre.

    Returns
    -------
    EditWalks
    """
    reach = reach or build_reach(town)
    metric = metric or Metric("time", load_profile("planner"))
    circles = tuple(sorted(float(m) for m in minutes))
    limits = tuple(metric.limit(m, standards) for m in circles)
    walk = centre_walks(town, units, reach, metric, kind=kind, candidates=True)
    stands = walk.stands_in.astype(object).where(_of_this_level(town, units, walk.stands_in.index), None)
    names = town.facilities["name"].reindex(walk.minutes.columns)
    sites = pd.DataFrame({"name": names, "unit": stands, "candidate": walk.candidate}, index=walk.minutes.columns)
    mean = (walk.minutes * _HUNDREDTHS).round() / _HUNDREDTHS
    return EditWalks(circles, limits, sites, mean, _walkers(town, units, reach, metric, limits, sites.index))


def _of_this_level(town: Town, units: Units, sites: pd.Index) -> NDArray[np.bool_]:
    """Whether a site may be a community's own centre; one that serves another level is of none."""
    serves = town.facilities["serves"].reindex(sites)
    own = own_facilities(town, units.level).reindex(sites)
    return (own.notna() | serves.isna() | (serves == "")).to_numpy(dtype=bool)


def _walkers(
    town: Town, units: Units, reach: Reach, metric: Metric, limits: tuple[float, ...], sites: pd.Index
) -> pd.DataFrame:
    table = reach.walk_table(metric, facilities=list(sites), limit=max(limits))
    assert units.of_building is not None  # noqa: S101
    step = np.searchsorted(np.array(limits) + _ROUNDING, table["cost"].to_numpy(float))
    inside = step < len(limits)
    pairs = pd.DataFrame(
        {
            "building": table["building"].to_numpy(dtype=object)[inside],
            "site": sites.get_indexer(table["facility"])[inside],
            "step": step[inside],
        }
    ).sort_values(["building", "site"], kind="stable")
    reach_of = pd.Series(
        list(zip(pairs["site"].tolist(), pairs["step"].tolist(), strict=True)), index=pairs["building"], dtype=object
    )
    reached = reach_of.groupby(level=0).agg(tuple)
    rows = pd.DataFrame(
        {
            "unit": units.of_building.reindex(reached.index).to_numpy(dtype=object),
            "households": town.buildings["households"].reindex(reached.index).to_numpy(float),
            "reach": reached.to_numpy(dtype=object),
        }
    )
    rows = rows[rows["households"] > 0]
    # Summed in the order of ids, so that the order of the rows changes no bit.
    return rows.groupby(["unit", "reach"], sort=True)["households"].sum().reset_index()[["unit", "households", "reach"]]


def plan_fingerprint(partition: Partition, *, opened: Sequence[str] = (), closed: Sequence[str] = ()) -> str:
    """SHA-256 of what an edit starts from: units with their counts, today's community and part, and who joins whom.

    Parameters
    ----------
    partition
        Units in parts.
    opened, closed
        Candidate sites opened and centres closed before.

    Returns
    -------
    str
        Hexadecimal; the same whatever the order of the rows.
    """
    table = partition.units.table
    joins = partition.units.contiguity
    pairs = sorted(
        (min(a, b), max(a, b), bool(j))
        for a, b, j in zip(joins["unit"], joins["neighbor"], joins["joins"], strict=True)
    )
    rows = zip(
        table.index,
        table["base"],
        partition.part_of,
        table["households"].to_numpy(float).tolist(),
        table["people_resident"].to_numpy(float).tolist(),
        strict=True,
    )
    content = {
        "level": partition.units.level,
        "units": sorted([str(i), str(b), str(p), round(h, 6), round(n, 6)] for i, b, p, h, n in rows),
        "pairs": pairs,
        "opened": sorted(opened),
        "closed": sorted(closed),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
