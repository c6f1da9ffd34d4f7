"""What a walk costs: seconds at a person's speed, or metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.standards import Profile, Standard, circle_limit, load_standard

__all__ = ["Metric", "slope_factor"]

Floats = NDArray[np.float64]

_STEEPEST = 0.5
"""Beyond this gradient heights are taken for errors; Tobler's observations end about there."""


def slope_factor(gradient: Any) -> Any:
    """Walking speed on a slope over that on the flat.

    Parameters
    ----------
    gradient
        Height gained per metre walked (0.05 is 5 % uphill); held to +-0.5.

    Returns
    -------
    float or ndarray
        1 on the flat, above 1 on gentle descents, below 1 elsewhere.

    References
    ----------
    Tobler (1993), Three presentations on geographical analysis and modeling, NCGIA 93-1:
    speed = 6 exp(-3.5 |gradient + 0.05|) km/h; here divided by its value on the flat.

    Examples
    --------
    >>> slope_factor(0.0)
    1.0
    >>> round(slope_factor(0.1), 3), round(slope_factor(-0.05), 3)
    (0.705, 1.191)
    """
    held = np.clip(gradient, -_STEEPEST, _STEEPEST)
    factor = np.exp(-3.5 * (np.abs(held + 0.05) - 0.05))
    return factor if np.ndim(gradient) else float(factor)


@dataclass(frozen=True, slots=True)
class Metric:
    """The cost of walks, linear along every street edge.

    Parameters
    ----------
    mode
        ``"time"`` (seconds) or ``"distance"`` (metres).
    profile
        Who walks; distances do not depend on it.

    Notes
    -----
    In time mode an edge costs its length over the profile's speed (its stairs speed where ``kind`` is ``"steps"``),
    with the slope factor where the profile heeds slopes and ``climb_m`` is known (not on stairs, whose speed has it
    in), plus ``wait_share`` of the profile's wait at the edge's ``crossing``. Part of an edge costs its part of that.
    Connectors are walked at the profile's speed on the flat.
    """

    mode: Literal["time", "distance"]
    profile: Profile

    @property
    def unit(self) -> str:
        """``"s"`` or ``"m"``."""
        return "s" if self.mode == "time" else "m"

    @property
    def key(self) -> tuple[Any, ...]:
        """What the costs depend on: equal keys, equal costs."""
        if self.mode == "distance":
            return ("distance",)
        who = self.profile
        waits = tuple(sorted(dict(who.wait_s).items()))
        return ("time", who.speed_m_s, who.stairs_speed_m_s, waits, who.slope)

    def street_costs(self, streets: pd.DataFrame) -> tuple[Floats, Floats]:
        """Cost of each street from u to v, and from v to u.

        Parameters
        ----------
        streets
            Table by :data:`geoplan.model.STREETS`.

        Returns
        -------
        tuple of ndarray
            Two arrays in the table's order, in :attr:`unit`.
        """
        length = streets["length_m"].to_numpy(np.float64)
        if self.mode == "distance":
            return length.copy(), length.copy()
        steps = (streets["kind"] == "steps").to_numpy(bool)
        speed = np.where(steps, self.profile.stairs_speed_m_s, self.profile.speed_m_s)
        wait = streets["crossing"].map(dict(self.profile.wait_s)).fillna(0.0).to_numpy(np.float64)
        wait = wait * streets["wait_share"].fillna(0.0).to_numpy(np.float64)
        climb = streets["climb_m"].to_numpy(np.float64)
        up = down = np.ones(len(length))
        if self.profile.slope:
            sloped = ~steps & ~np.isnan(climb) & (length > 0.0)
            gradient = np.divide(climb, length, out=np.zeros(len(length)), where=sloped)
            up, down = slope_factor(gradient), slope_factor(-gradient)
        return length / (speed * up) + wait, length / (speed * down) + wait

    def connector_costs(self, length_m: Any) -> Any:
        """Cost of straight connectors of these lengths (metres), at the profile's own speed.

        Parameters
        ----------
        length_m
            Lengths, metres.

        Returns
        -------
        float or ndarray
            Costs in :attr:`unit`.
        """
        return length_m / self.profile.speed_m_s if self.mode == "time" else length_m * 1.0

    def limit(self, minutes: float, standards: Sequence[Standard] = ()) -> float:
        """The cut-off that a circle of so many minutes means; the cut-off itself counts.

        Parameters
        ----------
        minutes
            Size of the circle, minutes.
        standards
            Active standards; GB 50180-2018 where none is named.

        Returns
        -------
        float
            In :attr:`unit`.

        Raises
        ------
        InputError
            As :func:`geoplan.standards.circle_limit`.

        Examples
        --------
        >>> from geoplan.standards import load_profile
        >>> Metric("distance", load_profile("planner")).limit(5)
        300.0
        """
        return circle_limit(standards or [load_standard("gb50180-2018")], minutes, self.mode, self.profile)
