"""Land shared out between shapes that stand on it, so that the tiles fill it without gap or overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

__all__ = ["Faces", "match_edges", "polygonal", "share_out", "street_blocks", "wide_parts"]

_INSET_M = 0.2
"""Shapes that touch are drawn in by this much, so that no two outlines send out the same point."""

_CRUMB_M2 = 1.0
"""A face smaller than this is a leftover of arithmetic, not land."""


def polygonal(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The areas in each geometry, without the lines and points that overlays leave behind.

    Parameters
    ----------
    shapes
        Geometries of any type.

    Returns
    -------
    ndarray
        Polygons or MultiPolygons, empty polygons where there is no area.
    """
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object)).copy()
    for i in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (3, 6))):
        parts = shapely.get_parts(shapes[i])
        parts = parts[np.isin(shapely.get_type_id(parts), (3, 6))]
        shapes[i] = shapely.union_all(parts) if len(parts) else shapely.Polygon()
    return shapes


def share_out(region: shapely.Geometry, seeds: NDArray[np.object_], *, step_m: float = 4.0) -> NDArray[np.object_]:
    """Give every place of a region to the nearest of the shapes that stand in it.

    Parameters
    ----------
    region
        Polygon or MultiPolygon to fill.
    seeds
        Polygons within it that do not overlap each other; each keeps its own land.
    step_m
        Distance between the points of the outlines that are compared; the limits between tiles are within about half
        of it of the true middle.

    Returns
    -------
    ndarray
        A tile for each seed, holding it; together they fill the region.

    Examples
    --------
    >>> from shapely import box
    >>> tiles = share_out(box(0, 0, 100, 50), np.array([box(0, 0, 40, 50), box(60, 0, 100, 50)]))
    >>> [float(round(tile.area)) for tile in tiles]
    [2500.0, 2500.0]
    """
    if len(seeds) == 1:
        return np.array([region], dtype=object)
    left = shapely.difference(region, shapely.union_all(seeds))
    tiles = seeds.copy()
    if left.area <= _CRUMB_M2:
        return tiles
    net = shapely.union_all([shapely.boundary(left), *_middle_lines(seeds, left, step_m)])
    faces = np.asarray(shapely.get_parts(shapely.polygonize([net])))
    inside = shapely.point_on_surface(faces)
    shapely.prepare(left)
    mine = shapely.intersects(left, inside)
    faces = faces[mine]
    owner = shapely.STRtree(seeds).nearest(inside[mine])
    order = np.argsort(owner, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        seed = owner[group[0]]
        tiles[seed] = shapely.union_all(np.append(faces[group], seeds[seed]))
    return polygonal(tiles)


def _middle_lines(seeds: NDArray[np.object_], left: shapely.Geometry, step_m: float) -> NDArray[np.object_]:
    """Lines midway between neighbouring shapes, where they run through the land that is left."""
    drawn_in = shapely.buffer(seeds, -_INSET_M, quad_segs=1)
    thin = shapely.is_empty(drawn_in)
    drawn_in[thin] = shapely.point_on_surface(seeds[thin])
    areas = shapely.get_dimensions(drawn_in) == 2
    outline = drawn_in.copy()
    outline[areas] = shapely.boundary(drawn_in[areas])
    xy, owner = shapely.get_coordinates(shapely.segmentize(outline, step_m), return_index=True)
    # An outline that faces other shapes directly has nothing to share out.
    about = shapely.buffer(left, 4 * _INSET_M, quad_segs=1)
    shapely.prepare(about)
    facing = shapely.contains_xy(about, xy) | ~areas[owner]
    xy, first = np.unique(np.round(xy[facing], 3), axis=0, return_index=True)
    owner = owner[facing][first]
    if len(np.unique(owner)) < 2:
        return np.zeros(0, dtype=object)
    middle = xy.mean(axis=0)
    far = 20.0 * (np.abs(xy - middle).max() + np.sqrt(left.area))
    corners = np.array([[far, far], [-far, far], [far, -far], [-far, -far]])
    ridges = _ridges(np.concatenate([xy - middle, corners]), np.append(owner, [-1] * 4))
    chains = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ridges + middle))))
    smooth = shapely.simplify(chains, step_m / 2)
    return smooth[shapely.intersects(left, smooth)]


def _ridges(xy: NDArray[np.float64], owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Edges (n x 2 x 2) of the Voronoi diagram between points of different owners; none beside an owner below 0.

    Taken from the Delaunay triangles, which cost half of what the diagram with all of its cells does.
    """
    from scipy.spatial import Delaunay

    triangles = Delaunay(xy)
    corner, beside = triangles.simplices, triangles.neighbors
    # The facet above a triangle touches the paraboloid over the centre of its circle; flat triangles have one, too.
    facet = triangles.equations
    centre = facet[:, :2] / (-2.0 * triangles.paraboloid_scale * facet[:, 2:3])
    parts = []
    for side in range(3):
        one, two = owner[corner[:, side - 2]], owner[corner[:, side - 1]]
        # Every edge lies between two triangles: once is enough.
        use = np.flatnonzero((one != two) & (one >= 0) & (two >= 0) & (beside[:, side] > np.arange(len(corner))))
        parts.append(np.stack([centre[use], centre[beside[use, side]]], axis=1))
    ridges = np.concatenate(parts)
    return ridges[(ridges[:, 0] != ridges[:, 1]).any(axis=1)]


def wide_parts(land: shapely.Geometry, *, width_m: float, area_m2: float) -> NDArray[np.object_]:
    """Parts of some land that are wide and large enough to stand for themselves, in reading order.

    Parameters
    ----------
    land
        Polygon or MultiPolygon, such as what lies between estates.
    width_m
        Strips narrower than this (streets) are no part and separate parts.
    area_m2
        Least area of a part.

    Returns
    -------
    ndarray
        Polygons within ``land`` that do not overlap; along its outline they follow it vertex for vertex.
    """
    cores = shapely.get_parts(shapely.buffer(land, -width_m / 2, quad_segs=2))
    cores = cores[~shapely.is_empty(cores)]
    middle = shapely.get_coordinates(shapely.centroid(cores))
    found: list[shapely.Geometry] = []
    for i in np.lexsort((middle[:, 0], -np.round(middle[:, 1], 1))):
        part = shapely.intersection(shapely.buffer(cores[i], width_m / 2 + 2 * _INSET_M, quad_segs=2), land)
        near = [other for other in found if other.intersects(part)]
        if near:
            part = shapely.difference(part, shapely.buffer(shapely.union_all(near), _INSET_M))
        part = max(shapely.get_parts(polygonal(part)[0]), key=shapely.area, default=shapely.Polygon())
        if part.area >= area_m2:
            found.append(part)
    return np.array(found, dtype=object)


def street_blocks(
    region: shapely.Geometry, lines: Sequence[shapely.Geometry], *, area_m2: float
) -> NDArray[np.object_]:
    """Blocks that lines cut a region into; what is smaller than ``area_m2`` is left to its neighbours.

    Parameters
    ----------
    region
        Polygon or MultiPolygon.
    lines
        Streets, rivers, railways.
    area_m2
        Least area of a block.

    Returns
    -------
    ndarray
        Polygons, from north to south and west to east.
    """
    net = shapely.union_all([shapely.boundary(region), *lines])
    faces = np.asarray(shapely.get_parts(shapely.polygonize([net])))
    shapely.prepare(region)
    faces = faces[shapely.contains(region, shapely.point_on_surface(faces)) & (shapely.area(faces) >= area_m2)]
    middle = shapely.get_coordinates(shapely.centroid(faces))
    return faces[np.lexsort((middle[:, 0], -np.round(middle[:, 1], 1)))]


@dataclass(frozen=True, slots=True)
class Faces:
    """Land cut into faces that meet edge to edge: every edge is the same pair of points on both sides.

    Attributes
    ----------
    shapes
        Polygons.
    region, piece
        Row of the region (-1: in none) and of the piece that each face belongs to.
    """

    shapes: NDArray[np.object_]
    region: NDArray[np.int64]
    piece: NDArray[np.int64]

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Edges between two faces: face, other face, and the four coordinates of the edge."""
        return _inner_edges(self.shapes)


def match_edges(
    regions: NDArray[np.object_],
    pieces: NDArray[np.object_],
    of_region: NDArray[np.int64],
    *,
    cores: NDArray[np.object_] | None = None,
) -> Faces:
    """Cut regions and pieces into faces that meet edge to edge, and give each face to one piece of its region.

    Parameters
    ----------
    regions
        Today's polygons; where they overlap the first wins.
    pieces
        Tiles, each within one region but for rounding.
    of_region
        Region of each piece.
    cores
        Land for the sake of which each piece is there; lots of a piece apart from it go to their neighbours. Default
        the pieces.

    Returns
    -------
    Faces
        Every face in a region belongs to a piece of that region; crumbs that overlays cut off join the neighbour
        with which they share the longest edge. Holes between regions have region and piece -1.
    """
    net = shapely.union_all([*shapely.boundary(regions), *shapely.boundary(pieces)])
    shapes = np.asarray(shapely.get_parts(shapely.polygonize([net])))
    inside = shapely.point_on_surface(shapes)
    region = _first_within(regions, inside)
    piece = np.full(len(shapes), -1, np.int64)
    tree = shapely.STRtree(pieces)
    face, hit = tree.query(inside, predicate="intersects")
    fits = of_region[hit] == region[face]
    face, hit = face[fits], hit[fits]
    held = shapely.area(shapely.intersection((pieces if cores is None else cores)[hit], shapes[face]))
    # Where tiles overlap, the one that is there for the sake of this land has it.
    order = np.lexsort((hit, -np.round(held, 3), face))
    first, at = np.unique(face[order], return_index=True)
    piece[first] = hit[order][at]
    core = np.zeros(len(shapes))
    core[first] = held[order][at]
    one, two, xy = _inner_edges(shapes)
    length = np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1])
    _sweep_crumbs(shapely.area(shapes), core, region, piece, one, two, length)
    return Faces(shapes, region, piece)


def _first_within(regions: NDArray[np.object_], points: NDArray[np.object_]) -> NDArray[np.int64]:
    point, hit = shapely.STRtree(regions).query(points, predicate="intersects")
    found = np.full(len(points), len(regions), np.int64)
    np.minimum.at(found, point, hit)
    found[found == len(regions)] = -1
    return found


def _inner_edges(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    rings, face = shapely.get_rings(shapes, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edge, of = np.hstack([xy[:-1], xy[1:]])[same], face[ring[:-1][same]]
    swap = (edge[:, 0] > edge[:, 2]) | ((edge[:, 0] == edge[:, 2]) & (edge[:, 1] > edge[:, 3]))
    edge[swap] = edge[swap][:, [2, 3, 0, 1]]
    order = np.lexsort((of, edge[:, 3], edge[:, 2], edge[:, 1], edge[:, 0]))
    edge, of = edge[order], of[order]
    twin = np.flatnonzero((edge[1:] == edge[:-1]).all(axis=1) & (of[1:] != of[:-1]))
    return of[twin], of[twin + 1], edge[twin]


def _sweep_crumbs(
    area: NDArray[np.float64],
    core: NDArray[np.float64],
    region: NDArray[np.int64],
    piece: NDArray[np.int64],
    one: NDArray[np.int64],
    two: NDArray[np.int64],
    length: NDArray[np.float64],
) -> None:
    """Give faces without piece, and crumbs cut off from their piece, to the neighbour with the longest edge (in place).

    A crumb is a connected lot of faces of a piece with less than a tenth of the core land of the piece's largest lot.
    """
    for _ in range(100):
        lot = _lots(region * (piece.max(initial=0) + 2) + piece, one, two)
        lot_area = np.bincount(lot, weights=core)
        largest = np.zeros(piece.max(initial=-1) + 1)
        has = piece >= 0
        np.maximum.at(largest, piece[has], lot_area[lot[has]])
        loose = (region >= 0) & ~has
        loose[has] = lot_area[lot[has]] < np.maximum(0.1 * largest[piece[has]], _CRUMB_M2)
        loose[has] &= lot_area[lot[has]] < largest[piece[has]]
        if not _join_longest(loose, lot, region, piece, one, two, length):
            dust = loose & (area < _CRUMB_M2)
            region[dust] = piece[dust] = -1
            return
        core[loose] = 0.0


def _lots(label: NDArray[np.int64], one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.int64]:
    """Connected lots of faces with the same label."""
    same = label[one] == label[two]
    graph = coo_matrix((np.ones(same.sum()), (one[same], two[same])), shape=(len(label), len(label)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _join_longest(
    loose: NDArray[np.bool_],
    lot: NDArray[np.int64],
    region: NDArray[np.int64],
    piece: NDArray[np.int64],
    one: NDArray[np.int64],
    two: NDArray[np.int64],
    length: NDArray[np.float64],
) -> bool:
    """Join every loose lot to the firm piece of its region that it shares most edge with; whether any could be."""
    a, b = np.concatenate([one, two]), np.concatenate([two, one])
    metre = np.concatenate([length, length])
    use = loose[a] & ~loose[b] & (piece[b] >= 0) & (region[a] == region[b])
    if not use.any():
        return False
    pair, at = np.unique(np.stack([lot[a[use]], piece[b[use]]]), axis=1, return_inverse=True)
    shared = np.bincount(at.ravel(), weights=metre[use])
    order = np.lexsort((pair[1], -np.round(shared, 6), pair[0]))
    lots, first = np.unique(pair[0][order], return_index=True)
    gets = dict(zip(lots.tolist(), pair[1][order][first].tolist(), strict=True))
    for face in np.flatnonzero(loose):
        piece[face] = gets.get(int(lot[face]), int(piece[face]))
    return True
