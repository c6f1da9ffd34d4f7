"""Pieces of the map and the tables that a changed boundary leaves as they are, kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from geoplan.batch.codec import digest, digest_json, encode
from geoplan.batch.inputs import TABLES, Inputs
from geoplan.batch.store import Store
from geoplan.batch.versions import code_version

__all__ = ["Pieces"]

T = TypeVar("T")
_TABLES = (pd.DataFrame, pd.Series, pd.Index, np.ndarray)
_CODE = ("errors", "model", "keep", "read", "reach", "coverage", "check", "maps", "report", "text")


class Pieces:
    """Keeps pieces of work in a store; see :class:`geoplan.keep.Keep`.

    Parameters
    ----------
    inputs
        The town, whose tables are told by the digests that are known already.
    store
        Where pieces are kept.
    """

    def __init__(self, inputs: Inputs, store: Store) -> None:
        self._inputs, self._store = inputs, store
        # the tables stand beside their digests, so that none of them can give its id to another one
        self._known: dict[int, tuple[object, str]] = {}

    def value(self, name: str, of: tuple[object, ...], make: Callable[[], T]) -> T:
        """A piece that is a value.

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
        key = self._key(name, of)
        found: T = self._store.keep("piece", key, make)
        if isinstance(found, _TABLES) and (blob := self._store.blob_of("piece", key)) is not None:
            self._known[id(found)] = (found, blob)  # what lies in the store is named by its digest
        return found

    def file(self, name: str, of: tuple[object, ...], make: Callable[[Path], object], target: Path) -> None:
        """A piece that is a file.

        Parameters
        ----------
        name, of
            What it is, and of what.
        make
            Writes it.
        target
            Where it is put.
        """
        target.write_bytes(self._store.keep_file("piece", self._key(name, of), make, suffix=target.suffix))

    def _key(self, name: str, of: tuple[object, ...]) -> str:
        return digest_json([name, [self._digest(one) for one in of], code_version(_CODE)])

    def _digest(self, one: object) -> object:
        """Digest of a table or array; a plain value as it is."""
        for name in TABLES:
            if one is self._inputs.table(name):
                start = f"{name}."
                return {part: each for part, each in self._inputs.digests.items() if part.startswith(start)}
        if isinstance(one, _TABLES):
            if id(one) not in self._known:
                self._known[id(one)] = (one, digest(encode(one)))
            return self._known[id(one)][1]
        return one
