"""Outputs that appear whole or not at all: written beside their place, then renamed together."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoplan.errors import Fault, Message, OutputError, Where, msg

__all__ = ["STAGE", "check_outputs", "staged"]

STAGE = ".geoplan-"
"""How the names of folders begin in which results are prepared."""


def check_outputs(folder: str | Path, names: tuple[str, ...] = ()) -> None:
    """Make sure that outputs can be written, before the work that they are the result of.

    Parameters
    ----------
    folder
        Where they are to go; it need not exist.
    names
        Names of the files.

    Raises
    ------
    OutputError
        If the folder is a file or not writable, or if one of the files is open in another program.
    """
    folder = Path(folder)
    standing = folder
    while not standing.exists() and standing != standing.parent:
        standing = standing.parent
    if not standing.is_dir():
        raise OutputError(
            _fault(
                "output-is-a-file",
                standing,
                msg("a folder for the results"),
                msg("a file of that name"),
                msg("name another folder with --out, or move the file away"),
            )
        )
    if not os.access(standing, os.W_OK | os.X_OK):
        raise OutputError(_unwritable(standing, msg("no permission to write there")))
    faults = [fault for name in names if (fault := _open_elsewhere(folder / name)) is not None]
    if faults:
        raise OutputError(faults)


@contextmanager
def staged(folder: str | Path, *, within: Path | None = None) -> Iterator[Path]:
    """Give a temporary folder; what is written there moves to ``folder`` together at the end.

    Parameters
    ----------
    folder
        Where the files go, those in folders, too; it is made if need be. Files of the same names are replaced, others
        stay.
    within
        Folder on the same disk that the temporary one is made in; ``folder`` itself by default.

    Yields
    ------
    Path
        The temporary folder.

    Raises
    ------
    OutputError
        If the files cannot be written or an old one is open in another program; the old files then stay whole.
    """
    folder = Path(folder)
    check_outputs(folder)
    made = _make(folder)
    stage: Path | None = None
    done = False
    try:
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=folder if within is None else within))
        yield stage
        _move_all(stage, folder)
        done = True
    except OSError as error:
        raise OutputError(_os_fault(error, stage, folder)) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if not done:
            _remove_empty(made)


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; give the new ones, innermost first."""
    new = []
    missing = folder
    while not missing.exists():
        new.append(missing)
        missing = missing.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(_os_fault(error, None, folder)) from error
    return new


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _move_all(stage: Path, folder: Path) -> None:
    """Rename all files into place; if one fails, put back what had been replaced."""
    names = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
    check_outputs(folder, tuple(names))
    kept = stage / "replaced"
    moved: list[str] = []
    try:
        for name in names:
            target = folder / name
            for place in (target, kept / name):
                place.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                _keep(target, kept / name)
            os.replace(stage / name, target)
            moved.append(name)
    except OSError as error:
        for name in moved:
            if (kept / name).exists():
                os.replace(kept / name, folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        raise OutputError(_os_fault(error, stage, folder)) from error


def _keep(target: Path, backup: Path) -> None:
    try:
        os.link(target, backup)
    except OSError:  # file systems without hard links, such as a memory stick's
        shutil.copy2(target, backup)


def _open_elsewhere(path: Path) -> Fault | None:
    """A fault if another program has the file open: its owner file lies beside it, or the file refuses writing."""
    name = path.name
    owners = [f"~${name}", f"~${name[2:]}", f".~lock.{name}#", f".~{name}", f"{name}-wal"]
    if path.suffix.lower() not in (".xlsx", ".gpkg"):
        owners = []
    for owner in owners:
        beside = path.with_name(owner)
        if path.exists() and beside.exists():
            return _fault(
                "output-open",
                path,
                msg("a file that no other program has open"),
                msg("{owner} lies beside it, so Excel, WPS, LibreOffice or QGIS has it open", owner=owner),
                msg("close it there and run again; if no program has it open, delete {owner}", owner=owner),
            )
    if path.is_dir():
        return _fault(
            "output-is-a-folder",
            path,
            msg("a place for the file {name}", name=name),
            msg("a folder of that name"),
            msg("move the folder away, or name another one with --out"),
        )
    try:
        if path.exists():
            with path.open("r+b"):
                pass
    except PermissionError:
        return _fault(
            "output-open",
            path,
            msg("a file that can be replaced"),
            msg("it is open in another program or write-protected"),
            msg("close it in Excel, WPS or QGIS and run again; the old file is kept as it was"),
        )
    except OSError as error:
        return _fault(
            "output-failed",
            path,
            msg("a file that can be replaced"),
            msg("{reason}", reason=error.strerror or str(error)),
            msg("name another folder with --out"),
        )
    return None


def _os_fault(error: OSError, stage: Path | None, folder: Path) -> Fault:
    path = Path(error.filename) if error.filename else folder
    if stage is not None and stage in path.parents:
        path = folder / path.name
    elif path.parent == folder and path.name.startswith(STAGE):
        path = folder
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _fault(
            "disk-full",
            path,
            msg("free space for the results"),
            msg("the disk is full"),
            msg("make room or name another folder with --out; older results are kept as they were"),
        )
    return _unwritable(path, msg("{reason}", reason=error.strerror or str(error)))


def _unwritable(path: Path, reason: Message) -> Fault:
    return _fault(
        "output-unwritable",
        path,
        msg("a folder that can be written to"),
        reason,
        msg("name another folder with --out, or change the permissions"),
    )


def _fault(code: str, path: Path, needed: Message, given: Message, mend: Message) -> Fault:
    return Fault(code=code, needed=needed, given=given, mend=mend, where=Where(file=str(path)))
