"""A Ray cluster of two nodes on this machine: the same table, also when a node dies; a driver whose memory stays flat."""

import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from archscope.cli.app import run
from archscope.errors import ArchscopeError
from archscope.sweep.columns import DEFAULT_METRICS
from archscope.sweep.grid import Grid, specs
from archscope.sweep.journal import Journal
from archscope.sweep.run import Sweep
from archscope.sweep.specification import Limits

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install archscope[ray]")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="clusters of several nodes on one machine")

_NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args=_NODE)
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def words(out: str, *more: str) -> list[str]:
    return ["sweep", "net.py:Net", "bad.py:leaves", "lenet5", "--set", "width=1..30", "--out", out, *more]


def test_the_same_table_on_two_nodes_of_which_one_dies(here, cluster, monkeypatch):
    assert run(words("here.csv", "-p", "1")) == 1
    second = cluster.add_node(**{key: value for key, value in _NODE.items() if key != "include_dashboard"})
    append, rows, died = Journal.append, [], threading.Event()

    def appended(journal, new):
        append(journal, new)
        rows.extend(new)
        if len(rows) >= 15 and not died.is_set():
            died.set()
            cluster.remove_node(second, allow_graceful=False)

    monkeypatch.setattr(Journal, "append", appended)
    assert run(words("there.csv", "--engine", "ray", "--address", cluster.address)) == 1
    assert died.is_set()
    assert (here / "there.csv").read_bytes() == (here / "here.csv").read_bytes()
    assert len(pd.read_csv("there.csv")) == 90


def test_the_memory_of_the_driver_stays_flat(here, cluster):
    """Networks that cannot be built cost next to nothing, so that the list of work can be long."""
    from archscope.sweep.engines.ray_cluster import on_ray

    long = Grid(["bad.py:raises"], {"width": range(10_000)})
    resident, taken = [], [0]

    def told(rows, total, failed):
        if rows % 100 == 0 or rows == total:
            resident.append((rows, _resident()))

    def counted(waiting):
        for spec in waiting:
            taken[0] = spec.index + 1
            yield spec

    class Told(Sweep):
        def fill(self, journal, work, total, engine):
            def looked(done, of, failed):
                told(done, of, failed)
                assert taken[0] - done <= 200 * 8  # what waits on the cluster, whatever the length of the list

            for found in engine(spec for spec in work if spec.index not in journal):
                journal.append([{"index": spec.index, "model": spec.name, **values} for spec, values in found])
                looked(len(journal), total, 0)

    sweep = Told(here / "r.csv", {"models": "bad.py:raises"}, DEFAULT_METRICS)
    engine = on_ray(DEFAULT_METRICS, Limits(), cluster.address, names=["bad.py:raises"])
    done = sweep.run(counted(specs(long, range(len(long)))), len(long), engine)
    assert (done.rows, sum(done.failures.values())) == (10_000, 10_000)
    early = min(memory for rows, memory in resident if rows >= 2_000)
    assert resident[-1][1] - early < 30 * 2**20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_cluster_that_is_not_there(here):
    from archscope.sweep.engines.ray_cluster import on_ray

    engine = on_ray(DEFAULT_METRICS, Limits(), "127.0.0.1:1")
    with pytest.raises(ArchscopeError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        list(engine(iter(())))
