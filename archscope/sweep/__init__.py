"""Thousands of networks in one go. In: words, grids, generators; out: one typed row for each, in a file, and what follows
from it.

Open `run.py` first: a list of work, an engine, a file. `work_list.py` makes the list: names times a `grid.py` of arguments,
or the `candidates.py` of a generator. An engine (`engines/`) hands it out in pieces; a `lane.py` is one worker process at a
time, and the verdict on whatever ends it; the `worker.py` there answers each spec by `examine.py`. Rows go to a `journal.py`
as they come, which is how a sweep goes on after a crash, and at the end to `results.py`: parquet, csv or jsonl. `request.py`
decides whether it is the same sweep. `search.py` looks for the best within a budget.

Of results: `named_rows.py` reads them, `accuracy.py` joins what was published, `front_table.py` shows what no other network
beats.
"""
