"""Drawing tokens one after the other, from any model that gives the probabilities of the next one."""

from typing import Any, Protocol

import torch
from torch import Tensor

from sktsvq.nn.categorical import draw, tempered


class SequentialModel(Protocol):
    """A model that reads one token of each sequence at a time.

    Its state is of any type with a method `select(rows)`, which gives the state of these rows of the batch.
    """

    def start(self, labels: Tensor) -> Any:
        """The state before the first token, for sequences with these labels (b,)."""
        ...

    def step(self, previous: Tensor | None, state: Any) -> Tensor:
        """Read the previous indices (b,), None at the start; log-probabilities (b, k) of the next ones."""
        ...


def decode_in_sequence(
    model: SequentialModel,
    indices: Tensor,
    labels: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    n_particles: int = 1,
    generator: torch.Generator,
) -> Tensor:  # (b, n), (b,) -> (b, n)
    """Fill the indices that are -1 from the first position to the last; the others stay.

    Each missing index is drawn from its probabilities given the past. So that the known future counts too, each
    sequence with a known index behind a missing one is drawn `n_particles` times side by side: a known index weighs the
    candidates by how likely they made it, sequences whose weights have become uneven go on with candidates drawn by
    weight (sequential importance resampling), and the last weights choose one candidate. With ever more particles this
    draws from the exact conditional distribution, at a temperature of 1 and without truncation.
    """
    missing = indices < 0  # (b, n)
    if not (missing.cummax(1).values & ~missing).any():
        n_particles = 1
    b, n = indices.shape
    rows = torch.arange(b, device=indices.device).repeat_interleave(n_particles)
    indices, missing, state = indices[rows], missing[rows], model.start(labels[rows])  # b * p rows
    weights = torch.zeros(b, n_particles, dtype=torch.float64, device=indices.device)
    previous = None
    for position in range(n):
        log_p = model.step(previous, state)  # (b * p, k)
        gaps = missing[:, position]
        if gaps.any():
            drawn = draw(truncate(tempered(log_p, temperature), top_k=top_k, top_p=top_p).softmax(1), generator)
            indices[:, position] = torch.where(gaps, drawn, indices[:, position])
        if n_particles > 1:
            evidence = log_p.gather(1, indices[:, position, None]).squeeze(1).masked_fill(gaps, 0.0)
            weights += evidence.view(b, -1).clamp(min=_IMPOSSIBLE)
            weights, ancestors = resample(weights, generator)
            if ancestors is not None:
                indices, state = indices[ancestors], state.select(ancestors)
        previous = indices[:, position]
    chosen = draw(weights.softmax(1), generator) if n_particles > 1 else 0
    return indices[torch.arange(b, device=indices.device) * n_particles + chosen]


# Known indices of probability 0 weigh all candidates alike, rather than with infinities.
_IMPOSSIBLE = -1e3


def resample(weights: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:  # (b, p)
    """New log-weights and the rows (b * p,) of the candidates that go on; None where all stay.

    Systematic resampling of the sequences whose effective number of candidates has fallen below half.
    """
    b, p = weights.shape
    share = weights.softmax(1)
    uneven = share.square().sum(1, keepdim=True) * p > 2  # (b, 1)
    if not uneven.any():
        return weights, None
    places = torch.arange(p, device=weights.device)
    offset = torch.rand(b, 1, generator=generator, device=weights.device, dtype=weights.dtype)
    ancestors = torch.searchsorted(share.cumsum(1), (places + offset) / p).clamp(max=p - 1)
    ancestors = torch.where(uneven, ancestors, places) + p * torch.arange(b, device=weights.device).unsqueeze(1)
    return weights.masked_fill(uneven, 0.0), ancestors.flatten()


def truncate(log_p: Tensor, *, top_k: int | None, top_p: float) -> Tensor:  # (b, k) -> (b, k)
    """Log-probabilities, not normalised, with all but the likeliest at minus infinity.

    Kept are the `top_k` likeliest, and of them as many as it takes to reach the probability `top_p` (nucleus sampling,
    arXiv 1904.09751).
    """
    if top_k is not None and top_k < log_p.shape[1]:
        least = log_p.topk(top_k).values[:, -1:]
        log_p = log_p.masked_fill(log_p < least, -torch.inf)
    if top_p < 1.0:
        ordered, order = log_p.softmax(1).sort(1, descending=True)
        before = ordered.cumsum(1) - ordered  # the probability of those that are likelier
        log_p = log_p.masked_fill((before >= max(top_p, 1e-30)).gather(1, order.argsort(1)), -torch.inf)
    return log_p
