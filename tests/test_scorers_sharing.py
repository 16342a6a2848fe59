"""Scorers fit into scikit-learn's searches; those of a MultiScorer draw, embed and fit their helpers once."""

import warnings

import numpy as np
import pytest
from conftest import small_generator, small_parts
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.callback import ScoringMonitor
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.validation import check_is_fitted

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.metrics import (
    CASScorer,
    DiscriminativeScorer,
    FrechetScorer,
    InceptionScorer,
    KIDScorer,
    MultiScorer,
    PRDCScorer,
    ProbeScorer,
    SeriesFeatures,
    StatisticScorer,
    get_scorer,
)
from sktsvq.metrics._scorers import _features

pytestmark = pytest.mark.filterwarnings("ignore:The Frechet distance of")


class CountingPCA(PCA):
    n_fits = 0

    def fit(self, X, y=None):
        CountingPCA.n_fits += 1
        return super().fit(X, y)

    def fit_transform(self, X, y=None):
        raise NotImplementedError


class CountingGenerator(VQGenerator):
    n_draws = 0

    def sample(self, n_samples=1, *, y=None, random_state=None):
        CountingGenerator.n_draws += 1
        return super().sample(n_samples, y=y, random_state=random_state)


class CountingFeatures(SeriesFeatures):
    n_passes = 0

    def transform(self, X):
        CountingFeatures.n_passes += 1
        return super().transform(X)


class OverwritingExtractor(TransformerMixin, BaseEstimator):
    """Works in place, as extractors that save memory do."""

    def fit(self, X, y=None):
        X *= 0
        return self

    def transform(self, X):
        X -= 100
        return X

    def __sklearn_is_fitted__(self):
        return False


class OverwritingClassifier(KNeighborsClassifier):
    def fit(self, X, y):
        super().fit(X.copy(), y)
        X *= 0
        return self

    def predict_proba(self, X):
        proba = super().predict_proba(X.copy())
        X *= 0
        return proba


@pytest.fixture(autouse=True)
def counters():
    CountingGenerator.n_draws = CountingFeatures.n_passes = CountingPCA.n_fits = 0


def test_scorers_share_draws_and_features(train):
    features = CountingFeatures()
    names = ["neg_frechet_distance", "neg_kernel_inception_distance", "prdc_precision", "prdc_coverage"]
    scorers = {name: get_scorer(name, extractor=features) for name in names}
    scorers |= {"discriminative": DiscriminativeScorer(), "skewness": StatisticScorer("skewness_difference")}
    generator = CountingGenerator(*small_parts(), random_state=0)
    scores = cross_validate(generator, *train, scoring=MultiScorer(scorers), cv=2, error_score="raise")
    assert {f"test_{name}" for name in scorers} < set(scores)
    assert CountingGenerator.n_draws == 2  # one a fold
    assert CountingFeatures.n_passes == 4  # of the held-out and of the generated series


def test_sharing_changes_no_score(generator, held_out):
    scorers = {"kid": KIDScorer(), "coverage": PRDCScorer(), "cas": CASScorer(KNeighborsClassifier(1), n_samples=40)}
    together = MultiScorer(scorers)(generator, *held_out)
    assert together == {name: scorer(generator, *held_out) for name, scorer in scorers.items()}
    by_name = MultiScorer(["neg_kernel_inception_distance", "prdc_coverage"])(generator, *held_out)
    assert list(by_name.values()) == [together["kid"], together["coverage"]]


def test_other_draws_are_not_shared(train, held_out):
    generator = CountingGenerator(*small_parts(), random_state=0).fit(*train)
    scorers = {
        "one": KIDScorer(n_samples=40),
        "same": PRDCScorer(n_samples=40),
        "more": KIDScorer(n_samples=41),
        "other": KIDScorer(n_samples=40, random_state=1),
    }
    scores = MultiScorer(scorers)(generator, *held_out)
    assert CountingGenerator.n_draws == 3
    assert len({scores["one"], scores["more"], scores["other"]}) == 3


def test_nothing_is_kept_between_calls(train, held_out):
    generator = CountingGenerator(*small_parts(), random_state=0).fit(*train)
    scorer = MultiScorer({"kid": KIDScorer(n_samples=40)})
    first = scorer(generator, *held_out)
    assert scorer(generator, *held_out) == first and CountingGenerator.n_draws == 2
    assert scorer(generator.fit(train[0][:20], train[1][:20]), *held_out) != first


def test_unseeded_draws_of_one_call_are_one(train, held_out):
    generator = CountingGenerator(*small_parts(), random_state=0).fit(*train)
    scorer = MultiScorer({"a": KIDScorer(random_state=None), "b": KIDScorer(random_state=None)})
    first = scorer(generator, *held_out)
    assert first["a"] == first["b"] != scorer(generator, *held_out)["a"]


@pytest.mark.parametrize("as_dict", [False, True], ids=["MultiScorer", "dict"])
def test_helpers_that_work_in_place_change_nothing(generator, held_out, as_dict):
    before = held_out[0].copy()
    spoiling = {
        "fid": FrechetScorer(OverwritingExtractor()),
        "is": InceptionScorer(OverwritingClassifier()),
        "cas": CASScorer(OverwritingClassifier(), n_samples=40),
    }
    clean = {"kid": KIDScorer(), "skewness": StatisticScorer("skewness_difference")}
    expected = {name: scorer(generator, *held_out) for name, scorer in clean.items()}
    both = spoiling | clean
    if as_dict:
        scores = {name: scorer(generator, *held_out) for name, scorer in both.items()}
    else:
        scores = MultiScorer(both)(generator, *held_out)
    assert {name: scores[name] for name in clean} == expected
    assert_array_equal(held_out[0], before)


def test_small_samples_are_warned_of_once_in_a_search(train):
    _features._warn_once.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grid = {"prior__n_layers": [1, 2]}
        GridSearchCV(small_generator(), grid, scoring=FrechetScorer(n_samples=40), cv=2).fit(train[0])
    assert sum("Frechet distance" in str(warning.message) for warning in caught) == 1


@pytest.mark.parametrize(
    "scorers, error, message",
    [
        (["fid"], ValueError, "'name' parameter of get_scorer must be among"),
        ({"fid": frozenset}, TypeError, "to names or scorers of sktsvq.metrics. Got <class 'frozenset'>"),
        ({"fid": FrechetScorer(n_samples=0)}, ValueError, "'n_samples' parameter of FrechetScorer"),
        (3, ValueError, "'scorers' parameter of MultiScorer"),
    ],
    ids=str,
)
def test_bad_scorers(scorers, error, message, generator, held_out):
    with pytest.raises(error, match=message):
        MultiScorer(scorers)(generator, *held_out)


def test_metadata_routing(train):
    groups = np.arange(40) % 4
    with config_context(enable_metadata_routing=True):
        cv = GroupKFold(2).set_split_request(groups=True)
        scoring = {"coverage": PRDCScorer(n_samples=40), "cas": CASScorer(KNeighborsClassifier(1), n_samples=40)}
        scores = cross_validate(
            small_generator(), *train, scoring=scoring, cv=cv, params={"groups": groups}, error_score="raise"
        )
    assert len(scores["test_coverage"]) == 2


def test_scoring_monitor(train):
    scoring = {"kid": KIDScorer(n_samples=40), "coverage": PRDCScorer(n_samples=40)}
    monitor = ScoringMonitor(scoring=scoring)
    generator = small_generator().set_callbacks(monitor).fit(*train)
    logged = monitor.get_logs().data[-1]
    for name, scorer in scoring.items():
        assert logged[name] == pytest.approx(scorer(generator, *train))


def test_helper_is_fitted_once_per_call(train):
    grid = {"prior__n_layers": [1, 2]}
    pca = CountingPCA(3)
    scorer = MultiScorer({"fid": FrechetScorer(pca, n_samples=40), "again": FrechetScorer(pca, n_samples=20)})
    search = GridSearchCV(small_generator(), grid, scoring=scorer, refit="fid", cv=2, error_score="raise")
    search.fit(*train)
    assert CountingPCA.n_fits == 4  # two candidates, two folds
    assert not hasattr(pca, "components_")
    assert np.any(search.cv_results_["mean_test_fid"] != search.cv_results_["mean_test_again"])


def test_a_fitted_helper_survives_clones_of_the_search(generator, train, held_out):
    lda = LinearDiscriminantAnalysis().fit(train[0][:, 0], train[1])
    expected = InceptionScorer(lda)(generator, held_out[0])
    scorer = clone(GridSearchCV(generator, {}, scoring=InceptionScorer(lda))).scoring
    check_is_fitted(scorer.classifier)
    assert scorer(generator, held_out[0]) == expected
    several = clone(GridSearchCV(generator, {}, scoring=MultiScorer({"is": InceptionScorer(lda)}))).scoring
    assert several(generator, held_out[0]) == {"is": expected}


def test_search_without_labels_in_processes(train):
    search = GridSearchCV(
        small_generator(), {"prior__n_layers": [1, 2]}, scoring=FrechetScorer(), cv=2, n_jobs=2, error_score="raise"
    )
    search.fit(train[0])
    assert np.all(search.cv_results_["mean_test_score"] < 0)
    best = np.argmax(search.cv_results_["mean_test_score"])
    assert search.best_params_ == search.cv_results_["params"][best]


def test_many_scores_at_once(train):
    fcn = FCNClassifier(max_epochs=3, random_state=0)
    scoring = {
        "fid": FrechetScorer(fcn, n_samples=40),
        "is": InceptionScorer(fcn, n_samples=40),
        "cas": CASScorer(KNeighborsClassifier(1), n_samples=40),
        "probe": ProbeScorer(),
    }
    scores = cross_validate(small_generator(), *train, scoring=scoring, cv=2, error_score="raise")
    assert_array_equal(np.shape([scores[f"test_{name}"] for name in scoring]), (4, 2))
