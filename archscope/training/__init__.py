"""What training costs. In: a Graph traced in train mode; out: what each operator keeps and computes for the backward pass, and
the memory of a whole step. No torch.

Open `derivatives.py` first (what a rule is), then `backward.py` (the backward pass of a Graph), then `step.py` (a step in time).
The rules stand in `rules/` by family.
"""

from archscope.training.backward import Plan, Step, backward, is_trained, kept_bytes

__all__ = ["Plan", "Step", "backward", "is_trained", "kept_bytes"]
