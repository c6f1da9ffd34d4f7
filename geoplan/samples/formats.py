"""Files as planners send them, with fixed time stamps: GeoPackage, GBK shapefile, GeoJSON, ledgers in Excel and CSV."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import shapely
from openpyxl.styles import Alignment, Font

__all__ = ["STAMP", "write_csv", "write_gbk_shapefile", "write_geojson", "write_gpkg", "write_ledger"]

STAMP = datetime.datetime(2026, 1, 1)
"""The time that every sample file claims to be from."""

_COMPANIONS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@contextmanager
def _fixed_time() -> Iterator[None]:
    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: f"{STAMP:%Y-%m-%dT%H:%M:%S.000Z}"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def write_gpkg(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write layers into one GeoPackage.

    Parameters
    ----------
    path
        The file; an older one is replaced.
    layers
        Tables by the names of their layers.
    """
    path.unlink(missing_ok=True)
    with _fixed_time():
        for name, frame in layers.items():
            pyogrio.write_dataframe(
                frame, path, layer=name, driver="GPKG", append=path.exists(), dataset_options={"VERSION": "1.3"}
            )


def write_gbk_shapefile(path: Path, frame: gpd.GeoDataFrame, widths: Mapping[str, tuple[int, int]]) -> None:
    """Write a shapefile as old desktop programs do: GBK texts, no .cpg, and a language byte that says nothing.

    Parameters
    ----------
    path
        The ``.shp`` file; its companions lie beside it.
    frame
        Rows with their geometries.
    widths
        Width in bytes and number of decimals of each field, ``-1`` for text.
    """
    for suffix in _COMPANIONS:
        path.with_suffix(suffix).unlink(missing_ok=True)
    pyogrio.write_dataframe(frame[["geometry"]], path, driver="ESRI Shapefile")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    path.with_suffix(".dbf").write_bytes(_dbf(frame.drop(columns="geometry"), widths))


def _dbf(table: pd.DataFrame, widths: Mapping[str, tuple[int, int]]) -> bytes:
    """A dBase III table; field names are cut at ten bytes, missing values are blanks."""
    fields, columns = [], []
    for name, (width, decimals) in widths.items():
        kind = b"C" if decimals < 0 else b"N"
        fields.append(
            name.encode("gbk")[:10].ljust(11, b"\0") + kind + bytes(4) + bytes((width, max(0, decimals))) + bytes(14)
        )
        columns.append([_dbf_cell(value, width, decimals) for value in table[name].tolist()])
    stamp = bytes((STAMP.year - 1900, STAMP.month, STAMP.day))
    row = 1 + sum(width for width, _ in widths.values())
    sizes = struct.pack("<IHH", len(table), 33 + 32 * len(fields), row)
    body = b"".join(b" " + b"".join(cells) for cells in zip(*columns, strict=True))
    return b"\x03" + stamp + sizes + bytes(20) + b"".join(fields) + b"\r" + body + b"\x1a"


def _dbf_cell(value: object, width: int, decimals: int) -> bytes:
    if value is None or value is pd.NA or value != value:
        return b" " * width
    if decimals < 0:
        return str(value).encode("gbk").ljust(width)[:width]
    return f"{value:{width}.{decimals}f}".encode()


def write_geojson(path: Path, frame: gpd.GeoDataFrame, *, epsg: int = 4490) -> None:
    """Write longitude and latitude to 0.1 m or better, one feature a line.

    Parameters
    ----------
    path
        The file.
    frame
        Rows in any CRS that is known.
    epsg
        Geographic CRS to write in, CGCS2000 by default.
    """
    degrees = frame.to_crs(epsg)
    features = []
    for row, shape in zip(degrees.drop(columns="geometry").to_dict("records"), degrees.geometry, strict=True):
        rounded = shapely.transform(shape, lambda xy: np.round(xy, 7))
        feature = {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(rounded)}
        features.append(json.dumps(feature, ensure_ascii=False))
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    head = f'{{"type": "FeatureCollection", "crs": {json.dumps(crs)}, "features": [\n'
    path.write_bytes((head + ",\n".join(features) + "\n]}\n").encode())


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *, encoding: str) -> None:
    """Write a CSV ledger.

    Parameters
    ----------
    path
        The file.
    header
        Names of the columns.
    rows
        Cells of each row.
    encoding
        Of the text, such as ``"gb18030"``.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_ledger(
    path: Path,
    sheet: str,
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    total: Sequence[object],
) -> None:
    """Write an Excel ledger as offices keep it: a merged title, a line of units, the header, the rows, a total.

    Parameters
    ----------
    path
        The ``.xlsx`` file.
    sheet
        Name of the sheet.
    title
        Title above the table.
    header
        Names of the columns.
    rows
        Cells of each row.
    total
        Cells of the row of totals.
    """
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append([title])
    page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(header))
    page["A1"].font = Font(bold=True, size=14)
    page["A1"].alignment = Alignment(horizontal="center")
    page.append(["填报单位：合成示例", *[None] * (len(header) - 2), "单位：户、人"])
    page.append(list(header))
    for row in rows:
        page.append(list(row))
    page.append(list(total))
    for column in range(1, len(header) + 1):
        page.cell(row=3, column=column).font = Font(bold=True)
        page.column_dimensions[page.cell(row=3, column=column).column_letter].width = 16
    book.properties.creator = "geoplan"
    book.properties.created = STAMP
    plain = io.BytesIO()
    book.save(plain)
    path.write_bytes(_fixed_zip(plain))


def _fixed_zip(workbook: io.BytesIO) -> bytes:
    """The same workbook with every time stamp set to :data:`STAMP`."""
    out = io.BytesIO()
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", f"{STAMP:%Y-%m-%dT%H:%M:%SZ}".encode(), data)
            info = zipfile.ZipInfo(name, date_time=STAMP.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, data)
    return out.getvalue()
