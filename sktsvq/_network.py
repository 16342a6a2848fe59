"""What every estimator that holds a network does: build, train, apply and move it."""

import copy
from typing import Any, ClassVar, Self

import torch
from sklearn.callback import CallbackSupportMixin

from sktsvq._batches import PreparedRows, map_batches, n_batches
from sktsvq._callbacks import FitTasks, StopWhen, average_weights_of
from sktsvq._checkpoints import Checkpoints, training_key
from sktsvq._devices import (
    isolated_rng,
    limited_parts,
    resolve_device,
    restore_threads,
    single_precision,
    training_mode,
)
from sktsvq._net_params import check_net_params
from sktsvq._processes import agree
from sktsvq._training import (
    TrainingParams,
    held_out_size,
    make_net,
    resolve_epochs,
    train,
    without_optimizer_state,
)
from sktsvq._validation import check_params, no_labels

__all__ = ["NetworkMixin"]

# Optimiser steps from one look at the stopping condition to the next.
_STEPS_BETWEEN_LOOKS = 100


class NetworkMixin(TrainingParams, CallbackSupportMixin):
    """Mixin of the estimators that hold a network.

    A subclass names its `_module_class` and writes `_module_config`, `_auto_steps` and, where it needs them, `_start`
    and `_describe`; its `fit`, decorated by `keeps_consistent`, calls `_train`.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        What trained the network.
    module_ : torch.nn.Module
        The trained network, in evaluation mode.
    module_config_ : dict
        What `module_` is built from: the resolved sizes, as plain values.
    """

    _module_class: ClassVar[Any] = None
    _criterion_settings: ClassVar[dict[str, Any]] = {}
    # Whether the weights end as their moving average, at a learning rate that stays.
    _averages_weights: ClassVar[bool] = False

    def _module_config(self, n_cases):
        """The keyword arguments of `_module_class`, plain values, for the sizes seen in `fit`."""
        raise NotImplementedError

    def _auto_steps(self, n_cases):
        """Optimiser steps of ``max_epochs="auto"``."""
        raise NotImplementedError

    def _start(self, module, inputs):
        """Set what an untrained module learns from the data before its first step; torch is seeded."""

    def _augmentation(self, config):
        """What changes the inputs of each batch in training: a function of a dict of tensors, or None."""
        return None

    def _stop_condition(self, inputs):
        """What may end the training before its last epoch: a function of the network in evaluation mode, or None."""
        return None

    def _describe(self):
        """Set the fitted attributes that follow from `module_`."""

    @property
    def module_(self):
        return self.net_.module_

    @property
    def _device(self):
        """The device of the network."""
        return next(self.module_.parameters()).device

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __getstate__(self):
        """What is pickled and copied: the state of the optimiser, twice the weights, only for a warm start."""
        state = dict(super().__getstate__())
        if "net_" in state:
            del state["history_"]  # that of the net
            state["net_"] = self.net_ if self.warm_start else without_optimizer_state(self.net_)
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "net_" in state:
            self.history_ = self.net_.history_

    def _goes_on(self):
        """Whether this `fit` trains the fitted network further."""
        return self.warm_start and hasattr(self, "net_")

    def _check_params(self):
        """All that can be known of the parameters before any work."""
        check_params(self)
        check_net_params(self)
        resolve_device(self.device)

    def _check_width_is_multiple_of(self, name):
        """Refuse a `width` that the number of parts named `name` does not divide."""
        part = getattr(self, name)
        if self.width % part:
            raise ValueError(
                f"The 'width' parameter of {type(self).__name__} must be a multiple of {name!r}. "
                f"Got width={self.width} and {name}={part} instead."
            )

    def to(self, device: str | torch.device) -> Self:
        """Move the fitted network to a device, where it computes from then on.

        Parameters
        ----------
        device : str or torch.device
            Such as "cpu" or "cuda:0"; "auto" is CUDA where there is one. The parameter `device`, which says where `fit`
            computes, stays as it is.

        Returns
        -------
        self : object
            The estimator itself.
        """
        device = resolve_device(device)
        self.module_.to(device)
        for state in self.net_.optimizer_.state.values():
            state.update({name: value.to(device) for name, value in state.items() if hasattr(value, "to")})
        self.net_.device = str(device)
        return self

    def _train(self, inputs, target=None, *, seed, X=None, y=None):
        """Train the network; set `net_`, `history_` and `module_config_`, and what `_describe` sets.

        Parameters
        ----------
        inputs : dict of str to Tensor or PreparedRows, each (n_cases, ...)
            The keyword arguments of the module.
        target : Tensor, optional
            Second argument of the criterion.
        seed : int
        X, y : array-likes
            What `fit` was given, for scikit-learn's callbacks.
        """
        told = {"estimator": self, "X": X, "y": no_labels(X) if y is None else y}
        device, n_cases = resolve_device(self.device), len(next(iter(inputs.values())))
        n_valid = held_out_size(self, n_cases)
        n_train = n_cases - n_valid
        least = n_train // n_batches(n_train, self.batch_size)
        seed = agree(type(self).__name__, self._module_class, inputs, seed=seed, batch_size=least, device=device)
        n_steps = self._auto_steps(n_train)
        max_epochs = resolve_epochs(self, n_train, n_steps)
        previous = self.net_ if self._goes_on() else None
        # The sizes of a network follow from the train set that it was built for.
        self._n_cases_sized = n_cases if previous is None else self._n_cases_sized
        config = self._module_config(self._n_cases_sized)
        checkpoints = self._checkpoints(config, inputs, target, seed=seed)
        seed = seed if checkpoints is None else checkpoints.seed
        root = self._init_callback_context(max_subtasks=max_epochs)
        root.call_on_fit_task_begin(**told)
        with training_mode(seed, device):
            if previous is None:
                module = self._module_class(**config)
                self._start(module, inputs)
            else:
                module = self._rebuilt(config)
            n_steps = max_epochs * n_batches(n_train, self.batch_size)
            sizes = {"max_epochs": max_epochs, "n_steps": n_steps, "n_valid": n_valid}
            net = self._make_net(module, device, augment=self._augmentation(config), **sizes)
            tasks = None
            if getattr(self, "_skl_callbacks", None):
                tasks = FitTasks(root, lambda: self._attributes_with(net, config), **told)
            condition = self._stop_condition(inputs)
            stop = None if condition is None else StopWhen(condition, _STEPS_BETWEEN_LOOKS)
            self._interrupt = train(
                net, inputs, target, previous=previous, tasks=tasks, stop=stop, checkpoints=checkpoints
            )
        self._adopt(net, config)
        root.call_on_fit_task_end(**told, reconstruction_attributes=lambda: _fitted(self))

    def _checkpoints(self, config, inputs, target, *, seed):
        """What keeps the state of this training in `checkpoint_dir`; None without one."""
        if self.checkpoint_dir is None:
            return None
        rows = {name: _as_array(value) for name, value in (inputs | {"target": target}).items()}
        params = {k: v for k, v in self.get_params(deep=False).items() if k not in ("checkpoint_dir", "verbose")}
        start = None
        if self._goes_on():
            start = len(self.history_), {k: v.cpu().numpy() for k, v in self.module_.state_dict().items()}
        vocabulary = getattr(self, "vocabulary_", None)  # of a prior
        key = training_key(type(self).__name__, params, config, rows, vocabulary, start)
        return Checkpoints(self.checkpoint_dir, key, seed)

    def _make_net(self, module, device, **settings):
        averaged = self._averages_weights and not self.early_stopping
        return make_net(module, self, device=device, averaged=averaged, **self._criterion_settings, **settings)

    def _adopt(self, net, config):
        """Become the estimator of this trained net."""
        self.net_, self.history_, self.module_config_ = net, net.history, config
        self._describe()

    def _attributes_with(self, net, config):
        """The fitted attributes of an estimator that adopts this net as it is now, while it is trained on."""
        snapshot, other = object.__new__(type(net)), copy.copy(self)
        history, module = copy.copy(net.history), copy.deepcopy(net.module_).eval()
        average_weights_of(net.callbacks_, module)
        vars(snapshot).update(vars(net), history_=history, module_=module, callbacks_=[])
        other._adopt(snapshot, config)
        return _fitted(other)

    def _rebuilt(self, config):
        """The fitted network, built anew from another configuration; torch's random state stays."""
        with isolated_rng(0, self._device):
            module = self._module_class(**config).to(self._device)
        try:
            module.load_state_dict(self.module_.state_dict())
        except RuntimeError as error:
            raise ValueError(
                f"warm_start=True of {type(self).__name__} must keep the shape of the network. These parameters "
                f"changed and do not: {_differences(config, self.module_config_)}."
            ) from error
        return module

    def _restore_network(self, state, history):
        """Hold a network with these weights, built from `module_config_` if that has their shapes."""
        config, device = self.module_config_, torch.device("cpu")
        with torch.device("meta"), limited_parts(10 * len(state) + 100):
            shapes = {name: value.shape for name, value in self._module_class(**config).state_dict().items()}
        if shapes != {name: value.shape for name, value in state.items()}:
            raise ValueError(f"its weights have not the shapes of a {self._module_class.__name__} with {config}")
        with isolated_rng(0, device), single_precision():
            module = self._module_class(**config).eval()
        module.load_state_dict(state)
        net = self._make_net(module, device, max_epochs=1)
        net.history_ = history
        self._adopt(net, config)

    def _apply(self, function, *rows, batch_size, pad=False):
        """`function` of chunks of the rows on the device of the network, see `map_batches`."""
        restore_threads()
        with single_precision():
            return map_batches(function, *rows, batch_size=batch_size, device=self._device, pad=pad)


def _as_array(rows):
    """The array behind a tensor or rows that are read when they are taken."""
    return rows.array if isinstance(rows, PreparedRows) else rows if rows is None else rows.cpu().numpy()


def _fitted(estimator):
    """The fitted attributes of an estimator, private ones included."""
    params = estimator.get_params(deep=False)
    return {name: value for name, value in vars(estimator).items() if name not in params}


def _differences(config, before):
    """The names of the values that differ, also in nested dicts."""
    names = []
    for name, value in config.items():
        if isinstance(value, dict) and isinstance(before.get(name), dict):
            names += _differences(value, before[name])
        elif value != before.get(name):
            names.append(name)
    return names
