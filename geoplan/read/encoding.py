"""Text encodings of ``.dbf`` and CSV files: what was declared, what the bytes allow, and what was chosen."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["Decision", "EncodingError", "cut_name", "decide_csv", "decide_dbf", "decode_cut", "python_codec"]

_FIELD_NAME_BYTES = 10

# Language driver ids of dBASE headers; western ones are defaults that much software writes without meaning it.
_LDID = {
    0x4D: "gb18030",
    0x7A: "gb18030",
    0x4F: "big5hkscs",
    0x78: "big5hkscs",
    0x4E: "cp949",
    0x79: "cp949",
    0x13: "cp932",
    0x7B: "cp932",
    0xC8: "cp1250",
    0xC9: "cp1251",
    0xCB: "cp1253",
    0xCA: "cp1254",
    0x26: "cp866",
    0x65: "cp866",
    0x64: "cp852",
}
_WESTERN = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252"}
_CPG = {
    "65001": "utf-8",
    "UTF8": "utf-8",
    "936": "gb18030",
    "CP936": "gb18030",
    "GBK": "gb18030",
    "GB2312": "gb18030",
    "54936": "gb18030",
    "950": "big5hkscs",
    "BIG5": "big5hkscs",
    "ANSI": "cp1252",
    "88591": "latin-1",
}


class EncodingError(ValueError):
    """The bytes cannot be what was declared; ``declared`` says what, ``by`` who said so, ``text`` shows some bytes."""

    def __init__(self, declared: str, by: str, raw: bytes = b"") -> None:
        self.declared = declared
        self.by = by
        self.raw = raw
        super().__init__(f"{declared} ({by})")


@dataclass(frozen=True, slots=True)
class Decision:
    """An encoding and what it was chosen by.

    ``by`` is ``declared``, ``cpg``, ``ldid``, ``bom``, ``utf-8``, ``gb18030`` or ``western``; ``ascii`` is true where
    nothing but ASCII occurs, so that the choice does not matter.
    """

    encoding: str
    by: str
    ascii: bool = False


def python_codec(name: str) -> str | None:
    """The codec that a code page name means.

    Parameters
    ----------
    name
        Such as ``"GBK"``, ``"ANSI 936"`` or ``"65001"``.

    Returns
    -------
    str or None
        GB 2312 and GBK are read by GB 18030, which holds both; None for a name nobody knows.

    Examples
    --------
    >>> python_codec("ANSI 936"), python_codec("utf8"), python_codec("klingon")
    ('gb18030', 'utf-8', None)
    """
    plain = name.strip().upper().removeprefix("ANSI ").removeprefix("OEM ").strip()
    known = _CPG.get(plain.replace("-", "").replace("_", "")) or _CPG.get(plain)
    if known:
        return known
    for candidate in (plain, f"cp{plain}"):
        try:
            return codecs.lookup(candidate).name
        except LookupError:
            continue
    return None


def decode_cut(raw: bytes, encoding: str) -> str:
    """Decode text whose last character may have been cut by a field's width.

    Parameters
    ----------
    raw
        Bytes.
    encoding
        Python codec.

    Returns
    -------
    str
        Without the incomplete last character.

    Raises
    ------
    UnicodeDecodeError
        If anything but the end is wrong.

    Examples
    --------
    >>> decode_cut("面积".encode("gb18030")[:3], "gb18030")
    '面'
    """
    return codecs.getincrementaldecoder(encoding)().decode(raw, final=False)


def cut_name(name: str, encoding: str) -> str:
    """A column's name as a ``.dbf`` keeps it: its first ten bytes.

    Parameters
    ----------
    name
        Full name.
    encoding
        Python codec of the file.

    Returns
    -------
    str

    Examples
    --------
    >>> cut_name("总建筑面积平方米", "utf-8"), cut_name("总建筑面积平方米", "gb18030")
    ('总建筑', '总建筑面积')
    """
    try:
        return decode_cut(name.encode(encoding)[:_FIELD_NAME_BYTES], encoding)
    except UnicodeError:
        return name


def _samples(dbf: bytes) -> list[tuple[bytes, bool]]:
    """Distinct non-ASCII texts of a ``.dbf`` (names and values) and whether each fills its field."""
    if len(dbf) < 32:
        return []
    count, header, record = struct.unpack("<IHH", dbf[4:12])
    samples: dict[bytes, bool] = {}
    fields = []
    offset, place = 1, 32
    while place + 32 <= min(header, len(dbf)) and dbf[place] != 0x0D:
        name = dbf[place : place + 11].split(b"\0")[0]
        if not name.isascii():
            samples[name] = len(name) >= _FIELD_NAME_BYTES
        width = dbf[place + 16]
        if dbf[place + 11 : place + 12] == b"C":
            fields.append((offset, width))
        offset, place = offset + width, place + 32
    count = min(count, (len(dbf) - header) // record) if record else 0
    if count <= 0:
        return list(samples.items())
    table = np.frombuffer(dbf, np.uint8, count * record, header).reshape(count, record)
    for start, width in fields:
        column = np.ascontiguousarray(table[:, start : start + width])
        strange = (column >= 0x80).any(axis=1)
        for value in {bytes(row) for row in column[strange]}:
            text = value.split(b"\0")[0].rstrip(b" ")
            samples[text] = samples.get(text, False) or len(text) == width
    return list(samples.items())


def _fits(samples: Iterable[tuple[bytes, bool]], encoding: str) -> bytes | None:
    """None if all decode, else the first that does not."""
    for text, full in samples:
        try:
            if full:
                decode_cut(text, encoding)
            else:
                text.decode(encoding)
        except UnicodeDecodeError:
            return text
    return None


def _is_hanzi(samples: Iterable[tuple[bytes, bool]]) -> bool:
    """Whether the high bytes come in pairs of GB 2312, as Chinese does and western accents hardly ever do."""
    for text, _ in samples:
        rest = text
        while rest:
            if rest[0] < 0x80:
                rest = rest[1:]
            elif len(rest) == 1:
                rest = b""
            elif 0xA1 <= rest[0] <= 0xF7 and rest[1] >= 0xA1:
                rest = rest[2:]
            else:
                return False
    return True


def decide_dbf(dbf: bytes, *, cpg: str | None = None, declared: str = "") -> Decision:
    """Choose the encoding of a ``.dbf``.

    What the source declares goes first, then the ``.cpg`` file, then the language driver byte of the header, then
    strict UTF-8, then GB 18030. Western driver bytes are written by default by much software, so they count only
    where the bytes are neither UTF-8 nor Chinese.

    Parameters
    ----------
    dbf
        The whole file.
    cpg
        Content of the ``.cpg`` file, None where there is none.
    declared
        What the planner declared.

    Returns
    -------
    Decision

    Raises
    ------
    EncodingError
        If what was declared is unknown or does not fit the bytes, or if nothing fits.
    """
    samples = sorted(_samples(dbf))
    plain = not samples
    for name, by in ((declared, "declared"), (cpg or "", "cpg")):
        if not name.strip():
            continue
        codec = python_codec(name)
        if codec is None:
            raise EncodingError(name.strip(), by)
        wrong = _fits(samples, codec)
        if wrong is not None:
            raise EncodingError(name.strip(), by, wrong)
        return Decision(codec, by, plain)
    ldid = dbf[29] if len(dbf) > 29 else 0
    if ldid in _LDID and _fits(samples, _LDID[ldid]) is None:
        return Decision(_LDID[ldid], "ldid", plain)
    if _fits(samples, "utf-8") is None:
        return Decision("utf-8", "utf-8", plain)
    if ldid in _WESTERN and not _is_hanzi(samples):
        return Decision(_WESTERN[ldid], "western", plain)
    wrong = _fits(samples, "gb18030")
    if wrong is not None:
        raise EncodingError("GB18030", "guessed", wrong)
    return Decision("gb18030", "gb18030", plain)


def decide_csv(raw: bytes, *, declared: str = "") -> Decision:
    """Choose the encoding of a text file: declared, byte order mark, strict UTF-8, GB 18030.

    Parameters
    ----------
    raw
        The whole file.
    declared
        What the planner declared.

    Returns
    -------
    Decision

    Raises
    ------
    EncodingError
        If what was declared is unknown or does not fit, or if nothing fits.

    Examples
    --------
    >>> decide_csv("户数".encode("gbk")).encoding
    'gb18030'
    """
    if declared.strip():
        codec = python_codec(declared)
        if codec is None:
            raise EncodingError(declared.strip(), "declared")
        codec = "utf-8-sig" if codec == "utf-8" else codec
        try:
            raw.decode(codec)
        except UnicodeDecodeError as error:
            raise EncodingError(declared.strip(), "declared", raw[error.start : error.start + 8]) from None
        return Decision(codec, "declared", raw.isascii())
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return Decision(codec, "bom")
    for codec in ("utf-8", "gb18030"):
        try:
            raw.decode(codec)
        except UnicodeDecodeError as error:
            start = error.start
        else:
            return Decision(codec, codec, raw.isascii())
    raise EncodingError("GB18030", "guessed", raw[start : start + 8])
