"""Operators that look where values tell them to: the shapes of a trace do not say which places these are."""

from archscope.metrics.field_rules.rule import Answer, Run, rule
from archscope.metrics.places import Read, UnclearError


@rule("grid_sampler grid_sampler_2d grid_sampler_3d cudnn_grid_sampler deform_conv2d roi_align roi_pool ps_roi_align ps_roi_pool")
def _looked_up(run: Run, k: int, read: Read) -> Answer:
    """Of a map at places that another input names: any place may see any. Where that input sees all, so does the output."""
    if read.digits:
        raise UnclearError("where it looks is in the values of another input")
    return [read], False


@rule(
    "index gather take take_along_dim masked_select topk sort argsort scatter scatter_add index_put index_copy index_add nonzero"
)
def _by_number(run: Run, k: int, read: Read) -> Answer:
    """Places picked or put by their numbers, or by what they hold."""
    if read.digits:
        raise UnclearError("which places it picks is in their values or in another input's")
    return [read], False
