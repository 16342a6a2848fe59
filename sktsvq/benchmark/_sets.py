"""The sets of a benchmark of quality: their series, the network that judges, and what real series score."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from sktsvq._files import write_atomically
from sktsvq._persistence import load_estimator
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.metrics._resampling import stratified_parts

__all__ = ["BenchmarkSet", "Judged", "Judge", "check_equal_lengths", "load_set"]

# One part of so many plays the test set when the test split stays untouched.
_N_PARTS = 3


class BenchmarkSet(NamedTuple):
    """Series to train on and series to compare with."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def load_set(name, data_dir=None, *, validation=False):
    """A UCR set; with `validation` a stratified third of its train split plays the test set.

    Missing values are 0, as in the published protocol. A class with one series stays in the train set.
    """
    X, y = load_ucr(name, "train", data_dir=data_dir)
    check_equal_lengths(name, X)
    if not validation:
        X_test, y_test = load_ucr(name, "test", data_dir=data_dir)
        check_equal_lengths(name, X_test)
        return BenchmarkSet(np.nan_to_num(X), y, np.nan_to_num(X_test), y_test)
    held_out = stratified_parts(y, _N_PARTS, np.random.RandomState(0))[0]
    rest = np.setdiff1d(np.arange(len(y)), held_out)
    alone = ~np.isin(y[held_out], y[rest])
    rest, held_out = np.sort(np.append(rest, held_out[alone])), held_out[~alone]
    X = np.nan_to_num(X)
    return BenchmarkSet(X[rest], y[rest], X[held_out], y[held_out])


def check_equal_lengths(name, X):
    """Raise a ValueError where X, of the set of this name, is a list of series of unequal length."""
    if not isinstance(X, np.ndarray):
        raise ValueError(f"The sets of a benchmark must have series of equal length. Got {name!r} instead.")


class Judged(NamedTuple):
    """What the judge makes of series."""

    features: np.ndarray
    proba: np.ndarray


class Judge:
    """The fully convolutional network through which series are scored.

    Parameters
    ----------
    network : FCNClassifier
        Fitted.
    train, test : Judged
        What it makes of the real series.
    """

    def __init__(self, network, train, test):
        self.network, self.train, self.test = network, train, test

    def look_at(self, X):
        """Features and class probabilities of series, by one pass."""
        return _look_at(self.network, X)

    def accuracy(self, judged, y):
        """Share of the series whose class is recognised."""
        return float(np.mean(self.network.classes_[judged.proba.argmax(axis=1)] == y))

    @classmethod
    def prepare(cls, name, data, folder, *, checkpoint=None, max_epochs="auto"):
        """The judge of a set, kept in `folder`, where the next call finds it.

        It is a published checkpoint; without one it is trained on the train set.
        """
        own, kept = Path(folder, f"{name}.sktsvq"), Path(folder, f"{name}.npz")
        if checkpoint is not None:
            classes = sorted(np.unique(data.y_train), key=float)  # the order of the outputs
            scaling = {"mean": data.X_train.mean(), "scale": data.X_train.std()}
            network = FCNClassifier.from_checkpoint(checkpoint, classes, **scaling)
        elif own.exists():
            network = load_estimator(own)
        else:
            network = FCNClassifier(max_epochs=max_epochs, random_state=0).fit(data.X_train, data.y_train)
            network.save(own)
        if not kept.exists():
            looks = [_look_at(network, X) for X in (data.X_train, data.X_test)]
            with write_atomically(kept) as partial:
                np.savez(partial, *(array for look in looks for array in look))
        with np.load(kept) as arrays:
            train, test = (Judged(arrays[f"arr_{i}"], arrays[f"arr_{i + 1}"]) for i in (0, 2))
        return cls(network, train, test)


def _look_at(network, X):
    features = network.transform(X)
    with torch.inference_mode():
        logits = network.module_.final(torch.from_numpy(features).to(network._device, torch.float32))
    return Judged(features, logits.double().softmax(dim=1).cpu().numpy())
