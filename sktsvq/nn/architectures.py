"""The networks around a bottleneck, by name: each is an encoder, a decoder and an error of its own."""

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.convnet import Decoder, Encoder
from sktsvq.nn.gridnet import N_FFT, N_FREQUENCIES, GridDecoder, GridEncoder, n_token_columns
from sktsvq.nn.losses import SpectralLoss
from sktsvq.nn.stft import stft


class Architecture(NamedTuple):
    """What a network is made of.

    `encoder` and `decoder` are classes with the keyword arguments n_channels, n_timepoints, rate, width, n_blocks and
    dim. `spectral_error` makes, for a length, a module of the error of a reconstruction beyond that in time, or None.
    `n_positions` gives the number of latents for a length and a rate; `auto_rate` the default rate.
    """

    encoder: type[nn.Module]
    decoder: type[nn.Module]
    spectral_error: Callable[[int], nn.Module | None]
    n_positions: Callable[[int, int], int]
    auto_rate: Callable[..., int]
    view_error_is_whole: bool


class GridError(nn.Module):
    """Mean squared difference of the short-time Fourier transforms."""

    def forward(self, reconstruction: Tensor, x: Tensor) -> Tensor:  # (b, c, t), (b, c, t) -> ()
        return F.mse_loss(stft(reconstruction, n_fft=N_FFT), stft(x, n_fft=N_FFT))


def _windowed_error(n_timepoints: int) -> nn.Module | None:
    """The spectral loss at those windows of 16, 32 and 64 points that are no longer than the series."""
    n_ffts = [n_fft for n_fft in (16, 32, 64) if n_fft <= n_timepoints]
    return SpectralLoss(n_ffts) if n_ffts else None


def _patch_rate(n_timepoints: int, *, patches: int, columns: int) -> int:
    """The least number of time points that leaves at most so many patches."""
    return math.ceil(n_timepoints / patches)


def _grid_rate(n_timepoints: int, *, patches: int, columns: int) -> int:
    """A column for so many time points."""
    return max(1, round(n_timepoints / columns))


ARCHITECTURES = {
    "patch": Architecture(
        Encoder, Decoder, _windowed_error, lambda t, rate: math.ceil(t / rate), _patch_rate, view_error_is_whole=False
    ),
    "stft": Architecture(
        GridEncoder,
        GridDecoder,
        lambda t: GridError(),
        lambda t, rate: N_FREQUENCIES * n_token_columns(t, rate),
        _grid_rate,
        view_error_is_whole=True,
    ),
}
