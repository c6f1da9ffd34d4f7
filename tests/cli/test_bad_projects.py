"""Bad input on the command line: exit 2, the file named, nothing written, no traceback."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT
from shapely.affinity import affine_transform
from small_town import BUILDINGS, TOML, layers, write_layers, write_ledger, write_town

from geoplan.cli import main

Spoil = Callable[[Path], None]


def say(old: str, new: str) -> Spoil:
    """Another word in the project file."""

    def spoil(folder: Path) -> None:
        assert old in TOML
        (folder / "geoplan.toml").write_text(TOML.replace(old, new), encoding="utf-8")

    return spoil


def add(text: str) -> Spoil:
    return lambda folder: (folder / "geoplan.toml").write_text(TOML + text, encoding="utf-8") and None


def remove(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def fill(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(content) and None


def table(name: str, change: Callable[[object], object]) -> Spoil:
    """Another table in the GeoPackage."""

    def spoil(folder: Path) -> None:
        tables = layers()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided")
            write_layers(folder, {**tables, name: change(tables[name])})

    return spoil


def ledger(*rows: tuple[object, ...]) -> Spoil:
    return lambda folder: write_ledger(folder / "台账.xlsx", list(rows))


def both(*spoils: Spoil) -> Spoil:
    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

    return spoil


def counted(households: object) -> list[tuple[object, ...]]:
    return [(key, households if key == "b2" else h, p) for key, (_, h, p) in BUILDINGS.items()]


CASES: dict[str, tuple[Spoil, list[str]]] = {
    "no project file": (remove("geoplan.toml"), ["geoplan.toml", "geoplan new"]),
    "syntax of the project": (say('name = "小镇"', "name = “小镇”"), ["geoplan.toml", "line 1"]),
    "unknown key": (say("synthetic", "syntetic"), ["geoplan.toml", "did you mean synthetic?"]),
    "unknown role": (say('role = "streets"', 'role = "roads"'), ["geoplan.toml", "streets"]),
    "unknown datum": (say("cgcs2000", "mars"), ["geoplan.toml", "gcj02"]),
    "missing file": (remove("town.gpkg"), ["town.gpkg"]),
    "missing ledger": (remove("台账.xlsx"), ["台账.xlsx"]),
    "missing layer": (say('layer = "streets"', 'layer = "street"'), ["town.gpkg", "streets"]),
    "missing column": (say('name = "SQMC"', 'name = "SQM"'), ["town.gpkg", "SQMC"]),
    "missing id field": (say('id = "SQDM"', 'id = "SQ"'), ["town.gpkg", "SQ"]),
    "missing key in the ledger": (say('key = "编号"', 'key = "编码"'), ["台账.xlsx", "编码"]),
    "missing column in the ledger": (say('households = "户数"', 'households = "总户"'), ["台账.xlsx", "总户"]),
    "no buildings": (say('role = "buildings"', 'role = "barriers"'), ["geoplan.toml", "buildings"]),
    "two levels of one name": (
        add('\n[[layers]]\nrole = "units"\nlevel = "communities"\nfile = "town.gpkg"\nlayer = "communities"\n'),
        ["geoplan.toml", "communities"],
    ),
    "empty GeoPackage": (fill("town.gpkg", b""), ["town.gpkg"]),
    "no GeoPackage": (fill("town.gpkg", b"SQLite"), ["town.gpkg"]),
    "no workbook": (fill("台账.xlsx", b"PK nothing"), ["台账.xlsx"]),
    "empty layer": (table("streets", lambda t: t.iloc[:0]), ["town.gpkg", "streets"]),
    "no CRS": (table("buildings", lambda t: t.set_crs(None, allow_override=True)), ["town.gpkg", "buildings", "CRS"]),
    "degrees as metres": (
        table("buildings", lambda t: t.to_crs(4326).set_crs(4548, allow_override=True)),
        ["town.gpkg", "buildings"],
    ),
    "swapped latitude and longitude": (
        table("facilities", lambda t: t.to_crs(4326).set_geometry(swap(t.to_crs(4326)))),
        ["town.gpkg", "facilities"],
    ),
    "duplicate ids": (table("buildings", lambda t: t.assign(BSM=["b1", "b1", *t["BSM"][2:]])), ["town.gpkg", "b1"]),
    "missing ids": (table("communities", lambda t: t.assign(SQDM=["A", None])), ["town.gpkg", "SQDM"]),
    "empty geometry": (
        table("buildings", lambda t: t.set_geometry([None, *t.geometry[1:]])),
        ["town.gpkg", "b1"],
    ),
    "points for units": (
        table("communities", lambda t: t.set_geometry(t.geometry.centroid)),
        ["town.gpkg", "communities"],
    ),
    "negative households": (ledger(*counted(-3)), ["b2", "-3"]),
    "words for households": (ledger(*counted("很多")), ["b2", "很多"]),
    "ledger of another town": (ledger(("x", 1, 2)), ["台账.xlsx"]),
    "ledger with a row twice": (ledger(*counted(1), ("b2", 1, 1)), ["台账.xlsx", "b2"]),
    "mixed datums": (
        say('id = "SQDM"\ndatum = "cgcs2000"', 'id = "SQDM"\ndatum = "gcj02"'),
        ["town.gpkg", "gcj02"],
    ),
    "town in degrees": (say("EPSG:4548", "EPSG:4490"), ["geoplan.toml", "China Geodetic Coordinate System 2000"]),
    "unknown CRS": (say("EPSG:4548", "EPSG:99999"), ["EPSG:99999"]),
    "facility far away": (
        table("facilities", lambda t: t.set_geometry(t.geometry.translate(50_000, 0))),
        ["town.gpkg", "f1"],
    ),
    "unknown standard": (add('\n[standards]\nactive = ["gb1"]\n'), ["gb1", "gb50180-2018"]),
    "unknown profile": (add('\n[walk]\nprofiles = ["bird"]\n'), ["bird", "planner"]),
    "no circle of such minutes": (add('\n[walk]\nmode = "distance"\nminutes = [7]\n'), ["7"]),
    "unknown kind of facility": (add('\n[walk]\nfacilities = "school"\n'), ["school", "service_centre"]),
    "corrupt extract": (
        both(add('\n[osm]\nfile = "map.osm.pbf"\ntake = ["gates"]\n'), fill("map.osm.pbf", b"nothing at all")),
        ["map.osm.pbf"],
    ),
    "corrupt graph": (
        both(
            say('role = "streets"', 'role = "barriers"'),
            lambda folder: (
                (folder / "geoplan.toml").write_text(
                    TOML.replace('role = "streets"', 'role = "barriers"') + '\n[graph]\nfile = "g.graphml"\n',
                    encoding="utf-8",
                )
                and None
            ),
            fill("g.graphml", b"<graphml>"),
        ),
        ["g.graphml"],
    ),
    "result where an input lies": (
        both(
            lambda folder: shutil.move(folder / "town.gpkg", folder / "coverage.gpkg") and None,
            lambda folder: (
                (folder / "geoplan.toml").write_text(TOML.replace("town.gpkg", "coverage.gpkg"), encoding="utf-8")
                and None
            ),
        ),
        ["coverage.gpkg"],
    ),
}


def swap(frame: object) -> object:
    return frame.geometry.map(lambda g: affine_transform(g, [0, 1, 1, 0, 0, 0]))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("good") / "town")


def fail(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run a command line that cannot work; give what it said."""
    with pytest.raises(SystemExit) as caught:
        main(["--language", "en", "--quiet", *map(str, words)])
    out, err = capsys.readouterr()
    assert caught.value.code == 2, err
    assert out == ""
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, named = CASES[name]
    folder = tmp_path / "town"
    shutil.copytree(good, folder)
    spoil(folder)
    out = folder if name == "result where an input lies" else tmp_path / "out"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    said = fail(capsys, "run", folder, "--out", out)
    for word in named:
        assert word in said
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "out").exists()


def test_open_workbook_is_named_and_kept(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "coverage.xlsx").write_bytes(b"old")
    (tmp_path / "~$coverage.xlsx").write_bytes(b"")
    said = fail(capsys, "run", good, "--out", tmp_path)
    assert "~$coverage.xlsx" in said
    assert "Excel" in said
    assert (tmp_path / "coverage.xlsx").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("command", ["run", "map"])
def test_file_where_the_folder_should_be(
    command: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    assert str(tmp_path / "out") in fail(capsys, command, good, "--out", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    try:
        assert str(tmp_path) in fail(capsys, "run", good, "--out", tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--minutes", "soon"], "soon"),
        (["--minutes", "0"], "minutes above 0"),
        (["--minutes", "nan"], "minutes above 0"),
        (["--mode", "fly"], "fly"),
        (["--centre", "all"], "all"),
        (["--profile", "bird"], "bird"),
        (["--tier", "县"], "县"),
        (["--mode", "distance", "--minutes", "7"], "7"),
    ],
)
def test_bad_options(options: list[str], said: str, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in fail(capsys, "coverage", good, "--json", *options)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("房屋.shp", lambda path: path.write_bytes(path.read_bytes()[:3000])),
        ("房屋.dbf", lambda path: path.unlink()),
        ("基础数据.gpkg", lambda path: path.write_bytes(path.read_bytes()[:50_000])),
        ("大门.geojson", lambda path: path.write_text("{", encoding="utf-8")),
        ("小区台账.xlsx", lambda path: path.write_bytes(b"")),
    ],
)
def test_spoilt_county(
    name: str, spoil: Callable[[Path], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "county"
    shutil.copytree(ROOT / "sample_data" / "county", folder)
    spoil(folder / name)
    assert Path(name).stem in fail(capsys, "run", folder)
    assert not (folder / "out").exists()
