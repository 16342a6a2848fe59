"""TimeVQVAE (arXiv 2303.04743): a VQ-VAE for the low frequencies of a series and one for the high ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sktsvq.nn.autoencoder import Autoencoder, AutoencoderOutput
from sktsvq.nn.quantizer import Quantizer
from sktsvq.nn.ranks import takes_own_rows
from sktsvq.nn.stft import istft, stft


def split_bands(x: Tensor, n_fft: int) -> tuple[Tensor, Tensor]:  # (b, c, t)
    """What lies in the lowest row of the time-frequency grid of frames of n_fft points, and the rest of x.

    Frames are not tapered: a constant is then in the low band alone.
    """
    u = stft(x, n_fft=n_fft, window="rectangular")
    u[:, :, 1:] = 0
    low = istft(u, n_timepoints=x.shape[-1], n_fft=n_fft, window="rectangular")
    return low, x - low


class Band(NamedTuple):
    """What a tokenizer asks of a band: its encoder takes the whole series (b, c, t)."""

    encoder: Callable[[Tensor], Tensor]
    bottleneck: Quantizer
    token_spans: Tensor
    codes: Tensor


class TimeVQVAE(nn.Module):
    """Two VQ-VAEs, of the bands of a series; the loss is the sum of theirs, the reconstruction the sum of theirs.

    Indices are those of the low band, then those of the high one, which are numbered after the codes of the low band.

    Parameters
    ----------
    low, high : keyword arguments of the `Autoencoder` of each band
    n_fft : points of the frames that divide the bands
    """

    def __init__(self, *, low: dict[str, Any], high: dict[str, Any], n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.low, self.high = Autoencoder(**low), Autoencoder(**high)
        self.n_low_indices = len(self.low.token_spans) * self.low.bottleneck.n_streams
        self.n_low_codes = len(self.low.codes)

    @property
    def branches(self) -> tuple[Band, Band]:
        """The bands in the order of their indices."""
        low, high = self.low, self.high
        return (
            Band(lambda x: low.encoder(split_bands(x, self.n_fft)[0]), low.bottleneck, low.token_spans, low.codes),
            Band(lambda x: high.encoder(split_bands(x, self.n_fft)[1]), high.bottleneck, high.token_spans, high.codes),
        )

    @property
    def embedding_dim(self) -> int:
        """Size of what `embed` gives for a series."""
        return self.low.embedding_dim + self.high.embedding_dim

    def embed(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, d)
        """The embeddings of both bands, side by side."""
        low, high = split_bands(x, self.n_fft)
        return torch.cat([self.low.embed(low, lengths), self.high.embed(high, lengths)], 1)

    def encode(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, n)
        low, high = split_bands(x, self.n_fft)
        return torch.cat([self.low.encode(low, lengths), self.high.encode(high, lengths) + self.n_low_codes], 1)

    def decode(self, indices: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, n), (b,) -> (b, c, t)
        low, high = indices.tensor_split([self.n_low_indices], 1)
        return self.low.decode(low, lengths) + self.high.decode(high - self.n_low_codes, lengths)

    @takes_own_rows
    def forward(
        self, x: Tensor, observed: Tensor | None = None, lengths: Tensor | None = None
    ) -> AutoencoderOutput:  # (b, c, t), (b, c, t) of bool, (b,)
        bands = split_bands(x, self.n_fft)
        low, high = self.low(bands[0], observed, lengths), self.high(bands[1], observed, lengths)
        return AutoencoderOutput(low.loss + high.loss, low.reconstruction + high.reconstruction)

    monitor = Autoencoder.monitor

    def after_step(self) -> None:
        """Move what follows the optimiser's steps without a gradient."""
        self.low.after_step()
        self.high.after_step()
