"""What every tokenizer, prior, encoder and scorer promises, as checks that anybody can run on their own."""

import pickle
from contextlib import contextmanager

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktsvq._vocabulary import Vocabulary
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator, sample_series
from sktsvq.priors import MarkovPrior

__all__ = ["check_encoder", "check_prior", "check_scorer", "check_tokenizer"]


def check_tokenizer(tokenizer):
    """Check that a tokenizer keeps the contract of `sktsvq`.

    Run scikit-learn's own ``check_estimator`` beside it.

    Parameters
    ----------
    tokenizer : estimator
        Not fitted, with settings that make a fit short.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.

    Examples
    --------
    >>> from sktsvq.base import check_tokenizer
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> check_tokenizer(VQVAETokenizer(8, width=8, n_blocks=1, max_epochs=2))
    """
    X, y = make_waves(n_cases=24, n_channels=2, n_timepoints=21, random_state=0)
    fitted = _check_fit(tokenizer, X, y, "transform")
    tokens = _tokens_of(fitted, X)
    _check_vocabulary(fitted, tokens)
    assert_array_equal(_tokens_of(fitted, X[3:5]), tokens[3:5], "tokens of a series must not depend on other series")
    restored = fitted.inverse_transform(tokens)
    assert restored.shape == X.shape, f"inverse_transform must give X's shape {X.shape}, not {restored.shape}"
    assert restored.dtype == X.dtype, f"inverse_transform must give X's dtype {X.dtype}, not {restored.dtype}"
    assert np.isfinite(restored).all(), "inverse_transform must give finite values"
    for wrong in (tokens + 10**6, tokens[:, 1:], tokens + 0.5):
        _check_raises(ValueError, fitted.inverse_transform, wrong, of="tokens that are out of range")
    _check_raises(ValueError, fitted.transform, X[:, :, 1:], of="series of another length")
    _check_raises(ValueError, fitted.transform, np.full_like(X, np.nan), of="NaN")
    flat = clone(tokenizer).fit(X[:, 0])
    assert flat.inverse_transform(_tokens_of(flat, X[:, 0])).shape == X[:, 0].shape, "2-D series must come back 2-D"
    generator = VQGenerator(tokenizer, MarkovPrior(max_order=1), random_state=0).fit(X, y)
    assert generator.sample(3, y=[0, 1, 1], random_state=0).shape == (3, *X.shape[1:]), "VQGenerator must sample series"
    pipe = make_pipeline(clone(tokenizer), MarkovPrior(max_order=1)).fit(X, y)
    assert sample_series(pipe, 3, random_state=0).shape == (3, *X.shape[1:]), (
        "a Pipeline with a prior must sample series"
    )


def check_prior(prior):
    """Check that a prior keeps the contract of `sktsvq`.

    Run scikit-learn's own ``check_estimator`` beside it.

    Parameters
    ----------
    prior : estimator
        Not fitted, with settings that make a fit short.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.

    Examples
    --------
    >>> from sktsvq.base import check_prior
    >>> from sktsvq.priors import MarkovPrior
    >>> check_prior(MarkovPrior(max_order=1))
    """
    rng = np.random.RandomState(0)
    tokens = np.concatenate([rng.randint(4, size=(40, 5)), 4 + rng.randint(3, size=(40, 4))], axis=1)
    labels = np.array(["a", "b"])[rng.randint(2, size=40)]
    parts = {"token_slices": [slice(0, 5), slice(5, 9)], "codebook_slices": [slice(0, 4), slice(4, 8)]}
    vocabulary = Vocabulary(8, 9, codebook=rng.normal(size=(8, 3)), **parts)
    for settings in ({}, {"vocabulary": vocabulary}):
        with _global_random_states_unmoved():
            fitted = clone(prior).fit(tokens, labels, **settings)
        _check_samples(fitted, labels)
        _check_completion(fitted, tokens)
        _check_likelihood(fitted, tokens, labels)
    assert list(fitted.classes_) == ["a", "b"], "classes_ must hold the labels in order"
    _check_raises(ValueError, fitted.sample, 1, y=["c"], of="a label that fit has not seen")
    _check_raises(ValueError, fitted.fit, tokens[:, :0], of="tokens without columns")
    _check_raises(NotFittedError, clone(prior).sample, of="a prior that is not fitted")
    copied = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copied.sample(4, random_state=0), fitted.sample(4, random_state=0), "a pickle must draw alike")
    unconditional = clone(prior).fit(tokens)
    assert unconditional.classes_ is None, "classes_ must be None without labels"
    _check_raises(ValueError, unconditional.sample, 1, y=["a"], of="a label without labels in fit")


def check_encoder(encoder):
    """Check that an encoder of series keeps the contract of `sktsvq`.

    Run scikit-learn's own ``check_estimator`` beside it.

    Parameters
    ----------
    encoder : transformer
        Not fitted, with settings that make a fit short. `transform` gives one vector a series.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.

    Examples
    --------
    >>> from sktsvq.base import check_encoder
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> check_encoder(VQVAETokenizer(8, width=8, n_blocks=1, max_epochs=2, output="embedding"))
    """
    X, y = make_waves(n_cases=24, n_channels=2, n_timepoints=21, random_state=0)
    for dtype in (np.float64, np.float32):
        fitted = _check_fit(encoder, X.astype(dtype), y, "transform")
        Z = fitted.transform(X.astype(dtype))
        assert Z.ndim == 2 and len(Z) == len(X), f"embeddings must be 2-D, one row a series; got shape {Z.shape}"
        assert Z.dtype == dtype, f"embeddings must have X's dtype {np.dtype(dtype)}, not {Z.dtype}"
    assert np.isfinite(Z).all(), "embeddings must be finite"
    few = fitted.transform(X[3:5].astype(dtype))
    assert_allclose(few, Z[3:5], rtol=1e-4, atol=1e-5, err_msg="an embedding must not depend on other series")
    names = fitted.get_feature_names_out()
    assert len(names) == Z.shape[1], f"get_feature_names_out must name {Z.shape[1]} columns, not {len(names)}"
    _check_raises(ValueError, fitted.transform, X[:, :, 1:], of="series of another length")


def check_scorer(scorer):
    """Check that a scorer keeps the contract of `sktsvq`.

    Parameters
    ----------
    scorer : object
        Called as ``scorer(estimator, X, y)``. It must prefer a fitted generator to one whose samples are noise.

    Raises
    ------
    AssertionError
        If a promise is broken; the message says which.

    Examples
    --------
    >>> from sktsvq.base import check_scorer
    >>> from sktsvq.metrics import KIDScorer
    >>> check_scorer(KIDScorer())
    """
    X, y = make_waves(n_cases=120, n_timepoints=32, random_state=0)
    good, bad = _Resampler(0.01).fit(X[:60], y[:60]), _Resampler(3.0).fit(X[:60], y[:60])
    held_out = X[60:].copy(), y[60:].copy()
    with _global_random_states_unmoved():
        score = scorer(good, *held_out)
    assert isinstance(score, float), f"a scorer must return a float, not {type(score).__name__}"
    assert_array_equal(held_out[0], X[60:], "a scorer must not change X")
    assert score > scorer(bad, *held_out), "a scorer must be greater for real series than for noise"
    for copied in (clone(scorer), pickle.loads(pickle.dumps(scorer))):
        assert copied.get_params() == scorer.get_params() or repr(copied) == repr(scorer), "copies must keep parameters"
        assert copied(good, *held_out) == score, "a scorer with an int as random_state must repeat its score"


class _Resampler:
    """The series seen in fit, with noise: a perfect generator or a bad one."""

    def __init__(self, noise):
        self.noise = noise

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def sample(self, n_samples=1, *, y=None, random_state=None):
        rng = np.random.RandomState(random_state)
        rows = rng.randint(len(self.X_), size=n_samples)
        if y is not None:
            rows = np.array([rng.choice(np.flatnonzero(self.y_ == label)) for label in np.broadcast_to(y, n_samples)])
        return self.X_[rows] + rng.normal(scale=self.noise, size=(n_samples, *self.X_.shape[1:]))


def _check_fit(estimator, X, y, method):
    """The fitted clone of `estimator`, after the checks of all that learn from series."""
    seeded = clone(estimator)
    if "random_state" in seeded.get_params(deep=False):
        seeded.set_params(random_state=0)
    _check_raises(NotFittedError, getattr(seeded, method), X, of="an estimator that is not fitted")
    untouched = X.copy()
    with _global_random_states_unmoved():
        fitted, again = clone(seeded), clone(seeded)
        assert fitted.fit(X, y) is fitted, "fit must return self"
        expected = getattr(fitted, method)(X)
    assert_array_equal(X, untouched, "fit must not change X")
    assert repr(fitted) == repr(seeded), "fit must not change parameters"
    assert_array_equal(getattr(again.fit(X, y), method)(X), expected, "fits with one random_state must be equal")
    copied = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(getattr(copied, method)(X), expected, "a pickle must transform alike")
    _check_raises(ValueError, clone(seeded).fit, X, y[:-1], of="too few labels")
    return fitted


def _tokens_of(tokenizer, X):
    tokens = getattr(tokenizer, "tokenize", tokenizer.transform)(X)
    assert tokens.dtype == np.int64, f"tokens must be int64, not {tokens.dtype}"
    assert tokens.ndim == 2 and len(tokens) == len(X), f"tokens must have one row a series; got shape {tokens.shape}"
    return tokens


def _check_vocabulary(fitted, tokens):
    vocabulary = fitted.vocabulary_
    assert isinstance(vocabulary, Vocabulary), "vocabulary_ must be a Vocabulary"
    assert vocabulary.n_tokens == tokens.shape[1], "vocabulary_ must have as many tokens as transform gives"
    assert tokens.min() >= 0 and tokens.max() < vocabulary.codebook_size, "tokens must be codes of vocabulary_"
    vocabulary.check_streams(tokens, type(fitted).__name__)
    spans = vocabulary.token_spans
    if spans is not None:
        assert (spans[:, 0] < spans[:, 1]).all(), "each token must stand for a time point at least"
        assert spans.min() == 0 and spans.max() == fitted.n_timepoints_in_, "tokens must stand for all time points"


def _check_samples(prior, labels):
    drawn = prior.sample(30, random_state=0)
    assert np.min(drawn) >= 0, "sample must leave no token at -1"
    assert drawn.shape == (30, 9) and drawn.dtype == np.int64, "sample must give int64 tokens (n_samples, n_tokens)"
    assert drawn[:, :5].max() < 4 <= drawn[:, 5:].min(), "no stream may draw a code of another"
    with _global_random_states_unmoved():
        assert_array_equal(prior.sample(30, random_state=0), drawn, "draws with one random_state must be equal")
    assert not np.array_equal(prior.sample(30), prior.sample(30)), "draws with random_state=None must differ"
    assert prior.sample(2, y=["a", "b"], random_state=0).shape == (2, 9), "sample must take a label for each sample"
    assert prior.sample(2, y="a", random_state=0).shape == (2, 9), "sample must take one label for all samples"


def _check_completion(prior, tokens):
    holes = tokens.copy()
    holes[:, ::2] = -1
    filled = prior.complete(holes, random_state=0)
    assert (filled >= 0).all(), "complete must fill all tokens that are -1"
    assert_array_equal(filled[:, 1::2], tokens[:, 1::2], "complete must keep the tokens that are known")
    assert filled[:, :5].max() < 4 <= filled[:, 5:].min(), "no stream may be completed by a code of another"


def _check_likelihood(prior, tokens, labels):
    for y in (None, labels):
        by_token = prior.score_tokens(tokens, y)
        assert by_token.shape == tokens.shape, "score_tokens must give one value a token"
        by_series = prior.score_samples(tokens, y)
        assert np.isfinite(by_series).all(), "train sequences must be possible"
        assert_allclose(by_token.sum(axis=1), by_series, err_msg="score_tokens must sum to score_samples")
        assert_allclose(prior.score(tokens, y), by_series.mean(), err_msg="score must be the mean of score_samples")


def _check_raises(error, function, *args, of, **kwargs):
    try:
        function(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"a {error.__name__} must be raised for {of}")


@contextmanager
def _global_random_states_unmoved():
    before = np.random.get_state()[1:3], torch.random.get_rng_state()  # noqa: NPY002
    yield
    after = np.random.get_state()[1:3], torch.random.get_rng_state()  # noqa: NPY002
    same = (
        np.array_equal(before[0][0], after[0][0]) and before[0][1] == after[0][1] and torch.equal(before[1], after[1])
    )
    assert same, "the global random states of numpy and torch must not move"
