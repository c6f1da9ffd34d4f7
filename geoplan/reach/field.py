"""The walk to the nearest facility as a function of place."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geoplan.reach.arcs import PieceCosts
from geoplan.reach.ground import Ground
from geoplan.reach.isochrones import cut_lines, merge_spans
from geoplan.reach.metric import Metric
from geoplan.reach.times import ROUNDING

__all__ = ["Field"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 250_000


class Field:
    """The exact walk to the nearest facility as a function of place, from one sweep."""

    def __init__(
        self, ground: Ground, metric: Metric, ranks: Ints, limit: float, costs: Floats, pieces: PieceCosts
    ) -> None:
        self._ground, self._metric, self._ranks = ground, metric, ranks
        self._limit, self._costs, self._pieces = limit, costs, pieces

    def __call__(self, xy: Floats) -> Floats:
        """Cost at points, ``inf`` beyond the limit."""
        out = np.full(len(xy), np.inf)
        for low in range(0, len(xy), _CHUNK):
            self._fill(xy[low : low + _CHUNK], out[low : low + _CHUNK])
        return out

    def _fill(self, xy: Floats, out: Floats) -> None:
        snaps = self._ground.snapper.snap(xy)
        ways = self._ground.ways(snaps)
        np.minimum.at(out, ways.point, self._costs[ways.target] + ways.costs(self._pieces, self._metric))
        direct = self._ground.direct(snaps, self._ranks)
        np.minimum.at(out, direct.point, direct.costs(self._pieces, self._metric))
        out[out > self._limit + ROUNDING / 2.0] = np.inf

    def around(self, limit: float, *, every_m: float) -> Floats:
        """Points such that all places within the limit lie within a connector and ``every_m`` of one of them."""
        piece, low, high = self.spans(limit)
        lines = shapely.segmentize(cut_lines(self._ground.walkways.pieces.line[piece], low, high), every_m)
        points = [shapely.get_coordinates(lines)]
        for zone in self.zones():  # doors in estates may be far from any street, linked to the gates
            west, south, east, north = shapely.bounds(self._ground.walkways.walls.regions[zone])
            x, y = np.meshgrid(np.arange(west, east + every_m, every_m), np.arange(south, north + every_m, every_m))
            points.append(np.column_stack([x.ravel(), y.ravel()]))
        return np.concatenate(points)

    def zones(self) -> list[int]:
        """Walled estates whose gates were reached, or in which a facility stands."""
        ground = self._ground
        reached = np.isfinite(self._costs[ground.arcs.out[ground.walkways.gate_node]])
        goals = ground.goal.zone[ground.goals_of(self._ranks)]
        gated = {z for gate, near in zip(ground.walkways.gates, reached, strict=True) if near for z in gate.zones}
        return sorted(gated | set(goals[goals > 0].tolist()))

    def spans(self, limit: float) -> tuple[Ints, Floats, Floats]:
        """Parts of pieces within the limit, as shares of them."""
        ground, pieces = self._ground, self._pieces
        ways, out = ground.walkways, ground.arcs.out
        number = np.arange(len(ways.pieces))
        from_tail = limit - self._costs[out[ways.tail]]
        from_head = limit - self._costs[out[ways.head]]
        goals = ground.goals_of(self._ranks)
        goals = goals[ground.goal.piece[goals] >= 0]
        piece, share = ground.goal.piece[goals], ground.goal.share[goals]
        left = limit - np.asarray(self._metric.connector_costs(ground.goal.connector_m[goals]))
        walked = [
            (number, np.zeros(len(number)), np.minimum(_shares(from_tail, pieces.backward), 1.0)),
            (number, np.maximum(1.0 - _shares(from_head, pieces.forward), 0.0), np.ones(len(number))),
            (
                piece,
                np.maximum(share - _shares(left, pieces.forward[piece]), 0.0),
                np.minimum(share + _shares(left, pieces.backward[piece]), 1.0),
            ),
        ]
        line, low, high = (np.concatenate(column) for column in zip(*walked, strict=True))
        return merge_spans(line, low, high)


def _shares(left: Floats, cost: Floats) -> Floats:
    """What share of a piece can be walked at what is left, negative where nothing is."""
    return np.where(left < 0.0, -1.0, np.divide(left, cost, out=np.full(len(cost), 2.0), where=cost > 0.0))
