"""Scorers that compare generated series with held-out ones, without features."""

import numpy as np

from sktsvq._parameters import param
from sktsvq._validation import HasMethods
from sktsvq.metrics._layout import cases_of, check_collections, in_units_of
from sktsvq.metrics._model_based import discriminative_score, predictive_score
from sktsvq.metrics._neighbours import memorization_ratio
from sktsvq.metrics._registry import SCORES
from sktsvq.metrics._scorers._base import DrawingScorer
from sktsvq.metrics._scorers._features import FeatureScorer

__all__ = ["DiscriminativeScorer", "MemorizationScorer", "PredictiveScorer", "StatisticScorer"]


class DiscriminativeScorer(DrawingScorer):
    """Minus how well a classifier tells generated series from held-out ones; 0 is best.

    See :func:`discriminative_score` for the definition and its bias.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import DiscriminativeScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> -0.5 <= DiscriminativeScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    classifier: object = param(
        None,
        [HasMethods(["fit", "predict"]), None],
        "Clones of it are trained. None is that of `discriminative_score`.",
        positional=True,
    )

    def _score(self, context):
        return -discriminative_score(context.X, self._draw(context), classifier=self.classifier)


class PredictiveScorer(DrawingScorer):
    """Minus the error on held-out series of a predictor trained on generated ones, at most 0; greater is better.

    See :func:`predictive_score` for the definition.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import PredictiveScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> PredictiveScorer()(generator.fit(X[:40]), X[40:]) < 0
    True
    """

    model: object = param(
        None,
        [HasMethods(["fit", "predict"]), None],
        "A clone of it is trained. None is that of `predictive_score`.",
        positional=True,
    )

    def _score(self, context):
        return -predictive_score(self._draw(context), context.X, model=self.model)


class StatisticScorer(FeatureScorer):
    """Any registered score that is a plain function of two sets of series, or of their features.

    Among them are "marginal_distribution_difference", "autocorrelation_difference", "skewness_difference" and
    "kurtosis_difference". The score is negated where lower is better.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import StatisticScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> -1 <= StatisticScorer("marginal_distribution_difference")(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    extractor: object = param(
        None, [HasMethods("transform"), None], "As in `FrechetScorer`; only a score of features looks through it."
    )
    statistic: str = param(
        "marginal_distribution_difference", [str], "Name of the score, as in the table of `evaluate`.", positional=True
    )

    computed_from = ("series", "features")

    def _score(self, context):
        names = [score.name for score in SCORES.values() if score.needs in self.computed_from]
        if self.statistic not in names:
            raise ValueError(
                f"The 'statistic' parameter of StatisticScorer must be among {names}. Got {self.statistic!r} instead."
            )
        score = SCORES[self.statistic]
        sign = -1 if score.direction == "lower" else 1
        if score.needs == "features":
            return sign * score.compute(*self._features(context))
        return sign * score.compute(context.X, self._draw(context))


class MemorizationScorer(DrawingScorer):
    """Whether generated series keep as far from the train set as held-out ones do; 1 is best, 0 is a copy.

    See :func:`memorization_ratio` for the definition. The ratio is cut at 1. In cross-validation give the scorer all
    series: those that are held out are left out of the train set.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import MemorizationScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> 0 <= MemorizationScorer(X)(generator.fit(X[:40]), X[40:]) <= 1
    True
    """

    X_train: object = param(
        None,
        ["array-like", None],
        "The series that the estimator was fitted on, and others if they are among the held-out ones, of shape "
        "(n_train, n_channels, n_timepoints) or (n_train, n_timepoints).",
        positional=True,
    )

    def _score(self, context):
        if self.X_train is None:
            raise ValueError("MemorizationScorer needs series that the estimator was fitted on: give it X_train.")
        train, held_out, generated = check_collections(X_train=self.X_train, X=context.X, generated=self._draw(context))
        held_out_cases = {case.tobytes() for case in cases_of(held_out)}
        train = train[np.array([case.tobytes() not in held_out_cases for case in cases_of(train)])]
        if len(train) == 0:
            raise ValueError("X_train of MemorizationScorer must hold series that are not held out. Got none.")
        train, held_out, generated = in_units_of(train, train, held_out, generated)
        # A distance larger than that of real series is no memory, and no merit.
        return min(1.0, memorization_ratio(generated, train, held_out))
