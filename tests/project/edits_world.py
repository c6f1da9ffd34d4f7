"""A town of eight estates in a row as files of a project, small enough to work out by hand.

One street runs along y = 0. Estate e0 ... e7 is 100 m wide, from x = 100 k; its one building stands 10 m off the
street in its middle, so that buildings of estates i and j are 100 |i - j| m apart. Community A holds e0 to e3, B the
others. The centre of A stands before e0's building, that of B before e7's; a candidate site before e4's. Every estate
has 100 households and 250 people, but e3, which has 40 and 100.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely import LineString, Point, box
from shapely.affinity import translate

CRS = "EPSG:4548"
EAST, NORTH = 500_000.0, 3_850_000.0
UNITS = [f"e{k}" for k in range(8)]
HELD = {unit: 40.0 if unit == "e3" else 100.0 for unit in UNITS}
NAMES = {unit: f"=花园{unit}" if unit == "e2" else f"花园{unit}" for unit in UNITS}
TOML = """\
name = "小镇"
language = "en"
crs = "EPSG:4548"
synthetic = true

[[layers]]
role = "units"
level = "communities"
file = "town.gpkg"
layer = "communities"
id = "ID"
datum = "cgcs2000"
columns = { name = "MC" }

[[layers]]
role = "estates"
file = "town.gpkg"
layer = "estates"
id = "ID"
datum = "cgcs2000"
columns = { name = "MC" }
values = { kind = "estate" }

[[layers]]
role = "buildings"
file = "town.gpkg"
layer = "buildings"
id = "ID"
datum = "cgcs2000"
columns = { households = "HS", people_resident = "RK" }

[[layers]]
role = "facilities"
file = "town.gpkg"
layer = "facilities"
id = "ID"
datum = "cgcs2000"
columns = { name = "MC", candidate = "NX" }
values = { kind = "service_centre" }

[[layers]]
role = "streets"
file = "town.gpkg"
layer = "streets"
id = "ID"
datum = "cgcs2000"
"""


def frame(rows: dict[str, Any], shapes: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry=[translate(shape, EAST, NORTH) for shape in shapes], crs=CRS)


def layers(held: dict[str, float]) -> dict[str, gpd.GeoDataFrame]:
    middle = [100.0 * k + 50.0 for k in range(8)]
    return {
        "communities": frame(
            {"ID": ["A", "B"], "MC": ["东社区", "西社区"]}, [box(0, -20, 400, 100), box(400, -20, 800, 100)]
        ),
        "estates": frame(
            {"ID": UNITS, "MC": [NAMES[unit] for unit in UNITS]},
            [box(100.0 * k, 5, 100.0 * k + 100, 100) for k in range(8)],
        ),
        "buildings": frame(
            {
                "ID": [f"b{k}" for k in range(8)],
                "HS": [held[unit] for unit in UNITS],
                "RK": [2.5 * held[unit] for unit in UNITS],
            },
            [Point(x, 10) for x in middle],
        ),
        "facilities": frame(
            {"ID": ["f0", "f7", "s4"], "MC": ["东中心", "西中心", "备选"], "NX": [False, False, True]},
            [Point(middle[0], 2), Point(middle[7], 2), Point(middle[4], 2)],
        ),
        "streets": frame({"ID": ["s1"]}, [LineString([(-50, 0), (850, 0)])]),
    }


def write_project(folder: Path, held: dict[str, float] | None = None) -> Path:
    """Write the files of the project; give its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "town.gpkg").unlink(missing_ok=True)
    for name, table in layers(held or HELD).items():
        table.to_file(folder / "town.gpkg", layer=name)
    (folder / "geoplan.toml").write_text(TOML, encoding="utf-8")
    return folder


def document(fingerprint: str, edits: list[dict[str, Any]], totals: dict[str, Any] | None = None) -> str:
    """A file of edits as the page writes it."""
    plan = {"fingerprint": fingerprint, "name": "today", "town": "小镇", "level": "communities"}
    whole = {"preliminary": [], "total": {}, "parts": [], **(totals or {})}
    record = {"format": "geoplan-edits", "version": 1, "plan": plan, "edits": edits, "totals": whole}
    return json.dumps(record, ensure_ascii=False)
