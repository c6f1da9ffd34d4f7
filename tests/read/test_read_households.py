"""Estimated counts: worked by hand, and sums that hold."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readworlds import CRS, point, square
from shapely.geometry.base import BaseGeometry

from geoplan.errors import InputError, Where
from geoplan.model import BUILDINGS, ESTATES
from geoplan.read import HouseholdOptions, estimate_households
from geoplan.read.households import apportion
from geoplan.read.layer import complete_columns

nan = math.nan
# one household per 100 m2 of floor; a 20 m square on one floor holds 4
PLAIN = HouseholdOptions(floor_area_per_household_m2=100.0, people_per_household=2.5, default_floors=1.0)


def houses(shapes: list[BaseGeometry], **columns: list[object]) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    table.index = [f"b{i + 1}" for i in range(len(shapes))]
    table.index.name = "id"
    return complete_columns(table, BUILDINGS)


def estates(**columns: list[object]) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(
        columns, geometry=[square(0, 300 * i, 200) for i in range(len(columns["households"]))], crs=CRS
    )
    table.index = [f"e{i + 1}" for i in range(len(table))]
    return complete_columns(table, ESTATES)


def row(count: int) -> list[BaseGeometry]:
    return [square(50 * i, 0) for i in range(count)]


def test_footprint_floors_share() -> None:
    """400 m2: 4 a floor; 6 floors: 24; half lived in: 12; a floor area of 1,000 m2 goes before the footprint: 10."""
    table = houses(
        row(5),
        floors=[nan, 6.0, 6.0, 6.0, 6.0],
        residential_share=[nan, nan, 0.5, nan, 0.0],
        floor_area_m2=[nan, nan, nan, 1000.0, nan],
    )
    found, notices = estimate_households(table, options=PLAIN)
    assert found["households"].tolist() == [4.0, 24.0, 12.0, 10.0, 0.0]
    assert found["people_resident"].tolist() == [10.0, 60.0, 30.0, 25.0, 0.0]
    assert found["estimated"].tolist() == [True, True, True, True, False]
    assert [(n.code, n.everywhere) for n in notices] == [("households-estimated", True), ("people-estimated", True)]
    assert "4 of 5" in str(notices[0].message)


def test_default_figures_are_those_of_the_census() -> None:
    """400 m2 x 2 floors / 92.17 m2 = 8.68: 9 households, 23.58: 24 people."""
    found, _ = estimate_households(houses(row(1)))
    assert found[["households", "people_resident"]].iloc[0].tolist() == [9.0, 24.0]


def test_given_counts_stay_and_say_nothing() -> None:
    table = houses(row(2), households=[7.0, 0.0], people_resident=[20.0, 0.0])
    found, notices = estimate_households(table, options=PLAIN)
    assert found.equals(table)
    assert notices == []


def test_scaled_to_a_total() -> None:
    """100 in all, 10 given: 90 over weights 4, 8, 4 are 22.5, 45, 22.5; b2 < b4 gets the odd one."""
    table = houses(
        row(4), households=[10.0, nan, nan, nan], floors=[1.0, 1.0, 2.0, 1.0], people_resident=[30.0, nan, nan, nan]
    )
    options = HouseholdOptions(total=100, floor_area_per_household_m2=100.0, people_per_household=2.0)
    found, notices = estimate_households(table, options=options)
    assert found["households"].tolist() == [10.0, 23.0, 45.0, 22.0]
    assert found["people_resident"].tolist() == [30.0, 46.0, 90.0, 44.0]
    assert "scaled to 100" in str(notices[0].message)


def test_a_total_that_is_not_needed_is_said() -> None:
    table = houses(row(1), households=[7.0], people_resident=[20.0])
    _, notices = estimate_households(table, options=HouseholdOptions(total=9))
    assert [n.code for n in notices] == ["total-differs"]
    assert estimate_households(table, options=HouseholdOptions(total=7))[1] == []


def test_people_say_more_than_areas() -> None:
    found, notices = estimate_households(houses(row(2), people_resident=[50.0, nan]), options=PLAIN)
    assert found["households"].tolist() == [20.0, 4.0]
    assert found["people_resident"].tolist() == [50.0, 10.0]
    assert [n.code for n in notices] == ["households-estimated", "people-estimated"]


def test_estates_share_out_what_their_buildings_lack() -> None:
    """e1 has 50 households, b1 is known to hold 20: b2 and b3 share 30 by floor area 1 : 2. b4 is in no estate."""
    table = houses(
        row(4),
        households=[20.0, nan, nan, nan],
        floors=[1.0, 1.0, 2.0, 1.0],
        estate=["e1", "e1", "e1", None],
    )
    given_estates = estates(households=[50.0, nan], people_resident=[200.0, nan])
    found, notices = estimate_households(table, options=PLAIN, estates=given_estates)
    assert found["households"].tolist() == [20.0, 10.0, 20.0, 4.0]
    assert found["people_resident"].tolist() == [80.0, 40.0, 80.0, 10.0]
    assert found["estimated"].tolist() == [False, True, True, True]
    # people of the estate's buildings come from its own count: only b4's are a guess
    assert "people of 1 of 4" in str(notices[1].message)


def test_estates_go_before_the_total() -> None:
    table = houses(row(2), estate=["e1", None])
    options = HouseholdOptions(total=100, floor_area_per_household_m2=100.0)
    found, _ = estimate_households(table, options=options, estates=estates(households=[60.0]))
    assert found["households"].tolist() == [60.0, 40.0]


def test_estates_that_cannot_place_their_households_are_said() -> None:
    table = houses(row(3), estate=["e1", "e3", None], residential_share=[0.0, nan, nan], households=[nan, 9.0, nan])
    given_estates = estates(households=[60.0, 5.0, 7.0])
    found, notices = estimate_households(table, options=PLAIN, estates=given_estates)
    assert found["households"].tolist() == [0.0, 9.0, 4.0]
    said = {n.code: (str(n.message), n.everywhere) for n in notices}
    assert said["estates-without-buildings"] == ("2 estates have households but no dwelling to hold them: e1, e2", True)
    # e3 lacks nothing: its building has a count, which stands
    assert "estates-below-buildings" not in said


def test_buildings_above_their_estate_are_said() -> None:
    table = houses(row(2), estate=["e1", "e1"], households=[9.0, nan])
    found, notices = estimate_households(table, options=PLAIN, estates=estates(households=[5.0]))
    assert found["households"].tolist() == [9.0, 0.0]
    assert "estates-below-buildings" in [n.code for n in notices]


def test_points_need_a_count_or_an_area() -> None:
    table = houses(
        [point(0, 0), point(9, 0), point(20, 0)], floor_area_m2=[nan, 500.0, nan], residential_share=[0.0, nan, nan]
    )
    with pytest.raises(InputError) as caught:
        estimate_households(table, options=PLAIN, where=Where("房屋.xlsx"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where.file, fault.where.rows) == ("no-households", "房屋.xlsx", ("b3",))
    found, _ = estimate_households(table.iloc[:2], options=PLAIN)
    assert found["households"].tolist() == [0.0, 5.0]


def test_nothing_is_changed_in_place_and_order_does_not_matter() -> None:
    table = houses(row(5), floors=[1.0, 3.0, 2.0, 5.0, 4.0], estate=["e1", "e1", None, None, "e1"])
    before = table.copy()
    options = HouseholdOptions(total=37, floor_area_per_household_m2=90.0)
    given_estates = estates(households=[11.0])
    found, _ = estimate_households(table, options=options, estates=given_estates)
    assert table.equals(before)
    again, _ = estimate_households(table.iloc[::-1], options=options, estates=given_estates)
    assert again.sort_index().equals(found.sort_index())


@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=40), st.integers(0, 10_000))
def test_apportion_adds_up_and_is_fair(weights: list[float], total: int) -> None:
    shares = apportion(weights, total)
    if sum(weights) <= 0.0:
        assert not shares.any()
        return
    assert shares.sum() == total
    quota = np.array(weights) / sum(weights) * total
    assert (np.abs(shares - quota) < 1.0 + 1e-6).all()
    assert (shares[np.array(weights) == 0.0] == 0).all()


@given(st.permutations(["a", "b", "c", "d", "e"]), st.integers(0, 50))
def test_apportion_ties_go_to_the_smallest_id(keys: list[str], total: int) -> None:
    shares = dict(zip(keys, apportion([1.0] * 5, total, keys).tolist(), strict=True))
    assert [shares[k] for k in "abcde"] == sorted(shares.values(), reverse=True)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(1.0, 30.0), st.booleans(), st.sampled_from(["e1", "e2", None])), min_size=1, max_size=15
    ),
    st.integers(0, 500),
)
def test_all_counts_add_up_to_the_total(plan: list[tuple[float, bool, str | None]], total: int) -> None:
    table = houses(
        row(len(plan)),
        floors=[floors for floors, _, _ in plan],
        households=[3.0 if known else nan for _, known, _ in plan],
        estate=[estate for _, _, estate in plan],
    )
    free = any(not known and estate != "e1" for _, known, estate in plan)
    try:
        found, _ = estimate_households(
            table, options=HouseholdOptions(total=total), estates=estates(households=[40.0, nan])
        )
    except InputError as error:
        # e1's 40 and the known counts of 3 may be more than the total
        if [fault.code for fault in error.faults] != ["wrong-total"] or total >= 40 + 3 * len(plan):
            raise
        return
    assert (found["households"] % 1 == 0).all()
    assert found["households"].notna().all()
    assert found["people_resident"].notna().all()
    if free:
        assert found["households"].sum() == total
    lacking = [i for i, (_, known, estate) in enumerate(plan) if estate == "e1" and not known]
    if lacking:
        known_e1 = 3.0 * sum(known for _, known, estate in plan if estate == "e1")
        assert found["households"].iloc[lacking].sum() == max(40.0 - known_e1, 0.0)
