"""Datums of a town's layers: one for all of them, and what the streets say about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geoplan.errors import Fault, Message, Where, msg
from geoplan.model import Datum, Notice
from geoplan.read.datums import (
    Degrees,
    bd09_from_wgs84,
    gcj02_from_wgs84,
    in_mainland_china,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from geoplan.read.sources import LayerRead

__all__ = ["SHIFT_NAMES", "DatumGuess", "convert_datum", "detect_datum", "settle_datum"]

_TRUE: frozenset[Datum] = frozenset({"wgs84", "cgcs2000"})
_SAMPLE = 1000
_MIN_ROWS = 30
_CLEAR = 0.6
_DOUBT_M = {"area": 0.5, "point": 5.0}
_AWAY_M = 30.0
_M_PER_DEGREE = 111_320.0
_WGS84 = pyproj.CRS.from_epsg(4326)
_TO_WGS84: dict[str, Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]] = {
    "gcj02": wgs84_from_gcj02,
    "bd09": wgs84_from_bd09,
}
_FROM_WGS84: dict[str, Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]] = {
    "gcj02": gcj02_from_wgs84,
    "bd09": bd09_from_wgs84,
}

SHIFT_NAMES: dict[str, Message] = {
    "none": msg("not shifted"),
    "from gcj02": msg("from gcj02"),
    "from bd09": msg("from bd09"),
    "to gcj02": msg("to gcj02"),
    "to bd09": msg("to bd09"),
}
"""Shifts as people say them."""


@dataclass(frozen=True, slots=True)
class DatumGuess:
    """How well a layer fits the streets, shift by shift.

    Attributes
    ----------
    shift
        What was done to the layer for the best fit: ``"none"``, ``"from gcj02"``, ``"from bd09"`` (the layer is
        shifted, the streets are not), ``"to gcj02"`` or ``"to bd09"`` (the streets are shifted, the layer is not).
    clear
        Whether the best fit is much better than none: at most 0.6 of its misfit, and clearly less in metres.
    misfit_m
        Misfit of every shift: for points the median distance to the nearest street, for areas the metres of street
        inside one, in the mean; infinite where a shift takes areas away from the streets altogether.
    """

    shift: str
    clear: bool
    misfit_m: dict[str, float]


def detect_datum(layer: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> DatumGuess:
    """Find out whether a layer is shifted against the streets, as web maps are in China.

    Parameters
    ----------
    layer
        Points or areas with a CRS; some 1,000 rows, evenly taken by id, are looked at.
    streets
        Lines with a CRS.

    Returns
    -------
    DatumGuess
        ``"none"`` and not clear outside mainland China, or for fewer than 30 rows.
    """
    shapes = layer.sort_index().geometry
    shapes = shapes[~(shapes.is_empty | shapes.isna())]
    shapes = shapes.iloc[:: max(1, len(shapes) // _SAMPLE)]
    if len(shapes) < _MIN_ROWS or not len(streets):
        return DatumGuess("none", clear=False, misfit_m={})
    # without a change of datum: that would cost a second and move nothing that matters here
    degrees = pyproj.CRS(layer.crs).geodetic_crs
    shapes = shapes.to_crs(degrees)
    lon, lat = _middle(shapes.to_numpy())
    if not bool(in_mainland_china(lon, lat)):
        return DatumGuess("none", clear=False, misfit_m={})
    scale = np.array([_M_PER_DEGREE * np.cos(np.radians(lat)), _M_PER_DEGREE])
    lines = shapely.transform(streets.geometry.to_crs(degrees).to_numpy(), lambda xy: xy * scale)
    area = bool((shapely.get_dimensions(shapes.to_numpy()) == 2).any())
    misfit = _misfits(shapes.to_numpy(), lines, scale, area=area)
    best = min(misfit, key=lambda name: (misfit[name], name != "none", name))
    gain_m = misfit["none"] - misfit[best]
    clear = (
        best != "none" and misfit[best] <= _CLEAR * misfit["none"] and gain_m >= _DOUBT_M["area" if area else "point"]
    )
    return DatumGuess(best if clear else "none", clear=clear, misfit_m=misfit)


def _misfits(
    shapes: NDArray[np.object_], lines: NDArray[np.object_], scale: NDArray[np.float64], *, area: bool
) -> dict[str, float]:
    """Misfit of every shift; shapes in degrees, lines in metres (degrees times ``scale``)."""
    shifts = {
        "none": None,
        **{f"from {d}": f for d, f in _TO_WGS84.items()},
        **{f"to {d}": f for d, f in _FROM_WGS84.items()},
    }
    tree = shapely.STRtree(lines)
    misfit: dict[str, float] = {}
    given_m = np.inf
    for name, shift in shifts.items():
        moved = shapely.transform(shapes, lambda xy, shift=shift: _move(xy, shift) * scale)
        away_m = _distance_m(moved, tree)
        if name == "none":
            given_m = away_m
        if not area:
            misfit[name] = away_m
        else:
            # moved into the fields nothing is cut by a street: that is no fit
            misfit[name] = _cut_m(moved, lines, tree) if away_m <= given_m + _AWAY_M else np.inf
    return misfit


def _middle(shapes: NDArray[np.object_]) -> tuple[float, float]:
    xy = shapely.get_coordinates(shapes)
    return float(np.median(xy[:, 0])), float(np.median(xy[:, 1]))


def _move(
    xy: NDArray[np.float64], shift: Callable[[Degrees, Degrees], tuple[Degrees, Degrees]] | None
) -> NDArray[np.float64]:
    lon, lat = xy.T if shift is None else shift(*xy.T)
    return np.column_stack([lon, lat])


def _distance_m(shapes: NDArray[np.object_], tree: shapely.STRtree) -> float:
    """Median distance to the nearest street."""
    _, distance = tree.query_nearest(shapes, return_distance=True, all_matches=False)
    return float(np.median(distance))


def _cut_m(shapes: NDArray[np.object_], lines: NDArray[np.object_], tree: shapely.STRtree) -> float:
    """Metres of street inside an area, in the mean."""
    row, line = tree.query(shapes, predicate="intersects")
    return float(shapely.length(shapely.intersection(shapes[row], lines[line])).sum() / len(shapes))


def convert_datum(read: LayerRead) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Take a layer from gcj02 or bd09 back to wgs84.

    Parameters
    ----------
    read
        Layer whose source declares the datum.

    Returns
    -------
    table : GeoDataFrame
        In degrees of EPSG:4326.
    notices : list of Notice
        That it was done, on every output: the step may be restricted.
    """
    inverse = _TO_WGS84[read.source.datum]
    table = read.table.to_crs(_WGS84)
    shapes = shapely.transform(table.geometry.to_numpy(), lambda xy: np.column_stack(inverse(*xy.T)))
    notice = Notice(
        "datum-converted",
        msg("{file}: taken from {datum} back to wgs84 on request", file=read.source.path.name, datum=read.source.datum),
        everywhere=True,
    )
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=_WGS84)), [notice]


def settle_datum(datums: Sequence[tuple[Datum, Where]]) -> tuple[Datum, list[Fault], list[Notice]]:
    """One datum for all layers.

    Parameters
    ----------
    datums
        Datum of each layer after conversions, and where it is from.

    Returns
    -------
    datum : Datum
        ``"unknown"`` if any layer's is.
    faults : list of Fault
        Layers of different datums; wgs84 and cgcs2000 go together.
    notices : list of Notice
        Layers whose datum is unknown, for every output.
    """
    kinds: dict[str, list[str]] = {}
    for datum, where in datums:
        kinds.setdefault("cgcs2000" if datum in _TRUE else datum, []).append(where.file)
    known = [kind for kind in kinds if kind != "unknown"]
    faults = []
    if len(known) > 1:
        given = "; ".join(
            f"{kind if kind != 'cgcs2000' else 'cgcs2000/wgs84'}: {', '.join(sorted(set(kinds[kind])))}"
            for kind in sorted(known)
        )
        faults.append(
            Fault(
                "mixed-datums",
                msg("one datum for all layers"),
                msg("{datums}", datums=given),
                msg("get all layers in one datum, or take the shifted ones back to wgs84 with convert = true"),
                Where(", ".join(sorted({where.file for _, where in datums}))),
            )
        )
    notices = []
    if "unknown" in kinds:
        files = ", ".join(sorted(set(kinds["unknown"])))
        text = msg("the datum of {files} is unknown: places may be off by up to 1.4 km against other data", files=files)
        notices.append(Notice("datum-unknown", text, everywhere=True))
        return "unknown", faults, notices
    named = {datum for datum, _ in datums}
    if named <= _TRUE:
        return ("cgcs2000" if "cgcs2000" in named else "wgs84"), faults, notices
    return (named.pop() if len(named) == 1 else "unknown"), faults, notices
