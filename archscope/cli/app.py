"""The application: its commands, and how an error ends it."""

import codecs
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from archscope import __version__
from archscope.cli.command_files import COMMANDS, docstring
from archscope.cli.options import spread
from archscope.cli.plain_words import Command, Commands
from archscope.errors import ArchscopeError
from archscope.printable import printable, spelled_plainly
from archscope.registry import unknown
from archscope.supported import INSTALL


def application(commands: Sequence[str] = COMMANDS, told: bool = False) -> typer.Typer:
    """The application with these commands.

    Arguments:
        told: only say what each does: the help of the whole needs no command's options, and so reads no command.
    """
    app = typer.Typer(
        name="archscope",
        cls=Commands,
        help="A microscope for neural-network architectures: parameters, FLOPs, shapes, diagrams, timings, comparisons.",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in commands:
        made = _told(name) if told else spread(getattr(import_module(f"archscope.cli.{name}"), name))
        app.command(name.strip("_"), cls=Command)(made)
    return app


def _told(name: str) -> Callable[[], None]:
    """A stand-in for a command, with its docstring."""

    def stand_in() -> None:
        pass

    stand_in.__doc__ = docstring(name)
    return stand_in


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"archscope {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


_INTERRUPTED = 130


def main() -> None:
    """Runs the command line. Exit code 0; 1 for an error of the run or a failed check; 2 for wrong words; 130 for Ctrl-C."""
    # A stream that the caller closed (`>&-`) is None.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    codecs.register_error("archscope", spelled_plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="archscope")
    code = run(sys.argv[1:])
    gc.freeze()  # nor at the end, when all of it goes
    sys.exit(code)


def run(words: list[str]) -> int:
    """Runs one command line and returns its exit code; an error that a user can cause is one line and a hint on stderr."""
    # The other commands are not even read, unless somebody asks what there is.
    named = [name for name in COMMANDS if words and name.strip("_") == words[0]]
    try:
        if words and not named and not words[0].startswith("-"):
            raise unknown("command", words[0], (name.strip("_") for name in COMMANDS))
        told = not named and "_ARCHSCOPE_COMPLETE" not in os.environ
        app = application(named or COMMANDS, told)
        code = typer.main.get_command(app)(words, prog_name="archscope", standalone_mode=False)
        if code == _INTERRUPTED:  # some releases of typer make a code of it
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except ArchscopeError as error:
        return _fail(error.message, error.hint, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", "", _INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return _fail("torch is not installed", INSTALL, 1)
    except OSError as error:
        # Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has seen enough (`| head`)
            return 1
        return _fail(f"{error.filename or 'output'}: {(error.strerror or str(error)).lower()}", "", 1)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # The command-line parser's own errors: typer has carried its own copy of click since 0.2x, so they are told by their
        # shape.
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "archscope"
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(error.format_message() + "\n")
            return 2
        return _fail(error.format_message().rstrip("."), f"{command} --help", getattr(error, "exit_code", 2))


def _fail(message: str, hint: str, code: int) -> int:
    sys.stdout.flush()
    lines = [f"{label}: {printable(' '.join(words.split()))}" for label, words in (("error", message), ("hint", hint)) if words]
    sys.stderr.write("\n".join(lines) + "\n")
    return code
