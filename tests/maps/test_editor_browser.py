"""The editor in Chromium without a network: estates moved by mouse and by keyboard, undone, downloaded, taken back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from paths import ROOT

from geoplan.cli import main

sys.path.insert(0, str(ROOT / "tests" / "project"))
from edits_world import write_project

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EDITOR = "geoplan.views[0].state.editor"
# Middle of each unit on the screen, where that point is the unit's and no control lies over it.
PLACES = """() => {
  const view = geoplan.views[0];
  const {editor} = view.state;
  return editor.middle.flatMap((xy, unit) => {
    const at = view.map.latLngToContainerPoint(view.map.unproject(L.point(...xy), 0));
    const hit = view.canvas.hit(view.map.containerPointToLatLng(at), 1);
    const top = document.elementFromPoint(at.x, at.y);
    const free = top && !top.closest(".gp-side, .leaflet-control");
    return hit && hit.index === unit && free ? [[editor.unitIds[unit], at.x, at.y]] : [];
  });
}"""


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert isinstance(caught.value.code, int)
    return caught.value.code, capsys.readouterr().out


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("town") / "town")


@pytest.fixture(scope="module")
def pages(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of today's communities in both languages."""
    found = {}
    for language in ("en", "zh"):
        out = tmp_path_factory.mktemp("out")
        with pytest.raises(SystemExit) as caught:
            main(["edit", str(project), "--out", str(out), "--language", language, "--quiet"])
        assert caught.value.code == 0
        found[language] = out / "edit" / "map.html"
    return found


def start(page: Page) -> None:
    page.locator(".gp-edit-start").click()
    page.locator(".gp-editor").wait_for()


def places(page: Page) -> dict[str, tuple[float, float]]:
    return {unit: (x, y) for unit, x, y in page.evaluate(PLACES)}


def part_of(page: Page, unit: str) -> str:
    return str(
        page.evaluate(
            f"id => {{const e = {EDITOR}; return e.session.parts[e.session.of[e.session.unitAt.get(id)]].id;}}", unit
        )
    )


def open_fold(page: Page, text: str) -> None:
    page.locator(".gp-editor summary", has_text=text).first.press("Enter")


def save(page: Page, tmp_path: Path, kind: str) -> Path:
    with page.expect_download() as info:
        page.locator(f".gp-download-{kind}").click()
    path = tmp_path / info.value.suggested_filename
    info.value.save_as(path)
    return path


def test_mouse_keyboard_undo_download_apply(
    browser_page: OpenPage, project: Path, pages: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = browser_page(pages["en"])
    start(page)
    # two by mouse: clicked, then given to the community that the editor suggests
    at = places(page)
    for unit in ("e4", "e5"):
        page.mouse.click(*at[unit])
    assert page.locator(".gp-chosen-line").inner_text() == "2 chosen, 200 households"
    assert page.locator(".gp-give select").input_value() == "A"
    page.locator(".gp-give .gp-primary").click()
    assert page.locator(".gp-said").inner_text() == "units given to 东社区: 2"
    live = page.locator(".gp-editor [aria-live=polite]")
    assert "200 households moved" in str(live.text_content())
    # a third by box
    page.locator(".gp-edit-tools input").nth(2).check(force=True)
    x, y = at["e6"]
    page.mouse.move(x - 10, y - 10)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10, steps=3)
    page.mouse.up()
    assert page.evaluate(f"[...{EDITOR}.chosen].map(u => {EDITOR}.unitIds[u])") == ["e6"]
    page.locator(".gp-give .gp-primary").click()
    assert part_of(page, "e6") == "A"
    # one by keyboard alone: find it in the list, choose the community, give it, write a note
    open_fold(page, "Units")
    page.locator(".gp-form input[type=search]").press_sequentially("e0")
    page.locator(".gp-unit-list").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".gp-give select").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".gp-give select").input_value() == "B"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert part_of(page, "e0") == "B"
    assert page.locator(".gp-editor summary", has_text="Warnings").inner_text() == ("Warnings (4, 2 of them new)")
    # e0 lies away from the rest of B and takes A's centre along: both are told at once
    assert page.locator(".gp-news p").all_inner_texts() == [
        "new: 东社区: no centre of its own",
        "new: 西社区: 2 pieces",
    ]
    # undone and done again, undone by keys
    page.keyboard.press("Control+z")
    assert part_of(page, "e0") == "A"
    page.keyboard.press("Control+y")
    assert part_of(page, "e0") == "B"
    page.locator(".gp-row button", has_text="Undo").click()
    assert part_of(page, "e0") == "A"
    open_fold(page, "Edits (2)")
    page.locator(".gp-history input").first.fill("=as agreed")
    page.locator(".gp-history input").first.blur()
    # taken back: JSON and CSV say the same, and Python finds the page's totals
    open_fold(page, "Files")
    files = [save(page, tmp_path, kind) for kind in ("json", "csv")]
    assert [path.name for path in files] == ["小镇 Today edits.json", "小镇 Today edits.csv"]
    raw = files[1].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert ",'=as agreed," in raw.decode("utf-8")
    for path in files:
        code, out = run(capsys, "apply-edits", project, path, "--out", tmp_path / "out", "--json", "--quiet")
        record = json.loads(out)
        assert code == 0
        assert (record["taken"], record["differences"], record["left"]) == (3, [], [])
        # 9 numbers of the whole and 6 shares of it; of each community 9 numbers, its name and 6 shares
        assert record["compared"] == 15 + 2 * 16
        assert [row["households"] for row in record["communities"]] == [640, 100]


def test_edits_are_kept_by_the_browser_and_loaded_back(
    browser_page: OpenPage, pages: dict[str, Path], tmp_path: Path
) -> None:
    page = browser_page(pages["en"])
    start(page)
    page.evaluate(f"{EDITOR}.session.give([4], 'A')")
    open_fold(page, "Files")
    path = save(page, tmp_path, "json")
    page.get_by_role("button", name="Back", exact=True).click()
    assert page.locator(".gp-redraw").is_visible()
    page.reload()
    page.wait_for_selector(".gp-panel")
    start(page)
    assert part_of(page, "e4") == "A"
    assert page.locator(".gp-said").inner_text() == "edits brought back from this browser: 1"
    page.evaluate(f"{EDITOR}.session.give([5], 'A')")
    open_fold(page, "Files")
    page.locator("input[type=file]").set_input_files(path)
    page.locator(".gp-said", has_text="edits loaded: 1").wait_for()
    assert part_of(page, "e5") == "B"
    page.locator(".gp-editor button", has_text="put aside").click()
    assert part_of(page, "e5") == "A"
    # a table is loaded like the other file, and what has been locked is told
    page.evaluate(f"{EDITOR}.session.setLocked('A', true); {EDITOR}.session.assign([...'AAAAAAAB'], {{}}, false)")
    table = save(page, tmp_path, "csv")
    page.evaluate(f"while ({EDITOR}.session.canUndo) {EDITOR}.undo()")
    page.locator("input[type=file]").set_input_files(table)
    page.locator(".gp-said", has_text="edits loaded: 4; edits that move units of a locked community: 4").wait_for()
    assert part_of(page, "e6") == "A"
    other = json.loads(path.read_text(encoding="utf-8"))
    other["plan"]["fingerprint"] = "0"
    path.write_text(json.dumps(other), encoding="utf-8")
    page.locator("input[type=file]").set_input_files(path)
    page.locator(".gp-said", has_text="another plan").wait_for()


def test_a_printed_sheet_shows_the_edited_plan(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    start(page)
    page.evaluate(f"window.print = () => {{}}; {EDITOR}.session.give([4], 'A')")
    page.get_by_role("button", name="Print", exact=True).click()
    page.locator(".gp-dialog .gp-primary").click()
    assert page.locator(".gp-sheet h1").text_content() == "小镇: Today, edited (edits: 1)"
    said = page.locator(".gp-sheet-head p").text_content() or ""
    assert said.startswith("2 communities, 100 households moved, 2 out of range")
    assert "Served within 5 / 10 / 15 min, own centre: 81.1 / 100.0 / 100.0 %" in said
    assert "1,000 to 3,000 households in each" in (page.locator(".gp-sheet-foot").text_content() or "")
    assert "In another community than today" in (page.locator(".gp-sheet-legend").text_content() or "")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    # without edits, and without the editor, the sheet is the plan's again
    page.locator(".gp-row button", has_text="Undo").click()
    page.get_by_role("button", name="Print", exact=True).click()
    page.locator(".gp-dialog .gp-primary").click()
    assert page.locator(".gp-sheet h1").text_content() == "小镇: Today"


def test_table_and_search_know_the_edited_plan(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    start(page)
    page.locator(".gp-all-figures").click()
    table = page.locator(".gp-table")

    def figures() -> list[list[str]]:
        return [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]

    assert table.locator("thead th").all_inner_texts() == [
        "Name",
        "Households",
        "People",
        "Moved in",
        "Moved in, share",
        "Pieces",
        "Centres",
        "Bound. km",
        "Walk (min)",
        "Any 5/10/15",
        "Own 5/10/15",
    ]
    assert figures()[0][:7] == ["西社区", "400", "1,000", "0", "0.0 %", "1", "1"]
    page.evaluate(f"{EDITOR}.session.create([4], 'Neu'); {EDITOR}.session.rename('A', '首社区')")
    assert figures()[:2] == [
        [
            "首社区",
            "340",
            "850",
            "0",
            "0.0 %",
            "1",
            "1",
            "0.1",
            "2.3",
            "88.2 / 100.0 / 100.0 %",
            "88.2 / 100.0 / 100.0 %",
        ],
        [
            "西社区",
            "300",
            "750",
            "0",
            "0.0 %",
            "1",
            "1",
            "0.1",
            "1.9",
            "100.0 / 100.0 / 100.0 %",
            "100.0 / 100.0 / 100.0 %",
        ],
    ]
    wide = page.evaluate(
        "['.gp-table-scroll', '.gp-editor .gp-scroll'].map((name) => document.querySelector(name))"
        ".map((node) => node.scrollWidth - node.clientWidth)"
    )
    assert wide == [0, 0]
    # search: communities as they are called now, with households; old names lead nowhere
    search = page.locator(".gp-search-input")
    search.fill("Neu")
    page.locator(".gp-result").first.wait_for()
    assert page.locator(".gp-result .gp-kind").all_inner_texts() == ["Community · 100 households"]
    page.locator(".gp-result").click()
    assert page.locator(".gp-popup h2").inner_text() == "Neu"
    assert (
        "100.0 / 100.0" in page.locator(".gp-popup").inner_text()
        or "0.0 / 100.0" in page.locator(".gp-popup").inner_text()
    )
    search.fill("东社区")
    page.locator(".gp-results .gp-note").wait_for()
    search.press("Escape")
    # the plain page has its own table and names again
    page.get_by_role("button", name="Back", exact=True).click()
    assert figures()[0][0] == "西社区"
    assert len(figures()) == 2


def test_controls_stay_in_their_place_when_warnings_come(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    start(page)
    give = page.locator(".gp-give .gp-primary")
    before = give.bounding_box()
    page.evaluate(f"{EDITOR}.answer({EDITOR}.session.give([0, 2], 'B'))")
    assert page.locator(".gp-news p").count() == 3
    assert give.bounding_box() == before


def test_another_tab_that_saves_is_told(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    start(page)
    other = page.context.new_page()
    other.goto(pages["en"].as_uri())
    other.wait_for_selector(".gp-panel")
    start(other)
    other.evaluate(f"{EDITOR}.session.give([4], 'A'); {EDITOR}.save()")
    page.locator(".gp-said", has_text="another tab has saved edits of this plan").wait_for()


def test_an_anonymised_page_finds_its_plan_back(
    browser_page: OpenPage, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(capsys, "edit", project, "--out", out, "--anonymise", "--language", "en", "--quiet")[0] == 0
    page = browser_page(out / "edit" / "map.html")
    assert json.loads((out / "edit" / "plans.json").read_text(encoding="utf-8"))["plans"][0]["anonymise"]
    start(page)
    page.evaluate(f"{EDITOR}.session.give([4], 'A')")
    open_fold(page, "Files")
    path = save(page, tmp_path, "json")
    code, text = run(capsys, "apply-edits", project, path, "--out", out, "--json", "--quiet")
    assert (code, json.loads(text)["differences"]) == (0, [])


def test_a_browser_that_keeps_nothing_says_so(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    page.evaluate("Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    start(page)
    open_fold(page, "Files")
    assert page.locator(".gp-form .gp-note", has_text="keeps nothing").count() == 1


def test_a_phone_shows_the_town_above_the_panel_however_it_is_held(
    browser_page: OpenPage, pages: dict[str, Path]
) -> None:
    page = browser_page(pages["en"], width=390, height=844)
    lowest = """() => {
      const {map, page} = geoplan.views[0];
      return map.latLngToContainerPoint(L.latLng(...page.bounds[0])).y;
    }"""
    top = "() => document.querySelector('.gp-panel:not([hidden])').getBoundingClientRect().top"

    def covers() -> float:
        return float(page.evaluate(lowest)) - float(page.evaluate(top))

    assert covers() <= 0
    page.locator(".gp-to-bar").first.click()
    assert page.evaluate("() => document.querySelector('.gp-panel').offsetHeight") <= 48
    assert covers() <= 0
    page.get_by_role("button", name="Show the panel").click()
    assert covers() <= 0
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function("() => geoplan.views[0].map.getSize().x === 844")
    assert 0 < page.evaluate(lowest) < 390
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => geoplan.views[0].map.getSize().x === 390")
    assert covers() <= 0
    start(page)
    assert covers() <= 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_a_phone_every_target_is_large_and_in_words(
    browser_page: OpenPage, pages: dict[str, Path], language: str
) -> None:
    page = browser_page(pages[language], width=390, height=844)
    start(page)
    page.touchscreen.tap(*next(iter(places(page).values())))
    assert page.evaluate(f"{EDITOR}.chosen.size") == 1
    page.locator(".gp-editor .gp-toggle").click()
    page.evaluate("document.querySelectorAll('.gp-editor details').forEach((node) => (node.open = true))")
    small = page.evaluate(
        """() => [...document.querySelectorAll(".gp-editor :is(button, select, summary, .gp-input)")]
        .filter((node) => node.offsetParent && node.getBoundingClientRect().height < 44)
        .map((node) => node.outerHTML)"""
    )
    assert small == []
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(".gp-editor :is(button, select, input:not([type=file]))")]
        .filter((node) => node.offsetParent && !node.textContent && !node.ariaLabel && !node.labels?.length).length"""
    )
    assert nameless == 0


def test_brushing_chooses_what_is_passed_over(browser_page: OpenPage, pages: dict[str, Path]) -> None:
    page = browser_page(pages["en"])
    start(page)
    page.locator(".gp-edit-tools input").nth(1).check(force=True)
    at = places(page)
    page.mouse.move(*at["e4"])
    page.mouse.down()
    page.mouse.move(*at["e6"])  # in one leap: what lies between is passed over, too
    page.mouse.up()
    assert page.evaluate(f"[...{EDITOR}.chosen].sort()") == [4, 5, 6]
    page.keyboard.press("Escape")
    assert page.evaluate(f"{EDITOR}.chosen.size") == 0


@pytest.mark.slow
def test_the_sample_county_from_proposals_to_totals(
    browser_page: OpenPage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    county = ROOT / "sample_data" / "county"
    out = tmp_path / "out"
    code, _ = run(
        capsys,
        "propose",
        county,
        "--lower",
        1500,
        "--upper",
        4500,
        "--parts",
        21,
        "--effort",
        20,
        "--out",
        out,
        "--quiet",
    )
    assert code == 0
    page = browser_page(out / "propose" / "map.html")
    page.locator(".gp-choice input").nth(1).check(force=True)
    start(page)
    before: dict[str, Any] = page.evaluate(f"{EDITOR}.session.totals()")
    given = 0
    for at in list(places(page).values())[20:120]:
        page.mouse.click(*at)
        if page.evaluate(f"{EDITOR}.beside().length") and given < 3:
            page.locator(".gp-give .gp-primary").click()
            given = int(page.evaluate(f"{EDITOR}.session.done.length"))
        else:
            page.keyboard.press("Escape")
        if given == 3:
            break
    page.locator(".gp-editor summary").nth(2).press("Enter")
    page.locator(".gp-unit-list").focus()
    page.keyboard.press("End")
    page.locator(".gp-give .gp-primary").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(f"{EDITOR}.session.done.length") == 4
    page.keyboard.press("Control+z")
    page.evaluate("document.querySelectorAll('.gp-editor details').forEach((part) => { part.open = true; })")
    path = save(page, tmp_path, "json")
    assert page.evaluate(f"{EDITOR}.session.totals()") != before
    code, text = run(capsys, "apply-edits", county, path, "--out", out, "--json", "--quiet")
    record = json.loads(text)
    assert (code, record["differences"], record["edits"]) == (0, [], 3)
    assert record["compared"] > 200
