"""``geoplan run --explain``, ``runs``, ``show``, ``compare`` and ``cache``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from small_town import layers, write_layers, write_town

from geoplan.batch import open_store
from geoplan.batch.ledger import boundaries
from geoplan.cli import main
from geoplan.text import translate


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*words: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return int(ended.value.code or 0), capsys.readouterr().out

    return call


def test_a_day_with_the_ledger(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    town = write_town(tmp_path / "town")
    code, _ = run("runs", town, "-q")
    assert code == 2
    plan = json.loads(run("run", town, "--explain", "--json", "-q")[1])
    assert [stage["name"] for stage in plan["stages"]][:3] == ["read", "check", "network"]
    assert all({"name", "runs", "reason"} == set(stage) for stage in plan["stages"])
    assert plan["sweeps"] == 2
    assert run("run", town, "-q", "--language", "en")[0] == 0
    assert "Nothing has changed since run 1" in run("run", town, "-q", "--language", "en")[1]

    tables = layers()
    tables["facilities"] = tables["facilities"].assign(geometry=tables["facilities"].translate(900.0, 0.0))
    write_layers(town, tables)
    out = run("run", town, "-q", "--language", "en", "--name", "moved")[1]
    # the difference comes first; b1 is 810 s from the new place, so all but nobody is won
    assert out.startswith("Since run 2")
    assert "won" in out.split("小镇")[0]

    found = json.loads(run("runs", town, "--json")[1])
    assert [(entry["outcome"], entry["name"]) for entry in found["runs"]] == [
        ("done", ""),
        ("done", ""),
        ("done", "moved"),
    ]
    assert [one["level"] for one in found["boundaries"]] == ["communities"]
    shown = json.loads(run("show", town, "moved", "--json")[1])
    assert shown["results"][-1]["served_households"] == 155
    compared = json.loads(run("compare", town, "1", "moved", "--json")[1])
    assert compared["changed"] == ["facilities"]
    # b5 and b6 (960 and 1,210 s) were beyond, nobody is now
    assert (compared["total"]["won_households"], compared["total"]["lost_households"]) == (55.0, 0.0)
    assert {row["id"]: row["won_households"] for row in compared["communities"]} == {"A": 0, "B": 50, None: 5}
    store = json.loads(run("cache", town, "--json")[1])
    assert store["damaged"] == []
    assert store["bytes"] > 0
    pruned = json.loads(run("cache", town, "--prune", "1", "--json")[1])
    assert pruned["removed"]["files"] > 0
    assert run("compare", town, "1", "moved")[0] == 2
    assert run("show", town, "99")[0] == 2


def test_boundaries_of_a_run_as_a_file(
    run: Callable[..., tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import geopandas as gpd

    town = write_town(tmp_path / "town")
    run("run", town, "-q")
    assert run("show", town, "1", "--boundaries", tmp_path / "old.gpkg")[0] == 0
    table = gpd.read_file(tmp_path / "old.gpkg", layer="communities")
    assert table["id"].tolist() == ["A", "B"]

    with open_store(town / "out", lock=False) as store:
        (version,) = boundaries(store)
    blob = town / "out" / ".geoplan" / "blobs" / version.blob
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SystemExit) as ended:
        main(["show", str(town), "1", "--language", "en", "--boundaries", str(tmp_path / "new.gpkg")])
    assert ended.value.code == 2
    assert "version communities 1 is damaged in the store" in capsys.readouterr().err
    assert not (tmp_path / "new.gpkg").exists()
    assert "boundary" in run("run", town, "-q")[1]
    assert run("show", town, "1", "--boundaries", tmp_path / "new.gpkg")[0] == 0
    assert (tmp_path / "new.gpkg").read_bytes() == (tmp_path / "old.gpkg").read_bytes()


def test_runs_are_told_whole_and_in_the_language_of_the_reader(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    town = write_town(tmp_path / "town")
    run("run", town, "-q")
    # the stages of a first run are longer than a line
    listed = run("runs", town)[1].splitlines()
    assert [line.split()[0] for line in listed[:3]] == ["历次运行", "#", "1"]
    never = "it has never been computed"
    assert f"read: {translate(never, 'zh')}" in run("show", town)[1]
    assert f"read: {never}" in run("show", town, "--language", "en")[1]
    assert json.loads(run("show", town, "--json")[1])["ran"]["read"] == translate(never, "zh")
    # earlier versions kept the English sentence
    with closing(sqlite3.connect(town / "out" / ".geoplan" / "ledger.sqlite")) as database, database:
        database.execute("UPDATE runs SET record = json_set(record, '$.ran.read', 'changed: {file}')")
    assert "read: changed: {file}" in run("show", town)[1]


def test_pruning_keeps_what_the_last_run_stands_on(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    town = write_town(tmp_path / "town")
    run("run", town, "-q")
    run("run", town, "-q")
    pruned = json.loads(run("cache", town, "--prune", "1", "--json")[1])
    assert pruned["removed"]["files"] == 0
    assert run("compare", town, "last", "last")[0] == 0


@pytest.mark.parametrize("words", [["runs"], ["show"], ["cache"], ["cache", "--prune", "1"]])
def test_a_damaged_ledger_is_told(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = write_town(tmp_path / "town")
    ledger = town / "out" / ".geoplan" / "ledger.sqlite"
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(b"no database" * 1000)
    with pytest.raises(SystemExit) as ended:
        main([words[0], str(town), *words[1:], "--language", "en"])
    assert ended.value.code not in (0, 70)
    assert "the next run begins a new ledger" in capsys.readouterr().err
    # only pruning holds the lock
    assert (ledger.read_bytes() == b"no database" * 1000) == ("--prune" not in words)
