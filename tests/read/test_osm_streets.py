"""Streets of hand-drawn OpenStreetMap worlds: who walks where, what joins, what one waits at."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import geopandas
import networkx as nx
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from osm_world import CRS, EAST, NORTH, OsmWorld

from geoplan.model import STREETS, Notice
from geoplan.read.osm import OsmOptions, OsmRead, read_osm

STREETS_ONLY = OsmOptions(take=("streets",))
ROAD = {"highway": "residential"}
PATH = {"highway": "footway"}


def read(world: OsmWorld, folder: Path, options: OsmOptions = STREETS_ONLY) -> OsmRead:
    return read_osm(world.write(folder), crs=CRS, options=options)


def streets_of(world: OsmWorld, folder: Path, options: OsmOptions = STREETS_ONLY) -> geopandas.GeoDataFrame:
    streets = read(world, folder, options).streets
    assert streets is not None
    return streets


def code(notices: tuple[Notice, ...], wanted: str) -> str:
    return next(str(notice.message) for notice in notices if notice.code == wanted)


def rows(streets: geopandas.GeoDataFrame, *columns: str) -> dict[str, tuple[object, ...]]:
    return {name: tuple(row) for name, row in zip(streets.index, streets[list(columns)].to_numpy(), strict=True)}


def cross(*, shared: bool = True, over: dict[str, str] | None = None) -> OsmWorld:
    """Two ways that cross in the middle: one 200 m to the east, one 100 m to the north."""
    world = OsmWorld()
    world.nodes_at((1, 0, 50), (2, 100, 50), (3, 200, 50), (4, 100, 0), (5, 100, 100))
    world.way(10, [1, 2, 3], ROAD | {"name": "长安街"})
    world.way(20, [4, 2, 5] if shared else [4, 5], over or ROAD)
    return world


def test_ways_split_where_they_share_a_node(tmp_path: Path) -> None:
    streets = streets_of(cross(), tmp_path)
    assert rows(streets, "u", "v") == {"w10-0": (1, 2), "w10-1": (2, 3), "w20-0": (4, 2), "w20-1": (2, 5)}
    assert streets["length_m"].round(1).tolist() == [100.0, 100.0, 50.0, 50.0]
    assert streets["name"].tolist() == ["长安街", "长安街", "", ""]
    assert streets.crs.to_string() == CRS
    assert streets.geometry["w10-0"].coords[0] == pytest.approx((EAST, NORTH + 50), abs=0.02)
    assert list(streets.columns) == [*(column.name for column in STREETS), "geometry"]
    assert streets["climb_m"].isna().all()
    assert streets.index.name == "id"


def test_nothing_splits_where_no_walked_way_joins(tmp_path: Path) -> None:
    streets = streets_of(cross(over={"highway": "motorway"}), tmp_path)
    assert rows(streets, "u", "v") == {"w10-0": (1, 3)}


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ({"bridge": "yes"}, 1),
        ({"bridge": "viaduct", "layer": "2"}, 2),
        ({"tunnel": "yes"}, -1),
        ({"tunnel": "yes", "layer": "-3"}, -3),
        ({"tunnel": "building_passage"}, 0),
        ({"layer": "1;2", "bridge": "yes"}, 1),
        ({"bridge": "no"}, 0),
        ({"location": "underground"}, -1),
    ],
)
def test_levels_and_no_junction_without_a_shared_node(tags: dict[str, str], level: int, tmp_path: Path) -> None:
    streets = streets_of(cross(shared=False, over=ROAD | tags), tmp_path)
    assert rows(streets, "u", "v", "level") == {"w10-0": (1, 3, 0), "w20-0": (4, 5, level)}


@pytest.mark.parametrize(
    ("tags", "walked"),
    [
        ({"highway": "steps"}, True),
        ({"highway": "track"}, True),
        ({"highway": "cycleway"}, True),
        ({"highway": "living_street", "oneway": "yes"}, True),
        ({"highway": "footway", "footway": "sidewalk"}, True),
        ({"highway": "footway", "foot": "designated"}, True),
        ({"highway": "primary", "sidewalk": "none"}, True),
        ({"highway": "motorway"}, False),
        ({"highway": "motorway", "foot": "yes"}, True),
        ({"highway": "trunk"}, True),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        ({"highway": "trunk", "foot": "no"}, False),
        ({"highway": "trunk", "sidewalk": "both"}, True),
        ({"highway": "trunk", "sidewalk:right": "yes"}, True),
        ({"highway": "trunk_link", "sidewalk": "no"}, False),
        ({"highway": "primary", "motorroad": "yes"}, False),
        ({"highway": "residential", "foot": "no"}, False),
        ({"highway": "residential", "foot": "use_sidepath"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "no"}, False),
        ({"highway": "service", "access": "no", "foot": "yes"}, True),
        ({"highway": "service", "access": "private", "foot": "permissive"}, True),
        ({"highway": "service", "access": "customers"}, True),
        ({"highway": "track", "access": "agricultural;forestry"}, True),
        ({"highway": "service", "access": "no", "foot": "unknown"}, False),
        ({"highway": "construction", "construction": "footway"}, False),
        ({"highway": "proposed"}, False),
        ({"highway": "corridor", "indoor": "yes"}, False),
        ({"highway": "footway", "indoor": "yes"}, False),
        ({"highway": "footway", "indoor": "no"}, True),
        ({"highway": "raceway"}, False),
        ({"highway": "busway"}, False),
        ({"highway": "busway", "foot": "yes"}, True),
        ({"highway": "bus_stop"}, False),
    ],
)
def test_who_walks_where(tags: dict[str, str], walked: bool, tmp_path: Path) -> None:
    world = cross(over=tags)
    assert any(name.startswith("w20") for name in streets_of(world, tmp_path).index) == walked


def test_private_and_trunk_ways_on_demand_and_said(tmp_path: Path) -> None:
    world = cross(over={"highway": "service", "access": "private"})
    assert code(read(world, tmp_path).notices, "osm-streets-private").startswith("1 private")
    private = read(world, tmp_path, OsmOptions(take=("streets",), private_ways=True))
    assert private.streets is not None
    assert len(private.streets) == 4
    assert not [notice for notice in private.notices if notice.code == "osm-streets-private"]
    world = cross(over={"highway": "trunk"})
    assert len(streets_of(world, tmp_path)) == 4
    without = read(world, tmp_path, OsmOptions(take=("streets",), trunk_roads=False))
    assert code(without.notices, "osm-streets-expressway").startswith("1 ")


def test_a_square_is_walked_along_its_outline_and_a_parking_area_is_not(tmp_path: Path) -> None:
    world = cross()
    world.box(30, 300, 0, 40, 30, {"highway": "pedestrian", "area": "yes"})
    world.box(31, 400, 0, 40, 30, {"highway": "service", "area": "yes"})
    streets = streets_of(world, tmp_path)
    assert [name for name in streets.index if name.startswith("w3")] == ["w30-0"]
    assert streets.loc["w30-0", "length_m"] == pytest.approx(140, abs=0.05)
    assert tuple(streets.loc["w30-0", ["u", "v"]]) == (300, 300)


def test_a_way_that_meets_itself_splits_there(tmp_path: Path) -> None:
    # a lollipop: stick 1-2, then round the head and back to 2
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 50, 0), (3, 80, 30), (4, 110, 0))
    world.way(1, [1, 2, 3, 4, 2], ROAD)
    assert rows(streets_of(world, tmp_path), "u", "v") == {"w1-0": (1, 2), "w1-1": (2, 2)}


def test_a_way_drawn_there_and_back_is_one_edge(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 50, 0), (3, 100, 0))
    world.way(1, [1, 2, 3, 2, 1], ROAD)
    found = read(world, tmp_path)
    assert found.streets is not None
    assert rows(found.streets, "u", "v") == {"w1-0": (1, 3)}
    assert code(found.notices, "streets-repeated").startswith("1 ")


def test_nodes_at_one_place_joined_by_an_edge_are_one(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (7, 50, 0), (3, 50, 0), (4, 90, 0), (5, 50, 40))
    world.way(1, [1, 7, 3, 4], ROAD)
    world.way(2, [7, 5], ROAD)
    world.way(3, [3, 1], ROAD | {"name": "again"})
    streets = streets_of(world, tmp_path)
    assert (streets["length_m"] > 0).all()
    assert rows(streets, "u", "v") == {"w1-0": (1, 3), "w1-1": (3, 4), "w2-0": (3, 5)}


def test_a_way_past_the_edge_of_the_file_is_cut(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 50, 0), (4, 150, 0), (5, 200, 0), (6, 220, 0))
    world.way(1, [1, 2, 3, 4, 5], ROAD)
    world.way(2, [5, 99], ROAD)
    found = read(world, tmp_path)
    assert found.streets is not None
    assert rows(found.streets, "u", "v") == {"w1-0": (1, 2), "w1-1": (4, 5)}
    assert "2 ways reach past the file" in code(found.notices, "osm-ways-cut")
    assert "w1, w2" in code(found.notices, "osm-ways-cut")


def test_parts_that_are_not_connected_are_named(tmp_path: Path) -> None:
    world = cross()
    world.nodes_at((7, 500, 500), (8, 510, 500))
    world.way(30, [7, 8], PATH)
    said = code(read(world, tmp_path).notices, "streets-disconnected")
    assert said.startswith("1 parts of the streets, 3.2% of their length")
    assert "w30-0" in said
    assert not [n for n in read(cross(), tmp_path).notices if n.code == "streets-disconnected"]


def test_climbs_where_heights_are_given(tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(1, 0, 0, {"ele": "100"})
    world.node(2, 30, 0, {"ele": "112.5 m"})
    world.node(3, 60, 0, {"ele": "high"})
    world.way(1, [1, 2], {"highway": "steps"})
    world.way(2, [2, 3], PATH)
    streets = streets_of(world, tmp_path)
    assert streets.loc["w1-0", "climb_m"] == 12.5
    assert pd.isna(streets.loc["w2-0", "climb_m"])


def waits(streets: geopandas.GeoDataFrame) -> dict[str, tuple[str, float]]:
    some = streets[streets["crossing"] != ""]
    assert (streets.loc[streets["crossing"] == "", "wait_share"] == 0).all()
    return {name: (row["crossing"], round(row["wait_share"], 3)) for name, row in some.iterrows()}


def crossing_world(tags: dict[str, str], *, halves: bool = False, node_tags: dict[str, str] | None = None) -> OsmWorld:
    """A road to the east; a path to the north crosses it: 20 m path, 5 m and 15 m of crossing, 20 m path."""
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (3, 100, 0), (4, 50, -25), (5, 50, -5), (6, 50, 15), (7, 50, 35))
    world.node(2, 50, 0, node_tags)
    world.way(1, [1, 2, 3], ROAD)
    world.way(10, [4, 5], PATH)
    if halves:
        world.way(11, [5, 2], PATH | tags)
        world.way(12, [2, 6], PATH | tags)
    else:
        world.way(11, [5, 2, 6], PATH | tags)
    world.way(13, [6, 7], PATH)
    return world


def test_one_crossing_way_costs_one_wait(tmp_path: Path) -> None:
    streets = streets_of(crossing_world({"footway": "crossing"}), tmp_path)
    assert waits(streets) == {"w11-0": ("minor", 0.25), "w11-1": ("minor", 0.75)}


def test_a_crossing_drawn_in_two_halves_costs_one_wait(tmp_path: Path) -> None:
    streets = streets_of(crossing_world({"footway": "crossing"}, halves=True), tmp_path)
    assert waits(streets) == {"w11-0": ("minor", 0.25), "w12-0": ("minor", 0.75)}


@pytest.mark.parametrize(
    ("way_tags", "node_tags", "kind"),
    [
        ({"footway": "crossing", "crossing": "traffic_signals"}, {}, "signal"),
        ({"footway": "crossing"}, {"highway": "crossing", "crossing": "traffic_signals"}, "signal"),
        ({"footway": "crossing"}, {"highway": "traffic_signals", "crossing": "marked"}, "signal"),
        ({"footway": "crossing", "crossing:signals": "yes"}, {}, "signal"),
        ({"footway": "crossing"}, {"highway": "traffic_signals"}, "minor"),
        ({"footway": "crossing"}, {"highway": "crossing", "crossing": "zebra"}, "minor"),
        ({"path": "crossing"}, {}, "minor"),
    ],
)
def test_what_one_waits_at(way_tags: dict[str, str], node_tags: dict[str, str], kind: str, tmp_path: Path) -> None:
    found = waits(streets_of(crossing_world(way_tags, node_tags=node_tags), tmp_path))
    assert found == {"w11-0": (kind, 0.25), "w11-1": (kind, 0.75)}


def test_two_crossings_that_meet_at_a_corner_cost_a_wait_each(tmp_path: Path) -> None:
    # crossing 11 of the road to the east ends at the corner 6, where crossing 12 of the road to the north begins
    world = crossing_world({"footway": "crossing"})
    world.nodes_at((8, 70, 15), (20, 60, -40), (21, 60, 80))
    world.node(22, 60, 15)
    world.way(2, [20, 22, 21], ROAD)
    world.way(12, [6, 22, 8], PATH | {"footway": "crossing"})
    found = waits(streets_of(world, tmp_path))
    assert found == {
        "w11-0": ("minor", 0.25),
        "w11-1": ("minor", 0.75),
        "w12-0": ("minor", 0.5),
        "w12-1": ("minor", 0.5),
    }


def test_a_wide_street_of_two_carriageways_costs_one_wait(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 50, 0), (3, 100, 0), (4, 0, 10), (5, 50, 10), (6, 100, 10), (7, 50, -5), (8, 50, 15))
    world.way(1, [1, 2, 3], ROAD)
    world.way(2, [6, 5, 4], ROAD)
    world.way(3, [7, 2, 5, 8], PATH | {"footway": "crossing", "crossing": "traffic_signals"})
    found = waits(streets_of(world, tmp_path))
    assert found == {"w3-0": ("signal", 0.25), "w3-1": ("signal", 0.5), "w3-2": ("signal", 0.25)}


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "crossing"}, "minor"),
        ({"highway": "crossing", "crossing": "traffic_signals"}, "signal"),
        ({"highway": "traffic_signals", "crossing": "traffic_signals"}, "signal"),
    ],
)
def test_a_crossing_node_gives_half_a_wait_to_each_path(tags: dict[str, str], kind: str, tmp_path: Path) -> None:
    found = waits(streets_of(crossing_world({}, node_tags=tags), tmp_path))
    assert found == {"w11-0": (kind, 0.5), "w11-1": (kind, 0.5)}


def test_a_crossing_node_of_roads_alone_or_paths_alone_costs_nothing(tmp_path: Path) -> None:
    world = cross()
    world.node(6, 150, 50, {"highway": "crossing"})
    world.way(30, [3, 6], ROAD)
    world.node(7, 0, 300, {"highway": "crossing"})
    world.nodes_at((8, 0, 290), (9, 0, 310), (11, 10, 300))
    world.way(31, [8, 7, 9], PATH)
    world.way(32, [7, 11], PATH)
    assert waits(streets_of(world, tmp_path)) == {}


def test_a_crossing_of_an_expressway_that_nobody_walks_costs_a_wait(tmp_path: Path) -> None:
    world = crossing_world({}, node_tags={"highway": "crossing", "crossing": "traffic_signals"})
    world.ways[0] = world.ways[0].replace("residential", "trunk")
    found = waits(streets_of(world, tmp_path))
    assert found == {"w11-0": ("signal", 0.5), "w11-1": ("signal", 0.5)}


@pytest.mark.parametrize(
    ("over", "road", "expected"),
    [
        (PATH | {"bridge": "yes"}, {"highway": "primary"}, {"w20-0": ("bridge", 1.0)}),
        ({"highway": "cycleway", "tunnel": "yes"}, {"highway": "primary"}, {"w20-0": ("bridge", 1.0)}),
        (PATH | {"bridge": "yes"}, {"highway": "motorway"}, {"w20-0": ("bridge", 1.0)}),
        (PATH | {"bridge": "yes"}, {"highway": "service"}, {}),
        (PATH | {"bridge": "yes"}, {"waterway": "river"}, {}),
        (PATH | {"bridge": "yes", "footway": "sidewalk"}, {"highway": "primary"}, {}),
        ({"highway": "residential", "bridge": "yes"}, {"highway": "primary"}, {}),
        (PATH | {"bridge": "yes"}, {"highway": "primary", "bridge": "yes"}, {}),
    ],
)
def test_footbridges_and_underpasses(
    over: dict[str, str], road: dict[str, str], expected: dict[str, tuple[str, float]], tmp_path: Path
) -> None:
    world = cross(shared=False, over=over)
    world.ways[0] = (
        world.ways[0].split("<tag")[0] + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in road.items()) + "</way>"
    )
    assert waits(streets_of(world, tmp_path)) == expected


def test_a_footbridge_of_several_pieces_costs_one_wait(tmp_path: Path) -> None:
    # over a road of two carriageways in three pieces; only the two that cross a road carry the wait, 20 m and 60 m
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (2, 100, 0), (3, 0, 40), (4, 100, 40))
    world.nodes_at((5, 50, -20), (6, 50, -10), (7, 50, 10), (8, 50, 70))
    world.way(1, [1, 2], {"highway": "primary"})
    world.way(2, [3, 4], {"highway": "primary"})
    for number, refs in ((10, [5, 6]), (11, [6, 7]), (12, [7, 8])):
        world.way(number, refs, PATH | {"bridge": "yes"})
    assert waits(streets_of(world, tmp_path)) == {"w11-0": ("bridge", 0.25), "w12-0": ("bridge", 0.75)}


def test_every_walk_over_the_road_waits_once(tmp_path: Path) -> None:
    """Whatever the crossing is drawn like, the walk from one side to the other costs one wait."""
    worlds = [
        crossing_world({"footway": "crossing"}),
        crossing_world({"footway": "crossing"}, halves=True),
        crossing_world({}, node_tags={"highway": "crossing"}),
        crossing_world({}, node_tags={"highway": "crossing"}, halves=True),
        crossing_world({"footway": "crossing"}, halves=True, node_tags={"highway": "crossing"}),
    ]
    for world in worlds:
        streets = streets_of(world, tmp_path)
        graph = nx.Graph()
        graph.add_weighted_edges_from(streets[["u", "v", "wait_share"]].itertuples(index=False))
        assert nx.dijkstra_path_length(graph, 4, 7) == pytest.approx(1.0)


def test_file_order_changes_nothing(tmp_path: Path) -> None:
    world = crossing_world({"footway": "crossing"})
    there = streets_of(world, tmp_path)
    world.ways.reverse()
    assert_geodataframe_equal(streets_of(world, tmp_path), there)


def test_ways_before_nodes_are_sorted_and_said(tmp_path: Path) -> None:
    world = crossing_world({"footway": "crossing"})
    found = read_osm(world.write(tmp_path, ways_first=True), crs=CRS, options=STREETS_ONLY)
    assert_geodataframe_equal(found.streets, streets_of(world, tmp_path))
    assert code(found.notices, "osm-sorted")


def test_compressed_files_hold_the_same(tmp_path: Path) -> None:
    world = cross()
    plain = streets_of(world, tmp_path)
    (tmp_path / "world.osm.gz").write_bytes(gzip.compress(world.text().encode()))
    (tmp_path / "world.osm.bz2").write_bytes(bz2.compress(world.text().encode()))
    for name in ("world.osm.gz", "world.osm.bz2"):
        assert_geodataframe_equal(read_osm(tmp_path / name, crs=CRS, options=STREETS_ONLY).streets, plain)


def test_crs_chosen_by_place(tmp_path: Path) -> None:
    found = read_osm(cross().write(tmp_path), options=STREETS_ONLY)
    assert found.crs.to_epsg() == 4547
    assert found.streets is not None
    assert found.streets.crs == found.crs
    assert "CM 114E" in code(found.notices, "osm-projected")
    attribution = next(notice for notice in found.notices if notice.code == "attribution")
    assert attribution.everywhere
    assert str(attribution.message) == "© OpenStreetMap contributors"
