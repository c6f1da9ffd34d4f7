"""What fields and layers probably mean."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from readworlds import frame, line, point, square
from shapely.geometry.base import BaseGeometry

from geoplan.read import guess_columns, guess_role, list_layers
from geoplan.read.sheets import read_sheet
from geoplan.read.vector import open_vector

SAMPLE = Path(__file__).parents[2] / "sample_data" / "county"


def fields(table: pd.DataFrame, role: str, level: str = "") -> dict[str, str]:
    return {column: guess.field for column, guess in guess_columns(table, role, level=level).items()}


def test_fields_of_an_estate_survey() -> None:
    table = pd.DataFrame(
        {
            "BSM": [1, 2],
            "XQMC": ["兰花园", "东苑"],
            "XQDZ": ["一路", "二路"],
            "ZHS": ["1,200", None],
            "CZRK": [3000, 10],
            "HJRK": [2800, 11],
            "JZND": [1998, 2010],
            "RJL": [1.2, 2.0],
        }
    )
    assert fields(table, "estates") == {
        "id": "BSM",
        "name": "XQMC",
        "address": "XQDZ",
        "households": "ZHS",
        "people_resident": "CZRK",
        "people_registered": "HJRK",
        "year": "JZND",
    }


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([3, 6, 18], "floors"),
        (["3", "6层", ""], "floors"),
        (["临沂市", "兰陵县", ""], None),
        ([371300, 371301, 371302], None),
    ],
)
def test_cs_is_floors_or_a_city_by_its_values(values: list[object], column: str | None) -> None:
    found = {field: name for name, field in fields(pd.DataFrame({"CS": values}), "buildings").items()}
    assert found.get("CS") == column


def test_an_id_is_one_only_where_all_differ() -> None:
    table = pd.DataFrame({"BSM": ["1", "1"], "编号": ["a", "b"], "FID": [0, 1]})
    assert fields(table, "buildings")["id"] == "编号"
    assert "id" not in fields(pd.DataFrame({"BSM": ["1", None]}), "buildings")


def test_names_in_chinese_with_units_and_cut_names() -> None:
    table = pd.DataFrame({"建筑面积（平方米）": [1.0], "总户数(户)": [3], "楼 层 数": [5]})
    assert fields(table, "buildings") == {
        "floor_area_m2": "建筑面积（平方米）",
        "households": "总户数(户)",
        "floors": "楼 层 数",
    }
    # 住宅面积比 and 小区编号 cut by UTF-8 at ten bytes
    assert fields(pd.DataFrame({"住宅面": [0.5], "常住人": [3]}), "buildings") == {
        "residential_share": "住宅面",
        "people_resident": "常住人",
    }


def test_uses_and_yes_no_are_looked_at() -> None:
    assert fields(pd.DataFrame({"FWYT": ["住宅", "商业"]}), "buildings") == {"residential_share": "FWYT"}
    assert fields(pd.DataFrame({"FWYT": ["甲", "乙"]}), "buildings") == {}
    assert fields(pd.DataFrame({"状态": ["开放", "关闭"]}), "gates") == {"open": "状态"}
    assert fields(pd.DataFrame({"状态": ["新", "旧"]}), "gates") == {}


def test_fields_of_units_depend_on_the_level() -> None:
    table = pd.DataFrame({"SQDM": ["s1"], "SQMC": ["东社区"], "WGBH": ["w1"], "WGMC": ["一格"], "JDDM": ["j1"]})
    assert fields(table, "units", "grids") == {"id": "WGBH", "name": "WGMC", "parent": "JDDM"}
    assert fields(table, "units", "communities") == {"id": "SQDM", "name": "SQMC", "code": "SQDM", "parent": "JDDM"}


def test_fields_of_green_land() -> None:
    table = pd.DataFrame({"绿地编号": ["l1"], "公园名称": ["河滨公园"], "绿地类型": ["公园"]})
    assert fields(table, "green") == {"id": "绿地编号", "name": "公园名称", "kind": "绿地类型"}
    assert fields(pd.DataFrame({"name": ["Park"], "leisure": ["park"]}), "green") == {"name": "name", "kind": "leisure"}


def test_every_guess_has_a_reason() -> None:
    guess = guess_columns(pd.DataFrame({"CS": [3, 18]}), "buildings")["floors"]
    assert str(guess.reason) == "named so, and its values are numbers (3 to 18)"


BLOCK, HOUSE, COMMUNITY = square(0, 0, 200), square(0, 0, 20), square(0, 0, 900)


@pytest.mark.parametrize(
    ("name", "layer", "shape", "columns", "role", "level", "sure"),
    [
        ("房屋.shp", "", HOUSE, {}, "buildings", "", True),
        ("社区边界.shp", "", COMMUNITY, {}, "units", "communities", True),
        ("街道.shp", "", COMMUNITY, {}, "units", "subdistricts", True),
        ("base.gpkg", "网格", BLOCK, {}, "units", "grids", True),
        ("小区.shp", "", BLOCK, {}, "estates", "", True),
        ("小区大门.shp", "", point(0, 0), {}, "gates", "", True),
        ("单元门.shp", "", point(0, 0), {}, "entrances", "", True),
        ("社区服务站.shp", "", point(0, 0), {}, "facilities", "", True),
        ("学校.kml", "", BLOCK, {}, "facilities", "", True),
        ("街道中心线.shp", "", line((0, 0), (9, 0)), {}, "streets", "", True),
        ("roads.geojson", "", line((0, 0), (9, 0)), {}, "streets", "", True),
        ("河流.shp", "", line((0, 0), (9, 0)), {}, "barriers", "", True),
        ("rivers.shp", "", BLOCK, {}, "barriers", "", True),
        ("绿地.shp", "", BLOCK, {}, "green", "", True),
        ("base.gpkg", "公园", BLOCK, {}, "green", "", True),
        ("city_parks.geojson", "", BLOCK, {}, "green", "", True),
        ("green.gpkg", "", COMMUNITY, {}, "green", "", True),
        ("parking.shp", "", BLOCK, {}, "estates", "", False),
        ("green_buildings.shp", "", HOUSE, {}, "buildings", "", True),
        ("公园社区.shp", "", COMMUNITY, {}, "units", "communities", True),
        ("data.gpkg", "a", BLOCK, {"公园名称": ["x"]}, "green", "", False),
        ("data.gpkg", "a", HOUSE, {"CS": [3]}, "buildings", "", False),
        ("data.gpkg", "a", BLOCK, {"XQMC": ["x"]}, "estates", "", False),
        ("data.gpkg", "a", BLOCK, {}, "estates", "", False),
        ("data.gpkg", "a", COMMUNITY, {}, "units", "communities", False),
        ("data.gpkg", "a", line((0, 0), (9, 0)), {}, "streets", "", False),
        ("data.gpkg", "a", point(0, 0), {}, "facilities", "", False),
    ],
)
def test_roles(
    name: str, layer: str, shape: BaseGeometry, columns: dict[str, list[object]], role: str, level: str, sure: bool
) -> None:
    table = frame([shape], **columns)
    guess = guess_role(Path(name), table, layer=layer)
    assert (guess.role, guess.level, guess.sure) == (role, level, sure)
    assert str(guess.reason)
    degrees = table.to_crs("EPSG:4490")
    assert guess_role(Path(name), degrees, layer=layer).role == role


def test_a_table_without_shapes_has_no_role() -> None:
    assert guess_role(Path("小区台账.xlsx"), pd.DataFrame({"户数": [1]})).role == ""
    assert guess_role(Path("小区.shp"), gpd.GeoDataFrame({"a": []}, geometry=[])).role == ""


def test_closed_outlines_count_as_areas() -> None:
    outline = frame([square(0, 0).exterior])
    assert guess_role(Path("房屋.dxf"), outline).role == "buildings"


def test_the_sample_county_is_guessed_as_its_project_file_has_it() -> None:
    """Every layer's role and level, and every column but those that no alias could tell."""
    settings = tomllib.loads((SAMPLE / "geoplan.toml").read_text(encoding="utf-8"))
    for entry in settings["layers"]:
        path = SAMPLE / entry["file"]
        layer = entry.get("layer", "") or list_layers(path)[0][0]
        table = open_vector(path, layer=layer).frame
        guess = guess_role(path, table, layer=layer)
        assert (guess.role, guess.level) == (entry["role"], entry.get("level", ""))
        found = fields(table, guess.role, guess.level)
        assert found.pop("id") == entry["id"]
        expected = entry.get("columns", {})
        assert {k: v for k, v in found.items() if k in expected} == {
            k: v for k, v in expected.items() if k != "address"
        }
    ledger = read_sheet(SAMPLE / "小区台账.xlsx").frame
    assert {"id": "小区编号", "households": "总户数", "people_resident": "常住人口"}.items() <= fields(
        ledger, ""
    ).items()
