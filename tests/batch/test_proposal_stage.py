"""Proposals as a stage of a run, where the project wants them with every run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from batch_worlds import moved_boundary, tables, write
from small_town import TOML

import geoplan.batch.walks as walks_module
from geoplan.batch import explain_run, open_store, run_project
from geoplan.batch.ledger import find_run
from geoplan.batch.stages import PROPOSAL_FILES
from geoplan.cli import main
from geoplan.project import load_project

WITH_RUN = TOML + "\n[propose]\nlower = 1\nupper = 1000\neffort = 1\nseed = 7\nwith_run = true\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the project has been run once."""
    folder = write(tmp_path_factory.mktemp("first") / "town", toml=WITH_RUN)
    run_project(load_project(folder))
    return folder


@pytest.fixture
def town(first: Path, tmp_path: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copytree(first, tmp_path / "town"))


def runs(folder: Path) -> list[str]:
    return [name for name, stage in explain_run(load_project(folder)).stages.items() if stage.runs]


def proposals(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in PROPOSAL_FILES}


def test_proposals_are_made_again_only_when_something_changes_them(town: Path, tmp_path: Path) -> None:
    made = proposals(town / "out")
    again = run_project(load_project(town))
    assert "proposal" in again.graph.stages
    assert not any(stage.runs for stage in again.graph.stages.values())
    assert again.proposals
    assert proposals(town / "out") == made
    with open_store(town / "out", lock=False) as store:
        assert find_run(store, "last").record["seed"] == 7

    write(town, {**tables(), "communities": moved_boundary()}, toml=WITH_RUN)
    assert "proposal" in runs(town)
    run_project(load_project(town))
    changed = proposals(town / "out")
    assert changed["propose/summary.json"] != made["propose/summary.json"]
    run_project(load_project(town), tmp_path / "fresh")
    assert proposals(tmp_path / "fresh") == changed


def test_proposals_after_a_moved_boundary_walk_nowhere(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches are counted where they are made, beside what is planned and recorded."""
    made: list[object] = []
    build = walks_module.build_reach
    monkeypatch.setattr(walks_module, "build_reach", lambda *a, **k: made.append(a) or build(*a, **k))
    write(town, {**tables(), "communities": moved_boundary()}, toml=WITH_RUN)
    plan = explain_run(load_project(town))
    assert plan.runs("proposal")
    assert plan.sweeps == 0
    result = run_project(load_project(town))
    assert (result.sweeps, result.updates, made) == (0, 0, [])


def test_the_searches_of_a_first_run_are_told_before(tmp_path: Path) -> None:
    town = write(tmp_path / "town", toml=WITH_RUN)
    assert explain_run(load_project(town)).sweeps == run_project(load_project(town)).sweeps > 2


def test_what_is_asked_for_concerns_the_proposals_alone(town: Path) -> None:
    file = town / "geoplan.toml"
    asked = file.read_text(encoding="utf-8")
    file.write_text(asked.replace("upper = 1000", "upper = 900"), encoding="utf-8")
    assert runs(town) == ["proposal", "report"]  # the record of the results names the settings
    (town / "out" / "propose" / "map.html").unlink()
    file.write_text(asked, encoding="utf-8")
    stage = explain_run(load_project(town)).stages["proposal"]
    assert stage.runs
    assert "map.html" in str(stage.reason)


def test_the_command_says_what_is_proposed_and_where(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", str(town), "--quiet", "--language", "en"])
    printed = capsys.readouterr().out
    assert not ended.value.code
    assert "propose/map.html" in printed
    assert "households move" in printed
    record = json.loads((town / "out" / "propose" / "summary.json").read_text(encoding="utf-8"))
    assert (record["lower"], record["upper"]) == (1, 1000)


def test_without_the_wish_a_run_makes_none(tmp_path: Path) -> None:
    town = write(tmp_path / "town", toml=WITH_RUN.replace("with_run = true", "with_run = false"))
    result = run_project(load_project(town))
    assert "proposal" not in result.graph.stages
    assert not (town / "out" / "propose").exists()
