"""Geometries of the kind that a role needs: what can be turned into it without loss is, everything else is a fault."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.errors import Fault, Message, Where, msg
from geoplan.model import Notice
from geoplan.read.sources import ROLE_NAMES

__all__ = ["conform_geometry"]

_Geometries = NDArray[np.object_]
_Mask = NDArray[np.bool_]

_LINE_TYPES = (1, 2, 5)  # LineString, LinearRing, MultiLineString
_POLYGON_TYPES = (3, 6)
_COLLECTION = 7
_TYPE_NAMES = (
    *("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"),
    *("GeometryCollection", ""),
)
_DIMENSION = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2}
_OUTLINED = frozenset({"buildings", "estates", "green", "units"})


def conform_geometry(
    frame: gpd.GeoDataFrame, role: str, allowed: frozenset[str], where: Where
) -> tuple[gpd.GeoDataFrame, list[Fault], list[Notice]]:
    """Bring the geometries of a layer to the types that its role allows.

    Heights are left out (streets keep theirs for slopes), collections are opened, closed outlines become
    polygons, areas of facilities become a point inside; each of these steps is a notice.

    Parameters
    ----------
    frame
        Layer indexed by id.
    role
        Role of the layer.
    allowed
        Geometry types of its schema.
    where
        File and layer.

    Returns
    -------
    frame : GeoDataFrame
        The same rows.
    faults : list of Fault
        Empty, invalid, endless and wrong geometries.
    notices : list of Notice
    """
    shapes: _Geometries = frame.geometry.to_numpy().copy()
    notices: list[Notice] = []

    def step(code: str, mask: _Mask, change: Callable[[_Geometries], _Geometries], message: Message) -> None:
        if mask.any():
            shapes[mask] = change(shapes[mask])
            notices.append(Notice(code, message))

    def name(mask: _Mask) -> dict[str, object]:
        return {"file": where.file, "count": int(mask.sum())}

    if role != "streets":
        high = shapely.has_z(shapes) & ~shapely.is_empty(shapes)
        step(
            "heights-left-out",
            high,
            shapely.force_2d,
            msg("{file}: heights of {count} geometries were left out", **name(high)),
        )
    mixed = shapely.get_type_id(shapes) == _COLLECTION
    mixed &= np.isin(shapely.get_dimensions(shapes), sorted({_DIMENSION[t] for t in allowed}))
    thin = mixed.copy()
    thin[mixed] = [_has_thinner_parts(shape) for shape in shapes[mixed]]
    text = msg("{file}: {count} geometry collections were opened, lines and points in them left out", **name(thin))
    step("parts-left-out", thin, _open_all, text)
    mixed &= ~thin
    text = msg("{file}: {count} geometry collections of one kind were opened", **name(mixed))
    step("collections-opened", mixed, _open_all, text)
    types = shapely.get_type_id(shapes)
    if role in _OUTLINED:
        closed = np.isin(types, _LINE_TYPES)
        closed[closed] = _all_closed(shapes[closed])
        step(
            "outlines-filled", closed, _fill, msg("{file}: {count} closed outlines were taken as areas", **name(closed))
        )
    if role == "facilities":
        areas = np.isin(types, _POLYGON_TYPES) & shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
        step(
            "areas-to-points",
            areas,
            shapely.point_on_surface,
            msg("{file}: {count} areas were taken as a point inside", **name(areas)),
        )
    if "MultiPoint" not in allowed:
        single = (types == 4) & (shapely.get_num_geometries(shapes) == 1)
        step(
            "collections-opened",
            single,
            _first,
            msg("{file}: {count} multipoints of one point were opened", **name(single)),
        )
    accepted = allowed | {"MultiLineString"} if role == "streets" else allowed
    faults = _faults(frame.index.to_numpy(), shapes, role, accepted, where)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)), faults, notices


def _has_thinner_parts(collection: shapely.Geometry) -> bool:
    """Whether some parts are lines or points beside areas, or points beside lines: what an overlay leaves behind."""
    return len({shapely.get_dimensions(part).item() for part in _parts(collection)}) > 1


def _parts(collection: shapely.Geometry) -> list[shapely.Geometry]:
    parts: list[shapely.Geometry] = []
    for part in shapely.get_parts(collection):
        parts += _parts(part) if shapely.get_type_id(part) >= 4 else [part]
    return parts


def _open_all(shapes: _Geometries) -> _Geometries:
    builders = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}
    opened = np.empty(len(shapes), object)
    for i, shape in enumerate(shapes):
        parts = [p for p in _parts(shape) if shapely.get_dimensions(p) == shapely.get_dimensions(shape)]
        opened[i] = parts[0] if len(parts) == 1 else builders[shapely.get_dimensions(parts[0]).item()](parts)
    return opened


def _first(shapes: _Geometries) -> _Geometries:
    return shapely.get_geometry(shapes, 0)


def _all_closed(shapes: _Geometries) -> _Mask:
    """Whether every line of a geometry is a ring of four or more points."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    good = shapely.is_closed(parts) & (shapely.get_num_coordinates(parts) >= 4)
    closed = np.zeros(len(shapes), bool)
    closed[np.unique(owner)] = True
    closed[owner[~good]] = False
    return closed


def _fill(shapes: _Geometries) -> _Geometries:
    filled = np.empty(len(shapes), object)
    for i, shape in enumerate(shapes):
        polygons = [shapely.Polygon(part) for part in shapely.get_parts(shape)]
        filled[i] = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    return filled


def _faults(
    ids: NDArray[np.object_], shapes: _Geometries, role: str, allowed: frozenset[str], where: Where
) -> list[Fault]:
    faults: list[Fault] = []

    def report(code: str, mask: _Mask, needed: Message, given: Message, mend: Message) -> None:
        if mask.any():
            rows = tuple(str(i) for i in ids[mask])
            faults.append(Fault(code, needed, given, mend, Where(where.file, where.layer, "geometry", rows)))

    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    report(
        "empty-geometry",
        empty,
        msg("a geometry in every row"),
        msg("{count} rows without one", count=int(empty.sum())),
        msg("draw the missing shapes, or delete these rows"),
    )
    endless = ~empty & ~_finite(shapes)
    report(
        "endless-geometry",
        endless,
        msg("finite coordinates"),
        msg("infinite coordinates, or none"),
        msg("draw these shapes again, or delete these rows"),
    )
    # a missing shape is of type -1, the last name
    types = np.array(_TYPE_NAMES)[shapely.get_type_id(shapes)]
    wrong = ~empty & ~np.isin(types, sorted(allowed))
    report(
        "wrong-geometry",
        wrong,
        msg("{types} for {role}", types=", ".join(sorted(allowed)), role=ROLE_NAMES[role]),
        msg("{types}", types=", ".join(sorted({str(t) for t in types[wrong]}))),
        msg("check the role of the layer; outlines drawn as lines must be closed, and shapes of one kind"),
    )
    usable = ~empty & ~endless & ~wrong
    broken = usable & ~shapely.is_valid(shapes) & (shapely.get_dimensions(shapes) == 2)
    first = shapely.is_valid_reason(shapes[broken][0]) if broken.any() else ""
    report(
        "invalid-geometry",
        broken,
        msg("valid polygons, whose outline does not cross itself"),
        msg("{reason}", reason=first),
        msg("mend them in QGIS (Vector geometry > Fix geometries) and save the layer again"),
    )
    if role == "streets":
        point = usable & ~(shapely.length(shapes) > 0.0)
        report(
            "zero-length",
            point,
            msg("streets longer than nothing"),
            msg("{count} streets of zero length", count=int(point.sum())),
            msg("delete these rows"),
        )
    return faults


def _finite(shapes: _Geometries) -> _Mask:
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), bool)
    finite[owner[~np.isfinite(xy).all(axis=1)]] = False
    return finite
