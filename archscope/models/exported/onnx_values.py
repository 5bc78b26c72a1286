"""What is known of the tensors of an ONNX graph before it runs: types, and the values of small ones (sizes, axes, bounds).

Shapes come from the onnx package, operator by operator; small values are worked out by its reference implementation. Both know
nothing of a file beyond what it says of sizes.
"""

from typing import Any

from archscope.models.exported.onnx_model import FLOATING, STANDARD, attributes, dims_of
from archscope.models.exported.onnx_operators.own_shapes import SHAPES, STANDARD_NAMES

SMALL = 4096  # elements: shape arithmetic is small

_FOLDED = frozenset(
    "Add Sub Mul Div Mod Neg Abs Gather Concat Unsqueeze Squeeze Reshape Cast CastLike Slice Range Equal Greater Less "
    "GreaterOrEqual LessOrEqual And Or Not Where Min Max Floor Ceil Round Sqrt Pow Reciprocal ConstantOfShape Expand Transpose "
    "Identity ReduceProd ReduceSum ReduceMax ReduceMin Flatten Split Tile NonZero ScatterND ScatterElements GatherND "
    "GatherElements Size Trilu CumSum Sign Log Exp OneHot EyeLike".split()
)


class ContradictionError(Exception):
    """An operator that cannot run on what it is given."""


class Types:
    """Types and small values by name, for one graph and those around it.

    Arguments:
        onnx: the package.
        opsets: versions by domain.
        ir_version: of the file.
    """

    def __init__(self, onnx: Any, opsets: dict[str, int], ir_version: int) -> None:
        self.onnx, self.opsets, self.ir_version = onnx, opsets, ir_version
        self.types: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.learned: set[str] = set()  # what no arithmetic on sizes reads, however small

    def tensor(self, tensor: Any, name: str, most: int = SMALL) -> None:
        """Notes an initializer or constant: its type, and if it is small its values.

        Arguments:
            most: floating-point numbers that it may have and still be no weight.
        """
        self.types[name] = self.onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
        count = 1
        for size in tensor.dims:
            count *= size
        if count > most and tensor.data_type in FLOATING:
            self.learned.add(name)
        if 0 <= count <= SMALL and tensor.data_location != self.onnx.TensorProto.EXTERNAL and tensor.data_type != 8:
            try:
                self.values[name] = self.onnx.numpy_helper.to_array(tensor)
            except (ValueError, TypeError, KeyError, OverflowError):
                return  # a damaged constant has no value

    def numbers(self, name: str) -> list[Any] | None:
        """The values of a tensor, flat; None where they are not known."""
        value = self.values.get(name)
        return None if value is None else value.reshape(-1).tolist()

    def infer(self, node: Any) -> dict[str, Any]:
        """The types of what a node makes, as far as they follow; notes values that follow too."""
        if node.domain not in STANDARD and node.op_type in STANDARD_NAMES:
            node = self.onnx.NodeProto.FromString(node.SerializeToString())
            node.op_type, node.domain = STANDARD_NAMES[node.op_type], ""
        read = [name for name in node.input if name]
        if any(self.types.get(name) is None for name in read):
            return {}
        if node.domain not in STANDARD and node.op_type in SHAPES:
            return self._own(node)
        schema = self._schema(node)
        if schema is None:
            return {}
        given = {name: self.types[name] for name in read}
        data = {name: self.onnx.numpy_helper.from_array(self.values[name], name) for name in read if name in self.values}
        imports = [self.onnx.helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        try:
            return dict(self.onnx.shape_inference.infer_node_outputs(schema, node, given, data, None, imports, self.ir_version))
        except Exception as error:  # the library's own, of several kinds
            if all(self.is_told(name) for name in read):
                raise ContradictionError(str(error)) from None
            return {}  # what it cannot tell is not known

    def _own(self, node: Any) -> dict[str, Any]:
        """The types of what an operator makes that the package does not know."""
        shapes = [dims_of(self.types[name]) if name else [] for name in node.input]
        if any(shape is None or not all(isinstance(size, int) for size in shape) for shape in shapes):
            return {}
        try:
            made = SHAPES[node.op_type]([tuple(map(int, shape or ())) for shape in shapes], attributes(node))  # type: ignore[arg-type]
        except (IndexError, KeyError, TypeError, ValueError):
            return {}
        element = self.types[node.input[0]].tensor_type.elem_type
        make = self.onnx.helper.make_tensor_type_proto
        return {name: make(element, shape) for name, shape in zip(node.output, made, strict=False) if name}

    def fold(self, node: Any) -> bool:
        """Works out a node whose inputs are all known; whether it did."""
        if node.domain not in STANDARD:
            return False
        if node.op_type in ("Shape", "Size"):
            return self._sizes(node)
        read = [name for name in node.input if name]
        if node.op_type not in _FOLDED or any(name not in self.values for name in read):
            return False
        if any(name in self.learned or self.values[name].size > SMALL for name in read):
            return False
        if node.op_type != "NonZero" and not all(self._is_small(name) for name in node.output if name):
            return False
        return self._evaluate(node, read)

    def is_told(self, name: str) -> bool:
        """Whether every size of a tensor is known."""
        dims = dims_of(self.types[name])
        return dims is not None and all(isinstance(size, int) for size in dims)

    def _is_small(self, name: str) -> bool:
        if name not in self.types:
            return False
        dims = dims_of(self.types[name])
        if dims is None:
            return False
        count = 1
        for size in dims:
            if not isinstance(size, int):
                return False
            count *= size
        return count <= SMALL

    def _sizes(self, node: Any) -> bool:
        import numpy as np

        dims = dims_of(self.types[node.input[0]]) if node.input and node.input[0] in self.types else None
        if dims is None:
            return False
        told = {one.name: one.i for one in node.attribute}
        part = dims[told.get("start", 0) : told.get("end", len(dims))]
        if not all(isinstance(size, int) for size in part):
            return False
        count = 1
        for size in part:
            count *= int(size or 0)
        if count >= 2**63:
            return False
        value = np.array(count if node.op_type == "Size" else part, dtype=np.int64)
        self._note(node.output[0], value)
        return True

    def _evaluate(self, node: Any, read: list[str]) -> bool:
        from onnx.reference import ReferenceEvaluator

        onnx = self.onnx
        inputs = [onnx.helper.make_value_info(name, self.types[name]) for name in dict.fromkeys(read)]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        imports = [onnx.helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        graph = onnx.helper.make_graph([node], "one", inputs, outputs)
        model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=self.ir_version)
        try:
            found = ReferenceEvaluator(model).run(None, {name: self.values[name] for name in read})
        except Exception:  # the library's own, of several kinds: what it cannot work out is not known
            return False
        for value, name in zip(found, [name for name in node.output if name], strict=False):
            if not hasattr(value, "dtype") or value.size > SMALL:
                return False
            self._note(name, value)
        return True

    def _note(self, name: str, value: Any) -> None:
        import numpy as np

        value = np.asarray(value)
        self.values[name] = value
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        self.types[name] = self.onnx.helper.make_tensor_type_proto(kind, list(value.shape))

    def _schema(self, node: Any) -> Any:
        domain = "" if node.domain in STANDARD else node.domain
        try:
            return self.onnx.defs.get_schema(node.op_type, self.opsets.get(domain, 1), domain)
        except Exception:  # the library's own
            return None
