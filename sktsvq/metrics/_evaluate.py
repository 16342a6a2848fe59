"""All scores of a generator in one table, each beside what real series reach."""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from sktsvq._validation import check_labels, draw_seed
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import sample_series
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._frechet import frechet_distance
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._kernel import kernel_inception_distance, maximum_mean_discrepancy, median_distance
from sktsvq.metrics._layout import check_collections, in_units_of, layout_for
from sktsvq.metrics._neighbours import distances_to, precision_recall_density_coverage
from sktsvq.metrics._sharing import features_of, fitted_on
from sktsvq.metrics._statistics import (
    autocorrelation_difference,
    kurtosis_difference,
    marginal_distribution_difference,
    skewness_difference,
)
from sktsvq.metrics._trained import detections, prediction_errors

__all__ = ["evaluate"]

# More held-out series make no score visibly surer, and the distances between them cost quadratically.
_MAX_HELD_OUT = 2000
# About how many series a classifier is trained on at least: the protocol of the published scores (arXiv 2408.16613).
_MIN_SAMPLES_CAS = 1000
# With fewer series in each half an interval says little.
_FEW = 25

# Ideal value, and whether lower or higher is better, or the value is to meet the ideal. An ideal of NaN is unknown.
_SCORES = {
    "frechet_distance": (0, "lower"),
    "kernel_inception_distance": (0, "lower"),
    "maximum_mean_discrepancy": (0, "lower"),
    "precision": (1, "higher"),
    "recall": (1, "higher"),
    "density": (1, "target"),
    "coverage": (1, "higher"),
    "memorization_ratio": (1, "target"),
    "marginal_distribution_difference": (0, "lower"),
    "autocorrelation_difference": (0, "lower"),
    "skewness_difference": (0, "lower"),
    "kurtosis_difference": (0, "lower"),
    "discriminative_score": (0, "lower"),
    "predictive_score": (np.nan, "lower"),
    "inception_score": (np.nan, "higher"),
    "classification_accuracy_score": (1, "higher"),
    "conditional_accuracy": (1, "higher"),
}

_VERDICTS = {  # below, above the real value
    "lower": ("better than real", "worse than real"),
    "higher": ("worse than real", "better than real"),
    "target": ("below real", "above real"),
    "memorization_ratio": ("copies the train set", "farther from the data than real"),
}


class _Measure(NamedTuple):
    """A dict of scores of two sets of rows, and the rows: one for each held-out, one for each generated series."""

    scores: object
    real: np.ndarray
    generated: np.ndarray


def evaluate(
    generator,
    X_train,
    y_train,
    X_test,
    y_test,
    *,
    extractor=None,
    classifier=None,
    n_resamples=30,
    confidence_level=0.95,
    random_state=0,
):
    """Score a fitted generator by everything there is, each score beside that of real series.

    As many series are drawn as are held out. The scores of two sets are computed on random halves of the held-out
    series: the value is that of one half against as many generated series, the floor that of the same half against the
    other. So both have the same bias, and what is between them is the generator's. The means over the halves are
    reported, and their quantiles are the interval, as in :func:`score_interval`.

    Where a model is trained (discriminative and predictive score, the accuracies), it is trained once, and the halves
    are those of the series that it is tested on. The floor of the predictive score and of the accuracies is that of a
    model trained on the train set; it is what a perfect generator would get on average. A copy of the train set gets it
    too, which the memorisation ratio tells.

    A verdict is "as good as real" where the difference from the floor has no sure sign on the halves; with few series
    that is soon so.

    Parameters
    ----------
    generator : fitted estimator
        Anything that :func:`sktsvq.generator.sample_series` draws from; with labels, class-conditional.
    X_train : array-like of shape (n_train, n_channels, n_timepoints) or (n_train, n_timepoints)
        The series that it was fitted on.
    y_train : array-like of shape (n_train,) or None
        Their labels. Without labels the rows that need them say so and hold no numbers.
    X_test : array-like of shape (n_test, n_channels, n_timepoints) or (n_test, n_timepoints)
        Series that it was not fitted on, at least 12; a random 2000 of them where there are more.
    y_test : array-like of shape (n_test,) or None
        Their labels.
    extractor : transformer, default=None
        Turns series into features. A fitted one is used as it is, the clone of another is fitted on the train set. None
        is :class:`SeriesFeatures`.
    classifier : classifier, default=None
        With `predict_proba`, for the inception score and the accuracies; clones of it are trained. None is an
        :class:`~sktsvq.classifier.FCNClassifier`.
    n_resamples : int, default=30
        Number of halves, at least 2.
    confidence_level : float, default=0.95
        Of the intervals, in (0, 1).
    random_state : int, RandomState instance or None, default=0
        Of the generated series, the halves and the default classifier.

    Returns
    -------
    table : pandas.DataFrame
        One row a score, its name the index; columns value, low and high (the interval), floor, ideal, direction
        ("lower" or "higher" is better, or "target": the nearer to the ideal), and verdict, in plain words.

    Raises
    ------
    ValueError
        If series hold NaN or differ in their number of channels or time points, there are fewer than 12 held-out ones,
        or one of `y_train` and `y_test` is None and the other not.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.metrics import evaluate
    >>> from sktsvq.priors import MaskGITPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, _ = make_waves(n_cases=100, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MaskGITPrior(max_epochs=2), random_state=0)
    >>> table = evaluate(generator.fit(X[:50]), X[:50], None, X[50:], None)
    >>> table.loc["frechet_distance", "verdict"]
    'worse than real'
    """
    import pandas as pd

    if (y_train is None) != (y_test is None):
        raise ValueError("y_train and y_test of evaluate must both be labels or both be None. Got one of each.")
    if not 0 < confidence_level < 1 or n_resamples < 2:
        raise ValueError(
            "evaluate needs a 'confidence_level' in the range (0, 1) and 'n_resamples' in the range [2, inf). "
            f"Got {confidence_level!r} and {n_resamples!r} instead."
        )
    rng = np.random.RandomState(draw_seed(random_state))
    train, test = check_collections(X_train=X_train, X_test=X_test)
    test, y_test = _choose(test, y_test, rng)
    new = sample_series(generator, len(test), random_state=draw_seed(rng))
    _, new = check_collections(X_test=test, generated=new)

    measures = _of_series(train, y_train, test, new, extractor, draw_seed(rng))
    if y_train is not None:
        y_train = check_labels(train, y_train)
        classifier = FCNClassifier(random_state=draw_seed(rng)) if classifier is None else classifier
        measures += _of_labels(generator, train, y_train, test, y_test, new, classifier, rng)
    halves = [np.array_split(rng.permutation(len(test)), 2) for _ in range(n_resamples)]
    rows = {}
    for measure in measures:
        rows |= _rows(measure, halves, confidence_level)
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(list(_SCORES)).rename_axis("score")
    table["ideal"], table["direction"] = zip(*_SCORES.values(), strict=True)
    return table.fillna({"verdict": "skipped: needs labels"})[
        ["value", "low", "high", "floor", "ideal", "direction", "verdict"]
    ]


def _choose(test, y_test, rng):
    """An even number of held-out series in random order, and their labels."""
    if len(test) < 12:
        raise ValueError(f"evaluate needs at least 12 held-out series. Got {len(test)} instead.")
    if len(test) < 2 * _FEW:
        warnings.warn(
            f"Scores of {len(test)} held-out series are coarse: read the intervals, not the values.",
            UserWarning,
            stacklevel=3,
        )
    chosen = rng.permutation(len(test))[: min(_MAX_HELD_OUT, len(test) // 2 * 2)]
    return test[chosen], None if y_test is None else check_labels(test, y_test)[chosen]


def _of_series(train, y_train, test, new, extractor, seed):
    """The measures that need no labels."""
    extractor = fitted_on(SeriesFeatures() if extractor is None else extractor, train, y_train)
    real, generated = features_of(extractor, test), features_of(extractor, new)
    train_rows, *others = in_units_of(train, train, test, new)
    distances = [distances_to(train_rows, rows) for rows in others]
    half = len(test) // 2
    detected = [detections(test[:half], X, random_state=seed) for X in (test[half:], new[half:])]
    errors = [prediction_errors(X, test) for X in (train, new)]
    bandwidth = median_distance(real, seed)

    def of_features(real, generated):
        return {
            "frechet_distance": frechet_distance(real, generated),
            "kernel_inception_distance": kernel_inception_distance(real, generated),
            "maximum_mean_discrepancy": maximum_mean_discrepancy(real, generated, bandwidth=bandwidth),
            **precision_recall_density_coverage(real, generated),
        }

    def of_values(real, generated):
        return {
            "marginal_distribution_difference": marginal_distribution_difference(real, generated),
            "autocorrelation_difference": autocorrelation_difference(real, generated),
            "skewness_difference": skewness_difference(real, generated),
            "kurtosis_difference": kurtosis_difference(real, generated),
        }

    return [
        _Measure(of_features, real, generated),
        _Measure(of_values, test, new),
        _Measure(_memorization, *distances),
        _Measure(lambda _, right: {"discriminative_score": abs(right.mean() - 0.5)}, *detected),
        _Measure(partial(_mean, "predictive_score"), *errors),
    ]


def _of_labels(generator, train, y_train, test, y_test, new, classifier, rng):
    """The measures that look through classifiers."""
    seed = draw_seed(rng)
    n_copies = -(-max(len(test), _MIN_SAMPLES_CAS) // len(y_train))
    y_new = rng.permutation(np.repeat(y_train, n_copies))  # the class frequencies of the train set
    _, X_new = check_collections(
        X_test=test, generated=sample_series(generator, len(y_new), y=y_new, random_state=seed)
    )
    of_real = fitted_on(classifier, train, y_train)
    of_generated = clone(classifier).fit(layout_for(classifier, X_new), y_new)

    def right(fitted, X, y):
        return fitted.predict(layout_for(fitted, X)) == y

    probabilities = [of_real.predict_proba(layout_for(of_real, X)) for X in (test, new)]
    right_of_real = right(of_real, test, y_test)
    X_new, y_new = X_new[: len(test)], y_new[: len(test)]
    return [
        _Measure(lambda _, proba: {"inception_score": inception_score(proba, n_splits=1)}, *probabilities),
        _Measure(partial(_mean, "classification_accuracy_score"), right_of_real, right(of_generated, test, y_test)),
        _Measure(partial(_mean, "conditional_accuracy"), right_of_real, right(of_real, X_new, y_new)),
    ]


def _memorization(real, generated):
    if real.mean() == 0:
        return {"memorization_ratio": 1.0 if generated.mean() == 0 else np.inf}
    return {"memorization_ratio": generated.mean() / real.mean()}


def _mean(name, _, rows):
    return {name: rows.mean()}


def _rows(measure, halves, confidence_level):
    """Value, interval, floor and verdict of each score of a measure."""
    tail = (1 - confidence_level) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of few rows, which the floor stands for
        values = [measure.scores(measure.real[a], measure.generated[b]) for a, b in halves]
        floors = [measure.scores(measure.real[a], measure.real[b]) for a, b in halves]
    rows = {}
    for name in values[0]:
        value, floor = (np.array([scores[name] for scores in part]) for part in (values, floors))
        low, high = np.quantile(value, [tail, 1 - tail])
        below, above = _VERDICTS.get(name, _VERDICTS[_SCORES[name][1]])
        # The sign of the difference on the same halves: what is sure is the same in nearly all of them.
        least, most = np.quantile(value - floor, [tail, 1 - tail])
        verdict = below if most < 0 else above if least > 0 else "as good as real"
        rows[name] = {"value": value.mean(), "low": low, "high": high, "floor": floor.mean(), "verdict": verdict}
    return rows
