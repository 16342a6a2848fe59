"""The examples of docs/own_models.md work as they stand there, contract checks included."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktsvq.base import check_prior, check_tokenizer
from sktsvq.datasets import make_waves
from sktsvq.metrics import evaluate, get_scorer
from sktsvq.metrics._registry import SCORES

PAGE = (Path(__file__).parents[1] / "docs" / "own_models.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
# A module of its own, since pickle looks up classes in their module.
own = sys.modules["own_models"] = ModuleType("own_models")
BEFORE = dict(SCORES)
for block in BLOCKS:
    exec(block, vars(own))
REGISTERED = {name: score for name, score in SCORES.items() if name not in BEFORE}
for name in REGISTERED:
    del SCORES[name]  # the tests of other pages count scores


def test_the_page_imports_from_the_public_base_alone():
    modules = set(re.findall(r"^from (sktsvq[\w.]*) import|^import (sktsvq[\w.]*)", "\n".join(BLOCKS), re.MULTILINE))
    assert {name for pair in modules for name in pair if name} == {
        "sktsvq.base",
        "sktsvq.datasets",
        "sktsvq.generator",
    }


@parametrize_with_checks([own.PatchTokenizer(8, random_state=0), own.FrequencyPrior()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_tokenizer_keeps_the_order_of_time_and_channels():
    """With a code for every patch the reconstruction is exact."""
    X, _ = make_waves(n_cases=3, n_channels=2, n_timepoints=10, random_state=0)
    tokenizer = own.PatchTokenizer(9).fit(X)
    assert_allclose(tokenizer.inverse_transform(tokenizer.transform(X)), X)


def test_prior_probabilities_sum_to_one():
    tokens = np.random.RandomState(0).randint(3, size=(50, 2))
    prior = own.FrequencyPrior().fit(tokens, tokens[:, 0])
    every = np.array([(first, second) for first in range(3) for second in range(3)])
    for y in (None, np.zeros(9, dtype=int)):
        assert_allclose(np.exp(prior.score_samples(every, y)).sum(), 1)


class NotSeeded(own.PatchTokenizer):
    def _fit(self, series, X, y):
        self.random_state = None
        super()._fit(series, X, y)


class ForgetsStreams(own.FrequencyPrior):
    def _complete(self, tokens, labels, seed):
        return np.where(tokens < 0, np.random.RandomState(seed).randint(8, size=tokens.shape), tokens)


class KeepsNothing(own.FrequencyPrior):
    def _complete(self, tokens, labels, seed):
        return super()._complete(np.full_like(tokens, -1), labels, seed)


class Mixes(own.PatchTokenizer):
    def _encode(self, series):
        return super()._encode(series - series.mean(axis=0))


@pytest.mark.parametrize(
    "check, broken, message",
    [
        (check_tokenizer, NotSeeded(8), "parameters"),
        (check_tokenizer, Mixes(8), "must not depend on other series"),
        (check_prior, ForgetsStreams(), "no stream may draw a code of another"),
        (check_prior, KeepsNothing(), "must keep the tokens that are known"),
    ],
)
def test_the_contract_checks_find_broken_promises(check, broken, message):
    with pytest.raises(AssertionError, match=message):
        check(broken)


def test_a_registered_score_has_a_scorer_and_a_row(monkeypatch):
    assert list(REGISTERED) == ["range_difference"]
    monkeypatch.setitem(SCORES, "range_difference", REGISTERED["range_difference"])
    X, y = make_waves(n_cases=60, n_timepoints=30, random_state=0)
    generator = own.VQGenerator(own.PatchTokenizer(16), own.FrequencyPrior(), random_state=0).fit(X[:30])
    assert get_scorer("neg_range_difference")(generator, X[30:]) <= 0
    assert np.isfinite(evaluate(generator, X[:30], None, X[30:], None, n_resamples=2).value["range_difference"])
