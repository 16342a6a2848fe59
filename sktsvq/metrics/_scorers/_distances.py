"""Scorers that compare features of generated series with those of held-out ones."""

from sktsvq._validation import AT_LEAST_ONE, POSITIVE, HasMethods, StrOptions
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._frechet import frechet_distance
from sktsvq.metrics._kernel import kernel_inception_distance, maximum_mean_discrepancy
from sktsvq.metrics._neighbours import precision_recall_density_coverage
from sktsvq.metrics._sampling import extrapolated_score
from sktsvq.metrics._scorers._base import BaseScorer
from sktsvq.metrics._sharing import features_of, fitted_on

__all__ = ["CMMDScorer", "FrechetScorer", "KIDScorer", "PRDCScorer"]


class _FeatureScorer(BaseScorer):
    def _score(self, estimator, X, y):
        extractor = fitted_on(SeriesFeatures() if self.extractor is None else self.extractor, X, y)
        return self._compare(features_of(extractor, X), features_of(extractor, self._draw(estimator, X)))


class FrechetScorer(_FeatureScorer):
    """Minus the squared Frechet distance of generated series from held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is best. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws from. See :func:`frechet_distance` for the definition and its bias. In
    short, compare only scores that were computed on equally many cases with the same extractor. An extractor that is
    fitted on the held-out series serves to rank candidates; for a number to report give a fitted one.

    Parameters
    ----------
    extractor : transformer, default=None
        Turns series into features: any scikit-learn or aeon object with ``transform``. A fitted one is used as it is,
        the clone of another is fitted once on each distinct held-out X and y. One that takes no 3-D array gets the
        series flattened. None is :class:`SeriesFeatures`, which needs no labels.
    extrapolate : bool, default=False
        Whether to extrapolate to infinitely many series, with :func:`extrapolated_score`.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import FrechetScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> FrechetScorer()(generator.fit(X[:40]), X[40:]) <= 0
    True
    """

    _parameter_constraints = {
        "extractor": [HasMethods("transform"), None],
        "extrapolate": ["boolean"],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, extractor=None, *, extrapolate=False, n_samples=None, random_state=0):
        self.extractor = extractor
        self.extrapolate = extrapolate
        self.n_samples = n_samples
        self.random_state = random_state

    def _compare(self, real, generated):
        if self.extrapolate:
            return -extrapolated_score(frechet_distance, real, generated, random_state=0)
        return -frechet_distance(real, generated)


class KIDScorer(_FeatureScorer):
    """Minus the kernel inception distance of generated series from held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is expected of perfect ones. `estimator`
    is anything that :func:`sktsvq.generator.sample_series` draws from. See :func:`kernel_inception_distance` for the
    definition and its bias.

    Parameters
    ----------
    extractor : transformer, default=None
        Turns series into features: any scikit-learn or aeon object with ``transform``. A fitted one is used as it is,
        the clone of another is fitted once on each distinct held-out X and y. One that takes no 3-D array gets the
        series flattened. None is :class:`SeriesFeatures`, which needs no labels.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import KIDScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> KIDScorer()(generator.fit(X[:40]), X[40:]) < 1
    True
    """

    _parameter_constraints = {
        "extractor": [HasMethods("transform"), None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, extractor=None, *, n_samples=None, random_state=0):
        self.extractor = extractor
        self.n_samples = n_samples
        self.random_state = random_state

    def _compare(self, real, generated):
        return -kernel_inception_distance(real, generated)


class CMMDScorer(_FeatureScorer):
    """Minus the maximum mean discrepancy (Gaussian kernel) of generated series from held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 0 is expected of perfect ones. `estimator`
    is anything that :func:`sktsvq.generator.sample_series` draws from. See :func:`maximum_mean_discrepancy` for the
    definition and its bias.

    Parameters
    ----------
    extractor : transformer, default=None
        Turns series into features: any scikit-learn or aeon object with ``transform``. A fitted one is used as it is,
        the clone of another is fitted once on each distinct held-out X and y. One that takes no 3-D array gets the
        series flattened. None is :class:`SeriesFeatures`, which needs no labels.
    bandwidth : float, default=None
        Of the kernel. None is the median distance of two held-out series.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import CMMDScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> -2 <= CMMDScorer()(generator.fit(X[:40]), X[40:]) <= 2
    True
    """

    _parameter_constraints = {
        "extractor": [HasMethods("transform"), None],
        "bandwidth": [POSITIVE, None],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, extractor=None, *, bandwidth=None, n_samples=None, random_state=0):
        self.extractor = extractor
        self.bandwidth = bandwidth
        self.n_samples = n_samples
        self.random_state = random_state

    def _compare(self, real, generated):
        return -maximum_mean_discrepancy(real, generated, bandwidth=self.bandwidth)


class PRDCScorer(_FeatureScorer):
    """Precision, recall, density or coverage of generated series among held-out ones.

    Calls of an instance, ``scorer(estimator, X, y=None)``, give the score; 1 is best. `estimator` is anything that
    :func:`sktsvq.generator.sample_series` draws from. See :func:`precision_recall_density_coverage` for the definition
    and its bias. Of the generated series as many are used as there are held-out ones.

    Parameters
    ----------
    score : {"precision", "recall", "density", "coverage"}, default="coverage"
        Which of the four.
    extractor : transformer, default=None
        As in :class:`FrechetScorer`.
    n_neighbors : int, default=5
        Neighbours that a ball reaches to; fewer where there are no more series than that.
    n_samples : int, default=None
        How many series to generate. None is as many as there are held-out ones, but at least 256.
    random_state : int, RandomState instance or None, default=0
        Of the generated series. With an int the same estimator gets the same score, and the series are drawn once for
        all scorers of a call.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import PRDCScorer
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> 0 <= PRDCScorer("coverage")(generator.fit(X[:40]), X[40:]) <= 1
    True
    """

    _parameter_constraints = {
        "score": [StrOptions({"precision", "recall", "density", "coverage"})],
        "extractor": [HasMethods("transform"), None],
        "n_neighbors": [AT_LEAST_ONE],
        "n_samples": [AT_LEAST_ONE, None],
        "random_state": ["random_state"],
    }

    def __init__(self, score="coverage", *, extractor=None, n_neighbors=5, n_samples=None, random_state=0):
        self.score = score
        self.extractor = extractor
        self.n_neighbors = n_neighbors
        self.n_samples = n_samples
        self.random_state = random_state

    def _compare(self, real, generated):
        # As many generated as real ones, since balls shrink with more; all that were drawn are alike.
        generated = generated[: len(real)]
        n_neighbors = min(self.n_neighbors, len(generated) - 1)
        return precision_recall_density_coverage(real, generated, n_neighbors=n_neighbors)[self.score]
