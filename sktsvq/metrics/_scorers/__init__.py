"""Scorers: how good is a fitted generator, measured on series that it has not seen?"""

from functools import partial

from sktsvq.metrics._scorers._classes import CASScorer, InceptionScorer
from sktsvq.metrics._scorers._distances import CMMDScorer, FrechetScorer, KIDScorer, PRDCScorer
from sktsvq.metrics._scorers._series import (
    DiscriminativeScorer,
    MemorizationScorer,
    PredictiveScorer,
    StatisticScorer,
)
from sktsvq.metrics._scorers._tokens import PerplexityScorer, ProbeScorer, TokenInformationScorer

__all__ = [
    "CASScorer",
    "CMMDScorer",
    "DiscriminativeScorer",
    "FrechetScorer",
    "InceptionScorer",
    "KIDScorer",
    "MemorizationScorer",
    "PRDCScorer",
    "PerplexityScorer",
    "PredictiveScorer",
    "ProbeScorer",
    "StatisticScorer",
    "TokenInformationScorer",
    "get_scorer",
    "get_scorer_names",
]

# As in scikit-learn, the name of what is better when lower starts with "neg_".
_SCORERS = {
    "neg_frechet_distance": FrechetScorer,
    "neg_extrapolated_frechet_distance": partial(FrechetScorer, extrapolate=True),
    "neg_kernel_inception_distance": KIDScorer,
    "neg_maximum_mean_discrepancy": CMMDScorer,
    "precision": partial(PRDCScorer, "precision"),
    "recall": partial(PRDCScorer, "recall"),
    "density": partial(PRDCScorer, "density"),
    "coverage": partial(PRDCScorer, "coverage"),
    "inception_score": InceptionScorer,
    "extrapolated_inception_score": partial(InceptionScorer, extrapolate=True),
    "classification_accuracy_score": CASScorer,
    "neg_discriminative_score": DiscriminativeScorer,
    "neg_predictive_score": PredictiveScorer,
    "memorization_ratio": MemorizationScorer,
    "neg_marginal_distribution_difference": partial(StatisticScorer, "marginal_distribution"),
    "neg_autocorrelation_difference": partial(StatisticScorer, "autocorrelation"),
    "neg_skewness_difference": partial(StatisticScorer, "skewness"),
    "neg_kurtosis_difference": partial(StatisticScorer, "kurtosis"),
    "linear_svm_probe": partial(ProbeScorer, "linear_svm"),
    "knn_probe": partial(ProbeScorer, "knn"),
    "logistic_probe": partial(ProbeScorer, "logistic"),
    "codebook_perplexity": PerplexityScorer,
    "token_class_information": TokenInformationScorer,
}


def get_scorer(name, **params):
    """A new scorer by its name.

    Parameters
    ----------
    name : str
        One of :func:`get_scorer_names`.
    **params
        Parameters of the scorer's class, such as ``n_samples=500``; ``X_train`` is needed by "memorization_ratio".

    Returns
    -------
    scorer : object
        Called as ``scorer(estimator, X, y=None)``; greater is better.

    Raises
    ------
    ValueError
        If there is no scorer of this name.

    Examples
    --------
    >>> from sktsvq.metrics import get_scorer
    >>> get_scorer("neg_frechet_distance", n_samples=500)
    FrechetScorer(n_samples=500)
    >>> scoring = {name: get_scorer(name) for name in ("neg_kernel_inception_distance", "coverage")}
    """
    if name not in get_scorer_names():
        raise ValueError(
            f"The 'name' parameter of get_scorer must be among {get_scorer_names()}. Got {name!r} instead."
        )
    return _SCORERS[name](**params)


def get_scorer_names():
    """The names that :func:`get_scorer` knows.

    Returns
    -------
    names : list of str
        In alphabetical order.

    Examples
    --------
    >>> from sktsvq.metrics import get_scorer_names
    >>> "neg_frechet_distance" in get_scorer_names()
    True
    """
    return sorted(_SCORERS)
