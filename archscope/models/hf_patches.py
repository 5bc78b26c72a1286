"""Inputs of networks that take images as rows of patches, of any number: beside the patches they want to be told the grids that
these come from, and compute places, windows and masks from the numbers.
"""

from archscope.graph.input_spec import InputSpec, places
from archscope.models.documented_inputs import GRID
from archscope.models.hf_sizes import Sizes

_SIDE = GRID  # a little less where blocks are merged that it has no whole number of


def of_patches(sizes: Sizes) -> dict[str, list[InputSpec]]:
    """One image of 16x16 patches, with the ways to say so."""
    block = sizes.first("pooling_kernel_size", default=1)
    side = _SIDE // block * block
    count, patch = side * side, sizes.first("patch_size", default=16)
    frames = sizes.first("temporal_patch_size", default=1)
    flat = sizes.channels * patch * patch
    rows = [InputSpec((count, width)) for width in dict.fromkeys((frames * flat, flat))]
    squares = InputSpec((count, sizes.channels, patch, patch))
    joined = [squares, *(InputSpec(row, packed=True) for row in (*rows, squares))]
    tiles = sizes.first("max_num_tiles", default=4)
    grid, sides = InputSpec((3,), "int64", values=(1, side, side)), InputSpec((2,), "int64", values=(side, side))
    mask, one = InputSpec((count,), "int64", values=(1,)), InputSpec((1,), "int64", values=(1,))
    image = (sizes.channels, *sizes.image)
    return {
        "hidden_states": [*rows, *joined],
        "pixel_values": [*rows, InputSpec((sizes.channels, patch, count * patch)), *joined,
                         InputSpec((1, tiles, *image)), InputSpec((1, *image))],
        "grid_thw": [grid, sides],
        "image_grid_thw": [grid],
        "grid_hw": [sides],
        "merge_sizes": [InputSpec((), "int64", values=(sizes.first("spatial_merge_size", default=1),))],
        "target_sizes": [sides],
        "tgt_sizes": [sides],
        "spatial_shapes": [sides],
        "pixel_attention_mask": [mask],
        "pixel_position_ids": [InputSpec((count, 2), "int64", values=places(side, side))],
        "aspect_ratio_ids": [one],
        "aspect_ratio_mask": [InputSpec((1, tiles), "int64", values=(1,))],
    }  # fmt: skip
