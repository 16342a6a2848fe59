"""Scorers fit into scikit-learn's searches, and draw, embed and fit their helpers once."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import small_generator, small_parts
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, ScoringMonitor, with_callbacks
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
    PRDCScorer,
    ProbeScorer,
    SeriesFeatures,
    StatisticScorer,
    get_scorer,
)
from sktsvq.metrics import _sharing as sharing

pytestmark = pytest.mark.filterwarnings("ignore:The Frechet distance of")


class CountingPCA(PCA):
    n_fits = 0

    def fit(self, X, y=None):
        CountingPCA.n_fits += 1
        return super().fit(X, y)

    def fit_transform(self, X, y=None):
        raise NotImplementedError


@pytest.fixture
def counting_pca():
    sharing._helpers.clear()
    CountingPCA.n_fits = 0
    return CountingPCA(3)


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


@pytest.fixture
def counters():
    for shared in (sharing._helpers, sharing._draws, sharing._features):
        shared.clear()
    CountingGenerator.n_draws = CountingFeatures.n_passes = 0
    CountingPCA.n_fits = 0


def test_scorers_share_draws_and_features(train, counters):
    names = ["neg_frechet_distance", "neg_kernel_inception_distance", "precision", "coverage"]
    scoring = {name: get_scorer(name, extractor=CountingFeatures()) for name in names}
    scoring |= {"discriminative": DiscriminativeScorer(), "skewness": StatisticScorer("skewness")}
    generator = CountingGenerator(*small_parts(), random_state=0)
    cross_validate(generator, *train, scoring=scoring, cv=2, error_score="raise")
    assert CountingGenerator.n_draws == 2  # one a fold
    assert CountingFeatures.n_passes == 4  # of the held-out and of the generated series


def test_a_new_fit_is_a_new_draw(train, held_out, counters):
    generator = CountingGenerator(*small_parts(), random_state=0).fit(*train)
    scorer = FrechetScorer(n_samples=40)
    first = scorer(generator, *held_out)
    assert scorer(generator, *held_out) == first and CountingGenerator.n_draws == 1
    assert KIDScorer(n_samples=40, random_state=1)(generator, *held_out) and CountingGenerator.n_draws == 2
    assert scorer(generator.fit(train[0][:20], train[1][:20]), *held_out) != first
    assert CountingGenerator.n_draws == 3


def test_what_cannot_be_pickled_is_not_shared(generator, held_out):
    local = copy.copy(generator)
    local.unpicklable = lambda: None
    assert FrechetScorer(n_samples=40)(local, *held_out) == FrechetScorer(n_samples=40)(generator, *held_out)


def test_metadata_routing(train):
    groups = np.arange(40) % 4
    with config_context(enable_metadata_routing=True):
        cv = GroupKFold(2).set_split_request(groups=True)
        scoring = {"coverage": PRDCScorer(n_samples=40), "cas": CASScorer(KNeighborsClassifier(1), n_samples=40)}
        scores = cross_validate(
            small_generator(), *train, scoring=scoring, cv=cv, params={"groups": groups}, error_score="raise"
        )
    assert len(scores["test_coverage"]) == 2


class MonitoredGenerator(CallbackSupportMixin, VQGenerator):
    @with_callbacks
    def fit(self, X, y=None):
        context = self._init_callback_context().call_on_fit_task_begin(estimator=self, X=X, y=y)
        super().fit(X, y)
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_")}
        context.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=fitted)
        return self


def test_scoring_monitor(train):
    monitor = ScoringMonitor(scoring={"kid": KIDScorer(n_samples=40), "coverage": PRDCScorer(n_samples=40)})
    generator = MonitoredGenerator(*small_parts(), random_state=0).set_callbacks(monitor).fit(*train)
    (logged,) = monitor.get_logs().data
    assert logged["kid"] == pytest.approx(KIDScorer(n_samples=40)(generator, *train))
    assert logged["coverage"] == pytest.approx(PRDCScorer(n_samples=40)(generator, *train))


def test_helper_is_fitted_once_per_fold(train, counting_pca):
    grid = {"prior__n_layers": [1, 2, 3]}
    scoring = {"fid": FrechetScorer(counting_pca, n_samples=40), "again": FrechetScorer(counting_pca, n_samples=20)}
    search = GridSearchCV(small_generator(), grid, scoring=scoring, refit="fid", cv=2, error_score="raise")
    search.fit(*train)
    assert CountingPCA.n_fits == 2
    assert not hasattr(counting_pca, "components_")
    assert np.any(search.cv_results_["mean_test_fid"] != search.cv_results_["mean_test_again"])


def test_helper_is_fitted_once_by_two_threads(generator, held_out, counting_pca):
    scorer = FrechetScorer(counting_pca)
    with ThreadPoolExecutor(2) as pool:
        scores = list(pool.map(lambda _: scorer(generator, *held_out), range(4)))
    assert len(set(scores)) == 1 and CountingPCA.n_fits == 1


def test_what_the_cache_tells_apart(counting_pca, held_out):
    X, y = held_out
    first = sharing.fitted_on(counting_pca, X, y)
    assert sharing.fitted_on(clone(counting_pca), X.copy(), y.copy()) is first
    assert sharing.fitted_on(first, X + 1, y) is first
    for other in ((CountingPCA(2), X, y), (PCA(3), X, y), (counting_pca, X + 1, y), (counting_pca, X, None)):
        assert sharing.fitted_on(*other) is not first
    for offset in range(30):
        sharing.fitted_on(counting_pca, X + offset, y)
    assert len(sharing._helpers) == 16


def test_a_fitted_helper_survives_clones_of_the_search(generator, train, held_out):
    lda = LinearDiscriminantAnalysis().fit(train[0][:, 0], train[1])
    scorer = clone(GridSearchCV(generator, {}, scoring=InceptionScorer(lda))).scoring
    check_is_fitted(scorer.classifier)
    assert scorer(generator, held_out[0]) == InceptionScorer(lda)(generator, held_out[0])


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
