"""What happens beside the steps of a training: skorch callbacks."""

from copy import deepcopy

import torch
from skorch.callbacks import Callback, EarlyStopping
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from sktsvq.nn.ranks import current_share, sharing


class StopTraining(KeyboardInterrupt):
    """A callback asks to end the training; unlike Ctrl-C, it is not passed on to the caller."""


class Monitor(Callback):
    """Record what ``module.monitor(output, **inputs)`` says of the last batch of an epoch.

    It is asked about a hundred times in a training; the epochs between repeat its last answer.
    """

    def on_train_begin(self, net, **kwargs):
        self.n_before_ = len(net.history)

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        if training:
            self.last_ = batch[0], y_pred, current_share()

    def on_epoch_end(self, net, **kwargs):
        inputs, output, share = self.last_
        del self.last_
        epoch = len(net.history) - self.n_before_
        if epoch % max(1, net.max_epochs // 100) == 0 or epoch in (1, net.max_epochs):
            with sharing(share):
                values = net.module_.monitor(output, **inputs)
            self.values_ = {name: float(value) for name, value in values.items()}
        for name, value in self.values_.items():
            net.history.record(name, value)


class Schedule(Callback):
    """Multiply the learning rates by ``factor(step)``; afterwards they are what they were."""

    def __init__(self, factor):
        self.factor = factor

    def on_train_begin(self, net, **kwargs):
        self.step_ = 0
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, training=False, **kwargs):
        if training:
            self._scale(net, self.factor(self.step_))
            self.step_ += 1

    def on_train_end(self, net, **kwargs):
        self._scale(net, 1.0)

    def _scale(self, net, factor):
        for group, rate in zip(net.optimizer_.param_groups, self.rates_, strict=True):
            group["lr"] = rate * factor


class AveragedWeights(Callback):
    """An exponential moving average of the weights, which are this average once the training is over.

    Averaged weights need no learning rate that falls to 0: they say at any step what the training has come to. The
    average goes over about 1 / (1 - `decay`) steps, and over fewer in the first steps.
    """

    def __init__(self, decay=0.99):
        self.decay = decay

    def on_train_begin(self, net, **kwargs):
        self.step_ = 0
        self.parameters_ = list(net.module_.parameters())
        self.average_ = [parameter.detach().clone() for parameter in self.parameters_]

    @torch.no_grad()
    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.step_ += 1
            share = 1 - min(self.decay, (1 + self.step_) / (10 + self.step_))
            torch._foreach_lerp_(self.average_, self.parameters_, share)

    @torch.no_grad()
    def put_into(self, module):
        """Give a module of the same shape the averaged weights."""
        torch._foreach_copy_(list(module.parameters()), self.average_)

    def on_train_end(self, net, **kwargs):
        self.put_into(net.module_)
        del self.average_, self.parameters_


def average_weights_of(callbacks, module):
    """Give a copy of the network under training the weights that it would have if the training ended now."""
    for _, callback in callbacks:
        if isinstance(callback, AveragedWeights):
            callback.put_into(module)


class StopWhen(Callback):
    """Stop the training at the first of some looks at which a condition holds of the network in evaluation mode.

    Parameters
    ----------
    condition : callable
        Takes a copy of the network, with averaged weights where these are kept, and says whether to stop.
    n_steps : int
        Optimiser steps from look to look.
    """

    def __init__(self, condition, n_steps):
        self.condition, self.n_steps = condition, n_steps

    def on_train_begin(self, net, **kwargs):
        self.n_left_ = self.n_steps

    def on_epoch_end(self, net, **kwargs):
        self.n_left_ -= net.history[-1]["train_batch_count"]
        if self.n_left_ <= 0:
            self.n_left_ += self.n_steps
            module = deepcopy(net.module_).eval()
            average_weights_of(net.callbacks_, module)
            if self.condition(module):
                raise StopTraining


class GradientClipping(Callback):
    """Shorten the gradient of all parameters together to a norm of at most `max_norm`.

    skorch's own looks the parameters up at each step, which takes longer than the clipping.
    """

    def __init__(self, max_norm=1.0):
        self.max_norm = max_norm

    def on_train_begin(self, net, **kwargs):
        self.parameters_ = [parameter for _, parameter in net.get_all_learnable_params()]

    def on_grad_computed(self, net, named_parameters, **kwargs):
        clip_grad_norm_(self.parameters_, self.max_norm, foreach=True)

    def on_train_end(self, net, **kwargs):
        del self.parameters_


class BestWeights(EarlyStopping):
    """skorch's early stopping, which goes back to the best weights and then forgets its copy of them."""

    def __init__(self, patience):
        super().__init__(patience=patience, threshold=0.0, sink=_say_nothing, load_best=True)

    def on_train_end(self, net, **kwargs):
        # skorch's own trusts that the last epoch was finished.
        if self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)
        self.best_model_weights_ = None


def _say_nothing(message):
    pass


def _is_monitored(name, value):
    return isinstance(value, float) and name != "dur"


class FitTasks(Callback):
    """Tell scikit-learn's callbacks of each epoch, and stop where one of them asks for it.

    Parameters
    ----------
    root : sklearn.callback.CallbackContext
        The context of the whole fit.
    fitted_attributes : callable
        Gives the fitted attributes as they would be if the fit ended now.
    **context
        What each hook is told: estimator, X and y.
    """

    def __init__(self, root, fitted_attributes, **context):
        self.root, self.fitted_attributes, self.context = root, fitted_attributes, context

    def on_epoch_begin(self, net, **kwargs):
        self.epoch_ = self.root.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(**self.context)

    def on_epoch_end(self, net, **kwargs):
        if self.epoch_.call_on_fit_task_end(**self.context, reconstruction_attributes=self.fitted_attributes):
            raise StopTraining


class EpochBar(Callback):
    """A line on standard error, which ends as the result: epochs, seconds, and the last losses and monitored values."""

    def __init__(self, name):
        self.name = name

    def on_train_begin(self, net, **kwargs):
        self.n_before_ = len(net.history)
        self.bar_ = tqdm(total=net.max_epochs, desc=self.name, unit=" epochs", mininterval=0.5)

    def on_epoch_end(self, net, **kwargs):
        values = {name: f"{value:.4g}" for name, value in net.history[-1].items() if _is_monitored(name, value)}
        self.bar_.set_postfix(values, refresh=False)
        self.bar_.update(len(net.history) - self.n_before_ - self.bar_.n)

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
        del self.bar_
