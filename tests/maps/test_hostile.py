"""Names are data: a corpus of hostile ones in every attribute of every layer, shown as written, and nothing runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake import CRS, X0, Y0
from geopandas import GeoDataFrame
from shapely import Point
from test_browser import HOSTILE, hostile_coverage
from test_proposals import proposals
from test_proposals import town as redrawn_town

from geoplan.errors import msg
from geoplan.maps import coverage_map, proposal_map, save_map
from geoplan.model import Notice

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from geoplan.partition.propose import Proposal

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OpenPage = Callable[..., "Page"]

TEXTS = """(selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent)"""
# A tooltip of the button shows it, too; markup would be elements that no page of geoplan has.
MARKUP = "img, iframe, object, embed, script[src], b > script, i:not(.gp-gates i)"


def said(page: Page, selector: str) -> list[str]:
    return page.evaluate(TEXTS, selector)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_table_legend_sheet_and_density(browser_page: OpenPage, tmp_path: Path, name: str) -> None:
    points = {name: GeoDataFrame(geometry=[Point(X0 + 500, Y0 + 500)], crs=CRS)}
    page_ = coverage_map(hostile_coverage(name), language="en", points=points, date=name)
    page = browser_page(save_map(page_, tmp_path / "map.html"))
    assert name in said(page, ".gp-layer .gp-name")
    page.get_by_role("button", name="Table", exact=True).click()
    for sheet in range(4):
        page.locator(".gp-table select").select_option(str(sheet))
        assert name in said(page, ".gp-table tbody th .gp-name")
    page.evaluate("""() => {
      window.print = () => (window.printed = true);
      document.querySelector(".gp-dialog .gp-primary").click();
    }""")
    assert page.evaluate("() => window.printed")
    assert said(page, ".gp-sheet h1") == [name]
    assert name in "".join(said(page, ".gp-sheet-foot"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as picture (PNG)").click()
    assert len(download.value.suggested_filename) <= 64
    assert page.locator(MARKUP).count() == 0


def hostile_proposals(name: str, folder: Path) -> Path:
    """A page of proposals on which everything has that name."""

    def hostile(proposal: Proposal) -> Proposal:
        changes = proposal.changes.assign(reason=[msg("{text}", text=name)] * len(proposal.changes))
        partition = proposal.partition
        units = partition.units
        table = units.table.assign(name=name)
        named = replace(partition, units=replace(units, table=table), names=dict.fromkeys(partition.names, name))
        notices = (Notice("synthetic", msg("{text}", text=name), everywhere=True),)
        return replace(proposal, name=name, changes=changes, partition=named, notices=notices)

    made = proposal_map([hostile(p) for p in proposals()], town=replace(redrawn_town(), name=name), language="en")
    return save_map(made, folder / "map.html")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_every_text_of_a_proposal(browser_page: OpenPage, tmp_path: Path, name: str) -> None:
    page = browser_page(hostile_proposals(name, tmp_path))
    assert said(page, ".gp-title h1") == [name]
    assert said(page, ".gp-warnings li") == [name]
    assert [text for text in said(page, ".gp-choice b") if name in text] == [f"1 {name}", f"2 {name}"]
    page.locator(".gp-swipe-switch input").check()
    assert said(page, ".gp-swipe-names span") == ["Today", f"1 {name}"]
    page.evaluate("() => geoplan.views[0].select({kind: 'unit', index: 4, level: 0}, {move: true})")
    assert said(page, ".gp-popup-body h2") == [name]
    assert name in said(page, ".gp-popup-body dd")  # the reason
    page.get_by_role("button", name="Table", exact=True).click()
    assert set(said(page, ".gp-table tbody th .gp-name")) == {name}
    page.locator(".gp-table select").select_option("1")
    assert set(said(page, ".gp-table tbody th .gp-name")) == {name}
    assert page.locator(MARKUP).count() == 0


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_every_text_of_the_editor(browser_page: OpenPage, tmp_path: Path, name: str) -> None:
    page = browser_page(hostile_proposals(name, tmp_path))
    page.locator(".gp-choice input").nth(1).check(force=True)
    page.locator(".gp-edit-start").click()
    editor = "geoplan.views[0].state.editor"
    page.evaluate("document.querySelectorAll('.gp-editor details').forEach((node) => (node.open = true))")
    assert name in "".join(said(page, ".gp-editor h1"))
    # a unit at a boundary
    page.evaluate(
        f"() => [...{editor}.unitIds.keys()].find((unit) => ({editor}.choose([unit]), {editor}.beside().length))"
    )
    page.locator(".gp-give .gp-primary").click()
    part = page.evaluate(f"() => {editor}.session.done[0].to")
    assert said(page, ".gp-said") == [f"units given to {name}: 1"]
    rename = page.locator(".gp-editor input[type=text].gp-input").first
    for typed in (name, f"{name}2"):
        page.evaluate(f"part => {editor}.answer({editor}.session.rename(part, 'plain'))", part)
        rename.fill(typed)
        page.locator(".gp-editor .gp-form label", has_text="Community").locator("select").first.select_option(part)
        page.get_by_role("button", name="Rename", exact=True).click()
    shown = rename.input_value().strip()  # a line of input holds no line breaks
    assert said(page, ".gp-said") == [f"plain is now {shown}"]
    page.locator(".gp-history input").first.fill(name)
    page.locator(".gp-history input").first.blur()
    assert shown in said(page, ".gp-editor tbody th .gp-line-button")
    assert shown in said(page, ".gp-give option")
    assert any(name in text for text in said(page, ".gp-unit-list option"))
    kept = page.evaluate(f"() => {editor}.document()")
    page.evaluate(f"doc => {editor}.load(JSON.stringify(doc))", kept)
    assert page.evaluate(f"() => {editor}.document()") == kept
    with page.expect_download() as download:
        page.locator(".gp-download-csv").click()
    assert 0 < len(download.value.suggested_filename) <= 90
    assert page.locator(MARKUP).count() == 0
