"""Model -> timing. In: models and settings; out: a Session of raw times (`results/`), its statistics, cautions and tables.

Open `measure.py` first: it prepares each model (`prepared_model.py`), times them in turn (`timing.py`, `timed_case.py`) on a
device (`devices.py`, the only file that knows how CUDA and Apple's GPU keep time). Measuring needs torch; `results/` does not,
and no import here brings it in.
"""
