"""Odd series and labels: each estimator that takes series works with them, or says why not."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ENCODERS, PRIORS, TOKENIZERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.representation import FineTunedClassifier
from sktsvq.tokenizers import VQVAETokenizer

# One of each kind: convolutions, residual codes, spectra, two views, two bands; encoders, classifiers, a generator.
ESTIMATORS = [
    *(TOKENIZERS[i] for i in (0, 2, 3, 4, 7)),
    *(ENCODERS[i] for i in (0, 1, 3)),
    FCNClassifier(max_epochs=2, random_state=0),
    FineTunedClassifier(clone(ENCODERS[0]), max_epochs=2, random_state=0),
    VQGenerator(TOKENIZERS[0], PRIORS[0], random_state=0),
]


@pytest.fixture(params=ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def estimator(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def data():
    """Series (24, 2, 32) of two classes."""
    return make_waves(n_cases=24, n_channels=2, n_timepoints=32, random_state=0)


def results(fitted, X):
    """What a fitted estimator makes of series, by the names of its methods; all of it is finite."""
    made = {name: getattr(fitted, name)(X) for name in ("transform", "predict_proba") if hasattr(fitted, name)}
    if "transform" in made and hasattr(fitted, "inverse_transform"):
        made["inverse_transform"] = fitted.inverse_transform(made["transform"])
    if hasattr(fitted, "sample"):
        made |= {"sample": fitted.sample(4, random_state=0)}
    if hasattr(fitted, "impute"):
        gaps = np.array(X, dtype=float)
        gaps[0, 0, 1:] = np.nan
        made |= {"score_samples": fitted.score_samples(X), "impute": fitted.impute(gaps, random_state=0)}
    for name, value in made.items():
        assert np.isfinite(value).all(), name
    return made


SLOW = [pytest.param(scale, marks=pytest.mark.slow) for scale in (1e-150, 1e100)]


@pytest.mark.parametrize("scale", [1e-12, 1e12, *SLOW])
def test_the_unit_does_not_matter(estimator, data, scale):
    X, y = data
    # By a power of two, so that scaled values have the same bits.
    scale = 2.0 ** np.round(np.log2(scale))
    expected = results(clone(estimator).fit(X, y), X)
    made = results(estimator.fit(scale * X, y), scale * X)
    if "transform" in made and made["transform"].dtype.kind == "i":
        assert_array_equal(made["transform"], expected["transform"])
        assert_allclose(made["inverse_transform"] / scale, expected["inverse_transform"], rtol=1e-6, atol=1e-6)
    if "predict_proba" in made:
        assert_array_equal(made["predict_proba"], expected["predict_proba"])
    if "sample" in made:
        assert_allclose(made["sample"] / scale, expected["sample"], rtol=1e-6, atol=1e-6)


def test_offsets_are_taken_off_before_digits_are_lost(estimator, data):
    X, y = data
    far = X + 1e9
    near = far - 1e9  # the values that the rounding of `far` has left
    expected = results(clone(estimator).fit(near, y), near)
    made = results(estimator.fit(far, y), far)
    if "transform" in made and made["transform"].dtype.kind == "i":
        assert (made["transform"] == expected["transform"]).mean() > 0.9
    assert_allclose(estimator.mean_ if hasattr(estimator, "mean_") else far.mean(axis=(0, 2)), far.mean(axis=(0, 2)))


@pytest.mark.parametrize("constant", [1e20, -1e150])
def test_a_huge_constant_channel(constant, data):
    """Its mean is off by a unit in the last place, up to 1e134: divided by 1, that is no number of float32."""
    X = data[0].copy()
    alone = VQVAETokenizer(max_epochs=1, random_state=0).fit(X)
    X = np.concatenate([X, np.full_like(X[:, :1], constant)], axis=1)
    fitted = VQVAETokenizer(max_epochs=1, random_state=0).fit(X)
    assert np.abs(fitted._scaled(X)[:, -1]).max() <= 1
    assert_allclose(fitted.inverse_transform(fitted.transform(X))[:, -1], constant, rtol=1e-12)
    assert_array_equal(fitted.scale_[:-1], alone.scale_)


@pytest.mark.parametrize("n_constant", [1, 2])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_constant_channels(estimator, data, n_constant):
    X, y = data
    X = X.copy()
    X[:, :n_constant] = 14.62
    made = results(estimator.fit(X, y), X)
    for name in ("inverse_transform", "sample"):
        if name in made:
            assert_allclose(made[name][:, :n_constant].mean(axis=(0, 2)), 14.62, atol=1.0)


@pytest.mark.parametrize("n_timepoints", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_short_series(estimator, data, n_timepoints):
    X, y = data[0][:, :, :n_timepoints], data[1]
    if hasattr(estimator, "impute"):
        fitted = estimator.fit(X, y)
        assert fitted.sample(3, y=[0, 1, 1], random_state=0).shape == (3, 2, n_timepoints)
        assert np.isfinite(fitted.score_samples(X)).all()
        return
    results(estimator.fit(X, y), X)


def test_two_cases_are_enough_and_one_is_not(estimator, data):
    X, y = data
    two = [np.flatnonzero(y == label)[0] for label in (0, 1)]
    assert len(next(iter(results(estimator.fit(X[two], y[two]), X).values()))) > 0
    for n_cases in (0, 1):
        with pytest.raises(ValueError, match=f"Found array with {n_cases} sample.*minimum of 2 is required by"):
            clone(estimator).fit(X[:n_cases], y[:n_cases])


@pytest.mark.filterwarnings("ignore:The number of unique classes is greater")
@pytest.mark.parametrize(
    "labels",
    [lambda y: np.zeros_like(y), lambda y: np.r_[9, y[1:]], lambda y: np.arange(len(y))],
    ids=["one class", "a class of one case", "more classes than cases in a batch"],
)
def test_classes_of_any_size(estimator, data, labels):
    X, y = data[0], labels(data[1])
    prefixes = ("tokenizer__", "prior__") if hasattr(estimator, "impute") else ("",)
    estimator.set_params(**{prefix + "batch_size": 8 for prefix in prefixes}).fit(X, y)
    results(estimator, X)
    if hasattr(estimator, "predict_proba"):
        assert estimator.predict_proba(X).shape == (len(X), len(np.unique(y)))
        assert np.isin(estimator.predict(X), y).all()
    if hasattr(estimator, "impute"):
        assert estimator.sample(2, y=[y[0], y[-1]], random_state=0).shape == (2, 2, 32)


def test_many_channels(estimator):
    X, y = make_waves(n_cases=12, n_channels=64, n_timepoints=32, random_state=0)
    for name, value in results(estimator.fit(X, y), X).items():
        if name in ("inverse_transform", "sample", "impute"):
            assert value.shape[1:] == (64, 32)


def test_series_of_50000_time_points(estimator):
    """The memory of `fit` grows with the series of a batch, that of all else does not."""
    if type(estimator) in (FCNClassifier, FineTunedClassifier):
        pytest.skip("takes a minute: see below")
    X = np.random.RandomState(0).normal(size=(2, 1, 50_000)).cumsum(axis=2)
    for name, value in results(estimator.fit(X, [0, 1]), X).items():
        if name in ("inverse_transform", "sample", "impute"):
            assert value.shape[1:] == (1, 50_000)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_memory_of_the_classifier_on_50000_time_points():
    """A batch takes 0.4 GB a series in `fit`; `predict_proba` of 32 series takes no more than that of one."""
    code = """
import resource
import numpy as np
from sktsvq.classifier import FCNClassifier

def gigabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

X = np.random.RandomState(0).normal(size=(32, 1, 50_000)).cumsum(axis=2)
before = gigabytes()
fitted = FCNClassifier(max_epochs=1, batch_size=2, random_state=0).fit(X[:4], np.arange(4) % 2)
assert gigabytes() - before < 1.2, gigabytes() - before
before = gigabytes()
assert np.isfinite(fitted.predict_proba(X)).all()
assert gigabytes() - before < 0.2, gigabytes() - before
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("dtype", [bool, "i1", "u8", object, str])
def test_numbers_of_any_kind(estimator, data, dtype):
    """Numbers in strings and objects are read as floats."""
    X, y = data[0][:8], data[1][:8]
    X = np.rint(8 * np.abs(X)).astype(dtype if dtype not in (object, str) else float)
    results(estimator.fit(X.astype(dtype), y), X)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X: X.astype(complex), "Complex data not supported"),
        (lambda X: X * np.nan, "must hold a known value .* Got channel 0 of series 0 with NaN alone"),
        (lambda X: np.where(X.max() == X, np.inf, X), "contains infinity"),
        (lambda X: X[:, :0], "at least 1 channel and 1 time point"),
        (lambda X: X[:, :, :0], "at least 1 channel and 1 time point"),
        (lambda X: X[..., np.newaxis], "Got 4 dimensions instead"),
        (lambda X: X[np.newaxis], "Got 4 dimensions instead"),
        (lambda X: X[0, 0], "Expected 2D array, got 1D array"),
        (lambda X: 1e155 * X, "must have a variance below"),
        (lambda X: 1e300 * X, "must have a variance below"),
        (lambda X: np.full(X.shape, "abc"), "could not convert string to float"),
        (lambda X: None, "Got 0 dimensions instead"),
    ],
    ids=[
        "complex", "nan", "infinity", "no channel", "no time point", "4-D", "one 4-D", "1-D", "1e155", "1e300", "words",
        "None",
    ],
)  # fmt: skip
def test_what_is_no_series_is_told(estimator, data, change, message):
    X, y = data
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=message):
        estimator.fit(change(X), y[:1] if np.ndim(change(X)) == 1 else y)
    assert vars(estimator) == before


@pytest.mark.parametrize(
    "labels, message",
    [
        (lambda y: y[:-1], "one label for each of the 24 cases"),
        (lambda y: np.linspace(0, 1, len(y)), "Unknown label type: continuous"),
        (lambda y: np.where(y == 0, np.nan, 1.0), "y contains NaN"),
        (lambda y: np.eye(len(y)), "one label for each of the 24 cases"),
    ],
    ids=["too few", "continuous", "nan", "matrix"],
)
def test_what_are_no_labels_is_told(data, labels, message):
    X, y = data
    for estimator in ESTIMATORS[-3:]:
        with pytest.raises(ValueError, match=message):
            clone(estimator).fit(X, labels(y))
