"""Ledgers: titles, merged headers, totals and remarks; joined to layers, or layers of points themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from readworlds import X0, Y0, buildings, workbook, write

from geoplan.model import Notice
from geoplan.read import LayerRead, LayerSource, TableJoin, list_sheets, read_layer
from geoplan.read.sheets import read_sheet
from geoplan.read.tables import guess_coordinates

LEDGER = [
    ["某县小区台账", None, None, None, None],
    ["填报单位：住建局", None, None, None, "2026年6月"],
    ["序号", "小区编号", "户数（户）", "人口", None],
    [None, None, None, "常住", "户籍"],
    [1, "b1", "1,200", 3100, 2900],
    [2, "b2", "８６", 200, None],
    [None, None, None, None, None],
    [3, "b3", "—", 12, 11],
    ["合 计", None, 1286, 3312, 2911],
    ["填表人：张三", None, None, None, None],
]
MERGED = ["A1:E1", "A3:A4", "B3:B4", "C3:C4", "D3:E3"]


def codes(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.code for notice in notices]


def join(
    folder: Path,
    rows: list[list[object]],
    *,
    merge: list[str] | None = None,
    ids: list[str] | None = None,
    **options: object,
) -> LayerRead:
    table = workbook(folder / "台账.xlsx", {"小区": rows}, merge or [])
    layer = write(folder / "房屋.gpkg", buildings(BSM=ids or ["b1", "b2", "b3"]))
    given = {"key": "小区编号", "columns": {"households": "户数"}} | options
    return read_layer(LayerSource(layer, "buildings", id="BSM", tables=(TableJoin(table, **given),)))  # type: ignore[arg-type]


def test_ledger_with_title_merged_header_totals_and_remarks(tmp_path: Path) -> None:
    columns = {"households": "户数（户）", "people_resident": "常住", "people_registered": "户籍"}
    read = join(tmp_path, LEDGER, merge=MERGED, columns=columns)
    np.testing.assert_equal(read.table["households"].to_numpy(), [1200.0, 86.0, np.nan])
    np.testing.assert_equal(read.table["people_resident"].to_numpy(), [3100.0, 200.0, 12.0])
    np.testing.assert_equal(read.table["people_registered"].to_numpy(), [2900.0, np.nan, 11.0])
    assert codes(read.notices) == ["title-rows", "total-rows", "remarks"]
    assert "row 4" in str(read.notices[0].message)


def test_header_is_found_without_knowing_the_fields(tmp_path: Path) -> None:
    sheet = read_sheet(workbook(tmp_path / "a.xlsx", {"小区": LEDGER}, MERGED))
    assert list(sheet.frame.columns) == [
        "序号",
        "小区编号",
        "户数(户)" if "(" in sheet.frame.columns[2] else "户数（户）",
        "常住",
        "户籍",
    ]
    assert sheet.frame["小区编号"].tolist()[:2] == ["b1", "b2"]


def test_ids_that_a_spreadsheet_spoilt(tmp_path: Path) -> None:
    """Leading zeros lost, a blank added: found all the same, and said."""
    rows = [["小区编号", "户数"], [7, 10], ["B12 ", 20], ["  020", 30]]
    read = join(tmp_path, rows, ids=["007", "b12", "20"])
    assert read.table["households"].tolist() == [10.0, 20.0, 30.0]
    assert codes(read.notices) == ["ids-loosened"]


def test_ids_that_a_csv_keeps_as_formulas(tmp_path: Path) -> None:
    (tmp_path / "台账.csv").write_text('编号,户数\n"=""007""",5\n', encoding="utf-8")
    layer = write(tmp_path / "a.gpkg", buildings(BSM=["007", "7", "8"]))
    join_ = TableJoin(tmp_path / "台账.csv", "编号", {"households": "户数"})
    read = read_layer(LayerSource(layer, "buildings", id="BSM", tables=(join_,)))
    np.testing.assert_equal(read.table["households"].to_numpy(), [5.0, np.nan, np.nan])


def test_ids_that_differ_by_zeros_alone_stay_apart(tmp_path: Path) -> None:
    """01 and 1 are two buildings: nothing is loosened, and 001 matches neither."""
    rows = [["小区编号", "户数"], ["01", 10], ["001", 20]]
    read = join(tmp_path, rows, ids=["01", "1", "2"])
    np.testing.assert_equal(read.table["households"].to_numpy(), [10.0, np.nan, np.nan])
    assert codes(read.notices) == ["rows-unmatched", "rows-unused"]


def test_rows_that_match_nothing_are_said(tmp_path: Path) -> None:
    read = join(tmp_path, [["小区编号", "户数"], ["b1", 10], ["b9", 20]])
    said = {notice.code: str(notice.message) for notice in read.notices}
    assert said == {
        "rows-unmatched": "台账.xlsx: no row for 2 of 3 rows of the layer",
        "rows-unused": "台账.xlsx: 1 of 2 rows match no row of the layer",
    }


def test_table_goes_over_the_layer_where_it_holds_something(tmp_path: Path) -> None:
    table = workbook(tmp_path / "a.xlsx", {"一": [["编号", "户数"], ["b1", 99], ["b2", None]]})
    layer = write(tmp_path / "a.gpkg", buildings())
    source = LayerSource(
        layer,
        "buildings",
        id="BSM",
        columns={"households": "ZHS"},
        tables=(TableJoin(table, "编号", {"households": "户数"}),),
    )
    assert read_layer(source).table["households"].tolist() == [99.0, 20.0, 30.0]


def test_texts_of_an_estate_may_be_shared(tmp_path: Path) -> None:
    table = workbook(tmp_path / "a.xlsx", {"一": [["编号", "地址"], ["e1", "兰陵路1号"]]})
    layer = write(tmp_path / "a.gpkg", buildings(XQ=["e1", "e1", "e2"]))
    join_ = TableJoin(table, "编号", {"address": "地址"}, on="XQ")
    read = read_layer(LayerSource(layer, "buildings", id="BSM", tables=(join_,)))
    assert read.table["address"].tolist() == ["兰陵路1号", "兰陵路1号", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = delimiter.join(["编号", "户数"]) + "\n" + delimiter.join(["b1", '"1 200"']) + "\n"
    (tmp_path / "台账.csv").write_bytes(text.encode(encoding))
    layer = write(tmp_path / "a.gpkg", buildings())
    join_ = TableJoin(tmp_path / "台账.csv", "编号", {"households": "户数"})
    read = read_layer(LayerSource(layer, "buildings", id="BSM", tables=(join_,)))
    assert read.table["households"].iloc[0] == 1200.0
    assert ("encoding-detected" in codes(read.notices)) == (encoding == "gb18030")


def test_ledger_in_degrees_is_a_layer(tmp_path: Path) -> None:
    rows = [
        ["服务站一览", None, None, None],
        ["编号", "名称", "经度", "纬度"],
        ["s1", "一站", "117.98", 34.84],
        ["s2", "二站", 117.99, 34.85],
    ]
    path = workbook(tmp_path / "站.xlsx", {"站": rows})
    read = read_layer(LayerSource(path, "facilities", id="编号", columns={"name": "名称"}, datum="cgcs2000"))
    assert read.table.crs.to_epsg() == 4490
    assert read.table.geometry.x.tolist() == [117.98, 117.99]
    assert read.table["name"].tolist() == ["一站", "二站"]
    assert codes(read.notices) == ["title-rows", "coordinates-guessed", "crs-from-names"]


def test_ledger_in_metres_is_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "站.csv"
    path.write_text(f"编号,东坐标,北坐标\ns1,{X0},{Y0}\n", encoding="utf-8")
    columns = {"x": "东坐标", "y": "北坐标"}
    read = read_layer(LayerSource(path, "facilities", id="编号", columns=columns, crs="EPSG:4548"))
    assert (read.table.geometry.x.iloc[0], read.table.geometry.y.iloc[0]) == (X0, Y0)
    assert read.notices == ()


def test_sheets_are_listed(tmp_path: Path) -> None:
    assert list_sheets(workbook(tmp_path / "a.xlsx", {"一": [["a"]], "二": [["b"]]})) == ["一", "二"]


def test_coordinates_by_name() -> None:
    assert guess_coordinates(["LNG", "LAT"]) == ("LNG", "LAT", True)
    assert guess_coordinates(["X", "Y"]) == ("X", "Y", False)
    assert guess_coordinates(["名称", "经度"]) is None


def test_a_sheet_keeps_its_row_numbers(tmp_path: Path) -> None:
    sheet = read_sheet(workbook(tmp_path / "a.xlsx", {"一": LEDGER}, MERGED), key="小区编号")
    assert sheet.frame.index.tolist() == [5, 6, 8]
    assert isinstance(sheet.frame, pd.DataFrame)
