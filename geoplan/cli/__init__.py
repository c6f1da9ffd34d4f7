"""The command line: the only room that prints or exits.

Exit codes: 0 done; 1 ran, but the answer is no or incomplete; 2 cannot run (input, output, usage); 70 a fault of
geoplan itself; 130 interrupted; 141 whoever read the output has gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code.

    Parameters
    ----------
    arguments
        Words after ``geoplan``; by default those of the process.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from geoplan.cli.start import run_command

        code = run_command(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # keeps Python from complaining once more when it closes the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)
