"""Files of the store that are garbled are noticed when they are used, and mended; what is in use is not pruned."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_worlds import contents, moved_boundary, write
from small_town import TOML

from geoplan.batch import RunResult, explain_run, open_store, run_project
from geoplan.batch.ledger import boundaries, find_run, load_boundary
from geoplan.batch.store import Entry
from geoplan.batch.task import _outline
from geoplan.project import load_project


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the project has been run once."""
    folder = write(tmp_path_factory.mktemp("first") / "town")
    run_project(load_project(folder))
    return folder


@pytest.fixture
def town(first: Path, tmp_path: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copytree(first, tmp_path / "town"))


def garble(folder: Path, blob: str) -> None:
    """Turn one bit of a file of the store; its size stays."""
    path = folder / "out" / ".geoplan" / "blobs" / blob
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def garble_entries(folder: Path, chosen: Callable[[Entry], bool]) -> None:
    with open_store(folder / "out", lock=False) as store:
        blobs = sorted({entry.blob for entry in store.entries() if chosen(entry)})
    assert blobs
    for blob in blobs:
        garble(folder, blob)


def garble_tables(folder: Path) -> None:
    garble_entries(folder, lambda entry: entry.key.startswith("table "))


def test_who_is_served_is_counted_again_if_its_file_is_garbled(town: Path) -> None:
    garble_entries(town, lambda entry: entry.stage == "served")
    result = run_project(load_project(town))
    assert result.damaged == ("served",)
    with open_store(town / "out", lock=False) as store:
        assert store.read(find_run(store, "last").record["served"]) is not None
    assert run_project(load_project(town)).damaged == ()


def test_a_garbled_version_of_boundaries_is_written_anew_by_the_next_run_with_it(town: Path) -> None:
    with open_store(town / "out", lock=False) as store:
        (version,) = boundaries(store)
    garble(town, version.blob)
    result = run_project(load_project(town))
    assert result.damaged == ("boundary",)
    with open_store(town / "out", lock=False) as store:
        assert boundaries(store) == [version]
        level = load_boundary(store, version)
    assert level is not None
    assert list(level.table.index) == ["A", "B"]


def test_explaining_reads_again_what_is_garbled(town: Path) -> None:
    garble_tables(town)
    graph = explain_run(load_project(town))
    assert graph.runs("read")
    before = contents(town / "out")
    run_project(load_project(town))
    assert contents(town / "out") == before


def test_a_result_reads_again_what_is_garbled(town: Path) -> None:
    result = run_project(load_project(town))
    garble_tables(town)
    assert result.coverage.total()["households"] == 155


def test_an_outline_reads_again_what_is_garbled(tmp_path: Path) -> None:
    # without levels the outline is that of the buildings
    start, units, *others = TOML.split("[[layers]]")
    assert 'role = "units"' in units
    folder = write(tmp_path / "town", toml="[[layers]]".join([start, *others]))
    result = run_project(load_project(folder))
    garble_tables(folder)
    assert _outline(result)


def test_a_run_in_which_nothing_changed_stands_on_all_of_the_last(town: Path) -> None:
    def kept() -> list[tuple[str, str]]:
        with open_store(town / "out") as store:
            store.prune(keep_runs=1)
            return [(entry.stage, entry.key) for entry in store.entries()]

    before = kept()
    assert {"read", "snap", "times", "isochrones", "labels", "coverage", "served", "piece"} <= {
        one for one, _ in before
    }
    run_project(load_project(town))
    assert kept() == before
    # a run that fails takes nothing away
    whole = (town / "streets.gpkg").read_bytes()
    (town / "streets.gpkg").write_bytes(b"no GeoPackage")
    with pytest.raises(Exception, match="streets"):
        run_project(load_project(town))
    (town / "streets.gpkg").write_bytes(whole)
    assert set(before) <= set(kept())
    write(town, {"communities": moved_boundary()})
    result: RunResult = run_project(load_project(town))
    assert (result.sweeps, result.updates) == (0, 0)
    # what only the boundary of before needed is gone
    assert not set(before) <= set(kept())
