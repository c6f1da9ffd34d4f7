"""Plain lines to a network: where they meet on one level, where ends nearly meet, and which edges repeat another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["NodedLines", "component_numbers", "cut_lines", "node_lines", "rejoin_edges", "repeated_edges"]

Lines = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_TOUCH_M = 1e-6
"""What counts as the same place whatever the tolerance: the rounding of computed intersections."""
_SAME_LINE_M = 1e-3
"""How near a vertex lies to a line that is drawn through it."""
_STOREY_M = 1e7
"""Height that keeps levels apart in a search for near points."""


@dataclass(frozen=True, slots=True)
class NodedLines:
    """Edges of a network cut out of lines.

    Attributes
    ----------
    geometry
        Line of each edge, from node ``u`` to node ``v``.
    u, v
        Nodes, numbered from 0 by place (x, then y), whatever the order of the lines.
    line
        Position of the line that an edge is part of; edges of one line follow each other along it.
    """

    geometry: Lines
    u: Ints
    v: Ints
    line: Ints


@dataclass(frozen=True, slots=True)
class _Spots:
    """Places on lines that may become nodes: both ends of each line first, then what lies between."""

    line: Ints
    measure_m: Floats
    xy: Floats
    is_end: Bools


def node_lines(lines: Lines, levels: Ints, *, tolerance_m: float) -> NodedLines:
    """Cut lines where they meet and join what nearly meets.

    Lines of one level meet wherever they cross, touch or overlap; lines of different levels only at their ends. An end
    within the tolerance of another end, or of a line of its level, is joined to it. The free end of a bridge or tunnel
    also joins a line that lies nearer to the ground: that is where it comes down.

    Parameters
    ----------
    lines
        LineStrings in metres, none empty or of zero length.
    levels
        Level of each.
    tolerance_m
        How near counts as meeting, metres.

    Returns
    -------
    NodedLines
        Stretches that lie within the tolerance of one node are gone.
    """
    near_m = max(tolerance_m, _TOUCH_M)
    spots, links = _ends(lines), []
    crossing, crossing_links = _crossings(lines, levels, len(spots.line))
    spots = _join(spots, crossing)
    corner, corner_links = _corners(lines, levels, len(spots.line))
    spots = _join(spots, corner)
    landing, landing_links = _landings(lines, levels, spots, near_m)
    spots = _join(spots, landing)
    links = [crossing_links, corner_links, landing_links, *_near(spots, levels, near_m)]
    node, node_xy = _nodes(spots, levels, np.concatenate(links))
    geometry, edge_from, edge_to, line = cut_lines(lines, spots.line, spots.measure_m, node, node_xy)
    keep = ~((edge_from == edge_to) & (shapely.length(geometry) <= 2.0 * near_m))
    return NodedLines(geometry[keep], edge_from[keep], edge_to[keep], line[keep])


def _join(a: _Spots, b: _Spots) -> _Spots:
    return _Spots(np.r_[a.line, b.line], np.r_[a.measure_m, b.measure_m], np.r_[a.xy, b.xy], np.r_[a.is_end, b.is_end])


def _ends(lines: Lines) -> _Spots:
    count = len(lines)
    first, last = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    line = np.tile(np.arange(count), 2)
    measure_m = np.r_[np.zeros(count), shapely.length(lines)]
    return _Spots(line, measure_m, np.r_[first, last], np.ones(2 * count, bool))


def _spots_on(lines: Lines, line: Ints, points: Floats) -> _Spots:
    measure_m = shapely.line_locate_point(lines[line], shapely.points(points))
    return _Spots(line, measure_m, points, np.zeros(len(line), bool))


def _crossings(lines: Lines, levels: Ints, offset: int) -> tuple[_Spots, Ints]:
    """Points that two lines of one level share, a spot on each of the two, and the links between those."""
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    pairs = (a < b) & (levels[a] == levels[b])
    a, b = a[pairs], b[pairs]
    shared, pair = shapely.get_parts(shapely.intersection(lines[a], lines[b]), return_index=True)
    flat = shapely.get_type_id(shared) == shapely.GeometryType.LINESTRING
    together, with_pair = _stretches(shared[flat], pair[flat])
    # where two lines run together, they part at the ends of what they share
    points = np.r_[shared[~flat], shapely.get_point(together, 0), shapely.get_point(together, -1)]
    pair = np.r_[pair[~flat], with_pair, with_pair].astype(np.int64)
    line_a, line_b, xy = a[pair], b[pair], shapely.get_coordinates(points)
    # ends that meet are joined as ends
    both_end = _at_end(lines[line_a], points) & _at_end(lines[line_b], points)
    line_a, line_b, xy = line_a[~both_end], line_b[~both_end], xy[~both_end]
    spots = _spots_on(lines, np.r_[line_a, line_b], np.r_[xy, xy])
    number = np.arange(len(line_a)) + offset
    return spots, np.column_stack([number, number + len(line_a)])


def _stretches(segments: Lines, pair: Ints) -> tuple[Lines, Ints]:
    """Segments that a pair of lines shares, joined to the longest stretches."""
    if not len(segments):
        return segments, pair
    pairs, number = np.unique(pair, return_inverse=True)
    merged = shapely.line_merge(shapely.multilinestrings(segments, indices=number))
    stretches, at = shapely.get_parts(merged, return_index=True)
    return stretches, pairs[at]


def _at_end(lines: Lines, points: Lines) -> Bools:
    ends = (shapely.get_point(lines, at) for at in (0, -1))
    near = [shapely.distance(end, points) <= _TOUCH_M for end in ends]
    return np.asarray(near[0] | near[1], bool)


def _corners(lines: Lines, levels: Ints, offset: int) -> tuple[_Spots, Ints]:
    """Inner vertices that lie on another line of their level, a spot on each of the two, and the links between those.

    Lines that run together share no exact points once coordinates are rounded; their vertices still show where.
    """
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    inner = np.r_[False, owner[1:] == owner[:-1]] & np.r_[owner[1:] == owner[:-1], False]
    xy, owner = xy[inner], owner[inner]
    vertex, target = shapely.STRtree(lines).query(shapely.points(xy), predicate="dwithin", distance=_SAME_LINE_M)
    other = (owner[vertex] != target) & (levels[owner[vertex]] == levels[target])
    vertex, target = vertex[other], target[other]
    spots = _spots_on(lines, np.r_[owner[vertex], target], np.r_[xy[vertex], xy[vertex]])
    number = np.arange(len(vertex)) + offset
    return spots, np.column_stack([number, number + len(vertex)])


def _landings(lines: Lines, levels: Ints, spots: _Spots, near_m: float) -> tuple[_Spots, Ints]:
    """Ends that lie on or near the inside of another line, with the links to the spots there."""
    ends = np.flatnonzero(spots.is_end)
    end_points = shapely.points(spots.xy[ends])
    e, target = shapely.STRtree(lines).query(end_points, predicate="dwithin", distance=near_m)
    e = ends[e]
    own, other = levels[spots.line[e]], levels[target]
    comes_down = (np.abs(own) > np.abs(other)) & _is_free(spots, levels, near_m)[e]
    wanted = (spots.line[e] != target) & ((own == other) | comes_down)
    e, target = e[wanted], target[wanted]
    points = shapely.points(spots.xy[e])
    measure_m = shapely.line_locate_point(lines[target], points)
    inside = (measure_m > near_m) & (measure_m < shapely.length(lines[target]) - near_m)
    e, target, measure_m = e[inside], target[inside], measure_m[inside]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[target], measure_m))
    found = _Spots(target, measure_m, xy, np.zeros(len(target), bool))
    return found, np.column_stack([e, np.arange(len(e)) + len(spots.line)])


def _is_free(spots: _Spots, levels: Ints, near_m: float) -> Bools:
    """Ends that no other spot of their own level is near to."""
    from scipy.spatial import cKDTree

    stacked = _stacked(spots, levels)
    tree = cKDTree(stacked)
    pairs = tree.query_pairs(near_m, output_type="ndarray")
    pairs = pairs[spots.line[pairs[:, 0]] != spots.line[pairs[:, 1]]]
    free = np.ones(len(spots.line), bool)
    free[pairs.ravel()] = False
    return free


def _stacked(spots: _Spots, levels: Ints) -> Floats:
    return np.column_stack([spots.xy, levels[spots.line] * _STOREY_M])


def _near(spots: _Spots, levels: Ints, near_m: float) -> list[Ints]:
    """Pairs of near spots on one level, and of near ends on any."""
    from scipy.spatial import cKDTree

    on_level = cKDTree(_stacked(spots, levels)).query_pairs(near_m, output_type="ndarray")
    ends = np.flatnonzero(spots.is_end)
    any_level = ends[cKDTree(spots.xy[ends]).query_pairs(near_m, output_type="ndarray")]
    return [on_level.reshape(-1, 2), any_level.reshape(-1, 2)]


def _nodes(spots: _Spots, levels: Ints, links: Ints) -> tuple[Ints, Floats]:
    """Join linked spots to nodes; a node lies where lines pass through, else at the first of its ends."""
    group = component_numbers(links[:, 0], links[:, 1], len(spots.line))
    x, y = spots.xy.T
    order = np.lexsort((levels[spots.line], y, x, spots.is_end, group))
    leader = order[np.unique(group[order], return_index=True)[1]]
    rank = np.empty(len(leader), np.int64)
    rank[np.lexsort((levels[spots.line[leader]], y[leader], x[leader]))] = np.arange(len(leader))
    xy = np.empty((len(leader), 2))
    xy[rank] = spots.xy[leader]
    return rank[group], xy


def component_numbers(a: Ints, b: Ints, count: int) -> Ints:
    """Number the connected components of an undirected graph.

    Parameters
    ----------
    a, b
        Ends of each link.
    count
        Nodes in all.

    Returns
    -------
    ndarray of int
        Component of each node.

    Examples
    --------
    >>> component_numbers(np.array([0]), np.array([2]), 3).tolist()
    [0, 1, 0]
    """
    links = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return connected_components(links, directed=False)[1].astype(np.int64)


def cut_lines(
    lines: Lines, line: Ints, measure_m: Floats, node: Ints, node_xy: Floats
) -> tuple[Lines, Ints, Ints, Ints]:
    """Cut lines at given measures and put each cut where its node lies.

    Parameters
    ----------
    lines
        LineStrings.
    line, measure_m
        The cuts: line and distance along it; both ends of every line must be among them.
    node
        Node of each cut.
    node_xy
        Place of each node.

    Returns
    -------
    geometry, from, to, line
        Edges in the order of the lines and along them.
    """
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    steps = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    first = np.r_[True, owner[1:] != owner[:-1]]
    steps[first] = 0.0
    along = np.cumsum(steps)
    along -= along[np.flatnonzero(first)][np.cumsum(first) - 1]
    last = np.r_[first[1:], True]
    inner = ~(first | last)

    of = np.r_[owner[inner], line]
    at = np.r_[along[inner], measure_m]
    cut = np.r_[np.full(inner.sum(), -1), node]
    places = np.r_[xy[inner], node_xy[node]]
    order = np.lexsort((cut < 0, at, of))
    of, at, cut, places = of[order], at[order], cut[order], places[order]
    keep = ~_beside_cut(of, at, cut)
    of, cut, places = of[keep], cut[keep], places[keep]

    cuts = np.flatnonzero(cut >= 0)
    whole = of[cuts[:-1]] == of[cuts[1:]]
    begin, end = cuts[:-1][whole], cuts[1:][whole]
    counts = end - begin + 1
    number = np.repeat(np.arange(len(begin)), counts)
    taken = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begin, counts)
    geometry = shapely.linestrings(places[taken], indices=number) if len(begin) else np.empty(0, object)
    return geometry, cut[begin], cut[end], of[begin]


def _beside_cut(of: Ints, at: Floats, cut: Ints) -> Bools:
    """Vertices that lie on a cut of their line, and second cuts at one node with nothing between."""
    drop = np.zeros(len(of), bool)
    same = (of[1:] == of[:-1]) & (np.abs(at[1:] - at[:-1]) <= _TOUCH_M)
    drop[1:] |= same & (cut[1:] < 0) & (cut[:-1] >= 0)
    drop[:-1] |= same & (cut[:-1] < 0) & (cut[1:] >= 0)
    drop[1:] |= (of[1:] == of[:-1]) & (cut[1:] >= 0) & (cut[1:] == cut[:-1]) & same
    return drop


def rejoin_edges(edges: NodedLines, keep: Bools) -> NodedLines:
    """Leave edges out and undo the cuts that then join nothing: between two edges of one line and no other.

    Parameters
    ----------
    edges
        Edges, those of a line in order along it.
    keep
        True for those that stay.

    Returns
    -------
    NodedLines
        Nodes numbered anew, in the same order.
    """
    geometry, u, v, line = (part[keep] for part in (edges.geometry, edges.u, edges.v, edges.line))
    if not len(line):
        return NodedLines(geometry, u, v, line)
    degree = np.bincount(np.r_[u, v])
    goes_on = (line[1:] == line[:-1]) & (v[:-1] == u[1:]) & (degree[u[1:]] == 2) & (u[1:] != v[1:])
    first = np.r_[True, ~goes_on]
    last = np.r_[~goes_on, True]
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    again = np.r_[False, owner[1:] != owner[:-1]] & ~first[owner]
    joined = shapely.linestrings(xy[~again], indices=(np.cumsum(first) - 1)[owner[~again]])
    node = np.unique(np.r_[u[first], v[last]], return_inverse=True)[1]
    tail, head = np.split(node, 2)
    return NodedLines(joined, tail, head, line[first])


def repeated_edges(u: Ints, v: Ints, level: Ints, geometry: Lines, *, tolerance_m: float) -> Bools:
    """Edges that repeat an earlier one: same nodes and level, and everywhere within the tolerance of it.

    Direction does not count: the way there and the way back are one edge to a walker.

    Parameters
    ----------
    u, v, level
        Nodes and level of each edge.
    geometry
        Line of each edge.
    tolerance_m
        How far apart two lines of one street may lie, metres.

    Returns
    -------
    ndarray of bool
        True for every edge but the first of its kind.
    """
    least, most = np.minimum(u, v), np.maximum(u, v)
    order = np.lexsort((np.arange(len(u)), level, most, least))
    key = np.column_stack([least, most, level])[order]
    opens = np.r_[True, (key[1:] != key[:-1]).any(axis=1)] if len(u) else np.empty(0, bool)
    starts = np.flatnonzero(opens)
    sizes = np.diff(np.r_[starts, len(u)])
    repeated = np.zeros(len(u), bool)
    # edges of one pair of nodes are few: compare each with those before it, all pairs in step
    for size in range(1, int(sizes.max(initial=1))):
        some = starts[sizes > size]
        for back in range(size):
            later, earlier = order[some + size], order[some + back]
            close = _lie_together(geometry[earlier], geometry[later], max(tolerance_m, _TOUCH_M))
            repeated[later] |= close & ~repeated[earlier]
    return repeated


def _lie_together(a: Lines, b: Lines, near_m: float) -> Bools:
    similar = np.abs(shapely.length(a) - shapely.length(b)) <= 2.0 * near_m
    together = np.zeros(len(a), bool)
    together[similar] = shapely.hausdorff_distance(a[similar], b[similar]) <= near_m
    return together
