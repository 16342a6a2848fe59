"""The Frechet distance of two sets of features."""

import warnings

import numpy as np
from sklearn.utils import check_array

__all__ = ["frechet_distance"]


def frechet_distance(features_real, features_generated):
    r"""Squared Frechet distance of the Gaussians fitted to two sets of features.

    .. math:: d^2 = \|m_1 - m_2\|^2 + \operatorname{Tr}\bigl(S_1 + S_2 - 2 (S_1 S_2)^{1/2}\bigr)

    with the means m and the covariances S (divided by N - 1) of the two sets. It is the "FID", whatever network the
    features come from; 0 is best. It is the same with the two sets exchanged.

    It is biased upwards by few rows: two samples of the same 128-dimensional Gaussian score 131 with 50 rows each, 43
    with 200 and 8.6 with 1000. So compare values of equal numbers of rows only, and against the value of one real set
    against another.

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
        If a set is no 2-D array, holds NaN or fewer than two rows, or their numbers of features differ.

    Warns
    -----
    UserWarning
        If a set has no more rows than features, where the bias is large.

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
    real = _check_features(features_real, "features_real")
    generated = _check_features(features_generated, "features_generated")
    n_features = real.shape[1]
    if generated.shape[1] != n_features:
        raise ValueError(
            "features_generated must have as many features as features_real, "
            f"{n_features}. Got {generated.shape[1]} instead."
        )
    if min(len(real), len(generated)) <= n_features:
        warnings.warn(
            f"The Frechet distance of {len(real)} real and {len(generated)} generated rows with {n_features} features "
            f"each is biased upwards: each set should have clearly more than {n_features} rows.",
            UserWarning,
            stacklevel=2,
        )
    mean_distance = np.sum((real.mean(axis=0) - generated.mean(axis=0)) ** 2)
    root_real, root_generated = _root(real), _root(generated)
    # With S = R^T R for each set, the eigenvalues of S1 S2 are the squared singular values of R1 R2^T. Unlike a matrix
    # square root this is never complex and loses no digits where a covariance is singular.
    cross = np.linalg.svd(root_real @ root_generated.T, compute_uv=False).sum()
    distance = mean_distance + np.sum(root_real**2) + np.sum(root_generated**2) - 2 * cross
    return max(0.0, float(distance))


def _check_features(features, name):
    return check_array(features, dtype=np.float64, ensure_min_samples=2, input_name=name, estimator="frechet_distance")


def _root(features):
    """A matrix R with at most n_features rows and R^T R = the covariance of the features."""
    centred = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    return centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred, mode="r")
