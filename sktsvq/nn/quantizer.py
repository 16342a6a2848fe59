"""Vector quantisers: continuous latents to the nearest of `codebook_size` codes, and back."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# From latents (m, d) and a number k to k codes (k, d).
Cluster = Callable[[Tensor, int], Tensor]


class Quantized(NamedTuple):
    """What a quantiser returns: latents (b, d, n), indices (b, n) and a scalar loss."""

    latents: Tensor
    indices: Tensor
    loss: Tensor


class VectorQuantizer(nn.Module):
    r"""Nearest-code quantiser with a straight-through gradient (arXiv 1711.00937, equations 1 to 3).

    The loss is :math:`\|\mathrm{sg}[z] - e\|^2 + \beta \|z - \mathrm{sg}[e]\|^2`: the first term moves the codes to the
    latents that chose them, the second ties the latents to their codes.
    """

    codebook: Tensor
    n_streams = 1

    def __init__(self, codebook_size: int, codebook_dim: int, *, beta: float = 0.25) -> None:
        super().__init__()
        self.beta = beta
        self.codebook = nn.Parameter(torch.randn(codebook_size, codebook_dim))

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:  # (m, d)
        """Start from the centres of these latents that `cluster` finds."""
        with torch.no_grad():
            self.codebook.copy_(cluster(latents, len(self.codebook)))

    def quantize(self, z: Tensor) -> Tensor:  # (b, d, n) -> (b, n)
        """Index of the nearest code of every latent."""
        z = z.transpose(1, 2).float()  # (b, n, d)
        return (self.codebook.square().sum(1) - 2 * z @ self.codebook.T).argmin(-1)

    def dequantize(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, d, n)
        """The codes at these indices."""
        return F.embedding(indices, self.codebook).transpose(1, 2)

    def forward(self, z: Tensor) -> Quantized:  # (b, d, n)
        with torch.autocast(z.device.type, enabled=False):  # in bfloat16 many latents would miss their nearest code
            z = z.float()
            indices = self.quantize(z.detach())
            codes = self.dequantize(indices)
            loss = self.beta * F.mse_loss(z, codes.detach()) + self.codebook_loss(z.detach(), codes, indices)
            return Quantized(z + (codes - z).detach(), indices, loss)

    def codebook_loss(self, z: Tensor, codes: Tensor, indices: Tensor) -> Tensor:
        """What moves the codes to the latents that chose them."""
        return F.mse_loss(codes, z)


class EMAVectorQuantizer(VectorQuantizer):
    """Quantiser whose codes follow the moving average of the latents that chose them (arXiv 1711.00937, appendix A.1).

    A code that fewer than `dead_threshold` latents a batch choose on average moves onto a random latent of the batch.
    """

    counts: Tensor
    sums: Tensor

    def __init__(
        self,
        codebook_size: int,
        codebook_dim: int,
        *,
        beta: float = 0.25,
        decay: float = 0.95,
        dead_threshold: float = 0.1,
    ) -> None:
        super().__init__(codebook_size, codebook_dim, beta=beta)
        self.decay, self.dead_threshold = decay, dead_threshold
        codebook = self.codebook.detach().clone()
        del self.codebook  # no parameter here: the optimiser must not touch it
        self.register_buffer("codebook", codebook)
        self.register_buffer("counts", torch.ones(codebook_size))
        self.register_buffer("sums", codebook.clone())

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:
        super().initialize(latents, cluster)
        self.counts.fill_(1.0)
        self.sums.copy_(self.codebook)

    def codebook_loss(self, z: Tensor, codes: Tensor, indices: Tensor) -> Tensor:
        """No loss: in training the codes take a step of their moving average."""
        if self.training:
            self._follow(z.transpose(1, 2).flatten(0, 1), indices.flatten())
        return z.new_zeros(())

    @torch.no_grad()
    def _follow(self, latents: Tensor, indices: Tensor) -> None:  # (b * n, d), (b * n,)
        chosen = F.one_hot(indices, len(self.codebook)).to(latents.dtype)
        self.counts.lerp_(chosen.sum(0), 1 - self.decay)
        self.sums.lerp_(chosen.T @ latents, 1 - self.decay)
        codes = self.sums / self.counts.clamp(min=1e-5).unsqueeze(1)
        # Branch-free, so that no step waits for the device.
        dead = self.counts < self.dead_threshold
        rows = torch.randint(len(latents), (len(codes),), device=latents.device)
        self.codebook.copy_(torch.where(dead.unsqueeze(1), latents[rows], codes))
        self.sums.copy_(torch.where(dead.unsqueeze(1), self.codebook, self.sums))
        self.counts.masked_fill_(dead, 1.0)
