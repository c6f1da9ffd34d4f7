"""A town small enough to work out by hand, as files of a project.

One street runs east along y = 0 from x = 0, where the centre is, to x = 1300. Doors are 10 m off the street, so that a
building at x is x + 10 seconds away at the planner's 1.0 m/s. Community A holds x < 500, B up to 1100; one building
lies beyond both.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from openpyxl import Workbook
from shapely import LineString, Point, box

CRS = "EPSG:4548"
EAST, NORTH = 500_000.0, 3_850_000.0
# x, households, people: walks of 110, 410, 710, 900, 960 and 1210 s
BUILDINGS = {
    "b1": (100.0, 10, 30),
    "b2": (400.0, 20, 50),
    "b3": (700.0, 30, 70),
    "b4": (890.0, 40, 110),
    "b5": (950.0, 50, 120),
    "b6": (1200.0, 5, 12),
}
TOML = """\
name = "小镇"
language = "zh"
crs = "EPSG:4548"
synthetic = true

[[layers]]
role = "units"
level = "communities"
file = "town.gpkg"
layer = "communities"
id = "SQDM"
datum = "cgcs2000"
columns = { name = "SQMC" }

[[layers]]
role = "buildings"
file = "town.gpkg"
layer = "buildings"
id = "BSM"
datum = "cgcs2000"

[[layers.tables]]
file = "台账.xlsx"
key = "编号"
columns = { households = "户数", people_resident = "人口" }

[[layers]]
role = "facilities"
file = "town.gpkg"
layer = "facilities"
id = "BSM"
datum = "cgcs2000"
columns = { name = "MC", floor_area_m2 = "JZMJ" }
values = { kind = "service_centre" }

[[layers]]
role = "streets"
file = "town.gpkg"
layer = "streets"
id = "BSM"
datum = "cgcs2000"
"""


def shift(geometry: object) -> object:
    from shapely.affinity import translate

    return translate(geometry, EAST, NORTH)


def layers() -> dict[str, gpd.GeoDataFrame]:
    return {
        "communities": gpd.GeoDataFrame(
            {"SQDM": ["A", "B"], "SQMC": ["=东社区", "西社区"]},
            geometry=[shift(box(-50, -100, 500, 100)), shift(box(500, -100, 1100, 100))],
            crs=CRS,
        ),
        "buildings": gpd.GeoDataFrame(
            {"BSM": list(BUILDINGS)},
            geometry=[shift(Point(x, 10.0)) for x, _, _ in BUILDINGS.values()],
            crs=CRS,
        ),
        "facilities": gpd.GeoDataFrame(
            {"BSM": ["f1"], "MC": ["服务中心"], "JZMJ": [450.0]}, geometry=[shift(Point(0.0, 0.0))], crs=CRS
        ),
        "streets": gpd.GeoDataFrame({"BSM": ["s1"]}, geometry=[shift(LineString([(0, 0), (1300, 0)]))], crs=CRS),
    }


def write_ledger(path: Path, rows: list[tuple[object, ...]] | None = None) -> None:
    book = Workbook()
    book.active.append(["编号", "户数", "人口"])
    for row in rows or [(key, households, people) for key, (_, households, people) in BUILDINGS.items()]:
        book.active.append(list(row))
    book.save(path)


def write_layers(folder: Path, tables: dict[str, gpd.GeoDataFrame]) -> None:
    (folder / "town.gpkg").unlink(missing_ok=True)
    for name, table in tables.items():
        table.to_file(folder / "town.gpkg", layer=name)


def write_town(folder: Path, *, toml: str = TOML) -> Path:
    """Write the files of the project; give its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_layers(folder, layers())
    write_ledger(folder / "台账.xlsx")
    (folder / "geoplan.toml").write_text(toml, encoding="utf-8")
    return folder
