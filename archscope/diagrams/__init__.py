"""Graph -> picture -> svg, png, pdf, dot, json, or a tree in the terminal.

Open `diagram.py` first. `composition.py` makes of a Graph what a picture says (`picture.py`: boxes, arrows, opened blocks, worded
by `box_labels.py`); the pages lay it out as a scene of shapes and texts (`scene.py`), which `svg.py`, `png.py` and `pdf.py` draw:

    page              title, body, legend and notes
    overview_page     the overview: a chain of boxes with shapes and costs beside it
    opened_block      series_layout places what is made of series and branches, layered_layout (Graphviz) everything else
    operator_level    every operator, in frames of its modules, placed by Graphviz
    side_by_side      several overviews, aligned by resolution

Overviews and blocks are laid out here rather than by Graphviz: they are chains and branches, for which exact text widths, one
pitch and straight lines give the pictures that papers print, on every machine the same.
"""
