"""The noise of samples: what it is like, which series get it, and what it changes."""

import numpy as np
import pytest
from conftest import TOKENIZERS, Density
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter
from sklearn.base import clone

import sktsvq
from sktsvq._noise import fit_noise
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer


def _noisy(n_cases, n_timepoints=64, n_channels=1, seed=0):
    """Sines under an AR(1) process: the series, and the sines alone."""
    rng = np.random.RandomState(seed)
    time = np.arange(n_timepoints) + rng.uniform(0, 10, (n_cases, n_channels, 1))
    noise = lfilter([1], [1, -0.6], rng.normal(size=(n_cases, n_channels, 50 + n_timepoints)))[:, :, 50:]
    return np.sin(time / 5) + noise, np.sin(time / 5)


def _generator(**settings):
    tokenizer = VQVAETokenizer(16, width=16, max_epochs=30, random_state=0)
    return VQGenerator(tokenizer, MarkovPrior(), random_state=0, **settings)


@pytest.mark.parametrize("unit", [1.0, 1e-30, 1e30])
def test_it_has_the_spectrum_that_is_lacking(unit, unmoved_random_state):
    rng = np.random.RandomState(0)
    series, sines = (unit * np.float32(part) for part in _noisy(400))
    found = fit_noise(series, sines, n_timepoints=64, rng=rng)
    amplitude = found.amplitude / unit
    assert amplitude.shape == (1, 65)
    phase = np.pi * np.arange(65) / 64
    expected = 1 / np.abs(1 - 0.6 * np.exp(-1j * phase))
    assert_allclose(amplitude[0], expected, rtol=0.2)
    drawn = found.add_to(sines, rng).astype(np.float64) / unit
    series = series.astype(np.float64) / unit
    assert_allclose(drawn.std(axis=(0, 1)), series.std(axis=(0, 1)), rtol=0.25)  # at every time point
    pairs = [(part[:, 0, 1:] * part[:, 0, :-1]).mean() / (part**2).mean() for part in (drawn, series)]
    assert_allclose(*pairs, atol=0.03)


def test_series_that_are_drawn_well_get_none():
    rng = np.random.RandomState(0)
    X, y = make_waves(n_cases=400, n_timepoints=48, random_state=0)
    noisy = _noisy(400)[0]
    for series, drawn in ((X[:200], X[200:]), (noisy[:200], noisy[200:]), (X[:200], 0.98 * X[200:])):
        assert fit_noise(series, drawn, n_timepoints=series.shape[2], rng=rng) is None


def test_channels_and_layouts():
    rng = np.random.RandomState(0)
    series, sines = _noisy(200, n_channels=2)
    series[:, 1] = 3 * sines[:, 1]  # a channel without noise
    sines[:, 1] *= 3
    noise = fit_noise(series, sines, n_timepoints=64, rng=rng)
    assert noise.amplitude[1].max() < 0.2 < 0.5 < noise.amplitude[0].min()
    cut = [[case[:, : 40 + i % 25] for i, case in enumerate(part)] for part in (series, sines)]
    of_lists = fit_noise(*cut, n_timepoints=64, rng=rng)
    assert_allclose(of_lists.amplitude[0], noise.amplitude[0], rtol=0.3)
    drawn = of_lists.add_to(cut[1], rng)
    assert [case.shape for case in drawn] == [case.shape for case in cut[1]]
    first = [part[:, :1] for part in (series, sines)]
    flat = [part[:, 0] for part in first]
    of_first, of_flat = (fit_noise(*pair, n_timepoints=64, rng=np.random.RandomState(0)) for pair in (first, flat))
    expected = of_first.add_to(first[1], np.random.RandomState(0))[:, 0]
    for dtype in (np.float32, np.longdouble):
        drawn = of_flat.add_to(flat[1].astype(dtype), np.random.RandomState(0))
        assert (drawn.dtype, drawn.shape) == (dtype, (200, 64))
        assert_allclose(drawn, expected, atol=1e-6)


def test_values_are_those_of_real_series():
    rng = np.random.RandomState(0)
    series = rng.exponential(size=(200, 1, 64)) * (rng.uniform(size=(200, 1, 64)) < 0.3)
    drawn = series.mean() + rng.normal(0, 0.1, size=(200, 1, 64))
    noisy = fit_noise(series, drawn, n_timepoints=64, rng=rng).add_to(drawn, rng)
    assert noisy.min() == 0 and noisy.max() <= series.max()
    assert_allclose(np.mean(noisy == 0), np.mean(series == 0), atol=0.02)
    assert_allclose(noisy.std(), series.std(), rtol=0.05)


def test_samples_of_noise_are_noise(tmp_path, unmoved_random_state):
    X = _noisy(120)[0]
    generator = _generator().fit(X)
    plain = _generator(add_noise=False).fit(X)
    assert plain.noise_ is None
    smooth, samples = (one.sample(300, random_state=0) for one in (plain, generator))
    roughness = [np.diff(part).std() for part in (smooth, samples, X)]
    assert roughness[0] < 0.7 * roughness[2] and abs(roughness[1] / roughness[2] - 1) < 0.1
    assert abs(samples.std() / X.std() - 1) < 0.1
    assert_array_equal(generator.sample_tokens(9, random_state=1), plain.sample_tokens(9, random_state=1))
    generator.save(tmp_path / "generator.sktsvq")
    for other in (sktsvq.load(tmp_path / "generator.sktsvq"), _generator().fit(X)):
        assert_array_equal(other.sample(300, random_state=0), samples)
    assert not np.array_equal(generator.sample(5), generator.sample(5))
    assert not np.array_equal(samples[:5], samples[5:10])


def test_no_class_is_made_worse():
    rng = np.random.RandomState(0)
    y = np.arange(120) % 2
    sines = np.sin(np.arange(64) / 8 + rng.uniform(0, 6, (120, 1)))
    X = np.where((y == 0)[:, np.newaxis], rng.normal(size=(120, 64)), sines)
    drawn = np.where((y == 0)[:, np.newaxis], 0.3 * X, X)
    settings = {"n_timepoints": 64, "rng": rng}
    assert fit_noise(X, drawn, (y, y), **settings) is None
    assert fit_noise(X[y == 0], drawn[y == 0], (y[y == 0], y[y == 0]), **settings) is not None
    assert _generator().fit(X, y).noise_ is None


@pytest.mark.parametrize("n_candidates", [1, 4])
def test_noise_fills_up_what_chosen_samples_lack(n_candidates):
    X = np.random.RandomState(1).normal(size=(150, 1, 64))
    samples = _generator(n_candidates=n_candidates, add_noise=True).fit(X).sample(300, random_state=0)
    assert_allclose(np.diff(samples).std(), np.diff(X).std(), rtol=0.03)
    assert_allclose(samples.std(), X.std(), rtol=0.02)


@pytest.mark.parametrize("gaps", [False, True])
def test_lists_and_gaps(gaps):
    X = _noisy(60)[0]
    if gaps:
        X[::3, :, 10:14] = np.nan
    X = [case[:, : 64 - i % 9] for i, case in enumerate(X)]
    drawn = _generator().fit(X).sample(20, random_state=0)
    assert np.mean([np.diff(case).std() for case in drawn]) > 0.8


def test_it_can_be_asked_for():
    X, y = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    generator = _generator(add_noise=True).fit(X, y)
    assert generator.noise_.amplitude.shape == (1, 33)
    assert (generator.n_candidates_, generator.discriminator_) == (1, None)


def test_priors_of_other_packages_get_noise_when_asked():
    X = _noisy(40)[0]
    for add_noise, has_noise in (("auto", False), (np.True_, True)):
        generator = VQGenerator(clone(TOKENIZERS[0]), Density(), add_noise=add_noise, random_state=0).fit(X)
        assert (generator.noise_ is not None) is has_noise
        assert generator.sample(3, random_state=0).shape == (3, 1, 64)


@pytest.mark.parametrize("add_noise", [-1, "some", None])
def test_mistakes_are_told(add_noise):
    with pytest.raises(ValueError, match="'add_noise' parameter of VQGenerator must be"):
        _generator(add_noise=add_noise).fit(_noisy(10)[0])
