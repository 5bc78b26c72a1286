"""What was recognised: operators that are one thing, and what there is to say about it."""

from dataclasses import dataclass

from archscope.graph import Node


@dataclass(frozen=True)
class Attention:
    """Softmax over the products of queries and keys, times the values.

    Attributes:
        queries, keys: how many tokens look, and at how many; 0 where these are no tokens (attention between channels).
        heads: side by side; 0 where the trace does not tell.
        width: of one head's queries and keys.
        shared: heads of keys and values, where several heads of queries share one; else 0.
        windows: in how many windows or groups of each example it runs apart; 1 for all tokens at once.
        cross: whether the keys come from something else than the queries.
    """

    queries: int
    keys: int
    heads: int
    width: int
    shared: int = 0
    windows: int = 1
    cross: bool = False


@dataclass(frozen=True)
class Recurrence:
    """A recurrent layer with all its steps.

    Attributes:
        width: of its state.
        layers: one above the other.
        both: whether it runs in both directions.
        projected: the width that a projection gives its state before anybody reads it; 0 without one.
    """

    width: int
    layers: int
    both: bool
    projected: int = 0


@dataclass(frozen=True)
class Router:
    """What decides which experts see a token.

    Attributes:
        experts, active: how many there are, and how many each token is sent to.
    """

    experts: int
    active: int


@dataclass(frozen=True)
class Experts:
    """The experts that a router chooses among, with the sum of what they make.

    Attributes:
        count: how many there are.
        width: inside each; 0 where the trace does not tell.
        activation: between the layers of each; "" where there is none that has a name.
        gated: whether each is a gated MLP.
    """

    count: int
    width: int
    activation: str
    gated: bool


@dataclass(frozen=True)
class Scan:
    """A recurrence over tokens without a matrix of weights inside.

    Attributes:
        word: what a field calls it: "state-space scan".
        heads: side by side; 0 where each channel has a state of its own.
        width: values of one head, or channels.
        states: numbers that are kept for each of them; 0 for one.
    """

    word: str
    heads: int
    width: int
    states: int


Facts = Attention | Recurrence | Router | Experts | Scan


@dataclass(frozen=True)
class Found:
    """Operators that are one thing to a reader.

    Attributes:
        nodes: in execution order; whatever lies between two of them is among them.
        main: the one that names it.
        kind, word: as in `graph.kinds`.
        facts: what there is to say.
        output: the tensor that it hands on, where that is not what the last operator writes.
    """

    nodes: tuple[Node, ...]
    main: Node
    kind: str
    word: str
    facts: Facts | None = None
    output: int = -1
