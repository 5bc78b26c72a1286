"""Charts of networks: what is drawn is a value (`chart_data.py`), how it is drawn is one file per kind of picture, and `save.py`
writes it.

    balls    the field: top-1 error against multiply-accumulates, the area of a ball for its parameters
    stages   where the cost is: multiply-accumulates and parameters by stage
    depth    cumulated multiply-accumulates and parameters, layer by layer
    field    how the receptive field grows
    memory   activations alive over one forward, with the peak

The plotting library is imported where something is drawn; torch never.
"""

from archscope.charts.chart_data import KINDS, Chart, balls, depth, field, memory, of, stages
from archscope.charts.save import SUFFIXES, render

__all__ = ["KINDS", "SUFFIXES", "Chart", "balls", "depth", "field", "memory", "of", "render", "stages"]
