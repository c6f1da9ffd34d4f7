"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geoplan.errors import OutputError
from geoplan.report import check_outputs, staged


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write(folder: Path, **files: bytes) -> None:
    with staged(folder) as stage:
        for name, content in files.items():
            (stage / f"{name}.xlsx").write_bytes(content)


def write_and_fail(folder: Path, error: BaseException) -> None:
    with staged(folder) as stage:
        (stage / "a.xlsx").write_bytes(b"half")
        raise error


def test_all_files_come_together(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with staged(folder) as stage:
        (stage / "a.xlsx").write_bytes(b"1")
        assert [path.name for path in folder.iterdir()] == [stage.name]
    assert contents(folder) == {"a.xlsx": b"1"}
    write(folder, a=b"2", b=b"3")
    assert contents(folder) == {"a.xlsx": b"2", "b.xlsx": b"3"}


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_exception_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with pytest.raises(type(error)):
        write_and_fail(folder, error)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_keeps_the_old(tmp_path: Path) -> None:
    write(tmp_path, a=b"old")
    with pytest.raises(OutputError, match="disk is full"):
        write_and_fail(tmp_path, OSError(28, "No space left on device"))
    assert contents(tmp_path) == {"a.xlsx": b"old"}


def test_a_rename_that_fails_puts_the_others_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a=b"old a", c=b"old c")
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target).name == "c.xlsx" and Path(source).read_bytes() == b"new":
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    monkeypatch.setattr("geoplan.report.staging.os.replace", replace)
    with pytest.raises(OutputError, match=r"c\.xlsx"):
        write(tmp_path, a=b"new", b=b"new", c=b"new")
    assert contents(tmp_path) == {"a.xlsx": b"old a", "c.xlsx": b"old c"}


def test_backups_work_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(1, "not supported")

    monkeypatch.setattr("geoplan.report.staging.os.link", refuse)
    write(tmp_path, a=b"old")
    write(tmp_path, a=b"new")
    assert contents(tmp_path) == {"a.xlsx": b"new"}


@pytest.mark.parametrize("owner", ["~$coverage.xlsx", ".~lock.coverage.xlsx#", ".~coverage.xlsx"])
def test_open_workbook_is_named_and_kept(owner: str, tmp_path: Path) -> None:
    write(tmp_path, coverage=b"old")
    (tmp_path / owner).write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        check_outputs(tmp_path, ("coverage.xlsx",))
    assert caught.value.faults[0].code == "output-open"
    assert owner in str(caught.value)
    with pytest.raises(OutputError):
        write(tmp_path, coverage=b"new")
    assert contents(tmp_path) == {"coverage.xlsx": b"old", owner: b""}


def test_open_geopackage_is_named(tmp_path: Path) -> None:
    for name in ("coverage.gpkg", "coverage.gpkg-wal"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(OutputError, match=r"coverage\.gpkg-wal"):
        check_outputs(tmp_path, ("coverage.gpkg",))


def test_file_that_refuses_writing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, coverage=b"old")
    real = Path.open

    def locked(path: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        if mode == "r+b":
            raise PermissionError(13, "locked")
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(OutputError, match="open in another program"):
        check_outputs(tmp_path, ("coverage.xlsx",))


@pytest.mark.parametrize("below", ["", "out", "out/deeper"])
def test_a_file_where_a_folder_should_be(below: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(OutputError) as caught:
        check_outputs(tmp_path / "taken" / below)
    assert caught.value.faults[0].code == "output-is-a-file"


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "map.html").mkdir()
    with pytest.raises(OutputError) as caught:
        check_outputs(tmp_path, ("map.html",))
    assert caught.value.faults[0].code == "output-is-a-folder"


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoplan.report.staging.os.access", lambda path, mode: False)
    with pytest.raises(OutputError, match="permission"):
        check_outputs(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
