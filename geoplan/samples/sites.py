"""Parcels: what each is used for, its wall, its gates, and the lanes inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import atan2, hypot

import numpy as np
import shapely

from geoplan.samples.blocks import SETBACK_M
from geoplan.samples.planar import XY, Planar

__all__ = ["LIVED_IN", "Cell", "Gate", "choose_uses", "lay_out"]

LIVED_IN = ("estate", "block", "village")
_WALLED = ("estate", "block", "public", "industry")

USES: dict[str, dict[str, float]] = {
    "core": {"block": 0.77, "estate": 0.10, "public": 0.08, "commerce": 0.05},
    "new": {"estate": 0.76, "block": 0.08, "public": 0.07, "green": 0.06, "commerce": 0.03},
    "mixed": {"block": 0.50, "village": 0.24, "estate": 0.14, "public": 0.05, "green": 0.04, "industry": 0.03},
    "village": {"village": 0.80, "block": 0.08, "estate": 0.08, "public": 0.04},
    "industry": {"industry": 0.82, "block": 0.14, "green": 0.04},
    "fringe": {"village": 0.30, "farm": 0.46, "block": 0.10, "estate": 0.04, "industry": 0.06, "green": 0.04},
}
"""Share of each use by zone."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate in a parcel's wall."""

    at: XY
    street: int
    open: bool = True


@dataclass(slots=True)
class Cell:
    """One parcel: its land to the street's centre line, and the site within its wall."""

    face: int
    zone: str
    use: str
    land: shapely.Polygon
    site: shapely.Polygon
    walled: bool = False
    through: bool = False
    gates: list[Gate] = field(default_factory=list)
    lanes: list[list[XY]] = field(default_factory=list)
    name: str = ""
    style: str = ""
    angle: float = 0.0


def choose_uses(
    plan: Planar, zones: Mapping[int, str], strips: Mapping[int, str], estates: int, rng: np.random.Generator
) -> list[Cell]:
    """Give every face a use, with exactly ``estates`` named estates.

    Parameters
    ----------
    plan, zones
        The subdivision and the zone of each face.
    strips
        Use of the faces of river and railway.
    estates
        How many parcels become named estates.
    rng
        Source of the choice.

    Returns
    -------
    list of Cell
        In the order of the faces.
    """
    cells = []
    for face in sorted(plan.rings):
        land = plan.polygon(face)
        site = _site(plan, face, land)
        if face in strips:
            use = strips[face]
        elif site.area < 900.0 or shapely.maximum_inscribed_circle(site, tolerance=1.0).length < 14.0:
            use = "green"
        else:
            shares = USES[zones[face]]
            use = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
        cells.append(Cell(face, zones[face], use, land, site))
    _fit_estates(cells, estates, rng)
    for cell in cells:
        cell.walled = cell.use == "estate" or (cell.use in _WALLED and rng.random() < 0.35)
        cell.through = cell.walled and cell.use == "estate" and rng.random() < 0.06
        cell.angle = _row_angle(cell.site)
    return cells


def _fit_estates(cells: list[Cell], wanted: int, rng: np.random.Generator) -> None:
    """Turn blocks into estates, or back, until the number is right."""
    have = [c for c in cells if c.use == "estate"]
    for cell in have:
        if cell.site.area < 6000.0:
            cell.use = "block"
    have = [c for c in have if c.use == "estate"]
    for cell in sorted(have, key=lambda c: c.site.area)[: max(0, len(have) - wanted)]:
        cell.use = "block"
    blocks = [c for c in cells if c.use == "block" and c.site.area > 12_000.0]
    for i in rng.permutation(len(blocks))[: max(0, wanted - len(have))]:
        blocks[i].use = "estate"


def _site(plan: Planar, face: int, land: shapely.Polygon) -> shapely.Polygon:
    """What is left of the land within the setback of each of its streets."""
    strips = [
        shapely.LineString([plan.xy[a], plan.xy[b]]).buffer(SETBACK_M[plan.edge_kind(a, b)], quad_segs=2)
        for a, b in plan.edges(face)
    ]
    left = land.difference(shapely.unary_union(strips)).buffer(-2.0, join_style="mitre").buffer(2.0, join_style="mitre")
    parts = [p for p in shapely.get_parts(left) if p.geom_type == "Polygon"]
    site = max(parts, key=lambda p: p.area, default=shapely.Polygon())
    return shapely.Polygon(site.simplify(0.4).exterior) if parts else site


def _row_angle(site: shapely.Polygon) -> float:
    """Direction of rows of houses: along the longest sides, as near to east-west as they come."""
    if site.is_empty:
        return 0.0
    at = np.asarray(site.exterior.coords)
    side = np.diff(at, axis=0)
    turn = np.angle(np.sum(np.hypot(*side.T) * np.exp(4j * np.arctan2(side[:, 1], side[:, 0])))) / 4
    return float(turn)


def lay_out(plan: Planar, cells: list[Cell], rng: np.random.Generator) -> None:
    """Cut gates into the walls and draw the lanes inside, splitting the street at each gate.

    Parameters
    ----------
    plan
        Blocks and streets; streets are split in place.
    cells
        Parcels; they get gates and lanes in place.
    rng
        Source of all chance, so that a seed gives one town.
    """
    for cell in cells:
        hectares = cell.site.area / 1e4
        if cell.use not in (*LIVED_IN, "public", "industry") or hectares < 0.5:
            cell.walled = False
            continue
        wanted = 1 + int(hectares > 1.2) + int(hectares > 3.5) + int(hectares > 6.0)
        if not cell.walled and (hectares < 1.6 or cell.use in ("public", "industry")):
            continue
        spots = [spot for front in _frontages(plan, cell.face)[:wanted] if (spot := _gate_spot(plan, cell, front, rng))]
        cell.gates = [Gate(gate, street) for street, gate, _ in spots]
        cell.walled = cell.walled and bool(spots)
        if cell.use in LIVED_IN and (hectares > 1.6 or not cell.walled):
            cell.lanes = _lanes(plan, cell, spots)
        if not cell.walled:
            cell.gates = []


def _frontages(plan: Planar, face: int) -> list[list[tuple[int, int]]]:
    """Straight runs of street along the parcel, the longest first."""
    edges = plan.edges(face)
    runs: list[list[tuple[int, int]]] = []
    for a, b in edges:
        kind = plan.edge_kind(a, b)
        if (
            runs
            and runs[-1][-1][1] == a
            and plan.edge_kind(*runs[-1][-1]) == kind
            and not _turns(plan, runs[-1][-1], b)
        ):
            runs[-1].append((a, b))
        else:
            runs.append([(a, b)])
    streets = [run for run in runs if plan.edge_kind(*run[0])]
    return sorted(streets, key=lambda run: -round(sum(plan.length(*e) for e in run), 2))


def _turns(plan: Planar, edge: tuple[int, int], after: int) -> bool:
    (ax, ay), (bx, by), (cx, cy) = plan.xy[edge[0]], plan.xy[edge[1]], plan.xy[after]
    turn = atan2(cy - by, cx - bx) - atan2(by - ay, bx - ax)
    return abs((turn + np.pi) % (2 * np.pi) - np.pi) > 0.5


def _gate_spot(
    plan: Planar, cell: Cell, run: list[tuple[int, int]], rng: np.random.Generator
) -> tuple[int, XY, XY] | None:
    """Street vertex, gate and a point just inside it."""
    total = sum(plan.length(*edge) for edge in run)
    if total < 40.0:
        return None
    along = total * rng.uniform(0.38, 0.62)
    for a, b in run:
        length = plan.length(a, b)
        if along <= length:
            break
        along -= length
    along = min(along, length)
    (ax, ay), (bx, by) = plan.xy[a], plan.xy[b]
    dx, dy = (bx - ax) / length, (by - ay) / length
    street = a if along < 9.0 else b if length - along < 9.0 else None
    x, y = plan.xy[street] if street is not None else (ax + along * dx, ay + along * dy)
    ray = shapely.LineString([(x, y), (x - 70 * dy, y + 70 * dx)])
    inside = ray.intersection(cell.site)
    if inside.is_empty or inside.geom_type != "LineString" or inside.length < 20.0:
        return None
    (gx, gy) = min(inside.coords[0], inside.coords[-1], key=lambda p: hypot(p[0] - x, p[1] - y))
    if street is None:
        street = plan.split_edge(a, b, (x, y))
    return street, (round(gx, 2), round(gy, 2)), (round(gx - 14 * dy, 2), round(gy + 14 * dx, 2))


def _lanes(plan: Planar, cell: Cell, spots: list[tuple[int, XY, XY]]) -> list[list[XY]]:
    """Lanes from the gates to a hub in the middle; none where they would leave the site."""
    inner = cell.site.buffer(-6.0)
    if len(spots) < 2 or inner.is_empty:
        return []
    hub = cell.site.centroid if inner.contains(cell.site.centroid) else inner.representative_point()
    centre = (round(hub.x, 2), round(hub.y, 2))
    lanes = []
    for street, gate, inside in spots:
        if inner.contains(shapely.LineString([inside, centre])):
            lanes.append([plan.xy[street], gate, inside, centre])
    return lanes if len(lanes) >= 2 else []
