"""What every encoder must do, whatever its method."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import sktsvq
from sktsvq.base import BaseEncoder, check_encoder, param
from sktsvq.datasets import make_waves


def test_the_contract_holds(encoder):
    check_encoder(encoder)


@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 2, 2), (5, 1, 7), (4, 3, 33), (9, 30), (2, 1, 200)])
def test_every_size_of_series_embeds(encoder, shape):
    X = np.random.RandomState(0).normal(size=shape)
    fitted = clone(encoder).fit(X)
    Z = fitted.transform(X)
    assert Z.shape == (len(X), len(fitted.get_feature_names_out()))
    assert np.isfinite(Z).all()


def test_a_row_does_not_depend_on_its_neighbours(encoder):
    X, _ = make_waves(n_cases=30, n_timepoints=400, random_state=0)  # several forward passes and a part of one
    fitted = clone(encoder).fit(X[:5])
    Z = fitted.transform(X)
    order = np.random.RandomState(0).permutation(len(X))
    assert_array_equal(fitted.transform(X[order]), Z[order])
    for rows in (slice(0, 1), slice(7, 20), slice(29, 30)):
        assert_array_equal(fitted.transform(X[rows]), Z[rows])


def test_two_dimensions_equal_one_channel(encoder, waves):
    X, _ = waves
    flat, full = clone(encoder).fit(X[:, 0]), clone(encoder).fit(X[:, :1])
    assert_array_equal(flat.transform(X[:, 0]), full.transform(list(X[:, :1])))


def test_scaling_is_learnt_at_fit(encoder, waves):
    X, _ = waves
    moved = X * [[3.0], [0.2]] + [[5.0], [-1.0]]
    plain, scaled = clone(encoder).fit(X), clone(encoder).fit(moved)
    assert_allclose(scaled.mean_, moved.mean(axis=(0, 2)))
    assert_allclose(plain.transform(X), scaled.transform(moved), rtol=0.05, atol=0.05)


def test_copies_and_files_give_the_same_embeddings(encoder, waves, tmp_path):
    X, _ = waves
    fitted = clone(encoder).fit(X)
    Z = fitted.transform(X)
    fitted.save(tmp_path / "encoder.sktsvq")
    for copied in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), sktsvq.load(tmp_path / "encoder.sktsvq")):
        assert type(copied) is type(fitted)
        assert repr(copied) == repr(fitted)
        assert_array_equal(copied.transform(X), Z)


def test_warm_start_trains_on(encoder, waves):
    X, _ = waves
    fitted = clone(encoder).set_params(warm_start=True).fit(X)
    before = fitted.transform(X)
    fitted.fit(X)
    assert len(fitted.history_) == 4
    assert not np.array_equal(fitted.transform(X), before)


def test_embeddings_go_into_pipelines_and_data_frames(encoder, waves):
    X, y = waves
    assert len(make_pipeline(clone(encoder), SVC()).fit(X, y).predict(X)) == len(X)
    frame = clone(encoder).set_output(transform="pandas").fit_transform(X)
    assert frame.columns[0] == type(encoder).__name__.lower() + "0"


def test_infinite_values_and_too_few_series_are_refused(encoder, waves):
    X, _ = waves
    with pytest.raises(ValueError, match="X contains infinity"):
        clone(encoder).fit(np.where(X > 1, np.inf, X))
    with pytest.raises(ValueError, match="minimum of 2"):
        clone(encoder).fit(X[:1])


def test_what_is_learnt_is_used(encoder, waves):
    """A further epoch changes all that moves, and the loss of many is lower than that of few."""
    X, _ = waves
    many = clone(encoder).set_params(max_epochs=60).fit(X)
    losses = np.array(many.history_[:, "train_loss"])
    assert losses[-5:].mean() < losses[:5].mean()


class Quantiles(BaseEncoder):
    """An encoder without a network."""

    level: float = param(0.5, [float], "The quantile.")

    def _fit(self, series, X, y):
        self.n_seen_ = len(series)

    def _embed(self, series):
        return np.quantile(series, self.level, axis=2)

    @property
    def _n_features_out(self):
        return self.n_channels_in_


def test_an_encoder_of_ones_own_keeps_the_contract():
    check_encoder(Quantiles())


def test_global_random_states_stay(encoder, waves, unmoved_random_state):
    first, again = (clone(encoder).set_params(random_state=None).fit(waves[0]) for _ in range(2))
    assert not np.array_equal(first.transform(waves[0]), again.transform(waves[0]))
