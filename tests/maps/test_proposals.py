"""The page of proposals, on a town drawn by hand: eight estates of 100 households, West holds six and East two."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import handmade
import pandas as pd
import pytest
from fake import data_of
from shapely import LineString, box

from geoplan.errors import InputError, msg
from geoplan.maps import proposal_map, render_map, save_map
from geoplan.maps.proposals import proposal_content
from geoplan.model import Notice, Town
from geoplan.partition.measures import Limits, measure_partition
from geoplan.partition.movedbound import Bound
from geoplan.partition.plan import Partition, today
from geoplan.partition.propose import Proposal
from geoplan.partition.reasons import CHANGES
from geoplan.places.units import build_units

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
HOSTILE = "</script><img src=x onerror=alert(1)>"
LIMITS = Limits(lower=250, upper=450, target=400)
NOBODY = pd.DataFrame({"kind": [], "part": [], "units": []})


@cache
def town() -> Town:
    """Estates exy of 100 m, x from 0 to 3 and y from 0 to 1; that at the east end of the first row is called badly."""
    cells = {f"e{x}{y}": box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x in range(4) for y in range(2)}
    names = {key: f"Estate {key}" for key in cells} | {"e20": HOSTILE}
    return handmade.town(
        name="Little & <b>Town</b>",
        levels=(handmade.level("communities", {"W": box(0, 0, 300, 200), "X": box(300, 0, 400, 200)}),),
        estates=handmade.estates({key: {"geometry": cell, "name": names[key]} for key, cell in cells.items()}),
        buildings=handmade.buildings(
            {
                f"b{key}": {"at": cell.centroid.coords[0], "households": 100.0, "estate": key}
                for key, cell in cells.items()
            }
        ),
        streets=handmade.streets({"s": {"geometry": LineString([(0, 100), (400, 100)])}}),
        green=handmade.green({"p": {"geometry": box(110, 10, 190, 90), "name": "Park", "kind": "park"}}),
    )


def proposal(name: str, partition: Partition, moved: list[str], bound: float | None) -> Proposal:
    base = today(partition.units)
    rows = [
        {
            "unit": unit,
            "name": partition.units.table["name"][unit],
            "households": 100.0,
            "from": "W",
            "to": partition.part_of[unit],
            "rule": "too_large",
            "reason": msg("{name} is too large", name=HOSTILE),
            "shared_m": 100.0,
            "walk_before_min": 3.0,
            "walk_after_min": float("nan"),
            "undoing_breaks": (msg("W would be too large"), msg("X would be too small")),
        }
        for unit in moved
    ]
    return Proposal(
        name=name,
        favours=name,
        partition=partition,
        changes=pd.DataFrame(rows, columns=list(CHANGES)),
        before=measure_partition(base, limits=LIMITS),
        after=measure_partition(partition, limits=LIMITS),
        enclaves_before=pd.DataFrame({"kind": ["notch"], "part": ["W"], "units": [("e20",)]}),
        enclaves_after=NOBODY,
        bound=None if bound is None else Bound(bound, (), False, bound, 1, "work"),
        split_estates=(),
        limits=LIMITS,
        feasible=True,
        reasons=(),
        stopped_by="work",
        seed=0,
        effort=1,
        notices=(Notice("synthetic", msg("drawn by hand"), everywhere=True),),
    )


@cache
def proposals() -> tuple[Proposal, ...]:
    """One moves the two estates beside East there; one moves the two of the west end into a community of their own."""
    base = today(build_units(town()))
    units = base.units.table.index
    one = base.moved([unit for unit in units if unit.startswith("e2")], "X")
    two = one.moved([unit for unit in units if unit.startswith("e0")], "new-1")
    second = ["e00", "e01", "e20", "e21"]
    return proposal("moved", one, ["e20", "e21"], 150.0), proposal("even", two, second, 150.0)


@cache
def html() -> str:
    return render_map(proposal_map(proposals(), town=town(), language="en"))


def test_the_units_are_written_once_and_the_parts_as_columns() -> None:
    data = data_of(html())
    assert data["units"]["geometry"]["count"] == 8
    assert [a["key"] for a in data["alternatives"]] == ["today", "moved", "even"]
    assert [a["measures"]["parts"] for a in data["alternatives"]] == [2, 2, 3]
    assert [a["measures"]["moved"] for a in data["alternatives"]] == [None, 200.0, 400.0]
    assert [a["measures"]["gap"] for a in data["alternatives"]] == [None, 0.25, 0.625]
    # West has 600 of at most 450, East 200 of at least 250; then 400 and 400; then 200, 400 and 200
    assert [a["measures"]["outside"] for a in data["alternatives"]] == [2, 0, 2]
    assert all("geometry" not in a and "geometry" not in a["parts"] for a in data["alternatives"])


def test_nothing_is_fetched_and_only_own_scripts_run() -> None:
    page = html()
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=", page) == []
    assert re.findall(r"url\((?!data:|#)", page) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    assert "unsafe" not in policy[1]


def test_the_same_proposals_give_the_same_bytes() -> None:
    assert render_map(proposal_map(proposals(), town=town(), language="en")) == html()
    turned = [replace(p, changes=p.changes.iloc[::-1]) for p in proposals()]
    assert render_map(proposal_map(turned, town=town(), language="en")) == html()


def test_without_a_town_there_is_a_title_and_no_streets() -> None:
    content = proposal_content(proposals(), language="en")
    assert content["title"] == "Proposals for new boundaries"
    assert content["layers"] == {}


def test_what_cannot_be_is_said_and_today_shown() -> None:
    first = proposals()[0]
    none = replace(
        first, feasible=False, partition=first.partition.base(), reasons=(msg("too many wanted"),), bound=None
    )
    content = proposal_content([none], language="en")
    assert [a["key"] for a in content["alternatives"]] == ["today"]
    assert [n["text"] for n in content["notices"]][:2] == ["No proposal keeps every rule:", "too many wanted"]


def test_no_proposals_and_unknown_languages_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        proposal_map([])
    assert [fault.code for fault in caught.value.faults] == ["no-proposals"]
    with pytest.raises(InputError):
        proposal_map(proposals(), language="tlh")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_map(proposal_map(proposals(), town=town(), language="en"), tmp_path_factory.mktemp("maps") / "en.html")


def choose(page: Page, number: int) -> None:
    page.locator(".gp-choice input").nth(number).check()


def texts(page: Page, selector: str) -> list[str]:
    return [text.replace("\xa0", " ") for text in page.locator(selector).all_text_contents()]


LENGTHS = """(k) => {
  const {edges, alternatives} = geoplan.views[0].page;
  const {xs, ys} = edges;
  const steps = (line) => line.slice(1).map((v, i) => Math.hypot(xs[v] - xs[line[i]], ys[v] - ys[line[i]]));
  const total = (lines) => lines.flatMap(steps).reduce((sum, step) => sum + step, 0);
  return [total(alternatives[k].lines), total(alternatives[k].left), total(alternatives[k].groups)];
}"""


INK = """() => {
  const {map, canvas, page} = geoplan.views[0];
  canvas._draw();
  const node = document.querySelector(".gp-canvas");
  const {boxes, count} = page.units.geometry;
  const row = [...Array(count).keys()].find((i) => page.units.id(i) === "e10");
  const [west, north, east, south] = boxes.slice(4 * row, 4 * row + 4);
  const corner = map.unproject([west + 0.75 * (east - west), north + 0.75 * (south - north)], 0);
  const at = map.latLngToContainerPoint(corner);
  const [frame, drawn] = [map.getContainer(), node].map((one) => one.getBoundingClientRect());
  const dot = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
  const ctx = dot.getContext("2d", {willReadFrequently: true});
  ctx.drawImage(node, drawn.x - frame.x - at.x, drawn.y - frame.y - at.y);
  return [...ctx.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""
"""The colour that the map has in estate e10, south-east of its middle, where no name stands."""


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
class TestInABrowser:
    def test_the_answer_comes_first_and_follows_the_switch(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        assert texts(page, ".gp-title h1") == ["Little & <b>Town</b>"]
        assert texts(page, ".gp-figure") == ["200"]
        assert texts(page, ".gp-headline div p") == [
            "households change their community",
            "25.0 % of 800",
            "at least 150 must move: within 25.0 %",
        ]
        choose(page, 2)
        assert texts(page, ".gp-figure") == ["400"]
        assert texts(page, ".gp-proof") == ["at least 150 must move: within 62.5 %"]
        choose(page, 0)
        assert texts(page, ".gp-figure") == ["2"]
        assert texts(page, ".gp-headline div p") == ["communities today", "2 are too large or too small", "enclaves: 1"]

    def test_tables_compare_alternatives_and_communities(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        rows = [row.locator("th, td").all_text_contents() for row in page.locator(".gp-compared tbody tr").all()]
        assert rows[:4] == [
            ["Communities", "2", "2", "3"],
            ["Households moved", "–", "200", "400"],
            ["At least to be moved", "–", "150", "150"],
            ["Gap at most", "–", "25.0 %", "62.5 %"],
        ]
        choose(page, 2)
        rows = [row.locator("> *").all_text_contents() for row in page.locator("button.gp-unit:not(.gp-change)").all()]
        assert [row[1:] for row in rows] == [["600", "200"], ["200", "400"], ["–", "200"]]

    def test_boundaries_are_derived_from_the_units(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        outline, left, groups = (page.evaluate(LENGTHS, k) for k in range(3))
        side = outline[0] / 14  # 12 sides around the town and 2 between the communities
        assert outline == pytest.approx([14 * side, 0, 0], rel=1e-2)
        # 2 sides given up; the moved pair has 6 sides around it
        assert left == pytest.approx([14 * side, 2 * side, 6 * side], rel=1e-2)
        assert groups == pytest.approx([16 * side, 2 * side, 12 * side], rel=1e-2)

    def test_green_land_tints_the_community_that_it_lies_in(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        shown = page.evaluate(INK)
        page.locator("[data-layer=green]").uncheck()
        plain = page.evaluate(INK)
        # the park's green as a tint over the community's colour
        assert shown == pytest.approx([0.62 * a + 0.38 * b for a, b in zip(plain, (143, 191, 115), strict=True)], abs=1)
        page.locator("[data-layer=fill]").uncheck()
        page.locator("[data-layer=green]").check()
        assert page.evaluate(INK) == pytest.approx([211, 229, 198], abs=1)
        page.locator(".gp-edit-start").click()
        page.locator(".gp-editor").wait_for()
        # communities have their colours in the editor always
        assert page.evaluate(INK) == pytest.approx(shown, abs=1)

    def test_hostile_names_are_shown_as_written_with_the_reason(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english)
        page.locator(".gp-search-input").fill("onerror")
        page.locator(".gp-result").first.click()
        shown = page.locator(".gp-popup-body")
        shown.wait_for()
        assert shown.locator("h2").inner_text() == HOSTILE
        found = dict(zip(shown.locator("dt").all_text_contents(), shown.locator("dd").all_text_contents(), strict=True))
        assert found["Reason"] == f"{HOSTILE} is too large"
        assert (found["Community today"], found["Community proposed"]) == ("W", "X")
        assert (found["Walk before"], found["Boundary shared with it"]) == ("3.0 min", "100 m")
        assert found["Undoing it would break"] == "W would be too large; X would be too small"
        assert "Walk after" not in found
        assert page.locator("img[src=x]").count() == 0
        choose(page, 0)
        assert "Reason" not in page.locator(".gp-popup-body dt").all_text_contents()

    def test_searching_a_new_community_shows_its_alternative(self, browser_page: OpenPage, english: Path) -> None:
        page = browser_page(english, width=390, height=844)
        name = page.evaluate("geoplan.views[0].page.alternatives[2].parts.name(2)")
        page.locator(".gp-search-input").fill(name)
        page.locator(".gp-result").first.click()
        page.locator(".gp-popup-body").wait_for()
        assert page.locator(".gp-choice input").nth(2).is_checked()
        assert page.locator(".gp-popup-body h2").inner_text() == name
