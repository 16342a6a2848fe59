"""Vector quantisers: continuous latents to the nearest of `codebook_size` codes, and back."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Quantized(NamedTuple):
    """What a quantiser returns: latents (b, d, n), indices (b, n) and a scalar loss."""

    latents: Tensor
    indices: Tensor
    loss: Tensor


class VectorQuantizer(nn.Module):
    r"""Nearest-code quantiser with a straight-through gradient (arXiv 1711.00937, equations 1 to 3).

    The loss is :math:`\beta \|z - \mathrm{sg}[e]\|^2`, and without `decay` also the codebook loss
    :math:`\|\mathrm{sg}[z] - e\|^2`. With `decay` the codes follow the exponential moving average of the latents
    that chose them (appendix A.1), and a code that fewer than `dead_threshold` latents a batch choose on average is
    moved onto a random latent of the batch.
    """

    def __init__(
        self,
        codebook_size: int,
        codebook_dim: int,
        *,
        beta: float = 0.25,
        decay: float | None = 0.95,
        dead_threshold: float = 0.1,
    ) -> None:
        super().__init__()
        self.beta, self.decay, self.dead_threshold = beta, decay, dead_threshold
        codebook = torch.randn(codebook_size, codebook_dim)
        if decay is None:
            self.codebook = nn.Parameter(codebook)
        else:
            self.register_buffer("codebook", codebook)
            self.register_buffer("counts", torch.ones(codebook_size))
            self.register_buffer("sums", codebook.clone())

    def initialize(self, codebook: Tensor) -> None:
        """Start from these codes (k, d)."""
        with torch.no_grad():
            self.codebook.copy_(codebook)
            if self.decay is not None:
                self.counts.fill_(1.0)
                self.sums.copy_(codebook)

    def quantize(self, z: Tensor) -> Tensor:  # (b, d, n) -> (b, n)
        """Index of the nearest code of every latent."""
        z = z.transpose(1, 2).float()  # (b, n, d)
        return (self.codebook.square().sum(1) - 2 * z @ self.codebook.T).argmin(-1)

    def dequantize(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, d, n)
        """The codes at these indices."""
        return F.embedding(indices, self.codebook).transpose(1, 2)

    def forward(self, z: Tensor) -> Quantized:  # (b, d, n)
        with torch.autocast(z.device.type, enabled=False):  # half a code's worth of rounding would pick other codes
            return self._forward(z.float())

    def _forward(self, z: Tensor) -> Quantized:
        indices = self.quantize(z.detach())
        codes = self.dequantize(indices)
        loss = self.beta * F.mse_loss(z, codes.detach())
        if self.decay is None:
            loss = loss + F.mse_loss(codes, z.detach())
        elif self.training:
            self._follow(z.detach().transpose(1, 2).flatten(0, 1), indices.flatten())
        return Quantized(z + (codes - z).detach(), indices, loss)

    @torch.no_grad()
    def _follow(self, latents: Tensor, indices: Tensor) -> None:  # (b * n, d), (b * n,)
        chosen = F.one_hot(indices, len(self.codebook)).to(latents.dtype)
        self.counts.lerp_(chosen.sum(0), 1 - self.decay)
        self.sums.lerp_(chosen.T @ latents, 1 - self.decay)
        codes = self.sums / self.counts.clamp(min=1e-5).unsqueeze(1)
        # Branch-free, so that no step waits for the device.
        dead = (self.counts < self.dead_threshold).unsqueeze(1)
        rows = torch.randint(len(latents), (len(codes),), device=latents.device)
        codes = torch.where(dead, latents[rows], codes)
        self.codebook.copy_(codes)
        self.sums.copy_(torch.where(dead, codes, self.sums))
        self.counts.copy_(torch.where(dead.squeeze(1), 1.0, self.counts))
