"""The examples of docs/own_models.md work as they stand there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.testing import assert_allclose
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktsvq.datasets import make_waves

PAGE = (Path(__file__).parents[1] / "docs" / "own_models.md").read_text()
# A module of its own, since pickle looks up classes in their module.
own = sys.modules["own_models"] = ModuleType("own_models")
for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
    exec(block, vars(own))


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
