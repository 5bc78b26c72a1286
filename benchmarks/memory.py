"""The peak memory that the Graph foretells against that of live tensors in a real forward: every network, batch 1 and 8."""

import torch

from archscope.bench.devices import Cpu
from archscope.bench.prepared_model import prepare
from archscope.bench.results.records import Settings
from archscope.metrics import peak_memory
from archscope.models.loading import load
from archscope.zoo import catalog


def main() -> None:
    torch.set_num_threads(1)
    worst = 1.0
    print(f"{'':30s}{'batch':>6s}{'foretold MiB':>14s}{'measured MiB':>14s}{'ratio':>9s}{'with scratch MiB':>18s}")
    for entry in catalog.entries():
        model = load(entry.name, device="cpu")
        for batch in (1, 8):
            device = Cpu()
            subject = prepare(model, Settings(batch=batch), device)
            subject.run()
            peak = device.peak_memory(subject.run)
            assert peak is not None
            foretold, measured = peak_memory(model.trace(batch)), subject.resident + peak.live
            ratio = foretold / measured
            worst = max(worst, ratio, 1 / ratio)
            whole = (subject.resident + (peak.allocated or 0)) / 2**20
            print(
                f"{entry.name:30s}{batch:6d}{foretold / 2**20:14.2f}{measured / 2**20:14.2f}{ratio:9.4f}{whole:18.2f}", flush=True
            )
    print(f"worst: x {worst:.4f}")
