"""Buildings, facilities, units, doors, barriers and green land of hand-drawn OpenStreetMap worlds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from osm_world import CRS, EAST, NORTH, OsmWorld

from geoplan.errors import InputError, Where
from geoplan.model import BARRIERS, BUILDINGS, ENTRANCES, ESTATES, FACILITIES, GATES, GREEN, UNITS, TableSchema
from geoplan.read.osm import OsmOptions, OsmRead, read_osm
from geoplan.read.osm_tags import parse_tags
from geoplan.read.validate import validate_table

SCHOOL = {"kind": "school", "tags": "amenity=school", "tier": "community"}


def read(world: OsmWorld, folder: Path, *take: str, **options: object) -> OsmRead:
    return read_osm(world.write(folder), crs=CRS, options=OsmOptions(take=take, **options))  # type: ignore[arg-type]


def notice(found: OsmRead, code: str) -> str:
    return next(str(notice.message) for notice in found.notices if notice.code == code)


def at(geometry: object) -> tuple[float, float]:
    """Metres east and north of the world's corner."""
    return round(geometry.x - EAST, 1), round(geometry.y - NORTH, 1)  # type: ignore[attr-defined]


# buildings


def test_buildings_of_ways_and_relations(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 20, {"building": "apartments", "building:levels": "6", "name": "1号楼"})
    world.box(2, 100, 0, 40, 40, {})
    world.box(3, 110, 10, 20, 20, {"building": "garage"})
    world.relation(5, [(2, "outer"), (3, "inner")], {"type": "multipolygon", "building": "school"})
    table = read(world, tmp_path, "buildings").buildings
    assert table is not None
    assert list(table.index) == ["r5", "w1", "w3"]
    assert table.area.round(0).tolist() == [1200, 200, 400]
    assert table["floors"].tolist()[1] == 6
    assert np.isnan(table["floors"].tolist()[0])
    assert table["name"].tolist() == ["", "1号楼", ""]
    assert table["residential_share"].tolist() == [0, 1, 0]
    assert table[["households", "people_resident", "people_registered", "floor_area_m2"]].isna().all(axis=None)
    assert not table["estimated"].any()
    assert set(table.geometry.geom_type) == {"Polygon"}


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("yes", True), ("no", False), ("roof", False), ("ruins", False), ("construction", False), ("shed", True)],
)
def test_what_is_no_building(kind: str, kept: bool, tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 10, {"building": "yes"})
    world.box(2, 20, 0, 10, 10, {"building": kind})
    world.box(3, 0, 0, 5, 5, {"building:part": "yes"})
    found = read(world, tmp_path, "buildings")
    assert found.buildings is not None
    assert list(found.buildings.index) == ["w1", "w2"] if kept else ["w1"]
    if not kept:
        assert notice(found, "osm-buildings-gone").startswith("1 ")


def test_an_outline_that_repeats_its_relation_counts_once(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 40, 40, {"building": "yes"})
    world.box(2, 10, 10, 10, 10)
    world.relation(5, [(1, "outer"), (2, "inner")], {"type": "multipolygon", "building": "yes"})
    found = read(world, tmp_path, "buildings")
    assert found.buildings is not None
    assert list(found.buildings.index) == ["r5"]
    assert found.buildings.area.round(0).tolist() == [1500]


def test_a_relation_without_all_its_ways_is_left_out_and_named(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 40, 40, {"building": "yes"})
    world.relation(5, [(1, "outer"), (99, "outer")], {"type": "multipolygon", "building": "yes"})
    found = read(world, tmp_path, "buildings")
    assert found.buildings is not None
    assert list(found.buildings.index) == ["w1"]
    assert "(r5)" in notice(found, "osm-incomplete")


def test_an_outline_that_crosses_itself_is_left_out_and_named(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 10, {"building": "yes"})
    world.nodes_at((20, 50, 0), (21, 60, 10), (22, 60, 0), (23, 50, 10))
    world.way(2, [20, 21, 22, 23, 20], {"building": "yes"})
    found = read(world, tmp_path, "buildings")
    assert found.buildings is not None
    assert list(found.buildings.index) == ["w1"]
    assert "(w2)" in notice(found, "osm-incomplete")


@pytest.mark.parametrize(
    ("tags", "share"),
    [
        ({"building": "yes"}, 1.0),
        ({"building": "house"}, 1.0),
        ({"building": "dormitory"}, 1.0),
        ({"building": "industrial"}, 0.0),
        ({"building": "garages"}, 0.0),
        ({"building": "school"}, 0.0),
        ({"building": "yes", "amenity": "kindergarten"}, 0.0),
        ({"building": "apartments", "shop": "bakery"}, 1.0),
        ({"building": "mixed_use"}, 0.5),
    ],
)
def test_share_lived_in(tags: dict[str, str], share: float, tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 10, tags)
    found = read(world, tmp_path, "buildings")
    assert found.buildings is not None
    assert found.buildings["residential_share"].tolist() == [share]
    assert notice(found, "osm-residential-guess").startswith(f"{int(share > 0)} of 1 ")


@pytest.mark.parametrize(
    ("levels", "floors"), [("3", 3), ("2.5", 2.5), ("3;5", 5), ("3-4", 4), ("-1", None), ("many", None)]
)
def test_floors(levels: str, floors: float | None, tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 10, {"building": "yes", "building:levels": levels})
    found = read(world, tmp_path, "buildings").buildings
    assert found is not None
    assert found["floors"].tolist() == [pytest.approx(np.nan if floors is None else floors, nan_ok=True)]


@pytest.mark.parametrize(
    ("tags", "address"),
    [
        ({"addr:full": "示例县人民路1号"}, "示例县人民路1号"),
        ({"addr:city": "兰陵县", "addr:street": "人民路", "addr:housenumber": "12"}, "兰陵县人民路12号"),
        ({"addr:street": "Landstrasse", "addr:housenumber": "5", "addr:postcode": "9490", "addr:city": "Vaduz"},
         "Landstrasse 5, 9490 Vaduz"),
        ({"addr:housenumber": "5"}, "5"),
        ({}, ""),
    ],
)  # fmt: skip
def test_addresses(tags: dict[str, str], address: str, tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 10, 10, {"building": "yes"} | tags)
    found = read(world, tmp_path, "buildings").buildings
    assert found is not None
    assert found["address"].tolist() == [address]


# facilities


def school_world() -> OsmWorld:
    """Schools: a node, an area with two entrances and a gate, one with a gate only, one with a locked gate."""
    world = OsmWorld()
    world.node(1, 5, 5, {"amenity": "school", "name": "甲"})
    for number in (2, 3, 4):
        world.box(number, number * 100, 0, 40, 40)
    world.node(7, 220, 0, {"entrance": "main"})
    world.node(8, 240, 20, {"entrance": "yes"})
    world.node(9, 200, 20, {"barrier": "gate"})
    world.node(10, 320, 0, {"barrier": "gate"})
    world.node(11, 420, 0, {"barrier": "gate", "locked": "yes"})
    world.node(12, 200, 10, {"entrance": "emergency"})
    school = {"amenity": "school"}
    world.ways = []
    world.way(2, [20, 7, 21, 8, 22, 23, 9, 12, 20], school | {"name": "乙"})
    world.way(3, [30, 10, 31, 32, 33, 30], school)
    world.way(4, [40, 11, 41, 42, 43, 40], school)
    return world


def test_areas_stand_at_their_doors(tmp_path: Path) -> None:
    found = read(school_world(), tmp_path, "facilities", facilities=(SCHOOL,))
    table = found.facilities
    assert table is not None
    assert list(table.index) == ["n1", "w2", "w3", "w4"]
    assert table["name"].tolist() == ["甲", "乙", "", ""]
    assert set(table["kind"]) == {"school"}
    assert set(table["tier"]) == {"community"}
    assert not table["candidate"].any()
    assert at(table.geometry["n1"]) == (5, 5)
    assert sorted(at(door) for door in table.geometry["w2"].geoms) == [(220, 0), (240, 20)]
    assert at(table.geometry["w3"]) == (320, 0)
    east, north = at(table.geometry["w4"])
    assert 400 < east < 440
    assert 0 < north < 40


def test_a_node_inside_the_area_of_the_same_school_is_that_school(tmp_path: Path) -> None:
    world = school_world()
    world.node(60, 220, 20, {"amenity": "school", "name": "乙"})
    world.node(61, 320, 20, {"amenity": "school", "name": "丙"})
    world.node(62, 420, 20, {"amenity": "school"})
    found = read(world, tmp_path, "facilities", facilities=(SCHOOL,))
    assert found.facilities is not None
    assert list(found.facilities.index) == ["n1", "n61", "w2", "w3", "w4"]
    assert "(n60, n62)" in notice(found, "osm-facility-twice")


def test_an_object_of_two_queries(tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(1, 0, 0, {"amenity": "school;kindergarten"})
    world.node(2, 9, 0, {"amenity": "kindergarten"})
    queries = (
        SCHOOL,
        {"kind": "school", "tags": "amenity=*", "tier": "community"},
        {"kind": "kindergarten", "tags": "amenity=kindergarten"},
    )
    table = read(world, tmp_path, "facilities", facilities=queries).facilities
    assert table is not None
    assert dict(zip(table.index, table["kind"], strict=True)) == {
        "n1": "school",
        "n1/kindergarten": "kindergarten",
        "n2": "school",
        "n2/kindergarten": "kindergarten",
    }


@pytest.mark.parametrize(
    ("query", "tags", "matches"),
    [
        ("amenity=school", {"amenity": "school"}, True),
        ("amenity=school", {"amenity": "schools"}, False),
        ("amenity=school", {}, False),
        ("amenity=school|college", {"amenity": "college"}, True),
        ("shop=*", {"shop": "bakery"}, True),
        ("shop=*", {"shop": "no"}, False),
        (" amenity = school & name = * ", {"amenity": "school"}, False),
        (" amenity = school & name = * ", {"amenity": "school", "name": "x"}, True),
        ("name=党群服务中心|社区服务站", {"name": "社区服务站"}, True),
        ("name=Alte Schule", {"name": "Alte Schule"}, True),
        ("operator:type=public&amenity=a|b&x=*", {"operator:type": "public", "amenity": "b", "x": "1"}, True),
    ],
)
def test_tag_queries(query: str, tags: dict[str, str], matches: bool) -> None:
    assert parse_tags(query).matches(tags) == matches


@pytest.mark.parametrize(
    "query", ["", "amenity", "=school", "amenity=", "a=b|", "a=b&", "a=*|b", "a!=b", "a=b=c", "*=x"]
)
def test_queries_that_cannot_be_read(query: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_tags(query)
    assert [fault.code for fault in raised.value.faults] == ["bad-tag-query"]


def test_all_bad_and_empty_queries_at_once(tmp_path: Path) -> None:
    queries = ({"kind": "a", "tags": "amenity"}, SCHOOL, {"kind": "b", "tags": "x=|"}, {"kind": "c"})
    with pytest.raises(InputError) as raised:
        read(school_world(), tmp_path, "facilities", facilities=queries)
    assert [fault.code for fault in raised.value.faults] == ["bad-tag-query"] * 3
    with pytest.raises(InputError) as raised:
        read(
            school_world(),
            tmp_path,
            "facilities",
            "units",
            facilities=({"kind": "a", "tags": "amenity=bank"}, SCHOOL, {"kind": "b", "tags": "shop=*"}),
            admin_level=8,
        )
    assert [fault.code for fault in raised.value.faults] == ["nothing-found", "nothing-found", "unknown-admin-level"]
    assert {fault.where for fault in raised.value.faults} == {Where(file=str(tmp_path / "world.osm"))}
    assert "amenity=bank" in str(raised.value)


def test_facilities_that_are_no_area_are_named(tmp_path: Path) -> None:
    world = school_world()
    world.way(70, [20, 21, 22], {"amenity": "school"})
    world.relation(71, [(2, "")], {"type": "site", "amenity": "school"})
    found = read(world, tmp_path, "facilities", facilities=(SCHOOL,))
    assert found.facilities is not None
    assert len(found.facilities) == 4
    assert "(r71, w70)" in notice(found, "osm-incomplete")


# units


def unit_world() -> OsmWorld:
    """Unit A: a square with a hole and, apart from it, an exclave; unit B fills the hole; unit C is cut off."""
    world = OsmWorld()
    border = {"boundary": "administrative", "admin_level": "8"}
    world.box(1, 0, 0, 1000, 1000, border)
    world.box(2, 400, 400, 200, 200, border)
    world.box(3, 2000, 0, 100, 100, border)
    unit = border | {"type": "boundary"}
    world.relation(10, [(1, "outer"), (2, "inner"), (3, "outer")], unit | {"name": "甲社区", "ref": "371324001"})
    world.relation(11, [(2, "outer")], unit | {"name": "乙社区"})
    world.box(4, 5000, 0, 100, 100, border)
    world.relation(12, [(4, "outer"), (99, "outer")], unit | {"name": "丙社区"})
    world.relation(20, [(1, "outer")], unit | {"name": "街道", "admin_level": "6"})
    return world


def test_units_keep_holes_and_exclaves(tmp_path: Path) -> None:
    found = read(unit_world(), tmp_path, "units", admin_level=8)
    table = found.units
    assert table is not None
    assert list(table.index) == ["r10", "r11"]
    assert table["name"].tolist() == ["甲社区", "乙社区"]
    assert table["code"].tolist() == ["371324001", ""]
    assert table.geometry.geom_type.tolist() == ["MultiPolygon", "Polygon"]
    assert table.area.to_numpy() == pytest.approx([1e6 - 4e4 + 1e4, 4e4], rel=1e-3)
    assert table["parent"].tolist() == [None, None]
    assert "(r12)" in notice(found, "osm-incomplete")


def test_unknown_level_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(unit_world(), tmp_path, "units", admin_level=10)
    fault = raised.value.faults[0]
    assert fault.code == "unknown-admin-level"
    assert "6 (1), 8 (3)" in str(fault.given)
    assert "10" in str(fault.needed)


def test_no_level_asked_for_reads_no_units(tmp_path: Path) -> None:
    assert read(unit_world(), tmp_path, "units").units is None


# doors and barriers


@pytest.mark.parametrize(
    ("tags", "is_open"),
    [
        ({"barrier": "gate"}, True),
        ({"barrier": "lift_gate", "access": "private"}, False),
        ({"barrier": "lift_gate", "access": "private", "foot": "yes"}, True),
        ({"barrier": "gate", "locked": "yes"}, False),
        ({"barrier": "gate", "access": "no"}, False),
        ({"barrier": "gate", "foot": "no"}, False),
        ({"barrier": "gate", "locked": "no"}, True),
        ({"barrier": "turnstile"}, True),
        ({"barrier": "bollard"}, None),
        ({"barrier": "wall"}, None),
    ],
)
def test_gates(tags: dict[str, str], is_open: bool | None, tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(1, 3, 4, tags | {"name": "东门"})
    table = read(world, tmp_path, "gates").gates
    assert table is not None
    assert table["open"].tolist() == ([] if is_open is None else [is_open])
    if is_open is not None:
        assert table["name"].tolist() == ["东门"]
        assert at(table.geometry["n1"]) == (3, 4)
        assert table["estate"].tolist() == [None]


def test_entrances_open_the_buildings_on_whose_outline_they_are(tmp_path: Path) -> None:
    # two houses share the wall x = 10; doors: of the first alone, in the shared wall, on no wall, an emergency exit
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 10, 0), (3, 10, 10), (4, 0, 10), (5, 20, 0), (6, 20, 10))
    world.node(7, 5, 0, {"entrance": "yes"})
    world.node(8, 10, 5, {"entrance": "main"})
    world.node(9, 5, 5, {"entrance": "yes"})
    world.node(10, 0, 5, {"entrance": "emergency"})
    world.node(11, 15, 0, {"entrance": "no"})
    world.way(30, [1, 7, 2, 8, 3, 4, 10, 1], {"building": "house"})
    world.way(31, [2, 11, 5, 6, 3, 8, 2], {"building": "house"})
    table = read(world, tmp_path, "entrances").entrances
    assert table is not None
    assert dict(zip(table.index, table["building"], strict=True)) == {"n7": "w30", "n8": "w30", "n8/w31": "w31"}
    assert at(table.geometry["n8/w31"]) == (10, 5)


def test_an_entrance_in_a_courtyard(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 40, 40)
    world.nodes_at((50, 10, 10), (51, 30, 10), (52, 30, 30))
    world.node(53, 10, 30, {"entrance": "yes"})
    world.way(2, [50, 51, 52, 53, 50])
    world.relation(5, [(1, "outer"), (2, "inner")], {"type": "multipolygon", "building": "apartments"})
    table = read(world, tmp_path, "entrances").entrances
    assert table is not None
    assert dict(zip(table.index, table["building"], strict=True)) == {"n53": "r5"}


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"waterway": "river"}, "river"),
        ({"waterway": "canal"}, "canal"),
        ({"waterway": "river", "tunnel": "culvert"}, None),
        ({"waterway": "stream"}, None),
        ({"railway": "rail"}, "railway"),
        ({"railway": "light_rail"}, "railway"),
        ({"railway": "rail", "tunnel": "yes"}, None),
        ({"railway": "subway", "layer": "-2"}, None),
        ({"railway": "rail", "bridge": "viaduct"}, None),
        ({"railway": "tram"}, None),
        ({"railway": "abandoned"}, None),
        ({"highway": "motorway"}, "expressway"),
        ({"highway": "trunk"}, None),
        ({"highway": "trunk", "motorroad": "yes"}, "expressway"),
        ({"highway": "trunk", "sidewalk": "both"}, None),
        ({"highway": "motorway", "bridge": "yes"}, None),
        ({"highway": "primary"}, None),
    ],
)
def test_barriers_that_are_lines(tags: dict[str, str], kind: str | None, tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 100, 0))
    world.way(1, [1, 2], tags | {"name": "某"})
    table = read(world, tmp_path, "barriers").barriers
    assert table is not None
    assert table["kind"].tolist() == ([] if kind is None else [kind])
    if kind is not None:
        assert table.length.tolist() == [pytest.approx(100, abs=0.05)]
        assert table["name"].tolist() == ["某"]


def test_barriers_that_are_areas(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 400, 50, {"natural": "water", "water": "river"})
    world.box(2, 500, 0, 100, 50, {"waterway": "riverbank"})
    world.box(3, 700, 0, 100, 50, {"natural": "water", "water": "lake"})
    world.box(4, 900, 0, 10, 5, {"natural": "water", "water": "pond"})
    world.box(5, 950, 0, 10, 5, {"natural": "wood"})
    table = read(world, tmp_path, "barriers").barriers
    assert table is not None
    assert dict(zip(table.index, table["kind"], strict=True)) == {"w1": "river", "w2": "river", "w3": "lake"}
    assert table.area.to_numpy() == pytest.approx([20000, 5000, 5000], rel=1e-3)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"leisure": "park"}, "park"),
        ({"leisure": "garden"}, "park"),
        ({"leisure": "pitch"}, "pitch"),
        ({"landuse": "grass"}, "grass"),
        ({"landuse": "forest"}, "wood"),
        ({"landuse": "meadow"}, "grass"),
        ({"landuse": "recreation_ground"}, "park"),
        ({"landuse": "farmland"}, "farmland"),
        ({"landuse": "orchard"}, "farmland"),
        ({"landuse": "cemetery"}, "cemetery"),
        ({"natural": "wood"}, "wood"),
        ({"natural": "scrub"}, "scrub"),
        ({"natural": "grassland"}, "grass"),
        ({"leisure": "park", "landuse": "forest"}, "park"),
        ({"leisure": "sports_centre", "landuse": "grass"}, "grass"),
        ({"leisure": "garden", "building": "roof"}, None),
        ({"landuse": "greenfield"}, None),
        ({"natural": "water", "water": "lake"}, None),
    ],
)
def test_green_land(tags: dict[str, str], kind: str | None, tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 100, 50, tags | {"name": "某"})
    table = read(world, tmp_path, "green").green
    assert table is not None
    assert table["kind"].tolist() == ([] if kind is None else [kind])
    if kind is not None:
        assert table.area.tolist() == [pytest.approx(5000, rel=1e-3)]
        assert table["name"].tolist() == ["某"]


def test_a_wood_with_a_clearing(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 40, 40, {"natural": "wood"})
    world.box(2, 10, 10, 20, 20, {"landuse": "meadow"})
    world.relation(5, [(1, "outer"), (2, "inner")], {"type": "multipolygon", "natural": "wood"})
    world.relation(6, [(1, "outer"), (99, "outer")], {"type": "multipolygon", "landuse": "forest"})
    found = read(world, tmp_path, "green")
    assert found.green is not None
    assert found.green["kind"].to_dict() == {"r5": "wood", "w2": "grass"}
    assert found.green.area.round(0).tolist() == [1200, 400]
    assert notice(found, "osm-incomplete").endswith("(r6)")


def test_green_land_is_read_unless_left_out(tmp_path: Path) -> None:
    world = OsmWorld()
    world.box(1, 0, 0, 40, 40, {"leisure": "park"})
    world.nodes_at((1, 0, 0), (2, 100, 0))
    world.way(3, [1, 2], {"highway": "residential"})
    taken = read_osm(world.write(tmp_path), crs=CRS).green
    assert taken is not None
    assert list(taken.index) == ["w1"]
    assert read(world, tmp_path, "streets").green is None


def test_a_river_cut_by_the_file_keeps_its_pieces(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 100, 0), (4, 300, 0), (5, 400, 0))
    world.way(9, [1, 2, 3, 4, 5], {"waterway": "river"})
    table = read(world, tmp_path, "barriers").barriers
    assert table is not None
    assert list(table.index) == ["w9", "w9/1"]


def test_trunk_roads_that_are_walked_are_no_barrier(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 100, 0))
    world.way(1, [1, 2], {"highway": "trunk"})
    table = read(world, tmp_path, "barriers").barriers
    assert table is not None
    assert table.empty


def test_estates_only_where_asked_for(tmp_path: Path) -> None:
    world = OsmWorld()
    land = {"landuse": "residential"}
    world.box(1, 0, 0, 100, 100, land | {"name": "阳光小区", "barrier": "wall"})
    world.box(2, 200, 0, 100, 100, land | {"name": "某村"})
    world.box(3, 400, 0, 100, 100, land)
    world.node(41, 600, 50, {"barrier": "gate"})
    world.nodes_at((42, 600, 0), (43, 700, 0), (44, 700, 90))
    world.way(4, [42, 43, 44, 41, 42], land | {"name": "花园小区"})
    assert read(world, tmp_path, "gates").estates is None
    table = read(world, tmp_path, "estates").estates
    assert table is not None
    assert table["name"].to_dict() == {"w1": "阳光小区", "w2": "某村", "w4": "花园小区"}
    assert table["walled"].to_dict() == {"w1": True, "w2": False, "w4": True}


# every table


def whole_world() -> OsmWorld:
    world = unit_world()
    world.box(100, 10, 10, 20, 20, {"building": "yes", "amenity": "school"})
    world.box(101, 40, 10, 20, 20, {"building": "apartments"})
    world.node(2000, 50, 10, {"entrance": "yes"})
    world.way(102, [1010, 2000, 1011, 1012, 1013, 1010], {"building": "house"})
    world.node(2001, 70, 10, {"barrier": "gate"})
    world.nodes_at((2002, 0, 5), (2003, 90, 5))
    world.way(103, [2002, 2003], {"highway": "residential"})
    world.way(104, [2002, 1000], {"waterway": "river"})
    world.box(105, 5, 5, 100, 100, {"landuse": "residential", "name": "小区"})
    world.box(106, 60, 30, 20, 20, {"leisure": "park"})
    return world


ALL = ("streets", "buildings", "facilities", "units", "gates", "entrances", "barriers", "green", "estates")
SCHEMAS = {
    "buildings": BUILDINGS, "facilities": FACILITIES, "units": UNITS, "gates": GATES, "entrances": ENTRANCES,
    "barriers": BARRIERS, "green": GREEN, "estates": ESTATES,
}  # fmt: skip


@pytest.mark.parametrize("role", SCHEMAS)
def test_tables_are_what_their_schema_says(role: str, tmp_path: Path) -> None:
    schema: TableSchema = SCHEMAS[role]
    table = getattr(read(whole_world(), tmp_path, *ALL, facilities=(SCHOOL,), admin_level=8), role)
    assert list(table.columns) == [*(column.name for column in schema), "geometry"]
    # households are estimated later
    faults = [
        fault
        for fault in validate_table(table, schema, Where())
        if fault.where.column not in ("households", "people_resident")
    ]
    assert faults == []
    assert table.crs.to_string() == CRS
    assert len(table)


@pytest.mark.parametrize("role", SCHEMAS)
def test_order_of_the_file_changes_nothing(role: str, tmp_path: Path) -> None:
    world = whole_world()
    options = {"facilities": (SCHOOL,), "admin_level": 8}
    there = getattr(read(world, tmp_path, *ALL, **options), role)
    for part in (world.nodes, world.ways, world.relations):
        part.reverse()
    back = getattr(read(world, tmp_path, *ALL, **options), role)
    assert_geodataframe_equal(there, back, normalize=True)


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    for role in ALL:
        found = read(whole_world(), tmp_path, role, facilities=(SCHOOL,), admin_level=8)
        assert [other for other in ALL if getattr(found, other) is not None] == [role]
        assert found.datum == "wgs84"
