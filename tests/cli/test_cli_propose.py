"""``geoplan propose`` on a town small enough to check by hand: 155 households in a row, in two communities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_town import write_town

from geoplan.cli import main

PART_KEYS = ["id", "name", "households", "people", "pieces", "polsby_popper"]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert isinstance(caught.value.code, int)
    return caught.value.code, capsys.readouterr().out


def test_proposals_as_json_and_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = write_town(tmp_path / "town")
    code, out = run(
        *(capsys, "propose", town, "--lower", 20, "--upper", 130, "--parts", 2, "--effort", 4, "--json", "--quiet"),
        *("--out", tmp_path / "results"),
    )
    record = json.loads(out)
    assert code == 0
    assert list(record) == ["feasible", "stopped_by", "enclaves_before", "alternatives"]
    first = record["alternatives"][0]
    # 30 households west of x = 500 and 120 (and 5 beyond) east of it: both are in range, so nobody moves
    assert (first["moved_households"], first["moved_bound"], first["gap"]) == (0, 0, 0)
    assert [list(part) for part in first["parts"]] == [PART_KEYS] * 2
    assert [part["pieces"] for part in first["parts"]] == [1, 1]
    written = sorted(path.name for path in (tmp_path / "results" / "propose").iterdir())
    assert written == ["map.html", "plans.json", "proposals.gpkg", "proposals.xlsx", "summary.json"]


def test_impossible_wishes_exit_1_with_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = write_town(tmp_path / "town")
    code, out = run(
        *(capsys, "propose", town, "--lower", 500, "--upper", 600, "--parts", 2, "--json", "--quiet"),
        *("--out", tmp_path / "results"),
    )
    record = json.loads(out)
    assert code == 1
    assert record["feasible"] is False
    assert record["alternatives"] == []
    assert record["reasons"]


@pytest.mark.parametrize("words", [("--parts", "many"), ("--lower", 9, "--upper", 3), ("--objective", "cheap")])
def test_senseless_options_exit_2(
    words: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = write_town(tmp_path / "town")
    code, out = run(capsys, "propose", town, "--target", 75, *words, "--out", tmp_path / "results")
    assert (code, out) == (2, "")
    assert not (tmp_path / "results").exists()
