"""How large each piece of memory is that a forward works in."""

from archscope.graph.graph import Graph


def storage_bytes(graph: Graph) -> dict[int, int]:
    """Bytes of every storage that holds an input or something written, by number. A view, which may repeat what it shows
    (`expand`), makes none; constants of the network have none here.
    """
    size: dict[int, int] = {}
    for t in graph.inputs:
        size.setdefault(graph.tensors[t].storage, graph.tensors[t].bytes)
    for node in graph.nodes:
        for t in node.outputs if node.bytes else ():
            size.setdefault(graph.tensors[t].storage, graph.tensors[t].bytes)
    return size
