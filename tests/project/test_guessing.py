"""``geoplan new``: a folder of files, a project file that works."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from paths import ROOT
from small_town import write_ledger, write_town

from geoplan.errors import InputError
from geoplan.project import guess_project, load_project, load_town, parse_project

SAMPLES = ROOT / "sample_data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_town(tmp_path / "town")
    (tmp_path / "town" / "geoplan.toml").unlink()
    return tmp_path / "town"


def test_small_town_is_guessed_whole(folder: Path) -> None:
    guess = guess_project(folder, language="en")
    assert guess.gaps == ()
    assert guess.project is not None
    by_role = {layer.role: layer for layer in guess.project.layers}
    assert set(by_role) == {"units", "buildings", "facilities", "streets"}
    assert by_role["units"].level == "communities"
    assert by_role["units"].id == "SQDM"
    assert by_role["buildings"].tables[0].key == "编号"
    assert by_role["buildings"].tables[0].columns == {"households": "户数", "people_resident": "人口"}
    assert by_role["facilities"].columns["floor_area_m2"] == "JZMJ"
    assert guess.project.crs == "EPSG:4548"
    town = load_town(guess.project)
    assert town.buildings["households"].tolist() == [10, 20, 30, 40, 50, 5]


def test_written_once_and_never_over_another(folder: Path) -> None:
    path = guess_project(folder).write()
    assert load_project(folder).path == path
    before = path.read_bytes()
    with pytest.raises(InputError, match="there is one already"):
        guess_project(folder)
    assert path.read_bytes() == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_comments_do_not_change_what_is_meant(folder: Path, language: str) -> None:
    guess = guess_project(folder, language=language)
    text = "\n".join(line.split("  # ")[0] for line in guess.text.splitlines() if not line.startswith("#"))
    plain = parse_project(text, guess.path)
    assert plain == guess.project


def test_what_is_missing_is_told(folder: Path) -> None:
    (folder / "town.gpkg").unlink()
    (folder / "boundary.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"SQMC": "a", "SQDM": "1"},'
        ' "geometry": {"type": "Polygon", "coordinates": [[[117,34],[117.1,34],[117.1,34.1],[117,34]]]}}]}',
        encoding="utf-8",
    )
    guess = guess_project(folder, language="en")
    assert guess.project is None
    assert [str(gap) for gap in guess.gaps] == ["a layer with role buildings", "a layer with role facilities"]


def test_ledger_of_another_town_is_left_out(folder: Path) -> None:
    write_ledger(folder / "台账.xlsx", [("x1", 1, 2), ("x2", 3, 4)])
    guess = guess_project(folder, language="en")
    assert guess.project is not None
    assert all(layer.tables == () for layer in guess.project.layers)
    assert any("台账.xlsx" in str(remark) and "no layer" in str(remark) for remark in guess.remarks)


def test_files_that_cannot_be_read_stop_nothing(folder: Path) -> None:
    (folder / "broken.shp").write_bytes(b"nothing")
    (folder / "picture.png").write_bytes(b"nothing")
    guess = guess_project(folder, language="en")
    assert guess.project is not None
    said = " ".join(map(str, guess.remarks))
    assert "broken.shp" in said
    assert "picture.png" in said


def test_folder_without_data(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match="none of which can be read"):
        guess_project(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        guess_project(tmp_path / "notes.txt")


def test_same_folder_same_file(folder: Path) -> None:
    assert guess_project(folder).text == guess_project(folder).text


@pytest.mark.parametrize("name", ["county", "subdistrict", "township"])
def test_sample_towns_are_guessed_and_read(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(SAMPLES / name, folder)
    meant = load_project(folder)
    (folder / "geoplan.toml").unlink()
    guess = guess_project(folder)
    assert guess.project is not None
    assert guess.gaps == ()
    roles = {(layer.role, layer.level): layer for layer in guess.project.layers}
    for layer in meant.layers:
        found = roles[layer.role, layer.level]
        assert (found.file, found.layer, found.parent) == (layer.file, layer.layer, layer.parent)
        assert {c: f for c, f in layer.columns.items() if c == "households"}.items() <= found.columns.items()
        assert [table.key for table in found.tables] == [table.key for table in layer.tables]
    town = load_town(guess.project)
    assert len(town.levels) == sum(layer.role == "units" for layer in meant.layers)


@pytest.mark.parametrize("name", ["subdistrict", "township"])
def test_samples_are_guessed_as_they_are_meant(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(SAMPLES / name, folder)
    meant = load_town(load_project(folder))
    (folder / "geoplan.toml").unlink()
    guess = guess_project(folder)
    assert guess.project is not None
    town = load_town(guess.project)
    # organs of the area are no centres, and the ledger's ids are the layer's
    assert town.facilities.index.tolist() == meant.facilities.index.tolist()
    assert town.facilities["tier"].tolist() == meant.facilities["tier"].tolist()
    assert town.buildings["residential_share"].tolist() == meant.buildings["residential_share"].tolist()
    assert town.buildings["households"].tolist() == meant.buildings["households"].tolist()
    assert guess.project.walk.facilities == ""


def test_only_service_centres_count_among_other_facilities(folder: Path) -> None:
    places = gpd.read_file(folder / "town.gpkg", layer="facilities")
    more = [places.assign(BSM=f"{kind}1", SSLX=kind) for kind in ("党群服务中心", "学校", "药店")]
    pd.concat(more).to_file(folder / "town.gpkg", layer="facilities")
    guess = guess_project(folder)
    assert guess.project is not None
    assert guess.project.walk.facilities == "党群服务中心"


@pytest.mark.real
def test_osm_extract_alone(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "liechtenstein" / "liechtenstein-2021-10.osm.pbf"
    (tmp_path / source.name).symlink_to(source)
    guess = guess_project(tmp_path, language="en")
    assert guess.gaps == ()
    assert guess.project is not None
    assert guess.project.osm is not None
    assert guess.project.osm.admin_level == 8
    kinds = [facility.kind for facility in guess.project.osm.facilities]
    assert {"school", "kindergarten"} <= set(kinds)
    assert guess.project.walk.facilities == kinds[0]
