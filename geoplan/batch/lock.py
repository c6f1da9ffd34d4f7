"""One run at a time in one folder: a lock that dies with its process."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from geoplan.errors import Fault, OutputError, Where, msg

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the operating system lets go of it when the process ends, however that happens.

    Parameters
    ----------
    path
        The file; its folder exists. It stays behind and says who held it last.

    Yields
    ------
    None

    Raises
    ------
    OutputError
        If another process holds it.
    """
    with path.open("a+", encoding="utf-8") as file:
        if not _take(file):
            raise OutputError(_busy(path))
        try:
            file.truncate(0)
            json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
            file.flush()
            yield
        finally:
            _leave(file)


def _busy(path: Path) -> Fault:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        given = msg("another run, process {pid} on {host}", pid=holder["pid"], host=holder["host"])
    except (OSError, ValueError, KeyError):
        given = msg("another run")
    return Fault(
        code="locked",
        needed=msg("a folder that no other run is writing to"),
        given=given,
        mend=msg("wait until it is done, or name another folder with --out"),
        where=Where(file=str(path.parent.parent)),
    )


try:
    import fcntl

    def _take(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _leave(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

except ImportError:  # Windows
    import importlib

    _msvcrt = importlib.import_module("msvcrt")
    _FAR = 2**30  # beyond what is written, so that others can read who holds it

    def _take(file: IO[str]) -> bool:
        file.seek(_FAR)
        try:
            _msvcrt.locking(file.fileno(), _msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        file.seek(0)
        return True

    def _leave(file: IO[str]) -> None:
        file.seek(_FAR)
        _msvcrt.locking(file.fileno(), _msvcrt.LK_UNLCK, 1)
