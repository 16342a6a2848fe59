"""Train a torch module on tensors in memory: the one file that knows skorch."""

import math
import threading
from contextlib import contextmanager
from functools import partial

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, GradientNormClipping, LRScheduler, PassthroughScoring
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

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
            # Without matrix units (AMX) the conversions cost a CPU more than the products save.
            fast = getattr(torch.cpu, "get_capabilities", dict)().get("amx_bf16", False)
        precision = "bfloat16" if fast else "float32"
    return getattr(torch, precision)


# Fewer cases than this need fewer steps.
_SMALL = 256


def resolve_epochs(max_epochs, *, n_cases, batch_size, n_steps, n_steps_small=None):
    """`max_epochs`, or for "auto" the epochs that make `n_steps` optimiser steps (`n_steps_small` below 256 cases)."""
    if max_epochs != "auto":
        return max_epochs
    if n_steps_small is not None and n_cases < _SMALL:
        n_steps = n_steps_small
    return math.ceil(n_steps / _n_batches(n_cases, batch_size))


def _n_batches(n_cases, batch_size):
    return max(1, n_cases // batch_size)


class TensorBatches:
    """Cut mini-batches from the tensors of a skorch dataset, without a copy per case.

    An epoch is n_cases // batch_size batches of nearly equal size, so none is smaller than `batch_size` where there are
    that many cases, and no case is dropped.
    """

    def __init__(self, dataset, batch_size, shuffle=False):
        self.indices = None
        if isinstance(dataset, torch.utils.data.Subset):
            self.indices = torch.as_tensor(dataset.indices)
            dataset = dataset.dataset
        self.X, self.y = dataset.X, dataset.y
        self.n_cases = len(dataset) if self.indices is None else len(self.indices)
        self.batch_size, self.shuffle = batch_size, shuffle

    def __len__(self):
        return _n_batches(self.n_cases, self.batch_size)

    def __iter__(self):
        device = next(iter(self.X.values())).device
        indices = torch.arange(self.n_cases) if self.indices is None else self.indices
        order = indices[torch.randperm(self.n_cases)] if self.shuffle else indices
        for rows in order.to(device).tensor_split(len(self)):
            target = self.y[rows] if isinstance(self.y, torch.Tensor) else torch.zeros(())
            yield {name: tensor[rows] for name, tensor in self.X.items()}, target


class OwnLoss(torch.nn.Module):
    """Criterion of the modules that return their loss themselves, in the field `loss` of a named tuple."""

    def forward(self, output, target):
        return output.loss


class Monitor(Callback):
    """Record what ``module.monitor(output, **inputs)`` says of the last batch of an epoch.

    It is asked about a hundred times in a training; the epochs between repeat its last answer.
    """

    def on_train_begin(self, net, **kwargs):
        self.n_before_ = len(net.history)

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        if training:
            self.last_ = batch[0], y_pred

    def on_epoch_end(self, net, **kwargs):
        inputs, output = self.last_
        del self.last_
        epoch = len(net.history) - self.n_before_
        if epoch % max(1, net.max_epochs // 100) == 0 or epoch in (1, net.max_epochs):
            self.values_ = {name: float(value) for name, value in net.module_.monitor(output, **inputs).items()}
        for name, value in self.values_.items():
            net.history.record(name, value)


class EpochBar(Callback):
    """A progress bar on standard error, one tick an epoch, with the epoch's mean loss."""

    def on_train_begin(self, net, **kwargs):
        self.bar_ = tqdm(total=net.max_epochs, desc=type(net.module_).__name__, unit="epoch", mininterval=0.5)

    def on_epoch_end(self, net, **kwargs):
        self.bar_.set_postfix(loss=f"{net.history[-1, 'train_loss']:.4f}", refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
        del self.bar_


class _Net(NeuralNet):
    def __init__(self, *args, autocast_dtype=torch.float32, **kwargs):
        super().__init__(*args, **kwargs)
        self.autocast_dtype = autocast_dtype

    def infer(self, x, **fit_params):
        enabled = self.autocast_dtype != torch.float32
        with torch.autocast(torch.device(self.device).type, self.autocast_dtype, enabled=enabled):
            return super().infer(x, **fit_params)

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("gradient_clipping", GradientNormClipping(gradient_clip_value=1.0)),
        ]


def warmup_cosine(step, n_steps):
    """Share of the learning rate at `step`: linear from 0 over the first twentieth, then half a cosine down to 0."""
    n_warmup = max(1, n_steps // 20)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - n_warmup) / max(1, n_steps - n_warmup))))


def fit_module(
    module,
    inputs,
    target=None,
    *,
    max_epochs,
    batch_size,
    lr,
    device,
    criterion=OwnLoss,
    precision="float32",
    weight_decay=0.01,
    verbose=0,
    net_params=None,
    net=None,
):
    """Train `module` with AdamW and a warm-up and cosine schedule; return the skorch net, in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
        Called as ``module(**batch)``.
    inputs : dict of str to Tensor, each (n_cases, ...)
        On any device; moved to `device` once.
    target : Tensor (n_cases,), optional
        Second argument of the criterion.
    net_params : dict, optional
        Handed to skorch's NeuralNet on top of the parameters set here; `callbacks` are added to the ones set here.
    net : skorch net, optional
        Train this one further instead of a new one (warm start).
    """
    inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
    target = None if target is None else target.to(device)
    n_steps = max_epochs * _n_batches(len(next(iter(inputs.values()))), batch_size)
    net_params = dict(net_params or {})
    # With last_epoch=-1 a warm start begins the schedule anew; skorch would go on behind the epochs in the history.
    schedule = LRScheduler(
        LambdaLR, lr_lambda=partial(warmup_cosine, n_steps=n_steps), step_every="batch", last_epoch=-1
    )
    callbacks = [("schedule", schedule)]
    if hasattr(module, "monitor"):
        callbacks.append(("monitor", Monitor()))
    if verbose:
        callbacks.append(("epoch_bar", EpochBar()))
    params = {
        "criterion": criterion,
        "optimizer": torch.optim.AdamW,
        "optimizer__weight_decay": weight_decay,
        "optimizer__fused": True,
        "lr": lr,
        "max_epochs": max_epochs,
        "batch_size": batch_size,
        "iterator_train": TensorBatches,
        "iterator_train__shuffle": True,
        "iterator_valid": TensorBatches,
        "train_split": None,
        "device": str(device),
        "autocast_dtype": resolve_precision(precision, device),
        "verbose": 0,
        **net_params,
        "callbacks": callbacks + list(net_params.get("callbacks") or []),
    }
    if net is None:
        net = _Net(module, **params).initialize()
    else:
        net.set_params(max_epochs=max_epochs, lr=lr, batch_size=batch_size, callbacks__schedule=schedule.initialize())
    net.partial_fit(inputs, target)
    net.module_.eval()
    return net


def fit_network(
    estimator, build_module, inputs, target=None, *, seed, n_steps, n_steps_small=None, max_epochs=None, **settings
):
    """Train the network of `estimator` as its common parameters say; set its `net_` and `history_`.

    `build_module()` is called with torch seeded by `seed`, unless a warm start goes on with the fitted network.
    `max_epochs` takes the place of the estimator's; `settings` go to `fit_module`.
    """
    device = resolve_device(estimator.device)
    warm = estimator.warm_start and hasattr(estimator, "net_")
    max_epochs = resolve_epochs(
        estimator.max_epochs if max_epochs is None else max_epochs,
        n_cases=len(next(iter(inputs.values()))),
        batch_size=estimator.batch_size,
        n_steps=n_steps,
        n_steps_small=n_steps_small,
    )
    with isolated_rng(seed, device):
        estimator.net_ = fit_module(
            estimator.net_.module_ if warm else build_module(),
            inputs,
            target,
            max_epochs=max_epochs,
            batch_size=estimator.batch_size,
            lr=estimator.lr,
            device=device,
            precision=estimator.precision,
            verbose=estimator.verbose,
            net_params=estimator.net_params,
            net=estimator.net_ if warm else None,
            **settings,
        )
    estimator.history_ = estimator.net_.history


def map_batches(function, *tensors, batch_size=1024, device):
    """Apply `function` to chunks of the tensors on `device` without gradients; concatenate its results on the CPU."""
    with torch.inference_mode():
        chunks = zip(*(tensor.split(batch_size) for tensor in tensors), strict=True)
        return torch.cat([function(*(chunk.to(device) for chunk in each)).cpu() for each in chunks])
