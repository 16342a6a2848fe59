"""Scores agree with independent implementations: torchmetrics, prdc, scikit-learn, scipy, and closed forms."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import mutual_info_score

from sktsvq.metrics import (
    autocorrelation_difference,
    codebook_perplexity,
    cross_entropy,
    entropy,
    extrapolated_score,
    frechet_distance,
    inception_score,
    kernel_inception_distance,
    kl_divergence,
    kurtosis_difference,
    marginal_distribution_difference,
    maximum_mean_discrepancy,
    memorization_ratio,
    mutual_information,
    precision_recall_density_coverage,
    skewness_difference,
    token_class_information,
)

pytestmark = pytest.mark.filterwarnings("ignore:The Frechet distance of")


class Given(torch.nn.Module):
    """The feature extractor of torchmetrics: features are given."""

    num_features = 6

    def forward(self, x):
        return x


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6))
    return rng.normal(size=(120, 6)) @ mixing, rng.normal(loc=0.3, size=(90, 6)) @ mixing * 1.2


class TestTorchmetrics:
    def test_frechet_distance(self, pair):
        fid = pytest.importorskip("torchmetrics.image.fid")
        # The class itself takes images only; this is the function behind it.
        arguments = [
            torch.from_numpy(part(rows)) for rows in pair for part in (lambda z: z.mean(axis=0), lambda z: np.cov(z.T))
        ]
        assert_allclose(frechet_distance(*pair), fid._compute_fid(*arguments).item(), rtol=1e-6)

    def test_inception_score(self):
        module = pytest.importorskip("torchmetrics.image.inception")
        logits = np.random.default_rng(0).normal(size=(200, 5)) * 2
        peer = module.InceptionScore(feature=Given(), splits=1)
        peer.update(torch.from_numpy(logits))
        proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert_allclose(inception_score(proba, n_splits=1), peer.compute()[0].item(), rtol=1e-6)

    def test_kernel_inception_distance(self, pair):
        module = pytest.importorskip("torchmetrics.image.kid")
        real, generated = pair[0][:90], pair[1]
        peer = module.KernelInceptionDistance(feature=Given(), subsets=1, subset_size=90)
        peer.update(torch.from_numpy(real), real=True)
        peer.update(torch.from_numpy(generated), real=False)
        assert_allclose(kernel_inception_distance(real, generated), peer.compute()[0].item(), rtol=1e-5)


@pytest.mark.parametrize("n_neighbors", [1, 5])
def test_prdc(pair, n_neighbors):
    peer = pytest.importorskip("prdc")
    expected = peer.compute_prdc(*pair, nearest_k=n_neighbors)
    ours = precision_recall_density_coverage(*pair, n_neighbors=n_neighbors)
    assert ours == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-9)


class TestKernels:
    def test_definition_and_error_of_the_gaussian_kernel(self, pair):
        real, generated = pair
        kernel = lambda a, b: np.exp(-np.sum((a[:, None] - b) ** 2, axis=2) / (2 * 3.0**2))  # noqa: E731
        off = lambda gram: (gram.sum() - np.trace(gram)) / (len(gram) * (len(gram) - 1))  # noqa: E731
        expected = off(kernel(real, real)) + off(kernel(generated, generated)) - 2 * kernel(real, generated).mean()
        distance, error = maximum_mean_discrepancy(real, generated, bandwidth=3.0, return_error=True)
        assert_allclose(distance, expected, rtol=1e-8)
        draws = [maximum_mean_discrepancy(*_shifted(seed), bandwidth=3.0, return_error=True) for seed in range(200)]
        assert np.mean([error for _, error in draws]) == pytest.approx(np.std([value for value, _ in draws]), rel=0.25)
        assert error > 0

    @pytest.mark.parametrize("distance", [kernel_inception_distance, maximum_mean_discrepancy])
    def test_error_of_equal_distributions_is_not_too_small(self, distance):
        draws = [distance(*np.random.default_rng(s).normal(size=(2, 60, 4)), return_error=True) for s in range(100)]
        ratio = np.mean([error for _, error in draws]) / np.std([value for value, _ in draws])
        assert 0.95 < ratio < 1.7

    def test_expectation_of_the_gaussian_kernel(self):
        # Normals with variances 1 and means 0 and 2 in one dimension, kernel width 1.
        rng = np.random.default_rng(0)
        distance = maximum_mean_discrepancy(rng.normal(size=(3000, 1)), rng.normal(2, size=(3000, 1)), bandwidth=1.0)
        assert distance == pytest.approx(2 / np.sqrt(3) * (1 - np.exp(-4 / 6)), abs=0.03)

    @pytest.mark.parametrize("distance", [kernel_inception_distance, maximum_mean_discrepancy])
    def test_is_unbiased(self, distance):
        values = [distance(*np.random.default_rng(seed).normal(size=(2, 20, 3))) for seed in range(300)]
        assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)

    def test_default_bandwidth(self):
        assert maximum_mean_discrepancy(np.zeros((3, 2)), np.zeros((4, 2))) == 0
        real = np.array([[0.0], [3.0], [6.0]])
        other = real + 1
        assert maximum_mean_discrepancy(real, other) == maximum_mean_discrepancy(real, other, bandwidth=3.0)


def _shifted(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(60, 4)), rng.normal(1, size=(50, 4))


class TestExtrapolation:
    def test_takes_off_a_bias_in_1_over_n(self):
        biased = lambda rows: 3 + 5 / len(rows)  # noqa: E731
        assert extrapolated_score(biased, np.zeros((400, 1))) == pytest.approx(3, abs=0.01)
        both = lambda rows, others: 1 / len(rows) + 2 / len(others)  # noqa: E731
        assert extrapolated_score(both, np.zeros((400, 1)), np.zeros((200, 1))) == pytest.approx(0, abs=0.01)

    def test_frechet_distance(self):
        biased, limits = [], []
        for seed in range(8):
            real, generated = np.random.default_rng(seed).normal(size=(2, 400, 16))
            biased.append(frechet_distance(real, generated))
            limits.append(extrapolated_score(frechet_distance, real, generated, random_state=seed))
        assert abs(np.mean(limits)) < 0.2 * np.mean(biased)

    def test_inception_score(self):
        # The mean probabilities of few rows fit these rows too well, and the score is too low.
        many = inception_score(np.random.default_rng(1).dirichlet([0.2] * 8, size=100_000), n_splits=1)
        values = []
        for seed in range(20):
            proba = np.random.default_rng(seed).dirichlet([0.2] * 8, size=100)
            values.append(
                [
                    inception_score(proba, n_splits=1),
                    extrapolated_score(lambda rows: inception_score(rows, n_splits=1), proba, random_state=0),
                ]
            )
        biased, limit = np.mean(values, axis=0)
        assert abs(limit - many) < 0.5 * abs(biased - many)

    def test_labels_go_with_their_rows(self):
        X, y = np.arange(50.0)[:, np.newaxis], np.arange(50)
        assert extrapolated_score(lambda part: float(np.all(part[0][:, 0] == part[1])), (X, y)) == pytest.approx(1)


class TestDiscrete:
    tokens = np.random.default_rng(0).integers(0, 7, size=(2, 40, 5))

    def test_against_scipy_and_scikit_learn(self):
        a, b = self.tokens
        p, q = (np.bincount(part.ravel(), minlength=7) / part.size for part in (a, b))
        assert_allclose(entropy(a), stats.entropy(p), rtol=1e-10)
        assert_allclose(kl_divergence(a, b), stats.entropy(p, q), rtol=1e-10)
        assert_allclose(cross_entropy(a, b), stats.entropy(p) + stats.entropy(p, q), rtol=1e-10)
        assert_allclose(mutual_information(a, b), mutual_info_score(a.ravel(), b.ravel()), rtol=1e-10)
        assert_allclose(codebook_perplexity(a), np.exp(stats.entropy(p)), rtol=1e-10)

    def test_tokens_that_one_set_lacks(self):
        assert kl_divergence([0, 1], [0, 0]) == cross_entropy([0, 1], [0, 0]) == np.inf
        assert kl_divergence([0, 0], [0, 1]) == pytest.approx(np.log(2))
        assert kl_divergence([0, 1], [0, 0], smoothing=1) == pytest.approx(stats.entropy([0.5, 0.5], [0.75, 0.25]))

    def test_class_information_is_corrected(self):
        rng = np.random.default_rng(0)
        tokens, y = rng.integers(0, 30, size=(40, 4)), rng.integers(0, 5, size=40)
        raw = token_class_information(tokens, y, n_permutations=0)
        assert raw == pytest.approx(mutual_info_score(tokens.ravel(), np.repeat(y, 4)))
        assert raw > 0.2
        assert abs(token_class_information(tokens, y, n_permutations=50)) < 0.1
        # Tokens of a series that are all alike feign more, and formulas that count tokens would not see it.
        alike = np.repeat(tokens[:, :1], 4, axis=1)
        assert abs(token_class_information(alike, y, n_permutations=50)) < 0.25 * token_class_information(
            alike, y, n_permutations=0
        )
        told = np.repeat(y[:, np.newaxis], 4, axis=1)
        assert token_class_information(told, y.astype(str)) == pytest.approx(entropy(y), rel=1e-6)
        assert token_class_information(tokens, np.zeros(40)) == 0

    @pytest.mark.parametrize("tokens", [[], [[-1, 2]], [[0.5]], [["a"]]], ids=str)
    def test_errors(self, tokens):
        for function in (entropy, codebook_perplexity):
            with pytest.raises(ValueError, match="tokens must be integers of at least 0"):
                function(tokens)

    def test_more_errors(self):
        with pytest.raises(ValueError, match="'codebook_size' parameter .* largest of which is 3. Got 3"):
            codebook_perplexity([0, 3], codebook_size=3)
        with pytest.raises(ValueError, match=r"shape of tokens_a, \(2,\). Got \(3,\)"):
            mutual_information([0, 1], [0, 1, 2])
        with pytest.raises(ValueError, match="'smoothing' parameter of kl_divergence"):
            kl_divergence([0], [0], smoothing=-1)
        with pytest.raises(ValueError, match="2-D array"):
            token_class_information([0, 1], [0, 1])
        with pytest.raises(ValueError, match="one label for each of the"):
            token_class_information([[0], [1]], [0, 1, 1])


class TestStatistics:
    def test_marginals(self):
        rng = np.random.default_rng(0)
        real, generated = rng.normal(size=(200, 2, 3)), rng.normal(0.5, 1.5, size=(150, 2, 3))
        expected = []
        for channel in range(2):
            for time in range(3):
                x, y = real[:, channel, time], generated[:, channel, time]
                edges = np.r_[-np.inf, np.linspace(x.min(), x.max(), 11)[1:-1], np.inf]
                inside = np.histogram(y[(y >= x.min()) & (y <= x.max())], edges)[0] / len(y)
                outside = np.mean(y < x.min()) + np.mean(y > x.max())
                expected.append((np.abs(np.histogram(x, edges)[0] / len(x) - inside).sum() + outside) / 2)
        assert_allclose(marginal_distribution_difference(real, generated, n_bins=10), np.mean(expected), rtol=1e-9)
        assert marginal_distribution_difference(real, real + 100) == 1

    def test_autocorrelation(self):
        rng = np.random.default_rng(0)
        X, Y = rng.normal(size=(8, 1, 20)).cumsum(axis=2), rng.normal(size=(6, 1, 20))

        def mean_autocorrelation(series, lag):
            centred = series - series.mean(axis=2, keepdims=True)
            return np.mean(
                np.sum(centred[:, 0, lag:] * centred[:, 0, :-lag], axis=1) / np.sum(centred[:, 0] ** 2, axis=1)
            )

        expected = np.mean([abs(mean_autocorrelation(X, lag) - mean_autocorrelation(Y, lag)) for lag in (1, 2, 3)])
        assert_allclose(autocorrelation_difference(X, Y, max_lag=3), expected, rtol=1e-9)
        assert autocorrelation_difference(np.full((3, 9), 0.1), np.full((2, 9), 0.3)) == 0

    def test_moments(self):
        rng = np.random.default_rng(0)
        X, Y = rng.exponential(size=(30, 2, 9)), rng.normal(size=(20, 2, 9))
        for function, moment in ((skewness_difference, stats.skew), (kurtosis_difference, stats.kurtosis)):
            expected = np.mean([abs(moment(X[:, c].ravel()) - moment(Y[:, c].ravel())) for c in range(2)])
            assert_allclose(function(X, Y), expected, rtol=1e-9)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert function(np.ones((3, 4)), np.ones((2, 4))) == 0

    def test_errors(self):
        X = np.zeros((4, 2, 9))
        for function in (marginal_distribution_difference, autocorrelation_difference, kurtosis_difference):
            with pytest.raises(ValueError, match=r"X_generated must have the same channels .* Got \(1, 9\)"):
                function(X, X[:, :1])
        with pytest.raises(ValueError, match="'n_bins' parameter"):
            marginal_distribution_difference(X, X, n_bins=0)
        with pytest.raises(ValueError, match=r"'max_lag' parameter .* \[1, 8\]. Got 9"):
            autocorrelation_difference(X, X, max_lag=9)


class TestMemorization:
    def test_definition(self):
        rng = np.random.default_rng(0)
        train, generated, held_out = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)), rng.normal(size=(25, 3))
        nearest = lambda rows: np.sqrt(((rows[:, None] - train) ** 2).sum(axis=2)).min(axis=1).mean()  # noqa: E731
        assert_allclose(memorization_ratio(generated, train, held_out), nearest(generated) / nearest(held_out))

    def test_held_out_series_in_the_train_set(self):
        train = np.arange(4.0)[:, np.newaxis]
        assert memorization_ratio(train, train, train) == 1
        assert memorization_ratio(train + 0.5, train, train) == np.inf


@settings(deadline=None, max_examples=25)
@given(st.integers(7, 30), st.integers(7, 30), st.integers(1, 5), st.integers(0, 1000))
def test_properties_of_two_sets(n_real, n_generated, n_features, seed):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(n_real, n_features)), rng.normal(0.5, 2, size=(n_generated, n_features))
    shuffled = rng.permutation(real), rng.permutation(generated)
    for distance in (kernel_inception_distance, lambda a, b: maximum_mean_discrepancy(a, b, bandwidth=1.0)):
        value = distance(real, generated)
        assert_allclose(distance(*shuffled), value, rtol=1e-8, atol=1e-10)
        assert_allclose(distance(generated, real), value, rtol=1e-8, atol=1e-10)
    scores = precision_recall_density_coverage(real, generated)
    assert precision_recall_density_coverage(*shuffled) == pytest.approx(scores)
    assert precision_recall_density_coverage(generated, real)["precision"] == pytest.approx(scores["recall"])
    assert all(0 <= scores[name] <= 1 for name in ("precision", "recall", "coverage")) and scores["density"] >= 0
    same = precision_recall_density_coverage(real, real)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    for difference in (marginal_distribution_difference, skewness_difference, kurtosis_difference):
        value = difference(real, generated)
        assert value >= 0 and difference(real, real) == 0
        assert_allclose(difference(*shuffled), value, rtol=1e-8, atol=1e-10)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_properties_of_token_distributions(a, b):
    assert 0 <= entropy(a) <= np.log(7) + 1e-12
    assert 1 <= codebook_perplexity(a) + 1e-12 <= 7 + 1e-9
    assert kl_divergence(a, b, smoothing=1) >= 0 == kl_divergence(a, a)
    assert cross_entropy(a, b, smoothing=0.5) >= 0
    n_both = min(len(a), len(b))
    shared = mutual_information(a[:n_both], b[:n_both])
    assert 0 <= shared <= min(entropy(a[:n_both]), entropy(b[:n_both])) + 1e-9
    assert mutual_information(a, a) == pytest.approx(entropy(a), abs=1e-9)
