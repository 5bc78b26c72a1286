"""The trace store: a key for everything a Graph depends on, and no harm from what is damaged or cannot be written."""

import os
import stat
from pathlib import Path

import pytest

from archscope.models import look_up as opener
from archscope.models import trace_store as store

REQUEST = {"name": "net", "input": [(3, 8, 8)], "batch": 1, "dtype": "float32", "mode": "eval", "options": [("classes", 10)]}


def test_a_graph_there_and_back(tiny):
    key = store.key(REQUEST, ("torch",))
    assert store.get(key) is None
    store.put(key, tiny)
    assert store.get(key) == tiny
    assert [path.name for path in store.folder().iterdir()] == [f"{key}.json"]


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


def test_the_key_changes_with_versions_and_with_archscope_itself(monkeypatch):
    plain = store.key(REQUEST, ("torch",))
    assert store.key(REQUEST, ("torch", "timm")) != plain
    assert store.key(dict(reversed(REQUEST.items())), ("torch",)) == plain
    with monkeypatch.context() as patch:
        patch.setattr(store, "_version", lambda package: "9.9")
        assert store.key(REQUEST, ("torch",)) != plain
    with monkeypatch.context() as patch:
        patch.setattr(store, "_source_digest", lambda: "another archscope")
        assert store.key(REQUEST, ("torch",)) != plain
    assert store.key(REQUEST, ("torch",)) == plain


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\xff", b"[1, 2", b'{"schema_version": 99}'])
def test_a_damaged_entry_is_as_good_as_absent(tiny, damage):
    store.put("key", tiny)
    (store.folder() / "key.json").write_bytes(damage)
    assert store.get("key") is None
    store.put("key", tiny)
    assert store.get("key") == tiny


def test_a_truncated_entry_is_as_good_as_absent(tiny):
    store.put("key", tiny)
    path = store.folder() / "key.json"
    path.write_bytes(path.read_bytes()[:-20])
    assert store.get("key") is None


def test_an_entry_that_is_a_folder(tiny):
    (store.folder() / "key.json").mkdir(parents=True)
    assert store.get("key") is None
    store.put("key", tiny)
    assert [path.name for path in store.folder().iterdir()] == ["key.json"]


@pytest.mark.parametrize("where", ["/proc/nowhere", "/dev/null/store", "file"])
def test_a_folder_that_cannot_be_written_is_no_error(tiny, tmp_path, monkeypatch, where):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSCOPE_STORE", where)
    store.put("key", tiny)
    assert store.get("key") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_no_error(tiny, tmp_path, monkeypatch):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setenv("ARCHSCOPE_STORE", str(tmp_path / "store"))
    store.put("key", tiny)
    assert store.get("key") is None


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "false"])
def test_switched_off(tiny, monkeypatch, word):
    monkeypatch.setenv("ARCHSCOPE_STORE", word)
    assert store.folder() is None
    store.put("key", tiny)
    assert store.get("key") is None


def test_its_usual_place_is_the_user_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHSCOPE_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.folder().parts[-2:] == ("archscope", "graphs")


def test_the_least_recently_used_go_first(tiny, monkeypatch):
    monkeypatch.setattr(store, "_MOST", 3)
    for at in range(3):
        store.put(f"key{at}", tiny)
        os.utime(store.folder() / f"key{at}.json", (at, at))
    store.get("key0")  # which makes it the most recently used
    store.put("key3", tiny)
    assert sorted(path.stem for path in store.folder().iterdir()) == ["key0", "key2", "key3"]


def test_a_put_that_fails_leaves_no_temporary_file(tiny, monkeypatch):
    def fail(self, target):
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", fail)
    store.put("key", tiny)
    assert list(store.folder().iterdir()) == []


# -- what is kept -------------------------------------------------------------------------------------------------------------


def test_a_second_look_is_a_read(monkeypatch):
    first = opener.look("lenet5_dense")
    monkeypatch.setattr(opener, "_fresh", lambda *given: pytest.fail("traced again"))
    assert opener.look("lenet5_dense") == first
    assert opener.look("LeNet5-Dense") == first
    with pytest.raises(pytest.fail.Exception):
        opener.look("lenet5_dense", batch=2)


def test_models_of_a_users_own_are_never_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = tmp_path / "own_net.py"
    net.write_text("from torch import nn\nnet = nn.Linear(4, 2)\n")
    assert opener.look("own_net.py:net", input=[(4,)]).cost.macs == 4 * 2
    net.write_text("from torch import nn\nnet = nn.Linear(4, 3)\n")
    assert opener.look("own_net.py:net", input=[(4,)]).cost.macs == 4 * 3
    assert not store.folder().exists()


def test_a_network_too_large_for_a_file_is_shown_all_the_same():
    graph = opener.look("lenet5_dense", batch=10**14)
    assert graph.cost.macs == 416520 * 10**14
    assert opener.look("lenet5_dense", batch=10**14) == graph
