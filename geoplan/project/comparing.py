"""Totals of a page held against those measured anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from geoplan.coverage import Case, Coverage
from geoplan.errors import Message, msg
from geoplan.maps.editdata import MOST_WALKS
from geoplan.maps.packed import clean_text
from geoplan.partition.editing import EditWalks
from geoplan.partition.measures import Limits, Measures
from geoplan.partition.plan import Partition

if TYPE_CHECKING:
    from geoplan.project.editfile import EditsFile

__all__ = ["Difference", "compare_totals"]

_QUANTUM = 2**20  # of a household; the page counts in these
_EQUAL = 1e-4  # households


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
        Both values: numbers, or texts for names; None where one of them has no such total.
    """

    name: str
    part: str
    page: float | str | None
    python: float | str | None

    @property
    def message(self) -> Message:
        """The sentence for a reader."""
        place = self.part or msg("in total")
        if self.page is None:
            return msg("{name}, {place}: missing in the file; geoplan {python}", **self._values(place))
        return msg("{name}, {place}: the page says {page}, geoplan {python}", **self._values(place))

    def _values(self, place: str | Message) -> dict[str, str | Message]:
        both = {"page": self.page, "python": self.python}
        shown = {key: value if isinstance(value, str) else _shown(value) for key, value in both.items()}
        return {"name": self.name, "place": place, **shown}


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"


def compare_totals(
    file: EditsFile, after: Measures, partition: Partition, walks: EditWalks, coverage: Coverage, limits: Limits
) -> tuple[tuple[Difference, ...], int]:
    """Hold the page's totals against those measured anew.

    What the file calls preliminary is compared like all else: Python knows the walks to every site.

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
        What differs or is missing, and how many totals were compared; nothing and 0 where the file holds none at all.
    """
    if not file.total and not file.parts:
        return (), 0
    kept = _Kept(partition)
    total, parts = _python_totals(after, partition, kept, walks, coverage, limits)
    absent = set(file.lacking) | ({"walk_min"} if len(partition.part_of) * len(walks.sites) > MOST_WALKS else set())
    found: list[Difference] = []
    compared = 0
    for part, page, python in _pairs(file, total, parts):
        if not page and part:
            found.append(Difference("units", part, None, python["units"]))
            continue
        for name, value in python.items():
            if name not in page:
                if name not in absent and not _unknown(value):
                    found.append(Difference(name, part, None, value[0] if isinstance(value, list) else value))
                continue
            if isinstance(value, str):
                compared += 1
                if page[name] != value:
                    found.append(Difference(name, part, str(page[name]), value))
                continue
            ours = value if isinstance(value, list) else [value]
            theirs = page[name] if isinstance(page[name], list) else [page[name]]
            # A list that is too short or too long agrees with nothing there.
            for circle, (mine, given) in enumerate(zip_longest(ours, theirs, fillvalue=float("nan"))):
                compared += 1
                known = isinstance(value, list) and circle < len(walks.minutes)
                label = f"{name} {walks.minutes[circle]:g} min" if known else name
                if _agree(name, float(given), float(mine), len(partition.part_of)):
                    continue
                if name == "moved" and part in parts and kept.may_move(part, float(given)):
                    continue
                found.append(Difference(label, part, float(given), float(mine)))
    return tuple(found), compared


def _pairs(
    file: EditsFile, total: dict[str, Any], parts: dict[str, dict[str, Any]]
) -> list[tuple[str, Mapping[str, Any], dict[str, Any]]]:
    """The whole and each community with the page's totals and Python's; communities that only the page has, too."""
    pairs: list[tuple[str, Mapping[str, Any], dict[str, Any]]] = [("", file.total, total)]
    pairs += [(part, file.parts.get(part, {}), row) for part, row in parts.items()]
    return pairs + [(part, row, {"units": 0.0}) for part, row in file.parts.items() if part not in parts]


def _unknown(value: Any) -> bool:
    """Whether a total has no value, such as a walk where nobody lives; pages leave those out."""
    return isinstance(value, float) and np.isnan(value)


class _Kept:
    """Households of each part by today's community, and the matchings that keep the most of them."""

    def __init__(self, partition: Partition) -> None:
        codes, ids = partition.codes()
        base, base_ids = partition.base().codes()
        held = partition.units.table["households"].fillna(0.0).to_numpy(float)
        self.rows = {part: row for row, part in enumerate(ids)}
        self.held = np.bincount(codes, weights=held, minlength=len(ids))
        size = max(len(ids), len(base_ids))
        self.shared = np.zeros((size, size))
        np.add.at(self.shared, (codes, base), held)
        # As on the page: a part keeps its own community's name where as many households would stay under another.
        self.weight = np.floor(self.shared * _QUANTUM + 0.5) * (size + 1)
        column = {part: k for k, part in enumerate(base_ids)}
        for part, row in self.rows.items():
            if part in column:
                self.weight[row, column[part]] += 1
        chosen = linear_sum_assignment(self.weight, maximize=True)
        self.best = float(self.weight[chosen].sum())
        self.moved = self.held - self.shared[chosen][: len(ids)]

    def may_move(self, part: str, moved: float) -> bool:
        """Whether some best matching leaves a part with so many households from elsewhere; several may be best."""
        row = self.rows[part]
        fits = np.abs(self.held[row] - self.shared[row] - moved) <= _EQUAL
        if not fits.any():
            return False
        weight = self.weight.copy()
        weight[row, ~fits] = -self.best - 1.0
        return bool(weight[linear_sum_assignment(weight, maximize=True)].sum() >= self.best)


def _agree(name: str, page: float, python: float, units: int) -> bool:
    """Whether two totals are the same but for rounding: the page counts in 2**-20 a unit."""
    if np.isnan(page) and np.isnan(python):
        return True
    exact = {"parts", "units", "pieces", "detached", "outside", "centres", "range"}
    room = 0.0 if name in exact else 1e-3 if name == "walk_min" else max(1e-6 * 8 * units, 1e-9 * abs(python))
    return abs(page - python) <= room


def _python_totals(
    after: Measures, partition: Partition, kept: _Kept, walks: EditWalks, coverage: Coverage, limits: Limits
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
            "name": clean_text(partition.names.get(part) or part),
            "range": int(row["households"] > limits.upper) - int(row["households"] < limits.lower),
            "moved": float(kept.moved[kept.rows[str(part)]]),
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
