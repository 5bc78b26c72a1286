"""Models and settings to a session: LeNet-5 for real, the rest on stand-in clocks and a stand-in GPU."""

import dataclasses
from contextlib import contextmanager

import msgspec
import pytest
import torch
from bench_stand_ins import Clock, ClockedCpu, FakeCuda, OnFakeCuda, sleeper
from torch import nn

from archscope.bench import measure
from archscope.bench.ceilings import better, measure_ceiling
from archscope.bench.cpu_allocator import Peak
from archscope.bench.devices import Cpu, Cuda
from archscope.bench.results.records import Bench, Ceiling, Plan, Session, Settings
from archscope.bench.results.summary import summary
from archscope.bench.settings_grid import grid
from archscope.errors import ArchscopeError, UsageError
from archscope.models.loading import Model, load

QUICK = Plan(runs=6, warmup_time=0.01)


def quick(models, settings=(), device=None, plan=QUICK, ceilings=False, **options):
    return measure.bench(models, settings or [Settings()], device or Cpu(), plan, ceilings=ceilings, **options)


# -- on a clock that moves only when told ------------------------------------------------------------------------------


def test_a_module_that_sleeps_ten_milliseconds_reads_ten_milliseconds():
    clock = Clock()
    (timing,) = quick([sleeper(clock, 0.010)], device=ClockedCpu(clock)).timings
    assert timing.times == pytest.approx([0.010] * 6, rel=1e-9)
    assert timing.first_run == pytest.approx(0.010)


def test_the_ratio_is_exact_on_an_exact_clock():
    clock = Clock()
    session = quick([sleeper(clock, 0.010, "a"), sleeper(clock, 0.025, "b")], device=ClockedCpu(clock))
    a, b = (summary(session, timing) for timing in session.timings)
    assert (a.ratio, a.ratio_low) == (1.0, None)
    assert (b.ratio, b.ratio_low, b.ratio_high) == pytest.approx((2.5, 2.5, 2.5))


def test_the_baseline_can_be_another_model():
    clock = Clock()
    models = [sleeper(clock, 0.010, "a"), sleeper(clock, 0.020, "b")]
    session = quick(models, device=ClockedCpu(clock), baseline="b")
    assert [summary(session, timing).ratio for timing in session.timings] == pytest.approx([0.5, 1.0])
    with pytest.raises(UsageError, match="--baseline c is none of the models"):
        quick(models, device=ClockedCpu(clock), baseline="c")


def test_memory_is_state_inputs_and_the_peak_of_the_run():
    clock = Clock()
    (timing,) = quick([sleeper(clock, 0.01)], [Settings(batch=3)], ClockedCpu(clock, Peak(70, 90))).timings
    resident = 4 * (4 * 2 + 2 + 3 * 4)  # weight, bias, input
    assert (timing.memory.peak, timing.memory.allocated) == (resident + 70, resident + 90)


def test_ctrl_c_keeps_what_was_finished():
    clock = Clock()
    steps = []

    def interrupt(step):
        steps.append(step)
        if "batch 2" in step.what and step.done > 0.6:
            raise KeyboardInterrupt

    session = quick([sleeper(clock, 0.01)], grid(batch=(1, 2, 4)), ClockedCpu(clock), progress=interrupt, plan=Plan(runs=40))
    assert session.interrupted
    assert [timing.settings.batch for timing in session.timings] == [1, 2]
    assert len(session.timings[0].times) == 40
    assert 0 < len(session.timings[1].times) < 40


def test_progress_grows():
    clock = Clock()
    steps = []
    quick([sleeper(clock, 0.01)], grid(batch=(1, 2)), ClockedCpu(clock), progress=steps.append)
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(0.95)
    assert steps[1].what == "sleeper, batch 1, float32: warm-up"


def test_one_model_is_compared_with_itself_under_other_settings():
    clock = Clock()
    session = quick([sleeper(clock, 0.01)], grid(batch=(1, 2), dtype=("float32", "bfloat16")), ClockedCpu(clock))
    assert [(t.settings.batch, t.settings.dtype, t.group) for t in session.timings] == [
        (1, "float32", 0), (1, "bfloat16", 0), (2, "float32", 1), (2, "bfloat16", 1)
    ]  # fmt: skip


# -- on a stand-in GPU -------------------------------------------------------------------------------------------------


def fake_gpu(seconds=0.004, **options):
    api = FakeCuda(seconds)
    return api, Cuda(1, api, place="cpu"), Model("net", OnFakeCuda(api, **options), ((4,),))


@pytest.fixture
def _fake_environment(monkeypatch):
    real = measure.environment
    monkeypatch.setattr(measure, "environment", lambda device: real(Cpu()))


@pytest.mark.usefixtures("_fake_environment")
def test_a_gpu_is_timed_by_its_own_clock_and_its_memory_by_its_own_allocator():
    api, device, model = fake_gpu()
    (timing,) = quick([model], device=device).timings
    assert timing.times == pytest.approx([0.004] * 6)
    assert timing.memory.peak == 4 * (4 * 2 + 2 + 4) + 500
    assert timing.memory.allocated is None
    assert {index for what, index in api.log if what in ("launch", "record", "synchronize")} == {1}


@pytest.mark.usefixtures("_fake_environment")
def test_out_of_memory_at_one_batch_is_said_in_its_row_and_the_rest_goes_on():
    api, device, model = fake_gpu(most=8)
    session = quick([model], grid(batch=(1, 32, 8)), device)
    assert [len(timing.times) for timing in session.timings] == [6, 0, 6]
    assert session.timings[1].failure == (
        "out of memory: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 16.00 GiB of which 9.50 GiB is free"
    )
    assert ("empty_cache", 0) in api.log


def test_what_does_not_fit_into_main_memory_is_not_tried(monkeypatch):
    monkeypatch.setattr("archscope.bench.timed_case.available_memory", lambda: 100_000)
    session = quick([load("lenet5", device="cpu")], grid(batch=(1, 2)))
    assert [timing.failure.partition(":")[0] for timing in session.timings] == ["out of memory", "out of memory"]
    assert "97.7 KiB free" in session.timings[0].failure


# -- for real, on LeNet-5 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lenet() -> Session:
    models = [load("lenet5", device="cpu"), load("lenet5_dense", device="cpu")]
    return quick(models, [Settings(batch=2, threads=1)], layers=True)


def test_the_records_say_what_ran(lenet):
    first, second = lenet.timings
    assert [t.model for t in lenet.timings] == ["lenet5", "lenet5_dense"]
    assert first.group == second.group == 0
    graph = load("lenet5").trace(2)
    assert first.flops == graph.cost.flops
    assert first.bytes_moved == sum(node.bytes for node in graph.nodes)
    assert first.shapes == ((1, 32, 32),)
    assert min(first.times) > 0
    assert first.failure == second.failure == ""
    assert lenet.baseline == "lenet5"
    assert lenet.overhead < min(second.times)


def test_the_layers_are_the_graphs_calls_and_add_up(lenet):
    timing = lenet.timings[0]
    graph = load("lenet5").trace(2)
    assert [(c.id, c.parent, c.path, c.type) for c in timing.layers.calls] == [
        (c.id, c.parent, c.path, c.type) for c in graph.calls
    ]
    assert sum(c.macs for c in timing.layers.calls) == graph.cost.macs
    assert sum(c.bytes for c in timing.layers.calls) == timing.bytes_moved
    whole = timing.layers.calls[0]
    assert all(0 <= call.own <= call.total * 1.0001 for call in timing.layers.calls)
    assert max(c.total for c in timing.layers.calls[1:]) < whole.total
    assert timing.layers.by_path()["C1"] == timing.layers.calls[1].total
    assert timing.layers.plain > 0
    assert timing.layers.instrumented > 0


def test_prediction_and_measurement_agree(lenet):
    for timing in lenet.timings:
        assert timing.memory.predicted == pytest.approx(timing.memory.peak, rel=0.01)
        assert timing.memory.allocated >= timing.memory.peak


def test_the_model_stays_as_it_is():
    model = load("lenet5_dense", device="cpu")
    model.module.train()
    model.module.C1.eval()
    before = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    flags = [module.training for module in model.module.modules()]
    seed = torch.get_rng_state()
    quick([model], [Settings(train=True), Settings(dtype="bfloat16", channels_last=True)], layers=False)
    assert torch.equal(torch.get_rng_state(), seed)
    assert [module.training for module in model.module.modules()] == flags
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.module.state_dict().items())
    assert all(p.grad is None and p.dtype == torch.float32 for p in model.module.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.module.modules())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64", "autocast"])
def test_dtypes(dtype):
    seen = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 2)

        def forward(self, x):
            y = self.linear(x)
            if not x.is_meta:
                seen.append((x.dtype, y.dtype, torch.is_inference_mode_enabled()))
            return y

    (timing,) = quick([Model("net", Net(), ((4,),))], [Settings(dtype=dtype)]).timings
    given = torch.float32 if dtype == "autocast" else getattr(torch, dtype)
    computed = torch.bfloat16 if dtype == "autocast" else given
    assert set(seen) == {(given, computed, True)}
    assert (timing.memory.predicted is None) == (dtype == "autocast")


def test_training_has_gradients_a_step_and_no_forward_counts():
    seen = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 2)

        def forward(self, x):
            if not x.is_meta:
                seen.append((self.training, torch.is_grad_enabled(), self.linear.weight.detach().clone()))
            return {"logits": self.linear(x), "aux": (None, self.linear(x).relu())}

    (timing,) = quick([Model("net", Net(), ((4,),))], [Settings(train=True)]).timings
    assert all(training and grad for training, grad, _ in seen)
    assert not torch.equal(seen[0][2], seen[-1][2])
    assert (timing.flops, timing.bytes_moved, timing.memory.predicted) == (None, None, None)
    # weights, momentum and gradients; the input; and no more than a few activations
    least = 4 * (3 * (4 * 2 + 2) + 4)
    assert least < timing.memory.peak < 2 * least


def test_channels_last_reaches_weights_and_inputs():
    seen = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            if not x.is_meta:
                weight = self.conv.weight
                seen.append(tuple(t.is_contiguous(memory_format=torch.channels_last) for t in (x, weight)))
            return self.conv(x)

    quick([Model("net", Net(), ((3, 8, 8),))], [Settings(channels_last=True)])
    assert set(seen) == {(True, True)}


def test_other_inputs():
    net = Model("net", nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1)), ((3, 8, 8),))
    session = quick([net], grid(inputs=((), ((3, 16, 16),))))
    assert [timing.shapes for timing in session.timings] == [((3, 8, 8),), ((3, 16, 16),)]
    assert [timing.group for timing in session.timings] == [0, 1]


def test_threads_are_pinned_for_the_runs_and_put_back():
    seen = []

    class Net(nn.Module):
        def forward(self, x):
            seen.append(torch.get_num_threads())
            return x + 1

    before = torch.get_num_threads()
    quick([Model("net", Net(), ((4,),))], [Settings(threads=before + 1)])
    assert before + 1 in seen
    assert torch.get_num_threads() == before


def test_a_failing_forward_is_said_in_its_row():
    class Net(nn.Module):
        def forward(self, x):
            raise ValueError("boom\nand more")

    bad, good = Model("bad", Net(), ((4,),)), Model("good", nn.Linear(4, 2), ((4,),))
    session = quick([bad, good])
    assert session.timings[0].failure == "ValueError: boom"
    assert len(session.timings[1].times) == 6


def test_the_same_model_twice_has_two_names():
    model = Model("net", nn.Linear(4, 2), ((4,),))
    assert [timing.model for timing in quick([model, model]).timings] == ["net", "net#2"]


def test_two_different_models_of_one_name_are_refused():
    small, large = Model("net", nn.Linear(4, 2), ((4,),)), Model("net", nn.Linear(4, 3), ((4,),))
    with pytest.raises(UsageError, match="two different models are called net"):
        quick([small, large])


def test_other_arguments_make_another_model():
    relu = Model("net", nn.Linear(4, 2), ((4,),), options={"activation": "relu"})
    with pytest.raises(UsageError, match="two different models"):
        quick([relu, dataclasses.replace(relu, options={"activation": "tanh"})])


def test_a_model_without_weights():
    (timing,) = quick([load("lenet5")]).timings
    assert timing.failure == "lenet5 has no weights to run with"


def test_layers_are_of_a_plain_forward():
    with pytest.raises(UsageError, match="modules of a plain forward"):
        quick([load("lenet5", device="cpu")], [Settings(train=True)], layers=True)


def test_a_network_with_the_older_weight_norm():
    model = Model("net", nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 2))), ((4,),))
    (timing,) = quick([model]).timings
    assert (timing.failure, len(timing.times)) == ("", 6)
    assert not model.module[0].weight.is_leaf


def test_no_model():
    with pytest.raises(UsageError, match="no model to time"):
        quick([])


def test_ceilings_are_counted_by_product_and_copy():
    clock = Clock()
    device = ClockedCpu(clock)
    device.mark = lambda: clock.sleep(0.1) or clock.now  # every run takes a tenth of a second
    ceiling = measure_ceiling(device, "float32", 1, copied=2**16, sides=(8, 16))
    assert ceiling.flop_rate == pytest.approx(2 * 8 * 8 * 8 / 0.1)
    assert ceiling.byte_rate == pytest.approx(2 * 2**16 / 0.1)
    assert ceiling.flop_rate / ceiling.byte_rate == pytest.approx(2 * 8**3 / (2 * 2**16))
    assert (ceiling.precision, ceiling.convolution_rate) == ("", None)


def test_convolutions_that_round_their_factors_have_a_ceiling_of_their_own():
    clock, step = Clock(), [0.1]

    class Rounding(ClockedCpu):
        @contextmanager
        def as_convolutions(self, dtype):
            step[0] = 0.025
            yield "TF32"
            step[0] = 0.1

    device = Rounding(clock)
    device.mark = lambda: clock.sleep(step[0]) or clock.now
    ceiling = measure_ceiling(device, "float32", 1, copied=2**16, sides=(8, 16))
    assert ceiling.precision == "TF32"
    assert ceiling.convolution_rate == pytest.approx(2 * 8**3 / 0.025)
    assert ceiling.flop_rate == pytest.approx(2 * 8**3 / 0.1)
    slower = msgspec.structs.replace(ceiling, convolution_rate=1.0, flop_rate=2 * ceiling.flop_rate)
    assert better(ceiling, slower).convolution_rate == ceiling.convolution_rate


def test_ceilings_are_the_better_ones_of_begin_and_end():
    first, last = Ceiling("float32", 1, 10.0, 4.0, 8, 64), Ceiling("float32", 1, 12.0, 3.0, 16, 64)
    assert better(first, last) == Ceiling("float32", 1, 12.0, 4.0, 16, 64, change=pytest.approx(0.2))
    assert better(last, first).change == pytest.approx(10 / 12 - 1)


def test_a_dtype_without_matrix_product_has_no_ceiling(monkeypatch):
    def missing(*_):
        raise RuntimeError("not implemented for 'Half'")

    monkeypatch.setattr(measure, "measure_ceiling", missing)
    session = quick([Model("net", nn.Linear(4, 2), ((4,),))], ceilings=True)
    assert session.ceilings == ()
    assert summary(session, session.timings[0]).peak_share is None


def test_layers_need_the_modules_of_the_trace():
    class Fickle(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return self.linear(x) if x.is_meta else self.linear(self.linear(x))

    (timing,) = quick([Model("net", Fickle(), ((4,),))], layers=True).timings
    assert "ran 3 modules, but 2 when it was traced" in timing.failure
    assert len(timing.times) == 6


def test_a_session_survives_its_file(lenet):
    from archscope.bench.results.files import from_json, to_json

    assert from_json(to_json(Bench((lenet,)))) == Bench((lenet,))


def test_errors_of_the_device_are_the_users(monkeypatch):
    def cannot(dtype):
        raise ArchscopeError("cpu cannot compute in float16")

    device = Cpu()
    monkeypatch.setattr(device, "check", cannot)
    (timing,) = quick([Model("net", nn.Linear(4, 2), ((4,),))], device=device).timings
    assert timing.failure == "cpu cannot compute in float16"
