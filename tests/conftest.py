"""What every test shares: a trace store of its own, one thread, and a small Graph made by hand."""

import os

# Before torch is imported: the machines that run tests have few cores and many workers.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import HealthCheck, settings
from tiny import tiny_graph

from archscope.graph import Graph

torch.set_num_threads(1)
# How long an example takes is the machine's affair, and nothing that is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _store_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSCOPE_STORE", str(tmp_path / "store"))


@pytest.fixture
def tiny() -> Graph:
    return tiny_graph()
