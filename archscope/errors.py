"""Errors that a user can cause: what went wrong, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager


class ArchscopeError(Exception):
    """An error with a remedy: the command line prints it as two lines and exits 1.

    Arguments:
        message: what was given, what was expected, in one line.
        hint: what to do about it, in one line; empty where there is nothing to add.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(ArchscopeError):
    """The words of the request are wrong (an unknown name, a malformed option): exit code 2."""

    exit_code = 2


@contextmanager
def no_exit(name: str) -> Iterator[None]:
    """Around code of a user's own: where it ends the process (`sys.exit`) it failed, as with any other exception, and neither its
    exit code nor its silence becomes ours. Raises `ArchscopeError`.
    """
    try:
        yield
    except SystemExit as error:
        raise ArchscopeError(f"{name} failed: SystemExit{'' if error.code is None else f': {error.code}'}") from error


def first_line(error: BaseException, most: int = 200) -> str:
    """What an error of a library says, its first line, cut to `most` letters; its type where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:most] if lines else type(error).__name__
