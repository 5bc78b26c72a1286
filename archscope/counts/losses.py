"""Losses: what each element costs, and the mean or sum over them. Targets to be ignored count."""

from typing import Any

from archscope.counts.formulas import formula
from archscope.counts.softmax import log_softmax
from archscope.graph import Cost, Tensor

_MEAN, _SUM = 1, 2


def reduced(per_element: Cost, n: int, reduction: int) -> Cost:
    """n elements, and by torch's number 0 none, 1 their mean, 2 their sum."""
    cost = per_element * n
    return cost + Cost(adds=n - 1, divs=int(reduction == _MEAN)) if reduction in (_MEAN, _SUM) else cost


def _by_element(per_element: Cost, *names: str) -> None:
    def loss(x: Tensor, target: Tensor, reduction: int = _MEAN, *_: Any, out: Tensor, **__: Any) -> Cost:
        """Each element compared with its target, then the reduction."""
        return reduced(per_element, max(x.numel, target.numel), reduction)

    formula(*names)(loss)


_by_element(Cost(adds=1, muls=1), "aten.mse_loss")
_by_element(Cost(adds=1, comparisons=1), "aten.l1_loss")
_by_element(Cost(adds=1, muls=2, divs=1, comparisons=2), "aten.smooth_l1_loss")  # d^2 / 2b below b, |d| - b/2 above
_by_element(Cost(adds=1, muls=2, comparisons=2), "aten.huber_loss")
_by_element(Cost(muls=1, exponentials=2), "aten.soft_margin_loss")  # log1p(exp(-y x))


@formula("aten.multi_margin_loss")
def multi_margin_loss(
    x: Tensor, target: Tensor, p: int = 1, margin: float = 1, weight: Any = None, reduction: int = _MEAN, *, out: Tensor
) -> Cost:
    """The mean over C classes of max(0, margin - x_target + x_c)^p, the target's own left out, for each sample."""
    samples, classes = target.numel, (x.shape or (1,))[-1]
    others = Cost(adds=1, comparisons=1, muls=int(p == 2) + int(weight is not None)) * (classes - 1)
    return reduced(others + Cost(adds=1 + classes - 2, divs=1), samples, reduction)


@formula("aten._ctc_loss")
def ctc_loss(log_probs: Tensor, targets: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """The forward variables of connectionist temporal classification: each of the 2S + 1 places at each step after the first
    adds up to three of the step before, as logarithms: the largest taken out, three exponentials, a logarithm, and the label's
    own. At the end two are added up. Shorter targets and inputs count as the longest.

    Source: Graves et al., "Connectionist Temporal Classification", ICML 2006, equations 6 to 8.
    """
    # log_alpha: [samples, steps, places]
    samples, steps, places = (int(size) for size in out[1].shape)
    place = Cost(comparisons=2, adds=3 + 2 + 1 + 1, exponentials=4)
    end = Cost(comparisons=1, adds=2 + 1 + 1, exponentials=3)
    return (place * ((steps - 1) * places) + end) * samples


@formula("aten.kl_div")
def kl_div(x: Tensor, target: Tensor, reduction: int = _MEAN, *, log_target: bool = False, out: Tensor) -> Cost:
    """t (log t - x), or exp(t) (t - x)."""
    return reduced(Cost(exponentials=1, adds=1, muls=1), max(x.numel, target.numel), reduction)


def _weights(weight: Any, n: int) -> Cost:
    return Cost(muls=n) if weight is not None else Cost()


@formula("aten.binary_cross_entropy")
def binary_cross_entropy(x: Tensor, target: Tensor, weight: Any = None, reduction: int = _MEAN, *, out: Tensor) -> Cost:
    """(t - 1) log(1 - x) - t log x, both logarithms bounded below."""
    return reduced(Cost(exponentials=2, adds=3, muls=2, comparisons=2), x.numel, reduction) + _weights(weight, x.numel)


@formula("aten.binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(
    x: Tensor, target: Tensor, weight: Any = None, pos_weight: Any = None, reduction: int = _MEAN, *, out: Tensor
) -> Cost:
    """(1 - t) x - log sigmoid(x); a weight of the positives multiplies the logarithm with 1 + (w - 1) t."""
    per_element = Cost(adds=3, muls=1, comparisons=2, exponentials=2)
    if pos_weight is not None:
        per_element += Cost(adds=2, muls=2)
    return reduced(per_element, x.numel, reduction) + _weights(weight, x.numel)


@formula("aten.nll_loss", "aten.nll_loss2d", "aten.nll_loss_nd", "aten.nll_loss_forward", "aten.nll_loss2d_forward")
def nll_loss(x: Tensor, target: Tensor, weight: Any = None, reduction: int = _MEAN, *_: Any, out: Any) -> Cost | str:
    """Looks up one value per target and reduces; weighted, each is multiplied and a mean divides by the sum of the weights."""
    n = target.numel
    weighted = Cost(muls=n, adds=n - 1 if reduction == _MEAN else 0) if weight is not None else Cost()
    return reduced(Cost(), n, reduction) + weighted


@formula("aten.cross_entropy_loss")
def cross_entropy_loss(
    x: Tensor,
    target: Tensor,
    weight: Any = None,
    reduction: int = _MEAN,
    ignore_index: int = -100,
    smoothing: float = 0.0,
    *,
    out: Tensor,
) -> Cost | str:
    """log softmax over the classes, then `nll_loss`; probabilities as targets and label smoothing have no formula."""
    if target.shape == x.shape or smoothing:
        raise ValueError("no formula for soft targets")
    picked = nll_loss(x, target, weight, reduction, out=out)
    assert isinstance(picked, Cost)
    return log_softmax(x, 1 if len(x.shape) > 1 else 0, out=x) + picked
