"""Every built-in network through torch's two exporters: what the files say against a trace of the module, to the last digit.

python -m benchmarks files          all of them, some minutes
python -m benchmarks.files vgg11    those whose name begins with one of these words

Batch norms that the ONNX exporter folds into convolutions are gone from its file, with their weights and biases; a convolution without
a bias has one then. The table has what is left of a difference after that: nothing, or a number.
"""

import io
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import nn

import archscope
from archscope import metrics
from archscope.graph import Graph
from archscope.zoo.catalog import entries

LONG = True  # runs only where it is named
COLUMNS = "network", "params", "MACs", "pt2 params", "pt2 MACs", "norms folded", "onnx params", "onnx MACs", "said"


def main(words: Sequence[str] = ()) -> None:
    """Prints a row for each network."""
    warnings.simplefilter("ignore")
    print("".join(f"{column:>{width(column)}}" for column in COLUMNS))
    same = rows = 0
    for entry in entries():
        if not words or entry.name.startswith(tuple(words)):
            row = compared(entry.name)
            print("".join(f"{cell:>{width(column)}}" for column, cell in zip(COLUMNS, row, strict=True)), flush=True)
            same, rows = same + row[-1].startswith("same"), rows + 1
    print(f"{same} of {rows} the same")


def width(column: str) -> int:
    """Of a column in signs."""
    return 30 if column in ("network", "said") else 16


def compared(name: str) -> tuple[str, ...]:
    """A network's row: its figures, and what those of its files differ by."""
    model = archscope.load(name, device="cpu")
    net = different(model.module).eval()
    inputs = tuple(torch.zeros(1, *shape) for shape in model.shapes)
    traced = archscope.trace(net, *inputs)
    params, macs = metrics.params(traced), traced.cost.macs
    program = exported(net, inputs, ".pt2", to_pt2)
    model_ = exported(net, inputs, ".onnx", to_onnx)
    folded = (
        int(model_.meta.variant.partition("exporter folded ")[2].split(" ")[0]) if "exporter folded" in model_.meta.variant else 0
    )
    gone = sum(2 * m.num_features for m in net.modules() if isinstance(m, nn.BatchNorm2d) and m.affine) if folded else 0
    differences = (
        metrics.params(program) - params, program.cost.macs - macs, metrics.params(model_) - (params - gone + biases(net, folded)),
        model_.cost.macs - macs,
    )  # fmt: skip
    uncounted = len(program.uncounted) + len(model_.uncounted)
    said = "same" if not any(differences) and not uncounted else f"{uncounted} uncounted" if uncounted else "different"
    a, b, c, d = (f"{number:+,}" for number in differences)
    return name, f"{params:,}", f"{macs:,}", a, b, f"{folded}", c, d, said


def different(net: nn.Module) -> nn.Module:
    """The network with numbers of which no two are alike: exporters merge equal tensors."""
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.1)
    return net


def biases(net: nn.Module, folded: int) -> int:
    """Numbers of the biases that convolutions get from the batch norms folded into them."""
    gained, before = 0, None
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and folded and before is not None and before.bias is None:
            gained += module.num_features
        before = module if isinstance(module, nn.Conv2d) else before
    return gained


def exported(net: nn.Module, inputs: tuple[Any, ...], suffix: str, export: Callable[..., None]) -> Graph:
    """The Graph of the file that an exporter writes."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        path = Path(folder) / f"net{suffix}"
        export(net, inputs, path)
        return archscope.look(str(path))


def to_pt2(net: nn.Module, inputs: tuple[Any, ...], path: Path) -> None:
    """By torch.export."""
    torch.export.save(torch.export.export(net, inputs), path)


def to_onnx(net: nn.Module, inputs: tuple[Any, ...], path: Path) -> None:
    """By torch's ONNX exporter."""
    torch.onnx.export(net, inputs, path, dynamo=True, verbose=False, external_data=True)


if __name__ == "__main__":
    main(sys.argv[1:])
