"""``plans.json``: which plans a page can edit, so that its edits find back to what they started from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from geoplan.maps.editdata import EditStart
from geoplan.model import Town
from geoplan.partition.editing import plan_fingerprint
from geoplan.partition.measures import Limits
from geoplan.partition.plan import Partition, today
from geoplan.places.units import UnitKind, UnitOptions, Units, build_units

__all__ = ["PLANS_FILE", "StoredPlan", "build_start", "find_plans", "plans_text", "read_plans"]

PLANS_FILE = "plans.json"
_FORMAT, _VERSION = "geoplan-plans", 1


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was when its page was written.

    Attributes
    ----------
    name
        ``"today"``, or the name of a proposal.
    fingerprint
        Of what an edit starts from.
    level, kind, divide_above, divide
        How its units are built again.
    moved
        Units that are in another community than today.
    names
        Names of its communities.
    lower, upper, target
        Range of households.
    opened, closed
        Candidate sites that are centres, and centres that are none any more.
    anonymise
        Whether names and small counts were left out of the town before.
    """

    name: str
    fingerprint: str
    level: str
    kind: UnitKind
    divide_above: float | None
    moved: dict[str, str]
    names: dict[str, str]
    lower: float
    upper: float
    target: float | None
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    anonymise: bool = False
    divide: tuple[str, ...] = ()


def plans_text(
    starts: Sequence[EditStart],
    *,
    kind: str = "estate",
    divide_above: float | None = None,
    divide: Sequence[str] = (),
    anonymise: bool = False,
) -> str:
    """Write plans as JSON.

    Parameters
    ----------
    starts
        The plans.
    kind, divide_above, divide
        How their units were built.
    anonymise
        Whether names and small counts were left out of the town before.

    Returns
    -------
    str
    """
    rows = []
    for start in starts:
        partition, limits = start.partition, start.limits
        base = partition.units.table["base"]
        moved = partition.part_of[(partition.part_of != base).to_numpy(dtype=bool)]
        rows.append(
            {
                "name": start.name,
                "fingerprint": plan_fingerprint(partition, opened=start.opened, closed=start.closed),
                "level": partition.units.level,
                "kind": kind,
                "divide_above": divide_above,
                "moved": {str(unit): str(part) for unit, part in moved.items()},
                "names": {part: partition.names.get(part, part) for part in partition.parts},
                "lower": limits.lower,
                "upper": limits.upper if np.isfinite(limits.upper) else None,
                "target": limits.target,
                "opened": list(start.opened),
                "closed": list(start.closed),
                "anonymise": anonymise,
                "divide": list(divide),
            }
        )
    record = {"format": _FORMAT, "version": _VERSION, "plans": rows}
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def read_plans(path: Path) -> list[StoredPlan]:
    """Read ``plans.json``; what is no such file holds no plans.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of StoredPlan
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = data["plans"] if data["format"] == _FORMAT and data["version"] == _VERSION else []
        return [_stored(row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _stored(row: dict[str, Any]) -> StoredPlan:
    return StoredPlan(
        name=str(row["name"]),
        fingerprint=str(row["fingerprint"]),
        level=str(row["level"]),
        kind=cast("UnitKind", row["kind"]),
        divide_above=row["divide_above"],
        moved=dict(row["moved"]),
        names=dict(row["names"]),
        lower=float(row["lower"]),
        upper=float("inf") if row["upper"] is None else float(row["upper"]),
        target=row["target"],
        opened=tuple(row["opened"]),
        closed=tuple(row["closed"]),
        anonymise=bool(row["anonymise"]),
        divide=tuple(row["divide"]),
    )


def find_plans(folders: Sequence[Path]) -> list[StoredPlan]:
    """All plans in ``plans.json`` of some folders and of the folders in them.

    Parameters
    ----------
    folders
        Where to look, the first first.

    Returns
    -------
    list of StoredPlan
        Each fingerprint once.
    """
    found: dict[str, StoredPlan] = {}
    for folder in folders:
        for path in (folder / PLANS_FILE, *sorted(folder.glob(f"*/{PLANS_FILE}"))):
            for plan in read_plans(path):
                found.setdefault(plan.fingerprint, plan)
    return list(found.values())


def build_start(town: Town, plan: StoredPlan, *, units: Units | None = None) -> EditStart:
    """Build a stored plan again from the town as it is now.

    Parameters
    ----------
    town
        The town, anonymised where the plan's was.
    plan
        The plan; units that the town no longer has are passed over, so that its fingerprint tells.
    units
        The town's units if they are built already.

    Returns
    -------
    EditStart
    """
    options = UnitOptions(divide_above=plan.divide_above, divide=plan.divide)
    units = units or build_units(town, level=plan.level, kind=plan.kind, options=options)
    base = today(units)
    known = {unit: part for unit, part in plan.moved.items() if unit in units.table.index}
    part_of = pd.Series({**dict(base.part_of.items()), **known}, dtype=object).reindex(units.table.index)
    names = {part: plan.names.get(part, base.names.get(part, part)) for part in sorted(part_of.unique())}
    limits = Limits(lower=plan.lower, upper=plan.upper, target=plan.target)
    return EditStart(plan.name, Partition(units, part_of, names), limits, plan.opened, plan.closed)
