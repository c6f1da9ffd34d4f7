"""Units of a boundary change: they tile today's land, keep every household and know their neighbours."""

from __future__ import annotations

from dataclasses import replace

import handmade
import numpy as np
import pandas as pd
import pytest
import shapely
import unit_worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from geoplan.errors import InputError
from geoplan.places.contiguity import barrier_crossings
from geoplan.places.tiling import match_edges, share_out, street_blocks, wide_parts
from geoplan.places.units import UnitOptions, Units, build_units, unit_graph

WORLD = """
    AAB
    ABB
"""


def off_today(units: Units) -> float:
    """Largest area by which the units of a community miss its polygon."""
    land = units.table.dissolve("base").geometry
    return max(
        shapely.union_all(shapely.symmetric_difference(land[base], units.today.geometry[base])).area
        for base in units.today.index
    )


def joined(units: Units) -> set[frozenset[str]]:
    rows = units.contiguity[units.contiguity["joins"]]
    return {frozenset(pair) for pair in zip(rows["unit"], rows["neighbor"], strict=True)}


def test_streets_are_shared_out_in_the_middle() -> None:
    units = unit_worlds.drawn(WORLD)
    assert list(units.table.index) == ["e00", "e01", "e02", "e10", "e11", "e12"]
    assert list(units.table["base"]) == ["A", "A", "B", "A", "B", "B"]
    assert units.table.geometry.area.to_numpy() == pytest.approx(10_000, rel=0.02)
    assert off_today(units) < 1e-6
    assert joined(units) == {frozenset(edge) for edge in unit_worlds.neighbours(WORLD).edges}
    within = {("e00", "e01"), ("e00", "e10"), ("e11", "e12"), ("e02", "e12")}
    across = {("e01", "e02"), ("e01", "e11"), ("e10", "e11")}
    shared = units.contiguity.set_index(["unit", "neighbor"])["shared_m"]
    assert set(shared[shared > 50].index) == within | across
    assert shared.loc[list(across)].to_numpy() == pytest.approx(100, abs=3)
    assert (units.contiguity["barrier"] == "").all()


def test_households_are_kept_whoever_they_belong_to() -> None:
    town = unit_worlds.town(WORLD, households={"00": 7.0})
    houses = handmade.buildings(
        {
            "named": {"at": (250, -150), "households": 3.0, "estate": "e00"},
            "in the street": {"at": (100, -95), "households": 4.0},
            "far away": {"at": (900, 900), "households": 5.0, "estimated": True},
        }
    )
    town = replace(town, buildings=pd.concat([town.buildings, houses]).rename_axis("id"))
    units = build_units(town)
    held = units.table["households"]
    assert held.sum() == town.buildings["households"].sum() == 69.0
    assert held["e00"] >= 10.0
    assert units.of_building is not None
    assert units.of_building["named"] == "e00"
    assert units.of_building["far away"] == "e02"
    assert units.of_building["in the street"] in ("e00", "e01")
    assert units.table["estimated"].to_dict() == {i: i == "e02" for i in units.table.index}
    assert [notice.code for notice in units.notices] == ["buildings-outside"]
    assert units.table["people_registered"].isna().all()


def test_estate_astride_is_one_unit_where_most_of_it_lives() -> None:
    lands = {"A": box(0, 0, 100, 100), "B": box(100, 0, 300, 100), "C": box(300, 0, 400, 100)}
    estates = handmade.estates(
        {
            "both": {"kind": "小区", "geometry": box(60, 10, 130, 90)},
            "left": {"kind": "街坊", "geometry": box(10, 10, 50, 90)},
            "right": {"kind": "城中村", "geometry": box(150, 10, 290, 90)},
            "slip": {"kind": "", "geometry": box(299.8, 10, 390, 90)},
        }
    )
    houses = handmade.buildings(
        {
            "b1": {"at": (80, 50), "households": 5.0},
            "b2": {"at": (115, 50), "households": 9.0},
            "b3": {"at": (350, 50), "households": 1.0},
        }
    )
    units = build_units(
        handmade.town(buildings=houses, estates=estates, levels=(handmade.level("communities", lands),))
    )
    assert units.astride == ("both",)
    assert units.table["base"].to_dict() == {"both": "B", "left": "A", "right": "B", "slip": "C"}
    assert units.table["kind"].to_dict() == {"both": "estate", "left": "block", "right": "village", "slip": "estate"}
    assert units.table["households"].to_dict() == {"both": 14.0, "left": 0.0, "right": 0.0, "slip": 1.0}
    assert units.table.geometry["both"].contains(box(61, 11, 129, 89))
    assert units.table.geometry.area.sum() == pytest.approx(40_000)
    assert units.table.geometry["slip"].symmetric_difference(lands["C"]).area < 1e-6
    assert "units-astride" in [notice.code for notice in units.notices]


def test_wide_land_of_nobody_is_a_unit() -> None:
    lands = {"A": box(0, 0, 600, 100)}
    estates = handmade.estates({"e": {"geometry": box(0, 0, 100, 100)}, "f": {"geometry": box(115, 0, 200, 100)}})
    houses = handmade.buildings({"b": {"at": (500, 50)}, "c": {"at": (50, 50)}})
    town = handmade.town(buildings=houses, estates=estates, levels=(handmade.level("communities", lands),))
    units = build_units(town)
    assert units.table["kind"].to_dict() == {"A-rest-1": "rest", "e": "estate", "f": "estate"}
    assert units.table["households"].to_dict() == {"A-rest-1": 1.0, "e": 1.0, "f": 0.0}
    assert units.table.geometry["e"].area == pytest.approx(10_750, rel=0.02)
    none = build_units(town, options=UnitOptions(rest_width_m=150))
    assert list(none.table.index) == ["e", "f"]
    assert none.table["households"].to_dict() == {"e": 1.0, "f": 1.0}


def test_barrier_joins_only_where_a_street_crosses_near() -> None:
    drawing = """
        AAAAAA
        AAAAAA
    """
    river = handmade.barriers({"r": {"kind": "river", "geometry": LineString([(-50, -100), (650, -100)])}})
    streets = handmade.streets(
        {"s": {"u": 0, "v": 1, "geometry": LineString([(150, -20), (150, -180)])},
         "t": {"u": 2, "v": 3, "geometry": LineString([(550, -20), (550, -95)])}}
    )  # fmt: skip
    town = unit_worlds.town(drawing, barriers=river, streets=streets)
    for within, joins in ((40.0, "1"), (60.0, "012"), (10_000.0, "012345")):
        units = build_units(town, options=UnitOptions(cross_within_m=within))
        across = units.contiguity[units.contiguity["barrier"] == "river"]
        big = across[across["shared_m"] > 50]
        assert set(zip(big["unit"], big["neighbor"], strict=True)) == {(f"e0{c}", f"e1{c}") for c in range(6)}
        assert set(big["barrier_id"]) == {"r"}
        assert {unit[2] for unit in big["unit"][big["crossed"]]} == set(joins)
        assert (big["joins"] == big["crossed"]).all()
        beside = units.contiguity[units.contiguity["barrier"] == ""]
        assert len(beside[beside["joins"]]) == 10
    assert not build_units(replace(town, streets=None)).contiguity["crossed"].any()


def test_broad_river_is_parted_down_its_middle() -> None:
    lands = {"A": box(0, 0, 300, 300)}
    estates = handmade.estates({"n": {"geometry": box(10, 210, 290, 290)}, "s": {"geometry": box(10, 10, 290, 90)}})
    river = handmade.barriers({"r": {"kind": "river", "geometry": box(-10, 110, 310, 190)}})
    town = handmade.town(
        buildings=handmade.buildings({"b": {"at": (50, 50)}}),
        estates=estates,
        barriers=river,
        levels=(handmade.level("communities", lands),),
    )
    units = build_units(town, options=UnitOptions(rest_width_m=100))
    assert units.table.geometry["n"].bounds == pytest.approx((0, 150, 300, 300), abs=3)
    row = units.contiguity.iloc[0]
    assert (row["unit"], row["neighbor"], row["barrier"], row["joins"]) == ("n", "s", "river", False)
    graph = unit_graph(units)
    assert graph.isolates == ("n", "s")
    assert graph.component.tolist() == [0, 1]


def test_crossings_are_bridges_not_paths_on_the_bank() -> None:
    river = box(0, 0, 1000, 50)
    bridge = [LineString([(200, -20), (200, 30)]), LineString([(200, 30), (200, 70)])]
    bank = LineString([(400, -5), (450, 1), (500, -5)])
    found = barrier_crossings(river, np.array([*bridge, bank], dtype=object))
    assert [round(shapely.centroid(run).x) for run in found] == [200]
    rail = LineString([(0, 0), (100, 0)])
    assert len(barrier_crossings(rail, np.array([LineString([(5, -5), (5, 5)])], dtype=object))) == 1
    assert len(barrier_crossings(rail, np.array([LineString([(5, 1), (5, 5)])], dtype=object))) == 0


def test_divisible_estate_above_the_limit_is_cut_by_building() -> None:
    lands = {"A": box(0, 0, 200, 100)}
    estates = handmade.estates(
        {
            "big": {"name": "Grand", "divisible": True, "geometry": box(0, 0, 100, 100)},
            "whole": {"divisible": False, "geometry": box(110, 0, 200, 100)},
        }
    )
    houses = handmade.buildings(
        {
            "h1": {"at": (25, 50), "households": 60.0, "name": "1"},
            "h2": {"at": (75, 50), "households": 60.0, "name": "2"},
            "h3": {"at": (150, 50), "households": 500.0},
        }
    )
    town = handmade.town(buildings=houses, estates=estates, levels=(handmade.level("communities", lands),))
    assert list(build_units(town).table.index) == ["big", "whole"]
    assert list(build_units(town, options=UnitOptions(divide_above=120)).table.index) == ["big", "whole"]
    cut = build_units(town, options=UnitOptions(divide_above=100)).table
    assert cut["households"].to_dict() == {"h1": 60.0, "h2": 60.0, "whole": 500.0}
    assert cut["estate"].to_dict() == {"h1": "big", "h2": "big", "whole": "whole"}
    assert list(cut["name"]) == ["Grand1", "Grand2", ""]
    assert cut.geometry["h1"].area == pytest.approx(5_000, rel=0.05)


def test_land_known_only_by_buildings_is_tiled_within_streets_and_boundaries() -> None:
    lands = {"A": box(0, 0, 200, 100), "B": box(200, 0, 300, 100)}
    houses = {f"h{x}": {"at": (x, 50), "households": 2.0} for x in (20, 60, 150, 250)}
    streets = handmade.streets({"s": {"u": 0, "v": 1, "geometry": LineString([(100, -10), (100, 110)])}})
    town = handmade.town(
        buildings=handmade.buildings(houses), streets=streets, levels=(handmade.level("communities", lands),)
    )
    tiles = build_units(town, kind="building")
    assert off_today(tiles) < 1e-6
    assert tiles.table.geometry["h150"].bounds == pytest.approx((100, 0, 200, 100))
    assert tiles.table.geometry["h20"].bounds[2] == pytest.approx(40, abs=3)
    blocks = build_units(town)
    assert set(blocks.table["kind"]) == {"block"}
    assert blocks.table["households"].to_dict() == {"A-block-001": 4.0, "A-block-002": 2.0, "B-block-001": 2.0}
    assert off_today(blocks) < 1e-6


def test_grids_and_communities_move_as_a_whole() -> None:
    town = unit_worlds.town(WORLD)
    communities = replace(town.levels[0], parent="subdistricts")
    grids = handmade.level(
        "grids", {f"g{cell}": unit_worlds.square(cell) for cell in unit_worlds.cells(WORLD)}, parent="communities"
    )
    above = handmade.level("subdistricts", {"S": box(0, -200, 300, 0)})
    town = replace(town, levels=(communities, grids, above))
    by_grid = build_units(town, kind="grid")
    assert joined(by_grid) == {
        frozenset(i.replace("e", "g") for i in edge) for edge in unit_worlds.neighbours(WORLD).edges
    }
    assert by_grid.parent is not None
    assert set(by_grid.parent) == {"S"}
    whole = build_units(town, kind="community")
    assert whole.table["households"].to_dict() == {"A": 30.0, "B": 30.0}
    assert whole.contiguity["shared_m"].tolist() == pytest.approx([300.0])
    higher = build_units(town, kind="community", level="subdistricts")
    assert higher.table["base"].to_dict() == {"A": "S", "B": "S"}


def test_flaws_of_todays_boundaries() -> None:
    lands = {
        "A": box(0, 0, 100, 300),
        "B": box(90, 0, 300, 100),
        "C": box(100, 200, 300, 300),
        "D": box(200, 100, 300, 200),
    }
    houses = handmade.buildings({"hole": {"at": (150, 150), "households": 3.0}})
    town = handmade.town(buildings=houses, levels=(handmade.level("communities", lands),))
    units = build_units(town, kind="community")
    assert units.flaws is not None
    assert list(units.flaws["kind"]) == ["overlap", "gap"]
    assert list(units.flaws["units"]) == [("A", "B"), ("A", "B", "C", "D")]
    assert list(units.flaws["area_m2"]) == pytest.approx([1_000, 10_000])
    assert units.table["households"].sum() == 3.0
    assert [notice.code for notice in units.notices] == ["buildings-outside", "boundary-overlap", "boundary-gap"]


def test_slivers_between_communities_are_closed() -> None:
    inner = box(40.2, 40.2, 60, 60)
    lands = {"A": box(0, 0, 100, 100) - box(40, 40, 60, 60), "B": inner}
    houses = handmade.buildings({"b": {"at": (10, 10)}})
    units = build_units(
        handmade.town(buildings=houses, levels=(handmade.level("communities", lands),)), kind="community"
    )
    assert units.flaws is not None
    assert len(units.flaws) == 0
    assert units.table.geometry.area.sum() == pytest.approx(10_000)
    assert units.contiguity["shared_m"].tolist() == pytest.approx([80], abs=1)


def test_row_order_changes_nothing_and_inputs_stay() -> None:
    town = unit_worlds.town(WORLD, households={"11": 3.0})
    assert town.estates is not None
    before = [town.buildings.copy(deep=True), town.estates.copy(deep=True), town.levels[0].table.copy(deep=True)]
    first = build_units(town)
    level = replace(town.levels[0], table=town.levels[0].table.iloc[::-1])
    shuffled = replace(town, buildings=town.buildings.iloc[::-1], estates=town.estates.iloc[::-1], levels=(level,))
    second = build_units(shuffled)
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.contiguity, second.contiguity)
    for now, then in zip((town.buildings, town.estates, town.levels[0].table), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_graph_is_symmetric_and_names_separate_towns() -> None:
    units = unit_worlds.drawn("""
        AA.B
        AA.B
    """)
    graph = unit_graph(units)
    assert graph.isolates == ()
    assert len(set(graph.component.tolist())) == 2
    for i in range(len(graph.ids)):
        for at in range(graph.indptr[i], graph.indptr[i + 1]):
            j = graph.indices[at]
            back = graph.indices[graph.indptr[j] : graph.indptr[j + 1]].tolist().index(i)
            assert graph.shared_m[graph.indptr[j] + back] == graph.shared_m[at]


@pytest.mark.parametrize(
    ("change", "kind", "level"), [({"levels": ()}, "estate", None), ({}, "grid", None), ({}, "estate", "x")]
)
def test_missing_levels_are_named(change: dict[str, object], kind: str, level: str | None) -> None:
    with pytest.raises(InputError):
        build_units(replace(unit_worlds.town(WORLD), **change), kind=kind, level=level)  # type: ignore[arg-type]


def test_overlapping_estates_and_points_as_buildings() -> None:
    lands = {"A": box(0, 0, 100, 100)}
    estates = handmade.estates(
        {
            "a": {"geometry": box(0, 0, 100, 100)},
            "b": {"geometry": box(20, 20, 40, 40)},
            "c": {"geometry": box(20, 20, 40, 40)},
        }
    )
    houses = handmade.buildings({"p": {"geometry": shapely.Point(30, 30), "households": 2.0, "estate": "c"}})
    town = handmade.town(buildings=houses, estates=estates, levels=(handmade.level("communities", lands),))
    units = build_units(town)
    assert units.table.geometry.area.to_dict() == {"a": pytest.approx(9_600), "b": pytest.approx(400)}
    assert units.table["households"].to_dict() == {"a": 0.0, "b": 2.0}
    assert build_units(town, kind="building").table.geometry["p"].area == pytest.approx(10_000)


@settings(max_examples=8)
@given(st.lists(st.sampled_from("ABC"), min_size=9, max_size=9), st.sampled_from([4.0, 20.0, 40.0]))
def test_units_dissolve_to_any_communities(marks: list[str], street_m: float) -> None:
    drawing = "\n".join("".join(marks[i : i + 3]) for i in (0, 3, 6))
    units = unit_worlds.drawn(drawing, street_m=street_m)
    assert off_today(units) < 1e-6
    assert units.table.is_valid.all()
    assert units.table.geometry.area.sum() == pytest.approx(90_000)
    pairs = units.contiguity[units.contiguity["shared_m"] > 10]
    found = {frozenset(pair) for pair in zip(pairs["unit"], pairs["neighbor"], strict=True)}
    assert found == {frozenset(edge) for edge in unit_worlds.neighbours(drawing).edges}


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=8, unique=True))
def test_tiles_fill_the_region_and_hold_their_seeds(spots: list[tuple[int, int]]) -> None:
    region = box(0, 0, 270, 270)
    seeds = np.array([box(30 * x + 5, 30 * y + 5, 30 * x + 25, 30 * y + 25) for x, y in spots], dtype=object)
    tiles = share_out(region, seeds)
    assert shapely.area(tiles).sum() == pytest.approx(region.area)
    assert shapely.union_all(tiles).area == pytest.approx(region.area)
    assert (shapely.area(shapely.difference(seeds, tiles)) < 1e-6).all()
    probes = shapely.points(np.random.default_rng(1).uniform(0, 270, (40, 2)))
    apart = shapely.distance(probes[:, None], seeds[None, :])
    near = np.sort(apart, axis=1)
    clear = near[:, 1] - near[:, 0] > 6 if len(seeds) > 1 else np.ones(40, bool)
    assert (shapely.intersects(tiles[apart.argmin(axis=1)], probes) | ~clear).all()


def test_wide_parts_and_blocks() -> None:
    land = shapely.union_all([box(0, 0, 100, 100), box(100, 45, 300, 55), box(300, 0, 340, 100)])
    parts = wide_parts(land, width_m=30, area_m2=5_000)
    assert [round(part.centroid.x, -1) for part in parts] == [50]
    assert len(wide_parts(land, width_m=30, area_m2=100)) == 2
    blocks = street_blocks(box(0, 0, 100, 100), [LineString([(30, -10), (30, 110)])], area_m2=4_000)
    assert [block.area for block in blocks] == [7_000]


def test_matched_edges_leave_no_face_of_a_region_without_piece() -> None:
    regions = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10)], dtype=object)
    pieces = np.array([box(0, 0, 6, 10), box(6, 0, 10, 9), box(10, 0, 20, 10)], dtype=object)
    faces = match_edges(regions, pieces, np.array([0, 0, 1]))
    area = np.bincount(faces.piece, weights=shapely.area(faces.shapes))
    assert area.tolist() == pytest.approx([60, 40, 100])
