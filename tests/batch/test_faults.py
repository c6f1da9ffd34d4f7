"""Whatever happens to a run, the store stays readable and the next run ends with the bytes of an undisturbed one."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from batch_worlds import FILES, contents, moved_boundary, tables, write

from geoplan.batch import open_store, run_project
from geoplan.batch.ledger import runs
from geoplan.batch.lock import locked
from geoplan.batch.store import DamagedLedgerError
from geoplan.errors import OutputError
from geoplan.project import load_project

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a run is killed in a forked process")

EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect")
FULL_DISK = 60_000
"""Bytes that a file may hold in the test of the full disk: the GeoPackage holds more."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], dict[str, bytes]]:
    """A town with the results of its first boundaries, those results, and those of its second boundaries."""
    root = tmp_path_factory.mktemp("worlds")
    folder = write(root / "town")
    run_project(load_project(folder))
    other = write(root / "other", {**tables(), "communities": moved_boundary()})
    other.rename(root / "kept")
    (root / "x").mkdir()
    second = Path(shutil.move(root / "kept", root / "x" / "town"))
    run_project(load_project(second))
    return folder, contents(folder / "out"), contents(second / "out")


@pytest.fixture
def town(worlds: tuple[Path, dict[str, bytes], dict[str, bytes]], tmp_path: Path) -> Path:
    """A copy that has been run, its boundary moved since: the next run has something to do."""
    folder = Path(shutil.copytree(worlds[0], tmp_path / "town"))
    write(folder, {"communities": moved_boundary()})
    return folder


def in_child(work: Callable[[], object]) -> int:
    """Start work in a forked process; give its id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the process ends below
            work()
            code = 0
        except OutputError:
            code = 2
        finally:
            os._exit(code)
    return child


def kill_at_event(number: int) -> None:
    """Have this process killed when it opens, renames or removes its n-th file or folder from now on."""
    left = [number]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def killed_run(folder: Path, number: int) -> bool:
    """Run in a child that dies at its n-th event; whether it died."""

    def work() -> None:
        project = load_project(folder)
        kill_at_event(number)
        run_project(project)

    _, status = os.waitpid(in_child(work), 0)
    return os.WIFSIGNALED(status)


def assert_whole(folder: Path, *allowed: dict[str, bytes]) -> None:
    """Each result is that of the one run or of the other, never half of one."""
    for name in FILES:
        path = folder / "out" / name
        assert not path.exists() or path.read_bytes() in [results[name] for results in allowed], name


@pytest.fixture(scope="module")
def events(worlds: tuple[Path, dict[str, bytes], dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many files and folders a run opens, renames and removes."""
    folder = Path(shutil.copytree(worlds[0], tmp_path_factory.mktemp("probe") / "town"))
    write(folder, {"communities": moved_boundary()})
    counted = folder / "counted"

    def work() -> None:
        project = load_project(folder)
        seen = []
        sys.addaudithook(lambda event, _: seen.append(event) if event in EVENTS else None)
        run_project(project)
        counted.write_text(str(len(seen)), encoding="utf-8")

    os.waitpid(in_child(work), 0)
    return int(counted.read_text(encoding="utf-8"))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.8, 0.93, 0.99])
def test_killed_at_any_file_the_next_run_is_whole(share, worlds, town, events):
    _, before, after = worlds
    assert killed_run(town, int(share * events))
    assert_whole(town, before, after)
    run_project(load_project(town))
    assert contents(town / "out") == after
    with open_store(town / "out") as store:
        assert [run.outcome for run in runs(store)][-2:] in (["killed", "done"], ["done", "done"])
        assert all(store.read(entry.blob) is not None for entry in store.entries())
    left = [path.name for path in (town / "out" / ".geoplan").iterdir()]
    assert sorted(left) == ["blobs", "ledger.sqlite", "lock"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_killed_at_a_random_moment(seed, worlds, town):
    _, before, after = worlds
    began = time.monotonic()
    run_project(load_project(Path(shutil.copytree(town, town.parent / "probe"))))
    usual = time.monotonic() - began
    child = in_child(lambda: run_project(load_project(town)))
    time.sleep(random.Random(seed).uniform(0.0, 1.1) * usual)  # noqa: S311 - no secret
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert_whole(town, before, after)
    run_project(load_project(town))
    assert contents(town / "out") == after


def test_a_damaged_entry_is_noticed_and_computed_again(worlds, town):
    _, _, after = worlds
    blobs = sorted((town / "out" / ".geoplan" / "blobs").iterdir())
    for number, path in enumerate(blobs):
        content = path.read_bytes()
        # cut short, emptied, one bit turned
        spoilt = (content[: len(content) // 2], b"", bytes([content[0] ^ 1]) + content[1:])[number % 3]
        path.write_bytes(spoilt)
    result = run_project(load_project(town))
    assert result.damaged
    assert contents(town / "out") == after


def spoil(ledger: Path, start: int, end: int | None) -> None:
    """Write noise over a part of a ledger."""
    content = bytearray(ledger.read_bytes())
    noise = random.Random(start).randbytes(len(content[start:end]))  # noqa: S311 - no secret
    content[start:end] = noise
    ledger.write_bytes(content)


def garble_record(ledger: Path) -> None:
    """Leave pages whole, and cut short what the last run wrote."""
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("UPDATE runs SET record = substr(record, 1, 100)")


@pytest.mark.parametrize(
    "damage",
    [
        lambda ledger: ledger.write_bytes(b"no database" * 1000),
        lambda ledger: spoil(ledger, 4096, 7000),
        lambda ledger: spoil(ledger, 12288, None),
        lambda ledger: ledger.write_bytes(
            ledger.read_bytes().replace(b"run INTEGER, blob TEXT", b"run INTEGER, bl\xbdb TEXT")
        ),
        garble_record,
    ],
    ids=["no ledger", "second page", "from the fourth page on", "a name of the schema", "a record"],
)
def test_a_damaged_ledger_is_put_aside(damage, worlds, town):
    _, _, after = worlds
    ledger = town / "out" / ".geoplan" / "ledger.sqlite"
    damage(ledger)
    spoilt = ledger.read_bytes()
    # whoever only reads may meet a run at its work: the ledger is left where it is
    with pytest.raises(DamagedLedgerError, match="it is damaged"), open_store(town / "out", lock=False) as store:
        runs(store)
    assert ledger.read_bytes() == spoilt
    result = run_project(load_project(town))
    assert result.damaged == ("ledger",)
    assert contents(town / "out") == after
    assert (town / "out" / ".geoplan" / "ledger.damaged-1").is_file()


def test_two_runs_do_not_meet_and_a_dead_one_holds_nothing(town, tmp_path):
    held = tmp_path / "held"
    lock = town / "out" / ".geoplan" / "lock"

    def hold() -> None:
        with locked(lock):
            held.touch()
            time.sleep(600)

    child = in_child(hold)
    try:
        while not held.exists():
            time.sleep(0.01)
        with pytest.raises(OutputError) as caught:
            run_project(load_project(town))
        assert caught.value.faults[0].code == "locked"
        assert str(child) in str(caught.value)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    run_project(load_project(town))


# from the first entry into the ledger on, in the middle, and when the largest result is written
@pytest.mark.parametrize("limit", [1000, 8000, FULL_DISK])
def test_a_full_disk_keeps_the_old_results(limit, worlds, town):
    _, before, after = worlds

    def work() -> None:
        project = load_project(town)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        run_project(project)

    _, status = os.waitpid(in_child(work), 0)
    assert os.waitstatus_to_exitcode(status) == 2  # an OutputError, told as such
    assert contents(town / "out") == before
    run_project(load_project(town))
    assert contents(town / "out") == after


def test_a_file_where_the_folder_should_be(worlds, town, tmp_path):
    (tmp_path / "results").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        run_project(load_project(town), tmp_path / "results")
    assert caught.value.faults[0].code == "output-is-a-file"
    store = tmp_path / "new" / ".geoplan"
    store.parent.mkdir()
    store.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError):
        run_project(load_project(town), tmp_path / "new")
    store.unlink()
    run_project(load_project(town), tmp_path / "new")
    assert contents(tmp_path / "new") == worlds[2]


def test_a_folder_that_may_not_be_written_to(worlds, town):
    _, before, after = worlds

    def work() -> None:
        project = load_project(town)
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)  # root may write anywhere
        run_project(project)

    for place in (town / "out", town / "out" / ".geoplan", town / "out" / ".geoplan" / "blobs"):
        place.chmod(0o555)
    for folder in town.parents:
        if folder.owner() == Path("/tmp").owner() and folder != Path("/tmp") and os.getuid() == 0:  # noqa: S108
            folder.chmod(folder.stat().st_mode | 0o055)
    _, status = os.waitpid(in_child(work), 0)
    assert os.waitstatus_to_exitcode(status) == 2
    for place in (town / "out", town / "out" / ".geoplan", town / "out" / ".geoplan" / "blobs"):
        place.chmod(0o755)
    assert contents(town / "out") == before
    run_project(load_project(town))
    assert contents(town / "out") == after


@pytest.mark.slow
def test_ctrl_c_on_the_command_line(worlds, town):
    command = [sys.executable, "-m", "geoplan", "run", str(town)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "coverage.gpkg" in line:
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    assert process.returncode == 130
    with open_store(town / "out") as store:
        assert runs(store)[-1].outcome == "interrupted"
    run_project(load_project(town))
    assert contents(town / "out") == worlds[2]
