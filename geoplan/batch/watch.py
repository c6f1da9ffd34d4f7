"""Watching a project: what its files hold is looked at again and again, and a page on this machine follows.

The map itself stays a file that loads nothing. While a project is watched, a small server on the loopback address shows
it inside a frame, and the frame is loaded again when a run has put a new map in its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from geoplan.batch.stages import MAP_FILES
from geoplan.project import Project
from geoplan.report import fingerprint_files

__all__ = ["LivePage", "input_state", "wait_for_change"]

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


def input_state(project: Project) -> tuple[object, ...]:
    """What tells whether the inputs of a project may have changed: names, times and sizes.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    tuple
        Missing files are part of it.
    """
    state: list[object] = []
    for path in (project.path, *project.files()):
        beside = sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix.lower() == ".shp" else [path]
        for file in beside:
            try:
                about = file.stat()
                state.append((str(file), about.st_mtime_ns, about.st_size))
            except OSError:
                state.append((str(file), None, None))
    return tuple(state)


def wait_for_change(
    project: Project,
    *,
    every_s: float = 0.5,
    stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until the content of the inputs differs, and has stayed the same for one look.

    Parameters
    ----------
    project
        The project.
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
    seen, content = input_state(project), _content(project)
    while not stop():
        sleep(every_s)
        now = input_state(project)
        if now == seen:
            continue
        sleep(every_s)
        if input_state(project) != now:
            continue  # still being written
        seen = now
        fresh = _content(project)
        if fresh is not None and fresh != content:
            return True
    return False


def _content(project: Project) -> dict[str, str] | None:
    try:
        return fingerprint_files((project.path, *project.files()), base=project.folder)
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
