"""Kernel distances of two sets of features: KID and CMMD."""

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.metrics import euclidean_distances
from sklearn.utils import check_random_state, gen_batches

from sktsvq._validation import POSITIVE, validate_params
from sktsvq.metrics._checks import check_finite, check_pair
from sktsvq.metrics._registry import register_score

__all__ = ["kernel_inception_distance", "maximum_mean_discrepancy", "median_distance"]

# Rows whose distances set the default bandwidth: their median is known to about a percent.
_N_MEDIAN = 1000
# Similarities that are in memory at a time.
_CHUNK_VALUES = 2**22


@register_score(
    "kernel_inception_distance",
    needs="features",
    direction="lower",
    ideal=0,
    question="... with few series (KID)",
    value_range="(-inf, inf)",
    best="0",
    bias="none",
)
@validate_params({"return_error": ["boolean"]}, prefer_skip_nested_validation=True)
def kernel_inception_distance(features_real, features_generated, *, return_error=False):
    r"""Unbiased squared maximum mean discrepancy with a cubic kernel, the "KID".

    .. math:: \frac{1}{m(m-1)} \sum_{i \neq j} k(x_i, x_j) + \frac{1}{n(n-1)} \sum_{i \neq j} k(y_i, y_j)
              - \frac{2}{mn} \sum_{i,j} k(x_i, y_j), \qquad k(a, b) = \bigl(a^\top b / d + 1\bigr)^3

    with the m real rows x, the n generated rows y and d features. It compares means, covariances and skewness. All
    rows are used at once, where the reference averages over random subsets; both have the same expectation.

    Its expectation does not depend on the numbers of rows, so it is the score to use where rows are few. It varies much
    then and is negative about half of the time where the two sets agree: read it with its standard error.

    Parameters
    ----------
    features_real : array-like of shape (n_real, n_features)
        Features of real series, at least two rows.
    features_generated : array-like of shape (n_generated, n_features)
        Features of generated series, at least two rows.
    return_error : bool, default=False
        Whether to return the standard error too. It is that of the sums' linear part; where the two sets agree, and
        that part vanishes, it is about a quarter too large.

    Returns
    -------
    distance : float
        In (-inf, inf), lower is better; 0 is the expectation of equal distributions. It changes with the features'
        scale.
    error : float
        Only if `return_error` is True.

    Raises
    ------
    ValueError
        If a set is no 2-D array, holds NaN or fewer than two rows, their numbers of features differ, or features are so
        large that the kernel overflows.

    References
    ----------
    Binkowski et al., "Demystifying MMD GANs", arXiv 1801.01401.

    Examples
    --------
    >>> from sktsvq.metrics import kernel_inception_distance
    >>> kernel_inception_distance([[1.0], [1.0]], [[0.0], [0.0]])
    7.0
    """
    real, generated = check_pair(
        "kernel_inception_distance", min_rows=2, features_real=features_real, features_generated=features_generated
    )
    n_features = real.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        result = _unbiased_mmd(lambda a, b: (a @ b.T / n_features + 1) ** 3, real, generated, return_error)
    check_finite("kernel_inception_distance", np.sum(result), real, generated)
    return result


@register_score(
    "maximum_mean_discrepancy",
    needs="features",
    direction="lower",
    ideal=0,
    question="... whatever their shape (the distance of CMMD)",
    value_range="[-2, 2]",
    best="0",
    bias="none",
)
@validate_params(
    {"bandwidth": [POSITIVE, None], "random_state": ["random_state"], "return_error": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def maximum_mean_discrepancy(features_real, features_generated, *, bandwidth=None, random_state=0, return_error=False):
    r"""Unbiased squared maximum mean discrepancy with a Gaussian kernel, as in "CMMD".

    The definition of :func:`kernel_inception_distance` with :math:`k(a, b) = \exp(-\|a - b\|^2 / (2 \sigma^2))`. This
    kernel tells any two distributions apart, whatever their shape; features that are no Gaussians, and modes that are
    missing, show. Its expectation does not depend on the numbers of rows.

    CMMD is this distance of CLIP embeddings with sigma = 10, times 1000; here sigma follows the features.

    Parameters
    ----------
    features_real : array-like of shape (n_real, n_features)
        Features of real series, at least two rows.
    features_generated : array-like of shape (n_generated, n_features)
        Features of generated series, at least two rows.
    bandwidth : float, default=None
        Sigma, above 0. None is the median distance between two real rows (at most 1000 of them, drawn at random), and
        1 where that is 0: then values compare only for the same real rows.
    random_state : int, RandomState instance or None, default=0
        Of the rows that the default bandwidth is taken from.
    return_error : bool, default=False
        Whether to return the standard error too, as in :func:`kernel_inception_distance`.

    Returns
    -------
    distance : float
        In [-2, 2], lower is better; 0 is the expectation of equal distributions, so half of the time it is negative
        there.
    error : float
        Only if `return_error` is True.

    Raises
    ------
    ValueError
        If a set is no 2-D array, holds NaN or fewer than two rows, their numbers of features differ, or the bandwidth
        is not above 0.

    References
    ----------
    Jayasumana et al., "Rethinking FID: towards a better evaluation metric for image generation", arXiv 2401.09603.

    Examples
    --------
    >>> from sktsvq.metrics import maximum_mean_discrepancy
    >>> round(maximum_mean_discrepancy([[0.0], [0.0]], [[9.0], [9.0]], bandwidth=1.0), 6)
    2.0
    """
    real, generated = check_pair(
        "maximum_mean_discrepancy", min_rows=2, features_real=features_real, features_generated=features_generated
    )
    if bandwidth is None:
        bandwidth = median_distance(real, random_state)
    # Far from the origin the expansion of a squared difference loses its digits.
    real, generated = real - real.mean(axis=0), generated - real.mean(axis=0)
    scale = -0.5 / bandwidth**2
    return _unbiased_mmd(
        lambda a, b: np.exp(scale * euclidean_distances(a, b, squared=True)), real, generated, return_error
    )


def median_distance(rows, random_state):
    """The default bandwidth: the median distance of two rows, 1 where that is 0."""
    if len(rows) > _N_MEDIAN:
        rows = rows[check_random_state(random_state).choice(len(rows), _N_MEDIAN, replace=False)]
    return float(np.median(pdist(rows))) or 1.0


def _unbiased_mmd(kernel, real, generated, return_error):
    m, n = len(real), len(generated)
    to_generated, to_real = _sums(kernel, real, generated)
    # What each row adds: its mean similarity to the other rows of its own set less that to the other set.
    of_real = _sums(kernel, real, real)[0] / (m - 1) - to_generated / n
    of_generated = _sums(kernel, generated, generated)[0] / (n - 1) - to_real / m
    distance = float(of_real.mean() + of_generated.mean())
    if not return_error:
        return distance
    variance = 4 * (of_real.var(ddof=1) / len(real) + of_generated.var(ddof=1) / len(generated))
    return distance, float(np.sqrt(variance))


def _sums(kernel, rows, others):
    """The sum of the similarities of each row to the others, but not to itself, and of each other to the rows."""
    of_rows, of_others = [], np.zeros(len(others))
    for part in gen_batches(len(rows), max(1, _CHUNK_VALUES // len(others))):
        gram = kernel(rows[part], others)
        if others is rows:
            np.fill_diagonal(gram[:, part], 0)
        of_rows.append(gram.sum(axis=1))
        of_others += gram.sum(axis=0)
    return np.concatenate(of_rows), of_others
