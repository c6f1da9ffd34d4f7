"""A page's data as one compressed text: plain values as JSON, packed columns as bytes beside it.

``js/packed.js`` reads it with an inflate of its own, so that a browser without DecompressionStream draws the same.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from geoplan.maps.packed import Varints

__all__ = ["read_container", "write_container"]

_LEVEL = 6  # 9 takes twice as long for a thousandth less


def write_container(content: Any) -> str:
    """Write a page's content as base64 of deflated bytes.

    Parameters
    ----------
    content
        Plain values that JSON can hold; what :func:`geoplan.maps.packed.pack_integers` returned is stored as bytes.
        No dictionary in it may have the key ``"$"``.

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

    def plain(value: Any) -> Any:
        if isinstance(value, Varints):
            start = len(data)
            data.extend(base64.b64decode(value))
            return {"$": [start, len(data)]}
        if isinstance(value, dict):
            if "$" in value:
                raise ValueError("a key of the content is $")
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    head = json.dumps(plain(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    whole = len(head).to_bytes(4, "little") + head + data
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = squeeze.compress(whole) + squeeze.flush()
    return base64.b64encode(len(whole).to_bytes(4, "little") + deflated).decode("ascii")


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
