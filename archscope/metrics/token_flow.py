"""What later tokens need of earlier ones: the keys and values that attention reads, followed back to where they are smallest.

Every tensor that depends on the token ids has a cut: the smallest set of tensors before it from which it can be made again
without a layer with weights. Copies for groups of heads and rotations are undone by that; a layer with weights is looked through
only where it widens what a layer before it has narrowed down (a latent vector), so that the stream between the blocks is never
taken for a cache. Sets, not sizes: keys and values that share something, or layers that share keys, count it once.

Sources: Shazeer, "Fast Transformer Decoding: One Write-Head is All You Need", 2019; Ainslie et al., "GQA", 2023; DeepSeek-AI,
"DeepSeek-V2", 2024, section 2.1: the latent vector and the rotated key are what is cached.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from archscope.graph import Graph, Node, kinds

_FILLS = ("fills memory", "random numbers")
_SOFTMAX = {"_softmax", "_safe_softmax", "softmax"}


@dataclass
class Attention:
    """One attention of the token stream to itself.

    Attributes:
        node: the product of queries and keys.
        keys, values: cuts of both; values are empty until they have been read.
        masked: whether what a query sees depends on its place, as with a causal mask.
        weighs: whether its scores have become weights.
    """

    node: Node
    keys: frozenset[int]
    values: frozenset[int] = frozenset()
    masked: bool = False
    weighs: bool = False


@dataclass
class TokenFlow:
    """The way of the tokens through a Graph.

    Attributes:
        sequences: shapes of the inputs of token ids, by tensor id; those whose embeddings are summed are one.
        attentions: in execution order.
    """

    graph: Graph
    sequences: dict[int, int] = field(default_factory=dict)
    attentions: list[Attention] = field(default_factory=list)
    _ids: dict[int, int] = field(default_factory=dict)  # integer tensor -> the input that it shows
    _cuts: dict[int, frozenset[int]] = field(default_factory=dict)
    _narrow: set[int] = field(default_factory=set)  # made by layers with weights, not yet added to the stream
    _learned: set[int] = field(default_factory=set)  # made of weights: relative positions
    _scores: dict[int, Attention] = field(default_factory=dict)
    _looked_up: dict[int, frozenset[int]] = field(default_factory=dict)  # embedding -> inputs that it comes from

    def elements(self, tensors: Iterable[int]) -> int:
        """Numbers in these tensors."""
        return sum(self.graph.tensors[t].numel for t in tensors)

    def is_of_tokens(self, node: Node) -> bool:
        """Whether a look-up is that of token ids."""
        return any(t in self._ids for t in node.inputs)

    def run(self) -> "TokenFlow":
        """Walks the nodes in order."""
        tensors = self.graph.tensors
        self._ids = {t: t for t in self.graph.inputs if "int" in tensors[t].dtype and len(tensors[t].shape) > 1}
        for node in self.graph.nodes if self._ids else ():
            self._step(node)
        return self

    def _step(self, node: Node) -> None:
        read = [t for t in node.inputs if t in self._cuts]
        if not read:
            self._before_tokens(node)
        elif node.free in _FILLS:
            return
        elif kinds.kind(node) == kinds.ATTENTION and len(node.inputs) > 2:
            self._fused(node)
        elif not node.params and kinds.kind(node) in (kinds.PRODUCT, kinds.LINEAR) and len(read) > 1:
            self._product(node, read)
        elif any(t in self._scores for t in read):
            self._on_scores(node, read)
        else:
            self._elsewhere(node, read)

    def _before_tokens(self, node: Node) -> None:
        roots = {self._ids[t] for t in node.inputs if t in self._ids}
        if roots and kinds.kind(node) == kinds.EMBEDDING and node.params:
            for t in node.outputs:
                self._cuts[t], self._looked_up[t] = frozenset([t]), frozenset(roots)
            self.sequences.update(dict.fromkeys(roots, min(roots)))
        elif len(roots) == 1 and kinds.kind(node) == kinds.RESHAPE:
            self._ids.update(dict.fromkeys(node.outputs, roots.pop()))
        elif any(t in self._learned for t in node.inputs) or any(self.graph.param[name].trainable for name in node.params):
            self._learned.update(node.outputs)

    def _elsewhere(self, node: Node, read: list[int]) -> None:
        """Anything but attention: a layer with weights, or what can be done again."""
        union = frozenset().union(*(self._cuts[t] for t in read))
        narrow = all(t in self._narrow for t in read)
        weighted = bool(node.params) and kinds.kind(node) in kinds.WEIGHTED
        known = [self._looked_up[t] for t in read if t in self._looked_up]
        for t in node.outputs:
            most = self.graph.tensors[t].numel // 2 if weighted else self.graph.tensors[t].numel
            passes = self.elements(union) <= most and (narrow or not weighted)
            self._cuts[t] = union if passes else frozenset([t])
            if narrow or weighted:
                self._narrow.add(t)
            if known and len(known) == len(read) and not weighted:
                self._merge(t, frozenset().union(*known))

    def _merge(self, tensor: int, roots: frozenset[int]) -> None:
        """Embeddings of several inputs in one tensor: these inputs say something of the same tokens."""
        self._looked_up[tensor] = roots
        if self.graph.tensors[tensor].shape[:2] == self.graph.tensors[min(roots)].shape[:2]:
            self.sequences.update(dict.fromkeys(roots, min(self.sequences[root] for root in roots)))

    # -- attention --------------------------------------------------------------------------------------------------------------

    def _fused(self, node: Node) -> None:
        query, key, value = node.inputs[:3]
        if key in self._cuts and value in self._cuts and query in self._cuts:
            masks = [t for t in node.inputs[3:] if t not in self._cuts]
            fits = (self.graph.tensors[query].shape[-2], self.graph.tensors[key].shape[-2])
            masked = bool(node.attrs.get("is_causal")) or any(self._fits(t, fits) for t in masks)
            self.attentions.append(Attention(node, self._cuts[key], self._cuts[value], masked, weighs=True))
        self._made(node)

    def _product(self, node: Node, read: list[int]) -> None:
        of = next((self._scores[t] for t in read if t in self._scores), None)
        if of is None:
            found = Attention(node, self._cuts[read[-1]])
            self.attentions.append(found)
            self._scores[node.outputs[0]] = found
        else:
            of.values = frozenset().union(*(self._cuts[t] for t in read if t not in self._scores))
        self._made(node)

    def _on_scores(self, node: Node, read: list[int]) -> None:
        """Something is done to scores or weights: they are scaled, masked, normalised, seen in another shape."""
        of, at = next((self._scores[t], t) for t in read if t in self._scores)
        of.weighs = of.weighs or node.name in _SOFTMAX
        before = self.graph.tensors[at].numel
        for t in node.outputs:
            shape = self.graph.tensors[t].shape
            if kinds.kind(node) == kinds.RESHAPE or self.graph.tensors[t].numel >= before:
                self._scores[t] = of
                buffers = [self.graph.param[name].shape for name in node.params if not self.graph.param[name].trainable]
                of.masked = of.masked or any(self._fits(one, shape[-2:]) for one in node.inputs if one not in self._cuts)
                of.masked = of.masked or any(shape[-2:] == one[-2:] for one in buffers)
        self._made(node)

    def _fits(self, tensor: int, sees: tuple[int, ...]) -> bool:
        """Whether a tensor can be a mask that has a row for each query and does not come from weights."""
        return self.graph.tensors[tensor].shape[-2:] == sees and sees[0] > 1 and tensor not in self._learned

    def _made(self, node: Node) -> None:
        self._cuts.update((t, frozenset([t])) for t in node.outputs)
        self._narrow.update(node.outputs)
