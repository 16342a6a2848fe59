"""The VAE: its bound and its gradient by the equations, its samples, and what a class changes."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier

import sktsvq
from sktsvq.benchmark import autoencoders
from sktsvq.datasets import make_waves
from sktsvq.generator import sample_series
from sktsvq.metrics import evaluate
from sktsvq.nn.bottlenecks import GaussianBottleneck
from sktsvq.representation import Autoencoder, VariationalAutoencoder
from sktsvq.representation._vae import _N_DRAWS

SMALL = {"latent_dim": 3, "width": 8, "n_blocks": 1, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def conditional(waves):
    return VariationalAutoencoder(**SMALL, conditional=True).fit(*waves)


def bound_by_hand(vae, X, label=None):
    """E[log p(x | z)] - KL(q(z | x) || N(0, I)) in float64, in the units of X."""
    module = vae.module_
    x = torch.from_numpy(vae._scaled(X))
    with torch.no_grad():
        moments = module.bottleneck.moments(module.compress(x))[:, 0].double().numpy()
        mean, scale = moments[:, :3], np.exp(moments[:, 3:] / 2)
        noise = np.random.RandomState(0).normal(size=(_N_DRAWS, 3))
        sigma, likelihood = float(module.scale), 0.0
        for draw in noise:
            z = torch.from_numpy((mean + scale * draw).astype("f4"))
            labels = None if label is None else torch.full((len(X),), label)
            error = x.double().numpy() - module.decode(z, labels).double().numpy()
            density = np.exp(-(error**2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
            likelihood = likelihood + np.log(density).sum(axis=(1, 2)) / _N_DRAWS
    divergence = (np.square(mean) + np.square(scale) - np.log(np.square(scale)) - 1).sum(axis=1) / 2
    return likelihood - divergence - X.shape[2] * np.log(vae.scale_).sum()


def test_score_samples_is_the_bound(waves):
    X, _ = waves
    vae = VariationalAutoencoder(**SMALL).fit(X)
    assert_allclose(vae.score_samples(X), bound_by_hand(vae, X), rtol=1e-5)
    assert_allclose(vae.score(X), vae.score_samples(X).mean())


def test_the_loss_is_minus_the_bound_per_value(waves):
    X, _ = waves
    vae = VariationalAutoencoder(**SMALL, kl_weight=0.7).fit(X)
    module, x = vae.module_.double(), torch.from_numpy(vae._scaled(X)).double()
    with torch.no_grad():
        moments = module.bottleneck.moments(module.compress(x))[:, 0].numpy()
        mean, scale = moments[:, :3], np.exp(moments[:, 3:] / 2)
        sigma, n_values = float(module.scale), x[0].numel()
        error = x.numpy() - module.decode(torch.from_numpy(mean)).numpy()
        likelihood = -(error**2) / (2 * sigma**2) - np.log(sigma) - np.log(2 * np.pi) / 2
        divergence = (mean**2 + scale**2 - np.log(scale**2) - 1).sum(axis=1) / 2
        expected = (-likelihood.sum(axis=(1, 2)) + 0.7 * divergence).mean() / n_values
        assert_allclose(module(x).loss.item(), expected, rtol=1e-6)


def test_the_gradient_passes_the_noise():
    """z = mu + L eps: d f(z) / d mu = f'(z), d f(z) / d L = f'(z) eps, with diagonal L = exp(log variance / 2)."""
    torch.manual_seed(0)
    bottleneck = GaussianBottleneck(2, kl_weight=0.0).double()
    moments = torch.randn(5, 1, 4, dtype=torch.float64, requires_grad=True)
    bottleneck.moments = torch.nn.Identity()
    z = bottleneck(moments).latents
    (z**3).sum().backward()
    mean, scale = moments.detach().numpy()[..., :2], np.exp(moments.detach().numpy()[..., 2:] / 2)
    noise = (z.detach().numpy() - mean) / scale
    slope = 3 * (mean + scale * noise) ** 2
    assert_allclose(moments.grad[..., :2], slope, rtol=1e-9)
    assert_allclose(moments.grad[..., 2:], slope * noise * scale / 2, rtol=1e-9)


def test_without_labels_the_bound_is_that_of_the_mixture(conditional, waves):
    X, y = waves
    by_class = [conditional.score_samples(X, [label] * len(X)) for label in "abc"]
    mixture = logsumexp(np.stack(by_class, axis=1), b=conditional.class_prior_, axis=1)
    assert_allclose(conditional.score_samples(X), mixture)
    assert_allclose(by_class[1], bound_by_hand(conditional, X, label=1), rtol=1e-5)
    assert_allclose(conditional.score(X, y), conditional.score_samples(X, y).mean())


def test_samples_are_decoded_draws_of_the_prior(waves):
    X, _ = waves
    vae = VariationalAutoencoder(**SMALL).fit(X)
    drawn = sample_series(vae, 4, random_state=0)
    assert drawn.shape == (4, 2, 21)
    assert_array_equal(vae.sample(4, random_state=0), drawn)
    assert not np.array_equal(vae.sample(4), vae.sample(4))
    rng = np.random.RandomState(np.random.RandomState(0).randint(np.iinfo(np.int32).max))
    assert_array_equal(vae.inverse_transform(rng.normal(size=(4, 3))), drawn)
    assert vae.classes_ is None
    with pytest.raises(ValueError, match="fitted without labels"):
        vae.sample(4, y=["a"] * 4)


def test_classes_reach_the_decoder(waves, tmp_path):
    """Classes that differ in level alone, which the decoder must take from the label."""
    rng = np.random.RandomState(0)
    y = np.repeat(["low", "high"], 40)
    X = rng.normal(scale=0.1, size=(80, 1, 12)) + np.where(y == "high", 3.0, -3.0)[:, np.newaxis, np.newaxis]
    vae = VariationalAutoencoder(2, width=8, n_blocks=1, conditional=True, max_epochs=150, random_state=0).fit(X, y)
    drawn = vae.sample(60, y=["low"] * 30 + ["high"] * 30, random_state=0)
    assert drawn[30:].mean() - drawn[:30].mean() > 5
    assert abs(vae.sample(2, y="high", random_state=0).mean() - 3) < 0.5
    assert (vae.score_samples(X, y) > vae.score_samples(X, y[::-1])).all()
    assert 0.05 < vae.noise_scale_ * vae.scale_[0] < 0.3
    vae.save(tmp_path / "vae.sktsvq")
    loaded = sktsvq.load(tmp_path / "vae.sktsvq")
    assert_array_equal(loaded.sample(9, random_state=0), vae.sample(9, random_state=0))


def test_a_conditional_vae_needs_labels(conditional, waves):
    X, y = waves
    with pytest.raises(ValueError, match="requires y to be passed"):
        clone(conditional).fit(X)
    with pytest.raises(ValueError, match="must be labels with conditional=True"):
        conditional.inverse_transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="must hold labels that VariationalAutoencoder saw in fit"):
        conditional.sample(2, y=["a", "d"])
    with pytest.raises(ValueError, match="must have 3 columns"):
        conditional.inverse_transform(np.zeros((2, 4)), y=["a", "b"])
    assert conditional.inverse_transform(np.zeros((2, 3)), y=["a", "b"]).shape == (2, 2, 21)


def test_kl_weight_draws_latents_to_the_prior(waves):
    X, _ = waves
    sizes = []
    for kl_weight in (0.0, 30.0):
        vae = VariationalAutoencoder(**{**SMALL, "max_epochs": 100}, kl_weight=kl_weight).fit(X)
        sizes.append(np.square(vae.transform(X)).mean())
    assert sizes[1] < 0.1 * sizes[0]


def test_an_autoencoder_reconstructs():
    X, _ = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    fitted = Autoencoder(8, width=32, max_epochs=200, random_state=0).fit(X)
    assert -fitted.score(X) < 0.3 * X.var()
    error = np.square(X - fitted.inverse_transform(fitted.transform(X))).mean()
    assert_allclose(-fitted.score(X), error, rtol=1e-6)
    assert fitted.inverse_transform(fitted.transform(X)).dtype == X.dtype


def test_an_autoencoder_samples_by_the_moments_of_its_latents(waves, tmp_path):
    X, _ = waves
    fitted = Autoencoder(3, width=8, n_blocks=1, max_epochs=20, random_state=0).fit(X)
    Z = fitted.transform(X)
    assert_allclose(fitted.latent_mean_, Z.mean(axis=0), atol=1e-5)
    assert_allclose(fitted.latent_covariance_, np.cov(Z.T, ddof=0), atol=1e-5)
    drawn = sample_series(fitted, 4, random_state=0)
    assert drawn.shape == (4, 2, 21)
    assert not np.array_equal(fitted.sample(4), fitted.sample(4))
    fitted.save(tmp_path / "autoencoder.sktsvq")
    assert_array_equal(sktsvq.load(tmp_path / "autoencoder.sktsvq").sample(4, random_state=0), drawn)
    # A latent vector without variance decodes to one series, that of the mean.
    fitted.latent_covariance_ = np.zeros((3, 3))
    mean = fitted.inverse_transform(fitted.latent_mean_[np.newaxis])
    assert_allclose(fitted.sample(2, random_state=0), np.repeat(mean, 2, axis=0), rtol=1e-5)
    with pytest.raises(ValueError, match="y of Autoencoder.sample must be None: it knows no classes"):
        fitted.sample(2, y=["a", "b"])


@pytest.mark.slow
def test_autoencoders_and_generators_stand_in_one_table(monkeypatch, capsys):
    parts = {split: make_waves(40, n_timepoints=24, random_state=i) for i, split in enumerate(("train", "test"))}
    monkeypatch.setattr(autoencoders, "load_ucr", lambda name, split, data_dir: parts[split])
    autoencoders.main(["Waves", "--max-epochs", "2"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1] for row in rows] == ["Autoencoder", "VariationalAutoencoder", "VQGenerator", "real series"]
    assert np.isfinite([[float(value) for value in row[3:]] for row in rows]).all()


def test_evaluate_takes_a_vae():
    X, y = make_waves(n_cases=80, n_timepoints=32, random_state=0)
    vae = VariationalAutoencoder(**SMALL, conditional=True).fit(X[:40], y[:40])
    table = evaluate(vae, X[:40], y[:40], X[40:], y[40:], classifier=KNeighborsClassifier(1), n_resamples=2)
    assert np.isfinite(table.loc[["frechet_distance", "conditional_accuracy"], "value"]).all()
