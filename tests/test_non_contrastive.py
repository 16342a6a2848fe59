"""Self-supervised losses against float64 sums written from the papers' equations; whitening and monitors by meaning."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sktsvq.nn.non_contrastive import (
    IterativeNorm,
    Projector,
    barlow_twins_loss,
    effective_rank,
    embedding_std,
    vibcreg_loss,
    vicreg_loss,
)

LOSSES = [barlow_twins_loss, vicreg_loss, vibcreg_loss]


def barlow_twins(z, w, redundancy_weight=0.005):
    total = 0.0
    for i in range(z.shape[1]):
        for j in range(z.shape[1]):
            u, v = z[:, i] - z[:, i].mean(), w[:, j] - w[:, j].mean()
            correlation = np.mean(u * v) / np.sqrt((np.mean(u**2) + 1e-5) * (np.mean(v**2) + 1e-5))
            total += (1 - correlation) ** 2 if i == j else redundancy_weight * correlation**2
    return total / z.shape[1]


def hinge(z):
    return np.mean([max(0.0, 1 - np.sqrt(np.var(column, ddof=1) + 1e-4)) for column in z.T])


def off_diagonal(matrix):
    return sum(value**2 for (i, j), value in np.ndenumerate(matrix) if i != j)


def vicreg(z, w, invariance_weight=25, variance_weight=25, covariance_weight=1):
    covariance = (off_diagonal(np.cov(z.T)) + off_diagonal(np.cov(w.T))) / z.shape[1]
    variance = (hinge(z) + hinge(w)) / 2
    return invariance_weight * np.mean((z - w) ** 2) + variance_weight * variance + covariance_weight * covariance


def vibcreg(z, w, invariance_weight=25, variance_weight=25, covariance_weight=100):
    covariance = (off_diagonal(np.corrcoef(z.T)) + off_diagonal(np.corrcoef(w.T))) / z.shape[1] ** 2
    variance = (hinge(z) + hinge(w)) / 2
    return invariance_weight * np.mean((z - w) ** 2) + variance_weight * variance + covariance_weight * covariance


REFERENCES = [
    (barlow_twins_loss, barlow_twins, {"redundancy_weight": 0.5}),
    (vicreg_loss, vicreg, {"invariance_weight": 1, "variance_weight": 2, "covariance_weight": 30}),
    (vibcreg_loss, vibcreg, {"invariance_weight": 1, "variance_weight": 2, "covariance_weight": 30}),
]


def two_views(b=20, d=7, scale=0.7):
    """Correlated columns, of which some have less and some more than unit variance."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(b, d)) @ rng.normal(size=(d, d)) * scale * np.linspace(0.1, 2, d) + 3
    return z, z + 0.3 * rng.normal(size=(b, d))


def orthonormal(b, d, seed=0):
    """Columns of mean 0, unit variance and no correlation."""
    torch.manual_seed(seed)
    z = torch.randn(b, d, dtype=torch.float64)
    return (torch.linalg.qr(z - z.mean(0)).Q * b**0.5).float()


@pytest.mark.parametrize("loss, reference, weights", REFERENCES, ids=lambda value: getattr(value, "__name__", None))
def test_losses_equal_the_papers_equations(loss, reference, weights):
    z, w = two_views()
    for given in [{}, weights]:
        assert_allclose(loss(torch.tensor(z), torch.tensor(w), **given), reference(z, w, **given), rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_reach_both_views_even_when_collapsed(loss):
    for z, w in [two_views(), (np.ones((4, 3)), np.zeros((4, 3)))]:
        z, w = torch.tensor(z, requires_grad=True), torch.tensor(w, requires_grad=True)
        loss(z, w).backward()
        assert z.grad.isfinite().all() and w.grad.isfinite().all()
    z, w = (torch.tensor(view, requires_grad=True) for view in two_views())
    loss(z, w).backward()
    assert z.grad.norm() > 0 and w.grad.norm() > 0


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_compute_in_float32_under_autocast(loss):
    z, w = (torch.tensor(view, dtype=torch.float32) for view in two_views())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(z, w)
    assert value.dtype == torch.float32
    assert_allclose(value, loss(z, w))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_vanish_on_equal_decorrelated_views(loss):
    z = orthonormal(40, 6)
    assert loss(z, z) < 1e-4
    assert loss(z, z.flip(1)) > 0.5


def test_vibcreg_covariance_ignores_scale():
    z, w = (torch.tensor(view) for view in two_views())
    only = {"invariance_weight": 0, "variance_weight": 0}
    assert_allclose(vibcreg_loss(z, w, **only), vibcreg_loss(100 * z, 100 * w, **only), rtol=1e-5)


class TestIterativeNorm:
    @pytest.mark.parametrize("dim, group_size", [(8, 8), (8, 64), (12, 4), (7, 3)])
    def test_whitens_every_group(self, dim, group_size):
        torch.manual_seed(0)
        z = torch.randn(500, dim) @ (torch.eye(dim) + 0.1 * torch.randn(dim, dim)) + 5
        norm = IterativeNorm(dim, group_size=group_size)
        white = norm(z)
        assert white.shape == z.shape
        assert_allclose(white.mean(0).detach(), 0, atol=1e-4)
        for group in white.detach().split(norm.group_size, dim=1):
            assert_allclose(np.atleast_2d(np.cov(group.T)), np.eye(group.shape[1]), atol=0.05)

    @pytest.mark.parametrize("dim", [256, 251])
    def test_a_default_batch_is_whitened(self, dim):
        """64 rows and a projector of 256 columns, or of a prime number of them."""
        torch.manual_seed(0)
        z = torch.randn(64, dim) @ (torch.eye(dim) + 0.2 * torch.randn(dim, dim))
        white = IterativeNorm(dim)(z).detach()
        assert white.var(0).mean() > 0.85  # 0.43 in groups of 64
        group = np.cov(white[:, :16].T)
        assert np.abs(group - np.diag(np.diag(group))).mean() < 0.04

    def test_more_iterations_whiten_ill_conditioned_batches(self):
        z = orthonormal(200, 4) * torch.tensor([10.0, 1.0, 0.5, 0.2])
        few, many = (np.cov(IterativeNorm(4, n_iterations=n)(z).detach().T) for n in (5, 20))
        assert few[3, 3] < 0.5
        assert_allclose(many, np.eye(4), atol=0.01)

    def test_evaluation_uses_the_moving_averages(self):
        torch.manual_seed(0)
        mixing = torch.eye(4) + 0.2 * torch.randn(4, 4)
        norm = IterativeNorm(4)
        for _ in range(60):
            norm(torch.randn(300, 4) @ mixing + 2)
        norm.eval()
        before = {name: value.clone() for name, value in norm.state_dict().items()}
        z = torch.randn(300, 4) @ mixing + 2
        white = norm(z).detach()
        assert_allclose(np.cov(white.T), np.eye(4), atol=0.25)
        assert_allclose(norm(z[:1]).detach(), white[:1], rtol=1e-4, atol=1e-5)  # does not depend on the batch
        assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())

    def test_gradient_is_that_of_the_batch_statistics(self):
        torch.manual_seed(0)
        norm = IterativeNorm(3, n_iterations=3)
        z = torch.randn(6, 3, requires_grad=True)
        weights = torch.randn(6, 3)
        (norm(z) * weights).sum().backward()
        step = 1e-2 * torch.randn(6, 3)
        with torch.no_grad():
            numeric = ((norm(z + step) - norm(z - step)) * weights).sum() / 2
        assert_allclose((z.grad * step).sum(), numeric, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("iterative_norm", [False, True])
def test_projector(n_layers, iterative_norm):
    projector = Projector(5, 16, n_layers=n_layers, iterative_norm=iterative_norm)
    kinds = [type(layer).__name__ for layer in projector]
    expected = ["Linear", "BatchNorm1d", "ReLU"] * (n_layers - 1) + ["Linear"] + ["IterativeNorm"] * iterative_norm
    assert kinds == expected
    assert projector(torch.randn(9, 5)).shape == (9, 16)


class TestMonitors:
    def test_embedding_std(self):
        torch.manual_seed(0)
        assert_allclose(embedding_std(torch.randn(2000, 16)), 1, atol=0.02)
        assert embedding_std(torch.ones(5, 16)) < 1e-6
        assert embedding_std(torch.ones(1, 16)) == 0

    def test_effective_rank(self):
        assert_allclose(effective_rank(orthonormal(40, 6)), 6, rtol=1e-4)
        assert_allclose(effective_rank(torch.ones(40, 6)), 1, atol=1e-3)
        assert effective_rank(torch.zeros(4, 3)) == 1
        singular_values = np.array([3.0, 1.0])
        shares = singular_values / singular_values.sum()
        z = torch.diag(torch.tensor(singular_values))
        assert_allclose(effective_rank(z), np.exp(-np.sum(shares * np.log(shares))), rtol=1e-5)

    @pytest.mark.parametrize("value", [torch.nan, torch.inf])
    def test_effective_rank_of_diverged_projections_is_nan(self, value):
        """The training loop stops by the loss; a monitor must not raise a LinAlgError before."""
        z = orthonormal(40, 6)
        z[3, 2] = value
        assert effective_rank(z).isnan()
