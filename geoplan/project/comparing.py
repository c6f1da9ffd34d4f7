"""Totals of a page held against those measured anew."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.coverage import Case, Coverage
from geoplan.errors import Message, msg
from geoplan.partition.editing import EditWalks
from geoplan.partition.measures import Limits, Measures
from geoplan.partition.plan import Partition

if TYPE_CHECKING:
    from geoplan.project.editfile import EditsFile

__all__ = ["Difference", "compare_totals"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A total that Python and the page do not agree on.

    Attributes
    ----------
    name
        Which total.
    part
        Community, ``""`` for the whole.
    page, python
        Both numbers.
    """

    name: str
    part: str
    page: float
    python: float

    @property
    def message(self) -> Message:
        """The sentence for a reader."""
        place = self.part or msg("in total")
        return msg(
            "{name}, {place}: the page says {page:,.3f}, geoplan {python:,.3f}",
            name=self.name,
            place=place,
            page=self.page,
            python=self.python,
        )


def compare_totals(
    file: EditsFile, after: Measures, partition: Partition, walks: EditWalks, coverage: Coverage, limits: Limits
) -> tuple[tuple[Difference, ...], int]:
    """Hold the page's exact totals against those measured anew.

    Parameters
    ----------
    file
        The edits with the page's totals.
    after, partition, coverage
        What Python measured.
    walks
        For the circles.
    limits
        Range of households.

    Returns
    -------
    tuple
        What differs, and how many totals were compared.
    """
    total, parts = _python_totals(after, partition, walks, coverage, limits)
    pairs = [("", file.total, total)]
    pairs += [(part, file.parts.get(part, {}), row) for part, row in parts.items()] if file.parts else []
    pairs += [(part, row, {"units": 0.0}) for part, row in file.parts.items() if part not in parts]
    found, compared = [], 0
    for part, page, python in pairs:
        for name, value in python.items():
            if name not in page or name in file.preliminary:
                continue
            ours = value if isinstance(value, list) else [value]
            theirs = page[name] if isinstance(page[name], list) else [page[name]]
            # A list that is too short or too long agrees with nothing there.
            for circle, (mine, given) in enumerate(zip_longest(ours, theirs, fillvalue=float("nan"))):
                compared += 1
                known = isinstance(value, list) and circle < len(walks.minutes)
                label = f"{name} {walks.minutes[circle]:g} min" if known else name
                if not _agree(name, float(given), float(mine), len(partition.part_of)):
                    found.append(Difference(label, part, float(given), float(mine)))
    return tuple(found), compared


def _agree(name: str, page: float, python: float, units: int) -> bool:
    """Whether two totals are the same but for rounding: the page counts in 2**-20 a unit."""
    if np.isnan(page) and np.isnan(python):
        return True
    exact = {"parts", "units", "pieces", "detached", "outside", "centres"}
    room = 0.0 if name in exact else 1e-3 if name == "walk_min" else max(1e-6 * 8 * units, 1e-9 * abs(python))
    return abs(page - python) <= room


def _python_totals(
    after: Measures, partition: Partition, walks: EditWalks, coverage: Coverage, limits: Limits
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    table = after.parts
    any_case, own_case = (_case(coverage, centre) for centre in ("any", "own"))
    columns = [f"served_households_{m:g}" for m in walks.minutes]
    summaries = {
        name: coverage.summary(partition.units.level, case) for name, case in (("any", any_case), ("own", own_case))
    }
    outside = int((~table["households"].between(limits.lower, limits.upper)).sum())
    total: dict[str, Any] = {
        "parts": len(table),
        "units": int(table["units"].sum()),
        "households": float(table["households"].sum()),
        "people": float(table["people"].sum()),
        "outside": outside,
        "boundary_m": after.boundary_m,
        "moved": after.moved_households,
        "detached": after.detached_pieces,
        "walk_min": after.mean_walk_min,
    }
    for name, case in (("served_any", any_case), ("served_own", own_case)):
        row = coverage.total(case)
        total[name] = [float(row[column]) for column in columns]
    around = _boundaries(partition)
    parts = {}
    for part, row in table.iterrows():
        parts[str(part)] = {
            "units": int(row["units"]),
            "households": float(row["households"]),
            "people": float(row["people"]),
            "pieces": int(row["pieces"]),
            "centres": float(row["centres"]),
            "boundary_m": float(around[part]),
            "walk_min": float(row["mean_walk_min"]),
            "served_any": summaries["any"].loc[part, columns].astype(float).tolist(),
            "served_own": summaries["own"].loc[part, columns].astype(float).tolist(),
        }
    return total, parts


def _case(coverage: Coverage, centre: str) -> Case:
    return next(case for case in coverage.cases if case.centre == centre)


def _boundaries(partition: Partition) -> pd.Series:
    """Metres of boundary of each part with other parts."""
    rows = partition.units.contiguity
    one = partition.part_of.reindex(rows["unit"]).to_numpy(dtype=object)
    two = partition.part_of.reindex(rows["neighbor"]).to_numpy(dtype=object)
    cut = one != two
    metre = rows["shared_m"].to_numpy(float)[cut]
    both = pd.Series(np.concatenate([metre, metre]), index=np.concatenate([one[cut], two[cut]]))
    return both.groupby(level=0).sum().reindex(partition.parts, fill_value=0.0)
