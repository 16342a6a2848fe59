"""Scores of parts of the rows: how sure is a score, and where would it go with ever more rows?"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.utils import check_array, check_consistent_length

from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, Real, draw_seed, validate_params

__all__ = ["ScoreInterval", "extrapolated_score", "score_interval"]


class ScoreInterval(NamedTuple):
    """A score and the ends of its confidence interval."""

    value: float
    low: float
    high: float


@validate_params(
    {
        "score": [callable],
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def score_interval(score, *samples, n_resamples=100, confidence_level=0.95, random_state=0):
    r"""A score with its confidence interval, from random parts of the rows.

    The samples are halved `n_resamples` times at random, and the score is computed on both halves. The interval is

    .. math:: s \pm t_{n-1} \sqrt{\mathrm{Var} \frac{s_1 - s_2}{2}}

    with s the score of all rows, s_1 and s_2 those of two halves, the variance over the halvings, and t a quantile of
    Student's distribution for n rows of the smallest sample.

    A mean of n/2 out of n rows has the variance of a mean of n rows; the difference of two halves leaves out what both
    gain or lose alike, the bias of small samples. The usual bootstrap draws with replacement; rows that are there twice
    have a nearest neighbour at distance 0 and too small a covariance, which misplaces scores made of those, the
    Frechet distance above all.

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
        Number of halvings, at least 2.
    confidence_level : float, default=0.95
        In (0, 1).
    random_state : int, RandomState instance or None, default=0
        Of the parts.

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
    value = float(score(*samples))
    rng = np.random.RandomState(draw_seed(random_state))
    with warnings.catch_warnings():
        # Of few rows, which the whole sample warns of where it is due.
        warnings.simplefilter("ignore", UserWarning)
        pairs = np.array([[score(*part) for part in _halves(samples, rng)] for _ in range(n_resamples)], dtype=float)
    n_rows = min(len(sample[0]) if isinstance(sample, tuple) else len(sample) for sample in samples)
    reach = stats.t.ppf((1 + confidence_level) / 2, n_rows - 1) * np.std((pairs[:, 0] - pairs[:, 1]) / 2, ddof=1)
    return ScoreInterval(value, float(value - reach), float(value + reach))


@validate_params(
    {
        "score": [callable],
        "n_sizes": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [AT_LEAST_ONE],
        "smallest": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def extrapolated_score(score, *samples, n_sizes=10, n_repeats=5, smallest=0.25, random_state=0):
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
    random_state : int, RandomState instance or None, default=0
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


def _halves(samples, rng):
    """Two lists: a random half of each sample, and the other halves."""
    halved = []
    for sample in samples:
        n_rows = len(sample[0]) if isinstance(sample, tuple) else len(sample)
        halved.append([_rows(sample, rows) for rows in np.array_split(rng.permutation(n_rows), 2)])
    return zip(*halved, strict=True)


def _rows(sample, rows):
    return tuple(array[rows] for array in sample) if isinstance(sample, tuple) else sample[rows]


def _part(sample, share, rng):
    """A random part of the rows, at least two, in random order."""
    n_rows = len(sample[0]) if isinstance(sample, tuple) else len(sample)
    rows = rng.permutation(n_rows)[: max(2, round(share * n_rows))]
    return _rows(sample, rows)
