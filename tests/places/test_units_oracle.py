"""Units against libpysal's contiguity and momepy's tessellation, and today's polygons vertex for vertex."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import handmade
import momepy
import numpy as np
import pandas as pd
import pytest
import shapely
import unit_worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from paths import ROOT
from shapely import LineString, box

from geoplan.errors import InputError
from geoplan.model import Town
from geoplan.partition.plan import today
from geoplan.partition.steps import move_units
from geoplan.places.tiling import share_out
from geoplan.places.units import UnitKind, Units, build_units
from geoplan.project import load


def check_contiguity(units: Units) -> None:
    """Pairs and lengths are those that libpysal finds, and the graph holds just the pairs that join."""
    oracle = Graph.build_contiguity(units.table, rook=True, by_perimeter=True).adjacency
    oracle = oracle[oracle > 1e-6]
    rows = units.contiguity.set_index(["unit", "neighbor"])["shared_m"]
    both = pd.concat([rows, rows.swaplevel()])
    assert set(both.index) == set(oracle.index)
    assert both.to_numpy() == pytest.approx(oracle.reindex(both.index).to_numpy(), abs=1e-6)
    joins = units.contiguity[units.contiguity["joins"]].set_index(["unit", "neighbor"])["shared_m"]
    graph = units.graph
    assert graph.unique_ids.tolist() == units.table.index.tolist()
    assert set(graph.isolates) == set(units.table.index) - set(joins.index.get_level_values(0)) - set(
        joins.index.get_level_values(1)
    )
    held = graph.adjacency[graph.adjacency > 0]
    assert held.to_dict() == pd.concat([joins, joins.swaplevel()]).to_dict()


def check_land(units: Units) -> None:
    """The units of each community have every vertex of today's polygon, and others on its outline alone."""
    for base, land in units.today.geometry.items():
        found = shapely.coverage_union_all(units.table.geometry[units.table["base"] == base].to_numpy())
        assert shapely.symmetric_difference(found, land).area < 1e-9 * land.length * max(map(abs, land.bounds))
        was, now = (set(map(tuple, shapely.get_coordinates(shape))) for shape in (land, found))
        assert was <= now
        added = shapely.points(sorted(now - was)) if now - was else np.zeros(0, dtype=object)
        assert (shapely.distance(added, shapely.boundary(land)) < 1e-6).all()


@settings(max_examples=10)
@given(
    st.lists(st.sampled_from("ABC."), min_size=12, max_size=12).filter(lambda marks: set(marks) != {"."}),
    st.sampled_from([4.0, 20.0, 40.0]),
    st.sampled_from([None, -100.0, -150.0]),
)
def test_drawn_worlds_have_the_neighbours_of_libpysal(marks: list[str], street_m: float, river: float | None) -> None:
    drawing = "\n".join("".join(marks[i : i + 4]) for i in (0, 4, 8))
    parts: dict[str, Any] = {}
    if river is not None:
        line = LineString([(-50, river), (450, river)])
        parts["barriers"] = handmade.barriers({"r": {"kind": "river", "geometry": line}})
    units = unit_worlds.drawn(drawing, street_m=street_m, **parts)
    check_contiguity(units)
    check_land(units)


@pytest.fixture(scope="module")
def county() -> Town:
    return load(ROOT / "sample_data" / "county")


@pytest.mark.parametrize("kind", ["estate", "block"])
def test_county_has_the_neighbours_of_libpysal_and_todays_vertices(county: Town, kind: UnitKind) -> None:
    units = build_units(county, kind=kind)
    check_contiguity(units)
    check_land(units)


def test_untouched_communities_keep_their_polygon_to_the_last_bit() -> None:
    units = unit_worlds.drawn("""
        AABBB
        AABCC
        AABCC
    """)
    before = today(units)
    assert before.polygons().geometry.to_wkb().equals(units.today.geometry.to_wkb())
    after = move_units(before, ["e02"], "A").partition.polygons().geometry
    assert after["C"].wkb == units.today.geometry["C"].wkb
    assert after["A"].wkb != units.today.geometry["A"].wkb
    assert after["A"].symmetric_difference(units.today.geometry["A"] | units.table.geometry["e02"]).area < 1e-6


def _houses() -> dict[str, dict[str, Any]]:
    """A terrace whose houses touch and are staggered, points, a shed thinner than a step, a house on the boundary."""
    rows: dict[str, dict[str, Any]] = {
        f"t{i}": {"geometry": box(10 + 8 * i, 20 + 3 * (i % 2), 18 + 8 * i, 32 + 3 * (i % 2))} for i in range(8)
    }
    rows |= {"p": {"geometry": shapely.Point(150, 50)}, "q": {"geometry": shapely.Point(160, 50)}}
    return rows | {"shed": {"geometry": box(170, 50, 170.2, 50.3)}, "far": {"at": (270, 90)}}


def _street_town() -> Town:
    lands = {"A": box(0, 0, 200, 100), "B": box(200, 0, 300, 100)}
    streets = handmade.streets({"s": {"u": 0, "v": 1, "geometry": LineString([(100, -10), (100, 110)])}})
    rail = handmade.barriers({"r": {"kind": "railway", "geometry": LineString([(-10, 70), (310, 72)])}})
    return handmade.town(
        buildings=handmade.buildings(_houses()),
        streets=streets,
        barriers=rail,
        levels=(handmade.level("communities", lands),),
    )


def test_buildings_keep_their_footprints_and_their_block() -> None:
    town = _street_town()
    units = build_units(town, kind="building")
    check_contiguity(units)
    check_land(units)
    houses = town.buildings.sort_index()
    # South of the railway nobody lives in B.
    assert list(units.table.index) == ["B-rest-1", *houses.index]
    kept = shapely.difference(houses.geometry.to_numpy(), units.table.geometry[houses.index].to_numpy())
    assert shapely.area(kept).max() < 1e-9
    joined = {frozenset(p) for p in zip(units.contiguity["unit"], units.contiguity["neighbor"], strict=True)}
    terrace = {frozenset((f"t{i}", f"t{i + 1}")) for i in range(7)}
    assert terrace <= joined
    assert frozenset(("t0", "t6")) not in joined
    street = shapely.intersection(units.table.geometry["t7"], box(100.01, 0, 200, 69)).area
    assert street == 0.0
    blocks = build_units(town)
    assert (blocks.table["kind"].isin(["block", "rest"])).all()
    check_land(blocks)


def test_momepy_shares_the_land_out_alike() -> None:
    region = box(0, 0, 100, 70)
    seeds = np.array([house["geometry"] for name, house in _houses().items() if name.startswith("t")], dtype=object)
    ours = share_out(region, seeds, step_m=1.0)
    cells = momepy.enclosed_tessellation(
        gpd.GeoSeries(seeds), gpd.GeoSeries([region]), shrink=0.4, segment=0.5, simplify=False, n_jobs=1
    ).sort_index()
    same = shapely.area(shapely.intersection(ours, cells.geometry.to_numpy()))
    assert same.sum() > 0.985 * region.area
    assert (same > 0.95 * shapely.area(ours)).all()


@pytest.mark.parametrize("kind", ["estate", "block", "building", "community"])
def test_row_order_changes_nothing_of_any_kind(kind: UnitKind) -> None:
    town = _street_town()
    estates = handmade.estates({"e": {"geometry": box(5, 5, 80, 40)}, "f": {"geometry": box(140, 40, 240, 60)}})
    town = replace(town, estates=estates)
    assert town.streets is not None
    first = build_units(town, kind=kind)
    level = replace(town.levels[0], table=town.levels[0].table.iloc[::-1])
    other = replace(
        town,
        buildings=town.buildings.sample(frac=1.0, random_state=3),
        estates=estates.iloc[::-1],
        streets=town.streets.iloc[::-1],
        levels=(level,),
    )
    second = build_units(other, kind=kind)
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.contiguity, second.contiguity)
    assert first.of_building is not None
    assert second.of_building is not None
    assert first.of_building.to_dict() == second.of_building.to_dict()


@pytest.mark.parametrize("held", [float("nan"), -1.0, float("inf")])
def test_missing_or_impossible_households_are_named(held: float) -> None:
    with pytest.raises(InputError, match="b01"):
        build_units(unit_worlds.town("AAB", households={"01": held}))
