"""A town's files as bytes: for workers that do not see the disk they lie on."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.project import Project
from geoplan.project.settings import LayerSettings, StandardSettings, WalkSettings
from geoplan.report import fingerprint_files

__all__ = ["Parcel", "pack_files", "pack_project", "unpack_files", "unpacked_project"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A project with its input files: the name of the project file within, and a zip archive."""

    project: str
    content: bytes


def pack_project(project: Project) -> Parcel:
    """Put a project file and every file that it names into a parcel.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Parcel
        Files lie to each other as they did, and the project's folder keeps its name.

    Raises
    ------
    InputError
        If the project names files by absolute paths: those mean nothing on another machine.
    """
    named = _named_files(project)
    absolute = sorted(name for name in named if Path(name).is_absolute())
    if absolute:
        raise InputError(
            Fault(
                "absolute-path",
                msg("paths that start from the folder of the project, so that the files can be sent to workers"),
                msg("{names}", names=", ".join(absolute)),
                msg("write them relative to the project file, or run without --ship"),
                Where(file=str(project.path)),
            )
        )
    folder = Path(os.path.abspath(project.folder))
    paths = [Path(os.path.abspath(folder / name)) for name in named]
    beside = [wal for path in paths if (wal := path.with_name(f"{path.name}-wal")).is_file()]  # saved, not yet merged
    everything = [folder / project.path.name, *paths, *beside]
    root = Path(os.path.commonpath([folder.parent, *everything]))
    files = {name: root / name for name in fingerprint_files(everything, base=root)}
    return Parcel((folder / project.path.name).relative_to(root).as_posix(), pack_files(files))


def _named_files(project: Project) -> list[str]:
    """Files as the project names them, with those of its scenarios, which are looked for when it is read."""
    layers: list[LayerSettings] = list(project.layers)
    walks: list[WalkSettings] = [project.walk]
    standards: list[StandardSettings] = [project.standards]
    for scenario in project.scenarios.values():
        layers += scenario.layers
        walks += [scenario.walk] if scenario.walk is not None else []
        standards += [scenario.standards] if scenario.standards is not None else []
    names = [name for layer in layers for name in (layer.file, *(table.file for table in layer.tables))]
    names += [source.file for source in (project.osm, project.graph) if source is not None]
    presets = [name for walk in walks for name in walk.profiles]
    presets += [name for standard in standards for name in standard.active]
    return list(dict.fromkeys([*names, *(name for name in presets if name.endswith(".toml"))]))


def pack_files(files: Mapping[str, Path]) -> bytes:
    """Put files into an archive.

    Parameters
    ----------
    files
        Name within, with forward slashes, and path.

    Returns
    -------
    bytes
        A zip archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


def unpack_files(content: bytes, folder: Path) -> None:
    """Take the files of an archive out.

    Parameters
    ----------
    content
        What :func:`pack_files` made.
    folder
        Where they go.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


@contextmanager
def unpacked_project(parcel: Parcel) -> Iterator[Path]:
    """A project's files in a temporary folder of this machine.

    Parameters
    ----------
    parcel
        What :func:`pack_project` made.

    Yields
    ------
    Path
        The project file; it goes with its folder afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="geoplan-town-", ignore_cleanup_errors=True) as folder:
        unpack_files(parcel.content, Path(folder))
        yield Path(folder) / parcel.project
