"""A few copies of the small town beside each other, one of them broken where a test wants it so."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from small_town import TOML, layers, write_layers, write_town

from geoplan.batch.running import FILES
from geoplan.batch.towns import SUMMARY_FILES, place_towns

NAMES = ("a", "b", "丙镇")


def write_towns(folder: Path, names: tuple[str, ...] = NAMES) -> list[Path]:
    """Towns of different names, 5 km apart; give their project files."""
    for number, name in enumerate(names):
        home = write_town(folder / name, toml=TOML.replace("小镇", f"{name}（合成）"))
        write_layers(home, {key: moved(table, 5000.0 * number) for key, table in layers().items()})
    return [folder / name / "geoplan.toml" for name in names]


def moved(table: gpd.GeoDataFrame, north_m: float) -> gpd.GeoDataFrame:
    return table.set_geometry(table.translate(0.0, north_m))


def break_town(folder: Path) -> None:
    (folder / "town.gpkg").rename(folder / "away.gpkg")


def mend_town(folder: Path) -> None:
    (folder / "away.gpkg").rename(folder / "town.gpkg")


def written(projects: list[Path], out: Path | None = None) -> dict[str, bytes]:
    """Every result file, those of the towns and those about all of them."""
    places, folder = place_towns(projects, out)
    files = {name: (folder / name).read_bytes() for name in SUMMARY_FILES}
    for place in places:
        files |= {f"{place.key}/{n}": (place.out / n).read_bytes() for n in FILES if (place.out / n).is_file()}
    return files


__all__ = ["NAMES", "break_town", "mend_town", "write_towns", "written"]
