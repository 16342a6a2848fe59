"""How fast tokenizers and priors are: ``python -m sktsvq benchmark speed``."""

import copy
import csv
import multiprocessing
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from sktsvq._devices import resolve_device, resolve_precision
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import NCVQVAETokenizer, VQVAETokenizer

__all__ = ["matrix_rate", "measure", "plot", "speed"]

N_TIMEPOINTS = (24, 140, 512, 2048)
N_CASES = (1_000, 10_000, 100_000)
# Cases while n_timepoints varies, and time points while n_cases varies.
CASES, TIMEPOINTS = 2048, 140

# Series per second of timevqvae 1.0.1 and, for "NC tokenizer fit", of the authors' NC-VQVAE code, at 140 time points
# on two CPU cores: beside runs on a machine that has no timevqvae.
REFERENCE = {
    "tokenizer fit": 233,
    "NC tokenizer fit": 76,
    "transform": 783,
    "inverse_transform": 783,
    "prior fit": 239,
    "sample": 30,
}

COLUMNS = [
    "package",
    "operation",
    "n_timepoints",
    "n_cases",
    "seconds",
    "series_per_second",
    "peak_memory_mb",
    "gflop_per_series",
    "share_of_float32_rate",
    "share_of_bfloat16_rate",
    "times_timevqvae",
]


def speed(
    out="speed_output", *, n_timepoints=N_TIMEPOINTS, n_cases=N_CASES, n_cases_fixed=CASES, repeats=3, device="auto"
):
    """Measure every operation over lengths and numbers of series; write speed.csv and speed.png to the folder `out`.

    Parameters
    ----------
    out : str or path-like
        Folder, made if it is not there.
    n_timepoints : sequence of int
        Lengths, each with `n_cases_fixed` series.
    n_cases : sequence of int
        Numbers of series of 140 time points.
    n_cases_fixed : int
        Series while the length varies.
    repeats : int
        Timings of which the median counts, after one that does not.
    device : str
        A torch device; "auto" is CUDA where there is one.

    Returns
    -------
    rows : list of dict
        With the keys `COLUMNS`.
    """
    resolve_device(device)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    shapes = dict.fromkeys([(n_cases_fixed, length) for length in n_timepoints] + [(n, TIMEPOINTS) for n in n_cases])
    rows = []
    for cases, length in shapes:
        rows += _in_fresh_process(measure, cases, length, repeats, device)
        if find_spec("timevqvae") and (cases, length) == (n_cases_fixed, TIMEPOINTS):
            rows += _in_fresh_process(measure_timevqvae, length, repeats, device)
    _compare(rows)
    with (out / "speed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    plot(rows, n_cases_fixed).savefig(out / "speed.png", dpi=120)
    _report(rows, device)
    return rows


def _in_fresh_process(function, *arguments):
    """The result of a call in a process of its own, so that no measurement finds the memory of another."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def matrix_rate(device="auto", *, size=1024, repeats=5):
    """Floating-point operations per second of square matrix products, by the name of their number format."""
    device = resolve_device(device)
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(size, size, device=device).to(dtype)
        seconds = _median_seconds(lambda a=a: (a @ a)[0, 0].item(), repeats)
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
    resolved = resolve_device(device)
    rates = matrix_rate(device)  # in the same process, so that other work on the machine slows both
    before = _memory(resolved)
    rows = []

    def add(operation, seconds, memory, flop):
        row = {"package": "sktsvq", "operation": operation, "n_timepoints": n_timepoints, "n_cases": n_cases}
        row |= {"seconds": seconds, "series_per_second": n_cases / seconds, "peak_memory_mb": memory - before}
        row |= {f"share_of_{name}_rate": flop * n_cases / seconds / rate for name, rate in rates.items()}
        rows.append(row | {"gflop_per_series": flop / 1e9})

    def fit(operation, estimator, *data, **inputs):
        memory = _peak_memory(lambda: estimator.fit(*data), resolved)
        epochs = np.array(estimator.history_[:, "dur"])
        module = copy.deepcopy(estimator.net_.module_).train()
        inputs = {name: value(estimator) for name, value in inputs.items()}
        flop = _count_flop(lambda: module(**inputs).loss.backward()) / 64
        add(operation, float(np.median(epochs[1:] if len(epochs) > 1 else epochs)), memory, flop)

    def call(operation, function, small):
        flop = _count_flop(small) / 64
        memory = _peak_memory(function, resolved)
        add(operation, _median_seconds(function, repeats, warm=True), memory, flop)

    few = np.resize(X, (64, 1, n_timepoints))

    def x(tokenizer):
        return tokenizer._scale(few).to(resolved)

    fit("NC tokenizer fit", NCVQVAETokenizer(**settings), X, x=x)
    tokenizer = VQVAETokenizer(**settings)
    fit("tokenizer fit", tokenizer, X, x=x)
    tokens = tokenizer.transform(X)
    module, indices = tokenizer.net_.module_, torch.from_numpy(np.resize(tokens, (64, tokens.shape[1]))).to(resolved)
    call("transform", lambda: tokenizer.transform(X), lambda: module.encode(x(tokenizer)))
    call("inverse_transform", lambda: tokenizer.inverse_transform(tokens), lambda: module.decode(indices))
    prior = MaskGITPrior(tokenizer.codebook_size_, **settings)
    labels = torch.zeros(64, dtype=torch.int64, device=resolved)
    fit("prior fit", prior, tokens, y, indices=lambda _: indices, labels=lambda _: labels)

    # The counter of operations asks for the gradient of every trainable tensor that a module is given, and drawing
    # runs in inference mode, which has none.
    prior.net_.module_.requires_grad_(False)

    def sample(n_samples):
        return tokenizer.inverse_transform(prior.sample(n_samples, random_state=0))

    call("sample", lambda: sample(n_cases), lambda: sample(64))
    return rows


def _median_seconds(function, repeats, warm=False):
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


def _peak_memory(function, device):
    """Megabytes in use at the peak of a call; NaN where that cannot be told."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif platform.system() == "Linux":
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    function()
    return _memory(device, peak=True)


def _memory(device, peak=False):
    """Megabytes that torch has allocated on CUDA, or that this process holds resident on Linux."""
    if device.type == "cuda":
        return (torch.cuda.max_memory_allocated if peak else torch.cuda.memory_allocated)(device) / 1e6
    if platform.system() != "Linux":
        return float("nan")
    field = "VmHWM" if peak else "VmRSS"
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def measure_timevqvae(n_timepoints, repeats=3, device="auto", *, n_cases=64, n_steps=4):
    """Rows of the package timevqvae with the settings of its own page, for batches of `n_cases` series."""
    from timevqvae.maskgit import MaskGIT, PriorModelConfig
    from timevqvae.vqvae import VQVAE

    device = resolve_device(device)
    sizes = {"codebook_size_l": 1024, "codebook_size_h": 1024, "downsampled_width_l": 8, "downsampled_width_h": 32}
    vqvae = VQVAE(
        in_channels=1,
        input_length=n_timepoints,
        n_fft=4,
        init_dim=4,
        hid_dim=128,
        encoder_n_resnet_blocks=2,
        decoder_n_resnet_blocks=2,
        kmeans_init=True,
        codebook_dim=8,
        **sizes,
    ).to(device)
    x, labels = torch.randn(n_cases, 1, n_timepoints, device=device).cumsum(2), torch.zeros(n_cases, 1, device=device)
    vqvae(x)  # from here on it knows its numbers of tokens
    regular = {"ff_mult": 1, "use_rmsnorm": True, "p_unconditional": 0.2, "model_dropout": 0.3, "emb_dropout": 0.3}
    maskgit = MaskGIT(
        vqvae=vqvae,
        lf_choice_temperature=10.0,
        hf_choice_temperature=0.0,
        lf_num_sampling_steps=10,
        hf_num_sampling_steps=10,
        lf_codebook_size=1024,
        hf_codebook_size=1024,
        transformer_embedding_dim=128,
        lf_prior_model_config=PriorModelConfig(hidden_dim=128, n_layers=4, heads=2, **regular),
        hf_prior_model_config=PriorModelConfig(hidden_dim=32, n_layers=1, heads=1, **regular),
        classifier_free_guidance_scale=1.0,
        n_classes=2,
    ).to(device)

    def tokenizer_loss():
        output = vqvae(x)
        return sum(output.recons_loss.values()) + sum(loss["loss"] for loss in output.vq_losses.values())

    def prior_loss():
        return maskgit(x, labels.long()).total_mask_prediction_loss

    def evaluate(function):
        with torch.no_grad():
            function()

    steps = {
        "tokenizer fit": _training_steps(vqvae.train(), tokenizer_loss, n_steps),
        "prior fit": _training_steps(maskgit.train(), prior_loss, n_steps),
    }
    seconds = {operation: _median_seconds(step, repeats) / n_steps for operation, step in steps.items()}
    maskgit.eval()
    seconds["inverse_transform"] = _median_seconds(lambda: evaluate(lambda: vqvae(x)), repeats)
    seconds["transform"] = seconds["inverse_transform"]  # it offers the whole way only

    def sample():
        low, high = maskgit.iterative_decoding(n_cases, class_condition=1, device=device)
        return maskgit.decode_token_ind_to_timeseries(low, "lf") + maskgit.decode_token_ind_to_timeseries(high, "hf")

    seconds["sample"] = _median_seconds(lambda: evaluate(sample), repeats)
    return [
        {"package": "timevqvae", "operation": operation, "n_timepoints": n_timepoints, "n_cases": n_cases}
        | {"seconds": value, "series_per_second": n_cases / value}
        for operation, value in seconds.items()
    ]


def _training_steps(module, loss, n_steps):
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)

    def run():
        for _ in range(n_steps):
            optimizer.zero_grad()
            value = loss()
            value.backward()
            optimizer.step()
        return value.item()

    return run


def _compare(rows):
    """Add the ratios to timevqvae at 140 time points to the rows."""
    reference = dict(REFERENCE)
    reference |= {row["operation"]: row["series_per_second"] for row in rows if row["package"] == "timevqvae"}
    for row in rows:
        if row["n_timepoints"] == TIMEPOINTS:
            row["times_timevqvae"] = row["series_per_second"] / reference[row["operation"]]


def plot(rows, n_cases_fixed=CASES):
    """A figure of the cost against n_timepoints and against n_cases."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    by_length, by_number = figure.subplots(1, 2)
    rows = [row for row in rows if row["package"] == "sktsvq"]
    for operation in dict.fromkeys(row["operation"] for row in rows):
        own = [row for row in rows if row["operation"] == operation]
        lengths = sorted((row["n_timepoints"], row["seconds"]) for row in own if row["n_cases"] == n_cases_fixed)
        numbers = sorted((row["n_cases"], row["seconds"]) for row in own if row["n_timepoints"] == TIMEPOINTS)
        by_length.loglog(*zip(*lengths, strict=True), marker="o", label=operation)
        by_number.loglog(*zip(*numbers, strict=True), marker="o", label=operation)
    by_length.set(xlabel="n_timepoints", ylabel=f"seconds for {n_cases_fixed} series")
    by_number.set(xlabel=f"n_cases, {TIMEPOINTS} time points each", ylabel="seconds")
    by_number.legend()
    return figure


def _report(rows, device):
    device, nan = resolve_device(device), float("nan")
    precision = str(resolve_precision("auto", device)).removeprefix("torch.")
    print(f"{device}, {torch.get_num_threads()} threads, training in {precision}")
    print("package   operation          n_timepoints  n_cases  series/s     MB  share  times")
    for row in rows:
        memory, share = row.get("peak_memory_mb", nan), row.get(f"share_of_{precision}_rate", nan)
        print(
            f"{row['package']:<10}{row['operation']:<19}{row['n_timepoints']:>12}{row['n_cases']:>9}"
            f"{row['series_per_second']:>10.0f}{memory:>7.0f}{share:>7.2f}{row.get('times_timevqvae', nan):>7.1f}"
        )
