"""`archscope params`."""

from archscope.cli import options
from archscope.cli.output import finish
from archscope.cli.per_model import each


def params(
    models: options.Models,
    depth: options.Depth = None,
    input: options.Input = None,
    batch: options.Batch = 1,
    dtype: options.Dtype = "float32",
    mode: options.Mode = "eval",
    set_: options.Settings = None,
    format: options.Format = None,
    out: options.Out = None,
    exact: options.Exact = False,
) -> None:
    """Parameters by stage or module: own and cumulated, share, size; trainable, shared, unused.

    archscope params inception_v4
    """
    from archscope.tables.params import params_table

    request = options.request(input, batch, dtype, mode, set_)
    reports, error = each(models, lambda graph: params_table(graph, depth), request)
    finish(reports, error, format, out, f"{'-'.join(report.name for report in reports)}-params", exact)
