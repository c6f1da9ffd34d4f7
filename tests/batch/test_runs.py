"""A run computes what changed and no more, and its results are those of a run from scratch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from batch_worlds import FILES, contents, moved_boundary, tables, write
from small_town import TOML, write_ledger

from geoplan.batch import RunResult, explain_run, open_store, run_project
from geoplan.batch.difference import totals
from geoplan.batch.ledger import boundaries, find_run, runs
from geoplan.errors import InputError
from geoplan.project import load_project


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the project has been run once."""
    folder = write(tmp_path_factory.mktemp("first") / "town")
    run_project(load_project(folder))
    return folder


@pytest.fixture
def town(first: Path, tmp_path: Path) -> Path:
    """A copy of it for each test; the files keep their times."""
    return Path(shutil.copytree(first, tmp_path / "town"))


def ran(result: RunResult) -> list[str]:
    return [name for name, stage in result.graph.stages.items() if stage.runs]


def run_both(folder: Path) -> RunResult:
    """Run as far as something changed; the results must be those of a run in an empty folder."""
    result = run_project(load_project(folder))
    run_project(load_project(folder), folder.parent / "fresh")
    fresh, mine = contents(folder.parent / "fresh"), contents(folder / "out")
    assert [name for name in FILES if fresh[name] != mine[name]] == []
    return result


def test_nothing_changed_computes_nothing(town: Path) -> None:
    for path in town.glob("*.gpkg"):
        os.utime(path, (1, 1))
    result = run_both(town)
    assert ran(result) == []
    assert (result.sweeps, result.updates) == (0, 0)


def test_rows_in_another_order_are_read_and_nothing_else(town: Path) -> None:
    before = contents(town / "out")
    write(town, {name: table.iloc[::-1] for name, table in tables().items()})
    result = run_both(town)
    assert ran(result) == ["read"]
    assert contents(town / "out") == before


def test_a_moved_boundary_runs_no_sweep(town: Path) -> None:
    write(town, {"communities": moved_boundary()})
    graph = explain_run(load_project(town))
    again = [name for name, stage in graph.stages.items() if stage.runs]
    assert again == ["read", "check", "coverage", "map", "report"]
    assert graph.sweeps == 0
    result = run_both(town)
    assert (result.sweeps, result.updates) == (0, 0)
    assert "communities.geometry" in str(result.graph.stages["coverage"].reason)
    change = result.change
    assert change is not None
    # b3, 30 households and 70 people, is served both times: it goes along with the boundary
    # b6, in no unit, is served by f2 before and after
    assert change["moved_households"].tolist() == [30.0, -30.0, 0.0]
    assert totals(change)["won_households"] == totals(change)["lost_households"] == 0.0


def test_households_change_counts_and_no_walk(town: Path) -> None:
    rows = [("b1", 99, 30), ("b2", 20, 50), ("b3", 30, 70), ("b4", 40, 110), ("b5", 50, 120), ("b6", 5, 12)]
    write_ledger(town / "台账.xlsx", rows)
    result = run_both(town)
    assert ran(result) == ["read", "check", "coverage", "map", "report"]


def test_a_closed_street_updates_the_times(town: Path) -> None:
    streets = tables()["streets"]
    write(town, {"streets": streets[streets["BSM"] != "s4"]})
    result = run_both(town)
    # the isochrones are searched once; the times are brought up to date
    assert (result.sweeps, result.updates) == (1, 1)
    assert result.change is not None
    # b5 and b6 open onto the street that is gone now; f2 is cut off
    assert totals(result.change)["lost_households"] > 0.0


def test_another_facility_updates_the_times(town: Path) -> None:
    made = tables()["facilities"]
    more = made.iloc[[1]].assign(BSM="f3").set_geometry(made.iloc[[1]].translate(-300.0, 0.0))
    write(town, {"facilities": type(made)(pd.concat([made, more], ignore_index=True), crs=made.crs)})
    result = run_both(town)
    assert (result.sweeps, result.updates) == (1, 1)
    assert result.change is not None
    assert totals(result.change)["lost_households"] == 0.0


def test_a_result_that_was_changed_or_deleted_is_written_again(town: Path) -> None:
    before = contents(town / "out")
    (town / "out" / "map.html").write_text("spoilt", encoding="utf-8")
    assert ran(run_project(load_project(town))) == ["map"]
    (town / "out" / "coverage.xlsx").unlink()
    assert ran(run_project(load_project(town))) == ["report"]
    assert contents(town / "out") == before


def test_other_code_counts_as_another_result(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoplan.batch.stages.code_version", lambda rooms: f"newer {sorted(rooms)}")
    graph = explain_run(load_project(town))
    again = [name for name, stage in graph.stages.items() if stage.runs]
    assert again == ["check", "coverage", "map", "report"]
    assert str(graph.stages["check"].reason) == "changed: code"


def test_explain_changes_no_result_and_tells_what_the_run_does(town: Path) -> None:
    write(town, {"communities": moved_boundary()})
    before = contents(town / "out")
    told = explain_run(load_project(town))
    assert contents(town / "out") == before
    result = run_project(load_project(town))
    assert [name for name, stage in told.stages.items() if stage.runs] == ran(result)


def test_every_run_is_in_the_ledger_however_it_ends(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(town, {"communities": moved_boundary()})

    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("geoplan.batch.work.write_coverage_xlsx", stop)
        with pytest.raises(KeyboardInterrupt):
            run_project(load_project(town))
    text = (town / "geoplan.toml").read_text(encoding="utf-8")
    (town / "geoplan.toml").write_text(text + '[walk]\nfacilities = "school"\n', encoding="utf-8")
    with pytest.raises(InputError):
        run_project(load_project(town))
    write(town, {"communities": moved_boundary()})
    result = run_project(load_project(town), name="新界线")
    with open_store(town / "out") as store:
        found = runs(store)
        assert [run.outcome for run in found] == ["done", "interrupted", "failed", "done"]
        assert find_run(store, "新界线").id == result.number
        assert found[-1].record["files"]["communities.gpkg"] != found[0].record["files"]["communities.gpkg"]
        assert found[-1].record["results"][0]["households"] == 155
        with pytest.raises(InputError):
            find_run(store, "no such run")


def test_versions_of_boundaries_stand_side_by_side(town: Path) -> None:
    write(town, {"communities": moved_boundary()})
    run_project(load_project(town), name="新界线")
    write(town)
    run_project(load_project(town))
    with open_store(town / "out") as store:
        found = [(one.level, one.name, one.run) for one in boundaries(store)]
        store.prune(keep_runs=0)
        assert found == [("communities", "communities 1", 1), ("communities", "新界线", 2)]
        assert [store.read(one.blob) is not None for one in boundaries(store)] == [True, True]


def test_prune_forgets_and_the_next_run_computes_again(town: Path) -> None:
    before = contents(town / "out")
    with open_store(town / "out") as store:
        removed, size = store.prune(keep_runs=0)
        assert removed > 0 < size
        assert store.entries() == []
    result = run_both(town)
    assert "coverage" in ran(result)
    assert contents(town / "out") == before


def test_the_coverage_of_a_result_is_taken_up_from_the_store(town: Path) -> None:
    result = run_project(load_project(town))
    assert result.coverage.total()["households"] == 155


def test_every_case_of_the_page_is_planned(tmp_path: Path) -> None:
    folder = write(tmp_path / "town", toml=f'{TOML}\n[walk]\nmode = "both"\ncentre = "both"\n')
    project = load_project(folder)
    planned = explain_run(project)
    result = run_project(project)
    assert planned.sweeps == result.sweeps > 0
    # the reader of the page may switch the case: its land is there, and only the page is written again
    (folder / "out" / "map.html").unlink()
    again = run_both(folder)
    assert (ran(again), again.sweeps) == (["map"], 0)


def test_a_first_run_that_cannot_use_its_files_leaves_no_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "town")
    (folder / "streets.gpkg").write_bytes(b"no GeoPackage")
    with pytest.raises(InputError):
        run_project(load_project(folder), tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()
