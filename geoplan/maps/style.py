"""How a packed layer looks, as data: the page computes classes, bands and legends from the layer's columns."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from geoplan.errors import Fault, Message, msg

__all__ = ["Bands", "Classes", "LayerStyle"]

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Classes:
    """A colour for each value of a column.

    Parameters
    ----------
    column
        The column.
    colours
        Value (as text) to colour (``"#rrggbb"``), in the legend's order; other values are grey. If None, the eight
        commonest values get colours that every kind of colour vision tells apart.
    """

    column: str
    colours: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Bands:
    """A colour for each range of a column of numbers, from light to dark.

    Parameters
    ----------
    column
        The column.
    breaks
        Upper ends of all bands but the last, rising; each belongs to its band. If None, the page makes ``count``
        bands with about as many rows each.
    count
        How many bands where there are no breaks; 2 to 7.
    colours
        Colours (``"#rrggbb"``), the lowest first; spread over the bands.
    """

    column: str
    breaks: Sequence[float] | None = None
    count: int = 5
    colours: Sequence[str] | None = None


@dataclass(frozen=True)
class LayerStyle:
    """How the features of a packed layer are drawn.

    Parameters
    ----------
    fill
        One colour (``"#rrggbb"``), :class:`Classes`, :class:`Bands`, or None for outlines alone. Lines have it too.
    line
        Colour of outlines; None for none.
    line_width_px
        Width of outlines and lines.
    radius_px
        Radius of points.
    opacity
        From 0 to 1.
    hatched
        Whether classes are told apart by hatching too: for print without colour.
    label
        Column of names to write on features that are large enough.
    legend
        Whether the map shows what the colours mean.
    """

    fill: str | Classes | Bands | None = "#0072b2"
    line: str | None = "#26221c"
    line_width_px: float = 0.7
    radius_px: float = 4.0
    opacity: float = 0.9
    hatched: bool = False
    label: str | None = None
    legend: bool = True

    def faults(self) -> list[Fault]:
        """What is wrong with the values, columns left out.

        Returns
        -------
        list of Fault
        """
        fill = self.fill
        colours = [self.line, fill if isinstance(fill, str) else None]
        if isinstance(fill, Classes):
            colours += (fill.colours or {}).values()
        if isinstance(fill, Bands):
            colours += fill.colours or ()
        bad = sorted({str(c) for c in colours if c is not None and not _COLOUR.fullmatch(str(c))})
        found = []
        if bad:
            found.append(
                _fault("bad-colour", msg("colours as #rrggbb"), ", ".join(bad), msg("write them as six hex digits"))
            )
        for name, value, high in (
            ("line_width_px", self.line_width_px, 50.0),
            ("radius_px", self.radius_px, 50.0),
            ("opacity", self.opacity, 1.0),
        ):
            if not 0 <= value <= high:
                needed = msg("{name} between 0 and {high}", name=name, high=f"{high:g}")
                found.append(_fault("bad-style", needed, f"{value}", msg("give another value")))
        if isinstance(fill, Bands):
            found += _band_faults(fill)
        return found


def _band_faults(bands: Bands) -> list[Fault]:
    breaks = list(bands.breaks or ())
    rising = all(a < b for a, b in pairwise(breaks)) and all(map(math.isfinite, breaks))
    found = []
    if not rising:
        found.append(_fault("bad-breaks", msg("breaks that rise"), f"{breaks}", msg("sort them and drop repeats")))
    if len(breaks) > 20 or not 2 <= bands.count <= 7:
        needed = msg("2 to 7 bands, or at most 20 breaks")
        found.append(_fault("bad-breaks", needed, f"{bands.count}, {len(breaks)}", msg("give another value")))
    return found


def _fault(code: str, needed: Message, given: str, mend: Message) -> Fault:
    return Fault(code=code, needed=needed, given=msg("{given}", given=given), mend=mend)
