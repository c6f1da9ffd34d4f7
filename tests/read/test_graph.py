"""Street graphs by OSMnx's conventions: GraphML, any networkx graph, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from osm_world import CRS, OsmWorld
from shapely import LineString

from geoplan.errors import InputError, Where
from geoplan.model import STREETS, Notice
from geoplan.read.graph import read_graph, streets_to_networkx
from geoplan.read.osm import OsmOptions, read_osm
from geoplan.read.validate import validate_table


def square(crs: str | None = "EPSG:4548", **nodes: dict[str, Any]) -> nx.MultiDiGraph:
    """Nodes 1 to 4 at the corners of 100 m; a bent street 1-2, a one-way 3-2, a two-way 3-4."""
    graph = nx.MultiDiGraph(**({} if crs is None else {"crs": crs}))
    for node, (x, y) in enumerate([(0, 0), (100, 0), (100, 100), (0, 100)], start=1):
        graph.add_node(node, x=float(x), y=float(y), **nodes.get(f"n{node}", {}))
    bend = LineString([(0, 0), (50, 20), (100, 0)])
    graph.add_edge(1, 2, length=110.0, geometry=bend, highway="residential", name="人民路", osmid=7)
    graph.add_edge(2, 1, length=110.0, geometry=bend.reverse(), highway="residential", name="人民路", osmid=7)
    graph.add_edge(3, 2, length=100.0, highway=["steps", "footway"], oneway=True, osmid=[8, 9])
    graph.add_edge(3, 4, length=101.5, highway="primary", bridge="yes")
    graph.add_edge(4, 3, length=101.5, highway="primary", bridge="yes")
    return graph


def codes(notices: list[Notice]) -> list[str]:
    return [notice.code for notice in notices]


def test_two_ways_are_one_edge_and_one_way_is_walked_both_ways() -> None:
    streets, notices = read_graph(square())
    assert list(streets.index) == ["1-2-0", "2-3-0", "3-4-0"]
    assert streets[["u", "v"]].to_numpy().tolist() == [[1, 2], [2, 3], [3, 4]]
    assert streets["length_m"].tolist() == [110, 100, 101.5]
    assert streets["kind"].tolist() == ["residential", "steps", "primary"]
    assert streets["name"].tolist() == ["人民路", "", ""]
    assert streets["level"].tolist() == [0, 0, 1]
    assert list(streets.geometry["1-2-0"].coords) == [(0, 0), (50, 20), (100, 0)]
    assert list(streets.geometry["2-3-0"].coords) == [(100, 0), (100, 100)]
    assert codes(notices) == []
    assert validate_table(streets, STREETS, Where()) == []
    assert streets.crs.to_epsg() == 4548


def test_parallel_streets_and_rings_stay() -> None:
    graph = square()
    graph.add_edge(2, 1, length=100.0)
    ring = LineString([(0, 0), (-30, 0), (-30, -30), (0, 0)])
    graph.add_edge(1, 1, length=102.4, geometry=ring)
    graph.add_edge(1, 1, length=102.4, geometry=ring.reverse())
    streets, _ = read_graph(graph)
    assert streets["length_m"].to_dict() == {
        "1-1-0": 102.4, "1-2-0": 100.0, "1-2-1": 110.0, "2-3-0": 100.0, "3-4-0": 101.5,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [nx.MultiDiGraph, nx.DiGraph, nx.MultiGraph, nx.Graph])
def test_any_kind_of_graph(kind: type[nx.Graph]) -> None:
    streets, _ = read_graph(kind(square()))
    assert streets["length_m"].to_dict() == {"1-2-0": 110, "2-3-0": 100, "3-4-0": 101.5}
    # an undirected copy may keep the line of the other direction
    assert streets.geometry["1-2-0"].coords[0] == (0, 0)


def test_order_of_edges_changes_nothing() -> None:
    graph = square()
    turned = nx.MultiDiGraph(crs=graph.graph["crs"])
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(data=True))))
    before = [(u, v, dict(data)) for u, v, data in graph.edges(data=True)]
    assert_geodataframe_equal(read_graph(graph)[0], read_graph(turned)[0])
    assert [(u, v, dict(data)) for u, v, data in graph.edges(data=True)] == before


def test_missing_lengths_are_those_of_the_lines_and_said() -> None:
    graph = square()
    for _, _, data in graph.edges(data=True):
        data.pop("length")
    streets, notices = read_graph(graph)
    assert streets["length_m"].tolist() == pytest.approx([2 * np.hypot(50, 20), 100, 100])
    assert codes(notices) == ["graph-no-length"]


def test_heights_give_climbs() -> None:
    streets, _ = read_graph(square(n1={"elevation": 10.0}, n2={"elevation": 12.0}, n3={"ele": "9"}))
    assert streets["climb_m"].tolist()[:2] == [2.0, -3.0]
    assert np.isnan(streets["climb_m"].tolist()[2])


def test_nodes_without_numbers_are_numbered_and_said() -> None:
    graph = nx.relabel_nodes(square(), {1: "b", 2: "a", 3: (0, 1), 4: "c"})
    streets, notices = read_graph(graph)
    # by name: (0, 1), a, b, c
    assert streets[["u", "v"]].to_numpy().tolist() == [[0, 1], [0, 3], [1, 2]]
    assert codes(notices) == ["graph-nodes-numbered"]
    assert streets.geometry["1-2-0"].coords[0] == (100, 0)


def test_geographic_graphs_are_projected_and_said() -> None:
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(1, x=117.0, y=34.85)
    graph.add_node(2, x=117.0, y=34.86)
    graph.add_edge(1, 2, length=1111.0)
    streets, notices = read_graph(graph)
    assert streets.crs.to_epsg() == 4548
    assert codes(notices) == ["graph-projected"]
    assert streets["length_m"].tolist() == [1111.0]
    # a hundredth of a degree of the meridian at 34.855 N is 1,109.3 m
    assert streets.length.tolist() == pytest.approx([1109.3], abs=0.1)
    assert read_graph(graph, crs="EPSG:32650")[0].crs.to_epsg() == 32650


def test_motorways_are_said() -> None:
    graph = square()
    graph.add_edge(4, 1, length=100.0, highway="motorway")
    _, notices = read_graph(graph)
    assert codes(notices) == ["graph-motorways"]


def test_parts_apart_are_named() -> None:
    graph = square()
    graph.add_node(8, x=500.0, y=0.0)
    graph.add_node(9, x=510.0, y=0.0)
    graph.add_edge(8, 9, length=10.0)
    _, notices = read_graph(graph)
    assert codes(notices) == ["streets-disconnected"]
    assert "8-9-0" in str(notices[0].message)


# there and back


def test_streets_to_networkx_and_back(tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(1, 0, 0, {"ele": "5"})
    world.node(2, 50, 0, {"ele": "7"})
    world.nodes_at((3, 50, 80), (4, 60, 60), (5, 70, 0))
    world.way(1, [1, 2], {"highway": "residential", "name": "甲路"})
    world.way(2, [3, 4, 2], {"highway": "footway", "bridge": "yes"})
    world.way(3, [2, 5], {"highway": "footway", "footway": "crossing"})
    world.way(4, [2, 4, 5, 2], {"highway": "steps"})
    streets = read_osm(world.write(tmp_path), crs=CRS, options=OsmOptions(take=("streets",))).streets
    assert streets is not None
    graph = streets_to_networkx(streets)
    assert graph.number_of_edges() == 2 * len(streets)
    assert graph.graph["crs"] == CRS
    for u, v, data in graph.edges(data=True):
        assert data["geometry"].coords[0] == (graph.nodes[u]["x"], graph.nodes[u]["y"])
        assert data["geometry"].coords[-1] == (graph.nodes[v]["x"], graph.nodes[v]["y"])
    back, _ = read_graph(graph)
    # edges are renamed and turned to run from the smaller node
    key = ["u", "v", "kind", "length_m"]
    turned = streets["u"] > streets["v"]
    expected = streets.assign(
        u=streets[["u", "v"]].min(axis=1),
        v=streets[["u", "v"]].max(axis=1),
        climb_m=streets["climb_m"].where(~turned, -streets["climb_m"]),
        geometry=streets.geometry.where(~turned, streets.geometry.reverse()),
    )
    assert_geodataframe_equal(
        back.sort_values(key).reset_index(drop=True), expected.sort_values(key).reset_index(drop=True)
    )


def test_a_ring_is_one_edge_of_the_graph() -> None:
    graph = square()
    graph.add_edge(1, 1, length=102.4, geometry=LineString([(0, 0), (-30, 0), (-30, -30), (0, 0)]))
    out = streets_to_networkx(read_graph(graph)[0])
    assert out.number_of_edges(1, 1) == 1


def test_walks_of_the_graph_equal_those_of_the_streets() -> None:
    graph = nx.MultiDiGraph(square().to_undirected())
    streets, _ = read_graph(graph)
    out = streets_to_networkx(streets)
    for source in graph:
        expected = nx.single_source_dijkstra_path_length(graph, source, weight="length")
        assert nx.single_source_dijkstra_path_length(out, source, weight="length") == pytest.approx(expected)


# files


def test_graphml_of_osmnx(tmp_path: Path) -> None:
    import osmnx

    osmnx.save_graphml(square(), tmp_path / "streets.graphml")
    streets, notices = read_graph(tmp_path / "streets.graphml")
    assert_geodataframe_equal(streets, read_graph(square())[0])
    assert codes(notices) == []


def test_our_graph_goes_through_osmnx(tmp_path: Path) -> None:
    import osmnx

    streets, _ = read_graph(square(n1={"elevation": 1.0}, n2={"elevation": 2.5}))
    graph = streets_to_networkx(streets)
    nodes, edges = osmnx.graph_to_gdfs(graph)
    assert len(nodes) == 4
    assert edges["length"].sum() == pytest.approx(2 * streets["length_m"].sum())
    osmnx.save_graphml(graph, tmp_path / "out.graphml")
    assert_geodataframe_equal(read_graph(tmp_path / "out.graphml")[0], streets)


@pytest.mark.real
def test_shanghai_by_osmnx(shared_data: Path, tmp_path: Path) -> None:
    """The same extract by OSMnx and by read_osm: walks between junctions are the same where both have them."""
    import osmnx

    path = shared_data / "shanghai-centre/shanghai-centre-roads-2026-07.osm"
    with pytest.warns(UserWarning, match="generated by OSMnx"):
        graph = osmnx.graph_from_xml(path, retain_all=True)
    osmnx.save_graphml(graph, tmp_path / "shanghai.graphml")
    streets, notices = read_graph(tmp_path / "shanghai.graphml")
    assert {"graph-projected", "attribution"} <= set(codes(notices))
    assert streets["length_m"].to_numpy() == pytest.approx(streets.length.to_numpy(), rel=3e-3)
    undirected = nx.Graph()
    for u, v, length in graph.edges(data="length"):
        if not undirected.has_edge(u, v) or undirected[u][v]["length"] > length:
            undirected.add_edge(u, v, length=length)
    ours = nx.Graph()
    for u, v, length_m in streets[["u", "v", "length_m"]].itertuples(index=False):
        if not ours.has_edge(u, v) or ours[u][v]["length"] > length_m:
            ours.add_edge(u, v, length=length_m)
    for source in sorted(ours)[::60]:
        expected = nx.single_source_dijkstra_path_length(undirected, source, weight="length")
        assert nx.single_source_dijkstra_path_length(ours, source, weight="length") == pytest.approx(expected)


# bad input


def fault_of(source: nx.Graph | Path) -> tuple[str, Where]:
    with pytest.raises(InputError) as raised:
        read_graph(source)
    (fault,) = raised.value.faults
    return fault.code, fault.where


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.graphml") == ("missing-file", Where(file=str(tmp_path / "none.graphml")))
    nx.write_graphml(nx.MultiDiGraph(nx.path_graph(2)), tmp_path / "whole.graphml")
    whole = (tmp_path / "whole.graphml").read_bytes()
    for content in (b"", b"streets", whole[:-30], b"<html></html>", b'{"nodes": []}'):
        path = tmp_path / "bad.graphml"
        path.write_bytes(content)
        assert fault_of(path) == ("corrupt-graph", Where(file=str(path)))


def test_a_graph_without_places() -> None:
    graph = square()
    del graph.nodes[3]["x"]
    graph.nodes[4]["y"] = "north"
    code, where = fault_of(graph)
    assert (code, where.rows) == ("nodes-without-place", ("3", "4"))


def test_a_graph_without_crs() -> None:
    assert fault_of(square(None))[0] == "no-crs"


def test_a_graph_with_an_unknown_crs() -> None:
    assert fault_of(square("EPSG:999999"))[0] == "unknown-crs"


def test_a_graph_without_edges() -> None:
    graph = nx.MultiDiGraph(crs="EPSG:4548")
    graph.add_node(1, x=0.0, y=0.0)
    assert fault_of(graph)[0] == "no-streets"


@pytest.mark.parametrize("length", [-5.0, "long", float("inf")])
def test_impossible_lengths(length: object) -> None:
    graph = square()
    graph.edges[3, 2, 0]["length"] = length
    code, where = fault_of(graph)
    assert (code, where.column, where.rows) == ("not-a-number", "length", ("3-2",))


def test_geometry_that_is_no_line() -> None:
    graph = square()
    graph.edges[3, 2, 0]["geometry"] = "POINT (1 1)"
    assert fault_of(graph)[0] == "wrong-geometry"
