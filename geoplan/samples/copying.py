"""Copies of the sample towns for planners."""

from __future__ import annotations

import shutil
from pathlib import Path

from geoplan.errors import Fault, InputError, OutputError, Where, msg

__all__ = ["SAMPLES", "sample_folder", "write_sample"]

SAMPLES = ("county", "subdistrict", "township")
"""Names of the sample towns."""

_PROJECT = "geoplan.toml"


def sample_folder(name: str) -> Path:
    """Folder of a sample's files: inside the installed package, else beside the checkout's package.

    Parameters
    ----------
    name
        One of :data:`SAMPLES`.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there is no sample of that name.
    """
    package = Path(__file__).parent.parent
    roots = (package / "sample_data", package.parent / "sample_data")
    there = {known: root / known for root in roots[::-1] for known in SAMPLES if (root / known / _PROJECT).is_file()}
    if name not in there:
        raise InputError(
            Fault(
                "unknown-sample",
                msg("the name of a sample town"),
                msg("'{name}'", name=name),
                msg("choose one of {names}", names=", ".join(there)),
            )
        )
    return there[name]


def write_sample(name: str, folder: Path) -> Path:
    """Copy a sample town into a folder.

    Parameters
    ----------
    name
        One of :data:`SAMPLES`.
    folder
        Where to; made where there is none.

    Returns
    -------
    Path
        The project file that was written.

    Raises
    ------
    InputError
        If there is no sample of that name, or the folder already holds files of the same names.
    OutputError
        If the folder cannot be written.
    """
    source, folder = sample_folder(name), Path(folder)
    files = sorted(path for path in source.iterdir() if path.is_file())
    taken = [path.name for path in files if (folder / path.name).exists()]
    if taken:
        first = _PROJECT if _PROJECT in taken else taken[0]
        raise InputError(
            Fault(
                "folder-taken",
                msg("a folder without files of the same names"),
                msg("{folder} already holds {file}", folder=str(folder), file=first),
                msg("name another folder, or move these files away; nothing was overwritten"),
                Where(file=first),
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise OutputError(
            Fault(
                "unwritable-folder",
                msg("a folder that can be written"),
                msg("{reason}", reason=f"{folder}: {error.strerror}"),
                msg("name another folder or ask for the right to write there"),
                Where(file=str(folder)),
            )
        ) from None
    return folder / _PROJECT
