"""The core types: the tables of a town, the columns that each has, and their validators.

Tables are plain GeoDataFrames. Their index holds unique, non-empty strings and is named ``id``; their CRS is one
projected CRS in metres, the same for all tables of a town. Missing text is ``""``, a missing reference is ``None``,
a missing number ``NaN``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from geoplan.errors import Message

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

__all__ = [
    "BARRIERS",
    "BUILDINGS",
    "DATUMS",
    "ENTRANCES",
    "ESTATES",
    "FACILITIES",
    "GATES",
    "GREEN",
    "STREETS",
    "UNITS",
    "Column",
    "Datum",
    "Level",
    "Notice",
    "Progress",
    "TableSchema",
    "Town",
]

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "unknown"]
DATUMS: tuple[Datum, ...] = ("wgs84", "cgcs2000", "gcj02", "bd09", "unknown")

Kind = Literal["text", "reference", "number", "integer", "boolean"]
Progress = Callable[[Message, float], None]
"""Told what is being done and the share done (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    ``kind`` ``"text"`` is a string, ``""`` where missing; ``"reference"`` the id of a row of another table or ``None``;
    ``"number"`` float64, ``NaN`` where missing and ``optional``; ``"integer"`` int64; ``"boolean"`` bool.
    An optional column is always there after reading; its values may be missing.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    optional: bool = True
    minimum: float | None = None
    default: object = None

    @property
    def missing(self) -> object:
        """What stands where nothing is known."""
        if self.default is not None:
            return self.default
        return {"text": "", "reference": None, "number": float("nan"), "integer": 0, "boolean": False}[self.kind]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns and geometry types of a table."""

    name: str
    geometry: frozenset[str]
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_POLYGONS = frozenset({"Polygon", "MultiPolygon"})
_POINTS = frozenset({"Point", "MultiPoint"})
_LINES = frozenset({"LineString", "MultiLineString"})
_NAME = Column("name", "text", "name as people say it")


def _counts(*, optional: bool) -> tuple[Column, ...]:
    return (
        Column("households", "number", "households", "households", optional=optional, minimum=0.0),
        Column("people_resident", "number", "people who live there", "people", optional=optional, minimum=0.0),
        Column("people_registered", "number", "people registered there", "people", minimum=0.0),
    )


BUILDINGS = TableSchema(
    "buildings",
    _POLYGONS | {"Point"},
    (
        _NAME,
        *_counts(optional=False),
        Column("floors", "number", "storeys above ground", "storeys", minimum=0.0),
        Column("floor_area_m2", "number", "floor area of all storeys", "m2", minimum=0.0),
        Column("residential_share", "number", "share of the floor area that is lived in", "1", minimum=0.0),
        Column("estate", "reference", "estate that the building belongs to"),
        Column("address", "text", "postal address"),
        Column("estimated", "boolean", "the household count is an estimate"),
    ),
)
"""Buildings; ``households`` and ``people_resident`` are never missing, ``estimated`` says where they were guessed.

A further column with the name of a level holds the unit's id where the data gave it; elsewhere
:func:`geoplan.places.assign_buildings` finds it by place.
"""

STREETS = TableSchema(
    "streets",
    frozenset({"LineString"}),
    (
        Column("u", "integer", "node at the line's first point", optional=False),
        Column("v", "integer", "node at the line's last point", optional=False),
        Column("length_m", "number", "walking length", "m", optional=False, minimum=0.0),
        Column("level", "integer", "0 ground, above it bridges, below it tunnels", optional=False),
        Column("kind", "text", "OSM highway value or the planner's class; 'steps' are stairs"),
        _NAME,
        Column("crossing", "text", "'' or what one waits at: signal, minor, bridge"),
        Column("wait_share", "number", "part of that wait spent on this edge", "1", minimum=0.0, default=0.0),
        Column("climb_m", "number", "height gained from u to v, negative downhill", "m"),
    ),
)
"""Street edges, noded: two edges meet exactly where they share a node id."""

FACILITIES = TableSchema(
    "facilities",
    _POINTS,
    (
        _NAME,
        Column("kind", "text", "what it is, such as service_centre or kindergarten"),
        Column("tier", "text", "tier it works at, such as district or community; '' where there are none"),
        Column("serves", "reference", "id of the unit whose own centre it is; None: the unit that it stands in"),
        Column("floor_area_m2", "number", "floor area", "m2", minimum=0.0),
        Column("address", "text", "postal address"),
        Column("candidate", "boolean", "a site that is only proposed: it serves nobody yet"),
    ),
)
"""Facilities; a MultiPoint holds the doors of one facility."""

ESTATES = TableSchema(
    "estates",
    _POLYGONS,
    (
        _NAME,
        Column("kind", "text", "estate, village (urban village) or block"),
        *_counts(optional=True),
        Column("walled", "boolean", "its boundary can be crossed at open gates only"),
        Column("through", "boolean", "others may walk through it"),
        Column("divisible", "boolean", "may be split by building"),
        Column("year", "number", "year built", "year"),
        Column("phase", "text", "phase of renovation"),
        Column("priority", "number", "priority of renovation, 1 first", "1"),
        Column("address", "text", "postal address"),
    ),
)

GATES = TableSchema(
    "gates",
    frozenset({"Point"}),
    (
        _NAME,
        Column("estate", "reference", "estate in whose wall it is; None: the nearest wall", optional=True),
        Column("open", "boolean", "it can be walked through", default=True),
    ),
)

ENTRANCES = TableSchema(
    "entrances",
    frozenset({"Point"}),
    (Column("building", "reference", "building that it opens", optional=False),),
)

BARRIERS = TableSchema(
    "barriers",
    _LINES | _POLYGONS,
    (_NAME, Column("kind", "text", "river, railway, expressway, wall or another")),
)

GREEN = TableSchema(
    "green",
    _POLYGONS,
    (_NAME, Column("kind", "text", "park, wood, grass, farmland or another")),
)
"""Green land; maps show it, and nothing is measured by it."""

UNITS = TableSchema(
    "units",
    _POLYGONS,
    (
        _NAME,
        Column("code", "text", "official code"),
        Column("parent", "reference", "id of the unit above, in the parent level; None: by place"),
        Column("office", "text", "address of its office"),
    ),
)
"""Units of one level: communities, subdistricts, grids or whatever the planner's hierarchy has."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the planner's hierarchy, such as ``communities``.

    ``parent`` names the level that it nests in, ``None`` at the top; a ``parallel`` level (resident groups) divides the
    same land without nesting.
    """

    name: str
    table: GeoDataFrame
    parent: str | None = None
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a reader of the results has to know, such as an encoding that was guessed.

    ``code`` is a short stable name; ``everywhere`` marks what every output must print (unknown datum, estimates,
    synthetic data, an attribution that a licence asks for).
    """

    code: str
    message: Message
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Town:
    """Everything read about one town, checked; what lies past reading takes a Town or one of its tables.

    Attributes
    ----------
    name
        Name of the town.
    buildings, facilities
        Tables by :data:`BUILDINGS` and :data:`FACILITIES`.
    streets
        Table by :data:`STREETS`, or None: walks are then estimated from straight lines.
    levels
        The hierarchy's levels, the main one (usually communities) first.
    estates, gates, entrances, barriers, green
        Tables by the schemas of the same names, or None.
    datum
        Datum of every layer.
    notices
        What reading did and what outputs must say.
    """

    name: str
    buildings: GeoDataFrame
    facilities: GeoDataFrame
    streets: GeoDataFrame | None = None
    levels: tuple[Level, ...] = ()
    estates: GeoDataFrame | None = None
    gates: GeoDataFrame | None = None
    entrances: GeoDataFrame | None = None
    barriers: GeoDataFrame | None = None
    green: GeoDataFrame | None = None
    datum: Datum = "unknown"
    notices: tuple[Notice, ...] = field(default=())

    @property
    def crs(self) -> CRS:
        """The one projected CRS in metres of all tables."""
        return self.buildings.crs

    @property
    def estimated(self) -> bool:
        """Whether any household count is an estimate."""
        return bool(self.buildings["estimated"].any())

    def level(self, name: str) -> Level:
        """The level of that name; ``KeyError`` naming those there are if there is none."""
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(f"{name!r} is none of {[level.name for level in self.levels]}")

    def _repr_html_(self) -> str:
        """A small table of what the town holds, for notebooks."""
        from html import escape

        tables = {
            "buildings": self.buildings,
            "facilities": self.facilities,
            "streets": self.streets,
            "estates": self.estates,
            "gates": self.gates,
            "entrances": self.entrances,
            "barriers": self.barriers,
            "green": self.green,
            **{level.name: level.table for level in self.levels},
        }
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{len(table):,}</td></tr>"
            for name, table in tables.items()
            if table is not None
        )
        return f"<table><caption>{escape(self.name)}</caption>{rows}</table>"
