"""Saved estimators come back as they were, and no other file becomes one."""

import copy
import json
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from conftest import PRIORS, TOKENIZERS
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

import sktsvq
from sktsvq._history import pack_history, unpack_history
from sktsvq._persistence import _digest
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "estimator.sktsvq"


def saved(estimator, path):
    estimator.save(path)
    loaded = sktsvq.load(path)
    assert type(loaded) is type(estimator)
    assert repr(loaded) == repr(estimator)
    return loaded


def test_tokenizers(tokenizer, waves, path):
    for X in (waves[0], waves[0].astype("f4"), waves[0][:, 0]):
        fitted = clone(tokenizer).fit(X)
        loaded, tokens = saved(fitted, path), fitted.transform(X)
        assert_array_equal(loaded.transform(X), tokens)
        assert_array_equal(loaded.inverse_transform(tokens), fitted.inverse_transform(tokens))
        assert loaded.inverse_transform(tokens).dtype == X.dtype
        assert_array_equal(loaded.embed(X), fitted.embed(X))
        assert loaded.history_[:, "train_loss"] == fitted.history_[:, "train_loss"]
        assert loaded.perplexity_ == fitted.perplexity_


def test_priors(prior, path):
    tokens = np.random.RandomState(0).randint(4, size=(30, 9))
    for y in (
        None,
        np.repeat(["a", "b"], 15),
        np.repeat([1, 2], 15),
        np.repeat(np.array(["a", "b"], dtype=object), 15),
    ):
        fitted = clone(prior).fit(tokens, y)
        loaded = saved(fitted, path)
        assert_array_equal(loaded.sample(5, random_state=0), fitted.sample(5, random_state=0))
        assert_array_equal(loaded.score_samples(tokens, y), fitted.score_samples(tokens, y))
        if y is not None:
            assert_array_equal(loaded.classes_, fitted.classes_)
            assert loaded.classes_.dtype == fitted.classes_.dtype


def test_generator(waves, path):
    X, y = waves
    gaps = X.copy()
    gaps[:, :, 5:9] = np.nan
    for tokenizer in (TOKENIZERS[0], FrozenEstimator(clone(TOKENIZERS[7]).fit(X))):
        fitted = VQGenerator(tokenizer, clone(PRIORS[0]), random_state=0).fit(X, y)
        loaded = saved(fitted, path)
        assert_array_equal(
            loaded.sample(5, y=list("abcab"), random_state=0), fitted.sample(5, y=list("abcab"), random_state=0)
        )
        assert_array_equal(loaded.impute(gaps, random_state=0), fitted.impute(gaps, random_state=0))


def test_classifier(waves, path):
    fitted = FCNClassifier(max_epochs=2, random_state=0).fit(*waves)
    loaded = saved(fitted, path)
    assert_array_equal(loaded.predict_proba(waves[0]), fitted.predict_proba(waves[0]))
    loaded.set_params(warm_start=True).fit(*waves)
    assert len(loaded.history_) == 4


def n_bytes_of_weights(generator):
    modules = generator.tokenizer_.module_, generator.prior_.module_
    return sum(4 * value.numel() for module in modules for value in module.state_dict().values())


@pytest.fixture(scope="module")
def long_trained():
    """A small generator with a long history: as many epochs as defaults have on few series."""
    X, y = make_waves(n_cases=20, n_timepoints=64, random_state=0)
    settings = {"max_epochs": 100, "batch_size": 20}
    tokenizer = VQVAETokenizer(width=16, early_stopping=True, n_iter_no_change=100, **settings)
    return VQGenerator(tokenizer, MaskGITPrior(**settings), random_state=0).fit(X, y)


def test_files_and_pickles_are_small(long_trained, path):
    """No state of the optimiser, no data, no weights twice, a packed history."""
    assert len(long_trained.tokenizer_.history_) == len(long_trained.prior_.history_) == 100
    limit = 1.2 * n_bytes_of_weights(long_trained)
    long_trained.save(path)
    assert path.stat().st_size < limit
    assert len(pickle.dumps(long_trained)) < limit
    joblib.dump(long_trained, path)
    assert path.stat().st_size < limit


def test_pickles_keep_what_a_fitted_estimator_has(long_trained):
    copied = pickle.loads(pickle.dumps(long_trained))
    for part, expected in ((copied.tokenizer_, long_trained.tokenizer_), (copied.prior_, long_trained.prior_)):
        assert part.history_ == expected.history_
        assert part.history_ is part.net_.history_ and part.net_.module is part.module_
    again = pickle.loads(pickle.dumps(copied))
    assert_array_equal(again.sample(5, random_state=0), long_trained.sample(5, random_state=0))


@pytest.mark.parametrize("through", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_copies_for_a_warm_start_keep_the_optimiser(through, waves):
    fitted = clone(TOKENIZERS[4]).set_params(warm_start=True).fit(waves[0])
    copied = through(fitted)
    copied = pickle.loads(copied) if isinstance(copied, bytes) else copied
    assert_array_equal(copied.fit(waves[0]).codebook_, fitted.fit(waves[0]).codebook_)
    assert copied.history_[:, "train_loss"] == fitted.history_[:, "train_loss"]
    cold = pickle.loads(pickle.dumps(fitted.set_params(warm_start=False)))
    assert not cold.net_.optimizer_.state and fitted.net_.optimizer_.state
    assert len(cold.set_params(warm_start=True).fit(waves[0]).history_) == 6


@pytest.mark.parametrize("history", [
    [],
    [{"epoch": 1, "loss": 0.5, "best": True}, {"epoch": 2, "loss": 0.25, "best": False}],
    [{"epoch": 1}, {"epoch": 2, "lr": 0.1, "name": "a", "none": None, "large": 2**40}, {"epoch": 3, "lr": 1}],
    [{"epoch": 1, "batches": [{"train_loss": 1.0}, {}]}],
])  # fmt: skip
def test_histories_are_packed_without_loss(history):
    unpacked = unpack_history(pack_history(history))
    assert unpacked == [{"batches": [], **row} for row in history]
    for new, row in zip(unpacked, history, strict=True):
        assert all(type(new[name]) is type(value) for name, value in row.items())


def test_loading_takes_less_than_100_milliseconds(long_trained, path):
    """Of the processor, imports left out, in another process."""
    long_trained.save(path)
    code = (
        f"import time, sktsvq\nsktsvq.load({str(path)!r})\nseconds = []\nfor _ in range(5):\n"
        f"    start = time.process_time()\n    sktsvq.load({str(path)!r})\n"
        "    seconds.append(time.process_time() - start)\nprint(min(seconds))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.1


def _double(x):
    return 2 * x


class Own(type(TOKENIZERS[0])):
    """Of another package."""


def test_what_no_file_can_hold_is_told(waves, path):
    X, y = waves
    with pytest.raises(NotFittedError):
        clone(TOKENIZERS[0]).save(path)

    function = clone(TOKENIZERS[4]).set_params(augmentations=[_double]).fit(X)
    own = Own(8, width=8, n_blocks=1, max_epochs=1).fit(X)
    for estimator, shown in ((function, "_double"), (own, "Own")):
        with pytest.raises(TypeError, match=f"(?s){shown}.*cannot be saved.*Use joblib"):
            estimator.save(path)
    assert not path.exists()
    fitted = clone(TOKENIZERS[0]).set_params(net_params={"optimizer": torch.optim.SGD}).fit(X)
    with pytest.warns(UserWarning, match="'net_params' of VQVAETokenizer is not saved"):
        fitted.save(path)
    assert sktsvq.load(path).net_params is None


def test_an_older_file_stays_until_the_new_one_is_whole(waves, path, monkeypatch):
    fitted = clone(PRIORS[3]).fit([[0, 1], [1, 0]])
    fitted.save(path)
    before = path.read_bytes()
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda self, data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fitted.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def rewrite(path, change):
    """Change the document of a file, with a digest that fits."""
    arrays = load_file(path)
    with safe_open(path, framework="numpy") as file:
        document = json.loads(file.metadata()["sktsvq"])
    change(document, arrays)
    content = json.dumps(document)
    save_file(arrays, path, metadata={"sktsvq": content, "digest": _digest(content, arrays)})


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda document, _: document.update(format=2), "must have the format 1.* Got 2"),
        (
            lambda document, _: document["estimator"].update({"class": "SVC"}),
            "no estimator that sktsvq can rebuild: 'SVC'",
        ),
        (lambda document, _: document["estimator"].update({"kind": "system"}), "no estimator that sktsvq can rebuild"),
        (lambda document, _: document["estimator"]["params"].update(os=1), "no estimator that sktsvq can rebuild"),
        (
            lambda document, _: document["estimator"]["attributes"]["module_config_"]["values"].update(width=10**6),
            "its weights have not the shapes",
        ),
        (
            lambda document, _: document["estimator"]["attributes"]["module_config_"]["values"].update(n_blocks=10**6),
            "a network of more than [0-9]+ weights and buffers",
        ),
        (lambda _, arrays: arrays.pop("array0"), "no estimator that sktsvq can rebuild: 'array0'"),
    ],
)
def test_forged_files_are_refused(waves, path, change, message):
    clone(TOKENIZERS[0]).fit(waves[0]).save(path)
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        sktsvq.load(path)


@pytest.mark.parametrize("n_files", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_files_are_refused(n_files, path):
    """Files with a byte changed, cut, added or doubled: an error, or the same estimator."""
    fitted = clone(PRIORS[0]).fit(np.random.RandomState(0).randint(4, size=(30, 9)))
    fitted.save(path)
    whole, rng, n_loaded = path.read_bytes(), np.random.RandomState(0), 0
    expected = fitted.sample(3, random_state=0)
    for number in range(n_files):
        place, content = rng.randint(len(whole)), bytearray(whole)
        if number % 4 == 0:
            content[place] ^= 1 << rng.randint(8)
        elif number % 4 == 1:
            del content[place:]
        elif number % 4 == 2:
            content[place:place] = bytes(rng.randint(256, size=rng.randint(1, 9)).tolist())
        else:
            content[: rng.randint(1, 600)] = rng.bytes(rng.randint(1, 600))
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                loaded = sktsvq.load(path)
        except ValueError as error:
            assert "is damaged, or was not written by sktsvq" in str(error)
        else:
            n_loaded += 1
            assert_array_equal(loaded.sample(3, random_state=0), expected)
    assert n_loaded < 10


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"PK\x03\x04", b"{}" * 100])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="estimator.sktsvq' is damaged, or was not written by sktsvq"):
        sktsvq.load(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        sktsvq.load(path.parent / "gone")


def test_loads_in_another_process(waves, path):
    fitted = clone(TOKENIZERS[0]).fit(waves[0])
    fitted.save(path)
    code = f"import sktsvq; print(sktsvq.load({str(path)!r}).codebook_.sum())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(float(fitted.codebook_.sum()))


def test_a_file_of_format_1_loads():
    """Written by this release; later ones must read it."""
    generator = sktsvq.load(Path(__file__).parent / "files" / "format_1.sktsvq")
    X, _ = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    assert generator.classes_.tolist() == ["down", "up"]
    first = [5, 7, 7, 5, 1, 0, 3, 3, 3, 3, 3, 0, 4, 5, 7, 7, 7, 7, 5, 5, 6, 2, 0, 3, 3, 3, 3, 0, 1, 5, 7, 7]
    assert (generator.tokenizer_.transform(X[:1]) == first).mean() > 0.9
    assert -generator.tokenizer_.score(X) == pytest.approx(0.0697586, rel=1e-3)
    assert generator.sample(3, y=["up", "down", "up"], random_state=0).shape == (3, 1, 32)
    tokenizer = generator.tokenizer_.partial_fit(X)
    assert np.isfinite(tokenizer.inverse_transform(tokenizer.transform(X))).all()
