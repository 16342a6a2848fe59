"""The inception score of class probabilities."""

import numpy as np
from scipy.special import rel_entr
from sklearn.utils import check_array

from sktsvq._validation import AT_LEAST_ONE, random_generator, validate_params
from sktsvq.metrics._registry import register_score

__all__ = ["inception_score"]


@register_score(
    "inception_score",
    needs="classifier",
    direction="higher",
    ideal=np.nan,
    question="Is each of a clear class, and all classes there? (IS)",
    value_range="[1, n_classes]",
    best="that of real",
    bias="downwards",
)
@validate_params(
    {"n_splits": [AT_LEAST_ONE], "random_state": ["random_state"], "return_std": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def inception_score(proba, *, n_splits=10, random_state=0, return_std=False):
    r"""Inception score of the class probabilities of generated series.

    .. math:: \exp\Bigl(\frac1n \sum_x \mathrm{KL}\bigl(p(y|x) \,\|\, p(y)\bigr)\Bigr)

    with p(y) the mean of p(y|x) over the series x, averaged over `n_splits` random parts of the rows. It is high where
    each series is clearly of one class and all classes are as frequent.

    It does not look at real data: one perfect series per class scores best. Small parts bias it downwards, since a part
    of n rows cannot score above n; and with two classes it saturates. Noise may raise it. Compare it with the score of
    real series; :func:`extrapolated_score` removes the bias.

    Parameters
    ----------
    proba : array-like of shape (n_cases, n_classes)
        Class probabilities, such as a classifier's ``predict_proba``. Rows sum to 1.
    n_splits : int, default=10
        Number of parts of equal size (up to one row), at most n_cases.
    random_state : int, RandomState instance or None, default=0
        Determines the order of the rows before they are split.
    return_std : bool, default=False
        Whether to return the standard deviation over the parts too.

    Returns
    -------
    score : float
        In [1, n_classes]; greater is better.
    std : float
        Only if `return_std` is True.

    Raises
    ------
    ValueError
        If `proba` is no 2-D array, holds NaN or negative values, its rows do not sum to 1, or `n_splits` is not in
        [1, n_cases].

    References
    ----------
    Salimans et al., "Improved techniques for training GANs", arXiv 1606.03498.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.metrics import inception_score
    >>> inception_score(np.eye(4), n_splits=1)
    4.0
    """
    proba = check_array(proba, dtype=np.float64, input_name="proba", estimator="inception_score")
    if proba.min() < 0:
        raise ValueError(f"proba must not be negative. Got {proba.min()} instead.")
    totals = proba.sum(axis=1, keepdims=True)
    if not np.allclose(totals, 1, atol=1e-4):
        worst = totals.flat[np.abs(totals - 1).argmax()]
        raise ValueError(f"Each row of proba must sum to 1. Got a row that sums to {worst} instead.")
    if n_splits > len(proba):
        raise ValueError(
            "The 'n_splits' parameter of inception_score must be an int in the range [1, n_cases], here "
            f"[1, {len(proba)}]. Got {n_splits!r} instead."
        )
    rng = random_generator(random_state)
    shuffled = rng.permutation(proba / totals)
    scores = [_score_of_part(part) for part in np.array_split(shuffled, n_splits)]
    mean = float(np.mean(scores))
    return (mean, float(np.std(scores))) if return_std else mean


def _score_of_part(proba):
    divergence = rel_entr(proba, proba.mean(axis=0)).sum(axis=1).mean()
    # Only rounding can leave the range.
    return np.clip(np.exp(divergence), 1, proba.shape[1])
