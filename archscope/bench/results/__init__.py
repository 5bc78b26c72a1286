"""What a benchmark leaves. In: records with every raw time, or their file; out: statistics, cautions, tables. No torch.

Open `records.py` first; `summary.py` says which figures are computed from them, `cautions.py` what to doubt.
"""
