"""The public instances beside the checkout, as networkx graphs."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

HESS = {
    "ID": (2, 7.240207474100e10),
    "IA": (4, 1.785957645200e10),
    "KS": (4, 2.320662850500e10),
    "MS": (4, 1.562336404500e10),
}
"""Parts and proven least moment of inertia."""


@dataclass(frozen=True)
class CutInstance:
    name: str
    graph: nx.Graph
    parts: int
    lower: int
    upper: int
    best: int
    proven: bool


def cut_instances(shared_data: Path) -> dict[str, CutInstance]:
    folder = shared_data / "cut-edges-us2010"
    found = {}
    for row in csv.DictReader((folder / "best_known.csv").read_text().splitlines()):
        name = f"{row['state']}_{row['level']}"
        with gzip.open(folder / f"{name}.json.gz", "rt") as file:
            graph = nx.adjacency_graph(json.load(file))
        limits = int(row["k"]), int(row["L"]), int(row["U"])
        found[name] = CutInstance(name, graph, *limits, int(row["best_cut_edges"]), row["proved_optimal"] == "True")
    return found


def hess_instance(shared_data: Path, state: str) -> tuple[nx.Graph, np.ndarray, dict[str, Any]]:
    """Graph, distances and the arguments of the graph door."""
    folder = shared_data / "hess-us2020"
    people = [int(s.split()[1]) for s in (folder / f"{state}.population").read_text().splitlines() if s[:1].isdigit()]
    graph = nx.Graph()
    graph.add_nodes_from((i, {"people": p}) for i, p in enumerate(people))
    lines = (folder / f"{state}.dimacs").read_text().splitlines()
    graph.add_edges_from(tuple(map(int, s.split()[1:])) for s in lines if s.startswith("e"))
    distances = np.loadtxt(folder / f"{state}_distances.csv", delimiter=",", skiprows=1)[:, 1:]
    parts, mean = HESS[state][0], sum(people) / HESS[state][0]
    limits = {"lower": int(np.ceil(0.95 * mean)), "upper": int(np.floor(1.05 * mean))}
    return graph, distances, {"weight": "people", "parts": parts, **limits}


def taipei(shared_data: Path) -> tuple[nx.Graph, dict[int, str]]:
    """Villages with their households, joined where they share more than half a metre; and their districts."""
    import geopandas as gpd
    import shapely

    (file,) = (shared_data / "taiwan-villages").glob("*.geojson")
    villages = gpd.read_file(file).to_crs("EPSG:3826")
    shapes = villages.geometry.to_numpy()
    one, other = villages.sindex.query(shapes, predicate="intersects")
    once = one < other
    shared = shapely.length(shapely.intersection(shapes[one[once]], shapes[other[once]]))
    graph = nx.Graph()
    graph.add_nodes_from((i, {"households": int(h)}) for i, h in enumerate(villages["戶數"]))
    joined = shared > 0.5
    graph.add_edges_from(zip(one[once][joined].tolist(), other[once][joined].tolist(), strict=True))
    return graph, dict(enumerate(villages["TOWNNAME"]))
