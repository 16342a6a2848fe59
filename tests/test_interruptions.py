"""Ctrl-C reaches the caller, what was learnt stays usable, and an error leaves an estimator as it was."""

import signal

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator

NETWORKS = [TOKENIZERS[0], TOKENIZERS[7], PRIORS[0], PRIORS[2], FCNClassifier(max_epochs=2, random_state=0)]


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background of a shell, which ignores it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


class CtrlC(Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


def stopping_in(estimator, epoch, prefix=""):
    """A clone of `estimator` that would train 6 epochs."""
    params = {"max_epochs": 6, "net_params": {"callbacks": [CtrlC(epoch)]}}
    return clone(estimator).set_params(**{prefix + name: value for name, value in params.items()})


@pytest.fixture(params=NETWORKS, ids=lambda estimator: type(estimator).__name__)
def estimator(request):
    return request.param


@pytest.fixture
def data(estimator, waves):
    X, y = waves
    return (np.random.RandomState(0).randint(4, size=(30, 9)) if hasattr(estimator, "sample") else X), y


def use(fitted, X, y):
    return fitted.score_samples(X, y) if hasattr(fitted, "score_samples") else fitted.transform(X)


def test_ctrl_c_reaches_the_caller_and_keeps_the_finished_epochs(estimator, data):
    interrupted = stopping_in(estimator, 3)
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(*data)
    assert len(interrupted.history_) == 2
    assert not interrupted.module_.training
    assert np.isfinite(use(interrupted, *data)).all()
    interrupted.set_params(warm_start=True, max_epochs=2, net_params=None).fit(*data)
    assert len(interrupted.history_) == 4


def test_ctrl_c_in_the_first_epoch_leaves_nothing(estimator, data):
    interrupted = stopping_in(estimator, 1)
    before = dict(vars(interrupted))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(*data)
    assert vars(interrupted) == before
    with pytest.raises(NotFittedError):
        use(interrupted, *data)


def test_an_error_leaves_the_estimator_as_it_was(estimator, data):
    fitted = clone(estimator).fit(*data)
    expected = use(fitted, *data)
    X = data[0][:, :-1] if hasattr(estimator, "sample") else data[0][:, :, :-1]
    with pytest.raises(KeyboardInterrupt):
        fitted.set_params(net_params={"callbacks": [CtrlC(1)]}).fit(X[:20], data[1][:20])
    assert_array_equal(use(fitted, *data), expected)


def test_early_stopping_is_no_interruption(estimator, data):
    stopping = clone(estimator).set_params(max_epochs=40, lr=1e-9)
    callback = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, threshold_mode="abs")
    assert len(stopping.set_params(net_params={"callbacks": [callback]}).fit(*data).history_) < 40


def test_a_search_stops(waves):
    generator = VQGenerator(stopping_in(TOKENIZERS[0], 2), clone(PRIORS[3]))
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(generator, {"prior__max_order": [0, 1]}, cv=2).fit(*waves)


def test_a_generator_keeps_what_its_prior_has_learnt(waves):
    parts = clone(TOKENIZERS[0]), clone(PRIORS[0])
    generator = VQGenerator(parts[0], stopping_in(parts[1], 3), random_state=0)
    with pytest.raises(KeyboardInterrupt):
        generator.fit(*waves)
    assert len(generator.prior_.history_) == 2
    assert generator.sample(2, random_state=0).shape == (2, 2, 21)
    in_tokenizer = VQGenerator(stopping_in(parts[0], 3), parts[1])
    with pytest.raises(KeyboardInterrupt):
        in_tokenizer.fit(*waves)
    with pytest.raises(NotFittedError):
        in_tokenizer.sample()


def test_divergence_stops_the_fit(estimator, data):
    class Explode(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 2:
                next(net.module_.parameters()).data.fill_(np.nan)

    fitted = clone(estimator).fit(*data)
    expected = use(fitted, *data)
    with pytest.raises(ValueError, match="Training diverged: the loss of epoch 2 is nan. Lower the learning rate 'lr'"):
        fitted.set_params(net_params={"callbacks": [Explode()]}, warm_start=False).fit(*data)
    assert_array_equal(use(fitted, *data), expected)


def test_ctrl_c_keeps_the_best_weights_of_early_stopping(estimator, data):
    """Also those of the last finished epoch, whatever the steps after it did."""

    class Spoil(CtrlC):
        def on_batch_end(self, net, training=False, **kwargs):
            if training and len(net.history) == self.epoch:
                for parameter in net.module_.parameters():
                    parameter.data.fill_(0.5)
            super().on_batch_end(net, **kwargs)

    params = {"early_stopping": True, "random_state": 0, "lr": 1e-4}
    interrupted = stopping_in(estimator, 3).set_params(**params, net_params={"callbacks": [Spoil(3)]})
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(*data)
    assert not any((parameter == 0.5).all() for parameter in interrupted.module_.parameters())
