"""``geoplan new``: what the files of a folder probably are."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoplan.errors import Fault, InputError, Message, OutputError, Where, msg
from geoplan.model import Progress
from geoplan.project.joining import FieldMatch, agreement, match_fields
from geoplan.project.parsing import parse_project
from geoplan.project.settings import OSM_ROLES, PROJECT_FILE, Project
from geoplan.project.writing import GuessedFacility, GuessedLayer, GuessedTable, project_text
from geoplan.read import LayerSource, guess_columns, guess_role, list_layers, list_sheets
from geoplan.read.osm_scan import OSM_SUFFIXES, OsmScan, scan_osm
from geoplan.read.osm_tags import TagQuery, parse_tags
from geoplan.read.sheets import read_sheet
from geoplan.read.tables import guess_coordinates, open_ledger
from geoplan.read.vector import open_vector

__all__ = ["Guess", "guess_osm", "guess_project"]

_VECTOR = {".shp", ".gpkg", ".geojson", ".json", ".kml", ".dxf", ".fgb", ".gml", ".tab", ".mif", ".gdb", ".zip"}
_LEDGERS = {".xlsx", ".xlsm", ".csv", ".tsv"}
_BESIDE = {".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml", ".qpj", ".md", ".dat", ".id", ".map", ".mid"}
_MOST_FILES = 300
_LEVEL_ORDER = ("communities", "subdistricts", "grids", "groups")
_PARENTS = {"communities": "subdistricts", "grids": "communities", "groups": ""}
_COMMON_IDS = ("BSM", "ID", "id", "FID", "OBJECTID", "编号", "编码", "代码", "序号")
_ONE_LAYER = ("buildings", "streets", "estates")
_SERVICE = re.compile(r"服务站|服务中心|党群|社区服务|便民|service.?cent|community.?cent", re.IGNORECASE)
_FACILITIES = (
    ("service_centre", "amenity=community_centre|townhall"),
    ("school", "amenity=school"),
    ("kindergarten", "amenity=kindergarten"),
    ("clinic", "amenity=clinic|doctors|hospital"),
    ("pharmacy", "amenity=pharmacy"),
    ("market", "amenity=marketplace"),
)


@dataclass(frozen=True)
class Guess:
    """A project file that could be written.

    Attributes
    ----------
    path, text
        Where it goes and what it says.
    project
        What it means; None where something that geoplan cannot do without is missing.
    remarks
        What was guessed, and why.
    gaps
        What is missing.
    """

    path: Path
    text: str
    project: Project | None
    remarks: tuple[Message, ...]
    gaps: tuple[Message, ...]

    def write(self) -> Path:
        """Write the project file.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            If there is one already.
        OutputError
            If it cannot be written.
        """
        _refuse_existing(self.path)
        try:
            with self.path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(self.text)
        except OSError as error:
            raise OutputError(
                Fault(
                    code="output-unwritable",
                    needed=msg("a folder that can be written to"),
                    given=msg("{reason}", reason=error.strerror or str(error)),
                    mend=msg("copy the files to a folder of your own"),
                    where=Where(file=str(self.path)),
                )
            ) from None
        return self.path


@dataclass
class _Found:
    """What has been seen in the folder so far."""

    layers: list[GuessedLayer] = field(default_factory=list)
    frames: dict[int, gpd.GeoDataFrame] = field(default_factory=dict)
    sure: dict[int, bool] = field(default_factory=dict)
    ledgers: list[tuple[str, str, pd.DataFrame]] = field(default_factory=list)
    osm: dict[str, object] | None = None
    graph: str = ""
    remarks: list[Message] = field(default_factory=list)
    unused: list[Message] = field(default_factory=list)

    def frame(self, layer: GuessedLayer) -> gpd.GeoDataFrame:
        """The rows of a layer."""
        return self.frames[id(layer)]

    def drop(self, what: Message) -> None:
        """Note that something is not used."""
        self.unused.append(what)
        self.remarks.append(msg("not used: {what}", what=what))


def guess_project(folder: str | Path, *, language: str = "zh", progress: Progress | None = None) -> Guess:
    """Look at the files of a folder and guess the project file that fits them.

    Parameters
    ----------
    folder
        Folder with the files of a town.
    language
        Language of the comments.
    progress
        Told which file is being looked at.

    Returns
    -------
    Guess
        Nothing is written yet.

    Raises
    ------
    InputError
        If there is no such folder, it already holds a project file, or it holds nothing that can be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            Fault(
                code="no-folder",
                needed=msg("a folder with the files of a town"),
                given=msg("{path}, which is no folder", path=folder),
                mend=msg("check the path"),
                where=Where(file=str(folder)),
            )
        )
    _refuse_existing(folder / PROJECT_FILE)
    files = _files(folder)
    found = _Found()
    for number, path in enumerate(files):
        name = path.relative_to(folder).as_posix()
        if progress is not None:
            progress(msg("looking at {file}", file=name), number / len(files))
        _look(path, name, found)
    if not (found.layers or found.osm or found.graph):
        raise InputError(_nothing_found(folder, files))
    _choose_layers(found)
    _join_ledgers(found)
    _check_references(found)
    return _finish(folder, language, found)


def guess_osm(path: Path) -> Project:
    """The project that an OSM extract alone makes.

    Parameters
    ----------
    path
        The extract.

    Returns
    -------
    Project

    Raises
    ------
    InputError
        If the file is missing or cannot be read, or holds no facilities.
    """
    found = _Found()
    _look_osm(path, path.name, found)
    guess = _finish(path.parent, "zh", found, name=path.name.split(".")[0])
    # the file's own faults, where there are any, are better than a guess without a project
    return guess.project or parse_project(guess.text, guess.path)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise InputError(
            Fault(
                code="project-exists",
                needed=msg("a folder without {name}", name=PROJECT_FILE),
                given=msg("there is one already"),
                mend=msg("use it, or rename it first; it was left as it is"),
                where=Where(file=str(path)),
            )
        )


def _nothing_found(folder: Path, files: Sequence[Path]) -> Fault:
    return Fault(
        code="nothing-found",
        needed=msg("boundaries, buildings, streets or an OpenStreetMap extract"),
        given=msg("{count} files, none of which can be read as such", count=len(files)),
        mend=msg("put shapefiles, GeoPackages, GeoJSON or .osm.pbf files there"),
        where=Where(file=str(folder)),
    )


def _files(folder: Path) -> list[Path]:
    """Files that may be data, in subfolders too; a file geodatabase is one."""
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        base = Path(root)
        databases = [name for name in folders if name.lower().endswith(".gdb")]
        files += [base / name for name in databases]
        folders[:] = sorted(n for n in folders if n not in databases and not n.startswith(".") and n != "out")
        files += [base / n for n in names if not n.startswith((".", "~$")) and Path(n).suffix.lower() not in _BESIDE]
    return sorted(files)[:_MOST_FILES]


def _look(path: Path, name: str, found: _Found) -> None:
    suffix = path.suffix.lower()
    try:
        if path.name.lower().endswith(OSM_SUFFIXES):
            if found.osm is None:
                _look_osm(path, name, found)
            else:
                found.drop(msg("{file}: another OpenStreetMap extract comes first", file=name))
        elif suffix == ".graphml":
            found.graph = found.graph or name
            found.remarks.append(msg("{file}: streets, as OSMnx writes them", file=name))
        elif suffix in _VECTOR:
            _look_vector(path, name, found)
        elif suffix in _LEDGERS:
            _look_ledger(path, name, found)
        else:
            found.drop(msg("{file}: not a kind of file that geoplan reads", file=name))
    except InputError as error:
        found.drop(msg("{file}: {reason}", file=name, reason=error.faults[0].given))


def _look_vector(path: Path, name: str, found: _Found) -> None:
    layers = list_layers(path)
    for layer, kind in layers:
        if kind is None:
            continue
        single = len(layers) == 1
        raw = open_vector(path, layer="" if single else layer)
        _take_layer(path, name, "" if single else layer, raw.frame, found)


def _take_layer(path: Path, name: str, layer: str, frame: gpd.GeoDataFrame, found: _Found) -> None:
    label = f"{name} / {layer}" if layer else name
    if not len(frame):
        found.drop(msg("{file}: it is empty", file=label))
        return
    role = guess_role(path, frame, layer=layer)
    if not role.role:
        found.drop(msg("{file}: {reason}", file=label, reason=role.reason))
        return
    guess = GuessedLayer(name, layer, role.role, level=role.level, needs_crs=frame.crs is None)
    guess.reasons[""] = role.reason
    for column, fitting in guess_columns(frame, role.role, level=role.level).items():
        guess.reasons[column] = fitting.reason
        if column == "id":
            guess.id = fitting.field
        else:
            guess.columns[column] = fitting.field
    if role.role == "facilities" and "kind" not in guess.columns:
        guess.constants["kind"] = "service_centre"
    found.layers.append(guess)
    found.frames[id(guess)] = frame
    found.sure[id(guess)] = role.sure
    what = f"{role.role} {role.level}".strip()
    found.remarks.append(msg("{file}: {role}, because {reason}", file=label, role=what, reason=role.reason))


def _look_ledger(path: Path, name: str, found: _Found) -> None:
    for sheet in list_sheets(path):
        label = f"{name} / {sheet}" if sheet else name
        try:
            frame = read_sheet(path, sheet=sheet).frame
        except InputError as error:
            found.drop(msg("{file}: {reason}", file=label, reason=error.faults[0].given))
            continue
        if guess_coordinates([str(column) for column in frame.columns]):
            points = open_ledger(LayerSource(path=path, role="facilities", layer=sheet)).frame
            _take_layer(path, name, sheet, points, found)
        else:
            found.ledgers.append((name, sheet, frame))


def _look_osm(path: Path, name: str, found: _Found) -> None:
    queries = [parse_tags(tags, kind=kind) for kind, tags in _FACILITIES]
    scan = scan_osm(path, queries=queries, take=frozenset({"units", "facilities"}))
    facilities = [each for query in queries if (each := _counted(query, scan)).count]
    levels = sorted(scan.admin_levels.items(), key=lambda item: (item[1], int(item[0]) if item[0].isdigit() else 0))
    level = levels[-1][0] if levels else ""
    found.osm = {"file": name, "facilities": facilities, "admin_level": int(level) if level.isdigit() else 0}
    kinds = ", ".join(f"{each.kind} {each.count}" for each in facilities) or "-"
    found.remarks.append(
        msg(
            "{file}: OpenStreetMap; communities from boundaries of level {level}, facilities: {kinds}",
            file=name,
            level=level or "-",
            kinds=kinds,
        )
    )


def _counted(query: TagQuery, scan: OsmScan) -> GuessedFacility:
    tags = [*scan.facility_nodes.tags, *scan.facility_areas.tags]
    return GuessedFacility(query.kind, query.text, sum(query.matches(each) for each in tags))


def _choose_layers(found: _Found) -> None:
    """One layer for each role that would otherwise be counted twice, one for each level, levels in order."""
    ranked = sorted(found.layers, key=lambda layer: _rank(found, layer))
    kept: list[GuessedLayer] = []
    for layer in ranked:
        rival = next((k for k in kept if k.role == layer.role and k.level == layer.level), None)
        alone = layer.role in _ONE_LAYER or layer.role == "units"
        doubtful = layer.role == "facilities" and not found.sure[id(layer)]
        if rival is not None and (alone or (doubtful and found.sure[id(rival)])):
            found.drop(msg("{file}: {rival} is taken for {role}", file=layer.label, rival=rival.label, role=layer.role))
        else:
            kept.append(layer)
    _arrange_levels(kept)
    order = {level: number for number, level in enumerate(_LEVEL_ORDER)}
    roles = {role: number for number, role in enumerate(("units", "buildings", "estates", "facilities", "streets"))}
    found.layers = sorted(
        kept, key=lambda layer: (roles.get(layer.role, 9), order.get(layer.level, 9), layer.role, layer.label)
    )


def _rank(found: _Found, layer: GuessedLayer) -> tuple[int, bool, bool, int, str]:
    """Best first: whose ids other tables name, then what has ids, then a name that says what it is, then most rows."""
    frames = [found.frame(other) for other in found.layers if other is not layer]
    frames += [frame for _, _, frame in found.ledgers]
    named = sum(layer.id in frame.columns for frame in frames) if layer.id and layer.id not in _COMMON_IDS else 0
    return (-named, not layer.id, not found.sure[id(layer)], -len(found.frame(layer)), layer.label)


def _arrange_levels(kept: Sequence[GuessedLayer]) -> None:
    """Name levels without a name, and say which nests in which."""
    for layer in kept:
        if layer.role == "units" and not layer.level:
            layer.level = "communities" if all(k.level != "communities" for k in kept) else Path(layer.file).stem
    names = [layer.level for layer in kept if layer.role == "units"]
    for layer in kept:
        parent = _PARENTS.get(layer.level, "")
        layer.parent = parent if parent in names else ""
        layer.parallel = layer.level == "groups"
        if not layer.parent:
            layer.columns.pop("parent", None)


def _join_ledgers(found: _Found) -> None:
    for name, sheet, frame in found.ledgers:
        label = f"{name} / {sheet}" if sheet else name
        best: tuple[float, bool, FieldMatch, GuessedLayer] | None = None
        for layer in found.layers:
            match = match_fields(frame, found.frame(layer), preferred=layer.id)
            if match is not None and (best is None or (match.share, match.on == layer.id) > best[:2]):
                best = (match.share, match.on == layer.id, match, layer)
        if best is None:
            found.drop(msg("{file}: its values agree with the ids of no layer", file=label))
            continue
        _, _, match, layer = best
        columns = _ledger_columns(frame, layer, match.key)
        if not columns:
            found.drop(msg("{file}: it adds no column that geoplan knows", file=label))
            continue
        reason = msg(
            "{count} of {all} values of {key} are values of {on}",
            count=match.count,
            all=len(frame),
            key=match.key,
            on=match.on,
        )
        if not layer.id and match.share == 1.0 and agreement(found.frame(layer)[match.on], frame[match.key]) == 1.0:
            layer.id = match.on
            layer.reasons["id"] = msg("all its values are ids of {file}", file=label)
        on = "" if match.on == layer.id else match.on
        layer.tables.append(GuessedTable(name, sheet, match.key, on, columns, reason))
        found.remarks.append(
            msg("{file}: joined to {layer}, because {reason}", file=label, layer=layer.label, reason=reason)
        )


def _ledger_columns(frame: pd.DataFrame, layer: GuessedLayer, key: str) -> dict[str, str]:
    """Columns of the layer's role that the ledger adds."""
    guesses = guess_columns(frame, layer.role, level=layer.level)
    return {
        column: guess.field
        for column, guess in guesses.items()
        if column != "id" and guess.field != key and column not in layer.columns
    }


def _check_references(found: _Found) -> None:
    """Drop references to rows that do not exist: names of estates where ids are needed."""
    targets = {"estate": "estates", "building": "buildings"}
    for layer in found.layers:
        for column in ("estate", "building", "serves", "parent"):
            target = _target(found, layer, targets.get(column, ""), column)
            for columns, frame in _columns_of(found, layer):
                field_name = columns.get(column)
                if field_name is None or field_name not in frame:
                    continue
                if target is None or not _agrees(frame[field_name], found.frame(target), target.id):
                    del columns[column]
                    layer.reasons.pop(column, None)
                    found.remarks.append(
                        msg(
                            "{file}: {field} is not taken for {column}: its values are no ids of such rows",
                            file=layer.label,
                            field=field_name,
                            column=column,
                        )
                    )


def _columns_of(found: _Found, layer: GuessedLayer) -> list[tuple[dict[str, str], pd.DataFrame]]:
    ledgers = {(name, sheet): frame for name, sheet, frame in found.ledgers}
    pairs: list[tuple[dict[str, str], pd.DataFrame]] = [(layer.columns, found.frame(layer))]
    return pairs + [(table.columns, ledgers[table.file, table.sheet]) for table in layer.tables]


def _target(found: _Found, layer: GuessedLayer, role: str, column: str) -> GuessedLayer | None:
    if column == "parent":
        return next((k for k in found.layers if k.role == "units" and k.level == layer.parent), None)
    if column == "serves":
        return next((k for k in found.layers if k.role == "units"), None)
    return next((k for k in found.layers if k.role == role), None)


def _agrees(values: pd.Series, frame: pd.DataFrame, id_field: str) -> bool:
    return bool(id_field) and agreement(values, frame[id_field]) == 1.0


def _crs(found: _Found) -> str:
    """The projected CRS of most layers, ``auto`` where all are in degrees."""
    names: list[str] = []
    for layer in found.layers:
        crs = found.frame(layer).crs
        if crs is not None and crs.is_projected and crs.to_epsg() is not None:
            names.append(f"EPSG:{crs.to_epsg()}")
    return max(sorted(set(names)), key=names.count) if names else "auto"


def _finish(folder: Path, language: str, found: _Found, *, name: str = "") -> Guess:
    path = folder / PROJECT_FILE
    osm = dict(found.osm) if found.osm is not None else None
    if osm is not None:
        osm |= _osm_needs(found, osm)
    streets = any(layer.role == "streets" for layer in found.layers)
    graph = "" if streets else found.graph
    if streets and found.graph:
        found.drop(msg("{file}: the streets of a layer are taken", file=found.graph))
    text = project_text(
        name or folder.resolve().name,
        language=language,
        crs=_crs(found),
        layers=found.layers,
        osm=osm,
        graph=graph,
        unused=found.unused,
        kinds=_service_kinds(found),
    )
    gaps = [
        msg("the CRS of {file}: write it behind crs", file=layer.label) for layer in found.layers if layer.needs_crs
    ]
    project: Project | None = None
    try:
        project = parse_project(text, path)
    except InputError as error:
        gaps += [fault.needed for fault in error.faults]
    return Guess(path, text, project, tuple(found.remarks), tuple(gaps))


def _service_kinds(found: _Found) -> tuple[str, ...]:
    """The kinds of facility that are service centres, where there are others beside them."""
    if any(layer.role == "facilities" for layer in found.layers):
        kinds = {kind for layer in found.layers if layer.role == "facilities" for kind in _kinds(found, layer)}
        centres = tuple(sorted(kind for kind in kinds if _SERVICE.search(kind)))
        return centres if len(centres) < len(kinds) else ()
    extract: Sequence[GuessedFacility] = (found.osm or {}).get("facilities") or ()  # type: ignore[assignment]
    return (extract[0].kind,) if len(extract) > 1 else ()


def _kinds(found: _Found, layer: GuessedLayer) -> set[str]:
    if "kind" in layer.constants:
        return {layer.constants["kind"]}
    for columns, frame in _columns_of(found, layer):
        if columns.get("kind") in frame:
            return {str(value).strip() for value in frame[columns["kind"]].dropna()} - {""}
    return set()


def _osm_needs(found: _Found, osm: dict[str, object]) -> dict[str, object]:
    """What to take from the extract, where it cannot give all that the layers leave open."""
    filled = {layer.role for layer in found.layers} | ({"streets"} if found.graph else set())
    wanted = [role for role in OSM_ROLES if role not in filled]
    if not osm["admin_level"] and "units" in wanted:
        wanted.remove("units")
        return {"take": wanted}
    if "facilities" not in wanted:
        return {"facilities": ()}
    return {}
