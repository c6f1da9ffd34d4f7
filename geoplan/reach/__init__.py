"""Walking: the network and its compiled sweep, the nearest street of a door."""

from geoplan.reach.network import Reached, ReachedEach, WalkNetwork
from geoplan.reach.segments import Candidates, SegmentIndex

__all__ = ["Candidates", "Reached", "ReachedEach", "SegmentIndex", "WalkNetwork"]
