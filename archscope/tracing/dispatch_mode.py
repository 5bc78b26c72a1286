"""The recorder: a dispatch mode that writes down every operator, and a listener that writes down every call.

It sees aten operators, below autograd and above the kernels: `F.linear` arrives as `t` and `addmm`. A view of a parameter (the
`t` above) is that parameter by another name and not written down; everything else is.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.errors import ArchscopeError
from archscope.graph import Call, Failure, Node
from archscope.graph.spelling import Spelling
from archscope.tracing.arguments import leaves
from archscope.tracing.autocast import Kernels
from archscope.tracing.known_runs import Runs, known_runs, operators
from archscope.tracing.known_values import KnownValues
from archscope.tracing.listening_mode import ListeningMode
from archscope.tracing.module_contents import Survey
from archscope.tracing.operator_runs import Assessment, Operator, Reading, assess
from archscope.tracing.passing_rows import Passing
from archscope.tracing.placement import Placement
from archscope.tracing.process import listens, threads_started
from archscope.tracing.tensor_identity import Entry, Ledger, tensors_in


def one_line(error: BaseException) -> str:
    """What an error says, in one line; with its type where the words alone do not tell: a KeyError's are the key."""
    lines = (error.message if isinstance(error, ArchscopeError) else str(error)).strip().splitlines()
    if not lines:
        return type(error).__name__
    speaks = isinstance(error, (RuntimeError, ValueError, TypeError, AssertionError, ArchscopeError))
    return lines[0] if speaks else f"{type(error).__name__}: {lines[0]}"


class Recorder(ListeningMode):
    """Writes down the operators and calls that run in this thread while it is entered.

    Arguments:
        survey: of the network.
        ledger: knows the parameters and inputs already.
        meta: bring every tensor that is not there yet to the meta device on sight (constants, what the forward makes anew).
        gradients: write down which tensors each operator reads in which place, and which of them want a gradient.
        passing: has what runs in the place of some operators: those whose sizes data decide. They run themselves without.
        values: knows which tensors have values although they are not needed; without it, single numbers have.
    """

    supports_higher_order_operators = True  # they are written down as one operator that nobody knows the cost of

    def __init__(
        self,
        survey: Survey,
        ledger: Ledger,
        meta: bool,
        gradients: bool = False,
        passing: Passing | Kernels | None = None,
        values: KnownValues | None = None,
    ) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.calls: list[Call] = []
        self.made: dict[str, None] = {}  # paths of the modules with parameters that the forward makes
        self.ledger = ledger
        self.failure: Failure | None = None
        self._error: BaseException | None = None
        self._paths, self._packed = survey.paths, survey.packed
        self._meta = meta
        self._gradients = gradients
        self.placement = Placement(ledger, values)
        self._operators = operators() if passing is None else {}
        self._dtype, self._known, self._known_here = torch.get_default_dtype(), known_runs(), Runs()
        self._unseen: dict[int, int] = {}  # tensors that were made while autograd did not look -> the nodes that made them
        self._running: list[tuple[int, tuple[Any, ...]]] = []
        self._threads = threads_started()
        ledger.on_stranger = self.meet
        self._passing = passing
        if passing is not None:
            passing.path = self.path

    # -- calls ------------------------------------------------------------------------------------------------------------------

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """A module is about to run."""
        # A hook of the user's on the network itself may call modules when the network has finished.
        parent = self._running[-1][0] if self._running else (0 if self.calls else None)
        path = self._paths.get(module)
        if path is None:  # a module that the forward made for itself
            path = f"{self.calls[parent].path}.{type(module).__name__}".lstrip(".") if parent is not None else ""
            if module._parameters:
                self.made[path] = None
        self.calls.append(Call(len(self.calls), parent, path, type(module).__name__))
        self._running.append((len(self.calls) - 1, args))

    def finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """It has run, or raised."""
        call, inputs = self._running.pop()
        error = sys.exc_info()[1]
        # One error passes through every module above the one that raised it; an earlier one was caught on its way.
        if error is not None and output is None and error is not self._error:
            self._error = error
            self.failure = Failure(
                path=self.calls[call].path,
                type=self.calls[call].type,
                error=one_line(error),
                inputs=tuple(tuple(t.shape) for t in tensors_in(inputs)),
            )

    def path(self) -> str:
        """Path of the module that is running."""
        return self.calls[self._running[-1][0]].path if self._running else ""

    def spelling(self) -> Spelling | None:
        """How the Python was spelled, where it was noted."""
        return None

    def forget(self) -> None:
        """Lets go of all that it has written down. It refers to itself: the trace of a large network would be left to the garbage
        collector, which looks at every part of it.
        """
        self.nodes, self.calls = [], []
        self.placement.forget()
        self.ledger.forget()

    # -- operators --------------------------------------------------------------------------------------------------------------

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        if not listens(self):  # a trace inside this one: its operators are its own
            return func(*args, **(kwargs or {}))
        operator = self._operators.get(id(func))
        if operator is None:
            operator = self._operators[id(func)] = Operator(func, self._passing.operation(func) if self._passing else None)
        kwargs = kwargs or {}
        if operator.is_bookkeeping:
            return func(*args, **kwargs)
        if operator.parts is not None:
            with self._resumed():
                return operator.parts(*args, **kwargs)
        meta, out = self._meta, None
        if meta and operator.asks:
            meta, out, args, kwargs = self.placement.of(operator, args, kwargs)
        read = Reading(self.ledger, operator, meta)
        arguments, named = read.all(args), read.named(kwargs)
        if read.elsewhere:
            meta, out, args, kwargs = self.placement.of(operator, args, kwargs)
            read = Reading(self.ledger, operator, meta)
            arguments, named = read.all(args), read.named(kwargs)
        if read.packed:
            read.params += self._packed_params()
        if torch.get_default_dtype() is not self._dtype:  # the forward has set another, and 1 / 2 gives that now
            self._dtype, self._known, self._known_here = torch.get_default_dtype(), known_runs(), Runs()
        repeats = meta and not operator.decides and out is None  # else values decide: not the same for the same shapes
        runs = self._known if operator.is_torchs and not read.packed else self._known_here
        known = runs.get(key := tuple(read.key)) if repeats else None
        # A view of a parameter is that parameter; what a subclass makes of a view is its own affair.
        if known is not None and (known.makes or (known.view and read.inputs and type(args[0]) is torch.Tensor)):
            return self._made_again(operator, read, known, args, kwargs)
        if known is not None and known.in_place:
            out = args[0]
        else:
            if out is None and operator.rule is not None and meta:
                out = operator.rule(*args, **kwargs)
            by_rule = out is not None
            if out is None:
                out = operator.run(*args, **kwargs)
        if operator.is_view and read.params and not read.inputs:
            for tensor in tensors_in(out):
                self.ledger.alias(tensor, read.params[0])
            return out
        # Before the results get their numbers: what is written in place has another one afterwards.
        operands, wanted = (_places(read), self._wanted(args, kwargs)) if self._gradients else ((), ())
        written = self._number(operator, args, kwargs, out, read)
        if known is None:
            known = assess(operator, read, arguments, named, written, out)
            if repeats:
                runs[key] = (known.by_rule if by_rule else known.by_sight)(operator, args, out, written)
        self._write_down(operator, read, written, known, operands, wanted)
        return out

    def _made_again(
        self, operator: Operator, read: Reading, known: Assessment, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The result of a run like one before, without asking anybody."""
        operands, wanted = (_places(read), self._wanted(args, kwargs)) if self._gradients else ((), ())
        ledger = self.ledger
        if known.view is not None:
            made = [known.view.of(args[0])]
            written = [ledger.add_like(made[0], known.view.like, ledger.tensors[read.inputs[0]].storage)]
        else:
            made = [make() for make, _ in known.makes]
            written = [ledger.add_like(tensor, like) for tensor, (_, like) in zip(made, known.makes, strict=True)]
        self._write_down(operator, read, written, known, operands, wanted)
        return made[0] if known.alone else tuple(made)

    @contextmanager
    def _resumed(self) -> Iterator[None]:
        """Listening again, inside an operator."""
        TorchDispatchMode.__enter__(self)
        try:
            yield
        finally:
            TorchDispatchMode.__exit__(self, None, None, None)

    def meet(self, tensor: torch.Tensor) -> None:
        """A tensor that this forward has not made: a constant; or made in a thread that the forward has started.

        Raises `ArchscopeError` for the latter: what that thread has computed is not known.
        """
        if threads_started() == self._threads or self.placement.is_twin(tensor):
            return
        if not any(tensor is held for module in self._paths for held in leaves([*vars(module).values()])):
            raise ArchscopeError(
                "the forward computes in threads of its own, which nobody hears", "let the forward run in one thread"
            )

    def number(self, tensor: torch.Tensor) -> int | None:
        """The number of a tensor among the results; None for one that this forward has not made. Raises as `meet` does."""
        if self.ledger.known(tensor) is None:
            self.meet(tensor)
        return self.ledger.number(tensor)

    def _packed_params(self) -> list[str]:
        """Parameters that the running module keeps inside an opaque object: weights of a quantized layer."""
        here = self.path()
        inside = [held for path, held in self._packed.items() if path == here or path.startswith(f"{here}.".lstrip("."))]
        return [param.name for params in inside for param in params]

    def _write_down(
        self, operator: Operator, read: Reading, written: list[Entry], known: Assessment,
        operands: tuple[int, ...], wanted: tuple[int, ...],
    ) -> None:  # fmt: skip
        number = len(self.nodes)
        params = read.params
        self.nodes.append(
            Node(
                number,
                operator.name,
                self._running[-1][0] if self._running else 0,
                tuple(read.inputs),
                tuple([entry.key for entry in written]),  # type: ignore[misc]
                tuple(dict.fromkeys(params) if len(params) > 1 else params),
                known.cost,
                known.bytes,
                known.attrs,
                1,
                known.free,
                operands,
                wanted,
            )
        )
        self.ledger.node = number
        if self._gradients and not torch.is_grad_enabled():
            self._unseen.update((entry.key, number) for entry in written if type(entry.key) is int)

    def _wanted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...]:
        """Places of the tensors that require a gradient, as autograd, which runs above, sees it now."""
        if not torch.is_grad_enabled():
            return ()
        tensors = tensors_in([*args, *kwargs.values()])
        self.settle(tensors)
        return tuple([at for at, tensor in enumerate(tensors) if tensor.requires_grad])

    def settle(self, tensors: Iterable[torch.Tensor]) -> None:
        """Autograd has not seen how some tensors were made. Those that have a gradient function nevertheless come out of a
        `torch.autograd.Function`, or what is built like one: gradients go on through all that they were made of inside it.
        """
        numbers = [self.ledger.number(tensor) for tensor in tensors if tensor.grad_fn is not None] if self._unseen else []
        waiting = [number for number in numbers if number in self._unseen]
        while waiting:
            at = self._unseen.pop(waiting.pop(), -1)
            if at >= 0 and not self.nodes[at].wanted:
                node = self.nodes[at]
                self.nodes[at] = msgspec.structs.replace(node, wanted=tuple([-1 - place for place in range(len(node.operands))]))
                waiting += [number for number in node.inputs if number in self._unseen]

    def _number(self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, read: Reading) -> list[Entry]:
        """Numbers what an operator wrote: in place, as a view, or anew."""
        if not operator.writes:
            storage = self.ledger.tensors[read.inputs[0]].storage if operator.is_view and read.inputs else None
            if type(out) is torch.Tensor:
                return [self.ledger.add(out, storage)]
            return [self.ledger.add(tensor, storage) for tensor in tensors_in(out)]
        if len(operator.writes) == 1 and operator.writes[0] == 0 and out is args[0]:
            return [self.ledger.rewrite(out)]
        targets = [args[at] if at < len(args) else kwargs.get(operator.names[at]) for at in operator.writes]
        rewritten = {id(t): t for target in targets for t in tensors_in(target)}
        written = [self.ledger.rewrite(t) for t in rewritten.values()]
        return written + [self.ledger.add(t) for t in tensors_in(out) if id(t) not in rewritten]


def _places(read: Reading) -> tuple[int, ...]:
    """What was read in the order of the arguments, as places among the node's inputs and, behind them, its params."""
    params = list(dict.fromkeys(read.params))
    first = len(read.inputs)
    return tuple([
        read.inputs.index(entry.key) if isinstance(entry.key, int) else first + params.index(entry.key) for entry in read.entries
    ])  # fmt: skip
