"""Names in an ONNX file: which modules an operator ran in, which initializers are parameters and what to call them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from archscope.models.exported.onnx_model import FLOATING, notes
from archscope.models.exported.scopes import Frame, Scope

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_MOST = 100_000  # signs of a list of names
_SIGNATURE = re.compile(r"^\w+: (PARAMETER|BUFFER|CONSTANT_TENSOR)(?: target='([^'\n]*)')?", re.MULTILINE)
_STATE = re.compile(r"[A-Za-z_]\w*(\.\w+)+")  # as torch calls parameters: "layer1.0.conv1.weight"
_CONSTANT = re.compile(r"(^|[/_.:])(const|constant|constants|val|lifted_tensor|cst)([/_.:\d]|$)", re.IGNORECASE)

ROLES = {
    "Conv": ("", "weight", "bias"), "ConvTranspose": ("", "weight", "bias"), "ConvInteger": ("", "weight"),
    "QLinearConv": ("", "", "", "weight", "", "", "", "", "bias"), "DeformConv": ("", "weight", "", "bias"),
    "Gemm": ("", "weight", "bias"), "MatMul": ("", "weight"), "MatMulInteger": ("", "weight"), "FusedMatMul": ("", "weight"),
    "QLinearMatMul": ("", "", "", "weight"), "MatMulNBits": ("", "weight", "scales", "zeros", "", "bias"),
    "BatchNormalization": ("", "weight", "bias", "running_mean", "running_var"), "InstanceNormalization": ("", "weight", "bias"),
    "LayerNormalization": ("", "weight", "bias"), "GroupNormalization": ("", "weight", "bias"),
    "RMSNormalization": ("", "weight"),
    "SimplifiedLayerNormalization": ("", "weight"), "SkipLayerNormalization": ("", "", "weight", "bias", "bias2"),
    "SkipSimplifiedLayerNormalization": ("", "", "weight", "bias"), "PRelu": ("", "weight"),
    "LSTM": ("", "weight_ih", "weight_hh", "bias"), "GRU": ("", "weight_ih", "weight_hh", "bias"),
    "RNN": ("", "weight_ih", "weight_hh", "bias"), "Attention": ("", "weight", "bias"), "FusedConv": ("", "weight", "bias"),
    "FusedGemm": ("", "weight", "bias"), "Einsum": ("", "weight"), "DequantizeLinear": ("weight", "", ""),
    "Gather": ("weight", ""), "BiasGelu": ("", "bias"), "FastGelu": ("", "bias"),
}  # fmt: skip
"""What an operator reads in which place, where that is learned or state."""
_BUFFERS = ("running_mean", "running_var")


def quoted(words: str) -> list[str]:
    """The strings of a list as Python writes it: `"['', 'layer1']"` -> `["", "layer1"]`."""
    return [a or b for a, b in _QUOTED.findall(words[:_MOST])]


def signature(model: Any) -> dict[str, str]:
    """What torch's exporter says of a module's state: PARAMETER, BUFFER or CONSTANT_TENSOR by name; empty where nothing."""
    words = notes(model.graph).get("pkg.torch.export.ExportedProgram.graph_signature", "")
    return {name: kind for kind, name in _SIGNATURE.findall(words) if name}


def scope_of(node: Any) -> Scope | None:
    """The modules that hold a node: as torch's exporter notes them, else by its name."""
    told = notes(node)
    scopes, types = (quoted(told.get(f"pkg.torch.onnx.{key}", "")) for key in ("name_scopes", "class_hierarchy"))
    if scopes and len(scopes) == len(types):
        frames = [Frame(path, kind.rpartition(".")[2]) for path, kind in zip(scopes[:-1], types[:-1], strict=True) if path]
        return tuple(frames)
    return _by_name(node.name)


def root_class(graph: Any) -> str:
    """Class of the network; "" where no node tells."""
    for node in graph.node:
        types = quoted(notes(node).get("pkg.torch.onnx.class_hierarchy", ""))
        if len(types) > 1:
            return types[0].rpartition(".")[2]
    return ""


def _by_name(name: str) -> Scope | None:
    """ "/layer1/layer1.0/conv1/Conv" -> layer1, layer1.0, layer1.0.conv1. A part that repeats the one before goes on from it."""
    parts = [part for part in name[:_MOST].split("/")[:-1] if part]
    if not parts:
        return () if name.startswith("/") else None
    frames: list[Frame] = []
    base = before = ""
    for part in parts:
        if before and part.startswith(f"{before}."):
            path = base + part
        else:
            base = f"{frames[-1].path}." if frames else ""
            path = base + part
        before = part
        frames.append(Frame(path, "Module"))
    return tuple(frames)


def is_fused_norm(node: Any) -> bool:
    """Whether the exporter folded a batch norm into this convolution."""
    return "FuseBatchNorm" in notes(node).get("pkg.onnxscript.rewriter.rule_name", "")


RECURRENT = ("LSTM", "GRU", "RNN")
_READERS = ("Add", "Mul", "Sub", "Concat", "MatMul", "Gather", "Expand")
_OWN = (*RECURRENT, "InstanceNormalization")  # of a group norm torch's exporter makes one with ones and zeros of its own


def folded(tensor: Any, node: Any, place: int, missing: Sequence[str]) -> str | None:
    """Which of a module's missing parameters this initializer is, turned or reshaped by the exporter; None if that is unclear.

    Arguments:
        node, place: who reads it first, as which input: a node of that module.
        missing: names of the module's state of which the file has no initializer.
    """
    if tensor.data_type not in FLOATING or node.op_type in _OWN or not any(size != 1 for size in tensor.dims):
        return None
    roles = ROLES.get(node.op_type, ())
    role = (roles[place] if place < len(roles) else "") or {"Mul": "weight", "Add": "bias"}.get(node.op_type, "")
    alike = [name for name in missing if role and name.endswith(role)]
    if alike:
        return alike[0]
    return missing[0] if len(missing) == 1 and node.op_type in _READERS else None


def state_kind(name: str, tensor: Any, node: Any, place: int, told: Mapping[str, str]) -> str:
    """What an initializer is: "parameter", "buffer" or "constant".

    Arguments:
        tensor: the initializer.
        node, place: who reads it first, as which input.
        told: the module's state as its exporter has it; see `signature`.

    Without that: what stands in the place of a weight is learned, running statistics are buffers, and of the rest every
    floating-point tensor of several numbers is learned unless its name says that it is a constant.
    """
    if name in told:
        return {"PARAMETER": "parameter", "BUFFER": "buffer"}.get(told[name], "constant")
    if told and node.op_type == "InstanceNormalization":
        return "constant"
    roles = ROLES.get(node.op_type, ())
    role = roles[place] if place < len(roles) else ""
    floating = tensor.data_type in FLOATING
    several = any(size != 1 for size in tensor.dims)
    if role and several and (floating or (role != "weight" or node.op_type in _QUANTISED) or node.op_type == "DequantizeLinear"):
        return "buffer" if role in _BUFFERS else "parameter"
    if role in _BUFFERS:
        return "buffer"
    if role in ("weight", "bias") and floating and node.op_type not in ("Gather", "MatMul", "Einsum"):
        return "parameter"
    if not floating or not several or told or node.op_type in _UNLEARNED:
        return "constant"
    return "constant" if _CONSTANT.search(name) else "parameter"


_UNLEARNED = frozenset("QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul Resize Upsample Clip Pad Range OneHot".split())
_QUANTISED = ("ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul", "MatMulNBits")


def state_name(name: str, node: Any, place: int, scope: Scope | None, taken: Mapping[str, Any]) -> str:
    """What to call a parameter: as the file does where that is a module's path, else by the module that reads it."""
    if not scope or (_STATE.fullmatch(name) and _related(name.rpartition(".")[0], scope[-1].path)):
        return name
    roles = ROLES.get(node.op_type, ())
    role = (roles[place] if place < len(roles) else "") or ("bias" if node.op_type == "Add" else node.op_type.lower())
    wanted = f"{scope[-1].path}.{role}"
    at = 1
    while wanted in taken:
        at += 1
        wanted = f"{scope[-1].path}.{role}{at}"
    return wanted


def _related(holder: str, path: str) -> bool:
    """Whether one module is the other or holds it."""
    return f"{holder}.".startswith(f"{path}.") or f"{path}.".startswith(f"{holder}.")
