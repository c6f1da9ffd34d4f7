"""What planners do to files while geoplan works: they keep them open, and save them at any moment."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from batch_worlds import contents, moved_boundary, write

import geoplan.batch.inputs as inputs_module
from geoplan.batch import run_project
from geoplan.batch.watch import wait_for_change
from geoplan.project import load_project


def test_a_layer_that_is_still_open_elsewhere_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """A GeoPackage in write-ahead mode: what is saved lies in the log beside it until its program closes it."""
    town = write(tmp_path / "town")
    editor = sqlite3.connect(town / "communities.gpkg")
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        editor.create_function(name, 1, lambda _shape: 0)  # triggers of the driver name them; no shape is changed
    editor.execute("PRAGMA journal_mode = WAL")
    editor.execute("PRAGMA wal_autocheckpoint = 0")
    try:
        run_project(load_project(town))
        before = contents(town / "out")
        editor.execute("UPDATE communities SET SQMC = '改名' WHERE SQDM = 'A'")
        editor.commit()
        assert wait_for_change(load_project(town), known={"communities.gpkg": "before"}, sleep=lambda _s: None)
        run_project(load_project(town))
        after = contents(town / "out")
        assert after["map.html"] != before["map.html"]
        run_project(load_project(town), tmp_path / "fresh")
        assert contents(tmp_path / "fresh") == after
    finally:
        editor.close()


def test_a_file_saved_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = write(tmp_path / "town")
    shutil.copyfile(town / "communities.gpkg", tmp_path / "old.gpkg")
    moved_boundary().to_file(tmp_path / "new.gpkg", layer="communities")
    read_layer = inputs_module.read_layer
    saves = [tmp_path / "new.gpkg"]

    def while_saving(source: object) -> object:
        if saves:
            shutil.copyfile(saves.pop(), town / "communities.gpkg")
        return read_layer(source)  # type: ignore[arg-type]

    monkeypatch.setattr(inputs_module, "read_layer", while_saving)
    run_project(load_project(town))
    run_project(load_project(town), tmp_path / "fresh")
    assert contents(town / "out") == contents(tmp_path / "fresh")
    shutil.copyfile(tmp_path / "old.gpkg", town / "communities.gpkg")
    run_project(load_project(town))
    run_project(load_project(town), tmp_path / "fresh again")
    assert contents(town / "out") == contents(tmp_path / "fresh again")
    assert contents(town / "out") != contents(tmp_path / "fresh")


def test_what_was_saved_during_a_run_is_noticed_after_it(tmp_path: Path) -> None:
    town = write(tmp_path / "town")
    result = run_project(load_project(town))
    moved_boundary().to_file(town / "communities.gpkg", layer="communities")
    asked = iter([False, False, False, True])
    sleep = lambda _seconds: None  # noqa: E731
    assert wait_for_change(load_project(town), known=result.read_files, sleep=sleep, stop=lambda: next(asked))
    again = run_project(load_project(town))
    asked = iter([False, False, True])
    assert not wait_for_change(load_project(town), known=again.read_files, sleep=sleep, stop=lambda: next(asked))
