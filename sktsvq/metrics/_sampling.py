"""Scores of parts of the rows: how sure is a score, and where would it go with ever more rows?"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from sktsvq._validation import draw_seed

__all__ = ["ScoreInterval", "extrapolated_score", "score_interval"]


class ScoreInterval(NamedTuple):
    """A score and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def score_interval(score, *samples, n_resamples=100, confidence_level=0.95, random_state=None):
    r"""A score with its confidence interval, from random halves of the rows.

    The score is computed on `n_resamples` halves of each sample, drawn without replacement. Their spread about their
    mean is that of the score of all rows, and is put around it:

    .. math:: \bigl[s + q_{\alpha/2}(s^* - \bar s^*),\ s + q_{1-\alpha/2}(s^* - \bar s^*)\bigr]

    The usual bootstrap draws with replacement; rows that are there twice have a nearest neighbour at distance 0 and
    too small a covariance, so that it misplaces scores made of those, the Frechet distance above all. Half of the rows
    have the variance of all rows here, since the variance of a mean of n/2 out of n is s^2/(n/2) (1 - 1/2) = s^2/n.

    The interval is about what the score is expected to be with as many rows: it has that expectation's bias. So for a
    biased score compare it with the value of real against real of the same size, not with the ideal value.

    Parameters
    ----------
    score : callable
        ``score(*samples)`` gives a number.
    *samples : array-like, or tuple of array-likes of equal length
        What the score takes, one case a row, at least two rows each. Arrays in a tuple, such as series and labels, are
        halved alike, and given to `score` as a tuple.
    n_resamples : int, default=100
        Number of halves, at least 2.
    confidence_level : float, default=0.95
        In (0, 1).
    random_state : int, RandomState instance or None, default=None
        Of the halves.

    Returns
    -------
    interval : ScoreInterval
        A named tuple (value, low, high).

    Raises
    ------
    ValueError
        If a sample has fewer than two rows, or a parameter is out of its range.

    References
    ----------
    Shao and Wu, "A general theory for jackknife variance estimation", Annals of Statistics 1989: the delete-d
    jackknife, here with d = n/2.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.metrics import score_interval
    >>> x = np.random.RandomState(0).normal(size=400)
    >>> value, low, high = score_interval(np.mean, x, random_state=0)
    >>> low < value < high and 0.15 < high - low < 0.25
    True
    """
    samples = _check_samples(samples)
    if n_resamples < 2:
        raise ValueError(
            "The 'n_resamples' parameter of score_interval must be an int in the range [2, inf). "
            f"Got {n_resamples!r} instead."
        )
    if not 0 < confidence_level < 1:
        raise ValueError(
            "The 'confidence_level' parameter of score_interval must be a float in the range (0, 1). "
            f"Got {confidence_level!r} instead."
        )
    value = float(score(*samples))
    rng = np.random.RandomState(draw_seed(random_state))
    with warnings.catch_warnings():
        # Of few rows, which the whole sample warns of where it is due.
        warnings.simplefilter("ignore", UserWarning)
        halves = np.array([score(*[_part(sample, 0.5, rng) for sample in samples]) for _ in range(n_resamples)])
    tail = (1 - confidence_level) / 2
    low, high = value + np.quantile(halves - halves.mean(), [tail, 1 - tail])
    return ScoreInterval(value, float(low), float(high))


def extrapolated_score(score, *samples, n_sizes=10, n_repeats=5, smallest=0.25, random_state=None):
    r"""A score's value for infinitely many rows: FID_inf, IS_inf.

    .. math:: s(N) = a + b / N

    is fitted by least squares to the score at `n_sizes` numbers of rows N, evenly spaced in 1/N; a is returned. Many
    scores have a bias of this form: :func:`frechet_distance` (b > 0) and :func:`inception_score` (b < 0, and with
    ``n_splits=1``) among them.

    All samples are cut down by the same factor, so that the bias of few real rows goes with that of few generated ones;
    the reference keeps the real rows, which a function of the generated alone does here::

        extrapolated_score(lambda generated: frechet_distance(real, generated), generated)

    What is left is noise, larger than that of the score itself, and terms in 1/N^2, so that each part should have
    clearly more rows than features. The result may leave the score's range, a Frechet distance may be negative.

    Parameters
    ----------
    score : callable
        ``score(*samples)`` gives a number.
    *samples : array-like, or tuple of array-likes of equal length
        What the score takes, one case a row. Arrays in a tuple are cut alike, and given to `score` as a tuple.
    n_sizes : int, default=10
        At least 2.
    n_repeats : int, default=5
        Random parts of each size, whose scores are averaged; at least 1.
    smallest : float, default=0.25
        Share of the rows in the smallest parts, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Of the parts.

    Returns
    -------
    score : float
        The limit a, in the units of `score` and as good as it says.

    Raises
    ------
    ValueError
        If a sample has fewer than two rows, or a parameter is out of its range.

    References
    ----------
    Chong and Forsyth, "Effectively unbiased FID and inception score and where to find them", arXiv 1911.07023.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.metrics import extrapolated_score, frechet_distance
    >>> real, other = np.random.RandomState(0).normal(size=(2, 1000, 8))
    >>> limit = extrapolated_score(frechet_distance, real, other, random_state=0)
    >>> abs(limit) < frechet_distance(real, other) / 2
    True
    """
    samples = _check_samples(samples)
    for name, value, least in (("n_sizes", n_sizes, 2), ("n_repeats", n_repeats, 1)):
        if value < least:
            raise ValueError(
                f"The {name!r} parameter of extrapolated_score must be an int in the range [{least}, inf). "
                f"Got {value!r} instead."
            )
    if not 0 < smallest < 1:
        raise ValueError(
            "The 'smallest' parameter of extrapolated_score must be a float in the range (0, 1). "
            f"Got {smallest!r} instead."
        )
    rng = np.random.RandomState(draw_seed(random_state))
    inverse_shares = np.linspace(1, 1 / smallest, n_sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of few rows, which is what the fit is for
        scores = [
            np.mean([score(*[_part(sample, 1 / inverse, rng) for sample in samples]) for _ in range(n_repeats)])
            for inverse in inverse_shares
        ]
    # With N in units of all rows, 1/N is the inverse share.
    return float(np.polynomial.polynomial.polyfit(inverse_shares, scores, 1)[0])


def _check_samples(samples):
    if not samples:
        raise ValueError("At least one sample is needed beside the score. Got none.")
    return [
        _check_tuple(sample) if isinstance(sample, tuple) else _check_rows(np.asarray(sample)) for sample in samples
    ]


def _check_tuple(arrays):
    arrays = tuple(_check_rows(np.asarray(array)) for array in arrays)
    check_consistent_length(*arrays)
    return arrays


def _check_rows(array):
    return check_array(array, dtype=None, ensure_2d=False, allow_nd=True, ensure_min_samples=2, input_name="a sample")


def _part(sample, share, rng):
    """A random part of the rows, at least two, in random order."""
    n_rows = len(sample[0]) if isinstance(sample, tuple) else len(sample)
    rows = rng.permutation(n_rows)[: max(2, round(share * n_rows))]
    return tuple(array[rows] for array in sample) if isinstance(sample, tuple) else sample[rows]
