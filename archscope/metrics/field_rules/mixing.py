"""Element by element, normalisation, reductions, products, attention: what stays a place, and what sees all places."""

from archscope.graph import kinds
from archscope.metrics.field_rules.rule import Answer, Run, dim_of, dims_of, renumbered, rule
from archscope.metrics.places import Read, UnclearError, mixed


@rule("clone _to_copy detach alias copy dropout native_dropout contiguous lift_fresh lift_fresh_copy expand expand_as where "
      "clamp clamp_min clamp_max pow add sub rsub mul div addcmul addcdiv masked_fill bitwise_and bitwise_or bitwise_not round "
      "floor ceil trunc frac type_as _conj real imag")  # fmt: skip
def elementwise(run: Run, k: int, read: Read) -> Answer:
    """Broadcast from the right: a place stays the place that it is."""
    if run.node.name == "copy" and k == 0 and len(run.shapes) > 1:
        return [], False  # what is overwritten
    if run.node.name == "glu" and dim_of(run, k, default=-1) in dims_of(read):
        raise UnclearError("it joins one half of the places with the other")
    if kinds.word(run.node).endswith("softmax"):
        return _normalised(run, k, read)
    shape, out = run.shapes[k], run.out
    lead = len(out) - len(shape)
    if lead < 0 or any(shape[dim] != out[dim + lead] for dim in dims_of(read)):
        raise UnclearError("its places are not the input's places")
    return [renumbered(read, lambda dim: dim + lead)], False


@rule("native_layer_norm layer_norm rms_norm _fused_rms_norm native_group_norm group_norm _softmax softmax _safe_softmax "
      "_log_softmax log_softmax native_batch_norm batch_norm _native_batch_norm_legit cudnn_batch_norm _batch_norm_with_update "
      "_native_batch_norm_legit_no_training instance_norm")  # fmt: skip
def _normalised(run: Run, k: int, read: Read) -> Answer:
    """Every place sees itself, and all places that the statistics run over."""
    rank, word = len(run.shapes[k]), kinds.word(run.node)
    if word == "bn":
        over = set(range(rank)) - {1} if run.node.attrs.get("training") is True else set()
    elif word.endswith("softmax"):
        over = {dim_of(run, k, default=-1)}
    elif word == "in":
        over = set(range(2, rank)) if run.node.attrs.get("use_input_stats") is not False else set()
    elif word == "gn":
        over = set(range(1, rank))
    else:
        over = set(range(rank - max(len(run.numbers("normalized_shape")), 1), rank))
    if run.at > 0:  # the statistics themselves have no places
        return [], False
    if run.out != run.shapes[k]:
        raise UnclearError("its places are not the input's places")
    together, everything = mixed(read, over)
    return ([read] if together == read else [read, together]), everything


@rule("mean sum amax amin max min prod var var_mean std std_mean logsumexp norm linalg_vector_norm argmax argmin any all median "
      "nansum aminmax count_nonzero")  # fmt: skip
def _reduced(run: Run, k: int, read: Read) -> Answer:
    """Over whole dimensions; elementwise where `max` and `min` take two tensors."""
    shape, out = run.shapes[k], run.out
    if len(run.shapes) > 1:
        return elementwise(run, k, read)
    gone = {dim % len(shape) for dim in run.numbers("dim")} or set(range(len(shape)))
    read, everything = mixed(read, gone)
    kept = len(out) == len(shape)
    return [renumbered(read, lambda dim: dim if kept else dim - sum(g < dim for g in gone))], everything


@rule("mm addmm _addmm_activation linear bmm baddbmm matmul addmv mv")
def _product(run: Run, k: int, read: Read) -> Answer:
    """[*, n, m] x [*, m, p]: what runs along m is mixed."""
    shapes, out, name = run.shapes, run.out, run.node.name
    shape = shapes[k]
    matrices = [at for at, s in enumerate(shapes) if not (name in ("addmm", "baddbmm") and len(shapes) == 3 and at == 0)]
    if k not in matrices:
        return elementwise(run, k, read)
    second = k == matrices[-1] and len(matrices) > 1
    if len(matrices) == 1 and len(shape) > 1 and shape[:-1] != out[:-1]:
        second = True  # the first factor is a parameter
    rank = len(shape)
    mixes = rank - 2 if second and rank > 1 else rank - 1
    read, everything = mixed(read, {mixes})
    if len(out) != rank:
        if rank == len(out) + 1:  # a matrix times a vector
            return [read], everything
        raise UnclearError("its factors are of different ranks")
    return [read], everything


def attention(run: Run, k: int, read: Read) -> Answer:
    """Queries [*, n, d], keys [*, m, d], values [*, m, e] -> [*, n, e]; a mask behind them."""
    shapes = run.shapes
    if len(shapes) < 3 or k > 2 or len({len(shape) for shape in shapes[:3]}) != 1 or len(run.out) != len(shapes[0]):
        raise UnclearError("its queries, keys and values are not told apart")
    if run.at > 0:
        return [], False
    rank = len(shapes[k])
    read, everything = mixed(read, {rank - 1} if k == 0 else {rank - 2} if k == 2 else {rank - 1, rank - 2})
    return [read], everything


@rule("_fft_r2c _fft_c2r _fft_c2c")
def _transformed(run: Run, k: int, read: Read) -> Answer:
    """A Fourier transform: every frequency sees all places."""
    read, everything = mixed(read, {dim % len(run.shapes[k]) for dim in run.numbers("dim")})
    return [read], everything
