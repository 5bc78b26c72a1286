"""Our reproduction of eight counters against the counters themselves, on networks of every kind: equal to the last digit, or why not.

pip install '.[bench]'; python -m benchmarks conventions           all networks, about ten minutes
python -m benchmarks.conventions timm: UNet                        those whose name contains one of these words
"""

import os
import pickle
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch

from archscope.comparison.counters import COUNTERS, imported, quiet
from archscope.conventions import CONVENTIONS
from archscope.errors import ArchscopeError
from archscope.models.loading import load
from archscope.tracing.forward_pass import trace

OWN = f"{os.path.dirname(__file__)}/_networks.py"  # noqa: PTH120
NETWORKS: dict[str, tuple[tuple[int, ...], ...]] = {
    **dict.fromkeys("lenet5 inception_v4 resnet20_cifar inception_resnet_v1 bn_inception vgg13".split(), ()),
    **{
        f"torchvision:{name}": ((3, 128, 128),)
        for name in """
            alexnet vgg11_bn squeezenet1_1 densenet121 googlenet shufflenet_v2_x1_0 mobilenet_v2 mobilenet_v3_small resnet18 resnet50
            resnext50_32x4d efficientnet_b0 regnet_y_400mf regnet_x_400mf mnasnet0_5 convnext_tiny deeplabv3_mobilenet_v3_large
            lraspp_mobilenet_v3_large fcn_resnet50
        """.split()
    },
    **{f"torchvision:{name}": ((3, 224, 224),) for name in "vit_b_16 swin_t swin_v2_t maxvit_t".split()},
    "torchvision:inception_v3": ((3, 299, 299),),
    **{f"torchvision:{name}": ((3, 4, 64, 64),) for name in "r3d_18 mc3_18 r2plus1d_18".split()},
    "torchvision:raft_small": ((3, 128, 128), (3, 128, 128)),
    "torchvision:ssdlite320_mobilenet_v3_large": ((3, 320, 320),),
    "torchvision:ssd300_vgg16": ((3, 300, 300),),
    "torchvision:retinanet_resnet50_fpn": ((3, 128, 128),),
    "torchvision:fcos_resnet50_fpn": ((3, 128, 128),),
    "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn": ((3, 128, 128),),
    **{
        f"timm:{name}": ()
        for name in """
            vit_tiny_patch16_224 deit_tiny_patch16_224 cait_xxs24_224 xcit_nano_12_p16_224 levit_128s poolformer_s12 coat_lite_tiny
            twins_svt_small pvt_v2_b0 mobilevit_xxs mobilevitv2_050 edgenext_xx_small ghostnet_050 tf_efficientnet_lite0
            mobilenetv4_conv_small efficientformer_l1 fastvit_t8 repvgg_a0 hrnet_w18_small dla34 skresnet18 resnest14d nf_regnet_b0
            eca_nfnet_l0 halonet26t botnet26t_256 coatnet_nano_rw_224 visformer_tiny tnt_s_patch16_224 convit_tiny crossvit_tiny_240
            focalnet_tiny_srf davit_tiny gcvit_xxtiny nest_tiny xception41 selecsls42b ese_vovnet19b_dw cspresnet50 tinynet_e
            lcnet_050 rexnet_100 sequencer2d_s eva02_tiny_patch14_224 mambaout_femto tiny_vit_5m_224 efficientvit_b0 efficientvit_m0
            starnet_s1 swiftformer_xs caformer_s18 inception_next_atto pit_ti_224 mixer_s32_224 resmlp_12_224 gmlp_ti16_224
            seresnet18 res2net50_26w_4s
        """.split()
    },
    **{f"{OWN}:{name}": ((32, 48),) for name in "LSTMClassifier BiLSTMTagger GRUClassifier RNNClassifier CellLoop".split()},
    **{f"{OWN}:{kind}Transformer": ((64, 16),) for kind in "Operator Torch Method Bmm Einsum Fused".split()},
    **{f"{OWN}:{name}": ((20, 64),) for name in "TorchEncoder EncoderDecoder AttentionWithWeights".split()},
    **{f"{OWN}:{name}": ((3, 64, 64),) for name in "UNet ResizingUNet Functional Siamese MLPMixer".split()},
    f"{OWN}:UNet3d": ((1, 16, 16, 16),),
    f"{OWN}:Generator": ((32,),),
    f"{OWN}:WaveNet": ((1, 256),),
    f"{OWN}:PointNet": ((3, 200),),
    f"{OWN}:TextConvolutions": ((40, 100),),
}  # fmt: skip

OPTIONS: dict[str, dict[str, Any]] = {
    "torchvision:googlenet": {"init_weights": False},
    "torchvision:inception_v3": {"init_weights": False},
    "torchvision:retinanet_resnet50_fpn": {"min_size": 128},  # they resize what they are given, by default to 800
    "torchvision:fcos_resnet50_fpn": {"min_size": 128},
}


def main(words: list[str] | None = None) -> None:
    """Prints the table, then for each counter how many networks it agrees on, then every reason."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    versions: dict[str, str] = {}
    for name in COUNTERS:
        try:
            versions[name] = imported(name)
        except ArchscopeError as error:
            print(f"{error}: {error.hint}")
    print(f"torch {torch.__version__}; " + ", ".join(f"{name} {number}" for name, number in versions.items() if name != "torch"))
    print(f"{'':44s}" + "".join(f"{name:>14s}" for name in versions))
    equal, other = dict.fromkeys(versions, 0), dict.fromkeys(versions, 0)
    reasons: list[str] = []
    for network in NETWORKS:
        called = network.replace(OWN, "own")
        if words and not any(word in called for word in words):
            continue
        cells = apart(lambda network=network: row(network, list(versions)))
        if isinstance(cells, str):
            reasons.append(f"{called}: {cells}")
            continue
        shown = []
        for name, (theirs, ours) in cells.items():
            same = theirs == ours
            equal[name] += same
            other[name] += not same
            failed = isinstance(theirs, str)
            shown.append("=" if same else "fails" if failed else f"{ours - theirs:+,d}" if isinstance(ours, int) else "?")
            if not same:
                known = f"{name} itself fails: {theirs}" if failed else why(name, network, theirs, ours)
                figures = (
                    "" if failed else f" ({name} {theirs:,}, archscope {ours if isinstance(ours, str) else format(ours, ',')})"
                )
                reasons.append(f"{called}, {name}: {known or 'NOT EXPLAINED'}{figures}")
        print(f"{called:44s}" + "".join(f"{cell:>14s}" for cell in shown), flush=True)
    print(f"{'equal':44s}" + "".join(f"{f'{equal[name]} of {equal[name] + other[name]}':>14s}" for name in versions))
    print()
    print("\n".join(reasons))


def row(network: str, counters: list[str]) -> dict[str, tuple[int | str, int | str]]:
    """(the counter's figure, ours) for each counter; a word in the place of a figure says what went wrong."""
    module, inputs = built(network)
    theirs = {name: apart(lambda name=name: asked(name, module, inputs)) for name in counters}
    graph = trace(module, *inputs, spelling=True)
    return {name: (theirs[name], CONVENTIONS[name].count(graph)) for name in counters}


def why(counter: str, network: str, theirs: int, ours: int | str) -> str:
    """The reason of a known difference; "" for one that nobody has explained."""
    if counter != "torchprofile" or isinstance(ours, str):
        return ""
    sizes = apart(lambda: products_of_sizes(*built(network)))
    if theirs - ours == sizes:
        return f"it counts {sizes} products of sizes and scales, which torch.jit.trace writes down like products of tensors"
    if "rcnn" in network:
        return f"torchvision's detectors take other branches under torch.jit.trace; and it counts {sizes} products of sizes"
    return ""


def products_of_sizes(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    """How many products of single numbers torchprofile counts: sizes and scales, which are tensors to torch.jit.trace."""
    from torchprofile import profile_macs

    parts = profile_macs(module, inputs, reduction=None)
    return sum(value for node, value in parts.items() if node.operator == "aten::mul" and node.outputs[0].shape == [])


def built(network: str) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """The network in eval mode and its inputs, the same at every call."""
    random.seed(0)
    torch.manual_seed(0)
    model = load(network, input=NETWORKS[network] or None, device="cpu", **OPTIONS.get(network, {}))
    return model.module.eval(), model.inputs(device="cpu")


def asked(name: str, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    with quiet():
        return COUNTERS[name](module, inputs).total


def apart(work: Callable[[], Any]) -> Any:
    """What `work` returns, done in a child process, so that what a counter leaves behind is gone; its error in words."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:120]}"
        with os.fdopen(writing, "wb") as file:
            pickle.dump(answer, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    return pickle.loads(content) if content else "its process ended"


if __name__ == "__main__":
    main(sys.argv[1:])
