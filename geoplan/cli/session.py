"""What one command needs to talk: its language, where results and where progress go."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoplan.errors import GeoplanError, Message, msg
from geoplan.text import render_error, translate

if TYPE_CHECKING:
    from geoplan.model import Progress

__all__ = ["ReaderGoneError", "Session", "hoist_options", "plain_streams", "wanted_language"]

_FLAGS = ("--quiet", "-q", "--debug")


def hoist_options(words: list[str]) -> list[str]:
    """Bring the options that every command shares to the front, wherever they were written.

    Parameters
    ----------
    words
        The command line.

    Returns
    -------
    list of str

    Examples
    --------
    >>> hoist_options(["run", "town", "--quiet", "--language", "en"])
    ['--quiet', '--language', 'en', 'run', 'town']
    """
    front: list[str] = []
    rest: list[str] = []
    i = 0
    while i < len(words):
        word = words[i]
        if word == "--":
            rest += words[i:]
            break
        if word in _FLAGS or word.startswith("--language="):
            front.append(word)
        elif word == "--language" and i + 1 < len(words):
            front += words[i : i + 2]
            i += 1
        else:
            rest.append(word)
        i += 1
    return front + rest


def wanted_language(words: list[str]) -> str | None:
    """Language that the command line asks for, before anything is parsed.

    Parameters
    ----------
    words
        The command line.

    Returns
    -------
    str or None
        None if it names none, or one that there is not.
    """
    front = hoist_options(words)
    for i, word in enumerate(front):
        value = word.partition("=")[2] if word.startswith("--language=") else ""
        if word == "--language" and i + 1 < len(front):
            value = front[i + 1]
        if value in ("zh", "en"):
            return value
    return None


def plain_streams() -> None:
    """Make the output UTF-8, whatever the console's code page; file names come out byte for byte as they came in."""
    codecs.register_error("geoplan", _own_bytes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="geoplan")


def _own_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """Undo what Python does to bytes of file names that it could not decode; a question mark for all else."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return "?", getattr(error, "end", 0)


class ReaderGoneError(Exception):
    """Whoever read the output has closed it; no OSError, so that typer leaves it alone."""


@dataclass
class Session:
    """How one command talks.

    Attributes
    ----------
    language
        Language of what is said; the project's own where the command line names none.
    asked
        Whether the command line named the language.
    quiet
        Whether progress is kept quiet.
    """

    language: str
    asked: bool = False
    quiet: bool = False

    def follow(self, language: str | None) -> str:
        """Take the project's language unless the command line named one.

        Parameters
        ----------
        language
            The project's language, if it has one.

        Returns
        -------
        str
            The language from now on.
        """
        if language and not self.asked:
            self.language = language
        return self.language

    def say(self, message: Message | str) -> str:
        """Put a message into the language.

        Parameters
        ----------
        message
            What to say.

        Returns
        -------
        str
        """
        return translate(message, self.language)

    def print(self, text: str = "") -> None:
        """Write a result to stdout.

        Parameters
        ----------
        text
            The text.

        Raises
        ------
        ReaderGoneError
            If nobody reads it any more.
        """
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise ReaderGoneError from None

    def tell(self, message: Message | str) -> None:
        """Write a sentence to stderr, unless quiet.

        Parameters
        ----------
        message
            What to say.
        """
        if not self.quiet:
            sys.stderr.write(self.say(message) + "\n")

    def fail(self, error: GeoplanError) -> None:
        """Write an error to stderr.

        Parameters
        ----------
        error
            What went wrong.
        """
        count = len(error.faults)
        head = msg("geoplan cannot go on:") if count == 1 else msg("geoplan cannot go on, {count} faults:", count=count)
        sys.stderr.write(f"{self.say(head)}\n\n{render_error(error, self.language)}\n")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show on stderr what is being done: a bar on a terminal, a line a step elsewhere.

        Yields
        ------
        Progress
            To be told the step and the share done.
        """
        if self.quiet:
            yield lambda _message, _share: None
        elif sys.stderr.isatty():
            with self._bar() as progress:
                yield progress
        else:
            last: list[str] = []

            def line(message: Message, _share: float) -> None:
                text = self.say(message)
                if last[-1:] != [text]:
                    last[:] = [text]
                    sys.stderr.write(text + "\n")
                    sys.stderr.flush()

            yield line

    @contextmanager
    def _bar(self) -> Iterator[Progress]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=1.0)
            yield lambda message, share: bar.update(task, description=self.say(message), completed=share)
