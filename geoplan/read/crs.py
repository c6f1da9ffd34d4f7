"""Coordinate reference systems: choosing one, and telling what a layer's coordinates cannot be."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Notice
from geoplan.read.datums import in_mainland_china

__all__ = ["check_coordinates", "choose_crs", "parse_crs", "to_crs", "town_crs"]

_LEGACY = {4214: "Beijing 1954", 4555: "New Beijing", 4610: "Xi'an 1980"}
_EDGE_DEG = 3.0
_CENTRE_MERIDIANS = range(75, 136, 3)


def choose_crs(lon: float, lat: float) -> pyproj.CRS:
    """The projected metre CRS that suits a place.

    Parameters
    ----------
    lon, lat
        Place, degrees.

    Returns
    -------
    pyproj.CRS
        The CGCS2000 three-degree zone (EPSG:4534 to 4554) in mainland China, else the UTM zone.

    Raises
    ------
    InputError
        If the place is not on the earth.

    References
    ----------
    EPSG:4534-4554 (CGCS2000 / 3-degree Gauss-Kruger CM 75E to 135E); EPSG:326xx and 327xx (WGS 84 / UTM).

    Examples
    --------
    >>> choose_crs(117.9, 34.9).to_epsg(), choose_crs(9.5, 47.1).to_epsg()
    (4548, 32632)
    """
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise InputError(
            Fault(
                "not-on-earth",
                msg("longitude and latitude in degrees"),
                msg("{lon}, {lat}", lon=lon, lat=lat),
                msg("check which CRS the layers declare"),
            )
        )
    if bool(in_mainland_china(np.array([lon]), np.array([lat]))[0]):
        meridian = min(max(round(lon / 3.0) * 3, _CENTRE_MERIDIANS[0]), _CENTRE_MERIDIANS[-1])
        return pyproj.CRS.from_epsg(4534 + (meridian - 75) // 3)
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if lat >= 0.0 else 32700) + zone)


def parse_crs(text: str, where: Where) -> pyproj.CRS:
    """A CRS out of what was declared.

    Parameters
    ----------
    text
        ``"EPSG:4548"``, WKT or another form that PROJ reads.
    where
        Place of the declaration, for faults.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    InputError
        If there is no such CRS.
    """
    try:
        return pyproj.CRS.from_user_input(int(text) if text.strip().isdigit() else text)
    except CRSError:
        raise InputError(
            Fault(
                "unknown-crs",
                msg("a CRS such as EPSG:4548"),
                msg("'{text}'", text=text[:80]),
                msg("write EPSG: and the number, as shown in QGIS at the lower right"),
                where,
            )
        ) from None


def town_crs(text: str, lon: float, lat: float) -> pyproj.CRS:
    """The CRS that all tables of a town get.

    Parameters
    ----------
    text
        ``"auto"`` or a CRS.
    lon, lat
        Middle of the town, degrees, for ``"auto"``.

    Returns
    -------
    pyproj.CRS
        Projected, in metres.

    Raises
    ------
    InputError
        If the CRS is unknown, has no metres, or stretches lengths (Web Mercator, or a zone far from here).
    """
    if text.strip().lower() in {"", "auto"}:
        return choose_crs(lon, lat)
    crs = parse_crs(text, Where(column="crs"))
    good = crs.is_projected and all(math.isclose(a.unit_conversion_factor, 1.0) for a in crs.axis_info)
    if good and not crs.equals(pyproj.CRS.from_epsg(3857)) and "pseudo" not in crs.name.lower():
        if _near_area(crs, lon, lat):
            return crs
        raise InputError(
            Fault(
                "outside-crs",
                msg("a CRS made for this place: {lon:.1f}, {lat:.1f}", lon=lon, lat=lat),
                msg("{crs}", crs=_name(crs)),
                msg('write crs = "auto", or {crs}', crs=_name(choose_crs(lon, lat))),
                Where(column="crs"),
            )
        )
    raise InputError(
        Fault(
            "no-metre-crs",
            msg("a projected CRS in metres"),
            msg("{crs}", crs=crs.name),
            msg('write crs = "auto", or the three-degree zone of the county, such as EPSG:4548'),
            Where(column="crs"),
        )
    )


def check_coordinates(frame: gpd.GeoDataFrame, where: Where) -> list[Fault]:
    """Whether a layer's coordinates can be in the CRS that it declares.

    Parameters
    ----------
    frame
        Layer with a CRS or none.
    where
        File and layer, for faults.

    Returns
    -------
    list of Fault
        No CRS, a local grid, degrees where metres are declared and the other way round, swapped axes, another zone.
    """
    bounds = frame.total_bounds
    if not np.isfinite(bounds).all():
        return []
    if frame.crs is None:
        return [_no_crs(bounds, where)]
    crs = pyproj.CRS(frame.crs)
    if _is_local(crs):
        return [_local_grid(crs, where)]
    fault = _check_degrees(bounds, crs, where) if crs.is_geographic else _check_metres(frame, crs, where)
    return [fault] if fault else []


def to_crs(frame: gpd.GeoDataFrame, crs: pyproj.CRS, where: Where) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Reproject a layer, saying so.

    Parameters
    ----------
    frame
        Layer with a CRS.
    crs
        Target.
    where
        File and layer, for the notice.

    Returns
    -------
    frame : GeoDataFrame
        The same rows in the target CRS.
    notices : list of Notice
        Empty where nothing had to be done.
    """
    source = pyproj.CRS(frame.crs)
    if source.equals(crs):
        return frame, []
    notice = Notice(
        "reprojected",
        msg("{file}: reprojected from {source} to {target}", file=where.file, source=_name(source), target=_name(crs)),
    )
    return frame.to_crs(crs), [notice, *_legacy(source, crs, where)]


def _name(crs: pyproj.CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else crs.name


def _no_crs(bounds: np.ndarray, where: Where) -> Fault:
    hint: Message = msg(
        'add the .prj file, or crs = "EPSG:..." to the layer; the coordinates look like {guess}', guess=_look(bounds)
    )
    return Fault("no-crs", msg("a CRS"), msg("none"), hint, where)


def _look(bounds: np.ndarray) -> Message:
    """What coordinates without a CRS look like."""
    west, south, east, north = bounds
    if _in_degrees(bounds):
        return msg("degrees (EPSG:4490 for CGCS2000, EPSG:4326 for WGS 84)")
    if west >= 13e6 and east < 24e6 and south > 0:
        return msg("a six-degree zone with its number (EPSG:{code})", code=4478 + int(west // 1e6))
    if west >= 25e6 and east < 46e6 and south > 0:
        return msg("a three-degree zone with its number (EPSG:{code})", code=4488 + int(west // 1e6))
    if west >= 1e5 and east <= 9e5 and south > 0 and north < 1e7:
        return msg("metres of a zone (EPSG:4534 to 4554 by the meridian; 4548 is 117E)")
    return msg("a local grid, which has to be transformed first")


def _in_degrees(bounds: np.ndarray) -> bool:
    west, south, east, north = bounds
    return bool(west >= -180.5 and east <= 180.5 and south >= -180.5 and north <= 180.5)


def _is_local(crs: pyproj.CRS) -> bool:
    if crs.is_engineering if hasattr(crs, "is_engineering") else crs.type_name == "Engineering CRS":
        return True
    return not (crs.is_geographic or crs.is_projected or crs.is_bound or crs.is_compound)


def _local_grid(crs: pyproj.CRS, where: Where) -> Fault:
    return Fault(
        "local-grid",
        msg("a CRS that is tied to the earth"),
        msg("the local grid {name}", name=crs.name),
        msg("have the surveying office transform the layer to CGCS2000; the parameters cannot be guessed"),
        where,
    )


def _check_degrees(bounds: np.ndarray, crs: pyproj.CRS, where: Where) -> Fault | None:
    west, south, east, north = bounds
    if not _in_degrees(bounds):
        return Fault(
            "metres-for-degrees",
            msg("degrees, as {crs} declares", crs=_name(crs)),
            msg("coordinates around {x:.0f}, {y:.0f}", x=(west + east) / 2, y=(south + north) / 2),
            msg("declare the CRS that the coordinates are in; they look like {guess}", guess=_look(bounds)),
            where,
        )
    # no people live where both could be right: 73-90 N, 15-54 E is the Arctic
    if max(abs(south), abs(north)) > 90.0 or (west >= 15.0 and east <= 54.0 and south >= 73.0):
        return _swapped(where, (west + east) / 2, (south + north) / 2)
    return None


def _swapped(where: Where, x: float, y: float) -> Fault:
    return Fault(
        "swapped-axes",
        msg("x east (longitude) first, y north (latitude) second"),
        msg("x around {x:.5g}, y around {y:.5g}", x=x, y=y),
        msg("exchange the two coordinates and export the layer again"),
        where,
    )


def _check_metres(frame: gpd.GeoDataFrame, crs: pyproj.CRS, where: Where) -> Fault | None:
    bounds = frame.total_bounds
    if _in_degrees(bounds):
        return Fault(
            "degrees-for-metres",
            msg("metres, as {crs} declares", crs=_name(crs)),
            msg("coordinates around {x:.5g}, {y:.5g}: degrees", x=bounds[[0, 2]].mean(), y=bounds[[1, 3]].mean()),
            msg("declare EPSG:4490 (or 4326) if they are degrees, or export the layer again in {crs}", crs=_name(crs)),
            where,
        )
    area = crs.area_of_use
    if area is None:
        return None
    x, y = _middle(frame)
    if _fits(crs, x, y):
        return None
    other = _other_zone(crs, x)
    if other is not None and _fits(other, x, y):
        mend = msg("declare {crs}: its eastings are of this kind (with or without the zone's number)", crs=_name(other))
    elif _fits(crs, y, x):
        return _swapped(where, x, y)
    else:
        mend = msg("declare the CRS that the coordinates are in; they look like {guess}", guess=_look(bounds))
    return Fault(
        "outside-crs",
        msg("coordinates inside the area of {crs}", crs=_name(crs)),
        msg("coordinates around {x:.0f}, {y:.0f}", x=x, y=y),
        mend,
        where,
    )


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    """A typical vertex, which one stray row cannot move."""
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    return float(np.median(xy[:, 0])), float(np.median(xy[:, 1]))


def _fits(crs: pyproj.CRS, x: float, y: float) -> bool:
    """Whether a place lies near the area that a projected CRS is made for."""
    area = crs.area_of_use
    base = crs.geodetic_crs
    if area is None or base is None:
        return True
    lon, lat = pyproj.Transformer.from_crs(crs, base, always_xy=True).transform(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return False
    # there and back: far outside its zone a projection gives numbers without meaning
    back = pyproj.Transformer.from_crs(base, crs, always_xy=True).transform(lon, lat)
    return math.hypot(back[0] - x, back[1] - y) < 1.0 and _near_area(crs, lon, lat)


def _near_area(crs: pyproj.CRS, lon: float, lat: float) -> bool:
    """Whether a place lies in the area that a CRS is made for, or not far beyond its edge."""
    area = crs.area_of_use
    if area is None:
        return True
    west = area.west - (360.0 if area.west > area.east else 0.0)
    near = any(west - _EDGE_DEG <= turn <= area.east + _EDGE_DEG for turn in (lon, lon - 360.0))
    return near and area.south - _EDGE_DEG <= lat <= area.north + _EDGE_DEG


def _other_zone(crs: pyproj.CRS, x: float) -> pyproj.CRS | None:
    """The same family with or without the zone's number before the easting."""
    code = crs.to_epsg()
    if code is None:
        return None
    zone = int(x // 1e6)
    if 25 <= zone <= 45:
        return pyproj.CRS.from_epsg(4488 + zone)
    if 13 <= zone <= 23:
        return pyproj.CRS.from_epsg(4478 + zone)
    if 4513 <= code <= 4533:
        return pyproj.CRS.from_epsg(code + 21)
    return None


def _legacy(source: pyproj.CRS, target: pyproj.CRS, where: Where) -> list[Notice]:
    """Beijing 54 and Xi'an 80 have no exact way to CGCS2000 without local parameters."""
    codes = [(crs.geodetic_crs.to_epsg() or 0) if crs.geodetic_crs is not None else 0 for crs in (source, target)]
    name = _LEGACY.get(codes[0])
    if name is None or codes[0] == codes[1]:
        return []
    text = msg("{file}: its datum {datum} can be off by tens of metres after reprojection", file=where.file, datum=name)
    return [Notice("legacy-datum", text, everywhere=True)]
