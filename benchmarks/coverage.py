"""Which networks of timm, torchvision, transformers and diffusers are traced with a cost for every operator, and why the others are not.

python -m benchmarks coverage                        all of them, an hour or two of one core; writes reports/coverage.md
python -m benchmarks.coverage hf:b timm:vit          those whose name begins with one of these words; writes no report
python -m benchmarks.coverage --again hf:            once more those that were not complete
python -m benchmarks.coverage --report               the report of what has been looked at so far

Said again after an end of any kind it goes on where it stopped: rows are kept in build/coverage.jsonl until a library changes.
"""

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import archscope
from archscope.models.name_patterns import expanded
from archscope.sweep.engines.processes import on_processes
from archscope.sweep.specification import Limits, Spec

ROOT = Path(__file__).parent.parent
ROWS, REPORT = ROOT / "build" / "coverage.jsonl", ROOT / "reports" / "coverage.md"
LONG = True  # runs only where it is named
LIMITS = Limits(seconds=150, memory=3 * 2**30)
KEYS = ("input", "device", "params", "macs", "uncounted", "uncounted_operators", "failed_in", "failure")
LIBRARIES = ("timm", "torchvision", "transformers", "diffusers")
COLUMNS = (
    ("looked at", lambda row: True),
    ("built", lambda row: built(row)),
    ("complete", lambda row: complete(row)),
    ("of these on the CPU", lambda row: complete(row) and row["device"] == "cpu"),
    ("lower bound", lambda row: bool(row["uncounted"])),
    ("failed", lambda row: built(row) and row["failed_in"] is not None),
)

Row = dict[str, Any]


def main(words: Sequence[str] = ()) -> None:
    """Fills the rows; with no words, then writes the report."""
    warnings.simplefilter("ignore")
    target = Path(words[words.index("--out") + 1]) if "--out" in words else REPORT
    words = [word for word in words if word not in ("--out", str(target))]
    again = "--again" in words
    wanted = [word for word in words if not word.startswith("--")]
    work = [spec for spec in specs() if not wanted or spec.name.startswith(tuple(wanted))]
    rows = kept()
    todo = [] if "--report" in words else [s for s in work if s.name not in rows or (again and not complete(rows[s.name]))]
    ROWS.parent.mkdir(exist_ok=True)
    for count, row in enumerate(examined(todo), 1):
        rows[row["model"]] = row
        with ROWS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if not complete(row):
            print(f"{row['model']}: {reason(row)}", flush=True)
        if count % 100 == 0:
            print(f"{count:,} of {len(todo):,}", flush=True)
    print("\n".join(counts([s.name for s in work], [rows[s.name] for s in work if s.name in rows])))
    if not wanted:
        target.write_text(report([s.name for s in work], [rows[s.name] for s in work if s.name in rows]), encoding="utf-8")
        print(target)


def complete(row: Row) -> bool:
    """Traced to its end, with a cost or a reason for every operator."""
    return row["failed_in"] is None and not row["uncounted"]


def built(row: Row) -> bool:
    """Whether the library makes it from its defaults; that its inputs are not found is another matter."""
    return row["failed_in"] != "building" or row["failure"].endswith("not known")


def library(name: str) -> str:
    """Of a name as archscope takes it."""
    prefix, _, rest = name.partition(":")
    return prefix if prefix != "hf" else "diffusers" if rest[:1].isupper() else "transformers"


# -- the work -------------------------------------------------------------------------------------------------------------------


def specs() -> Iterator[Spec]:
    """Every network, those of transformers with two layers of each kind."""
    names = [*expanded(["torchvision:*", "hf:*"]), *(f"hf:{name}" for name in diffusers_models()), *expanded(["timm:*"])]
    for index, name in enumerate(names):
        yield Spec(index, name, options=shrunk(name.partition(":")[2]) if library(name) == "transformers" else {})


def diffusers_models() -> list[str]:
    """Classes of networks that diffusers offers."""
    import diffusers

    listed = [getattr(diffusers, name) for name in diffusers._import_structure["models"] if name[0].isupper()]
    models = [one for one in listed if isinstance(one, type) and issubclass(one, diffusers.ModelMixin)]
    return sorted(one.__name__ for one in models if one is not diffusers.ModelMixin and not one.__name__.startswith("Multi"))


_LAYERS = {
    "num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers", "num_encoder_layers",
    "num_decoder_layers", "num_hidden_groups", "depth",
}  # fmt: skip


def shrunk(kind: str) -> dict[str, int]:
    """Entries that leave a type two layers wherever its configuration says how many there are; more where kinds of layers alternate."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        settings = CONFIG_MAPPING[kind]().to_dict()
    except Exception:
        return {}  # building it will say why
    found: dict[str, int] = {}

    def walk(part: dict[str, Any], path: str) -> None:
        kinds = next((part[key] for key in ("layer_types", "layers_block_type") if isinstance(part.get(key), list)), [])
        period = max((kinds.index(one) for one in set(kinds)), default=0) + 1
        for key, value in part.items():
            if isinstance(value, dict):
                walk(value, f"{path}{key}.")
            elif key in _LAYERS and type(value) is int and value > max(2, period):
                found[f"{path}{key}"] = max(2, period)

    walk(settings, "")
    return found


def examined(todo: Sequence[Spec]) -> Iterator[Row]:
    """What became of each network, in a process with a time and a memory limit; a shrunk one that is not complete is looked at whole."""
    again: list[Spec] = []
    versions = {name: version(name) for name in (*LIBRARIES, "torch")}
    for work in (todo, again):
        for found in on_processes(
            iter(list(work)), ("params", "macs"), LIMITS, 1, ["timm", "torchvision.models", "transformers"]
        ):
            for spec, values in found:
                row = {
                    "model": spec.name,
                    "options": dict(spec.options),
                    **{k: values.get(k) for k in KEYS},
                    "versions": versions,
                }
                if complete(row) or not spec.options:
                    yield row
                else:
                    again.append(replace(spec, options={}))


def kept() -> dict[str, Row]:
    """The rows so far, of the libraries as they are now."""
    if not ROWS.exists():
        return {}
    versions = {name: version(name) for name in (*LIBRARIES, "torch")}
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {row["model"]: row for row in rows if row["versions"] == versions}


# -- the report -----------------------------------------------------------------------------------------------------------------


def reason(row: Row) -> str:
    """Why a network is not complete."""
    if row["failed_in"]:
        return f"{row['failed_in']}: {row['failure']}"
    return f"without a cost formula: {row['uncounted_operators']}"


def counts(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """A table of how many, by library; `names` are those that there are."""
    heads = [head for head, _ in COLUMNS]
    lines = [f"| library | named | {' | '.join(heads)} | complete of built |", f"| --- |{' ---: |' * (len(heads) + 2)}"]
    for name in LIBRARIES:
        of = [row for row in rows if library(row["model"]) == name]
        numbers = {head: sum(map(is_one, of)) for head, is_one in COLUMNS}
        share = f"{numbers['complete'] / numbers['built']:.1%}" if numbers["built"] else ""
        there = sum(library(one) == name for one in names)
        lines.append(f"| {name} | {there:,} | {' | '.join(f'{number:,}' for number in numbers.values())} | {share} |")
    return lines


HEAD = """# Coverage

Every network that four libraries offer by name, built without weights and traced: {day}, archscope {own}, torch {torch}, {libraries}.
Made by `python -m benchmarks coverage`.

A network is *complete* where its forward was traced to its end and every operator has a cost, or a known reason to cost nothing. *Built* are
those that the library itself makes from its defaults; the others are at the end, with what the library says. Of transformers these are all
entries of its table of configurations, parts of networks included, each in its default configuration with two layers of every kind, or whole
where that is not complete; {whole:,} were looked at whole. Inputs are found from the configuration and the forward's signature, by trying:
where none was found, the failure below is the library's answer to the likeliest; grids of patches, whose values matter, are not found yet.
What was not looked at is not judged. Each network had {seconds:g} s and {memory:g} GiB.

"""


def report(names: Sequence[str], rows: Sequence[Row]) -> str:
    """reports/coverage.md; what is not among the rows has not been looked at."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    whole = sum(library(row["model"]) == "transformers" and not row["options"] for row in rows)
    head = HEAD.format(
        day=date.today(), own=archscope.__version__, torch=version("torch"), libraries=libraries, whole=whole, seconds=LIMITS.seconds,
        memory=LIMITS.memory / 2**30,
    )  # fmt: skip
    failures = [row for row in rows if built(row) and not complete(row)]
    lines = ["", "## Not complete", "", "| network | where | why |", "| --- | --- | --- |"]
    lines += [f"| {row['model']} | {row['failed_in'] or 'lower bound'} | {_cell(row)} |" for row in failures]
    lines += ["", "## Not built by the library itself", "", "| networks | why |", "| --- | --- |"]
    unbuilt: dict[str, list[str]] = {}
    for row in rows:
        if not built(row):
            unbuilt.setdefault(_cell(row).replace(row["model"].partition(":")[2], "it", 1), []).append(row["model"])
    lines += [f"| {', '.join(names)} | {why} |" for why, names in unbuilt.items()]
    return head + "\n".join(counts(names, rows) + lines) + "\n"


def _cell(row: Row) -> str:
    words = " ".join((row["failure"] or reason(row)).split()).replace("|", "\\|")
    return words if len(words) <= 240 else f"{words[:239]}…"


if __name__ == "__main__":
    main(sys.argv[1:])
