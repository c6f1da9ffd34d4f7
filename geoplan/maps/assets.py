"""What a page is made of, as text: Leaflet from the XStatic-Leaflet package, geoplan's modules bundled, styles.

The modules in ``js/`` are plain ES modules. A page holds them in one script, because a file that is opened without
a server cannot import others; :func:`bundle` makes that script. It understands what these modules need and refuses
everything else:

- ``import {a, b as c} from "./other.js";`` at the beginning of a line, ahead of all other code;
- ``export`` before ``function``, ``async function``, ``const`` or ``class``, and ``export {a, b as c};``.

Every module becomes a function that returns its exports, once, after those that it imports; nothing of it is seen
outside. Imports in a circle, default exports, ``import *``, ``export let``, ``import()`` and ``import.meta`` are
refused.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["BundleError", "bundle", "leaflet_script", "leaflet_style", "page_script", "page_style", "widget_script"]

_HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{([\w$,\s]+)\} from "\./([\w-]+)\.js";$', re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([\w$,\s]+)\};$", re.MULTILINE)
_EXPORT_NAME = re.compile(r"^export (?=(?:async function|function|const|class) ([\w$]+)\b)", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*|\bimport\s*[(.].*|</script.*", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)


class BundleError(ValueError):
    """A module uses what :func:`bundle` does not understand; a fault of geoplan's own scripts, never of data."""


@dataclass(frozen=True)
class _Module:
    name: str
    imports: dict[str, tuple[tuple[str, str], ...]]
    exports: dict[str, str]
    code: str


def _pairs(names: str, where: str) -> tuple[tuple[str, str], ...]:
    """``a, b as c`` as ``(("a", "a"), ("b", "c"))``."""
    pairs = []
    for part in filter(None, (piece.strip() for piece in names.split(","))):
        match = re.fullmatch(r"([\w$]+)(?:\s+as\s+([\w$]+))?", part)
        if match is None:
            raise BundleError(f"{where}: {part!r} is no name")
        pairs.append((match[1], match[2] or match[1]))
    return tuple(pairs)


def _parse(name: str, text: str) -> _Module:
    imports: dict[str, tuple[tuple[str, str], ...]] = {}
    exports: dict[str, str] = {}
    end = 0
    for match in _IMPORT.finditer(text):
        if _COMMENT.fullmatch(text, end, match.start()) is None:
            raise BundleError(f"{name}.js: an import stands after other code: {match[0]}")
        if match[2] in imports:
            raise BundleError(f"{name}.js: {match[2]}.js is imported twice")
        imports[match[2]] = _pairs(match[1], f"{name}.js")
        end = match.end()

    def export(outside: str, inside: str) -> None:
        if outside in exports:
            raise BundleError(f"{name}.js: {outside} is exported twice")
        exports[outside] = inside

    for match in _EXPORT_NAME.finditer(text):
        export(match[1], match[1])
    for match in _EXPORT_LIST.finditer(text):
        for inside, outside in _pairs(match[1], f"{name}.js"):
            export(outside, inside)
    code = _IMPORT.sub(_unpack, text)
    code = _EXPORT_NAME.sub("", _EXPORT_LIST.sub("", code))
    left = _LEFT_OVER.search(code)
    if left is not None:
        raise BundleError(f"{name}.js: not understood: {left[0][:80]}")
    return _Module(name, imports, exports, code.strip("\n"))


def _unpack(match: re.Match[str]) -> str:
    inside = ", ".join(a if a == b else f"{a}: {b}" for a, b in _pairs(match[1], match[2]))
    return f"const {{{inside}}} = {_variable(match[2])};"


def _variable(module: str) -> str:
    return "$" + module.replace("-", "_")


def _ordered(entry: str, folder: Path) -> list[_Module]:
    """The entry and all that it needs, each after what it imports; neighbours by name."""
    done: dict[str, _Module] = {}
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in open_:
            raise BundleError(f"imports in a circle: {' > '.join([*open_[open_.index(name) :], name])}")
        path = folder / f"{name}.js"
        if not path.is_file():
            raise BundleError(f"{open_[-1] if open_ else 'the entry'} imports {name}.js, which does not exist")
        module = _parse(name, path.read_text(encoding="utf-8"))
        open_.append(name)
        for other in sorted(module.imports):
            visit(other)
            missing = {inside for inside, _ in module.imports[other]} - done[other].exports.keys()
            if missing:
                raise BundleError(f"{name}.js imports what {other}.js does not export: {', '.join(sorted(missing))}")
        open_.pop()
        done[name] = module

    visit(entry)
    return list(done.values())


def _as_function(module: _Module) -> str:
    given = ", ".join(a if a == b else f"{a}: {b}" for a, b in sorted(module.exports.items()))
    head = f"const {_variable(module.name)} = (function () {{"
    return f"// {module.name}.js\n{head}\n{module.code}\nreturn Object.freeze({{{given}}});\n}})();\n"


def bundle(entry: str, *, form: str = "page", folder: Path = _HERE / "js") -> str:
    """Put a module and everything that it imports into one script.

    Parameters
    ----------
    entry
        Name of the module without ``.js``.
    form
        ``"page"``: a classic script whose only global is ``geoplan``, to which the entry's exports are added.
        ``"module"``: an ES module whose default export is an object of the entry's exports, as anywidget wants it.
    folder
        Where the modules are.

    Returns
    -------
    str
        JavaScript; the same for the same modules.

    Raises
    ------
    BundleError
        If a module uses what the bundler does not understand.
    ValueError
        If the form is unknown.
    """
    modules = _ordered(entry, folder)
    body = "\n".join(_as_function(module) for module in modules)
    last = _variable(entry)
    if form == "page":
        return (
            f'(function () {{\n"use strict";\n{body}\nwindow.geoplan = Object.assign(window.geoplan || {{}}, {last});\n'
            "})();\n"
        )
    if form == "module":
        return f"{body}\nexport default {last};\n"
    raise ValueError(f"form {form!r}: page or module")


def _leaflet(name: str) -> Path:
    from xstatic.pkg import leaflet

    return Path(leaflet.BASE_DIR) / name


def _data_uri(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode(_leaflet(f"images/{name}").read_bytes()).decode("ascii")


def _leaflet_code() -> str:
    # A browser's developer tools would fetch the source map.
    return re.sub(r"//# sourceMappingURL=.*", "", _leaflet("leaflet.js").read_text(encoding="utf-8")).rstrip()


def _leaflet_icons() -> str:
    return (
        'L.Icon.Default.imagePath = "";\n'
        f'L.Icon.Default.mergeOptions({{iconUrl: "{_data_uri("marker-icon.png")}", '
        f'iconRetinaUrl: "{_data_uri("marker-icon-2x.png")}", shadowUrl: "{_data_uri("marker-shadow.png")}"}});'
    )


@cache
def leaflet_script() -> str:
    """Leaflet, its default marker's images set to data URIs.

    Returns
    -------
    str
        JavaScript.
    """
    return f"{_leaflet_code()}\n{_leaflet_icons()}"


@cache
def leaflet_style() -> str:
    """Leaflet's style sheet with its images as data URIs.

    Returns
    -------
    str
        CSS.
    """
    css = _leaflet("leaflet.css").read_text(encoding="utf-8")
    css = re.sub(r"\s*behavior: url\(#default#VML\);", "", css)
    return re.sub(r"url\(images/([\w.-]+)\)", lambda match: f"url({_data_uri(match[1])})", css)


@cache
def page_script(entry: str) -> str:
    """The script of one kind of page.

    Parameters
    ----------
    entry
        Module that the page starts with: ``"coverage"`` or ``"proposals"``, or another of ``js/``.

    Returns
    -------
    str
        JavaScript that adds the entry's exports to ``geoplan``.
    """
    return bundle(entry)


@cache
def widget_script(entry: str) -> str:
    """The same modules and Leaflet as one ES module for an anywidget; nothing else is loaded.

    Parameters
    ----------
    entry
        A module that exports ``render({model, el})``.

    Returns
    -------
    str
        JavaScript whose default export holds ``render``.
    """
    # Leaflet finds `exports` here and so leaves the notebook's own `define` and, after noConflict, `L` alone.
    leaflet = (
        f"const L = (function (exports, module) {{\n{_leaflet_code()}\nreturn exports.noConflict();\n}})({{}}, {{}});"
    )
    return f"{leaflet}\n{_leaflet_icons()}\n{bundle(entry, form='module')}"


@cache
def page_style() -> str:
    """The project's own style sheet.

    Returns
    -------
    str
        CSS.
    """
    return "\n".join((_HERE / "css" / name).read_text(encoding="utf-8") for name in ("map.css", "edit.css"))
