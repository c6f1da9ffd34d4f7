"""``--anonymise``: nothing of a home's name reaches the results or the store beside them, and the runs keep apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batch_worlds import contents, moved_boundary, tables, write
from small_town import TOML, write_ledger

from geoplan.batch import explain_run, open_store, run_project, run_scenarios
from geoplan.batch.inputs import read_inputs
from geoplan.batch.towns import TownsOptions, run_towns
from geoplan.project import PROJECT_FILE, load_project

NAMED = TOML.replace(
    'file = "town.gpkg"\nlayer = "buildings"\nid = "BSM"',
    'file = "town.gpkg"\nlayer = "buildings"\nid = "BSM"\ncolumns = { name = "HZ" }',
)
NAMED += '\n[scenarios.less]\nremove_facilities = ["f2"]\n'
HOMES = [f"household of person {number}" for number in range(1, 7)]
COUNTS = [("b1", 1, 3), ("b2", 1, 3), ("b3", 2, 4), ("b4", 40, 110), ("b5", 50, 120), ("b6", 3, 4)]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """The town with a name on every building; b1, b2, b3 and b6 hold fewer than five households each."""
    made = tables()
    made["buildings"]["HZ"] = HOMES
    folder = write(tmp_path / "town", made, toml=NAMED)
    write_ledger(folder / "台账.xlsx", [*COUNTS])
    return folder


def naming(folder: Path) -> list[str]:
    """Files in which a home's name stands as it is; the store's are not compressed."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.relative_to(folder).parts[0] for path in files if b"household of person" in path.read_bytes())


def households(folder: Path) -> list[float]:
    with open_store(folder / "out") as store:
        inputs, read = read_inputs(load_project(folder), store, lambda _message, _share: None, anonymise=True)
        assert not read
        return list(inputs.town.buildings["households"])


def test_neither_results_nor_store_name_a_home(town: Path) -> None:
    run_project(load_project(town), town / "plain")
    assert ".geoplan" in naming(town / "plain")
    result = run_project(load_project(town), anonymise=True)
    run_scenarios(load_project(town), anonymise=True)
    assert naming(town / "out") == []
    assert not result.named_before
    # small ones in the order of their ids: 1, 2, 4 and 7 so far are 0, 0, 5 and 5 of them
    assert households(town) == [0.0, 0.0, 5.0, 40.0, 50.0, 0.0]
    assert result.coverage.total()["households"] == 95.0
    notices = json.loads((town / "out" / "summary.json").read_text(encoding="utf-8"))["notices"]
    assert "anonymised" in [notice["code"] for notice in notices]


def test_the_option_is_part_of_every_stage(town: Path) -> None:
    project = load_project(town)
    run_project(project)
    graph = explain_run(project, anonymise=True)
    assert str(graph.stages["read"].reason) == "changed: anonymise"
    assert [name for name, stage in graph.stages.items() if stage.runs] == [
        "read",
        "check",
        "coverage",
        "map",
        "report",
    ]
    assert graph.sweeps == 0  # walks know no names and no households
    result = run_project(project, anonymise=True)
    assert result.named_before
    run_project(project, town / "fresh", anonymise=True)
    assert contents(town / "fresh") == contents(town / "out")
    again = run_project(project, anonymise=True)
    assert not any(stage.runs for stage in again.graph.stages.values())


def test_a_moved_boundary_searches_nothing(town: Path) -> None:
    run_project(load_project(town), anonymise=True)
    moved_boundary().to_file(town / "communities.gpkg", layer="communities")
    result = run_project(load_project(town), anonymise=True)
    assert (result.sweeps, result.updates) == (0, 0)
    assert result.change is not None
    # b3, now 5 households, goes from B to A
    assert result.change["moved_households"].tolist()[:2] == [5.0, -5.0]


def test_many_towns_retried_the_other_way_are_run_again(town: Path) -> None:
    projects = [town / PROJECT_FILE]
    safe = TownsOptions(anonymise=True)
    assert run_towns(projects, options=safe).rows[0].record["households"] == 95
    assert naming(town / "out") == []
    again = TownsOptions(anonymise=True, retry_failed=True)
    assert run_towns(projects, options=again).ran == ()
    assert run_towns(projects, options=TownsOptions(retry_failed=True)).rows[0].record["households"] == 97
