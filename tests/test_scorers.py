"""Scorers agree with the functions they call, and say what is wrong with what they are given."""

import copy
import pickle

import numpy as np
import pytest
from aeon.classification.feature_based import SummaryClassifier
from aeon.transformations.collection.convolution_based import MiniRocket
from aeon.transformations.collection.feature_based import SevenNumberSummary
from conftest import small_generator, small_parts
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import sample_series
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
    StatisticScorer("kurtosis_difference", n_samples=40),
    MemorizationScorer(np.zeros((3, 1, 32)), n_samples=40),
    TokenInformationScorer(),
]


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
        assert get_scorer(f"prdc_{name}")(generator, X) == value
    assert_allclose(DiscriminativeScorer()(generator, X), -discriminative_score(X, new))
    assert_allclose(PredictiveScorer()(generator, X), -predictive_score(new, X))
    assert_allclose(StatisticScorer("autocorrelation_difference")(generator, X), -autocorrelation_difference(X, new))
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


class Doubled(TransformerMixin, BaseEstimator):
    """A step that transforms series, and is not the identity."""

    def fit(self, X, y=None):
        self.n_channels_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2 * X

    def inverse_transform(self, X):
        return X / 2


@pytest.mark.parametrize("scorer", [PerplexityScorer(), ProbeScorer("knn"), TokenInformationScorer()], ids=str)
def test_token_scorers_take_what_series_scorers_take(scorer, train, held_out):
    X, y = held_out
    generator = small_generator().set_params(add_noise=False).fit(*train)
    parts = generator.tokenizer_, generator.prior_
    for same in (make_pipeline(generator), make_pipeline("passthrough", generator), make_pipeline(*parts)):
        assert scorer(same, X, y) == scorer(generator, X, y)
        assert FrechetScorer()(same, X) == FrechetScorer()(generator, X)
    doubled = Doubled().fit(train[0])
    for behind in (make_pipeline(doubled, generator), make_pipeline(doubled, *parts)):
        assert scorer(behind, X, y) == scorer(generator, 2 * X, y) != scorer(generator, X, y)
        assert FrechetScorer()(behind, X) < 0
    foreign = make_pipeline(doubled, generator.prior_)
    with pytest.raises(TypeError, match="scores a tokenizer, a generator, or a Pipeline with one.* Got Pipeline"):
        scorer(foreign, X, y)


def test_scorers_by_name(generator, held_out):
    names = get_scorer_names()
    assert names == sorted(names) and len(names) == 23
    scorers = {name: get_scorer(name) for name in names}
    # Two names never mean the same.
    assert len({repr(scorer) for scorer in scorers.values()}) == len(names)
    for name in ("neg_skewness_difference", "prdc_recall", "codebook_perplexity"):
        assert type(scorers[name](generator, *held_out)) is float
    assert get_scorer("prdc_coverage", n_neighbors=3).get_params()["n_neighbors"] == 3
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


SLOW_TO_COMPILE = pytest.param(make_pipeline(MiniRocket(84), StandardScaler()), marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "extractor",
    [SevenNumberSummary(), make_pipeline(SevenNumberSummary(), StandardScaler()), SLOW_TO_COMPILE],
    ids=str,
)
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
    classifier = SummaryClassifier(estimator=DecisionTreeClassifier(), random_state=0)
    assert 1 <= InceptionScorer(classifier)(generator, *held_out) <= 2
    assert 0 <= CASScorer(classifier, n_samples=20)(generator, *held_out) <= 1
    assert not classifier.is_fitted


def test_2d_series(train, held_out):
    generator = small_generator().fit(train[0][:, 0], train[1])
    for scorer in SCORERS:
        if type(scorer) is not MemorizationScorer:
            assert np.isfinite(scorer(generator, held_out[0][:, 0], held_out[1]))


def test_random_state(generator, held_out):
    scorer = FrechetScorer(PCA(2), n_samples=40, random_state=None)
    assert scorer(generator, held_out[0]) != scorer(generator, held_out[0])


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
    with pytest.raises(ValueError, match="X must hold a known value in each channel"):
        FrechetScorer()(generator, np.full_like(X, np.nan))
    with pytest.raises(ValueError, match="X must be a 3-D array"):
        FrechetScorer()(generator, X[None])
    with pytest.raises(ValueError, match="one label for each of the"):
        FrechetScorer()(generator, X, y[:-1])
    with pytest.raises(ValueError, match="at least two classes with at least two cases each"):
        ProbeScorer()(generator, X, np.arange(30))
    with pytest.raises(TypeError, match="ProbeScorer scores a tokenizer.* Got PCA instead"):
        ProbeScorer()(PCA(), X, y)
    with pytest.raises(TypeError, match="'sample'"):
        FrechetScorer()(PCA().fit(rows(X)), X)
    with pytest.raises(ValueError, match="fitted without labels"):
        CASScorer()(small_generator().fit(X), X, y)
