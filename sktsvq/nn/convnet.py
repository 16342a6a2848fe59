"""Convolutions over tokens as matrix products, which a CPU computes fastest.

Within a network the positions of all series are the rows of one matrix, (b * n, d).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def delay(x: Tensor, steps: int) -> Tensor:  # (b, n, d) -> (b, n, d)
    """Every position holds what stood `steps` before it (-steps after it), zeros where nothing did."""
    steps = max(-x.shape[1], min(steps, x.shape[1]))
    return F.pad(x, (0, 0, steps, -steps))


def neighbours(x: Tensor, n: int) -> Tensor:  # (b * n, d) -> (b * n, 3 * d)
    """Side by side what stands before, at and after every position: a convolution is a product with these rows."""
    x = x.unflatten(0, (-1, n))
    return torch.cat([delay(x, 1), x, delay(x, -1)], 2).flatten(0, 1)


def channels_from_both_sides(x: Tensor, n: int, distance: int) -> Tensor:  # (b * n, d) -> (b * n, 2 * d)
    """All channels in place, beside half of them from `distance` positions before and the other half from after.

    A product with these rows is a convolution over three positions at two thirds of the cost; that channels move in
    place of a kernel is from arXiv 1711.08141.
    """
    x = x.unflatten(0, (-1, n))
    d = x.shape[2]
    before, after = x.split([d - d // 2, d // 2], 2)  # its gradient takes two thirds of that of tensor_split
    return torch.cat([delay(before, distance), x, delay(after, -distance)], 2).flatten(0, 1)


def initial_weight(in_dim: int, out_dim: int) -> nn.Parameter:
    """Uniform up to 1 / sqrt(in_dim), as torch starts a linear map."""
    return nn.Parameter(torch.empty(in_dim, out_dim).uniform_(-(in_dim**-0.5), in_dim**-0.5))


class RowLinear(nn.Module):
    """Rows times a weight that lies as the product reads it, plus a bias."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = initial_weight(in_dim, out_dim)
        self.bias = nn.Parameter(torch.zeros(out_dim))

    def forward(self, x: Tensor) -> Tensor:  # (m, in_dim) -> (m, out_dim)
        return torch.addmm(self.bias, x, self.weight)


class EncoderBlock(nn.Module):
    """x + channels_from_both_sides(hardswish(x)) W: one linear map.

    A hard swish (arXiv 1905.02244) costs a CPU half of a SiLU, and rectifiers would leave kinks in what is decoded.
    """

    def __init__(self, width: int, *, distance: int) -> None:
        super().__init__()
        self.distance = distance
        self.weight = initial_weight(2 * width, width)

    def forward(self, x: Tensor, n: int) -> Tensor:  # (b * n, d)
        return torch.addmm(x, channels_from_both_sides(F.hardswish(x), n, self.distance), self.weight)


class DecoderBlock(nn.Module):
    """x + hardswish(channels_from_both_sides(x) V + bias) W: two linear maps."""

    def __init__(self, width: int, *, distance: int) -> None:
        super().__init__()
        self.distance = distance
        self.hidden = RowLinear(2 * width, width)
        self.weight = initial_weight(width, width)

    def forward(self, x: Tensor, n: int) -> Tensor:  # (b * n, d)
        return torch.addmm(x, F.hardswish(self.hidden(channels_from_both_sides(x, n, self.distance))), self.weight)


def distances(n_blocks: int) -> list[int]:
    """How far blocks look to either side: 1, 2, 4, 8, then 1 again."""
    return [2 ** (i % 4) for i in range(n_blocks)]


class Encoder(nn.Module):
    """Patches of `rate` time points, a convolution over three of them, residual blocks, a linear map to `dim`.

    All work is done at the low resolution: the first layer is a strided convolution of kernel 3 * rate. The blocks
    let a token know what stands far from it, which classes often depend on. They are as plain as can be: with two
    linear maps each, averages of the latents tell classes less well.
    """

    def __init__(self, n_channels: int, *, n_timepoints: int, rate: int, width: int, n_blocks: int, dim: int) -> None:
        super().__init__()
        self.n_timepoints, self.rate = n_timepoints, rate
        self.first = RowLinear(3 * n_channels * rate, width)
        self.blocks = nn.ModuleList(EncoderBlock(width, distance=distance) for distance in self._distances(n_blocks))
        self.last = RowLinear(width, dim)

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n, d) with n = ceil(t / rate)
        patches = patchify(F.pad(x, (0, -x.shape[-1] % self.rate), mode="replicate"), self.rate)
        n = patches.shape[1]
        z = self.first(neighbours(patches.flatten(0, 1), n))  # (b * n, d)
        for block in self.blocks:
            z = block(z, n)
        return self.last(F.hardswish(z)).unflatten(0, (-1, n))

    def _distances(self, n_blocks: int) -> list[int]:
        """How far each block looks to either side."""
        return distances(n_blocks + 1)[1:]  # the first layer has looked at the neighbours

    @property
    def token_spans(self) -> Tensor:  # (n, 2)
        """First and one-past-last time point of each patch."""
        starts = torch.arange(0, self.n_timepoints, self.rate)
        return torch.stack([starts, (starts + self.rate).clamp(max=self.n_timepoints)], 1)


class DilatedEncoder(Encoder):
    """An encoder whose blocks look ever further, 1, 2, 4, 8, 16, ... positions: the last ones see the whole series."""

    def _distances(self, n_blocks: int) -> list[int]:
        return [2**i for i in range(n_blocks)]


class Decoder(nn.Module):
    """A linear map, half as many blocks (rounded up), a transposed convolution of kernel 3 * rate."""

    def __init__(self, n_channels: int, *, n_timepoints: int, rate: int, width: int, n_blocks: int, dim: int) -> None:
        super().__init__()
        self.n_channels, self.n_timepoints = n_channels, n_timepoints
        self.first = RowLinear(dim, width)
        own = distances((n_blocks + 1) // 2)
        self.blocks = nn.ModuleList(DecoderBlock(width, distance=distance) for distance in own)
        self.last = RowLinear(3 * width, n_channels * rate)

    def forward(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, c, t)
        n = z.shape[1]
        x = self.first(z.flatten(0, 1))  # (b * n, d)
        for block in self.blocks:
            x = block(x, n)
        patches = self.last(neighbours(F.hardswish(x), n)).unflatten(0, (-1, n))
        return unpatchify(patches, self.n_channels)[..., : self.n_timepoints]


def patchify(x: Tensor, rate: int) -> Tensor:
    """(b, c, n * rate) -> (b, n, c * rate)"""
    return x.unflatten(2, (-1, rate)).transpose(1, 2).flatten(2)


def unpatchify(x: Tensor, n_channels: int) -> Tensor:
    """(b, n, c * rate) -> (b, c, n * rate)"""
    return x.unflatten(2, (n_channels, -1)).transpose(1, 2).flatten(2)
