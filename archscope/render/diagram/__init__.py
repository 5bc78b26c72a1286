"""Pictures: from what a picture says (`archscope.picture`) to shapes and texts at their places, and from these to a file.

    stages    the overview: a chain of boxes with shapes and costs beside it
    blocks    an opened block: series.py places what is made of series and branches, layered.py (Graphviz) everything else
    ops       every operator, in frames of its modules, placed by Graphviz
    compare   several overviews side by side, aligned by resolution
    page      title, body, legend and notes
    scene     shapes and texts, drawn by svg.py, pdf.py and xdot.py (png)
    source    the same for Graphviz, in its own language

Overviews and blocks are laid out here rather than by Graphviz: they are chains and branches, for which exact text widths, one
pitch and straight lines give the pictures that papers print, on every machine the same.
"""
