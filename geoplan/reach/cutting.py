"""Streets cut into pieces: at walls, and where the connectors of gates meet them.

A *place* is a point where pieces end, whatever the zone: a node of the streets or a cut. Lengths are never measured
anew: a piece has its share of its street, by geometry, and thus the same share of the street's trusted length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.walls import OPEN_LAND, Walls

__all__ = ["Pieces", "cut_streets", "split_pieces"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SAME_M = 1e-3
"""Cuts nearer than this to each other or to a street's end are one."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Parts of streets, in the order of the streets.

    Attributes
    ----------
    street
        Row of the street.
    start, end
        Part of the street, as shares of it from u.
    line
        Geometry from start to end.
    zone
        Zone that the piece lies in, -1 for a bridge or tunnel from one zone to another.
    tail_zone, head_zone
        Zone at either end.
    tail_place, head_place
        Place at either end, less than ``place_count``.
    snappable
        Whether doors may open onto it: it is on the ground.
    """

    street: Ints
    start: Floats
    end: Floats
    line: NDArray[Any]
    zone: Ints
    tail_zone: Ints
    head_zone: Ints
    tail_place: Ints
    head_place: Ints
    place_count: int
    snappable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.street)


def cut_streets(streets: gpd.GeoDataFrame, walls: Walls) -> Pieces:
    """Cut the streets on the ground at the walls; bridges and tunnels pass over and under them.

    Parameters
    ----------
    streets
        Table by :data:`geoplan.model.STREETS`.
    walls
        The zones.

    Returns
    -------
    Pieces
    """
    count = len(streets)
    lines = np.asarray(streets.geometry.to_numpy(), dtype=object)
    ends = np.concatenate([streets["u"].to_numpy(np.int64), streets["v"].to_numpy(np.int64)])
    nodes, place = np.unique(ends, return_inverse=True)
    ground = streets["level"].to_numpy() == 0
    nowhere = np.zeros(count, dtype=np.int64)
    whole = Pieces(
        np.arange(count), np.zeros(count), np.ones(count), lines, nowhere, nowhere, nowhere,
        place[:count], place[count:], len(nodes), ground,
    )  # fmt: skip
    if not walls.any or not count:
        return whole
    row, ring = walls.ring_tree.query(lines, predicate="intersects")
    row, ring = row[ground[row]], ring[ground[row]]
    meets = shapely.intersection(lines[row], shapely.boundary(walls.regions[ring + 1]))
    xy, which = shapely.get_coordinates(meets, return_index=True)
    measure = shapely.line_locate_point(lines[row[which]], shapely.points(xy), normalized=True)
    pieces, _ = split_pieces(whole, row[which], measure)
    return _with_zones(pieces, walls)


def _with_zones(pieces: Pieces, walls: Walls) -> Pieces:
    """Find the zone of each piece: of its middle on the ground, of what its ends lead to above and below."""
    middle = shapely.get_coordinates(shapely.line_interpolate_point(pieces.line, 0.5, normalized=True))
    zone = walls.locate(middle)
    tail_zone, head_zone = zone.copy(), zone.copy()
    off = np.flatnonzero(~pieces.snappable)
    if len(off):
        of_place = _zones_off_ground(pieces, zone, off)
        tail_zone[off], head_zone[off] = of_place[pieces.tail_place[off]], of_place[pieces.head_place[off]]
        zone[off] = np.where(tail_zone[off] == head_zone[off], tail_zone[off], -1)
    return replace(pieces, zone=zone, tail_zone=tail_zone, head_zone=head_zone)


def _zones_off_ground(pieces: Pieces, zone: Ints, off: Ints) -> Ints:
    """Zone in which bridges and tunnels end at each place.

    That of the ground there; places without ground take the one zone that the bridges lead to, open land if several.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    unknown = len(pieces)
    ground = np.flatnonzero(pieces.snappable)
    found = np.full(pieces.place_count, unknown)
    for place in (pieces.tail_place[ground], pieces.head_place[ground]):
        np.minimum.at(found, place, zone[ground])
    a, b = pieces.tail_place[off], pieces.head_place[off]
    loose_a, loose_b = found[a] == unknown, found[b] == unknown
    both = loose_a & loose_b
    size = pieces.place_count
    matrix = coo_array((np.ones(int(both.sum()), dtype=np.int8), (a[both], b[both])), shape=(size, size))
    _, group = connected_components(matrix, directed=False)
    lowest, highest = np.full(size, unknown), np.full(size, -1)
    for loose, ground_end, here in ((a, b, loose_a & ~loose_b), (b, a, loose_b & ~loose_a)):
        np.minimum.at(lowest, group[loose[here]], found[ground_end[here]])
        np.maximum.at(highest, group[loose[here]], found[ground_end[here]])
    agreed = np.where(lowest == highest, lowest, OPEN_LAND)
    return np.where(found == unknown, agreed[group], found)


def split_pieces(pieces: Pieces, at: Ints, measure: Floats) -> tuple[Pieces, Ints]:
    """Split pieces.

    Parameters
    ----------
    pieces
        The pieces.
    at, measure
        Piece of each cut, and where along it (share of the piece, 0 to 1).

    Returns
    -------
    tuple
        The pieces after the cuts, and the place of each cut: an end of the piece where the cut is within a
        millimetre of it.
    """
    at, measure = np.asarray(at, dtype=np.int64), np.asarray(measure, dtype=np.float64)
    if not len(at):
        return pieces, np.zeros(0, dtype=np.int64)
    length = shapely.length(pieces.line[at])
    along = np.nan_to_num(measure) * length
    places = np.where(along <= _SAME_M, pieces.tail_place[at], pieces.head_place[at])
    inner = np.flatnonzero((along > _SAME_M) & (along < length - _SAME_M))
    order = inner[np.lexsort((along[inner], at[inner]))]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(at[order]) != 0) | (np.diff(along[order]) > _SAME_M)
    if not len(order):
        return pieces, places
    number = np.cumsum(new) - 1
    places[order] = pieces.place_count + number
    cut = order[new]
    return _cut(pieces, at[cut], measure[cut], along[cut]), places


def _cut(pieces: Pieces, at: Ints, measure: Floats, along: Floats) -> Pieces:
    """Cut at sorted, distinct inner measures; the i-th cut makes place ``place_count + i``."""
    count = np.bincount(at, minlength=len(pieces))
    parent = np.repeat(np.arange(len(pieces)), count + 1)
    # cut i of all comes after piece at[i] and i earlier cuts: it ends new piece at[i] + i and starts the next
    before = at + np.arange(len(at))
    start, end = pieces.start[parent], pieces.end[parent]
    where = pieces.start[at] + (pieces.end[at] - pieces.start[at]) * measure
    end[before], start[before + 1] = where, where
    tail, head = pieces.tail_place[parent], pieces.head_place[parent]
    head[before] = tail[before + 1] = pieces.place_count + np.arange(len(at))
    tail_zone, head_zone = pieces.tail_zone[parent], pieces.head_zone[parent]
    line = pieces.line[parent]
    cut, of = np.unique(at, return_inverse=True)
    line[count[parent] > 0] = _parts(pieces.line[cut], of, along)
    return Pieces(
        pieces.street[parent], start, end, line, pieces.zone[parent], tail_zone, head_zone, tail, head,
        pieces.place_count + len(at), pieces.snappable[parent],
    )  # fmt: skip


def _parts(lines: NDArray[Any], of: Ints, along: Floats) -> NDArray[Any]:
    """The parts of lines cut at these distances from their starts (metres), line after line."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0).T)
    step[line[1:] != line[:-1]] = 1.0  # one line after the other, so that one scale serves them all
    reached = np.concatenate([[0.0], np.cumsum(step)])
    begins = np.searchsorted(line, np.arange(len(lines)))
    at = reached[begins[of]] + along
    cuts = np.column_stack([np.interp(at, reached, xy[:, 0]), np.interp(at, reached, xy[:, 1])])
    begin = np.zeros(len(xy), dtype=np.int64)
    begin[begins] = 1
    # a cut ends one part and begins the next
    points = np.concatenate([xy, cuts, cuts])
    starts = np.concatenate([begin, np.zeros(len(cuts), dtype=np.int64), np.ones(len(cuts), dtype=np.int64)])
    turn = np.repeat([0, 1, 2], [len(xy), len(cuts), len(cuts)])
    order = np.lexsort((turn, np.concatenate([reached, at, at])))
    points, part = points[order], np.cumsum(starts[order]) - 1
    kept = np.ones(len(points), dtype=bool)
    kept[1:] = (part[1:] != part[:-1]) | (points[1:] != points[:-1]).any(axis=1)
    return np.asarray(shapely.linestrings(points[kept], indices=part[kept]))
