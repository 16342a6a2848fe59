"""Streams of tokens: parts of a sequence with codes of their own."""

import torch
from torch import Tensor

# A stream as plain values: {"tokens": [start, stop], "codes": [start, stop]}.
Stream = dict[str, list[int]]


def token_slices(streams: list[Stream] | None, n_tokens: int) -> tuple[slice, ...]:
    """The tokens of each stream; one slice over all for None."""
    if streams is None:
        return (slice(0, n_tokens),)
    return tuple(slice(*stream["tokens"]) for stream in streams)


def allowed_codes(streams: list[Stream] | None, n_tokens: int, codebook_size: int) -> Tensor | None:  # (n, k) of bool
    """Which codes may stand at each position; None where all may."""
    if streams is None:
        return None
    allowed = torch.zeros(n_tokens, codebook_size, dtype=torch.bool)
    for stream in streams:
        allowed[slice(*stream["tokens"]), slice(*stream["codes"])] = True
    return allowed
