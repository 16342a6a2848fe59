"""Two-dimensional convolutions over rows of the time-frequency grid, as TimeVQVAE has them (arXiv 2303.04743)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.stft import istft, stft


class GridResidualBlock(nn.Module):
    """norm(x + conv1x1(leaky(norm(conv3x3(leaky(x))))))"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LeakyReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(),
            nn.Conv2d(width, width, 1),
        )
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:  # (b, d, f, n)
        return self.norm(x + self.layers(x))


class GridEncoder(nn.Module):
    """Transform, halve the time axis `n_halvings` times, residual blocks; all frequency rows are kept.

    Rows of the transform outside `rows` are set to 0. Latents are read row by row: position f * w + i is column i of
    row f.
    """

    def __init__(
        self, n_channels: int, *, n_fft: int, rows: slice, n_halvings: int, width: int, n_blocks: int, out_dim: int
    ) -> None:
        super().__init__()
        self.n_fft, self.rows, self.n_halvings = n_fft, rows, n_halvings
        layers: list[nn.Module] = []
        for index in range(n_halvings):
            in_channels = 2 * n_channels if index == 0 else width
            layers += [nn.ReplicationPad2d(1), nn.Conv2d(in_channels, width, (3, 4), stride=(1, 2))]
            layers += [nn.BatchNorm2d(width), nn.LeakyReLU()]
        if n_halvings == 0:
            layers.append(nn.Conv2d(2 * n_channels, width, 1))
        layers += [GridResidualBlock(width) for _ in range(n_blocks)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, out_dim, 1))

    def forward(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, d, n)
        return self.layers(keep_rows(grid(x, self.n_fft), self.rows)).flatten(2)

    def token_spans(self, n_timepoints: int) -> Tensor:  # (n, 2)
        """First and one-past-last time point of each column, once for each row."""
        hop = grid_hop(self.n_fft)
        n_columns = (n_timepoints // hop + 1) >> self.n_halvings
        starts = (torch.arange(n_columns) * hop << self.n_halvings).clamp(max=n_timepoints - 1)
        stops = (starts + (hop << self.n_halvings)).clamp(max=n_timepoints)
        stops[-1] = n_timepoints
        return torch.stack([starts, stops], 1).repeat(self.n_fft // 2 + 1, 1)


class GridDecoder(nn.Module):
    """Mirror of `GridEncoder` with one more doubling of the time axis; the result is stretched to the transform."""

    def __init__(
        self, n_channels: int, *, n_fft: int, rows: slice, n_halvings: int, width: int, n_blocks: int, in_dim: int
    ) -> None:
        super().__init__()
        self.n_fft, self.rows = n_fft, rows
        layers: list[nn.Module] = [nn.Conv2d(in_dim, width, 1)]
        layers += [GridResidualBlock(width) for _ in range(n_blocks)]
        for _ in range(n_halvings):
            layers.append(nn.ConvTranspose2d(width, width, (3, 4), stride=(1, 2), padding=1))
            layers += [nn.BatchNorm2d(width), nn.LeakyReLU()]
        layers.append(nn.ConvTranspose2d(width, 2 * n_channels, (3, 4), stride=(1, 2), padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, n_timepoints: int) -> Tensor:  # (b, d, n) -> (b, c, t)
        n_rows, hop = self.n_fft // 2 + 1, grid_hop(self.n_fft)
        u = self.layers(z.unflatten(2, (n_rows, -1)))
        u = F.interpolate(u.float(), size=(n_rows, n_timepoints // hop + 1), mode="bilinear", align_corners=False)
        return from_grid(keep_rows(u, self.rows), n_timepoints, self.n_fft)


def grid_hop(n_fft: int) -> int:
    """Points from one column of the grid to the next."""
    return max(1, n_fft // 4)


def grid(x: Tensor, n_fft: int) -> Tensor:  # (b, c, t) -> (b, 2c, f, n)
    """The transform with a rectangular window."""
    return stft(x, n_fft=n_fft, hop=grid_hop(n_fft), window="rectangular")


def from_grid(u: Tensor, n_timepoints: int, n_fft: int) -> Tensor:  # (b, 2c, f, n) -> (b, c, t)
    """Inverse of `grid`."""
    return istft(u, n_timepoints=n_timepoints, n_fft=n_fft, hop=grid_hop(n_fft), window="rectangular")


def keep_rows(u: Tensor, rows: slice) -> Tensor:  # (b, 2c, f, n)
    """All frequency rows outside `rows` set to 0."""
    kept = torch.zeros(u.shape[2], 1, device=u.device, dtype=u.dtype)
    kept[rows] = 1
    return u * kept
