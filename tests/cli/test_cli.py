"""The commands, run in this process; see test_start for the process itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main
from paths import ROOT
from small_town import TOML, layers, write_layers, write_town

from geoplan import __version__
from geoplan.cli import main
from geoplan.cli.app import app
from geoplan.cli.session import hoist_options

Run = Callable[..., tuple[int, str, str]]
KEYS = [
    *("mode", "profile", "centre", "tier", "minutes", "limit", "households", "served_households", "people"),
    *("served_people", "share", "estimated", "binding_rule", "buildings", "unreachable_buildings", "communities"),
]
ROW_KEYS = ["id", "name", "households", "served_households", "people", "served_people", "share"]
COMMANDS = sorted(typer.main.get_command(app).commands)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; give exit code, stdout and stderr."""

    def go(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, out, err

    return go


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town that is only read."""
    return write_town(tmp_path_factory.mktemp("cli") / "town")


def test_json_is_one_object_and_nothing_else(run: Run, town: Path) -> None:
    code, out, err = run("coverage", town, "--json")
    assert code == 0
    record = json.loads(out)
    assert list(record) == KEYS
    assert all(list(row) == ROW_KEYS for row in record["communities"])
    assert (record["minutes"], record["limit"], record["served_households"]) == (15, 900, 100)
    assert [row["id"] for row in record["communities"]] == ["A", "B", None]
    assert "town.gpkg" in err  # progress goes elsewhere


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ("time", "any", 15, 900, 100)),
        (["--minutes", "5"], ("time", "any", 5, 300, 10)),
        (["--minutes", "7"], ("time", "any", 7, 420, 30)),
        (["--mode", "distance"], ("distance", "any", 15, 1000, 150)),
        (["--mode", "distance", "--minutes", "10"], ("distance", "any", 10, 500, 30)),
        (["--centre", "own"], ("time", "own", 15, 900, 30)),
        (["--profile", "frail"], ("time", "any", 15, 900, 30)),
    ],
)
def test_one_case_as_asked(options: list[str], expected: tuple[object, ...], run: Run, town: Path) -> None:
    code, out, _ = run("coverage", town, "--json", "--quiet", *options)
    assert code == 0
    record = json.loads(out)
    assert tuple(record[key] for key in ("mode", "centre", "minutes", "limit", "served_households")) == expected


def test_text_tells_the_answer_first(run: Run, town: Path) -> None:
    code, out, err = run("coverage", town, "--language", "en", "--quiet")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "小镇"
    assert lines[1] == "within 15 min: 64.5% of households (100 of 155)"
    assert lines[3] == "within 5 min: 6.5% of households (10 of 155)"
    alone = run("coverage", town, "--language", "en", "--quiet", "--minutes", "10")[1]
    assert re.findall(r"within (\d+) min", alone) == ["10"]
    assert "=东社区" in out
    assert "! Synthetic data: no real place, no real people." in lines


def test_language_of_the_project_or_as_asked(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOPLAN_LANGUAGE", "en")
    assert "户" in run("coverage", town, "-q")[1]
    for words in (["--language", "en", "coverage", town], ["coverage", town, "--language=en"]):
        assert "of households" in run(*words)[1]


def test_run_and_map_write_where_they_are_told(run: Run, town: Path, tmp_path: Path) -> None:
    code, out, _ = run("run", town, "--out", tmp_path / "r", "--language", "en")
    assert code == 0
    assert out.startswith("小镇\nwithin 15 min: 64.5%")
    files = sorted(path.name for path in (tmp_path / "r").iterdir())
    assert files == [".geoplan", "coverage.gpkg", "coverage.xlsx", "map.html", "summary.json"]
    assert all(name in out for name in files[1:])
    code, out, _ = run("map", town / "geoplan.toml", "--out", tmp_path / "m")
    assert (code, Path(out.strip())) == (0, tmp_path / "m" / "map.html")
    assert (tmp_path / "m" / "map.html").is_file()


def test_check_says_no_where_there_are_errors(run: Run, town: Path, tmp_path: Path) -> None:
    code, out, _ = run("check", town, "--language", "en")
    assert code == 0
    assert "0 errors" in out
    # what was noticed in reading stands there too, not in the outputs of a run alone
    assert "\n- no column tells bridges and tunnels" in out
    spoilt = write_town(tmp_path / "spoilt")
    tables = layers()
    overlapping = tables["communities"].geometry.buffer(20.0, join_style="mitre")
    write_layers(spoilt, {**tables, "communities": tables["communities"].set_geometry(overlapping)})
    code, out, _ = run("check", spoilt, "--language", "en")
    assert code == 1
    assert "[error] Communities" in out


def test_new_then_run(run: Run, tmp_path: Path) -> None:
    folder = write_town(tmp_path / "town")
    (folder / "geoplan.toml").unlink()
    code, out, _ = run("new", folder, "--language", "en")
    assert code == 0
    assert "because its name says" in out
    code, out, _ = run("coverage", folder, "--json")
    assert json.loads(out)["served_households"] == 100
    code, _, err = run("new", folder)
    assert code == 2
    assert "geoplan.toml" in err


def test_new_with_gaps_is_incomplete(run: Run, tmp_path: Path) -> None:
    layers()["streets"].to_file(tmp_path / "道路.shp", encoding="utf-8")
    code, out, _ = run("new", tmp_path, "--language", "en")
    assert code == 1
    assert "Still missing: a layer with role buildings" in out
    assert (tmp_path / "geoplan.toml").is_file()


def test_sample(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("sample", "county", tmp_path / "c", "--language", "en")
    assert code == 0
    assert (tmp_path / "c" / "geoplan.toml").is_file()
    assert "geoplan run" in out
    assert run("sample", "county", tmp_path / "c")[0] == 2
    assert run("sample", "moon", tmp_path / "d")[0] == 2
    assert not (tmp_path / "d").exists()


def test_standards(run: Run) -> None:
    code, out, _ = run("standards", "--language", "en")
    assert code == 0
    assert "gb50180-2018" in out
    code, out, _ = run("standards", "baoting", "--language", "en")
    assert code == 0
    assert "300" in out
    assert run("standards", "nothing")[0] == 2


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"geoplan {__version__}\n", "")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_the_language(command: str, run: Run) -> None:
    words = [command] if command else []
    code, english, _ = run(*words, "--help", "--language", "en")
    assert code == 0
    assert not re.search(r"[\u4e00-\u9fff]", english)
    code, chinese, _ = run(*words, "--help", "--language", "zh")
    assert code == 0
    assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_every_command_and_option_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [f"geoplan {name}" for name in COMMANDS if f"geoplan {name}" not in readme]
    group = typer.main.get_command(app)
    options = {o for c in (group, *group.commands.values()) for p in c.params for o in p.opts if o.startswith("--")}
    missing += sorted(option for option in options if option not in readme)
    known = {*COMMANDS, "new"}
    named = set(re.findall(r"^\$? ?geoplan ([a-z]+)", readme, re.MULTILINE))
    assert missing == []
    assert named <= known


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cover"], "did you mean coverage?"),
        (["fly"], "there is no command fly"),
        (["run"], "PROJECT is missing"),
        (["check", "a", "b"], "but there is: b"),
        (["run", "a", "--ot", "b"], "did you mean --out, --json?"),
        (["run", "a", "--out"], "--out needs a value"),
        (["sample", "county"], "DIR is missing"),
    ],
)
def test_usage_errors_say_the_way_out(words: list[str], said: str, run: Run) -> None:
    code, out, err = run("--language", "en", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "--help" in err
    assert len(err.splitlines()) == 1
    assert "?." not in err


def test_no_words_at_all_show_the_help(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (2, "")
    assert "--language" in out
    # a flag takes no value
    assert "<bool>" not in out


@pytest.mark.parametrize("option", ["--mode", "--centre"])
def test_one_question_is_about_one_case(option: str, run: Run, town: Path) -> None:
    code, out, err = run("coverage", town, option, "both", "--json", "--language", "en")
    assert (code, out) == (2, "")
    assert f"{option} both" in err


def test_unknown_language(run: Run) -> None:
    code, _, err = run("standards", "--language", "fr")
    assert code == 2
    assert "fr" in err


def test_interrupted_at_any_point(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    for step in ("load_project", "load_town"):
        with monkeypatch.context() as patch:
            patch.setattr(f"geoplan.project.{step}", interrupt)
            code, out, err = run("coverage", town, "--json")
            assert (code, out) == (130, "")
            assert "Traceback" not in err


def test_own_faults_are_short_unless_asked(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("geoplan.project.load_town", fail)
    code, out, err = run("check", town, "--language", "en")
    assert (code, out) == (70, "")
    assert "ZeroDivisionError: oh" in err
    assert "Traceback" not in err
    assert "Traceback" in run("check", town, "--debug")[2]


def test_shared_options_stand_anywhere() -> None:
    assert hoist_options(["run", "x", "--quiet", "--language", "en", "--out", "y"]) == [
        "--quiet",
        "--language",
        "en",
        "run",
        "x",
        "--out",
        "y",
    ]
    assert hoist_options(["run", "--", "--quiet"]) == ["run", "--", "--quiet"]


def test_every_tier_of_the_project_is_shown(run: Run, tmp_path: Path) -> None:
    folder = write_town(tmp_path / "town", toml=TOML.replace('"service_centre" }', '"service_centre", tier = "街道" }'))
    code, out, _ = run("coverage", folder, "--tier", "街道", "--json")
    assert (code, json.loads(out)["tier"]) == (0, "街道")
    code, _, err = run("coverage", folder, "--tier", "县")
    assert code == 2
    assert "街道" in err
