"""Scorers: how good is a fitted generator, measured on series that it has not seen?"""

from functools import partial

from sktsvq.metrics._registry import SCORES
from sktsvq.metrics._scorers._base import BaseScorer, DrawingScorer
from sktsvq.metrics._scorers._classes import CASScorer, InceptionScorer
from sktsvq.metrics._scorers._features import CMMDScorer, FeatureScorer, FrechetScorer, KIDScorer, PRDCScorer
from sktsvq.metrics._scorers._multi import MultiScorer
from sktsvq.metrics._scorers._series import (
    DiscriminativeScorer,
    MemorizationScorer,
    PredictiveScorer,
    StatisticScorer,
)
from sktsvq.metrics._scorers._tokens import PerplexityScorer, ProbeScorer, TokenInformationScorer

__all__ = [
    "BaseScorer",
    "CASScorer",
    "CMMDScorer",
    "DiscriminativeScorer",
    "DrawingScorer",
    "FeatureScorer",
    "FrechetScorer",
    "InceptionScorer",
    "KIDScorer",
    "MemorizationScorer",
    "MultiScorer",
    "PRDCScorer",
    "PerplexityScorer",
    "PredictiveScorer",
    "ProbeScorer",
    "StatisticScorer",
    "TokenInformationScorer",
    "get_scorer",
    "get_scorer_names",
]

# The scores whose scorers take parameters of their own, and variants of scores. All others are StatisticScorers.
_OWN_SCORERS = {
    "neg_frechet_distance": FrechetScorer,
    "neg_extrapolated_frechet_distance": partial(FrechetScorer, extrapolate=True),
    "neg_kernel_inception_distance": KIDScorer,
    "neg_maximum_mean_discrepancy": CMMDScorer,
    **{f"prdc_{part}": partial(PRDCScorer, part) for part in ("precision", "recall", "density", "coverage")},
    "inception_score": InceptionScorer,
    "extrapolated_inception_score": partial(InceptionScorer, extrapolate=True),
    "classification_accuracy_score": CASScorer,
    "neg_discriminative_score": DiscriminativeScorer,
    "neg_predictive_score": PredictiveScorer,
    "memorization_ratio": MemorizationScorer,
    **{f"{probe}_probe": partial(ProbeScorer, probe) for probe in ("linear_svm", "knn", "logistic")},
    "codebook_perplexity": PerplexityScorer,
    "token_class_information": TokenInformationScorer,
}


def _scorers():
    """What makes a scorer, by its name."""
    plain = {
        score.scorer_name: partial(StatisticScorer, score.name)
        for score in SCORES.values()
        if score.needs in StatisticScorer.computed_from
    }
    return plain | _OWN_SCORERS


def get_scorer(name, **params):
    """A new scorer by its name.

    Parameters
    ----------
    name : str
        One of :func:`get_scorer_names`. As in scikit-learn, the name of what is better when lower starts with "neg_".
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
    >>> scoring = {name: get_scorer(name) for name in ("neg_kernel_inception_distance", "prdc_coverage")}
    """
    scorers = _scorers()
    if name not in scorers:
        raise ValueError(f"The 'name' parameter of get_scorer must be among {sorted(scorers)}. Got {name!r} instead.")
    return scorers[name](**params)


def get_scorer_names():
    """The names that :func:`~sktsvq.metrics.get_scorer` knows.

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
    return sorted(_scorers())
