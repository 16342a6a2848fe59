"""What stands between an encoder and a decoder: nothing, a Gaussian, or a quantiser."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sktsvq.nn.fsq import FiniteScalarQuantizer
from sktsvq.nn.precision import at_least_single
from sktsvq.nn.quantizer import EMAVectorQuantizer, Quantizer, VectorQuantizer
from sktsvq.nn.ranks import empty_batch_like, own_rows
from sktsvq.nn.residual import ResidualQuantizer


class Compressed(NamedTuple):
    """What a bottleneck without codes returns: latents (b, n, d) and a scalar loss."""

    latents: Tensor
    loss: Tensor


class IdentityBottleneck(nn.Module):
    """Lets latents pass: the bottleneck of a plain autoencoder."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, z: Tensor) -> Compressed:  # (b, n, d)
        return Compressed(z, z.new_zeros(()))

    def expected(self, z: Tensor) -> Tensor:  # (b, n, d)
        """The latents without noise."""
        return z

    def after_step(self) -> None:
        """Nothing moves."""


class GaussianBottleneck(nn.Module):
    r"""Latents of a VAE (arXiv 1312.6114), by the reparameterisation :math:`x = \mu + L \epsilon` with diagonal L.

    The loss is `kl_weight` (the beta of arXiv 1804.03599) times the Kullback-Leibler divergence from the standard
    normal distribution, :math:`\frac{1}{2} \sum_j (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)`, in nats per series. In
    evaluation the latents are the means.
    """

    def __init__(self, dim: int, *, kl_weight: float = 1.0) -> None:
        super().__init__()
        self.dim, self.kl_weight = dim, kl_weight
        self.moments = nn.Linear(dim, 2 * dim)

    def posterior(self, z: Tensor) -> tuple[Tensor, Tensor]:  # (b, n, d) -> (b, n, d), (b, n, d)
        """Means and standard deviations."""
        mean, log_variance = at_least_single(self.moments(z)).chunk(2, -1)
        return mean, (log_variance / 2).clamp(-10, 10).exp()

    def expected(self, z: Tensor) -> Tensor:  # (b, n, d)
        """The latents without noise: their means."""
        return self.posterior(z)[0]

    def forward(self, z: Tensor) -> Compressed:  # (b, n, d)
        mean, scale = self.posterior(z)
        latents = mean + scale * own_rows(torch.randn_like(empty_batch_like(mean))) if self.training else mean
        return Compressed(latents, self.kl_weight * kl_to_standard_normal(mean, scale).mean())

    def after_step(self) -> None:
        """Nothing moves."""


def kl_to_standard_normal(mean: Tensor, scale: Tensor) -> Tensor:  # (b, n, d), (b, n, d) -> (b,)
    """Divergence of diagonal Gaussians from the standard normal distribution, in nats."""
    return 0.5 * (mean.square() + scale.square() - 2 * scale.log() - 1).flatten(1).sum(1)


def log_normal(x: Tensor, mean: Tensor, scale: Tensor, observed: Tensor | None = None) -> Tensor:  # (b, ...) -> (b,)
    """Log-density of diagonal Gaussians, in nats; of the values that are `observed`, a mask, where it is given."""
    standard = (x - mean) / scale
    terms = standard.square() + 2 * scale.log() + math.log(2 * math.pi)
    return -0.5 * (terms if observed is None else terms * observed).flatten(1).sum(1)


def build_quantizer(
    *,
    quantizer: str = "euclidean",
    n_quantizers: int = 1,
    decay: float | None = 0.95,
    gradient: str = "straight_through",
    **options: Any,
) -> Quantizer:
    """The untrained quantiser that these options of the tokenizers describe.

    Parameters
    ----------
    quantizer : "euclidean", "cosine" or "fsq"
    n_quantizers : above 1 for residual quantisation
    decay : of the moving average that the codes follow; None learns them by gradient
    gradient : how it passes the codes
    **options : the other keyword arguments of `VectorQuantizer`
    """
    if quantizer == "fsq":
        return FiniteScalarQuantizer(options["codebook_size"])
    make: type[VectorQuantizer] = EMAVectorQuantizer
    if decay is None:
        make, decay = VectorQuantizer, 0.95  # of the counts alone
    options |= {"spherical": quantizer == "cosine", "decay": decay}
    if n_quantizers == 1:
        return make(gradient=gradient, **options)
    return ResidualQuantizer([make(**options) for _ in range(n_quantizers)], gradient=gradient)


BOTTLENECKS: dict[str, Callable[..., Any]] = {
    "identity": IdentityBottleneck,
    "gaussian": GaussianBottleneck,
    "quantizer": build_quantizer,
}


def build_bottleneck(*, kind: str, **options: Any) -> Any:
    """The bottleneck of this kind, a name in `BOTTLENECKS`."""
    return BOTTLENECKS[kind](**options)
