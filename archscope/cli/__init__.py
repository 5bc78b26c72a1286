"""The command line: words in, calls, text out. No arithmetic, no formatting; torch is imported inside the commands that need
it.
"""

from archscope.cli.app import application, main

__all__ = ["application", "main"]
