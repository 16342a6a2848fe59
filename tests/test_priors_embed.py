"""Contextual embeddings of priors: what they know of classes, what they see, and where they fit in."""

import copy

import numpy as np
import pytest
import torch
from conftest import PRIORS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktsvq.datasets import make_waves
from sktsvq.generator import sample_series
from sktsvq.priors import AutoregressivePrior, MaskGITPrior, WaveNetPrior
from sktsvq.representation import FineTunedClassifier
from sktsvq.tokenizers import VQVAETokenizer

NETWORKS = [prior for prior in PRIORS if hasattr(prior, "width")]


@pytest.fixture(params=NETWORKS, ids=lambda prior: type(prior).__name__)
def network_prior(request):
    return request.param


@pytest.fixture(scope="module")
def orders():
    """Sequences (200, 8) with the same codes in each: they count up in one class and down in the other."""
    rng = np.random.RandomState(0)
    y = np.arange(200) % 2
    return (rng.randint(8, size=(200, 1)) + np.arange(8) * np.where(y, 1, -1)[:, np.newaxis]) % 8, y


@pytest.mark.parametrize("prior_class", [MaskGITPrior, AutoregressivePrior, WaveNetPrior])
def test_embeddings_know_the_order_of_tokens(prior_class, orders):
    """The frequencies of the codes are equal, so that only context tells the classes apart."""
    X, y = orders
    sizes = {"n_heads": 2} if prior_class is not WaveNetPrior else {}
    prior = prior_class(width=32, n_layers=2, max_epochs=200, random_state=0, **sizes).fit(X[:100])
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(prior.transform(X[:100]), y[:100])
    assert probe.score(prior.transform(X[100:]), y[100:]) > 0.75
    histograms = np.stack([(code == X).sum(axis=1) for code in range(8)], axis=1)
    assert LogisticRegression().fit(histograms[:100], y[:100]).score(histograms[100:], y[100:]) < 0.6


def test_embeddings_are_mean_hidden_states_without_a_class(network_prior, orders):
    X, y = orders
    fitted = clone(network_prior).fit(X, y)
    Z = fitted.transform(X)
    assert Z.shape == (200, 8)
    assert Z.dtype == np.float32
    no_label = torch.full((200,), 2)
    with torch.no_grad():
        expected = copy.deepcopy(fitted.module_).double().hidden_states(torch.from_numpy(X), no_label).mean(1)
    assert_allclose(Z, expected, atol=1e-5)
    assert_array_equal(fitted.embed(X), Z)
    assert_array_equal(fitted.transform(X[150:]), Z[150:])  # rows do not depend on each other


def test_hidden_states_give_the_likelihoods(network_prior, orders):
    """The states are those that predict the tokens: the head on them gives the logits."""
    module = clone(network_prior).fit(orders[0]).module_
    indices, labels = torch.from_numpy(orders[0][:5]), torch.zeros(5, dtype=torch.long)
    with torch.no_grad():
        states = module.hidden_states(indices, labels)
        given = indices if isinstance(network_prior, MaskGITPrior) else module.shift(indices)
        assert_allclose(module.head(states).reshape(5, -1, 8), module.logits(given, labels), atol=1e-5)


def test_priors_embed_series_in_a_pipeline():
    X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    tokenizer = VQVAETokenizer(8, width=8, n_blocks=1, max_epochs=20, random_state=0)
    prior = MaskGITPrior(width=16, n_layers=1, n_heads=2, max_epochs=20, random_state=0)
    pipe = make_pipeline(tokenizer, prior, LogisticRegression(max_iter=1000)).fit(X, y)
    assert pipe.score(X, y) > 0.8
    frame = clone(pipe[:-1]).set_output(transform="pandas").fit(X, y).transform(X)
    assert list(frame.columns[:2]) == ["maskgitprior0", "maskgitprior1"]
    assert sample_series(pipe[:-1], 3, random_state=0).shape == (3, 1, 32)


def test_tokens_out_of_range_have_no_embedding(network_prior, orders):
    fitted = clone(network_prior).fit(orders[0])
    for wrong in (orders[0] + 8, orders[0] - 1, orders[0][:, 1:]):
        with pytest.raises(ValueError, match="token|features"):
            fitted.transform(wrong)
    with pytest.raises(TypeError, match="must be an encoder or a tokenizer of sktsvq"):
        FineTunedClassifier(fitted).fit(*make_waves(n_cases=8, n_timepoints=8, random_state=0))
