"""The command line: words in, calls, text out. No arithmetic, no formatting; torch is imported inside the commands that need
it.
"""

import gc
import os
import sys

from archscope.errors import ArchscopeError
from archscope.supported import require_python


def main() -> None:
    """Runs the command line and ends the process; see `archscope.cli.app`. What a shell asks at Tab is answered without it."""
    # A command lives for a second or two and makes few cycles: to look for them at every turn costs it a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    try:
        require_python()
    except ArchscopeError as error:
        sys.exit(f"error: {error.message}")
    if "_ARCHSCOPE_COMPLETE" in os.environ:
        from archscope.cli.completion import answered

        if answered():
            return
    try:
        from archscope.cli.app import main

        main()
    except KeyboardInterrupt:  # before there is anything to run, or while it ends
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)


__all__ = ["main"]
