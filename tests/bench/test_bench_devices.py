"""Devices: choice, order of calls, memory. CUDA and Apple's GPU by stand-ins that fail on a wrong order."""

import inspect
import time
from types import SimpleNamespace

import pytest
import torch
from bench_stand_ins import Clock, ClockedCpu, FakeCuda

from archscope.bench.devices import Cpu, Cuda, Mps, find, is_out_of_memory, pinned_threads
from archscope.bench.timed_runs import queueing, time_runs
from archscope.errors import ArchscopeError, UsageError


def fake_torch(cuda=None, mps=False, built="12.6"):
    return SimpleNamespace(
        __version__="2.9.0",
        version=SimpleNamespace(cuda=built, hip=None),
        cuda=cuda or FakeCuda(count=0),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        mps=None,
    )


def test_cuda_times_each_run_by_events_between_two_waits():
    api = FakeCuda(seconds=0.004)
    assert time_runs(Cuda(1, api), api.launch, 3) == pytest.approx([0.004] * 3)
    run = [("record", 1), ("launch", 1), ("record", 1)]
    assert api.log == [("synchronize", 1), *run, *run, *run, ("synchronize", 1)]
    assert api.current == 0


def test_the_stand_in_notices_what_a_gpu_would_suffer():
    api = FakeCuda()
    device = Cuda(0, api)
    begin = device.mark()
    api.launch()
    end = device.mark()
    with pytest.raises(AssertionError, match="not waited for"):
        device.elapsed(begin, end)
    with pytest.raises(AssertionError, match="still queued"):
        api.reset_peak_memory_stats(0)


def test_cuda_peak_is_the_allocators_beyond_what_was_there():
    api = FakeCuda()
    peak = Cuda(1, api).peak_memory(api.launch)
    assert (peak.live, peak.allocated) == (500, None)
    assert api.log == [("synchronize", 1), ("launch", 1), ("synchronize", 1)]


@pytest.mark.parametrize(
    ("dtype", "capability", "convolutions", "products", "said", "within"),
    [
        ("float32", (8, 0), True, "highest", "TF32", "high"),
        ("float32", (9, 0), True, "high", "", "high"),  # matrix products do it too
        ("float32", (9, 0), False, "highest", "", "highest"),
        ("float32", (7, 5), True, "highest", "", "highest"),  # Turing has none
        ("bfloat16", (9, 0), True, "highest", "", "highest"),
    ],
)
def test_matrix_products_as_convolutions_compute_them(dtype, capability, convolutions, products, said, within):
    before = torch.get_float32_matmul_precision()
    api = FakeCuda()
    api.capability = capability
    try:
        torch.set_float32_matmul_precision(products)
        with torch.backends.cudnn.flags(allow_tf32=convolutions), Cuda(0, api).as_convolutions(dtype) as precision:
            assert (precision, torch.get_float32_matmul_precision()) == (said, within)
        assert torch.get_float32_matmul_precision() == products
    finally:
        torch.set_float32_matmul_precision(before)


def test_queueing_is_the_processors_time_with_nothing_else_in_the_queue():
    """torch's own timer waits for the GPU, where there is one: what it reads is the GPU's time."""
    assert inspect.signature(queueing).parameters["clock"].default is time.perf_counter
    api, clock = FakeCuda(seconds=0.004), Clock()

    def run():
        assert api.queued == 0, "a full queue would keep the processor waiting"
        clock.sleep(0.003)
        api.launch()

    assert queueing(Cuda(1, api), run, count=3, clock=clock) == pytest.approx(0.003)
    assert api.log == [("synchronize", 1), ("launch", 1)] * 3 + [("synchronize", 1)]
    assert queueing(ClockedCpu(clock), run) is None


def test_a_gpu_without_bfloat16_is_told_before_it_runs():
    api = FakeCuda()
    Cuda(0, api).check("bfloat16")
    api.bf16 = False
    with pytest.raises(ArchscopeError, match="cuda:0 cannot compute in bfloat16"):
        Cuda(0, api).check("bfloat16")
    Cuda(0, api).check("float16")


def test_mps_times_by_its_own_events():
    log = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            log.append("record")

        def elapsed_time(self, end):
            assert log[-1] == "synchronize"
            return 7.0

    api = SimpleNamespace(event=SimpleNamespace(Event=Event), synchronize=lambda: log.append("synchronize"))
    assert time_runs(Mps(api, place="cpu"), lambda: log.append("run"), 2) == pytest.approx([0.007] * 2)
    assert log == ["synchronize", *["record", "run", "record"] * 2, "synchronize"]
    assert Mps(api).peak_memory(lambda: None) is None
    with pytest.raises(ArchscopeError, match="mps cannot compute in float64"):
        Mps(api).check("float64")


def test_the_best_device_there_is():
    assert find(None, fake_torch()).name == "cpu"
    assert find(None, fake_torch(mps=True)).name == "mps"
    assert find(None, fake_torch(FakeCuda(), mps=True)).name == "cuda:0"
    assert find("cuda", fake_torch(FakeCuda())).name == "cuda:0"
    assert find("cuda:1", fake_torch(FakeCuda())).name == "cuda:1"
    assert isinstance(find("cpu", fake_torch(FakeCuda())), Cpu)


@pytest.mark.parametrize("word", ["gpu", "cuda:x", "cuda:", "cpu:0", "mps:0", "cuda:-1", ""])
def test_unknown_devices(word):
    with pytest.raises(UsageError, match="unknown device") as caught:
        find(word)
    assert caught.value.hint == "choose from cpu, cuda, cuda:1, mps"


def test_no_cuda_says_what_torch_was_built_for_and_what_was_found():
    with pytest.raises(ArchscopeError) as caught:
        find("cuda", fake_torch(mps=True))
    assert caught.value.message == "no CUDA device: torch 2.9.0 was built for CUDA 12.6, found mps, cpu"
    assert caught.value.hint == "try --device mps"
    assert caught.value.exit_code == 1
    with pytest.raises(ArchscopeError, match="built for the CPU only, found cpu"):
        find("cuda", fake_torch(built=None))


def test_a_device_index_that_is_not_there():
    with pytest.raises(ArchscopeError, match="no CUDA device 2: found cuda:0, cuda:1"):
        find("cuda:2", fake_torch(FakeCuda()))


def test_no_mps():
    with pytest.raises(ArchscopeError, match="no MPS device: found cpu"):
        find("mps", fake_torch())


def test_threads_are_pinned_and_put_back_also_after_an_error():
    before = torch.get_num_threads()

    def fail():
        with pinned_threads(before + 1) as threads:
            assert threads == torch.get_num_threads() == before + 1
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert torch.get_num_threads() == before
    with pinned_threads(0) as threads:
        assert threads == before


@pytest.mark.parametrize(
    ("error", "out"),
    [
        (MemoryError(), True),
        (torch.cuda.OutOfMemoryError("x"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_what_is_out_of_memory(error, out):
    assert is_out_of_memory(error) is out
