"""Mistakes that newcomers make: the error states the rule and the value, before any training."""

import re

import numpy as np
import pytest
from conftest import ENCODERS, PRIORS, TOKENIZERS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.metrics import ProbeScorer
from sktsvq.oversampling import VQOversampler
from sktsvq.priors import MarkovPrior
from sktsvq.representation import FineTunedClassifier, VariationalAutoencoder
from sktsvq.tokenizers import VQVAETokenizer


def _objects(values):
    """An object array of one dimension."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


RULE = "y must hold one label for each of the 30 cases"
WRONG_LABELS = {
    "dict": ({"a": 1}, TypeError, "in an array, a Series or a list. Got {'a': 1} instead."),
    "set": ({"a"}, TypeError, "Got {'a'} instead."),
    "generator": ((label for label in "ab"), TypeError, "Got <generator object"),
    "nested lists": ([["a", "b"]] * 30, ValueError, "Got shape (30, 2) instead."),
    "ragged lists": ([["a"], ["a", "b"]] * 15, ValueError, "Got sequences of different lengths instead."),
    "None inside": ([None] + ["a"] * 29, ValueError, "Got a missing one, None, instead."),
    "dicts inside": ([{}] * 30, TypeError, "Got {} among them instead."),
    "words and numbers": (
        np.array(["a", 1] * 15, dtype=object),
        TypeError,
        "all strings, all booleans or all numbers. Got 'a' and 1 instead.",
    ),
    "tuples inside": (_objects([(0, 1), (1, 0)] * 15), TypeError, "Got (0, 1) among them instead."),
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
    "labels", [["a", "b", "c"], [3, 1, 2], [0.0, 2.0, 1.0], [True, False, True], [np.int8(0), 1, 2.0]], ids=str
)
@pytest.mark.parametrize(
    "estimator",
    [
        VQGenerator(TOKENIZERS[0], MarkovPrior(), random_state=0),
        FCNClassifier(max_epochs=1, random_state=0),
        FineTunedClassifier(clone(ENCODERS[0]), max_epochs=1, random_state=0),
        VariationalAutoencoder(conditional=True, max_epochs=1, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_labels_in_an_object_array_are_those_of_a_list(estimator, labels, waves):
    X, y = waves[0], labels * 10
    of_list, of_objects = clone(estimator).fit(X, y), clone(estimator).fit(X, np.array(y, dtype=object))
    assert of_objects.classes_.tolist() == of_list.classes_.tolist() == sorted(set(y))
    assert of_list.classes_.dtype == of_objects.classes_.dtype or isinstance(y[0], str)
    if hasattr(estimator, "predict"):
        assert of_objects.score(X, np.array(y, dtype=object)) == of_list.score(X, y)
    else:
        drawn = of_objects.sample(3, y=np.array(y[:3], dtype=object), random_state=0)
        assert np.array_equal(drawn, of_list.sample(3, y=y[:3], random_state=0))


def test_scorers_and_oversampling_take_labels_in_an_object_array(fitted, waves):
    X, y = waves[0], np.repeat([0, 1], [10, 20])
    scorer = ProbeScorer("knn", n_splits=2)
    assert scorer(fitted, X, y.astype(object)) == scorer(fitted, X, y)
    oversampler = VQOversampler(clone(fitted), random_state=0)
    assert oversampler.fit_resample(X, y.astype(object))[1].tolist() == oversampler.fit_resample(X, y)[1].tolist()


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
