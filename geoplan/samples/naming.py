"""Names of parcels: estates from a list, urban villages by cluster, blocks by street and number."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import hypot

import networkx as nx

from geoplan.samples import names, streets, units
from geoplan.samples.draft import Draft
from geoplan.samples.planar import XY, Planar

__all__ = ["name_cells"]


def name_cells(draft: Draft, lines: list[streets.Street]) -> None:
    """Names of estates, of urban villages by cluster, of blocks by street and number.

    Parameters
    ----------
    draft
        A settled town; its parcels are named in place.
    lines
        Streets with their names.
    """
    named = iter(names.estate_names(draft.rng, draft.plan.estates))
    by_edge = {}
    for line in lines:
        for p, q in pairwise(line.points):
            by_edge[p, q] = by_edge[q, p] = line.name
    numbers: Counter[str] = Counter()
    village = _village_clusters(draft)
    for index in units.number_by_place([(float(x), float(y)) for x, y in draft.middles], band_m=250.0):
        cell = draft.cells[index]
        if cell.use == "estate":
            cell.name = next(named)
        elif cell.use == "village":
            numbers[village[index]] += 1
            cell.name = f"{village[index]}{numbers[village[index]]}片"
        else:
            street = _street_of(draft.ground, cell.face, by_edge)
            numbers[street] += 1
            label = {"block": "号院", "public": "号公共用地", "industry": "号厂区", "commerce": "号商业街区"}
            cell.name = f"{street}{numbers[street] * 2 - 1}{label.get(cell.use, '号绿地')}"
            if cell.use in ("river", "railway", "expressway", "farm"):
                cell.name = {"river": "河道", "railway": "铁路用地", "farm": "农林用地"}.get(cell.use, "高速用地")


def _village_clusters(draft: Draft) -> dict[int, str]:
    """Name of the village of each village parcel: neighbouring parcels, about ten to a village."""
    members = [i for i, cell in enumerate(draft.cells) if cell.use == "village"]
    pool = iter(names.village_names(draft.rng) * 3)
    at = draft.middles
    out: dict[int, str] = {}
    for piece in sorted(nx.connected_components(draft.graph.subgraph(members)), key=min):
        left = sorted(piece)
        while left:
            start = left[0]
            near = sorted(left, key=lambda i: (round(hypot(*(at[i] - at[start])), 1), i))[:10]
            name = next(pool)
            out.update(dict.fromkeys(near, name))
            left = [i for i in left if i not in out]
    return out


def _street_of(ground: Planar, face: int, names_by_edge: dict[tuple[XY, XY], str]) -> str:
    """Name of the longest street along a parcel."""
    total: Counter[str] = Counter()
    for a, b in ground.edges(face):
        name = names_by_edge.get((ground.xy[a], ground.xy[b]), "")
        if name:
            total[name] += round(ground.length(a, b) * 100)
    return min(total, key=lambda n: (-total[n], n)) if total else "城郊"
