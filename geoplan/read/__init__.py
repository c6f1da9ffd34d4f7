"""Files to checked tables: vector layers, ledgers, OpenStreetMap, streets; datums, counts, one town."""

from geoplan.read.aliases import ColumnGuess, RoleGuess, guess_columns, guess_role
from geoplan.read.assemble import AssembleOptions, add_levels, assemble_town
from geoplan.read.crs import choose_crs
from geoplan.read.datum_check import DatumGuess, detect_datum
from geoplan.read.datums import (
    bd09_from_gcj02,
    bd09_from_wgs84,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from geoplan.read.graph import read_graph, streets_to_networkx
from geoplan.read.households import HouseholdOptions, estimate_households
from geoplan.read.layer import read_layer, read_layers
from geoplan.read.osm import OsmOptions, OsmRead, read_osm
from geoplan.read.sheets import list_sheets
from geoplan.read.sources import ROLES, SCHEMAS, LayerRead, LayerSource, TableJoin
from geoplan.read.streets import build_streets, read_street_lines
from geoplan.read.validate import validate_table
from geoplan.read.vector import list_layers

__all__ = [
    "ROLES",
    "SCHEMAS",
    "AssembleOptions",
    "ColumnGuess",
    "DatumGuess",
    "HouseholdOptions",
    "LayerRead",
    "LayerSource",
    "OsmOptions",
    "OsmRead",
    "RoleGuess",
    "TableJoin",
    "add_levels",
    "assemble_town",
    "bd09_from_gcj02",
    "bd09_from_wgs84",
    "build_streets",
    "choose_crs",
    "detect_datum",
    "estimate_households",
    "gcj02_from_bd09",
    "gcj02_from_wgs84",
    "guess_columns",
    "guess_role",
    "list_layers",
    "list_sheets",
    "read_graph",
    "read_layer",
    "read_layers",
    "read_osm",
    "read_street_lines",
    "streets_to_networkx",
    "validate_table",
    "wgs84_from_bd09",
    "wgs84_from_gcj02",
]
