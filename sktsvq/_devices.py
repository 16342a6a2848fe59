"""Where torch computes, in which number format, with how many threads and which random numbers."""

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

# One fit at a time: torch's layers draw from one global generator, and two threads would mix their numbers.
_RNG_LOCK = threading.RLock()


@contextmanager
def isolated_rng(seed, device):
    """Seed torch inside the block; restore its global random state afterwards."""
    devices = [device] if device.type == "cuda" else []
    with _RNG_LOCK, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def training_mode(seed, device):
    """A block in which a training depends on its seed and its device alone, not on the state of the process.

    The caller may have set another default dtype, switched gradients off, or run code that changed the number of
    threads.
    """
    restore_threads()
    with isolated_rng(seed, device), single_precision(), torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def single_precision():
    """A block in which torch's default dtype is float32; it is left alone where it is."""
    dtype = torch.get_default_dtype()
    if dtype == torch.float32:
        yield
        return
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)


def restore_threads():
    """Give this thread the number of threads that torch was told.

    Other libraries, numba among them, change that of OpenMP for the thread that calls them; sums are then divided in
    another way, and have other bits. A fresh thread knows what `torch.set_num_threads`, or the environment, says.
    """
    n_threads = _threads_of_a_loky_worker()
    if n_threads is None:
        with ThreadPoolExecutor(1) as fresh:
            n_threads = fresh.submit(torch.get_num_threads).result()
    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)


def _threads_of_a_loky_worker():
    """What OMP_NUM_THREADS says in a worker of joblib's loky, as in the process that started it; None elsewhere.

    Torch itself follows MKL_NUM_THREADS there, which joblib sets to the share of the worker although the user has set
    OMP_NUM_THREADS, so that the bits of a fit would depend on where it runs.
    """
    is_worker = "loky" in type(multiprocessing.current_process()).__module__
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if is_worker and told.isdigit() and int(told) > 0 else None


def resolve_device(device):
    """The torch device for a name; "auto" is CUDA where there is one, else the CPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"The 'device' parameter must be 'auto' or a torch device. Got {device!r} instead.") from error
    try:
        torch.empty(1, device=resolved).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"The 'device' parameter must be a device that torch finds here. Got {device!r} instead."
        ) from error
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
