"""Pieces of work that may be kept: pure functions of some contents, which a store can answer without computing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

__all__ = ["Keep", "KeepNothing", "Varints"]

T = TypeVar("T")


class Varints(str):
    """Base64 of packed whole numbers; a compressed page and a store hold the bytes themselves."""

    __slots__ = ()


class Keep(Protocol):
    """Answers pieces of work, out of a store or by doing them.

    ``of`` is everything that a piece depends on besides the code: tables, arrays and plain values.
    """

    def value(self, name: str, of: tuple[object, ...], make: Callable[[], T]) -> T:
        """The result of ``make``, a value that is not to be changed."""

    def file(self, name: str, of: tuple[object, ...], make: Callable[[Path], object], target: Path) -> None:
        """Put the file that ``make`` writes to ``target``."""


class KeepNothing:
    """Does every piece of work anew.

    Examples
    --------
    >>> KeepNothing().value("sum", (1, 2), lambda: 3)
    3
    """

    def value(self, name: str, of: tuple[object, ...], make: Callable[[], T]) -> T:
        """Compute it.

        Parameters
        ----------
        name, of
            What it is, and of what.
        make
            Computes it.

        Returns
        -------
        object
        """
        del name, of
        return make()

    def file(self, name: str, of: tuple[object, ...], make: Callable[[Path], object], target: Path) -> None:
        """Write it.

        Parameters
        ----------
        name, of
            What it is, and of what.
        make
            Writes it.
        target
            Where to.
        """
        del name, of
        make(target)
