"""Small files drawn by hand for the tests of reading: a town of 400 m by 300 m in Lanling, EPSG:4548."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
from shapely import LineString, Point, Polygon, box
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geoplan.read import LayerSource

CRS = "EPSG:4548"
X0, Y0 = 590_000.0, 3_857_000.0


def square(x: float, y: float, size: float = 20.0) -> Polygon:
    """A square with its lower left corner at a place of the town's own grid."""
    return box(X0 + x, Y0 + y, X0 + x + size, Y0 + y + size)


def point(x: float, y: float) -> Point:
    return Point(X0 + x, Y0 + y)


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in places])


def frame(
    shapes: Sequence[BaseGeometry | None], crs: str | None = CRS, **columns: Sequence[object]
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(dict(columns), geometry=list(shapes), crs=crs)


def write(path: Path, table: gpd.GeoDataFrame, **options: Any) -> Path:
    """Write a layer; what GDAL remarks on names and missing CRS is wanted here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(table, path, **options)
    return path


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], merge: Sequence[str] = ()) -> Path:
    """Write a workbook; ``merge`` lists ranges of the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    for area in merge:
        book.worksheets[0].merge_cells(area)
    book.save(path)
    book.close()
    return path


def buildings(**columns: Sequence[object]) -> gpd.GeoDataFrame:
    """Three buildings: b1 and b2 in estate e1 (0..200, 0..200), b3 outside it."""
    given = {"BSM": ["b1", "b2", "b3"], "ZHS": [10, 20, 30], "RKS": [26, 52, 78], "CS": [6, 6, 3], **columns}
    return frame([square(20, 20), square(120, 20), square(320, 20)], **given)


def town_files(
    folder: Path, change: Callable[[dict[str, gpd.GeoDataFrame]], None] | None = None
) -> dict[str, LayerSource]:
    """Write the town's layers as FlatGeobuf and give their sources; ``change`` spoils the tables first."""
    tables = {
        "buildings": buildings(),
        "facilities": frame([point(390, 150)], BSM=["f1"], SSSQ=["u1"]),
        "streets": frame([line((-10, 150), (410, 150)), line((210, -10), (210, 310))], BSM=["s1", "s2"]),
        "estates": frame([square(0, 0, 200)], XQBH=["e1"]),
        "gates": frame([point(200, 150)], BSM=["g1"], XQBH=["e1"]),
        "entrances": frame([point(30, 40)], BSM=["d1"], LDBH=["b1"]),
        "units": frame([box(X0 - 50, Y0 - 50, X0 + 450, Y0 + 350)], SQDM=["u1"], SSJD=["j1"]),
    }
    if change is not None:
        change(tables)
    columns: dict[str, dict[str, str]] = {
        "buildings": {"households": "ZHS", "people_resident": "RKS", "floors": "CS"},
        "facilities": {"serves": "SSSQ"},
        "gates": {"estate": "XQBH"},
        "entrances": {"building": "LDBH"},
    }
    ids = {"estates": "XQBH", "units": "SQDM"}
    return {
        role: LayerSource(
            write(folder / f"{role}.fgb", table, SPATIAL_INDEX="NO"),
            role,  # type: ignore[arg-type]
            id=ids.get(role, "BSM"),
            columns=columns.get(role, {}),
            datum="cgcs2000",
            level="communities" if role == "units" else "",
        )
        for role, table in tables.items()
    }


def move(table: gpd.GeoDataFrame, row: int, east_m: float) -> None:
    """Move one row east, in place."""
    shapes = list(table.geometry)
    shapes[row] = translate(shapes[row], east_m, 0)
    table["geometry"] = shapes
