"""Where torch computes, in which number format, and with which random numbers."""

import threading
from contextlib import contextmanager

import torch

# One fit at a time: torch's layers draw from one global generator, and two threads would mix their numbers.
_RNG_LOCK = threading.RLock()


@contextmanager
def isolated_rng(seed, device):
    """Seed torch inside the block and put its global random state back behind it."""
    devices = [device] if device.type == "cuda" else []
    with _RNG_LOCK, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def resolve_device(device):
    """The torch device for a name; "auto" is CUDA where there is one, else the CPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"The 'device' parameter must be 'auto' or a torch device. Got {device!r} instead.") from error
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"The 'device' parameter is {device!r}, but torch finds no CUDA device.")
    return resolved


def resolve_precision(precision, device):
    """The torch dtype of matrix products in training; "auto" is bfloat16 where the processor multiplies it faster."""
    if precision == "auto":
        if device.type == "cuda":
            fast = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            # Without instructions for it the conversions cost a CPU more than the products save.
            able = getattr(torch.cpu, "get_capabilities", dict)()
            fast = able.get("amx_bf16", False) or able.get("avx512_bf16", False)
        precision = "bfloat16" if fast else "float32"
    return getattr(torch, precision)
