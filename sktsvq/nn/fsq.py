"""Finite scalar quantisation: codes on a grid that nothing learns."""

from collections.abc import Iterator

import torch
from torch import Tensor

from sktsvq.nn.quantizer import Cluster, Quantized, Quantizer, straight_through

# Greatest number of levels of a dimension, as in the paper's table 1.
_MOST_LEVELS = 8


def fsq_levels(codebook_size: int) -> tuple[int, ...]:
    """Numbers of levels, from great to small, whose product is `codebook_size`.

    The fewest that are at most 8 each, and of those the most even; a prime factor above 8 is a number of its own.

    >>> [fsq_levels(size) for size in (16, 128, 1000, 22)]
    [(4, 4), (8, 4, 4), (8, 5, 5, 5), (11, 2)]
    """
    if codebook_size == 1:
        return (1,)
    return min(_factorizations(codebook_size, codebook_size), key=lambda levels: (len(levels), -min(levels)))


def _factorizations(size: int, most: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `size` as a falling product of allowed numbers of levels up to `most`."""
    if size == 1:
        yield ()
    for level in range(min(size, most), 1, -1):
        if size % level == 0 and (level <= _MOST_LEVELS or _is_prime(level)):
            for rest in _factorizations(size // level, level):
                yield (level, *rest)


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


class FiniteScalarQuantizer(Quantizer):
    r"""Rounds every bounded dimension to a few levels (FSQ, arXiv 2309.15505); the codes are all their combinations.

    A dimension of L levels is :math:`\tanh z` rounded to the nearest of L evenly spaced values from -1 to 1, both
    included, with a straight-through gradient. For odd L this is the paper's rounding of :math:`\lfloor L/2 \rfloor
    \tanh z`; for even L it is the symmetric variant of arXiv 2411.19842. There is no loss and nothing to learn.
    """

    levels: Tensor
    strides: Tensor
    grid: Tensor

    def __init__(self, codebook_size: int) -> None:
        super().__init__()
        levels = fsq_levels(codebook_size)
        grids = [torch.linspace(-1, 1, n) if n > 1 else torch.zeros(1) for n in levels]
        strides = [codebook_size]
        for n in levels:
            strides.append(strides[-1] // n)
        self.register_buffer("levels", torch.tensor(levels))  # (d,)
        self.register_buffer("strides", torch.tensor(strides[1:]))  # (d,)
        self.register_buffer("grid", torch.stack(torch.meshgrid(*grids, indexing="ij"), -1).flatten(0, -2))  # (k, d)

    @property
    def codebook(self) -> Tensor:  # (k, d)
        return self.grid

    def project(self, z: Tensor) -> Tensor:  # (b, n, d)
        return z.tanh()

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:
        """Nothing: the codes are where they are."""

    def quantize(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n)
        return self._round(self.project(z.float()))

    def forward(self, z: Tensor) -> Quantized:  # (b, n, d)
        bounded = self.project(z.float())
        indices = self._round(bounded.detach())
        return Quantized(straight_through(bounded, self.dequantize(indices)), indices, bounded.new_zeros(()))

    def _round(self, bounded: Tensor) -> Tensor:  # (b, n, d) -> (b, n)
        digits = ((bounded + 1) / 2 * (self.levels - 1)).round().long()
        return (digits * self.strides).sum(-1)
