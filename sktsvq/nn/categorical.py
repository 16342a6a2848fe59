"""Draws from categorical distributions."""

import torch
from torch import Tensor
from torch.nn import functional as F


def draw(p: Tensor, generator: torch.Generator) -> Tensor:  # (m, k) -> (m,)
    """One index from each row of probabilities, which need not sum to 1.

    With the codes written in rows of 16, a column is drawn first and then a code of that column: a cumulative sum over
    all codes would take longer than everything else.
    """
    n_padding = -p.shape[1] % 16
    table = (F.pad(p, (0, n_padding)) if n_padding else p).unflatten(1, (-1, 16))  # (m, k / 16, 16)
    column = draw_by_inversion(table.sum(1), generator)
    codes = table[torch.arange(len(p), device=p.device), :, column]  # (m, k / 16)
    return 16 * draw_by_inversion(codes, generator) + column


def draw_by_inversion(p: Tensor, generator: torch.Generator) -> Tensor:  # (m, k) -> (m,)
    """One index from each row of probabilities, which need not sum to 1, by the inverse of their cumulative sum."""
    cumulative = p.cumsum(-1)
    total = cumulative[:, -1:]
    place = total * torch.rand(len(p), 1, generator=generator, device=p.device)
    # Rounding must not lead to the total: the last codes may have probability 0.
    place = place.minimum(total.nextafter(torch.zeros_like(total)))
    return torch.searchsorted(cumulative, place, right=True).squeeze(1)


def tempered(logits: Tensor, temperature: float) -> Tensor:  # (..., k) -> (..., k)
    """Logits divided by a temperature; near 0 all but the greatest become minus infinity."""
    if temperature == 1.0:
        return logits
    return (logits - logits.amax(-1, keepdim=True)) / max(temperature, 1e-30)
