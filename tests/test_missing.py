"""Every estimator with a network takes series with missing values (NaN)."""

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.oversampling import VQOversampler
from sktsvq.representation import FineTunedClassifier, SiameseEncoder, VariationalAutoencoder
from sktsvq.tokenizers import VQVAETokenizer


@pytest.fixture(scope="module")
def gaps(waves):
    """The series of `waves` with a third of the values missing, but for the first ten series."""
    X = waves[0].copy()
    X[10:][np.random.RandomState(0).uniform(size=X[10:].shape) < 1 / 3] = np.nan
    return X


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda X: [case.tolist() for case in X],
        lambda X: np.ma.masked_invalid(X),
    ],
    ids=["list", "nested list", "masked array"],
)
def test_forms_of_missing_values(gaps, convert):
    fitted = clone(TOKENIZERS[0]).fit(gaps)
    assert_array_equal(clone(TOKENIZERS[0]).fit(convert(gaps)).transform(convert(gaps)), fitted.transform(gaps))


def test_tokenizers(tokenizer, gaps, waves):
    fitted = clone(tokenizer).fit(gaps)
    tokens = fitted.transform(gaps)
    reconstruction = fitted.inverse_transform(tokens)
    assert np.isfinite(reconstruction).all()
    assert_allclose(fitted.mean_, np.nanmean(gaps, axis=(0, 2)))
    assert_allclose(fitted.scale_, np.nanstd(gaps, axis=(0, 2)))
    assert_allclose(fitted.score(gaps), -np.nanmean((gaps - reconstruction) ** 2))
    assert_array_equal(tokens[:10], fitted.transform(waves[0][:10]))
    assert_array_equal(clone(tokenizer).set_params(early_stopping=True).fit(gaps).transform(gaps).shape, tokens.shape)


def test_encoders(encoder, gaps, waves):
    fitted = clone(encoder).fit(gaps)
    Z = fitted.transform(gaps)
    assert np.isfinite(Z).all()
    assert_array_equal(Z[:10], fitted.transform(waves[0][:10]))
    if hasattr(fitted, "score"):
        assert np.isfinite(fitted.score(gaps))


def test_evidence_is_that_of_the_known_values(gaps, waves):
    """A value that lies on the straight line anyway adds its density and changes nothing else."""
    X = waves[0].copy()
    X[:, 0, 5] = (X[:, 0, 4] + X[:, 0, 6]) / 2
    without = X.copy()
    without[:, 0, 5] = np.nan
    vae = VariationalAutoencoder(2, width=8, n_blocks=1, max_epochs=2, random_state=0).fit(X)
    difference = vae.score_samples(X) - vae.score_samples(without)
    most = -np.log(vae.noise_scale_ * vae.scale_[0]) - np.log(2 * np.pi) / 2
    assert (difference < most).all()
    assert (difference > most - 20).all()
    assert np.ptp(difference) > 0


def test_memory_maps(gaps, tmp_path):
    stored = np.lib.format.open_memmap(tmp_path / "X.npy", mode="w+", dtype=gaps.dtype, shape=gaps.shape)
    stored[:] = gaps
    fitted = clone(TOKENIZERS[0]).fit(np.load(tmp_path / "X.npy", mmap_mode="r"))
    assert_array_equal(fitted.transform(gaps), clone(TOKENIZERS[0]).fit(gaps).transform(gaps))


def test_the_loss_is_told_what_is_known(tokenizer, gaps, waves):
    """Complete series train as without masks, so that their fits keep their bits."""
    fitted = clone(tokenizer).fit(gaps)
    inputs = fitted._training_inputs(gaps)
    assert_array_equal(inputs["observed"], ~np.isnan(gaps))
    assert np.isfinite(inputs["x"].numpy()).all()
    assert list(fitted._training_inputs(waves[0])) == ["x"]


def test_generators(gaps, waves, unmoved_random_state):
    y = waves[1]
    generator = VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[0]), random_state=0).fit(gaps, y)
    assert np.isfinite(generator.sample(4, random_state=0)).all()
    filled = generator.impute(gaps, random_state=0)
    assert_array_equal(filled[~np.isnan(gaps)], gaps[~np.isnan(gaps)])
    assert np.isfinite(filled).all()
    assert np.isfinite(generator.forecast(gaps[:, :, :15], 6, random_state=0)).all()
    assert_allclose(generator.score_samples(gaps)[:10], generator.score_samples(waves[0][:10]))
    assert np.isfinite(generator.score_timepoints(gaps)).all()


def test_classifiers(gaps, waves):
    for classifier in (FCNClassifier(max_epochs=2), FineTunedClassifier(SiameseEncoder(max_epochs=2), max_epochs=2)):
        fitted = classifier.set_params(random_state=0).fit(gaps, waves[1])
        assert_array_equal(fitted.predict_proba(gaps)[:10], fitted.predict_proba(waves[0][:10]))


def test_oversampling(gaps, waves):
    X, y = gaps[5:], np.sort(waves[1])[5:]
    generator = VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[-1]))
    X_all, _ = VQOversampler(generator, random_state=0).fit_resample(X, y)
    assert_array_equal(X_all[: len(X)], X)
    assert np.isfinite(X_all[len(X) :]).all()


def test_a_channel_needs_a_known_value(tokenizer, gaps):
    fitted = clone(tokenizer).fit(gaps)
    gaps = gaps.copy()
    gaps[4, 1] = np.nan
    for method in (clone(tokenizer).fit, fitted.transform, fitted.score):
        with pytest.raises(ValueError, match="must hold a known value .* Got channel 1 of series 4 with NaN alone"):
            method(gaps)


def test_a_constant_channel_with_gaps():
    X, _ = make_waves(n_cases=20, n_channels=2, n_timepoints=16, random_state=0)
    X[:, 1] = 1e9
    X[::3, :, 4:7] = np.nan
    fitted = VQVAETokenizer(8, width=8, max_epochs=2, random_state=0).fit(X)
    assert fitted.scale_[1] == 1
    assert fitted.mean_[1] == 1e9
