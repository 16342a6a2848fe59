"""Scores of generated series beside those of real ones, on parts of the series: how sure is the difference?"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats

from sktsvq.metrics._context import apply, fit_clone
from sktsvq.metrics._model_based import default_lags, prediction_errors

__all__ = [
    "Comparison",
    "compare_halves",
    "compare_models",
    "compare_predictions",
    "compare_rows",
    "labels_like",
    "stratified_parts",
]

# Windows that a predictor is trained on, or tested on, at most: more hardly change its error.
_MAX_WINDOWS = 20_000


class Comparison(NamedTuple):
    """Values of a score on parts of the data, those of real series in the place of generated ones, and their relation.

    `independent` parts do not overlap, so that their differences are a sample; else parts are random halves, whose
    spread is that of the score of all series.
    """

    values: np.ndarray
    floors: np.ndarray
    independent: bool = False

    def interval(self, level):
        """Ends of the interval of the score."""
        ends = self._interval_of(self.values, level)
        return np.clip(ends, 0, 1) if self.independent else ends  # independent parts are those of accuracies

    def difference(self, level):
        """Ends of the interval of the difference from real series."""
        with np.errstate(invalid="ignore"):  # of two that are infinite
            differences = self.values - self.floors
        return self._interval_of(differences, level)

    def _interval_of(self, sample, level):
        if self.independent:
            return _t_interval(sample, level)
        # The k-th of n sorted values has k/(n + 1) of the distribution below it. Other definitions of a quantile lie
        # further inside: numpy's default leaves 11 % of it outside a 95 % interval where n is 30.
        if not np.isfinite(sample).all():
            return np.full(2, np.nan)
        return np.quantile(sample, [(1 - level) / 2, (1 + level) / 2], method="weibull")


def _t_interval(sample, level):
    reach = stats.t.ppf((1 + level) / 2, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    return sample.mean() + np.array([-reach, reach])


def compare_halves(scores, real, generated, halves):
    """Scores of two sets: a half of the real rows against generated ones, and against the other half.

    Parameters
    ----------
    scores : list of Score
        Of two sets of rows; those of one function are computed together.
    real, generated : ndarrays of as many rows
    halves : list of (ndarray, ndarray)
        Rows of two halves.

    Returns
    -------
    comparisons : dict of str to Comparison
    """
    functions = {score.function: [] for score in scores}
    for score in scores:
        functions[score.function].append(score)
    comparisons = {}
    for function, parts in functions.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of few rows, which the floor stands for
            results = [(function(real[a], generated[b]), function(real[a], real[b])) for a, b in halves]
        for score in parts:
            pairs = [[one if score.part is None else one[score.part] for one in pair] for pair in results]
            comparisons[score.name] = Comparison(*np.array(pairs, dtype=float).T)
    return comparisons


def compare_rows(statistic, real, generated, halves):
    """A statistic of one set: of a half of the generated rows, and of the other half of the real ones."""
    return Comparison(
        np.array([statistic(generated[b]) for _, b in halves]), np.array([statistic(real[a]) for a, _ in halves])
    )


def compare_predictions(train, generated, test, halves, rng):
    """Errors on halves of `test` of a predictor trained on generated series, and of one trained on as many real ones.

    The train sides are random halves too, since two predictors differ by the series that they have seen. The error of
    series that are too short to learn from is infinite.
    """
    n_windows = test.shape[2]
    n_seen = max(2, min(min(len(train), len(generated)) // 2, _MAX_WINDOWS // n_windows))
    n_tested = max(1, _MAX_WINDOWS // n_windows)
    n_lags = default_lags(test)

    def error(seen, tested):
        too_short = np.max(getattr(seen, "lengths", seen.shape[2])) <= n_lags
        return np.inf if too_short else prediction_errors(seen, tested, n_lags=n_lags).mean()

    pairs = []
    for a, _ in halves:
        tested = test[a[:n_tested]]
        sides = [X[rng.permutation(len(X))[:n_seen]] for X in (generated, train)]
        pairs.append([error(X, tested) for X in sides])
    return Comparison(*np.array(pairs).T)


def compare_models(classifier, parts, X_train, X_generated, y, X_test, y_test):
    """Accuracies on `X_test` of classifiers trained on disjoint parts of generated and of real series.

    Parameters
    ----------
    classifier : classifier
        Clones of it are trained, two for each part.
    parts : list of ndarray
        Rows of each part, the same of generated and real series: both have the labels `y`.
    """

    def accuracy(X, part):
        fitted = fit_clone(classifier, X[part], y[part])
        return np.mean(apply(fitted.predict, X_test) == y_test)

    pairs = [[accuracy(X, part) for X in (X_generated, X_train)] for part in parts]
    return Comparison(*np.array(pairs).T, independent=True)


def stratified_parts(y, n_parts, rng):
    """Rows of disjoint parts of nearly equal size, in each of which the classes have nearly the same shares."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    return [order[start::n_parts] for start in range(n_parts)]


def labels_like(y, n_samples):
    """About `n_samples` labels with the class frequencies of `y`, at least one of each class."""
    classes, counts = np.unique(y, return_counts=True)
    counts = np.rint(counts * (n_samples / len(y))).astype(int)
    return np.repeat(classes, np.maximum(counts, 1))
