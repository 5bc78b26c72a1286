"""What a shell is told at Tab: commands, options, names of networks. In a third of the time that typer's own answer takes, which
imports typer first; every answer is the same, a test holds one against the other.

The shells ask through the environment, as the scripts that typer installs (`--install-completion`) make them:
`_ARCHSCOPE_COMPLETE` names the shell, and each gives the line in its own way. Whatever is not asked that way goes to typer.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from archscope.cli.command_files import COMMANDS, docstring

Environment = Mapping[str, str]


class Word(NamedTuple):
    """A word that would fit, and what it means."""

    value: str
    help: str = ""


def answered(environment: Environment = os.environ) -> bool:
    """Answers on stdout; False where the question is for typer. Ends the process where a shell wants an exit code."""
    action, _, shell = environment["_ARCHSCOPE_COMPLETE"].partition("_")
    if action != "complete" or shell not in _SHELLS:
        return False
    line, answer = _SHELLS[shell]
    try:
        words, begun = line(environment)
        found = fitting(words, begun)
    except Exception:  # a command that is declared in a way of its own
        return False
    if shell == "fish" and environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        sys.exit(0 if found else 1)
    text = answer(found)
    if text:
        sys.stdout.write(f"{text}\n")
    return True


def fitting(words: Sequence[str], begun: str) -> list[Word]:
    """The words that may stand next.

    Arguments:
        words: those before it, without the program's name.
        begun: what there is of it.
    """
    if not words:
        options = [Word(*option) for option in _ROOT if option[0].startswith(begun)] if begun.startswith("-") else []
        return [word for word in _commands(begun) if word.value.startswith(begun)] + options
    from archscope.cli.declarations import declared, words_for

    module = next(name for name in COMMANDS if name.strip("_") == words[0])
    return [Word(value, _one_line(help)) for value, help in words_for(declared(module), words[1:], begun)]


_ROOT = (
    ("--version", "Print the version."),
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Show completion for the current shell, to copy it or customize the installation."),
    ("-h", "Show this message and exit."),
    ("--help", "Show this message and exit."),
)


def _commands(begun: str) -> Iterator[Word]:
    for name in COMMANDS:
        if name.startswith(begun):
            yield Word(name.strip("_"), _one_line(docstring(name).partition("\n\n")[0].partition(". ")[0]))


def _one_line(text: str) -> str:
    return " ".join(text.split())


# -- the shells -----------------------------------------------------------------------------------------------------------------


def _split(line: str) -> list[str]:
    """The words of a line that may end in the middle of one."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # an open quote
        words.append(lexer.token)
    return words


def _bash_line(environment: Environment) -> tuple[list[str], str]:
    words, at = _split(environment["COMP_WORDS"]), int(environment["COMP_CWORD"])
    return words[1:at], words[at] if at < len(words) else ""


def _zsh_line(environment: Environment) -> tuple[list[str], str]:
    line = environment.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)[1:]
    return (words[:-1], words[-1]) if words and not line.endswith(" ") else (words, "")


def _powershell_line(environment: Environment) -> tuple[list[str], str]:
    words, begun = _split(environment.get("_TYPER_COMPLETE_ARGS", "")), environment.get("_TYPER_COMPLETE_WORD_TO_COMPLETE", "")
    return words[1:-1] if begun else words[1:], begun


def _plain(words: Sequence[Word]) -> str:
    return "\n".join(word.value for word in words)


_ESCAPED = str.maketrans({'"': '""', "'": "''", "$": "\\$", "`": "\\`", ":": "\\\\:"})


def _zsh(words: Sequence[Word]) -> str:
    if not words:
        return "_files"
    values = [[text.translate(_ESCAPED) for text in word if text] for word in words]
    lines = "\n".join(":".join(f'"{text}"' for text in parts) for parts in values)
    return f"_arguments '*: :(({lines}))'"


def _fish(words: Sequence[Word]) -> str:
    return "\n".join("\t".join(filter(None, word)) for word in words)


def _powershell(words: Sequence[Word]) -> str:
    return "\n".join(f"{word.value}:::{word.help or ' '}" for word in words)


Line = Callable[[Environment], tuple[list[str], str]]
_SHELLS: dict[str, tuple[Line, Callable[[Sequence[Word]], str]]] = {
    "bash": (_bash_line, _plain),
    "zsh": (_zsh_line, _zsh),
    "fish": (_zsh_line, _fish),
    "powershell": (_powershell_line, _powershell),
    "pwsh": (_powershell_line, _powershell),
}
