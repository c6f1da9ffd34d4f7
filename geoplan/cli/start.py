"""From the words of a command line to an exit code; every error ends here."""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any

import typer
import typer.main
from typer import rich_utils

from geoplan.cli.app import app
from geoplan.cli.session import ReaderGoneError, Session, hoist_options, plain_streams, wanted_language
from geoplan.errors import GeoplanError, Message, msg
from geoplan.text import default_language, translate

__all__ = ["run_command"]

# typer carries click inside since 0.20 and used it from outside before: its own exceptions lead to both
_UsageError: Any = typer.BadParameter.__bases__[0]
_TITLES = {
    "ARGUMENTS_PANEL_TITLE": msg("Arguments"),
    "OPTIONS_PANEL_TITLE": msg("Options"),
    "COMMANDS_PANEL_TITLE": msg("Commands"),
    "DEFAULT_STRING": msg("[default: {value}]", value="{}"),
    "REQUIRED_LONG_STRING": msg("[required]"),
}


def run_command(words: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    words
        The command line after ``geoplan``.

    Returns
    -------
    int
        The exit code, see :mod:`geoplan.cli`.
    """
    plain_streams()
    words = hoist_options(words)
    asked = wanted_language(words)
    session = Session(asked or default_language(), asked=asked is not None)
    command = _localised(typer.main.get_command(app), session.language)
    try:
        code = command.main(args=words, prog_name="geoplan", standalone_mode=False, obj=session)
    except GeoplanError as error:
        session.fail(error)
        return 2
    except _UsageError as error:
        # without any word the help has been printed already
        if type(error).__name__ != "NoArgsIsHelpError":
            sys.stderr.write(_usage(error, session) + "\n")
        return 2
    except typer.Abort:
        return 130
    except ReaderGoneError:
        raise BrokenPipeError from None
    except MemoryError:
        session.quiet = False
        session.tell(msg("geoplan ran out of memory; close other programs, or take a smaller area"))
        return 70
    except Exception as error:
        return _own_fault(error, session, debug="--debug" in words)
    return code if isinstance(code, int) else 0


def _own_fault(error: Exception, session: Session, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = msg(
        "geoplan has a fault of its own: {kind}: {reason} ({file}, line {line}). Run again with --debug and report it.",
        kind=type(error).__name__,
        reason=error,
        file=place.filename.replace("\\", "/").rsplit("/", 1)[-1],
        line=place.lineno,
    )
    sys.stderr.write(session.say(text) + "\n")
    return 70


def _localised(command: Any, language: str) -> Any:
    """Translate the help of a command and of all below it; the English help is the key in the catalogue."""
    for name, title in _TITLES.items():
        setattr(rich_utils, name, translate(title, language))
    epilog = translate(msg("Every command takes --language zh|en, --quiet and --debug."), language)
    for each in [command, *getattr(command, "commands", {}).values()]:
        each.help = translate(each.help or "", language)
        if each is not command:
            each.epilog = epilog
        for param in each.params:
            if getattr(param, "help", None):
                param.help = translate(param.help, language)
            if getattr(param, "is_flag", False):
                param.metavar = ""
        option = each.get_help_option(typer.Context(each))
        if option is not None:
            option.help, option.metavar = translate(msg("Show this help and exit."), language), ""
    return command


def _usage(error: Any, session: Session) -> str:
    """What is wrong with the command line, with the way out."""
    kind = type(error).__name__
    message: Message
    if kind == "NoSuchOption":
        close = ", ".join(error.possibilities or ())
        message = msg("there is no option {option}", option=error.option_name)
        if close:
            message = msg("{what} (did you mean {word}?)", what=message, word=close)
    elif kind == "MissingParameter":
        message = msg("{name} is missing", name=_param_name(error.param))
    elif kind == "BadParameter" and error.param is not None:
        message = msg("{name}: {reason}", name=_param_name(error.param), reason=error.message.rstrip("."))
    else:
        message = _plain_usage(error.format_message())
    path = error.ctx.command_path if error.ctx is not None else "geoplan"
    return session.say(msg("{what}. See: {command} --help", what=message, command=path))


def _param_name(param: Any) -> str:
    if param is None:
        return ""
    if getattr(param, "param_type_name", "") == "argument":
        return param.metavar or (param.name or "").upper()
    return max(param.opts, key=len)


def _plain_usage(text: str) -> Message:
    """Sentences that typer has no class for, told by their beginning."""
    command = re.match(r"No such command '(.*?)'(?:.*'(.*?)')?", text)
    if command:
        message = msg("there is no command {command}", command=command.group(1))
        close = command.group(2)
        return msg("{what} (did you mean {word}?)", what=message, word=close) if close else message
    extra = re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", text)
    if extra:
        return msg("nothing is expected after the arguments, but there is: {words}", words=extra.group(1))
    value = re.match(r"Option '(.*?)' requires an argument", text)
    if value:
        return msg("{option} needs a value behind it", option=value.group(1))
    return msg("{reason}", reason=text.rstrip("."))
