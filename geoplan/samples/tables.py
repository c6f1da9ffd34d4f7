"""From a finished draft to the town's tables."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from geoplan.samples import names, sites, streets, units
from geoplan.samples.blocks import SETBACK_M
from geoplan.samples.draft import Draft
from geoplan.samples.planar import XY
from geoplan.samples.plans import TownPlan, curve

__all__ = ["SampleTown", "town_tables"]

Row = dict[str, object]

_YEARS = {"tower": (2012, 2023), "high_slab": (2008, 2020), "slab": (1998, 2012), "old_slab": (1980, 2000)}
_BUILDING_USE = {"public": "公共服务", "industry": "工业", "commerce": "商业"}
_PHASES = ("2023年第一批", "2024年第二批", "2025年第三批", "2026年第四批")


@dataclass(frozen=True, slots=True)
class SampleTown:
    """The tables of a sample town, with plain English column names; the modules of the towns dress them up as files."""

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


def town_tables(draft: Draft, lines: list[streets.Street]) -> SampleTown:
    """Tables of a settled draft and its street lines.

    Parameters
    ----------
    draft
        A settled town.
    lines
        Its streets.

    Returns
    -------
    SampleTown
        Tables in the CRS of the plan.
    """
    ids = _ids(draft)
    communities, grids = _levels(draft)
    return SampleTown(
        draft.plan,
        _blocks(draft, ids, communities, grids),
        _estates(draft, ids),
        _buildings(draft, ids),
        _streets(draft, lines),
        _gates(draft, ids),
        _centres(draft, lines, communities),
        _barriers(draft),
        communities,
        grids,
        _units(draft, lines),
    )


def _ids(draft: Draft) -> dict[int, str]:
    """Id of each parcel, numbered from the north-west."""
    order = units.number_by_place([(float(x), float(y)) for x, y in draft.middles], band_m=250.0)
    return {index: f"JF{n + 1:04d}" for n, index in enumerate(order)}


def _frame(draft: Draft, rows: list[Row]) -> gpd.GeoDataFrame:
    """A table in the town's CRS, coordinates moved to its origin and rounded to a centimetre."""
    frame = gpd.GeoDataFrame(rows, geometry="geometry")
    origin = np.array(draft.plan.origin)
    frame["geometry"] = shapely.transform(frame.geometry.values, lambda xy: np.round(xy + origin, 2))
    return frame.set_crs(draft.plan.epsg)


def _blocks(
    draft: Draft, ids: dict[int, str], communities: gpd.GeoDataFrame, grids: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    grid_of = dict(zip(grids["number"], grids["id"], strict=True))
    first = {int(cell): int(grid) for cell, grid in zip(draft.piece_cell[::-1], draft.piece_grid[::-1], strict=True)}
    rows: list[Row] = [
        {
            "id": ids[i],
            "name": cell.name,
            "use": cell.use,
            "households": int(draft.households[i]),
            "community": communities["id"].iloc[int(draft.community[i])],
            "grid": grid_of[first[i]],
            "geometry": cell.land,
        }
        for i, cell in enumerate(draft.cells)
    ]
    return _frame(draft, rows).sort_values("id", ignore_index=True)


def _estates(draft: Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    """Parcels where people live; the oldest ones are up for renovation, those with most households first."""
    rows: list[Row] = []
    for i in sorted(range(len(draft.cells)), key=lambda i: ids[i]):
        cell = draft.cells[i]
        low, high = _YEARS.get(cell.style, (1985, 2010))
        year = int(draft.rng.integers(low, high + 1))
        if cell.use not in sites.LIVED_IN or not draft.households[i]:
            continue
        people = [_people(draft, h) for h in draft.lived[i]]
        rows.append(
            {
                "id": ids[i],
                "name": cell.name,
                "kind": cell.use,
                "households": int(draft.households[i]),
                "people_resident": sum(p for p, _ in people),
                "people_registered": sum(p for _, p in people),
                "walled": cell.walled,
                "through": cell.through,
                "divisible": bool(draft.households[i] > min(800, draft.plan.split_above)),
                "year": year,
                "houses": len(draft.lived[i]),
                "floor_area_m2": round(sum(draft.houses[h].floor_area_m2 for h in draft.lived[i]), 1),
                "community": f"SQ{draft.community[i] + 1:02d}",
                "phase": "",
                "priority": np.nan,
                "geometry": cell.site,
            }
        )
    _renovate(rows, draft.plan.old_estates)
    return _frame(draft, rows)


def _renovate(rows: list[Row], count: int) -> None:
    """Give the oldest estates a phase and a priority."""
    built_up = [row for row in rows if row["kind"] != "village"]
    oldest = sorted(built_up, key=lambda row: (row["year"], row["id"]))[:count]
    oldest.sort(key=lambda row: (-float(str(row["households"])), str(row["id"])))
    for place, row in enumerate(oldest):
        row["priority"] = float(place + 1)
        row["phase"] = _PHASES[place * len(_PHASES) // len(oldest)]


def _people(draft: Draft, house: int) -> tuple[int, int]:
    """Residents and registered people of a house."""
    flats, cell = draft.houses[house].flats, draft.houses[house].cell
    return round(flats * float(draft.residents[cell])), round(flats * float(draft.registered[cell]))


def _buildings(draft: Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    rows: list[Row] = []
    for i in sorted(range(len(draft.cells)), key=lambda i: ids[i]):
        cell = draft.cells[i]
        lived = cell.use in sites.LIVED_IN
        order = sorted(
            draft.lived[i], key=lambda h: (-round(draft.houses[h].shape.centroid.y), draft.houses[h].shape.centroid.x)
        )
        for number, h in enumerate(order, start=1):
            house = draft.houses[h]
            resident, registered = _people(draft, h)
            rows.append(
                {
                    "id": f"LD{len(rows) + 1:05d}",
                    "estate": ids[i] if lived and draft.households[i] else "",
                    "estate_name": cell.name,
                    "name": f"{number}号楼" if cell.use != "village" else f"{number}号",
                    "use": _BUILDING_USE.get(cell.use, "住宅"),
                    "households": house.flats,
                    "people_resident": resident,
                    "people_registered": registered,
                    "floors": house.floors,
                    "floor_area_m2": house.floor_area_m2,
                    "residential_share": 1.0 if lived else 0.0,
                    "geometry": house.shape,
                }
            )
    return _frame(draft, rows)


def _streets(draft: Draft, lines: list[streets.Street]) -> gpd.GeoDataFrame:
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


def _gates(draft: Draft, ids: dict[int, str]) -> gpd.GeoDataFrame:
    """Gates; one in ten is closed, and one estate has closed gates only."""
    rows: list[Row] = []
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
                    "open": i != shut and not (n > 0 and draft.rng.random() < 0.14),
                    "geometry": shapely.Point(gate.at),
                }
            )
    return _frame(draft, rows)


def _verge(draft: Draft, index: int, lines_at: set[XY]) -> XY | None:
    """A point between the wall and the street, on the longest frontage of a parcel."""
    best: tuple[float, XY] | None = None
    faces = [f for f, i in zip(draft.pieces, draft.piece_cell, strict=True) if i == index]
    for a, b in [edge for face in faces for edge in draft.ground.edges(face)]:
        kind = draft.ground.edge_kind(a, b)
        length = draft.ground.length(a, b)
        if kind and length > 20.0 and draft.ground.xy[a] in lines_at and (best is None or length > best[0]):
            (ax, ay), (bx, by) = draft.ground.xy[a], draft.ground.xy[b]
            out = SETBACK_M[kind] - 3.0
            x = (ax + bx) / 2 - out * (by - ay) / length
            y = (ay + by) / 2 + out * (bx - ax) / length
            best = (length, (round(x, 2), round(y, 2)))
    return best[1] if best else None


def _site_for(draft: Draft, members: np.ndarray, target: np.ndarray, lines_at: set[XY], *, far: bool) -> tuple[int, XY]:
    """The parcel of a community nearest to (or well away from) a point, and a place on its street."""
    away = np.hypot(*(draft.middles - target).T)
    inside = np.isin(np.arange(len(away)), members)
    wanted = np.quantile(away[members], 0.8) if far else 0.0
    for index in np.lexsort((np.abs(away - wanted), ~inside)):
        if draft.cells[index].use in (*sites.LIVED_IN, "public", "green", "commerce"):
            spot = _verge(draft, int(index), lines_at)
            if spot is not None:
                return int(index), spot
    raise ValueError("a town without any street")


def _centres(draft: Draft, lines: list[streets.Street], communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    lines_at = {p for line in lines for p in line.points}
    at, rows = draft.middles, []
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
                    "tier": draft.plan.tier,
                    "serves": communities["id"].iloc[r],
                    "floor_area_m2": area,
                    "address": _address(draft, where),
                    "candidate": False,
                    "geometry": shapely.Point(spot),
                }
            )
    everywhere = np.arange(len(draft.cells))
    for extra in draft.plan.extras:
        where, spot = _site_for(draft, everywhere, np.array(extra.at), lines_at, far=False)
        rows.append(
            {
                "name": extra.name,
                "tier": extra.tier,
                "serves": "",
                "floor_area_m2": extra.floor_area_m2,
                "address": _address(draft, where),
                "candidate": extra.candidate,
                "geometry": shapely.Point(spot),
            }
        )
    for n, row in enumerate(rows, start=1):
        row["id"] = f"FW{n:02d}"
    return _frame(draft, rows)


def _address(draft: Draft, index: int) -> str:
    return f"{draft.cells[index].name}旁"


def _barriers(draft: Draft) -> gpd.GeoDataFrame:
    town = shapely.Polygon(draft.plan.outline)
    rows: list[Row] = []
    for n, band in enumerate(draft.plan.bands, start=1):
        line = shapely.LineString(curve(band.points))
        shape = line.buffer(band.width_m / 2).intersection(town.buffer(-0.01))
        rows.append({"id": f"ZA{n:02d}", "name": band.name, "kind": band.kind, "geometry": shape})
    return _frame(draft, rows)


def _levels(draft: Draft) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Communities in the plan's order and grids numbered within them from the north-west."""
    land = draft.land
    community_of = draft.community[draft.piece_cell]
    rows: list[Row] = []
    grids: list[Row] = []
    for r, community in enumerate(draft.plan.communities):
        mine = community_of == r
        shape = shapely.coverage_union_all(land[mine])
        rows.append({"id": f"SQ{r + 1:02d}", "name": community.name, "geometry": shape})
        numbers = np.unique(draft.piece_grid[mine])
        shapes = [shapely.coverage_union_all(land[draft.piece_grid == g]) for g in numbers]
        for n, k in enumerate(units.number_by_place([(s.centroid.x, s.centroid.y) for s in shapes]), start=1):
            grids.append(
                {
                    "id": f"WG{r + 1:02d}{n:02d}",
                    "name": f"{community.name.removesuffix('社区')}第{n}网格",
                    "community": f"SQ{r + 1:02d}",
                    "number": int(numbers[k]),
                    "households": int(draft.piece_households[draft.piece_grid == numbers[k]].sum()),
                    "geometry": shapes[k],
                }
            )
    return _frame(draft, rows), _frame(draft, grids)


def _units(draft: Draft, lines: list[streets.Street]) -> gpd.GeoDataFrame:
    """Resident units on public, commercial and industrial land, then along the streets."""
    lines_at = {p for line in lines for p in line.points}
    order = [
        i
        for i in draft.rng.permutation(len(draft.cells))
        if draft.cells[i].use in ("public", "commerce", "industry", "block")
    ]
    order.sort(key=lambda i: draft.cells[i].use == "block")
    rows: list[Row] = []
    for name, kind in names.unit_names(draft.plan.units):
        spot = None
        while spot is None and order:
            spot = _verge(draft, int(order.pop(0)), lines_at)
        if spot is None or len(rows) == draft.plan.units:
            break
        rows.append({"id": f"DW{len(rows) + 1:03d}", "name": name, "kind": kind, "geometry": shapely.Point(spot)})
    return _frame(draft, rows)
