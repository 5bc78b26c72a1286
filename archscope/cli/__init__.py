"""The command line: words in, calls, text out. No arithmetic, no formatting; torch is imported inside the commands that need
it.
"""

import os
import sys

from archscope.errors import ArchscopeError
from archscope.supported import require_python


def main() -> None:
    """Runs the command line and ends the process; see `archscope.cli.app`. What a shell asks at Tab is answered without it."""
    try:
        require_python()
    except ArchscopeError as error:
        sys.exit(f"error: {error.message}")
    if "_ARCHSCOPE_COMPLETE" in os.environ:
        from archscope.cli.completion import answered

        if answered():
            return
    from archscope.cli.app import main

    main()


__all__ = ["main"]
