"""``coverage.gpkg``: every layer of a coverage, coloured when QGIS opens it."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from geoplan.errors import Fault, OutputError, Where, msg
from geoplan.keep import Keep, KeepNothing
from geoplan.report.records import notice_texts, units_table, walk_classes
from geoplan.report.staging import staged
from geoplan.report.styles import (
    WALK_COLOURS,
    categorised_fill,
    graduated_fill,
    plain_fill,
    plain_line,
    plain_point,
)
from geoplan.text import translate
from geoplan.text.labels import walk_class

if TYPE_CHECKING:
    from geoplan.coverage import Coverage

__all__ = ["write_coverage_gpkg", "write_layers"]

_STAMP = "2000-01-01T00:00:00.000Z"
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
    description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT '2000-01-01T00:00:00.000Z')
"""

_GROUND = ("green", "barriers", "streets", "gates", "facilities", "isochrones")
"""Layers that boundaries leave as they are, with the unserved clusters."""

_ARROW = importlib.util.find_spec("pyarrow") is not None
"""Tables go to the driver whole instead of row by row; the bytes are the same."""

Layers = dict[str, tuple[gpd.GeoDataFrame, str]]


def write_coverage_gpkg(
    coverage: Coverage, path: str | Path, *, language: str = "zh", keep: Keep | None = None
) -> Path:
    """Write a coverage's first case as a GeoPackage with styles for QGIS.

    Layers: every level with its shares, estates, buildings by walking class, unserved clusters of each circle,
    isochrones, facilities, gates, barriers, streets and green land; a table ``measures`` with every case and a table
    ``notices``.

    Parameters
    ----------
    coverage
        The coverage.
    path
        File to write; an old one is replaced when the new one is whole.
    language
        Language of legends and notices.
    keep
        Keeps what boundaries do not change.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written, or is open in another program.
    """
    path = Path(path)
    layers = _layers(coverage, language, keep or KeepNothing())
    ground = [name for name in layers if name in _GROUND or name.startswith("unserved_")]
    with staged(path.parent) as stage:
        write_layers(
            layers,
            stage / path.name,
            tables=lambda target: _write_tables(coverage, target, language),
            first=ground,
            keep=keep,
        )
    return path


def write_layers(
    layers: Layers,
    target: Path,
    *,
    tables: Callable[[Path], None] | None = None,
    first: Sequence[str] = (),
    keep: Keep | None = None,
) -> None:
    """Write layers with their styles into a new GeoPackage.

    Parameters
    ----------
    layers
        Table and QGIS style by the name of the layer.
    target
        The file.
    tables
        Writes what else belongs into the file, after the layers.
    first
        Layers that go into the file before the others and change seldom: that much of the file is kept.
    keep
        Keeps it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    def begin(path: Path) -> None:
        for name in first:
            _write_layer(layers[name][0], path, name)

    try:
        with _fixed_time():
            if first:
                (keep or KeepNothing()).file("gpkg", tuple(layers[name][0] for name in first), begin, target)
            for name in layers:
                if name not in first:
                    _write_layer(layers[name][0], target, name)
            if tables is not None:
                tables(target)
        _finish(target, {name: style for name, (_, style) in layers.items()})
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error, RuntimeError) as error:
        raise OutputError(
            Fault(
                code="output-failed",
                needed=msg("a GeoPackage that can be written"),
                given=msg("{reason}", reason=str(error)),
                mend=msg("make room on the disk, or name another folder with --out"),
                where=Where(file=target.name),
            )
        ) from error


@contextmanager
def _fixed_time() -> Iterator[None]:
    """Have the driver write one time stamp whenever it writes: an old one would stay in the file as waste.

    Nor need it wait for the disk: the file is a draft until it is renamed, and of no use half written.
    """
    wanted = {"OGR_CURRENT_DATE": _STAMP, "OGR_SQLITE_SYNCHRONOUS": "OFF", "OGR_SQLITE_JOURNAL": "MEMORY"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
    pyogrio.set_gdal_config_options(wanted)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _layers(coverage: Coverage, language: str, keep: Keep) -> Layers:
    """Layers with their styles; what lies on top in QGIS comes last."""
    town, case = coverage.town, coverage.case
    minutes = tuple(coverage.minutes)
    top = f"share_{max(minutes):g}"
    layers: Layers = {}
    if town.green is not None and len(town.green):
        layers["green"] = (town.green, plain_fill("#d3e5c7", outline="#c0d8ad", width=0.1))
    for level in reversed(town.levels):
        layers[level.name] = (_units(coverage, level.name, level.table), graduated_fill(top, label="name"))
    layers["isochrones"] = (_isochrones(coverage), _isochrone_style(minutes, language))
    if town.estates is not None and len(town.estates):
        layers["estates"] = (_units(coverage, "estates", town.estates), graduated_fill(top))
    layers["buildings"] = (_buildings(coverage), _building_style(minutes, language))
    for m in minutes:
        clusters = coverage.unserved_clusters(case, m, keep=keep)
        if len(clusters):
            layers[f"unserved_{m:g}"] = (clusters, plain_fill("#d7191c", outline="#7f0000", alpha=0.35))
    for name, table, style in (
        ("barriers", town.barriers, ""),
        ("streets", town.streets, plain_line("#9e9e9e", width=0.2)),
        ("gates", town.gates, plain_point("#6a3d9a", size=1.6, shape="square")),
        ("facilities", town.facilities, plain_point("#08306b", size=3.2, shape="star", label="name")),
    ):
        if table is not None and len(table):
            layers[name] = (table, style)
    return layers


def _units(coverage: Coverage, level: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    summary = units_table(coverage, coverage.case, level)
    summary = summary[summary["id"].notna()].set_index("id")
    extra = [column for column in table.columns if column not in summary.columns and column != "geometry"]
    joined = summary.reindex(table.index).join(table[extra])
    return gpd.GeoDataFrame(joined, geometry=table.geometry, crs=table.crs)


def _isochrones(coverage: Coverage) -> gpd.GeoDataFrame:
    """Circles as QGIS draws them one over the other, the widest first."""
    table = coverage.isochrones(coverage.case).iloc[::-1].reset_index(drop=True)
    return table.assign(minutes=[f"{m:g}" for m in table["minutes"]])


def _isochrone_style(minutes: tuple[float, ...], language: str) -> str:
    classes = [
        (f"{m:g}", translate(walk_class(f"{m:g}", ""), language), WALK_COLOURS[min(i, 2)])
        for i, m in enumerate(minutes)
    ]
    return categorised_fill("minutes", classes, alpha=0.25)


def _buildings(coverage: Coverage) -> gpd.GeoDataFrame:
    table = coverage.buildings(coverage.case)
    return table.assign(walk_class=walk_classes(table, tuple(coverage.minutes)))


def _building_style(minutes: tuple[float, ...], language: str) -> str:
    names = [*(f"{m:g}" for m in minutes), "beyond", "unreachable"]
    within = WALK_COLOURS[:3]
    colours = [within[min(i * 3 // len(minutes), 2)] for i in range(len(minutes))]
    colours += WALK_COLOURS[3:]
    labels = [translate(walk_class(name, f"{max(minutes):g}"), language) for name in names]
    classes = list(zip(names, labels, colours, strict=True))
    return categorised_fill("walk_class", classes)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Values that GeoPackage holds: no infinity, references as text, ids as a column."""
    plain = table.copy()
    if "id" not in plain.columns and table.index.name is not None:
        plain.insert(0, str(table.index.name), table.index.astype(str))
    plain = plain.reset_index(drop=True)
    for column in plain.columns:
        if column == "geometry":
            continue
        if pd.api.types.is_float_dtype(plain[column]):
            plain[column] = plain[column].replace([np.inf, -np.inf], np.nan)
        elif plain[column].dtype == object:
            plain[column] = [None if _is_missing(value) else str(value) for value in plain[column]]
    return plain


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value))


def _write_layer(table: gpd.GeoDataFrame, target: Path, name: str) -> None:
    plain = _plain(table)
    kinds = set(table.geom_type)
    multi = any(str(kind).startswith("Multi") for kind in kinds)
    pyogrio.write_dataframe(
        gpd.GeoDataFrame(plain, geometry="geometry", crs=table.crs),
        target,
        layer=name,
        driver="GPKG",
        promote_to_multi=multi,
        append=target.exists(),
        use_arrow=_ARROW,
    )


def _write_tables(coverage: Coverage, target: Path, language: str) -> None:
    rows = []
    for case in coverage.cases:
        names = {"mode": case.mode, "profile": str(getattr(case.profile, "id", case.profile)), "tier": case.tier}
        names["centre"] = case.centre
        for level in coverage.town.levels:
            units = units_table(coverage, case, level.name)
            for number, (key, value) in enumerate([*names.items(), ("level", level.name)]):
                units.insert(number, key, value)
            rows.append(units)
    if rows:
        pyogrio.write_dataframe(
            _plain(pd.concat(rows, ignore_index=True)), target, layer="measures", driver="GPKG", append=True
        )
    texts = [(text, True) for text in notice_texts(coverage, language, everywhere=True)]
    texts += [(text, False) for text in notice_texts(coverage, language, everywhere=False)]
    if texts:
        notices = pd.DataFrame(texts, columns=["notice", "everywhere"])
        pyogrio.write_dataframe(notices, target, layer="notices", driver="GPKG", append=True)


def _finish(target: Path, styles: dict[str, str]) -> None:
    """Add the table that QGIS takes default styles from, and put the layers into their order."""
    database = sqlite3.connect(os.fspath(target))
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = MEMORY")
        with database:
            database.execute(_STYLES)
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
                "VALUES (?, ?, ?, '', ?)",
                ("layer_styles", "attributes", "layer_styles", _STAMP),
            )
            for name, style in styles.items():
                if style:
                    database.execute(
                        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                        "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui) "
                        "VALUES ('', '', ?, 'geom', 'geoplan', ?, '', 1, '', '', NULL)",
                        (name, style),
                    )
            _order(database, list(styles))
    finally:
        database.close()


def _order(database: sqlite3.Connection, layers: list[str]) -> None:
    """List the layers in this order, then the tables: what lies on top in QGIS comes last."""
    rows = database.execute("SELECT * FROM gpkg_contents ORDER BY rowid").fetchall()
    place = {name: number for number, name in enumerate(layers)}
    rows.sort(key=lambda row: place.get(row[0], len(place)))
    database.execute("PRAGMA defer_foreign_keys = ON")
    database.execute("DELETE FROM gpkg_contents")
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(f"INSERT INTO gpkg_contents VALUES ({marks})", rows)  # noqa: S608 - question marks only
