"""Words -> Model -> Graph. In: "inception_v4", "timm:resnet50", "net.py:Net", "v4.json"; out: the Graph, by the shortest way.

    inception_v4             a network of archscope's own (see `archscope list`)
    torchvision:resnet50     a builder of torchvision.models, without weights
    timm:convnext_tiny       a model of timm, without weights
    net.py:Net               a class or function in a Python file
    package.module:Net       the same in an installed package
    net.pt2, net.onnx        a program of torch.export, an ONNX model: one file per kind in `files/`, read by `exported/`

Open `look_up.py` first: a saved graph, the trace store, or `loading.py` (words -> Model, one file per source in `sources/`) and a
trace. `failed_forward.py` says what to do when a forward fails. torch is imported only where a model is built.
"""
