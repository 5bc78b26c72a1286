"""Signals: CPU time of one watched forward and backward against a plain one of the same network, in turns; wanted: at most 1.5."""

import time
from statistics import median

ROUNDS = 3
CASES = (("resnet50", (3, 112, 112)), ("inception_v4", (3, 149, 149)), ("inception_resnet_v2", (3, 149, 149)))
BATCH = 8


def main() -> None:
    print(f"{'batch ' + str(BATCH):28s}{'plain, s':>10s}{'watched, s':>12s}{'ratio':>8s}{'  between':>16s}")
    for name, shape in CASES:
        ratios, plain, watched = [], [], []
        network, run = _prepared(name, shape)
        _plain(network, shape)
        for _ in range(ROUNDS):
            plain.append(_cpu(lambda network=network, shape=shape: _plain(network, shape)))
            watched.append(_cpu(run))
            ratios.append(watched[-1] / plain[-1])
        between = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{name:28s}{median(plain):10.2f}{median(watched):12.2f}{median(ratios):8.2f}{between:>16s}", flush=True)


def _cpu(job) -> float:
    begin = time.process_time()
    job()
    return time.process_time() - begin


def _plain(network, shape) -> None:
    import torch

    network.zero_grad(set_to_none=True)
    x = torch.randn(BATCH, *shape)
    loss = torch.nn.functional.cross_entropy(network(x), torch.randint(0, 1000, (BATCH,)))
    loss.backward()


def _prepared(name, shape):
    """The network in train mode, and a function that looks at it once. Its trace and copy are made once, beforehand: they are no
    part of the forward and backward.
    """
    import torch

    from archscope.models.loading import load
    from archscope.signal.places import spots
    from archscope.signal.propagation import Given, Request, Run
    from archscope.tracing.forward_pass import trace

    network = load(name, input=shape, device="cpu").module.train()
    graph = trace(network, torch.Size((BATCH, *shape)), mode="train")
    request = Request(batch=BATCH, samples=1)
    run = Run(graph, spots(graph), request, time.monotonic() + 3600, None, [], lambda what, done: None)
    state = dict(network.named_parameters())

    def watched() -> None:
        run.measured(network, state, Given((torch.randn(BATCH, *shape),), {}), 0)

    return network, watched
