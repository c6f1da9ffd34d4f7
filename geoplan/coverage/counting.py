"""Sums, shares and quantiles by group, without a loop over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Groups", "divide"]

Floats = NDArray[np.float64]


def divide(part: Floats, whole: Floats) -> Floats:
    """Share of the whole; NaN where the whole is nothing.

    Parameters
    ----------
    part, whole
        Equally long.

    Returns
    -------
    ndarray
    """
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


class Groups:
    """Rows in groups: one for each key in sorted order, a last one for the rows without key.

    Parameters
    ----------
    keys
        Key of each row, None or NaN for none.
    known
        All keys that there are, also those without a row.
    """

    def __init__(self, keys: pd.Series, known: Sequence[str]) -> None:
        self.ids = sorted(known)
        self.count = len(self.ids) + 1
        code = pd.Index(self.ids, dtype=object).get_indexer(pd.Index(keys.to_numpy(dtype=object), dtype=object))
        self.code = np.where(code < 0, len(self.ids), code)

    @property
    def index(self) -> pd.Index:
        """Keys of the groups, None for the last."""
        return pd.Index([*self.ids, None], dtype=object, name="id")

    def sum(self, values: Sequence[float] | Floats | pd.Series) -> Floats:
        """Sum of the values by group; missing values count nothing, a group with only such is NaN.

        Parameters
        ----------
        values
            One a row.

        Returns
        -------
        ndarray
            0 for a group without rows.
        """
        given = np.asarray(values, dtype=np.float64)
        missing = np.isnan(given)
        total = np.asarray(np.bincount(self.code, np.where(missing, 0.0, given), self.count), dtype=np.float64)
        if missing.any():
            gone = np.bincount(self.code, missing, self.count)
            total[(gone > 0) & (gone == self.size)] = np.nan
        return total

    @property
    def size(self) -> Floats:
        """Rows by group."""
        return np.asarray(np.bincount(self.code, minlength=self.count), dtype=np.float64)

    def mean(self, values: Floats, weights: Floats) -> Floats:
        """Weighted mean of the finite values by group; NaN where there is none.

        Parameters
        ----------
        values, weights
            One a row.

        Returns
        -------
        ndarray
        """
        finite = np.isfinite(values)
        weight = np.where(finite, weights, 0.0)
        return divide(self.sum(np.where(finite, values, 0.0) * weight), self.sum(weight))

    def quantiles(self, values: Floats, weights: Floats, shares: Sequence[float]) -> list[Floats]:
        """Smallest value that at least such a share of the weight does not exceed, by group.

        Parameters
        ----------
        values, weights
            One a row; values may be inf.
        shares
            Between 0 and 1.

        Returns
        -------
        list of ndarray
            One for each share; NaN where a group has no weight.
        """
        keep = weights > 0
        code, value, weight = self.code[keep], values[keep], weights[keep]
        order = np.lexsort((value, code))
        code, value, weight = code[order], value[order], weight[order]
        running = np.cumsum(weight)
        last = np.searchsorted(code, np.arange(self.count), side="right") - 1
        first = np.searchsorted(code, np.arange(self.count), side="left")
        before = np.concatenate([[0.0], running])[first]
        total = np.concatenate([[0.0], running])[last + 1] - before
        there = last >= first
        result = []
        for share in shares:
            # A hair less, so that a sum that should meet the share exactly does whatever the rounding.
            target = before + share * total - 1e-12 * running[-1:].sum()
            at = np.clip(np.searchsorted(running, target, side="left"), first, np.maximum(last, first))
            found = np.full(self.count, np.nan)
            found[there] = value[at[there]]
            result.append(found)
        return result
