"""Scores of series of unequal length and of series with gaps: by hand, by every scorer, and in the table."""

import numpy as np
import pytest
from aeon.datasets import load_japanese_vowels
from conftest import small_generator
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktsvq._gaps import pad_cases, stretch
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.metrics import (
    FrechetScorer,
    MultiScorer,
    SeriesFeatures,
    autocorrelation_difference,
    classification_accuracy_score,
    discriminative_score,
    evaluate,
    frechet_distance,
    get_scorer,
    get_scorer_names,
    kurtosis_difference,
    marginal_distribution_difference,
    predictive_score,
    skewness_difference,
)
from sktsvq.metrics._context import ScoringContext, draw
from sktsvq.metrics._layout import check_collection, in_units_of
from sktsvq.metrics._registry import SCORES
from sktsvq.metrics._uneven import gaps_of, with_gaps
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

pytestmark = pytest.mark.filterwarnings(
    "ignore:The Frechet distance of", "ignore:Scores of", "ignore:The classifier is"
)
OF_SERIES = [score.function for score in SCORES.values() if score.needs == "series"]
OF_SERIES += [discriminative_score, predictive_score]
KNN = KNeighborsClassifier(1)


def cut(X, seed, shortest=8):
    lengths = np.random.RandomState(seed).randint(shortest, X.shape[2] + 1, size=len(X))
    return [case[:, :length] for case, length in zip(X, lengths, strict=True)]


@pytest.fixture(scope="module")
def whole():
    return make_waves(n_cases=80, n_channels=2, n_timepoints=24, random_state=0)


@pytest.fixture(scope="module")
def sets(whole):
    """Train and held-out lists with labels."""
    X, y = cut(whole[0], 0), whole[1]
    return (X[:40], y[:40]), (X[40:], y[40:])


@pytest.fixture(scope="module")
def fitted(sets):
    return small_generator().fit(*sets[0])


@pytest.fixture(scope="module")
def gaps(whole):
    X = whole[0].copy()
    X[np.random.RandomState(1).uniform(size=X.shape) < 0.3] = np.nan
    return X


@pytest.fixture(scope="module")
def generator_of_gaps(gaps, whole):
    return small_generator().fit(gaps[:40], whole[1][:40])


@pytest.fixture(scope="module")
def real():
    """Three sets of one distribution, with labels."""
    X, y = make_waves(n_cases=180, n_channels=2, n_timepoints=24, random_state=3)
    return [(X[i::3], y[i::3]) for i in range(3)]


def bridged(X):
    time = np.arange(X.shape[2])
    fill = [[np.interp(time, time[~np.isnan(x)], x[~np.isnan(x)]) for x in case] for case in X]
    return np.array(fill)


class TestFunctions:
    @pytest.mark.parametrize("function", OF_SERIES)
    def test_a_list_of_one_length_is_the_array(self, function, whole):
        X = whole[0]
        assert function(list(X[:40]), list(X[40:])) == function(X[:40], X[40:])

    @pytest.mark.parametrize("function", OF_SERIES)
    def test_gaps_are_bridged_by_straight_lines(self, function, gaps):
        assert_allclose(function(gaps[:40], gaps[40:]), function(bridged(gaps[:40]), bridged(gaps[40:])), rtol=1e-9)

    @pytest.mark.parametrize("function", OF_SERIES)
    def test_gaps_within_lists(self, function, sets):
        X = [case.copy() for case in sets[0][0]]
        X[0][1, 3] = np.nan
        by_hand = [case.copy() for case in sets[0][0]]
        by_hand[0][1, 3] = (by_hand[0][1, 2] + by_hand[0][1, 4]) / 2
        assert_allclose(function(X, sets[1][0]), function(by_hand, sets[1][0]))

    @pytest.mark.parametrize("function", OF_SERIES)
    def test_bad_lists(self, function, sets):
        X, other = sets[0][0], sets[1][0]
        with pytest.raises(ValueError, match="of as many channels each"):
            function([*X, X[0][:1]], other)
        with pytest.raises(ValueError, match="channels and time points as X_real"):
            function(*([case[:1] for case in part] if i else part for i, part in enumerate((X, other))))
        with pytest.raises(ValueError, match=r"known value in each channel .* channel 1 of series 2 with NaN alone"):
            function([*X[:2], np.array([[1.0] * 9, [np.nan] * 9]), *X[2:]], other)

    def test_other_lengths_show(self, whole):
        X = whole[0]
        long, short = cut(X[:40], 0, shortest=20), cut(X[40:, :, :14], 1)
        for function, at_least in ((marginal_distribution_difference, 0.3), (discriminative_score, 0.45)):
            same = function(long, cut(X[40:], 1, shortest=20))
            assert function(long, short) > max(at_least, same + 0.1)

    def test_marginals_of_stretched_series(self, sets):
        def by_hand(X):
            points = np.linspace(0, 1, 24)
            cases = [[np.interp(points, np.linspace(0, 1, x.shape[1]), row) for row in x] for x in X]
            return np.concatenate([cases, [np.full((1, 24), x.shape[1]) for x in X]], axis=1)

        X, other = ([*part[0][:20], whole_case(part)] for part in sets)
        assert_allclose(
            marginal_distribution_difference(X, other), marginal_distribution_difference(*map(by_hand, (X, other)))
        )

    def test_autocorrelation_by_its_definition(self, sets):
        def mean_at(X, lag):
            centred = [x - x.mean(axis=1, keepdims=True) for x in X if x.shape[1] > lag]
            return np.mean([(x[:, lag:] * x[:, :-lag]).sum(axis=1) / (x**2).sum(axis=1) for x in centred], axis=0)

        X, other = sets[0][0], sets[1][0]
        expected = np.mean([np.abs(mean_at(X, lag) - mean_at(other, lag)) for lag in range(1, 21)])
        assert_allclose(autocorrelation_difference(X, other, max_lag=20), expected)
        half = int(np.median([x.shape[1] for x in X])) // 2
        assert autocorrelation_difference(X, other) == autocorrelation_difference(X, other, max_lag=half)
        # No generated series is longer than a lag: it counts as uncorrelated.
        short = [x[:, :8] for x in other]
        assert autocorrelation_difference(X, short, max_lag=20) > autocorrelation_difference(X, other, max_lag=20)

    @pytest.mark.parametrize(
        "function, moment", [(skewness_difference, stats.skew), (kurtosis_difference, stats.kurtosis)]
    )
    def test_moments_of_all_values(self, function, moment, sets):
        values = [moment(np.concatenate(X, axis=1), axis=1) for X, _ in sets]
        assert_allclose(function(*(X for X, _ in sets)), np.abs(values[0] - values[1]).mean())

    @pytest.mark.parametrize("n_values", [1, 3000, 2**30])
    def test_predictions_by_chunks_are_those_of_a_ridge_regression(self, n_values, monkeypatch):
        rng = np.random.RandomState(0)
        real, generated = rng.normal(size=(30, 2, 40)).cumsum(axis=2), 1e4 + rng.normal(size=(50, 2, 40)).cumsum(axis=2)
        uneven = [series[:, : rng.randint(3, 41)] for series in generated]
        monkeypatch.setattr("sktsvq.metrics._model_based._CHUNK_VALUES", n_values)
        for X in (generated, uneven):
            expected = predictive_score(X, real, model=Ridge(), n_lags=8)
            assert predictive_score(X, real, n_lags=8) == pytest.approx(expected, rel=1e-9)

    def test_predictions_within_series(self, sets):
        (X, _), (other, _) = sets
        values = np.concatenate(other, axis=1)
        scaled = [
            [(x - values.mean(axis=1)[:, None]) / values.std(axis=1)[:, None] for x in part] for part in (X, other)
        ]
        rows = [[[(x[:, t - 4 : t].ravel(), x[:, t]) for t in range(4, x.shape[1])] for x in part] for part in scaled]
        model = Ridge().fit(*map(np.array, zip(*sum(rows[0], []), strict=True)))
        errors = [
            np.abs(model.predict([past for past, _ in case]) - [now for _, now in case]).mean() for case in rows[1]
        ]
        assert min(x.shape[1] for x in other) in (8, 9)
        assert_allclose(predictive_score(X, other), np.mean(errors))

    def test_no_series_is_long_enough(self, sets):
        with pytest.raises(ValueError, match="more than n_lags=9 time points. Got at most 8"):
            predictive_score([x[:, :8] for x in sets[0][0]], sets[1][0], n_lags=9)

    def test_classifiers_see_stretched_series(self, sets):
        by_hand = [part for X, y in sets for part in (stretch(pad_cases(X), 24), y)]
        expected = classification_accuracy_score(*by_hand, classifier=KNN)
        assert classification_accuracy_score(*sets[0], *sets[1], classifier=KNN) == expected


def whole_case(part):
    """A series of the full length, so that others are stretched to it."""
    return np.concatenate([part[0][0], part[0][0], part[0][0]], axis=1)[:, :24]


def test_distances_count_lengths(sets):
    (X, _), (other, _) = sets
    checked = [check_collection(part) for part in (X, other)]
    rows = in_units_of(checked[0], *checked)[1].reshape(40, 3, -1)
    lengths = np.array([x.shape[1] for x in X])
    expected = (np.array([x.shape[1] for x in other]) - lengths.mean()) / lengths.std()
    assert_allclose(rows[:, 2], np.repeat(expected[:, None], rows.shape[2], axis=1))


class TestFeatures:
    def test_lists_are_stretched_with_their_length(self, sets):
        X, other = sets[0][0], sets[1][0]
        features = SeriesFeatures().fit(X)
        expected = SeriesFeatures().fit(stretch(pad_cases(X), 24))
        assert_allclose(features.transform(other), expected.transform(stretch(pad_cases(other), 24)))
        assert_allclose(features.transform(pad_cases(other)), features.transform(other))
        assert_allclose(features.mean_[2], np.mean([x.shape[1] for x in X]))

    def test_longer_series_than_in_fit(self, sets):
        features = SeriesFeatures().fit([x[:, :12] for x in sets[0][0]])
        assert features.transform(sets[1][0]).shape == (40, 10)

    def test_gaps(self, gaps):
        features = SeriesFeatures().fit(gaps)
        assert_allclose(
            features.transform(gaps), SeriesFeatures().fit(bridged(gaps)).transform(bridged(gaps)), atol=0.1
        )
        assert_allclose(features.transform(gaps), features.transform(bridged(gaps)))


class TestScorers:
    @pytest.fixture(params=get_scorer_names())
    def scorer(self, request, sets):
        scorer = get_scorer(request.param)
        settings = {"X_train": sets[0][0], "classifier": KNN, "n_samples": 60}
        return scorer.set_params(**{name: settings[name] for name in scorer.get_params() if name in settings})

    def test_take_lists(self, scorer, fitted, sets):
        X, y = sets[1]
        score = scorer(fitted, X, y)
        assert np.isfinite(score)
        # An estimator that was fitted on lists knows NaN behind the end of a series as its end.
        assert_allclose(scorer(fitted, pad_cases(X), y), score)

    def test_take_gaps(self, scorer, generator_of_gaps, gaps, whole):
        scorer = scorer.set_params(**({"X_train": gaps[:40]} if hasattr(scorer, "X_train") else {}))
        assert np.isfinite(scorer(generator_of_gaps, gaps[40:], whole[1][40:]))

    def test_a_fitted_extractor_sees_lists(self, fitted, sets):
        fcn = FCNClassifier(max_epochs=2, random_state=0).fit(*sets[0])
        new = fitted.sample(256, random_state=0)
        expected = frechet_distance(fcn.transform(sets[1][0]), fcn.transform(new))
        assert_allclose(-FrechetScorer(fcn)(fitted, sets[1][0]), expected)

    def test_an_extractor_of_rows_sees_stretched_series(self, fitted, sets):
        rows = make_pipeline(StandardScaler())
        X = [sets[1][0][0], *sets[1][0]]
        held_out = stretch(pad_cases(X), max(x.shape[1] for x in X)).reshape(41, -1)
        new = fitted.sample(256, random_state=0)
        new = stretch(pad_cases(new), max(x.shape[1] for x in X)).reshape(256, -1)
        scaler = StandardScaler().fit(held_out)
        expected = frechet_distance(scaler.transform(held_out), scaler.transform(new))
        assert_allclose(-FrechetScorer(rows)(fitted, X), expected)

    def test_held_out_series_of_one_length(self, fitted, sets):
        X = [x[:, :8] for x in sets[1][0]]
        assert np.isfinite(list(MultiScorer()(fitted, X).values())).all()

    def test_a_tokenizer_of_one_length_refuses(self, whole, sets):
        generator = small_generator().fit(*whole)
        with pytest.raises(ValueError, match="must hold series of 24 time points, the one length seen in fit"):
            get_scorer("codebook_perplexity")(generator, *sets[1])


class Replay:
    """Draws series that are as real as the held-out ones."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def sample(self, n_samples, *, y=None, random_state=None):
        rng = np.random.RandomState(random_state)
        if y is None:
            return [self.X[i] for i in rng.permutation(len(self.X))[:n_samples]]
        return [self.X[rng.choice(np.flatnonzero(self.y == label))] for label in y]


class TestGapsOfSamples:
    def test_samples_get_the_gaps_of_held_out_series(self, gaps, whole):
        X, mask = whole[0], np.isnan(gaps)
        expected = np.where(mask[:40], np.nan, X[40:])
        assert_array_equal(with_gaps(X[40:], gaps_of(gaps[:40])), expected)
        drawn = draw(Replay(X[:40], whole[1][:40]), 5, like=bridged(gaps[40:]), gaps=mask[40:42], random_state=0)
        given = np.array(Replay(X[:40], whole[1][:40]).sample(5, random_state=0))
        assert_allclose(drawn, bridged(np.where(mask[[40, 41, 40, 41, 40]], np.nan, given)))

    def test_of_their_class(self, whole):
        X, y = whole
        gaps = np.zeros(X.shape, dtype=bool)
        gaps[y == 1, :, 4:20] = True
        context = ScoringContext(Replay(X, y), X, y, gaps)
        straight = np.abs(np.diff(context.samples(6, 0, y=[0, 1] * 3), n=2, axis=2))[:, :, 4:18].max(axis=(1, 2))
        assert (straight[1::2] < 1e-9).all() and (straight[::2] > 1e-3).all()

    def test_lists_keep_their_lengths(self, sets):
        gaps = np.ones((40, 2, 24), dtype=bool)
        gaps[:, :, :4] = False
        new = with_gaps(sets[0][0], gaps)
        for case, given in zip(new, sets[0][0], strict=True):
            assert_array_equal(case[:, :4], given[:, :4])
            assert case.shape == given.shape and np.isnan(case[:, 4:]).all()

    def test_a_known_value_stays_in_each_channel(self, whole):
        assert_array_equal(with_gaps(whole[0], np.ones(whole[0].shape, dtype=bool)), whole[0])


class TestEvaluate:
    @pytest.mark.parametrize("form", ["lists", "gaps"])
    def test_real_series_are_as_good_as_real(self, form, real):
        def spoil(X, seed):
            if form == "lists":
                return cut(X, seed)
            return np.where(np.random.RandomState(seed).uniform(size=X.shape) < 0.3, np.nan, X)

        train, test = ((spoil(X, seed), y) for seed, (X, y) in enumerate(real[:2]))
        X, y = real[2]
        replay = Replay(cut(X, 2) if form == "lists" else X, y)
        table = evaluate(replay, *train, *test, classifier=KNN, n_resamples=10)
        assert table.value.notna().all()
        scores = ["frechet_distance", "coverage", "marginal_distribution_difference", "autocorrelation_difference"]
        scores += ["discriminative_score", "predictive_score", "conditional_accuracy"]
        assert table.verdict[scores].isin(["as good as real", "better than real"]).all(), table.verdict[scores]
        assert table.floor["memorization_ratio"] == pytest.approx(table.value["memorization_ratio"], rel=0.15)

    def test_other_lengths_are_worse(self, real):
        train, test = ((cut(X, seed), y) for seed, (X, y) in enumerate(real[:2]))
        replay = Replay(cut(real[2][0][:, :, :12], 2), real[2][1])
        table = evaluate(replay, *train, *test, classifier=KNN, n_resamples=10)
        worse = ["frechet_distance", "coverage", "marginal_distribution_difference", "discriminative_score"]
        assert table.verdict[worse].eq("worse than real").all()

    def test_a_fitted_generator(self, fitted, sets):
        table = evaluate(fitted, *sets[0], *sets[1], classifier=KNN, n_resamples=3)
        assert table.value.notna().all()
        again = evaluate(fitted, sets[0][0], None, pad_cases(sets[1][0]), None, n_resamples=3)
        assert_allclose(again.value["frechet_distance"], table.value["frechet_distance"])


class Shortened:
    """Draws what a generator draws, without the second half."""

    def __init__(self, generator):
        self.generator = generator

    def sample(self, n_samples, **settings):
        return [case[:, : (case.shape[1] + 1) // 2] for case in self.generator.sample(n_samples, **settings)]


@pytest.mark.filterwarnings("ignore")
def test_the_table_of_samples_too_short_to_predict_from(sets):
    """One row says so, the others have their values."""
    (X_train, y_train), (X_test, y_test) = sets
    stumps = Replay([case[:, :3] for case in X_test], y_test)
    table = evaluate(stumps, X_train, None, X_test, None, n_resamples=3)
    assert table.loc["predictive_score", "value"] == np.inf
    assert np.isfinite(table.loc["predictive_score", "floor"])
    assert table.loc["predictive_score", "verdict"] == "undecided: not finite"
    assert np.isfinite(table.loc["memorization_ratio", "value"])


@pytest.mark.slow
def test_japanese_vowels():
    """The table of samples of unequal length: all rows, lengths and classes as real, and what is not is told."""
    train, test = (load_japanese_vowels(split=split) for split in ("train", "test"))
    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(*train)
    table = evaluate(generator, *train, *test)
    print(table.to_string())
    assert table.value.notna().all() and table.floor.notna().all()
    assert table.value["conditional_accuracy"] > 0.9 and table.value["classification_accuracy_score"] > 0.8
    short = Shortened(generator)
    assert evaluate(short, *train, *test, classifier=KNN).verdict["frechet_distance"] == "worse than real"
