"""The machine and its software, from what a system shows; a system that shows nothing is no error."""

import platform
from types import SimpleNamespace

import pytest
import torch
from bench_stand_ins import FakeCuda

import archscope
from archscope import free_memory
from archscope.bench import machine
from archscope.bench.devices import Cpu, Cuda
from archscope.bench.environment import environment
from archscope.bench.machine import Counters
from archscope.bench.results.records import Strain

CPUINFO = """processor\t: 0
model name\t: Some CPU @ 2.00GHz
cpu MHz\t\t: 1996.250
physical id\t: 0
core id\t\t: 0

processor\t: 1
model name\t: Some CPU @ 2.00GHz
cpu MHz\t\t: 2100.000
physical id\t: 0
core id\t\t: 0

processor\t: 2
model name\t: Some CPU @ 2.00GHz
cpu MHz\t\t: 2100.000
physical id\t: 0
core id\t\t: 1
"""
SHOWN = {
    "/proc/cpuinfo": CPUINFO,
    "/proc/meminfo": "MemTotal:       24684084 kB\nMemAvailable:   20000000 kB\n",
    "/proc/vmstat": "pgpgin 5\npswpin 3\npswpout 4\n",
}


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr(machine, "_read", lambda path: SHOWN.get(path, ""))


@pytest.fixture
def nothing(monkeypatch):
    monkeypatch.setattr(machine, "_read", lambda path: "")
    monkeypatch.setattr(machine, "_said", lambda *words: "")


@pytest.mark.usefixtures("linux")
def test_what_linux_shows():
    assert machine.cpu_name() == "Some CPU @ 2.00GHz"
    assert machine.physical_cores() == 2
    assert (machine.counters().swapped, machine.counters().clock) == (3 + 4, 1996.25)


@pytest.mark.usefixtures("nothing")
def test_a_system_that_shows_nothing():
    assert machine.cpu_name() == (platform.processor() or platform.machine())
    assert machine.physical_cores() is None
    assert machine.gpu_driver(0) == ("", "")
    counters = machine.counters()
    assert (counters.swapped, counters.throttled, counters.clock) == (None, None, None)


def test_the_driver_of_an_nvidia_gpu(monkeypatch):
    asked = []

    def said(*words):
        asked.append(words)
        return "550.54.15, 1980 MHz, 2610 MHz"

    monkeypatch.setattr(machine, "_said", said)
    assert machine.gpu_driver(1) == ("550.54.15", "SM 1980 MHz of 2610 MHz")
    assert asked[0][:2] == ("nvidia-smi", "--id=1")


def test_strain_is_what_grew():
    before, after = Counters(0.5, 10, None, 2000.0), Counters(3.0, 12, 5, 1500.0)
    assert machine.strain(before, after) == Strain(0.5, 2, None, 2000.0, 1500.0)


def test_variables_that_steer(monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.setenv("HOME_OF_NOTHING", "x")
    assert machine.variables()["MKL_NUM_THREADS"] == "3"
    assert "HOME_OF_NOTHING" not in machine.variables()


def test_the_environment_of_the_cpu():
    here = environment(Cpu())
    assert (here.device, here.torch, here.archscope) == ("cpu", torch.__version__, archscope.__version__)
    assert here.threads == torch.get_num_threads()
    assert here.python == f"CPython {platform.python_version()}"
    assert here.build["instruction set"] == torch.backends.cpu.get_cpu_capability()
    assert here.gpu == ""
    assert here.logical_cores >= here.usable_cores >= 1


def test_the_environment_of_a_gpu(monkeypatch):
    monkeypatch.setattr(machine, "gpu_driver", lambda index: (f"driver {index}", "SM 1 MHz of 2 MHz"))
    cuda = FakeCuda()
    backends = SimpleNamespace(
        cudnn=SimpleNamespace(version=lambda: 90100, allow_tf32=True, benchmark=False),
        mkldnn=torch.backends.mkldnn,
        mkl=torch.backends.mkl,
        cpu=torch.backends.cpu,
    )
    api = SimpleNamespace(
        cuda=cuda,
        backends=backends,
        version=SimpleNamespace(cuda="12.6"),
        get_float32_matmul_precision=lambda: "high",
        __version__="2.9.0",
    )
    here = environment(Cuda(1, cuda), api)
    assert (here.device, here.gpu, here.gpu_memory) == ("cuda:1", "GPU number 1", 2**34)
    assert (here.driver, here.clocks) == ("driver 1", "SM 1 MHz of 2 MHz")
    assert (here.build["CUDA"], here.build["cuDNN"]) == ("12.6", "90100")
    assert (here.math["TF32 matmul"], here.math["TF32 convolution"], here.math["cuDNN autotuning"]) == ("on", "on", "off")


@pytest.mark.parametrize(("shown", "free"), [(SHOWN["/proc/meminfo"], 20_000_000 * 1024), ("", None)])
def test_free_memory(shown, free, monkeypatch):
    monkeypatch.setattr(free_memory, "_shown", lambda: shown)
    assert free_memory.available_memory() == free
