"""Watching a project: what its files hold is looked at again and again, and a page on this machine follows.

The map itself stays a file that loads nothing. While a project is watched, a small server on the loopback address shows
it inside a frame, and the frame is loaded again when a run has put a new map in its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from geoplan.batch.stages import MAP_FILES
from geoplan.project import Project
from geoplan.report import fingerprint_files
from geoplan.report.summary import file_states

__all__ = ["LivePage", "wait_for_change", "watched_files"]

_LIVE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>geoplan</title>
<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100%; display: block; }</style></head>
<body><iframe id="map" src="/map.html"></iframe><script>
let shown = null;
async function look() {
  try {
    const version = await (await fetch("/version", {cache: "no-store"})).text();
    if (shown !== null && version !== shown) document.getElementById("map").contentWindow.location.reload();
    shown = version;
  } catch (error) { /* the run has ended: the last map stays */ }
  setTimeout(look, 500);
}
look();
</script></body></html>
"""


def wait_for_change(
    project: Project,
    *,
    known: Mapping[str, str] | None = None,
    every_s: float = 0.5,
    stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until the content of the inputs differs, and has stayed the same for one look.

    Parameters
    ----------
    project
        The project.
    known
        Digests of the files that the last run read, so that what was saved while it ran is noticed, too; what they
        hold now if None.
    every_s
        Pause between two looks, seconds.
    stop
        Asked before each look whether to give up.
    sleep
        Waits so many seconds.

    Returns
    -------
    bool
        False if told to stop.
    """
    paths = watched_files(project)
    content = _content(project, paths)
    # own standards and profiles are read by every run, and are no inputs of the ledger
    ran = None if content is None or known is None else {**content, **known}
    seen = file_states(paths) if ran in (None, content) else ()
    content = ran or content
    while not stop():
        sleep(every_s)
        now = file_states(paths)
        if now == seen:
            continue
        sleep(every_s)
        if file_states(paths) != now:
            continue  # still being written
        seen = now
        fresh = _content(project, paths)
        if fresh is not None and fresh != content:
            return True
    return False


def watched_files(project: Project) -> tuple[Path, ...]:
    """The files that a run reads: the project file, its layers and tables, its own standards and profiles.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    tuple of Path
    """
    named = (*project.standards.active, *project.walk.profiles)
    own = [path for name in named if (path := project.locate(name)).is_file()]
    return (project.path, *project.files(), *own)


def _content(project: Project, paths: Sequence[Path]) -> dict[str, str] | None:
    try:
        return fingerprint_files(paths, base=project.folder)
    except OSError:  # being replaced at this moment
        return None


class LivePage:
    """A page on the loopback address that shows the map of a folder of results and follows it.

    Parameters
    ----------
    folder
        The folder.
    port
        0 takes a free one.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._map = folder / MAP_FILES[0]
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def version(self) -> str:
        """Changes when another map has been put in place.

        Returns
        -------
        str
        """
        try:
            about = self._map.stat()
        except OSError:
            return "none"
        return f"{about.st_mtime_ns} {about.st_ino} {about.st_size}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind = "text/html; charset=utf-8"
                if self.path == "/":
                    content = _LIVE.encode()
                elif self.path == "/version":
                    content, kind = page.version().encode(), "text/plain"
                elif self.path == "/map.html" and page._map.is_file():
                    content = page._map.read_bytes()
                else:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                del format, args

        return Handler
