"""Fitted estimators as files: arrays as safetensors, everything else as JSON. No code runs when a file is loaded."""

import hashlib
import json
import os
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes
from scipy.sparse import csr_array
from sklearn.frozen import FrozenEstimator
from skorch.history import History

from sktsvq._files import write_atomically
from sktsvq._history import pack_history, unpack_history
from sktsvq._validation import check_is_fitted
from sktsvq._vocabulary import Vocabulary

__all__ = ["SaveMixin", "load_estimator"]

# Files of later formats are refused; files of earlier ones must load for ever.
_FORMAT = 1
# The greatest size of a network, and bytes of a label: what is greater would fill the memory before it is refused.
_MAX_SIZE, _MAX_LABEL = 2**22, 2**16
# What belongs to one process: callbacks and the record of an interruption.
_NOT_SAVED = ("_skl_callbacks", "_interrupt", "_callback_fit_ctx", "_parent_callback_ctx", "history_")


class SaveMixin:
    """Mixin of the estimators that can be saved."""

    def save(self, path: str | os.PathLike) -> None:
        """Write the fitted estimator to a file, from which `sktsvq.load` brings it back.

        The file holds weights and other arrays as safetensors, and the parameters as JSON; it is written under another
        name first, so an older file stays whole until the new one is. The optimiser is not in it: a warm start after
        loading goes on with a fresh one.

        Parameters
        ----------
        path : str or path-like
            Such as "generator.sktsvq".

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If a parameter is a function or an estimator of another package, which no file can hold without code.
        """
        check_is_fitted(self)
        arrays: dict[str, np.ndarray] = {}
        content = json.dumps({"format": _FORMAT, "estimator": _Writer(arrays).encode(self)})
        metadata = {"sktsvq": content, "digest": _digest(content, arrays)}
        with write_atomically(path) as partial:
            partial.write_bytes(to_bytes(arrays, metadata=metadata))


def load_estimator(path):
    """A fitted estimator from a file that its `save` has written; see `sktsvq.load`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        content = metadata["sktsvq"]
        if metadata["digest"] != _digest(content, arrays):
            raise ValueError("its digest does not fit its content")
        document = json.loads(content)
    except (SafetensorError, KeyError, ValueError, OSError, RecursionError) as error:
        raise ValueError(f"The file {str(path)!r} is damaged, or was not written by sktsvq: {error}") from error
    if document.get("format") != _FORMAT:
        raise ValueError(
            f"The file {str(path)!r} must have the format {_FORMAT}, which this version of sktsvq reads. "
            f"Got {document.get('format')!r} instead."
        )
    try:
        return _Reader(arrays).decode(document["estimator"])
    except Exception as error:  # a forged file can make anything fail
        raise ValueError(f"The file {str(path)!r} holds no estimator that sktsvq can rebuild: {error}") from error


def _digest(content, arrays):
    """Hash of all that a file holds."""
    digest = hashlib.blake2b(content.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _estimator_classes():
    """The classes that a file may name."""
    places = ("tokenizers", "priors", "classifier", "generator", "representation")
    modules = [import_module(f"sktsvq.{name}") for name in places]
    public = {name: getattr(module, name) for module in modules for name in module.__all__}
    own = {name: cls for name, cls in public.items() if isinstance(cls, type) and issubclass(cls, SaveMixin)}
    return own | {"FrozenEstimator": FrozenEstimator}


def _record_classes():
    """The named tuples that a file may name."""
    from sktsvq._discriminator import Discriminator
    from sktsvq._noise import Noise
    from sktsvq.priors._markov import ContextKind, Table

    return {cls.__name__: cls for cls in (ContextKind, Discriminator, Noise, Table)}


class _Writer:
    """Turns values into JSON, and puts their arrays aside."""

    def __init__(self, arrays):
        self.arrays = arrays

    def encode(self, value):
        """`value` as JSON; what JSON does not know is a dict with a "kind"."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return {"kind": "scalar", "value": self.encode(np.asarray(value)[np.newaxis])}
        if isinstance(value, np.ndarray):
            return self._encode_array(value)
        if type(value).__name__ in _record_classes():
            return {"kind": type(value).__name__, "values": [self.encode(one) for one in value]}
        if isinstance(value, (list, tuple)):
            return {"kind": type(value).__name__, "values": [self.encode(one) for one in value]}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {"kind": "dict", "values": {key: self.encode(one) for key, one in value.items()}}
        if isinstance(value, slice):
            return {"kind": "slice", "values": [value.start, value.stop]}
        if isinstance(value, np.dtype):
            return {"kind": "dtype", "value": value.str}
        if isinstance(value, csr_array):
            parts = {name: self.encode(getattr(value, name)) for name in ("data", "indices", "indptr")}
            return {"kind": "csr_array", "shape": list(value.shape), **parts}
        if isinstance(value, Vocabulary):
            return {"kind": "Vocabulary", "values": {name: self.encode(part) for name, part in vars(value).items()}}
        if type(value) in _estimator_classes().values():
            return self._encode_estimator(value)
        raise TypeError(
            f"An estimator with {value!r} cannot be saved: a file holds numbers, texts, arrays and estimators of "
            "sktsvq. Use joblib, whose files run code when they are loaded."
        )

    def _encode_array(self, array):
        if array.dtype.kind in "OU":
            return {"kind": "labels", "dtype": array.dtype.str, "values": [self.encode(one) for one in array.tolist()]}
        name = f"array{len(self.arrays)}"
        self.arrays[name] = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
        return {"kind": "array", "name": name}

    def _encode_estimator(self, estimator):
        params = dict(estimator.get_params(deep=False))
        for name in ("net_params", "memory", "checkpoint_dir"):
            if params.get(name) is not None and not isinstance(params[name], str):
                warnings.warn(f"The {name!r} of {type(estimator).__name__} is not saved.", UserWarning, stacklevel=2)
                params[name] = None
        attributes = {k: v for k, v in vars(estimator).items() if k not in params and k not in _NOT_SAVED}
        record = {"kind": "estimator", "class": type(estimator).__name__}
        if "net_" in attributes:
            net = attributes.pop("net_")
            state = {name: self.encode(value.cpu().numpy()) for name, value in net.module_.state_dict().items()}
            record |= {"state": state, "history": self.encode(pack_history(map(_plain, net.history)))}
        record["params"] = {name: self.encode(value) for name, value in params.items()}
        return record | {"attributes": {name: self.encode(value) for name, value in attributes.items()}}


def _plain(row):
    """An epoch of a history without its batches."""
    return {name: value for name, value in row.items() if isinstance(value, (bool, int, float, str))}


class _Reader:
    """Turns JSON back into values."""

    def __init__(self, arrays):
        self.arrays = arrays

    def decode(self, value):
        """The value that `_Writer` has encoded."""
        if not isinstance(value, dict):
            return value
        kind = value["kind"]
        if kind in ("list", "tuple"):
            return {"list": list, "tuple": tuple}[kind](self.decode(one) for one in value["values"])
        if kind in _record_classes():
            return _record_classes()[kind](*(self.decode(one) for one in value["values"]))
        return getattr(self, f"_decode_{kind.lower()}")(value)

    def _decode_array(self, value):
        return self.arrays[value["name"]]

    def _decode_scalar(self, value):
        return self.decode(value["value"])[0]

    def _decode_labels(self, value):
        dtype = np.dtype(value["dtype"])
        if dtype.kind not in "OU" or dtype.itemsize > _MAX_LABEL:
            raise ValueError(f"labels of the dtype {dtype}")
        labels = np.empty(len(value["values"]), dtype=dtype)
        labels[:] = [self.decode(one) for one in value["values"]]
        return labels

    def _decode_dict(self, value):
        return {key: self.decode(one) for key, one in value["values"].items()}

    def _decode_slice(self, value):
        return slice(*value["values"])

    def _decode_dtype(self, value):
        dtype = np.dtype(value["value"])
        if dtype.kind not in "fiub":
            raise ValueError(f"series of the dtype {dtype}")
        return dtype

    def _decode_csr_array(self, value):
        parts = tuple(self.decode(value[name]) for name in ("data", "indices", "indptr"))
        array = csr_array(parts, shape=tuple(value["shape"]))
        array.check_format(full_check=True)  # places out of range would be read
        return array

    def _decode_vocabulary(self, value):
        parts = self._decode_dict(value)
        parts.pop("n_streams")
        return Vocabulary(parts.pop("codebook_size"), parts.pop("n_tokens"), **parts)

    def _history(self, value):
        if isinstance(value, list):  # of the first files of format 1: a dict for each epoch
            return History({"batches": [], **row} for row in value)
        return unpack_history(self.decode(value))

    def _decode_estimator(self, value):
        cls = _estimator_classes()[value["class"]]
        if value["params"].get("net_params") is not None:
            raise ValueError("net_params are not saved")
        estimator = cls(**{name: self.decode(one) for name, one in value["params"].items()})
        vars(estimator).update({name: self.decode(one) for name, one in value["attributes"].items()})
        if "state" in value:
            _check_sizes(estimator.module_config_)
            state = {name: torch.from_numpy(self.decode(one)) for name, one in value["state"].items()}
            estimator._restore_network(state, self._history(value["history"]))
        return estimator


def _check_sizes(config):
    """Raise where a size of a network is out of all proportion; those of weights are compared with the file."""
    for value in config.values() if isinstance(config, dict) else config:
        if isinstance(value, (dict, list, tuple)):
            _check_sizes(value)
        elif isinstance(value, int) and abs(value) > _MAX_SIZE:
            raise ValueError(f"a network of size {value}")
