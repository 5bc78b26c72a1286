"""Published accuracies, from a CSV of the user's, joined to results by the model's name and its input size.

Made for the files that timm publishes (`model,img_size,top1,top5,...`): a line is a trained network, `resnet50.a1_in1k`, whose
architecture is what stands before the point. Any other CSV with a column `model` does as well.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope.errors import ArchscopeError
from archscope.sweep.specification import Shapes
from archscope.zoo import catalog

if TYPE_CHECKING:
    import pandas as pd

_SIZES = ("img_size", "input_size", "size", "resolution")
_PHOTOGRAPH = 3


class Accuracies(NamedTuple):
    """The lines of the file.

    Attributes:
        frame: with the columns `model` (as the file has it), `architecture`, `side` (None where the file has no size), and
            every column of numbers.
        numbers: the names of these.
    """

    frame: "pd.DataFrame"
    numbers: tuple[str, ...]
    path: Path

    def inputs(self, names: Iterable[str]) -> list[tuple[str, Shapes]]:
        """Which of these models the file has, and at which inputs: each pair once, in the order of the names."""
        sides: dict[str, list[Any]] = {}
        for architecture, side in zip(self.frame["architecture"], self.frame["side"], strict=True):
            if side not in sides.setdefault(architecture, []):
                sides[architecture].append(side)
        return [
            (name, () if side is None else ((_channels(name), side, side),))
            for name in names
            for side in sorted(sides.get(bare(name), []), key=lambda side: side or 0)
        ]

    def joined(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """The rows with the numbers of the file, one for each of its lines that is about the same model and input size; under
        `trained` the name that the file has. Rows of which it says nothing are left out.
        """
        import pandas as pd

        left = rows.assign(architecture=rows["model"].map(bare))
        right = self.frame.rename(columns={"model": "trained"})
        right = right[[column for column in right.columns if column not in rows.columns]]
        keys = ["architecture"]
        if self.frame["side"].notna().any():
            left = left.assign(side=rows["input"].astype("string").str.rpartition("x")[2].astype("Int64").astype("object"))
            keys.append("side")
        else:
            right = right.drop(columns="side")
        found = pd.merge(left, right, on=keys, how="inner", sort=False)
        return found.drop(columns=keys)


def accuracies(path: Path) -> Accuracies:
    """Reads the file. Raises `ArchscopeError` where it cannot be read or has no column `model`."""
    import pandas as pd

    hint = "it needs a column 'model' and columns of numbers, as in timm's results: model,img_size,top1,top5"
    try:
        table = pd.read_csv(path, thousands=",")
    except (OSError, ValueError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ArchscopeError(f"cannot read {path}: {reason}", hint) from None
    if "model" not in table.columns:
        raise ArchscopeError(f"{path} has no column 'model'", hint)
    size = next((name for name in _SIZES if name in table.columns), None)
    numbers = tuple(n for n in table.columns if n not in ("model", size) and pd.api.types.is_numeric_dtype(table[n]))
    if not numbers:
        raise ArchscopeError(f"{path} has no column of numbers", hint)
    names = table["model"].astype(str)
    architectures = [bare(name.partition(".")[0]) for name in names]
    sides: list[Any] = [int(side) if pd.notna(side) else None for side in table[size]] if size else [None] * len(table)
    found = pd.DataFrame({"model": names, "architecture": architectures, "side": pd.Series(sides, dtype="object")})
    return Accuracies(found.join(table[list(numbers)]), numbers, path)


def _channels(name: str) -> int:
    """Of a built-in network its own; photographs have three."""
    if ":" in name or name.endswith(".json"):
        return _PHOTOGRAPH
    return catalog.find(name).input[0]


def bare(name: str) -> str:
    """A model's name without its source: "timm:resnet50" -> "resnet50"."""
    return name.rpartition(":")[2]
