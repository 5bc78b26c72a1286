"""The environment of a benchmark: the machine, and torch with its build and settings."""

import platform
from datetime import UTC, datetime
from typing import Any

import torch

import archscope
from archscope.bench import machine
from archscope.bench.devices import Cuda, Device
from archscope.bench.results.records import Environment


def environment(device: Device, api: Any = torch) -> Environment:
    """What stands beside every result, so that another one can be set beside it.

    Arguments:
        api: `torch`; a stand-in in tests.
    """
    gpu, gpu_memory, driver, clocks = "", None, "", ""
    if isinstance(device, Cuda):
        properties = api.cuda.get_device_properties(device.index)
        gpu, gpu_memory = properties.name, properties.total_memory
        driver, clocks = machine.gpu_driver(device.index)
    return Environment(
        device=device.name,
        cpu=machine.cpu_name(),
        cores=machine.physical_cores(),
        logical_cores=machine.logical_cores(),
        usable_cores=machine.usable_cores(),
        memory=machine.main_memory(),
        threads=torch.get_num_threads(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        torch=str(api.__version__),
        archscope=archscope.__version__,
        build=_build(api, device),
        math=_math(api),
        variables=machine.variables(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        gpu=gpu,
        gpu_memory=gpu_memory,
        driver=driver,
        clocks=clocks,
    )


def _build(api: Any, device: Device) -> dict[str, str]:
    on_gpu = isinstance(device, Cuda)
    return {
        "CUDA": str(api.version.cuda or "no"),
        "cuDNN": str(api.backends.cudnn.version()) if on_gpu else "not used",
        "oneDNN": "yes" if api.backends.mkldnn.is_available() else "no",
        "MKL": "yes" if api.backends.mkl.is_available() else "no",
        "instruction set": api.backends.cpu.get_cpu_capability(),
    }


def _math(api: Any) -> dict[str, str]:
    return {
        "float32 matmul precision": api.get_float32_matmul_precision(),
        "TF32 matmul": "on" if api.get_float32_matmul_precision() != "highest" else "off",
        "TF32 convolution": "on" if api.backends.cudnn.allow_tf32 else "off",
        "cuDNN autotuning": "on" if api.backends.cudnn.benchmark else "off",
    }
