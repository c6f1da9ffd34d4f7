"""Many towns on real ``dask scheduler`` and ``dask worker`` processes of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from many_towns import break_town, write_towns, written

from geoplan.batch.cluster import LOCAL
from geoplan.batch.towns import TownsOptions, TownState, run_towns
from geoplan.errors import InputError

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

WAIT_S = 120.0
NAMES = ("a", "b", "c", "丙镇")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time to start a worker."""
    monkeypatch.setattr("geoplan.batch.cluster._JOIN_S", WAIT_S)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def dask(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask that ends with the test."""
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / f"{words[0]}.log").open("ab")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)
        log.close()


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    port = free_port()
    words = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
    with dask(*words, folder=folder) as process:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def worker(address: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    words = ("worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / "scratch"))
    with dask(*words, *more, folder=folder) as process:
        yield process


def test_a_killed_worker_and_a_broken_town_on_a_cluster_without_shared_files(tmp_path: Path) -> None:
    """Two workers elsewhere, one of them killed in the middle: the same bytes as one after the other."""
    reference = write_towns(tmp_path / "reference", NAMES)
    projects = write_towns(tmp_path / "cluster", NAMES)
    for each in (reference, projects):
        break_town(each[1].parent)
    run_towns(reference, options=TownsOptions(language="en"))
    elsewhere = tmp_path / "elsewhere"
    with (
        scheduler(elsewhere / "s") as address,
        worker(address, elsewhere / "1", "--no-nanny") as first,
        worker(address, elsewhere / "2", "--no-nanny"),
    ):
        begun: set[str] = set()

        def kill(state: TownState) -> None:
            begun.update(state.running)
            if len(begun) >= 2 and first.poll() is None:
                first.kill()

        options = TownsOptions(language="en", scheduler=address, ship=True)
        result = run_towns(projects, options=options, progress=kill)
        assert first.poll() is not None
    assert [row.key for row in result.failed] == ["b"]
    assert written(projects) == written(reference)
    assert len({outcome.worker for outcome in result.ran if outcome.status == "done"}) <= 2


def test_nobody_at_the_address_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoplan.batch.cluster._CONNECT_S", 1.0)
    projects = write_towns(tmp_path, ("a",))
    with pytest.raises(InputError) as caught:
        run_towns(projects, options=TownsOptions(scheduler=f"tcp://127.0.0.1:{free_port()}"))
    assert [fault.code for fault in caught.value.faults] == ["no-scheduler"]
    assert "dask scheduler" in str(caught.value)


def test_without_dask_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    projects = write_towns(tmp_path, ("a",))
    with pytest.raises(InputError) as caught:
        run_towns(projects, options=TownsOptions(scheduler=LOCAL))
    assert [fault.code for fault in caught.value.faults] == ["no-dask"]
    assert "geoplan[cluster]" in str(caught.value)
    assert "--workers" in str(caught.value)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoplan.batch.cluster._JOIN_S", 3.0)
    projects = write_towns(tmp_path, ("a",))
    with scheduler(tmp_path / "s") as address, pytest.raises(InputError) as caught:
        run_towns(projects, options=TownsOptions(scheduler=address))
    assert [fault.code for fault in caught.value.faults] == ["no-workers"]


@pytest.mark.slow
def test_a_cluster_for_one_run_on_this_machine(tmp_path: Path) -> None:
    reference = write_towns(tmp_path / "reference", NAMES)
    projects = write_towns(tmp_path / "cluster", NAMES)
    run_towns(reference, options=TownsOptions(language="en"))
    result = run_towns(projects, options=TownsOptions(language="en", scheduler=LOCAL, workers=2))
    assert not result.failed
    assert written(projects) == written(reference)
