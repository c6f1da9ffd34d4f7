"""``summary.json``: what was computed from what, for programs and for the record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.report.records import coverage_record, json_value
from geoplan.report.staging import staged
from geoplan.text import translate

if TYPE_CHECKING:
    from geoplan.coverage import Coverage

__all__ = ["file_states", "fingerprint_files", "write_summary"]

_DATABASES = (".gpkg", ".sqlite", ".db")
_BESIDE_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def fingerprint_files(paths: Iterable[Path], *, base: Path, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """SHA-256 of every input file.

    Parameters
    ----------
    paths
        Files; a shapefile brings the files beside it, a folder (file geodatabase) all that is in it.
    base
        Folder that the names start from, so that they are the same on every machine.
    known
        Digests that are known already, by these names.

    Returns
    -------
    dict
        Name to hexadecimal digest, sorted by name.
    """
    files: dict[str, Path] = {}
    for path in paths:
        for file in _parts(path):
            name = file.relative_to(base) if file.is_relative_to(base) else Path(file.name)
            files[name.as_posix()] = file
    digests = known or {}
    return {name: digests.get(name) or _digest(files[name]) for name in sorted(files)}


def file_states(paths: Iterable[Path]) -> tuple[tuple[str, int | None, int | None], ...]:
    """What tells whether files may have changed without reading them: names, times and sizes.

    Parameters
    ----------
    paths
        As of :func:`fingerprint_files`; missing ones are part of it.

    Returns
    -------
    tuple
    """
    states: list[tuple[str, int | None, int | None]] = []
    for path in paths:
        for file in _parts(path) or [path]:
            try:
                about = file.stat()
                states.append((str(file), about.st_mtime_ns, about.st_size))
            except OSError:
                states.append((str(file), None, None))
    return tuple(states)


def _parts(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".lock")
    if path.suffix.lower() == ".shp":
        beside = {p.suffix.lower(): p for p in path.parent.glob(f"{path.stem}.*")}
        return [beside[suffix] for suffix in _BESIDE_SHAPEFILE if suffix in beside]
    # what a program that still has the file open has saved lies in the log beside it, and readers see it
    log = path.with_name(f"{path.name}-wal")
    return [path, log] if path.suffix.lower() in _DATABASES and log.is_file() and log.stat().st_size else [path]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_summary(
    coverage: Coverage,
    path: str | Path,
    *,
    version: str,
    inputs: Mapping[str, str],
    options: Mapping[str, Any],
    language: str = "zh",
) -> Path:
    """Write the record of a run.

    Parameters
    ----------
    coverage
        The coverage.
    path
        File to write.
    version
        Version of geoplan.
    inputs
        Input file to SHA-256.
    options
        Options of the run, plain values.
    language
        Language of the notices.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    record = {
        "geoplan": version,
        "town": coverage.town.name,
        "crs": coverage.town.crs.to_string(),
        "datum": coverage.town.datum,
        "estimated": bool(coverage.town.estimated),
        "inputs": dict(inputs),
        "options": json_value(dict(options)),
        "standards": [standard.id for standard in coverage.standards],
        "notices": [
            {"code": n.code, "everywhere": n.everywhere, "text": translate(n.message, language)}
            for n in coverage.notices
        ],
        "results": [
            coverage_record(coverage, minutes=m, case=case) for case in coverage.cases for m in coverage.minutes
        ],
    }
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
    with staged(path.parent) as stage:
        (stage / path.name).write_text(text + "\n", encoding="utf-8", newline="\n")
    return path
