"""The shipped sample towns are what the generator makes, look like real towns, and give the results they promise."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

import geoplan
from geoplan.coverage import Case
from geoplan.model import Town
from geoplan.samples import SAMPLES, SEEDS, generate_sample
from geoplan.samples.tables import SampleTown

pytestmark = pytest.mark.xdist_group("samples")

SHIPPED = Path(__file__).parents[2] / "sample_data"
BY_HAND = {"geoplan.toml", "README.md"}
REMAKE = " is not what the generator makes: run make samples, look at the towns, commit both"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[SampleTown, Path]]:
    """Every sample, generated afresh."""
    root = tmp_path_factory.mktemp("samples")
    return {name: (generate_sample(name, root / name), root / name) for name in SAMPLES}


@pytest.fixture(scope="module")
def loaded() -> dict[str, Town]:
    """Every sample, read from its shipped files."""
    return {name: geoplan.load(SHIPPED / name) for name in SAMPLES}


@pytest.fixture(params=SAMPLES)
def town(request: pytest.FixtureRequest, made: dict[str, tuple[SampleTown, Path]]) -> SampleTown:
    return made[request.param][0]


def cells(path: Path) -> list[tuple[object, ...]]:
    page = openpyxl.load_workbook(path).worksheets[0]
    return list(page.iter_rows(values_only=True))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_shipped_files_are_what_the_generator_makes(name: str, made: dict[str, tuple[SampleTown, Path]]) -> None:
    new, old = made[name][1], SHIPPED / name
    files = {path.name for path in new.iterdir()}
    assert files | BY_HAND == {path.name for path in old.iterdir() if path.is_file()}
    for file in sorted(files):
        if file.endswith(".gpkg"):
            layers = [layer for layer, _ in pyogrio.list_layers(new / file)]
            assert layers == [layer for layer, _ in pyogrio.list_layers(old / file)]
            for layer in layers:
                assert_geodataframe_equal(
                    gpd.read_file(new / file, layer=layer), gpd.read_file(old / file, layer=layer), check_like=False
                )
        elif file.endswith(".xlsx"):  # the compressed bytes depend on the zlib at hand
            assert cells(new / file) == cells(old / file), file + REMAKE
        elif not file.endswith(".prj"):
            assert (new / file).read_bytes() == (old / file).read_bytes(), file + REMAKE


def test_the_same_seed_makes_the_same_bytes(made: dict[str, tuple[SampleTown, Path]], tmp_path: Path) -> None:
    for folder, seed in (("again", None), ("other", 4)):
        generate_sample("township", tmp_path / folder, seed=seed)
    one, again, other = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (made["township"][1], tmp_path / "again", tmp_path / "other")
    )
    assert one == again
    # grids are numbered alike in every town, and all have one CRS
    assert {name for name in one if one[name] == other[name]} == {"楼栋.prj", "网格台账.csv"}


def test_all_seeds_are_there() -> None:
    assert set(SEEDS) == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_small_enough_and_plainly_synthetic(name: str) -> None:
    folder = SHIPPED / name
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 4_000_000
    settings = tomllib.loads((folder / "geoplan.toml").read_text(encoding="utf-8"))
    assert settings["synthetic"] is True
    assert "合成示例" in settings["name"]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "不对应任何真实" in readme
    assert "synthetic" in readme
    for path in folder.iterdir():
        if path.is_file():
            assert path.name in readme or path.suffix in {".dbf", ".shx", ".prj", ".md"}


def test_every_awkward_form_is_there() -> None:
    shapes = sorted(SHIPPED.glob("*/*.shp"))
    assert len(shapes) == len(SAMPLES)
    for shape in shapes:
        dbf = shape.with_suffix(".dbf").read_bytes()
        assert not shape.with_suffix(".cpg").exists()
        assert dbf[29] == 0  # no language either
        with pytest.raises(UnicodeDecodeError):
            dbf.decode("utf-8")
    assert "住宅面积比" in gpd.read_file(SHIPPED / "county" / "房屋.shp", encoding="GBK", rows=1)
    for ledger in sorted(SHIPPED.glob("*/*.xlsx")):
        rows = cells(ledger)
        assert "合成示例" in str(rows[0][0])
        assert rows[-1][0] == "合计"
    for table in sorted(SHIPPED.glob("*/*.csv")):
        assert table.read_bytes().decode("gb18030")
        with pytest.raises(UnicodeDecodeError):
            table.read_bytes().decode("utf-8")


def test_the_county_is_as_promised(made: dict[str, tuple[SampleTown, Path]]) -> None:
    county = made["county"][0]
    assert len(county.communities) == 16
    assert len(county.grids) == 50
    assert len(county.units) == 86
    assert 5_500 <= len(county.buildings) <= 6_500
    assert 570 <= len(county.estates) <= 630
    assert (county.estates["kind"] == "estate").sum() == 89
    assert 62_000 <= county.buildings["households"].sum() <= 64_000
    assert 800 <= county.estates["households"].max() <= 1_500
    size = county.blocks.groupby("community")["households"].sum().sort_values()
    assert (size < 500).sum() == 2
    assert (size > 5_000).sum() >= 5
    assert 7_000 <= size.iloc[-1] <= 8_000
    pieces = [len(shapely.get_parts(shape)) for shape in county.communities.geometry]
    holes = [len(p.interiors) for shape in county.communities.geometry for p in shapely.get_parts(shape)]
    assert sum(pieces) - 16 >= 6
    assert sum(holes) >= 2
    centres = county.centres[~county.centres["candidate"]]
    assert sorted(centres["serves"].value_counts().reindex(county.communities["id"], fill_value=0))[:2] == [0, 1]
    assert centres["serves"].value_counts().max() == 2
    assert county.centres["candidate"].sum() == 4
    need = centres["serves"].map(size) * 0.3
    assert 0.3 <= (centres["floor_area_m2"] < need).mean() <= 0.9


def test_the_county_has_its_green_land(made: dict[str, tuple[SampleTown, Path]], loaded: dict[str, Town]) -> None:
    blocks = made["county"][0].blocks.set_index("id")
    green = loaded["county"].green
    assert green is not None
    assert green["kind"].value_counts().to_dict() == {"农田": 47, "公园": 20}
    assert list(green.index) == sorted(blocks.index[blocks["use"].isin(["green", "farm"])])
    assert green.area.sum() == pytest.approx(blocks.loc[green.index].area.sum())


def test_the_subdistrict_is_as_promised(made: dict[str, tuple[SampleTown, Path]]) -> None:
    place = made["subdistrict"][0]
    assert place.buildings["people_resident"].sum() == pytest.approx(100_000, rel=0.005)
    assert place.buildings["people_registered"].sum() == pytest.approx(85_000, rel=0.005)
    tiers = place.centres[~place.centres["candidate"]]["tier"].value_counts().to_dict()
    assert (tiers["区级"], tiers["街道级"], tiers["社区级"]) == (1, 1, 5)
    assert tiers["商圈级"] >= 5
    old = place.estates[place.estates["phase"] != ""]
    assert len(old) == 66
    assert sorted(old["priority"]) == list(range(1, 67))
    assert (
        old["year"].max()
        <= place.estates[(place.estates["phase"] == "") & (place.estates["kind"] != "village")]["year"].min()
    )


def test_the_township_is_as_promised(made: dict[str, tuple[SampleTown, Path]]) -> None:
    place = made["township"][0]
    assert (len(place.communities), len(place.grids)) == (2, 28)
    assert 10_500 <= place.buildings["households"].sum() <= 11_500
    assert place.grids["households"].between(295, 505).all()
    areas = place.centres["floor_area_m2"]
    assert (areas < 300).any()
    assert (areas >= 300).any()
    # a large estate lies in more than one grid
    assert any(
        (place.grids.intersection(estate).area > 0.2 * estate.area).sum() > 1 for estate in place.estates.geometry
    )


def test_every_level_tiles_the_land(town: SampleTown) -> None:
    land = town.communities.union_all()
    for level in (town.communities, town.grids, town.blocks):
        assert level.geometry.is_valid.all()
        assert level.area.sum() == pytest.approx(land.area, abs=1e-3)
        assert level.union_all().symmetric_difference(land).area < 1e-3
    parent = town.communities.set_index("id").geometry.loc[town.grids["community"]].to_numpy()
    assert shapely.area(shapely.difference(town.grids.geometry.to_numpy(), parent)).max() < 1e-3
    parent = town.communities.set_index("id").geometry.loc[town.blocks["community"]].to_numpy()
    assert shapely.area(shapely.difference(town.blocks.geometry.to_numpy(), parent)).max() < 1e-3


def test_houses_stand_free_inside_their_estates(town: SampleTown) -> None:
    one, two = town.buildings.sindex.query(town.buildings.geometry, predicate="intersects")
    assert np.array_equal(one, two)
    lived_in = town.buildings[town.buildings["estate"] != ""]
    sites = town.estates.set_index("id").geometry.loc[lived_in["estate"]].to_numpy()
    assert shapely.covers(sites, lived_in.geometry.to_numpy()).all()
    assert shapely.distance(shapely.boundary(sites), lived_in.geometry.to_numpy()).min() > 3.5
    houses, _ = town.streets.sindex.query(town.buildings.geometry, predicate="intersects")
    assert not len(houses)
    by_estate = lived_in.groupby("estate")[["households", "people_resident", "people_registered"]].sum()
    ledger = town.estates.set_index("id")[by_estate.columns]
    assert by_estate.sort_index().equals(ledger.sort_index())


def test_streets_are_one_net_of_named_lines(town: SampleTown) -> None:
    net = nx.Graph()
    net.add_edges_from((line.coords[0], line.coords[-1]) for line in town.streets.geometry)
    assert nx.is_connected(net)
    inner = town.streets["kind"].isin(["service", "footway"])
    assert (town.streets.loc[~inner, "name"] != "").all()
    assert {"signal", "minor"} <= set(town.streets["crossing"])
    # lines of one level meet at their ends only
    one, two = town.streets.sindex.query(town.streets.geometry, predicate="crosses")
    assert not len(one), town.streets.iloc[np.unique(np.r_[one, two])]


def test_water_and_rails_are_crossed_by_bridge_or_underpass_only(town: SampleTown) -> None:
    for kind, level in (("river", 1), ("railway", -1)):
        strip = town.barriers[town.barriers["kind"] == kind].union_all()
        crossing = town.streets[town.streets.intersects(strip)]
        assert (crossing["level"] == level).all()
        assert len(crossing) == (town.streets["level"] == level).sum() <= 5


def test_walls_are_open_at_gates_only(town: SampleTown) -> None:
    walled = town.estates[town.estates["walled"]].set_index("id")
    assert set(town.gates["estate"]) == set(walled.index)
    walls = walled.geometry.boundary.loc[town.gates["estate"]].to_numpy()
    assert shapely.distance(walls, town.gates.geometry.to_numpy()).max() < 0.02
    estate, street = town.streets.sindex.query(walled.geometry.boundary, predicate="intersects")
    for a, b in zip(estate, street, strict=True):
        gates = town.gates.geometry[town.gates["estate"] == walled.index[a]]
        for point in shapely.get_parts(walled.geometry.iloc[a].boundary.intersection(town.streets.geometry.iloc[b])):
            assert gates.distance(point).min() < 0.5
    shut = ~town.gates.groupby("estate")["open"].any()
    assert shut.sum() == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_the_files_load_as_the_town_that_was_made(
    name: str, made: dict[str, tuple[SampleTown, Path]], loaded: dict[str, Town]
) -> None:
    source, town = made[name][0], loaded[name]
    assert list(town.buildings.index) == list(source.buildings["id"])
    assert town.buildings["households"].sum() == pytest.approx(source.buildings["households"].sum())
    known = town.buildings[~town.buildings["estimated"]]
    assert known["households"].tolist() == source.buildings.set_index("id").loc[known.index, "households"].tolist()
    assert town.estimated is (name == "county")
    assert {level.name: len(level.table) for level in town.levels} == {
        "communities": len(source.communities),
        "grids": len(source.grids),
    } | ({"subdistricts": 1} if name == "subdistrict" else {})
    assert town.gates is not None
    assert town.gates["open"].tolist() == source.gates["open"].tolist()
    assert town.estates is not None
    assert town.estates["walled"].tolist() == source.estates["walled"].tolist()
    assert town.facilities["floor_area_m2"].tolist() == source.centres["floor_area_m2"].tolist()
    assert town.facilities["candidate"].tolist() == source.centres["candidate"].tolist()
    assert any(notice.code == "synthetic" and notice.everywhere for notice in town.notices)
    assert town.datum == "cgcs2000"


@pytest.fixture(scope="module")
def shares(loaded: dict[str, Town]) -> dict[str, dict[str, float]]:
    return {
        name: geoplan.measure_coverage(town, minutes=(15,)).total(Case("time", "planner", "", "any"))
        for name, town in loaded.items()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_fair_part_of_the_town_is_served(name: str, shares: dict[str, dict[str, float]]) -> None:
    total = shares[name]
    assert 0.60 <= total["share_15"] <= 0.95
    assert total["straight_share_15"] >= total["share_15"] + 0.05
    assert 0 < total["unreachable_buildings"] < 50
