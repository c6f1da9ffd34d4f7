"""``geoplan run --watch``: save in QGIS, see the page refresh."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from geoplan.cli.session import Session
from geoplan.errors import GeoplanError, msg

__all__ = ["watch_project"]


def watch_project(session: Session, project: Path, out: Path | None, name: str, *, anonymise: bool = False) -> None:
    """Run now, and again whenever the content of a file changes, until interrupted.

    Parameters
    ----------
    session
        How to talk.
    project
        The project.
    out, name, anonymise
        As of :func:`geoplan.batch.run_project`.
    """
    from geoplan.batch.watch import LivePage, wait_for_change
    from geoplan.cli.run import run_once
    from geoplan.project import default_folder, load_project

    settings = load_project(project)
    folder = default_folder(settings) if out is None else out
    language = session.follow(settings.language)
    page: LivePage | None = None
    known: Mapping[str, str] | None
    try:
        while True:
            try:
                settings = load_project(project)
                known = run_once(session, settings, out, language, name, project, anonymise=anonymise).read_files
            except GeoplanError as error:
                known = None
                session.fail(error)  # a file may be half edited: the next save may mend it
            if page is None:
                page = LivePage(folder)
                session.print(session.say(msg("The page that follows: {address}", address=page.address)))
            session.print(session.say(msg("Watching the files of the project; stop with Ctrl-C")))
            wait_for_change(settings, known=known)
    finally:
        if page is not None:
            page.close()
