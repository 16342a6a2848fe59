"""The oversampler fills up classes as imbalanced-learn's samplers do, and works in its Pipeline."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.oversampling import VQOversampler
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

COUNTS = {"a": 12, "b": 7, "c": 3}


def small(**params):
    generator = VQGenerator(VQVAETokenizer(4, width=8, max_epochs=2), MarkovPrior())
    return VQOversampler(generator, random_state=0, **params)


def unbalanced(counts=COUNTS, n_channels=2):
    X, _ = make_waves(sum(counts.values()), n_channels, 20, random_state=0)
    return X, np.repeat(list(counts), list(counts.values()))


def three_times(y):
    return {label: 3 * int(np.sum(y == label)) for label in np.unique(y)[1:]}


@pytest.mark.parametrize("strategy", ["auto", "minority", "not minority", "not majority", "all", {"c": 9}, three_times])
def test_counts_are_those_of_imbalanced_learn(strategy):
    X, y = unbalanced()
    X_new, y_new = small(sampling_strategy=strategy).fit_resample(X, y)
    imblearn = pytest.importorskip("imblearn.over_sampling")
    _, expected = imblearn.RandomOverSampler(sampling_strategy=strategy).fit_resample(X[:, 0], y)
    assert_array_equal(np.unique(y_new, return_counts=True)[1], np.unique(expected, return_counts=True)[1])
    assert_array_equal(X_new[: len(X)], X)
    assert_array_equal(y_new[: len(y)], y)
    assert X_new.shape == (len(y_new), 2, 20) and np.isfinite(X_new).all()


def test_a_ratio_of_two_classes():
    X, y = unbalanced({"a": 10, "b": 3})
    _, y_new = small(sampling_strategy=0.6).fit_resample(X, y)
    assert_array_equal(np.unique(y_new, return_counts=True)[1], [10, 6])
    with pytest.raises(ValueError, match="at least as many series of class 'b' as there are, 3. Got 1 instead"):
        small(sampling_strategy=0.1).fit_resample(X, y)


def test_what_is_new_is_of_its_class():
    X = np.repeat([[0.0, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]], [16, 4], axis=0) + np.random.RandomState(0).normal(
        0, 0.1, (20, 4)
    )
    y = np.repeat([0, 1], [16, 4])
    generator = VQGenerator(VQVAETokenizer(4, max_epochs=60), MarkovPrior())
    X_new, _ = VQOversampler(generator, random_state=0).fit_resample(X, y)
    assert X_new.shape == (32, 4)
    assert np.all(np.abs(X_new[20:] - 9) < 2)


def test_balanced_series_stay_as_they_are():
    X, y = unbalanced({"a": 5, "b": 5})
    sampler = small()
    X_new, y_new = sampler.fit_resample(X, y)
    assert_array_equal(X_new, X)
    assert_array_equal(y_new, y)
    assert sampler.generator_ is None and sampler.sampling_strategy_ == {}


def test_repeatable_and_the_generator_stays_unfitted():
    X, y = unbalanced()
    sampler = small()
    first, again = (clone(sampler).fit_resample(X.astype(np.float32), y)[0] for _ in range(2))
    assert_array_equal(first, again)
    assert first.dtype == np.float32
    sampler.fit_resample(X, y)
    assert not hasattr(sampler.generator, "prior_") and hasattr(sampler.generator_, "prior_")


@pytest.mark.parametrize(
    "strategy, error, message",
    [
        ("most", ValueError, "'sampling_strategy' parameter of VQOversampler must be"),
        (1.5, ValueError, "'sampling_strategy' parameter of VQOversampler must be"),
        (0.5, ValueError, "no ratio unless there are two classes. Got 3 classes"),
        ({"d": 9}, ValueError, "must name classes of y.* Got 'd' instead"),
        ({"a": "many"}, TypeError, "must say how many series each class has by an int. Got 'many' instead"),
        ({"a": 20.5}, TypeError, "by an int. Got 20.5 instead"),
        (lambda y: None, TypeError, "must give a dict if it is a function. Got None instead"),
        (lambda y: "auto", TypeError, "must give a dict if it is a function. Got 'auto' instead"),
        ({"a": 1}, ValueError, "at least as many series of class 'a' as there are, 12. Got 1 instead"),
    ],
)
def test_rejects(strategy, error, message):
    X, y = unbalanced()
    with pytest.raises(error, match=message):
        small(sampling_strategy=strategy).fit(X, y)
    with pytest.raises(ValueError, match="requires y"):
        small().fit(X, None)


def test_in_the_pipeline_of_imbalanced_learn():
    pipeline = pytest.importorskip("imblearn.pipeline")
    X, y = unbalanced({"a": 20, "b": 8})
    seen = []

    class Tree(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(np.unique(y, return_counts=True)[1])
            return super().fit(X, y)

    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    model = pipeline.make_pipeline(small(), flat, Tree(random_state=0)).fit(X, y)
    assert_array_equal(seen[0], [20, 20])
    assert model.predict(X).shape == y.shape
    assert np.isfinite(cross_val_score(model, X, y, cv=2)).all()


def test_a_gap_at_the_end_of_a_series_stays():
    X = [np.arange(float(length)) for length in (8, 9, 10, 9, 8, 10)]
    X[1][-2:] = np.nan
    X_new, _ = small().fit_resample(X, [0, 0, 0, 0, 1, 1])
    for given, same in zip(X, X_new, strict=False):
        assert_array_equal(given, same)
