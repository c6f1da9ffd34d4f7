"""Enclaves of random partitions against a plain reading of their rules with networkx."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import unit_worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.places.enclaves import NOTCH_OTHER, NOTCH_OWN, find_enclaves
from geoplan.places.units import Units

LAND = """
    AAAAA
    AAAA.
    AAAAA
    AAAAA
"""
CELLS = len(unit_worlds.cells(LAND))


@pytest.fixture(scope="module")
def units() -> Units:
    return unit_worlds.drawn(LAND, street_m=4.0)


class Rules:
    """The rules of enclaves, unit by unit."""

    def __init__(self, units: Units, part_of: dict[str, str]) -> None:
        self.part_of = part_of
        self.held = units.table["households"].to_dict()
        self.land = nx.Graph()
        self.land.add_nodes_from(units.table.index)
        for row in units.contiguity.itertuples():
            self.land.add_edge(row.unit, row.neighbor, m=row.shared_m, joins=row.joins)
        self.joined = nx.Graph()
        self.joined.add_nodes_from(self.land)
        self.joined.add_edges_from((a, b) for a, b, joins in self.land.edges(data="joins") if joins)
        self.outline = units.table.geometry.length.to_dict()

    def pieces(self, part: str) -> list[tuple[str, ...]]:
        """Pieces of a part, the main one first."""
        members = [unit for unit in self.land if self.part_of[unit] == part]
        found = [tuple(sorted(piece)) for piece in nx.connected_components(self.joined.subgraph(members))]
        return sorted(found, key=lambda piece: (-sum(self.held[u] for u in piece), -len(piece), piece[0]))

    def beside(self, piece: tuple[str, ...], *, joins: bool) -> dict[str, float]:
        """Metres of boundary with each part outside of the piece."""
        metres: dict[str, float] = defaultdict(float)
        for unit in piece:
            for other, edge in self.land[unit].items():
                if other not in piece and (edge["joins"] or not joins):
                    metres[self.part_of[other]] += edge["m"]
        return metres

    def longest(self, metres: dict[str, float], own: str) -> tuple[str, ...]:
        return tuple(sorted((p for p in metres if p != own), key=lambda p: (-round(metres[p], 3), p)))

    def detached(self, piece: tuple[str, ...]) -> tuple[Any, ...]:
        """The row of a piece that is not the main one."""
        own = self.part_of[piece[0]]
        every, joined = self.beside(piece, joins=False), self.beside(piece, joins=True)
        around, takers = self.longest(every, own), self.longest(joined, own)
        inner = sum(e["m"] for u in piece for v, e in self.land[u].items())
        edge_m = sum(self.outline[u] for u in piece) - inner
        kind = "cell" if len(piece) == 1 else "cluster"
        if own in every or not takers:
            kind = "detached"
        elif len(around) == 1 and edge_m <= 0.5:
            kind = "hole"
        return (kind, own, piece, sum(self.held[u] for u in piece), around, takers[0] if takers else None)

    def notch(self, unit: str) -> tuple[Any, ...] | None:
        """The row of a unit of a main piece that sticks out, or None."""
        own = self.part_of[unit]
        main = self.pieces(own)[0]
        rest = [other for other in main if other != unit]
        whole = sum(h for u, h in self.held.items() if self.part_of[u] == own)
        if unit not in main or not rest or not 0 < 2 * self.held[unit] < whole:
            return None
        if not nx.is_connected(self.joined.subgraph(rest)):
            return None
        metres = self.beside((unit,), joins=True)
        others = self.longest(metres, own)
        if not (others and 0 < metres.get(own, 0.0) < NOTCH_OWN * self.outline[unit]):
            return None
        if metres[others[0]] <= NOTCH_OTHER * self.outline[unit]:
            return None
        around = self.longest(self.beside((unit,), joins=False), own)
        return ("notch", own, (unit,), self.held[unit], around, others[0])

    def rows(self) -> set[tuple[Any, ...]]:
        found = {self.detached(piece) for part in set(self.part_of.values()) for piece in self.pieces(part)[1:]}
        return found | {row for unit in self.land if (row := self.notch(unit))}


@settings(max_examples=60)
@given(
    marks=st.lists(st.sampled_from("AAABBC"), min_size=CELLS, max_size=CELLS),
    held=st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0]), min_size=CELLS, max_size=CELLS),
    closed=st.sets(st.integers(0, 28), max_size=12),
    seed=st.integers(0, 1_000),
)
def test_every_enclave_by_the_rules(
    units: Units, marks: list[str], held: list[float], closed: set[int], seed: int
) -> None:
    rows = units.contiguity
    joins = rows["joins"] & ~np.isin(np.arange(len(rows)), sorted(closed))
    world = replace(units, table=units.table.assign(households=held), contiguity=rows.assign(joins=joins))
    part_of = pd.Series(marks, index=units.table.index, dtype=object)
    found = find_enclaves(world, part_of)
    assert set(found.itertuples(index=False, name=None)) == Rules(world, part_of.to_dict()).rows()
    assert not found.duplicated(["kind", "part", "units"]).any()
    shuffled = replace(world, contiguity=world.contiguity.sample(frac=1.0, random_state=seed))
    pd.testing.assert_frame_equal(found, find_enclaves(shuffled, part_of.sample(frac=1.0, random_state=seed)))


def test_an_exclave_of_several_units_beside_a_single_cell(units: Units) -> None:
    part_of = unit_worlds.parts("""
        BBAAA
        BBAA.
        AAAAB
        ABBAA
    """)
    found = find_enclaves(units, part_of)
    assert list(zip(found["kind"], found["units"], found["mend"], strict=True)) == [
        ("cell", ("e24",), "A"),
        ("cluster", ("e31", "e32"), "A"),
    ]
