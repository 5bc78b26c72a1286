"""What a signal does on its way through a network: means and variances forwards, gradients backwards, at initialisation or after
a few steps of training. In: a model; out: a `Signal`, figures for each place along the depth.

Open `propagation.py` first: `propagate` runs real forwards and backwards on random inputs, on a borrowed copy of the weights.

    places.py             Graph -> where to look: layers, blocks, stages, with the residual sum of each. No torch
    probe.py              watches one forward and its backward, operator by operator, and reads the figures
    statistics.py         tensor -> figures
    records.py, files.py  what was found, and its JSON. No torch
    verdict.py            figures -> words, with the rules and where they come from. No torch
    signal_table.py       figures -> table; track.py: figures -> curves for a chart, colours for a diagram. No torch
    initialisation.py, examples.py, training.py, bounds.py   what a run is made of
"""
