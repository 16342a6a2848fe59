"""Local sets load without a network; a broken file or a missing set is one error that says what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import aeon.datasets
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sktsvq.datasets import load_ucr, make_waves, make_windows

UCR = Path(os.environ.get("SKTSVQ_DATA", Path(__file__).parents[2] / "shared" / "ucr"))

SMALL_SET = """@problemName Small
@univariate true
@missing true
@equalLength true
@seriesLength 3
@classLabel true a b
@data
1,2,3:a
4,?,6:b
"""


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path_factory):
    """Nothing on the machine of whoever runs the tests changes what is found, or is written to."""
    monkeypatch.delenv("SKTSVQ_DATA", raising=False)
    monkeypatch.setenv("AEON_DATA", str(tmp_path_factory.mktemp("aeon_data")))


@pytest.fixture
def small_dir(tmp_path):
    write_small_set(tmp_path)
    return tmp_path


def write_small_set(folder):
    (folder / "Small").mkdir()
    for split in ("TRAIN", "TEST"):
        (folder / "Small" / f"Small_{split}.ts").write_text(SMALL_SET)


def allow_download(monkeypatch):
    """Make aeon download one set as it does with a network."""

    def load_classification(name, split=None, extract_path=None):
        write_small_set(Path(extract_path))
        return np.ones((2, 1, 3)), np.array(["a", "b"])

    monkeypatch.setattr(aeon.datasets, "load_classification", load_classification)


def break_download(monkeypatch):
    """Make aeon fail as it does without a network: half way, leaving a folder behind."""

    def load_classification(name, split=None, extract_path=None):
        (Path(extract_path) / name).mkdir()
        raise ConnectionError("no network")

    monkeypatch.setattr(aeon.datasets, "load_classification", load_classification)


def test_bundled_set():
    X, y = load_ucr("GunPoint")
    assert X.shape == (200, 1, 150) and X.dtype == np.float64
    assert y.shape == (200,) and set(y) == {"1", "2"}
    X_train, y_train = load_ucr("gunpoint", "TRAIN")
    X_test, y_test = load_ucr("GUNPOINT", split="test")
    assert_array_equal(np.concatenate([X_train, X_test]), X)
    assert_array_equal(np.concatenate([y_train, y_test]), y)


def test_bundled_multichannel_set():
    X, y = load_ucr("BasicMotions", "train")
    assert X.shape == (40, 6, 100)
    assert y.dtype.kind == "U"


def test_bundled_set_of_unequal_length():
    X, y = load_ucr("JapaneseVowels")
    assert isinstance(X, list) and len(X) == len(y) == 640
    assert {case.shape[0] for case in X} == {12}
    assert len({case.shape[1] for case in X}) > 1


@pytest.mark.parametrize("as_path", [str, Path])
def test_data_dir(small_dir, as_path):
    X, y = load_ucr("small", data_dir=as_path(small_dir))
    assert_array_equal(X, [[[1, 2, 3]], [[4, np.nan, 6]]] * 2)
    assert_array_equal(y, ["a", "b", "a", "b"])


def test_environment_variable_stands_in_for_data_dir(small_dir, monkeypatch):
    monkeypatch.setenv("SKTSVQ_DATA", str(small_dir))
    assert load_ucr("Small")[0].shape == (4, 1, 3)
    monkeypatch.setenv("SKTSVQ_DATA", str(small_dir / "gone"))
    with pytest.raises(ValueError, match="environment variable SKTSVQ_DATA must be .* Got '.*gone"):
        load_ucr("Small")


def test_bundled_sets_are_found_beside_data_dir(small_dir):
    assert len(load_ucr("GunPoint", "train", data_dir=small_dir)[0]) == 50


def test_half_a_set_is_no_set(small_dir, monkeypatch):
    break_download(monkeypatch)
    (small_dir / "Small" / "Small_TEST.ts").unlink()
    with pytest.raises(ValueError, match="Got 'Small' instead"):
        load_ucr("Small", "train", data_dir=small_dir)


def test_set_without_class_labels():
    with pytest.raises(ValueError, match="Covid3Month_TRAIN.ts has no class labels"):
        load_ucr("Covid3Month")


def test_unreachable_set(small_dir, monkeypatch):
    break_download(monkeypatch)
    with pytest.raises(ValueError, match="Got 'Coffee' instead.* no network") as error:
        load_ucr("Coffee", data_dir=small_dir)
    assert isinstance(error.value.__cause__, ConnectionError)
    assert "Small" in str(error.value) and "GunPoint" in str(error.value)
    assert "Covid3Month," not in str(error.value)
    assert [path.name for path in small_dir.iterdir()] == ["Small"]


def test_unreachable_set_leaves_nothing_in_aeons_folder(monkeypatch):
    break_download(monkeypatch)
    with pytest.raises(ValueError, match="Got 'Coffee' instead"):
        load_ucr("Coffee")
    assert os.listdir(os.environ["AEON_DATA"]) == []


@pytest.mark.parametrize("own_dir", [True, False])
def test_downloaded_set_is_kept(tmp_path, monkeypatch, own_dir):
    allow_download(monkeypatch)
    data_dir = tmp_path if own_dir else None
    X, y = load_ucr("Small", "train", data_dir=data_dir)
    assert X.shape == (2, 1, 3) and list(y) == ["a", "b"]

    break_download(monkeypatch)
    assert load_ucr("Small", data_dir=data_dir)[0].shape == (4, 1, 3)
    folder = tmp_path if own_dir else Path(os.environ["AEON_DATA"])
    assert [path.name for path in folder.iterdir()] == ["Small"]


def test_downloaded_set_is_loaded_where_it_cannot_be_kept(tmp_path, monkeypatch):
    allow_download(monkeypatch)
    # a folder below a file cannot be made, even by root
    (tmp_path / "file").touch()
    monkeypatch.setenv("AEON_DATA", str(tmp_path / "file" / "aeon_data"))
    assert load_ucr("Small", "train")[0].shape == (2, 1, 3)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"name": 3}, TypeError, "'name' parameter of load_ucr must be an instance of 'str'. Got 3 instead"),
        ({"split": "x"}, ValueError, "among {'test', 'train'} or None. Got 'x' instead"),
        ({"split": 1}, TypeError, "'split' parameter of load_ucr must be .* Got 1 instead"),
        ({"data_dir": "/no/such"}, ValueError, "existing folder. Got '/no/such' instead"),
        ({"data_dir": 5}, TypeError, "'data_dir' parameter of load_ucr must be .* Got 5 instead"),
    ],
)
def test_load_ucr_rejects(arguments, error, message):
    with pytest.raises(error, match=message):
        load_ucr(**{"name": "GunPoint", **arguments})


HEADER = SMALL_SET.split("1,2,3")[0]
BROKEN = {
    "empty": ("", "is empty"),
    "blank": ("\n \n", "is empty"),
    "CSV": ("time,value\n0,1.5\n1,2.5\n", "is not a .ts file: it has no line '@data'"),
    "JSON": ('{"series": [[1, 2], [3, 4]], "labels": ["a", "b"]}', "is not a .ts file: it has no line '@data'"),
    "without @data": (SMALL_SET.replace("@data\n", ""), "is not a .ts file: it has no line '@data'"),
    "without series": (HEADER, "holds no series after '@data'"),
    "without labels": (SMALL_SET.replace(":a", "").replace(":b", ""), "Case 1 ends in '1,2,3' instead"),
    "a label is missing": (SMALL_SET.replace(":b", ""), "in case 2"),
    "a label is empty": (SMALL_SET.replace(":b", ":"), "Case 2 ends in '' instead"),
    "a label is cut off two channels": (
        HEADER.replace("univariate true", "univariate false") + "1,2,3:4,5,6\n",
        "'4,5,6'",
    ),
    "a label that is not listed": (
        SMALL_SET.replace(":b", ":c"),
        "'@classLabel' lists: a, b. Case 2 ends in 'c' instead",
    ),
    "no @classLabel": (SMALL_SET.replace("@classLabel true a b\n", ""), "has no class labels"),
    "infinite": (SMALL_SET.replace("2,3", "-inf,3"), "must be finite or missing. Case 1 holds -inf instead"),
    "overflow": (SMALL_SET.replace("4,?", "1e999,?"), "must be finite or missing. Case 2 holds inf instead"),
    "not a number": (SMALL_SET.replace("1,2", "1,two"), "not a number: .*'two'"),
    "unequal length": (SMALL_SET.replace("1,2", "2"), "cannot be read: .*different number of observations"),
    "blank line": (SMALL_SET + "\n", "cannot be read: .*case 3"),
    "a header without its value": (SMALL_SET.replace(" Small", ""), "a line of its header lacks the value"),
    "time stamps": (HEADER.replace("@data", "@timeStamps true\n@data") + "(0,1.5),(1,2.5):a\n", "holds time stamps"),
    "bytes": (b"\x89PNG\r\n\x1a\n", "is not a text file in UTF-8: invalid start byte at byte 0"),
    "UTF-16": (SMALL_SET.encode("utf-16"), "is not a text file in UTF-8"),
}


@pytest.mark.parametrize("split", ["TRAIN", "TEST"])
@pytest.mark.parametrize("content, message", BROKEN.values(), ids=BROKEN)
def test_broken_file(small_dir, split, content, message):
    path = small_dir / "Small" / f"Small_{split}.ts"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message) as error:
        load_ucr("Small", data_dir=small_dir)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("split", ["TRAIN", "TEST"])
def test_folder_in_place_of_a_file(small_dir, split):
    path = small_dir / "Small" / f"Small_{split}.ts"
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=f"Small_{split}.ts cannot be read: Is a directory"):
        load_ucr("Small", data_dir=small_dir)


def test_parts_of_different_shape(small_dir):
    test = small_dir / "Small" / "Small_TEST.ts"
    test.write_text(HEADER + "1,2,3,4:a\n")
    with pytest.raises(ValueError, match=r"TEST.ts must .* as many channels and time points as .*TRAIN.ts: \(1, 3\)"):
        load_ucr("Small", data_dir=small_dir)
    # Series of unequal length need as many channels only.
    test.write_text(HEADER.replace("equalLength true", "equalLength false") + "1,2,3,4:a\n")
    assert [case.shape for case in load_ucr("Small", data_dir=small_dir)[0]] == [(1, 3), (1, 3), (1, 4)]
    test.write_text(test.read_text().replace("univariate true", "univariate false").replace(":a", ":5,6,7,8:a"))
    with pytest.raises(ValueError, match=r"TEST.ts must .* as many channels as .*TRAIN.ts: \(1,\). Got \(2,\)"):
        load_ucr("Small", data_dir=small_dir)


def test_labels_are_read_as_they_are_listed(small_dir):
    for path in (small_dir / "Small").iterdir():
        path.write_text(HEADER.replace("a b", "Banana b") + "1,2,3: Banana\n4,?,6:b\n")
    assert_array_equal(load_ucr("Small", "train", data_dir=small_dir)[1], ["banana", "b"])


@pytest.mark.skipif(not (UCR / "ECG5000").is_dir(), reason="needs the UCR sets in SKTSVQ_DATA")
def test_shared_archive():
    X, y = load_ucr("ECG5000", "train", data_dir=UCR)
    assert X.shape == (500, 1, 140)
    assert set(y) == {"1", "2", "3", "4", "5"}


def test_import_leaves_aeon_alone():
    code = "import sys, sktsvq.datasets; sys.exit('aeon' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("sizes", [(100, 1, 128, 2), (1, 1, 1, 1), (7, 3, 5, 50), (20, 9, 2, 6), (3, 2, 64, 1)])
def test_make_waves_sizes(sizes):
    n_cases, n_channels, n_timepoints, n_classes = sizes
    X, y = make_waves(*sizes)
    assert X.shape == (n_cases, n_channels, n_timepoints) and X.dtype == np.float64
    assert np.isfinite(X).all()
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=n_classes)
    assert len(counts) == n_classes and np.ptp(counts) <= 1


def test_make_waves_random_state():
    X, y = make_waves(random_state=0)
    X_again, y_again = make_waves(random_state=np.random.RandomState(0))
    assert_array_equal(X, X_again)
    assert_array_equal(y, y_again)
    assert np.any(np.diff(y) < 0)

    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert not np.array_equal(make_waves()[0], make_waves()[0])
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_make_waves_without_noise_stays_in_range():
    X, _ = make_waves(n_channels=4, n_classes=5, noise=0)
    assert np.abs(X).max() <= 1.5


@pytest.mark.parametrize("parameters", [{}, {"n_classes": 4}, {"n_channels": 3}])
def test_make_waves_can_be_learnt(parameters):
    X, y = make_waves(**parameters, random_state=0)
    score = cross_val_score(KNeighborsClassifier(1), X.reshape(len(X), -1), y).mean()
    assert score > 0.9


@pytest.mark.parametrize("name", ["n_cases", "n_channels", "n_timepoints", "n_classes", "noise"])
def test_make_waves_rejects(name):
    rule = f"The '{name}' parameter of make_waves must be an? (int|float) in the range"
    with pytest.raises(ValueError, match=rule + ".*Got -1 instead"):
        make_waves(**{name: -1})
    with pytest.raises(TypeError, match=rule + ".*Got 'x' instead"):
        make_waves(**{name: "x"})
    with pytest.raises(TypeError, match=rule + ".*Got True instead"):
        make_waves(**{name: True})
    with pytest.raises(ValueError, match="make_waves must be a float .* Got nan instead"):
        make_waves(noise=np.nan)


@pytest.mark.parametrize("length, stride", [(1, 1), (4, 1), (4, 3), (4, 4), (3, 7), (10, 1), (10, 5)])
def test_make_windows(length, stride):
    series = np.random.default_rng(0).normal(size=(3, 10)).astype(np.float32)
    X = make_windows(series, length, stride)
    expected = [series[:, start : start + length] for start in range(0, 10 - length + 1, stride)]
    assert_array_equal(X, np.stack(expected))
    assert X.dtype == np.float32
    assert X.flags.c_contiguous and not np.shares_memory(X, series)


def test_make_windows_of_a_data_frame():
    """Rows are time points and columns channels, whatever the index is."""
    values = np.random.default_rng(0).normal(size=(10, 2))
    frame = pd.DataFrame(values, columns=["open", "close"], index=pd.date_range("2020-01-01", periods=10))
    assert_array_equal(make_windows(frame, 4, 3), make_windows(values.T, 4, 3))


def test_make_windows_of_one_channel():
    series = [1.0, np.nan, 3.0]
    assert_array_equal(make_windows(series, 2), [[[1, np.nan]], [[np.nan, 3]]])
    assert_array_equal(make_windows(pd.Series(series), 2), make_windows([series], 2))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"length": 11}, "'length' parameter of make_windows must be at most 10, .* Got 11 instead"),
        ({"length": 0}, r"'length' parameter of make_windows must be an int in the range \[1, inf\). Got 0 instead"),
        ({"length": 2.0}, "'length' parameter of make_windows must be an int .* Got 2.0 instead"),
        ({"stride": 0}, r"'stride' parameter of make_windows must be an int in the range \[1, inf\). Got 0 instead"),
        ({"stride": True}, "'stride' parameter of make_windows must be an int .* Got True instead"),
        ({"series": np.zeros((2, 3, 10))}, r"shape \(n_channels, n_timepoints\) or .* Got 3 dimensions instead"),
        ({"series": 3.0}, "'series' parameter of make_windows must be an array-like. Got 3.0 instead"),
        ({"series": []}, "must be at most 0, the number of time points"),
        ({"series": ["a", "b"]}, "dtype='numeric' is not compatible"),
        ({"series": pd.DataFrame({"a": ["x", "y", "z", "z"]})}, "could not convert string to float"),
        ({"series": pd.DataFrame({"a": [1, 2, 3, 4]}), "length": 5}, "must be at most 4, the number of time points"),
    ],
)
def test_make_windows_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_windows(**{"series": np.arange(10), "length": 4, **arguments})
