"""The words of a sweep -> its list of work: a grid over names, or what a generator yields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archscope.errors import UsageError
from archscope.models.look_up import canonical
from archscope.models.name_patterns import expanded
from archscope.sweep.candidates import candidates
from archscope.sweep.grid import Grid, specs
from archscope.sweep.own_files import home, yields
from archscope.sweep.specification import Spec


@dataclass(frozen=True)
class WorkList:
    """What is to be looked at.

    Attributes:
        grid: names, arguments and circumstances.
        chosen: the numbers of the combinations that are wanted; None for a generator, whose length is not known.
        seed: of the sample, and of what a generator draws.
    """

    grid: Grid
    chosen: Sequence[int] | None
    seed: int = 0

    @property
    def total(self) -> int | None:
        """How many rows there will be; None where that is not known."""
        return None if self.chosen is None else len(self.chosen)

    def __iter__(self) -> Iterator[Spec]:
        if self.chosen is None:
            return candidates(self.grid.names[0], self.grid, self.seed)
        return specs(self.grid, self.chosen)


def work_list(words: Sequence[str], grid: Grid, sample: int | None = None, seed: int = 0) -> WorkList:
    """The list of work.

    Arguments:
        words: names, patterns, files of names, or one generator: `net.py:candidates`.
        grid: what the names are combined with; its own names are not looked at.
        sample: how many combinations to draw; None for all of them.

    Raises `UsageError` for words that cannot be.
    """
    names = expanded(words)
    if not names:
        raise UsageError("no model is named", "name one, as in: archscope sweep 'timm:resnet*'")
    grid = Grid(names, grid.arguments, grid.inputs, grid.batches, grid.dtypes, grid.mode)
    if len(names) == 1:
        canonical(names[0])  # of many, one that is wrong is a row that says so; of one, there is nothing to sweep
    generator = next((name for name in names if _is_generator(name)), None)
    if generator is None:
        return WorkList(grid, grid.sample(sample, seed), seed)
    if len(names) > 1:
        raise UsageError(f"{generator} is a generator and stands alone", "let it yield the other names too")
    several = next((name for name, values in grid.arguments.items() if len(values) > 1), None)
    if several is not None:
        raise UsageError(f"--set {several} has several values, and {generator} is a generator", "let it yield every combination")
    if sample is not None:
        raise UsageError(f"{generator} is a generator: its length is not known", "let it draw the sample, or use --set")
    return WorkList(grid, None, seed)


def _is_generator(name: str) -> bool:
    path = home(name)
    return path is not None and yields(path, name.rpartition(":")[2])
