"""Train a torch module by skorch: the parameters, the net that they make, and the training of it."""

import copy
import inspect
import math
from collections import defaultdict
from functools import partial
from numbers import Real

import torch
from skorch.callbacks import LRScheduler
from torch.utils.data import Subset

from sktsvq._batches import TensorBatches, n_batches
from sktsvq._callbacks import AveragedWeights, BestWeights, EpochBar, Monitor, Schedule, StopTraining
from sktsvq._devices import resolve_precision
from sktsvq._net import LossOfOutput, Net
from sktsvq._net_params import callback_of
from sktsvq._parameters import Parameters, param
from sktsvq._processes import is_first_process
from sktsvq._validation import AT_LEAST_ONE, POSITIVE, HasMethods, Interval, StrOptions

__all__ = ["TrainingParams", "held_out_size", "make_net", "resolve_epochs", "train", "without_optimizer_state"]

# The steps of a full epoch for early stopping: shorter epochs count less.
_STEPS_OF_AN_EPOCH = 10


class TrainingParams(Parameters):
    """What every estimator that trains a network takes.

    Attributes
    ----------
    history_ : skorch.history.History
        Loss and seconds of every epoch.
    """

    max_epochs: int | str = param("auto", [StrOptions({"auto"}), AT_LEAST_ONE], "Passes over the train set.")
    batch_size: int = param(
        64, [AT_LEAST_ONE], "Cases per optimiser step; an epoch has n_cases // batch_size steps, at least one."
    )
    lr: float = param(
        4e-3, [POSITIVE], "Highest learning rate of AdamW; it warms up linearly and then falls to 0 as a cosine."
    )
    device: str = param(
        "auto",
        [str],
        'The torch device that `fit` computes on; "auto" is CUDA where there is one. A fitted estimator computes where '
        "its network is; `to` moves it.",
    )
    precision: str = param(
        "auto",
        [StrOptions({"auto", "float32", "bfloat16"})],
        'Number format of matrix products in training; "auto" is bfloat16 where the processor multiplies it faster.',
    )
    random_state: object = param(
        None,
        ["random_state"],
        "Determines initial weights, the order of the cases and everything else that is random in `fit`. Two fits with "
        "the same int are equal bit for bit on the same machine.",
    )
    verbose: int = param(
        0, ["verbose"], "Above 0, a line of progress on standard error, which ends as the result; at 0, nothing."
    )
    warm_start: bool = param(
        False,
        ["boolean"],
        "Whether a second `fit` trains the fitted network further. Its scaling, its classes and what was resolved from "
        '"auto" stay; a parameter that changes the shape of the network raises a ValueError.',
    )
    net_params: dict | None = param(
        None,
        [dict, None],
        "Handed to skorch's ``NeuralNet``: callbacks, which are copied, ``optimizer``, ``optimizer__weight_decay``, "
        "``compile=True``, ... A callback that schedules the learning rate replaces the schedule above.",
    )
    checkpoint_dir: object = param(
        None,
        [str, HasMethods("__fspath__"), None],
        "A folder, made where there is none, that keeps the state of the training while it runs. After the process was "
        "killed or interrupted, the same `fit` on the same data takes the training up from there, and ends in the same "
        "bits. Trainings of other parameters or data may share the folder. Callbacks of yours go on where their fitted "
        "attributes are plain values.",
    )
    early_stopping: bool = param(
        False,
        ["boolean"],
        "Whether to hold out a part of the train set, to stop when the loss on it no longer falls, and to go back to "
        "the weights where it was lowest. The learning rate falls over `max_epochs` all the same.",
    )
    validation_fraction: float = param(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "Share of the train set that early stopping holds out, at least one case.",
    )
    n_iter_no_change: int = param(
        10,
        [AT_LEAST_ONE],
        "Training stops early after this many epochs without a lower loss on the held-out cases. An epoch of k < 10 "
        "steps counts as k/10 of one.",
    )


def make_net(
    module,
    params,
    *,
    device,
    max_epochs,
    criterion=LossOfOutput,
    weight_decay=0.01,
    param_groups=(),
    n_steps=0,
    n_valid=0,
    averaged=False,
    augment=None,
):
    """The skorch net that trains `module` as the :class:`TrainingParams` `params` say, not trained yet.

    The learning rate follows a warm-up and a cosine over `n_steps` optimiser steps; `n_valid` cases are held out. With
    `averaged` it stays after the warm-up, and the weights end as their moving average. `augment` changes the inputs of
    each batch of the training.
    `param_groups` are pairs (pattern of names, settings of the optimiser), as skorch has them.
    """
    given = dict(params.net_params or {})
    own = copy.deepcopy(list(given.pop("callbacks", None) or []))
    optimizer = given.get("optimizer", torch.optim.AdamW)
    taken = inspect.signature(optimizer).parameters
    of_optimizer = {"weight_decay": weight_decay, "fused": True}
    settings = {
        "criterion": criterion,
        "optimizer": optimizer,
        **{f"optimizer__{name}": value for name, value in of_optimizer.items() if name in taken},
        **({"optimizer__param_groups": list(param_groups)} if param_groups else {}),
        "lr": params.lr,
        "max_epochs": max_epochs,
        "batch_size": params.batch_size,
        "iterator_train": TensorBatches,
        "iterator_train__shuffle": True,
        "iterator_valid": TensorBatches,
        "train_split": partial(_hold_out, n_valid=n_valid) if n_valid else None,
        "device": str(device),
        "augment": augment,
        "autocast_dtype": resolve_precision(params.precision, device),
        "verbose": 0,
        **given,
        "callbacks": [*_make_callbacks(module, params, own, max_epochs, n_steps, n_valid, averaged), *own],
    }
    return Net(module, **settings).initialize()


def _make_callbacks(module, params, own, max_epochs, n_steps, n_valid, averaged):
    callbacks = []
    if not any(isinstance(callback_of(entry), LRScheduler) for entry in own):
        factor = warmup if averaged else warmup_cosine
        callbacks.append(("schedule", Schedule(partial(factor, n_steps=n_steps))))
    if hasattr(module, "monitor"):
        callbacks.append(("monitor", Monitor()))
    if params.verbose and is_first_process():
        callbacks.append(("epoch_bar", EpochBar(type(params).__name__)))
    if averaged:
        callbacks.append(("averaged_weights", AveragedWeights()))
    if n_valid:
        steps_an_epoch = min(_STEPS_OF_AN_EPOCH, n_steps // max_epochs)
        patience = math.ceil(params.n_iter_no_change * _STEPS_OF_AN_EPOCH / steps_an_epoch)
        callbacks.append(("early_stopping", BestWeights(patience)))
    return callbacks


def train(net, inputs, target=None, *, previous=None, tasks=None, stop=None, checkpoints=None):
    """Train `net`; leave it in evaluation mode.

    Parameters
    ----------
    net : skorch net
        As `make_net` gives it.
    inputs : dict of str to Tensor or PreparedRows, each (n_cases, ...)
        On any device; moved to the net's once.
    target : Tensor (n_cases,), optional
        Second argument of the criterion.
    previous : skorch net, optional
        The net that trained the module before (warm start): this one goes on with its optimiser and its history.
    tasks : skorch callback, optional
        Called as the other callbacks, and forgotten afterwards.
    stop : StopWhen, optional
        What may end the training before its last epoch.
    checkpoints : Checkpoints, optional
        Keeps the state of the training until it is over; Ctrl-C is not the end of it.

    Returns
    -------
    interrupt : KeyboardInterrupt or None
        What ended the training before its time. It is raised at once if no epoch has been finished.
    """
    if previous is not None:
        _go_on_from(net, previous)
    n_before, interrupt = len(net.history), None
    passing = [pair for pair in (("tasks", tasks), ("stop", stop), ("checkpoints", checkpoints)) if pair[1] is not None]
    net.callbacks_ += passing
    inputs = {name: rows.to(net.device) for name, rows in inputs.items()}
    target = None if target is None else target.to(net.device)
    net.notify("on_train_begin", X=inputs, y=target)
    try:
        with net.in_all_processes():
            net.fit_loop(inputs, target, epochs=net.max_epochs - (len(net.history) - n_before))
    except StopTraining:
        pass
    except KeyboardInterrupt as error:
        # An epoch that was not finished leaves no record.
        while len(net.history) > n_before and "dur" not in net.history[-1]:
            del net.history_[-1]
        if len(net.history) == n_before:
            raise
        interrupt = None if net.stopped_early() else error
    net.notify("on_train_end", X=inputs, y=target)
    net.callbacks_ = [entry for entry in net.callbacks_ if entry not in passing]
    net.module_.eval()
    if checkpoints is not None and interrupt is None:
        checkpoints.remove()
    return interrupt


def _go_on_from(net, previous):
    """Give `net`, which holds a copy of the network of `previous`, the state of its optimizer and its history too."""
    net.history_ = copy.copy(previous.history_)
    for group in net.optimizer_.param_groups:
        group["initial_lr"] = group["lr"]  # torch's schedulers ask for it where there are epochs before
    if type(net.optimizer_) is type(previous.optimizer_):
        groups = net.optimizer_.state_dict()["param_groups"]
        net.optimizer_.load_state_dict({"state": previous.optimizer_.state_dict()["state"], "param_groups": groups})


def without_optimizer_state(net):
    """The same net, which shares all but the state of its optimiser."""
    slim, optimizer = object.__new__(type(net)), object.__new__(type(net.optimizer_))
    vars(optimizer).update(vars(net.optimizer_), state=defaultdict(dict))
    vars(slim).update(vars(net), optimizer_=optimizer)
    return slim


def _hold_out(dataset, y=None, *, n_valid):
    """The two parts of a skorch dataset: all but `n_valid` cases, and these, drawn by torch's generator."""
    order = torch.randperm(len(dataset))
    return Subset(dataset, order[n_valid:]), Subset(dataset, order[:n_valid])


def held_out_size(params, n_cases):
    """How many cases early stopping holds out, 0 without it; ValueError if too few are left."""
    if not params.early_stopping:
        return 0
    n_valid = max(1, round(params.validation_fraction * n_cases))
    if n_cases - n_valid < 2:
        raise ValueError(
            f"The 'validation_fraction' parameter of {type(params).__name__} must leave at least 2 cases to train "
            f"on. Got {params.validation_fraction} instead, which leaves {n_cases - n_valid} of {n_cases}."
        )
    return n_valid


def resolve_epochs(params, n_cases, n_steps):
    """`max_epochs`, or for "auto" the epochs that make `n_steps` optimiser steps."""
    if params.max_epochs != "auto":
        return params.max_epochs
    return math.ceil(n_steps / n_batches(n_cases, params.batch_size))


def warmup_cosine(step, n_steps):
    """Share of the learning rate at `step`: linear from 0 over the first twentieth, then half a cosine down to 0."""
    n_warmup = _n_warmup(n_steps)
    progress = min(1.0, max(0, step - n_warmup) / max(1, n_steps - n_warmup))
    return warmup(step, n_steps) * 0.5 * (1 + math.cos(math.pi * progress))


def warmup(step, n_steps):
    """Share of the learning rate at `step`: linear from 0 over the first twentieth, then all of it."""
    return min(1.0, (step + 1) / _n_warmup(n_steps))


def _n_warmup(n_steps):
    return max(1, n_steps // 20)
