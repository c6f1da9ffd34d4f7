"""Which code a result was computed by: the sources of the rooms, and the libraries beneath them."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

__all__ = ["code_version", "library_versions"]

_PACKAGE = Path(__file__).parents[1]
_LIBRARIES = (
    *("branca", "contourpy", "folium", "geopandas", "highspy", "jinja2", "libpysal", "networkx", "numba", "numpy"),
    *("openpyxl", "osmium", "pandas", "pydantic", "pyogrio", "pyproj", "scipy", "shapely", "xstatic-leaflet"),
)


@cache
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on.

    Returns
    -------
    dict
        Name to version, sorted by name; a library that is not installed is left out.
    """
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _room(name: str) -> str:
    """Digest of the sources of one room: a package or a module."""
    folder = _PACKAGE / name
    files = sorted(folder.rglob("*")) if folder.is_dir() else [_PACKAGE / f"{name}.py"]
    total = hashlib.sha256()
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            total.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def code_version(rooms: Iterable[str]) -> str:
    """Digest of the code of some rooms and of the libraries.

    Parameters
    ----------
    rooms
        Names of packages and modules of geoplan.

    Returns
    -------
    str
        Changes whenever a source file of them does, so that results of older code are never taken for new ones.

    Examples
    --------
    >>> code_version(["reach"]) == code_version(["coverage"])
    False
    """
    parts = [f"{name} {_room(name)}" for name in sorted(set(rooms))]
    parts += [f"{name} {version}" for name, version in library_versions().items()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
