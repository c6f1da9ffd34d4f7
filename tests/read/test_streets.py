"""Plain street lines: where they join, what is left out, and noding against brute force."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import geopandas
import networkx as nx
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from geoplan.errors import InputError, Where
from geoplan.model import STREETS, Notice
from geoplan.read.street_noding import node_lines, repeated_edges
from geoplan.read.streets import build_streets, read_street_lines
from geoplan.read.validate import validate_table

CRS = "EPSG:4548"


def table(*lines: object, **columns: list[object]) -> geopandas.GeoDataFrame:
    """Street lines numbered from 0; a line is a list of (x, y) or a geometry."""
    shapes = [LineString(line) if isinstance(line, list) else line for line in lines]
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def ends(streets: geopandas.GeoDataFrame) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    return {
        name: (tuple(np.round(line.coords[0], 3)), tuple(np.round(line.coords[-1], 3)))
        for name, line in streets.geometry.items()
    }


def codes(notices: list[Notice]) -> set[str]:
    return {notice.code for notice in notices} - {"streets-no-level"}


def graph_of(streets: geopandas.GeoDataFrame) -> nx.MultiGraph:
    return nx.MultiGraph(list(zip(streets["u"].tolist(), streets["v"].tolist(), strict=True)))


CROSS = ([(0, 50), (100, 50)], [(50, 0), (50, 100)])


def test_a_crossing_becomes_a_node() -> None:
    streets, notices = build_streets(table(*CROSS, name=["人民路", "解放路"], kind=["primary", "steps"]))
    # nodes by x, then y: (0,50) (50,0) (50,50) (50,100) (100,50)
    assert streets[["u", "v"]].to_numpy().tolist() == [[0, 2], [2, 4], [1, 2], [2, 3]]
    assert list(streets.index) == ["0-0", "0-1", "1-0", "1-1"]
    assert streets["length_m"].tolist() == [50, 50, 50, 50]
    assert streets["name"].tolist() == ["人民路", "人民路", "解放路", "解放路"]
    assert streets["kind"].tolist() == ["primary", "primary", "steps", "steps"]
    assert codes(notices) == set()
    assert validate_table(streets, STREETS, Where()) == []


def test_levels_join_only_at_ends() -> None:
    # a bridge over a street, whose east end meets a street on the ground
    lines = ([(0, 50), (100, 50)], [(50, 0), (50, 100)], [(100, 50), (150, 50)])
    streets, notices = build_streets(table(*lines, level=[1, 0, 0]))
    assert ends(streets) == {
        "0-0": ((0, 50), (100, 50)),
        "1-0": ((50, 0), (50, 100)),
        "2-0": ((100, 50), (150, 50)),
    }
    assert streets.loc["0-0", "v"] == streets.loc["2-0", "u"]
    assert streets["level"].tolist() == [1, 0, 0]
    assert codes(notices) == {"streets-disconnected"}


def test_a_bridge_comes_down_on_a_street() -> None:
    # footbridge from the middle of one street over a second to the middle of a third
    streets, _ = build_streets(
        table(
            [(0, 0), (100, 0)],
            [(0, 50), (100, 50)],
            [(0, 100), (100, 100)],
            [(50, 0), (50, 100)],
            level=[0, 0, 0, 1],
        )
    )
    assert Counter(dict(graph_of(streets).degree()).values()) == {1: 6, 3: 2}
    assert len(streets) == 2 + 1 + 2 + 1


def test_a_bridge_in_two_pieces_does_not_land_where_they_meet() -> None:
    # the two pieces meet right above the street on the ground
    streets, _ = build_streets(table([(0, 0), (100, 0)], [(50, -50), (50, 0)], [(50, 0), (50, 50)], level=[0, 1, 1]))
    assert ends(streets)["0-0"] == ((0, 0), (100, 0))
    assert streets.loc["1-0", "v"] == streets.loc["2-0", "u"]


def test_a_street_that_ends_under_a_bridge_does_not_join_it() -> None:
    streets, _ = build_streets(table([(0, 0), (100, 0)], [(50, -50), (50, 0)], level=[1, 0]))
    assert len(streets) == 2


@pytest.mark.parametrize("gap", [-0.4, 0.0, 0.4])
def test_a_t_junction_short_exact_and_past(gap: float) -> None:
    # one node, whether the street ends short of the other, on it, or a little past it
    streets, notices = build_streets(table([(0, 0), (100, 0)], [(50, -60), (50, 0 - gap)]), tolerance_m=0.5)
    assert Counter(dict(graph_of(streets).degree()).values()) == {1: 3, 3: 1}
    assert streets.loc[["0-0", "0-1"], "length_m"].tolist() == pytest.approx([50, 50])
    assert streets.loc["1-0", "length_m"] == pytest.approx(60)
    assert codes(notices) == set()


def test_a_gap_wider_than_the_tolerance_stays_and_is_named() -> None:
    streets, notices = build_streets(table([(0, 0), (100, 0)], [(50, -60), (50, -0.6)]), tolerance_m=0.5)
    assert len(streets) == 2
    (notice,) = [notice for notice in notices if notice.code == "streets-disconnected"]
    assert str(notice.message).startswith("1 parts of the streets")
    assert "1-0" in str(notice.message)


def test_streets_that_never_meet_are_refused() -> None:
    # a grid of 5 x 5 blocks whose sides all stop 2 m before the corner
    sides = [[(100 * i + 2, 100 * j), (100 * i + 98, 100 * j)] for i in range(5) for j in range(6)]
    with pytest.raises(InputError) as caught:
        build_streets(table(*sides), where=Where("路.shp"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where.file, len(fault.where.rows)) == ("streets-disconnected", "路.shp", 29)
    assert "30 separate parts; 97%" in str(fault.given)


def test_islands_of_streets_are_named_everywhere_but_not_refused() -> None:
    # four islands, each a ladder of 13 streets
    islands = [
        side
        for k in range(4)
        for side in (
            *([(1000 * k, 0), (1000 * k, 600)], [(1000 * k + 100, 0), (1000 * k + 100, 600)]),
            *([(1000 * k, 100 * j), (1000 * k + 100, 100 * j)] for j in range(7)),
        )
    ]
    _, notices = build_streets(table(*islands))
    assert [notice.everywhere for notice in notices if notice.code == "streets-disconnected"] == [True]


def test_ends_that_nearly_meet_are_joined() -> None:
    streets, _ = build_streets(table([(0, 0), (50, 0)], [(50.3, 0.3), (100, 0)], [(50, -0.3), (50, -50)]))
    assert Counter(dict(graph_of(streets).degree()).values()) == {1: 3, 3: 1}
    # every edge reaches its node
    node = streets.loc["0-0", "v"]
    assert streets.loc["1-0", "u"] == streets.loc["2-0", "u"] == node
    places = {streets.geometry["0-0"].coords[-1], streets.geometry["1-0"].coords[0], streets.geometry["2-0"].coords[0]}
    assert len(places) == 1


def test_an_overlap_is_one_street() -> None:
    # 0-60 and 40-100 on one line: the first whole, 60-100 of the second
    streets, notices = build_streets(table([(0, 0), (30, 0), (60, 0)], [(40, 0), (50, 0), (100, 0)]))
    assert sorted(streets["length_m"].tolist()) == [40, 60]
    assert streets["length_m"].sum() == 100
    assert codes(notices) == {"streets-repeated"}


def test_the_same_line_twice_once_backwards() -> None:
    streets, notices = build_streets(
        table([(0, 0), (30, 10), (60, 0)], [(60, 0), (30, 10), (0, 0)], [(60, 0), (90, 0)])
    )
    assert list(streets.index) == ["0-0", "2-0"]
    assert codes(notices) == {"streets-repeated"}


def test_two_ways_between_the_same_nodes_both_stay() -> None:
    streets, notices = build_streets(table([(0, 0), (30, 10), (60, 0)], [(60, 0), (30, -10), (0, 0)]))
    assert len(streets) == 2
    assert codes(notices) == set()


def test_a_line_that_crosses_itself_and_a_ring() -> None:
    loop = [(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)]
    ring = [(200, 0), (250, 0), (250, 50), (200, 50), (200, 0)]
    streets, _ = build_streets(table(loop, ring))
    assert streets.loc[["0-0", "0-1", "0-2"], "length_m"].tolist() == [50, 200, 50]
    assert streets.loc["0-1", "u"] == streets.loc["0-1", "v"]
    assert streets.loc["1-0", "length_m"] == 200
    assert streets.loc["1-0", "u"] == streets.loc["1-0", "v"]


def test_many_parts_heights_and_nothing() -> None:
    parts = MultiLineString([[(0, 0), (50, 0)], [(60, 0), (100, 0)]])
    streets, notices = build_streets(
        table(parts, LineString([(50, 0, 5), (60, 0, 7)]), LineString([(7, 7), (7, 7)]), None, LineString())
    )
    assert list(streets.index) == ["0-0", "0-1", "1-0"]
    assert not streets.has_z.any()
    assert codes(notices) == {"streets-parts", "streets-flattened", "streets-zero-length", "streets-empty"}
    said = {notice.code: str(notice.message) for notice in notices}
    assert "2 (1)" in said["streets-zero-length"]
    assert "3, 4 (2)" in said["streets-empty"]


def test_waits_and_climbs_are_spread_by_length() -> None:
    lines = table(
        [(0, 0), (100, 0)], [(25, -10), (25, 10)], climb_m=[8.0, None], wait_share=[1, 0], crossing=["minor", ""]
    )
    streets, _ = build_streets(lines)
    assert streets["climb_m"].tolist()[:2] == [2.0, 6.0]
    assert np.isnan(streets["climb_m"].tolist()[2])
    assert streets["wait_share"].tolist() == [0.25, 0.75, 0, 0]
    assert streets["crossing"].tolist() == ["minor", "minor", "", ""]


@pytest.mark.parametrize(
    ("columns", "levels"),
    [
        ({"level": [1, 0]}, [1, 0]),
        ({"level": ["1", None]}, [1, 0]),
        ({"layer": ["-2", "0"]}, [-2, 0]),
        ({"layer": ["道路", "道路"]}, [0, 0, 0, 0]),
        ({"bridge": ["yes", None], "tunnel": [None, None]}, [1, 0]),
        ({"bridge": ["T", "F"], "tunnel": ["F", "F"], "layer": [1.0, 0.0]}, [1, 0]),
        ({"bridge": [["yes", "viaduct"], None]}, [1, 0]),
    ],
)
def test_where_levels_come_from(columns: dict[str, list[object]], levels: list[int]) -> None:
    streets, notices = build_streets(table(*CROSS, **columns))
    assert streets["level"].tolist() == levels
    assert not [notice for notice in notices if notice.code == "streets-no-level"]


def test_without_levels_all_crossings_join_and_that_is_said() -> None:
    _, notices = build_streets(table(*CROSS))
    assert [notice.code for notice in notices] == ["streets-no-level"]


def test_given_nodes_are_used() -> None:
    # the lines cross, but their nodes say that they do not join; the second runs from v to u
    streets, notices = build_streets(
        table(
            [(0, 50), (100, 50)], [(50, 100), (50, 0)], [(50, 0), (80, 0)],
            u=[11, 21, 21], v=[12, 22, 23], length=[100.0, 104.5, None],
            highway=["primary", ["steps", "footway"], None],
        )
    )  # fmt: skip
    assert streets[["u", "v"]].to_numpy().tolist() == [[11, 12], [21, 22], [21, 23]]
    assert ends(streets)["1-0"] == ((50, 0), (50, 100))
    assert streets["length_m"].tolist() == [100, 104.5, 30]
    assert streets["kind"].tolist() == ["primary", "steps", ""]
    assert codes(notices) == {"streets-disconnected"}


def test_given_nodes_that_contradict_the_lines() -> None:
    streets, notices = build_streets(table(*CROSS, [(50, 50), (70, 90)], u=[1, 3, 1], v=[2, 4, 3]))
    assert "streets-nodes-contradict" in codes(notices)
    assert len(streets) == 5


def test_two_way_streets_of_given_nodes_are_one_edge() -> None:
    streets, notices = build_streets(table([(0, 0), (9, 0)], [(9, 0), (0, 0)], u=[1, 2], v=[2, 1], key=[0, 0]))
    assert streets[["u", "v"]].to_numpy().tolist() == [[1, 2]]
    assert codes(notices) == {"streets-repeated"}


# bad input


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:2263"])
def test_lines_need_metres(crs: str | None) -> None:
    lines = geopandas.GeoDataFrame(geometry=[LineString([(1, 1), (2, 2)])], crs=crs)
    with pytest.raises(InputError) as raised:
        build_streets(lines, where=Where(file="路.shp"))
    assert [(fault.code, fault.where.file) for fault in raised.value.faults] == [("no-metre-crs", "路.shp")]


def test_all_faults_at_once() -> None:
    lines = table([(0, 0), (9, 0)], Point(3, 3), [(0, 5), (9, 5)], level=["0", "1.5", "桥"], climb_m=["a", 1, 2])
    with pytest.raises(InputError) as raised:
        build_streets(lines)
    found = {fault.where.column: (fault.code, fault.where.rows) for fault in raised.value.faults}
    assert found == {
        "geometry": ("wrong-geometry", ("1",)),
        "level": ("not-a-number", ("1", "2")),
        "climb_m": ("not-a-number", ("0",)),
    }


@pytest.mark.parametrize("lines", [table(), table(None), table(LineString([(1, 1), (1, 1)]))])
def test_no_street_left(lines: geopandas.GeoDataFrame) -> None:
    with pytest.raises(InputError) as raised:
        build_streets(lines)
    assert [fault.code for fault in raised.value.faults] == ["no-streets"]


def test_negative_lengths() -> None:
    with pytest.raises(InputError) as raised:
        build_streets(table(*CROSS, u=[1, 3], v=[2, 4], length_m=[-1, 5]))
    assert [fault.where.rows for fault in raised.value.faults] == [("0",)]


def test_files(tmp_path: Path) -> None:
    lines = table(*CROSS, level=[0, 1])
    lines.to_file(tmp_path / "streets.gpkg")
    lines.to_parquet(tmp_path / "streets.parquet")
    expected, _ = build_streets(lines)
    for name in ("streets.gpkg", "streets.parquet"):
        assert_geodataframe_equal(read_street_lines(tmp_path / name)[0], expected)
    assert_geodataframe_equal(read_street_lines(lines)[0], expected)
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    for name, code in (("none.gpkg", "missing-file"), ("broken.gpkg", "unreadable-file")):
        with pytest.raises(InputError) as raised:
            read_street_lines(tmp_path / name)
        assert [(fault.code, fault.where.file) for fault in raised.value.faults] == [(code, str(tmp_path / name))]


# properties

grid = st.integers(0, 12).map(float)
points = st.tuples(grid, grid)
polylines = st.lists(points, min_size=2, max_size=5).filter(lambda line: all(a != b for a, b in pairwise(line)))
worlds = st.lists(polylines, min_size=1, max_size=12)


def rounded(place: object) -> tuple[float, ...]:
    """A place to 1e-5, off the fractions with small denominators at which two computations may round apart."""
    return tuple(np.round(np.asarray(place) + np.pi * 1e-6, 5).tolist())


@settings(max_examples=80, deadline=None)
@given(worlds)
def test_noding_equals_the_union_of_all_lines(lines: list[list[tuple[float, float]]]) -> None:
    """Oracle: shapely's union cuts everything everywhere; merged again, it has the same junctions and length."""
    streets, _ = build_streets(table(*lines), tolerance_m=0)
    union = shapely.union_all([LineString(line) for line in lines])
    assert streets["length_m"].sum() == pytest.approx(union.length)
    pieces = nx.MultiGraph()
    for piece in shapely.get_parts(union):
        for a, b in pairwise(shapely.get_coordinates(piece)):
            pieces.add_edge(rounded(a), rounded(b))
    expected = {node for node, degree in pieces.degree() if degree != 2}
    ours = graph_of(streets)
    place = {}
    for row, line in zip(streets.itertuples(), streets.geometry, strict=True):
        place[row.u], place[row.v] = line.coords[0], line.coords[-1]
    found = {rounded(place[node]) for node, degree in ours.degree() if degree != 2}
    assert found == expected
    assert len(set(place.values())) == len(place)
    assert nx.number_connected_components(ours) == nx.number_connected_components(pieces)


@settings(max_examples=25, deadline=None)
@given(worlds, st.lists(st.integers(-1, 1), min_size=12, max_size=12), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(
    lines: list[list[tuple[float, float]]], levels: list[int], random: object
) -> None:
    given_lines = table(*lines, level=levels[: len(lines)])
    order = list(range(len(lines)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before = given_lines.copy()
    there, _ = build_streets(given_lines)
    back, _ = build_streets(given_lines.iloc[order])
    assert_geodataframe_equal(there, back)
    assert_geodataframe_equal(given_lines, before)


@settings(max_examples=25, deadline=None)
@given(worlds, st.lists(st.integers(-1, 1), min_size=12, max_size=12))
def test_every_edge_runs_from_its_node_to_its_node(lines: list[list[tuple[float, float]]], levels: list[int]) -> None:
    streets, _ = build_streets(table(*lines, level=levels[: len(lines)]), tolerance_m=0.5)
    place: dict[int, tuple[float, ...]] = {}
    for row, line in zip(streets.itertuples(), streets.geometry, strict=True):
        assert place.setdefault(row.u, line.coords[0]) == line.coords[0]
        assert place.setdefault(row.v, line.coords[-1]) == line.coords[-1]
    assert sorted(place) == list(range(len(place)))
    assert (streets["length_m"] > 0).all()


@settings(max_examples=25, deadline=None)
@given(worlds, st.lists(st.integers(-1, 1), min_size=12, max_size=12))
def test_each_level_is_noded_by_itself(lines: list[list[tuple[float, float]]], levels: list[int]) -> None:
    levels = levels[: len(lines)]
    streets, _ = build_streets(table(*lines, level=levels), tolerance_m=0)
    for level in set(levels):
        union = shapely.union_all([LineString(line) for line, at in zip(lines, levels, strict=True) if at == level])
        some = streets[streets["level"] == level]
        assert some["length_m"].sum() == pytest.approx(union.length)
        assert shapely.union_all(some.geometry.to_numpy()).length == pytest.approx(union.length)


def test_no_node_joins_just_two_stretches_of_one_line() -> None:
    # two lines run together and part; where both have vertices nothing else joins
    streets, _ = build_streets(
        table([(0, 0), (10, 0), (20, 0), (30, 0), (40, 0), (40, 30)], [(10, 0), (20, 0), (30, 0), (30, 30)])
    )
    assert sorted(streets["length_m"].tolist()) == [30, 30, 40]


def test_repeated_edges_compare_with_the_first() -> None:
    shapes = shapely.from_wkt(["LINESTRING (0 0, 9 0)", "LINESTRING (0 0, 4 3, 9 0)", "LINESTRING (9 0, 0 0)"] * 2)
    one, two = np.array([1, 1, 2] * 2), np.array([2, 2, 1] * 2)
    repeated = repeated_edges(one, two, np.zeros(6, np.int64), shapes, tolerance_m=0.1)
    assert repeated.tolist() == [False, False, True, True, True, True]
    apart = repeated_edges(one, two, np.arange(6), shapes, tolerance_m=0.1)
    assert not apart.any()


def test_a_hub_of_many_streets_is_one_node() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    lines = np.array(
        [LineString([(-50 * np.cos(a), -50 * np.sin(a)), (50 * np.cos(a), 50 * np.sin(a))]) for a in angles[:30]]
    )
    noded = node_lines(lines, np.zeros(30, np.int64), tolerance_m=0.5)
    degrees = Counter(np.r_[noded.u, noded.v].tolist())
    assert Counter(degrees.values()) == {1: 60, 60: 1}


# real streets


@pytest.mark.real
def test_wuhan_by_its_nodes(shared_data: Path) -> None:
    streets, notices = read_street_lines(shared_data / "wuhan-streets/wuhan_streets_epsg32650.parquet")
    assert len(streets) == 92_667 - 24
    assert streets["length_m"].sum() / 1000 == pytest.approx(7185, rel=0.001)
    graph = graph_of(streets)
    # stated 82,891 end points; eleven nodes lie where another does
    assert len(graph) == 82_902
    assert nx.number_connected_components(graph) == 1
    assert codes(notices) == {"streets-repeated"}
    assert set(streets["kind"]) >= {"primary", "pedestrian", "living_street"}


@pytest.mark.real
def test_wuhan_noded(shared_data: Path) -> None:
    """Noded without its node ids: all its nodes are found again, and further ones where flyovers cross streets."""
    lines = geopandas.read_parquet(shared_data / "wuhan-streets/wuhan_streets_epsg32650.parquet")
    lines = lines.cx[240_000:246_000, 3_375_000:3_381_000]
    streets, notices = build_streets(lines.drop(columns=["u", "v"]))
    by_nodes, _ = build_streets(lines)
    assert 2_000 < len(lines) < 20_000
    assert len(graph_of(streets)) >= len(graph_of(by_nodes))
    assert streets["length_m"].sum() == pytest.approx(by_nodes["length_m"].sum(), rel=0.002)
    assert "streets-no-level" in {notice.code for notice in notices}
    union = shapely.union_all(lines.geometry.to_numpy())
    assert streets["length_m"].sum() == pytest.approx(union.length, rel=0.002)
