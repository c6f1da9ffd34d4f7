"""A folium layer for any GeoDataFrame: geometry once, packed and compressed; attributes as columns; one canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
from branca.element import Figure
from folium.map import Layer

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.maps.packed import DEGREE, clean_text, pack_floats, pack_geometry, pack_words
from geoplan.maps.page import Raw, add_data, add_scripts
from geoplan.maps.style import Bands, Classes, LayerStyle
from geoplan.text import translate

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["PackedLayer"]


class PackedLayer(Layer):
    """A layer of many features on any folium map, beside folium's own layers and controls.

    Points, lines, polygons and their multi forms, holes included, are written as steps of a micro-degree (0.1 m) and
    drawn on one canvas; names and values are data and are never read as markup. The table is not changed.

    Parameters
    ----------
    gdf
        Any GeoDataFrame with a CRS; rows are drawn in their order, the last on top.
    name
        What the layer is called in the legend and in ``folium.LayerControl``.
    columns
        Columns that a click shows; all but the geometry if None.
    style
        Colours, by class or band, and sizes; a colour (``"#rrggbb"``) is a style of one colour.
    tooltip
        Columns shown under the pointer; none by default.
    language
        ``"zh"`` or ``"en"``.

    Raises
    ------
    InputError
        If the table has no CRS, a column is missing, bands are asked of what is no number, or the style cannot be.

    Examples
    --------
    >>> import geopandas, shapely
    >>> table = geopandas.GeoDataFrame({"floors": [6]}, geometry=[shapely.box(117, 34, 117.1, 34.1)], crs=4326)
    >>> layer = PackedLayer(table, name="Buildings", style=LayerStyle(fill=Bands("floors", breaks=[3])))
    >>> layer.get_bounds()
    [[34.0, 117.0], [34.1, 117.1]]
    """

    geoplan_offline = True

    def __init__(
        self,
        gdf: GeoDataFrame,
        *,
        name: str = "",
        columns: Sequence[str] | None = None,
        style: LayerStyle | str | None = None,
        tooltip: Sequence[str] = (),
        language: str = "zh",
    ) -> None:
        style = LayerStyle(fill=style) if isinstance(style, str) else style or LayerStyle()
        shown = [c for c in gdf.columns if c != gdf.active_geometry_name] if columns is None else list(columns)
        _check(gdf, style, [*shown, *tooltip])
        super().__init__(name=_as_markup(clean_text(name)), overlay=True, control=True)
        self._name = "PackedLayer"
        self.data = _content(gdf, clean_text(name), shown, style, list(tooltip), language)

    def get_bounds(self) -> list[list[float | None]]:
        """South-west and north-east corner, latitude first; ``map.fit_bounds`` takes it.

        Returns
        -------
        list of list of float
            Degrees (WGS84); a point at 0, 0 if there are no features.
        """
        return [list(corner) for corner in self.data["bounds"]]

    def _get_self_bounds(self) -> list[list[float | None]]:
        return self.get_bounds()

    def render(self, **kwargs: Any) -> str:
        """Put the layer's data and scripts into the figure.

        Parameters
        ----------
        **kwargs
            Passed on to folium.

        Returns
        -------
        str
            Nothing.
        """
        figure = self.get_root()
        if not isinstance(figure, Figure):
            raise TypeError("a packed layer is drawn on a folium map")
        name = self.get_name()
        add_scripts(figure, "packedlayer")
        add_data(figure, f"{name}_data", self.data)
        start = f'var {name} = geoplan.packedLayer(document.getElementById("{name}_data"));\n'
        figure.script.add_child(Raw(start), name=name)
        children = self._children.copy()
        try:
            super().render(**kwargs)  # type: ignore[no-untyped-call]
        finally:
            # folium adds the call that shows the layer anew at every rendering
            self._children = children
        return ""


def _as_markup(name: str) -> str:
    """A name that folium reads as a template and Leaflet's control as markup, and that both show as written."""
    return escape(name).replace("{", "&#123;").replace("}", "&#125;")


def _content(
    gdf: GeoDataFrame, name: str, shown: list[str], style: LayerStyle, tooltip: list[str], language: str
) -> dict[str, Any]:
    degrees = gdf.geometry.to_crs(4326)
    west, south, east, north = (float(side) for side in degrees.total_bounds)
    if not math.isfinite(west):
        west = south = east = north = 0.0
    origin = (round(west * DEGREE), round(south * DEGREE))
    used = list(dict.fromkeys([*shown, *tooltip, *_style_columns(style)]))
    place = {column: number for number, column in enumerate(used)}
    return {
        "name": name,
        "language": {"zh": "zh-CN"}.get(language, language),
        "origin": list(origin),
        "bounds": [[south, west], [north, east]],
        "geometry": pack_geometry(degrees.array, origin=origin),
        "columns": [_column(gdf[column], column) for column in used],
        "shown": [place[column] for column in shown],
        "tooltip": [place[column] for column in tooltip],
        "style": _style(style, place),
        "strings": {
            "none": translate(msg("no value"), language),
            "other": translate(msg("other values"), language),
            "rows": translate(msg("{count} features", count="{count}"), language),
        },
    }


def _style(style: LayerStyle, place: dict[str, int]) -> dict[str, Any]:
    fill: dict[str, Any] | None = None
    if isinstance(style.fill, str):
        fill = {"kind": "plain", "colour": style.fill}
    elif isinstance(style.fill, Classes):
        colours = style.fill.colours
        pairs = None if colours is None else [[clean_text(value), ink] for value, ink in colours.items()]
        fill = {"kind": "classes", "column": place[style.fill.column], "colours": pairs}
    elif isinstance(style.fill, Bands):
        bands = style.fill
        fill = {
            "kind": "bands",
            "column": place[bands.column],
            "breaks": None if bands.breaks is None else [float(end) for end in bands.breaks],
            "count": bands.count,
            "palette": None if bands.colours is None else list(bands.colours),
        }
    return {
        "fill": fill,
        "line": style.line,
        "width": style.line_width_px,
        "radius": style.radius_px,
        "opacity": style.opacity,
        "hatched": style.hatched,
        "label": None if style.label is None else place[style.label],
        "legend": style.legend,
    }


def _style_columns(style: LayerStyle) -> list[str]:
    by = [style.fill.column] if isinstance(style.fill, Classes | Bands) else []
    return by + ([] if style.label is None else [style.label])


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _column(column: pd.Series, name: str) -> dict[str, Any]:
    if _is_number(column):
        return {"name": clean_text(name), "numbers": pack_floats(column.astype("float64"))}
    texts = column.astype(object).where(column.notna(), None)
    return {"name": clean_text(name), "words": pack_words(texts)}


def _check(gdf: GeoDataFrame, style: LayerStyle, wanted: list[str]) -> None:
    faults = style.faults()
    if gdf.active_geometry_name is None or gdf.crs is None:
        faults.append(
            Fault(
                code="no-crs",
                needed=msg("a table with a geometry column and a CRS"),
                given=msg("a table without"),
                mend=msg("set it with gdf.set_crs(...)"),
            )
        )
    names = [str(column) for column in gdf.columns]
    missing = sorted({str(column) for column in [*wanted, *_style_columns(style)] if column not in gdf.columns})
    if missing:
        faults.append(
            Fault(
                code="missing-column",
                needed=msg("columns of the table: {names}", names=", ".join(names)),
                given=msg("{given}", given=", ".join(missing)),
                mend=msg("name columns that the table has"),
            )
        )
    if isinstance(style.fill, Bands) and not missing and not _is_number(gdf[style.fill.column]):
        faults.append(
            Fault(
                code="not-a-number",
                needed=msg("a column of numbers for bands"),
                given=msg("{given}", given=str(gdf[style.fill.column].dtype)),
                mend=msg("use Classes for texts, or turn the column into numbers"),
                where=Where(column=style.fill.column),
            )
        )
    if faults:
        raise InputError(faults)
