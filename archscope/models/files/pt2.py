"""A program of torch.export: `torch.export.save(torch.export.export(net, (x,)), "net.pt2")`. No torch, nothing is unpickled.

The archive holds the program as JSON: operators by their schemas, the shape of every tensor, the modules that each operator ran
in. Weights stay where they are. Source: torch/export/pt2_archive; before torch 2.8 the JSON lay beside pickled weights.
"""

from pathlib import Path

from archscope.graph import Graph
from archscope.models.graph_file import Asked, reads


@reads(".pt2", takes_sizes=True)
def pt2(path: Path, asked: Asked) -> Graph:
    """The Graph of the program; sizes that it leaves open are those asked for, or those of its example."""
    from archscope.models.exported.torch_file import read

    return read(path, asked)
