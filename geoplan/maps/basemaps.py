"""Basemaps from the internet: none by default, each with its datum; the display is shifted to it, never the data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.maps.packed import clean_text
from geoplan.read.datums import in_mainland_china
from geoplan.text import translate

__all__ = ["BASEMAPS", "Basemap", "basemap_content", "basemap_hosts"]

TIANDITU_KEY = "TIANDITU_KEY"
"""Environment variable that holds the key of tianditu.gov.cn."""

_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)


@dataclass(frozen=True, slots=True)
class Basemap:
    """A provider of map tiles.

    Attributes
    ----------
    name
        What it is called.
    datum
        Datum of its tiles: ``"cgcs2000"``, ``"wgs84"`` or ``"gcj02"``.
    tiles
        Addresses, the lowest first, with ``{x}``, ``{y}``, ``{z}``, ``{s}`` and ``{key}``.
    subdomains
        What stands for ``{s}``.
    attribution
        What must stand on the map.
    host
        The only place that the page may ask, as in a Content-Security-Policy.
    key_from
        Environment variable of the key; ``""`` if there is none.
    max_zoom
        Closest zoom that it has.
    """

    name: Message
    datum: str
    tiles: tuple[str, ...]
    attribution: Message
    host: str
    subdomains: str = ""
    key_from: str = ""
    max_zoom: int = 18


BASEMAPS: dict[str, Basemap] = {
    "tianditu": Basemap(
        name=msg("Tianditu"),
        datum="cgcs2000",
        tiles=(_TIANDITU.format(layer="vec"), _TIANDITU.format(layer="cva")),
        attribution=msg("Basemap: Tianditu"),
        host="https://*.tianditu.gov.cn",
        subdomains="01234567",
        key_from=TIANDITU_KEY,
    ),
    "osm": Basemap(
        name=msg("OpenStreetMap"),
        datum="wgs84",
        tiles=("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
        attribution=msg("Basemap: © OpenStreetMap contributors"),
        host="https://tile.openstreetmap.org",
        max_zoom=19,
    ),
    "amap": Basemap(
        name=msg("Amap"),
        datum="gcj02",
        tiles=("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
        attribution=msg("Basemap: Amap"),
        host="https://*.is.autonavi.com",
        subdomains="1234",
    ),
}
"""The basemaps that there are, by id."""


def basemap_hosts(basemap: str | None) -> tuple[str, ...]:
    """What a page with a basemap may ask.

    Parameters
    ----------
    basemap
        An id, or None.

    Returns
    -------
    tuple of str
    """
    return () if basemap is None else (BASEMAPS[basemap].host,)


def basemap_content(basemap: str | None, *, datum: str, bounds: list[list[float]], language: str) -> dict[str, Any]:
    """What a page's script needs to show a basemap.

    Parameters
    ----------
    basemap
        An id of :data:`BASEMAPS`, or None for none.
    datum
        Datum of the data; ``"unknown"`` counts as WGS 84, and the page's notices say that it is unknown.
    bounds
        South-west and north-east corner of what is shown, latitude first.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict
        Nothing without a basemap; else ``basemap``, whose ``shift`` says whether the display is moved to GCJ-02.

    Raises
    ------
    InputError
        If there is no such basemap, its key is missing, or the data would have to be turned back from a shifted datum.
    """
    if basemap is None:
        return {}
    provider = BASEMAPS.get(basemap)
    if provider is None:
        raise InputError(
            _fault(
                "unknown-basemap", msg("one of {choices}", choices=", ".join(BASEMAPS)), basemap, msg("or no basemap")
            )
        )
    key = os.environ.get(provider.key_from, "") if provider.key_from else ""
    if provider.key_from and not key:
        needed = msg("a key in the environment variable {name}", name=provider.key_from)
        raise InputError(_fault("no-key", needed, basemap, msg("set it, or use another basemap")))
    if datum in ("gcj02", "bd09") and datum != provider.datum:
        needed = msg("data in the basemap's datum, {datum}", datum=provider.datum)
        raise InputError(_fault("datum", needed, datum, msg("use another basemap, or declare the data's datum")))
    (south, west), (north, east) = bounds
    inside = bool(in_mainland_china((west + east) / 2, (south + north) / 2))
    name = translate(provider.name, language)
    return {
        "basemap": {
            "id": basemap,
            "name": clean_text(name),
            "tiles": [address.replace("{key}", key) for address in provider.tiles],
            "subdomains": provider.subdomains,
            "max_zoom": provider.max_zoom,
            "attribution": translate(provider.attribution, language),
            "shift": provider.datum == "gcj02" and datum != "gcj02" and inside,
        }
    }


def _fault(code: str, needed: Message, given: str, mend: Message) -> Fault:
    return Fault(code=code, needed=needed, given=msg("{given}", given=given), mend=mend)
