"""Sample towns from scratch: the generator behind the files in ``sample_data``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from geoplan.errors import Fault, InputError, msg
from geoplan.samples.county import write_county
from geoplan.samples.plans import PLANS
from geoplan.samples.town import SampleTown, make_town

__all__ = ["SEEDS", "generate_sample"]

SEEDS: Mapping[str, int] = {"county": 7}
"""Seed of each shipped sample town."""

_WRITERS: Mapping[str, Callable[[SampleTown, Path], None]] = {"county": write_county}


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
    if name not in _WRITERS:
        raise InputError(
            Fault(
                "unknown-sample",
                msg("the name of a sample town"),
                msg("'{name}'", name=name),
                msg("choose one of {names}", names=", ".join(_WRITERS)),
            )
        )
    town = make_town(PLANS[name], seed=SEEDS[name] if seed is None else seed)
    folder.mkdir(parents=True, exist_ok=True)
    _WRITERS[name](town, folder)
    return town
