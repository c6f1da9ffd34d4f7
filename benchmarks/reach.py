"""How fast geoplan walks: the sweep and the snapping side by side with networkx, scipy, shapely (pandana if installed).

    python benchmarks/reach.py            # a million nodes, under four minutes
    python benchmarks/reach.py --quick    # 100,000 nodes, some seconds

One run on one generated network of streets with node ids in random order. Compilation is warmed up and not counted.
Every repetition draws fresh sources, and all sides must give equal results. Of the repetitions each side's fastest
counts: what slows one down is other work on the machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geoplan.reach import SegmentIndex, WalkNetwork

LIMIT_M = 1200.0
SOURCES = 500
SINGLE_SOURCES = 1000
SPACING_M = 80.0
KEPT = 0.68  # of the streets of the grid: 2.7 arcs a node, as in street networks


class Streets(NamedTuple):
    """A generated street network; every edge is walked both ways."""

    xy: np.ndarray
    ends: np.ndarray
    length: np.ndarray


@dataclass
class Row:
    """One line of the table: seconds of each side, and how many times faster geoplan is to be."""

    task: str
    ours: float
    theirs: dict[str, float]
    targets: dict[str, float]
    note: str = ""


def make_streets(nodes: int, rng: np.random.Generator) -> Streets:
    """A square town with bent streets, gaps and dead ends; ids in random order."""
    side = int(np.ceil(np.sqrt(nodes)))
    place = np.arange(side * side).reshape(side, side)
    across = np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()], axis=1)
    along = np.stack([place[:-1].ravel(), place[1:].ravel()], axis=1)
    ends = np.concatenate([across, along])
    ends = ends[rng.random(len(ends)) < KEPT]
    xy = np.stack([place.ravel() % side, place.ravel() // side], axis=1) * SPACING_M
    xy = xy + rng.uniform(-0.3 * SPACING_M, 0.3 * SPACING_M, xy.shape)
    straight = np.hypot(*(xy[ends[:, 0]] - xy[ends[:, 1]]).T)
    length = straight * rng.uniform(1.0, 1.2, len(ends))
    name = rng.permutation(len(xy))
    named_xy = np.empty_like(xy)
    named_xy[name] = xy
    shuffled = rng.permutation(len(ends))
    return Streets(named_xy, name[ends[shuffled]], length[shuffled])


def make_graph(streets: Streets) -> nx.Graph:
    """The same streets as a networkx graph, in the order of their random ids."""
    graph = nx.Graph()
    places = enumerate(streets.xy.tolist())
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in places)
    (tail, head), length = streets.ends.T.tolist(), streets.length.tolist()
    graph.add_weighted_edges_from(zip(tail, head, length, strict=True), weight="length")
    return graph


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
clock = CLOCKS["wall"]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    start = clock()
    result = work()
    return clock() - start, result


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal to a hundredth of a millimetre, unreachable in the same places."""
    finite = np.isfinite(wanted)
    assert (np.isfinite(found) == finite).all(), "reached different nodes"
    assert np.abs(found[finite] - wanted[finite]).max(initial=0.0) < 1e-5, "different costs"


class Bench:
    """One network, held by each side in its own form."""

    def __init__(self, nodes: int, repeats: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.repeats = repeats
        self.streets = make_streets(nodes, self.rng)
        self.count = len(self.streets.xy)
        say(f"{self.count:,} nodes, {2 * len(self.streets.ends):,} arcs; networkx graph ...")
        seconds, self.graph = timed(lambda: make_graph(self.streets))
        say(f"  networkx graph built in {seconds:.1f} s")
        self.read_seconds, self.network = timed(lambda: WalkNetwork.from_networkx(self.graph))
        say(f"  WalkNetwork.from_networkx in {self.read_seconds:.1f} s")
        tail, head = np.concatenate([self.streets.ends, self.streets.ends[:, ::-1]]).T
        cost = np.concatenate([self.streets.length] * 2)
        self.build_seconds, _ = timed(
            lambda: WalkNetwork.from_arcs(tail, head, cost, node_count=self.count, xy=self.streets.xy)
        )
        say(f"  WalkNetwork.from_arcs in {self.build_seconds:.1f} s")
        self.matrix = csr_array((cost, (tail, head)), shape=(self.count, self.count))
        self.warm_up()

    def warm_up(self) -> None:
        """Compile, and give every side its first search."""
        self.network.sweep([0])
        self.network.reached([0], limit=1.0)
        self.network.within([0], limit=1.0)
        dijkstra(self.matrix, indices=[0], min_only=True, limit=1.0)
        nx.multi_source_dijkstra_path_length(self.graph, {0}, cutoff=1.0, weight="length")
        index = SegmentIndex.from_lines(shapely.linestrings([[(0.0, 0.0), (1.0, 0.0)]]))
        index.nearest(np.zeros((1, 2)))

    def sources(self, count: int) -> np.ndarray:
        """Fresh sources, none twice."""
        return self.rng.choice(self.count, count, replace=False)

    def many_sources(self) -> list[Row]:
        """What lies within 1,200 m of the nearest of 500 sources."""
        seconds: dict[str, list[float]] = {"ours": [], "dense": [], "scipy": [], "networkx": []}
        for _ in range(self.repeats):
            sources = self.sources(SOURCES)
            took, found = timed(lambda s=sources: self.network.reached(s, limit=LIMIT_M))
            seconds["ours"].append(took)
            took, dense = timed(lambda s=sources: self.network.sweep(s, limit=LIMIT_M))
            seconds["dense"].append(took)
            took, wanted = timed(lambda s=sources: dijkstra(self.matrix, indices=s, min_only=True, limit=LIMIT_M))
            seconds["scipy"].append(took)
            named = set(sources.tolist())
            took, lengths = timed(
                lambda s=named: nx.multi_source_dijkstra_path_length(self.graph, s, cutoff=LIMIT_M, weight="length")
            )
            seconds["networkx"].append(took)
            assert_same(dense, wanted)
            assert_same(found.costs, wanted[found.positions])
            assert len(found.positions) == np.isfinite(wanted).sum() == len(lengths)
            assert_same(np.fromiter(lengths.values(), float), wanted[np.fromiter(lengths, int)])
        ours, dense_s, scipy_s, networkx_s = (min(seconds[side]) for side in seconds)
        note = f"{len(found.positions):,} nodes reached"
        theirs = {"scipy": scipy_s, "networkx": networkx_s}
        return [
            Row(f"{SOURCES} sources x 1,200 m, sparse", ours, theirs, {"scipy": 3, "networkx": 100}, note),
            Row("the same as a dense array", dense_s, theirs, {}, "scipy's is dense too"),
        ]

    def one_to_all(self) -> list[Row]:
        """From one node to every other."""
        seconds: dict[str, list[float]] = {"ours": [], "scipy": []}
        for _ in range(self.repeats):
            source = self.sources(1)
            took, found = timed(lambda s=source: self.network.sweep(s))
            seconds["ours"].append(took)
            took, wanted = timed(lambda s=source: dijkstra(self.matrix, indices=s, min_only=True))
            seconds["scipy"].append(took)
            assert_same(found, wanted)
        node = int(self.sources(1)[0])
        networkx_s, lengths = timed(lambda: nx.single_source_dijkstra_path_length(self.graph, node, weight="length"))
        assert_same(np.fromiter(lengths.values(), float), self.network.sweep([node])[np.fromiter(lengths, int)])
        theirs = {"scipy": min(seconds["scipy"]), "networkx": networkx_s}
        return [Row("one to all", min(seconds["ours"]), theirs, {"scipy": 4}, "networkx once")]

    def single_sources(self, sample: int) -> list[Row]:
        """A thousand searches of 1,200 m, one source each."""
        seconds: dict[str, list[float]] = {"ours": [], "scipy": [], "networkx": []}
        for _ in range(max(3, self.repeats // 2)):
            sources = self.sources(SINGLE_SOURCES)
            took, table = timed(lambda s=sources: self.network.within(s, limit=LIMIT_M))
            seconds["ours"].append(took)
            few = sources[:sample]
            took, wanted = timed(lambda f=few: [dijkstra(self.matrix, indices=s, limit=LIMIT_M) for s in f])
            seconds["scipy"].append(took * SINGLE_SOURCES / sample)
            took, lengths = timed(
                lambda f=few: [
                    nx.single_source_dijkstra_path_length(self.graph, s, cutoff=LIMIT_M, weight="length")
                    for s in f.tolist()
                ]
            )
            seconds["networkx"].append(took * SINGLE_SOURCES / sample)
            by_origin = dict(iter(table.groupby("origin")))
            for source, costs, found in zip(few.tolist(), wanted, lengths, strict=True):
                rows = by_origin[source]
                assert len(rows) == np.isfinite(costs).sum() == len(found)
                assert_same(rows["cost"].to_numpy(), costs[rows["node"].to_numpy()])
        ours, scipy_s, networkx_s = (min(seconds[side]) for side in seconds)
        note = f"{len(table):,} rows; scipy and networkx measured on {sample} and scaled"
        theirs = {"scipy": scipy_s, "networkx": networkx_s}
        return [Row(f"{SINGLE_SOURCES:,} searches x 1,200 m, .within", ours, theirs, {"scipy": 100}, note)]

    def snapping(self, points: int, edges: int) -> list[Row]:
        """The nearest street of each point: index built, street, place along it, distance."""
        xy = self.streets.xy[self.streets.ends[:edges]]
        bend = xy.mean(axis=1) + self.rng.normal(0.0, 4.0, (len(xy), 2))
        lines = shapely.linestrings(np.stack([xy[:, 0], bend, xy[:, 1]], axis=1))
        extent = self.streets.xy.max(axis=0)
        ours, theirs = [], []
        for _ in range(3):
            where = self.rng.uniform(0.0, extent, (points, 2))
            took, (line, offset_m, distance_m) = timed(lambda w=where: SegmentIndex.from_lines(lines).nearest(w))
            ours.append(took)

            def by_shapely(w: np.ndarray = where) -> tuple[np.ndarray, ...]:
                given = shapely.points(w)
                nearest = shapely.STRtree(lines).nearest(given)
                return (
                    nearest,
                    shapely.line_locate_point(lines[nearest], given),
                    shapely.distance(lines[nearest], given),
                )

            took, (_, _, wanted_m) = timed(by_shapely)
            theirs.append(took)
            assert np.abs(distance_m - wanted_m).max() < 1e-6, "different distances"
            place = shapely.line_interpolate_point(lines[line], offset_m)
            assert np.abs(shapely.distance(place, shapely.points(where)) - wanted_m).max() < 1e-6, "wrong offsets"
        task = f"snap {points:,} points to {len(lines):,} streets"
        seconds = {"shapely": min(theirs)}
        return [Row(task, min(ours), seconds, {"shapely": 3}, "building the index included")]

    def pandana(self) -> list[Row]:
        """Nodes within 1,200 m of 1,000 nodes by pandana, where installed."""
        try:
            import pandana
            import pandas as pd
        except ImportError:
            say("  pandana is not installed: left out")
            return []
        if self.count > 200_000:
            say("  pandana takes minutes to prepare so large a network: left out (it is in --quick)")
            return []
        x, y = pd.Series(self.streets.xy[:, 0]), pd.Series(self.streets.xy[:, 1])
        (tail, head), length = self.streets.ends.T, self.streets.length
        weights = pd.DataFrame({"length": length})
        prepare_s, theirs = timed(lambda: pandana.Network(x, y, pd.Series(tail), pd.Series(head), weights))
        sources = self.sources(SINGLE_SOURCES)
        ours_s, table = timed(lambda: self.network.within(sources, limit=LIMIT_M))
        theirs_s, found = timed(lambda: theirs.nodes_in_range(sources.tolist(), LIMIT_M))
        note = f"{len(table):,} and {len(found):,} rows; pandana took {prepare_s:.0f} s to prepare"
        return [Row(f"{SINGLE_SOURCES:,} searches x 1,200 m", ours_s, {"pandana": theirs_s}, {}, note)]


def write_table(rows: list[Row]) -> bool:
    """Print the table; whether all targets are met."""
    sides = list(dict.fromkeys(side for row in rows for side in row.theirs))
    print(f"| task | geoplan | {' | '.join(sides)} | target | |")
    print("|" + "---|" * (len(sides) + 4))
    met = True
    for row in rows:
        cells = []
        for side in sides:
            seconds = row.theirs.get(side)
            ratio = seconds / row.ours if seconds is not None else 0.0
            cells.append("" if seconds is None else f"{seconds * 1e3:,.1f} ms ({ratio:,.1f}x)")
        verdicts = []
        for side, least in row.targets.items():
            reached = row.theirs[side] / row.ours >= least
            met &= reached
            verdicts.append(f"{side} {least:g}x: {'met' if reached else 'MISSED'}")
        print(f"| {row.task} | {row.ours * 1e3:,.1f} ms | {' | '.join(cells)} | {', '.join(verdicts)} | {row.note} |")
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="nodes of the network (default: 1,000,000)")
    parser.add_argument("--repeats", type=int, default=7, help="repetitions, each with fresh sources (default: 7)")
    parser.add_argument("--seed", type=int, default=1, help="seed of network and sources (default: 1)")
    parser.add_argument("--quick", action="store_true", help="100,000 nodes")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: processor time, on a busy machine (all sides use one core)",
    )
    options = parser.parse_args()
    global clock
    clock = CLOCKS[options.clock]
    nodes = 100_000 if options.quick else options.nodes
    bench = Bench(nodes, options.repeats, options.seed)
    rows: list[Row] = []
    for part in (
        bench.many_sources,
        bench.one_to_all,
        lambda: bench.single_sources(sample=50),
        lambda: bench.snapping(points=nodes // 10, edges=nodes * 2 // 5),
        bench.pandana,
    ):
        rows += part()
        say(f"  {rows[-1].task}: done")
    arcs = 2 * len(bench.streets.ends)
    print(f"\n{bench.count:,} nodes in random id order, {arcs:,} arcs; fastest of each, {options.clock} time.\n")
    met = write_table(rows)
    print(
        f"\nReading: WalkNetwork.from_networkx {bench.read_seconds:.1f} s, from_arcs {bench.build_seconds:.1f} s. "
        f"All results equal to 0.01 mm. Targets: {'all met' if met else 'MISSED'}."
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
