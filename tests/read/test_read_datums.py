"""Shifted datums against the prcoords package, and what a town does with them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import prcoords
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from readworlds import CRS, frame, line, point, square, town_files
from shapely import box

from geoplan.errors import InputError
from geoplan.read import (
    AssembleOptions,
    assemble_town,
    bd09_from_gcj02,
    bd09_from_wgs84,
    detect_datum,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    read_layers,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from geoplan.read.datums import in_mainland_china

INLAND = st.tuples(st.floats(100.0, 119.0), st.floats(25.0, 41.0))
M_PER_DEG = 111_320.0
MM_1_3 = 1.3e-3 / M_PER_DEG


@given(INLAND)
def test_shift_as_prcoords(place: tuple[float, float]) -> None:
    lon, lat = place
    for ours, theirs in ((gcj02_from_wgs84, prcoords.wgs_gcj), (bd09_from_wgs84, prcoords.wgs_bd)):
        expected = theirs((lat, lon))
        x, y = ours(lon, lat)
        assert float(x) == pytest.approx(expected.lon, abs=1e-11)
        assert float(y) == pytest.approx(expected.lat, abs=1e-11)


@given(INLAND)
def test_there_and_back_within_1_3_mm(place: tuple[float, float]) -> None:
    for there, back in (
        (gcj02_from_wgs84, wgs84_from_gcj02),
        (bd09_from_wgs84, wgs84_from_bd09),
        (bd09_from_gcj02, gcj02_from_bd09),
    ):
        x, y = back(*there(*place))
        assert abs(float(x) - place[0]) <= MM_1_3
        assert abs(float(y) - place[1]) <= MM_1_3


@given(INLAND)
def test_shifts_are_as_large_as_they_are_said_to_be(place: tuple[float, float]) -> None:
    """GCJ-02 360-620 m and BD-09 950-1,380 m in the cities; some more in the empty west."""
    scale = np.array([M_PER_DEG * np.cos(np.radians(place[1])), M_PER_DEG])
    gcj = np.hypot(*((np.array(gcj02_from_wgs84(*place)) - place) * scale))
    bd = np.hypot(*((np.array(bd09_from_wgs84(*place)) - place) * scale))
    assert 100.0 < gcj < 1000.0
    assert 500.0 < bd < 1900.0


INSIDE = {
    "Beijing": (116.40, 39.90), "Lanling": (118.07, 34.86), "Baoting": (109.70, 18.60), "Jiangchuan": (102.75, 24.29),
    "Mohe": (122.5, 53.0), "Fuyuan": (134.3, 48.36), "Kashgar": (76.0, 39.5), "Yadong": (88.9, 27.5),
    "Ruili": (97.85, 24.02), "Mengla": (101.56, 21.46), "Dongxing": (107.97, 21.55), "Sanya": (109.5, 18.25),
    "Dandong": (124.38, 40.12), "Hunchun": (130.37, 42.87), "Zhoushan": (122.2, 30.0), "Xiamen": (118.1, 24.48),
    "Shenzhen": (114.06, 22.55),
    "Zhuhai": (113.57, 22.27), "Manzhouli": (117.45, 49.58), "Tacheng": (82.98, 46.74), "Horgos": (80.42, 44.2),
    "Erenhot": (111.97, 43.65), "Pingtan": (119.79, 25.5), "Hekou": (103.94, 22.53), "Suifenhe": (131.15, 44.4),
}  # fmt: skip
OUTSIDE = {
    "Seoul": (127.0, 37.5), "Pyongyang": (125.75, 39.02), "Ulaanbaatar": (106.9, 47.9), "Hanoi": (105.85, 21.03),
    "Almaty": (76.9, 43.25), "Kathmandu": (85.3, 27.7), "Vladivostok": (131.9, 43.1), "Taipei": (121.5, 25.05),
    "Kaohsiung": (120.3, 22.6), "Hong Kong": (114.17, 22.28), "Sheung Shui": (114.13, 22.5), "Macau": (113.55, 22.19),
    "Delhi": (77.2, 28.6), "Thimphu": (89.64, 27.47), "Irkutsk": (104.3, 52.3), "Khabarovsk": (135.07, 48.48),
    "Kinmen": (118.32, 24.44), "Vaduz": (9.52, 47.14),
}  # fmt: skip


@pytest.mark.parametrize("name", [*INSIDE, *OUTSIDE])
def test_the_shift_is_one_of_the_mainland(name: str) -> None:
    place = INSIDE.get(name) or OUTSIDE[name]
    assert bool(in_mainland_china(*place)) is (name in INSIDE)
    for function in (
        gcj02_from_wgs84,
        bd09_from_wgs84,
        wgs84_from_gcj02,
        wgs84_from_bd09,
        bd09_from_gcj02,
        gcj02_from_bd09,
    ):
        x, y = function(*place)
        assert (float(x) != place[0] and float(y) != place[1]) is (name in INSIDE)


def test_arrays_keep_their_shape_and_are_not_changed() -> None:
    lon, lat = np.array([[116.0, 9.5]]), np.array([[39.0, 47.1]])
    x, y = gcj02_from_wgs84(lon, lat)
    assert x.shape == y.shape == (1, 2)
    assert (x[0, 1], y[0, 1]) == (9.5, 47.1)
    wgs84_from_bd09(lon, lat)
    assert lon.tolist() == [[116.0, 9.5]]
    assert wgs84_from_gcj02(np.array([]), np.array([]))[0].shape == (0,)


# --- towns ----------------------------------------------------------------------------------------------------------


def shifted(table: gpd.GeoDataFrame, function: object) -> gpd.GeoDataFrame:
    degrees = table.to_crs("EPSG:4326")
    moved = shapely.transform(degrees.geometry.to_numpy(), lambda xy: np.column_stack(function(*xy.T)))  # type: ignore[operator]
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=moved, crs="EPSG:4326")


def test_wgs84_and_cgcs2000_go_together(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    sources = [replace(s, datum="wgs84" if role == "gates" else "cgcs2000") for role, s in files.items()]
    town = assemble_town("镇", read_layers(sources))
    assert town.datum == "cgcs2000"
    assert not any(notice.everywhere for notice in town.notices)


def test_unknown_datum_is_said_everywhere(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    sources = [replace(s, datum="unknown" if role == "gates" else "cgcs2000") for role, s in files.items()]
    town = assemble_town("镇", read_layers(sources))
    assert town.datum == "unknown"
    (notice,) = [n for n in town.notices if n.code == "datum-unknown"]
    assert notice.everywhere
    assert "gates.fgb" in str(notice.message)


def test_a_town_all_in_gcj02_is_left_there(tmp_path: Path) -> None:
    files = town_files(tmp_path)
    town = assemble_town("镇", read_layers([replace(s, datum="gcj02") for s in files.values()]))
    assert town.datum == "gcj02"


@pytest.mark.parametrize(("datum", "function"), [("gcj02", gcj02_from_wgs84), ("bd09", bd09_from_wgs84)])
def test_the_way_back_is_taken_on_request_only(tmp_path: Path, datum: str, function: object) -> None:
    def shift(tables: dict[str, gpd.GeoDataFrame]) -> None:
        tables["facilities"] = shifted(tables["facilities"], function)

    files = town_files(tmp_path, shift)
    files["facilities"] = replace(files["facilities"], datum=datum)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one datum"):
        assemble_town("镇", read_layers(files.values()))
    files["facilities"] = replace(files["facilities"], convert=True)
    for town in (
        assemble_town("镇", read_layers(files.values())),
        assemble_town(
            "镇",
            read_layers(
                [*(s for r, s in files.items() if r != "facilities"), replace(files["facilities"], convert=False)]
            ),
            options=AssembleOptions(allow_inverse=True),
        ),
    ):
        assert town.facilities.geometry.iloc[0].distance(point(390, 150)) < 0.002
        assert [n.everywhere for n in town.notices if n.code == "datum-converted"] == [True]
        assert town.datum == "cgcs2000"


def grid_town() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Uneven streets some 100 m apart over 2.5 km, and a building in the middle of each block."""
    rng = np.random.default_rng(3)
    xs, ys = (np.cumsum(rng.uniform(60, 140, 25)) for _ in range(2))
    streets = [line((x, 0), (x, 2500)) for x in xs] + [line((0, y), (2500, y)) for y in ys]
    blocks = [square((a + b) / 2 - 15, (c + d) / 2 - 15, 30) for a, b in pairwise(xs) for c, d in pairwise(ys)]
    return frame(blocks), frame(streets)


@pytest.mark.parametrize("as_points", [False, True])
def test_a_shifted_layer_is_told_from_the_streets(as_points: bool) -> None:
    layer, streets = grid_town()
    if as_points:
        # addresses lie by the street
        edges = streets.geometry.union_all()
        layer = frame([shapely.get_point(shapely.shortest_line(edges, s.centroid), 0) for s in layer.geometry])
    assert detect_datum(layer, streets).shift == "none"
    for there, name in (
        (gcj02_from_wgs84, "from gcj02"),
        (bd09_from_wgs84, "from bd09"),
        (wgs84_from_gcj02, "to gcj02"),
    ):
        guess = detect_datum(shifted(layer, there), streets)
        assert (guess.shift, guess.clear) == (name, True)


def test_a_shift_is_not_looked_for_where_it_cannot_be() -> None:
    layer, streets = grid_town()
    assert detect_datum(layer.iloc[:20], streets).misfit_m == {}
    abroad = [
        gpd.GeoDataFrame(geometry=t.translate(0, 0).set_crs("EPSG:32632", allow_override=True))
        for t in (layer, streets)
    ]
    assert detect_datum(*abroad).misfit_m == {}


def test_moving_into_the_fields_is_no_fit() -> None:
    """Buildings that stand on their streets, with nothing around: a shift that cuts fewer is still wrong."""
    layer = frame([square(100 * i, -10, 20) for i in range(40)])
    streets = frame([line((0, 0), (4000, 0))])
    guess = detect_datum(layer, streets)
    assert guess.shift == "none"
    assert guess.misfit_m["none"] == pytest.approx(20.0, abs=0.1)


def test_a_doubtful_datum_is_said_everywhere(tmp_path: Path) -> None:
    layer, streets = grid_town()

    def change(tables: dict[str, gpd.GeoDataFrame]) -> None:
        moved = shifted(layer, gcj02_from_wgs84).to_crs(CRS)
        tables["buildings"] = moved.assign(BSM=[f"b{i}" for i in range(len(layer))], ZHS=1, RKS=3, CS=2)
        tables["streets"] = streets.assign(BSM=[f"s{i}" for i in range(len(streets))])
        for role in ("entrances", "gates", "estates"):
            del tables[role]
        tables["units"]["geometry"] = [box(*tables["buildings"].total_bounds)]

    town = assemble_town("镇", read_layers(town_files(tmp_path, change).values()))
    (notice,) = [n for n in town.notices if n.code == "datum-doubtful"]
    assert notice.everywhere
    assert "from gcj02" in str(notice.message)
    assert "buildings.fgb" in str(notice.message)
