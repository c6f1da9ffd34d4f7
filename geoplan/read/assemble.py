"""Layers to one town: one CRS, one datum, references that hold, counts for every building."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import pandas as pd
import pyproj

from geoplan.errors import Fault, InputError, Where, msg
from geoplan.model import Datum, Level, Notice, Town
from geoplan.read.crs import to_crs, town_crs
from geoplan.read.datum_check import SHIFT_NAMES, convert_datum, detect_datum, settle_datum
from geoplan.read.households import HouseholdOptions, estimate_households
from geoplan.read.layer import complete_columns
from geoplan.read.relate import decide_walled, far_faults, place_in_estates, reference_faults
from geoplan.read.sources import ROLE_NAMES, SCHEMAS, LayerRead, LayerSource
from geoplan.read.streets import build_streets
from geoplan.read.validate import empty_layer, validate_ids, validate_table

__all__ = ["AssembleOptions", "add_levels", "assemble_town"]

_NEEDED = ("buildings", "facilities")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleOptions:
    """How layers are put together.

    Attributes
    ----------
    households
        How missing counts are estimated.
    allow_inverse
        Take all gcj02 and bd09 layers back to wgs84, as ``convert`` does for one.
    check_datum
        Compare buildings and facilities with the streets for the shift of web maps.
    far_m
        A building or facility farther than this from the streets (without streets: the units) is a fault, metres.
    gate_tolerance_m
        A gate belongs to the walls within this distance, metres.
    """

    households: HouseholdOptions = field(default_factory=HouseholdOptions)
    allow_inverse: bool = False
    check_datum: bool = True
    far_m: float = 3000.0
    gate_tolerance_m: float = 15.0


def assemble_town(
    name: str,
    reads: Sequence[LayerRead],
    *,
    crs: str = "auto",
    options: AssembleOptions | None = None,
    notices: Iterable[Notice] = (),
    later_levels: Iterable[str] = (),
) -> Town:
    """Put the layers of a town together and check that they go together.

    Parameters
    ----------
    name
        Name of the town.
    reads
        Layers; several of one role are put one after the other. The first level named is the main one.
    crs
        ``"auto"`` or a projected CRS in metres.
    options
        How it is done.
    notices
        Notices to put before those of the layers.
    later_levels
        Names of levels that :func:`add_levels` will add.

    Returns
    -------
    Town
        All tables in one CRS, by their schemas, sorted by id; every building has counts and, where it stands in
        one, an estate; an estate without ``walled`` is walled if it has gates. Notices that all outputs print come
        first, each kind by its code.

    Raises
    ------
    InputError
        With the faults of all layers: mixed datums, ids used twice, references to rows that do not exist, buildings
        and facilities far outside, buildings that cannot be estimated.
    """
    options = options or AssembleOptions()
    _raise(_missing_layers(reads))
    first = list(notices)
    collected = [notice for read in reads for notice in read.notices]
    reads, datum, faults, notes = _one_datum(reads, options)
    collected += notes
    target = town_crs(crs, *_middle(reads))
    tables, levels, more, notes = _tables(reads, target)
    faults += more
    collected += notes
    _raise(faults)
    wheres = _wheres([read.source for read in reads])
    tables, notes = _settle(tables, options)
    collected += notes
    faults = reference_faults(tables, levels, wheres, later_levels=later_levels)
    faults += far_faults(tables, levels, wheres, far_m=options.far_m)
    _raise(faults)
    if options.check_datum:
        collected += _datum_notices(tables, wheres)
    buildings, notes = estimate_households(
        tables["buildings"], options=options.households, estates=tables.get("estates"), where=wheres["buildings"]
    )
    tables["buildings"] = buildings
    collected += notes
    faults = [f for role, table in tables.items() for f in validate_table(table, SCHEMAS[role], wheres[role])]
    for level in levels:
        faults += validate_table(level.table, SCHEMAS["units"], wheres[level.name])
    _raise(faults)
    return Town(name=name, levels=levels, datum=datum, notices=_in_order(first, collected), **tables)


def add_levels(
    base: Town, reads: Sequence[LayerRead], sources: Sequence[LayerSource], *, options: AssembleOptions | None = None
) -> Town:
    """Add the layers of units to a town that was put together without them.

    Boundaries change often, and nothing else of a town depends on them: the same layers give the same town whether
    they are put together at once or in these two steps.

    Parameters
    ----------
    base
        What :func:`assemble_town` made of all other layers, told of the ``later_levels``.
    reads
        The layers of units.
    sources
        The other layers, for their datums and for the places of faults.
    options
        As given to :func:`assemble_town`.

    Returns
    -------
    Town

    Raises
    ------
    InputError
        With the faults of these layers, and of references to and from them.
    """
    options = options or AssembleOptions()
    faults = _missing_levels(reads)
    _raise(faults)
    converted = [_converted(read, options) for read in reads]
    datums = [(_datum_after(source, options), source.place()) for source in (*sources, *(r.source for r in reads))]
    datum, faults, notices = settle_datum(datums)
    notices += [notice for read in reads for notice in read.notices] + [
        note for _, notes in converted for note in notes
    ]
    _, levels, more, notes = _tables([read for read, _ in converted], base.crs)
    _raise(faults + more)
    tables = _tables_of(base)
    wheres = _wheres([*sources, *(read.source for read in reads)])
    faults = reference_faults(tables, levels, wheres)
    faults += far_faults(tables, levels, wheres, far_m=options.far_m) if base.streets is None else []
    for level in levels:
        faults += validate_table(level.table, SCHEMAS["units"], wheres[level.name])
    _raise(faults)
    kept = [notice for notice in base.notices if notice.code != "datum-unknown"]
    return replace(base, levels=levels, datum=datum, notices=_in_order(kept, [*notices, *notes]))


def _tables_of(town: Town) -> dict[str, gpd.GeoDataFrame]:
    tables = {role: getattr(town, role) for role in SCHEMAS if role != "units"}
    return {role: table for role, table in tables.items() if table is not None}


_OWN_NOTICES = ("synthetic", "attribution")


def _in_order(first: Iterable[Notice], others: Iterable[Notice]) -> tuple[Notice, ...]:
    """Each notice once: those of the project itself, those that all outputs print, then by code and sentence."""
    own = [notice for notice in first if notice.code in _OWN_NOTICES]
    rest = [notice for notice in first if notice.code not in _OWN_NOTICES]
    rest = sorted([*rest, *others], key=lambda notice: (not notice.everywhere, notice.code, str(notice.message)))
    return tuple({(notice.code, str(notice.message)): notice for notice in [*own, *rest]}.values())


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise InputError(faults)


def _missing_layers(reads: Sequence[LayerRead]) -> list[Fault]:
    roles = {read.source.role for read in reads}
    faults = [
        Fault(
            "missing-layer",
            msg("a layer of {role}", role=ROLE_NAMES[role]),
            msg("only layers with the roles {roles}", roles=", ".join(sorted(roles)) or "-"),
            msg('add a [[layers]] entry with role = "{role}"', role=role),
        )
        for role in _NEEDED
        if role not in roles
    ]
    faults += _missing_levels(reads)
    return faults + [
        empty_layer(read.source.place()) for read in reads if read.source.role in _NEEDED and not len(read.table)
    ]


def _missing_levels(reads: Sequence[LayerRead]) -> list[Fault]:
    return [
        Fault(
            "no-level",
            msg("the level that these units are of"),
            msg("none"),
            msg('add level = "communities" (or subdistricts, grids, ...) to the layer'),
            read.source.place("level"),
        )
        for read in reads
        if read.source.role == "units" and not read.source.level
    ]


def _one_datum(
    reads: Sequence[LayerRead], options: AssembleOptions
) -> tuple[list[LayerRead], Datum, list[Fault], list[Notice]]:
    converted = [_converted(read, options) for read in reads]
    settled, faults, notes = settle_datum([(_datum_after(r.source, options), r.source.place()) for r in reads])
    return [read for read, _ in converted], settled, faults, [note for _, own in converted for note in own] + notes


def _datum_after(source: LayerSource, options: AssembleOptions) -> Datum:
    """Datum of a layer once it has been converted, if that is asked for."""
    shifted = source.datum in {"gcj02", "bd09"}
    return "wgs84" if shifted and (source.convert or options.allow_inverse) else source.datum


def _converted(read: LayerRead, options: AssembleOptions) -> tuple[LayerRead, list[Notice]]:
    if _datum_after(read.source, options) == read.source.datum:
        return read, []
    table, notes = convert_datum(read)
    return replace(read, table=table), notes


def _middle(reads: Sequence[LayerRead]) -> tuple[float, float]:
    """Longitude and latitude of the middle of the buildings."""
    table = next(read.table for read in reads if read.source.role == "buildings")
    west, south, east, north = table.total_bounds
    crs = pyproj.CRS(table.crs)
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to_degrees.transform((west + east) / 2, (south + north) / 2)
    return float(lon), float(lat)


def _tables(
    reads: Sequence[LayerRead], crs: pyproj.CRS
) -> tuple[dict[str, gpd.GeoDataFrame], tuple[Level, ...], list[Fault], list[Notice]]:
    """Tables by role and the levels, all in one CRS."""
    faults: list[Fault] = []
    notices: list[Notice] = []
    grouped: dict[str, list[LayerRead]] = {}
    lines: list[LayerRead] = []
    for read in reads:
        table, notes = to_crs(read.table, crs, read.source.place())
        notices += notes
        if read.raw_streets:
            lines.append(replace(read, table=table))
            continue
        if read.source.role != "estates":
            table = complete_columns(table, read.source.schema)
        key = f"level {read.source.level}" if read.source.role == "units" else read.source.role
        grouped.setdefault(key, []).append(LayerRead(table, read.source))
    if lines:
        try:
            table, notes = _build_streets(lines)
            notices += notes
            grouped.setdefault("streets", []).append(LayerRead(table, lines[0].source))
        except InputError as error:
            faults += error.faults
    tables: dict[str, gpd.GeoDataFrame] = {}
    levels: list[Level] = []
    for key, group in grouped.items():
        table, more = _stack(group)
        table = table.sort_index()  # whatever sums or counts rows later then does it in one order
        faults += more
        source = group[0].source
        if source.role == "units":
            levels.append(Level(source.level, table, source.parent, source.parallel))
        else:
            tables[key] = table
    return tables, tuple(levels), faults, notices


def _build_streets(lines: Sequence[LayerRead]) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Edges of all layers of lines, cut where the lines of one layer meet those of another too."""
    tables = [read.table for read in lines]
    names = pd.Index([name for table in tables for name in table.index])
    if names.has_duplicates:
        tables = [
            table.set_axis([f"{number}-{name}" for name in table.index]) for number, table in enumerate(tables, 1)
        ]
    table = tables[0] if len(tables) == 1 else gpd.GeoDataFrame(pd.concat(tables), crs=tables[0].crs)
    files = ", ".join(dict.fromkeys(read.source.path.name for read in lines))
    where = Where(files, lines[0].source.layer if len(lines) == 1 else "")
    table, notices = build_streets(table, where=where)
    return complete_columns(table, SCHEMAS["streets"]), notices


def _stack(group: Sequence[LayerRead]) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Layers of one role one after the other; node numbers of streets are kept apart."""
    if len(group) == 1:
        return group[0].table, []
    parts = []
    nodes = 0
    for read in group:
        part = read.table
        if read.source.role == "streets":
            part = part.assign(u=part["u"] + nodes, v=part["v"] + nodes)
            nodes = int(max(part["u"].max(), part["v"].max(), nodes)) + 1
        parts.append(part)
    table = gpd.GeoDataFrame(pd.concat(parts), crs=parts[0].crs)
    table.index = pd.Index(table.index, name="id", dtype="str")
    files = ", ".join(dict.fromkeys(read.source.path.name for read in group))
    return table, validate_ids(table, Where(files, "", "id"))


def _wheres(sources: Sequence[LayerSource]) -> dict[str, Where]:
    """Files of each role and level."""
    files: dict[str, list[LayerSource]] = {}
    for source in sources:
        files.setdefault(source.level if source.role == "units" else source.role, []).append(source)
    return {
        key: Where(
            ", ".join(dict.fromkeys(source.path.name for source in group)),
            group[0].layer if len(group) == 1 else "",
        )
        for key, group in files.items()
    }


def _settle(
    tables: dict[str, gpd.GeoDataFrame], options: AssembleOptions
) -> tuple[dict[str, gpd.GeoDataFrame], list[Notice]]:
    """Walls, and estates of buildings, decided once on the data as given."""
    settled = dict(tables)
    notices: list[Notice] = []
    if "estates" in tables:
        walled, notes = decide_walled(tables["estates"], tables.get("gates"), tolerance_m=options.gate_tolerance_m)
        notices += notes
        settled["estates"] = complete_columns(tables["estates"].assign(walled=walled), SCHEMAS["estates"])
        settled["buildings"], notes = place_in_estates(tables["buildings"], settled["estates"])
        notices += notes
    return settled, notices


def _datum_notices(tables: dict[str, gpd.GeoDataFrame], wheres: dict[str, Where]) -> list[Notice]:
    streets = tables.get("streets")
    if streets is None:
        return []
    notices = []
    for role in ("buildings", "facilities"):
        guess = detect_datum(tables[role], streets)
        if guess.clear:
            text = msg(
                "{file} fits the streets better when shifted ({shift}: {best:.1f} m off, not {given:.1f} m)",
                file=wheres[role].file,
                shift=SHIFT_NAMES[guess.shift],
                best=guess.misfit_m[guess.shift],
                given=guess.misfit_m["none"],
            )
            notices.append(Notice("datum-doubtful", text, everywhere=True))
    return notices
