"""An ONNX model: operators, shapes, parameters and the modules that names tell. Needs the onnx package; weights are not opened.

Sizes that the file leaves open are those asked for; the batch is 1 where nobody says otherwise.
"""

from pathlib import Path

from archscope.graph import Graph
from archscope.models.graph_file import Asked, reads


@reads(".onnx", takes_sizes=True)
def onnx(path: Path, asked: Asked) -> Graph:
    """The Graph of the model."""
    from archscope.models.exported.onnx_file import graph_of

    return graph_of(path, asked)
