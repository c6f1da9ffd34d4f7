"""Street lines of any source as one table of noded edges."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Notice
from geoplan.read.street_columns import LEVEL_TAGS, levels_of, numbers_of, street_table, text_of
from geoplan.read.street_directions import orient_lines
from geoplan.read.street_noding import NodedLines, component_numbers, node_lines, rejoin_edges, repeated_edges

__all__ = ["build_streets", "connection_notices", "drop_repeated", "read_street_lines"]

_TEXTS = ("kind", "name", "crossing")
_ALSO = {"kind": ("highway", "fclass", "class")}
_ROWS_NAMED = 5
_SAME_NODE_M = 1.0
_MUCH_APART = 0.1
_SHATTERED_GROUPS, _SHATTERED_EDGES, _MAIN_SHARE = 10, 5.0, 0.5


def read_street_lines(
    source: geopandas.GeoDataFrame | str | PathLike[str], *, tolerance_m: float = 0.5
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Read plain street lines, from a table or a file that geopandas reads, into noded edges.

    Parameters
    ----------
    source
        Table of lines in a projected CRS in metres, or the file (GeoPackage, shapefile, Parquet...) of one.
    tolerance_m
        How near line ends count as meeting, metres.

    Returns
    -------
    GeoDataFrame, list of Notice
        As :func:`build_streets`.

    Raises
    ------
    InputError
        As :func:`build_streets`; if the file is missing or cannot be read.
    """
    if isinstance(source, geopandas.GeoDataFrame):
        return build_streets(source, tolerance_m=tolerance_m)
    path = Path(source)
    where = Where(file=str(path))
    if not path.exists():
        raise InputError(
            Fault("missing-file", msg("a file of street lines"), msg("no such file"), msg("check the path"), where)
        )
    try:
        parquet = path.suffix.lower() in (".parquet", ".geoparquet")
        table = geopandas.read_parquet(path) if parquet else geopandas.read_file(path)
    except Exception as error:  # each format fails in its own way
        raise InputError(
            Fault(
                "unreadable-file",
                needed=msg("a vector file"),
                given=msg("a file that cannot be read ({error})", error=str(error)),
                mend=msg("export it again, as GeoPackage if possible"),
                where=where,
            )
        ) from error
    return build_streets(table, tolerance_m=tolerance_m, where=where)


def build_streets(
    lines: geopandas.GeoDataFrame, *, tolerance_m: float = 0.5, where: Where | None = None
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Make noded street edges out of lines.

    Lines that carry whole numbers ``u`` and ``v`` (as OSMnx and momepy write) are edges already and are only checked.
    Others are cut where they meet on one level, by :func:`geoplan.read.street_noding.node_lines`.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in a projected CRS in metres. Taken where present: ``level`` (or ``layer``,
        ``bridge``, ``tunnel``), ``kind`` (or ``highway``), ``name``, ``crossing``, ``wait_share``, ``climb_m``, and
        with ``u`` and ``v`` also ``length_m`` (or ``length``).
    tolerance_m
        How near line ends count as meeting, metres.
    where
        File and layer named in faults.

    Returns
    -------
    GeoDataFrame, list of Notice
        Edges by :data:`geoplan.model.STREETS`, indexed by ``<line>-<n>``, sorted by line; the same whatever the order
        of the rows. Waits and climbs of a line are spread over its edges by length.

    Raises
    ------
    InputError
        If the CRS is not in metres, if the geometry is not lines, if levels or lengths are no numbers, if no line is
        left, or if the streets fall apart into pieces of a few edges each, none of which holds half of their length.

    Examples
    --------
    >>> from shapely import LineString
    >>> cross = geopandas.GeoDataFrame(
    ...     geometry=[LineString([(0, 1), (2, 1)]), LineString([(1, 0), (1, 2)])], crs="EPSG:4548"
    ... )
    >>> build_streets(cross)[0][["u", "v", "length_m"]].to_numpy().tolist()
    [[0.0, 2.0, 1.0], [2.0, 4.0, 1.0], [1.0, 2.0, 1.0], [2.0, 3.0, 1.0]]
    """
    where = where or Where()
    faults = [*_check(lines, where)]
    if faults:
        raise InputError(faults)
    pieces, notices = _clean(_by_index(lines))
    if not len(pieces):
        raise InputError(_no_streets(where))
    table = _given_edges(pieces) if _has_nodes(pieces) else None
    if table is not None:
        table, said = drop_repeated(table, tolerance_m=tolerance_m)
        return table, [*notices, *said, *_connections(table, where)]
    if {"u", "v"} <= set(lines.columns):
        notices.append(_nodes_contradict())
    table, said = _noded(pieces, tolerance_m)
    return table, [*notices, *_flat_notice(pieces), *said, *_connections(table, where)]


def _by_index(lines: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Rows in the order of their ids, numbers by value."""
    keys = [(0, int(key), "") if str(key).isdigit() else (1, 0, str(key)) for key in map(_flat, lines.index)]
    return lines.iloc[sorted(range(len(lines)), key=keys.__getitem__)]


def _flat(key: Any) -> Any:
    return "-".join(map(str, key)) if isinstance(key, tuple) else key


def _check(lines: geopandas.GeoDataFrame, where: Where) -> list[Fault]:
    faults = []
    crs = lines.crs
    if (
        crs is None
        or not CRS(crs).is_projected
        or any(axis.unit_conversion_factor != 1.0 for axis in CRS(crs).axis_info)
    ):
        faults.append(
            Fault(
                "no-metre-crs",
                needed=msg("street lines in a projected CRS in metres"),
                given=msg("{crs}", crs=CRS(crs).name) if crs is not None else msg("no CRS"),
                mend=msg("project the lines, for instance to the CGCS2000 3-degree zone of the county"),
                where=where,
            )
        )
    types = lines.geometry.geom_type.fillna("")
    wrong = ~types.isin(["LineString", "MultiLineString", "LinearRing", ""])
    if wrong.any():
        faults.append(
            Fault(
                "wrong-geometry",
                needed=msg("lines"),
                given=msg("{types}", types=", ".join(sorted(set(types[wrong])))),
                mend=msg("name the layer of street centre lines, or leave the other shapes out of it"),
                where=Where(where.file, where.layer, "geometry", _names(lines.index[wrong])),
            )
        )
    for column in ("level", "layer", "length_m", "climb_m", "wait_share"):
        if column in lines.columns:
            faults += _check_numbers(lines[column], where)
    return faults


def _check_numbers(values: pd.Series, where: Where) -> list[Fault]:
    numbers = pd.to_numeric(values, errors="coerce")
    given = values.notna() & (values.astype(str).str.strip() != "")
    whole = values.name in ("level",)
    wrong = given & (numbers.isna() | (whole & (numbers % 1 != 0)))
    if values.name == "length_m":
        wrong |= numbers < 0
    if values.name == "layer" or not wrong.any():  # OSM's own layer tag may hold anything: layer_of reads it
        return []
    return [
        Fault(
            "not-a-number",
            needed=msg("whole numbers: 0 on the ground, 1 on a bridge, -1 in a tunnel") if whole else msg("numbers"),
            given=msg("{values}", values=", ".join(sorted({str(value) for value in values[wrong]})[:_ROWS_NAMED])),
            mend=msg("correct these rows"),
            where=Where(where.file, where.layer, str(values.name), _names(values.index[wrong])),
        )
    ]


def _names(index: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(_flat(key)) for key in index)


def _clean(lines: geopandas.GeoDataFrame) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """One plain line a row, named by ``line``; what was left out or changed as notices."""
    notices = []
    names = pd.Series([_flat(key) for key in lines.index], index=lines.index).astype("str")
    table = lines.reset_index(drop=True).assign(line=names.to_numpy())
    shapes = table.geometry
    empty = (shapes.isna() | shapes.is_empty).to_numpy()
    flat = ~empty & (shapes.length == 0.0).to_numpy()
    broken = ~empty & ~np.isfinite(shapely.length(shapes.to_numpy()))
    for found, code, sentence in (
        (empty, "streets-empty", msg("street lines without geometry were left out: {rows}", rows=_few(names[empty]))),
        (flat, "streets-zero-length", msg("street lines of zero length were left out: {rows}", rows=_few(names[flat]))),
        (
            broken,
            "streets-not-finite",
            msg("street lines with impossible coordinates were left out: {rows}", rows=_few(names[broken])),
        ),
    ):
        if found.any():
            notices.append(Notice(code, sentence))
    table = table[~(empty | flat | broken)]
    if shapely.has_z(table.geometry.to_numpy()).any():
        table = table.set_geometry(shapely.force_2d(table.geometry.to_numpy()), crs=lines.crs)
        notices.append(Notice("streets-flattened", msg("heights in the street lines were dropped")))
    many = (shapely.get_num_geometries(table.geometry.to_numpy()) > 1).sum()
    if many:
        notices.append(
            Notice("streets-parts", msg("{count} street lines of several parts were taken apart", count=int(many)))
        )
    table = table.explode(ignore_index=True)
    return table[(table.geometry.length > 0.0).to_numpy()].reset_index(drop=True), notices


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(list(names)[:_ROWS_NAMED])} ({len(names)})"


def _no_streets(where: Where) -> Fault:
    return Fault(
        "no-streets",
        needed=msg("at least one street line with a length"),
        given=msg("none"),
        mend=msg("check the layer, or leave streets out: walks are then estimated from straight lines"),
        where=where,
    )


def _nodes_contradict() -> Notice:
    return Notice(
        "streets-nodes-contradict",
        msg("columns u and v do not agree with where the lines end: streets were joined where they meet instead"),
    )


def _flat_notice(lines: geopandas.GeoDataFrame) -> list[Notice]:
    if {"level", *LEVEL_TAGS} & set(lines.columns):
        return []
    return [
        Notice(
            "streets-no-level",
            msg(
                "no column tells bridges and tunnels from streets on the ground: all streets that cross count as joined"
            ),
        )
    ]


def _has_nodes(lines: geopandas.GeoDataFrame) -> bool:
    if not {"u", "v"} <= set(lines.columns):
        return False
    nodes = lines[["u", "v"]].apply(pd.to_numeric, errors="coerce")
    return (
        bool(nodes.notna().all(axis=None) and (nodes % 1 == 0).all(axis=None)) and not lines["line"].duplicated().any()
    )


def _given_edges(lines: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame | None:
    """Edges by the ``u`` and ``v`` of the lines, each line turned to run from u to v; None if the two contradict."""
    u, v = (pd.to_numeric(lines[end]).to_numpy().astype(np.int64) for end in ("u", "v"))
    shapes = lines.geometry.to_numpy()
    shapes, apart_m = orient_lines(shapes, u, v)
    if apart_m > _SAME_NODE_M:
        return None
    number = np.arange(len(lines))
    edges = NodedLines(shapes, u, v, number)
    table = _edge_table(lines, edges)
    for column in ("length_m", "length"):
        if column in lines.columns:
            given = pd.to_numeric(lines[column], errors="coerce").to_numpy(np.float64)
            table["length_m"] = np.where(np.isfinite(given) & (given > 0), given, table["length_m"].to_numpy())
            break
    return table


def _noded(lines: geopandas.GeoDataFrame, tolerance_m: float) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    lines = _untangled(lines)
    levels = levels_of(lines)
    edges = node_lines(lines.geometry.to_numpy(), levels, tolerance_m=tolerance_m)
    repeated = repeated_edges(edges.u, edges.v, levels[edges.line], edges.geometry, tolerance_m=tolerance_m)
    return _edge_table(lines, rejoin_edges(edges, ~repeated)), _repeated_notice(int(repeated.sum()))


def _untangled(lines: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Lines that cross themselves, cut where they do."""
    shapes = lines.geometry.to_numpy()
    tangled = ~shapely.is_simple(shapes)
    if not tangled.any():
        return lines
    shapes = shapes.copy()
    shapes[tangled] = [shapely.node(shape) for shape in shapes[tangled]]
    return lines.set_geometry(shapes, crs=lines.crs).explode(ignore_index=True)


def _edge_table(lines: geopandas.GeoDataFrame, edges: NodedLines) -> geopandas.GeoDataFrame:
    """The table of edges, with what their lines say; a wait or a climb is spread by length."""
    # parts of one line count on, so that the share is of the whole line
    whole_m = lines.geometry.length.groupby(lines["line"]).transform("sum").to_numpy()
    share = shapely.length(edges.geometry) / whole_m[edges.line]
    texts = {}
    for column in _TEXTS:
        source = next((name for name in (column, *_ALSO.get(column, ())) if name in lines.columns), None)
        texts[column] = text_of(lines[source]).to_numpy()[edges.line] if source else np.full(len(edges.u), "")
    names = lines["line"].to_numpy()[edges.line]
    nth = pd.Series(names).groupby(names).cumcount()
    return street_table(
        [f"{name}-{k}" for name, k in zip(names, nth, strict=True)],
        edges.geometry,
        lines.crs,
        u=edges.u,
        v=edges.v,
        level=levels_of(lines)[edges.line],
        wait_share=numbers_of(lines, "wait_share", 0.0)[edges.line] * share,
        climb_m=numbers_of(lines, "climb_m", np.nan)[edges.line] * share,
        **texts,
    )


def drop_repeated(
    streets: geopandas.GeoDataFrame, *, tolerance_m: float
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Leave out edges that repeat an earlier one between the same nodes, such as the way back of a two-way street.

    Parameters
    ----------
    streets
        Edges by :data:`geoplan.model.STREETS`.
    tolerance_m
        How far apart two lines of one street may lie, metres.

    Returns
    -------
    GeoDataFrame, list of Notice
    """
    u, v, level = (streets[name].to_numpy() for name in ("u", "v", "level"))
    repeated = repeated_edges(u, v, level, streets.geometry.to_numpy(), tolerance_m=tolerance_m)
    return streets[~repeated], _repeated_notice(int(repeated.sum()))


def _repeated_notice(count: int) -> list[Notice]:
    if not count:
        return []
    return [
        Notice(
            "streets-repeated",
            msg("{count} street edges that repeat another, in either direction, were left out", count=count),
        )
    ]


def connection_notices(streets: geopandas.GeoDataFrame) -> list[Notice]:
    """Name the parts of the streets that the main part cannot be reached from.

    Parameters
    ----------
    streets
        Edges by :data:`geoplan.model.STREETS`.

    Returns
    -------
    list of Notice
        Empty if all streets are connected.
    """
    parts, apart, share = _apart(streets)
    if not parts:
        return []
    return [
        Notice(
            "streets-disconnected",
            msg(
                "{count} parts of the streets, {share} of their length, are not connected to the rest: {edges}",
                count=parts,
                share=f"{share:.1%}",
                edges=_few(apart),
            ),
            everywhere=share > _MUCH_APART,
        )
    ]


def _apart(streets: geopandas.GeoDataFrame) -> tuple[int, pd.Index, float]:
    """Parts beside the main one, their edges and their share of the length."""
    nodes, ends = np.unique(streets[["u", "v"]].to_numpy(), return_inverse=True)
    ends = ends.reshape(-1, 2)
    group = component_numbers(ends[:, 0], ends[:, 1], len(nodes))[ends[:, 0]]
    if not len(streets) or group.max() == 0:
        return 0, streets.index[:0], 0.0
    length_m = np.bincount(group, weights=streets["length_m"])
    main = int(length_m.argmax())
    return int(group.max()), streets.index[group != main], float(1.0 - length_m[main] / length_m.sum())


def _connections(streets: geopandas.GeoDataFrame, where: Where) -> list[Notice]:
    """As :func:`connection_notices`; refuses lines that were never joined, on which every walk would end at once.

    A town of islands has few large parts and passes.
    """
    parts, apart, share = _apart(streets)
    if parts + 1 >= _SHATTERED_GROUPS and share > 1.0 - _MAIN_SHARE and len(streets) < _SHATTERED_EDGES * (parts + 1):
        raise InputError(
            Fault(
                "streets-disconnected",
                needed=msg("streets that meet each other"),
                given=msg(
                    "{count} separate parts; {share} of the length is outside the largest",
                    count=parts + 1,
                    share=f"{share:.0%}",
                ),
                mend=msg(
                    "join the ends of the lines in QGIS (Snap geometries to layer); streets on the ground have level 0"
                ),
                where=Where(
                    where.file,
                    where.layer,
                    "geometry",
                    tuple(dict.fromkeys(str(name).rpartition("-")[0] for name in apart)),
                ),
            )
        )
    return connection_notices(streets)
