"""How many rows pass where data decide: operators whose result has as many rows as the values say (`nonzero`, `nms`, a boolean
mask as index, `unique`). What was found is written down; a stated number of rows is let through instead.

A mask that one tensor's comparison with several values made (`levels == 0`, `levels == 1` ...), or a slice of a tensor with a
single place set among all slices (`one_hot(choice)[..., 0]`), sorts rows into groups: each row goes somewhere, whatever the data.
That decides nothing, and is left as it is.
"""

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import torch

ALL = 2**62
"""Everything passes."""

Operation = Callable[..., Any]

_MASKS = (torch.bool, torch.uint8)


class Passing:
    """Stands in for the operators whose sizes data decide, in one trace.

    Arguments:
        kept: how many rows pass, by the path of the module that decides; "" for all others.
        others: how many pass where `kept` says nothing; None for as many as the values say.
        sorting: modules known to sort rows into groups. None where that is not known yet: then every comparison for equality may.
        seen: makes the whole number that Python sees of the one that is there, to find out what depends on it.

    Attributes:
        found: for each module, the rows that passed, selection by selection.
        used: the modules of `kept` that decided something.
        free: the modules that decided by themselves.
        path: of the module that is running; the recorder keeps it.
    """

    def __init__(
        self,
        kept: Mapping[str, int],
        others: int | None = None,
        sorting: frozenset[str] | None = None,
        seen: Callable[[int], int] = int,
    ) -> None:
        self.kept, self.others, self._sorting, self._seen = dict(kept), others, sorting, seen
        self.found: dict[str, list[int]] = {}
        self.used: set[str] = set()
        self.free: set[str] = set()
        self.path: Callable[[], str] = lambda: ""
        # id() of a mask -> itself, the tensor that was compared or sliced, along which axis it was sliced
        self._made: dict[int, tuple[weakref.ref[torch.Tensor], int, int | None]] = {}
        self._sources: list[weakref.ref[torch.Tensor]] = []
        self._numbers: dict[int, int] = {}  # id() of a source -> its place
        self._groups: dict[tuple[str, int], list[int]] = {}  # rows of each group, by module and source

    def operation(self, func: Any) -> Operation | None:
        """What runs in the place of an operator; None for one whose sizes follow from those of its operands."""
        schema = getattr(func, "_schema", None)
        make = _STAND_INS.get(schema.name) if schema is not None else None
        return make(self, func) if make is not None else None

    def sorts(self) -> frozenset[str]:
        """The modules that sorted rows into several groups."""
        return frozenset(path for (path, _), rows in self._groups.items() if len(rows) > 1)

    def decided(self) -> dict[str, list[int]]:
        """For each module that decided, the rows that passed: a comparison with a single value is no sorting, but a choice."""
        found = {path: list(rows) for path, rows in self.found.items()}
        for (path, _), rows in self._groups.items():
            if len(rows) == 1 and path not in self.sorts():
                found.setdefault(path, []).extend(rows)
        return found

    # -- how many ---------------------------------------------------------------------------------------------------------------

    def _stated(self) -> int | None:
        """The number for the module that is running: that of the innermost module that has one."""
        here = self.path()
        told = [path for path in self.kept if not path or here == path or here.startswith(f"{path}.")]
        if told:
            path = max(told, key=len)
            self.used.add(path)
            return self.kept[path]
        self.free.add(here)
        return self.others

    def _of_mask(self, mask: torch.Tensor) -> int | None:
        """How many places of a mask pass; None for as many as its values say, which are then noted."""
        here, count = self.path(), mask.numel()
        source = self._sorted_from(mask)
        if source is not None and (self._sorting is None or here in self._sorting):
            rows = self._groups.setdefault((here, source), [])
            if not mask.is_meta:
                rows.append(int(mask.count_nonzero()))
                return None
            rows.append(max(0, count - sum(rows)))  # without values: the first group gets every row, the others none
            return rows[-1]
        return self._noted(count, lambda: int(mask.count_nonzero()))

    def _sorted_from(self, mask: torch.Tensor) -> int | None:
        """The tensor that a mask sorts by, by its number; None for a mask that chooses."""
        made = self._made.get(id(mask))
        if made is None or made[0]() is not mask:
            return None
        _, number, axis = made
        source = self._sources[number]()
        if axis is None or mask.is_meta:
            return number
        return number if source is not None and bool(((source != 0).sum(axis) == 1).all()) else None

    def _noted(self, most: int, natural: Callable[[], int]) -> int | None:
        stated = self._stated()
        passing = None if stated is None else min(stated, most)
        self.found.setdefault(self.path(), []).append(natural() if passing is None else passing)
        return passing

    def _masks(self, masks: Any) -> list[Any]:
        """Indices, the masks among them with as many places set as pass; without values: numbers of places in their stead."""
        made: list[Any] = []
        for mask in masks:
            if not isinstance(mask, torch.Tensor) or mask.dtype not in _MASKS:
                made.append(mask)
                continue
            passing = self._of_mask(mask)
            if passing is None:
                made.append(mask)
            elif mask.is_meta:
                made += [torch.empty(passing, dtype=torch.int64, device="meta") for _ in range(mask.dim())]
            else:
                made.append(_with(mask, passing))
        return made

    # -- the operators ----------------------------------------------------------------------------------------------------------

    def _look(self, func: Any) -> Operation:
        def run(x: torch.Tensor) -> Any:
            value = func(x)
            return self._seen(value) if type(value) is int else value

        return run

    def _equality(self, func: Any) -> Operation:
        def run(x: torch.Tensor, other: Any, **more: Any) -> Any:
            out = func(x, other, **more)
            self._made[id(out)] = (weakref.ref(out), self._number(x), None)
            return out

        return run

    def _slice(self, func: Any) -> Operation:
        def run(x: torch.Tensor, axis: int, index: int) -> Any:
            out = func(x, axis, index)
            if not x.is_floating_point():
                self._made[id(out)] = (weakref.ref(out), self._number(x), axis)
            return out

        return run

    def _number(self, x: torch.Tensor) -> int:
        """The number of a tensor that was compared or sliced; it is not kept alive for it."""
        number = self._numbers.get(id(x))
        if number is None or self._sources[number]() is not x:
            number = self._numbers[id(x)] = len(self._sources)
            self._sources.append(weakref.ref(x))
        return number

    def _nonzero(self, func: Any) -> Operation:
        def run(x: torch.Tensor) -> Any:
            passing = self._of_mask(x)
            if passing is None:
                return func(x)
            if x.is_meta:
                return torch.empty((passing, x.dim()), dtype=torch.int64, device="meta")
            return func(_with(x != 0, passing))

        return run

    def _index(self, func: Any) -> Operation:
        return lambda x, indices: func(x, self._masks(indices))

    def _index_put(self, func: Any) -> Operation:
        """Writes into a tensor of a known size: only what is written has as many rows as pass."""

        def run(x: torch.Tensor, indices: Any, values: torch.Tensor, *rest: Any, **more: Any) -> Any:
            return func(x, self._masks(indices) if values.numel() != 1 else indices, values, *rest, **more)

        return run

    def _masked_select(self, func: Any) -> Operation:
        def run(x: torch.Tensor, mask: torch.Tensor) -> Any:
            shape = torch.broadcast_shapes(x.shape, mask.shape)
            wide = mask.expand(shape)
            passing = self._of_mask(mask if mask.shape == shape else wide)
            if passing is None:
                return func(x, mask)
            return x.new_empty(passing) if x.is_meta else func(x.expand(shape), _with(wide, passing))

        return run

    def _nms(self, func: Any) -> Operation:
        def run(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> Any:
            kept: list[torch.Tensor] = []

            def natural() -> int:
                kept.append(func(boxes, scores, threshold))
                return len(kept[0])

            passing = self._noted(len(boxes), natural)
            if passing is None:
                return kept[0]
            if boxes.is_meta:
                return torch.empty(passing, dtype=torch.int64, device="meta")
            return scores.argsort(descending=True)[:passing]

        return run

    def _unique(self, func: Any) -> Operation:
        """How many different values there are is no question of rows that pass: without values, one."""

        def run(x: torch.Tensor, *args: Any, **more: Any) -> Any:
            if not x.is_meta or self.others is None:
                return func(x, *args, **more)
            flags = dict(zip((a.name for a in func._schema.arguments[1:]), args, strict=False)) | more
            dim = flags.get("dim")
            size = list(x.shape) if dim is not None else [x.numel()]
            at = dim or 0
            size[at] = min(1, size[at])
            whole = x.shape if dim is None else x.shape[at : at + 1]
            inverse = x.new_empty(whole if flags.get("return_inverse") else (0,), dtype=torch.int64)
            counts = x.new_empty(size[at : at + 1] if flags.get("return_counts") else (0,), dtype=torch.int64)
            return x.new_empty(size), inverse, counts

        return run


def _with(mask: torch.Tensor, count: int) -> torch.Tensor:
    """The mask with `count` places set: those that are, as many of them as are wanted, then others, in order."""
    flat = mask.reshape(-1) != 0
    order = flat.logical_not().to(torch.uint8).argsort(stable=True)
    out = torch.zeros_like(flat)
    out[order[:count]] = True
    return out.reshape(mask.shape)


_STAND_INS: dict[str, Callable[[Passing, Any], Operation]] = {
    "aten::_local_scalar_dense": Passing._look,
    "aten::eq": Passing._equality,
    "aten::select": Passing._slice,
    "aten::nonzero": Passing._nonzero,
    "aten::index": Passing._index,
    "aten::_unsafe_index": Passing._index,
    "aten::index_put": Passing._index_put,
    "aten::index_put_": Passing._index_put,
    "aten::_index_put_impl_": Passing._index_put,
    "aten::_unsafe_index_put": Passing._index_put,
    "aten::masked_select": Passing._masked_select,
    "torchvision::nms": Passing._nms,
    "aten::_unique2": Passing._unique,
    "aten::unique_dim": Passing._unique,
    "aten::unique_consecutive": Passing._unique,
    "aten::unique_dim_consecutive": Passing._unique,
}
