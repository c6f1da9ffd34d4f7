"""The editor in a notebook: Python and the page tell each other; the page's side runs in a real browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_proposals import proposals, town

from geoplan import maps
from geoplan.errors import InputError
from geoplan.maps.assets import widget_script
from geoplan.maps.widget import PlanWidget

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]

# Plays anywidget's model: values by name, and callbacks when Python sets one.
HARNESS = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>{css}</style></head><body>
<div id="out" style="width: 1200px"></div>
<script id="given" type="application/json">{values}</script>
<script type="module">
{esm_without_export}
const values = JSON.parse(document.getElementById("given").textContent);
const heard = {{}};
window.sent = [];
window.model = {{
  get: (name) => values[name],
  set: (name, value) => {{ values[name] = value; }},
  save_changes: () => window.sent.push(JSON.parse(JSON.stringify(values._edited))),
  on: (event, run) => {{ (heard[event] = heard[event] || []).push(run); }},
  off: (event, run) => {{ heard[event] = (heard[event] || []).filter((other) => other !== run); }},
}};
window.fromPython = (name, value) => {{
  values[name] = value;
  (heard["change:" + name] || []).forEach((run) => run());
}};
window.again = () => {{ window.end = entry.render({{model: window.model, el: document.getElementById("out")}}); }};
window.again();
</script></body></html>
"""


def widget() -> PlanWidget:
    return maps.edit(proposals()[0], town=town(), language="en", height="500px")


def told(shown: PlanWidget, parts: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """What the page sends when units are in these parts."""
    ids = sorted(set(parts.values()))
    units = shown.partition.units.table.index
    return {
        "codes": [ids.index(parts[unit]) for unit in units],
        "ids": ids,
        "names": [names[i] for i in ids],
        "document": {"edits": [{"kind": "give"}], "totals": {"total": {"moved": 100}}},
    }


def test_edits_arrive_as_they_happen() -> None:
    shown = widget()
    seen = []
    shown.observe(lambda change: seen.append(change["new"].part_of.to_dict()), "partition")
    parts = {**shown.partition.part_of.to_dict(), "e00": "new-1"}
    shown.set_state({"_edited": told(shown, parts, {"W": "W", "X": "East", "new-1": "Third"})})
    assert shown.partition.part_of.to_dict() == parts
    assert seen == [parts]
    assert shown.partition.names["new-1"] == "Third"
    assert shown.edits == [{"kind": "give"}]
    assert shown.totals == {"total": {"moved": 100}}
    # what came from the page does not go back to it
    assert shown._given == {}


def test_a_partition_from_python_is_sent() -> None:
    shown = widget()
    shown.partition = shown.partition.moved(["e00"], "X")
    assert shown._given["number"] == 1
    assert dict(zip(shown.partition.units.table.index, shown._given["parts"], strict=True))["e00"] == "X"
    shown.partition = shown.partition.moved(["e00"], "W")
    assert shown._given["number"] == 2


def test_other_units_are_refused() -> None:
    from geoplan.partition.plan import today
    from geoplan.places.units import build_units

    shown = widget()
    other = today(build_units(town(), kind="building"))
    with pytest.raises(InputError) as error:
        shown.partition = other
    assert [fault.code for fault in error.value.faults] == ["other-units"]


def test_edits_can_be_saved_once_there_are_some(tmp_path: Path) -> None:
    shown = widget()
    with pytest.raises(InputError) as error:
        shown.save_edits(tmp_path / "none.json")
    assert [fault.code for fault in error.value.faults] == ["no-edits"]
    shown.set_state({"_edited": told(shown, shown.partition.part_of.to_dict(), {"W": "W", "X": "X"})})
    saved = json.loads(shown.save_edits(tmp_path / "编辑.json").read_text(encoding="utf-8"))
    assert saved["totals"] == {"total": {"moved": 100}}


def test_without_anywidget_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "geoplan.maps.widget")
    with pytest.raises(InputError) as error:
        maps.edit(proposals()[0], town=town())
    assert "geoplan[notebook]" in str(error.value)


def test_the_front_end_fetches_nothing() -> None:
    script = widget_script("editwidget")
    assert "import(" not in script
    assert "https://cdn" not in script


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_page_tells_python_and_listens(browser_page: OpenPage, tmp_path: Path) -> None:
    shown = widget()
    head, _, name = str(shown._esm).rpartition("export default ")
    values = {"content": shown.content, "height": shown.height, "_given": {}, "_edited": {}}
    page_text = HARNESS.format(
        css=shown._css,
        values=json.dumps(values).replace("<", "\\u003c"),
        esm_without_export=f"{head}\nconst entry = {name}".replace("</script", "<\\/script"),
    )
    path = tmp_path / "widget.html"
    path.write_text(page_text, encoding="utf-8")
    page = browser_page(path, ready=".gp-editor")
    # by keyboard: e00 is chosen in the list and given to X
    page.locator(".gp-editor summary", has_text="Units").first.click()
    page.locator(".gp-unit-list").select_option("0")
    page.locator(".gp-give select").select_option("X")
    page.locator(".gp-give .gp-primary").press("Enter")
    sent = page.evaluate("sent.at(-1)")
    shown.set_state({"_edited": sent})
    assert shown.partition.part_of["e00"] == "X"
    assert shown.edits == [{"kind": "give", "units": ["e00"], "from": ["W"], "to": "X"}]
    # and back: Python puts it into a new community, which the page shows and can undo
    shown.partition = shown.partition.moved(["e00"], "new-1")
    page.evaluate("given => fromPython('_given', given)", shown._given)
    assert page.locator(".gp-edit-table tbody tr").count() == 3
    assert page.evaluate("sent.at(-1).ids") == ["W", "X", "new-1"]
    page.locator(".gp-editor button", has_text="Undo").click()
    assert page.locator(".gp-edit-table tbody tr").count() == 2
    # shown a second time, without the browser's memory, it goes on where it was: the push is not done again
    page.evaluate("end(); localStorage.clear(); again()")
    assert page.locator(".gp-edit-table tbody tr").count() == 2
    assert page.evaluate("sent.at(-1).document.edits.length") == 1
    shown.partition = shown.partition.moved(["e00"], "new-2")
    page.evaluate("given => fromPython('_given', given)", shown._given)
    assert page.locator(".gp-edit-table tbody tr").count() == 3
    # notes reach Python as they are typed
    page.locator(".gp-editor summary", has_text="Edits").first.click()
    page.locator(".gp-history input").first.press_sequentially("ok")
    shown.set_state({"_edited": page.evaluate("sent.at(-1)")})
    assert [edit.get("note") for edit in shown.edits] == [None, "ok"]
    assert page.evaluate("document.activeElement.value") == "ok"
    page.evaluate("end()")
    assert page.locator(".gp-editor").count() == 0
