"""The bundler: what it makes of modules, and what it refuses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from geoplan.maps.assets import BundleError, bundle, page_script, widget_script


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


CHAIN = {
    "low": "export const one = 1;\nconst hidden = 2;\nexport function two() {\n  return hidden;\n}\n",
    "middle": '/** Why. */\nimport {one as first, two} from "./low.js";\n\nexport {total as sum};\n'
    "const total = () => first + two();\n",
    "top": 'import {one} from "./low.js";\nimport {\n  sum,\n} from "./middle.js";\n'
    "export const render = () => sum() + one;\n",
}


def test_each_module_stands_once_after_what_it_needs(tmp_path: Path) -> None:
    text = bundle("top", folder=write(tmp_path, **CHAIN))
    assert [text.count(f"// {name}.js") for name in CHAIN] == [1, 1, 1]
    assert text.index("// low.js") < text.index("// middle.js") < text.index("// top.js")
    assert text == bundle("top", folder=tmp_path)
    assert "import" not in text
    assert "export" not in text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_bundle_runs_and_leaves_one_global(tmp_path: Path) -> None:
    text = bundle("top", folder=write(tmp_path, **CHAIN))
    page = f"const window = globalThis;const before = Object.keys(globalThis).length;\n{text}\n" + (
        "console.log(geoplan.render(), Object.keys(geoplan).join(), Object.keys(globalThis).length - before)"
    )
    run = subprocess.run(["node", "-"], input=page, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["4", "render", "1"]
    module = bundle("top", form="module", folder=tmp_path)
    (tmp_path / "out.mjs").write_text(module + "console.log($top.render());\n", encoding="utf-8")
    run = subprocess.run(["node", "out.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["4"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('import low from "./low.js";', "not understood"),
        ('import * as low from "./low.js";', "not understood"),
        ('import "./low.js";', "not understood"),
        ('import {one} from "leaflet";', "not understood"),
        ('import {one} from "./low.js"', "not understood"),
        ('const a = 1;\nimport {one} from "./low.js";', "after other code"),
        ('import {one} from "./low.js";\nimport {two} from "./low.js";', "imported twice"),
        ('import {three} from "./low.js";', "does not export: three"),
        ('import {one} from "./absent.js";', "does not exist"),
        ('import {a} from "./top.js";\nexport const a = 1;', "in a circle: top > top"),
        ("export default 1;", "not understood"),
        ("export let a = 1;", "not understood"),
        ('export * from "./low.js";', "not understood"),
        ('export {one} from "./low.js";', "not understood"),
        ("export const a = 1;\nexport {b as a};", "exported twice"),
        ('const low = () => import("./low.js");', "not understood"),
        ("const here = import.meta.url;", "not understood"),
        ('const end = "</script>";', "not understood"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, code: str, said: str) -> None:
    write(tmp_path, low=CHAIN["low"], top=code)
    with pytest.raises(BundleError, match=said):
        bundle("top", folder=tmp_path)


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="page or module"):
        bundle("top", form="amd", folder=write(tmp_path, **CHAIN))


def test_pages_and_widgets_are_made_of_the_same_modules() -> None:
    assert "geoplan = Object.assign" in page_script("coverage")
    module = widget_script("proposals")
    assert module.rstrip().endswith("export default $proposals;")
    assert "// packed.js" in module
    assert "http-equiv" not in module
