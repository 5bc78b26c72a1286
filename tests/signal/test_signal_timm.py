"""timm reads the same figures off a live model with forward hooks: at the same weights and inputs they are equal."""

from fnmatch import fnmatch

import pytest
import timm
import torch
from timm.utils.model import avg_ch_var, avg_ch_var_residual, avg_sq_ch_mean, extract_spp_stats

from archscope.signal.propagation import Request, propagate

SHAPE = [4, 3, 64, 64]

CASES = [
    # model, its blocks, the end of their residual branches as a module
    ("resnet18", "layer?.?", "layer?.?.bn2", "train"),
    ("regnetx_002", "s?.b?", "s?.b?.conv3", "eval"),
    ("convnext_atto", "stages.?.blocks.?", None, "train"),
]


@pytest.mark.parametrize(("name", "blocks", "ends", "mode"), CASES)
def test_the_figures_are_timms(name, blocks, ends, mode):
    torch.manual_seed(3)
    model = timm.create_model(name, pretrained=False, zero_init_last=False) if name == "resnet18" else timm.create_model(name)
    for module in model.modules():  # as new, its norms do nothing: not in this test
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
    torch.manual_seed(5)
    x = torch.normal(0.0, 1.0, SHAPE)  # what extract_spp_stats draws from the same seed
    [signal] = propagate(model, x, request=Request(samples=1, mode=mode, by="block"))
    model.train(mode == "train")
    torch.manual_seed(5)
    patterns = [blocks, blocks] + [ends] * bool(ends)
    with torch.no_grad():
        theirs = extract_spp_stats(model, patterns, [avg_sq_ch_mean, avg_ch_var, avg_ch_var_residual][: len(patterns)], SHAPE)
    ours = {place.path: place for place in signal.places}
    wanted = [path for path, _ in model.named_modules() if fnmatch(path, blocks)]
    assert len(wanted) >= 8
    wanted = [path if path in ours else path.rpartition(".")[0] for path in wanted]  # a stage of one block is that block
    keys = ["mean_squared", "variance", "branch_variance"][: len(patterns)]
    for key, figures in zip(keys, theirs.values(), strict=True):
        assert [ours[path].of(key)[0] for path in wanted] == pytest.approx(figures, rel=1e-5), key
