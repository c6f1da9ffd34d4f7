"""``geoplan propose`` on a town small enough to check by hand: 155 households in a row, in two communities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_town import TOML, write_town

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


def test_lock_and_the_table_of_the_project_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = '\n[propose]\nlower = 20\nupper = 130\nlock = ["A"]\n'
    town = write_town(tmp_path / "town", toml=TOML + table)
    words = ("propose", town, "--parts", 2, "--lock", "B", "--effort", 1, "--quiet", "--out", tmp_path / "results")
    code, out = run(capsys, *words)
    assert code == 0
    assert "2 个锁定的社区或单元保持不变" in out
    summary = json.loads((tmp_path / "results" / "propose" / "summary.json").read_text(encoding="utf-8"))
    assert summary["options"]["locked"] == ["A", "B"]
    assert (summary["lower"], summary["upper"]) == (20, 130)
    # other rules are reported: both communities are far below the law's 1,000
    (law,) = summary["rules"]
    assert (law["id"], law["enforced"], law["broken_before"]) == (
        "national-2026.community-households",
        False,
        ["A", "B"],
    )


def test_a_range_of_the_command_line_goes_before_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = write_town(tmp_path / "town", toml=TOML + "\n[propose]\nlower = 20\nupper = 130\n")
    words = ("propose", town, "--lower", 155, "--effort", 1, "--json", "--quiet", "--out", tmp_path / "results")
    code, out = run(capsys, *words)
    assert code == 0
    assert [len(a["parts"]) for a in json.loads(out)["alternatives"]] == [1]


def test_each_community_needs_a_centre_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = write_town(tmp_path / "town")
    words = ("propose", town, "--lower", 20, "--upper", 130, "--parts", 2, "--centre-each", "--language", "en")
    code, out = run(capsys, *words, "--quiet", "--out", tmp_path / "results")
    assert code == 1
    assert "sites stand in 1 unit: 1 too few" in out


def test_without_range_or_target_the_law_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = write_town(tmp_path / "town")
    words = ("propose", town, "--parts", 2, "--quiet", "--language", "en", "--out", tmp_path / "results")
    code, out = run(capsys, *words)
    assert code == 1
    assert "2 parts of at least 1,000 need 2,000; there are 155" in out
    assert "the household range 1,000 to 3,000 is that of national-2026.community-households" in out


@pytest.mark.parametrize(
    "words",
    [
        ("--parts", "many"),
        ("--parts", "5-2"),
        ("--lower", 9, "--upper", 3),
        ("--objective", "cheap"),
        ("--objective", "moved=-1"),
        ("--objective", "moved=much"),
        ("--objective", "moved=1,moved=2"),
        ("--objective", ","),
        ("--effort", 0),
        ("--time-limit", "nan"),
        ("--lock", "nobody"),
        ("--level", "moons"),
        ("--seed", -1),
    ],
)
def test_senseless_options_exit_2(
    words: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = write_town(tmp_path / "town")
    code, out = run(capsys, "propose", town, "--target", 75, *words, "--out", tmp_path / "results")
    assert (code, out) == (2, "")
    assert not (tmp_path / "results").exists()
