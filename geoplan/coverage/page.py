"""A coverage in a notebook: a small table, the headline first."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from geoplan.errors import msg
from geoplan.text import default_language, translate
from geoplan.text.labels import case_name

if TYPE_CHECKING:
    from geoplan.coverage.options import Case
    from geoplan.coverage.result import Coverage

__all__ = ["case_label", "coverage_table"]


def case_label(coverage: Coverage, case: Case, language: str) -> str:
    """What a case measures, in words.

    Parameters
    ----------
    coverage
        The coverage.
    case
        One of its cases.
    language
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
    """
    walker = ""
    if case.mode == "time":
        profile = coverage.profile(case)
        name = profile.name.get(language, profile.id)
        walker = translate(msg("{profile} at {speed} m/s", profile=name, speed=f"{profile.speed_m_s:g}"), language)
    return case_name(case.mode, walker, case.tier, case.centre, language)


def coverage_table(coverage: Coverage) -> str:
    """Shares of households within each circle, a row per case, then what a reader has to know.

    Parameters
    ----------
    coverage
        The coverage.

    Returns
    -------
    str
        HTML, largest circle first; in the language of :func:`geoplan.text.default_language`.
    """
    language = default_language()
    circles = coverage.minutes[::-1]
    head = "".join(
        f"<th>{escape(translate(msg('within {minutes} min', minutes=f'{m:g}'), language))}</th>" for m in circles
    )
    rows = []
    for case in coverage.cases:
        total = coverage.total(case)
        shares = "".join(f"<td>{total[f'share_{m:g}']:.1%}</td>" for m in circles)
        rows.append(f"<tr><th>{escape(case_label(coverage, case, language))}</th>{shares}</tr>")
    total = coverage.total()
    caption = translate(
        msg(
            "{town}: share of {households} households served",
            town=coverage.town.name,
            households=f"{total['households']:,.0f}",
        ),
        language,
    )
    notes = "".join(
        f"<li>{escape(translate(notice.message, language))}</li>" for notice in coverage.notices if notice.everywhere
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")
    )
