"""The page in a real browser with the network blocked: what a planner sees, touches and reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import pytest
from fake import FakeCoverage, town

from geoplan.errors import msg
from geoplan.maps import coverage_map, save_map
from geoplan.model import Level, Notice

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OpenPage = Callable[..., "Page"]

PAINT = """() => {
  const {canvas, map} = geoplan.views[0];
  canvas._draw();
  const drawn = document.querySelector(".gp-canvas");
  const c = Object.assign(document.createElement("canvas"), {width: drawn.width, height: drawn.height});
  const ctx = c.getContext("2d", {willReadFrequently: true});
  ctx.drawImage(drawn, 0, 0);
  const counts = new Map();
  for (const pixel of new Uint32Array(ctx.getImageData(0, 0, c.width, c.height).data.buffer)) {
    counts.set(pixel, (counts.get(pixel) || 0) + 1);
  }
  const colours = {};
  for (const [p, count] of counts) colours[[p & 255, (p >> 8) & 255, (p >> 16) & 255].join(",")] = count;
  return colours;
}"""
DEEP, MIDDLE, LIGHT = "11,74,143", "63,143,198", "159,203,228"
GREEN = (211, 229, 199)
FAR, NO_WAY, EMPTY = "204,76,2", "47,43,51", "203,198,187"


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_map(coverage_map(FakeCoverage(), language="en"), tmp_path_factory.mktemp("maps") / "en.html")


def colours(page: Page) -> dict[str, int]:
    return page.evaluate(PAINT)


def show_only(page: Page, *layers: str) -> None:
    script = """(layers) => document.querySelectorAll("[data-layer]").forEach((box) => {
      if (box.checked !== layers.includes(box.dataset.layer)) box.click();
    })"""
    page.evaluate(script, list(layers))


def click_at(page: Page, east_m: float, north_m: float) -> None:
    """Click on a place of the fake town, metres from its south-west corner."""
    import pyproj
    from fake import CRS, X0, Y0

    lon, lat = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform(X0 + east_m, Y0 + north_m)
    x, y = page.evaluate(
        f"() => {{const p = geoplan.views[0].map.latLngToContainerPoint([{lat}, {lon}]); return [p.x, p.y]}}"
    )
    page.mouse.click(x, y)


def popup(page: Page) -> Locator:
    shown = page.locator(".gp-popup-body")
    shown.wait_for()
    return shown


def rows(page: Page) -> dict[str, str]:
    """Labels and values of the popup."""
    found = popup(page).locator(".gp-rows > div")
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in found.all()}


def test_the_headline_is_the_total_and_follows_the_switch(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    total = FakeCoverage().total(FakeCoverage().case)
    for number, minutes in enumerate((5, 10, 15)):
        page.locator(".gp-minutes input").nth(number).check()
        served = total[f"served_households_{minutes}"]
        assert page.locator(".gp-figure").inner_text().split() == [
            f"{100 * served / total['households']:.1f}",
            "%",
        ] or (page.locator(".gp-figure").inner_text().replace("\n", "") == f"{100 * served / total['households']:.1f}%")
        assert page.locator(".gp-counts").inner_text() == f"{served:.0f} of {total['households']:.0f} households served"
        assert page.locator(".gp-within").inner_text() == f"of households are within {minutes} min"
    assert page.locator(".gp-left").inner_text() == "Not served: 50 households, 150 people"
    assert page.locator(".gp-headline").get_attribute("aria-live") == "polite"


def test_buildings_have_the_colours_of_their_walks(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    show_only(page, "buildings")
    shown = colours(page)
    assert all(shown.get(colour, 0) > 20 for colour in (DEEP, MIDDLE, LIGHT, FAR, NO_WAY, EMPTY))
    page.locator(".gp-minutes input").first.check()
    shown = colours(page)
    assert shown.get(DEEP, 0) > 20
    assert MIDDLE not in shown
    assert LIGHT not in shown


def test_layers_can_be_hidden(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    show_only(page, "buildings", "streets")
    before = colours(page)
    page.locator("[data-layer=buildings]").uncheck()
    after = colours(page)
    assert all(before[colour] > 20 and colour not in after for colour in (DEEP, MIDDLE, LIGHT, FAR, EMPTY))
    page.locator("[data-layer=buildings]").check()
    assert colours(page) == before


LAYERS = [
    "hatching",
    "clusters",
    "facilities",
    "candidates",
    "circle0",
    "circle2",
    "level0",
    "tint",
    "estates",
    "gates",
    "barriers",
    "green",
]
LAYERS += ["streets", "flagged", "labels"]


def test_every_layer_has_its_box(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    assert {box.get_attribute("data-layer") for box in page.locator("[data-layer]").all()} == {
        "buildings",
        "circle1",
        *LAYERS,
    }
    page.evaluate("() => geoplan.views[0].map.setZoom(15.5, {animate: false})")
    for layer in LAYERS:
        base = {"labels": ["level0"], "hatching": ["buildings"]}.get(layer, [])
        show_only(page, *base)
        empty = colours(page)
        page.locator(f"[data-layer={layer}]").check()
        assert colours(page) != empty, layer


def green_pixels(found: dict[str, int]) -> int:
    """Pixels of green land on plain ground; browsers round a mixed colour up or down."""
    return sum(
        count
        for colour, count in found.items()
        if all(abs(int(part) - wanted) <= 1 for part, wanted in zip(colour.split(","), GREEN, strict=True))
    )


def test_green_land_lies_under_everything(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    show_only(page, "green")
    alone = green_pixels(colours(page))
    side = page.evaluate("""() => {
      const {map, page} = geoplan.views[0];
      const {boxes} = page.layers.levels[0].geometry;
      return (boxes[2] - boxes[0]) * map.getZoomScale(map.getZoom(), 0);
    }""")
    # squares of 350 and 100 m, beside the community's 1000 m
    assert alone == pytest.approx((0.35**2 + 0.1**2) * side**2, rel=0.03)
    others = ("streets", "buildings", "barriers")  # one of the buildings stands in the park
    show_only(page, "green", *others)
    with_others = colours(page)
    assert 0 < green_pixels(with_others) < alone
    show_only(page, *others)
    without = colours(page)
    assert green_pixels(without) == 0
    assert [with_others[colour] for colour in (LIGHT, FAR)] == [without[colour] for colour in (LIGHT, FAR)]


def test_green_land_hides_no_share(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    show_only(page, "tint")
    tints = set(colours(page))
    show_only(page, "tint", "green")
    both = colours(page)
    assert green_pixels(both) == 0  # mixed with the colour below it
    assert set(both) - tints


def test_green_land_is_printed_and_in_its_legend(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.evaluate("() => (window.print = () => {})")

    def printed() -> tuple[int, bool]:
        page.get_by_role("button", name="Print", exact=True).click()
        page.locator(".gp-dialog").get_by_role("button", name="Print").click()
        found = page.evaluate(PAINT.replace(".gp-canvas", ".gp-sheet-map"))
        rows = page.locator(".gp-sheet-legend .gp-layer").all_text_contents()
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        return green_pixels(found), "Green land" in rows

    count, named = printed()
    assert count > 1000
    assert named
    page.locator("[data-layer=green]").uncheck()
    assert printed() == (0, False)


def test_popup_of_a_building(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    click_at(page, 405, 105)
    assert popup(page).locator("h2").inner_text() == "幸福家园 2号楼"
    assert popup(page).locator(".gp-chip").inner_text() == "8.0 min · served"
    assert rows(page) == {
        "Households": "60 (estimate)",
        "Residents": "180 (estimate)",
        "Nearest centre": "城东社区服务中心",
        "Straight line": "320 m",
        "Door to street": "8 m",
        "Community": "城东社区",
        "Id": "b2",
    }
    popup(page).locator(".gp-link").click()
    assert popup(page).locator("h2").inner_text() == "城东社区服务中心"


def test_popup_of_a_building_without_a_way(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.locator("[data-layer=clusters]").uncheck()
    click_at(page, 1720, 720)
    assert popup(page).locator(".gp-chip").inner_text() == "no way there · not served"
    assert rows(page)["Why not"] == "walled in without an open gate"
    assert rows(page)["Community"] == "in no unit"
    assert "Nearest centre" not in rows(page)


def test_popup_of_a_community_keeps_step_with_the_switch(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    click_at(page, 700, 700)
    assert popup(page).locator("h2").inner_text() == "城东社区"
    table = [row.inner_text().split("\t") for row in popup(page).locator("tbody tr").all()]
    assert table == [
        ["5 min", "50.0 %", "100 households"],
        ["10 min", "80.0 %", "40 households"],
        ["15 min", "100.0 %", "0 households"],
    ]
    assert popup(page).locator(".gp-chosen th").inner_text() == "15 min"
    assert rows(page)["Floor area of its centres"] == "620 m² of 900 m² needed"
    page.locator(".gp-minutes input").first.check()
    assert popup(page).locator(".gp-chosen th").inner_text() == "5 min"


def test_popup_of_a_centre_and_of_a_group(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    click_at(page, 240, 60)  # its second door
    assert popup(page).locator("h2").inner_text() == "城东社区服务中心"
    assert rows(page)["Tier"] == "Community centre"
    assert rows(page)["Kind"] == "Service centre"
    assert rows(page)["Nearest for, within 15 min"] == "200 households"
    click_at(page, 1520, 120)
    assert popup(page).locator("h2").inner_text() == "30 households"
    assert rows(page) == {"Households": "30", "Residents": "90", "Buildings": "1"}


def test_the_whole_disc_of_a_group_can_be_touched(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    show_only(page, "clusters")
    # a disc of seven digits is far wider than what is touched around its anchor
    x, y = page.evaluate("""() => {
      const {page, canvas, map, state} = geoplan.views[0];
      const layer = page.layers.clusters[state.limit];
      layer.households[0] = 1234567;
      canvas._draw();
      const p = map.latLngToContainerPoint(map.unproject([layer.anchors.x[0], layer.anchors.y[0]], 0));
      return [p.x, p.y];
    }""")
    page.mouse.click(x + 50, y)
    page.wait_for_timeout(100)
    assert page.locator(".gp-popup-body").count() == 0  # beside it
    page.mouse.click(x + 30, y)
    assert popup(page).locator("h2").inner_text() == "1,234,567 households"


def test_search_leads_to_estates_communities_centres_buildings_streets(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    titles = {"幸福": "幸福家园", "城西": "城西社区", "拟建": "拟建服务站", "3号": "3号楼", "解放": "解放路"}
    for query, title in titles.items():
        before = page.evaluate("() => geoplan.views[0].map.getCenter().toString()")
        page.locator(".gp-search-input").fill(query)
        page.locator(".gp-result").first.click()
        assert popup(page).locator("h2").inner_text() == title
        assert page.evaluate("() => geoplan.views[0].map.getCenter().toString()") != before
        assert colours(page).get("224,0,122", 0) > 50  # the rim of what is selected
        page.locator(".gp-clear").click()
        assert page.locator(".gp-popup-body").count() == 0


def test_search_by_keyboard(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.locator(".gp-search-input").focus()
    page.keyboard.type("社区")
    page.locator(".gp-result").first.wait_for()
    assert page.locator(".gp-result .gp-name").all_inner_texts() == ["城东社区", "城西社区", "城东社区服务中心"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator(".gp-result[aria-selected=true]").inner_text().startswith("城西社区")
    page.keyboard.press("Enter")
    assert popup(page).locator("h2").inner_text() == "城西社区"
    assert page.locator(".gp-results").is_hidden()
    page.keyboard.press("Escape")
    page.locator(".gp-search-input").fill("无此名")
    page.locator(".gp-results .gp-note").wait_for()
    assert page.locator(".gp-results").inner_text() == "Nothing of that name"


def test_a_street_is_found_once_and_shown_whole(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.locator(".gp-search-input").fill("解放路")
    page.locator(".gp-result").first.wait_for()
    assert page.locator(".gp-result").count() == 1
    page.locator(".gp-result").click()
    assert page.evaluate("() => geoplan.views[0].state.selected.all") == [0, 1]


def test_the_table_of_communities(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.get_by_text("Results by Community").click()
    table = [row.inner_text().split("\n") for row in page.locator(".gp-unit").all()]
    assert [row[0] for row in table] == ["Name", "城西社区", "城东社区", "in no unit"]
    assert [row[-1] for row in table] == ["Not served", "30", "0", "20"]
    page.locator("button.gp-unit").first.click()
    assert popup(page).locator("h2").inner_text() == "城西社区"


def test_what_must_stand_everywhere_stands(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    assert page.locator(".gp-warnings li").all_inner_texts() == ["synthetic data"]
    assert page.locator(".gp-credit").inner_text() == "© OpenStreetMap contributors"
    assert page.locator(".leaflet-control-scale-line").is_visible()
    page.get_by_text("How this was measured").click()
    basis = page.locator(".gp-fold .gp-rows > div").all_inner_texts()
    assert basis[0].split("\n") == ["Measured", "by walking time"]
    assert "Speed\n1 m/s" in basis
    assert any("15 min on foot" in text for text in basis)


def test_chinese_page(browser_page: OpenPage, tmp_path: Path) -> None:
    page = browser_page(save_map(coverage_map(FakeCoverage(), language="zh"), tmp_path / "zh.html"))
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.title() == "样例镇"
    assert page.locator("h1").inner_text() == "样例镇"


def test_a_phone(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english, width=390, height=844)
    assert page.locator(".gp-headline").is_visible()
    assert page.locator(".gp-legend").is_hidden()
    page.locator(".gp-toggle").click()
    assert page.locator(".gp-legend").is_visible()
    for target in (
        ".gp-toggle",
        ".gp-search-input",
        ".gp-minutes label",
        ".gp-layer",
        ".gp-fold > summary",
        ".leaflet-bar a",
    ):
        for node in page.locator(target).all():
            box = node.bounding_box()
            assert box is not None
            assert box["height"] >= 44, target
            assert box["width"] >= 44, target
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.locator(".gp-toggle").click()
    assert page.locator(".gp-legend").is_hidden()


def test_a_phone_turned_shows_the_wide_page(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english, width=390, height=844)
    page.set_viewport_size({"width": 900, "height": 600})
    page.wait_for_function("() => !document.querySelector('.gp-narrow')")
    assert page.locator(".gp-legend").is_visible()


def test_focus_is_seen(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.locator(".gp-search-input").focus()
    outlines = []
    for _ in range(6):
        page.keyboard.press("Tab")
        script = """() => {
          const node = document.activeElement;
          const face = node.type === "radio" ? node.nextElementSibling : node;
          return [node.tagName, getComputedStyle(face).outlineStyle, getComputedStyle(face).outlineWidth];
        }"""
        outlines.append(page.evaluate(script))
    assert all(style == "solid" and width == "3px" for _, style, width in outlines), outlines


HOSTILE = {
    "markup": "</script><script>alert(1)</script><img src=x onerror=alert(2)>]]>&lt;b&gt;<!--",
    "code": "`${alert(3)}` {{ 7 * 7 }}{% for %}{# #}\"';alert(4)//\\",
    "unicode": "\u202eمرحبا\u202c 👩‍👩‍👧😀 a\u2028b\u2029",
    "key": "__proto__",
    "long": "长" * 10_000,
}


def hostile_coverage(name: str) -> FakeCoverage:
    """The fake town with one name for everything that has one."""
    given = town()

    def renamed(table: Any, *columns: str) -> Any:
        return table.assign(**dict.fromkeys(columns, name))

    changed = replace(
        given,
        name=name,
        buildings=renamed(given.buildings, "name", "address"),
        facilities=renamed(given.facilities, "name", "kind", "address", "tier"),
        streets=renamed(given.streets, "name"),
        estates=renamed(given.estates, "name", "kind", "address"),
        gates=renamed(given.gates, "name"),
        barriers=renamed(given.barriers, "name", "kind"),
        green=renamed(given.green, "name", "kind"),
        levels=(Level(name, renamed(given.levels[0].table, "name", "code", "office")),),
        notices=(
            Notice("synthetic", msg("{text}", text=name), True),
            Notice("attribution", msg("{text}", text=f"{name}2"), True),
            Notice("other", msg("{text}", text=f"{name}3")),
        ),
    )
    walks = FakeCoverage().walks.rename(columns={"communities": name}).assign(reason=["", "", "", name, name, ""])
    return FakeCoverage(town=changed, walks=walks)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_names_are_shown_as_written(browser_page: OpenPage, tmp_path: Path, name: str) -> None:
    page = browser_page(save_map(coverage_map(hostile_coverage(name), language="en"), tmp_path / "map.html"))
    read = "(selector) => document.querySelector(selector).textContent"
    assert page.evaluate(read, "h1") == name
    assert page.evaluate("() => document.title") == " ".join(name.split(" "))
    assert page.evaluate(read, ".gp-warnings li") == name
    assert page.evaluate(read, ".gp-credit") == f"{name}2"
    assert page.evaluate(read, ".gp-notices li") == f"{name}3"
    assert name in page.evaluate("() => [...document.querySelectorAll('.gp-layer')].map((n) => n.textContent)")
    kinds = {"unit": name, "building": f"{name}", "facility": name, "estate": name, "gate": name, "street": name}
    for kind, title in kinds.items():
        page.evaluate("(kind) => geoplan.views[0].select({kind, index: 0, level: 0}, {move: true})", kind)
        assert page.evaluate(read, ".gp-popup-body h2") == title
    page.evaluate("() => geoplan.views[0].select({kind: 'building', index: 4, level: 0}, {move: true})")
    assert name in page.evaluate("() => [...document.querySelectorAll('.gp-popup-body dd')].map((n) => n.textContent)")
    page.locator(".gp-search-input").fill(name[:5])
    page.locator(".gp-result").first.wait_for()
    assert page.evaluate(read, ".gp-result .gp-name") == name
    assert page.evaluate("() => document.querySelectorAll('img, iframe, object').length") == 0
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 1400


def test_other_folium_layers_work_beside(browser_page: OpenPage, tmp_path: Path) -> None:
    made = coverage_map(FakeCoverage(), language="en")
    (south, west), (north, east) = (
        made.get_bounds() if None not in made.get_bounds()[0] else ((34.78, 117.0), (34.8, 117.03))
    )
    marker = folium.Marker([(south + north) / 2, (west + east) / 2], popup="my popup", tooltip="my tooltip")
    group = folium.FeatureGroup(name="my group").add_to(made)
    marker.add_to(group)
    folium.LayerControl().add_to(made)
    page = browser_page(save_map(made, tmp_path / "map.html"))
    image = page.locator(".leaflet-marker-icon")
    assert image.evaluate("(node) => node.complete && node.naturalWidth > 0")
    image.dispatch_event("click")
    page.get_by_text("my popup").wait_for()
    assert page.locator(".leaflet-control-layers").is_visible()


def test_the_frame_that_jupyter_shows(browser_page: OpenPage, tmp_path: Path) -> None:
    frame = tmp_path / "notebook.html"
    frame.write_text(
        f"<!DOCTYPE html><body>{coverage_map(FakeCoverage(), language='en')._repr_html_()}</body>", encoding="utf-8"
    )
    page = browser_page(frame, width=1000, height=700, ready="iframe")
    inner = page.frame_locator("iframe")
    inner.locator(".gp-figure").wait_for()
    assert inner.locator(".gp-counts").inner_text() == "200 of 250 households served"


def test_the_least_that_a_town_can_have(browser_page: OpenPage, tmp_path: Path) -> None:
    bare = town(streets=None, levels=(), estates=None, gates=None, barriers=None, green=None)
    coverage = FakeCoverage(town=bare, walks=FakeCoverage().walks.drop(columns="communities"))
    page = browser_page(save_map(coverage_map(coverage, language="en"), tmp_path / "map.html"))
    page.evaluate("() => geoplan.views[0].map.setZoom(17, {animate: false})")
    assert page.locator(".gp-counts").inner_text() == "200 of 250 households served"


def test_dragging_the_map_keeps_it_filled(browser_page: OpenPage, english: Path) -> None:
    page = browser_page(english)
    page.mouse.move(900, 450)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(900 - 30 * step, 450 - 12 * step)
    page.wait_for_timeout(100)
    page.mouse.up()
    page.wait_for_timeout(500)
    script = """() => {
      const [c, m] = [".gp-canvas", ".folium-map"].map((s) => document.querySelector(s).getBoundingClientRect());
      return c.left <= m.left && c.top <= m.top && c.right >= m.right && c.bottom >= m.bottom;
    }"""
    assert page.evaluate(script)
    click_at(page, 700, 700)
    assert popup(page).locator("h2").inner_text() == "城东社区"
