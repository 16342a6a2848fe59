"""The state of a training in a file, from which another process takes it up, so that it ends in the same bits."""

import copy
import io
import warnings
from pathlib import Path
from time import perf_counter

import joblib
import torch
from skorch.callbacks import Callback
from skorch.history import History

from sktsvq._files import write_atomically
from sktsvq._processes import is_first_process

__all__ = ["Checkpoints", "training_key"]

# Writing takes at most about this share of the time of a training.
_SHARE_OF_TIME = 0.05


def training_key(*content):
    """A text that stands for what determines a training: its parameters, its data, its start.

    Parameters
    ----------
    *content : objects that can be pickled

    Returns
    -------
    key : str
    """
    try:
        return joblib.hash(content)
    except Exception as error:  # of pickle, of many kinds
        raise ValueError(
            "The 'checkpoint_dir' parameter needs other parameters that can be pickled, which tell this training from "
            f"others: {error}"
        ) from error


class Checkpoints(Callback):
    """Keep the state of a training in a file after an epoch, and take it up from there.

    It is the last of the callbacks. Weights, optimiser, history, random numbers and the fitted attributes of the other
    callbacks are kept, as far as they are plain values and tensors. No code runs when the file is read. Of several
    processes that train together the first writes the file, and all read it.

    Parameters
    ----------
    folder : str or path-like
        Made if it does not exist.
    key : str
        Tells the training from others, as from `training_key`.
    seed : int
        What torch is seeded with; that of the file counts where there is one.
    """

    def __init__(self, folder, key, seed):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{key}.checkpoint"
        self.state = self._read()
        self.seed = seed if self.state is None else self.state["seed"]

    def _read(self):
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            return state if state["format"] == 1 else None
        except Exception:  # of torch, of many kinds
            warnings.warn(
                f"The checkpoint {str(self.path)!r} is damaged: the training starts from the beginning.",
                UserWarning,
                stacklevel=2,
            )
            return None

    def on_train_begin(self, net, **kwargs):
        self.n_written_, self.cost_, self.written_at_ = 0, 0.0, perf_counter()
        self.random_ = None
        if self.state is None:
            return
        net.module_.load_state_dict(self.state["module"])
        net.optimizer_.load_state_dict(self.state["optimizer"])
        net.history_ = History({"batches": [], **row} for row in self.state["history"])
        net._least_loss = dict(self.state["least_loss"])
        for name, callback in net.callbacks_:
            _restore(callback, self.state["callbacks"].get(name, {}))
        self.random_, self.state = self.state["random"], None

    def on_epoch_begin(self, net, **kwargs):
        if self.random_ is not None:  # the split of the data draws numbers before the first epoch
            _set_random_state(self.random_, net.device)
            self.random_ = None

    def on_epoch_end(self, net, **kwargs):
        if not is_first_process():
            return
        started = perf_counter()
        if self.n_written_ and started - self.written_at_ < self.cost_ / _SHARE_OF_TIME:
            return
        content = io.BytesIO()
        torch.save(self._state_of(net), content)
        with write_atomically(self.path) as partial:
            partial.write_bytes(content.getbuffer())
        self.written_at_ = perf_counter()
        self.cost_ = self.written_at_ - started
        self.n_written_ += 1

    def _state_of(self, net):
        return {
            "format": 1,
            "seed": self.seed,
            "module": net.module_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "history": [{name: value for name, value in row.items() if _is_plain(value)} for row in net.history],
            "least_loss": net._least_loss,
            "callbacks": {name: _plain_state(callback) for name, callback in net.callbacks_ if callback is not self},
            "random": _random_state(net.device),
        }

    def remove(self):
        """The training is over."""
        if is_first_process():
            self.path.unlink(missing_ok=True)


def _random_state(device):
    state = {"cpu": torch.random.get_rng_state()}
    if torch.device(device).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _set_random_state(state, device):
    torch.random.set_rng_state(state["cpu"])
    if "cuda" in state and torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)


def _plain_state(callback):
    """The fitted attributes of a callback that another process can take over; those of objects by their own means."""
    state = {}
    for name, value in vars(callback).items():
        if name.endswith("_") and not name.startswith("_"):
            if _is_plain(value):
                state[name] = value
            elif _has_state(value):
                state[name] = {"state_dict": value.state_dict()}
    return state


def _restore(callback, state):
    for name, value in state.items():
        own = getattr(callback, name, None)
        if _has_state(own):
            own.load_state_dict(value["state_dict"])
        else:
            setattr(callback, name, _placed_as(own, value))


def _placed_as(own, value):
    """A copy of a value that was read, its tensors on the device of those that it replaces."""
    if isinstance(value, (list, tuple)) and isinstance(own, type(value)) and len(own) == len(value):
        return type(value)(map(_placed_as, own, value))
    if isinstance(value, torch.Tensor) and isinstance(own, torch.Tensor):
        return value.to(own.device, copy=True)
    return copy.deepcopy(value)


def _has_state(value):
    return hasattr(value, "state_dict") and not isinstance(value, (type, torch.nn.Module))


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.keys())) and all(map(_is_plain, value.values()))
    if isinstance(value, torch.Tensor):
        return not isinstance(value, torch.nn.Parameter)
    return value is None or type(value) in (bool, int, float, str)
