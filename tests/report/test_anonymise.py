"""What leaves the office: nobody's name, and no count of a few, in any output."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import handmade
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from geoplan.errors import InputError
from geoplan.report import anonymise_town

COUNTS = ("households", "people_resident", "people_registered")


def town(households: list[float]) -> handmade.Town:
    rows = {
        f"b{i:03d}": {
            "at": (10.0 * i, 5.0),
            "households": count,
            "people_resident": 2 * count,
            "name": f"home of person {i}",
            "address": f"secret street {i}",
        }
        for i, count in enumerate(households)
    }
    units = {"W": box(-10, 0, 10 * len(households), 10)}
    return handmade.town(
        name="Town", buildings=handmade.buildings(rows), levels=(handmade.level("communities", units),)
    )


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(2, 9))
def test_no_count_is_between_none_and_the_threshold_and_sums_hold(counts: list[int], threshold: int) -> None:
    given_town = town([float(c) for c in counts])
    safe = anonymise_town(given_town, threshold=threshold).buildings["households"].to_numpy()
    assert not np.any((safe > 0) & (safe < threshold))
    assert np.array_equal(safe[np.array(counts) >= threshold], np.array([c for c in counts if c >= threshold]))
    # in the order of ids every sum from the first building on is within half a threshold of the truth
    assert np.all(np.abs(np.cumsum(safe) - np.cumsum(counts)) <= threshold / 2)


def test_names_addresses_and_unknown_columns_go_and_the_town_is_not_changed() -> None:
    given_town = town([3.0, 40.0])
    given_town = replace(given_town, buildings=given_town.buildings.assign(owner="Zhang San"))
    before = given_town.buildings.copy()
    safe = anonymise_town(given_town)
    assert given_town.buildings.equals(before)
    assert "owner" not in safe.buildings
    assert set(safe.buildings["name"]) == set(safe.buildings["address"]) == {""}
    assert list(safe.buildings.index) == list(before.index)
    assert [notice.everywhere for notice in safe.notices if notice.code == "anonymised"] == [True]


def test_green_land_stays_with_its_name_and_kind() -> None:
    park = {"geometry": box(0, 20, 50, 60), "name": "River Park", "kind": "park", "keeper": "Zhang San"}
    safe = anonymise_town(replace(town([3.0]), green=handmade.green({"p": park}))).green
    assert safe is not None
    assert safe[["name", "kind"]].to_dict("index") == {"p": {"name": "River Park", "kind": "park"}}
    assert "keeper" not in safe
    assert safe.geometry["p"].equals(park["geometry"])


def test_a_threshold_that_hides_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        anonymise_town(town([1.0]), threshold=1)


def test_the_order_of_rows_changes_nothing() -> None:
    given_town = town([1.0, 2.0, 3.0, 4.0, 1.0])
    turned = replace(given_town, buildings=given_town.buildings[::-1])
    one, two = (anonymise_town(t).buildings.sort_index() for t in (given_town, turned))
    assert one["households"].equals(two["households"])


def test_no_output_of_a_run_names_anybody(tmp_path: Path) -> None:
    """Every byte of every file: map (inflated), workbook (unzipped), GeoPackage and summary."""
    from geoplan.coverage import measure_coverage
    from geoplan.maps import coverage_map, render_map
    from geoplan.maps.container import read_container
    from geoplan.report import write_coverage_gpkg, write_coverage_xlsx, write_summary

    coverage = measure_coverage(
        replace(
            anonymise_town(town([3.0, 40.0, 1.0])),
            facilities=handmade.facilities({"f": {"at": (0.0, 0.0), "name": "centre"}}),
        )
    )
    write_coverage_gpkg(coverage, tmp_path / "a.gpkg")
    write_coverage_xlsx(coverage, tmp_path / "a.xlsx")
    write_summary(coverage, tmp_path / "a.json", version="0", inputs={}, options={})
    with ZipFile(tmp_path / "a.xlsx") as book:
        written = b"".join(book.read(name) for name in book.namelist())
    written += (tmp_path / "a.gpkg").read_bytes() + (tmp_path / "a.json").read_bytes()
    html = render_map(coverage_map(coverage, language="en"))
    data = html.split('type="text/plain">')[1].split("</script>")[0]
    written += html.encode() + repr(read_container(data)).encode()
    assert b"home of person" not in written
    assert b"secret street" not in written
    assert b"counts below 5" in written
