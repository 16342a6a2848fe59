"""A training that was interrupted or killed goes on from its checkpoint, and ends in the same bits."""

import os
import pickle
import signal
import subprocess
import sys
import time
import warnings

import joblib
import numpy as np
import pytest
import torch
from conftest import ENCODERS, PRIORS, TOKENIZERS
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback, LRScheduler

from sktsvq import _checkpoints
from sktsvq._checkpoints import _placed_as
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.representation import FineTunedClassifier

ENCODER = clone(ENCODERS[0])
NETWORKS = [
    *TOKENIZERS[:1],
    *TOKENIZERS[4:8:3],
    *PRIORS[:3],
    *ENCODERS[3:6:2],
    FCNClassifier(random_state=0),
    FineTunedClassifier(ENCODER, random_state=0),
]


@pytest.fixture(params=NETWORKS, ids=lambda estimator: type(estimator).__name__)
def estimator(request):
    return clone(request.param).set_params(max_epochs=7, batch_size=10)


@pytest.fixture
def data(estimator, waves):
    X, y = waves
    return (np.random.RandomState(0).randint(4, size=(30, 9)) if hasattr(estimator, "complete") else X), y


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    """A state is written after each epoch, however short."""
    monkeypatch.setattr(_checkpoints, "_SHARE_OF_TIME", 1e9)


class Interrupt(Callback):
    """Ctrl-C in the middle of an epoch, the first time that it is reached; counts the epochs of the others."""

    epochs, pending = 0, True

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 5 and Interrupt.pending:
            Interrupt.pending = False
            raise KeyboardInterrupt

    def on_epoch_end(self, net, **kwargs):
        Interrupt.epochs += 1


def interrupted(estimator, folder, data, others=()):
    """Fit until Ctrl-C in the fifth epoch."""
    Interrupt.epochs, Interrupt.pending = 0, True
    estimator = clone(estimator).set_params(checkpoint_dir=folder, net_params={"callbacks": [Interrupt(), *others]})
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(*data)
    assert Interrupt.epochs == 4 and len(list(folder.iterdir())) == 1
    return estimator


def assert_same_fit(fitted, expected):
    state = expected.module_.state_dict()
    for name, value in fitted.module_.state_dict().items():
        assert torch.equal(value, state[name]), name
    for name in ("train_loss", "valid_loss", "lr"):
        if name in expected.history_[0]:
            assert fitted.history_[:, name] == expected.history_[:, name]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_training_ends_in_the_same_bits(estimator, data, early_stopping, tmp_path):
    estimator.set_params(early_stopping=early_stopping)
    again = clone(interrupted(estimator, tmp_path, data)).fit(*data)
    assert Interrupt.epochs == 7, "the finished epochs were trained again"
    assert_same_fit(again, estimator.fit(*data))
    assert list(tmp_path.iterdir()) == [], "a training that is over leaves its checkpoint"


def test_a_scheduler_and_a_warm_start_go_on(data, estimator, tmp_path):
    schedulers = [LRScheduler("StepLR", step_size=2, gamma=0.5)]
    first = clone(estimator).set_params(warm_start=True, max_epochs=2).fit(*data)
    expected = pickle.loads(pickle.dumps(first)).set_params(net_params={"callbacks": schedulers}, max_epochs=4)
    again = pickle.loads(pickle.dumps(first)).set_params(net_params={"callbacks": [Interrupt(), *schedulers]})
    again.set_params(max_epochs=4, checkpoint_dir=tmp_path)
    Interrupt.epochs, Interrupt.pending = 0, True
    start = pickle.dumps(again)
    with pytest.raises(KeyboardInterrupt):
        again.fit(*data)
    assert Interrupt.epochs == 2
    assert_same_fit(pickle.loads(start).fit(*data), expected.fit(*data))
    assert Interrupt.epochs == 4


def test_without_a_random_state_the_training_that_was_begun_goes_on(waves, tmp_path):
    tokenizer = clone(TOKENIZERS[0]).set_params(random_state=None, max_epochs=7, batch_size=10, early_stopping=True)
    first = interrupted(tokenizer, tmp_path, waves)
    second = clone(first).fit(*waves)
    for name in ("train_loss", "valid_loss"):
        assert first.history_[:, name] == second.history_[:4, name]
    assert clone(first).fit(*waves).history_[0, "train_loss"] != first.history_[0, "train_loss"]


def test_other_trainings_share_the_folder(waves, tmp_path):
    X, _ = waves
    tokenizer = clone(TOKENIZERS[0]).set_params(max_epochs=7, batch_size=10)
    first = interrupted(tokenizer, tmp_path, waves)
    for params, series in (({"beta": 0.5}, X), ({}, X**2), ({"random_state": 1}, X), ({}, X[:20])):
        Interrupt.epochs = 0
        other = clone(first).set_params(**params).fit(series)
        assert Interrupt.epochs == 7
        assert_same_fit(other, clone(tokenizer).set_params(**params).fit(series))
    Interrupt.epochs = 0
    clone(first).set_params(verbose=1).fit(X)
    assert Interrupt.epochs == 3


class RunsCode:
    """A pickle that would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-100], lambda content: b"", None], ids=["cut", "empty", "code"]
)
def test_a_damaged_checkpoint_is_told_and_left_aside(damage, waves, tmp_path):
    folder = tmp_path / "checkpoints"
    tokenizer = clone(TOKENIZERS[0]).set_params(max_epochs=7, batch_size=10)
    first = interrupted(tokenizer, folder, waves)
    (path,) = folder.iterdir()
    if damage is None:
        torch.save({"format": RunsCode(tmp_path / "made")}, path)
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged: the training starts from the beginning"):
        fitted = clone(first).fit(*waves)
    assert not (tmp_path / "made").exists()
    assert_same_fit(fitted, tokenizer.fit(*waves))


def test_what_tells_trainings_apart_must_be_known(waves, tmp_path):
    tokenizer = clone(TOKENIZERS[4]).set_params(augmentations=[lambda x: -x], checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="'checkpoint_dir' parameter needs other parameters that can be pickled"):
        tokenizer.fit(waves[0])
    with pytest.raises((TypeError, ValueError), match="'checkpoint_dir' parameter of VQVAETokenizer"):
        clone(TOKENIZERS[0]).set_params(checkpoint_dir=3).fit(waves[0])


def test_writing_takes_a_small_share_of_the_time(waves, tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoints, "_SHARE_OF_TIME", 1e-6)
    written = []
    write = _checkpoints.write_atomically
    monkeypatch.setattr(_checkpoints, "write_atomically", lambda path: written.append(path) or write(path))
    clone(TOKENIZERS[0]).set_params(max_epochs=30, checkpoint_dir=tmp_path).fit(waves[0])
    assert len(written) == 1


SCRIPT = """
import sys, time
import joblib
from sktsvq import _checkpoints

class Slow(_checkpoints.Checkpoints):
    def on_epoch_end(self, net, **kwargs):
        time.sleep(0.03)
        super().on_epoch_end(net, **kwargs)

if __name__ == "__main__":
    _checkpoints._SHARE_OF_TIME = 1e9
    from sktsvq import _network
    _network.Checkpoints = Slow
    estimator, X, y, result = joblib.load(sys.argv[1])
    print("starts", flush=True)
    joblib.dump(estimator.fit(X, y), result)
"""


def fit_and_kill(estimator, data, folder, moments):
    """Fit in processes that are killed at these seconds after their start, then in one that is not; its estimator."""
    script, job, result = folder / "fit.py", folder / "job", folder / "result"
    script.write_text(SCRIPT)
    joblib.dump((estimator, *data, str(result)), job)
    places = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    for moment in [*moments, None]:
        command = [sys.executable, str(script), str(job)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "starts\n"
            if moment is not None:
                time.sleep(moment)
                process.send_signal(signal.SIGKILL)
        assert process.returncode == (0 if moment is None else -9)
    return joblib.load(result)


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_killed_once(tmp_path):
    data = make_waves(n_cases=30, n_timepoints=21, random_state=0)
    tokenizer = clone(TOKENIZERS[0]).set_params(max_epochs=60, batch_size=10, checkpoint_dir=tmp_path / "checkpoints")
    fitted = fit_and_kill(tokenizer, data, tmp_path, [0.8])
    expected = clone(tokenizer).set_params(checkpoint_dir=None).fit(*data)
    assert_array_equal(fitted.transform(data[0]), expected.transform(data[0]))
    assert_same_fit(fitted, expected)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_generator_is_killed_at_ten_random_moments(tmp_path):
    """`memory` keeps the finished tokenizer, `checkpoint_dir` the state of the part that is trained."""
    data = make_waves(n_cases=30, n_timepoints=21, random_state=0)
    places = {"checkpoint_dir": tmp_path / "checkpoints", "max_epochs": 60, "batch_size": 10}
    parts = [clone(part).set_params(**places) for part in (TOKENIZERS[0], PRIORS[0])]
    generator = VQGenerator(*parts, memory=str(tmp_path / "memory"), random_state=0)
    fitted = fit_and_kill(generator, data, tmp_path, np.random.RandomState(0).uniform(0, 3, size=10))
    plain = clone(generator).set_params(memory=None, tokenizer__checkpoint_dir=None, prior__checkpoint_dir=None)
    expected = plain.fit(*data)
    assert_array_equal(fitted.tokenizer_.transform(data[0]), expected.tokenizer_.transform(data[0]))
    assert_array_equal(fitted.sample(20, random_state=0), expected.sample(20, random_state=0))
    assert_same_fit(fitted.tokenizer_, expected.tokenizer_)
    assert_same_fit(fitted.prior_, expected.prior_)


@pytest.fixture
def cached(tmp_path):
    return VQGenerator(TOKENIZERS[0], PRIORS[3], memory=str(tmp_path / "memory"), random_state=0)


@pytest.mark.parametrize("size", [0, 100, 10_000])
@pytest.mark.filterwarnings("ignore:Exception while loading results for")
def test_a_cut_entry_of_the_memory_is_computed_again(size, cached, waves, tmp_path):
    first = clone(cached).fit(*waves)
    (entry,) = tmp_path.rglob("output.pkl")
    entry.write_bytes(entry.read_bytes()[:size])
    second = clone(cached).fit(*waves)
    assert first.tokenizer_.history_ != second.tokenizer_.history_, "the entry was used"
    assert_same_fit(second.tokenizer_, first.tokenizer_)
    assert_array_equal(second.sample(5, random_state=0), first.sample(5, random_state=0))


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_process_killed_while_it_writes_to_the_memory(cached, tmp_path):
    data = make_waves(n_cases=30, n_timepoints=21, random_state=0)
    joblib.dump((cached, *data), tmp_path / "job")
    code = """
import os, signal, sys
import joblib
from joblib import _store_backends

def half(value, file, **kwargs):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

generator, X, y = joblib.load(sys.argv[1])
_store_backends.numpy_pickle.dump = half
generator.fit(X, y)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, str(tmp_path / "job")]
    assert subprocess.run(command, env=environment).returncode == -9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = clone(cached).fit(*data)
    assert_same_fit(fitted.tokenizer_, clone(cached).set_params(memory=None).fit(*data).tokenizer_)


def test_what_is_read_goes_to_the_device_of_what_it_replaces():
    own = [torch.zeros(2, device="meta"), torch.zeros(2)]
    read = [torch.ones(2), torch.ones(2)]
    placed = _placed_as(own, read)
    assert [value.device.type for value in placed] == ["meta", "cpu"]
    assert torch.equal(placed[1], read[1]) and placed[1] is not read[1]
    assert _placed_as(None, {"a": 1}) == {"a": 1}
