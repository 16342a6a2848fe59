"""All scores of a generator in one table, each beside what real series reach."""

import warnings
from math import ceil
from numbers import Real

import numpy as np
from sklearn.pipeline import Pipeline

from sktsvq._validation import HasMethods, Integral, Interval, check_labels, draw_seed, validate_params
from sktsvq.classifier import FCNClassifier
from sktsvq.metrics._context import apply, draw, fitted_on
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._layout import check_collection, check_collections, flatten, in_units_of
from sktsvq.metrics._model_based import detections
from sktsvq.metrics._neighbours import distances_to
from sktsvq.metrics._registry import NEEDS, SCORES
from sktsvq.metrics._resampling import (
    Comparison,
    compare_halves,
    compare_models,
    compare_predictions,
    compare_rows,
    stratified_parts,
)
from sktsvq.metrics._uneven import draws_uneven, gaps_of

__all__ = ["evaluate"]

# More held-out series hardly narrow an interval, and the distances between them cost quadratically.
_MAX_HELD_OUT = 2000
# With fewer held-out series intervals are wide.
_N_COARSE = 50

# Disjoint parts of the train set that classifiers are trained on, and the fewest series for them.
_N_PARTS, _MIN_PARTED = 4, 16

_VERDICTS = {  # below, above the real value
    "lower": ("better than real", "worse than real"),
    "higher": ("worse than real", "better than real"),
    "target": ("below real", "above real"),
    "memorization_ratio": ("copies the train set", "farther from the data than real"),
}


@validate_params(
    {
        "extractor": [HasMethods("transform"), None],
        "classifier": [HasMethods(["fit", "predict_proba"]), None],
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=False,
)
def evaluate(
    generator,
    X_train,
    y_train,
    X_test,
    y_test,
    *,
    extractor=None,
    classifier=None,
    n_resamples=40,
    confidence_level=0.95,
    random_state=0,
):
    """Score a fitted generator by everything there is, each score beside that of real series.

    As many series are drawn as are held out. Scores of two sets are computed on random halves: the value is that of a
    half of the held-out series against as many generated ones, the floor that of the same half against the other half.
    Both have the same bias, and what is between them is the generator's. The means over the halves are reported, and
    their quantiles are the interval.

    Where a score trains a model on generated series, the floor trains it on as many series of the train set, and both
    train sides are resampled too: the predictive score on random halves, the classification accuracy score on disjoint
    quarters, whose differences are compared by a t-test. A copy of the train set reaches the floor of these scores too,
    which the memorisation ratio tells.

    Series may be of unequal length, as lists, and have gaps. Generated series get the gaps of real ones, and gaps are
    bridged by straight lines. Models that are trained see series of unequal length stretched to the longest of the
    train set, with their length as one more channel, as do distances; an extractor or classifier that was fitted on a
    list sees lists.

    A verdict is "as good as real" where the difference from the floor may be chance: where its sign varies across the
    halves, which is common with few series. With too few train series for quarters of two classes the verdict of the
    classification accuracy score is "undecided", as is that of a score that is not finite.

    Parameters
    ----------
    generator : fitted estimator
        Anything that :func:`sktsvq.generator.sample_series` draws from; with labels, class-conditional.
    X_train : array of shape (n_train, n_channels, n_timepoints) or (n_train, n_timepoints), or list of arrays
        The series that it was fitted on.
    y_train : array-like of shape (n_train,) or None
        Their labels. Without labels the rows that need them say so and hold no numbers.
    X_test : array of shape (n_test, n_channels, n_timepoints) or (n_test, n_timepoints), or list of arrays
        Series that it was not fitted on, at least 12; a random 2000 of them where there are more.
    y_test : array-like of shape (n_test,) or None
        Their labels.
    extractor : transformer, default=None
        Turns series into features. A fitted one is used as it is, the clone of another is fitted on the train set. None
        is :class:`SeriesFeatures`.
    classifier : classifier, default=None
        With `predict_proba`, for the inception score and the accuracies; clones of it are trained. None is an
        :class:`~sktsvq.classifier.FCNClassifier`, on quarters of the train set with 25 steps a class, 100 to 400.
    n_resamples : int, default=40
        Number of halvings, at least 2. Fewer than 40 make a 95 % interval of the halves' extremes, which leaves out
        2 / (n_resamples + 1).
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
        If a channel of a series has no known value, series differ in channels or, as arrays, in time points, there are
        fewer than 12 held-out ones, one of `y_train` and `y_test` is None and the other not, `y_test` holds a label
        that `y_train` lacks, or labels are given for a generator that was fitted without.

    Warns
    -----
    UserWarning
        If there are fewer than 50 held-out series, or the classifier, trained on the real train set, recognises so few
        of them that it is no judge.

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
    if y_train is not None:
        _check_classes(generator, y_train, y_test)
    rng = np.random.RandomState(draw_seed(random_state))
    uneven = draws_uneven(generator)
    train, test = check_collections(X_train=check_collection(X_train, "X_train", uneven=uneven), X_test=X_test)
    train_gaps, test_gaps = (gaps_of(X, uneven=uneven) for X in (X_train, X_test))
    chosen = _choose(len(test), rng)
    test, y_test = test[chosen], None if y_test is None else check_labels(test, y_test)[chosen]
    test_gaps = None if test_gaps is None else test_gaps[chosen]
    new = draw(generator, len(test), like=test, gaps=test_gaps, random_state=draw_seed(rng))
    _, new = check_collections(X_test=test, generated=new)
    y_train = None if y_train is None else check_labels(train, y_train)
    halves = [np.array_split(rng.permutation(len(test)), 2) for _ in range(n_resamples)]

    comparisons = _compare_series(train, y_train, test, new, extractor, halves, rng)
    if y_train is not None:
        gaps = train_gaps, test_gaps
        comparisons |= _compare_labelled(generator, train, y_train, test, y_test, new, gaps, classifier, halves, rng)
    rows = {}
    for score in sorted(SCORES.values(), key=lambda score: NEEDS.index(score.needs)):
        if score.needs != "tokens":
            rows[score.name] = _row(score, comparisons.get(score.name), confidence_level, y_train is not None)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")


def _check_classes(generator, y_train, y_test):
    """Raise a ValueError unless the generator and the train set know the labels."""
    unknown = sorted(set(np.asarray(y_test).tolist()) - set(np.asarray(y_train).tolist()), key=str)
    if unknown:
        raise ValueError(f"y_test of evaluate must hold labels of y_train. Got {unknown[:5]} instead.")
    last = generator[-1] if isinstance(generator, Pipeline) else generator
    if getattr(last, "classes_", y_train) is None:
        raise ValueError("y_train of evaluate must be None, since the generator was fitted without labels.")


def _choose(n_test, rng):
    """An even number of held-out series in random order."""
    if n_test < 12:
        raise ValueError(f"evaluate needs at least 12 held-out series. Got {n_test} instead.")
    if n_test < _N_COARSE:
        warnings.warn(
            f"Scores of {n_test} held-out series are coarse: read the intervals, not the values.",
            UserWarning,
            stacklevel=4,
        )
    return rng.permutation(n_test)[: min(_MAX_HELD_OUT, n_test // 2 * 2)]


def _compare_series(train, y_train, test, new, extractor, halves, rng):
    """The comparisons that need no labels."""
    extractor = fitted_on(SeriesFeatures() if extractor is None else extractor, train.copy(), y_train)
    features = [flatten(apply(extractor.transform, X)) for X in (test, new)]
    of = {needs: [score for score in SCORES.values() if score.needs == needs] for needs in ("features", "series")}
    comparisons = compare_halves(of["features"], *features, halves) | compare_halves(of["series"], test, new, halves)

    train_rows, *others = in_units_of(train, train, test, new)
    real, generated = (distances_to(train_rows, rows) for rows in others)
    _warn_of_leak(real)
    comparisons["memorization_ratio"] = _compare_distances(real, generated, halves)
    half, seed = len(test) // 2, draw_seed(rng)
    right = [detections(test[:half], X, random_state=seed) for X in (test[half:], new[half:])]
    comparisons["discriminative_score"] = compare_rows(lambda rows: abs(rows.mean() - 0.5), *right, halves)
    comparisons["predictive_score"] = compare_predictions(train, new, test, halves, rng)
    return comparisons


def _compare_distances(real, generated, halves):
    """Mean distances to the train set of generated and of real series, over that of other real ones."""

    def ratio(rows, others):
        if others.mean() == 0:
            return 1.0 if rows.mean() == 0 else np.inf
        return rows.mean() / others.mean()

    pairs = [[ratio(rows[b], real[a]) for a, b in halves] for rows in (generated, real)]
    return Comparison(*np.array(pairs))


def _compare_labelled(generator, train, y_train, test, y_test, new, gaps, classifier, halves, rng):
    """The comparisons that look through classifiers."""
    seed, own_seed = draw_seed(rng), draw_seed(rng)
    of_parts = _network_of_part(y_train, own_seed) if classifier is None else classifier
    classifier = FCNClassifier(random_state=own_seed) if classifier is None else classifier
    of_real = fitted_on(classifier, train.copy(), y_train)
    proba = [apply(of_real.predict_proba, X) for X in (test, new)]
    of_class = draw(generator, len(y_test), like=test, y=y_test, gaps=gaps[1], random_state=seed)
    right = [apply(of_real.predict, X) == y_test for X in (test, of_class)]
    _warn_of_poor_judge(right[0].mean(), y_test)
    comparisons = {
        "inception_score": compare_rows(lambda rows: inception_score(rows, n_splits=1), *proba, halves),
        "conditional_accuracy": compare_rows(np.mean, *right, halves),
    }
    parts = stratified_parts(y_train, _N_PARTS, rng)
    if len(y_train) >= _MIN_PARTED and min(len(np.unique(y_train[part])) for part in parts) > 1:
        like_train = draw(generator, len(y_train), like=train, y=y_train, gaps=gaps[0], random_state=draw_seed(rng))
        comparisons["classification_accuracy_score"] = compare_models(
            of_parts, parts, train, like_train, y_train, test, y_test
        )
    return comparisons


def _warn_of_leak(distances):
    """Warn where held-out series are in the train set."""
    n_known = np.count_nonzero(distances == 0)
    if n_known:
        warnings.warn(
            f"{n_known} of {len(distances)} held-out series are in the train set: they are not new, and the "
            "memorization ratio says little.",
            UserWarning,
            stacklevel=5,
        )


def _warn_of_poor_judge(accuracy, y_test):
    """Warn where a classifier closes less than half of the gap between always naming the largest class and no error."""
    share = np.unique(y_test, return_counts=True)[1].max() / len(y_test)
    if accuracy < (1 + share) / 2 and share < 1:
        warnings.warn(
            f"The classifier is no good judge: trained on the real train set, it recognises {accuracy:.0%} of the "
            f"held-out series, and {share:.0%} are of the largest class. Scores that look through it say little.",
            UserWarning,
            stacklevel=5,
        )


def _why_missing(score, has_labels):
    """The verdict where a score has no value."""
    if score.needs not in ("classifier", "labels"):
        return "not computed by evaluate"
    return "undecided: too few train series" if has_labels else "skipped: needs labels"


def _network_of_part(y_train, random_state):
    """The default classifier for a part of the train set: 25 steps for each class, but 100 to 400."""
    n_steps = min(max(25 * len(np.unique(y_train)), 100), 400)
    network = FCNClassifier(random_state=random_state)
    n_batches = max(1, len(y_train) // _N_PARTS // network.batch_size)
    return network.set_params(max_epochs=ceil(n_steps / n_batches))


def _row(score, comparison, confidence_level, has_labels):
    """Value, interval, floor and verdict of a score, and what is best."""
    row = dict.fromkeys(["value", "low", "high", "floor"], np.nan)
    row |= {"ideal": score.ideal, "direction": score.direction}
    if comparison is None:
        return row | {"verdict": _why_missing(score, has_labels)}
    low, high = comparison.interval(confidence_level)
    least, most = comparison.difference(confidence_level)
    below, above = _VERDICTS.get(score.name, _VERDICTS[score.direction])
    verdict = below if most < 0 else above if least > 0 else "as good as real"
    if np.isnan(least) or np.isnan(most):
        verdict = "undecided: not finite"
    values = {"value": comparison.values.mean(), "low": low, "high": high, "floor": comparison.floors.mean()}
    return row | values | {"verdict": verdict}
