"""Averaged weights, and training that ends where samples repeat the train set."""

import numpy as np
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from sktsvq.priors import MaskGITPrior
from sktsvq.priors._novelty import mean_difference


class Weights(Callback):
    """Keeps the weights after each step."""

    def on_train_begin(self, net, **kwargs):
        self.seen = [[p.detach().clone() for p in net.module_.parameters()]]

    def on_batch_end(self, net, training=False, **kwargs):
        self.seen.append([p.detach().clone() for p in net.module_.parameters()])


def test_weights_end_as_their_moving_average():
    tokens = np.random.RandomState(0).randint(4, size=(20, 6))
    prior = MaskGITPrior(width=6, n_layers=1, max_epochs=30, net_params={"callbacks": [Weights()]}, random_state=0)
    prior.fit(tokens)
    (weights,) = (callback for _, callback in prior.net_.callbacks_ if isinstance(callback, Weights))
    expected = weights.seen[0]
    for step, now in enumerate(weights.seen[1:], start=1):
        keep = min(0.99, (1 + step) / (10 + step))
        expected = [keep * old + (1 - keep) * new for old, new in zip(expected, now, strict=True)]
    for value, wanted in zip(prior.module_.parameters(), expected, strict=True):
        assert_allclose(value.detach(), wanted, rtol=1e-4, atol=1e-6)
    assert not torch.equal(weights.seen[-1][0], expected[0])


def test_mean_difference_as_by_hand():
    train = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [2, 2, 2, 2]])
    assert mean_difference(np.array([[0, 0, 0, 1], [2, 2, 2, 2]]), train) == 0.125
    assert_allclose(mean_difference(train, train, nearest=2), (0.5 + 0.5 + 1) / 3)


def test_training_ends_where_samples_repeat_the_train_set():
    tokens = np.random.RandomState(0).randint(8, size=(16, 8))
    settings = {"width": 48, "n_layers": 2, "dropout": 0.0, "random_state": 0}
    ended, whole, given = (
        MaskGITPrior(**settings, **more).fit(tokens) for more in ({}, {"min_novelty": 0}, {"max_epochs": 950})
    )
    assert 100 <= len(ended.history_) < 1000
    assert (len(whole.history_), len(given.history_)) == (1000, 950)
    usual = mean_difference(tokens, tokens, nearest=2)
    assert mean_difference(ended.sample(200, random_state=1), tokens) < 0.7 * usual
