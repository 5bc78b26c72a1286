"""Traces that several tests look at, made once for each process."""

from functools import cache

from archscope.graph import Graph
from archscope.models.loading import load


@cache
def traced(name: str, **options: object) -> Graph:
    """A network at its own input, batch 1, eval mode."""
    return load(name, **options).trace()
