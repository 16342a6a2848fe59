"""Number formats within a network."""

import torch
from torch import Tensor


def at_least_single(x: Tensor) -> Tensor:
    """Half precision becomes float32; float32 and float64 stay what they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
