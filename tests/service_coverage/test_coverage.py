"""Who is served: one street of houses whose walks are known by heart, in straight lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from handmade import CrowReach, buildings, facilities, level, town
from shapely import Polygon, box

from geoplan.coverage import Case, Coverage, CoverageOptions, measure_coverage
from geoplan.coverage.walks import Walker
from geoplan.errors import InputError, msg
from geoplan.model import Level, Notice, Town
from geoplan.standards import load_profile, load_standard

# A line of houses along x; a centre at 0 in community west, one at 5000 in community east (for the district).
HOUSES = {"at 300": 300, "at 301": 301, "at 900": 900, "at 901": 901, "at 2900": 2900, "at 4000": 4000}
HOUSEHOLDS = {"at 300": 10, "at 301": 20, "at 900": 30, "at 901": 40, "at 2900": 50, "at 4000": 60}


def street_town(**changes: Any) -> Town:
    homes = {h: {"at": (x, 0), "households": float(HOUSEHOLDS[h])} for h, x in HOUSES.items()}
    parts: dict[str, Any] = {
        "buildings": buildings(homes),
        "facilities": facilities(
            {
                "w": {"at": (0, 0), "tier": "community", "kind": "centre", "floor_area_m2": 300.0},
                "e": {"at": (5000, 0), "tier": "district", "kind": "hall", "floor_area_m2": 100.0},
                "planned": {"at": (2900, 0), "tier": "community", "candidate": True},
            }
        ),
        "levels": (
            level("communities", {"west": box(-3000, -3000, 3000, 3000), "east": box(3000, -3000, 8000, 3000)}),
        ),
    }
    return town(**{**parts, **changes})


def measure(t: Town | None = None, **options: Any) -> Coverage:
    t = t or street_town()
    return measure_coverage(t, reach=CrowReach(t), **options)  # type: ignore[arg-type]


def served(coverage: Coverage, column: str, case: str | None = None) -> list[str]:
    table = coverage.buildings(case)
    return table.index[table[column]].tolist()


def test_thresholds_are_inclusive_in_time() -> None:
    coverage = measure()
    assert served(coverage, "served_5") == ["at 300"]
    assert served(coverage, "served_10") == ["at 300", "at 301"]
    assert served(coverage, "served_15") == ["at 300", "at 301", "at 900"]
    # "at 4000" is 1,000 m = 16.7 min from the eastern centre.
    assert coverage.buildings().loc["at 4000", ["cost", "walk_min", "facility"]].tolist() == [1000.0, 1000 / 60, "e"]


def test_thresholds_are_inclusive_in_metres() -> None:
    coverage = measure(mode="distance")
    assert coverage.cases == tuple(Case("distance", "planner", tier, "any") for tier in ("", "community", "district"))
    assert served(coverage, "served_5") == ["at 300"]
    assert served(coverage, "served_10") == ["at 300", "at 301"]
    assert served(coverage, "served_15") == ["at 300", "at 301", "at 900", "at 901", "at 4000"]
    assert coverage.buildings()["walk_min"].isna().all()
    assert [coverage.limit(None, m) for m in (5, 10, 15)] == [300, 500, 1000]


def test_rounding_noise_does_not_put_a_house_beyond_the_limit() -> None:
    homes = buildings({"x": {"at": (300 + 1e-9, 0)}, "y": {"at": (300.001, 0)}})
    assert served(measure(street_town(buildings=homes)), "served_5") == ["x"]


def test_an_upper_tier_does_not_satisfy_a_lower_one() -> None:
    coverage = measure(minutes=20)
    assert [case.key for case in coverage.cases] == [
        "time-planner-all-any",
        "time-planner-community-any",
        "time-planner-district-any",
    ]
    assert served(coverage, "served_20") == ["at 300", "at 301", "at 900", "at 901", "at 4000"]
    assert served(coverage, "served_20", "time-planner-community-any") == ["at 300", "at 301", "at 900", "at 901"]
    assert served(coverage, "served_20", "time-planner-district-any") == ["at 4000"]


def test_without_tiers_there_is_one_case() -> None:
    t = street_town(facilities=facilities({"w": {"at": (0, 0)}, "e": {"at": (5000, 0)}}))
    assert measure(t).cases == (Case("time", "planner", "", "any"),)


def test_one_tier_of_all_is_no_case_of_its_own() -> None:
    same = {"w": {"at": (0, 0), "tier": "community"}, "e": {"at": (5000, 0), "tier": "community"}}
    planned = {"p": {"at": (2900, 0), "tier": "district", "candidate": True}}
    t = street_town(facilities=facilities(same | planned))
    assert measure(t).cases == (Case("time", "planner", "", "any"),)
    assert measure(t, tiers="community").cases == (Case("time", "planner", "community", "any"),)
    assert [case.tier for case in measure(t, tiers=("", "community")).cases] == ["", "community"]


def test_a_centre_without_tier_makes_the_others_a_case() -> None:
    t = street_town(facilities=facilities({"w": {"at": (0, 0), "tier": "community"}, "e": {"at": (5000, 0)}}))
    assert [case.tier for case in measure(t).cases] == ["", "community"]


def test_own_centre_is_another_question_than_any() -> None:
    coverage = measure(centre="both", tiers="")
    own = coverage.buildings("time-planner-all-own")
    # "at 2900" is in the west: 2,900 m to its own centre, 2,100 m to the other one.
    assert coverage.buildings().loc["at 2900", ["cost", "facility"]].tolist() == [2100.0, "e"]
    assert own.loc["at 2900", ["cost", "facility"]].tolist() == [2900.0, "w"]
    assert own.loc["at 4000", ["cost", "facility"]].tolist() == [1000.0, "e"]


def test_a_unit_without_centre_has_no_facility() -> None:
    coverage = measure(centre="own", kinds="centre", tiers="")
    east = coverage.buildings().loc["at 4000"]
    assert (east["cost"], east["facility"], east["reason"], east["straight_m"]) == (np.inf, None, "no_facility", np.inf)
    assert coverage.summary().loc["east", "unreachable_buildings"] == 1


def test_own_centres_of_a_tier_above_the_communities() -> None:
    towns = street_town(
        levels=(
            level(
                "communities",
                {"west": box(-3000, -3000, 3000, 3000), "east": box(3000, -3000, 8000, 3000)},
                parent="districts",
            ),
            level("districts", {"d": box(-3000, -3000, 8000, 3000)}),
        ),
        facilities=facilities(
            {
                "w": {"at": (0, 0), "tier": "community", "serves": "west"},
                "e": {"at": (5000, 0), "tier": "district", "serves": "d"},
            }
        ),
    )
    coverage = measure(towns, centre="own")
    assert coverage.buildings("time-planner-district-own")["facility"].tolist() == ["e"] * 6
    assert coverage.buildings("time-planner-community-own")["facility"].tolist() == ["w"] * 5 + [None]


def test_proposed_facilities_serve_nobody_and_kinds_can_be_chosen() -> None:
    assert set(measure().buildings()["facility"]) == {"w", "e"}
    coverage = measure(kinds=["hall"])
    assert set(coverage.buildings()["facility"]) == {"e"}
    assert coverage.facilities().tolist() == ["e"]


def test_slow_walkers_get_less_far() -> None:
    coverage = measure(profiles=("planner", "older", "frail"), tiers="", minutes=(5, 15), mode="both")
    # The distance does not depend on who walks, so it is measured once.
    assert [case.key for case in coverage.cases] == [
        "time-planner-all-any",
        "time-older-all-any",
        "time-frail-all-any",
        "distance-planner-all-any",
    ]
    assert served(coverage, "served_15", "time-older-all-any") == ["at 300", "at 301"]
    assert served(coverage, "served_5", "time-frail-all-any") == []
    assert coverage.profile("time-frail-all-any") == load_profile("frail")


def test_summary_by_hand() -> None:
    table = measure().summary("communities")
    assert table.index.tolist() == ["east", "west"]
    east, west = table.loc["east"], table.loc["west"]
    assert west[["name", "buildings", "households", "people"]].tolist() == ["WEST", 5, 150.0, 450.0]
    assert west[["served_households_5", "served_households_10", "served_households_15"]].tolist() == [10.0, 30.0, 60.0]
    assert west[["served_people_5", "served_people_10", "served_people_15"]].tolist() == [30.0, 90.0, 180.0]
    assert west[["share_5", "share_10", "share_15"]].tolist() == pytest.approx([1 / 15, 1 / 5, 2 / 5])
    # Lines count from the wall of the house, 5 m nearer: 901 m is 896 m in a straight line.
    assert west[["straight_share_5", "straight_share_15"]].tolist() == pytest.approx([30 / 150, 100 / 150])
    # 75 of 150 households are reached at 901 s, 135 of 150 at 2,100 s.
    assert west[["p50_min", "p90_min"]].tolist() == pytest.approx([901 / 60, 2100 / 60])
    walked = 10 * 300 + 20 * 301 + 30 * 900 + 40 * 901 + 50 * 2100
    assert west["mean_min"] == pytest.approx(walked / 150 / 60)
    assert np.isnan(west["p50_m"])
    assert np.isnan(west["people_registered"])
    assert east[["buildings", "households", "served_households_15", "share_15"]].tolist() == [1, 60.0, 0.0, 0.0]


def test_total_by_hand() -> None:
    total = measure().total()
    assert {
        k: total[k] for k in ("buildings", "households", "people", "served_households_15", "unreachable_buildings")
    } == {
        "buildings": 6,
        "households": 210.0,
        "people": 630.0,
        "served_households_15": 60.0,
        "unreachable_buildings": 0,
    }
    assert total["share_15"] == pytest.approx(60 / 210)
    assert all(not isinstance(value, np.generic) for value in total.values())


def test_unreachable_is_inf_with_a_reason_and_never_a_lost_row() -> None:
    t = street_town()
    cut = {"at 300": "walled", "at 4000": "island"}
    coverage = measure_coverage(t, reach=CrowReach(t, cut))  # type: ignore[arg-type]
    table = coverage.buildings()
    assert len(table) == len(t.buildings)
    assert table["reason"].to_dict() == {**dict.fromkeys(HOUSES, ""), **cut}
    assert np.isinf(table.loc[list(cut), "cost"]).all()
    west = coverage.summary().loc["west"]
    assert (west["unreachable_buildings"], west["served_households_5"]) == (1, 0.0)
    # 10 of 150 households have no way: still within the best nine tenths, and not in the mean.
    assert west["p90_min"] == 35.0
    assert coverage.summary().loc["east", "p50_min"] == np.inf
    assert np.isnan(coverage.summary().loc["east", "mean_min"])
    assert coverage.distribution().iloc[-1].tolist() == [np.inf, np.inf, 2, 70.0, 210.0]


def test_buildings_in_no_unit_are_a_row_without_id() -> None:
    t = street_town(levels=(level("communities", {"west": box(-3000, -3000, 3000, 3000)}),))
    table = measure(t).summary()
    assert table.index.tolist() == ["west", None]
    assert table.index[-1] is None
    assert table.iloc[-1][["name", "buildings", "households"]].tolist() == ["", 1, 60.0]


def test_a_town_without_levels_has_one_row() -> None:
    t = street_town(levels=())
    table = measure(t).summary()
    assert table.index.tolist() == [None]
    assert table["households"].tolist() == [210.0]


def test_units_without_buildings_stay_and_have_no_share() -> None:
    rows = {"west": box(-3000, -3000, 8000, 3000), "empty": box(9000, 0, 9100, 100)}
    table = measure(street_town(levels=(level("communities", rows),))).summary()
    assert table.loc["empty", ["buildings", "households", "served_households_15"]].tolist() == [0, 0.0, 0.0]
    assert table.loc["empty", ["share_15", "p50_min", "mean_min"]].isna().all()


def test_distribution_has_its_upper_ends_included() -> None:
    table = measure().distribution().set_index("high")
    assert table.loc[5.0, ["low", "households"]].tolist() == [4.0, 10.0]
    assert table.loc[6.0, "households"] == 20.0
    assert table.loc[15.0, "households"] == 30.0
    assert table.loc[16.0, "households"] == 40.0
    assert table["households"].sum() == 210.0
    by_metre = measure(mode="distance").distribution().set_index("high")
    assert by_metre.loc[[300.0, 400.0, 1000.0], "households"].tolist() == [10.0, 20.0, 100.0]


def test_what_may_depend_on_the_land_outside() -> None:
    # 15 minutes are 900 m: of the unserved, "at 2900" is 3,000 m from the edge, an unserved house at 7,500 500 m.
    homes = {
        "served": {"at": (100, 0)},
        "deep": {"at": (2500, 0)},
        "edge": {"at": (7500, 0)},
        "at 900 m": {"at": (7100, 0)},
    }
    t = street_town(buildings=buildings(homes))
    assert served(measure(t), "edge_affected") == ["edge", "at 900 m"]
    assert served(measure(t, minutes=8), "edge_affected") == []
    walled = measure_coverage(t, reach=CrowReach(t, {"edge": "walled"}))  # type: ignore[arg-type]
    assert served(walled, "edge_affected") == ["at 900 m"]
    # Its own centre is 3,000 m inside the edge: no way around outside is short enough.
    assert served(measure(t, centre="own"), "edge_affected") == []


def test_floor_area_against_the_binding_rule() -> None:
    homes = {"w": {"at": (100, 0), "households": 2000.0}, "e": {"at": (4000, 0), "households": 100.0}}
    t = street_town(buildings=buildings(homes))
    table = measure(t, standards=("gb50180-2018", "baoting", "national-pilot-2022")).floor_area()
    # West: 30 m2 per 100 of 2,000 households are 600 m2; east: 30 m2, so the least of 300 m2 binds.
    assert table.loc["west", ["facilities", "floor_area_m2", "required_m2", "shortfall_m2"]].tolist() == [
        1,
        300,
        600,
        300,
    ]
    assert table.loc["west", "rule"] == "national-pilot-2022.service-site-area-per-100-households"
    assert table.loc["west", "m2_per_100_households"] == pytest.approx(15.0)
    assert table.loc["east", ["required_m2", "shortfall_m2", "rule"]].tolist() == [
        300,
        200,
        "baoting.service-site-area-min",
    ]
    assert table["sites_below_min"].to_dict() == {"east": 1, "west": 0}
    assert table["floor_area_ok"].tolist() == [False, False]
    total = measure(t, standards=("gb50180-2018", "baoting")).total()
    assert (total["required_m2"], total["shortfall_m2"], total["floor_area_ok"]) == (600.0, 200.0, False)


def test_floor_area_exactly_enough_unknown_or_unruled() -> None:
    known = measure(standards=("gb50180-2018", "baoting")).floor_area()
    assert known["floor_area_ok"].to_dict() == {"east": False, "west": True}
    doors = facilities({"w": {"at": (0, 0)}, "w2": {"at": (0, 0), "floor_area_m2": 10.0}})
    unsure = measure(street_town(facilities=doors), standards=("gb50180-2018", "baoting")).floor_area()
    assert unsure["floor_area_ok"].isna().to_dict() == {"east": False, "west": True}
    assert unsure.loc["west", ["unknown_floor_areas", "floor_area_m2"]].tolist() == [1, 10.0]
    assert np.isnan(unsure.loc["west", "shortfall_m2"])
    assert unsure.loc["east", ["facilities", "shortfall_m2"]].tolist() == [0, 300.0]
    assert measure().floor_area()["floor_area_ok"].isna().all()


def test_isochrones_are_cut_to_their_unit_where_the_own_centre_counts() -> None:
    coverage = measure(centre="both", tiers="", minutes=(5, 60))
    rings = coverage.isochrones()
    assert rings[["minutes", "limit"]].to_numpy().tolist() == [[5, 300], [60, 3600]]
    own = coverage.isochrones("time-planner-all-own")
    west, east = coverage.town.levels[0].table.geometry[["west", "east"]]
    reach = coverage.reach.isochrones(coverage.metric(), facilities=["w"], limits=[3600]).geometry.iloc[0]
    assert own.geometry.iloc[1].intersection(west).symmetric_difference(reach.intersection(west)).area < 1
    assert own.geometry.iloc[1].intersection(east).area == pytest.approx(
        coverage.reach.isochrones(coverage.metric(), facilities=["e"], limits=[3600])
        .geometry.iloc[0]
        .intersection(east)
        .area
    )


def test_binding_rules_are_named() -> None:
    coverage = measure(mode="both", tiers="")
    assert coverage.binding_rule(None, 15).id == "gb50180-2018.circle-15-time"
    assert coverage.binding_rule("distance-planner-all-any", 15).id == "gb50180-2018.circle-15-distance"
    assert measure(minutes=12).binding_rule(None, 12).id == "requested"


def test_shared_walks_are_searched_once() -> None:
    t = street_town()
    reach = CrowReach(t)
    measure_coverage(t, reach=reach, centre="both", mode="both")  # type: ignore[arg-type]
    # Per mode: all, all in the west = community, all in the east = district.
    assert reach.asked == [("e", "w"), ("e",), ("w",)] * 2


def test_own_walks_are_kept_for_the_buildings_of_their_unit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    walk = Walker.walk

    def watched(self: Walker, case: Case) -> pd.DataFrame:
        result = walk(self, case)
        kept.append(sum(len(table) for table in self._tables.values()))
        return result

    monkeypatch.setattr(Walker, "walk", watched)
    t = street_town()
    own = measure(t, centre="own", tiers="")
    assert kept == [len(t.buildings)]  # not once for each centre
    assert own.buildings()["facility"].tolist() == ["w"] * 5 + ["e"]


def test_minutes_may_be_numbers_of_numpy() -> None:
    assert measure(minutes=np.arange(5, 16, 5)).minutes == (5, 10, 15)
    assert measure(minutes=np.int64(5)).minutes == (5,)
    assert measure(minutes=(np.float64(10.0), 10, 5)).minutes == (5, 10)
    assert measure(minutes=np.int64(5)).total()["served_households_5"] == 10.0


def test_a_level_without_units_has_no_verdict_on_floor_areas() -> None:
    levels = street_town().levels
    nothing = Level("communities", levels[0].table.iloc[:0])
    assert measure(street_town(levels=(nothing,))).total()["floor_area_ok"] is None


def test_rings_of_own_centres_are_nested_though_slanting_borders_cut_them() -> None:
    x = np.linspace(-3000.0, 8000.0, 8)
    border = [(float(a), 37.7 + 0.123 * float(a)) for a in x]
    south = Polygon([(-3000, -4000), (8000, -4000), *reversed(border)])
    north = Polygon([(-3000, 4000), (8000, 4000), *reversed(border)])
    coverage = measure(
        street_town(levels=(level("communities", {"south": south, "north": north}),)),
        centre="own",
        tiers="",
        minutes=(7, 11, 13, 17, 19, 23),
    )
    rings = coverage.isochrones().geometry.array
    assert all(large.covers(small) for small, large in pairwise(rings))
    assert all(large.area - small.area > 1e4 for small, large in pairwise(rings))


def test_notices_say_what_a_reader_must_know() -> None:
    homes = street_town().buildings
    homes["estimated"] = [True, *[False] * 5]
    said = Notice("synthetic", msg("this town is made up"), everywhere=True)
    t = street_town(buildings=homes, datum="unknown", notices=(said,))
    mine = load_standard("baoting").override("baoting.service-site-area-min", 200)
    coverage = measure(t, standards=("gb50180-2018", mine))
    codes = [notice.code for notice in coverage.notices if notice.everywhere]
    assert codes == ["synthetic", "households-estimated", "datum-unknown", "overridden-rules"]
    assert coverage.notices[0] == said
    assert coverage.total()["estimated"] is True
    # What the reader has said already is not said again.
    known = street_town(
        datum="unknown", notices=(Notice("datum-unknown", msg("this town is made up"), everywhere=True),)
    )
    assert [notice.code for notice in measure(known).notices] == ["datum-unknown"]


def test_buildings_on_a_border_are_counted() -> None:
    t = street_town(buildings=buildings({"x": {"at": (3000, 0)}}))
    coverage = measure(t)
    assert coverage.buildings()["communities"].tolist() == ["east"]
    assert [notice.code for notice in coverage.notices] == ["shared-places-communities"]


def test_unverified_rules_are_marked() -> None:
    rules = tuple(
        type(rule)(**{**{f: getattr(rule, f) for f in rule.__dataclass_fields__}, "status": "unverified"})
        for rule in load_standard("gb50180-2018").rules
    )
    mine = type(load_standard("gb50180-2018"))("mine", {"zh": "甲", "en": "A"}, rules)
    notices = [notice for notice in measure(standards=mine).notices if notice.code == "unverified-rules"]
    assert "gb50180-2018.circle-15-time" in str(notices[0].message)


def test_nobody_is_served_where_there_is_no_facility() -> None:
    coverage = measure(street_town(facilities=facilities({})))
    assert coverage.total()["share_15"] == 0.0
    assert set(coverage.buildings()["reason"]) == {"no_facility"}
    assert [notice.code for notice in coverage.notices] == ["no-facilities"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"minutes": ()}, "bad-minutes"),
        ({"minutes": (5, -1)}, "bad-minutes"),
        ({"minutes": float("nan")}, "bad-minutes"),
        ({"minutes": ("5",)}, "bad-minutes"),
        ({"mode": "fly"}, "unknown-mode"),
        ({"centre": "ours"}, "unknown-centre"),
        ({"profiles": "runner"}, "unknown-profile"),
        ({"profiles": ()}, "empty-option"),
        ({"tiers": "county"}, "unknown-tier"),
        ({"tiers": ()}, "empty-option"),
        ({"kinds": "cinema"}, "unknown-kind"),
        ({"standards": "gb1"}, "unknown-standard"),
        ({"mode": "distance", "minutes": 12}, "no-circle-distance"),
        ({"mode": "distance", "standards": "baoting"}, "no-circle-distance"),
        ({"minutes": 5, "options": CoverageOptions()}, "options-twice"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as error:
        measure(**options)
    assert code in {fault.code for fault in error.value.faults}


def test_all_faults_of_the_options_come_at_once() -> None:
    with pytest.raises(InputError) as error:
        measure(
            street_town(levels=()), mode="fly", centre="own", profiles="runner", standards="x", kinds="y", tiers="z"
        )
    assert sorted(fault.code for fault in error.value.faults) == [
        "no-level",
        "unknown-kind",
        "unknown-mode",
        "unknown-profile",
        "unknown-standard",
        "unknown-tier",
    ]


def test_one_options_object_is_the_same_as_single_options() -> None:
    one = measure(options=CoverageOptions(minutes=7, centre="own", tiers=("community",)))
    assert one.summary().equals(measure(minutes=7, centre="own", tiers=("community",)).summary())


def test_questions_that_were_not_measured() -> None:
    coverage = measure()
    with pytest.raises(InputError, match="time-planner-community-any"):
        coverage.buildings("time-planner-county-any")
    with pytest.raises(InputError, match="communities"):
        coverage.summary("streets")
    with pytest.raises(InputError, match="5, 10, 15"):
        coverage.unserved_clusters(None, 20)


def test_notebooks_show_the_shares_the_largest_circle_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOPLAN_LANGUAGE", "en")
    shown = measure(street_town(name="<b>T</b>"), tiers="")._repr_html_()
    assert shown.index("within 15 min") < shown.index("within 10 min") < shown.index("within 5 min")
    assert "28.6%" in shown
    assert "&lt;b&gt;T" in shown
    assert "<b>" not in shown


def test_columns_are_those_promised() -> None:
    coverage = measure(minutes=(2.5, 15))
    assert list(coverage.buildings()) == [
        *("name", "households", "people_resident", "people_registered", "estimated", "estate", "communities"),
        *("cost", "walk_min", "facility", "reason", "served_2.5", "served_15"),
        *("connector_m", "straight_m", "edge_affected", "geometry"),
    ]
    assert {"served_households_2.5", "share_2.5", "straight_share_15", "p50_min", "facilities"} <= set(
        coverage.summary()
    )
    assert coverage.buildings().crs == coverage.town.crs
    assert isinstance(coverage.summary(), pd.DataFrame)
