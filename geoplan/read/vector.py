"""Vector files to tables with all their fields: layers, encodings, cut field names, what GDAL had to say."""

from __future__ import annotations

import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from geoplan.errors import Fault, InputError, Message, Where, msg
from geoplan.model import Notice
from geoplan.read.encoding import Decision, EncodingError, decide_dbf, decode_cut

__all__ = ["RawLayer", "list_layers", "open_vector"]

LEDGERS = frozenset({".xlsx", ".xlsm", ".csv", ".tsv", ".txt"})
# What OGR calls the geometry of a table without one is None.
_SIDECARS = (".shx", ".dbf")
_PARTS = (*_SIDECARS, ".prj", ".cpg")


@dataclass(frozen=True, slots=True)
class RawLayer:
    """A layer with all its fields, as text and numbers of the file.

    ``encoding`` is set for ``.dbf`` files only, whose field names are cut at ten bytes.
    """

    frame: gpd.GeoDataFrame
    where: Where
    notices: tuple[Notice, ...] = ()
    encoding: str = ""
    assumed_crs: bool = False


def list_layers(path: Path) -> list[tuple[str, str | None]]:
    """Layers of a vector file.

    Parameters
    ----------
    path
        Vector file, file geodatabase or zipped shapefile.

    Returns
    -------
    list of (str, str or None)
        Name and geometry type; None for a table without geometry.

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    """
    path = Path(path)
    check_there(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = pyogrio.list_layers(_gdal_path(path))
    except (DataSourceError, UnicodeDecodeError) as error:
        raise InputError(_unreadable(path, error)) from None
    return [(str(name), None if kind is None else str(kind)) for name, kind in layers]


def open_vector(path: Path, *, layer: str = "", encoding: str = "") -> RawLayer:
    """Read one layer with all its fields.

    Parameters
    ----------
    path
        Vector file, file geodatabase or zipped shapefile.
    layer
        Layer's name; may be left out where the file has only one with geometry.
    encoding
        Text encoding, only to override detection.

    Returns
    -------
    RawLayer
        Numbered 0, 1, ...; a layer without geometry has ``None`` geometries.

    Raises
    ------
    InputError
        If the file or layer is missing, cannot be read, or its encoding was declared wrongly.
    """
    path = Path(path)
    name = _choose_layer(path, layer)
    where = Where(path.name, layer)
    dbf = _find_dbf(path, name)
    decision = None if dbf is None else _decide(dbf, path, encoding)
    # ISO-8859-1 hands every byte through, so that names and texts cut inside a character survive GDAL
    options = {"encoding": "ISO-8859-1"} if decision else {"encoding": encoding} if encoding else {}
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame = pyogrio.read_dataframe(_gdal_path(path), layer=name, **options)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, LookupError, ValueError, RuntimeError) as error:
        raise InputError(_unreadable(path, error)) from None
    notices = _gdal_notices(caught, path)
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=[None] * len(frame))
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    if decision:
        frame = _decode(frame, decision.encoding)
        notices += _encoding_notices(decision, path)
    assumed = path.suffix.lower() in {".geojson", ".json", ".kml"} and bool(frame.crs) and frame.crs.to_epsg() == 4326
    return RawLayer(frame, where, tuple(notices), decision.encoding if decision else "", assumed)


def check_there(path: Path) -> None:
    if not path.exists():
        raise InputError(
            Fault(
                "missing-file",
                msg("the file {file}", file=path.name),
                msg("there is none in {folder}", folder=str(path.parent)),
                msg("check the name and its spelling, or copy the file there"),
                Where(path.name),
            )
        )
    if path.suffix.lower() == ".shp":
        missing = [s for s in _SIDECARS if _sidecar(path, s) is None]
        if missing:
            raise InputError(
                Fault(
                    "missing-file",
                    msg("a shapefile with its {suffixes}", suffixes=", ".join(missing)),
                    msg("the .shp alone"),
                    msg("copy all files of the same name (.shp, .shx, .dbf, .prj, .cpg) into the folder"),
                    Where(path.name),
                )
            )

    parts = [path, *(p for s in _PARTS if path.suffix.lower() == ".shp" and (p := _sidecar(path, s)))]
    faults = [fault for part in parts if part.is_file() and (fault := _forbidden(part))]
    if faults:
        raise InputError(faults)


def _forbidden(path: Path) -> Fault | None:
    """The fault of a file that the system does not let us read."""
    try:
        with path.open("rb"):
            return None
    except OSError as error:
        return Fault(
            "unreadable-file",
            msg("a file that can be read"),
            msg("{reason}", reason=error.strerror or str(error)),
            msg("close it in other programs, and check that you have the right to read it"),
            Where(path.name),
        )


def _sidecar(path: Path, suffix: str) -> Path | None:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.exists():
            return candidate
    return None


def _gdal_path(path: Path) -> str:
    """The path for GDAL; shapefiles in a folder of a zip archive are named with that folder."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return str(path)
    with zipfile.ZipFile(path) as archive:
        folders = {n.rpartition("/")[0] for n in archive.namelist() if n.lower().endswith(".shp")}
    if len(folders) == 1 and "" not in folders:
        return f"/vsizip/{path}/{folders.pop()}"
    return f"/vsizip/{path}"


def _choose_layer(path: Path, layer: str) -> str:
    layers = list_layers(path)
    names = [name for name, _ in layers]
    if layer in names:
        return layer
    shown = ", ".join(names[:20])
    if layer:
        raise InputError(
            Fault(
                "missing-layer",
                msg("the layer '{layer}'", layer=layer),
                msg("the file has: {names}", names=shown or "-"),
                msg("name one of these layers"),
                Where(path.name, layer),
            )
        )
    candidates = [name for name, kind in layers if kind is not None] or names
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise InputError(
            Fault(
                "empty-layer",
                msg("a file with a layer"),
                msg("none"),
                msg("export the data again and check that the file opens in QGIS"),
                Where(path.name),
            )
        )
    raise InputError(
        Fault(
            "layer-not-named",
            msg("the name of one layer"),
            msg("the file has: {names}", names=shown),
            msg('add layer = "..." with one of these names'),
            Where(path.name),
        )
    )


def _find_dbf(path: Path, layer: str) -> tuple[bytes, str | None] | None:
    """Bytes of the ``.dbf`` and the text of the ``.cpg`` beside it, None where the file has no ``.dbf``."""
    if path.suffix.lower() in {".shp", ".dbf"}:
        dbf, cpg = _sidecar(path, ".dbf"), _sidecar(path, ".cpg")
        return None if dbf is None else (dbf.read_bytes(), cpg.read_text("latin-1") if cpg else None)
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        found: dict[str, bytes] = {}
        shapes = [n for n in archive.namelist() if n.lower().endswith(".shp")]
        for name in archive.namelist():
            stem, _, suffix = name.rpartition("/")[2].rpartition(".")
            if suffix.lower() in {"dbf", "cpg"} and (stem == layer or len(shapes) == 1):
                found[suffix.lower()] = archive.read(name)
    if "dbf" not in found:
        return None
    return found["dbf"], found["cpg"].decode("latin-1") if "cpg" in found else None


def _decide(dbf: tuple[bytes, str | None], path: Path, declared: str) -> Decision:
    try:
        return decide_dbf(dbf[0], cpg=dbf[1], declared=declared)
    except EncodingError as error:
        raise InputError(encoding_fault(error, path.name)) from None


def encoding_fault(error: EncodingError, file: str) -> Fault:
    """The fault of text that is not in the encoding that was declared or guessed.

    Parameters
    ----------
    error
        What the decision raised.
    file
        Name of the file.

    Returns
    -------
    Fault
    """
    mends: dict[str, Message] = {
        "cpg": msg('delete or correct the .cpg file, or add encoding = "GB18030" to the layer'),
        "declared": msg("leave encoding out, so that it is detected, or name the right one (GB18030, UTF-8)"),
        "guessed": msg('save the file again as UTF-8, or add encoding = "..." with the right one'),
    }
    return Fault(
        "wrong-encoding",
        msg("text in the encoding {encoding}", encoding=error.declared),
        msg("bytes that are not: {raw}", raw=error.raw[:12].hex(" ")) if error.raw else msg("an unknown encoding"),
        mends[error.by],
        Where(file),
    )


def _encoding_notices(decision: Decision, path: Path) -> list[Notice]:
    if decision.ascii or decision.by in {"declared", "cpg"}:
        return []
    reasons: dict[str, Message] = {
        "ldid": msg("the .dbf says so"),
        "utf-8": msg("no .cpg, and all texts are valid UTF-8"),
        "gb18030": msg("no .cpg, and the texts are not UTF-8"),
        "western": msg("the .dbf says so"),
    }
    return [
        Notice(
            "encoding-detected",
            msg(
                "{file}: texts read as {encoding} ({reason})",
                file=path.name,
                encoding=decision.encoding.upper(),
                reason=reasons[decision.by],
            ),
        )
    ]


def _decode(frame: gpd.GeoDataFrame, encoding: str) -> gpd.GeoDataFrame:
    def text(value: object) -> object:
        if not isinstance(value, str) or value.isascii():
            return value
        return decode_cut(value.encode("latin-1"), encoding).rstrip()

    frame = frame.rename(columns={name: text(name) for name in frame.columns})
    for name in frame.columns[frame.columns != "geometry"]:
        if not (pd.api.types.is_string_dtype(frame[name]) or frame[name].dtype == object):
            continue
        values = frame[name].astype(object)
        frame[name] = values.map({value: text(value) for value in values.unique()})
    return frame


def _gdal_notices(caught: list[warnings.WarningMessage], path: Path) -> list[Notice]:
    texts = sorted({str(w.message) for w in caught if not issubclass(w.category, ResourceWarning | DeprecationWarning)})
    return [Notice("gdal", msg("{file}: GDAL says: {text}", file=path.name, text=text)) for text in texts]


def _unreadable(path: Path, error: Exception) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        return encoding_fault(EncodingError("UTF-8", "guessed", error.object[error.start :]), path.name)
    reason = str(error).split(";")[0].replace(str(path), path.name)
    return Fault(
        "unreadable-file",
        msg("a vector file that can be read (Shapefile, GeoPackage, GeoJSON, KML, DXF, file geodatabase)"),
        msg("{reason}", reason=reason),
        msg("open it in QGIS and export it again; the file may be damaged or cut short"),
        Where(path.name),
    )
