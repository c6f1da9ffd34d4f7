"""Costs of edges, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worlds import METRES, PLANNER, TIME, costs, draw, reach, walker

from geoplan.errors import InputError
from geoplan.reach import Metric, ReachOptions
from geoplan.standards import load_standard

STREETS = draw(
    "a-b-c-d-e",
    ab={"kind": "steps", "climb_m": 20.0},
    bc={"crossing": "signal", "wait_share": 0.5},
    cd={"climb_m": 10.0},
    de={"crossing": "bridge", "wait_share": 1.0, "length_m": 120.0},
)


def test_time_is_length_stairs_half_waits_and_slope():
    up, down = TIME.street_costs(STREETS)
    tobler = 100.0 / math.exp(-3.5 * (0.15 - 0.05))
    gentle = 100.0 / math.exp(-3.5 * (0.05 - 0.05))
    np.testing.assert_allclose(up, [200.0, 115.0, tobler, 165.0])
    np.testing.assert_allclose(down, [200.0, 115.0, gentle, 165.0])


def test_downhill_by_five_percent_is_fastest():
    streets = draw("a-b-c-d", ab={"climb_m": -5.0}, bc={"climb_m": 0.0}, cd={"climb_m": -30.0})
    down, up = TIME.street_costs(streets)
    assert down[0] < down[1] == up[1] == 100.0 < up[0]
    assert down[2] > 100.0


def test_a_profile_that_does_not_heed_slopes():
    up, down = Metric("time", walker(slope=False)).street_costs(STREETS)
    assert up.tolist() == down.tolist() == [200.0, 115.0, 100.0, 165.0]


def test_distance_is_the_trusted_length():
    for way in METRES.street_costs(STREETS):
        assert way.tolist() == [100.0, 100.0, 100.0, 120.0]
    assert METRES.unit == "m"
    assert TIME.unit == "s"


def test_connectors_at_the_profiles_own_speed():
    assert Metric("time", walker(speed_m_s=0.5)).connector_costs(10.0) == 20.0
    assert METRES.connector_costs(10.0) == 10.0


def test_impossible_climbs_are_held_at_one_in_two():
    streets = draw("a-b-c", ab={"climb_m": 50.0}, bc={"climb_m": 5000.0})
    up, _ = TIME.street_costs(streets)
    assert up[0] == up[1]


def test_limits_of_circles():
    assert TIME.limit(15) == 900.0
    assert [METRES.limit(minutes) for minutes in (5, 10, 15)] == [300.0, 500.0, 1000.0]
    assert METRES.limit(10, [load_standard("gb50180-2018")]) == 500.0
    with pytest.raises(InputError):
        METRES.limit(7)


def test_walks_uphill_and_downhill_differ():
    streets = draw("a-b-c", ab={"climb_m": 10.0}, bc={"climb_m": 10.0})
    made = reach(streets, {"low": (0, 0), "high": (200, 0)}, {"f": (100, 0)})
    found = costs(made, TIME)
    assert found == {"low": pytest.approx(100.0 * math.exp(0.35), abs=1e-5), "high": pytest.approx(100.0, abs=1e-5)}


def test_profiles_share_one_reach():
    streets = draw("a-b-c", bc={"kind": "steps"})
    made = reach(streets, {"h": (0, 10)}, {"f": (200, 0)})
    slow = Metric("time", walker(speed_m_s=0.5, stairs_speed_m_s=0.2))
    assert costs(made, TIME) == {"h": 10.0 + 100.0 + 200.0}
    assert costs(made, slow) == {"h": 20.0 + 200.0 + 500.0}
    assert costs(made) == {"h": 210.0}
    assert costs(made, TIME) == {"h": 310.0}


def test_two_profiles_with_one_id_are_told_apart():
    made = reach(draw("a-b"), {"h": (0, 0)}, {"f": (100, 0)})
    assert costs(made, Metric("time", walker(speed_m_s=0.5))) == {"h": 200.0}
    assert costs(made, Metric("time", PLANNER)) == {"h": 100.0}


@pytest.mark.parametrize("wrong", [{"detour": 0.9}, {"max_connector_m": -1}, {"gate_tolerance_m": float("nan")}])
def test_options_are_checked(wrong):
    with pytest.raises(InputError) as error:
        ReachOptions(**wrong)
    assert error.value.faults[0].where.column == next(iter(wrong))
