"""Communities and grids as unions of parcels: balanced regions, then enclaves and notches put in on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np

from geoplan.samples.planar import XY, Planar

__all__ = ["add_enclaves", "adjacency", "balanced_regions", "number_by_place", "split_regions"]


def adjacency(plan: Planar, faces: Sequence[int]) -> nx.Graph:
    """Parcels (by position in ``faces``) that share an edge, with the shared length.

    Parameters
    ----------
    plan
        Blocks and streets.
    faces
        Faces that the parcels stand on.

    Returns
    -------
    networkx.Graph
        A node for each parcel; ``m`` of an edge is the shared length in metres.
    """
    at = {face: i for i, face in enumerate(faces)}
    graph = nx.Graph()
    graph.add_nodes_from(range(len(faces)))
    for (a, b), face in sorted(plan.left.items()):
        other = plan.left.get((b, a))
        if other is not None and face < other:
            i, j = at[face], at[other]
            shared = graph.get_edge_data(i, j, {"m": 0.0})["m"]
            graph.add_edge(i, j, m=shared + plan.length(a, b))
    return graph


def balanced_regions(
    graph: nx.Graph, xy: np.ndarray, weight: np.ndarray, seeds: np.ndarray, share: np.ndarray, apart: np.ndarray
) -> np.ndarray:
    """Connected regions around seeds with about the wanted share of the weight.

    Parameters
    ----------
    graph
        Adjacency of the parcels.
    xy, weight
        Middle (m) and households of each parcel.
    seeds
        Middle of each region.
    share
        Wanted share of each region; sums to 1.
    apart
        Extra squared distance (m2) from each parcel (rows) to each seed (columns), for what lies between them.

    Returns
    -------
    ndarray of int
        Region of each parcel.
    """
    squared = ((xy[:, None, :] - seeds[None, :, :]) ** 2).sum(axis=2) + apart
    offset = np.zeros(len(seeds))
    want = np.maximum(share * weight.sum(), 1.0)
    step = 0.35 * float(np.median(squared.min(axis=1)))
    best, best_off = squared.argmin(axis=1), np.inf
    for turn in range(500):
        region = (squared - offset).argmin(axis=1)
        have = np.bincount(region, weight, len(seeds))
        off = (
            float(np.abs(have - want).sum())
            + float(want.sum()) * (np.bincount(region, minlength=len(seeds)) == 0).sum()
        )
        if off < best_off:
            best, best_off = region, off
        offset += step * (0.993**turn) * (want - have) / np.maximum(want, 0.25 * want.mean())
    for r in np.flatnonzero(np.bincount(best, minlength=len(seeds)) == 0):
        best[squared[:, r].argmin()] = r
    return _even_out(graph, _connect(graph, best), weight, want)


def _even_out(graph: nx.Graph, region: np.ndarray, weight: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Move parcels across borders, the most useful move first, while that brings regions nearer to what they want."""
    region = region.copy()
    edges = np.array(list(graph.edges), dtype=int).reshape(-1, 2)
    edges = np.concatenate([edges, edges[:, ::-1]])
    around = np.array([sum(graph[i][j]["m"] for j in graph[i]) for i in range(len(region))])
    for _ in range(600):
        over = np.bincount(region, weight, len(want)) - want
        here, there = region[edges[:, 0]], region[edges[:, 1]]
        heavy = weight[edges[:, 0]]
        gain = (over[here] ** 2 - (over[here] - heavy) ** 2) / want[here]
        gain += (over[there] ** 2 - (over[there] + heavy) ** 2) / want[there]
        gain[(here == there) | (heavy <= 0)] = 0.0
        for k in np.argsort(-gain, kind="stable"):
            i, target = int(edges[k, 0]), int(there[k])
            if gain[k] <= 1.0:
                return region
            beside = sum(graph[i][j]["m"] for j in graph[i] if region[j] == target)
            if beside > 0.22 * around[i] and _holds(graph, region, i, int(region[i])):
                region[i] = target
                break
        else:
            return region
    return region


def _connect(graph: nx.Graph, region: np.ndarray) -> np.ndarray:
    """Give every piece cut off from its region's largest piece to the neighbour with the longest border."""
    region = region.copy()
    for _ in range(20):
        moved = False
        for r in np.unique(region):
            pieces = _pieces(graph, region, int(r))
            for piece in pieces[1:]:
                border: dict[int, float] = {}
                for i in piece:
                    for j in graph[i]:
                        if region[j] != r:
                            border[int(region[j])] = border.get(int(region[j]), 0.0) + graph[i][j]["m"]
                if border:
                    region[piece] = max(sorted(border), key=lambda k: border[k])
                    moved = True
        if not moved:
            break
    return region


def _pieces(graph: nx.Graph, region: np.ndarray, r: int) -> list[list[int]]:
    parts = [sorted(p) for p in nx.connected_components(graph.subgraph(np.flatnonzero(region == r).tolist()))]
    return sorted(parts, key=lambda p: (-len(p), p[0]))


def add_enclaves(
    graph: nx.Graph, region: np.ndarray, liked: np.ndarray, kept: set[int], parts: int, notches: int
) -> np.ndarray:
    """Put parcels of one community into another: detached parts, one of them a hole, and single-parcel notches.

    Parameters
    ----------
    graph, region
        Adjacency and the tidy communities.
    liked
        Parcels that may become enclaves, in the order of preference.
    kept
        Communities that neither give nor get.
    parts, notches
        How many of each.

    Returns
    -------
    ndarray of int
        The untidy communities.
    """
    region = region.copy()
    touched: set[int] = set()
    made = 0
    for wants_hole in (True, False):
        for i in liked:
            if made >= (2 if wants_hole else parts):
                break
            got = _enclave(graph, region, int(i), kept | {int(region[j]) for j in touched if wants_hole}, wants_hole)
            near = {int(i), *graph[int(i)]}
            if got is None or near & touched:
                continue
            cluster = [int(i)] if wants_hole or made % 3 else _pair(graph, region, int(i), got, touched)
            region[cluster] = got
            touched |= near
            made += 1
    for i in liked[::-1]:
        if notches <= 0:
            break
        near = {int(i), *graph[int(i)]}
        got = _notch(graph, region, int(i), kept)
        if got is not None and not near & touched:
            region[i] = got
            touched |= near
            notches -= 1
    return region


def _enclave(graph: nx.Graph, region: np.ndarray, i: int, kept: set[int], hole: bool) -> int | None:
    """Community two or three steps away that parcel ``i`` may belong to as a detached part."""
    own = int(region[i])
    around = {int(region[j]) for j in graph[i]}
    if own in kept or (hole and around != {own}):
        return None
    steps = nx.single_source_shortest_path_length(graph, i, cutoff=4 if hole else 3)
    others = sorted((d, int(region[j])) for j, d in steps.items())
    for _, other in others:
        if other != own and other not in kept and other not in around:
            return other if _holds(graph, region, i, own) else None
    return None


def _pair(graph: nx.Graph, region: np.ndarray, i: int, got: int, touched: set[int]) -> list[int]:
    """The parcel and one neighbour that is not beside the community that gets them."""
    own = region[i]
    for j in sorted(graph[i], key=lambda j: (-graph[i][j]["m"], j)):
        beside = {int(region[k]) for k in graph[j]}
        if region[j] == own and got not in beside and j not in touched and _holds(graph, region, i, int(own), j):
            return [i, int(j)]
    return [i]


def _notch(graph: nx.Graph, region: np.ndarray, i: int, kept: set[int]) -> int | None:
    """Neighbouring community that touches the parcel along a minor part of its border only."""
    own = int(region[i])
    border: dict[int, float] = {}
    for j in graph[i]:
        border[int(region[j])] = border.get(int(region[j]), 0.0) + graph[i][j]["m"]
    total = sum(border.values())
    fit = [r for r, m in border.items() if r != own and r not in kept and 0.08 * total < m < 0.3 * total]
    if own in kept or not fit or not _holds(graph, region, i, own):
        return None
    return min(fit)


def _holds(graph: nx.Graph, region: np.ndarray, i: int, own: int, also: int = -1) -> bool:
    """Whether the community stays in as many pieces without these parcels."""
    members = set(np.flatnonzero(region == own).tolist())
    before = nx.number_connected_components(graph.subgraph(members))
    left = members - {i, also}
    return bool(left) and nx.number_connected_components(graph.subgraph(left)) <= before


def split_regions(
    graph: nx.Graph, region: np.ndarray, xy: np.ndarray, weight: np.ndarray, counts: Sequence[int]
) -> np.ndarray:
    """Divide every region into that many parts of about equal weight, numbered on from 0.

    Parameters
    ----------
    graph
        Adjacency of the parcels.
    region
        Region of each parcel.
    xy, weight
        Middle (m) and households of each parcel.
    counts
        Parts wanted of each region.

    Returns
    -------
    ndarray of int
        Part of each parcel.
    """
    out = np.full(len(region), -1)
    start = 0
    for r, wanted in enumerate(counts):
        members = np.flatnonzero(region == r)
        count = min(wanted, len(members))
        heavy = weight[members]
        part = np.zeros(len(members), dtype=int)
        _bisect(xy[members], heavy + 0.5, np.arange(len(members)), count, 0, part)
        near = nx.relabel_nodes(graph.subgraph(members.tolist()), {int(m): k for k, m in enumerate(members)})
        part = _even_out(near, _connect(near, part), heavy, np.full(count, max(heavy.sum() / count, 1.0)))
        out[members] = start + part
        start += wanted
    return out


def _bisect(xy: np.ndarray, weight: np.ndarray, members: np.ndarray, count: int, first: int, part: np.ndarray) -> None:
    """Halve the members across their long side, by weight, until there are ``count`` parts."""
    if count == 1:
        part[members] = first
        return
    less = count // 2
    spread = xy[members] - np.average(xy[members], axis=0, weights=weight[members])
    axis = np.linalg.svd(spread * np.sqrt(weight[members])[:, None], full_matrices=False)[2][0]
    axis = axis if axis[np.argmax(np.abs(axis))] > 0 else -axis
    order = members[np.argsort(np.round(spread @ axis, 3), kind="stable")]
    share = np.cumsum(weight[order]) - weight[order] / 2
    at = int(np.searchsorted(share, weight[order].sum() * less / count))
    at = min(max(at, less), len(order) - (count - less))
    _bisect(xy, weight, order[:at], less, first, part)
    _bisect(xy, weight, order[at:], count - less, first + less, part)


def number_by_place(middles: Sequence[XY], *, band_m: float = 400.0) -> list[int]:
    """Order of places from west to east, then from north to south.

    Parameters
    ----------
    middles
        x and y of each place in metres.
    band_m
        Places within one band of this height count as side by side.

    Returns
    -------
    list of int
        Positions in ``middles``, in that order.
    """
    return sorted(range(len(middles)), key=lambda i: (-round(middles[i][1] / band_m), middles[i][0]))
