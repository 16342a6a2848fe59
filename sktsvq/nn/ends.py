"""Series that end before others: which latents stand for them, and the code that stands behind their last one."""

import torch
from torch import Tensor


def begins_before_end(lengths: Tensor, spans: Tensor) -> Tensor:  # (b,), (n, 2) -> (b, n) of bool
    """Which latents stand for a series: those with most of their time points before its end, and the first of all."""
    spans = spans.to(lengths.device)
    return (spans.float().mean(1) < lengths.unsqueeze(1)) | (spans[:, 0] == spans[:, 0].min())


def with_ends(indices: Tensor, alive: Tensor, n_codes: int) -> Tensor:  # (b, s * n), (b, n) -> (b, s * n)
    """Indices with an end code, the last of each stream of `n_codes` and this one, where a series has ended."""
    stream = _streams(indices, alive)
    return (indices + stream).where(_repeat(alive, indices), (stream + 1) * (n_codes + 1) - 1)


def without_ends(indices: Tensor, alive: Tensor, n_codes: int) -> Tensor:  # (b, s * n), (b, n) -> (b, s * n)
    """Undo `with_ends`; what stands for an end code is the first code of its stream."""
    stream = _streams(indices, alive)
    own = indices - stream
    return own.where(own < (stream + 1) * n_codes, stream * n_codes)


def _streams(indices: Tensor, alive: Tensor) -> Tensor:  # (s * n,)
    """The number of the stream of each position."""
    return torch.arange(indices.shape[1], device=indices.device) // alive.shape[1]


def _repeat(alive: Tensor, indices: Tensor) -> Tensor:  # (b, s * n)
    return alive.repeat(1, indices.shape[1] // alive.shape[1])


def max_over(z: Tensor, alive: Tensor | None) -> Tensor:  # (b, n, d), (b, n) -> (b, d)
    """Maximum over the positions that `mean_over` counts."""
    return (z if alive is None else z.masked_fill(~alive.unsqueeze(2), -torch.inf)).amax(1)


def mean_over(z: Tensor, alive: Tensor | None) -> Tensor:  # (b, n, d), (b, n) -> (b, d)
    """Mean over the positions; over those that stand for a series where that is told."""
    if alive is None:
        return z.mean(1)
    share = alive.to(z.dtype) / alive.sum(1, keepdim=True)
    return (z * share.unsqueeze(2)).sum(1)
