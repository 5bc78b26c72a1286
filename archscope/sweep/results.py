"""The rows as a file: parquet, csv or jsonl, typed, in the order of the work, with the command and the environment beside them.

Parquet carries these in its own metadata (key `archscope`); beside a csv or jsonl stands a file that ends in `.meta.json`.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError, UsageError
from archscope.metrics import METRICS
from archscope.printable import cell, printable_json
from archscope.sweep.columns import CIRCUMSTANCES, IDENTITY, OUTCOME, WHOLE, ordered
from archscope.sweep.journal import Row
from archscope.tables.table import Value

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "jsonl": ".jsonl"}
_KEY = b"archscope"
_BATCH = 10_000


def is_results(word: str) -> bool:
    """Whether a word of the command line is a file of results."""
    return Path(word).suffix.lower() in SUFFIXES.values()


# -- writing ---------------------------------------------------------------------------------------------------------------------


def write(path: Path, rows: Callable[[], Iterable[Row]], metrics: Sequence[str], about: Mapping[str, Any]) -> None:
    """Writes a file whole or not at all.

    Arguments:
        path: its suffix picks the format.
        rows: gives the rows, each time it is called; in any order.
        metrics: names of the metrics.
        about: what stands in the metadata: the command, the request, the environment, failures.

    Raises `ArchscopeError` where the file cannot be written.
    """
    table = arrow(rows, metrics)
    text = printable_json(json.dumps(about, ensure_ascii=False))
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            kept = {**(table.schema.metadata or {}), _KEY: text.encode(errors="backslashreplace")}
            _whole(path, lambda temporary: pq.write_table(table.replace_schema_metadata(kept), temporary, compression="zstd"))
            return
        _whole(_beside(path), lambda temporary: temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace"))
        _whole(path, lambda temporary: (_csv if path.suffix.lower() == ".csv" else _jsonl)(table, temporary))
    except OSError as error:
        raise ArchscopeError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}", "the rows are kept; make room and say it again"
        ) from None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.meta.json")


def _whole(path: Path, fill: Callable[[Path], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _csv(table: "pa.Table", path: Path) -> None:
    from pyarrow import csv

    csv.write_csv(_neutral(table), path, csv.WriteOptions(quoting_style="needed"))


def _neutral(table: "pa.Table") -> "pa.Table":
    """The table with text that a terminal would obey or a spreadsheet run spelled out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type) and pc.any(pc.match_substring_regex(table[at], r"^[=+@-]|[^ -~]")).as_py():
            words = [None if word is None else cell(word) for word in table[at].to_pylist()]
            table = table.set_column(at, field, pa.array(words, field.type))
    return table


def _jsonl(table: "pa.Table", path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches(_BATCH):
            file.writelines(printable_json(json.dumps(row, ensure_ascii=False)) + "\n" for row in batch.to_pylist())


def arrow(rows: Callable[[], Iterable[Row]], metrics: Sequence[str]) -> "pa.Table":
    """The rows as one table, by index. Two passes, so that the rows are never all in memory as Python's objects."""
    import pyarrow as pa

    schema = _schema(rows(), metrics)
    batches: list[pa.RecordBatch] = []
    waiting: Iterator[Row] = iter(rows())
    while part := list(islice(waiting, _BATCH)):
        columns = [pa.array([_cell(row.get(field.name), field.type) for row in part], field.type) for field in schema]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    table = pa.Table.from_batches(batches, schema).sort_by("index")
    return table.replace_schema_metadata(_for_pandas(table))


def _schema(rows: Iterable[Row], metrics: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    known = {*IDENTITY, *CIRCUMSTANCES, *OUTCOME, *metrics}
    kinds: dict[str, set[type]] = {}
    first: dict[str, tuple[Value, int]] = {}
    for row in rows:
        for place, (key, value) in enumerate(row.items()):
            kinds.setdefault(key, set()).add(str if isinstance(value, int) and abs(value) >= 2**63 else type(value))
            first[key] = min(first.get(key, (row["index"], place)), (row["index"], place))
    whole = {*WHOLE, *(name for name in metrics if METRICS[name].unit in ("", "B", "px"))}
    fields = []
    # The order in which the rows came is not to be seen.
    for name in ordered(sorted(set(kinds) - known, key=lambda key: first[key]), metrics):
        if name in whole and float not in kinds.get(name, ()):
            kind = pa.int64()
        elif name in {*whole, *metrics}:
            kind = pa.float64()
        else:
            kind = pa.string() if name in known else _argument(kinds[name] - {type(None)})
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _argument(seen: set[type]) -> "pa.DataType":
    import pyarrow as pa

    if seen == {bool}:
        return pa.bool_()
    if seen == {int}:
        return pa.int64()
    return pa.float64() if seen and seen <= {int, float} else pa.string()


def _cell(value: Any, kind: "pa.DataType") -> Any:
    import pyarrow as pa

    if value is None or not pa.types.is_string(kind):
        return value
    return value if isinstance(value, str) else json.dumps(value)


def _for_pandas(table: "pa.Table") -> dict[bytes, bytes]:
    """The metadata by which pandas reads whole numbers with gaps as whole numbers."""
    import pandas as pd
    import pyarrow as pa

    empty = table.slice(0, 0).to_pandas()
    gaps = {f.name: "Int64" for f in table.schema if pa.types.is_int64(f.type) and table[f.name].null_count}
    frame = empty.astype({**gaps, **{f.name: "boolean" for f in table.schema if pa.types.is_boolean(f.type)}})
    assert isinstance(frame, pd.DataFrame)
    return dict(pa.Schema.from_pandas(frame, preserve_index=False).metadata or {})


# -- reading ---------------------------------------------------------------------------------------------------------------------


def read(path: Path) -> tuple["pa.Table", dict[str, Any]]:
    """The table and what stands in its metadata; empty where the file was not written by a sweep.

    Raises `ArchscopeError` for a file that is not there or cannot be read, `UsageError` for a suffix of another format.
    """
    import pyarrow as pa

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES.values():
        raise UsageError(f"{path} is no file of results", f"these end in {', '.join(SUFFIXES.values())}")
    if not path.is_file():
        raise ArchscopeError(f"there is no file {path}", f"write one with: archscope sweep MODEL... --out {path}")
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
            return table, json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
        about = json.loads(_beside(path).read_text(encoding="utf-8")) if _beside(path).is_file() else {}
        return _text(path, set(about.get("metrics", METRICS))), about
    except (pa.ArrowException, OSError, ValueError) as error:
        lines = str(error).splitlines()
        raise ArchscopeError(f"{path} cannot be read: {lines[0] if lines else type(error).__name__}") from None


def _text(path: Path, metrics: set[str]) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv
    from pyarrow import json as lines

    known = {name: pa.int64() for name in {*WHOLE, *metrics}}
    known |= {name: pa.string() for name in {*IDENTITY, *CIRCUMSTANCES, *OUTCOME} - WHOLE}
    if path.suffix.lower() == ".csv":
        return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=known, strings_can_be_null=True))
    table = lines.read_json(path)
    return pa.table({n: c.cast(known[n]) if n in known else c for n, c in zip(table.column_names, table.columns, strict=True)})
