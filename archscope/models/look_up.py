"""Words -> Graph, by the shortest way: a saved graph, one that travels with the package, the trace store, or a fresh trace.
torch is imported only for the last.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path, PurePath
from typing import Any

from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.graph.input_spec import spec_of
from archscope.models.words import built_in, is_file
from archscope.zoo import catalog, packaged

Shape = Sequence[int]


def look(
    name: str,
    *,
    input: Sequence[Shape] = (),
    batch: int = 1,
    dtype: str = "float32",
    mode: str = "eval",
    options: Mapping[str, Any] | None = None,
    spelling: bool = False,
    keep: int | Mapping[str, int] | None = None,
    autocast: str = "",
) -> Graph:
    """The Graph of a model by name.

    Arguments:
        name: as for `load`, or the path of a saved graph (`.json`).
        input: shapes without the batch, one per input; the model's own if empty.
        batch: examples per forward.
        dtype: of weights, and of inputs that are no whole numbers.
        options: constructor arguments.
        spelling: with the spelling of its Python, which some conventions need. A saved graph has it or has it not.
        keep, autocast: as for `archscope.trace`.

    Raises `UsageError`, `ArchscopeError` or `TraceError` as `load` and `trace` do.
    """
    options = options or {}
    if is_file(name):
        read = _read(name, input, batch, fixed=not (options or keep or autocast or dtype != "float32"))
        if mode not in ("eval", read.meta.mode):
            _in_eval_mode(name, read, mode)
        return read
    name = canonical(name)
    if batch == 1 and dtype == "float32" and mode == "eval" and not options and not spelling and not keep and not autocast:
        graph = _packaged(name, input)
        if graph is not None:
            return graph
    run = {"batch": batch, "dtype": dtype, "mode": mode, "spelling": spelling, "keep": keep, "autocast": autocast}
    return _kept(name, input, options, run)


def _packaged(name: str, input: Sequence[Shape]) -> Graph | None:
    """The Graph of a built-in network at its own input."""
    if ":" in name or (input and [str(spec_of(s)) for s in input] != [str(spec_of(catalog.find(name).input))]):
        return None
    return packaged.graph(name)


def _kept(name: str, input: Sequence[Shape], options: Mapping[str, Any], run: Mapping[str, Any]) -> Graph:
    """The Graph in the trace store; a fresh one, kept there, if there is none.

    Arguments:
        run: the arguments of `Model.trace`.
    """
    import archscope.models.sources  # noqa: F401  each of its files registers a source
    from archscope.models import own_code, trace_store
    from archscope.models.source import SOURCES

    source = SOURCES.get(name.partition(":")[0] if ":" in name else "")
    if source is not None and source.packages is None:
        return _fresh(name, input, options, run)
    request = {"name": name, "input": [str(spec_of(s)) for s in input], "options": sorted(options.items()), **run}
    if source is None:
        request["surroundings"] = own_code.surroundings()
    key = trace_store.key(request, ("torch", *(source.packages or () if source else ())))
    graph = trace_store.get(key) if key else None
    if graph is None:
        if source is None and key and trace_store.folder():
            return _of_own_code(key, name, input, options, run)
        graph = _fresh(name, input, options, run)
        if key:
            trace_store.put(key, graph)
    return graph


def _of_own_code(key: str, name: str, input: Sequence[Shape], options: Mapping[str, Any], run: Mapping[str, Any]) -> Graph:
    """A fresh Graph of a user's own code, kept where everything that it depends on can be told apart later."""
    import archscope.models.loading
    import archscope.tracing.forward_pass  # noqa: F401  with torch: what these read is none of the user's
    from archscope.models import own_code, trace_store

    watch = own_code.Watch(name)
    with watch.watching():
        graph = _fresh(name, input, options, run)
    needs = watch.needs() if graph.meta.device == "meta" else None
    if needs is not None:
        trace_store.put(key, graph, needs)
    return graph


def canonical(name: str) -> str:
    """The name that a model goes by: "irv2" -> "inception_resnet_v2"; other sources' names and files are their own."""
    return name if ":" in name or is_file(name) else built_in(name).name


def stem(name: str) -> str:
    """A model's name for the name of a file: the canonical one, of a file without its suffix."""
    return name[: -len(PurePath(name).suffix)] if is_file(name) else canonical(name)


def _read(name: str, input: Sequence[Shape], batch: int, fixed: bool) -> Graph:
    """The Graph of a file. Raises `ArchscopeError` where it is not there, damaged, or of another kind than its name says.

    Arguments:
        fixed: nothing was asked for that no file leaves open: dtype, constructor arguments.
    """
    from archscope.models.graph_file import READERS, Asked

    kind = READERS[PurePath(name).suffix.lower()]
    if not fixed or ((input or batch != 1) and not kind.takes_sizes):
        what = "dtype and arguments" if kind.takes_sizes else "input, batch, dtype and arguments"
        raise UsageError(f"{name} holds a network as it is: its {what} are fixed", "name the model instead of the file")
    if not os.path.isfile(name):  # noqa: PTH113  Path.is_file raises for a name that is too long
        saved = PurePath(name).suffix.lower() == ".json"
        hint = "write one with: archscope trace MODEL --out graph.json" if saved else "check the path"
        raise ArchscopeError(f"there is no file {name}", hint)
    try:
        return kind.graph(Path(name), Asked(tuple(map(spec_of, input)), batch))
    except OSError as error:
        raise ArchscopeError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from None


def _in_eval_mode(name: str, graph: Graph, mode: str) -> None:
    """Raises `UsageError` for a file that holds a forward in another mode than the one that is looked at; not for weights alone,
    of which whoever wants a forward says that there is none.
    """
    from archscope.metrics.weights_only import weights_only

    if weights_only(graph):
        return
    if mode != "train":
        raise UsageError(f"unknown mode '{mode}'", "choose from eval, train")
    again = "archscope trace MODEL --mode train --out graph.json" if name.lower().endswith(".json") else ""
    raise UsageError(
        f"{name} holds a forward in {graph.meta.mode} mode, which is fixed; this is about {mode} mode",
        f"trace it so: {again}" if again else "name the model instead of the file",
    )


def _fresh(name: str, input: Sequence[Shape], options: Mapping[str, Any], run: Mapping[str, Any]) -> Graph:
    from archscope.models.failed_forward import explained
    from archscope.models.loading import load_with
    from archscope.tracing.one_forward import TraceError

    with redirect_stdout(sys.stderr):  # what a network prints is not among the results
        model = load_with(name, options, input or None)
        try:
            return model.trace(**run)
        except TraceError as error:
            raise explained(model, error) from error
