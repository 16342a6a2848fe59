"""Siamese networks: one encoder learns from two augmented views of each series."""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sktsvq.nn.augment import Augmentation, augment, resolve
from sktsvq.nn.convnet import DilatedEncoder
from sktsvq.nn.ends import begins_before_end, max_over, mean_over
from sktsvq.nn.precision import at_least_single
from sktsvq.nn.random_kernels import RandomKernels
from sktsvq.nn.ranks import all_rows, own_rows, takes_own_rows
from sktsvq.nn.two_views import Teacher, TwoViewObjective, collapse_monitors


class SiameseOutput(NamedTuple):
    """The loss, and the pooled latents (b, d) of the second view, for the monitors."""

    loss: Tensor
    pooled: Tensor


class Siamese(nn.Module):
    """Dilated convolutions over time, pooled by maximum and mean, compared by a two-view objective.

    The embedding also holds shares of time of the encoder as it was before any training (`untrained`), and of random
    `kernels`: random convolutions tell apart what the augmentations have made alike.

    Parameters
    ----------
    n_channels, n_timepoints : size of a series
    rate : time points per position
    width : channels of the hidden layers
    n_blocks : residual blocks; the i-th looks 2^i positions to either side
    dim : channels of the last layer
    objective : keyword arguments of `TwoViewObjective` without `in_dim`
    augmentations : names in `AUGMENTATIONS`, or functions from (b, c, t) to (b, c, t)
    """

    scale: Tensor

    def __init__(
        self,
        *,
        n_channels: int,
        n_timepoints: int,
        rate: int,
        width: int,
        n_blocks: int,
        dim: int,
        objective: dict[str, Any],
        augmentations: str | Augmentation | Sequence[str | Augmentation],
    ) -> None:
        super().__init__()
        sizes = {"n_timepoints": n_timepoints, "rate": rate, "width": width, "n_blocks": n_blocks}
        self.encoder = DilatedEncoder(n_channels, dim=dim, **sizes)
        self.untrained = copy.deepcopy(self.encoder).requires_grad_(False)
        self.augmentations = resolve(augmentations)
        self.kernels = RandomKernels(n_channels, n_timepoints, 2 * dim)
        self.embedding_dim = 8 * dim
        self.objective = TwoViewObjective(in_dim=2 * dim, **objective)
        if self.objective.method.has_teacher:
            self.teacher = Teacher(self.encoder, momentum=self.objective.teacher.momentum)
        self.register_buffer("scale", torch.ones(self.embedding_dim))

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, 8 * dim)
        """What each channel of both encoders and each kernel does over time, up to the end of each series."""
        alive = None if lengths is None else begins_before_end(lengths, self.encoder.token_spans)
        with torch.autocast(x.device.type, enabled=False):  # neighbours that are rounded to one number do not rise
            random = torch.cat([shares(self.untrained(x), alive), self.kernels(x, lengths)], 1)
        return torch.cat([pool(self.encoder(x), alive), random], 1)

    def embed(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, 8 * dim)
        """The features, divided by the scale that `rescale` was told."""
        return self.features(x, lengths) / self.scale

    @torch.no_grad()
    def rescale(self, scale: Tensor) -> None:  # (8 * dim,)
        """Let embeddings be divided by these numbers from now on."""
        self.scale.copy_(scale)

    @takes_own_rows
    def forward(self, x: Tensor) -> SiameseOutput:  # (b, c, t)
        views = torch.cat([own_rows(augment(x, self.augmentations)) for _ in range(2)])
        first, second = (all_rows(rows) for rows in pool(self.encoder(views)).chunk(2))
        targets: tuple[Tensor, ...] = ()
        if self.objective.method.has_teacher:
            with torch.no_grad():
                targets = tuple(all_rows(rows) for rows in pool(self.teacher(views)).chunk(2))
        return SiameseOutput(self.objective(first, second, *targets).loss, second)

    def monitor(self, output: SiameseOutput, x: Tensor) -> dict[str, Tensor]:
        """How far the pooled latents have collapsed."""
        pooled = output.pooled.detach()
        return collapse_monitors(pooled - pooled.mean(0))

    def after_step(self) -> None:
        """Move the teachers and the queue."""
        self.objective.after_step()
        if self.objective.method.has_teacher:
            self.teacher.follow(self.encoder)


def pool(z: Tensor, alive: Tensor | None = None) -> Tensor:  # (b, n, d), (b, n) -> (b, 2d)
    """Maximum and mean over the positions."""
    z = at_least_single(z)
    return torch.cat([max_over(z, alive), mean_over(z, alive)], 1)


def shares(z: Tensor, alive: Tensor | None = None) -> Tensor:  # (b, n, d), (b, n) -> (b, 2d)
    """Shares of the positions where a channel is positive, and where it is above that of the position before."""
    rises = z > torch.cat([z[:, :1], z[:, :-1]], 1)
    return torch.cat([mean_over(where.float(), alive) for where in (z > 0, rises)], 1)
