"""Random convolutions that are never trained."""

from math import floor, log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.ends import mean_over

_LENGTH = 9


class RandomKernels(nn.Module):
    """Shares of time in which random convolutions are above a random threshold (ROCKET, arXiv 1910.13051).

    The convolutions are of the series, then of its differences (as in MultiRocket, arXiv 2102.00457). Kernels are of 9
    time points, normal and centred, each on a random share of the channels. Their dilations are 1, 2, 4, ... in turn,
    as long as a kernel is not longer than the series. Series are of about unit variance.

    Parameters
    ----------
    n_channels, n_timepoints : size of a series
    n_kernels : number of convolutions
    stride : time points from one place that is looked at to the next; the cost falls with it
    """

    weight: Tensor
    thresholds: Tensor

    def __init__(self, n_channels: int, n_timepoints: int, n_kernels: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        n_dilations = 1 + floor(log2(max(1, (n_timepoints - 1) / (_LENGTH - 1))))
        self.dilations = [2**i for i in range(min(n_dilations, n_kernels))]
        weight = torch.randn(n_kernels, n_channels, _LENGTH)
        weight -= weight.mean(2, keepdim=True)
        n_seen = torch.exp2(torch.rand(n_kernels, 1) * log2(n_channels + 1)).floor()
        places = torch.rand(n_kernels, n_channels).argsort(1)
        self.register_buffer("weight", weight * (places < n_seen).unsqueeze(2))
        self.register_buffer("thresholds", 2 * torch.rand(n_kernels, 1) - 1)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, 2 * n_kernels)
        alive = None
        if lengths is not None:
            alive = torch.arange(x.shape[2], device=x.device) < lengths.unsqueeze(1)
        return torch.cat([self._shares(one, alive) for one in (x, unit_differences(x, alive))], 1)

    def _shares(self, x: Tensor, alive: Tensor | None) -> Tensor:  # (b, c, t), (b, t) -> (b, n_kernels)
        shares = x.new_empty(len(x), len(self.weight))
        alive = None if alive is None else alive[:, :: self.stride]
        for i, dilation in enumerate(self.dilations):
            own = slice(i, None, len(self.dilations))
            settings = {"dilation": dilation, "padding": dilation * (_LENGTH // 2), "stride": self.stride}
            z = F.conv1d(x, self.weight[own], **settings)
            shares[:, own] = mean_over((z > self.thresholds[own]).float().transpose(1, 2), alive)
        return shares


def unit_differences(x: Tensor, alive: Tensor | None = None) -> Tensor:  # (b, c, t), (b, t) -> (b, c, t)
    """Differences between neighbours in time, after a 0, divided by their root mean square in each channel."""
    differences = F.pad(x.diff(dim=2), (1, 0))
    if alive is not None:
        differences = differences * alive.unsqueeze(1)
    size = mean_over(differences.square().transpose(1, 2), alive).sqrt().unsqueeze(2)
    return differences / torch.where(size > 0, size, 1)
