"""Communities drawn with letters, 100 m a cell, an estate with one house in every cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import handmade
import networkx as nx
import pandas as pd
import shapely
from shapely import box

from geoplan.model import Town
from geoplan.places.units import Units, build_units

CELL = 100.0


def cells(drawing: str) -> dict[str, str]:
    """Cell name (row and column, from the top left) -> letter; dots are no land."""
    rows = [line.strip() for line in drawing.strip().splitlines()]
    return {f"{r}{c}": mark for r, row in enumerate(rows) for c, mark in enumerate(row) if mark != "."}


def square(cell: str, inset: float = 0.0) -> Any:
    """Land of a cell; row 0 lies on top."""
    x, y = CELL * int(cell[1]), -CELL * int(cell[0])
    return box(x + inset, y - CELL + inset, x + CELL - inset, y - inset)


def town(drawing: str, *, households: Mapping[str, float] | None = None, street_m: float = 20.0, **parts: Any) -> Town:
    """The town: communities as drawn, estates that leave half a street all around, 10 households each unless given."""
    letters = cells(drawing)
    lands = {
        mark: shapely.union_all([square(cell) for cell, m in letters.items() if m == mark])
        for mark in sorted(set(letters.values()))
    }
    held = dict.fromkeys(letters, 10.0) | dict(households or {})
    estates = {
        f"e{cell}": {"name": f"Yard {cell}", "kind": "estate", "geometry": square(cell, street_m / 2)}
        for cell in letters
    }
    buildings = {
        f"b{cell}": {"at": shapely.get_coordinates(square(cell).centroid)[0], "households": held[cell]}
        for cell in letters
    }
    parts.setdefault("estates", handmade.estates(estates))
    parts.setdefault("levels", (handmade.level("communities", lands),))
    parts.setdefault("buildings", handmade.buildings(buildings))
    return handmade.town(**parts)


def drawn(drawing: str, **options: Any) -> Units:
    """Units of the drawn town."""
    return build_units(town(drawing, **options))


def parts(drawing: str) -> pd.Series:
    """Part of each unit by another drawing of the same cells."""
    return pd.Series({f"e{cell}": mark for cell, mark in cells(drawing).items()}, dtype=object).sort_index()


def neighbours(drawing: str) -> nx.Graph:
    """Cells side by side: the oracle's own graph."""
    graph = nx.Graph()
    names = set(cells(drawing))
    graph.add_nodes_from(f"e{cell}" for cell in names)
    for cell in names:
        for other in (f"{int(cell[0]) + 1}{cell[1]}", f"{cell[0]}{int(cell[1]) + 1}"):
            if other in names:
                graph.add_edge(f"e{cell}", f"e{other}")
    return graph
