"""Graph -> table as a value: which rows and columns answer a question. No formatting, no torch.

Open `table.py` first (what a table is), then `params.py`, `flops.py`, `shapes.py`; `common.py` is what each says of its model.
"""
