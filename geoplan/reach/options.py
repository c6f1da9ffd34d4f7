"""The stated tolerances of snapping and walls."""

from __future__ import annotations

from dataclasses import dataclass, fields

from geoplan.errors import Fault, InputError, Where, msg

__all__ = ["ReachOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachOptions:
    """How doors meet streets; every figure is stated in the results.

    Attributes
    ----------
    max_connector_m
        Longest straight connector between a door and a street, metres; beyond it the door has ``"no_street"``.
    island_tolerance_m
        A street of the main component is preferred to one of an island if it is at most this much farther, metres.
    gate_tolerance_m
        A street passes a wall where an open gate lies within this distance of the crossing, metres.
    wall_tolerance_m
        Walled polygons are shrunk by this, so that streets drawn along a wall are not cut by sloppy digitising, metres.
    detour
        Walk over straight line where the town has no streets, at least 1.

    Raises
    ------
    InputError
        If a figure is negative or not a number, or ``detour`` is below 1.

    Examples
    --------
    >>> ReachOptions(max_connector_m=150).detour
    1.25
    """

    max_connector_m: float = 200.0
    island_tolerance_m: float = 50.0
    gate_tolerance_m: float = 15.0
    wall_tolerance_m: float = 1.0
    detour: float = 1.25

    def __post_init__(self) -> None:
        faults = []
        for option in fields(self):
            value, least = getattr(self, option.name), 1.0 if option.name == "detour" else 0.0
            if not least <= value < float("inf"):
                faults.append(
                    Fault(
                        code="bad-option",
                        needed=msg("{option} as a number of at least {least}", option=option.name, least=f"{least:g}"),
                        given=msg("{value}", value=value),
                        mend=msg("correct it"),
                        where=Where(column=option.name),
                    )
                )
        if faults:
            raise InputError(faults)
