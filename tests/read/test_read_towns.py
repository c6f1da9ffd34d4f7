"""Layers put together: one CRS, walls decided once, estates by place, every table by its schema."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from readworlds import CRS, X0, Y0, frame, line, point, square, town_files, write
from shapely import box

from geoplan.errors import InputError, Where, msg
from geoplan.model import Notice, Town
from geoplan.read import (
    SCHEMAS,
    LayerRead,
    LayerSource,
    TableJoin,
    assemble_town,
    choose_crs,
    read_layers,
    validate_table,
)

SAMPLE = Path(__file__).parents[2] / "sample_data" / "county"


def make(folder: Path, change: object = None, **sources: dict[str, object]) -> Town:
    files = town_files(folder, change)  # type: ignore[arg-type]
    return assemble_town("镇", read_layers(replace(s, **sources.get(r, {})) for r, s in files.items()))  # type: ignore[arg-type]


def test_a_town_by_hand(tmp_path: Path) -> None:
    town = make(tmp_path)
    assert town.crs.to_epsg() == 4548
    assert town.buildings["estate"].tolist() == ["e1", "e1", None]
    assert town.buildings["households"].tolist() == [10.0, 20.0, 30.0]
    assert town.estates is not None
    assert town.estates["walled"].tolist() == [True]
    assert town.gates is not None
    assert town.gates["open"].tolist() == [True]
    assert town.streets is not None
    # two streets that cross: four edges, five nodes
    assert len(town.streets) == 4
    assert len(set(town.streets["u"]) | set(town.streets["v"])) == 5
    assert [level.name for level in town.levels] == ["communities"]
    assert (town.datum, town.estimated) == ("cgcs2000", False)
    said = {n.code for n in town.notices if not n.code.startswith("streets-")}
    assert said == {"estates-by-place", "walled-by-gates"}


def test_every_table_is_as_its_schema_says(tmp_path: Path) -> None:
    town = make(tmp_path)
    dtypes = {"text": "str", "reference": "object", "number": "float64", "integer": "int64", "boolean": "bool"}
    tables = {"units": town.levels[0].table} | {
        role: getattr(town, role) for role in ("buildings", "facilities", "streets", "estates", "gates", "entrances")
    }
    for role, table in tables.items():
        assert validate_table(table, SCHEMAS[role], Where()) == []
        for column in SCHEMAS[role]:
            assert str(table[column.name].dtype) == dtypes[column.kind], (role, column.name)
        assert table.index.name == "id"
        assert table.crs == town.crs


def test_layers_in_other_crs_are_reprojected_and_it_is_said(tmp_path: Path) -> None:
    plain = make(tmp_path)

    def change(tables: dict[str, gpd.GeoDataFrame]) -> None:
        tables["buildings"] = tables["buildings"].to_crs("EPSG:4490")
        tables["streets"] = tables["streets"].to_crs("EPSG:4549")
        tables["units"] = tables["units"].to_crs("EPSG:4527")

    (tmp_path / "b").mkdir()
    town = make(tmp_path / "b", change)
    assert town.crs.to_epsg() == 4548
    assert town.buildings.geometry.iloc[0].hausdorff_distance(plain.buildings.geometry.iloc[0]) < 1e-4
    assert town.streets is not None
    assert plain.streets is not None
    np.testing.assert_allclose(town.streets["length_m"], plain.streets["length_m"], atol=1e-3)
    said = [str(n.message) for n in town.notices if n.code == "reprojected"]
    assert len(said) == 3
    assert any("buildings.fgb: reprojected from EPSG:4490" in text and "EPSG:4548" in text for text in said)


def test_legacy_datums_are_said_where_they_meet_others(tmp_path: Path) -> None:
    """Xi'an 1980 at 117E is EPSG:2384; a town all in it loses nothing."""

    def change(tables: dict[str, gpd.GeoDataFrame]) -> None:
        for role, table in tables.items():
            tables[role] = table.set_crs("EPSG:2384", allow_override=True)

    files = town_files(tmp_path, change)
    reads = read_layers(files.values())
    assert "legacy-datum" not in {n.code for n in assemble_town("镇", reads, crs="EPSG:2384").notices}
    said = [n for n in assemble_town("镇", reads).notices if n.code == "legacy-datum"]
    assert len(said) == len(files)
    assert all(n.everywhere and "Xi'an 1980" in str(n.message) for n in said)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [(117.9, 34.9, 4548), (102.75, 24.3, 4543), (109.7, 18.6, 4546), (75.1, 39.0, 4534), (134.3, 48.3, 4554),
     (118.49, 34.9, 4548), (118.51, 34.9, 4549), (9.5, 47.1, 32632), (-70.6, -33.4, 32719), (180.0, 0.0, 32660),
     (121.5, 25.05, 32651)],
)  # fmt: skip
def test_chosen_crs(lon: float, lat: float, code: int) -> None:
    assert choose_crs(lon, lat).to_epsg() == code


def test_a_place_off_the_earth() -> None:
    with pytest.raises(InputError, match="degrees"):
        choose_crs(590000.0, 3857000.0)


# --- walls and estates ----------------------------------------------------------------------------------------------


def walls(tables: dict[str, gpd.GeoDataFrame]) -> None:
    """e1 says nothing and has a gate, e2 says nothing and has none, e3 says no and has one, e4 says yes and has none,
    e5 says nothing; a gate that names no estate stands 10 m before its wall, and 40 m before that of e6."""
    shapes = [square(500.0 * i, 1000, 200) for i in range(4)] + [square(0, 2000, 200), square(250, 2000, 200)]
    tables["estates"] = frame(shapes, XQBH=[f"e{i + 1}" for i in range(6)], walled=[None, None, 0, 1, None, None])
    tables["gates"] = frame(
        [point(100, 1000), point(1100, 1000), point(210, 2100)], BSM=["g1", "g2", "g3"], XQBH=["e1", "e3", ""]
    )
    tables["streets"] = frame([line((-500, 1500), (2500, 1500)), line((1000, -500), (1000, 3000))], BSM=["s1", "s2"])
    tables["buildings"] = tables["buildings"].assign(XQ=["", "", "e4"])


def test_walls_are_decided_by_gates_where_nothing_is_said(tmp_path: Path) -> None:
    town = make(tmp_path, walls)
    assert town.estates is not None
    assert town.estates["walled"].to_dict() == {
        "e1": True,
        "e2": False,
        "e3": False,
        "e4": True,
        "e5": True,
        "e6": False,
    }
    (notice,) = [n for n in town.notices if n.code == "walled-by-gates"]
    assert str(notice.message) == "4 estates do not say whether they are walled: the 2 that have gates are"


def test_estates_named_by_the_data_stay(tmp_path: Path) -> None:
    columns = {"households": "ZHS", "people_resident": "RKS", "estate": "XQ"}
    town = make(tmp_path, walls, buildings={"columns": columns})
    assert town.buildings["estate"].tolist() == [None, None, "e4"]


def test_overlapping_estates_give_the_smallest_id(tmp_path: Path) -> None:
    def change(tables: dict[str, gpd.GeoDataFrame]) -> None:
        tables["estates"] = frame([square(0, 0, 200), square(0, 0, 190)], XQBH=["e2", "e1"])
        tables["gates"]["XQBH"] = ["e2"]

    assert make(tmp_path, change).buildings["estate"].tolist() == ["e1", "e1", None]


# --- several layers, missing layers ---------------------------------------------------------------------------------


def test_several_layers_of_a_role(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    more = write(tmp_path / "b.gpkg", frame([square(60, 60)], BSM=["b9"], ZHS=[4], RKS=[9]))
    columns = {"households": "ZHS", "people_resident": "RKS"}
    roads = write(tmp_path / "s.gpkg", frame([line((-10, 250), (410, 250))], BSM=["t1"]))
    sources = [
        *files.values(),
        LayerSource(more, "buildings", id="BSM", columns=columns, datum="cgcs2000"),
        LayerSource(roads, "streets", id="BSM", datum="cgcs2000"),
    ]
    town = assemble_town("镇", read_layers(sources))
    assert town.buildings.index.tolist() == ["b1", "b2", "b3", "b9"]
    assert town.streets is not None
    # lines of two layers meet where they cross, as lines of one layer do
    assert town.streets.index.tolist() == ["s1-0", "s1-1", "s2-0", "s2-1", "s2-2", "t1-0", "t1-1"]
    assert town.streets.loc["s2-2", "u"] == town.streets.loc["t1-0", "v"] == town.streets.loc["t1-1", "u"]


def test_layers_of_streets_without_ids_are_told_apart(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    paths = [write(tmp_path / f"{y}.gpkg", frame([line((-10, y), (410, y))])) for y in (230, 250)]
    sources = [*files.values(), *(LayerSource(path, "streets", datum="cgcs2000") for path in paths)]
    town = assemble_town("镇", read_layers(sources))
    assert town.streets is not None
    assert town.streets.index.is_unique
    assert len(town.streets) == 4 + 2 * 2 + 2


def test_a_town_without_streets_or_units(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    reads = read_layers([files["buildings"], replace(files["facilities"], columns={})])
    town = assemble_town("镇", reads)
    assert town.streets is None
    assert town.levels == ()
    assert town.estates is None


def test_levels_in_the_order_given_and_ids_of_units_in_buildings(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    grid = write(tmp_path / "网格.gpkg", frame([box(X0 - 50, Y0 - 50, X0 + 450, Y0 + 350)], WG=["w1"], SQ=["u1"]))
    buildings = write(tmp_path / "c.gpkg", frame([square(20, 20), square(320, 20)], BSM=["b1", "b2"], W=["w1", None]))
    sources = [
        LayerSource(buildings, "buildings", id="BSM", columns={"grids": "W"}, datum="cgcs2000"),
        *(files[r] for r in ("facilities", "streets", "units")),
        LayerSource(
            grid, "units", level="grids", parent="communities", id="WG", columns={"parent": "SQ"}, datum="cgcs2000"
        ),
    ]
    town = assemble_town("镇", read_layers(sources))
    assert [(level.name, level.parent) for level in town.levels] == [("communities", None), ("grids", "communities")]
    assert town.buildings["grids"].tolist() == ["w1", None]
    assert town.levels[1].table["parent"].tolist() == ["u1"]


def test_finished_tables_are_taken_as_they_are(tmp_path: Path) -> None:
    """As those of OpenStreetMap: noded streets keep their nodes."""
    first = make(tmp_path)
    path = Path("extract.osm.pbf")
    reads = [
        LayerRead(getattr(first, role), LayerSource(path, role, datum="wgs84"))  # type: ignore[arg-type]
        for role in ("buildings", "facilities", "streets", "estates", "gates", "entrances")
    ]
    reads.append(LayerRead(first.levels[0].table, LayerSource(path, "units", level="communities", datum="wgs84")))
    again = assemble_town("镇", reads, crs="EPSG:4548")
    for role in ("buildings", "facilities", "streets", "estates", "gates", "entrances"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(again, role)), pd.DataFrame(getattr(first, role)))
    assert again.datum == "wgs84"


def test_notices_come_once_and_first_those_given(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    note = Notice("synthetic", msg("made up"), everywhere=True)
    town = assemble_town("镇", read_layers(files.values()), notices=[note, note])
    assert [n.code for n in town.notices].count("synthetic") == 1
    assert town.notices[0] == note


def test_reading_a_town_twice_gives_the_same(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    reads = read_layers(files.values())
    before = [read.table.copy() for read in reads]
    first, second = (assemble_town("镇", reads) for _ in range(2))
    assert all(read.table.equals(table) for read, table in zip(reads, before, strict=True))
    assert first.buildings.equals(second.buildings)
    assert first.notices == second.notices


def test_validate_table_finds_missing_columns_and_references() -> None:
    table = gpd.GeoDataFrame({"name": ["x"]}, geometry=[point(0, 0)], crs=CRS, index=pd.Index(["d1"], name="id"))
    (fault,) = validate_table(table, SCHEMAS["entrances"], Where("门.gpkg"))
    assert (fault.code, fault.where.column) == ("missing-column", "building")
    (fault,) = validate_table(table.iloc[:0], SCHEMAS["entrances"], Where("门.gpkg"))
    assert fault.code == "empty-layer"


# --- real and sample data -------------------------------------------------------------------------------------------


@pytest.mark.real
def test_taipei_villages(shared_data: Path) -> None:
    """456 villages with the households and people of the registers, as published."""
    path = shared_data / "taiwan-villages" / "taipei_villages_pop_2021-03.geojson"
    columns = {"name": "VILLNAME", "households": "戶數", "people_resident": "人口"}
    (read,) = read_layers([LayerSource(path, "estates", id="VILLCODE", columns=columns, datum="wgs84")])
    assert len(read.table) == 456
    assert read.table["households"].sum() == 1_059_785
    assert read.table["people_resident"].sum() == 2_586_660


# --- the sample county, in its awkward forms ------------------------------------------------------------------------


def test_the_sample_county_reads() -> None:
    settings = tomllib.loads((SAMPLE / "geoplan.toml").read_text(encoding="utf-8"))
    sources = []
    for entry in settings["layers"]:
        tables = tuple(
            TableJoin(SAMPLE / t["file"], **{k: v for k, v in t.items() if k != "file"})
            for t in entry.get("tables", [])
        )
        given = {k: v for k, v in entry.items() if k not in {"file", "tables"}}
        sources.append(LayerSource(SAMPLE / entry["file"], tables=tables, **given))
    town = assemble_town(settings["name"], read_layers(sources), crs=settings["crs"])
    assert town.estates is not None
    assert len(town.buildings) > 5000
    assert 55_000 < town.buildings["households"].sum() < 70_000
    # estates whose counts the ledger gives hold just these
    by_estate = town.buildings.groupby("estate")["households"].sum()
    known = town.estates["households"].dropna()
    np.testing.assert_allclose(by_estate.reindex(known.index).fillna(0.0), known)
    codes = {n.code for n in town.notices}
    assert {"encoding-detected", "title-rows", "total-rows", "households-estimated", "reprojected"} <= codes
