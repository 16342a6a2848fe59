"""Series moved in time before a network sees them, with all that is known of them."""

import torch
from torch import Tensor


def shift_inputs(inputs: dict[str, Tensor], *, most: int, share: float = 1.0) -> dict[str, Tensor]:
    """Move series in time; their first or last value enters at the end that becomes free.

    Parameters
    ----------
    inputs : `x` (b, c, t), and where there is need `observed` (b, c, t) of bool and `lengths` (b,)
    most : greatest move to either side in time points
    share : probability of a series to be moved
    """
    x = inputs["x"]
    time = torch.arange(x.shape[2], device=x.device)
    moves = torch.randint(-most, most + 1, (len(x), 1), device=x.device)
    moves *= torch.rand(len(x), 1, device=x.device) < share
    if "lengths" in inputs:  # something of each series stays
        moves = moves.maximum(1 - inputs["lengths"].unsqueeze(1))
    before = (time - moves).clamp(0, len(time) - 1).unsqueeze(1).expand_as(x)  # where each value stood
    moved: dict[str, Tensor] = {name: inputs[name].gather(2, before) for name in ("x", "observed") if name in inputs}
    if "lengths" in inputs:
        moved["lengths"] = (inputs["lengths"] + moves.squeeze(1)).clamp(max=len(time))
        before_end = (time < moved["lengths"].view(-1, 1, 1)).expand_as(x)
        moved["observed"] = before_end & moved["observed"] if "observed" in moved else before_end
    return inputs | moved
