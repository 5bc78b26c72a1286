"""Graphs -> figures of several networks, as svg, png, pdf or html.

Open `chart.py` first: what a chart shows is a value. `kinds/` has a file for each kind, found by its being there; the `draw_*`
files draw one sort of picture each on a `canvas.py`, and `save.py` writes it.

    balls    the field: top-1 error against multiply-accumulates, the area of a ball for its parameters
    stages   where the cost is: multiply-accumulates and parameters by stage
    depth    cumulated multiply-accumulates and parameters, layer by layer
    field    how the receptive field grows
    memory   activations alive over one forward, with the peak
    front    the Pareto front: networks that no other beats in both error and multiply-accumulates
    signal   what a signal does at initialisation: means, variances and gradients along the depth, measured

The plotting library is imported where something is drawn; torch never.
"""

import archscope.charts.kinds  # noqa: F401  registers the kinds
from archscope.charts.chart import KINDS, Chart
from archscope.charts.save import SUFFIXES, render

__all__ = ["KINDS", "SUFFIXES", "Chart", "render"]
