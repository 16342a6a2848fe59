"""The Frechet distance of two sets of features."""

import warnings
from typing import NamedTuple

import numpy as np

from sktsvq.metrics._checks import check_finite, check_pair
from sktsvq.metrics._registry import register_score

__all__ = ["compute_frechet_distance", "distance_with_warning", "frechet_distance", "merge_moments", "moments"]

# Share of the features' total variance that the distance of two samples of one distribution may be expected to reach
# before a warning: at about this value a visible fault of a generator begins to drown in it.
_WARN_ABOVE = 0.05


@register_score(
    "frechet_distance",
    needs="features",
    direction="lower",
    ideal=0,
    question="Do the two distributions agree? (FID)",
    value_range="[0, inf)",
    best="0",
    bias="upwards, as 1/N; warns",
)
def frechet_distance(features_real, features_generated):
    r"""Squared Frechet distance of the Gaussians fitted to two sets of features.

    .. math:: d^2 = \|m_1 - m_2\|^2 + \operatorname{Tr}\bigl(S_1 + S_2 - 2 (S_1 S_2)^{1/2}\bigr)

    with the means m and the covariances S (divided by N - 1) of the two sets. It is the "FID", whatever network the
    features come from; 0 is best. It is symmetric.

    It is biased upwards by few rows: two samples of the same 128-dimensional Gaussian score 131 with 50 rows each, 43
    with 200 and 8.6 with 1000. So compare values of equal numbers of rows only, and against the value of one real set
    against another; :func:`extrapolated_score` removes the bias. It sees means and covariances only, and rewards a
    copy of the train set: see :func:`memorization_ratio`.

    Parameters
    ----------
    features_real : array-like of shape (n_real, n_features)
        Features of real series, at least two rows.
    features_generated : array-like of shape (n_generated, n_features)
        Features of generated series, at least two rows.

    Returns
    -------
    distance : float
        In [0, inf), in squared units of the features.

    Raises
    ------
    ValueError
        If a set is no 2-D array, holds NaN or fewer than two rows, their numbers of features differ, or features are so
        large that their squares overflow.

    Warns
    -----
    UserWarning
        If two samples as large as these, both of the real distribution, are expected to score more than a twentieth of
        the real features' total variance: use :func:`kernel_inception_distance` then, or the coverage of
        :func:`precision_recall_density_coverage`, or fewer features.

    References
    ----------
    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", arXiv
    1706.08500.

    Examples
    --------
    >>> from sktsvq.metrics import frechet_distance
    >>> round(frechet_distance([[0.0], [2.0]], [[3.0], [5.0]]), 6)
    9.0
    """
    real, generated = check_pair(
        "frechet_distance", min_rows=2, features_real=features_real, features_generated=features_generated
    )
    return distance_with_warning(moments(real), moments(generated))


def compute_frechet_distance(real, generated):
    """The distance of two float64 arrays, and whether it means little since rows are few; without a warning."""
    return _distance_and_floor(moments(real), moments(generated))[:2]


def distance_with_warning(real, generated):
    """The distance of two sets of which the :class:`Moments` are known; warns where rows are few."""
    distance, is_coarse, floor = _distance_and_floor(real, generated)
    if is_coarse:
        warnings.warn(
            f"The Frechet distance of {real.n_rows} real and {generated.n_rows} generated rows means little: two "
            f"samples of one distribution, this large and with the variances of the real features, have about "
            f"{floor:.3g}. Compare with that, or use kernel_inception_distance, which is unbiased, or the coverage of "
            "precision_recall_density_coverage.",
            UserWarning,
            stacklevel=3,
        )
    return distance


class Moments(NamedTuple):
    """What the distance needs of a set of features.

    `mean` (d,), and `root` (m, d) with root^T root = the sum of the outer products of the centred rows. `largest` is
    the greatest absolute value, for error messages.
    """

    n_rows: int
    mean: np.ndarray
    root: np.ndarray
    largest: float


def moments(features):
    """The :class:`Moments` of a float64 array (n, d)."""
    n_rows, n_features = features.shape
    if n_rows == 0:
        return Moments(0, np.zeros(n_features), np.zeros((0, n_features)), 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = features.mean(axis=0)
        return Moments(n_rows, mean, _triangle(features - mean), float(np.abs(features).max()))


def merge_moments(one, other):
    """The :class:`Moments` of two sets together; either may be empty."""
    n_rows = one.n_rows + other.n_rows
    if min(one.n_rows, other.n_rows) == 0:
        return max(one, other, key=lambda part: part.n_rows)
    difference = other.mean - one.mean
    between = np.sqrt(one.n_rows / n_rows * other.n_rows) * difference
    root = _triangle(np.vstack([one.root, other.root, between]))
    mean = one.mean + difference * (other.n_rows / n_rows)
    return Moments(n_rows, mean, root, max(one.largest, other.largest))


def _triangle(rows):
    """A matrix R with at most as many rows as columns and R^T R = rows^T rows."""
    return rows if len(rows) <= rows.shape[1] else np.linalg.qr(rows, mode="r")


def _distance_and_floor(real, generated):
    """The distance of two :class:`Moments`, whether rows are few, and the distance to expect of one distribution."""
    # Overflowing squares are told below.
    with np.errstate(over="ignore", invalid="ignore"):
        mean_distance = np.sum((real.mean - generated.mean) ** 2)
        root_real, root_generated = (part.root / np.sqrt(part.n_rows - 1) for part in (real, generated))
        # With S = R^T R for each set, the eigenvalues of S1 S2 are the squared singular values of R1 R2^T. Unlike a
        # matrix square root this is never complex and loses no digits where a covariance is singular.
        product = root_real @ root_generated.T
        _check_overflow(product.sum(), real, generated)
        cross = np.linalg.svd(product, compute_uv=False).sum()
        distance = mean_distance + np.sum(root_real**2) + np.sum(root_generated**2) - 2 * cross
    distance = max(0.0, float(_check_overflow(distance, real, generated)))
    variances = np.linalg.svd(root_real, compute_uv=False) ** 2
    variances = variances[variances > 1e-12 * variances.max(initial=0)]
    floor = _expected_floor(variances, real.n_rows, generated.n_rows)
    return distance, floor > _WARN_ABOVE * variances.sum(), floor


def _check_overflow(value, *sets):
    return check_finite("frechet_distance", value, *(part.largest for part in sets))


def _expected_floor(variances, n_real, n_generated):
    """Expected distance of two samples of a Gaussian with these variances along its axes.

    To second order in the errors E of the covariances, Tr(S1 + S2 - 2 (S1 S2)^(1/2)) is the sum of
    E_ij^2 / (2 (v_i + v_j)), and E_ij^2 is expected to be v_i v_j (1/m + 1/n), twice that on the diagonal.
    """
    harmonic = np.sum(np.outer(variances, variances) / np.add.outer(variances, variances))
    of_covariances = (harmonic + variances.sum() / 2) / 2
    return (1 / n_real + 1 / n_generated) * (variances.sum() + of_covariances)
