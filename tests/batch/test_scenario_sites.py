"""Scenarios that build something: a planned site, a new one, a new gate; counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely import Point, box
from small_town import CRS, TOML, layers, shift, write_layers, write_ledger

from geoplan.batch import run_scenarios
from geoplan.batch.scenarios import Scenario
from geoplan.project import load_project

GATES = """
[[layers]]
role = "estates"
file = "town.gpkg"
layer = "estates"
id = "BSM"
datum = "cgcs2000"
columns = { walled = "WQ" }

[[layers]]
role = "gates"
file = "town.gpkg"
layer = "gates"
id = "BSM"
datum = "cgcs2000"
columns = { estate = "XQ" }
"""


def points(**columns: Any) -> gpd.GeoDataFrame:
    places = columns.pop("at")
    return gpd.GeoDataFrame(columns, geometry=[shift(Point(*place)) for place in places], crs=CRS)


def only_scenario(folder: Path, tables: dict[str, gpd.GeoDataFrame], toml: str) -> Scenario:
    folder.mkdir()
    write_layers(folder, {**layers(), **tables})
    write_ledger(folder / "台账.xlsx")
    (folder / "geoplan.toml").write_text(toml, encoding="utf-8")
    (scenario,) = run_scenarios(load_project(folder)).scenarios
    assert scenario.findings == ()
    return scenario


def test_a_planned_site_is_built(tmp_path: Path) -> None:
    """b5 and b6 stand 950 and 1,200 m from f1; a site at 1,250 m that is only planned serves nobody."""
    sites = points(
        BSM=["f1", "f2"], MC=["服务中心", "东站"], JZMJ=[450.0, 450.0], NZ=[False, True], at=[(0, 0), (1250, 0)]
    )
    toml = TOML.replace('floor_area_m2 = "JZMJ" }', 'floor_area_m2 = "JZMJ", candidate = "NZ" }')
    scenario = only_scenario(tmp_path / "town", {"facilities": sites}, toml + '[scenarios.east]\nbuild = ["f2"]\n')
    assert scenario.totals["won_households"] == 55
    assert scenario.totals["lost_households"] == 0
    assert scenario.change.loc["B", "won_households"] == 50
    assert scenario.updates == 1
    assert scenario.sweeps == 0


def test_a_new_site_comes_from_a_file_of_its_own(tmp_path: Path) -> None:
    points(BSM=["n1"], at=[(1250, 0)]).to_file(tmp_path / "new.gpkg", layer="new")
    toml = TOML + (
        '[scenarios.east]\nadd_facilities = { role = "facilities", file = "../new.gpkg", id = "BSM", '
        'datum = "cgcs2000", values = { kind = "service_centre" } }\n'
    )
    scenario = only_scenario(tmp_path / "town", {}, toml)
    assert scenario.totals["won_households"] == 55
    assert scenario.totals["lost_households"] == 0


def test_a_new_gate_shortens_the_way_out(tmp_path: Path) -> None:
    """b6 stands at (1200, 10) in a walled estate whose only gate is 50 m to the west; the new one is right at its door.

    From a centre at 312 m: 838 m of street, 17 m to the gate and 50.5 m within are beyond 900, 888 and 10 are not.
    """
    tables = {
        "facilities": points(BSM=["f1"], MC=["服务中心"], JZMJ=[450.0], at=[(312, 0)]),
        "estates": gpd.GeoDataFrame({"BSM": ["e1"], "WQ": [True]}, geometry=[shift(box(1150, 5, 1250, 30))], crs=CRS),
        "gates": points(BSM=["g1"], XQ=["e1"], at=[(1150, 17)]),
    }
    points(BSM=["g2"], XQ=["e1"], at=[(1200, 5)]).to_file(tmp_path / "gate.gpkg", layer="gate")
    toml = (
        TOML
        + GATES
        + (
            '[scenarios.gate]\nadd_gates = { role = "gates", file = "../gate.gpkg", id = "BSM", datum = "cgcs2000", '
            'columns = { estate = "XQ" } }\n'
        )
    )
    scenario = only_scenario(tmp_path / "town", tables, toml)
    assert scenario.totals["won_households"] == 5
    assert scenario.totals["lost_households"] == 0
