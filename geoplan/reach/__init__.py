"""Walking: doors onto streets, through gates, and the time sweep over the network."""

from geoplan.reach.labels import NodeLabels
from geoplan.reach.metric import Metric
from geoplan.reach.network import Reached, ReachedEach, WalkNetwork
from geoplan.reach.options import ReachOptions
from geoplan.reach.segments import Candidates, SegmentIndex
from geoplan.reach.times import Reach, WalkTimes
from geoplan.reach.town import build_reach

__all__ = [
    "Candidates",
    "Metric",
    "NodeLabels",
    "Reach",
    "ReachOptions",
    "Reached",
    "ReachedEach",
    "SegmentIndex",
    "WalkNetwork",
    "WalkTimes",
    "build_reach",
]
