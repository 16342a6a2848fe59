"""The scores of the board of generation."""

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from sktsvq.benchmark._recurrent import RecurrentClassifier
from sktsvq.metrics import SeriesFeatures, discriminative_score, memorization_ratio, predictive_score
from sktsvq.metrics._frechet import compute_frechet_distance
from sktsvq.metrics._layout import in_units_of

__all__ = ["correlational_score", "score_series"]


def correlational_score(X_real, X_generated):
    """How far the correlations between channels differ, as in Diffusion-TS (ICLR 2024); 0 is best.

    A tenth of the sum, over the pairs of channels, of the absolute difference of their correlations over all series and
    time points. A channel that is constant correlates with none.

    Parameters
    ----------
    X_real, X_generated : arrays of shape (n_cases, n_channels, n_timepoints)

    Returns
    -------
    score : float
    """
    first, second = (_correlations(X) for X in (X_real, X_generated))
    return float(np.abs(first - second)[np.tril_indices(len(first), -1)].sum() / 10)


def _correlations(X):
    values = np.swapaxes(X, 0, 1).reshape(X.shape[1], -1)
    values = values - values.mean(axis=1, keepdims=True)
    scale = values.std(axis=1, keepdims=True)
    values = values / np.where(scale > 0, scale, 1)
    return values @ values.T / values.shape[1]


def score_series(real, other, train, *, held_out=None, n_steps=2000, random_state=0):
    """The scores of series, in the place of real ones.

    Parameters
    ----------
    real : array of shape (n_real, n_channels, n_timepoints)
        What the series are compared with.
    other : array of shape (n_other, n_channels, n_timepoints)
        Generated series, reconstructions, or, for the floor, other real series.
    train : array of shape (n_train, n_channels, n_timepoints)
        What the generator was fitted on.
    held_out : array, optional
        Real series that it was not fitted on, for the memorization ratio.
    n_steps : int
        Of the training of the recurrent network that tells real from generated.
    random_state : int

    Returns
    -------
    scores : dict of str to float
        The discriminative score is TimeGAN's: a network is trained once, on four fifths of the series.
    """
    split = StratifiedShuffleSplit(1, test_size=0.2, random_state=random_state)
    classifier, extract = RecurrentClassifier(n_steps, random_state), SeriesFeatures().fit(real).transform
    features = (extract(X).astype(np.float64) for X in (real, other))
    scores = {
        "discriminative_score": discriminative_score(
            real, other, classifier=classifier, cv=split, random_state=random_state
        ),
        "predictive_score": predictive_score(other, real),
        "frechet_distance": compute_frechet_distance(*features)[0],
        "correlational_score": correlational_score(real, other),
    }
    if held_out is not None:
        scores["memorization_ratio"] = memorization_ratio(*in_units_of(train, other, train, held_out))
    return {name: float(value) for name, value in scores.items()}
