"""Whole networks: every operator is known, and the multiply-accumulates are half of what torch's own counter finds."""

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.tracing.forward_pass import trace

IMAGE = (1, 3, 224, 224)
IMAGE_NETWORKS = [
    "googlenet", "mobilenet_v3_small", "shufflenet_v2_x0_5", "densenet121", "vit_b_16", "swin_v2_t", "maxvit_t", "fcn_resnet50",
    "lraspp_mobilenet_v3_large",
]  # fmt: skip
TORCHVISION = {name: [IMAGE] for name in IMAGE_NETWORKS} | {"r3d_18": [(1, 3, 8, 112, 112)], "raft_small": [(1, 3, 128, 128)] * 2}
TIMM = [
    "convnextv2_atto", "efficientnet_b0", "nfnet_l0", "halonet26t", "xcit_nano_12_p16_224", "gmixer_12_224", "mobilevitv2_050",
    "volo_d1_224", "naflexvit_base_patch16_gap",
]  # fmt: skip


def build(name: str) -> tuple[nn.Module, list[torch.Tensor]]:
    if name in TIMM:
        model = archscope.load(f"timm:{name}")
        return model.module.eval(), list(model.inputs())
    with torch.device("meta"):
        if name in TORCHVISION:
            options = {"weights_backbone": None} if name.startswith(("lraspp", "fcn")) else {}
            options |= {"init_weights": False} if name == "googlenet" else {}
            return torchvision.models.get_model(name, **options).eval(), [torch.empty(shape) for shape in TORCHVISION[name]]
        return nn.Transformer(64, 4, 2, 2, 128, batch_first=True).eval(), [torch.empty(2, 10, 64), torch.empty(2, 12, 64)]


@pytest.mark.parametrize("name", [*TORCHVISION, *filter(timm.is_model, TIMM), "nn.Transformer"])
def test_every_operator_is_known_and_macs_agree_with_torch(name):
    model, inputs = build(name)
    graph = trace(model, *inputs)
    assert {node.op for node in graph.uncounted} == set()
    assert all(node.free or node.cost.flops for node in graph.nodes)
    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    assert 2 * graph.cost.macs == counter.get_total_flops() > 0


@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn_v2", "ssdlite320_mobilenet_v3_large"])
def test_detection_backbones(name):
    with torch.device("meta"):
        backbone = torchvision.models.get_model(name, weights=None, weights_backbone=None).backbone
    graph = trace(backbone, torch.empty(1, 3, 320, 320))
    assert {node.op for node in graph.uncounted} == set()
    assert graph.cost.macs > 0


@pytest.mark.parametrize("name", ["vit_b_16", "googlenet", "densenet121", "mobilenet_v3_small", "swin_v2_t", "maxvit_t"])
def test_macs_are_the_published_ones(name):
    """torchvision gives G multiply-accumulates, to three decimals, beside its weights; swin_v2_t's are for 256 pixels."""
    model, inputs = build(name)
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["_ops"]
    if name == "swin_v2_t":
        inputs = [torch.empty(1, 3, 256, 256)]
    assert round(trace(model, *inputs).cost.macs / 1e9, 3) == published
