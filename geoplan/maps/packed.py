"""Tables and geometries packed for the page: whole numbers as base64 varints, texts as words and places.

Coordinates are micro-degrees (1e-6 degree, 0.1 m), each written as the step from the vertex before it; 100,000
buildings then take about 2 MB. ``js/packed.js`` reads what this module writes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.keep import Varints

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DEGREE",
    "clean_text",
    "pack_floats",
    "pack_geometry",
    "pack_integers",
    "pack_numbers",
    "pack_words",
]

DEGREE = 1_000_000
"""Units of a packed coordinate in one degree."""

_EMPTY, _POINT, _LINE, _POLYGON = 0, 1, 2, 3
_KINDS = {0: _POINT, 4: _POINT, 1: _LINE, 2: _LINE, 5: _LINE, 3: _POLYGON, 6: _POLYGON}


def pack_integers(values: NDArray[np.int64]) -> Varints:
    """Write whole numbers as zigzag varints in base64.

    Parameters
    ----------
    values
        Any whole numbers below 2**30 in size; small ones take one byte.

    Returns
    -------
    Varints
        A ``str``: base64 of the bytes.

    Examples
    --------
    >>> pack_integers(np.array([0, -1, 1, 100]))
    'AAECyAE='
    """
    values = np.asarray(values, dtype=np.int64)
    zigzag = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    width = np.ones(len(zigzag), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        width += zigzag >= np.uint64(1 << bits)
    start = np.cumsum(width) - width
    out = np.zeros(int(width.sum()), dtype=np.uint8)
    for byte in range(int(width.max(initial=0))):
        has = width > byte
        low = (zigzag[has] >> np.uint64(7 * byte)) & np.uint64(127)
        more = (width[has] > byte + 1).astype(np.uint64) << np.uint64(7)
        out[start[has] + byte] = (low | more).astype(np.uint8)
    return Varints(base64.b64encode(out.tobytes()).decode("ascii"))


def pack_numbers(values: Any) -> dict[str, Any]:
    """Write a column of numbers that are never negative; what is missing or infinite comes out as ``null``.

    Parameters
    ----------
    values
        Array-like of numbers; kept to one decimal unless all are whole.

    Returns
    -------
    dict
        ``scale`` and the packed ``values``: 0 is missing, else the scaled number plus one.
    """
    numbers = np.asarray(values, dtype=np.float64)
    there = np.isfinite(numbers)
    whole = bool(np.all(numbers[there] == np.round(numbers[there])))
    scale = 1 if whole else 10
    packed = np.zeros(len(numbers), dtype=np.int64)
    # A varint of the page holds 31 bits.
    packed[there] = np.clip(np.round(numbers[there] * scale), 0, 2**29).astype(np.int64) + 1
    return {"scale": scale, "values": pack_integers(packed)}


def pack_floats(values: Any, *, decimals: int = 6) -> dict[str, Any]:
    """Write a column of any numbers; what is missing or infinite comes out as ``null``.

    Parameters
    ----------
    values
        Array-like of numbers.
    decimals
        How many are kept at most.

    Returns
    -------
    dict
        ``scale`` and the packed ``values``: 0 is missing, above it the scaled number plus one, below it the scaled
        number; or ``scale`` 0 and the numbers as they are, where scaled ones would be too large.

    Examples
    --------
    >>> pack_floats([0.5, float("nan"), -2])["scale"]
    10
    >>> pack_floats([1e300, None])
    {'scale': 0, 'values': [1e+300, None]}
    """
    numbers = np.asarray(values, dtype=np.float64)
    there = np.isfinite(numbers)
    known = np.round(numbers[there], decimals)
    for digits in range(decimals + 1):
        scaled = np.round(known * 10**digits)
        if np.any(np.abs(scaled) >= 2**29):
            break
        if np.array_equal(scaled / 10**digits, known):
            packed = np.zeros(len(numbers), dtype=np.int64)
            packed[there] = scaled.astype(np.int64) + (scaled >= 0)
            return {"scale": 10**digits, "values": pack_integers(packed)}
    return {"scale": 0, "values": [float(v) if ok else None for v, ok in zip(numbers, there, strict=True)]}


def pack_words(texts: Iterable[object]) -> dict[str, Any]:
    """Write a column of texts as its different words and, for each row, which one.

    Parameters
    ----------
    texts
        Texts; ``None`` and ``NaN`` count as ``""``.

    Returns
    -------
    dict
        ``words`` (in order of appearance) and the packed places ``at``.

    Examples
    --------
    >>> pack_words(["a", "b", "a", None])["words"]
    ['a', 'b', '']
    """
    seen: dict[str, int] = {}
    known: dict[str, int] = {}
    at = []
    for text in texts:
        place = known.get(text) if type(text) is str else None
        if place is None:
            word = clean_text(text)
            place = seen.setdefault(word, len(seen))
            known[word] = place
        at.append(place)
    return {"words": list(seen), "at": pack_integers(np.array(at, dtype=np.int64))}


def clean_text(text: object) -> str:
    """Text as it can be written in UTF-8: missing is ``""``, half a surrogate pair becomes a replacement mark.

    Parameters
    ----------
    text
        Any value of a text column.

    Returns
    -------
    str
    """
    if text is None or text != text:
        return ""
    written = str(text)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:
        return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return written


def pack_geometry(geometry: Any, *, origin: tuple[int, int]) -> dict[str, Any]:
    """Write geometries in WGS84 degrees as delta-coded micro-degrees.

    Parameters
    ----------
    geometry
        Array-like of points, lines, polygons or their multi forms, longitude first.
    origin
        Longitude and latitude in micro-degrees from which the first step goes.

    Returns
    -------
    dict
        ``kinds`` (a feature: 0 empty, 1 point, 2 line, 3 polygon), ``parts`` (a feature: its parts or rings), ``sizes``
        (a part: its vertices, the closing one left out) and ``steps`` (x and y in turn), each packed. Outer rings run
        one way and holes the other, so that the non-zero rule fills them rightly.
    """
    shapes: NDArray[np.object_] = np.array(geometry, dtype=object)
    kinds = np.array([_KINDS.get(int(t), _EMPTY) for t in shapely.get_type_id(shapes)], dtype=np.int64)
    kinds[shapely.is_empty(shapes) | shapely.is_missing(shapes)] = _EMPTY
    shapes[kinds == _EMPTY] = None
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts = shapely.orient_polygons(parts) if len(parts) else parts
    rings, ring_owner = _rings(parts)
    owner = owner[ring_owner]
    steps, sizes = _steps(rings, kinds[owner] == _POLYGON, origin)
    return {
        "count": len(shapes),
        "kinds": pack_integers(kinds),
        "parts": pack_integers(np.bincount(owner, minlength=len(shapes)).astype(np.int64)),
        "sizes": pack_integers(sizes),
        "steps": pack_integers(steps),
    }


def _rings(parts: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Each polygon's rings in place of it, points and lines as they are; and the part that each comes from."""
    polygon = shapely.get_type_id(parts) == 3
    rings, of_polygon = shapely.get_rings(parts[polygon], return_index=True)
    owner = np.concatenate([np.flatnonzero(polygon)[of_polygon], np.flatnonzero(~polygon)])
    order = np.argsort(owner, kind="stable")
    return np.concatenate([rings, parts[~polygon]])[order], owner[order]


def _steps(
    rings: NDArray[np.object_], closed: NDArray[np.bool_], origin: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Interleaved steps between all vertices, and the number of vertices a part."""
    degrees, part = shapely.get_coordinates(rings, return_index=True)
    micro = np.round(degrees * DEGREE).astype(np.int64)
    last = np.append(part[1:] != part[:-1], True) if len(part) else np.zeros(0, dtype=bool)
    keep = ~(last & closed[part])
    micro, part = micro[keep], part[keep]
    steps = np.diff(micro, axis=0, prepend=np.array([origin], dtype=np.int64))
    return steps.ravel(), np.bincount(part, minlength=len(rings)).astype(np.int64)
