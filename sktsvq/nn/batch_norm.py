"""Batch normalisation over the batches of several processes."""

import torch
from torch import Tensor, nn

from sktsvq.nn.ranks import current_share, sum_over_ranks


class BatchNorm2d(nn.BatchNorm2d):
    """Mean and variance are those of the whole batch, also where several processes share it, on CPUs too."""

    num_batches_tracked: Tensor
    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:  # (b, d, f, n)
        share = current_share()
        if share is None or not self.training:
            return super().forward(x)
        wide = x.float()
        n_values = share.n_rows * x.shape[2] * x.shape[3]
        mean = sum_over_ranks(wide.sum((0, 2, 3))) / n_values  # (d,)
        centred = wide - mean[:, None, None]
        variance = sum_over_ranks(centred.square().sum((0, 2, 3))) / n_values
        self._follow(mean.detach(), variance.detach() * (n_values / (n_values - 1)))
        white = centred * (variance + self.eps).rsqrt()[:, None, None]
        return (white * self.weight[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
