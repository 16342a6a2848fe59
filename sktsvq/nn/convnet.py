"""Convolutions over time, in the memory layout that a CPU computes fastest."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv1d(nn.Conv1d):
    """`torch.nn.Conv1d` of odd kernel size with output as long as the input.

    Computed as a 2-D convolution of height 1 in channels-last layout: on a CPU this runs near the rate of a matrix
    product, several times faster than torch's own narrow 1-D convolution, and the layout is kept from layer to layer.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, *, dilation: int = 1) -> None:
        padding = dilation * (kernel_size // 2)
        super().__init__(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t)
        x = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)  # (b, c, 1, t)
        weight, padding, dilation = self.weight.unsqueeze(2), (0, *self.padding), (1, *self.dilation)
        return F.conv2d(x, weight, self.bias, padding=padding, dilation=dilation).squeeze(2)


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(silu(x)))), kernels of 3 points and of 1 (pre-activation, arXiv 1603.05027).

    A SiLU costs a CPU little more than half of a GELU. Rectifiers cost less, but leave kinks in what is decoded.
    """

    def __init__(self, width: int, *, dilation: int = 1) -> None:
        super().__init__()
        self.conv_in = Conv1d(width, width, 3, dilation=dilation)
        self.conv_out = Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:  # (b, d, n)
        return x + self.conv_out(F.silu(self.conv_in(F.silu(x))))


def dilated_blocks(width: int, n_blocks: int) -> list[ResidualBlock]:
    """Residual blocks of dilation 1, 2, 4, 8, then 1 again: four of them see 15 points to either side."""
    return [ResidualBlock(width, dilation=2 ** (i % 4)) for i in range(n_blocks)]


class Encoder(nn.Module):
    """Patches of `rate` time points, a convolution over three of them, dilated blocks, a linear map to `out_dim`.

    All work is done at the low resolution: the first layer is a strided convolution of kernel 3 * rate. The dilations
    let a token know what stands far from it, which classes often depend on.
    """

    def __init__(self, n_channels: int, *, rate: int, width: int, n_blocks: int, out_dim: int) -> None:
        super().__init__()
        self.rate = rate
        self.layers = nn.Sequential(
            Conv1d(n_channels * rate, width, 3),
            *dilated_blocks(width, n_blocks),
            nn.SiLU(),
            Conv1d(width, out_dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, d, n) with n = ceil(t / rate)
        x = F.pad(x, (0, -x.shape[-1] % self.rate), mode="replicate")
        return self.layers(patchify(x, self.rate))

    def token_spans(self, n_timepoints: int) -> Tensor:  # (n, 2)
        """First and one-past-last time point of each patch."""
        starts = torch.arange(0, n_timepoints, self.rate)
        return torch.stack([starts, (starts + self.rate).clamp(max=n_timepoints)], 1)


class Decoder(nn.Module):
    """Mirror of `Encoder` with half the blocks; its last layer is a transposed convolution of kernel 3 * rate."""

    def __init__(self, n_channels: int, *, rate: int, width: int, n_blocks: int, in_dim: int) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.layers = nn.Sequential(
            Conv1d(in_dim, width, 3),
            *dilated_blocks(width, max(1, n_blocks // 2)),
            nn.SiLU(),
            Conv1d(width, n_channels * rate, 3),
        )

    def forward(self, z: Tensor, n_timepoints: int) -> Tensor:  # (b, d, n) -> (b, c, t)
        return unpatchify(self.layers(z), self.n_channels)[..., :n_timepoints]


def patchify(x: Tensor, rate: int) -> Tensor:
    """(b, c, n * rate) -> (b, c * rate, n)"""
    b, c, t = x.shape
    return x.view(b, c, t // rate, rate).transpose(2, 3).reshape(b, c * rate, t // rate)


def unpatchify(x: Tensor, n_channels: int) -> Tensor:
    """(b, c * rate, n) -> (b, c, n * rate)"""
    b, d, n = x.shape
    return x.reshape(b, n_channels, d // n_channels, n).transpose(2, 3).reshape(b, n_channels, -1)
