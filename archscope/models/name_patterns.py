"""Words that stand for several models: `timm:resnet*`, `inception_*`, `names.txt`. In: words of a command line; out: names."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from archscope.errors import ArchscopeError, UsageError
from archscope.models.source import SOURCES
from archscope.registry import nearest


def expanded(words: Iterable[str]) -> list[str]:
    """The names that the words stand for, in their order, each once.

    A word with `*` or `?` is a pattern over the names of a source: the built-in networks, or those behind `timm:` and
    `torchvision:`, in alphabetical order as these list them. A word that ends in `.txt` is a file with such words, one a line;
    what follows a `#` is a comment. Any other word is a name and is not looked at.

    Raises `UsageError` for a pattern that no name matches and for a file without names, `ArchscopeError` for a file that cannot
    be read.

    >>> expanded(["lenet5", "inception_v?"])
    ['lenet5', 'inception_v3', 'inception_v4']
    """
    return list(dict.fromkeys(name for word in words for name in _meant(word)))


def _meant(word: str) -> Iterable[str]:
    if word.endswith(".txt"):
        return expanded(_lines(word))
    if not is_pattern(word):
        return (word,)
    return _matching(word)


def is_pattern(word: str) -> bool:
    """Whether a word is a pattern over names; a path with a star in it that is there is not."""
    where, _, name = word.rpartition(":")
    starred = any(sign in name for sign in "*?") and not os.path.exists(name if not where else "")  # noqa: PTH110  as in `look`
    return starred or (any(sign in where for sign in "*?") and not os.path.exists(where))  # noqa: PTH110


def _lines(path: str) -> Iterator[str]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "it is not text"
        raise ArchscopeError(f"cannot read {path}: {reason}", "a file of names has one name or pattern a line") from None
    found = [line for part in text.splitlines() if (line := part.partition("#")[0].strip())]
    nested = next((line for line in found if line.endswith(".txt")), None)
    if nested is not None:
        raise UsageError(f"{path} names {nested}: a file of names cannot name another", "name both on the command line")
    if not found:
        raise UsageError(f"{path} names no model", "write one name or pattern a line; what follows a # is a comment")
    return iter(found)


def _matching(word: str) -> list[str]:
    import archscope.models.sources  # noqa: F401  each of its files registers a source

    prefix, colon, pattern = word.rpartition(":")
    source = SOURCES.get(prefix)
    if source is None or source.names is None:
        listed = " and ".join(f"{name}:" if name else "the built-in networks" for name, one in SOURCES.items() if one.names)
        raise UsageError(f"the names behind '{prefix}:' cannot be listed", f"patterns are for {listed}")
    names = list(source.names())
    found = [f"{prefix}{colon}{name}" for name in names if fnmatchcase(name, pattern)]
    if not found:
        close = nearest(pattern.replace("*", "").replace("?", ""), names)
        raise UsageError(f"no {prefix or 'built-in'} model matches '{word}'", f"there is {', '.join(close)}" if close else "")
    return found
