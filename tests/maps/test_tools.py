"""Measuring, table, print, picture, swiping, cases, density and basemaps, in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fake import CRS, X0, Y0, FakeCase, FakeCoverage, data_of, town
from geopandas import GeoDataFrame, points_from_xy
from shapely import MultiPolygon
from test_proposals import proposals
from test_proposals import town as redrawn_town

from geoplan.errors import InputError
from geoplan.maps import coverage_map, proposal_map, render_map, save_map
from geoplan.read.datums import gcj02_from_wgs84
from geoplan.standards import load_profile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]
FAST = FakeCase()
SLOW = FakeCase(profile="older")


@dataclass(frozen=True)
class TwoCases(FakeCoverage):
    """The planner, and older people for whom every walk takes twice as long."""

    cases: tuple[FakeCase, ...] = (FAST, SLOW)

    def profile(self, case: Any) -> Any:
        return load_profile(case.profile)

    def of(self, case: Any) -> FakeCoverage:
        slower = self.walks.assign(cost=self.walks["cost"] * 2)
        return FakeCoverage(walks=slower) if case == SLOW else FakeCoverage()

    def buildings(self, case: Any) -> Any:
        return self.of(case).buildings(case)

    def summary(self, level: str, case: Any) -> Any:
        return self.of(case).summary(level, case)

    def total(self, case: Any) -> Any:
        return self.of(case).total(case)


METRES = FakeCase(mode="distance", centre="own")


@dataclass(frozen=True)
class ByDistance(TwoCases):
    """Also by distance to own centres, where no unit has any."""

    cases: tuple[FakeCase, ...] = (FAST, METRES)

    def summary(self, level: str, case: Any) -> Any:
        table = super().summary(level, case)
        return (
            table.rename(columns=lambda name: name.replace("p50_min", "p50_m").replace("p90_min", "p90_m"))
            if case == METRES
            else table
        )

    def isochrones(self, case: Any) -> Any:
        table = super().isochrones(case)
        return table.set_geometry([MultiPolygon()] * len(table), crs=table.crs) if case == METRES else table


def complaints() -> GeoDataFrame:
    rng = np.random.default_rng(1)
    x, y = rng.normal(X0 + 500, 60, 50), rng.normal(Y0 + 500, 60, 50)
    return GeoDataFrame({"who": ["Zhang San"] * 50}, geometry=points_from_xy(x, y), crs=CRS)


def test_points_are_written_without_attributes_whatever_their_order() -> None:
    given = complaints()
    html = render_map(coverage_map(FakeCoverage(), points={"Complaints": given}))
    assert render_map(coverage_map(FakeCoverage(), points={"Complaints": given[::-1]})) == html
    layer = data_of(html)["layers"]["points"]
    assert [(one["name"], one["geometry"]["count"]) for one in layer] == [("Complaints", 50)]
    assert "Zhang" not in str(layer)
    with pytest.raises(InputError, match="table of points"):
        coverage_map(FakeCoverage(), points={"Complaints": given.assign(geometry=given.buffer(5))})


def test_a_basemap_loosens_the_policy_for_its_host_only(monkeypatch: pytest.MonkeyPatch) -> None:
    html = render_map(coverage_map(FakeCoverage(), basemap="osm"))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data: https://tile.openstreetmap.org; script-src 'sha256-")
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    with pytest.raises(InputError, match="TIANDITU_KEY"):
        coverage_map(FakeCoverage(), basemap="tianditu")
    monkeypatch.setenv("TIANDITU_KEY", "a-key")
    tiles = data_of(render_map(coverage_map(FakeCoverage(), basemap="tianditu")))["basemap"]["tiles"]
    assert all(address.endswith("&tk=a-key") for address in tiles)
    with pytest.raises(InputError, match="tianditu, osm, amap"):
        coverage_map(FakeCoverage(), basemap="bing")


SHIFTS = [("cgcs2000", "amap", True), ("gcj02", "amap", False), ("wgs84", "osm", False), ("unknown", "amap", True)]


@pytest.mark.parametrize(("datum", "basemap", "shift"), SHIFTS)
def test_the_display_is_shifted_only_where_data_and_tiles_differ(datum: str, basemap: str, shift: bool) -> None:
    html = render_map(coverage_map(FakeCoverage(town=town(datum=datum)), basemap=basemap))
    plain = render_map(coverage_map(FakeCoverage(town=town(datum=datum))))
    assert data_of(html)["basemap"]["shift"] is shift
    assert data_of(html)["layers"] == data_of(plain)["layers"]  # the data stay as they are
    assert "basemap" not in data_of(plain)


def test_data_are_never_turned_back_from_a_shifted_datum() -> None:
    with pytest.raises(InputError, match="datum"):
        coverage_map(FakeCoverage(town=town(datum="gcj02")), basemap="osm")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = coverage_map(TwoCases(), language="en", points={"Complaints": complaints()}, date="2026-11-27")
    return save_map(page, tmp_path_factory.mktemp("maps") / "en.html")


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = proposal_map(proposals(), town=redrawn_town(), language="en", date="2026-11-27")
    return save_map(page, tmp_path_factory.mktemp("maps") / "redrawn.html")


DRAWN = """() => {
  geoplan.views[0].canvas._draw();
  const drawn = document.querySelector(".gp-canvas");
  const c = Object.assign(document.createElement("canvas"), {width: drawn.width, height: drawn.height});
  const ctx = c.getContext("2d", {willReadFrequently: true});
  ctx.drawImage(drawn, 0, 0);
  return {c, data: ctx.getImageData(0, 0, c.width, c.height).data};
}"""


def show_only(page: Page, layer: str) -> None:
    script = """(layer) => document.querySelectorAll("[data-layer]").forEach((box) => {
      if (box.checked !== (box.dataset.layer === layer)) box.click();
    })"""
    page.evaluate(script, layer)


def tool(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def at(page: Page, east_m: float, north_m: float) -> tuple[float, float]:
    import pyproj

    lon, lat = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform(X0 + east_m, Y0 + north_m)
    script = f"() => {{const p = geoplan.views[0].map.latLngToContainerPoint([{lat}, {lon}]); return [p.x, p.y]}}"
    x, y = page.evaluate(script)
    return x, y


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
class TestInABrowser:
    def test_who_walks_can_be_switched_over_one_geometry(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        assert page.locator(".gp-counts").inner_text() == "200 of 250 households served"
        pick = page.locator(".gp-case select")
        assert len(pick.locator("option").all()) == 2
        pick.select_option("1")
        # twice 120 s, 480.5 s, 900 s, 1,400 s: within 15 min are the first alone, and at 16 min no longer the second
        assert page.locator(".gp-counts").inner_text() == "100 of 250 households served"
        page.get_by_text("How this was measured").click()
        assert load_profile("older").name["en"] in page.locator(".gp-fold .gp-rows").inner_text()
        pick.select_option("0")
        assert page.locator(".gp-counts").inner_text() == "200 of 250 households served"

    def test_measuring_by_mouse_and_by_keyboard(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        tool(page, "Measure lengths and areas").click()
        for place in ((500, 400), (900, 400), (900, 700)):
            page.mouse.click(*at(page, *place))
        page.locator(".gp-measured", has_text="ha").wait_for()  # a crowded machine handles a click late
        told = page.locator(".gp-measured").inner_text()
        length, area = re.findall(r"[\d.,]+", told)
        assert float(length) == pytest.approx(700, rel=0.02)
        assert float(area) == pytest.approx(6.0, rel=0.03)
        assert page.locator(".gp-popup-body").count() == 0
        page.keyboard.press("Escape")
        assert page.locator(".gp-measured").is_hidden()
        tool(page, "Measure lengths and areas").press("Enter")
        page.keyboard.press("Enter")
        for _ in range(2):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(400)
        page.keyboard.press("Enter")
        page.locator(".gp-measured", has_text=re.compile(r"^[\d,]+ m$")).wait_for()

    def test_the_table_keeps_step_with_the_map(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        tool(page, "Table").click()
        table = page.locator(".gp-table")

        def column(number: int) -> list[str]:
            return [row.locator("th, td").nth(number).inner_text() for row in table.locator("tbody tr").all()]

        assert (column(0), column(1)) == (["城西社区", "城东社区"], ["30", "0"])
        table.get_by_role("button", name="Households", exact=True).click()
        assert column(0) == ["城东社区", "城西社区"]
        assert table.locator("th[aria-sort=descending]").inner_text().startswith("Households")
        table.get_by_role("button", name="城东社区").click()
        assert page.locator(".gp-popup-body h2").inner_text() == "城东社区"
        assert table.locator("tr.gp-chosen th").inner_text() == "城东社区"
        table.locator("select").select_option(label="Buildings")
        assert len(column(0)) == 6
        page.evaluate("() => geoplan.views[0].map.setZoom(18, {animate: false})")
        table.get_by_label("Only what the map shows").check()
        assert len(column(0)) < 6
        page.keyboard.press("Escape")

    def test_the_sheet_is_one_whole_page(self, browser_page: OpenPage, english: Path, tmp_path: Path) -> None:
        page = browser_page(english)
        page.evaluate("() => (window.print = () => (window.printed = true))")
        tool(page, "Print").click()
        page.get_by_label("A3").check()
        page.locator(".gp-dialog").get_by_role("button", name="Print").click()
        assert page.evaluate("() => window.printed")
        text = page.locator(".gp-sheet").text_content() or ""
        parts = ["样例镇", "As of 2026-11-27", "Printed on", "Legend", "synthetic data", "© OpenStreetMap"]
        for part in [*parts, "Buildings by walking time"]:
            assert part in text, part
        assert "Share served as colour" not in text  # a layer that is not shown
        made = page.pdf(path=tmp_path / "a3.pdf", prefer_css_page_size=True, print_background=True)
        assert re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made) != []
        if shutil.which("pdfinfo"):
            told = subprocess.run(["pdfinfo", tmp_path / "a3.pdf"], capture_output=True, text=True, check=True).stdout
            assert re.search(r"Pages:\s+1\n", told)
            assert re.search(r"Page size:\s+119[01]\.\d+ x 841\.\d+", told)
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert page.locator(".gp-sheet").count() == 0

    def test_a_picture_has_the_towns_name(self, browser_page: OpenPage, english: Path, tmp_path: Path) -> None:
        page = browser_page(english)
        with page.expect_download() as download:
            tool(page, "Save as picture (PNG)").click()
        assert download.value.suggested_filename == "样例镇.png"
        download.value.save_as(tmp_path / "map.png")
        assert (tmp_path / "map.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert (tmp_path / "map.png").stat().st_size > 20_000

    def test_density_is_darkest_where_the_points_are(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        show_only(page, "points0")
        x, y = at(page, 500, 500)
        colour = f"""([x, y]) => {{
          const {{c, data}} = ({DRAWN})();
          const m = document.querySelector(".gp-canvas").getBoundingClientRect();
          const i = 4 * (Math.round(y - m.top) * c.width + Math.round(x - m.left));
          return [...data.slice(i, i + 4)];
        }}"""
        middle = page.evaluate(colour, [x, y])
        assert middle[1] < 80  # towards the dark red end
        far_x, far_y = at(page, 1500, 800)
        far = page.evaluate(colour, [far_x, far_y])
        assert sum(far[:3]) > 600 or far[3] == 0

    def test_hatching_tells_classes_apart(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        show_only(page, "buildings")
        count = f"""() => {{
          const {{data}} = ({DRAWN})();
          let found = 0;
          for (let i = 0; i < data.length; i += 4) found += data[i] === 204 && data[i + 1] === 76 && data[i + 2] === 2;
          return found;
        }}"""
        before = page.evaluate(count)
        page.locator("[data-layer=hatching]").check()
        assert 0 < page.evaluate(count) < 0.9 * before

    def test_the_legend_names_the_mode_of_the_case_shown(self, browser_page: OpenPage, tmp_path: Path) -> None:
        page = browser_page(save_map(coverage_map(ByDistance(), language="en"), tmp_path / "modes.html"))
        legend = page.locator(".gp-legend")
        assert "Buildings by walking time" in legend.inner_text()
        assert "Service circles 15 min" in legend.inner_text()
        page.locator(".gp-case select").select_option("1")
        said = legend.inner_text()
        for words in (
            "Buildings by walking distance",
            "up to 300 m",
            "over 1,000 m",
            "Service circles 1,000 m: none, no unit has a centre of its own",
        ):
            assert words in said
        assert " min" not in said

    def test_swiping_shows_today_on_the_left(self, browser_page: OpenPage, redrawn: Path) -> None:
        page = browser_page(redrawn)
        differs = """() => {
          const {canvas, state, map} = geoplan.views[0];
          const shot = () => new Uint32Array((DRAWN)().data.buffer);
          const swipe = state.swipe;
          const both = shot();
          state.swipe = null;
          const right = shot(), chosen = state.chosen;
          state.chosen = 0;
          const left = shot();
          state.chosen = chosen;
          state.swipe = swipe;
          const wide = document.querySelector(".gp-canvas").width;
          const at = 120 + swipe * (wide - 240);
          let wrong = 0, told = 0;
          both.forEach((p, i) => {
            const x = i % wide;
            if (Math.abs(x - at) < 2) return;
            if (left[i] !== right[i]) told++;
            if (p !== (x < at ? left[i] : right[i])) wrong++;
          });
          return [wrong, told];
        }""".replace("DRAWN", DRAWN)
        page.locator(".gp-swipe-switch input").check()
        page.locator(".gp-swipe-range").focus()
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        assert page.evaluate("() => geoplan.views[0].state.swipe") == pytest.approx(0.62)
        wrong, told = page.evaluate(differs)
        assert told > 1000
        assert wrong < 0.02 * told
        assert page.locator(".gp-swipe-names").inner_text().split("\n")[0] == "Today"
        page.locator(".gp-choice input").first.check()
        assert page.locator(".gp-swipe").is_hidden()

    def test_tools_are_large_enough_and_seen(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english, width=390, height=844)
        for node in page.locator(".gp-tool").all():
            box = node.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        tool(page, "Table").click()
        assert page.locator(".gp-table").is_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Tab")
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"

    def test_a_basemap_is_asked_alone_and_the_town_is_drawn_without(self, chromium: Browser, tmp_path: Path) -> None:
        places = {}
        for basemap in (None, "amap"):
            path = save_map(coverage_map(FakeCoverage(), language="en", basemap=basemap), tmp_path / "map.html")
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            asked: list[str] = []
            page.route("**/*", lambda r: r.continue_() if r.request.url.startswith("file:") else r.abort())
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_selector(".gp-panel")
            places[basemap] = page.evaluate("""() => {
              const {page, map} = geoplan.views[0];
              const g = page.layers.facilities.geometry;
              const {lat, lng} = map.unproject([g.x[0], g.y[0]], 0);
              return [lng, lat];
            }""")
            hosts = {address.split("/")[2] for address in asked if not address.startswith("file:")}
            assert all(host.endswith(".is.autonavi.com") for host in hosts)
            assert bool(hosts) == (basemap is not None)
            assert page.locator(".gp-credit", has_text="needs a network").count() == (basemap is not None)
            page.close()
        lon, lat = gcj02_from_wgs84(*places[None])
        assert places["amap"] == pytest.approx([float(lon), float(lat)], abs=1e-9)
