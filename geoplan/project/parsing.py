"""``geoplan.toml`` to a :class:`Project`, with every fault of the file at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.project.faults import Key, make_fault, shape_faults, unknown_key
from geoplan.project.meaning import meaning_faults
from geoplan.project.settings import PROJECT_FILE, Project

__all__ = ["find_project", "load_project", "parse_project"]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_ENTRY = re.compile(r"^\s*([\w\-\"']+)\s*=")


def find_project(path: str | Path) -> Path:
    """Find the project file that a path means.

    Parameters
    ----------
    path
        A project file, or a folder that holds ``geoplan.toml``.

    Returns
    -------
    Path
        The project file.

    Raises
    ------
    InputError
        If there is no such file.
    """
    path = Path(path)
    file = path / PROJECT_FILE if path.is_dir() else path
    if file.is_file():
        if file.suffix.lower() == ".toml":
            return file
        raise InputError(
            Fault(
                code="no-project",
                needed=msg("a project file, or a folder with {name} in it", name=PROJECT_FILE),
                given=msg("{path}, which is no .toml file", path=path.name),
                mend=msg("put the data into a folder and make a project of it with: geoplan new FOLDER"),
                where=Where(file=str(file)),
            )
        )
    mend = (
        msg("make one with: geoplan new {folder}", folder=path)
        if path.is_dir()
        else msg("check the path; a project is made with: geoplan new FOLDER")
    )
    raise InputError(
        Fault(
            code="no-project",
            needed=msg("a project file, or a folder with {name} in it", name=PROJECT_FILE),
            given=msg("{path}, which does not exist", path=file),
            mend=mend,
            where=Where(file=str(file)),
        )
    )


def load_project(path: str | Path) -> Project:
    """Read a project file.

    Parameters
    ----------
    path
        A project file, or a folder that holds ``geoplan.toml``.

    Returns
    -------
    Project

    Raises
    ------
    InputError
        With every fault of the file: syntax, unknown or missing keys, wrong values, files that do not exist.
    """
    file = find_project(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            make_fault(
                "unreadable-file",
                file,
                msg("a project file that can be read"),
                msg("{reason}", reason=error.strerror or str(error)),
                msg("check the permissions of the file"),
            )
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            make_fault(
                "project-encoding",
                file,
                msg("a project file in UTF-8"),
                msg("line {line} is in another encoding", line=line),
                msg("save the file as UTF-8 in your editor"),
            )
        ) from None
    return parse_project(text, file)


def parse_project(text: str, file: Path) -> Project:
    """Check the text of a project file.

    Parameters
    ----------
    text
        TOML.
    file
        Where the text lies or will lie: its paths start from there.

    Returns
    -------
    Project

    Raises
    ------
    InputError
        With every fault of the text.
    """
    data = _parse_toml(text, file)
    lines = _key_lines(text)
    faults: list[Fault] = []
    if "path" in data:  # a field of the model that is no key of the file
        faults.append(unknown_key(("path",), lines, file))
        del data["path"]
    data["path"] = file
    numbers = list(range(len(data["layers"]))) if isinstance(data.get("layers"), list) else []
    try:
        project = Project.model_validate(data)
    except ValidationError as error:
        faults += shape_faults(error, lines, file)
        # what did validate is checked further, so that one run shows all that is wrong
        numbers = _drop_faulty(data, [found["loc"] for found in error.errors()])
        try:
            project = Project.model_validate(data)
        except ValidationError:
            raise InputError(faults) from None
    faults += meaning_faults(project, lines, numbers, complete=not faults)
    if faults:
        raise InputError(faults)
    return project


def _parse_toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        found = re.search(r"line (\d+)", reason)
        line = int(found.group(1)) if found else text.count("\n") + 1
        lines = text.splitlines()
        written = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        raise InputError(
            make_fault(
                "project-syntax",
                file,
                msg("a project file in TOML"),
                msg("line {line}: {written} ({reason})", line=line, written=written, reason=reason),
                _syntax_mend(written),
            )
        ) from None


def _syntax_mend(written: str) -> Message:
    if re.search("[“”‘’＝，［］＃]", written):
        return msg('use the plain characters " = , [ ] # instead of their full-width forms')
    if "\\" in written:
        return msg("write paths with / instead of \\")
    if re.match(r"^[\w-]+\s*=\s*[^\"'\[{\d\s]", written):
        return msg('put text between straight quotes: key = "text"')
    return msg("mend this line: key = value, with text between straight quotes")


def _key_lines(text: str) -> dict[Key, int]:
    """Line of each header and key, as far as a line-by-line look can tell."""
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = ()
            for part in header.group(2).split("."):
                if table in counts:
                    table = (*table, counts[table] - 1)
                table = (*table, part.strip().strip("\"'"))
            if header.group(1) == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = (*table, counts[table] - 1)
            lines[table] = number
        else:
            entry = _ENTRY.match(line)
            if entry:
                lines[(*table, entry.group(1).strip("\"'"))] = number
    return lines


def _drop_faulty(data: dict[str, Any], locs: Iterable[Sequence[str | int]]) -> list[int]:
    """Drop layers and other top-level keys that are wrong; give the numbers of the layers that stay."""
    locs = list(locs)
    faulty_layers = {loc[1] for loc in locs if loc[0] == "layers" and len(loc) > 1}
    for key in {str(loc[0]) for loc in locs if loc[0] != "layers" or len(loc) == 1}:
        data.pop(key, None)
    layers = data.get("layers", [])
    numbers = [i for i in range(len(layers)) if i not in faulty_layers]
    data["layers"] = [layers[i] for i in numbers]
    return numbers
