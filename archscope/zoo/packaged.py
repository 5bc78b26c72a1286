"""The built-in networks' Graphs, which travel with the package: at their own input, batch 1, float32, eval mode. No torch.

One file per network in `graphs/`, in the compact form, and `graphs/MADE_FROM`: the torch that traced them, and a digest of the
source that decided what they are. `python -m archscope.zoo.verification` writes them; a test holds them against fresh traces.
What they promise holds on every torch: shapes, parameters and costs. Their operators have the names of the torch that traced
them, which `graph.meta.torch` names.

In a checkout the source may be newer than the Graphs; there they are used only if the digest is that of the source.
"""

from contextlib import suppress
from functools import cache
from pathlib import Path

from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.graph.compact import unpack

_ROOT = Path(__file__).parent.parent
FOLDER = _ROOT / "zoo" / "graphs"
MADE_FROM = FOLDER / "MADE_FROM"

# What decides a network's Graph: the networks, the tracer, the costs, the records; not what describes or verifies them.
_DECIDING = ("graph", "counts", "tracing", "zoo")
_NOT = {
    "graph/compact.py",
    "graph/saved.py",
    "graph/spelling.py",
    "tracing/spelling.py",
    *(f"zoo/{name}.py" for name in (
        "card_tables", "cards", "catalog", "network", "packaged", "papers", "published_errors", "quantities", "verdicts",
        "verification",
    )),
}  # fmt: skip


def graph(name: str) -> Graph | None:
    """The Graph of a built-in network by its full name; None where there is none, or none of this source."""
    if not _trusted():
        return None
    with suppress(OSError, ArchscopeError):
        return unpack(path(name).read_bytes(), name)
    return None


def path(name: str) -> Path:
    """Where a network's Graph is."""
    return FOLDER / f"{name}.graph"


def source_digest() -> str:
    """A digest of the source that decides what the Graphs are; the same on every machine."""
    from hashlib import sha256

    digest = sha256()
    for name, file in _deciding():
        digest.update(f"{name}\0".encode() + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _deciding() -> list[tuple[str, Path]]:
    files = {file.relative_to(_ROOT).as_posix(): file for package in _DECIDING for file in (_ROOT / package).rglob("*.py")}
    return [(name, file) for name, file in sorted(files.items()) if name not in _NOT and not name.startswith("zoo/claims/")]


@cache
def _trusted() -> bool:
    if not (_ROOT.parent / "pyproject.toml").exists():
        return True  # installed: the Graphs came with this very source
    with suppress(OSError):
        return MADE_FROM.read_text().split()[-1:] == [source_digest()]
    return False
