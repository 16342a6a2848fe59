"""Scorers that look through a classifier."""

from functools import partial

from sktsvq._parameters import param, revised
from sktsvq._validation import AT_LEAST_ONE, HasMethods
from sktsvq.classifier import FCNClassifier
from sktsvq.metrics._classification import classification_accuracy_score
from sktsvq.metrics._context import apply
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._resampling import labels_like
from sktsvq.metrics._sampling import extrapolated_score
from sktsvq.metrics._scorers._base import DrawingScorer

__all__ = ["CASScorer", "InceptionScorer"]

# About how many series to train on at least: the protocol of the published scores (arXiv 2408.16613).
_MIN_SAMPLES_CAS = 1000

_FCN = FCNClassifier(random_state=0)


class InceptionScorer(DrawingScorer):
    """Inception score of generated series, from 1 to the number of classes.

    See :func:`inception_score` for the definition and what it misses; the held-out series serve only to fit the
    classifier.

    Examples
    --------
    >>> from sktsvq.classifier import FCNClassifier
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import InceptionScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> 1 <= InceptionScorer(FCNClassifier(max_epochs=2))(generator.fit(X[:40]), X[40:], y[40:]) <= 2
    True
    """

    classifier: object = param(
        None,
        [HasMethods("predict_proba"), None],
        "Any scikit-learn or aeon object with ``predict_proba``. A fitted one is used as it is, and y is not needed; a "
        "clone of another is fitted on the held-out series at each call. One that takes no 3-D array gets the series "
        "flattened. None is an `FCNClassifier`.",
        positional=True,
    )
    n_splits: int = param(10, [AT_LEAST_ONE], "Number of parts whose scores are averaged.")
    extrapolate: bool = param(
        False,
        ["boolean"],
        "Whether to extrapolate to infinitely many series, with `extrapolated_score`; `n_splits` is 1 then.",
    )

    def _score(self, context):
        if self.classifier is None:
            self._need_labels(context, ", or give the scorer a fitted classifier")
        classifier = context.fitted(_FCN if self.classifier is None else self.classifier)
        proba = apply(classifier.predict_proba, self._draw(context))
        if self.extrapolate:
            return extrapolated_score(partial(inception_score, n_splits=1), proba, random_state=0)
        return inception_score(proba, n_splits=self.n_splits, random_state=self.random_state)


class CASScorer(DrawingScorer):
    """Classification accuracy score: trained on generated series, tested on held-out ones.

    `estimator` draws class-conditional series. See :func:`classification_accuracy_score` for the definition.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import CASScorer
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0)
    >>> 0 <= CASScorer(KNeighborsClassifier())(generator.fit(X[:40], y[:40]), X[40:], y[40:]) <= 1
    True
    """

    classifier: object = param(
        None,
        [HasMethods(["fit", "predict"]), None],
        "Any scikit-learn or aeon classifier; a clone of it is trained at each call. One that takes no 3-D array gets "
        "the series flattened. None is an `FCNClassifier`.",
        positional=True,
    )
    n_samples: int | None = revised(
        DrawingScorer,
        "n_samples",
        text="About how many series to generate, with the class frequencies of y, at least one per class. None is as "
        "many as there are held-out ones, but at least about 1000.",
    )

    def _score(self, context):
        y = self._need_labels(context)
        n_samples = self.n_samples or max(len(y), _MIN_SAMPLES_CAS)
        labels = labels_like(y, n_samples)
        generated = context.samples(len(labels), self.random_state, y=labels)
        return classification_accuracy_score(
            generated, labels, context.X, y, classifier=self.classifier, random_state=self.random_state
        )
