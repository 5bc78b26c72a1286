"""One thread each: the tests run side by side, and torch's threads would wait for each other."""

import torch

torch.set_num_threads(1)
