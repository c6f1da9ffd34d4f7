"""One town from its plan and a seed."""

from __future__ import annotations

import numpy as np

from geoplan.samples import names, streets
from geoplan.samples.draft import draw, settle
from geoplan.samples.naming import name_cells
from geoplan.samples.plans import TownPlan
from geoplan.samples.tables import SampleTown, town_tables

__all__ = ["SampleTown", "make_town"]


def make_town(plan: TownPlan, *, seed: int) -> SampleTown:
    """Make a town from its plan.

    Parameters
    ----------
    plan
        Its hand-drawn part.
    seed
        Seed of everything that is not drawn by hand; the same seed gives the same town.

    Returns
    -------
    SampleTown
    """
    draft = draw(plan, np.random.default_rng(seed))
    bridges = iter(f"{plan.bridges}{n}桥" for n in "一二三四五六七八九")
    lines = streets.street_lines(draft.ground, draft.cells, draft.strips, names.street_pool(draft.rng), bridges)
    name_cells(draft, lines)
    settle(draft)
    return town_tables(draft, lines)
