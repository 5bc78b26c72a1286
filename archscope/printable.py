"""Names as they may be shown. A module's name may hold anything: escape sequences that a terminal obeys, signs that turn the
direction of the text around, formulas that a spreadsheet runs. What is shown anywhere passes through here; the Graph keeps names
as they are.
"""

import re

_LONGEST = 120


def printable(words: str, keep: str = "") -> str:
    """Text with line ends, control characters and signs without a width written out: ESC becomes `\\x1b`.

    Arguments:
        keep: signs that may stay: a line end, in a tooltip.
    """
    if words.isprintable():
        return words
    return "".join(sign if sign.isprintable() or sign in keep else repr(sign)[1:-1] for sign in words)


def printable_json(text: str) -> str:
    """JSON with the same signs in JSON's own spelling, so that it says the same: ESC becomes `\\u001b`. Line ends stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _spelled(sign) for sign in text)


def _spelled(sign: str) -> str:
    pair = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pair[at : at + 2].hex()}" for at in range(0, len(pair), 2))


_PLAIN = {
    "·": "-", "×": "x", "≥": ">=", "≈": "~", "−": "-", "–": "-", "→": "->", "…": "...", "²": "^2", "√": "root ", "∂": "d",
    "⌊": "[", "⌋": "]", "─": "-", "│": "|", "├": "+", "└": "+", "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": ".",
    "▎": ".", "▏": ".",
}  # fmt: skip


def spelled_plainly(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs, for a terminal that lacks a sign: ours in plain letters, any other as its number: `\\u0416`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs), error.end


def cell(words: str) -> str:
    """Text for a cell of a CSV file: printable, and with an apostrophe before what a spreadsheet would run as a formula."""
    words = printable(words)
    return f"'{words}" if words[:1] in tuple("=+-@") and not _HARMLESS.fullmatch(words) else words


_HARMLESS = re.compile(r"[=+\-@]|[+-]?(\d[\d_,]*)?(\.\d+)?([eE][+-]?\d+)?%?")  # a lone sign; a number


def file_stem(words: str) -> str:
    """A name as part of a file name, without a path: "timm:x/y" -> "timm-x-y"."""
    return re.sub(r"[^\w.+-]+", "-", words).strip("-.")[:_LONGEST].strip("-.") or "model"
