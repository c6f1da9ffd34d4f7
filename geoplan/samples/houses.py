"""Houses in rows: slabs and towers in estates, small houses in villages, halls in works."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import affinity

from geoplan.samples.sites import Cell

__all__ = ["STYLES", "House", "Style", "build", "choose_style"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a parcel is built up, in metres.

    ``flats_per_m`` are dwellings for each metre of a house's length on one floor; 0 where nobody lives.
    """

    depth: float
    lengths: tuple[float, ...]
    pitch: float
    gap: float
    floors: tuple[int, int]
    flats_per_m: float
    margin: float
    keep: float = 1.0


STYLES = {
    "tower": Style(17.0, (30.0, 34.0), 58.0, 24.0, (18, 32), 4 / 30, 11.0, 0.98),
    "high_slab": Style(14.0, (34.0, 50.0, 50.0, 66.0), 42.0, 14.0, (9, 11), 2 / 17, 10.0, 0.97),
    "slab": Style(12.5, (32.0, 46.0, 46.0, 60.0), 27.0, 9.0, (5, 6), 2 / 16, 7.0, 0.96),
    "old_slab": Style(11.5, (28.0, 42.0, 42.0, 54.0), 26.0, 8.0, (3, 5), 2 / 15, 6.0, 0.82),
    "houses": Style(11.0, (14.0, 28.0, 28.0, 42.0), 23.0, 5.5, (2, 3), 1 / 13, 4.0, 0.74),
    "campus": Style(16.0, (40.0, 60.0, 60.0), 48.0, 18.0, (3, 5), 0.0, 12.0, 0.85),
    "works": Style(30.0, (54.0, 72.0, 72.0, 90.0), 48.0, 16.0, (1, 2), 0.0, 12.0, 0.9),
    "market": Style(32.0, (44.0, 56.0), 50.0, 14.0, (2, 4), 0.0, 8.0, 1.0),
}


@dataclass(slots=True)
class House:
    """One building."""

    cell: int
    shape: shapely.Polygon
    floors: int
    flats: int

    @property
    def floor_area_m2(self) -> float:
        """Floor area of all storeys."""
        return round(self.shape.area * self.floors, 1)


def choose_style(cell: Cell, rng: np.random.Generator) -> str:
    """Style of the houses on a parcel, ``""`` where none stand.

    Parameters
    ----------
    cell
        The parcel with its use and zone.
    rng
        Source of all chance, so that a seed gives one town.

    Returns
    -------
    str
        A key of :data:`STYLES`, or ``""``.
    """
    if cell.use == "estate":
        high = {"new": (0.55, 0.30), "core": (0.2, 0.2)}.get(cell.zone, (0.2, 0.35))
        draw = rng.random()
        return "tower" if draw < high[0] else "high_slab" if draw < sum(high) else "slab"
    if cell.use == "block":
        return "slab" if rng.random() < 0.3 else "old_slab"
    return {"village": "houses", "public": "campus", "industry": "works", "commerce": "market"}.get(cell.use, "")


def build(index: int, cell: Cell, rng: np.random.Generator) -> list[House]:
    """Fill a parcel with rows of houses, clear of its wall and its lanes.

    Parameters
    ----------
    index
        Position of the parcel, kept by its houses.
    cell
        The parcel with style, wall and lanes.
    rng
        Source of all chance, so that a seed gives one town.

    Returns
    -------
    list of House
        Row by row; empty where none fits.
    """
    if not cell.style:
        return []
    style = STYLES[cell.style]
    land = cell.site.buffer(-style.margin)
    if cell.lanes:
        land = land.difference(shapely.unary_union([shapely.LineString(lane) for lane in cell.lanes]).buffer(5.5))
    if land.is_empty:
        return []
    pivot = cell.site.centroid
    flat = affinity.rotate(land, -cell.angle, origin=pivot, use_radians=True)
    boxes = _rows(flat, style, rng)
    if not boxes:
        return []
    shapes = affinity.rotate(shapely.MultiPolygon(boxes), cell.angle, origin=pivot, use_radians=True)
    floors = int(rng.integers(style.floors[0], style.floors[1] + 1))
    return [_house(index, shape, floors, style, rng) for shape in shapely.get_parts(shapes)]


def _house(index: int, shape: shapely.Polygon, usual: int, style: Style, rng: np.random.Generator) -> House:
    floors = max(1, usual + int(rng.integers(-1, 2))) if style.flats_per_m and style.floors[0] > 1 else usual
    length = shape.area / style.depth
    # a hair below, so that turning the shape, whose last digits differ between machines, never decides a half
    per_floor = max(1, round(length * style.flats_per_m - 1e-6)) if style.flats_per_m else 0
    if (
        style.depth == STYLES["houses"].depth
    ):  # a village house is one household from top to bottom, or let by the floor
        flats = per_floor * (1 if rng.random() < 0.55 else floors)
    else:
        flats = per_floor * floors
    return House(index, shapely.set_precision(shape, 0.01), floors, flats)


def _rows(land: shapely.Geometry, style: Style, rng: np.random.Generator) -> list[shapely.Polygon]:
    """Boxes along east-west rows, wholly inside the (turned) land."""
    _, bottom, _, top = land.bounds
    rows = max(1, int((top - bottom - style.depth) // style.pitch) + 1)
    spare = (top - bottom - style.depth) - (rows - 1) * style.pitch
    if spare < 0:
        return []
    boxes = []
    for row in range(rows):
        y = bottom + spare / 2 + row * style.pitch
        for left, right in _clear(land, y, y + style.depth):
            boxes += _along(left, right, y, style, rng)
    if not boxes:
        return []
    keep = shapely.contains(land.buffer(0.2), np.array(boxes))
    return [box for box, good in zip(boxes, keep, strict=True) if good and rng.random() < style.keep]


def _clear(land: shapely.Geometry, low: float, high: float) -> list[tuple[float, float]]:
    """Stretches of a row that lie inside the land over the row's whole depth."""
    left, _, right, _ = land.bounds
    spans = [(left, right)]
    for y in (low, (low + high) / 2, high):
        cut = shapely.get_parts(shapely.LineString([(left - 1, y), (right + 1, y)]).intersection(land))
        pieces = [(p.bounds[0], p.bounds[2]) for p in cut if p.geom_type == "LineString"]
        spans = [(max(a, c), min(b, d)) for a, b in spans for c, d in pieces if min(b, d) - max(a, c) > 5.0]
    return sorted(spans)


def _along(left: float, right: float, y: float, style: Style, rng: np.random.Generator) -> list[shapely.Polygon]:
    """Houses along a stretch, with the room left over spread between them."""
    lengths: list[float] = []
    room = right - left
    while True:
        fitting = [length for length in style.lengths if length <= room]
        if not fitting:
            break
        lengths.append(float(fitting[int(rng.integers(len(fitting)))]))
        room -= lengths[-1] + style.gap
    if not lengths:
        return []
    spread = max(0.0, room + style.gap) / (len(lengths) + 1)
    x, boxes = left + spread, []
    for length in lengths:
        boxes.append(shapely.box(x, y, x + length, y + style.depth))
        x += length + style.gap + spread
    return boxes
