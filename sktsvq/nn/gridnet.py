"""Encoder and decoder on the time-frequency grid, as published with TimeVQVAE (2303.04743) and NC-VQVAE (2408.16613).

A series is transformed with frames of 8 points that hop by 2; real and imaginary parts are the channels of an image of
5 frequencies. Only its time axis is downsampled, so that every frequency has its own tokens: 5 * columns a series, the
columns of the lowest frequency first.
"""

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.batch_norm import BatchNorm2d
from sktsvq.nn.stft import istft, stft

N_FFT = 8
N_FREQUENCIES = N_FFT // 2 + 1
_HOP = N_FFT // 4


def n_halvings(n_timepoints: int, rate: int) -> int:
    """How often the time axis of the grid is halved: floor(log2(rate)), at least once, while there are columns."""
    n_columns = n_timepoints // _HOP + 1
    return min(max(1, math.floor(math.log2(rate))), math.floor(math.log2(n_columns)))


def n_token_columns(n_timepoints: int, rate: int) -> int:
    """Columns of tokens."""
    return (n_timepoints // _HOP + 1) >> n_halvings(n_timepoints, rate)


def _arithmetic(n_columns: int, device: torch.device) -> AbstractContextManager:
    """float32 on a CPU where one column of tokens is left, else what autocast says.

    A bfloat16 convolution of stride 2 that gives one column reads memory that nobody wrote, on CPUs with AMX (torch
    2.13): its results differ from run to run, and may be NaN.
    """
    if device.type == "cpu" and n_columns == 1:
        return torch.autocast("cpu", enabled=False)
    return nullcontext()


class GridBlock(nn.Module):
    """A residual block of a 3x3 and a 1x1 convolution, followed by a BatchNorm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.LeakyReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            BatchNorm2d(width),
            nn.LeakyReLU(),
            nn.Conv2d(width, width, 1),
        )
        self.norm = BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:  # (b, d, f, n)
        return self.norm(x + self.change(x))


def _match(in_dim: int, out_dim: int) -> nn.Module:
    """Nothing, or a linear map where the widths differ."""
    return nn.Identity() if in_dim == out_dim else nn.Conv2d(in_dim, out_dim, 1)


class GridEncoder(nn.Module):
    """Short-time Fourier transform, convolutions that halve the time axis, residual blocks."""

    def __init__(self, n_channels: int, *, n_timepoints: int, rate: int, width: int, n_blocks: int, dim: int) -> None:
        super().__init__()
        self.n_timepoints = n_timepoints
        self.n_halvings = n_halvings(n_timepoints, rate)
        layers: list[nn.Module] = []
        in_dim = 2 * n_channels
        for _ in range(self.n_halvings):
            halve = nn.Conv2d(in_dim, width, (3, 4), stride=(1, 2), padding=(1, 1), padding_mode="replicate")
            layers += [halve, BatchNorm2d(width), nn.LeakyReLU()]
            in_dim = width
        layers += [_match(in_dim, width), *(GridBlock(width) for _ in range(n_blocks)), _match(width, dim)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, 5 * n, d)
        grid = stft(x, n_fft=N_FFT)
        with _arithmetic(grid.shape[-1] >> self.n_halvings, x.device):
            return self.layers(grid).flatten(2).transpose(1, 2)

    @property
    def token_spans(self) -> Tensor:  # (5 * n, 2)
        """First and one-past-last time point of each token; what a halving cuts off belongs to the last column."""
        n_timepoints = self.n_timepoints
        n_columns = (n_timepoints // _HOP + 1) >> self.n_halvings
        edges = (torch.arange(n_columns + 1) * (_HOP << self.n_halvings)).clamp(max=n_timepoints)
        edges[-1] = n_timepoints
        starts = edges[:-1].clamp(max=n_timepoints - 1)
        return torch.stack([starts, edges[1:]], 1).repeat(N_FREQUENCIES, 1)


class GridDecoder(nn.Module):
    """Mirror of `GridEncoder` with one more doubling, resized to the grid and transformed back to a series."""

    def __init__(self, n_channels: int, *, n_timepoints: int, rate: int, width: int, n_blocks: int, dim: int) -> None:
        super().__init__()
        self.n_timepoints = n_timepoints
        layers: list[nn.Module] = [_match(dim, width), *(GridBlock(width) for _ in range(n_blocks))]
        for _ in range(n_halvings(n_timepoints, rate) - 1):
            layers += [_double(width, width), BatchNorm2d(width), nn.LeakyReLU()]
        layers += [_double(width, 2 * n_channels), _double(2 * n_channels, 2 * n_channels)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:  # (b, 5 * n, d) -> (b, c, t)
        columns = z.transpose(1, 2).unflatten(2, (N_FREQUENCIES, -1))
        with _arithmetic(columns.shape[-1], z.device):
            grid = self.layers(columns)
        size = (N_FREQUENCIES, self.n_timepoints // _HOP + 1)
        grid = F.interpolate(grid.float(), size, mode="bilinear", align_corners=False)  # (b, 2c, 5, columns)
        return istft(grid, n_timepoints=self.n_timepoints, n_fft=N_FFT)


def _double(in_dim: int, out_dim: int) -> nn.Module:
    return nn.ConvTranspose2d(in_dim, out_dim, (3, 4), stride=(1, 2), padding=(1, 1))
