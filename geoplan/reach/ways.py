"""Ways from points to nodes and to doors, each a share of a piece and a straight part, priced by any metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoplan.reach.arcs import Arcs, PieceCosts
from geoplan.reach.metric import Metric
from geoplan.reach.sight import Obstacles
from geoplan.reach.snap import Snaps
from geoplan.reach.walkways import Walkways

__all__ = ["Ways", "direct_ways", "expand", "ways_to_nodes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ways:
    """From a point to a target: walk ``share`` of piece ``way`` and ``length_m`` straight.

    ``way`` is ``p`` for piece ``p`` forward, ``p + number of pieces`` for backward, twice that number for none.
    """

    point: Ints
    target: Ints
    way: Ints
    share: Floats
    length_m: Floats

    def costs(self, pieces: PieceCosts, metric: Metric) -> Floats:
        """Cost of each way in the metric's unit."""
        return pieces.ways[self.way] * self.share + metric.connector_costs(self.length_m)


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Write ranges out: for range ``i`` the pairs ``(i, low[i]) ... (i, high[i] - 1)``.

    Parameters
    ----------
    low, high
        Ends of the ranges.

    Returns
    -------
    tuple of ndarray
        Number of the range, and member.

    Examples
    --------
    >>> import numpy as np
    >>> [a.tolist() for a in expand(np.array([3, 0, 7]), np.array([5, 0, 8]))]
    [[0, 0, 2], [3, 4, 7]]
    """
    count = np.maximum(high - low, 0)
    which = np.repeat(np.arange(len(low)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, low[which] + within


def ways_to_nodes(points: Snaps, walkways: Walkways, arcs: Arcs) -> Ways:
    """From each point to both ends of its piece, or to its gates; targets are network nodes.

    Parameters
    ----------
    points
        Snapped points, where walks start.
    walkways, arcs
        What can be walked.

    Returns
    -------
    Ways
    """
    pieces = len(walkways.pieces)
    on = np.flatnonzero(points.piece >= 0)
    piece, share, connector = points.piece[on], points.share[on], points.connector_m[on]
    gates = len(points.gate)
    return Ways(
        np.concatenate([on, on, points.gate_point]),
        arcs.out[np.concatenate([walkways.tail[piece], walkways.head[piece], walkways.gate_node[points.gate]])],
        np.concatenate([piece + pieces, piece, np.full(gates, 2 * pieces)]),
        np.concatenate([share, 1.0 - share, np.zeros(gates)]),
        np.concatenate([connector, connector, points.gate_length_m]),
    )


def direct_ways(points: Snaps, goals: Snaps, chosen: Ints, pieces: int, barriers: Obstacles) -> Ways:
    """Along the street that both open onto, or straight within an estate without streets; targets are goals.

    Parameters
    ----------
    points, goals
        Snapped points and facility doors.
    chosen
        The doors that count.
    pieces
        Number of pieces.
    barriers
        What straight ways may not cross.

    Returns
    -------
    Ways
    """
    order = chosen[np.argsort(goals.piece[chosen], kind="stable")]
    on = np.flatnonzero(points.piece >= 0)
    low, high = (np.searchsorted(goals.piece[order], points.piece[on], side=side) for side in ("left", "right"))
    which, member = expand(low, high)
    point, goal = on[which], order[member]
    ahead = goals.share[goal] - points.share[point]
    piece = points.piece[point]

    loose = np.flatnonzero((points.piece < 0) & (points.zone > 0))
    homes = chosen[(goals.piece[chosen] < 0) & (goals.zone[chosen] > 0)]
    homes = homes[np.argsort(goals.zone[homes], kind="stable")]
    low, high = (np.searchsorted(goals.zone[homes], points.zone[loose], side=side) for side in ("left", "right"))
    which, member = expand(low, high)
    near, home = loose[which], homes[member]
    free = ~barriers.barred(points.xy[near], goals.xy[home])
    near, home = near[free], home[free]
    straight = np.hypot(*(points.xy[near] - goals.xy[home]).T)
    return Ways(
        np.concatenate([point, near]),
        np.concatenate([goal, home]),
        np.concatenate([np.where(ahead >= 0.0, piece, piece + pieces), np.full(len(near), 2 * pieces)]),
        np.concatenate([np.abs(ahead), np.zeros(len(near))]),
        np.concatenate([points.connector_m[point] + goals.connector_m[goal], straight]),
    )
