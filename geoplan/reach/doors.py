"""The doors of a town: where its buildings and facilities are entered."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoplan.model import Town
from geoplan.reach.walls import OPEN_LAND, Walls

__all__ = ["Doors", "building_doors", "facility_doors", "zones_of_doors"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Doors:
    """Doors in the order of what they belong to: place, row of the owner, number of owners."""

    xy: Floats
    owner: Ints
    count: int


def building_doors(town: Town) -> Doors:
    """The entrances of each building; its representative point where it has none.

    Parameters
    ----------
    town
        The town; an entrance of no known building is nobody's.

    Returns
    -------
    Doors
    """
    buildings = town.buildings
    owner = np.arange(len(buildings))
    xy = shapely.get_coordinates(shapely.point_on_surface(buildings.geometry.to_numpy()))
    if town.entrances is None or not len(town.entrances):
        return Doors(xy, owner, len(buildings))
    entrances = town.entrances.sort_index()
    opens = buildings.index.get_indexer(pd.Index(entrances["building"]))
    known = np.flatnonzero(opens >= 0)
    places = shapely.get_coordinates(entrances.geometry.to_numpy())[known]
    closed = np.setdiff1d(owner, opens[known])
    owner = np.concatenate([opens[known], closed])
    order = np.argsort(owner, kind="stable")
    return Doors(np.concatenate([places, xy[closed]])[order], owner[order], len(buildings))


def facility_doors(facilities: gpd.GeoDataFrame) -> Doors:
    """The points of each facility.

    Parameters
    ----------
    facilities
        Table by :data:`geoplan.model.FACILITIES`.

    Returns
    -------
    Doors
    """
    xy, owner = shapely.get_coordinates(facilities.geometry.to_numpy(), return_index=True)
    return Doors(xy, owner, len(facilities))


def zones_of_doors(doors: Doors, walls: Walls, estates: pd.Series) -> Ints:
    """Zone of each door: where it lies, or its building's estate if it stands on that estate's wall.

    Parameters
    ----------
    doors
        The doors.
    walls
        The zones.
    estates
        Estate of each owner, or None.

    Returns
    -------
    ndarray of int64
    """
    zone = walls.locate(doors.xy)
    if not walls.any:
        return zone
    zone_of = {estate: number for number, estate in enumerate(walls.ids) if number != OPEN_LAND}
    home = np.array([zone_of.get(estate, OPEN_LAND) for estate in estates], dtype=np.int64)[doors.owner]
    odd = np.flatnonzero((home != OPEN_LAND) & (zone == walls.parent[home]))
    # the outline is the wall's outer face, the region begins at its inner one
    on_wall = odd[shapely.dwithin(walls.outlines[home[odd]], shapely.points(doors.xy[odd]), 1e-6)]
    zone[on_wall] = home[on_wall]
    return zone
