"""Proposals for new boundaries as one offline page: today and each alternative on one copy of the geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import pandas as pd

from geoplan.errors import Fault, InputError, Message, msg
from geoplan.maps.basemaps import basemap_content
from geoplan.maps.editdata import EditStart, edit_content
from geoplan.maps.packed import DEGREE, clean_text, pack_geometry, pack_integers, pack_numbers, pack_words
from geoplan.maps.page import offline_page
from geoplan.maps.redrawstrings import redraw_strings
from geoplan.maps.tables import label_anchors, pack_barriers, pack_green, pack_streets
from geoplan.text import translate
from geoplan.text.labels import known_name

if TYPE_CHECKING:
    from geoplan.model import Town
    from geoplan.partition.editing import EditWalks
    from geoplan.partition.measures import Measures
    from geoplan.partition.plan import Partition
    from geoplan.partition.propose import Proposal

__all__ = ["edit_start", "proposal_content", "proposal_map"]

Packed = dict[str, Any]


def proposal_map(
    proposals: Sequence[Proposal],
    *,
    town: Town | None = None,
    title: str | None = None,
    language: str = "zh",
    date: str = "",
    basemap: str | None = None,
    walks: EditWalks | None = None,
    starts: Sequence[EditStart] | None = None,
) -> folium.Map:
    """Draw today's communities and each proposal on one page that needs no network.

    The reader switches between today and the alternatives; units that change their community are marked, each with
    its reason. The units are written once, and the page derives every boundary from them.

    Parameters
    ----------
    proposals
        What one call of :func:`geoplan.propose_communities` returned.
    town
        The town, for its name and its streets, barriers and green land; without it the page shows the units alone.
    title
        Heading of the page; the town's name if None.
    language
        ``"zh"`` or ``"en"``.
    date
        What a printed page is dated; the machine's clock is never written into the file.
    basemap
        One of :data:`geoplan.maps.BASEMAPS`, or None for none. A page with one needs a network for it, and says so.
    walks
        Walks to all centres and candidate sites; with them the editor of the page knows who is served.
    starts
        What an edit of each proposal starts from, where centres were opened or closed before; None: as proposed.

    Returns
    -------
    folium.Map
        Shows itself in Jupyter; :func:`geoplan.maps.save_map` writes it as one file.

    Raises
    ------
    InputError
        If there are no proposals, or the language or the basemap is unknown.
    """
    if not proposals:
        raise InputError(
            Fault(
                code="no-proposals",
                needed=msg("at least one proposal"),
                given=msg("an empty list"),
                mend=msg("pass what propose_communities returned"),
            )
        )
    content = proposal_content(proposals, town=town, title=title, language=language, walks=walks, starts=starts)
    content |= {"date": clean_text(date)}
    datum = "unknown" if town is None else town.datum
    return offline_page(content | basemap_content(basemap, datum=datum, bounds=content["bounds"], language=language))


def proposal_content(
    proposals: Sequence[Proposal],
    *,
    town: Town | None = None,
    title: str | None = None,
    language: str = "zh",
    walks: EditWalks | None = None,
    starts: Sequence[EditStart] | None = None,
) -> Packed:
    """Everything that the page's script needs.

    Parameters
    ----------
    proposals, town, title, language, walks, starts
        As for :func:`proposal_map`.

    Returns
    -------
    dict
        Plain values that JSON can hold; the same for the same input.
    """
    first = proposals[0]
    units = first.partition.units
    west, south, east, north = (float(side) for side in units.table.geometry.to_crs(4326).total_bounds)
    if not math.isfinite(west):
        west = south = east = north = 0.0
    origin = (round(west * DEGREE), round(south * DEGREE))
    named = title if title is not None else "" if town is None else town.name
    feasible = [proposal for proposal in proposals if proposal.feasible]
    alternatives = [_today(first, origin, language)]
    alternatives += [_alternative(proposal, origin, language) for proposal in feasible]
    content: Packed = {
        "page": "proposals",
        "language": {"zh": "zh-CN"}.get(language, language),
        "strings": redraw_strings(language, planned=any(proposal.standing is not None for proposal in feasible)),
        "title": clean_text(named) or translate(msg("Proposals for new boundaries"), language),
        "brief": _brief(first, language),
        "origin": list(origin),
        "bounds": [[south, west], [north, east]],
        "one": clean_text(known_name("unit", units.level, language)),
        "notices": _notices(first, language),
        "units": _units(first, origin, language),
        "alternatives": alternatives,
        "layers": {},
        "edit": edit_content(
            [EditStart("today", first.partition.base(), first.limits), *(starts or map(edit_start, feasible))],
            walks=walks,
            town=town,
            named=named,
            origin=origin,
            language=language,
        ),
    }
    if town is not None and town.streets is not None and len(town.streets):
        content["layers"]["streets"] = pack_streets(town.streets.sort_index(), origin=origin)
    if town is not None and town.barriers is not None and len(town.barriers):
        content["layers"]["barriers"] = pack_barriers(town.barriers.sort_index(), origin=origin, language=language)
    if town is not None and town.green is not None and len(town.green):
        content["layers"]["green"] = pack_green(town.green.sort_index(), origin=origin)
    return content


def edit_start(proposal: Proposal) -> EditStart:
    """What an edit of a proposal starts from.

    Parameters
    ----------
    proposal
        The proposal.

    Returns
    -------
    EditStart
    """
    return EditStart(proposal.name, proposal.partition, proposal.limits)


def _brief(proposal: Proposal, language: str) -> str:
    limits = proposal.limits
    lower, upper = f"{limits.lower:,.0f}", f"{limits.upper:,.0f}"
    return translate(msg("{lower} to {upper} households in each", lower=lower, upper=upper), language)


def _notices(proposal: Proposal, language: str) -> list[Packed]:
    """Each sentence once, those that must stand everywhere first; why nothing is feasible before all."""
    seen: dict[str, Packed] = {}
    if not proposal.feasible and proposal.reasons:
        for reason in (msg("No proposal keeps every rule:"), *proposal.reasons):
            text = clean_text(translate(reason, language))
            seen.setdefault(text, {"text": text, "everywhere": True, "credit": False})
    for notice in sorted(proposal.notices, key=lambda n: not n.everywhere):
        text = clean_text(translate(notice.message, language))
        entry = {"text": text, "everywhere": notice.everywhere, "credit": "attribution" in notice.code}
        seen.setdefault(text, entry)
    return list(seen.values())


def _units(proposal: Proposal, origin: tuple[int, int], language: str) -> Packed:
    """What is moved as a whole, in the order of ids."""
    table = proposal.partition.units.table
    rest = translate(msg("Other land"), language)
    names = {
        "rest": rest,
        "building": translate(msg("Building"), language),
        "grid": known_name("unit", "grids", language),
        "community": known_name("unit", "communities", language),
    }
    kinds = [names.get(kind) or known_name("estate", kind, language) for kind in table["kind"]]
    return {
        "geometry": pack_geometry(table.geometry.to_crs(4326).array, origin=origin),
        "id": pack_words(table.index),
        "name": pack_words(table["name"]),
        "kind": pack_words(kinds),
        "households": pack_numbers(table["households"]),
        "people": pack_numbers(table["people_resident"]),
        "astride": pack_integers(table["astride"].to_numpy(dtype=np.int64)),
    }


def _today(proposal: Proposal, origin: tuple[int, int], language: str) -> Packed:
    base = proposal.partition.base()
    packed = _parts(base, proposal.before, proposal.before, proposal, origin)
    return {
        "key": "today",
        "name": translate(msg("Today"), language),
        **packed,
        "measures": _measures(proposal.before, proposal, len(proposal.enclaves_before), today=True),
        "enclaves": _members(proposal.enclaves_before, base),
        "changes": _changes(proposal.changes.iloc[:0], proposal, language),
    }


def _alternative(proposal: Proposal, origin: tuple[int, int], language: str) -> Packed:
    partition = proposal.partition
    assumes = [] if proposal.bound is None else [clean_text(translate(m, language)) for m in proposal.bound.assumes]
    return {
        "key": clean_text(proposal.name),
        "name": clean_text(known_name("proposal", proposal.name, language)),
        **_parts(partition, proposal.walked, proposal.before, proposal, origin),
        "measures": _measures(proposal.walked, proposal, len(proposal.enclaves_after), today=False),
        "assumes": assumes,
        "enclaves": _members(proposal.enclaves_after, partition),
        "changes": _changes(proposal.changes.sort_values("unit", kind="stable"), proposal, language),
    }


def _parts(
    partition: Partition, measures: Measures, before: Measures, proposal: Proposal, origin: tuple[int, int]
) -> Packed:
    """The column unit to part, and the table of the parts."""
    codes, ids = partition.codes()
    polygons = partition.polygons().geometry.reindex(list(ids))
    table = measures.parts.reindex(list(ids))
    limits = proposal.limits
    outside = ~table["households"].between(limits.lower, limits.upper)
    anchors = label_anchors(polygons).to_crs(4326)
    return {
        "of": pack_integers(codes),
        "parts": {
            "anchors": pack_geometry(anchors.array, origin=origin),
            "id": pack_words(ids),
            "name": pack_words(partition.names.get(part, part) for part in ids),
            "new": pack_integers(np.array([part in partition.new_parts for part in ids], dtype=np.int64)),
            "outside": pack_integers(outside.to_numpy(dtype=np.int64)),
            "households": pack_numbers(table["households"]),
            "before": pack_numbers(before.parts["households"].reindex(list(ids))),
            "people": pack_numbers(table["people"]),
            "walk": pack_numbers(table["mean_walk_min"]),
            "pieces": pack_integers(table["pieces"].to_numpy(dtype=np.int64)),
        },
    }


def _measures(measures: Measures, proposal: Proposal, enclaves: int, *, today: bool) -> Packed:
    limits, table = proposal.limits, measures.parts
    bound = proposal.bound
    numbers = {
        "total": float(table["households"].sum()),
        "moved": None if today else proposal.moved_households,
        "bound": None if today or bound is None else bound.value,
        "gap": None if today else proposal.gap,
        "deviation": measures.max_deviation,
        "walk": measures.mean_walk_min,
        "planned": None if today else proposal.planned_walk_min,
        "boundary_m": measures.boundary_m,
    }
    return {
        **{name: _number(value) for name, value in numbers.items()},
        "optimal": bool(not today and proposal.gap == 0),
        "parts": len(table),
        "outside": int((~table["households"].between(limits.lower, limits.upper)).sum()),
        "enclaves": enclaves,
    }


def _number(value: float | None) -> float | None:
    """A number that JSON can hold; None for what is missing or infinite."""
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _members(enclaves: pd.DataFrame, partition: Partition) -> str:
    """Rows of the units that lie in an enclave."""
    known = partition.units.table.index
    rows = sorted({int(r) for units in enclaves["units"] for r in known.get_indexer(list(units)) if r >= 0})
    return pack_integers(np.array(rows, dtype=np.int64))


def _changes(changes: pd.DataFrame, proposal: Proposal, language: str) -> Packed:
    """Units that change their community, with the reasons in words."""

    def say(text: Message | str) -> str:
        return clean_text(translate(text, language) if isinstance(text, Message) else text)

    join = "；" if language.startswith("zh") else "; "
    breaks = (join.join(say(text) for text in texts) for texts in changes["undoing_breaks"])
    return {
        "unit": pack_integers(proposal.partition.units.table.index.get_indexer(changes["unit"])),
        "mends": pack_words(known_name("mends", rule, language) for rule in changes["rule"]),
        "reason": pack_words(say(reason) for reason in changes["reason"]),
        "breaks": pack_words(breaks),
        "shared": pack_numbers(changes["shared_m"]),
        "before": pack_numbers(changes["walk_before_min"]),
        "after": pack_numbers(changes["walk_after_min"]),
    }
