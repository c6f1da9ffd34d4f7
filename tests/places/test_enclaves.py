"""Enclaves drawn by hand, and pieces against networkx."""

from __future__ import annotations

from dataclasses import replace

import handmade
import networkx as nx
import pandas as pd
import pytest
import unit_worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from geoplan.places.enclaves import ENCLAVES, find_enclaves, part_pieces
from geoplan.places.units import Units, build_units

LAND = """
    AAAAA
    AAAAA
    AAAAA
    AAAAA
"""


@pytest.fixture(scope="module")
def units() -> Units:
    return unit_worlds.drawn(LAND)


def rows(units: Units, drawing: str) -> list[tuple[object, ...]]:
    table = find_enclaves(units, unit_worlds.parts(drawing))
    assert tuple(table.columns) == ENCLAVES
    return list(table.itertuples(index=False, name=None))


def test_tidy_parts_have_none(units: Units) -> None:
    assert rows(units, "AAABB AAABB AAABB AAABB".replace(" ", "\n")) == []


def test_a_cell_all_inside_another_part_is_a_hole(units: Units) -> None:
    found = rows(units, "AAAAB ABAAB AAAAB AAAAB".replace(" ", "\n"))
    assert found == [("hole", "B", ("e11",), 10.0, ("A",), "A")]


def test_a_detached_cell_and_a_cluster(units: Units) -> None:
    drawing = """
        BAAAB
        AAABB
        CCABB
        CCBCB
    """
    found = rows(units, drawing)
    assert found == [
        ("cell", "B", ("e00",), 10.0, ("A",), "A"),
        ("cell", "B", ("e32",), 10.0, ("C", "A"), "C"),
        ("cell", "C", ("e33",), 10.0, ("B",), "B"),
    ]
    drawing = """
        BBAAA
        AAAAA
        CCACC
        CCACC
    """
    held = units.table["households"].copy()
    held["e23"] += 1
    heavier = replace(units, table=units.table.assign(households=held))
    found = rows(heavier, drawing)
    assert found[0] == ("cluster", "C", ("e20", "e21", "e30", "e31"), 40.0, ("A",), "A")


def test_a_notch_hangs_on_by_little() -> None:
    estates = {
        "a1": box(0, 0, 200, 300),
        "a2": box(200, 120, 300, 160),
        "b1": box(200, 0, 500, 120),
        "b2": box(300, 120, 500, 160),
        "b3": box(200, 160, 500, 300),
    }
    lands = {"A": estates["a1"] | estates["a2"], "B": estates["b1"] | estates["b2"] | estates["b3"]}
    town = handmade.town(
        buildings=handmade.buildings(
            {
                f"h{name}": {"at": shape.centroid.coords[0], "households": 1.0 + (name == "a1")}
                for name, shape in estates.items()
            }
        ),
        estates=handmade.estates({name: {"geometry": shape} for name, shape in estates.items()}),
        levels=(handmade.level("communities", lands),),
    )
    units = build_units(town)
    found = find_enclaves(units, units.table["base"])
    # 40 m of 280 m with A, 240 m with B
    assert len(found) == 1
    assert found.iloc[0].tolist() == ["notch", "A", ("a2",), 1.0, ("B",), "B"]
    empty = replace(units, table=units.table.assign(households=0.0))
    assert len(find_enclaves(empty, units.table["base"])) == 0


def test_what_only_a_barrier_cuts_off_is_detached() -> None:
    river = handmade.barriers({"r": {"kind": "river", "geometry": LineString([(-50, -100), (350, -100)])}})
    units = unit_worlds.drawn(
        """
        AAA
        ABB
        """,
        barriers=river,
    )
    table = find_enclaves(units, units.table["base"])
    assert table.iloc[0].tolist() == ["detached", "A", ("e10",), 10.0, ("B",), "B"]


def test_parts_stay_inside_the_level_above() -> None:
    town = unit_worlds.town("AAC\nABC\nAAC")
    above = handmade.level("subdistricts", {"S": box(0, -300, 200, 0), "T": box(200, -300, 300, 0)})
    below = replace(town.levels[0], parent="subdistricts")
    units = build_units(replace(town, levels=(below, above)))
    part_of = unit_worlds.parts("DAC\nAAD\nAAE")
    table = find_enclaves(units, part_of)
    # A, C and E share 100 m each with the cell; A, the smallest, lies in another unit of the level above
    assert table.to_numpy().tolist() == [["cell", "D", ("e12",), 10.0, ("A", "C", "E"), "C"]]


def test_overlaps_and_gaps_come_last() -> None:
    lands = {"A": box(0, 0, 100, 100), "B": box(90, 0, 200, 100)}
    town = handmade.town(
        buildings=handmade.buildings({"b": {"at": (50, 50)}}), levels=(handmade.level("communities", lands),)
    )
    units = build_units(town, kind="community")
    assert find_enclaves(units, units.table["base"]).iloc[-1].tolist() == [
        "overlap", "A", ("A", "B"), 0.0, ("A", "B"), "A",
    ]  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.sampled_from("ABCD"), min_size=20, max_size=20))
def test_pieces_as_networkx_counts_them(units: Units, marks: list[str]) -> None:
    part_of = pd.Series(marks, index=units.table.index, dtype=object)
    graph = unit_worlds.neighbours(LAND)
    found = find_enclaves(units, part_of)
    detached = found[found["kind"] != "notch"]
    wanted = set()
    for part in set(marks):
        members = [unit for unit in part_of.index if part_of[unit] == part]
        pieces = [tuple(sorted(piece)) for piece in nx.connected_components(graph.subgraph(members))]
        main = min(pieces, key=lambda piece: (-len(piece), piece[0]))
        wanted |= {(part, piece) for piece in pieces if piece != main}
    assert set(zip(detached["part"], detached["units"], strict=True)) == wanted
    for row in detached.itertuples():
        around = {part_of[n] for unit in row.units for n in graph[unit]} - {row.part}
        assert set(row.surrounded_by) == around
        assert row.mend in around
    pieces_of = part_pieces(units, part_of)
    assert pieces_of.groupby(part_of).max().sum() == len(wanted)
    backwards = find_enclaves(units, part_of.iloc[::-1])
    pd.testing.assert_frame_equal(found, backwards)
