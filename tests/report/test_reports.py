"""Tables, workbook and GeoPackage hold the numbers that were worked out by hand (see small_town)."""

from __future__ import annotations

import json
import math
import sqlite3
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
from small_town import TOML, write_town

from geoplan.coverage import Coverage, measure_coverage
from geoplan.project import coverage_options, load_project, load_town
from geoplan.report import coverage_record, write_coverage_gpkg, write_coverage_xlsx, write_summary
from geoplan.report.records import json_value, units_table, walk_classes

OWN = '\n[walk]\ncentre = "both"\n'


@pytest.fixture(scope="module")
def coverage(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    project = load_project(write_town(tmp_path_factory.mktemp("report") / "town", toml=TOML + OWN))
    return measure_coverage(load_town(project), options=coverage_options(project))


@pytest.fixture(scope="module")
def gpkg(coverage: Coverage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coverage_gpkg(coverage, tmp_path_factory.mktemp("gpkg") / "coverage.gpkg", language="en")


@pytest.fixture(scope="module")
def workbook(coverage: Coverage, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = write_coverage_xlsx(coverage, tmp_path_factory.mktemp("xlsx") / "coverage.xlsx", language="en")
    return openpyxl.load_workbook(path)


def test_record_has_exactly_the_agreed_keys_and_numbers(coverage: Coverage) -> None:
    record = coverage_record(coverage, minutes=15)
    assert record == {
        "mode": "time",
        "profile": "planner",
        "centre": "any",
        "tier": None,
        "minutes": 15,
        "limit": 900,
        "households": 155,
        "served_households": 100,
        "people": 392,
        "served_people": 260,
        "share": round(100 / 155, 6),
        "estimated": False,
        "binding_rule": "gb50180-2018.circle-15-time",
        "buildings": 6,
        "unreachable_buildings": 0,
        "communities": [
            {
                "id": "A",
                "name": "=东社区",
                "households": 30,
                "served_households": 30,
                "people": 80,
                "served_people": 80,
                "share": 1,
            },
            {
                "id": "B",
                "name": "西社区",
                "households": 120,
                "served_households": 70,
                "people": 300,
                "served_people": 180,
                "share": round(70 / 120, 6),
            },
            {
                "id": None,
                "name": "",
                "households": 5,
                "served_households": 0,
                "people": 12,
                "served_people": 0,
                "share": 0,
            },
        ],
    }


def test_communities_add_up_to_the_whole(coverage: Coverage) -> None:
    for case in coverage.cases:
        for minutes in coverage.minutes:
            record = coverage_record(coverage, minutes=minutes, case=case)
            for key in ("households", "served_households", "people", "served_people"):
                assert sum(row[key] for row in record["communities"]) == record[key]


def test_json_holds_no_infinity() -> None:
    value = json_value({"a": np.float64("inf"), "b": [math.nan, np.int64(3), 2.0, np.bool_(True), None, "x"]})
    assert json.dumps(value, allow_nan=False) == '{"a": null, "b": [null, 3, 2, true, null, "x"]}'
    assert type(json_value(7.0)) is int


def test_walk_classes(coverage: Coverage) -> None:
    buildings = coverage.buildings(coverage.case)
    assert walk_classes(buildings, coverage.minutes).to_dict() == {
        "b1": "5",
        "b2": "10",
        "b3": "15",
        "b4": "15",
        "b5": "beyond",
        "b6": "beyond",
    }
    lost = buildings.assign(cost=math.inf, reason="island", served_5=False, served_10=False, served_15=False)
    assert set(walk_classes(lost, coverage.minutes)) == {"unreachable"}


def test_geopackage_holds_every_layer_and_number(coverage: Coverage, gpkg: Path) -> None:
    names = {str(name) for name, _ in pyogrio.list_layers(gpkg)}
    assert names >= {"communities", "buildings", "facilities", "isochrones", "streets", "unserved_15", "measures"}
    communities = pyogrio.read_dataframe(gpkg, layer="communities").set_index("id")
    assert communities["served_households_15"].to_dict() == {"A": 30, "B": 70}
    assert communities.crs.to_epsg() == 4548
    buildings = pyogrio.read_dataframe(gpkg, layer="buildings").set_index("id")
    assert buildings["cost"].round(6).to_dict() == {
        "b1": 110, "b2": 410, "b3": 710, "b4": 900, "b5": 960, "b6": 1210
    }  # fmt: skip
    measures = pyogrio.read_dataframe(gpkg, layer="measures")
    assert measures.groupby("centre")["served_households_15"].sum().to_dict() == {"any": 100, "own": 30}
    rings = pyogrio.read_dataframe(gpkg, layer="isochrones")
    assert rings["minutes"].tolist() == ["15", "10", "5"]


def test_every_drawn_layer_has_a_style_that_is_xml(gpkg: Path) -> None:
    with sqlite3.connect(gpkg) as database:
        styles = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault"))
        geometry = {row[0] for row in database.execute("SELECT table_name FROM gpkg_geometry_columns")}
        columns = {row[0] for row in database.execute("SELECT column_name FROM gpkg_geometry_columns")}
        stamps = {row[0] for row in database.execute("SELECT last_change FROM gpkg_contents")}
    assert set(styles) == geometry
    assert columns == {"geom"}
    assert stamps == {"2000-01-01T00:00:00.000Z"}
    for name, style in styles.items():
        renderer = ElementTree.fromstring(style.split("'SYSTEM'>")[1]).find("renderer-v2")  # noqa: S314 - our own text
        assert renderer is not None
        field = renderer.get("attr")
        assert field is None or field in pyogrio.read_dataframe(gpkg, layer=name).columns
        used = {element.get("symbol") for element in renderer.iter() if element.get("symbol")}
        assert used <= {symbol.get("name") for symbol in renderer.iter("symbol")}


def cells(workbook: openpyxl.Workbook, sheet: str) -> list[list[object]]:
    return [[cell.value for cell in row] for row in workbook[sheet].iter_rows()]


def table(workbook: openpyxl.Workbook, sheet: str, first: str) -> list[dict[str, object]]:
    rows = cells(workbook, sheet)
    top = next(i for i, row in enumerate(rows) if row[0] == first)
    heads = [str(head).replace("\n", " ") for head in rows[top]]
    return [dict(zip(heads, row, strict=True)) for row in rows[top + 1 :]]


def test_workbook_opens_with_the_answer(workbook: openpyxl.Workbook) -> None:
    assert workbook.sheetnames == [
        "Summary", "Communities", "Unserved buildings", "Centres", "Rules and sources", "Notes"
    ]  # fmt: skip
    said = [row[0] for row in cells(workbook, "Summary")[:6]]
    assert said[0] == "小镇: service circles and coverage"
    assert said[1] == "15 minutes: 64.5% of households served (100 of 155), 260 people"
    assert said[3] == "5 minutes: 6.5% of households served (10 of 155), 30 people"
    assert "Synthetic data: no real place, no real people." in said


def test_workbook_numbers(workbook: openpyxl.Workbook) -> None:
    rows = {row["Name"]: row for row in table(workbook, "Communities", "Id")}
    assert list(rows) == ["=东社区", "西社区", "in no unit", "Total"]
    assert [rows[name]["Households within 15 min"] for name in rows] == [30, 70, 0, 100]
    assert rows["西社区"]["Share within 15 min"] == pytest.approx(70 / 120)
    assert rows["Total"]["Households"] == 155
    unserved = {row["Id"]: row for row in table(workbook, "Unserved buildings", "Id")}
    assert list(unserved) == ["b5", "b6"]
    assert unserved["b5"]["Community"] == "西社区"
    assert unserved["b5"]["Walk (min)"] == 16
    assert unserved["b6"]["Community"] is None
    (centre,) = table(workbook, "Centres", "Id")
    assert (centre["Floor area (m²)"], centre["Nearest for households within 15 min"]) == (450, 100)
    assert centre["Kind"] == "Service centre"


def test_workbook_is_fit_to_read(workbook: openpyxl.Workbook) -> None:
    for sheet in workbook.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.coordinate
    communities = workbook["Communities"]
    assert communities.freeze_panes is not None
    top = next(row for row in communities.iter_rows() if row[0].value == "Id")
    heads = {cell.value: cell.column for cell in top}
    body = communities[top[0].row + 1]
    assert body[heads["Share within 15 min"] - 1].number_format == "0.0%"
    assert body[heads["Households"] - 1].number_format == "#,##0"
    assert body[heads["Id"] - 1].number_format == "@"
    assert body[heads["Name"] - 1].quotePrefix


def test_every_sheet_says_what_must_be_said(workbook: openpyxl.Workbook) -> None:
    for name in workbook.sheetnames:
        assert any("Synthetic data" in str(row[0]) for row in cells(workbook, name)), name


def test_same_coverage_same_bytes(coverage: Coverage, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_coverage_gpkg(coverage, tmp_path / f"{name}.gpkg")
        write_coverage_xlsx(coverage, tmp_path / f"{name}.xlsx")
        write_summary(coverage, tmp_path / f"{name}.json", version="1", inputs={}, options={})
    for kind in ("gpkg", "xlsx", "json"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes(), kind


def test_nothing_is_changed_by_writing(coverage: Coverage, tmp_path: Path) -> None:
    before = coverage.town.buildings.copy()
    write_coverage_gpkg(coverage, tmp_path / "c.gpkg")
    write_coverage_xlsx(coverage, tmp_path / "c.xlsx")
    assert before.equals(coverage.town.buildings)


def test_units_table_puts_those_in_no_unit_last(coverage: Coverage) -> None:
    assert units_table(coverage, coverage.case)["id"].tolist() == ["A", "B", None]
