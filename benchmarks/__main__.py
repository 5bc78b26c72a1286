"""`make bench`: runs every benchmark of this folder and prints its ratios. A ratio is always to a reference in the same run.

python -m benchmarks              all of them but those that take an hour
python -m benchmarks start_up     one by name
"""

import importlib
import pkgutil
import sys
from pathlib import Path


def main(wanted: list[str]) -> None:
    names = sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.name.startswith("_")
    )
    for name in wanted or names:
        module = importlib.import_module(f"benchmarks.{name}")
        if getattr(module, "LONG", False) and not wanted:
            continue
        print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
        module.main()
        print(flush=True)


main(sys.argv[1:])
