"""Recurrent layers as ptflops counts them, and as calflops and DeepSpeed, which took its hook, count them."""

from math import prod

from archscope.graph.spelling import ModuleCall, ModuleNote, shape_of

RECURRENT = {name + cell for name in ("LSTM", "GRU", "RNN") for cell in ("", "Cell")}
_GATES = {"RNN": 1, "GRU": 7, "LSTM": 10}  # additions and products beside the matrix products, per unit


def recurrent(module: ModuleNote, call: ModuleCall, *, per_mac: int) -> int:
    """What the hook of `nn.LSTM`, `nn.GRU`, `nn.RNN` and of their cells counts.

    Arguments:
        per_mac: 1 for ptflops; 2 for the others, which then take away one addition per output of each product.
    """
    shape = shape_of(call.inputs[0]) if call.inputs else ()
    cell = module.type.endswith("Cell")
    kind = module.type.removesuffix("Cell")
    suffixes = [""] if cell else [f"_l{layer}" for layer in range(module.number("num_layers"))]
    count = 0
    for suffix in suffixes:
        for weight in (module.params[f"weight_ih{suffix}"], module.params[f"weight_hh{suffix}"]):
            count += per_mac * prod(weight) - (weight_rows(module, suffix) if per_mac == 2 else 0)
        count += _GATES[kind] * module.number("hidden_size")
        if module.settings.get("bias"):
            count += sum(prod(module.params[f"bias_{side}{suffix}"]) for side in ("ih", "hh"))
    count *= shape[0] if cell else prod(shape[:2])
    return count * (2 if module.settings.get("bidirectional") else 1)


def weight_rows(module: ModuleNote, suffix: str) -> int:
    """Rows of a layer's input weights: gates times units."""
    return module.params[f"weight_ih{suffix}"][0]
