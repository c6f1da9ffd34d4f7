"""Loading, measuring and writing of a whole project."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
from small_town import TOML, layers, write_layers, write_ledger, write_town

import geoplan
from geoplan.batch import RunResult, run_project
from geoplan.coverage import measure_coverage
from geoplan.errors import InputError, OutputError
from geoplan.maps.container import read_container
from geoplan.project import Ask, coverage_options, load_project, load_town, map_project

FILES = ["coverage.gpkg", "coverage.xlsx", "map.html", "summary.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_town(tmp_path / "town")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """One run for all that only look at it."""
    folder = write_town(tmp_path_factory.mktemp("ran") / "town")
    return run_project(load_project(folder))


def test_load_gives_a_town(folder: Path) -> None:
    town = geoplan.load(folder)
    assert isinstance(town, geoplan.Town)
    assert town.name == "小镇"
    assert town.buildings["households"].tolist() == [10, 20, 30, 40, 50, 5]
    assert [notice.code for notice in town.notices if notice.everywhere] == ["synthetic"]


def test_run_writes_everything_and_nothing_else(ran: RunResult) -> None:
    assert sorted(path.name for path in ran.folder.iterdir()) == [".geoplan", *FILES]
    assert [path.name for path in ran.files] == FILES
    assert ran.folder.name == "out"
    total = ran.coverage.total()
    assert [total[f"served_households_{m}"] for m in (5, 10, 15)] == [10, 30, 100]


def test_summary_names_inputs_options_and_results(ran: RunResult) -> None:
    summary = json.loads((ran.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["geoplan"] == geoplan.__version__
    assert list(summary["inputs"]) == ["buildings", "communities", "facilities", "streets"]
    assert all(len(digest) == 64 for digest in summary["inputs"].values())
    assert summary["options"]["walk"]["minutes"] == [5, 10, 15]
    assert "path" not in summary["options"]
    assert [result["served_households"] for result in summary["results"]] == [10, 30, 100]
    assert any(notice["code"] == "synthetic" and notice["everywhere"] for notice in summary["notices"])


def test_same_content_same_bytes_whatever_the_row_order(ran: RunResult, tmp_path: Path) -> None:
    folder = ran.folder.parent
    run_project(load_project(folder), tmp_path / "again")
    for name in FILES:
        assert (ran.folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    turned = write_town(tmp_path / "turned")
    write_layers(turned, {name: table.iloc[::-1] for name, table in layers().items()})
    run_project(load_project(turned))
    for name in FILES:
        assert (ran.folder / name).read_bytes() == (turned / "out" / name).read_bytes(), name


def test_inputs_are_never_overwritten(tmp_path: Path) -> None:
    folder = write_town(tmp_path / "town", toml=TOML.replace("town.gpkg", "out/coverage.gpkg"))
    (folder / "out").mkdir()
    (folder / "town.gpkg").rename(folder / "out" / "coverage.gpkg")
    before = (folder / "out" / "coverage.gpkg").read_bytes()
    with pytest.raises(OutputError, match="which the project reads"):
        run_project(load_project(folder))
    assert (folder / "out" / "coverage.gpkg").read_bytes() == before


def test_failure_while_writing_keeps_the_old_files(
    ran: RunResult, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ran.folder, folder / "out", ignore=shutil.ignore_patterns(".geoplan"))
    before = {name: (ran.folder / name).read_bytes() for name in FILES}

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device", "map.html")

    monkeypatch.setattr("geoplan.batch.work.write_map", full)
    with pytest.raises(OutputError, match="disk is full"):
        run_project(load_project(folder), language="en")
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir() if path.is_file()} == before


def test_faults_of_all_files_at_once(folder: Path) -> None:
    tables = layers()
    tables["communities"] = tables["communities"].assign(SQDM=["A", "A"])
    write_layers(folder, tables)
    write_ledger(folder / "台账.xlsx", [("b1", 1, 2), ("b2", "many", 3)])
    with pytest.raises(InputError) as caught:
        load_town(load_project(folder))
    files = {fault.where.file for fault in caught.value.faults}
    assert files == {"town.gpkg", "台账.xlsx"}


def test_map_alone(folder: Path) -> None:
    path = map_project(load_project(folder), folder / "maps")
    assert [p.name for p in (folder / "maps").iterdir()] == ["map.html"]
    assert "小镇" in path.read_text(encoding="utf-8")


def test_points_are_shown_as_density(folder: Path, tmp_path: Path) -> None:
    project = load_project(folder)
    places = load_town(project).buildings.geometry
    given = []
    for name in ("one", "two"):
        given.append(tmp_path / name / "投诉.gpkg")
        given[-1].parent.mkdir()
        table = gpd.GeoDataFrame({"who": ["Zhang San"] * len(places)}, geometry=places.representative_point().array)
        table.set_crs(places.crs).to_file(given[-1])
    path = map_project(project, folder / "maps", points=given)
    data = re.search(r'type="text/plain">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert data
    content = read_container(data[1])
    assert [layer["name"] for layer in content["layers"]["points"]] == ["投诉", "投诉 (2)"]
    assert "Zhang San" not in str(content)
    areas = tmp_path / "areas.gpkg"
    gpd.GeoDataFrame(geometry=places.buffer(5).array, crs=places.crs).to_file(areas)
    with pytest.raises(InputError) as caught:
        map_project(project, folder / "maps", points=[areas])
    assert [fault.code for fault in caught.value.faults] == ["not-points"]


def test_one_question_is_one_case(folder: Path) -> None:
    project = load_project(write_town(folder, toml=TOML + '[walk]\nmode = "both"\ncentre = "both"\n'))
    options = coverage_options(project, Ask(minutes=10, tier="街道"))
    assert (options.minutes, options.mode, options.centre, options.profiles) == (10, "time", "any", ("planner",))
    assert options.tiers == ("街道",)
    assert coverage_options(project).mode == "both"


def test_options_are_checked_before_anything_is_read(folder: Path) -> None:
    project = load_project(write_town(folder, toml=TOML + '[standards]\nactive = ["gb0"]\n'))
    with pytest.raises(InputError) as caught:
        coverage_options(project, Ask(mode="fly", centre="all", profile="bird"))
    assert [fault.code for fault in caught.value.faults] == [
        "unknown-option",
        "unknown-option",
        "unknown-profile",
        "unknown-standard",
    ]


def test_own_standard_lies_beside_the_project(folder: Path) -> None:
    (folder / "mine.toml").write_text(
        'id = "mine"\nname = { zh = "我的", en = "mine" }\nsource = "x"\n[[rules]]\nid = "mine.t"\n'
        'quantity = "circle.15.time"\nhigh = 12\nunit = "min"\nclause = "1"\nstatus = "verified"\n',
        encoding="utf-8",
    )
    project = load_project(write_town(folder, toml=TOML + '[standards]\nactive = ["mine.toml", "gb50180-2018"]\n'))
    coverage = measure_coverage(load_town(project), options=coverage_options(project))
    assert coverage.binding_rule(None, 15).id == "mine.t"
    assert coverage.limit(None, 15) == 720.0
    assert coverage.total()["served_households_15"] == 60
