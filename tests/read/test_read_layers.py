"""Good files of every format: the same town comes out of each."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from readworlds import CRS, X0, Y0, buildings, frame, line, point, square, write
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Polygon

from geoplan.model import BUILDINGS, ESTATES, Notice
from geoplan.read import LayerSource, list_layers, read_layer
from geoplan.read.encoding import EncodingError, cut_name, decide_csv, decide_dbf, decode_cut
from geoplan.read.values import parse_number

NAMES = ["兰花园一号楼", "兰花园二号楼", "东苑"]
COLUMNS = {"households": "总户数", "name": "楼栋名称"}


def chinese() -> gpd.GeoDataFrame:
    return buildings(总户数=[10, 20, 30], 楼栋名称=NAMES)[["BSM", "总户数", "楼栋名称", "geometry"]]


def source(path: Path, **options: object) -> LayerSource:
    return LayerSource(path, "buildings", **({"id": "BSM", "columns": COLUMNS, "datum": "cgcs2000"} | options))  # type: ignore[arg-type]


def codes(notices: tuple[Notice, ...]) -> set[str]:
    return {notice.code for notice in notices}


def check(read_source: LayerSource, crs: str = CRS) -> tuple[gpd.GeoDataFrame, tuple[Notice, ...]]:
    read = read_layer(read_source)
    table = read.table
    assert table.index.tolist() == ["b1", "b2", "b3"]
    assert table.index.name == "id"
    assert table["households"].tolist() == [10.0, 20.0, 30.0]
    assert table["name"].tolist() == NAMES
    assert table.crs.to_epsg() == int(crs.removeprefix("EPSG:"))
    assert [column.name for column in BUILDINGS] == [name for name in table.columns if name != "geometry"]
    areas = table.to_crs(CRS).area.to_numpy()
    assert areas == pytest.approx([400.0] * 3, rel=1e-3)
    return table, read.notices


@pytest.mark.parametrize(
    ("name", "driver", "crs"),
    [
        ("房屋.gpkg", "GPKG", CRS),
        ("房屋.fgb", "FlatGeobuf", CRS),
        ("房屋.gdb", "OpenFileGDB", CRS),
        ("房屋.geojson", "GeoJSON", "EPSG:4326"),
        ("房屋.geojson", "GeoJSON", "EPSG:4490"),
        ("房屋.kml", "KML", "EPSG:4326"),
        ("房屋.gml", "GML", CRS),
    ],
)
def test_formats(tmp_path: Path, name: str, driver: str, crs: str) -> None:
    options = {"SPATIAL_INDEX": "NO"} if driver == "FlatGeobuf" else {}
    path = write(tmp_path / name, chinese().to_crs(crs), driver=driver, **options)
    _, notices = check(source(path), crs)
    assert codes(notices) <= {"heights-left-out"}


def test_dxf_outlines_become_areas(tmp_path: Path) -> None:
    """A drawing has neither fields nor CRS: closed outlines are areas, rows are numbered, both said."""
    outlines = [shapely.boundary(square(0, 0)), shapely.boundary(square(50, 0))]
    path = write(tmp_path / "房屋.dxf", frame(outlines, Layer=["JMD", "DLSS"]), driver="DXF")
    read = read_layer(LayerSource(path, "buildings", crs=CRS, where={"Layer": "JMD"}, datum="cgcs2000"))
    assert read.table.index.tolist() == ["1"]
    assert read.table.geometry.iloc[0].equals(square(0, 0))
    assert {"rows-chosen", "row-numbers", "outlines-filled"} <= codes(read.notices)


def test_table_without_geometry_beside_a_layer_is_not_in_the_way(tmp_path: Path) -> None:
    path = write(tmp_path / "房屋.gpkg", chinese(), layer="房屋")
    write(path, pd.DataFrame({"a": [1]}), layer="说明", append=True)
    assert [name for name, kind in list_layers(path) if kind] == ["房屋"]
    check(source(path))


# --- shapefiles: encodings, cut names -------------------------------------------------------------------------------


def gbk_shapefile(folder: Path, *, cpg: str | None = None, ldid: int = 0, encoding: str = "GBK") -> Path:
    path = write(folder / "房屋.shp", chinese(), encoding=encoding)
    (folder / "房屋.cpg").unlink()
    if cpg is not None:
        (folder / "房屋.cpg").write_text(cpg)
    dbf = bytearray((folder / "房屋.dbf").read_bytes())
    dbf[29] = ldid
    (folder / "房屋.dbf").write_bytes(dbf)
    return path


@pytest.mark.parametrize(
    ("cpg", "ldid", "encoding", "reported"),
    [
        (None, 0, "GBK", "GB18030 (no .cpg, and the texts are not UTF-8)"),
        (None, 0x57, "GBK", "GB18030 (no .cpg, and the texts are not UTF-8)"),
        (None, 0x03, "GBK", "GB18030 (no .cpg, and the texts are not UTF-8)"),
        (None, 0x4D, "GBK", "GB18030 (the .dbf says so)"),
        (None, 0x4D, "UTF-8", "UTF-8 (no .cpg, and all texts are valid UTF-8)"),
        (None, 0, "UTF-8", "UTF-8 (no .cpg, and all texts are valid UTF-8)"),
        ("GBK", 0, "GBK", None),
        ("ANSI 936", 0x57, "GBK", None),
        ("UTF-8\n", 0x4D, "UTF-8", None),
    ],
)
def test_dbf_encodings(tmp_path: Path, cpg: str | None, ldid: int, encoding: str, reported: str | None) -> None:
    path = gbk_shapefile(tmp_path, cpg=cpg, ldid=ldid, encoding=encoding)
    _, notices = check(source(path))
    said = [str(notice.message) for notice in notices if notice.code == "encoding-detected"]
    assert said == ([f"房屋.shp: texts read as {reported}"] if reported else [])


def test_declared_encoding_needs_no_notice(tmp_path: Path) -> None:
    _, notices = check(source(gbk_shapefile(tmp_path), encoding="gb2312"))
    assert notices == ()


def test_western_texts_stay_western(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.shp", buildings(名=["Straße", "Café", "x"]).rename(columns={"名": "NAME"}), encoding="ISO-8859-1"
    )
    (tmp_path / "a.cpg").unlink()
    dbf = bytearray((tmp_path / "a.dbf").read_bytes())
    dbf[29] = 0x03
    (tmp_path / "a.dbf").write_bytes(dbf)
    read = read_layer(source(path, columns={"name": "NAME"}))
    assert read.table["name"].tolist() == ["Straße", "Café", "x"]


@pytest.mark.parametrize(("encoding", "kept"), [("UTF-8", "总建筑"), ("GBK", "总建筑面积")])
def test_names_cut_inside_a_character_are_found(tmp_path: Path, encoding: str, kept: str) -> None:
    """Ten bytes of UTF-8 end inside the fourth character: GDAL itself cannot read such a name."""
    path = write(tmp_path / "房屋.shp", buildings(总建筑面积平方米=[1.0, 2.0, 3.0]), encoding=encoding)
    read = read_layer(source(path, columns={"floor_area_m2": "总建筑面积平方米"}))
    assert read.table["floor_area_m2"].tolist() == [1.0, 2.0, 3.0]
    (notice,) = [n for n in read.notices if n.code == "field-name-differs"]
    assert f"'{kept}'" in str(notice.message)


def test_values_cut_inside_a_character_lose_only_that(tmp_path: Path) -> None:
    path = write(tmp_path / "房屋.shp", buildings(N=["x" * 10, "y", "z"]), encoding="UTF-8")
    dbf = (tmp_path / "房屋.dbf").read_bytes()
    at = dbf.index(b"x" * 10)
    width = 80  # GDAL's default width of texts
    cut = ("楼" * 30).encode("gbk")[: width - 1] + "楼".encode("gbk")[:1]
    text = (cut + b"\xc2" * width)[:width]
    (tmp_path / "房屋.dbf").write_bytes(dbf[:at] + text + dbf[at + width :])
    (tmp_path / "房屋.cpg").unlink()
    read = read_layer(source(path, columns={"name": "N"}))
    assert read.table["name"].iloc[0].startswith("楼" * 30)


def test_zipped_shapefile(tmp_path: Path) -> None:
    gbk_shapefile(tmp_path)
    for inside in ("", "数据/"):
        path = tmp_path / f"房屋{len(inside)}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("房屋.shp", "房屋.shx", "房屋.dbf", "房屋.prj"):
                archive.write(tmp_path / name, inside + name)
        _, notices = check(source(path))
        assert "encoding-detected" in codes(notices)


def test_upper_case_suffixes(tmp_path: Path) -> None:
    gbk_shapefile(tmp_path, cpg="GBK")
    for name in os.listdir(tmp_path):
        shutil.move(tmp_path / name, tmp_path / (name[:-4] + name[-4:].upper()))
    check(source(tmp_path / "房屋.SHP"))


def test_decisions_on_bytes() -> None:
    assert decide_csv("户".encode("utf-8-sig")).encoding == "utf-8-sig"
    assert decide_csv("户数".encode("utf-16")).encoding == "utf-16"
    assert decide_csv(b"a,b").ascii
    assert cut_name("name_of_the_field", "utf-8") == "name_of_th"
    assert decode_cut(b"", "gb18030") == ""
    with pytest.raises(EncodingError):
        decide_csv(b"\xff\xff\xff")
    assert decide_dbf(b"").ascii


# --- ids, columns, values -------------------------------------------------------------------------------------------


def test_ids_are_texts(tmp_path: Path) -> None:
    """A spreadsheet's 1.0 is 1; leading zeros stay; blanks at the ends go."""
    path = write(tmp_path / "a.gpkg", buildings(N=[1.0, 2.0, 30.0], Z=["007", " 7 ", "07"]))
    assert read_layer(source(path, id="N", columns={})).table.index.tolist() == ["1", "2", "30"]
    assert read_layer(source(path, id="Z", columns={})).table.index.tolist() == ["007", "7", "07"]


def test_rows_without_ids_are_numbered_and_it_is_said(tmp_path: Path) -> None:
    read = read_layer(source(write(tmp_path / "a.gpkg", buildings()), id="", columns={}))
    assert read.table.index.tolist() == ["1", "2", "3"]
    assert codes(read.notices) == {"row-numbers"}


def test_columns_of_the_same_name_are_taken_and_constants_fill(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", buildings(floors=[1, 2, 3], name=["a", None, " c "]))
    table = read_layer(source(path, columns={}, values={"residential_share": 0.5, "communities": "u1"})).table
    assert table["floors"].tolist() == [1.0, 2.0, 3.0]
    assert table["name"].tolist() == ["a", "", "c"]
    assert table["residential_share"].tolist() == [0.5] * 3
    assert table["communities"].tolist() == ["u1"] * 3
    assert np.isnan(table["households"]).all()
    assert table["estate"].tolist() == [None] * 3
    assert table["estimated"].dtype == "boolean"


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,234", "１２３", "86户"], [1234.0, 123.0, 86.0]),
        (["", "—", "无"], [np.nan] * 3),
        ([None, "3.50", "1e3"], [np.nan, 3.5, 1000.0]),
        (["1，234，567", " 5 ", "暂无"], [1234567.0, 5.0, np.nan]),
    ],
)
def test_numbers_kept_as_text(tmp_path: Path, cells: list[str], numbers: list[float]) -> None:
    read = read_layer(source(write(tmp_path / "a.gpkg", buildings(ZHS=cells)), columns={"households": "ZHS"}))
    np.testing.assert_equal(read.table["households"].to_numpy(), numbers)
    assert ("units-cut" in codes(read.notices)) == ("86户" in cells)


@pytest.mark.parametrize("cells", [["1998年", "2003年5月", ""], ["1998-05-01", "2003/5/1", None], [1998, 2003, None]])
def test_years(tmp_path: Path, cells: list[object]) -> None:
    shapes = [square(300.0 * i, 0, 200) for i in range(3)]
    path = write(tmp_path / "a.gpkg", frame(shapes, JZND=cells))
    found = read_layer(LayerSource(path, "estates", columns={"year": "JZND"})).table["year"]
    np.testing.assert_equal(found.to_numpy(), [1998.0, 2003.0, np.nan])


def test_years_kept_as_dates(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", frame([square(0, 0, 200)], JZND=[pd.Timestamp("1998-05-01")]))
    assert read_layer(LayerSource(path, "estates", columns={"year": "JZND"})).table["year"].tolist() == [1998.0]


def test_lists_in_a_field_are_texts(tmp_path: Path) -> None:
    """GeoJSON may hold lists, which no table of a planner does."""
    path = tmp_path / "a.geojson"
    text = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "a", "n": ["x", "y"]}, '
    path.write_text(text + '"geometry": {"type": "Point", "coordinates": [118, 34]}}]}', encoding="utf-8")
    table = read_layer(LayerSource(path, "facilities", id="id", columns={"name": "n"})).table
    assert "x" in table["name"].iloc[0]


def test_uses_become_shares(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", buildings(FWYT=["普通住宅", "商业", "商住"]))
    read = read_layer(source(path, columns={"residential_share": "FWYT"}))
    assert read.table["residential_share"].tolist() == [1.0, 0.0, 0.5]
    assert "use-as-share" in codes(read.notices)


def test_yes_and_no(tmp_path: Path) -> None:
    shapes = [square(300.0 * i, 0, 200) for i in range(4)]
    path = write(tmp_path / "a.gpkg", frame(shapes, F=["封闭", "开放式", "", None], T=[True, False, True, False]))
    table = read_layer(LayerSource(path, "estates", columns={"walled": "F", "through": "T"})).table
    assert table["walled"].tolist() == [True, False, pd.NA, pd.NA]
    assert table["through"].tolist() == [True, False, True, False]
    assert {column.name for column in ESTATES} <= set(table.columns)


# --- geometries -----------------------------------------------------------------------------------------------------


def one(folder: Path, role: str, shape: object, **options: object) -> tuple[object, set[str]]:
    path = write(folder / "a.gpkg", frame([shape], BSM=["a"]))  # type: ignore[list-item]
    read = read_layer(LayerSource(path, role, id="BSM", **options))  # type: ignore[arg-type]
    return read.table.geometry.iloc[0], codes(read.notices)


def test_heights_are_left_out(tmp_path: Path) -> None:
    shape, said = one(tmp_path, "buildings", shapely.force_3d(square(0, 0), 5.0))
    assert not shape.has_z  # type: ignore[attr-defined]
    assert shape == square(0, 0)
    assert "heights-left-out" in said


def wkt_file(folder: Path, text: str) -> Path:
    """A layer of one shape of any kind, such as pyogrio does not write."""
    (folder / "形.csv").write_text(f'id,WKT\n1,"{text}"\n', encoding="utf-8")
    path = folder / "形.vrt"
    path.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="形"><SrcDataSource relativeToVRT="1">形.csv</SrcDataSource>'
        f"<GeometryType>wkbUnknown</GeometryType><LayerSRS>{CRS}</LayerSRS>"
        '<GeometryField encoding="WKT" field="WKT"/></OGRVRTLayer></OGRVRTDataSource>',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("kind", ["M", "ZM"])
def test_measures_are_left_out(tmp_path: Path, kind: str) -> None:
    path = wkt_file(tmp_path, f"POINT {kind} ({X0} {Y0} 7{' 8' * (len(kind) - 1)})")
    read = read_layer(LayerSource(path, "facilities", id="id"))
    assert read.table.geometry.iloc[0] == point(0, 0)
    assert codes(read.notices) == ({"heights-left-out"} if "Z" in kind else set())


def test_curves_become_lines(tmp_path: Path) -> None:
    """A full circle of 100 m radius drawn as arcs."""
    west, east, south, north = f"{X0 - 100} {Y0}", f"{X0 + 100} {Y0}", f"{X0} {Y0 - 100}", f"{X0} {Y0 + 100}"
    path = wkt_file(tmp_path, f"CURVEPOLYGON(CIRCULARSTRING({west},{north},{east},{south},{west}))")
    table = read_layer(LayerSource(path, "estates", id="id")).table
    assert table.geometry.iloc[0].area == pytest.approx(np.pi * 100.0**2, rel=1e-3)


def test_collections_of_one_kind_are_opened(tmp_path: Path) -> None:
    shape, said = one(tmp_path, "estates", GeometryCollection([square(0, 0), square(50, 0)]))
    assert shape == MultiPolygon([square(0, 0), square(50, 0)])
    assert "collections-opened" in said


def test_lines_left_in_an_area_by_an_overlay_are_left_out(tmp_path: Path) -> None:
    shape, said = one(tmp_path, "estates", GeometryCollection([square(0, 0), line((20, 20), (90, 90)), point(5, 5)]))
    assert shape == square(0, 0)
    assert said == {"parts-left-out"}


def test_areas_of_facilities_become_a_point_inside(tmp_path: Path) -> None:
    ring = Polygon(square(0, 0, 90).exterior, [square(30, 30, 30).exterior])
    shape, said = one(tmp_path, "facilities", ring)
    assert shape.within(ring)  # type: ignore[attr-defined]
    assert "areas-to-points" in said


def test_multipoint_of_one_gate(tmp_path: Path) -> None:
    shape, said = one(tmp_path, "gates", MultiPoint([point(1, 2)]))
    assert shape == point(1, 2)
    assert "collections-opened" in said


def test_closed_outlines_become_areas(tmp_path: Path) -> None:
    shape, said = one(tmp_path, "units", LineString(square(0, 0, 500).exterior.coords))
    assert shape == square(0, 0, 500)
    assert "outlines-filled" in said


def test_green_land(tmp_path: Path) -> None:
    shapes = [square(0, 0, 90), LineString(square(200, 0, 50).exterior.coords)]
    path = write(tmp_path / "绿地.gpkg", frame(shapes, BSM=["l1", "l2"], MC=["河滨公园", ""], LX=["公园", "农田"]))
    read = read_layer(LayerSource(path, "green", id="BSM", columns={"name": "MC", "kind": "LX"}))
    assert read.table.geometry.tolist() == [square(0, 0, 90), square(200, 0, 50)]
    assert read.table[["name", "kind"]].to_dict("list") == {"name": ["河滨公园", ""], "kind": ["公园", "农田"]}
    assert "outlines-filled" in codes(read.notices)


def test_doors_of_one_facility(tmp_path: Path) -> None:
    shapes = [point(0, 0), point(9, 0), point(50, 0)]
    path = write(tmp_path / "a.gpkg", frame(shapes, BSM=["f1", "f1", "f2"], MC=["站", "站", "校"]))
    read = read_layer(LayerSource(path, "facilities", id="BSM", columns={"name": "MC"}, doors=True))
    assert read.table.index.tolist() == ["f1", "f2"]
    assert read.table.geometry.tolist() == [MultiPoint([point(0, 0), point(9, 0)]), point(50, 0)]
    assert read.table["name"].tolist() == ["站", "校"]
    assert read.notices == ()


def test_doors_that_differ_are_said(tmp_path: Path) -> None:
    shapes = [point(0, 0), point(9, 0), point(50, 0)]
    path = write(tmp_path / "a.gpkg", frame(shapes, BSM=["f1", "f1", "f2"], MC=["东门", "西门", "校"]))
    read = read_layer(LayerSource(path, "facilities", id="BSM", columns={"name": "MC"}, doors=True))
    assert read.table["name"].tolist() == ["东门", "校"]
    assert [str(n.message) for n in read.notices] == ["a.gpkg: doors of one facility differ, the first row counts: f1"]


def test_streets_stay_raw(tmp_path: Path) -> None:
    """Fields that noding understands by themselves go along; nothing is filled in."""
    path = write(tmp_path / "a.gpkg", frame([line((0, 0), (9, 0))], BSM=["s"], bridge=["yes"], DLMC=["路"], CS=[1]))
    read = read_layer(LayerSource(path, "streets", id="BSM", columns={"name": "DLMC"}))
    assert read.raw_streets
    assert set(read.table.columns) == {"name", "bridge", "geometry"}


# --- CRS ------------------------------------------------------------------------------------------------------------


def test_crs_declared_where_the_file_names_none(tmp_path: Path) -> None:
    table = chinese().set_crs(None, allow_override=True)
    check(source(write(tmp_path / "a.gpkg", table), crs=CRS))
    check(source(write(tmp_path / "b.gpkg", chinese()), crs="4548"))


def test_geojson_in_metres_may_say_so(tmp_path: Path) -> None:
    """By its standard GeoJSON is WGS 84; files in metres exist all the same and can be declared."""
    path = write(tmp_path / "a.geojson", chinese().set_crs(None, allow_override=True))
    check(source(path, crs=CRS))


def test_reading_changes_nothing(tmp_path: Path) -> None:
    given = source(write(tmp_path / "a.gpkg", chinese()))
    before = (dict(given.columns), dict(given.values), sorted(p.name for p in tmp_path.iterdir()))
    first, second = read_layer(given).table, read_layer(given).table
    assert first.equals(second)
    assert (dict(given.columns), dict(given.values), sorted(p.name for p in tmp_path.iterdir())) == before


def test_a_very_long_cell_is_refused_in_one_pass() -> None:
    """Digits without end and then a letter: an expression that goes back and forth takes hours here."""
    with pytest.raises(ValueError, match="3333"):
        parse_number("3" * 200_000 + "x")
