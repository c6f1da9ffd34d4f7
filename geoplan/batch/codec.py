"""Tables, arrays and plain values as bytes and back: what the store keeps, and what contents are told apart by.

The bytes are a JSON header and raw buffers; nothing in them is executed on reading, so a store that came with a
colleague's folder is as harmless as a table. Equal contents give equal bytes, whatever the row order they were read in:
tables of a town are sorted by id.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from geoplan.check import Finding
from geoplan.errors import Message
from geoplan.keep import Varints
from geoplan.model import Level, Notice, Town

__all__ = ["column_digests", "decode", "digest", "digest_json", "encode"]

_MAGIC = b"geoplan1"
_RAGGED = (shapely.GeometryType.LINESTRING, shapely.GeometryType.POLYGON)
_PLAIN = (str, bool, int, float, type(None))
_RECORDS: dict[str, type] = {kind.__name__: kind for kind in (Town, Level, Notice, Message, Finding)}


def digest(content: bytes) -> str:
    """SHA-256 of bytes.

    Parameters
    ----------
    content
        Any bytes.

    Returns
    -------
    str
        Hexadecimal.
    """
    return hashlib.sha256(content).hexdigest()


def digest_json(value: object) -> str:
    """Digest of plain values.

    Parameters
    ----------
    value
        What JSON can hold.

    Returns
    -------
    str

    Examples
    --------
    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    return digest(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode())


def column_digests(table: pd.DataFrame) -> dict[str, str]:
    """Digest of each column of a table, so that what depends on some columns does not on others.

    Parameters
    ----------
    table
        The table; its index is among them as ``"index"``.

    Returns
    -------
    dict
        Column to digest.
    """
    columns = {str(name): table[name] for name in table.columns}
    return {name: digest(encode(values)) for name, values in {"index": table.index, **columns}.items()}


def encode(value: object) -> bytes:
    """Write a value as bytes.

    Parameters
    ----------
    value
        Tables, series, indices, arrays, the types of :mod:`geoplan.model`, findings, messages, plain values, and lists,
        tuples and dicts (keys are texts) of these.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If a value is of another type.

    Examples
    --------
    >>> decode(encode({"a": [1, None, "b"], "c": np.array([1.5, np.inf])}))
    {'a': [1, None, 'b'], 'c': array([1.5, inf])}
    """
    buffers: list[bytes] = []
    tree = _tree(value, buffers)
    head = json.dumps([tree, [len(b) for b in buffers]], ensure_ascii=False, sort_keys=True).encode()
    return b"".join([_MAGIC, len(head).to_bytes(8, "little"), head, *buffers])


def decode(content: bytes) -> Any:
    """Read what :func:`encode` wrote.

    Parameters
    ----------
    content
        The bytes.

    Returns
    -------
    object
        Equal to what was written, and the same types.

    Raises
    ------
    ValueError
        If they were not written by it.
    """
    if content[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not written by geoplan")
    start = len(_MAGIC) + 8
    size = int.from_bytes(content[len(_MAGIC) : start], "little")
    tree, sizes = json.loads(content[start : start + size])
    view = memoryview(content)
    ends = np.cumsum([start + size, *sizes])
    buffers = [view[a:b] for a, b in itertools.pairwise(ends.tolist())]
    return _value(tree, buffers)


def _put(content: bytes, buffers: list[bytes]) -> int:
    buffers.append(content)
    return len(buffers) - 1


def _tree(value: Any, buffers: list[bytes]) -> Any:
    """JSON that stands for a value; what is long goes to the buffers."""
    if isinstance(value, Varints):
        return {"varints": _put(base64.b64decode(value), buffers)}
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list):
        return [_tree(item, buffers) for item in value]
    if isinstance(value, tuple):
        return {"()": [_tree(item, buffers) for item in value]}
    if isinstance(value, shapely.Geometry):
        return {"solid": _put(shapely.to_wkb(value, byte_order=1), buffers)}
    if isinstance(value, bytes):
        return {"b": _put(value, buffers)}
    if isinstance(value, dict):
        return {"{}": [[str(key), _tree(item, buffers)] for key, item in value.items()]}
    if type(value).__name__ in _RECORDS:
        fields = {name: _tree(getattr(value, name), buffers) for name in type(value).__dataclass_fields__}
        return {"record": type(value).__name__, "fields": fields}
    if isinstance(value, pd.DataFrame):
        return _frame_tree(value, buffers)
    if isinstance(value, gpd.GeoSeries):
        return {"geoseries": _array_tree(value.array, buffers), "crs": _crs_text(value.crs)}
    if isinstance(value, pd.Series):
        index = _array_tree(value.index.array, buffers)
        return {"series": _array_tree(value.array, buffers), "index": index, "name": [value.index.name, value.name]}
    if isinstance(value, pd.Index):
        return {"index": _array_tree(value.array, buffers), "name": value.name}
    if hasattr(value, "dtype"):
        return _array_tree(value, buffers)
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _frame_tree(value: pd.DataFrame, buffers: list[bytes]) -> Any:
    tree = {
        "frame": [[str(name), _array_tree(value[name].array, buffers)] for name in value.columns],
        "index": _array_tree(value.index.array, buffers),
        "name": value.index.name,
    }
    if isinstance(value, gpd.GeoDataFrame):
        tree |= {"geometry": value.geometry.name, "crs": _crs_text(value.crs)}
    return tree


def _array_tree(values: Any, buffers: list[bytes]) -> Any:
    kind = str(values.dtype)
    if kind == "geometry":
        shapes = np.asarray(values, dtype=object)
        if _alike(shapes):
            kind_of, xy, offsets = shapely.to_ragged_array(shapes)
            at = [_array_tree(one.astype(np.int64), buffers) for one in offsets]
            return {"ragged": int(kind_of), "xy": _array_tree(xy, buffers), "offsets": at}
        parts = [part or b"" for part in shapely.to_wkb(shapes, byte_order=1)]
        sizes = np.array([len(part) for part in parts], dtype=np.int64)
        return {"wkb": _put(b"".join(parts), buffers), "sizes": _put(sizes.tobytes(), buffers)}
    if kind in ("boolean", "Int64", "Float64"):
        missing, filled = np.asarray(values.isna()), values.fillna(0).to_numpy()
        return {"masked": kind, "of": _array_tree(filled, buffers), "missing": _array_tree(missing, buffers)}
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype.kind in "biuf" and kind != "str":
        return {"array": array.dtype.str, "shape": list(array.shape), "at": _put(array.tobytes(), buffers)}
    if kind == "str":
        codes, words = pd.factorize(values)  # -1 is missing
        return _words(codes, words.to_numpy(dtype=object).tolist(), kind, buffers)
    cells = np.asarray(values, dtype=object)
    codes, words = pd.factorize(cells)
    if not all(type(word) is str for word in words):  # equal values of different types are one word to pandas
        codes, words = np.where(pd.isna(cells), -1, np.arange(len(cells))), cells
    return _words(codes, [_scalar(word) for word in words], kind, buffers)


def _words(codes: np.ndarray, plain: list[Any], kind: str, buffers: list[bytes]) -> Any:
    """Different values, and for each cell which one."""
    text = json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return {"words": _put(text, buffers), "codes": _put(codes.astype(np.int32).tobytes(), buffers), "as": kind}


def _alike(shapes: np.ndarray) -> bool:
    """Whether shapes are all lines, or all polygons: their coordinates in a row are read in half the time."""
    kinds, heights = np.unique(shapely.get_type_id(shapes)), np.unique(shapely.has_z(shapes))
    return len(kinds) == len(heights) == 1 and kinds[0] in _RAGGED and not shapely.has_m(shapes).any()


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or value != value:
        return None
    if not isinstance(value, _PLAIN):
        raise TypeError(f"{type(value).__name__} cannot be kept in a column")
    return value


def _crs_text(crs: Any) -> str | None:
    if crs is None:
        return None
    name = crs.to_string()
    return name if pyproj.CRS.from_user_input(name).to_wkt() == crs.to_wkt() else crs.to_wkt()


def _value(tree: Any, buffers: list[memoryview]) -> Any:
    if isinstance(tree, list):
        return [_value(item, buffers) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "()" in tree:
        return tuple(_value(item, buffers) for item in tree["()"])
    if "{}" in tree:
        return {key: _value(item, buffers) for key, item in tree["{}"]}
    if "b" in tree:
        return bytes(buffers[tree["b"]])
    if "varints" in tree:
        return Varints(base64.b64encode(buffers[tree["varints"]]).decode("ascii"))
    if "solid" in tree:
        return shapely.from_wkb(bytes(buffers[tree["solid"]]))
    if "record" in tree:
        fields = {name: _value(item, buffers) for name, item in tree["fields"].items()}
        return _RECORDS[tree["record"]](**fields)
    if "frame" in tree:
        return _frame(tree, buffers)
    if "geoseries" in tree:
        return gpd.GeoSeries(_array(tree["geoseries"], buffers), crs=tree["crs"])
    if "series" in tree:
        index, (index_name, name) = _index(tree["index"], buffers), tree["name"]
        return pd.Series(_array(tree["series"], buffers), index=index.rename(index_name), name=name)
    if "index" in tree:
        return _index(tree["index"], buffers).rename(tree["name"])
    return _array(tree, buffers)


def _index(tree: Any, buffers: list[memoryview]) -> pd.Index:
    return pd.Index(_array(tree, buffers), dtype=tree.get("as"))


def _frame(tree: Any, buffers: list[memoryview]) -> pd.DataFrame:
    index = _index(tree["index"], buffers).rename(tree["name"])
    columns = {
        name: pd.Series(_array(item, buffers), index=index, dtype=item.get("as")) for name, item in tree["frame"]
    }
    frame = pd.DataFrame(columns, index=index)
    if "geometry" not in tree:
        return frame
    return gpd.GeoDataFrame(frame, geometry=tree["geometry"], crs=tree["crs"])


def _array(tree: Any, buffers: list[memoryview]) -> Any:
    if "array" in tree:
        array = np.frombuffer(buffers[tree["at"]], dtype=np.dtype(tree["array"])).reshape(tree["shape"])
        return array.copy()
    if "ragged" in tree:
        offsets = tuple(_array(one, buffers) for one in tree["offsets"])
        kind = shapely.GeometryType(tree["ragged"])
        return np.asarray(shapely.from_ragged_array(kind, _array(tree["xy"], buffers), offsets), dtype=object)
    if "wkb" in tree:
        blob, sizes = bytes(buffers[tree["wkb"]]), np.frombuffer(buffers[tree["sizes"]], dtype=np.int64)
        ends = np.cumsum(sizes).tolist()
        parts = [blob[end - size : end] or None for end, size in zip(ends, sizes.tolist(), strict=True)]
        return shapely.from_wkb(np.array(parts, dtype=object)) if parts else np.zeros(0, dtype=object)
    if "masked" in tree:
        values = pd.array(_array(tree["of"], buffers), dtype=tree["masked"])
        values[_array(tree["missing"], buffers)] = pd.NA
        return values
    words = json.loads(bytes(buffers[tree["words"]]).decode("utf-8", "surrogatepass"))
    array = np.empty(len(words) + 1, dtype=object)  # the last one stands for missing
    array[:-1] = words
    codes = np.frombuffer(buffers[tree["codes"]], dtype=np.int32)
    if tree["as"] == "object":
        return array[codes]
    # each different word is looked at once
    return pd.array(array, dtype=tree["as"]).take(np.where(codes < 0, len(words), codes))
