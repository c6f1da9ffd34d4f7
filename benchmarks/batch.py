"""What a change costs: a large town run in full, again without a change, and after single edits.

    python benchmarks/batch.py                  # 100,000 buildings, 250,000 street nodes
    python benchmarks/batch.py --quick          # 5,000 buildings

Every run is a process of its own. After each edit the results are compared, byte for byte, with those of a fresh run of
the edited files in an empty folder. Seconds are those of the processor (user and system) and of the wall, as measured;
shares are of the full run of the same town.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.samples.formats import write_gpkg
from geoplan.samples.large import generate_large_town

FILES = ("coverage.gpkg", "coverage.xlsx", "map.html", "summary.json")
LAYERS = (("units", "communities"), ("buildings", ""), ("streets", ""), ("facilities", ""))
NOTHING, BOUNDARY = 0.05, 0.15


def write_town(folder: Path, buildings: int, nodes: int) -> None:
    """The generated town as files and a project."""
    town = generate_large_town(buildings, nodes, seed=1)
    tables = {"communities": town.levels[0].table}
    tables |= {name: getattr(town, name) for name in ("buildings", "streets", "facilities")}
    lines = ['name = "大镇"', 'language = "zh"', 'crs = "EPSG:4548"', "synthetic = true"]
    for role, level in LAYERS:
        name = level or role
        write_table(folder / f"{name}.gpkg", name, tables[name])
        lines += ["", "[[layers]]", f'role = "{role}"', f'file = "{name}.gpkg"', 'id = "id"', 'datum = "cgcs2000"']
        lines += [f'level = "{level}"'] if level else []
    (folder / "geoplan.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_table(path: Path, name: str, table: gpd.GeoDataFrame) -> None:
    plain = table.rename_axis("id").reset_index()
    write_gpkg(path, {name: plain.drop(columns=[column for column in plain if plain[column].isna().all()])})


def edit(folder: Path, name: str, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    path = folder / f"{name}.gpkg"
    write_gpkg(path, {name: change(gpd.read_file(path))})


def move_vertex(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The corner that four communities share, 36 m to the north-east."""
    shapes = np.array(table.geometry)
    corner = np.array(shapes[0].bounds[2:])

    def move(xy: np.ndarray) -> np.ndarray:
        return xy + np.where((np.abs(xy - corner) < 1e-6).all(axis=1)[:, None], [30.0, 20.0], 0.0)

    return table.set_geometry(shapely.transform(shapes, move), crs=table.crs)


def add_facility(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    one = table.iloc[[0]].assign(id="Fnew")
    one = one.set_geometry(one.translate(700.0, 500.0))
    return gpd.GeoDataFrame(pd.concat([table, one], ignore_index=True), crs=table.crs)


def close_street(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return table.drop(index=len(table) // 2).reset_index(drop=True)


def run(folder: Path, out: Path, *more: str) -> tuple[float, float, str]:
    """CPU seconds, wall seconds and output of one run."""
    before, began = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "geoplan", "run", str(folder), "--out", str(out), "--quiet", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.perf_counter() - began, done.stdout


def same(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5,000 buildings")
    parser.add_argument("--buildings", type=int, default=100_000)
    options = parser.parse_args()
    buildings = 5_000 if options.quick else options.buildings
    root = Path(tempfile.mkdtemp(prefix="geoplan-batch-"))
    failed = False
    try:
        town, out = root / "town", root / "out"
        town.mkdir()
        write_town(town, buildings, buildings * 5 // 2)
        print(f"{buildings:,} buildings, {buildings * 5 // 2:,} street nodes", flush=True)
        warm = root / "warm"
        warm.mkdir()
        write_town(warm, 300, 900)
        run(warm, warm / "out")  # compiled loops are not counted
        full, wall, _ = run(town, out)
        shutil.copytree(out, root / "fresh", ignore=shutil.ignore_patterns(".geoplan"))
        print(f"{'full run':28} {full:7.1f} s CPU {wall:7.1f} s wall", flush=True)
        steps: list[tuple[str, str, Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame] | None, float]] = [
            ("nothing changed", "", None, NOTHING),
            ("one boundary moved", "communities", move_vertex, BOUNDARY),
            ("one facility added", "facilities", add_facility, np.inf),
            ("one street closed", "streets", close_street, np.inf),
        ]
        for title, name, change, most in steps:
            if change is not None:
                edit(town, name, change)
            plan = json.loads(run(town, copy(out, root / "plan"), "--explain", "--json")[2])
            used, wall, _ = run(town, out)
            fresh = root / "fresh"
            if change is not None:
                run(town, fresh)
            equal = same(out, fresh)
            shutil.rmtree(fresh)
            stages = ", ".join(stage["name"] for stage in plan["stages"] if stage["runs"]) or "nothing"
            good = equal and used <= most * full and (name != "communities" or plan["sweeps"] == 0)
            failed |= not good
            print(
                f"{title:28} {used:7.1f} s CPU {wall:7.1f} s wall {used / full:6.1%} "
                f"{'' if most == np.inf else f'(<= {most:.0%}) '}{'equal' if equal else 'NOT EQUAL'}, "
                f"{plan['sweeps']} sweeps; runs {stages}{'' if good else '  MISSED'}",
                flush=True,
            )
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return int(failed)


def copy(out: Path, target: Path) -> Path:
    """A copy of the results to be explained in: reading what has changed fills the store."""
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(out, target))


if __name__ == "__main__":
    raise SystemExit(main())
