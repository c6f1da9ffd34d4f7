"""The small town with two centres and a footpath, run and changed in the tests of batch."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point, box
from small_town import CRS, TOML, layers, shift, write_ledger

FILES = ("coverage.gpkg", "coverage.xlsx", "map.html", "summary.json")


def tables() -> dict[str, gpd.GeoDataFrame]:
    """The small town's layers, a second centre at x = 1250 and a parallel street; ids of streets are given nodes."""
    made = layers()
    row = {"BSM": "f2", "MC": "东服务站", "JZMJ": 300.0}
    more = gpd.GeoDataFrame([row], geometry=[shift(Point(1250.0, 0.0))], crs=CRS)
    made["facilities"] = gpd.GeoDataFrame(pd.concat([made["facilities"], more], ignore_index=True), crs=CRS)
    xs = [0, 300, 650, 920, 1300]
    lines = [LineString([(a, 0), (b, 0)]) for a, b in pairwise(xs)]
    lines.append(LineString([(300, 0), (300, 60), (920, 60), (920, 0)]))
    ends = [(0, 1), (1, 2), (2, 3), (3, 4), (1, 3)]
    made["streets"] = gpd.GeoDataFrame(
        {"BSM": [f"s{i}" for i in range(1, 6)], "u": [a for a, _ in ends], "v": [b for _, b in ends]},
        geometry=[shift(line) for line in lines],
        crs=CRS,
    )
    return made


def write(folder: Path, made: dict[str, gpd.GeoDataFrame] | None = None, *, toml: str = TOML) -> Path:
    """Write the project; each layer into a file of its own, so that files change one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in tables():
        toml = toml.replace(f'file = "town.gpkg"\nlayer = "{name}"', f'file = "{name}.gpkg"\nlayer = "{name}"')
    for name, table in (tables() if made is None else made).items():
        (folder / f"{name}.gpkg").unlink(missing_ok=True)
        table.to_file(folder / f"{name}.gpkg", layer=name)
    write_ledger(folder / "台账.xlsx")
    (folder / "geoplan.toml").write_text(toml, encoding="utf-8")
    return folder


def moved_boundary() -> gpd.GeoDataFrame:
    """The border between the communities 250 m farther east: b3 changes sides."""
    table = layers()["communities"]
    return table.set_geometry([shift(box(-50, -100, 750, 100)), shift(box(750, -100, 1100, 100))], crs=CRS)


def contents(folder: Path) -> dict[str, bytes]:
    """The results by name."""
    return {name: (folder / name).read_bytes() for name in FILES}
