"""Many towns on processes of this machine, and what happens when one of these dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from many_towns import break_town, write_towns, written

from geoplan.batch.processes import DEATHS
from geoplan.batch.towns import TownsOptions, TownState, run_towns


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The towns, one of them broken, run one after the other."""
    projects = write_towns(tmp_path_factory.mktemp("alone"))
    break_town(projects[1].parent)
    run_towns(projects, options=TownsOptions(language="en"))
    return written(projects)


def kill_on_start(key: str, times: int) -> tuple[Callable[[TownState], None], list[str]]:
    """Kill the only worker whenever a town begins, so many times."""
    killed: list[str] = []

    def progress(state: TownState) -> None:
        if state.last is None and key in state.running and len(killed) < times:
            for process in multiprocessing.active_children():
                process.kill()
            killed.append(key)

    return progress, killed


def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path, alone: dict[str, bytes]) -> None:
    projects = write_towns(tmp_path)
    break_town(projects[1].parent)
    progress, killed = kill_on_start("a", 1)
    result = run_towns(projects, options=TownsOptions(language="en", workers=2), progress=progress)
    assert killed == ["a"]
    assert [row.key for row in result.failed] == ["b"]
    assert written(projects) == alone
    assert multiprocessing.active_children() == []


def test_a_town_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    projects = write_towns(tmp_path, ("a", "b"))
    progress, killed = kill_on_start("a", 99)
    options = TownsOptions(language="en", memory_bytes=4 * 1024**3)  # one worker, but not this process
    result = run_towns(projects, options=options, progress=progress)
    assert killed == ["a"] * DEATHS
    assert [(row.key, row.status) for row in result.rows] == [("a", "failed"), ("b", "done")]
    assert "died" in result.failed[0].error


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the data of a process")
def test_a_town_beyond_the_memory_fails_alone(tmp_path: Path) -> None:
    projects = write_towns(tmp_path, ("a",))
    result = run_towns(projects, options=TownsOptions(language="en", memory_bytes=20 * 1024**2))
    assert [row.status for row in result.rows] == ["failed"]
    assert "memory" in result.failed[0].error


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
def test_ctrl_c_stops_the_workers_and_keeps_what_is_done(tmp_path: Path) -> None:
    projects = write_towns(tmp_path, tuple("abcdef"))
    words = [sys.executable, "-m", "geoplan", "run", *map(str, projects), "--workers", "2", "--language", "en"]
    run = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert run.stderr.readline().startswith("1/6 ")
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 130
    assert "--retry-failed" in told
    again = run_towns(projects, options=TownsOptions(language="en", retry_failed=True))
    assert 0 < len(again.ran) < 6
    assert not again.failed
