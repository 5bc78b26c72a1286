"""The Graph of a user's own code is kept while nothing that decides it has changed, and never served when something has."""

import json
import multiprocessing
import os
import random
import sys

import numpy.random  # noqa: F401  once, not in every child
import pytest

import archscope.models.loading
import archscope.tracing.forward_pass  # noqa: F401
from archscope.graph import compact
from archscope.models import look_up as opener
from archscope.models import own_code, trace_store

FORK = multiprocessing.get_context("fork")  # each look in a process that has loaded none of the files

NET = """
import json, os
from pathlib import Path
from torch import nn
from parts_of_it.block import width
import netlib
try:
    from shadow import MORE
except ImportError:
    MORE = 0
PLAIN = {plain}

class Net(nn.Module):
    def __init__(self, k: int = 1):
        super().__init__()
        read = json.loads(Path(__file__).with_name("config.json").read_text())["n"]
        told = int(os.environ.get("NET_WIDTH", "0"))
        self.layer = nn.Linear(8, PLAIN + width() + read + told + netlib.WIDTH + MORE + k)

    def forward(self, x):
        return self.layer(x)
"""


def child(connection, folder, name, request, schema):
    os.chdir(folder)
    sys.path.insert(0, str(folder / "site-packages"))
    compact.SCHEMA_VERSION = schema
    fresh = opener._fresh
    traced = []
    opener._fresh = lambda *given: traced.append(1) or fresh(*given)
    graph = opener.look(name, **request)
    connection.send((graph.cost.macs, graph.shapes(graph.inputs), bool(traced)))


def look(folder, name="net.py:Net", schema=compact.SCHEMA_VERSION, **request) -> tuple[int, tuple, bool]:
    """MACs, shapes of the inputs, and whether it was traced now."""
    here, there = FORK.Pipe()
    process = FORK.Process(target=child, args=(there, folder, name, request, schema))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


class World:
    """Everything that decides the answer: what each is now, and how it is changed."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.patch = folder, monkeypatch
        self.now = {"plain": 2, "block": 3, "read": 4, "told": 0, "lib": 5, "shadow": 0, "k": 1, "input": 1, "batch": 1}
        self.now["schema"] = compact.SCHEMA_VERSION
        (folder / "parts_of_it").mkdir()
        (folder / "site-packages" / "netlib").mkdir(parents=True)
        (folder / "site-packages" / "netlib-1.0.dist-info").mkdir()
        for what in ("plain", "block", "read", "lib"):
            self.set(what, self.now[what])

    def set(self, what: str, value: int) -> None:
        self.now[what] = value
        folder = self.folder
        if what == "plain":
            (folder / "net.py").write_text(NET.replace("{plain}", str(value)))
        elif what == "block":
            (folder / "parts_of_it" / "block.py").write_text(f"def width():\n    return {value}\n")
        elif what == "read":
            (folder / "config.json").write_text(json.dumps({"n": value}))
        elif what == "told":
            self.patch.setenv("NET_WIDTH", str(value))
        elif what == "lib":  # as an installer does it: another version
            site = folder / "site-packages"
            (site / "netlib" / "__init__.py").write_text(f"WIDTH = {value}\n")
            (record,) = site.glob("netlib-*.dist-info")
            record.rename(site / f"netlib-{random.random()}.dist-info")
        elif what == "shadow":
            (folder / "shadow.py").write_text(f"MORE = {value}\n")

    def look(self) -> tuple[int, tuple, bool]:
        now = self.now
        return look(self.folder, schema=now["schema"], input=[(now["input"], 8)], batch=now["batch"], options={"k": now["k"]})

    def truth(self) -> tuple[int, tuple]:
        now = self.now
        width = sum(now[what] for what in ("plain", "block", "read", "told", "lib", "shadow", "k"))
        return now["batch"] * now["input"] * 8 * width, ((now["batch"], now["input"], 8),)


def test_whatever_changes_the_answer_is_never_stale(tmp_path, monkeypatch):
    chance = random.Random(14)
    world = World(tmp_path, monkeypatch)
    assert world.look() == (*world.truth(), True)
    for what in (*world.now, *chance.choices(list(world.now), k=12)):
        world.set(what, world.now[what] % 9 + 1)
        assert world.look() == (*world.truth(), True), what
        if what == "schema":  # an archscope that reads another form of Graphs; back to this one
            world.set("schema", compact.SCHEMA_VERSION)
        assert world.look() == (*world.truth(), False), what
    world.set("plain", 3)
    world.set("plain", 4)
    assert world.look()[:2] == world.truth()


def test_what_comes_back_is_known_again(tmp_path, monkeypatch):
    world = World(tmp_path, monkeypatch)
    world.look()
    world.set("k", 7)
    world.look()
    world.set("k", 1)
    assert world.look() == (*world.truth(), False)


@pytest.mark.parametrize(
    "code",
    [
        "import time", "import random", "from datetime import datetime", "import secrets", "import socket", "import subprocess", "import sys",
        "import importlib", "import os\nHERE = os.path.exists('wide')", "from pathlib import Path\nHERE = Path('wide').is_file()",
        "import numpy as np\nW = np.random.rand()", "import numpy as np\nW = np.random.default_rng()", "import torch\nW = torch.rand(1, device='cpu')",
        "import torch\nGPU = torch.cuda.is_available()", "exec('W = 1')", "import os\nALL = dict(os.environ)", "open('/dev/urandom', 'rb').close()",
        "open('log.txt', 'w').close()", "from os.path import exists", "import os\nNAMES = os.listdir('.')", "import os\nW = os.urandom(1)",
        "import torch\ntorch.manual_seed(0)",
    ],
)  # fmt: skip
def test_what_cannot_be_told_apart_is_not_kept(tmp_path, code):
    (tmp_path / "net.py").write_text(f"{code}\nfrom torch import nn\nnet = nn.Linear(8, 2)\n")
    for _ in range(2):
        assert look(tmp_path, "net.py:net", input=[(8,)]) == (16, ((1, 8),), True)
    assert trace_store.content().entries == 0


def test_a_forward_that_needs_values_is_not_kept(tmp_path):
    code = "from torch import nn\nclass Net(nn.Linear):\n    def forward(self, x):\n        return super().forward(x) if x.sum().item() < 9 else x\n"
    (tmp_path / "net.py").write_text(code)
    look(tmp_path, "net.py:Net", input=[(8,)], options={"in_features": 8, "out_features": 2})
    assert trace_store.content().entries == 0


def test_files_that_this_process_has_loaded_before_are_not_trusted(tmp_path, monkeypatch):
    """They may have been edited since: what runs is not what is on disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "earlier_part.py").write_text("WIDTH = 2\n")
    (tmp_path / "net.py").write_text("from torch import nn\nfrom earlier_part import WIDTH\nnet = nn.Linear(8, WIDTH)\n")
    __import__("earlier_part")
    (tmp_path / "earlier_part.py").write_text("WIDTH = 3\n")
    assert opener.look("net.py:net", input=[(8,)]).cost.macs == 16
    assert trace_store.content().entries == 0


def test_a_module_by_its_dotted_name_is_kept_too(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.py").write_text("from torch import nn\nfrom .part import WIDTH\nnet = nn.Linear(8, WIDTH)\n")
    for width in (2, 3):
        (tmp_path / "mine" / "part.py").write_text(f"WIDTH = {width}\n")
        assert look(tmp_path, "mine.net:net", input=[(8,)]) == (8 * width, ((1, 8),), True)
        assert look(tmp_path, "mine.net:net", input=[(8,)]) == (8 * width, ((1, 8),), False)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lonely_net.py").write_text("from torch import nn\nnet = nn.Linear(8, 2)\n")
    kind, compiles = type(os.environ), sys.dont_write_bytecode
    opener.look("lonely_net.py:net", input=[(8,)])
    assert type(os.environ) is kind
    assert sys.dont_write_bytecode is compiles
    assert own_code._watch is None
    assert [path.name for path in tmp_path.iterdir() if path.name != "store"] == ["lonely_net.py"]
