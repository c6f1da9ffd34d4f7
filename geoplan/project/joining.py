"""Which ledger belongs to which layer: fields whose values agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from geoplan.read.values import clean_ids

__all__ = ["FieldMatch", "agreement", "match_fields"]

_LEAST = 0.5
_FEW = 2


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """A ledger's field whose values are those of a layer's field.

    Attributes
    ----------
    key, on
        Field of the ledger and field of the layer.
    share
        Share of the ledger's rows that find one of the layer.
    count
        Those rows.
    """

    key: str
    on: str
    share: float
    count: int


def _ids(values: pd.Series) -> set[str]:
    return set(clean_ids(values)) - {""}


def agreement(values: pd.Series, others: pd.Series) -> float:
    """Share of the distinct values that are among the others; 0 where there are none.

    Parameters
    ----------
    values, others
        Cells that hold ids.

    Returns
    -------
    float

    Examples
    --------
    >>> agreement(pd.Series(["a", "b", None]), pd.Series(["b", "c"]))
    0.5
    """
    mine = _ids(values)
    return len(mine & _ids(others)) / len(mine) if mine else 0.0


def match_fields(ledger: pd.DataFrame, layer: pd.DataFrame, *, preferred: str = "") -> FieldMatch | None:
    """Find the fields by which a ledger can be joined to a layer.

    Parameters
    ----------
    ledger, layer
        Tables with all their fields.
    preferred
        Field of the layer that wins ties: its ids.

    Returns
    -------
    FieldMatch or None
        Both fields are unique among the rows that have one; at least half of the ledger's rows agree.
    """
    keys = _unique_fields(ledger)
    best: tuple[float, bool, bool, str, str] | None = None
    found: FieldMatch | None = None
    ons = [(field, _ids(layer[field])) for field in _unique_fields(layer)]
    for key in keys:
        mine = _ids(ledger[key])
        if len(mine) < _FEW or _counts_up(ledger[key]):
            continue
        for on, theirs in ons:
            count = len(mine & theirs)
            share = count / len(mine)
            rank = (round(share, 3), on == preferred, key == on, key, on)
            if share >= _LEAST and (best is None or rank[:3] > best[:3]):
                best, found = rank, FieldMatch(key, on, share, count)
    return found


def _unique_fields(frame: pd.DataFrame) -> Sequence[str]:
    fields = []
    for name in frame.columns:
        if name == "geometry" or pd.api.types.is_float_dtype(frame[name]):
            continue
        ids = clean_ids(frame[name])
        given = ids[ids != ""]
        if len(given) >= _LEAST * len(frame) and given.is_unique:
            fields.append(str(name))
    return fields


def _counts_up(values: pd.Series) -> bool:
    """Whether a field is a mere row number, 1, 2, 3, ..., which agrees with any other."""
    ids = [value for value in clean_ids(values) if value]
    return ids == [str(n) for n in range(1, len(ids) + 1)]
