"""Graph -> number, or why there is none. Each metric answers for a network, a stage, a block or a layer alike, because each of
these is a Graph. No torch.

Open `metric.py` first (what a metric is), then the file of the question: `parameters.py`, `arithmetic.py`, `memory.py`,
`feature_map.py`. `archscope/values.py` says what can stand in the place of a number; `receptive_fields.py` follows the field of
every tensor through the Graph. A file here is found by its being here.
"""

# In the order in which the metrics are listed.
from archscope.metrics.data_sizes import varying
from archscope.metrics.metric import METRICS, Metric, measure, metric
from archscope.metrics.parameters import (
    buffers,
    frozen_params,
    param_bytes,
    params,
    shared_params,
    state_bytes,
    trainable_params,
    unused_params,
)  # fmt: skip

# isort: split
from archscope.metrics.arithmetic import convolutions, flops, macs, weighted_depth

# isort: split
from archscope.metrics.memory import (
    Alive,
    activations,
    bytes_moved,
    layer_activations,
    liveness,
    peak_activation_bytes,
    peak_memory,
    written,
)  # fmt: skip

# isort: split
from archscope.metrics.feature_map import effective_stride, last_feature_map, receptive_field
from archscope.registry import import_all
from archscope.values import WHOLE_INPUT, Absent, AtLeast, Value, Varies

import_all(__name__, __path__)

__all__ = [
    "METRICS", "WHOLE_INPUT", "Absent", "Alive", "AtLeast", "Metric", "Value", "Varies", "activations", "buffers", "bytes_moved",
    "convolutions", "effective_stride", "flops", "frozen_params", "last_feature_map", "layer_activations", "liveness", "macs",
    "measure", "metric", "param_bytes", "params", "peak_activation_bytes", "peak_memory", "receptive_field", "shared_params",
    "state_bytes", "trainable_params", "unused_params", "varying", "weighted_depth", "written",
]  # fmt: skip
