"""Data frames of series: there and back, against aeon's conversion."""

import numpy as np
import pandas as pd
import pytest
from aeon.utils.conversion import convert_collection
from numpy.testing import assert_array_equal

from sktsvq.datasets import from_frame, make_waves, to_frame
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

DAYS = pd.date_range("2026-01-01", periods=24, freq="D")


@pytest.fixture
def frame():
    """Five series of two channels, by name and day."""
    rng = np.random.RandomState(0)
    index = pd.MultiIndex.from_product([["e", "b", "d", "a", "c"], DAYS], names=["meter", "day"])
    return pd.DataFrame(rng.normal(size=(120, 2)), index=index, columns=["load", "wind"])


def _without(frame, level):
    """The frame with the value of a level of its index missing in rows 3 and 4."""
    values = [frame.index.get_level_values(i).to_series().reset_index(drop=True) for i in range(2)]
    values[level][3:5] = None
    return frame.set_index(pd.MultiIndex.from_arrays(values))


def test_series_are_in_the_order_of_the_rows(frame):
    X = from_frame(frame)
    assert X.shape == (5, 2, 24)
    assert_array_equal(X[1, 0], frame.loc["b", "load"])
    pd.testing.assert_frame_equal(to_frame(X, like=frame), frame)


def test_as_aeon_does():
    X = np.random.RandomState(0).normal(size=(4, 3, 7))
    other = convert_collection(X, "pd-multiindex")
    assert_array_equal(from_frame(other), X)
    assert_array_equal(to_frame(X).to_numpy(), other.to_numpy())
    assert_array_equal(convert_collection(to_frame(X), "numpy3D"), X)


def test_unequal_lengths_and_gaps(frame):
    frame.iloc[3, 1] = np.nan
    shorter = frame.drop(index=[("b", day) for day in DAYS[20:]])
    X = from_frame(shorter)
    assert [case.shape for case in X] == [(2, 24), (2, 20), (2, 24), (2, 24), (2, 24)]
    assert np.isnan(X[0][1, 3])
    pd.testing.assert_frame_equal(to_frame(X, like=shorter), shorter)


def test_interleaved_rows(frame):
    by_day = frame.swaplevel().sort_index().swaplevel()
    pd.testing.assert_frame_equal(to_frame(from_frame(by_day), like=by_day), by_day)
    assert_array_equal(from_frame(by_day)[0], frame.loc["a"].T)


@pytest.mark.parametrize(
    "X", [np.zeros((3, 8)), [np.zeros(8)] * 3, np.zeros((3, 1, 8)).tolist()], ids=["2-D", "list", "nested"]
)
def test_one_channel(X):
    assert to_frame(X).shape == (24, 1)
    assert from_frame(to_frame(X)).shape == (3, 1, 8)


def test_float32_stays():
    X = np.zeros((2, 1, 3), dtype="f4")
    assert from_frame(to_frame(X)).dtype == "f4"


def test_a_generator_in_between():
    X, _ = make_waves(n_cases=40, n_timepoints=24, random_state=0)
    index = pd.MultiIndex.from_product([range(100, 140), DAYS])
    gaps = pd.DataFrame(X.reshape(-1, 1), index=index, columns=["load"])
    gaps.iloc[5:9] = np.nan
    generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0).fit(from_frame(gaps))
    filled = to_frame(generator.impute(from_frame(gaps)), like=gaps)
    pd.testing.assert_frame_equal(filled[gaps.notna()], gaps)
    assert filled.notna().all(axis=None)
    samples = to_frame(generator.sample(3), columns=gaps.columns)
    assert list(samples.columns) == ["load"] and samples.index.names == ["case", "time"] and len(samples) == 72


def test_an_estimator_says_how_to_pass_such_a_frame(frame):
    with pytest.raises(ValueError, match=r"pass datasets.from_frame\(X\)"):
        VQVAETokenizer().fit(frame)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: from_frame(f.loc["a"]), "index has two levels, the series and the time point. Got 1 level instead"),
        (lambda f: from_frame(f.to_numpy()), "must be a pandas.DataFrame .* Got ndarray instead"),
        (lambda f: from_frame(f.assign(load="high")), "could not convert string to float"),
        (lambda f: from_frame(f.iloc[:0]), "minimum of 1 is required"),
        (
            lambda f: from_frame(_without(f, 0)),
            "'frame' parameter of from_frame .* Got a missing series in row 3 instead",
        ),
        (lambda f: from_frame(_without(f, 1)), "'frame' parameter of from_frame .* Got a missing time point in row 3"),
        (
            lambda f: to_frame(from_frame(f), like=_without(f, 0)),
            "'like' parameter of to_frame .* Got a missing series",
        ),
        (lambda f: to_frame(from_frame(f)[:4], like=f), "Got 5 series for 4 of 'X'"),
        (
            lambda f: to_frame(from_frame(f)[:, :, 1:], like=f),
            r"Got the shape \(2, 24\) of series 0 for \(2, 23\) of 'X'",
        ),
        (
            lambda f: to_frame([*from_frame(f)[:4], np.zeros((2, 3))], like=f),
            r"Got the shape \(2, 24\) of series 4 for \(2, 3\) of 'X'",
        ),
        (lambda f: to_frame(from_frame(f), like=f, columns=["a", "b"]), "must not both be given"),
        (lambda f: to_frame(from_frame(f), like=f.loc["a"]), "'like' parameter of to_frame must be a pandas.DataFrame"),
        (
            lambda f: to_frame(from_frame(f), columns=["a"]),
            r"of 1 channels each, .* Got the shape \(2, 24\) of series 0",
        ),
        (lambda f: to_frame([from_frame(f)]), r"Got the shape \(5, 2, 24\) of series 0"),
        (
            lambda f: to_frame([np.zeros((2, 3)), np.zeros((1, 3))]),
            r"of 2 channels each, .* Got the shape \(1, 3\) of series 1",
        ),
        (lambda f: to_frame([]), "'X' parameter of to_frame must hold at least one series"),
        (lambda f: to_frame(3), "'X' parameter of to_frame must be an array-like"),
    ],
)
def test_mistakes(frame, call, message):
    with pytest.raises(ValueError, match=message):
        call(frame)
