"""Units of the sample county and of Taipei's villages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import handmade
import numpy as np
import pytest
import shapely
from paths import ROOT

from geoplan.model import Level, Town
from geoplan.partition.plan import today
from geoplan.partition.steps import absorb_enclaves
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import Units, build_units, unit_graph
from geoplan.project import load


@pytest.fixture(scope="module")
def county() -> Town:
    return load(ROOT / "sample_data" / "county")


@pytest.fixture(scope="module")
def units(county: Town) -> Units:
    return build_units(county)


def test_county_dissolves_to_today_and_keeps_its_households(county: Town, units: Units) -> None:
    land = units.table.dissolve("base").geometry
    off = [shapely.symmetric_difference(land[i], units.today.geometry[i]).area for i in units.today.index]
    assert max(off) < 1e-5
    assert set(units.table.geom_type) == {"Polygon"}
    assert units.table["households"].sum() == county.buildings["households"].sum()
    assert county.estates is not None
    assert set(county.estates.index) <= set(units.table.index)
    assert units.astride == ()
    graph = unit_graph(units)
    assert (graph.isolates, set(graph.component.tolist())) == ((), {0})


def test_county_has_the_nine_enclaves_that_were_drawn(units: Units) -> None:
    found = find_enclaves(units, units.table["base"])
    counts = found["kind"].value_counts().to_dict()
    assert sum(counts.get(kind, 0) for kind in ("hole", "cell", "cluster")) == 9
    assert counts["hole"] >= 2
    assert 6 <= counts["notch"] <= 10
    result = absorb_enclaves(today(units))
    assert result.after.detached_pieces == 0
    assert len(find_enclaves(units, result.partition.part_of)) == 0
    # Two notches that face each other are mended by one move, so not all that was found moves, but nothing else does.
    moved = result.partition.part_of != units.table["base"]
    assert set(moved.index[moved]) <= {unit for enclave in found["units"] for unit in enclave}
    assert units.table["households"][moved].sum() == result.after.moved_households > 0


@pytest.mark.real
def test_taipei_villages_have_the_neighbours_that_overlays_find(shared_data: Path) -> None:
    table = gpd.read_file(shared_data / "taiwan-villages" / "taipei_villages_pop_2021-03.geojson").to_crs("EPSG:3826")
    table = table.set_index("VILLCODE")
    lands = [shapely.union_all([p for p in shapely.get_parts(s) if p.area > 0]) for s in table.geometry]
    table = table.set_geometry(np.array(lands, dtype=object), crs="EPSG:3826")
    districts = table.dissolve("TOWNCODE").geometry

    def projected(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame.set_crs("EPSG:3826", allow_override=True)

    villages = handmade.units(dict(table.geometry.items()), parent=table["TOWNCODE"].to_dict())
    houses = {
        f"b{i}": {"geometry": shape.representative_point(), "households": float(count), "villages": i}
        for i, shape, count in zip(table.index, table.geometry, table["戶數"], strict=True)
    }
    town = handmade.town(
        buildings=projected(handmade.buildings(houses)),
        levels=(
            Level("villages", projected(villages), "districts"),
            Level("districts", projected(handmade.units(dict(districts.items())))),
        ),
    )
    units = build_units(town, level="districts", kind="community")
    assert units.table["households"].sum() == 1_059_785
    one, two = shapely.STRtree(lands).query(np.array(lands, dtype=object), predicate="intersects")
    one, two = one[one < two], two[one < two]
    shared = shapely.length(shapely.intersection(np.array(lands)[one], np.array(lands)[two]))
    assert len(units.contiguity) == (shared > 1e-6).sum() == 1_180
    assert units.contiguity["shared_m"].sum() == pytest.approx(shared.sum())
    assert units.table["base"].to_dict() == table["TOWNCODE"].to_dict()
    assert len(find_enclaves(units, units.table["base"])) == 0


def test_a_town_without_houses_or_households() -> None:
    import unit_worlds

    town = unit_worlds.town("AB")
    empty = build_units(replace(town, buildings=town.buildings.iloc[:0]))
    assert empty.table["households"].tolist() == [0.0, 0.0]
    assert today(empty).polygons()["households"].tolist() == [0.0, 0.0]
    nobody = build_units(replace(town, buildings=town.buildings.assign(households=0.0)))
    assert absorb_enclaves(today(nobody)).after.parts["deviation"].tolist() == [-1.0, -1.0]
