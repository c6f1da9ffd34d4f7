"""Bad files: one message each that names the file, the rows, what was needed and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from readworlds import (
    CRS,
    X0,
    Y0,
    buildings,
    frame,
    line,
    move,
    point,
    square,
    town_files,
    workbook,
    write,
)
from shapely import GeometryCollection, LineString, Point, Polygon, box, transform
from shapely.affinity import translate

from geoplan.errors import InputError, Where
from geoplan.read import (
    AssembleOptions,
    HouseholdOptions,
    LayerSource,
    TableJoin,
    assemble_town,
    read_layer,
    read_layers,
)
from geoplan.text import render_error

Source = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What is spoilt, and the fault that must come of it."""

    name: str
    make: Callable[[Path], object]
    code: str
    file: str = "房屋.gpkg"
    rows: tuple[str, ...] = ()
    mend: str = ""
    given: str = ""


def read(path: Path, **options: Any) -> object:
    """Read a layer of buildings unless another role is named."""
    role = options.pop("role", "buildings")
    options.setdefault("datum", "cgcs2000")
    return read_layer(LayerSource(path, role, **options))


def layer(
    change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame | None] | None = None, **options: Any
) -> Callable[[Path], object]:
    """A case that spoils the table of buildings, then reads it."""
    write_options = options.pop("write", {})

    def make(folder: Path) -> object:
        table = buildings()
        if change is not None:
            changed = change(table)
            table = table if changed is None else changed
        given = {"id": "BSM", "columns": {"households": "ZHS"}} | options
        return read(write(folder / "房屋.gpkg", table, **write_options), **given)

    return make


def shapes(*geometries: Any, role: str = "buildings", **options: Any) -> Callable[[Path], object]:
    """A case that reads a layer of these shapes, rows a, b, c, ..."""

    def make(folder: Path) -> object:
        table = frame(geometries, BSM=list("abcdef"[: len(geometries)]))
        return read(write(folder / "房屋.gpkg", table), role=role, id="BSM", **options)

    return make


def degrees(shape: Polygon, lon: float, lat: float) -> Polygon:
    return transform(shape, lambda xy: (xy - [X0, Y0]) * 1e-5 + [lon, lat])


def coordinates(shift: Callable[[Polygon], Polygon], crs: str | None) -> Callable[[Path], object]:
    def change(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=[shift(s) for s in table.geometry], crs=crs)

    return layer(change)


def bytes_file(name: str, content: bytes, **options: Any) -> Callable[[Path], object]:
    def make(folder: Path) -> object:
        (folder / name).write_bytes(content)
        return read(folder / name, **options)

    return make


def shapefile(spoil: Callable[[Path], None]) -> Callable[[Path], object]:
    """A case with a shapefile whose texts are Chinese."""

    def make(folder: Path) -> object:
        path = write(folder / "房屋.shp", buildings(名称=["兰花园一号", "兰花园二号", "东苑"]), encoding="GBK")
        spoil(folder)
        return read(path, id="BSM")

    return make


def joined(
    rows: list[list[object]], *, key: str = "编号", on: str = "", ids: list[str] | None = None, **columns: str
) -> Callable[[Path], object]:
    """A case that joins a ledger to the buildings."""

    def make(folder: Path) -> object:
        table = workbook(folder / "台账.xlsx", {"小区": rows})
        layer_table = buildings() if ids is None else buildings(XQ=ids)
        join = TableJoin(table, key=key, columns=columns or {"households": "户数"}, on=on)
        return read(write(folder / "房屋.gpkg", layer_table), id="BSM", tables=(join,))

    return make


def ledger_text(text: str) -> Callable[[Path], object]:
    """A case that joins a ledger in a text file to the buildings."""

    def make(folder: Path) -> object:
        (folder / "台账.csv").write_text(text, encoding="utf-8")
        join = TableJoin(folder / "台账.csv", key="编号", columns={"households": "户数"})
        return read(write(folder / "房屋.gpkg", buildings()), id="BSM", tables=(join,))

    return make


def book(sheets: dict[str, list[list[object]]], **options: Any) -> Callable[[Path], object]:
    """A case that reads a ledger of points."""

    def make(folder: Path) -> object:
        return read(workbook(folder / "台账.xlsx", sheets), **({"role": "facilities"} | options))

    return make


def town(
    change: Callable[[dict[str, gpd.GeoDataFrame]], None] | None = None,
    *,
    without: tuple[str, ...] = (),
    crs: str = "auto",
    households: HouseholdOptions | None = None,
    **sources: Source,
) -> Callable[[Path], object]:
    """A case that spoils the town's tables or sources, then puts it together."""

    def make(folder: Path) -> object:
        files = town_files(folder, change)
        chosen = [replace(source, **sources.get(role, {})) for role, source in files.items() if role not in without]
        options = AssembleOptions(households=households or HouseholdOptions())
        return assemble_town("镇", read_layers(chosen), crs=crs, options=options)

    return make


def set_cell(column: str, row: int, value: object) -> Callable[[gpd.GeoDataFrame], None]:
    def change(table: gpd.GeoDataFrame) -> None:
        cells = table[column].astype(object).tolist()
        cells[row] = value
        table[column] = pd.Series(cells, dtype="str" if isinstance(value, str) else None)

    return change


def set_role(role: str, column: str, value: object) -> Callable[[dict[str, gpd.GeoDataFrame]], None]:
    return lambda tables: set_cell(column, 0, value)(tables[role])


def no_dbf(folder: Path) -> None:
    (folder / "房屋.dbf").unlink()


def no_cpg(folder: Path) -> None:
    (folder / "房屋.cpg").unlink()


def say_utf8(folder: Path) -> None:
    (folder / "房屋.cpg").write_text("UTF-8")


def say_nonsense(folder: Path) -> None:
    (folder / "房屋.cpg").write_text("KLINGON")


def broken_bytes(folder: Path) -> None:
    """Bytes that neither UTF-8 nor GB 18030 allows, and no word of the encoding."""
    no_cpg(folder)
    path = folder / "房屋.dbf"
    path.write_bytes(path.read_bytes().replace("东苑".encode("gbk"), b"\xff\xff\xff\xff"))


def cut_short(folder: Path) -> None:
    path = folder / "房屋.shp"
    path.write_bytes(path.read_bytes()[:60])


def declared_wrongly(folder: Path) -> object:
    path = write(folder / "房屋.shp", buildings(名称=["兰花园一号", "兰花园二号", "东苑"]), encoding="GBK")
    return read(path, id="BSM", encoding="UTF-8")


BOWTIE = Polygon([(X0, Y0), (X0 + 20, Y0 + 20), (X0 + 20, Y0), (X0, Y0 + 20)])
LOCAL = (
    'ENGCRS["某县独立坐标系",EDATUM["Unknown engineering datum"],CS[Cartesian,2],'
    'AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]'
)
TITLE = ["小区台账（2026年）", None, None]
HEAD = ["编号", "户数", "人口"]

CASES = [
    Case("no such file", lambda f: read(f / "没有.shp"), "missing-file", "没有.shp", mend="spelling"),
    Case("no such table", joined([HEAD, ["b1", 1, 2]], key="没有"), "missing-column", "台账.xlsx", given="编号, 户数"),
    Case("shapefile without its table", shapefile(no_dbf), "missing-file", "房屋.shp", mend="copy all files"),
    Case("shapefile cut short", shapefile(cut_short), "unreadable-file", "房屋.shp", mend="QGIS"),
    Case("no database", bytes_file("房屋.gpkg", b"junk" * 99), "unreadable-file", mend="export it again"),
    Case("no JSON", bytes_file("房屋.geojson", b'{"type": "Feat'), "unreadable-file", "房屋.geojson"),
    Case(
        "no workbook",
        bytes_file("台账.xlsx", b"PK junk", role="facilities"),
        "unreadable-file",
        "台账.xlsx",
        mend="save it as .xlsx",
    ),
    Case(
        "a text table of bytes",
        bytes_file("台账.csv", b"\x00\x01" * 50, role="facilities"),
        "unreadable-file",
        "台账.csv",
    ),
    Case("unknown layer", layer(layer="小区"), "missing-layer", given="房屋"),
    Case(
        "two layers and no name",
        lambda f: read(write(write(f / "房屋.gpkg", buildings(), layer="a"), buildings(), layer="b", append=True)),
        "layer-not-named",
        given="a, b",
        mend="layer =",
    ),
    Case("unknown sheet", book({"一": [HEAD]}, layer="二"), "missing-sheet", "台账.xlsx", given="一"),
    Case("two sheets and no name", book({"一": [HEAD], "二": [HEAD]}), "sheet-not-named", "台账.xlsx", given="一, 二"),
    Case("empty sheet", book({"一": []}), "empty-layer", "台账.xlsx"),
    Case(
        "formulas never calculated",
        joined([HEAD, ["b1", "=1+1", 2]]),
        "formula-without-value",
        "台账.xlsx",
        ("#2",),
        "Excel",
    ),
    Case("unknown field", layer(columns={"households": "总户"}), "missing-column", given="ZHS"),
    Case("unknown field, nearly right", layer(columns={"households": "ZHSS"}), "missing-column", mend="'ZHS'"),
    Case("unknown field of ids", layer(id="编号"), "missing-column", mend="project file"),
    Case("misspelt column", layer(columns={"houshold": "ZHS"}), "unknown-column", mend="'households'"),
    Case("no CRS", layer(lambda t: t.set_crs(None, allow_override=True)), "no-crs", mend="EPSG:4534 to 4554"),
    Case("unknown CRS", layer(crs="EPSG:999999"), "unknown-crs", given="EPSG:999999"),
    Case("two CRS", layer(crs="EPSG:4549"), "two-crs", mend="take crs out"),
    Case(
        "degrees as metres",
        coordinates(lambda s: degrees(s, 118, 34.8), CRS),
        "degrees-for-metres",
        mend="EPSG:4490",
    ),
    Case("metres as degrees", coordinates(lambda s: s, "EPSG:4490"), "metres-for-degrees", mend="EPSG:4534"),
    Case(
        "latitude first",
        coordinates(lambda s: degrees(s, 34.8, 118), "EPSG:4490"),
        "swapped-axes",
        mend="exchange",
    ),
    Case(
        "latitude first in the west",
        coordinates(lambda s: degrees(s, 39.5, 76), "EPSG:4490"),
        "swapped-axes",
    ),
    Case("north first", coordinates(lambda s: translate(s, Y0 - X0, X0 - Y0), CRS), "swapped-axes", mend="exchange"),
    Case("with the zone's number", coordinates(lambda s: translate(s, 39e6, 0), CRS), "outside-crs", mend="EPSG:4527"),
    Case("without the zone's number", coordinates(lambda s: s, "EPSG:4527"), "outside-crs", mend="EPSG:4548"),
    Case(
        "coordinates of a local grid",
        coordinates(lambda s: translate(s, 4000 - X0, 3000 - Y0), CRS),
        "outside-crs",
        mend="local grid",
    ),
    Case("a local grid", layer(lambda t: t.set_crs(LOCAL, allow_override=True)), "local-grid", mend="surveying office"),
    Case("no rows", layer(lambda t: t.iloc[:0]), "empty-layer", mend="filter"),
    Case("no rows chosen", layer(where={"CS": "99"}), "empty-layer"),
    Case("an id missing", layer(set_cell("BSM", 1, "")), "missing-id", rows=("#2",), mend="fill in"),
    Case("ids twice", layer(set_cell("BSM", 1, "b1")), "duplicate-id", rows=("b1",), mend="its own id"),
    Case("ids twice but for blanks", layer(set_cell("BSM", 1, " b1 ")), "duplicate-id", rows=("b1",)),
    Case("negative households", layer(set_cell("ZHS", 2, -3)), "below-minimum", rows=("b3",), given="-3"),
    Case("households in words", layer(set_cell("ZHS", 1, "约20")), "not-a-number", rows=("b2",), given="约20"),
    Case("ambiguous number", layer(set_cell("ZHS", 0, "1,23")), "not-a-number", rows=("b1",), mend="plain digits"),
    Case("infinite households", layer(set_cell("ZHS", 0, np.inf)), "not-a-number", rows=("b1",)),
    Case(
        "a share in percent",
        layer(columns={"residential_share": "CS"}),
        "above-maximum",
        rows=("b1", "b2", "b3"),
        mend="0.8 for 80 %",
    ),
    Case(
        "neither yes nor no",
        shapes(square(0, 0, 200), role="estates", values={"walled": "半封闭"}),
        "not-yes-or-no",
        rows=("a",),
        given="半封闭",
    ),
    Case(
        "a decade for a year",
        shapes(square(0, 0, 200), role="estates", values={"year": "90年代"}),
        "not-a-number",
        rows=("a",),
        given="90年代",
    ),
    Case("a shape missing", shapes(square(0, 0), None), "empty-geometry", rows=("b",), mend="delete these rows"),
    Case("an empty shape", shapes(Polygon(), square(0, 0)), "empty-geometry", rows=("a",)),
    Case(
        "an outline that crosses itself",
        shapes(square(0, 0), BOWTIE),
        "invalid-geometry",
        rows=("b",),
        mend="Fix geometries",
    ),
    Case("streets drawn as points", shapes(point(0, 0), role="streets"), "wrong-geometry", rows=("a",), given="Point"),
    Case("green land drawn as points", shapes(point(0, 0), role="green"), "wrong-geometry", rows=("a",), given="Point"),
    Case(
        "green land that crosses itself",
        shapes(square(0, 0), BOWTIE, role="green"),
        "invalid-geometry",
        rows=("b",),
        mend="Fix geometries",
    ),
    Case(
        "a line among green land",
        shapes(square(0, 0), line((0, 0), (9, 0), (9, 9)), role="green"),
        "wrong-geometry",
        rows=("b",),
        mend="closed",
    ),
    Case(
        "an outline that is open",
        shapes(square(0, 0), line((0, 0), (9, 0), (9, 9))),
        "wrong-geometry",
        rows=("b",),
        mend="closed",
    ),
    Case(
        "a collection of two kinds",
        shapes(GeometryCollection([square(0, 0), line((0, 0), (5, 5))]), line((0, 0), (5, 5)), role="streets"),
        "wrong-geometry",
        rows=("a",),
        mend="one kind",
    ),
    Case("gates of several points", shapes(line((0, 0), (1, 1)), role="gates"), "wrong-geometry", rows=("a",)),
    Case(
        "a street of zero length",
        shapes(line((0, 0), (9, 0)), line((0, 0), (0, 0)), role="streets"),
        "zero-length",
        rows=("b",),
        mend="delete these rows",
    ),
    Case(
        "infinite coordinates",
        shapes(LineString([(X0, Y0), (np.inf, Y0)]), line((0, 0), (9, 0)), role="streets"),
        "endless-geometry",
        rows=("a",),
    ),
    Case(
        "a ledger without coordinates",
        book({"一": [HEAD, ["1", 2, 3]]}),
        "no-coordinates",
        "台账.xlsx",
        mend='x = "..."',
    ),
    Case(
        "coordinates in words",
        book({"一": [["名称", "经度", "纬度"], ["站", "东经118度", 34.8]]}),
        "not-a-number",
        "台账.xlsx",
        ("#2",),
    ),
    Case("a ledger in metres without CRS", book({"一": [["名称", "x", "y"], ["站", X0, Y0]]}), "no-crs", "台账.xlsx"),
    Case("no field for the key", joined([["户数"], [3]]), "missing-column", "台账.xlsx", mend="project file"),
    Case(
        "keys twice",
        joined([HEAD, ["b1", 1, 2], ["b1", 3, 4]]),
        "duplicate-key",
        "台账.xlsx",
        ("b1",),
        "one row for each",
    ),
    Case("a key missing", joined([HEAD, [None, 1, 2], ["b1", 3, 4]]), "missing-id", "台账.xlsx", ("#2",)),
    Case(
        "GBK in a GeoJSON file",
        bytes_file(
            "大门.geojson",
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"MC": "东门"}, '
            '"geometry": {"type": "Point", "coordinates": [117.9, 34.9]}}]}'.encode("gbk"),
            role="gates",
        ),
        "wrong-encoding",
        "大门.geojson",
        mend="UTF-8",
    ),
    Case("a comma in an address", ledger_text("编号,户数\nb1,3,东街,5号\nb2,4,\n"), "ragged-rows", "台账.csv", ("#2",)),
    Case("a quote without an end", ledger_text(f'编号,户数\nb1,"{"3" * 140_000}\n'), "unreadable-file", "台账.csv"),
    Case("no key in common", joined([HEAD, ["x1", 1, 2]]), "no-match", "台账.xlsx", mend="key and on"),
    Case(
        "an estate's count for each building",
        joined([HEAD, ["e1", 100, 262]], on="XQ", ids=["e1", "e1", "e2"]),
        "counted-twice",
        "台账.xlsx",
        ("b1", "b2"),
        "estates layer",
    ),
    Case("a negative count in a joined column", joined([HEAD, ["b1", -1, 2]]), "below-minimum", "台账.xlsx", ("b1",)),
    Case("words in a joined column", joined([HEAD, ["b1", "很多", 2]]), "not-a-number", "台账.xlsx", rows=("b1",)),
    Case("wrong encoding in the .cpg", shapefile(say_utf8), "wrong-encoding", "房屋.shp", mend=".cpg"),
    Case("wrong encoding declared", declared_wrongly, "wrong-encoding", "房屋.shp", mend="leave encoding out"),
    Case("unknown encoding in the .cpg", shapefile(say_nonsense), "wrong-encoding", "房屋.shp", mend=".cpg"),
    Case(
        "texts in no encoding",
        shapefile(broken_bytes),
        "wrong-encoding",
        "房屋.shp",
        given="ff ff",
    ),
    Case(
        "a CSV that is not what was declared",
        bytes_file("台账.csv", "名称,x,y\n站,1,2\n".encode("gbk"), role="facilities", encoding="UTF-8"),
        "wrong-encoding",
        "台账.csv",
        mend="leave encoding out",
    ),
    Case("mixed datums", town(facilities={"datum": "gcj02"}), "mixed-datums", "buildings.fgb", mend="convert = true"),
    Case("no facilities", town(without=("facilities",)), "missing-layer", "", mend="[[layers]]"),
    Case(
        "a building far away",
        town(lambda t: move(t["buildings"], 2, 9000)),
        "outside-streets",
        "buildings.fgb",
        ("b3",),
        "delete these rows",
    ),
    Case(
        "all facilities far away",
        town(lambda t: move(t["facilities"], 0, 9000)),
        "outside-streets",
        "facilities.fgb",
        ("f1",),
        "CRS",
    ),
    Case(
        "far outside the units, without streets",
        town(lambda t: move(t["buildings"], 2, 9000), without=("streets",)),
        "outside-units",
        "buildings.fgb",
        ("b3",),
    ),
    Case(
        "a gate of no estate",
        town(set_role("gates", "XQBH", "e9")),
        "missing-reference",
        "gates.fgb",
        ("g1",),
        given="e9",
    ),
    Case(
        "a door of no building",
        town(set_role("entrances", "LDBH", "b9")),
        "missing-reference",
        "entrances.fgb",
        ("d1",),
    ),
    Case("a door that names none", town(set_role("entrances", "LDBH", "")), "missing-value", "entrances.fgb", ("d1",)),
    Case(
        "a facility of no unit",
        town(set_role("facilities", "SSSQ", "u9")),
        "missing-reference",
        "facilities.fgb",
        ("f1",),
    ),
    Case(
        "a building of no estate",
        town(buildings={"columns": {"households": "ZHS", "people_resident": "RKS", "estate": "CS"}}),
        "missing-reference",
        "buildings.fgb",
        ("b1", "b2", "b3"),
        given="6, 3",
    ),
    Case(
        "a column of no level",
        town(buildings={"columns": {"households": "ZHS", "people_resident": "RKS", "网格": "CS"}}),
        "unknown-column",
        "buildings.fgb",
        given="网格",
    ),
    Case("units of no level", town(units={"level": ""}), "no-level", "units.fgb", mend="communities"),
    Case("a level above that is not there", town(units={"parent": "subdistricts"}), "missing-level", "units.fgb"),
    Case(
        "a unit above that is not there",
        town(units={"parent": "communities", "columns": {"parent": "SSJD"}}),
        "missing-reference",
        "units.fgb",
        ("u1",),
        given="j1",
    ),
    Case(
        "a total below the counts",
        town(set_role("buildings", "ZHS", np.nan), households=HouseholdOptions(total=5)),
        "wrong-total",
        "buildings.fgb",
        mend="households.total",
    ),
    Case("a town in degrees", town(crs="EPSG:4490"), "no-metre-crs", "", mend="auto"),
    Case("a town in Web Mercator", town(crs="EPSG:3857"), "no-metre-crs", ""),
    Case("a town in a zone far off", town(crs="EPSG:4534"), "outside-crs", "", given="4534", mend="EPSG:4548"),
    Case("a town in no CRS", town(crs="梁山坐标"), "unknown-crs", "", mend="EPSG:"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_named(case: Case, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        case.make(tmp_path)
    found = {fault.code: fault for fault in caught.value.faults}
    assert case.code in found, str(caught.value)
    fault = found[case.code]
    assert case.file in fault.where.file
    assert bool(case.file) == bool(fault.where.file)
    assert fault.where.rows == case.rows
    assert case.mend in str(fault.mend)
    assert case.given in str(fault.given)
    assert str(fault.needed)
    for language in ("en", "zh"):
        assert str(fault.where.file) in render_error(caught.value, language)
    assert str(tmp_path) not in render_error(caught.value, "en").replace(f"there is none in {tmp_path}", "")


@pytest.mark.parametrize("name", ["房屋.shp", "房屋.dbf", "台账.csv"])
def test_files_that_the_system_withholds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "房屋.shp", buildings())
    (tmp_path / "台账.csv").write_text("编号,户数\nb1,3\n", encoding="utf-8")
    really = Path.open

    def withhold(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", withhold)
    with pytest.raises(InputError, match=f"{name}: needed a file that can be read; given Permission denied"):
        read(path, id="BSM", tables=(TableJoin(tmp_path / "台账.csv", key="编号", columns={"households": "户数"}),))


def test_there_are_many_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    table = buildings(BSM=["b1", "b1", ""], ZHS=["x", "-2", "3"])
    table["geometry"] = [square(0, 0), BOWTIE, None]
    table = table.set_crs(None, allow_override=True)
    path = write(tmp_path / "房屋.gpkg", table)
    with pytest.raises(InputError) as caught:
        read(path, id="BSM", columns={"households": "ZHS", "floors": "楼层"})
    assert {fault.code for fault in caught.value.faults} == {
        "missing-column",
        "missing-id",
        "duplicate-id",
        "not-a-number",
        "below-minimum",
        "invalid-geometry",
        "empty-geometry",
    }


def test_faults_are_told_at_the_file_that_the_cell_is_from(tmp_path: Path) -> None:
    """A ledger of one building with a count, over a layer that has counts for all."""
    rows = [["编号", "户数"], ["b1", -1], ["b2", None]]
    table = workbook(tmp_path / "台账.xlsx", {"小区": rows, "说明": [["文字"]]})
    path = write(tmp_path / "房屋.gpkg", buildings(ZHS=["8", "-2", "多"]))
    join = TableJoin(table, key="编号", columns={"households": "户数"}, sheet="小区")
    with pytest.raises(InputError) as caught:
        read(path, id="BSM", columns={"households": "ZHS"}, tables=(join,))
    assert {(f.code, str(f.given), f.where) for f in caught.value.faults} == {
        ("below-minimum", "-1", Where("台账.xlsx", "小区", "户数", ("b1",))),
        ("below-minimum", "-2", Where("房屋.gpkg", "", "ZHS", ("b2",))),
        ("not-a-number", "'多'", Where("房屋.gpkg", "", "ZHS", ("b3",))),
    }


def test_faults_of_several_files_come_at_once(tmp_path: Path) -> None:
    sources = [LayerSource(tmp_path / name, "buildings") for name in ("一.shp", "二.gpkg")]
    with pytest.raises(InputError) as caught:
        read_layers(sources)
    assert [fault.where.file for fault in caught.value.faults] == ["一.shp", "二.gpkg"]


def test_point_buildings_need_a_count(tmp_path: Path) -> None:
    def change(tables: dict[str, gpd.GeoDataFrame]) -> None:
        tables["buildings"] = frame(
            [point(20, 20), point(60, 20)], BSM=["b1", "b2"], ZHS=[5.0, np.nan], RKS=[9.0, np.nan], CS=[1, 1]
        )

    with pytest.raises(InputError) as caught:
        town(change)(tmp_path)
    assert [(f.code, f.where.rows) for f in caught.value.faults] == [("no-households", ("b2",))]


def test_ids_of_two_files_are_compared(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    more = write(tmp_path / "更多.gpkg", frame([square(60, 60), square(90, 60)], BSM=["b9", "b2"]))
    sources = [*files.values(), LayerSource(more, "buildings", id="BSM", datum="cgcs2000")]
    with pytest.raises(InputError) as caught:
        assemble_town("镇", read_layers(sources))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where.rows) == ("duplicate-id", ("b2",))
    assert "buildings.fgb" in fault.where.file
    assert "更多.gpkg" in fault.where.file


def test_good_input_passes(tmp_path: Path) -> None:
    """The world that the cases spoil is itself sound."""
    made = town()(tmp_path)
    assert made.buildings["households"].tolist() == [10.0, 20.0, 30.0]  # type: ignore[attr-defined]


def test_one_spoilt_row_far_off_does_not_hide_the_rest() -> None:
    """A single stray vertex does not make a sound layer look as if it were in another CRS."""
    from geoplan.read.crs import check_coordinates

    table = frame([*(square(20 * i, 0) for i in range(9)), box(0, 0, 1, 1)])
    assert check_coordinates(table, Where("a.gpkg")) == []
    assert check_coordinates(frame([Point(0, 0)]), Where("a.gpkg"))
