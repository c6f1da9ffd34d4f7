"""QGIS styles (QML) so that a GeoPackage opens coloured."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

__all__ = ["WALK_COLOURS", "categorised_fill", "graduated_fill", "plain_fill", "plain_line", "plain_point"]

WALK_COLOURS = ("#1a9641", "#a6d96a", "#fdae61", "#d7191c", "#7f7f7f")
"""From the nearest class to the furthest, then without a way."""

_SHARE_COLOURS = ("#d7191c", "#fdae61", "#ffffbf", "#a6d96a", "#1a9641")


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def _options(values: dict[str, str]) -> str:
    lines = "".join(f'<Option name={quoteattr(k)} type="QString" value={quoteattr(v)}/>' for k, v in values.items())
    return f'<Option type="Map">{lines}</Option>'


def _symbol(name: str, kind: str, layer: str, values: dict[str, str], alpha: float = 1.0) -> str:
    return (
        f'<symbol name={quoteattr(name)} type="{kind}" alpha="{alpha:g}" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0">{_options(values)}</layer></symbol>'
    )


def _fill(name: str, colour: str, *, outline: str = "#555555", width: float = 0.1, alpha: float = 1.0) -> str:
    values = {
        "color": _rgba(colour),
        "style": "solid",
        "outline_color": _rgba(outline),
        "outline_style": "solid",
        "outline_width": f"{width:g}",
        "outline_width_unit": "MM",
    }
    return _symbol(name, "fill", "SimpleFill", values, alpha)


def _document(renderer: str, label: str = "") -> str:
    labels = ""
    if label:
        labels = (
            '<labeling type="simple"><settings calloutType="simple">'
            f'<text-style fieldName={quoteattr(label)} fontSize="9" textColor="40,40,40,255" isExpression="0">'
            '<text-buffer bufferDraw="1" bufferSize="0.8" bufferColor="255,255,255,220" bufferSizeUnits="MM"/>'
            "</text-style></settings></labeling>"
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.28" styleCategories="Symbology|Labeling" labelsEnabled="{int(bool(label))}">'
        f"{renderer}{labels}</qgis>"
    )


def categorised_fill(field: str, classes: Sequence[tuple[str, str, str]], *, alpha: float = 1.0) -> str:
    """Polygons coloured by the value of a text field.

    Parameters
    ----------
    field
        Name of the field.
    classes
        Value, label and ``#rrggbb`` colour of each class, in the order of the legend.
    alpha
        Opacity, 0 to 1.

    Returns
    -------
    str
        QML.
    """
    categories = "".join(
        f'<category render="true" symbol="{i}" value={quoteattr(value)} label={quoteattr(label)} type="string"/>'
        for i, (value, label, _) in enumerate(classes)
    )
    symbols = "".join(
        _fill(str(i), colour, outline=colour, width=0.05, alpha=alpha) for i, (_, _, colour) in enumerate(classes)
    )
    return _document(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(field)} forceraster="0" symbollevels="0" '
        f'enableorderby="0"><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>'
    )


def graduated_fill(field: str, *, label: str = "") -> str:
    """Polygons coloured by a share from 0 to 1, in fifths.

    Parameters
    ----------
    field
        Name of the field.
    label
        Field that is written on the map; ``""`` for none.

    Returns
    -------
    str
        QML.
    """
    count = len(_SHARE_COLOURS)
    ranges = "".join(
        f'<range render="true" symbol="{i}" lower="{i / count:g}" upper="{(i + 1) / count:g}" '
        f'label="{100 * i // count} - {100 * (i + 1) // count} %"/>'
        for i in range(count)
    )
    symbols = "".join(
        _fill(str(i), colour, outline="#333333", width=0.4, alpha=0.6) for i, colour in enumerate(_SHARE_COLOURS)
    )
    return _document(
        f'<renderer-v2 type="graduatedSymbol" attr={quoteattr(field)} graduatedMethod="GraduatedColor" '
        f'forceraster="0" symbollevels="0" enableorderby="0"><ranges>{ranges}</ranges>'
        f"<symbols>{symbols}</symbols></renderer-v2>",
        label,
    )


def plain_fill(colour: str, *, outline: str, width: float = 0.3, alpha: float = 1.0, label: str = "") -> str:
    """Polygons in one colour.

    Parameters
    ----------
    colour, outline
        ``#rrggbb``.
    width
        Width of the outline in millimetres.
    alpha
        Opacity, 0 to 1.
    label
        Field that is written on the map.

    Returns
    -------
    str
        QML.
    """
    return _single(_fill("0", colour, outline=outline, width=width, alpha=alpha), label)


def plain_line(colour: str, *, width: float = 0.3) -> str:
    """Lines in one colour.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    width
        Width in millimetres.

    Returns
    -------
    str
        QML.
    """
    values = {"line_color": _rgba(colour), "line_style": "solid", "line_width": f"{width:g}", "line_width_unit": "MM"}
    return _single(_symbol("0", "line", "SimpleLine", values), "")


def plain_point(colour: str, *, size: float = 3.0, shape: str = "circle", label: str = "") -> str:
    """Points in one colour.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    size
        Size in millimetres.
    shape
        QGIS name of the marker.
    label
        Field that is written on the map.

    Returns
    -------
    str
        QML.
    """
    values = {
        "color": _rgba(colour),
        "name": shape,
        "size": f"{size:g}",
        "size_unit": "MM",
        "outline_color": "255,255,255,255",
        "outline_style": "solid",
        "outline_width": "0.3",
        "outline_width_unit": "MM",
    }
    return _single(_symbol("0", "marker", "SimpleMarker", values), label)


def _single(symbol: str, label: str) -> str:
    return _document(
        f'<renderer-v2 type="singleSymbol" forceraster="0" symbollevels="0" enableorderby="0">'
        f"<symbols>{symbol}</symbols></renderer-v2>",
        label,
    )
