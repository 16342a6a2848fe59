"""The board of generation: its windows, its scores by definition, its files, and that it resumes."""

import csv
import gzip

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.io import savemat
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.tree import DecisionTreeClassifier

from sktsvq.__main__ import main
from sktsvq.benchmark import generation
from sktsvq.benchmark._boards import load_board
from sktsvq.benchmark._generation_scores import correlational_score, score_series
from sktsvq.benchmark._recurrent import RecurrentClassifier
from sktsvq.metrics import discriminative_score

MODEL = "VQVAETokenizer(codebook_size=4, width=8, max_epochs=1) + MarkovPrior"
SCORES = {"discriminative_score", "predictive_score", "frechet_distance", "correlational_score"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A tiny file in the form of each set."""
    folder = tmp_path_factory.mktemp("boards")
    rng = np.random.RandomState(0)
    values = {n: rng.normal(size=(80, n)).cumsum(axis=0) for n in (6, 7, 8, 28, 50)}

    def text(rows, *, head="", first=""):
        return head + "".join(first + ",".join(map(repr, row)) + "\n" for row in rows.tolist())

    (folder / "stock_data.csv").write_text(text(values[6], head="Open,High\n"))
    for name in ("ETTh1.csv", "ETTh2.csv"):
        (folder / name).write_text(text(values[7], head="date,HUFL\n", first="2016-07-01 00:00:00,"))
    with gzip.open(folder / "energy_data.csv.gz", "wt") as file:
        file.write(text(values[28], head="Appliances,lights\n"))
    with gzip.open(folder / "exchange_rate.txt.gz", "wt") as file:
        file.write(text(values[8]))
    savemat(folder / "fmri_sim4.mat", {"ts": values[50]})
    return folder


@pytest.mark.parametrize(
    "name, n_channels", [("Stocks", 6), ("ETTh1", 7), ("ETTh2", 7), ("Energy", 28), ("Exchange", 8), ("fMRI", 50)]
)
def test_sets(name, n_channels, data_dir):
    data = load_board(name, length=5, data_dir=data_dir)
    assert data.X_train.shape == (76, n_channels, 5)
    assert_array_equal(data.X_train, data.X_test)
    assert_allclose(
        [data.X_train.min(axis=(0, 2)), data.X_train.max(axis=(0, 2))], [[0] * n_channels, [1] * n_channels]
    )
    assert_array_equal(data.X_train[1:, :, 0], data.X_train[:-1, :, 1])


def test_splits_in_time_share_no_value(data_dir):
    whole = load_board("Stocks", length=5, data_dir=data_dir).X_train
    for split, first, rest in (("time", 64, 11), ("validation", 51, 8)):
        data = load_board("Stocks", length=5, split=split, data_dir=data_dir)
        assert (len(data.X_train), len(data.X_test)) == (first - 4, rest - 4)
        # The units of the two differ by a line for each channel.
        unit = whole[: first - 4].max(axis=(0, 2)) - whole[: first - 4].min(axis=(0, 2))
        start = whole[: first - 4].min(axis=(0, 2))
        for part, own in ((whole[: first - 4], data.X_train), (whole[first + 5 : first + 5 + rest - 4], data.X_test)):
            assert_allclose((part - start[:, np.newaxis]) / unit[:, np.newaxis], own, atol=1e-9)


def test_sines():
    data = load_board("Sines", length=24, split="time")
    assert data.X_train.shape == (8000, 5, 24) and data.X_test.shape == (2000, 5, 24)
    assert not {row.tobytes() for row in data.X_test} & {row.tobytes() for row in data.X_train}


def test_unknown_names(tmp_path):
    with pytest.raises(ValueError, match="'datasets' parameter must hold names among .* Got 'Nothing'"):
        generation(["Nothing"])
    with pytest.raises(ValueError, match="'split' parameter must hold names among .* Got 'past'"):
        generation(["Sines"], split=["past"])
    with pytest.raises(ValueError, match="'data_dir' parameter must be a folder with the file of Stocks"):
        generation(["Stocks"], data_dir=tmp_path)
    with pytest.raises(ValueError, match="'data_dir' parameter .* Got None"):
        generation(["Stocks"])


def test_recurrent_classifier_tells_order_in_time():
    rng = np.random.RandomState(0)
    X = np.sort(rng.uniform(size=(200, 4, 8)), axis=2)
    y = np.repeat(["down", "up"], 100)
    X[:100] = X[:100, :, ::-1]
    model, again = (RecurrentClassifier(n_steps=200).fit(X[::2], y[::2]) for _ in range(2))
    assert model.network_.gru.hidden_size == 2
    assert (model.predict(X[1::2]) == y[1::2]).mean() > 0.8
    assert_array_equal(model.predict(X), again.predict(X))
    assert RecurrentClassifier(n_steps=1).fit(X[:, :1], y).network_.gru.hidden_size == 1


def test_correlational_score_is_the_difference_of_correlations():
    rng = np.random.RandomState(0)
    first, second = rng.normal(size=(2, 30, 3, 10))
    second[:, 1] += second[:, 0]
    by_numpy = [np.corrcoef(X.swapaxes(0, 1).reshape(3, -1)) for X in (first, second)]
    assert_allclose(correlational_score(first, second), np.abs(by_numpy[0] - by_numpy[1]).sum() / 2 / 10)
    first[:, 2] = 1.0
    assert np.isfinite(correlational_score(first, second))


def test_discriminative_score_of_a_split():
    rng = np.random.RandomState(0)
    first, second = rng.normal(size=(2, 50, 1, 4))
    split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
    tree = DecisionTreeClassifier(random_state=0)
    assert discriminative_score(first, second + 9, classifier=tree, cv=split) == 0.5
    share = 20 * discriminative_score(first, second, classifier=tree, cv=split)  # of the 20 series of one test part
    assert share == pytest.approx(round(share), abs=1e-9)
    with pytest.raises(ValueError, match="'cv' parameter of discriminative_score"):
        discriminative_score(first, second, cv=5)


def test_scores_tell_good_from_bad():
    data = load_board("Sines", length=8, split="time")
    real, other = data.X_test[:300], data.X_train[:300]
    good = score_series(real, other, other, held_out=real, n_steps=200)
    bad = score_series(real, other[:, ::-1] ** 4, other, held_out=real, n_steps=200)
    assert set(good) == {*SCORES, "memorization_ratio"} and good["memorization_ratio"] == 0
    assert all(good[name] < bad[name] for name in SCORES - {"correlational_score"})


def run(folder, data_dir, *options):
    sets = ["--datasets", "Stocks", "--length", "5", "--n-steps", "2", "--data-dir", str(data_dir)]
    main(["benchmark", "generation", *sets, "--models", MODEL, "--out", str(folder), "--seeds", "1", *options])
    with (folder / "generation.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_and_resumes(tmp_path, data_dir, capsys):
    rows = run(tmp_path, data_dir, "--split", "time")
    per_cell = {("real", name) for name in SCORES}
    per_cell |= {(series, name) for series in ("samples", "reconstructions") for name in SCORES}
    per_cell.add(("samples", "memorization_ratio"))
    assert {(row["series"], row["score"]) for row in rows} == per_cell and len(rows) == len(per_cell)
    assert all(np.isfinite(float(row["value"])) for row in rows)
    assert "2/2" in capsys.readouterr().out
    assert run(tmp_path, data_dir, "--split", "time") == rows and capsys.readouterr().out == ""
    more = run(tmp_path, data_dir, "--split", "time", "in_sample", "--n-jobs", "2")
    assert more[: len(rows)] == rows and {row["split"] for row in more} == {"time", "in_sample"}
    assert len(more) == 2 * len(rows) - 1  # in sample there is nothing to compare copies with
    lines = (tmp_path / "generation.md").read_text().splitlines()
    assert len(lines) == 2 + 4 and any(
        line.startswith(f"| Stocks | 5 | time | {MODEL} | samples | 1 |") for line in lines
    )
