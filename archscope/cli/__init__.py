"""The command line: words in, calls, text out. No arithmetic, no formatting; torch is imported inside the commands that need
it.
"""

from archscope.cli.app import app, main

__all__ = ["app", "main"]
