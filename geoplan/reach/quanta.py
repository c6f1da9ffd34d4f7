"""Walking costs as whole numbers: which quantum a network counts in, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoplan.errors import Fault, InputError, msg

__all__ = ["GUARD", "MAX_TOTAL", "Quantum", "choose_quantum"]

GUARD = 100
"""Quanta in the last digit that is shown: what rounding adds up to on a long walk stays below it."""

MAX_TOTAL = 2**61
"""Upper bound in quanta of an offset, and of the sum of all costs."""

_WANTED_DIGITS = 9
_FEWEST_DECIMALS = 3
_FEWEST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Quantum:
    """The unit that costs are counted in: ``10**-decimals`` of the weight's unit.

    Costs are shown to ``10**-(decimals - 2)``, so that a walk of three thirds of 500 m is 500 m and within 500 m.
    """

    decimals: int

    def _scaled(self, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        return cost * 10.0**self.decimals if self.decimals >= 0 else cost / 10.0**-self.decimals

    def count(self, cost: NDArray[np.float64]) -> NDArray[np.int64]:
        """Whole quanta nearest to each cost; costs must be finite and in range."""
        return np.rint(self._scaled(cost)).astype(np.int64)

    def fits(self, cost: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each cost can be counted at all."""
        with np.errstate(over="ignore"):
            return self._scaled(cost) < MAX_TOTAL

    def shown(self, quanta: NDArray[np.int64]) -> NDArray[np.float64]:
        """Costs in the weight's unit, rounded to the digits shown."""
        steps = (quanta + GUARD // 2) // GUARD
        decimals = self.decimals - 2
        return steps / 10.0**decimals if decimals >= 0 else steps * 10.0**-decimals

    def limit(self, cost: float) -> int:
        """Most quanta that are still shown as no more than a cost."""
        if not self.fits(np.float64(cost)):
            return 2 * MAX_TOTAL - 1  # an offset and a walk, both as long as can be
        step = int(self.count(np.float64(cost))) // GUARD + 2
        while step >= 0 and self.shown(np.array([step * GUARD]))[0] > cost:
            step -= 1
        return step * GUARD + GUARD // 2 - 1


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
        A power of ten; the median cost has nine digits or more where the largest costs allow it.

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
        return Quantum(_FEWEST_DECIMALS)
    median = float(np.median(positive))
    largest = float(positive.max())
    with np.errstate(over="ignore"):
        total = float(positive.sum())
    room = min(math.log10(max_arc) - math.log10(largest), math.log10(MAX_TOTAL) - math.log10(total))
    decimals = min(math.ceil(_WANTED_DIGITS - math.log10(median)), math.floor(room - 1e-9))
    if decimals < _FEWEST_DECIMALS and decimals + math.log10(median) < _FEWEST_DIGITS:
        raise InputError(
            Fault(
                code="cost-range",
                needed=msg("walking costs of one order of size"),
                given=msg("a median of {median} and a largest of {largest}", median=median, largest=largest),
                mend=msg("take out edges that nobody can walk instead of giving them a huge cost"),
            )
        )
    return Quantum(decimals)
