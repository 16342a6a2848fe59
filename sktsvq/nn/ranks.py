"""One training by several processes (ranks), each of which computes its own rows of every batch.

The forward pass of a module gets the whole batch, so that everything random is drawn for all rows, as one process does.
It goes on with its own rows, `own_rows`. Where rows meet, in statistics and in losses that compare them, the functions
here bring the ranks together. The loss of a batch is the mean of the losses of the ranks; DistributedDataParallel
averages their gradients alike. Outside a shared batch every function gives what one process needs: its input.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, distributed
from torch.nn import functional as F


class Share(NamedTuple):
    """The rows from `start` to `stop` of a batch of `n_rows`, one of `n_ranks` shares."""

    n_ranks: int
    n_rows: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of own rows."""
        return self.stop - self.start


_SHARE: ContextVar[Share | None] = ContextVar("share", default=None)


def current_share() -> Share | None:
    """The share of this process in the batch that is computed now; None where it is not shared."""
    return _SHARE.get()


@contextmanager
def sharing(share: Share | None) -> Iterator[None]:
    """A block in which a batch is shared."""
    token = _SHARE.set(share)
    try:
        yield
    finally:
        _SHARE.reset(token)


Forward = TypeVar("Forward", bound=Callable[..., Any])


def takes_own_rows(forward: Forward) -> Forward:
    """Mark the forward pass of a network that several processes can train: one that overrides it is not marked."""
    forward.takes_own_rows = True  # type: ignore[attr-defined]
    return forward


def own_rows(x: Tensor) -> Tensor:  # (b, ...) -> (own, ...)
    """The rows of a batch that this process computes."""
    share = _SHARE.get()
    return x if share is None else x[share.start : share.stop]


def all_rows(x: Tensor) -> Tensor:  # (own, ...) -> (b, ...)
    """The rows of all ranks, with the gradient of their loss."""
    share = _SHARE.get()
    if share is None:
        return x
    padding = (0, 0) * (x.dim() - 1) + (share.start, share.n_rows - share.stop)
    return sum_over_ranks(F.pad(x, padding))


def sum_over_ranks(x: Tensor) -> Tensor:
    """The sum of the tensors of all ranks, with the gradient of their loss."""
    return x if _SHARE.get() is None else _Sum.apply(x)


def mean_over_batch(x: Tensor) -> Tensor:
    """The mean over a batch of what is a mean over the own rows."""
    share = _SHARE.get()
    return x if share is None else sum_over_ranks(x * (share.size / share.n_rows))


def part_of_loss(loss: Tensor, n_own: Tensor | None = None, n_all: Tensor | None = None) -> Tensor:
    """What a mean over own rows adds to the loss of the batch, which is the mean of the losses of the ranks.

    With `n_own` and `n_all` it is a mean over so many values of as many in the batch.
    """
    share = _SHARE.get()
    if share is None:
        return loss
    if n_own is None or n_all is None:
        return loss * (share.n_ranks * share.size / share.n_rows)
    return loss * (share.n_ranks * n_own / n_all)


def empty_batch_like(x: Tensor) -> Tensor:  # (own, ...) -> (b, ...)
    """Space for numbers of all rows, for `own_rows` of a random draw."""
    share = _SHARE.get()
    return torch.empty_like(x) if share is None else x.new_empty(share.n_rows, *x.shape[1:])


def dropout(x: Tensor, p: float, training: bool) -> Tensor:  # (own, ...)
    """Dropout that drops what one process would."""
    if _SHARE.get() is None or not (training and p):
        return F.dropout(x, p, training)
    return x * own_rows(F.dropout(torch.ones_like(empty_batch_like(x)), p))


def draw_vectors(x: Tensor, n_draws: int) -> Tensor:  # (own * n, d) -> (n_draws, d)
    """Random vectors of the batch, of which each row has n."""
    share = _SHARE.get()
    n_all = len(x) if share is None else len(x) // share.size * share.n_rows
    chosen = torch.randint(n_all, (n_draws,), device=x.device)
    if share is None:
        return x.index_select(0, chosen)
    chosen = chosen - len(x) // share.size * share.start
    is_own = (chosen >= 0) & (chosen < len(x))
    picked = x.index_select(0, chosen.clamp(0, len(x) - 1))
    return sum_over_ranks(torch.where(is_own.unsqueeze(1), picked, 0.0))


class _Sum(torch.autograd.Function):
    """Sum over ranks; since the loss is the mean of their losses, its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _summed(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(x: Tensor) -> Tensor:
    total = x.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
