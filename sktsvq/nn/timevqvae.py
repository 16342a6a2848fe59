"""TimeVQVAE (arXiv 2303.04743): a VQ-VAE for the low frequencies of a series and one for the high ones."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.convnet import Decoder, Encoder
from sktsvq.nn.gridnet import GridDecoder, GridEncoder, from_grid, grid, grid_hop, keep_rows
from sktsvq.nn.losses import spectral_loss
from sktsvq.nn.quantizer import EMAVectorQuantizer, VectorQuantizer
from sktsvq.nn.vqvae import VQVAEOutput

LOW, HIGH = slice(0, 1), slice(1, None)  # rows of the time-frequency grid


class BandFilter(nn.Module):
    """The part of a series in these frequency rows; the parts in all rows add up to the series."""

    def __init__(self, n_fft: int, rows: slice) -> None:
        super().__init__()
        self.n_fft, self.rows = n_fft, rows

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t)
        return from_grid(keep_rows(grid(x, self.n_fft), self.rows), x.shape[-1], self.n_fft)


class BandOutput(NamedTuple):
    """Target (b, c, t): the band of the series; its reconstruction (b, c, t); the loss of the quantiser."""

    target: Tensor
    reconstruction: Tensor
    loss: Tensor


class Band(nn.Module):
    """A VQ-VAE from series to their part in one band."""

    def __init__(
        self,
        *,
        filter: BandFilter,
        encoder: nn.Module,
        quantizer: VectorQuantizer,
        decoder: nn.Module,
        n_timepoints: int,
        token_spans: Tensor,
    ) -> None:
        super().__init__()
        self.filter, self.encoder, self.quantizer, self.decoder = filter, encoder, quantizer, decoder
        self.n_timepoints, self.token_spans = n_timepoints, token_spans

    def encode(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n)
        return self.quantizer.quantize(self.encoder(x))

    def decode(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, c, t)
        return self.decoder(self.quantizer.dequantize(indices), self.n_timepoints)

    def forward(self, x: Tensor) -> BandOutput:  # (b, c, t)
        quantized = self.quantizer(self.encoder(x))
        reconstruction = self.decoder(quantized.latents, self.n_timepoints).float()
        return BandOutput(self.filter(x), reconstruction, quantized.loss)


class TimeVQVAE(nn.Module):
    """The two bands side by side: indices are those of the low band, then those of the high band behind its codes.

    `network` is "patch" for the encoder and decoder of `VQVAE` on each band, trained by the squared error of each, or
    "grid" for 2-D convolutions over the transform, trained as in the paper: by the squared error of the low band, the
    absolute error of the high one, and the squared error of both in the time-frequency grid. `spectral_weight` times
    the spectral loss of the sum of both is added.
    """

    def __init__(
        self,
        *,
        network: str,
        n_channels: int,
        n_timepoints: int,
        n_fft: int,
        rates: tuple[int, int],
        width: int,
        n_blocks: int,
        codebook_size: int,
        codebook_dim: int,
        beta: float,
        decay: float | None,
        spectral_weight: float,
    ) -> None:
        super().__init__()
        self.network, self.n_fft, self.spectral_weight = network, n_fft, spectral_weight
        self.n_ffts = [n for n in (16, 32, 64) if n <= n_timepoints]
        make = make_patch_band if network == "patch" else make_grid_band
        self.low, self.high = (
            make(
                BandFilter(n_fft, rows),
                make_quantizer(codebook_size, codebook_dim, beta=beta, decay=decay),
                n_channels=n_channels,
                n_timepoints=n_timepoints,
                rate=rate,
                width=width,
                n_blocks=n_blocks,
                dim=codebook_dim,
            )
            for rows, rate in zip((LOW, HIGH), rates, strict=True)
        )

    @property
    def branches(self) -> tuple[Band, Band]:
        """The bands in the order of their indices."""
        return self.low, self.high

    def encode(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n)
        return torch.cat([self.low.encode(x), self.high.encode(x) + len(self.low.quantizer.codebook)], 1)

    def decode(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, c, t)
        low, high = indices.tensor_split([len(self.low.token_spans)], 1)
        return self.low.decode(low) + self.high.decode(high - len(self.low.quantizer.codebook))

    def forward(self, x: Tensor) -> VQVAEOutput:  # (b, c, t)
        low, high = self.low(x), self.high(x)
        loss = low.loss + high.loss + F.mse_loss(low.reconstruction, low.target)
        if self.network == "patch":
            loss = loss + F.mse_loss(high.reconstruction, high.target)
        else:
            loss = loss + F.l1_loss(high.reconstruction, high.target)
            for band in (low, high):
                loss = loss + F.mse_loss(grid(band.reconstruction, self.n_fft), grid(band.target, self.n_fft))
        reconstruction = low.reconstruction + high.reconstruction
        if self.spectral_weight and self.n_ffts:
            loss = loss + self.spectral_weight * spectral_loss(reconstruction, x, self.n_ffts)
        return VQVAEOutput(loss, reconstruction)

    def monitor(self, output: VQVAEOutput, x: Tensor) -> dict[str, Tensor]:
        """Values for the history, of the last batch of an epoch."""
        return {"squared_error": F.mse_loss(output.reconstruction.detach(), x)}


def make_patch_band(
    filter: BandFilter,
    quantizer: VectorQuantizer,
    *,
    n_channels: int,
    n_timepoints: int,
    rate: int,
    width: int,
    n_blocks: int,
    dim: int,
) -> Band:
    """A band whose series is cut into patches of `rate` points."""
    encoder = Encoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, out_dim=dim)
    decoder = Decoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, in_dim=dim)
    return Band(
        filter=filter,
        encoder=nn.Sequential(filter, encoder),
        quantizer=quantizer,
        decoder=decoder,
        n_timepoints=n_timepoints,
        token_spans=encoder.token_spans(n_timepoints),
    )


def make_grid_band(
    filter: BandFilter,
    quantizer: VectorQuantizer,
    *,
    n_channels: int,
    n_timepoints: int,
    rate: int,
    width: int,
    n_blocks: int,
    dim: int,
) -> Band:
    """A band whose rows of the transform go through 2-D convolutions, with about `rate` columns per token column."""
    n_fft, rows = filter.n_fft, filter.rows
    # At least one halving, but no more than there are columns for.
    n_columns = n_timepoints // grid_hop(n_fft) + 1
    n_halvings = min(max(1, rate.bit_length() - 1), n_columns.bit_length() - 1)
    encoder = GridEncoder(
        n_channels, n_fft=n_fft, rows=rows, n_halvings=n_halvings, width=width, n_blocks=n_blocks, out_dim=dim
    )
    decoder = GridDecoder(
        n_channels, n_fft=n_fft, rows=rows, n_halvings=n_halvings, width=width, n_blocks=n_blocks, in_dim=dim
    )
    return Band(
        filter=filter,
        encoder=encoder,
        quantizer=quantizer,
        decoder=decoder,
        n_timepoints=n_timepoints,
        token_spans=encoder.token_spans(n_timepoints),
    )


def make_quantizer(codebook_size: int, codebook_dim: int, *, beta: float, decay: float | None) -> VectorQuantizer:
    """Codes that follow a moving average, or with decay None are learnt by gradient."""
    if decay is None:
        return VectorQuantizer(codebook_size, codebook_dim, beta=beta)
    return EMAVectorQuantizer(codebook_size, codebook_dim, beta=beta, decay=decay)
