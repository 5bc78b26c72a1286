"""Calls from module paths: a file tells of every operator which modules it ran in; the runs of modules follow from the order.

A module's operators are neighbours in a trace. An operator without a place (an exporter's own) belongs to the modules that hold
both its neighbours.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from archscope.graph import Call

_DEEPEST = 64


class Frame(NamedTuple):
    """One run of one module.

    Attributes:
        path: in the network: "layer1.0.conv1".
        type: class name, as far as it is known: "Conv2d".
        run: tells several runs of one module apart.
    """

    path: str
    type: str
    run: str = ""


Scope = tuple[Frame, ...]
"""The modules that hold an operator, from the outermost inside the network to the innermost."""


def calls_of(scopes: Sequence[Scope | None], root: str) -> tuple[tuple[Call, ...], list[int]]:
    """The calls, and of each operator the one that ran it.

    Arguments:
        scopes: of the operators, in execution order.
        root: class of the network.
    """
    calls = [Call(0, None, "", root)]
    homes: list[int] = []
    stack: list[tuple[Frame, int]] = []
    for scope in _filled(scopes):
        same = sum(1 for _ in takewhile(lambda pair: pair[0][0] == pair[1], zip(stack, scope, strict=False)))
        del stack[same:]
        for frame in scope[same:]:
            number = len(calls)
            calls.append(Call(number, stack[-1][1] if stack else 0, frame.path, frame.type))
            stack.append((frame, number))
        homes.append(stack[-1][1] if stack else 0)
    return tuple(calls), homes


def _filled(scopes: Sequence[Scope | None]) -> list[Scope]:
    """Every operator with a place: one that has none is in what holds the nearest before and after it."""
    after: list[Scope | None] = [None] * len(scopes)
    following: Scope | None = None
    for at in range(len(scopes) - 1, -1, -1):
        after[at] = following
        scope = scopes[at]
        if scope is not None:
            following = scope
    filled: list[Scope] = []
    before: Scope = ()
    for scope, behind in zip(scopes, after, strict=True):
        if scope is None:
            pairs = zip(before, behind or (), strict=False)
            scope = tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        else:
            before = scope
        filled.append(scope[:_DEEPEST])
    return filled
