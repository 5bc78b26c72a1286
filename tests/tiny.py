"""A small Graph made by hand."""

from archscope.graph import Call, Cost, Graph, Meta, Node, Param, Tensor


def tiny_graph() -> Graph:
    """stem: conv; block: conv, relu, add; mean over places; head: linear. One parameter and one buffer beside what runs."""
    conv = {"kernel": [3, 3], "stride": [1, 1], "padding": [1, 1], "dilation": [1, 1], "groups": 1, "transposed": False}
    return Graph(
        name="tiny",
        inputs=(0,),
        outputs=(6,),
        tensors=(
            Tensor((1, 3, 8, 8), "float32", 0),
            Tensor((1, 4, 8, 8), "float32", 1),
            Tensor((1, 4, 8, 8), "float32", 2),
            Tensor((1, 4, 8, 8), "float32", 3),
            Tensor((1, 4, 8, 8), "float32", 4),
            Tensor((1, 4), "float32", 5),
            Tensor((1, 10), "float32", 6),
        ),
        nodes=(
            Node(0, "aten.convolution", 1, (0,), (1,), ("stem.weight",), Cost(macs=8 * 8 * 4 * 3 * 3 * 3), 2224, conv),
            Node(
                1, "aten.convolution", 3, (1,), (2,), ("block.conv.weight", "block.conv.bias"),
                Cost(macs=8 * 8 * 4 * 4 * 3 * 3, adds=4 * 8 * 8), 2640, conv,
            ),
            Node(2, "aten.relu", 4, (2,), (3,), (), Cost(comparisons=4 * 8 * 8), 2048),
            Node(3, "aten.add", 2, (1, 3), (4,), (), Cost(adds=4 * 8 * 8), 3072),
            Node(4, "aten.mean", 0, (4,), (5,), (), Cost(adds=4 * 8 * 8, divs=4), 1040, {"dim": [-1, -2]}),
            Node(5, "aten.addmm", 5, (5,), (6,), ("head.weight", "head.bias"), Cost(macs=4 * 10, adds=10), 256),
        ),
        calls=(
            Call(0, None, "", "Tiny"),
            Call(1, 0, "stem", "Conv2d"),
            Call(2, 0, "block", "Residual"),
            Call(3, 2, "block.conv", "Conv2d"),
            Call(4, 2, "block.act", "ReLU"),
            Call(5, 0, "head", "Linear"),
        ),
        params=(
            Param("stem.weight", (4, 3, 3, 3), module="Conv2d"),
            Param("block.conv.weight", (4, 4, 3, 3), module="Conv2d"),
            Param("block.conv.bias", (4,), trainable=False, module="Conv2d"),
            Param("head.weight", (10, 4), module="Linear"),
            Param("head.bias", (10,), module="Linear"),
            Param("aux.weight", (5, 7), module="Linear"),
            Param("mean", (3,), trainable=False, buffer=True, module="Tiny"),
        ),
        meta=Meta(variant="made by hand", torch="0", idle={"aux": "Linear"}),
    )  # fmt: skip
