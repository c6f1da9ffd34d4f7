"""From the main roads to blocks: faces are halved again and again, first by streets, then by parcel walls."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, pi

import numpy as np
import shapely

from geoplan.samples.planar import Planar

__all__ = ["SETBACK_M", "ZONES", "Zone", "subdivide"]

SETBACK_M = {
    "primary": 24.0,
    "secondary": 17.0,
    "tertiary": 13.0,
    "residential": 9.0,
    "footway": 6.0,
    "": 1.0,
}
"""From a street's centre line to the wall beside it."""


@dataclass(frozen=True, slots=True)
class Zone:
    """How finely a part of the town is divided, areas in hectares.

    A face above ``avenue_ha`` is cut by a secondary road, above ``street_ha`` by a tertiary one, above ``lane_ha`` by a
    residential one, above ``parcel_ha`` by a parcel wall without a street.
    """

    avenue_ha: float
    street_ha: float
    lane_ha: float
    parcel_ha: float
    jitter: float = 0.06
    bend: float = 0.03


ZONES = {
    "core": Zone(30.0, 11.0, 5.0, 2.6, jitter=0.08, bend=0.04),
    "new": Zone(36.0, 19.0, 15.0, 8.0, jitter=0.03, bend=0.025),
    "mixed": Zone(32.0, 14.0, 6.4, 3.1, jitter=0.10, bend=0.05),
    "village": Zone(40.0, 16.0, 5.0, 2.7, jitter=0.18, bend=0.08),
    "industry": Zone(60.0, 26.0, 22.0, 7.5, jitter=0.03, bend=0.02),
    "fringe": Zone(90.0, 36.0, 16.0, 7.5, jitter=0.12, bend=0.06),
    "strip": Zone(1e9, 1e9, 1e9, 5.0, jitter=0.02, bend=0.0),
}


def subdivide(
    plan: Planar, locate: Callable[[shapely.Polygon], str], fixed: dict[int, str], rng: np.random.Generator
) -> dict[int, str]:
    """Halve every face until it is small enough for its zone.

    Parameters
    ----------
    plan
        The subdivision by main roads, changed in place.
    locate
        Zone of a face by its place.
    fixed
        Faces whose zone is known and whose parts inherit it, such as the river's.
    rng
        Source of the irregularity.

    Returns
    -------
    dict of int to str
        Zone of every face that is left.
    """
    zones: dict[int, str] = {}
    queue = [(-plan.polygon(face).area, face) for face in plan.rings]
    heapq.heapify(queue)
    known = dict(fixed)
    while queue:
        _, face = heapq.heappop(queue)
        polygon = plan.polygon(face)
        zone = known.get(face) or locate(polygon)
        kind = _street_for(ZONES[zone], polygon.area / 1e4 * rng.uniform(0.85, 1.15))
        parts = None if kind is None else _halve(plan, face, polygon, ZONES[zone], kind, rng, zone == "strip")
        if parts is None:
            zones[face] = zone
            continue
        for part in parts:
            if face in known:
                known[part] = zone
            heapq.heappush(queue, (-plan.polygon(part).area, part))
    return zones


def _street_for(zone: Zone, hectares: float) -> str | None:
    steps = ((zone.avenue_ha, "secondary"), (zone.street_ha, "tertiary"), (zone.lane_ha, "residential"))
    for limit, kind in (*steps, (zone.parcel_ha, "")):
        if hectares > limit:
            return kind
    return None


def _halve(
    plan: Planar, face: int, polygon: shapely.Polygon, zone: Zone, kind: str, rng: np.random.Generator, strip: bool
) -> tuple[int, int] | None:
    """Cut across the long axis where that makes two good parts, else along it."""
    axis, slimness = _axis(polygon)
    corners = np.asarray(shapely.oriented_envelope(polygon).exterior.coords)[:4]
    middle = corners.mean(axis=0)
    length = float(np.hypot(*(corners[1:] - corners[:-1]).T).max())
    for attempt in range(14):
        along = (0.0 if attempt == 0 and slimness > 2.5 else rng.uniform(-0.14, 0.14)) * length
        turned = pi / 2 if slimness > 1.25 or attempt % 3 < 2 else 0.0
        angle = axis + turned + rng.normal(0, zone.jitter)
        shift = axis if turned else axis + pi / 2
        centre = (float(middle[0] + along * np.cos(shift)), float(middle[1] + along * np.sin(shift)))
        bend = float(rng.normal(0, zone.bend)) if kind else 0.0
        parts = plan.cut(face, centre, angle, kind, bend=bend, frontage_m=0.0 if strip else 22.0)
        if parts is not None:
            return parts
    return None


def _axis(polygon: shapely.Polygon) -> tuple[float, float]:
    """Direction of the long side of the tightest rectangle, and how long it is against the short one."""
    corners = np.asarray(shapely.oriented_envelope(polygon).exterior.coords)
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    longest = int(np.argmax(lengths))
    return atan2(sides[longest, 1], sides[longest, 0]), float(lengths.max() / max(lengths.min(), 1e-9))
