"""Files that are no OpenStreetMap data, corrupt, cut off, or without what was asked for."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import osmium
import pytest
from osm_world import CRS, OsmWorld

from geoplan.errors import InputError, Where
from geoplan.read.osm import OsmOptions, read_osm

STREETS = OsmOptions(take=("streets",))


def fault_of(path: Path, options: OsmOptions = STREETS, crs: str = CRS) -> str:
    """The code of the one fault, which must name the file and say how to mend it."""
    with pytest.raises(InputError) as raised:
        read_osm(path, crs=crs, options=options)
    (fault,) = raised.value.faults
    assert fault.where == Where(file=str(path))
    assert str(fault.mend)
    return fault.code


@pytest.fixture(scope="module")
def pbf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file in PBF: 500 nodes along one road."""
    world = OsmWorld()
    world.nodes_at(*((i, i * 10.0, i % 7) for i in range(1, 501)))
    world.way(1, list(range(1, 501)), {"highway": "residential"})
    folder = tmp_path_factory.mktemp("pbf")
    source = world.write(folder)
    with osmium.SimpleWriter(str(folder / "world.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(source):
            writer.add(thing)
    return (folder / "world.osm.pbf").read_bytes()


def test_the_whole_file_reads(pbf: bytes, tmp_path: Path) -> None:
    (tmp_path / "whole.osm.pbf").write_bytes(pbf)
    streets = read_osm(tmp_path / "whole.osm.pbf", crs=CRS, options=STREETS).streets
    assert streets is not None
    assert list(streets.index) == ["w1-0"]
    assert streets.geometry.iloc[0].coords[-1] == pytest.approx((505_000, 3_380_003), abs=0.02)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_cut_off(share: float, pbf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(pbf[: int(len(pbf) * share)])
    assert fault_of(path) == "corrupt-osm"


def test_overwritten_inside(pbf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.osm.pbf"
    middle = len(pbf) // 2
    path.write_bytes(pbf[: middle - 50] + bytes(100) + pbf[middle + 50 :])
    assert fault_of(path) == "corrupt-osm"


WHOLE = OsmWorld()
WHOLE.nodes_at((1, 0, 0), (2, 50, 0))
WHOLE.way(1, [1, 2], {"highway": "residential"})
XML = WHOLE.text().encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.osm.pbf", b""),
        ("empty.osm", b""),
        ("text.osm.pbf", b"not a map at all " * 40),
        ("zip.osm.pbf", b"PK\x03\x04" + bytes(200)),
        ("page.osm", b"<html><body>403 Forbidden</body></html>"),
        ("answer.osm", b'{"version": 0.6, "elements": []}'),
        ("cut.osm", XML[:-60]),
        ("cut.osm.gz", gzip.compress(XML * 50)[:-40]),
        ("plain.osm.bz2", XML),
        ("cut.osm.bz2", bz2.compress(XML)[:-40]),
        ("words.osm", XML.replace(b'lat="', b'lat="north')),
    ],
)
def test_not_osm_at_all(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert fault_of(path) == "corrupt-osm"


def test_missing_file(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.osm.pbf") == "missing-file"
    (tmp_path / "folder.osm").mkdir()
    assert fault_of(tmp_path / "folder.osm") == "missing-file"


@pytest.mark.parametrize("name", ["streets.shp", "map.osm.zip", "map.o5m", "map"])
def test_another_kind_of_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(XML)
    assert fault_of(tmp_path / name) == "not-osm"


def test_no_ways(tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(1, 0, 0, {"amenity": "school"})
    assert fault_of(world.write(tmp_path)) == "no-ways"
    world.nodes_at((2, 50, 0))
    world.way(1, [1, 2], {"highway": "motorway"})
    assert fault_of(world.write(tmp_path)) == "no-ways"


def test_ways_without_places(tmp_path: Path) -> None:
    world = OsmWorld()
    world.node(9, 0, 0)
    world.way(1, [1, 2], {"highway": "residential"})
    assert fault_of(world.write(tmp_path)) == "no-locations"


def test_walked_ways_without_two_placed_nodes_in_a_row(tmp_path: Path) -> None:
    world = OsmWorld()
    world.nodes_at((1, 0, 0), (3, 100, 0))
    world.way(1, [1, 2, 3], {"highway": "residential"})
    assert fault_of(world.write(tmp_path)) == "no-ways"


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", "EPSG:999999"])
def test_crs_without_metres(crs: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_osm(WHOLE.write(tmp_path), crs=crs, options=STREETS)


def test_unknown_role(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_osm(WHOLE.write(tmp_path), crs=CRS, options=OsmOptions(take=("streets", "shops")))
    assert [fault.code for fault in raised.value.faults] == ["unknown-role"]


def test_nothing_of_a_kind_is_an_empty_table(tmp_path: Path) -> None:
    found = read_osm(WHOLE.write(tmp_path), crs=CRS)
    for table in (found.buildings, found.gates, found.entrances, found.barriers):
        assert table is not None
        assert table.empty
        assert table.crs.to_string() == CRS
    assert found.units is None
    assert found.facilities is None
