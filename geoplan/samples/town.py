"""One town from its plan and a seed: every table, in the town's projected CRS."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import hypot

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
import shapely.ops

from geoplan.samples import houses, names, sites, streets, units
from geoplan.samples.blocks import SETBACK_M, subdivide
from geoplan.samples.planar import XY, Planar
from geoplan.samples.plans import TownPlan, band_lines, curve

__all__ = ["SampleTown", "make_town"]

_PEOPLE = {"estate": 2.75, "block": 2.45, "village": 3.25}
"""Residents of a household."""


@dataclass(frozen=True, slots=True)
class SampleTown:
    """The tables of a sample town, with plain English column names; :mod:`geoplan.samples.files` dresses them up."""

    plan: TownPlan
    blocks: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    units: gpd.GeoDataFrame


@dataclass(slots=True)
class _Draft:
    """What is known while the town is being made; lists run along the parcels."""

    plan: TownPlan
    ground: Planar
    cells: list[sites.Cell]
    strips: dict[int, str]
    houses: list[houses.House]
    lived: list[list[int]]
    households: np.ndarray
    graph: nx.Graph
    community: np.ndarray
    grid: np.ndarray
    rng: np.random.Generator


def make_town(plan: TownPlan, *, seed: int) -> SampleTown:
    """Make a town from its plan.

    Parameters
    ----------
    plan
        Its hand-drawn part.
    seed
        Seed of everything that is not drawn by hand; the same seed gives the same town.

    Returns
    -------
    SampleTown
    """
    rng = np.random.default_rng(seed)
    draft = _draw(plan, rng)
    _settle(draft)
    lines = streets.street_lines(
        draft.ground,
        draft.cells,
        draft.strips,
        names.street_pool(rng),
        iter(f"兰溪河{n}桥" for n in "一二三四五六七八九"),
    )
    _name_cells(draft, lines)
    ids = _ids(draft)
    estates = _estates(draft, ids)
    communities, grids = _levels(draft)
    return SampleTown(
        plan,
        _blocks(draft, ids, communities, grids),
        estates,
        _buildings(draft, ids),
        _streets(draft, lines),
        _gates(draft, ids),
        _centres(draft, lines, communities),
        _barriers(draft),
        communities,
        grids,
        _units(draft, lines),
    )


def _draw(plan: TownPlan, rng: np.random.Generator) -> _Draft:
    """Blocks, uses, gates and houses."""
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
        built += houses.build(index, cell, rng)
    nothing = np.zeros(len(cells), dtype=int)
    graph = units.adjacency(ground, [cell.face for cell in cells])
    return _Draft(plan, ground, cells, strips, built, [], np.zeros(len(cells)), graph, nothing, nothing, rng)


def _settle(draft: _Draft) -> None:
    """Households of every house, then communities and grids."""
    flats = sum(house.flats for house in draft.houses)
    lived_in = draft.plan.households / flats
    draft.lived = [[] for _ in draft.cells]
    rate = np.clip(lived_in * draft.rng.uniform(0.9, 1.1, len(draft.cells)), 0.0, 1.0)
    for index, house in enumerate(draft.houses):
        house.flats = max(int(house.flats > 0), round(house.flats * float(rate[house.cell])))
        draft.lived[house.cell].append(index)
    draft.households = np.array([sum(draft.houses[i].flats for i in mine) for mine in draft.lived], dtype=float)
    middles = _middles(draft)
    seeds = np.array([c.middle for c in draft.plan.communities], dtype=float)
    share = np.array([c.households for c in draft.plan.communities])
    tidy = units.balanced_regions(
        draft.graph, middles, draft.households, seeds, share / share.sum(), _apart(draft.plan, middles, seeds)
    )
    draft.community = _untidy(draft, tidy)
    draft.grid = units.split_regions(
        draft.graph, draft.community, middles, draft.households, [c.grids for c in draft.plan.communities]
    )


def _middles(draft: _Draft) -> np.ndarray:
    points = shapely.point_on_surface(np.array([cell.land for cell in draft.cells]))
    return shapely.get_coordinates(points)


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


def _untidy(draft: _Draft, tidy: np.ndarray) -> np.ndarray:
    """Enclaves where urban villages and new estates interleave."""
    order = draft.rng.permutation(len(draft.cells))
    use = {"village": 0, "estate": 1, "block": 2}
    liked = [i for i in order if draft.cells[i].use in use and 0 < draft.households[i] < 350]
    liked.sort(key=lambda i: use[draft.cells[i].use])
    small = {r for r, c in enumerate(draft.plan.communities) if c.households < 1000}
    return units.add_enclaves(draft.graph, tidy, np.array(liked), small, draft.plan.enclaves, draft.plan.notches)


def _name_cells(draft: _Draft, lines: list[streets.Street]) -> None:
    """Names of estates, of urban villages by cluster, of blocks by street and number."""
    named = iter(names.estate_names(draft.rng, draft.plan.estates))
    by_edge = {}
    for line in lines:
        for p, q in zip(line.points, line.points[1:], strict=False):
            by_edge[p, q] = by_edge[q, p] = line.name
    numbers: Counter[str] = Counter()
    village = _village_clusters(draft)
    for index in units.number_by_place([(float(x), float(y)) for x, y in _middles(draft)], band_m=250.0):
        cell = draft.cells[index]
        if cell.use == "estate":
            cell.name = next(named)
        elif cell.use == "village":
            numbers[village[index]] += 1
            cell.name = f"{village[index]}{numbers[village[index]]}片"
        else:
            street = _street_of(draft.ground, cell.face, by_edge)
            numbers[street] += 1
            label = {"block": "号院", "public": "号公共用地", "industry": "号厂区", "commerce": "号商业街区"}
            cell.name = f"{street}{numbers[street] * 2 - 1}{label.get(cell.use, '号绿地')}"
            if cell.use in ("river", "railway", "expressway", "farm"):
                cell.name = {"river": "河道", "railway": "铁路用地", "farm": "农林用地"}.get(cell.use, "高速用地")


def _village_clusters(draft: _Draft) -> dict[int, str]:
    """Name of the village of each village parcel: neighbouring parcels, about ten to a village."""
    members = [i for i, cell in enumerate(draft.cells) if cell.use == "village"]
    pool = iter(names.village_names(draft.rng) * 3)
    at = _middles(draft)
    out: dict[int, str] = {}
    for piece in sorted(nx.connected_components(draft.graph.subgraph(members)), key=min):
        left = sorted(piece)
        while left:
            start = left[0]
            near = sorted(left, key=lambda i: (round(hypot(*(at[i] - at[start])), 1), i))[:10]
            name = next(pool)
            out.update(dict.fromkeys(near, name))
            left = [i for i in left if i not in out]
    return out


def _street_of(ground: Planar, face: int, names_by_edge: dict[tuple[XY, XY], str]) -> str:
    """Name of the longest street along a parcel."""
    total: Counter[str] = Counter()
    for a, b in ground.edges(face):
        name = names_by_edge.get((ground.xy[a], ground.xy[b]), "")
        if name:
            total[name] += round(ground.length(a, b) * 100)
    return min(total, key=lambda n: (-total[n], n)) if total else "城郊"


def _ids(draft: _Draft) -> dict[int, str]:
    """Id of each parcel, numbered from the north-west."""
    order = units.number_by_place([(float(x), float(y)) for x, y in _middles(draft)], band_m=250.0)
    return {index: f"JF{n + 1:04d}" for n, index in enumerate(order)}


def _frame(draft: _Draft, rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    """A table in the town's CRS, coordinates moved to its origin and rounded to a centimetre."""
    frame = gpd.GeoDataFrame(rows, geometry="geometry")
    origin = np.array(draft.plan.origin)
    frame["geometry"] = shapely.transform(frame.geometry.values, lambda xy: np.round(xy + origin, 2))
    return frame.set_crs(draft.plan.epsg)


def _blocks(
    draft: _Draft, ids: dict[int, str], communities: gpd.GeoDataFrame, grids: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    rows = [
        {
            "id": ids[i],
            "name": cell.name,
            "use": cell.use,
            "households": int(draft.households[i]),
            "community": communities["id"].iloc[int(draft.community[i])],
            "grid": grids["id"][grids["number"] == draft.grid[i]].iloc[0],
            "geometry": cell.land,
        }
        for i, cell in enumerate(draft.cells)
    ]
    return _frame(draft, rows).sort_values("id", ignore_index=True)


def _estates(draft: _Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    rows = []
    for i, cell in enumerate(draft.cells):
        if cell.use not in sites.LIVED_IN or not draft.households[i]:
            continue
        resident = round(draft.households[i] * _PEOPLE[cell.use] * draft.rng.uniform(0.92, 1.08))
        years = {"tower": (2012, 2023), "high_slab": (2008, 2020), "slab": (1998, 2012), "old_slab": (1980, 2000)}
        low, high = years.get(cell.style, (1985, 2010))
        year = int(draft.rng.integers(low, high + 1))
        rows.append(
            {
                "id": ids[i],
                "name": cell.name,
                "kind": cell.use,
                "households": int(draft.households[i]),
                "people_resident": int(resident),
                "people_registered": round(resident * draft.rng.uniform(0.7, 1.0)),
                "walled": cell.walled,
                "through": cell.through,
                "divisible": bool(draft.households[i] > 800),
                "year": year,
                "houses": len(draft.lived[i]),
                "geometry": cell.site,
            }
        )
    return _frame(draft, rows).sort_values("id", ignore_index=True)


def _buildings(draft: _Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    uses = {"public": "公共服务", "industry": "工业", "commerce": "商业"}
    rows = []
    for i in sorted(range(len(draft.cells)), key=lambda i: ids[i]):
        cell = draft.cells[i]
        mine = [draft.houses[h] for h in draft.lived[i]]
        mine.sort(key=lambda h: (-round(h.shape.centroid.y), h.shape.centroid.x))
        for number, house in enumerate(mine, start=1):
            lived = cell.use in sites.LIVED_IN
            rows.append(
                {
                    "id": f"LD{len(rows) + 1:05d}",
                    "estate": ids[i] if lived and draft.households[i] else "",
                    "estate_name": cell.name,
                    "name": f"{number}号楼" if cell.use != "village" else f"{number}号",
                    "use": uses.get(cell.use, "住宅"),
                    "households": house.flats,
                    "people_resident": round(house.flats * _PEOPLE.get(cell.use, 0.0)),
                    "floors": house.floors,
                    "floor_area_m2": round(house.shape.area * house.floors, 1),
                    "residential_share": 1.0 if lived else 0.0,
                    "geometry": house.shape,
                }
            )
    return _frame(draft, rows)


def _streets(draft: _Draft, lines: list[streets.Street]) -> gpd.GeoDataFrame:
    rows = [
        {
            "id": f"DL{i + 1:05d}",
            "name": line.name,
            "kind": line.kind,
            "level": line.level,
            "crossing": line.crossing,
            "wait_share": line.wait_share,
            "geometry": shapely.LineString(line.points),
        }
        for i, line in enumerate(lines)
    ]
    return _frame(draft, rows)


def _gates(draft: _Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    """Gates; one in ten is closed, and one estate has closed gates only."""
    rows = []
    kept = [i for i, c in enumerate(draft.cells) if c.use in sites.LIVED_IN and draft.households[i] and c.gates]
    shut = min(
        (i for i in kept if draft.cells[i].use == "estate" and len(draft.cells[i].gates) == 2),
        key=lambda i: (abs(draft.households[i] - 200), ids[i]),
        default=-1,
    )
    sides = ("南门", "东门", "北门", "西门", "侧门")
    for i in sorted(kept, key=lambda i: ids[i]):
        cell = draft.cells[i]
        for n, gate in enumerate(cell.gates):
            side = np.arctan2(gate.at[1] - cell.site.centroid.y, gate.at[0] - cell.site.centroid.x)
            rows.append(
                {
                    "id": f"DM{len(rows) + 1:04d}",
                    "name": f"{cell.name}{sides[round((side + np.pi / 2) / (np.pi / 2)) % 4]}",
                    "estate": ids[i],
                    "open": i != shut and not (n > 0 and draft.rng.random() < 0.2),
                    "geometry": shapely.Point(gate.at),
                }
            )
    return _frame(draft, rows)


def _verge(draft: _Draft, index: int, lines_at: set[XY]) -> XY | None:
    """A point between the wall and the street, on the longest frontage of a parcel."""
    cell, best = draft.cells[index], None
    for a, b in draft.ground.edges(cell.face):
        kind = draft.ground.edge_kind(a, b)
        length = draft.ground.length(a, b)
        if kind and length > 20.0 and draft.ground.xy[a] in lines_at and (best is None or length > best[0]):
            (ax, ay), (bx, by) = draft.ground.xy[a], draft.ground.xy[b]
            out = SETBACK_M[kind] - 3.0
            x = (ax + bx) / 2 - out * (by - ay) / length
            y = (ay + by) / 2 + out * (bx - ax) / length
            best = (length, (round(x, 2), round(y, 2)))
    return best[1] if best else None


def _site_for(
    draft: _Draft, members: np.ndarray, target: np.ndarray, lines_at: set[XY], *, far: bool
) -> tuple[int, XY]:
    """The parcel of a community nearest to (or farthest from) a point, and a place on its street."""
    at = _middles(draft)
    away = np.hypot(*(at[members] - target).T)
    for k in np.argsort(-away if far else away, kind="stable"):
        index = int(members[k])
        if draft.cells[index].use in (*sites.LIVED_IN, "public", "green", "commerce"):
            spot = _verge(draft, index, lines_at)
            if spot is not None:
                return index, spot
    raise ValueError("a community without any street")


def _centres(draft: _Draft, lines: list[streets.Street], communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    lines_at = {p for line in lines for p in line.points}
    at, rows = _middles(draft), []
    for r, community in enumerate(draft.plan.communities):
        members = np.flatnonzero(draft.community == r)
        middle = np.average(at[members], axis=0, weights=draft.households[members] + 1e-6)
        total = float(draft.households[members].sum())
        for n, how in enumerate(community.centres):
            where, spot = _site_for(draft, members, middle, lines_at, far=how == "bad")
            area = max(120.0, round(total * 0.3 * draft.rng.uniform(0.35, 1.35) / (1 + n), -1))
            rows.append(
                {
                    "name": community.name.removesuffix("社区") + ("社区党群服务中心" if n == 0 else "社区综合服务站"),
                    "tier": "社区",
                    "serves": communities["id"].iloc[r],
                    "floor_area_m2": area,
                    "address": _address(draft, where),
                    "candidate": False,
                    "geometry": shapely.Point(spot),
                }
            )
    everywhere = np.arange(len(draft.cells))
    for n, target in enumerate(draft.plan.candidates):
        where, spot = _site_for(draft, everywhere, np.array(target), lines_at, far=False)
        rows.append(
            {
                "name": f"拟建{'一二三四五六'[n]}号服务站",
                "tier": "社区",
                "serves": "",
                "floor_area_m2": 900.0,
                "address": _address(draft, where),
                "candidate": True,
                "geometry": shapely.Point(spot),
            }
        )
    for n, row in enumerate(rows, start=1):
        row["id"] = f"FW{n:02d}"
    return _frame(draft, rows)


def _address(draft: _Draft, index: int) -> str:
    return f"{draft.cells[index].name}旁"


def _barriers(draft: _Draft) -> gpd.GeoDataFrame:
    town = shapely.Polygon(draft.plan.outline)
    rows = []
    for n, band in enumerate(draft.plan.bands, start=1):
        line = shapely.LineString(curve(band.points))
        shape = line.buffer(band.width_m / 2).intersection(town.buffer(-0.01))
        rows.append({"id": f"ZA{n:02d}", "name": band.name, "kind": band.kind, "geometry": shape})
    return _frame(draft, rows)


def _levels(draft: _Draft) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Communities in the plan's order and grids numbered within them from the north-west."""
    land = np.array([cell.land for cell in draft.cells])
    rows: list[dict[str, object]] = []
    grids: list[dict[str, object]] = []
    for r, community in enumerate(draft.plan.communities):
        mine = draft.community == r
        shape = shapely.coverage_union_all(land[mine])
        rows.append({"id": f"SQ{r + 1:02d}", "name": community.name, "geometry": shape})
        numbers = np.unique(draft.grid[mine])
        shapes = [shapely.coverage_union_all(land[draft.grid == g]) for g in numbers]
        for n, k in enumerate(units.number_by_place([(s.centroid.x, s.centroid.y) for s in shapes]), start=1):
            grids.append(
                {
                    "id": f"WG{r + 1:02d}{n:02d}",
                    "name": f"{community.name.removesuffix('社区')}第{n}网格",
                    "community": f"SQ{r + 1:02d}",
                    "number": int(numbers[k]),
                    "geometry": shapes[k],
                }
            )
    return _frame(draft, rows), _frame(draft, grids)


def _units(draft: _Draft, lines: list[streets.Street]) -> gpd.GeoDataFrame:
    """Resident units on public, commercial and industrial land, then along the streets."""
    lines_at = {p for line in lines for p in line.points}
    order = [
        i
        for i in draft.rng.permutation(len(draft.cells))
        if draft.cells[i].use in ("public", "commerce", "industry", "block")
    ]
    order.sort(key=lambda i: draft.cells[i].use == "block")
    rows = []
    for name, kind in names.unit_names(draft.plan.units):
        spot = None
        while spot is None and order:
            spot = _verge(draft, int(order.pop(0)), lines_at)
        if spot is None or len(rows) == draft.plan.units:
            break
        rows.append({"id": f"DW{len(rows) + 1:03d}", "name": name, "kind": kind, "geometry": shapely.Point(spot)})
    return _frame(draft, rows)
