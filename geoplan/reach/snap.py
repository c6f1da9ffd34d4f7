"""Doors onto streets: the exact nearest point that a door can be walked to from, or the reason why there is none.

A door opens onto the nearest piece on the ground in its own zone that a straight connector reaches without crossing a
barrier or a wall, no longer than ``max_connector_m``. A piece of the main component is preferred to one of an island
if it is at most ``island_tolerance_m`` farther. Ties go to the smallest street id. In a walled estate where there is
no such piece, doors link straight to all the gates that the estate has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.options import ReachOptions
from geoplan.reach.segments import SegmentIndex
from geoplan.reach.sight import Obstacles
from geoplan.reach.walkways import Walkways
from geoplan.reach.walls import OPEN_LAND

__all__ = ["REASONS", "Snapper", "Snaps"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REASONS = ("", "no_street", "island", "walled")
_NO_STREET, _ISLAND, _WALLED = 1, 2, 3
_FIRST_RADIUS_M = 25.0
_CHUNK = 20_000
_NO_GATES = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Snaps:
    """How points meet the walkways.

    Attributes
    ----------
    xy, zone
        The points and their zones.
    piece, share
        Piece that the point opens onto (-1: none) and where along it (share from its tail).
    connector_m
        Straight connector, metres; to the nearest gate where there is no piece, NaN where there is neither.
    component
        Component that it opens onto, -1 where none.
    reason
        Index into :data:`REASONS`; ``"island"`` points are snapped all the same, ``"walled"`` ones perhaps.
    gate_point, gate, gate_length_m
        Straight links of points to gates, point by point.
    """

    xy: Floats
    zone: Ints
    piece: Ints
    share: Floats
    connector_m: Floats
    component: Ints
    reason: NDArray[np.int8]
    gate_point: Ints
    gate: Ints
    gate_length_m: Floats

    def __len__(self) -> int:
        return len(self.piece)


class Snapper:
    """Snaps points to one town's walkways.

    Parameters
    ----------
    walkways
        What can be walked.
    order
        Rank of each street by its id: decides ties.
    barriers
        Barriers alone, in the way of links to gates.
    obstacles
        Barriers and walls, in the way of connectors.
    options
        Tolerances.
    """

    def __init__(
        self, walkways: Walkways, order: Ints, barriers: Obstacles, obstacles: Obstacles, options: ReachOptions
    ) -> None:
        self._ways = walkways
        self._barriers, self._obstacles, self._options = barriers, obstacles, options
        pieces = walkways.pieces
        usable = np.flatnonzero(pieces.snappable & (shapely.length(pieces.line) > 0.0))
        # the index takes the first of equally near lines
        self._pieces = usable[np.lexsort((pieces.start[usable], order[pieces.street[usable]]))]
        self._length = shapely.length(pieces.line[self._pieces])
        self._group = pieces.zone[self._pieces]
        self._component = walkways.component[walkways.tail[self._pieces]]
        self._main = self._component == 0
        self._vertices, line = shapely.get_coordinates(pieces.line[self._pieces], return_index=True)
        step = np.hypot(*np.diff(self._vertices, axis=0).T)
        step[line[1:] != line[:-1]] = 1.0  # lines one after the other, so that one scale serves them all
        self._reached = np.concatenate([[0.0], np.cumsum(step)])[: len(line)]
        self._begins = self._reached[np.searchsorted(line, np.arange(len(self._pieces)))]
        self._index = SegmentIndex.from_lines(pieces.line[self._pieces], group=self._group)

    def snap(self, xy: Floats, zone: Ints | None = None) -> Snaps:
        """Snap points.

        Parameters
        ----------
        xy
            Points, n x 2, metres.
        zone
            Zone of each, where it is not the one that the point lies in: doors drawn on the wall itself.

        Returns
        -------
        Snaps
        """
        xy = np.ascontiguousarray(xy, dtype=np.float64).reshape(-1, 2)
        inside = self._ways.walls.locate(xy)
        zone = inside if zone is None else zone
        line, offset, distance = self._preferred(xy, zone)
        if self._obstacles.any:
            self._look_around(xy, self._sight_from(xy, zone, inside), zone, line, offset, distance)
        on = np.flatnonzero(line >= 0)
        piece, component = np.full(len(xy), -1), np.full(len(xy), -1)
        share, connector = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
        piece[on], component[on] = self._pieces[line[on]], self._component[line[on]]
        share[on], connector[on] = np.clip(offset[on] / self._length[line[on]], 0.0, 1.0), distance[on]
        reason = np.zeros(len(xy), dtype=np.int8)
        reason[on] = np.where(self._main[line[on]], 0, np.where(self._ways.walled_in[component[on]], _WALLED, _ISLAND))
        return self._with_gates(Snaps(xy, zone, piece, share, connector, component, reason, *_NO_GATES))

    def _preferred(self, xy: Floats, zone: Ints) -> tuple[Ints, Floats, Floats]:
        """Nearest line in the zone, of the main component if that is little farther; obstacles aside."""
        reach = self._options.max_connector_m
        group = zone if self._ways.walls.any else None
        line, offset, distance = self._index.nearest(xy, max_distance_m=reach, group=group)
        islands = np.flatnonzero((line >= 0) & ~self._main[line]) if len(self._main) else np.zeros(0, dtype=np.int64)
        if len(islands) and self._main.any():
            found = self._index.nearest(
                xy[islands], max_distance_m=reach, group=None if group is None else group[islands], mask=self._main
            )
            near = found[2] <= distance[islands] + self._options.island_tolerance_m
            for kept, better in zip((line, offset, distance), found, strict=True):
                kept[islands[near]] = better[near]
        return line, offset, distance

    def _look_around(self, xy: Floats, eye: Floats, zone: Ints, line: Ints, offset: Floats, distance: Floats) -> None:
        """Where the connector is barred, take the next line in sight; changes the last three arrays."""
        on = np.flatnonzero(line >= 0)
        on = on[self._obstacles.near(xy[on], distance[on])]
        feet = self._feet(line[on], offset[on])
        blocked = on[self._obstacles.barred(eye[on], feet)]
        line[blocked], distance[blocked] = -1, np.inf
        for start in range(0, len(blocked), _CHUNK):
            self._next_in_sight(blocked[start : start + _CHUNK], xy, eye, zone, line, offset, distance)

    def _next_in_sight(
        self, left: Ints, xy: Floats, eye: Floats, zone: Ints, line: Ints, offset: Floats, distance: Floats
    ) -> None:
        """Try all lines within growing radii, nearest first."""
        reach = self._options.max_connector_m
        radius = min(_FIRST_RADIUS_M, reach)
        while len(left):
            found = self._index.candidates(xy[left], radius_m=radius)
            point = left[found.point]
            rank = found.distance_m + np.where(self._main[found.line], 0.0, self._options.island_tolerance_m)
            # what lies beyond the radius may be better than an island within it
            sure = (rank <= radius) | (radius >= reach)
            order = np.flatnonzero(sure & (self._group[found.line] == zone[point]))
            order = order[np.lexsort((found.line[order], rank[order], point[order]))]
            while len(order):  # the best of each point that has none yet
                first = np.diff(point[order], prepend=-1) != 0
                best = order[first]
                feet = self._feet(found.line[best], found.offset_m[best])
                seen = ~self._obstacles.barred(eye[point[best]], feet)
                best = best[seen]
                line[point[best]], distance[point[best]] = found.line[best], found.distance_m[best]
                offset[point[best]] = found.offset_m[best]
                order = order[~first]
                order = order[line[point[order]] < 0]
            left = left[line[left] < 0]
            if radius >= reach:
                return
            radius = min(2.0 * radius, reach)

    def _feet(self, line: Ints, offset: Floats) -> Floats:
        if not len(line):
            return np.zeros((0, 2))
        at = self._begins[line] + offset
        return np.column_stack([np.interp(at, self._reached, self._vertices[:, axis]) for axis in (0, 1)])

    def _sight_from(self, xy: Floats, zone: Ints, inside: Ints) -> Floats:
        """Where to look from: a door on the wall of its own zone looks from inside it."""
        odd = np.flatnonzero((zone > OPEN_LAND) & (inside != zone))
        if not len(odd):
            return xy
        out = xy.copy()
        inner = shapely.shortest_line(self._ways.walls.regions[zone[odd]], shapely.points(xy[odd]))
        out[odd] = shapely.get_coordinates(shapely.get_point(inner, 0))
        return out

    def _with_gates(self, snaps: Snaps) -> Snaps:
        """Link points in walled estates that have no street to the gates, and say why the others have none."""
        loose = np.flatnonzero(snaps.piece < 0)
        snaps.reason[loose[snaps.zone[loose] == OPEN_LAND]] = _NO_STREET
        loose = loose[snaps.zone[loose] > OPEN_LAND]
        if not len(loose):
            return snaps
        snaps.reason[loose] = _WALLED
        gates_xy = np.array([gate.xy for gate in self._ways.gates]).reshape(-1, 2)
        point_parts, gate_parts = [], []
        for zone in np.unique(snaps.zone[loose]):
            here, gates = loose[snaps.zone[loose] == zone], self._ways.gates_of(int(zone))
            point_parts.append(np.repeat(here, len(gates)))
            gate_parts.append(np.tile(np.array(gates, dtype=np.int64), len(here)))
        point, gate = np.concatenate(point_parts), np.concatenate(gate_parts)
        free = ~self._barriers.barred(snaps.xy[point], gates_xy[gate])
        point, gate = point[free], gate[free]
        length = np.hypot(*(snaps.xy[point] - gates_xy[gate]).T)
        order = np.lexsort((gate, length, point))
        point, gate, length = point[order], gate[order], length[order]
        first = np.flatnonzero(np.diff(point, prepend=-1))
        snaps.connector_m[point[first]] = length[first]
        component = self._ways.component[self._ways.gate_node[gate[first]]]
        snaps.component[point[first]] = component
        snaps.reason[point[first]] = np.where(component == 0, 0, _ISLAND)
        return replace(snaps, gate_point=point, gate=gate, gate_length_m=length)
