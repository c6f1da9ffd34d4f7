"""Faulty towns, one fault at a time, and the repairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from handmade import CRS, buildings, entrances, estates, facilities, gates, green, level, streets, town
from shapely import LineString, MultiPolygon, Point, Polygon, box

from geoplan.check import CheckOptions, Finding, check_town, repair_geometry, repair_overlaps
from geoplan.model import Town

BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def sound_town(**changes: Any) -> Town:
    """Two communities in one subdistrict, a cross of streets, a walled estate with an open gate: nothing to find."""
    parts: dict[str, Any] = {
        "buildings": buildings(
            {
                "h1": {"at": (50, 50), "estate": "e"},
                "h2": {"at": (250, 50)},
                "h3": {"at": (50, 150)},
                "h4": {"at": (300, 150)},
            }
        ),
        "streets": streets(
            {
                "s1": {"geometry": LineString([(0, 100), (200, 100)]), "u": 1, "v": 2},
                "s2": {"geometry": LineString([(200, 100), (400, 100)]), "u": 2, "v": 3},
                "s3": {"geometry": LineString([(200, 0), (200, 100)]), "u": 4, "v": 2},
            }
        ),
        "facilities": facilities(
            {"f1": {"at": (100, 90), "floor_area_m2": 500.0}, "f2": {"at": (300, 90), "floor_area_m2": 500.0}}
        ),
        "levels": (
            level("communities", {"a": box(0, 0, 200, 200), "b": box(200, 0, 400, 200)}, parent="subdistricts"),
            level("subdistricts", {"s": box(0, 0, 400, 200)}),
        ),
        "estates": estates({"e": {"geometry": box(20, 20, 90, 90), "walled": True, "households": 1.0}}),
        "gates": gates({"g": {"at": (90, 50), "open": True}}),
        "entrances": entrances({"d": {"at": (55, 50), "building": "h1"}}),
    }
    return town(**{**parts, **changes})


def found(t: Town, **options: Any) -> dict[str, Finding]:
    return {f"{one.code} {one.table}": one for one in check_town(t, **options)}


def test_a_sound_town() -> None:
    assert found(sound_town(), standards=("baoting",)) == {}


def units(**shapes: Any) -> Any:
    return (level("communities", shapes),)


def with_building(**row: Any) -> Any:
    table = sound_town().buildings
    for column, value in row.items():
        if column == "geometry":
            table = table.set_geometry(table.geometry.where(table.index != "h2", value))
        else:
            table.loc["h2", column] = value
    return table


def with_street(geometry: Any, **row: Any) -> Any:
    more = streets({"s9": {"geometry": geometry, "u": 8, "v": 9, **row}})
    return gpd.pd.concat([sound_town().streets, more])


CASES: dict[str, tuple[Callable[[], dict[str, Any]], str, tuple[str, ...]]] = {
    "overlap": (
        lambda: {"levels": units(a=box(0, 0, 220, 200), b=box(200, 0, 400, 200))},
        "error unit-overlap communities",
        ("a", "b"),
    ),
    "overlapping sliver": (
        lambda: {"levels": units(a=box(0, 0, 200.5, 200), b=box(200, 0, 400, 200))},
        "info unit-overlap-sliver communities",
        ("a", "b"),
    ),
    "gap": (
        lambda: {"levels": units(a=box(0, 0, 200, 200).difference(box(150, 150, 170, 170)), b=box(200, 0, 400, 200))},
        "warning unit-gap communities",
        (),
    ),
    "sliver": (
        lambda: {"levels": units(a=box(0, 0, 200, 200).difference(box(150, 150, 170, 150.4)), b=box(200, 0, 400, 200))},
        "info unit-gap-sliver communities",
        (),
    ),
    "detached": (
        lambda: {
            "levels": units(a=MultiPolygon([box(0, 0, 200, 200), box(500, 0, 600, 100)]), b=box(200, 0, 400, 200))
        },
        "warning unit-detached communities",
        ("a",),
    ),
    "enclave": (
        lambda: {
            "levels": units(
                a=box(0, 0, 200, 200).difference(box(140, 140, 180, 180)),
                b=MultiPolygon([box(200, 0, 400, 200), box(140, 140, 180, 180)]),
            )
        },
        "warning unit-enclave communities",
        ("a", "b"),
    ),
    "invalid unit": (
        lambda: {
            "levels": units(
                a=box(0, 0, 200, 200), b=box(200, 0, 400, 200), c=Polygon([(600, 0), (700, 100), (700, 0), (600, 100)])
            )
        },
        "error invalid-geometry communities",
        ("c",),
    ),
    "same names": (
        lambda: {"levels": (replace(one := sound_town().levels[0], table=one.table.assign(name="X"), parent=None),)},
        "info unit-names communities",
        ("a", "b"),
    ),
    "not nested": (
        lambda: {"levels": (sound_town().levels[0], level("subdistricts", {"s": box(0, 0, 390, 200)}))},
        "error unit-not-nested communities",
        ("b",),
    ),
    "without parent": (
        lambda: {"levels": (sound_town().levels[0], level("subdistricts", {"s": box(0, 0, 200, 200)}))},
        "error unit-without-parent communities",
        ("b",),
    ),
    "in no unit": (
        lambda: {"levels": units(a=box(0, 0, 200, 200), b=box(200, 0, 280, 200))},
        "warning building-in-no-unit communities",
        ("h4",),
    ),
    "in two units": (
        lambda: {"buildings": with_building(geometry=box(195, 45, 205, 55))},
        "warning building-in-several-units communities",
        ("h2",),
    ),
    "outside its unit": (
        lambda: {
            "buildings": sound_town().buildings.assign(communities=np.array(["a", "a", None, None], dtype=object))
        },
        "warning building-outside-its-unit communities",
        ("h2",),
    ),
    "unknown unit": (
        lambda: {
            "buildings": sound_town().buildings.assign(communities=np.array(["q", None, None, None], dtype=object))
        },
        "error unknown-reference buildings",
        ("h1",),
    ),
    "nobody there": (
        lambda: {"levels": units(a=box(0, 0, 200, 200), b=box(200, 0, 400, 200), c=box(400, 0, 500, 200))},
        "info unit-empty communities",
        ("c",),
    ),
    "no centre": (
        lambda: {"facilities": sound_town().facilities.iloc[:1]},
        "warning unit-without-centre communities",
        ("b",),
    ),
    "only a proposed centre": (
        lambda: {"facilities": sound_town().facilities.assign(candidate=[False, True])},
        "warning unit-without-centre communities",
        ("b",),
    ),
    "no streets": (lambda: {"streets": None}, "warning no-streets streets", ()),
    "island": (
        lambda: {"streets": with_street(LineString([(300, 20), (350, 20)]))},
        "warning street-islands streets",
        ("s9",),
    ),
    "zero length": (
        lambda: {"streets": with_street(LineString([(0, 100), (0, 100)]), u=1, v=1)},
        "error street-zero-length streets",
        ("s9",),
    ),
    "too short": (
        lambda: {"streets": with_street(LineString([(400, 100), (400, 200)]), u=3, length_m=80.0)},
        "warning street-length streets",
        ("s9",),
    ),
    "near miss": (
        lambda: {"streets": with_street(LineString([(400, 100), (400, 20), (204, 20)]), u=3)},
        "warning street-near-miss streets",
        ("s9",),
    ),
    "far from streets": (
        lambda: {"buildings": with_building(geometry=box(900, 0, 910, 10))},
        "warning far-from-street buildings",
        ("h2",),
    ),
    "far facility": (
        lambda: {"facilities": facilities({"f": {"at": (0, 999), "floor_area_m2": 500.0}})},
        "warning far-from-street facilities",
        ("f",),
    ),
    "far entrance": (
        lambda: {"entrances": entrances({"d": {"at": (99, 50), "building": "h1"}})},
        "warning entrance-far entrances",
        ("d",),
    ),
    "no facility": (lambda: {"facilities": facilities({})}, "error no-facilities facilities", ()),
    "no floor area": (
        lambda: {"facilities": facilities({"f1": {"at": (100, 90)}, "f2": {"at": (300, 90), "floor_area_m2": 500.0}})},
        "info facility-without-area facilities",
        ("f1",),
    ),
    "too small": (
        lambda: {"facilities": sound_town().facilities.assign(floor_area_m2=[300.0, 299.0])},
        "warning facility-too-small facilities",
        ("f2",),
    ),
    "two in one place": (
        lambda: {
            "facilities": facilities(
                {f: {"at": (100, 90), "floor_area_m2": 500.0, "kind": "centre"} for f in ("f1", "f2")}
            )
        },
        "warning facility-twice facilities",
        ("f1", "f2"),
    ),
    "overlapping estates": (
        lambda: {"estates": estates({"e": {"geometry": box(20, 20, 90, 90)}, "d": {"geometry": box(80, 20, 99, 90)}})},
        "warning estate-overlap estates",
        ("d", "e"),
    ),
    "walled in": (
        lambda: {"gates": gates({"g": {"at": (90, 50), "open": False}})},
        "error walled-without-gate estates",
        ("e",),
    ),
    "walled without gates": (lambda: {"gates": None}, "error walled-without-gate estates", ("e",)),
    "gate in no wall": (lambda: {"gates": gates({"g": {"at": (120, 50)}})}, "warning gate-far-from-wall gates", ("g",)),
    "ledger differs": (
        lambda: {"estates": estates({"e": {"geometry": box(20, 20, 90, 90), "households": 40.0}})},
        "warning estate-households estates",
        ("e",),
    ),
    "no households": (
        lambda: {"buildings": sound_town().buildings.assign(households=0.0, people_resident=0.0)},
        "error no-households buildings",
        (),
    ),
    "empty house": (
        lambda: {"buildings": with_building(households=0.0, people_resident=0.0)},
        "info building-empty buildings",
        ("h2",),
    ),
    "huge house": (
        lambda: {"buildings": with_building(households=1001.0, people_resident=3000.0)},
        "warning households-huge buildings",
        ("h2",),
    ),
    "crowded house": (
        lambda: {"buildings": with_building(people_resident=11.0)},
        "warning people-per-household buildings",
        ("h2",),
    ),
    "households of nobody": (
        lambda: {"buildings": with_building(people_resident=0.0)},
        "warning people-per-household buildings",
        ("h2",),
    ),
    "estimates": (lambda: {"buildings": with_building(estimated=True)}, "info households-estimated buildings", ("h2",)),
    "twice": (
        lambda: {"buildings": with_building(geometry=box(45, 45, 55, 55))},
        "warning building-twice buildings",
        ("h1", "h2"),
    ),
    "invalid house": (
        lambda: {"buildings": with_building(geometry=BOWTIE)},
        "error invalid-geometry buildings",
        ("h2",),
    ),
    "invalid park": (lambda: {"green": green({"p": {"geometry": BOWTIE}})}, "error invalid-geometry green", ("p",)),
    "unknown datum": (lambda: {"datum": "unknown"}, "warning unknown-datum buildings", ()),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_with_its_rows(name: str) -> None:
    changes, expected, rows = CASES[name]
    result = {
        f"{one.severity} {one.code} {one.table}": one
        for one in check_town(sound_town(**changes()), standards=("baoting",))
    }
    assert expected in result
    assert result[expected].rows == rows
    assert str(result[expected].message)


def test_findings_say_where_and_how_much() -> None:
    overlap = found(sound_town(levels=units(a=box(0, 0, 220, 200), b=box(200, 0, 400, 200))))[
        "unit-overlap communities"
    ]
    assert overlap.geometry.equals(box(200, 0, 220, 200))
    assert str(overlap.message) == "units overlap: 1 pairs, 4000 m² in all"
    enclave = found(sound_town(**CASES["enclave"][0]()))["unit-enclave communities"]
    assert enclave.geometry.equals(box(140, 140, 180, 180))
    miss = found(sound_town(**CASES["near miss"][0]()))["street-near-miss streets"]
    assert miss.geometry.equals(Point(204, 20))


def test_an_enclave_is_no_gap_and_a_gap_no_enclave() -> None:
    assert "unit-gap communities" not in found(sound_town(**CASES["enclave"][0]()))
    assert "unit-enclave communities" not in found(sound_town(**CASES["gap"][0]()))


def test_a_stub_is_no_near_miss_and_neither_is_a_bridge() -> None:
    stub = with_street(LineString([(200, 100), (203, 103)]), u=2)
    assert "street-near-miss streets" not in found(sound_town(streets=stub))
    above = with_street(LineString([(400, 100), (400, 20), (204, 20)]), u=3, level=1)
    assert "street-near-miss streets" not in found(sound_town(streets=above))


def test_errors_come_first_and_tolerances_can_be_set() -> None:
    t = sound_town(levels=units(a=box(0, 0, 220, 200), b=box(200, 0, 400, 200)), datum="unknown")
    severities = [one.severity for one in check_town(t)]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    wide = check_town(t, options=CheckOptions(sliver_m=30))
    assert "unit-overlap" not in {one.code for one in wide}


def test_row_order_changes_no_finding() -> None:
    for name in ("overlap", "detached", "enclave", "walled in", "two in one place"):
        t = sound_town(**CASES[name][0]())
        turned = replace(
            t,
            levels=tuple(replace(one, table=one.table.iloc[::-1]) for one in t.levels),
            buildings=t.buildings.iloc[::-1],
            facilities=t.facilities.iloc[::-1],
            streets=t.streets.iloc[::-1],
        )
        assert check_town(t) == check_town(turned)


def test_a_layer_from_a_web_map_is_noticed() -> None:
    """Houses between the streets of a grid near Lanling, then the same houses shifted as Amap shifts them."""
    from geoplan.read.datums import gcj02_from_wgs84

    x0, y0 = 500_000.0, 3_850_000.0
    lines = {
        f"{way}{k}": LineString(
            [(x0 + 90 * k, y0), (x0 + 90 * k, y0 + 900)] if way == "n" else [(x0, y0 + 90 * k), (x0 + 900, y0 + 90 * k)]
        )
        for way in "ne"
        for k in range(11)
    }
    net = streets({k: {"geometry": line, "u": 2 * i, "v": 2 * i + 1} for i, (k, line) in enumerate(lines.items())})
    houses = {
        f"h{i}-{j}": {"geometry": box(x0 + 90 * i + 8, y0 + 90 * j + 8, x0 + 90 * i + 82, y0 + 90 * j + 82)}
        for i in range(10)
        for j in range(10)
    }
    right = town(buildings=buildings(houses), streets=net)
    degrees = right.buildings.geometry.to_crs(4326)
    moved = degrees.transform(lambda xy: np.column_stack(gcj02_from_wgs84(*xy.T))).to_crs(CRS)
    wrong = replace(right, buildings=right.buildings.set_geometry(moved))
    assert "datum-shift buildings" not in found(right)
    assert "from gcj02" in str(found(wrong)["datum-shift buildings"].message)


def test_invalid_outlines_are_mended_and_listed() -> None:
    t = sound_town(buildings=with_building(geometry=BOWTIE), levels=units(a=box(0, 0, 200, 200), b=BOWTIE))
    mended, notices = repair_geometry(t)
    assert mended.buildings.geometry.is_valid.all()
    assert mended.levels[0].table.geometry.is_valid.all()
    assert [notice.code for notice in notices] == ["repaired-geometry-buildings", "repaired-geometry-communities"]
    assert mended.notices == notices
    assert "h2" in str(notices[0].message)
    assert mended.buildings.geometry["h2"].area == pytest.approx(50.0)
    assert not t.buildings.geometry.is_valid.all()
    assert mended.estates is t.estates


def test_a_spike_is_cut_off_not_kept_as_a_line() -> None:
    spike = Polygon([(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)])
    mended, _ = repair_geometry(sound_town(buildings=with_building(geometry=spike)))
    assert mended.buildings.geometry["h2"].equals(box(0, 0, 10, 10))


def test_a_sound_town_needs_no_repair() -> None:
    t = sound_town()
    assert repair_geometry(t) == (t, ())
    assert repair_overlaps(t, "communities") == (t, ())


def test_slivers_go_to_the_smaller_id_and_claims_stay() -> None:
    t = sound_town(levels=units(b=box(199.5, 0, 400, 200), a=box(0, 0, 200, 200), c=box(390, 0, 500, 200)))
    mended, notices = repair_overlaps(t, "communities")
    table = mended.levels[0].table
    assert table.index.tolist() == ["b", "a", "c"]
    assert table.geometry["a"].equals(box(0, 0, 200, 200))
    assert table.geometry["b"].equals(box(200, 0, 400, 200))
    assert table.geometry["c"].equals(box(390, 0, 500, 200))
    assert "100.0 m²" in str(notices[0].message)
    assert set(found(mended)) & {"unit-overlap communities", "unit-overlap-sliver communities"} == {
        "unit-overlap communities"
    }
