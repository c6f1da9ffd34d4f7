"""Liechtenstein: exact times against networkx, isochrones against exact times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import shapely
from shapely import LineString
from worlds import TIME

from geoplan.model import Town
from geoplan.reach import Reach, build_reach
from geoplan.read import OsmOptions, read_osm

pytestmark = pytest.mark.real

QUERIES = (
    {"kind": "school", "tags": "amenity=school", "tier": ""},
    {"kind": "kindergarten", "tags": "amenity=kindergarten", "tier": ""},
)


@pytest.fixture(scope="module")
def town(shared_data: Path) -> Town:
    path = shared_data / "liechtenstein" / "liechtenstein-2021-10.osm.pbf"
    read = read_osm(path, options=OsmOptions(facilities=QUERIES))
    parts = {name: getattr(read, name) for name in ("streets", "gates", "entrances", "barriers")}
    return Town("Liechtenstein", read.buildings, read.facilities, datum="wgs84", **parts)


@pytest.fixture(scope="module")
def made(town: Town) -> Reach:
    return build_reach(town)


class Streets:
    """The same rules once more, by trees of shapely and graphs of networkx."""

    def __init__(self, town: Town) -> None:
        self.streets = town.streets
        forward, backward = TIME.street_costs(town.streets)
        self.costs = dict(zip(town.streets.index, zip(forward, backward, strict=True), strict=True))
        self.graph = nx.DiGraph()
        self.ends = dict(zip(town.streets.index, zip(town.streets["u"], town.streets["v"], strict=True), strict=True))
        for street, (there, back) in self.costs.items():
            u, v = self.ends[street]
            for a, b, cost in ((u, v, there), (v, u, back)):
                if not self.graph.has_edge(a, b) or self.graph.edges[a, b]["cost"] > cost:
                    self.graph.add_edge(a, b, cost=cost)
        length: dict[Any, float] = {}
        for nodes in nx.weakly_connected_components(self.graph):
            inside = town.streets["u"].isin(nodes)
            length[frozenset(nodes)] = town.streets.loc[inside, "length_m"].sum()
        self.main = max(length, key=length.__getitem__)
        self.ground = town.streets[(town.streets["level"] == 0) & (town.streets.length > 0)].sort_index()
        self.lines, self.names = self.ground.geometry.to_numpy(), self.ground.index.to_numpy()
        self.island = np.where(self.ground["u"].isin(self.main), 0.0, 50.0)
        self.tree = shapely.STRtree(self.lines)
        self.barriers = shapely.STRtree(town.barriers.geometry.array)

    def snap(self, point: Any) -> tuple[str, float, float] | None:
        near = self.tree.query(point, predicate="dwithin", distance=200.0)
        distances = shapely.distance(self.lines[near], point)
        for row in near[np.lexsort((near, distances + self.island[near]))].tolist():
            street, line = self.names[row], self.lines[row]
            distance = line.distance(point)
            share = line.project(point) / line.length
            if distance <= 0.02 or not self._barred(point, line.interpolate(share, normalized=True), distance):
                return street, share, distance
        return None

    def _barred(self, point: Any, foot: Any, distance: float) -> bool:
        sight = LineString([point, foot])
        sight = LineString([sight.interpolate(0.01), sight.interpolate(distance - 0.01)])
        hits = self.barriers.geometries[self.barriers.query(sight, predicate="intersects")]
        return any(not (hit.area > 0 and hit.contains(point)) for hit in hits)

    def costs_to(self, goals: list[tuple[str, float, float]]) -> dict[Any, float]:
        graph = self.graph.reverse(copy=True)
        for street, share, connector in goals:
            there, back = self.costs[street]
            u, v = self.ends[street]
            for node, cost in ((u, share * there), (v, (1 - share) * back)):
                held = graph.get_edge_data("goal", node, {"cost": np.inf})["cost"]
                graph.add_edge("goal", node, cost=min(held, cost + connector))
        return nx.single_source_dijkstra_path_length(graph, "goal", weight="cost")

    def walk(
        self, door: tuple[str, float, float], to: dict[Any, float], goals: list[tuple[str, float, float]]
    ) -> float:
        street, share, connector = door
        there, back = self.costs[street]
        u, v = self.ends[street]
        ways = [to.get(u, np.inf) + share * back, to.get(v, np.inf) + (1 - share) * there]
        for other, goal_share, goal_connector in goals:
            if other == street:
                ahead = goal_share - share
                ways.append(goal_connector + (ahead * there if ahead >= 0 else -ahead * back))
        return connector + min(ways)


def test_500_buildings_to_a_centimetre(town: Town, made: Reach):
    oracle = Streets(town)
    doors = [point for shape in town.facilities.geometry for point in getattr(shape, "geoms", [shape])]
    goals = [snap for snap in map(oracle.snap, doors) if snap is not None]
    to = oracle.costs_to(goals)
    found = made.walk_times(TIME, limit=np.inf).table["cost"]
    chosen = np.random.default_rng(7).choice(town.buildings.index.to_numpy(), 500, replace=False)
    entrances = town.entrances.groupby("building").groups if town.entrances is not None else {}
    for building in chosen:
        if building in entrances:
            places = list(town.entrances.geometry[entrances[building]])
        else:
            places = [shapely.point_on_surface(town.buildings.geometry[building])]
        snaps = [snap for snap in map(oracle.snap, places) if snap is not None]
        walks = [oracle.walk(snap, to, goals) for snap in snaps]
        assert found[building] == pytest.approx(min(walks, default=np.inf), abs=0.01), building


def test_buildings_are_on_the_right_side_of_the_isochrones(town: Town, made: Reach):
    limits = [300.0, 600.0, 900.0]
    rings = made.isochrones(TIME, limits=limits)
    costs = made.walk_times(TIME, limit=900.0).table["cost"].to_numpy()
    points = shapely.point_on_surface(town.buildings.geometry.array)
    for limit, shape in zip(limits, rings.geometry, strict=True):
        inside, exact = shapely.intersects(shape, points), costs <= limit
        assert exact.sum() > 1000
        assert (inside & ~exact).sum() <= 0.01 * exact.sum()
        assert (~inside & exact).sum() <= 0.01 * exact.sum()
    assert rings.geometry.is_valid.all()
    assert all(outer.covers(inner) for inner, outer in zip(rings.geometry[:-1], rings.geometry[1:], strict=True))
