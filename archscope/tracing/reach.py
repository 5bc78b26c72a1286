"""How far a forward gets with these inputs: what can be learned of a network by trying."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.graph import Meta
from archscope.tracing.forward_pass import unwrapped
from archscope.tracing.known_values import KnownValues
from archscope.tracing.lazy_modules import surveyed
from archscope.tracing.lending import lent
from archscope.tracing.one_forward import NotOnMetaError, TraceError, TwoDevicesError, run_once
from archscope.tracing.process import listening, shared_state


class Reach(NamedTuple):
    """What became of one forward on the meta device.

    Attributes:
        runs: whether it got through; None where it stopped for want of values.
        operators: that ran.
        said: why it stopped; "" where it got through.
        where: the module that it stopped in, and why, without numbers.
        modules: that had begun to run.
        error: of the network's own code, with its traceback.
        looked: whether it wanted to know values.
    """

    runs: bool | None
    operators: int
    said: str
    where: str
    modules: int = 0
    error: BaseException | None = None
    looked: bool = False


def reach(module: nn.Module, inputs: dict[str, Any], known: Collection[str] = ()) -> Reach:
    """Runs a module with inputs by name, without weights or arithmetic.

    Arguments:
        known: names of inputs on the CPU whose values may be looked at, if need be.
    """
    module = unwrapped(module)
    try:
        with torch.device("cpu"), listening(None), lent(module), shared_state():  # as a trace is, whatever was the default
            survey, looked = surveyed(module, (), inputs), False
            try:
                graph = run_once(survey, (), inputs, "", Meta(), spelled=False)
            except (TwoDevicesError, NotOnMetaError):
                looked = True
                graph = run_once(survey, (), inputs, "", Meta(), spelled=False, values=KnownValues(known))
    except NotOnMetaError as error:
        refused = isinstance(error.__cause__, NotImplementedError) and "meta" not in str(error.__cause__)
        return Reach(False if refused else None, error.operators, str(error), str(error), error=error.__cause__)
    except TraceError as error:
        failure = error.failure
        where = f"{failure.path} {failure.type} {re.sub('[0-9]+', '', failure.error)}"
        return Reach(False, len(error.graph.nodes), failure.error, where, len(error.graph.calls), error.__cause__)
    except ArchscopeError as error:
        return Reach(False, 0, error.message, error.message, error=error)
    return Reach(True, len(graph.nodes), "", "", looked=looked)
