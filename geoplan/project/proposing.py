"""Proposals of a project: what is asked for, the search, and everything that is written of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoplan import __version__
from geoplan.errors import Fault, InputError, msg
from geoplan.maps import proposal_map, render_map
from geoplan.maps.editdata import EditStart
from geoplan.maps.proposals import edit_start
from geoplan.model import Progress, Town
from geoplan.partition.propose import Proposal, ProposeOptions, propose_communities
from geoplan.places.units import UnitOptions
from geoplan.project.editplans import PLANS_FILE, plans_text
from geoplan.project.meeting import project_walks
from geoplan.project.running import coverage_options, project_file
from geoplan.project.settings import Project
from geoplan.reach import Reach
from geoplan.report.proposals import FILES, write_proposals

__all__ = ["PROPOSAL_FILES", "Asked", "asked_of", "parse_objective", "parse_parts", "propose_project", "write_project"]

MAP = "map.html"
PROPOSAL_FILES = (*FILES, MAP, PLANS_FILE)
"""The files of one set of proposals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for; see :func:`geoplan.propose_communities`.

    Attributes
    ----------
    target, lower, upper
        Households of a community.
    parts, objective
        As on the command line.
    effort, time_limit_s, seed
        Work, guard, source of chance.
    locked
        Ids of communities and units that stay as they are.
    level
        Level to re-draw; the main one if ``""``.
    centre_each
        Whether every community must hold a centre or a candidate site.
    """

    target: float | None = None
    lower: float | None = None
    upper: float | None = None
    parts: str | None = None
    objective: str | None = None
    effort: int | None = None
    time_limit_s: float | None = None
    seed: int = 0
    locked: tuple[str, ...] = ()
    level: str = ""
    centre_each: bool = False

    def record(self, project: Project) -> dict[str, Any]:
        """The same as plain values, for the record of the results.

        Parameters
        ----------
        project
            The project.

        Returns
        -------
        dict
        """
        plain = {name: getattr(self, name) for name in type(self).__dataclass_fields__}
        return {**plain, "level": self.level or None, "divide": project.propose.divide}


def asked_of(project: Project) -> Asked:
    """What the project's ``[propose]`` asks for.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Asked
    """
    own = project.propose
    return Asked(
        target=own.target,
        lower=own.lower,
        upper=own.upper,
        parts=own.parts or None,
        objective=own.objective or None,
        effort=own.effort,
        seed=own.seed,
        locked=tuple(sorted(own.lock)),
        level=own.level,
        centre_each=own.centre_each,
    )


def propose_project(
    project: Project, town: Town, asked: Asked, *, reach: Reach | None = None, progress: Progress | None = None
) -> list[Proposal]:
    """Look for proposals by the project's standards and walks.

    Parameters
    ----------
    project
        The project.
    town
        Its town.
    asked
        What is asked for.
    reach
        The town's walks, if they are built already.
    progress
        Told what is being done.

    Returns
    -------
    list of Proposal

    Raises
    ------
    InputError
        If what is asked for makes no sense.
    """
    own = project.propose
    options = ProposeOptions(
        level=asked.level or None,
        units=UnitOptions(divide=own.divide) if own.divide else None,
        standards=tuple(project_file(project, name) for name in project.standards.active),
        profile=project_file(project, project.walk.profiles[0]),
        walking=coverage_options(project).reach,
        centre_each=asked.centre_each,
        reach=reach,
    )
    return propose_communities(
        town,
        target=asked.target,
        lower=asked.lower,
        upper=asked.upper,
        parts=parse_parts(asked.parts),
        objective=parse_objective(asked.objective),
        effort=asked.effort,
        time_limit_s=asked.time_limit_s,
        seed=asked.seed,
        locked=asked.locked,
        options=options,
        progress=progress,
    )


def write_project(
    project: Project,
    town: Town,
    proposals: Sequence[Proposal],
    folder: str | Path,
    *,
    asked: Asked,
    inputs: Mapping[str, str],
    language: str,
    anonymise: bool = False,
    reach: Reach | None = None,
) -> tuple[Path, ...]:
    """Write proposals with the page that has an editor, and the record by which its edits find back.

    Parameters
    ----------
    project, town
        The project and its town.
    proposals
        What :func:`propose_project` gave.
    folder
        Where the files go.
    asked
        What was asked for.
    inputs
        Digests of the inputs by name.
    language
        ``"zh"`` or ``"en"``.
    anonymise
        Whether the town was anonymised.
    reach
        The town's walks, if they are built already.

    Returns
    -------
    tuple of Path
        The files, whole or none of them.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    first = proposals[0]
    walks = project_walks(project, town, first.partition, reach=reach)
    starts = [EditStart("today", first.partition.base(), first.limits)]
    starts += [edit_start(proposal) for proposal in proposals if proposal.feasible]
    upper = first.limits.upper
    plans = plans_text(
        starts,
        divide_above=upper if upper < float("inf") else None,
        divide=project.propose.divide,
        anonymise=anonymise,
    )
    page = proposal_map(proposals, town=town, title=project.title, language=language, walks=walks)
    return write_proposals(
        proposals,
        folder,
        town=project.title,
        version=__version__,
        inputs=inputs,
        options=asked.record(project),
        language=language,
        also={MAP: render_map(page), PLANS_FILE: plans},
    )


def parse_objective(text: str | None) -> tuple[str, ...] | dict[str, float] | None:
    """Read objectives: names with commas, or weights as name=number.

    Parameters
    ----------
    text
        As on the command line.

    Returns
    -------
    tuple of str, dict or None

    Raises
    ------
    InputError
        If a weight is no number, or given twice.

    Examples
    --------
    >>> parse_objective("moved, walk"), parse_objective("moved=1,walk=0.5")
    (('moved', 'walk'), {'moved': 1.0, 'walk': 0.5})
    """
    if text is None:
        return None
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not any("=" in word for word in words):
        return words or (text,)
    weights: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name.strip() in weights:
            raise InputError(
                Fault(
                    code="bad-objective",
                    needed=msg("one weight for each objective"),
                    given=msg("two for {name}: {text}", name=name.strip(), text=text),
                    mend=msg("leave one of them away"),
                )
            )
        try:
            weights[name.strip()] = float(value)
        except ValueError:
            raise InputError(
                Fault(
                    code="bad-objective",
                    needed=msg("a weight for each objective, such as moved=1,walk=0.5"),
                    given=msg("{text}", text=word),
                    mend=msg("give every objective a number, or none of them"),
                )
            ) from None
    return weights


def parse_parts(text: str | None) -> int | tuple[int, int] | None:
    """Read a number of communities, or a range of numbers.

    Parameters
    ----------
    text
        As on the command line.

    Returns
    -------
    int, tuple of int or None

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> parse_parts("21"), parse_parts("18-22")
    (21, (18, 22))
    """
    if text is None:
        return None
    low, dash, high = text.replace("–", "-").partition("-")
    try:
        return (int(low), int(high)) if dash else int(low)
    except ValueError:
        raise InputError(
            Fault(
                code="bad-parts",
                needed=msg("a number of communities of at least 1, or a range such as 18-22"),
                given=msg("--parts {text}", text=text),
                mend=msg("use for example --parts 21 or --parts 18-22"),
            )
        ) from None
