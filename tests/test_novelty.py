"""Averaged weights, and training that ends where samples repeat the train set."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from sktsvq.base import Vocabulary
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.priors._novelty import mean_distance, mean_move


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


def test_mean_distance_as_by_hand():
    train = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [2, 2, 2, 2]])
    some = np.array([[0, 0, 0, 1], [2, 2, 2, 2]])
    assert mean_distance(some, train) == 0.125
    assert_allclose(mean_distance(train, train, nearest=2), (0.5 + 0.5 + 1) / 3)
    codebook = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    assert_allclose(mean_distance(some, train, codebook=codebook), np.sqrt(3 + 18) / 2)
    assert_allclose(mean_distance(train, train, codebook=codebook, nearest=2), (2 + np.sqrt(2 + 2 * 18) + 2) / 3)
    assert mean_move(train, train[[0, 2, 2]]) == 1 / 3
    assert_allclose(mean_move(some, train[[1, 2]], codebook=codebook), 5 / 2)


@pytest.mark.parametrize("codebook", [None, np.random.RandomState(1).normal(size=(8, 4))])
def test_training_ends_where_samples_repeat_the_train_set(codebook):
    tokens, vocabulary = np.random.RandomState(0).randint(8, size=(16, 8)), Vocabulary(8, 8, codebook=codebook)
    settings = {"width": 48, "n_layers": 2, "dropout": 0.0, "token_temperature": 0.0, "random_state": 0}
    prior = MaskGITPrior(**settings).fit(tokens, vocabulary=vocabulary)
    assert 100 <= len(prior.history_) < 2000
    drawn = prior.sample(200, random_state=1)
    shares = [
        mean_distance(drawn, tokens, codebook=vectors) / mean_distance(tokens, tokens, codebook=vectors, nearest=2)
        for vectors in (None, codebook)
    ]
    assert shares[0] < 0.7 or (codebook is not None and shares[1] < 1)


def test_near_codes_are_copies_before_many_tokens_are_equal():
    """Pairs of codes that are nearly the same vector: samples that mix them are new by their tokens alone."""
    tokens = np.random.RandomState(0).randint(16, size=(16, 8))
    codebook = np.random.RandomState(1).normal(size=(8, 4)).repeat(2, axis=0)
    codebook[1::2] += 1e-3
    settings = {"width": 48, "n_layers": 2, "dropout": 0.0, "token_temperature": 0.0, "random_state": 0}
    alone, near = (
        MaskGITPrior(**settings, token_embedding="random").fit(tokens, vocabulary=Vocabulary(16, 8, codebook=vectors))
        for vectors in (None, codebook)
    )
    assert len(near.history_) < len(alone.history_)


def test_training_goes_to_its_end_where_that_is_asked_for():
    tokens = np.random.RandomState(0).randint(8, size=(16, 4))
    settings = {"width": 12, "n_layers": 1, "dropout": 0.0, "random_state": 0}
    n_epochs = [
        len(MaskGITPrior(**settings, **more).fit(tokens).history_) for more in ({"min_novelty": 0}, {"max_epochs": 450})
    ]
    assert n_epochs == [2000, 450]


def test_copies_do_not_count_as_neighbours_where_series_ids_are_known():
    """Beside near copies samples that are nearly the series themselves look new."""
    rng = np.random.RandomState(0)
    series = rng.randint(8, size=(16, 8))
    copies = np.repeat(series[np.newaxis], 3, axis=0)
    copies[..., 0] = rng.randint(8, size=(3, 16))
    tokens, series_ids = np.concatenate([series, *copies]), np.tile([f"series {i}" for i in range(16)], 4)
    settings = {"width": 48, "n_layers": 2, "dropout": 0.0, "token_temperature": 0.0, "random_state": 0}
    told, untold = MaskGITPrior(**settings).fit(tokens, series_ids=series_ids), MaskGITPrior(**settings).fit(tokens)
    assert len(told.history_) < len(untold.history_)
    of_series = mean_distance(series, series, nearest=2)
    novelty = [mean_distance(prior.sample(200, random_state=1), series) / of_series for prior in (told, untold)]
    assert novelty[0] > novelty[1]
    assert not hasattr(told, "_firsts")


@pytest.mark.parametrize(
    ("series_ids", "error", "message"),
    [
        (np.zeros(3), ValueError, r"series_ids must hold one label for each of the 4 cases. Got shape \(3,\)"),
        ([0, 1, 2, None], ValueError, "series_ids must hold one label for each of the 4 cases. Got a missing one"),
        ("abcd", TypeError, "series_ids must hold one label for each of the 4 cases"),
    ],
)
@pytest.mark.parametrize("prior", [MaskGITPrior(), MarkovPrior()])
def test_mistakes_in_series_ids(prior, series_ids, error, message):
    with pytest.raises(error, match=message):
        prior.fit(np.random.RandomState(0).randint(4, size=(4, 6)), series_ids=series_ids)


@pytest.mark.parametrize("series_ids", [None, [0], [0, 0]])
def test_one_sequence_is_near_to_no_other(series_ids):
    tokens = np.zeros((1 if series_ids is None else len(series_ids), 4), dtype=int)
    prior = MaskGITPrior(codebook_size=2, width=12, n_layers=1, random_state=0).fit(tokens, series_ids=series_ids)
    assert len(prior.history_) == 2000
    assert (prior.sample(3, random_state=0) == 0).mean() > 0.9
