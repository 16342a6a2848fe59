"""What users may hand to skorch, checked before any training."""

import inspect

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

__all__ = ["callback_of", "check_net_params"]

# What an estimator sets by parameters of its own, or must set for itself.
_NOT_OF_NET_PARAMS = {"module", "criterion", "max_epochs", "batch_size", "lr", "device", "verbose", "warm_start"}


def check_net_params(params):
    """Raise unless skorch and the optimiser take `net_params`, and the callbacks are skorch's."""
    owner = f"The 'net_params' parameter of {type(params).__name__}"
    given = params.net_params or {}
    optimizer = given.get("optimizer", torch.optim.AdamW)
    if not (isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)):
        raise TypeError(f"{owner} must have a subclass of torch.optim.Optimizer as 'optimizer'. Got {optimizer!r}.")
    own_names = set(inspect.signature(NeuralNet).parameters) - _NOT_OF_NET_PARAMS - {"kwargs"}
    of_optimizer = set(inspect.signature(optimizer).parameters) - {"params"}
    for name in given:
        prefix, nested, rest = str(name).partition("__")
        if prefix == "optimizer" and nested:
            if rest not in of_optimizer and not rest.startswith("param_groups"):
                raise ValueError(
                    f"{owner} must hold parameters of {optimizer.__name__} behind 'optimizer__', which are "
                    f"{sorted(of_optimizer)}. Got {name!r} instead."
                )
        elif prefix in ("iterator_train", "iterator_valid") and nested and prefix not in given and rest != "shuffle":
            raise ValueError(f"{owner} may set 'shuffle' of the iterators alone. Got {name!r} instead.")
        elif name not in own_names and not (nested and prefix in NeuralNet.prefixes_):
            raise ValueError(
                f"{owner} must hold parameters of skorch.NeuralNet among {sorted(own_names)}. Got {name!r} instead."
            )
    callbacks = given.get("callbacks") or []
    if not isinstance(callbacks, (list, tuple)):
        raise TypeError(f"{owner} must hold a list of skorch callbacks as 'callbacks'. Got {callbacks!r} instead.")
    for entry in callbacks:
        callback = callback_of(entry)
        if not isinstance(callback, Callback):
            raise TypeError(f"{owner} must hold skorch callbacks, or pairs (name, callback). Got {entry!r} instead.")


def callback_of(entry):
    """The callback of an entry of ``net_params["callbacks"]``: itself, the second of a pair, or made by a class."""
    callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
    return callback() if isinstance(callback, type) and issubclass(callback, Callback) else callback
