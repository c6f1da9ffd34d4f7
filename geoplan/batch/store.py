"""The store beside the results: files named by what is in them, and a ledger of what was computed from what.

``OUT/.geoplan/`` holds ``blobs/`` (each file named by the SHA-256 of its content, written to the side, flushed to the
disk and renamed), ``ledger.sqlite`` and ``lock``. A process may die at any moment: a file is there whole or not at all,
and an entry of the ledger is written only after its file.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoplan.batch.codec import decode, digest, encode
from geoplan.batch.lock import locked
from geoplan.errors import Fault, OutputError, Where, msg
from geoplan.report.staging import STAGE

__all__ = ["STORE", "DamagedLedgerError", "Entry", "Store", "damaged_ledger", "open_store", "writing"]

STORE = ".geoplan"
"""Name of the store's folder in that of the results."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    stage TEXT, key TEXT, blob TEXT, size INTEGER, run INTEGER, used INTEGER, PRIMARY KEY (stage, key));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, started TEXT, seconds REAL, outcome TEXT, name TEXT, scenario TEXT, record TEXT);
CREATE TABLE IF NOT EXISTS boundaries (
    level TEXT, digest TEXT, name TEXT, made TEXT, run INTEGER, blob TEXT, PRIMARY KEY (level, digest));
CREATE TABLE IF NOT EXISTS outputs (file TEXT PRIMARY KEY, key TEXT, digest TEXT);
"""
_LEDGER = "ledger.sqlite"
_COLUMNS = {
    "entries": "stage, key, blob, size, run, used",
    "runs": "id, started, seconds, outcome, name, scenario, record",
    "boundaries": "level, digest, name, made, run, blob",
    "outputs": "file, key, digest",
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DamagedLedgerError(OutputError):
    """The ledger is damaged, and what it says cannot be used."""


def damaged_ledger(path: Path, *, aside: bool) -> DamagedLedgerError:
    """The error that says that a ledger is damaged.

    Parameters
    ----------
    path
        Where it is.
    aside
        Whether it has been put aside already, as only the holder of the lock may do.

    Returns
    -------
    DamagedLedgerError
    """
    given = msg("it was damaged and has been put aside") if aside else msg("it is damaged")
    return DamagedLedgerError(
        Fault(
            "ledger-damaged",
            msg("a ledger that can be read"),
            given,
            msg("run the project: the next run begins a new ledger and computes again; the damaged one is kept"),
            Where(file=str(path)),
        )
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One result in the store: its stage, key, file, size in bytes, and the runs that made and last used it."""

    stage: str
    key: str
    blob: str
    size: int
    run: int
    used: int


class Store:
    """The store of one folder of results; made by :func:`open_store`.

    Attributes
    ----------
    folder
        ``OUT/.geoplan``.
    database
        The ledger.
    run
        Number of the current run, 0 outside one.
    computed
        Stages computed since it was opened, in order.
    damaged
        Stages whose file was missing or did not have the content that its name says.
    """

    def __init__(self, folder: Path, *, lock: bool = True) -> None:
        self.folder = folder
        self.run = 0
        self.computed: list[str] = []
        self.damaged: list[str] = []
        self._used: set[tuple[str, str]] = set()
        self._blobs = folder / "blobs"
        self._blobs.mkdir(exist_ok=True)
        self.database = self._open_ledger(lock)

    def _open_ledger(self, lock: bool) -> sqlite3.Connection:
        path = self.folder / _LEDGER
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            # what is asked on opening is never wrong: an error in it comes from a garbled schema
            garbled = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
            if not (garbled or _is_damage(error)):
                raise
            if not lock:
                # a run may hold the ledger, so whoever only reads leaves it where it is
                raise damaged_ledger(path, aside=False) from error
            self._put_aside()
            self.damaged.append("ledger")
            return _connect(path)

    def _put_aside(self) -> Path:
        """Move the ledger away: it cannot be trusted any more, and is kept for whoever wants to look."""
        target = _free_name(self.folder, "ledger.damaged")
        (self.folder / _LEDGER).replace(target)
        for side in ("-journal", "-wal"):
            (self.folder / f"{_LEDGER}{side}").unlink(missing_ok=True)
        return target

    def give_up(self) -> Path:
        """Put aside a ledger whose damage showed only in use, so that whoever opens the store next begins a new one.

        Returns
        -------
        Path
            Where it is kept.
        """
        self.close()
        return self._put_aside()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Change the ledger, as a whole or not at all.

        Yields
        ------
        sqlite3.Connection

        Raises
        ------
        OutputError
            If the disk is full or the ledger cannot be written to.
        """
        with writing(self.folder), self.database as database:
            yield database

    def find(self, stage: str, key: str) -> bytes | None:
        """Content of a result; None where there is none or its file is damaged.

        Parameters
        ----------
        stage, key
            What it is of.

        Returns
        -------
        bytes or None
        """
        row = self.database.execute("SELECT blob FROM entries WHERE stage = ? AND key = ?", (stage, key)).fetchone()
        if row is None:
            return None
        content = self.read(row[0])
        if content is None:
            self.damaged.append(stage)
            self._forget(stage, key)
            return None
        self._used.add((stage, key))
        return content

    def has(self, stage: str, key: str) -> bool:
        """Whether there is a result with a file of its size; its content is looked at when it is used.

        Whoever is told so relies on it: it counts as used by the current run.

        Parameters
        ----------
        stage, key
            What it is of.

        Returns
        -------
        bool
        """
        query = "SELECT blob, size FROM entries WHERE stage = ? AND key = ?"
        row = self.database.execute(query, (stage, key)).fetchone()
        if row is None:
            return False
        try:
            there: bool = self._path(row[0]).stat().st_size == row[1]
        except OSError:
            return False
        if there:
            self._used.add((stage, key))
        return there

    def blob_of(self, stage: str, key: str) -> str | None:
        """Name of the file of a result, which counts as used by the current run.

        Parameters
        ----------
        stage, key
            What it is of.

        Returns
        -------
        str or None
        """
        row = self.database.execute("SELECT blob FROM entries WHERE stage = ? AND key = ?", (stage, key)).fetchone()
        if row is None:
            return None
        self._used.add((stage, key))
        return str(row[0])

    def read(self, blob: str) -> bytes | None:
        """Content of a file, if it is what its name says.

        Parameters
        ----------
        blob
            Name of the file.

        Returns
        -------
        bytes or None
        """
        try:
            content = self._path(blob).read_bytes()
        except OSError:
            return None
        return content if digest(content) == blob else None

    def put(self, stage: str, key: str, content: bytes) -> str:
        """Keep a result.

        Parameters
        ----------
        stage, key
            What it is of.
        content
            Its bytes.

        Returns
        -------
        str
            Name of its file.

        Raises
        ------
        OutputError
            If the disk is full or the folder cannot be written to.
        """
        name = digest(content)
        with writing(self.folder):
            self._write(name, content)
            with self.change() as database:
                database.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                    (stage, key, name, len(content), self.run, self.run),
                )
        return name

    def keep(self, stage: str, key: str, make: Callable[[], Any]) -> Any:
        """A result out of the store, or computed and kept.

        What is computed goes through the same bytes as what is found, so that both are the same in every respect.

        Parameters
        ----------
        stage, key
            What it is of.
        make
            Computes it.

        Returns
        -------
        object
        """
        content = self.find(stage, key)
        if content is None:
            content = encode(make())
            self.put(stage, key, content)
            self.computed.append(stage)
        return decode(content)

    def keep_file(self, stage: str, key: str, make: Callable[[Path], object], *, suffix: str = "") -> bytes:
        """The content of a file out of the store, or written and kept.

        Parameters
        ----------
        stage, key
            What it is of.
        make
            Writes it to the path given.
        suffix
            Of that path, where whoever writes it heeds it.

        Returns
        -------
        bytes
        """
        content = self.find(stage, key)
        if content is None:
            with self.workplace() as place:
                target = place / f"file{suffix}"
                make(target)
                content = target.read_bytes()
            self.put(stage, key, content)
            self.computed.append(stage)
        return content

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A temporary folder in the store, on the same disk as the results.

        Yields
        ------
        Path
        """
        with writing(self.folder):
            place = Path(tempfile.mkdtemp(prefix="work-", dir=self.folder))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def entries(self) -> list[Entry]:
        """All results, by stage and key.

        Returns
        -------
        list of Entry
        """
        rows = self.database.execute("SELECT * FROM entries ORDER BY stage, key")
        return [Entry(*row) for row in rows]

    def prune(self, *, keep_runs: int) -> tuple[int, int]:
        """Forget results that the last runs did not use; boundary versions stay.

        Parameters
        ----------
        keep_runs
            How many of the last runs keep their results; runs that came to no end do not count.

        Returns
        -------
        tuple of int
            Files removed, and their bytes.
        """
        last = [row[0] for row in self.database.execute("SELECT id FROM runs WHERE outcome = 'done' ORDER BY id DESC")]
        first_kept = last[keep_runs - 1] if 0 < keep_runs <= len(last) else (0 if keep_runs else 2**62)
        with self.change() as database:
            database.execute("DELETE FROM entries WHERE used < ?", (first_kept,))
        return self._sweep()

    def clean(self) -> None:
        """Remove what a run that died left half done; only the holder of the lock may do so."""
        for place in (*self.folder.glob("work-*"), *self.folder.glob(f"{STAGE}*")):
            shutil.rmtree(place, ignore_errors=True)
        for part in self._blobs.glob("part-*"):
            part.unlink(missing_ok=True)

    def _sweep(self) -> tuple[int, int]:
        used = {row[0] for row in self.database.execute("SELECT blob FROM entries UNION SELECT blob FROM boundaries")}
        gone = [path for path in self._blobs.iterdir() if path.name not in used]
        size = sum(path.stat().st_size for path in gone)
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone), size

    def _path(self, blob: str) -> Path:
        return self._blobs / blob

    def _write(self, name: str, content: bytes) -> None:
        target = self._path(name)
        if self.read(name) is not None:
            return
        part = self._blobs / f"part-{name}"
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(self._blobs)

    def _forget(self, stage: str, key: str) -> None:
        with self.change() as database:
            database.execute("DELETE FROM entries WHERE stage = ? AND key = ?", (stage, key))

    def use_on(self, stages: Iterable[str], *, since: int) -> None:
        """Count results as used by the current run that an earlier one used, and that nobody asks for this time.

        Parameters
        ----------
        stages
            Of which stages.
        since
            The earlier run.
        """
        for stage in stages:
            rows = self.database.execute("SELECT key FROM entries WHERE stage = ? AND used >= ?", (stage, since))
            self._used.update((stage, key) for (key,) in rows)

    def mark_used(self) -> None:
        """Note that the current run used what it found."""
        with self.change() as database:
            rows = [(self.run, stage, key) for stage, key in sorted(self._used)]
            database.executemany("UPDATE entries SET used = ? WHERE stage = ? AND key = ?", rows)

    def close(self) -> None:
        """Let go of the ledger."""
        self.database.close()


@contextmanager
def open_store(out: Path, *, lock: bool = True) -> Iterator[Store]:
    """Open the store of a folder of results; it is made if need be.

    Parameters
    ----------
    out
        Folder of the results.
    lock
        Whether it is to be written to: only one process at a time may do that.

    Yields
    ------
    Store

    Raises
    ------
    DamagedLedgerError
        If the ledger is damaged. The holder of the lock is told only of what shows in use, when the ledger has been put
        aside; one that is damaged on opening is put aside and a new one begun, see ``Store.damaged``.
    OutputError
        If it cannot be made or written to, or if another run holds it.
    """
    folder = out / STORE
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _guard(folder, lock):
        with writing(folder):
            store = Store(folder, lock=lock)
        try:
            if lock:
                store.clean()
            yield store
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            path = store.give_up() if lock else folder / _LEDGER
            raise damaged_ledger(path, aside=lock) from error
        finally:
            store.close()


@contextmanager
def _guard(folder: Path, lock: bool) -> Iterator[None]:
    if not lock:
        yield
        return
    with writing(folder):
        guard = locked(folder / "lock")
        guard.__enter__()
    try:
        yield
    finally:
        guard.__exit__(None, None, None)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_SCHEMA)
        for table, columns in _COLUMNS.items():
            database.execute(f"SELECT {columns} FROM {table} LIMIT 0")  # noqa: S608 - names of our own
        # all pages are looked at, not only the first one; a ledger is small
        (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except UnicodeDecodeError as error:
        # a schema so garbled that not even the complaint about it is text
        database.close()
        raise sqlite3.DatabaseError(str(error)) from error
    except BaseException:
        database.close()
        raise
    return database


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error says that the ledger itself is spoilt, and not that it is locked or the disk full."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # what is no text any more is told by Python, without a code
        return type(error) is sqlite3.DatabaseError or "Could not decode" in str(error)
    return code & 0xFF in _DAMAGE


def _free_name(folder: Path, stem: str) -> Path:
    number = 1
    while (folder / f"{stem}-{number}").exists():
        number += 1
    return folder / f"{stem}-{number}"


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder last; Windows does so by itself."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the disk says into an error that can be acted on.

    Parameters
    ----------
    folder
        Where is written to.

    Yields
    ------
    None

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written to.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        full = "full" in str(error) or "disk I/O" in str(error)
        raise OutputError(_fault(folder, full, str(error))) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise OutputError(_fault(folder, full, error.strerror or str(error))) from error


def _fault(folder: Path, full: bool, reason: str) -> Fault:
    where = Where(file=str(folder))
    if full:
        return Fault(
            "disk-full",
            msg("free space for the results"),
            msg("the disk is full"),
            msg("make room or name another folder with --out; older results are kept as they were"),
            where,
        )
    return Fault(
        "output-unwritable",
        msg("a folder that can be written to"),
        msg("{reason}", reason=reason),
        msg("name another folder with --out, or change the permissions"),
        where,
    )
