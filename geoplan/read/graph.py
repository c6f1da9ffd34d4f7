"""Street graphs of networkx and OSMnx, from GraphML or from memory, and back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Notice
from geoplan.read.crs import parse_crs, town_crs
from geoplan.read.osm_tags import ATTRIBUTION
from geoplan.read.street_columns import levels_of, numbers_of, street_table, text_of
from geoplan.read.streets import connection_notices, drop_repeated

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["read_graph", "streets_to_networkx"]

_ROWS_NAMED = 5
_SAME_LINE_M = 0.01


def read_graph(
    source: str | PathLike[str] | nx.Graph, *, crs: str | CRS | None = None
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """Read a street graph by OSMnx's conventions.

    Nodes have ``x`` and ``y``; edges ``length`` in metres, which is trusted, and where they bend ``geometry``. The way
    there and the way back of a street become one edge; one-way rules do not bind walkers.

    Parameters
    ----------
    source
        GraphML file, or any networkx graph.
    crs
        Projected CRS in metres of the result. None keeps that of the graph if it is one, else takes the one that suits
        the place.

    Returns
    -------
    GeoDataFrame, list of Notice
        Edges by :data:`geoplan.model.STREETS`, indexed by ``<u>-<v>-<n>`` with u <= v; node ids are those of the graph
        where they are whole numbers, else they are numbered in the order of their names.

    Raises
    ------
    InputError
        If the file is missing or no GraphML; if nodes have no places or lengths are no numbers; if the graph names no
        CRS, or has no edges.

    References
    ----------
    G. Boeing (2017), "OSMnx: New methods for acquiring, constructing, analyzing, and visualizing complex street
    networks", Computers, Environment and Urban Systems 65.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.MultiDiGraph(crs="EPSG:4548")
    >>> graph.add_nodes_from([(1, {"x": 0.0, "y": 0.0}), (2, {"x": 30.0, "y": 40.0})])
    >>> graph.add_edges_from([(1, 2, {"length": 51.0}), (2, 1, {"length": 51.0})])
    [0, 0]
    >>> read_graph(graph)[0][["u", "v", "length_m"]].loc["1-2-0"].tolist()
    [1.0, 2.0, 51.0]
    """
    where = Where(file=str(source)) if isinstance(source, str | PathLike) else Where()
    graph = _load(Path(source), where) if isinstance(source, str | PathLike) else source
    nodes, notices = _nodes(graph, where)
    if "osmnx" in str(graph.graph.get("created_with", "")).lower():
        notices.append(ATTRIBUTION)
    edges = _edges(graph, nodes, where)
    edges, said = _projected(edges, _graph_crs(graph, where), crs)
    notices += said
    lengths = numbers_of(edges, "length", np.nan)
    missing = np.isnan(lengths)
    if missing.any():
        notices.append(
            Notice(
                "graph-no-length",
                msg(
                    "{count} edges of the graph have no length: that of their line was taken", count=int(missing.sum())
                ),
            )
        )
    edges["length"] = np.where(missing, shapely.length(edges.geometry.to_numpy()), lengths)
    notices += _road_notice(edges)
    table = _table(edges)
    # going and coming back is how such graphs are: nothing to tell
    table, _ = drop_repeated(table, tolerance_m=_SAME_LINE_M)
    table.index = pd.Index(_pair_ids(table), dtype="str", name="id")
    return table, [*notices, *connection_notices(table)]


def _load(path: Path, where: Where) -> nx.Graph:
    import networkx as nx

    if not path.is_file():
        raise InputError(
            Fault(
                "missing-file",
                needed=msg("a GraphML file"),
                given=msg("no such file"),
                mend=msg("check the path and the file name"),
                where=where,
            )
        )
    try:
        return nx.read_graphml(path, force_multigraph=True)
    except Exception as error:  # XML, encoding and structure each fail in their own way
        raise InputError(
            Fault(
                "corrupt-graph",
                needed=msg("a GraphML file as OSMnx writes it"),
                given=msg("a file that cannot be read ({error})", error=str(error)),
                mend=msg("save the graph again with osmnx.save_graphml"),
                where=where,
            )
        ) from error


def _graph_crs(graph: nx.Graph, where: Where) -> CRS:
    given = graph.graph.get("crs")
    if given is None or given == "":
        raise InputError(
            Fault(
                "no-crs",
                needed=msg("a graph that names its CRS"),
                given=msg("none"),
                mend=msg('set graph.graph["crs"], such as "EPSG:4326", and save it again'),
                where=where,
            )
        )
    return parse_crs(given, where) if isinstance(given, str) else CRS.from_user_input(given)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _nodes(graph: nx.Graph, where: Where) -> tuple[pd.DataFrame, list[Notice]]:
    """Number, place and height of each node, by its name in the graph."""
    names = list(graph.nodes)
    table = pd.DataFrame(
        {
            "x": [_number(data.get("x")) for data in graph.nodes.values()],
            "y": [_number(data.get("y")) for data in graph.nodes.values()],
            "height_m": [_number(data.get("elevation", data.get("ele"))) for data in graph.nodes.values()],
        },
        index=pd.Index(names, dtype=object, tupleize_cols=False),
    )
    lost = ~np.isfinite(table[["x", "y"]].to_numpy(np.float64)).all(axis=1)
    if lost.any():
        raise InputError(
            Fault(
                "nodes-without-place",
                needed=msg("x and y at every node of the graph"),
                given=msg("{count} nodes without", count=int(lost.sum())),
                mend=msg("take a graph made by OSMnx, or give its nodes x and y"),
                where=Where(where.file, column="x, y", rows=tuple(str(names[i]) for i in np.flatnonzero(lost))),
            )
        )
    try:
        table["number"] = np.array([_whole(name) for name in names], np.int64)
        return table, []
    except (TypeError, ValueError, OverflowError):
        order = sorted(range(len(names)), key=lambda i: str(names[i]))
        table["number"] = np.argsort(order).astype(np.int64)
        return table, [
            Notice("graph-nodes-numbered", msg("the graph's nodes have no whole numbers as ids: they were numbered"))
        ]


def _whole(name: Any) -> int:
    if isinstance(name, float) and not name.is_integer():
        raise ValueError(name)
    return int(name)


def _edges(graph: nx.Graph, nodes: pd.DataFrame, where: Where) -> geopandas.GeoDataFrame:
    """The edges with their attributes, each turned to run from the smaller node to the larger."""
    pairs = list(graph.edges(data=True))
    if not pairs:
        raise InputError(
            Fault(
                "no-streets",
                needed=msg("a graph with edges"),
                given=msg("none"),
                mend=msg("check how the graph was made"),
                where=where,
            )
        )
    place = {name: i for i, name in enumerate(nodes.index)}
    tail, head = (np.array([place[pair[end]] for pair in pairs], np.int64) for end in (0, 1))
    xy = nodes[["x", "y"]].to_numpy(np.float64)
    data = pd.DataFrame([_plain(attributes) for _, _, attributes in pairs])
    lines = _lines(data, xy, tail, head, where)
    _check_lengths(data, pairs, where)
    number = nodes["number"].to_numpy()
    turn = number[tail] > number[head]
    lines = np.where(turn, shapely.reverse(lines), lines)
    low, high = np.where(turn, head, tail), np.where(turn, tail, head)
    climb_m = numbers_of(data, "climb_m", np.nan) * np.where(turn, -1.0, 1.0)
    height_m = nodes["height_m"].to_numpy()
    data["climb_m"] = np.where(np.isnan(climb_m), height_m[high] - height_m[low], climb_m)
    data = data.drop(columns="geometry", errors="ignore").assign(u=number[low], v=number[high])
    return geopandas.GeoDataFrame(data, geometry=lines)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an edge; lists that GraphML keeps as text become lists."""
    return {name: _listed(value) for name, value in attributes.items()}


def _listed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            return ast.literal_eval(value)
        except (SyntaxError, ValueError):
            return value
    return value


def _lines(
    data: pd.DataFrame, xy: NDArray[np.float64], tail: NDArray[np.int64], head: NDArray[np.int64], where: Where
) -> NDArray[Any]:
    """Line of each edge from tail to head: its geometry, straight where it has none."""
    straight = shapely.linestrings(np.stack([xy[tail], xy[head]], axis=1))
    if "geometry" not in data.columns:
        return straight
    given = data["geometry"].to_numpy(dtype=object)
    texts = np.array([isinstance(shape, str) for shape in given])
    lines = np.array([shape if isinstance(shape, shapely.LineString) else None for shape in given], dtype=object)
    lines[texts] = shapely.from_wkt(given[texts].astype(object), on_invalid="ignore")
    wrong = texts & (shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING)
    if wrong.any():
        raise InputError(
            Fault(
                "wrong-geometry",
                needed=msg("lines as WKT"),
                given=msg("{count} edges whose geometry is none", count=int(wrong.sum())),
                mend=msg("save the graph again with osmnx.save_graphml"),
                where=Where(where.file, column="geometry"),
            )
        )
    lines = shapely.force_2d(np.where(shapely.is_missing(lines), straight, lines))
    # an undirected copy keeps the line of either direction
    first, last = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    turned = np.hypot(*(last - xy[tail]).T) < np.hypot(*(first - xy[tail]).T)
    return np.where(turned, shapely.reverse(lines), lines)


def _check_lengths(data: pd.DataFrame, pairs: list[Any], where: Where) -> None:
    if "length" not in data.columns:
        return
    given = data["length"].notna().to_numpy()
    lengths = np.array([_number(value) for value in data["length"]])
    wrong = given & ~(np.isfinite(lengths) & (lengths >= 0.0))
    if wrong.any():
        rows = tuple(f"{pairs[i][0]}-{pairs[i][1]}" for i in np.flatnonzero(wrong))
        raise InputError(
            Fault(
                "not-a-number",
                needed=msg("lengths in metres, none negative"),
                given=msg("{values}", values=", ".join(str(v) for v in data["length"][wrong][:_ROWS_NAMED])),
                mend=msg("correct these edges"),
                where=Where(where.file, column="length", rows=rows),
            )
        )


def _projected(
    edges: geopandas.GeoDataFrame, own: CRS, wanted: str | CRS | None
) -> tuple[geopandas.GeoDataFrame, list[Notice]]:
    """The lines in a projected CRS in metres, reported where that is another one."""
    in_metres = own.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in own.axis_info)
    if wanted is None and in_metres:
        return edges.set_crs(own), []
    middle = np.median(shapely.get_coordinates(edges.geometry.to_numpy()), axis=0)
    lon, lat = Transformer.from_crs(own, 4326, always_xy=True).transform(*middle)
    text = "auto" if wanted is None else wanted if isinstance(wanted, str) else wanted.to_wkt()
    target = town_crs(text, float(lon), float(lat))
    edges = edges.set_crs(own)
    if own.equals(target):
        return edges, []
    return edges.to_crs(target), [
        Notice(
            "graph-projected",
            msg("the street graph was projected from {given} to {crs}", given=own.name, crs=target.name),
        )
    ]


def _road_notice(edges: geopandas.GeoDataFrame) -> list[Notice]:
    if "highway" not in edges.columns:
        return []
    count = int(text_of(edges["highway"]).isin(["motorway", "motorway_link"]).sum())
    if not count:
        return []
    return [
        Notice(
            "graph-motorways",
            msg("the street graph holds {count} edges of motorways, which are walked like others", count=count),
        )
    ]


def _table(edges: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The street table in an order that does not depend on that of the edges."""
    level = levels_of(edges)
    keys = pd.DataFrame({"u": edges["u"], "v": edges["v"], "level": level, "length": edges["length"]})
    shapes = edges.geometry.to_numpy()
    keys["shape"] = shapely.to_wkb(_same_way_round(shapes, keys["u"].to_numpy() == keys["v"].to_numpy()))
    order = keys.sort_values(list(keys.columns), kind="stable").index.to_numpy()
    texts = {
        column: text_of(edges[source]).to_numpy()[order]
        for column, source in (("kind", "highway"), ("name", "name"), ("crossing", "crossing"))
        if source in edges.columns
    }
    if "crossing" in texts:
        texts["crossing"] = np.where(np.isin(texts["crossing"], ["signal", "minor", "bridge"]), texts["crossing"], "")
    rows = edges.iloc[order]
    return street_table(
        [str(i) for i in range(len(rows))],
        shapes[order],
        edges.crs,
        u=rows["u"].to_numpy(),
        v=rows["v"].to_numpy(),
        length_m=rows["length"].to_numpy(),
        level=level[order],
        wait_share=numbers_of(rows, "wait_share", 0.0),
        climb_m=numbers_of(rows, "climb_m", np.nan),
        **texts,
    )


def _same_way_round(shapes: NDArray[Any], rings: NDArray[np.bool_]) -> NDArray[Any]:
    shapes = shapes.copy()
    shapes[rings] = shapely.normalize(shapes[rings])
    return shapes


def _pair_ids(table: geopandas.GeoDataFrame) -> list[str]:
    nth = table.groupby(["u", "v"]).cumcount()
    return [f"{u}-{v}-{k}" for u, v, k in zip(table["u"], table["v"], nth, strict=True)]


def streets_to_networkx(streets: geopandas.GeoDataFrame) -> nx.MultiDiGraph:
    """Give the streets as a graph by OSMnx's conventions, every street in both directions.

    Parameters
    ----------
    streets
        Edges by :data:`geoplan.model.STREETS`.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes with ``x`` and ``y``; edges with ``osmid`` (the edge's id), ``length`` (m), ``geometry``, ``level``, and
        where known ``highway``, ``name``, ``crossing``, ``wait_share``, ``climb_m``. ``osmnx`` and :func:`read_graph`
        take it.

    Examples
    --------
    >>> from geoplan.read.streets import build_streets
    >>> line = geopandas.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (3, 4)])], crs="EPSG:4548")
    >>> graph = streets_to_networkx(build_streets(line)[0])
    >>> sorted(graph.edges(data="length"))
    [(0, 1, 5.0), (1, 0, 5.0)]
    """
    import networkx as nx

    graph = nx.MultiDiGraph(crs=CRS(streets.crs).to_string())
    shapes = streets.geometry.to_numpy()
    for end, at in (("u", 0), ("v", -1)):
        places = shapely.get_coordinates(shapely.get_point(shapes, at)).tolist()
        graph.add_nodes_from(
            (node, {"x": x, "y": y}) for node, (x, y) in zip(streets[end].tolist(), places, strict=True)
        )
    texts = {"kind": "highway", "name": "name", "crossing": "crossing"}
    back = shapely.reverse(shapes)
    records = streets.drop(columns="geometry").to_dict("records")
    for i, (name, row) in enumerate(zip(streets.index, records, strict=True)):
        data: dict[str, Any] = {"osmid": name, "length": row["length_m"], "level": row["level"], "oneway": False}
        data |= {key: row[column] for column, key in texts.items() if row[column]}
        if row["wait_share"]:
            data["wait_share"] = row["wait_share"]
        climb = {} if np.isnan(row["climb_m"]) else {"climb_m": row["climb_m"]}
        graph.add_edge(row["u"], row["v"], **data, **climb, geometry=shapes[i], reversed=False)
        if row["u"] != row["v"]:
            climb = {key: -value for key, value in climb.items()}
            graph.add_edge(row["v"], row["u"], **data, **climb, geometry=back[i], reversed=True)
    return graph
