"""A sweep that is ended at any moment and said again: no row lost, none doubled, the same table."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from networks_of_sweeps import PARAMETERS

from archscope.cli.app import run
from archscope.errors import ArchscopeError
from archscope.sweep.examine import examine
from archscope.sweep.grid import Grid, specs
from archscope.sweep.journal import Journal, differences
from archscope.sweep.run import Sweep

GRID = Grid(["net.py:Net"], {"width": range(1, 16), "depth": range(1, 4)})
REQUEST = {"models": "net.py:Net", "--set depth": "1..3"}


def one_by_one(waiting):
    """An engine without processes of its own, so that killing it is killing all of it; each row is one append."""
    for spec in waiting:
        time.sleep(0.002)  # so that a fast machine is not done before it is killed
        yield [(spec, examine(spec, ("params", "macs")))]


def sweep_in_this_process() -> None:
    Sweep(Path("r.parquet"), REQUEST, ("params", "macs")).run(specs(GRID, range(len(GRID))), len(GRID), one_by_one)


def sweep_in_a_process_of_its_own(store: str) -> None:
    os.environ["ARCHSCOPE_STORE"] = store
    sweep_in_this_process()


# The process of the tests has threads, and what is forked from it may not run: a server forks, which has none.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["archscope.sweep.examine", "archscope.sweep.run", "archscope.models.loading", "test_restart"])


def _size() -> int:
    journal = Path("r.parquet.journal")
    return journal.stat().st_size if journal.exists() else 0


def table(path: str = "r.parquet") -> pd.DataFrame:
    return pd.read_parquet(path)


def test_killed_ten_times_at_any_moment(here):
    moments = random.Random(13)
    killed = 0
    for _ in range(200):
        process = PROCESSES.Process(target=sweep_in_a_process_of_its_own, args=(os.environ["ARCHSCOPE_STORE"],))
        process.start()
        enough = _size() + moments.uniform(0, 600)
        while process.is_alive() and _size() < enough:
            time.sleep(0.0005)
        process.join(moments.uniform(0, 0.004))
        if process.exitcode is not None:  # a busy machine let it finish: from the beginning
            assert process.exitcode == 0
            Path("r.parquet").unlink()
            continue
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed += 1
        lines = Path("r.parquet.journal").read_bytes().splitlines() if Path("r.parquet.journal").exists() else []
        indices = [json.loads(line)["index"] for line in lines[1:-1]]
        assert len(indices) == len(set(indices))
        if killed >= 10:
            break
    assert killed == 10
    sweep_in_this_process()
    rows = table()
    assert list(rows["index"]) == list(range(45))
    assert all(row.params == PARAMETERS[row.width, row.depth] for row in rows.itertuples())
    assert not Path("r.parquet.journal").exists()
    interrupted = Path("r.parquet").read_bytes()
    Path("r.parquet").unlink()
    sweep_in_this_process()
    assert Path("r.parquet").read_bytes() == interrupted


def test_a_line_that_was_half_written_is_computed_again(here):
    with Journal(here / "j", REQUEST) as journal:
        journal.append([{"index": 0, "model": "a", "params": 1}, {"index": 2, "model": "b", "params": 2}])
    whole = (here / "j").read_bytes()
    for cut in range(1, len(whole)):
        (here / "j").write_bytes(whole[:cut])
        with Journal(here / "j", REQUEST) as journal:
            there = [row["index"] for row in journal.rows()]
            assert there == [index for index in (0, 2) if index in journal]
            journal.append([{"index": index, "model": "x", "params": 3} for index in (0, 1, 2)])
            assert sorted(row["index"] for row in journal.rows()) == [0, 1, 2]


def test_only_one_sweep_writes_a_journal(here):
    with Journal(here / "j", REQUEST), pytest.raises(ArchscopeError, match="being written by another sweep"):
        Journal(here / "j", REQUEST)


def test_a_file_that_is_no_journal_is_left_alone(here):
    for content in (b"precious", b'{"precious": 1}\n', b"precious\nmore\n"):
        (here / "j").write_bytes(content)
        with pytest.raises(ArchscopeError, match="not the journal of a sweep"):
            Journal(here / "j", REQUEST, overwrite=True)
        assert (here / "j").read_bytes() == content


def test_a_changed_command_says_what_differs(here, capsys):
    words = ["sweep", "net.py:Net", "-m", "params", "--out", "r.csv", "-p", "1"]
    assert run([*words, "--set", "width=1..2"]) == 0
    before = (here / "r.csv").read_bytes()
    assert run([*words, "--set", "width=1..3"]) == 1
    assert "r.csv is the result of another command: --set width was 1..2, is 1..3" in capsys.readouterr().err
    (here / "parts.py").write_text((here / "parts.py").read_text() + "\n")
    assert run([*words, "--set", "width=1..2"]) == 1
    assert "file parts.py was" in capsys.readouterr().err
    assert (here / "r.csv").read_bytes() == before
    assert run([*words, "--set", "width=1..3", "--overwrite"]) == 0
    assert len(pd.read_csv("r.csv")) == 3


def test_a_complete_result_is_not_computed_again_and_tells_its_failures_again(here, capsys):
    words = ["sweep", "net.py:Net", "bad.py:raises", "--out", "r.csv", "-p", "1"]
    for said in ("2 rows\n", "2 rows, 2 of them were there\n"):
        assert run(words) == 1
        told = capsys.readouterr().err
        assert told.startswith(said)
        assert "1 of 2 networks failed (1 building)" in told


def test_what_another_program_wrote_is_not_replaced(here):
    (here / "r.csv").write_text("precious\n1\n")
    assert run(["sweep", "lenet5", "--out", "r.csv"]) == 1
    assert (here / "r.csv").read_text() == "precious\n1\n"


def test_differences_are_told_in_words():
    assert (
        differences({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == "a was 1, is not given; b was 2, is 3; c was not given, is 4"
    )
    assert differences({"a": "1"}, {"a": "1"}) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_the_command_ends_its_workers_and_goes_on(here):
    words = [
        sys.executable,
        "-m",
        "archscope",
        "sweep",
        "net.py:Net",
        "--set",
        "width=1..39",
        "--set",
        "depth=1..19",
        "--out",
        "r.parquet",
        "-p",
        "2",
    ]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    journal = here / "r.parquet.journal"
    _until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 40)
    process.kill()
    process.wait()
    _until(lambda: not _alive(process.pid))
    there = journal.read_bytes().count(b"\n") - 1
    assert 40 <= there < 39 * 19
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert again.stderr.splitlines()[-1] in {f"741 rows, {count} of them were there" for count in (there, there - 1)}
    rows = table()
    assert list(rows["index"]) == list(range(39 * 19))
    assert all(row.params == PARAMETERS[row.width, row.depth] for row in rows.itertuples())


def _until(holds, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def _alive(session: int) -> list[int]:
    """The processes of a session that are not dead."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(status.parent.name))
    return found
