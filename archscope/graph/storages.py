"""How large each piece of memory is that a forward works in."""

from archscope.graph.graph import Graph


def storage_bytes(graph: Graph) -> dict[int, int]:
    """Bytes of every storage that holds an input or something written, by number. A view, which may repeat what it shows
    (`expand`), makes none; constants of the network have none here.
    """
    size: dict[int, int] = {}
    for tensors in (graph.inputs, *[node.outputs for node in graph.nodes if node.bytes]):
        for t in tensors:
            tensor = graph.tensors[t]
            if tensor.storage not in size:
                size[tensor.storage] = tensor.bytes
    return size
