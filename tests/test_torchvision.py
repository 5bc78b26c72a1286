"""Every classification model of torchvision against the parameters and multiply-accumulates that torchvision publishes for it."""

import pytest
from torchvision import models

import archscope
from archscope import metrics

NAMES = models.list_models(module=models)


def sides() -> list[tuple[str, int]]:
    """Each model with each resolution at which weights of it were evaluated."""
    return [
        (name, side)
        for name in NAMES
        for side in sorted({weights.transforms().crop_size[0] for weights in models.get_model_weights(name)})
    ]


@pytest.mark.parametrize(("name", "side"), sides())
def test_published_macs_and_params(name, side):
    # The figures of GoogLeNet's weights leave the auxiliary heads out, those of Inception-v3's do not.
    options = {"image_size": side} if name.startswith("vit_") else {"aux_logits": False} if name == "googlenet" else {}
    graph = archscope.load(f"torchvision:{name}", input=(3, side, side), **options).trace()
    assert graph.meta.device == "meta"
    assert not graph.uncounted
    for weights in models.get_model_weights(name):
        if weights.transforms().crop_size[0] == side:
            assert metrics.params(graph) == weights.meta["num_params"]
            # torchvision rounds to three decimals
            assert abs(graph.cost.macs / 1e9 - weights.meta["_ops"]) <= 0.0005


@pytest.mark.parametrize("name", ["vit_h_14", "regnet_x_400mf", "swin_v2_t", "googlenet", "raft_small"])
def test_a_model_runs_at_the_size_it_is_built_for(name):
    model = archscope.load(f"torchvision:{name}")
    assert all(p.is_meta for p in model.module.parameters())
    graph = model.trace()
    assert graph.cost.macs
    assert len(graph.inputs) == (2 if name == "raft_small" else 1)
