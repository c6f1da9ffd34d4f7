"""A planar subdivision: faces that share their vertices exactly, split one by one into blocks and parcels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import atan2, cos, hypot, pi, sin

import numpy as np
import shapely

__all__ = ["XY", "Line", "Planar"]

XY = tuple[float, float]
Line = tuple[str, str, Sequence[XY]]
"""Kind of a line (``""`` no street), its name, and its points."""

_GRID_M = 0.01


class Planar:
    """Faces as counter-clockwise rings of shared vertices; an edge has a kind and a name.

    Splitting an edge inserts the new vertex into both faces beside it, so that faces, streets and parcels stay noded
    with each other to the last bit.
    """

    def __init__(self) -> None:
        self.xy: list[XY] = []
        self.rings: dict[int, list[int]] = {}
        self.left: dict[tuple[int, int], int] = {}
        self.kind: dict[tuple[int, int], str] = {}
        self.name: dict[tuple[int, int], str] = {}
        self.degree: list[int] = []
        self._by_xy: dict[XY, int] = {}
        self._next_face = 0

    @classmethod
    def from_lines(cls, lines: Iterable[Line], outline: Sequence[XY]) -> Planar:
        """Node the lines with the outline and keep the faces inside it; a later line wins where two coincide."""
        lines = [*lines, ("", "", [*outline, outline[0]])]
        shapes = [shapely.LineString(points) for _, _, points in lines]
        noded = shapely.unary_union(np.array(shapes), grid_size=_GRID_M)
        inside = shapely.Polygon(outline).buffer(1.0)
        plan = cls()
        for face in sorted(shapely.get_parts(shapely.polygonize([noded])), key=_centre_key):
            if inside.contains(face.representative_point()):
                ring = np.asarray(shapely.orient_polygons(face).exterior.coords)[:-1]
                plan._add_face([plan.vertex((float(x), float(y))) for x, y in ring])
        plan._label(lines, shapes)
        return plan

    def _label(self, lines: Sequence[Line], shapes: Sequence[shapely.LineString]) -> None:
        tree = shapely.STRtree(shapes)
        for a, b in self.left:
            middle = shapely.Point((np.array(self.xy[a]) + np.array(self.xy[b])) / 2)
            near = [int(i) for i in tree.query(middle, predicate="dwithin", distance=0.05)]
            named = [i for i in near if lines[i][0]] or near
            best = min(named, default=len(lines) - 1)
            self.kind[_key(a, b)], self.name[_key(a, b)] = lines[best][0], lines[best][1]

    def vertex(self, point: XY) -> int:
        """The vertex at this point, made where there is none."""
        at = (round(point[0], 2), round(point[1], 2))
        if at not in self._by_xy:
            self._by_xy[at] = len(self.xy)
            self.xy.append(at)
            self.degree.append(0)
        return self._by_xy[at]

    def _add_face(self, ring: list[int]) -> int:
        face, self._next_face = self._next_face, self._next_face + 1
        self.rings[face] = ring
        for a, b in _edges(ring):
            if (b, a) not in self.left and (a, b) not in self.left:
                self.degree[a] += 1
                self.degree[b] += 1
            self.left[a, b] = face
        return face

    def polygon(self, face: int) -> shapely.Polygon:
        """The face's area, to the centre lines of its streets."""
        return shapely.Polygon([self.xy[v] for v in self.rings[face]])

    def edges(self, face: int) -> list[tuple[int, int]]:
        """Edges of the face, the face on their left."""
        return _edges(self.rings[face])

    def edge_kind(self, a: int, b: int) -> str:
        """Kind of an edge, ``""`` where it is no street."""
        return self.kind.get(_key(a, b), "")

    def edge_name(self, a: int, b: int) -> str:
        """Name of an edge."""
        return self.name.get(_key(a, b), "")

    def length(self, a: int, b: int) -> float:
        """Length of an edge in metres."""
        (ax, ay), (bx, by) = self.xy[a], self.xy[b]
        return hypot(bx - ax, by - ay)

    def split_edge(self, a: int, b: int, point: XY) -> int:
        """Insert a vertex into an edge, in both faces beside it."""
        new = self.vertex(point)
        if new in (a, b):
            return new
        kind, name = self.kind.pop(_key(a, b), ""), self.name.pop(_key(a, b), "")
        for u, v in ((a, b), (b, a)):
            face = self.left.pop((u, v), None)
            if face is not None:
                ring = self.rings[face]
                at = next(i for i, w in enumerate(ring) if w == u and ring[(i + 1) % len(ring)] == v)
                ring.insert(at + 1, new)
                self.left[u, new] = self.left[new, v] = face
        for u, v in ((a, new), (new, b)):
            self.kind[_key(u, v)], self.name[_key(u, v)] = kind, name
        self.degree[new] += 2
        return new

    def split_face(self, face: int, path: Sequence[int], kind: str, name: str = "") -> tuple[int, int]:
        """Cut a face along a path of vertices whose ends lie on its ring."""
        ring = self.rings.pop(face)
        i, j = ring.index(path[0]), ring.index(path[-1])
        first = [*(ring[i:j] if i <= j else ring[i:] + ring[:j]), *reversed(path[1:])]
        second = [*(ring[j:i] if j <= i else ring[j:] + ring[:i]), *path[:-1]]
        for a, b in _edges(ring):
            del self.left[a, b]
        for a, b in pairwise(path):
            self.kind[_key(a, b)], self.name[_key(a, b)] = kind, name
            self.degree[a] += 1
            self.degree[b] += 1
        faces = []
        for part in (first, second):
            new, self._next_face = self._next_face, self._next_face + 1
            self.rings[new] = part
            self.left.update(dict.fromkeys(_edges(part), new))
            faces.append(new)
        return faces[0], faces[1]

    def cut(
        self,
        face: int,
        centre: XY,
        angle: float,
        kind: str,
        *,
        bend: float = 0.0,
        frontage_m: float = 0.0,
        snap_m: float = 30.0,
        least: float = 0.24,
    ) -> tuple[int, int] | None:
        """Cut a face by a line through ``centre`` into two; None where the cut would be a bad one.

        The ends snap to a junction within ``snap_m``, so that crossings come about beside T-junctions; ``bend`` is the
        deviation of the middle as a share of the length. Both parts keep ``frontage_m`` on streets and
        the share ``least`` of the area.
        """
        polygon = self.polygon(face)
        ends = _chord(polygon, centre, angle)
        if ends is None:
            return None
        hits = [self._hit(face, end, snap_m) for end in ends]
        points = [self.xy[hit] if isinstance(hit, int) else hit[2] for hit in hits]
        curve = _bent(points[0], points[1], bend)
        line = shapely.LineString(curve)
        if not self._good_cut(face, polygon, line, hits):
            return None
        path = [hit if isinstance(hit, int) else self.split_edge(*hit) for hit in hits]
        middle = [self.vertex(p) for p in curve[1:-1]]
        if not self._good_parts(face, [path[0], *middle, path[1]], kind, frontage_m, least):
            return None
        return self.split_face(face, [path[0], *middle, path[1]], kind)

    def _good_parts(self, face: int, path: list[int], kind: str, frontage_m: float, least: float) -> bool:
        ring = self.rings[face]
        i, j = ring.index(path[0]), ring.index(path[-1])
        sides = [ring[i : j + 1] if i <= j else ring[i:] + ring[: j + 1]]
        sides.append(ring[j : i + 1] if j <= i else ring[j:] + ring[: i + 1])
        whole = self.polygon(face).area
        for side, back in zip(sides, (path[::-1][1:-1], path[1:-1]), strict=True):
            if len(side) + len(back) < 3:
                return False
            area = shapely.Polygon([self.xy[v] for v in [*side, *back]]).area
            front = sum(self.length(a, b) for a, b in pairwise(side) if self.edge_kind(a, b))
            if area < least * whole or (not kind and front < frontage_m):
                return False
        return True

    def _hit(self, face: int, end: XY, snap_m: float) -> int | tuple[int, int, XY]:
        """The junction to snap to, or the edge and place where to make one."""
        near = [
            (hypot(self.xy[v][0] - end[0], self.xy[v][1] - end[1]), v)
            for v in self.rings[face]
            if self.degree[v] >= 3 or self._corner(face, v)
        ]
        if near and min(near)[0] < snap_m:
            return min(near)[1]
        point = shapely.Point(end)
        a, b = min(
            self.edges(face),
            key=lambda e: shapely.LineString([self.xy[e[0]], self.xy[e[1]]]).distance(point),
        )
        for v in (a, b):
            if hypot(self.xy[v][0] - end[0], self.xy[v][1] - end[1]) < 2.0:
                return v
        return a, b, end

    def _corner(self, face: int, v: int) -> bool:
        ring = self.rings[face]
        i = ring.index(v)
        (ax, ay), (bx, by), (cx, cy) = self.xy[ring[i - 1]], self.xy[v], self.xy[ring[(i + 1) % len(ring)]]
        turn = atan2(cy - by, cx - bx) - atan2(by - ay, bx - ax)
        return abs((turn + pi) % (2 * pi) - pi) > 0.6

    def _good_cut(
        self, face: int, polygon: shapely.Polygon, line: shapely.LineString, hits: Sequence[int | tuple[int, int, XY]]
    ) -> bool:
        if hits[0] == hits[1] or line.length < 25.0 or not polygon.buffer(0.3).contains(line):
            return False
        if line.intersection(polygon.buffer(-1.5)).length < line.length - 12.0:
            return False
        for hit, at in ((hits[0], 0), (hits[1], -1)):
            near = line.coords[1] if at == 0 else line.coords[-2]
            here = line.coords[at]
            if isinstance(hit, int):
                ring = self.rings[face]
                i = ring.index(hit)
                arms = [self.xy[ring[i - 1]], self.xy[ring[(i + 1) % len(ring)]]]
            else:
                arms = [self.xy[hit[0]], self.xy[hit[1]]]
            if any(_between(here, near, arm) < 0.75 for arm in arms):
                return False
        return True


def _centre_key(face: shapely.Polygon) -> XY:
    point = face.representative_point()
    return (round(point.x, 1), round(point.y, 1))


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _edges(ring: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def _between(centre: XY, p: XY, q: XY) -> float:
    """Angle at ``centre`` between two points."""
    turn = atan2(p[1] - centre[1], p[0] - centre[0]) - atan2(q[1] - centre[1], q[0] - centre[0])
    return abs((turn + pi) % (2 * pi) - pi)


def _chord(polygon: shapely.Polygon, centre: XY, angle: float) -> tuple[XY, XY] | None:
    """Ends of the chord through ``centre``."""
    x, y = centre
    dx, dy = 9000.0 * cos(angle), 9000.0 * sin(angle)
    cut = shapely.LineString([(x - dx, y - dy), (x + dx, y + dy)]).intersection(polygon)
    parts = [p for p in shapely.get_parts(cut) if p.geom_type == "LineString" and not p.is_empty]
    if not parts:
        return None
    best = min(parts, key=lambda p: p.distance(shapely.Point(centre)))
    (ax, ay), (bx, by) = best.coords[0], best.coords[-1]
    return (ax, ay), (bx, by)


def _bent(p: XY, q: XY, bend: float) -> list[XY]:
    """A gentle arc from p to q."""
    length = hypot(q[0] - p[0], q[1] - p[1])
    if abs(bend) * length < 2.0:
        return [p, q]
    count = max(3, int(length // 70) + 1)
    t = np.linspace(0, 1, count + 1)
    off = 4 * bend * t * (1 - t)
    x = p[0] + t * (q[0] - p[0]) - off * (q[1] - p[1])
    y = p[1] + t * (q[1] - p[1]) + off * (q[0] - p[0])
    return [p, *((float(a), float(b)) for a, b in zip(x[1:-1], y[1:-1], strict=True)), q]
