"""What a project asks for: its questions, its findings, its map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.check import check_town
from geoplan.coverage import Coverage, CoverageOptions, measure_coverage
from geoplan.errors import Fault, InputError, Message, OutputError, Where, msg
from geoplan.project.loading import load_town
from geoplan.project.settings import Project
from geoplan.reach import ReachOptions
from geoplan.report import anonymise_town, check_outputs, staged
from geoplan.standards import load_profile, load_standard

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.check import Finding
    from geoplan.keep import Keep
    from geoplan.model import Progress, Town

__all__ = [
    "MAP_FILE",
    "Ask",
    "check_project",
    "coverage_options",
    "default_folder",
    "map_project",
    "project_file",
    "protect_inputs",
    "write_map",
]

MAP_FILE = "map.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question out of those that a project answers; None leaves it to the project.

    Attributes
    ----------
    minutes
        Circle in minutes.
    mode, centre, tier, profile
        As in :class:`geoplan.coverage.CoverageOptions`.
    """

    minutes: float | None = None
    mode: str | None = None
    centre: str | None = None
    tier: str | None = None
    profile: str | None = None


def coverage_options(project: Project, ask: Ask | None = None) -> CoverageOptions:
    """Options of the measurement that a project, or one question to it, asks for.

    Parameters
    ----------
    project
        The project.
    ask
        One question; None measures all that the project names.

    Returns
    -------
    CoverageOptions

    Raises
    ------
    InputError
        With everything that can be told wrong before the town is read.
    """
    walk = project.walk
    chosen: dict[str, Any] = {
        "minutes": walk.minutes,
        "mode": walk.mode,
        "centre": walk.centre,
        "profiles": tuple(project_file(project, profile) for profile in walk.profiles),
        "tiers": walk.tiers,
    }
    if ask is not None:
        chosen |= _one_case(chosen, ask)
    options = CoverageOptions(
        **chosen,
        standards=tuple(project_file(project, standard) for standard in project.standards.active),
        kinds=walk.facilities,
        reach=ReachOptions(
            max_connector_m=walk.max_connector_m,
            island_tolerance_m=walk.island_tolerance_m,
            gate_tolerance_m=walk.gate_tolerance_m,
            detour=walk.detour,
        ),
    )
    _check_early(options, both=ask is None)
    return options


def _one_case(chosen: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
    """One mode, profile, tier and centre; all circles of the project where none is named."""
    return {
        "minutes": chosen["minutes"] if ask.minutes is None else ask.minutes,
        "mode": ask.mode or ("time" if chosen["mode"] == "both" else chosen["mode"]),
        "centre": ask.centre or ("any" if chosen["centre"] == "both" else chosen["centre"]),
        "profiles": (ask.profile or chosen["profiles"][0],),
        "tiers": (ask.tier or "",),
    }


def project_file(project: Project, name: str) -> str:
    """A preset's id as it is; a file from the folder of the project.

    Parameters
    ----------
    project
        The project.
    name
        Id or file of a standard or profile, as the project names it.

    Returns
    -------
    str
    """
    return str(project.locate(name)) if name.endswith(".toml") else name


def _check_early(options: CoverageOptions, *, both: bool) -> None:
    """Refuse what can be told wrong without the town; one question is about one mode and one kind of centre."""
    faults: list[Fault] = []
    more = ("both",) if both else ()
    for option, value, known in (
        ("--mode", options.mode, ("time", "distance", *more)),
        ("--centre", options.centre, ("any", "own", *more)),
    ):
        if value not in known:
            faults.append(
                Fault(
                    code="unknown-option",
                    needed=msg("one of {choices}", choices=", ".join(known)),
                    given=msg("{option} {value}", option=option, value=value),
                    mend=msg("use one of {choices}", choices=", ".join(known)),
                )
            )
    checks: list[tuple[Callable[[str], object], str]] = [(load_profile, name) for name in _names(options.profiles)]
    checks += [(load_standard, name) for name in _names(options.standards)]
    for load, name in checks:
        try:
            load(name)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def _names(given: Any) -> list[str]:
    return [str(name) for name in given]


def check_project(project: Project, town: Town, *, keep: Keep | None = None) -> list[Finding]:
    """Look for what is wrong in a project's town.

    Parameters
    ----------
    project, town
        The project and the town read from it.
    keep
        Keeps what is found where no boundary plays a part.

    Returns
    -------
    list of Finding
        As :func:`geoplan.check.check_town`, against the project's standards.
    """
    standards = [project_file(project, standard) for standard in project.standards.active]
    return check_town(town, standards=standards, keep=keep)


def default_folder(project: Project) -> Path:
    """Where results go if nobody says otherwise.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Path
        ``out`` beside the project file.
    """
    return project.folder / "out"


def map_project(
    project: Project,
    out: str | Path | None = None,
    *,
    language: str = "zh",
    anonymise: bool = False,
    points: Sequence[str | Path] = (),
    progress: Progress | None = None,
) -> Path:
    """Write a project's map only.

    Parameters
    ----------
    project
        The project.
    out
        Folder for the map; ``out`` beside the project file by default.
    language
        Language of the map.
    anonymise
        As for :func:`geoplan.batch.run_project`.
    points
        Vector files of points, such as complaints, in the datum of the town; each is shown as density under its
        file's name, without attributes.
    progress
        Told what is being done.

    Returns
    -------
    Path
        The map.

    Raises
    ------
    InputError, OutputError
        As :func:`geoplan.batch.run_project`.
    """
    folder = default_folder(project) if out is None else Path(out)
    tell = progress or _silent
    options = coverage_options(project)
    check_outputs(folder, (MAP_FILE,))
    protect_inputs(project, folder, (MAP_FILE,))
    tables = _read_points(points)
    town = load_town(project, progress=_part(tell, 0.0, 0.4))
    town = anonymise_town(town) if anonymise else town
    coverage = measure_coverage(town, options=options, progress=_part(tell, 0.4, 0.9))
    with staged(folder) as stage:
        tell(msg("writing {file}", file=MAP_FILE), 0.9)
        write_map(coverage, stage / MAP_FILE, language, points=tables)
    return folder / MAP_FILE


def _read_points(paths: Sequence[str | Path]) -> dict[str, GeoDataFrame]:
    """Tables of points by the names of their files; a name that is there already gets a number."""
    from geoplan.maps.points import pack_points
    from geoplan.read.vector import open_vector

    tables: dict[str, GeoDataFrame] = {}
    for path in map(Path, paths):
        names = [path.stem, *(f"{path.stem} ({number})" for number in range(2, len(paths) + 1))]
        tables[next(name for name in names if name not in tables)] = open_vector(path).frame
    # What is no layer of points is told before anything is measured.
    pack_points(tables, origin=(0, 0))
    return tables


def write_map(
    coverage: Coverage,
    path: Path,
    language: str,
    *,
    points: Mapping[str, GeoDataFrame] | None = None,
    keep: Keep | None = None,
) -> None:
    """Write the map of a coverage.

    Parameters
    ----------
    coverage
        The coverage.
    path
        File to write.
    language
        Language of the map.
    points
        Layers of points shown as density, by name.
    keep
        Keeps what is packed of tables that seldom change.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from geoplan.maps import coverage_map, save_map

    save_map(coverage_map(coverage, language=language, points=points, keep=keep), path)


def protect_inputs(project: Project, folder: Path, names: tuple[str, ...]) -> None:
    """Refuse to write a result over a file that the project reads.

    Parameters
    ----------
    project
        The project.
    folder, names
        Where the results go, and their names.

    Raises
    ------
    OutputError
        If one of them is an input.
    """
    inputs = {path.resolve() for path in (project.path, *project.files())}
    for name in names:
        if (folder / name).resolve() in inputs:
            raise OutputError(
                Fault(
                    code="output-is-input",
                    needed=msg("a folder for the results that holds none of the inputs"),
                    given=msg("{name}, which the project reads", name=name),
                    mend=msg("name another folder with --out"),
                    where=Where(file=str(folder / name)),
                )
            )


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda message, share: progress(message, start + share * (end - start))


def _silent(message: Message, share: float) -> None:
    del message, share
