"""The generator's parts on worlds drawn by hand; copies for planners; the large town of the benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.errors import InputError, OutputError
from geoplan.model import BUILDINGS, FACILITIES, STREETS, UNITS
from geoplan.samples import SAMPLES, generate_large_town, generate_sample, write_sample
from geoplan.samples.formats import write_csv, write_gbk_shapefile, write_ledger
from geoplan.samples.planar import Planar
from geoplan.samples.units import adjacency, balanced_regions, number_by_place, split_regions

SQUARE = [(0.0, 0.0), (400.0, 0.0), (400.0, 400.0), (0.0, 400.0)]


def cross() -> Planar:
    """A square of 400 m with two roads through its middle: four faces."""
    return Planar.from_lines(
        [("primary", "东西路", [(-50, 200), (450, 200)]), ("secondary", "南北街", [(200, -50), (200, 450)])], SQUARE
    )


def face_at(plan: Planar, x: float, y: float) -> int:
    return next(face for face in plan.rings if plan.polygon(face).contains(shapely.Point(x, y)))


def test_roads_part_the_land_and_keep_kind_and_name() -> None:
    plan = cross()
    assert sorted(plan.polygon(face).area for face in plan.rings) == [40_000.0] * 4
    kinds = {(kind, plan.name[edge]) for edge, kind in plan.kind.items()}
    assert kinds == {("primary", "东西路"), ("secondary", "南北街"), ("", "")}
    assert plan.degree[plan.vertex((200, 200))] == 4
    assert plan.degree[plan.vertex((200, 0))] == 3


def test_a_cut_ends_in_both_faces_beside_it() -> None:
    plan = cross()
    parts = plan.cut(face_at(plan, 100, 100), (100.0, 100.0), math.pi / 2, "residential")
    assert parts is not None
    assert sorted(plan.polygon(part).area for part in parts) == [20_000.0] * 2
    corner = plan.vertex((100, 200))
    assert corner in plan.rings[face_at(plan, 100, 300)]  # the face on the other side of the road knows it
    assert plan.edge_kind(corner, plan.vertex((100, 0))) == "residential"
    # a second cut from the other side snaps to that junction, 20 m away
    upper = plan.cut(face_at(plan, 100, 300), (120.0, 300.0), math.pi / 2, "residential")
    assert upper is not None
    assert plan.degree[corner] == 4


@pytest.mark.parametrize(
    ("centre", "angle", "frontage"),
    [
        ((10.0, 100.0), math.pi / 2, 0.0),  # leaves a sliver
        ((100.0, 100.0), 0.0, 250.0),  # leaves a part without so long a street
        ((900.0, 900.0), 0.0, 0.0),  # misses the face
    ],
)
def test_a_bad_cut_is_not_made(centre: tuple[float, float], angle: float, frontage: float) -> None:
    plan = cross()
    face = face_at(plan, 100, 100)
    assert plan.cut(face, centre, angle, "", frontage_m=frontage) is None
    assert len(plan.rings) == 4
    assert plan.polygon(face).area == 40_000.0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(10, 390), st.floats(10, 390), st.floats(0, math.pi), st.floats(-0.1, 0.1)), max_size=8)
)
def test_cuts_always_leave_a_tiling(cuts: list[tuple[float, float, float, float]]) -> None:
    plan = cross()
    for x, y, angle, bend in cuts:
        inside = [f for f in plan.rings if plan.polygon(f).contains(shapely.Point(x, y))]
        if inside:
            plan.cut(inside[0], (x, y), angle, "residential", bend=bend)
    faces = np.array([plan.polygon(face) for face in plan.rings])
    assert shapely.is_valid(faces).all()
    assert shapely.coverage_is_valid(faces)
    assert shapely.area(faces).sum() == pytest.approx(160_000.0)
    graph = adjacency(plan, list(plan.rings))
    assert nx.is_connected(graph)


def grid_graph(columns: int, rows: int) -> tuple[nx.Graph, np.ndarray]:
    graph = nx.Graph()
    xy = np.array([(100.0 * c, 100.0 * r) for r in range(rows) for c in range(columns)])
    graph.add_nodes_from(range(len(xy)))
    for i in range(len(xy)):
        if i % columns < columns - 1:
            graph.add_edge(i, i + 1, m=100.0)
        if i + columns < len(xy):
            graph.add_edge(i, i + columns, m=100.0)
    return graph, xy


def test_regions_are_connected_and_near_their_shares() -> None:
    graph, xy = grid_graph(12, 10)
    weight = np.ones(120)
    seeds = np.array([(100.0, 100.0), (1000.0, 100.0), (500.0, 800.0)])
    share = np.array([0.5, 0.25, 0.25])
    region = balanced_regions(graph, xy, weight, seeds, share, np.zeros((120, 3)))
    assert np.abs(np.bincount(region) - 120 * share).max() <= 6
    for r in range(3):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(region == r).tolist()))


def test_parts_nest_in_their_regions() -> None:
    graph, xy = grid_graph(8, 6)
    region = np.where(xy[:, 0] < 350, 0, 1)
    part = split_regions(graph, region, xy, np.ones(48), [2, 4])
    assert sorted(np.unique(part[region == 0])) == [0, 1]
    assert sorted(np.unique(part[region == 1])) == [2, 3, 4, 5]
    assert np.bincount(part).tolist() == [12, 12, 6, 6, 6, 6]


def test_places_are_numbered_west_to_east_then_north_to_south() -> None:
    assert number_by_place([(500, 0), (0, 900), (0, 0), (700, 950)]) == [1, 3, 2, 0]


def test_a_gbk_shapefile_reads_back(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"小区编号全称": ["A1", None], "户数": [12, None], "比例": [0.5, 1.25]},
        geometry=[shapely.Point(1, 2), shapely.Point(3, 4)],
        crs=4548,
    )
    path = tmp_path / "表.shp"
    write_gbk_shapefile(path, table, {"小区编号全称": (6, -1), "户数": (4, 0), "比例": (6, 2)})
    assert not path.with_suffix(".cpg").exists()
    back = gpd.read_file(path, encoding="GBK")
    assert list(back.columns) == ["小区编号全", "户数", "比例", "geometry"]
    assert back["小区编号全"].tolist()[0] == "A1"
    assert back["户数"].isna().tolist() == [False, True]
    assert back["比例"].tolist() == [0.5, 1.25]
    assert back.crs.to_epsg() == 4548


def test_ledgers_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_ledger(tmp_path / name, "表", "题目", ["编号", "户数"], [["x", 1]], total=["合计", 1])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    sheet = pd.read_excel(tmp_path / "a.xlsx", header=None)
    assert sheet.iloc[0, 0] == "题目"
    assert sheet.iloc[2].tolist() == ["编号", "户数"]
    assert sheet.iloc[-1].tolist() == ["合计", 1]
    write_csv(tmp_path / "c.csv", ["编号"], [["阿"]], encoding="gb18030")
    assert (tmp_path / "c.csv").read_bytes() == "编号\r\n阿\r\n".encode("gb18030")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_copied_whole(name: str, tmp_path: Path) -> None:
    project = write_sample(name, tmp_path / "new" / "here")
    source = Path(__file__).parents[2] / "sample_data" / name
    assert project == tmp_path / "new" / "here" / "geoplan.toml"
    assert {p.name: p.read_bytes() for p in project.parent.iterdir()} == {
        p.name: p.read_bytes() for p in source.iterdir() if p.is_file()
    }


@pytest.mark.parametrize("file", ["geoplan.toml", "README.md", "楼栋.shp"])
def test_files_of_a_planner_are_never_overwritten(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        write_sample("township", tmp_path)
    assert [(f.code, f.where.file) for f in caught.value.faults] == [("folder-taken", file)]
    assert [p.name for p in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text(encoding="utf-8") == "mine"


def test_other_files_of_a_planner_may_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert write_sample("township", tmp_path).is_file()


@pytest.mark.parametrize("name", ["village", "", "../county", "County"])
def test_an_unknown_sample_names_those_there_are(name: str, tmp_path: Path) -> None:
    for call in (write_sample, generate_sample):
        with pytest.raises(InputError) as caught:
            call(name, tmp_path / "new")
        (fault,) = caught.value.faults
        assert fault.code == "unknown-sample"
        assert all(known in str(fault.mend) for known in SAMPLES)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        write_sample("township", tmp_path / "file" / "below")
    assert caught.value.faults[0].code == "unwritable-folder"


def test_the_large_town_is_connected_and_clean() -> None:
    town = generate_large_town(3_000, 2_000, seed=5)
    assert town.streets is not None
    net = nx.Graph(zip(town.streets["u"], town.streets["v"], strict=True))
    assert len(town.buildings) == 3_000
    assert set(net) == set(range(2_000))
    assert nx.is_connected(net)
    assert town.streets["length_m"].to_numpy() == pytest.approx(town.streets.length.to_numpy())
    # the two ends of an edge are where its nodes are, whichever edge one asks
    ends = {}
    for u, v, line in zip(town.streets["u"], town.streets["v"], town.streets.geometry, strict=True):
        for node, at in ((u, line.coords[0]), (v, line.coords[-1])):
            assert ends.setdefault(node, at) == at
    houses, streets = town.streets.sindex.query(town.buildings.geometry, predicate="intersects")
    assert not len(houses) + len(streets)
    one, two = town.buildings.sindex.query(town.buildings.geometry, predicate="intersects")
    assert np.array_equal(one, two)
    land = town.level("communities").table.union_all()
    assert land.covers(town.buildings.union_all())
    assert land.covers(town.streets.union_all())
    for table, schema in (
        (town.buildings, BUILDINGS),
        (town.streets, STREETS),
        (town.facilities, FACILITIES),
        (town.level("communities").table, UNITS),
    ):
        assert list(table.columns) == [*(column.name for column in schema), "geometry"]
        assert table.index.is_unique
    assert town.buildings["estate"].isna().all()


def test_the_large_town_follows_its_seed() -> None:
    one, two, other = (generate_large_town(200, 500, seed=seed) for seed in (1, 1, 2))
    assert one.buildings.equals(two.buildings)
    assert one.streets is not None
    assert one.streets.equals(two.streets)
    assert not one.buildings.equals(other.buildings)


@pytest.mark.parametrize(("buildings", "nodes"), [(100, 3), (0, 400), (10_000, 400)])
def test_a_large_town_without_room_is_refused(buildings: int, nodes: int) -> None:
    with pytest.raises(InputError) as caught:
        generate_large_town(buildings, nodes, seed=1)
    assert caught.value.faults[0].code == "town-too-small"
