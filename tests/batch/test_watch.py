"""Watching: what is saved is noticed, a mere touch is not, and the page follows."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from batch_worlds import moved_boundary, write

from geoplan.batch.watch import LivePage, wait_for_change
from geoplan.project import load_project


def test_a_change_is_noticed_a_touch_is_not(tmp_path: Path) -> None:
    project = load_project(write(tmp_path / "town"))
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            os.utime(tmp_path / "town" / "communities.gpkg", (1, 1))
        if len(looks) == 6:
            write(tmp_path / "town", {"communities": moved_boundary()})

    assert wait_for_change(project, sleep=sleep)
    assert len(looks) > 6
    assert not wait_for_change(project, sleep=sleep, stop=lambda: True)


def test_the_page_shows_the_map_and_tells_when_it_is_another(tmp_path: Path) -> None:
    page = LivePage(tmp_path)

    def get(path: str) -> str:
        with urllib.request.urlopen(page.address + path, timeout=10) as answer:  # noqa: S310 - loopback
            return str(answer.read().decode("utf-8"))

    try:
        assert get("version") == "none"
        with pytest.raises(urllib.error.HTTPError):
            get("map.html")
        (tmp_path / "map.html").write_text("一", encoding="utf-8")
        first = get("version")
        assert get("map.html") == "一"
        assert "/map.html" in get("")
        (tmp_path / "new").write_text("二", encoding="utf-8")
        (tmp_path / "new").replace(tmp_path / "map.html")
        assert get("version") != first
        with pytest.raises(urllib.error.HTTPError):
            get("../geoplan.toml")
    finally:
        page.close()


def test_saving_a_layer_runs_again_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """The command as a planner uses it: a process, a save, the page's new version, Ctrl-C."""
    town = write(tmp_path / "town")
    words = ["run", str(town), "--watch", "--quiet", "--language", "en"]
    # whoever starts the tests in the background has Ctrl-C ignored below
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from geoplan.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-u", "-c", code, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True)
        reader.start()
        said: list[str] = []

        def until(words: str) -> str:
            while not any(words in line for line in said):
                said.append(lines.get(timeout=120))
            return next(line for line in said if words in line)

        try:
            address = until("The page that follows").split()[-1]
            until("Watching the files")
            first = urllib.request.urlopen(f"{address}version", timeout=10).read()  # noqa: S310 - loopback
            said.clear()
            moved_boundary().to_file(town / "communities.gpkg", layer="communities")
            until("Watching the files")
            assert any("Since run 1" in line for line in said)
            assert urllib.request.urlopen(f"{address}version", timeout=10).read() != first  # noqa: S310 - loopback
        finally:
            process.send_signal(signal.SIGINT)
            try:
                ended = process.wait(timeout=60)
            finally:
                process.kill()  # or leaving the block would wait for a process that goes on watching
    assert ended == 130
