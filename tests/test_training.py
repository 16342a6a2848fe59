"""What training promises for every estimator that has a network."""

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ENCODERS, PRIORS, TOKENIZERS, describe
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback, Checkpoint, EpochScoring, LRScheduler

import sktsvq
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.nn.fcn import FCN

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
        module = copy.deepcopy(net.module_)
        if isinstance(module, FCN):
            module.final.fold()  # a fitted classifier's last layer takes plain features
        self.weights_.append(module.state_dict())


def test_early_stopping_keeps_the_best_weights(estimator, data):
    estimator.set_params(early_stopping=True, n_iter_no_change=1, max_epochs=150, lr=0.01)
    fitted = estimator.set_params(net_params={"callbacks": [("recorder", Recorder())]}).fit(*data)
    recorder = dict(fitted.net_.callbacks_)["recorder"]
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


def as_data(estimator, X, y):
    """What `fit` takes: series, or for a prior tokens."""
    return (np.digitize(X[:, 0], [-1, 0, 1]) if hasattr(estimator, "sample") else X), y


def test_a_fitted_estimator_computes_where_it_is(estimator, data):
    X, y = data
    fitted = estimator.fit(X, y)
    methods = [name for name in ("transform", "predict", "sample", "score_samples") if hasattr(fitted, name)]
    expected = [len(getattr(fitted, name)(3 if name == "sample" else X)) for name in methods]
    fitted.set_params(device="abacus")  # as "cuda" on a machine without one
    assert [len(getattr(fitted, name)(3 if name == "sample" else X)) for name in methods] == expected
    assert fitted.to("cpu") is fitted
    with pytest.raises(ValueError, match="'device' parameter .* Got 'meta' instead"):
        fitted.to("meta")
    with pytest.raises(ValueError, match="'device' parameter .* Got None instead"):
        fitted.to(None)
    with pytest.raises(ValueError, match="'device' parameter .* Got 'abacus' instead"):
        fitted.fit(X, y)


def test_read_only_data_make_no_noise(estimator, data):
    X, y = data
    X.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.fit(X, y)


@pytest.mark.parametrize("labels", [["a", None] * 15, ["a", pd.NA] * 15, [1.0, np.nan] * 15])
def test_missing_labels_are_told(labels):
    X = np.random.RandomState(0).randint(4, size=(30, 9))
    for estimator, rows in ((clone(PRIORS[0]), X), (FCNClassifier(max_epochs=1), X[:, np.newaxis].astype(float))):
        with pytest.raises(ValueError, match="y must hold one label for each of the 30 cases. Got a missing one"):
            estimator.fit(rows, np.array(labels, dtype=object))


@pytest.mark.parametrize("name", ["lr", "validation_fraction", "batch_size"])
def test_integers_beyond_64_bits_are_refused(estimator, data, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of .* Got {10**30}"):
        estimator.set_params(**{name: 10**30}).fit(*data)


def test_the_network_is_rebuilt_from_plain_values(estimator, data):
    fitted = estimator.fit(*data)
    module = type(fitted.module_)(**json.loads(json.dumps(fitted.module_config_)))
    module.load_state_dict(fitted.module_.state_dict())


OPTIMIZERS = ["Adam", "SGD", "Adagrad", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_gets_what_it_takes(estimator, data, name):
    optimizer = getattr(torch.optim, name)
    fitted = estimator.set_params(net_params={"optimizer": optimizer}, lr=1e-3).fit(*data)
    assert type(fitted.net_.optimizer_) is optimizer


@pytest.mark.parametrize(
    "net_params, error, message",
    [
        ({"optimizer__wieght_decay": 0.1}, ValueError, "behind 'optimizer__'.* Got 'optimizer__wieght_decay'"),
        ({"optimiser": torch.optim.SGD}, ValueError, "parameters of skorch.NeuralNet.* Got 'optimiser'"),
        ({"max_epochs": 3}, ValueError, "parameters of skorch.NeuralNet.* Got 'max_epochs'"),
        ({"optimizer": "sgd"}, TypeError, "subclass of torch.optim.Optimizer.* Got 'sgd'"),
        ({"callbacks": Checkpoint()}, TypeError, "must hold a list of skorch callbacks"),
        ({"iterator_train__num_workers": 1}, ValueError, "may set 'shuffle' of the iterators alone"),
        ({"callbacks": [print]}, TypeError, "must hold skorch callbacks.* Got <built-in function print>"),
    ],
)
def test_bad_net_params_are_told_before_any_training(estimator, data, net_params, error, message):
    with pytest.raises(error, match=f"'net_params' parameter of {type(estimator).__name__} .*{message}"):
        estimator.set_params(net_params=net_params, max_epochs=10**6).fit(*data)


def test_callbacks_are_copied(estimator, data):
    recorder = Recorder()
    fitted = estimator.set_params(net_params={"callbacks": [recorder]}).fit(*data)
    assert vars(recorder) == {}
    assert any(isinstance(callback, Recorder) and callback.weights_ for _, callback in fitted.net_.callbacks_)


def test_a_scheduler_of_the_user_replaces_ours(estimator, data):
    callbacks = [LRScheduler("StepLR", step_size=1, gamma=0.5)]
    fitted = estimator.set_params(net_params={"callbacks": callbacks}, max_epochs=3, lr=0.01).fit(*data)
    assert fitted.net_.optimizer_.param_groups[0]["lr"] == pytest.approx(0.01 * 0.5**3)


def test_skorch_callbacks_find_what_skorch_records(estimator, data, tmp_path):
    checkpoint = Checkpoint(monitor="train_loss_best", dirname=tmp_path)
    estimator.set_params(net_params={"callbacks": [checkpoint]}).fit(*data)
    assert (tmp_path / "params.pt").exists()
    estimator.set_params(net_params={"callbacks": [Checkpoint(dirname=tmp_path)]}, early_stopping=True).fit(*data)


def test_bfloat16_is_for_training_alone(waves):
    classifier = FCNClassifier(max_epochs=1, precision="bfloat16", random_state=0).fit(*waves)
    x = torch.from_numpy(classifier._scaled(waves[0]))
    assert classifier.net_.predict_proba({"x": x}).dtype == np.float32
    scoring = EpochScoring("accuracy", on_train=True, name="accuracy")
    classifier.set_params(net_params={"callbacks": [scoring]})


@pytest.mark.parametrize(
    "context",
    [torch.inference_mode, torch.no_grad, lambda: DefaultDtype(torch.float64)],
    ids=["inference", "no_grad", "dtype"],
)
def test_the_state_of_the_process_does_not_matter(estimator, data, context):
    plain = clone(estimator).fit(*data)
    with context():
        other = clone(estimator).fit(*data)
    for first, second in zip(plain.module_.parameters(), other.module_.parameters(), strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize("learner", [*TOKENIZERS, *PRIORS], ids=describe)
def test_a_fitted_estimator_computes_in_single_precision(learner, tmp_path, waves):
    """Whatever torch's default dtype is, also where it was loaded under another one."""
    X, tokens = waves[0], np.random.RandomState(0).randint(4, size=(30, 9))

    def results(fitted):
        if learner in TOKENIZERS:
            return [fitted.transform(X), fitted.inverse_transform(fitted.transform(X)), fitted.embed(X)]
        made = [fitted.sample(4, random_state=0), fitted.score_samples(tokens)]
        made.append(fitted.complete(np.where(tokens, tokens, -1), random_state=0))
        return made + ([fitted.sample_steps(random_state=0)[0]] if hasattr(fitted, "sample_steps") else [])

    fitted = clone(learner).fit(X if learner in TOKENIZERS else tokens)
    expected = results(fitted)
    fitted.save(tmp_path / "fitted")
    with DefaultDtype(torch.float64):
        for one in (fitted, sktsvq.load(tmp_path / "fitted")):
            for made, value in zip(results(one), expected, strict=True):
                assert_array_equal(made, value)
                assert made.dtype == value.dtype


@pytest.mark.parametrize("learner", [TOKENIZERS[4], PRIORS[0], ENCODERS[0]], ids=lambda one: type(one).__name__)
def test_partial_fit_goes_on(learner, waves):
    """As warm starts of one epoch do; what the first part has set stays."""
    X, y = waves
    parts = [slice(0, 16), slice(16, 23), slice(23, 30)]
    if hasattr(learner, "complete"):
        X = np.random.RandomState(0).randint(4, size=(30, 9))
        X[:, 0] = np.arange(30) % 4
        y = np.arange(30) % 3
    learner, warm = clone(learner), clone(learner).set_params(warm_start=True, max_epochs=1)
    for part in parts:
        assert learner.partial_fit(X[part], y[part]) is learner
        warm.fit(X[part], y[part])
    assert learner.history_[:, "train_loss"] == warm.history_[:, "train_loss"]
    assert len(learner.history_) == 3 and learner.get_params()["max_epochs"] == 2 and not learner.warm_start
    for name, value in learner.module_.state_dict().items():
        assert torch.equal(value, warm.module_.state_dict()[name])
    with pytest.raises(ValueError):
        learner.partial_fit(X[..., :-1], y)
    assert len(learner.history_) == 3 and not learner.warm_start
    losses = [learner.partial_fit(X, y).history_[-1, "train_loss"] for _ in range(20)]
    assert losses[-1] < losses[0]


class DefaultDtype:
    """torch's default dtype, in a block."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __enter__(self):
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)

    def __exit__(self, *error):
        torch.set_default_dtype(self.before)


def test_other_libraries_do_not_change_the_bits_of_a_fit():
    """numba, which aeon's extractors run, raises the number of OpenMP threads of the process."""
    code = """
import numba, numpy as np, torch
from sktsvq.datasets import make_waves
from sktsvq.tokenizers import VQVAETokenizer
X, _ = make_waves(n_cases=128, n_timepoints=140, random_state=0)
fit = lambda: VQVAETokenizer(max_epochs=3, random_state=0).fit(X)
first = fit()
@numba.njit(parallel=True)
def total(x):
    s = 0.0
    for i in numba.prange(len(x)):
        s += x[i]
    return s
total(np.ones(1000))
assert torch.get_num_threads() == 2, "numba no longer changes the threads: this test shows nothing"
second = fit()
assert np.array_equal(first.codebook_, second.codebook_)
assert np.array_equal(first.inverse_transform(first.transform(X)), second.inverse_transform(second.transform(X)))
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": "omp"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_patience_counts_short_epochs_as_their_share():
    """An epoch of k < 10 steps counts as k/10 of one."""
    X, _ = make_waves(n_cases=34, n_timepoints=16, random_state=0)
    for batch_size, n_expected in ((30, 1 + 20), (10, 1 + 7), (3, 1 + 2)):  # 1, 3 and 10 steps an epoch
        tokenizer = clone(TOKENIZERS[0]).set_params(
            early_stopping=True, n_iter_no_change=2, max_epochs=100, lr=1e-30, batch_size=batch_size
        )
        tokenizer.set_params(net_params={"optimizer__weight_decay": 0.0}, decay=None, dead_threshold=0.0)
        assert len(tokenizer.fit(X).history_) == n_expected


def test_warm_start_keeps_the_shape_of_the_network(waves):
    tokenizer = clone(TOKENIZERS[0]).set_params(warm_start=True).fit(waves[0])
    with pytest.raises(ValueError, match="warm_start=True .* must keep the shape.*codebook_size"):
        tokenizer.set_params(codebook_size=16).fit(waves[0])
    assert tokenizer.set_params(codebook_size=8, beta=5.0).fit(waves[0]).module_config_["bottleneck"]["beta"] == 5.0
