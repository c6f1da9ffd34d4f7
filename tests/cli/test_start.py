"""The process itself: what starting loads, consoles that are not UTF-8, readers that go away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("geopandas", "numba", "folium", "pandas", "scipy", "shapely", "osmium", "pydantic", "openpyxl")
GEOPLAN = [sys.executable, "-m", "geoplan"]


@pytest.mark.parametrize(
    "code",
    [
        "import geoplan",
        "import geoplan.cli.app",
        "from geoplan.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    script = f"import sys\n{code}\nprint(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_output_is_utf8_on_any_console(encoding: str) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*GEOPLAN, "standards", "baoting"], capture_output=True, env=environment, check=True)
    assert "保亭" in done.stdout.decode("utf-8")


def test_faults_are_utf8_too_and_show_no_traceback(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([*GEOPLAN, "run", str(tmp_path / "没有")], capture_output=True, env=environment, check=False)
    assert done.returncode == 2
    assert "没有" in done.stderr.decode("utf-8")
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently on Windows")
def test_a_reader_that_goes_away_is_no_fault() -> None:
    script = f"{sys.executable} -m geoplan standards | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    assert done.returncode in (0, 141)
    assert done.stderr == b""
