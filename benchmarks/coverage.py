"""Which networks of timm, torchvision, transformers and diffusers are traced with a cost for every operator, and why the others are not.

python -m benchmarks coverage                        all of them, an hour or two of one core; writes reports/coverage.md
python -m benchmarks.coverage hf:b timm:vit          those whose name begins with one of these words; writes no report
python -m benchmarks.coverage --again hf:            once more those that were not complete
python -m benchmarks.coverage --report               the report of what has been looked at so far

Said again after an end of any kind it goes on where it stopped: rows are kept in build/coverage.jsonl until a library changes. A
library that was not looked at whole since keeps what the report said of it.
"""

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archscope.models.name_patterns import expanded
from archscope.sweep.engines.processes import on_processes
from archscope.sweep.specification import Limits, Spec
from benchmarks._coverage_report import LIBRARIES, Row, built, complete, counts, earlier, library, reason, report

ROOT = Path(__file__).parent.parent
ROWS, REPORT = ROOT / "build" / "coverage.jsonl", ROOT / "reports" / "coverage.md"
LONG = True  # runs only where it is named
LIMITS = Limits(seconds=150, memory=3 * 2**30)
KEYS = ("input", "device", "params", "macs", "uncounted", "uncounted_operators", "failed_in", "failure")


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
        found = [rows[s.name] for s in work if s.name in rows]
        target.write_text(report([s.name for s in work], found, LIMITS, earlier(REPORT)), encoding="utf-8")
        print(target)


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
                    yield row | {"alone": _alone(row)}
                else:
                    again.append(replace(spec, options={}))


def _alone(row: Row) -> str | None:
    """What the library itself says of a network that is not complete, if it is the same whatever it is given."""
    if complete(row) or not built(row):
        return None
    if library(row["model"]) == "diffusers":
        from benchmarks import _alone_diffusers

        return _alone_diffusers.answer(row["model"])
    if library(row["model"]) != "transformers":
        return None
    from benchmarks._alone import answer

    return answer(row["model"], shrunk(row["model"].partition(":")[2]))


def kept() -> dict[str, Row]:
    """The rows so far, of the libraries as they are now."""
    if not ROWS.exists():
        return {}
    versions = {name: version(name) for name in (*LIBRARIES, "torch")}
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {row["model"]: row for row in rows if row["versions"] == versions}


if __name__ == "__main__":
    main(sys.argv[1:])
