"""Errors that a planner can act on: every fault at once, each with its place and its mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Fault", "GeoplanError", "InputError", "Message", "OutputError", "Where", "msg"]

_ROWS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for a reader: an English template and what fills its ``{names}``.

    The template is the key into the catalogue (:mod:`geoplan.text`); ``str`` gives the English.
    A parameter may itself be a message: it is then put into the same language.
    """

    template: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.params)


def msg(template: str, /, **params: object) -> Message:
    """Make a :class:`Message`; the catalogue's extractor looks for calls of this name.

    Parameters
    ----------
    template
        English sentence with ``{names}``; a literal string, so that it can be extracted.
    **params
        What fills the names.

    Returns
    -------
    Message

    Examples
    --------
    >>> str(msg("{count} buildings", count=3))
    '3 buildings'
    """
    return Message(template, params)


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a fault: a file, its layer, a column, and the rows concerned.

    ``rows`` holds all the row ids; readers are shown the first five and the count.
    """

    file: str = ""
    layer: str = ""
    column: str = ""
    rows: tuple[str, ...] = ()

    @property
    def shown_rows(self) -> tuple[str, ...]:
        """The first five row ids."""
        return self.rows[:_ROWS_NAMED]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what was needed, what was given, where, and how to mend it.

    ``code`` is a short stable name (``"missing-column"``) for programs and tests.
    """

    code: str
    needed: Message
    given: Message
    mend: Message
    where: Where = field(default_factory=Where)


class GeoplanError(Exception):
    """Base of every error that geoplan raises on purpose; carries all the faults found."""

    def __init__(self, faults: Fault | Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        lines = []
        for fault in self.faults:
            place = ", ".join(p for p in (fault.where.file, fault.where.layer, fault.where.column) if p)
            rows = fault.where.rows
            if rows:
                place += f" rows {', '.join(fault.where.shown_rows)} ({len(rows)})"
            lines.append(f"{place or fault.code}: needed {fault.needed}; given {fault.given}; {fault.mend}")
        return "\n".join(lines)


class InputError(GeoplanError):
    """What was given (file, table, option) cannot be used."""


class OutputError(GeoplanError):
    """A result cannot be written where it was asked to go."""
