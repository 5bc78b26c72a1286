"""The records that a Graph is made of: tensors, parameters, calls, costs, nodes. Frozen, validated where they are read."""

from collections.abc import Iterable
from functools import cache
from math import prod

import msgspec

from archscope.errors import ArchscopeError

ITEM_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
    "complex128": 16, "complex64": 8, "complex32": 4, "uint64": 8, "uint32": 4, "uint16": 2, "qint8": 1, "quint8": 1, "qint32": 4,
    "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1,
    "bcomplex32": 4, "quint4x2": 1, "quint2x4": 1, "bits8": 1, "bits16": 2, "bits1x8": 1, "bits2x4": 1, "bits4x2": 1,
    **{f"{sign}int{bits}": 1 for sign in ("", "u") for bits in range(1, 8)},
}  # fmt: skip


def item_bytes(dtype: str) -> int:
    """Bytes of one element: `"float32"` -> 4. Raises `ArchscopeError` for a dtype without a whole number of bytes."""
    try:
        return ITEM_BYTES[dtype]
    except KeyError:
        raise ArchscopeError(f"the size of one {dtype} is not known", f"known dtypes: {', '.join(ITEM_BYTES)}") from None


class Tensor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tensor's outside: no values.

    Attributes:
        shape: sizes, batch first: (1, 64, 56, 56).
        dtype: torch's name without the prefix: "float32".
        storage: views of the same memory share this number.
        until: id of the last node that ran while the forward still held this memory, which may be after its last use; -1 where
            that is not known.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    storage: int = -1
    until: int = -1

    @property
    def numel(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of its elements (a view counts its own elements, not its storage)."""
        return prod(self.shape) * (ITEM_BYTES.get(self.dtype) or item_bytes(self.dtype))


class Param(msgspec.Struct, frozen=True, gc=False):
    """A parameter (learnable) or buffer (state that is not learned), once, whatever the number of its names.

    Attributes:
        name: the first name under which the module lists it: "features.conv.weight".
        trainable: `requires_grad`; always False for a buffer.
        aliases: the other names of the same tensor (tied weights).
        module: type of the module that holds it: "Conv2d".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    trainable: bool = True
    buffer: bool = False
    aliases: tuple[str, ...] = ()
    module: str = ""

    @property
    def numel(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of its elements."""
        return prod(self.shape) * (ITEM_BYTES.get(self.dtype) or item_bytes(self.dtype))


class Call(msgspec.Struct, frozen=True, gc=False):
    """One run of one module.

    Attributes:
        id: its position in `Graph.calls`; calls are numbered as they begin.
        parent: the call that made it; None for the network itself.
        path: the module's name in the network: "mixed_5b.branch1.0"; "" for the network itself.
        type: class name: "Conv2d".
    """

    id: int
    parent: int | None
    path: str
    type: str


class Cost(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Arithmetic of one forward, in columns that do not overlap: an operation stands in exactly one of them.

    Attributes:
        macs: multiply-accumulates (one multiplication and the addition to a running sum count as one).
        adds: additions and subtractions outside a multiply-accumulate.
        muls: multiplications outside a multiply-accumulate.
        divs: divisions.
        comparisons: comparisons, maxima and minima.
        exponentials: exp, log, square root, tanh, erf, sin and their like, each as one.
        unknown: operator runs whose cost is not known; more than 0 makes every sum a lower bound ("≥").
    """

    macs: int = 0
    adds: int = 0
    muls: int = 0
    divs: int = 0
    comparisons: int = 0
    exponentials: int = 0
    unknown: int = 0

    @property
    def flops(self) -> int:
        """Floating-point operations: 2 per multiply-accumulate and 1 for each operation of the other columns."""
        return 2 * self.macs + self.adds + self.muls + self.divs + self.comparisons + self.exponentials

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.macs + other.macs, self.adds + other.adds, self.muls + other.muls, self.divs + other.divs,
            self.comparisons + other.comparisons, self.exponentials + other.exponentials, self.unknown + other.unknown,
        )  # fmt: skip

    def __mul__(self, times: int) -> "Cost":
        """The cost of the same work done `times` times."""
        return Cost(
            self.macs * times, self.adds * times, self.muls * times, self.divs * times,
            self.comparisons * times, self.exponentials * times, self.unknown * times,
        )  # fmt: skip

    __rmul__ = __mul__


ZERO = Cost()
UNKNOWN = Cost(unknown=1)


def total(costs: Iterable[Cost]) -> Cost:
    """The sum, column by column."""
    return sum(costs, ZERO)


Attr = int | float | bool | str | None | list[int | float | bool | str | None]


@cache
def bare(op: str) -> str:
    """An operator without its namespace and without the underscore of an in-place form."""
    return op.partition(".")[2].rstrip("_") or op


class Node(msgspec.Struct, frozen=True, gc=False):
    """One run of one operator (in a view: of everything that the view drew together).

    Attributes:
        id: its number in execution order.
        op: the operator, "aten.convolution"; in a view, the type of the module: "InceptionA".
        call: id of the innermost call that ran it.
        inputs: ids of the activations that it read (edges); parameters stand in `params`.
        outputs: ids of the tensors that it wrote.
        params: names of the parameters and buffers that it read.
        cost: its arithmetic; `cost.unknown` is 1 for an operator without a formula.
        bytes: memory read and written: inputs, params and outputs; 0 for a view of existing memory.
        attrs: kernel, stride, padding, dilation, groups, transposed ... where they exist.
        repeats: in a folded view, how many consecutive equals this one stands for; `cost`, `params` and `bytes` are those of all.
        free: why an operator costs nothing ("" if it costs something or is unknown).
        operands: what it read, in the order of its arguments: places in `(*inputs, *params)`. Known of a trace in train mode, ()
            otherwise.
        wanted: positions among `operands` of those whose gradient autograd is going to ask this operator for. -1 - position for
            one inside a `torch.autograd.Function`, whose backward is its own: gradients go on through it, who knows how.
    """

    id: int
    op: str
    call: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: tuple[str, ...] = ()
    cost: Cost = ZERO
    bytes: int = 0
    attrs: dict[str, Attr] = {}
    repeats: int = 1
    free: str = ""
    operands: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()

    @property
    def unseen(self) -> bool:
        """Whether gradients go through it by a backward that is not autograd's own."""
        return bool(self.wanted) and self.wanted[0] < 0

    @property
    def name(self) -> str:
        """The operator without its namespace and without the underscore of an in-place form: "convolution"."""
        return bare(self.op)


class Failure(msgspec.Struct, frozen=True):
    """Where and why a forward stopped: the graph holds what ran before.

    Attributes:
        path, type: the innermost module that was running: "features.3", "Conv2d".
        error: the exception, in one line.
        inputs: the tensor shapes that this module was given.
    """

    path: str
    type: str
    error: str
    inputs: tuple[tuple[int, ...], ...] = ()


class Decided(msgspec.Struct, frozen=True):
    """What data decide in a network: how many boxes pass, which tokens an expert gets. Numbers that stand for other data too are
    those between the two extremes: nothing passes, everything passes.

    Attributes:
        rows: how many rows each deciding module handed on, by its path: as found; and with nothing and with everything passing,
            where that is known.
        totals: the least and the most of every metric that data decide, by its name; () where that is not known.
        paths: modules whose operators work on more or less, depending on the data.
        known: whether the extremes could be run; without them every size may depend on the data.
        kept: how many rows were told to pass, by the path of the module that decides; "" for all others.
        idle: of these paths, those that decide nothing.
        reads: how often Python looked at a value, by operator and module: "aten._local_scalar_dense in encoder".
        operators: of the whole network, whose totals these are.
    """

    rows: dict[str, tuple[int, ...]] = {}
    totals: dict[str, tuple[int, ...]] = {}
    paths: tuple[str, ...] = ()
    known: bool = True
    kept: dict[str, int] = {}
    idle: tuple[str, ...] = ()
    reads: dict[str, int] = {}
    operators: int = 0

    @property
    def varies(self) -> bool:
        """Whether some size is one of several that it could be."""
        return bool(self.totals) or not self.known


class Batching(msgspec.Struct, frozen=True):
    """How many examples a forward has, where the first dimension of its inputs does not tell: a graph of nodes and edges, patches
    of several images in a row.

    Attributes:
        examples: their number.
        whole: places among the network's inputs of those that do not stack their examples along a first dimension.
    """

    examples: int
    whole: tuple[int, ...]


class Meta(msgspec.Struct, frozen=True):
    """The circumstances of a trace, said beside every number.

    Attributes:
        variant: which of the networks of this name it is, in one line.
        mode: "eval" or "train".
        dtype: of the inputs.
        device: "meta" (shapes only, no arithmetic), "cpu" where the model needed real values, or "file" where a file told.
        reason: why not on the meta device; "" where it was.
        torch: version of torch.
        failure: where the forward stopped, if it did.
        source: how to load it again: "inception_v4", "timm:resnet50".
        idle: class name by path of every module with parameters that did not run.
        decided: what data decided in it; None where they decide nothing.
        autocast: the dtype that `torch.autocast` went down to; "" where it was off.
        names: of the inputs, where there are several: "input_ids", "pair.0"; "" for one whose name is not known. Empty where none
            is.
        told: the values of each input in words, "grid_thw=1,16,16", where they are part of what was asked; "" for the others.
            Empty where there are none.
        checkpoints: how many parts the forward hands to `torch.utils.checkpoint`, which runs them again in the backward; what is
            said of a training step is without that.
        made: paths of the modules with parameters that the forward made for itself, which are not the network's; their class
            stands for the name that they do not have.
        batching: None where every input stacks its examples along its first dimension.
    """

    variant: str = ""
    mode: str = "eval"
    dtype: str = "float32"
    device: str = "meta"
    reason: str = ""
    torch: str = ""
    failure: Failure | None = None
    source: str = ""
    idle: dict[str, str] = {}
    decided: Decided | None = None
    autocast: str = ""
    told: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    batching: Batching | None = None
    checkpoints: int = 0
    made: tuple[str, ...] = ()
