"""The packed layer: any table on any folium map, drawn in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import pandas as pd
import pytest
from fake import data_of, unpack
from geopandas import GeoDataFrame
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, MultiPolygon, box

from geoplan.errors import InputError
from geoplan.keep import Varints
from geoplan.maps import Bands, Classes, LayerStyle, PackedLayer, offline_map, render_map, save_map
from geoplan.maps.container import read_container, write_container
from geoplan.maps.packed import pack_floats, pack_integers

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
HOSTILE = "</script><img src=x onerror=alert(1)> `${alert(2)}` \"'{{ 7 * 7 }} \u202eمرحبا 😀"
FLOATS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([float("nan"), float("inf"), 1e300]))


def table(**columns: Any) -> GeoDataFrame:
    """A square with a hole, two squares in one, a line, points, and nothing at all."""
    shapes = [
        box(117, 34, 117.004, 34.004).difference(box(117.001, 34.001, 117.003, 34.003)),
        MultiPolygon([box(117.006, 34, 117.008, 34.002), box(117.008, 34.002, 117.01, 34.004)]),
        LineString([(117, 34.006), (117.01, 34.006)]),
        MultiPoint([(117.002, 34.008), (117.008, 34.008)]),
        None,
    ]
    return GeoDataFrame(columns, geometry=shapes, crs=4326)


def page_of(layer: PackedLayer) -> folium.Map:
    page = offline_map(title="Test", language="en")
    layer.add_to(page)
    page.fit_bounds(layer.get_bounds(), padding=(40, 40))
    return page


@given(st.lists(FLOATS))
def test_numbers_come_back_to_the_last_decimal_kept(values: list[float | None]) -> None:
    packed = pack_floats(values)
    read = packed["values"]
    if packed["scale"]:
        read = [None if whole == 0 else (whole - (whole > 0)) / packed["scale"] for whole in unpack(read)]
    known = [None if v is None or not np.isfinite(v) else round(v, 6) for v in values]
    assert [r is None for r in read] == [k is None for k in known]
    assert [r for r in read if r is not None] == pytest.approx([k for k in known if k is not None], abs=1e-6)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")).filter("$".__ne__), inner),
)


@given(PLAIN, st.lists(st.integers(-(2**29), 2**29)))
def test_a_container_comes_back(plain: object, numbers: list[int]) -> None:
    packed = pack_integers(np.array(numbers, dtype=np.int64))
    read = read_container(write_container({"plain": plain, "numbers": [packed, packed]}))
    assert read == {"plain": plain, "numbers": [packed, packed]}
    assert all(isinstance(text, Varints) for text in read["numbers"])


def test_a_key_that_would_be_misread_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\$"):
        write_container({"a": {"$": [0, 1]}})


def test_the_table_is_not_changed_and_bytes_are_the_same() -> None:
    given_table = table(name=list("abcde"), size=[1, 2, 3, 4, None])
    before = given_table.copy()
    first = render_map(page_of(PackedLayer(given_table, name="n")))
    page = page_of(PackedLayer(given_table, name="n"))
    assert render_map(page) == render_map(page) == first
    assert given_table.equals(before)


def test_only_what_is_asked_for_is_in_the_file() -> None:
    secret = table(name=list("abcde"), owner=["Zhang San"] * 5)
    data = data_of(render_map(page_of(PackedLayer(secret, columns=["name"]))))
    assert [column["name"] for column in data["columns"]] == ["name"]
    assert "Zhang San" not in json.dumps(data)


def test_every_fault_is_named_at_once() -> None:
    bad = table(name=list("abcde")).set_crs(None, allow_override=True)
    style = LayerStyle(fill=Bands("name", breaks=[3, 2], colours=["red"]), opacity=2, label="absent")
    with pytest.raises(InputError) as caught:
        PackedLayer(bad, columns=["gone"], style=style)
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["bad-colour", "bad-style", "bad-breaks", "no-crs", "missing-column"]
    with pytest.raises(InputError, match="column of numbers"):
        PackedLayer(table(name=list("abcde")), style=LayerStyle(fill=Bands("name")))


def test_columns_of_any_kind_are_written() -> None:
    mixed = table(
        flag=[True, False, True, False, True],
        when=pd.to_datetime(["2026-01-01"] * 4 + [None]),
        count=pd.array([1, None, 3, -4, 5], dtype="Int64"),
        kind=pd.Categorical(["a", "b", None, "a", "b"]),
        odd=[1, "x", None, ("t",), 2.5],
    )
    names = {c["name"]: c for c in data_of(render_map(page_of(PackedLayer(mixed))))["columns"]}
    assert names["flag"]["words"]["words"] == ["True", "False"]
    assert names["kind"]["words"]["words"] == ["a", "b", ""]
    assert names["count"]["numbers"]["scale"] == 1
    assert names["odd"]["words"]["words"] == ["1", "x", "", "('t',)", "2.5"]


def test_no_features_are_no_fault() -> None:
    layer = PackedLayer(table(name=list("abcde")).iloc[:0], name="none")
    assert layer.get_bounds() == [[0.0, 0.0], [0.0, 0.0]]
    assert data_of(render_map(page_of(layer)))["geometry"]["count"] == 0


def test_an_ordinary_folium_map_takes_it_in_a_group() -> None:
    page = folium.Map()
    group = folium.FeatureGroup("group").add_to(page)
    PackedLayer(table(name=list("abcde")), name="in a group").add_to(group)
    html = page.get_root().render()
    assert html.index("leaflet.js") < html.index("geoplan.packedLayer(")
    assert "Content-Security-Policy" not in html


PIXELS = """() => {
  const c = document.querySelector(".gp-canvas");
  const ctx = c.getContext("2d");
  const counts = {};
  const data = ctx.getImageData(0, 0, c.width, c.height).data;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 255) continue;
    const key = `${data[i]},${data[i + 1]},${data[i + 2]}`;
    counts[key] = (counts[key] || 0) + 1;
  }
  return counts;
}"""
BLUE, ORANGE, GREEN = "0,114,178", "230,159,0", "0,158,115"
POINT = """([lat, lon]) => {
  const map = Object.values(window).find((value) => value instanceof L.Map);
  const p = map.latLngToContainerPoint([lat, lon]);
  return [p.x, p.y];
}"""


def open_layer(browser_page: OpenPage, page: folium.Map, path: Path) -> Page:
    opened = browser_page(save_map(page, path / "map.html"), ready=".gp-canvas")
    opened.wait_for_timeout(200)
    return opened


def at(page: Page, lon: float, lat: float) -> tuple[float, float]:
    x, y = page.evaluate(POINT, [lat, lon])
    return x, y


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
class TestInABrowser:
    def test_classes_holes_hover_and_click(self, browser_page: OpenPage, tmp_path: Path) -> None:
        names = ["one", "two", "road", "stops", "nowhere"]
        style = LayerStyle(fill=Classes("kind"), line=None, line_width_px=4, opacity=1)
        layer = PackedLayer(
            table(name=names, kind=["a", "b", "c", "c", "c"], size=[1.5, -2, None, 4, 5]),
            name="Things",
            style=style,
            tooltip=["name"],
            language="en",
        )
        page = open_layer(browser_page, page_of(layer), tmp_path)
        shown = page.evaluate(PIXELS)
        # c is the commonest, then a and b by name: a is 4 x 4 less a hole of 2 x 2, b is twice 2 x 2
        assert shown[ORANGE] / shown[GREEN] == pytest.approx(12 / 8, rel=0.05)
        assert shown[BLUE] > 100
        assert page.locator(".gp-key li").all_inner_texts() == ["c\n3 features", "a\n1 features", "b\n1 features"]
        page.mouse.move(*at(page, 117.0005, 34.0005))
        page.locator(".gp-tip").wait_for()
        assert page.locator(".gp-tip").inner_text() == "one"
        page.mouse.move(*at(page, 117.002, 34.002))  # in the hole
        page.locator(".gp-tip").wait_for(state="detached")
        page.mouse.click(*at(page, 117.009, 34.003))
        rows = page.locator(".gp-popup-body .gp-rows > div")
        assert [r.inner_text().split("\n") for r in rows.all()] == [["name", "two"], ["kind", "b"], ["size", "-2"]]
        page.mouse.click(*at(page, 117.005, 34.006))  # on the line, far from its ends
        page.locator("dd", has_text="road").wait_for()
        page.mouse.click(*at(page, 117.008, 34.008))  # its second point
        page.locator("dd", has_text="stops").wait_for()

    def test_a_crowd_is_drawn_with_the_same_colours(self, browser_page: OpenPage, tmp_path: Path) -> None:
        side = 60
        cells = [box(x, y, x + 1, y + 1) for x in range(side) for y in range(side)]
        many = GeoDataFrame(
            {"n": [int(x >= side / 4) for x in range(side) for _ in range(side)]}, geometry=cells, crs=3857
        )
        many.geometry = many.geometry.affine_transform([20, 0, 0, 20, 13_000_000, 4_000_000])
        style = LayerStyle(fill=Bands("n", breaks=[0], colours=["#0072b2", "#e69f00"]), line=None, opacity=1)
        page = open_layer(browser_page, page_of(PackedLayer(many, style=style, language="en")), tmp_path)
        shown = page.evaluate(PIXELS)
        assert shown[ORANGE] / shown[BLUE] == pytest.approx(3, rel=0.03)
        assert shown[ORANGE] + shown[BLUE] > 0.99 * sum(shown.values())  # neighbours leave no gap

    def test_layers_can_be_switched_beside_foliums_own(self, browser_page: OpenPage, tmp_path: Path) -> None:
        page = page_of(PackedLayer(table(name=list("abcde")), name=HOSTILE, style="#0072b2", language="en"))
        folium.LayerControl(collapsed=False).add_to(page)
        opened = open_layer(browser_page, page, tmp_path)
        label = opened.locator(".leaflet-control-layers-overlays label")
        assert label.evaluate("(node) => node.textContent").strip() == HOSTILE
        assert opened.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
        label.locator("input").uncheck()
        assert opened.locator(".gp-canvas, .gp-key").count() == 0
        label.locator("input").check()
        assert opened.locator(".gp-canvas").count() == 1

    def test_without_decompression_stream(self, browser_page: OpenPage, tmp_path: Path) -> None:
        layer = PackedLayer(table(name=list("abcde")), style=LayerStyle(opacity=1), language="en")
        path = save_map(page_of(layer), tmp_path / "map.html")
        text = path.read_text(encoding="utf-8")
        start = text.index('<meta http-equiv="Content-Security-Policy"')
        text = text[:start] + "<script>delete window.DecompressionStream;</script>" + text[text.index(">", start) + 1 :]
        path.write_text(text, encoding="utf-8")
        page = browser_page(path, ready=".gp-canvas")
        page.wait_for_timeout(200)
        assert page.evaluate("() => typeof DecompressionStream") == "undefined"
        assert page.evaluate(PIXELS)[BLUE] > 1000

    def test_hostile_values_are_shown_as_written(self, browser_page: OpenPage, tmp_path: Path) -> None:
        for value in (HOSTILE, "长" * 10_000, "__proto__"):
            style = LayerStyle(fill=Classes(value), label=value)
            layer = PackedLayer(table(**{value: [value] * 5}), name=value, style=style, tooltip=[value], language="en")
            page = open_layer(browser_page, page_of(layer), tmp_path)
            read = "(selector) => document.querySelector(selector).textContent"
            assert page.evaluate(read, ".gp-key h3") == value
            assert page.evaluate(read, ".gp-key li .gp-name") == value
            page.mouse.move(*at(page, 117.0005, 34.0005))
            page.locator(".gp-tip").wait_for()
            assert page.evaluate(read, ".gp-tip") == value
            page.mouse.click(*at(page, 117.0005, 34.0005))
            page.locator(".gp-popup-body").wait_for()
            assert [page.evaluate(read, f".gp-rows {tag}") for tag in ("dt", "dd")] == [value, value]
            assert page.locator("img, iframe").count() == 0
