"""The town as an edited plan would have it: its new communities, and the centres that serve them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from geoplan.model import Level, Town
from geoplan.partition.editing import EditWalks
from geoplan.partition.plan import Partition

__all__ = ["redrawn_town"]


def redrawn_town(town: Town, partition: Partition, walks: EditWalks, open_sites: Sequence[str]) -> Town:
    """The town with its new communities and centres.

    Parameters
    ----------
    town
        The town.
    partition
        The new communities.
    walks
        For where each site stands.
    open_sites
        Ids of the sites that are centres.

    Returns
    -------
    Town
        Levels below are left out, since they divide communities that are no more.
    """
    units = partition.units
    level = town.level(units.level)
    polygons = partition.polygons()
    table = level.table.reindex(polygons.index)
    for column in table.columns:
        if column in ("geometry", "name"):
            table[column] = polygons[column].to_numpy()
        elif table[column].dtype == object or str(table[column].dtype) == "str":
            table[column] = table[column].where(table[column].notna(), None if column == "parent" else "")
    table = table.set_crs(units.table.crs, allow_override=True)
    assert units.of_building is not None  # noqa: S101
    buildings = town.buildings.copy()
    buildings[level.name] = partition.part_of.reindex(units.of_building.reindex(buildings.index)).to_numpy(dtype=object)
    above = _above(town, level)
    facilities = _facilities(town, partition, walks, open_sites, above)
    levels = (replace(level, table=table), *above)
    return replace(town, buildings=buildings, facilities=facilities, levels=levels)


def _above(town: Town, level: Level) -> tuple[Level, ...]:
    found: list[Level] = []
    while level.parent is not None and level.parent not in {other.name for other in found}:
        level = town.level(level.parent)
        found.append(level)
    return tuple(found)


def _facilities(
    town: Town, partition: Partition, walks: EditWalks, open_sites: Sequence[str], above: tuple[Level, ...]
) -> Any:
    """Facilities that serve the new community they stand in; those of levels above keep what they serve."""
    table = town.facilities.copy()
    kept = {i for level in above for i in level.table.index}
    serves = table["serves"].astype(object)
    serves = serves.where(serves.isin(list(kept)), None)
    unit = walks.sites["unit"]
    stands = unit[unit.notna()]
    serves[stands.index] = partition.part_of.reindex(stands).to_numpy(dtype=object)
    table["serves"] = serves
    table.loc[walks.sites.index, "candidate"] = ~walks.sites.index.isin(list(open_sites))
    return table
