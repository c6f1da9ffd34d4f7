"""Isochrones against exact times; parts of streets cut exactly."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from oracle import random_town
from shapely import box
from worlds import METRES, TIME, draw, estate, reach

from geoplan.errors import InputError
from geoplan.reach import build_reach

CROSS = """
  e
  |
a-b-c-d
"""


def test_one_street_gives_a_lens_with_slopes_of_one():
    made = reach(draw("a-b-c-d-e"), {}, {"f": (200, 0)})
    rings = made.isochrones(METRES, limits=[50, 100])
    # walk along the street plus straight up: |x - 200| + |y| <= 50, a square on its corner of 2 * 50 * 50
    assert rings["limit"].tolist() == [50, 100]
    assert rings.geometry.area.tolist() == pytest.approx([5000, 20000], rel=0.01)
    assert rings.geometry.iloc[1].covers(rings.geometry.iloc[0])
    assert rings.crs == "EPSG:4548"


def test_parts_of_streets_are_cut_exactly():
    made = reach(draw(CROSS), {}, {"f": (110, 0)})
    parts = made.reached_streets(METRES, limits=[30, 10, 5]).set_index(["limit", "street"]).geometry
    ends = {key: shapely.get_coordinates(line).round(9).tolist() for key, line in parts.items()}
    assert ends == {
        (5, "bc"): [[105, 0], [115, 0]],
        (10, "bc"): [[100, 0], [120, 0]],
        (30, "ab"): [[80, 0], [100, 0]],
        (30, "bc"): [[100, 0], [140, 0]],
        (30, "be"): [[100, 0], [100, 20]],
    }


def test_parts_on_slopes_reach_farther_from_above():
    streets = draw("a-b-c", ab={"climb_m": 5.0}, bc={"climb_m": -5.0})
    lines = reach(streets, {}, {"f": (100, 0)}).reached_streets(TIME, limits=[10]).geometry
    (west, _, _, _), (_, _, east, _) = lines.bounds.to_numpy()
    # both sides are uphill walks to f, at 5 %: exp(-0.35 * 0.5)... slower than on the flat by that much
    slow = np.exp(-3.5 * 0.05)
    assert [100 - west, east - 100] == pytest.approx([10 * slow, 10 * slow])


def test_a_walled_estate_without_a_gate_is_a_hole():
    grid = draw("g-h-i\n|   |\nd   f\n|   |\na-b-c")
    made = reach(grid, {}, {"f": (100, 0)}, estates={"w": estate(50, 50, 150, 150)})
    shape = made.isochrones(METRES, limits=[600]).geometry.iloc[0]
    assert len(shape.interiors) == 1
    assert shapely.Polygon(shape.interiors[0]).symmetric_difference(box(51, 51, 149, 149)).area < 400


def test_an_estate_without_streets_is_filled_from_its_gate():
    grid = draw("g-h-i\n|   |\nd   f\n|   |\na-b-c")
    made = reach(grid, {}, {"f": (100, 0)}, estates={"w": estate(50, 50, 150, 150)}, gates={"g": (100, 50)})
    shape = made.isochrones(METRES, limits=[100]).geometry.iloc[0]
    # 50 to the gate, 50 within: half a disc of radius 50 inside the walls
    inside = shape.intersection(box(51, 51, 149, 149)).area
    assert inside == pytest.approx(np.pi * 50**2 / 2, rel=0.05)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("walls", [False, True])
def test_places_are_on_the_right_side(seed, walls):
    town = random_town(seed, walls=walls)
    made = build_reach(town)
    limits = [120.0, 240.0, 360.0]
    rings = made.isochrones(TIME, limits=limits)
    assert rings.geometry.is_valid.all()
    assert set(rings.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    for inner, outer in zip(rings.geometry[:-1], rings.geometry[1:], strict=True):
        assert outer.covers(inner)
    rng = np.random.default_rng(seed)
    xy = rng.uniform((-200, -200), (800, 700), (20_000, 2))
    times = made.point_times(xy, TIME, limit=max(limits))
    for limit, shape in zip(limits, rings.geometry, strict=True):
        inside, exact = shapely.contains_xy(shape, *xy.T), times <= limit
        assert exact.sum() > 200
        assert (inside & ~exact).sum() <= 0.01 * exact.sum()
        assert (~inside & exact).sum() <= 0.01 * exact.sum()


def test_rings_do_not_change_with_the_limits_asked_for():
    made = build_reach(random_town(3, walls=True))
    alone = made.isochrones(TIME, limits=[240.0]).geometry.iloc[0]
    among = made.isochrones(TIME, limits=[120.0, 240.0, 360.0]).geometry.iloc[1]
    assert alone.symmetric_difference(among).area <= 0.005 * among.area


def test_nothing_to_draw():
    made = reach(draw(CROSS), {}, {"f": {"at": (110, 0), "candidate": True}})
    assert made.isochrones(METRES, limits=[100]).geometry.is_empty.all()
    assert made.isochrones(METRES, limits=[]).empty
    assert made.reached_streets(METRES, limits=[100]).empty
    assert not made.isochrones(METRES, facilities=["f"], limits=[100]).geometry.is_empty.any()
    assert made.isochrones(METRES, facilities=["f"], limits=[0]).geometry.iloc[0].area < 30
    with pytest.raises(InputError):
        made.isochrones(METRES, limits=[np.inf])
