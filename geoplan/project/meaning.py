"""What the shape of a project file cannot tell: files, columns and levels that do not exist, parts that clash."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from geoplan.errors import Fault, Where, msg
from geoplan.project.faults import Key, at_line, make_fault, spell_key, suggest
from geoplan.project.settings import SCHEMAS, LayerSettings, Project

__all__ = ["meaning_faults"]

Lines = Mapping[Key, int]
_BESIDE = (".shx", ".dbf", ".prj", ".cpg")


def meaning_faults(project: Project, lines: Lines, numbers: Sequence[int], *, complete: bool) -> list[Fault]:
    """Find what is wrong in a project whose shape is right.

    Parameters
    ----------
    project
        The project, possibly less the parts that had faults of shape.
    lines
        Line of each key.
    numbers
        Place of each layer in the file, from 0.
    complete
        Whether no part was left out; else what depends on the whole is not judged.

    Returns
    -------
    list of Fault
    """
    faults = [_missing_file(project, path) for path in project.files() if not _is_there(path)]
    levels = project.level_names if complete else None
    for number, layer in zip(numbers, project.layers, strict=True):
        faults += _column_faults(project, layer, ("layers", number), lines, levels)
        faults += _level_faults(project, layer, ("layers", number), lines, levels)
    faults += _minutes_faults(project, lines)
    if complete:
        faults += [*_absent_roles(project), *_double_roles(project, lines), *_double_levels(project)]
        faults += _osm_faults(project)
    return faults


def _is_there(path: Path) -> bool:
    """A file geodatabase is a folder."""
    return path.is_file() or (path.is_dir() and path.suffix.lower() == ".gdb")


def _missing_file(project: Project, path: Path) -> Fault:
    folder = path.parent
    files = sorted(p for p in folder.iterdir() if _is_there(p)) if folder.is_dir() else []
    # the .shx of a shapefile is as near to its name as can be, and no help
    names = [p.name for p in files if p.suffix.lower() not in _BESIDE]
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    mend = msg(
        "put the file there, or correct its path in {project}; paths start from {folder}",
        project=project.path.name,
        folder=project.folder,
    )
    return Fault(
        code="missing-file",
        needed=msg("the file {name}", name=path.name),
        given=msg("a folder of that name") if path.is_dir() else msg("no such file"),
        mend=msg("did you mean {word}?", word=close[0]) if close else mend,
        where=Where(file=str(path)),
    )


def _column_faults(
    project: Project, layer: LayerSettings, key: Key, lines: Lines, levels: tuple[str, ...] | None
) -> Iterator[Fault]:
    if layer.role == "buildings" and levels is None:
        return  # a column of buildings may be the name of a level, and not all levels are known
    known = {column.name for column in SCHEMAS[layer.role]}
    if layer.role == "buildings":
        known |= set(levels or ())
    choices = sorted(known)
    places: list[tuple[Key, Mapping[str, object]]] = [
        ((*key, "columns"), layer.columns),
        ((*key, "values"), layer.values),
        *(((*key, "tables", i, "columns"), table.columns) for i, table in enumerate(layer.tables)),
    ]
    for place, given in places:
        for name in given:
            if name not in known:
                yield make_fault(
                    "unknown-column",
                    project.path,
                    msg("a column of {role}: {columns}", role=layer.role, columns=", ".join(choices)),
                    at_line((*place, name), lines, msg("the key {key}", key=spell_key((*place, name)))),
                    suggest(name, choices),
                )


def _level_faults(
    project: Project, layer: LayerSettings, key: Key, lines: Lines, levels: tuple[str, ...] | None
) -> Iterator[Fault]:
    if layer.role == "units" and not layer.level:
        yield make_fault(
            "missing-level",
            project.path,
            msg("the name of the level that these units form"),
            at_line(key, lines, msg("{key} without level", key=spell_key(key))),
            msg('add a line such as: level = "communities"'),
        )
    if layer.role != "units" and (layer.level or layer.parent):
        yield make_fault(
            "level-of-no-units",
            project.path,
            msg("level and parent on layers of units only"),
            at_line(key, lines, msg("{key} with role {role}", key=spell_key(key), role=layer.role)),
            msg('remove them, or write role = "units"'),
        )
    others = [name for name in levels or () if name != layer.level]
    if levels is not None and layer.parent and layer.parent not in others:
        place = (*key, "parent")
        yield make_fault(
            "unknown-level",
            project.path,
            msg("a level that the project has: {levels}", levels=", ".join(others) or "-"),
            at_line(place, lines, msg("{key} = {value}", key=spell_key(place), value=layer.parent)),
            suggest(layer.parent, others) if others else msg("remove the key parent"),
        )


def _minutes_faults(project: Project, lines: Lines) -> Iterator[Fault]:
    minutes = project.walk.minutes
    ordered = sorted(set(minutes))
    if list(minutes) != ordered:
        yield make_fault(
            "minutes-order",
            project.path,
            msg("minutes from small to large, each once"),
            at_line(("walk", "minutes"), lines, msg("{value}", value=", ".join(f"{m:g}" for m in minutes))),
            msg("write minutes = [{minutes}]", minutes=", ".join(f"{m:g}" for m in ordered)),
        )


def _absent_roles(project: Project) -> Iterator[Fault]:
    roles = [layer.role for layer in project.layers]
    for role in ("buildings", "facilities"):
        if role not in roles and role not in project.osm_roles:
            yield make_fault(
                "no-layer",
                project.path,
                msg("a layer with role {role}", role=role),
                msg("layers with roles {roles}", roles=", ".join(dict.fromkeys(roles)) or "-"),
                msg('add a [[layers]] table with role = "{role}" and its file', role=role),
            )


def _double_roles(project: Project, lines: Lines) -> Iterator[Fault]:
    roles: set[str] = {layer.role for layer in project.layers if layer.role != "units"}
    taken: set[str] = set(project.osm.take or ()) if project.osm is not None else set()
    for role in sorted(roles & taken):
        yield make_fault(
            "role-twice",
            project.path,
            msg("{role} from one source", role=role),
            at_line(("osm", "take"), lines, msg("both a layer and osm.take give {role}", role=role)),
            msg("take {role} out of one of them", role=role),
        )
    if project.graph is not None and "streets" in roles | taken:
        yield make_fault(
            "role-twice",
            project.path,
            msg("{role} from one source", role="streets"),
            at_line(("graph",), lines, msg("both [graph] and another source give streets")),
            msg("take {role} out of one of them", role="streets"),
        )


def _double_levels(project: Project) -> Iterator[Fault]:
    names = project.level_names
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield make_fault(
                "level-twice",
                project.path,
                msg("one layer for each level"),
                msg("level {level} {count} times", level=name, count=names.count(name)),
                msg("give each level its own name"),
            )


def _osm_faults(project: Project) -> Iterator[Fault]:
    if project.osm is not None and "facilities" in project.osm_roles and not project.osm.facilities:
        yield make_fault(
            "no-facility-tags",
            project.path,
            msg("the tags of the facilities to take out of {file}", file=project.osm.file),
            msg("no facilities under [osm]"),
            msg('add under [osm]: facilities = [{{ kind = "school", tags = "amenity=school" }}]'),
        )
