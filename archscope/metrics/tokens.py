"""Of language models: what a token costs, and what has to be kept of it for those that follow."""

from math import prod

from archscope.graph import Graph
from archscope.graph.records import item_bytes
from archscope.metrics.arithmetic import flops, macs
from archscope.metrics.data_sizes import varying
from archscope.metrics.metric import metric
from archscope.metrics.token_flow import TokenFlow
from archscope.values import Absent, AtLeast, Value, Varies, after

CACHE = (
    'Shazeer 2019, "Fast Transformer Decoding", sec. 2: keys and values of all tokens so far; Ainslie et al. 2023, "GQA"; '
    'DeepSeek-AI 2024, "DeepSeek-V2", sec. 2.1'
)
NO_TOKENS = Absent("it reads no token ids")


@metric()
def tokens(graph: Graph) -> Value:
    """Tokens that one forward reads, of all examples of the batch: numbers in the input of token ids."""
    return _tokens(graph, TokenFlow(graph).run())


def _tokens(graph: Graph, flow: TokenFlow) -> Value:
    if not flow.sequences:
        return NO_TOKENS
    if len(set(flow.sequences.values())) > 1:
        return Absent("it reads several sequences, and which is counted is a choice")
    return prod(graph.tensors[next(iter(flow.sequences))].shape[:2])


def _per_token(graph: Graph, name: str, amount: int) -> Value:
    """The amount, which the metric `name` is, by the tokens; a lower bound or one of several where the amount is that."""
    count = tokens(graph)
    if isinstance(count, Absent) or not isinstance(count, int):
        return count
    found = varying(graph, name, amount)
    if isinstance(found, Varies):
        least, most = (None if end is None else end // count for end in (found.least, found.most))
        return Varies(amount // count, least, most, found.reason, found.lacks)
    if isinstance(amount, AtLeast):
        return AtLeast(amount // count, amount.reason)
    return amount // count if amount % count == 0 else amount / count


@metric(title="MACs/token")
def macs_per_token(graph: Graph) -> Value:
    """Multiply-accumulates of one forward by its tokens: attention makes it grow with their number."""
    return _per_token(graph, "macs", macs(graph))


@metric(title="FLOPs/token")
def flops_per_token(graph: Graph) -> Value:
    """Floating-point operations of one forward by its tokens: attention makes it grow with their number."""
    return _per_token(graph, "flops", flops(graph))


@metric(unit="B", title="KV cache/token", source=CACHE)
def kv_cache_per_token(graph: Graph) -> Value:
    """Bytes of keys and values that a causal network keeps of each token for those that follow: before they are copied for groups
    of query heads; of a latent vector that both are made from, in their place. A sliding window keeps no more of fewer tokens.
    """
    flow = TokenFlow(graph).run()
    count = _tokens(graph, flow)
    if isinstance(count, Absent) or not isinstance(count, int):
        return count
    if graph.meta.failure is not None:
        return after(graph.meta.failure.type, graph.meta.failure.path, "the forward stopped")
    alone = graph.tensors[next(iter(flow.sequences))].shape[1] == 1  # one token sees those before it, whatever is masked
    kept: set[int] = set()
    for one in flow.attentions:
        where = graph.path(one.node)
        if not one.weighs or not one.values:
            return after(one.node.op, where, "a product of two sequences without a softmax between it and the values")
        if not one.masked and not alone:
            return Absent(f"no causal mask in {where or 'the network'}: what is known of a token changes with those that follow")
        kept |= one.keys | one.values
    if not kept:
        return Absent("no attention to earlier tokens")
    bytes = sum(graph.tensors[t].numel * item_bytes(graph.tensors[t].dtype) for t in kept)
    return bytes // count if bytes % count == 0 else Absent("what is kept is not the same for each token")
