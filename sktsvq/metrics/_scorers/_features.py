"""Scorers that compare features of generated series with those of held-out ones."""

import warnings
from functools import cache

from sktsvq._parameters import param
from sktsvq._validation import AT_LEAST_ONE, POSITIVE, HasMethods, StrOptions
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._frechet import compute_frechet_distance, frechet_distance
from sktsvq.metrics._kernel import kernel_inception_distance, maximum_mean_discrepancy
from sktsvq.metrics._neighbours import precision_recall_density_coverage
from sktsvq.metrics._sampling import extrapolated_score
from sktsvq.metrics._scorers._base import DrawingScorer

__all__ = ["CMMDScorer", "FeatureScorer", "FrechetScorer", "KIDScorer", "PRDCScorer"]

_SERIES_FEATURES = SeriesFeatures()


class FeatureScorer(DrawingScorer):
    """Base of the scorers of two sets of features; a subclass writes `_compare(real, generated)`."""

    extractor: object = param(
        None,
        [HasMethods("transform"), None],
        "Turns series into features: any scikit-learn or aeon object with ``transform``. A fitted one is used as it "
        "is; a clone of another is fitted on the held-out series at each call, which serves to rank candidates: for a "
        "number to report give a fitted one. One that takes no 3-D array gets the series flattened. None is "
        "`SeriesFeatures()`, which needs no labels.",
        positional=True,
    )

    def _score(self, context):
        return self._compare(*self._features(context))

    def _features(self, context):
        """Features of the held-out and of the generated series."""
        extractor = context.fitted(_SERIES_FEATURES if self.extractor is None else self.extractor)
        return context.features(extractor, context.X), context.features(extractor, self._draw(context))

    def _compare(self, real, generated):
        raise NotImplementedError


class FrechetScorer(FeatureScorer):
    """Minus the squared Frechet distance of generated series from held-out ones; 0 is best.

    See :func:`frechet_distance` for the definition and its bias: compare only scores that were computed on equally many
    cases with the same extractor. Where cases are few, it warns once in a process.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import FrechetScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> FrechetScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    extrapolate: bool = param(
        False, ["boolean"], "Whether to extrapolate to infinitely many series, with `extrapolated_score`."
    )

    def _compare(self, real, generated):
        if self.extrapolate:
            return -extrapolated_score(frechet_distance, real, generated, random_state=0)
        distance, is_coarse = compute_frechet_distance(real, generated)
        if is_coarse:
            _warn_once(
                "The Frechet distance of so few series means little: two samples of one distribution have a value "
                "above a twentieth of the features' variance. Use KIDScorer, which is unbiased, or PRDCScorer."
            )
        return -distance


@cache
def _warn_once(message):
    """In a search, every fold of every candidate would say the same."""
    warnings.warn(message, UserWarning, stacklevel=2)


class KIDScorer(FeatureScorer):
    """Minus the kernel inception distance of generated series from held-out ones; 0 is expected of perfect ones.

    See :func:`kernel_inception_distance` for the definition.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import KIDScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> KIDScorer()(generator.fit(X[:40]), X[40:]) < 1
    True
    """

    def _compare(self, real, generated):
        return -kernel_inception_distance(real, generated)


class CMMDScorer(FeatureScorer):
    """Minus the maximum mean discrepancy (Gaussian kernel) of generated series from held-out ones.

    0 is expected of perfect ones. See :func:`maximum_mean_discrepancy` for the definition.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import CMMDScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> -2 <= CMMDScorer()(generator.fit(X[:40]), X[40:]) <= 2
    True
    """

    bandwidth: float | None = param(
        None, [POSITIVE, None], "Of the kernel. None is the median distance of two held-out series."
    )

    def _compare(self, real, generated):
        return -maximum_mean_discrepancy(real, generated, bandwidth=self.bandwidth)


class PRDCScorer(FeatureScorer):
    """Precision, recall, density or coverage of generated series among held-out ones; 1 is best.

    See :func:`precision_recall_density_coverage` for the definition. As many generated series as held-out ones count.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import PRDCScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> 0 <= PRDCScorer("coverage")(generator.fit(X[:40]), X[40:]) <= 1
    True
    """

    extractor: object = param(None, [HasMethods("transform"), None], "As in `FrechetScorer`.")
    score: str = param(
        "coverage",
        [StrOptions({"precision", "recall", "density", "coverage"})],
        "Which of the four.",
        positional=True,
    )
    n_neighbors: int = param(
        5, [AT_LEAST_ONE], "Neighbours that a ball reaches to; fewer where there are no more series than that."
    )

    def _compare(self, real, generated):
        # As many generated as real ones, since balls shrink with more.
        generated = generated[: len(real)]
        n_neighbors = min(self.n_neighbors, len(generated) - 1)
        return precision_recall_density_coverage(real, generated, n_neighbors=n_neighbors)[self.score]
