"""The table of scores, intervals, and what scores see of spoilt real series."""

import warnings

import numpy as np
import pytest
from conftest import small_generator
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from sktsvq.benchmark.verdicts import wrong_verdicts
from sktsvq.datasets import load_ucr, make_waves
from sktsvq.metrics import (
    SeriesFeatures,
    autocorrelation_difference,
    classification_accuracy_score,
    discriminative_score,
    evaluate,
    frechet_distance,
    inception_score,
    kernel_inception_distance,
    kurtosis_difference,
    marginal_distribution_difference,
    maximum_mean_discrepancy,
    memorization_ratio,
    precision_recall_density_coverage,
    predictive_score,
    score_interval,
    skewness_difference,
)

LABELLED = ["inception_score", "classification_accuracy_score", "conditional_accuracy"]


@pytest.fixture(scope="module")
def italy():
    """ItalyPowerDemand in random thirds: train, held-out and drawn series with labels."""
    X, y = load_ucr("ItalyPowerDemand")
    parts = np.split(np.random.RandomState(0).permutation(len(X))[:1080], 3)
    return [(X[part], y[part]) for part in parts]


def rows(X):
    return X.reshape(len(X), -1)


class TestSensitivity:
    """Each score gets worse at every step in which real series are spoilt, if that is what it is about."""

    def score(self, italy, X, y):
        (X_train, y_train), (X_held_out, y_held_out), _ = italy
        features = SeriesFeatures().fit(X_train)
        pair = features.transform(X_held_out), features.transform(X)
        classifier = make_pipeline(SeriesFeatures(20), LogisticRegression())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            distances = {
                "fid": frechet_distance(*pair),
                "kid": kernel_inception_distance(*pair),
                "mmd": maximum_mean_discrepancy(*pair),
            }
        higher = precision_recall_density_coverage(*pair)
        higher["memory"] = memorization_ratio(rows(X), rows(X_train), rows(X_held_out))
        proba = classifier.fit(X_train, y_train).predict_proba(X)
        higher["is"] = inception_score(proba, n_splits=1)
        if len(set(y)) > 1:
            higher["cas"] = classification_accuracy_score(X, y, X_held_out, y_held_out, classifier=classifier)
        return distances | {
            "discriminative": discriminative_score(X_held_out, X),
            "predictive": predictive_score(X, X_held_out),
            "marginal": marginal_distribution_difference(X_held_out, X),
            "autocorrelation": autocorrelation_difference(X_held_out, X),
            "skewness": skewness_difference(X_held_out, X),
            "kurtosis": kurtosis_difference(X_held_out, X),
            **{name: -value for name, value in higher.items()},
        }

    def check(self, italy, spoilt, seeing):
        scores = [self.score(italy, X, y) for X, y in spoilt]
        for name in seeing.split():
            values = [score[name] for score in scores]
            assert np.all(np.diff(values) > 0), f"{name}: {values}"
        return scores

    def test_noise(self, italy):
        X, y = italy[2]
        noise = X.std() * np.random.RandomState(0).normal(size=X.shape)
        spoilt = [(X + amount * noise, y) for amount in (0, 0.2, 0.4, 0.8)]
        self.check(
            italy,
            spoilt,
            "fid kid mmd precision recall density coverage cas discriminative predictive marginal autocorrelation",
        )

    def test_a_class_that_goes_missing(self, italy):
        X, y = italy[2]
        rng = np.random.RandomState(0)
        first, second = (np.flatnonzero(y == label) for label in np.unique(y))
        spoilt = []
        for share in (0.5, 0.8, 1.0):
            n_first = round(share * len(y))
            chosen = np.r_[rng.choice(first, n_first), rng.choice(second, len(y) - n_first)]
            spoilt.append((X[chosen], y[chosen]))
        self.check(italy, spoilt, "fid kid mmd coverage is discriminative marginal")

    def test_collapse_to_few_series(self, italy):
        X, y = italy[2]
        spoilt = [(X[np.arange(len(X)) % n_kept], y[np.arange(len(X)) % n_kept]) for n_kept in (len(X), 30, 8, 2)]
        self.check(italy, spoilt, "fid kid mmd coverage discriminative marginal")

    def test_copies_of_the_train_set(self, italy):
        (X_train, y_train), _, (X, y) = italy
        n_copies = [0, len(X) // 3, 2 * len(X) // 3, len(X)]
        spoilt = [(np.r_[X_train[:n], X[n:]], np.r_[y_train[:n], y[n:]]) for n in n_copies]
        scores = self.check(italy, spoilt, "memory")
        assert abs(scores[0]["memory"] + 1) < 0.15 and scores[-1]["memory"] == pytest.approx(0, abs=1e-6)
        # A copy of the train set is as good as fresh series for the Frechet distance.
        assert scores[-1]["fid"] < 1.5 * scores[0]["fid"] < self.score(italy, X[np.arange(len(X)) % 30], y)["fid"]


class TestFewSeries:
    def halves(self, italy, n_rows, seed):
        X = np.concatenate([X for X, _ in italy[1:]])
        Z = SeriesFeatures().fit(italy[0][0]).transform(X)
        order = np.random.RandomState(seed).permutation(len(Z))
        return Z[order[:n_rows]], Z[order[n_rows : 2 * n_rows]]

    def test_frechet_distance_of_50_warns_and_its_interval_has_the_floor(self, italy):
        with pytest.warns(UserWarning, match="50 real and 50 generated rows means little.*kernel_inception_distance"):
            frechet_distance(*self.halves(italy, 50, 0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            floor = np.mean([frechet_distance(*self.halves(italy, 50, seed)) for seed in range(100)])
            intervals = [
                score_interval(frechet_distance, *self.halves(italy, 50, seed), n_resamples=40, random_state=0)
                for seed in range(20)
            ]
        assert np.mean([low <= floor <= high for _, low, high in intervals]) >= 0.9

    def test_the_floor_in_the_warning_is_right(self, italy):
        with pytest.warns(UserWarning) as caught:
            values = [frechet_distance(*self.halves(italy, 60, seed)) for seed in range(40)]
        named = [float(str(w.message).split("have about ")[1].split(". ")[0]) for w in caught]
        assert np.mean(named) == pytest.approx(np.mean(values), rel=0.3)

    def test_enough_rows_do_not_warn(self, italy):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frechet_distance(*self.halves(italy, 360, 0))

    def test_kernel_distance_does_not_drift(self):
        X, _ = make_waves(n_cases=4200, n_timepoints=32, random_state=0)
        Z = SeriesFeatures().fit(X[:200]).transform(X[200:])
        rng = np.random.RandomState(0)
        means, errors, floors = [], [], []
        for n_rows, n_repeats in ((50, 100), (200, 40), (2000, 3)):
            orders = [rng.permutation(len(Z)) for _ in range(n_repeats)]
            halves = [(Z[order[:n_rows]], Z[order[n_rows : 2 * n_rows]]) for order in orders]
            values = [kernel_inception_distance(*pair) for pair in halves]
            means.append(np.mean(values))
            errors.append(np.std(values) / np.sqrt(n_repeats))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                floors.append(np.mean([frechet_distance(*pair) for pair in halves[:20]]))
        assert abs(means[0] - means[2]) < 3 * np.hypot(errors[0], errors[2])
        assert abs(means[1] - means[2]) < 3 * np.hypot(errors[1], errors[2])
        assert floors[0] > 20 * floors[2]


class TestInterval:
    def test_covers_a_mean(self):
        rng = np.random.RandomState(0)
        samples = rng.exponential(size=(150, 60))
        intervals = [score_interval(np.mean, sample, n_resamples=60, random_state=rng) for sample in samples]
        covered = np.mean([low <= 1 <= high for _, low, high in intervals])
        assert 0.85 <= covered <= 1
        assert intervals[0].value == pytest.approx(samples[0].mean())

    def test_rows_stay_together_and_state_determines(self):
        X, y = np.arange(30.0)[:, np.newaxis], np.arange(30)
        together = lambda part: float(np.all(part[0][:, 0] == part[1]))  # noqa: E731
        assert score_interval(together, (X, y)) == (1, 1, 1)
        assert score_interval(np.mean, y, random_state=0) == score_interval(np.mean, y, random_state=0)
        assert score_interval(np.mean, y, random_state=None) != score_interval(np.mean, y, random_state=None)

    def test_errors(self):
        with pytest.raises(ValueError, match="'n_resamples' parameter"):
            score_interval(np.mean, [1, 2], n_resamples=1)
        with pytest.raises(ValueError, match="'confidence_level' parameter"):
            score_interval(np.mean, [1, 2], confidence_level=95)
        with pytest.raises(ValueError, match="minimum of 2"):
            score_interval(np.mean, [1])
        with pytest.raises(ValueError, match="At least one sample"):
            score_interval(np.mean)


@pytest.fixture(scope="module")
def generator(italy):
    X, y = italy[0]
    return small_generator().fit(X[:100], y[:100])


class TestEvaluate:
    def test_table(self, generator, italy, unmoved_random_state):
        train, test = [(X[:100], y[:100]) for X, y in italy[:2]]
        arguments = {"classifier": KNeighborsClassifier(3), "n_resamples": 10}
        table = evaluate(generator, *train, *test, **arguments)
        assert list(table.columns) == ["value", "low", "high", "floor", "ideal", "direction", "verdict"]
        assert len(table) == 17 and table.index.name == "score"
        assert np.all((table.low <= table.value) & (table.value <= table.high)) and table.floor.notna().all()
        # Two epochs make no good generator.
        assert table.verdict[["frechet_distance", "coverage", "discriminative_score"]].eq("worse than real").all()
        assert table.floor["memorization_ratio"] == pytest.approx(1, abs=0.2)
        # Classifiers of the floor see quarters of the train set.
        knn, parts = KNeighborsClassifier(3), [np.arange(start, 100, 4) for start in range(4)]
        accuracies = [knn.fit(rows(train[0][part]), train[1][part]).score(rows(test[0]), test[1]) for part in parts]
        assert table.floor["classification_accuracy_score"] == pytest.approx(np.mean(accuracies), abs=0.05)
        again = evaluate(generator, *train, *test, **arguments)
        assert_allclose(again.value, table.value, rtol=1e-9)

    def test_without_labels(self, generator, italy):
        X_train, X_test = italy[0][0][:100], italy[1][0][:100]
        table = evaluate(generator, X_train, None, X_test, None, n_resamples=5)
        skipped = table.verdict == "skipped: needs labels"
        assert table.index[skipped].tolist() == LABELLED
        assert table.value[~skipped].notna().all() and table.value[skipped].isna().all()

    def test_2d_series_and_an_odd_number(self, italy):
        X = italy[0][0][:61, 0]
        generator = small_generator().fit(X)
        table = evaluate(generator, X, None, italy[1][0][:61, 0], None, n_resamples=3)
        assert table.value.notna().sum() == 14

    def test_few_series(self, generator, italy):
        X = italy[1][0]
        with pytest.warns(UserWarning, match="Scores of 20 held-out series are coarse"):
            evaluate(generator, X[100:], None, X[:20], None, n_resamples=3)
        with pytest.raises(ValueError, match="at least 12 held-out series. Got 11"):
            evaluate(generator, X[100:], None, X[:11], None)

    def test_held_out_series_that_are_in_the_train_set_are_told(self, generator, italy):
        X = italy[0][0][:40]
        with pytest.warns(UserWarning, match="40 of 40 held-out series are in the train set") as caught:
            table = evaluate(generator, X, None, X, None, n_resamples=3)
        assert caught[-1].filename == __file__
        assert table.verdict["memorization_ratio"] == "undecided: not finite"
        with pytest.warns(UserWarning, match="3 of 40 held-out series are in the train set"):
            evaluate(generator, X, None, np.concatenate([X[:3], italy[1][0][:37]]), None, n_resamples=3)

    def test_a_poor_judge_is_told(self, generator, italy):
        (X, y), (X_test, y_test), _ = italy
        classifier = make_pipeline(SeriesFeatures(20), LogisticRegression())
        scrambled = np.random.RandomState(0).permutation(y)
        with pytest.warns(UserWarning, match="The classifier is no good judge: .* it recognises [345]") as caught:
            evaluate(generator, X, scrambled, X_test, y_test, classifier=classifier, n_resamples=3)
        assert caught[-1].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            evaluate(generator, X, y, X_test, y_test, classifier=classifier, n_resamples=3)

    def test_errors(self, generator, italy):
        (X, y), (X_test, y_test), _ = italy
        with pytest.raises(ValueError, match="both be labels or both be None"):
            evaluate(generator, X, y, X_test, None)
        with pytest.raises(ValueError, match="'confidence_level' parameter of evaluate must be a float"):
            evaluate(generator, X, y, X_test, y_test, confidence_level=2)
        with pytest.raises(ValueError, match="X_test must have the same channels"):
            evaluate(generator, X, y, X_test[:, :, :5], y_test)


@pytest.mark.slow
@pytest.mark.parametrize("n_cases", [40, 100, 200])
def test_perfect_generators_are_as_good_as_real(n_cases):
    wrong = wrong_verdicts(n_cases, 100, make_pipeline(SeriesFeatures(20), LogisticRegression()))
    assert max(wrong.values(), default=0) <= 10, wrong


class TestTrained:
    def test_discriminative_score(self):
        X, _ = make_waves(n_cases=200, n_channels=2, n_timepoints=24, random_state=0)
        assert discriminative_score(X[:100], X[100:]) < 0.15
        assert discriminative_score(X[:100], 3 * X[100:]) > 0.3
        assert discriminative_score(X[:100], X[100:] + 9, classifier=KNeighborsClassifier(1)) == 0.5
        # The larger set is cut.
        assert discriminative_score(X[:150], X[150:] + 9, classifier=KNeighborsClassifier(1)) == 0.5
        with pytest.raises(ValueError, match="at least 5 real .* Got 4 and 9"):
            discriminative_score(X[:4], X[:9])

    def test_predictive_score(self):
        time = np.arange(40)
        phases = np.random.RandomState(0).uniform(0, 6, size=(30, 2, 1))
        X = 5 * np.sin(time / 3 + phases)
        assert predictive_score(X[:15], X[15:]) < 0.01
        noise = np.random.RandomState(1).normal(size=X.shape)
        # Nothing is learnt from noise; what is left is the mean absolute value of a sine, in its standard deviations.
        assert predictive_score(noise, X) == pytest.approx(2 / np.pi * np.sqrt(2), abs=0.15)
        assert_allclose(predictive_score(7 * X[:15], 7 * X[15:]), predictive_score(X[:15], X[15:]))
        assert predictive_score(X[:15, 0], X[15:, 0], model=KNeighborsRegressor(1), n_lags=3) < 0.2
        with pytest.raises(ValueError, match=r"'n_lags' parameter .* \[1, 39\]. Got 40"):
            predictive_score(X, X, n_lags=40)

    def test_accuracy_details(self):
        X, y = make_waves(n_cases=60, n_timepoints=16, random_state=0)
        knn, parts = KNeighborsClassifier(1), (X[:20], 0 * y[:20], X[20:], y[20:])
        details = classification_accuracy_score(*parts, classifier=knn, return_details=True)
        assert details.accuracy == np.mean(y[20:] == 0) and details.train_on_real is None
        assert details.accuracy_per_class == {0: 1.0, 1: 0.0}
        real = {"X_train": X[:20], "y_train": y[:20]}
        details = classification_accuracy_score(*parts, classifier=knn, return_details=True, **real)
        expected = classification_accuracy_score(X[:20], y[:20], *parts[2:], classifier=knn)
        assert details.train_on_real == expected and set(details.train_on_real_per_class) == {0, 1}
        with pytest.raises(ValueError, match="goes with y_train and return_details"):
            classification_accuracy_score(*parts, **real)


class TestSeriesFeatures:
    @pytest.mark.parametrize("shape", [(6, 1, 1), (6, 3, 2), (40, 1, 5), (30, 2, 300)], ids=str)
    def test_any_size(self, shape):
        X = np.random.default_rng(0).normal(size=shape)
        Z = SeriesFeatures().fit_transform(X)
        assert len(Z) == len(X) and np.isfinite(Z).all() and Z.shape[1] <= 10
        assert SeriesFeatures().fit_transform(X.astype(np.float32)).dtype == np.float32

    def test_scale_and_level_of_the_data_change_nothing(self):
        X, _ = make_waves(n_cases=40, n_channels=2, random_state=0)
        assert_allclose(SeriesFeatures().fit_transform(9 * X + 3), SeriesFeatures().fit_transform(X), atol=1e-8)

    def test_a_value_that_never_varies_is_not_blown_up(self):
        X, _ = make_waves(n_cases=60, n_timepoints=20, random_state=0)
        X[:, :, 0] = 0
        spoilt = X.copy()
        spoilt[:, :, 0] = 0.01
        features = SeriesFeatures().fit(X)
        assert np.abs(features.transform(spoilt) - features.transform(X)).max() < 0.1
