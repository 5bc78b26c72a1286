"""Module + inputs -> Graph: one forward on the meta device, written down operator by operator. The only package that knows
torch's dispatcher.

Open `forward_pass.py` first: it decides where a forward runs. `one_forward.py` runs it: lends the module out (`module_loan.py`),
knows what it holds (`module_contents.py`) and enters `dispatch_mode.py`, which hears every operator and call; `operator_runs.py`
says what one operator read, wrote and cost, `tensor_identity.py` which tensor is which. `process.py` and `lending.py` keep the
traces of several threads apart. `shape_rules/` answers the output shapes of the commonest operators without torch.
"""

import torch

from archscope.supported import require_torch

require_torch(torch.__version__)  # before anything that an old one lacks

from archscope.tracing.forward_pass import trace  # noqa: E402
from archscope.tracing.one_forward import TraceError  # noqa: E402

__all__ = ["TraceError", "trace"]
