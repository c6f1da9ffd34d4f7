"""Real extracts: counts near what their sources state, and walks equal to those over the raw OSM nodes."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import geopandas
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from geoplan.errors import InputError, Where
from geoplan.model import STREETS
from geoplan.read.osm import OsmOptions, OsmRead, read_osm
from geoplan.read.validate import validate_table

pytestmark = pytest.mark.real

LIECHTENSTEIN = "liechtenstein/liechtenstein-2021-10.osm.pbf"
QUERIES = (
    {"kind": "school", "tags": "amenity=school"},
    {"kind": "kindergarten", "tags": "amenity=kindergarten"},
    {"kind": "doctors", "tags": "amenity=doctors"},
)


@pytest.fixture(scope="module")
def liechtenstein(shared_data: Path) -> OsmRead:
    return read_osm(shared_data / LIECHTENSTEIN, options=OsmOptions(admin_level=8, facilities=QUERIES))


@pytest.fixture(scope="module")
def streets(liechtenstein: OsmRead) -> geopandas.GeoDataFrame:
    assert liechtenstein.streets is not None
    return liechtenstein.streets


def main_share(streets: geopandas.GeoDataFrame) -> tuple[int, float]:
    graph = nx.Graph(list(zip(streets["u"], streets["v"], strict=True)))
    return len(graph), max(map(len, nx.connected_components(graph))) / len(graph)


def ways_of(streets: geopandas.GeoDataFrame) -> set[str]:
    return set(streets.index.str.partition("-").get_level_values(0))


def test_street_counts(streets: geopandas.GeoDataFrame, liechtenstein: OsmRead) -> None:
    # stated: 6,957 ways, 9,752 nodes, 12,174 edges, 98.6 % in one part. Ours has the 58 private ways less, and cuts
    # paths also at crossing nodes, which adds about as many nodes as edges.
    assert 6957 - 58 - 15 <= len(ways_of(streets)) <= 6957
    nodes, share = main_share(streets)
    assert nodes == pytest.approx(9752, rel=0.04)
    assert len(streets) == pytest.approx(12174, rel=0.04)
    assert share == pytest.approx(0.986, abs=0.004)
    assert liechtenstein.crs.to_epsg() == 32632
    assert (streets["length_m"] > 0).all()
    assert streets.index.is_unique
    assert set(streets["crossing"]) == {"", "minor", "signal", "bridge"}
    assert (streets["wait_share"] <= 1.0 + 1e-9).all()


def test_ends_of_edges_lie_at_their_nodes(streets: geopandas.GeoDataFrame) -> None:
    shapes = streets.geometry.to_numpy()
    places = pd.concat(
        pd.DataFrame(shapely.get_coordinates(shapely.get_point(shapes, at)), columns=["x", "y"]).assign(
            node=streets[end].to_numpy()
        )
        for end, at in (("u", 0), ("v", -1))
    )
    by_node = places.groupby("node")[["x", "y"]]
    assert (by_node.max() - by_node.min()).to_numpy().max() < 0.01
    assert validate_table(streets, STREETS, Where()) == []
    assert streets.length.to_numpy() == pytest.approx(streets["length_m"].to_numpy())


def test_walks_equal_those_over_all_osm_nodes(shared_data: Path, streets: geopandas.GeoDataFrame) -> None:
    """Oracle: every OSM node a graph node, every segment of a walked way an edge."""
    to_metres = Transformer.from_crs(4326, 32632, always_xy=True)
    walked = ways_of(streets)
    raw = nx.Graph()
    way_length_m = 0.0
    for way in osmium.FileProcessor(shared_data / LIECHTENSTEIN).with_locations():
        if not way.is_way() or f"w{way.id}" not in walked:
            continue
        places = [(node.ref, *to_metres.transform(node.lon, node.lat)) for node in way.nodes]
        for (a, ax, ay), (b, bx, by) in pairwise(places):
            raw.add_edge(a, b, length=math.hypot(bx - ax, by - ay))
            way_length_m += math.hypot(bx - ax, by - ay)
    ours = nx.Graph()
    for u, v, length_m in streets[["u", "v", "length_m"]].itertuples(index=False):
        if not ours.has_edge(u, v) or ours[u][v]["length"] > length_m:
            ours.add_edge(u, v, length=length_m)
    assert set(ours) <= set(raw)
    assert nx.number_connected_components(ours) == nx.number_connected_components(raw)
    # only stretches that two ways draw twice are missing
    assert way_length_m * 0.997 <= streets["length_m"].sum() <= way_length_m + 1e-3
    for source in np.random.default_rng(2).choice(sorted(ours), 12, replace=False).tolist():
        expected = nx.single_source_dijkstra_path_length(raw, source, cutoff=4000, weight="length")
        found = nx.single_source_dijkstra_path_length(ours, source, cutoff=4000, weight="length")
        assert set(found) == set(expected) & set(ours)
        assert [found[node] for node in found] == pytest.approx([expected[node] for node in found], abs=1e-6)


def test_buildings(liechtenstein: OsmRead) -> None:
    table = liechtenstein.buildings
    assert table is not None
    # stated 15,834 areas, of which 39 are open roofs
    assert len(table) == 15_834 - 39
    assert table["floors"].notna().sum() == pytest.approx(575, abs=15)
    assert table.geometry.is_valid.all()
    assert table.index.is_unique
    assert 0.9 < (table["residential_share"] > 0).mean() < 0.97


def test_units_tile_the_country(liechtenstein: OsmRead) -> None:
    table = liechtenstein.units
    assert table is not None
    assert len(table) == 11
    assert (table.geometry.geom_type == "MultiPolygon").sum() == 7
    assert {"Vaduz", "Schaan", "Planken", "Triesenberg"} <= set(table["name"])
    whole = shapely.union_all(table.geometry.to_numpy())
    # 160.5 km2 by the national statistics
    assert whole.area / 1e6 == pytest.approx(160.5, rel=0.005)
    assert table.area.sum() == pytest.approx(whole.area, rel=1e-6)
    message = next(str(notice.message) for notice in liechtenstein.notices if notice.code == "osm-incomplete")
    assert message.startswith("11 areas")


def test_facilities_stand_in_the_country(liechtenstein: OsmRead) -> None:
    table = liechtenstein.facilities
    assert table is not None
    # stated: 21 schools (a relation more), 18 kindergartens, 10 doctors
    assert table["kind"].value_counts().to_dict() == {"school": 22, "kindergarten": 18, "doctors": 10}
    assert liechtenstein.units is not None
    assert table.geometry.within(shapely.union_all(liechtenstein.units.geometry.to_numpy())).all()


def test_doors_and_barriers(liechtenstein: OsmRead) -> None:
    assert liechtenstein.entrances is not None
    assert liechtenstein.buildings is not None
    opened = liechtenstein.buildings.loc[liechtenstein.entrances["building"]].boundary
    assert opened.distance(liechtenstein.entrances.geometry, align=False).max() < 1e-3
    assert len(opened) >= 30
    assert liechtenstein.barriers is not None
    assert set(liechtenstein.barriers["kind"]) == {"river", "canal", "lake", "railway"}
    assert liechtenstein.gates is not None
    assert liechtenstein.gates["open"].mean() > 0.7


def test_lauf(shared_data: Path) -> None:
    found = read_osm(shared_data / "lauf/lauf-200115.osm.pbf")
    assert found.streets is not None
    assert found.buildings is not None
    # stated: 3,851 junctions, 4,788 edges, 99.4 %; ours leaves out 155 private ways
    nodes, share = main_share(found.streets)
    assert nodes == pytest.approx(3851, rel=0.05)
    assert len(found.streets) == pytest.approx(4788, rel=0.05)
    assert share == pytest.approx(0.994, abs=0.005)
    # stated 6,493 building areas, of which 17 are roofs, building sites or no
    assert len(found.buildings) == 6493 - 17
    assert any(notice.code == "osm-ways-cut" for notice in found.notices)


def test_private_ways_of_lauf(shared_data: Path) -> None:
    found = read_osm(shared_data / "lauf/lauf-200115.osm.pbf", options=OsmOptions(take=("streets",), private_ways=True))
    assert found.streets is not None
    nodes, _ = main_share(found.streets)
    assert nodes == pytest.approx(3851, rel=0.03)
    assert len(found.streets) == pytest.approx(4788, rel=0.03)


def test_shanghai(shared_data: Path) -> None:
    path = shared_data / "shanghai-centre/shanghai-centre-roads-2026-07.osm"
    found = read_osm(path, options=OsmOptions(take=("streets",)))
    assert found.streets is not None
    # stated: 782 junctions and 1,175 edges. Ours are more nodes, since ways also end where their tags change, and fewer
    # edges, since two-way streets are drawn there and back in this file
    nodes, share = main_share(found.streets)
    assert 782 < nodes < 1000
    assert 900 < len(found.streets) < 1175
    assert share > 0.75  # many ends at the edge of the extract
    assert found.crs.to_epsg() == 4549
    assert "延安中路" in set(found.streets["name"])
    without = read_osm(path, options=OsmOptions(take=("streets",), trunk_roads=False)).streets
    assert without is not None
    assert len(without) < len(found.streets)


def test_truncated_liechtenstein(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes((shared_data / LIECHTENSTEIN).read_bytes()[:1_500_000])
    with pytest.raises(InputError) as raised:
        read_osm(path)
    assert [fault.code for fault in raised.value.faults] == ["corrupt-osm"]


def test_levels_of_liechtenstein(shared_data: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_osm(shared_data / LIECHTENSTEIN, options=OsmOptions(take=("units",), admin_level=9))
    assert "8 (22)" in str(raised.value.faults[0].given)
