"""A project to a town: every file read, then put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.model import Notice, Progress, Town
from geoplan.project.guessing import guess_osm
from geoplan.project.parsing import load_project
from geoplan.project.settings import LayerSettings, Project
from geoplan.read import (
    AssembleOptions,
    HouseholdOptions,
    LayerRead,
    LayerSource,
    OsmOptions,
    TableJoin,
    assemble_town,
    read_graph,
    read_layer,
    read_osm,
)
from geoplan.read.osm_scan import OSM_SUFFIXES

__all__ = ["assemble_options", "layer_source", "load", "load_town"]


@dataclass
class _Reading:
    """What has been read so far, and every fault on the way."""

    reads: list[LayerRead] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    crs: str = ""


def load(path: str | Path, *, progress: Progress | None = None) -> Town:
    """Read a town.

    Parameters
    ----------
    path
        A project file, a folder with ``geoplan.toml`` in it, or an OpenStreetMap extract, which is read with the
        defaults that ``geoplan new`` would write.
    progress
        Told what is being read.

    Returns
    -------
    Town

    Raises
    ------
    InputError
        With every fault of the project file, or of all the files that it names.
    """
    if str(path).lower().endswith(OSM_SUFFIXES):
        return load_town(guess_osm(Path(path)), progress=progress)
    return load_town(load_project(path), progress=progress)


def load_town(project: Project, *, progress: Progress | None = None, later_levels: tuple[str, ...] = ()) -> Town:
    """Read a project's files and put its town together.

    Parameters
    ----------
    project
        The project.
    progress
        Told what is being read.
    later_levels
        Levels that are no layers of this project but will be added by :func:`geoplan.read.add_levels`.

    Returns
    -------
    Town

    Raises
    ------
    InputError
        With the faults of all files, or with what does not go together.
    """
    tell = progress or _silent
    reading = _Reading(notices=_own_notices(project))
    steps: list[tuple[str, Callable[[], None]]] = [
        (layer.file, lambda layer=layer: _read_layer(project, layer, reading))  # type: ignore[misc]
        for layer in project.layers
    ]
    if project.osm is not None:
        steps.append((project.osm.file, lambda: _read_osm(project, reading)))
    if project.graph is not None:
        steps.append((project.graph.file, lambda: _read_graph(project, reading)))
    for number, (file, read) in enumerate(steps):
        tell(msg("reading {file}", file=file), number / (len(steps) + 1))
        try:
            read()
        except InputError as error:
            reading.faults += error.faults
    if reading.faults:
        # a file of several layers that cannot be opened is one fault
        raise InputError([fault for i, fault in enumerate(reading.faults) if fault not in reading.faults[:i]])
    tell(msg("putting the town together"), len(steps) / (len(steps) + 1))
    crs = reading.crs if project.crs == "auto" and reading.crs else project.crs
    options = assemble_options(project)
    given: dict[str, Any] = {"options": options, "notices": reading.notices, "later_levels": later_levels}
    try:
        return assemble_town(project.title, reading.reads, crs=crs, **given)
    except InputError as error:
        raise InputError([_placed(fault, project) for fault in error.faults]) from None


def _placed(fault: Fault, project: Project) -> Fault:
    """A fault of no data file is one of the project file, such as its CRS."""
    if fault.where.file:
        return fault
    return replace(fault, where=replace(fault.where, file=str(project.path)))


def _silent(message: Message, share: float) -> None:
    del message, share


def _own_notices(project: Project) -> list[Notice]:
    notices = []
    if project.synthetic:
        notices.append(Notice("synthetic", msg("Synthetic data: no real place, no real people."), everywhere=True))
    notices += [Notice("attribution", msg("{text}", text=text), everywhere=True) for text in project.attribution]
    return notices


def assemble_options(project: Project) -> AssembleOptions:
    """How a project's layers are put together.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    AssembleOptions
    """
    return AssembleOptions(
        households=HouseholdOptions(**project.households.model_dump()),
        gate_tolerance_m=project.walk.gate_tolerance_m,
    )


def layer_source(project: Project, layer: LayerSettings) -> LayerSource:
    """What is to be read for one layer of a project.

    Parameters
    ----------
    project, layer
        The project and one of its layers.

    Returns
    -------
    LayerSource
    """
    given: dict[str, Any] = layer.model_dump(exclude={"file", "tables", "parent"})
    tables = tuple(
        TableJoin(path=project.locate(table.file), **table.model_dump(exclude={"file"})) for table in layer.tables
    )
    return LayerSource(path=project.locate(layer.file), parent=layer.parent or None, tables=tables, **given)


def _read_layer(project: Project, layer: LayerSettings, reading: _Reading) -> None:
    reading.reads.append(read_layer(layer_source(project, layer)))


def _read_osm(project: Project, reading: _Reading) -> None:
    osm = project.osm
    assert osm is not None  # noqa: S101 - the caller looked
    take = project.osm_roles
    path = project.locate(osm.file)
    options = OsmOptions(
        take=take,
        facilities=tuple(facility.model_dump() for facility in osm.facilities),
        admin_level=osm.admin_level if "units" in take else None,
        private_ways=osm.private_ways,
        trunk_roads=osm.trunk_roads,
    )
    found = read_osm(path, crs=project.crs, options=options)
    reading.crs = found.crs.to_string()
    reading.notices += found.notices
    for role in take:
        table = getattr(found, role)
        if table is not None and (len(table) or role in ("buildings", "facilities")):
            level = osm.level if role == "units" else ""
            source = LayerSource(path=path, role=role, level=level, datum=found.datum)
            reading.reads.append(LayerRead(table, source))


def _read_graph(project: Project, reading: _Reading) -> None:
    assert project.graph is not None  # noqa: S101 - the caller looked
    path = project.locate(project.graph.file)
    table, notices = read_graph(path, crs=project.crs)
    reading.notices += notices
    reading.reads.append(LayerRead(table, LayerSource(path=path, role="streets", datum=project.graph.datum)))
