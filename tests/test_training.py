"""What training promises for every estimator that has a network."""

import pickle

import numpy as np
import pytest
import torch
from conftest import PRIORS, TOKENIZERS
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator

NETWORKS = [TOKENIZERS[0], TOKENIZERS[2], PRIORS[0], FCNClassifier(max_epochs=2, random_state=0)]


@pytest.fixture(params=NETWORKS, ids=lambda estimator: type(estimator).__name__)
def estimator(request):
    return clone(request.param)


@pytest.fixture
def data(estimator):
    """Noise that cannot be learnt: (X, y) for a tokenizer or a classifier, (tokens, y) for a prior."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=30)
    return (rng.randint(4, size=(30, 9)) if hasattr(estimator, "sample") else rng.normal(size=(30, 1, 9))), y


class Recorder(Callback):
    """Keeps the weights of every epoch."""

    def on_train_begin(self, net, **kwargs):
        self.weights_ = []

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append({name: value.clone() for name, value in net.module_.state_dict().items()})


def test_early_stopping_keeps_the_best_weights(estimator, data):
    estimator.set_params(early_stopping=True, n_iter_no_change=1, max_epochs=150, lr=0.01)
    recorder = Recorder()
    fitted = estimator.set_params(net_params={"callbacks": [("recorder", recorder)]}).fit(*data)
    losses = np.array(fitted.history_[:, "valid_loss"])
    assert len(losses) < 150
    best = recorder.weights_[losses.argmin()]
    for name, value in fitted.net_.module_.state_dict().items():
        assert torch.equal(value, best[name]), name
    assert losses.argmin() < len(losses) - 1


def test_validation_loss_compares():
    """Where the weights stand still, so does the validation loss, although training draws new masks."""
    tokens = np.random.RandomState(0).randint(4, size=(30, 9))
    prior = clone(PRIORS[0]).set_params(early_stopping=True, max_epochs=3, lr=1e-30)
    history = prior.set_params(net_params={"optimizer__weight_decay": 0.0}).fit(tokens).history_
    assert np.ptp(history[:, "valid_loss"]) == 0
    assert np.ptp(history[:, "train_loss"]) > 0


def test_early_stopping_is_repeatable(estimator, data, unmoved_random_state):
    estimator.set_params(early_stopping=True)
    first, again = (clone(estimator).fit(*data) for _ in range(2))
    assert_array_equal(first.history_[:, "valid_loss"], again.history_[:, "valid_loss"])
    assert_array_equal(first.history_[:, "train_loss"], again.history_[:, "train_loss"])
    pickle.loads(pickle.dumps(first))


def test_too_few_cases_to_hold_out(estimator, data):
    X, y = data
    estimator.set_params(early_stopping=True)
    with pytest.raises(ValueError, match="'validation_fraction' parameter of .* leaves 1 of 2"):
        estimator.fit(X[:2], np.array([0, 1]))
    assert len(estimator.fit(X[:3], np.array([0, 1, 1])).history_) > 0
    with pytest.raises(ValueError, match="'validation_fraction' parameter of .* Got 1.0"):
        estimator.set_params(validation_fraction=1.0).fit(X, y)


def test_warm_start_heeds_changed_parameters(estimator, data):
    fitted = estimator.set_params(warm_start=True, precision="float32").fit(*data)
    steps = {key: float(value["step"]) for key, value in fitted.net_.optimizer_.state_dict()["state"].items()}
    fitted.set_params(precision="bfloat16", net_params={"optimizer__weight_decay": 0.25}, lr=0.5, batch_size=10)
    fitted.fit(*data)
    (group,) = fitted.net_.optimizer_.param_groups
    assert (group["weight_decay"], group["lr"]) == (0.25, 0.5)
    assert fitted.net_.autocast_dtype == torch.bfloat16
    assert len(fitted.history_) == 4
    assert fitted.history_[-1, "train_batch_count"] == 3
    for key, value in fitted.net_.optimizer_.state_dict()["state"].items():
        assert value["step"] == steps[key] + 6


def test_bad_device_is_refused_before_any_training(estimator, data):
    X = np.random.RandomState(0).normal(size=(4, 1, 9))
    if hasattr(estimator, "sample"):

        class Untrainable(type(TOKENIZERS[0])):
            def fit(self, X, y=None):
                raise AssertionError("trained")

        estimator = VQGenerator(Untrainable(), estimator.set_params(device="abacus"))
        data = X, None
    else:
        estimator.set_params(device="abacus")
    with pytest.raises(ValueError, match="'device' parameter .* Got 'abacus'"):
        estimator.fit(*data)


def fit_and_count_threads(estimator, data):
    before = torch.get_num_threads()
    estimator.fit(*data)
    return before, torch.get_num_threads(), torch.multiprocessing.cpu_count()


def test_threads_stay_as_they_are(estimator, data):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        assert fit_and_count_threads(estimator, data)[:2] == (before + 1, before + 1)
    finally:
        torch.set_num_threads(before)


def test_workers_share_the_cores(monkeypatch):
    """Two workers of joblib get half of the cores each."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    data = np.random.RandomState(0).normal(size=(6, 1, 9)), None
    counts = Parallel(n_jobs=2)(delayed(fit_and_count_threads)(clone(TOKENIZERS[0]), data) for _ in range(2))
    for before, after, n_cores in counts:
        assert before == after <= max(1, n_cores // 2)
