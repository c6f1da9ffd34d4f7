"""How much memory a town may take, and how much it took."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geoplan.errors import Fault, InputError, msg

__all__ = ["memory_limit", "parse_memory", "peak_bytes", "reset_peak"]

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", re.IGNORECASE)
_LINUX = sys.platform == "linux"


def _resource() -> Any:
    """The module that Windows has not."""
    try:
        return importlib.import_module("resource")
    except ImportError:
        return None


def parse_memory(text: str) -> int:
    """Read an amount of memory.

    Parameters
    ----------
    text
        A number with ``K``, ``M``, ``G`` or ``T`` (times 1,024 each) or nothing behind it.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    InputError
        If it is no such amount.

    Examples
    --------
    >>> parse_memory("2G") == parse_memory("2048 MB") == 2 * 1024**3
    True
    """
    match = _SIZE.fullmatch(text)
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if size <= 0:
        raise InputError(
            Fault(
                "memory-size",
                msg("an amount of memory such as 2G or 800M"),
                msg("{option} {value}", option="--memory", value=text),
                msg("use a number with M or G behind it"),
            )
        )
    return size


@contextmanager
def memory_limit(limit_bytes: int) -> Iterator[None]:
    """Let this process hold so much data and no more: what asks for more gets a ``MemoryError``.

    Linux can do that; elsewhere nothing is limited.

    Parameters
    ----------
    limit_bytes
        Bytes of data (code and files that are only read do not count); 0 sets no limit.

    Yields
    ------
    None
    """
    resource = _resource()
    if not limit_bytes or not _LINUX or resource is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def reset_peak() -> None:
    """Forget the peak so far, where the system can: then the next one is that of a single town."""
    if _LINUX:
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return  # without the right to, the peak is that of the process


def peak_bytes() -> int | None:
    """The most memory that the process held at once.

    Returns
    -------
    int or None
        Resident bytes, since :func:`reset_peak` on Linux and since its start elsewhere; None on Windows.
    """
    if _LINUX:
        try:
            lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    resource = _resource()
    if resource is None:
        return None
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else peak * 1024
