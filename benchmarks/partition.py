"""How well geoplan divides graphs: public instances, proofs, Taipei, and growing towns, side by side with its peers.

    python benchmarks/partition.py                        # everything, about 25 minutes
    python benchmarks/partition.py --only hess taipei     # some of it
    python benchmarks/partition.py --data FOLDER          # where the public instances lie

One run on one core; compilation is warmed up and not counted. Every partition is checked by networkx, with code that
geoplan does not share. pymetis and gerrychain are measured where they are installed; they are no dependencies.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import networkx as nx
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "partition"))

from partition_checker import cut_edges, faults_of  # noqa: E402
from public_instances import HESS, CutInstance, cut_instances, hess_instance, taipei  # noqa: E402

from geoplan.partition import partition_graph  # noqa: E402
from geoplan.partition.graph import SWAPS  # noqa: E402
from geoplan.partition.problem import Problem  # noqa: E402
from geoplan.partition.search import Budget, search, warm_up  # noqa: E402

COUNTY_S, TRACT_S, PROOF_S = 10.0, 60.0, 60.0
METIS_SEEDS = 1_000


def main() -> None:
    sections = {"cuts": cuts, "hess": hess, "taipei": move_taipei, "scale": scale}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the instances")
    parser.add_argument("--only", nargs="+", choices=sections, default=list(sections))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time for each search")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warm_up()
    for name in options.only:
        sections[name](options)


def table(head: list[str]) -> None:
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)


def row(*cells: object) -> None:
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def has_data(folder: Path, section: str) -> bool:
    if not folder.is_dir():
        print(f"\n{section}: skipped, {folder} is not there (see --data)")
    return folder.is_dir()


# ---- fewest cut edges


def cuts(options: argparse.Namespace) -> None:
    print("\n## Fewest cut edges, population within 0.5 %")
    if not has_data(options.data / "cut-edges-us2010", "cuts"):
        return
    peers = {
        "METIS best of 1,000": metis if importlib.util.find_spec("pymetis") else None,
        "ReCom": partial(chain, kind="recom") if importlib.util.find_spec("gerrychain") else None,
        "short bursts": partial(chain, kind="bursts") if importlib.util.find_spec("gerrychain") else None,
    }
    for name, peer in peers.items():
        if peer is None:
            print(f"{name}: skipped, not installed")
    table(["instance", "units", "parts", "best known", "geoplan", "s", "met after s", *peers])
    for case in cut_instances(options.data).values():
        limit = (COUNTY_S if case.name.endswith("county") else TRACT_S) / (10 if options.quick else 1)
        value, seconds, met = ours(case, limit, options.seed)
        known = f"{case.best}{' proven' if case.proven else ''}"
        theirs = [peer(case, limit, options.seed) if peer else "" for peer in peers.values()]
        row(case.name, len(case.graph), case.parts, known, value, f"{seconds:.1f}", met, *theirs)


def ours(case: CutInstance, limit: float, seed: int) -> tuple[str, float, str]:
    """What the graph door gives, and when the search first met its value (from a run that tells its progress)."""
    limits = {"weight": "TOTPOP", "parts": case.parts, "lower": case.lower, "upper": case.upper}
    begun = time.perf_counter()
    found = partition_graph(case.graph, **limits, time_limit_s=limit, seed=seed)
    seconds = time.perf_counter() - begun
    if faults_of(case.graph, found.assignment, **limits):
        return "none", seconds, ""
    assert found.objective == cut_edges(case.graph, found.assignment)
    met: list[float] = []
    begun = time.perf_counter()

    def watch(energy: float, _moves: int) -> None:
        if energy <= found.objective and not met:
            met.append(time.perf_counter() - begun)

    problem = problem_of(case.graph, "TOTPOP", case.parts, case.lower, case.upper)
    search(problem, budget=Budget(time_limit_s=limit, stop_at=found.objective), seed=seed, swaps=SWAPS, progress=watch)
    return f"{found.objective:.0f}", seconds, f"{met[0]:.1f}" if met else "later"


def problem_of(graph: nx.Graph, weight: str, parts: int, lower: float, upper: float) -> Problem:
    nodes = sorted(graph)
    matrix = nx.to_scipy_sparse_array(graph, nodelist=nodes, weight=None, format="csr")
    matrix.sort_indices()
    return Problem(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        np.ones(len(matrix.indices)),
        np.array([float(graph.nodes[v][weight]) for v in nodes]),
        np.zeros((len(nodes), parts)),
        np.full(parts, float(lower)),
        np.full(parts, float(upper)),
    )


def metis(case: CutInstance, _limit: float, _seed: int) -> str:
    """As documented: contiguous, the tolerance of the range, a thousand seeds."""
    import pymetis

    nodes = list(case.graph)
    place = {v: i for i, v in enumerate(nodes)}
    neighbours = [[place[w] for w in case.graph[v]] for v in nodes]
    weights = [int(case.graph.nodes[v]["TOTPOP"]) for v in nodes]
    best, feasible, begun = float("inf"), 0, time.perf_counter()
    for seed in range(METIS_SEEDS):
        settings = pymetis.Options(contig=1, seed=seed, ufactor=5, niter=50)
        _, parts = pymetis.part_graph(
            case.parts, adjacency=neighbours, vweights=weights, options=settings, recursive=False
        )
        assignment = dict(zip(nodes, parts, strict=True))
        if not faults_of(case.graph, assignment, "TOTPOP", case.parts, case.lower, case.upper):
            feasible += 1
            best = min(best, cut_edges(case.graph, assignment))
    seconds = time.perf_counter() - begun
    return f"{best:.0f} ({feasible} feasible, {seconds:.0f} s)" if feasible else f"none feasible ({seconds:.0f} s)"


def chain(case: CutInstance, limit: float, seed: int, *, kind: str) -> str:
    """GerryChain for the same time, start included: a free ReCom chain, or short bursts of ten steps."""
    import gerrychain as gc

    warnings.simplefilter("ignore")  # it warns at every tree without a balanced cut

    random.seed(seed)
    graph = gc.Graph.from_networkx(case.graph)
    ideal = sum(p for _, p in case.graph.nodes(data="TOTPOP")) / case.parts
    begun, best = time.perf_counter(), float("inf")
    draw = partial(gc.tree.bipartition_tree, max_attempts=200, allow_pair_reselection=True)
    propose = partial(
        gc.proposals.recom, pop_col="TOTPOP", pop_target=ideal, epsilon=0.005, node_repeats=0, method=draw
    )
    updaters = {"cut_edges": gc.updaters.cut_edges, "population": gc.updaters.Tally("TOTPOP", alias="population")}
    state, step, kept = None, 0, None
    signal.signal(signal.SIGALRM, out_of_time)  # one tree may take longer than the limit
    signal.setitimer(signal.ITIMER_REAL, limit)
    while time.perf_counter() - begun < limit - 0.01:
        try:
            if state is None:
                state = gc.Partition.from_random_assignment(graph, case.parts, 0.005, "TOTPOP", updaters=updaters)
            else:
                state = propose(state)
        except Exception:  # no balanced cut found: a new start
            state = kept
            continue
        if len(state["cut_edges"]) <= best and in_range(state, case):
            best, kept = len(state["cut_edges"]), state
        step += 1
        if kind == "bursts" and step % 10 == 0 and kept is not None:
            state = kept
    signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{best:.0f} ({step} steps)" if best < float("inf") else f"none in range ({step} steps)"


def out_of_time(*_: object) -> None:
    raise TimeoutError


def in_range(state: Any, case: CutInstance) -> bool:
    return all(case.lower <= p <= case.upper for p in state["population"].values())


# ---- least moment of inertia


def hess(options: argparse.Namespace) -> None:
    print("\n## Least moment of inertia (Hess), population within 5 %")
    if not has_data(options.data / "hess-us2020", "hess"):
        return
    table(["state", "units", "parts", "published optimum", "geoplan", "bound", "proven", "s"])
    for state, (parts, published) in HESS.items():
        graph, distances, limits = hess_instance(options.data, state)
        begun = time.perf_counter()
        found = partition_graph(
            graph, **limits, objective="moment", distances=distances, time_limit_s=PROOF_S, seed=options.seed
        )
        seconds = time.perf_counter() - begun
        assert not faults_of(graph, found.assignment, **limits)
        numbers = [f"{x:.6e}" for x in (published, found.objective, found.bound or float("nan"))]
        row(state, len(graph), parts, *numbers, "yes" if found.optimal else "no", f"{seconds:.1f}")


# ---- fewest households moved


def move_taipei(options: argparse.Namespace) -> None:
    print("\n## Fewest households moved: Taipei, 12 districts into 21 of the mean +-10 %")
    if not has_data(options.data / "taiwan-villages", "taipei"):
        return
    graph, district = taipei(options.data)
    total = sum(h for _, h in graph.nodes(data="households"))
    mean = total / 21
    limits = {"parts": 21, "lower": int(np.ceil(0.9 * mean)), "upper": int(np.floor(1.1 * mean))}
    begun = time.perf_counter()
    found = partition_graph(
        graph,
        weight="households",
        **limits,
        objective="moved",
        base=district,
        time_limit_s=PROOF_S,
        seed=options.seed,
    )
    seconds = time.perf_counter() - begun
    assert not faults_of(graph, found.assignment, "households", **limits)
    forced, bound = found.counts_alone or 0.0, found.bound or 0.0
    avoidable = max(found.objective - forced, 0.01 * total)
    table(["moved", "bound", "gap", "counts alone force", "gap over the avoidable part", "stopped by", "s"])
    missed = found.objective - bound
    row(
        f"{found.objective:,.0f}",
        f"{bound:,.0f}",
        f"{missed / found.objective:.3%}",
        f"{forced:,.0f}",
        f"{missed / avoidable:.1%}",
        found.stopped_by,
        f"{seconds:.1f}",
    )


# ---- growing towns


def scale(options: argparse.Namespace) -> None:
    print("\n## Scale: generated tilings, parts of 120 units, households within 10 %, fewest cut edges")
    table(["units", "parts", "first feasible s", "within 2 % of the best s", "best", "s"])
    for units, limit in ((1_000, 30.0), (5_000, 60.0), (20_000, 180.0)):
        graph = tiling(units, options.seed)
        parts = max(round(units / 120), 2)
        mean = sum(h for _, h in graph.nodes(data="h")) / parts
        problem = problem_of(graph, "h", parts, 0.9 * mean, 1.1 * mean)
        told = list(progress_of(problem, limit / (10 if options.quick else 1), options.seed))
        met = [(t, e) for t, e in told if e < float("inf")]
        if not met:
            row(len(graph), parts, "none", "", "", f"{told[-1][0]:.1f}")
            continue
        best = met[-1][1]
        near = next(t for t, e in met if e <= 1.02 * best)
        row(len(graph), parts, f"{met[0][0]:.2f}", f"{near:.1f}", f"{best:.0f}", f"{told[-1][0]:.1f}")


def tiling(units: int, seed: int) -> nx.Graph:
    """Neighbours of random points (their Delaunay triangles): six each on the mean; households as in villages."""
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(seed)
    corners = Delaunay(rng.random((units, 2))).simplices
    graph = nx.Graph()
    graph.add_nodes_from((i, {"h": int(h)}) for i, h in enumerate(rng.lognormal(5, 0.6, units)))
    graph.add_edges_from((int(t[i]), int(t[i - 1])) for t in corners for i in range(3))
    return graph


def progress_of(problem: Problem, limit: float, seed: int) -> Iterator[tuple[float, float]]:
    told: list[tuple[float, float]] = []
    begun = time.perf_counter()
    tell: Callable[[float, int], None] = lambda energy, _: told.append((time.perf_counter() - begun, energy))  # noqa: E731
    search(problem, budget=Budget(time_limit_s=limit), seed=seed, progress=tell)
    return iter(told)


if __name__ == "__main__":
    main()
