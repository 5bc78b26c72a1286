"""Which matrix products belong to an attention that torch took apart: most tools count these differently, or not at all."""

from collections.abc import Collection, Iterator

from archscope.graph import Graph, Node

_PASSES = frozenset({
    "view", "_unsafe_view", "reshape", "expand", "clone", "transpose", "permute", "add", "mul", "masked_fill", "where", "dropout",
    "native_dropout", "_to_copy",
})  # fmt: skip


def attention_products(graph: Graph, softmaxes: Collection[str] = ("_safe_softmax",), *, scores: bool = True) -> frozenset[int]:
    """Ids of the matrix products of every `scaled_dot_product_attention` that torch took apart: scores and weighted sum.

    Its softmax is known by its kernel, `_safe_softmax`, which nothing else uses; the products are the nearest on either side.

    Arguments:
        softmaxes: the kernels beside which products are looked for; with "_softmax", also those of attention written out.
        scores: also the products before the softmax, not only those after it.
    """

    def before(node: Node) -> Iterator[Node]:
        while node.inputs and node.inputs[0] in graph.producer:
            node = graph.producer[node.inputs[0]]
            yield node

    def after(node: Node) -> Iterator[Node]:
        while readers := graph.consumers.get(node.outputs[0]):
            node = readers[0]
            yield node

    def nearest(nodes: Iterator[Node]) -> Iterator[int]:
        for node in nodes:
            if node.name == "bmm":
                yield node.id
            if node.name not in _PASSES:
                return

    ends = [node for node in graph.nodes if node.name in softmaxes]
    walks = [walk(node) for node in ends for walk in ((before, after) if scores else (after,))]
    return frozenset(found for walk in walks for found in nearest(walk))
