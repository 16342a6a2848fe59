"""Fine-tuning starts from the encoder, from scratch it does not, and frozen it stays."""

import pickle

import numpy as np
import pytest
import torch
from conftest import ENCODERS, SMALL_ENCODER, TOKENIZERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score

import sktsvq
from sktsvq.datasets import make_waves
from sktsvq.priors import MarkovPrior
from sktsvq.representation import FineTunedClassifier, SiameseEncoder, VariationalAutoencoder

SIAMESE = next(encoder for encoder in ENCODERS if isinstance(encoder, SiameseEncoder))
CONDITIONAL = VariationalAutoencoder(4, **SMALL_ENCODER, conditional=True)
PARTS = [*ENCODERS[:2], ENCODERS[3], SIAMESE, TOKENIZERS[0], TOKENIZERS[3], TOKENIZERS[4], TOKENIZERS[7]]


def names(module, prefix="encoder."):
    return {name: value for name, value in module.state_dict().items() if name.startswith(prefix)}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_any_encoder_or_tokenizer_is_tuned(part, waves, tmp_path):
    X, y = waves
    fitted = clone(part).fit(X)
    before = {name: value.clone() for name, value in fitted.module_.state_dict().items()}
    classifier = FineTunedClassifier(fitted, max_epochs=20, random_state=0).fit(X[:18], y[:18])
    assert classifier.encoder_ is fitted
    assert all(torch.equal(value, before[name]) for name, value in fitted.module_.state_dict().items())
    proba = classifier.predict_proba(X)
    assert_allclose(proba.sum(axis=1), 1)
    assert classifier.score(X[:18], y[:18]) > 0.6
    classifier.save(tmp_path / "classifier.sktsvq")
    for copied in (pickle.loads(pickle.dumps(classifier)), sktsvq.load(tmp_path / "classifier.sktsvq")):
        assert_array_equal(copied.predict_proba(X), proba)
    again = FineTunedClassifier(fitted, max_epochs=20, random_state=0).fit(X[:18], y[:18])
    assert_array_equal(again.predict_proba(X), proba)


@pytest.mark.parametrize("part", [SIAMESE, TOKENIZERS[0]], ids=lambda part: type(part).__name__)
def test_frozen_networks_stay_and_others_move(part, waves):
    X, y = waves
    fitted = clone(part).fit(X)
    start = {f"encoder.{name}": value for name, value in fitted.module_.state_dict().items()}
    for freeze in (True, False):
        tuned = FineTunedClassifier(fitted, freeze=freeze, max_epochs=3, random_state=0).fit(X, y)
        same = [torch.equal(value, start[name]) for name, value in names(tuned.module_).items()]
        assert all(same) == freeze


def test_the_network_starts_trained_or_untrained(waves):
    X, y = waves
    fitted = clone(SIAMESE).fit(X)
    settings = {"max_epochs": 1, "lr": 1e-12, "random_state": 0}
    tuned = FineTunedClassifier(fitted, **settings).fit(X, y)
    scratch = FineTunedClassifier(fitted, from_scratch=True, **settings).fit(X, y)
    fresh = FineTunedClassifier(clone(fitted), from_scratch=True, **settings).fit(X, y)
    weights = [one.module_.encoder.encoder.first.weight for one in (tuned, scratch, fresh)]
    assert_allclose(weights[0].detach(), fitted.module_.encoder.first.weight.detach(), atol=1e-6)
    assert not np.allclose(weights[1].detach(), weights[0].detach(), atol=1e-3)
    assert_array_equal(weights[1].detach(), weights[2].detach())
    assert not hasattr(fresh.encoder_, "net_")


def test_an_encoder_that_is_not_fitted_is(waves):
    X, y = waves
    classifier = FineTunedClassifier(SIAMESE, max_epochs=2, random_state=0).fit(X, y)
    assert classifier.encoder_ is not SIAMESE
    assert_array_equal(classifier.encoder_.transform(X), clone(SIAMESE).fit(X).transform(X))


@pytest.mark.parametrize("from_scratch", [False, True])
@pytest.mark.parametrize("part", [*TOKENIZERS, *ENCODERS, CONDITIONAL], ids=lambda part: type(part).__name__)
def test_what_is_not_fitted_is_tuned_too(part, from_scratch, waves, tmp_path):
    X, y = waves
    classifier = FineTunedClassifier(part, from_scratch=from_scratch, max_epochs=1, random_state=0).fit(X, y)
    classifier.save(tmp_path / "classifier.sktsvq")
    assert_array_equal(sktsvq.load(tmp_path / "classifier.sktsvq").predict_proba(X), classifier.predict_proba(X))


def test_a_conditional_vae_is_cloned_and_fitted_with_labels(waves):
    X, y = waves
    classifier = FineTunedClassifier(clone(CONDITIONAL).fit(X, y), max_epochs=1, random_state=0)
    assert np.isfinite(cross_val_score(classifier, X, y, cv=2, error_score="raise")).all()
    assert_array_equal(clone(classifier).fit(X, y).encoder_.classes_, np.unique(y))


def test_a_frozen_estimator_survives_cloning():
    X, y = make_waves(n_cases=60, n_timepoints=30, random_state=0)
    fitted = SiameseEncoder(dim=16, width=16, projector_dim=16, max_epochs=20, random_state=0).fit(X)
    classifier = FineTunedClassifier(FrozenEstimator(fitted), max_epochs=10, random_state=0)
    assert clone(classifier).fit(X, y).encoder_ is fitted
    assert cross_val_score(classifier, X, y, cv=2).mean() > 0.8


def test_warm_start_goes_on(waves):
    X, y = waves
    classifier = FineTunedClassifier(SIAMESE, max_epochs=2, warm_start=True, random_state=0).fit(X, y)
    encoder = classifier.encoder_
    assert len(classifier.fit(X, y).history_) == 4
    assert classifier.encoder_ is encoder


def test_mistakes_are_told(waves):
    X, y = waves
    fitted = clone(SIAMESE).fit(X)
    with pytest.raises(ValueError, match="is expecting 21 timepoints"):
        FineTunedClassifier(fitted).fit(X[:, :, :9], y)
    for wrong in (PCA(), MarkovPrior()):
        with pytest.raises((TypeError, ValueError), match="The 'encoder' parameter of FineTunedClassifier must be"):
            FineTunedClassifier(wrong).fit(X, y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        FineTunedClassifier(fitted).fit(X, None)


def test_the_encoder_learns_more_slowly_than_the_linear_layer(waves):
    X, y = waves
    fitted = clone(SIAMESE).fit(X)
    start = fitted.module_.encoder.first.weight.detach()
    moves = []
    for factor in (1e-3, 1.0):
        tuned = FineTunedClassifier(fitted, encoder_lr_factor=factor, max_epochs=3, random_state=0).fit(X, y)
        moves.append(float((tuned.module_.encoder.encoder.first.weight.detach() - start).abs().max()))
    assert moves[0] < 0.01 * moves[1]
    scratch = FineTunedClassifier(fitted, from_scratch=True, encoder_lr_factor=1e-3, max_epochs=3, random_state=0)
    again = clone(scratch).set_params(encoder=fitted, encoder_lr_factor=1.0)
    assert_array_equal(scratch.fit(X, y).predict_proba(X), again.fit(X, y).predict_proba(X))
