"""What is to be read from where: one source for each layer, and the tables joined to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geoplan.errors import Message, Where
from geoplan.model import (
    BARRIERS,
    BUILDINGS,
    ENTRANCES,
    ESTATES,
    FACILITIES,
    GATES,
    GREEN,
    STREETS,
    UNITS,
    Datum,
    Notice,
    TableSchema,
)
from geoplan.text.labels import TABLES

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["ROLES", "ROLE_NAMES", "SCHEMAS", "LayerRead", "LayerSource", "Role", "TableJoin"]

Role = Literal["buildings", "facilities", "streets", "estates", "gates", "entrances", "barriers", "green", "units"]

SCHEMAS: Mapping[str, TableSchema] = {
    schema.name: schema
    for schema in (BUILDINGS, FACILITIES, STREETS, ESTATES, GATES, ENTRANCES, BARRIERS, GREEN, UNITS)
}
"""The schema of each role."""

ROLES: tuple[str, ...] = tuple(SCHEMAS)

ROLE_NAMES: Mapping[str, Message] = TABLES
"""Roles as people say them."""


@dataclass(frozen=True, slots=True)
class TableJoin:
    """An Excel or CSV table whose columns are joined to a layer.

    Attributes
    ----------
    path
        The ``.xlsx`` or ``.csv`` file.
    key
        Field of the table that holds the ids.
    columns
        geoplan column = field of the table.
    sheet
        Sheet of a workbook; ``""`` where it has only one.
    on
        Field of the layer that the key matches; ``""`` is the layer's id.
    encoding
        Encoding of a CSV file, only to override detection.
    """

    path: Path
    key: str
    columns: Mapping[str, str]
    sheet: str = ""
    on: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class LayerSource:
    """One layer of one file and what it is to become.

    Attributes
    ----------
    path
        Vector file, file geodatabase, zipped shapefile, or an Excel/CSV ledger with coordinates.
    role
        Which table it becomes, one of :data:`ROLES`.
    layer
        Layer of the file (sheet of a ledger); ``""`` where there is only one.
    level, parent, parallel
        For units: the level's name, the level above it, and whether it divides the land without nesting.
    id
        Field with the ids; ``""`` numbers the rows.
    columns
        geoplan column = field of the file; a column of the same name needs no entry. For ledgers ``x`` and ``y``
        name the coordinates. A name outside the schema is kept as the ids of another level.
    values
        geoplan column = constant for all rows.
    where
        Field = value (or list of values) of the rows to take, such as one drawing layer of a DXF file.
    crs
        CRS, only where the file itself names none.
    datum
        Datum of the coordinates.
    convert
        Take gcj02 or bd09 coordinates back to wgs84; off unless asked for.
    encoding
        Text encoding, only to override detection.
    doors
        Facilities: rows with the same id are the doors of one facility.
    tables
        Tables joined by id.
    """

    path: Path
    role: Role
    layer: str = ""
    level: str = ""
    parent: str | None = None
    parallel: bool = False
    id: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    where: Mapping[str, object] = field(default_factory=dict)
    crs: str = ""
    datum: Datum = "unknown"
    convert: bool = False
    encoding: str = ""
    doors: bool = False
    tables: tuple[TableJoin, ...] = ()

    @property
    def constants(self) -> Mapping[str, object]:
        """The same as ``values``, which pandas users read as something else."""
        return self.values

    @property
    def schema(self) -> TableSchema:
        """The schema of the role."""
        return SCHEMAS[self.role]

    def place(self, column: str = "", rows: tuple[str, ...] = ()) -> Where:
        """Where a fault of this layer is: the bare file name, so that outputs are the same on every machine."""
        return Where(self.path.name, self.layer, column, rows)


@dataclass(frozen=True, slots=True)
class LayerRead:
    """A layer as it was read: columns by its schema, still in its own CRS.

    The columns of the schema are there, but booleans that may be missing hold ``pd.NA``, and ``raw_streets`` are lines
    with whatever columns the file has: :func:`geoplan.read.assemble_town` settles the former and nodes the latter.
    Finished tables, as of OpenStreetMap, come as ``LayerRead(table, LayerSource(path, role, datum=...))``.
    """

    table: GeoDataFrame
    source: LayerSource
    notices: tuple[Notice, ...] = ()
    raw_streets: bool = False
