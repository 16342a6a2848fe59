"""TimeVQVAE (arXiv 2303.04743): a VQ-VAE for the low frequencies of a series and one for the high ones."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.quantizer import Quantizer
from sktsvq.nn.stft import istft, stft
from sktsvq.nn.vqvae import VQVAE, VQVAEOutput


def split_bands(x: Tensor, n_fft: int) -> tuple[Tensor, Tensor]:  # (b, c, t)
    """What lies in the lowest row of the time-frequency grid of frames of n_fft points, and the rest of x.

    Frames are not tapered: a constant is then in the low band alone.
    """
    u = stft(x, n_fft=n_fft, window="rectangular")
    u[:, :, 1:] = 0
    low = istft(u, n_timepoints=x.shape[-1], n_fft=n_fft, window="rectangular")
    return low, x - low


class AbsoluteErrorVQVAE(VQVAE):
    """The VQ-VAE with the absolute error in time in place of the squared one, for bands of few and sharp features."""

    def time_loss(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        return F.l1_loss(reconstruction, x)


class Band(NamedTuple):
    """What a tokenizer asks of a band: its encoder takes the whole series (b, c, t)."""

    encoder: Callable[[Tensor], Tensor]
    quantizer: Quantizer
    token_spans: Tensor


class TimeVQVAE(nn.Module):
    """Two VQ-VAEs, of the bands of a series; the loss is the sum of theirs, the reconstruction the sum of theirs.

    Indices are those of the low band, then those of the high one, which count on behind the codes of the low band.
    """

    def __init__(self, low: VQVAE, high: VQVAE, *, n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.low, self.high = low, high
        self.n_low_indices = len(low.token_spans) * low.quantizer.n_streams
        self.n_low_codes = len(low.quantizer.codebook)

    @property
    def branches(self) -> tuple[Band, Band]:
        """The bands in the order of their indices."""
        low, high = self.low, self.high
        return (
            Band(lambda x: low.encoder(split_bands(x, self.n_fft)[0]), low.quantizer, low.token_spans),
            Band(lambda x: high.encoder(split_bands(x, self.n_fft)[1]), high.quantizer, high.token_spans),
        )

    def encode(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n)
        low, high = split_bands(x, self.n_fft)
        return torch.cat([self.low.encode(low), self.high.encode(high) + self.n_low_codes], 1)

    def decode(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, c, t)
        low, high = indices.tensor_split([self.n_low_indices], 1)
        return self.low.decode(low) + self.high.decode(high - self.n_low_codes)

    def forward(self, x: Tensor) -> VQVAEOutput:  # (b, c, t)
        bands = split_bands(x, self.n_fft)
        low, high = self.low(bands[0]), self.high(bands[1])
        return VQVAEOutput(low.loss + high.loss, low.reconstruction + high.reconstruction)

    def monitor(self, output: VQVAEOutput, x: Tensor) -> dict[str, Tensor]:
        """Values for the history, of the last batch of an epoch."""
        return {"squared_error": F.mse_loss(output.reconstruction.detach(), x)}
