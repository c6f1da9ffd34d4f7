"""What is drawn by hand of each sample town: outline, main roads, river, railway, zones and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf

import numpy as np
import shapely
from scipy.interpolate import CubicSpline

from geoplan.samples.planar import XY, Line

__all__ = ["Band", "Community", "Extra", "TownPlan", "at", "band_lines", "curve", "road"]


@dataclass(frozen=True, slots=True)
class Band:
    """A river, railway or expressway: its centre line, the strip of land it takes, and what runs along the strip."""

    kind: str
    name: str
    points: Sequence[XY]
    land_m: float
    width_m: float
    bank: str
    bank_names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Community:
    """A community: its rough middle, its households, and how its service centres are placed.

    ``centres`` are ``"good"`` (near the middle of its people) or ``"bad"`` (at its far edge).
    """

    name: str
    middle: XY
    households: float
    grids: int
    centres: tuple[str, ...] = ("good",)


@dataclass(frozen=True, slots=True)
class Extra:
    """A service centre placed by hand: name, tier, rough place and floor area."""

    name: str
    tier: str
    at: XY
    floor_area_m2: float
    candidate: bool = False


@dataclass(frozen=True, slots=True)
class TownPlan:
    """The hand-drawn part of a town, in metres from ``origin``.

    ``people`` are residents and registered people. A parcel with more households than ``split_above`` is divided
    between grids; ``tier`` is that of the communities' own centres; ``old_estates`` of the oldest parcels are
    up for renovation.
    """

    name: str
    epsg: int
    origin: XY
    outline: Sequence[XY]
    roads: Sequence[Line]
    bands: Sequence[Band]
    zones: Sequence[tuple[str, Sequence[XY]]]
    default_zone: str
    communities: Sequence[Community]
    estates: int
    households: int
    enclaves: int
    notches: int
    units: int
    people: tuple[int, int]
    bridges: str
    tier: str = "社区"
    extras: Sequence[Extra] = ()
    split_above: float = inf
    old_estates: int = 0

    def zone_at(self, polygon: shapely.Polygon) -> str:
        """Zone that holds the middle of a face; the first drawn wins."""
        point = polygon.representative_point()
        for name, shape in _zone_shapes(self):
            if shape.contains(point):
                return name
        return self.default_zone


@cache
def _shapes(zones: tuple[tuple[str, tuple[XY, ...]], ...]) -> list[tuple[str, shapely.Polygon]]:
    return [(name, shapely.Polygon(curve(points, closed=True))) for name, points in zones]


def _zone_shapes(plan: TownPlan) -> list[tuple[str, shapely.Polygon]]:
    return _shapes(tuple((name, tuple(points)) for name, points in plan.zones))


def at(text: str) -> list[XY]:
    """Points out of ``"x y, x y"``, in metres from the town's origin.

    Parameters
    ----------
    text
        Pairs of numbers.

    Returns
    -------
    list of tuple of float
        x and y of each point.

    Examples
    --------
    >>> at("-20 5, 30 8")
    [(-20.0, 5.0), (30.0, 8.0)]
    """
    pairs = (pair.split() for pair in text.split(","))
    return [(float(x), float(y)) for x, y in pairs]


def curve(points: Sequence[XY], *, closed: bool = False, step_m: float = 60.0) -> list[XY]:
    """A smooth line through hand-drawn points.

    Parameters
    ----------
    points
        Points in metres that the line goes through.
    closed
        Whether the line comes back to its first point.
    step_m
        About how far the points of the line lie apart.

    Returns
    -------
    list of tuple of float
        x and y along the line; a closed one does not repeat its first point.
    """
    at = np.array([*points, points[0]] if closed else points, dtype=float)
    if len(at) == 2:
        return [(float(x), float(y)) for x, y in at]
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(at, axis=0).T))]
    spline = CubicSpline(along, at, bc_type="periodic" if closed else "natural")
    count = max(2, round(along[-1] / step_m))
    dense = spline(np.linspace(0, along[-1], count + 1))
    return [(float(x), float(y)) for x, y in (dense[:-1] if closed else dense)]


def road(kind: str, name: str, points: str) -> Line:
    """A main road through hand-drawn points.

    Parameters
    ----------
    kind
        Class of the street, such as ``"primary"``.
    name
        Name of the street.
    points
        As for :func:`at`.

    Returns
    -------
    Line
        Kind, name and points.
    """
    return kind, name, curve(at(points))


def band_lines(band: Band) -> list[Line]:
    """Centre line and both edges of a band; the edges are streets where the band has banks.

    Parameters
    ----------
    band
        A river, railway or expressway.

    Returns
    -------
    list of Line
        The centre line without kind and name, then both edges.
    """
    centre = shapely.LineString(curve(band.points))
    edges = [centre.offset_curve(side * band.land_m / 2, join_style="round") for side in (1, -1)]
    lines: list[Line] = [("", "", list(centre.coords))]
    for edge, name in zip(edges, band.bank_names, strict=True):
        lines.append((band.bank, name, list(edge.simplify(1.5).coords)))
    return lines
