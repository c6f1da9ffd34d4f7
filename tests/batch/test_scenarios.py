"""Scenarios beside the project as it is: who is won and lost, by hand."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from batch_worlds import moved_boundary, tables, write
from shapely import LineString
from small_town import CRS, TOML, shift

from geoplan.batch import run_project, run_scenarios
from geoplan.errors import InputError
from geoplan.project import load_project

SCENARIOS = """
[scenarios.without]
name = "撤掉东站"
remove_facilities = ["f2"]

[scenarios.closed]
close_streets = ["s2", "s5"]

[[scenarios.border.boundaries]]
role = "units"
level = "communities"
file = "new.gpkg"
id = "SQDM"
datum = "cgcs2000"
columns = { name = "SQMC" }

[scenarios.strict.walk]
profiles = ["frail"]
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(tmp_path_factory.mktemp("scenarios") / "town", toml=TOML + SCENARIOS)
    moved_boundary().to_file(folder / "new.gpkg", layer="new")
    return folder


def test_all_in_one_table(town: Path) -> None:
    result = run_scenarios(load_project(town))
    found = {one.key: one for one in result.scenarios}
    # with f2 at x = 1250 everybody is within 900 m; without it b5 (960 s) and b6 (1,210 s) are not
    without = found["without"].change
    assert without.loc["B", ["served_before_households", "lost_households", "won_households"]].tolist() == [120, 50, 0]
    assert without["lost_households"].sum() == 55
    assert without["lost_people"].sum() == 132
    # the middle is cut through: b3 (x = 700) turns to f2 and is 560 s away, nobody is lost
    assert found["closed"].totals["lost_households"] == 0
    assert found["border"].change["moved_households"].tolist() == [30, -30, 0]
    assert found["border"].sweeps == found["border"].updates == 0
    # the frail walk at 0.7 m/s: 630 m in 15 minutes reach all but nobody's 360 m
    assert found["strict"].shares["15"] == 1.0
    assert found["without"].updates == 1
    names = [path.name for path in result.files]
    assert names == ["scenarios.xlsx", "index.html", "1.html", "2.html", "3.html", "4.html"]
    book = openpyxl.load_workbook(result.folder / "scenarios.xlsx")
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows if row[0] in ("撤掉东站", "closed", "border", "strict")] == [
        "撤掉东站", "closed", "border", "strict",
    ]  # fmt: skip
    page = (result.folder / "index.html").read_text(encoding="utf-8")
    assert "撤掉东站" in page
    assert "合成数据" in page
    assert any("合成数据" in str(row[0]) for row in rows)
    assert "<script" not in page
    assert page.count('class="lost" cx') == 2


def test_the_project_itself_is_not_touched(town: Path) -> None:
    run_project(load_project(town))
    before = {path.name: path.read_bytes() for path in (town / "out").iterdir() if path.is_file()}
    run_scenarios(load_project(town))
    assert {path.name: path.read_bytes() for path in (town / "out").iterdir() if path.is_file()} == before
    assert [stage.name for stage in run_project(load_project(town)).graph.stages.values() if stage.runs] == []


def test_a_scenario_may_not_name_what_there_is_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "town", toml=TOML + '[scenarios.x]\nremove_facilities = ["f9"]\nclose_streets = ["s9"]\n')
    with pytest.raises(InputError) as caught:
        run_scenarios(load_project(folder))
    assert [(fault.where.layer, fault.where.rows) for fault in caught.value.faults] == [
        ("facilities", ("f9",)),
        ("streets", ("s9",)),
    ]
    plain = write(tmp_path / "plain")
    with pytest.raises(InputError, match="scenarios in the project file"):
        run_scenarios(load_project(plain))


def test_a_new_street_right_at_the_door_that_leads_a_longer_way_is_told(tmp_path: Path) -> None:
    """b1 stands 10 m north of the street; a new lane passes 5 m north of it and joins the street only far east."""
    lane = gpd.GeoDataFrame(
        {"BSM": ["lane"], "u": [9], "v": [4]},
        geometry=[shift(LineString([(100, 15), (1290, 15), (1300, 0)]))],
        crs=CRS,
    )
    toml = TOML + (
        '[scenarios.lane]\nadd_streets = { role = "streets", file = "lane.gpkg", id = "BSM", datum = "cgcs2000" }\n'
    )
    folder = write(tmp_path / "town", tables(), toml=toml)
    lane.to_file(folder / "lane.gpkg", layer="lane")
    (scenario,) = run_scenarios(load_project(folder)).scenarios
    assert len(scenario.findings) == 1
    assert scenario.findings[0].params["count"] >= 1
