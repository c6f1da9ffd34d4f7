"""What ``geoplan.toml`` may say: frozen models, one for each table of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

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
    TableSchema,
)

__all__ = [
    "OSM_ROLES",
    "PROJECT_FILE",
    "SCHEMAS",
    "GraphSettings",
    "HouseholdSettings",
    "LayerSettings",
    "OsmFacility",
    "OsmSettings",
    "Project",
    "ProposeSettings",
    "Role",
    "ScenarioSettings",
    "StandardSettings",
    "TableSettings",
    "WalkSettings",
]

PROJECT_FILE = "geoplan.toml"
"""Name of a project's file in its folder."""

Role = Literal["buildings", "facilities", "streets", "estates", "gates", "entrances", "barriers", "green", "units"]

OSM_ROLES: tuple[Role, ...] = ("streets", "buildings", "facilities", "units", "gates", "entrances", "barriers", "green")
"""What an OSM extract can give."""

SCHEMAS: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (BUILDINGS, FACILITIES, STREETS, ESTATES, GATES, ENTRANCES, BARRIERS, GREEN, UNITS)
}
"""Schema of the table that each role fills."""

# bool is an int to Python, and pydantic's lax mode reads "3" as 3: what TOML says is meant as it is written
Value = StrictStr | StrictBool | StrictInt | StrictFloat
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Name = Annotated[StrictStr, Field(min_length=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableSettings(_Settings):
    """An Excel or CSV ledger that is joined to a layer by an id."""

    file: Name
    sheet: StrictStr = ""
    key: Name
    on: StrictStr = ""
    columns: dict[str, StrictStr] = {}
    encoding: StrictStr = ""


class LayerSettings(_Settings):
    """One file, or one layer of a file, and the role that it plays."""

    role: Role
    file: Name
    layer: StrictStr = ""
    id: StrictStr = ""
    datum: Datum = "unknown"
    crs: StrictStr = ""
    encoding: StrictStr = ""
    columns: dict[str, StrictStr] = {}
    values: dict[str, Value] = {}
    where: dict[str, Value | list[Value]] = {}
    convert: StrictBool = False
    doors: StrictBool = False
    tables: tuple[TableSettings, ...] = ()
    level: StrictStr = ""
    parent: StrictStr = ""
    parallel: StrictBool = False

    @property
    def label(self) -> str:
        """Role, with the level of units."""
        return f"{self.role} {self.level}".strip()


class OsmFacility(_Settings):
    """Facilities out of an OSM extract: a kind and the tags that it has there."""

    kind: Name
    tags: Name
    tier: StrictStr = ""


class OsmSettings(_Settings):
    """An OSM extract and what is taken from it; where ``take`` is not given, all that no layer gives."""

    file: Name
    take: tuple[Role, ...] | None = None
    level: Name = "communities"
    admin_level: Annotated[int, Field(strict=True, ge=1, le=12)] = 8
    facilities: tuple[OsmFacility, ...] = ()
    private_ways: StrictBool = False
    trunk_roads: StrictBool = True


class GraphSettings(_Settings):
    """Streets from a GraphML file as OSMnx writes it."""

    file: Name
    datum: Datum = "wgs84"


class HouseholdSettings(_Settings):
    """How missing household counts are estimated."""

    total: Positive | None = None
    people_per_household: Positive = 2.62
    floor_area_per_household_m2: Positive = 92.17
    default_floors: Positive = 2.0


class WalkSettings(_Settings):
    """How people walk, and to which facilities."""

    mode: Literal["time", "distance", "both"] = "time"
    profiles: Annotated[tuple[Name, ...], Field(min_length=1)] = ("planner",)
    tiers: Annotated[tuple[StrictStr, ...], Field(min_length=1)] | None = None
    minutes: Annotated[tuple[Positive, ...], Field(min_length=1)] = (5.0, 10.0, 15.0)
    centre: Literal["any", "own", "both"] = "any"
    max_connector_m: NotNegative = 200.0
    island_tolerance_m: NotNegative = 50.0
    gate_tolerance_m: NotNegative = 15.0
    detour: Annotated[float, Field(strict=True, ge=1, allow_inf_nan=False)] = 1.25
    facilities: StrictStr | tuple[StrictStr, ...] = ""


class StandardSettings(_Settings):
    """Standards that apply, by the id of a preset or the path of a file."""

    active: tuple[Name, ...] = ("gb50180-2018",)


class ProposeSettings(_Settings):
    """What new boundaries must keep, where the command line says nothing else; ids to lock add up with it.

    ``with_run``: ``geoplan run`` makes the proposals, too, whenever something that they depend on has changed.
    """

    level: StrictStr = ""
    target: Positive | None = None
    lower: NotNegative | None = None
    upper: Positive | None = None
    lock: tuple[Name, ...] = ()
    divide: tuple[Name, ...] = ()
    centre_each: StrictBool = False
    parts: StrictStr = ""
    objective: StrictStr = ""
    effort: Annotated[StrictInt, Field(gt=0)] | None = None
    seed: Annotated[StrictInt, Field(ge=0)] = 0
    with_run: StrictBool = False


class ScenarioSettings(_Settings):
    """One "what if": what differs from the project; everything else stays as it is."""

    name: StrictStr = ""
    boundaries: tuple[LayerSettings, ...] = ()
    add_facilities: LayerSettings | None = None
    build: tuple[Name, ...] = ()
    remove_facilities: tuple[Name, ...] = ()
    close_streets: tuple[Name, ...] = ()
    add_streets: LayerSettings | None = None
    add_gates: LayerSettings | None = None
    open_gates: tuple[Name, ...] = ()
    close_gates: tuple[Name, ...] = ()
    standards: StandardSettings | None = None
    walk: WalkSettings | None = None

    @property
    def layers(self) -> tuple[LayerSettings, ...]:
        """The layers that it brings along."""
        more = (self.add_facilities, self.add_streets, self.add_gates)
        return (*self.boundaries, *(layer for layer in more if layer is not None))


class Project(_Settings):
    """A project file, read and checked; ``path`` is where it lies and all its paths start from there."""

    path: Path = Path(PROJECT_FILE)
    name: StrictStr = ""
    language: Literal["zh", "en"] | None = None
    crs: StrictStr = "auto"
    synthetic: StrictBool = False
    attribution: tuple[StrictStr, ...] = ()
    layers: tuple[LayerSettings, ...] = ()
    osm: OsmSettings | None = None
    graph: GraphSettings | None = None
    households: HouseholdSettings = HouseholdSettings()
    walk: WalkSettings = WalkSettings()
    standards: StandardSettings = StandardSettings()
    propose: ProposeSettings = ProposeSettings()
    scenarios: dict[Name, ScenarioSettings] = {}

    @property
    def folder(self) -> Path:
        """Folder that the paths in the file start from."""
        return self.path.parent

    @property
    def title(self) -> str:
        """Name of the town; the folder's name where the file gives none."""
        return self.name or self.path.resolve().parent.name

    @property
    def osm_roles(self) -> tuple[Role, ...]:
        """Roles that the OSM extract fills: those asked for, else all that nothing else in the project fills."""
        if self.osm is None:
            return ()
        if self.osm.take is not None:
            return self.osm.take
        filled = {layer.role for layer in self.layers} | ({"streets"} if self.graph is not None else set())
        return tuple(role for role in OSM_ROLES if role not in filled)

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels, the main one first."""
        names = tuple(layer.level for layer in self.layers if layer.role == "units")
        return (*names, self.osm.level) if self.osm is not None and "units" in self.osm_roles else names

    def locate(self, file: str) -> Path:
        """Path of a file that the project names.

        Parameters
        ----------
        file
            Path as written in the project file.

        Returns
        -------
        Path
        """
        return self.folder / file

    def files(self) -> tuple[Path, ...]:
        """Every input file that the project names, in the order of the project file.

        Returns
        -------
        tuple of Path
            Without repetitions.
        """
        names = [name for layer in self.layers for name in (layer.file, *(table.file for table in layer.tables))]
        names += [source.file for source in (self.osm, self.graph) if source is not None]
        return tuple(dict.fromkeys(self.locate(name) for name in names))
