"""Faults in the shape of a project file, said with the key, the line and a mend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from geoplan.errors import Fault, Message, Where, msg
from geoplan.project.settings import (
    GraphSettings,
    HouseholdSettings,
    LayerSettings,
    OsmFacility,
    OsmSettings,
    Project,
    ProposeSettings,
    ScenarioSettings,
    StandardSettings,
    TableSettings,
    WalkSettings,
)

__all__ = ["Key", "at_line", "make_fault", "shape_faults", "spell_key", "suggest", "unknown_key"]

Key = tuple[str | int, ...]
"""Path of a key in the file: names of tables and keys, numbers of array elements."""

_MODELS: dict[Key, type[BaseModel]] = {
    (): Project,
    ("layers",): LayerSettings,
    ("layers", "tables"): TableSettings,
    ("osm",): OsmSettings,
    ("osm", "facilities"): OsmFacility,
    ("graph",): GraphSettings,
    ("households",): HouseholdSettings,
    ("walk",): WalkSettings,
    ("propose",): ProposeSettings,
    ("standards",): StandardSettings,
    ("scenarios",): ScenarioSettings,
}


def spell_key(key: Key) -> str:
    """Write a key as ``layers[2].role``, elements counted from 1 as people count.

    Parameters
    ----------
    key
        Path of the key.

    Returns
    -------
    str

    Examples
    --------
    >>> spell_key(("layers", 1, "role"))
    'layers[2].role'
    """
    """``layers[2].role``, counted from 1 as people count."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def at_line(key: Key, lines: Mapping[Key, int], given: Message) -> Message:
    """Add the line of a key, or of the nearest table around it, to what was given.

    Parameters
    ----------
    key
        Path of the key.
    lines
        Line of each key that could be found.
    given
        What was given there.

    Returns
    -------
    Message
    """
    for end in range(len(key), 0, -1):
        if key[:end] in lines:
            return msg("{given} (line {line})", given=given, line=lines[key[:end]])
    return given


def make_fault(code: str, file: Path, needed: Message, given: Message, mend: Message) -> Fault:
    """Make a fault of a project file.

    Parameters
    ----------
    code
        Its short name.
    file
        The project file.
    needed, given, mend
        What the reader is told.

    Returns
    -------
    Fault
    """
    return Fault(code=code, needed=needed, given=given, mend=mend, where=Where(file=str(file)))


def suggest(wrong: str, choices: Iterable[str]) -> Message:
    """Say which of some words was probably meant.

    Parameters
    ----------
    wrong
        The word that was given.
    choices
        Words that could be meant.

    Returns
    -------
    Message
        The closest word, or all of them where none is close.

    Examples
    --------
    >>> str(suggest("bulding", ["buildings", "streets"]))
    'did you mean buildings?'
    """
    choices = list(choices)
    close = difflib.get_close_matches(wrong, choices, n=1, cutoff=0.5)
    if close:
        return msg("did you mean {word}?", word=close[0])
    return msg("use one of {choices}", choices=", ".join(choices))


def shape_faults(error: ValidationError, lines: Mapping[Key, int], file: Path) -> list[Fault]:
    """Turn what pydantic found into faults, one for each key.

    Parameters
    ----------
    error
        What pydantic raised.
    lines
        Line of each key.
    file
        The project file.

    Returns
    -------
    list of Fault
    """
    faults: list[Fault] = []
    told: set[Key] = set()
    keys = [_clean(found["loc"]) for found in error.errors()]
    for key, found in zip(keys, error.errors(), strict=True):
        # a value that fits none of several types is one fault, and so is a list with a wrong element
        if key in told or any(len(other) > len(key) and other[: len(key)] == key for other in keys):
            continue
        told.add(key)
        if found["type"] == "extra_forbidden":
            faults.append(unknown_key(key, lines, file))
        elif found["type"] == "missing":
            faults.append(
                make_fault(
                    "missing-key",
                    file,
                    msg("the key {key}", key=spell_key(key)),
                    at_line(key, lines, msg("nothing")),
                    msg('add a line: {name} = "..."', name=key[-1]),
                )
            )
        else:
            faults.append(_wrong_value(found, key, lines, file))
    return faults


def _clean(loc: Sequence[str | int]) -> Key:
    """Drop the names of types that pydantic appends for unions; they are no keys."""
    inner = ("str", "bool", "int", "float", "[key]")
    end = len(loc)
    while end > 1 and loc[end - 1] in inner:
        end -= 1
    return tuple(loc[:end])


def _model_of(key: Key) -> type[BaseModel] | None:
    return _MODELS.get(tuple(part for part in key if isinstance(part, str)))


def unknown_key(key: Key, lines: Mapping[Key, int], file: Path) -> Fault:
    """Fault of a key that geoplan does not know.

    Parameters
    ----------
    key
        Path of the key.
    lines
        Line of each key.
    file
        The project file.

    Returns
    -------
    Fault
    """
    model = _model_of(key[:-1])
    keys = [name for name in (model.model_fields if model else {}) if name != "path"]
    return make_fault(
        "unknown-key",
        file,
        msg("keys out of {keys}", keys=", ".join(keys)),
        at_line(key, lines, msg("the key {key}", key=spell_key(key))),
        suggest(str(key[-1]), keys),
    )


def _wrong_value(found: Any, key: Key, lines: Mapping[Key, int], file: Path) -> Fault:
    kind, context, value = found["type"], found.get("ctx", {}), found.get("input")
    mend = msg("correct the value")
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        needed = msg("one of {choices}", choices=", ".join(choices))
        mend = suggest(str(value), choices)
    elif kind in ("greater_than", "greater_than_equal", "less_than_equal"):
        needed = {
            "greater_than": msg("a number above {limit}", limit=context.get("gt")),
            "greater_than_equal": msg("a number of at least {limit}", limit=context.get("ge")),
            "less_than_equal": msg("a number of at most {limit}", limit=context.get("le")),
        }[kind]
    else:
        needed = _needed(kind)
    shown = msg("{key} = {value}", key=spell_key(key), value=_toml(value))
    return make_fault("wrong-value", file, needed, at_line(key, lines, shown), mend)


def _needed(kind: str) -> Message:
    if kind.startswith("string_too_short"):
        return msg("a text that is not empty")
    if kind.startswith(("too_short", "too_long")):
        return msg("a list with something in it")
    for start, needed in (
        ("string", msg("a text between straight quotes")),
        ("bool", msg("true or false, without quotes")),
        ("int", msg("a whole number, without quotes")),
        ("float", msg("a number, without quotes")),
        ("finite", msg("a finite number")),
        ("tuple", msg("a list between [ and ]")),
        ("list", msg("a list between [ and ]")),
        ("dict", msg("a table: a header in [ ] or pairs between braces")),
        ("model", msg("a table: a header in [ ] or pairs between braces")),
    ):
        if kind.startswith(start):
            return needed
    return msg("a value of another kind")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
