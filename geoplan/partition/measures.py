"""What a partition is worth: plain measures of each part and of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, msg
from geoplan.model import Town
from geoplan.partition.outcome import weight_moved
from geoplan.partition.plan import Partition, today
from geoplan.places.assignment import match_points
from geoplan.places.enclaves import part_pieces
from geoplan.places.units import Units
from geoplan.reach import Metric, Reach

__all__ = ["CentreWalks", "Limits", "Measures", "centre_walks", "measure_partition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What every part must keep.

    Attributes
    ----------
    lower, upper
        Range of a part's households, ends included.
    target
        Wanted households of a part; None: all of them over the number of parts.
    locked
        Ids of parts that must stay as they are.
    locked_units
        Ids of units that must stay where they are.
    centre
        Every part needs a centre or a candidate site.
    """

    lower: float = 0.0
    upper: float = float("inf")
    target: float | None = None
    locked: tuple[str, ...] = ()
    locked_units: tuple[str, ...] = ()
    centre: bool = False

    def __post_init__(self) -> None:
        low, high, target = self.lower, self.upper, self.target
        if not (0 <= low <= high and (target is None or target > 0)):
            raise InputError(
                Fault(
                    code="impossible-range",
                    needed=msg("0 <= lower <= upper and a target above 0"),
                    given=msg("{lower} to {upper}, target {target}", lower=low, upper=high, target=target),
                    mend=msg("correct the range of households"),
                )
            )


@dataclass(frozen=True, slots=True)
class CentreWalks:
    """Walks from units to centres.

    Attributes
    ----------
    minutes
        Rows units, columns centres: household-weighted mean walk in minutes; ``inf`` where nobody gets there.
    stands_in
        Id of the unit that each centre stands in, or None; indexed like the columns.
    candidate
        Whether a centre is only proposed.
    """

    minutes: pd.DataFrame
    stands_in: pd.Series
    candidate: pd.Series

    def standing(self) -> CentreWalks:
        """Only the centres that stand today."""
        chosen = self.candidate.index[~self.candidate.to_numpy(dtype=bool)]
        return CentreWalks(self.minutes[chosen], self.stands_in[chosen], self.candidate[chosen])


def centre_walks(
    town: Town,
    units: Units,
    reach: Reach,
    metric: Metric,
    *,
    kind: str = "service_centre",
    candidates: bool = False,
    longest_min: float = 120.0,
) -> CentreWalks:
    """Walk from every unit to every centre over the streets.

    Parameters
    ----------
    town, units, reach
        The town, its units, and its walking network.
    metric
        Mode and profile; metres are turned into minutes by the profile's speed.
    kind
        Kind of facility that is a centre.
    candidates
        Whether sites that are only proposed count.
    longest_min
        Longer walks count as this long, so that one far house does not hide all others, minutes.

    Returns
    -------
    CentreWalks
    """
    chosen = town.facilities[(town.facilities["kind"] == kind).to_numpy()].sort_index()
    if not candidates:
        chosen = chosen[~chosen["candidate"].to_numpy(dtype=bool)]
    per_minute = 60.0 if metric.mode == "time" else 60.0 * metric.profile.speed_m_s
    table = reach.walk_table(metric, facilities=list(chosen.index), limit=longest_min * per_minute)
    wide = np.full((len(town.buildings), len(chosen)), longest_min)
    row = town.buildings.index.get_indexer(table["building"])
    wide[row, chosen.index.get_indexer(table["facility"])] = table["cost"].to_numpy(float) / per_minute
    assert units.of_building is not None  # noqa: S101
    unit = units.table.index.get_indexer(units.of_building.reindex(town.buildings.index))
    living = town.buildings["households"].to_numpy(float)
    total = np.zeros((len(units.table), len(chosen)))
    np.add.at(total, unit, wide * living[:, None])
    held = np.bincount(unit, weights=living, minlength=len(units.table))
    with np.errstate(invalid="ignore"):
        mean = np.where(held[:, None] > 0, total / held[:, None], longest_min)
    stands = match_points(units.table, chosen.geometry.representative_point()).units
    minutes = pd.DataFrame(mean, index=units.table.index, columns=chosen.index)
    return CentreWalks(minutes, stands, chosen["candidate"].astype(bool))


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of a partition.

    Attributes
    ----------
    parts
        Indexed by part id: name, households, people, people_registered, units, pieces (1 = whole), area_m2,
        perimeter_m, polsby_popper (4 pi area / perimeter²: 1 is a disc), deviation (from the target, share of it),
        barriers (that it lies on both sides of), centres, mean_walk_min (NaN without walks).
    target
        Households that deviations refer to.
    moved_households
        Households that change community, against the best matching of old and new communities.
    max_deviation
        Largest deviation of a part, share of the target.
    boundary_m
        Length of the boundaries between parts, each once, metres.
    cut_edges
        Pairs of units that join but are in different parts.
    polsby_popper
        Mean over the parts.
    mean_walk_min
        Household-weighted walk to the own centre, in minutes; to the nearest of all where a part has none. NaN without
        walks.
    barriers_straddled
        Sum over the parts of the barriers that each lies on both sides of.
    detached_pieces
        Pieces of parts beyond the first.
    split_estates
        Ids of the estates that lie in several parts and are not divisible.
    """

    parts: pd.DataFrame
    target: float
    moved_households: float
    max_deviation: float
    boundary_m: float
    cut_edges: int
    polsby_popper: float
    mean_walk_min: float
    barriers_straddled: int
    detached_pieces: int
    split_estates: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """The parts as a table, for notebooks."""
        return str(self.parts.to_html())


def measure_partition(
    partition: Partition, *, limits: Limits | None = None, walk: CentreWalks | None = None, target: float | None = None
) -> Measures:
    """Measure a partition.

    Parameters
    ----------
    partition
        Units in parts.
    limits
        Where the target comes from if ``target`` is None.
    walk
        Walks to the centres, or None.
    target
        Wanted households of a part; default that of the limits, else the mean.

    Returns
    -------
    Measures
    """
    codes, ids = partition.codes()
    units, k = partition.units, len(ids)
    table = units.table
    held = table["households"].to_numpy(float)
    households = np.bincount(codes, weights=held, minlength=k)
    target = target or (limits.target if limits else None) or float(held.sum()) / k or 1.0
    one, two, metre, joins = _pairs(units)
    cut = codes[one] != codes[two]
    inner = np.bincount(codes[one[~cut]], weights=metre[~cut], minlength=k)
    around = np.bincount(codes, weights=table.geometry.length.to_numpy(float), minlength=k) - 2 * inner
    area = np.bincount(codes, weights=table.geometry.area.to_numpy(float), minlength=k)
    barriers = _straddled(units, codes, one, ~cut, k)
    centres, walked = _walks(partition, codes, k, held, walk)
    piece = part_pieces(units, partition.part_of).groupby(codes).max().to_numpy() + 1
    groups = table.groupby(codes)
    parts = pd.DataFrame(
        {
            "name": pd.Series([partition.names.get(i, i) for i in ids], dtype="str").to_numpy(),
            "households": households,
            "people": groups["people_resident"].sum().to_numpy(float),
            "people_registered": groups["people_registered"].sum(min_count=1).to_numpy(float),
            "units": np.bincount(codes, minlength=k),
            "pieces": piece,
            "area_m2": area,
            "perimeter_m": around,
            "polsby_popper": 4 * np.pi * area / np.maximum(around, 1e-9) ** 2,
            "deviation": households / target - 1.0,
            "barriers": barriers,
            "centres": centres,
            "mean_walk_min": walked,
        },
        index=pd.Index(ids, name="id").astype("str"),
    )
    base, _ = today(units).codes()
    total_walk = float((walked * households)[households > 0].sum() / max(held.sum(), 1e-9)) if walk else float("nan")
    return Measures(
        parts=parts,
        target=float(target),
        moved_households=weight_moved(held, base, codes),
        max_deviation=float(parts["deviation"].abs().max()),
        boundary_m=float(metre[cut].sum()),
        cut_edges=int((cut & joins).sum()),
        polsby_popper=float(parts["polsby_popper"].mean()),
        mean_walk_min=total_walk,
        barriers_straddled=int(barriers.sum()),
        detached_pieces=int((piece - 1).sum()),
        split_estates=_split_estates(units, codes),
    )


def _pairs(
    units: Units,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    rows, at = units.contiguity, units.table.index
    one, two = at.get_indexer(rows["unit"]), at.get_indexer(rows["neighbor"])
    return one, two, rows["shared_m"].to_numpy(float), rows["joins"].to_numpy(bool)


def _straddled(
    units: Units, codes: NDArray[np.int64], one: NDArray[np.int64], inside: NDArray[np.bool_], count: int
) -> NDArray[np.int64]:
    """Number of barriers that each part lies on both sides of."""
    across = inside & (units.contiguity["barrier"] != "").to_numpy(bool)
    which = units.contiguity["barrier_id"].to_numpy(dtype=object)[across]
    pairs = pd.DataFrame({"part": codes[one[across]], "barrier": which}).drop_duplicates()
    return np.bincount(pairs["part"].to_numpy(np.int64), minlength=count)


def _walks(
    partition: Partition, codes: NDArray[np.int64], count: int, held: NDArray[np.float64], walk: CentreWalks | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres of each part, and the household-weighted walk to the nearest of them."""
    centres, mean = np.full(count, np.nan), np.full(count, np.nan)
    if walk is None:
        return centres, mean
    minutes = walk.minutes.reindex(partition.units.table.index).to_numpy(float)
    unit = partition.units.table.index.get_indexer(walk.stands_in.to_numpy(dtype=object))
    part_of_centre = np.where(unit >= 0, codes[unit], -1)
    for part in range(count):
        mine = np.flatnonzero(part_of_centre == part)
        members = codes == part
        centres[part] = len(mine)
        use = mine if len(mine) else np.arange(minutes.shape[1])
        if len(use) and held[members].sum() > 0:
            near = minutes[np.ix_(members, use)].min(axis=1)
            mean[part] = float((near * held[members]).sum() / held[members].sum())
    return centres, mean


def _split_estates(units: Units, codes: NDArray[np.int64]) -> tuple[str, ...]:
    """Estates in several parts; an estate that was cut into buildings because it is divisible may be."""
    estate = units.table["estate"]
    kept = (estate.notna() & ~units.table["divisible"]).to_numpy(bool)
    spread = pd.Series(codes[kept]).groupby(estate[kept].to_numpy(dtype=object)).nunique()
    return tuple(str(i) for i in sorted(spread.index[spread.to_numpy() > 1]))
