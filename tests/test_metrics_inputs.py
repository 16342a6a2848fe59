"""Scores of inputs that lose digits: far from the origin, constant up to rounding, or too large."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neighbors import NearestNeighbors

from sktsvq._scaling import is_constant, mean_and_scale
from sktsvq.datasets import make_waves
from sktsvq.metrics import (
    SeriesFeatures,
    autocorrelation_difference,
    frechet_distance,
    inception_score,
    kernel_inception_distance,
    kurtosis_difference,
    marginal_distribution_difference,
    maximum_mean_discrepancy,
    memorization_ratio,
    precision_recall_density_coverage,
    predictive_score,
    probe_score,
    skewness_difference,
    token_class_information,
)

pytestmark = pytest.mark.filterwarnings("ignore:The Frechet distance of")


@pytest.fixture(scope="module")
def waves_pair():
    X, _ = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    return X[:40], X[40:]


@pytest.fixture(scope="module")
def features_pair():
    rng = np.random.RandomState(0)
    return rng.normal(size=(150, 10)), rng.normal(0.2, 1, size=(120, 10))


class TestFarFromTheOrigin:
    @pytest.mark.parametrize("offset, scale", [(1e6, 0.01), (1e8, 1.0), (5.5e6, 0.01)])
    def test_neighbours_and_kernels(self, features_pair, offset, scale):
        near = [scale * rows for rows in features_pair]
        far = [rows + offset for rows in near]
        expected = precision_recall_density_coverage(*near)
        assert precision_recall_density_coverage(*far) == pytest.approx(expected, rel=1e-3)
        assert_allclose(maximum_mean_discrepancy(*far), maximum_mean_discrepancy(*near), rtol=1e-3)
        assert_allclose(frechet_distance(*far), frechet_distance(*near), rtol=1e-3)

    def test_memorization_of_a_map_in_metres(self):
        rng = np.random.RandomState(0)
        train, held_out = rng.normal(size=(200, 10)), rng.normal(size=(150, 10))
        generated = train[:100] + 0.05 * rng.normal(size=(100, 10))
        expected = precision_recall_density_coverage(held_out, generated)["density"]
        generated, train, held_out = (0.01 * rows + 5.5e6 for rows in (generated, train, held_out))
        assert memorization_ratio(generated, train, held_out) == pytest.approx(0.0743, abs=1e-4)
        assert precision_recall_density_coverage(held_out, generated)["density"] == pytest.approx(expected, rel=1e-3)

    @pytest.mark.parametrize("offset", [0, 3.3, 1e4, 1e8])
    def test_memorization_knows_copies_exactly(self, offset):
        train = np.random.RandomState(0).normal(size=(60, 20)) + offset
        held_out, others = train[:30], train[30:] + 0.5
        assert memorization_ratio(train, train, held_out) == 1
        assert memorization_ratio(others, train, held_out) == np.inf
        assert memorization_ratio(train[30:], train, others) == 0

    def test_distances_are_those_of_the_nearest(self):
        rng = np.random.RandomState(0)
        train, generated, held_out = (rng.normal(size=(n_rows, 3)) for n_rows in (500, 40, 30))
        nearest = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(train)
        expected = nearest.kneighbors(generated)[0].mean() / nearest.kneighbors(held_out)[0].mean()
        assert_allclose(memorization_ratio(generated, train, held_out), expected)


class TestConstants:
    @pytest.mark.parametrize("constant", [14.62, 0.1, -3.3, 14.0])
    @pytest.mark.parametrize("noise", [0, 3e-16])
    def test_a_constant_channel_changes_nothing_else(self, waves_pair, constant, noise):
        rng = np.random.RandomState(0)
        both = []
        for X in waves_pair:
            channel = np.full_like(X, constant) * (1 + noise * rng.choice([0, 1], size=X.shape))
            both.append(np.concatenate([X, channel], axis=1))
        # The mean over the channels halves, since the constant one is predicted exactly.
        assert predictive_score(*both) == pytest.approx(predictive_score(*waves_pair) / 2, rel=1e-6)
        for difference in (skewness_difference, kurtosis_difference, autocorrelation_difference):
            assert difference(*both) == pytest.approx(difference(*waves_pair) / 2, rel=1e-6)

    def test_noise_on_generated_values_of_a_constant_channel(self, waves_pair):
        generated, real = waves_pair
        noisy = 14.62 + 1e-3 * np.random.RandomState(0).normal(size=generated.shape)
        generated = np.concatenate([generated, noisy], axis=1)
        real = np.concatenate([real, np.full_like(real, 14.62)], axis=1)
        assert predictive_score(generated, real) < 0.2

    def test_one_value_of_a_constant_channel_is_off_by_one_unit(self):
        X = np.full((4, 1, 9), 14.62)
        off = X.copy()
        off[0, 0, 0] = np.nextafter(14.62, 15)
        assert skewness_difference(X, off) == kurtosis_difference(X, off) == 0

    def test_series_features(self, waves_pair):
        X = waves_pair[0]
        both = np.concatenate([X, np.full_like(X, 14.62)], axis=1)
        features = SeriesFeatures().fit(both)
        assert_allclose(features.scale_[1], 1)
        assert np.abs(features.transform(both.astype(np.float32)) - features.transform(both)).max() < 1e-3

    def test_small_variation_around_a_large_mean_is_scaled(self):
        X = 1e-3 * np.random.RandomState(0).normal(size=(50, 2, 20)) + 1e6
        mean, scale = mean_and_scale(X, axis=(0, 2))
        assert mean.shape == scale.shape == (1, 2, 1)
        assert_allclose(scale, 1e-3, rtol=0.05)

    def test_every_constant_is_constant(self):
        for value in np.arange(1, 2000) / 100:
            assert mean_and_scale(np.full((1, 700), value), axis=1)[1] == 1
        assert not is_constant(np.array([[1.0, 1.0 + 1e-12]]), axis=1)


class TestTooLarge:
    @pytest.mark.parametrize("distance", [frechet_distance, kernel_inception_distance])
    def test_features_whose_squares_overflow(self, features_pair, distance):
        with pytest.raises(ValueError, match=f"{distance.__name__} overflows: features must be smaller"):
            distance(*[1e160 * rows for rows in features_pair])

    def test_kernel_of_1e100(self, features_pair):
        with pytest.raises(ValueError, match="kernel_inception_distance overflows"):
            kernel_inception_distance(*[1e100 * rows for rows in features_pair])

    def test_frechet_distance_of_1e100(self, features_pair):
        expected = 1e200 * frechet_distance(*features_pair)
        assert_allclose(frechet_distance(*[1e100 * rows for rows in features_pair]), expected, rtol=1e-6)


@pytest.mark.parametrize("distance", [kernel_inception_distance, maximum_mean_discrepancy])
def test_kernels_by_chunks(distance, features_pair, monkeypatch):
    real, generated = features_pair
    expected = distance(real, generated[:-3], return_error=True)
    monkeypatch.setattr("sktsvq.metrics._kernel._CHUNK_VALUES", 7 * len(real))
    assert_allclose(distance(real, generated[:-3], return_error=True), expected, rtol=1e-8)
    monkeypatch.setattr("sktsvq.metrics._kernel._CHUNK_VALUES", 1)
    assert_allclose(distance(real, generated[:-3], return_error=True), expected, rtol=1e-8)


def test_neighbours_by_chunks(features_pair, monkeypatch):
    real, generated = features_pair
    scores, ratio = (
        precision_recall_density_coverage(real, generated[:-3]),
        memorization_ratio(generated, real, real + 1),
    )
    monkeypatch.setattr("sktsvq.metrics._neighbours._CHUNK_MB", 7 * len(real) * 8 / 2**20)
    assert precision_recall_density_coverage(real, generated[:-3]) == pytest.approx(scores, abs=1e-12)
    assert memorization_ratio(generated, real, real + 1) == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize("score", [autocorrelation_difference, skewness_difference, kurtosis_difference])
@pytest.mark.parametrize("offset, scale", [(0, 1e-12), (0, 1e-200), (0, 1e78), (0, 1e200), (1e9, 0.1), (1e6, 1e-5)])
def test_statistics_in_any_unit(score, waves_pair, offset, scale):
    real, generated = waves_pair[0], np.random.RandomState(0).gumbel(size=(40, 1, 32))
    expected = score(real, generated)
    assert expected > 0.01
    assert score(offset + scale * real, offset + scale * generated) == pytest.approx(expected, rel=1e-3)


class TestParameters:
    pair = np.zeros((9, 2)), np.ones((9, 2))
    series = np.zeros((4, 1, 8)), np.ones((4, 1, 8))

    @pytest.mark.parametrize("value", [2.0, True, 0, "a"], ids=repr)
    @pytest.mark.parametrize(
        "function, name, samples",
        [
            (precision_recall_density_coverage, "n_neighbors", pair),
            (marginal_distribution_difference, "n_bins", series),
            (autocorrelation_difference, "max_lag", series),
            (predictive_score, "n_lags", series),
            (inception_score, "n_splits", (np.full((5, 2), 0.5),)),
        ],
        ids=lambda value: getattr(value, "__name__", None),
    )
    def test_integers(self, function, name, samples, value):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of {function.__name__} must be an int in"):
            function(*samples, **{name: value})

    @pytest.mark.parametrize("function", [autocorrelation_difference, predictive_score])
    def test_series_of_one_time_point(self, function):
        with pytest.raises(ValueError, match=f"{function.__name__} needs series of at least 2 time points. Got 1"):
            function(np.zeros((4, 1, 1)), np.ones((4, 1, 1)))

    def test_others(self):
        with pytest.raises(ValueError, match="'bandwidth' parameter of maximum_mean_discrepancy .* Got True"):
            maximum_mean_discrepancy(*self.pair, bandwidth=True)
        with pytest.raises(ValueError, match="'probe' parameter of probe_score"):
            probe_score(*self.pair, *self.pair, probe=3)
        with pytest.raises(ValueError, match="'n_permutations' parameter of token_class_information"):
            token_class_information([[0], [1]], [0, 1], n_permutations=-1)
