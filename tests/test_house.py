"""What holds for the whole house: light imports, one catalogue, documented public names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import geoplan
from geoplan.text.catalogue import FOLDER, compile_catalogue, extract_templates, read_translations

HEAVY = ("geopandas", "numba", "folium", "pandas", "scipy", "shapely", "osmium", "networkx", "openpyxl")


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(geoplan.__path__, "geoplan."):
        if info.name != "geoplan.__main__":
            yield importlib.import_module(info.name)


def public_functions() -> Iterator[tuple[str, object]]:
    for module in modules():
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if getattr(thing, "__module__", None) == module.__name__ and (
                inspect.isfunction(thing) or inspect.isclass(thing)
            ):
                yield f"{module.__name__}.{name}", thing


@pytest.mark.parametrize(
    "code", ["import geoplan", "import geoplan.cli", "from geoplan.cli import main; main(['--help'])"]
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    script = (
        "import sys\ntry:\n    "
        + code
        + f"\nexcept SystemExit: pass\nprint(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stderr.strip().splitlines()[-1] == "[]"


def test_public_names_are_few_and_shadow_no_module() -> None:
    assert len(geoplan.__all__) <= 12
    names = {info.name.split(".")[-1] for info in pkgutil.iter_modules(geoplan.__path__, "geoplan.")}
    assert not names & set(geoplan.__all__)
    for name in geoplan.__all__:
        assert getattr(geoplan, name) is not None


def test_every_sentence_is_translated() -> None:
    translations = read_translations()
    assert [t for t in extract_templates() if not translations.get(t)] == []


def test_catalogue_is_in_step_with_the_code() -> None:
    po, mo = compile_catalogue(extract_templates(), read_translations())
    hint = "run: make messages"
    assert (FOLDER / "geoplan.po").read_bytes() == po, hint
    assert (FOLDER / "geoplan.mo").read_bytes() == mo, hint


def test_translations_keep_the_placeholders() -> None:
    from string import Formatter

    def fields(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    wrong = {t: z for t, z in read_translations().items() if fields(t) != fields(z)}
    assert wrong == {}


def test_public_names_are_documented() -> None:
    from numpydoc.docscrape import FunctionDoc

    faults = []
    for name, thing in public_functions():
        doc = inspect.getdoc(thing)
        if not doc:
            faults.append(f"{name}: no docstring")
        elif inspect.isfunction(thing):
            wanted = [p for p in inspect.signature(thing).parameters if p not in ("self", "cls")]
            parsed = FunctionDoc(thing)
            given = {n.strip().lstrip("*") for p in parsed["Parameters"] for n in p.name.split(",")}
            faults += [f"{name}: parameter {p} is not documented" for p in wanted if p not in given]
            if inspect.signature(thing).return_annotation not in (None, "None") and not (
                parsed["Returns"] or parsed["Yields"]
            ):
                faults.append(f"{name}: what it returns is not documented")
    assert faults == []
