"""Why each unit changes its community, and what undoing the change would break."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoplan.errors import Message, msg
from geoplan.partition.field import Field, notches, whole_without
from geoplan.places.units import Units

__all__ = ["CHANGES", "explain_changes"]

CHANGES = (
    "unit",
    "name",
    "households",
    "from",
    "to",
    "rule",
    "reason",
    "shared_m",
    "walk_before_min",
    "walk_after_min",
    "undoing_breaks",
)
"""Columns of the table of changes; ``reason`` and ``undoing_breaks`` hold messages."""


def explain_changes(
    units: Units,
    land: Field,
    part_of: NDArray[np.int64],
    stands_for: NDArray[np.int64],
    part_ids: tuple[str, ...],
    names: dict[str, str],
    enclaves: pd.DataFrame,
    walk_before: NDArray[np.float64],
    walk_after: NDArray[np.float64],
) -> pd.DataFrame:
    """Give a reason in words and numbers for each unit that changes its community.

    Parameters
    ----------
    units
        The units.
    land
        The same as arrays, with the limits.
    part_of
        New part of each unit.
    stands_for
        Today's community of each part, -1 for new ones.
    part_ids
        Id of each part.
    names
        Names of parts and of today's communities.
    enclaves
        Today's, from :func:`geoplan.places.enclaves.find_enclaves`.
    walk_before, walk_after
        Walk of each unit to its centre, minutes.

    Returns
    -------
    DataFrame
        Columns :data:`CHANGES`, sorted by to, from and unit.
    """
    stuck = {unit: kind for kind, ids in zip(enclaves["kind"], enclaves["units"], strict=True) for unit in ids}
    today: NDArray[np.float64] = np.bincount(land.base, weights=land.weight, minlength=len(land.base_ids)).astype(float)
    part_at = {int(b): p for p, b in enumerate(stands_for) if b >= 0}
    held: NDArray[np.float64] = np.bincount(part_of, weights=land.weight, minlength=land.parts).astype(float)
    calm = len(notches(land, part_of))
    rows = []
    for unit in np.flatnonzero(stands_for[part_of] != land.base):
        old, new = int(land.base[unit]), int(part_of[unit])
        unit_id = str(units.table.index[unit])
        # nobody walks from units without households
        nobody = land.weight[unit] <= 0
        walks = (np.nan, np.nan) if nobody else (float(walk_before[unit]), float(walk_after[unit]))
        to_new = stands_for[new] < 0
        rule = _rule(land, today, stuck.get(unit_id), old, int(stands_for[new]), old in part_at, walks)
        edges = slice(land.indptr[unit], land.indptr[unit + 1])
        shared = float(land.shared_m[edges][part_of[land.indices[edges]] == new].sum())
        rows.append(
            (
                unit_id,
                str(units.table["name"].iloc[unit]),
                float(land.weight[unit]),
                land.base_ids[old],
                part_ids[new],
                rule,
                _reason(
                    rule, names, land, today, old, part_ids[new], stuck.get(unit_id, ""), walks, to_new=bool(to_new)
                ),
                shared,
                *walks,
                _undo(land, part_of, held, int(unit), part_at.get(old), names, part_ids, calm),
            )
        )
    rows.sort(key=lambda row: (row[4], row[3], row[0]))
    return pd.DataFrame(rows, columns=list(CHANGES))


def _rule(
    land: Field,
    today: NDArray[np.float64],
    stuck: str | None,
    old: int,
    new: int,
    kept: bool,
    walks: tuple[float, float],
) -> str:
    """The rule that a change mends: the first that applies."""
    if stuck is not None and stuck != "notch":
        return "detached" if stuck == "detached" else "enclave"
    if today[old] > land.upper:
        return "too_large"
    if not kept:
        return "too_small" if today[old] < land.lower else "given_up"
    if new >= 0 and today[new] < land.lower:
        return "too_small"
    if stuck is not None:
        return "enclave"
    if walks[1] < walks[0] - 0.05:
        return "walk"
    return "balance"


def _reason(
    rule: str,
    names: dict[str, str],
    land: Field,
    today: NDArray[np.float64],
    old: int,
    to: str,
    kind: str,
    walks: tuple[float, float],
    *,
    to_new: bool,
) -> Message:
    old_id = land.base_ids[old]
    facts = {
        "old": names.get(old_id, old_id),
        "new": names.get(to, to),
        "held": round(float(today[old]), 1),
        "lower": land.lower,
        "upper": land.upper,
    }
    if rule == "too_large" and to_new:
        return msg(
            "{old} has {held:,.10g} households, more than {upper:,.10g}: the new community {new} is cut out of it",
            **facts,
        )
    if rule == "too_large":
        return msg("{old} has {held:,.10g} households, more than {upper:,.10g}: {new} takes some over", **facts)
    if rule == "given_up" and land.parts < len(land.base_ids):
        return msg(
            "{old} is given up, since only {parts} communities are wanted; its land here goes to {new}",
            parts=land.parts,
            **facts,
        )
    if rule == "given_up":
        return msg("{old} is given up; its land here goes to {new}", **facts)
    if rule == "too_small" and today[old] < land.lower:
        return msg("{old} has {held:,.10g} households, fewer than {lower:,.10g}, and goes to {new}", **facts)
    if rule == "too_small":
        return msg("{new} has fewer than {lower:,.10g} households today and takes from {old}", **facts)
    if rule == "detached":
        return msg("cut off from the rest of {old}; joins {new}", **facts)
    if rule == "enclave":
        shape = {"hole": msg("hole"), "cell": msg("single cell"), "cluster": msg("cluster"), "notch": msg("notch")}
        return msg("{kind} of {old} among others; joins {new} beside it", kind=shape.get(kind, msg("hole")), **facts)
    if rule == "walk":
        return msg(
            "{new}'s centre is nearer: {after:.1f} instead of {before:.1f} minutes",
            before=walks[0],
            after=walks[1],
            **facts,
        )
    return msg("evens out {old} and {new}, both to lie within {lower:,.10g} to {upper:,.10g}", **facts)


def _undo(
    land: Field,
    part_of: NDArray[np.int64],
    held: NDArray[np.float64],
    unit: int,
    back: int | None,
    names: dict[str, str],
    part_ids: tuple[str, ...],
    calm: int,
) -> tuple[Message, ...]:
    """Put one unit back and say which rules then break; nothing if none does."""
    if back is None:
        return (msg("its old community is no more"),)
    now = int(part_of[unit])
    weight = float(land.weight[unit])
    old_name, new_name = (names.get(part_ids[p], part_ids[p]) for p in (back, now))
    broken = []
    if held[back] + weight > land.upper:
        text = msg(
            "{name} would have {held:,.10g} households, more than {upper:,.10g}",
            name=old_name,
            held=round(held[back] + weight, 1),
            upper=land.upper,
        )
        broken.append(text)
    if held[now] - weight < land.lower:
        text = msg(
            "{name} would have {held:,.10g} households, fewer than {lower:,.10g}",
            name=new_name,
            held=round(held[now] - weight, 1),
            lower=land.lower,
        )
        broken.append(text)
    sites = land.site_units
    if land.site_each and unit in sites and not (part_of[sites[sites != unit]] == now).any():
        broken.append(msg("{name} would have neither centre nor candidate site", name=new_name))
    apart = not (part_of[land.beside(unit)] == back).any()
    torn = (part_of == now).sum() > 1 and not whole_without(land, part_of, unit)
    if apart:
        broken.append(msg("it would lie apart from {name}", name=old_name))
    if torn:
        broken.append(msg("{name} would fall into pieces", name=new_name))
    if not (apart or torn):
        undone = part_of.copy()
        undone[unit] = back
        if len(notches(land, undone)) > calm:
            broken.append(msg("{name} and {other} would interleave again", name=old_name, other=new_name))
    return tuple(broken)
