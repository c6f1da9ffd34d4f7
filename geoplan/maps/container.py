"""A page's data as one compressed text: plain values as JSON, packed columns as bytes beside it.

``js/packed.js`` reads it with an inflate of its own, so that a browser without DecompressionStream draws the same.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import zlib
from typing import Any

from geoplan.keep import Keep, KeepNothing, Varints

__all__ = ["read_container", "write_container"]

_LEVEL = 6  # 9 takes twice as long for a thousandth less
_LONG = 1 << 16
"""Columns of at least so many bytes are deflated by themselves, so that those that have not changed can be kept."""
_END = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS).flush()


def write_container(content: Any, *, keep: Keep | None = None) -> str:
    """Write a page's content as base64 of deflated bytes.

    Parameters
    ----------
    content
        Plain values that JSON can hold; what :func:`geoplan.maps.packed.pack_integers` returned is stored as bytes.
        No dictionary in it may have the key ``"$"``.
    keep
        Keeps what has been deflated.

    Returns
    -------
    str
        Base64 of four bytes (the length of what follows when inflated, the lowest first) and raw deflate data: four
        bytes with the length of the JSON, the JSON, and the bytes that its ``{"$": [from, to]}`` point to.

    Examples
    --------
    >>> from geoplan.maps.packed import pack_integers
    >>> import numpy as np
    >>> text = write_container({"name": "</script>", "at": pack_integers(np.array([0, -1, 1, 100]))})
    >>> read_container(text)
    {'name': '</script>', 'at': 'AAECyAE='}
    """
    data = bytearray()
    breaks: set[int] = set()

    def plain(value: Any) -> Any:
        if isinstance(value, Varints):
            start = len(data)
            data.extend(base64.b64decode(value))
            if len(data) - start >= _LONG:
                breaks.update((start, len(data)))
            return {"$": [start, len(data)]}
        if isinstance(value, dict):
            if "$" in value:
                raise ValueError("a key of the content is $")
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    head = json.dumps(plain(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    start = len(head).to_bytes(4, "little") + head
    ends = [0, *sorted(breaks - {0}), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(ends) if b > a]
    deflated = b"".join(_deflated(bytes(piece), keep or KeepNothing()) for piece in (start, *pieces))
    length = len(start) + len(data)
    return base64.b64encode(length.to_bytes(4, "little") + deflated + _END).decode("ascii")


def _deflated(piece: bytes, keep: Keep) -> bytes:
    """Deflate data that looks back at nothing before it and ends with a whole byte."""

    def make() -> bytes:
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        return squeeze.compress(piece) + squeeze.flush(zlib.Z_FULL_FLUSH)

    if len(piece) < _LONG:
        return make()
    return keep.value("deflated", (hashlib.sha256(piece).hexdigest(),), make)


def read_container(text: str) -> Any:
    """Read what :func:`write_container` wrote.

    Parameters
    ----------
    text
        Base64.

    Returns
    -------
    object
        The content; packed columns are base64 again.
    """
    raw = base64.b64decode(text)
    whole = zlib.decompress(raw[4:], -zlib.MAX_WBITS)
    split = 4 + int.from_bytes(whole[:4], "little")
    data = whole[split:]

    def column(value: dict[str, Any]) -> Any:
        if "$" not in value:
            return value
        start, end = value["$"]
        return Varints(base64.b64encode(data[start:end]).decode("ascii"))

    return json.loads(whole[4:split], object_hook=column)
