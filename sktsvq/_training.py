"""Train a torch module on tensors in memory, with skorch, and pass data through it."""

import math
from contextlib import nullcontext
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from skorch.dataset import get_len
from torch.utils.data import Subset

from sktsvq._callbacks import BestWeights, EpochBar, GradientClipping, Monitor, Schedule
from sktsvq._devices import isolated_rng, resolve_device, resolve_precision


def resolve_epochs(max_epochs, *, n_cases, batch_size, n_steps):
    """`max_epochs`, or for "auto" the epochs that make `n_steps` optimiser steps."""
    if max_epochs != "auto":
        return max_epochs
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
        if isinstance(dataset, Subset):
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
            target = self.y.index_select(0, rows) if isinstance(self.y, torch.Tensor) else torch.zeros(())
            yield {name: tensor.index_select(0, rows) for name, tensor in self.X.items()}, target


class OwnLoss(torch.nn.Module):
    """Criterion of the modules that return their loss themselves, in the field `loss` of a named tuple."""

    def forward(self, output, target):
        return output.loss


class _Net(NeuralNet):
    """A net without bookkeeping per batch: the loss is read from the device once an epoch."""

    def __init__(self, *args, autocast_dtype=torch.float32, **kwargs):
        super().__init__(*args, **kwargs)
        self.autocast_dtype = autocast_dtype

    def infer(self, x, **fit_params):
        enabled = self.autocast_dtype != torch.float32
        with torch.autocast(torch.device(self.device).type, self.autocast_dtype, enabled=enabled):
            return super().infer(x, **fit_params)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        # One tensor for the losses of all batches: small ones that stay alive between the large ones of each step would
        # keep the freed memory from being used again.
        losses, sizes = torch.empty(len(iterator), device=self.device), []
        # Validation has random numbers of its own, the same each time: its losses compare, and training goes on as
        # if it had not been.
        with nullcontext() if training else isolated_rng(0, torch.device(self.device)):
            for i, batch in enumerate(iterator):
                self.notify("on_batch_begin", batch=batch, training=training)
                step = step_fn(batch, **fit_params)
                losses[i] = step["loss"].detach()
                sizes.append(get_len(batch[0]))
                self.notify("on_batch_end", batch=batch, training=training, **step)
        weights = torch.tensor(sizes, dtype=torch.float64) / sum(sizes)
        self.history.record(f"{prefix}_loss", float(losses.cpu().double() @ weights))
        self.history.record(f"{prefix}_batch_count", len(losses))

    def _set_training(self, training=True):
        # Walks over all submodules: not at each step.
        if self.module_.training != training:
            super()._set_training(training)

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("gradient_clipping", GradientClipping())]


def hold_out(dataset, y=None, *, n_valid):
    """The two parts of a skorch dataset: all but `n_valid` cases, and these, drawn by torch's generator."""
    order = torch.randperm(len(dataset))
    return Subset(dataset, order[n_valid:]), Subset(dataset, order[:n_valid])


def held_out_size(estimator, n_cases):
    """How many cases the estimator's early stopping holds out, 0 without it; ValueError if too few are left."""
    if not getattr(estimator, "early_stopping", False):
        return 0
    n_valid = max(1, round(estimator.validation_fraction * n_cases))
    if n_cases - n_valid < 2:
        raise ValueError(
            f"The 'validation_fraction' parameter of {type(estimator).__name__} must leave at least 2 cases to train "
            f"on. Got {estimator.validation_fraction} instead, which leaves {n_cases - n_valid} of {n_cases}."
        )
    return n_valid


# Epochs of few steps count less in early stopping: so many steps make a full one.
_STEPS_OF_AN_EPOCH = 10


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
    n_valid=0,
    n_iter_no_change=None,
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
    n_valid : int
        Cases that are held out; after `n_iter_no_change` epochs without a lower loss on them training stops, and the
        weights of the lowest one are put back.
    net_params : dict, optional
        Handed to skorch's NeuralNet on top of the parameters set here; `callbacks` are added to the ones set here.
    net : skorch net, optional
        The net that trained `module` before (warm start): the new one goes on with its optimizer and its history.
    """
    inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
    target = None if target is None else target.to(device)
    n_batches = _n_batches(len(next(iter(inputs.values()))) - n_valid, batch_size)
    net_params = dict(net_params or {})
    callbacks = [("schedule", Schedule(partial(warmup_cosine, n_steps=max_epochs * n_batches)))]
    if hasattr(module, "monitor"):
        callbacks.append(("monitor", Monitor()))
    if verbose:
        callbacks.append(("epoch_bar", EpochBar()))
    if n_valid:
        patience = n_iter_no_change * max(1, _STEPS_OF_AN_EPOCH // n_batches)
        callbacks.append(("early_stopping", BestWeights(patience)))
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
        "train_split": partial(hold_out, n_valid=n_valid) if n_valid else None,
        "device": str(device),
        "autocast_dtype": resolve_precision(precision, device),
        "verbose": 0,
        **net_params,
        "callbacks": callbacks + list(net_params.get("callbacks") or []),
    }
    before, net = net, _Net(module, **params).initialize()
    if before is not None:
        _go_on_from(net, before)
    net.partial_fit(inputs, target)
    net.module_.eval()
    return net


def _go_on_from(net, before):
    """Give `net`, which holds the network of the net `before`, the state of its optimizer and its history too."""
    net.history_ = before.history_
    if type(net.optimizer_) is type(before.optimizer_):
        groups = net.optimizer_.state_dict()["param_groups"]
        net.optimizer_.load_state_dict({"state": before.optimizer_.state_dict()["state"], "param_groups": groups})


def fit_network(estimator, build_module, inputs, target=None, *, seed, n_steps, max_epochs=None, **settings):
    """Train the network of `estimator` as its common parameters say; set its `net_` and `history_`.

    `build_module()` is called with torch seeded by `seed`, unless a warm start goes on with the fitted network.
    `max_epochs` takes the place of the estimator's; `settings` go to `fit_module`.
    """
    device = resolve_device(estimator.device)
    warm = estimator.warm_start and hasattr(estimator, "net_")
    n_cases = len(next(iter(inputs.values())))
    n_valid = held_out_size(estimator, n_cases)
    max_epochs = resolve_epochs(
        estimator.max_epochs if max_epochs is None else max_epochs,
        n_cases=n_cases - n_valid,
        batch_size=estimator.batch_size,
        n_steps=n_steps,
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
            n_valid=n_valid,
            n_iter_no_change=getattr(estimator, "n_iter_no_change", None),
            net_params=estimator.net_params,
            net=estimator.net_ if warm else None,
            **settings,
        )
    estimator.history_ = estimator.net_.history


def fixed_batch_size(n_timepoints, *, n_values, device):
    """How many series to pass through a network at once: about `n_values` time points, a power of two.

    A GPU takes 16 times as many, or the way to it would cost more than the work.
    """
    n_values = n_values if device.type == "cpu" else 16 * n_values
    return 2 ** max(0, round(math.log2(n_values / n_timepoints)))


def map_batches(function, *arrays, batch_size=1024, device, pad=False, prepare=torch.as_tensor):
    """Apply `function` to chunks of the arrays without gradients; concatenate its results on the CPU.

    Parameters
    ----------
    function : callable
        From tensors of at most `batch_size` rows on `device` to a tensor with a row for each.
    *arrays : Tensor or ndarray, each (n_cases, ...)
        They may be memory maps: no more than a chunk is read at a time.
    batch_size : int
        Rows of a chunk.
    pad : bool
        Fill a last chunk that is too short with copies of its last row. A matrix product adds up in an order that
        depends on its shape, so only with chunks of one shape a row's result does not depend on the rows beside it.
    prepare : callable
        From a chunk of an array to a tensor.
    """
    n_cases, results = len(arrays[0]), None
    with torch.inference_mode():
        for start in range(0, n_cases, batch_size):
            stop = min(start + batch_size, n_cases)
            rows = np.arange(start, start + batch_size if pad else stop).clip(max=n_cases - 1)
            result = function(*(prepare(array[rows]).to(device) for array in arrays))[: stop - start]
            if results is None:
                results = torch.empty((n_cases, *result.shape[1:]), dtype=result.dtype)
            results[start:stop] = result
    return results
