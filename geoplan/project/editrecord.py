"""Edits put on record: the units they moved, the entry in ``summary.json``, and a table for people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.errors import msg
from geoplan.partition.editing import EditWalks, plan_fingerprint
from geoplan.partition.outcome import match_parts
from geoplan.partition.plan import Partition
from geoplan.partition.reasons import CHANGES
from geoplan.partition.walks import sites_of
from geoplan.text import translate

if TYPE_CHECKING:
    from geoplan.maps.editdata import EditStart
    from geoplan.project.comparing import Difference
    from geoplan.project.editfile import EditsFile
    from geoplan.project.edits import AppliedEdits

__all__ = ["changes_of", "edits_record", "edits_table"]


def changes_of(
    partition: Partition, walks: EditWalks, open_sites: Sequence[str], notes: Mapping[str, str]
) -> pd.DataFrame:
    """Units that are in another community than today, against the best matching of old and new ones.

    Parameters
    ----------
    partition
        The new communities.
    walks, open_sites
        Walks to the sites, and those that are centres now.
    notes
        Unit id to what was remarked.

    Returns
    -------
    DataFrame
        Columns :data:`geoplan.partition.reasons.CHANGES`, sorted by to, from and unit.
    """
    units = partition.units
    codes, ids = partition.codes()
    base, base_ids = partition.base().codes()
    held = units.table["households"].to_numpy(float)
    old_of = match_parts(held, base, codes)
    old = np.array([old_of.get(part, -1) for part in range(len(ids))])
    rank = np.arange(len(codes))
    before = sites_of(walks.centres(walks.open_today), units).to_parts(base, len(base_ids))[rank, base]
    after = sites_of(walks.centres(open_sites), units).to_parts(codes, len(ids))[rank, codes]
    shared = _shared_with(partition)
    rows = []
    for unit in np.flatnonzero(old[codes] != base):
        name = str(units.table.index[unit])
        remark = notes.get(name, "")
        rows.append(
            {
                "unit": name,
                "name": units.table["name"].iloc[unit],
                "households": held[unit],
                "from": base_ids[base[unit]],
                "to": ids[codes[unit]],
                "rule": "edited",
                "reason": msg("{note}", note=remark) if remark else msg("edited in the meeting"),
                "shared_m": shared[unit],
                "walk_before_min": before[unit] if held[unit] > 0 else np.nan,
                "walk_after_min": after[unit] if held[unit] > 0 else np.nan,
                "undoing_breaks": (),
            }
        )
    table = pd.DataFrame(rows, columns=list(CHANGES))
    return table.sort_values(["to", "from", "unit"], kind="stable", ignore_index=True)


def _shared_with(partition: Partition) -> np.ndarray:
    """Metres of boundary that each unit shares with the rest of its community."""
    units = partition.units
    rows, at = units.contiguity, units.table.index
    one, two = at.get_indexer(rows["unit"]), at.get_indexer(rows["neighbor"])
    codes = partition.codes()[0]
    same = codes[one] == codes[two]
    metre = rows["shared_m"].to_numpy(float)[same]
    count = len(at)
    return np.bincount(one[same], weights=metre, minlength=count) + np.bincount(
        two[same], weights=metre, minlength=count
    )


def edits_record(
    file: EditsFile,
    applied: AppliedEdits,
    end: EditStart,
    *,
    rebased: bool,
    differences: Sequence[Difference],
    compared: int,
) -> dict[str, Any]:
    """What was taken and left, and whether the totals agree.

    Parameters
    ----------
    file, applied
        The edits and what they made.
    end
        What a next edit starts from.
    rebased
        Whether they were done to another plan than they were made on.
    differences, compared
        Totals that differ, and how many were compared.

    Returns
    -------
    dict
        Plain values.
    """
    return {
        "file": file.path.name,
        "plan": file.fingerprint,
        "result": plan_fingerprint(end.partition, opened=end.opened, closed=end.closed),
        "edits": len(file.edits),
        "taken": applied.taken,
        "left": [str(reason) for reason in applied.left],
        "rebased": rebased,
        "opened": list(applied.opened),
        "closed": list(applied.closed),
        "locked": list(applied.locked),
        "warned": [str(warning) for warning in applied.warned],
        "compared": compared,
        "preliminary": list(file.preliminary),
        "differences": [{"name": d.name, "part": d.part, "page": d.page, "python": d.python} for d in differences],
    }


def edits_table(file: EditsFile, applied: AppliedEdits, language: str) -> str:
    """The edits as a table that spreadsheets open as text, names and all.

    Parameters
    ----------
    file, applied
        The edits and what they made.
    language
        Language of the heads.

    Returns
    -------
    str
        CSV with a byte-order mark; no cell is read as a formula.
    """
    names = {**applied.partition.base().names, **applied.partition.names}
    unit_names = applied.partition.units.table["name"]
    heads = [msg("Edit"), msg("Kind"), msg("Id"), msg("Name"), msg("From"), msg("To"), msg("Note")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([translate(head, language) for head in heads])
    for edit in file.edits:
        kind = translate(_KINDS[edit.kind], language)
        rows = zip(edit.units, edit.before, edit.after, strict=True) if edit.units else [("", edit.site, edit.other)]
        if edit.part and not edit.units:
            rows = [("", edit.part, edit.names.get(edit.part, ""))]
        for unit, old, new in rows:
            cells = [unit, unit_names.get(unit, ""), names.get(old, old), names.get(new, new), edit.note]
            writer.writerow([edit.number, kind, *map(_guard, cells)])
    return "\ufeff" + out.getvalue()


_KINDS = {
    "give": msg("given to a community"),
    "new": msg("new community"),
    "merge": msg("communities merged"),
    "assign": msg("boundaries replaced"),
    "open": msg("centre opened"),
    "close": msg("centre closed"),
    "move": msg("centre moved"),
    "lock": msg("community locked"),
    "unlock": msg("community unlocked"),
    "rename": msg("community renamed"),
}

_RISKY = re.compile(
    r"[\s'=+\-@\d＝＋－＠]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\W_]?\d|(?:true|false)$", re.I
)


def _guard(text: object) -> str:
    """Text that no spreadsheet takes for a formula, a number or a date."""
    word = str(text)
    return f"'{word}" if _RISKY.match(word) else word
