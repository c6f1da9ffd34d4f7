"""The stage ``read``: files to a town, told apart by content and read again only where a file has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from geopandas import GeoDataFrame

from geoplan.batch.codec import column_digests, decode, digest, digest_json, encode
from geoplan.batch.store import Store
from geoplan.batch.versions import code_version
from geoplan.errors import Fault, InputError, msg
from geoplan.model import Level, Notice, Progress, Town
from geoplan.project import Project, assemble_options, layer_source, load_town
from geoplan.read import add_levels, read_layer
from geoplan.report import anonymise_town, fingerprint_files
from geoplan.report.summary import file_states

__all__ = ["TABLES", "Inputs", "LostTableError", "file_parts", "read_inputs", "town_digests", "with_town"]

TABLES = ("buildings", "facilities", "streets", "estates", "gates", "entrances", "barriers", "green")
_CODE = ("errors", "model", "read", "project", "batch")
Loaded = dict[str, GeoDataFrame | None]
_MOST_TRIES = 3
_SETTINGS = {"path", "walk", "standards", "scenarios", "language", "propose"}


@dataclass(frozen=True)
class Inputs:
    """A town as far as it has been looked at: contents told by digests, tables taken out of the store when needed.

    Attributes
    ----------
    store
        Where the tables are.
    about
        Name, datum, levels, notices and digests.
    files
        SHA-256 of every input file.
    anonymise
        Whether the town was made safe when it was read.
    loaded
        Tables that have been taken out of the store already, by their keys.
    """

    store: Store
    about: Mapping[str, Any]
    files: Mapping[str, str]
    anonymise: bool = False
    loaded: Loaded = field(default_factory=dict, repr=False)

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each ``table.column``, and of what a town holds beside tables."""
        return dict(self.about["digests"])

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels."""
        return tuple(self.about["levels"])

    def table(self, name: str) -> GeoDataFrame | None:
        """One of the tables, None if the town has none of it.

        Parameters
        ----------
        name
            One of :data:`TABLES`.

        Returns
        -------
        GeoDataFrame or None
        """
        if "town_parts" in self.__dict__:
            return self.town_parts[name]
        return self._load(name)

    def _load(self, name: str) -> GeoDataFrame | None:
        key = self.about["tables"].get(name)
        if key is None:
            return None
        if key in self.loaded:
            return self.loaded[key]
        content = self.store.find("read", key)
        if content is None:
            raise LostTableError(name)
        table: GeoDataFrame = decode(content)
        return table

    @cached_property
    def town_parts(self) -> dict[str, GeoDataFrame | None]:
        """All tables by name."""
        return {name: self._load(name) for name in TABLES}

    @cached_property
    def town(self) -> Town:
        """The town."""
        about = self.about
        return Town(
            name=about["name"], levels=self.levels, datum=about["datum"], notices=about["notices"], **self.town_parts
        )

    @cached_property
    def sites(self) -> Town:
        """The town with its facilities and units only: enough to tell who walks where."""
        facilities = self.table("facilities")
        assert facilities is not None  # noqa: S101 - no town is without
        about = self.about
        return Town(
            name=about["name"],
            buildings=facilities.iloc[:0],
            facilities=facilities,
            levels=self.levels,
            datum=about["datum"],
        )


class LostTableError(Exception):
    """A table's file is damaged: it has to be read again."""


def town_digests(town: Town, *, known: Mapping[str, tuple[object, dict[str, str]]] | None = None) -> dict[str, str]:
    """Digest of each ``table.column`` of a town, and of what it holds beside tables.

    Parameters
    ----------
    town
        The town; its tables are sorted by id.
    known
        Tables by name whose digests are known already, with these.

    Returns
    -------
    dict
    """
    tables: dict[str, GeoDataFrame] = {name: getattr(town, name) for name in TABLES if getattr(town, name) is not None}
    tables |= {f"level {level.name}": level.table for level in town.levels}
    out: dict[str, str] = {}
    for name, table in tables.items():
        before = (known or {}).get(name)
        found = before[1] if before is not None and before[0] is table else column_digests(table)
        out |= {f"{name}.{column}": one for column, one in found.items()}
    nesting = [[level.name, level.parent, level.parallel] for level in town.levels]
    notices = [[notice.code, str(notice.message), notice.everywhere] for notice in town.notices]
    out["levels"], out["notices"] = digest_json(nesting), digest_json(notices)
    out["name"], out["datum"], out["crs"] = (
        digest_json(each) for each in (town.name, town.datum, town.crs.to_string())
    )
    return out


def file_parts(project: Project, *, anonymise: bool = False, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the stage ``read`` depends on: every file's bytes, the settings, the code.

    Parameters
    ----------
    project
        The project.
    anonymise
        Whether the town is made safe when it is read.
    known
        Digests of files that are known already, by their names.

    Returns
    -------
    dict
        Part to digest.
    """
    files = fingerprint_files(project.files(), base=project.folder, known=known)
    settings = project.model_dump(mode="json", exclude=_SETTINGS)
    settings["title"], settings["gate_tolerance_m"] = project.title, project.walk.gate_tolerance_m
    code = {"settings": digest_json(settings), "code": code_version(_CODE)}
    if anonymise:
        code["anonymise"] = code_version(("report",))
    return {**{f"file {name}": one for name, one in files.items()}, **code}


def read_inputs(project: Project, store: Store, progress: Progress, *, anonymise: bool = False) -> tuple[Inputs, bool]:
    """Read a project's files, or take up what was read from the same bytes.

    Parameters
    ----------
    project
        The project.
    store
        Where towns are kept.
    progress
        Told what is being read.
    anonymise
        Whether the town is made safe before anything of it is kept.

    Returns
    -------
    tuple
        The inputs, and whether any file was read.

    Raises
    ------
    InputError
        With the faults of all files.
    """
    for _ in range(_MOST_TRIES):
        try:
            return _read_inputs(project, store, progress, anonymise=anonymise)
        except _SavedMeanwhileError:
            continue
    raise InputError(
        Fault(
            code="files-changing",
            needed=msg("files that stay as they are while they are read"),
            given=msg("files that another program goes on saving"),
            mend=msg("wait until it has saved, and run again"),
        )
    )


class _SavedMeanwhileError(Exception):
    """A file was saved while it was read: what was read is not what its digest says."""


def _read_inputs(project: Project, store: Store, progress: Progress, *, anonymise: bool) -> tuple[Inputs, bool]:
    states = file_states(project.files())
    parts = file_parts(project, anonymise=anonymise)
    read = _read_safe if anonymise else _read
    files = {name.removeprefix("file "): one for name, one in parts.items() if name.startswith("file ")}
    before = len(store.computed)
    loaded: Loaded = {}

    def steady(made: dict[str, Any]) -> dict[str, Any]:
        if file_states(project.files()) != states:
            raise _SavedMeanwhileError
        return made

    def make() -> dict[str, Any]:
        return steady(read(project, store, progress, files, loaded, steady))

    about = store.keep("read", digest_json(parts), make)
    if any(not store.has("read", key) for key in about["tables"].values()):
        about = make()
        store.computed.append("read")
    return Inputs(store, about, files, anonymise, loaded), len(store.computed) > before


def _read_safe(project: Project, store: Store, progress: Progress, *_known: object) -> dict[str, Any]:
    """Read everything and make it safe first: the store stands beside the results, and goes where they go."""
    town = anonymise_town(load_town(project, progress=progress))
    return {**_keep_tables(town, store), **_about(town)}


def _read(
    project: Project,
    store: Store,
    progress: Progress,
    files: Mapping[str, str],
    loaded: Loaded,
    steady: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Read what has changed: the layers of units, or everything; ``steady`` refuses what was saved meanwhile."""
    units = [layer for layer in project.layers if layer.role == "units"]
    whole = project.osm is not None or project.graph is not None or not units
    if whole:
        town = load_town(project, progress=progress)
        return {**_keep_tables(town, store), **_about(town)}
    others = tuple(layer for layer in project.layers if layer.role != "units")
    below = project.model_copy(update={"layers": others, "name": project.title})
    names = tuple(layer.level for layer in units)
    key = digest_json([file_parts(below, known=files), names])
    try:
        base = store.keep("read", key, lambda: steady(_read_base(below, names, store, progress)))
        if any(not store.has("read", one) for one in base["tables"].values()):
            base = steady(_read_base(below, names, store, progress))
        sources = [layer_source(project, layer) for layer in others]
        reads = [read_layer(layer_source(project, layer)) for layer in units]
        below_units = Inputs(store, base, {})
        parts = below_units.town_parts
        loaded |= {key: parts[name] for name, key in base["tables"].items()}
        town = Town(name=base["name"], datum=base["datum"], notices=base["notices"], **parts)  # type: ignore[arg-type]
        town = add_levels(town, reads, sources, options=assemble_options(project))
    except InputError:
        # at once: then the faults of all layers are told together
        town = load_town(project, progress=progress)
        return {**_keep_tables(town, store), **_about(town)}
    known = {name: (getattr(town, name), _digests_of(base["digests"], name)) for name in TABLES}
    return {"tables": base["tables"], **_about(town, known)}


def _read_base(project: Project, later: tuple[str, ...], store: Store, progress: Progress) -> dict[str, Any]:
    town = load_town(project, progress=progress, later_levels=later)
    return {**_keep_tables(town, store), **_about(town)}


def _digests_of(digests: Mapping[str, str], table: str) -> dict[str, str]:
    start = f"{table}."
    return {name.removeprefix(start): one for name, one in digests.items() if name.startswith(start)}


def _about(town: Town, known: Mapping[str, tuple[object, dict[str, str]]] | None = None) -> dict[str, Any]:
    notices: tuple[Notice, ...] = town.notices
    return {
        "name": town.name,
        "datum": town.datum,
        "notices": notices,
        "levels": town.levels,
        "digests": town_digests(town, known=known),
    }


def _keep_tables(town: Town, store: Store) -> dict[str, Any]:
    """Keep each table under the digest of its content."""
    keys = {}
    for name in TABLES:
        table = getattr(town, name)
        if table is not None:
            content = encode(table)
            keys[name] = f"table {digest(content)}"
            store.put("read", keys[name], content)
    return {"tables": keys}


def with_town(inputs: Inputs, town: Town) -> Inputs:
    """The inputs of a town that was made of another, as a scenario makes one.

    Parameters
    ----------
    inputs
        Those of the town that it was made of.
    town
        The changed town, its tables sorted by id.

    Returns
    -------
    Inputs
    """
    before = inputs.town
    known: dict[str, tuple[object, dict[str, str]]] = {
        name: (getattr(before, name), _digests_of(inputs.digests, name)) for name in TABLES
    }
    known |= {
        f"level {one.name}": (one.table, _digests_of(inputs.digests, f"level {one.name}")) for one in before.levels
    }
    about = {"tables": inputs.about["tables"], **_about(town, known)}
    changed = replace(inputs, about=about)
    changed.__dict__["town_parts"] = {name: getattr(town, name) for name in TABLES}
    changed.__dict__["town"] = town
    return changed
