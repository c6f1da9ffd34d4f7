"""A plan that can be edited on a page: its units, boundaries, sites and walks, to the last bit."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from geoplan.keep import Varints
from geoplan.maps.editstrings import edit_strings
from geoplan.maps.packed import clean_text, pack_geometry, pack_integers, pack_words
from geoplan.model import Town
from geoplan.partition.editing import EditWalks, plan_fingerprint
from geoplan.partition.measures import Limits
from geoplan.partition.plan import Partition
from geoplan.places.units import Units
from geoplan.text.labels import known_name

__all__ = ["MOST_WALKS", "EditStart", "edit_content", "pack_exact"]

Packed = dict[str, Any]

MOST_WALKS = 2_000_000
"""Beyond this many pairs of unit and site the page does without mean walks; shares stay exact."""


@dataclass(frozen=True, slots=True)
class EditStart:
    """What an edit may start from.

    Attributes
    ----------
    name
        ``"today"`` or the name of a proposal.
    partition
        Units in parts.
    limits
        Range of households.
    opened, closed
        Candidate sites that are centres already, and centres that are none any more.
    """

    name: str
    partition: Partition
    limits: Limits
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


def pack_exact(values: Any) -> Packed:
    """Write numbers so that none loses a bit: whole ones as varints, others as 64-bit floats.

    Parameters
    ----------
    values
        Array-like of numbers.

    Returns
    -------
    dict
        ``ints`` or ``floats`` in base64.

    Examples
    --------
    >>> pack_exact([1, 2, 3])
    {'ints': 'AgQG'}
    """
    numbers = np.asarray(values, dtype=np.float64)
    if np.all(np.isfinite(numbers)) and np.all(numbers == np.round(numbers)) and np.all(np.abs(numbers) < 2**29):
        return {"ints": pack_integers(numbers.astype(np.int64))}
    return {"floats": Varints(base64.b64encode(numbers.astype("<f8").tobytes()).decode("ascii"))}


def edit_content(
    starts: Sequence[EditStart],
    *,
    walks: EditWalks | None,
    town: Town | None,
    named: str,
    origin: tuple[int, int],
    language: str,
) -> Packed:
    """Everything that the editor needs beside the units' geometry.

    Parameters
    ----------
    starts
        What an edit may start from, all of the same units.
    walks
        Walks to the sites; without them the editor shows no shares.
    town
        The town, for the names of estates and of the level above and for where sites stand.
    named
        What the town is called in the names of files.
    origin
        Longitude and latitude in micro-degrees that places are told from.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict
        Plain values that JSON can hold.
    """
    units = starts[0].partition.units
    table, rows = units.table, units.contiguity
    base, base_ids = starts[0].partition.base().codes()
    at = table.index
    names = starts[0].partition.base().names
    return {
        "town": clean_text(named),
        "level": units.level,
        "label": clean_text(known_name("unit", units.level, language)),
        "strings": edit_strings(language),
        "households": pack_exact(table["households"].fillna(0.0)),
        "people": pack_exact(table["people_resident"].fillna(0.0)),
        "base": pack_integers(base),
        "baseIds": list(base_ids),
        "baseNames": [clean_text(names.get(i, i)) for i in base_ids],
        "pairs": {
            "one": pack_integers(at.get_indexer(rows["unit"])),
            "two": pack_integers(at.get_indexer(rows["neighbor"])),
            "metre": pack_exact(rows["shared_m"]),
            "joins": pack_integers(rows["joins"].to_numpy(dtype=np.int64)),
        },
        "starts": [_start(start, walks) for start in starts],
        **_above(units, town),
        **_estates(units, town),
        **({} if walks is None else _walks(walks, at, town, origin)),
    }


def _above(units: Units, town: Town | None) -> Packed:
    """Which unit of the level above each unit lies in today, so that the editor can say when a community crosses."""
    if units.parent is None:
        return {}
    codes, ids = pd.factorize(units.parent.reindex(units.table.index), sort=True)
    level = None if town is None else town.level(town.level(units.level).parent or units.level)
    names = {} if level is None else dict(level.table["name"])
    return {
        "above": pack_integers(codes.astype(np.int64)),
        "aboveNames": [clean_text(names.get(i) or i) for i in ids],
    }


def _estates(units: Units, town: Town | None) -> Packed:
    """Estates of several units that are meant to stay whole."""
    table = units.table
    estate = table["estate"].where(~table["divisible"].to_numpy(dtype=bool), None)
    counts = estate.value_counts()
    codes, ids = pd.factorize(estate.where(estate.isin(counts.index[counts > 1]), None), sort=True)
    if not len(ids):
        return {}
    names = {} if town is None or town.estates is None else dict(town.estates["name"])
    return {
        "estate": pack_integers(codes.astype(np.int64)),
        "estateNames": [clean_text(names.get(i) or i) for i in ids],
    }


def _start(start: EditStart, walks: EditWalks | None) -> Packed:
    codes, ids = start.partition.codes()
    limits = start.limits
    standing = set() if walks is None else {*walks.open_today, *start.opened} - set(start.closed)
    return {
        "name": clean_text(start.name),
        "fingerprint": plan_fingerprint(start.partition, opened=start.opened, closed=start.closed),
        "of": pack_integers(codes),
        "partIds": list(ids),
        "partNames": [clean_text(start.partition.names.get(i, i)) for i in ids],
        "lower": float(limits.lower),
        "upper": float(limits.upper) if np.isfinite(limits.upper) else None,
        "open": [] if walks is None else [int(site in standing) for site in walks.sites.index],
    }


def _walks(walks: EditWalks, units: pd.Index, town: Town | None, origin: tuple[int, int]) -> Packed:
    sites, walkers = walks.sites, walks.walkers
    unit = units.get_indexer(walkers["unit"])
    order = np.argsort(unit, kind="stable")
    reach = [walkers["reach"].iloc[i] for i in order]
    many = len(units) * len(sites) <= MOST_WALKS
    mean = np.round(walks.mean_min.reindex(units).to_numpy(float) * 100)
    return {
        "minutes": list(walks.minutes),
        "sites": {
            "id": [str(i) for i in sites.index],
            "name": pack_words(sites["name"]),
            "unit": pack_integers(units.get_indexer(sites["unit"])),
            "candidate": pack_integers(sites["candidate"].to_numpy(dtype=np.int64)),
            **({} if town is None else {"place": _places(town, sites.index, origin)}),
        },
        "walk": pack_integers(mean.astype(np.int64).ravel()) if many else None,
        "walkers": {
            "count": pack_integers(np.bincount(unit, minlength=len(units))),
            "households": pack_exact(walkers["households"].to_numpy(float)[order]),
            "reach": pack_integers(np.array([len(r) for r in reach], dtype=np.int64)),
            "site": pack_integers(np.array([site for r in reach for site, _ in r], dtype=np.int64)),
            "step": pack_integers(np.array([step for r in reach for _, step in r], dtype=np.int64)),
        },
    }


def _places(town: Town, sites: pd.Index, origin: tuple[int, int]) -> Packed:
    points = town.facilities.geometry.reindex(sites).representative_point().to_crs(4326)
    return pack_geometry(points.array, origin=origin)
