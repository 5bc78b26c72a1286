"""Whether a library itself can run a network of its own: asked without archscope, which may be what is wrong.

python -m benchmarks._alone hf:bamba '{"num_hidden_layers": 2}'     prints the library's answer as JSON, null where it is not clear

The network is made by the library and run by torch alone: whole on the meta device and, with as few layers as were looked at and a few
experts, on the CPU with the weights that the library draws, if there is room for them. It gets what the documentation of its forward
describes (`torch.LongTensor` of shape `(batch_size, sequence_length)`), in several sizes, without and with what is optional. Only where it
has no forward at all, or gives the same answer, word for word, to all of them, and at the same line of its code on both devices, is the
library said not to run it. An answer that speaks of an input is none: where one was missing, it is the answer to more inputs that counts.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from inspect import signature
from traceback import extract_tb
from typing import Any, NamedTuple

import torch
import transformers
from torch import nn

from archscope.models.documented_inputs import by_name, documented
from archscope.models.hf_sizes import Sizes

_SECONDS, _MEMORY = 150, 12 * 2**30
_SIZED = re.compile(r"input\[[^\]]*\]")  # torch names the size of what a convolution was given, which is not what it complains of
_ON_META = re.compile(r"\bmeta\b|unallocated storage|no fake impl|register_meta|Invalid channel", re.IGNORECASE)
_MISSING = re.compile(r"'NoneType' object|must be Tensor, not NoneType|of shape `?\(|to unpack")
_RANK = re.compile(r"not enough values to unpack \(expected (\d), got (\d)\)")
_MOST = 2**31  # bytes of weights that are worth drawing
_EXPERTS = 16  # so many are enough to see whether it runs


class Answer(NamedTuple):
    """What the library says to one set of inputs.

    Attributes:
        names: of the inputs.
        said: what it raised; "" where it ran.
        line: of its code.
        kind: "clear"; "device" where there is no saying on the meta device; "missing" or "input" where it speaks of an input.
    """

    names: frozenset[str]
    said: str = ""
    line: str = ""
    kind: str = "clear"


def answer(name: str, options: Mapping[str, Any]) -> str | None:
    """What the library says of the network whatever it is given; None where it runs, or where that is not clear.

    Arguments:
        options: entries of the configuration that leave it a few layers.
    """
    command = [sys.executable, "-m", "benchmarks._alone", name, json.dumps(dict(options))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if done.returncode == 0 and lines else None


def main(name: str, options: Mapping[str, Any]) -> str | None:
    """As `answer`, in this process."""
    with torch.device("meta"):
        module, config = _made(name, {})
        options = {**options, **_few_experts(config)}
        small, _ = _made(name, options)
    if module.forward.__func__ is nn.Module.forward:  # type: ignore[attr-defined]
        return f"{type(module).__name__} has no forward"
    whole = _that_count([_asked(module, inputs) for inputs in _inputs(module, config, "meta")])
    lines = {one.line for one in whole if one.kind == "clear"}
    if any(one.kind == "input" or not one.said for one in whole) or len(lines) > 1:
        return None
    if sum(p.numel() * 4 for p in small.parameters()) > _MOST:
        return _same(whole)
    small, config = _made(name, options)
    there = _that_count([_asked(small.eval(), inputs) for inputs in _inputs(small, config, "cpu")])
    return _same(there) if not lines or lines == {one.line for one in there} else None


def _that_count(answers: list[Answer]) -> list[Answer]:
    """Without those that wanted an input which others were given: these say what becomes of it then. Where they say that sizes do
    not fit, the input may have been a wrong one.
    """

    def given_more(one: Answer) -> bool:
        return any(
            one.names < other.names and other.kind in ("clear", "device") and not other.said.startswith("RuntimeError")
            for other in answers
        )

    return [one for one in answers if one.kind != "missing" or not given_more(one)]


def _same(answers: list[Answer]) -> str | None:
    """The one answer that was given to all inputs; None where there are several, or where it ran."""
    clear = {one.said for one in answers if one.kind != "device"}
    return clear.pop() or None if len(clear) == 1 and all(one.kind in ("clear", "device") for one in answers) else None


def _few_experts(config: Any) -> dict[str, int]:
    """Entries that leave it a few experts."""
    names = ("num_experts", "num_local_experts", "n_routed_experts")
    return {name: _EXPERTS for name in names if type(many := getattr(config, name, None)) is int and many > _EXPERTS}


def _made(name: str, options: Mapping[str, Any]) -> tuple[nn.Module, Any]:
    """The network as the library makes it, on the device that torch makes tensors on."""
    from archscope.models.sources import hf

    kind = name.removeprefix("hf:")
    config = hf._config(kind, {}, kind, options)
    build: Any = hf._own_class(config) or transformers.AutoModel.from_config
    return build(config), config


def _inputs(module: nn.Module, config: Any, device: str) -> Iterator[dict[str, torch.Tensor]]:
    """What the documentation describes: what has no default and the main input, then masks, texts and all of these; each in two
    sizes.
    """
    parameters = signature(module.forward).parameters
    main: Any = getattr(module, "main_input_name", None) or []
    needed = {name for name, p in parameters.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    needed |= {main} if isinstance(main, str) else set(main)
    sizes = Sizes(config)
    told = {name: specs[0] for name, specs in documented(module, sizes).items() if name in parameters}
    told |= {name: by_name(name, sizes)[0] for name in needed if name not in told and by_name(name, sizes)}
    needed, masks = needed & told.keys(), {name for name in told if "mask" in name}
    texts = {name for name in told if name.endswith("input_ids")}
    text = any(len(told[name]) == 1 for name in needed)  # its length may be any; an image of another size may be refused for that
    for factor in (1, 2) if needed else ():
        for names in dict.fromkeys(map(frozenset, (needed, needed | masks, needed | texts, needed | texts | masks))):
            yield {
                name: _tensor(told[name], factor if len(told[name]) == 1 or not text else 1, device)
                for name in told
                if name in names
            }


def _tensor(spec: Any, factor: int, device: str) -> torch.Tensor:
    """An example, twice as long or large where `factor` is 2; ones in masks, zeros among ids, random numbers elsewhere."""
    shape = [1, *spec]
    axis = len(shape) - 1 if len(shape) in (2, 4) else 1
    if factor > 1 and len(shape) > 1:
        for at in {axis, axis - 1} if len(shape) >= 4 else {axis}:
            shape[at] *= factor
    kind = getattr(torch, spec.dtype or "float32")
    if kind.is_floating_point:
        return torch.randn(shape, device=device)
    return torch.full(shape, int(bool(spec.values) or kind is torch.bool), dtype=kind, device=device)


def _asked(module: nn.Module, inputs: Mapping[str, torch.Tensor]) -> Answer:
    """What the library answers; to clips where it takes no images."""
    found = _answer(module, inputs)
    rank = _RANK.search(found.said)
    if rank is None or int(rank[1]) != int(rank[2]) + 1:
        return found
    clips = {
        name: t.unsqueeze(1).repeat(1, 2, *[1] * (t.dim() - 1)) if t.dim() == int(rank[2]) else t for name, t in inputs.items()
    }
    return _answer(module, clips)


def _answer(module: nn.Module, inputs: Mapping[str, torch.Tensor]) -> Answer:
    try:
        with torch.no_grad():
            module(**inputs)
    except Exception as error:
        lines = str(error).strip().splitlines()
        said = f"{type(error).__name__}: {lines[0] if lines else ''}"
        frames = [frame for frame in extract_tb(error.__traceback__) if f"{transformers.__name__}/models" in frame.filename]
        line = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        kind = "clear"
        if next(module.parameters()).is_meta and _ON_META.search(said):
            kind = "device"
        elif _MISSING.search(said):
            kind = "missing"
        elif set(re.findall(r"\w+", said)) & {*signature(module.forward).parameters}:
            kind = "input"
        return Answer(frozenset(inputs), _SIZED.sub("input", said), line, kind)
    return Answer(frozenset(inputs))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
