"""A town while it is being made: ground, parcels, houses, people, communities and grids."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import networkx as nx
import numpy as np
import shapely
import shapely.ops

from geoplan.samples import houses, sites, units
from geoplan.samples.blocks import subdivide
from geoplan.samples.planar import Planar
from geoplan.samples.plans import TownPlan, band_lines, curve

__all__ = ["Draft", "draw", "settle"]

_PEOPLE = {"estate": 2.75, "block": 2.45, "village": 3.25}
"""Residents of a household, before they are scaled to the town's total."""


@dataclass(slots=True)
class Draft:
    """What is known while the town is being made.

    Arrays and ``lived`` (houses of each parcel) run along the parcels; ``pieces`` are the faces that grids are made of,
    with parcel, households and grid of each: one to a parcel, more where a parcel is divided between grids.
    """

    plan: TownPlan
    ground: Planar
    cells: list[sites.Cell]
    strips: dict[int, str]
    houses: list[houses.House]
    lived: list[list[int]]
    households: np.ndarray
    residents: np.ndarray
    registered: np.ndarray
    community: np.ndarray
    pieces: list[int]
    piece_cell: np.ndarray
    piece_households: np.ndarray
    piece_grid: np.ndarray
    graph: nx.Graph
    rng: np.random.Generator

    @property
    def middles(self) -> np.ndarray:
        """A point on each parcel."""
        return shapely.get_coordinates(shapely.point_on_surface(np.array([cell.land for cell in self.cells])))

    @property
    def land(self) -> np.ndarray:
        """Land of each piece."""
        return np.array([self.ground.polygon(face) for face in self.pieces])


def draw(plan: TownPlan, rng: np.random.Generator) -> Draft:
    """Draw blocks, uses, gates and houses.

    Parameters
    ----------
    plan
        What is drawn by hand.
    rng
        Source of all chance, so that a seed gives one town.

    Returns
    -------
    Draft
        The town before anybody has moved in.
    """
    lines = [line for band in plan.bands for line in band_lines(band)]
    ground = Planar.from_lines([*lines, *plan.roads], plan.outline)
    bands = [(b.kind, shapely.LineString(curve(b.points)).buffer(b.land_m / 2 - 1)) for b in plan.bands]
    fixed = {
        face: "strip"
        for face in ground.rings
        if any(band.contains(ground.polygon(face).representative_point()) for _, band in bands)
    }
    zones = subdivide(ground, plan.zone_at, fixed, rng)
    strips = {
        face: next(k for k, band in bands if band.contains(ground.polygon(face).representative_point()))
        for face, zone in zones.items()
        if zone == "strip"
    }
    cells = sites.choose_uses(ground, zones, strips, plan.estates, rng)
    sites.lay_out(ground, cells, rng)
    built: list[houses.House] = []
    for index, cell in enumerate(cells):
        cell.land = ground.polygon(cell.face)
        cell.style = houses.choose_style(cell, rng)
        mine = houses.build(index, cell, rng)
        if not mine and cell.use in sites.LIVED_IN:
            cell.style = "houses" if cell.use == "village" else "old_slab"
            mine = houses.build(index, cell, rng)
        built += mine
    nothing = np.zeros(len(cells))
    none = nothing.astype(int)
    faces = [cell.face for cell in cells]
    graph = units.adjacency(ground, faces)
    return Draft(
        plan, ground, cells, strips, built, [], nothing, nothing, nothing, none, faces, none, nothing, none, graph, rng
    )


def settle(draft: Draft) -> None:
    """Fill the houses with households and people, then make communities and grids.

    Parameters
    ----------
    draft
        Of :func:`draw`; it is filled in place.
    """
    _move_in(draft)
    middles, plan = draft.middles, draft.plan
    seeds = np.array([c.middle for c in plan.communities], dtype=float)
    share = np.array([c.households for c in plan.communities])
    tidy = units.balanced_regions(
        draft.graph, middles, draft.households, seeds, share / share.sum(), _apart(plan, middles, seeds)
    )
    draft.community = _untidy(draft, tidy)
    _divide(draft)
    for cell in draft.cells:
        faces = [f for f, i in zip(draft.pieces, draft.piece_cell, strict=True) if draft.cells[int(i)] is cell]
        cell.land = shapely.coverage_union_all([draft.ground.polygon(face) for face in faces])
    draft.piece_grid = units.split_regions(
        units.adjacency(draft.ground, draft.pieces),
        draft.community[draft.piece_cell],
        shapely.get_coordinates(shapely.point_on_surface(draft.land)),
        draft.piece_households,
        [c.grids for c in plan.communities],
    )


def _move_in(draft: Draft) -> None:
    """Households of every house at one rate of occupancy, give or take a tenth by parcel, and people by kind."""
    flats = sum(house.flats for house in draft.houses)
    rate = np.clip(draft.plan.households / flats * draft.rng.uniform(0.9, 1.1, len(draft.cells)), 0.0, 1.0)
    draft.lived = [[] for _ in draft.cells]
    for index, house in enumerate(draft.houses):
        house.flats = max(int(house.flats > 0), round(house.flats * float(rate[house.cell])))
        draft.lived[house.cell].append(index)
    draft.households = np.array([sum(draft.houses[i].flats for i in mine) for mine in draft.lived], dtype=float)
    each = np.array([_PEOPLE.get(c.use, 0.0) for c in draft.cells]) * draft.rng.uniform(0.92, 1.08, len(draft.cells))
    resident, registered = draft.plan.people
    draft.residents = each * resident / float((each * draft.households).sum())
    ratio = draft.rng.uniform(0.7, 1.0, len(draft.cells))
    people = draft.residents * ratio
    draft.registered = people * registered / float((people * draft.households).sum())


def _divide(draft: Draft) -> None:
    """Cut parcels that are too large for one grid between two rows of houses."""
    pieces: list[int] = []
    owner: list[int] = []
    for index, cell in enumerate(draft.cells):
        faces = [cell.face]
        count = ceil(draft.households[index] / draft.plan.split_above)
        for spots in _gaps(draft, index, count):
            faces = _cut_once(draft, faces, spots, cell.angle)
        pieces += faces
        owner += [index] * len(faces)
    draft.pieces, draft.piece_cell = pieces, np.array(owner)
    draft.piece_households = np.zeros(len(pieces))
    for k, (face, index) in enumerate(zip(pieces, owner, strict=True)):
        polygon = draft.ground.polygon(face)
        mine = [draft.houses[h] for h in draft.lived[index]]
        draft.piece_households[k] = sum(h.flats for h in mine if polygon.contains(h.shape.centroid))


def _cut_once(draft: Draft, faces: list[int], spots: list[tuple[float, float]], angle: float) -> list[int]:
    """Cut one of the faces at the first of the spots where a cut can be made."""
    for spot in spots:
        face = next((f for f in faces if draft.ground.polygon(f).contains(shapely.Point(spot))), None)
        if face is None:
            continue
        for turn in (0.0, 0.04, -0.04):
            parts = draft.ground.cut(face, spot, angle + turn, "", snap_m=0.0, least=0.05)
            if parts is not None:
                return [*(f for f in faces if f != face), *parts]
    return faces


def _gaps(draft: Draft, index: int, count: int) -> list[list[tuple[float, float]]]:
    """For each cut that parts a parcel into ``count`` about equal parts, points between rows of houses, best first."""
    if count < 2:
        return []
    cell, mine = draft.cells[index], [draft.houses[h] for h in draft.lived[index]]
    across = np.array([-np.sin(cell.angle), np.cos(cell.angle)])
    at = np.array([shapely.get_coordinates(h.shape.centroid)[0] @ across for h in mine])
    rows = np.unique(np.round(at))
    breaks = (rows[1:] + rows[:-1])[np.diff(rows) > 8.0] / 2
    below = np.array([sum(h.flats for h, y in zip(mine, at, strict=True) if y < gap) for gap in breaks])
    middle = shapely.get_coordinates(cell.site.centroid)[0]
    cuts = []
    for part in range(1, count):
        best = np.argsort(np.abs(below - draft.households[index] * part / count), kind="stable")[:3]
        spots = [middle + (breaks[k] - middle @ across) * across for k in best]
        cuts.append([(float(x), float(y)) for x, y in spots])
    return cuts


def _apart(plan: TownPlan, middles: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Extra squared distance for what lies on the other side of a river or railway."""
    extra = np.zeros((len(middles), len(seeds)))
    area = shapely.Polygon(plan.outline).buffer(500.0)
    for band in plan.bands:
        halves = shapely.ops.split(area, shapely.LineString(curve(band.points))).geoms
        one = min(halves, key=lambda g: g.area)
        shapely.prepare(one)
        here = shapely.contains_xy(one, middles[:, 0], middles[:, 1])
        there = shapely.contains_xy(one, seeds[:, 0], seeds[:, 1])
        extra += np.where(here[:, None] != there[None, :], 600.0**2, 0.0)
    return extra


def _untidy(draft: Draft, tidy: np.ndarray) -> np.ndarray:
    """Enclaves where urban villages and new estates interleave."""
    order = draft.rng.permutation(len(draft.cells))
    use = {"village": 0, "estate": 1, "block": 2}
    liked = [i for i in order if draft.cells[i].use in use and 0 < draft.households[i] < 350]
    liked.sort(key=lambda i: use[draft.cells[i].use])
    small = {r for r, c in enumerate(draft.plan.communities) if c.households < 1000}
    return units.add_enclaves(draft.graph, tidy, np.array(liked), small, draft.plan.enclaves, draft.plan.notches)
