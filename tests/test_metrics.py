"""Every score against a closed form, an independent computation, or what its definition implies."""

import warnings

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sktsvq.datasets import make_waves
from sktsvq.metrics import classification_accuracy_score, frechet_distance, inception_score, probe_score

few_rows = pytest.mark.filterwarnings("ignore:The Frechet distance of")


def normal(n_rows, n_features, seed=0, scale=1.0, offset=0.0):
    return offset + scale * np.random.default_rng(seed).normal(size=(n_rows, n_features))


def exact_moments(n_rows, mean, covariance, seed=0):
    """Rows with exactly this sample mean and (N - 1) sample covariance."""
    rows = normal(n_rows, len(mean), seed)
    rows = rows - rows.mean(axis=0)
    whitened = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


@pytest.mark.filterwarnings("ignore:The Frechet distance of")
class TestFrechet:
    def test_closed_form_of_diagonal_covariances(self):
        v1, v2 = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 16.0])
        m1, m2 = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0])
        distance = frechet_distance(exact_moments(50, m1, np.diag(v1)), exact_moments(70, m2, np.diag(v2), seed=1))
        expected = np.sum((m1 - m2) ** 2) + np.sum((np.sqrt(v1) - np.sqrt(v2)) ** 2)
        assert_allclose(distance, expected, rtol=1e-10)

    @pytest.mark.parametrize("n_features", [1, 3, 20])
    def test_against_matrix_square_root(self, n_features):
        rng = np.random.default_rng(1)
        real = normal(100, n_features) @ rng.normal(size=(n_features, n_features))
        generated = normal(60, n_features, seed=2, offset=0.3) @ rng.normal(size=(n_features, n_features))
        s1, s2 = np.atleast_2d(np.cov(real.T)), np.atleast_2d(np.cov(generated.T))
        root = scipy.linalg.sqrtm(s1 @ s2).real
        expected = np.sum((real.mean(axis=0) - generated.mean(axis=0)) ** 2) + np.trace(s1 + s2 - 2 * root)
        assert_allclose(frechet_distance(real, generated), expected, rtol=1e-8)

    def test_singular_covariances(self):
        real, generated = normal(5, 40), normal(8, 40, seed=1)
        with pytest.warns(UserWarning, match="5 real and 8 generated rows means little"):
            distance = frechet_distance(real, generated)
        s1, s2 = np.cov(real.T), np.cov(generated.T)
        values, vectors = np.linalg.eigh(s1)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        cross = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(0)).sum()
        expected = np.sum((real.mean(axis=0) - generated.mean(axis=0)) ** 2) + np.trace(s1) + np.trace(s2) - 2 * cross
        assert_allclose(distance, expected, rtol=1e-5)

    @few_rows
    @settings(deadline=None, max_examples=50)
    @given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 12), st.integers(0, 1000))
    def test_is_a_distance_of_sets(self, n_real, n_generated, n_features, seed):
        real = normal(n_real, n_features, seed)
        generated = normal(n_generated, n_features, seed + 1, scale=2.0, offset=1.0)
        distance = frechet_distance(real, generated)
        order = np.random.default_rng(seed).permutation
        assert distance >= 0
        assert_allclose(frechet_distance(generated, real), distance, rtol=1e-8)
        assert_allclose(frechet_distance(order(real), order(generated)), distance, rtol=1e-8)
        assert_allclose(frechet_distance(3 * real + 5, 3 * generated + 5), 9 * distance, rtol=1e-8)
        assert frechet_distance(real, real) < 1e-12 * n_features

    def test_ordinary_use_does_not_warn(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frechet_distance(normal(200, 4), normal(120, 4))

    def test_bias_of_few_rows(self):
        # The figures in the docstring.
        for n_rows, expected in ((200, 43), (1000, 8.6)):
            assert frechet_distance(normal(n_rows, 128), normal(n_rows, 128, seed=1)) == pytest.approx(
                expected, rel=0.1
            )

    def test_errors(self):
        with pytest.raises(ValueError, match="as many features as features_real, 3. Got 4"):
            frechet_distance(normal(9, 3), normal(9, 4))
        with pytest.raises(ValueError, match="features_generated contains NaN"):
            frechet_distance(normal(9, 3), np.full((9, 3), np.nan))
        with pytest.raises(ValueError, match="minimum of 2"):
            frechet_distance(normal(1, 3), normal(9, 3))
        with pytest.raises(ValueError, match="dim"):
            frechet_distance(np.zeros((9, 3, 2)), normal(9, 3))


class TestInception:
    @pytest.mark.parametrize("n_classes", [1, 2, 7])
    def test_extremes(self, n_classes):
        sure = np.eye(n_classes)[np.arange(20 * n_classes) % n_classes]
        assert inception_score(sure, n_splits=1) == pytest.approx(n_classes)
        assert inception_score(np.full((30, n_classes), 1 / n_classes)) == pytest.approx(1)
        assert inception_score(np.repeat(sure[:1], 30, axis=0)) == pytest.approx(1)

    def test_definition(self):
        proba = np.random.default_rng(0).dirichlet([0.5] * 4, size=50)
        marginal = proba.mean(axis=0)
        expected = np.exp(np.mean([np.sum(p * np.log(p / marginal)) for p in proba]))
        assert_allclose(inception_score(proba, n_splits=1), expected)

    @settings(deadline=None, max_examples=50)
    @given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 1000), st.data())
    def test_bounds(self, n_cases, n_classes, seed, data):
        proba = np.random.default_rng(seed).dirichlet([0.3] * n_classes, size=n_cases)
        n_splits = data.draw(st.integers(1, n_cases))
        assert 1 <= inception_score(proba, n_splits=n_splits, random_state=seed) <= n_classes

    def test_splits_are_shuffled(self):
        sure = np.repeat(np.eye(4), 25, axis=0)
        mean, std = inception_score(sure, random_state=0, return_std=True)
        assert 2 < mean < 4 and std > 0
        assert inception_score(sure, random_state=0) == mean != inception_score(sure, random_state=1)

    @pytest.mark.parametrize(
        "proba, n_splits, message",
        [
            ([[0.5, 0.4]], 1, "must sum to 1. Got a row that sums to 0.9"),
            ([[1.5, -0.5]], 1, "must not be negative. Got -0.5"),
            ([[0.5, np.nan]], 1, "proba contains NaN"),
            ([0.5, 0.5], 1, "2D array"),
            ([[0.5, 0.5]] * 3, 4, r"'n_splits' parameter of inception_score .* \[1, 3\]. Got 4"),
            ([[0.5, 0.5]] * 3, 0, r"'n_splits' parameter of inception_score .* Got 0"),
        ],
    )
    def test_errors(self, proba, n_splits, message):
        with pytest.raises(ValueError, match=message):
            inception_score(proba, n_splits=n_splits)


class TestClassificationAccuracy:
    def test_good_and_useless_series(self):
        X, y = make_waves(n_cases=60, n_timepoints=16, random_state=0)
        real = X[20:], y[20:]
        assert classification_accuracy_score(X[:20], y[:20], *real, random_state=0) > 0.9
        assert classification_accuracy_score(X[:20], 1 - y[:20], *real, classifier=KNeighborsClassifier(1)) < 0.1

    def test_classifier_is_cloned_and_flattened_for(self):
        X, y = make_waves(n_cases=40, n_channels=2, n_timepoints=16, random_state=0)
        knn = KNeighborsClassifier(1)
        assert classification_accuracy_score(X, y, X, y, classifier=knn) == 1
        assert not hasattr(knn, "classes_")
        share = np.mean(y[20:] == 0)
        dummy = DummyClassifier(strategy="constant", constant=0)
        assert classification_accuracy_score(X[:20], y[:20], X[20:], y[20:], classifier=dummy) == share

    def test_errors(self):
        X, y = make_waves(n_cases=8, n_timepoints=16, random_state=0)
        with pytest.raises(ValueError, match=r"same channels and time points as X_real, \(1, 16\). Got \(1, 9\)"):
            classification_accuracy_score(X[:, :, :9], y, X, y)
        with pytest.raises(ValueError, match="one label for each of the"):
            classification_accuracy_score(X, y[:-1], X, y)
        with pytest.raises(ValueError, match="X_synthetic must hold a known value in each channel"):
            classification_accuracy_score(np.full_like(X, np.nan), y, X, y)


class TestProbe:
    @pytest.mark.parametrize("probe", ["linear_svm", "knn", "logistic", LogisticRegression()], ids=str)
    def test_separable_and_random(self, probe):
        y = np.arange(60) % 2
        Z = normal(60, 3, scale=0.1)
        assert probe_score(Z[:40], y[:40], Z[40:], y[40:], probe=probe) < 0.85
        # Without the scaling the first feature would drown the second.
        Z[:, 0] *= 1e6
        Z[:, 1] += y
        assert probe_score(Z[:40], y[:40], Z[40:], y[40:], probe=probe) > 0.85

    def test_fewer_cases_than_neighbours(self):
        assert probe_score([[0.0], [1.0]], ["a", "a"], [[3.0]], ["a"], probe="knn") == 1

    def test_errors(self):
        Z, y = normal(6, 2), np.arange(6) % 2
        with pytest.raises(ValueError, match="as many features as Z_train, 2. Got 1"):
            probe_score(Z, y, Z[:, :1], y)
        with pytest.raises(ValueError, match="'probe' parameter .* Got 'svm'"):
            probe_score(Z, y, Z, y, probe="svm")
        with pytest.raises(ValueError, match="Z_train contains NaN"):
            probe_score(np.full((6, 2), np.nan), y, Z, y)
        with pytest.raises(ValueError, match="one label for each of the"):
            probe_score(Z, y[:5], Z, y)
