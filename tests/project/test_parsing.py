"""The project file: what it may say, and every fault of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoplan.errors import InputError
from geoplan.project import find_project, load_project, parse_project

GOOD = '[[layers]]\nrole = "buildings"\nfile = "a.shp"\n[[layers]]\nrole = "facilities"\nfile = "b.shp"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.shp", "b.shp", "c.shp", "map.osm.pbf", "t.xlsx", "g.graphml"):
        (tmp_path / name).touch()
    return tmp_path


def codes(text: str, folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_project(text, folder / "geoplan.toml")
    return [fault.code for fault in caught.value.faults]


def test_defaults(folder: Path) -> None:
    project = parse_project(GOOD, folder / "geoplan.toml")
    assert project.title == folder.name
    assert project.walk.minutes == (5.0, 10.0, 15.0)
    assert project.walk.mode == "time"
    assert project.standards.active == ("gb50180-2018",)
    assert project.files() == (folder / "a.shp", folder / "b.shp")
    assert project.osm_roles == ()


def test_osm_gives_what_no_layer_gives(folder: Path) -> None:
    text = GOOD + '[osm]\nfile = "map.osm.pbf"\n'
    project = parse_project(text, folder / "geoplan.toml")
    assert project.osm_roles == ("streets", "units", "gates", "entrances", "barriers", "green")
    assert project.level_names == ("communities",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("buildings", "bulding"), ["wrong-value"]),
        (GOOD + "colour = 1", ["unknown-key"]),
        ('path = "x"\n' + GOOD, ["unknown-key"]),
        ("name = 3\n" + GOOD, ["wrong-value"]),
        ('language = "fr"\n' + GOOD, ["wrong-value"]),
        (GOOD.replace('file = "a.shp"', ""), ["missing-key"]),
        (GOOD.replace("a.shp", "z.gpkg"), ["missing-file"]),
        (GOOD + 'level = "grids"', ["level-of-no-units"]),
        (GOOD + "columns = { nam = 'MC' }", ["unknown-column"]),
        (GOOD + "values = { nam = 'MC' }", ["unknown-column"]),
        (GOOD + "columns = { name = 3 }", ["wrong-value"]),
        (GOOD + '[[layers.tables]]\nfile = "t.xlsx"', ["missing-key"]),
        (GOOD + '[[layers.tables]]\nfile = "u.xlsx"\nkey = "ID"', ["missing-file"]),
        (GOOD + '[[layers]]\nrole = "units"\nfile = "c.shp"', ["missing-level"]),
        (GOOD + '[[layers]]\nrole = "units"\nlevel = "a"\nparent = "b"\nfile = "c.shp"', ["unknown-level"]),
        (GOOD + 2 * '[[layers]]\nrole = "units"\nlevel = "a"\nfile = "c.shp"\n', ["level-twice"]),
        (GOOD + "[walk]\nminutes = [15, 5]", ["minutes-order"]),
        (GOOD + "[walk]\nminutes = []", ["wrong-value"]),
        (GOOD + "[walk]\nminutes = [-5]", ["wrong-value"]),
        (GOOD + "[walk]\ndetour = 0.9", ["wrong-value"]),
        (GOOD + "[walk]\nmax_connector_m = '200'", ["wrong-value"]),
        (GOOD + "[walk]\nmode = 'fast'", ["wrong-value"]),
        (GOOD + "[households]\ntotal = true", ["wrong-value"]),
        (GOOD + "[households]\ntotal = inf", ["wrong-value"]),
        (GOOD + "[standards]\nactive = 'gb50180-2018'", ["wrong-value"]),
        (GOOD + '[graph]\nfile = "g.graphml"\n[osm]\nfile = "map.osm.pbf"\ntake = ["streets"]', ["role-twice"]),
        (GOOD + '[osm]\nfile = "map.osm.pbf"\ntake = ["buildings"]', ["role-twice"]),
        ('[osm]\nfile = "map.osm.pbf"\n', ["no-facility-tags"]),
        ("", ["no-layer", "no-layer"]),
        ("[[layers]]\nrole =\n", ["project-syntax"]),
    ],
)
def test_faults(text: str, expected: list[str], folder: Path) -> None:
    assert codes(text, folder) == expected


def test_all_faults_at_once(folder: Path) -> None:
    text = (
        'nme = "x"\n[[layers]]\nrole = "bulding"\nfile = "a.shp"\n[[layers]]\nrole = "units"\nfile = "z.shp"\n'
        "[walk]\nminutes = [15, 5]\nmode = 3\n[households]\ntotal = 0\n"
    )
    found = codes(text, folder)
    assert sorted(found) == sorted(
        ["unknown-key", "wrong-value", "wrong-value", "wrong-value", "missing-file", "missing-level"]
    )


def test_key_line_and_mend_are_named(folder: Path) -> None:
    text = GOOD + '[[layers]]\nrole = "units"\nlevel = "a"\nfile = "c.shp"\ncolums = { name = "MC" }\n'
    with pytest.raises(InputError) as caught:
        parse_project(text, folder / "geoplan.toml")
    said = str(caught.value)
    assert "layers[3].colums (line 11)" in said
    assert "did you mean columns?" in said
    assert str(folder / "geoplan.toml") in said


def test_layers_keep_their_number_when_others_are_faulty(folder: Path) -> None:
    text = GOOD.replace("buildings", "bulding") + '[[layers]]\nrole = "units"\nfile = "c.shp"\n'
    with pytest.raises(InputError) as caught:
        parse_project(text, folder / "geoplan.toml")
    assert "layers[3] without level (line 7)" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("name = “小镇”", "full-width"),
        ('file = "C:\\data\\a.shp"', "write paths with /"),
        ("name = town", "straight quotes"),
    ],
)
def test_syntax_errors_say_the_line_and_the_way_out(written: str, mend: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        parse_project(f"\n{written}\n", tmp_path / "geoplan.toml")
    assert "line 2" in str(caught.value)
    assert mend in str(caught.value)


def test_byte_order_mark_of_notepad_is_no_fault(folder: Path) -> None:
    (folder / "geoplan.toml").write_text(GOOD, encoding="utf-8-sig")
    assert len(load_project(folder).layers) == 2


def test_other_encodings_are_told(folder: Path) -> None:
    (folder / "geoplan.toml").write_bytes(("x = 1\nname = '小镇'\n" + GOOD).encode("gbk"))
    with pytest.raises(InputError, match="line 2 is in another encoding"):
        load_project(folder)


def test_missing_shapefile_is_not_its_own_index(tmp_path: Path) -> None:
    (tmp_path / "geoplan.toml").write_text(GOOD.replace("a.shp", "房屋.shp"), encoding="utf-8")
    for name in ("房屋.shx", "房屋.dbf", "房屋图.shp"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"did you mean 房屋图\.shp"):
        load_project(tmp_path)


def test_data_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "town.osm.pbf").write_bytes(b"\x00\xff")
    with pytest.raises(InputError, match=r"no \.toml file; put the data into a folder"):
        load_project(tmp_path / "town.osm.pbf")


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="geoplan new"):
        find_project(tmp_path)
    with pytest.raises(InputError, match="geoplan new"):
        find_project(tmp_path / "nothing.toml")
