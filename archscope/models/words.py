"""What stands in the place of a MODEL and is no name of one: a file that holds a network, or what is none, told in a line."""

import ast
import os
from pathlib import Path, PurePath

from archscope.errors import ArchscopeError, UsageError
from archscope.zoo import catalog
from archscope.zoo.cards import Entry

_PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
_SHOWN = 4  # classes of a file


def is_file(name: str) -> bool:
    """Whether a MODEL is a file that holds a network, and not a model of some source: "v4.json", not "hf:config.json"."""
    suffix = PurePath(name).suffix.lower()
    if not suffix:
        return False
    import archscope.models.files
    import archscope.models.sources  # noqa: F401  each of the files of both registers something
    from archscope.models.graph_file import READERS
    from archscope.models.source import SOURCES

    prefix, colon, _ = name.partition(":")
    return suffix in READERS and not (colon and prefix in SOURCES)


def built_in(name: str) -> Entry:
    """The network of this name or alias. Raises `ArchscopeError` with what the words are, where they are no name."""
    try:
        return catalog.find(name)
    except UsageError as error:
        raise _refusal(name) or error from None


def without_weights(file: str) -> UsageError:
    """The error for a file where a network has to be built and run."""
    holds = (
        "weights, not a network" if file.lower().endswith(".safetensors") else "a network as it is: it has no weights to run with"
    )
    return UsageError(f"{file} holds {holds}", "name the model instead of the file")


def _refusal(name: str) -> ArchscopeError | None:
    """What these words are that name no network; None where they are just an unknown name."""
    if not name.strip():
        return UsageError("an empty name is no model", "archscope list shows the built-in ones")
    if os.path.isdir(name):  # noqa: PTH112  Path.is_dir raises for a name that is too long
        return UsageError(f"{name} is a folder, not a model", "name a file in it: FILE.py:CLASS, graph.json, net.onnx, net.pt2")
    suffix = PurePath(name).suffix.lower()
    if not os.path.isfile(name):  # noqa: PTH113
        return ArchscopeError(f"there is no file {name}", "check the path") if suffix in (".py", *_PICKLED) else None
    if suffix == ".py":
        return _without_class(name)
    if suffix in _PICKLED:
        return _pickled(name)
    return UsageError(f"{name} is no kind of file that is read", "read are .json, .onnx, .pt2, .safetensors and FILE.py:CLASS")


def _without_class(file: str) -> UsageError:
    """The error for `net.py` alone, with the modules in it."""
    found = [f"{file}:{name}" for name in _modules(Path(file))]
    if not found:
        return UsageError(f"{file} is a file, not a model", "name a class or function in it: FILE.py:NAME")
    more = f" ({len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
    return UsageError(f"{file} is a file: which model of it?", f"name the class: {', '.join(found[:_SHOWN])}{more}")


def _modules(path: Path) -> list[str]:
    """Names of the classes in a Python file that are modules as far as its text tells; it is not run."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    found: list[str] = []
    for node in body:
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.ClassDef) and any(base.endswith("Module") or base in found for base in bases):
            found.append(node.name)
    return found


def _pickled(file: str) -> UsageError:
    """The error for what torch.save or torch.jit.save wrote."""
    import zipfile  # only where there is such a file

    with_code = False
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            with_code = any("/code/" in name for name in archive.namelist())
    if with_code:
        return UsageError(
            f"{file} is a TorchScript program, which is not read",
            "name the network, FILE.py:CLASS, or export it: torch.export.save(torch.export.export(net, (x,)), 'net.pt2')",
        )
    return UsageError(
        f"{file}: what torch.save pickles is not read, as reading it could run code of its own",
        "name the network, FILE.py:CLASS; weights alone are read from .safetensors",
    )
