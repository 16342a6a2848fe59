"""Files whose content was changed by someone who made the digest fit: an error or an estimator, and no harm."""

import copy
import resource
import time

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS
from sklearn.base import clone
from test_persistence import rewrite

import sktsvq
from sktsvq.generator import VQGenerator

ODD_VALUES = [
    None, True, False, -1, 0, 2, 10**4, 10**7, 10**9, 10**18, 10**30, -(10**18), 0.5, -1e300,
    float("inf"), float("nan"), "", "x", "array0", "SVC", "os.system", "builtins.eval", "float64", "O", "V1000000000",
    "S1000000000", [], {}, [1] * 3,
    {"kind": "array", "name": "array0"}, {"kind": "array", "name": "gone"}, {"kind": "tuple", "values": [1]},
    {"kind": "slice", "values": [0, 10**18]}, {"kind": "dtype", "value": "V1000000000"}, {"kind": "estimator"},
    {"kind": "labels", "dtype": "S1000000000", "values": ["a", "b"]}, {"kind": "dict", "values": {"a": 1}},
]  # fmt: skip


def places_in(node):
    """Where the values of a document stand, as pairs (list or dict, key)."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from places_in(value)


def forge(document, arrays, rng):
    """Change a value of the document, or an array, as someone might who means harm."""
    if rng.uniform() < 0.2:
        name = sorted(arrays)[rng.randint(len(arrays))]
        array = arrays[name]
        arrays[name] = [
            array.ravel()[:0], array.ravel()[:1], array[np.newaxis], array.astype("f8"), array.astype("i1"),
            array * 0 - 1, np.full_like(array, 2**31 - 1 if array.dtype.kind in "iu" else 1),
        ][rng.randint(7)]  # fmt: skip
        return
    places = list(places_in(document["estimator"]))
    node, key = places[rng.randint(len(places))]
    change = rng.randint(4)
    if change == 0:
        del node[key]
    elif change == 1:
        other, other_key = places[rng.randint(len(places))]
        node[key] = copy.deepcopy(other[other_key])
    else:
        node[key] = copy.deepcopy(ODD_VALUES[rng.randint(len(ODD_VALUES))])


@pytest.mark.parametrize("n_files", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["generator", "tokenizer", "prior"])
def test_forged_values_are_refused_or_load(kind, n_files, waves, tmp_path):
    """Whatever the document says: an error, or an estimator, within a second and little memory."""
    X, y = waves
    path = tmp_path / "estimator.sktsvq"
    tokens = np.random.RandomState(0).randint(4, size=(30, 9))
    fitted = {
        "generator": lambda: VQGenerator(TOKENIZERS[2], PRIORS[3], random_state=0).fit(X, y),
        "tokenizer": lambda: clone(TOKENIZERS[7]).fit(X),
        "prior": lambda: clone(PRIORS[2]).fit(tokens, y),
    }[kind]()
    fitted.save(path)
    original, rng = path.read_bytes(), np.random.RandomState(0)
    sktsvq.load(path)
    n_refused, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(n_files):
        path.write_bytes(original)
        rewrite(path, lambda document, arrays: forge(document, arrays, rng))
        started = time.process_time()
        try:
            loaded = sktsvq.load(path)
        except ValueError as error:
            assert str(path) in str(error)
            n_refused += 1
        else:
            assert hasattr(loaded, "get_params")
        assert time.process_time() - started < 2
    assert n_refused > n_files / 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "kilobytes"
