"""Autoencoders whose bottleneck is one vector a series: a plain one and a variational one."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.autoencoder import Autoencoder, AutoencoderOutput
from sktsvq.nn.bottlenecks import kl_to_standard_normal, log_normal
from sktsvq.nn.precision import at_least_single
from sktsvq.nn.ranks import own_rows, part_of_loss, takes_own_rows


class VectorAutoencoder(Autoencoder):
    """An autoencoder that squeezes the latents of all positions into one vector, of the bottleneck's dimension.

    Parameters
    ----------
    n_positions : positions of the encoder
    n_classes : classes that the decoder is told, 0 without labels
    **autoencoder : keyword arguments of `Autoencoder`
    """

    def __init__(self, *, n_positions: int, n_classes: int = 0, **autoencoder: Any) -> None:
        super().__init__(**autoencoder)
        self.n_positions, self.n_classes = n_positions, n_classes
        dim = self.bottleneck.dim
        self.squeeze = nn.Linear(n_positions * dim, dim)
        self.expand = nn.Linear(dim + n_classes, n_positions * dim)

    def compress(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, 1, d)
        """What enters the bottleneck."""
        return self.squeeze(self.encoder(x).flatten(1)).unsqueeze(1)

    def embed(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, d)
        """The vector, without noise; lengths change nothing, since it holds all positions."""
        return self.bottleneck.expected(self.compress(x)).squeeze(1)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:  # (b, d), (b,) -> (b, c, t)
        if self.n_classes:
            if labels is None:
                raise ValueError("A decoder that is told classes needs labels.")
            z = torch.cat([z, F.one_hot(labels, self.n_classes).to(z.dtype)], 1)
        return self.decoder(
            at_least_single(self.expand(z)).unflatten(1, (self.n_positions, -1))
        )  # autocast rounds it again

    @takes_own_rows
    def forward(self, x: Tensor, observed: Tensor | None = None, labels: Tensor | None = None) -> AutoencoderOutput:
        """(b, c, t), (b, c, t) of bool, (b,)"""
        x, observed = own_rows(x), None if observed is None else own_rows(observed)
        labels = None if labels is None else own_rows(labels)
        compressed = self.bottleneck(self.compress(x))
        reconstruction = at_least_single(self.decode(compressed.latents.squeeze(1), labels))
        loss = self.reconstruction_loss(reconstruction, x, observed) + compressed.loss
        return AutoencoderOutput(part_of_loss(loss), reconstruction)

    def monitor(
        self, output: AutoencoderOutput, x: Tensor, observed: Tensor | None = None, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        return super().monitor(output, x, observed)


class VectorVAE(VectorAutoencoder):
    r"""A VAE (arXiv 1312.6114) with one latent vector and a decoder whose standard deviation is learnt.

    The loss is minus the evidence lower bound per value of a series, :math:`-\log p(x | z) + \beta \,
    \mathrm{KL}(q(z | x) \| N(0, I))` over the number of values, with :math:`p(x | z) = N(\hat x(z), \sigma^2 I)` and
    one learnt :math:`\sigma` (arXiv 2006.13202), plus the weighted spectral error. The `kl_weight` of the bottleneck
    is :math:`\beta` over the number of values.
    """

    # A perfect reconstruction has an unbounded likelihood.
    _LEAST_LOG_SCALE = -6.0
    # The one number that must go far: it moves so many times as fast as the weights.
    _SPEED = 10.0

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.time_error = self._scaled_error

    @property
    def scale(self) -> Tensor:
        """Standard deviation of a value given its latent vector."""
        return (self._SPEED * self.log_scale).clamp(min=self._LEAST_LOG_SCALE).exp()

    def _scaled_error(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        return F.mse_loss(reconstruction, x) / (2 * self.scale.square())

    def reconstruction_loss(self, reconstruction: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Minus the log-likelihood per observed value, and the weighted error in time and frequency."""
        return super().reconstruction_loss(reconstruction, x, observed) + self.scale.log() + math.log(2 * math.pi) / 2

    def elbo(self, x: Tensor, observed: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """(b, c, t), (b, c, t) of bool, (m, d), (b,) -> (b,)

        Evidence lower bound of the observed values of each series in nats; the likelihood is averaged over the m draws
        `noise`.
        """
        mean, scale = self.bottleneck.posterior(self.compress(x))  # (b, 1, d)
        likelihood = torch.zeros_like(mean[:, 0, 0])
        for draw in noise:
            reconstruction = self.decode((mean + scale * draw).squeeze(1).to(x.dtype), labels)
            likelihood = likelihood + log_normal(x, reconstruction, self.scale.expand_as(x), observed)
        return likelihood / len(noise) - kl_to_standard_normal(mean, scale)
