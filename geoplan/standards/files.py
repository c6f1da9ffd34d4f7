"""Standards read from TOML files: the presets and a planner's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.standards.rules import STATUSES, Rule, Standard

__all__ = ["FaultList", "list_standards", "load_standard", "load_standards", "parse_toml"]

_PRESETS = Path(__file__).parent / "presets"
_FIGURES = ("value", "low", "high")
_RULE_TEXTS = ("source", "edition", "clause")


def list_standards() -> list[str]:
    """Ids of the standards that come with geoplan, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "gb50180-2018" in list_standards()
    True
    """
    return sorted(path.stem for path in _PRESETS.glob("*.toml"))


def load_standard(id_or_path: str | Path) -> Standard:
    """Load a standard by its id, or a planner's own from a TOML file.

    Parameters
    ----------
    id_or_path
        One of :func:`list_standards`, or the path of a file that ends in ``.toml``.

    Returns
    -------
    Standard

    Raises
    ------
    InputError
        If there is no such standard (names those there are), or for everything wrong in the file at once.

    Examples
    --------
    >>> load_standard("baoting").rule("baoting.grid-households").high
    500.0
    """
    path = Path(id_or_path)
    if path.suffix != ".toml":
        known = list_standards()
        if str(id_or_path) not in known:
            raise InputError(
                Fault(
                    code="unknown-standard",
                    needed=msg("a standard out of {standards}", standards=", ".join(known)),
                    given=msg("{standard}", standard=str(id_or_path)),
                    mend=msg("correct the name, or name a .toml file with your own rules"),
                )
            )
        path = _PRESETS / f"{id_or_path}.toml"
    return _parse_standard(parse_toml(path), str(path))


def load_standards(standards: Sequence[str | Path | Standard]) -> tuple[Standard, ...]:
    """Load several standards; those loaded already are taken as they are.

    Parameters
    ----------
    standards
        Ids, paths or standards.

    Returns
    -------
    tuple of Standard
        In the order given, each once.

    Raises
    ------
    InputError
        For the faults of all of them.
    """
    loaded: dict[str, Standard] = {}
    faults: list[Fault] = []
    for item in standards:
        try:
            standard = item if isinstance(item, Standard) else load_standard(item)
        except InputError as error:
            faults += error.faults
        else:
            loaded.setdefault(standard.id, standard)
    if faults:
        raise InputError(faults)
    return tuple(loaded.values())


def parse_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file of standards or profiles.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it is missing, unreadable or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        given = msg("{reason}", reason=error.strerror or str(error))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        given = msg("{reason}", reason=str(error))
    raise InputError(
        Fault(
            code="bad-toml",
            needed=msg("a readable TOML file in UTF-8"),
            given=given,
            mend=msg("check the path and the line named"),
            where=Where(file=str(path)),
        )
    )


class FaultList:
    """Gathers the faults of one file while its values are taken out one by one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def add(
        self, code: str, needed: Message, given: Message, mend: Message, *, row: str = "", column: str = ""
    ) -> None:
        """Note a fault of one entry."""
        where = Where(file=self.file, column=column, rows=(row,) if row else ())
        self.faults.append(Fault(code, needed, given, mend, where))

    def text(self, entry: Mapping[str, Any], key: str, *, row: str = "", default: str | None = None) -> str:
        """A text of the entry; a fault if it is missing without default, or no text."""
        value = entry.get(key, default)
        if isinstance(value, str):
            return value
        self._bad(entry, key, msg("a text"), row)
        return ""

    def number(self, entry: Mapping[str, Any], key: str, *, row: str = "", optional: bool = False) -> float | None:
        """A finite number of the entry; None if it is missing and optional, else a fault."""
        value = entry.get(key)
        if value is None and optional:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            return float(value)
        self._bad(entry, key, msg("a number"), row)
        return None

    def names(self, entry: Mapping[str, Any], *, row: str = "", optional: bool = False) -> dict[str, str]:
        """The names by language; a fault unless there is a text for zh and one for en."""
        value = entry.get("name", {} if optional else None)
        if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
            if optional and not value:
                return {}
            if {"zh", "en"} <= set(value):
                return dict(value)
        self._bad(entry, "name", msg('names such as {{ zh = "…", en = "…" }}'), row)
        return {}

    def known(self, entry: Mapping[str, Any], keys: set[str], *, row: str = "") -> None:
        """Note keys that nothing reads: they are slips of the pen."""
        for key in sorted(set(entry) - keys):
            self.add(
                "unknown-key",
                msg("keys out of {keys}", keys=", ".join(sorted(keys))),
                msg("{key}", key=key),
                msg("correct or delete the key"),
                row=row,
                column=key,
            )

    def status(self, entry: Mapping[str, Any], *, row: str = "") -> Any:
        """The status; a fault unless it is one of the known ones."""
        value = entry.get("status")
        if value not in STATUSES:
            self._bad(entry, "status", msg("a status out of {statuses}", statuses=", ".join(STATUSES)), row)
        return value

    def finish(self) -> None:
        """Raise what was gathered, if anything."""
        if self.faults:
            raise InputError(self.faults)

    def _bad(self, entry: Mapping[str, Any], key: str, needed: Message, row: str) -> None:
        if key in entry:
            self.add(
                "bad-value", needed, msg("{value}", value=repr(entry[key])), msg("correct it"), row=row, column=key
            )
        else:
            self.add("missing-key", needed, msg("nothing"), msg("add the key {key}", key=key), row=row, column=key)


def _parse_standard(data: dict[str, Any], file: str) -> Standard:
    faults = FaultList(file)
    faults.known(data, {"id", "name", "source", "edition", "rules"})
    standard_id = faults.text(data, "id")
    name = faults.names(data)
    entries = data.get("rules")
    if not (isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries)):
        faults.add(
            "missing-key",
            msg("at least one [[rules]]"),
            msg("none"),
            msg("add the rules of the standard"),
            column="rules",
        )
        entries = []
    defaults: dict[str, Any] = {key: data[key] for key in ("source", "edition") if key in data}
    rules = [_parse_rule({**defaults, **entry}, number, faults) for number, entry in enumerate(entries, start=1)]
    ids = [rule.id for rule in rules]
    for repeated in sorted({rule_id for rule_id in ids if rule_id and ids.count(rule_id) > 1}):
        faults.add(
            "duplicate-id", msg("rule ids that occur once"), msg("{id}", id=repeated), msg("rename one"), row=repeated
        )
    faults.finish()
    return Standard(standard_id, name, tuple(rules))


def _parse_rule(entry: dict[str, Any], number: int, faults: FaultList) -> Rule:
    row = str(entry.get("id", number))
    faults.known(entry, {"id", "quantity", "unit", "status", "name", *_FIGURES, *_RULE_TEXTS}, row=row)
    value, low, high = (faults.number(entry, key, row=row, optional=True) for key in _FIGURES)
    if not set(_FIGURES) & set(entry):
        faults.add("missing-key", msg("value, low or high"), msg("none"), msg("add the figure"), row=row)
    if low is not None and high is not None and low > high:
        faults.add(
            "bad-value",
            msg("a lower limit that is not above the upper limit"),
            msg("low {low}, high {high}", low=low, high=high),
            msg("correct it"),
            row=row,
        )
    texts: dict[str, Any] = {key: faults.text(entry, key, row=row) for key in ("id", "quantity", "unit")}
    texts |= {key: faults.text(entry, key, row=row, default="" if key == "edition" else None) for key in _RULE_TEXTS}
    name = faults.names(entry, row=row, optional=True)
    return Rule(**texts, value=value, low=low, high=high, status=faults.status(entry, row=row), name=name)
