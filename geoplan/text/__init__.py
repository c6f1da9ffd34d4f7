"""Every sentence a person reads, in Chinese (``zh``) or English (``en``), from one catalogue."""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

from geoplan.errors import Fault, GeoplanError, InputError, Message, msg

__all__ = ["LANGUAGES", "default_language", "render_error", "translate"]

LANGUAGES = ("zh", "en")
_LOCALE = Path(__file__).parent / "locale"


def default_language() -> str:
    """Language where nobody named one: ``GEOPLAN_LANGUAGE``, else Chinese.

    Returns
    -------
    str
        ``"zh"`` or ``"en"``.
    """
    wanted = os.environ.get("GEOPLAN_LANGUAGE", "").lower()
    return "en" if wanted.startswith("en") else "zh"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language not in LANGUAGES:
        raise InputError(
            Fault(
                code="unknown-language",
                needed=msg("a language out of {languages}", languages=", ".join(LANGUAGES)),
                given=msg("{language}", language=language),
                mend=msg("use zh or en"),
            )
        )
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("geoplan", _LOCALE, [language])


def translate(message: Message | str, language: str) -> str:
    """Put a message into a language.

    Parameters
    ----------
    message
        A message, or a bare template without parameters.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        The sentence; a template missing from the catalogue comes out in English.

    Raises
    ------
    InputError
        If the language is not one of :data:`LANGUAGES`.

    Examples
    --------
    >>> from geoplan.errors import msg
    >>> translate(msg("{count} buildings", count=3), "en")
    '3 buildings'
    """
    if isinstance(message, str):
        message = Message(message)
    params = {
        name: translate(value, language) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    template = message.template
    # gettext keeps the catalogue's own header under the empty key
    text = _catalogue(language).gettext(template) if template else ""
    return text.format(**params)


def render_error(error: GeoplanError, language: str) -> str:
    """Write an error out for a planner, a paragraph a fault.

    Parameters
    ----------
    error
        The error with its faults.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        Where, needed, given and mend of each fault, one per line.
    """
    return "\n\n".join(_render_fault(fault, language) for fault in error.faults)


def _render_fault(fault: Fault, language: str) -> str:
    where = fault.where
    place = [
        translate(template, language).format(value=value)
        for template, value in (
            (msg("file {value}", value="{value}"), where.file),
            (msg("layer {value}", value="{value}"), where.layer),
            (msg("column {value}", value="{value}"), where.column),
        )
        if value
    ]
    if where.rows:
        place.append(
            translate(
                msg("rows {rows} ({count} in all)", rows=", ".join(where.shown_rows), count=len(where.rows)),
                language,
            )
        )
    lines = [", ".join(place)] if place else []
    lines += [
        translate(msg("  needed: {text}", text=fault.needed), language),
        translate(msg("  given:  {text}", text=fault.given), language),
        translate(msg("  mend:   {text}", text=fault.mend), language),
    ]
    return "\n".join(lines)
