"""The segment index against shapely, one pair at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.errors import InputError
from geoplan.reach import SegmentIndex
from geoplan.reach.segments import Candidates

COORDINATE = st.one_of(st.integers(-5, 5).map(lambda i: 10.0 * i), st.floats(-200.0, 200.0, width=32))
POINT = st.tuples(COORDINATE, COORDINATE)


def lines_of(parts: list[list[tuple[float, float]]]) -> np.ndarray:
    lines = np.empty(len(parts), dtype=object)
    lines[:] = [shapely.LineString(part) for part in parts]
    return lines


def distances(points: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Distance from each point to each line."""
    return shapely.distance(shapely.points(points)[:, None], lines[None, :])


def check_nearest(found: tuple[np.ndarray, ...], points: np.ndarray, lines: np.ndarray, allowed: np.ndarray) -> None:
    """Nearest of the allowed lines, the smallest of those equally near, at the right place along it."""
    line, offset, distance = found
    wanted = np.where(allowed, distances(points, lines), np.inf).min(axis=1, initial=np.inf)
    some = np.isfinite(wanted)
    assert (line[~some] == -1).all()
    assert np.isnan(offset[~some]).all()
    assert np.isinf(distance[~some]).all()
    assert np.allclose(distance[some], wanted[some], rtol=0, atol=1e-9)
    assert allowed[np.flatnonzero(some), line[some]].all()
    place = shapely.line_interpolate_point(lines[line[some]], offset[some])
    assert np.allclose(shapely.distance(place, shapely.points(points[some])), wanted[some], rtol=0, atol=1e-9)
    assert (offset[some] <= shapely.length(lines[line[some]]) + 1e-9).all()


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Lines, some of no length, some drawn twice, and points, some on them."""
    parts = draw(st.lists(st.lists(POINT, min_size=2, max_size=4), max_size=20))
    parts += draw(st.lists(st.sampled_from(parts), max_size=4)) if parts else []
    corners = [corner for part in parts for corner in part]
    points = draw(st.lists(st.one_of(POINT, st.sampled_from(corners)) if corners else POINT, min_size=1, max_size=10))
    return lines_of(parts), np.array(points)


@settings(deadline=None, max_examples=150)
@given(world=worlds(), data=st.data())
def test_nearest_equals_shapely(world: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    lines, points = world
    numbers = st.integers(0, 2)
    line_group = data.draw(st.lists(numbers, min_size=len(lines), max_size=len(lines)))
    group = data.draw(st.lists(numbers, min_size=len(points), max_size=len(points)))
    mask = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    index = SegmentIndex.from_lines(lines, group=line_group)
    every = np.ones((len(points), len(lines)), dtype=bool)
    same = np.array(group, dtype=int)[:, None] == np.array(line_group, dtype=int)[None, :]
    counts = np.array(mask, dtype=bool)[None, :]
    check_nearest(SegmentIndex.from_lines(lines).nearest(points), points, lines, every)
    check_nearest(index.nearest(points), points, lines, every)
    check_nearest(index.nearest(points, group=group), points, lines, same)
    check_nearest(index.nearest(points, mask=mask), points, lines, every & counts)
    check_nearest(index.nearest(points, group=group, mask=mask), points, lines, same & counts)
    near = distances(points, lines) <= 25.1
    check_nearest(index.nearest(points, max_distance_m=25.1), points, lines, near)


@settings(deadline=None, max_examples=100)
@given(world=worlds(), radius=st.sampled_from([0.0, 10.0, 35.3, 1000.0]))
def test_candidates_equal_shapely(world: tuple[np.ndarray, np.ndarray], radius: float) -> None:
    lines, points = world
    found = SegmentIndex.from_lines(lines).candidates(points, radius_m=radius)
    table = distances(points, lines)
    inside, outside = table <= radius - 1e-9, table > radius + 1e-9
    pairs = set(zip(found.point.tolist(), found.line.tolist(), strict=True))
    assert len(pairs) == len(found.point)
    assert {tuple(pair) for pair in np.argwhere(inside).tolist()} <= pairs
    assert not {tuple(pair) for pair in np.argwhere(outside).tolist()} & pairs
    assert np.allclose(found.distance_m, table[found.point, found.line], rtol=0, atol=1e-9)
    place = shapely.line_interpolate_point(lines[found.line], found.offset_m)
    gap = shapely.distance(place, shapely.points(points[found.point]))
    assert np.allclose(gap, found.distance_m, rtol=0, atol=1e-9)
    order = np.lexsort((found.line, found.distance_m, found.point))
    assert (order == np.arange(len(order))).all()


def test_worked_example() -> None:
    #  line 0: (0,0) -> (100,0) -> (100,100); line 1: the same corner to (200,0); line 2: a dot at (50,50)
    lines = lines_of([[(0, 0), (100, 0), (100, 100)], [(100, 0), (200, 0)], [(50, 50), (50, 50)]])
    points = [(30, 4), (100, -7), (104, 60), (150, 9), (52, 50), (-3, -4)]
    line, offset_m, distance_m = SegmentIndex.from_lines(lines).nearest(points)
    assert line.tolist() == [0, 0, 0, 1, 2, 0]
    assert offset_m.tolist() == [30.0, 100.0, 160.0, 50.0, 0.0, 0.0]
    assert distance_m.tolist() == [4.0, 7.0, 4.0, 9.0, 2.0, 5.0]
    found = SegmentIndex.from_lines(lines).candidates([(100, -7), (999, 999)], radius_m=7.0)
    assert [column.tolist() for column in found] == [[0, 0], [0, 1], [100.0, 0.0], [7.0, 7.0]]


def test_ties_go_to_the_smallest_line_whatever_the_order() -> None:
    star = [[(0, 0), (100 * np.cos(a), 100 * np.sin(a))] for a in np.linspace(0.1, 3.0, 30)]
    for parts in (star, star[::-1], [part[::-1] for part in star]):
        line, _, distance_m = SegmentIndex.from_lines(lines_of(parts)).nearest([(0.0, 0.0), (0.0, -3.0)])
        assert line.tolist() == [0, 0]
        assert distance_m.tolist() == [0.0, 3.0]
    twice = lines_of([[(5, 5), (6, 6)], [(0, 0), (10, 0)], [(10, 0), (0, 0)]])
    line, offset_m, _ = SegmentIndex.from_lines(twice).nearest([(4.0, -1.0)])
    assert (line[0], offset_m[0]) == (1, 4.0)


def test_a_limit_is_inclusive() -> None:
    lines = lines_of([[(0, 0), (7, 0)]])
    index = SegmentIndex.from_lines(lines)
    for gap in (0.1, 0.3, 1.7, 20.0, 123.456):
        for x in (0.7, 3.3, 6.9):
            line, _, distance_m = index.nearest([(x, gap)], max_distance_m=gap)
            assert line[0] == 0
            assert distance_m[0] <= gap
            assert len(index.candidates([(x, gap)], radius_m=gap).line) == 1
            assert index.nearest([(x, gap)], max_distance_m=gap * (1 - 1e-9))[0][0] == -1
    assert index.nearest([(3.0, 0.0)], max_distance_m=0.0)[0][0] == 0


def test_a_dense_town_a_ring_road_and_a_point_far_away() -> None:
    rng = np.random.default_rng(4)
    start = rng.uniform(0.0, 300.0, (3000, 2))
    town = np.stack([start, start + rng.normal(0.0, 4.0, (3000, 2))], axis=1)
    ring = [[(-4e5, -3e5), (5e5, -3e5)], [(5e5, -3e5), (5e5, 6e5)], [(-4e5, -3e5), (5e5, 6e5)]]
    lines = np.concatenate([shapely.linestrings(town), lines_of(ring)])
    points = np.concatenate(
        [rng.uniform(-50.0, 350.0, (300, 2)), rng.uniform(-5e5, 7e5, (100, 2)), [(1e7, 1e7), (-1e7, 3.0)]]
    )
    index = SegmentIndex.from_lines(lines)
    check_nearest(index.nearest(points), points, lines, np.ones((len(points), len(lines)), dtype=bool))
    assert len(index._boxes) < 2 * len(lines)  # a long street costs no more memory than its share


def test_searches_look_at_few_segments() -> None:
    # All lines but one lie in another group, or are masked: the answer is found without looking at them one by one,
    # else this would take 20,000 x 20,000 steps.
    rng = np.random.default_rng(5)
    start = rng.uniform(0.0, 5000.0, (20_000, 2))
    lines = shapely.linestrings(np.stack([start, start + 10.0], axis=1))
    chosen = np.arange(20_000) == 12_345
    index = SegmentIndex.from_lines(lines, group=chosen.astype(int))
    points = rng.uniform(0.0, 5000.0, (20_000, 2))
    wanted = shapely.distance(lines[12_345], shapely.points(points))
    for line, _, distance_m in (index.nearest(points, group=np.ones(20_000, int)), index.nearest(points, mask=chosen)):
        assert (line == 12_345).all()
        assert np.allclose(distance_m, wanted, rtol=0, atol=1e-9)
    assert (index.nearest(points, group=np.full(20_000, 7))[0] == -1).all()


@pytest.mark.parametrize("count", [1, 2, 4, 5, 17])
def test_groups_and_masks_of_small_indexes(count: int) -> None:
    lines = lines_of([[(10.0 * i, 0.0), (10.0 * i + 5, 0.0)] for i in range(count)])
    index = SegmentIndex.from_lines(lines, group=np.arange(count))
    points = np.zeros((count + 1, 2))
    assert index.nearest(points, group=np.arange(count + 1))[0].tolist() == [*range(count), -1]
    assert index.nearest(points[:1], mask=np.zeros(count, dtype=bool))[0].tolist() == [-1]


def test_empty_index_no_points_and_points_that_are_none() -> None:
    nothing = SegmentIndex.from_lines([])
    line, offset_m, distance_m = nothing.nearest([(1.0, 2.0)])
    assert (line[0], distance_m[0]) == (-1, np.inf)
    assert np.isnan(offset_m[0])
    assert nothing.candidates([(1.0, 2.0)], radius_m=9.0).line.tolist() == []
    index = SegmentIndex.from_lines([shapely.LineString(), shapely.LineString([(0, 0, 9), (1, 0, 9)])])
    assert [column.tolist() for column in index.nearest(np.zeros((0, 2)))] == [[], [], []]
    assert index.nearest([(np.nan, 0.0), (0.5, 1.0), (np.inf, 0.0)])[0].tolist() == [-1, 1, -1]
    assert isinstance(index.candidates([(np.nan, 0.0)], radius_m=np.inf), Candidates)
    assert index.candidates([(np.nan, 0.0)], radius_m=np.inf).line.tolist() == []
    assert repr(index) == "<SegmentIndex: 2 lines>"


def line(*corners: Any) -> shapely.LineString:
    return shapely.LineString(corners)


ONE = [line((0, 0), (1, 0))]
CASES: dict[str, Any] = {
    "point": (lambda: SegmentIndex.from_lines([*ONE, shapely.Point(0, 0)]), "not-a-line", ("1",)),
    "many parts": (lambda: SegmentIndex.from_lines([shapely.MultiLineString(ONE)]), "not-a-line", ("0",)),
    "missing": (lambda: SegmentIndex.from_lines([None, *ONE]), "not-a-line", ("0",)),
    "infinite": (lambda: SegmentIndex.from_lines([*ONE, line((0, 0), (np.inf, 0))]), "bad-coordinates", ("1",)),
    "too few groups": (lambda: SegmentIndex.from_lines(ONE, group=[]), "wrong-size", ()),
    "no groups": (lambda: SegmentIndex.from_lines(ONE).nearest([(0, 0)], group=[1]), "no-group", ()),
    "too few point groups": (
        lambda: SegmentIndex.from_lines(ONE, group=[1]).nearest([(0, 0)], group=[]),
        "wrong-size",
        (),
    ),
    "short mask": (lambda: SegmentIndex.from_lines(ONE).nearest([(0, 0)], mask=[]), "wrong-size", ()),
    "NaN distance": (
        lambda: SegmentIndex.from_lines(ONE).nearest([(0, 0)], max_distance_m=np.nan),
        "bad-distance",
        (),
    ),
    "negative radius": (lambda: SegmentIndex.from_lines(ONE).candidates([(0, 0)], radius_m=-1.0), "bad-distance", ()),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    build, code, rows = CASES[case]
    with pytest.raises(InputError) as caught:
        build()
    (fault,) = caught.value.faults
    assert fault.code == code
    assert fault.where.rows == rows
