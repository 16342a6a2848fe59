"""Seconds, memory and floating-point operations of each operation at one shape."""

import copy
import platform
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from sktsvq._devices import resolve_device
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import NCVQVAETokenizer, VQVAETokenizer

# Series of which the floating-point operations are counted.
_FEW = 64


def matrix_rate(device="auto", *, size=1024, repeats=5):
    """Floating-point operations per second of square matrix products, by the name of their number format."""
    device = resolve_device(device)
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(size, size, device=device).to(dtype)
        seconds = median_seconds(lambda a=a: (a @ a)[0, 0].item(), repeats)
        rates[str(dtype).removeprefix("torch.")] = 2 * size**3 / seconds
    return rates


def measure(n_cases, n_timepoints, repeats=3, device="auto"):
    """Rows of what each operation costs on random walks (n_cases, 1, n_timepoints) with two classes.

    The seconds of a fit are those of one pass over the series: the median of `repeats` epochs after a first one, or
    the first one where there are 10,000 series or more.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_cases, 1, n_timepoints)).astype(np.float32).cumsum(axis=2)
    y = rng.integers(2, size=n_cases)
    settings = {"max_epochs": 1 if n_cases >= 10_000 else 1 + repeats, "device": device, "random_state": 0}
    meter = _Meter(n_cases, n_timepoints, repeats, device)
    few, labels = np.resize(X, (_FEW, 1, n_timepoints)), torch.zeros(_FEW, dtype=torch.int64, device=meter.device)

    def x(tokenizer):
        return torch.from_numpy(tokenizer._scaled(few)).to(meter.device)

    meter.fit("NC tokenizer fit", NCVQVAETokenizer(**settings), X, few=lambda tokenizer: {"x": x(tokenizer)})
    tokenizer = VQVAETokenizer(**settings)
    meter.fit("tokenizer fit", tokenizer, X, few=lambda tokenizer: {"x": x(tokenizer)})
    tokens, module = tokenizer.transform(X), tokenizer.net_.module_
    indices = torch.from_numpy(np.resize(tokens, (_FEW, tokens.shape[1]))).to(meter.device)
    meter.call("transform", lambda: tokenizer.transform(X), few=lambda: module.encode(x(tokenizer)))
    meter.call("inverse_transform", lambda: tokenizer.inverse_transform(tokens), few=lambda: module.decode(indices))
    prior = MaskGITPrior(tokenizer.codebook_size_, **settings)
    meter.fit("prior fit", prior, tokens, y, few=lambda _: {"indices": indices, "labels": labels})

    # The counter of operations asks for the gradient of every trainable tensor that a module is given, and drawing
    # runs in inference mode, which has none.
    prior.net_.module_.requires_grad_(False)

    def sample(n_samples):
        return tokenizer.inverse_transform(prior.sample(n_samples, random_state=0))

    meter.call("sample", lambda: sample(n_cases), few=lambda: sample(_FEW))
    return meter.rows


class _Meter:
    """Rows of a benchmark at one shape."""

    def __init__(self, n_cases, n_timepoints, repeats, device):
        self.n_cases, self.repeats, self.device = n_cases, repeats, resolve_device(device)
        self.shape = {"n_timepoints": n_timepoints, "n_cases": n_cases}
        self.rates = matrix_rate(device)  # in the same process, so that other work on the machine slows both
        self.memory_before = memory(self.device)
        self.rows = []

    def fit(self, operation, estimator, *data, few):
        """Time an epoch; `few(estimator)` gives the inputs of the network for a batch of a few series."""
        peak = peak_memory(lambda: estimator.fit(*data), self.device)
        epochs = np.array(estimator.history_[:, "dur"])
        module, inputs = copy.deepcopy(estimator.net_.module_).train(), few(estimator)
        flop = _count_flop(lambda: module(**inputs).loss.backward())
        self._add(operation, float(np.median(epochs[1:] if len(epochs) > 1 else epochs)), peak, flop)

    def call(self, operation, function, *, few):
        """Time a function; `few` does the same for a few series."""
        flop = _count_flop(few)
        peak = peak_memory(function, self.device)
        self._add(operation, median_seconds(function, self.repeats, warm=True), peak, flop)

    def _add(self, operation, seconds, peak, flop_of_few):
        flop, rate = flop_of_few / _FEW, self.n_cases / seconds
        row = {"package": "sktsvq", "operation": operation, **self.shape}
        row |= {"seconds": seconds, "series_per_second": rate, "peak_memory_mb": peak - self.memory_before}
        row |= {f"share_of_{name}_rate": flop * rate / peak for name, peak in self.rates.items()}
        self.rows.append(row | {"gflop_per_series": flop / 1e9})


def median_seconds(function, repeats, *, warm=False):
    """Median seconds of a call, after one that does not count unless the function is warm."""
    if not warm:
        function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def _count_flop(function):
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def peak_memory(function, device):
    """Megabytes in use at the peak of a call; NaN where that cannot be told."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif platform.system() == "Linux":
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    function()
    return memory(device, peak=True)


def memory(device, peak=False):
    """Megabytes that torch has allocated on CUDA, or that this process holds resident on Linux."""
    if device.type == "cuda":
        return (torch.cuda.max_memory_allocated if peak else torch.cuda.memory_allocated)(device) / 1e6
    if platform.system() != "Linux":
        return float("nan")
    field = "VmHWM" if peak else "VmRSS"
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6
