"""The page as text: one file, no address on the internet, the same bytes, safe against names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import folium
import numpy as np
import pandas as pd
import pytest
from fake import WALKS, FakeCoverage, buildings, data_of, square, town

import geoplan.maps
from geoplan.errors import InputError, OutputError
from geoplan.maps import coverage_map, render_map, save_map
from geoplan.maps.container import read_container, write_container


@pytest.fixture(scope="module")
def html() -> str:
    return render_map(coverage_map(FakeCoverage()))


def test_is_a_folium_map() -> None:
    assert isinstance(coverage_map(FakeCoverage()), folium.Map)


def test_nothing_is_fetched(html: str) -> None:
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=", html) == []
    assert re.findall(r"url\((?!data:|#)", html) == []
    assert "sourceMappingURL" not in html
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", html))
    # Names of SVG, and what Leaflet says of itself in its licence notice, its credit and a comment: never fetched.
    said = ("http://www.w3.org/", "https://leafletjs.com", "https://bugzilla.mozilla.org/")
    assert [address for address in addresses if not address.startswith(said)] == []


def test_only_the_scripts_written_here_may_run(html: str) -> None:
    import base64
    import hashlib

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 4  # folium's switches, Leaflet, the page's script, its start
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy[1]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    page = coverage_map(FakeCoverage())
    first = save_map(page, tmp_path / "a.html").read_bytes()
    again = save_map(page, tmp_path / "b.html").read_bytes()
    anew = save_map(coverage_map(FakeCoverage()), tmp_path / "c.html").read_bytes()
    assert first == again == anew


def test_the_order_of_rows_changes_nothing(html: str) -> None:
    given = town()
    turned = replace(
        given,
        buildings=given.buildings[::-1],
        facilities=given.facilities[::-1],
        streets=given.streets[::-1],
        estates=given.estates[::-1],
        gates=given.gates[::-1],
        barriers=given.barriers[::-1],
        green=given.green[::-1],
        levels=tuple(replace(level, table=level.table[::-1]) for level in given.levels),
    )
    assert render_map(coverage_map(FakeCoverage(town=turned))) == html


def test_folium_saves_the_same_page(html: str, tmp_path: Path) -> None:
    coverage_map(FakeCoverage()).save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == html


def test_other_folium_layers_can_be_added() -> None:
    def page() -> folium.Map:
        made = coverage_map(FakeCoverage())
        folium.Marker([34.8, 117.0], popup="here", tooltip="there").add_to(made)
        folium.LayerControl().add_to(made)
        return made

    text = render_map(page())
    assert "L.marker(" in text
    assert "Content-Security-Policy" not in text
    assert text == render_map(page())


def test_jupyter_shows_the_page_in_a_frame() -> None:
    shown = coverage_map(FakeCoverage())._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert 'height="640px"' in shown


def test_the_headline_is_the_total() -> None:
    coverage = FakeCoverage()
    headline = data_of(render_map(coverage_map(coverage)))["headline"]
    total = coverage.total(coverage.case)
    assert (
        [row["served"] for row in headline] == [total[f"served_households_{m}"] for m in (5, 10, 15)] == [100, 160, 200]
    )
    assert {row["households"] for row in headline} == {total["households"]} == {250.0}


def test_notices_that_stand_everywhere_come_first(html: str) -> None:
    notices = data_of(html)["notices"]
    assert [notice["everywhere"] for notice in notices] == [True, True, False]
    assert [notice["credit"] for notice in notices] == [False, True, False]


def test_both_languages_say_everything() -> None:
    zh, en = (data_of(render_map(coverage_map(FakeCoverage(), language=lang))) for lang in ("zh", "en"))
    assert (zh["language"], en["language"]) == ("zh-CN", "en")
    assert zh["strings"].keys() == en["strings"].keys()
    assert all(en["strings"].values())


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError):
        coverage_map(FakeCoverage(), language="tlh")


def test_the_town_is_not_changed() -> None:
    coverage = FakeCoverage()
    before = {name: getattr(coverage.town, name).copy() for name in ("buildings", "facilities", "streets", "estates")}
    coverage_map(coverage)
    for name, table in before.items():
        assert getattr(coverage.town, name).equals(table)


def test_a_town_with_the_least_that_it_can_have() -> None:
    bare = town(streets=None, levels=(), estates=None, gates=None, barriers=None, green=None)
    walks = FakeCoverage().walks.drop(columns="communities")
    layers = data_of(render_map(coverage_map(FakeCoverage(town=bare, walks=walks))))["layers"]
    assert sorted(layers) == ["buildings", "clusters", "facilities", "isochrones", "levels"]
    assert layers["levels"] == []


@pytest.mark.parametrize("text", ["</script>", "<!--", "a\u2028b\u2029c", "&amp;", "{{ 7 * 7 }}", '"\\', "\x00\r\n"])
def test_data_in_a_script_come_back(text: str) -> None:
    written = write_container({text: [text]})
    assert re.fullmatch("[A-Za-z0-9+/=]+", written)
    assert read_container(written) == {text: [text]}


def test_names_are_no_templates() -> None:
    named = town(name="{{ 7 * 7 }} {% raw %} {# x")
    html = render_map(coverage_map(FakeCoverage(town=named)))
    assert data_of(html)["title"] == "{{ 7 * 7 }} {% raw %} {# x"
    assert "<title>{{ 7 * 7 }} {% raw %} {# x</title>" in html


def test_saving_where_it_cannot_be(tmp_path: Path) -> None:
    page = coverage_map(FakeCoverage())
    with pytest.raises(OutputError) as caught:
        save_map(page, tmp_path / "missing" / "map.html")
    assert caught.value.faults[0].code == "unwritable-output"
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError):
        save_map(page, tmp_path / "folder.html")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.html"]


def test_own_scripts_never_make_markup_or_code_out_of_data() -> None:
    ways = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(|XMLHttp|import\("
    )
    folder = Path(geoplan.maps.__file__).parent / "js"
    scripts = sorted(folder.glob("*.js"))
    assert len(scripts) > 10
    assert {path.name: ways.findall(path.read_text(encoding="utf-8")) for path in scripts} == {
        p.name: [] for p in scripts
    }


def test_sixteen_thousand_buildings_stay_small() -> None:
    count = 16_000
    given = buildings().iloc[:1]
    many = given.loc[given.index.repeat(count)].reset_index(drop=True)
    place = np.arange(count)
    many["geometry"] = [square(30.0 * (i % 130), 30.0 * (i // 130), 20.0) for i in place]
    many["name"] = [f"{i % 40 + 1}号楼" for i in place]
    many.index = pd.Index([f"w{100_000_000 + 17 * i}" for i in place], name="id")
    walks = WALKS.iloc[place % 2 * 5].set_axis(many.index)  # all within five minutes: no groups beyond
    coverage = FakeCoverage(town=town(buildings=many), walks=walks)
    assert len(render_map(coverage_map(coverage)).encode()) < 1_500_000
