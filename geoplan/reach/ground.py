"""Everything about walking in one town that does not depend on who walks: built once, priced by any metric."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.model import Town
from geoplan.reach.arcs import Arcs, PieceCosts, build_arcs
from geoplan.reach.doors import Doors, building_doors, facility_doors, zones_of_doors
from geoplan.reach.labels import name_nodes
from geoplan.reach.metric import Metric
from geoplan.reach.network import WalkNetwork
from geoplan.reach.options import ReachOptions
from geoplan.reach.sight import build_obstacles
from geoplan.reach.snap import REASONS, Snapper, Snaps
from geoplan.reach.walkways import build_walkways
from geoplan.reach.walls import build_walls, place_gates
from geoplan.reach.ways import Ways, direct_ways, ways_to_nodes

__all__ = ["Ground", "nearest_doors"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Ground:
    """Walkways, doors and networks of one town.

    Parameters
    ----------
    town
        A town with streets.
    rank
        Rank of each facility by its id.
    options
        Tolerances.

    Attributes
    ----------
    walkways, arcs
        What can be walked, and the arcs of the networks.
    doors, door
        Doors of the buildings and how they are snapped.
    goals, goal, goal_rank
        Doors of the facilities, how they are snapped, and the rank of the facility of each.
    snapper
        Snaps any points.
    idle_gates
        Open gates that stand in no wall.
    in_barriers
        How many doors of buildings, and of facilities, lie inside a barrier.
    """

    def __init__(self, town: Town, rank: Ints, options: ReachOptions) -> None:
        streets = town.streets
        assert streets is not None  # noqa: S101 - for the type checker: build_reach looked
        self.streets = streets
        wall_m, gate_m = options.wall_tolerance_m, options.gate_tolerance_m
        walls = build_walls(town.estates, wall_tolerance_m=wall_m)
        gates, self.idle_gates = place_gates(town.gates, walls, gate_tolerance_m=gate_m, wall_tolerance_m=wall_m)
        self._barriers = build_obstacles(town.barriers)
        obstacles = build_obstacles(town.barriers, walls) if walls.any else self._barriers
        order = np.empty(len(streets), dtype=np.int64)
        order[np.argsort(streets.index.to_numpy(), kind="stable")] = np.arange(len(streets))
        self.walkways = build_walkways(streets, order, walls, gates, self._barriers, options)
        self.snapper = Snapper(self.walkways, order, self._barriers, obstacles, options)
        self.doors, self.goals = building_doors(town), facility_doors(town.facilities)
        zones = zones_of_doors(self.doors, walls, town.buildings["estate"])
        self.door, self.goal = self.snapper.snap(self.doors.xy, zones), self.snapper.snap(self.goals.xy)
        self.goal_rank: Ints = rank[self.goals.owner]
        self.arcs: Arcs = build_arcs(self.walkways, self.goal, self.goal_rank, len(town.facilities))
        self.door_ways = self.ways(self.door)
        self.in_barriers = tuple(int(self._barriers.inside(doors.xy).sum()) for doors in (self.doors, self.goals))
        self._networks: dict[object, tuple[WalkNetwork, PieceCosts]] = {}

    def network(self, metric: Metric) -> tuple[WalkNetwork, PieceCosts]:
        """The network with one metric's costs and the costs of pieces, made once."""
        made = self._networks.get(metric.key)
        if made is None:
            pieces = PieceCosts.of(self.walkways, self.streets, metric)
            costs = self.arcs.costs(pieces, metric)
            if self._networks:
                network = next(iter(self._networks.values()))[0].with_costs(costs)
            else:
                xy = np.zeros((self.arcs.node_count, 2))
                xy[self.arcs.out] = xy[self.arcs.into] = self.walkways.node_xy
                xy[self.arcs.sink[self.goal_rank]] = self.goals.xy
                network = WalkNetwork.from_arcs(self.arcs.tail, self.arcs.head, costs, node_count=len(xy), xy=xy)
            made = self._networks[metric.key] = (network, pieces)
        return made

    def node_names(self, facilities: pd.Index) -> NDArray[np.uint64]:
        """Names of the network's nodes that hold from one network to the next; ``facilities`` by their ranks."""
        walls, ways, arcs = self.walkways.walls, self.walkways, self.arcs
        zones = pd.util.hash_array(np.array(walls.ids, dtype=object))[ways.node_zone]
        xy, kind = np.zeros((arcs.node_count, 2)), np.zeros(arcs.node_count, dtype=np.uint64)
        for nodes, copy in ((arcs.into, 1), (arcs.out, 0)):
            xy[nodes], kind[nodes] = ways.node_xy, zones ^ np.uint64(copy)
        kind[arcs.sink] = pd.util.hash_array(facilities.to_numpy(dtype=object))
        return name_nodes(xy, kind)

    def ways(self, points: Snaps) -> Ways:
        """From points to the network nodes around them."""
        return ways_to_nodes(points, self.walkways, self.arcs)

    def goals_of(self, ranks: Ints) -> Ints:
        """Doors of the facilities of these ranks."""
        return np.flatnonzero(np.isin(self.goal_rank, ranks))

    def direct(self, points: Snaps, ranks: Ints) -> Ways:
        """From points to the doors of these facilities that need no network to get to."""
        return direct_ways(points, self.goal, self.goals_of(ranks), len(self.walkways.pieces), self._barriers)

    def snap_table(self, snaps: Snaps, doors: Doors, ids: pd.Index) -> pd.DataFrame:
        """The public table of snaps, a row an owner; see :attr:`geoplan.reach.times.Reach.door_snaps`."""
        first = nearest_doors(snaps, doors)
        piece, pieces = snaps.piece[first], self.walkways.pieces
        on = np.flatnonzero(piece >= 0)
        edge = np.full(len(first), None, dtype=object)
        offset = np.full(len(first), np.nan)
        street = pieces.street[piece[on]]
        edge[on] = self.streets.index.to_numpy(dtype=object)[street]
        start, end = pieces.start[piece[on]], pieces.end[piece[on]]
        offset[on] = (start + snaps.share[first[on]] * (end - start)) * self.streets["length_m"].to_numpy()[street]
        columns = {
            "edge": pd.Series(edge, dtype=object),
            "offset_m": offset,
            "connector_m": snaps.connector_m[first],
            "component": snaps.component[first],
            "reason": pd.Series(np.array(REASONS)[snaps.reason[first]], dtype="str"),
            "doors": np.bincount(doors.owner, minlength=doors.count),
        }
        return pd.DataFrame(columns).set_axis(ids, axis=0)

    def leads_to(self, ranks: Ints) -> NDArray[np.bool_]:
        """Per network node, whether there is any walk to one of these facilities, however long."""
        label, a, b = self._strong
        seen = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
        seen[label[self.arcs.sink[ranks]]] = True
        while len(new := a[seen[b] & ~seen[a]]):
            seen[new] = True
        return seen[label]

    @cached_property
    def _strong(self) -> tuple[Ints, Ints, Ints]:
        """Strong component of each network node, and the arcs between components."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        arcs, count = self.arcs, self.arcs.node_count
        matrix = coo_array((np.ones(len(arcs.tail), dtype=np.int8), (arcs.tail, arcs.head)), shape=(count, count))
        _, label = connected_components(matrix, directed=True, connection="strong")
        a, b = label[arcs.tail], label[arcs.head]
        return label, a[a != b], b[a != b]


def nearest_doors(snaps: Snaps, doors: Doors) -> Ints:
    """The door of each owner with the shortest connector.

    Parameters
    ----------
    snaps, doors
        Doors and how they are snapped.

    Returns
    -------
    ndarray of int64
        One door an owner.
    """
    order = np.lexsort((snaps.connector_m, doors.owner))
    return order[np.diff(doors.owner[order], prepend=-1) != 0]
