"""The self-supervised branch of NC-VQVAE; what it shares with other tokenizers stands in test_tokenizers.py."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

from sktsvq.datasets import make_waves
from sktsvq.metrics import ProbeScorer
from sktsvq.nn.augment import gaussian_noise
from sktsvq.tokenizers import NCVQVAETokenizer, VQVAETokenizer


@pytest.fixture(scope="module")
def X():
    return make_waves(n_cases=40, n_timepoints=32, random_state=0)[0]


def small(**params):
    return NCVQVAETokenizer(8, **{"width": 16, "projector_dim": 16, "max_epochs": 3, "random_state": 0, **params})


def test_history_watches_for_collapse(X):
    history = small().fit(X).history_
    ranks = np.array(history[:, "effective_rank"])
    assert ((ranks >= 1) & (ranks <= 16)).all()
    assert (np.array(history[:, "embedding_std"]) > 0).all()
    assert (np.array(history[:, "squared_error"]) > 0).all()


@pytest.mark.parametrize(
    "params",
    [
        {"ssl_weight": 10.0},
        {"ssl_loss": "vicreg"},
        {"ssl_loss": "vibcreg"},
        {"projector_dim": 32},
        {"augmentations": ["crop"]},
        {"augmentations": [gaussian_noise]},
        {"augmented_reconstruction_weight": 0.2},
    ],
)
def test_every_parameter_of_the_branch_matters(X, params):
    assert not np.array_equal(small().fit(X).codebook_, small(**params).fit(X).codebook_)


def test_branch_works_in_training_only(X):
    tokenizer = small().fit(X)
    module = tokenizer.net_.module_
    x = torch.from_numpy(tokenizer._scaled(X))
    with torch.no_grad():
        output = module(x)
    assert output.projection is None
    assert_array_equal(tokenizer.transform(X), tokenizer.transform(X))


def test_loss_pulls_views_together(X):
    """Training with the branch alone makes the Barlow Twins loss fall."""
    history = small(max_epochs=100, spectral_weight=0.0, ssl_weight=100.0).fit(X).history_
    losses = np.array(history[:, "train_loss"])
    assert losses[-10:].mean() < losses[:10].mean() / 2


@pytest.mark.parametrize(
    "params, message",
    [
        ({"ssl_loss": "simclr"}, "'ssl_loss' parameter of NCVQVAETokenizer must be .* Got 'simclr'"),
        ({"ssl_weight": -1.0}, "'ssl_weight' parameter of NCVQVAETokenizer must be .* Got -1.0"),
        ({"augmentations": ["stretch"]}, "'augmentations' parameter must hold names among .* Got 'stretch'"),
        ({"batch_size": 1}, "'batch_size' parameter of NCVQVAETokenizer must be .* Got 1"),
    ],
)
def test_bad_parameters(X, params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X)


def test_same_parameters_as_the_tokenizer_it_extends():
    plain, taught = VQVAETokenizer().get_params(), NCVQVAETokenizer().get_params()
    assert {key: taught[key] for key in plain} == plain


def test_grid_search():
    X, y = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    grid = {"codebook_size": [4, 8], "beta": [0.25, 1.0], "ssl_loss": ["barlow_twins", "vicreg", "vibcreg"]}
    search = GridSearchCV(small(), grid, scoring=ProbeScorer("knn"), cv=2, n_jobs=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.codebook_size_ == search.best_params_["codebook_size"]
