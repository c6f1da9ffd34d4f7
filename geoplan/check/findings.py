"""What a check finds, and what it may take for granted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import shapely

from geoplan.errors import Message

__all__ = ["CheckOptions", "Finding", "Severity", "finding"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about the data.

    Attributes
    ----------
    code
        Short stable name, such as ``"unit-overlap"``.
    severity
        ``"error"``: results would be wrong; ``"warning"``: they may be; ``"info"``: good to know.
    message
        What was found.
    table
        Table or level concerned.
    rows
        Ids of the rows concerned, sorted.
    geometry
        Where, in the town's CRS; None where rows say enough.
    """

    code: str
    severity: Severity
    message: Message
    table: str
    rows: tuple[str, ...] = ()
    geometry: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """From where on something is worth a finding.

    Attributes
    ----------
    sliver_m
        Overlaps and gaps nowhere wider than this are drawing errors, not claims, metres.
    near_miss_m
        A dead end this near another street may be meant to meet it, metres.
    far_m
        Doors and facilities farther than this from any street, metres.
    gate_m
        Gates farther than this from a wall, metres.
    entrance_m
        Entrances farther than this from their building, metres.
    max_households
        More households in one building are doubtful.
    people_per_household
        Residents per household outside this range are doubtful.
    """

    sliver_m: float = 1.0
    near_miss_m: float = 5.0
    far_m: float = 200.0
    gate_m: float = 15.0
    entrance_m: float = 30.0
    max_households: float = 1000.0
    people_per_household: tuple[float, float] = (1.0, 10.0)


def finding(
    code: str, severity: Severity, message: Message, table: str, rows: Iterable[Any] = (), shapes: Iterable[Any] = ()
) -> Finding:
    """Make a finding: rows sorted, each once; shapes joined.

    Parameters
    ----------
    code, severity, message, table
        As in :class:`Finding`.
    rows
        Ids in any order.
    shapes
        Geometries; none: no geometry.

    Returns
    -------
    Finding
    """
    parts = [shape for shape in shapes if not shape.is_empty]
    return Finding(
        code,
        severity,
        message,
        table,
        tuple(sorted({str(row) for row in rows})),
        shapely.normalize(shapely.union_all(parts)) if parts else None,
    )
