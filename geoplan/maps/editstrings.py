"""Every sentence of the editor, handed to its script in the reader's language."""

from __future__ import annotations

from geoplan.errors import Message, msg
from geoplan.text import translate

__all__ = ["edit_strings"]

_EDITOR: dict[str, Message] = {
    "edit": msg("Edit these boundaries"),
    "leave": msg("Back"),
    "editor": msg("Editing: {plan}", plan="{plan}"),
    "tools": msg("How units are chosen"),
    "tool_click": msg("Click"),
    "tool_brush": msg("Brush"),
    "tool_box": msg("Box"),
    "tool_help": msg("Click units on the map, or choose them in the list; click again to leave one out."),
    "chosen": msg("{count} chosen, {households} households", count="{count}", households="{households}"),
    "chosen_none": msg("no unit chosen"),
    "choose_none": msg("Choose none"),
    "filter": msg("Find units by name"),
    "filter_of": msg("Units of"),
    "all_parts": msg("all communities"),
    "units_list": msg("Units"),
    "units_more": msg("{count} more; type more of the name", count="{count}"),
    "target": msg("Community"),
    "beside": msg("Beside the units chosen"),
    "others": msg("Others"),
    "give": msg("Give the units to it"),
    "create": msg("New community"),
    "new_name": msg("New community {number}", number="{number}"),
    "more_edits": msg("Merge, lock, rename"),
    "merge_into": msg("Merge it into"),
    "merge": msg("Merge them"),
    "lock": msg("Lock"),
    "unlock": msg("Unlock"),
    "lock_all": msg("Lock all"),
    "unlock_all": msg("Unlock all"),
    "locked": msg("locked"),
    "rename": msg("Rename"),
    "rename_to": msg("New name"),
    "centres": msg("Centres"),
    "centre": msg("Centre or site"),
    "centre_to": msg("moves to"),
    "centre_open": msg("Open"),
    "centre_close": msg("Close"),
    "centre_move": msg("Move"),
    "site_open": msg("{name} (centre)", name="{name}"),
    "site_candidate": msg("{name} (candidate site)", name="{name}"),
    "site_closed": msg("{name} (closed)", name="{name}"),
    "undo": msg("Undo"),
    "redo": msg("Redo"),
    "history": msg("Edits ({count})", count="{count}"),
    "history_none": msg("nothing edited yet"),
    "note": msg("Note on this edit"),
    "download_json": msg("Download for geoplan (JSON)"),
    "download_csv": msg("Download as a table (CSV)"),
    "load": msg("Load edits"),
    "bring_back": msg("Bring back the edits put aside ({count})", count="{count}"),
    "files": msg("Files"),
    "file_name": msg("{town} {plan} edits", town="{town}", plan="{plan}"),
    "sheet_edited": msg("{town}: {plan}, edited (edits: {count})", town="{town}", plan="{plan}", count="{count}"),
    "sheet_plan": msg("{town}: {plan}", town="{town}", plan="{plan}"),
    "range": msg("{lower} to {upper} households in each", lower="{lower}", upper="{upper}"),
    "range_open": msg("at least {lower} households in each", lower="{lower}"),
    "totals": msg("Totals"),
    "table": msg("Communities"),
    "t_households": msg("Households"),
    "t_people": msg("People"),
    "t_moved": msg("Households moved"),
    "t_any": msg("Served within {minutes} min, any centre", minutes="{minutes}"),
    "t_own": msg("Served within {minutes} min, own centre", minutes="{minutes}"),
    "t_walk": msg("Mean walk to the own centre (min)"),
    "t_boundary": msg("Boundary (km)"),
    "t_outside": msg("Too large or too small"),
    "t_detached": msg("Detached pieces"),
    "detached_help": msg(
        "Detached pieces do not join their community's main piece. Enclaves, which the page of proposals counts, are "
        "also land that another community all but surrounds."
    ),
    "h_name": msg("Name"),
    "h_households": msg("Households"),
    "h_people": msg("People"),
    "h_any": msg("Any {minutes}", minutes="{minutes}"),
    "h_own": msg("Own {minutes}", minutes="{minutes}"),
    "h_moved": msg("Moved in"),
    "h_boundary": msg("Bound. km"),
    "h_pieces": msg("Pieces"),
    "h_centres": msg("Centres"),
    "h_walk": msg("Walk (min)"),
    "h_moved_share": msg("Moved in, share"),
    "all_figures": msg("All figures beside the map"),
    "other_tab": msg("another tab has saved edits of this plan: reload to take them; what is saved here replaces them"),
    "preliminary": msg("preliminary: no walks are known to a centre that was opened"),
    "warn_small": msg(
        "{name}: {households} households, fewer than {limit}", name="{name}", households="{households}", limit="{limit}"
    ),
    "warn_large": msg(
        "{name}: {households} households, more than {limit}", name="{name}", households="{households}", limit="{limit}"
    ),
    "warn_pieces": msg("{name}: {count} pieces", name="{name}", count="{count}"),
    "warn_centre": msg("{name}: no centre of its own", name="{name}"),
    "warn_above": msg(
        "{name} crosses a boundary of the level above; units in {others}: {count}",
        name="{name}",
        count="{count}",
        others="{others}",
    ),
    "warn_estate": msg("{name}: an estate split between {count} communities", name="{name}", count="{count}"),
    "warn_new": msg("new: {text}", text="{text}"),
    "warn_more": msg("{count} more new warnings", count="{count}"),
    "warnings": msg("Warnings ({count})", count="{count}"),
    "warnings_new": msg("Warnings ({count}, {new} of them new)", count="{count}", new="{new}"),
    "comma": msg(", "),
    "l_chosen": msg("Units chosen"),
    "l_moved": msg("In another community than today"),
    "l_detached": msg("Detached piece"),
    "l_centre": msg("Centre"),
    "l_site": msg("Candidate site or closed centre"),
    "no_warnings": msg("Every community is in range and in one piece"),
    "show": msg("Show on the map"),
    "said_totals": msg(
        "{parts} communities, {moved} households moved, {outside} out of range, {detached} detached pieces",
        parts="{parts}",
        moved="{moved}",
        outside="{outside}",
        detached="{detached}",
    ),
    "did_give": msg("units given to {to}: {count}", count="{count}", to="{to}"),
    "did_new": msg("new community {to}, units: {count}", to="{to}", count="{count}"),
    "did_merge": msg("{part} merged into {to}", part="{part}", to="{to}"),
    "did_assign": msg("units put elsewhere: {count}", count="{count}"),
    "did_open": msg("centre opened: {site}", site="{site}"),
    "did_close": msg("centre closed: {site}", site="{site}"),
    "did_move": msg("centre moved: {site} to {other}", site="{site}", other="{other}"),
    "did_lock": msg("locked: {part}", part="{part}"),
    "did_unlock": msg("unlocked: {part}", part="{part}"),
    "did_rename": msg("{old} is now {name}", old="{old}", name="{name}"),
    "undone": msg("undone: {what}", what="{what}"),
    "redone": msg("done again: {what}", what="{what}"),
    "why_locked": msg("not done: the community is locked"),
    "why_nothing": msg("nothing to do"),
    "why_unknown": msg("choose what to edit first"),
    "left_locked": msg("units that stay, since their community is locked: {count}", count="{count}"),
    "kept": msg("kept in this browser"),
    "not_kept": msg("this browser keeps nothing for this page: download the edits before closing it"),
    "restored": msg("edits brought back from this browser: {count}", count="{count}"),
    "loaded": msg("edits loaded: {count}", count="{count}"),
    "loaded_locked": msg("edits that move units of a locked community: {edits}", edits="{edits}"),
    "bad_format": msg("not a file of edits that this page can load: JSON or CSV"),
    "bad_plan": msg("these edits belong to another plan"),
    "bad_edit": msg("edit {edit} does not fit this plan", edit="{edit}"),
}


def edit_strings(language: str) -> dict[str, str]:
    """Sentences of the editor by their short names; ``{names}`` in them are filled by its script.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict of str to str
    """
    return {key: translate(message, language) for key, message in _EDITOR.items()}
