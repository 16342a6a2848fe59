"""VQGenerator and sample_series, and the lines of code that the package promises."""

import pickle

import joblib
import numpy as np
import pytest
from aeon.datasets import load_gunpoint
from conftest import PRIORS, TOKENIZERS
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktsvq._two_stages import clone_parts
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator, sample_series
from sktsvq.metrics import CASScorer, FrechetScorer
from sktsvq.priors import MarkovPrior, MaskGITPrior, WaveNetPrior
from sktsvq.tokenizers import VQVAETokenizer


@pytest.fixture
def generator():
    return VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[0]), random_state=0)


def test_samples_have_the_shape_of_the_series(generator, waves, unmoved_random_state):
    X, y = waves
    fitted = clone(generator).fit(X, y)
    assert fitted.sample(5).shape == (5, 2, 21)
    assert fitted.sample(2, y=["a", "c"]).shape == (2, 2, 21)
    assert clone(generator).fit(X[:, 0]).sample(3).shape == (3, 21)
    assert clone(generator).fit(X.astype("f4")).sample(3).dtype == np.float32
    assert list(fitted.classes_) == ["a", "b", "c"]
    assert clone(generator).fit(X).classes_ is None


def test_one_seed_determines_fit_and_samples(generator, waves):
    X, y = waves
    for part in ("tokenizer", "prior"):
        generator.set_params(**{f"{part}__random_state": None})
    first, again = (clone(generator).fit(X, y).sample(6, random_state=0) for _ in range(2))
    assert_array_equal(first, again)
    other = clone(generator).set_params(random_state=1).fit(X, y).sample(6, random_state=0)
    assert not np.array_equal(first, other)
    loose = clone(generator).set_params(random_state=None)
    assert not np.array_equal(
        loose.fit(X, y).sample(6, random_state=0), clone(loose).fit(X, y).sample(6, random_state=0)
    )


def test_parts_are_cloned(generator, waves):
    fitted = clone(generator).fit(*waves)
    assert not hasattr(fitted.tokenizer, "net_")
    assert not hasattr(fitted.prior, "net_")


def test_pickle(generator, waves):
    fitted = generator.fit(*waves)
    copied = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copied.sample(4, random_state=0), fitted.sample(4, random_state=0))


def test_score_samples(generator, waves):
    X, y = waves
    fitted = generator.fit(X, y)
    tokens = fitted.tokenizer_.transform(X)
    assert_array_equal(fitted.score_samples(X, y), fitted.prior_.score_samples(tokens, y))


def test_memory_trains_the_tokenizer_once(generator, waves, tmp_path):
    X, y = waves
    memory = joblib.Memory(tmp_path, verbose=0)
    generator.set_params(memory=memory)
    first = clone(generator).fit(X, y)
    second = clone(generator).set_params(prior__n_layers=2).fit(X, y)
    # The seconds of the epochs are those of the one training that took place.
    assert first.tokenizer_.history_ == second.tokenizer_.history_
    changed = clone(generator).set_params(tokenizer__beta=0.5).fit(X, y)
    assert changed.tokenizer_.history_ != first.tokenizer_.history_


def test_a_tokenizer_that_gives_embeddings_still_generates(generator, waves):
    generator.set_params(tokenizer__output="embedding")
    assert generator.fit(*waves).sample(2).shape == (2, 2, 21)


def test_mistakes_come_to_light_before_any_training(generator, waves):
    X, y = waves

    def fit(**params):
        return clone(generator).set_params(tokenizer__max_epochs=10**6, **params).fit

    with pytest.raises(ValueError, match="'dropout' parameter of MaskGITPrior"):
        fit(prior__dropout=2.0)(X, y)
    with pytest.raises(ValueError, match="must hold one label for each of the"):
        fit()(X, y[:-1])
    with pytest.raises(ValueError, match="'tokenizer' parameter of VQGenerator"):
        VQGenerator(SVC(), PRIORS[0]).fit(X, y)
    with pytest.raises(ValueError, match="'prior' parameter of VQGenerator"):
        VQGenerator(TOKENIZERS[0], SVC()).fit(X, y)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        generator.sample()


@pytest.mark.parametrize(
    "prior, message",
    [
        (
            MaskGITPrior(codebook_size=4),
            "'codebook_size' parameter of MaskGITPrior .* that of the vocabulary, 8. Got 4",
        ),
        (MarkovPrior(codebook_size=9), "'codebook_size' parameter of MarkovPrior .* that of the vocabulary, 8. Got 9"),
        (MarkovPrior(max_order=40), "'max_order' parameter of MarkovPrior must be so small"),
        (WaveNetPrior(early_stopping=True, validation_fraction=0.98), "'validation_fraction' .* leaves 1 of 30"),
        (MaskGITPrior(device="abacus"), "'device' parameter .* Got 'abacus'"),
        (MaskGITPrior(net_params={"optimiser": None}), "'net_params' parameter of MaskGITPrior"),
        (MaskGITPrior(net_params={"callbacks": [print]}), "'net_params' parameter of MaskGITPrior"),
    ],
    ids=["few codes", "more codes", "order", "fraction", "device", "net_params", "callbacks"],
)
def test_a_prior_that_does_not_fit_the_tokens_is_told_before_any_training(prior, message, waves):
    X = np.resize(waves[0], (30, 2, 200))
    tokenizer = clone(TOKENIZERS[0]).set_params(max_epochs=10**6)
    for part in (tokenizer, FrozenEstimator(clone(TOKENIZERS[0]).fit(X))):
        with pytest.raises((TypeError, ValueError), match=message):
            VQGenerator(part, prior).fit(X, waves[1])


def test_the_planned_vocabulary_is_that_of_the_fit(waves):
    for tokenizer in TOKENIZERS:
        plan, fitted = clone(tokenizer)._planned_vocabulary(waves[0]), clone(tokenizer).fit(waves[0]).vocabulary_
        assert plan.codebook.shape == fitted.codebook.shape
        for name in ("codebook_size", "n_tokens", "token_slices", "codebook_slices"):
            assert getattr(plan, name) == getattr(fitted, name)
        assert_array_equal(plan.token_spans, fitted.token_spans)


def test_sample_series_needs_something_that_samples(waves):
    X, y = waves
    with pytest.raises(TypeError, match="must have a 'sample' method.* Got SVC"):
        sample_series(make_pipeline(StandardScaler(), SVC()).fit(X[:, 0], y))


SEVERAL_STREAMS = [TOKENIZERS[2], TOKENIZERS[7], TOKENIZERS[8]]


@pytest.mark.parametrize("tokenizer", SEVERAL_STREAMS, ids=lambda tokenizer: type(tokenizer).__name__)
@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_a_plain_pipeline_generates_from_several_streams(tokenizer, prior, waves):
    pipe = make_pipeline(clone(tokenizer), clone(prior)).fit(*waves)
    assert sample_series(pipe, 20, random_state=0).shape == (20, 2, 21)
    assert pipe[-1].token_slices_ == pipe[0].token_slices_


def test_frozen_parts(generator, waves):
    X, y = waves
    tokenizer = clone(TOKENIZERS[0]).set_params(output="embedding").fit(X)
    fitted = VQGenerator(FrozenEstimator(tokenizer), clone(PRIORS[0]), random_state=0).fit(X, y)
    assert_array_equal(fitted.tokenizer_.tokenize(X), tokenizer.tokenize(X))
    assert fitted.sample(3, y=["a", "b", "c"]).shape == (3, 2, 21)
    gaps = X[:2].copy()
    gaps[:, :, 5:9] = np.nan
    assert np.isfinite(fitted.impute(gaps, random_state=0)).all()


def test_no_arguments_are_needed(waves):
    generator = VQGenerator()
    for n_cases, default in ((1000, MaskGITPrior), (1001, WaveNetPrior)):
        tokenizer, prior = clone_parts(generator, n_cases)
        assert isinstance(tokenizer, VQVAETokenizer) and isinstance(prior, default)
    assert hasattr(generator, "impute")


def test_verbose_reaches_both_parts(waves, capsys):
    VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[0]), verbose=1).fit(*waves)
    error = capsys.readouterr().err
    assert f"{type(TOKENIZERS[0]).__name__}: 100%" in error and f"{type(PRIORS[0]).__name__}: 100%" in error


def test_score_is_the_mean_log_likelihood(generator, waves):
    X, y = waves
    fitted = generator.fit(X, y)
    assert fitted.score(X, y) == pytest.approx(fitted.score_samples(X, y).mean())
    search = GridSearchCV(clone(generator), {"prior__n_layers": [1, 2]}, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.best_score_)


def test_a_density_of_scikit_learn_is_no_prior(waves):
    with pytest.raises(TypeError, match=r"must have a method sample\(n_samples, \*, y, random_state\)"):
        VQGenerator(clone(TOKENIZERS[0]).set_params(max_epochs=10**6), KernelDensity()).fit(*waves)


# The lines of the first section of the design.


@pytest.fixture(scope="module")
def gunpoint():
    return load_gunpoint(split="train")


def test_embeddings_into_existing_workflows(gunpoint):
    X, y = gunpoint
    pipe = make_pipeline(VQVAETokenizer(output="embedding", max_epochs=20, random_state=0), SVC()).fit(X, y)
    assert set(pipe.predict(X)) <= {"1", "2"}


def test_a_plain_pipeline_generates(gunpoint):
    X, y = gunpoint
    tokenizer, prior = VQVAETokenizer(max_epochs=5, random_state=0), MaskGITPrior(max_epochs=5, random_state=0)
    pipe = Pipeline([("tokenizer", tokenizer), ("prior", prior)]).fit(X, y)
    new = sample_series(pipe, n_samples=100, random_state=0)
    assert new.shape == (100, 1, 150)
    assert_array_equal(new, sample_series(pipe, n_samples=100, random_state=0))
    assert sample_series(pipe, n_samples=2, y=["1", "2"]).shape == (2, 1, 150)


FCN = FCNClassifier(max_epochs=2, random_state=0)


@pytest.mark.parametrize(
    "scoring",
    [FrechetScorer(), CASScorer(FCN, n_samples=50), {"fid": FrechetScorer(FCN), "cas": CASScorer(FCN, n_samples=50)}],
    ids=["fid", "cas", "both"],
)
def test_grid_search(generator, waves, scoring):
    X, y = waves
    grid = {"tokenizer__codebook_size": [4, 8], "tokenizer__beta": [0.25, 1.0]}
    refit = "fid" if isinstance(scoring, dict) else True
    search = GridSearchCV(generator, grid, scoring=scoring, n_jobs=2, cv=2, refit=refit).fit(X, y)
    names = [key for key in search.cv_results_ if key.startswith("mean_test")]
    assert len(names) == (2 if isinstance(scoring, dict) else 1)
    for name in names:
        assert np.isfinite(search.cv_results_[name]).all()
    assert search.best_estimator_.sample(3, y="a").shape == (3, 2, 21)


@pytest.mark.parametrize("random_state", [-1, 2**32, "a", np.random.default_rng(0)])
def test_random_states_that_are_none_are_named(generator, waves, random_state):
    with pytest.raises(ValueError, match=r"random_state must be an int in \[0, 2\*\*32 - 1\], a RandomState or None"):
        generator.fit(*waves).sample(2, random_state=random_state)
