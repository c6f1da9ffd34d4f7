"""A partition: which part (community) each unit belongs to, what the parts are called, and their polygons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.partition.outcome import match_parts
from geoplan.places.units import Units
from geoplan.text import translate

__all__ = ["Partition", "from_codes", "new_part_ids", "provisional_names", "rebased", "today"]


@dataclass(frozen=True, slots=True)
class Partition:
    """Units put into parts; a change makes a new one.

    Attributes
    ----------
    units
        What is divided.
    part_of
        Part id of each unit, indexed like ``units.table``.
    names
        Name of each part.
    """

    units: Units
    part_of: pd.Series
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = self.units.table.index
        missing = wanted[~wanted.isin(self.part_of.dropna().index)]
        if len(missing):
            raise InputError(
                Fault(
                    code="unit-without-part",
                    needed=msg("a part for every unit"),
                    given=msg("{count} units without one", count=len(missing)),
                    mend=msg("put every unit into one part"),
                    where=Where(layer=self.units.level, rows=tuple(missing)),
                )
            )
        ordered = self.part_of.reindex(wanted).astype(object).rename("part")
        object.__setattr__(self, "part_of", ordered)

    @property
    def parts(self) -> tuple[str, ...]:
        """Ids of the parts, sorted."""
        return tuple(sorted(self.part_of.unique()))

    @property
    def new_parts(self) -> tuple[str, ...]:
        """Ids of the parts that today has not."""
        return tuple(part for part in self.parts if part not in self.units.today.index)

    def members(self, part: str) -> pd.Index:
        """Ids of a part's units, sorted; empty if there is no such part."""
        return self.part_of.index[(self.part_of == part).to_numpy()]

    def base(self) -> Partition:
        """Today's partition of the same units."""
        return today(self.units)

    def codes(self) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Part of each unit as a number, and the id that each number stands for."""
        parts = self.parts
        return np.asarray(pd.Index(parts).get_indexer(self.part_of), np.int64), parts

    def moved(self, units: Iterable[str], to: str | Mapping[str, str]) -> Partition:
        """The partition with some units in another part.

        Parameters
        ----------
        units
            Ids of the units.
        to
            Part id, or one for each unit.

        Returns
        -------
        Partition
            Parts without units are gone.
        """
        part_of = self.part_of.copy()
        for unit in units:
            part_of[unit] = to if isinstance(to, str) else to[unit]
        return self.with_parts(part_of)

    def with_parts(self, part_of: pd.Series) -> Partition:
        """The same units in other parts; parts that today has not get provisional names.

        Parameters
        ----------
        part_of
            Part id of each unit.

        Returns
        -------
        Partition

        Raises
        ------
        InputError
            If a unit has no part.
        """
        part_of = Partition(self.units, part_of).part_of
        kept = {part: name for part, name in self.names.items() if part in set(part_of)}
        return Partition(self.units, part_of, provisional_names(self.units, part_of, kept))

    def polygons(self) -> GeoDataFrame:
        """The parts with their counts and polygons.

        Returns
        -------
        GeoDataFrame
            Indexed by part id: name, households, people_resident, people_registered, geometry. A part with just
            the units that it has today keeps today's polygon to the last bit.
        """
        table = self.units.table
        groups = table.groupby(self.part_of.to_numpy(dtype=object))
        sums = groups[["households", "people_resident"]].sum()
        sums["people_registered"] = groups["people_registered"].sum(min_count=1)
        whole = _untouched(self)
        shapes = [
            self.units.today.geometry[part]
            if part in whole
            else shapely.coverage_union_all(np.asarray(table.geometry[self.members(part)].array, dtype=object))
            for part in self.parts
        ]
        index = pd.Index(self.parts, name="id").astype("str")
        sums.index = index
        names = pd.Series([self.names.get(part, part) for part in self.parts], index=index, dtype="str")
        return GeoDataFrame(
            {"name": names, **sums}, geometry=np.array(shapes, dtype=object), index=index, crs=table.crs
        )


def _untouched(partition: Partition) -> set[str]:
    """Parts with the units of today and none astride, which keep today's polygon."""
    table = partition.units.table
    base = table["base"].to_numpy(dtype=object)
    part = partition.part_of.to_numpy(dtype=object)
    touched = set(part[part != base]) | set(base[part != base])
    for land, unit_base in zip(table.geometry[table["astride"]], table["base"][table["astride"]], strict=True):
        touched |= {unit_base, *partition.units.today.index[partition.units.today.intersects(land).to_numpy()]}
    return set(partition.parts) - touched & set(partition.units.today.index) - touched


def today(units: Units) -> Partition:
    """Today's partition.

    Parameters
    ----------
    units
        Units with their bases.

    Returns
    -------
    Partition
    """
    base = units.table["base"].astype(object)
    names = {str(part): str(units.today["name"][part] or part) for part in sorted(base.unique())}
    return Partition(units, base, names)


def rebased(partition: Partition) -> Units:
    """The same units with a partition as today's, so that proposals can start from it.

    Parameters
    ----------
    partition
        Such as that of an earlier proposal.

    Returns
    -------
    Units
        ``base`` is the part of each unit, ``today`` the polygons of the parts; no unit lies astride any more.

    Examples
    --------
    ``propose_communities(town, target=4500, start=proposal.partition)`` does this.
    """
    units, polygons = partition.units, partition.polygons()
    columns = {name: polygons[name] for name in ("name",)}
    missing = {c: None for c in units.today.columns if c not in (*columns, "geometry")}
    lands = GeoDataFrame({**columns, **missing}, geometry=polygons.geometry, index=polygons.index, crs=polygons.crs)
    table = units.table.assign(base=partition.part_of.to_numpy(dtype=object), astride=False)
    flaws = None if units.flaws is None else units.flaws.iloc[:0]
    gone = ("units-astride", "boundary-overlap", "boundary-gap")
    notices = tuple(notice for notice in units.notices if notice.code not in gone)
    return replace(units, table=table, today=lands, flaws=flaws, notices=notices)


def from_codes(units: Units, codes: NDArray[np.int64], *, stands_for: Sequence[str | None] | None = None) -> Partition:
    """A partition from numbers, such as a search finds; old names stay where most of their households stay.

    Parameters
    ----------
    units
        Units.
    codes
        Number of the part of each unit, in the order of ``units.table``.
    stands_for
        Today's part id that each number stands for, None for a new one; default the best matching by households.

    Returns
    -------
    Partition
    """
    codes = np.asarray(codes, np.int64)
    base = today(units)
    if stands_for is None:
        base_codes, base_ids = base.codes()
        # Households decide; the count of units only where parts without households are left.
        weight = units.table["households"].to_numpy(float) + 1e-6
        old = match_parts(weight, base_codes, codes)
        kept = {c: b for c, b in old.items() if ((codes == c) & (base_codes == b)).any()}
        stands_for = [base_ids[kept[c]] if c in kept else None for c in range(int(codes.max()) + 1)]
    used = sorted(set(codes.tolist()))
    free = iter(new_part_ids(units.today.index, len(used)))
    held = np.bincount(codes, weights=units.table["households"].to_numpy(float))
    ids = {c: str(stands_for[c]) for c in used if stands_for[c] is not None}
    for c in sorted((c for c in used if stands_for[c] is None), key=lambda c: (-held[c], int(np.argmax(codes == c)))):
        ids[c] = next(free)
    return base.with_parts(pd.Series([ids[c] for c in codes.tolist()], index=units.table.index, dtype=object))


def new_part_ids(taken: Iterable[str], count: int) -> list[str]:
    """Ids for new parts: ``new-1``, ``new-2``, ... without those taken.

    Parameters
    ----------
    taken
        Ids in use.
    count
        How many are wanted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> new_part_ids(["SQ01", "new-1"], 2)
    ['new-2', 'new-3']
    """
    used, number = set(taken), 0
    found: list[str] = []
    while len(found) < count:
        number += 1
        if f"new-{number}" not in used:
            found.append(f"new-{number}")
    return found


_TAIL = re.compile(r"[\s（(]*(\d+|[一二三四五六七八九十]+)?\s*(片|区|期|组|块|号院|号)?[）)]*$")


def provisional_names(units: Units, part_of: pd.Series, names: Mapping[str, str]) -> dict[str, str]:
    """Names of parts: those known, today's, and for new parts one from their largest estate.

    Parameters
    ----------
    units
        Units.
    part_of
        Part id of each unit.
    names
        Names that are known.

    Returns
    -------
    dict
        Name of each part; no two alike where estates' names allow.
    """
    today_names = units.today["name"]
    parts = sorted(part_of.unique())
    result = {p: names.get(p) or str(today_names.get(p) or "") for p in parts if p in names or p in today_names.index}
    used = {*result.values(), *today_names}
    language = (
        "zh" if any("\u4e00" <= c <= "\u9fff" for name in [*today_names, *units.table["name"]] for c in name) else "en"
    )
    held = units.table[(units.table["name"] != "") & (units.table["households"] > 0)]
    held = held.sort_values("households", ascending=False, kind="stable")
    for number, part in enumerate((p for p in parts if p not in result), start=1):
        places = (_TAIL.sub("", name) or name for name in held["name"][(part_of[held.index] == part).to_numpy()])
        wanted = (translate(msg("{place} community (provisional)", place=place), language) for place in places)
        numbered = translate(msg("New community {number}", number=number), language)
        result[part] = next((name for name in wanted if name not in used), numbered)
        used.add(result[part])
    return {part: result[part] or part for part in parts}
