"""The trace store: a key for everything a Graph depends on, and no harm from what is damaged or cannot be written."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from archscope.cli.app import run
from archscope.graph.compact import pack
from archscope.models import fingerprints
from archscope.models import look_up as opener
from archscope.models import trace_store as store
from archscope.zoo import packaged

REQUEST = {"name": "net", "input": [(3, 8, 8)], "batch": 1, "dtype": "float32", "mode": "eval", "options": [("classes", 10)]}
KEY = "0" * 32


def entries() -> list[str]:
    return sorted(path.name for path in store.folder().iterdir())


def test_a_graph_there_and_back(tiny):
    key = store.key(REQUEST, ("torch",))
    assert store.get(key) is None
    store.put(key, tiny)
    assert store.get(key) == tiny
    assert entries() == [f"{key}.graph"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"}, {"input": [(3, 8, 9)]}, {"input": [(3, 8, 8), (3, 8, 8)]}, {"input": []}, {"batch": 2}, {"dtype": "float64"},
        {"mode": "train"}, {"options": []}, {"options": [("classes", 11)]}, {"options": [("classes", "10")]}, {"options": [("width", 10)]},
        {"options": [("classes", True)]}, {"options": [("classes", 10.0)]},
    ],
)  # fmt: skip
def test_the_key_changes_with_every_part_of_the_request(change):
    assert store.key(REQUEST | change, ("torch",)) != store.key(REQUEST, ("torch",))


@pytest.mark.parametrize("part", ["own_source", "python", "environment", "package"])
def test_the_key_changes_with_all_that_decides_the_answer(part, monkeypatch):
    plain = store.key(REQUEST, ("torch",))
    assert store.key(REQUEST, ("torch", "timm")) != plain
    assert store.key(dict(reversed(REQUEST.items())), ("torch",)) == plain
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, part, lambda *given: "another")
        assert store.key(REQUEST, ("torch",)) != plain
    assert store.key(REQUEST, ("torch",)) == plain


def test_the_key_changes_when_archscope_is_edited(tmp_path, monkeypatch):
    file = tmp_path / "graph" / "kinds.py"
    file.parent.mkdir()
    file.write_text("one = 1")
    seen = set()
    monkeypatch.setattr(fingerprints, "__file__", str(tmp_path / "models" / "fingerprints.py"))
    for change in (
        lambda: None,
        lambda: file.write_text("one = 11"),
        lambda: os.utime(file, (5, 5)),
        lambda: file.with_name("new.py").touch(),
    ):
        change()
        seen.add(fingerprints.own_source.__wrapped__())
    assert len(seen) == 4


def test_a_package_is_told_by_place_version_and_time(tmp_path, monkeypatch):
    def now() -> str | None:
        return fingerprints.package.__wrapped__("netlib")

    monkeypatch.syspath_prepend(tmp_path)
    assert now() is None
    begin = tmp_path / "netlib" / "__init__.py"
    begin.parent.mkdir()
    begin.write_text("")
    assert now() is None  # a checkout: nobody says which version it is
    record = tmp_path / "netlib-1.0.dist-info"
    record.mkdir()
    seen = {now()}
    record.rename(tmp_path / "netlib-1.1.dist-info")
    seen.add(now())
    os.utime(begin, (5, 5))
    seen.add(now())
    assert None not in seen
    assert len(seen) == 3


def test_nothing_is_kept_of_a_package_that_cannot_be_told_apart(monkeypatch):
    monkeypatch.setattr(fingerprints, "package", lambda name: None)
    assert store.key(REQUEST, ("torch",)) is None
    assert store.key(REQUEST, ()) is not None


def test_variables_that_libraries_obey_are_part_of_the_key(monkeypatch):
    plain = store.key(REQUEST, ("torch",))
    monkeypatch.setenv("TIMM_FUSED_ATTN", "0")
    assert store.key(REQUEST, ("torch",)) != plain


# -- damage -------------------------------------------------------------------------------------------------------------------


def test_a_changed_byte_is_never_served(tiny):
    store.put(KEY, tiny)
    path = store.folder() / f"{KEY}.graph"
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert store.get(KEY) is None


def test_a_changed_digit_is_never_served(tiny):
    """Also where the change is made in the Graph itself and what surrounds it is left as it was."""
    store.put(KEY, tiny)
    path = store.folder() / f"{KEY}.graph"
    first, *rest = tiny.nodes
    other = msgspec.structs.replace(first, bytes=first.bytes + 1)
    begin = path.read_bytes()[: -len(pack(tiny))]
    path.write_bytes(begin + pack(msgspec.structs.replace(tiny, nodes=(other, *rest))))
    assert store.get(KEY) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\xff", b"[1, 2", b'{"schema_version": 99}', b"archscope trace 1\n"])
def test_a_damaged_entry_is_as_good_as_absent(tiny, damage):
    store.put(KEY, tiny)
    (store.folder() / f"{KEY}.graph").write_bytes(damage)
    assert store.get(KEY) is None
    store.put(KEY, tiny)
    assert store.get(KEY) == tiny


def test_a_renamed_entry_is_as_good_as_absent(tiny):
    store.put(KEY, tiny)
    (store.folder() / f"{KEY}.graph").rename(store.folder() / f"{'1' * 32}.graph")
    assert store.get("1" * 32) is None


def test_an_entry_that_is_a_folder(tiny):
    (store.folder() / f"{KEY}.graph").mkdir(parents=True)
    assert store.get(KEY) is None
    store.put(KEY, tiny)
    assert entries() == [f"{KEY}.graph"]


def test_an_entry_holds_only_while_what_it_needs_is_as_it_was(tiny, tmp_path):
    file, absent = tmp_path / "net.py", tmp_path / "blocks.py"
    file.write_text("a")
    needs = [store.Need("file", str(path), fingerprints.content(str(path))) for path in (file, absent)]
    store.put(KEY, tiny, needs)
    assert store.get(KEY) == tiny
    absent.write_text("b")
    assert store.get(KEY) is None
    absent.unlink()
    assert store.get(KEY) == tiny
    file.write_text("c")
    assert store.get(KEY) is None


# -- places -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/proc/nowhere", "/dev/null/store", "file"])
def test_a_folder_that_cannot_be_written_is_no_error(tiny, tmp_path, monkeypatch, where):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSCOPE_STORE", where)
    store.put(KEY, tiny)
    assert store.get(KEY) is None
    assert store.content() == (0, 0)
    assert store.clear() == (0, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read(tiny, tmp_path, monkeypatch):
    store.put(KEY, tiny)
    store.folder().chmod(stat.S_IRUSR | stat.S_IXUSR)
    store.put("1" * 32, tiny)
    assert store.get("1" * 32) is None
    assert store.get(KEY) == tiny


def test_an_entry_whose_time_cannot_be_changed_is_read(tiny, monkeypatch):
    def fail(*given):
        raise PermissionError("read-only file system")

    store.put(KEY, tiny)
    monkeypatch.setattr(os, "utime", fail)
    assert store.get(KEY) == tiny


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "false"])
def test_switched_off(tiny, monkeypatch, word):
    monkeypatch.setenv("ARCHSCOPE_STORE", word)
    assert store.folder() is None
    store.put(KEY, tiny)
    assert store.get(KEY) is None


def test_its_usual_place_is_the_user_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHSCOPE_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.folder().parts[-2:] == ("archscope", "graphs")


def test_the_least_recently_used_go_first(tiny, monkeypatch):
    monkeypatch.setattr(store, "_MOST", 3)
    keys = [str(at) * 32 for at in range(4)]
    for at in range(3):
        store.put(keys[at], tiny)
        os.utime(store.folder() / f"{keys[at]}.graph", (at, at))
    store.get(keys[0])  # which makes it the most recently used
    store.put(keys[3], tiny)
    assert entries() == [f"{keys[at]}.graph" for at in (0, 2, 3)]


@pytest.mark.parametrize("error", [OSError("no"), OSError(28, "No space left on device")])
def test_a_put_that_fails_leaves_no_temporary_file(tiny, monkeypatch, error):
    def fail(self, target):
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    store.put(KEY, tiny)
    assert entries() == []


def test_what_a_killed_writer_left_goes_in_the_end(tiny):
    store.put(KEY, tiny)
    fresh, abandoned, foreign = (store.folder() / name for name in (f"{KEY}.graph.a.tmp", f"{KEY}.graph.b.tmp", "notes.txt"))
    for file in (fresh, abandoned, foreign):
        file.touch()
    for file in (abandoned, foreign):
        os.utime(file, (time.time() - 7200,) * 2)
    store.put(KEY, tiny)
    assert entries() == [f"{KEY}.graph", fresh.name, "notes.txt"]
    assert store.clear().entries == 1
    assert entries() == ["notes.txt"]


WRITER = """
import sys
from archscope.graph.compact import unpack
from archscope.models import trace_store as store
graphs = [unpack(open(path, "rb").read()) for path in sys.argv[1:]]
print("ready", flush=True)
while True:
    for at, graph in enumerate(graphs):
        store.put(str(at) * 32, graph)
        found = store.get(str(at) * 32)
        assert found is None or found.name == graph.name
"""


def test_eight_writers_killed_at_random_moments_leave_only_right_entries():
    files = [packaged.path(name) for name in ("lenet5", "alexnet", "vgg16")]
    graphs = [packaged.graph(file.stem) for file in files]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, *map(str, files)], stdout=subprocess.PIPE) for _ in range(8)]
    try:
        for writer in writers:
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            for _ in range(10):  # reading while they write and die
                for at, graph in enumerate(graphs):
                    assert store.get(str(at) * 32) in (None, graph)
            writer.kill()
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert [store.get(str(at) * 32) for at in range(3)] == graphs
    assert all(name.endswith((".graph", ".tmp")) for name in entries())


# -- what is kept -------------------------------------------------------------------------------------------------------------


def test_a_second_look_is_a_read(monkeypatch):
    first = opener.look("lenet5_dense", batch=3)
    monkeypatch.setattr(opener, "_fresh", lambda *given: pytest.fail("traced again"))
    assert opener.look("lenet5_dense", batch=3) == first
    assert opener.look("LeNet5-Dense", batch=3) == first
    with pytest.raises(pytest.fail.Exception):
        opener.look("lenet5_dense", batch=2)


def test_the_first_look_at_a_network_of_ours_is_a_read(monkeypatch):
    monkeypatch.setattr(opener, "_fresh", lambda *given: pytest.fail("traced"))
    graph = opener.look("v4")
    assert opener.look("v4", input=[(3, 299, 299)]) == graph
    assert not store.folder().exists()
    for other in (
        {"input": [(3, 299, 300)]},
        {"batch": 2},
        {"dtype": "float64"},
        {"mode": "train"},
        {"options": {"num_classes": 1000}},
    ):
        with pytest.raises(pytest.fail.Exception):
            opener.look("v4", **other)


def test_a_network_too_large_for_a_file_is_shown_all_the_same():
    graph = opener.look("lenet5_dense", batch=10**14)
    assert graph.cost.macs == 416520 * 10**14
    assert opener.look("lenet5_dense", batch=10**14) == graph


# -- archscope cache ----------------------------------------------------------------------------------------------------------


def test_the_command_says_what_there_is_and_forgets_it(tiny, capsys, monkeypatch):
    store.put(KEY, tiny)
    size = (store.folder() / f"{KEY}.graph").stat().st_size
    assert run(["cache", "--format", "csv"]) == 0
    assert capsys.readouterr().out == f"model,folder,graphs,bytes\ncache,{store.folder()},1,{size}\n"
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"forgot 1 graph, {size} B\n"
    assert run(["cache", "info", "--format", "csv"]) == 0
    assert capsys.readouterr().out.endswith(",0,0\n")
    monkeypatch.setenv("ARCHSCOPE_STORE", "off")
    assert run(["cache"]) == 0
    assert "Nothing is kept" in capsys.readouterr().out
    assert run(["cache", "bogus"]) == 2
    assert capsys.readouterr().err == "error: unknown action 'bogus'\nhint: choose from clear, info\n"
