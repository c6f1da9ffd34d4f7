"""The packing, read back by a decoder of its own."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from fake import unpack
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geoplan.maps.packed import clean_text, pack_geometry, pack_integers, pack_numbers, pack_words


def parts_of(packed: dict, origin: tuple[int, int]) -> list[list[list[tuple[int, int]]]]:
    """For each feature its parts, each a list of vertices in micro-degrees."""
    steps = iter(unpack(packed["steps"]))
    sizes = iter(unpack(packed["sizes"]))
    x, y = origin
    features = []
    for count in unpack(packed["parts"]):
        parts = []
        for _ in range(count):
            vertices = []
            for _ in range(next(sizes)):
                x, y = x + next(steps), y + next(steps)
                vertices.append((x, y))
            parts.append(vertices)
        features.append(parts)
    return features


def area(ring: list[tuple[int, int]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


@given(st.lists(st.integers(-(2**29), 2**29)))
def test_integers_come_back(values: list[int]) -> None:
    assert unpack(pack_integers(np.array(values, dtype=np.int64))) == values


def test_integers_small_ones_take_one_byte() -> None:
    assert len(base64.b64decode(pack_integers(np.array([0, 63, -64])))) == 3


@given(st.lists(st.floats(0, 1e6) | st.sampled_from([float("nan"), float("inf")])))
def test_numbers_come_back_to_a_tenth(values: list[float]) -> None:
    packed = pack_numbers(values)
    found = [(v - 1) / packed["scale"] if v else None for v in unpack(packed["values"])]
    for value, back in zip(values, found, strict=True):
        assert (back is None) if not np.isfinite(value) else (back == pytest.approx(value, abs=0.0501))


def test_words_name_each_text_once() -> None:
    packed = pack_words(["楼", None, "楼", float("nan"), "b", "\ud800x"])
    assert packed["words"] == ["楼", "", "b", "�x"]
    assert unpack(packed["at"]) == [0, 1, 0, 1, 2, 3]


def test_clean_text_keeps_emoji_and_marks_half_pairs() -> None:
    assert clean_text("😀") == "😀"
    assert clean_text("a\udfff") == "a�"


def test_every_kind_of_geometry() -> None:
    origin = (116_000_000, 35_000_000)
    shapes = [
        Point(116.000001, 35.000002),
        MultiPoint([(116.00001, 35), (116.00002, 35)]),
        LineString([(116, 35), (116.000003, 35)]),
        MultiLineString([[(116, 35), (116.1, 35)], [(115.9, 34.9), (116, 35)]]),
        None,
        Polygon(),
        GeometryCollection([Point(1, 1)]),
    ]
    packed = pack_geometry(shapes, origin=origin)
    assert unpack(packed["kinds"]) == [1, 1, 2, 2, 0, 0, 0]
    assert parts_of(packed, origin) == [
        [[(116_000_001, 35_000_002)]],
        [[(116_000_010, 35_000_000)], [(116_000_020, 35_000_000)]],
        [[(116_000_000, 35_000_000), (116_000_003, 35_000_000)]],
        [
            [(116_000_000, 35_000_000), (116_100_000, 35_000_000)],
            [(115_900_000, 34_900_000), (116_000_000, 35_000_000)],
        ],
        [],
        [],
        [],
    ]


def test_polygons_lose_their_closing_vertex_and_holes_run_the_other_way() -> None:
    ring = box(0, 0, 0.001, 0.001)
    holed = ring.difference(box(0.0002, 0.0002, 0.0004, 0.0004))
    two = MultiPolygon([box(1, 1, 1.001, 1.001).reverse(), holed])
    features = parts_of(pack_geometry([holed, two], origin=(0, 0)), (0, 0))
    assert [len(parts) for parts in features] == [2, 3]
    assert all(len(part) == 4 for parts in features for part in parts)
    signs = [[np.sign(area(part)) for part in parts] for parts in features]
    assert signs == [[1, -1], [1, 1, -1]]
    assert abs(area(features[0][0])) == 1000 * 1000
    assert abs(area(features[0][1])) == 200 * 200


def test_no_features() -> None:
    packed = pack_geometry([], origin=(0, 0))
    assert packed == {"count": 0, "kinds": "", "parts": "", "sizes": "", "steps": ""}
