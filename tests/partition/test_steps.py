"""Partitions, their measures and single steps, on drawn worlds and against networkx."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from itertools import permutations

import handmade
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
import unit_worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from geoplan.errors import InputError
from geoplan.partition.measures import CentreWalks, Limits, centre_walks, measure_partition
from geoplan.partition.plan import Partition, from_codes, new_part_ids, today
from geoplan.partition.steps import absorb_enclaves, check_partition, merge_communities, move_units, split_community
from geoplan.places.enclaves import find_enclaves
from geoplan.places.units import UnitOptions, Units, build_units
from geoplan.reach import Metric, build_reach
from geoplan.standards import load_profile

WORLD = """
    AAABB
    AAABB
    CCCBB
    CCCDD
"""


@pytest.fixture(scope="module")
def units() -> Units:
    return unit_worlds.drawn(WORLD)


def pieces(units: Units, partition: Partition, part: str) -> int:
    """The oracle's count: cells side by side, by networkx."""
    members = list(partition.members(part))
    return nx.number_connected_components(unit_worlds.neighbours(WORLD).subgraph(members))


def test_today_is_kept_to_the_last_bit(units: Units) -> None:
    plan = today(units)
    assert plan.parts == ("A", "B", "C", "D")
    assert plan.names == {"A": "A", "B": "B", "C": "C", "D": "D"}
    shapes = plan.polygons()
    assert all(shapes.geometry[part].equals_exact(units.today.geometry[part], 0.0) for part in plan.parts)
    moved = move_units(plan, ["e02"], "B").partition.polygons()
    kept = [part for part in plan.parts if moved.geometry[part].equals_exact(units.today.geometry[part], 0.0)]
    assert kept == ["C", "D"]
    assert moved.geometry["B"].area == pytest.approx(70_000, rel=0.01)
    assert moved["households"].to_dict() == {"A": 50.0, "B": 70.0, "C": 60.0, "D": 20.0}


def test_neighbours_of_an_estate_astride_lose_their_old_polygon() -> None:
    lands = {"A": box(0, 0, 100, 100), "B": box(100, 0, 200, 100), "C": box(200, 0, 300, 100)}
    estates = handmade.estates({"x": {"geometry": box(50, 0, 120, 100)}, "y": {"geometry": box(200, 0, 300, 100)}})
    houses = handmade.buildings({"b": {"at": (60, 50)}})
    town = handmade.town(buildings=houses, estates=estates, levels=(handmade.level("communities", lands),))
    shapes = today(build_units(town)).polygons()
    assert shapes.geometry["C"].equals_exact(lands["C"], 0.0)
    assert shapes.geometry["A"].area == pytest.approx(12_000, rel=0.01)
    assert shapes.geometry.area.sum() == pytest.approx(30_000)


def test_measures_worked_by_hand(units: Units) -> None:
    plan = today(units)
    result = measure_partition(plan, limits=Limits(target=50.0))
    table = result.parts
    assert table["households"].to_dict() == {"A": 60.0, "B": 60.0, "C": 60.0, "D": 20.0}
    assert table["people"].to_dict() == {"A": 180.0, "B": 180.0, "C": 180.0, "D": 60.0}
    assert table["units"].to_dict() == {"A": 6, "B": 6, "C": 6, "D": 2}
    assert table["pieces"].tolist() == [1, 1, 1, 1]
    assert table["area_m2"].to_numpy() == pytest.approx([60_000, 60_000, 60_000, 20_000])
    assert table["perimeter_m"].to_numpy() == pytest.approx([1000, 1000, 1000, 600])
    assert table["polsby_popper"]["D"] == pytest.approx(4 * np.pi * 20_000 / 600**2)
    assert table["deviation"].tolist() == pytest.approx([0.2, 0.2, 0.2, -0.6])
    # A-B 200, A-C 300, C-B 100, C-D 100, B-D 200
    assert result.boundary_m == pytest.approx(900)
    assert result.cut_edges == 9
    assert (result.moved_households, result.detached_pieces, result.barriers_straddled) == (0.0, 0, 0)
    assert result.max_deviation == pytest.approx(0.6)
    assert np.isnan(result.mean_walk_min)


def test_moved_households_follow_the_best_matching_of_names(units: Units) -> None:
    swapped = {"A": "B", "B": "A", "C": "C", "D": "D"}
    part_of = units.table["base"].map(swapped)
    assert measure_partition(today(units).with_parts(part_of)).moved_households == 0.0
    one_less = part_of.copy()
    one_less["e33"] = "C"
    assert measure_partition(today(units).with_parts(one_less)).moved_households == 10.0


@settings(max_examples=12)
@given(st.lists(st.sampled_from("ABC"), min_size=20, max_size=20))
def test_moved_households_by_brute_force(units: Units, marks: list[str]) -> None:
    weights = units.table["households"] + np.arange(20)
    heavier = replace(units, table=units.table.assign(households=weights))
    part_of = pd.Series(marks, index=units.table.index, dtype=object)
    base = units.table["base"]
    new = sorted(set(marks))
    stay = max(
        sum(weights[(part_of == p) & (base == b)].sum() for p, b in zip(new, chosen, strict=True))
        for chosen in permutations(sorted(set(base)), len(new))
    )
    assert measure_partition(today(heavier).with_parts(part_of)).moved_households == weights.sum() - stay


def test_walks_to_the_own_centre(units: Units) -> None:
    minutes = pd.DataFrame(5.0, index=units.table.index, columns=["p", "q"])
    minutes.loc[units.table["base"] == "A", "q"] = 2.0
    walks = CentreWalks(minutes, pd.Series({"p": "e00", "q": "e04"}), pd.Series({"p": False, "q": False}))
    result = measure_partition(today(units), walk=walks)
    assert result.parts["centres"].to_dict() == {"A": 1, "B": 1, "C": 0, "D": 0}
    # A walks to its own, though q is nearer; C and D have none and walk to the nearest of all
    assert result.parts["mean_walk_min"].to_dict() == {"A": 5.0, "B": 5.0, "C": 5.0, "D": 5.0}
    moved = move_units(today(units), ["e04"], "A", walk=walks)
    assert moved.after.parts["mean_walk_min"]["A"] == pytest.approx((6 * 2.0 + 5.0) / 7)
    assert moved.after.mean_walk_min < moved.before.mean_walk_min
    findings = check_partition(today(units), Limits(centre=True), walk=walks)
    assert [(f.code, f.parts) for f in findings] == [("no-centre", ("C",)), ("no-centre", ("D",))]


def test_walks_from_the_town() -> None:
    street = handmade.streets({"s": {"u": 0, "v": 1, "geometry": LineString([(-10, -50), (310, -50)])}})
    centres = handmade.facilities(
        {
            "c": {"at": (50, -40), "kind": "service_centre"},
            "d": {"at": (250, -40), "kind": "service_centre", "candidate": True},
        }
    )
    town = unit_worlds.town("AAB", streets=street, facilities=centres)
    units = build_units(town)
    metric = Metric("time", load_profile("planner"))
    walks = centre_walks(town, units, build_reach(town), metric)
    assert list(walks.minutes.columns) == ["c"]
    assert walks.stands_in.to_dict() == {"c": "e00"}
    steps = walks.minutes["c"].diff().dropna().to_numpy()
    assert steps == pytest.approx([100 / 60, 100 / 60], abs=0.2)
    both = centre_walks(town, units, build_reach(town), metric, candidates=True)
    assert both.candidate.to_dict() == {"c": False, "d": True}


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_split_gives_even_connected_parts(units: Units, parts: int) -> None:
    one = today(units).with_parts(units.table["base"].map({"A": "A", "B": "A", "C": "A", "D": "A"}))
    result = split_community(one, "A", parts=parts)
    found = result.partition
    assert found.parts == ("A", *(f"new-{i}" for i in range(1, parts)))
    assert all(pieces(units, found, part) == 1 for part in found.parts)
    held = result.after.parts["households"]
    assert held.sum() == 200.0
    assert held["A"] == held.max()
    assert held.max() - held.min() <= 20.0
    assert len({*found.names.values()}) == parts
    assert one.parts == ("A",)
    again = split_community(one, "A", parts=parts)
    pd.testing.assert_series_equal(again.partition.part_of, found.part_of)


def test_split_to_single_units_and_with_nobody_there(units: Units) -> None:
    plan = today(units)
    assert split_community(plan, "D", parts=2).after.parts["units"].to_dict()["D"] == 1
    empty = today(replace(units, table=units.table.assign(households=0.0)))
    assert split_community(empty, "A", parts=6).after.detached_pieces == 0
    for part, count in (("D", 3), ("A", 1), ("X", 2)):
        with pytest.raises(InputError):
            split_community(plan, part, parts=count)


def test_merge_keeps_the_larger_name(units: Units) -> None:
    result = merge_communities(today(units), ["D", "B"])
    assert result.partition.parts == ("A", "B", "C")
    assert (result.after.moved_households, result.findings) == (20.0, ())
    apart = merge_communities(today(units), ["A", "D"])
    assert [(f.code, f.parts, f.amount) for f in apart.findings] == [("in-pieces", ("A",), 1.0)]
    for ids in (["A"], ["A", "X"]):
        with pytest.raises(InputError):
            merge_communities(today(units), ids)


def test_move_names_what_it_breaks(units: Units) -> None:
    limits = Limits(lower=30, upper=65, locked=("C",), locked_units=("e00",))
    assert [(f.code, f.parts, f.amount) for f in check_partition(today(units), limits)] == [
        ("out-of-range", ("D",), 10.0)
    ]
    result = move_units(today(units), ["e00", "e22"], "D", limits=limits)
    assert {(f.code, f.parts) for f in result.findings} == {
        ("in-pieces", ("D",)),
        ("locked-changed", ("C",)),
        ("locked-changed", ()),
    }
    gone = move_units(today(units), ["e33", "e34"], "C").partition
    assert gone.parts == ("A", "B", "C")
    for chosen, to in ((["e99"], "A"), (["e00"], "X")):
        with pytest.raises(InputError):
            move_units(today(units), chosen, to)


def test_nothing_outside_the_level_above() -> None:
    town = unit_worlds.town("AAB\nAAB")
    above = handmade.level("subdistricts", {"S": box(0, -200, 200, 0), "T": box(200, -200, 300, 0)})
    units = build_units(replace(town, levels=(replace(town.levels[0], parent="subdistricts"), above)))
    result = move_units(today(units), ["e02"], "A")
    assert [f.code for f in result.findings] == ["outside-parent"]
    with pytest.raises(InputError, match="level above"):
        merge_communities(today(units), ["A", "B"])


def test_split_estates_are_named() -> None:
    town = unit_worlds.town("AB")
    houses = handmade.buildings({f"h{x}": {"at": (x, -50)} for x in (30, 60, 150)})
    units = build_units(replace(town, buildings=houses), kind="building")
    plan = today(units)
    assert measure_partition(plan).split_estates == ()
    assert [f.code for f in move_units(plan, ["h60"], "B").findings] == ["estate-split"]
    cut = build_units(
        replace(town, buildings=houses, estates=town.estates.assign(divisible=True)),
        options=UnitOptions(divide_above=1.5),
    )
    assert "h60" in cut.table.index


def test_absorb_mends_every_enclave_and_keeps_locks() -> None:
    drawing = """
        AAAAB
        ABAAB
        AAAAB
        BAAAB
    """
    units = unit_worlds.drawn(drawing)
    result = absorb_enclaves(today(units))
    assert (result.before.detached_pieces, result.after.detached_pieces) == (2, 0)
    assert result.after.moved_households == 20.0
    assert len(find_enclaves(units, result.partition.part_of)) == 0
    held = absorb_enclaves(today(units), limits=Limits(locked_units=("e11",)))
    assert held.after.detached_pieces == 1
    assert absorb_enclaves(today(units), limits=Limits(locked=("A",))).after.moved_households == 0.0


@settings(max_examples=10)
@given(st.lists(st.sampled_from("ABCD"), min_size=20, max_size=20))
def test_absorb_leaves_parts_whole(units: Units, marks: list[str]) -> None:
    plan = today(units).with_parts(pd.Series(marks, index=units.table.index, dtype=object))
    result = absorb_enclaves(plan)
    found = result.partition
    assert set(found.parts) == set(plan.parts)
    assert result.after.parts["households"].sum() == 200.0
    counted = {part: pieces(units, found, part) for part in found.parts}
    assert counted == result.after.parts["pieces"].to_dict()
    assert result.after.detached_pieces <= result.before.detached_pieces
    assert absorb_enclaves(found).after.detached_pieces == result.after.detached_pieces


def test_codes_and_names(units: Units) -> None:
    plan = today(units)
    codes, parts = plan.codes()
    assert [parts[code] for code in codes] == list(plan.part_of)
    again = from_codes(units, (codes + 1) % 4)
    pd.testing.assert_series_equal(again.part_of, plan.part_of)
    more = codes.copy()
    more[[0, 1]] = 4
    five = from_codes(units, more)
    assert five.new_parts == ("new-1",)
    assert five.names["new-1"] == "Yard community (provisional)"
    assert five.names["A"] == "A"
    assert new_part_ids(["new-2"], 2) == ["new-1", "new-3"]
    with pytest.raises(FrozenInstanceError):
        plan.names = {}  # type: ignore[misc]
    with pytest.raises(InputError):
        Partition(units, plan.part_of.iloc[1:])
    for wrong in ({"lower": 5.0, "upper": 1.0}, {"lower": -1.0}, {"target": 0.0}, {"upper": float("nan")}):
        with pytest.raises(InputError):
            Limits(**wrong)


def test_parts_cover_the_land_whatever_was_done(units: Units) -> None:
    plan = split_community(merge_communities(today(units), ["A", "B"]).partition, "A", parts=3).partition
    shapes = plan.polygons()
    assert shapely.area(shapes.geometry.array).sum() == pytest.approx(200_000)
    assert shapes.geometry.is_valid.all()
    assert shapely.union_all(shapes.geometry.array).area == pytest.approx(200_000)
