"""Scorers agree with the functions they call, fit into scikit-learn's searches, and fit their helpers once."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
from aeon.transformations.collection.convolution_based import MiniRocket
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, ScoringMonitor, with_callbacks
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import check_is_fitted

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator, sample_series
from sktsvq.metrics import (
    CASScorer,
    CMMDScorer,
    DiscriminativeScorer,
    FrechetScorer,
    InceptionScorer,
    KIDScorer,
    MemorizationScorer,
    PerplexityScorer,
    PRDCScorer,
    PredictiveScorer,
    ProbeScorer,
    SeriesFeatures,
    StatisticScorer,
    TokenInformationScorer,
    autocorrelation_difference,
    classification_accuracy_score,
    codebook_perplexity,
    discriminative_score,
    frechet_distance,
    get_scorer,
    get_scorer_names,
    inception_score,
    kernel_inception_distance,
    maximum_mean_discrepancy,
    memorization_ratio,
    precision_recall_density_coverage,
    predictive_score,
    probe_score,
    token_class_information,
)
from sktsvq.metrics import _sharing as sharing
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

pytestmark = pytest.mark.filterwarnings("ignore:The Frechet distance of")

SMALL_FCN = FCNClassifier(max_epochs=3, random_state=0)
SCORERS = [
    FrechetScorer(SMALL_FCN, n_samples=40),
    InceptionScorer(SMALL_FCN, n_samples=40),
    CASScorer(KNeighborsClassifier(1), n_samples=40),
    ProbeScorer(),
    KIDScorer(n_samples=40),
    CMMDScorer(n_samples=40),
    PRDCScorer("density", n_samples=40),
    FrechetScorer(n_samples=40, extrapolate=True),
    InceptionScorer(SMALL_FCN, n_samples=40, extrapolate=True),
    DiscriminativeScorer(n_samples=40),
    PredictiveScorer(n_samples=40),
    StatisticScorer("kurtosis", n_samples=40),
    MemorizationScorer(np.zeros((3, 1, 32)), n_samples=40),
    TokenInformationScorer(),
]


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


def small_parts():
    prior = MaskGITPrior(width=16, n_layers=1, n_heads=2, n_steps=4, max_epochs=2)
    return VQVAETokenizer(4, width=8, max_epochs=2), prior


def small_generator():
    return VQGenerator(*small_parts(), random_state=0)


@pytest.fixture(scope="module")
def train():
    return make_waves(n_cases=40, n_timepoints=32, random_state=0)


@pytest.fixture(scope="module")
def held_out():
    return make_waves(n_cases=30, n_timepoints=32, random_state=1)


@pytest.fixture(scope="module")
def generator(train):
    return small_generator().fit(*train)


@pytest.fixture(scope="module")
def pipe(train):
    return make_pipeline(*small_parts()).fit(*train)


def rows(X):
    return X.reshape(len(X), -1)


def test_frechet_scorer(generator, train, held_out):
    X, _ = held_out
    pca = PCA(4).fit(rows(train[0]))
    new = sample_series(generator, 256, random_state=0)
    expected = -frechet_distance(pca.transform(rows(X)), pca.transform(rows(new)))
    assert_allclose(FrechetScorer(pca)(generator, X), expected)
    new = sample_series(generator, 50, random_state=3)
    expected = -frechet_distance(pca.transform(rows(X)), pca.transform(rows(new)))
    assert_allclose(FrechetScorer(pca, n_samples=50, random_state=3)(generator, *held_out), expected)


def test_defaults(generator, held_out):
    X, y = held_out
    new = sample_series(generator, 256, random_state=0)
    features = SeriesFeatures().fit(X)
    pair = features.transform(X), features.transform(new)
    # The labels change nothing.
    assert_allclose(FrechetScorer()(generator, X), -frechet_distance(*pair))
    assert_allclose(FrechetScorer()(generator, X, y), -frechet_distance(*pair))
    assert_allclose(KIDScorer()(generator, X), -kernel_inception_distance(*pair))
    assert_allclose(CMMDScorer()(generator, X), -maximum_mean_discrepancy(*pair))
    expected = precision_recall_density_coverage(pair[0], pair[1][: len(X)])
    for name, value in expected.items():
        assert get_scorer(name)(generator, X) == value
    assert_allclose(DiscriminativeScorer()(generator, X), -discriminative_score(X, new))
    assert_allclose(PredictiveScorer()(generator, X), -predictive_score(new, X))
    assert_allclose(StatisticScorer("autocorrelation")(generator, X), -autocorrelation_difference(X, new))
    fcn = SMALL_FCN.__class__(max_epochs=2, random_state=0).fit(X, y)
    expected = inception_score(fcn.predict_proba(new), random_state=0)
    assert_allclose(InceptionScorer(fcn)(generator, X), expected)


def test_memorization_scorer(generator, train, held_out):
    X = held_out[0]
    new = sample_series(generator, 256, random_state=0)
    expected = min(1, memorization_ratio(rows(new), rows(train[0]), rows(X)))
    # Held-out series are taken out of the train set, which they are in where a search is given all.
    for X_train in (train[0], np.concatenate([train[0], X])):
        assert_allclose(MemorizationScorer(X_train)(generator, X), expected)
    for X_train, message in ((None, "give it X_train"), (X, "that are not held out")):
        with pytest.raises(ValueError, match=message):
            MemorizationScorer(X_train)(generator, X)


def test_token_scorers(generator, held_out):
    X, y = held_out
    tokens = generator.tokenizer_.transform(X)
    assert PerplexityScorer()(generator, X) == codebook_perplexity(tokens)
    assert TokenInformationScorer()(generator, X, y) == token_class_information(tokens, y)


def test_scorers_by_name(generator, held_out):
    names = get_scorer_names()
    assert names == sorted(names) and len(names) == 23
    scorers = {name: get_scorer(name) for name in names}
    # Two names never mean the same.
    assert len({repr(scorer) for scorer in scorers.values()}) == len(names)
    for name in ("neg_skewness_difference", "recall", "codebook_perplexity"):
        assert type(scorers[name](generator, *held_out)) is float
    assert get_scorer("coverage", n_neighbors=3).get_params()["n_neighbors"] == 3
    with pytest.raises(ValueError, match=r"'name' parameter of get_scorer must be among \['classification_"):
        get_scorer("fid")


def test_inception_scorer_with_a_fitted_classifier(generator, train, held_out):
    knn = KNeighborsClassifier().fit(rows(train[0]), train[1])
    new = sample_series(generator, 256, random_state=0)
    expected = inception_score(knn.predict_proba(rows(new)), n_splits=4, random_state=0)
    assert_allclose(InceptionScorer(knn, n_splits=4)(generator, held_out[0]), expected)


@pytest.mark.parametrize("n_samples, n_total", [(None, 1000), (12, 12), (1, 2)])
def test_cas_scorer_keeps_class_frequencies(generator, held_out, n_samples, n_total):
    X, y = held_out[0][:12], np.repeat([0, 1], [9, 3])
    labels = np.repeat([0, 1], [n_total * 3 // 4, n_total // 4] if n_total > 2 else [1, 1])
    new = sample_series(generator, len(labels), y=labels, random_state=0)
    knn = KNeighborsClassifier(1)
    expected = classification_accuracy_score(new, labels, X, y, classifier=knn)
    assert CASScorer(knn, n_samples=n_samples)(generator, X, y) == expected
    assert not hasattr(knn, "classes_")


def test_probe_scorer(generator, pipe, held_out):
    X, y = held_out
    score = ProbeScorer("knn")(generator, X, y)
    assert generator.tokenizer_.output == "tokens"
    assert ProbeScorer("knn")(generator.tokenizer_, X, y) == score
    assert 0 <= ProbeScorer("knn")(pipe, X, y) <= 1
    Z = copy.deepcopy(generator.tokenizer_).set_params(output="embedding").transform(X)
    folds = StratifiedKFold(3, shuffle=True, random_state=5).split(Z, y)
    expected = np.mean([probe_score(Z[a], y[a], Z[b], y[b], probe="logistic") for a, b in folds])
    assert_allclose(ProbeScorer("logistic", n_splits=3, random_state=5)(generator, X, y), expected)
    few = np.r_[np.zeros(28, dtype=int), 1, 1]
    assert 0 <= ProbeScorer()(generator, X, few) <= 1


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: type(scorer).__name__)
def test_every_scorer(scorer, generator, pipe, held_out):
    score = scorer(generator, *held_out)
    assert type(score) is float
    # Sums of the same numbers at other places in memory may differ in the last bit.
    for same in (scorer, pickle.loads(pickle.dumps(scorer)), clone(scorer)):
        assert_allclose(same(generator, *held_out), score, rtol=1e-12)
    assert type(scorer(pipe, *held_out)) is float
    assert clone(scorer).set_params(random_state=1).get_params()["random_state"] == 1


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


@pytest.mark.parametrize("extractor", [MiniRocket(84), make_pipeline(MiniRocket(84), StandardScaler())], ids=str)
def test_aeon_extractors(generator, held_out, extractor):
    before = extractor.get_params()
    assert FrechetScorer(extractor)(generator, *held_out) < 0
    assert extractor.get_params() == before
    assert FrechetScorer(clone(extractor).fit(*held_out))(generator, held_out[0]) < 0


def test_stateless_extractor_sees_series(generator, held_out):
    extractor = FunctionTransformer(lambda X: X[:, :, ::8])
    X = held_out[0]
    new = sample_series(generator, 256, random_state=0)
    expected = -frechet_distance(rows(X[:, :, ::8]), rows(new[:, :, ::8]))
    assert_allclose(FrechetScorer(extractor)(generator, X), expected)


def test_aeon_classifier(generator, held_out):
    knn = KNeighborsTimeSeriesClassifier(distance="euclidean")
    assert 1 <= InceptionScorer(knn)(generator, *held_out) <= 2
    assert 0 <= CASScorer(knn, n_samples=20)(generator, *held_out) <= 1
    assert not knn.is_fitted


def test_2d_series(train, held_out):
    generator = small_generator().fit(train[0][:, 0], train[1])
    for scorer in SCORERS:
        if type(scorer) is not MemorizationScorer:
            assert np.isfinite(scorer(generator, held_out[0][:, 0], held_out[1]))


def test_random_state(generator, held_out):
    scorer = FrechetScorer(PCA(2), n_samples=40, random_state=None)
    assert scorer(generator, held_out[0]) != scorer(generator, held_out[0])


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
    lda = LinearDiscriminantAnalysis().fit(rows(train[0]), train[1])
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
    scoring = dict(zip(["fid", "is", "cas", "probe"], SCORERS[:4], strict=True))
    scores = cross_validate(small_generator(), *train, scoring=scoring, cv=2, error_score="raise")
    assert_array_equal(np.shape([scores[f"test_{name}"] for name in scoring]), (4, 2))


@pytest.mark.parametrize(
    "scorer", [InceptionScorer(), CASScorer(), ProbeScorer(), TokenInformationScorer()], ids=lambda s: type(s).__name__
)
def test_labels_are_needed(scorer, generator, held_out):
    with pytest.raises(ValueError, match=f"{type(scorer).__name__} needs the labels of X"):
        scorer(generator, held_out[0])


def test_labels_are_needed_for_an_unfitted_helper(generator, held_out):
    for scorer in (FrechetScorer(FCNClassifier()), InceptionScorer(FCNClassifier())):
        with pytest.raises(ValueError, match="needs labels to fit FCNClassifier on"):
            scorer(generator, held_out[0])


@pytest.mark.parametrize(
    "scorer, message",
    [
        (FrechetScorer(3), "'extractor' parameter of FrechetScorer must be an object implementing 'transform'"),
        (FrechetScorer(n_samples=0), "'n_samples' parameter of FrechetScorer"),
        (InceptionScorer(PCA()), "'classifier' parameter of InceptionScorer"),
        (InceptionScorer(n_splits=0), "'n_splits' parameter of InceptionScorer"),
        (CASScorer(3), "'classifier' parameter of CASScorer"),
        (ProbeScorer("svm"), "'probe' parameter of ProbeScorer"),
        (PRDCScorer("f1"), "'score' parameter of PRDCScorer"),
        (CMMDScorer(bandwidth=0), "'bandwidth' parameter of CMMDScorer"),
        (StatisticScorer("mean"), "'statistic' parameter of StatisticScorer"),
        (FrechetScorer(extrapolate=2), "'extrapolate' parameter of FrechetScorer"),
        (ProbeScorer(n_splits=1), "'n_splits' parameter of ProbeScorer"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_bad_parameters(scorer, message, generator, held_out):
    with pytest.raises(ValueError, match=message):
        scorer(generator, *held_out)


def test_bad_data(generator, held_out):
    X, y = held_out
    with pytest.raises(ValueError, match="X contains NaN"):
        FrechetScorer()(generator, np.full_like(X, np.nan))
    with pytest.raises(ValueError, match="X must be a 3-D array"):
        FrechetScorer()(generator, X[None])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        FrechetScorer()(generator, X, y[:-1])
    with pytest.raises(ValueError, match="at least two classes with at least two cases each"):
        ProbeScorer()(generator, X, np.arange(30))
    with pytest.raises(TypeError, match="ProbeScorer scores a tokenizer.* Got PCA instead"):
        ProbeScorer()(PCA(), X, y)
    with pytest.raises(TypeError, match="'sample'"):
        FrechetScorer()(PCA().fit(rows(X)), X)
    with pytest.raises(ValueError, match="fitted without labels"):
        CASScorer()(small_generator().fit(X), X, y)
