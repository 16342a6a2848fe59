"""Scorers that compare generated series themselves with held-out ones."""

from sktsvq._validation import AT_LEAST_ONE, HasMethods, StrOptions
from sktsvq.metrics._layout import check_collections, in_units_of
from sktsvq.metrics._neighbours import memorization_ratio
from sktsvq.metrics._scorers._base import BaseScorer
from sktsvq.metrics._statistics import (
    autocorrelation_difference,
    kurtosis_difference,
    marginal_distribution_difference,
    skewness_difference,
)
from sktsvq.metrics._trained import discriminative_score, predictive_score

__all__ = ["DiscriminativeScorer", "MemorizationScorer", "PredictiveScorer", "StatisticScorer"]

_STATISTICS = {
    "marginal_distribution": marginal_distribution_difference,
    "autocorrelation": autocorrelation_difference,
    "skewness": skewness_difference,
    "kurtosis": kurtosis_difference,
}


class DiscriminativeScorer(BaseScorer):
    """Minus how well a classifier tells generated series from held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is best. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws from. See :func:`discriminative_score` for the definition and its bias.

    Parameters
    ----------
    classifier : classifier, default=None
        Clones of it are trained. None is that of :func:`discriminative_score`.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import DiscriminativeScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> -0.5 <= DiscriminativeScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    _parameter_constraints = {
        "classifier": [HasMethods(["fit", "predict"]), None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, classifier=None, *, n_samples=None, random_state=0):
        self.classifier = classifier
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        return -discriminative_score(X, self._draw(estimator, X), classifier=self.classifier)


class PredictiveScorer(BaseScorer):
    """Minus the error on held-out series of a predictor trained on generated ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; the larger the better, at most 0.
    `estimator` is anything that :func:`sktsvq.generator.sample_series` draws from. See :func:`predictive_score` for the
    definition and its bias.

    Parameters
    ----------
    model : regressor, default=None
        A clone of it is trained. None is that of :func:`predictive_score`.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import PredictiveScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> PredictiveScorer()(generator.fit(X[:40]), X[40:]) < 0
    True
    """

    _parameter_constraints = {
        "model": [HasMethods(["fit", "predict"]), None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, model=None, *, n_samples=None, random_state=0):
        self.model = model
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        return -predictive_score(self._draw(estimator, X), X, model=self.model)


class StatisticScorer(BaseScorer):
    """Minus the difference of a simple statistic of generated series from that of held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is best. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws from. See :func:`marginal_distribution_difference` for the definition
    and its bias. and :func:`autocorrelation_difference`, :func:`skewness_difference` and :func:`kurtosis_difference`
    for the others.

    Parameters
    ----------
    statistic : {"marginal_distribution", "autocorrelation", "skewness", "kurtosis"}, default="marginal_distribution"
        What is compared.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import StatisticScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> -1 <= StatisticScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    _parameter_constraints = {
        "statistic": [StrOptions(set(_STATISTICS))],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, statistic="marginal_distribution", *, n_samples=None, random_state=0):
        self.statistic = statistic
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        return -_STATISTICS[self.statistic](X, self._draw(estimator, X))


class MemorizationScorer(BaseScorer):
    """Whether generated series keep as far from the train set as held-out ones do.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 1 is best, 0 is a copy. `estimator` is
    anything that :func:`sktsvq.generator.sample_series` draws from. See :func:`memorization_ratio` for the definition
    and its bias. The ratio is cut at 1. In cross-validation give the scorer all series: those that are held out are
    left out of the train set.

    Parameters
    ----------
    X_train : array-like of shape (n_train, n_channels, n_timepoints) or (n_train, n_timepoints)
        The series that the estimator was fitted on, and others if they are among the held-out ones.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import MemorizationScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> 0 <= MemorizationScorer(X)(generator.fit(X[:40]), X[40:]) <= 1
    True
    """

    _parameter_constraints = {
        "X_train": ["array-like", None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, X_train=None, *, n_samples=None, random_state=0):
        self.X_train = X_train
        self.n_samples = n_samples
        self.random_state = random_state

    def _score(self, estimator, X, y):
        if self.X_train is None:
            raise ValueError("MemorizationScorer needs series that the estimator was fitted on: give it X_train.")
        train, held_out, generated = check_collections(X_train=self.X_train, X=X, generated=self._draw(estimator, X))
        held_out_cases = {case.tobytes() for case in held_out}
        train = train[[case.tobytes() not in held_out_cases for case in train]]
        if len(train) == 0:
            raise ValueError("X_train of MemorizationScorer must hold series that are not held out. Got none.")
        train, held_out, generated = in_units_of(train, train, held_out, generated)
        # A distance larger than that of real series is no memory, and no merit.
        return min(1.0, memorization_ratio(generated, train, held_out))
