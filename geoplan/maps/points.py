"""Layers of points that a page shows as density: complaints, calls, incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import shapely
from geopandas import GeoSeries

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.maps.packed import clean_text, pack_geometry

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["pack_points"]


def pack_points(points: Mapping[str, GeoDataFrame] | None, *, origin: tuple[int, int]) -> list[dict[str, Any]]:
    """Points of each layer, without their attributes.

    Parameters
    ----------
    points
        Name of a layer to its table of points.
    origin
        Micro-degrees from which packed coordinates count.

    Returns
    -------
    list of dict
        ``name`` and packed ``geometry``; points without a place are left out, the others are in the order of their
        places, so that the order of rows changes nothing.

    Raises
    ------
    InputError
        If a table has no CRS, or holds something else than points.
    """
    return [_pack(name, table, origin) for name, table in (points or {}).items()]


def _pack(name: str, table: GeoDataFrame, origin: tuple[int, int]) -> dict[str, Any]:
    there = table.geometry[~(table.geometry.is_empty | table.geometry.isna())]
    odd = there[~there.geom_type.isin(["Point", "MultiPoint"])]
    if table.crs is None or len(odd):
        raise InputError(
            Fault(
                code="not-points",
                needed=msg("a table of points with a CRS"),
                given=msg("a table without a CRS") if table.crs is None else msg("{kinds}", kinds=_kinds(odd)),
                mend=msg("use gdf.set_crs(...), or gdf.representative_point()"),
                where=Where(layer=name, rows=tuple(str(row) for row in odd.index)),
            )
        )
    places = shapely.get_coordinates(there.to_crs(4326).array)
    places = places[sorted(range(len(places)), key=lambda i: tuple(places[i]))]
    return {"name": clean_text(name), "geometry": pack_geometry(shapely.points(places), origin=origin)}


def _kinds(odd: GeoSeries) -> str:
    return ", ".join(sorted(set(odd.geom_type)))
