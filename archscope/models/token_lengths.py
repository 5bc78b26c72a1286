"""A language model at several lengths of text: what it does to read it, and to go on by one token."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any, NamedTuple

from archscope.errors import UsageError
from archscope.graph import Graph, kinds
from archscope.graph.input_spec import InputSpec
from archscope.metrics.token_flow import TokenFlow
from archscope.models.model import Model

_USUAL = (128, 256, 512, 1024, 2048, 4096)


class AtLength(NamedTuple):
    """One length.

    Attributes:
        tokens: of each example.
        read: the Graph of reading all of them at once.
        step: the Graph of one token more, with what was kept of these; None where the network keeps nothing that could be given
            back to it.
        kept_bytes: of all tensors that it keeps; None as for `step`.
    """

    tokens: int
    read: Graph
    step: Graph | None
    kept_bytes: int | None


def at_lengths(
    name: str, lengths: Sequence[int] = (), *, batch: int = 1, dtype: str = "float32", options: Mapping[str, Any] | None = None
) -> list[AtLength]:
    """The network at each of these lengths.

    Arguments:
        name: as for `load`.
        lengths: in tokens; powers of two from 128 to 4,096, or to what it has places for, if empty.

    A network of transformers gives back its cache of keys and values, and takes it again for the next token: so it is seen what
    the library itself keeps, also where layers look through a window.

    Raises `UsageError` for a network that reads no token ids, and for a length that it has no places for.
    """
    from archscope.models.loading import load_with

    model = load_with(name, options or {})
    at = _ids(model)
    found: list[AtLength] = []
    for length in lengths or _USUAL:
        here = _at_length(_longer(model, at, length), batch, dtype)
        places = _places(here.read, length)
        if places is not None and length > places:
            if not lengths and found:
                break
            raise UsageError(f"{model.name} has places for {places:,} tokens, not for {length:,}", f"--tokens 128..{places}")
        found.append(here)
    return found


def _ids(model: Model) -> InputSpec:
    """The input of token ids."""
    for spec in model.specs:
        if spec.dtype.startswith("int") and len(spec) == 1:
            return spec
    raise UsageError(f"{model.name} reads no token ids", "choose a language model: hf:gpt2, hf:llama")


def _longer(model: Model, ids: InputSpec, length: int) -> Model:
    """The model with so many tokens in every input that has one for each."""

    def stretched(spec: InputSpec) -> InputSpec:
        whole = spec.dtype.startswith(("int", "bool")) and tuple(spec) == tuple(ids)
        return InputSpec((length,), spec.dtype, spec.name) if whole else spec

    return replace(model, shapes=tuple(map(stretched, model.specs)))


_CACHES = ("past_key_values", "cache")  # what transformers calls it, as result and as argument


def _at_length(model: Model, batch: int, dtype: str) -> AtLength:
    from archscope.tracing.arguments import leaves

    name = next((name for name in _CACHES if name in signature(model.module.forward).parameters), "")
    given_back: list[Any] = []
    handle = model.module.register_forward_hook(lambda module, args, out: given_back.append(getattr(out, name, None)))
    try:
        read = model.trace(batch=batch, dtype=dtype)
    finally:
        handle.remove()
    ids, kept = _ids(model), given_back[-1]
    if kept is None or read.meta.device != "meta":
        return AtLength(ids[0], read, None, None)
    bytes = sum(t.numel() * t.element_size() for t in leaves(kept) if t.is_floating_point())  # a length is no state
    step = _longer(model, ids, 1).trace(batch=batch, dtype=dtype, more={name: kept})
    return AtLength(ids[0], read, step, bytes)


def _places(graph: Graph, length: int) -> int | None:
    """How many tokens it has a learned place for; None where places are none that are learned."""
    flow = TokenFlow(graph).run()
    rows = [
        graph.param[node.params[0]].shape[0]
        for node in graph.nodes
        if kinds.kind(node) == kinds.EMBEDDING and node.params and not flow.is_of_tokens(node)
        and any(graph.tensors[t].shape[-1:] == (length,) for t in node.inputs)
    ]  # fmt: skip
    return max(rows, default=None)  # a table of two rows says what kind a token is, not where it stands
