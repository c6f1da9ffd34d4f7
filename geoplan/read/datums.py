"""The shifted datums of Chinese web maps: GCJ-02 (Amap, Tencent) and BD-09 (Baidu).

The shift applies in mainland China only. :func:`in_mainland_china` holds a rough outline, drawn near the
border on land and well outside the coast, without Hong Kong, Macau and Taiwan. Elsewhere coordinates come back as
they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bd09_from_gcj02",
    "bd09_from_wgs84",
    "gcj02_from_bd09",
    "gcj02_from_wgs84",
    "in_mainland_china",
    "wgs84_from_bd09",
    "wgs84_from_gcj02",
]

Degrees = NDArray[np.float64]

# Krasovsky 1940, whatever the ellipsoid of the coordinates: so the shift was defined.
_RADIUS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_LON, _BD_LAT = 0.0065, 0.0060
_CONVERGED_DEG = 1e-10
_MAX_STEPS = 30

_OUTLINE = (
    (73.4, 39.4), (74.7, 38.3), (74.8, 37.1), (77.6, 35.3), (78.0, 34.2), (78.9, 33.2),
    (78.3, 32.4), (79.0, 31.2), (81.2, 29.9), (84.0, 28.7), (86.0, 27.8), (88.1, 27.7),
    (88.8, 27.2), (89.3, 27.7), (90.4, 28.0), (91.5, 27.6), (93.5, 28.4), (96.0, 29.1),
    (97.4, 28.1), (98.5, 27.4), (98.4, 25.8), (97.4, 24.6), (97.5, 23.8), (98.8, 23.9),
    (98.8, 22.4), (99.8, 21.9), (100.4, 21.3), (101.2, 21.1), (101.9, 21.1), (101.9, 22.2),
    (103.0, 22.4), (104.0, 22.4), (105.4, 23.1), (106.6, 22.7), (106.5, 22.0), (107.8, 21.4),
    (107.6, 18.0), (110.0, 17.5), (113.0, 21.3), (113.52, 22.0), (113.52, 22.217), (113.7, 22.2),
    (113.85, 22.45), (114.0, 22.497), (114.1, 22.53), (114.3, 22.55), (114.5, 22.44), (116.0, 22.2),
    (118.15, 24.0), (118.22, 24.4), (118.45, 24.6), (119.65, 24.9), (120.0, 25.6), (119.87, 26.0),
    (119.87, 26.35), (120.5, 26.9), (122.6, 29.0), (123.2, 31.0), (122.0, 34.0), (123.2, 37.2),
    (123.5, 39.0), (124.2, 39.75), (124.5, 40.1), (126.0, 40.8), (127.0, 41.5), (128.2, 41.4),
    (128.4, 42.0), (129.8, 42.2), (130.3, 42.3), (130.75, 42.4), (130.7, 42.9), (131.4, 43.3),
    (131.3, 44.7), (133.0, 44.8), (133.6, 46.0), (134.9, 48.35), (134.6, 48.5), (132.6, 47.8),
    (131.1, 47.8), (130.9, 48.9), (129.6, 49.5), (127.7, 50.4), (126.2, 52.7), (123.6, 53.7),
    (120.7, 53.4), (119.8, 52.4), (120.6, 51.8), (119.1, 50.2), (117.7, 49.6), (116.6, 49.9),
    (115.4, 48.0), (117.0, 47.6), (118.0, 47.9), (119.6, 47.1), (119.6, 46.8), (118.0, 46.8),
    (115.8, 45.6), (113.6, 44.9), (111.9, 45.2), (111.3, 44.3), (111.7, 43.75), (109.8, 42.8),
    (107.3, 42.5), (105.0, 41.7), (101.8, 42.6), (97.0, 42.9), (95.4, 44.4), (93.4, 45.2),
    (91.0, 45.3), (91.2, 46.9), (89.9, 48.1), (87.8, 49.3), (85.4, 48.2), (85.4, 47.2),
    (83.0, 47.3), (82.2, 45.6), (82.5, 45.2), (80.2, 45.3), (80.4, 44.8), (80.3, 44.1),
    (80.2, 43.0), (80.1, 42.2), (78.2, 41.2), (76.3, 40.5), (74.7, 40.6), (73.5, 39.9),
)  # fmt: skip
_MAINLAND = shapely.Polygon(_OUTLINE)


def in_mainland_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Where the shift applies.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    ndarray of bool
        Same shape; the outline is rough: within some twenty kilometres of a land border it may be wrong.

    Examples
    --------
    >>> in_mainland_china([116.4, 9.5], [39.9, 47.1]).tolist()
    [True, False]
    """
    return shapely.contains_xy(_MAINLAND, np.asarray(lon, float), np.asarray(lat, float))


def _shift(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """The GCJ-02 shift in degrees, wherever it is."""
    x, y = lon - 105.0, lat - 35.0
    pi = np.pi
    root = np.sqrt(np.abs(x))
    common = 2.0 * np.sin(6.0 * pi * x) + 2.0 * np.sin(2.0 * pi * x)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (common + 2.0 * np.sin(pi * y) + 4.0 * np.sin(pi * y / 3.0)) * 20.0 / 3.0
    north_m += (16.0 * np.sin(pi * y / 12.0) + 32.0 * np.sin(pi * y / 30.0)) * 20.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (common + 2.0 * np.sin(pi * x) + 4.0 * np.sin(pi * x / 3.0)) * 20.0 / 3.0
    east_m += (15.0 * np.sin(pi * x / 12.0) + 30.0 * np.sin(pi * x / 30.0)) * 20.0 / 3.0
    phi = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    north = np.degrees(north_m * flat**1.5 / (_RADIUS_M * (1.0 - _ECCENTRICITY2)))
    east = np.degrees(east_m * np.sqrt(flat) / (_RADIUS_M * np.cos(phi)))
    return east, north


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Shift WGS 84 (or CGCS2000) to GCJ-02.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees; unchanged outside mainland China.

    Examples
    --------
    >>> lon, lat = gcj02_from_wgs84(116.404, 39.915)
    >>> round(float(lon), 6), round(float(lat), 6)
    (116.410244, 39.916404)
    """
    lon, lat = _degrees(lon, lat)
    return _where_shifted(lon, lat, (lon, lat), _gcj02(lon, lat))


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Take GCJ-02 back to WGS 84, by iteration.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees, to about 1e-10; unchanged outside mainland China.

    Notes
    -----
    Taking GCJ-02 back may be restricted in China; :func:`geoplan.read.assemble_town` does it only when told to.
    """
    lon, lat = _degrees(lon, lat)
    true = _invert(_gcj02, lon, lat)
    return _where_shifted(*true, (lon, lat), true)


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Shift GCJ-02 to BD-09.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees; unchanged outside mainland China.
    """
    lon, lat = _degrees(lon, lat)
    return _where_shifted(*_invert(_gcj02, lon, lat), (lon, lat), _bd09(lon, lat))


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Take BD-09 back to GCJ-02, by iteration.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees, to about 1e-10; unchanged outside mainland China.
    """
    lon, lat = _degrees(lon, lat)
    amap = _invert(_bd09, lon, lat)
    return _where_shifted(*_invert(_gcj02, *amap), (lon, lat), amap)


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Shift WGS 84 to BD-09.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees; unchanged outside mainland China.
    """
    lon, lat = _degrees(lon, lat)
    return _where_shifted(lon, lat, (lon, lat), _bd09(*_gcj02(lon, lat)))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Take BD-09 back to WGS 84.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    lon, lat : ndarray
        Degrees; unchanged outside mainland China.
    """
    lon, lat = _degrees(lon, lat)
    true = _invert(_gcj02, *_invert(_bd09, lon, lat))
    return _where_shifted(*true, (lon, lat), true)


def _degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    return np.asarray(lon, float), np.asarray(lat, float)


def _where_shifted(
    true_lon: Degrees, true_lat: Degrees, given: tuple[Degrees, Degrees], shifted: tuple[Degrees, Degrees]
) -> tuple[Degrees, Degrees]:
    """The shifted coordinates where the true place lies in mainland China, else the given ones."""
    inside = in_mainland_china(true_lon, true_lat)
    return np.where(inside, shifted[0], given[0]), np.where(inside, shifted[1], given[1])


def _gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def _bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(np.radians(lat) * 3000.0)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(np.radians(lon) * 3000.0)
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT


def _invert(
    forward: Callable[[Degrees, Degrees], tuple[Degrees, Degrees]], lon: Degrees, lat: Degrees
) -> tuple[Degrees, Degrees]:
    """What ``forward`` takes to the given place: it moves neighbours almost alike, so that steps shrink fast."""
    x, y = lon.copy(), lat.copy()
    for _ in range(_MAX_STEPS):
        there_x, there_y = forward(x, y)
        off_x, off_y = there_x - lon, there_y - lat
        x, y = x - off_x, y - off_y
        if not max(np.abs(off_x).max(initial=0.0), np.abs(off_y).max(initial=0.0)) > _CONVERGED_DEG:
            break
    return x, y
