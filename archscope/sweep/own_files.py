"""The Python files of one's own that a model needs: its file, and the neighbours that this imports, and theirs.

They decide whether an interrupted sweep may go on, and travel to a cluster. Found by reading, nothing is run.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def home(name: str, folder: Path | None = None) -> Path | None:
    """The file that `net.py:Net` or `package.module:Net` is in; None for other sources and installed packages."""
    where, colon, _ = name.rpartition(":")
    if not colon:
        return None
    if where.endswith(".py"):
        path = Path(where)
        return path if path.is_file() else None
    return next((path for path in _module(where, folder or Path.cwd()) if path.name != "__init__.py"), None) or next(
        iter(_module(where, folder or Path.cwd())), None
    )


def needed(names: Iterable[str]) -> dict[Path, Path]:
    """Every file that these models need, with the folder that it is imported from."""
    found: dict[Path, Path] = {}
    for name in dict.fromkeys(names):
        start = home(name)
        if start is None:
            continue
        root = start.parent if name.rpartition(":")[0].endswith(".py") else Path.cwd()
        waiting = [start, *_module(name.rpartition(":")[0], root)] if root == Path.cwd() and root != start.parent else [start]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found[path] = root
            waiting += [other for module in _imported(path, root) for other in _module(module, root)]
    return dict(sorted(found.items()))


def yields(path: Path, function: str) -> bool:
    """Whether a function of this file is a generator."""
    for node in _tree(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in _inside(node))
    return False


def _inside(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions within it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield node
            yield from _inside(node)


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):  # the worker that runs it will say why
        return ast.Module([], [])


def _imported(path: Path, root: Path) -> Iterator[str]:
    """The modules that a file imports, as dotted names from the root."""
    try:
        package = path.parent.relative_to(root).parts
    except ValueError:
        package = ()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [*package[: len(package) - node.level + 1]] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _module(name: str, root: Path) -> list[Path]:
    """The files of a dotted name below the root: the module, and the `__init__` of each package on the way."""
    found: list[Path] = []
    place = root
    for part in filter(None, name.split(".")):
        file, package = place / f"{part}.py", place / part / "__init__.py"
        if package.is_file():
            found.append(package)
        elif file.is_file():
            found.append(file)
            break
        elif not (place / part).is_dir():
            break
        place = place / part
    return found
