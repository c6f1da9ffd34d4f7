"""Presets, profiles, binding rules, circle limits, and everything that a planner's own file can get wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoplan.errors import InputError
from geoplan.standards import (
    STATUSES,
    Rule,
    Standard,
    binding_rule,
    circle_limit,
    circle_rule,
    find_rule,
    list_profiles,
    list_standards,
    load_profile,
    load_standard,
    load_standards,
    rules_for,
)

PLANNER = load_profile("planner")
GB = load_standard("gb50180-2018")


def rule(rule_id: str, *, value: float | None = None, low: float | None = None, high: float | None = None) -> Rule:
    return Rule(rule_id, "q", value, low, high, "m", "s", "", "", "verified")


def standard(*rules: Rule, name: str = "mine") -> Standard:
    return Standard(name, {"zh": "甲", "en": "A"}, rules)


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def test_every_preset_loads_under_its_own_name() -> None:
    for name in list_standards():
        loaded = load_standard(name)
        assert loaded.id == name
        assert set(loaded.name) == {"zh", "en"}
        assert all(one.status in STATUSES and one.unit for one in loaded.rules)


def test_rule_ids_are_unique_among_all_presets() -> None:
    ids = [one.id for name in list_standards() for one in load_standard(name).rules]
    assert len(ids) == len(set(ids))
    assert len(ids) > 60


@pytest.mark.parametrize(
    ("preset", "quantity", "figures", "status"),
    [
        ("national-2026", "community.households", (None, 1000, 3000), "verified"),
        ("national-former", "community.households", (None, 100, 700), "secondary"),
        ("yuhang-2020", "community.households_split", (None, None, 5000), "verified"),
        ("yuhang-2020", "community.households_merge", (None, 500, None), "verified"),
        ("yuhang-2020", "community.households", (None, None, 4000), "verified"),
        ("dezhou", "service_site.area_min", (None, 500, None), "secondary"),
        ("dezhou", "service_site.area_per_100_households", (None, 30, None), "secondary"),
        ("xiushui-2014", "community.households", (4000, None, None), "secondary"),
        ("baoting", "grid.households", (None, 300, 500), "verified"),
        ("baoting", "service_site.area_min", (None, 300, None), "verified"),
        ("putian-chengxiang", "grid.people", (800, None, None), "secondary"),
        ("grid-common", "grid.people", (1000, None, None), "unverified"),
        ("beijing-2021", "subdistrict.people_core", (None, 50000, 100000), "secondary"),
        ("beijing-2021", "subdistrict.people", (None, None, 150000), "secondary"),
        ("hunan-2024", "subdistrict.area_km2", (None, 30, None), "secondary"),
        ("national-pilot-2022", "service_site.residents_share", (None, 0.6, None), "secondary"),
        ("national-plans", "staff.per_10000_people", (None, 18, None), "secondary"),
        ("shandong-2006", "staff.members_min", (None, 5, None), "secondary"),
        ("gb50180-2018", "circle.15.distance", (None, 800, 1000), "secondary"),
        ("gb50180-2018", "circle.10.people", (None, 15000, 25000), "secondary"),
        ("gb50180-2018", "circle.5.dwellings", (None, 1500, 4000), "unverified"),
        ("gb50180-2018", "facility.radius.kindergarten", (None, None, 300), "secondary"),
        ("gb50180-2018", "facility.radius.police_station", (None, None, 800), "unverified"),
        ("census-2020", "household.people", (2.62, None, None), "secondary"),
        ("census-2020", "household.floor_area", (92.17, None, None), "secondary"),
        ("walking", "walk.wait.signal", (30, None, None), "derived"),
        ("walking", "walk.detour", (1.25, 1.2, 1.3), "secondary"),
    ],
)
def test_presets_hold_the_figures_of_their_sources(
    preset: str, quantity: str, figures: tuple[float | None, ...], status: str
) -> None:
    found = binding_rule([load_standard(preset)], quantity)
    assert (found.value, found.low, found.high, found.status) == (*figures, status)


@pytest.mark.parametrize(
    ("name", "speed"), [("planner", 1.0), ("adult", 1.2), ("older", 0.9), ("frail", 0.7), ("child", 0.8)]
)
def test_profiles(name: str, speed: float) -> None:
    profile = load_profile(name)
    assert profile.speed_m_s == speed
    assert profile.stairs_speed_m_s < speed
    assert dict(profile.wait_s) == {"signal": 30.0, "minor": 10.0, "bridge": 45.0}
    assert profile.status in STATUSES
    assert name in list_profiles()


def test_the_binding_rule_is_the_strictest() -> None:
    active = [load_standard(name) for name in ("baoting", "dezhou", "national-2026", "yuhang-2020")]
    assert binding_rule(active, "service_site.area_min").limit == 500
    assert binding_rule(active, "community.households").id == "national-2026.community-households"


@given(st.permutations([("a", 5.0), ("b", 3.0), ("c", 3.0), ("d", 9.0)]))
def test_binding_does_not_depend_on_the_order(order: list[tuple[str, float]]) -> None:
    uppers = [standard(rule(name, high=figure), name=name) for name, figure in order]
    lowers = [standard(rule(name, low=figure), name=name) for name, figure in order]
    assert binding_rule(uppers, "q").id == "b"
    assert binding_rule(lowers, "q").id == "d"


def test_ranges_bind_by_their_upper_end_then_by_their_lower() -> None:
    rules = [
        rule("wide", low=1, high=9),
        rule("late", low=4, high=7),
        rule("early", low=2, high=7),
        rule("aim", value=1),
    ]
    assert [one.id for one in rules_for([standard(*rules)], "q")] == ["late", "early", "wide", "aim"]


def test_a_quantity_that_nobody_rules() -> None:
    assert find_rule([GB], "community.households") is None
    with pytest.raises(InputError) as error:
        binding_rule([GB], "community.households")
    assert codes(error) == ["no-rule"]


def test_limits_are_inclusive() -> None:
    both = rule("r", low=300, high=500)
    assert [both.allows(x) for x in (299.9, 300, 500, 500.1)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("given_rule", "given_figures", "expected"),
    [
        (rule("r", low=3), {"value": 5}, (None, 5, None)),
        (rule("r", high=3), {"value": 5}, (None, None, 5)),
        (rule("r", value=3), {"value": 5}, (5, None, None)),
        (rule("r", low=1, high=3), {"value": 5}, (None, 1, 5)),
        (rule("r", low=1, high=3), {"low": 2, "high": 4}, (None, 2, 4)),
    ],
)
def test_override(given_rule: Rule, given_figures: dict[str, float], expected: tuple[float | None, ...]) -> None:
    before = standard(given_rule, rule("other", value=1))
    after = before.override("r", **given_figures)
    changed = after.rule("r")
    assert (changed.value, changed.low, changed.high, changed.overridden) == (*expected, True)
    assert after.rule("other") == before.rule("other")
    assert before.rule("r") == given_rule


@pytest.mark.parametrize(
    ("rule_id", "figures"), [("nope", {"value": 1}), ("r", {}), ("r", {"low": 9}), ("r", {"high": 0})]
)
def test_overrides_that_cannot_be(rule_id: str, figures: dict[str, float]) -> None:
    with pytest.raises(InputError):
        standard(rule("r", low=1, high=3)).override(rule_id, **figures)


@pytest.mark.parametrize(("minutes", "metres"), [(5, 300), (10, 500), (15, 1000)])
def test_circles(minutes: float, metres: float) -> None:
    assert circle_limit([GB], minutes, "time", PLANNER) == 60 * minutes
    assert circle_limit([GB], minutes, "distance", PLANNER) == metres
    assert circle_limit([GB], minutes, "time", load_profile("frail")) == 60 * minutes


def test_any_minutes_can_be_asked_for_in_time_but_not_in_metres() -> None:
    assert circle_limit([GB], 12.5, "time", PLANNER) == 750
    assert circle_rule([GB], 12.5, "time").id == "requested"
    with pytest.raises(InputError) as error:
        circle_limit([GB], 12, "distance", PLANNER)
    assert "5, 10, 15" in str(error.value)


@pytest.mark.parametrize(("minutes", "mode"), [(0, "time"), (-5, "time"), (float("nan"), "time"), (15, "fly")])
def test_circles_that_cannot_be(minutes: float, mode: str) -> None:
    with pytest.raises(InputError):
        circle_rule([GB], minutes, mode)  # type: ignore[arg-type]


def test_an_overridden_radius_sets_the_circle() -> None:
    mine = GB.override("gb50180-2018.circle-15-distance", 900)
    assert circle_limit([mine], 15, "distance", PLANNER) == 900
    assert circle_limit([GB, replace(mine, id="x")], 15, "distance", PLANNER) in (900, 1000)


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError) as error:
        load_standards(["gb50180", "baoting", "nope"])
    assert codes(error) == ["unknown-standard", "unknown-standard"]
    assert "gb50180-2018" in str(error.value)
    with pytest.raises(InputError, match="planner"):
        load_profile("runner")


GOOD = """
id = "mine"
name = { zh = "甲", en = "A" }
source = "s"
edition = "2026"
[[rules]]
id = "mine.a"
quantity = "q"
low = 1
unit = "m"
clause = "1"
status = "verified"
"""


def test_a_planners_own_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    loaded = load_standard(path)
    assert loaded.rule("mine.a").citation == "s, 2026, 1"
    assert load_standards([str(path), loaded]) == (loaded,)


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ('id = "mine"', "", "missing-key", "id"),
        ('name = { zh = "甲", en = "A" }', 'name = { zh = "甲" }', "bad-value", "name"),
        ('name = { zh = "甲", en = "A" }', "", "missing-key", "name"),
        ('source = "s"', "", "missing-key", "source"),
        ('status = "verified"', 'status = "sure"', "bad-value", "status"),
        ('status = "verified"', "", "missing-key", "status"),
        ("low = 1", 'low = "one"', "bad-value", "low"),
        ("low = 1", "low = nan", "bad-value", "low"),
        ("low = 1", "low = true", "bad-value", "low"),
        ("low = 1", "", "missing-key", ""),
        ("low = 1", "low = 2\nhigh = 1", "bad-value", ""),
        ('unit = "m"', "unit = 3", "bad-value", "unit"),
        ('clause = "1"', 'clause = "1"\nlower = 3', "unknown-key", "lower"),
        ("[[rules]]", "[[rule]]", "unknown-key", "rule"),
        ("[[rules]]", "[[rules", "bad-toml", ""),
    ],
)
def test_faults_of_a_file(tmp_path: Path, old: str, new: str, code: str, column: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_standard(path)
    assert (code, column, str(path)) in [(f.code, f.where.column, f.where.file) for f in error.value.faults]


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    bad = GOOD.replace('status = "verified"', "").replace("low = 1", "").replace('source = "s"', "")
    path.write_text(bad + GOOD[GOOD.index("[[rules]]") :].replace("low = 1", 'low = "x"'), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_standard(path)
    assert sorted(codes(error)) == ["bad-value", "duplicate-id", *["missing-key"] * 4]


def test_a_file_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load_standard(tmp_path / "none.toml")
    assert codes(error) == ["bad-toml"]
    path = tmp_path / "gbk.toml"
    path.write_bytes('id = "甲"'.encode("gbk"))
    with pytest.raises(InputError) as error:
        load_standard(path)
    assert codes(error) == ["bad-toml"]


PROFILE = """
id = "me"
name = { zh = "我", en = "me" }
speed_m_s = 1.1
stairs_speed_m_s = 0.5
wait_s = { signal = 1, minor = 2, bridge = 3 }
slope = false
source = "watch"
status = "derived"
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("speed_m_s = 1.1", "speed_m_s = 0"),
        ("speed_m_s = 1.1", 'speed_m_s = "fast"'),
        ("wait_s = { signal = 1, minor = 2, bridge = 3 }", "wait_s = 3"),
        ("minor = 2", "minor = -2"),
        (", bridge = 3", ""),
        ('source = "watch"', ""),
        ("slope = false", "slopes = false"),
    ],
)
def test_faults_of_a_profile(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "me.toml"
    path.write_text(PROFILE, encoding="utf-8")
    assert load_profile(path).speed_m_s == 1.1
    path.write_text(PROFILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError):
        load_profile(path)
