"""Units, walks and rules as the arrays that the search works on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.errors import msg
from geoplan.model import Town
from geoplan.partition.conflicts import Names
from geoplan.partition.field import Field, Pairs
from geoplan.partition.plan import today
from geoplan.partition.rulecheck import Wanted
from geoplan.partition.walks import Sites
from geoplan.partition.wishes import fault
from geoplan.places.units import Units, unit_graph

__all__ = ["build_field", "names_of"]


def build_field(units: Units, walks: Sites, wanted: Wanted, locked: Sequence[str], *, site_each: bool) -> Field:
    """The units as arrays, with the rules; the number of parts is still today's.

    Parameters
    ----------
    units
        The units.
    walks
        Walks to centres and candidate sites.
    wanted
        Range and target.
    locked
        Ids of communities or units that stay.
    site_each
        Whether each part needs a site.

    Returns
    -------
    Field

    Raises
    ------
    InputError
        If an id is neither a community's nor a unit's.
    """
    graph, table = unit_graph(units), units.table
    ids = table.index
    base, base_ids = pd.factorize(table["base"].to_numpy(dtype=object), sort=True)
    unknown = sorted(set(locked) - set(ids) - set(base_ids))
    if unknown:
        raise fault(
            "unknown-locked",
            msg("ids of communities or units to lock"),
            msg("{ids}", ids=", ".join(unknown[:5])),
            msg("use ids of today's communities, such as {ids}, or of units", ids=", ".join(map(str, base_ids[:5]))),
        )
    pairs = _pairs(units)
    across_of = {
        pair
        for one, two, barrier in zip(pairs.one.tolist(), pairs.two.tolist(), pairs.barrier.tolist(), strict=True)
        if barrier >= 0
        for pair in ((one, two), (two, one))
    }
    indptr, indices, shared = _inside_parents(units, graph.indptr, graph.indices, graph.shared_m)
    tail = np.repeat(np.arange(len(ids)), np.diff(indptr))
    weight = np.nan_to_num(table["households"].to_numpy(float))
    total = float(weight.sum())
    closed = tuple(int(b) for b in np.flatnonzero(np.isin(base_ids.astype(object), list(locked))))
    middle = (wanted.lower + wanted.upper) / 2 if math.isfinite(wanted.upper) else total / max(len(base_ids), 1)
    return Field(
        indptr=indptr,
        indices=indices,
        shared_m=shared,
        across=np.array([pair in across_of for pair in zip(tail.tolist(), indices.tolist(), strict=True)], bool),
        pairs=pairs,
        around_m=table.geometry.length.to_numpy(float),
        weight=weight,
        base=base.astype(np.int64),
        base_ids=tuple(str(b) for b in base_ids),
        lower=wanted.lower,
        upper=min(wanted.upper, max(total, 1.0)),
        target=wanted.target or middle or 1.0,
        parts=len(base_ids),
        walks=walks,
        fixed=np.isin(ids.to_numpy(dtype=object), list(locked)) | np.isin(base, closed),
        closed=closed,
        site_each=site_each,
        asked_upper=wanted.upper,
    )


def _pairs(units: Units) -> Pairs:
    rows, at = units.contiguity, units.table.index
    across = (rows["barrier"] != "").to_numpy(bool)
    barrier = np.full(len(rows), -1)
    barrier[across] = pd.factorize(rows["barrier_id"].to_numpy(dtype=object)[across], sort=True)[0]
    return Pairs(
        at.get_indexer(rows["unit"]).astype(np.int64),
        at.get_indexer(rows["neighbor"]).astype(np.int64),
        rows["shared_m"].to_numpy(float),
        rows["joins"].to_numpy(bool),
        barrier.astype(np.int64),
    )


def _inside_parents(
    units: Units, indptr: NDArray[np.int64], indices: NDArray[np.int64], shared: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The graph without joints between units of two units of the level above."""
    if units.parent is None:
        return indptr, indices, shared
    parent = pd.factorize(units.parent.reindex(units.table.index).to_numpy(dtype=object))[0]
    tail = np.repeat(np.arange(len(parent)), np.diff(indptr))
    keep = parent[tail] == parent[indices]
    counts = np.bincount(tail[keep], minlength=len(parent))
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), indices[keep], shared[keep]


def names_of(town: Town, units: Units, land: Field) -> Names:
    """What communities, areas and units are called.

    Parameters
    ----------
    town, units
        The town and its units.
    land
        The same as arrays.

    Returns
    -------
    Names
    """
    base_names = today(units).names
    above = town.level(units.level).parent
    title = {} if above is None else town.level(above).table["name"].to_dict()
    parent = [None] * len(land.weight) if units.parent is None else units.parent.reindex(units.table.index).tolist()
    return Names(
        bases=[base_names.get(b, b) for b in land.base_ids],
        areas=["" if p is None or p != p else str(title.get(p) or p) for p in parent],
        units=[str(name or i) for i, name in units.table["name"].items()],
    )
