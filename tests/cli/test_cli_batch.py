"""``geoplan run --explain``, ``runs``, ``show``, ``compare`` and ``cache``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_town import layers, write_layers, write_town

from geoplan.cli import main


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


def test_boundaries_of_a_run_as_a_file(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    import geopandas as gpd

    town = write_town(tmp_path / "town")
    run("run", town, "-q")
    assert run("show", town, "1", "--boundaries", tmp_path / "old.gpkg")[0] == 0
    table = gpd.read_file(tmp_path / "old.gpkg", layer="communities")
    assert table["id"].tolist() == ["A", "B"]
