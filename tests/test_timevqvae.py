"""TimeVQVAETokenizer: the bands, their streams of tokens, and generation from both."""

import numpy as np
import pytest
import torch
from conftest import SMALL
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsClassifier

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.nn.timevqvae import split_bands
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import TimeVQVAETokenizer

TINY = {**SMALL, "codebook_size": 4}


@pytest.mark.parametrize("n_fft", [2, 8, 15, 16])
@pytest.mark.parametrize("n_timepoints", [1, 2, 21, 100])
def test_bands_add_up_to_the_series(n_fft, n_timepoints):
    x = torch.randn(3, 2, n_timepoints, generator=torch.Generator().manual_seed(0))
    low, high = split_bands(x, n_fft)
    assert_allclose(low + high, x, atol=1e-5)
    level, _ = split_bands(torch.full_like(x, 3.0), n_fft)
    assert_allclose(level, 3.0, rtol=1e-5)


@pytest.mark.parametrize("period, is_low", [(64, True), (4, False)])
def test_bands_divide_the_frequencies(period, is_low):
    wave = (2 * torch.pi * torch.arange(128.0) / period).sin().view(1, 1, -1)
    low, high = (band[..., 16:-16].square().mean() for band in split_bands(wave, 16))
    assert (low > 5 * high) if is_low else (high > 5 * low)


@pytest.mark.parametrize("low_rate, high_rate, n_low, n_high", [(8, 2, 4, 15), (7, 3, 5, 10), (50, 29, 1, 1)])
def test_rates_set_the_tokens_of_each_band(low_rate, high_rate, n_low, n_high):
    X, _ = make_waves(n_cases=6, n_timepoints=29, random_state=0)
    tokenizer = TimeVQVAETokenizer(**TINY, low_rate=low_rate, high_rate=high_rate).fit(X)
    low, high = tokenizer.token_slices_
    assert (low, high) == (slice(0, n_low), slice(n_low, n_low + n_high))
    tokens = tokenizer.transform(X)
    assert tokens[:, low].max() < 4 <= tokens[:, high].min()
    assert tokenizer.codebook_slices_ == (slice(0, 4), slice(4, 8))
    for part in (low, high):
        spans = tokenizer.token_spans_[part]
        assert_array_equal(spans[1:, 0], spans[:-1, 1])
        assert (spans[0, 0], spans[-1, 1]) == (0, 29)


@pytest.mark.parametrize("n_timepoints", [1, 10, 64, 65, 500])
def test_at_most_64_tokens_by_default(n_timepoints):
    X = np.random.RandomState(0).normal(size=(4, 1, n_timepoints))
    tokenizer = TimeVQVAETokenizer(**TINY).fit(X)
    assert tokenizer.n_tokens_ <= 64
    assert tokenizer.inverse_transform(tokenizer.transform(X)).shape == X.shape


def test_a_series_is_the_sum_of_its_bands(waves):
    X, _ = waves
    tokenizer = TimeVQVAETokenizer(**TINY).fit(X)
    low, high = tokenizer.token_slices_
    first, second = tokenizer.transform(X[:2])
    mixed = np.stack([first, np.r_[first[low], second[high]], np.r_[second[low], first[high]], second])
    a, b, c, d = tokenizer.inverse_transform(mixed)
    assert_allclose(b - a, d - c, atol=1e-5)
    with pytest.raises(ValueError, match=r"in the columns 0 to 10 must lie in the range \[0, 4\)"):
        tokenizer.inverse_transform(tokenizer.transform(X)[:, ::-1])


def test_each_band_learns_its_part():
    X, _ = make_waves(n_cases=200, n_timepoints=32, random_state=0)
    tokenizer = TimeVQVAETokenizer(32, width=32, n_blocks=1, max_epochs=60, random_state=0).fit(X)
    x = torch.from_numpy(tokenizer._scaled(X))
    module = tokenizer.net_.module_
    for band, vqvae in zip(split_bands(x, 16), (module.low, module.high), strict=True):
        with torch.no_grad():
            error = (vqvae.decode(vqvae.encode(band)) - band).square().mean()
        assert error < 0.4 * band.var()
    assert -tokenizer.score(X) < 0.25 * X.var()


def test_residual_quantisers_have_streams_in_each_band(waves):
    X, _ = waves
    tokenizer = TimeVQVAETokenizer(**TINY, n_quantizers=2, low_rate=3).fit(X)
    assert [part.stop - part.start for part in tokenizer.token_slices_] == [7, 7, 21, 21]
    assert tokenizer.inverse_transform(tokenizer.transform(X)).shape == X.shape
    assert tokenizer.set_params(output="embedding").transform(X).shape == (30, 8)


def test_published_sizes():
    X, _ = make_waves(n_cases=4, n_timepoints=140, random_state=0)
    published = TimeVQVAETokenizer.published().set_params(max_epochs=1, width=8, n_blocks=1, random_state=0)
    tokenizer = published.fit(X)
    assert tokenizer.codebook_size_ == 64
    # 71 columns of the transform are halved three times and once; each column has 5 tokens.
    assert tokenizer.token_slices_ == (slice(0, 5 * 8), slice(5 * 8, 5 * 8 + 5 * 35))
    assert tokenizer.inverse_transform(tokenizer.transform(X)).shape == X.shape


@pytest.mark.parametrize(
    "params, message",
    [
        ({"n_fft": 1}, "'n_fft' parameter of TimeVQVAETokenizer .* Got 1"),
        ({"low_rate": 0}, "'low_rate' parameter of TimeVQVAETokenizer .* Got 0"),
        ({"high_rate": 1.5}, "'high_rate' parameter of TimeVQVAETokenizer .* Got 1.5"),
        ({"high_loss": "cubic"}, "'high_loss' parameter of TimeVQVAETokenizer .* Got 'cubic'"),
    ],
)
def test_bad_parameters(waves, params, message):
    with pytest.raises(ValueError, match=message):
        TimeVQVAETokenizer(**TINY, **params).fit(waves[0])


def test_generation_by_class():
    """Sines and sawtooths: samples of a class look like it to a classifier fitted on real series; gaps are filled."""
    X, y = make_waves(n_cases=200, n_timepoints=32, random_state=0)
    y = np.array(["sine", "sawtooth"])[y]
    tokenizer = TimeVQVAETokenizer(32, low_rate=4, high_rate=2, width=32, n_blocks=1, max_epochs=60)
    prior = MaskGITPrior(width=64, n_layers=2, n_heads=4, max_epochs=240)
    generator = VQGenerator(tokenizer, prior, random_state=0).fit(X, y)
    assert generator.prior_.token_slices_ == generator.tokenizer_.token_slices_
    labels = np.repeat(["sine", "sawtooth"], 50)
    samples = generator.sample(100, y=labels, random_state=0)
    real = KNeighborsClassifier(5).fit(X[:, 0], y)
    assert real.score(samples[:, 0], labels) > 0.8

    gaps = X.copy()
    gaps[:, :, 10:20] = np.nan
    filled = generator.impute(gaps[:40], y=y[:40], n_draws=4, random_state=0)
    assert np.isfinite(filled).all()
    assert (filled[..., 20:] == X[:40, :, 20:]).all()
    assert_allclose(
        generator.score_timepoints(X[:10], y[:10]).sum(axis=1), -generator.score_samples(X[:10], y[:10]), rtol=1e-6
    )
