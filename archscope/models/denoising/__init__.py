"""What a network of diffusers takes: something noisy, the step, the text that it follows, and where each of its parts lies.

No class is known by name. `noise.py` says how large what is cleaned is and how its axes lie, `arguments.py` what each name of a
parameter means beside it, and `search.py` tries on the meta device until one gets through, led by what the error of a forward
tells (`archscope.models.evidence`).
"""
