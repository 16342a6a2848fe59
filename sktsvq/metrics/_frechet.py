"""The Frechet distance of two sets of features."""

import warnings

import numpy as np

from sktsvq.metrics._checks import check_finite, check_pair
from sktsvq.metrics._registry import register_score

__all__ = ["compute_frechet_distance", "frechet_distance"]

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
    distance, is_coarse, floor = _distance_and_floor(real, generated)
    if is_coarse:
        warnings.warn(
            f"The Frechet distance of {len(real)} real and {len(generated)} generated rows means little: two samples "
            f"of one distribution, this large and with the variances of the real features, have about {floor:.3g}. "
            f"Compare "
            "with that, or use kernel_inception_distance, which is unbiased, or the coverage of "
            "precision_recall_density_coverage.",
            UserWarning,
            stacklevel=2,
        )
    return distance


def compute_frechet_distance(real, generated):
    """The distance, and whether it means little since rows are few; without a warning."""
    return _distance_and_floor(real, generated)[:2]


def _distance_and_floor(real, generated):
    """The distance of two float64 arrays, whether rows are few, and the distance to expect of one distribution."""
    with np.errstate(over="ignore"):
        mean_distance = np.sum((real.mean(axis=0) - generated.mean(axis=0)) ** 2)
    root_real, root_generated = _root(real), _root(generated)
    # With S = R^T R for each set, the eigenvalues of S1 S2 are the squared singular values of R1 R2^T. Unlike a matrix
    # square root this is never complex and loses no digits where a covariance is singular.
    with np.errstate(over="ignore", invalid="ignore"):
        product = root_real @ root_generated.T
    check_finite("frechet_distance", product.sum(), real, generated)
    cross = np.linalg.svd(product, compute_uv=False).sum()
    distance = mean_distance + np.sum(root_real**2) + np.sum(root_generated**2) - 2 * cross
    distance = max(0.0, float(check_finite("frechet_distance", distance, real, generated)))
    variances = np.linalg.svd(root_real, compute_uv=False) ** 2
    variances = variances[variances > 1e-12 * variances.max(initial=0)]
    floor = _expected_floor(variances, len(real), len(generated))
    return distance, floor > _WARN_ABOVE * variances.sum(), floor


def _root(features):
    """A matrix R with at most n_features rows and R^T R = the covariance of the features."""
    centred = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    return centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred, mode="r")


def _expected_floor(variances, n_real, n_generated):
    """Expected distance of two samples of a Gaussian with these variances along its axes.

    To second order in the errors E of the covariances, Tr(S1 + S2 - 2 (S1 S2)^(1/2)) is the sum of
    E_ij^2 / (2 (v_i + v_j)), and E_ij^2 is expected to be v_i v_j (1/m + 1/n), twice that on the diagonal.
    """
    harmonic = np.sum(np.outer(variances, variances) / np.add.outer(variances, variances))
    of_covariances = (harmonic + variances.sum() / 2) / 2
    return (1 / n_real + 1 / n_generated) * (variances.sum() + of_covariances)
