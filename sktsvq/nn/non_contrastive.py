"""Non-contrastive self-supervision: losses on two batches of projections, their projector, and monitors of collapse.

z and w are projections (b, d) of two views of the same b series, row by row; b is at least 2. Everything is computed
in float32, also under autocast (sums over a batch lose too much in half precision), or in float64 where it is given.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.precision import at_least_single


def barlow_twins_loss(z: Tensor, w: Tensor, *, redundancy_weight: float = 0.005) -> Tensor:  # (b, d), (b, d) -> ()
    r"""Barlow Twins (arXiv 2103.03230, equations 1 and 2), divided by the width d as in NC-VQVAE.

    :math:`\frac{1}{d} \left[\sum_i (1 - C_{ii})^2 + \lambda \sum_{i \ne j} C_{ij}^2\right]`, where C (d, d) is the
    correlation over the batch of the columns of z with those of w and :math:`\lambda` is `redundancy_weight`.
    """
    with torch.autocast(z.device.type, enabled=False):
        correlation = _standardize(at_least_single(z)).T @ _standardize(at_least_single(w)) / len(z)  # (d, d)
        invariance = (1 - correlation.diagonal()).square().sum()
        redundancy = _off_diagonal(correlation).square().sum()
        return (invariance + redundancy_weight * redundancy) / z.shape[1]


def vicreg_loss(
    z: Tensor,  # (b, d)
    w: Tensor,  # (b, d)
    *,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
) -> Tensor:  # ()
    r"""VICReg (arXiv 2105.04906, equations 1 to 6): the weighted sum of three terms.

    Invariance is the mean squared difference of z and w. Variance, averaged over z and w as in the authors' code
    (the paper adds), is :math:`v(z) = \frac{1}{d} \sum_j \max(0, 1 - \sqrt{\mathrm{Var}(z_j) + 10^{-4}})`. Covariance,
    added over z and w, is :math:`c(z) = \frac{1}{d} \sum_{i \ne j} \mathrm{Cov}(z)_{ij}^2`. Both divide by b - 1.
    """
    with torch.autocast(z.device.type, enabled=False):
        z, w = at_least_single(z), at_least_single(w)
        covariance = (_covariance_term(z) + _covariance_term(w)) / z.shape[1]
        return (
            invariance_weight * F.mse_loss(z, w)
            + variance_weight * (_variance_term(z) + _variance_term(w)) / 2
            + covariance_weight * covariance
        )


def vibcreg_loss(
    z: Tensor,  # (b, d)
    w: Tensor,  # (b, d)
    *,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 100.0,
) -> Tensor:  # ()
    r"""VIbCReg (arXiv 2109.00783): VICReg with a covariance term whose range depends on neither scale nor width.

    The columns of z are centred and divided by their l2 norm, so that R = z^T z holds correlations; the term is
    :math:`c(z) = \frac{1}{d^2} \sum_{i \ne j} R_{ij}^2`, added over z and w. Invariance and variance are those of
    `vicreg_loss`; the authors' code adds the variances of z and w where this one averages them.
    """
    with torch.autocast(z.device.type, enabled=False):
        z, w = at_least_single(z), at_least_single(w)
        covariance = (_correlation_term(z) + _correlation_term(w)) / z.shape[1] ** 2
        return (
            invariance_weight * F.mse_loss(z, w)
            + variance_weight * (_variance_term(z) + _variance_term(w)) / 2
            + covariance_weight * covariance
        )


def _standardize(z: Tensor) -> Tensor:
    """Columns of mean 0 and variance 1 over the batch, as a BatchNorm without affine map makes them."""
    variance, mean = torch.var_mean(z, 0, correction=0)
    return (z - mean) * (variance + 1e-5).rsqrt()


def _variance_term(z: Tensor) -> Tensor:
    return F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean()


def _covariance_term(z: Tensor) -> Tensor:
    z = z - z.mean(0)
    return _off_diagonal(z.T @ z / (len(z) - 1)).square().sum()


def _correlation_term(z: Tensor) -> Tensor:
    z = F.normalize(z - z.mean(0), dim=0)
    return _off_diagonal(z.T @ z).square().sum()


def _off_diagonal(matrix: Tensor) -> Tensor:
    # Not total minus diagonal: where the columns are nearly uncorrelated that difference of squares loses its digits.
    return matrix - matrix.diagonal().diag()


class IterativeNorm(nn.Module):
    r"""Whitening over the batch by Newton's iteration (IterNorm, arXiv 1904.03441, algorithm 1).

    With :math:`\Sigma_N = \Sigma / \mathrm{tr}\,\Sigma` and :math:`P_0 = I`, each step is
    :math:`P_k = \frac{1}{2} (3 P_{k-1} - P_{k-1}^3 \Sigma_N)`, and :math:`P_T / \sqrt{\mathrm{tr}\,\Sigma}` tends to
    :math:`\Sigma^{-1/2}`. Few steps whiten the large directions and leave the small, noisy ones alone. In evaluation
    moving averages of the mean and of the whitening matrix take the place of the batch's.

    The columns are whitened in groups of `group_size`; zeros fill the last group. A batch needs some rows a column to
    whiten a group, about four in the paper.
    """

    running_mean: Tensor
    running_whitening: Tensor

    def __init__(
        self, dim: int, *, n_iterations: int = 5, group_size: int = 16, momentum: float = 0.1, eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.n_iterations, self.momentum, self.eps = n_iterations, momentum, eps
        self.group_size = min(group_size, dim)
        self.n_padding = -dim % self.group_size
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        n_groups = (dim + self.n_padding) // self.group_size
        self.register_buffer("running_mean", torch.zeros(n_groups, 1, self.group_size))
        self.register_buffer("running_whitening", torch.eye(self.group_size).repeat(n_groups, 1, 1))

    def forward(self, z: Tensor) -> Tensor:  # (b, d) -> (b, d)
        with torch.autocast(z.device.type, enabled=False):
            padded = F.pad(z.float(), (0, self.n_padding))
            grouped = padded.unflatten(1, (-1, self.group_size)).transpose(0, 1)  # (groups, b, size)
            mean, whitening = self.running_mean, self.running_whitening
            if self.training:
                mean = grouped.mean(1, keepdim=True)
                whitening = self._whitening(grouped - mean)  # (groups, size, size)
                with torch.no_grad():
                    self.running_mean.lerp_(mean, self.momentum)
                    self.running_whitening.lerp_(whitening, self.momentum)
            white = ((grouped - mean) @ whitening).transpose(0, 1).flatten(1)[:, : z.shape[1]]
            return white * self.weight + self.bias

    def _whitening(self, centred: Tensor) -> Tensor:  # (groups, b, size) -> (groups, size, size)
        identity = torch.eye(self.group_size, device=centred.device)
        covariance = centred.mT @ centred / centred.shape[1] + self.eps * identity
        trace = covariance.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
        # P_k as a product with Q_k = P_k Sigma_N: the same numbers, but rounding errors do not grow with the steps.
        p, q = identity.expand_as(covariance), covariance / trace
        for _ in range(self.n_iterations):
            step = 1.5 * identity - 0.5 * p @ q
            p, q = step @ p, q @ step
        return p * trace.rsqrt()


class Projector(nn.Sequential):
    """(b, in_dim) -> (b, dim): `n_layers` linear layers of width dim, BatchNorm and ReLU after all but the last.

    Three layers are the projector of Barlow Twins and VICReg; `iterative_norm` after the last makes it VIbCReg's.
    """

    def __init__(self, in_dim: int, dim: int, *, n_layers: int = 3, iterative_norm: bool = False) -> None:
        *hidden, last = [in_dim] + [dim] * (n_layers - 1)  # widths of what enters each layer
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(width, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU()]
        layers.append(nn.Linear(last, dim))
        if iterative_norm:
            layers.append(IterativeNorm(dim))
        super().__init__(*layers)


@torch.no_grad()
def embedding_std(z: Tensor) -> Tensor:  # (b, d) -> ()
    """Spread of the directions of z (after SimSiam, arXiv 2011.10566, figure 2): about 1 if isotropic, 0 if collapsed.

    Rows are divided by their l2 norm; the standard deviations of the columns are averaged and multiplied by sqrt(d).
    """
    return F.normalize(z.float(), dim=1).std(0, correction=0).mean() * z.shape[1] ** 0.5


@torch.no_grad()
def effective_rank(z: Tensor) -> Tensor:  # (b, d) -> ()
    r"""How many directions z fills (Roy and Vetterli 2007; RankMe, arXiv 2210.02885): 1 to min(b, d).

    :math:`\exp(-\sum_k p_k \log p_k)` with :math:`p_k = \sigma_k / \sum_l \sigma_l` and :math:`\sigma` the singular
    values of z as it is, not centred: rows around one far point have rank about 1.
    """
    z = z.float()
    if not z.isfinite().all():
        return z.new_tensor(torch.nan)
    singular_values = torch.linalg.svdvals(z)
    shares = singular_values / singular_values.sum().clamp(min=torch.finfo(torch.float32).tiny)
    return torch.special.entr(shares).sum().exp()
