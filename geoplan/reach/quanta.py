"""Walking costs as whole numbers: which quantum a network counts in, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, msg
from geoplan.reach.kernel import NO_KEY

__all__ = ["GUARD", "MAX_TOTAL", "Quantum", "choose_quantum"]

_GUARD_DIGITS = 2
GUARD = 10**_GUARD_DIGITS
"""Quanta in the last digit that is shown: what rounding adds up to on a long walk stays below it."""

MAX_TOTAL = 2**61
"""Upper bound in quanta of an offset, and of the sum of all costs."""

_GUARD, _HALF_GUARD = np.uint64(GUARD), np.uint64(GUARD // 2)
_WANTED_DIGITS = 9
_FEWEST_DECIMALS = 5  # so that a thousandth is shown
_FEWEST_DIGITS = 6
_MOST_DECIMALS = 300
_DECIMALS_WITHOUT_COSTS = 8


@njit(cache=True, nogil=True)
def _show(keys: Any, label_bits: Any, divisor: Any, factor: Any, limit: Any, out: Any) -> None:
    for i in range(len(keys)):
        if keys[i] == NO_KEY:
            out[i] = np.inf
        else:
            steps = np.int64(((keys[i] >> label_bits) + _HALF_GUARD) // _GUARD)
            out[i] = min(steps / divisor * factor, limit)


@dataclass(frozen=True, slots=True)
class Quantum:
    """The unit that costs are counted in: ``10**-decimals`` of the weight's unit.

    Costs are shown to ``10**-(decimals - 2)``, so that a walk of three thirds of 500 m is 500 m and within 500 m.
    """

    decimals: int

    def _scaled(self, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cost * 10.0**self.decimals if self.decimals >= 0 else cost / 10.0**-self.decimals)

    def count(self, cost: NDArray[np.float64]) -> NDArray[np.int64]:
        """Whole quanta nearest to each cost; costs must be finite and in range."""
        return np.rint(self._scaled(cost)).astype(np.int64)

    def fits(self, cost: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each cost can be counted at all."""
        with np.errstate(over="ignore"):
            return self._scaled(cost) < MAX_TOTAL

    def shown(self, quanta: int) -> float:
        """A cost in the weight's unit, rounded to the digits shown."""
        return float(self.shown_keys(np.array([quanta], dtype=np.uint64), 0)[0])

    def shown_keys(self, keys: NDArray[np.uint64], label_bits: int, limit: float = math.inf) -> NDArray[np.float64]:
        """Costs of the keys of a search, rounded to the digits shown, none above its limit; ``inf`` if not reached."""
        out = np.empty(len(keys))
        decimals = self.decimals - _GUARD_DIGITS
        _show(keys, np.uint64(label_bits), 10.0 ** max(decimals, 0), 10.0 ** max(-decimals, 0), float(limit), out)
        return out

    def limit(self, cost: float) -> int:
        """Most quanta that are within a cost; -1 below a cost of 0.

        All that is shown as no more than the cost, and all that is half a shown digit above it: a limit of two thirds
        is not below the walk of two thirds that it was made for, wherever rounding leaves either.
        """
        if cost < 0.0:
            return -1
        if not self.fits(np.array(cost)):
            return 2 * MAX_TOTAL - 1  # an offset and a walk, both as long as can be
        counted = int(self.count(np.array(cost)))
        step = counted // GUARD + 2
        while step >= 0 and self.shown(step * GUARD) > cost:
            step -= 1
        return max(step * GUARD + GUARD // 2 - 1, counted + GUARD // 2 - 1)


def choose_quantum(cost: NDArray[np.float64], *, max_arc: int) -> Quantum:
    """Choose the finest quantum that the costs leave room for.

    Parameters
    ----------
    cost
        Costs of the arcs: finite, none negative.
    max_arc
        Most quanta of one arc.

    Returns
    -------
    Quantum
        A power of ten that shows a thousandth at least; the median cost has nine digits or more. Where the largest
        costs do not leave room for that, as fine as they do, if that gives the smallest cost six digits.

    Raises
    ------
    InputError
        If the largest cost is so far above the others that they could not be told apart beside it.

    Examples
    --------
    >>> import numpy as np
    >>> choose_quantum(np.array([20.0, 50.0, 80.0]), max_arc=2**40).decimals
    8
    """
    positive = cost[cost > 0.0]
    if len(positive) == 0:
        return Quantum(_DECIMALS_WITHOUT_COSTS)
    median, largest, smallest = float(np.median(positive)), float(positive.max()), float(positive.min())
    with np.errstate(over="ignore"):
        total = float(positive.sum())
    room = min(math.log10(max_arc) - math.log10(largest), math.log10(MAX_TOTAL) - math.log10(total))
    wanted = max(math.ceil(_WANTED_DIGITS - math.log10(median)), _FEWEST_DECIMALS)
    decimals = min(wanted, math.floor(room - 1e-9)) if math.isfinite(room) else -_MOST_DECIMALS
    if decimals < _FEWEST_DECIMALS and decimals + math.log10(smallest) < _FEWEST_DIGITS:
        raise InputError(
            Fault(
                code="cost-range",
                needed=msg("walking costs of one order of size"),
                given=msg("costs from {smallest} to {largest}", smallest=smallest, largest=largest),
                mend=msg("take out edges that nobody can walk instead of giving them a huge cost"),
            )
        )
    return Quantum(min(decimals, _MOST_DECIMALS))
