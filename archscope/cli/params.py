"""`archscope params`."""

from archscope.cli import options
from archscope.cli.per_model import each


def params(
    models: options.Models,
    depth: options.Depth = None,
    *,
    forward: options.Forward,
    output: options.Output,
) -> None:
    """Parameters by stage or module: own and cumulated, share, size; trainable, shared, unused.

    archscope params inception_v4
    """
    from archscope.tables.params import params_table

    request = forward.request()
    tables, error = each(models, lambda graph: params_table(graph, depth), request)
    output.finish(tables, error, f"{'-'.join(table.name for table in tables)}-params")
