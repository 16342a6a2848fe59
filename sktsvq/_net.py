"""skorch's net, made to train fast: no bookkeeping per batch, and several processes together."""

import math
from contextlib import contextmanager, nullcontext

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, EpochTimer
from skorch.dataset import get_len

from sktsvq._callbacks import GradientClipping
from sktsvq._devices import isolated_rng
from sktsvq._history import pack_history, unpack_history
from sktsvq._processes import Processes, n_processes

__all__ = ["LossOfOutput", "Net"]


class LossOfOutput(torch.nn.Module):
    """Criterion of the modules that return their loss themselves, in the field `loss` of a named tuple."""

    def forward(self, output, target):
        return output.loss


class Net(NeuralNet):
    """A net without bookkeeping per batch: the loss is read from the device once an epoch."""

    # What trains the network in several processes together, while it is trained.
    _processes = None

    def __init__(self, *args, autocast_dtype=torch.float32, augment=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.autocast_dtype, self.augment = autocast_dtype, augment
        self._in_epoch, self._least_loss = False, {}

    def infer(self, x, **fit_params):
        enabled = self._in_epoch and self.autocast_dtype != torch.float32
        with torch.autocast(torch.device(self.device).type, self.autocast_dtype, enabled=enabled):
            if self._processes is not None and self.module_.training:
                return self._processes.forward(**x, **fit_params)
            return super().infer(x, **fit_params)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        # One tensor for the losses of all batches: small ones that stay alive between the large ones of each step would
        # keep the freed memory from being used again.
        losses, sizes = torch.empty(len(iterator), device=self.device), []
        after_step = getattr(self.module_, "after_step", None) if training else None
        # Validation has random numbers of its own, the same each time: its losses compare, and training goes on as
        # if it had not been.
        with nullcontext() if training else isolated_rng(0, torch.device(self.device)):
            self._in_epoch = True
            for i, batch in enumerate(iterator):
                if training and self.augment is not None:
                    batch = self.augment(batch[0]), batch[1]
                sizes.append(get_len(batch[0]))
                with self._shared(sizes[-1], training):
                    self.notify("on_batch_begin", batch=batch, training=training)
                    step = step_fn(batch, **fit_params)
                    if after_step is not None:
                        after_step()
                    losses[i] = step["loss"].detach()
                    self.notify("on_batch_end", batch=batch, training=training, **step)
            self._in_epoch = False
        if self._processes is not None:
            losses = self._processes.average(losses)
        weights = torch.tensor(sizes, dtype=torch.float64) / sum(sizes)
        self._record_loss(prefix, float(losses.cpu().double() @ weights), len(losses))

    def _shared(self, n_rows, training):
        """A block for a batch, of which several processes take a share each in training."""
        return self._processes.sharing(n_rows) if training and self._processes is not None else nullcontext()

    def _record_loss(self, prefix, loss, n_steps):
        """Record what skorch records, so that its callbacks find it; stop where the loss is no number."""
        if not math.isfinite(loss):
            raise ValueError(
                f"Training diverged: the loss of epoch {len(self.history)} is {loss}. Lower the learning rate 'lr' "
                f"(now {self.lr:g}), or look for extreme values in the data and the parameters."
            )
        least = self._least_loss.get(prefix, math.inf)
        self._least_loss[prefix] = min(loss, least)
        self.history.record(f"{prefix}_loss", loss)
        self.history.record(f"{prefix}_loss_best", loss < least)
        self.history.record(f"{prefix}_batch_count", n_steps)

    def _set_training(self, training=True):
        # Walks over all submodules: not at each step.
        if self.module_.training != training:
            super()._set_training(training)

    def __getstate__(self):
        # The module that skorch was given is the one that it trained, and would be pickled twice.
        state = {name: value for name, value in super().__getstate__().items() if name != "module"}
        return state | {"history_": pack_history(self.history_)}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.module, self.history_ = self.module_, unpack_history(self.history_)

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("gradient_clipping", GradientClipping())]

    @contextmanager
    def in_all_processes(self):
        """A block in which the network is trained by all processes of torch's process group."""
        self._processes = Processes(self.module_, len(self.history)) if n_processes() > 1 else None
        try:
            yield
        finally:
            self._processes = None

    def stopped_early(self):
        """Whether a callback asked to stop by skorch's own means, a KeyboardInterrupt."""
        stoppers = [callback for _, callback in self.callbacks_ if isinstance(callback, EarlyStopping)]
        return any(callback.misses_ >= callback.patience for callback in stoppers)
