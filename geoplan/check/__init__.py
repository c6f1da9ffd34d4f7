"""Check: what is wrong with the data and how its tables relate; repairs that list what they changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from geoplan.check.findings import CheckOptions, Finding, Severity, finding
from geoplan.check.repairs import repair_geometry, repair_overlaps
from geoplan.check.sites import (
    check_counts,
    check_datum,
    check_doors,
    check_estates,
    check_facilities,
    check_geometry,
    check_outlines,
)
from geoplan.check.streets import check_streets
from geoplan.check.tiling import check_assignment, check_level
from geoplan.errors import InputError, msg
from geoplan.keep import Keep, KeepNothing
from geoplan.model import Town
from geoplan.standards import Standard, load_standards

__all__ = ["CheckOptions", "Finding", "Severity", "check_town", "repair_geometry", "repair_overlaps"]

_ORDER = {"error": 0, "warning": 1, "info": 2}


def check_town(
    town: Town,
    *,
    standards: Sequence[str | Path | Standard] = ("gb50180-2018",),
    options: CheckOptions | None = None,
    keep: Keep | None = None,
) -> list[Finding]:
    """Look at everything in a town that could make its results wrong.

    Parameters
    ----------
    town
        The town; nothing is changed.
    standards
        Active standards: ids, files or standards.
    options
        From where on something is worth a finding.
    keep
        Keeps what is found where no boundary plays a part.

    Returns
    -------
    list of Finding
        Errors first, then warnings, then what is good to know; within each by table and code.

    Raises
    ------
    InputError
        If a standard is unknown.
    """
    active = load_standards(standards)
    options = options or CheckOptions()
    checks: list[tuple[str, partial[Iterator[Finding]]]] = [
        ("buildings", partial(check_geometry, town)),
        ("buildings", partial(check_datum, town)),
        ("buildings", partial(check_counts, town, options)),
        ("streets", partial(check_streets, town, options)),
        ("buildings", partial(check_doors, town, options)),
        ("facilities", partial(check_facilities, town, active)),
        ("estates", partial(check_estates, town, options)),
    ]
    for number, level in enumerate(town.levels):
        main = number == 0
        checks.append((level.name, partial(check_outlines, level.table, level.name)))
        checks.append((level.name, partial(check_level, town, level, options)))
        checks.append((level.name, partial(check_assignment, town, level, main=main, keep=keep)))
    apart: dict[object, tuple[object, ...]] = {
        check_geometry: (town.buildings, town.estates, town.barriers, town.green),
        check_datum: (town.buildings, town.streets, town.datum),
        check_streets: (town.streets, repr(options)),
        check_doors: (town.buildings, town.facilities, town.streets, town.entrances, repr(options)),
    }
    kept = keep or KeepNothing()
    found: list[Finding] = []
    for table, check in checks:
        make = partial(lambda table, check: list(_findings(table, check)), table, check)
        of = apart.get(check.func)
        found += make() if of is None else kept.value(f"check {check.func.__name__}", of, make)
    return sorted(found, key=lambda one: (_ORDER[one.severity], one.table, one.code, one.rows))


def _findings(table: str, check: partial[Iterator[Finding]]) -> Iterator[Finding]:
    """Findings of one check; references that lead nowhere, on which a check cannot go on, become findings too."""
    try:
        yield from check()
    except InputError as error:
        for fault in error.faults:
            where = fault.where
            message = msg("{given}: needed {needed}", given=fault.given, needed=fault.needed)
            yield finding(fault.code, "error", message, where.layer or table, where.rows)
