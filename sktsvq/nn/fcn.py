"""The fully convolutional network (FCN), a strong and plain classifier of time series."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.ends import mean_over

__all__ = ["FCN"]


class _SameConv1d(nn.Conv1d):
    """Convolution that keeps the length; where the padding is odd, the extra zero stands on the right."""

    def forward(self, x: Tensor) -> Tensor:
        n_zeros = self.kernel_size[0] - 1
        return super().forward(F.pad(x, (n_zeros // 2, n_zeros - n_zeros // 2)))


class _Block(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, *, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        # The names `layers.0` and `layers.1` are those of the published checkpoints.
        self.layers = nn.Sequential(
            _SameConv1d(in_channels, out_channels, kernel_size),
            nn.BatchNorm1d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Readout(nn.Linear):
    """A linear map of non-negative features that trains fast.

    In training it sees the features centred and scaled: averages over time of rectified activations lie close together,
    far from 0, and a step of the optimiser would hardly tell one class from another. :meth:`fold` brings the same map
    back to plain features.
    """

    # Mean of a rectified standard normal number, and a scale that makes differences between series about 1.
    _CENTRE, _FACTOR = 0.4, 16.0

    def __init__(self, n_features: int, n_classes: int):
        super().__init__(n_features, n_classes)
        self.standardized = False

    def forward(self, features: Tensor) -> Tensor:
        if self.standardized:
            features = (features - self._CENTRE) * self._FACTOR
        return super().forward(features)

    @torch.no_grad()
    def standardize(self) -> None:
        """The same map, of centred and scaled features."""
        self.bias.add_(self.weight.sum(dim=1), alpha=self._CENTRE)
        self.weight.div_(self._FACTOR)
        self.standardized = True

    @torch.no_grad()
    def fold(self) -> None:
        """The same map, of plain features."""
        self.weight.mul_(self._FACTOR)
        self.bias.sub_(self.weight.sum(dim=1), alpha=self._CENTRE)
        self.standardized = False


class FCN(nn.Module):
    """Three convolutional blocks, the mean over time, one linear layer (arXiv 1611.06455).

    The names in its state dict are those of the checkpoints published with the supervised-FCN repository.

    Parameters
    ----------
    n_channels : int
        Channels of the series.
    n_classes : int
        Number of logits.
    widths : tuple of int
        Channels after each block; the last one is the number of features.
    kernel_sizes : tuple of int
        Kernel size of each block.
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_classes: int,
        widths: tuple[int, ...] = (128, 256, 128),
        kernel_sizes: tuple[int, ...] = (8, 5, 3),
    ):
        super().__init__()
        sizes = zip((n_channels, *widths), widths, kernel_sizes, strict=False)
        self.layers = nn.Sequential(
            *(_Block(in_channels=before, out_channels=after, kernel_size=kernel) for before, after, kernel in sizes)
        )
        self.final = Readout(widths[-1], n_classes)

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The last block averaged over time, up to the end of each series: (b, c, t), (b,) -> (b, widths[-1])."""
        z = self.layers(x)  # (b, d, t)
        if lengths is None:
            return z.mean(dim=2)
        return mean_over(z.transpose(1, 2), torch.arange(z.shape[2], device=z.device) < lengths.unsqueeze(1))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The logits: (b, c, t), (b,) -> (b, n_classes)."""
        return self.final(self.features(x, lengths))
