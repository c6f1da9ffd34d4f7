"""Sample towns from scratch: the generator behind the files in ``sample_data``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from geoplan.errors import Fault, InputError, msg
from geoplan.samples import county, subdistrict, township
from geoplan.samples.plans import TownPlan
from geoplan.samples.town import SampleTown, make_town

__all__ = ["SEEDS", "generate_sample"]

SEEDS: Mapping[str, int] = {"county": 4, "subdistrict": 6, "township": 7}
"""Seed of each shipped sample town."""

_TOWNS: Mapping[str, tuple[TownPlan, Callable[[SampleTown, Path], None]]] = {
    "county": (county.PLAN, county.write),
    "subdistrict": (subdistrict.PLAN, subdistrict.write),
    "township": (township.PLAN, township.write),
}


def generate_sample(name: str, folder: Path, *, seed: int | None = None) -> SampleTown:
    """Make a sample town and write its data files (all but ``geoplan.toml`` and the README).

    Parameters
    ----------
    name
        One of :data:`geoplan.samples.SAMPLES`.
    folder
        Where the files go; files of the same names are replaced.
    seed
        Seed of the town; None for the shipped one's.

    Returns
    -------
    SampleTown
        The tables that were written.

    Raises
    ------
    InputError
        If there is no sample of that name.
    """
    if name not in _TOWNS:
        raise InputError(
            Fault(
                "unknown-sample",
                msg("the name of a sample town"),
                msg("'{name}'", name=name),
                msg("choose one of {names}", names=", ".join(_TOWNS)),
            )
        )
    plan, write = _TOWNS[name]
    town = make_town(plan, seed=SEEDS[name] if seed is None else seed)
    folder.mkdir(parents=True, exist_ok=True)
    write(town, folder)
    return town
