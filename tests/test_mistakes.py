"""Mistakes that newcomers make: the error states the rule and the value, before any training."""

import re

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.oversampling import VQOversampler
from sktsvq.priors import MarkovPrior
from sktsvq.representation import VariationalAutoencoder
from sktsvq.tokenizers import VQVAETokenizer

RULE = "y must hold one label for each of the 30 cases"
WRONG_LABELS = {
    "dict": ({"a": 1}, TypeError, "in an array, a Series or a list. Got {'a': 1} instead."),
    "set": ({"a"}, TypeError, "Got {'a'} instead."),
    "generator": ((label for label in "ab"), TypeError, "Got <generator object"),
    "nested lists": ([["a", "b"]] * 30, ValueError, "Got shape (30, 2) instead."),
    "ragged lists": ([["a"], ["a", "b"]] * 15, ValueError, "Got sequences of different lengths instead."),
    "None inside": ([None] + ["a"] * 29, ValueError, "Got a missing one, None, instead."),
    "dicts inside": ([{}] * 30, TypeError, "Got {} among them instead."),
    "too few": (["a", "b"], ValueError, "Got shape (2,) instead."),
}


@pytest.fixture(scope="module")
def fitted(waves):
    return VQGenerator(TOKENIZERS[0], MarkovPrior(), random_state=0).fit(*waves)


@pytest.fixture(params=WRONG_LABELS)
def wrong(request):
    y, error, got = WRONG_LABELS[request.param]
    return y, error, f"^{re.escape(RULE)}.*{re.escape(got)}"


@pytest.mark.parametrize(
    "estimator",
    [
        VQGenerator(VQVAETokenizer(max_epochs=10**6)),
        FCNClassifier(max_epochs=10**6),
        VariationalAutoencoder(conditional=True, max_epochs=10**6),
        VQOversampler(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_wrong_labels_in_fit(estimator, waves, wrong):
    y, error, message = wrong
    with pytest.raises(error, match=message):
        estimator.fit(waves[0], y)


def test_wrong_labels_in_sample(fitted, wrong):
    y, error, message = wrong
    with pytest.raises(error, match=message):
        fitted.sample(30, y=y)
    with pytest.raises(error, match=message):
        fitted.prior_.complete(np.full((30, fitted.prior_.n_tokens_), -1), y=y)


def test_a_string_is_one_label_in_sample_and_no_labels_in_fit(fitted, waves):
    assert fitted.sample(3, y="b").shape == (3, 2, 21)
    assert fitted.sample(3, y=np.array("b")).shape == (3, 2, 21)
    with pytest.raises(ValueError, match=r"labels that MarkovPrior saw in fit: \['a', 'b', 'c'\]. Got 'abc' instead"):
        fitted.sample(3, y="abc")
    with pytest.raises(TypeError, match="one label for each of the 30 cases.* Got 'abc' instead"):
        clone(fitted).fit(waves[0], "abc")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda tokens: tokens[0], r"must be a 2-D array of shape \(n_cases, {n}\). Got shape \({n},\) instead"),
        (lambda tokens: tokens[np.newaxis], r"must be a 2-D array .* Got shape \(1, 30, {n}\) instead"),
        (lambda tokens: [[1], [1, 2]], "must be a 2-D array .* Got sequences of different lengths instead"),
        (lambda tokens: None, "must be a 2-D array .* Got None instead"),
        (lambda tokens: tokens[:, 1:], "must have {n} columns. Got {less} instead"),
        (lambda tokens: tokens * 0 + 8, r"must lie in the range \[0, 8\). Got 8 instead"),
        (lambda tokens: tokens * 0 - 1, r"must lie in the range \[0, 8\). Got -1 instead"),
    ],
)
def test_wrong_tokens(fitted, waves, change, message):
    tokens = fitted.tokenizer_.transform(waves[0])
    message = message.format(n=tokens.shape[1], less=tokens.shape[1] - 1)
    with pytest.raises(ValueError, match=f"tokens of VQVAETokenizer {message}"):
        fitted.tokenizer_.inverse_transform(change(tokens))


def test_parameters_of_a_part_that_is_not_given(waves):
    message = r"'tokenizer' parameter of VQGenerator must be an estimator for 'tokenizer__beta' .* Got None instead"
    with pytest.raises(ValueError, match=message):
        VQGenerator().set_params(tokenizer__beta=1)
    with pytest.raises(ValueError, match=message):
        GridSearchCV(VQGenerator(), {"tokenizer__beta": [1.0]}, cv=2, scoring=max, error_score="raise").fit(*waves)
    both = VQGenerator().set_params(tokenizer=VQVAETokenizer(), tokenizer__beta=1)
    assert both.tokenizer.beta == 1
    with pytest.raises(ValueError, match="Invalid parameter 'foo'"):
        VQGenerator().set_params(foo__beta=1)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_every_prior_takes_a_random_state(prior, waves):
    tokens = np.random.RandomState(0).randint(4, size=(30, 6))
    one, other = (clone(prior).set_params(random_state=0).fit(tokens) for _ in range(2))
    assert np.array_equal(one.sample(20, random_state=1), other.sample(20, random_state=1))
    with pytest.raises(ValueError, match="'random_state' parameter of .* Got 'a'"):
        clone(prior).set_params(random_state="a").fit(tokens)
